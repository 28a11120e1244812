#include "engine/volumes.h"

#include <fcntl.h>

#include "base/fs.h"
#include "base/lock.h"
#include "base/parse.h"
#include "engine/engine_priv.h"
#include "engine/events.h"
#include "engine/options.h"
#include "image/image.h"

#include "base/banned.h"

/* ---------- reading ---------- */

static int read_users(struct db *db, struct engine *e, struct arena *a, struct volume *v,
                      struct err *err)
{
    struct rows q = db_query(db, err,
                             "SELECT container FROM container_volumes WHERE volume = ? ORDER BY 1",
                             "s", v->config.name);

    v->users = NULL;
    while (rows_next(&q))
        v->users = strv_add(a, v->users, rows_text(&q, 0));
    int r = rows_end(&q);
    for (char **id = v->users; r == 0 && id && *id; id++) {
        AUTO_CLOSE int dir = container_run_dir(e, *id);
        v->mounted += dir >= 0 && lock_is_held(dir, "alive");
    }
    return r;
}

static int decode(struct engine *e, struct arena *a, const char *text, struct volume *v,
                  struct err *err)
{
    AUTO_JSON *doc = json_parse(text, strlen(text), "volume", err);
    int r = doc ? json_read(a, doc, &volume_config_type, &v->config, err) : -EINVAL;

    if (r == 0)
        v->path = arena_printf(a, "%s/%s/_data", e->volume_path, v->config.name);
    return r;
}

static int read_all(struct engine *e, struct arena *a, struct volume_list *out, struct err *err)
{
    struct db *db = store_db(e->store, err);
    int r = 0;

    if (!db)
        return -EIO;
    struct rows q = db_query(db, err, "SELECT config FROM volumes ORDER BY name", "");
    while (r == 0 && rows_next(&q))
        r = decode(e, a, rows_text(&q, 0), LIST_ADD(a, *out), err);
    int end = rows_end(&q);
    if (r == 0)
        r = end;
    for (size_t i = 0; r == 0 && i < out->n; i++)
        r = read_users(db, e, a, &out->items[i], err);
    return r;
}

int volumes_find(struct engine *e, struct arena *a, const char *name, struct volume *ret,
                 struct err *err)
{
    struct db *db = store_db(e->store, err);
    char **texts = NULL;

    if (!db)
        return -EIO;
    struct rows q = db_query(db, err,
                             "SELECT config, name = ?1 FROM volumes WHERE substr(name, 1, "
                             "length(?1)) = ?1 ORDER BY name <> ?1 LIMIT 2",
                             "s", name);
    bool exact = false;
    while (rows_next(&q)) {
        exact |= rows_int(&q, 1) != 0;
        texts = strv_add(a, texts, rows_text(&q, 0));
    }
    int r = rows_end(&q);
    if (r < 0)
        return r;
    if (!texts || !*name)
        return err_set(err, ERR_NOT_FOUND, ENOENT,
                       "no volume with name \"%s\" found: no such volume", name);
    if (texts[1] && !exact)
        return err_set(err, ERR_CONFLICT, EEXIST,
                       "more than one result for volume name \"%s\": volume already exists", name);
    *ret = (struct volume) { 0 };
    r = decode(e, a, texts[0], ret, err);
    return r < 0 ? r : read_users(db, e, a, ret, err);
}

/* ---------- filters ---------- */

struct filter_env {
    struct engine *e;
    struct arena *a;
    struct err *err;
};
/* 1, 0, or an error. */
typedef int (*filter_fn)(const struct filter_env *f, const struct volume *v, const char *arg);

static bool has_label(const kv_list *labels, const char *want)
{
    const char *eq = strchr(want, '=');
    AUTO_FREE char *key = xstrndup(want, eq ? (size_t)(eq - want) : strlen(want));
    const char *have = kv_get(labels, key);

    return have && (!eq || STR_EQ(have, eq + 1));
}

