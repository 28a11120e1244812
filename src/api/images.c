/* Images: lists, looks, names, removal. */
#include <inttypes.h>

#include "api/auth.h"
#include "api/documents.h"
#include "api/route.h"
#include "base/parse.h"
#include "engine/changes.h"
#include "engine/commit.h"
#include "engine/image_tree.h"

#include "base/banned.h"

/* ---------- lists ---------- */

struct list_query {
    bool all, digests, shared;
    char **filters;
};
static const struct query_field list_fields[] = {
    QF_BOOL(struct list_query, all, "all", NULL),
    QF_BOOL(struct list_query, digests, "digests", NULL),
    QF_BOOL(struct list_query, shared, "shared-size", NULL),
    QF_FILTERS(struct list_query, filters),
    { 0 },
};

static json_t *docker_row(const struct image *img, int64_t users)
{
    json_t *doc = images_document(img, users);
    static const char *const dropped[] = { "Dangling",       "Arch",  "Digest", "History",
                                           "IsManifestList", "Names", "Os",     "CreatedAt" };

    for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
        json_object_del(doc, dropped[i]);
    json_object_set_new(doc, "Id", doc_sha(img->id));
    json_object_set_new(doc, "ParentId", doc_sha(img->parent));
    if (!img->names)
        json_object_set_new(doc, "RepoTags", json_array());
    if (!img->repo_digests)
        json_object_set_new(doc, "RepoDigests", json_array());
    return doc;
}

static int list(struct request *r, const void *query)
{
    const struct list_query *q = query;
    struct engine *e = request_engine(r);
    struct image_list found = { 0 };
    kv_list users = { 0 };
    int res = e ? images_list(e, r->arena, q->filters, &found, r->err) : -EIO;

    if (res == 0)
        res = images_users(e, r->arena, &users, r->err);
    if (res < 0)
        return res;
    images_parents(r->arena, &found);
    json_t *out = json_array();
    for (size_t i = 0; i < found.n; i++) {
        const char *text = kv_get(&users, found.items[i].id);
        int64_t n = 0;
        if (text && parse_i64(text, 0, INT64_MAX, &n) < 0)
            n = 0;
        json_t *row = r->libpod ? images_document(&found.items[i], n)
                                : docker_row(&found.items[i], n);
        if (r->libpod)
            json_object_del(row, "CreatedAt");
        json_array_append_new(out, row);
    }
    return reply_json(r, 200, out);
}

/* ---------- looks ---------- */

static int find(struct request *r, struct image *img)
{
    struct engine *e = request_engine(r);
    const char *name = r->vars[0];
    int res = e ? images_find(e, r->arena, name, img, r->err) : -EIO;

    if (res < 0 && r->err->kind == ERR_NOT_FOUND && !r->libpod) {
        err_clear(r->err); /* Docker's clients read this */
        return err_set(r->err, ERR_NOT_FOUND, ENOENT, "No such image: %s: image not known", name);
    }
    return res;
}

/* Docker's keys that Podman's document lacks, and without the ones that it alone has. */
static void shape_inspect(json_t *doc, const struct image *img)
{
    static const char *const dropped[] = { "Digest",       "Labels",      "Annotations",
                                           "ManifestType", "User",        "History",
                                           "NamesHistory", "Healthcheck", "Version" };
    static const char *const texts[] = { "Container", "DockerVersion", "Author", "Comment" };
    json_t *config = json_object_get(doc, "Config");

    for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
        json_object_del(doc, dropped[i]);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (!json_object_get(doc, texts[i]))
            json_object_set_new(doc, texts[i], json_string(""));
    json_object_set_new(doc, "Id", doc_sha(img->id));
    json_object_set_new(doc, "Parent", doc_sha(json_string_value(json_object_get(doc, "Parent"))));
    json_object_set_new(doc, "Metadata", json_pack("{s:o}", "LastTagTime", doc_time(img->stored)));
    json_object_set_new(doc, "ContainerConfig", json_null());
    json_object_update_missing_new(
        config,
        json_pack("{s:s,s:s,s:s,s:b,s:b,s:b,s:b,s:b,s:b,s:n,s:n,s:s,s:n,s:n,s:n,s:n}", "Hostname",
                  "", "Domainname", "", "User", "", "AttachStdin", 0, "AttachStdout", 0,
                  "AttachStderr", 0, "Tty", 0, "OpenStdin", 0, "StdinOnce", 0, "Env", "Cmd",
                  "WorkingDir", "", "Entrypoint", "OnBuild", "Labels", "Volumes"));
}

