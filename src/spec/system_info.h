/* spec/system_info.h: what `podman info` and GET /libpod/info show. */
#pragma once

#include "base/json.h"

struct system_info_host_conmon {
    char *package;
    char *path;
    char *version;
};

struct system_info_host_cpu_utilization {
    double user_percent;
    double system_percent;
    double idle_percent;
};

struct system_info_host_distribution {
    char *distribution;
    char *variant;
    char *version;
    char *codename;
};

struct system_info_host_id_mappings_gidmap {
    int64_t container_id;
    int64_t host_id;
    int64_t size;
};

struct system_info_host_id_mappings_uidmap {
    int64_t container_id;
    int64_t host_id;
    int64_t size;
};

struct system_info_host_id_mappings {
    JSON_LIST(struct system_info_host_id_mappings_gidmap) gidmap;
    JSON_LIST(struct system_info_host_id_mappings_uidmap) uidmap;
};

struct system_info_host_network_backend_info_dns {
    char *version;
    char *package;
    char *path;
};

struct system_info_host_network_backend_info {
    char *backend;
    char *version;
    char *package;
    char *path;
    struct system_info_host_network_backend_info_dns dns;
    char *default_network;
};

struct system_info_host_oci_runtime {
    char *name;
    char *package;
    char *path;
    char *version;
};

struct system_info_host_remote_socket {
    char *path;
    bool exists;
};

struct system_info_host_security {
    bool apparmor_enabled;
    char *capabilities;
    bool rootless;
    bool seccomp_enabled;
    char *seccomp_profile_path;
    bool selinux_enabled;
};

struct system_info_host_pasta {
    char *executable;
    char *package;
    char *version;
};

struct system_info_host {
    char *arch;
    char *buildah_version;
    char *cgroup_manager;
    char *cgroup_version;
    char **cgroup_controllers;
    struct system_info_host_conmon conmon;
    int64_t cpus;
    struct system_info_host_cpu_utilization cpu_utilization;
    char *database_backend;
    struct system_info_host_distribution distribution;
    char *event_logger;
    int64_t free_locks;
    char *hostname;
    struct system_info_host_id_mappings id_mappings;
    char *kernel;
    char *log_driver;
    int64_t mem_free;
    int64_t mem_total;
    char *network_backend;
    struct system_info_host_network_backend_info network_backend_info;
    struct system_info_host_oci_runtime oci_runtime;
    char *os;
    struct system_info_host_remote_socket remote_socket;
    char *rootless_network_cmd;
    json_t *runtime_info;
    bool service_is_remote;
    struct system_info_host_security security;
    struct system_info_host_pasta pasta;
    int64_t swap_free;
    int64_t swap_total;
    char *uptime;
    char *variant;
    char *linkmode;
    char **emulated_architectures;
};

struct system_info_store_container_store {
    int64_t number;
    int64_t paused;
    int64_t running;
    int64_t stopped;
};

struct system_info_store_image_store {
    int64_t number;
};

struct system_info_store {
    struct system_info_store_container_store container_store;
    char *graph_driver_name;
    json_t *graph_options;
    char *graph_root;
    int64_t graph_root_allocated;
    int64_t graph_root_used;
    kv_list graph_status;
    char *image_copy_tmp_dir;
    struct system_info_store_image_store image_store;
    char *run_root;
    char *volume_path;
    bool transient_store;
};

struct system_info_plugins {
    char **volume;
    char **network;
    char **log;
    char **authorization;
};

struct system_info_version {
    char *api_version;
    char *version;
    char *go_version;
    char *git_commit;
    char *built_time;
    int64_t built;
    char *build_origin;
    char *os_arch;
    char *os;
};

struct system_info {
    struct system_info_host host;
    struct system_info_store store;
    json_t *registries;
    struct system_info_plugins plugins;
    struct system_info_version version;
};

extern const struct json_type system_info_type, system_info_version_type;
