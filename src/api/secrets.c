/* Secrets. */
#include "api/documents.h"
#include "api/route.h"
#include "base/parse.h"
#include "config/auth.h"
#include "engine/secrets.h"

#include "base/banned.h"

static json_t *doc_of(const struct secret_config *s)
{
    return json_pack("{s:s,s:o,s:o,s:{s:s,s:{s:s,s:o},s:o}}", "ID", s->id, "CreatedAt",
                     doc_time(s->created), "UpdatedAt", doc_time(s->updated), "Spec", "Name",
                     s->name, "Driver", "Name", s->driver ? s->driver : "file", "Options",
                     doc_map(&s->options), "Labels", doc_map(&s->labels));
}

struct filter_query {
    char **filters;
};
static const struct query_field filter_fields[] = {
    QF_FILTERS(struct filter_query, filters),
    { 0 },
};

static int list(struct request *r, const void *query)
{
    const struct filter_query *q = query;
    struct engine *e = request_engine(r);
    struct secret_list found = { 0 };
    int res = e ? secrets_list(e, r->arena, q->filters, &found, r->err) : -EIO;

    if (res < 0)
        return res;
    json_t *out = json_array();
    for (size_t i = 0; i < found.n; i++)
        json_array_append_new(out, doc_of(&found.items[i]));
    return reply_json(r, 200, out);
}

static int find(struct request *r, struct secret_config *s)
{
    struct engine *e = request_engine(r);

    return e ? secrets_find(e, r->arena, r->vars[0], s, r->err) : -EIO;
}

struct inspect_query {
    bool show;
};
static const struct query_field inspect_fields[] = {
    QF_BOOL(struct inspect_query, show, "showsecret", NULL),
    { 0 },
};

static int inspect(struct request *r, const void *query)
{
    const struct inspect_query *q = query;
    struct secret_config s = { 0 };
    AUTO_BUF data = { .max = SECRET_MAX };
    int res = find(r, &s);

    if (res == 0 && q->show)
        res = secrets_read(request_engine(r), &s, &data, r->err);
    if (res < 0)
        return res;
    json_t *doc = doc_of(&s);
    if (q->show) {
        json_t *text = json_stringn(data.data ? data.data : "", data.len);
        json_object_set_new(doc, "SecretData", text ? text : json_string("")); /* not UTF-8 */
    }
    if (!r->libpod)
        json_object_set_new(doc, "Version", json_pack("{s:i}", "Index", 1));
    return reply_json(r, 200, doc);
}

static int exists(struct request *r, const void *query)
{
    struct secret_config s = { 0 };
    int res = find(r, &s);

    (void)query;
    return res < 0 ? res : reply_empty(r, 204);
}

struct driver_body {
    char *name;
    kv_list options;
};
struct create_body {
    char *name, *data;
    kv_list labels;
    struct driver_body driver;
};
static const struct json_field driver_rows[] = {
    JF_STR(struct driver_body, name, "Name", 0),
    JF_MAP(struct driver_body, options, "Options", 0),
    { 0 },
};
static const struct json_type driver_type = JSON_TYPE(struct driver_body, driver_rows);
static const struct json_field create_rows[] = {
    JF_STR(struct create_body, name, "Name", JF_REQUIRED),
    JF_STR(struct create_body, data, "Data", 0),
    JF_MAP(struct create_body, labels, "Labels", 0),
    JF_OBJ(struct create_body, driver, "Driver", 0, &driver_type),
    { 0 },
};
static const struct json_type create_type = JSON_TYPE(struct create_body, create_rows);

struct create_query {
    char *name, *driver, *driver_options, *labels;
    bool replace, ignore;
};
static const struct query_field create_fields[] = {
    QF_STR(struct create_query, name, "name", NULL),
    QF_STR(struct create_query, driver, "driver", "file"),
    QF_STR(struct create_query, driver_options, "driveropts", NULL),
    QF_STR(struct create_query, labels, "labels", NULL),
    QF_BOOL(struct create_query, replace, "replace", NULL),
    QF_BOOL(struct create_query, ignore, "ignore", NULL),
    { 0 },
};

