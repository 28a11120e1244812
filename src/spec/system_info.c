#include "spec/system_info.h"

#include "base/banned.h"

#define T struct system_info_host_conmon
static const struct json_field system_info_host_conmon_rows[] = {
    JF_STR(T, package, "package", 0),
    JF_STR(T, path, "path", 0),
    JF_STR(T, version, "version", 0),
    { 0 },
};
#undef T
static const struct json_type system_info_host_conmon_type = JSON_TYPE(
    struct system_info_host_conmon, system_info_host_conmon_rows);

#define T struct system_info_host_cpu_utilization
static const struct json_field system_info_host_cpu_utilization_rows[] = {
    JF_F64(T, user_percent, "userPercent", 0),
    JF_F64(T, system_percent, "systemPercent", 0),
    JF_F64(T, idle_percent, "idlePercent", 0),
    { 0 },
};
#undef T
static const struct json_type system_info_host_cpu_utilization_type = JSON_TYPE(
    struct system_info_host_cpu_utilization, system_info_host_cpu_utilization_rows);

#define T struct system_info_host_distribution
static const struct json_field system_info_host_distribution_rows[] = {
    JF_STR(T, distribution, "distribution", 0),
    JF_STR(T, variant, "variant", JF_OMIT_EMPTY),
    JF_STR(T, version, "version", 0),
    JF_STR(T, codename, "codename", JF_OMIT_EMPTY),
    { 0 },
};
#undef T
static const struct json_type system_info_host_distribution_type = JSON_TYPE(
    struct system_info_host_distribution, system_info_host_distribution_rows);

#define T struct system_info_host_id_mappings_gidmap
static const struct json_field system_info_host_id_mappings_gidmap_rows[] = {
    JF_I64(T, container_id, "container_id", 0),
    JF_I64(T, host_id, "host_id", 0),
    JF_I64(T, size, "size", 0),
    { 0 },
};
#undef T
static const struct json_type system_info_host_id_mappings_gidmap_type = JSON_TYPE(
    struct system_info_host_id_mappings_gidmap, system_info_host_id_mappings_gidmap_rows);

#define T struct system_info_host_id_mappings_uidmap
static const struct json_field system_info_host_id_mappings_uidmap_rows[] = {
    JF_I64(T, container_id, "container_id", 0),
    JF_I64(T, host_id, "host_id", 0),
    JF_I64(T, size, "size", 0),
    { 0 },
};
#undef T
static const struct json_type system_info_host_id_mappings_uidmap_type = JSON_TYPE(
    struct system_info_host_id_mappings_uidmap, system_info_host_id_mappings_uidmap_rows);

#define T struct system_info_host_id_mappings
static const struct json_field system_info_host_id_mappings_rows[] = {
    JF_LIST(T, gidmap, "gidmap", 0, &system_info_host_id_mappings_gidmap_type),
    JF_LIST(T, uidmap, "uidmap", 0, &system_info_host_id_mappings_uidmap_type),
    { 0 },
};
#undef T
static const struct json_type system_info_host_id_mappings_type = JSON_TYPE(
    struct system_info_host_id_mappings, system_info_host_id_mappings_rows);

#define T struct system_info_host_network_backend_info_dns
static const struct json_field system_info_host_network_backend_info_dns_rows[] = {
    JF_STR(T, version, "version", JF_OMIT_EMPTY),
    JF_STR(T, package, "package", JF_OMIT_EMPTY),
    JF_STR(T, path, "path", JF_OMIT_EMPTY),
    { 0 },
};
#undef T
static const struct json_type system_info_host_network_backend_info_dns_type = JSON_TYPE(
    struct system_info_host_network_backend_info_dns,
    system_info_host_network_backend_info_dns_rows);

#define T struct system_info_host_network_backend_info
static const struct json_field system_info_host_network_backend_info_rows[] = {
    JF_STR(T, backend, "backend", 0),
    JF_STR(T, version, "version", JF_OMIT_EMPTY),
    JF_STR(T, package, "package", JF_OMIT_EMPTY),
    JF_STR(T, path, "path", JF_OMIT_EMPTY),
    JF_OBJ(T, dns, "dns", 0, &system_info_host_network_backend_info_dns_type),
    JF_STR(T, default_network, "defaultNetwork", JF_OMIT_EMPTY),
    { 0 },
};
#undef T
static const struct json_type system_info_host_network_backend_info_type = JSON_TYPE(
    struct system_info_host_network_backend_info, system_info_host_network_backend_info_rows);

