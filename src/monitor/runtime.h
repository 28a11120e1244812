/* monitor/runtime.h: podman-runtime, the OCI command line on top of oci/oci.h.
 *
 * Each container has a directory <root>/<id> with state.json (struct runtime_state), the bundle's
 * configuration as it was at create time, and, until it is started, the socket `start` on which its
 * init waits.  A container runs while the process (pid, start time) lives. */
#pragma once

#include "monitor/args.h"
#include "oci/oci.h"

struct runtime_state {
    char *oci_version, *id, *bundle, *rootfs, *created, *cgroup, *user;
    int64_t pid, start_time, namespaces;
    bool started, paused;
    kv_list annotations;
};

struct runtime_global {
    char *root, *log, *log_format, *log_level, *criu, *rootless, *cgroup_manager;
    bool systemd_cgroup, debug, version, help;
};
extern struct runtime_global runtime_global;

enum runtime_status { RT_CREATED, RT_RUNNING, RT_PAUSED, RT_STOPPED };
extern const char *const runtime_status_names[];

int runtime_root(struct err *err); /* directory descriptor, made when missing */
int runtime_check_id(const char *id, struct err *err) MUST_CHECK;
int runtime_load(const char *id, struct arena *a, struct runtime_state *ret,
                 struct err *err) MUST_CHECK;
int runtime_save(const struct runtime_state *s, struct err *err) MUST_CHECK;
int runtime_forget(const char *id, struct err *err) MUST_CHECK;
char *runtime_path(struct arena *a, const char *id, const char *file);
enum runtime_status runtime_status_of(const struct runtime_state *s);
int runtime_load_spec(int dir, const char *path, struct arena *a, struct oci_spec *ret,
                      json_t **ret_doc, struct err *err) MUST_CHECK;
int runtime_signal(const char *name, int *ret, struct err *err) MUST_CHECK;

struct runtime_cmd {
    const char *name, *usage;
    const struct arg *args;
    size_t size;
    int min, max; /* arguments; max -1: any number */
    int (*run)(void *opts, char **argv, struct arena *a,
               struct err *err); /* exit status or -errno */
};
extern const struct runtime_cmd runtime_create_cmd, runtime_run_cmd, runtime_start_cmd,
    runtime_state_cmd, runtime_kill_cmd, runtime_delete_cmd, runtime_exec_cmd, runtime_pause_cmd,
    runtime_resume_cmd, runtime_update_cmd, runtime_ps_cmd, runtime_list_cmd, runtime_spec_cmd,
    runtime_features_cmd;

int runtime_main(int argc, char **argv);

/* Hands a terminal over a console socket (one SCM_RIGHTS message on a stream socket). */
int runtime_send_console(const char *path, int pty, struct err *err) MUST_CHECK;
/* Moves bytes between our terminal and @pty until the process ends; returns its exit status. */
int runtime_pump(int pty, pid_t pid, int pidfd, struct err *err);
