#include "config/storage.h"

#include "base/log.h"
#include "config/fields.h"
#include "config/files.h"

#include "base/banned.h"

#define T struct config_storage
#define S_ROW(k, s, n, m, type, ...)                                                               \
    {                                                                                              \
        s, n, k, CONF_OFF_(T, m, type), __VA_ARGS__                                                \
    }
#define S_STR(s, n, m, ...) S_ROW(CONF_STR, s, n, m, char *, __VA_ARGS__)
#define S_BOOL(s, n, m)     S_ROW(CONF_BOOL, s, n, m, bool, NULL)
#define S_INT(s, n, m)      S_ROW(CONF_INT, s, n, m, int64_t, NULL, .max = UINT32_MAX)
#define S_LIST(s, n, m)     S_ROW(CONF_LIST, s, n, m, char **, NULL)
/* Keys of drivers that we do not have: known, read into nothing that is used. */
#define S_OTHER_DRIVER(s, n)                                                                       \
    {                                                                                              \
        s, n, CONF_OTHER, 0, .read = other_driver                                                  \
    }

#define OPTIONS "storage.options"
#define OVERLAY "storage.options.overlay"

static int other_driver(struct arena *a, const json_t *v, const struct config_place *at,
                        void *field, struct err *err)
{
    (void)a;
    (void)v;
    (void)field;
    (void)err;
    log_debug("%s:%d: %s.%s is for another driver", at->file, at->line, at->section, at->key);
    return 0;
}

/* Rows are applied in order: the driver's own section stands last. */
static const struct config_field fields[] = {
    S_STR("storage", "driver", driver, NULL),
    S_LIST("storage", "driver_priority", driver_priority),
    S_STR("storage", "graphroot", graphroot, NULL),
    S_STR("storage", "runroot", runroot, NULL),
    S_STR("storage", "imagestore", imagestore, NULL),
    S_STR("storage", "rootless_storage_path", rootless_storage_path, NULL),
    S_BOOL("storage", "transient_store", transient_store),

    S_LIST(OPTIONS, "additionalimagestores", additionalimagestores),
    S_LIST(OPTIONS, "additionallayerstores", additionallayerstores),
    S_STR(OPTIONS, "imagestore", imagestore, NULL),
    S_STR(OPTIONS, "root-auto-userns-user", auto_userns_user, NULL),
    S_INT(OPTIONS, "auto-userns-min-size", auto_userns_min_size),
    S_INT(OPTIONS, "auto-userns-max-size", auto_userns_max_size),
    S_BOOL(OPTIONS, "disable-volatile", disable_volatile),
    S_BOOL(OPTIONS, "ignore_chown_errors", ignore_chown_errors),
    S_BOOL(OPTIONS, "skip_mount_home", skip_mount_home),
    S_BOOL(OPTIONS, "use_composefs", use_composefs),
    S_STR(OPTIONS, "mountopt", mountopt, NULL),
    S_STR(OPTIONS, "mount_program", mount_program, NULL),
    S_STR(OPTIONS, "size", size, NULL),
    S_STR(OPTIONS, "force_mask", force_mask, NULL),
    S_ROW(CONF_MAP, OPTIONS, "pull_options", pull_options, kv_list, NULL),

    S_BOOL(OVERLAY, "ignore_chown_errors", ignore_chown_errors),
    S_BOOL(OVERLAY, "skip_mount_home", skip_mount_home),
    S_BOOL(OVERLAY, "use_composefs", use_composefs),
    S_STR(OVERLAY, "mountopt", mountopt, NULL),
    S_STR(OVERLAY, "mount_program", mount_program, NULL),
    S_STR(OVERLAY, "size", size, NULL),
    S_STR(OVERLAY, "inodes", inodes, NULL),
    S_STR(OVERLAY, "force_mask", force_mask, NULL),
    S_STR(OVERLAY, "sync", sync, NULL, .choices = "none|filesystem"),

    S_OTHER_DRIVER("storage.options.btrfs", "min_space"),
    S_OTHER_DRIVER("storage.options.btrfs", "size"),
    S_OTHER_DRIVER("storage.options.vfs", "ignore_chown_errors"),
    S_OTHER_DRIVER("storage.options.vfs", "sync"),
    S_OTHER_DRIVER("storage.options.zfs", "mountopt"),
    S_OTHER_DRIVER("storage.options.zfs", "fsname"),
    S_OTHER_DRIVER("storage.options.zfs", "size"),
    { 0 },
};
#undef T

