/* RUN: a program in the stage's file system. */
#include <fcntl.h>

#include "base/fs.h"
#include "build/build_priv.h"
#include "build/words.h"
#include "engine/options_net.h"

#include "base/banned.h"

struct run_job {
    char **command;
    char **env;   /* ARG: what the command sees besides ENV */
    char *script; /* a heredoc with a #! of its own */
    run_mounts mounts;
    const char *network;
};

/* ---------- what is run ---------- */

/* The text as the shell gets it, heredocs behind the line they belong to. */
static char *with_heredocs(struct step *s)
{
    AUTO_BUF b = { 0 };

    buf_puts(&b, s->in->text);
    for (size_t i = 0; i < s->in->heredocs.n; i++) {
        const struct cf_heredoc *h = &s->in->heredocs.items[i];
        buf_printf(&b, "\n%s%s", h->content, h->name);
    }
    return arena_strdup(s->st->b->a, b.data);
}

static int choose_command(struct step *s, struct run_job *job)
{
    struct stage *st = s->st;

    if (s->in->json) {
        job->command = s->in->json;
        if (!*job->command)
            return step_wrong(s, "RUN needs a command");
    } else if (s->in->heredoc_only) {
        char *text = s->in->heredocs.items[0].content;
        if (str_starts(text, "#!")) {
            job->script = text;
            job->command = strv_add(
                st->b->a, NULL,
                arena_printf(st->b->a, "/dev/pipes/%s", s->in->heredocs.items[0].name));
        } else
            job->command = shell_command(st, text);
    } else
        job->command = shell_command(st, s->in->heredocs.n ? with_heredocs(s) : s->in->text);
    return 0;
}

/* "\n" and each heredoc, without white space around it: as the history has them. */
static char *heredoc_history(struct step *s)
{
    AUTO_BUF b = { 0 };

    buf_puts(&b, "");
    for (size_t i = 0; i < s->in->heredocs.n; i++) {
        const char *text = s->in->heredocs.items[i].content;
        text += strspn(text, " \t\n");
        size_t n = strlen(text);
        while (n && strchr(" \t\n", text[n - 1]))
            n--;
        buf_putc(&b, '\n');
        buf_put(&b, text, n);
    }
    return arena_strdup(s->st->b->a, b.data ? b.data : "");
}

/* ---------- preparing ---------- */

static const char *const proxies[] = { "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy",
                                       "FTP_PROXY",  "ftp_proxy",  "NO_PROXY",    "no_proxy" };

static int compare_words(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

/* Declared ones, as the history and the cache know them. */
static char **declared_args(struct stage *st)
{
    char **out = NULL;

    for (char **v = st->args; v && *v; v++) {
        AUTO_FREE char *name = xstrndup(*v, strcspn(*v, "="));
        if (!env_get(st->config.config.env, name))
            out = strv_add(st->b->a, out, *v);
    }
    if (out)
        qsort(out, strv_len(out), sizeof(*out), compare_words);
    return out;
}

/* Proxies need no ARG, and are no reason to build anew. */
static void add_proxies(struct stage *st, struct run_job *job)
{
    struct build *b = st->b;

    for (size_t i = 0; i < ARRAY_SIZE(proxies); i++) {
        const char *v = env_get(b->o->args, proxies[i]);
        if (!v && b->o->http_proxy)
            v = getenv(proxies[i]);
        else if (v)
            b->used_args = strv_add(b->a, b->used_args, proxies[i]);
        if (v)
            job->env = env_set(b->a, job->env, arena_printf(b->a, "%s=%s", proxies[i], v));
    }
}

static int take_network(struct step *s, struct run_job *job)
{
    const char *network = cf_flag(s->in, "network"), *security = cf_flag(s->in, "security");

    if (network && !STR_IN(network, "none", "host", "default"))
        return step_wrong(s, "unsupported value \"%s\" for --network: use none, host or default",
                          network);
    if (security && !STR_EQ(security, "sandbox"))
        return step_wrong(s,
                          "--security=%s is not supported: RUN is always in its sandbox; give "
                          "what it needs to podman build (--cap-add, --security-opt)",
                          security);
    job->network = network && !STR_EQ(network, "default") ? network : s->st->b->o->network;
    return 0;
}

static int take_mounts(struct step *s, struct run_job *job, struct buf *key)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < s->in->flags.n; i++) {
        struct run_mount m = { 0 };
        char *more = NULL;
        if (!STR_EQ(s->in->flags.items[i].name, "mount"))
            continue;
        r = run_mount_parse(s, s->in->flags.items[i].value, &m);
        if (r == 0)
            r = run_mount_key(s, &m, &more);
        if (r < 0)
            return r;
        buf_printf(key, "\x1f%s\x1f%s\x1f%s", s->in->flags.items[i].value, m.target ? m.target : "",
                   more ? more : "");
        *LIST_ADD(s->st->b->a, job->mounts) = m;
    }
    return r;
}

