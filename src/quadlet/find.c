#include <dirent.h>
#include <limits.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/limits.h"
#include "quadlet/quadlet_priv.h"

#include "base/banned.h"

#define DEPTH_MAX 32 /* of directories below a quadlet directory */

/* Where to look. */

/* A user's directory: $@variable, or @fallback below the home directory. */
static const char *user_dir(struct arena *a, const char *variable, const char *fallback)
{
    const char *dir = getenv(variable), *home = getenv("HOME");
    if (!str_empty(dir))
        return dir;
    return fallback && !str_empty(home) ? arena_printf(a, "%s/%s", home, fallback) : NULL;
}

/* Users' quadlets below a directory of the system's: one directory for each user by number, and
 * what is beside them for all. */
static bool is_other_users(const char *parent, const char *name)
{
    if (str_ends(parent, "containers/systemd"))
        return STR_EQ(name, "users");
    return str_ends(parent, "containers/systemd/users") && name[strspn(name, "0123456789")] == '\0';
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(char **v)
{
    if (v)
        qsort(v, strv_len(v), sizeof(*v), by_text);
}

/* @dir and the directories below it; links are followed, each directory comes once. */
static void add_tree(struct arena *a, char ***dirs, const char *dir, int depth)
{
    AUTO_FREE char *real = realpath(dir, NULL);
    if (!real || strv_has(*dirs, real) || depth > DEPTH_MAX)
        return;
    AUTO_CLOSE int fd = fs_open_dir(AT_FDCWD, real);
    if (fd < 0)
        return;
    *dirs = strv_add(a, *dirs, real);
    DIR *d = fs_open_list(fd, ".");
    char **below = NULL;
    for (const struct dirent *e; d && (e = readdir(d));) {
        struct stat st;
        if (e->d_name[0] != '.' && !is_other_users(real, e->d_name) &&
            fstatat(fd, e->d_name, &st, 0) == 0 && S_ISDIR(st.st_mode))
            below = strv_add(a, below, e->d_name);
    }
    if (d)
        closedir(d);
    sort(below);
    for (size_t i = 0; below && below[i]; i++)
        add_tree(a, dirs, arena_printf(a, "%s/%s", real, below[i]), depth + 1);
}

char **quadlet_dirs(struct arena *a, bool user)
{
    char **roots = NULL, **dirs = NULL;
    const char *only = getenv("QUADLET_UNIT_DIRS");
    if (!str_empty(only)) {
        roots = strv_split(a, only, ':');
    } else if (!user) {
        roots = strv_add(a, roots, "/run/containers/systemd");
        roots = strv_add(a, roots, "/etc/containers/systemd");
        roots = strv_add(a, roots, "/usr/share/containers/systemd");
    } else {
        const char *run = user_dir(a, "XDG_RUNTIME_DIR", NULL);
        const char *config = user_dir(a, "XDG_CONFIG_HOME", ".config");
        if (run)
            roots = strv_add(a, roots, arena_printf(a, "%s/containers/systemd", run));
        if (config)
            roots = strv_add(a, roots, arena_printf(a, "%s/containers/systemd", config));
        static const char *const system_wide[] = { "/etc", "/usr/share" };
        for (size_t i = 0; i < ARRAY_SIZE(system_wide); i++) {
            const char *users = arena_printf(a, "%s/containers/systemd/users", system_wide[i]);
            roots = strv_add(a, roots, arena_printf(a, "%s/%u", users, getuid()));
            roots = strv_add(a, roots, users);
        }
    }
    for (size_t i = 0; roots && roots[i]; i++)
        if (*roots[i])
            add_tree(a, &dirs, roots[i], 0);
    return dirs;
}

const char *quadlet_install_dir(struct arena *a, bool user)
{
    const char *only = getenv("QUADLET_UNIT_DIRS");
    if (!str_empty(only))
        return strv_split(a, only, ':')[0];
    if (!user)
        return "/etc/containers/systemd";
    const char *config = user_dir(a, "XDG_CONFIG_HOME", ".config");
    return config ? arena_printf(a, "%s/containers/systemd", config) : NULL;
}

bool quadlet_kind_of(const char *file, enum quadlet_kind *ret)
{
    const char *dot = strrchr(file, '.');
    for (size_t i = 0; dot && dot != file && i < QUADLET_KIND_COUNT; i++) {
        if (STR_EQ(dot, quadlet_kinds[i].extension)) {
            *ret = (enum quadlet_kind)i;
            return true;
        }
    }
    return false;
}

/* Reading. */

static int read_into(struct arena *a, struct unit *u, const char *path, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_UNIT_FILE };
    int r = fs_read_file(AT_FDCWD, path, &text);
    if (r < 0)
        return err_sys(err, -r, "reading %s", path);
    return unit_parse(a, u, text.len ? text.data : "", text.len, path, err);
}

