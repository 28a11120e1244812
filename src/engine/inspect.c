#include <inttypes.h>

#include "base/fs.h"
#include "base/parse.h"
#include "engine/health.h"
#include "engine/inspect_network.h"
#include "engine/spec_parts.h"
#include "engine/lsm.h"
#include "engine/networks.h"
#include "engine/options.h"
#include "image/image.h"
#include "spec/inspect_container.h"
#include "spec/runtime.h"

#include "base/banned.h"

/* `podman inspect` of a container: the record, the run state and the generated specification, seen
 * through spec/inspect_container.h. */

#define DUP(s) arena_strdup(a, (s) ? (s) : "")

static void fill_state(struct arena *a, const struct container *c,
                       struct inspect_container_state *s)
{
    s->oci_version = DUP("1.0.2");
    s->status = DUP(container_status_names[c->status]);
    s->running = c->status == CTR_RUNNING || c->status == CTR_STOPPING;
    s->paused = c->status == CTR_PAUSED;
    s->oom_killed = c->run.oom_killed;
    s->pid = c->alive ? c->run.pid : 0;
    s->conmon_pid = c->alive ? c->run.monitor_pid : 0;
    s->exit_code = c->run.exit_code;
    s->error = DUP(c->run.error);
    s->started_at = c->run.started_at;
    s->finished_at = c->run.finished_at;
    s->cgroup_path = c->alive ? DUP(c->run.cgroup) : NULL;
    s->stopped_by_user = c->run.stopped_by_user;
}

static void fill_health(struct engine *e, struct arena *a, const struct container *c,
                        struct inspect_container_state *s)
{
    struct health_state st;

    if (!container_health(e, a, c, &st))
        return;
    s->health = arena_alloc(a, sizeof(*s->health));
    s->health->status = st.status;
    s->health->failing_streak = st.failing_streak;
    for (size_t i = 0; i < st.log.n; i++) {
        struct inspect_container_state_health_log *l = LIST_ADD(a, s->health->log);
        char stamp[TIME_TEXT_MAX];
        l->start = DUP(time_format_rfc3339_local(st.log.items[i].start, stamp));
        l->end = DUP(time_format_rfc3339_local(st.log.items[i].end, stamp));
        l->exit_code = st.log.items[i].exit_code;
        l->output = st.log.items[i].output;
    }
}

static void fill_healthcheck(struct arena *a, const struct health_config *h,
                             struct inspect_container_config *o)
{
    if (!h->test)
        return;
    o->healthcheck = arena_alloc(a, sizeof(*o->healthcheck));
    o->healthcheck->test = h->test;
    o->healthcheck->interval = MAX(h->interval, 0);
    o->healthcheck->timeout = h->timeout;
    o->healthcheck->start_period = h->start_period;
    o->healthcheck->retries = h->retries;
    o->healthcheck_on_failure_action = DUP(h->on_failure);
    o->health_log_destination = DUP(h->log_destination);
    o->healthcheck_max_log_count = h->max_log_count;
    o->healthcheck_max_log_size = h->max_log_size;
    if (!h->startup_test)
        return;
    o->startup_health_check = arena_alloc(a, sizeof(*o->startup_health_check));
    o->startup_health_check->test = h->startup_test;
    o->startup_health_check->interval = MAX(h->startup_interval, 0);
    o->startup_health_check->timeout = h->startup_timeout;
    o->startup_health_check->retries = h->startup_retries;
    o->startup_health_check->successes = h->startup_success;
}

static void fill_secrets(struct arena *a, const struct container_config *c,
                         struct inspect_container_config *o)
{
    for (size_t i = 0; i < c->secrets.n; i++) {
        const struct container_secret *s = &c->secrets.items[i];
        *LIST_ADD(a, o->secrets) = (struct inspect_container_config_secrets) {
            .name = s->name, .id = s->id, .uid = s->uid, .gid = s->gid, .mode = s->mode
        };
    }
}

