#include "image/mod/tree_write.h"

#include <limits.h>
#include <linux/limits.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "image/mod/tar_write.h"

#include "base/banned.h"

enum { CHUNK = 256 * 1024, DEEPEST = 1024, XATTRS_MAX = 64 * 1024 };

/* A file with several names: the first of them. */
struct linked {
    dev_t dev;
    ino_t ino;
    char *path;
};

struct writer {
    const struct image_tree *tree;
    tree_sink sink;
    void *arg;
    struct err *err;
    struct arena arena; /* lives as long as the stream: names of hard links */
    JSON_LIST(struct linked) links;
    char *chunk;
    char *last_dir; /* the directory whose entries were written last, with its parents: "usr/lib" */
};

/* ---------- one entry ---------- */

static int64_t mapped_back(const struct container_idmap *m, size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (id >= m[i].host && id - m[i].host < m[i].size)
            return m[i].container + id - m[i].host;
    return id;
}

/* The attributes that belong into an archive: overlayfs' own and those of security modules do not. */
static bool is_portable(const char *name)
{
    return (str_starts(name, "user.") && !str_starts(name, "user.overlay.")) ||
           STR_EQ(name, "security.capability");
}

static void read_xattrs(int fd, struct arena *a, struct tar_entry *e)
{
    char path[40], value[XATTR_SIZE_MAX];
    AUTO_FREE char *names = xmalloc(XATTRS_MAX);
    ssize_t n = listxattr(fd_path(fd, path, sizeof(path)), names, XATTRS_MAX);
    struct tar_xattr **end = &e->xattrs;

    for (const char *p = names; n > 0 && p < names + n; p += strlen(p) + 1) {
        if (!is_portable(p))
            continue;
        ssize_t len = getxattr(path, p, value, sizeof(value));
        if (len < 0)
            continue;
        struct tar_xattr *x = arena_alloc(a, sizeof(*x));
        *x = (struct tar_xattr) { .name = arena_strdup(a, p),
                                  .value = arena_memdup(a, value, (size_t)len),
                                  .len = (size_t)len };
        *end = x;
        end = &x->next;
    }
}

static int send(struct writer *w, const void *data, size_t len)
{
    return w->sink(w->arg, data, len, w->err);
}

static int send_zeros(struct writer *w, int64_t n)
{
    static const char zeros[4096];
    int r = 0;

    for (; r == 0 && n > 0; n -= (int64_t)sizeof(zeros))
        r = send(w, zeros, (size_t)MIN(n, (int64_t)sizeof(zeros)));
    return r;
}

static int send_headers(struct writer *w, const struct tar_entry *e)
{
    AUTO_BUF b = { 0 };

    tar_put_entry(&b, e);
    return send(w, b.data, b.len);
}

static int send_data(struct writer *w, int fd, const struct tar_entry *e)
{
    int64_t left = e->size;
    int r = 0;

    while (r == 0 && left > 0) {
        ssize_t n = read(fd, w->chunk, (size_t)MIN(left, CHUNK));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(w->err, errno, "reading %s", e->path);
        if (n == 0)
            break;
        r = send(w, w->chunk, (size_t)n);
        left -= n;
    }
    if (r == 0)
        r = send_zeros(w, left);
    return r < 0 ? r : send_zeros(w, (int64_t)tar_padding(e->size));
}

/* Is it another name of a file that was written?  Then @e becomes a link to that. */
static bool is_known(struct writer *w, const struct stat *st, struct tar_entry *e)
{
    if (st->st_nlink < 2)
        return false;
    for (size_t i = 0; i < w->links.n; i++)
        if (w->links.items[i].ino == st->st_ino && w->links.items[i].dev == st->st_dev) {
            e->type = TAR_HARDLINK;
            e->link = w->links.items[i].path;
            e->size = 0;
            return true;
        }
    *LIST_ADD(&w->arena, w->links) = (struct linked) { st->st_dev, st->st_ino,
                                                       arena_strdup(&w->arena, e->path) };
    return false;
}

static int fill_type(int dir, const char *name, const struct stat *st, struct arena *a,
                     struct tar_entry *e)
{
    e->dev_major = major(st->st_rdev);
    e->dev_minor = minor(st->st_rdev);
    switch (st->st_mode & S_IFMT) {
    case S_IFREG:
        e->type = TAR_FILE;
        e->size = st->st_size;
        return 0;
    case S_IFLNK: {
        char *target = arena_alloc(a, PATH_MAX);
        ssize_t n = readlinkat(dir, name, target, PATH_MAX - 1);
        e->type = TAR_SYMLINK;
        e->link = target;
        return n < 0 ? -errno : 0;
    }
    case S_IFCHR:
        e->type = TAR_CHAR;
        return 0;
    case S_IFBLK:
        e->type = TAR_BLOCK_DEV;
        return 0;
    case S_IFIFO:
        e->type = TAR_FIFO;
        return 0;
    default:
        return -EOPNOTSUPP;
    }
}

