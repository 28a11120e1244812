#include "engine/secrets.h"

#include <inttypes.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "engine/events.h"
#include "engine/spec_parts.h"

#include "base/banned.h"

/* ---------- reading ---------- */

static int open_secret(struct engine *e, const char *id, struct err *err)
{
    AUTO_FREE char *path = xasprintf("secrets/%s", id);
    int fd = fs_open_dir(e->store->graph_fd, path);

    return fd < 0 ? err_sys(err, -fd, "opening secret %s", id) : fd;
}

static int by_name(const void *x, const void *y)
{
    return strcmp(((const struct secret_config *)x)->name, ((const struct secret_config *)y)->name);
}

static int read_all(struct engine *e, struct arena *a, struct secret_list *out, struct err *err)
{
    AUTO_CLOSE int dir = fs_open_dir(e->store->graph_fd, "secrets");
    char **ids = dir < 0 ? NULL : fs_list_dirs(dir, a);

    for (; ids && *ids; ids++) {
        AUTO_CLOSE int one = open_secret(e, *ids, NULL);
        AUTO_JSON *doc = one < 0 ? NULL
                                 : json_parse_file(one, "secret.json", LIMIT_JSON_FILE, NULL);
        struct secret_config s = { 0 };
        if (!doc) /* removed in this moment */
            continue;
        int r = json_read(a, doc, &secret_config_type, &s, err);
        if (r < 0)
            return err_wrap(err, "secret %s", *ids);
        *LIST_ADD(a, *out) = s;
    }
    if (out->n)
        qsort(out->items, out->n, sizeof(*out->items), by_name);
    return 0;
}

int secrets_find(struct engine *e, struct arena *a, const char *name, struct secret_config *ret,
                 struct err *err)
{
    struct secret_list all = { 0 };
    const struct secret_config *found = NULL;
    int r = read_all(e, a, &all, err), matches = 0;

    for (size_t i = 0; r == 0 && i < all.n; i++) {
        const struct secret_config *s = &all.items[i];
        if (STR_EQ(s->name, name) || STR_EQ(s->id, name)) {
            *ret = *s;
            return 0;
        }
        if (*name && str_starts(s->id, name)) {
            found = s;
            matches++;
        }
    }
    if (r < 0)
        return r;
    if (matches > 1)
        return err_set(err, ERR_CONFLICT, EEXIST, "more than one result secret with prefix %s",
                       name);
    if (!found)
        return err_set(err, ERR_NOT_FOUND, ENOENT,
                       "no secret with name or id \"%s\": no such secret", name);
    *ret = *found;
    return 0;
}

static int passes(const struct secret_config *s, const char *filter, struct err *err)
{
    if (str_starts(filter, "id="))
        return str_starts(s->id, filter + 3);
    if (!str_starts(filter, "name="))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid filter \"%.*s\"",
                       (int)strcspn(filter, "="), filter);
    return filter_regex(filter + 5, s->name, err);
}

int secrets_list(struct engine *e, struct arena *a, char *const *filters, struct secret_list *out,
                 struct err *err)
{
    static const struct secret_config probe = { .id = (char *)(uintptr_t) "",
                                                .name = (char *)(uintptr_t) "" };
    size_t kept = 0;
    int r = read_all(e, a, out, err);

    for (char *const *f = filters; r >= 0 && f && *f; f++)
        r = passes(&probe, *f, err);
    for (size_t i = 0; r >= 0 && i < out->n; i++) {
        /* Of one key any, of different keys all. */
        bool id = false, name = false, want_id = false, want_name = false;
        for (char *const *f = filters; f && *f; f++) {
            bool hit = passes(&out->items[i], *f, NULL) > 0;
            if (str_starts(*f, "id=")) {
                want_id = true;
                id |= hit;
            } else {
                want_name = true;
                name |= hit;
            }
        }
        if ((!want_id || id) && (!want_name || name))
            out->items[kept++] = out->items[i];
    }
    out->n = kept;
    return MIN(r, 0);
}

int secrets_read(struct engine *e, const struct secret_config *s, struct buf *out, struct err *err)
{
    AUTO_CLOSE int dir = open_secret(e, s->id, err);
    int r = dir < 0 ? dir : fs_read_file(dir, "data", out);

    return dir >= 0 && r < 0 ? err_sys(err, -r, "reading secret %s", s->name) : r;
}

/* ---------- making, removing ---------- */

