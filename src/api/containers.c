/* Containers: lists, looks and what changes their state. */
#include <inttypes.h>
#include <signal.h>

#include "api/documents.h"
#include "api/route.h"
#include "base/parse.h"
#include "engine/changes.h"
#include "engine/commit.h"
#include "engine/events.h"
#include "engine/health.h"
#include "engine/mounts.h"
#include "engine/options.h"
#include "engine/summary.h"
#include "engine/update.h"

#include "base/banned.h"

/* ---------- lists ---------- */

struct list_query {
    bool all, size, external, namespaces, sync, pod;
    int64_t limit, last;
    char **filters;
};
static const struct query_field list_fields[] = {
    QF_BOOL(struct list_query, all, "all", NULL),
    QF_BOOL(struct list_query, size, "size", NULL),
    QF_BOOL(struct list_query, external, "external", NULL),
    QF_BOOL(struct list_query, namespaces, "namespace", NULL),
    QF_BOOL(struct list_query, sync, "sync", NULL),
    QF_BOOL(struct list_query, pod, "pod", NULL),
    QF_I64(struct list_query, limit, "limit", "0"),
    QF_I64(struct list_query, last, "last", "0"),
    QF_FILTERS(struct list_query, filters),
    { 0 },
};

static bool filters_status(char *const *filters)
{
    for (; filters && *filters; filters++)
        if (str_starts(*filters, "status="))
            return true;
    return false;
}

/* What the socket shows and the query asks for, oldest first. */
static int select_listed(struct request *r, struct engine *e, const struct list_query *q,
                         struct container_list *list)
{
    int64_t limit = q->limit > 0 ? q->limit : q->last;
    bool all = q->all || limit > 0 || filters_status(q->filters);
    int res = container_list(e, r->arena, list, r->err);

    if (res == 0)
        res = container_filter(e, r->arena, list, q->filters, r->err);
    if (res < 0)
        return res;
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct container *c = &list->items[i];
        bool runs = c->status == CTR_RUNNING || c->status == CTR_PAUSED ||
                    c->status == CTR_STOPPING;
        if (request_sees(r, &c->config) && (all || runs))
            list->items[n++] = *c;
    }
    list->n = n;
    if (limit > 0 && (uint64_t)limit < n) { /* the last ones */
        list->items += n - (size_t)limit;
        list->n = (size_t)limit;
    }
    return 0;
}

static json_t *libpod_summary(struct request *r, const struct container *c,
                              const struct list_query *q)
{
    json_t *doc = container_summary(request_engine(r), r->arena, c, q->namespaces, time_now());
    int64_t rw, root;

    struct health_state health = { 0 };
    bool checked = container_health(request_engine(r), r->arena, c, &health);

    /* Clients make the words of it themselves, and put this behind. */
    json_object_set_new(doc, "Status", json_string(checked ? health.status : ""));
    json_object_set_new(doc, "Created", doc_time(c->config.created));
    if (q->size && container_size(request_engine(r), c, &rw, &root, NULL) == 0)
        json_object_set_new(
            doc, "Size",
            json_pack("{s:I,s:I}", "rootFsSize", (json_int_t)root, "rwSize", (json_int_t)rw));
    return doc;
}

static int list(struct request *r, const void *query)
{
    const struct list_query *q = query;
    struct engine *e = request_engine(r);
    struct container_list found = { 0 };
    int res = e ? select_listed(r, e, q, &found) : -EIO;

    if (res < 0)
        return res;
    json_t *out = json_array();
    for (size_t i = 0; i < found.n; i++) /* Docker: the youngest first */
        json_array_append_new(out, r->libpod
                                       ? libpod_summary(r, &found.items[i], q)
                                       : compat_summary(r, &found.items[found.n - 1 - i], q->size));
    return reply_json(r, 200, out);
}

/* ---------- looks ---------- */

struct size_query {
    bool size;
};
static const struct query_field size_fields[] = {
    QF_BOOL(struct size_query, size, "size", NULL),
    { 0 },
};

