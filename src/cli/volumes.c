/* podman volume: create, ls, inspect, rm, exists, prune, export, import, mount, unmount, reload */
#include <fcntl.h>

#include "base/json.h"
#include "base/parse.h"
#include "cli/commands.h"
#include "cli/containers/select.h"
#include "cli/format.h"
#include "engine/volumes.h"

#include "base/banned.h"

static int find(struct cmd_ctx *x, const char *name, struct volume *v)
{
    struct engine *e = cmd_engine(x);

    return e ? volumes_find(e, x->arena, name, v, x->err) : -EIO;
}

/* ---------- create ---------- */

struct create_args {
    char *driver;
    char **label, **opt;
    int64_t uid, gid;
    bool ignore;
};

static int create_run(struct cmd_ctx *x, void *args)
{
    const struct create_args *o = args;
    struct volume_config v = {
        .name = x->nargs ? x->args[0] : NULL, .driver = o->driver, .uid = o->uid, .gid = o->gid
    };
    struct engine *e = cmd_engine(x);

    if (!e)
        return -EIO;
    kv_set_words(x->arena, &v.labels, o->label);
    kv_set_words(x->arena, &v.options, o->opt);
    v.anonymous = !v.name;
    int r = volumes_create(e, x->arena, &v, o->ignore, x->err);
    if (r == 0)
        puts(v.name);
    return r;
}

static const struct opt create_opts[] = {
    O_STR('d', "driver", struct create_args, driver, "driver", "Specify volume driver name",
          .def = "local"),
    O_INT(0, "gid", struct create_args, gid, "gid", "Set the GID of the volume owner"),
    O_BOOL(0, "ignore", struct create_args, ignore, "Don't fail if volume already exists"),
    O_STRV('l', "label", struct create_args, label, "key=value", "Set metadata for a volume"),
    O_STRV('o', "opt", struct create_args, opt, "key=value",
           "Set driver specific options: type, device, o"),
    O_INT(0, "uid", struct create_args, uid, "uid", "Set the UID of the volume owner"),
    { 0 },
};
static const struct opt *const create_tables[] = { create_opts, NULL };
static const char *const create_examples[] = {
    "podman volume create myvol", "podman volume create",
    "podman volume create --label foo=bar myvol",
    "podman volume create --opt type=tmpfs --opt device=tmpfs --opt o=size=2M testvol", NULL
};
static const struct cmd cmd_create_volume = {
    .name = "create",
    .summary = "Create a new volume",
    .usage = "[options] [NAME]",
    .description = "If using the default driver, \"local\", the volume will be created on the host "
                   "in the volumes directory under container storage.",
    .examples = create_examples,
    .max_args = 1,
    .opts = create_tables,
    .args_size = sizeof(struct create_args),
    .run = create_run,
};

/* ---------- ls, inspect ---------- */

struct ls_args {
    char **filter;
    char *format;
    bool noheading, quiet;
};

