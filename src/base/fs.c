#define _ATFILE_SOURCE
#include "base/fs.h"

#include <dirent.h>
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/banned.h"

int fs_open_in_root(int root, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
        .mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };

    /* EAGAIN: something below the root was renamed while the kernel walked it. */
    for (int tries = 0;; tries++) {
        long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
        if (fd >= 0)
            return (int)fd;
        if (errno != EAGAIN || tries > 100)
            return -errno;
    }
}

int fs_mkdirs_in_root(int root, const char *path, mode_t mode)
{
    int fd = fs_open_in_root(root, str_empty(path) ? "." : path, O_PATH | O_DIRECTORY, 0);
    if (fd != -ENOENT)
        return fd;

    AUTO_FREE char *copy = xstrdup(path);
    AUTO_CLOSE int at = fcntl(root, F_DUPFD_CLOEXEC, 3);
    if (at < 0)
        return -errno;
    char *p = copy;
    for (char *end = p;; p = end + 1) {
        end = p + strcspn(p, "/");
        bool last = !*end;
        *end = '\0';
        /* Each prefix is resolved from the root again, so that links in it stay inside. */
        if (*p) {
            int next = fs_open_in_root(root, copy, O_PATH | O_DIRECTORY, 0);
            if (next == -ENOENT) {
                if (STR_EQ(p, "..") || STR_EQ(p, "."))
                    return -ENOENT;
                if (mkdirat(at, p, mode) < 0 && errno != EEXIST)
                    return -errno;
                next = fs_open_in_root(root, copy, O_PATH | O_DIRECTORY, 0);
            }
            if (next < 0)
                return next;
            close(at);
            at = next;
        }
        if (last)
            return HANDOVER_FD(at);
        *end = '/';
    }
}

int fs_mkdirs(int dir, const char *path, mode_t mode)
{
    if (mkdirat(dir, path, mode) == 0)
        return 0;
    if (errno == EEXIST) {
        struct stat st;
        if (fstatat(dir, path, &st, 0) < 0)
            return -errno;
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
    }
    if (errno != ENOENT)
        return -errno;

    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return -ENOENT;
    AUTO_FREE char *parent = xstrndup(path, (size_t)(slash - path));
    int r = fs_mkdirs(dir, parent, mode);
    if (r < 0)
        return r;
    return mkdirat(dir, path, mode) < 0 && errno != EEXIST ? -errno : 0;
}

