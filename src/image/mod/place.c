#include "image/mod/place.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/log.h"
#include "image/mod/ceiling.h"

#include "base/banned.h"

/* How an entry finds its place
 *
 * "usr/lib/x" is placed as (descriptor of usr/lib, "x").  Entries of a directory mostly follow each
 * other, so a small table of open parents saves the walk; it is emptied whenever a directory or a
 * link is replaced, because only then can a name start to mean another directory. */

enum { PARENTS = 32, PATH_SIZE = LIMIT_TAR_PATH + 2, EARLY_FLUSH = 1 << 20 };

struct parent {
    char *path;
    int fd;
    bool setgid; /* new files in it take its group */
};

struct dir_time {
    char *path;
    int64_t mtime;
};

struct placer {
    int root;
    int64_t ceiling; /* of bytes */
    struct place_options opt;
    bool plain_owner; /* we are 0:0, so what belongs to 0:0 needs no chown */
    const char *opaque;
    struct parent parents[PARENTS];
    unsigned next;
    struct arena arena;
    struct dir_time *times;
    size_t n_times, cap_times;
    char **implied;
    int64_t bytes;
};

bool place_clean_path(const char *path, char *out, size_t size)
{
    size_t len = 0;

    for (const char *s = path; *s;) {
        size_t n = strcspn(s, "/");
        if (n == 2 && s[0] == '.' && s[1] == '.') {
            if (len == 0)
                return false;
            while (len && out[len - 1] != '/')
                len--;
            if (len)
                len--;
        } else if (n && !(n == 1 && s[0] == '.')) {
            if (len + n + 2 > size)
                return false;
            if (len)
                out[len++] = '/';
            memcpy(out + len, s, n);
            len += n;
        }
        s += n;
        while (*s == '/')
            s++;
    }
    out[len] = '\0';
    return true;
}

struct placer *placer_new(int root, const struct place_options *opt)
{
    struct placer *p = xcalloc(1, sizeof(*p));

    p->root = root;
    p->ceiling = ceiling_bytes();
    p->opt = *opt;
    p->plain_owner = geteuid() == 0 && getegid() == 0;
    p->opaque = opt->rootless ? "user.overlay.opaque" : "trusted.overlay.opaque";
    for (int i = 0; i < PARENTS; i++)
        p->parents[i].fd = -EBADF;
    return p;
}

static void forget_parents(struct placer *p)
{
    for (int i = 0; i < PARENTS; i++) {
        close_p(&p->parents[i].fd);
        p->parents[i].fd = -EBADF;
        free(p->parents[i].path);
        p->parents[i].path = NULL;
    }
}

struct placer *placer_free(struct placer *p)
{
    if (p) {
        forget_parents(p);
        for (size_t i = 0; i < p->n_times; i++)
            free(p->times[i].path);
        free(p->times);
        arena_done(&p->arena);
        free(p);
    }
    return NULL;
}

/* ---------- parents ---------- */

/* Makes the directories of @dir that are missing and remembers them as implied. */
static int make_parents(struct placer *p, const char *dir, struct err *err)
{
    AUTO_FREE char *copy = xstrdup(dir);

    for (char *end = copy; *end;) {
        end += strcspn(end, "/");
        char sep = *end;
        *end = '\0';
        AUTO_CLOSE int fd = fs_open_in_root(p->root, copy, O_PATH | O_DIRECTORY, 0);
        if (fd == -ENOENT) {
            char *slash = strrchr(copy, '/');
            if (slash)
                *slash = '\0';
            AUTO_CLOSE int up = fs_open_in_root(p->root, slash ? copy : ".", O_PATH | O_DIRECTORY,
                                                0);
            if (slash)
                *slash = '/';
            if (up < 0 || mkdirat(up, slash ? slash + 1 : copy, 0755) < 0)
                return err_sys(err, up < 0 ? -up : errno, "creating the directory \"%s\"", copy);
            p->implied = strv_add(&p->arena, p->implied, copy);
        } else if (fd < 0)
            return err_sys(err, -fd, "opening the directory \"%s\"", copy);
        if (sep)
            *end++ = sep;
    }
    return 0;
}

