/* podman mount, unmount, diff; container diff */
#include "cli/changes.h"
#include "cli/containers/commands.h"
#include "cli/containers/select.h"
#include "cli/format.h"
#include "engine/mounts.h"

#include "base/banned.h"

/* ---------- mount ---------- */

struct mount_args {
    struct select_args sel;
    char *format;
    bool no_trunc, force;
};

static json_t *mount_row(struct cmd_ctx *x, const struct container *c, const char *path, bool whole)
{
    json_t *row = json_object(), *names = json_array();

    json_array_append_new(names, json_string(c->config.name));
    json_object_set_new(
        row, "id",
        json_string(whole ? c->config.id : arena_printf(x->arena, "%.12s", c->config.id)));
    json_object_set_new(row, "Names", names);
    json_object_set_new(row, "mountpoint", json_string(path));
    return row;
}

/* Without a name: what is mounted already. */
static int list_mounted(struct cmd_ctx *x, struct engine *e, bool whole, json_t *rows)
{
    struct container_list list = { 0 };
    int r = container_list(e, x->arena, &list, x->err);

    for (size_t i = 0; r == 0 && i < list.n; i++) {
        const char *path = mounts_container_path(e, x->arena, &list.items[i]);
        if (mounts_has(path))
            json_array_append_new(rows, mount_row(x, &list.items[i], path, whole));
    }
    return r;
}

static int mount_chosen(struct cmd_ctx *x, struct engine *e, const struct mount_args *o, bool whole,
                        json_t *rows, int *ret_code)
{
    struct target_list list = { 0 };
    int r = select_targets(x, &o->sel, false, &list, ret_code);

    for (size_t i = 0; r == 0 && i < list.n; i++) {
        struct container *c = &list.items[i].c;
        if (mounts_container(e, x->arena, c, x->err) < 0) {
            *ret_code = 125;
            print_error(x->err);
        } else
            json_array_append_new(rows,
                                  mount_row(x, c, mounts_container_path(e, x->arena, c), whole));
    }
    return r;
}

static int mount_run(struct cmd_ctx *x, void *args)
{
    const struct mount_args *o = args;
    AUTO_JSON *rows = json_array();
    int code = 0;

    if (o->format && !cli_format_is_json(o->format))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "unknown --format argument: \"%s\"",
                       o->format);
    bool whole = o->no_trunc || o->format;
    struct engine *e = cmd_engine(x);
    if (!e)
        return -EIO;
    bool any = x->nargs || o->sel.all || o->sel.latest;
    int r = any ? mount_chosen(x, e, o, whole, rows, &code) : list_mounted(x, e, whole, rows);
    if (r < 0)
        return r;
    if (any && !o->format && !o->sel.all && x->nargs <= 1) {
        const char *path = json_string_value(
            json_object_get(json_array_get(rows, 0), "mountpoint"));
        if (path)
            puts(path);
        return code;
    }
    struct cli_list how = { .format = o->format,
                            .def = "table {{.id}}\t{{.mountpoint}}",
                            .title = "mount",
                            .no_heading = true };
    r = cli_print_list(rows, &how, x->err);
    return r < 0 ? r : code;
}

static const struct opt mount_opts[] = {
    O_BOOL('a', "all", struct mount_args, sel.all, "Mount all containers"),
    O_STR(0, "format", struct mount_args, format, "format",
          "Print the mounted containers in specified format (json)"),
    O_BOOL('l', "latest", struct mount_args, sel.latest,
           "Act on the latest container podman is aware of"),
    O_BOOL(0, "no-trunc", struct mount_args, no_trunc, "Do not truncate output"),
    O_BOOL(0, "notruncate", struct mount_args, no_trunc, "Do not truncate output",
           .flags = OPTF_HIDDEN),
    { 0 },
};
static const struct opt *const mount_tables[] = { mount_opts, NULL };
static const char *const mount_examples[] = { "podman mount ctrID",
                                              "podman mount ctrID1 ctrID2 ctrID3", "podman mount",
                                              "podman mount --all", NULL };
const struct cmd cmd_mount = {
    .name = "mount",
    .summary = "Mount a working container's root filesystem",
    .usage = "[options] [CONTAINER...]",
    .description = "Mounts the specified containers' root file systems in a location which can be "
                   "accessed from the host, and prints their locations. Without arguments it lists "
                   "what is mounted. An ordinary user has to be in podman unshare.",
    .examples = mount_examples,
    .max_args = -1,
    .complete = COMPLETE_CONTAINER,
    .opts = mount_tables,
    .args_size = sizeof(struct mount_args),
    .run = mount_run,
};

/* ---------- unmount ---------- */

static int unmount_one(struct cmd_ctx *x, struct target *t, void *arg)
{
    const struct mount_args *o = arg;
    int r = mounts_remove(mounts_container_path(cmd_engine(x), x->arena, &t->c), x->err);

    if (r == 0 && !o->sel.all && !o->force)
        return err_set(x->err, ERR_STATE, EINVAL, "unmounting container %s: layer is not mounted",
                       t->c.config.id);
    if (r > 0)
        puts(t->shown);
    return MIN(r, 0);
}

