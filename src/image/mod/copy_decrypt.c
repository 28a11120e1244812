#include "image/mod/copy_decrypt.h"

#include "image/mod/crypt.h"

#include "base/banned.h"

struct sealed_layer {
    struct descriptor d; /* as it is at the source */
    struct crypt_secret secret;
};

struct decrypting {
    const struct blob_source *src;
    JSON_LIST(struct sealed_layer) layers;
};

bool copy_is_encrypted(const struct image_manifest *m)
{
    for (size_t i = 0; i < m->layers.n; i++)
        if (m->layers.items[i].media_type && str_ends(m->layers.items[i].media_type, CRYPT_SUFFIX))
            return true;
    return false;
}

/* ---------- the source ---------- */

struct decrypt_sink {
    struct crypt_stream *stream;
    byte_sink sink;
    void *arg;
};

static int decrypt_bytes(void *arg, const void *data, size_t len)
{
    struct decrypt_sink *d = arg;
    char plain[16 * 1024];

    for (size_t at = 0; at < len;) {
        size_t n = MIN(len - at, sizeof(plain));
        int r = crypt_stream_run(d->stream, (const char *)data + at, plain, n);
        if (r == 0)
            r = d->sink(d->arg, plain, n);
        if (r < 0)
            return r;
        at += n;
    }
    return 0;
}

static int decrypt_fetch(void *arg, const struct descriptor *d, int64_t from, byte_sink sink,
                         void *sink_arg, struct err *err)
{
    const struct decrypting *all = arg;
    const struct sealed_layer *l = NULL;

    for (size_t i = 0; i < all->layers.n && !l; i++)
        if (d->digest && STR_EQ(all->layers.items[i].secret.digest, d->digest))
            l = &all->layers.items[i];
    if (!l)
        return all->src->fetch(all->src->arg, d, from, sink, sink_arg, err);
    struct decrypt_sink s = { crypt_stream_new(&l->secret, from), sink, sink_arg };
    if (!s.stream)
        return err_set(err, ERR_INTERNAL, EIO, "cannot start decrypting");
    int r = all->src->fetch(all->src->arg, &l->d, from, decrypt_bytes, &s, err);
    crypt_stream_free(s.stream);
    return r;
}

/* ---------- the manifest ---------- */

static void plain_layer(json_t *layer, const char *media_type, const char *digest)
{
    json_t *annotations = json_object_get(layer, "annotations");
    const char *key;
    json_t *val;
    void *tmp;

    json_object_set_new(layer, "mediaType",
                        json_stringn(media_type, strlen(media_type) - strlen(CRYPT_SUFFIX)));
    json_object_set_new(layer, "digest", json_string(digest));
    json_object_foreach_safe(annotations, tmp, key, val) if (str_starts(key, CRYPT_PREFIX))
        json_object_del(annotations, key);
    if (!json_object_size(annotations))
        json_object_del(layer, "annotations");
}

int copy_decrypt(struct arena *a, const struct blob_source *src, const struct buf *manifest,
                 struct buf *ret, struct blob_source *ret_src, struct err *err)
{
    struct decrypting *all = arena_alloc(a, sizeof(*all));
    struct image_manifest m = { 0 };
    AUTO_JSON *doc = json_parse(manifest->data, manifest->len, "manifest", err);
    int r = doc ? image_manifest_read(a, doc, &m, err) : -EINVAL;

    all->src = src;
    for (size_t i = 0; r == 0 && i < m.layers.n; i++) {
        const struct descriptor *d = &m.layers.items[i];
        if (!d->media_type || !str_ends(d->media_type, CRYPT_SUFFIX))
            continue;
        struct sealed_layer *l = LIST_ADD(a, all->layers);
        l->d = *d;
        r = crypt_open(a, src->decryption_keys, &d->annotations, &l->secret, err);
        if (r < 0)
            return err_wrap(err, "decrypting layer %s", d->digest);
        plain_layer(json_array_get(json_object_get(doc, "layers"), i), d->media_type,
                    l->secret.digest);
    }
    if (r < 0)
        return r;
    json_text(doc, 0, ret);
    *ret_src = *src;
    ret_src->fetch = decrypt_fetch;
    ret_src->arg = all;
    return 0;
}