static int truth(const struct filter_env *f, const char *key, const char *arg, bool is)
{
    bool want;

    if (parse_bool(arg, &want) < 0)
        return err_set(f->err, ERR_BAD_PARAM, EINVAL,
                       "%s is not a valid value for the \"%s\" filter - must be true or false", arg,
                       key);
    return is == want;
}

static int by_anonymous(const struct filter_env *f, const struct volume *v, const char *arg)
{
    return truth(f, "anonymous", arg, v->config.anonymous);
}

static int by_dangling(const struct filter_env *f, const struct volume *v, const char *arg)
{
    return truth(f, "dangling", arg, !v->users);
}

static int by_driver(const struct filter_env *f, const struct volume *v, const char *arg)
{
    (void)f;
    return STR_EQ(v->config.driver, arg);
}

static int by_label(const struct filter_env *f, const struct volume *v, const char *arg)
{
    (void)f;
    return has_label(&v->config.labels, arg);
}

static int by_no_label(const struct filter_env *f, const struct volume *v, const char *arg)
{
    (void)f;
    return !has_label(&v->config.labels, arg);
}

static int by_name(const struct filter_env *f, const struct volume *v, const char *arg)
{
    return filter_regex(arg, v->config.name, f->err);
}

static int by_opt(const struct filter_env *f, const struct volume *v, const char *arg)
{
    (void)f;
    return has_label(&v->config.options, arg);
}

static int by_scope(const struct filter_env *f, const struct volume *v, const char *arg)
{
    (void)f, (void)v;
    return STR_EQ(arg, "local");
}

static int by_until(const struct filter_env *f, const struct volume *v, const char *arg)
{
    int64_t t;

    if (parse_time(arg, time_now(), &t) < 0)
        return err_set(f->err, ERR_BAD_PARAM, EINVAL,
                       "failed to parse \"%s\" as a time or duration", arg);
    return v->config.created < t;
}

/* Made after that volume, or after that time. */
static int by_since(const struct filter_env *f, const struct volume *v, const char *arg)
{
    struct volume other;
    struct err absent = { 0 };
    int64_t t;

    if (volumes_find(f->e, f->a, arg, &other, &absent) == 0)
        return v->config.created > other.config.created;
    if (parse_time(arg, time_now(), &t) < 0)
        return err_set(f->err, absent.kind, absent.errnum, "%s", absent.msg);
    return v->config.created > t;
}

static int by_all(const struct filter_env *f, const struct volume *v, const char *arg)
{
    (void)v;
    return truth(f, "all", arg, true) < 0 ? -EINVAL : 1;
}

static const struct {
    const char *key;
    filter_fn fn;
} filters_known[] = {
    { "after", by_since },       { "all", by_all },       { "anonymous", by_anonymous },
    { "dangling", by_dangling }, { "driver", by_driver }, { "label", by_label },
    { "label!", by_no_label },   { "name", by_name },     { "opt", by_opt },
    { "scope", by_scope },       { "since", by_since },   { "until", by_until },
};

static int passes(const struct filter_env *f, const struct volume *v, const char *filter)
{
    size_t n = strcspn(filter, "=");

    for (size_t i = 0; filter[n] && i < ARRAY_SIZE(filters_known); i++)
        if (strlen(filters_known[i].key) == n && strncmp(filters_known[i].key, filter, n) == 0)
            return filters_known[i].fn(f, v, filter + n + 1);
    return err_set(f->err, ERR_BAD_PARAM, EINVAL, "\"%.*s\" is an invalid volume filter", (int)n,
                   filter);
}

int volumes_list(struct engine *e, struct arena *a, char *const *filters, struct volume_list *out,
                 struct err *err)
{
    const struct filter_env f = { e, a, err };
    static const struct volume probe = { .config = { .name = (char *)(uintptr_t) "",
                                                     .driver = (char *)(uintptr_t) "" } };
    size_t kept = 0;
    int r = read_all(e, a, out, err);