static int check(const struct secret_config *s, size_t len, struct err *err)
{
    size_t n = strlen(s->name);

    if (n < 1 || n > 253 || strpbrk(s->name, "=/,"))
        return err_set(
            err, ERR_BAD_PARAM, EINVAL,
            "secret name \"%s\" can not include '=', '/', ',', or the NULL ('\\0') and be "
            "between 1 and 253 characters",
            s->name);
    if (!STR_EQ(s->driver, "file"))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "secret driver \"%s\" is not supported: only file is", s->driver);
    if (len == 0 || len >= SECRET_MAX)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "secret data must be larger than 0 and less than %d bytes", SECRET_MAX);
    return 0;
}

/* Whole, then under its name. */
static int write_secret(struct engine *e, const struct secret_config *s, const void *data,
                        size_t len, struct err *err)
{
    AUTO_FREE char *tmp = xasprintf("secrets/.new-%s", s->id);
    AUTO_FREE char *path = xasprintf("secrets/%s", s->id);
    AUTO_JSON *doc = json_from(&secret_config_type, s);
    AUTO_BUF text = { 0 };

    json_text(doc, 0, &text);
    int r = fs_mkdirs(e->store->graph_fd, tmp, 0700);
    AUTO_CLOSE int dir = r < 0 ? r : fs_open_dir(e->store->graph_fd, tmp);
    if (r == 0)
        r = dir < 0 ? dir : fs_replace(dir, "data", data, len, 0600, FS_SYNC);
    if (r == 0)
        r = fs_replace(dir, "secret.json", text.data, text.len, 0600, FS_SYNC);
    if (r == 0 && renameat(e->store->graph_fd, tmp, e->store->graph_fd, path) < 0)
        r = -errno;
    if (r == 0) {
        AUTO_CLOSE int all = fs_open_dir(e->store->graph_fd, "secrets");
        r = all < 0 || fsync(all) < 0 ? -errno : 0;
    }
    if (r < 0)
        (void)!fs_remove_tree(e->store->graph_fd, tmp);
    return r < 0 ? err_sys(err, -r, "storing secret %s", s->name) : 0;
}

static int remove_locked(struct engine *e, const struct secret_config *s, struct err *err)
{
    AUTO_FREE char *path = xasprintf("secrets/%s", s->id);
    int r = fs_remove_tree(e->store->graph_fd, path);

    return r < 0 ? err_sys(err, -r, "removing secret %s", s->name)
                 : engine_did(e, "secret", "remove", s->id, s->name, 0);
}

int secrets_create(struct engine *e, struct arena *a, struct secret_config *s, const void *data,
                   size_t len, bool replace, bool ignore, struct err *err)
{
    struct secret_config old = { 0 };
    struct err absent = { 0 };
    char id[65];
    int r = check(s, len, err);
    AUTO_CLOSE int lock = r < 0 ? -EBADF : store_lock(e->store, "secret", "all", err);

    if (r < 0 || lock < 0)
        return r < 0 ? r : lock;
    bool there = secrets_find(e, a, s->name, &old, &absent) == 0 && STR_EQ(old.name, s->name);
    if (there && ignore) {
        *s = old;
        return 0;
    }
    if (there && !replace)
        return err_set(err, ERR_CONFLICT, EEXIST, "%s: secret name in use", s->name);
    store_random_id(id, 25);
    s->id = arena_strdup(a, id);
    s->updated = time_now();
    s->created = there ? old.created : s->updated;
    r = write_secret(e, s, data, len, err);
    if (r == 0 && there)
        r = remove_locked(e, &old, err);
    return engine_did(e, "secret", "create", s->id, s->name, r);
}

int secrets_remove(struct engine *e, const struct secret_config *s, struct err *err)
{
    AUTO_CLOSE int lock = store_lock(e->store, "secret", "all", err);

    return lock < 0 ? lock : remove_locked(e, s, err);
}

/* ---------- containers ---------- */

static int set_part(struct arena *a, const char *key, const char *value, struct container_secret *s,
                    struct err *err)
{
    uint32_t n = 0;
    int r = 0;

