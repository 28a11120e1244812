/* config/containers.h: containers.conf, merged from all the files that apply.
 *
 * Which files these are and in which order is told in config/files.h; then come the modules asked for
 * with --module and $CONTAINERS_CONF_OVERRIDE, later ones win.  $CONTAINERS_CONF replaces the files, not
 * the modules.  An array replaces the one before it unless it holds {append=true}, which then goes for
 * the files after it as well.
 *
 * A key of the wrong type or with a value outside its range is an error that names file, line and key;
 * an unknown key is a warning, as in Podman.  All strings live in the arena given to the loader.  When
 * no file exists, loading costs the failed opens and nothing else. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

struct config_strings { /* one entry of a map of string lists */
    char *key;
    char **vals;
};
struct config_subnet_pool {
    char *base;
    int64_t size;
};
struct config_destination {
    char *key;
    char *uri, *identity, *tls_cert, *tls_key, *tls_ca;
    bool is_machine;
};
typedef JSON_LIST(struct config_strings) config_strings_list;
typedef JSON_LIST(struct config_subnet_pool) config_subnet_pool_list;
typedef JSON_LIST(struct config_destination) config_destination_list;

/* Strings without a default are NULL, lists without one NULL; the fields have the names of the keys. */
struct config_containers {
    struct {
        char *apparmor_profile, *base_hosts_file, *cgroupns, *cgroups, *host_containers_internal_ip;
        char *init_path, *interface_name, *ipcns, *log_driver, *log_path, *log_tag, *netns, *pidns;
        char *seccomp_profile, *shm_size, *tz, *umask, *userns, *utsns;
        char **annotations, **cgroup_conf, **default_capabilities, **default_sysctls;
        char **default_ulimits, **devices, **dns_options, **dns_searches, **dns_servers, **env;
        char **mounts, **volumes;
        int64_t log_size_max, pids_limit, userns_size;
        int64_t *oom_score_adj;
        bool container_name_as_hostname, env_host, http_proxy, init, keyring, label, label_users;
        bool no_hosts, prepare_volume_on_create, privileged, read_only;
    } containers;
    struct {
        char *active_service, *cgroup_manager, *compression_format, *database_backend, *detach_keys;
        char *events_logfile_path, *events_logger, *image_build_format, *image_copy_tmp_dir;
        char *image_default_format, *image_default_transport, *image_volume_mode, *infra_command;
        char *infra_image, *init_path, *kube_generate_type, *lock_type, *namespace;
        char *pod_exit_policy, *pull_policy, *remote_identity, *remote_uri, *retry_delay, *runtime;
        char *ssh_config, *static_dir, *tmp_dir, *volume_path;
        char **add_compression, **cdi_spec_dirs, **compose_providers, **conmon_env_vars;
        char **conmon_path, **conmonrs_path, **env, **helper_binaries_dir, **hooks_dir;
        char **network_cmd_options, **runtime_path, **runtime_supports_json;
        char **runtime_supports_kvm, **runtime_supports_nocgroup;
        int64_t events_logfile_max_size, exit_command_delay, image_parallel_copies, num_locks;
        int64_t podmansh_timeout, retry, service_timeout, stop_timeout, volume_plugin_timeout;
        int64_t *compression_level;
        config_strings_list runtimes, runtimes_flags;
        kv_list platform_to_oci_runtime, volume_plugins;
        config_destination_list service_destinations;
        bool cgroup_check, chown_copied_files, compat_api_enforce_docker_hub, compose_warning_logs;
        bool enable_port_reservation, events_container_create_inspect_data, healthcheck_events;
        bool multi_image_archive, no_pivot_root, remote;
    } engine;
    struct {
        char *image, *provider, *user;
        char **volumes;
        int64_t cpus, disk_size, memory;
        bool import_native_ca, rosetta;
    } machine;
    struct {
        char *default_network, *default_rootless_network_cmd, *default_subnet, *firewall_driver;
        char *network_backend, *network_config_dir;
        char **default_host_ips, **netavark_plugin_dirs, **pasta_options;
        int64_t dns_bind_port;
        config_subnet_pool_list default_subnet_pools;
    } network;
    struct {
        char *driver;
        kv_list opts;
    } secrets, configmaps;
    struct {
        char *default_farm; /* key "default" */
        config_strings_list list;
    } farms;
    struct {
        char *container, *shell;
        int64_t timeout;
    } podmansh;
    char **loaded; /* the files that were read, in order */
};

/* Fills *ret with defaults and what the files say.  @modules may be NULL.  @uid is the user we work for:
 * 0 takes the files of root. */
int config_containers_load(struct arena *a, char *const *modules, uid_t uid,
                           struct config_containers *ret, struct err *err) MUST_CHECK;

/* The value of a map of lists; NULL when absent. */
char **config_strings_get(const config_strings_list *l, const char *key);
