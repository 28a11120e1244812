/* cli/cli_priv.h: the insides of the command framework. */
#pragma once

#include "base/buf.h"
#include "cli/cmd.h"

/* ---- parse.c ---- */

/* Option tables that fill one struct. */
struct opt_set {
    const struct opt *const *tables; /* NULL-terminated, may be NULL */
    void *args;
    bool *given; /* one for each option, in the order of the tables */
};

struct cli_parser {
    struct arena *arena;
    struct opt_set sets[3]; /* looked at in this order */
    int nsets;
    bool interspersed; /* options may follow arguments */
    bool help;         /* out: --help, or -h where no option is called so */
    char **args;       /* out: positional arguments, NULL-terminated, pointing into argv */
    int nargs;
};

size_t opt_count(const struct opt *const *tables);

/* Zeroes nothing; stores the defaults. */
int cli_defaults(struct arena *a, const struct opt_set *set, struct err *err) MUST_CHECK;

/* Parses the NULL-terminated @argv. */
int cli_parse(struct cli_parser *p, char **argv, struct err *err) MUST_CHECK;

/* By letter, or by name of @len bytes. */
const struct opt *cli_find_opt(const struct cli_parser *p, char brief, const char *name,
                               size_t len);

/* The value of an option that stands without one, or NULL when it needs one. */
const char *opt_implied(const struct opt *o);

/* The first unsupported option that was given, or NULL. */
const struct opt *cli_unsupported(const struct cli_parser *p);

/* A credentials file that was named has to be there, whether it will be read or not. */
int cli_check_credentials(const struct cli_parser *p, struct err *err) MUST_CHECK;

/* The kinds' names in help, as pflag calls them: "string", "strings", "int" ... */
const char *opt_kind_name(enum opt_kind kind);

/* ---- globals.c ---- */

extern const struct opt global_local_opts[];      /* before the command only */
extern const struct opt global_persistent_opts[]; /* anywhere */
extern const struct opt *const global_root_tables[], *const global_persistent_tables[];
/* Acts on --log-level, --out, ...  Returns an exit code > 0 after printing, 0, or -errno. */
int global_apply(const struct cmd *cmd, struct err *err) MUST_CHECK;

/* ---- commands and their texts ---- */

/* The command that really runs, and what is found below it. */
static inline const struct cmd *cmd_body(const struct cmd *c)
{
    return c->same_as ? c->same_as : c;
}
const struct cmd *cmd_find(const struct cmd *group, const char *name);
/* Follows @words from @root as far as they are commands; *ret_n of them were.  @path gets the names. */
const struct cmd *cmd_walk(const struct cmd *root, char *const *words, int *ret_n,
                           struct buf *path);

/* How many of @words make a known command of Podman's (whether built or not). */
int unsupported_words(char *const *words);

/* All options of the tables, sorted by name; the arena owns the NULL-terminated array. */
const struct opt **opts_sorted(struct arena *a, const struct opt *const *tables, bool hidden_too);
/* All commands below @group that are shown, sorted by name. */
const struct cmd **subs_sorted(struct arena *a, const struct cmd *group, bool hidden_too);

void help_print(FILE *f, const struct cmd *c, const char *path);

extern const struct cmd *cli_root; /* the tree being run */
