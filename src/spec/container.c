#include "spec/container.h"

#include "base/banned.h"

#define C struct container_mount
static const struct json_field container_mount_rows[] = {
    JF_STR(C, type, "type", JF_OMIT_EMPTY),
    JF_STR(C, source, "source", JF_OMIT_EMPTY),
    JF_STR(C, destination, "destination", JF_OMIT_EMPTY),
    JF_STRV(C, options, "options", JF_OMIT_EMPTY),
    JF_STR(C, subpath, "subpath", JF_OMIT_EMPTY),
    JF_STR(C, title, "title", JF_OMIT_EMPTY),
    JF_STR(C, digest, "digest", JF_OMIT_EMPTY),
    JF_STR(C, name, "name", JF_OMIT_EMPTY),
    JF_BOOL(C, from_image, "from_image", JF_OMIT_EMPTY),
    JF_BOOL(C, anonymous, "anonymous", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type container_mount_type = JSON_TYPE(C, container_mount_rows);
#undef C

#define C struct container_device
static const struct json_field container_device_rows[] = {
    JF_STR(C, source, "source", JF_OMIT_EMPTY),
    JF_STR(C, destination, "destination", JF_OMIT_EMPTY),
    JF_STR(C, permissions, "permissions", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type container_device_type = JSON_TYPE(C, container_device_rows);
#undef C

#define C struct container_ulimit
static const struct json_field container_ulimit_rows[] = {
    JF_STR(C, name, "name", JF_OMIT_EMPTY),
    JF_I64(C, soft, "soft", JF_OMIT_EMPTY),
    JF_I64(C, hard, "hard", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type container_ulimit_type = JSON_TYPE(C, container_ulimit_rows);
#undef C

#define C struct container_idmap
static const struct json_field container_idmap_rows[] = {
    JF_I64(C, container, "container", JF_OMIT_EMPTY),
    JF_I64(C, host, "host", JF_OMIT_EMPTY),
    JF_I64(C, size, "size", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type container_idmap_type = JSON_TYPE(C, container_idmap_rows);
#undef C

#define C struct container_throttle
static const struct json_field container_throttle_rows[] = {
    JF_STR(C, path, "path", JF_REQUIRED),
    JF_I64(C, rate, "rate", 0),
    { 0 },
};
static const struct json_type container_throttle_type = JSON_TYPE(C, container_throttle_rows);
#undef C

#define C struct container_resources
static const struct json_field container_resources_rows[] = {
    JF_I64(C, memory, "memory", JF_OMIT_EMPTY),
    JF_I64(C, memory_swap, "memory_swap", JF_OMIT_EMPTY),
    JF_I64(C, memory_reservation, "memory_reservation", JF_OMIT_EMPTY),
    JF_PI64(C, swappiness, "swappiness", JF_OMIT_EMPTY),
    JF_I64(C, cpu_shares, "cpu_shares", JF_OMIT_EMPTY),
    JF_I64(C, cpu_period, "cpu_period", JF_OMIT_EMPTY),
    JF_I64(C, cpu_quota, "cpu_quota", JF_OMIT_EMPTY),
    JF_I64(C, cpu_rt_period, "cpu_rt_period", JF_OMIT_EMPTY),
    JF_I64(C, cpu_rt_runtime, "cpu_rt_runtime", JF_OMIT_EMPTY),
    JF_I64(C, nano_cpus, "nano_cpus", JF_OMIT_EMPTY),
    JF_STR(C, cpuset_cpus, "cpuset_cpus", JF_OMIT_EMPTY),
    JF_STR(C, cpuset_mems, "cpuset_mems", JF_OMIT_EMPTY),
    JF_PI64(C, pids_limit, "pids_limit", JF_OMIT_EMPTY),
    JF_BOOL(C, oom_kill_disable, "oom_kill_disable", JF_OMIT_EMPTY),
    JF_PI64(C, oom_score_adj, "oom_score_adj", JF_OMIT_EMPTY),
    JF_I64(C, blkio_weight, "blkio_weight", JF_OMIT_EMPTY),
    JF_LIST(C, blkio_weight_device, "blkio_weight_device", JF_OMIT_EMPTY, &container_throttle_type),
    JF_LIST(C, read_bps, "read_bps", JF_OMIT_EMPTY, &container_throttle_type),
    JF_LIST(C, write_bps, "write_bps", JF_OMIT_EMPTY, &container_throttle_type),
    JF_LIST(C, read_iops, "read_iops", JF_OMIT_EMPTY, &container_throttle_type),
    JF_LIST(C, write_iops, "write_iops", JF_OMIT_EMPTY, &container_throttle_type),
    JF_MAP(C, unified, "unified", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type container_resources_type = JSON_TYPE(C, container_resources_rows);
#undef C

#define C struct container_network
static const struct json_field container_network_rows[] = {
    JF_STR(C, name, "name", JF_REQUIRED),
    JF_STRV(C, ips, "ips", JF_OMIT_EMPTY),
    JF_STR(C, mac, "mac", JF_OMIT_EMPTY),
    JF_STRV(C, aliases, "aliases", JF_OMIT_EMPTY),
    JF_STR(C, interface, "interface", JF_OMIT_EMPTY),
    JF_STR(C, host_interface, "host_interface", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type container_network_type = JSON_TYPE(C, container_network_rows);
#undef C

#define C struct container_port
static const struct json_field container_port_rows[] = {
    JF_STR(C, host_ip, "host_ip", JF_OMIT_EMPTY),
    JF_I64(C, host_port, "host_port", JF_OMIT_EMPTY),
    JF_I64(C, container_port, "container_port", JF_OMIT_EMPTY),
    JF_I64(C, range, "range", JF_OMIT_EMPTY),
    JF_STR(C, protocol, "protocol", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type container_port_type = JSON_TYPE(C, container_port_rows);
#undef C

#define C struct container_config
static const struct json_field container_config_rows[] = {
    JF_STR(C, id, "id", JF_OMIT_EMPTY),
    JF_STR(C, name, "name", JF_OMIT_EMPTY),
    JF_STR(C, image, "image", JF_OMIT_EMPTY),
    JF_STR(C, image_name, "image_name", JF_OMIT_EMPTY),
    JF_STR(C, rootfs, "rootfs", JF_OMIT_EMPTY),
    JF_BOOL(C, rootfs_overlay, "rootfsOverlay", JF_OMIT_EMPTY),
    JF_STRV(C, layers, "layers", JF_OMIT_EMPTY),
    JF_I64(C, created, "created", JF_OMIT_EMPTY),
    JF_STRV(C, create_command, "create_command", JF_OMIT_EMPTY),
    JF_STRV(C, entrypoint, "entrypoint", JF_OMIT_EMPTY),
    JF_BOOL(C, entrypoint_given, "entrypoint_given", JF_OMIT_EMPTY),
    JF_STRV(C, command, "command", JF_OMIT_EMPTY),
    JF_STRV(C, env, "env", JF_OMIT_EMPTY),
    JF_STRV(C, env_unset, "env_unset", JF_OMIT_EMPTY),
    JF_STRV(C, env_merge, "env_merge", JF_OMIT_EMPTY),
    JF_BOOL(C, env_unset_all, "env_unset_all", JF_OMIT_EMPTY),
    JF_STR(C, user, "user", JF_OMIT_EMPTY),
    JF_STR(C, workdir, "workdir", JF_OMIT_EMPTY),
    JF_STR(C, hostname, "hostname", JF_OMIT_EMPTY),
    JF_STR(C, domainname, "domainname", JF_OMIT_EMPTY),
    JF_BOOL(C, hostname_given, "hostname_given", JF_OMIT_EMPTY),
    JF_BOOL(C, workdir_given, "workdir_given", JF_OMIT_EMPTY),
    JF_MAP(C, labels, "labels", JF_OMIT_EMPTY),
    JF_MAP(C, annotations, "annotations", JF_OMIT_EMPTY),
    JF_BOOL(C, terminal, "terminal", JF_OMIT_EMPTY),
    JF_BOOL(C, stdin_open, "stdin_open", JF_OMIT_EMPTY),
    JF_BOOL(C, stdin_once, "stdin_once", JF_OMIT_EMPTY),
    JF_STRV(C, attach, "attach", JF_OMIT_EMPTY),
    JF_STR(C, stop_signal, "stop_signal", JF_OMIT_EMPTY),
    JF_I64(C, stop_timeout, "stop_timeout", JF_OMIT_EMPTY),
    JF_I64(C, timeout, "timeout", JF_OMIT_EMPTY),
    JF_STR(C, tz, "tz", JF_OMIT_EMPTY),
    JF_STR(C, umask, "umask", JF_OMIT_EMPTY),
    JF_BOOL(C, init, "init", JF_OMIT_EMPTY),
    JF_STR(C, init_path, "init_path", JF_OMIT_EMPTY),
    JF_LIST(C, mounts, "mounts", JF_OMIT_EMPTY, &container_mount_type),
    JF_LIST(C, devices, "devices", JF_OMIT_EMPTY, &container_device_type),
    JF_STRV(C, device_cgroup_rules, "device_cgroup_rules", JF_OMIT_EMPTY),
    JF_BOOL(C, read_only, "read_only", JF_OMIT_EMPTY),
    JF_BOOL(C, read_only_tmpfs, "read_only_tmpfs", JF_OMIT_EMPTY),
    JF_I64(C, shm_size, "shm_size", JF_OMIT_EMPTY),
    JF_STR(C, image_volume, "image_volume", JF_OMIT_EMPTY),
    JF_BOOL(C, privileged, "privileged", JF_OMIT_EMPTY),
    JF_STRV(C, cap_add, "cap_add", JF_OMIT_EMPTY),
    JF_STRV(C, cap_drop, "cap_drop", JF_OMIT_EMPTY),
    JF_BOOL(C, no_new_privileges, "no_new_privileges", JF_OMIT_EMPTY),
    JF_STR(C, seccomp_profile, "seccomp_profile", JF_OMIT_EMPTY),
    JF_STR(C, apparmor_profile, "apparmor_profile", JF_OMIT_EMPTY),
    JF_STRV(C, label_opts, "label_opts", JF_OMIT_EMPTY),
    JF_STRV(C, mask, "mask", JF_OMIT_EMPTY),
    JF_STRV(C, unmask, "unmask", JF_OMIT_EMPTY),
    JF_STR(C, proc_opts, "proc_opts", JF_OMIT_EMPTY),
    JF_STRV(C, groups, "groups", JF_OMIT_EMPTY),
    JF_STRV(C, host_users, "host_users", JF_OMIT_EMPTY),
    JF_STR(C, passwd_entry, "passwd_entry", JF_OMIT_EMPTY),
    JF_STR(C, group_entry, "group_entry", JF_OMIT_EMPTY),
    JF_BOOL(C, no_passwd, "no_passwd", JF_OMIT_EMPTY),
    JF_LIST(C, ulimits, "ulimits", JF_OMIT_EMPTY, &container_ulimit_type),
    JF_MAP(C, sysctls, "sysctls", JF_OMIT_EMPTY),
    JF_STR(C, netns, "netns", JF_OMIT_EMPTY),
    JF_LIST(C, networks, "networks", JF_OMIT_EMPTY, &container_network_type),
    JF_LIST(C, ports, "ports", JF_OMIT_EMPTY, &container_port_type),
    JF_STRV(C, expose, "expose", JF_OMIT_EMPTY),
    JF_BOOL(C, publish_all, "publish_all", JF_OMIT_EMPTY),
    JF_STRV(C, dns_servers, "dns_servers", JF_OMIT_EMPTY),
    JF_STRV(C, dns_searches, "dns_searches", JF_OMIT_EMPTY),
    JF_STRV(C, dns_options, "dns_options", JF_OMIT_EMPTY),
    JF_STRV(C, add_hosts, "add_hosts", JF_OMIT_EMPTY),
    JF_STR(C, hosts_file, "hosts_file", JF_OMIT_EMPTY),
    JF_BOOL(C, no_hosts, "no_hosts", JF_OMIT_EMPTY),
    JF_BOOL(C, no_hostname, "no_hostname", JF_OMIT_EMPTY),
    JF_STR(C, pidns, "pidns", JF_OMIT_EMPTY),
    JF_STR(C, ipcns, "ipcns", JF_OMIT_EMPTY),
    JF_STR(C, utsns, "utsns", JF_OMIT_EMPTY),
    JF_STR(C, userns, "userns", JF_OMIT_EMPTY),
    JF_STR(C, cgroupns, "cgroupns", JF_OMIT_EMPTY),
    JF_LIST(C, uid_map, "uid_map", JF_OMIT_EMPTY, &container_idmap_type),
    JF_LIST(C, gid_map, "gid_map", JF_OMIT_EMPTY, &container_idmap_type),
    JF_STRV(C, userns_opts, "userns_opts", JF_OMIT_EMPTY),
    JF_STR(C, cgroups, "cgroups", JF_OMIT_EMPTY),
    JF_STR(C, cgroup_parent, "cgroup_parent", JF_OMIT_EMPTY),
    JF_STR(C, cgroup_manager, "cgroup_manager", JF_OMIT_EMPTY),
    JF_OBJ(C, resources, "resources", 0, &container_resources_type),
    JF_STR(C, log_driver, "log_driver", JF_OMIT_EMPTY),
    JF_STR(C, log_path, "log_path", JF_OMIT_EMPTY),
    JF_STR(C, log_tag, "log_tag", JF_OMIT_EMPTY),
    JF_I64(C, log_size_max, "log_size_max", JF_OMIT_EMPTY),
    JF_MAP(C, log_options, "log_options", JF_OMIT_EMPTY),
    JF_LIST(C, secrets, "secrets", JF_OMIT_EMPTY, &container_secret_type),
    JF_OBJ(C, health, "health", JF_OMIT_EMPTY, &health_config_type),
    JF_STR(C, restart_policy, "restart_policy", JF_OMIT_EMPTY),
    JF_I64(C, restart_tries, "restart_tries", JF_OMIT_EMPTY),
    JF_BOOL(C, auto_remove, "auto_remove", JF_OMIT_EMPTY),
    JF_BOOL(C, auto_remove_image, "auto_remove_image", JF_OMIT_EMPTY),
    JF_STR(C, pid_file, "pid_file", JF_OMIT_EMPTY),
    JF_STR(C, monitor_pid_file, "monitor_pid_file", JF_OMIT_EMPTY),
    JF_STR(C, cid_file, "cid_file", JF_OMIT_EMPTY),
    JF_STR(C, runtime, "runtime", JF_OMIT_EMPTY),
    JF_STRV(C, runtime_flags, "runtime_flags", JF_OMIT_EMPTY),
    JF_STR(C, sdnotify, "sdnotify", JF_OMIT_EMPTY),
    JF_STR(C, personality, "personality", JF_OMIT_EMPTY),
    JF_STR(C, detach_keys, "detach_keys", JF_OMIT_EMPTY),
    JF_STRV(C, volumes, "volumes", JF_OMIT_EMPTY),
    JF_STR(C, process_label, "process_label", JF_OMIT_EMPTY),
    JF_STR(C, mount_label, "mount_label", JF_OMIT_EMPTY),
    JF_STRV(C, requires_, "requires", JF_OMIT_EMPTY),
    JF_STRV(C, chroot_dirs, "chroot_dirs", JF_OMIT_EMPTY),
    JF_STR(C, systemd, "systemd", JF_OMIT_EMPTY),
    JF_BOOL(C, systemd_mode, "systemd_mode", JF_OMIT_EMPTY),
    JF_I64(C, shm_size_systemd, "shm_size_systemd", JF_OMIT_EMPTY),
    JF_STR(C, seccomp_policy, "seccomp_policy", JF_OMIT_EMPTY),
    JF_STR(C, rdt_class, "rdt_class", JF_OMIT_EMPTY),
    JF_STR(C, pod, "pod", JF_OMIT_EMPTY),
    JF_BOOL(C, infra, "infra", JF_OMIT_EMPTY),
    JF_BOOL(C, service, "service", JF_OMIT_EMPTY),
    JF_BOOL(C, ends_pod, "ends_pod", JF_OMIT_EMPTY),
    JF_STR(C, init_type, "init_type", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type container_config_type = JSON_TYPE(C, container_config_rows);
#undef C
