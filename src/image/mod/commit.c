#include "image/mod/commit.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "image/mod/copy.h"
#include "image/mod/hash.h"
#include "image/mod/media.h"
#include "image/mod/tree_write.h"
#include "spec/reference.h"
#include "store/blobs.h"

#include "base/banned.h"

/* The new layer is written to a nameless file first: the configuration names it by its digest, and the layers
 * come with their configuration. */
struct spool {
    int fd;
    struct blob_writer *file; /* gathers small writes */
    struct hash *hash;
    int64_t size;
};

static int spool_sink(void *arg, const void *data, size_t len, struct err *err)
{
    struct spool *sp = arg;
    int r = blob_write(sp->file, data, len);

    hash_add(sp->hash, data, len);
    sp->size += (int64_t)len;
    return r < 0 ? err_sys(err, -r, "writing the layer") : 0;
}

int module_layer(const struct store *s, struct arena *a, const struct image_tree *t,
                 struct stored_layer *ret, struct err *err)
{
    AUTO_HASH *hash = hash_new(NULL);
    AUTO_CLOSE int fd = blob_tmpfile(s, err);
    AUTO_BLOB_WRITER file = { .fd = fd };
    struct spool sp = { .fd = fd, .file = &file, .hash = hash };
    char digest[DIGEST_MAX];

    if (fd < 0)
        return fd;
    int r = tree_write(t, spool_sink, &sp, err);
    int flushed = blob_write_flush(&file);
    if (r == 0 && flushed < 0)
        r = err_sys(err, -flushed, "writing the layer");
    if (r < 0)
        return r;
    hash_end(hash, digest);
    *ret = (struct stored_layer) { .key = arena_strdup(a, digest_hex(digest)),
                                   .diff_id = arena_strdup(a, digest),
                                   .blob = arena_strdup(a, digest),
                                   .media_type = arena_strdup(a, MT_OCI_LAYER),
                                   .blob_size = sp.size,
                                   .size = sp.size };
    return blob_link_unsynced(s, fd, digest, err);
}

/* Only the new layer is ever asked for: those of the base are in the store. */
static int spool_fetch(void *arg, const struct descriptor *d, int64_t from, byte_sink sink,
                       void *sink_arg, struct err *err)
{
    enum { CHUNK = 256 * 1024 };
    const struct spool *sp = arg;
    AUTO_FREE char *chunk = xmalloc(CHUNK);
    int r = 0;

    if (!str_starts(d->media_type, MT_OCI_LAYER) || d->size != sp->size)
        return err_set(err, ERR_NOT_FOUND, ENOENT,
                       "blob %s of the base image is missing: run `podman "
                       "system check --repair`",
                       d->digest);
    while (r == 0) {
        ssize_t n = pread(sp->fd, chunk, CHUNK, from);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(err, errno, "reading the layer");
        if (n == 0)
            break;
        r = sink(sink_arg, chunk, (size_t)n);
        from += n;
    }
    return r;
}

/* The layers of the base as its manifest has them, named as OCI names them. */
static int base_layers(const struct store *s, struct arena *a, const struct image *base,
                       descriptor_list *ret, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    struct image_manifest m = { 0 };
    int r = blob_read(s, base->digest, &text, err);

    if (r < 0)
        return r;
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, "manifest", err);
    r = doc ? image_manifest_read(a, doc, &m, err) : -EINVAL;
    for (size_t i = 0; r == 0 && i < m.layers.n; i++) {
        struct descriptor *d = LIST_ADD(a, *ret);
        enum compression format;
        *d = m.layers.items[i];
        if (media_is_layer(d->media_type, &format))
            d->media_type = arena_strdup(a, media_layer(MEDIA_OCI, format));
    }
    return r;
}

static void make_config(struct arena *a, const struct image_commit_options *o, const char *diff_id,
                        struct buf *out)
{
    struct image_config c = o->config;

    c.created = time_now();
    c.author = arena_strdup(a, o->author);
    c.rootfs.type = arena_strdup(a, "layers");
    c.rootfs.diff_ids = o->base ? strv_copy(a, o->base->config.rootfs.diff_ids) : NULL;
    c.rootfs.diff_ids = strv_add(a, c.rootfs.diff_ids, diff_id);
    struct image_history *h = LIST_ADD(a, c.history);
    h->created = c.created;
    h->created_by = arena_strdup(a, o->created_by);
    h->author = arena_strdup(a, o->author);
    h->comment = arena_strdup(a, o->comment);
    AUTO_JSON *doc = json_from(&image_config_type, &c);
    json_text(doc, 0, out);
}

int module_commit(const struct store *s, struct arena *a, const struct image_commit_options *o,
                  stored_images *ret, struct err *err)
{
    AUTO_BUF config = { .max = LIMIT_IMAGE_CONFIG };
    AUTO_HASH *hash = hash_new(NULL);
    AUTO_CLOSE int fd = blob_tmpfile(s, err);
    AUTO_BLOB_WRITER file = { .fd = fd };
    struct spool sp = { .fd = fd, .file = &file, .hash = hash };
    struct blob_source src = { .fetch = spool_fetch, .arg = &sp };
    struct stored_image *img = LIST_ADD(a, *ret);
    descriptor_list layers = { 0 };
    char diff_id[DIGEST_MAX];
    struct image_ref ref;
    int r = fd;

    if (!str_empty(o->reference)) {
        r = ref_parse(a, o->reference, &ref, err);
        if (r < 0)
            return r;
        ref_complete(a, &ref, NULL);
        img->names = strv_add(a, NULL, ref_text(a, &ref));
    }
    if (r >= 0)
        r = tree_write(o->tree, spool_sink, &sp, err);
    if (r == 0 && (r = blob_write_flush(&file)) < 0)
        r = err_sys(err, -r, "writing the layer");
    if (r == 0 && o->base)
        r = base_layers(s, a, o->base, &layers, err);
    if (r < 0)
        return r;
    hash_end(hash, diff_id);
    *LIST_ADD(a, layers) = (struct descriptor) { .digest = arena_strdup(a, diff_id),
                                                 .media_type = arena_strdup(a, MT_OCI_LAYER),
                                                 .size = sp.size };
    make_config(a, o, diff_id, &config);
    return copy_without_manifest(s, a, &src, layers.items, layers.n, &config, !o->docker, NULL, img,
                                 err);
}
