#include "image/mod/import.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "image/mod/copy.h"
#include "image/mod/hash.h"
#include "image/mod/download.h"
#include "image/mod/trust.h"
#include "spec/image_change.h"
#include "spec/reference.h"
#include "store/blobs.h"

#include "base/banned.h"

/* The configuration names the layer by its diff ID, so the bytes are seen twice: once on their way into a
 * nameless file, hashed; then as every other layer. */

enum { CHUNK = 256 * 1024 };

struct spool {
    struct blob_writer file;
    struct hash *hash;
    struct inflate *inflate;
    struct err err;
};

static int hash_sink(void *arg, const void *data, size_t len)
{
    hash_add(arg, data, len);
    return 0;
}

static int spool_sink(void *arg, const void *data, size_t len)
{
    struct spool *sp = arg;
    int r = blob_write(&sp->file, data, len);

    if (r < 0)
        return err_sys(&sp->err, -r, "writing a copy of the tarball");
    return inflate_push(sp->inflate, data, len, &sp->err);
}

static int spool_fd(struct spool *sp, int from, struct err *err)
{
    AUTO_FREE char *chunk = xmalloc(CHUNK);

    for (;;) {
        ssize_t n = read(from, chunk, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(err, errno, "reading the tarball");
        int r = n ? spool_sink(sp, chunk, (size_t)n) : 0;
        if (r < 0 || n == 0)
            return r;
    }
}

static int spool_source(struct spool *sp, const char *path, struct err *err)
{
    if (is_url(path))
        return download(path, spool_sink, sp, err);
    if (STR_EQ(path, "-"))
        return spool_fd(sp, STDIN_FILENO, err);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? err_sys(err, errno, "open %s", path) : spool_fd(sp, fd, err);
}

/* @ret_fd: the bytes; @diff_id: the digest of what they decompress to. */
static int spool_all(const struct store *s, const char *path, int *ret_fd, char *diff_id,
                     struct err *err)
{
    AUTO_CLOSE int fd = blob_tmpfile(s, err);
    AUTO_HASH *hash = hash_new(NULL);
    AUTO_INFLATE *inflate = inflate_new(hash_sink, hash);
    struct spool sp = { .file.fd = fd, .hash = hash, .inflate = inflate };

    if (fd < 0)
        return fd;
    int r = spool_source(&sp, path, err);
    int flushed = blob_write_flush(&sp.file);
    blob_write_done(&sp.file);
    if (r == 0 && flushed < 0)
        r = err_sys(err, -flushed, "writing a copy of the tarball");
    if (r == 0)
        r = inflate_end(inflate, err);
    if (r < 0) {
        if (err && err->kind == ERR_NONE)
            *err = sp.err;
        return r;
    }
    hash_end(hash, diff_id);
    *ret_fd = HANDOVER_FD(fd);
    return 0;
}

static int make_config(struct arena *a, const struct image_import_options *o, const char *diff_id,
                       struct buf *out, struct err *err)
{
    struct image_config c = {
        .created = time_now(),
        .architecture = arena_strdup(a, str_empty(o->arch) ? platform_host_arch() : o->arch),
        .variant = arena_strdup(a, o->variant),
        .os = arena_strdup(a, str_empty(o->os) ? "linux" : o->os),
        .rootfs.type = arena_strdup(a, "layers"),
    };

    for (char *const *ch = o->changes; ch && *ch; ch++) {
        int r = image_change(a, &c.config, *ch, err);
        if (r < 0)
            return r;
    }
    c.rootfs.diff_ids = strv_add(a, NULL, diff_id);
    struct image_history *h = LIST_ADD(a, c.history);
    h->created = c.created;
    h->created_by = arena_printf(a, "/bin/sh -c #(nop) ADD file:%s in /", digest_hex(diff_id));
    h->comment = arena_strdup(a, o->message);
    AUTO_JSON *doc = json_from(&image_config_type, &c);
    json_text(doc, 0, out);
    return 0;
}

int module_import(const struct store *s, struct arena *a, const struct image_import_options *o,
                  stored_images *ret, struct err *err)
{
    AUTO_BUF config = { .max = LIMIT_IMAGE_CONFIG };
    AUTO_CLOSE int fd = -EBADF;
    struct blob_source src = { .spooled = &fd };
    struct descriptor blob = { 0 };
    char diff_id[DIGEST_MAX];
    struct stored_image *img = LIST_ADD(a, *ret);
    struct image_ref ref;

    if (!str_empty(o->reference)) {
        int r = ref_parse(a, o->reference, &ref, err);
        if (r < 0)
            return r;
        ref_complete(a, &ref, NULL);
        img->names = strv_add(a, NULL, ref_text(a, &ref));
    }
    struct trust_image what = { .transport = "tarball", .path = o->path };
    int r = trust_check(a, o->signature_policy, &what, err);
    if (r == 0)
        r = spool_all(s, o->path, &fd, diff_id, err);
    if (r == 0)
        r = make_config(a, o, diff_id, &config, err);
    return r < 0 ? r : copy_without_manifest(s, a, &src, &blob, 1, &config, true, NULL, img, err);
}
