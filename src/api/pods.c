/* Pods: of Podman's family alone.  What goes wrong with a member is told beside the pod's ID. */
#include <inttypes.h>
#include <signal.h>

#include "api/create.h"
#include "api/documents.h"
#include "api/route.h"
#include "api/stream.h"
#include "base/parse.h"
#include "config/containers.h"
#include "engine/options.h"
#include "engine/pods.h"

#include "base/banned.h"

static int find(struct request *r, struct pod *p)
{
    struct engine *e = request_engine(r);

    return e ? pod_find(e, r->arena, r->vars[0], p, r->err) : -EIO;
}

/* ---------- looks ---------- */

struct list_query {
    char **filters;
};
static const struct query_field list_fields[] = {
    QF_FILTERS(struct list_query, filters),
    { 0 },
};

static int list(struct request *r, const void *query)
{
    const struct list_query *q = query;
    struct engine *e = request_engine(r);
    struct pod_list found = { 0 };
    int res = e ? pod_list(e, r->arena, &found, r->err) : -EIO;

    if (res == 0)
        res = pod_filter(e, r->arena, &found, q->filters, r->err);
    if (res < 0)
        return res;
    json_t *out = json_array();
    for (size_t i = 0; i < found.n; i++)
        json_array_append_new(out, pod_entry(e, r->arena, &found.items[i]));
    return reply_json(r, 200, out);
}

static int exists(struct request *r, const void *query)
{
    struct pod p = { 0 };
    int res = find(r, &p);

    (void)query;
    return res < 0 ? res : reply_empty(r, 204);
}

static int inspect(struct request *r, const void *query)
{
    struct pod p = { 0 };
    int res = find(r, &p);

    (void)query;
    return res < 0 ? res : reply_json(r, 200, pod_inspect(request_engine(r), r->arena, &p));
}

/* ---------- create ---------- */

struct create_body {
    char *name, *exit_policy, *infra_image, *infra_name, *infra_pid_file, *cgroup_parent;
    char **infra_command, **shared, **create_command, **devices, **security, **volumes_from;
    bool no_infra, no_hosts, no_hostname, *share_parent;
    char *hosts_file;
};
static const struct json_field create_rows[] = {
    JF_STR(struct create_body, name, "name", 0),
    JF_STR(struct create_body, exit_policy, "exit_policy", 0),
    JF_STR(struct create_body, infra_image, "infra_image", 0),
    JF_STR(struct create_body, infra_name, "infra_name", 0),
    JF_STR(struct create_body, infra_pid_file, "infra_conmon_pid_file", 0),
    JF_STR(struct create_body, cgroup_parent, "cgroup_parent", 0),
    JF_STRV(struct create_body, infra_command, "infra_command", 0),
    JF_STRV(struct create_body, shared, "shared_namespaces", 0),
    JF_STRV(struct create_body, create_command, "pod_create_command", 0),
    JF_STRV(struct create_body, devices, "pod_devices", 0),
    JF_STRV(struct create_body, security, "security_opt", 0),
    JF_STRV(struct create_body, volumes_from, "volumes_from", 0),
    JF_BOOL(struct create_body, no_infra, "no_infra", 0),
    JF_BOOL(struct create_body, no_hosts, "no_manage_hosts", 0),
    JF_BOOL(struct create_body, no_hostname, "no_manage_hostname", 0),
    JF_PBOOL(struct create_body, share_parent, "share_parent", 0),
    JF_STR(struct create_body, hosts_file, "hostsFile", 0),
    { 0 },
};
static const struct json_type create_type = JSON_TYPE(struct create_body, create_rows);

/* What the pod keeps, and what its infra container does. */
static int fill(struct request *r, const struct create_body *b, struct pod_config *p,
                struct container_config *infra)
{
    int res = 0;

