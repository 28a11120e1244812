/* cli/containers/select.h: which containers a command is about. */
#pragma once

#include "cli/cmd.h"
#include "engine/containers.h"

struct select_args {
    char **filter, **cidfile;
    bool all, latest, ignore;
};

struct target {
    const char *shown; /* what is printed on success: as typed, or the ID */
    struct container c;
};
struct target_list {
    struct target *items;
    size_t n;
};

/* Fills @out from names, --cidfile, --latest, --all and --filter.  @running: --all means only those that
 * a monitor supervises.  Names that are not found become one line of error each and *ret_code (the
 * others are still there), unless --ignore.  Negative when nothing can be done at all. */
int select_targets(struct cmd_ctx *x, const struct select_args *s, bool running,
                   struct target_list *out, int *ret_code);

/* Runs @fn on each; prints what was typed on success and "Error: ..." otherwise.  Returns the exit code:
 * the last error's, or @code when all went well. */
typedef int (*target_fn)(struct cmd_ctx *x, struct target *t, void *arg);
int for_targets(struct cmd_ctx *x, struct target_list *list, int code, target_fn fn, void *arg);

/* The ID that --cidfile names. */
int read_cidfile(struct cmd_ctx *x, const char *path, char **ret_id) MUST_CHECK;

/* Descriptors of ours that a program is to get: those numbered in @list and @count ones from 3 on. */
int preserved_fds(struct cmd_ctx *x, uint64_t count, char *const *list, const int **ret,
                  size_t *ret_n) MUST_CHECK;

/* Prints an error that does not end the command, and clears it. */
void print_error(struct err *err);
void print_warnings(char *const *warnings); /* of what was asked for: plain lines, as Podman */
void log_warnings(char *const *warnings);   /* of what this machine would not do at a start */
