#include "spec/inspect_container.h"

#include "base/banned.h"

#define T struct inspect_container_state_health_log
static const struct json_field inspect_container_state_health_log_rows[] = {
    JF_STR(T, start, "Start", 0),
    JF_STR(T, end, "End", 0),
    JF_I64(T, exit_code, "ExitCode", 0),
    JF_STR(T, output, "Output", 0),
    { 0 },
};
#undef T
static const struct json_type inspect_container_state_health_log_type = JSON_TYPE(
    struct inspect_container_state_health_log, inspect_container_state_health_log_rows);

#define T struct inspect_container_state_health
static const struct json_field inspect_container_state_health_rows[] = {
    JF_STR(T, status, "Status", 0),
    JF_I64(T, failing_streak, "FailingStreak", 0),
    JF_LIST(T, log, "Log", 0, &inspect_container_state_health_log_type),
    { 0 },
};
#undef T
static const struct json_type inspect_container_state_health_type = JSON_TYPE(
    struct inspect_container_state_health, inspect_container_state_health_rows);

#define T struct inspect_container_state
static const struct json_field inspect_container_state_rows[] = {
    JF_STR(T, oci_version, "OciVersion", 0),
    JF_STR(T, status, "Status", 0),
    JF_BOOL(T, running, "Running", 0),
    JF_BOOL(T, paused, "Paused", 0),
    JF_BOOL(T, restarting, "Restarting", 0),
    JF_BOOL(T, oom_killed, "OOMKilled", 0),
    JF_BOOL(T, dead, "Dead", 0),
    JF_I64(T, pid, "Pid", 0),
    JF_I64(T, conmon_pid, "ConmonPid", JF_OMIT_EMPTY),
    JF_I64(T, exit_code, "ExitCode", 0),
    JF_STR(T, error, "Error", 0),
    JF_TIME(T, started_at, "StartedAt", 0),
    JF_TIME(T, finished_at, "FinishedAt", 0),
    JF_PTR(T, health, "Health", JF_OMIT_EMPTY, &inspect_container_state_health_type),
    JF_BOOL(T, checkpointed, "Checkpointed", JF_OMIT_EMPTY),
    JF_STR(T, cgroup_path, "CgroupPath", JF_OMIT_EMPTY),
    JF_TIME(T, checkpointed_at, "CheckpointedAt", 0),
    JF_TIME(T, restored_at, "RestoredAt", 0),
    JF_STR(T, checkpoint_log, "CheckpointLog", JF_OMIT_EMPTY),
    JF_STR(T, checkpoint_path, "CheckpointPath", JF_OMIT_EMPTY),
    JF_STR(T, restore_log, "RestoreLog", JF_OMIT_EMPTY),
    JF_BOOL(T, restored, "Restored", JF_OMIT_EMPTY),
    JF_BOOL(T, stopped_by_user, "StoppedByUser", JF_OMIT_EMPTY),
    { 0 },
};
#undef T
static const struct json_type inspect_container_state_type = JSON_TYPE(
    struct inspect_container_state, inspect_container_state_rows);

#define T struct inspect_container_graph_driver
static const struct json_field inspect_container_graph_driver_rows[] = {
    JF_STR(T, name, "Name", 0),
    JF_MAP(T, data, "Data", 0),
    { 0 },
};
#undef T
static const struct json_type inspect_container_graph_driver_type = JSON_TYPE(
    struct inspect_container_graph_driver, inspect_container_graph_driver_rows);

#define T struct inspect_container_mounts
static const struct json_field inspect_container_mounts_rows[] = {
    JF_STR(T, type, "Type", 0),
    JF_STR(T, name, "Name", JF_OMIT_EMPTY),
    JF_STR(T, source, "Source", 0),
    JF_STR(T, destination, "Destination", 0),
    JF_STR(T, driver, "Driver", 0),
    JF_STR(T, mode, "Mode", 0),
    JF_STRV(T, options, "Options", 0),
    JF_BOOL(T, rw, "RW", 0),
    JF_STR(T, propagation, "Propagation", 0),
    JF_STR(T, sub_path, "SubPath", JF_OMIT_EMPTY),
    { 0 },
};
#undef T
static const struct json_type inspect_container_mounts_type = JSON_TYPE(
    struct inspect_container_mounts, inspect_container_mounts_rows);

