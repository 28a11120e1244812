#include "engine/system.h"

#include <inttypes.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "base/fs.h"
#include "base/parse.h"
#include "config/containers.h"
#include "engine/events.h"
#include "engine/mounts.h"
#include "engine/network.h"
#include "engine/networks.h"
#include "engine/pasta.h"
#include "engine/rootless.h"
#include "spec/image.h"
#include "spec/system_info.h"

#include "base/banned.h"

static const char *const network_drivers[] = { "bridge", "macvlan", "ipvlan", NULL };

#define DUP(s) arena_strdup(a, (s) ? (s) : "")

typedef __typeof__(((struct system_info *)0)->host) host_info;

static char *read_line(struct arena *a, const char *path)
{
    AUTO_BUF b = { .max = 65536 };

    if (fs_read_file(AT_FDCWD, path, &b) < 0 || !b.data)
        return DUP("");
    return arena_strndup(a, b.data, strcspn(b.data, "\n"));
}

/* KEY=value or KEY="value" of os-release */
static char *os_release(struct arena *a, const char *text, const char *key)
{
    size_t n = strlen(key);

    for (char **line = strv_split(a, text, '\n'); *line; line++)
        if (strncmp(*line, key, n) == 0 && (*line)[n] == '=') {
            char *v = *line + n + 1;
            if (*v == '"')
                v++;
            return arena_strndup(a, v, strcspn(v, "\""));
        }
    return DUP("");
}

static void fill_distribution(struct arena *a, host_info *h)
{
    AUTO_BUF b = { .max = 65536 };

    if (fs_read_file(AT_FDCWD, "/etc/os-release", &b) < 0 &&
        fs_read_file(AT_FDCWD, "/usr/lib/os-release", &b) < 0)
        return;
    h->distribution.distribution = os_release(a, b.data ? b.data : "", "ID");
    h->distribution.version = os_release(a, b.data ? b.data : "", "VERSION_ID");
    h->distribution.codename = os_release(a, b.data ? b.data : "", "VERSION_CODENAME");
    h->distribution.variant = os_release(a, b.data ? b.data : "", "VARIANT_ID");
}

static int64_t meminfo(const char *text, const char *key)
{
    const char *p = strstr(text, key);
    uint64_t kb = 0;
    char num[32];

    if (!p)
        return 0;
    p += strlen(key);
    p += strspn(p, ": ");
    snprintf(num, sizeof(num), "%.*s", (int)strspn(p, "0123456789"), p);
    return parse_u64(num, UINT64_MAX / 1024, &kb) < 0 ? 0 : (int64_t)(kb * 1024);
}

static void fill_memory(host_info *h)
{
    AUTO_BUF b = { .max = 65536 };

    if (fs_read_file(AT_FDCWD, "/proc/meminfo", &b) < 0 || !b.data)
        return;
    h->mem_free = meminfo(b.data, "MemFree");
    h->mem_total = meminfo(b.data, "MemTotal");
    h->swap_free = meminfo(b.data, "SwapFree");
    h->swap_total = meminfo(b.data, "SwapTotal");
}

static void fill_cpu(struct arena *a, host_info *h)
{
    char *line = read_line(a, "/proc/stat");
    double v[8] = { 0 }, total = 0;
    size_t n = 0;

    for (char **w = strv_split(a, line, ' '); *w && n < ARRAY_SIZE(v); w++) {
        uint64_t x;
        if (parse_u64(*w, UINT64_MAX, &x) == 0) {
            v[n++] = (double)x;
            total += (double)x;
        }
    }
    if (total > 0) {
        h->cpu_utilization.user_percent = (double)(int64_t)((v[0] + v[1]) * 10000 / total) / 100;
        h->cpu_utilization.system_percent = (double)(int64_t)(v[2] * 10000 / total) / 100;
        h->cpu_utilization.idle_percent = (double)(int64_t)(v[3] * 10000 / total) / 100;
    }
}

/* "2h 5m 3.00s", with words as Podman has them */
static char *uptime_text(struct arena *a)
{
    struct timespec up;

    clock_gettime(CLOCK_BOOTTIME, &up);
    int64_t s = up.tv_sec, h = s / 3600, m = s / 60 % 60;
    char *text = arena_printf(a, "%" PRId64 "h %" PRId64 "m %" PRId64 ".00s", h, m, s % 60);
    return h >= 24 ? arena_printf(a, "%s (Approximately %.2f days)", text, (double)h / 24) : text;
}

static void fill_idmaps(struct arena *a, host_info *h)
{
    for (int gid = 0; gid < 2; gid++) {
        AUTO_BUF b = { .max = 65536 };
        if (fs_read_file(AT_FDCWD, gid ? "/proc/self/gid_map" : "/proc/self/uid_map", &b) < 0 ||
            !b.data)
            continue;
        for (char **line = strv_split(a, b.data, '\n'); *line; line++) {
            int64_t v[3];
            size_t n = 0;
            for (char **w = strv_split(a, *line, ' '); *w; w++)
                if (**w && n < 3 && parse_i64(*w, 0, UINT32_MAX, &v[n]) == 0)
                    n++;
            if (n != 3)
                continue;
            if (gid) {
                __typeof__(h->id_mappings.gidmap.items) m = LIST_ADD(a, h->id_mappings.gidmap);
                m->container_id = v[0];
                m->host_id = v[1];
                m->size = v[2];
            } else {
                __typeof__(h->id_mappings.uidmap.items) m = LIST_ADD(a, h->id_mappings.uidmap);
                m->container_id = v[0];
                m->host_id = v[1];
                m->size = v[2];
            }
        }
    }
}

