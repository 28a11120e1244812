/* Manifest lists: of Podman's family alone.  Until version 3 its paths were others. */
#include "api/auth.h"
#include "api/documents.h"
#include "api/route.h"
#include "config/containers.h"
#include "engine/images.h"

#include "base/banned.h"

/* ---------- the body of create and modify ---------- */

struct modify_body {
    char *operation, **images, *arch, *os, *os_version, *variant, **features, **os_features;
    char **annotation, **files, *subject;
    bool all;
    kv_list annotations, index_annotations;
};
static const struct json_field modify_rows[] = {
    JF_STR(struct modify_body, operation, "operation", 0),
    JF_STRV(struct modify_body, images, "images", 0),
    JF_STR(struct modify_body, arch, "arch", 0),
    JF_STR(struct modify_body, os, "os", 0),
    JF_STR(struct modify_body, os_version, "os_version", 0),
    JF_STR(struct modify_body, variant, "variant", 0),
    JF_STRV(struct modify_body, features, "features", 0),
    JF_STRV(struct modify_body, os_features, "os_features", 0),
    JF_STRV(struct modify_body, annotation, "annotation", 0),
    JF_STRV(struct modify_body, files, "artifact_files", 0),
    JF_STR(struct modify_body, subject, "artifact_subject", 0),
    JF_BOOL(struct modify_body, all, "all", 0),
    JF_MAP(struct modify_body, annotations, "annotations", 0),
    JF_MAP(struct modify_body, index_annotations, "index_annotations", 0),
    { 0 },
};
static const struct json_type modify_type = JSON_TYPE(struct modify_body, modify_rows);

static struct manifest_annotate annotate_of(struct request *r, struct modify_body *b)
{
    for (char **p = b->annotation; p && *p; p++)
        kv_set_words(r->arena, &b->annotations, (char *[]) { *p, NULL });
    return (struct manifest_annotate) { .os = b->os,
                                        .arch = b->arch,
                                        .variant = b->variant,
                                        .os_version = b->os_version,
                                        .features = b->features,
                                        .os_features = b->os_features,
                                        .annotations = b->annotations };
}

static int add_images(struct request *r, const char *list, char *const *images, bool all,
                      int tls_verify, const struct manifest_annotate *an, char **ret_id)
{
    struct image_pull_options pull = { .tls_verify = tls_verify, .retry_delay_ns = -1 };
    struct manifest_add add = { .pull = &pull, .all = all };
    int res = request_authfile(r, images[0], &pull.authfile);

    if (an)
        add.annotate = *an;
    return res < 0 ? res
                   : manifest_list_add(engine_store(request_engine(r)), r->arena, list, images,
                                       &add, ret_id, r->err);
}

/* ---------- create ---------- */

struct create_query {
    char *name, **images, **annotation;
    bool all, amend;
    int tls_verify;
};
static const struct query_field create_fields[] = {
    QF_STR(struct create_query, name, "name", NULL),
    QF_WORDS(struct create_query, images, "images"),
    QF_WORDS(struct create_query, annotation, "annotation"),
    QF_BOOL(struct create_query, all, "all", NULL),
    QF_BOOL(struct create_query, amend, "amend", NULL),
    QF_TRI(struct create_query, tls_verify, "tlsVerify"),
    { 0 },
};

static int create(struct request *r, const void *query)
{
    const struct create_query *q = query;
    struct modify_body b = { 0 };
    kv_list annotations = { 0 };
    const char *name = r->vars ? r->vars[0] : q->name;
    char *id = NULL, **images = q->images;
    AUTO_JSON *doc = NULL;
    int res = request_body(r, &modify_type, &b, true, &doc);

    if (res < 0 || !request_engine(r))
        return res < 0 ? res : -EIO;
    if (str_empty(name))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "manifest name parameter is required");
    if (!images)
        images = b.images;
    kv_set_words(r->arena, &annotations, q->annotation);
    struct manifest_annotate an = annotate_of(r, &b);
    res = manifest_list_create(engine_store(request_engine(r)), r->arena, name, q->amend,
                               &annotations, &id, r->err);
    if (res == 0 && images && *images)
        res = add_images(r, id, images, q->all || b.all, q->tls_verify, &an, &id);
    return res < 0 ? res : reply_id(r, r->major && r->major < 4 ? 200 : 201, "Id", id);
}

/* ---------- modify ---------- */

struct modify_query {
    int tls_verify;
    char *digest;
};
static const struct query_field modify_fields[] = {
    QF_TRI(struct modify_query, tls_verify, "tlsVerify"),
    QF_STR(struct modify_query, digest, "digest", NULL),
    { 0 },
};