static void fill_config(struct arena *a, const struct container_config *c,
                        struct inspect_container_config *o)
{
    o->hostname = DUP(c->hostname);
    o->domainname = DUP(c->domainname);
    o->user = DUP(c->user);
    o->attach_stdin = c->attach && container_attaches(c, "stdin");
    o->attach_stdout = c->attach && container_attaches(c, "stdout");
    o->attach_stderr = c->attach && container_attaches(c, "stderr");
    o->tty = c->terminal;
    o->open_stdin = c->stdin_open;
    o->stdin_once = c->stdin_once;
    o->env = c->env;
    o->cmd = c->command;
    o->entrypoint = c->entrypoint;
    o->image = DUP(c->image_name);
    o->working_dir = DUP(c->workdir);
    o->labels = c->labels;
    o->annotations = c->annotations;
    o->stop_signal = DUP(c->stop_signal);
    o->on_build = DUP("");
    o->create_command = c->create_command;
    fill_healthcheck(a, &c->health, o);
    fill_secrets(a, c, o);
    o->timezone = DUP(c->tz);
    uint32_t umask_bits;
    o->umask = parse_octal(c->umask ? c->umask : "", 0777, &umask_bits) == 0
                   ? arena_printf(a, "%04o", umask_bits)
                   : DUP(c->umask);
    o->timeout = c->timeout;
    o->stop_timeout = c->stop_timeout;
    o->passwd = !c->no_passwd;
    o->chroot_dirs = c->chroot_dirs;
    o->systemd_mode = c->systemd_mode;
    o->sd_notify_mode = DUP(c->sdnotify);
    o->volumes = json_null();
}

static char *mode_of(struct arena *a, const char *mode, const char *otherwise)
{
    return arena_strdup(a, str_empty(mode) ? otherwise : mode);
}

static void fill_resources(struct arena *a, const struct container_resources *r,
                           struct inspect_container_host_config *h)
{
    h->cpu_shares = r->cpu_shares;
    h->cpu_period = r->cpu_period;
    h->cpu_quota = r->cpu_quota;
    h->nano_cpus = r->nano_cpus;
    h->cpuset_cpus = DUP(r->cpuset_cpus);
    h->cpuset_mems = DUP(r->cpuset_mems);
    h->memory = r->memory;
    /* as much swap again, when nothing was said: what the start sets */
    h->memory_swap = !r->memory_swap && r->memory > 0 ? 2 * r->memory : r->memory_swap;
    h->memory_reservation = r->memory_reservation;
    h->memory_swappiness = r->swappiness ? *r->swappiness : 0;
    h->oom_kill_disable = r->oom_kill_disable;
    h->oom_score_adj = r->oom_score_adj ? *r->oom_score_adj : 0;
    h->pids_limit = r->pids_limit ? *r->pids_limit : 0;
    h->cgroup_conf = r->unified;
    h->blkio_weight = r->blkio_weight;
    h->cpu_realtime_period = r->cpu_rt_period;
    h->cpu_realtime_runtime = r->cpu_rt_runtime;
#define THROTTLES(from, to)                                                                        \
    for (size_t i = 0; i < r->from.n; i++) {                                                       \
        __typeof__(h->to.items) d = LIST_ADD(a, h->to);                                            \
        d->path = r->from.items[i].path;                                                           \
        d->rate = r->from.items[i].rate;                                                           \
    }
    THROTTLES(read_bps, blkio_device_read_bps)
    THROTTLES(write_bps, blkio_device_write_bps)
    THROTTLES(read_iops, blkio_device_read_i_ops)
    THROTTLES(write_iops, blkio_device_write_i_ops)
#undef THROTTLES
    for (size_t i = 0; i < r->blkio_weight_device.n; i++) {
        struct inspect_container_host_config_blkio_weight_device *d = LIST_ADD(
            a, h->blkio_weight_device);
        d->path = r->blkio_weight_device.items[i].path;
        d->weight = r->blkio_weight_device.items[i].rate;
    }
}

static void fill_host_mounts(struct arena *a, const struct container_config *c,
                             struct inspect_container_host_config *h)
{
    for (size_t i = 0; i < c->mounts.n; i++) {
        const struct container_mount *m = &c->mounts.items[i];
        char *opts = strv_join(a, m->options, ",");
        if (STR_EQ(m->type, "tmpfs"))
            kv_set(a, &h->tmpfs, m->destination, opts);
        else
            h->binds = strv_add(a, h->binds,
                                arena_printf(a, "%s:%s:%s%srbind", m->source ? m->source : "",
                                             m->destination, opts, *opts ? "," : "rw,rprivate,"));
    }
    for (size_t i = 0; i < c->devices.n; i++) {
        struct inspect_container_host_config_devices *d = LIST_ADD(a, h->devices);
        *d = (struct inspect_container_host_config_devices) {
            .path_on_host = c->devices.items[i].source,
            .path_in_container = c->devices.items[i].destination,
            .cgroup_permissions = c->devices.items[i].permissions,
        };
    }
    for (size_t i = 0; i < c->ulimits.n; i++) {
        struct inspect_container_host_config_ulimits *u = LIST_ADD(a, h->ulimits);
        u->name = arena_printf(a, "RLIMIT_%s", c->ulimits.items[i].name);
        for (char *p = u->name; *p; p++)
            if (*p >= 'a' && *p <= 'z')
                *p -= 32;
        u->soft = c->ulimits.items[i].soft;
        u->hard = c->ulimits.items[i].hard;
    }
}