static void fill_cgroup(struct arena *a, host_info *h)
{
    bool v2 = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;

    h->cgroup_version = DUP(v2 ? "v2" : "v1");
    if (v2)
        h->cgroup_controllers = strv_split(a, read_line(a, "/sys/fs/cgroup/cgroup.controllers"),
                                           ' ');
    else
        for (const char *const *c =
                 (const char *const[]) { "cpuset", "cpu", "cpuacct", "blkio", "memory", "devices",
                                         "freezer", "pids", NULL };
             *c; c++) {
            char path[64];
            snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", *c);
            if (access(path, F_OK) == 0)
                h->cgroup_controllers = strv_add(a, h->cgroup_controllers, *c);
        }
}

static void fill_security(struct engine *e, struct arena *a, host_info *h)
{
    h->security.apparmor_enabled = read_line(a, "/sys/module/apparmor/parameters/enabled")[0] ==
                                   'Y';
    h->security.selinux_enabled = access("/sys/fs/selinux/enforce", F_OK) == 0;
    h->security.seccomp_enabled = access("/proc/sys/kernel/seccomp", F_OK) == 0;
    h->security.seccomp_profile_path = DUP(e->defaults.seccomp_profile ? e->defaults.seccomp_profile
                                                                       : "builtin");
    h->security.rootless = e->rootless;
    h->security.capabilities = strv_join(a, e->defaults.capabilities, ",");
}

static void fill_host(struct engine *e, struct arena *a, host_info *h)
{
    struct utsname u;

    uname(&u);
    h->arch = DUP(platform_host_arch());
    h->os = DUP("linux");
    h->buildah_version = DUP("");
    h->cgroup_manager = DUP(e->cgroup_manager);
    h->conmon.path = DUP(engine_helper(a, "podman-monitor"));
    h->conmon.package = DUP("podman");
    h->conmon.version = DUP("podman-monitor " PODMAN_VERSION);
    h->cpus = sysconf(_SC_NPROCESSORS_ONLN);
    h->database_backend = DUP("sqlite");
    h->event_logger = engine_event_log(e, a).driver;
    h->hostname = DUP(u.nodename);
    h->kernel = DUP(u.release);
    h->log_driver = DUP(e->defaults.log_driver);
    h->network_backend = DUP("builtin");
    h->network_backend_info.backend = DUP("builtin");
    h->network_backend_info.default_network = DUP(engine_networks(e)->default_name);
    const char *runtime = e->opt.runtime ? e->opt.runtime : NULL;
    h->oci_runtime.name = DUP(
        runtime ? (strrchr(runtime, '/') ? strrchr(runtime, '/') + 1 : runtime) : "podman-runtime");
    h->oci_runtime.package = DUP(runtime ? "" : "podman");
    h->oci_runtime.path = DUP(runtime ? runtime : engine_helper(a, "podman-monitor"));
    h->oci_runtime.version = DUP(runtime ? "" : "podman-runtime version " PODMAN_VERSION);
    h->remote_socket.path = e->rootless ? arena_printf(a, "unix://%s/podman/podman.sock",
                                                       rootless_runtime_dir())
                                        : DUP("unix:///run/podman/podman.sock");
    h->rootless_network_cmd = DUP("pasta");
    h->pasta.executable = DUP(pasta_path(e, a));
    h->uptime = uptime_text(a);
    h->variant = DUP("");
    h->linkmode = DUP("dynamic");
    fill_distribution(a, h);
    fill_memory(h);
    fill_cpu(a, h);
    fill_idmaps(a, h);
    fill_cgroup(a, h);
    fill_security(e, a, h);
}

static int fill_store(struct engine *e, struct arena *a, struct system_info *o, struct err *err)
{
    struct container_list list = { 0 };
    struct statvfs vfs;
    struct db *db = store_db(e->store, err);

    if (!db)
        return -EIO;
    int r = container_list(e, a, &list, err);
    if (r < 0)
        return r;
    o->store.container_store.number = (int64_t)list.n;
    for (size_t i = 0; i < list.n; i++) {
        enum container_status s = list.items[i].status;
        o->store.container_store.running += s == CTR_RUNNING;
        o->store.container_store.paused += s == CTR_PAUSED;
        o->store.container_store.stopped += s != CTR_RUNNING && s != CTR_PAUSED;
    }
    struct rows q = db_query(db, err, "SELECT count(*) FROM images", "");
    if (rows_next(&q))
        o->store.image_store.number = rows_int(&q, 0);
    r = rows_end(&q);
    o->store.graph_driver_name = DUP(e->store->driver == DRIVER_VFS ? "vfs" : "overlay");
    o->store.graph_root = DUP(e->store->graphroot);
    o->store.run_root = DUP(e->store->runroot);
    o->store.volume_path = DUP(e->volume_path);
    o->store.image_copy_tmp_dir = DUP(
        e->config->engine.image_copy_tmp_dir ? e->config->engine.image_copy_tmp_dir : "/var/tmp");
    if (fstatvfs(e->store->graph_fd, &vfs) == 0) {
        o->store.graph_root_allocated = (int64_t)(vfs.f_blocks * vfs.f_frsize);
        o->store.graph_root_used = (int64_t)((vfs.f_blocks - vfs.f_bfree) * vfs.f_frsize);
    }
    kv_set(a, &o->store.graph_status, "Native Overlay Diff", "true");
    kv_set(a, &o->store.graph_status, "Supports d_type", "true");
    kv_set(a, &o->store.graph_status, "Using metacopy", "false");
    return r;
}

