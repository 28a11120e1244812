#include "engine/images.h"

#include "base/banned.h"

/* Each step of @parent is the same step of @child, which goes on. */
static bool goes_on(const struct image *child, const struct image *parent)
{
    size_t n = parent->config.history.n;

    if (n >= child->config.history.n && child->config.history.n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!str_same(parent->config.history.items[i].created_by,
                      child->config.history.items[i].created_by))
            return false;
    return !STR_EQ(child->id, parent->id);
}

/* The layers as one text: all of them, or all but the topmost. */
static char *layers_text(struct arena *a, const struct image *img, bool lower)
{
    char *text = img->layers ? strv_join(a, img->layers, " ") : arena_strdup(a, "");
    char *last = strrchr(text, ' ');

    if (lower)
        *(last ? last : text) = '\0';
    return text;
}

struct by_layers {
    const char *layers;
    struct image *img;
};

static int compare(const void *x, const void *y)
{
    return strcmp(((const struct by_layers *)x)->layers, ((const struct by_layers *)y)->layers);
}

void images_parents(struct arena *a, struct image_list *list)
{
    struct by_layers *all = arena_alloc(a, (list->n + 1) * sizeof(*all));

    for (size_t i = 0; i < list->n; i++)
        all[i] = (struct by_layers) { layers_text(a, &list->items[i], false), &list->items[i] };
    if (list->n)
        qsort(all, list->n, sizeof(*all), compare);
    for (size_t i = 0; i < list->n; i++) {
        struct image *img = &list->items[i];
        const struct by_layers want = { layers_text(a, img, true), NULL };
        const struct by_layers *p = *want.layers
                                        ? bsearch(&want, all, list->n, sizeof(want), compare)
                                        : NULL;
        while (p && p > all && compare(p - 1, &want) == 0)
            p--;
        for (; p && p < all + list->n && compare(p, &want) == 0 && !img->parent; p++)
            if (goes_on(img, p->img))
                img->parent = p->img->id;
    }
}

const char *images_parent(struct engine *e, struct arena *a, const struct image *img)
{
    const char *below = layers_text(a, img, true), *found = NULL;
    struct db *db = *below ? store_db(engine_store(e), NULL) : NULL;
    if (!db)
        return NULL;

    struct rows q = db_query(db, NULL, "SELECT id, config FROM images WHERE layers = ?", "s",
                             below);
    while (!found && rows_next(&q)) {
        struct image p = { .id = arena_strdup(a, rows_text(&q, 0)) };
        const char *text = rows_text(&q, 1);
        AUTO_JSON *doc = json_parse(text, strlen(text), "image configuration", NULL);
        if (doc && image_config_read(a, doc, &p.config, NULL) == 0 && goes_on(img, &p))
            found = p.id;
    }
    return rows_end(&q) < 0 ? NULL : found;
}
