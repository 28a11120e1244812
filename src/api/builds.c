/* POST /build: the context is the body, a tar; what the build says is the answer, line by line. */
#include <inttypes.h>

#include "api/auth.h"
#include "api/documents.h"
#include "api/route.h"
#include "base/parse.h"
#include "build/build.h"
#include "config/containers.h"
#include "engine/images.h"
#include "engine/options.h"
#include "engine/options_net.h"

#include "base/banned.h"

struct build_query {
    char *dockerfile, **tags, *remote, *args, *labels, *target, *platform, *network, *pull, *format,
        *hosts, *ulimits, *cpuset_cpus, *cpuset_mems, *cgroup_parent, *outputs, *manifest,
        *retry_delay, *contexts, *secrets, *local_context, *timestamp, *annotations, **layer_labels,
        **volumes, **env, **unset_env, **unset_labels, *security, *cap_add, *cap_drop, *dns,
        *devices, *from;
    bool quiet, no_cache, squash, no_hosts, http_proxy;
    int layers, compat_volumes, tls_verify, inherit_labels;
    int64_t memory, swap, shares, period, quota, shm, retry;
};
#define S(m, key) QF_STR(struct build_query, m, key, NULL)
#define W(m, key) QF_WORDS(struct build_query, m, key)
#define B(m, key) QF_BOOL(struct build_query, m, key, NULL)
#define I(m, key) QF_I64(struct build_query, m, key, "0")
static const struct query_field build_fields[] = {
    S(dockerfile, "dockerfile"),
    W(tags, "t"),
    S(remote, "remote"),
    S(args, "buildargs"),
    S(labels, "labels"),
    S(target, "target"),
    S(platform, "platform"),
    S(network, "networkmode"),
    S(pull, "pull"),
    S(format, "outputformat"),
    S(hosts, "extrahosts"),
    S(ulimits, "ulimits"),
    S(cpuset_cpus, "cpusetcpus"),
    S(cpuset_mems, "cpusetmems"),
    S(cgroup_parent, "cgroupparent"),
    S(outputs, "outputs"),
    S(manifest, "manifest"),
    S(retry_delay, "retry-delay"),
    S(contexts, "additionalbuildcontexts"),
    S(secrets, "secrets"),
    S(local_context, "localcontextdir"),
    S(timestamp, "timestamp"),
    S(annotations, "annotations"),
    S(security, "securityopt"),
    S(cap_add, "addcaps"),
    S(cap_drop, "dropcaps"),
    S(dns, "dnsservers"),
    S(devices, "devices"),
    S(from, "from"),
    W(layer_labels, "layerLabel"),
    W(volumes, "volume"),
    W(env, "setenv"),
    W(unset_env, "unsetenv"),
    W(unset_labels, "unsetlabel"),
    B(quiet, "q"),
    B(no_cache, "nocache"),
    B(squash, "squash"),
    B(no_hosts, "nohosts"),
    B(http_proxy, "httpproxy"),
    QF_TRI(struct build_query, layers, "layers"),
    QF_TRI(struct build_query, compat_volumes, "compatvolumes"),
    QF_TRI(struct build_query, tls_verify, "tlsVerify"),
    QF_TRI(struct build_query, inherit_labels, "inheritlabels"),
    I(memory, "memory"),
    I(swap, "memswap"),
    I(shares, "cpushares"),
    I(period, "cpuperiod"),
    I(quota, "cpuquota"),
    I(shm, "shmsize"),
    QF_I64(struct build_query, retry, "retry", "3"),
    { 0 },
};

/* ---------- parameters that hold JSON ---------- */

/* {"KEY":"value"}, or a list of "KEY=value" -> words. */
static int pairs(struct request *r, const char *what, const char *text, char ***ret)
{
    const char *key;
    json_t *value;
    size_t i;

    if (str_empty(text))
        return 0;
    AUTO_JSON *doc = json_parse(text, strlen(text), what, r->err);
    if (!doc)
        return -EINVAL;
    json_object_foreach (doc, key, value) {
        const char *v = json_string_value(value);
        if (v) /* null: the variable of that name, which we do not have */
            *ret = strv_add(r->arena, *ret, arena_printf(r->arena, "%s=%s", key, v));
    }
    json_array_foreach (doc, i, value)
        if (json_is_string(value))
            *ret = strv_add(r->arena, *ret, json_string_value(value));
    return 0;
}

/* A JSON list, or words that commas divide. */
static char **list(struct request *r, const char *text)
{
    AUTO_JSON *doc = !str_empty(text) && *text == '[' ? json_parse(text, strlen(text), "list", NULL)
                                                      : NULL;
    char **out = NULL;
    size_t i;
    json_t *each;

    if (str_empty(text))
        return NULL;
    if (!doc)
        return strv_split(r->arena, text, ',');
    json_array_foreach (doc, i, each)
        if (json_is_string(each))
            out = strv_add(r->arena, out, json_string_value(each));
    return out;
}

