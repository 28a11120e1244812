/* podman quadlet: install, list, print, rm */
#include "base/json.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "engine/quadlets.h"

#include "base/banned.h"

/* ---------- install ---------- */

struct install_args {
    bool reload, replace;
};

static int install_run(struct cmd_ctx *x, void *args)
{
    const struct install_args *o = args;
    struct quadlets_install how = { .paths = x->args, .replace = o->replace, .reload = o->reload };
    char **paths = NULL;
    int r = quadlets_install(x->arena, &how, &paths, x->err);

    for (size_t i = 0; paths && paths[i]; i++)
        puts(paths[i]);
    return r;
}

static const struct opt install_opts[] = {
    O_BOOL(0, "reload-systemd", struct install_args, reload,
           "Reload systemd after installing Quadlets", .def = "true"),
    O_BOOL('r', "replace", struct install_args, replace,
           "Replace the installation even if the quadlet already exists"),
    { 0 },
};
static const struct opt *const install_tables[] = { install_opts, NULL };
static const char *const install_examples[] = {
    "podman quadlet install /path/to/myquadlet.container",
    "podman quadlet install /path/to/application",
    "podman quadlet install https://example.com/myquadlet.container", NULL
};
static const struct cmd cmd_install_quadlet = {
    .name = "install",
    .summary = "Install a quadlet file or quadlet application",
    .usage = "[options] QUADLET-PATH-OR-URL [FILES-PATH-OR-URL...]",
    .description = "Install a quadlet, several in a file X.quadlets, or an application: a "
                   "directory with quadlets and the "
                   "files that they need. Further files come with it and are removed with it. "
                   "Systemd reads its units "
                   "again, so that the service can be started at once.",
    .examples = install_examples,
    .min_args = 1,
    .max_args = -1,
    .flags = CMD_NO_ENGINE,
    .complete = COMPLETE_FILE,
    .opts = install_tables,
    .args_size = sizeof(struct install_args),
    .run = install_run,
};

/* ---------- list ---------- */

struct list_args {
    char **filter;
    char *format;
    bool noheading;
};

static int list_run(struct cmd_ctx *x, void *args)
{
    const struct list_args *o = args;
    struct quadlet_list list = { 0 };
    AUTO_JSON *rows = json_array();
    int r = quadlets_list(x->arena, o->filter, &list, x->err);

    for (size_t i = 0; r == 0 && i < list.n; i++)
        json_array_append_new(rows, quadlet_document(&list.items[i]));
    static const struct cli_header headers[] = { { "UnitName", "UNIT NAME" },
                                                 { "Path", "PATH ON DISK" },
                                                 { "App", "APPLICATION" },
                                                 { NULL, NULL } };
    const struct cli_list how = {
        .format = o->format,
        .def = "table {{.Name}}\t{{.UnitName}}\t{{.Path}}\t{{.Status}}\t{{.App}}\t{{.Pod}}",
        .title = "quadlet list",
        .headers = headers,
        .no_heading = o->noheading,
    };
    return r < 0 ? r : cli_print_list(rows, &how, x->err);
}

static const struct opt list_opts[] = {
    O_STRV('f', "filter", struct list_args, filter, "filter",
           "Filter output based on conditions given",
           .choices = "name=|pod=|status=", .flags = OPTF_OPEN_CHOICE),
    O_STR(0, "format", struct list_args, format, "format",
          "Pretty-print output to JSON or using a Go template"),
    O_BOOL('n', "noheading", struct list_args, noheading, "Do not print headers"),
    { 0 },
};
static const struct opt *const list_tables[] = { list_opts, NULL };
static const char *const list_aliases[] = { "ls", NULL };
static const char *const list_examples[] = { "podman quadlet list",
                                             "podman quadlet list --format '{{ .Name }}'",
                                             "podman quadlet list --filter 'name=test*'", NULL };
