/* Looking images up: the database only, on the path of every `podman run`. */
#include "image/image.h"

#include "config/registries.h"
#include "image/find.h"
#include "image/manifest_list.h"
#include "image/module.h"
#include "spec/reference.h"
#include "store/layers.h"

#include "base/banned.h"

#define IMAGE_COLUMNS                                                                              \
    "i.id, i.digest, i.media_type, i.created, i.size, i.stored, i.config, i.layers"

static int read_row(struct arena *a, const struct rows *q, struct image *img, struct err *err)
{
    const char *config = rows_text(q, 6);

    img->id = arena_strdup(a, rows_text(q, 0));
    img->digest = arena_strdup(a, rows_text(q, 1));
    img->media_type = arena_strdup(a, rows_text(q, 2));
    img->created = rows_int(q, 3);
    img->size = rows_int(q, 4);
    img->stored = rows_int(q, 5);
    if (rows_text(q, 7)[0])
        img->layers = strv_split(a, rows_text(q, 7), ' ');
    AUTO_JSON *doc = json_parse(config, strlen(config), "image configuration", err);
    return doc ? image_config_read(a, doc, &img->config, err) : -EINVAL;
}

/* "repo@digest" for each repository that names the image and each digest it is known by. */
static void add_repo_digests(struct arena *a, struct image *img, char *const *digests)
{
    for (char **n = img->names; n && *n; n++) {
        struct image_ref ref;
        if (ref_parse(a, *n, &ref, NULL) < 0)
            continue;
        char *repo = ref_repo(a, &ref);
        for (char *const *d = digests; d && *d; d++) {
            char *full = arena_printf(a, "%s@%s", repo, *d);
            if (!strv_has(img->repo_digests, full))
                img->repo_digests = strv_add(a, img->repo_digests, full);
        }
    }
}

static int add_names(struct db *db, struct arena *a, struct image *img, struct err *err)
{
    char **digests = NULL;

    /* Both in one statement: names first, then digests. */
    struct rows q = db_query(db, err,
                             "SELECT 0, name FROM image_names WHERE image = ?1 UNION ALL"
                             " SELECT 1, ref FROM image_refs WHERE image = ?1"
                             " AND kind IN ('manifest', 'index')",
                             "s", img->id);
    while (rows_next(&q))
        if (rows_int(&q, 0) == 0)
            img->names = strv_add(a, img->names, rows_text(&q, 1));
        else
            digests = strv_add(a, digests, rows_text(&q, 1));
    add_repo_digests(a, img, digests);
    return rows_end(&q);
}

static int not_known(const char *name, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, ENOENT, "%s: image not known", name);
}

static int load_by_id(struct db *db, struct arena *a, const char *id, struct image *ret,
                      struct err *err)
{
    struct rows q = db_query(db, err, "SELECT " IMAGE_COLUMNS " FROM images i WHERE i.id = ?", "s",
                             id);
    int r = rows_next(&q) ? read_row(a, &q, ret, err) : -ENOENT;
    int end = rows_end(&q);

    if (end < 0)
        return r < 0 && r != -ENOENT ? r : end;
    if (r == -ENOENT)
        return not_known(id, err);
    return r < 0 ? r : add_names(db, a, ret, err);
}

/* ---------- from a name to an ID ---------- */

struct found {
    char *id, *name; /* name NULL: found by ID */
};

/* @hex is a prefix of an ID: 0 found, -ENOENT none (no error set), another with @err set. */
static int by_prefix(struct db *db, struct arena *a, const char *typed, const char *hex,
                     struct found *ret, struct err *err)
{
    AUTO_FREE char *end = xasprintf("%sg", hex); /* 'g' sorts behind every digit */
    int n = 0;

    struct rows q = db_query(db, err, "SELECT id FROM images WHERE id >= ? AND id < ? LIMIT 2",
                             "ss", hex, end);
    while (rows_next(&q)) {
        ret->id = arena_strdup(a, rows_text(&q, 0));
        n++;
    }
    int r = rows_end(&q);
    if (r < 0)
        return r;
    if (n > 1)
        return err_set(err, ERR_CONFLICT, EEXIST, "%s: image ID prefix is ambiguous", typed);
    return n ? 0 : -ENOENT;
}

/* What a short name prefers when several registries' images match: lower is better. */
static int preference(const char *name, const char *short_name)
{
    static const char *const prefixes[] = { "localhost/", "docker.io/library/", "docker.io/" };

    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
        if (str_starts(name, prefixes[i]) && STR_EQ(name + strlen(prefixes[i]), short_name))
            return (int)i;
    return ARRAY_SIZE(prefixes);
}

