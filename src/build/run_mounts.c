/* RUN --mount: what a command sees besides the stage's files, and leaves no trace of. */
#include <fcntl.h>
#include <sys/socket.h>

#include "base/copytree.h"
#include "base/csv.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/parse.h"
#include "build/build_priv.h"
#include "build/cache.h"
#include "engine/options.h"

#include "base/banned.h"

enum { SECRET_MAX = 512 * 1024 };

/* ---------- parsing ---------- */

enum { BIND = 1, CACHE = 2, TMPFS = 4, SECRET = 8, SSH = 16, OWNED = CACHE | SECRET | SSH };
enum where {
    FROM,
    SOURCE,
    TARGET,
    ID,
    ENV,
    SHARING,
    SIZE,
    MODE,
    UID,
    GID,
    REQUIRED,
    RW,
    RO,
    OPTION,
    RELABEL,
    NOTHING
};

static const struct {
    const char *key;
    unsigned types;
    enum where where;
    const char *option; /* OPTION: what it becomes */
} keys[] = {
    { "from", BIND | CACHE, FROM, NULL },
    { "source", BIND | CACHE, SOURCE, NULL },
    { "src", BIND | CACHE, SOURCE, NULL },
    { "target", ~0u, TARGET, NULL },
    { "dst", ~0u, TARGET, NULL },
    { "destination", ~0u, TARGET, NULL },
    { "id", OWNED, ID, NULL },
    { "env", SECRET, ENV, NULL },
    { "sharing", CACHE, SHARING, NULL },
    { "tmpfs-size", TMPFS, SIZE, NULL },
    { "size", TMPFS, SIZE, NULL },
    { "tmpfs-mode", TMPFS, MODE, NULL },
    { "mode", OWNED | TMPFS, MODE, NULL },
    { "uid", OWNED, UID, NULL },
    { "gid", OWNED, GID, NULL },
    { "required", SECRET | SSH, REQUIRED, NULL },
    { "rw", BIND | CACHE, RW, NULL },
    { "readwrite", BIND | CACHE, RW, NULL },
    { "ro", BIND | CACHE | TMPFS, RO, NULL },
    { "readonly", BIND | CACHE | TMPFS, RO, NULL },
    { "relabel", BIND, RELABEL, NULL },
    { "bind-propagation", BIND | CACHE, OPTION, "" },
    { "consistency", BIND, NOTHING, NULL },
    { "no-dereference", BIND, NOTHING, NULL },
    { "bind-nonrecursive", BIND, OPTION, "bind" },
    { "nosuid", BIND | CACHE | TMPFS, OPTION, "nosuid" },
    { "nodev", BIND | CACHE | TMPFS, OPTION, "nodev" },
    { "noexec", BIND | CACHE | TMPFS, OPTION, "noexec" },
    { "z", BIND | CACHE, OPTION, "z" },
    { "Z", BIND | CACHE, OPTION, "Z" },
    { "U", BIND | CACHE, OPTION, "U" },
    { "tmpcopyup", TMPFS, OPTION, "tmpcopyup" },
    { "shared", BIND | CACHE, OPTION, "shared" },
    { "rshared", BIND | CACHE, OPTION, "rshared" },
    { "private", BIND | CACHE, OPTION, "private" },
    { "rprivate", BIND | CACHE, OPTION, "rprivate" },
    { "slave", BIND | CACHE, OPTION, "slave" },
    { "rslave", BIND | CACHE, OPTION, "rslave" },
};
static const char *const types[] = { "bind", "cache", "tmpfs", "secret", "ssh" };

static int number(struct step *s, const char *key, const char *value, bool octal, uint32_t *ret)
{
    int r = octal ? parse_octal(value, 07777, ret) : parse_u32(value, ret);

    return r < 0 ? step_wrong(s, "invalid value \"%s\" for %s of --mount", value, key) : 0;
}

