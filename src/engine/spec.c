#include <inttypes.h>
#include <limits.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/parse.h"
#include "engine/engine_priv.h"
#include "config/containers.h"
#include "engine/events.h"
#include "engine/hooks.h"
#include "engine/lsm.h"
#include "engine/network.h"
#include "engine/options.h"
#include "engine/rootless.h"
#include "engine/seccomp.h"
#include "engine/spec_parts.h"

#include "base/banned.h"

/* From what the user meant to the OCI runtime specification
 *
 * The specification is written anew at each start: what it says may depend on what runs by then (another
 * container's namespaces) and on the configuration.  Each part of the document is one function here or in
 * spec_mounts.c; spec_write() puts them together. */

#define DUP(s) arena_strdup(b->a, (s))

/* ---------- process ---------- */

void rlimits_of(struct arena *a, const struct container_config *c, struct oci_process *p)
{
    for (size_t i = 0; i < c->ulimits.n; i++) {
        struct oci_rlimit *r = LIST_ADD(a, p->rlimits);
        const struct container_ulimit *u = &c->ulimits.items[i];
        char *type = arena_printf(a, "RLIMIT_%s", u->name);
        for (char *q = type; *q; q++)
            if (*q >= 'a' && *q <= 'z')
                *q -= 32;
        r->type = type;
        r->soft = u->soft < 0 ? UINT64_MAX : (uint64_t)u->soft;
        r->hard = u->hard < 0 ? UINT64_MAX : (uint64_t)u->hard;
    }
}

/* An ordinary user may only make the kernel like his processes less. */
static int64_t *oom_score(const struct spec_builder *b)
{
    const int64_t *asked = b->c->resources.oom_score_adj;
    AUTO_BUF text = { .max = 32 };
    int64_t now;

    if (!asked || !b->e->rootless ||
        fs_read_file(AT_FDCWD, "/proc/self/oom_score_adj", &text) < 0 || !text.len)
        return b->c->resources.oom_score_adj;
    text.data[strcspn(text.data, "\n")] = '\0';
    if (parse_i64(text.data, -1000, 1000, &now) < 0 || *asked >= now)
        return b->c->resources.oom_score_adj;
    log_warn("Requested oom_score_adj=%" PRId64
             " is lower than the current one, changing to %" PRId64,
             *asked, now);
    return arena_memdup(b->a, &now, sizeof(now));
}

static int fill_process(struct spec_builder *b, struct err *err)
{
    const struct container_config *c = b->c;
    struct oci_process *p = b->spec.process = arena_alloc(b->a, sizeof(*p));

    p->terminal = c->terminal;
    p->cwd = DUP(str_empty(c->workdir) ? "/" : c->workdir);
    p->args = strv_concat(b->a, c->entrypoint, c->command);
    if (c->init)
        p->args = strv_concat(b->a, (char *[]) { DUP("/run/podman-init"), DUP("--"), NULL },
                              p->args);
    if (!p->args)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "no command or entrypoint provided, and no CMD or ENTRYPOINT from image");
    p->env = c->env;
    p->no_new_privileges = c->no_new_privileges;
    p->oom_score_adj = oom_score(b);
    int r = user_lookup(b->e, b->a, c, b->lower, c->user, &p->user, err);
    if (r < 0)
        return r;
    if (b->e->rootless && (p->user.uid || p->user.gid) && !c->uid_map.n && rootless_single_id())
        return err_set(err, ERR_DENIED, EPERM,
                       "potentially insufficient UIDs or GIDs available in user namespace "
                       "(requested %u:%u): add ranges "
                       "for this user to /etc/subuid and /etc/subgid",
                       p->user.uid, p->user.gid);
    if (!str_empty(c->umask)) {
        uint32_t m;
        if (parse_octal(c->umask, 0777, &m) < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid umask \"%s\"", c->umask);
        int64_t v = m;
        p->user.umask = arena_memdup(b->a, &v, sizeof(v));
    }
    if (!str_empty(c->apparmor_profile) && !STR_EQ(c->apparmor_profile, "unconfined"))
        p->apparmor_profile = c->apparmor_profile;
    p->selinux_label = c->process_label;
    p->capabilities = capabilities_of(b->a, c, b->caps, p->user.uid);
    rlimits_of(b->a, b->c, p);
    return 0;
}

