#include "config/containers.h"

#include "base/log.h"
#include "config/fields.h"
#include "config/files.h"

#include "base/banned.h"

/* ---------- values with a shape of their own ---------- */

/* default_subnet_pools = [{"base" = "10.89.0.0/16", "size" = 24}, ...] */
static int read_pools(struct arena *a, const json_t *v, const struct config_place *at, void *field,
                      struct err *err)
{
    config_subnet_pool_list *list = field, fresh = { 0 };
    size_t i;
    json_t *item;

    if (!json_is_array(v))
        return config_error(at, err, "must be an array of tables with base and size");
    json_array_foreach (v, i, item) {
        const char *base = json_string_value(json_object_get(item, "base"));
        const json_t *size = json_object_get(item, "size");
        if (!base || !json_is_integer(size) || json_integer_value(size) < 1 ||
            json_integer_value(size) > 128)
            return config_error(at, err,
                                "each pool needs a base \"ADDRESS/BITS\" and a size in bits");
        *LIST_ADD(a, fresh) = (struct config_subnet_pool) { arena_strdup(a, base),
                                                            json_integer_value(size) };
    }
    *list = fresh;
    return 0;
}

static int read_destination(struct arena *a, const char *name, const json_t *v,
                            const struct config_place *at, struct config_destination *d,
                            struct err *err)
{
    const struct {
        const char *key;
        char **field;
    } rows[] = { { "uri", &d->uri },
                 { "identity", &d->identity },
                 { "tls_cert", &d->tls_cert },
                 { "tls_key", &d->tls_key },
                 { "tls_ca", &d->tls_ca } };
    const char *k;
    json_t *item;

    d->key = arena_strdup(a, name);
    json_object_foreach ((json_t *)(uintptr_t)v, k, item) {
        size_t i = 0;
        while (i < ARRAY_SIZE(rows) && !STR_EQ(rows[i].key, k))
            i++;
        if (i < ARRAY_SIZE(rows) && json_is_string(item))
            *rows[i].field = arena_strdup(a, json_string_value(item));
        else if (STR_EQ(k, "is_machine") && json_is_boolean(item))
            d->is_machine = json_is_true(item);
        else if (i < ARRAY_SIZE(rows) || STR_EQ(k, "is_machine"))
            return config_error(at, err, "%s.%s has the wrong type", name, k);
        else
            log_warn("%s: unknown key \"%s.%s.%s.%s\" is ignored", at->file, at->section, at->key,
                     name, k);
    }
    return 0;
}