static int take(struct step *s, size_t i, const char *key, char *value, struct run_mount *m)
{
    struct arena *a = s->st->b->a;
    char **texts[] = {
        [FROM] = &m->from, [SOURCE] = &m->source,   [TARGET] = &m->target, [ID] = &m->id,
        [ENV] = &m->env,   [SHARING] = &m->sharing, [SIZE] = &m->size
    };
    bool on = true;

    if (keys[i].where < ARRAY_SIZE(texts)) {
        if (!value)
            return step_wrong(s, "%s of --mount needs a value", key);
        *texts[keys[i].where] = value;
        return 0;
    }
    if (keys[i].where == MODE || keys[i].where == UID || keys[i].where == GID) {
        m->has_mode |= keys[i].where == MODE;
        return number(s, key, value ? value : "", keys[i].where == MODE,
                      keys[i].where == MODE  ? &m->mode
                      : keys[i].where == UID ? &m->uid
                                             : &m->gid);
    }
    if (keys[i].where == OPTION) {
        m->options = strv_add(a, m->options, *keys[i].option ? keys[i].option : value ? value : "");
        return 0;
    }
    if (keys[i].where == RELABEL) {
        m->options = strv_add(a, m->options, value && STR_EQ(value, "shared") ? "z" : "Z");
        return 0;
    }
    if (value && keys[i].where != NOTHING && parse_bool(value, &on) < 0)
        return step_wrong(s, "invalid value \"%s\" for %s of --mount", value, key);
    m->required |= keys[i].where == REQUIRED && on;
    m->rw |= (keys[i].where == RW && on) || (keys[i].where == RO && !on);
    m->ro |= (keys[i].where == RO && on) || (keys[i].where == RW && !on);
    return 0;
}

static unsigned type_bit(const char *type)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (STR_EQ(types[i], type))
            return 1u << i;
    return 0;
}

static int take_word(struct step *s, const char *word, struct run_mount *m)
{
    struct arena *a = s->st->b->a;
    const char *eq = strchr(word, '=');
    char *key = eq ? arena_strndup(a, word, (size_t)(eq - word)) : arena_strdup(a, word);
    char *value = NULL;
    int r = eq ? stage_expand(s->st, eq + 1, &value, s->err) : 0;

    if (r < 0 || STR_EQ(key, "type"))
        return r;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (STR_EQ(keys[i].key, key) && (keys[i].types & type_bit(m->type)))
            return take(s, i, key, value, m);
    return step_wrong(s, "invalid mount option \"%s\" of --mount=type=%s", key, m->type);
}

/* Where it goes when nothing is said; ssh and secret with env= may have none. */
static int complete_target(struct step *s, struct run_mount *m)
{
    struct build *b = s->st->b;
    const char *cwd = s->st->config.config.working_dir;

    if (STR_EQ(m->type, "secret")) {
        if (!m->id && m->target)
            m->id = arena_strdup(b->a,
                                 strrchr(m->target, '/') ? strrchr(m->target, '/') + 1 : m->target);
        if (!m->id)
            return step_wrong(s, "secret id is required for --mount=type=secret");
        if (!m->target && !m->env)
            m->target = arena_printf(b->a, "/run/secrets/%s", m->id);
    }
    if (STR_EQ(m->type, "ssh")) {
        if (!m->id)
            m->id = arena_strdup(b->a, "default");
        if (!m->target)
            m->target = arena_printf(b->a, "/run/buildkit/ssh_agent.%zu", b->n_tmp);
    }
    if (!m->target)
        return m->env ? 0 : step_wrong(s, "--mount=type=%s needs a target", m->type);
    if (m->target[0] != '/')
        m->target = arena_printf(b->a, "%s/%s", str_empty(cwd) ? "" : cwd, m->target);
    m->target = path_clean(b->a, m->target);
    return STR_EQ(m->target, "/") ? step_wrong(s, "--mount cannot be mounted over /") : 0;
}

int run_mount_parse(struct step *s, const char *text, struct run_mount *ret)
{
    char **words = NULL;
    int r = csv_record(s->st->b->a, text, &words, NULL);

    if (r < 0)
        return step_wrong(s, "invalid --mount \"%s\"", text);
    ret->type = arena_strdup(s->st->b->a, "bind");
    for (char **w = words; w && *w; w++)
        if (str_starts(*w, "type="))
            ret->type = *w + 5;
    if (!type_bit(ret->type))
        return step_wrong(s,
                          "invalid filesystem type \"%s\": RUN --mount knows bind, cache, tmpfs, "
                          "secret and ssh",
                          ret->type);
    for (char **w = words; r == 0 && w && *w; w++)
        r = take_word(s, *w, ret);
    if (r == 0 && ret->sharing && !STR_IN(ret->sharing, "shared", "private", "locked"))
        r = step_wrong(s, "unrecognized value \"%s\" for field \"sharing\"", ret->sharing);
    return r < 0 ? r : complete_target(s, ret);
}

/* ---------- where from ---------- */

