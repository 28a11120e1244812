/* monitor/args.h: command lines of podman-monitor and podman-runtime, as tables of options.
 *
 * (cli/cmd.h is the large program's; this one is linked into a process that stays in memory once for
 * every container.) */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum arg_kind { ARG_END, ARG_FLAG, ARG_STR, ARG_STRV, ARG_I64 };

struct arg {
    const char *name;
    char brief;
    enum arg_kind kind;
    size_t off;
    const char *help;
};

#define ARG_OFF_(T, f, ftype)                                                                      \
    (offsetof(T, f) +                                                                              \
     0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((T *)0)->f), ftype) ? 1 : -1]))
#define A_FLAG(T, f, n, b, h)                                                                      \
    {                                                                                              \
        n, b, ARG_FLAG, ARG_OFF_(T, f, bool), h                                                    \
    }
#define A_STR(T, f, n, b, h)                                                                       \
    {                                                                                              \
        n, b, ARG_STR, ARG_OFF_(T, f, char *), h                                                   \
    }
#define A_STRV(T, f, n, b, h)                                                                      \
    {                                                                                              \
        n, b, ARG_STRV, ARG_OFF_(T, f, char **), h                                                 \
    }
#define A_I64(T, f, n, b, h)                                                                       \
    {                                                                                              \
        n, b, ARG_I64, ARG_OFF_(T, f, int64_t), h                                                  \
    }

/* Reads options into @out until the first argument that is none; returns how many words were used
 * (argv[0] is the first option), or -EINVAL. */
int args_parse(const struct arg *table, char **argv, struct arena *a, void *out, struct err *err);
void args_help(const struct arg *table, FILE *out);