#define T struct inspect_container_network_settings_secondary_ip_addresses
static const struct json_field inspect_container_network_settings_secondary_ip_addresses_rows[] = {
    JF_STR(T, addr, "Addr", 0),
    JF_I64(T, prefix_length, "PrefixLength", 0),
    { 0 },
};
#undef T
static const struct json_type inspect_container_network_settings_secondary_ip_addresses_type =
    JSON_TYPE(struct inspect_container_network_settings_secondary_ip_addresses,
              inspect_container_network_settings_secondary_ip_addresses_rows);

#define T struct inspect_container_network_settings_secondary_i_pv6_addresses
static const struct json_field
    inspect_container_network_settings_secondary_i_pv6_addresses_rows[] = {
        JF_STR(T, addr, "Addr", 0),
        JF_I64(T, prefix_length, "PrefixLength", 0),
        { 0 },
    };
#undef T
static const struct json_type inspect_container_network_settings_secondary_i_pv6_addresses_type =
    JSON_TYPE(struct inspect_container_network_settings_secondary_i_pv6_addresses,
              inspect_container_network_settings_secondary_i_pv6_addresses_rows);

#define T struct inspect_container_network_settings
static const struct json_field inspect_container_network_settings_rows[] = {
    JF_STR(T, endpoint_id, "EndpointID", 0),
    JF_STR(T, gateway, "Gateway", 0),
    JF_STR(T, ip_address, "IPAddress", 0),
    JF_I64(T, ip_prefix_len, "IPPrefixLen", 0),
    JF_LIST(T, secondary_ip_addresses, "SecondaryIPAddresses", 0,
            &inspect_container_network_settings_secondary_ip_addresses_type),
    JF_STR(T, i_pv6_gateway, "IPv6Gateway", 0),
    JF_STR(T, global_i_pv6_address, "GlobalIPv6Address", 0),
    JF_I64(T, global_i_pv6_prefix_len, "GlobalIPv6PrefixLen", 0),
    JF_LIST(T, secondary_i_pv6_addresses, "SecondaryIPv6Addresses", 0,
            &inspect_container_network_settings_secondary_i_pv6_addresses_type),
    JF_STR(T, mac_address, "MacAddress", 0),
    JF_STRV(T, additional_mac_addresses, "AdditionalMACAddresses", JF_OMIT_EMPTY),
    JF_STR(T, bridge, "Bridge", 0),
    JF_STR(T, sandbox_id, "SandboxID", 0),
    JF_BOOL(T, hairpin_mode, "HairpinMode", 0),
    JF_STR(T, link_local_i_pv6_address, "LinkLocalIPv6Address", 0),
    JF_I64(T, link_local_i_pv6_prefix_len, "LinkLocalIPv6PrefixLen", 0),
    JF_RAW(T, ports, "Ports", 0),
    JF_STR(T, sandbox_key, "SandboxKey", 0),
    JF_RAW(T, networks, "Networks", 0),
    { 0 },
};
#undef T
static const struct json_type inspect_container_network_settings_type = JSON_TYPE(
    struct inspect_container_network_settings, inspect_container_network_settings_rows);

