#include "config/containers.h"
#include "engine/images.h"

#include "base/parse.h"
#include "engine/containers.h"
#include "engine/events.h"
#include "engine/mounts.h"
#include "store/layers.h"
#include "image/manifest_list.h"

#include "base/banned.h"

int images_find(struct engine *e, struct arena *a, const char *name, struct image *ret,
                struct err *err)
{
    return image_find(engine_store(e), a, name, ret, err);
}

int images_pull(struct engine *e, struct arena *a, const char *name,
                const struct image_pull_options *o, char ***ret_ids, struct err *err)
{
    size_t before = strv_len(*ret_ids);
    int r = image_pull(engine_store(e), a, name, o, ret_ids, err);

    if (r < 0)
        engine_event_full(e, &(struct event) { .type = arena_strdup(a, "image"),
                                               .status = arena_strdup(a, "pull-error"),
                                               .name = arena_strdup(a, name),
                                               .error = err ? arena_strdup(a, err->msg) : NULL });
    for (char **id = r < 0 || !*ret_ids ? NULL : *ret_ids + before; id && *id; id++)
        engine_event(e, "image", "pull", *id, name);
    return r;
}

int images_load(struct engine *e, struct arena *a, const struct image_load_options *o,
                char ***ret_names, struct err *err)
{
    return engine_did(e, "image", "loadfromarchive", NULL, o->path ? o->path : "-",
                      image_load(engine_store(e), a, o, ret_names, err));
}

int images_save(struct engine *e, char *const *names, const struct image_save_options *o,
                struct err *err)
{
    int r = image_save(engine_store(e), names, o, err);

    for (char *const *n = r < 0 ? NULL : names; n && *n; n++)
        engine_event(e, "image", "save", NULL, *n);
    return r;
}

int images_push(struct engine *e, struct arena *a, const char *name, const char *destination,
                const struct image_push_options *o, char **ret_digest, struct err *err)
{
    const struct config_containers *c = engine_config(e);
    struct image_push_options with = *o;
    struct manifest_list list = { 0 };
    struct image img = { 0 };
    char *found;

    /* What is configured for all pushes does not count where the format takes only gzip. */
    if (!with.compression_format && !str_same(with.format, "v2s2"))
        with.compression_format = c->engine.compression_format;
    if (with.compression_level < 0 && c->engine.compression_level)
        with.compression_level = (int)*c->engine.compression_level;
    /* Podman sends the image of a list, and the whole list where that image is not here. */
    if (manifest_list_absent(engine_store(e), a, name, &list)) {
        with.all = true;
        return engine_did(e, "image", "push", list.id, destination,
                          manifest_list_push(engine_store(e), a, &list, destination, NULL, &with,
                                             ret_digest, err));
    }
    int r = image_find_named(engine_store(e), a, name, &img, &found, err);
    if (r < 0)
        return r;
    with.all |= image_is_list(&img);
    if (!STR_EQ(found, img.id) && !strchr(found, '@'))
        with.tag = found;
    r = image_push(engine_store(e), a, img.digest, destination, &with, ret_digest, err);
    return engine_did(e, "image", "push", img.id, destination, r);
}

int images_import(struct engine *e, struct arena *a, const struct image_import_options *o,
                  char **ret_id, struct err *err)
{
    int r = image_import(engine_store(e), a, o, ret_id, err);

    return engine_did(e, "image", "import", r < 0 ? NULL : *ret_id,
                      str_empty(o->reference) ? o->path : o->reference, r);
}

int images_tag(struct engine *e, const char *name, const char *target, struct err *err)
{
    return engine_did(e, "image", "tag", NULL, target,
                      image_tag(engine_store(e), name, target, err));
}

int images_untag(struct engine *e, const char *name, char *const *names, struct err *err)
{
    return engine_did(e, "image", "untag", NULL, name,
                      image_untag(engine_store(e), name, names, err));
}

int images_list(struct engine *e, struct arena *a, char *const *filters, struct image_list *out,
                struct err *err)
{
    struct image_filter *f = image_filter_new(e, a, filters, err);
    int r = f ? image_list(engine_store(e), a, out, err) : -EINVAL;
    size_t kept = 0;

    if (r < 0)
        return r;
    images_parents(a, out); /* before some of them are left out */
    for (size_t i = 0; i < out->n; i++)
        if (image_filter_match(f, &out->items[i]))
            out->items[kept++] = out->items[i];
    out->n = kept;
    return 0;
}

int images_users(struct engine *e, struct arena *a, kv_list *ret, struct err *err)
{
    struct db *db = store_db(engine_store(e), err);
    if (!db)
        return -EIO;

    struct rows q = db_query(db, err,
                             "SELECT image, count(*) FROM containers WHERE image IS NOT NULL"
                             " GROUP BY image",
                             "");
    while (rows_next(&q)) {
        struct kv *kv = LIST_ADD(a, *ret);
        kv->key = arena_strdup(a, rows_text(&q, 0));
        kv->val = arena_printf(a, "%lld", (long long)rows_int(&q, 1));
    }
    return rows_end(&q);
}

/* ---------- history ---------- */

int images_history(struct engine *e, struct arena *a, const char *name, image_steps *ret,
                   struct err *err)
{
    struct image img = { 0 };
    int r = image_find(engine_store(e), a, name, &img, err);
    size_t layer = strv_len(img.layers);

