/* The documents around the layers: configuration and manifest. */
#include "image/mod/copy.h"

#include "base/limits.h"
#include "base/progress.h"
#include "image/mod/copy_decrypt.h"
#include "image/mod/hash.h"
#include "store/blobs.h"

#include "base/banned.h"

static int small_sink(void *arg, const void *data, size_t len)
{
    return buf_add(arg, data, len);
}

/* What is small is begun anew when it was cut off. */
static int fetch_whole(const struct blob_source *src, const struct descriptor *d, struct buf *out,
                       struct err *err)
{
    for (uint64_t attempt = 0;; attempt++) {
        buf_reset(out);
        int r = src->fetch(src->arg, d, 0, small_sink, out, err);
        if (r == 0 || !src->remote || err->kind != ERR_UNAVAILABLE || attempt >= src->retry.times)
            return r;
        err_clear(err);
        retry_wait(&src->retry, attempt);
    }
}

int copy_fetch_small(const struct blob_source *src, const struct descriptor *d, struct buf *out,
                     struct err *err)
{
    char digest[DIGEST_MAX];

    if ((uint64_t)d->size > out->max)
        return err_set(err, ERR_TOO_BIG, EFBIG, "blob %s of %lld bytes is over the limit of %zu",
                       d->digest, (long long)d->size, out->max);
    int r = fetch_whole(src, d, out, err);
    if (r < 0)
        return err && err->kind == ERR_NONE
                   ? err_set(err, ERR_TOO_BIG, EFBIG, "blob %s is over the limit of %zu bytes",
                             d->digest, out->max)
                   : r;
    if (!STR_EQ(hash_of(out->data ? out->data : "", out->len, d->digest, digest), d->digest))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "digest did not match, expected %s, got %s",
                       d->digest, digest);
    return 0;
}

/* What the configuration says about the whole. */
static int fill_from_config(struct arena *a, const struct buf *config, struct image_config *ret,
                            struct err *err)
{
    AUTO_JSON *doc = json_parse(config->data ? config->data : "", config->len,
                                "image configuration", err);

    return doc ? image_config_read(a, doc, ret, err) : -EINVAL;
}

static void fill_image(struct arena *a, const struct buf *config, const struct image_config *ic,
                       const struct buf *manifest, const char *media_type, struct stored_image *ret)
{
    char digest[DIGEST_MAX];

    hash_of(config->data, config->len, NULL, digest);
    ret->id = arena_strdup(a, digest_hex(digest));
    ret->config = arena_strndup(a, config->data, config->len);
    ret->created = ic->created;
    hash_of(manifest->data, manifest->len, NULL, digest);
    ret->digest = arena_strdup(a, digest);
    ret->media_type = arena_strdup(a, media_type);
}

static void report_config(struct progress *p, const char *digest)
{
    progress_end(progress_begin(p, "Copying config", digest, 0), "done");
}

static int put_documents(const struct store *s, const struct stored_image *img,
                         const struct buf *config, const struct buf *manifest, struct err *err)
{
    char config_digest[DIGEST_MAX];

    snprintf(config_digest, sizeof(config_digest), "sha256:%s", img->id);
    int r = blob_put(s, config_digest, config->data, config->len, err);
    if (r == 0)
        r = blob_put(s, img->digest, manifest->data, manifest->len, err);
    return r;
}

static int read_manifest(struct arena *a, const struct buf *manifest, struct image_manifest *ret,
                         struct err *err)
{
    AUTO_JSON *doc = json_parse(manifest->data ? manifest->data : "", manifest->len, "manifest",
                                err);

    return doc ? image_manifest_read(a, doc, ret, err) : -EINVAL;
}

static int copy_plain(const struct store *s, struct arena *a, const struct blob_source *src,
                      const struct buf *manifest, const char *media_type, const struct buf *config,
                      struct progress *progress, struct stored_image *ret, struct err *err)
{
    struct image_manifest m = { 0 };
    struct image_config ic = { 0 };
    int r = read_manifest(a, manifest, &m, err);