    /* A filter that nobody knows is an error on an empty host too. */
    for (char *const *p = filters; r >= 0 && p && *p; p++)
        r = passes(&f, &probe, *p);
    for (size_t i = 0; r >= 0 && i < out->n; i++) {
        bool ok = true;
        for (char *const *p = filters; r >= 0 && ok && p && *p; p++)
            ok = (r = passes(&f, &out->items[i], *p)) > 0;
        if (ok)
            out->items[kept++] = out->items[i];
    }
    out->n = kept;
    return MIN(r, 0);
}

/* ---------- making ---------- */

static int check_options(const struct volume_config *v, struct err *err)
{
    for (size_t i = 0; i < v->options.n; i++) {
        const char *key = v->options.items[i].key;
        if (STR_IN(key, "size", "inodes"))
            return err_set(
                err, ERR_UNSUPPORTED, EOPNOTSUPP,
                "volume option \"%s\" needs project quotas, which are not supported: use "
                "`-o type=tmpfs -o device=tmpfs -o o=size=...`",
                key);
        if (!STR_IN(key, "type", "device", "o"))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid mount option %s for driver 'local'",
                           key);
    }
    if (kv_get(&v->options, "type") && !kv_get(&v->options, "device"))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "the option type needs the option device as well");
    return 0;
}

int volumes_create(struct engine *e, struct arena *a, struct volume_config *v, bool ignore,
                   struct err *err)
{
    struct db *db = store_db(e->store, err);
    struct volume old;
    char id[65];

    if (!db)
        return -EIO;
    if (!STR_EQ(v->driver, "local"))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "volume driver \"%s\" is not supported: only local is", v->driver);
    if (str_empty(v->name)) {
        store_random_id(id, 64);
        v->name = arena_strdup(a, id);
    } else if (option_name_check(v->name, err) < 0)
        return -EINVAL;
    int r = check_options(v, err);
    if (r < 0)
        return r;
    AUTO_CLOSE int lock = store_lock(e->store, "volume", v->name, err);
    if (lock < 0)
        return lock;
    if (volumes_find(e, a, v->name, &old, NULL) == 0 && STR_EQ(old.config.name, v->name))
        return ignore
                   ? 0
                   : err_set(err, ERR_CONFLICT, EEXIST,
                             "volume with name %s already exists: volume already exists", v->name);
    v->created = time_now();
    AUTO_FREE char *path = xasprintf("%s/%s/_data", e->volume_path, v->name);
    r = fs_mkdirs(AT_FDCWD, path, 0755);
    if (r == 0 && (v->uid || v->gid) && chown(path, (uid_t)v->uid, (gid_t)v->gid) < 0)
        r = -errno;
    if (r < 0)
        return err_sys(err, -r, "making volume %s", v->name);
    return volume_insert(e, db, v, err);
}

/* ---------- removing ---------- */

static int remove_users(struct engine *e, struct arena *a, const struct volume *v,
                        int64_t timeout_s, struct err *err)
{
    struct container_remove_options o = {
        .force = true, .volumes = false, .depend = true, .timeout_s = timeout_s
    };
    int r = 0;

    for (char **id = v->users; r == 0 && id && *id; id++) {
        struct container c;
        struct err absent = { 0 };
        if (container_find(e, a, *id, &c, &absent) == 0)
            r = container_remove(e, &c, &o, err);
    }
    return r;
}

int volumes_remove(struct engine *e, struct arena *a, const struct volume *v, bool force,
                   int64_t timeout_s, struct err *err)
{
    struct db *db = store_db(e->store, err);
    int r = db ? 0 : -EIO;

    if (r == 0 && v->users && force)
        r = remove_users(e, a, v, timeout_s, err);
    if (r < 0)
        return r;
    r = volume_remove_unused(e, db, v->config.name, err);
    if (r == 0)
        return err_set(err, ERR_IN_USE, EBUSY,
                       "volume %s is being used by the following container(s): %s: volume is being "
                       "used",
                       v->config.name, strv_join(a, v->users, ", "));
    return MIN(r, 0);
}