/* ---------- files ---------- */

struct loader {
    struct arena *a;
    struct config_storage *s;
    uid_t uid;
    bool append[ARRAY_SIZE(fields)];
};

static int load_file(struct loader *l, const char *path, bool user, struct err *err)
{
    struct toml t;
    char *graphroot = l->s->graphroot, *runroot = l->s->runroot;
    int r = config_read(path, &t, err);

    if (r < 0)
        return r;
    r = config_apply(l->a, fields, l->append, l->s, &t, path, err);
    toml_done(&t);
    if (l->uid != 0 && !user) { /* paths of root, useless to others */
        l->s->graphroot = graphroot;
        l->s->runroot = runroot;
    }
    l->s->loaded = strv_add(l->a, l->s->loaded, path);
    return r;
}

static int load_files(struct loader *l, struct err *err)
{
    const char *only = getenv("CONTAINERS_STORAGE_CONF");
    const char *last = getenv("CONTAINERS_STORAGE_CONF_OVERRIDE");
    int r = 0;

    if (!str_empty(only)) {
        r = load_file(l, only, true, err);
    } else {
        struct config_file *files;
        r = config_files(l->a, "storage", l->uid, &files, err);
        for (; r == 0 && files->path; files++)
            r = load_file(l, files->path, files->user, err);
    }
    return r == 0 && !str_empty(last) ? load_file(l, last, true, err) : r;
}

/* ---------- options: --storage-opt and $STORAGE_OPTS ---------- */

static int set_option(struct loader *l, const char *text, struct err *err)
{
    const char *eq = strchr(text, '=');

    if (!eq)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "storage option \"%s\" must be name=value",
                       text);
    char *key = arena_strndup(l->a, text, (size_t)(eq - text));
    if (strchr(key, '.'))
        key = strchr(key, '.') + 1; /* "overlay.size" */
    if (STR_EQ(key, "additionalimagestore"))
        key = arena_strdup(l->a, "additionalimagestores");
    for (const struct config_field *f = fields; f->kind != CONF_END; f++) {
        if (!str_starts(f->section, OPTIONS) || !STR_EQ(f->key, key) || f->kind == CONF_OTHER ||
            f->kind == CONF_MAP)
            continue;
        void *field = (char *)l->s + f->off;
        if (f->kind == CONF_BOOL) {
            if (!STR_IN(eq + 1, "true", "false", "1", "0"))
                return err_set(err, ERR_BAD_PARAM, EINVAL, "storage option \"%s\": not a boolean",
                               text);
            *(bool *)field = eq[1] == 't' || eq[1] == '1';
        } else if (f->kind == CONF_LIST) {
            *(char ***)field = strv_add(l->a, *(char ***)field, eq + 1);
        } else if (f->kind == CONF_STR) {
            *(char **)field = arena_strdup(l->a, eq + 1);
        }
        return 0;
    }
    return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown storage option \"%s\"", text);
}

/* Options given outside the files replace all options of the files; a single "" means none. */
static int set_options(struct loader *l, char *const *opts, struct err *err)
{
    struct config_storage *s = l->s;
    int r = 0;

    if (!opts || !*opts)
        return 0;
    s->additionalimagestores = s->additionallayerstores = NULL;
    s->mountopt = s->mount_program = s->size = s->inodes = s->force_mask = s->sync = NULL;
    s->ignore_chown_errors = s->skip_mount_home = s->use_composefs = false;
    for (; r == 0 && *opts; opts++)
        if (**opts)
            r = set_option(l, *opts, err);
    return r;
}