#define T struct inspect_container_config_startup_health_check
static const struct json_field inspect_container_config_startup_health_check_rows[] = {
    JF_STRV(T, test, "Test", JF_OMIT_EMPTY),
    JF_I64(T, start_period, "StartPeriod", JF_OMIT_EMPTY),
    JF_I64(T, start_interval, "StartInterval", JF_OMIT_EMPTY),
    JF_I64(T, interval, "Interval", JF_OMIT_EMPTY),
    JF_I64(T, timeout, "Timeout", JF_OMIT_EMPTY),
    JF_I64(T, retries, "Retries", JF_OMIT_EMPTY),
    JF_I64(T, successes, "Successes", JF_OMIT_EMPTY),
    { 0 },
};
#undef T
static const struct json_type inspect_container_config_startup_health_check_type = JSON_TYPE(
    struct inspect_container_config_startup_health_check,
    inspect_container_config_startup_health_check_rows);

#define T struct inspect_container_config_healthcheck
static const struct json_field inspect_container_config_healthcheck_rows[] = {
    JF_STRV(T, test, "Test", JF_OMIT_EMPTY),
    JF_I64(T, start_period, "StartPeriod", JF_OMIT_EMPTY),
    JF_I64(T, start_interval, "StartInterval", JF_OMIT_EMPTY),
    JF_I64(T, interval, "Interval", JF_OMIT_EMPTY),
    JF_I64(T, timeout, "Timeout", JF_OMIT_EMPTY),
    JF_I64(T, retries, "Retries", JF_OMIT_EMPTY),
    { 0 },
};
#undef T
static const struct json_type inspect_container_config_healthcheck_type = JSON_TYPE(
    struct inspect_container_config_healthcheck, inspect_container_config_healthcheck_rows);

#define T struct inspect_container_config_secrets
static const struct json_field inspect_container_config_secrets_rows[] = {
    JF_STR(T, name, "Name", 0), JF_STR(T, id, "ID", 0),     JF_I64(T, uid, "UID", 0),
    JF_I64(T, gid, "GID", 0),   JF_I64(T, mode, "Mode", 0), { 0 },
};
#undef T
static const struct json_type inspect_container_config_secrets_type = JSON_TYPE(
    struct inspect_container_config_secrets, inspect_container_config_secrets_rows);

#define T struct inspect_container_config
static const struct json_field inspect_container_config_rows[] = {
    JF_STR(T, hostname, "Hostname", 0),
    JF_STR(T, domainname, "Domainname", 0),
    JF_STR(T, user, "User", 0),
    JF_BOOL(T, attach_stdin, "AttachStdin", 0),
    JF_BOOL(T, attach_stdout, "AttachStdout", 0),
    JF_BOOL(T, attach_stderr, "AttachStderr", 0),
    JF_BOOL(T, tty, "Tty", 0),
    JF_BOOL(T, open_stdin, "OpenStdin", 0),
    JF_BOOL(T, stdin_once, "StdinOnce", 0),
    JF_STRV(T, env, "Env", 0),
    JF_STRV(T, cmd, "Cmd", 0),
    JF_STR(T, image, "Image", 0),
    JF_RAW(T, volumes, "Volumes", 0),
    JF_STR(T, working_dir, "WorkingDir", 0),
    JF_STRV(T, entrypoint, "Entrypoint", 0),
    JF_STR(T, on_build, "OnBuild", 0),
    JF_MAP(T, labels, "Labels", 0),
    JF_MAP(T, annotations, "Annotations", 0),
    JF_STR(T, stop_signal, "StopSignal", 0),
    JF_PTR(T, startup_health_check, "StartupHealthCheck", JF_OMIT_EMPTY,
           &inspect_container_config_startup_health_check_type),
    JF_PTR(T, healthcheck, "Healthcheck", JF_OMIT_EMPTY,
           &inspect_container_config_healthcheck_type),
    JF_STR(T, healthcheck_on_failure_action, "HealthcheckOnFailureAction", JF_OMIT_EMPTY),
    JF_STR(T, health_log_destination, "HealthLogDestination", JF_OMIT_EMPTY),
    JF_I64(T, healthcheck_max_log_count, "HealthcheckMaxLogCount", JF_OMIT_EMPTY),
    JF_I64(T, healthcheck_max_log_size, "HealthcheckMaxLogSize", JF_OMIT_EMPTY),
    JF_STRV(T, create_command, "CreateCommand", JF_OMIT_EMPTY),
    JF_STR(T, timezone, "Timezone", JF_OMIT_EMPTY),
    JF_BOOL(T, systemd_mode, "SystemdMode", JF_OMIT_EMPTY),
    JF_STR(T, umask, "Umask", JF_OMIT_EMPTY),
    JF_LIST(T, secrets, "Secrets", 0, &inspect_container_config_secrets_type),
    JF_I64(T, timeout, "Timeout", 0),
    JF_I64(T, stop_timeout, "StopTimeout", 0),
    JF_BOOL(T, passwd, "Passwd", JF_OMIT_EMPTY),
    JF_STRV(T, chroot_dirs, "ChrootDirs", JF_OMIT_EMPTY),
    JF_STR(T, sd_notify_mode, "sdNotifyMode", JF_OMIT_EMPTY),
    JF_STR(T, sd_notify_socket, "sdNotifySocket", JF_OMIT_EMPTY),
    JF_RAW(T, exposed_ports, "ExposedPorts", 0),
    { 0 },
};
#undef T
static const struct json_type inspect_container_config_type = JSON_TYPE(
    struct inspect_container_config, inspect_container_config_rows);