static void fill_common(const struct writer *w, const struct stat *st, struct tar_entry *e)
{
    const struct image_tree *t = w->tree;

    e->mode = st->st_mode & 07777;
    e->uid = mapped_back(t->uid_map, t->n_uid, st->st_uid);
    e->gid = mapped_back(t->gid_map, t->n_gid, st->st_gid);
    e->mtime = (int64_t)st->st_mtim.tv_sec * NSEC_PER_SEC;
}

static int write_opened(struct writer *w, int fd, const struct stat *st, struct arena *a,
                        struct tar_entry *e)
{
    e->size = st->st_size;
    if (is_known(w, st, e))
        return send_headers(w, e);
    read_xattrs(fd, a, e);
    int r = send_headers(w, e);
    return r < 0 ? r : send_data(w, fd, e);
}

/* A container may change its files while we read: whatever was looked at first is opened again by a way that
 * follows nothing, and asked anew. */
static int write_file(struct writer *w, int dir, const char *name, struct stat *st, struct arena *a,
                      struct tar_entry *e)
{
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    AUTO_CLOSE int fd = openat(dir, name, flags);

    if (fd < 0 || fstat(fd, st) < 0)
        return errno == ENOENT ? 0 : err_sys(w->err, errno, "opening %s", e->path);
    return S_ISREG(st->st_mode) ? write_opened(w, fd, st, a, e) : 0;
}

/* (@dir, @name), which is no directory, under the name @path. */
static int write_leaf(struct writer *w, int dir, const char *name, const char *path,
                      struct stat *st)
{
    AUTO_ARENA a = { 0 };
    struct tar_entry e = { .path = arena_strdup(&a, path) };

    if (S_ISSOCK(st->st_mode))
        return 0;
    int r = fill_type(dir, name, st, &a, &e);
    if (r == -ENOENT || r == -EINVAL) /* gone, or something else by now */
        return 0;
    if (r < 0)
        return err_sys(w->err, -r, "reading %s", path);
    fill_common(w, st, &e);
    if (e.type == TAR_FILE)
        return write_file(w, dir, name, st, &a, &e);
    (void)is_known(w, st, &e);
    return send_headers(w, &e);
}

static int write_dir_entry(struct writer *w, int fd, const char *path)
{
    AUTO_ARENA a = { 0 };
    struct tar_entry e = { .type = TAR_DIR, .path = arena_printf(&a, "%s/", path) };
    struct stat st;

    if (fstat(fd, &st) < 0)
        return err_sys(w->err, errno, "reading %s", path);
    fill_common(w, &st, &e);
    read_xattrs(fd, &a, &e);
    return send_headers(w, &e);
}

/* ---------- everything ---------- */

