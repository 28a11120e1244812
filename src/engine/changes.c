#include "engine/changes.h"

#include <dirent.h>
#include <sys/xattr.h>

#include "base/fs.h"
#include "engine/engine_priv.h"
#include "engine/spec_parts.h"
#include "image/image.h"

#include "base/banned.h"

/* ---------- stacks ---------- */

struct stack {
    int *roots;
    char *const *paths;
    size_t n;
};

/* A directory as a stack sees it: the layers, topmost first, that have a part of it. */
struct view {
    size_t *layers;
    size_t n;
};

static void stack_close(struct stack *s)
{
    for (size_t i = 0; i < s->n; i++)
        close_p(&s->roots[i]);
}
#define AUTO_STACK CLEANUP(stack_close) struct stack

static int stack_open(struct arena *a, char *const *paths, struct stack *ret, struct err *err)
{
    ret->paths = paths;
    ret->roots = arena_alloc(a, (strv_len(paths) + 1) * sizeof(int));
    for (; paths && paths[ret->n]; ret->n++)
        if ((ret->roots[ret->n] = fs_open_dir(AT_FDCWD, paths[ret->n])) < 0)
            return err_sys(err, -ret->roots[ret->n], "opening %s", paths[ret->n]);
    return 0;
}

static bool is_opaque(int fd)
{
    char v = 0;

    return (fgetxattr(fd, "trusted.overlay.opaque", &v, 1) == 1 && v == 'y') ||
           (fgetxattr(fd, "user.overlay.opaque", &v, 1) == 1 && v == 'y');
}

