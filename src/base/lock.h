/* base/lock.h: advisory locks that die with their holder.
 *
 * Open-file-description locks on a file: the kernel releases them when the last descriptor of the
 * description goes away, so kill -9 never leaves one behind, and a child that inherits the
 * descriptor keeps it. */
#pragma once

#include "base/util.h"

/* Opens or creates (dir, name) and locks it.  Returns the descriptor to hold, or -errno;
 * lock_try() gives -EAGAIN when somebody holds it. */
int lock_take(int dir, const char *name) MUST_CHECK;
int lock_take_shared(int dir, const char *name) MUST_CHECK;
int lock_try(int dir, const char *name) MUST_CHECK;

/* Is somebody holding the exclusive lock?  Takes nothing, creates nothing. */
bool lock_is_held(int dir, const char *name);
/* The same for an open descriptor. */
bool lock_fd_is_held(int fd);