static int ls_run(struct cmd_ctx *x, void *args)
{
    const struct ls_args *o = args;
    struct engine *e = cmd_engine(x);
    struct volume_list list = { 0 };
    AUTO_JSON *rows = json_array();
    bool json = o->format && cli_format_is_json(o->format);

    if (!e)
        return -EIO;
    if (o->quiet && cmd_given(x, "format"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "quiet and format flags cannot be used together");
    int r = volumes_list(e, x->arena, o->filter, &list, x->err);
    for (size_t i = 0; r == 0 && i < list.n; i++) {
        json_t *row = volumes_document(&list.items[i], json);
        json_object_set_new(row, "VolumeConfigResponse", json_copy(row));
        json_object_set_new(row, "InspectVolumeData", json_copy(row));
        if (json) {
            json_object_del(row, "VolumeConfigResponse");
            json_object_del(row, "InspectVolumeData");
        }
        json_array_append_new(rows, row);
    }
    static const struct cli_header headers[] = { { "Name", "VOLUME NAME" }, { NULL, NULL } };
    const struct cli_list how = {
        .format = o->format,
        .def = o->quiet ? "{{.Name}}" : "table {{.Driver}}\t{{.Name}}",
        .title = "volume ls",
        .headers = headers,
        .no_heading = o->noheading,
    };
    return r < 0 ? r : cli_print_list(rows, &how, x->err);
}

static const struct opt ls_opts[] = {
    O_STRV('f', "filter", struct ls_args, filter, "key=value", "Filter volume output"),
    O_STR(0, "format", struct ls_args, format, "template",
          "Format volume output using Go template"),
    O_BOOL('n', "noheading", struct ls_args, noheading, "Do not print headers"),
    O_BOOL('q', "quiet", struct ls_args, quiet, "Print volume output in quiet mode"),
    { 0 },
};
static const struct opt *const ls_tables[] = { ls_opts, NULL };
static const char *const ls_aliases[] = { "list", NULL };
static const struct cmd cmd_ls = {
    .name = "ls",
    .aliases = ls_aliases,
    .summary = "List volumes",
    .usage = "[options]",
    .description = "Lists all available volumes. The output of the volumes can be filtered and the "
                   "output format can be altered to JSON or a user specified Go template.",
    .max_args = 0,
    .opts = ls_tables,
    .args_size = sizeof(struct ls_args),
    .run = ls_run,
};

struct inspect_args {
    char *format;
    bool all;
};

static int inspect_run(struct cmd_ctx *x, void *args)
{
    const struct inspect_args *o = args;
    struct engine *e = cmd_engine(x);
    struct volume_list list = { 0 };
    AUTO_JSON *rows = json_array();
    bool json = !o->format || cli_format_is_json(o->format);
    int code = 0;

    if (!e)
        return -EIO;
    if (o->all == (x->nargs > 0))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       o->all ? "cannot use --all with volume names"
                              : "provide one or more volume names or use --all");
    int r = o->all ? volumes_list(e, x->arena, NULL, &list, x->err) : 0;
    for (int i = 0; i < x->nargs; i++) {
        struct volume v;
        if (find(x, x->args[i], &v) == 0) {
            *LIST_ADD(x->arena, list) = v;
        } else {
            code = 125;
            print_error(x->err);
        }
    }
    for (size_t i = 0; r == 0 && i < list.n; i++)
        json_array_append_new(rows, volumes_document(&list.items[i], json));
    const struct cli_list how = {
        .format = o->format, .title = "volume inspect", .no_heading = true, .indent = 5
    };
    if (r == 0)
        r = cli_print_list(rows, &how, x->err);
    return r < 0 ? r : code;
}

static const struct opt inspect_opts[] = {
    O_BOOL('a', "all", struct inspect_args, all, "Inspect all volumes"),
    O_STR('f', "format", struct inspect_args, format, "template",
          "Format volume output using Go template"),
    { 0 },
};
static const struct opt *const inspect_tables[] = { inspect_opts, NULL };
static const struct cmd cmd_inspect_volume = {
    .name = "inspect",
    .summary = "Display detailed information on one or more volumes",
    .usage = "[options] VOLUME [VOLUME...]",
    .description =
        "Display detailed information on one or more volumes. Use a Go template to change "
        "the format from JSON.",
    .max_args = -1,
    .complete = COMPLETE_VOLUME,
    .opts = inspect_tables,
    .args_size = sizeof(struct inspect_args),
    .run = inspect_run,
};

/* ---------- exists, rm ---------- */

static int exists_run(struct cmd_ctx *x, void *args)
{
    struct volume v;
    int r = find(x, x->args[0], &v);

    (void)args;
    if (r < 0 && x->err->kind == ERR_NOT_FOUND) {
        err_clear(x->err);
        return 1;
    }
    return r;
}

static const struct cmd cmd_exists = {
    .name = "exists",
    .summary = "Check if volume exists",
    .usage = "VOLUME",
    .description =
        "Tells with its exit code whether a volume is known: 0 when it is, 1 when it is not.",
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_VOLUME,
    .run = exists_run,
};

struct rm_args {
    bool all, force;
    int64_t time;
};

static int rm_one(struct cmd_ctx *x, const struct rm_args *o, const struct volume *v)
{
    int64_t timeout = cmd_given(x, "time") ? o->time : -2;
    int r = volumes_remove(cmd_engine(x), x->arena, v, o->force, timeout, x->err);

    if (r == 0)
        puts(v->config.name);
    return r;
}