/* Until version 4 the entrypoint was a text and the stop signal a number. */
static void shape_before_5(struct request *r, json_t *doc, const struct container_config *c)
{
    json_t *config = json_object_get(doc, "Config");
    int signo;

    json_object_set_new(config, "Entrypoint",
                        json_string(c->entrypoint ? strv_join(r->arena, c->entrypoint, " ") : ""));
    if (option_signal(c->stop_signal ? c->stop_signal : "SIGTERM", &signo, NULL) == 0)
        json_object_set_new(config, "StopSignal", json_integer(signo));
}

static int inspect(struct request *r, const void *query)
{
    const struct size_query *q = query;
    struct container c;
    int res = request_container(r, &c);

    if (res < 0)
        return res;
    json_t *doc = r->libpod ? container_inspect(request_engine(r), r->arena, &c, q->size, r->err)
                            : compat_inspect(r, &c, q->size);
    if (doc && r->libpod && r->major && r->major < 5)
        shape_before_5(r, doc, &c.config);
    return doc ? reply_json(r, 200, doc) : -EIO;
}

static int exists(struct request *r, const void *query)
{
    struct container c;
    int res = request_container(r, &c);

    (void)query;
    return res < 0 ? res : reply_empty(r, 204);
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
    struct container c;
    change_list found = { 0 };
    int res = request_container(r, &c);

    if (res == 0 && !STR_IN(q->kind, "all", "container", "image"))
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL, "invalid diffType value %s", q->kind);
    if (res == 0 && str_empty(q->parent))
        res = changes_container(request_engine(r), r->arena, &c, &found, r->err);
    else if (res == 0)
        res = changes_any(request_engine(r), r->arena, c.config.id, q->parent, &found, r->err);
    if (res < 0)
        return res;
    json_t *out = json_array();
    for (size_t i = 0; i < found.n; i++) {
        const struct change *each = &found.items[i];
        int kind = each->kind == CHANGE_ADDED ? 1 : each->kind == CHANGE_DELETED ? 2 : 0;
        json_array_append_new(out, json_pack("{s:s,s:i}", "Path", each->path, "Kind", kind));
    }
    return reply_json(r, 200, out);
}

static int export(struct request *r, const void *query)
{
    struct container c;
    struct reply_pipe p;
    bool begun = false;
    int res = request_container(r, &c);

    (void)query;
    if (res == 0)
        res = reply_pipe_open(r, "application/octet-stream", NULL, &p);
    if (res < 0)
        return res;
    res = container_export(request_engine(r), r->arena, &c, p.fd, r->err);
    res = reply_pipe_done(r, &p, res, &begun);
    if (begun)
        conn_finish(r->conn, res == 0);
    return res;
}

static int healthcheck(struct request *r, const void *query)
{
    struct container c;
    struct health_state st = { 0 };
    char *status = NULL;
    int64_t code;
    int res = request_container(r, &c);

    (void)query;
    if (res == 0 && !health_has_check(&c.config.health))
        res = err_set(r->err, ERR_STATE, EINVAL, "container %s has no defined healthcheck",
                      c.config.id);
    if (res == 0)
        res = container_health_run(request_engine(r), r->arena, &c, &code, &status, r->err);
    if (res < 0)
        return res;
    (void)!container_health(request_engine(r), r->arena, &c, &st);
    json_t *doc = json_from(&health_state_type, &st);
    json_object_set_new(doc, "Status", doc_text(status));
    doc_rename(doc, "status", NULL);
    return reply_json(r, 200, doc);
}

/* ---------- mounts ---------- */

static int mount(struct request *r, const void *query)
{
    struct container c;
    int res = request_container(r, &c);

    (void)query;
    if (res == 0)
        res = mounts_container(request_engine(r), r->arena, &c, r->err);
    return res < 0
               ? res
               : reply_json(r, 200,
                            json_string(mounts_container_path(request_engine(r), r->arena, &c)));
}