/* The open parent directory of @path (clean); @name points at its last component. */
static int parent_of(struct placer *p, const char *path, const char **name, struct parent **ret,
                     struct err *err)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;

    *name = slash ? slash + 1 : path;
    for (int i = 0; i < PARENTS; i++) {
        struct parent *c = &p->parents[i];
        if (c->path && strncmp(c->path, path, n) == 0 && c->path[n] == '\0') {
            *ret = c;
            return 0;
        }
    }
    AUTO_FREE char *dir = xstrndup(path, n);
    int fd = fs_open_in_root(p->root, n ? dir : ".", O_RDONLY | O_DIRECTORY, 0);
    if (fd == -ENOENT) {
        int r = make_parents(p, dir, err);
        if (r < 0)
            return r;
        fd = fs_open_in_root(p->root, dir, O_RDONLY | O_DIRECTORY, 0);
    }
    if (fd < 0)
        return err_sys(err, -fd, "opening the directory \"%s\"", dir);
    struct stat st;
    if (fstat(fd, &st) < 0) {
        close(fd);
        return err_sys(err, errno, "looking at the directory \"%s\"", dir);
    }
    struct parent *c = &p->parents[p->next++ % PARENTS];
    close_p(&c->fd);
    free(c->path);
    *c = (struct parent) { HANDOVER(dir), fd, st.st_mode & S_ISGID };
    *ret = c;
    return 0;
}

/* ---------- attributes ---------- */

static int chown_error(const struct placer *p, const struct tar_entry *e, int errnum,
                       struct err *err)
{
    if (errnum == EINVAL || errnum == EPERM || errnum == EOVERFLOW) {
        if (p->opt.ignore_chown_errors)
            return 0;
        if (p->opt.rootless)
            return err_set(err, ERR_DENIED, errnum,
                           "potentially insufficient UIDs or GIDs available in the user namespace "
                           "(requested %lld:%lld for %s): check /etc/subuid and /etc/subgid, then "
                           "run \"podman system migrate\": lchown %s: %s",
                           (long long)e->uid, (long long)e->gid, e->path, e->path,
                           strerror(errnum));
    }
    return err_sys(err, errnum, "lchown %s", e->path);
}

/* overlayfs would take these as its own commands: redirect another directory into view, say. */
static bool is_overlay_xattr(const char *name)
{
    return str_starts(name, "trusted.overlay.") || str_starts(name, "user.overlay.");
}

/* @fd is the file itself, or -1: then (dir, name) is reached through /proc, not followed. */
static int set_xattrs(const struct placer *p, int fd, int dir, const char *name,
                      const struct tar_entry *e, struct err *err)
{
    char path[PATH_SIZE + 40];

    for (const struct tar_xattr *x = e->xattrs; x; x = x->next) {
        if (is_overlay_xattr(x->name))
            continue;
        int r;
        if (fd >= 0)
            r = fsetxattr(fd, x->name, x->value, x->len, 0);
        else {
            snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
            r = lsetxattr(path, x->name, x->value, x->len, 0);
        }
        if (r == 0 || errno == ENOTSUP || (errno == EPERM && (p->opt.rootless || fd < 0)))
            continue;
        return err_sys(err, errno, "setting the attribute %s of %s", x->name, e->path);
    }
    return 0;
}

static void to_times(int64_t ns, struct timespec ts[2])
{
    ts[0].tv_sec = ns / 1000000000;
    ts[0].tv_nsec = ns % 1000000000;
    if (ts[0].tv_nsec < 0) {
        ts[0].tv_sec--;
        ts[0].tv_nsec += 1000000000;
    }
    ts[1] = ts[0];
}

static bool needs_chown(const struct placer *p, const struct parent *in, const struct tar_entry *e)
{
    return !(p->plain_owner && e->uid == 0 && e->gid == 0 && (!in || !in->setgid));
}

/* Owner, mode (a chown takes set-id bits and capabilities away, so it comes first), attributes. */
static int set_open_attributes(const struct placer *p, int fd, const struct parent *in, bool fresh,
                               const struct tar_entry *e, struct err *err)
{
    int r = 0;
    bool chowned = !fresh || needs_chown(p, in, e);

    if (chowned && fchown(fd, (uid_t)e->uid, (gid_t)e->gid) < 0)
        r = chown_error(p, e, errno, err);
    if (r == 0 && (chowned || e->mode & 07000) && fchmod(fd, e->mode) < 0)
        r = err_sys(err, errno, "setting the mode of %s", e->path);
    return r == 0 ? set_xattrs(p, fd, -1, NULL, e, err) : r;
}

