#include "engine/summary.h"

#include <inttypes.h>

#include "base/parse.h"
#include "engine/health.h"
#include "engine/pods.h"

#include "base/banned.h"

char *container_status_text(struct engine *e, struct arena *a, const struct container *c,
                            int64_t now)
{
    struct health_state health;
    char text[64];

    switch (c->status) {
    case CTR_RUNNING:
        human_duration(now - c->run.started_at, text, sizeof(text));
        return container_health(e, a, c, &health)
                   ? arena_printf(a, "Up %s (%s)", text, health.status)
                   : arena_printf(a, "Up %s", text);
    case CTR_PAUSED:
        return arena_strdup(a, "Paused");
    case CTR_EXITED:
        if (!c->run.finished_at)
            return arena_printf(a, "Exited (%" PRId64 ")", c->run.exit_code);
        return arena_printf(a, "Exited (%" PRId64 ") %s ago", c->run.exit_code,
                            human_duration(now - c->run.finished_at, text, sizeof(text)));
    case CTR_CREATED:
        return arena_strdup(a, "Created");
    case CTR_INITIALIZED:
        return arena_strdup(a, "Initialized");
    case CTR_STOPPING:
        return arena_strdup(a, "Stopping");
    case CTR_STATUS_COUNT:
        break;
    }
    return arena_strdup(a, "");
}

static json_t *mounts_of(const struct container_config *c)
{
    json_t *out = json_array();

    for (size_t i = 0; i < c->mounts.n; i++)
        json_array_append_new(out, json_string(c->mounts.items[i].destination));
    return out;
}

static json_t *strings_of(char *const *v)
{
    json_t *out = json_array();

    for (; v && *v; v++)
        json_array_append_new(out, json_string(*v));
    return out;
}

const struct container_namespace container_namespaces[CTR_NAMESPACES] = {
    { "Mnt", "mnt" },   { "Cgroup", "cgroup" }, { "Ipc", "ipc" },   { "Net", "net" },
    { "Pidns", "pid" }, { "Uts", "uts" },       { "User", "user" },
};

static json_t *namespaces_of(const struct container *c)
{
    json_t *out = json_object();

    for (size_t i = 0; c->run.pid > 0 && i < ARRAY_SIZE(container_namespaces); i++) {
        char path[64], link[64];
        snprintf(path, sizeof(path), "/proc/%" PRId64 "/ns/%s", c->run.pid,
                 container_namespaces[i].proc);
        ssize_t n = readlink(path, link, sizeof(link) - 1);
        if (n <= 0)
            continue;
        link[n] = '\0'; /* "net:[4026531840]" */
        char *number = strchr(link, '[');
        if (number) {
            number[strcspn(number, "]")] = '\0';
            json_object_set_new(out, container_namespaces[i].json, json_string(number + 1));
        }
    }
    return out;
}

char **container_network_names(struct arena *a, const struct container_config *c)
{
    char **out = NULL;

    for (size_t i = 0; i < c->networks.n; i++)
        out = strv_add(a, out, c->networks.items[i].name);
    return out;
}

static json_t *ports_of(const struct container_config *c)
{
    json_t *out = c->ports.n ? json_array() : json_null();

    for (size_t i = 0; i < c->ports.n; i++) {
        const struct container_port *p = &c->ports.items[i];
        json_array_append_new(out, json_pack("{s:s,s:I,s:I,s:I,s:s}", "host_ip",
                                             p->host_ip ? p->host_ip : "", "container_port",
                                             (json_int_t)p->container_port, "host_port",
                                             (json_int_t)p->host_port, "range",
                                             (json_int_t)p->range, "protocol", p->protocol));
    }
    return out;
}

/* Exposed ports: number -> protocols. */
static json_t *exposed_of(const struct container_config *c)
{
    json_t *out = c->expose ? json_object() : json_null();

    for (char **x = c->expose; x && *x; x++) {
        char number[8];
        snprintf(number, sizeof(number), "%.*s", (int)strcspn(*x, "/"), *x);
        if (!json_object_get(out, number))
            json_object_set_new(out, number, json_array());
        json_array_append_new(json_object_get(out, number), json_string(*x + strcspn(*x, "/") + 1));
    }
    return out;
}

/* The document of --format json; the order is that of Podman's. */
json_t *container_summary(struct engine *e, struct arena *a, const struct container *c,
                          bool namespaces, int64_t now)
{
    const struct container_config *k = &c->config;
    char human[64];
    json_t *row = json_pack(
        "{s:b,s:o,s:s,s:s,s:b,s:I,s:I,s:o,s:s,s:s,s:s,s:b,s:o,s:o,s:[s],s:o,s:o,s:I,s:s,s:s,s:o,"
        "s:I,s:n,s:I,s:s,s:s,s:I}",
        "AutoRemove", k->auto_remove, "Command", strings_of(k->command), "CreatedAt",
        arena_printf(a, "%s ago", human_duration(now - k->created, human, sizeof(human))),
        "CIDFile", k->cid_file ? k->cid_file : "", "Exited", c->status == CTR_EXITED, "ExitedAt",
        (json_int_t)(c->run.finished_at ? c->run.finished_at / NSEC_PER_SEC : -62135596800LL),
        "ExitCode", (json_int_t)c->run.exit_code, "ExposedPorts", exposed_of(k), "Id", k->id,
        "Image", k->image_name ? k->image_name : "", "ImageID", k->image ? k->image : "", "IsInfra",
        k->infra, "Labels", k->labels.n ? kv_object(&k->labels) : json_null(), "Mounts",
        mounts_of(k), "Names", k->name, "Namespaces", namespaces ? namespaces_of(c) : json_object(),
        "Networks", strings_of(container_network_names(a, k)), "Pid",
        (json_int_t)(c->alive ? c->run.pid : 0), "Pod", k->pod ? k->pod : "", "PodName",
        pod_name(e, a, k->pod), "Ports", ports_of(k), "Restarts", (json_int_t)c->run.restart_count,
        "Size", "StartedAt",
        (json_int_t)(c->run.started_at ? c->run.started_at / NSEC_PER_SEC : -62135596800LL),
        "State", container_status_names[c->status], "Status", container_status_text(e, a, c, now),
        "Created", (json_int_t)(k->created / NSEC_PER_SEC));
    return row;
}