static int rm_run(struct cmd_ctx *x, void *args)
{
    const struct rm_args *o = args;
    struct engine *e = cmd_engine(x);
    struct volume_list list = { 0 };
    int code = 0;

    if (!e)
        return -EIO;
    if (o->all == (x->nargs > 0))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       o->all ? "choose either explicit volumes or all"
                              : "choose either explicit volumes or all");
    if (cmd_given(x, "time") && !o->force)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--force option must be specified to use the --time option");
    int r = o->all ? volumes_list(e, x->arena, NULL, &list, x->err) : 0;
    if (r < 0)
        return r;
    for (size_t i = 0; i < list.n + (size_t)x->nargs; i++) {
        struct volume v;
        if (o->all)
            v = list.items[i];
        else
            r = find(x, x->args[i], &v);
        if (r == 0)
            r = rm_one(x, o, &v);
        if (r < 0 && x->err->kind == ERR_NOT_FOUND && o->force) {
            err_clear(x->err);
        } else if (r < 0) {
            int this = x->err->kind == ERR_NOT_FOUND ? 1 : x->err->kind == ERR_IN_USE ? 2 : 125;
            code = MAX(code, this);
            print_error(x->err);
        }
        r = 0;
    }
    return code;
}

static const struct opt rm_opts[] = {
    O_BOOL('a', "all", struct rm_args, all, "Remove all volumes"),
    O_BOOL('f', "force", struct rm_args, force,
           "Remove a volume by force, even if it is being used by a container"),
    O_INT('t', "time", struct rm_args, time, "seconds",
          "Seconds to wait for running containers to stop before killing the container"),
    { 0 },
};
static const struct opt *const rm_tables[] = { rm_opts, NULL };
static const char *const rm_aliases[] = { "remove", NULL };
static const struct cmd cmd_rm_volume = {
    .name = "rm",
    .aliases = rm_aliases,
    .summary = "Remove one or more volumes",
    .usage = "[options] VOLUME [VOLUME...]",
    .description =
        "Remove one or more existing volumes. Will only remove volumes that are not being "
        "used by any containers. To remove the volumes anyways, use the --force flag.",
    .max_args = -1,
    .complete = COMPLETE_VOLUME,
    .opts = rm_tables,
    .args_size = sizeof(struct rm_args),
    .run = rm_run,
};

/* ---------- prune ---------- */

struct prune_args {
    char **filter;
    bool all, dry_run, force;
};

static int prune_run(struct cmd_ctx *x, void *args)
{
    const struct prune_args *o = args;
    struct engine *e = cmd_engine(x);
    char **names = NULL;
    int64_t bytes = 0;

    if (!e)
        return -EIO;
    if (!o->force && !o->dry_run &&
        !cmd_confirmed(o->all ? "WARNING! This will remove all volumes not used by at least one "
                                "container. The following volumes will be removed:"
                              : "WARNING! This will remove all anonymous volumes not used by at "
                                "least one container."))
        return 0;
    int r = volumes_prune(e, x->arena, o->all, o->dry_run, o->filter, &names, &bytes, x->err);
    for (; names && *names; names++)
        puts(*names);
    return r;
}

static const struct opt prune_opts[] = {
    O_BOOL('a', "all", struct prune_args, all, "Remove all unused volumes, named ones too"),
    O_BOOL(0, "dry-run", struct prune_args, dry_run, "Only show what would be removed"),
    O_STRV(0, "filter", struct prune_args, filter, "key=value",
           "Provide filter values (e.g. 'label=<key>=<value>')"),
    O_BOOL('f', "force", struct prune_args, force, "Do not prompt for confirmation"),
    { 0 },
};
static const struct opt *const prune_tables[] = { prune_opts, NULL };
static const struct cmd cmd_prune = {
    .name = "prune",
    .summary = "Remove unused volumes",
    .usage = "[options]",
    .description = "Volumes that are not currently owned by a container will be removed: anonymous "
                   "ones, or with --all those with a name too.",
    .max_args = 0,
    .opts = prune_tables,
    .args_size = sizeof(struct prune_args),
    .run = prune_run,
};