/* For what cannot be opened: links, devices, FIFOs. */
static int set_named_attributes(const struct placer *p, const struct parent *in, const char *name,
                                const struct tar_entry *e, struct err *err)
{
    struct timespec ts[2];
    int r = 0;

    if (needs_chown(p, in, e) &&
        fchownat(in->fd, name, (uid_t)e->uid, (gid_t)e->gid, AT_SYMLINK_NOFOLLOW) < 0)
        r = chown_error(p, e, errno, err);
    if (r == 0 && e->type != TAR_SYMLINK && fchmodat(in->fd, name, e->mode, 0) < 0)
        r = err_sys(err, errno, "setting the mode of %s", e->path);
    if (r == 0)
        r = set_xattrs(p, -1, in->fd, name, e, err);
    to_times(e->mtime, ts);
    if (r == 0 && utimensat(in->fd, name, ts, AT_SYMLINK_NOFOLLOW) < 0)
        r = err_sys(err, errno, "setting the times of %s", e->path);
    return r;
}

/* ---------- kinds of entries ---------- */

/* Takes away what stands in the way: the later of two entries wins. */
static int clear_way(const struct parent *in, const char *name, const struct tar_entry *e,
                     struct err *err)
{
    struct stat st;

    if (fstatat(in->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : err_sys(err, errno, "looking at %s", e->path);
    int r = fs_remove_tree(in->fd, name);
    if (r < 0)
        return err_sys(err, -r, "replacing %s", e->path);
    return S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode); /* > 0: parents may mean something else */
}

/* Runs @make, after clearing the way when something is there. */
#define CREATE(p, in, path, name, e, err, make)                                                    \
    ({                                                                                             \
        int r_ = (make);                                                                           \
        if (r_ < 0 && errno == EEXIST) {                                                           \
            r_ = replace_with(p, &(in), path, &(name), e, err);                                    \
            if (r_ == 0 && (r_ = (make)) < 0)                                                      \
                r_ = err_sys(err, errno, "creating %s", (e)->path);                                \
        } else if (r_ < 0)                                                                         \
            r_ = err_sys(err, errno, "creating %s", (e)->path);                                    \
        r_;                                                                                        \
    })

static int replace_with(struct placer *p, struct parent **in, const char *path, const char **name,
                        const struct tar_entry *e, struct err *err)
{
    int r = clear_way(*in, *name, e, err);

    if (r <= 0)
        return r;
    forget_parents(p);
    return parent_of(p, path, name, in, err);
}

static int write_run(int fd, const struct tar_entry *e, const char *data, size_t n, int64_t offset,
                     struct err *err)
{
    int r = 0;

    if (!e->extents)
        r = write_all(fd, data, n);
    while (e->extents && n) {
        ssize_t w = pwrite(fd, data, n, offset);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0) {
            r = -errno;
            break;
        }
        data += w;
        n -= (size_t)w;
        offset += w;
    }
    return r < 0 ? err_sys(err, -r, "writing %s", e->path) : 0;
}

static int write_contents(int fd, struct tar_reader *t, const struct tar_entry *e, struct err *err)
{
    size_t extent = 0;
    int64_t done = 0; /* within the extent */

    for (;;) {
        const char *data;
        size_t n;
        int r = tar_data(t, &data, &n, err);
        if (r < 0)
            return r;
        if (!n)
            break;
        int64_t offset = 0;
        if (e->extents) {
            while (extent < e->n_extents && done == e->extents[extent].len) {
                extent++;
                done = 0;
            }
            if (extent == e->n_extents)
                break;
            offset = e->extents[extent].offset + done;
            n = (size_t)MIN((int64_t)n, e->extents[extent].len - done);
            done += (int64_t)n;
        }
        if ((r = write_run(fd, e, data, n, offset, err)) < 0)
            return r;
        tar_used(t, n);
    }
    if (e->extents && ftruncate(fd, e->size) < 0)
        return err_sys(err, errno, "writing %s", e->path);
    /* The disk may begin with a large file while more come: all of them are flushed before they count. */
    if (e->size >= EARLY_FLUSH)
        (void)!sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    return 0;
}