    if (r < 0)
        return r;
    for (size_t i = img.config.history.n; i-- > 0;) {
        const struct image_history *h = &img.config.history.items[i];
        struct image_step *step = LIST_ADD(a, *ret);
        struct layer_info info = { 0 };
        bool newest = ret->n == 1;
        if (!h->empty_layer && layer > 0 &&
            layer_info(engine_store(e), img.layers[--layer], &info) < 0)
            info.size = 0;
        *step = (struct image_step) {
            .id = newest ? img.id : arena_strdup(a, "<missing>"),
            .created_by = h->created_by,
            .comment = h->comment,
            .tags = newest ? img.names : NULL,
            .created = h->created,
            .size = info.size,
        };
    }
    return 0;
}

/* ---------- removal ---------- */

static int remove_users(struct engine *e, struct arena *a, const char *id, struct err *err)
{
    struct container_list list = { 0 };
    struct container_remove_options o = { .force = true, .volumes = true, .timeout_s = -2 };
    int r = container_list(e, a, &list, err);

    for (size_t i = 0; r == 0 && i < list.n; i++)
        if (str_same(list.items[i].config.image, id))
            r = container_remove(e, &list.items[i], &o, err);
    return r;
}

/* What is deleted is not left mounted. */
static int deleted(struct engine *e, struct arena *a, const struct image_removed *gone,
                   struct err *err)
{
    struct image img = { .id = gone->deleted };
    int r = gone->deleted ? mounts_remove(mounts_image_path(e, a, &img), err) : 0;

    for (char *const *n = gone->untagged; n && *n; n++)
        engine_event(e, "image", "untag", NULL, *n);
    if (gone->deleted)
        engine_event(e, "image", "remove", gone->deleted, NULL);
    return MIN(r, 0);
}

int images_remove(struct engine *e, struct arena *a, const char *name, enum images_force how,
                  struct image_removed *ret, struct err *err)
{
    bool force = how == IMAGES_FORCE;
    struct err busy = { 0 };
    struct image img = { 0 };
    int r = image_remove(engine_store(e), a, name, how != IMAGES_GENTLY, ret, &busy);

    if (busy.kind != ERR_IN_USE || !force) {
        if (err && busy.kind != ERR_NONE)
            *err = busy;
        return r < 0 ? r : deleted(e, a, ret, err);
    }
    r = image_find(engine_store(e), a, name, &img, err);
    if (r == 0)
        r = remove_users(e, a, img.id, err);
    if (r == 0)
        r = image_remove(engine_store(e), a, name, force, ret, err);
    return r < 0 ? r : deleted(e, a, ret, err);
}

static bool has_child(const struct image_list *all, const char *id, char *const *gone)
{
    for (size_t i = 0; i < all->n; i++)
        if (str_same(all->items[i].parent, id) && !strv_has(gone, all->items[i].id))
            return true;
    return false;
}

static const struct image *in_list(const struct image_list *all, const char *id)
{
    for (size_t i = 0; id && i < all->n; i++)
        if (STR_EQ(all->items[i].id, id))
            return &all->items[i];
    return NULL;
}

int images_remove_upwards(struct engine *e, struct arena *a, const char *name,
                          enum images_force how, struct image_removed *ret, char ***also,
                          struct err *err)
{
    struct image_list all = { 0 };
    struct image_removed gone;
    struct err kept = { 0 };
    int r = image_list(engine_store(e), a, &all, err);

    if (r < 0)
        return r;
    images_parents(a, &all);
    r = images_remove(e, a, name, how, ret, err);
    if (r < 0 || !ret->deleted)
        return r;
    char **removed = strv_add(a, NULL, ret->deleted);
    const struct image *img = in_list(&all, ret->deleted);
    while (img && (img = in_list(&all, img->parent)) && !img->names &&
           !has_child(&all, img->id, removed)) {
        if (images_remove(e, a, img->id, IMAGES_GENTLY, &gone, &kept) < 0)
            break; /* a container has it */
        removed = strv_add(a, removed, img->id);
        *also = strv_add(a, *also, img->id);
    }
    return 0;
}

static bool prune_filter(const struct image *img, const void *arg)
{
    return image_filter_match(arg, img);
}

int images_prune(struct engine *e, struct arena *a, bool all, char *const *filters, char ***ret_ids,
                 int64_t *ret_bytes, struct err *err)
{
    /* What other images stand on is not dangling: it is what a build starts from. */
    if (!all)
        filters = strv_add(a, strv_copy(a, filters), "dangling=true");
    struct image_filter *f = image_filter_new(e, a, filters, err);

    return f ? image_prune(engine_store(e), a, all, prune_filter, f, ret_ids, ret_bytes, err)
             : -EINVAL;
}

int images_login(struct arena *a, const struct image_login *l, struct err *err)
{
    return image_login(a, l, err);
}

int images_search(struct arena *a, const char *term, const struct image_search_options *o,
                  image_found_list *ret, struct err *err)
{
    return image_search(a, term, o, ret, err);
}

int images_sign_params(struct arena *a, const char *path, struct image_sign_params *ret,
                       struct err *err)
{
    return image_sign_params(a, path, ret, err);
}

int images_sign(struct engine *e, struct arena *a, const char *name,
                const struct image_sign_options *o, struct err *err)
{
    return image_sign(engine_store(e), a, name, o, err);
}

int images_key_owners(struct arena *a, const char *path, char ***ret, struct err *err)
{
    return image_key_owners(a, path, ret, err);
}

int images_signature_store(struct arena *a, const char *scope, char **ret, struct err *err)
{
    return image_signature_store(a, scope, ret, err);
}

void images_set_chooser(image_choose_fn fn)
{
    image_set_chooser(fn);
}