#define T struct inspect_container_host_config_log_config
static const struct json_field inspect_container_host_config_log_config_rows[] = {
    JF_STR(T, type, "Type", 0), JF_MAP(T, config, "Config", 0), JF_STR(T, path, "Path", 0),
    JF_STR(T, tag, "Tag", 0),   JF_STR(T, size, "Size", 0),     { 0 },
};
#undef T
static const struct json_type inspect_container_host_config_log_config_type = JSON_TYPE(
    struct inspect_container_host_config_log_config, inspect_container_host_config_log_config_rows);

#define T struct inspect_container_host_config_restart_policy
static const struct json_field inspect_container_host_config_restart_policy_rows[] = {
    JF_STR(T, name, "Name", 0),
    JF_I64(T, maximum_retry_count, "MaximumRetryCount", 0),
    { 0 },
};
#undef T
static const struct json_type inspect_container_host_config_restart_policy_type = JSON_TYPE(
    struct inspect_container_host_config_restart_policy,
    inspect_container_host_config_restart_policy_rows);

#define T struct inspect_container_host_config_id_mappings
static const struct json_field inspect_container_host_config_id_mappings_rows[] = {
    JF_STRV(T, uid_map, "UidMap", 0),
    JF_STRV(T, gid_map, "GidMap", 0),
    { 0 },
};
#undef T
static const struct json_type inspect_container_host_config_id_mappings_type = JSON_TYPE(
    struct inspect_container_host_config_id_mappings,
    inspect_container_host_config_id_mappings_rows);

#define T struct inspect_container_host_config_blkio_weight_device
static const struct json_field inspect_container_host_config_blkio_weight_device_rows[] = {
    JF_STR(T, path, "Path", 0),
    JF_I64(T, weight, "Weight", 0),
    { 0 },
};
#undef T
static const struct json_type inspect_container_host_config_blkio_weight_device_type = JSON_TYPE(
    struct inspect_container_host_config_blkio_weight_device,
    inspect_container_host_config_blkio_weight_device_rows);

#define T struct inspect_container_host_config_blkio_device_read_bps
static const struct json_field inspect_container_host_config_blkio_device_read_bps_rows[] = {
    JF_STR(T, path, "Path", 0),
    JF_I64(T, rate, "Rate", 0),
    { 0 },
};
#undef T
static const struct json_type inspect_container_host_config_blkio_device_read_bps_type = JSON_TYPE(
    struct inspect_container_host_config_blkio_device_read_bps,
    inspect_container_host_config_blkio_device_read_bps_rows);

