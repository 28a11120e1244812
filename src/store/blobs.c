#include "store/blobs.h"

#include <sys/uio.h>

#include "base/fs.h"

#include "base/banned.h"

#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x80
#endif

enum { WRITE_CHUNK = 256 * 1024, WRITE_AHEAD = 8 << 20 };

const char *blob_path(const char *digest, char out[BLOB_PATH_MAX])
{
    snprintf(out, BLOB_PATH_MAX, "oci/blobs/%.6s/%s", digest, digest_hex(digest));
    return out;
}

static const char *partial_path(const char *digest, char out[BLOB_PATH_MAX])
{
    snprintf(out, BLOB_PATH_MAX, "oci/partial/%s", digest_hex(digest));
    return out;
}

bool blob_exists(const struct store *s, const char *digest, int64_t *ret_size)
{
    char path[BLOB_PATH_MAX];
    struct stat st;

    if (fstatat(s->graph_fd, blob_path(digest, path), &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISREG(st.st_mode))
        return false;
    if (ret_size)
        *ret_size = st.st_size;
    return true;
}

int blob_open(const struct store *s, const char *digest)
{
    char path[BLOB_PATH_MAX];
    int fd = openat(s->graph_fd, blob_path(digest, path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

int blob_read(const struct store *s, const char *digest, struct buf *b, struct err *err)
{
    AUTO_CLOSE int fd = blob_open(s, digest);

    if (fd < 0)
        return err_sys(err, -fd, "opening blob %s", digest);
    int r = buf_read_fd(b, fd);
    return r < 0 ? err_sys(err, -r, "reading blob %s", digest) : 0;
}

/* The directory that holds @path, made when it is missing. */
static int make_parent(const struct store *s, const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *dir = xstrndup(path, (size_t)(slash - path));
    int r = fs_mkdirs(s->graph_fd, dir, 0755);

    return r < 0 ? err_sys(err, -r, "creating %s/%s", s->graphroot, dir) : 0;
}

int blob_put(const struct store *s, const char *digest, const void *data, size_t len,
             struct err *err)
{
    if (blob_exists(s, digest, NULL))
        return 0;
    AUTO_CLOSE int fd = blob_tmpfile(s, err);
    if (fd < 0)
        return fd;
    int r = write_all(fd, data, len);
    if (r < 0)
        return err_sys(err, -r, "writing blob %s", digest);
    return blob_link(s, fd, digest, err);
}

int blob_tmpfile(const struct store *s, struct err *err)
{
    int fd = openat(s->graph_fd, "oci", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);

    return fd < 0 ? err_sys(err, errno, "creating a file in %s/oci", s->graphroot) : fd;
}

int blob_link(const struct store *s, int fd, const char *digest, struct err *err)
{
    if (fdatasync(fd) < 0)
        return err_sys(err, errno, "flushing blob %s", digest);
    return blob_link_unsynced(s, fd, digest, err);
}

int blob_link_unsynced(const struct store *s, int fd, const char *digest, struct err *err)
{
    char path[BLOB_PATH_MAX], self[40];
    int r = make_parent(s, blob_path(digest, path), err);

    if (r < 0)
        return r;
    if (linkat(AT_FDCWD, fd_path(fd, self, sizeof(self)), s->graph_fd, path, AT_SYMLINK_FOLLOW) <
            0 &&
        errno != EEXIST)
        return err_sys(err, errno, "storing blob %s", digest);
    return 0;
}

/* One large write; without page cache where the kernel and the file system know how (Linux 6.14). */
static ssize_t write_chunk(struct blob_writer *w, const char *data, size_t len)
{
    struct iovec iov = { (char *)(uintptr_t)data, len };

    if (w->once) {
        ssize_t n = pwritev2(w->fd, &iov, 1, -1, RWF_DONTCACHE);
        if (n >= 0 || (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS))
            return n;
        w->once = false;
    }
    ssize_t n = write(w->fd, data, len);
    if (n > 0 && (w->queued += n) >= WRITE_AHEAD) {
        (void)!sync_file_range(w->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
        w->queued = 0;
    }
    return n;
}

static int write_chunks(struct blob_writer *w, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write_chunk(w, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

int blob_write(struct blob_writer *w, const void *data, size_t len)
{
    if (!w->mem)
        w->mem = xmalloc(WRITE_CHUNK);
    if (w->n + len > WRITE_CHUNK) {
        int r = blob_write_flush(w);
        if (r < 0)
            return r;
    }
    if (len >= WRITE_CHUNK)
        return write_chunks(w, data, len);
    memcpy(w->mem + w->n, data, len);
    w->n += len;
    return 0;
}

int blob_write_flush(struct blob_writer *w)
{
    size_t n = w->n;

    w->n = 0;
    return n ? write_chunks(w, w->mem, n) : 0;
}

void blob_write_done(struct blob_writer *w)
{
    free(w->mem);
}

static int lock_file(int fd)
{
    struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    while (fcntl(fd, F_OFD_SETLKW, &fl) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

int blob_partial_open(const struct store *s, const char *digest, struct err *err)
{
    char path[BLOB_PATH_MAX];
    int r = make_parent(s, partial_path(digest, path), err);

    if (r < 0)
        return r;
    for (;;) {
        struct stat here, there;
        AUTO_CLOSE int fd = openat(s->graph_fd, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                                   0644);
        if (fd < 0)
            return err_sys(err, errno, "opening %s/%s", s->graphroot, path);
        if ((r = lock_file(fd)) < 0)
            return err_sys(err, -r, "locking %s/%s", s->graphroot, path);
        if (blob_exists(s, digest, NULL)) {
            /* Whoever held the lock has finished; an empty file may be left of our opening. */
            if (fstat(fd, &here) == 0 && here.st_nlink)
                unlinkat(s->graph_fd, path, 0);
            return -EEXIST;
        }
        /* The file that we waited for may have been renamed or removed meanwhile. */
        if (fstat(fd, &here) == 0 && fstatat(s->graph_fd, path, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
            here.st_ino == there.st_ino && here.st_dev == there.st_dev)
            return HANDOVER_FD(fd);
    }
}

int blob_partial_commit(const struct store *s, int fd, const char *digest, struct err *err)
{
    char from[BLOB_PATH_MAX], to[BLOB_PATH_MAX];
    int r = make_parent(s, blob_path(digest, to), err);

    if (r < 0)
        return r;
    if (fdatasync(fd) < 0)
        return err_sys(err, errno, "flushing blob %s", digest);
    if (renameat(s->graph_fd, partial_path(digest, from), s->graph_fd, to) < 0)
        return err_sys(err, errno, "storing blob %s", digest);
    return 0;
}

void blob_partial_drop(const struct store *s, const char *digest)
{
    char path[BLOB_PATH_MAX];

    unlinkat(s->graph_fd, partial_path(digest, path), 0);
}

void blob_remove(const struct store *s, const char *digest)
{
    char path[BLOB_PATH_MAX];

    unlinkat(s->graph_fd, blob_path(digest, path), 0);
}
