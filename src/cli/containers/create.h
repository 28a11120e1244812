/* cli/containers/create.h: the options that `run` and `create` share, and what becomes of them. */
#pragma once

#include "cli/cmd.h"
#include "cli/containers/health.h"
#include "engine/containers.h"

struct create_args {
    char *name, *entrypoint, *workdir, *user, *hostname, *restart, *stop_signal, *pull, *platform;
    char *arch, *os, *variant, *cidfile, *pidfile, *conmon_pidfile, *log_driver, *detach_keys,
        *userns;
    char *pid, *ipc, *uts, *cgroupns, *cgroups, *cgroup_parent, *shm_size, *tz, *umask, *memory;
    char **decryption_key;
    char *memory_swap, *memory_reservation, *init_path, *authfile, *creds, *cert_dir, *retry_delay;
    char *kernel_memory, *image_volume, *cpuset_cpus, *cpuset_mems, *personality;
    char **env, **env_file, **env_merge, **unsetenv, **label, **label_file, **annotation, **volume;
    char **mount, **tmpfs, **cap_add, **cap_drop, **security_opt, **device, **ulimit, **sysctl;
    char **uidmap, **gidmap, **log_opt, **network, **attach, **group_add, **cgroup_conf;
    char **device_cgroup_rule, **volumes_from;
    char **chrootdirs, **requires_, *rdt_class, *sdnotify, *seccomp_policy, *shm_size_systemd;
    char *subuidname, *subgidname, *systemd;
    char *group_entry, *passwd_entry, **hostuser;
    char *blkio_weight, **blkio_weight_device;
    char **device_read_bps, **device_read_iops, **device_write_bps, **device_write_iops;
    char **add_host, **dns, **dns_option, **dns_search, **expose, **network_alias, **publish;
    char *hosts_file, *ip, *ip6, *mac_address;
    bool passwd, no_hostname, no_hosts, publish_all;
    double cpus;
    char **preserve_fd;
    uint64_t preserve_fds, cpu_shares, cpu_period, cpu_rt_period, timeout, retry;
    int64_t cpu_quota, cpu_rt_runtime, pids_limit, memory_swappiness, oom_score_adj, stop_timeout;
    int tls_verify;
    bool detach, interactive, tty, rm, rmi, read_only, read_only_tmpfs, privileged, init, env_host;
    bool replace, rootfs, quiet, sig_proxy, unsetenv_all, http_proxy, oom_kill_disable;
    char **secret;
    struct health_args health;
    char **later; /* what unsupported options fill */
    bool later_flag, content_trust;
    char *pod, *pod_id_file, *init_ctr;
};

extern const struct opt create_opts[]; /* both */
extern const struct opt limit_opts[];  /* both, and `update` */
extern const struct opt create_health_opts[];
extern const struct opt create_later_opts[]; /* both: not supported yet */
extern const struct opt run_opts[];          /* `run` alone */

/* The limits alone. */
int create_fill_resources(struct cmd_ctx *x, const struct create_args *o,
                          struct container_resources *res);

/* Fills @c from what was given.  What is not given stays empty for the engine to complete. */
int create_fill(struct cmd_ctx *x, const struct create_args *o, struct container_config *c,
                struct pull_request *pull);