static int unmount_run(struct cmd_ctx *x, void *args)
{
    const struct mount_args *o = args;
    struct target_list list = { 0 };
    int code = 0, r = select_targets(x, &o->sel, false, &list, &code);

    for (size_t i = 0; r == 0 && i < list.n; i++)
        if (unmount_one(x, &list.items[i], args) < 0) {
            code = 125;
            print_error(x->err);
        }
    return r < 0 ? r : code;
}

static const struct opt unmount_opts[] = {
    O_BOOL('a', "all", struct mount_args, sel.all,
           "Unmount all of the currently mounted containers"),
    O_BOOL('f', "force", struct mount_args, force,
           "Force the complete unmount of the specified mounted containers"),
    O_BOOL('l', "latest", struct mount_args, sel.latest,
           "Act on the latest container podman is aware of"),
    { 0 },
};
static const struct opt *const unmount_tables[] = { unmount_opts, NULL };
static const char *const unmount_aliases[] = { "umount", NULL };
static const char *const unmount_examples[] = { "podman unmount ctrID",
                                                "podman unmount ctrID1 ctrID2 ctrID3",
                                                "podman unmount --all", NULL };
const struct cmd cmd_unmount = {
    .name = "unmount",
    .aliases = unmount_aliases,
    .summary = "Unmount working container's root filesystem",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .description = "Unmounts the specified containers' root file systems.",
    .examples = unmount_examples,
    .max_args = -1,
    .complete = COMPLETE_CONTAINER,
    .opts = unmount_tables,
    .args_size = sizeof(struct mount_args),
    .run = unmount_run,
};

/* ---------- diff ---------- */

struct diff_args {
    char *format;
    bool latest;
};

static int diff_names(struct cmd_ctx *x, const struct diff_args *o, const char **one,
                      const char **two)
{
    struct container c;

    if (o->latest && x->nargs > 0)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--latest and arguments cannot be used together");
    if (!o->latest && (x->nargs < 1 || x->nargs > 2))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "%s requires one or two container names or IDs", x->path);
    *one = x->args[0];
    *two = x->nargs > 1 ? x->args[1] : NULL;
    if (!o->latest)
        return 0;
    int r = container_latest(cmd_engine(x), x->arena, &c, x->err);
    *one = r == 0 ? c.config.id : NULL;
    return r;
}

static int diff_any(struct cmd_ctx *x, const struct diff_args *o, bool only_containers)
{
    const char *one = NULL, *two = NULL;
    change_list list = { 0 };
    struct container c;
    struct engine *e = cmd_engine(x);
    int r = e ? diff_names(x, o, &one, &two) : -EIO;

    if (r == 0 && only_containers)
        r = container_find(e, x->arena, one, &c, x->err);
    if (r == 0 && only_containers && two)
        r = container_find(e, x->arena, two, &c, x->err);
    if (r == 0)
        r = changes_any(e, x->arena, one, two, &list, x->err);
    return r < 0 ? r : cli_print_changes(&list, o->format, x->err);
}

static int diff_run(struct cmd_ctx *x, void *args)
{
    return diff_any(x, args, false);
}

static int container_diff_run(struct cmd_ctx *x, void *args)
{
    return diff_any(x, args, true);
}

static const struct opt diff_opts[] = {
    O_STR(0, "format", struct diff_args, format, "format", "Change the output format (json)"),
    O_BOOL('l', "latest", struct diff_args, latest,
           "Act on the latest container podman is aware of"),
    { 0 },
};
static const struct opt *const diff_tables[] = { diff_opts, NULL };
static const char *const diff_examples[] = { "podman diff imageID", "podman diff ctrID",
                                             "podman diff --format json redis:alpine", NULL };
const struct cmd cmd_diff = {
    .name = "diff",
    .summary = "Display the changes to the object's file system",
    .usage = "[options] {CONTAINER|IMAGE} [{CONTAINER|IMAGE}]",
    .description = "Displays changes to the container or image's file system. A container or image "
                   "is compared with what lies below its topmost layer, or with the second one.",
    .examples = diff_examples,
    .max_args = 2,
    .complete = COMPLETE_CONTAINER,
    .opts = diff_tables,
    .args_size = sizeof(struct diff_args),
    .run = diff_run,
};
static const char *const container_diff_examples[] = {
    "podman container diff myCtr", "podman container diff -l --format json myCtr", NULL
};
const struct cmd cmd_container_diff = {
    .name = "diff",
    .summary = "Inspect changes to the container's file systems",
    .usage = "[options] CONTAINER [CONTAINER]",
    .description = "Displays changes to the container's file system. The container is compared "
                   "with its image, or with the second container.",
    .examples = container_diff_examples,
    .max_args = 2,
    .complete = COMPLETE_CONTAINER,
    .opts = diff_tables,
    .args_size = sizeof(struct diff_args),
    .run = container_diff_run,
};