/* ---------- paths ---------- */

/* $HOME, $UID and $USER in rootless_storage_path. */
static char *expand(struct arena *a, const char *path, uid_t uid)
{
    AUTO_BUF b = { 0 };

    for (const char *p = path; *p;) {
        if (str_starts(p, "$HOME")) {
            buf_puts(&b, getenv("HOME") ? getenv("HOME") : "/");
            p += 5;
        } else if (str_starts(p, "$USER")) {
            buf_puts(&b, getenv("USER") ? getenv("USER") : "");
            p += 5;
        } else if (str_starts(p, "$UID")) {
            buf_printf(&b, "%u", uid);
            p += 4;
        } else {
            buf_putc(&b, *p++);
        }
    }
    return arena_strdup(a, b.data ? b.data : "");
}

static char *default_graphroot(struct arena *a, const struct config_storage *s, uid_t uid)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

    if (uid == 0)
        return arena_strdup(a, "/var/lib/containers/storage");
    if (!str_empty(s->rootless_storage_path))
        return expand(a, s->rootless_storage_path, uid);
    if (!str_empty(data))
        return arena_printf(a, "%s/containers/storage", data);
    return arena_printf(a, "%s/.local/share/containers/storage", home ? home : "");
}

static int absolute(const char *what, const char *path, struct err *err)
{
    return *path == '/' ? 0
                        : err_set(err, ERR_BAD_PARAM, EINVAL, "%s \"%s\" must be an absolute path",
                                  what, path);
}

static int finish(struct loader *l, const char *runtime_dir, struct err *err)
{
    struct config_storage *s = l->s;

    if (str_empty(s->driver))
        s->driver = arena_strdup(l->a, s->driver_priority ? s->driver_priority[0] : "overlay");
    if (str_empty(s->graphroot))
        s->graphroot = default_graphroot(l->a, s, l->uid);
    if (str_empty(s->runroot))
        s->runroot = l->uid == 0 ? arena_strdup(l->a, "/run/containers/storage")
                                 : arena_printf(l->a, "%s/containers", runtime_dir);
    int r = absolute("graphroot", s->graphroot, err);
    return r < 0 ? r : absolute("runroot", s->runroot, err);
}

/* A path from the command line counts from where we are. */
static char *from_here(struct arena *a, const char *path)
{
    AUTO_FREE char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);

    return cwd ? arena_printf(a, "%s/%s", cwd, path) : arena_strdup(a, path);
}

int config_storage_load(struct arena *a, const struct config_storage_flags *flags, uid_t uid,
                        const char *runtime_dir, struct config_storage *ret, struct err *err)
{
    static const struct config_storage_flags none = { 0 };
    struct loader l = { .a = a, .s = ret, .uid = uid };
    const char *driver = getenv("STORAGE_DRIVER"), *opts = getenv("STORAGE_OPTS");

    memset(ret, 0, sizeof(*ret));
    flags = flags ? flags : &none;
    int r = load_files(&l, err);
    if (r == 0 && !str_empty(opts))
        r = set_options(&l, strv_split(a, opts, ','), err);
    if (r == 0)
        r = set_options(&l, flags->opts, err);
    if (r < 0)
        return r;
    if (!str_empty(flags->driver) || !str_empty(driver))
        ret->driver = arena_strdup(a, !str_empty(flags->driver) ? flags->driver : driver);
    if (!str_empty(flags->root))
        ret->graphroot = from_here(a, flags->root);
    if (!str_empty(flags->runroot))
        ret->runroot = from_here(a, flags->runroot);
    if (!str_empty(flags->imagestore))
        ret->imagestore = from_here(a, flags->imagestore);
    return finish(&l, runtime_dir, err);
}
