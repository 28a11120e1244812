/* oci/launch.h: the caller's end of a child that is being made; for create.c and exec.c. */
#pragma once

#include "oci/plan.h"

struct launch {
    const struct plan *plan; /* NULL: an exec session */
    const struct plan_process *process;
    struct arena *arena;
    char ***warnings;
    pid_t pid;
    int pidfd, sync, pty;
    unsigned early; /* kinds that came before they were waited for, as bits */
};

/* Reads reports until one of @kind or the end of the socket (kind -1) comes.  Warnings and the
 * terminal are taken along the way; a failure becomes the error.  The init may be faster than the process in between
 * that tells of it: what comes early counts when it is waited for.  @ret: filled for CHILD_PID. */
int launch_wait(struct launch *l, int kind, struct child_msg *ret, struct err *err) MUST_CHECK;

/* Kills and reaps the child, closes what there is. */
void launch_abort(struct launch *l);

/* The descriptors 0-2 of the program, with /dev/null for negative ones.  */
int launch_stdio(const int *want, int *ret, int *ret_null, struct err *err) MUST_CHECK;
