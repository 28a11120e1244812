#include "image/mod/files.h"

#include "base/fs.h"
#include "base/parse.h"
#include "image/mod/hash.h"
#include "image/mod/tar_write.h"
#include "spec/media_type.h"
#include "store/blobs.h"

#include "base/banned.h"

enum { CHUNK = 256 * 1024 };

int module_store_text(const struct store *s, const char *data, size_t len, char *ret_digest,
                      struct err *err)
{
    return blob_put(s, hash_of(data, len, NULL, ret_digest), data, len, err);
}

int module_store_file(const struct store *s, struct arena *a, int fd, struct stored_file *ret,
                      struct err *err)
{
    AUTO_FREE char *chunk = xmalloc(CHUNK);
    AUTO_HASH *h = hash_new(NULL);
    AUTO_CLOSE int tmp = blob_tmpfile(s, err);
    char digest[DIGEST_MAX];

    if (tmp < 0)
        return tmp;
    if (fchmod(tmp, 0644) < 0) /* whoever a container's process is reads it, whatever our umask */
        return err_sys(err, errno, "writing to %s", s->graphroot);
    for (bool first = true;; first = false) {
        ssize_t n = read_full(fd, chunk, CHUNK); /* whole, so that the first piece tells the type */
        if (n < 0)
            return err_sys(err, (int)-n, "reading");
        if (first)
            ret->media_type = arena_strdup(a, media_type_sniff(chunk, (size_t)n));
        if (n == 0)
            break;
        hash_add(h, chunk, (size_t)n);
        int r = write_all(tmp, chunk, (size_t)n);
        if (r < 0)
            return err_sys(err, -r, "writing to %s", s->graphroot);
        ret->size += n;
    }
    ret->digest = arena_strdup(a, hash_end(h, digest));
    return blob_link(s, tmp, ret->digest, err);
}

static int pack_one(const struct store *s, const struct packed_file *f, int fd, struct err *err)
{
    static const char zeros[TAR_BLOCK];
    char header[TAR_HEADER_MAX];
    AUTO_FREE char *chunk = xmalloc(CHUNK);
    AUTO_CLOSE int from = blob_open(s, f->digest);
    int64_t left = f->size;

    if (from < 0)
        return err_sys(err, -from, "opening blob %s", f->digest);
    int r = write_all(
        fd, header,
        tar_header(header, f->name, TAR_FILE, NULL, 0600, f->size, time_now() / NSEC_PER_SEC));
    while (r == 0 && left > 0) {
        ssize_t n = read_full(from, chunk, (size_t)MIN(left, (int64_t)CHUNK));
        if (n <= 0)
            return err_set(err, ERR_INTERNAL, EIO, "blob %s is damaged: it is too short",
                           f->digest);
        r = write_all(fd, chunk, (size_t)n);
        left -= n;
    }
    if (r == 0)
        r = write_all(fd, zeros, tar_padding(f->size));
    return r < 0 ? err_sys(err, -r, "writing the archive") : 0;
}

int module_pack(const struct store *s, const struct packed_file *files, size_t n, int fd,
                struct err *err)
{
    static const char end[2 * TAR_BLOCK];
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++)
        r = pack_one(s, &files[i], fd, err);
    if (r < 0)
        return r;
    r = write_all(fd, end, sizeof(end));
    return r < 0 ? err_sys(err, -r, "writing the archive") : 0;
}
