/* oci/plan.h: what oci_create() and oci_exec() decide before they clone.
 *
 * A plan is made by the caller (plan_*.c), carried out by the child (child_*.c).  Its memory is the
 * caller's arena.  Descriptors in it are close-on-exec and owned by the plan (plan_done()). */
#pragma once

#include <linux/filter.h>
#include <linux/magic.h>
#include <sys/resource.h>

#include "oci/oci.h"
#include "oci/sys.h"

/* One mount.  Attributes are MOUNT_ATTR_*, propagation is MS_*. */
struct plan_mount {
    const char *dest, *source, *type;
    uint64_t attr_set, attr_clr; /* of the mount itself */
    uint64_t rec_set, rec_clr;   /* of it and all below */
    uint64_t propagation;        /* MS_SHARED ...; 0: leave */
    bool propagation_rec, bind, recursive, copy_up, readonly_fs, idmap, idmap_rec;
    char **data;                  /* "size=64m", "mode=1777", ... for the file system */
    const struct oci_mount *spec; /* for its id mappings */
    int tree;                     /* made by the caller, else -EBADF */
    int userns;                   /* of the id mapping, else -EBADF */
};

struct plan_device {
    const char *path;
    mode_t mode;
    dev_t dev;
    uid_t uid;
    gid_t gid;
};

struct plan_rlimit {
    int resource;
    struct rlimit limit;
};

enum {
    CAPSET_BOUNDING,
    CAPSET_EFFECTIVE,
    CAPSET_INHERITABLE,
    CAPSET_PERMITTED,
    CAPSET_AMBIENT,
    CAPSET_COUNT
};

struct plan_seccomp {
    struct sock_fprog prog; /* len 0: none */
    unsigned flags;
};

/* What both the init and an exec session need. */
struct plan_process {
    char **argv, **env;
    const char *cwd,
        *home_env; /* home_env: where HOME is looked up when the environment lacks it */
    uid_t uid;
    gid_t gid, *gids;
    size_t ngids;
    int umask; /* negative: 022 */
    bool has_caps;
    uint64_t caps[CAPSET_COUNT];
    bool no_new_privs, terminal, new_keyring, die_with_caller, cwd_must_exist;
    bool
        keep_groups; /* the supplementary groups of the caller stay (run.oci.keep_original_groups) */
    unsigned short rows, cols;
    struct plan_rlimit *rlimits;
    size_t nrlimits;
    const int64_t *oom_score_adj;
    const char *exec_label; /* written to /proc/self/attr/<label_file> */
    const char *label_file;
    const struct oci_scheduler *scheduler;
    int sched_policy;
    uint64_t sched_flags;
    int ioprio;        /* negative: leave */
    uint64_t affinity; /* CPUs 0-63; 0: leave */
    struct plan_seccomp seccomp;
    int stdio[3];
    unsigned preserve_fds;
    const struct oci_kept_fd *kept;
    size_t nkept;
};

enum { PLAN_JOIN_MAX = 8, PLAN_CGROUP_MAX = 16 };

struct plan {
    const struct oci_create_options *opt;
    const struct oci_spec *spec;
    struct arena *arena;
    unsigned clone_flags; /* new namespaces made by clone3 */
    bool new_cgroupns, new_timens, userns, mountns, pidns, netns;
    bool in_userns, mapped; /* a user namespace, new or joined; one whose mappings we know */
    struct {
        int fd;
        unsigned type;
        const char *path;
    } joins[PLAN_JOIN_MAX];
    size_t njoins;
    int rootfs; /* detached tree made by the caller, else -EBADF: the child makes it */
    uint64_t root_propagation;
    struct plan_mount *mounts;
    size_t nmounts;
    struct plan_device *devices;
    size_t ndevices;
    int cgroup_tasks[PLAN_CGROUP_MAX]; /* descriptors of `tasks`/`cgroup.procs` files to enter */
    size_t ncgroup_tasks;
    int cgroup_v2;         /* O_PATH of the unified cgroup for CLONE_INTO_CGROUP, else -EBADF */
    bool hooks_in_runtime; /* the child waits for prestart/createRuntime hooks of the caller */
    char *state_creating, *state_created; /* documents for hooks that the child runs */
    unsigned long personality;
    bool has_personality;
    char *time_offsets;
    struct plan_process process;
};