static char **security_opts(struct arena *a, const struct container_config *c)
{
    char **out = NULL;

    for (char **p = c->label_opts; p && *p; p++)
        out = strv_add(a, out, arena_printf(a, "label=%s", *p));
    if (c->no_new_privileges)
        out = strv_add(a, out, "no-new-privileges");
    if (!str_empty(c->seccomp_profile))
        out = strv_add(a, out, arena_printf(a, "seccomp=%s", c->seccomp_profile));
    if (!str_empty(c->apparmor_profile) && !STR_EQ(c->apparmor_profile, APPARMOR_DEFAULT))
        out = strv_add(a, out, arena_printf(a, "apparmor=%s", c->apparmor_profile));
    for (char **p = c->mask; p && *p; p++)
        out = strv_add(a, out, arena_printf(a, "mask=%s", *p));
    for (char **p = c->unmask; p && *p; p++)
        out = strv_add(a, out, arena_printf(a, "unmask=%s", *p));
    return out;
}

static void fill_host(struct engine *e, struct arena *a, const struct container_config *c,
                      struct inspect_container_host_config *h)
{
    char size[32];

    h->cgroup_manager = DUP(c->cgroup_manager);
    h->cgroup_mode = mode_of(a, c->cgroupns, "private");
    h->cgroups = mode_of(a, c->cgroups, "default");
    h->cgroup = DUP("");
    h->cgroup_parent = DUP(c->cgroup_parent);
    h->container_id_file = DUP(c->cid_file);
    h->log_config.type = DUP(c->log_driver);
    h->log_config.config = c->log_options;
    h->log_config.path = DUP(c->log_path);
    h->log_config.tag = DUP(c->log_tag);
    h->log_config.size = c->log_size_max > 0
                             ? DUP(human_size_plain(c->log_size_max, size, sizeof(size)))
                             : DUP("0B");
    h->network_mode = mode_of(a, c->netns, "private");
    h->restart_policy.name = mode_of(a, c->restart_policy, "no");
    h->restart_policy.maximum_retry_count = c->restart_tries;
    h->auto_remove = c->auto_remove;
    h->auto_remove_image = c->auto_remove_image;
    h->annotations = c->annotations;
    h->cap_add = c->cap_add;
    h->cap_drop = c->cap_drop;
    h->group_add = c->groups;
    h->ipc_mode = mode_of(a, c->ipcns, "shareable");
    h->pid_mode = mode_of(a, c->pidns, "private");
    h->uts_mode = mode_of(a, c->utsns, "private");
    /* Which way the maps came about does not matter any more. */
    bool computed = c->uid_map.n && !str_starts(c->userns ? c->userns : "", "container:");
    h->userns_mode = DUP(computed ? "private" : c->userns);
    h->privileged = c->privileged;
    h->readonly_rootfs = c->read_only;
    h->security_opt = security_opts(a, c);
    h->shm_size = c->shm_size;
    h->runtime = DUP(str_empty(c->runtime) ? "oci" : c->runtime);
    h->isolation = DUP("");
    h->init = c->init;
    fill_resources(a, &c->resources, h);
    fill_host_mounts(a, c, h);
    (void)e;
    h->dns = c->dns_servers;
    h->dns_search = c->dns_searches;
    h->dns_options = c->dns_options;
    h->extra_hosts = c->add_hosts;
    h->hosts_file = DUP(c->hosts_file);
    h->intel_rdt_clos_id = DUP(c->rdt_class);
    h->publish_all_ports = c->publish_all;
    if (c->uid_map.n) {
        h->id_mappings = arena_alloc(a, sizeof(*h->id_mappings));
        for (size_t i = 0; i < c->uid_map.n; i++)
            h->id_mappings->uid_map = strv_add(
                a, h->id_mappings->uid_map,
                arena_printf(a, "%" PRId64 ":%" PRId64 ":%" PRId64, c->uid_map.items[i].container,
                             c->uid_map.items[i].host, c->uid_map.items[i].size));
        for (size_t i = 0; i < c->gid_map.n; i++)
            h->id_mappings->gid_map = strv_add(
                a, h->id_mappings->gid_map,
                arena_printf(a, "%" PRId64 ":%" PRId64 ":%" PRId64, c->gid_map.items[i].container,
                             c->gid_map.items[i].host, c->gid_map.items[i].size));
    }
}

