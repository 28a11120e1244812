#include <sys/vfs.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/proc.h"
#include "config/containers.h"
#include "config/storage.h"
#include "engine/engine_priv.h"
#include "engine/rootless.h"

#include "base/banned.h"

static char * or (const char *s, const char *otherwise)
{
    return (char *)(uintptr_t)(str_empty(s) ? otherwise : s);
}

/* systemd manages the cgroups of whoever has a manager: root, and a user who has logged in or lingers.  What
 * it delegates can be used with version 2 only. */
static bool has_systemd(bool rootless)
{
    AUTO_FREE char *socket = systemd_socket(rootless);

    return access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 && access(socket, F_OK) == 0;
}

char *systemd_socket(bool rootless)
{
    return xasprintf("%s/systemd/private", rootless ? rootless_runtime_dir() : "/run");
}

const char *container_cgroup_manager(const struct engine *e, const struct container_config *c)
{
    return c->cgroup_manager && STR_EQ(c->cgroup_manager, "systemd") && has_systemd(e->rootless)
               ? "systemd"
               : "cgroupfs";
}

bool engine_has_controller(const struct engine *e, const char *name)
{
    char path[128];
    unsigned uid = (unsigned)rootless_uid();
    AUTO_BUF b = { .max = 4096 };

    if (!e->rootless)
        return true;
    if (!STR_EQ(e->cgroup_manager, "systemd"))
        return false;
    snprintf(path, sizeof(path),
             "/sys/fs/cgroup/user.slice/user-%u.slice/user@%u.service/cgroup.controllers", uid,
             uid);
    if (fs_read_file(AT_FDCWD, path, &b) < 0 || !b.data)
        return false;
    AUTO_ARENA a = { 0 };
    b.data[strcspn(b.data, "\n")] = '\0';
    return strv_has(strv_split(&a, b.data, ' '), name);
}

static int choose_cgroup_manager(struct engine *e, struct err *err)
{
    bool have = has_systemd(e->rootless);
    const char *asked = e->opt.cgroup_manager; /* the configuration's word is a wish only */
    const char *manager = asked ? asked : e->config->engine.cgroup_manager;

    if (str_empty(manager) || (!asked && STR_EQ(manager, "systemd") && !have))
        manager = have ? "systemd" : "cgroupfs";
    if (STR_EQ(manager, "systemd") && !have)
        return err_set(err, ERR_UNSUPPORTED, ENOENT,
                       "cgroup manager systemd: %s, use --cgroup-manager cgroupfs",
                       access("/run/systemd/system", F_OK) < 0 ? "systemd does not run here"
                       : access("/sys/fs/cgroup/cgroup.controllers", F_OK) < 0
                           ? "this machine does not have cgroup version 2 alone"
                           : "you have no session of systemd's");
    e->cgroup_manager = arena_strdup(&e->arena, manager);
    return 0;
}

static int fill_defaults(struct engine *e, const struct config_containers *k, struct err *err)
{
    struct engine_defaults *d = &e->defaults;

    *d = (struct engine_defaults) {
        .capabilities = k->containers.default_capabilities,
        .env = k->containers.env,
        .ulimits = k->containers.default_ulimits,
        .sysctls = k->containers.default_sysctls,
        .devices = k->containers.devices,
        .volumes = k->containers.volumes,
        .annotations = k->containers.annotations,
        .mounts = k->containers.mounts,
        .cgroup_conf = k->containers.cgroup_conf,
        .apparmor_profile = NULL, /* no profile of ours is loaded yet: naming it would fail */
        .base_hosts_file = k->containers.base_hosts_file,
        .cgroupns = or (k->containers.cgroupns, "private"),
        .cgroups = or (k->containers.cgroups, "enabled"),
        .detach_keys = or (k->engine.detach_keys, "ctrl-p,ctrl-q"),
        .image_volume = or (k->engine.image_volume_mode, "anonymous"),
        .init_path = k->containers.init_path ? k->containers.init_path : k->engine.init_path,
        .ipcns = or (k->containers.ipcns, "shareable"),
        .log_driver = k->containers.log_driver,
        .log_path = k->containers.log_path,
        .log_tag = k->containers.log_tag,
        .netns = k->containers.netns,
        .pidns = or (k->containers.pidns, "private"),
        .pull_policy = or (k->engine.pull_policy, "missing"),
        .runtime = NULL,
        .seccomp_profile = k->containers.seccomp_profile,
        .tz = k->containers.tz,
        .umask = or (k->containers.umask, "0022"),
        .userns = or (k->containers.userns, "host"),
        .utsns = or (k->containers.utsns, "private"),
        .log_size_max = k->containers.log_size_max,
        .pids_limit = k->containers.pids_limit,
        .stop_timeout = k->engine.stop_timeout,
        .oom_score_adj = k->containers.oom_score_adj,
        .env_host = k->containers.env_host,
        .http_proxy = k->containers.http_proxy,
        .init = k->containers.init,
        .keyring = k->containers.keyring,
        .label = k->containers.label,
        .name_as_hostname = k->containers.container_name_as_hostname,
        .no_hosts = k->containers.no_hosts,
        .no_pivot = k->engine.no_pivot_root,
        .privileged = k->containers.privileged,
        .read_only = k->containers.read_only,
    };
    if (str_empty(d->log_driver) ||
        (STR_EQ(d->log_driver, "journald") && access("/run/systemd/journal/socket", F_OK) < 0))
        d->log_driver = or (NULL, "k8s-file");
    if (parse_size(or (k->containers.shm_size, "65536k"), &d->shm_size) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "containers.conf: shm_size \"%s\" is not a size",
                       k->containers.shm_size);
    return 0;
}

