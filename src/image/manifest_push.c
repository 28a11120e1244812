#include "base/limits.h"
#include "image/gc.h"
#include "image/manifest_entry.h"
#include "image/manifest_list.h"
#include "image/module.h"
#include "image/record.h"
#include "store/blobs.h"

#include "base/banned.h"

/* --add-compression: beside each image of the list stands the same one with its layers compressed otherwise.
 * The longer list exists for the push only: what was made for it is garbage afterwards. */

#define ZSTD_MARK "io.github.containers.compression.zstd"

static bool has_variant(const struct image_index *idx, const struct descriptor *of, bool zstd)
{
    for (size_t i = 0; i < idx->manifests.n; i++) {
        const struct descriptor *d = &idx->manifests.items[i];
        bool marked = str_same(kv_get(&d->annotations, ZSTD_MARK), "true");
        if (marked == zstd && marked && d->platform && of->platform &&
            str_same(d->platform->os, of->platform->os) &&
            str_same(d->platform->architecture, of->platform->architecture) &&
            str_same(d->platform->variant, of->platform->variant))
            return true;
    }
    return false;
}

static int add_variant(struct store *s, struct arena *a, const struct descriptor *of,
                       const char *format, int level, struct image_index *idx, struct err *err)
{
    const struct image_module *m = image_module(err);
    struct descriptor d = *of;
    bool zstd = !STR_EQ(format, "gzip");

    if (has_variant(idx, of, zstd))
        return 0;
    d.annotations = (kv_list) { 0 };
    for (size_t i = 0; i < of->annotations.n; i++)
        if (!STR_EQ(of->annotations.items[i].key, ZSTD_MARK))
            kv_set(a, &d.annotations, of->annotations.items[i].key, of->annotations.items[i].val);
    int r = m ? m->variant(s, a, of->digest, format, level, &d, err) : -ENOENT;
    if (r < 0 || STR_EQ(d.digest, of->digest))
        return r;
    if (zstd)
        kv_set(a, &d.annotations, ZSTD_MARK, "true");
    *LIST_ADD(a, idx->manifests) = d;
    return 0;
}

static int add_variants(struct store *s, struct arena *a, const struct manifest_list *l,
                        char *const *formats, int level, struct image_index *idx, struct err *err)
{
    int r = 0;

    *idx = l->index;
    idx->manifests = (descriptor_list) { 0 };
    for (size_t i = 0; i < l->index.manifests.n; i++)
        *LIST_ADD(a, idx->manifests) = l->index.manifests.items[i];
    for (; r == 0 && *formats; formats++) {
        if (!STR_IN(*formats, "gzip", "zstd", "zstd:chunked"))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "cannot find compressor for \"%s\"",
                           *formats);
        for (size_t i = 0; r == 0 && i < l->index.manifests.n; i++)
            if (!l->index.manifests.items[i].artifact_type)
                r = add_variant(s, a, &l->index.manifests.items[i], *formats, level, idx, err);
    }
    return r;
}

/* Blobs of the longer list that no image has: they go with the next collection. */
static int leave_as_garbage(struct store *s, const struct image_index *idx, const char *index,
                            struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct db *db = store_db(s, err);
    static const char add[] = "INSERT OR IGNORE INTO image_garbage(ref, kind) VALUES(?, 0)";
    int r = db ? db_exec(db, err, add, "s", index) : -EIO;

    for (size_t i = 0; r >= 0 && i < idx->manifests.n; i++) {
        AUTO_BUF text = { .max = LIMIT_MANIFEST };
        struct image_manifest m = { 0 };
        r = db_exec(db, err, add, "s", idx->manifests.items[i].digest);
        if (r < 0 || blob_read(s, idx->manifests.items[i].digest, &text, NULL) < 0)
            continue;
        AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, "manifest", NULL);
        if (!doc || image_manifest_read(&a, doc, &m, NULL) < 0)
            continue;
        for (size_t k = 0; r >= 0 && k < m.layers.n; k++)
            r = db_exec(db, err, add, "s", m.layers.items[k].digest);
    }
    return MIN(r, 0);
}

/* Brings what stayed at registries when it was added to the list. */
static int complete(struct store *s, struct arena *a, const struct manifest_list *l,
                    const struct image_push_options *o, struct err *err)
{
    const struct image_pull_options pull = { .authfile = o->authfile,
                                             .cert_dir = o->cert_dir,
                                             .tls_verify = o->tls_verify,
                                             .retry = o->retry,
                                             .retry_delay_ns = o->retry_delay_ns,
                                             .progress = o->progress };
    int r = 0;

    for (size_t i = 0; r == 0 && i < l->index.manifests.n; i++)
        r = manifest_entry_complete(s, a, &l->index.manifests.items[i], &pull, err);
    return r;
}

static int push_longer(struct store *s, struct arena *a, const struct manifest_list *l,
                       const char *destination, char *const *formats,
                       const struct image_push_options *o, char **ret_digest, struct err *err)
{
    AUTO_BUF text = { 0 };
    struct image_index idx;
    char digest[DIGEST_MAX];
    AUTO_CLOSE int hold = image_hold(s, err);
    int r = hold < 0 ? hold : complete(s, a, l, o, err);

    if (r == 0)
        r = add_variants(s, a, l, formats, o->compression_level, &idx, err);

    if (r < 0)
        return r;
    idx.media_type = arena_strdup(a, MT_OCI_INDEX);
    AUTO_JSON *doc = json_from(&image_index_type, &idx);
    json_text(doc, 0, &text);
    r = image_module(err)->store_text(s, text.data, text.len, digest, err);
    if (r == 0)
        r = image_push(s, a, digest, destination, o, ret_digest, err);
    struct err second = { 0 };
    int left = leave_as_garbage(s, &idx, digest, r < 0 ? &second : err);
    return r < 0 ? r : left;
}

/* A registry may take over, from a repository of its own, what was never here: it is asked first. */
static int push_plain(struct store *s, struct arena *a, const struct manifest_list *l,
                      const char *destination, const struct image_push_options *o,
                      char **ret_digest, struct err *err)
{
    struct err first = { 0 };
    int r = image_push(s, a, l->digest, destination, o, ret_digest, &first);

    if (r < 0 && o->all && first.kind == ERR_NOT_FOUND) {
        AUTO_CLOSE int hold = image_hold(s, err);
        r = hold < 0 ? hold : complete(s, a, l, o, err);
        return r < 0 ? r : image_push(s, a, l->digest, destination, o, ret_digest, err);
    }
    if (r < 0 && err)
        *err = first;
    return r;
}

int manifest_list_push(struct store *s, struct arena *a, const struct manifest_list *l,
                       const char *destination, char *const *add_compression,
                       const struct image_push_options *o, char **ret_digest, struct err *err)
{
    if (!add_compression || !*add_compression)
        return push_plain(s, a, l, destination, o, ret_digest, err);
    int r = push_longer(s, a, l, destination, add_compression, o, ret_digest, err);
    return r < 0 ? r : gc_collect(s, err);
}