#define T struct system_info_host_oci_runtime
static const struct json_field system_info_host_oci_runtime_rows[] = {
    JF_STR(T, name, "name", 0),
    JF_STR(T, package, "package", 0),
    JF_STR(T, path, "path", 0),
    JF_STR(T, version, "version", 0),
    { 0 },
};
#undef T
static const struct json_type system_info_host_oci_runtime_type = JSON_TYPE(
    struct system_info_host_oci_runtime, system_info_host_oci_runtime_rows);

#define T struct system_info_host_remote_socket
static const struct json_field system_info_host_remote_socket_rows[] = {
    JF_STR(T, path, "path", JF_OMIT_EMPTY),
    JF_BOOL(T, exists, "exists", 0),
    { 0 },
};
#undef T
static const struct json_type system_info_host_remote_socket_type = JSON_TYPE(
    struct system_info_host_remote_socket, system_info_host_remote_socket_rows);

#define T struct system_info_host_security
static const struct json_field system_info_host_security_rows[] = {
    JF_BOOL(T, apparmor_enabled, "apparmorEnabled", 0),
    JF_STR(T, capabilities, "capabilities", 0),
    JF_BOOL(T, rootless, "rootless", 0),
    JF_BOOL(T, seccomp_enabled, "seccompEnabled", 0),
    JF_STR(T, seccomp_profile_path, "seccompProfilePath", 0),
    JF_BOOL(T, selinux_enabled, "selinuxEnabled", 0),
    { 0 },
};
#undef T
static const struct json_type system_info_host_security_type = JSON_TYPE(
    struct system_info_host_security, system_info_host_security_rows);

#define T struct system_info_host_pasta
static const struct json_field system_info_host_pasta_rows[] = {
    JF_STR(T, executable, "executable", 0),
    JF_STR(T, package, "package", 0),
    JF_STR(T, version, "version", 0),
    { 0 },
};
#undef T
static const struct json_type system_info_host_pasta_type = JSON_TYPE(struct system_info_host_pasta,
                                                                      system_info_host_pasta_rows);

#define T struct system_info_host
static const struct json_field system_info_host_rows[] = {
    JF_STR(T, arch, "arch", 0),
    JF_STR(T, buildah_version, "buildahVersion", 0),
    JF_STR(T, cgroup_manager, "cgroupManager", 0),
    JF_STR(T, cgroup_version, "cgroupVersion", 0),
    JF_STRV(T, cgroup_controllers, "cgroupControllers", 0),
    JF_OBJ(T, conmon, "conmon", 0, &system_info_host_conmon_type),
    JF_I64(T, cpus, "cpus", 0),
    JF_OBJ(T, cpu_utilization, "cpuUtilization", 0, &system_info_host_cpu_utilization_type),
    JF_STR(T, database_backend, "databaseBackend", 0),
    JF_OBJ(T, distribution, "distribution", 0, &system_info_host_distribution_type),
    JF_STR(T, event_logger, "eventLogger", 0),
    JF_I64(T, free_locks, "freeLocks", JF_OMIT_EMPTY),
    JF_STR(T, hostname, "hostname", 0),
    JF_OBJ(T, id_mappings, "idMappings", 0, &system_info_host_id_mappings_type),
    JF_STR(T, kernel, "kernel", 0),
    JF_STR(T, log_driver, "logDriver", 0),
    JF_I64(T, mem_free, "memFree", 0),
    JF_I64(T, mem_total, "memTotal", 0),
    JF_STR(T, network_backend, "networkBackend", 0),
    JF_OBJ(T, network_backend_info, "networkBackendInfo", 0,
           &system_info_host_network_backend_info_type),
    JF_OBJ(T, oci_runtime, "ociRuntime", 0, &system_info_host_oci_runtime_type),
    JF_STR(T, os, "os", 0),
    JF_OBJ(T, remote_socket, "remoteSocket", 0, &system_info_host_remote_socket_type),
    JF_STR(T, rootless_network_cmd, "rootlessNetworkCmd", 0),
    JF_RAW(T, runtime_info, "runtimeInfo", 0),
    JF_BOOL(T, service_is_remote, "serviceIsRemote", 0),
    JF_OBJ(T, security, "security", 0, &system_info_host_security_type),
    JF_OBJ(T, pasta, "pasta", 0, &system_info_host_pasta_type),
    JF_I64(T, swap_free, "swapFree", 0),
    JF_I64(T, swap_total, "swapTotal", 0),
    JF_STR(T, uptime, "uptime", 0),
    JF_STR(T, variant, "variant", 0),
    JF_STR(T, linkmode, "linkmode", 0),
    JF_STRV(T, emulated_architectures, "emulatedArchitectures", JF_OMIT_EMPTY),
    { 0 },
};
#undef T
static const struct json_type system_info_host_type = JSON_TYPE(struct system_info_host,
                                                                system_info_host_rows);

