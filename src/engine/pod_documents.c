#include "engine/network.h"
#include "engine/networks.h"
#include "engine/pods.h"

#include "base/banned.h"

/* The documents of `pod inspect` and `pod ps`. */

static bool is_propagation(const char *o)
{
    return STR_IN(o, "shared", "rshared", "slave", "rslave", "private", "rprivate", "unbindable",
                  "runbindable");
}

static void fill_mounts(struct engine *e, struct arena *a, const struct container_config *c,
                        struct inspect_pod *o)
{
    for (size_t i = 0; i < c->mounts.n; i++) {
        const struct container_mount *m = &c->mounts.items[i];
        bool volume = STR_EQ(m->type, "volume");
        struct inspect_pod_mount *x = LIST_ADD(a, o->mounts);
        *x = (struct inspect_pod_mount) {
            .type = m->type,
            .name = volume ? m->source : NULL,
            .source = volume ? arena_printf(a, "%s/%s/_data", engine_volume_path(e), m->source)
                             : m->source,
            .destination = m->destination,
            .driver = arena_strdup(a, volume ? "local" : ""),
            .mode = arena_strdup(a, ""),
            .rw = !strv_has(m->options, "ro"),
            .propagation = arena_strdup(a, "rprivate"),
            .subpath = m->subpath,
        };
        for (char **p = m->options; p && *p; p++)
            if (is_propagation(*p))
                x->propagation = *p;
            else if (!STR_IN(*p, "ro", "rw", ""))
                x->options = strv_add(a, x->options, *p);
        if (!x->options)
            x->options = strv_add(a, NULL, "rbind");
    }
}

static void fill_limits(struct arena *a, const struct container_resources *r, struct inspect_pod *o)
{
    o->cpu_period = r->cpu_period;
    o->cpu_quota = r->cpu_quota;
    o->cpu_shares = r->cpu_shares;
    o->cpuset_cpus = r->cpuset_cpus;
    o->cpuset_mems = r->cpuset_mems;
    o->memory_limit = r->memory;
    o->memory_swap = !r->memory_swap && r->memory > 0 ? 2 * r->memory : r->memory_swap;
    o->blkio_weight = r->blkio_weight;
    for (size_t i = 0; i < r->blkio_weight_device.n; i++)
        *LIST_ADD(a, o->blkio_weight_device) = (struct inspect_pod_weight) {
            r->blkio_weight_device.items[i].path, r->blkio_weight_device.items[i].rate
        };
    for (size_t i = 0; i < r->read_bps.n; i++)
        *LIST_ADD(a, o->device_read_bps) = (struct inspect_pod_rate) { r->read_bps.items[i].path,
                                                                       r->read_bps.items[i].rate };
    for (size_t i = 0; i < r->write_bps.n; i++)
        *LIST_ADD(a, o->device_write_bps) =
            (struct inspect_pod_rate) { r->write_bps.items[i].path, r->write_bps.items[i].rate };
}

/* What is shown of a mode: "" where it is the usual one. */
static char *mode_of(struct arena *a, const char *mode)
{
    return arena_strdup(a, mode && !STR_IN(mode, "private", "shareable", "host") ? mode : "");
}

