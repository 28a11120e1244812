#include "engine/image_tree.h"

#include "base/parse.h"
#include "engine/engine_priv.h"
#include "store/layers.h"

#include "base/banned.h"

#define LAST   "└── "
#define MORE   "├── "
#define UNDER  "│   "
#define BESIDE "    "

struct tree {
    struct engine *e;
    struct arena *a;
    const struct image_list *images;
    struct buf *out;
};

static void line(struct tree *t, const char *indent, bool last, const char *key, const char *tags)
{
    struct layer_info info = { 0 };
    char size[32];

    (void)!layer_info(t->e->store, key, &info);
    buf_printf(t->out, "%s%sID: %.12s Size: %7s%s\n", indent, last ? LAST : MORE, key,
               human_size_plain(info.size, size, sizeof(size)), tags);
}

static char *names_text(struct arena *a, const struct image *img)
{
    return arena_printf(a, "[%s]", img->names ? strv_join(a, img->names, " ") : "");
}

/* " Top Layer of: [names]" for each image that ends with layer @depth of @of. */
static char *top_of(struct tree *t, const struct image *of, size_t depth)
{
    char *text = arena_strdup(t->a, "");

    for (size_t i = 0; i < t->images->n; i++) {
        const struct image *img = &t->images->items[i];
        bool same = strv_len(img->layers) == depth + 1;
        for (size_t k = 0; same && k <= depth; k++)
            same = STR_EQ(img->layers[k], of->layers[k]);
        if (same && img->names)
            text = arena_printf(t->a, "%s Top Layer of: %s", text, names_text(t->a, img));
    }
    return text;
}

/* Does @img go on above the first @depth layers of @base? */
static bool goes_on(const struct image *img, const struct image *base, size_t depth)
{
    if (strv_len(img->layers) <= depth)
        return false;
    for (size_t i = 0; i < depth; i++)
        if (!STR_EQ(img->layers[i], base->layers[i]))
            return false;
    return true;
}

/* The different layers that lie on the first @depth of @base, each by an image that has it. */
static const struct image **children(struct tree *t, const struct image *base, size_t depth,
                                     size_t *ret_n)
{
    const struct image **out = arena_alloc(t->a, (t->images->n + 1) * sizeof(struct image *));

    *ret_n = 0;
    for (size_t i = 0; i < t->images->n; i++) {
        const struct image *img = &t->images->items[i];
        bool have = false;
        if (!goes_on(img, base, depth))
            continue;
        for (size_t k = 0; k < *ret_n; k++)
            have |= STR_EQ(out[k]->layers[depth], img->layers[depth]);
        if (!have)
            out[(*ret_n)++] = img;
    }
    return out;
}

static void print_above(struct tree *t, const struct image *base, size_t depth, const char *indent)
{
    size_t n;
    const struct image **kids = children(t, base, depth, &n);

    for (size_t i = 0; i < n; i++) {
        bool last = i + 1 == n;
        line(t, indent, last, kids[i]->layers[depth], top_of(t, kids[i], depth));
        print_above(t, kids[i], depth + 1,
                    arena_printf(t->a, "%s%s", indent, last ? BESIDE : UNDER));
    }
}

int image_tree(struct engine *e, struct arena *a, const char *name, bool above, struct buf *out,
               struct err *err)
{
    struct image img = { 0 };
    struct image_list list = { 0 };
    char size[32];
    int r = image_find(e->store, a, name, &img, err);

    if (r == 0)
        r = image_list(e->store, a, &list, err);
    if (r < 0)
        return r;
    struct tree t = { e, a, &list, out };
    size_t n = strv_len(img.layers);
    buf_printf(out, "Image ID: %.12s\nTags:     %s\nSize:     %s\n", img.id, names_text(a, &img),
               human_size_plain(img.size, size, sizeof(size)));
    if (!n) {
        buf_puts(out, "No Image Layers");
        return 0;
    }
    buf_puts(out, "Image Layers\n");
    if (above) {
        line(&t, "", true, img.layers[n - 1], top_of(&t, &img, n - 1));
        print_above(&t, &img, n, BESIDE);
    }
    for (size_t i = 0; !above && i < n; i++)
        line(&t, "", i + 1 == n, img.layers[i], top_of(&t, &img, i));
    return 0;
}
