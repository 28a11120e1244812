/* Thin halves of what the module does: hold off removal, ask it, record what it stored. */
#include "image/image.h"

#include "image/find.h"
#include "image/record.h"
#include "spec/reference.h"

#include "base/banned.h"

int image_load(struct store *s, struct arena *a, const struct image_load_options *o,
               char ***ret_names, struct err *err)
{
    stored_images images = { 0 };
    const struct image_module *m = image_module(err);
    AUTO_CLOSE int hold = m ? image_hold(s, err) : -ENOENT;

    if (hold < 0)
        return hold;
    int r = m->load(s, a, o, &images, err);
    if (r == 0)
        r = image_record(s, &images, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < images.n; i++) {
        const struct stored_image *img = &images.items[i];
        if (img->names)
            *ret_names = strv_concat(a, *ret_names, img->names);
        else
            *ret_names = strv_add(a, *ret_names, arena_printf(a, "sha256:%s", img->id));
    }
    return 0;
}

int image_ensure_hello(struct store *s, struct arena *a, struct err *err)
{
    struct image img = { 0 };
    stored_images images = { 0 };
    struct err absent = { 0 };
    int r = image_find(s, a, "localhost/hello:latest", &img, &absent);

    if (r == 0)
        return 0;
    if (absent.kind != ERR_NOT_FOUND) {
        if (err)
            *err = absent;
        return r;
    }
    const struct image_module *m = image_module(err);
    AUTO_CLOSE int hold = m ? image_hold(s, err) : -ENOENT;
    if (hold < 0)
        return hold;
    r = m->hello(s, a, &images, err);
    return r < 0 ? r : image_record(s, &images, err);
}

/* ---------- pull ---------- */

/* "docker://x", "oci:/path", "x": the transport and what follows it. */
static const char *split_transport(const char *name, const char **ret_rest)
{
    static const char *const names[] = { "docker",         "oci", "oci-archive",
                                         "docker-archive", "dir", "docker-daemon" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        size_t n = strlen(names[i]);
        if (strncmp(name, names[i], n) == 0 && name[n] == ':' &&
            (i > 0 || str_starts(name + n, "://"))) {
            *ret_rest = name + n + 1;
            return names[i];
        }
    }
    *ret_rest = name;
    return "docker";
}

/* 1: what is here is enough; 0: pull. */
static int look_locally(struct store *s, struct arena *a, const char *name,
                        const struct image_pull_options *o, struct image *img, struct err *err)
{
    struct err absent = { 0 };

    if (str_same(o->policy, "always"))
        return 0;
    if (image_find(s, a, name, img, &absent) == 0)
        return !str_same(o->policy, "newer");
    if (absent.kind != ERR_NOT_FOUND) {
        if (err)
            *err = absent;
        return -absent.errnum;
    }
    if (str_same(o->policy, "never"))
        return err_set(err, ERR_NOT_FOUND, ENOENT, "%s: image not known", name);
    return 0;
}

static image_choose_fn chooser;

void image_set_chooser(image_choose_fn fn)
{
    chooser = fn;
}

int image_pull(struct store *s, struct arena *a, const char *name,
               const struct image_pull_options *o, char ***ret_ids, struct err *err)
{
    struct image local = { 0 };
    stored_images images = { 0 };
    struct module_pull p = { .opt = o, .choose = chooser };

    p.transport = split_transport(name, &p.name);
    if (STR_EQ(p.transport, "docker")) {
        if (str_starts(p.name, "//"))
            p.name += 2;
        int r = look_locally(s, a, p.name, o, &local, err);
        if (r != 0) {
            if (r > 0)
                *ret_ids = strv_add(a, *ret_ids, local.id);
            return MIN(r, 0);
        }
    }
    const struct image_module *m = image_module(err);
    AUTO_CLOSE int hold = m ? image_hold(s, err) : -ENOENT;
    if (hold < 0)
        return hold;
    int r = m->pull(s, a, &p, &images, err);
    if (r < 0 && local.id && err && err->kind == ERR_UNAVAILABLE) {
        /* "newer", and nobody to ask: what is here is the newest known. */
        err_clear(err);
        *ret_ids = strv_add(a, *ret_ids, local.id);
        return 0;
    }
    if (r == 0)
        r = image_record(s, &images, err);
    for (size_t i = 0; r == 0 && i < images.n; i++)
        *ret_ids = strv_add(a, *ret_ids, images.items[i].id);
    return r;
}

