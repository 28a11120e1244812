/* Docker's view of a container: lists and inspect. */
#include <inttypes.h>

#include "api/documents.h"
#include "base/parse.h"
#include "engine/inspect_network.h"
#include "engine/networks.h"
#include "engine/summary.h"

#include "base/banned.h"

/* Docker's words for a state. */
static const char *docker_state(enum container_status s)
{
    return s == CTR_INITIALIZED ? "created"
           : s == CTR_STOPPING  ? "running"
                                : container_status_names[s];
}

static json_t *port_row(const struct container_port *p, int64_t i)
{
    json_t *row = json_pack("{s:I,s:s}", "PrivatePort", (json_int_t)(p->container_port + i), "Type",
                            p->protocol);

    if (p->host_port) {
        json_object_set_new(row, "IP", json_string(str_empty(p->host_ip) ? "0.0.0.0" : p->host_ip));
        json_object_set_new(row, "PublicPort", json_integer(p->host_port + i));
    }
    return row;
}

static json_t *ports_of(const struct container_config *c)
{
    json_t *out = json_array();

    for (size_t i = 0; i < c->ports.n; i++)
        for (int64_t k = 0; k < MAX(c->ports.items[i].range, (int64_t)1); k++)
            json_array_append_new(out, port_row(&c->ports.items[i], k));
    return out;
}

static json_t *mount_of(struct request *r, const struct container_mount *m)
{
    bool volume = STR_EQ(m->type, "volume");
    const char *source = m->source ? m->source : "";
    json_t *doc = json_pack("{s:s,s:s,s:s,s:s,s:b,s:s}", "Type", m->type, "Source",
                            volume ? arena_printf(r->arena, "%s/%s/_data",
                                                  engine_volume_path(request_engine(r)), source)
                                   : source,
                            "Destination", m->destination, "Mode", "", "RW",
                            !strv_has(m->options, "ro"), "Propagation", volume ? "" : "rprivate");

    if (volume) {
        json_object_set_new(doc, "Name", json_string(source));
        json_object_set_new(doc, "Driver", json_string("local"));
    }
    for (char **p = m->options; p && *p; p++)
        if (STR_IN(*p, "shared", "rshared", "slave", "rslave", "private"))
            json_object_set_new(doc, "Propagation", json_string(*p));
    return doc;
}

static json_t *mounts_of(struct request *r, const struct container_config *c)
{
    json_t *out = json_array();

    for (size_t i = 0; i < c->mounts.n; i++)
        if (STR_IN(c->mounts.items[i].type, "bind", "volume"))
            json_array_append_new(out, mount_of(r, &c->mounts.items[i]));
    return out;
}

static json_t *networks_of(struct request *r, const struct container *c)
{
    struct inspect_container o = { 0 };
    json_t *out = inspect_network(request_engine(r), r->arena, c, &o);

    doc_rename(out, usual_network(r), "bridge");
    return out ? out : json_object();
}

static char *status_text(struct request *r, const struct container *c)
{
    char text[64];

    if (c->status == CTR_PAUSED)
        return arena_printf(r->arena, "Up %s (Paused)",
                            human_duration(time_now() - c->run.started_at, text, sizeof(text)));
    if (c->status == CTR_INITIALIZED)
        return arena_strdup(r->arena, "Created");
    return container_status_text(request_engine(r), r->arena, c, time_now());
}

json_t *compat_summary(struct request *r, const struct container *c, bool size)
{
    const struct container_config *k = &c->config;
    char **words = strv_concat(r->arena, k->entrypoint, k->command);
    int64_t rw, root;
    json_t *doc = json_pack(
        "{s:s,s:[s],s:s,s:o,s:s,s:I,s:o,s:o,s:s,s:s,s:o,s:o,s:{s:s},s:{s:o}}", "Id", k->id, "Names",
        arena_printf(r->arena, "/%s", k->name), "Image", k->image_name ? k->image_name : "",
        "ImageID", doc_sha(k->image), "Command", strv_join(r->arena, words, " "), "Created",
        (json_int_t)(k->created / NSEC_PER_SEC), "Ports", ports_of(k), "Labels",
        doc_map(&k->labels), "State", docker_state(c->status), "Status", status_text(r, c), "Name",
        json_sprintf("/%s", k->name), "Mounts", mounts_of(r, k), "HostConfig", "NetworkMode",
        k->netns ? k->netns : "", "NetworkSettings", "Networks", networks_of(r, c));

    if (size && container_size(request_engine(r), c, &rw, &root, NULL) == 0) {
        json_object_set_new(doc, "SizeRw", json_integer(rw));
        json_object_set_new(doc, "SizeRootFs", json_integer(root));
    }
    return doc;
}

/* ---------- inspect ---------- */

