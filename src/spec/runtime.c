#include "spec/runtime.h"

#include "base/banned.h"

#define E JF_OMIT_EMPTY

#define T struct oci_box
static const struct json_field box_rows[] = {
    JF_U32(T, height, "height", 0),
    JF_U32(T, width, "width", 0),
    { 0 },
};
static const struct json_type box_type = JSON_TYPE(T, box_rows);
#undef T

#define T struct oci_user
static const struct json_field user_rows[] = {
    JF_U32(T, uid, "uid", 0),           JF_U32(T, gid, "gid", 0),
    JF_PI64(T, umask, "umask", E),      JF_NUMS(T, additional_gids, "additionalGids", E),
    JF_STR(T, username, "username", E), { 0 },
};
static const struct json_type user_type = JSON_TYPE(T, user_rows);
#undef T

#define T struct oci_capabilities
static const struct json_field capabilities_rows[] = {
    JF_STRV(T, bounding, "bounding", E),       JF_STRV(T, effective, "effective", E),
    JF_STRV(T, inheritable, "inheritable", E), JF_STRV(T, permitted, "permitted", E),
    JF_STRV(T, ambient, "ambient", E),         { 0 },
};
static const struct json_type capabilities_type = JSON_TYPE(T, capabilities_rows);
#undef T

#define T struct oci_rlimit
static const struct json_field rlimit_rows[] = {
    JF_STR(T, type, "type", JF_REQUIRED),
    JF_U64(T, hard, "hard", 0),
    JF_U64(T, soft, "soft", 0),
    { 0 },
};
static const struct json_type rlimit_type = JSON_TYPE(T, rlimit_rows);
#undef T

#define T struct oci_io_priority
static const struct json_field io_priority_rows[] = {
    JF_STR(T, class_, "class", JF_REQUIRED),
    JF_I64(T, priority, "priority", 0),
    { 0 },
};
static const struct json_type io_priority_type = JSON_TYPE(T, io_priority_rows);
#undef T

#define T struct oci_scheduler
static const struct json_field scheduler_rows[] = {
    JF_STR(T, policy, "policy", JF_REQUIRED), JF_I64(T, nice, "nice", E),
    JF_I64(T, priority, "priority", E),       JF_STRV(T, flags, "flags", E),
    JF_I64(T, runtime, "runtime", E),         JF_I64(T, deadline, "deadline", E),
    JF_I64(T, period, "period", E),           { 0 },
};
static const struct json_type scheduler_type = JSON_TYPE(T, scheduler_rows);
#undef T

#define T struct oci_exec_affinity
static const struct json_field affinity_rows[] = {
    JF_STR(T, initial, "initial", E),
    JF_STR(T, final, "final", E),
    { 0 },
};
static const struct json_type affinity_type = JSON_TYPE(T, affinity_rows);
#undef T

#define T struct oci_process
static const struct json_field process_rows[] = {
    JF_BOOL(T, terminal, "terminal", E),
    JF_PTR(T, console_size, "consoleSize", E, &box_type),
    JF_OBJ(T, user, "user", 0, &user_type),
    JF_STRV(T, args, "args", E),
    JF_STRV(T, env, "env", E),
    JF_STR(T, cwd, "cwd", 0),
    JF_PTR(T, capabilities, "capabilities", E, &capabilities_type),
    JF_LIST(T, rlimits, "rlimits", E, &rlimit_type),
    JF_BOOL(T, no_new_privileges, "noNewPrivileges", E),
    JF_STR(T, apparmor_profile, "apparmorProfile", E),
    JF_PI64(T, oom_score_adj, "oomScoreAdj", E),
    JF_PTR(T, scheduler, "scheduler", E, &scheduler_type),
    JF_STR(T, selinux_label, "selinuxLabel", E),
    JF_PTR(T, io_priority, "ioPriority", E, &io_priority_type),
    JF_PTR(T, exec_cpu_affinity, "execCPUAffinity", E, &affinity_type),
    { 0 },
};
const struct json_type oci_process_type = JSON_TYPE(T, process_rows);
#undef T

#define T struct oci_root
static const struct json_field root_rows[] = {
    JF_STR(T, path, "path", JF_REQUIRED),
    JF_BOOL(T, readonly, "readonly", E),
    { 0 },
};
static const struct json_type root_type = JSON_TYPE(T, root_rows);
#undef T