static int read_destinations(struct arena *a, const json_t *v, const struct config_place *at,
                             void *field, struct err *err)
{
    config_destination_list *list = field;
    const char *k;
    json_t *item;

    if (!json_is_object(v))
        return config_error(at, err, "must be a table of destinations");
    json_object_foreach ((json_t *)(uintptr_t)v, k, item) {
        size_t i = 0;
        if (!json_is_object(item))
            return config_error(at, err, "%s must be a table", k);
        while (i < list->n && !STR_EQ(list->items[i].key, k))
            i++;
        int r = read_destination(a, k, item, at, i < list->n ? &list->items[i] : LIST_ADD(a, *list),
                                 err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---------- the keys ---------- */

#define T struct config_containers
#define C_ROW(k, s, n, m, type, ...)                                                               \
    {                                                                                              \
#s, n, k, CONF_OFF_(T, s.m, type), __VA_ARGS__                                             \
    }
#define C_STR(s, n, m, ...)      C_ROW(CONF_STR, s, n, m, char *, __VA_ARGS__)
#define C_SIZE_STR(s, n, m, ...) C_ROW(CONF_SIZE_STR, s, n, m, char *, __VA_ARGS__)
#define C_TIME_STR(s, n, m, ...) C_ROW(CONF_TIME_STR, s, n, m, char *, __VA_ARGS__)
#define C_MODE_STR(s, n, m, ...) C_ROW(CONF_MODE_STR, s, n, m, char *, __VA_ARGS__)
#define C_BOOL(s, n, m, ...)     C_ROW(CONF_BOOL, s, n, m, bool, __VA_ARGS__)
#define C_INT(s, n, m, ...)      C_ROW(CONF_INT, s, n, m, int64_t, __VA_ARGS__)
#define C_SIZE(s, n, m, ...)     C_ROW(CONF_SIZE, s, n, m, int64_t, __VA_ARGS__)
#define C_PINT(s, n, m, ...)     C_ROW(CONF_PINT, s, n, m, int64_t *, __VA_ARGS__)
#define C_LIST(s, n, m, ...)     C_ROW(CONF_LIST, s, n, m, char **, __VA_ARGS__)
#define C_MAP(s, n, m, ...)      C_ROW(CONF_MAP, s, n, m, kv_list, __VA_ARGS__)
#define C_LISTS(s, n, m, ...)    C_ROW(CONF_LISTS, s, n, m, config_strings_list, __VA_ARGS__)
#define C_OTHER(s, n, m, fn)                                                                       \
    {                                                                                              \
#s, n, CONF_OTHER, offsetof(T, s.m), .read = fn                                            \
    }

/* What depends on the machine (log_driver, cgroup_manager, ...) has no default here. */
static const struct config_field fields[] = {
    C_LIST(containers, "devices", devices, NULL),
    C_LIST(containers, "volumes", volumes, NULL),
    C_STR(containers, "apparmor_profile", apparmor_profile, NULL),
    C_LIST(containers, "annotations", annotations, NULL),
    C_STR(containers, "base_hosts_file", base_hosts_file, NULL),
    C_STR(containers, "cgroupns", cgroupns, "private"),
    C_STR(containers, "cgroups", cgroups, "enabled", .choices = "enabled|disabled|no-conmon|split"),
    C_LIST(containers, "cgroup_conf", cgroup_conf, NULL),
    C_BOOL(containers, "container_name_as_hostname", container_name_as_hostname, NULL),
    C_LIST(containers, "default_capabilities", default_capabilities,
           "CAP_CHOWN|CAP_DAC_OVERRIDE|CAP_FOWNER|CAP_FSETID|CAP_KILL|CAP_NET_BIND_SERVICE|CAP_"
           "SETFCAP|CAP_SETGID|CAP_SETPCAP|CAP_SETUID|CAP_SYS_CHROOT"),
    C_LIST(containers, "default_sysctls", default_sysctls, NULL),
    C_LIST(containers, "default_ulimits", default_ulimits, NULL),
    C_LIST(containers, "dns_servers", dns_servers, NULL),
    C_LIST(containers, "dns_options", dns_options, NULL),
    C_LIST(containers, "dns_searches", dns_searches, NULL),
    C_BOOL(containers, "keyring", keyring, "true"),
    C_BOOL(containers, "label", label, "true"),
    C_BOOL(containers, "label_users", label_users, NULL),
    C_LIST(containers, "env", env,
           "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    C_BOOL(containers, "env_host", env_host, NULL),
    C_STR(containers, "host_containers_internal_ip", host_containers_internal_ip, NULL),
    C_BOOL(containers, "http_proxy", http_proxy, "true"),
    C_BOOL(containers, "init", init, NULL),
    C_STR(containers, "init_path", init_path, NULL),
    C_STR(containers, "interface_name", interface_name, NULL),
    C_STR(containers, "ipcns", ipcns, "shareable"),
    C_STR(containers, "log_driver", log_driver, NULL),
    C_STR(containers, "log_path", log_path, NULL),
    C_INT(containers, "log_size_max", log_size_max, "-1", .min = -1, .max = INT64_MAX),
    C_STR(containers, "log_tag", log_tag, NULL),
    C_LIST(containers, "mounts", mounts, NULL),
    C_STR(containers, "netns", netns, "private"),
    C_BOOL(containers, "no_hosts", no_hosts, NULL),
    C_PINT(containers, "oom_score_adj", oom_score_adj, NULL, .min = -1000, .max = 1000),
    C_INT(containers, "pids_limit", pids_limit, "2048", .min = -1, .max = INT64_MAX),
    C_STR(containers, "pidns", pidns, "private"),
    C_BOOL(containers, "prepare_volume_on_create", prepare_volume_on_create, NULL),
    C_BOOL(containers, "privileged", privileged, NULL),
    C_BOOL(containers, "read_only", read_only, NULL),
    C_STR(containers, "seccomp_profile", seccomp_profile, NULL),
    C_SIZE_STR(containers, "shm_size", shm_size, "65536k"),
    C_STR(containers, "tz", tz, NULL),
    C_MODE_STR(containers, "umask", umask, "0022"),
    C_STR(containers, "utsns", utsns, "private"),
    C_STR(containers, "userns", userns, NULL),
    C_INT(containers, "userns_size", userns_size, "65536"),

    C_BOOL(engine, "cgroup_check", cgroup_check, NULL),
    C_STR(engine, "cgroup_manager", cgroup_manager, NULL, .choices = "systemd|cgroupfs"),
    C_LIST(engine, "conmon_env_vars", conmon_env_vars,
           "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    C_LIST(engine, "conmon_path", conmon_path,
           "/usr/libexec/podman/conmon|/usr/local/libexec/podman/conmon|/usr/local/lib/podman/"
           "conmon|/usr/bin/conmon|/usr/sbin/conmon|/usr/local/bin/conmon|/usr/local/sbin/conmon|/"
           "run/current-system/sw/bin/conmon"),
    C_LIST(engine, "conmonrs_path", conmonrs_path,
           "/usr/libexec/podman/conmonrs|/usr/local/libexec/podman/conmonrs|/usr/local/lib/podman/"
           "conmonrs|/usr/bin/conmonrs|/usr/sbin/conmonrs|/usr/local/bin/conmonrs|/usr/local/sbin/"
           "conmonrs|/run/current-system/sw/bin/conmonrs"),
    C_BOOL(engine, "compat_api_enforce_docker_hub", compat_api_enforce_docker_hub, "true"),
    C_LIST(engine, "compose_providers", compose_providers, NULL),
    C_BOOL(engine, "compose_warning_logs", compose_warning_logs, "true"),
    C_STR(engine, "database_backend", database_backend, NULL, .choices = "sqlite"),
    C_STR(engine, "detach_keys", detach_keys, "ctrl-p,ctrl-q"),
    C_BOOL(engine, "enable_port_reservation", enable_port_reservation, "true"),
    C_LIST(engine, "env", env, NULL),
    C_STR(engine, "events_logfile_path", events_logfile_path, NULL),
    C_SIZE(engine, "events_logfile_max_size", events_logfile_max_size, "1000000"),
    C_STR(engine, "events_logger", events_logger, NULL, .choices = "file|journald|none"),
    C_BOOL(engine, "events_container_create_inspect_data", events_container_create_inspect_data,
           NULL),
    C_BOOL(engine, "healthcheck_events", healthcheck_events, "true"),
    C_LIST(engine, "helper_binaries_dir", helper_binaries_dir,
           "/usr/local/libexec/podman|/usr/local/lib/podman|/usr/libexec/podman|/usr/lib/podman"),
    C_LIST(engine, "hooks_dir", hooks_dir, "/usr/share/containers/oci/hooks.d"),
    C_LIST(engine, "cdi_spec_dirs", cdi_spec_dirs, "/etc/cdi|/var/run/cdi"),
    C_STR(engine, "image_build_format", image_build_format, "oci", .choices = "oci|docker|v2s2"),
    C_STR(engine, "image_default_transport", image_default_transport, "docker://"),
    C_INT(engine, "image_parallel_copies", image_parallel_copies, NULL, .max = UINT32_MAX),
    C_STR(engine, "image_default_format", image_default_format, NULL),
    C_STR(engine, "image_volume_mode", image_volume_mode, "anonymous",
          .choices = "anonymous|bind|tmpfs|ignore|nullfs"),
    C_STR(engine, "infra_command", infra_command, NULL),
    C_STR(engine, "infra_image", infra_image, NULL),
    C_STR(engine, "init_path", init_path, NULL),
    C_STR(engine, "kube_generate_type", kube_generate_type, "pod", .choices = "pod|deployment"),
    C_STR(engine, "lock_type", lock_type, "shm", .choices = "shm|file"),
    C_BOOL(engine, "multi_image_archive", multi_image_archive, NULL),
    C_STR(engine, "namespace", namespace, NULL),
    C_LIST(engine, "network_cmd_options", network_cmd_options, NULL),
    C_BOOL(engine, "no_pivot_root", no_pivot_root, NULL),
    C_INT(engine, "num_locks", num_locks, "2048", .max = UINT32_MAX),
    C_STR(engine, "runtime", runtime, NULL),
    C_LISTS(engine, "runtimes", runtimes, NULL),
    C_LISTS(engine, "runtimes_flags", runtimes_flags, NULL),
    C_MAP(engine, "platform_to_oci_runtime", platform_to_oci_runtime, NULL),
    C_STR(engine, "pod_exit_policy", pod_exit_policy, "continue", .choices = "continue|stop"),
    C_STR(engine, "pull_policy", pull_policy, "missing",
          .choices = "always|missing|newer|never|ifnotpresent|IfNotPresent|Always|Never"),
    C_BOOL(engine, "remote", remote, NULL),
    C_INT(engine, "retry", retry, "3", .max = UINT32_MAX),
    C_TIME_STR(engine, "retry_delay", retry_delay, NULL),
    C_STR(engine, "remote_uri", remote_uri, NULL),
    C_STR(engine, "remote_identity", remote_identity, NULL),
    C_STR(engine, "active_service", active_service, NULL),
    C_LIST(engine, "add_compression", add_compression, NULL),
    C_OTHER(engine, "service_destinations", service_destinations, read_destinations),
    C_STR(engine, "ssh_config", ssh_config, NULL),
    C_LIST(engine, "runtime_path", runtime_path, NULL),
    C_LIST(engine, "runtime_supports_json", runtime_supports_json,
           "crun|runc|kata|runsc|youki|krun|ocijail"),
    C_LIST(engine, "runtime_supports_nocgroup", runtime_supports_nocgroup, "crun|krun"),
    C_LIST(engine, "runtime_supports_kvm", runtime_supports_kvm,
           "kata|kata-runtime|kata-qemu|kata-fc|krun"),
    C_INT(engine, "service_timeout", service_timeout, "5", .max = UINT32_MAX),
    C_STR(engine, "static_dir", static_dir, NULL),
    C_INT(engine, "stop_timeout", stop_timeout, "10", .max = UINT32_MAX),
    C_INT(engine, "exit_command_delay", exit_command_delay, "300", .max = UINT32_MAX),
    C_STR(engine, "image_copy_tmp_dir", image_copy_tmp_dir, "/var/tmp"),
    C_STR(engine, "tmp_dir", tmp_dir, NULL),
    C_STR(engine, "volume_path", volume_path, NULL),
    C_INT(engine, "volume_plugin_timeout", volume_plugin_timeout, "5", .max = UINT32_MAX),
    C_MAP(engine, "volume_plugins", volume_plugins, NULL),
    C_BOOL(engine, "chown_copied_files", chown_copied_files, "true"),
    C_STR(engine, "compression_format", compression_format, "gzip",
          .choices = "gzip|zstd|zstd:chunked"),
    C_PINT(engine, "compression_level", compression_level, NULL),
    C_INT(engine, "podmansh_timeout", podmansh_timeout, "30", .max = UINT32_MAX),

    C_INT(machine, "cpus", cpus, NULL, .max = INT64_MAX),
    C_INT(machine, "disk_size", disk_size, "100", .max = INT64_MAX),
    C_STR(machine, "image", image, "docker://quay.io/podman/machine-os"),
    C_INT(machine, "memory", memory, "2048", .max = INT64_MAX),
    C_STR(machine, "user", user, "core"),
    C_LIST(machine, "volumes", volumes, NULL),
    C_STR(machine, "provider", provider, NULL),
    C_BOOL(machine, "rosetta", rosetta, NULL),
    C_BOOL(machine, "import_native_ca", import_native_ca, NULL),

    C_STR(network, "network_backend", network_backend, NULL, .choices = "netavark"),
    C_LIST(network, "netavark_plugin_dirs", netavark_plugin_dirs,
           "/usr/local/libexec/netavark|/usr/libexec/netavark|/usr/local/lib/netavark|/usr/lib/"
           "netavark"),
    C_STR(network, "firewall_driver", firewall_driver, NULL, .choices = "nftables|none|iptables"),
    C_STR(network, "default_network", default_network, "podman"),
    C_STR(network, "default_subnet", default_subnet, "10.88.0.0/16"),
    C_OTHER(network, "default_subnet_pools", default_subnet_pools, read_pools),
    C_STR(network, "default_rootless_network_cmd", default_rootless_network_cmd, "pasta",
          .choices = "pasta"),
    C_STR(network, "network_config_dir", network_config_dir, NULL),
    C_INT(network, "dns_bind_port", dns_bind_port, NULL, .max = UINT16_MAX),
    C_LIST(network, "pasta_options", pasta_options, NULL),
    C_LIST(network, "default_host_ips", default_host_ips, NULL),

    C_STR(secrets, "driver", driver, "file"),
    C_MAP(secrets, "opts", opts, NULL),

    C_STR(configmaps, "driver", driver, NULL),
    C_MAP(configmaps, "opts", opts, NULL),

    C_STR(farms, "default", default_farm, NULL),
    C_LISTS(farms, "list", list, NULL),

    C_STR(podmansh, "shell", shell, "/bin/sh"),
    C_STR(podmansh, "container", container, "podmansh"),
    C_INT(podmansh, "timeout", timeout, NULL, .max = UINT32_MAX),

    C_LIST(engine, "runtime_supports_nocgroups", runtime_supports_nocgroup, NULL),
    { 0 },
};
#undef T

static void default_pools(struct arena *a, config_subnet_pool_list *list)
{
    static const char *const bases[] = { "10.89.0.0/16", "10.90.0.0/15", "10.92.0.0/14",
                                         "10.96.0.0/11", "10.128.0.0/9" };

    if (list->n)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(bases); i++)
        *LIST_ADD(a, *list) = (struct config_subnet_pool) { arena_strdup(a, bases[i]), 24 };
}

/* ---------- loading ---------- */

struct loader {
    struct arena *a;
    struct config_containers *c;
    bool append[ARRAY_SIZE(fields)];
};

static int load_file(struct loader *l, const char *path, struct err *err)
{
    struct toml t;
    int r = config_read(path, &t, err);

    if (r < 0)
        return r;
    r = config_apply(l->a, fields, l->append, l->c, &t, path, err);
    toml_done(&t);
    l->c->loaded = strv_add(l->a, l->c->loaded, path);
    return r;
}

static int load_found(struct loader *l, uid_t uid, struct err *err)
{
    struct config_file *files;
    int r = config_files(l->a, "containers", uid, &files, err);

    for (; r == 0 && files->path; files++)
        r = load_file(l, files->path, err);
    return r;
}

/* A module is a path, or a name below containers.conf.modules of the user, /etc or /usr/share. */
static int load_module(struct loader *l, const char *name, struct err *err)
{
    const char *const places[] = { config_user_dir(l->a), "/etc/containers",
                                   "/usr/share/containers" };

    if (*name == '/')
        return load_file(l, name, err);
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        if (!places[i])
            continue;
        char *path = arena_printf(l->a, "%s/containers.conf.modules/%s", places[i], name);
        if (access(path, F_OK) == 0)
            return load_file(l, path, err);
    }
    return err_set(err, ERR_NOT_FOUND, ENOENT,
                   "could not resolve module \"%s\": stat %s: no such file or directory", name,
                   name);
}

int config_containers_load(struct arena *a, char *const *modules, uid_t uid,
                           struct config_containers *ret, struct err *err)
{
    struct loader l = { .a = a, .c = ret };
    const char *only = getenv("CONTAINERS_CONF"), *last = getenv("CONTAINERS_CONF_OVERRIDE");

    memset(ret, 0, sizeof(*ret));
    int r = config_defaults(a, fields, ret, err);
    if (r == 0)
        r = str_empty(only) ? load_found(&l, uid, err) : load_file(&l, only, err);
    for (; r == 0 && modules && *modules; modules++)
        r = load_module(&l, *modules, err);
    if (r == 0 && !str_empty(last))
        r = load_file(&l, last, err);
    if (r == 0)
        default_pools(a, &ret->network.default_subnet_pools);
    return r;
}
