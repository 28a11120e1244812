/* Kubernetes' YAML: /libpod/kube/play, its older name /libpod/play/kube, and /libpod/generate/kube. */
#include <inttypes.h>
#include <sys/socket.h>

#include "api/auth.h"
#include "api/documents.h"
#include "api/route.h"
#include "base/limits.h"
#include "base/parse.h"
#include "config/containers.h"
#include "engine/kube.h"
#include "engine/options_net.h"

#include "base/banned.h"

struct play_query {
    char *annotations, *log_driver, **log_options, **networks, **publish, **ips, **macs, *userns;
    bool no_hostname, no_hosts, no_trunc, replace, publish_all, service, no_pod_prefix, force;
    bool wait, start;
    int tls_verify, build;
};
static const struct query_field play_fields[] = {
    QF_STR(struct play_query, annotations, "annotations", NULL),
    QF_STR(struct play_query, log_driver, "logDriver", NULL),
    QF_WORDS(struct play_query, log_options, "logOptions"),
    QF_WORDS(struct play_query, networks, "network"),
    QF_WORDS(struct play_query, publish, "publishPorts"),
    QF_WORDS(struct play_query, ips, "staticIPs"),
    QF_WORDS(struct play_query, macs, "staticMACs"),
    QF_STR(struct play_query, userns, "userns", NULL),
    QF_BOOL(struct play_query, no_hostname, "noHostname", NULL),
    QF_BOOL(struct play_query, no_hosts, "noHosts", NULL),
    QF_BOOL(struct play_query, no_trunc, "noTrunc", NULL),
    QF_BOOL(struct play_query, replace, "replace", NULL),
    QF_BOOL(struct play_query, publish_all, "publishAllPorts", NULL),
    QF_BOOL(struct play_query, service, "serviceContainer", NULL),
    QF_BOOL(struct play_query, no_pod_prefix, "noPodPrefix", NULL),
    QF_BOOL(struct play_query, force, "force", NULL),
    QF_BOOL(struct play_query, wait, "wait", NULL),
    QF_BOOL(struct play_query, start, "start", "true"),
    QF_TRI(struct play_query, tls_verify, "tlsVerify"),
    QF_TRI(struct play_query, build, "build"),
    { 0 },
};

static int read_yaml(struct request *r, json_t **ret)
{
    AUTO_BUF text = { .max = LIMIT_API_BODY };
    int res = conn_read_all(r->conn, &text);

    if (!request_engine(r))
        return -EIO;
    if (res < 0)
        return err_set(r->err, res == -EFBIG ? ERR_TOO_BIG : ERR_BAD_PARAM, EINVAL,
                       "reading the request's body: it is too large, or it breaks off");
    return kube_parse(request_engine(r), text.data ? text.data : "", text.len, "request body", ret,
                      r->err);
}

static int fill_log(struct request *r, const struct play_query *q, struct kube_play_options *k)
{
    k->log_driver = str_empty(q->log_driver) ? NULL : q->log_driver;
    k->log_size_max = -1;
    for (char **p = q->log_options; p && *p; p++) {
        const char *value = strchr(*p, '=') ? strchr(*p, '=') + 1 : "";
        if (str_starts(*p, "path="))
            k->log_path = arena_strdup(r->arena, value);
        else if (str_starts(*p, "tag="))
            k->log_tag = arena_strdup(r->arena, value);
        else if (!str_starts(*p, "max-size=") || parse_size_decimal(value, &k->log_size_max) < 0)
            return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                           "log option \"%s\": use path, tag or max-size=SIZE", *p);
    }
    return 0;
}

static int fill_network(struct request *r, const struct play_query *q, struct kube_play_options *k)
{
    struct container_config *c = &k->network;
    int res = option_networks(r->arena, q->networks, c, r->err);

    for (char **p = q->publish; res == 0 && p && *p; p++)
        res = option_publish(r->arena, *p, LIST_ADD(r->arena, c->ports), r->err);
    for (char **p = q->ips; res == 0 && p && *p; p++)
        res = option_ip(*p, 0, r->err);
    for (char **p = q->macs; res == 0 && p && *p; p++)
        res = option_mac(*p, r->err);
    k->ips = q->ips;
    k->macs = q->macs;
    c->no_hosts = q->no_hosts;
    c->no_hostname = q->no_hostname;
    c->userns = str_empty(q->userns) ? NULL : q->userns;
    return res;
}

static int fill(struct request *r, const struct play_query *q, struct kube_play_options *k)
{
    const char *image = engine_config(request_engine(r))->engine.infra_image, *key;
    json_t *value;

    *k = (struct kube_play_options) {
        .publish_all = q->publish_all,
        .no_pod_prefix = q->no_pod_prefix,
        .replace = q->replace,
        .start = q->start,
        .service = q->service,
        .infra_image = str_empty(image) ? NULL : image,
        .pull = { .tls_verify = q->tls_verify, .quiet = true, .retry = 3, .retry_delay_ns = -1 },
    };
    if (q->build == 1)
        return err_set(r->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "kube play over the API builds no images: build them before");
    if (!str_empty(q->annotations)) {
        AUTO_JSON *doc = json_parse(q->annotations, strlen(q->annotations), "annotations", r->err);
        if (!doc)
            return -EINVAL;
        json_object_foreach (doc, key, value)
            kv_set(r->arena, &k->annotations, key,
                   json_is_string(value) ? json_string_value(value) : "");
    }
    int res = request_authfile(r, "docker.io/x", &k->pull.authfile);
    if (res == 0)
        res = fill_log(r, q, k);
    return res < 0 ? res : fill_network(r, q, k);
}

