#include "image/mod/unpack_again.h"

#include "base/limits.h"
#include "image/mod/copy.h"
#include "store/blobs.h"

#include "base/banned.h"

/* All blobs are here: nothing is ever fetched. */
static int no_fetch(void *arg, const struct descriptor *d, int64_t from, byte_sink sink,
                    void *sink_arg, struct err *err)
{
    (void)arg;
    (void)from;
    (void)sink;
    (void)sink_arg;
    return err_set(err, ERR_NOT_FOUND, ENOENT, "blob %s is missing: pull the image again",
                   d->digest);
}

int module_unpack(const struct store *s, const struct image *img, struct err *err)
{
    AUTO_ARENA a = { 0 };
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    struct blob_source src = { .fetch = no_fetch };
    struct image_manifest m = { 0 };
    struct stored_image ignored = { 0 };

    int r = blob_read(s, img->digest, &text, err);
    if (r < 0)
        return r;
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, "manifest", err);
    r = doc ? image_manifest_read(&a, doc, &m, err) : -EINVAL;
    if (r < 0)
        return r;
    struct copy_layers want = { m.layers.items, img->config.rootfs.diff_ids, m.layers.n, NULL };
    return copy_layers(s, &a, &src, &want, &ignored, err);
}
