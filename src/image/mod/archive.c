#include "image/mod/archive.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "image/mod/place.h"
#include "image/mod/tar_read.h"
#include "store/blobs.h"

#include "base/banned.h"

enum { CHUNK = 256 * 1024, MAX_FILES = 100000, MAX_LINKS = 8 };

struct file {
    char *name; /* clean */
    char *link; /* clean target, NULL for a file */
    int64_t offset, size;
};

struct archive {
    JSON_LIST(struct file) files;
    struct arena arena;
    int fd; /* the tar, or the directory */
    bool dir;
};

/* ---------- spooling ---------- */

static int write_sink(void *arg, const void *data, size_t len)
{
    return write_all(*(int *)arg, data, len);
}

static int spool(const struct store *s, int from, int *ret, struct err *err)
{
    AUTO_CLOSE int to = blob_tmpfile(s, err);
    if (to < 0)
        return to;
    AUTO_INFLATE *z = inflate_new(write_sink, &to);
    AUTO_FREE char *chunk = xmalloc(CHUNK);
    for (;;) {
        ssize_t n = read(from, chunk, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(err, errno, "reading the archive");
        int r = n ? inflate_push(z, chunk, (size_t)n, err) : inflate_end(z, err);
        if (r < 0)
            return inflate_sink_failed(z) ? err_sys(err, -r, "writing a copy of the archive") : r;
        if (n == 0)
            break;
    }
    *ret = HANDOVER_FD(to);
    return 0;
}

static bool is_plain_file(int fd)
{
    char magic[COMP_MAGIC];
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || lseek(fd, 0, SEEK_CUR) != 0)
        return false;
    ssize_t n = pread(fd, magic, sizeof(magic), 0);
    return n >= 0 && compression_detect(magic, (size_t)n) == COMP_NONE;
}

/* ---------- the index of a tar ---------- */

struct window {
    int fd;
    int64_t at, size; /* where `data` stands in the file; the file's size */
    size_t len, used;
    char data[65536];
};

static int window_peek(void *arg, const char **p, size_t *n, struct err *err)
{
    struct window *w = arg;

    if (w->used == w->len) {
        w->at += (int64_t)w->len;
        ssize_t got = pread(w->fd, w->data, sizeof(w->data), w->at);
        if (got < 0)
            return err_sys(err, errno, "reading the archive");
        w->len = (size_t)got;
        w->used = 0;
    }
    *p = w->data + w->used;
    *n = w->len - w->used;
    return 0;
}

static void window_advance(void *arg, size_t n)
{
    ((struct window *)arg)->used += n;
}

static int window_skip(void *arg, int64_t n, struct err *err)
{
    struct window *w = arg;
    int64_t to;

    if (n <= (int64_t)(w->len - w->used)) {
        w->used += (size_t)n;
        return 0;
    }
    if (__builtin_add_overflow(w->at + (int64_t)w->used, n, &to) || to > w->size)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid tar archive: unexpected end of file");
    w->at = to;
    w->len = w->used = 0;
    return 0;
}

/* A symbolic link is relative to its directory, a hard link to the root. */
static char *clean_link(struct arena *a, const struct tar_entry *e, const char *name)
{
    char clean[LIMIT_TAR_PATH + 2];
    const char *slash = strrchr(name, '/');
    char *full = e->type == TAR_HARDLINK || e->link[0] == '/' || !slash
                     ? e->link
                     : arena_printf(a, "%.*s/%s", (int)(slash - name), name, e->link);

    return place_clean_path(full, clean, sizeof(clean)) ? arena_strdup(a, clean) : NULL;
}

static int index_tar(struct archive *ar, struct err *err)
{
    AUTO_FREE struct window *w = xcalloc(1, sizeof(*w));
    struct tar_source src = { window_peek, window_advance, window_skip, w };
    struct stat st;
    struct tar_entry e;
    char clean[LIMIT_TAR_PATH + 2];
    int r;

    if (fstat(ar->fd, &st) < 0)
        return err_sys(err, errno, "looking at the archive");
    w->fd = ar->fd;
    w->size = st.st_size;
    AUTO_TAR_READER *t = tar_reader_new(&src);
    while ((r = tar_next(t, &e, err)) > 0) {
        if (e.type == TAR_DIR || e.extents || !place_clean_path(e.path, clean, sizeof(clean)))
            continue;
        if (ar->files.n >= MAX_FILES)
            return err_set(err, ERR_TOO_BIG, E2BIG, "the archive has more than %d files",
                           MAX_FILES);
        struct file *f = LIST_ADD(&ar->arena, ar->files);
        *f = (struct file) { .name = arena_strdup(&ar->arena, clean),
                             .offset = tar_offset(t),
                             .size = e.size };
        if (e.type == TAR_SYMLINK || e.type == TAR_HARDLINK)
            f->link = clean_link(&ar->arena, &e, f->name);
    }
    if (r == 0 && ar->files.n == 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "the archive holds no files");
    return r;
}