static int ulimits(struct request *r, const char *text, struct container_config *run)
{
    json_t *each;
    size_t i;
    int res = 0;

    if (str_empty(text))
        return 0;
    AUTO_JSON *doc = json_parse(text, strlen(text), "ulimits", r->err);
    if (!doc)
        return -EINVAL;
    json_array_foreach (doc, i, each) {
        const char *name = json_string_value(json_object_get(each, "Name"));
        if (res == 0 && name)
            res = option_ulimit(
                r->arena,
                arena_printf(r->arena, "%s=%" JSON_INTEGER_FORMAT ":%" JSON_INTEGER_FORMAT, name,
                             json_integer_value(json_object_get(each, "Soft")),
                             json_integer_value(json_object_get(each, "Hard"))),
                run, r->err);
    }
    return res;
}

/* ---------- options ---------- */

static int refuse(struct request *r, const struct build_query *q)
{
    const struct {
        bool given;
        const char *what;
    } refused[] = {
        { q->remote && STR_EQ(q->remote, "client-session"),
          "BuildKit sessions: set DOCKER_BUILDKIT=0" },
        { !str_empty(q->contexts) && !STR_EQ(q->contexts, "{}"), "additionalbuildcontexts" },
        { !str_empty(q->secrets) && !STR_EQ(q->secrets, "[]"), "secrets" },
        { !str_empty(q->outputs) && !STR_IN(q->outputs, "[]", "null"), "outputs" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        if (refused[i].given)
            return err_set(r->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                           "building over the API does not support %s", refused[i].what);
    return 0;
}

static int fill_run(struct request *r, const struct build_query *q, struct build_options *b)
{
    struct container_config *run = &b->run;
    int res = 0;

    run->stop_timeout = -2;
    run->log_size_max = -1;
    run->read_only_tmpfs = true;
    run->systemd = arena_strdup(r->arena, "false");
    run->resources = (struct container_resources) { .memory = q->memory,
                                                    .memory_swap = q->swap,
                                                    .cpu_shares = q->shares,
                                                    .cpu_period = q->period,
                                                    .cpu_quota = q->quota,
                                                    .cpuset_cpus = q->cpuset_cpus,
                                                    .cpuset_mems = q->cpuset_mems };
    run->shm_size = q->shm;
    run->cgroup_parent = str_empty(q->cgroup_parent) ? NULL : q->cgroup_parent;
    run->no_hosts = q->no_hosts;
    run->add_hosts = list(r, q->hosts);
    run->dns_servers = list(r, q->dns);
    run->cap_add = list(r, q->cap_add);
    run->cap_drop = list(r, q->cap_drop);
    for (char **p = run->add_hosts; res == 0 && p && *p; p++)
        res = option_add_host(*p, r->err);
    if (res == 0)
        res = option_dns(run->dns_servers, r->err);
    for (char **p = list(r, q->security); res == 0 && p && *p; p++)
        res = option_security(r->arena, *p, run, r->err);
    for (char **p = list(r, q->devices); res == 0 && p && *p; p++)
        res = option_device(r->arena, *p, LIST_ADD(r->arena, run->devices), r->err);
    for (char **p = q->volumes; res == 0 && p && *p; p++)
        res = option_volume(r->arena, *p, LIST_ADD(r->arena, run->mounts), r->err);
    return res < 0 ? res : ulimits(r, q->ulimits, run);
}

static int fill_pull(struct request *r, const struct build_query *q, struct pull_request *p)
{
    static const char *const policies[] = { "always", "missing", "never", "newer", NULL };
    bool always;

    p->tls_verify = q->tls_verify;
    p->policy = "missing";
    p->retry = q->retry > 0 ? (uint64_t)q->retry : 0;
    p->retry_delay_ns = -1;
    if (!str_empty(q->retry_delay) && parse_duration(q->retry_delay, &p->retry_delay_ns) < 0)
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "invalid retry-delay \"%s\"", q->retry_delay);
    if (str_empty(q->pull))
        return 0;
    if (str_in_list(q->pull, policies))
        p->policy = q->pull;
    else if (parse_bool(q->pull, &always) == 0)
        p->policy = always ? "always" : "missing";
    else
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "unsupported pull policy \"%s\"", q->pull);
    return 0;
}