/* One thing done with each image of the body; those that failed are told. */
static int reply_modified(struct request *r, const char *id, char *const *images, json_t *errors)
{
    bool failed = json_array_size(errors) > 0;
    json_t *doc = json_pack("{s:s,s:o}", "Id", id, "images", doc_strings(images, false));

    if (failed)
        json_object_set(doc, "errors", errors);
    json_decref(errors);
    return reply_json(r, failed ? 409 : 200, doc);
}

static int modify(struct request *r, const void *query)
{
    const struct modify_query *q = query;
    struct store *s = request_engine(r) ? engine_store(request_engine(r)) : NULL;
    struct modify_body b = { 0 };
    struct manifest_list l = { 0 };
    char **done = NULL, *id;
    AUTO_JSON *doc = NULL;
    int res = request_body(r, &modify_type, &b, false, &doc);

    if (res == 0)
        res = s ? manifest_list_find(s, r->arena, r->vars[0], &l, r->err) : -EIO;
    if (res < 0)
        return res;
    if (b.files && *b.files)
        return err_set(r->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "artifact_files: a list's artifacts are added on the command line only");
    if (!b.operation || !STR_IN(b.operation, "update", "remove", "annotate"))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                       "illegal operation \"%s\" for %s: use update, remove or annotate",
                       b.operation ? b.operation : "", r->vars[0]);
    id = l.id;
    struct manifest_annotate an = annotate_of(r, &b);
    if (STR_EQ(b.operation, "annotate") && b.index_annotations.n) {
        struct manifest_annotate index = { .annotations = b.index_annotations };
        res = manifest_list_annotate(s, r->arena, l.id, NULL, &index, b.subject, &id, r->err);
        if (res < 0)
            return res;
    }
    json_t *errors = json_array();
    for (char **p = b.images; p && *p; p++) {
        char *one[] = { *p, NULL };
        res = STR_EQ(b.operation, "update")
                  ? add_images(r, l.id, one, b.all, q->tls_verify, &an, &id)
              : STR_EQ(b.operation, "remove")
                  ? manifest_list_drop(s, r->arena, l.id, *p, &id, r->err)
                  : manifest_list_annotate(s, r->arena, l.id, *p, &an, NULL, &id, r->err);
        if (res == 0)
            done = strv_add(r->arena, done, *p);
        else
            json_array_append_new(errors, json_string(r->err->msg));
        err_clear(r->err);
    }
    return reply_modified(r, id, done, errors);
}

/* POST /manifests/{name}/add, until version 3. */
static int add_before_4(struct request *r, const void *query)
{
    const struct modify_query *q = query;
    struct modify_body b = { 0 };
    char *id;
    AUTO_JSON *doc = NULL;
    int res = request_body(r, &modify_type, &b, false, &doc);

    if (res == 0 && !request_engine(r))
        res = -EIO;
    if (res == 0 && !(b.images && *b.images))
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL, "no images to add");
    struct manifest_annotate an = annotate_of(r, &b);
    if (res == 0)
        res = add_images(r, r->vars[0], b.images, b.all, q->tls_verify, &an, &id);
    return res < 0 ? res : reply_id(r, 200, "Id", id);
}

static int drop_before_4(struct request *r, const void *query)
{
    const struct modify_query *q = query;
    char *id;

    if (!request_engine(r))
        return -EIO;
    if (str_empty(q->digest))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "digest parameter is required");
    int res = manifest_list_drop(engine_store(request_engine(r)), r->arena, r->vars[0], q->digest,
                                 &id, r->err);
    return res < 0 ? res : reply_id(r, 200, "Id", id);
}

/* ---------- looks, removal ---------- */

static int find(struct request *r, struct manifest_list *l)
{
    struct engine *e = request_engine(r);

    return e ? manifest_list_find(engine_store(e), r->arena, r->vars[0], l, r->err) : -EIO;
}

static int exists(struct request *r, const void *query)
{
    struct manifest_list l = { 0 };
    int res = find(r, &l);

    (void)query;
    return res < 0 ? res : reply_empty(r, 204);
}

static int inspect(struct request *r, const void *query)
{
    const struct modify_query *q = query;
    struct image_pull_options pull = { .tls_verify = q->tls_verify, .retry_delay_ns = -1 };
    struct engine *e = request_engine(r);
    AUTO_BUF text = { 0 };
    int res = e ? request_authfile(r, r->vars[0], &pull.authfile) : -EIO;

    if (res == 0)
        res = manifest_list_text(engine_store(e), r->arena, r->vars[0], &pull, &text, r->err);
    if (res < 0)
        return res;
    conn_reply(r->conn, 200, "application/json", NULL, text.data, text.len);
    return 0;
}

