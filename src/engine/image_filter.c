/* The filters of images and image prune. */
#include <fnmatch.h>

#include "base/parse.h"
#include "engine/images.h"
#include "spec/reference.h"

#include "base/banned.h"

struct term {
    const struct filter_row *row;
    char *value;
    bool negated;
    int64_t when; /* until, before, since */
    bool flag;
};

struct image_filter {
    JSON_LIST(struct term) terms;
    kv_list users;
    char **intermediate; /* IDs of images without a name that others stand on */
};

struct filter_row {
    const char *name;
    int (*prepare)(struct engine *e, struct arena *a, struct term *t, struct err *err);
    bool (*match)(const struct image_filter *f, const struct term *t, const struct image *img);
    bool any; /* one of several terms of this kind is enough */
};

/* ---------- preparing ---------- */

static int prepare_bool(struct engine *e, struct arena *a, struct term *t, struct err *err)
{
    (void)e;
    (void)a;
    if (parse_bool(t->value, &t->flag) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "non-boolean value \"%s\" for %s filter: must be true or false", t->value,
                       t->row->name);
    return 0;
}

static int prepare_containers(struct engine *e, struct arena *a, struct term *t, struct err *err)
{
    if (!STR_EQ(t->value, "external"))
        return prepare_bool(e, a, t, err);
    t->flag = true; /* containers of other tools: we have none, so nothing matches */
    t->when = -1;
    return 0;
}

static int prepare_image(struct engine *e, struct arena *a, struct term *t, struct err *err)
{
    struct image img = { 0 };
    int r = images_find(e, a, t->value, &img, err);

    t->when = img.created;
    return r < 0 ? err_wrap(err, "could not find local image for filter %s", t->row->name) : 0;
}

static int prepare_time(struct engine *e, struct arena *a, struct term *t, struct err *err)
{
    (void)e;
    (void)a;
    if (parse_time(t->value, time_now(), &t->when) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "failed to parse \"%s\" as a time or duration",
                       t->value);
    return 0;
}

/* ---------- matching ---------- */

static bool match_intermediate(const struct image_filter *f, const struct term *t,
                               const struct image *img)
{
    return strv_has(f->intermediate, img->id) == t->flag;
}

/* Nothing but its ID leads to it. */
static bool match_dangling(const struct image_filter *f, const struct term *t,
                           const struct image *img)
{
    return (!img->names && !strv_has(f->intermediate, img->id)) == t->flag;
}

static bool match_manifest(const struct image_filter *f, const struct term *t,
                           const struct image *img)
{
    (void)f;
    return image_is_list(img) == t->flag;
}

/* There are no read-only stores. */
static bool match_never(const struct image_filter *f, const struct term *t, const struct image *img)
{
    (void)f;
    (void)img;
    return !t->flag;
}

static bool match_containers(const struct image_filter *f, const struct term *t,
                             const struct image *img)
{
    if (t->when < 0)
        return false;
    return !!kv_get(&f->users, img->id) == t->flag;
}

static bool match_id(const struct image_filter *f, const struct term *t, const struct image *img)
{
    (void)f;
    const char *want = str_starts(t->value, "sha256:") ? t->value + 7 : t->value;
    return str_starts(img->id, want);
}

static bool match_digest(const struct image_filter *f, const struct term *t,
                         const struct image *img)
{
    (void)f;
    const char *hex = digest_hex(img->digest);
    return str_starts(img->digest, t->value) || str_starts(hex, t->value);
}

static bool match_before(const struct image_filter *f, const struct term *t,
                         const struct image *img)
{
    (void)f;
    return img->created < t->when;
}

static bool match_since(const struct image_filter *f, const struct term *t, const struct image *img)
{
    (void)f;
    return img->created > t->when;
}

static bool match_label(const struct image_filter *f, const struct term *t, const struct image *img)
{
    (void)f;
    const char *eq = strchr(t->value, '=');
    AUTO_FREE char *key = xstrndup(t->value, eq ? (size_t)(eq - t->value) : strlen(t->value));

    for (size_t i = 0; i < img->config.config.labels.n; i++) {
        const struct kv *kv = &img->config.config.labels.items[i];
        if (fnmatch(key, kv->key, 0) == 0 && (!eq || STR_EQ(kv->val, eq + 1)))
            return true;
    }
    return false;
}