int run_prepare(struct step *s)
{
    struct stage *st = s->st;
    struct arena *a = st->b->a;
    struct run_job *job = s->run = arena_alloc(a, sizeof(*job));
    AUTO_BUF key = { 0 };
    char **args = declared_args(st);
    const char *what = s->in->original + strlen("RUN");

    what += strspn(what, " \t");
    *job = (struct run_job) { .env = strv_copy(a, args) };
    int r = choose_command(s, job);
    if (r == 0)
        r = take_network(s, job);
    if (r == 0)
        r = take_mounts(s, job, &key);
    if (r < 0)
        return r;
    add_proxies(st, job);
    char *heredocs = heredoc_history(s);
    s->created_by = args ? arena_printf(a, "|%zu %s /bin/sh -c %s%s", strv_len(args),
                                        strv_join(a, args, " "), what, heredocs)
                         : arena_printf(a, "/bin/sh -c %s%s", what, heredocs);
    buf_printf(&key, "\x1f%s", strv_join(a, job->command, "\x1e"));
    s->key_more = arena_strdup(a, key.data);
    s->layer = true;
    return 0;
}

/* ---------- running ---------- */

static int add_script(struct step *s, struct run_job *job, struct container_config *c)
{
    struct build *b = s->st->b;
    char *dir = NULL;
    int r = job->script ? build_tmp(b, "script", &dir, s->err) : 0;

    if (r < 0 || !job->script)
        return r;
    AUTO_CLOSE int fd = fs_open_dir(AT_FDCWD, dir);
    r = fd < 0 ? fd : fs_replace(fd, "script", job->script, strlen(job->script), 0755, FS_NOSYNC);
    if (r < 0 || fchmodat(fd, "script", 0755, 0) < 0)
        return err_sys(s->err, r < 0 ? -r : errno, "writing a script");
    struct container_mount *m = LIST_ADD(b->a, c->mounts);
    *m = (struct container_mount) { .type = arena_strdup(b->a, "bind"),
                                    .source = arena_printf(b->a, "%s/script", dir),
                                    .destination = job->command[0] };
    m->options = strv_add(b->a, NULL, "ro");
    return 0;
}

/* --compat-volumes: what RUN writes below a VOLUME is lost. */
static void hide_volumes(struct stage *st, struct container_config *c)
{
    struct arena *a = st->b->a;

    for (char **v = st->config.config.volumes; st->b->o->compat_volumes && v && *v; v++) {
        struct container_mount *m = LIST_ADD(a, c->mounts);
        *m = (struct container_mount) { .type = arena_strdup(a, "tmpfs"), .destination = *v };
        m->options = strv_add(a, NULL, "tmpcopyup");
    }
}

static int fill_config(struct step *s, struct container_config *c, struct run_locks *locks)
{
    struct build *b = s->st->b;
    struct run_job *job = s->run;
    int r = 0;

    *c = b->o->run;
    c->mounts.items = NULL;
    c->mounts.n = 0;
    for (size_t i = 0; i < b->o->run.mounts.n; i++)
        *LIST_ADD(b->a, c->mounts) = b->o->run.mounts.items[i];
    c->command = job->command;
    c->env = strv_concat(b->a, strv_copy(b->a, c->env), job->env);
    c->stdin_open = b->o->stdin_open;
    c->stop_timeout = 0;
    if (job->network && !STR_EQ(job->network, "default"))
        r = option_networks(b->a, strv_add(b->a, NULL, job->network), c, s->err);
    hide_volumes(s->st, c);
    for (size_t i = 0; r == 0 && i < job->mounts.n; i++)
        r = run_mount_add(s, &job->mounts.items[i], c, locks);
    return r < 0 ? r : add_script(s, job, c);
}

/* A machine of another kind cannot be run here, unless the kernel knows of an emulator. */
static int check_machine(struct step *s)
{
    const char *arch = s->st->config.architecture;

    if (str_empty(arch) || STR_EQ(arch, platform_host_arch()) ||
        access("/proc/sys/fs/binfmt_misc/register", F_OK) == 0)
        return 0;
    return err_set(s->err, ERR_UNSUPPORTED, ENOEXEC,
                   "RUN needs a machine of the kind %s, this is %s: no emulator is registered with "
                   "the kernel (binfmt_misc)",
                   arch, platform_host_arch());
}

int run_apply(struct step *s)
{
    struct stage *st = s->st;
    struct build *b = st->b;
    struct container_config c;
    struct run_locks locks = { 0 };
    struct image_exec image = st->config.config;
    int code = 0, r = check_machine(s);

    if (r == 0)
        r = fill_config(s, &c, &locks);
    if (r == 0)
        r = stage_work(st, s->err);
    image.volumes = NULL;
    struct transient_run run = { .config = &c,
                                 .image = &image,
                                 .in = b->o->stdin_open ? STDIN_FILENO : -1,
                                 .out = b->o->out,
                                 .err = b->o->err };
    if (b->o->quiet)
        run.out = b->null;
    if (r == 0)
        r = transient_exec(b->e, b->a, &st->work, &run, &code, s->err);
    for (size_t i = 0; i < locks.n; i++)
        close(locks.fds[i]);
    if (r == 0 && code) {
        b->exit_code = code & 0xff;
        return err_set(s->err, ERR_STATE, ECHILD, "while running runtime: exit status %d", code);
    }
    return r;
}