static char *clean_source(struct step *s, const struct run_mount *m)
{
    return path_clean(s->st->b->a, arena_printf(s->st->b->a, "/%s", m->source ? m->source : "")) +
           1;
}

int run_mount_key(struct step *s, const struct run_mount *m, char **ret)
{
    struct build *b = s->st->b;
    char hex[SHA256_HEX], **dirs;
    int r = 0;

    *ret = NULL;
    if (!STR_EQ(m->type, "bind"))
        return 0;
    if (m->from) {
        r = from_dirs(s->st, m->from, &dirs, ret, s->err);
        if (r < 0 || *ret)
            return r;
        AUTO_CLOSE int root = fs_open_dir(AT_FDCWD, dirs[0]);
        r = root < 0 ? err_sys(s->err, -root, "opening %s", dirs[0])
                     : copy_digest(s, root, clean_source(s, m), hex);
    } else
        r = copy_digest(s, b->context.fd, clean_source(s, m), hex);
    if (r == 0)
        *ret = arena_strdup(b->a, hex);
    return r;
}

static char *real_path(struct arena *a, int fd)
{
    char self[40], path[PATH_MAX];
    ssize_t n = readlink(fd_path(fd, self, sizeof(self)), path, sizeof(path) - 1);

    return n < 0 ? NULL : arena_strndup(a, path, (size_t)n);
}

/* The same path in the only one of @dirs that has it, or a copy of what they have together. */
static int find_below(struct step *s, char *const *dirs, const char *path, char **ret)
{
    struct build *b = s->st->b;
    size_t have = 0;
    int r;

    for (char *const *d = dirs; *d; d++) {
        AUTO_CLOSE int root = fs_open_dir(AT_FDCWD, *d);
        AUTO_CLOSE int fd = root < 0 ? root : fs_open_in_root(root, *path ? path : ".", O_PATH, 0);
        if (fd < 0)
            continue;
        have++;
        *ret = real_path(b->a, fd);
    }
    if (have == 1)
        return 0;
    AUTO_CLOSE int view = transient_view(b->e, dirs, s->err);
    AUTO_CLOSE int from =
        view < 0 ? view : fs_open_in_root(view, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0);
    if (view < 0)
        return view;
    if (from < 0)
        return err_sys(s->err, -from, "--mount: source /%s", path);
    if ((r = build_tmp(b, "mount", ret, s->err)) < 0)
        return r;
    AUTO_CLOSE int to = fs_open_dir(AT_FDCWD, *ret);
    r = to < 0 ? to : copy_tree(from, to, 0);
    return r < 0 ? err_sys(s->err, -r, "copying /%s", path) : 0;
}

/* What is mounted: a directory or file of the host. */
static int find_source(struct step *s, const struct run_mount *m, char **ret)
{
    struct build *b = s->st->b;
    char **dirs = strv_add(b->a, NULL, b->context.dir), *key;
    int r = m->from ? from_dirs(s->st, m->from, &dirs, &key, s->err) : 0;

    if (r < 0)
        return r;
    if (!dirs || !*dirs)
        return step_wrong(s, "--mount: %s is empty", m->from);
    const char *path = clean_source(s, m);
    if (dirs[1])
        return find_below(s, dirs, path, ret);
    AUTO_CLOSE int root = fs_open_dir(AT_FDCWD, dirs[0]);
    AUTO_CLOSE int fd = root < 0 ? root : fs_open_in_root(root, *path ? path : ".", O_PATH, 0);
    if (fd < 0)
        return err_sys(s->err, -fd, "--mount: source /%s", path);
    *ret = real_path(b->a, fd);
    return *ret ? 0 : err_sys(s->err, errno, "--mount: source /%s", path);
}

/* ---------- one of each type ---------- */

static struct container_mount *add(struct step *s, const struct run_mount *m, const char *source,
                                   struct container_config *c)
{
    struct arena *a = s->st->b->a;
    struct container_mount *out = LIST_ADD(a, c->mounts);

    *out = (struct container_mount) { .type = arena_strdup(a, "bind"),
                                      .source = arena_strdup(a, source),
                                      .destination = m->target,
                                      .options = strv_copy(a, m->options) };
    return out;
}