/* What the child was doing when it failed, or had to go without. */
enum child_step {
    STEP_NONE,
    STEP_SYNC,
    STEP_CGROUP,
    STEP_JOIN,
    STEP_CLONE,
    STEP_USERNS,
    STEP_TIMENS,
    STEP_CGROUPNS,
    STEP_PROPAGATION,
    STEP_ROOTFS,
    STEP_SOURCE,
    STEP_MOUNT_DEST,
    STEP_MOUNT_PROC,
    STEP_MOUNT,
    STEP_DEV,
    STEP_DEVICE,
    STEP_SYSCTL,
    STEP_HOOK,
    STEP_PIVOT,
    STEP_MASK,
    STEP_READONLY,
    STEP_HOSTNAME,
    STEP_DOMAINNAME,
    STEP_TERMINAL,
    STEP_STDIO,
    STEP_RLIMIT,
    STEP_OOM,
    STEP_LABEL,
    STEP_SCHEDULER,
    STEP_IOPRIO,
    STEP_AFFINITY,
    STEP_PERSONALITY,
    STEP_KEYRING,
    STEP_CWD,
    STEP_GROUPS,
    STEP_USER,
    STEP_CAPS,
    STEP_SECCOMP,
    STEP_EXEC,
    STEP_COUNT
};

enum child_kind {
    CHILD_FAIL,
    CHILD_WARN,
    CHILD_PID,   /* from the intermediate process: index = pid of the init */
    CHILD_HOOKS, /* namespaces exist; waits for the caller's hooks */
    CHILD_PTY,   /* with the terminal's descriptor */
    CHILD_READY, /* created; waits for its start */
};

struct child_msg {
    uint32_t kind, step;
    int32_t errnum, index;
};

/* ---- plan_*.c: the caller's side ---- */
json_t *plan_mount_option_names(void);
void plan_done(struct plan *p);
int plan_mount(const struct oci_mount *m, struct arena *a, struct plan_mount *ret, struct err *err);
int plan_process(const struct oci_process *proc, struct arena *a, struct plan_process *ret,
                 char ***warnings, struct err *err);
int plan_seccomp(const struct oci_seccomp *s, const char *cache, struct arena *a,
                 struct plan_seccomp *ret, struct err *err);
/* Opens what a process has to write to so as to enter the cgroup. */
int plan_cgroup(const char *path, int *tasks, size_t *ret_n, int *ret_v2, struct err *err);
/* Text of a report. */
int plan_error(const struct plan *p, const struct plan_process *proc, const struct child_msg *m,
               struct err *err);
char *plan_warning(const struct plan *p, const struct plan_process *proc, const struct child_msg *m,
                   struct arena *a);

/* ---- rootfs.c: usable from both sides ---- */
/* A detached tree of the root file system.  Descriptor or -errno. */
int rootfs_make(const struct rootfs_config *r, int userns);
/* A user namespace with these mappings, as a descriptor; for idmapped mounts. */
int userns_make(const oci_id_mappings *uids, const oci_id_mappings *gids, struct err *err);
int userns_map(pid_t pid, const oci_id_mappings *uids, const oci_id_mappings *gids,
               struct err *err);

/* ---- the child's side ---- */
_Noreturn void child_fail(int sync, enum child_step step, int errnum, int index);
void child_warn(int sync, enum child_step step, int errnum, int index);
/* Main of the container's init; @sync is its end of the socket pair. */
_Noreturn void child_init(const struct plan *p, int sync);
void child_mounts(const struct plan *p, int sync);
/* The container's own /proc among the mounts, when sysctls are to be written there; else NULL: then the
 * caller's is used.  In a /proc that stays, each network namespace would leave names in the same
 * directories, and every later look-up passes them all: starts beside a thousand others took 0.5 ms longer. */
const struct plan_mount *child_own_proc(const struct plan *p);
void child_sysctls(const struct plan *p, int sync, int proc);
/* Opens the console: makes the pty in the container's devpts, sends the master, takes the slave as
 * descriptors 0-2 and as controlling terminal.  @root is the container's root; the slave is left in
 * *ret_slave (close-on-exec) for the bind mount on /dev/console. */
void child_terminal(const struct plan_process *pr, int sync, int root, int *ret_slave);
/* Limits and attributes, while we still are privileged and see the host's /proc (@proc). */
void child_attributes(const struct plan_process *pr, int sync, int proc);
/* Where child_run() writes the label, negative without one.  The kernel lets a task write only its own: to be
 * called in the process that will be the program. */
int child_open_label(const struct plan_process *pr, int sync, int proc);
/* Becomes the user, drops everything, executes.  @gate, when given, is called once all is checked;
 * it returns the socket that later failures go to. */
_Noreturn void child_run(const struct plan_process *pr, int sync, int label,
                         int (*gate)(const struct plan *p, int sync), const struct plan *p);
/* Runs hooks in the child; does not return when one fails. */
void child_hooks(const oci_hook_list *hooks, const char *state, int sync);

/* other_tree.c: a source "/proc/PID/root/DIR" is a directory of that process's mount namespace. */
bool other_tree_is(const char *path);
/* A detached tree of it, or -errno. */
int other_tree_open(const char *path) MUST_CHECK;
