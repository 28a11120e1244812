/* base/proc.h: other processes.
 *
 * Nothing here uses a shell.  Children get exactly the descriptors 0-2 they are given; everything
 * of ours is close-on-exec. */
#pragma once

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Who a child becomes: looked up before, since between fork and exec only system calls are made. */
enum { PROC_GROUPS_MAX = 256 };
struct proc_user {
    uid_t uid;
    gid_t gid;
    gid_t groups[PROC_GROUPS_MAX];
    int n_groups;
    const char *dir; /* where it starts; NULL: here */
};

struct spawn {
    const char *path;  /* program: looked up on PATH when it has no slash */
    char *const *argv; /* NULL-terminated, argv[0] included */
    char *const *env;  /* NULL: ours */
    int fds[3];        /* stdin, stdout, stderr; negative: /dev/null */
    int keep_fd;       /* one more descriptor that becomes 3 in the child; negative: none */
    bool new_session;
    const struct proc_user *user; /* NULL: who we are */
};

/* Starts a child with vfork semantics.  0 and *ret_pid, or -errno of the exec that failed. */
int proc_spawn(const struct spawn *s, pid_t *ret_pid) MUST_CHECK;

/* Waits; returns the exit status as a shell would tell it (128 + signal), or -errno. */
int proc_wait(pid_t pid) MUST_CHECK;

/* Runs argv to its end with @input on stdin; collects stdout in @out and stderr in @errout (either
 * may be NULL).  Returns as proc_wait(). */
int proc_run(char *const *argv, char *const *env, const char *input, struct buf *out,
             struct buf *errout) MUST_CHECK;

/* A socket inside the network namespace @netns, close-on-exec and non-blocking; we ourselves never leave ours
 * (an ordinary user could not come back).  The descriptor, or -errno. */
int proc_socket_in(int netns, int domain, int type, int protocol) MUST_CHECK;

/* Start time of @pid in clock ticks since boot (field 22 of /proc/PID/stat), 0 when it is gone: with
 * the pid it names a process for good. */
uint64_t proc_start_time(pid_t pid);

/* The absolute path of our own executable's folder, without a trailing slash. */
const char *proc_self_dir(void);