/* All of an image or stage, by its ID: 1, or 0 when it is none. */
static int add_image(struct step *s, const struct run_mount *m, struct container_config *c)
{
    struct build *b = s->st->b;
    char **dirs, *id;

    if (!m->from || *clean_source(s, m))
        return 0;
    int r = from_dirs(s->st, m->from, &dirs, &id, s->err);
    if (r < 0 || !id || !dirs || !*dirs)
        return r;
    r = commit_record(b, s->err); /* the stage's image has to be known */
    if (r < 0)
        return r;
    struct container_mount *out = add(s, m, id, c);
    out->type = arena_strdup(b->a, "image");
    out->options = strv_add(b->a, NULL, m->rw ? "rw" : "ro");
    return 1;
}

static int add_bind(struct step *s, const struct run_mount *m, struct container_config *c)
{
    struct arena *a = s->st->b->a;
    struct stat st;
    char *source;
    int r = add_image(s, m, c);

    if (r != 0)
        return MIN(r, 0);
    r = find_source(s, m, &source);
    if (r < 0)
        return r;
    if (!m->rw) {
        struct container_mount *out = add(s, m, source, c);
        out->options = strv_add(a, out->options, "ro");
        return 0;
    }
    /* What is written is thrown away. */
    if (stat(source, &st) < 0)
        return err_sys(s->err, errno, "--mount: source %s", source);
    if (S_ISDIR(st.st_mode)) {
        struct container_mount *out = add(s, m, source, c);
        out->options = strv_add(a, NULL, "O");
        return 0;
    }
    char *dir;
    if ((r = build_tmp(s->st->b, "mount", &dir, s->err)) < 0)
        return r;
    AUTO_CLOSE int from = open(source, O_RDONLY | O_CLOEXEC);
    AUTO_CLOSE int to = fs_open_dir(AT_FDCWD, dir);
    AUTO_BUF text = { .max = 64u << 20 };
    if (from < 0 || to < 0 || (r = buf_read_fd(&text, from)) < 0 ||
        (r = fs_replace(to, "file", text.data ? text.data : "", text.len, st.st_mode & 0777,
                        FS_NOSYNC)) < 0)
        return err_sys(s->err, r < 0 ? -r : errno, "copying %s", source);
    add(s, m, arena_printf(a, "%s/file", dir), c);
    return 0;
}

static int fill_cache(struct step *s, const struct run_mount *m, const char *dir)
{
    char *source;
    int r = find_source(s, m, &source);

    if (r < 0)
        return r;
    AUTO_CLOSE int from = fs_open_dir(AT_FDCWD, source);
    AUTO_CLOSE int to = fs_open_dir(AT_FDCWD, dir);
    r = from < 0 ? from : to < 0 ? to : copy_tree(from, to, COPY_KEEP_ROOT);
    return r < 0 ? err_sys(s->err, -r, "filling the cache %s", m->target) : 0;
}

static int add_cache(struct step *s, const struct run_mount *m, struct container_config *c,
                     struct run_locks *locks)
{
    struct build *b = s->st->b;
    struct store *store = engine_store(b->e);
    const char *id = m->id ? m->id : m->target;
    bool fresh;
    char *dir;
    int r;

    if (m->sharing && STR_EQ(m->sharing, "private")) {
        r = build_tmp(b, "cache", &dir, s->err);
        fresh = true;
        if (r == 0 &&
            (chmod(dir, m->has_mode ? m->mode : 0755) < 0 || chown(dir, m->uid, m->gid) < 0))
            r = err_sys(s->err, errno, "making a cache");
    } else
        r = cache_mount_dir(store, b->a, id, m->has_mode ? m->mode : 0755, m->uid, m->gid, &dir,
                            &fresh, s->err);
    if (r == 0 && fresh && m->from)
        r = fill_cache(s, m, dir);
    if (r < 0)
        return r;
    if (m->sharing && STR_EQ(m->sharing, "locked")) {
        if (locks->n >= ARRAY_SIZE(locks->fds))
            return step_wrong(s, "more than %zu locked caches", ARRAY_SIZE(locks->fds));
        int fd = lock_take(AT_FDCWD, arena_printf(b->a, "%s.lock", dir));
        if (fd < 0)
            return err_sys(s->err, -fd, "locking the cache %s", m->target);
        locks->fds[locks->n++] = fd;
    }
    struct container_mount *out = add(s, m, dir, c);
    if (m->ro)
        out->options = strv_add(b->a, out->options, "ro");
    return 0;
}

