#include "base/fs.h"
#include "base/parse.h"
#include "engine/engine_priv.h"
#include "engine/images.h"
#include "engine/system.h"
#include "spec/reference.h"
#include "store/layers.h"

#include "base/banned.h"

/* ---------- images ---------- */

/* A layer's size counts once, however many images stand on it. */
struct layer_use {
    const char *key;
    int64_t size;
    size_t images;
};
typedef JSON_LIST(struct layer_use) use_list;

static int by_key(const void *x, const void *y)
{
    return strcmp(((const struct layer_use *)x)->key, ((const struct layer_use *)y)->key);
}

static void count_layers(struct engine *e, struct arena *a, const struct image_list *images,
                         use_list *ret)
{
    size_t kept = 0;

    for (size_t i = 0; i < images->n; i++)
        for (char **k = images->items[i].layers; k && *k; k++)
            *LIST_ADD(a, *ret) = (struct layer_use) { .key = *k, .images = 1 };
    if (ret->n)
        qsort(ret->items, ret->n, sizeof(*ret->items), by_key);
    for (size_t i = 0; i < ret->n; i++)
        if (kept && STR_EQ(ret->items[kept - 1].key, ret->items[i].key))
            ret->items[kept - 1].images++;
        else
            ret->items[kept++] = ret->items[i];
    ret->n = kept;
    for (size_t i = 0; i < ret->n; i++) {
        struct layer_info info = { 0 };
        (void)!layer_info(e->store, ret->items[i].key, &info);
        ret->items[i].size = info.size;
    }
}

static int64_t unique_size(const use_list *uses, const struct image *img)
{
    int64_t n = 0;

    for (char **k = img->layers; k && *k; k++) {
        const struct layer_use want = { .key = *k };
        const struct layer_use *u = bsearch(&want, uses->items, uses->n, sizeof(want), by_key);
        if (u && u->images == 1)
            n += u->size;
    }
    return n;
}

static json_t *image_row(const struct image *img, const char *repo, const char *tag, int64_t unique,
                         int64_t users)
{
    char stamp[TIME_TEXT_MAX];
    json_t *row = json_object();

    json_object_set_new(row, "Repository", json_string(repo));
    json_object_set_new(row, "Tag", json_string(tag));
    json_object_set_new(row, "ImageID", json_string(img->id));
    json_object_set_new(row, "Created", json_string(time_format_rfc3339(img->created, stamp)));
    json_object_set_new(row, "Size", json_integer(img->size));
    json_object_set_new(row, "SharedSize", json_integer(MAX(img->size - unique, 0)));
    json_object_set_new(row, "UniqueSize", json_integer(unique));
    json_object_set_new(row, "Containers", json_integer(users));
    return row;
}

static void add_image(struct arena *a, json_t *rows, const struct image *img, int64_t unique,
                      int64_t users)
{
    if (!img->names)
        json_array_append_new(rows, image_row(img, "<none>", "<none>", unique, users));
    for (char **n = img->names; n && *n; n++) {
        struct image_ref ref;
        if (ref_parse(a, *n, &ref, NULL) == 0)
            json_array_append_new(rows, image_row(img, ref_repo(a, &ref),
                                                  ref.tag ? ref.tag : "<none>", unique, users));
    }
}

static int fill_images(struct engine *e, struct arena *a, json_t *doc, struct err *err)
{
    struct image_list list = { 0 };
    kv_list users = { 0 };
    use_list uses = { 0 };
    int64_t total = 0;
    json_t *rows = json_array();
    int r = images_list(e, a, NULL, &list, err);

    if (r == 0)
        r = images_users(e, a, &users, err);
    count_layers(e, a, &list, &uses);
    for (size_t i = 0; i < uses.n; i++)
        total += uses.items[i].size;
    for (size_t i = 0; r == 0 && i < list.n; i++) {
        const char *text = kv_get(&users, list.items[i].id);
        int64_t n = 0;
        if (text)
            (void)!parse_i64(text, 0, INT64_MAX, &n);
        add_image(a, rows, &list.items[i], unique_size(&uses, &list.items[i]), n);
    }
    json_object_set_new(doc, "ImagesSize", json_integer(total));
    json_object_set_new(doc, "Images", rows);
    return r;
}

/* ---------- containers, volumes ---------- */

static json_t *container_row(const struct container *c, int64_t rw, int64_t all)
{
    char stamp[TIME_TEXT_MAX];
    json_t *row = json_object(), *command = json_array();

    for (char **p = c->config.command; p && *p; p++)
        json_array_append_new(command, json_string(*p));
    json_object_set_new(row, "ContainerID", json_string(c->config.id));
    json_object_set_new(row, "Image", json_string(c->config.image ? c->config.image : ""));
    json_object_set_new(row, "Command", command);
    json_object_set_new(row, "LocalVolumes", json_integer((json_int_t)strv_len(c->config.volumes)));
    json_object_set_new(row, "Size", json_integer(all));
    json_object_set_new(row, "RWSize", json_integer(rw));
    json_object_set_new(row, "Created", json_string(time_format_rfc3339(c->config.created, stamp)));
    json_object_set_new(row, "Status", json_string(container_status_names[c->status]));
    json_object_set_new(row, "Names", json_string(c->config.name));
    return row;
}

static int fill_containers(struct engine *e, struct arena *a, json_t *doc, struct err *err)
{
    struct container_list list = { 0 };
    json_t *rows = json_array();
    int r = container_list(e, a, &list, err);

    json_object_set_new(doc, "Containers", rows);
    for (size_t i = 0; r == 0 && i < list.n; i++) {
        int64_t rw = 0, all = 0;
        struct err gone = { 0 };
        /* One that is removed while we look, or whose directory is broken, has no size. */
        if (container_size(e, &list.items[i], &rw, &all, &gone) < 0)
            rw = all = 0;
        json_array_append_new(rows, container_row(&list.items[i], rw, all));
    }
    return r;
}

static int fill_volumes(struct engine *e, json_t *doc, struct err *err)
{
    struct db *db = store_db(e->store, err);
    json_t *rows = json_array();
    AUTO_CLOSE int dir = fs_open_dir(AT_FDCWD, e->volume_path);

    json_object_set_new(doc, "Volumes", rows);
    if (!db)
        return -EIO;
    struct rows q = db_query(db, err,
                             "SELECT name, (SELECT count(*) FROM container_volumes c"
                             " WHERE c.volume = v.name) FROM volumes v ORDER BY name",
                             "");
    while (rows_next(&q)) {
        int64_t bytes = 0, entries, links = rows_int(&q, 1);
        json_t *row = json_object();
        if (dir >= 0)
            (void)!fs_tree_size(dir, rows_text(&q, 0), &bytes, &entries);
        json_object_set_new(row, "VolumeName", json_string(rows_text(&q, 0)));
        json_object_set_new(row, "Links", json_integer(links));
        json_object_set_new(row, "Size", json_integer(bytes));
        json_object_set_new(row, "ReclaimableSize", json_integer(links ? 0 : bytes));
        json_array_append_new(rows, row);
    }
    return rows_end(&q);
}

json_t *system_df(struct engine *e, struct arena *a, struct err *err)
{
    AUTO_JSON *doc = json_object();
    int r = fill_images(e, a, doc, err);

    if (r == 0)
        r = fill_containers(e, a, doc, err);
    if (r == 0)
        r = fill_volumes(e, doc, err);
    return r < 0 ? NULL : json_incref(doc);
}