static int fill(struct request *r, const struct build_query *q, struct build_options *b)
{
    const char *format = str_empty(q->format) ? "" : q->format;
    int res = refuse(r, q);

    b->files = list(r, q->dockerfile);
    b->target = str_empty(q->target) ? NULL : q->target;
    b->from = str_empty(q->from) ? NULL : q->from;
    b->manifest = str_empty(q->manifest) ? NULL : q->manifest;
    b->platforms = q->platform && STR_EQ(q->platform, "/") ? NULL : list(r, q->platform);
    b->docker = strstr(format, "docker") || (!*format && !r->libpod);
    b->layers = q->layers != 0;
    b->squash = q->squash;
    b->no_cache = q->no_cache;
    b->cache_ttl_ns = -1;
    b->created_annotation = b->identity_label = b->inherit_annotations = true;
    b->inherit_labels = q->inherit_labels != 0;
    b->layer_labels = q->layer_labels;
    b->annotations = list(r, q->annotations);
    b->env = q->env;
    b->unset_env = q->unset_env;
    b->unset_labels = q->unset_labels;
    b->network = q->network && STR_IN(q->network, "", "default") ? NULL : q->network;
    b->http_proxy = q->http_proxy;
    b->compat_volumes = q->compat_volumes == 1 || (q->compat_volumes < 0 && !r->libpod);
    b->quiet = q->quiet;
    for (char **t = q->tags; t && *t; t++)
        b->tags = strv_add(r->arena, b->tags, r->libpod ? *t : docker_name(r, *t));
    if (!str_empty(q->timestamp)) {
        b->has_timestamp = true;
        if (parse_i64(q->timestamp, 0, INT64_MAX / NSEC_PER_SEC, &b->timestamp) < 0)
            return err_set(r->err, ERR_BAD_PARAM, EINVAL, "invalid timestamp \"%s\"", q->timestamp);
    }
    if (res == 0)
        res = pairs(r, "buildargs", q->args, &b->args);
    if (res == 0)
        res = pairs(r, "labels", q->labels, &b->labels);
    if (res == 0)
        res = fill_pull(r, q, &b->pull);
    return res < 0 ? res : fill_run(r, q, b);
}

/* ---------- the answer ---------- */

static void line(struct request *r, char *text)
{
    if (!r->conn->answered && conn_begin(r->conn, 200, "application/json", NULL) < 0)
        return;
    (void)!stream_json(r, json_pack("{s:o}", "stream", json_sprintf("%s\n", text)));
}

static int finish(struct request *r, const struct build_options *b, const struct build_result *res)
{
    if (!r->conn->answered && conn_begin(r->conn, 200, "application/json", NULL) < 0)
        return 0;
    if (r->libpod) {
        (void)!stream_json(r, json_pack("{s:o}", "stream", json_sprintf("%s\n", res->id)));
    } else if (b->quiet) {
        (void)!stream_json(r, json_pack("{s:o}", "stream", json_sprintf("sha256:%s\n", res->id)));
    } else {
        (void)!stream_json(r, json_pack("{s:{s:o}}", "aux", "ID", doc_sha(res->id)));
        (void)!stream_json(
            r, json_pack("{s:o}", "stream", json_sprintf("Successfully built %.12s\n", res->id)));
    }
    conn_finish(r->conn, true);
    return 0;
}

static int failed(struct request *r, const struct build_result *res)
{
    json_t *detail = json_pack("{s:s}", "message", r->err->msg);

    if (res->exit_code)
        json_object_set_new(detail, "code", json_integer(res->exit_code));
    (void)!stream_json(r, json_pack("{s:s,s:o}", "error", r->err->msg, "errorDetail", detail));
    conn_finish(r->conn, true);
    return 0;
}

/* Working containers are always removed (rm, forcerm). */
static int build_context(struct request *r, const struct build_query *q, const char *context)
{
    struct build_options b = { .in = -EBADF };
    struct build_result done = { 0 };
    struct reply_pipe p;
    pid_t child = -1;
    bool begun = false;

    if (!request_engine(r))
        return -EIO;
    int res = fill(r, q, &b);
    if (res == 0)
        res = request_authfile(r, "docker.io/x", &b.pull.authfile);
    if (res < 0)
        return res;
    b.context = arena_strdup(r->arena, context);
    if (STR_EQ(b.context, "-"))
        b.in = body_pipe_open(r, &child);
    if (child >= 0 && b.in < 0)
        return b.in;
    res = reply_pipe_open(r, NULL, line, &p);
    if (res == 0) {
        b.out = b.err = p.fd;
        res = build_run(request_engine(r), r->arena, &b, &done, r->err);
        res = reply_pipe_done(r, &p, res, &begun);
    }
    if (child >= 0)
        body_pipe_done(b.in, child);
    return res == 0 ? finish(r, &b, &done) : begun ? failed(r, &done) : res;
}

static int build(struct request *r, const void *query)
{
    const struct build_query *q = query;

    return build_context(r, q, str_empty(q->remote) ? "-" : q->remote);
}

/* In a directory that the client and we both see. */
static int build_local(struct request *r, const void *query)
{
    const struct build_query *q = query;

    if (str_empty(q->local_context) || *q->local_context != '/')
        return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                       "localcontextdir must be the absolute path of a directory");
    return build_context(r, q, q->local_context);
}

static int prune(struct request *r, const void *query)
{
    struct engine *e = request_engine(r);
    int64_t bytes = 0;
    int res = e ? build_cache_prune(e, &bytes, r->err) : -EIO;

    (void)query;
    return res < 0 ? res
                   : reply_json(r, 200,
                                json_pack("{s:[],s:I}", "CachesDeleted", "SpaceReclaimed",
                                          (json_int_t)bytes));
}

const struct route build_routes[] = {
    ROUTE("POST", "/build/prune", ROUTE_COMPAT, prune),
    ROUTE_Q("POST", "/build", ROUTE_BOTH, build, struct build_query, build_fields),
    ROUTE_Q("POST", "/local/build", ROUTE_LIBPOD, build_local, struct build_query, build_fields),
    { 0 },
};