static int unmount(struct request *r, const void *query)
{
    struct container c;
    int res = request_container(r, &c);

    (void)query;
    if (res == 0)
        res = mounts_remove(mounts_container_path(request_engine(r), r->arena, &c), r->err);
    return res < 0 ? res : reply_empty(r, 204);
}

static int showmounted(struct request *r, const void *query)
{
    struct container_list found = { 0 };
    struct engine *e = request_engine(r);
    int res = e ? container_list(e, r->arena, &found, r->err) : -EIO;

    (void)query;
    if (res < 0)
        return res;
    json_t *out = json_object();
    for (size_t i = 0; i < found.n; i++) {
        const struct container *c = &found.items[i];
        char *path = mounts_container_path(e, r->arena, c);
        if (request_sees(r, &c->config) && mounts_has(path))
            json_object_set_new(out, c->config.id, json_string(path));
    }
    return reply_json(r, 200, out);
}

/* ---------- start, stop, ... ---------- */

struct start_query {
    char *detach_keys;
};
static const struct query_field start_fields[] = {
    QF_STR(struct start_query, detach_keys, "detachKeys", NULL),
    { 0 },
};

static int start(struct request *r, const void *query)
{
    const struct start_query *q = query;
    struct container c;
    char **warnings = NULL;
    int res = request_container(r, &c);

    if (res == 0 && q->detach_keys)
        res = option_detach_keys(q->detach_keys, r->err);
    if (res < 0)
        return res;
    if (c.alive && STR_IN(container_status_names[c.status], "running", "paused"))
        return reply_empty(r, 304);
    res = container_start(request_engine(r), r->arena, &c, false, NULL, &warnings, r->err);
    if (res < 0 &&
        c.config.auto_remove) { /* its end will never come, and somebody waits for its removal */
        const struct container_remove_options o = { .force = true, .timeout_s = 0 };
        (void)!container_remove(request_engine(r), &c, &o, NULL);
    }
    return res < 0 ? res : reply_empty(r, 204);
}

static int init(struct request *r, const void *query)
{
    struct container c;
    char **warnings = NULL;
    int res = request_container(r, &c);

    (void)query;
    if (res < 0)
        return res;
    if (c.alive)
        return reply_empty(r, 304);
    res = container_start(request_engine(r), r->arena, &c, true, NULL, &warnings, r->err);
    return res < 0 ? res : reply_empty(r, 204);
}

struct stop_query {
    char *t, *timeout, *signal;
    bool ignore, all;
};
static const struct query_field stop_fields[] = {
    QF_STR(struct stop_query, t, "t", NULL),
    QF_STR(struct stop_query, timeout, "timeout", NULL),
    QF_STR(struct stop_query, signal, "signal", NULL),
    QF_BOOL(struct stop_query, ignore, "ignore", NULL),
    QF_BOOL(struct stop_query, all, "all", NULL),
    { 0 },
};

/* Seconds; -1 for ever; -2 when nothing was said: the container's own. */
static int seconds(struct request *r, const struct stop_query *q, int64_t *ret)
{
    const char *text = q->t ? q->t : q->timeout;

    *ret = -2;
    if (!str_empty(text) && parse_i64(text, -1, UINT32_MAX, ret) < 0)
        return err_set(
            r->err, ERR_BAD_PARAM, EINVAL,
            "failed to parse parameters: invalid timeout \"%s\": not a number of seconds", text);
    return 0;
}

static int stop(struct request *r, const void *query)
{
    const struct stop_query *q = query;
    struct container c;
    int64_t t = -2;
    bool was;
    int res = request_container(r, &c);

    if (res < 0 && q->ignore && r->err->kind == ERR_NOT_FOUND)
        return reply_empty(r, 204);
    if (res == 0)
        res = seconds(r, q, &t);
    if (res < 0)
        return res;
    struct engine *e = request_engine(r);
    res = container_stop(e, &c, t, &was, r->err);
    if (res == 0 && was)
        res = container_cleanup(e, &c, c.config.auto_remove, false, r->err);
    return res < 0 ? res : reply_empty(r, was ? 204 : 304);
}

