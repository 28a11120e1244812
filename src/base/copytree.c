#include "base/copytree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/fs.h"

#include "base/banned.h"

static bool is_overlay_mark(const char *name)
{
    return str_starts(name, "trusted.overlay.") || str_starts(name, "user.overlay.");
}

/* Through /proc/self/fd, which works for links and devices as well (O_PATH descriptors). */
static int copy_xattrs(int src, int dst)
{
    char from[32], to[32], names[65536], value[65536];

    fd_path(src, from, sizeof(from));
    fd_path(dst, to, sizeof(to));
    ssize_t n = listxattr(from, names, sizeof(names));
    if (n < 0)
        return errno == EOPNOTSUPP ? 0 : -errno;
    for (char *p = names; p < names + n; p += strlen(p) + 1) {
        if (is_overlay_mark(p))
            continue;
        ssize_t len = getxattr(from, p, value, sizeof(value));
        if (len < 0)
            continue;
        if (setxattr(to, p, value, (size_t)len, 0) < 0 && errno != EPERM && errno != EOPNOTSUPP)
            return -errno;
    }
    return 0;
}

static int copy_data(int src, int dst)
{
    for (;;) {
        ssize_t n = copy_file_range(src, NULL, dst, NULL, 1u << 30, 0);
        if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS))
            n = sendfile(dst, src, NULL, 1u << 30);
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
    }
}

static int copy_file(int sdir, const char *name, int ddir, const char *as, const struct stat *st)
{
    AUTO_CLOSE int in = openat(sdir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0)
        return -errno;
    AUTO_CLOSE int out = openat(ddir, as, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                0600);
    if (out < 0)
        return -errno;
    int r = copy_data(in, out);
    if (r == 0 && fchown(out, st->st_uid, st->st_gid) < 0)
        r = -errno;
    if (r == 0 && fchmod(out, st->st_mode & 07777) < 0)
        r = -errno;
    if (r == 0)
        r = copy_xattrs(in, out);
    struct timespec times[2] = { st->st_atim, st->st_mtim };
    if (r == 0 && futimens(out, times) < 0)
        r = -errno;
    return r;
}

static int copy_special(int sdir, const char *name, int ddir, const char *as, const struct stat *st)
{
    char target[4096];

    if (S_ISLNK(st->st_mode)) {
        ssize_t n = readlinkat(sdir, name, target, sizeof(target) - 1);
        if (n < 0)
            return -errno;
        target[n] = '\0';
        if (symlinkat(target, ddir, as) < 0)
            return -errno;
    } else if (S_ISSOCK(st->st_mode))
        return 0; /* means nothing without the process that listened */
    else if (mknodat(ddir, as, st->st_mode, st->st_rdev) < 0)
        return -errno;
    if (fchownat(ddir, as, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISLNK(st->st_mode) && fchmodat(ddir, as, st->st_mode & 07777, 0) < 0)
        return -errno;
    struct timespec times[2] = { st->st_atim, st->st_mtim };
    return utimensat(ddir, as, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int copy_node(int src, const char *name, int dst, const char *as, const struct stat *st)
{
    return S_ISREG(st->st_mode) ? copy_file(src, name, dst, as, st)
                                : copy_special(src, name, dst, as, st);
}

static bool is_opaque(int dir)
{
    char v[4];

    return (fgetxattr(dir, "trusted.overlay.opaque", v, sizeof(v)) == 1 ||
            fgetxattr(dir, "user.overlay.opaque", v, sizeof(v)) == 1) &&
           v[0] == 'y';
}

static int copy_dir(int sdir, const char *name, int ddir, unsigned flags)
{
    AUTO_CLOSE int in = openat(sdir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0)
        return -errno;
    if (flags & COPY_APPLY_WHITEOUTS && is_opaque(in)) {
        int r = fs_remove_tree(ddir, name);
        if (r < 0)
            return r;
    }
    struct stat st;
    if (fstatat(ddir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode) &&
        unlinkat(ddir, name, 0) < 0)
        return -errno;
    if (mkdirat(ddir, name, 0700) < 0 && errno != EEXIST)
        return -errno;
    AUTO_CLOSE int out = openat(ddir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return out < 0 ? -errno : copy_tree(in, out, flags);
}

static int copy_entry(int src, const char *name, int dst, unsigned flags)
{
    struct stat st;

    if (fstatat(src, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return copy_dir(src, name, dst, flags);
    int r = fs_remove_tree(dst, name);
    if (r < 0)
        return r;
    if (flags & COPY_APPLY_WHITEOUTS && S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0))
        return 0;
    return copy_node(src, name, dst, name, &st);
}

static int copy_attributes(int src, int dst)
{
    struct stat st;

    if (fstat(src, &st) < 0 || fchown(dst, st.st_uid, st.st_gid) < 0 ||
        fchmod(dst, st.st_mode & 07777) < 0)
        return -errno;
    int r = copy_xattrs(src, dst);
    struct timespec times[2] = { st.st_atim, st.st_mtim };
    return r == 0 && futimens(dst, times) < 0 ? -errno : r;
}

int copy_tree(int src, int dst, unsigned flags)
{
    int again = openat(src, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (again < 0)
        return -errno;
    DIR *d = fdopendir(again);
    if (!d) {
        close(again);
        return -ENOMEM;
    }
    int r = 0;
    for (struct dirent *e; r == 0 && (e = readdir(d));)
        if (!STR_IN(e->d_name, ".", ".."))
            r = copy_entry(src, e->d_name, dst, flags & ~(unsigned)COPY_KEEP_ROOT);
    closedir(d);
    return r < 0 || flags & COPY_KEEP_ROOT ? r : copy_attributes(src, dst);
}

int chown_tree(int dir, const char *name, uid_t uid, gid_t gid)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISDIR(st.st_mode))
        return 0;
    DIR *d = fs_open_list(dir, name);
    if (!d)
        return -errno;
    int r = 0;
    for (struct dirent *e; r == 0 && (e = readdir(d));)
        if (!STR_IN(e->d_name, ".", ".."))
            r = chown_tree(dirfd(d), e->d_name, uid, gid);
    closedir(d);
    return r;
}