/* ---------- namespaces ---------- */

static void add_namespace(struct spec_builder *b, const char *type, const char *path)
{
    struct oci_namespace *n = LIST_ADD(b->a, b->spec.linux_->namespaces);

    n->type = DUP(type);
    n->path = path ? DUP(path) : NULL;
}

static const struct {
    const char *type, *proc, *option;
    size_t mode; /* offset of the mode in struct container_config */
} namespaces[] = {
    { "network", "net", "--network", offsetof(struct container_config, netns) },
    { "pid", "pid", "--pid", offsetof(struct container_config, pidns) },
    { "ipc", "ipc", "--ipc", offsetof(struct container_config, ipcns) },
    { "uts", "uts", "--uts", offsetof(struct container_config, utsns) },
    { "cgroup", "cgroup", "--cgroupns", offsetof(struct container_config, cgroupns) },
    { "user", "user", "--userns", offsetof(struct container_config, userns) },
};

/* The namespace of a running container. */
static int other_container(struct spec_builder *b, const char *name, const char *proc, char **ret,
                           struct err *err)
{
    struct container other;
    int r = container_find(b->e, b->a, name, &other, err);

    if (r < 0)
        return r;
    if (!other.alive || other.run.pid <= 0)
        return err_set(err, ERR_STATE, EINVAL,
                       "cannot use the %s namespace of container %s: it is not running: container "
                       "state improper",
                       proc, other.config.id);
    *ret = arena_printf(b->a, "/proc/%" PRId64 "/ns/%s", other.run.pid, proc);
    return 0;
}

/* Joining the namespace that we are in already takes rights over it that an ordinary user lacks. */
static bool is_ours(const char *path, const char *proc)
{
    char own[32];
    struct stat other, self;

    snprintf(own, sizeof(own), "/proc/self/ns/%s", proc);
    return stat(path, &other) == 0 && stat(own, &self) == 0 && other.st_ino == self.st_ino &&
           other.st_dev == self.st_dev;
}

static int fill_namespaces(struct spec_builder *b, struct err *err)
{
    add_namespace(b, "mount", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
        const char *mode = *(char *const *)(const void *)((const char *)b->c + namespaces[i].mode);
        bool user = STR_EQ(namespaces[i].type, "user");
        char *path = NULL;
        if (str_empty(mode))
            mode = user ? "host" : "private";
        if (STR_EQ(mode, "host")) {
            if (!user || !b->c->uid_map.n)
                continue;
        } else if (str_starts(mode, "ns:"))
            path = DUP(mode + 3);
        else if (str_starts(mode, "container:")) {
            int r = other_container(b, mode + 10, namespaces[i].proc, &path, err);
            if (r < 0)
                return r;
            if (is_ours(path,
                        namespaces[i].proc)) /* the other has the host's, and so will this one */
                continue;
        } else if (user && !b->c->uid_map.n)
            continue;
        add_namespace(b, namespaces[i].type, path);
    }
    return 0;
}

bool spec_has_namespace(const struct spec_builder *b, const char *type)
{
    for (size_t i = 0; i < b->spec.linux_->namespaces.n; i++)
        if (STR_EQ(b->spec.linux_->namespaces.items[i].type, type))
            return true;
    return false;
}

static void fill_idmaps(struct spec_builder *b)
{
    struct oci_linux *l = b->spec.linux_;

    if (!spec_has_namespace(b, "user"))
        return;
    for (size_t i = 0; i < b->c->uid_map.n; i++) {
        const struct container_idmap *m = &b->c->uid_map.items[i];
        *LIST_ADD(b->a, l->uid_mappings) = (struct oci_id_mapping) { m->container, m->host,
                                                                     m->size };
    }
    for (size_t i = 0; i < b->c->gid_map.n; i++) {
        const struct container_idmap *m = &b->c->gid_map.items[i];
        *LIST_ADD(b->a, l->gid_mappings) = (struct oci_id_mapping) { m->container, m->host,
                                                                     m->size };
    }
}

/* ---------- resources ---------- */

static int64_t *number(struct spec_builder *b, int64_t v)
{
    return arena_memdup(b->a, &v, sizeof(v));
}

