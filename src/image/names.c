/* tag and untag */
#include "image/find.h"
#include "image/record.h"
#include "spec/reference.h"
#include "store/index.h"

#include "base/banned.h"

static int complete(struct arena *a, const char *verb, const char *name, char **ret,
                    struct err *err)
{
    struct image_ref ref;
    int r = ref_parse(a, name, &ref, err);

    if (r < 0)
        return r;
    if (ref.digest)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s: %s by digest not supported", name, verb);
    ref_complete(a, &ref, NULL);
    *ret = ref_text(a, &ref);
    return 0;
}

int image_complete_name(struct arena *a, const char *name, char **ret, struct err *err)
{
    return complete(a, "tag", name, ret, err);
}

/* Both commands change names only: one short transaction, then index.json. */
static int finish(struct store *s, struct db *db, int r, struct err *err)
{
    if (r < 0) {
        db_rollback(db);
        return r;
    }
    r = db_commit(db, err);
    return r < 0 ? r : store_index_write(s, err);
}

int image_tag(struct store *s, const char *name, const char *target, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct image img = { 0 };
    char *full, *found;
    int r = image_find_row(s, &a, name, &img, &found, err);

    if (r == 0)
        r = complete(&a, "tag", target, &full, err);
    struct db *db = r == 0 ? store_db(s, err) : NULL;
    if (!db)
        return r < 0 ? r : -EIO;
    if ((r = db_begin(db, DB_DURABLE, err)) < 0)
        return r;
    return finish(s, db, image_record_name(db, full, img.id, img.digest, err), err);
}

/* A short name means the one of the image's own names that ends in it. */
static const char *own_name(const struct image *img, const char *full, const char *typed)
{
    AUTO_FREE char *suffix = xasprintf("/%s", typed);
    AUTO_FREE char *latest = xasprintf("/%s:latest", typed);

    for (char **n = img->names; n && *n; n++)
        if (STR_EQ(*n, full))
            return *n;
    for (char **n = img->names; n && *n; n++)
        if (str_ends(*n, suffix) || str_ends(*n, latest))
            return *n;
    return NULL;
}

static int untag_one(struct db *db, struct arena *a, const struct image *img, const char *typed,
                     struct err *err)
{
    char *full;
    int r = complete(a, "untag", typed, &full, err);
    if (r < 0)
        return r;
    const char *own = own_name(img, full, typed);
    if (!own)
        return err_set(err, ERR_NOT_FOUND, ENOENT, "%s: tag not known", full);
    return db_exec(db, err, "DELETE FROM image_names WHERE name = ? AND image = ?", "ss", own,
                   img->id);
}

int image_untag(struct store *s, const char *name, char *const *names, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct image img = { 0 };
    char *found;
    int r = image_find_row(s, &a, name, &img, &found, err);
    struct db *db = r == 0 ? store_db(s, err) : NULL;

    if (!db)
        return r < 0 ? r : -EIO;
    if ((r = db_begin(db, DB_DURABLE, err)) < 0)
        return r;
    if (!names || !*names)
        r = db_exec(db, err, "DELETE FROM image_names WHERE image = ?", "s", img.id);
    for (; r >= 0 && names && *names; names++)
        r = untag_one(db, &a, &img, *names, err);
    return finish(s, db, r, err);
}