    if (r == 0)
        r = fill_from_config(a, config, &ic, err);
    if (r < 0)
        return r;
    struct copy_layers want = { m.layers.items, ic.rootfs.diff_ids, m.layers.n, progress };
    r = copy_layers(s, a, src, &want, ret, err);
    if (r < 0)
        return r;
    report_config(progress, m.config.digest);
    fill_image(a, config, &ic, manifest, media_type, ret);
    progress_line(progress, "Writing manifest to image destination");
    return put_documents(s, ret, config, manifest, err);
}

int copy_image(const struct store *s, struct arena *a, const struct blob_source *src,
               const struct buf *manifest, const char *media_type, const struct buf *config,
               struct progress *progress, struct stored_image *ret, struct err *err)
{
    AUTO_BUF plain = { .max = LIMIT_MANIFEST };
    struct image_manifest m = { 0 };
    struct blob_source decrypted;
    int r = read_manifest(a, manifest, &m, err);

    if (r < 0 || !copy_is_encrypted(&m))
        return r < 0 ? r : copy_plain(s, a, src, manifest, media_type, config, progress, ret, err);
    r = copy_decrypt(a, src, manifest, &plain, &decrypted, err);
    return r < 0 ? r : copy_plain(s, a, &decrypted, &plain, media_type, config, progress, ret, err);
}

static const char *docker_type(const char *oci_type)
{
    return STR_EQ(oci_type, MT_OCI_LAYER_GZIP) ? MT_DOCKER_LAYER_GZIP : MT_DOCKER_LAYER;
}

static void make_manifest(struct arena *a, const struct stored_image *img, const struct buf *config,
                          bool oci, struct buf *out)
{
    char digest[DIGEST_MAX];
    struct image_manifest m = {
        .schema_version = 2,
        .media_type = arena_strdup(a, oci ? MT_OCI_MANIFEST : MT_DOCKER_MANIFEST),
        .config = { .media_type = arena_strdup(a, oci ? MT_OCI_CONFIG : MT_DOCKER_CONFIG),
                    .size = (int64_t)config->len },
    };

    m.config.digest = arena_strdup(a, hash_of(config->data, config->len, NULL, digest));
    for (size_t i = 0; i < img->layers.n; i++) {
        const struct stored_layer *l = &img->layers.items[i];
        struct descriptor *d = LIST_ADD(a, m.layers);
        d->media_type = arena_strdup(a, oci ? l->media_type : docker_type(l->media_type));
        d->digest = l->blob;
        d->size = l->blob_size;
    }
    AUTO_JSON *doc = json_from(&image_manifest_type, &m);
    json_text(doc, 0, out);
}

int copy_without_manifest(const struct store *s, struct arena *a, const struct blob_source *src,
                          struct descriptor *blobs, size_t n, const struct buf *config, bool oci,
                          struct progress *progress, struct stored_image *ret, struct err *err)
{
    AUTO_BUF manifest = { .max = LIMIT_MANIFEST };
    struct image_config ic = { 0 };
    char digest[DIGEST_MAX];
    int r = fill_from_config(a, config, &ic, err);

    if (r < 0)
        return r;
    struct copy_layers want = { blobs, ic.rootfs.diff_ids, n, progress };
    r = copy_layers(s, a, src, &want, ret, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < ret->layers.n; i++) /* Docker's format knows gzip only */
        oci |= STR_EQ(ret->layers.items[i].media_type, MT_OCI_LAYER_ZSTD);
    report_config(progress, hash_of(config->data, config->len, NULL, digest));
    make_manifest(a, ret, config, oci, &manifest);
    fill_image(a, config, &ic, &manifest, oci ? MT_OCI_MANIFEST : MT_DOCKER_MANIFEST, ret);
    progress_line(progress, "Writing manifest to image destination");
    return put_documents(s, ret, config, &manifest, err);
}
