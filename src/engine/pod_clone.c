#include "engine/engine_priv.h"
#include "engine/pods.h"

#include "base/banned.h"

/* A copy of a pod: what was asked for, without what creation made of it, is asked for again. */

static bool is_shared(const char *mode)
{
    return mode && str_starts(mode, "container:");
}

/* NAME-clone, or the first of NAME-clone1, NAME-clone2, ... that nobody has. */
static char *free_name(struct engine *e, struct arena *a, const char *name)
{
    char *out = arena_printf(a, "%s-clone", name);

    for (int i = 1; container_exists(e, out) || pod_exists(e, out); i++)
        out = arena_printf(a, "%s-clone%d", name, i);
    return out;
}

/* What the engine adds to each container's names of its own accord. */
static void copy_networks(struct arena *a, const struct container_config *from,
                          struct container_config *to)
{
    char *id = arena_strndup(a, from->id, 12);

    to->netns = is_shared(from->netns) ? NULL : from->netns;
    for (size_t i = 0; i < from->networks.n; i++) {
        struct container_network *n = LIST_ADD(a, to->networks);
        *n = from->networks.items[i];
        n->ips = NULL; /* an address is one container's */
        n->mac = NULL;
        n->aliases = NULL;
        for (char **p = from->networks.items[i].aliases; p && *p; p++)
            if (!STR_EQ(*p, id))
                n->aliases = strv_add(a, n->aliases, *p);
    }
}

/* Volumes that a container had for itself alone are new ones. */
static void copy_mounts(struct arena *a, const struct container_config *from,
                        struct container_config *to)
{
    to->mounts.items = NULL;
    to->mounts.n = 0;
    for (size_t i = 0; i < from->mounts.n; i++) {
        struct container_mount *m = LIST_ADD(a, to->mounts);
        *m = from->mounts.items[i];
        if (m->anonymous && STR_EQ(m->type, "volume"))
            m->source = NULL;
    }
}

void pod_clone_config(struct engine *e, struct arena *a, const struct pod *from,
                      struct pod_config *pod, struct container_config *infra)
{
    const struct container *c = pod_infra(from);

    *pod = from->config;
    pod->id = pod->infra_id = pod->cgroup = pod->cgroup_manager = NULL;
    pod->service_id = pod->service_exit = NULL;
    pod->name = free_name(e, a, from->config.name);
    *infra = (struct container_config) { .stop_timeout = -2, .log_size_max = -1 };
    if (!c)
        return;
    const struct container_config *k = &c->config;
    copy_networks(a, k, infra);
    copy_mounts(a, k, infra);
    memcpy(&infra->ports, &k->ports, sizeof(infra->ports));
    memcpy(&infra->devices, &k->devices, sizeof(infra->devices));
    infra->dns_servers = k->dns_servers;
    infra->dns_searches = k->dns_searches;
    infra->dns_options = k->dns_options;
    infra->add_hosts = k->add_hosts;
    infra->hosts_file = k->hosts_file;
    infra->no_hosts = k->no_hosts;
    infra->no_hostname = k->no_hostname;
    infra->hostname = str_same(k->hostname, from->config.name) ? NULL : k->hostname;
    infra->pidns = k->pidns;
    infra->ipcns = k->ipcns;
    infra->utsns = k->utsns;
    infra->userns = k->uid_map.n ? NULL : k->userns;
    memcpy(&infra->uid_map, &k->uid_map, sizeof(infra->uid_map));
    memcpy(&infra->gid_map, &k->gid_map, sizeof(infra->gid_map));
    infra->sysctls = k->sysctls;
    infra->shm_size = k->shm_size;
    infra->shm_size_systemd = k->shm_size_systemd;
    infra->seccomp_profile = k->seccomp_profile;
    infra->apparmor_profile = k->apparmor_profile;
    infra->label_opts = k->label_opts;
    infra->no_new_privileges = k->no_new_privileges;
    infra->mask = k->mask;
    infra->unmask = k->unmask;
}

/* What pod_join() will add again is taken away. */
static void forget_pod(struct arena *a, const struct pod *from, struct container_config *c)
{
    char **modes[] = { &c->netns, &c->pidns, &c->ipcns, &c->utsns, &c->userns, &c->cgroupns };
    const struct container *infra = pod_infra(from);

    if (is_shared(c->utsns)) {
        c->hostname = NULL;
        c->hostname_given = false;
    }
    if (is_shared(c->userns))
        c->uid_map.n = c->gid_map.n = 0;
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
        if (is_shared(*modes[i]))
            *modes[i] = NULL;
    if (str_same(c->cgroup_parent, from->config.cgroup))
        c->cgroup_parent = NULL;
    size_t own = infra ? c->devices.n - MIN(c->devices.n, infra->config.devices.n) : c->devices.n;
    c->devices.items = arena_memdup(a, c->devices.items, own * sizeof(*c->devices.items));
    c->devices.n = own; /* the pod's stand at the end */
}

static int clone_member(struct engine *e, struct arena *a, const struct pod *from,
                        const struct container_config *member, const char *pod, char ***warnings,
                        struct err *err)
{
    struct pull_request pull = { .policy = "never", .tls_verify = -1 };
    struct container_config c = *member;

    forget_pod(a, from, &c);
    copy_mounts(a, member, &c);
    c.networks.n = 0;
    c.pod = arena_strdup(a, pod);
    c.name = free_name(e, a, member->name);
    c.entrypoint_given = true;
    c.id = NULL;
    c.layers = c.volumes = c.requires_ = NULL;
    c.log_path = c.process_label = c.mount_label = c.cgroup_manager = NULL;
    c.pid_file = c.monitor_pid_file = c.cid_file = NULL;
    if (!c.hostname_given)
        c.hostname = NULL;
    return container_create(e, a, &c, str_empty(c.image) ? NULL : c.image, &pull, false, warnings,
                            err);
}

int pod_clone(struct engine *e, struct arena *a, const struct pod *from, const struct pod_create *o,
              char ***warnings, struct err *err)
{
    int r = pod_create(e, a, o, warnings, err);

    for (size_t i = 0; r == 0 && i < from->members.n; i++)
        if (!from->members.items[i].config.infra)
            r = clone_member(e, a, from, &from->members.items[i].config, o->pod->id, warnings, err);
    if (r < 0 && o->pod->id) { /* half a copy is none */
        struct err ignored = { 0 };
        struct pod half;
        if (pod_find(e, a, o->pod->id, &half, NULL) == 0)
            (void)!pod_remove(e, a, &half, true, 0, &ignored);
    }
    return r;
}
