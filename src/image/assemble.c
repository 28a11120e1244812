#include "image/assemble.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "spec/reference.h"
#include "store/blobs.h"
#include "store/layers.h"

#include "base/banned.h"

/* ---------- layers ---------- */

static const char *oci_type(const char *type)
{
    if (STR_EQ(type, MT_DOCKER_LAYER))
        return MT_OCI_LAYER;
    return STR_EQ(type, MT_DOCKER_LAYER_GZIP) ? MT_OCI_LAYER_GZIP : type;
}

static const char *docker_type(const char *type)
{
    if (STR_EQ(type, MT_OCI_LAYER))
        return MT_DOCKER_LAYER;
    return STR_EQ(type, MT_OCI_LAYER_GZIP) ? MT_DOCKER_LAYER_GZIP : type;
}

int image_stored_layers(struct store *s, struct arena *a, const struct image *img,
                        stored_layers *ret, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    struct image_manifest m = { 0 };
    size_t n = strv_len(img->layers);
    int r = blob_read(s, img->digest, &text, err);

    if (r < 0)
        return r;
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, "manifest", err);
    r = doc ? image_manifest_read(a, doc, &m, err) : -EINVAL;
    if (r == 0 && (m.layers.n != n || strv_len(img->config.rootfs.diff_ids) != n))
        r = err_set(err, ERR_INTERNAL, EUCLEAN,
                    "image %s: manifest and configuration do not fit: run `podman system check`",
                    img->id);
    for (size_t i = 0; r == 0 && i < n; i++) {
        const struct descriptor *d = &m.layers.items[i];
        struct layer_info info = { 0 };
        (void)!layer_info(s, img->layers[i], &info);
        *LIST_ADD(a, *ret) =
            (struct stored_layer) { .key = img->layers[i],
                                    .diff_id = img->config.rootfs.diff_ids[i],
                                    .blob = d->digest,
                                    .media_type = arena_strdup(a, oci_type(d->media_type)),
                                    .blob_size = d->size,
                                    .size = info.size };
    }
    return r;
}

int image_layer_blob(struct store *s, struct arena *a, const struct image_tree *t,
                     struct stored_layer *ret, struct err *err)
{
    const struct image_module *m = image_module(err);

    return m ? m->layer(s, a, t, ret, err) : -ENOENT;
}

int image_layer_adopt(struct store *s, const struct stored_layer *l, const char *path,
                      struct err *err)
{
    const struct layer_info info = { .size = l->size };
    struct layer_tmp tmp = { .diff_fd = -EBADF };
    AUTO_CLOSE int lock = layer_lock(s, l->key, err);

    if (lock < 0)
        return lock;
    if (layer_exists(s, l->key))
        return 0;
    int r = layer_tmp_make(s, l->key, &tmp, err);
    if (r == 0)
        r = layer_tmp_adopt(s, &tmp, path, err);
    if (r == 0)
        r = layer_tmp_describe(s, &tmp, &info, err);
    if (r == 0)
        r = layer_tmp_commit(s, &tmp, l->key, err);
    if (r < 0)
        layer_tmp_drop(s, &tmp);
    return r;
}

/* ---------- documents ---------- */

static int put(struct store *s, struct arena *a, const struct buf *text, char **ret_digest,
               struct err *err)
{
    char hex[SHA256_HEX];
    struct sha256 sha;

    sha256_init(&sha);
    sha256_add(&sha, text->data, text->len);
    *ret_digest = arena_printf(a, "sha256:%s", sha256_hex(&sha, hex));
    if (blob_exists(s, *ret_digest, NULL))
        return 0;
    AUTO_CLOSE int fd = blob_tmpfile(s, err);
    if (fd < 0)
        return fd;
    int r = write_all(fd, text->data, text->len);
    return r < 0 ? err_sys(err, -r, "writing blob %s", *ret_digest)
                 : blob_link_unsynced(s, fd, *ret_digest, err);
}

/* Docker's format knows gzip only. */
static bool is_oci(const struct image_assembly *in)
{
    bool oci = !in->docker;

    for (size_t i = 0; i < in->layers->n; i++)
        oci |= STR_EQ(in->layers->items[i].media_type, MT_OCI_LAYER_ZSTD);
    return oci;
}

static void make_manifest(struct arena *a, const struct image_assembly *in, char *config,
                          size_t size, struct buf *out)
{
    bool oci = is_oci(in);
    struct image_manifest m = {
        .schema_version = 2,
        .media_type = arena_strdup(a, oci ? MT_OCI_MANIFEST : MT_DOCKER_MANIFEST),
        .config = { .media_type = arena_strdup(a, oci ? MT_OCI_CONFIG : MT_DOCKER_CONFIG),
                    .digest = config,
                    .size = (int64_t)size },
    };

    for (size_t i = 0; i < in->layers->n; i++) {
        const struct stored_layer *l = &in->layers->items[i];
        *LIST_ADD(a, m.layers) = (struct descriptor) {
            .media_type = oci ? l->media_type : arena_strdup(a, docker_type(l->media_type)),
            .digest = l->blob,
            .size = l->blob_size,
        };
    }
    if (oci)
        m.annotations = in->annotations;
    AUTO_JSON *doc = json_from(&image_manifest_type, &m);
    json_text(doc, 0, out);
}

int image_assemble(struct store *s, struct arena *a, const struct image_assembly *in,
                   struct stored_image *ret, struct err *err)
{
    AUTO_BUF config = { .max = LIMIT_IMAGE_CONFIG }, manifest = { .max = LIMIT_MANIFEST };
    struct image_config *c = in->config;
    char *digest;

    c->rootfs = (struct image_rootfs) { .type = arena_strdup(a, "layers") };
    for (size_t i = 0; i < in->layers->n; i++)
        c->rootfs.diff_ids = strv_add(a, c->rootfs.diff_ids, in->layers->items[i].diff_id);
    AUTO_JSON *doc = json_from(&image_config_type, c);
    json_text(doc, 0, &config);
    int r = put(s, a, &config, &digest, err);
    if (r < 0)
        return r;
    *ret = (struct stored_image) {
        .id = arena_strdup(a, digest + strlen("sha256:")),
        .media_type = arena_strdup(a, is_oci(in) ? MT_OCI_MANIFEST : MT_DOCKER_MANIFEST),
        .config = arena_strndup(a, config.data, config.len),
        .created = c->created,
        .names = in->names,
    };
    for (size_t i = 0; i < in->layers->n; i++)
        *LIST_ADD(a, ret->layers) = in->layers->items[i];
    make_manifest(a, in, digest, config.len, &manifest);
    return put(s, a, &manifest, &ret->digest, err);
}

int image_assembled(struct store *s, const stored_images *images, struct err *err)
{
    if (!images->n)
        return 0;
    if (syncfs(s->graph_fd) < 0)
        return err_sys(err, errno, "flushing %s", s->graphroot);
    return image_record(s, images, err);
}

int image_download(const char *url, int fd, int64_t max, struct err *err)
{
    const struct image_module *m = image_module(err);

    return m ? m->download(url, fd, max, err) : -ENOENT;
}
