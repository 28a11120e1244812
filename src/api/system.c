/* _ping, version, info, auth, and what is about the system as a whole. */
#include <sys/utsname.h>

#include "api/documents.h"
#include "api/route.h"
#include "base/parse.h"
#include "config/auth.h"
#include "engine/events.h"
#include "engine/images.h"
#include "engine/system.h"
#include "spec/image.h"

#include "base/banned.h"

#define API_VERSION     "1.44"
#define API_VERSION_MIN "1.24"

static int ping(struct request *r, const void *query)
{
    (void)query;
    conn_reply(r->conn, 200, "text/plain",
               "Buildkit-Version: \r\nBuilder-Version: \r\nCache-Control: no-cache\r\n"
               "Docker-Experimental: true\r\nOstype: linux\r\nOSType: linux\r\nPragma: no-cache\r\n"
               "Libpod-Buildah-Version: " PODMAN_VERSION "\r\n",
               "OK", 2);
    return 0;
}

static json_t *engine_component(const struct utsname *u)
{
    return json_pack("{s:s,s:s,s:{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}}", "Name", "Podman Engine",
                     "Version", PODMAN_VERSION, "Details", "APIVersion", PODMAN_VERSION, "Arch",
                     platform_host_arch(), "BuildTime", "1970-01-01T00:00:00Z", "Experimental",
                     "false", "GitCommit", "", "GoVersion", "", "KernelVersion", u->release,
                     "MinAPIVersion", "4.0.0", "Os", "linux");
}

static int version(struct request *r, const void *query)
{
    struct utsname u;

    (void)query;
    uname(&u);
    json_t *components = json_array();
    json_array_append_new(components, engine_component(&u));
    json_array_append_new(components,
                          json_pack("{s:s,s:s,s:{s:s}}", "Name", "OCI Runtime", "Version",
                                    PODMAN_VERSION, "Details", "Package", ""));
    return reply_json(r, 200,
                      json_pack("{s:{s:s},s:o,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "Platform",
                                "Name", arena_printf(r->arena, "linux/%s", platform_host_arch()),
                                "Components", components, "Version", PODMAN_VERSION, "ApiVersion",
                                API_VERSION, "MinAPIVersion", API_VERSION_MIN, "GitCommit", "",
                                "GoVersion", "", "Os", "linux", "Arch", platform_host_arch(),
                                "KernelVersion", u.release, "BuildTime", "1970-01-01T00:00:00Z"));
}

static int info(struct request *r, const void *query)
{
    struct engine *e = request_engine(r);

    (void)query;
    if (!e)
        return -EIO;
    json_t *doc = r->libpod ? system_info(e, r->arena, r->err) : compat_info(r);
    return doc ? reply_json(r, 200, doc) : -EIO;
}

/* ---------- auth ---------- */

struct auth_body {
    char *username, *password, *serveraddress, *identitytoken;
};
static const struct json_field auth_rows[] = {
    JF_STR(struct auth_body, username, "username", 0),
    JF_STR(struct auth_body, password, "password", 0),
    JF_STR(struct auth_body, serveraddress, "serveraddress", 0),
    JF_STR(struct auth_body, identitytoken, "identitytoken", 0),
    { 0 },
};
static const struct json_type auth_type = JSON_TYPE(struct auth_body, auth_rows);