#define T struct oci_id_mapping
static const struct json_field mapping_rows[] = {
    JF_I64(T, container_id, "containerID", 0),
    JF_I64(T, host_id, "hostID", 0),
    JF_I64(T, size, "size", 0),
    { 0 },
};
static const struct json_type mapping_type = JSON_TYPE(T, mapping_rows);
#undef T

#define T struct oci_mount
static const struct json_field mount_rows[] = {
    JF_STR(T, destination, "destination", JF_REQUIRED),
    JF_STR(T, type, "type", E),
    JF_STR(T, source, "source", E),
    JF_STRV(T, options, "options", E),
    JF_LIST(T, uid_mappings, "uidMappings", E, &mapping_type),
    JF_LIST(T, gid_mappings, "gidMappings", E, &mapping_type),
    { 0 },
};
static const struct json_type mount_type = JSON_TYPE(T, mount_rows);
#undef T

#define T struct oci_hook
static const struct json_field hook_rows[] = {
    JF_STR(T, path, "path", JF_REQUIRED),
    JF_STRV(T, args, "args", E),
    JF_STRV(T, env, "env", E),
    JF_PI64(T, timeout, "timeout", E),
    { 0 },
};
const struct json_type oci_hook_type = JSON_TYPE(T, hook_rows);
#undef T

#define T struct oci_hooks
static const struct json_field hooks_rows[] = {
    JF_LIST(T, prestart, "prestart", E, &oci_hook_type),
    JF_LIST(T, create_runtime, "createRuntime", E, &oci_hook_type),
    JF_LIST(T, create_container, "createContainer", E, &oci_hook_type),
    JF_LIST(T, start_container, "startContainer", E, &oci_hook_type),
    JF_LIST(T, poststart, "poststart", E, &oci_hook_type),
    JF_LIST(T, poststop, "poststop", E, &oci_hook_type),
    { 0 },
};
const struct json_type oci_hooks_type = JSON_TYPE(T, hooks_rows);
#undef T

#define T struct oci_device
static const struct json_field device_rows[] = {
    JF_STR(T, path, "path", JF_REQUIRED),
    JF_STR(T, type, "type", JF_REQUIRED),
    JF_I64(T, major, "major", E),
    JF_I64(T, minor, "minor", E),
    JF_PI64(T, file_mode, "fileMode", E),
    JF_PI64(T, uid, "uid", E),
    JF_PI64(T, gid, "gid", E),
    { 0 },
};
static const struct json_type device_type = JSON_TYPE(T, device_rows);
#undef T

#define T struct oci_device_rule
static const struct json_field device_rule_rows[] = {
    JF_BOOL(T, allow, "allow", 0), JF_STR(T, type, "type", E),     JF_PI64(T, major, "major", E),
    JF_PI64(T, minor, "minor", E), JF_STR(T, access, "access", E), { 0 },
};
static const struct json_type device_rule_type = JSON_TYPE(T, device_rule_rows);
#undef T

#define T struct oci_memory
static const struct json_field memory_rows[] = {
    JF_PI64(T, limit, "limit", E),
    JF_PI64(T, reservation, "reservation", E),
    JF_PI64(T, swap, "swap", E),
    JF_PI64(T, kernel, "kernel", E),
    JF_PI64(T, kernel_tcp, "kernelTCP", E),
    JF_PI64(T, swappiness, "swappiness", E),
    JF_BOOL(T, disable_oom_killer, "disableOOMKiller", E),
    JF_PBOOL(T, use_hierarchy, "useHierarchy", E),
    JF_PBOOL(T, check_before_update, "checkBeforeUpdate", E),
    { 0 },
};
static const struct json_type memory_type = JSON_TYPE(T, memory_rows);
#undef T

#define T struct oci_cpu
static const struct json_field cpu_rows[] = {
    JF_PI64(T, shares, "shares", E),
    JF_PI64(T, quota, "quota", E),
    JF_PI64(T, burst, "burst", E),
    JF_PI64(T, period, "period", E),
    JF_PI64(T, realtime_runtime, "realtimeRuntime", E),
    JF_PI64(T, realtime_period, "realtimePeriod", E),
    JF_STR(T, cpus, "cpus", E),
    JF_STR(T, mems, "mems", E),
    JF_PI64(T, idle, "idle", E),
    { 0 },
};
static const struct json_type cpu_type = JSON_TYPE(T, cpu_rows);
#undef T

