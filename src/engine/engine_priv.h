/* engine/engine_priv.h: what the engine's own files share. */
#pragma once

#include "engine/containers.h"
#include "net/network.h"
#include "store/store.h"
#include "supervise/supervise.h"

/* What containers.conf decides for containers, in one place and with nothing left open. */
struct engine_defaults {
    char **capabilities, **env, **ulimits, **sysctls, **devices, **volumes, **annotations, **mounts;
    char **cgroup_conf;
    char *apparmor_profile, *base_hosts_file, *cgroupns, *cgroups, *detach_keys, *image_volume,
        *init_path;
    char *ipcns, *log_driver, *log_path, *log_tag, *netns, *pidns, *pull_policy, *runtime,
        *seccomp_profile;
    char *tz, *umask, *userns, *utsns;
    int64_t log_size_max, pids_limit, shm_size, stop_timeout;
    int64_t *oom_score_adj;
    bool env_host, http_proxy, init, keyring, label, name_as_hostname, no_hosts, no_pivot,
        privileged, read_only;
};

struct engine {
    struct store *store;
    struct arena arena; /* configuration and options, for the engine's life */
    const struct config_containers *config;
    struct engine_options opt;
    bool rootless;
    struct engine_defaults defaults;
    char *volume_path, *cgroup_manager;
    struct network_store networks; /* use engine_networks() */
    json_t *config_docs;           /* keeps the configuration's documents alive */
};

/* The manager's socket, of the system or of the user; the caller frees. */
char *systemd_socket(bool rootless);
/* Which manager @c gets now: systemd, as when it was made, only while there is one for us. */
const char *container_cgroup_manager(const struct engine *e, const struct container_config *c);
/* Is a limit of this controller sure to be in force?  (Root's are taken for granted.) */
bool engine_has_controller(const struct engine *e, const char *name);

/* Who @id of a container is outside; -1: nobody. */
int64_t idmap_host_id(const struct container_idmap *m, size_t n, int64_t id);

/* Has the container ended, or did it never begin? */
bool container_monitor_gone(struct engine *e, const struct container *c);
/* logs_journal.c: container_logs() of one container with the driver journald.  Opening shows what there is;
 * more() what has come since, ret_done: nothing more will.  fd is readable when there may be some. */
struct journal_log;
int journal_log_open(struct engine *e, const struct log_source *source, const struct log_options *o,
                     log_sink sink, struct journal_log **ret, struct err *err) MUST_CHECK;
int journal_log_more(struct journal_log *l, bool *ret_done, struct err *err) MUST_CHECK;
int journal_log_fd(const struct journal_log *l);
void journal_log_close(struct journal_log *l);

/* create.c: container_create() of a pod's infra container; the row of @pod is written in the same transaction. */
struct pod_config;
int container_create_infra(struct engine *e, struct arena *a, struct container_config *c,
                           const char *image, const struct pull_request *pull,
                           struct pod_config *pod, char ***warnings, struct err *err) MUST_CHECK;
/* "happy_turing"; with a number after some tries. */
char *container_random_name(struct arena *a, int try);
/* pod_create.c: @c is to run nothing but our pause program, in an empty root. */
int pod_pause_program(struct engine *e, struct arena *a, struct container_config *c,
                      struct err *err) MUST_CHECK;
/* kube_service.c: the service container of @p, if it has one, runs when any of its pods does, ends when none does, and goes
 * with the last of them. */
int kube_service_follow(struct engine *e, struct arena *a, const struct pod_config *p,
                        struct err *err) MUST_CHECK;
/* pod_create.c, pod_find.c: its row, inside a transaction of the caller's, and without its members. */
int pod_insert(struct db *db, const struct pod_config *p, struct err *err) MUST_CHECK;
int pod_config_find(struct engine *e, struct arena *a, const char *name, struct pod_config *ret,
                    struct err *err) MUST_CHECK;

/* filter.c: does @text match the extended regular expression?  1, 0, or -EINVAL for a bad one. */
int filter_regex(const char *pattern, const char *text, struct err *err) MUST_CHECK;

