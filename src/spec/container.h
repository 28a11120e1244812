/* spec/container.h: what a container was asked to be.
 *
 * struct container_config is filled by the command line (later also by the API), completed by
 * engine/create.c from the image and the configuration, and kept as JSON in the database.  It holds what
 * the user meant; the OCI runtime specification is generated from it. */
#pragma once

#include "base/json.h"
#include "spec/health.h"
#include "spec/secret.h"

/* One mount that somebody asked for: -v, --mount, --tmpfs, an image's VOLUME. */
struct container_mount {
    char *type;   /* "bind", "volume", "tmpfs", "devpts", "ramfs", "artifact", "image", "glob" */
    char *source; /* host path; volume: its name, empty for an anonymous one */
    char *destination;           /* absolute, clean */
    char **options;              /* as given: "ro", "z", "U", "size=64m", ... */
    char *subpath;               /* volume-subpath */
    char *title, *digest, *name; /* artifact: which of its blobs, and under which name */
    bool from_image;             /* a VOLUME of the image */
    bool anonymous;              /* a volume of this container alone: goes with `rm -v` and --rm */
};
extern const struct json_type container_mount_type;

struct container_device {
    char *source, *destination, *permissions; /* host path, container path, "rwm" */
};
extern const struct json_type container_device_type;

struct container_ulimit {
    char *name;         /* "nofile" */
    int64_t soft, hard; /* -1: unlimited */
};
extern const struct json_type container_ulimit_type;

struct container_idmap {
    int64_t container, host, size;
};
extern const struct json_type container_idmap_type;

/* --device-read-bps and the like; --blkio-weight-device, where the rate is a weight. */
struct container_throttle {
    char *path; /* of the host's device */
    int64_t rate;
};
typedef JSON_LIST(struct container_throttle) container_throttles;

struct container_resources {
    int64_t memory, memory_swap, memory_reservation; /* bytes; 0 unset, swap -1 unlimited */
    int64_t *swappiness;
    int64_t cpu_shares, cpu_period, cpu_quota, cpu_rt_period, cpu_rt_runtime;
    int64_t nano_cpus;
    char *cpuset_cpus, *cpuset_mems;
    int64_t *pids_limit; /* -1 or 0: unlimited */
    bool oom_kill_disable;
    int64_t *oom_score_adj;
    int64_t blkio_weight;
    container_throttles blkio_weight_device, read_bps, write_bps, read_iops, write_iops;
    kv_list unified; /* --cgroup-conf */
};
extern const struct json_type container_resources_type;

/* One network that it is to be on. */
struct container_network {
    char *name;
    char **ips; /* asked for */
    char *mac;
    char **aliases;
    char *interface, *host_interface; /* NULL: eth0, eth1, ...; any name */
};
extern const struct json_type container_network_type;

/* --publish: a range of ports that follow each other. */
struct container_port {
    char *host_ip; /* NULL: all addresses */
    int64_t host_port, container_port;
    int64_t range; /* at least 1 */
    char *protocol;
};
extern const struct json_type container_port_type;

struct container_config {
    char *id, *name;
    char *image;         /* ID, empty with --rootfs */
    char *image_name;    /* as shown: "docker.io/library/busybox:latest" */
    char *rootfs;        /* --rootfs */
    bool rootfs_overlay; /* --rootfs PATH:O: what is written stays apart */
    char **layers;       /* keys of the image's layers, lowest first: image/image.h */
    int64_t created;
    char **create_command; /* the command line that made it */

    char **entrypoint; /* NULL: the image's */
    bool entrypoint_given;
    char **command;                /* NULL: the image's */
    char **env;                    /* complete once created */
    char **env_unset, **env_merge; /* --unsetenv, --env-merge: used at creation */
    bool env_unset_all;
    char *user, *workdir, *hostname, *domainname;
    bool hostname_given, workdir_given;
    kv_list labels, annotations;
    bool terminal, stdin_open, stdin_once;
    char **attach;        /* --attach: "stdin", "stdout", "stderr"; NULL: all */
    char *stop_signal;    /* "SIGTERM"; number or name as given */
    int64_t stop_timeout; /* s; -1: for ever */
    int64_t timeout;      /* s; 0: none */
    char *tz, *umask;
    bool init;
    char *init_path;

    JSON_LIST(struct container_mount) mounts;
    JSON_LIST(struct container_device) devices;
    char **device_cgroup_rules;
    bool read_only, read_only_tmpfs;
    int64_t shm_size;   /* bytes */
    char *image_volume; /* "anonymous", "tmpfs", "ignore" */

    bool privileged;
    char **cap_add, **cap_drop;
    bool no_new_privileges;
    char *seccomp_profile; /* path, "unconfined", or empty: the default */
    char *apparmor_profile;
    char **label_opts;     /* label=... */
    char **mask, **unmask; /* paths; unmask "ALL" */
    char *proc_opts;
    char **groups;     /* --group-add; "keep-groups" */
    char **host_users; /* --hostuser */
    char *passwd_entry, *group_entry;
    bool no_passwd; /* --passwd=false */
    JSON_LIST(struct container_ulimit) ulimits;
    kv_list sysctls;

    char *netns, *pidns, *ipcns, *utsns, *userns,
        *cgroupns; /* "", private, host, none, container:X, ns:P; netns also bridge, pasta:OPTIONS */
    JSON_LIST(struct container_network) networks; /* with bridge */
    JSON_LIST(struct container_port) ports;
    char **expose; /* "80/tcp" */
    bool publish_all;
    char **dns_servers, **dns_searches, **dns_options, **add_hosts;
    char *hosts_file;
    bool no_hosts, no_hostname;
    JSON_LIST(struct container_idmap) uid_map, gid_map;
    char **userns_opts;
    char *cgroups; /* enabled, disabled, no-conmon, split */
    char *cgroup_parent;
    char *cgroup_manager;
    struct container_resources resources;

    char *log_driver, *log_path, *log_tag;
    int64_t log_size_max;
    kv_list log_options;
    JSON_LIST(struct container_secret) secrets;
    struct health_config health;
    char *restart_policy;
    int64_t restart_tries;
    bool auto_remove, auto_remove_image;
    char *pid_file, *monitor_pid_file, *cid_file;
    char *runtime; /* empty: ours */
    char **runtime_flags;
    char *sdnotify;
    char *personality;
    char *detach_keys;
    char **volumes; /* names of the volumes in use, filled at creation */
    char *process_label, *mount_label;
    char **requires_; /* IDs of containers whose namespaces it joins, or --requires: start first */
    char **chroot_dirs; /* --chrootdirs */
    char *systemd;      /* --systemd as asked: "true", "false", "always" */
    bool systemd_mode;  /* what that came to */
    int64_t shm_size_systemd;
    char *seccomp_policy; /* "image": the profile of the image's label */
    char *rdt_class;
    bool
        to_layer; /* its upper directory is to become a layer, which stands for itself; never stored */

    char *pod;       /* ID of the pod that it is in; NULL: none */
    bool infra;      /* it is that pod's infra container */
    bool service;    /* a service manager's main process for the pods of one `kube play` */
    bool ends_pod;   /* the pod's exit policy: its last member's end is its own */
    char *init_type; /* of a pod's init container: "always", "once" */
};
extern const struct json_type container_config_type;
