#include "api/documents.h"

#include <stdarg.h>

#include "base/parse.h"
#include "config/containers.h"
#include "engine/network.h"
#include "engine/system.h"

#include "base/banned.h"

json_t *doc_strings(char *const *v, bool null)
{
    json_t *out = v || !null ? json_array() : json_null();

    for (; v && *v; v++)
        json_array_append_new(out, json_string(*v));
    return out;
}

json_t *doc_time(int64_t ns)
{
    char text[TIME_TEXT_MAX];

    return json_string(time_format_rfc3339(ns, text));
}

json_t *doc_text(const char *s)
{
    return json_string(s ? s : "");
}

json_t *doc_sha(const char *id)
{
    return str_empty(id) ? json_string("") : json_sprintf("sha256:%s", id);
}

json_t *doc_set(char *const *v)
{
    json_t *out = v ? json_object() : json_null();

    for (; v && *v; v++)
        json_object_set_new(out, *v, json_object());
    return out;
}

json_t *doc_map(const kv_list *m)
{
    return m->n ? kv_object(m) : json_object();
}

json_t *doc_get(const json_t *doc, ...)
{
    va_list args;

    va_start(args, doc);
    for (const char *key; doc && (key = va_arg(args, const char *));)
        doc = json_object_get(doc, key);
    va_end(args);
    return (json_t *)(uintptr_t)doc;
}

void doc_rename(json_t *doc, const char *from, const char *to)
{
    json_t *value = json_object_get(doc, from);

    if (value && to)
        json_object_set(doc, to, value);
    if (value)
        json_object_del(doc, from);
}

const char *docker_name(struct request *r, const char *name)
{
    const char *slash = strchr(name, '/');
    char *first = arena_strndup(r->arena, name, slash ? (size_t)(slash - name) : 0);

    if (!engine_config(request_engine(r))->engine.compat_api_enforce_docker_hub ||
        strpbrk(first, ".:") || STR_EQ(first, "localhost"))
        return name;
    return arena_printf(r->arena, slash ? "docker.io/%s" : "docker.io/library/%s", name);
}

const char *docker_log_driver(const char *name)
{
    return str_empty(name) || STR_EQ(name, "k8s-file") ? "json-file" : name;
}

const char *usual_network(struct request *r)
{
    return engine_networks(request_engine(r))->default_name;
}

const char *docker_network(struct request *r, const char *name)
{
    return STR_EQ(name, usual_network(r)) ? "bridge" : name;
}

/* ---------- info ---------- */

static int64_t number(const json_t *doc, const char *a, const char *b, const char *c)
{
    return json_integer_value(doc_get(doc, a, b, c, NULL));
}

static json_t *security_of(const json_t *info)
{
    json_t *out = json_array(), *of = doc_get(info, "host", "security", NULL);

    if (json_is_true(json_object_get(of, "seccompEnabled")))
        json_array_append_new(out, json_string("name=seccomp,profile=default"));
    if (json_is_true(json_object_get(of, "apparmorEnabled")))
        json_array_append_new(out, json_string("name=apparmor"));
    if (json_is_true(json_object_get(of, "selinuxEnabled")))
        json_array_append_new(out, json_string("name=selinux"));
    if (json_is_true(json_object_get(of, "rootless")))
        json_array_append_new(out, json_string("name=rootless"));
    return out;
}

static json_t *driver_status(const json_t *info)
{
    json_t *out = json_array(), *value;
    const char *key;

    json_object_foreach (doc_get(info, "store", "graphStatus", NULL), key, value)
        json_array_append_new(out, json_pack("[s,O]", key, value));
    return out;
}

