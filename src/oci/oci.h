/* oci/oci.h: an OCI runtime as a library.
 *
 * oci_create() makes the namespaces, the root file system, the mounts, the devices and the cgroup of
 * a container and leaves its init waiting; oci_start() lets it run its program; oci_exec() adds a
 * process.  All of them are for a process with a single thread: they clone it.  The init is a child
 * of the caller, who reaps it.
 *
 * How a container is made: everything is parsed and decided first (plan.h).  Then the caller clones;
 * the child does system calls along the plan and reports (step, errno) over a socket pair, which the
 * caller turns into text.  No mount is ever made in the caller's own mount namespace: trees are made
 * detached and attached by the child, so a container that dies, or whose supervisor is killed, leaves
 * nothing to unmount. */
#pragma once

#include <sys/types.h>

#include "spec/monitor.h"
#include "spec/runtime.h"
#include "spec/stats.h"

/* A descriptor of the caller's that the program finds under @number (3 or more). */
struct oci_kept_fd {
    int fd, number;
};

struct oci_create_options {
    const char *id, *bundle;
    const struct oci_spec *spec;
    const struct rootfs_config *rootfs; /* NULL: spec->root->path, as it is */
    const char *cgroup;                 /* relative to each hierarchy; NULL or "": none */
    bool cgroup_required;           /* no cgroup is an error (false: a warning, if it matters) */
    const char *seccomp_cache;      /* directory, may be absent; NULL: no cache */
    const char *init_path;          /* host program bound to /run/podman-init; NULL: none */
    int stdio[3];                   /* negative: /dev/null; unused with a terminal */
    unsigned preserve_fds;          /* descriptors 3..3+N-1 stay open in the program */
    const struct oci_kept_fd *kept; /* and these, wherever the caller has them */
    size_t nkept;
    int start_listener; /* >= 0: a listening SOCK_SEQPACKET socket (close-on-exec); the init waits for
                         * a connection there instead of oci_start(): for a caller that goes away */
    bool no_pivot, no_new_keyring;
    bool die_with_caller; /* SIGKILL when the caller ends */
    bool cwd_must_exist;  /* otherwise a missing working directory is made */
};

struct oci_container {
    pid_t pid;
    int pidfd, sync, pty; /* owned; pty is -EBADF without a terminal */
    unsigned namespaces;  /* CLONE_NEW* that exec has to join */
    char *cgroup;         /* what was made, NULL: none */
    struct arena *arena;  /* the caller's; holds the plan until oci_start() is done */
    char **warnings;      /* what this machine forbade, in the arena */
    struct plan *plan;
};
#define OCI_CONTAINER_INIT                                                                         \
    {                                                                                              \
        .pidfd = -EBADF, .sync = -EBADF, .pty = -EBADF                                             \
    }

/* On failure nothing is left: the child is reaped, the cgroup removed. */
int oci_create(struct oci_container *ret, const struct oci_create_options *o, struct arena *a,
               struct err *err) MUST_CHECK;

/* Returns once the program runs.  ERR_NO_COMMAND and ERR_CANNOT_INVOKE for the two famous failures. */
int oci_start(struct oci_container *c, struct err *err) MUST_CHECK;

/* The same for a container that waits on @path, a start_listener of another process. */
int oci_start_by_socket(const char *path, struct err *err) MUST_CHECK;

/* Closes what the struct owns.  The container lives on. */
void oci_container_done(struct oci_container *c);

struct oci_exec_options {
    pid_t pid;           /* init of the container */
    int pidfd;           /* of it; negative: opened here */
    unsigned namespaces; /* oci_container.namespaces */
    const char *cgroup;
    const struct oci_process *process;
    const struct oci_seccomp *seccomp; /* of the container, NULL: none */
    const char *seccomp_cache;
    int stdio[3];
    unsigned preserve_fds;
    const struct oci_kept_fd *kept;
    size_t nkept;
    bool die_with_caller;
    bool no_new_keyring;
    bool cwd_must_exist;
};

struct oci_exec {
    pid_t pid;      /* a child of ours */
    int pidfd, pty; /* owned by the caller */
    char **warnings;
};

/* Returns once the program runs. */
int oci_exec(struct oci_exec *ret, const struct oci_exec_options *o, struct arena *a,
             struct err *err) MUST_CHECK;

/* The namespaces that exec has to join, from the specification alone. */
unsigned oci_spec_namespaces(const struct oci_spec *spec);

/* Runs hooks in order with the container's state document on their stdin; the first failure ends it. */
int oci_run_hooks(const oci_hook_list *hooks, const char *state, struct err *err) MUST_CHECK;
/* The state document of the specification, in @a. */
char *oci_state_json(struct arena *a, const char *id, const char *status, pid_t pid,
                     const char *bundle, const kv_list *annotations);

/* ---- cgroups: @path is relative to the root of every hierarchy ("/libpod_parent/libpod-ID") ---- */

enum oci_cgroup_kind { OCI_CGROUP_NONE, OCI_CGROUP_V1, OCI_CGROUP_V2 }; /* hybrid counts as v1 */
enum oci_cgroup_kind oci_cgroup_kind(void);

int oci_cgroup_create(const char *path, struct err *err) MUST_CHECK;
/* Sets limits.  What no controller of this machine can do is added to @warnings (may be NULL). */
int oci_cgroup_apply(const char *path, const struct oci_resources *res, struct arena *a,
                     char ***warnings, struct err *err) MUST_CHECK;
int oci_cgroup_freeze(const char *path, bool frozen, struct err *err) MUST_CHECK;
/* Sends @sig to every process in it, also in cgroups below. */
int oci_cgroup_kill(const char *path, int sig, struct err *err) MUST_CHECK;
/* All processes in it and below, in @a. */
int oci_cgroup_pids(const char *path, struct arena *a, pid_t **ret, size_t *ret_n,
                    struct err *err) MUST_CHECK;
/* Kills what is left in it and removes it everywhere, with what is below; gone already is fine. */
int oci_cgroup_remove(const char *path, struct err *err) MUST_CHECK;
/* Did the kernel kill something in it for want of memory? */
bool oci_cgroup_oom_killed(const char *path);
/* Fills in what the kernel counts of it; the time and the interfaces are the caller's. */
void oci_cgroup_stats(const char *path, struct run_stats *ret);

/* Makes /proc/self/exe unwritable for whatever runs in a container, by executing ourselves again from
 * a read-only clone of our mount (a container's program "#!/proc/self/exe" would otherwise reach the
 * host's binary: CVE-2019-5736).  Does nothing where we could not write to it anyway. */
void oci_protect_self(char *const *argv);

/* What `podman-runtime features` prints: mount options, capabilities, ... */
json_t *oci_features(void);