/* "crun" in the configuration means: the usual runtime.  Ours is that.  Somebody who wants another one in
 * place of ours says so with --runtime or with a path. */
static const char *resolve_runtime(struct engine *e, const char *name)
{
    if (str_empty(name) || STR_IN(name, "oci", "podman", "podman-runtime"))
        return NULL;
    if (strchr(name, '/'))
        return name;
    char **paths = config_strings_get(&e->config->engine.runtimes, name);
    for (; paths && *paths; paths++)
        if (access(*paths, X_OK) == 0)
            return *paths;
    static const char *const dirs[] = { "/usr/bin",        "/usr/local/bin", "/usr/sbin",
                                        "/usr/local/sbin", "/sbin",          "/bin" };
    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
        char *path = arena_printf(&e->arena, "%s/%s", dirs[i], name);
        if (access(path, X_OK) == 0)
            return path;
    }
    return "";
}

#ifndef OVERLAYFS_SUPER_MAGIC
#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#endif

/* A root that is an overlay itself (a container in a container) cannot hold another one's layers. */
static const char *usable_driver(const char *driver, const char *graphroot)
{
    struct statfs fs;
    const char *slash = strrchr(graphroot, '/');
    AUTO_FREE char *parent = xstrndup(
        graphroot, slash && slash != graphroot ? (size_t)(slash - graphroot) : 1);

    if (!str_empty(driver) && !STR_EQ(driver, "overlay"))
        return driver;
    if ((statfs(graphroot, &fs) < 0 && statfs(parent, &fs) < 0) ||
        fs.f_type != OVERLAYFS_SUPER_MAGIC)
        return driver;
    log_warn("%s is on an overlay: the slow storage driver vfs is used, which copies the image for "
             "each container",
             graphroot);
    return "vfs";
}

static int open_store(struct engine *e, const struct engine_options *o, struct err *err)
{
    struct config_storage st;
    struct config_storage_flags flags = {
        .root = o->root, .runroot = o->runroot, .driver = o->storage_driver, .opts = o->storage_opts
    };
    int r = config_storage_load(&e->arena, &flags, rootless_uid(),
                                e->rootless ? rootless_runtime_dir() : "/run", &st, err);
    if (r < 0)
        return r;
    struct store_options so = {
        .graphroot = st.graphroot,
        .runroot = st.runroot,
        .driver = usable_driver(st.driver, st.graphroot),
        .mount_options = st.mountopt,
        .rootless = e->rootless,
        .ignore_chown_errors = st.ignore_chown_errors || (e->rootless && rootless_single_id()),
    };
    e->store = store_open(&so, err);
    if (!e->store)
        return -EIO;
    const char *volumes = o->volume_path;
    /* The configured volume path belongs to the configured root: another --root has its own volumes. */
    if (!volumes && !o->root)
        volumes = e->config->engine.volume_path;
    e->volume_path = str_empty(volumes) ? arena_printf(&e->arena, "%s/volumes", e->store->graphroot)
                                        : arena_strdup(&e->arena, volumes);
    return 0;
}

struct engine *engine_open(const struct engine_options *opt, struct err *err)
{
    static const struct engine_options none;
    struct engine *e = xcalloc(1, sizeof(*e));
    struct config_containers *k = arena_alloc(&e->arena, sizeof(*k));

    e->opt = opt ? *opt : none;
    e->rootless = rootless_is();
    e->config = k;
    int r = config_containers_load(&e->arena, e->opt.modules, rootless_uid(), k, err);
    if (r == 0)
        r = fill_defaults(e, k, err);
    if (r == 0)
        r = open_store(e, &e->opt, err);
    if (r < 0)
        return engine_close(e);
    if (e->opt.runtime) {
        const char *path = resolve_runtime(e, e->opt.runtime);
        if (path && !*path) {
            err_set(err, ERR_NOT_FOUND, ENOENT,
                    "default OCI runtime \"%s\" not found: invalid argument", e->opt.runtime);
            return engine_close(e);
        }
        e->opt.runtime = path;
    }
    if (choose_cgroup_manager(e, err) < 0)
        return engine_close(e);
    return e;
}

struct engine *engine_close(struct engine *e)
{
    if (e) {
        store_close(e->store);
        arena_done(&e->arena);
        free(e);
    }
    return NULL;
}

struct store *engine_store(struct engine *e)
{
    return e->store;
}

const struct config_containers *engine_config(const struct engine *e)
{
    return e->config;
}

const struct engine_options *engine_opts(const struct engine *e)
{
    return &e->opt;
}

bool engine_rootless(const struct engine *e)
{
    return e->rootless;
}

const char *engine_volume_path(const struct engine *e)
{
    return e->volume_path;
}

const char *engine_cgroup_manager(const struct engine *e)
{
    return e->cgroup_manager;
}

char *engine_helper(struct arena *a, const char *name)
{
    /* A build tree has each program in its own folder: src/cli/podman beside src/monitor/podman-monitor. */
    const char *dirs[] = { proc_self_dir(),
                           arena_printf(a, "%s/../monitor", proc_self_dir()),
                           arena_printf(a, "%s/../init", proc_self_dir()),
                           PODMAN_LIBEXEC,
                           "/usr/libexec/podman",
                           "/usr/local/libexec/podman" };
    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
        char *path = arena_printf(a, "%s/%s", dirs[i], name);
        if (access(path, X_OK) == 0)
            return path;
    }
    return NULL;
}