static int by_full_name(struct db *db, struct arena *a, const char *full, struct found *ret,
                        struct err *err)
{
    struct rows q = db_query(db, err, "SELECT image, name FROM image_names WHERE name = ?", "s",
                             full);

    if (rows_next(&q))
        *ret = (struct found) { arena_strdup(a, rows_text(&q, 0)),
                                arena_strdup(a, rows_text(&q, 1)) };
    int r = rows_end(&q);
    return r < 0 ? r : ret->id ? 0 : -ENOENT;
}

/* The image that an alias of registries.conf stands for.  Only asked where names alone do not decide:
 * reading the configuration costs more than looking. */
static int by_alias(struct db *db, struct arena *a, const struct image_ref *ref, struct found *ret,
                    struct err *err)
{
    struct registries conf;
    struct image_ref full;
    int r = registries_load(a, &conf, err);
    const char *alias = r < 0 ? NULL : kv_get(&conf.aliases, ref->path);

    if (r < 0 || str_empty(alias))
        return r < 0 ? r : -ENOENT;
    if ((r = ref_parse(a, alias, &full, err)) < 0)
        return err_wrap(err, "alias \"%s\"", ref->path);
    full.tag = ref->tag;
    full.digest = ref->digest;
    ref_complete(a, &full, NULL);
    return by_full_name(db, a, ref_text(a, &full), ret, err);
}

static int by_name(struct db *db, struct arena *a, const struct image_ref *ref, struct found *ret,
                   struct err *err)
{
    char *full = ref_text(a, ref);
    size_t n = 0;

    if (ref->registry)
        return by_full_name(db, a, full, ret, err);
    /* A scan, but over names alone: 0.1 ms for a thousand of them. */
    char *suffix = arena_printf(a, "/%s", full);
    int best = INT32_MAX;
    struct rows q = db_query(db, err,
                             "SELECT image, name FROM image_names"
                             " WHERE substr(name, -length(?1)) = ?1 ORDER BY name",
                             "s", suffix);
    while (rows_next(&q)) {
        int p = preference(rows_text(&q, 1), full);
        n++;
        if (p < best) {
            best = p;
            *ret = (struct found) { arena_strdup(a, rows_text(&q, 0)),
                                    arena_strdup(a, rows_text(&q, 1)) };
        }
    }
    int r = rows_end(&q);
    if (r == 0 && n != 1 && (r = by_alias(db, a, ref, ret, err)) == -ENOENT)
        r = err && err->kind != ERR_NONE ? r : 0;
    return r < 0 ? r : ret->id ? 0 : -ENOENT;
}

/* "repo@digest": an image of that digest which has a name in the repository. */
static int by_digest(struct db *db, struct arena *a, const struct image_ref *ref, struct found *ret,
                     struct err *err)
{
    char *repo = ref->registry ? ref_repo(a, ref) : arena_printf(a, "/%s", ref->path);

    struct rows q = db_query(db, err,
                             "SELECT n.image, n.name FROM image_refs f"
                             " JOIN image_names n ON n.image = f.image"
                             " WHERE f.ref = ? AND f.kind IN ('manifest', 'index')",
                             "s", ref->digest);
    while (!ret->id && rows_next(&q)) {
        struct image_ref have;
        if (ref_parse(a, rows_text(&q, 1), &have, NULL) < 0)
            continue;
        char *have_repo = ref_repo(a, &have);
        if (ref->registry ? STR_EQ(have_repo, repo) : str_ends(have_repo, repo))
            *ret = (struct found) { arena_strdup(a, rows_text(&q, 0)),
                                    arena_printf(a, "%s@%s", have_repo, ref->digest) };
    }
    int r = rows_end(&q);
    return r < 0 ? r : ret->id ? 0 : -ENOENT;
}

static bool is_hex_prefix(const char *s)
{
    size_t n = strlen(s);

    return n >= 3 && n <= 64 && strspn(s, "0123456789abcdef") == n;
}

static int resolve(struct db *db, struct arena *a, const char *name, struct found *ret,
                   struct err *err)
{
    struct image_ref ref;
    int r = -ENOENT;

    if (str_starts(name, "sha256:")) {
        if (is_hex_prefix(name + 7))
            r = by_prefix(db, a, name, name + 7, ret, err);
        return r == -ENOENT ? not_known(name, err) : r;
    }
    if (is_hex_prefix(name) && (r = by_prefix(db, a, name, name, ret, err)) != -ENOENT)
        return r;
    if ((r = ref_parse(a, name, &ref, err)) < 0)
        return r;
    if (ref.registry)
        ref_complete(a, &ref, NULL);
    else if (!ref.tag && !ref.digest)
        ref.tag = arena_strdup(a, "latest");
    r = ref.digest ? by_digest(db, a, &ref, ret, err) : by_name(db, a, &ref, ret, err);
    return r == -ENOENT && (!err || err->kind == ERR_NONE) ? not_known(name, err) : r;
}