int fs_open_dir(int dir, const char *path)
{
    int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int fs_read_file(int dir, const char *path, struct buf *b)
{
    AUTO_CLOSE int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return buf_read_fd(b, fd);
}

int write_all(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

ssize_t read_full(int fd, void *data, size_t len)
{
    char *p = data;
    size_t got = 0;

    while (got < len) {
        ssize_t n = read(fd, p + got, len - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

int fs_replace(int dir, const char *name, const void *data, size_t len, mode_t mode,
               enum fs_sync sync)
{
    /* The temporary name is per process: writers of different processes never share one, and
     * whoever is killed leaves a ".name.PID.new" that the next replace by that PID reuses. */
    char tmp[4400];
    const char *slash = strrchr(name, '/'); /* the temporary file is beside the real one */
    int head = slash ? (int)(slash - name) + 1 : 0;
    if (snprintf(tmp, sizeof(tmp), "%.*s.%s.%d.new", head, name, name + head, (int)getpid()) >=
        (int)sizeof(tmp))
        return -ENAMETOOLONG;
    AUTO_CLOSE int fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return -errno;
    int r = write_all(fd, data, len);
    if (r == 0 && sync == FS_SYNC && fsync(fd) < 0)
        r = -errno;
    if (r == 0 && renameat(dir, tmp, dir, name) < 0)
        r = -errno;
    if (r < 0) {
        unlinkat(dir, tmp, 0);
        return r;
    }
    return sync == FS_SYNC && fsync(dir) < 0 ? -errno : 0;
}

int fs_write_kernel(int dir, const char *path, const char *text)
{
    AUTO_CLOSE int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t len = strlen(text);
    ssize_t n = write(fd, text, len);
    if (n < 0)
        return -errno;
    return (size_t)n == len ? 0 : -EIO;
}

static int remove_children(int fd)
{
    DIR *d = fdopendir(fd); /* takes fd */
    if (!d) {
        int e = errno;
        close(fd);
        return -e;
    }
    int r = 0;
    for (struct dirent *e; r == 0 && (e = readdir(d));) {
        if (STR_EQ(e->d_name, ".") || STR_EQ(e->d_name, ".."))
            continue;
        if (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN) {
            if (unlinkat(dirfd(d), e->d_name, 0) < 0 && errno != ENOENT)
                r = -errno;
            continue;
        }
        r = fs_remove_tree(dirfd(d), e->d_name);
    }
    closedir(d);
    return r;
}

int fs_remove_tree(int dir, const char *name)
{
    /* An empty directory or a missing one is the common case: one system call. */
    if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    if (errno == ENOTDIR)
        return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? -errno : 0;
    if (errno != ENOTEMPTY && errno != EEXIST && errno != EACCES)
        return -errno;

    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == EACCES && fchmodat(dir, name, 0700, 0) == 0)
        fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    struct stat st;
    if (fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700)
        (void)!fchmod(fd, 0700);
    int r = remove_children(fd);
    if (r < 0)
        return r;
    return unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

DIR *fs_open_list(int dir, const char *name)
{
    AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (d)
        fd = -EBADF; /* the stream owns it */
    return d;
}

int fs_tree_size(int dir, const char *name, int64_t *ret_bytes, int64_t *ret_entries)
{
    int64_t bytes = 0, entries = 0;
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISDIR(st.st_mode)) {
        /* A file with several links counts as its share of them: each name adds a part. */
        *ret_bytes = st.st_nlink > 1 ? st.st_size / (int64_t)st.st_nlink : st.st_size;
        *ret_entries = 1;
        return 0;
    }
    DIR *d = fs_open_list(dir, name);
    if (!d)
        return -errno;
    int r = 0;
    for (struct dirent *e; r == 0 && (e = readdir(d));) {
        int64_t b, n;
        if (STR_EQ(e->d_name, ".") || STR_EQ(e->d_name, ".."))
            continue;
        r = fs_tree_size(dirfd(d), e->d_name, &b, &n);
        if (r == -ENOENT)
            r = 0; /* went away while we looked */
        else if (r == 0) {
            bytes += b;
            entries += n;
        }
    }
    closedir(d);
    if (r < 0)
        return r;
    *ret_bytes = bytes;
    *ret_entries = entries + 1;
    return 0;
}

char **fs_list_dirs(int dir, struct arena *a)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    char **out = arena_alloc(a, sizeof(char *));

    if (!d) {
        close_p(&fd);
        return NULL;
    }
    bool any = false;
    for (struct dirent *e; (e = readdir(d));) {
        struct stat st;
        if (e->d_name[0] == '.' || (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN) ||
            (e->d_type == DT_UNKNOWN &&
             (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))))
            continue;
        out = strv_add(a, any ? out : NULL, e->d_name);
        any = true;
    }
    closedir(d);
    return out;
}

const char *fd_path(int fd, char *buf, size_t size)
{
    snprintf(buf, size, "/proc/self/fd/%d", fd);
    return buf;
}

static int unix_address(int dir, const char *name, struct sockaddr_un *sa)
{
    sa->sun_family = AF_UNIX;
    int n = dir == AT_FDCWD || name[0] == '/'
                ? snprintf(sa->sun_path, sizeof(sa->sun_path), "%s", name)
                : snprintf(sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d/%s", dir, name);
    return n < 0 || (size_t)n >= sizeof(sa->sun_path) ? -ENAMETOOLONG : 0;
}

/* A socket, and in @sa where it is to be. */
static int unix_socket(int dir, const char *name, int type, struct sockaddr_un *sa)
{
    int r = unix_address(dir, name, sa);
    if (r < 0)
        return r;
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

int unix_connect(int dir, const char *name, int type)
{
    struct sockaddr_un sa = { 0 };
    AUTO_CLOSE int fd = unix_socket(dir, name, type, &sa);
    if (fd < 0)
        return fd;
    if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
        return -errno;
    return HANDOVER_FD(fd);
}

int unix_listen(int dir, const char *name, int type, mode_t mode)
{
    struct sockaddr_un sa = { 0 };
    AUTO_CLOSE int fd = unix_socket(dir, name, type, &sa);
    if (fd < 0)
        return fd;
    if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
        return -errno;
    if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || fchmodat(dir, name, mode, 0) < 0 ||
        listen(fd, 64) < 0)
        return -errno;
    return HANDOVER_FD(fd);
}