static int inspect(struct request *r, const void *query)
{
    struct image img = { 0 };
    int res = find(r, &img);

    (void)query;
    if (res < 0)
        return res;
    json_t *doc = images_inspect(request_engine(r), &img, r->err);
    if (!doc)
        return -EIO;
    if (!r->libpod)
        shape_inspect(doc, &img);
    return reply_json(r, 200, doc);
}

static int exists(struct request *r, const void *query)
{
    struct image img = { 0 };
    int res = find(r, &img);

    (void)query;
    return res < 0 ? res : reply_empty(r, 204);
}

static int history(struct request *r, const void *query)
{
    struct engine *e = request_engine(r);
    image_steps steps = { 0 };
    struct image img = { 0 };
    int res = find(r, &img);

    (void)query;
    if (res == 0)
        res = images_history(e, r->arena, r->vars[0], &steps, r->err);
    if (res < 0)
        return res;
    json_t *out = json_array();
    for (size_t i = 0; i < steps.n; i++) {
        const struct image_step *s = &steps.items[i];
        json_array_append_new(
            out, json_pack("{s:s,s:I,s:s,s:o,s:I,s:s}", "Id", s->id, "Created",
                           (json_int_t)(s->created / NSEC_PER_SEC), "CreatedBy",
                           s->created_by ? s->created_by : "", "Tags", doc_strings(s->tags, true),
                           "Size", (json_int_t)s->size, "Comment", s->comment ? s->comment : ""));
    }
    return reply_json(r, 200, out);
}

struct changes_query {
    char *parent, *kind;
};
static const struct query_field changes_fields[] = {
    QF_STR(struct changes_query, parent, "parent", NULL),
    QF_STR(struct changes_query, kind, "diffType", "all"),
    { 0 },
};

static int changes(struct request *r, const void *query)
{
    const struct changes_query *q = query;
    struct engine *e = request_engine(r);
    change_list found = { 0 };
    int res = e ? changes_image(e, r->arena, r->vars[0], str_empty(q->parent) ? NULL : q->parent,
                                &found, r->err)
                : -EIO;

    if (res < 0)
        return res;
    json_t *out = json_array();
    for (size_t i = 0; i < found.n; i++) {
        const struct change *c = &found.items[i];
        int kind = c->kind == CHANGE_ADDED ? 1 : c->kind == CHANGE_DELETED ? 2 : 0;
        json_array_append_new(out, json_pack("{s:s,s:i}", "Path", c->path, "Kind", kind));
    }
    return reply_json(r, 200, out);
}

struct tree_query {
    bool what_requires;
};
static const struct query_field tree_fields[] = {
    QF_BOOL(struct tree_query, what_requires, "whatrequires", NULL),
    { 0 },
};

static int tree(struct request *r, const void *query)
{
    const struct tree_query *q = query;
    struct engine *e = request_engine(r);
    AUTO_BUF b = { 0 };
    int res = e ? image_tree(e, r->arena, r->vars[0], q->what_requires, &b, r->err) : -EIO;

    return res < 0 ? res : reply_json(r, 200, json_pack("{s:s}", "Tree", b.data ? b.data : ""));
}

/* The names that a short one may stand for. */
static int resolve(struct request *r, const void *query)
{
    struct engine *e = request_engine(r);
    struct image img = { 0 };
    json_t *names = json_array();

    (void)query;
    if (e && images_find(e, r->arena, r->vars[0], &img, NULL) == 0)
        for (char **n = img.names; n && *n; n++)
            json_array_append_new(names, json_string(*n));
    if (!json_array_size(names))
        json_array_append_new(names, json_string(r->vars[0]));
    return reply_json(r, 200, json_pack("{s:o}", "Names", names));
}

/* ---------- names ---------- */

struct tag_query {
    char *repo, *tag;
};
static const struct query_field tag_fields[] = {
    QF_STR(struct tag_query, repo, "repo", NULL),
    QF_STR(struct tag_query, tag, "tag", NULL),
    { 0 },
};

static int tag(struct request *r, const void *query)
{
    const struct tag_query *q = query;
    struct image img = { 0 };
    int res = find(r, &img);

    if (res == 0 && str_empty(q->repo))
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL, "repo parameter is required to tag an image");
    if (res < 0)
        return res;
    const char *name = r->libpod ? q->repo : docker_name(r, q->repo);
    res = images_tag(request_engine(r), r->vars[0],
                     arena_printf(r->arena, "%s:%s", name, str_empty(q->tag) ? "latest" : q->tag),
                     r->err);
    return res < 0 ? res : reply_empty(r, 201);
}

