/* spec/runtime.h: the OCI runtime specification 1.2, `config.json`.
 *
 * Read with json_read(&arena, doc, &oci_spec_type, &spec, err); written with json_from().  Optional
 * numbers whose zero means something are pointers (NULL = absent).  Strings and lists live in the
 * arena of whoever decoded them. */
#pragma once

#include "base/json.h"

struct oci_box {
    uint32_t height, width;
};

struct oci_user {
    uint32_t uid, gid;
    int64_t *umask;
    JSON_LIST(int64_t) additional_gids;
    char *username; /* Windows only; kept so that a document survives a round trip */
};

struct oci_capabilities {
    char **bounding, **effective, **inheritable, **permitted, **ambient;
};

/* RLIM_INFINITY is UINT64_MAX, in the document 18446744073709551615. */
struct oci_rlimit {
    char *type; /* "RLIMIT_NOFILE" */
    uint64_t hard, soft;
};

struct oci_io_priority {
    char *class_; /* "IOPRIO_CLASS_BE" */
    int64_t priority;
};

struct oci_scheduler {
    char *policy; /* "SCHED_OTHER" */
    int64_t nice, priority, runtime, deadline, period;
    char **flags;
};

struct oci_exec_affinity {
    char *initial, *final;
};

struct oci_process {
    bool terminal;
    struct oci_box *console_size;
    struct oci_user user;
    char **args, **env;
    char *cwd;
    struct oci_capabilities *capabilities;
    JSON_LIST(struct oci_rlimit) rlimits;
    bool no_new_privileges;
    char *apparmor_profile;
    int64_t *oom_score_adj;
    char *selinux_label;
    struct oci_io_priority *io_priority;
    struct oci_scheduler *scheduler;
    struct oci_exec_affinity *exec_cpu_affinity;
};
extern const struct json_type oci_process_type;

struct oci_root {
    char *path; /* absolute, or relative to the bundle */
    bool readonly;
};

struct oci_id_mapping {
    int64_t container_id, host_id, size;
};
typedef JSON_LIST(struct oci_id_mapping) oci_id_mappings;

struct oci_mount {
    char *destination, *type, *source;
    char **options;
    oci_id_mappings uid_mappings, gid_mappings; /* idmapped mount */
};
typedef JSON_LIST(struct oci_mount) oci_mounts;

struct oci_hook {
    char *path;
    char **args, **env;
    int64_t *timeout; /* seconds */
};
typedef JSON_LIST(struct oci_hook) oci_hook_list;

struct oci_hooks {
    oci_hook_list prestart, create_runtime, create_container, start_container, poststart, poststop;
};
extern const struct json_type oci_hooks_type;
extern const struct json_type oci_hook_type;

struct oci_device {
    char *path, *type; /* "c", "b", "u", "p" */
    int64_t major, minor;
    int64_t *file_mode, *uid, *gid;
};

struct oci_device_rule {
    bool allow;
    char *type; /* "a", "b", "c"; NULL = all */
    int64_t *major, *minor;
    char *access; /* some of "rwm" */
};

struct oci_memory {
    int64_t *limit, *reservation, *swap, *kernel, *kernel_tcp, *swappiness;
    bool disable_oom_killer;
    bool *use_hierarchy, *check_before_update;
};

struct oci_cpu {
    int64_t *shares, *quota, *burst, *period, *realtime_runtime, *realtime_period, *idle;
    char *cpus, *mems;
};

struct oci_weight_device {
    int64_t major, minor;
    int64_t *weight, *leaf_weight;
};

struct oci_throttle_device {
    int64_t major, minor, rate;
};
typedef JSON_LIST(struct oci_throttle_device) oci_throttle_list;

struct oci_block_io {
    int64_t *weight, *leaf_weight;
    JSON_LIST(struct oci_weight_device) weight_device;
    oci_throttle_list read_bps, write_bps, read_iops, write_iops;
};

struct oci_pids {
    int64_t limit;
};

struct oci_hugepage_limit {
    char *page_size; /* "2MB" */
    int64_t limit;
};

struct oci_net_priority {
    char *name;
    int64_t priority;
};

struct oci_net {
    int64_t *class_id;
    JSON_LIST(struct oci_net_priority) priorities;
};

struct oci_rdma {
    char *key; /* device */
    int64_t *hca_handles, *hca_objects;
};

struct oci_resources {
    JSON_LIST(struct oci_device_rule) devices;
    struct oci_memory *memory;
    struct oci_cpu *cpu;
    struct oci_pids *pids;
    struct oci_block_io *block_io;
    JSON_LIST(struct oci_hugepage_limit) hugepage_limits;
    struct oci_net *network;
    JSON_LIST(struct oci_rdma) rdma;
    kv_list unified; /* cgroup v2 file name -> contents */
};
extern const struct json_type oci_resources_type;

struct oci_namespace {
    char *type; /* pid network mount ipc uts user cgroup time */
    char *path; /* join this one; NULL: a new one */
};

struct oci_seccomp_arg {
    int64_t index;
    uint64_t value, value_two;
    char *op; /* "SCMP_CMP_EQ" ... */
};

struct oci_seccomp_rule {
    char **names;
    char *action; /* "SCMP_ACT_ALLOW" ... */
    int64_t *errno_ret;
    JSON_LIST(struct oci_seccomp_arg) args;
};

struct oci_seccomp {
    char *default_action;
    int64_t *default_errno_ret;
    char **architectures, **flags;
    char *listener_path, *listener_metadata;
    JSON_LIST(struct oci_seccomp_rule) syscalls;
};
extern const struct json_type oci_seccomp_type;

struct oci_time_offset {
    char *key; /* "monotonic" or "boottime" */
    int64_t secs, nanosecs;
};

struct oci_personality {
    char *domain; /* "LINUX", "LINUX32" */
    char **flags;
};

struct oci_intel_rdt {
    char *clos_id, *l3_cache_schema, *mem_bw_schema;
};

struct oci_linux {
    oci_id_mappings uid_mappings, gid_mappings;
    kv_list sysctl;
    struct oci_resources *resources;
    char *cgroups_path;
    JSON_LIST(struct oci_namespace) namespaces;
    JSON_LIST(struct oci_device) devices;
    struct oci_seccomp *seccomp;
    char *rootfs_propagation;
    char **masked_paths, **readonly_paths;
    char *mount_label;
    struct oci_personality *personality;
    JSON_LIST(struct oci_time_offset) time_offsets;
    struct oci_intel_rdt *intel_rdt;
};

struct oci_spec {
    char *oci_version;
    struct oci_process *process;
    struct oci_root *root;
    char *hostname, *domainname;
    oci_mounts mounts;
    struct oci_hooks *hooks;
    kv_list annotations;
    struct oci_linux *linux_;
};
extern const struct json_type oci_spec_type;
