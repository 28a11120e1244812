/* Removal of names and images. */
#include "image/find.h"
#include "image/gc.h"
#include "store/index.h"

#include "base/banned.h"

/* IDs of the containers that use the image, joined by ", "; NULL when there are none. */
static char *users_of(struct db *db, struct arena *a, const char *id, struct err *err)
{
    char **ids = NULL;

    /* As their own image, or as one of their mounts (--mount type=image). */
    struct rows q = db_query(db, err,
                             "SELECT id FROM containers WHERE image = ?1 OR EXISTS ("
                             "SELECT 1 FROM json_each(containers.config, '$.mounts') m WHERE "
                             "json_extract(m.value, '$.type') = 'image' AND "
                             "json_extract(m.value, '$.source') = ?1)",
                             "s", id);
    while (rows_next(&q))
        ids = strv_add(a, ids, rows_text(&q, 0));
    if (rows_end(&q) < 0 || !ids)
        return NULL;
    return strv_join(a, ids, ", ");
}

static int in_use(struct db *db, struct arena *a, const char *id, struct err *err)
{
    char *users = users_of(db, a, id, err);

    if (!users)
        return err && err->kind != ERR_NONE ? -err->errnum : 0;
    return err_set(err, ERR_IN_USE, EBUSY,
                   "image used by %s: image is in use by a container: consider listing external "
                   "containers and force-removing image",
                   users);
}

static int remove_whole(struct db *db, struct arena *a, const struct image *img,
                        struct image_removed *ret, struct err *err)
{
    int r = in_use(db, a, img->id, err);

    if (r == 0)
        r = gc_forget_image(db, img->id, err);
    if (r == 0) {
        ret->untagged = strv_copy(a, img->names);
        ret->deleted = img->id;
    }
    return r;
}

/* Inside the transaction.  @found: the name by which it was found, or the ID. */
static int remove_found(struct db *db, struct arena *a, const struct image *img, const char *typed,
                        const char *found, bool force, struct image_removed *ret, struct err *err)
{
    size_t names = strv_len(img->names);
    bool by_name = strv_has(img->names, found);

    if (by_name && names > 1) {
        ret->untagged = strv_add(a, ret->untagged, found);
        int r = db_exec(db, err, "DELETE FROM image_names WHERE name = ?", "s", found);
        return MIN(r, 0);
    }
    if (!by_name && names > 1 && !force)
        return err_set(err, ERR_CONFLICT, EEXIST,
                       "unable to delete image \"%s\" by ID with more than one tag ([%s]): please "
                       "force removal",
                       typed, strv_join(a, img->names, " "));
    return remove_whole(db, a, img, ret, err);
}

int image_remove(struct store *s, struct arena *a, const char *name, bool force,
                 struct image_removed *ret, struct err *err)
{
    struct image img = { 0 };
    char *found;
    int r = image_find_row(s, a, name, &img, &found, err);
    struct db *db = r == 0 ? store_db(s, err) : NULL;

    *ret = (struct image_removed) { 0 };
    if (!db)
        return r < 0 ? r : -EIO;
    if ((r = db_begin(db, DB_DURABLE, err)) < 0)
        return r;
    r = remove_found(db, a, &img, name, found, force, ret, err);
    if (r < 0) {
        db_rollback(db);
        return r;
    }
    if ((r = db_commit(db, err)) == 0)
        r = store_index_write(s, err);
    return r < 0 || !ret->deleted ? r : gc_collect(s, err);
}

/* Checked again inside the transaction: a container may have come meanwhile. */
static int prune_one(struct store *s, struct arena *a, const struct image *img, bool *ret_removed,
                     struct err *err)
{
    struct image_removed gone;
    struct err busy = { 0 };
    struct db *db = store_db(s, err);
    int r = db_begin(db, DB_FAST, err);

    if (r < 0)
        return r;
    r = remove_whole(db, a, img, &gone, &busy);
    *ret_removed = r == 0;
    if (r == 0)
        return db_commit(db, err);
    db_rollback(db);
    if (busy.kind == ERR_IN_USE)
        return 0;
    if (err)
        *err = busy;
    return r;
}

int image_prune(struct store *s, struct arena *a, bool all, image_filter_fn filter, const void *arg,
                char ***ret_ids, int64_t *ret_bytes, struct err *err)
{
    struct image_list list;
    int64_t swept = 0;
    int r = image_list(s, a, &list, err);

    for (size_t i = 0; r == 0 && i < list.n; i++) {
        const struct image *img = &list.items[i];
        bool removed;
        if ((!all && img->names) || (filter && !filter(img, arg)))
            continue;
        r = prune_one(s, a, img, &removed, err);
        if (r == 0 && removed) {
            *ret_ids = strv_add(a, *ret_ids, img->id);
            *ret_bytes += img->size;
        }
    }
    if (r == 0 && *ret_ids)
        r = store_index_write(s, err);
    return r < 0 ? r : gc_sweep(s, &swept, err);
}