static int compare_names(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

static int list_names(struct writer *w, int fd, const char *path, struct arena *a, char ***ret)
{
    DIR *d = fs_open_list(fd, ".");

    *ret = NULL;
    if (!d)
        return err_sys(w->err, errno, "listing %s", path);
    for (struct dirent *e; (e = readdir(d));)
        if (!STR_IN(e->d_name, ".", ".."))
            *ret = strv_add(a, *ret, e->d_name);
    closedir(d);
    if (*ret)
        qsort(*ret, strv_len(*ret), sizeof(**ret), compare_names);
    return 0;
}

static int write_whiteout(struct writer *w, const char *path);

static bool is_whiteout(const struct writer *w, const struct stat *st)
{
    return w->tree->upper && S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

/* A directory that hides what is below it. */
static int write_opaque(struct writer *w, int fd, const char *path)
{
    static const char *const names[] = { "trusted.overlay.opaque", "user.overlay.opaque" };
    char value;

    if (!w->tree->upper)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (fgetxattr(fd, names[i], &value, 1) == 1 && value == 'y') {
            AUTO_FREE char *name = xasprintf("%s/.wh..wh..opq", path);
            struct tar_entry e = { .type = TAR_FILE, .path = name, .mode = 0600 };
            return send_headers(w, &e);
        }
    return 0;
}

static int write_below(struct writer *w, int fd, const char *path, int depth)
{
    AUTO_ARENA a = { 0 };
    char **names;
    int r = list_names(w, fd, *path ? path : "/", &a, &names);

    if (depth > DEEPEST)
        return err_set(w->err, ERR_UNSUPPORTED, ELOOP, "%s: more than %d directories deep", path,
                       DEEPEST);
    for (; r == 0 && names && *names; names++) {
        char *sub = arena_printf(&a, "%s%s%s", path, *path ? "/" : "", *names);
        struct stat st;
        if (fstatat(fd, *names, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (!S_ISDIR(st.st_mode)) {
            r = is_whiteout(w, &st) ? write_whiteout(w, sub) : write_leaf(w, fd, *names, sub, &st);
            continue;
        }
        AUTO_CLOSE int dir = openat(fd, *names, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (dir < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
            continue; /* gone, or something else by now */
        r = dir < 0 ? err_sys(w->err, errno, "opening %s", sub) : write_dir_entry(w, dir, sub);
        if (r == 0)
            r = write_opaque(w, dir, sub);
        if (r == 0)
            r = write_below(w, dir, sub, depth + 1);
    }
    return r;
}

/* The root may be one file. */
static int write_root(struct writer *w)
{
    const char *as = w->tree->as;
    AUTO_ARENA a = { 0 };
    struct stat st;

    if (fstat(w->tree->root, &st) < 0)
        return err_sys(w->err, errno, "reading %s", as ? as : "/");
    if (!S_ISDIR(st.st_mode)) {
        struct tar_entry e = { .type = TAR_FILE, .path = arena_strdup(&a, as ? as : "file") };
        fill_common(w, &st, &e);
        if (S_ISREG(st.st_mode))
            return write_opened(w, w->tree->root, &st, &a, &e);
        e.type = S_ISFIFO(st.st_mode) ? TAR_FIFO : S_ISBLK(st.st_mode) ? TAR_BLOCK_DEV : TAR_CHAR;
        e.dev_major = major(st.st_rdev);
        e.dev_minor = minor(st.st_rdev);
        return send_headers(w, &e);
    }
    AUTO_CLOSE int fd = fs_open_dir(w->tree->root, ".");
    if (fd < 0)
        return err_sys(w->err, -fd, "opening %s", as ? as : "/");
    int r = as ? write_dir_entry(w, fd, as) : 0;
    return r < 0 ? r : write_below(w, fd, as ? as : "", 0);
}

/* ---------- only what changed ---------- */

/* Directories above @path that have not been written yet: who unpacks the layer has to know their owners. */
static int write_parents(struct writer *w, const char *path)
{
    for (const char *p = path; (p = strchr(p, '/')); p++) {
        size_t n = (size_t)(p - path);
        if (w->last_dir && strncmp(w->last_dir, path, n) == 0 &&
            (w->last_dir[n] == '/' || !w->last_dir[n]))
            continue;
        AUTO_FREE char *dir = xstrndup(path, n);
        AUTO_CLOSE int fd = fs_open_in_root(w->tree->root, dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                                            0);
        int r = fd < 0 ? err_sys(w->err, -fd, "opening %s", dir) : write_dir_entry(w, fd, dir);
        if (r < 0)
            return r;
        free(w->last_dir);
        w->last_dir = HANDOVER(dir);
    }
    return 0;
}

static int write_whiteout(struct writer *w, const char *path)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *name = xasprintf("%.*s.wh.%s", slash ? (int)(slash + 1 - path) : 0, path,
                                     slash ? slash + 1 : path);
    struct tar_entry e = { .type = TAR_FILE, .path = name, .mode = 0600, .mtime = 0 };

    return send_headers(w, &e);
}

static int write_change(struct writer *w, const struct image_tree_change *c)
{
    const char *slash = strrchr(c->path, '/');
    AUTO_FREE char *parent = xstrndup(c->path, slash ? (size_t)(slash - c->path) : 0);
    struct stat st;
    int r = write_parents(w, c->path);

    if (r < 0 || c->gone)
        return r < 0 ? r : write_whiteout(w, c->path);
    AUTO_CLOSE int dir = *parent ? fs_open_in_root(w->tree->root, parent,
                                                   O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
                                 : fs_open_dir(w->tree->root, ".");
    const char *name = slash ? slash + 1 : c->path;
    if (dir < 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0; /* gone meanwhile */
    if (!S_ISDIR(st.st_mode))
        return write_leaf(w, dir, name, c->path, &st);
    AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    r = fd < 0 ? err_sys(w->err, errno, "opening %s", c->path) : write_dir_entry(w, fd, c->path);
    free(w->last_dir);
    w->last_dir = xstrdup(c->path);
    return r;
}

int tree_write(const struct image_tree *t, tree_sink sink, void *arg, struct err *err)
{
    struct writer w = { .tree = t, .sink = sink, .arg = arg, .err = err, .chunk = xmalloc(CHUNK) };
    int r = 0;

    if (t->changes) {
        for (size_t i = 0; r == 0 && i < t->n_changes; i++)
            r = write_change(&w, &t->changes[i]);
    } else
        r = write_root(&w);
    if (r == 0)
        r = send_zeros(&w, 2 * TAR_BLOCK);
    free(w.chunk);
    free(w.last_dir);
    arena_done(&w.arena);
    return r;
}

/* ---------- export ---------- */

static int fd_sink(void *arg, const void *data, size_t len, struct err *err)
{
    int r = write_all(*(int *)arg, data, len);

    return r < 0 ? err_sys(err, -r, "writing the archive") : 0;
}

int module_export(const struct image_tree *t, int fd, struct err *err)
{
    return tree_write(t, fd_sink, &fd, err);
}