/* A file that is a mount point (a container's /etc/hosts) cannot be replaced, but it can be written. */
static int open_busy(const struct placer *p, const struct parent *in, const char *name,
                     struct err *err)
{
    if (!p->opt.plain || !err || err->errnum != EBUSY)
        return -1;
    int fd = openat(in->fd, name, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
        err_clear(err);
    return fd;
}

static int place_file(struct placer *p, struct tar_reader *t, const char *path,
                      const struct tar_entry *e, struct err *err)
{
    const char *name;
    struct parent *in;
    struct timespec ts[2];
    int r = parent_of(p, path, &name, &in, err);

    if (r < 0)
        return r;
    if (e->size > p->ceiling - p->bytes)
        return ceiling_bytes_passed(err);
    p->bytes += e->size;
    AUTO_CLOSE int fd = CREATE(
        p, in, path, name, e, err,
        openat(in->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, e->mode & 0777));
    bool fresh = fd >= 0;
    if (!fresh) {
        r = fd;
        fd = open_busy(p, in, name, err);
        if (fd < 0)
            return r;
    }
    r = write_contents(fd, t, e, err);
    if (r == 0)
        r = set_open_attributes(p, fd, in, fresh, e, err);
    to_times(e->mtime, ts);
    if (r == 0 && futimens(fd, ts) < 0)
        r = err_sys(err, errno, "setting the times of %s", e->path);
    return r;
}

static int place_hardlink(struct placer *p, const char *path, const struct tar_entry *e,
                          struct err *err)
{
    char target[PATH_SIZE];
    const char *name, *target_name = strrchr(e->link, '/');
    struct parent *in;

    if (!place_clean_path(e->link, target, sizeof(target)) || !target[0])
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid tar archive: the hard link \"%s\" points outside (\"%s\")", e->path,
                       e->link);
    if (STR_EQ(target, path))
        return 0;
    int r = parent_of(p, path, &name, &in, err);
    if (r < 0)
        return r;
    char *slash = strrchr(target, '/');
    if (slash)
        *slash = '\0';
    target_name = slash ? slash + 1 : target;
    AUTO_CLOSE int dir = fs_open_in_root(p->root, slash ? target : ".", O_PATH | O_DIRECTORY, 0);
    if (dir < 0)
        return err_sys(err, -dir, "hard link \"%s\" to \"%s\"", e->path, e->link);
    /* Without AT_SYMLINK_FOLLOW a link to a symbolic link is one more name for the link itself. */
    struct stat st;
    if (fstatat(dir, target_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(err, errno, "hard link \"%s\" to \"%s\"", e->path, e->link);
    if (S_ISDIR(st.st_mode) || S_ISCHR(st.st_mode))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid tar archive: \"%s\" is a hard link to something that is no file",
                       e->path);
    r = CREATE(p, in, path, name, e, err, linkat(dir, target_name, in->fd, name, 0));
    return r < 0 ? r : 0;
}

static int place_symlink(struct placer *p, const char *path, const struct tar_entry *e,
                         struct err *err)
{
    const char *name;
    struct parent *in;
    int r = parent_of(p, path, &name, &in, err);

    if (r == 0)
        r = CREATE(p, in, path, name, e, err, symlinkat(e->link, in->fd, name));
    return r < 0 ? r : set_named_attributes(p, in, name, e, err);
}

static int place_node(struct placer *p, const char *path, const struct tar_entry *e,
                      struct err *err)
{
    static const mode_t kinds[] = {
        [TAR_CHAR] = S_IFCHR, [TAR_BLOCK_DEV] = S_IFBLK, [TAR_FIFO] = S_IFIFO
    };
    const char *name;
    struct parent *in;

