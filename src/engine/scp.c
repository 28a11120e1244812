#include "engine/scp.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>

#include "base/limits.h"
#include "base/proc.h"
#include "config/containers.h"
#include "engine/engine_priv.h"
#include "engine/images.h"
#include "engine/rootless.h"
#include "store/blobs.h"

#include "base/banned.h"

/* One end: how a podman command is run there. */
struct end {
    const char *what; /* for errors */
    char **before;    /* words before the command's own */
    bool shell;       /* the words go through a shell over there: quoted */
    char **env;       /* NULL: ours */
    struct proc_user *user;
};

/* ---------- ends ---------- */

static const struct config_destination *connection(const struct engine *e, const char *name)
{
    const config_destination_list *l = &e->config->engine.service_destinations;

    for (size_t i = 0; i < l->n; i++)
        if (str_same(l->items[i].key, name))
            return &l->items[i];
    return NULL;
}

static int ssh_end(struct engine *e, struct arena *a, const char *host, struct end *ret,
                   struct err *err)
{
    const struct config_destination *d = connection(e, host);
    struct scp_target t;
    int r = scp_target_parse(a, d && d->uri ? d->uri : host, &t, err);

    if (r < 0)
        return r;
    if (d && d->uri && !str_starts(d->uri, "ssh://"))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "connection \"%s\" (%s) does not lead through ssh", host, d->uri);
    ret->what = host;
    ret->shell = true;
    ret->before = strv_add(a, NULL, "ssh");
    if (t.port) {
        ret->before = strv_add(a, ret->before, "-p");
        ret->before = strv_add(a, ret->before, t.port);
    }
    if (d && !str_empty(d->identity)) {
        ret->before = strv_add(a, ret->before, "-i");
        ret->before = strv_add(a, ret->before, d->identity);
    }
    ret->before = strv_add(a, ret->before, "--");
    ret->before = strv_add(a, ret->before, t.login);
    ret->before = strv_add(a, ret->before, "podman");
    return 0;
}

/* Beside our own program there is nothing that is sure to be found. */
static char *own_program(struct arena *a)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

    return n < 0 ? arena_strdup(a, "podman") : arena_strndup(a, path, (size_t)n);
}

static void here_end(struct engine *e, struct arena *a, struct end *ret)
{
    ret->what = "this store";
    ret->before = strv_add(a, NULL, own_program(a));
    ret->before = strv_add(a, ret->before, "--root");
    ret->before = strv_add(a, ret->before, e->store->graphroot);
    ret->before = strv_add(a, ret->before, "--runroot");
    ret->before = strv_add(a, ret->before, e->store->runroot);
    ret->before = strv_concat(a, ret->before, e->opt.global_argv);
}

static char **user_env(struct arena *a, const struct passwd *pw)
{
    static const char *const kept[] = { "LANG", "LC_ALL", "PATH", "TERM" };
    char *run = arena_printf(a, "/run/user/%u", (unsigned)pw->pw_uid);
    char **env = strv_add(a, NULL, arena_printf(a, "HOME=%s", pw->pw_dir));

    env = strv_add(a, env, arena_printf(a, "USER=%s", pw->pw_name));
    env = strv_add(a, env, arena_printf(a, "LOGNAME=%s", pw->pw_name));
    if (access(run, F_OK) == 0 && pw->pw_uid)
        env = strv_add(a, env, arena_printf(a, "XDG_RUNTIME_DIR=%s", run));
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        if (getenv(kept[i]))
            env = strv_add(a, env, arena_printf(a, "%s=%s", kept[i], getenv(kept[i])));
    return env;
}

