/* Volumes. */
#include "api/documents.h"
#include "api/route.h"
#include "base/parse.h"
#include "engine/volumes.h"

#include "base/banned.h"

static int find(struct request *r, struct volume *v)
{
    struct engine *e = request_engine(r);

    return e ? volumes_find(e, r->arena, r->vars[0], v, r->err) : -EIO;
}

static json_t *docker_doc(const struct volume *v)
{
    return json_pack("{s:s,s:s,s:s,s:o,s:o,s:s,s:o}", "Name", v->config.name, "Driver",
                     str_empty(v->config.driver) ? "local" : v->config.driver, "Mountpoint",
                     v->path, "CreatedAt", doc_time(v->config.created), "Labels",
                     doc_map(&v->config.labels), "Scope", "local", "Options",
                     doc_map(&v->config.options));
}

static json_t *doc_of(struct request *r, const struct volume *v)
{
    return r->libpod ? volumes_document(v, true) : docker_doc(v);
}

struct filter_query {
    char **filters;
    bool dry;
};
static const struct query_field filter_fields[] = {
    QF_FILTERS(struct filter_query, filters),
    QF_BOOL(struct filter_query, dry, "dryrun", NULL),
    { 0 },
};

static int list(struct request *r, const void *query)
{
    const struct filter_query *q = query;
    struct engine *e = request_engine(r);
    struct volume_list found = { 0 };
    int res = e ? volumes_list(e, r->arena, q->filters, &found, r->err) : -EIO;

    if (res < 0)
        return res;
    json_t *out = json_array();
    for (size_t i = 0; i < found.n; i++)
        json_array_append_new(out, doc_of(r, &found.items[i]));
    return reply_json(r, 200,
                      r->libpod ? out : json_pack("{s:o,s:[]}", "Volumes", out, "Warnings"));
}

struct create_body {
    char *name, *driver;
    kv_list label, labels, options, driver_options;
    bool ignore;
    int64_t uid, gid;
};
static const struct json_field create_rows[] = {
    JF_STR(struct create_body, name, "Name", 0),
    JF_STR(struct create_body, driver, "Driver", 0),
    JF_MAP(struct create_body, label, "Label", 0),
    JF_MAP(struct create_body, labels, "Labels", 0),
    JF_MAP(struct create_body, options, "Options", 0),
    JF_MAP(struct create_body, driver_options, "DriverOpts", 0),
    JF_BOOL(struct create_body, ignore, "IgnoreIfExists", 0),
    JF_I64(struct create_body, uid, "UID", 0),
    JF_I64(struct create_body, gid, "GID", 0),
    { 0 },
};
static const struct json_type create_type = JSON_TYPE(struct create_body, create_rows);

static int create(struct request *r, const void *query)
{
    struct create_body b = { 0 };
    struct volume v = { 0 };
    AUTO_JSON *doc = NULL;
    int res = request_body(r, &create_type, &b, true, &doc);

    (void)query;
    if (res < 0 || !request_engine(r))
        return res < 0 ? res : -EIO;
    struct volume_config c = { .name = str_empty(b.name) ? NULL : b.name,
                               .driver = str_empty(b.driver) ? arena_strdup(r->arena, "local")
                                                             : b.driver,
                               .uid = b.uid,
                               .gid = b.gid,
                               .labels = b.labels.n ? b.labels : b.label,
                               .options = r->libpod ? b.options : b.driver_options };
    c.anonymous = !c.name;
    /* For Docker one that is there is what was asked for. */
    res = volumes_create(request_engine(r), r->arena, &c, b.ignore || !r->libpod, r->err);
    if (res == 0)
        res = volumes_find(request_engine(r), r->arena, c.name, &v, r->err);
    return res < 0 ? res : reply_json(r, 201, doc_of(r, &v));
}

static int inspect(struct request *r, const void *query)
{
    struct volume v = { 0 };
    int res = find(r, &v);

    (void)query;
    return res < 0 ? res : reply_json(r, 200, doc_of(r, &v));
}

static int exists(struct request *r, const void *query)
{
    struct volume v = { 0 };
    int res = find(r, &v);

    (void)query;
    if (res == 0 && !STR_EQ(v.config.name, r->vars[0])) /* the beginning of a name is none */
        return err_set(r->err, ERR_NOT_FOUND, ENOENT,
                       "no volume with name \"%s\" found: no such volume", r->vars[0]);
    return res < 0 ? res : reply_empty(r, 204);
}

