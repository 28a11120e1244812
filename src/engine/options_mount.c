#include <glob.h>

#include "base/csv.h"
#include "base/parse.h"
#include "engine/options.h"

#include "base/banned.h"

/* -v, --mount and --tmpfs. */

static int destination_check(struct arena *a, const char *what, const char *dst, char **ret,
                             struct err *err)
{
    if (dst[0] != '/')
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid container path \"%s\" in \"%s\": must be an absolute path", dst,
                       what);
    *ret = path_clean(a, dst);
    if (STR_EQ(*ret, "/"))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "\"%s\": the container's / cannot be mounted over", what);
    return 0;
}

/* Options that may stand behind a volume or bind mount; "key=value" ones by their key. */
static const char *const volume_options[] = {
    "ro",         "rw",          "rro",        "z",          "Z",           "U",        "O",
    "exec",       "noexec",      "suid",       "nosuid",     "dev",         "nodev",    "bind",
    "rbind",      "shared",      "rshared",    "slave",      "rslave",      "private",  "rprivate",
    "unbindable", "runbindable", "idmap",      "copy",       "nocopy",      "upperdir", "workdir",
    "noatime",    "relatime",    "nodiratime", "norelatime", "strictatime", "cached",   "delegated",
    "consistent", NULL,
};
/* Docker Desktop's: they mean nothing on Linux. */
static const char *const ignored_options[] = { "cached", "delegated", "consistent", NULL };
static const char *const tmpfs_options[] = {
    "ro",          "rw",     "exec",       "noexec",      "suid",       "nosuid",      "dev",
    "nodev",       "size",   "mode",       "uid",         "gid",        "nr_inodes",   "nr_blocks",
    "huge",        "mpol",   "noatime",    "relatime",    "nodiratime", "strictatime", "tmpcopyup",
    "notmpcopyup", "sync",   "async",      "private",     "rprivate",   "shared",      "rshared",
    "slave",       "rslave", "unbindable", "runbindable", "U",          "noswap",      NULL,
};

/* Of each group one option may be given. */
static const struct {
    const char *const *group;
    const char *words;
} exclusive[] = {
    { (const char *const[]) { "ro", "rw", "rro", NULL }, "'rw' or 'ro'" },
    { (const char *const[]) { "z", "Z", "O", NULL }, "'z', 'Z', or 'O'" },
    { (const char *const[]) { "bind", "rbind", NULL }, "'[r]bind'" },
    { (const char *const[]) { "exec", "noexec", NULL }, "'noexec' or 'exec'" },
    { (const char *const[]) { "suid", "nosuid", NULL }, "'suid' or 'nosuid'" },
    { (const char *const[]) { "dev", "nodev", NULL }, "'dev' or 'nodev'" },
    { (const char *const[]) { "copy", "nocopy", NULL }, "'copy' or 'nocopy'" },
    { (const char *const[]) { "U", NULL }, "'U'" },
    { (const char *const[]) { "tmpcopyup", "notmpcopyup", NULL }, "'tmpcopyup' or 'notmpcopyup'" },
    { (const char *const[]) { "shared", "rshared", "slave", "rslave", "private", "rprivate",
                              "unbindable", "runbindable", NULL },
      "'[r]shared', '[r]private', '[r]slave' or '[r]unbindable'" },
};

static int exclusive_check(char *const *opts, struct err *err)
{
    AUTO_BUF all = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(exclusive); i++) {
        int n = 0;
        for (char *const *o = opts; o && *o; o++)
            n += str_in_list(*o, exclusive[i].group);
        if (n < 2)
            continue;
        for (char *const *o = opts; *o; o++)
            buf_printf(&all, "%s%s", o == opts ? "" : ", ", *o);
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid options \"%s\", can only specify 1 %s option", all.data,
                       exclusive[i].words);
    }
    return 0;
}

static int options_check(const char *what, char *const *opts, const char *const *known,
                         struct err *err)
{
    int r = exclusive_check(opts, err);
    if (r < 0)
        return r;
    for (; opts && *opts; opts++) {
        size_t n = strcspn(*opts, "=");
        bool ok = false;
        for (const char *const *k = known; *k && !ok; k++)
            ok = strlen(*k) == n && strncmp(*k, *opts, n) == 0;
        if (!ok)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid option \"%s\" in \"%s\"", *opts,
                           what);
    }
    return 0;
}

static char **without_ignored(struct arena *a, char *const *opts)
{
    char **out = NULL;

    for (; opts && *opts; opts++)
        if (!str_in_list(*opts, ignored_options))
            out = strv_add(a, out, *opts);
    return out;
}

/* Where an overlay keeps what is written takes two directories. */
static int overlay_check(const char *text, char *const *opts, struct err *err)
{
    bool upper = false, work = false;

    for (char *const *o = opts; o && *o; o++) {
        upper |= str_starts(*o, "upperdir=");
        work |= str_starts(*o, "workdir=");
    }
    if (upper != work)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid options in \"%s\": must specify both upperdir and workdir", text);
    if (upper && !strv_has(opts, "O"))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid options in \"%s\": upperdir and workdir are for overlays (O)",
                       text);
    return 0;
}