#define T struct inspect_container_host_config_blkio_device_write_bps
static const struct json_field inspect_container_host_config_blkio_device_write_bps_rows[] = {
    JF_STR(T, path, "Path", 0),
    JF_I64(T, rate, "Rate", 0),
    { 0 },
};
#undef T
static const struct json_type inspect_container_host_config_blkio_device_write_bps_type = JSON_TYPE(
    struct inspect_container_host_config_blkio_device_write_bps,
    inspect_container_host_config_blkio_device_write_bps_rows);

#define T struct inspect_container_host_config_blkio_device_read_i_ops
static const struct json_field inspect_container_host_config_blkio_device_read_i_ops_rows[] = {
    JF_STR(T, path, "Path", 0),
    JF_I64(T, rate, "Rate", 0),
    { 0 },
};
#undef T
static const struct json_type inspect_container_host_config_blkio_device_read_i_ops_type =
    JSON_TYPE(struct inspect_container_host_config_blkio_device_read_i_ops,
              inspect_container_host_config_blkio_device_read_i_ops_rows);

#define T struct inspect_container_host_config_blkio_device_write_i_ops
static const struct json_field inspect_container_host_config_blkio_device_write_i_ops_rows[] = {
    JF_STR(T, path, "Path", 0),
    JF_I64(T, rate, "Rate", 0),
    { 0 },
};
#undef T
static const struct json_type inspect_container_host_config_blkio_device_write_i_ops_type =
    JSON_TYPE(struct inspect_container_host_config_blkio_device_write_i_ops,
              inspect_container_host_config_blkio_device_write_i_ops_rows);

#define T struct inspect_container_host_config_devices
static const struct json_field inspect_container_host_config_devices_rows[] = {
    JF_STR(T, path_on_host, "PathOnHost", 0),
    JF_STR(T, path_in_container, "PathInContainer", 0),
    JF_STR(T, cgroup_permissions, "CgroupPermissions", 0),
    { 0 },
};
#undef T
static const struct json_type inspect_container_host_config_devices_type = JSON_TYPE(
    struct inspect_container_host_config_devices, inspect_container_host_config_devices_rows);

#define T struct inspect_container_host_config_ulimits
static const struct json_field inspect_container_host_config_ulimits_rows[] = {
    JF_STR(T, name, "Name", 0),
    JF_I64(T, soft, "Soft", 0),
    JF_I64(T, hard, "Hard", 0),
    { 0 },
};
#undef T
static const struct json_type inspect_container_host_config_ulimits_type = JSON_TYPE(
    struct inspect_container_host_config_ulimits, inspect_container_host_config_ulimits_rows);