/* One of Podman's reports with nothing in it but what was given. */
static json_t *report(void)
{
    return json_pack("{s:[],s:[],s:[],s:[],s:[],s:[],s:[],s:s,s:n}", "Pods", "Volumes", "Secrets",
                     "StopReport", "RmReport", "VolumeRmReport", "SecretRmReport",
                     "ServiceContainerID", "", "ExitCode");
}

static json_t *play_report(const struct kube_report *rep)
{
    json_t *doc = report();

    for (size_t i = 0; i < rep->pods.n; i++) {
        const struct kube_pod_report *p = &rep->pods.items[i];
        json_array_append_new(json_object_get(doc, "Pods"),
                              json_pack("{s:s,s:o,s:n,s:n,s:o}", "ID", p->id, "Containers",
                                        doc_strings(p->containers, false), "InitContainers", "Logs",
                                        "ContainerErrors", doc_strings(p->errors, true)));
    }
    for (char **v = rep->volumes; v && *v; v++)
        json_array_append_new(json_object_get(doc, "Volumes"), json_pack("{s:s}", "Name", *v));
    for (char **s = rep->secrets; s && *s; s++)
        json_array_append_new(json_object_get(doc, "Secrets"),
                              json_pack("{s:{s:s}}", "CreateReport", "ID", *s));
    return doc;
}

static int play(struct request *r, const void *query)
{
    static const volatile sig_atomic_t never;
    const struct play_query *q = query;
    struct kube_play_options o;
    struct kube_report rep = { 0 };
    AUTO_JSON *docs = NULL;
    int code = 0, res = read_yaml(r, &docs);

    if (res == 0)
        res = fill(r, q, &o);
    if (res == 0)
        res = kube_play(request_engine(r), r->arena, docs, &o, &rep, r->err);
    if (res == 0 && q->wait)
        res = kube_wait(request_engine(r), r->arena, &rep, "none", &never, &code, r->err);
    if (res < 0)
        return res;
    json_t *doc = play_report(&rep);
    if (q->wait)
        json_object_set_new(doc, "ExitCode", json_integer(code));
    return reply_json(r, 200, doc);
}

static int down(struct request *r, const void *query)
{
    const struct play_query *q = query;
    struct kube_down_report gone = { 0 };
    AUTO_JSON *docs = NULL;
    int res = read_yaml(r, &docs);

    if (res == 0)
        res = kube_down(request_engine(r), r->arena, docs, q->force, &gone, r->err);
    if (res < 0)
        return res;
    json_t *doc = report();
    for (char **p = gone.stopped; p && *p; p++)
        json_array_append_new(json_object_get(doc, "StopReport"),
                              json_pack("{s:n,s:s,s:s}", "Errs", "Id", *p, "RawInput", ""));
    for (char **p = gone.removed; p && *p; p++)
        json_array_append_new(json_object_get(doc, "RmReport"),
                              json_pack("{s:n,s:n,s:s}", "RemovedCtrs", "Err", "Id", *p));
    for (char **p = gone.volumes; p && *p; p++)
        json_array_append_new(json_object_get(doc, "VolumeRmReport"),
                              json_pack("{s:n,s:s}", "Err", "Id", *p));
    for (char **p = gone.secrets; p && *p; p++)
        json_array_append_new(json_object_get(doc, "SecretRmReport"),
                              json_pack("{s:s,s:n}", "ID", *p, "Err"));
    return reply_json(r, 200, doc);
}

struct generate_query {
    char **names, *type;
    bool service, podman_only, no_trunc;
    int64_t replicas;
};
static const struct query_field generate_fields[] = {
    QF_WORDS(struct generate_query, names, "names"),
    QF_STR(struct generate_query, type, "type", "pod"),
    QF_BOOL(struct generate_query, service, "service", NULL),
    QF_BOOL(struct generate_query, podman_only, "podmanOnly", NULL),
    QF_BOOL(struct generate_query, no_trunc, "noTrunc", NULL),
    QF_I64(struct generate_query, replicas, "replicas", "1"),
    { 0 },
};

static int generate(struct request *r, const void *query)
{
    const struct generate_query *q = query;
    const struct kube_generate_options o = { .type = q->type,
                                             .service = q->service,
                                             .podman_only = q->podman_only,
                                             .no_trunc = q->no_trunc,
                                             .replicas = q->replicas };
    struct engine *e = request_engine(r);
    AUTO_BUF text = { 0 };

    if (!q->names)
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "names parameter is required");
    if (!STR_IN(q->type, "pod", "deployment", "daemonset", "job"))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "invalid type \"%s\"", q->type);
    int res = e ? kube_generate(e, r->arena, q->names, &o, &text, r->err) : -EIO;
    if (res < 0)
        return res;
    conn_reply(r->conn, 200, "text/vnd.yaml", NULL, text.data, text.len);
    return 0;
}

#define PLAY(m, p, fn) ROUTE_Q(m, p, ROUTE_LIBPOD, fn, struct play_query, play_fields)
#define GENERATE(p)                                                                                \
    ROUTE_Q("GET", p, ROUTE_LIBPOD, generate, struct generate_query, generate_fields)
const struct route kube_routes[] = {
    PLAY("POST", "/kube/play", play),
    PLAY("POST", "/play/kube", play),
    PLAY("DELETE", "/kube/play", down),
    PLAY("DELETE", "/play/kube", down),
    GENERATE("/kube/generate"),
    GENERATE("/generate/kube"),
    { 0 },
};