static void fill_memory(struct spec_builder *b, struct oci_resources *out)
{
    const struct container_resources *r = &b->c->resources;

    if (!r->memory && !r->memory_swap && !r->memory_reservation && !r->swappiness &&
        !r->oom_kill_disable)
        return;
    struct oci_memory *m = out->memory = arena_alloc(b->a, sizeof(*m));
    if (r->memory)
        m->limit = number(b, r->memory);
    if (r->memory_swap)
        m->swap = number(b, r->memory_swap);
    else if (r->memory > 0) /* as much swap again, the documented default */
        m->swap = number(b, 2 * r->memory);
    if (r->memory_reservation)
        m->reservation = number(b, r->memory_reservation);
    m->swappiness = r->swappiness;
    m->disable_oom_killer = r->oom_kill_disable;
}

static void fill_cpu(struct spec_builder *b, struct oci_resources *out)
{
    const struct container_resources *r = &b->c->resources;

    if (!r->cpu_shares && !r->cpu_period && !r->cpu_quota && !r->cpuset_cpus && !r->cpuset_mems &&
        !r->cpu_rt_period && !r->cpu_rt_runtime)
        return;
    struct oci_cpu *k = out->cpu = arena_alloc(b->a, sizeof(*k));
    k->shares = r->cpu_shares ? number(b, r->cpu_shares) : NULL;
    k->period = r->cpu_period ? number(b, r->cpu_period) : NULL;
    k->quota = r->cpu_quota ? number(b, r->cpu_quota) : NULL;
    k->realtime_period = r->cpu_rt_period ? number(b, r->cpu_rt_period) : NULL;
    k->realtime_runtime = r->cpu_rt_runtime ? number(b, r->cpu_rt_runtime) : NULL;
    k->cpus = r->cpuset_cpus;
    k->mems = r->cpuset_mems;
}

static int device_number(const char *path, int64_t *ret_major, int64_t *ret_minor, struct err *err)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return err_set(err, ERR_NOT_FOUND, errno, "could not stat throttle device \"%s\": %s", path,
                       errno == ENOENT ? "no such file or directory" : strerror(errno));
    *ret_major = major(st.st_rdev);
    *ret_minor = minor(st.st_rdev);
    return 0;
}

static int throttles(struct spec_builder *b, const container_throttles *in, oci_throttle_list *out,
                     struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < in->n; i++) {
        struct oci_throttle_device *d = LIST_ADD(b->a, *out);
        d->rate = in->items[i].rate;
        r = device_number(in->items[i].path, &d->major, &d->minor, err);
    }
    return r;
}

static int fill_block_io(struct spec_builder *b, struct oci_resources *out, struct err *err)
{
    const struct container_resources *r = &b->c->resources;

    if (!r->blkio_weight && !r->blkio_weight_device.n && !r->read_bps.n && !r->write_bps.n &&
        !r->read_iops.n && !r->write_iops.n)
        return 0;
    struct oci_block_io *o = out->block_io = arena_alloc(b->a, sizeof(*o));
    o->weight = r->blkio_weight ? number(b, r->blkio_weight) : NULL;
    int e = 0;
    for (size_t i = 0; e == 0 && i < r->blkio_weight_device.n; i++) {
        struct oci_weight_device *d = LIST_ADD(b->a, o->weight_device);
        d->weight = number(b, r->blkio_weight_device.items[i].rate);
        e = device_number(r->blkio_weight_device.items[i].path, &d->major, &d->minor, err);
    }
    if (e == 0)
        e = throttles(b, &r->read_bps, &o->read_bps, err);
    if (e == 0)
        e = throttles(b, &r->write_bps, &o->write_bps, err);
    if (e == 0)
        e = throttles(b, &r->read_iops, &o->read_iops, err);
    return e < 0 ? e : throttles(b, &r->write_iops, &o->write_iops, err);
}

static int fill_resources(struct spec_builder *b, struct err *err)
{
    const struct container_resources *r = &b->c->resources;
    struct oci_resources *out = b->spec.linux_->resources = arena_alloc(b->a, sizeof(*out));

    fill_memory(b, out);
    fill_cpu(b, out);
    if (r->pids_limit && *r->pids_limit > 0) {
        out->pids = arena_alloc(b->a, sizeof(*out->pids));
        out->pids->limit = *r->pids_limit;
    }
    out->unified = r->unified;
    return fill_block_io(b, out, err);
}