#define T struct system_info_store_container_store
static const struct json_field system_info_store_container_store_rows[] = {
    JF_I64(T, number, "number", 0),
    JF_I64(T, paused, "paused", 0),
    JF_I64(T, running, "running", 0),
    JF_I64(T, stopped, "stopped", 0),
    { 0 },
};
#undef T
static const struct json_type system_info_store_container_store_type = JSON_TYPE(
    struct system_info_store_container_store, system_info_store_container_store_rows);

#define T struct system_info_store_image_store
static const struct json_field system_info_store_image_store_rows[] = {
    JF_I64(T, number, "number", 0),
    { 0 },
};
#undef T
static const struct json_type system_info_store_image_store_type = JSON_TYPE(
    struct system_info_store_image_store, system_info_store_image_store_rows);

#define T struct system_info_store
static const struct json_field system_info_store_rows[] = {
    JF_OBJ(T, container_store, "containerStore", 0, &system_info_store_container_store_type),
    JF_STR(T, graph_driver_name, "graphDriverName", 0),
    JF_RAW(T, graph_options, "graphOptions", 0),
    JF_STR(T, graph_root, "graphRoot", 0),
    JF_I64(T, graph_root_allocated, "graphRootAllocated", 0),
    JF_I64(T, graph_root_used, "graphRootUsed", 0),
    JF_MAP(T, graph_status, "graphStatus", 0),
    JF_STR(T, image_copy_tmp_dir, "imageCopyTmpDir", 0),
    JF_OBJ(T, image_store, "imageStore", 0, &system_info_store_image_store_type),
    JF_STR(T, run_root, "runRoot", 0),
    JF_STR(T, volume_path, "volumePath", 0),
    JF_BOOL(T, transient_store, "transientStore", 0),
    { 0 },
};
#undef T
static const struct json_type system_info_store_type = JSON_TYPE(struct system_info_store,
                                                                 system_info_store_rows);

#define T struct system_info_plugins
static const struct json_field system_info_plugins_rows[] = {
    JF_STRV(T, volume, "volume", 0),
    JF_STRV(T, network, "network", 0),
    JF_STRV(T, log, "log", 0),
    JF_STRV(T, authorization, "authorization", 0),
    { 0 },
};
#undef T
static const struct json_type system_info_plugins_type = JSON_TYPE(struct system_info_plugins,
                                                                   system_info_plugins_rows);

#define T struct system_info_version
static const struct json_field system_info_version_rows[] = {
    JF_STR(T, api_version, "APIVersion", 0),
    JF_STR(T, version, "Version", 0),
    JF_STR(T, go_version, "GoVersion", 0),
    JF_STR(T, git_commit, "GitCommit", 0),
    JF_STR(T, built_time, "BuiltTime", 0),
    JF_I64(T, built, "Built", 0),
    JF_STR(T, build_origin, "BuildOrigin", JF_OMIT_EMPTY),
    JF_STR(T, os_arch, "OsArch", 0),
    JF_STR(T, os, "Os", 0),
    { 0 },
};
#undef T
const struct json_type system_info_version_type = JSON_TYPE(struct system_info_version,
                                                            system_info_version_rows);

#define T struct system_info
static const struct json_field system_info_rows[] = {
    JF_OBJ(T, host, "host", 0, &system_info_host_type),
    JF_OBJ(T, store, "store", 0, &system_info_store_type),
    JF_RAW(T, registries, "registries", 0),
    JF_OBJ(T, plugins, "plugins", 0, &system_info_plugins_type),
    JF_OBJ(T, version, "version", 0, &system_info_version_type),
    { 0 },
};
#undef T
const struct json_type system_info_type = JSON_TYPE(struct system_info, system_info_rows);