#define T struct oci_weight_device
static const struct json_field weight_device_rows[] = {
    JF_I64(T, major, "major", 0),
    JF_I64(T, minor, "minor", 0),
    JF_PI64(T, weight, "weight", E),
    JF_PI64(T, leaf_weight, "leafWeight", E),
    { 0 },
};
static const struct json_type weight_device_type = JSON_TYPE(T, weight_device_rows);
#undef T

#define T struct oci_throttle_device
static const struct json_field throttle_rows[] = {
    JF_I64(T, major, "major", 0),
    JF_I64(T, minor, "minor", 0),
    JF_I64(T, rate, "rate", 0),
    { 0 },
};
static const struct json_type throttle_type = JSON_TYPE(T, throttle_rows);
#undef T

#define T struct oci_block_io
static const struct json_field block_io_rows[] = {
    JF_PI64(T, weight, "weight", E),
    JF_PI64(T, leaf_weight, "leafWeight", E),
    JF_LIST(T, weight_device, "weightDevice", E, &weight_device_type),
    JF_LIST(T, read_bps, "throttleReadBpsDevice", E, &throttle_type),
    JF_LIST(T, write_bps, "throttleWriteBpsDevice", E, &throttle_type),
    JF_LIST(T, read_iops, "throttleReadIOPSDevice", E, &throttle_type),
    JF_LIST(T, write_iops, "throttleWriteIOPSDevice", E, &throttle_type),
    { 0 },
};
static const struct json_type block_io_type = JSON_TYPE(T, block_io_rows);
#undef T

static const struct json_field pids_rows[] = {
    JF_I64(struct oci_pids, limit, "limit", 0),
    { 0 },
};
static const struct json_type pids_type = JSON_TYPE(struct oci_pids, pids_rows);

static const struct json_field hugepage_rows[] = {
    JF_STR(struct oci_hugepage_limit, page_size, "pageSize", JF_REQUIRED),
    JF_I64(struct oci_hugepage_limit, limit, "limit", 0),
    { 0 },
};
static const struct json_type hugepage_type = JSON_TYPE(struct oci_hugepage_limit, hugepage_rows);

static const struct json_field net_priority_rows[] = {
    JF_STR(struct oci_net_priority, name, "name", JF_REQUIRED),
    JF_I64(struct oci_net_priority, priority, "priority", 0),
    { 0 },
};
static const struct json_type net_priority_type = JSON_TYPE(struct oci_net_priority,
                                                            net_priority_rows);

static const struct json_field net_rows[] = {
    JF_PI64(struct oci_net, class_id, "classID", E),
    JF_LIST(struct oci_net, priorities, "priorities", E, &net_priority_type),
    { 0 },
};
static const struct json_type net_type = JSON_TYPE(struct oci_net, net_rows);

static const struct json_field rdma_rows[] = {
    JF_PI64(struct oci_rdma, hca_handles, "hcaHandles", E),
    JF_PI64(struct oci_rdma, hca_objects, "hcaObjects", E),
    { 0 },
};
static const struct json_type rdma_type = JSON_TYPE(struct oci_rdma, rdma_rows);

#define T struct oci_resources
static const struct json_field resources_rows[] = {
    JF_LIST(T, devices, "devices", E, &device_rule_type),
    JF_PTR(T, memory, "memory", E, &memory_type),
    JF_PTR(T, cpu, "cpu", E, &cpu_type),
    JF_PTR(T, pids, "pids", E, &pids_type),
    JF_PTR(T, block_io, "blockIO", E, &block_io_type),
    JF_LIST(T, hugepage_limits, "hugepageLimits", E, &hugepage_type),
    JF_PTR(T, network, "network", E, &net_type),
    JF_OBJMAP(T, rdma, "rdma", E, &rdma_type),
    JF_MAP(T, unified, "unified", E),
    { 0 },
};
const struct json_type oci_resources_type = JSON_TYPE(T, resources_rows);
#undef T

static const struct json_field namespace_rows[] = {
    JF_STR(struct oci_namespace, type, "type", JF_REQUIRED),
    JF_STR(struct oci_namespace, path, "path", E),
    { 0 },
};
static const struct json_type namespace_type = JSON_TYPE(struct oci_namespace, namespace_rows);

static const struct json_field seccomp_arg_rows[] = {
    JF_I64(struct oci_seccomp_arg, index, "index", 0),
    JF_U64(struct oci_seccomp_arg, value, "value", 0),
    JF_U64(struct oci_seccomp_arg, value_two, "valueTwo", E),
    JF_STR(struct oci_seccomp_arg, op, "op", JF_REQUIRED),
    { 0 },
};
static const struct json_type seccomp_arg_type = JSON_TYPE(struct oci_seccomp_arg,
                                                           seccomp_arg_rows);