struct remove_query {
    bool ignore;
};
static const struct query_field remove_fields[] = {
    QF_BOOL(struct remove_query, ignore, "ignore", NULL),
    { 0 },
};

static int remove_it(struct request *r, const void *query)
{
    const struct remove_query *q = query;
    struct manifest_list l = { 0 };
    struct image_removed gone = { 0 };
    int res = find(r, &l);

    if (res < 0 && q->ignore && r->err->kind == ERR_NOT_FOUND) {
        err_clear(r->err);
        res = 0;
    } else if (res == 0)
        res = images_remove(request_engine(r), r->arena, r->vars[0], IMAGES_ALL_NAMES, &gone,
                            r->err);
    if (res < 0)
        return res;
    return reply_json(r, 200,
                      json_pack("{s:o,s:o,s:[],s:i}", "Untagged", doc_strings(gone.untagged, false),
                                "Deleted",
                                gone.deleted ? json_pack("[s]", gone.deleted) : json_array(),
                                "Errors", "ExitCode", 0));
}

/* ---------- push ---------- */

struct push_query {
    char *destination, *compression, *format, **add_compression;
    bool all, quiet, remove_signatures, force;
    int tls_verify;
    int64_t level;
};
static const struct query_field push_fields[] = {
    QF_STR(struct push_query, destination, "destination", NULL),
    QF_STR(struct push_query, compression, "compressionFormat", NULL),
    QF_STR(struct push_query, format, "format", NULL),
    QF_WORDS(struct push_query, add_compression, "addCompression"),
    QF_BOOL(struct push_query, all, "all", "true"),
    QF_BOOL(struct push_query, quiet, "quiet", "true"),
    QF_BOOL(struct push_query, remove_signatures, "removeSignatures", NULL),
    QF_BOOL(struct push_query, force, "forceCompressionFormat", NULL),
    QF_TRI(struct push_query, tls_verify, "tlsVerify"),
    QF_I64(struct push_query, level, "compressionLevel", "-1"),
    { 0 },
};

static int push(struct request *r, const void *query)
{
    const struct push_query *q = query;
    struct engine *e = request_engine(r);
    const char *to = r->vars[1] ? r->vars[1] : q->destination;
    struct image_push_options o = { .format = str_empty(q->format) ? NULL : q->format,
                                    .compression_format = q->compression,
                                    .compression_level = (int)q->level,
                                    .force_compression = q->force,
                                    .remove_signatures = q->remove_signatures,
                                    .all = q->all,
                                    .tls_verify = q->tls_verify,
                                    .retry_delay_ns = -1 };
    struct manifest_list l = { 0 };
    char *digest = NULL;
    int res = find(r, &l);

    if (res == 0 && str_empty(to))
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL, "destination parameter is required");
    if (res == 0)
        res = request_authfile(r, to, &o.authfile);
    if (res == 0)
        res = manifest_list_push(engine_store(e), r->arena, &l,
                                 strstr(to, ":/") ? to : arena_printf(r->arena, "docker://%s", to),
                                 q->add_compression ? q->add_compression
                                                    : engine_config(e)->engine.add_compression,
                                 &o, &digest, r->err);
    if (res < 0)
        return res;
    return q->quiet ? reply_id(r, 200, "Id", digest)
                    : reply_json(r, 200, json_pack("{s:s}", "manifestdigest", digest));
}

#define Q(m, p, fl, fn, T, f) ROUTE_Q(m, p, fl, fn, struct T, f)
#define OLD                   (ROUTE_LIBPOD | ROUTE_BEFORE_4)
const struct route manifest_routes[] = {
    Q("POST", "/manifests/create", OLD, create, create_query, create_fields),
    Q("POST", "/manifests/{name*}/add", OLD, add_before_4, modify_query, modify_fields),
    Q("POST", "/manifests/{name*}/push", OLD, push, push_query, push_fields),
    Q("DELETE", "/manifests/{name*}", OLD, drop_before_4, modify_query, modify_fields),
    ROUTE("GET", "/manifests/{name*}/exists", ROUTE_LIBPOD, exists),
    Q("GET", "/manifests/{name*}/json", ROUTE_LIBPOD, inspect, modify_query, modify_fields),
    Q("POST", "/manifests/{name*}/registry/{destination*}", ROUTE_LIBPOD, push, push_query,
      push_fields),
    Q("POST", "/manifests/{name*}", ROUTE_LIBPOD, create, create_query, create_fields),
    Q("PUT", "/manifests/{name*}", ROUTE_LIBPOD, modify, modify_query, modify_fields),
    Q("DELETE", "/manifests/{name*}", ROUTE_LIBPOD, remove_it, remove_query, remove_fields),
    { 0 },
};