static int restart(struct request *r, const void *query)
{
    struct container c;
    char **warnings = NULL;
    int64_t t = -2;
    bool was;
    int res = request_container(r, &c);

    if (res == 0)
        res = seconds(r, query, &t);
    if (res < 0)
        return res;
    struct engine *e = request_engine(r);
    res = container_stop(e, &c, t, &was, r->err);
    if (res == 0)
        res = container_refresh(e, r->arena, &c, r->err);
    if (res == 0)
        res = container_start(e, r->arena, &c, false, NULL, &warnings, r->err);
    res = container_did(e, &c.config, "restart", res);
    return res < 0 ? res : reply_empty(r, 204);
}

struct kill_query {
    char *signal;
    bool all;
};
static const struct query_field kill_fields[] = {
    QF_STR(struct kill_query, signal, "signal", "SIGKILL"),
    QF_BOOL(struct kill_query, all, "all", NULL),
    { 0 },
};

/* Docker's clients take it for granted that what they killed has ended when the answer comes. */
static void wait_until_killed(struct request *r, struct container *c)
{
    int64_t until = time_monotonic() + 10 * NSEC_PER_SEC, pid = c->run.pid;

    do {
        struct timespec ts = { .tv_nsec = 2000000 };
        nanosleep(&ts, NULL);
        if (container_refresh(request_engine(r), r->arena, c, NULL) < 0)
            return;
    } while (c->alive && c->run.pid == pid && c->status != CTR_EXITED && time_monotonic() < until);
}

static int kill_it(struct request *r, const void *query)
{
    const struct kill_query *q = query;
    struct container c;
    int signo = 0, res = request_container(r, &c);

    if (res == 0)
        res = option_signal(str_empty(q->signal) ? "SIGKILL" : q->signal, &signo, r->err);
    if (res == 0)
        res = container_kill(request_engine(r), &c, signo, r->err);
    if (res < 0)
        return res;
    if (signo == SIGKILL && !r->libpod)
        wait_until_killed(r, &c);
    return reply_empty(r, 204);
}

static int pause_or_not(struct request *r, bool on)
{
    struct container c;
    int res = request_container(r, &c);

    if (res == 0)
        res = container_pause(request_engine(r), &c, on, r->err);
    return res < 0 ? res : reply_empty(r, 204);
}

static int pause_it(struct request *r, const void *query)
{
    (void)query;
    return pause_or_not(r, true);
}

static int unpause(struct request *r, const void *query)
{
    (void)query;
    return pause_or_not(r, false);
}

struct name_query {
    char *name;
};
static const struct query_field name_fields[] = {
    QF_STR(struct name_query, name, "name", NULL),
    { 0 },
};

static int rename_it(struct request *r, const void *query)
{
    const struct name_query *q = query;
    struct container c;
    int res = request_container(r, &c);

    if (res == 0 && str_empty(q->name))
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL, "name of the container must be given");
    if (res == 0)
        res = container_rename(request_engine(r), &c, q->name + (*q->name == '/'), r->err);
    return res < 0 ? res : reply_empty(r, 204);
}

/* ---------- update ---------- */