static int user_end(struct engine *e, struct arena *a, const char *name, struct end *ret,
                    struct err *err)
{
    errno = 0;
    const struct passwd *pw = getpwnam(name);
    if (!pw)
        return err_set(err, ERR_NOT_FOUND, ENOENT, "user \"%s\" is not known on this machine",
                       name);
    if (pw->pw_uid == (rootless_is() ? rootless_uid() : getuid())) {
        here_end(e, a, ret);
        return 0;
    }
    ret->what = arena_strdup(a, name);
    if (getuid() != 0 || rootless_is()) { /* it takes root to be somebody else */
        static const char *const words[] = { "sudo", "-H", "-u" };
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
            ret->before = strv_add(a, ret->before, words[i]);
        ret->before = strv_add(a, ret->before, name);
        ret->before = strv_add(a, ret->before, "--");
        ret->before = strv_add(a, ret->before, own_program(a));
        return 0;
    }
    struct proc_user *u = ret->user = arena_alloc(a, sizeof(*u));
    u->uid = pw->pw_uid;
    u->gid = pw->pw_gid;
    u->dir = arena_strdup(a, pw->pw_dir);
    u->n_groups = PROC_GROUPS_MAX;
    if (getgrouplist(name, pw->pw_gid, u->groups, &u->n_groups) < 0)
        u->n_groups = PROC_GROUPS_MAX;
    ret->env = user_env(a, pw);
    ret->before = strv_add(a, NULL, own_program(a));
    return 0;
}

static int open_end(struct engine *e, struct arena *a, const struct scp_end *s, struct end *ret,
                    struct err *err)
{
    switch (s->place) {
    case SCP_HERE:
        here_end(e, a, ret);
        return 0;
    case SCP_USER:
        return user_end(e, a, s->user, ret, err);
    case SCP_HOST:
        return ssh_end(e, a, s->host, ret, err);
    }
    return -EINVAL;
}

/* ---------- commands there ---------- */

static char *quoted(struct arena *a, const char *word)
{
    AUTO_BUF b = { 0 };

    buf_putc(&b, '\'');
    for (; *word; word++)
        if (*word == '\'')
            buf_puts(&b, "'\\''");
        else
            buf_putc(&b, *word);
    buf_putc(&b, '\'');
    return arena_strdup(a, b.data);
}

static char **command(struct arena *a, const struct end *end, char *const *words)
{
    char **argv = strv_copy(a, end->before);

    for (; *words; words++)
        argv = strv_add(a, argv, end->shell ? quoted(a, *words) : *words);
    return argv;
}

static int start(struct arena *a, const struct end *end, char *const *words, int in, int out,
                 int errout, pid_t *ret_pid, struct err *err)
{
    char **argv = command(a, end, words);
    struct spawn s = { .path = argv[0],
                       .argv = argv,
                       .env = end->env,
                       .keep_fd = -1,
                       .fds = { in, out, errout },
                       .user = end->user };
    int r = proc_spawn(&s, ret_pid);

    return r < 0 ? err_sys(err, -r, "%s: running %s", end->what, argv[0]) : 0;
}

/* The lines that a command prints; NULL when it fails: whoever is over there does not know it. */
static char **ask(struct arena *a, const struct end *end, char *const *words)
{
    AUTO_BUF out = { .max = LIMIT_MANIFEST };
    pid_t pid;
    int p[2];

    if (pipe2(p, O_CLOEXEC) < 0)
        return NULL;
    AUTO_CLOSE int rd = p[0];
    int r = start(a, end, words, -1, p[1], -1, &pid, NULL);
    close(p[1]);
    if (r < 0)
        return NULL;
    r = buf_read_fd(&out, rd);
    close_p(&rd);
    rd = -EBADF;
    if (proc_wait(pid) != 0 || r < 0)
        return NULL;
    char **lines = NULL;
    for (char **l = strv_split(a, out.data ? out.data : "", '\n'); *l; l++)
        if (digest_valid(*l))
            lines = strv_add(a, lines, *l);
    return lines ? lines : strv_add(a, NULL, "");
}

static char **words_of(struct arena *a, const char *const *first, char *const *rest)
{
    char **v = NULL;

    for (; *first; first++)
        v = strv_add(a, v, *first);
    for (; rest && *rest; rest++)
        if (**rest)
            v = strv_add(a, v, *rest);
    return v;
}
#define WORDS(a, rest, ...) words_of(a, (const char *const[]) { __VA_ARGS__, NULL }, rest)

