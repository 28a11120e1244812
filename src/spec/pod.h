/* spec/pod.h: what a pod was asked to be, and how it is shown.
 *
 * A pod is a group of containers that share namespaces and a cgroup.  What its members share is held by the
 * infra container, an ordinary container with `infra` set in its configuration: networks, ports, names, volumes
 * and devices of the pod stand there (spec/container.h), not here. */
#pragma once

#include "spec/container.h"

struct pod_config {
    char *id, *name;
    int64_t created;
    char **create_command;
    kv_list labels;
    char *exit_policy;    /* "continue", or "stop": it stops when its last member ends */
    char *restart_policy; /* of members that name none */
    int64_t restart_tries;
    bool infra;
    char *infra_id; /* NULL without one */
    char **shared;  /* "ipc", "net", "uts", "pid", "user", "cgroup" */
    bool share_parent;
    char *cgroup_parent, *cgroup_manager;
    char *cgroup; /* path from the root of the hierarchies; NULL when members have none in common */
    struct container_resources resources; /* of that cgroup */
    char *service_id;   /* of the container that lives as long as the pods of one `kube play` do */
    char *service_exit; /* whose failures are its own: "none", "any", "all" */
    char **security_opts, **volumes_from; /* as given, for inspect */
};
extern const struct json_type pod_config_type;

/* `podman pod inspect` */
struct inspect_pod_container {
    char *id, *name, *state;
};
struct inspect_pod_mount {
    char *type, *name, *source, *destination, *driver, *mode;
    char **options;
    bool rw;
    char *propagation, *subpath;
};
struct inspect_pod_weight {
    char *path;
    int64_t weight;
};
struct inspect_pod_rate {
    char *path;
    int64_t rate;
};
struct inspect_pod_device {
    char *path_on_host, *path_in_container, *permissions;
};
struct inspect_pod_infra {
    json_t *port_bindings; /* borrowed */
    bool host_network;
    char *static_ip, *static_mac;
    bool no_manage_resolv_conf;
    char **dns_server, **dns_search, **dns_option;
    bool no_manage_hostname, no_manage_hosts;
    char **host_add, *hosts_file, **networks;
    json_t *network_options;
    int64_t cpu_period, cpu_quota;
    char *cpuset_cpus, *pid_ns, *userns, *uts_ns;
};
struct inspect_pod {
    char *id, *name, *namespace;
    int64_t created;
    char **create_command, *exit_policy, *state, *hostname;
    kv_list labels;
    bool create_cgroup;
    char *cgroup_parent, *cgroup_path;
    bool create_infra;
    char *infra_container_id;
    struct inspect_pod_infra *infra_config;
    char **shared_namespaces;
    int64_t num_containers;
    JSON_LIST(struct inspect_pod_container) containers;
    int64_t cpu_period, cpu_quota, cpu_shares;
    char *cpuset_cpus, *cpuset_mems;
    JSON_LIST(struct inspect_pod_mount) mounts;
    JSON_LIST(struct inspect_pod_device) devices;
    JSON_LIST(struct inspect_pod_rate) device_read_bps, device_write_bps;
    char **volumes_from, **security_opts;
    int64_t memory_limit, memory_swap, blkio_weight;
    JSON_LIST(struct inspect_pod_weight) blkio_weight_device;
    char *restart_policy;
    int64_t lock_number;
};
extern const struct json_type inspect_pod_type;

/* A row of `podman pod ps`. */
struct pod_entry_container {
    char *id, *names, *status;
    int64_t restart_count;
};
struct pod_entry {
    char *cgroup;
    JSON_LIST(struct pod_entry_container) containers;
    int64_t created;
    char *id, *infra_id, *name, *namespace, **networks, *status;
    kv_list labels;
};
extern const struct json_type pod_entry_type;