struct update_restart {
    char *name;
    int64_t tries;
};
struct compat_update {
    struct container_resources resources;
    struct update_restart restart;
    int64_t swappiness;
};
static const struct json_field restart_rows[] = {
    JF_STR(struct update_restart, name, "Name", 0),
    JF_I64(struct update_restart, tries, "MaximumRetryCount", 0),
    { 0 },
};
static const struct json_type restart_type = JSON_TYPE(struct update_restart, restart_rows);
static const struct json_field compat_update_rows[] = {
    JF_I64(struct compat_update, resources.cpu_shares, "CpuShares", 0),
    JF_I64(struct compat_update, resources.memory, "Memory", 0),
    JF_I64(struct compat_update, resources.memory_swap, "MemorySwap", 0),
    JF_I64(struct compat_update, resources.memory_reservation, "MemoryReservation", 0),
    JF_I64(struct compat_update, resources.nano_cpus, "NanoCpus", 0),
    JF_I64(struct compat_update, resources.cpu_period, "CpuPeriod", 0),
    JF_I64(struct compat_update, resources.cpu_quota, "CpuQuota", 0),
    JF_I64(struct compat_update, resources.cpu_rt_period, "CpuRealtimePeriod", 0),
    JF_I64(struct compat_update, resources.cpu_rt_runtime, "CpuRealtimeRuntime", 0),
    JF_STR(struct compat_update, resources.cpuset_cpus, "CpusetCpus", 0),
    JF_STR(struct compat_update, resources.cpuset_mems, "CpusetMems", 0),
    JF_PI64(struct compat_update, resources.pids_limit, "PidsLimit", 0),
    JF_PI64(struct compat_update, resources.swappiness, "MemorySwappiness", 0),
    JF_I64(struct compat_update, resources.blkio_weight, "BlkioWeight", 0),
    JF_OBJ(struct compat_update, restart, "RestartPolicy", 0, &restart_type),
    { 0 },
};
static const struct json_type compat_update_type = JSON_TYPE(struct compat_update,
                                                             compat_update_rows);

struct update_query {
    char *policy;
    int64_t retries;
};
static const struct query_field update_fields[] = {
    QF_STR(struct update_query, policy, "restartPolicy", NULL),
    QF_I64(struct update_query, retries, "restartRetries", "0"),
    { 0 },
};

/* An integer at doc.a.b, 0 when it is not there. */
static int64_t number(const json_t *doc, const char *a, const char *b)
{
    return json_integer_value(doc_get(doc, a, b, NULL));
}

static char *text(struct arena *a, const json_t *doc, const char *of, const char *key)
{
    return arena_strdup(a, json_string_value(doc_get(doc, of, key, NULL)));
}

/* The OCI resources of a libpod body. */
static void libpod_resources(struct arena *a, const json_t *doc, struct container_resources *res)
{
    const json_t *pids = doc_get(doc, "pids", "limit", NULL);

    res->memory = number(doc, "memory", "limit");
    res->memory_swap = number(doc, "memory", "swap");
    res->memory_reservation = number(doc, "memory", "reservation");
    res->cpu_shares = number(doc, "cpu", "shares");
    res->cpu_quota = number(doc, "cpu", "quota");
    res->cpu_period = number(doc, "cpu", "period");
    res->cpu_rt_period = number(doc, "cpu", "realtimePeriod");
    res->cpu_rt_runtime = number(doc, "cpu", "realtimeRuntime");
    res->cpuset_cpus = text(a, doc, "cpu", "cpus");
    res->cpuset_mems = text(a, doc, "cpu", "mems");
    res->blkio_weight = number(doc, "blockIO", "weight");
    if (pids)
        res->pids_limit = arena_memdup(a, &(int64_t) { json_integer_value(pids) }, sizeof(int64_t));
}

static char **texts(struct arena *a, const json_t *list)
{
    char **out = NULL;
    size_t i;
    json_t *each;

    json_array_foreach (list, i, each)
        if (json_is_string(each))
            out = strv_add(a, out, json_string_value(each));
    return out;
}

static int read_compat(struct request *r, struct container_changes *ch, json_t **doc)
{
    struct compat_update u = { 0 };
    int res = request_body(r, &compat_update_type, &u, true, doc);

    if (res < 0)
        return res;
    if (u.resources.nano_cpus) {
        res = option_cpus((double)u.resources.nano_cpus / 1e9, &u.resources, r->err);
        if (res < 0)
            return res;
    }
    ch->resources = u.resources;
    if (!str_empty(u.restart.name))
        ch->restart = u.restart.tries
                          ? arena_printf(r->arena, "%s:%" PRId64, u.restart.name, u.restart.tries)
                          : u.restart.name;
    return 0;
}