#define T struct inspect_container_host_config
static const struct json_field inspect_container_host_config_rows[] = {
    JF_STRV(T, binds, "Binds", 0),
    JF_STR(T, cgroup_manager, "CgroupManager", JF_OMIT_EMPTY),
    JF_STR(T, cgroup_mode, "CgroupMode", 0),
    JF_STR(T, container_id_file, "ContainerIDFile", 0),
    JF_OBJ(T, log_config, "LogConfig", 0, &inspect_container_host_config_log_config_type),
    JF_STR(T, network_mode, "NetworkMode", 0),
    JF_RAW(T, port_bindings, "PortBindings", 0),
    JF_OBJ(T, restart_policy, "RestartPolicy", 0,
           &inspect_container_host_config_restart_policy_type),
    JF_BOOL(T, auto_remove, "AutoRemove", 0),
    JF_BOOL(T, auto_remove_image, "AutoRemoveImage", 0),
    JF_MAP(T, annotations, "Annotations", 0),
    JF_STR(T, volume_driver, "VolumeDriver", 0),
    JF_STRV(T, volumes_from, "VolumesFrom", 0),
    JF_STRV(T, cap_add, "CapAdd", 0),
    JF_STRV(T, cap_drop, "CapDrop", 0),
    JF_STRV(T, dns, "Dns", 0),
    JF_STRV(T, dns_options, "DnsOptions", 0),
    JF_STRV(T, dns_search, "DnsSearch", 0),
    JF_STRV(T, extra_hosts, "ExtraHosts", 0),
    JF_STR(T, hosts_file, "HostsFile", 0),
    JF_STRV(T, group_add, "GroupAdd", 0),
    JF_STR(T, ipc_mode, "IpcMode", 0),
    JF_STR(T, cgroup, "Cgroup", 0),
    JF_STR(T, cgroups, "Cgroups", 0),
    JF_STRV(T, links, "Links", 0),
    JF_I64(T, oom_score_adj, "OomScoreAdj", 0),
    JF_STR(T, pid_mode, "PidMode", 0),
    JF_BOOL(T, privileged, "Privileged", 0),
    JF_BOOL(T, publish_all_ports, "PublishAllPorts", 0),
    JF_BOOL(T, readonly_rootfs, "ReadonlyRootfs", 0),
    JF_STRV(T, security_opt, "SecurityOpt", 0),
    JF_MAP(T, tmpfs, "Tmpfs", 0),
    JF_STR(T, uts_mode, "UTSMode", 0),
    JF_STR(T, userns_mode, "UsernsMode", 0),
    JF_PTR(T, id_mappings, "IDMappings", JF_OMIT_EMPTY,
           &inspect_container_host_config_id_mappings_type),
    JF_I64(T, shm_size, "ShmSize", 0),
    JF_STR(T, runtime, "Runtime", 0),
    JF_NUMS(T, console_size, "ConsoleSize", 0),
    JF_STR(T, isolation, "Isolation", 0),
    JF_I64(T, cpu_shares, "CpuShares", 0),
    JF_I64(T, memory, "Memory", 0),
    JF_I64(T, nano_cpus, "NanoCpus", 0),
    JF_STR(T, cgroup_parent, "CgroupParent", 0),
    JF_I64(T, blkio_weight, "BlkioWeight", 0),
    JF_LIST(T, blkio_weight_device, "BlkioWeightDevice", 0,
            &inspect_container_host_config_blkio_weight_device_type),
    JF_LIST(T, blkio_device_read_bps, "BlkioDeviceReadBps", 0,
            &inspect_container_host_config_blkio_device_read_bps_type),
    JF_LIST(T, blkio_device_write_bps, "BlkioDeviceWriteBps", 0,
            &inspect_container_host_config_blkio_device_write_bps_type),
    JF_LIST(T, blkio_device_read_i_ops, "BlkioDeviceReadIOps", 0,
            &inspect_container_host_config_blkio_device_read_i_ops_type),
    JF_LIST(T, blkio_device_write_i_ops, "BlkioDeviceWriteIOps", 0,
            &inspect_container_host_config_blkio_device_write_i_ops_type),
    JF_I64(T, cpu_period, "CpuPeriod", 0),
    JF_I64(T, cpu_quota, "CpuQuota", 0),
    JF_I64(T, cpu_realtime_period, "CpuRealtimePeriod", 0),
    JF_I64(T, cpu_realtime_runtime, "CpuRealtimeRuntime", 0),
    JF_STR(T, cpuset_cpus, "CpusetCpus", 0),
    JF_STR(T, cpuset_mems, "CpusetMems", 0),
    JF_LIST(T, devices, "Devices", 0, &inspect_container_host_config_devices_type),
    JF_I64(T, disk_quota, "DiskQuota", 0),
    JF_I64(T, kernel_memory, "KernelMemory", 0),
    JF_I64(T, memory_reservation, "MemoryReservation", 0),
    JF_I64(T, memory_swap, "MemorySwap", 0),
    JF_I64(T, memory_swappiness, "MemorySwappiness", 0),
    JF_BOOL(T, oom_kill_disable, "OomKillDisable", 0),
    JF_BOOL(T, init, "Init", JF_OMIT_EMPTY),
    JF_I64(T, pids_limit, "PidsLimit", 0),
    JF_LIST(T, ulimits, "Ulimits", 0, &inspect_container_host_config_ulimits_type),
    JF_I64(T, cpu_count, "CpuCount", 0),
    JF_I64(T, cpu_percent, "CpuPercent", 0),
    JF_I64(T, io_maximum_i_ops, "IOMaximumIOps", 0),
    JF_I64(T, io_maximum_bandwidth, "IOMaximumBandwidth", 0),
    JF_MAP(T, cgroup_conf, "CgroupConf", 0),
    JF_STR(T, intel_rdt_clos_id, "IntelRdtClosID", JF_OMIT_EMPTY),
    { 0 },
};
#undef T
static const struct json_type inspect_container_host_config_type = JSON_TYPE(
    struct inspect_container_host_config, inspect_container_host_config_rows);