/* Does the registry take these credentials?  Nothing is kept: clients keep them themselves. */
static int auth(struct request *r, const void *query)
{
    struct auth_body b = { 0 };
    AUTO_JSON *doc = NULL;
    int res = request_body(r, &auth_type, &b, false, &doc);

    (void)query;
    if (res < 0)
        return res;
    char *registry = b.serveraddress ? b.serveraddress : arena_strdup(r->arena, "docker.io");
    int insecure = str_starts(registry, "http://");
    char *slashes = strstr(registry, "://");
    registry = slashes ? slashes + 3 : registry;
    registry = arena_strndup(r->arena, registry, strcspn(registry, "/"));
    if (STR_IN(registry, "index.docker.io", "registry-1.docker.io", ""))
        registry = arena_strdup(r->arena, "docker.io");
    struct image_login l = { .registry = registry,
                             .user = b.username ? b.username : "",
                             .password = b.password ? b.password : "",
                             .tls_verify = insecure ? 0 : -1 };
    if (!request_engine(r)) /* its configuration says which registries are insecure */
        return -EIO;
    res = images_login(r->arena, &l, r->err);
    if (res < 0 && r->err->kind == ERR_DENIED)
        return reply_json(r, 401,
                          json_pack("{s:s,s:s,s:i}", "cause", r->err->msg, "message", r->err->msg,
                                    "response", 401));
    return res < 0 ? res
                   : reply_json(
                         r, 200,
                         json_pack("{s:s,s:s}", "IdentityToken", "", "Status", "Login Succeeded"));
}

/* ---------- df, prune, check ---------- */

static json_t *compat_df(struct request *r, json_t *doc)
{
    json_t *out = json_object(), *each, *list;
    size_t i;

    json_object_set_new(out, "LayersSize",
                        json_integer(json_integer_value(json_object_get(doc, "ImagesSize"))));
    list = json_array();
    json_array_foreach (json_object_get(doc, "Images"), i, each) {
        const char *repo = json_string_value(json_object_get(each, "Repository"));
        const char *tag = json_string_value(json_object_get(each, "Tag"));
        int64_t created = 0;
        const char *when = json_string_value(json_object_get(each, "Created"));
        if (when && parse_rfc3339(when, &created) < 0)
            created = 0;
        json_array_append_new(
            list,
            json_pack("{s:o,s:s,s:[s],s:[],s:I,s:O?,s:O?,s:n,s:O?}", "Id",
                      doc_sha(json_string_value(json_object_get(each, "ImageID"))), "ParentId", "",
                      "RepoTags",
                      arena_printf(r->arena, "%s:%s", repo ? repo : "<none>", tag ? tag : "<none>"),
                      "RepoDigests", "Created", (json_int_t)(created / NSEC_PER_SEC), "Size",
                      json_object_get(each, "Size"), "SharedSize",
                      json_object_get(each, "SharedSize"), "Labels", "Containers",
                      json_object_get(each, "Containers")));
    }
    json_object_set_new(out, "Images", list);
    list = json_array();
    json_array_foreach (json_object_get(doc, "Containers"), i, each)
        json_array_append_new(list, json_pack("{s:O?,s:[O],s:O?,s:O?,s:O?,s:O?}", "Id",
                                              json_object_get(each, "ContainerID"), "Names",
                                              json_object_get(each, "Names"), "Image",
                                              json_object_get(each, "Image"), "SizeRw",
                                              json_object_get(each, "RWSize"), "SizeRootFs",
                                              json_object_get(each, "Size"), "State",
                                              json_object_get(each, "Status")));
    json_object_set_new(out, "Containers", list);
    list = json_array();
    json_array_foreach (json_object_get(doc, "Volumes"), i, each)
        json_array_append_new(list,
                              json_pack("{s:O?,s:s,s:s,s:s,s:n,s:n,s:{s:O?,s:O?}}", "Name",
                                        json_object_get(each, "VolumeName"), "Driver", "local",
                                        "Mountpoint", "", "Scope", "local", "Labels", "Options",
                                        "UsageData", "Size", json_object_get(each, "Size"),
                                        "RefCount", json_object_get(each, "Links")));
    json_object_set_new(out, "Volumes", list);
    json_object_set_new(out, "BuildCache", json_array());
    json_object_set_new(out, "BuildCacheSize", json_integer(0));
    return out;
}

static int df(struct request *r, const void *query)
{
    struct engine *e = request_engine(r);
    AUTO_JSON *doc = e ? system_df(e, r->arena, r->err) : NULL;

    (void)query;
    if (!doc)
        return -EIO;
    return reply_json(r, 200, r->libpod ? json_incref(doc) : compat_df(r, doc));
}

