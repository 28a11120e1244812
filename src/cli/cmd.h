/* cli/cmd.h: a command is a const table; so are its options.
 *
 * The parser, --help, shell completion, the man pages and the test "every option is documented" all
 * read these tables.  One file per command (or per family), each exporting `const struct cmd
 * cmd_<path>`; cli/commands.c holds the tree. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum opt_kind {
    OPT_END,
    OPT_BOOL,  /* bool: --x, --x=false                                    */
    OPT_TRI,   /* int: -1 not given, 0, 1 (pflag's optionalBool)          */
    OPT_STR,   /* char *: NULL when not given and no default              */
    OPT_INT,   /* int64_t                                                 */
    OPT_UINT,  /* uint64_t                                                */
    OPT_F64,   /* double                                                  */
    OPT_STRV,  /* char **: repeatable, taken as it is (stringArray)       */
    OPT_SLICE, /* char **: repeatable, each a CSV record (stringSlice)    */
};

/* What shell completion offers for a value or an argument. */
enum complete {
    COMPLETE_NONE,
    COMPLETE_FILE,
    COMPLETE_DIR,
    COMPLETE_CHOICES, /* struct opt.choices */
    COMPLETE_CONTAINER,
    COMPLETE_CONTAINER_RUNNING,
    COMPLETE_IMAGE,
    COMPLETE_VOLUME,
    COMPLETE_NETWORK,
    COMPLETE_POD,
    COMPLETE_ARTIFACT,
    COMPLETE_QUADLET,
    COMPLETE_COMMAND, /* first an image or container, then a program */
};

enum {
    OPTF_HIDDEN = 1 << 0,      /* accepted, not shown */
    OPTF_NOVAL = 1 << 1,       /* may stand without "=value": takes .no_value then (OPT_STR) */
    OPTF_UNSUPPORTED = 1 << 2, /* Podman's, not built: not shown, using it is an error */
    OPTF_CREDENTIALS = 1 << 3, /* the path of a credentials file that has to be there */
    OPTF_OPEN_CHOICE =
        1 << 4, /* .choices are shown and completed; whoever takes the value checks it */
};

struct opt {
    char brief; /* one letter, or 0 */
    const char *name;
    enum opt_kind kind;
    unsigned flags;
    size_t off;
    const char *arg;  /* placeholder shown in help: "name", "bytes" */
    const char *help; /* one line, no full stop */
    const char *def;  /* default as text; parsed like a given value; NULL = zero */
    const char *no_value;
    const char *choices; /* "a|b|c": shown, completed and enforced */
    enum complete complete;
};

#define OPT_OFF_(T, f, ftype)                                                                      \
    (offsetof(T, f) +                                                                              \
     0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((T *)0)->f), ftype) ? 1 : -1]))
/* The trailing arguments set further fields: O_STR('f', "format", T, format, "go", "Format", .def = "x") */
#define O_BOOL(b, n, T, f, h, ...)                                                                 \
    {                                                                                              \
        .brief = b, .name = n, .kind = OPT_BOOL, .off = OPT_OFF_(T, f, bool), .help = h,           \
        __VA_ARGS__                                                                                \
    }
#define O_TRI(b, n, T, f, h, ...)                                                                  \
    {                                                                                              \
        .brief = b, .name = n, .kind = OPT_TRI, .off = OPT_OFF_(T, f, int), .help = h, .def = "",  \
        __VA_ARGS__                                                                                \
    }
#define O_STR(b, n, T, f, a, h, ...)                                                               \
    {                                                                                              \
        .brief = b, .name = n, .kind = OPT_STR, .off = OPT_OFF_(T, f, char *), .arg = a,           \
        .help = h, __VA_ARGS__                                                                     \
    }
#define O_INT(b, n, T, f, a, h, ...)                                                               \
    {                                                                                              \
        .brief = b, .name = n, .kind = OPT_INT, .off = OPT_OFF_(T, f, int64_t), .arg = a,          \
        .help = h, __VA_ARGS__                                                                     \
    }
#define O_UINT(b, n, T, f, a, h, ...)                                                              \
    {                                                                                              \
        .brief = b, .name = n, .kind = OPT_UINT, .off = OPT_OFF_(T, f, uint64_t), .arg = a,        \
        .help = h, __VA_ARGS__                                                                     \
    }
#define O_F64(b, n, T, f, a, h, ...)                                                               \
    {                                                                                              \
        .brief = b, .name = n, .kind = OPT_F64, .off = OPT_OFF_(T, f, double), .arg = a,           \
        .help = h, __VA_ARGS__                                                                     \
    }
