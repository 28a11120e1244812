/* supervise/systemd.h: a cgroup from systemd.
 *
 * Where systemd manages the cgroups, a part of the tree belongs to somebody else only when systemd has
 * delegated it: a transient scope with Delegate=yes.  systemd removes the scope when its last process ends.
 *
 * We talk to the manager's own socket (/run/systemd/private as root, $XDG_RUNTIME_DIR/systemd/private as a
 * user), so no bus has to run, and a user namespace does not matter: the manager asks the kernel who we are.
 * libsystemd is loaded at the first call and needed by nothing else. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

struct systemd_scope {
    const char *socket; /* of the manager */
    const char *name;   /* "libpod-ID.scope" */
    const char *slice;  /* "machine.slice" */
    const char *description;
};

/* Makes the scope around @pid and returns when the process is in it. */
int systemd_scope_start(const struct systemd_scope *s, pid_t pid, struct err *err) MUST_CHECK;
/* Stops a unit of the manager at @socket, a slice with what is in it; one that is not there is fine. */
int systemd_unit_stop(const char *socket, const char *name, struct err *err) MUST_CHECK;