/* What Docker tells of a host and Podman does not: all present, nothing invented. */
static void add_constants(json_t *doc)
{
    static const char *const yes[] = {
        "MemoryLimit",      "SwapLimit",         "CpuCfsPeriod",      "CpuCfsQuota",    "CPUShares",
        "CPUSet",           "PidsLimit",         "OomKillDisable",    "IPv4Forwarding", "Debug",
        "BridgeNfIptables", "BridgeNfIp6tables", "ExperimentalBuild",
    };

    for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
        json_object_set_new(
            doc, yes[i],
            json_boolean(!STR_IN(yes[i], "Debug", "BridgeNfIptables", "BridgeNfIp6tables")));
    json_object_update_missing_new(
        doc,
        json_pack("{s:s,s:s,s:[],s:[],s:s,s:s,s:s,s:s,s:b,s:s,s:s,s:n,s:i,s:i,s:s,s:[],s:[]}",
                  "OSType", "linux", "InitBinary", "podman-init", "Warnings", "Labels", "HttpProxy",
                  "", "HttpsProxy", "", "NoProxy", "", "ProductLicense", "Apache-2.0",
                  "LiveRestoreEnabled", 0, "Isolation", "", "IndexServerAddress",
                  "https://index.docker.io/v1/", "GenericResources", "NFd", 0, "NEventsListener", 0,
                  "SystemTime", "", "CDISpecDirs", "DefaultAddressPools"));
    json_object_set_new(doc, "SystemTime", doc_time(time_now()));
    json_object_set_new(doc, "ContainerdCommit", json_pack("{s:s,s:s}", "ID", "", "Expected", ""));
    json_object_set_new(doc, "RuncCommit",
                        json_pack("{s:s,s:s}", "ID", PODMAN_VERSION, "Expected", PODMAN_VERSION));
    json_object_set_new(doc, "InitCommit",
                        json_pack("{s:s,s:s}", "ID", PODMAN_VERSION, "Expected", PODMAN_VERSION));
    json_object_set_new(doc, "Swarm",
                        json_pack("{s:s,s:s,s:s,s:b,s:s,s:n}", "NodeID", "", "NodeAddr", "",
                                  "LocalNodeState", "inactive", "ControlAvailable", 0, "Error", "",
                                  "RemoteManagers"));
    json_object_set_new(
        doc, "RegistryConfig",
        json_pack("{s:{},s:[],s:[]}", "IndexConfigs", "InsecureRegistryCIDRs", "Mirrors"));
    json_object_set_new(doc, "Plugins",
                        json_pack("{s:[s],s:[s,s,s],s:[s,s,s,s],s:n}", "Volume", "local", "Network",
                                  "bridge", "macvlan", "ipvlan", "Log", "k8s-file", "json-file",
                                  "journald", "none", "Authorization"));
}

json_t *compat_info(struct request *r)
{
    struct engine *e = request_engine(r);
    AUTO_JSON *info = e ? system_info(e, r->arena, r->err) : NULL;

    if (!info)
        return NULL;
    int64_t running = number(info, "store", "containerStore", "running"),
            paused = number(info, "store", "containerStore", "paused"),
            stopped = number(info, "store", "containerStore", "stopped");
    json_t *host = json_object_get(info, "host"), *store = json_object_get(info, "store");
    const char *cgroups = json_string_value(json_object_get(host, "cgroupVersion"));
    const char *runtime = json_string_value(doc_get(host, "ociRuntime", "name", NULL));
    json_t *doc = json_pack(
        "{s:s,s:I,s:I,s:I,s:I,s:O?,s:O?,s:o,s:O?,s:O?,s:O?,s:O?,s:O?,s:O?,s:s,s:s,s:O?,s:s,s:s,s:"
        "o,s:I}",
        "ID", "", "Containers", (json_int_t)(running + paused + stopped), "ContainersRunning",
        (json_int_t)running, "ContainersPaused", (json_int_t)paused, "ContainersStopped",
        (json_int_t)stopped, "Images", doc_get(store, "imageStore", "number", NULL), "Driver",
        json_object_get(store, "graphDriverName"), "DriverStatus", driver_status(info),
        "LoggingDriver",
        json_string(docker_log_driver(json_string_value(json_object_get(host, "logDriver")))),
        "CgroupDriver", json_object_get(host, "cgroupManager"), "NCPU",
        json_object_get(host, "cpus"), "MemTotal", json_object_get(host, "memTotal"),
        "DockerRootDir", json_object_get(store, "graphRoot"), "Name",
        json_object_get(host, "hostname"), "ServerVersion", PODMAN_VERSION, "CgroupVersion",
        cgroups && strstr(cgroups, "2") ? "2" : "1", "KernelVersion",
        json_object_get(host, "kernel"), "DefaultRuntime", runtime ? runtime : "", "OSVersion", "",
        "SecurityOptions", security_of(info), "SwapTotal",
        (json_int_t)number(info, "host", "swapTotal", NULL));
    const char *os = json_string_value(doc_get(host, "distribution", "distribution", NULL));
    const char *arch = json_string_value(json_object_get(host, "arch"));
    json_object_set_new(doc, "OperatingSystem", doc_text(os));
    json_object_set_new(doc, "Architecture", doc_text(arch));
    json_object_set_new(doc, "Rootless",
                        json_boolean(json_is_true(doc_get(host, "security", "rootless", NULL))));
    json_object_set_new(doc, "Runtimes",
                        json_pack("{s:{s:O?}}", runtime ? runtime : "oci", "path",
                                  doc_get(host, "ociRuntime", "path", NULL)));
    json_object_set(doc, "OSVersion", doc_get(host, "distribution", "version", NULL));
    json_object_set(doc, "SwapFree", json_object_get(host, "swapFree"));
    json_object_set(doc, "MemFree", json_object_get(host, "memFree"));
    add_constants(doc);
    return doc;
}