/* Podman's document has most of Docker's keys; these are the ones that differ. */
static void shape_host(struct request *r, json_t *host, const struct container_config *c)
{
    static const char *const dropped[] = { "CgroupManager", "CgroupMode",      "Cgroups",
                                           "CgroupConf",    "AutoRemoveImage", "HostsFile",
                                           "IDMappings",    "IntelRdtClosID" };
    static const char *const modes[] = { "PidMode", "UTSMode", "UsernsMode" };

    for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
        json_object_del(host, dropped[i]);
    for (size_t i = 0; i < ARRAY_SIZE(modes);
         i++) { /* "" is Docker's word for a namespace of its own */
        const char *mode = json_string_value(json_object_get(host, modes[i]));
        if (mode && STR_EQ(mode, i == 2 ? "host" : "private"))
            json_object_set_new(host, modes[i], json_string(""));
    }
    json_object_set_new(host, "CgroupnsMode", doc_text(c->cgroupns));
    json_object_set_new(host, "LogConfig",
                        json_pack("{s:s,s:o}", "Type", docker_log_driver(c->log_driver), "Config",
                                  doc_map(&c->log_options)));
    json_object_set_new(host, "ConsoleSize", json_pack("[i,i]", 0, 0));
    json_object_set_new(host, "Sysctls", doc_map(&c->sysctls));
    json_object_set_new(host, "MaskedPaths", json_null());
    json_object_set_new(host, "ReadonlyPaths", json_null());
    json_object_set_new(host, "Init", json_boolean(c->init));
    if (c->networks.n == 1 && str_same(c->netns, "bridge"))
        json_object_set_new(host, "NetworkMode",
                            json_string(docker_network(r, c->networks.items[0].name)));
}

static void shape_config(json_t *config, const struct container_config *c)
{
    static const char *const dropped[] = {
        "Annotations",
        "CreateCommand",
        "Umask",
        "Secrets",
        "Timeout",
        "Passwd",
        "sdNotifyMode",
        "sdNotifySocket",
        "Timezone",
        "HealthcheckOnFailureAction",
        "HealthLogDestination",
        "HealthcheckMaxLogCount",
        "HealthcheckMaxLogSize",
        "StartupHealthCheck",
        "ChrootDirs",
    };

    for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
        json_object_del(config, dropped[i]);
    if (!c->entrypoint)
        json_object_set_new(config, "Entrypoint", json_null());
    if (!c->command)
        json_object_set_new(config, "Cmd", json_null());
    json_object_set_new(config, "Labels", doc_map(&c->labels));
    json_object_set_new(config, "OnBuild", json_null());
    json_object_set_new(config, "StopSignal", doc_text(c->stop_signal));
    json_t *volumes = json_object();
    for (size_t i = 0; i < c->mounts.n; i++)
        if (c->mounts.items[i].from_image)
            json_object_set_new(volumes, c->mounts.items[i].destination, json_object());
    json_object_set_new(config, "Volumes", volumes);
}

static void shape_state(json_t *state, const struct container *c)
{
    static const char *const dropped[] = { "OciVersion",     "ConmonPid",  "CgroupPath",
                                           "CheckpointedAt", "RestoredAt", "StoppedByUser" };

    for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
        json_object_del(state, dropped[i]);
    json_object_set_new(state, "Status", json_string(docker_state(c->status)));
    if (c->status == CTR_PAUSED) /* for Docker one that is paused runs */
        json_object_set_new(state, "Running", json_true());
    doc_rename(state, "Healthcheck", "Health");
}

json_t *compat_inspect(struct request *r, const struct container *c, bool size)
{
    static const char *const dropped[] = {
        "ImageDigest", "ImageName",     "Rootfs",           "Pod",
        "StaticDir",   "OCIConfigPath", "OCIRuntime",       "ConmonPidFile",
        "PidFile",     "EffectiveCaps", "BoundingCaps",     "Dependencies",
        "Namespace",   "IsInfra",       "IsService",        "KubeExitCodePropagation",
        "lockNumber",  "UseImageHosts", "UseImageHostname",
    };
    json_t *doc = container_inspect(request_engine(r), r->arena, c, size, r->err);

    if (!doc)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
        json_object_del(doc, dropped[i]);
    json_object_set_new(doc, "Name", json_sprintf("/%s", c->config.name));
    json_object_set_new(doc, "Image", doc_sha(c->config.image));
    json_object_set_new(doc, "Platform", json_string("linux"));
    json_object_set_new(doc, "LogPath", doc_text(c->config.log_path));
    json_object_set_new(doc, "Mounts", mounts_of(r, &c->config));
    if (!json_array_size(json_object_get(doc, "ExecIDs")))
        json_object_set_new(doc, "ExecIDs", json_null());
    json_t *networks = doc_get(doc, "NetworkSettings", NULL);
    if (!doc_get(networks, "Networks", NULL))
        json_object_set_new(networks, "Networks", json_object());
    doc_rename(doc_get(networks, "Networks", NULL), usual_network(r), "bridge");
    if (!json_is_object(doc_get(networks, "Ports", NULL)))
        json_object_set_new(networks, "Ports", json_object());
    shape_state(json_object_get(doc, "State"), c);
    shape_host(r, json_object_get(doc, "HostConfig"), &c->config);
    shape_config(json_object_get(doc, "Config"), &c->config);
    return doc;
}