static int update(struct request *r, const void *query)
{
    const struct update_query *q = query;
    struct container_changes ch = { 0 };
    struct container c;
    AUTO_JSON *doc = NULL;
    int res = request_container(r, &c);

    if (res < 0)
        return res;
    if (!r->libpod) {
        res = read_compat(r, &ch, &doc);
    } else {
        doc = request_json(r, true);
        res = doc ? 0 : -EINVAL;
        libpod_resources(r->arena, doc, &ch.resources);
        ch.env = texts(r->arena, json_object_get(doc, "Env"));
        ch.unsetenv = texts(r->arena, json_object_get(doc, "UnsetEnv"));
        if (!str_empty(q->policy))
            ch.restart = q->retries > 0
                             ? arena_printf(r->arena, "%s:%" PRId64, q->policy, q->retries)
                             : q->policy;
    }
    if (res == 0)
        res = container_update(request_engine(r), r->arena, &c, &ch, r->err);
    if (res < 0)
        return res;
    return r->libpod ? reply_json(r, 201, json_string(c.config.id))
                     : reply_json(r, 200, json_pack("{s:[]}", "Warnings"));
}

/* ---------- removal ---------- */

struct remove_query {
    bool force, ignore, depend, link, v, volumes;
    int64_t timeout;
};
static const struct query_field remove_fields[] = {
    QF_BOOL(struct remove_query, force, "force", NULL),
    QF_BOOL(struct remove_query, ignore, "ignore", NULL),
    QF_BOOL(struct remove_query, depend, "depend", NULL),
    QF_BOOL(struct remove_query, link, "link", NULL),
    QF_BOOL(struct remove_query, v, "v", NULL),
    QF_BOOL(struct remove_query, volumes, "volumes", NULL),
    QF_I64(struct remove_query, timeout, "timeout", "-2"),
    { 0 },
};

static int remove_it(struct request *r, const void *query)
{
    const struct remove_query *q = query;
    struct container c;
    char **also = NULL;
    int res = request_container(r, &c);

    if (res < 0 && r->err->kind == ERR_NOT_FOUND && (q->ignore || (q->force && r->libpod)))
        return r->libpod && r->major >= 4 ? reply_json(r, 200, json_array()) : reply_empty(r, 204);
    if (res == 0 && q->link)
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL,
                      "bad parameter: the link option is not supported");
    struct container_remove_options o = { .force = q->force,
                                          .volumes = q->v || q->volumes,
                                          .depend = q->depend,
                                          .arena = r->arena,
                                          .also = &also,
                                          /* Docker kills what is forced away */
                                          .timeout_s = q->timeout >= -1 || r->libpod ? q->timeout
                                                                                     : 0 };
    if (res == 0)
        res = container_remove(request_engine(r), &c, &o, r->err);
    if (res < 0)
        return res;
    if (!r->libpod || (r->major && r->major < 4))
        return reply_empty(r, 204);
    json_t *out = json_array();
    for (char **p = also; p && *p; p++)
        json_array_append_new(out, json_pack("{s:s,s:n}", "Id", *p, "Err"));
    json_array_append_new(out, json_pack("{s:s,s:n}", "Id", c.config.id, "Err"));
    return reply_json(r, 200, out);
}

struct prune_query {
    char **filters;
};
static const struct query_field prune_fields[] = {
    QF_FILTERS(struct prune_query, filters),
    { 0 },
};

static bool may_be_pruned(struct request *r, const struct container *c)
{
    const char *policy = c->config.restart_policy;
    bool leaving = c->status == CTR_EXITED && (str_empty(policy) || STR_EQ(policy, "no"));

    return request_sees(r, &c->config) && (!c->alive || leaving);
}