int image_resolve(struct store *s, struct arena *a, const char *name, char **ret_id,
                  char **ret_name, struct err *err)
{
    struct db *db = store_db(s, err);
    struct found f = { 0 };
    int r = db ? resolve(db, a, name, &f, err) : -EIO;

    if (r < 0)
        return r;
    *ret_id = f.id;
    if (ret_name)
        *ret_name = f.name;
    return 0;
}

int image_find_row(struct store *s, struct arena *a, const char *name, struct image *ret,
                   char **ret_name, struct err *err)
{
    char *id, *found;
    int r = image_resolve(s, a, name, &id, &found, err);

    if (r == 0)
        r = load_by_id(store_db(s, err), a, id, ret, err);
    if (r == 0)
        *ret_name = found ? found : ret->id;
    return r;
}

int image_find_named(struct store *s, struct arena *a, const char *name, struct image *ret,
                     char **ret_name, struct err *err)
{
    int r = image_find_row(s, a, name, ret, ret_name, err);
    char *id;

    if (r < 0 || !image_is_list(ret))
        return r;
    if ((r = manifest_list_instance(s, a, ret, &id, err)) < 0)
        return err_wrap(err, "%s", name);
    if (STR_EQ(*ret_name, ret->id))
        *ret_name = id;
    *ret = (struct image) { 0 };
    return load_by_id(store_db(s, err), a, id, ret, err);
}

int image_find(struct store *s, struct arena *a, const char *name, struct image *ret,
               struct err *err)
{
    char *found;

    return image_find_named(s, a, name, ret, &found, err);
}

/* ---------- all of them ---------- */

static int compare_id(const void *a, const void *b)
{
    return strcmp(((const struct image *)a)->id, ((const struct image *)b)->id);
}

static int newest_first(const void *a, const void *b)
{
    const struct image *x = a, *y = b;

    return x->created != y->created ? (x->created < y->created ? 1 : -1) : strcmp(x->id, y->id);
}

/* Names and digests of all images in one pass each: @out is sorted by ID. */
static int add_all_names(struct db *db, struct arena *a, struct image_list *out, struct err *err)
{
    char ***digests = arena_alloc(a, (out->n + 1) * sizeof(*digests));

    struct rows q = db_query(db, err,
                             "SELECT image, name, 0 FROM image_names UNION ALL"
                             " SELECT image, ref, 1 FROM image_refs"
                             " WHERE kind IN ('manifest', 'index')",
                             "");
    while (rows_next(&q)) {
        struct image key = { .id = (char *)(uintptr_t)rows_text(&q, 0) };
        struct image *img = bsearch(&key, out->items, out->n, sizeof(key), compare_id);
        if (!img)
            continue;
        if (rows_int(&q, 2) == 0)
            img->names = strv_add(a, img->names, rows_text(&q, 1));
        else
            digests[img - out->items] = strv_add(a, digests[img - out->items], rows_text(&q, 1));
    }
    for (size_t i = 0; i < out->n; i++)
        add_repo_digests(a, &out->items[i], digests[i]);
    return rows_end(&q);
}

int image_list(struct store *s, struct arena *a, struct image_list *out, struct err *err)
{
    struct db *db = store_db(s, err);
    int r = 0;

    if (!db)
        return -EIO;
    *out = (struct image_list) { 0 };
    struct rows q = db_query(db, err, "SELECT " IMAGE_COLUMNS " FROM images i ORDER BY i.id", "");
    while (r == 0 && rows_next(&q))
        r = read_row(a, &q, LIST_ADD(a, *out), err);
    int end = rows_end(&q);
    if (r < 0 || end < 0)
        return r < 0 ? r : end;
    if (!out->n)
        return 0;
    r = add_all_names(db, a, out, err);
    qsort(out->items, out->n, sizeof(*out->items), newest_first);
    return r;
}

int image_lower_dirs(struct store *s, struct arena *a, const struct image *img, char ***ret,
                     struct err *err)
{
    size_t n = strv_len(img->layers);
    bool missing = false;

    for (size_t i = 0; i < n; i++)
        missing |= !layer_exists(s, img->layers[i]);
    if (missing) {
        const struct image_module *m = image_module(err);
        int r = m ? m->unpack(s, img, err) : -ENOENT;
        if (r < 0)
            return r;
    }
    *ret = n ? layer_dirs(s, a, img->layers) : arena_alloc(a, sizeof(**ret));
    return 0;
}