int spec_resources(struct engine *e, struct arena *a, const struct container_config *c,
                   struct oci_resources **ret, struct err *err)
{
    struct spec_builder b = { .e = e, .a = a, .c = c };

    b.spec.linux_ = arena_alloc(a, sizeof(*b.spec.linux_));
    int r = fill_resources(&b, err);
    *ret = b.spec.linux_->resources;
    return r;
}

/* ---------- the rest of linux ---------- */

static const char *const masked_default[] = {
    "/proc/acpi",        "/proc/kcore",
    "/proc/keys",        "/proc/latency_stats",
    "/proc/sched_debug", "/proc/scsi",
    "/proc/timer_list",  "/proc/timer_stats",
    "/sys/dev/block",    "/sys/devices/virtual/powercap",
    "/sys/firmware",     "/sys/fs/selinux",
    "/proc/interrupts",  NULL,
};
static const char *const readonly_default[] = {
    "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

bool spec_unmasked(const struct container_config *c, const char *path)
{
    if (strv_has(c->unmask, "ALL"))
        return true;
    for (char **u = c->unmask; u && *u; u++) {
        size_t n = strlen(*u);
        while (n > 1 && (*u)[n - 1] == '/') /* "/sys/fs/cgroup///" */
            n--;
        bool glob = n && (*u)[n - 1] == '*';
        if ((strlen(path) == n && strncmp(*u, path, n) == 0) ||
            (glob && strncmp(*u, path, n - 1) == 0))
            return true;
    }
    return false;
}

static void fill_masks(struct spec_builder *b)
{
    struct oci_linux *l = b->spec.linux_;

    if (b->c->privileged)
        return;
    for (const char *const *p = masked_default; *p; p++)
        if (!spec_unmasked(b->c, *p) &&
            !(STR_EQ(*p, "/sys/dev/block") || STR_EQ(*p, "/proc/interrupts")))
            l->masked_paths = strv_add(b->a, l->masked_paths, *p);
    for (const char *const *p = readonly_default; *p; p++)
        if (!spec_unmasked(b->c, *p))
            l->readonly_paths = strv_add(b->a, l->readonly_paths, *p);
    for (char **p = b->c->mask; p && *p; p++)
        l->masked_paths = strv_add(b->a, l->masked_paths, *p);
}

/* A sysctl of a namespace that we share with the host would change the host. */
static int fill_sysctls(struct spec_builder *b, struct err *err)
{
    for (size_t i = 0; i < b->c->sysctls.n; i++) {
        const char *key = b->c->sysctls.items[i].key;
        bool net = str_starts(key, "net."),
             ipc = str_starts(key, "kernel.") || str_starts(key, "fs.mqueue.");
        if ((net && !spec_has_namespace(b, "network")) || (ipc && !spec_has_namespace(b, "ipc")))
            return err_set(
                err, ERR_BAD_PARAM, EINVAL,
                "sysctl %s can't be set since %s Namespace set to host: invalid argument", key,
                net ? "Network" : "IPC");
    }
    b->spec.linux_->sysctl = b->c->sysctls;
    return 0;
}

static int fill_linux(struct spec_builder *b, struct err *err)
{
    struct oci_linux *l = b->spec.linux_ = arena_alloc(b->a, sizeof(*l));
    int r = fill_namespaces(b, err);

    if (r == 0)
        r = fill_sysctls(b, err);
    if (r < 0)
        return r;
    fill_idmaps(b);
    r = fill_resources(b, err);
    if (r < 0)
        return r;
    fill_masks(b);
    l->rootfs_propagation = DUP("private");
    l->mount_label = b->c->mount_label;
    if (!str_empty(b->c->rdt_class)) {
        l->intel_rdt = arena_alloc(b->a, sizeof(*l->intel_rdt));
        l->intel_rdt->clos_id = DUP(b->c->rdt_class);
    }
    if (!str_empty(b->c->personality)) {
        l->personality = arena_alloc(b->a, sizeof(*l->personality));
        l->personality->domain = DUP(b->c->personality);
    }
    if (!b->c->privileged || !str_empty(b->c->seccomp_profile))
        r = seccomp_profile(b->a, b->c->seccomp_profile, b->caps, &l->seccomp, err);
    return r;
}

/* ---------- files ---------- */

static int write_json(struct engine *e, const char *id, const char *name,
                      const struct json_type *type, const void *in, struct err *err)
{
    AUTO_JSON *doc = json_from(type, in);
    AUTO_BUF b = { 0 };
    char path[128];

    json_text(doc, 0, &b);
    snprintf(path, sizeof(path), "containers/%s", id);
    AUTO_CLOSE int dir = fs_open_dir(e->store->graph_fd, path);
    int r = dir < 0 ? dir : fs_replace(dir, name, b.data, b.len, 0600, FS_NOSYNC);
    return r < 0 ? err_sys(err, -r, "writing %s of container %s", name, id) : 0;
}

int spec_write(struct engine *e, struct arena *a, const struct container_config *c,
               char *const *lower, const struct network_state *net, char ***warnings,
               struct err *err)
{
    struct spec_builder b = {
        .e = e, .a = a, .c = c, .net = net, .lower = lower, .warnings = warnings
    };
    int r = capabilities_resolve(a, c, e->defaults.capabilities, &b.caps, err);

    if (r == 0)
        r = apparmor_ensure(a, c->apparmor_profile, err);
    if (r == 0)
        r = fill_linux(&b, err);
    if (r == 0)
        r = fill_process(&b, err);
    if (r == 0)
        r = spec_mounts(&b, err);
    if (r == 0)
        r = secrets_apply(&b, err);
    if (r == 0)
        r = spec_devices(&b, err);
    if (r < 0)
        return r;
    /* What crun 1.8 and runc 1.1 still take; parts of later versions are read by their names. */
    b.spec.oci_version = arena_strdup(a, "1.0.2");
    b.spec.root = arena_alloc(a, sizeof(*b.spec.root));
    b.spec.root->path = arena_strdup(a, c->rootfs ? c->rootfs : "rootfs");
    b.spec.root->readonly = c->read_only;
    if (spec_has_namespace(&b, "uts") && !str_starts(c->utsns ? c->utsns : "", "container:"))
        b.spec.hostname = c->hostname;
    b.spec.domainname = c->domainname;
    b.spec.annotations = c->annotations;
    if (strv_has(c->groups, "keep-groups")) {
        b.spec.annotations.items = arena_memdup(a, c->annotations.items,
                                                c->annotations.n * sizeof(*c->annotations.items));
        kv_set(a, &b.spec.annotations, "run.oci.keep_original_groups", "1");
    }
    r = hooks_load(a, e->opt.hooks_dirs ? e->opt.hooks_dirs : e->config->engine.hooks_dir, c,
                   b.spec.process->args, &b.spec.hooks, err);
    if (r < 0)
        return r;
    return write_json(e, c->id, "config.json", &oci_spec_type, &b.spec, err);
}

static void fill_cgroup(struct engine *e, struct arena *a, const struct container_config *c,
                        struct monitor_config *m)
{
    const char *parent = c->cgroup_parent;
    const char *manager = container_cgroup_manager(e, c);

    m->cgroup_manager = arena_strdup(a, manager);
    if (c->cgroups && STR_EQ(c->cgroups, "disabled"))
        return;
    if (c->cgroups && STR_EQ(c->cgroups, "split"))
        m->cgroup_split = true;
    if (STR_EQ(manager, "systemd")) { /* the monitor finds out where systemd has put it */
        m->cgroup = arena_printf(a, "/libpod-%s.scope", c->id);
        return;
    }
    m->cgroup = arena_printf(a, "%s%s/libpod-%s", parent && parent[0] == '/' ? "" : "/",
                             str_empty(parent) ? "libpod_parent" : parent, c->id);
}

/* `podman <our global options>`, to be completed. */
static char **podman_command(struct engine *e, struct arena *a)
{
    char **v = strv_add(a, NULL, arena_printf(a, "%s/podman", proc_self_dir()));

    v = strv_add(a, v, "--root");
    v = strv_add(a, v, e->store->graphroot);
    v = strv_add(a, v, "--runroot");
    v = strv_add(a, v, e->store->runroot);
    return strv_concat(a, v, e->opt.global_argv);
}

/* `podman container cleanup [--rm] ID` */
static char **exit_command(struct engine *e, struct arena *a, const struct container_config *c)
{
    char **v = podman_command(e, a);

    v = strv_add(a, v, "container");
    v = strv_add(a, v, "cleanup");
    if (c->auto_remove)
        v = strv_add(a, v, "--rm");
    if (c->auto_remove_image)
        v = strv_add(a, v, "--rmi");
    return strv_add(a, v, c->id);
}

/* `podman network reload --all` */
static char **repair_command(struct engine *e, struct arena *a)
{
    char **v = strv_add(a, podman_command(e, a), "network");

    v = strv_add(a, v, "reload");
    return strv_add(a, v, "--all");
}

/* The program that is bound into the container to be its first process; NULL for none. */
static int choose_init(struct engine *e, struct arena *a, const struct container_config *c,
                       char **ret, struct err *err)
{
    bool pause = (c->infra || c->service) && c->rootfs; /* podman-init is all that is in there */

    if (!pause && !c->init)
        return 0;
    if (pause)
        *ret = engine_helper(a, "podman-init");
    else
        *ret = !str_empty(c->init_path) ? c->init_path : engine_init_path(e, a);
    if (!*ret || access(*ret, X_OK) < 0)
        return err_set(
            err, ERR_NOT_FOUND, ENOENT,
            "container-init binary not found on the host: stat %s: no such file or directory",
            *ret ? *ret : "podman-init");
    return 0;
}

int spec_write_monitor(struct engine *e, struct arena *a, const struct container *ctr, bool attach,
                       bool wait, struct err *err)
{
    const struct container_config *c = &ctr->config;
    struct monitor_config m = {
        .id = c->id,
        .name = c->name,
        .health = c->health,
        .notify_socket = str_same(c->sdnotify, "healthy") ? getenv("NOTIFY_SOCKET") : NULL,
        .health_events_off = !e->config->engine.healthcheck_events,
        .events = ctr->bound ? (struct event_log) { 0 } : engine_event_log(e, a),
        .image = c->image_name,
        .labels = c->labels,
        .terminal = c->terminal,
        .stdin_open = c->stdin_open,
        .stdin_once = c->stdin_once && attach,
        .attach = attach,
        .bound = ctr->bound,
        .start = arena_strdup(a, wait ? "wait" : "run"),
        .timeout_s = c->timeout,
        .pid_file = c->pid_file,
        .monitor_pid_file = c->monitor_pid_file,
        .runtime = str_empty(c->runtime) ? NULL : c->runtime,
        .runtime_flags = c->runtime_flags,
        .sdnotify = c->sdnotify,
        .no_pivot = e->defaults.no_pivot,
        .no_new_keyring = !e->defaults.keyring,
        .cwd_must_exist = c->workdir_given,
        .passes_exit = c->service,
        .network = network_needs_engine(c),
    };
    int signo = 15;

    for (size_t i = 0; i < ctr->nkeep_fds; i++)
        *LIST_ADD(a, m.keep_fds) = ctr->keep_fds[i];
    if (ctr->nkeep_fds && m.runtime)
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "--preserve-fd needs the built-in runtime, not %s", m.runtime);
    int r = rootfs_prepare(e, a, c, &m.rootfs, err);
    if (r < 0)
        return r;
    if (!str_empty(c->stop_signal))
        (void)!option_signal(c->stop_signal, &signo, NULL);
    m.stop_signal = signo;
    m.log = (struct log_config) { .driver = c->log_driver,
                                  .path = c->log_path,
                                  .max_size = c->log_size_max,
                                  .tag = c->log_tag,
                                  .labels = c->log_options };
    m.restart = (struct restart_config) { c->restart_policy, c->restart_tries };
    fill_cgroup(e, a, c, &m);
    if (!ctr->bound && (c->auto_remove || network_needs_engine(c) || c->ends_pod))
        m.exit_command = exit_command(e, a, c);
    if (network_is_ours(c) && !e->rootless)
        m.repair_command = repair_command(e, a);
    r = choose_init(e, a, c, &m.init_path, err);
    if (r < 0)
        return r;
    m.seccomp_cache = strv_add(a, NULL, arena_printf(a, "%s/seccomp", e->store->runroot));
    return write_json(e, c->id, "monitor.json", &monitor_config_type, &m, err);
}
