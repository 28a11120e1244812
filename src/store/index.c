#include "store/index.h"

#include "base/fs.h"
#include "spec/image.h"
#include "store/blobs.h"

#include "base/banned.h"

static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

static int build(struct store *s, struct arena *a, struct image_index *idx, struct err *err)
{
    struct db *db = store_db(s, err);
    if (!db)
        return -EIO;
    struct rows q = db_query(db, err,
                             "SELECT i.digest, i.media_type, n.name, i.stored FROM images i"
                             " LEFT JOIN image_names n ON n.image = i.id UNION ALL"
                             " SELECT digest, media_type, name, stored FROM artifacts"
                             " ORDER BY 4, 3",
                             "");
    while (rows_next(&q)) {
        int64_t size;
        if (!digest_valid(rows_text(&q, 0)) || !blob_exists(s, rows_text(&q, 0), &size))
            continue;
        struct descriptor *d = LIST_ADD(a, idx->manifests);
        d->digest = arena_strdup(a, rows_text(&q, 0));
        d->media_type = arena_strdup(a, rows_text(&q, 1));
        d->size = size;
        if (rows_text(&q, 2))
            kv_set(a, &d->annotations, "org.opencontainers.image.ref.name", rows_text(&q, 2));
    }
    return rows_end(&q);
}

int store_index_write(struct store *s, struct err *err)
{
    AUTO_ARENA a = { 0 };
    AUTO_BUF text = { 0 };
    struct image_index idx = { .schema_version = 2, .media_type = arena_strdup(&a, MT_OCI_INDEX) };
    /* The lock makes "read the database, replace the file" one step: the last writer is the newest. */
    AUTO_CLOSE int lock = store_lock(s, "name", "image-index", err);
    if (lock < 0)
        return lock;

    int r = build(s, &a, &idx, err);
    if (r < 0)
        return r;
    AUTO_JSON *doc = json_from(&image_index_type, &idx);
    if (!idx.manifests.n)
        json_object_set_new(doc, "manifests", json_array());
    json_text(doc, 0, &text);
    AUTO_CLOSE int oci = fs_open_dir(s->graph_fd, "oci");
    r = oci < 0 ? oci : 0;
    if (r == 0 && faccessat(oci, "oci-layout", F_OK, 0) < 0)
        r = fs_replace(oci, "oci-layout", layout, sizeof(layout) - 1, 0644, FS_NOSYNC);
    if (r == 0)
        r = fs_replace(oci, "index.json", text.data, text.len, 0644, FS_NOSYNC);
    return r < 0 ? err_sys(err, -r, "writing %s/oci/index.json", s->graphroot) : 0;
}
