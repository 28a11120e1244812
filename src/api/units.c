/* Units of systemd, and quadlets. */
#include "api/documents.h"
#include "api/route.h"
#include "engine/generate_units.h"
#include "engine/quadlets.h"

#include "base/banned.h"

/* ---------- generate/{name}/systemd ---------- */

struct units_query {
    bool by_name, make_new, no_header, template;
    char *restart_policy, *container_prefix, *pod_prefix, *separator;
    int64_t restart_sec, start_timeout, stop_timeout;
    char **wants, **after, **requires_, **env;
};
#define U struct units_query
static const struct query_field units_fields[] = {
    QF_BOOL(U, by_name, "useName", NULL),
    QF_BOOL(U, make_new, "new", NULL),
    QF_BOOL(U, no_header, "noHeader", NULL),
    QF_BOOL(U, template, "templateUnitFile", NULL),
    QF_STR(U, restart_policy, "restartPolicy", "on-failure"),
    QF_STR(U, container_prefix, "containerPrefix", "container"),
    QF_STR(U, pod_prefix, "podPrefix", "pod"),
    QF_STR(U, separator, "separator", "-"),
    QF_I64(U, restart_sec, "restartSec", NULL),
    QF_I64(U, start_timeout, "startTimeout", NULL),
    QF_I64(U, stop_timeout, "stopTimeout", "-1"),
    QF_WORDS(U, wants, "wants"),
    QF_WORDS(U, after, "after"),
    QF_WORDS(U, requires_, "requires"),
    QF_WORDS(U, env, "additionalEnvVariables"),
    { 0 },
};

static int systemd(struct request *r, const void *query)
{
    const struct units_query *q = query;
    struct engine *e = request_engine(r);
    struct generated_units units = { 0 };
    const struct units_request how = {
        .name = r->vars[0],
        .by_name = q->by_name,
        .make_new = q->make_new,
        .template = q->template,
        .no_header = q->no_header,
        .container_prefix = q->container_prefix,
        .pod_prefix = q->pod_prefix,
        .separator = q->separator,
        .restart_policy = q->restart_policy,
        .restart_sec = q->restart_sec,
        .start_timeout = q->start_timeout,
        .stop_timeout = q->stop_timeout,
        .wants = q->wants,
        .after = q->after,
        .requires_ = q->requires_,
        .env = q->env,
    };
    int res = e ? generate_units(e, r->arena, &how, &units, r->err) : -EIO;

    if (res < 0)
        return res;
    json_t *out = json_object();
    for (size_t i = 0; i < units.n; i++)
        json_object_set_new(out, units.items[i].name, json_string(units.items[i].text));
    return reply_json(r, 200, out);
}

/* ---------- quadlets ---------- */

struct list_query {
    char **filters;
};
static const struct query_field list_fields[] = { QF_FILTERS(struct list_query, filters), { 0 } };

static int list(struct request *r, const void *query)
{
    const struct list_query *q = query;
    struct quadlet_list found = { 0 };
    int res = quadlets_list(r->arena, q->filters, &found, r->err);

    if (res < 0)
        return res;
    json_t *out = json_array();
    for (size_t i = 0; i < found.n; i++)
        json_array_append_new(out, quadlet_document(&found.items[i]));
    return reply_json(r, 200, out);
}

static int file(struct request *r, const void *query)
{
    AUTO_BUF text = { .max = QUADLET_TEXT_MAX };

    (void)query;
    int res = quadlets_print(r->arena, r->vars[0], &text, r->err);
    return res < 0 ? res : reply_text(r, 200, text.len ? text.data : "");
}

static int exists(struct request *r, const void *query)
{
    AUTO_BUF text = { .max = QUADLET_TEXT_MAX };

    (void)query;
    int res = quadlets_print(r->arena, r->vars[0], &text, r->err);
    return res < 0 ? res : reply_empty(r, 204);
}

struct remove_query {
    bool all, force, ignore, reload;
    char **quadlets;
};
static const struct query_field remove_fields[] = {
    QF_BOOL(struct remove_query, all, "all", NULL),
    QF_BOOL(struct remove_query, force, "force", NULL),
    QF_BOOL(struct remove_query, ignore, "ignore", NULL),
    QF_BOOL(struct remove_query, reload, "reload-systemd", "true"),
    QF_STRV(struct remove_query, quadlets, "quadlets"),
    { 0 },
};

static int remove_named(struct request *r, const struct remove_query *q, char **names, bool all)
{
    const struct quadlets_remove how = {
        .names = names, .all = all, .force = q->force, .ignore = q->ignore, .reload = q->reload
    };
    char **removed = NULL;

    if (!all && !names)
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "must provide at least 1 quadlet to remove");
    int res = quadlets_remove(r->arena, &how, &removed, r->err);
    if (res < 0)
        return res;
    json_t *list_of = json_array();
    for (size_t i = 0; removed && removed[i]; i++)
        json_array_append_new(list_of, json_string(removed[i]));
    return reply_json(r, 200, json_pack("{s:o,s:{}}", "Removed", list_of, "Errors"));
}

static int remove_several(struct request *r, const void *query)
{
    const struct remove_query *q = query;

    return remove_named(r, q, q->quadlets, q->all);
}

static int remove_one(struct request *r, const void *query)
{
    return remove_named(r, query, strv_add(r->arena, NULL, r->vars[0]), false);
}

const struct route unit_routes[] = {
    ROUTE_Q("GET", "/generate/{name}/systemd", ROUTE_LIBPOD, systemd, U, units_fields),
    ROUTE_Q("GET", "/quadlets/json", ROUTE_LIBPOD, list, struct list_query, list_fields),
    ROUTE("GET", "/quadlets/{name}/exists", ROUTE_LIBPOD, exists),
    ROUTE("GET", "/quadlets/{name}/file", ROUTE_LIBPOD, file),
    ROUTE_Q("DELETE", "/quadlets", ROUTE_LIBPOD, remove_several, struct remove_query,
            remove_fields),
    ROUTE_Q("DELETE", "/quadlets/{name}", ROUTE_LIBPOD, remove_one, struct remove_query,
            remove_fields),
    { 0 },
};
