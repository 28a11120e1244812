#include "base/err.h"

#include <assert.h>
#include <stdarg.h>

#include "base/banned.h"

static const struct err_kind_info kinds[] = {
    [ERR_NONE] = { 200, 0, "success" },
    [ERR_BAD_PARAM] = { 400, 125, "bad parameter" },
    [ERR_NOT_FOUND] = { 404, 125, "no such object" },
    [ERR_CONFLICT] = { 409, 125, "conflict" },
    [ERR_IN_USE] = { 409, 125, "in use" },
    [ERR_STATE] = { 409, 125, "wrong state" },
    [ERR_TOO_BIG] = { 413, 125, "too large" },
    [ERR_UNSUPPORTED] = { 501, 125, "not supported" },
    [ERR_DENIED] = { 403, 125, "permission denied" },
    [ERR_UNAVAILABLE] = { 503, 125, "unavailable" },
    [ERR_CANNOT_INVOKE] = { 400, 126, "cannot invoke command" },
    [ERR_NO_COMMAND] = { 400, 127, "command not found" },
    [ERR_INTERNAL] = { 500, 125, "internal error" },
};
_Static_assert(ARRAY_SIZE(kinds) == ERR_KIND_COUNT, "one row per error kind");

const struct err_kind_info *err_kind_info(enum err_kind kind)
{
    return &kinds[kind];
}

enum err_kind err_kind_of_errno(int errnum)
{
    switch (errnum) {
    case ENOENT:
    case ESRCH:
        return ERR_NOT_FOUND;
    case EINVAL:
    case ERANGE:
        return ERR_BAD_PARAM;
    case EEXIST:
        return ERR_CONFLICT;
    case EBUSY:
        return ERR_IN_USE;
    case EFBIG:
    case E2BIG:
        return ERR_TOO_BIG;
    case EPERM:
    case EACCES:
        return ERR_DENIED;
    case ENOSYS:
    case EOPNOTSUPP:
        return ERR_UNSUPPORTED;
    default:
        return ERR_INTERNAL;
    }
}

int err_set(struct err *e, enum err_kind kind, int errnum, const char *fmt, ...)
{
    va_list ap;

    assert(errnum > 0);
    if (e) {
        assert(e->kind == ERR_NONE);
        e->kind = kind;
        e->errnum = errnum;
        va_start(ap, fmt);
        vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
        va_end(ap);
    }
    return -errnum;
}

int err_sys(struct err *e, int errnum, const char *fmt, ...)
{
    va_list ap;

    assert(errnum > 0);
    if (e) {
        assert(e->kind == ERR_NONE);
        e->kind = err_kind_of_errno(errnum);
        e->errnum = errnum;
        va_start(ap, fmt);
        int n = vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
        va_end(ap);
        if (n >= 0 && (size_t)n < sizeof(e->msg))
            snprintf(e->msg + n, sizeof(e->msg) - (size_t)n, ": %s", strerror(errnum));
    }
    return -errnum;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
    if (!e)
        return -EIO;
    assert(e->kind != ERR_NONE);

    char tail[sizeof(e->msg)];
    va_list ap;
    memcpy(tail, e->msg, sizeof(tail));
    va_start(ap, fmt);
    int n = vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof(e->msg))
        snprintf(e->msg + n, sizeof(e->msg) - (size_t)n, ": %s", tail);
    return -e->errnum;
}

void err_clear(struct err *e)
{
    if (e) {
        e->kind = ERR_NONE;
        e->errnum = 0;
        e->msg[0] = '\0';
    }
}