static bool is_whiteout(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static int open_part(const struct stack *s, size_t layer, const char *path)
{
    return fs_open_in_root(s->roots[layer], path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

/* The entry (@dir, @name): false when there is none; of a directory @ret gets its parts. */
static bool look(struct arena *a, const struct stack *s, const struct view *dir, const char *path,
                 const char *name, struct stat *ret_st, struct view *ret)
{
    bool found = false;

    *ret = (struct view) { .layers = arena_alloc(a, (dir->n + 1) * sizeof(size_t)) };
    for (size_t i = 0; i < dir->n; i++) {
        struct stat st;
        AUTO_CLOSE int parent = open_part(s, dir->layers[i], path);
        if (parent < 0 || fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (is_whiteout(&st) || (found && !S_ISDIR(st.st_mode)))
            break;
        if (!found)
            *ret_st = st;
        found = true;
        if (!S_ISDIR(st.st_mode))
            break;
        ret->layers[ret->n++] = dir->layers[i];
        AUTO_CLOSE int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0 && is_opaque(fd))
            break;
    }
    return found;
}

/* ---------- comparing ---------- */

struct comparison {
    struct arena *a;
    struct stack old, new;
    change_list *out;
};

static int compare_names(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

static char **add_names(struct arena *a, const struct stack *s, const struct view *v,
                        const char *path, char **names)
{
    for (size_t i = 0; i < v->n; i++) {
        int fd = open_part(s, v->layers[i], path);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        for (struct dirent *e; d && (e = readdir(d));)
            if (!STR_IN(e->d_name, ".", ".."))
                names = strv_add(a, names, e->d_name);
        if (d)
            closedir(d);
    }
    return names;
}

/* All names of both sides, each once. */
static char **all_names(struct comparison *c, const struct view *old, const struct view *new,
                        const char *path)
{
    char **names = add_names(c->a, &c->old, old, path, NULL);
    names = add_names(c->a, &c->new, new, path, names);
    size_t n = strv_len(names), kept = 0;

    if (n)
        qsort(names, n, sizeof(*names), compare_names);
    for (size_t i = 0; i < n; i++)
        if (!kept || !STR_EQ(names[kept - 1], names[i]))
            names[kept++] = names[i];
    if (names)
        names[kept] = NULL;
    return names;
}

static bool same_attributes(const struct stat *x, const struct stat *y)
{
    if (x->st_dev == y->st_dev && x->st_ino == y->st_ino)
        return true;
    bool same = x->st_mode == y->st_mode && x->st_uid == y->st_uid && x->st_gid == y->st_gid &&
                x->st_mtim.tv_sec == y->st_mtim.tv_sec && x->st_mtim.tv_nsec == y->st_mtim.tv_nsec;
    return same && (S_ISDIR(x->st_mode) || (x->st_size == y->st_size && x->st_rdev == y->st_rdev));
}

/* The same parts of the same layers: nothing below can differ. */
static bool same_view(const struct comparison *c, const struct view *x, const struct view *y)
{
    if (x->n != y->n)
        return false;
    for (size_t i = 0; i < x->n; i++)
        if (!STR_EQ(c->old.paths[x->layers[i]], c->new.paths[y->layers[i]]))
            return false;
    return true;
}

static size_t note(struct comparison *c, enum change_kind kind, const char *path)
{
    *LIST_ADD(c->a, *c->out) = (struct change) { kind, arena_strdup(c->a, path) };
    return c->out->n - 1;
}

static void compare_dirs(struct comparison *c, const struct view *old, const struct view *new,
                         const char *path, int depth);

static void compare_entry(struct comparison *c, const struct view *old, const struct view *new,
                          const char *dir, const char *name, int depth)
{
    static const struct view nothing;
    struct stat was = { 0 }, is = { 0 };
    struct view old_parts, new_parts;
    bool before = look(c->a, &c->old, old, dir, name, &was, &old_parts);
    bool after = look(c->a, &c->new, new, dir, name, &is, &new_parts);
    char *path = arena_printf(c->a, "%s/%s", STR_EQ(dir, "/") ? "" : dir, name);

    if (!after) {
        if (before)
            note(c, CHANGE_DELETED, path);
        return;
    }
    if (!before) {
        note(c, CHANGE_ADDED, path);
        if (S_ISDIR(is.st_mode))
            compare_dirs(c, &nothing, &new_parts, path, depth + 1);
        return;
    }
    bool both_dirs = S_ISDIR(was.st_mode) && S_ISDIR(is.st_mode);
    if (both_dirs && same_view(c, &old_parts, &new_parts))
        return;
    bool differs = !same_attributes(&was, &is);
    size_t at = c->out->n;
    if (differs || both_dirs)
        note(c, CHANGE_CHANGED, path);
    if (S_ISDIR(is.st_mode))
        compare_dirs(c, both_dirs ? &old_parts : &nothing, &new_parts, path, depth + 1);
    /* A directory that only stands there for others is no change. */
    if (!differs && both_dirs && c->out->n == at + 1)
        c->out->n = at;
}

static void compare_dirs(struct comparison *c, const struct view *old, const struct view *new,
                         const char *path, int depth)
{
    enum { DEEPEST = 1024 }; /* PATH_MAX allows twice that; a container decides what is there */

    if (depth > DEEPEST)
        return;
    for (char **n = all_names(c, old, new, path); n && *n; n++)
        compare_entry(c, old, new, path, *n, depth);
}

static struct view whole(struct arena *a, const struct stack *s)
{
    struct view v = { .layers = arena_alloc(a, (s->n + 1) * sizeof(size_t)), .n = s->n };

    for (size_t i = 0; i < s->n; i++)
        v.layers[i] = i;
    return v;
}

static int compare_paths(const void *x, const void *y)
{
    return strcmp(((const struct change *)x)->path, ((const struct change *)y)->path);
}

int changes_between(struct arena *a, char *const *old, char *const *new, change_list *out,
                    struct err *err)
{
    AUTO_STACK before = { 0 }, after = { 0 };
    int r = stack_open(a, old, &before, err);

    if (r == 0)
        r = stack_open(a, new, &after, err);
    if (r < 0)
        return r;
    struct comparison c = { .a = a, .old = before, .new = after, .out = out };
    struct view x = whole(a, &before), y = whole(a, &after);
    if (!same_view(&c, &x, &y))
        compare_dirs(&c, &x, &y, "/", 0);
    if (out->n)
        qsort(out->items, out->n, sizeof(*out->items), compare_paths);
    return 0;
}

/* ---------- containers and images ---------- */

static int container_stacks(struct engine *e, struct arena *a, const struct container *c,
                            char ***ret_lower, char ***ret_all, struct err *err)
{
    static const char *const tops[] = { "upper", "rootfs" };
    char *bundle = container_bundle(e, a, c->config.id);
    int r = rootfs_lower(e, a, &c->config, ret_lower, err);

    if (r < 0)
        return r;
    if (c->config.rootfs && !c->config.rootfs_overlay)
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "container %s runs on a directory of the host (--rootfs): there is no image "
                       "to compare it with",
                       c->config.name);
    *ret_all = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(tops) && !*ret_all; i++) {
        char *top = arena_printf(a, "%s/%s", bundle, tops[i]);
        if (access(top, F_OK) == 0)
            *ret_all = strv_add(a, NULL, top);
        if (*ret_all && i == 0)
            *ret_all = strv_concat(a, *ret_all, *ret_lower);
    }
    return 0;
}

/* Mount points, and what stands there because of us. */
static bool is_ours(const struct container *c, const char *path)
{
    if (STR_IN(path, "/dev", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/proc", "/run",
               "/run/notify", "/run/.containerenv", "/run/secrets", "/run/podman-init", "/sys",
               "/etc/mtab"))
        return true;
    for (size_t i = 0; i < c->config.mounts.n; i++)
        if (STR_EQ(c->config.mounts.items[i].destination, path))
            return true;
    return false;
}

static bool has_below(const change_list *l, size_t from, const char *dir)
{
    size_t n = strlen(dir);

    for (size_t i = from; i < l->n; i++)
        if (strncmp(l->items[i].path, dir, n) == 0 && l->items[i].path[n] == '/')
            return true;
    return false;
}

static void leave_out_ours(const struct container *c, change_list *l)
{
    size_t kept = 0;

    for (size_t i = 0; i < l->n; i++)
        if (!is_ours(c, l->items[i].path))
            l->items[kept++] = l->items[i];
    l->n = kept;
    /* /etc has changed because of what was left out only: then it has not. */
    for (size_t i = kept = 0; i < l->n; i++)
        if (!(STR_EQ(l->items[i].path, "/etc") && l->items[i].kind == CHANGE_CHANGED &&
              !has_below(l, i + 1, "/etc")))
            l->items[kept++] = l->items[i];
    l->n = kept;
}

int changes_container(struct engine *e, struct arena *a, const struct container *c,
                      change_list *out, struct err *err)
{
    char **lower, **all;
    int r = container_stacks(e, a, c, &lower, &all, err);

    if (r == 0)
        r = changes_between(a, lower, all, out, err);
    if (r == 0)
        leave_out_ours(c, out);
    return r;
}

static int image_stack(struct engine *e, struct arena *a, const char *name, char ***ret,
                       struct err *err)
{
    struct image img = { 0 };
    int r = image_find(e->store, a, name, &img, err);

    return r < 0 ? r : image_lower_dirs(e->store, a, &img, ret, err);
}

int changes_image(struct engine *e, struct arena *a, const char *name, const char *other,
                  change_list *out, struct err *err)
{
    char **new, **old;
    int r = image_stack(e, a, name, &new, err);

    if (r < 0)
        return r;
    if (!other)
        old = new &&*new ? new + 1 : NULL;
    else if ((r = image_stack(e, a, other, &old, err)) < 0)
        return r;
    return changes_between(a, old, new, out, err);
}

static int any_stack(struct engine *e, struct arena *a, const char *name, char ***ret,
                     struct err *err)
{
    struct container c;
    struct err absent = { 0 };
    char **lower;

    if (container_find(e, a, name, &c, &absent) == 0)
        return container_stacks(e, a, &c, &lower, ret, err);
    return image_stack(e, a, name, ret, err);
}

int changes_any(struct engine *e, struct arena *a, const char *name, const char *other,
                change_list *out, struct err *err)
{
    struct container c;
    struct err absent = { 0 };
    char **new, **old;

    if (!other && container_find(e, a, name, &c, &absent) == 0)
        return changes_container(e, a, &c, out, err);
    if (!other)
        return changes_image(e, a, name, NULL, out, err);
    int r = any_stack(e, a, name, &new, err);
    if (r == 0)
        r = any_stack(e, a, other, &old, err);
    return r < 0 ? r : changes_between(a, old, new, out, err);
}
