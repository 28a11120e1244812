/* podman info, unshare, system reset */
#include <sched.h>
#include <sys/wait.h>

#include "base/yaml_text.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "engine/networks.h"
#include "engine/rootless.h"
#include "engine/system.h"
#include "spec/system_info.h"

#include "base/banned.h"

/* ---------- info ---------- */

struct info_args {
    char *format;
    bool debug;
};

static int info_run(struct cmd_ctx *x, void *args)
{
    struct info_args *o = args;
    struct engine *e = cmd_engine(x);

    if (!e)
        return -EIO;
    AUTO_JSON *doc = system_info(e, x->arena, x->err);
    if (!doc)
        return -EIO;
    if (!o->format) {
        AUTO_BUF b = { 0 };
        yaml_text(doc, &b);
        fputs(b.data, stdout);
        return 0;
    }
    /* The one field whose name in templates is not that in JSON. */
    json_t *host = json_object_get(doc, "host");
    if (!cli_format_is_json(o->format))
        json_object_set(host, "CgroupsVersion", json_object_get(host, "cgroupVersion"));
    struct cli_list how = {
        .format = o->format, .title = "info", .indent = 4, .type = &system_info_type
    };
    return cli_print_one(doc, &how, x->err);
}

static const struct opt info_opts[] = {
    O_BOOL('D', "debug", struct info_args, debug, "Display additional debug information",
           .flags = OPTF_HIDDEN),
    O_STR('f', "format", struct info_args, format, "template",
          "Change the output format to JSON or a Go template"),
    { 0 },
};
static const struct opt *const info_tables[] = { info_opts, NULL };
static const char *const info_examples[] = { "podman info", "podman info --format json",
                                             "podman info --format '{{.Host.Security.Rootless}}'",
                                             NULL };
const struct cmd cmd_info = {
    .name = "info",
    .summary = "Display podman system information",
    .usage = "[options]",
    .description =
        "Display information pertaining to the host, current storage stats, and build of podman. "
        "Useful for the user and when reporting issues.",
    .examples = info_examples,
    .max_args = 0,
    .opts = info_tables,
    .args_size = sizeof(struct info_args),
    .run = info_run,
};

/* ---------- unshare ---------- */

/* A folder of PATH that we may not look into makes exec say "permission denied" for what is nowhere. */
static bool on_path(struct arena *a, const char *program)
{
    int saved = errno;
    bool found = strchr(program, '/') != NULL;

    for (char **d = strv_split(a, getenv("PATH") ? getenv("PATH") : "", ':'); !found && *d; d++)
        found = access(arena_printf(a, "%s/%s", *d, program), F_OK) == 0;
    errno = saved;
    return found;
}

struct unshare_args {
    bool netns;
};

static int unshare_run(struct cmd_ctx *x, void *args)
{
    const struct unshare_args *o = args;
    char *shell[] = { getenv("SHELL") ? getenv("SHELL") : arena_strdup(x->arena, "/bin/sh"), NULL };
    char **argv = x->nargs ? x->args : shell;

    if (!rootless_is())
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "please use unshare with rootless");
    if (o->netns) {
        struct engine *e = cmd_engine(x);
        int r = e ? networks_enter(e, x->err) : -EIO;
        if (r < 0)
            return r;
    }
    /* A mount namespace too: what is mounted there stays there. */
    if (unshare(CLONE_NEWNS) < 0)
        return err_sys(x->err, errno, "making a mount namespace");
    fflush(stdout);
    execvp(argv[0], argv);
    int saved = on_path(x->arena, argv[0]) ? errno : ENOENT;
    return err_set(x->err, saved == ENOENT ? ERR_NO_COMMAND : ERR_CANNOT_INVOKE, saved, "%s: %s",
                   argv[0], strerror(saved));
}

static const struct opt unshare_opts[] = {
    O_BOOL(0, "rootless-netns", struct unshare_args, netns,
           "Join the network namespace in which the bridges of this user's containers are"),
    { 0 },
};
static const struct opt *const unshare_tables[] = { unshare_opts, NULL };
static const char *const unshare_examples[] = { "podman unshare id",
                                                "podman unshare cat /proc/self/uid_map", NULL };
const struct cmd cmd_unshare = {
    .name = "unshare",
    .summary = "Run a command in a modified user namespace",
    .usage = "[options] [COMMAND [ARG...]]",
    .description = "Runs a command in a modified user namespace.",
    .examples = unshare_examples,
    .max_args = -1,
    .flags = CMD_NO_INTERSPERSED,
    .opts = unshare_tables,
    .args_size = sizeof(struct unshare_args),
    .run = unshare_run,
};

/* ---------- system reset ---------- */

struct reset_args {
    bool force;
};

static int reset_run(struct cmd_ctx *x, void *args)
{
    struct reset_args *o = args;
    struct engine *e = cmd_engine(x);
    char **problems = NULL;

    if (!e)
        return -EIO;
    if (!o->force &&
        !cmd_confirmed("WARNING! This will remove:\n        - all containers\n        - all pods\n"
                       "        - all images\n        - all networks\n        - all build cache\n"
                       "        - all volumes"))
        return 0;
    int r = system_reset(e, x->arena, &problems, x->err);
    for (char **p = problems; p && *p; p++)
        fprintf(stderr, "Error: %s\n", *p);
    return r < 0 ? r : problems ? 125 : 0;
}

static const struct opt reset_opts[] = {
    O_BOOL('f', "force", struct reset_args, force, "Do not prompt for confirmation"),
    { 0 },
};
static const struct opt *const reset_tables[] = { reset_opts, NULL };
const struct cmd cmd_system_reset = {
    .name = "reset",
    .summary = "Reset podman storage",
    .usage = "[options]",
    .description = "Reset podman storage back to default state. All containers will be stopped and "
                   "removed, and all "
                   "images, volumes, networks and container content will be removed.",
    .max_args = 0,
    .opts = reset_tables,
    .args_size = sizeof(struct reset_args),
    .run = reset_run,
};
