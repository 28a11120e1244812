/* supervise/supervise.h: the engine's side of the talk with podman-monitor (spec/monitor.h). */
#pragma once

#include "spec/monitor.h"
#include "supervise/systemd.h"

/* Descriptors for the monitor and what each is for (spec/monitor.h, "Network"). */
struct network_fds {
    char **uses; /* NULL-terminated, in an arena */
    int *fds;    /* as many; closed by whoever asked for them, once they are passed on */
};

/* Sets up the network of a container that is created and does not run yet.  @netns is borrowed. */
typedef int (*supervise_network)(void *arg, int netns, pid_t pid, struct network_fds *ret,
                                 struct err *err);

struct supervise_start {
    const char *program; /* podman-monitor */
    const char *bundle, *run_dir;
    bool passthrough;                  /* the container uses our descriptors 0-2 */
    const struct systemd_scope *scope; /* made around the monitor before it begins; NULL: none */
    supervise_network network;         /* with monitor_config.network */
    void *network_arg;
    const int
        *keep; /* with monitor_config.keep_fds: as many descriptors, which stay the caller's */
    size_t nkeep;
};

/* Starts a monitor and waits for its report.  With monitor_config.attach the start socket is an attach
 * connection afterwards and comes back in *ret_sock (-EBADF otherwise).  The report's error becomes
 * @err; warnings live in @a. */
int supervise_start(const struct supervise_start *s, struct arena *a, struct start_report *ret,
                    int *ret_sock, struct err *err) MUST_CHECK;

/* What is known of a container that was started at least once since boot.  @dir is its run directory.
 * 1 and *ret filled, 0 when there is nothing, or negative errno.  A state that claims to run although
 * no monitor holds `alive` comes back as exited (the monitor was killed; its container died with it). */
int supervise_state(int dir, struct arena *a, struct run_state *ret, bool *ret_alive,
                    struct err *err) MUST_CHECK;

/* Is a monitor at work that has not said yet what became of its start?  One that was killed in that moment leaves
 * a cgroup of which no state tells: supervise_cut_off().  Both are answers for a holder of the container's
 * lock, for between two steps of a monitor others may see the one or the other. */
bool supervise_starting(int dir);
bool supervise_cut_off(int dir);

/* Removes the cgroup that a killed monitor left, with what still runs in it. */
int supervise_cleanup(const char *program, const char *cgroup, struct err *err) MUST_CHECK;
/* Makes the cgroup, if it is not there, and sets its limits (@resources: JSON of the OCI specification's).  What
 * this machine would not do is told in lines of @said. */
int supervise_limit(const char *program, const char *cgroup, const char *resources,
                    struct buf *said, struct err *err) MUST_CHECK;

/* One request, one answer.  *ret_answer (may be NULL) is a new reference.  @timeout_ms < 0: wait as long
 * as it takes.  ERR_UNAVAILABLE when no monitor listens.  With @ret_sock the connection stays open
 * (exec with attach). */
int supervise_request(int dir, const json_t *request, int timeout_ms, json_t **ret_answer,
                      int *ret_sock, struct err *err) MUST_CHECK;

/* The same, with @n descriptors that go along and stay the caller's. */
int supervise_request_fds(int dir, const json_t *request, const int *fds, size_t n, int timeout_ms,
                          json_t **ret_answer, int *ret_sock, struct err *err) MUST_CHECK;

/* Descriptors for a monitor that runs already ("network_add"); @f keeps them. */
int supervise_add_fds(int dir, const struct network_fds *f, struct err *err) MUST_CHECK;

/* Opens an attach connection.  Returns the descriptor or negative errno with @err set. */
int supervise_attach(int dir, struct err *err) MUST_CHECK;

/* Blocks until the monitor is gone (its lock is free). */
int supervise_wait_gone(int dir, struct err *err) MUST_CHECK;

/* What moves between an attach connection and descriptors of ours. */
struct attach_streams {
    int in, out, err;        /* negative: not attached */
    bool terminal;           /* the container has a terminal and `in` is one: raw mode, resize */
    bool sig_proxy;          /* forward our signals to the container */
    const char *detach_keys; /* "ctrl-p,ctrl-q", "" = none */
    int (*resize)(void *arg, uint16_t rows, uint16_t cols); /* NULL: a RESIZE frame */
    void *arg;
};

/* Parses "ctrl-p,ctrl-q" into bytes; returns their number or -EINVAL. */
int attach_parse_keys(const char *keys, unsigned char *out, size_t max) MUST_CHECK;

enum attach_end { ATTACH_ENDED, ATTACH_DETACHED, ATTACH_LOST };

/* Runs until the container ends (ATTACH_ENDED, *ret_code filled), the user detaches, or the monitor
 * goes away without a word (ATTACH_LOST).  Restores the terminal in every case. */
int attach_run(int sock, const struct attach_streams *s, enum attach_end *ret_end, int *ret_code,
               struct err *err) MUST_CHECK;
