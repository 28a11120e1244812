/* engine/rootless.h: how an ordinary user becomes root of a namespace.
 *
 * main() calls rootless_enter() before it does anything else; below that nobody asks who we are.  All
 * commands of one user share one user namespace, kept by a small holder process, because only then may
 * one command touch the files and processes that another made.  Its file is
 *
 *     $XDG_RUNTIME_DIR/containers/userns    "<pid> <start time>"
 *
 * With ranges in /etc/subuid and /etc/subgid the namespace gets those (newuidmap, newgidmap), without
 * them only the user's own id, as root. */
#pragma once

#include "base/err.h"

/* Are we working for somebody who is not root (already inside the namespace or not)? */
bool rootless_is(void);
uid_t rootless_uid(void); /* the user's id on the host */
gid_t rootless_gid(void);
bool rootless_single_id(void); /* the namespace maps one id only */

/* Enters the user's namespace, making it when it is not there.  Does nothing as root or when we are in
 * it already.  Must be called with one thread. */
int rootless_enter(struct err *err) MUST_CHECK;

/* The user's run directory: $XDG_RUNTIME_DIR, /run/user/UID, or a private directory below /tmp. */
const char *rootless_runtime_dir(void);