int volumes_prune(struct engine *e, struct arena *a, bool all, bool dry, char *const *filters,
                  char ***ret_names, int64_t *ret_bytes, struct err *err)
{
    struct volume_list list = { 0 };
    struct db *db = store_db(e->store, err);
    int r = db ? volumes_list(e, a, filters, &list, err) : -EIO;
    AUTO_CLOSE int dir = fs_open_dir(AT_FDCWD, e->volume_path);

    for (char *const *f = filters; f && *f; f++)
        all |= str_starts(*f, "all=") && !STR_IN(*f + 4, "false", "0");
    for (size_t i = 0; r >= 0 && i < list.n; i++) {
        const struct volume_config *v = &list.items[i].config;
        int64_t bytes = 0, entries;
        if (list.items[i].users || (!all && !v->anonymous))
            continue;
        if (dir >= 0)
            (void)!fs_tree_size(dir, v->name, &bytes, &entries);
        r = dry ? 1 : volume_remove_unused(e, db, v->name, err);
        if (r > 0) {
            *ret_names = strv_add(a, *ret_names, v->name);
            *ret_bytes += bytes;
        }
    }
    return MIN(r, 0);
}

/* ---------- contents ---------- */

static int open_data(const struct volume *v, struct err *err)
{
    if (kv_get(&v->config.options, "device"))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "volume %s is mounted from %s inside containers only: copy with `podman cp`",
                       v->config.name, kv_get(&v->config.options, "device"));
    int fd = fs_open_dir(AT_FDCWD, v->path);
    return fd < 0 ? err_sys(err, -fd, "opening volume %s", v->config.name) : fd;
}

int volumes_export(struct engine *e, const struct volume *v, int fd, struct err *err)
{
    AUTO_CLOSE int root = open_data(v, err);
    struct image_tree tree = { .root = root };

    (void)e;
    return root < 0 ? root : image_export(&tree, fd, err);
}

int volumes_import(struct engine *e, const struct volume *v, int fd, struct err *err)
{
    AUTO_CLOSE int root = open_data(v, err);
    struct image_copy copy = {
        .in = fd, .dir = root, .out = -EBADF, .overwrite = true, .rootless = e->rootless
    };

    return root < 0 ? root : image_copy(&copy, err);
}

/* ---------- the document ---------- */

static json_t *whole_document(const struct volume *v)
{
    char stamp[TIME_TEXT_MAX];
    const struct volume_config *c = &v->config;

    return json_pack("{s:s,s:s,s:s,s:s,s:{},s:o,s:s,s:o,s:I,s:I,s:b,s:I,s:b,s:b,s:I,s:s,s:I}",
                     "Name", c->name, "Driver", c->driver, "Mountpoint", v->path, "CreatedAt",
                     time_format_rfc3339_local(c->created, stamp), "Status", "Labels",
                     kv_object(&c->labels), "Scope", "local", "Options", kv_object(&c->options),
                     "UID", (json_int_t)c->uid, "GID", (json_int_t)c->gid, "Anonymous",
                     (int)c->anonymous, "MountCount", (json_int_t)v->mounted, "NeedsCopyUp",
                     (int)!v->users, "NeedsChown", (int)!v->users, "Timeout", (json_int_t)0,
                     "StorageID", "", "LockNumber", (json_int_t)0);
}

/* What Go would leave out of the JSON text. */
static void leave_out_empty(json_t *row)
{
    static const char *const keys[] = { "Status",      "UID",        "GID",     "Anonymous",
                                        "NeedsCopyUp", "NeedsChown", "Timeout", "StorageID" };

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const json_t *v = json_object_get(row, keys[i]);
        bool empty = json_is_false(v) || (json_is_integer(v) && !json_integer_value(v)) ||
                     (json_is_object(v) && !json_object_size(v)) ||
                     (json_is_string(v) && !json_string_length(v));
        if (empty)
            json_object_del(row, keys[i]);
    }
}

json_t *volumes_document(const struct volume *v, bool as_go)
{
    json_t *doc = whole_document(v);

    if (as_go)
        leave_out_empty(doc);
    return doc;
}