static int add_tmpfs(struct step *s, const struct run_mount *m, struct container_config *c)
{
    struct arena *a = s->st->b->a;
    struct container_mount *out = add(s, m, "tmpfs", c);

    out->type = arena_strdup(a, "tmpfs");
    if (m->size)
        out->options = strv_add(a, out->options, arena_printf(a, "size=%s", m->size));
    if (m->has_mode)
        out->options = strv_add(a, out->options, arena_printf(a, "mode=%o", m->mode));
    if (m->ro)
        out->options = strv_add(a, out->options, "ro");
    return 0;
}

static int read_secret(struct step *s, const struct build_secret *from, struct buf *out)
{
    if (from->env) {
        const char *v = getenv(from->env);
        if (!v)
            return step_wrong(s, "secret %s: the variable %s is not set", from->id, from->env);
        buf_puts(out, v);
        return 0;
    }
    int r = fs_read_file(AT_FDCWD, from->path, out);
    return r < 0 ? err_sys(s->err, -r, "reading the secret %s from %s", from->id, from->path) : 0;
}

static int add_secret(struct step *s, const struct run_mount *m, struct container_config *c)
{
    struct build *b = s->st->b;
    const struct build_secret *found = NULL;
    AUTO_BUF data = { .max = SECRET_MAX };
    char *dir;

    for (size_t i = 0; i < b->o->secrets.n; i++)
        if (STR_EQ(b->o->secrets.items[i].id, m->id))
            found = &b->o->secrets.items[i];
    if (!found)
        return m->required ? step_wrong(s, "secret required but no secret with id %s found", m->id)
                           : 0;
    int r = read_secret(s, found, &data);
    if (r == 0 && m->env)
        c->env = env_set(b->a, c->env,
                         arena_printf(b->a, "%s=%s", m->env, data.data ? data.data : ""));
    if (r < 0 || !m->target)
        return r;
    if ((r = build_run_tmp(b, "secret", &dir, s->err)) < 0)
        return r;
    AUTO_CLOSE int fd = fs_open_dir(AT_FDCWD, dir);
    if (fd < 0)
        return err_sys(s->err, errno, "opening %s", dir);
    r = fs_replace(fd, "secret", data.data ? data.data : "", data.len, 0600, FS_NOSYNC);
    if (r < 0 || fchownat(fd, "secret", m->uid, m->gid, 0) < 0 ||
        fchmodat(fd, "secret", m->has_mode ? m->mode : 0400, 0) < 0)
        return err_sys(s->err, r < 0 ? -r : errno, "writing the secret %s", m->id);
    struct container_mount *out = add(s, m, arena_printf(b->a, "%s/secret", dir), c);
    out->options = strv_add(b->a, out->options, "ro");
    return 0;
}

/* --ssh default | default=SOCKET | ID=SOCKET */
static const char *ssh_socket(const struct build *b, const char *id)
{
    for (char **o = b->o->ssh; o && *o; o++) {
        size_t n = strcspn(*o, "=");
        if (strlen(id) == n && strncmp(*o, id, n) == 0)
            return (*o)[n] ? *o + n + 1 : getenv("SSH_AUTH_SOCK");
    }
    return NULL;
}

static int add_ssh(struct step *s, const struct run_mount *m, struct container_config *c)
{
    struct build *b = s->st->b;
    const char *path = ssh_socket(b, m->id);
    struct stat st;

    if (!path)
        return m->required ? step_wrong(s,
                                        "ssh required but no ssh key or agent with id %s found: "
                                        "give --ssh %s",
                                        m->id, m->id)
                           : 0;
    if (stat(path, &st) < 0)
        return err_sys(s->err, errno, "--ssh %s: %s", m->id, path);
    if (!S_ISSOCK(st.st_mode))
        return step_wrong(s,
                          "--ssh %s=%s: not the socket of an agent: start ssh-agent, ssh-add the "
                          "key, and give its socket",
                          m->id, path);
    add(s, m, path, c);
    c->env = env_set(b->a, c->env, arena_printf(b->a, "SSH_AUTH_SOCK=%s", m->target));
    return 0;
}

int run_mount_add(struct step *s, const struct run_mount *m, struct container_config *c,
                  struct run_locks *locks)
{
    switch (type_bit(m->type)) {
    case CACHE:
        return add_cache(s, m, c, locks);
    case TMPFS:
        return add_tmpfs(s, m, c);
    case SECRET:
        return add_secret(s, m, c);
    case SSH:
        return add_ssh(s, m, c);
    default:
        return add_bind(s, m, c);
    }
}