struct prune_query {
    bool all, volumes, external, build;
    char **filters;
};
static const struct query_field prune_fields[] = {
    QF_BOOL(struct prune_query, all, "all", NULL),
    QF_BOOL(struct prune_query, volumes, "volumes", NULL),
    QF_BOOL(struct prune_query, external, "external", NULL),
    QF_BOOL(struct prune_query, build, "build", NULL),
    QF_FILTERS(struct prune_query, filters),
    { 0 },
};

static json_t *reports(char *const *ids, const char *key)
{
    json_t *out = json_array();

    for (; ids && *ids; ids++)
        json_array_append_new(out, STR_EQ(key, "Name")
                                       ? json_pack("{s:s,s:n}", key, *ids, "Error")
                                       : json_pack("{s:s,s:i}", key, *ids, "Size", 0));
    return out;
}

static int prune(struct request *r, const void *query)
{
    const struct prune_query *q = query;
    struct engine *e = request_engine(r);
    struct system_pruned p = { 0 };
    struct system_prune_options o = {
        .all = q->all, .volumes = q->volumes, .external = q->external, .filters = q->filters
    };
    int res = e ? system_prune(e, r->arena, &o, &p, r->err) : -EIO;

    if (res < 0)
        return res;
    return reply_json(r, 200,
                      json_pack("{s:[],s:o,s:o,s:o,s:o,s:I}", "PodPruneReport",
                                "ContainerPruneReports", reports(p.containers, "Id"),
                                "ImagePruneReports", reports(p.images, "Id"), "NetworkPruneReports",
                                reports(p.networks, "Name"), "VolumePruneReports",
                                reports(p.volumes, "Id"), "ReclaimedSpace", (json_int_t)p.bytes));
}

struct check_query {
    bool quick, repair, lossy;
    char *max_age;
};
static const struct query_field check_fields[] = {
    QF_BOOL(struct check_query, quick, "quick", NULL),
    QF_BOOL(struct check_query, repair, "repair", NULL),
    QF_BOOL(struct check_query, lossy, "repair_lossy", NULL),
    QF_STR(struct check_query, max_age, "unreferenced_layer_max_age", "24h0m0s"),
    { 0 },
};

static int check(struct request *r, const void *query)
{
    const struct check_query *q = query;
    struct engine *e = request_engine(r);
    struct system_checked found = { 0 };
    struct system_check_options o = { .quick = q->quick, .repair = q->repair, .lossy = q->lossy };

    if (!e)
        return -EIO;
    if (parse_duration(q->max_age, &o.max_age_ns) < 0)
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "invalid unreferenced_layer_max_age \"%s\"",
                       q->max_age);
    int res = system_check(e, r->arena, &o, &found, r->err);
    if (res < 0)
        return res;
    json_t *doc = json_pack("{s:b,s:{},s:{},s:{},s:[],s:{}}", "Errors", found.problems.n > 0,
                            "Layers", "ROLayers", "Images", "RemovedImages", "RemovedContainers");
    for (size_t i = 0; i < found.problems.n; i++) {
        const struct system_problem *p = &found.problems.items[i];
        json_t *of = json_object_get(doc, STR_EQ(p->kind, "layer") ? "Layers" : "Images");
        json_object_set_new(of, p->object ? p->object : p->kind, json_pack("[s]", p->what));
    }
    return reply_json(r, 200, doc);
}

const struct route system_routes[] = {
    ROUTE("GET", "/_ping", ROUTE_BOTH | ROUTE_HARMLESS, ping),
    ROUTE("GET", "/version", ROUTE_BOTH | ROUTE_HARMLESS, version),
    ROUTE("GET", "/info", ROUTE_BOTH | ROUTE_HARMLESS, info),
    ROUTE("POST", "/auth", ROUTE_COMPAT | ROUTE_HARMLESS, auth),
    ROUTE("GET", "/system/df", ROUTE_BOTH, df),
    ROUTE_Q("POST", "/system/prune", ROUTE_LIBPOD, prune, struct prune_query, prune_fields),
    ROUTE_Q("POST", "/system/check", ROUTE_LIBPOD, check, struct check_query, check_fields),
    { 0 },
};