static const struct cmd cmd_list_quadlets = {
    .name = "list",
    .summary = "List Quadlets",
    .usage = "[options]",
    .aliases = list_aliases,
    .description =
        "List all Quadlets configured for the current user, with what systemd says of them.",
    .examples = list_examples,
    .flags = CMD_NO_ENGINE,
    .opts = list_tables,
    .args_size = sizeof(struct list_args),
    .run = list_run,
};

/* ---------- print ---------- */

static int print_run(struct cmd_ctx *x, void *args)
{
    AUTO_BUF text = { .max = QUADLET_TEXT_MAX };
    (void)args;
    int r = quadlets_print(x->arena, x->args[0], &text, x->err);

    if (r == 0 && text.len)
        fwrite(text.data, 1, text.len, stdout);
    return r;
}

static const char *const print_aliases[] = { "cat", NULL };
static const char *const print_examples[] = { "podman quadlet print myquadlet.container", NULL };
static const struct cmd cmd_print_quadlet = {
    .name = "print",
    .summary = "Display the contents of a quadlet",
    .usage = "QUADLET",
    .aliases = print_aliases,
    .description = "Print the contents of a Quadlet file to the standard output.",
    .examples = print_examples,
    .min_args = 1,
    .max_args = 1,
    .flags = CMD_NO_ENGINE,
    .complete = COMPLETE_QUADLET,
    .run = print_run,
};

/* ---------- rm ---------- */

struct rm_args {
    bool all, force, ignore, reload;
};

static int rm_run(struct cmd_ctx *x, void *args)
{
    const struct rm_args *o = args;
    struct quadlets_remove how = {
        .names = x->args, .all = o->all, .force = o->force, .ignore = o->ignore, .reload = o->reload
    };
    char **removed = NULL;

    if (!o->all && !x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "must provide at least 1 quadlet to remove");
    if (o->all && x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--all removes every quadlet: no name can be given beside it");
    int r = quadlets_remove(x->arena, &how, &removed, x->err);
    for (size_t i = 0; removed && removed[i]; i++)
        puts(removed[i]);
    return r;
}

static const struct opt rm_opts[] = {
    O_BOOL('a', "all", struct rm_args, all, "Remove all Quadlets for the current user"),
    O_BOOL('f', "force", struct rm_args, force,
           "Remove running quadlets: their services are stopped"),
    O_BOOL('i', "ignore", struct rm_args, ignore,
           "Do not fail when a quadlet that is to be removed does not exist"),
    O_BOOL(0, "reload-systemd", struct rm_args, reload, "Reload systemd after removal",
           .def = "true"),
    { 0 },
};
static const struct opt *const rm_tables[] = { rm_opts, NULL };
static const char *const rm_examples[] = { "podman quadlet rm test.container",
                                           "podman quadlet rm --force .application.app",
                                           "podman quadlet rm --all --reload-systemd=false", NULL };
static const struct cmd cmd_rm_quadlet = {
    .name = "rm",
    .summary = "Remove Quadlets",
    .usage = "[options] QUADLET [QUADLET...]",
    .description = "Remove one or more installed Quadlets from the current user. A quadlet of an "
                   "application takes the "
                   "whole application with it.",
    .examples = rm_examples,
    .max_args = -1,
    .flags = CMD_NO_ENGINE,
    .complete = COMPLETE_QUADLET,
    .opts = rm_tables,
    .args_size = sizeof(struct rm_args),
    .run = rm_run,
};

static const struct cmd *const subs[] = { &cmd_install_quadlet, &cmd_list_quadlets,
                                          &cmd_print_quadlet, &cmd_rm_quadlet, NULL };
const struct cmd cmd_quadlet = {
    .name = "quadlet",
    .summary = "Allows users to manage Quadlets",
    .description = "Allows users to manage Quadlets: unit files of containers, pods, volumes, "
                   "networks, images, artifacts, builds and Kubernetes YAML for systemd.",
    .subs = subs,
};