static int untag(struct request *r, const void *query)
{
    const struct tag_query *q = query;
    struct image img = { 0 };
    char **names = NULL;
    int res = find(r, &img);

    if (res < 0)
        return res;
    if (!str_empty(q->repo))
        names = strv_add(
            r->arena, NULL,
            arena_printf(r->arena, "%s:%s", q->repo, str_empty(q->tag) ? "latest" : q->tag));
    res = images_untag(request_engine(r), r->vars[0], names, r->err);
    return res < 0 ? res : reply_empty(r, 201);
}

/* ---------- removal ---------- */

struct remove_query {
    bool force, noprune, ignore, manifest, all;
    char **images;
};
static const struct query_field remove_fields[] = {
    QF_BOOL(struct remove_query, force, "force", NULL),
    QF_BOOL(struct remove_query, noprune, "noprune", NULL),
    QF_BOOL(struct remove_query, ignore, "ignore", NULL),
    QF_BOOL(struct remove_query, manifest, "lookupManifest", NULL),
    QF_BOOL(struct remove_query, all, "all", NULL),
    QF_WORDS(struct remove_query, images, "images"),
    { 0 },
};

/* Docker: a list of single things. */
static int reply_removed_docker(struct request *r, const struct image_removed *gone)
{
    json_t *out = json_array();

    for (char **p = gone->untagged; p && *p; p++)
        json_array_append_new(out, json_pack("{s:s}", "Untagged", *p));
    if (gone->deleted)
        json_array_append_new(out, json_pack("{s:o}", "Deleted", doc_sha(gone->deleted)));
    return reply_json(r, 200, out);
}

static int remove_it(struct request *r, const void *query)
{
    const struct remove_query *q = query;
    struct image_removed gone = { 0 };
    struct image img = { 0 };
    int res = find(r, &img);

    if (res == 0)
        res = images_remove(request_engine(r), r->arena, r->vars[0],
                            q->force ? IMAGES_FORCE : IMAGES_GENTLY, &gone, r->err);
    if (res < 0 && q->ignore && r->err->kind == ERR_NOT_FOUND) {
        err_clear(r->err);
        res = 0;
    }
    if (res < 0)
        return res;
    if (!r->libpod)
        return reply_removed_docker(r, &gone);
    return reply_json(r, 200,
                      json_pack("{s:o,s:o,s:[],s:i}", "Untagged", doc_strings(gone.untagged, false),
                                "Deleted",
                                gone.deleted ? json_pack("[s]", gone.deleted) : json_array(),
                                "Errors", "ExitCode", 0));
}

/* DELETE /libpod/images/remove: several, and what went wrong with some of them. */
static int remove_many(struct request *r, const void *query)
{
    const struct remove_query *q = query;
    struct engine *e = request_engine(r);
    json_t *untagged = json_array(), *deleted = json_array(), *errors = json_array();
    char **names = q->images;
    struct image_list all = { 0 };
    int code = 0, res = e ? 0 : -EIO;

    if (res == 0 && q->all)
        res = images_list(e, r->arena, NULL, &all, r->err);
    for (size_t i = 0; i < all.n; i++)
        names = strv_add(r->arena, names, all.items[i].id);
    for (; res == 0 && names && *names; names++) {
        struct image_removed gone = { 0 };
        struct err why = { 0 };
        enum images_force how = q->force ? IMAGES_FORCE : q->all ? IMAGES_ALL_NAMES : IMAGES_GENTLY;
        if (images_remove(e, r->arena, *names, how, &gone, &why) < 0) {
            if (why.kind == ERR_NOT_FOUND && q->ignore)
                continue;
            json_array_append_new(errors, json_string(why.msg));
            code = why.kind == ERR_NOT_FOUND ? 1 : why.kind == ERR_IN_USE ? 2 : 125;
            continue;
        }
        for (char **p = gone.untagged; p && *p; p++)
            json_array_append_new(untagged, json_string(*p));
        if (gone.deleted)
            json_array_append_new(deleted, json_string(gone.deleted));
    }
    json_t *doc = json_pack("{s:o,s:o,s:o,s:i}", "Untagged", untagged, "Deleted", deleted, "Errors",
                            errors, "ExitCode", code);
    if (res < 0) {
        json_decref(doc);
        return res;
    }
    return reply_json(r, 200, doc);
}