/* What does not exist is named as it would be found. */
static char *absolute(struct arena *a, const char *path)
{
    char *real = path[0] == '/' ? NULL : realpath(path, NULL),
         *cwd = path[0] == '/' || real ? NULL : realpath(".", NULL);
    char *ret = path_clean(a, real ? real : cwd ? arena_printf(a, "%s/%s", cwd, path) : path);

    free(real);
    free(cwd);
    return ret;
}

int option_volume(struct arena *a, const char *text, struct container_mount *ret, struct err *err)
{
    char **f = strv_split(a, text, ':');
    size_t n = strv_len(f);

    if (n > 1 && n <= 3 && (!*f[0] || !*f[1]))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s directory cannot be empty: \"%s\"",
                       *f[0] ? "container" : "host", text);
    if (n > 3 || !*f[0])
        return err_set(
            err, ERR_BAD_PARAM, EINVAL,
            "incorrect volume format \"%s\", should be [host-dir|volume:]ctr-dir[:option]", text);
    const char *src = n > 1 ? f[0] : NULL;
    int r = destination_check(a, text, n > 1 ? f[1] : f[0], &ret->destination, err);
    if (r < 0)
        return r;
    if (!src) {
        ret->type = arena_strdup(a, "volume");
        ret->anonymous = true;
    } else if (src[0] == '/' || src[0] == '.') {
        ret->type = arena_strdup(a, "bind");
        ret->source = absolute(a, src);
    } else {
        ret->type = arena_strdup(a, "volume");
        r = option_name_check(src, err);
        if (r < 0)
            return r;
        ret->source = arena_strdup(a, src);
    }
    if (n == 3)
        ret->options = strv_split(a, f[2], ',');
    ret->options = without_ignored(a, ret->options);
    r = options_check(text, ret->options, volume_options, err);
    return r < 0 ? r : overlay_check(text, ret->options, err);
}

int option_tmpfs(struct arena *a, const char *text, struct container_mount *ret, struct err *err)
{
    const char *colon = strchrnul(text, ':');

    ret->type = arena_strdup(a, "tmpfs");
    int r = destination_check(a, text, arena_strndup(a, text, (size_t)(colon - text)),
                              &ret->destination, err);
    if (r == 0 && *colon) {
        ret->options = strv_split(a, colon + 1, ',');
        r = options_check(text, ret->options, tmpfs_options, err);
    }
    return r;
}

static bool truth(const char *value)
{
    bool b = true;

    return !value || (parse_bool(value, &b) == 0 && b);
}

/* A key of --mount that has a value: kept in a field, or an option that begins with @option. */
static int mount_value(struct arena *a, const char *text, const char *key, const char *value,
                       struct container_mount *m, struct err *err)
{
    enum { DESTINATION, TYPE, SOURCE, SUBPATH, TITLE, DIGEST, NAME, OPTION, IGNORED };
    static const struct {
        const char *key;
        int where;
        const char *option;
    } keys[] = {
        { "type", TYPE, NULL },
        { "src", SOURCE, NULL },
        { "source", SOURCE, NULL },
        { "dst", DESTINATION, NULL },
        { "destination", DESTINATION, NULL },
        { "target", DESTINATION, NULL },
        { "subpath", SUBPATH, NULL },
        { "volume-subpath", SUBPATH, NULL },
        { "title", TITLE, NULL },
        { "digest", DIGEST, NULL },
        { "name", NAME, NULL },
        { "bind-propagation", OPTION, "" },
        { "tmpfs-size", OPTION, "size=" },
        { "size", OPTION, "size=" },
        { "tmpfs-mode", OPTION, "mode=" },
        { "mode", OPTION, "mode=" },
        { "uid", OPTION, "uid=" },
        { "gid", OPTION, "gid=" },
        { "consistency", IGNORED,
          NULL }, /* Docker Desktop's: means nothing on Linux, for Podman neither */
    };
    char **fields[] = { [TYPE] = &m->type,   [SOURCE] = &m->source, [SUBPATH] = &m->subpath,
                        [TITLE] = &m->title, [DIGEST] = &m->digest, [NAME] = &m->name };

    if (STR_EQ(key, "relabel")) {
        m->options = strv_add(a, m->options, STR_EQ(value, "shared") ? "z" : "Z");
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!STR_EQ(key, keys[i].key))
            continue;
        if (keys[i].where == DESTINATION)
            return destination_check(a, text, value, &m->destination, err);
        if (keys[i].where == OPTION)
            m->options = strv_add(a, m->options, arena_printf(a, "%s%s", keys[i].option, value));
        else if (keys[i].where != IGNORED)
            *fields[keys[i].where] = arena_strdup(a, value);
        return 0;
    }
    return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid mount option \"%s\" in \"%s\"", key, text);
}

