#include "config/files.h"

#include <dirent.h>

#include "base/fs.h"
#include "base/limits.h"

#include "base/banned.h"

char *config_user_dir(struct arena *a)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

    if (!str_empty(xdg))
        return arena_printf(a, "%s/containers", xdg);
    return str_empty(home) ? NULL : arena_printf(a, "%s/.config/containers", home);
}

struct found {
    struct arena *a;
    struct config_file *items;
    size_t n;
};

static void add(struct found *f, char *path, bool user)
{
    f->items = arena_grow(f->a, f->items, f->n, sizeof(*f->items));
    f->items[f->n++] = (struct config_file) { path, user };
    f->items[f->n] = (struct config_file) { 0 };
}

static const char *base_name(const char *path)
{
    return strrchr(path, '/') + 1;
}

/* The drop-ins of one directory; they replace what an earlier directory had under their name. */
static int scan(struct found *f, const char *dir, bool user, struct err *err)
{
    DIR *d = opendir(dir);

    if (!d)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES
                   ? 0
                   : err_sys(err, errno, "reading directory %s", dir);
    for (struct dirent *e; (e = readdir(d));) {
        if (!str_ends(e->d_name, ".conf") || e->d_name[0] == '.' || e->d_type == DT_DIR)
            continue;
        char *path = arena_printf(f->a, "%s/%s", dir, e->d_name);
        size_t i = 0;
        while (i < f->n && !STR_EQ(base_name(f->items[i].path), e->d_name))
            i++;
        if (i < f->n)
            f->items[i] = (struct config_file) { path, user };
        else
            add(f, path, user);
    }
    closedir(d);
    return 0;
}

static int by_base_name(const void *a, const void *b)
{
    return strcmp(base_name(((const struct config_file *)a)->path),
                  base_name(((const struct config_file *)b)->path));
}

static int scan_place(struct found *f, const char *place, const char *name, uid_t uid, bool user,
                      struct err *err)
{
    int r = scan(f, arena_printf(f->a, "%s/%s.conf.d", place, name), user, err);

    if (r < 0 || user)
        return r;
    if (uid == 0)
        return scan(f, arena_printf(f->a, "%s/%s.rootful.conf.d", place, name), false, err);
    const char *rootless = arena_printf(f->a, "%s/%s.rootless.conf.d", place, name);
    r = scan(f, rootless, false, err);
    return r < 0 ? r : scan(f, arena_printf(f->a, "%s/%u", rootless, uid), false, err);
}

int config_files(struct arena *a, const char *name, uid_t uid, struct config_file **ret,
                 struct err *err)
{
    const char *const places[] = { "/usr/share/containers", "/etc/containers", config_user_dir(a) };
    struct found f = { .a = a };
    char *main_file = NULL;
    size_t i = ARRAY_SIZE(places);

    while (!main_file && i > 0) {
        if (!places[--i])
            continue;
        char *path = arena_printf(a, "%s/%s.conf", places[i], name);
        if (access(path, F_OK) == 0)
            main_file = path;
    }
    bool main_user = i == 2;
    for (i = 0; i < ARRAY_SIZE(places); i++) {
        int r = places[i] ? scan_place(&f, places[i], name, uid, i == 2, err) : 0;
        if (r < 0)
            return r;
    }
    if (f.n)
        qsort(f.items, f.n, sizeof(*f.items), by_base_name);
    struct config_file *all = arena_alloc(a, (f.n + 2) * sizeof(*all));
    size_t n = 0;
    if (main_file)
        all[n++] = (struct config_file) { main_file, main_user };
    if (f.n)
        memcpy(all + n, f.items, f.n * sizeof(*all));
    *ret = all;
    return 0;
}

int config_read(const char *path, struct toml *ret, struct err *err)
{
    AUTO_BUF b = { .max = LIMIT_CONFIG_FILE };
    int r = fs_read_file(AT_FDCWD, path, &b);

    if (r < 0)
        return err_sys(err, -r, "reading %s", path);
    return toml_parse(ret, b.data ? b.data : "", b.len, path, err);
}
