#include "image/record.h"

#include "base/lock.h"
#include "base/parse.h"
#include "store/index.h"

#include "base/banned.h"

int image_hold(struct store *s, struct err *err)
{
    int fd = lock_take_shared(s->run_fd, "locks/image-gc");

    return fd < 0 ? err_sys(err, -fd, "locking the image store") : fd;
}

static int add_ref(struct db *db, const char *image, const char *ref, const char *kind,
                   struct err *err)
{
    return db_exec(db, err, "INSERT OR IGNORE INTO image_refs(ref, image, kind) VALUES(?, ?, ?)",
                   "sss", ref, image, kind);
}

static int record_layers(struct db *db, const struct stored_image *img, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r >= 0 && i < img->layers.n; i++) {
        const struct stored_layer *l = &img->layers.items[i];
        r = db_exec(db, err,
                    "INSERT OR REPLACE INTO layers(key, diff_id, blob, size, created)"
                    " VALUES(?, ?, ?, ?, ?)",
                    "sssii", l->key, l->diff_id, l->blob, l->size, time_now());
        if (r >= 0)
            r = add_ref(db, img->id, l->key, "layer", err);
        if (r >= 0)
            r = add_ref(db, img->id, l->blob, "blob", err);
    }
    return r;
}

int image_record_name(struct db *db, const char *name, const char *id, const char *digest,
                      struct err *err)
{
    int r = db_exec(db, err,
                    "INSERT OR REPLACE INTO image_names(name, image, digest) VALUES(?, ?, ?)",
                    "sss", name, id, digest);

    if (r >= 0)
        r = db_exec(db, err,
                    "INSERT OR IGNORE INTO image_names_history(image, name, since) VALUES(?, ?, ?)",
                    "ssi", id, name, time_now());
    return MIN(r, 0);
}

static int record_names(struct db *db, const struct stored_image *img, struct err *err)
{
    int r = 0;

    for (char **n = img->names; r >= 0 && n && *n; n++)
        r = image_record_name(db, *n, img->id, img->digest, err);
    return r;
}

static int record_refs(struct db *db, const struct stored_image *img, struct err *err)
{
    AUTO_FREE char *config = xasprintf("sha256:%s", img->id);
    int r = add_ref(db, img->id, config, "config", err);

    if (r >= 0)
        r = add_ref(db, img->id, img->digest, "manifest", err);
    for (char **d = img->digests; r >= 0 && d && *d; d++)
        r = add_ref(db, img->id, *d, "index", err);
    return r;
}

static int record_one(struct db *db, const struct stored_image *img, struct err *err)
{
    AUTO_BUF keys = { 0 };
    int64_t size = 0;

    for (size_t i = 0; i < img->layers.n; i++) {
        buf_printf(&keys, "%s%s", i ? " " : "", img->layers.items[i].key);
        size += img->layers.items[i].size;
    }
    int r = db_exec(
        db, err,
        "INSERT INTO images(id, digest, media_type, created, size, stored, config, layers)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET"
        " digest = excluded.digest, media_type = excluded.media_type,"
        " size = excluded.size, layers = excluded.layers",
        "sssiiiss", img->id, img->digest, img->media_type, img->created, size, time_now(),
        img->config, keys.data ? keys.data : "");
    if (r >= 0)
        r = record_layers(db, img, err);
    if (r >= 0)
        r = record_refs(db, img, err);
    return r < 0 ? r : record_names(db, img, err);
}

int image_record(struct store *s, const stored_images *images, struct err *err)
{
    struct db *db = store_db(s, err);
    int r = db ? db_begin(db, DB_DURABLE, err) : -EIO;

    if (r < 0)
        return r;
    for (size_t i = 0; r >= 0 && i < images->n; i++)
        r = record_one(db, &images->items[i], err);
    if (r < 0) {
        db_rollback(db);
        return r;
    }
    if ((r = db_commit(db, err)) < 0)
        return r;
    return store_index_write(s, err);
}