struct archive *archive_open(const struct store *s, const char *path, int fd, struct err *err)
{
    AUTO_CLOSE int own = -EBADF;
    struct archive *ar = xcalloc(1, sizeof(*ar));
    struct stat st;
    int r = 0;

    ar->fd = -EBADF;
    if (path) {
        own = open(path, O_RDONLY | O_CLOEXEC);
        if (own < 0) {
            err_set(err, err_kind_of_errno(errno), errno, "open %s: %s", path, strerror(errno));
            return archive_free(ar);
        }
        fd = own;
    }
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        ar->dir = true;
        ar->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return ar;
    }
    if (is_plain_file(fd))
        ar->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    else
        r = spool(s, fd, &ar->fd, err);
    if (r == 0)
        r = index_tar(ar, err);
    return r < 0 ? archive_free(ar) : ar;
}

struct archive *archive_free(struct archive *ar)
{
    if (ar) {
        close_p(&ar->fd);
        arena_done(&ar->arena);
        free(ar);
    }
    return NULL;
}

bool archive_is_dir(const struct archive *ar)
{
    return ar->dir;
}

/* ---------- files ---------- */

/* The last file of that name, as extracting would leave it. */
static const struct file *find_file(const struct archive *ar, const char *name)
{
    for (int links = 0; name && links < MAX_LINKS; links++) {
        const struct file *found = NULL;
        for (size_t i = ar->files.n; i-- > 0 && !found;)
            if (STR_EQ(ar->files.items[i].name, name))
                found = &ar->files.items[i];
        if (!found || !found->link)
            return found;
        name = found->link;
    }
    return NULL;
}

/* Where the bytes of @name are: *ret_fd is to be closed when it differs from ar->fd. */
static int locate(struct archive *ar, const char *name, int *ret_fd, int64_t *ret_offset,
                  int64_t *ret_size, struct err *err)
{
    char clean[LIMIT_TAR_PATH + 2];

    if (!place_clean_path(name, clean, sizeof(clean)))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "the file name \"%s\" leaves the archive", name);
    if (!ar->dir) {
        const struct file *f = find_file(ar, clean);
        if (!f)
            return err_set(err, ERR_NOT_FOUND, ENOENT, "file %s not found in the archive", name);
        *ret_fd = ar->fd;
        *ret_offset = f->offset;
        *ret_size = f->size;
        return 0;
    }
    struct stat st;
    AUTO_CLOSE int fd = fs_open_in_root(ar->fd, clean, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return err_sys(err, -fd, "open %s", clean);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s is not a regular file", clean);
    *ret_fd = HANDOVER_FD(fd);
    *ret_offset = 0;
    *ret_size = st.st_size;
    return 0;
}

bool archive_has(struct archive *ar, const char *name)
{
    int64_t size;

    return archive_size(ar, name, &size, NULL) == 0;
}

int archive_size(struct archive *ar, const char *name, int64_t *ret, struct err *err)
{
    int fd;
    int64_t offset;
    int r = locate(ar, name, &fd, &offset, ret, err);

    if (r == 0 && fd != ar->fd)
        close(fd);
    return r;
}

int archive_fetch(struct archive *ar, const char *name, int64_t from, byte_sink sink, void *arg,
                  struct err *err)
{
    AUTO_FREE char *chunk = xmalloc(CHUNK);
    int64_t offset, size;
    int fd, r = locate(ar, name, &fd, &offset, &size, err);

    if (r < 0)
        return r;
    while (r == 0 && from < size) {
        ssize_t n = pread(fd, chunk, (size_t)MIN((int64_t)CHUNK, size - from), offset + from);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            r = err_sys(err, errno, "reading %s", name);
        else if (n == 0)
            r = err_set(err, ERR_BAD_PARAM, EINVAL, "%s: unexpected end of file", name);
        else
            r = sink(arg, chunk, (size_t)n);
        from += MAX(n, (ssize_t)0);
    }
    if (fd != ar->fd)
        close(fd);
    return r;
}

static int buf_sink(void *arg, const void *data, size_t len)
{
    return buf_add(arg, data, len);
}

int archive_read(struct archive *ar, const char *name, struct buf *out, struct err *err)
{
    struct err local = { 0 };

    err = err ? err : &local;
    int r = archive_fetch(ar, name, 0, buf_sink, out, err);
    return r < 0 && err->kind == ERR_NONE
               ? err_set(err, ERR_TOO_BIG, EFBIG, "%s is larger than %zu bytes", name, out->max)
               : r;
}