/* One key of --mount.  @value is NULL when the key stands alone. */
static int mount_key(struct arena *a, const char *text, const char *key, const char *value,
                     struct container_mount *m, struct err *err)
{
    static const struct {
        const char *key, *on, *off;
    } flags[] = {
        { "ro", "ro", "rw" },
        { "readonly", "ro", "rw" },
        { "rw", "rw", "ro" },
        { "exec", "exec", "noexec" },
        { "noexec", "noexec", NULL },
        { "suid", "suid", "nosuid" },
        { "nosuid", "nosuid", NULL },
        { "dev", "dev", "nodev" },
        { "nodev", "nodev", NULL },
        { "chown", "U", NULL },
        { "U", "U", NULL },
        { "tmpcopyup", "tmpcopyup", "notmpcopyup" },
        { "notmpcopyup", "notmpcopyup", NULL },
        { "bind-nonrecursive", "bind", "rbind" },
        { "volume-nocopy", "nocopy", "copy" },
        { "no-dereference", NULL, NULL },
    };
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        if (STR_EQ(key, flags[i].key) && flags[i].on) {
            const char *opt = truth(value) ? flags[i].on : flags[i].off;
            if (opt)
                m->options = strv_add(a, m->options, opt);
            return 0;
        }
    if (STR_EQ(key, "idmap")) {
        m->options = strv_add(a, m->options, value ? arena_printf(a, "idmap=%s", value) : "idmap");
        return 0;
    }
    if (!value)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid mount option \"%s\" in \"%s\": it needs a value", key, text);
    return mount_value(a, text, key, value, m, err);
}

static int artifact_check(const char *text, const struct container_mount *m, struct err *err)
{
    if (str_empty(m->source))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "must set source and destination: \"%s\"", text);
    if (m->title && m->digest)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\": cannot specify both digest and title",
                       text);
    if (m->name && (!*m->name || strchr(m->name, '/') || STR_IN(m->name, ".", "..")))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\": \"%s\" cannot be the name of a file",
                       text, m->name);
    if (strv_has(m->options, "rw"))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\": artifacts are mounted read-only", text);
    return 0;
}

/* Of type bind, volume or tmpfs: what may not stand together. */
static int mount_options_check(const char *text, struct container_mount *m, struct err *err)
{
    int r = exclusive_check(m->options, err);

    if (r == 0 && !STR_EQ(m->type, "tmpfs") &&
        (strv_has(m->options, "tmpcopyup") || strv_has(m->options, "notmpcopyup")))
        return err_set(
            err, ERR_BAD_PARAM, EINVAL,
            "\"%s\": the 'tmpcopyup' and 'notmpcopyup' options are only allowed with tmpfs "
            "mounts",
            text);
    return r;
}

static int source_check(struct arena *a, const char *text, struct container_mount *m,
                        struct err *err)
{
    if (STR_EQ(m->type, "volume")) {
        m->anonymous = str_empty(m->source);
        return m->anonymous ? 0 : option_name_check(m->source, err);
    }
    if (STR_IN(m->type, "tmpfs", "devpts", "ramfs"))
        return !m->source || STR_EQ(m->type, "ramfs")
                   ? 0
                   : err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\": a %s mount has no source", text,
                             m->type);
    if (str_empty(m->source))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       STR_EQ(m->type, "bind") ? "host directory cannot be empty: \"%s\""
                                               : "must set source and destination: \"%s\"",
                       text);
    if (STR_EQ(m->type, "image"))
        return 0;
    m->source = absolute(a, m->source);
    glob_t found = { 0 };
    int none = STR_EQ(m->type, "glob") ? glob(m->source, 0, NULL, &found) : 0;
    globfree(&found);
    return none ? err_set(err, ERR_NOT_FOUND, ENOENT, "no file paths matching glob \"%s\"",
                          m->source)
                : 0;
}

int option_mount(struct arena *a, const char *text, struct container_mount *ret, struct err *err)
{
    char **fields = NULL;
    int r = csv_record(a, text, &fields, err);

    ret->type = arena_strdup(a, "volume");
    for (char **f = fields; r == 0 && f && *f; f++) {
        char *eq = strchr(*f, '=');
        if (eq)
            *eq++ = '\0';
        r = mount_key(a, text, *f, eq, ret, err);
    }
    if (r < 0)
        return r;
    if (!STR_IN(ret->type, "bind", "volume", "tmpfs", "devpts", "ramfs", "artifact", "image",
                "glob"))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid filesystem type \"%s\"", ret->type);
    if (!ret->destination && STR_EQ(ret->type, "glob"))
        ret->destination = arena_strdup(a, "");
    if (!ret->destination)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "must set volume destination in \"%s\"", text);
    if (STR_EQ(ret->type, "artifact"))
        return artifact_check(text, ret, err);
    if (ret->title || ret->digest || ret->name)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "\"%s\": title, digest and name are for mounts of type artifact", text);
    if (STR_EQ(ret->type, "image") && !str_empty(ret->subpath))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "\"%s\": a part of an image cannot be mounted", text);
    r = mount_options_check(text, ret, err);
    return r < 0 ? r : source_check(a, text, ret, err);
}
