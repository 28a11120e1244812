/* podman image tree, diff, mount, unmount */
#include "cli/changes.h"
#include "cli/format.h"
#include "cli/images/commands.h"
#include "engine/changes.h"
#include "engine/image_tree.h"
#include "engine/mounts.h"

#include "base/banned.h"

/* ---------- tree ---------- */

struct tree_args {
    bool above;
};

static int tree_run(struct cmd_ctx *x, void *args)
{
    const struct tree_args *o = args;
    AUTO_BUF out = { 0 };
    struct engine *e = cmd_engine(x);
    int r = e ? image_tree(e, x->arena, x->args[0], o->above, &out, x->err) : -EIO;

    if (r == 0)
        fputs(out.data, stdout);
    return r;
}

static const struct opt tree_opts[] = {
    O_BOOL(0, "whatrequires", struct tree_args, above,
           "Show all child images and layers of the specified image"),
    { 0 },
};
static const struct opt *const tree_tables[] = { tree_opts, NULL };
static const char *const tree_examples[] = { "podman image tree alpine:latest", NULL };
const struct cmd cmd_image_tree = {
    .name = "tree",
    .summary = "Print layer hierarchy of an image in a tree format",
    .usage = "[options] IMAGE",
    .description = "Prints layer hierarchy of an image in a tree format",
    .examples = tree_examples,
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_IMAGE,
    .opts = tree_tables,
    .args_size = sizeof(struct tree_args),
    .run = tree_run,
};

/* ---------- diff ---------- */

struct diff_args {
    char *format;
};

static int diff_run(struct cmd_ctx *x, void *args)
{
    const struct diff_args *o = args;
    change_list list = { 0 };
    struct engine *e = cmd_engine(x);
    int r = e ? changes_image(e, x->arena, x->args[0], x->nargs > 1 ? x->args[1] : NULL, &list,
                              x->err)
              : -EIO;

    return r < 0 ? r : cli_print_changes(&list, o->format, x->err);
}

static const struct opt diff_opts[] = {
    O_STR(0, "format", struct diff_args, format, "format", "Change the output format (json)"),
    { 0 },
};
static const struct opt *const diff_tables[] = { diff_opts, NULL };
static const char *const diff_examples[] = { "podman image diff myImage",
                                             "podman image diff redis:old redis:alpine", NULL };
const struct cmd cmd_image_diff = {
    .name = "diff",
    .summary = "Inspect changes to the image's file systems",
    .usage = "[options] IMAGE [IMAGE]",
    .description = "Displays changes to the image's file system. The image is compared with the "
                   "layers below its topmost one, or with the second image.",
    .examples = diff_examples,
    .min_args = 1,
    .max_args = 2,
    .complete = COMPLETE_IMAGE,
    .opts = diff_tables,
    .args_size = sizeof(struct diff_args),
    .run = diff_run,
};

/* ---------- mount, unmount ---------- */

struct mount_args {
    char *format;
    bool all, force;
};

/* The images that are named, or all. */
static int chosen(struct cmd_ctx *x, struct engine *e, bool all, struct image_list *ret)
{
    int r = 0;

    if (all || !x->nargs)
        return images_list(e, x->arena, NULL, ret, x->err);
    ret->items = arena_alloc(x->arena, (size_t)x->nargs * sizeof(*ret->items));
    for (int i = 0; r == 0 && i < x->nargs; i++)
        r = images_find(e, x->arena, x->args[i], &ret->items[ret->n++], x->err);
    return r;
}

static json_t *mount_row(const struct image *img, const char *path)
{
    json_t *row = json_object(), *names = json_array();

    for (char **n = img->names; n && *n; n++)
        json_array_append_new(names, json_string(*n));
    json_object_set_new(row, "id", json_string(img->id));
    json_object_set_new(row, "Repositories", names);
    json_object_set_new(row, "mountpoint", json_string(path));
    return row;
}

static int mount_images(struct cmd_ctx *x, struct engine *e, const struct mount_args *o,
                        json_t *rows)
{
    struct image_list list = { 0 };
    int r = chosen(x, e, o->all, &list);

    for (size_t i = 0; r == 0 && i < list.n; i++) {
        const struct image *img = &list.items[i];
        const char *path = mounts_image_path(e, x->arena, img);
        bool wanted = (o->all || x->nargs) && !image_is_list(img);
        if (wanted)
            r = mounts_image(e, x->arena, img, x->err);
        if (r == 0 && (wanted || mounts_has(path)))
            json_array_append_new(rows, mount_row(img, path));
    }
    return r;
}

