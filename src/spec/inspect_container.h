/* spec/inspect_container.h: what `podman container inspect` and GET /libpod/containers/{id}/json show. */
#pragma once

#include "base/json.h"

struct inspect_container_state_health_log {
    char *start;
    char *end;
    int64_t exit_code;
    char *output;
};

struct inspect_container_state_health {
    char *status;
    int64_t failing_streak;
    JSON_LIST(struct inspect_container_state_health_log) log;
};

struct inspect_container_state {
    char *oci_version;
    char *status;
    bool running;
    bool paused;
    bool restarting;
    bool oom_killed;
    bool dead;
    int64_t pid;
    int64_t conmon_pid;
    int64_t exit_code;
    char *error;
    int64_t started_at;
    int64_t finished_at;
    struct inspect_container_state_health *health;
    bool checkpointed;
    char *cgroup_path;
    int64_t checkpointed_at;
    int64_t restored_at;
    char *checkpoint_log;
    char *checkpoint_path;
    char *restore_log;
    bool restored;
    bool stopped_by_user;
};

struct inspect_container_graph_driver {
    char *name;
    kv_list data;
};

struct inspect_container_mounts {
    char *type;
    char *name;
    char *source;
    char *destination;
    char *driver;
    char *mode;
    char **options;
    bool rw;
    char *propagation;
    char *sub_path;
};

struct inspect_container_network_settings_secondary_ip_addresses {
    char *addr;
    int64_t prefix_length;
};

struct inspect_container_network_settings_secondary_i_pv6_addresses {
    char *addr;
    int64_t prefix_length;
};

struct inspect_container_network_settings {
    char *endpoint_id;
    char *gateway;
    char *ip_address;
    int64_t ip_prefix_len;
    JSON_LIST(struct inspect_container_network_settings_secondary_ip_addresses)
    secondary_ip_addresses;
    char *i_pv6_gateway;
    char *global_i_pv6_address;
    int64_t global_i_pv6_prefix_len;
    JSON_LIST(struct inspect_container_network_settings_secondary_i_pv6_addresses)
    secondary_i_pv6_addresses;
    char *mac_address;
    char **additional_mac_addresses;
    char *bridge;
    char *sandbox_id;
    bool hairpin_mode;
    char *link_local_i_pv6_address;
    int64_t link_local_i_pv6_prefix_len;
    json_t *ports;
    char *sandbox_key;
    json_t *networks;
};

struct inspect_container_config_startup_health_check {
    char **test;
    int64_t start_period;
    int64_t start_interval;
    int64_t interval;
    int64_t timeout;
    int64_t retries;
    int64_t successes;
};

struct inspect_container_config_healthcheck {
    char **test;
    int64_t start_period;
    int64_t start_interval;
    int64_t interval;
    int64_t timeout;
    int64_t retries;
};

struct inspect_container_config_secrets {
    char *name;
    char *id;
    int64_t uid;
    int64_t gid;
    int64_t mode;
};

struct inspect_container_config {
    char *hostname;
    char *domainname;
    char *user;
    bool attach_stdin;
    bool attach_stdout;
    bool attach_stderr;
    bool tty;
    bool open_stdin;
    bool stdin_once;
    char **env;
    char **cmd;
    char *image;
    json_t *volumes;
    char *working_dir;
    char **entrypoint;
    char *on_build;
    kv_list labels;
    kv_list annotations;
    char *stop_signal;
    struct inspect_container_config_startup_health_check *startup_health_check;
    struct inspect_container_config_healthcheck *healthcheck;
    char *healthcheck_on_failure_action;
    char *health_log_destination;
    int64_t healthcheck_max_log_count;
    int64_t healthcheck_max_log_size;
    char **create_command;
    char *timezone;
    bool systemd_mode;
    char *umask;
    JSON_LIST(struct inspect_container_config_secrets) secrets;
    int64_t timeout;
    int64_t stop_timeout;
    bool passwd;
    char **chroot_dirs;
    char *sd_notify_mode;
    char *sd_notify_socket;
    json_t *exposed_ports;
};

struct inspect_container_host_config_log_config {
    char *type;
    kv_list config;
    char *path;
    char *tag;
    char *size;
};

struct inspect_container_host_config_restart_policy {
    char *name;
    int64_t maximum_retry_count;
};

struct inspect_container_host_config_id_mappings {
    char **uid_map;
    char **gid_map;
};

struct inspect_container_host_config_blkio_weight_device {
    char *path;
    int64_t weight;
};