struct prune_query {
    bool all, external, cache;
    char **filters;
};
static const struct query_field prune_fields[] = {
    QF_BOOL(struct prune_query, all, "all", NULL),
    QF_BOOL(struct prune_query, external, "external", NULL),
    QF_BOOL(struct prune_query, cache, "buildcache", NULL),
    QF_FILTERS(struct prune_query, filters),
    { 0 },
};

static int prune(struct request *r, const void *query)
{
    const struct prune_query *q = query;
    struct engine *e = request_engine(r);
    char **ids = NULL, **filters = NULL;
    int64_t bytes = 0;
    bool all = q->all;

    /* Docker's way to say "all": dangling=false. */
    for (char **f = q->filters; f && *f; f++)
        if (STR_IN(*f, "dangling=false", "dangling=0"))
            all = true;
        else if (!STR_IN(*f, "dangling=true", "dangling=1"))
            filters = strv_add(r->arena, filters, *f);
    int res = e ? images_prune(e, r->arena, all, filters, &ids, &bytes, r->err) : -EIO;
    if (res < 0)
        return res;
    json_t *out = json_array();
    for (size_t i = 0; ids && ids[i]; i++)
        json_array_append_new(out, r->libpod ? json_pack("{s:s,s:I}", "Id", ids[i], "Size",
                                                         (json_int_t)(i ? 0 : bytes))
                                             : json_pack("{s:o}", "Deleted", doc_sha(ids[i])));
    return reply_json(r, 200,
                      r->libpod ? out
                                : json_pack("{s:o,s:I}", "ImagesDeleted", out, "SpaceReclaimed",
                                            (json_int_t)bytes));
}

/* ---------- search ---------- */

struct search_query {
    char *term, **filters;
    int64_t limit;
    int tls_verify;
    bool list_tags;
};
static const struct query_field search_fields[] = {
    QF_STR(struct search_query, term, "term", NULL),
    QF_FILTERS(struct search_query, filters),
    QF_I64(struct search_query, limit, "limit", "0"),
    QF_TRI(struct search_query, tls_verify, "tlsVerify"),
    QF_BOOL(struct search_query, list_tags, "listTags", NULL),
    { 0 },
};

static int search_passes(struct request *r, const struct search_query *q,
                         const struct image_found *f)
{
    for (char **p = q->filters; p && *p; p++) {
        const char *value = strchr(*p, '=') + 1;
        int64_t stars;
        bool yes = true;
        if (str_starts(*p, "stars=")) {
            if (parse_i64(value, 0, INT32_MAX, &stars) < 0)
                return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                               "incorrect value type \"%s\" for stars filter", value);
            if (f->stars < stars)
                return 0;
        } else if (str_starts(*p, "is-official=") || str_starts(*p, "is-automated=")) {
            if (parse_bool(value, &yes) < 0)
                return err_set(r->err, ERR_BAD_PARAM, EINVAL, "incorrect value of filter \"%s\"",
                               *p);
            if ((str_starts(*p, "is-official=") ? f->official : f->automated) != yes)
                return 0;
        } else
            return err_set(r->err, ERR_BAD_PARAM, EINVAL, "invalid filter type \"%s\"", *p);
    }
    return 1;
}

static int search(struct request *r, const void *query)
{
    const struct search_query *q = query;
    image_found_list found = { 0 };
    struct image_search_options o = { .tls_verify = q->tls_verify == 1 ? -1 : q->tls_verify,
                                      .limit = q->limit,
                                      .list_tags = q->list_tags };

    if (str_empty(q->term))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "search: term must be given");
    int res = request_engine(r) ? request_authfile(r, q->term, &o.authfile) : -EIO;
    if (res == 0)
        res = images_search(r->arena, q->term, &o, &found, r->err);
    if (res < 0)
        return res;
    json_t *out = json_array();
    for (size_t i = 0; i < found.n; i++) {
        const struct image_found *f = &found.items[i];
        res = search_passes(r, q, f);
        if (res < 0) {
            json_decref(out);
            return res;
        }
        if (res == 0)
            continue;
        json_t *row = json_pack("{s:s,s:s,s:s,s:s}", "Index", f->index ? f->index : "", "Name",
                                f->name, "Description", f->description ? f->description : "", "Tag",
                                f->tag ? f->tag : "");
        if (r->libpod) {
            json_object_set_new(row, "Stars", json_integer(f->stars));
            json_object_set_new(row, "Official", json_string(f->official ? "[OK]" : ""));
            json_object_set_new(row, "Automated", json_string(f->automated ? "[OK]" : ""));
        } else {
            json_object_set_new(row, "star_count", json_integer(f->stars));
            json_object_set_new(row, "is_official", json_boolean(f->official));
            json_object_set_new(row, "is_automated", json_boolean(f->automated));
            doc_rename(row, "Name", "name");
            doc_rename(row, "Description", "description");
        }
        json_array_append_new(out, row);
    }
    return reply_json(r, 200, out);
}