int image_fetch(struct store *s, struct arena *a, const char *name,
                const struct image_pull_options *o, enum image_fetch_what what,
                struct image_fetched *ret, struct err *err)
{
    struct module_pull p = { .opt = o };
    const struct image_module *m = image_module(err);

    p.transport = split_transport(name, &p.name);
    return m ? m->fetch(s, a, &p, what, ret, err) : -ENOENT;
}

/* ---------- push ---------- */

/* Repositories of the images that have a blob in common with @digest's: what is there need not be sent. */
static int find_repositories(struct store *s, struct arena *a, const char *digest, char ***ret,
                             struct err *err)
{
    struct db *db = store_db(s, err);

    if (!db)
        return -EIO;
    struct rows q = db_query(db, err,
                             "SELECT DISTINCT n.name FROM image_refs m"
                             " JOIN image_refs b ON b.image = m.image AND b.kind = 'blob'"
                             " JOIN image_refs o ON o.ref = b.ref AND o.kind = 'blob'"
                             " JOIN image_names n ON n.image = o.image"
                             " WHERE m.ref = ? AND m.kind IN ('manifest', 'index') LIMIT 100",
                             "s", digest);
    while (rows_next(&q)) {
        struct image_ref ref;
        if (ref_parse(a, rows_text(&q, 0), &ref, NULL) == 0 && ref.registry)
            *ret = strv_add(a, *ret, ref_repo(a, &ref));
    }
    return rows_end(&q);
}

int image_push(struct store *s, struct arena *a, const char *digest, const char *destination,
               const struct image_push_options *o, char **ret_digest, struct err *err)
{
    struct module_push p = { .digest = digest, .opt = o };
    const struct image_module *m = image_module(err);
    AUTO_CLOSE int hold = m ? image_hold(s, err) : -ENOENT;

    if (hold < 0)
        return hold;
    p.transport = split_transport(destination, &p.name);
    int r = STR_EQ(p.transport, "docker") ? find_repositories(s, a, digest, &p.repos, err) : 0;
    return r < 0 ? r : m->push(s, a, &p, ret_digest, err);
}

/* ---------- save and import ---------- */

static bool is_format(const char *format)
{
    static const char *const formats[] = { "docker-archive", "oci-archive", "oci-dir",
                                           "docker-dir" };

    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        if (STR_EQ(formats[i], format))
            return true;
    return false;
}

/* Without --multi-image-archive further names are further tags of the one image. */
static int add_tags(struct arena *a, struct module_save *ms, char *const *names, struct err *err)
{
    for (; *names; names++) {
        struct image_ref ref;
        int r = ref_parse(a, *names, &ref, err);
        if (r < 0)
            return r;
        ref_complete(a, &ref, NULL);
        ms->names = strv_add(a, ms->names, ref_text(a, &ref));
    }
    return 0;
}

static int find_for_save(struct store *s, struct arena *a, const char *name,
                         struct module_save *list, size_t *n, struct err *err)
{
    struct image *img = arena_alloc(a, sizeof(*img));
    struct module_save *ms = &list[*n];
    char *found;
    int r = image_find_named(s, a, name, img, &found, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < *n; i++)
        if (STR_EQ(list[i].image->id, img->id))
            ms = &list[i];
    if (ms == &list[*n])
        list[(*n)++].image = img;
    if (!STR_EQ(found, img->id) && !strchr(found, '@') && !strv_has(ms->names, found))
        ms->names = strv_add(a, ms->names, found);
    return 0;
}

