#include "spec/pod.h"

#include "base/banned.h"

#define P struct pod_config
static const struct json_field pod_config_rows[] = {
    JF_STR(P, id, "id", JF_REQUIRED),
    JF_STR(P, name, "name", JF_REQUIRED),
    JF_I64(P, created, "created", 0),
    JF_STRV(P, create_command, "create_command", JF_OMIT_EMPTY),
    JF_MAP(P, labels, "labels", JF_OMIT_EMPTY),
    JF_STR(P, exit_policy, "exit_policy", JF_OMIT_EMPTY),
    JF_STR(P, restart_policy, "restart_policy", JF_OMIT_EMPTY),
    JF_I64(P, restart_tries, "restart_tries", JF_OMIT_EMPTY),
    JF_BOOL(P, infra, "infra", JF_OMIT_EMPTY),
    JF_STR(P, infra_id, "infra_id", JF_OMIT_EMPTY),
    JF_STRV(P, shared, "shared", JF_OMIT_EMPTY),
    JF_BOOL(P, share_parent, "share_parent", JF_OMIT_EMPTY),
    JF_STR(P, cgroup_parent, "cgroup_parent", JF_OMIT_EMPTY),
    JF_STR(P, cgroup_manager, "cgroup_manager", JF_OMIT_EMPTY),
    JF_STR(P, cgroup, "cgroup", JF_OMIT_EMPTY),
    JF_OBJ(P, resources, "resources", 0, &container_resources_type),
    JF_STR(P, service_id, "service_id", JF_OMIT_EMPTY),
    JF_STR(P, service_exit, "service_exit", JF_OMIT_EMPTY),
    JF_STRV(P, security_opts, "security_opts", JF_OMIT_EMPTY),
    JF_STRV(P, volumes_from, "volumes_from", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type pod_config_type = JSON_TYPE(P, pod_config_rows);
#undef P

/* ---------- inspect ---------- */

#define P struct inspect_pod_container
static const struct json_field inspect_pod_container_rows[] = {
    JF_STR(P, id, "Id", 0),
    JF_STR(P, name, "Name", 0),
    JF_STR(P, state, "State", 0),
    { 0 },
};
static const struct json_type inspect_pod_container_type = JSON_TYPE(P, inspect_pod_container_rows);
#undef P

#define P struct inspect_pod_mount
static const struct json_field inspect_pod_mount_rows[] = {
    JF_STR(P, type, "Type", 0),
    JF_STR(P, name, "Name", JF_OMIT_EMPTY),
    JF_STR(P, source, "Source", 0),
    JF_STR(P, destination, "Destination", 0),
    JF_STR(P, driver, "Driver", 0),
    JF_STR(P, mode, "Mode", 0),
    JF_STRV(P, options, "Options", 0),
    JF_BOOL(P, rw, "RW", 0),
    JF_STR(P, propagation, "Propagation", 0),
    JF_STR(P, subpath, "SubPath", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type inspect_pod_mount_type = JSON_TYPE(P, inspect_pod_mount_rows);
#undef P

#define P struct inspect_pod_weight
static const struct json_field inspect_pod_weight_rows[] = {
    JF_STR(P, path, "Path", 0),
    JF_I64(P, weight, "Weight", 0),
    { 0 },
};
static const struct json_type inspect_pod_weight_type = JSON_TYPE(P, inspect_pod_weight_rows);
#undef P

#define P struct inspect_pod_rate
static const struct json_field inspect_pod_rate_rows[] = {
    JF_STR(P, path, "Path", 0),
    JF_I64(P, rate, "Rate", 0),
    { 0 },
};
static const struct json_type inspect_pod_rate_type = JSON_TYPE(P, inspect_pod_rate_rows);
#undef P

#define P struct inspect_pod_device
static const struct json_field inspect_pod_device_rows[] = {
    JF_STR(P, path_on_host, "PathOnHost", 0),
    JF_STR(P, path_in_container, "PathInContainer", 0),
    JF_STR(P, permissions, "CgroupPermissions", 0),
    { 0 },
};
static const struct json_type inspect_pod_device_type = JSON_TYPE(P, inspect_pod_device_rows);
#undef P

#define P struct inspect_pod_infra
static const struct json_field inspect_pod_infra_rows[] = {
    JF_RAW(P, port_bindings, "PortBindings", 0),
    JF_BOOL(P, host_network, "HostNetwork", 0),
    JF_STR(P, static_ip, "StaticIP", 0),
    JF_STR(P, static_mac, "StaticMAC", 0),
    JF_BOOL(P, no_manage_resolv_conf, "NoManageResolvConf", 0),
    JF_STRV(P, dns_server, "DNSServer", JF_EMPTY_NULL),
    JF_STRV(P, dns_search, "DNSSearch", JF_EMPTY_NULL),
    JF_STRV(P, dns_option, "DNSOption", JF_EMPTY_NULL),
    JF_BOOL(P, no_manage_hostname, "NoManageHostname", 0),
    JF_BOOL(P, no_manage_hosts, "NoManageHosts", 0),
    JF_STRV(P, host_add, "HostAdd", JF_EMPTY_NULL),
    JF_STR(P, hosts_file, "HostsFile", 0),
    JF_STRV(P, networks, "Networks", JF_EMPTY_NULL),
    JF_RAW(P, network_options, "NetworkOptions", 0),
    JF_I64(P, cpu_period, "cpu_period", JF_OMIT_EMPTY),
    JF_I64(P, cpu_quota, "cpu_quota", JF_OMIT_EMPTY),
    JF_STR(P, cpuset_cpus, "cpuset_cpus", JF_OMIT_EMPTY),
    JF_STR(P, pid_ns, "pid_ns", JF_OMIT_EMPTY),
    JF_STR(P, userns, "userns", JF_OMIT_EMPTY),
    JF_STR(P, uts_ns, "uts_ns", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type inspect_pod_infra_type = JSON_TYPE(P, inspect_pod_infra_rows);
#undef P

#define P struct inspect_pod
static const struct json_field inspect_pod_rows[] = {
    JF_STR(P, id, "Id", 0),
    JF_STR(P, name, "Name", 0),
    JF_STR(P, namespace, "Namespace", JF_OMIT_EMPTY),
    JF_TIME(P, created, "Created", 0),
    JF_STRV(P, create_command, "CreateCommand", JF_OMIT_EMPTY),
    JF_STR(P, exit_policy, "ExitPolicy", JF_OMIT_EMPTY),
    JF_STR(P, state, "State", 0),
    JF_STR(P, hostname, "Hostname", 0),
    JF_MAP(P, labels, "Labels", JF_OMIT_EMPTY),
    JF_BOOL(P, create_cgroup, "CreateCgroup", 0),
    JF_STR(P, cgroup_parent, "CgroupParent", JF_OMIT_EMPTY),
    JF_STR(P, cgroup_path, "CgroupPath", JF_OMIT_EMPTY),
    JF_BOOL(P, create_infra, "CreateInfra", 0),
    JF_STR(P, infra_container_id, "InfraContainerID", JF_OMIT_EMPTY),
    JF_PTR(P, infra_config, "InfraConfig", JF_OMIT_EMPTY, &inspect_pod_infra_type),
    JF_STRV(P, shared_namespaces, "SharedNamespaces", JF_OMIT_EMPTY),
    JF_I64(P, num_containers, "NumContainers", 0),
    JF_LIST(P, containers, "Containers", JF_OMIT_EMPTY, &inspect_pod_container_type),
    JF_I64(P, cpu_period, "cpu_period", JF_OMIT_EMPTY),
    JF_I64(P, cpu_quota, "cpu_quota", JF_OMIT_EMPTY),
    JF_I64(P, cpu_shares, "cpu_shares", JF_OMIT_EMPTY),
    JF_STR(P, cpuset_cpus, "cpuset_cpus", JF_OMIT_EMPTY),
    JF_STR(P, cpuset_mems, "cpuset_mems", JF_OMIT_EMPTY),
    JF_LIST(P, mounts, "mounts", JF_OMIT_EMPTY, &inspect_pod_mount_type),
    JF_LIST(P, devices, "devices", JF_OMIT_EMPTY, &inspect_pod_device_type),
    JF_LIST(P, device_read_bps, "device_read_bps", JF_OMIT_EMPTY, &inspect_pod_rate_type),
    JF_LIST(P, device_write_bps, "device_write_bps", JF_OMIT_EMPTY, &inspect_pod_rate_type),
    JF_STRV(P, volumes_from, "volumes_from", JF_OMIT_EMPTY),
    JF_STRV(P, security_opts, "security_opt", JF_OMIT_EMPTY),
    JF_I64(P, memory_limit, "memory_limit", JF_OMIT_EMPTY),
    JF_I64(P, memory_swap, "memory_swap", JF_OMIT_EMPTY),
    JF_I64(P, blkio_weight, "blkio_weight", JF_OMIT_EMPTY),
    JF_LIST(P, blkio_weight_device, "blkio_weight_device", JF_OMIT_EMPTY, &inspect_pod_weight_type),
    JF_STR(P, restart_policy, "RestartPolicy", JF_OMIT_EMPTY),
    JF_I64(P, lock_number, "LockNumber", 0),
    { 0 },
};
const struct json_type inspect_pod_type = JSON_TYPE(P, inspect_pod_rows);
#undef P

/* ---------- ps ---------- */

#define P struct pod_entry_container
static const struct json_field pod_entry_container_rows[] = {
    JF_STR(P, id, "Id", 0),
    JF_STR(P, names, "Names", 0),
    JF_STR(P, status, "Status", 0),
    JF_I64(P, restart_count, "RestartCount", 0),
    { 0 },
};
static const struct json_type pod_entry_container_type = JSON_TYPE(P, pod_entry_container_rows);
#undef P

#define P struct pod_entry
static const struct json_field pod_entry_rows[] = {
    JF_STR(P, cgroup, "Cgroup", 0),
    JF_LIST(P, containers, "Containers", JF_EMPTY_NULL, &pod_entry_container_type),
    JF_TIME(P, created, "Created", 0),
    JF_STR(P, id, "Id", 0),
    JF_STR(P, infra_id, "InfraId", 0),
    JF_STR(P, name, "Name", 0),
    JF_STR(P, namespace, "Namespace", 0),
    JF_STRV(P, networks, "Networks", JF_EMPTY_NULL),
    JF_STR(P, status, "Status", 0),
    JF_MAP(P, labels, "Labels", 0),
    { 0 },
};
const struct json_type pod_entry_type = JSON_TYPE(P, pod_entry_rows);
#undef P