struct inspect_container_host_config_blkio_device_read_bps {
    char *path;
    int64_t rate;
};

struct inspect_container_host_config_blkio_device_write_bps {
    char *path;
    int64_t rate;
};

struct inspect_container_host_config_blkio_device_read_i_ops {
    char *path;
    int64_t rate;
};

struct inspect_container_host_config_blkio_device_write_i_ops {
    char *path;
    int64_t rate;
};

struct inspect_container_host_config_devices {
    char *path_on_host;
    char *path_in_container;
    char *cgroup_permissions;
};

struct inspect_container_host_config_ulimits {
    char *name;
    int64_t soft;
    int64_t hard;
};

struct inspect_container_host_config {
    char **binds;
    char *cgroup_manager;
    char *cgroup_mode;
    char *container_id_file;
    struct inspect_container_host_config_log_config log_config;
    char *network_mode;
    json_t *port_bindings;
    struct inspect_container_host_config_restart_policy restart_policy;
    bool auto_remove;
    bool auto_remove_image;
    kv_list annotations;
    char *volume_driver;
    char **volumes_from;
    char **cap_add;
    char **cap_drop;
    char **dns;
    char **dns_options;
    char **dns_search;
    char **extra_hosts;
    char *hosts_file;
    char **group_add;
    char *ipc_mode;
    char *cgroup;
    char *cgroups;
    char **links;
    int64_t oom_score_adj;
    char *pid_mode;
    bool privileged;
    bool publish_all_ports;
    bool readonly_rootfs;
    char **security_opt;
    kv_list tmpfs;
    char *uts_mode;
    char *userns_mode;
    struct inspect_container_host_config_id_mappings *id_mappings;
    int64_t shm_size;
    char *runtime;
    JSON_LIST(int64_t) console_size;
    char *isolation;
    int64_t cpu_shares;
    int64_t memory;
    int64_t nano_cpus;
    char *cgroup_parent;
    int64_t blkio_weight;
    JSON_LIST(struct inspect_container_host_config_blkio_weight_device) blkio_weight_device;
    JSON_LIST(struct inspect_container_host_config_blkio_device_read_bps) blkio_device_read_bps;
    JSON_LIST(struct inspect_container_host_config_blkio_device_write_bps) blkio_device_write_bps;
    JSON_LIST(struct inspect_container_host_config_blkio_device_read_i_ops) blkio_device_read_i_ops;
    JSON_LIST(struct inspect_container_host_config_blkio_device_write_i_ops)
    blkio_device_write_i_ops;
    int64_t cpu_period;
    int64_t cpu_quota;
    int64_t cpu_realtime_period;
    int64_t cpu_realtime_runtime;
    char *cpuset_cpus;
    char *cpuset_mems;
    JSON_LIST(struct inspect_container_host_config_devices) devices;
    int64_t disk_quota;
    int64_t kernel_memory;
    int64_t memory_reservation;
    int64_t memory_swap;
    int64_t memory_swappiness;
    bool oom_kill_disable;
    bool init;
    int64_t pids_limit;
    JSON_LIST(struct inspect_container_host_config_ulimits) ulimits;
    int64_t cpu_count;
    int64_t cpu_percent;
    int64_t io_maximum_i_ops;
    int64_t io_maximum_bandwidth;
    kv_list cgroup_conf;
    char *intel_rdt_clos_id;
};

struct inspect_container {
    char *id;
    int64_t created;
    char *path;
    char **args;
    struct inspect_container_state state;
    char *image;
    char *image_digest;
    char *image_name;
    char *rootfs;
    char *pod;
    char *resolv_conf_path;
    char *hostname_path;
    char *hosts_path;
    char *static_dir;
    char *oci_config_path;
    char *oci_runtime;
    char *conmon_pid_file;
    char *pid_file;
    char *name;
    int64_t restart_count;
    char *driver;
    char *mount_label;
    char *process_label;
    char *app_armor_profile;
    char **effective_caps;
    char **bounding_caps;
    char **exec_i_ds;
    struct inspect_container_graph_driver graph_driver;
    int64_t size_rw;
    int64_t size_root_fs;
    JSON_LIST(struct inspect_container_mounts) mounts;
    char **dependencies;
    struct inspect_container_network_settings network_settings;
    char *namespace;
    bool is_infra;
    bool is_service;
    char *kube_exit_code_propagation;
    int64_t lock_number;
    struct inspect_container_config config;
    struct inspect_container_host_config host_config;
    bool use_image_hosts;
    bool use_image_hostname;
};

extern const struct json_type inspect_container_type;