/* A reproducible build has no time of its own. */
static int64_t build_time(void)
{
    return 0;
}

static void fill_version(struct arena *a, struct system_info *o)
{
    o->version.api_version = DUP(PODMAN_VERSION);
    o->version.version = DUP(PODMAN_VERSION);
    o->version.go_version = DUP("");
    o->version.git_commit = DUP("");
    o->version.built_time = DUP("Thu Jan  1 00:00:00 1970");
    o->version.built = build_time();
    o->version.os_arch = arena_printf(a, "linux/%s", platform_host_arch());
    o->version.os = DUP("linux");
}

json_t *system_info(struct engine *e, struct arena *a, struct err *err)
{
    struct system_info o = { 0 };

    fill_host(e, a, &o.host);
    fill_version(a, &o);
    if (fill_store(e, a, &o, err) < 0)
        return NULL;
    o.plugins.volume = strv_add(a, NULL, "local");
    for (const char *const *d = network_drivers; *d; d++)
        o.plugins.network = strv_add(a, o.plugins.network, *d);
    for (const char *const *d = (const char *const[]) { "k8s-file", "none", "passthrough",
                                                        "journald", "json-file", NULL };
         *d; d++)
        o.plugins.log = strv_add(a, o.plugins.log, *d);
    AUTO_JSON *none = json_object(); /* json_from() takes references of its own */
    o.registries = o.host.runtime_info = o.store.graph_options = none;
    return json_from(&system_info_type, &o);
}

static char **add_problem(struct arena *a, char **v, struct err *e)
{
    v = strv_add(a, v, e->msg);
    err_clear(e);
    return v;
}

static void remove_networks(struct engine *e, struct arena *a, char ***ret_problems)
{
    struct network_list list = { 0 };
    struct err one = { 0 };

    if (networks_list(e, a, NULL, &list, &one) < 0)
        *ret_problems = add_problem(a, *ret_problems, &one);
    for (size_t i = 0; i < list.n; i++) {
        err_clear(&one);
        if (!network_is_default(engine_networks(e), &list.items[i]) &&
            networks_remove(e, a, list.items[i].name, true, 0, &one) < 0)
            *ret_problems = add_problem(a, *ret_problems, &one);
    }
}

int system_reset(struct engine *e, struct arena *a, char ***ret_problems, struct err *err)
{
    struct container_list list = { 0 };
    struct container_remove_options o = { .force = true, .volumes = true, .timeout_s = 0 };
    struct err one = { 0 };

    int r = container_list(e, a, &list, err);
    if (r < 0) { /* a damaged database must not be a reason to keep it */
        *ret_problems = add_problem(a, *ret_problems, err);
        list.n = 0;
    }
    for (size_t pass = 0; pass < 2; pass++) /* those that others depend on go in the second */
        for (size_t i = 0; i < list.n; i++)
            if (container_exists(e, list.items[i].config.id) &&
                container_remove(e, &list.items[i], &o, &one) < 0) {
                if (pass)
                    *ret_problems = add_problem(a, *ret_problems, &one);
                err_clear(&one);
            }
    remove_networks(e, a, ret_problems);
    mounts_remove_all(e); /* nothing may be removed through a mount */
    static const char *const graph[] = { "build",     "containers",    "infra",        "layers",
                                         "oci",       "volumes",       "networks",     "secrets",
                                         "db.sqlite", "db.sqlite-wal", "db.sqlite-shm" };
    static const char *const run[] = { "containers", "dns",    "events", "firewalld",
                                       "locks",      "mounts", "seccomp" };
    for (size_t i = 0; i < ARRAY_SIZE(graph); i++)
        if ((r = fs_remove_tree(e->store->graph_fd, graph[i])) < 0)
            *ret_problems = strv_add(
                a, *ret_problems,
                arena_printf(a, "removing %s/%s: %s", e->store->graphroot, graph[i], strerror(-r)));
    for (size_t i = 0; i < ARRAY_SIZE(run); i++)
        if ((r = fs_remove_tree(e->store->run_fd, run[i])) < 0)
            *ret_problems = strv_add(
                a, *ret_problems,
                arena_printf(a, "removing %s/%s: %s", e->store->runroot, run[i], strerror(-r)));
    return 0;
}