#define O_STRV(b, n, T, f, a, h, ...)                                                              \
    {                                                                                              \
        .brief = b, .name = n, .kind = OPT_STRV, .off = OPT_OFF_(T, f, char **), .arg = a,         \
        .help = h, __VA_ARGS__                                                                     \
    }
#define O_SLICE(b, n, T, f, a, h, ...)                                                             \
    {                                                                                              \
        .brief = b, .name = n, .kind = OPT_SLICE, .off = OPT_OFF_(T, f, char **), .arg = a,        \
        .help = h, __VA_ARGS__                                                                     \
    }

enum {
    CMD_NO_INTERSPERSED =
        1 << 0, /* options end at the first argument (run, exec, create, unshare) */
    CMD_HIDDEN = 1 << 1,
    CMD_NO_USERNS = 1 << 2, /* needs no user namespace when rootless: reads names and texts only */
    CMD_NO_ENGINE = 1 << 3, /* touches neither store nor configuration */
    CMD_RAW_ARGS = 1 << 4,  /* no option is parsed: all words are arguments */
};

struct engine;
struct cmd;

/* What a running command gets.  Two tables may name one field (--net and --network): whichever is
 * given, cmd_given() is true for both names and repeated values add up. */
struct cmd_ctx {
    const struct cmd *cmd;
    const char *path; /* "podman container ls", as typed but with aliases resolved */
    char **args;      /* positional arguments, NULL-terminated */
    int nargs;
    struct arena *arena; /* lives as long as the command */
    struct err *err;
    const bool *given; /* internal: see cmd_given() */
};

struct cmd {
    const char *name;
    const char *summary;
    const char *usage;           /* "[options] CONTAINER [CONTAINER...]" */
    const char *const *aliases;  /* NULL-terminated, may be NULL */
    const char *description;     /* paragraph for --help and the man page; NULL: the summary */
    const char *const *examples; /* lines, NULL-terminated, may be NULL */
    int min_args, max_args;      /* max -1: no limit */
    unsigned flags;
    enum complete complete;        /* of the positional arguments */
    const struct opt *const *opts; /* NULL-terminated list of tables (shared ones among them) */
    size_t args_size;              /* size of the struct that the options fill */
    /* Exit code >= 0, or negative errno with c->err set: then the error's kind decides the code.  An
     * error that is set beside an exit code is printed too (`rm` of an unknown container is 1). */
    int (*run)(struct cmd_ctx *c, void *args);
    const struct cmd *const *subs; /* NULL-terminated; a group has no run of its own */
    /* This name is a second place of that command (`container ls` of `ps`): only name, aliases,
     * flags & CMD_HIDDEN and, when set, usage are read from here. */
    const struct cmd *same_as;
};

/* Was the option given on the command line (not its default)? */
bool cmd_given(const struct cmd_ctx *c, const char *name);

/* Prints the warning and asks whether to go on; anything but a yes is a no. */
bool cmd_confirmed(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Global options, filled before any command runs. */
struct global_args {
    char *cgroup_manager, *config, *conmon, *connection, *events_backend, *identity, *imagestore;
    char *log_level, *module_unused, *network_cmd_path, *network_config_dir, *out, *root, *runroot;
    char *default_mounts_file;
    char *runtime, *ssh, *storage_driver, *tmpdir, *url, *volumepath;
    char **cdi_spec_dir, **hooks_dir, **modules, **runtime_flag, **storage_opt;
    bool remote, syslog, noout, transient_store, help, debug, version;
    int64_t max_workers;
    char *context, *unused; /* what unsupported options fill */
    char **unused_list;
};
extern struct global_args global_args;

/* The engine of this process, opened on first use with the global options applied; NULL with c->err
 * set on failure. */
struct engine *cmd_engine(struct cmd_ctx *c);

/* At the end of the process. */
void cmd_engine_close(void);

/* Called before a command runs that has neither CMD_NO_USERNS nor CMD_NO_ENGINE. */
int cmd_enter_userns(struct cmd_ctx *c) MUST_CHECK;

/* Shell completion of names: one name a line, those that begin with @prefix. */
int cli_complete_names(enum complete kind, const char *prefix, FILE *out) MUST_CHECK;

/* Runs the program: finds the command, parses, runs, prints the error, returns the exit code. */
int cli_main(int argc, char **argv, const struct cmd *root);
