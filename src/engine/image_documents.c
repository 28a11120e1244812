/* The JSON documents that describe an image, with Podman's names in Podman's order. */
#include "base/limits.h"
#include "base/parse.h"
#include "engine/images.h"
#include "spec/reference.h"
#include "store/blobs.h"

#include "base/banned.h"

static json_t *strings(char *const *v)
{
    json_t *out = json_array();

    for (; v && *v; v++)
        json_array_append_new(out, json_string(*v));
    return out;
}

static json_t *map_or_null(const kv_list *m)
{
    if (!m->n)
        return json_null();
    json_t *out = json_object();
    for (size_t i = 0; i < m->n; i++)
        json_object_set_new(out, m->items[i].key, json_string(m->items[i].val));
    return out;
}

static json_t *text(const char *s)
{
    return json_string(s ? s : "");
}

/* "repo:tag" only: a name by digest is no tag. */
static json_t *tags_of(const struct image *img)
{
    json_t *out = json_array();

    for (char **n = img->names; n && *n; n++)
        if (!strchr(*n, '@'))
            json_array_append_new(out, json_string(*n));
    return out;
}

json_t *images_document(const struct image *img, int64_t containers)
{
    char stamp[TIME_TEXT_MAX];
    json_t *doc = json_object();

    json_object_set_new(doc, "Id", json_string(img->id));
    json_object_set_new(doc, "ParentId", text(img->parent));
    json_object_set_new(doc, "RepoTags", img->names ? tags_of(img) : json_null());
    json_object_set_new(doc, "RepoDigests",
                        img->repo_digests ? strings(img->repo_digests) : json_null());
    json_object_set_new(doc, "Size", json_integer(img->size));
    json_object_set_new(doc, "SharedSize", json_integer(0));
    json_object_set_new(doc, "VirtualSize", json_integer(img->size));
    json_object_set_new(doc, "Labels", map_or_null(&img->config.config.labels));
    json_object_set_new(doc, "Containers", json_integer(containers));
    if (!img->names)
        json_object_set_new(doc, "Dangling", json_true());
    json_object_set_new(doc, "Arch", text(img->config.architecture));
    json_object_set_new(doc, "Digest", json_string(img->digest));
    if (img->names) {
        json_object_set_new(doc, "History", strings(img->names));
    }
    if (image_is_list(img))
        json_object_set_new(doc, "IsManifestList", json_true());
    if (img->names) {
        json_object_set_new(doc, "Names", strings(img->names));
    }
    json_object_set_new(doc, "Os", text(img->config.os));
    json_object_set_new(doc, "Created", json_integer(img->created / NSEC_PER_SEC));
    json_object_set_new(doc, "CreatedAt", json_string(time_format_rfc3339(img->created, stamp)));
    return doc;
}

/* ---------- inspect ---------- */

static json_t *graph_driver(struct engine *e, struct arena *a, const struct image *img)
{
    struct store *s = engine_store(e);
    size_t n = strv_len(img->layers);
    json_t *doc = json_object(), *data = json_object();
    char **lower = NULL;

    for (size_t i = n; i-- > 0;) {
        char *dir = arena_printf(a, "%s/layers/%s/diff", s->graphroot, img->layers[i]);
        if (i + 1 == n)
            json_object_set_new(data, "UpperDir", json_string(dir));
        else
            lower = strv_add(a, lower, dir);
    }
    if (lower)
        json_object_set_new(data, "LowerDir", json_string(strv_join(a, lower, ":")));
    json_object_set_new(doc, "Name", json_string(s->driver == DRIVER_VFS ? "vfs" : "overlay"));
    json_object_set_new(doc, "Data", data);
    return doc;
}

static json_t *annotations_of(struct engine *e, struct arena *a, const struct image *img)
{
    AUTO_BUF b = { .max = LIMIT_MANIFEST };
    struct image_manifest m = { 0 };

    if (blob_read(engine_store(e), img->digest, &b, NULL) < 0)
        return json_object();
    AUTO_JSON *doc = json_parse(b.data ? b.data : "", b.len, "manifest", NULL);
    if (!doc || image_manifest_read(a, doc, &m, NULL) < 0 || !m.annotations.n)
        return json_object();
    return map_or_null(&m.annotations);
}

static json_t *names_history(struct engine *e, const struct image *img)
{
    json_t *out = json_array();
    struct db *db = store_db(engine_store(e), NULL);
    if (!db)
        return out;

    struct rows q = db_query(db, NULL,
                             "SELECT name FROM image_names_history WHERE image = ?"
                             " ORDER BY since, name",
                             "s", img->id);
    while (rows_next(&q))
        json_array_append_new(out, json_string(rows_text(&q, 0)));
    (void)!rows_end(&q);
    return out;
}

static json_t *root_fs(const struct image *img)
{
    json_t *doc = json_object();

    json_object_set_new(doc, "Type", text(img->config.rootfs.type));
    json_object_set_new(doc, "Layers", strings(img->config.rootfs.diff_ids));
    return doc;
}

static const char *last_comment(const struct image *img)
{
    size_t n = img->config.history.n;

    return n ? img->config.history.items[n - 1].comment : img->config.comment;
}

json_t *images_inspect(struct engine *e, const struct image *img, struct err *err)
{
    AUTO_ARENA a = { 0 };
    char stamp[TIME_TEXT_MAX];
    const struct image_config *c = &img->config;
    json_t *doc = json_object(), *whole = json_from(&image_config_type, c);
    json_t *history = json_object_get(whole, "history");
    const char *parent = images_parent(e, &a, img);

    (void)err;
    json_object_set_new(doc, "Id", json_string(img->id));
    json_object_set_new(doc, "Digest", json_string(img->digest));
    json_object_set_new(doc, "RepoTags", tags_of(img));
    json_object_set_new(doc, "RepoDigests", strings(img->repo_digests));
    json_object_set_new(doc, "Parent", text(parent ? parent : c->parent));
    json_object_set_new(doc, "Comment", text(last_comment(img)));
    json_object_set_new(doc, "Created", json_string(time_format_rfc3339(img->created, stamp)));
    json_object_set_new(doc, "Config", json_from(&image_exec_type, &c->config));
    json_object_set_new(doc, "Version", text(c->docker_version));
    json_object_set_new(doc, "Author", text(c->author));
    json_object_set_new(doc, "Architecture", text(c->architecture));
    json_object_set_new(doc, "Os", text(c->os));
    json_object_set_new(doc, "Size", json_integer(img->size));
    json_object_set_new(doc, "VirtualSize", json_integer(img->size));
    json_object_set_new(doc, "GraphDriver", graph_driver(e, &a, img));
    json_object_set_new(doc, "RootFS", root_fs(img));
    json_object_set_new(doc, "Labels", map_or_null(&c->config.labels));
    json_object_set_new(doc, "Annotations", annotations_of(e, &a, img));
    json_object_set_new(doc, "ManifestType", text(img->media_type));
    json_object_set_new(doc, "User", text(c->config.user));
    json_object_set_new(doc, "History", history ? json_incref(history) : json_null());
    json_object_set_new(doc, "NamesHistory", names_history(e, img));
    if (c->config.healthcheck)
        json_object_set_new(doc, "Healthcheck",
                            json_from(&image_healthcheck_type, c->config.healthcheck));
    json_decref(whole);
    return doc;
}