static void fill_mounts(struct engine *e, struct arena *a, const struct container_config *c,
                        struct inspect_container *o)
{
    for (size_t i = 0; i < c->mounts.n; i++) {
        const struct container_mount *m = &c->mounts.items[i];
        if (STR_IN(m->type, "tmpfs", "devpts", "ramfs"))
            continue; /* those are in HostConfig.Tmpfs */
        struct inspect_container_mounts *out = LIST_ADD(a, o->mounts);
        bool volume = STR_EQ(m->type, "volume");
        *out = (struct inspect_container_mounts) {
            .type = m->type,
            .name = volume ? m->source : NULL,
            .source = volume ? arena_printf(a, "%s/%s/_data", engine_volume_path(e), m->source)
                             : DUP(m->source),
            .destination = m->destination,
            .driver = volume ? DUP("local") : DUP(""),
            .mode = DUP(""),
            .options = m->options,
            .rw = !strv_has(m->options, "ro") && !STR_EQ(m->type, "artifact"),
            .propagation = DUP("rprivate"),
            .sub_path = m->subpath,
        };
        for (char **p = m->options; p && *p; p++) {
            if (STR_IN(*p, "shared", "rshared", "slave", "rslave", "private", "rprivate"))
                out->propagation = *p;
            if (STR_IN(*p, "z", "Z"))
                out->mode = *p;
        }
    }
}

/* The monitor knows what runs beside the container's program. */
static void fill_sessions(struct engine *e, struct arena *a, const struct container *c,
                          struct inspect_container *o)
{
    AUTO_CLOSE int dir = c->alive ? container_run_dir(e, c->config.id) : -ENOENT;
    AUTO_JSON *req = json_pack("{s:s}", "op", "sessions");
    AUTO_JSON *answer = NULL;
    size_t i;
    json_t *id;

    if (dir < 0 || supervise_request(dir, req, 2000, &answer, NULL, NULL) < 0)
        return;
    json_array_foreach (json_object_get(answer, "sessions"), i, id)
        o->exec_i_ds = strv_add(a, o->exec_i_ds, json_string_value(id));
}

/* What will be in the specification that is written with the first start. */
static void fill_before_start(struct engine *e, struct arena *a, const struct container_config *c,
                              struct inspect_container *o)
{
    char **args = strv_concat(a, c->entrypoint, c->command), **caps = NULL;

    if (args && args[0]) {
        o->path = args[0];
        o->args = strv_copy(a, args + 1);
    }
    if (capabilities_resolve(a, c, e->defaults.capabilities, &caps, NULL) < 0)
        return;
    bool root = str_empty(c->user) || STR_EQ(c->user, "root") || *c->user == '0';
    struct oci_capabilities *k = capabilities_of(a, c, caps, root ? 0 : 1);
    o->effective_caps = k->effective;
    o->bounding_caps = k->bounding;
}

/* What the generated specification knows better than the record. */
static void fill_from_spec(struct engine *e, struct arena *a, const struct container *c,
                           struct inspect_container *o)
{
    char *path = arena_printf(a, "containers/%s/config.json", c->config.id);
    struct oci_spec spec = { 0 };
    AUTO_JSON *doc = json_parse_file(e->store->graph_fd, path, 16u << 20, NULL);

    if (!doc || json_read(a, doc, &oci_spec_type, &spec, NULL) < 0 || !spec.process) {
        fill_before_start(e, a, &c->config, o);
        return;
    }
    char **args = spec.process->args;
    o->path = DUP(args && args[0] ? args[0] : "");
    o->args = args && args[0] ? strv_copy(a, args + 1) : NULL;
    if (spec.process->capabilities) {
        o->effective_caps = spec.process->capabilities->effective;
        o->bounding_caps = spec.process->capabilities->bounding;
    }
    o->app_armor_profile = DUP(spec.process->apparmor_profile);
}

static void fill_graph(struct engine *e, struct arena *a, const struct container *c,
                       struct inspect_container *o)
{
    char *dir = container_bundle(e, a, c->config.id);

    o->graph_driver.name = DUP(e->store->driver == DRIVER_VFS ? "vfs" : "overlay");
    kv_set(a, &o->graph_driver.data, "UpperDir", arena_printf(a, "%s/upper", dir));
    kv_set(a, &o->graph_driver.data, "WorkDir", arena_printf(a, "%s/work", dir));
    char *path = arena_printf(a, "containers/%s/monitor.json", c->config.id);
    struct monitor_config m = { 0 };
    AUTO_JSON *doc = json_parse_file(e->store->graph_fd, path, 1u << 20, NULL);
    if (doc && json_read(a, doc, &monitor_config_type, &m, NULL) == 0 && m.rootfs.lower)
        kv_set(a, &o->graph_driver.data, "LowerDir", strv_join(a, m.rootfs.lower, ":"));
}