/* What the source runs: everything, or what the other side lacks. */
static char **sender(struct arena *a, const struct end *from, const struct end *to,
                     const char *image, const struct scp_options *o)
{
    const char *format = o->format ? o->format : "docker-archive";

    char **blobs = o->format ? NULL : ask(a, from, WORDS(a, NULL, "__scp", "blobs", image));
    char **have = blobs ? ask(a, to, WORDS(a, blobs, "__scp", "have")) : NULL;
    if (!have)
        return o->quiet ? WORDS(a, NULL, "save", "-q", "--format", format, image)
                        : WORDS(a, NULL, "save", "--format", format, image);
    return WORDS(a, have, "__scp", "send", o->quiet ? "quiet" : "loud", image);
}

static int transfer(struct arena *a, const struct end *from, const struct end *to,
                    char *const *send, const struct scp_options *o, struct err *err)
{
    pid_t writer, reader;
    int p[2];

    if (pipe2(p, O_CLOEXEC) < 0)
        return err_sys(err, errno, "making a pipe");
    int r = start(a, from, send, -1, p[1], STDERR_FILENO, &writer, err);
    close(p[1]);
    if (r == 0) {
        r = start(a, to, o->quiet ? WORDS(a, NULL, "load", "-q") : WORDS(a, NULL, "load"), p[0],
                  STDOUT_FILENO, STDERR_FILENO, &reader, err);
        close(p[0]);
        int wrote = 0, got = r < 0 ? 0 : proc_wait(reader);
        wrote = proc_wait(writer); /* a reader that is gone ends it */
        if (r == 0 && wrote)
            return err_set(err, ERR_UNAVAILABLE, EIO, "%s: sending the image failed (exit code %d)",
                           from->what, wrote);
        if (r == 0 && got)
            return err_set(err, ERR_UNAVAILABLE, EIO, "%s: loading the image failed (exit code %d)",
                           to->what, got);
    } else
        close(p[0]);
    return r;
}

/* Another name beside the one that it came with. */
static int rename_there(struct arena *a, const struct end *to, const char *image, const char *name,
                        struct err *err)
{
    pid_t pid;
    int r = start(a, to, WORDS(a, NULL, "tag", image, name), -1, STDERR_FILENO, STDERR_FILENO, &pid,
                  err);

    if (r == 0 && (r = proc_wait(pid)) != 0)
        return err_set(err, ERR_UNAVAILABLE, EIO, "%s: naming the image %s failed (exit code %d)",
                       to->what, name, r);
    return r;
}

int scp_run(struct engine *e, struct arena *a, const struct scp_end *from, const struct scp_end *to,
            const struct scp_options *o, struct err *err)
{
    struct end src = { 0 }, dst = { 0 };
    struct image here = { 0 };

    if (!from->image)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "no source image specified: invalid argument");
    /* Podman does this between users of one machine only. */
    if (to->image && (to->place == SCP_HOST || from->place == SCP_HOST))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "cannot specify an image rename: invalid argument");
    int r = from->place == SCP_HERE ? image_find(e->store, a, from->image, &here, err) : 0;
    if (r == 0)
        r = open_end(e, a, from, &src, err);
    if (r == 0)
        r = open_end(e, a, to, &dst, err);
    if (r == 0)
        r = transfer(a, &src, &dst, sender(a, &src, &dst, from->image, o), o, err);
    return r < 0 || !to->image ? r : rename_there(a, &dst, from->image, to->image, err);
}

/* ---------- the far end ---------- */

int scp_blobs(struct engine *e, struct arena *a, const char *image, char ***ret, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    struct image_manifest m = { 0 };
    struct image img = { 0 };
    int r = image_find(e->store, a, image, &img, err);

    if (r == 0)
        r = blob_read(e->store, img.digest, &text, err);
    AUTO_JSON *doc = r < 0 ? NULL
                           : json_parse(text.data ? text.data : "", text.len, "manifest", err);
    if (!doc || (r = image_manifest_read(a, doc, &m, err)) < 0)
        return r < 0 ? r : -EINVAL;
    for (size_t i = 0; i < m.layers.n; i++)
        *ret = strv_add(a, *ret, m.layers.items[i].digest);
    return 0;
}

bool scp_has_blob(struct engine *e, const char *digest)
{
    return digest_valid(digest) && blob_exists(e->store, digest, NULL);
}