/* A JSON object of strings. */
static int map(struct request *r, const char *what, const char *text, kv_list *ret)
{
    const char *key;
    json_t *value;

    if (str_empty(text))
        return 0;
    AUTO_JSON *doc = json_parse(text, strlen(text), what, r->err);
    if (!doc)
        return -EINVAL;
    json_object_foreach (doc, key, value) {
        if (!json_is_string(value))
            return err_set(r->err, ERR_BAD_PARAM, EINVAL, "%s must be a map of strings", what);
        kv_set(r->arena, ret, key, json_string_value(value));
    }
    return 0;
}

static int create_docker(struct request *r)
{
    struct create_body b = { 0 };
    size_t len = 0;
    AUTO_JSON *doc = NULL;
    int res = request_body(r, &create_type, &b, false, &doc);

    if (res < 0)
        return res;
    char *data = auth_decode_bytes(r->arena, b.data ? b.data : "", &len);
    if (!data)
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "Data is not base64");
    struct secret_config s = { .name = b.name,
                               .driver = str_empty(b.driver.name) ? arena_strdup(r->arena, "file")
                                                                  : b.driver.name,
                               .labels = b.labels,
                               .options = b.driver.options };
    res = secrets_create(request_engine(r), r->arena, &s, data, len, false, false, r->err);
    return res < 0 ? res : reply_id(r, 200, "ID", s.id);
}

static int create(struct request *r, const void *query)
{
    const struct create_query *q = query;
    AUTO_BUF data = { .max = SECRET_MAX };

    if (!request_engine(r))
        return -EIO;
    if (!r->libpod)
        return create_docker(r);
    if (str_empty(q->name))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "the secret's name must be given");
    struct secret_config s = { .name = q->name, .driver = q->driver };
    int res = map(r, "labels", q->labels, &s.labels);
    if (res == 0)
        res = map(r, "driveropts", q->driver_options, &s.options);
    if (res < 0)
        return res;
    res = conn_read_all(r->conn, &data);
    if (res < 0)
        return err_set(r->err, res == -EFBIG ? ERR_TOO_BIG : ERR_BAD_PARAM, EINVAL,
                       "secret data must be larger than 0 and less than %d bytes", SECRET_MAX);
    res = secrets_create(request_engine(r), r->arena, &s, data.data, data.len, q->replace,
                         q->ignore, r->err);
    return res < 0 ? res : reply_id(r, 200, "ID", s.id);
}

struct remove_query {
    bool all;
};
static const struct query_field remove_fields[] = {
    QF_BOOL(struct remove_query, all, "all", NULL),
    { 0 },
};

static int remove_it(struct request *r, const void *query)
{
    struct secret_config s = { 0 };
    int res = find(r, &s);

    (void)query;
    if (res == 0)
        res = secrets_remove(request_engine(r), &s, r->err);
    return res < 0 ? res : reply_empty(r, 204);
}

static int update(struct request *r, const void *query)
{
    (void)query;
    return err_set(r->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                   "update is not supported: remove the secret and create it anew");
}

#define Q(m, p, fl, fn, T, f) ROUTE_Q(m, p, fl, fn, struct T, f)
const struct route secret_routes[] = {
    Q("GET", "/secrets", ROUTE_COMPAT, list, filter_query, filter_fields),
    Q("GET", "/secrets/json", ROUTE_LIBPOD, list, filter_query, filter_fields),
    Q("POST", "/secrets/create", ROUTE_BOTH, create, create_query, create_fields),
    Q("GET", "/secrets/{name}", ROUTE_COMPAT, inspect, inspect_query, inspect_fields),
    Q("GET", "/secrets/{name}/json", ROUTE_LIBPOD, inspect, inspect_query, inspect_fields),
    ROUTE("GET", "/secrets/{name}/exists", ROUTE_LIBPOD, exists),
    ROUTE("POST", "/secrets/{name}/update", ROUTE_COMPAT, update),
    Q("DELETE", "/secrets/{name}", ROUTE_BOTH, remove_it, remove_query, remove_fields),
    { 0 },
};