/* The directories of drop-ins for "a-b@i.container": of the file itself, of its template, of each
 * prefix that ends with a dash, and of all containers. */
static char **dropin_names(struct arena *a, const struct quadlet *q)
{
    const char *extension = quadlet_kinds[q->kind].extension;
    char **names = strv_add(a, NULL, arena_printf(a, "%s.d", q->file));
    const char *at = strchr(q->name, '@');
    int base = (int)(at ? (size_t)(at - q->name) : strlen(q->name));
    if (at && at[1])
        names = strv_add(a, names, arena_printf(a, "%.*s@%s.d", base, q->name, extension));
    for (int i = base - 1; i > 0; i--)
        if (q->name[i - 1] == '-')
            names = strv_add(a, names, arena_printf(a, "%.*s%s.d", i, q->name, extension));
    return strv_add(a, names, arena_printf(a, "%s.d", extension + 1));
}

static char **list_dir(struct arena *a, const char *dir)
{
    char **names = NULL;
    DIR *d = fs_open_list(AT_FDCWD, dir);
    for (const struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.')
            names = strv_add(a, names, e->d_name);
    if (d)
        closedir(d);
    sort(names);
    return names;
}

static int by_name(const void *a, const void *b)
{
    const char *x = strrchr(*(char *const *)a, '/'), *y = strrchr(*(char *const *)b, '/');
    return strcmp(x, y);
}

/* The first file of a name wins; they are read in the order of their names. */
static int read_dropins(struct arena *a, struct quadlet *q, char *const *dirs, struct err *err)
{
    char **names = dropin_names(a, q), **files = NULL, **seen = NULL;
    for (size_t d = 0; dirs && dirs[d]; d++) {
        for (size_t n = 0; names[n]; n++) {
            const char *dir = arena_printf(a, "%s/%s", dirs[d], names[n]);
            char **in = list_dir(a, dir);
            for (size_t i = 0; in && in[i]; i++) {
                if (!str_ends(in[i], ".conf") || strv_has(seen, in[i]))
                    continue;
                seen = strv_add(a, seen, in[i]);
                files = strv_add(a, files, arena_printf(a, "%s/%s", dir, in[i]));
            }
        }
    }
    if (files)
        qsort(files, strv_len(files), sizeof(*files), by_name);
    for (size_t i = 0; files && files[i]; i++) {
        int r = read_into(a, &q->unit, files[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

struct quadlet *quadlets_find(const struct quadlets *set, const char *file)
{
    for (size_t i = 0; i < set->count; i++)
        if (STR_EQ(set->all[i]->file, file))
            return set->all[i];
    return NULL;
}

static void add_quadlet(struct arena *a, struct quadlets *set, const char *file, const char *path,
                        enum quadlet_kind kind)
{
    struct quadlet *q = arena_alloc(a, sizeof(*q));
    AUTO_FREE char *real = realpath(path, NULL);
    *q = (struct quadlet) { .kind = kind, .file = arena_strdup(a, file) };
    q->path = arena_strdup(a, real ? real : path);
    q->name = arena_strndup(a, file, strlen(file) - strlen(quadlet_kinds[kind].extension));
    set->all = arena_grow(a, set->all, set->count, sizeof(struct quadlet *));
    set->all[set->count++] = q;
}

/* Each file of a quadlet's name, the first of a name wins. */
static void find_files(struct arena *a, struct quadlets *set, char *const *dirs)
{
    for (size_t d = 0; dirs && dirs[d]; d++) {
        char **in = list_dir(a, dirs[d]);
        for (size_t i = 0; in && in[i]; i++) {
            enum quadlet_kind kind;
            struct stat st;
            const char *path = arena_printf(a, "%s/%s", dirs[d], in[i]);
            if (!quadlet_kind_of(in[i], &kind) || quadlets_find(set, in[i]) ||
                (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
                continue;
            add_quadlet(a, set, in[i], path, kind);
        }
    }
}

/* "web@a.container.d" makes an instance of "web@.container" that nobody made a link for. */
static void find_instances(struct arena *a, struct quadlets *set, char *const *dirs)
{
    for (size_t d = 0; dirs && dirs[d]; d++) {
        char **in = list_dir(a, dirs[d]);
        for (size_t i = 0; in && in[i]; i++) {
            enum quadlet_kind kind;
            const char *at = strchr(in[i], '@');
            if (!at || !str_ends(in[i], ".d"))
                continue;
            const char *file = arena_strndup(a, in[i], strlen(in[i]) - 2);
            if (!quadlet_kind_of(file, &kind) || quadlets_find(set, file))
                continue;
            const char *from = arena_printf(a, "%.*s@%s", (int)(at - in[i]), in[i],
                                            quadlet_kinds[kind].extension);
            const struct quadlet *template = quadlets_find(set, from);
            if (template && !STR_EQ(file, from))
                add_quadlet(a, set, file, template->path, kind);
        }
    }
}

/* Names. */

static void name_service(struct arena *a, struct quadlet *q)
{
    const struct quadlet_kind_info *kind = &quadlet_kinds[q->kind];
    const char *own = unit_last(a, &q->unit, kind->section, "ServiceName");
    const char *at = strchr(q->name, '@');
    if (own)
        q->service = own;
    else if (at)
        q->service = arena_printf(a, "%.*s%s%s", (int)(at - q->name), q->name, kind->suffix, at);
    else
        q->service = arena_printf(a, "%s%s", q->name, kind->suffix);
}

static void name_resource(struct arena *a, struct quadlet *q)
{
    const struct quadlet_kind_info *kind = &quadlet_kinds[q->kind];
    char **all = kind->name_key ? unit_all(a, &q->unit, kind->section, kind->name_key) : NULL;
    switch (q->kind) {
    case QUADLET_BUILD: /* the first of its tags; without one it cannot be converted */
        q->resource = all ? all[0] : NULL;
        return;
    case QUADLET_IMAGE:
    case QUADLET_ARTIFACT:
        q->resource = unit_last(a, &q->unit, kind->section, kind->name_key);
        if (!q->resource)
            q->resource = unit_last(a, &q->unit, kind->section, kind->section);
        return;
    case QUADLET_CONTAINER:
        q->resource = unit_last(a, &q->unit, kind->section, kind->name_key);
        if (!q->resource)
            q->resource = arena_printf(a, "systemd-%s", q->service);
        return;
    case QUADLET_VOLUME:
    case QUADLET_NETWORK:
    case QUADLET_POD:
        q->resource = unit_last(a, &q->unit, kind->section, kind->name_key);
        if (!q->resource)
            q->resource = arena_printf(a, "systemd-%s", q->name);
        return;
    case QUADLET_KUBE:
    case QUADLET_KIND_COUNT:
        return;
    }
}

/* A pod starts its containers, unless they do not want to. */
static void join_pods(struct arena *a, struct quadlets *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct quadlet *q = set->all[i];
        if (q->kind != QUADLET_CONTAINER)
            continue;
        const char *pod = unit_last(a, &q->unit, "Container", "Pod");
        struct quadlet *of = pod ? quadlets_find(set, pod) : NULL;
        if (of && of->kind == QUADLET_POD && unit_bool(&q->unit, "Container", "StartWithPod", true))
            of->members = strv_add(a, of->members, q->service);
    }
}

static int by_file(const void *a, const void *b)
{
    return strcmp((*(struct quadlet *const *)a)->file, (*(struct quadlet *const *)b)->file);
}

void quadlets_load(struct arena *a, char *const *dirs, bool user, struct quadlets *ret)
{
    *ret = (struct quadlets) { .user = user };
    find_files(a, ret, dirs);
    find_instances(a, ret, dirs);
    if (ret->all)
        qsort(ret->all, ret->count, sizeof(struct quadlet *), by_file);
    size_t kept = 0;
    for (size_t i = 0; i < ret->count; i++) {
        struct quadlet *q = ret->all[i];
        struct err err = { 0 };
        int r = read_into(a, &q->unit, q->path, &err);
        if (r == 0)
            r = read_dropins(a, q, dirs, &err);
        if (r < 0) {
            ret->errors = strv_add(
                a, ret->errors,
                arena_printf(a, "error loading %s, ignoring: %s", q->path, err.msg));
            continue;
        }
        name_service(a, q);
        name_resource(a, q);
        ret->all[kept++] = q;
    }
    ret->count = kept;
    join_pods(a, ret);
}