#define T struct oci_seccomp_rule
static const struct json_field seccomp_rule_rows[] = {
    JF_STRV(T, names, "names", 0),
    JF_STR(T, action, "action", JF_REQUIRED),
    JF_PI64(T, errno_ret, "errnoRet", E),
    JF_LIST(T, args, "args", E, &seccomp_arg_type),
    { 0 },
};
static const struct json_type seccomp_rule_type = JSON_TYPE(T, seccomp_rule_rows);
#undef T

#define T struct oci_seccomp
static const struct json_field seccomp_rows[] = {
    JF_STR(T, default_action, "defaultAction", JF_REQUIRED),
    JF_PI64(T, default_errno_ret, "defaultErrnoRet", E),
    JF_STRV(T, architectures, "architectures", E),
    JF_STRV(T, flags, "flags", E),
    JF_STR(T, listener_path, "listenerPath", E),
    JF_STR(T, listener_metadata, "listenerMetadata", E),
    JF_LIST(T, syscalls, "syscalls", E, &seccomp_rule_type),
    { 0 },
};
const struct json_type oci_seccomp_type = JSON_TYPE(T, seccomp_rows);
#undef T

static const struct json_field time_offset_rows[] = {
    JF_I64(struct oci_time_offset, secs, "secs", E),
    JF_I64(struct oci_time_offset, nanosecs, "nanosecs", E),
    { 0 },
};
static const struct json_type time_offset_type = JSON_TYPE(struct oci_time_offset,
                                                           time_offset_rows);

static const struct json_field personality_rows[] = {
    JF_STR(struct oci_personality, domain, "domain", 0),
    JF_STRV(struct oci_personality, flags, "flags", E),
    { 0 },
};
static const struct json_type personality_type = JSON_TYPE(struct oci_personality,
                                                           personality_rows);

static const struct json_field intel_rdt_rows[] = {
    JF_STR(struct oci_intel_rdt, clos_id, "closID", E),
    JF_STR(struct oci_intel_rdt, l3_cache_schema, "l3CacheSchema", E),
    JF_STR(struct oci_intel_rdt, mem_bw_schema, "memBwSchema", E),
    { 0 },
};
static const struct json_type intel_rdt_type = JSON_TYPE(struct oci_intel_rdt, intel_rdt_rows);

#define T struct oci_linux
static const struct json_field linux_rows[] = {
    JF_LIST(T, uid_mappings, "uidMappings", E, &mapping_type),
    JF_LIST(T, gid_mappings, "gidMappings", E, &mapping_type),
    JF_MAP(T, sysctl, "sysctl", E),
    JF_PTR(T, resources, "resources", E, &oci_resources_type),
    JF_STR(T, cgroups_path, "cgroupsPath", E),
    JF_LIST(T, namespaces, "namespaces", E, &namespace_type),
    JF_LIST(T, devices, "devices", E, &device_type),
    JF_PTR(T, seccomp, "seccomp", E, &oci_seccomp_type),
    JF_STR(T, rootfs_propagation, "rootfsPropagation", E),
    JF_STRV(T, masked_paths, "maskedPaths", E),
    JF_STRV(T, readonly_paths, "readonlyPaths", E),
    JF_STR(T, mount_label, "mountLabel", E),
    JF_PTR(T, personality, "personality", E, &personality_type),
    JF_OBJMAP(T, time_offsets, "timeOffsets", E, &time_offset_type),
    JF_PTR(T, intel_rdt, "intelRdt", E, &intel_rdt_type),
    { 0 },
};
static const struct json_type linux_type = JSON_TYPE(T, linux_rows);
#undef T

#define T struct oci_spec
static const struct json_field spec_rows[] = {
    JF_STR(T, oci_version, "ociVersion", JF_REQUIRED),
    JF_PTR(T, process, "process", E, &oci_process_type),
    JF_PTR(T, root, "root", E, &root_type),
    JF_STR(T, hostname, "hostname", E),
    JF_STR(T, domainname, "domainname", E),
    JF_LIST(T, mounts, "mounts", E, &mount_type),
    JF_PTR(T, hooks, "hooks", E, &oci_hooks_type),
    JF_MAP(T, annotations, "annotations", E),
    JF_PTR(T, linux_, "linux", E, &linux_type),
    { 0 },
};
const struct json_type oci_spec_type = JSON_TYPE(T, spec_rows);
#undef T