int container_size(struct engine *e, const struct container *c, int64_t *ret_rw, int64_t *ret_root,
                   struct err *err)
{
    char path[160];
    int64_t entries;

    snprintf(path, sizeof(path), "containers/%s/%s", c->config.id, "upper");
    int r = fs_tree_size(e->store->graph_fd, path, ret_rw, &entries);
    if (r == -ENOENT) {
        *ret_rw = 0;
        r = 0;
    }
    if (r < 0)
        return err_sys(err, -r, "measuring container %s", c->config.id);
    *ret_root = *ret_rw;
    if (!str_empty(c->config.image)) {
        AUTO_ARENA a = { 0 };
        struct image img = { 0 };
        if (image_find(e->store, &a, c->config.image, &img, NULL) == 0)
            *ret_root += img.size;
    }
    return 0;
}

static json_t *exposed_ports(const struct container_config *c)
{
    AUTO_JSON *all = container_port_bindings(c, true);
    json_t *out = json_object_size(all) ? json_object() : NULL, *v;
    const char *key;

    json_object_foreach (all, key, v)
        json_object_set_new(out, key, json_object());
    return out;
}

json_t *container_inspect(struct engine *e, struct arena *a, const struct container *c, bool size,
                          struct err *err)
{
    struct inspect_container o = { 0 };
    const struct container_config *cc = &c->config;
    char *run = arena_printf(a, "%s/containers/%s", e->store->runroot, cc->id);

    o.id = cc->id;
    o.created = cc->created;
    o.path = o.app_armor_profile = DUP("");
    o.image = DUP(cc->image);
    o.image_name = DUP(cc->image_name);
    o.image_digest = DUP("");
    if (!str_empty(cc->image)) {
        struct image img = { 0 };
        if (image_find(e->store, a, cc->image, &img, NULL) == 0)
            o.image_digest = DUP(img.digest);
    }
    o.rootfs = DUP(cc->rootfs);
    o.pod = DUP(cc->pod ? cc->pod : "");
    o.is_infra = cc->infra;
    o.resolv_conf_path = arena_printf(a, "%s/resolv.conf", run);
    o.hostname_path = arena_printf(a, "%s/hostname", run);
    o.hosts_path = arena_printf(a, "%s/hosts", run);
    o.static_dir = container_bundle(e, a, cc->id);
    o.oci_config_path = arena_printf(a, "%s/config.json", o.static_dir);
    const char *runtime = str_empty(cc->runtime) ? "podman-runtime" : cc->runtime;
    o.oci_runtime = DUP(strrchr(runtime, '/') ? strrchr(runtime, '/') + 1 : runtime);
    o.conmon_pid_file = DUP(cc->monitor_pid_file);
    o.pid_file = DUP(cc->pid_file);
    o.name = cc->name;
    o.restart_count = c->run.restart_count;
    o.driver = DUP(e->store->driver == DRIVER_VFS ? "vfs" : "overlay");
    o.mount_label = DUP(cc->mount_label);
    o.process_label = DUP(cc->process_label);
    o.dependencies = cc->requires_;
    o.namespace = DUP("");
    o.kube_exit_code_propagation = DUP("invalid");
    fill_state(a, c, &o.state);
    fill_health(e, a, c, &o.state);
    fill_config(a, cc, &o.config);
    fill_host(e, a, cc, &o.host_config);
    fill_mounts(e, a, cc, &o);
    fill_from_spec(e, a, c, &o);
    fill_graph(e, a, c, &o);
    fill_sessions(e, a, c, &o);
    if (size && container_size(e, c, &o.size_rw, &o.size_root_fs, err) < 0)
        return NULL;
    AUTO_JSON *ports = container_port_bindings(cc,
                                               true); /* json_from() takes references of its own */
    AUTO_JSON *bindings = container_port_bindings(cc, false);
    AUTO_JSON *networks = inspect_network(e, a, c, &o);
    o.network_settings.ports = ports;
    o.host_config.port_bindings = bindings;
    o.network_settings.networks = networks;
    AUTO_JSON *exposed = exposed_ports(cc);
    o.config.exposed_ports = exposed;
    return json_from(&inspect_container_type, &o);
}
