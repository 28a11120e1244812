/* base/err.h: how a failure travels.
 *
 * A function that can fail returns 0 or a negative errno.  Above base/ its last parameter is a
 * struct err, which lives on the caller's stack and may be NULL.  err_set() fills it and returns the
 * negative errno, so failing is one statement; err_wrap() adds context on the way up.  Setting a
 * filled error again asserts. */
#pragma once

#include "base/util.h"

enum err_kind {
    ERR_NONE,
    ERR_BAD_PARAM,
    ERR_NOT_FOUND,
    ERR_CONFLICT,
    ERR_IN_USE,
    ERR_STATE, /* the object is in the wrong state for this operation */
    ERR_TOO_BIG,
    ERR_UNSUPPORTED, /* this kernel, machine or version cannot do it */
    ERR_DENIED,
    ERR_UNAVAILABLE,   /* a peer (registry, monitor) did not answer */
    ERR_CANNOT_INVOKE, /* the contained command is not executable: exit 126 */
    ERR_NO_COMMAND,    /* the contained command does not exist: exit 127 */
    ERR_INTERNAL,
    ERR_KIND_COUNT
};

struct err {
    enum err_kind kind;
    int errnum;
    char msg[1024];
};

/* What a kind means outside: HTTP status, exit code, name.  A command may override the exit code
 * where Podman's table of exit codes does. */
struct err_kind_info {
    int http, exit;
    const char *name;
};
const struct err_kind_info *err_kind_info(enum err_kind kind);

/* Fills @e (which must be empty) and returns -@errnum.  A long text is cut, never refused. */
int err_set(struct err *e, enum err_kind kind, int errnum, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* err_set() with a kind chosen from @errnum and ": " strerror(@errnum) appended.  For system calls:
 *     return err_sys(err, errno, "opening %s", path); */
int err_sys(struct err *e, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "context: " before the text of a filled error; returns its negative errno. */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Empties @e so that it can be set again: for a failure that was handled. */
void err_clear(struct err *e);

/* The kind that a bare errno stands for. */
enum err_kind err_kind_of_errno(int errnum);