    *p = (struct pod_config) { .name = b->name,
                               .create_command = b->create_command,
                               .labels = infra->labels,
                               .exit_policy = str_empty(b->exit_policy) ? NULL : b->exit_policy,
                               .restart_policy = infra->restart_policy,
                               .restart_tries = infra->restart_tries,
                               .infra = !b->no_infra,
                               .share_parent = !b->share_parent || *b->share_parent,
                               .cgroup_parent = str_empty(b->cgroup_parent) ? NULL
                                                                            : b->cgroup_parent,
                               .resources = infra->resources,
                               .security_opts = b->security,
                               .volumes_from = b->volumes_from };
    infra->name = str_empty(b->infra_name) ? NULL : b->infra_name;
    infra->labels = (kv_list) { 0 };
    infra->resources = (struct container_resources) { 0 };
    infra->no_hosts = b->no_hosts;
    infra->no_hostname = b->no_hostname;
    infra->hosts_file = str_empty(b->hosts_file) ? NULL : b->hosts_file;
    infra->monitor_pid_file = str_empty(b->infra_pid_file) ? NULL : b->infra_pid_file;
    if (p->exit_policy && !STR_IN(p->exit_policy, "continue", "stop"))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "invalid pod exit policy: \"%s\"",
                       p->exit_policy);
    for (char **d = b->devices; res == 0 && d && *d; d++)
        res = option_device(r->arena, *d, LIST_ADD(r->arena, infra->devices), r->err);
    for (char **s = b->security; res == 0 && s && *s; s++)
        res = option_security(r->arena, *s, infra, r->err);
    if (res == 0 && p->infra)
        res = option_share(
            r->arena, b->shared && *b->shared ? strv_join(r->arena, b->shared, ",") : "ipc,net,uts",
            &p->shared, r->err);
    return res;
}

static int create(struct request *r, const void *query)
{
    struct container_config infra = { .stop_timeout = -2, .log_size_max = -1 };
    struct pull_request pull = { .policy = "missing", .tls_verify = -1, .retry_delay_ns = -1 };
    struct create_body b = { 0 };
    struct pod_config p;
    char **warnings = NULL, *unused = NULL;
    AUTO_JSON *doc = request_json(r, true);

    (void)query;
    if (!doc || !request_engine(r))
        return -EINVAL;
    /* Networks, ports, names, mounts, limits: as of a container's body. */
    int res = json_read_nocase(r->arena, doc, &create_type, &b, r->err);
    if (res == 0)
        res = create_from_libpod(r, doc, &infra, &unused);
    infra.name = infra.cgroup_parent = NULL;
    if (res == 0)
        res = fill(r, &b, &p, &infra);
    if (res < 0)
        return res;
    infra.read_only_tmpfs = true;
    const char *conf = engine_config(request_engine(r))->engine.infra_image;
    const char *image = str_empty(b.infra_image) ? conf : b.infra_image;
    struct pod_create how = {
        .pod = &p,
        .infra = &infra,
        .infra_image = str_empty(image) ? NULL : image,
        .infra_command = b.infra_command && *b.infra_command ? b.infra_command : NULL,
        .pull = &pull,
    };
    res = pod_create(request_engine(r), r->arena, &how, &warnings, r->err);
    return res < 0 ? res : reply_id(r, 201, "Id", p.id);
}

/* ---------- start, stop, ... ---------- */

struct act_query {
    char *signal;
    bool force;
    int64_t t, timeout;
};
static const struct query_field act_fields[] = {
    QF_STR(struct act_query, signal, "signal", "SIGKILL"),
    QF_BOOL(struct act_query, force, "force", NULL),
    QF_I64(struct act_query, t, "t", "-2"),
    QF_I64(struct act_query, timeout, "timeout", "-2"),
    { 0 },
};

/* An error that no member explains is the answer's own. */
static int reply_report(struct request *r, const struct pod *p, char *const *problems, int res)
{
    if (res < 0 && !problems)
        return res;
    return reply_json(r, problems ? 409 : 200,
                      json_pack("{s:o,s:s,s:s}", "Errs", doc_strings(problems, true), "Id",
                                p->config.id, "RawInput", r->vars[0]));
}

static int start(struct request *r, const void *query)
{
    struct pod p = { 0 };
    char **warnings = NULL, **problems = NULL;
    int res = find(r, &p);

    (void)query;
    if (res < 0)
        return res;
    if (p.status == POD_RUNNING)
        return reply_empty(r, 304);
    res = pod_start(request_engine(r), r->arena, &p, &warnings, &problems, r->err);
    return reply_report(r, &p, problems, res);
}

static int stop(struct request *r, const void *query)
{
    const struct act_query *q = query;
    struct pod p = { 0 };
    char **problems = NULL;
    int res = find(r, &p);

    if (res < 0)
        return res;
    if (p.status != POD_RUNNING && p.status != POD_DEGRADED && p.status != POD_PAUSED)
        return reply_empty(r, 304);
    res = pod_stop(request_engine(r), r->arena, &p, q->t != -2 ? q->t : q->timeout, &problems,
                   r->err);
    return reply_report(r, &p, problems, res);
}