static int prune(struct request *r, const void *query)
{
    const struct prune_query *q = query;
    struct container_list found = { 0 };
    struct engine *e = request_engine(r);
    int res = e ? container_reap(e, r->err) : -EIO;

    if (res == 0)
        res = container_list(e, r->arena, &found, r->err);
    if (res == 0)
        res = container_filter(e, r->arena, &found, q->filters, r->err);
    if (res < 0)
        return res;
    json_t *reports = json_array(), *ids = json_array();
    struct container_remove_options o = { .volumes = true };
    int64_t freed = 0, rw, root;
    for (size_t i = found.n; i-- > 0;) { /* the youngest first: what one needs is older */
        const struct container *c = &found.items[i];
        struct err why = { 0 };
        if (!may_be_pruned(r, c))
            continue;
        if (container_size(e, c, &rw, &root, NULL) < 0)
            rw = 0;
        if (container_remove(e, c, &o, &why) < 0) {
            json_array_append_new(
                reports, json_pack("{s:s,s:s,s:i}", "Id", c->config.id, "Err", why.msg, "Size", 0));
            continue;
        }
        freed += rw;
        json_array_append_new(ids, json_string(c->config.id));
        json_array_append_new(reports,
                              json_pack("{s:s,s:I}", "Id", c->config.id, "Size", (json_int_t)rw));
    }
    if (r->libpod) {
        json_decref(ids);
        return reply_json(r, 200, reports);
    }
    json_decref(reports);
    return reply_json(
        r, 200,
        json_pack("{s:o,s:I}", "ContainersDeleted", ids, "SpaceReclaimed", (json_int_t)freed));
}

#define BOTH   (ROUTE_BOTH | ROUTE_SCOPED)
#define LIBPOD (ROUTE_LIBPOD | ROUTE_SCOPED)
const struct route container_routes[] = {
    ROUTE_Q("GET", "/containers/json", BOTH, list, struct list_query, list_fields),
    ROUTE_Q("POST", "/containers/prune", BOTH, prune, struct prune_query, prune_fields),
    ROUTE("GET", "/containers/showmounted", LIBPOD, showmounted),
    ROUTE_Q("GET", "/containers/{name}/json", BOTH, inspect, struct size_query, size_fields),
    ROUTE("GET", "/containers/{name}/exists", LIBPOD, exists),
    ROUTE_Q("GET", "/containers/{name}/changes", BOTH, changes, struct changes_query,
            changes_fields),
    ROUTE("GET", "/containers/{name}/export", BOTH, export),
    ROUTE("GET", "/containers/{name}/healthcheck", LIBPOD | ROUTE_ACTS, healthcheck),
    ROUTE("POST", "/containers/{name}/mount", LIBPOD, mount),
    ROUTE("POST", "/containers/{name}/unmount", LIBPOD, unmount),
    ROUTE_Q("POST", "/containers/{name}/start", BOTH, start, struct start_query, start_fields),
    ROUTE("POST", "/containers/{name}/init", LIBPOD, init),
    ROUTE_Q("POST", "/containers/{name}/stop", BOTH, stop, struct stop_query, stop_fields),
    ROUTE_Q("POST", "/containers/{name}/restart", BOTH, restart, struct stop_query, stop_fields),
    ROUTE_Q("POST", "/containers/{name}/kill", BOTH, kill_it, struct kill_query, kill_fields),
    ROUTE("POST", "/containers/{name}/pause", BOTH, pause_it),
    ROUTE("POST", "/containers/{name}/unpause", BOTH, unpause),
    ROUTE_Q("POST", "/containers/{name}/rename", BOTH, rename_it, struct name_query, name_fields),
    ROUTE_Q("POST", "/containers/{name}/update", BOTH, update, struct update_query, update_fields),
    ROUTE_Q("DELETE", "/containers/{name}", BOTH, remove_it, struct remove_query, remove_fields),
    { 0 },
};
