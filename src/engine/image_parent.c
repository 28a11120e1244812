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

/* Of the images whose layers are those, the one with the longest beginning of @img's history. */
static void look(const struct by_layers *all, size_t n, char *layers, struct image *img,
                 size_t *longest)
{
    const struct by_layers want = { layers, NULL };
    const struct by_layers *p = *layers ? bsearch(&want, all, n, sizeof(want), compare) : NULL;

    while (p && p > all && compare(p - 1, &want) == 0)
        p--;
    for (; p && p < all + n && compare(p, &want) == 0; p++)
        if (p->img->config.history.n >= *longest && goes_on(img, p->img)) {
            img->parent = p->img->id;
            *longest = p->img->config.history.n + 1;
        }
}

/* A step that wrote files has one layer more than its parent, any other has the same ones. */
void images_parents(struct arena *a, struct image_list *list)
{
    struct by_layers *all = arena_alloc(a, (list->n + 1) * sizeof(*all));

    for (size_t i = 0; i < list->n; i++)
        all[i] = (struct by_layers) { layers_text(a, &list->items[i], false), &list->items[i] };
    if (list->n)
        qsort(all, list->n, sizeof(*all), compare);
    for (size_t i = 0; i < list->n; i++) {
        struct image *img = &list->items[i];
        size_t longest = 0;
        if (img->config.history.n) /* without a history nobody can tell */
            look(all, list->n, layers_text(a, img, false), img, &longest);
        look(all, list->n, layers_text(a, img, true), img, &longest);
    }
}

const char *images_parent(struct engine *e, struct arena *a, const struct image *img)
{
    const char *below = layers_text(a, img, true), *found = NULL;
    struct db *db = store_db(engine_store(e), NULL);
    size_t longest = 0;

    if (!db || !img->layers)
        return NULL;
    struct rows q = db_query(db, NULL, "SELECT id, config FROM images WHERE layers IN (?, ?)", "ss",
                             *below ? below : layers_text(a, img, false),
                             layers_text(a, img, false));
    while (rows_next(&q)) {
        struct image p = { .id = arena_strdup(a, rows_text(&q, 0)) };
        const char *text = rows_text(&q, 1);
        AUTO_JSON *doc = json_parse(text, strlen(text), "image configuration", NULL);
        if (!doc || image_config_read(a, doc, &p.config, NULL) < 0)
            continue;
        size_t n = p.config.history.n;
        if (n < longest || !goes_on(img, &p) || (!img->config.history.n && n))
            continue;
        found = p.id;
        longest = n + 1;
    }
    return rows_end(&q) < 0 ? NULL : found;
}