    if (e->type == TAR_CHAR && !e->dev_major && !e->dev_minor)
        return err_set(
            err, ERR_BAD_PARAM, EINVAL,
            "invalid tar archive: \"%s\" is a device that overlayfs takes for a deletion", e->path);
    /* A user namespace cannot make devices; a container gets its /dev from the runtime anyway. */
    if (p->opt.rootless && e->type != TAR_FIFO)
        return 0;
    int r = parent_of(p, path, &name, &in, err);
    if (r < 0)
        return r;
    dev_t dev = e->type == TAR_FIFO ? 0 : makedev(e->dev_major, e->dev_minor);
    r = CREATE(p, in, path, name, e, err,
               mknodat(in->fd, name, kinds[e->type] | (e->mode & 0777), dev));
    return r < 0 ? r : set_named_attributes(p, in, name, e, err);
}

static void remember_time(struct placer *p, const char *path, int64_t mtime)
{
    if (p->n_times == p->cap_times) {
        p->cap_times = p->cap_times ? 2 * p->cap_times : 64;
        p->times = xrealloc(p->times, p->cap_times * sizeof(*p->times));
    }
    p->times[p->n_times++] = (struct dir_time) { xstrdup(path), mtime };
}

static void no_longer_implied(struct placer *p, const char *path)
{
    char **keep = p->implied;

    for (char **v = p->implied; v && *v; v++)
        if (!STR_EQ(*v, path))
            *keep++ = *v;
    if (keep)
        *keep = NULL;
}

static int make_opaque(struct placer *p, int fd, const char *path, struct err *err)
{
    return fsetxattr(fd, p->opaque, "y", 1, 0) < 0
               ? err_sys(err, errno, "marking \"%s\" as opaque", path)
               : 0;
}

/* 1 when a directory is there already, 0 when one was made. */
static int make_dir(struct placer *p, struct parent **in, const char *path, const char **name,
                    const struct tar_entry *e, bool *opaque, struct err *err)
{
    struct stat st;

    if (mkdirat((*in)->fd, *name, e->mode & 0777) == 0)
        return 0;
    if (errno != EEXIST)
        return err_sys(err, errno, "creating %s", e->path);
    if (fstatat((*in)->fd, *name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(err, errno, "looking at %s", e->path);
    if (S_ISDIR(st.st_mode))
        return 1;
    /* A whiteout before the directory hides what the layers below have in it. */
    *opaque = S_ISCHR(st.st_mode) && st.st_rdev == 0;
    int r = replace_with(p, in, path, name, e, err);
    if (r < 0)
        return r;
    return mkdirat((*in)->fd, *name, e->mode & 0777) < 0
               ? err_sys(err, errno, "creating %s", e->path)
               : 0;
}

static int place_dir(struct placer *p, const char *path, const struct tar_entry *e, struct err *err)
{
    const char *name = ".";
    struct parent *in = NULL;
    bool opaque = false;
    int there = 1, r = 0;
    AUTO_CLOSE int fd = -EBADF;

    if (path[0]) {
        r = parent_of(p, path, &name, &in, err);
        if (r == 0)
            r = there = make_dir(p, &in, path, &name, e, &opaque, err);
        if (r < 0)
            return r;
        no_longer_implied(p, path);
    }
    remember_time(p, path, e->mtime);
    if (!there && !opaque && !e->xattrs && !(e->mode & 07000) && !needs_chown(p, in, e))
        return 0; /* mkdir did it all */
    fd = openat(in ? in->fd : p->root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, errno, "opening the directory \"%s\"", e->path);
    if (e->mode & S_ISGID)
        forget_parents(p);
    r = set_open_attributes(p, fd, in, !there, e, err);
    return r == 0 && opaque ? make_opaque(p, fd, path, err) : r;
}

/* ".wh.NAME" hides NAME of the layers below, ".wh..wh..opq" everything in the directory.  What this
 * very layer holds under that name stays. */
static int place_whiteout(struct placer *p, const char *path, const struct tar_entry *e,
                          struct err *err)
{
    const char *name;
    struct parent *in;
    int r = parent_of(p, path, &name, &in, err);

    if (r < 0)
        return r;
    if (STR_EQ(name, ".wh..wh..opq"))
        return make_opaque(p, in->fd, in->path, err);
    if (str_starts(name, ".wh..wh."))
        return 0; /* AUFS's own files */
    name += 4;
    if (!*name || STR_EQ(name, ".") || STR_EQ(name, ".."))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid tar archive: the whiteout \"%s\" names nothing", e->path);
    if (mknodat(in->fd, name, S_IFCHR, makedev(0, 0)) == 0)
        return 0;
    if (errno != EEXIST)
        return err_sys(err, errno, "creating the whiteout %s", e->path);
    AUTO_CLOSE int fd = openat(in->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? 0 : make_opaque(p, fd, path, err);
}

static int64_t mapped(const struct container_idmap *m, size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (id >= m[i].container && id - m[i].container < m[i].size)
            return m[i].host + id - m[i].container;
    return id;
}

static void take_owners(const struct image_owners *o, struct tar_entry *e)
{
    e->uid = mapped(o->uid_map, o->n_uid, o->fixed ? o->uid : e->uid);
    e->gid = mapped(o->gid_map, o->n_gid, o->fixed ? o->gid : e->gid);
}

/* What stands at @path: 1 when the entry is done with (a link to a directory is one to those below it). */
static int check_kind(struct placer *p, const char *path, const struct tar_entry *e,
                      struct err *err)
{
    const char *name = NULL;
    struct parent *in = NULL;
    struct stat st;
    int r = path[0] ? parent_of(p, path, &name, &in, err) : 0;

    if (r < 0 || !path[0] || fstatat(in->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return r;
    if (e->type == TAR_DIR && S_ISLNK(st.st_mode)) {
        AUTO_CLOSE int dir = fs_open_in_root(p->root, path, O_PATH | O_DIRECTORY, 0);
        if (dir >= 0)
            return 1;
    }
    if (p->opt.overwrite || S_ISDIR(st.st_mode) == (e->type == TAR_DIR))
        return 0;
    return err_set(err, ERR_CONFLICT, EEXIST,
                   "error creating \"%s/%s\": %s (--overwrite replaces it): file exists",
                   p->opt.prefix ? p->opt.prefix : "", path,
                   S_ISDIR(st.st_mode) ? "a directory is there" : "it is no directory there");
}

static int place_kind(struct placer *p, struct tar_reader *t, const char *path,
                      const struct tar_entry *e, struct err *err)
{
    switch (e->type) {
    case TAR_FILE:
        return place_file(p, t, path, e, err);
    case TAR_HARDLINK:
        return place_hardlink(p, path, e, err);
    case TAR_SYMLINK:
        return place_symlink(p, path, e, err);
    case TAR_CHAR:
    case TAR_BLOCK_DEV:
    case TAR_FIFO:
        return place_node(p, path, e, err);
    case TAR_DIR:
        return place_dir(p, path, e, err);
    }
    return 0;
}

/* An entry of a tree that is no layer. */
static int place_plain(struct placer *p, struct tar_reader *t, const char *path,
                       const struct tar_entry *e, struct err *err)
{
    struct tar_entry own = *e;

    if (p->opt.owners)
        take_owners(p->opt.owners, &own);
    if (p->opt.no_devices && (e->type == TAR_CHAR || e->type == TAR_BLOCK_DEV))
        return 0;
    int r = check_kind(p, path, e, err);
    return r < 0 ? r : r > 0 ? 0 : place_kind(p, t, path, &own, err);
}

int place_entry(struct placer *p, struct tar_reader *t, const struct tar_entry *e, struct err *err)
{
    char path[PATH_SIZE];

    if (!place_clean_path(e->path, path, sizeof(path)))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid tar archive: the entry \"%s\" lies outside the root", e->path);
    const char *slash = strrchr(path, '/');
    if (!p->opt.plain && str_starts(slash ? slash + 1 : path, ".wh."))
        return place_whiteout(p, path, e, err);
    if (!path[0] && e->type != TAR_DIR)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid tar archive: the entry \"%s\" replaces the root", e->path);
    return p->opt.plain ? place_plain(p, t, path, e, err) : place_kind(p, t, path, e, err);
}

int place_finish(struct placer *p, struct err *err)
{
    struct timespec ts[2];

    for (size_t i = 0; i < p->n_times; i++) {
        const char *path = p->times[i].path;
        AUTO_CLOSE int fd = fs_open_in_root(p->root, path[0] ? path : ".",
                                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
        if (fd < 0)
            continue; /* a later entry replaced it */
        to_times(p->times[i].mtime, ts);
        if (futimens(fd, ts) < 0)
            return err_sys(err, errno, "setting the times of %s", path);
    }
    return 0;
}

char **place_implied(const struct placer *p)
{
    return p->implied && *p->implied ? p->implied : NULL;
}

int place_copy_attributes(int root, const char *dir, const int *lowers, size_t n, struct err *err)
{
    AUTO_CLOSE int to = fs_open_in_root(root, dir, O_RDONLY | O_DIRECTORY, 0);

    if (to < 0)
        return err_sys(err, -to, "opening the directory \"%s\"", dir);
    for (size_t i = 0; i < n; i++) {
        struct stat st;
        AUTO_CLOSE int from = fs_open_in_root(lowers[i], dir, O_RDONLY | O_DIRECTORY, 0);
        if (from < 0 || fstat(from, &st) < 0)
            continue;
        struct timespec ts[2] = { st.st_atim, st.st_mtim };
        if (fchown(to, st.st_uid, st.st_gid) < 0 || fchmod(to, st.st_mode & 07777) < 0 ||
            futimens(to, ts) < 0)
            return err_sys(err, errno, "setting the attributes of \"%s\"", dir);
        return 0;
    }
    return 0;
}