/* Reads a row's JSON into @c. */
int container_decode(struct arena *a, const char *text, struct container_config *c,
                     struct err *err);
/* The row's JSON; the caller frees. */
char *container_encode(const struct container_config *c);

/* engine/spec.c: the OCI runtime specification of @c into its bundle, and monitor.json. */
struct image;
struct network_state;
/* @net: NULL without networks of ours. */
int spec_write(struct engine *e, struct arena *a, const struct container_config *c,
               char *const *lower, const struct network_state *net, char ***warnings,
               struct err *err) MUST_CHECK;
/* monitor.json only: what may change between two starts. */
/* notify.c: --sdnotify, once the container runs. */
void notify_started(const struct container_config *c, uint32_t monitor_pid);

int spec_write_monitor(struct engine *e, struct arena *a, const struct container *c, bool attach,
                       bool wait, struct err *err) MUST_CHECK;

/* create.c: everything that making a container decides: from the image (zero: none), then from the
 * configuration.  c->id is set. */
int container_complete(struct engine *e, struct arena *a, const struct image *img,
                       struct container_config *c, char ***warnings, struct err *err) MUST_CHECK;
/* lifecycle.c: container_start() for the holder of its lock, who knows that it does not run. */
int container_start_held(struct engine *e, struct arena *a, const struct container *c, bool wait,
                         int *ret_sock, char ***warnings, struct err *err) MUST_CHECK;

/* engine/rootfs.c: the layer directories, topmost first; NULL with --rootfs. */
int rootfs_lower(struct engine *e, struct arena *a, const struct container_config *c, char ***ret,
                 struct err *err) MUST_CHECK;
/* Makes the directories of a new container. */
int rootfs_create(struct engine *e, struct arena *a, const struct container_config *c,
                  struct err *err) MUST_CHECK;
/* An open directory where the image's file system can be read, assembled from its layers. */
int rootfs_open_image(struct engine *e, struct arena *a, const struct container_config *c,
                      struct err *err) MUST_CHECK;

/* A detached overlay of the layers, topmost first: seen through its descriptor only; read-only without
 * @upper and @work (short paths: 255 bytes). */
int rootfs_overlay(struct engine *e, char *const *lower, const char *upper, const char *work,
                   struct err *err) MUST_CHECK;
/* The same for what is to become a layer, or may be lost: nobody waits for the disk, not even at its end.  @work/work/incompat stays
 * behind, over which the kernel does not mount again. */
int rootfs_overlay_volatile(struct engine *e, char *const *lower, const char *upper,
                            const char *work, struct err *err) MUST_CHECK;

/* The root of a container: merged, as a descriptor; with @write (it does not run, and its lock is held) what is
 * changed through it is the container's. */
int rootfs_of_container(struct engine *e, struct arena *a, const struct container_config *c,
                        bool write, struct err *err) MUST_CHECK;

/* An overlay to read @dirs, topmost first, one or many; also for an ordinary user. */
int rootfs_read_only(struct engine *e, char *const *dirs, struct err *err) MUST_CHECK;

/* engine/volumes.c: makes sure that the volumes of @c exist, filling new ones with what the image has
 * at their place, and notes them in c->volumes. */
int volumes_prepare(struct engine *e, struct arena *a, struct container_config *c,
                    struct err *err) MUST_CHECK;
/* engine/secrets.c: copies of the secrets that @c is to have, beside its bundle. */
int secrets_take(struct engine *e, struct arena *a, struct container_config *c,
                 struct err *err) MUST_CHECK;

/* The row of a volume whose directory is there. */
struct volume_config;
int volume_insert(struct engine *e, struct db *db, const struct volume_config *v,
                  struct err *err) MUST_CHECK;
/* 1 when it was removed, 0 when somebody uses it. */
int volume_remove_unused(struct engine *e, struct db *db, const char *name,
                         struct err *err) MUST_CHECK;
/* Removes those of @c that are anonymous and that no other container uses. */
int volumes_remove_anonymous(struct engine *e, const struct container_config *c,
                             struct err *err) MUST_CHECK;