/* ---------- export, import ---------- */

struct export_args {
    char *output;
};

static int export_run(struct cmd_ctx *x, void *args)
{
    const struct export_args *o = args;
    struct volume v;

    if (!o->output && isatty(STDOUT_FILENO))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "refusing to write an archive to a terminal: use --output or redirect");
    int r = find(x, x->args[0], &v);
    if (r < 0)
        return r;
    AUTO_CLOSE int file = o->output
                              ? open(o->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)
                              : -EBADF;
    if (o->output && file < 0)
        return err_sys(x->err, errno, "creating %s", o->output);
    return volumes_export(cmd_engine(x), &v, o->output ? file : STDOUT_FILENO, x->err);
}

static const struct opt export_opts[] = {
    O_STR('o', "output", struct export_args, output, "file",
          "Write to a specified file (default: stdout, which must be redirected)",
          .complete = COMPLETE_FILE),
    { 0 },
};
static const struct opt *const export_tables[] = { export_opts, NULL };
static const struct cmd cmd_export_volume = {
    .name = "export",
    .summary = "Export volumes",
    .usage = "[options] VOLUME",
    .description = "Export the contents of a volume as a tar archive.",
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_VOLUME,
    .opts = export_tables,
    .args_size = sizeof(struct export_args),
    .run = export_run,
};

static int import_run(struct cmd_ctx *x, void *args)
{
    const char *source = x->args[1];
    bool in = STR_EQ(source, "-");
    struct volume v;
    int r = find(x, x->args[0], &v);

    (void)args;
    if (r < 0)
        return r;
    AUTO_CLOSE int file = in ? -EBADF : open(source, O_RDONLY | O_CLOEXEC);
    if (!in && file < 0)
        return err_sys(x->err, errno, "open %s", source);
    return volumes_import(cmd_engine(x), &v, in ? STDIN_FILENO : file, x->err);
}

static const struct cmd cmd_import_volume = {
    .name = "import",
    .summary = "Import a tarball contents into a podman volume",
    .usage = "VOLUME SOURCE",
    .description =
        "Imports contents into a podman volume from specified tarball (.tar, .tar.gz, .tgz, "
        ".bzip, .tar.xz, .txz) or from standard input (-).",
    .min_args = 2,
    .max_args = 2,
    .complete = COMPLETE_VOLUME,
    .run = import_run,
};

/* ---------- mount, unmount, reload ---------- */

/* A volume of the local driver is a directory: it is there. */
static int mount_run(struct cmd_ctx *x, void *args)
{
    struct volume v;
    int r = find(x, x->args[0], &v);

    (void)args;
    if (r == 0 && kv_get(&v.config.options, "device"))
        return err_set(x->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "volume %s is mounted inside containers only, from %s", v.config.name,
                       kv_get(&v.config.options, "device"));
    if (r == 0)
        puts(v.path);
    return r;
}

static const struct cmd cmd_mount_volume = {
    .name = "mount",
    .summary = "Mount volume",
    .usage = "NAME",
    .description = "Prints where the contents of a volume are.",
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_VOLUME,
    .run = mount_run,
};

static int unmount_run(struct cmd_ctx *x, void *args)
{
    struct volume v;
    int r = find(x, x->args[0], &v);

    (void)args;
    if (r == 0)
        puts(v.config.name);
    return r;
}

static const struct cmd cmd_unmount_volume = {
    .name = "unmount",
    .summary = "Unmount volume",
    .usage = "NAME",
    .description = "Takes back what `podman volume mount` did: nothing, for a directory.",
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_VOLUME,
    .run = unmount_run,
};

static const struct cmd *const subs[] = {
    &cmd_create_volume,
    &cmd_exists,
    &cmd_export_volume,
    &cmd_import_volume,
    &cmd_inspect_volume,
    &cmd_ls,
    &cmd_mount_volume,
    &cmd_prune,
    &cmd_rm_volume,
    &cmd_unmount_volume,
    NULL,
};
const struct cmd cmd_volume = {
    .name = "volume",
    .summary = "Manage volumes",
    .description = "Volumes are created in and can be shared between containers",
    .subs = subs,
};