static int restart(struct request *r, const void *query)
{
    struct pod p = { 0 };
    char **warnings = NULL, **problems = NULL;
    int res = find(r, &p);

    (void)query;
    if (res < 0)
        return res;
    res = pod_restart(request_engine(r), r->arena, &p, &warnings, &problems, r->err);
    return reply_report(r, &p, problems, res);
}

static int kill_it(struct request *r, const void *query)
{
    const struct act_query *q = query;
    struct pod p = { 0 };
    char **problems = NULL;
    int signo = 0, res = find(r, &p);

    if (res == 0)
        res = option_signal(q->signal, &signo, r->err);
    if (res < 0)
        return res;
    res = pod_kill(request_engine(r), r->arena, &p, signo, &problems, r->err);
    return reply_report(r, &p, problems, res);
}

static int pause_or_not(struct request *r, bool on)
{
    struct pod p = { 0 };
    char **problems = NULL;
    int res = find(r, &p);

    if (res < 0)
        return res;
    res = pod_pause(request_engine(r), r->arena, &p, on, &problems, r->err);
    return reply_report(r, &p, problems, res);
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

static int remove_it(struct request *r, const void *query)
{
    const struct act_query *q = query;
    struct pod p = { 0 };
    int res = find(r, &p);

    if (res == 0)
        res = pod_remove(request_engine(r), r->arena, &p, q->force, q->timeout, r->err);
    if (res < 0)
        return res;
    json_t *removed = json_object();
    for (size_t i = 0; i < p.members.n; i++)
        json_object_set_new(removed, p.members.items[i].config.id, json_null());
    return reply_json(r, 200,
                      json_pack("{s:s,s:n,s:o}", "Id", p.config.id, "Err", "RemovedCtrs", removed));
}

static int prune(struct request *r, const void *query)
{
    struct engine *e = request_engine(r);
    char **ids = NULL;
    int res = e ? pod_prune(e, r->arena, &ids, r->err) : -EIO;

    (void)query;
    if (res < 0)
        return res;
    json_t *out = json_array();
    for (; ids && *ids; ids++)
        json_array_append_new(out, json_pack("{s:n,s:s}", "Err", "Id", *ids));
    return reply_json(r, 200, out);
}

/* ---------- top ---------- */

struct top_query {
    char **args;
};
static const struct query_field top_fields[] = {
    QF_WORDS(struct top_query, args, "ps_args"),
    { 0 },
};

/* Those that share the infra container's processes show them once. */
static int top(struct request *r, const void *query)
{
    const struct top_query *q = query;
    struct pod p = { 0 };
    char **descriptors = NULL;
    json_t *processes = json_array(), *titles = NULL;
    int res = find(r, &p);

    for (char **a = q->args; a && *a; a++)
        descriptors = strv_concat(r->arena, descriptors, strv_split(r->arena, *a, ','));
    if (res == 0 && !container_top_knows(descriptors))
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL, "unknown format descriptor in ps_args");
    for (size_t i = 0; res == 0 && i < p.members.n; i++) {
        const struct container *c = &p.members.items[i];
        char ***rows;
        if (c->status != CTR_RUNNING ||
            (!c->config.infra && c->config.pidns && str_starts(c->config.pidns, "container:")))
            continue;
        res = container_top(request_engine(r), r->arena, c, descriptors, &rows, r->err);
        if (res == 0 && !titles)
            titles = doc_strings(rows[0], false);
        for (size_t k = 1; res == 0 && rows[k]; k++)
            json_array_append_new(processes, doc_strings(rows[k], false));
    }
    if (res == 0 && !titles)
        res = err_set(r->err, ERR_STATE, EINVAL,
                      "pod top can only be used on pods with at least one running container");
    json_t *doc = json_pack("{s:o,s:o}", "Processes", processes, "Titles",
                            titles ? titles : json_null());
    if (res == 0)
        return reply_json(r, 200, doc);
    json_decref(doc);
    return res;
}

/* ---------- stats ---------- */

struct stats_query {
    bool all, stream;
    char **names;
    int64_t delay;
};
static const struct query_field stats_fields[] = {
    QF_BOOL(struct stats_query, all, "all", NULL),
    QF_BOOL(struct stats_query, stream, "stream", NULL),
    QF_WORDS(struct stats_query, names, "namesOrIDs"),
    QF_I64(struct stats_query, delay, "delay", "5"),
    { 0 },
};