    if (STR_EQ(key, "type") && STR_IN(value, "mount", "env"))
        s->type = arena_strdup(a, value);
    else if (STR_EQ(key, "type"))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "type %s is invalid: error parsing secret",
                       value);
    else if (STR_EQ(key, "target"))
        s->target = arena_strdup(a, value);
    else if (STR_EQ(key, "source"))
        s->name = arena_strdup(a, value);
    else if (STR_EQ(key, "mode")) {
        r = parse_octal(value, 07777, &n);
        s->mode = n;
    } else if (STR_IN(key, "uid", "gid")) {
        r = parse_u32(value, &n);
        *(STR_EQ(key, "uid") ? &s->uid : &s->gid) = n;
    } else
        return err_set(err, ERR_BAD_PARAM, EINVAL, "option %s invalid: error parsing secret", key);
    return r < 0 ? err_set(err, ERR_BAD_PARAM, EINVAL, "%s %s invalid: error parsing secret", key,
                           value)
                 : 0;
}

int option_secret(struct arena *a, const char *text, struct container_config *c, struct err *err)
{
    struct container_secret s = { .type = arena_strdup(a, "mount"), .mode = 0444 };
    char **parts = strv_split(a, text, ',');

    for (char **p = parts; p && *p; p++) {
        char *eq = strchr(*p, '=');
        if (!eq && p == parts) {
            s.name = *p;
            continue;
        }
        if (!eq)
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "option %s must be in form option=value: error parsing secret", *p);
        *eq = '\0';
        int r = set_part(a, *p, eq + 1, &s, err);
        if (r < 0)
            return r;
    }
    if (str_empty(s.name))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "no source found %s: error parsing secret",
                       text);
    *LIST_ADD(a, c->secrets) = s;
    return 0;
}

/* Copies, since a secret may be replaced or removed while the container lives. */
int secrets_take(struct engine *e, struct arena *a, struct container_config *c, struct err *err)
{
    AUTO_FREE char *path = xasprintf("containers/%s/secrets", c->id);
    int r = c->secrets.n ? fs_mkdirs(e->store->graph_fd, path, 0711) : 0;

    if (r < 0)
        return err_sys(err, -r, "making the secrets of container %s", c->id);
    AUTO_CLOSE int dir = c->secrets.n ? fs_open_dir(e->store->graph_fd, path) : -EBADF;
    for (size_t i = 0; r == 0 && i < c->secrets.n; i++) {
        struct container_secret *want = &c->secrets.items[i];
        struct secret_config s = { 0 };
        AUTO_BUF data = { .max = SECRET_MAX };
        char name[16];
        r = secrets_find(e, a, want->name, &s, err);
        if (r == 0)
            r = secrets_read(e, &s, &data, err);
        if (r < 0)
            return r;
        want->id = s.id;
        want->name = s.name;
        snprintf(name, sizeof(name), "%zu", i);
        int64_t uid = c->uid_map.n ? idmap_host_id(c->uid_map.items, c->uid_map.n, want->uid)
                                   : want->uid,
                gid = c->gid_map.n ? idmap_host_id(c->gid_map.items, c->gid_map.n, want->gid)
                                   : want->gid;
        r = fs_replace(dir, name, data.data, data.len, (mode_t)want->mode, FS_NOSYNC);
        if (r == 0 && (uid > 0 || gid > 0) &&
            fchownat(dir, name, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW) < 0)
            r = -errno;
        if (r < 0)
            return err_sys(err, -r, "copying secret %s", want->name);
    }
    return 0;
}

int secrets_apply(struct spec_builder *b, struct err *err)
{
    const struct container_config *c = b->c;
    char *bundle = container_bundle(b->e, b->a, c->id);

    for (size_t i = 0; i < c->secrets.n; i++) {
        const struct container_secret *s = &c->secrets.items[i];
        const char *target = str_empty(s->target) ? s->name : s->target;
        char *path = arena_printf(b->a, "%s/secrets/%zu", bundle, i);
        if (STR_EQ(s->type, "mount")) {
            spec_add_mount(
                b, target[0] == '/' ? target : arena_printf(b->a, "/run/secrets/%s", target),
                "bind", path, "bind,rprivate,ro,nosuid,nodev,noexec");
            continue;
        }
        AUTO_BUF data = { .max = SECRET_MAX };
        int r = fs_read_file(AT_FDCWD, path, &data);
        if (r < 0)
            return err_sys(err, -r, "reading secret %s", s->name);
        b->spec.process->env = strv_add(
            b->a, b->spec.process->env,
            arena_printf(b->a, "%s=%.*s", target, (int)data.len, data.data ? data.data : ""));
    }
    return 0;
}