/* ---------- commit ---------- */

struct commit_query {
    char *container, *repo, *tag, *comment, *author, *format, **changes;
    bool squash, stream;
    int pause;
};
static const struct query_field commit_fields[] = {
    QF_STR(struct commit_query, container, "container", NULL),
    QF_STR(struct commit_query, repo, "repo", NULL),
    QF_STR(struct commit_query, tag, "tag", NULL),
    QF_STR(struct commit_query, comment, "comment", NULL),
    QF_STR(struct commit_query, author, "author", NULL),
    QF_STR(struct commit_query, format, "format", NULL),
    QF_WORDS(struct commit_query, changes, "changes"),
    QF_BOOL(struct commit_query, squash, "squash", NULL),
    QF_BOOL(struct commit_query, stream, "stream", NULL),
    QF_TRI(struct commit_query, pause, "pause"),
    { 0 },
};

/* Several in one value, one a line, as Docker's clients send them. */
static char **change_lines(struct arena *a, char *const *given)
{
    char **out = NULL;

    for (; given && *given; given++)
        for (char **line = strv_split(a, *given, '\n'); *line; line++)
            if (**line)
                out = strv_add(a, out, *line);
    return out;
}

static int commit(struct request *r, const void *query)
{
    const struct commit_query *q = query;
    struct container c;
    char *id = NULL;

    if (str_empty(q->container))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "commit: container must be given");
    if (!str_empty(q->format) && !STR_IN(q->format, "oci", "docker"))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "invalid format \"%s\": use oci or docker",
                       q->format);
    int res = request_find(r, q->container, &c);
    if (res < 0)
        return res;
    struct container_commit_options o = {
        .author = q->author,
        .message = q->comment,
        .changes = change_lines(r->arena, q->changes),
        .docker = r->libpod ? str_same(q->format, "docker") : true,
        .pause = q->pause != 0,
        .squash = q->squash,
    };
    if (!str_empty(q->repo))
        o.reference = arena_printf(r->arena, "%s:%s", r->libpod ? q->repo : docker_name(r, q->repo),
                                   str_empty(q->tag) ? "latest" : q->tag);
    res = container_commit(request_engine(r), r->arena, &c, &o, &id, r->err);
    if (res < 0)
        return res;
    if (!q->stream)
        return reply_id(r, 201, "Id", id);
    return reply_json(r, 200, json_pack("{s:s}", "stream", id));
}

#define SEEN (ROUTE_BOTH | ROUTE_HARMLESS)
const struct route image_routes[] = {
    ROUTE_Q("GET", "/images/json", SEEN, list, struct list_query, list_fields),
    ROUTE_Q("GET", "/images/search", SEEN, search, struct search_query, search_fields),
    ROUTE_Q("POST", "/images/prune", ROUTE_BOTH, prune, struct prune_query, prune_fields),
    ROUTE_Q("DELETE", "/images/remove", ROUTE_LIBPOD, remove_many, struct remove_query,
            remove_fields),
    ROUTE_Q("POST", "/commit", ROUTE_BOTH, commit, struct commit_query, commit_fields),
    ROUTE("GET", "/images/{name*}/json", SEEN, inspect),
    ROUTE("GET", "/images/{name*}/exists", ROUTE_LIBPOD | ROUTE_HARMLESS, exists),
    ROUTE("GET", "/images/{name*}/history", SEEN, history),
    ROUTE_Q("GET", "/images/{name*}/changes", ROUTE_LIBPOD | ROUTE_HARMLESS, changes,
            struct changes_query, changes_fields),
    ROUTE_Q("GET", "/images/{name*}/tree", ROUTE_LIBPOD | ROUTE_HARMLESS, tree, struct tree_query,
            tree_fields),
    ROUTE("GET", "/images/{name*}/resolve", ROUTE_LIBPOD | ROUTE_HARMLESS, resolve),
    ROUTE_Q("POST", "/images/{name*}/tag", ROUTE_BOTH, tag, struct tag_query, tag_fields),
    ROUTE_Q("POST", "/images/{name*}/untag", ROUTE_LIBPOD, untag, struct tag_query, tag_fields),
    ROUTE_Q("DELETE", "/images/{name*}", ROUTE_BOTH, remove_it, struct remove_query, remove_fields),
    { 0 },
};