struct remove_query {
    bool force;
    int64_t timeout;
};
static const struct query_field remove_fields[] = {
    QF_BOOL(struct remove_query, force, "force", NULL),
    QF_I64(struct remove_query, timeout, "timeout", "-2"),
    { 0 },
};

static int remove_it(struct request *r, const void *query)
{
    const struct remove_query *q = query;
    struct volume v = { 0 };
    int res = find(r, &v);

    if (res < 0 && r->err->kind == ERR_NOT_FOUND && q->force)
        return reply_empty(r, 204);
    if (res == 0) /* Docker's force is about volumes that a plugin lost, never about containers */
        res = volumes_remove(request_engine(r), r->arena, &v, q->force && r->libpod, q->timeout,
                             r->err);
    return res < 0 ? res : reply_empty(r, 204);
}

static int prune(struct request *r, const void *query)
{
    const struct filter_query *q = query;
    struct engine *e = request_engine(r);
    char **names = NULL, **filters = NULL;
    int64_t bytes = 0;
    /* Named volumes are spared unless asked for, since 1.42 of Docker's API and 6.0 of Podman's. */
    bool all = r->libpod ? r->major && r->major < 6 : r->major == 1 && r->minor < 42;

    for (char **f = q->filters; f && *f; f++)
        if (STR_IN(*f, "all=true", "all=1", "all=True"))
            all = true;
        else if (!str_starts(*f, "all="))
            filters = strv_add(r->arena, filters, *f);
    int res = e ? volumes_prune(e, r->arena, all, q->dry, filters, &names, &bytes, r->err) : -EIO;
    if (res < 0)
        return res;
    if (!r->libpod)
        return reply_json(r, 200,
                          json_pack("{s:o,s:I}", "VolumesDeleted", doc_strings(names, false),
                                    "SpaceReclaimed", (json_int_t)bytes));
    json_t *out = json_array();
    for (size_t i = 0; names && names[i]; i++)
        json_array_append_new(
            out, json_pack("{s:s,s:I}", "Id", names[i], "Size", (json_int_t)(i ? 0 : bytes)));
    return reply_json(r, 200, out);
}

static int export(struct request *r, const void *query)
{
    struct volume v = { 0 };
    struct reply_pipe p;
    bool begun = false;
    int res = find(r, &v);

    (void)query;
    if (res == 0)
        res = reply_pipe_open(r, "application/x-tar", NULL, &p);
    if (res < 0)
        return res;
    res = volumes_export(request_engine(r), &v, p.fd, r->err);
    res = reply_pipe_done(r, &p, res, &begun);
    if (begun)
        conn_finish(r->conn, res == 0);
    return res;
}

static int import(struct request *r, const void *query)
{
    struct volume v = { 0 };
    pid_t child = -1;
    int res = find(r, &v);

    (void)query;
    int fd = res == 0 ? body_pipe_open(r, &child) : res;
    if (fd < 0)
        return fd;
    res = volumes_import(request_engine(r), &v, fd, r->err);
    body_pipe_done(fd, child);
    return res < 0 ? res : reply_empty(r, 204);
}

#define Q(m, p, fl, fn, T, f) ROUTE_Q(m, p, fl, fn, struct T, f)
const struct route volume_routes[] = {
    Q("GET", "/volumes", ROUTE_COMPAT, list, filter_query, filter_fields),
    Q("GET", "/volumes/json", ROUTE_LIBPOD, list, filter_query, filter_fields),
    ROUTE("POST", "/volumes/create", ROUTE_BOTH, create),
    Q("POST", "/volumes/prune", ROUTE_BOTH, prune, filter_query, filter_fields),
    ROUTE("GET", "/volumes/{name}", ROUTE_COMPAT, inspect),
    ROUTE("GET", "/volumes/{name}/json", ROUTE_LIBPOD, inspect),
    ROUTE("GET", "/volumes/{name}/exists", ROUTE_LIBPOD, exists),
    ROUTE("GET", "/volumes/{name}/export", ROUTE_LIBPOD, export),
    ROUTE("POST", "/volumes/{name}/import", ROUTE_LIBPOD, import),
    Q("DELETE", "/volumes/{name}", ROUTE_BOTH, remove_it, remove_query, remove_fields),
    { 0 },
};
