#include "image/mod/variant.h"

#include "base/fs.h"
#include "base/limits.h"
#include "image/mod/hash.h"
#include "image/mod/media.h"
#include "image/mod/repack.h"
#include "store/blobs.h"

#include "base/banned.h"

struct writer {
    int fd;
    struct hash *hash;
    int64_t size;
};

static int write_sink(void *arg, const void *data, size_t len)
{
    struct writer *w = arg;

    hash_add(w->hash, data, len);
    w->size += (int64_t)len;
    return write_all(w->fd, data, len);
}

static int repack_layer(const struct store *s, struct arena *a, struct descriptor *d,
                        enum compression to, int level, struct err *err)
{
    AUTO_HASH *hash = hash_new(NULL);
    AUTO_CLOSE int in = blob_open(s, d->digest), out = blob_tmpfile(s, err);
    struct writer w = { .fd = out, .hash = hash };
    char digest[DIGEST_MAX];

    if (in < 0 || out < 0)
        return in < 0 ? err_sys(err, -in, "opening blob %s", d->digest) : out;
    int r = repack(in, to, level, write_sink, &w, err);
    if (r < 0)
        return err && err->kind != ERR_NONE ? r : err_sys(err, -r, "writing a blob");
    d->digest = arena_strdup(a, hash_end(hash, digest));
    d->size = w.size;
    d->media_type = arena_strdup(a, media_layer(MEDIA_OCI, to));
    return blob_link(s, out, d->digest, err);
}

static int repack_layers(const struct store *s, struct arena *a, struct image_manifest *m,
                         enum compression to, int level, bool *ret_changed, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < m->layers.n; i++) {
        enum compression have;
        struct descriptor *d = &m->layers.items[i];
        /* What is not compressed at all is gzip wherever it is sent. */
        if (!media_is_layer(d->media_type, &have) || have == to ||
            (have == COMP_NONE && to == COMP_GZIP))
            continue;
        *ret_changed = true;
        r = repack_layer(s, a, d, to, level, err);
    }
    return r;
}

int module_variant(const struct store *s, struct arena *a, const char *digest, const char *format,
                   int level, struct descriptor *ret, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST }, out = { 0 };
    struct image_manifest m = { 0 };
    char made[DIGEST_MAX];
    bool changed = false;
    enum compression to = STR_EQ(format, "gzip") ? COMP_GZIP : COMP_ZSTD;
    int r = blob_read(s, digest, &text, err);

    if (r < 0)
        return r;
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, "manifest", err);
    if (!doc)
        return -EINVAL;
    media_convert_manifest(doc, MEDIA_OCI); /* Docker has no name for zstd */
    if ((r = image_manifest_read(a, doc, &m, err)) < 0 ||
        (r = repack_layers(s, a, &m, to, level, &changed, err)) < 0)
        return r;
    ret->digest = arena_strdup(a, digest);
    if (!changed)
        return 0;
    m.media_type = ret->media_type = arena_strdup(a, MT_OCI_MANIFEST);
    AUTO_JSON *new = json_from(&image_manifest_type, &m);
    json_text(new, 0, &out);
    ret->digest = arena_strdup(a, hash_of(out.data, out.len, NULL, made));
    ret->size = (int64_t)out.len;
    return blob_put(s, ret->digest, out.data, out.len, err);
}