/* A directory with compressed layers is what a push to dir: makes. */
static int save_compressed(struct store *s, struct arena *a, const struct image_module *m,
                           const struct image *img, const struct image_save_options *o,
                           struct err *err)
{
    const struct image_push_options with = {
        .format = "v2s2", .compress = true, .compression_level = -1, .progress = o->progress
    };
    const struct module_push p = { "dir", o->output, img->digest, NULL, &with };
    char *digest;

    if (!o->output)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "format %s needs --output", o->format);
    return m->push(s, a, &p, &digest, err);
}

int image_save(struct store *s, char *const *names, const struct image_save_options *o,
               struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct module_save *list = arena_alloc(&a, (strv_len(names) + 1) * sizeof(*list));
    size_t n = 0;
    int r = 0;

    if (!is_format(o->format))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown format: %s", o->format);
    if (o->multi && !STR_EQ(o->format, "docker-archive"))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "multi-image archives are only supported in the docker-archive format");
    for (size_t i = 0; r == 0 && names[i] && (i == 0 || o->multi); i++)
        r = find_for_save(s, &a, names[i], list, &n, err);
    if (r == 0 && !o->multi)
        r = add_tags(&a, &list[0], names + 1, err);
    if (r < 0)
        return r;
    const struct image_module *m = image_module(err);
    if (!m)
        return -ENOENT;
    return o->compress ? save_compressed(s, &a, m, list[0].image, o, err)
                       : m->save(s, list, n, o, err);
}

int image_import(struct store *s, struct arena *a, const struct image_import_options *o,
                 char **ret_id, struct err *err)
{
    stored_images images = { 0 };
    const struct image_module *m = image_module(err);
    AUTO_CLOSE int hold = m ? image_hold(s, err) : -ENOENT;

    if (hold < 0)
        return hold;
    int r = m->import(s, a, o, &images, err);
    if (r == 0)
        r = image_record(s, &images, err);
    if (r == 0)
        *ret_id = images.items[0].id;
    return r;
}

int image_export(const struct image_tree *t, int fd, struct err *err)
{
    const struct image_module *m = image_module(err);

    return m ? m->export(t, fd, err) : -ENOENT;
}

int image_copy(const struct image_copy *c, struct err *err)
{
    const struct image_module *m = image_module(err);

    return m ? m->copy(c, err) : -ENOENT;
}

int image_commit(struct store *s, struct arena *a, const struct image_commit_options *o,
                 char **ret_id, struct err *err)
{
    stored_images images = { 0 };
    const struct image_module *m = image_module(err);
    AUTO_CLOSE int hold = m ? image_hold(s, err) : -ENOENT;

    if (hold < 0)
        return hold;
    int r = m->commit(s, a, o, &images, err);
    if (r == 0)
        r = image_record(s, &images, err);
    if (r == 0)
        *ret_id = images.items[0].id;
    return r;
}

/* ---------- registries alone ---------- */

int image_login(struct arena *a, const struct image_login *l, struct err *err)
{
    const struct image_module *m = image_module(err);

    return m ? m->login(a, l, err) : -ENOENT;
}

int image_search(struct arena *a, const char *term, const struct image_search_options *o,
                 image_found_list *ret, struct err *err)
{
    const struct image_module *m = image_module(err);

    return m ? m->search(a, term, o, ret, err) : -ENOENT;
}

/* ---------- signatures ---------- */

int image_sign(struct store *s, struct arena *a, const char *name,
               const struct image_sign_options *o, struct err *err)
{
    const struct image_module *m = image_module(err);

    return m ? m->sign(s, a, name, o, err) : -ENOENT;
}

int image_sign_params(struct arena *a, const char *path, struct image_sign_params *ret,
                      struct err *err)
{
    const struct image_module *m = image_module(err);

    return m ? m->sign_params(a, path, ret, err) : -ENOENT;
}

int image_key_owners(struct arena *a, const char *path, char ***ret, struct err *err)
{
    const struct image_module *m = image_module(err);

    return m ? m->key_owners(a, path, ret, err) : -ENOENT;
}

int image_signature_store(struct arena *a, const char *scope, char **ret, struct err *err)
{
    const struct image_module *m = image_module(err);

    return m ? m->signature_store(a, scope, ret, err) : -ENOENT;
}
