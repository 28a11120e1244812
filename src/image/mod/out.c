#include "image/mod/out.h"

#include "base/fs.h"
#include "image/mod/tar_write.h"

#include "base/banned.h"

enum { CHUNK = 256 * 1024 };

bool out_already(struct out *o, const char *name)
{
    if (strv_has(o->done, name))
        return true;
    o->done = strv_add(&o->arena, o->done, name);
    return false;
}

int out_begin(struct out *o, const char *name, int64_t size, int *ret_fd, struct err *err)
{
    char header[TAR_HEADER_MAX];

    if (!o->dir) {
        int r = write_all(o->fd, header, tar_header(header, name, TAR_FILE, NULL, 0444, size, 0));
        *ret_fd = o->fd;
        return r < 0 ? err_sys(err, -r, "writing the archive") : 0;
    }
    const char *slash = strrchr(name, '/');
    AUTO_FREE char *dir = slash ? xstrndup(name, (size_t)(slash - name)) : NULL;
    int r = dir ? fs_mkdirs(o->fd, dir, 0755) : 0;
    if (r < 0)
        return err_sys(err, -r, "creating %s", dir);
    int fd = openat(o->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_sys(err, errno, "creating %s", name);
    *ret_fd = fd;
    return 0;
}

int out_end(struct out *o, int fd, int64_t size, struct err *err)
{
    static const char zeros[TAR_BLOCK];

    if (o->dir)
        return close(fd) < 0 ? err_sys(err, errno, "closing a file") : 0;
    int r = write_all(fd, zeros, tar_padding(size));
    return r < 0 ? err_sys(err, -r, "writing the archive") : 0;
}

int out_text(struct out *o, const char *name, const char *data, size_t len, struct err *err)
{
    int fd;

    if (out_already(o, name))
        return 0;
    int r = out_begin(o, name, (int64_t)len, &fd, err);
    if (r < 0)
        return r;
    if ((r = write_all(fd, data, len)) < 0)
        return err_sys(err, -r, "writing %s", name);
    return out_end(o, fd, (int64_t)len, err);
}

int out_write(int fd, const char *data, size_t len, int64_t at)
{
    if (at < 0)
        return write_all(fd, data, len);
    while (len) {
        ssize_t n = pwrite(fd, data, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Lets the kernel copy as long as it does (files on one file system); how far it came. */
static int64_t copy_in_kernel(int from, int to, int64_t at, int64_t size)
{
    off_t in = 0, out = at;
    ssize_t n;

    do
        n = copy_file_range(from, &in, to, at < 0 ? NULL : &out, (size_t)(size - in), 0);
    while (n > 0 && in < size);
    return in;
}

int out_bytes(int from, int to, int64_t at, int64_t size, struct err *err)
{
    int64_t done = copy_in_kernel(from, to, at, size);
    AUTO_FREE char *chunk = done < size ? xmalloc(CHUNK) : NULL;

    while (done < size) {
        ssize_t n = pread(from, chunk, (size_t)MIN(size - done, (int64_t)CHUNK), done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_sys(err, n < 0 ? errno : EIO, "reading a blob");
        int r = out_write(to, chunk, (size_t)n, at < 0 ? -1 : at + done);
        if (r < 0)
            return err_sys(err, -r, "writing the image");
        done += n;
    }
    return 0;
}

int out_copy(struct out *o, const char *name, int from, int64_t size, struct err *err)
{
    int fd;

    if (out_already(o, name))
        return 0;
    int r = out_begin(o, name, size, &fd, err);
    if (r < 0)
        return r;
    r = out_bytes(from, fd, -1, size, err);
    if (r < 0 && o->dir)
        close(fd);
    return r < 0 ? r : out_end(o, fd, size, err);
}

int out_finish(struct out *o, struct err *err)
{
    static const char zeros[2 * TAR_BLOCK];
    int r = o->dir ? 0 : write_all(o->fd, zeros, sizeof(zeros));

    return r < 0 ? err_sys(err, -r, "writing the archive") : 0;
}

void out_done(struct out *o)
{
    arena_done(&o->arena);
    o->done = NULL;
}