static void fill_infra(struct engine *e, struct arena *a, const struct pod *p,
                       const struct container_config *c, struct inspect_pod *o)
{
    struct inspect_pod_infra *i = o->infra_config = arena_alloc(a, sizeof(*i));
    const struct container_network *first = c->networks.n ? c->networks.items : NULL;

    o->infra_container_id = c->id;
    o->hostname = arena_strdup(a, c->hostname);
    i->host_network = STR_EQ(c->netns, "host");
    i->static_ip = arena_strdup(a, first && first->ips ? first->ips[0] : "");
    i->static_mac = arena_strdup(a, first && first->mac ? first->mac : "");
    i->no_manage_resolv_conf = strv_has(c->dns_servers, "none");
    i->dns_server = c->dns_servers;
    i->dns_search = c->dns_searches;
    i->dns_option = c->dns_options;
    i->no_manage_hostname = c->no_hostname;
    i->no_manage_hosts = c->no_hosts;
    i->host_add = c->add_hosts;
    i->hosts_file = arena_strdup(a, c->hosts_file ? c->hosts_file : "");
    for (size_t k = 0; k < c->networks.n; k++)
        i->networks = strv_add(a, i->networks, c->networks.items[k].name);
    i->cpu_period = p->config.resources.cpu_period;
    i->cpu_quota = p->config.resources.cpu_quota;
    i->cpuset_cpus = p->config.resources.cpuset_cpus;
    i->pid_ns = mode_of(a, c->pidns);
    i->userns = mode_of(a, c->userns);
    i->uts_ns = mode_of(a, c->utsns);
    for (size_t k = 0; k < c->devices.n; k++)
        *LIST_ADD(a, o->devices) = (struct inspect_pod_device) { c->devices.items[k].source,
                                                                 c->devices.items[k].destination,
                                                                 c->devices.items[k].permissions };
    fill_mounts(e, a, c, o);
}

json_t *pod_inspect(struct engine *e, struct arena *a, const struct pod *p)
{
    const struct container *infra = pod_infra(p);
    struct inspect_pod o = {
        .id = p->config.id,
        .name = p->config.name,
        .created = p->config.created,
        .create_command = p->config.create_command,
        .exit_policy = p->config.exit_policy,
        .state = arena_strdup(a, pod_status_names[p->status]),
        .hostname = arena_strdup(a, ""),
        .labels = p->config.labels,
        .create_cgroup = p->config.cgroup != NULL,
        .cgroup_parent = p->config.cgroup_parent,
        .cgroup_path = p->config.cgroup,
        .create_infra = p->config.infra,
        .shared_namespaces = p->config.shared,
        .num_containers = (int64_t)p->members.n,
        .restart_policy = arena_strdup(a,
                                       p->config.restart_policy ? p->config.restart_policy : "no"),
        .security_opts = p->config.security_opts,
        .volumes_from = p->config.volumes_from,
    };

    for (size_t i = 0; i < p->members.n; i++) {
        const struct container *c = &p->members.items[i];
        *LIST_ADD(a, o.containers) = (struct inspect_pod_container) {
            c->config.id, c->config.name, arena_strdup(a, container_status_names[c->status])
        };
    }
    fill_limits(a, &p->config.resources, &o);
    AUTO_JSON *ports = NULL;
    if (infra) {
        fill_infra(e, a, p, &infra->config, &o);
        ports = container_port_bindings(&infra->config, false);
        o.infra_config->port_bindings = ports;
    }
    return json_from(&inspect_pod_type, &o);
}

json_t *pod_entry(struct engine *e, struct arena *a, const struct pod *p)
{
    const struct container *infra = pod_infra(p);
    struct pod_entry o = {
        .cgroup = arena_strdup(a, p->config.cgroup_parent ? p->config.cgroup_parent : ""),
        .created = p->config.created,
        .id = p->config.id,
        .infra_id = arena_strdup(a, infra ? infra->config.id : ""),
        .name = p->config.name,
        .namespace = arena_strdup(a, ""),
        .status = arena_strdup(a, pod_status_names[p->status]),
        .labels = p->config.labels,
    };

    (void)e;
    for (size_t i = 0; infra && i < infra->config.networks.n; i++)
        o.networks = strv_add(a, o.networks, infra->config.networks.items[i].name);
    for (size_t i = 0; i < p->members.n; i++) {
        const struct container *c = &p->members.items[i];
        *LIST_ADD(a, o.containers) = (struct pod_entry_container) {
            c->config.id, c->config.name, arena_strdup(a, container_status_names[c->status]),
            c->run.restart_count
        };
    }
    return json_from(&pod_entry_type, &o);
}