static int mount_run(struct cmd_ctx *x, void *args)
{
    const struct mount_args *o = args;
    AUTO_JSON *rows = json_array();

    if (o->all && x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "when using the --all switch, you may not pass any image names or IDs");
    if (o->format && !cli_format_is_json(o->format))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "unknown --format argument: \"%s\"",
                       o->format);
    struct engine *e = cmd_engine(x);
    int r = e ? mount_images(x, e, o, rows) : -EIO;
    if (r < 0)
        return r;
    if (x->nargs == 1 && !o->format) {
        puts(json_string_value(json_object_get(json_array_get(rows, 0), "mountpoint")));
        return 0;
    }
    struct cli_list how = { .format = o->format,
                            .def = "table {{.id}}\t{{.mountpoint}}",
                            .title = "mount",
                            .no_heading = true };
    return cli_print_list(rows, &how, x->err);
}

static const struct opt mount_opts[] = {
    O_BOOL('a', "all", struct mount_args, all, "Mount all images"),
    O_STR(0, "format", struct mount_args, format, "format",
          "Print the mounted images in specified format (json)"),
    { 0 },
};
static const struct opt *const mount_tables[] = { mount_opts, NULL };
static const char *const mount_examples[] = { "podman image mount imgID",
                                              "podman image mount imgID1 imgID2 imgID3",
                                              "podman image mount", "podman image mount --all",
                                              NULL };
const struct cmd cmd_image_mount = {
    .name = "mount",
    .summary = "Mount an image's root filesystem",
    .usage = "[options] [IMAGE...]",
    .description = "Mounts the specified images' root filesystems read-only where the host sees "
                   "them and prints the paths. Without arguments it lists what is mounted. An "
                   "ordinary user has to be in podman unshare.",
    .examples = mount_examples,
    .max_args = -1,
    .complete = COMPLETE_IMAGE,
    .opts = mount_tables,
    .args_size = sizeof(struct mount_args),
    .run = mount_run,
};

static int unmount_one(struct cmd_ctx *x, struct engine *e, const struct image *img, bool quiet)
{
    int r = mounts_remove(mounts_image_path(e, x->arena, img), x->err);

    if (r == 0 && !quiet)
        return err_set(x->err, ERR_STATE, EINVAL, "image %s is not mounted", img->id);
    if (r > 0)
        puts(img->id);
    return MIN(r, 0);
}

static int unmount_run(struct cmd_ctx *x, void *args)
{
    const struct mount_args *o = args;
    struct image_list list = { 0 };
    int code = 0;

    if (!o->all && !x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "image name or ID must be specified");
    if (o->all && x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "when using the --all switch, you may not pass any image names or IDs");
    struct engine *e = cmd_engine(x);
    int r = e ? chosen(x, e, o->all, &list) : -EIO;
    for (size_t i = 0; r == 0 && i < list.n; i++)
        if (unmount_one(x, e, &list.items[i], o->all || o->force) < 0) {
            code = 125;
            images_print_error(x->err);
        }
    return r < 0 ? r : code;
}

static const struct opt unmount_opts[] = {
    O_BOOL('a', "all", struct mount_args, all, "Unmount all of the currently mounted images"),
    O_BOOL('f', "force", struct mount_args, force,
           "Force the unmount of the specified mounted images"),
    { 0 },
};
static const struct opt *const unmount_tables[] = { unmount_opts, NULL };
static const char *const unmount_aliases[] = { "umount", NULL };
static const char *const unmount_examples[] = { "podman image unmount imgID",
                                                "podman image unmount imgID1 imgID2 imgID3",
                                                "podman image unmount --all", NULL };
const struct cmd cmd_image_unmount = {
    .name = "unmount",
    .aliases = unmount_aliases,
    .summary = "Unmount an image's root filesystem",
    .usage = "[options] IMAGE [IMAGE...]",
    .description = "Unmounts the specified images' root filesystems.",
    .examples = unmount_examples,
    .max_args = -1,
    .complete = COMPLETE_IMAGE,
    .opts = unmount_tables,
    .args_size = sizeof(struct mount_args),
    .run = unmount_run,
};