#define T struct inspect_container
static const struct json_field inspect_container_rows[] = {
    JF_STR(T, id, "Id", 0),
    JF_TIME(T, created, "Created", 0),
    JF_STR(T, path, "Path", 0),
    JF_STRV(T, args, "Args", 0),
    JF_OBJ(T, state, "State", 0, &inspect_container_state_type),
    JF_STR(T, image, "Image", 0),
    JF_STR(T, image_digest, "ImageDigest", 0),
    JF_STR(T, image_name, "ImageName", 0),
    JF_STR(T, rootfs, "Rootfs", 0),
    JF_STR(T, pod, "Pod", 0),
    JF_STR(T, resolv_conf_path, "ResolvConfPath", 0),
    JF_STR(T, hostname_path, "HostnamePath", 0),
    JF_STR(T, hosts_path, "HostsPath", 0),
    JF_STR(T, static_dir, "StaticDir", 0),
    JF_STR(T, oci_config_path, "OCIConfigPath", JF_OMIT_EMPTY),
    JF_STR(T, oci_runtime, "OCIRuntime", JF_OMIT_EMPTY),
    JF_STR(T, conmon_pid_file, "ConmonPidFile", 0),
    JF_STR(T, pid_file, "PidFile", 0),
    JF_STR(T, name, "Name", 0),
    JF_I64(T, restart_count, "RestartCount", 0),
    JF_STR(T, driver, "Driver", 0),
    JF_STR(T, mount_label, "MountLabel", 0),
    JF_STR(T, process_label, "ProcessLabel", 0),
    JF_STR(T, app_armor_profile, "AppArmorProfile", 0),
    JF_STRV(T, effective_caps, "EffectiveCaps", 0),
    JF_STRV(T, bounding_caps, "BoundingCaps", 0),
    JF_STRV(T, exec_i_ds, "ExecIDs", 0),
    JF_OBJ(T, graph_driver, "GraphDriver", 0, &inspect_container_graph_driver_type),
    JF_I64(T, size_rw, "SizeRw", JF_OMIT_EMPTY),
    JF_I64(T, size_root_fs, "SizeRootFs", JF_OMIT_EMPTY),
    JF_LIST(T, mounts, "Mounts", 0, &inspect_container_mounts_type),
    JF_STRV(T, dependencies, "Dependencies", 0),
    JF_OBJ(T, network_settings, "NetworkSettings", 0, &inspect_container_network_settings_type),
    JF_STR(T, namespace, "Namespace", 0),
    JF_BOOL(T, is_infra, "IsInfra", 0),
    JF_BOOL(T, is_service, "IsService", 0),
    JF_STR(T, kube_exit_code_propagation, "KubeExitCodePropagation", 0),
    JF_I64(T, lock_number, "lockNumber", 0),
    JF_OBJ(T, config, "Config", 0, &inspect_container_config_type),
    JF_OBJ(T, host_config, "HostConfig", 0, &inspect_container_host_config_type),
    JF_BOOL(T, use_image_hosts, "UseImageHosts", 0),
    JF_BOOL(T, use_image_hostname, "UseImageHostname", 0),
    { 0 },
};
#undef T
const struct json_type inspect_container_type = JSON_TYPE(struct inspect_container,
                                                          inspect_container_rows);