/* "docker.io/library/busybox:latest" and each tail of it, with and without the tag. */
static bool match_name(const char *pattern, const char *name)
{
    const char *slash = strrchr(name, '/'), *colon = strpbrk(slash ? slash : name, ":@");
    AUTO_FREE char *bare = xstrndup(name, colon ? (size_t)(colon - name) : strlen(name));

    for (size_t at = 0;;) {
        if (fnmatch(pattern, name + at, FNM_PATHNAME) == 0 ||
            fnmatch(pattern, bare + at, FNM_PATHNAME) == 0)
            return true;
        const char *next = strchr(bare + at, '/');
        if (!next)
            return false;
        at = (size_t)(next - bare) + 1;
    }
}

static bool match_reference(const struct image_filter *f, const struct term *t,
                            const struct image *img)
{
    (void)f;
    for (char **n = img->names; n && *n; n++)
        if (match_name(t->value, *n))
            return true;
    for (char **n = img->repo_digests; n && *n; n++)
        if (match_name(t->value, *n))
            return true;
    return str_starts(img->id, t->value) && strlen(t->value) >= 3;
}

static const struct filter_row rows[] = {
    { "after", prepare_image, match_since, false },
    { "before", prepare_image, match_before, false },
    { "containers", prepare_containers, match_containers, false },
    { "dangling", prepare_bool, match_dangling, false },
    { "digest", NULL, match_digest, false },
    { "id", NULL, match_id, false },
    { "intermediate", prepare_bool, match_intermediate, false },
    { "label", NULL, match_label, false },
    { "manifest", prepare_bool, match_manifest, false },
    { "readonly", prepare_bool, match_never, false },
    { "reference", NULL, match_reference, true },
    { "since", prepare_image, match_since, false },
    { "until", prepare_time, match_before, false },
};

static int add_term(struct engine *e, struct arena *a, struct image_filter *f, const char *text,
                    struct err *err)
{
    const char *eq = strchr(text, '=');

    if (!eq || eq == text)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid image filter \"%s\": must be in the format \"filter=value or "
                       "filter!=value\"",
                       text);
    bool negated = eq > text + 1 && eq[-1] == '!';
    size_t n = (size_t)(eq - text) - negated;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (strlen(rows[i].name) != n || strncmp(rows[i].name, text, n) != 0)
            continue;
        struct term *t = LIST_ADD(a, f->terms);
        *t =
            (struct term) { .row = &rows[i], .value = arena_strdup(a, eq + 1), .negated = negated };
        return rows[i].prepare ? rows[i].prepare(e, a, t, err) : 0;
    }
    return err_set(err, ERR_BAD_PARAM, EINVAL, "unsupported image filter \"%.*s\"", (int)n, text);
}

/* The layers of the other image begin with all of ours. */
static int find_intermediate(struct engine *e, struct arena *a, char ***ret, struct err *err)
{
    struct db *db = store_db(engine_store(e), err);
    if (!db)
        return -EIO;
    struct rows q = db_query(db, err,
                             "SELECT u.id FROM images u WHERE u.layers != '' AND NOT EXISTS"
                             " (SELECT 1 FROM image_names n WHERE n.image = u.id) AND EXISTS"
                             " (SELECT 1 FROM images c WHERE"
                             " substr(c.layers, 1, length(u.layers) + 1) = u.layers || ' ')",
                             "");
    while (rows_next(&q))
        *ret = strv_add(a, *ret, rows_text(&q, 0));
    return rows_end(&q);
}

struct image_filter *image_filter_new(struct engine *e, struct arena *a, char *const *filters,
                                      struct err *err)
{
    struct image_filter *f = arena_alloc(a, sizeof(*f));

    for (; filters && *filters; filters++)
        if (add_term(e, a, f, *filters, err) < 0)
            return NULL;
    if (f->terms.n && (images_users(e, a, &f->users, err) < 0 ||
                       find_intermediate(e, a, &f->intermediate, err) < 0))
        return NULL;
    return f;
}

bool image_filter_match(const struct image_filter *f, const struct image *img)
{
    bool any_asked = false, any_matched = false;

    for (size_t i = 0; i < f->terms.n; i++) {
        const struct term *t = &f->terms.items[i];
        bool ok = t->row->match(f, t, img) != t->negated;
        if (t->row->any && !t->negated) {
            any_asked = true;
            any_matched |= ok;
        } else if (!ok)
            return false;
    }
    return !any_asked || any_matched;
}