static char *pair(struct arena *a, const char *(*human)(int64_t, char *, size_t), int64_t x,
                  int64_t y)
{
    char one[32], two[32];

    return arena_printf(a, "%s / %s", human(x, one, sizeof(one)), human(y, two, sizeof(two)));
}

static json_t *stats_row(struct request *r, const struct pod *p, const struct container *c)
{
    struct run_stats s = { 0 };
    int64_t in = 0, out = 0;
    struct arena *a = r->arena;

    if (container_stats(request_engine(r), a, c, &s, NULL) < 0)
        return NULL;
    for (size_t i = 0; i < s.interfaces.n; i++) {
        in += s.interfaces.items[i].rx_bytes;
        out += s.interfaces.items[i].tx_bytes;
    }
    int64_t life = s.sampled_at - c->run.started_at;
    return json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "CPU",
        arena_printf(a, "%.2f%%", life > 0 ? 100.0 * (double)s.cpu_ns / (double)life : 0.0),
        "MemUsage", pair(a, human_size_plain, s.memory, s.memory_limit), "MemUsageBytes",
        pair(a, human_size_binary, s.memory, s.memory_limit), "Mem",
        arena_printf(a, "%.2f%%",
                     s.memory_limit ? 100.0 * (double)s.memory / (double)s.memory_limit : 0.0),
        "NetIO", pair(a, human_size_plain, in, out), "BlockIO",
        pair(a, human_size_plain, s.block_read, s.block_written), "PIDS",
        arena_printf(a, "%" PRId64, s.pids), "Pod", arena_printf(a, "%.12s", p->config.id), "CID",
        arena_printf(a, "%.12s", c->config.id), "Name", c->config.name);
}

static int stats_once(struct request *r, const struct stats_query *q, json_t **ret)
{
    struct pod_list found = { 0 };
    int res = pod_list(request_engine(r), r->arena, &found, r->err);

    for (char **n = q->names; res == 0 && n && *n; n++) { /* all of them have to be there */
        struct pod p;
        res = pod_find(request_engine(r), r->arena, *n, &p, r->err);
    }
    if (res < 0)
        return res;
    *ret = json_array();
    for (size_t i = 0; i < found.n; i++) {
        const struct pod *p = &found.items[i];
        bool wanted = !q->names;
        for (char **n = q->names; n && *n; n++)
            wanted |= STR_EQ(*n, p->config.name) || str_starts(p->config.id, *n);
        for (size_t k = 0; wanted && k < p->members.n; k++) {
            json_t *row = p->members.items[k].status == CTR_RUNNING
                              ? stats_row(r, p, &p->members.items[k])
                              : NULL;
            if (row)
                json_array_append_new(*ret, row);
        }
    }
    return 0;
}

static int stats(struct request *r, const void *query)
{
    const struct stats_query *q = query;
    json_t *doc = NULL;
    int res = request_engine(r) ? stats_once(r, q, &doc) : -EIO;

    if (res < 0)
        return res;
    if (!q->stream)
        return reply_json(r, 200, doc);
    if (conn_begin(r->conn, 200, "application/json", NULL) == 0)
        stream_watch(r);
    while (stream_json(r, doc) == 0) {
        struct timespec ts = { .tv_sec = MAX(q->delay, (int64_t)1) };
        nanosleep(&ts, NULL);
        if (stats_once(r, q, &doc) < 0)
            break;
    }
    conn_finish(r->conn, true);
    return 0;
}

#define Q(m, p, fn, T, f) ROUTE_Q(m, p, ROUTE_LIBPOD, fn, struct T, f)
#define ACT(word, fn)     Q("POST", "/pods/{name}/" word, fn, act_query, act_fields)
const struct route pod_routes[] = {
    ROUTE("POST", "/pods/create", ROUTE_LIBPOD, create),
    Q("GET", "/pods/json", list, list_query, list_fields),
    ROUTE("POST", "/pods/prune", ROUTE_LIBPOD, prune),
    Q("GET", "/pods/stats", stats, stats_query, stats_fields),
    ROUTE("GET", "/pods/{name}/exists", ROUTE_LIBPOD, exists),
    ROUTE("GET", "/pods/{name}/json", ROUTE_LIBPOD, inspect),
    Q("GET", "/pods/{name}/top", top, top_query, top_fields),
    ACT("start", start),
    ACT("stop", stop),
    ACT("restart", restart),
    ACT("kill", kill_it),
    ACT("pause", pause_it),
    ACT("unpause", unpause),
    Q("DELETE", "/pods/{name}", remove_it, act_query, act_fields),
    { 0 },
};
