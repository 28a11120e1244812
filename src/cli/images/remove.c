/* podman rmi, image prune */
#include <ctype.h>

#include "build/build.h"
#include "cli/images/commands.h"
#include "engine/images.h"

#include "base/banned.h"

/* ---------- rmi ---------- */

struct rmi_args {
    bool all, force, ignore, no_prune;
};

static int all_ids(struct cmd_ctx *x, struct engine *e, char ***ret)
{
    struct image_list list = { 0 };
    int r = images_list(e, x->arena, NULL, &list, x->err);

    for (size_t i = 0; r == 0 && i < list.n; i++)
        *ret = strv_add(x->arena, *ret, list.items[i].id);
    return r;
}

/* exitcodes.tsv: 1 no such image, 2 in use, 125 the rest. */
static int exit_code(const struct err *err)
{
    return err->kind == ERR_NOT_FOUND ? 1 : err->kind == ERR_IN_USE ? 2 : 125;
}

/* One as every command tells it, several as a list. */
static void print_errors(char *const *errors)
{
    fflush(stdout);
    if (strv_len(errors) == 1)
        fprintf(stderr, "Error: %s\n", errors[0]);
    else if (errors) {
        fprintf(stderr, "Error: %zu errors occurred:\n", strv_len(errors));
        for (; *errors; errors++)
            fprintf(stderr, "\t* %s\n", *errors);
    }
}

static int rmi_run(struct cmd_ctx *x, void *args)
{
    const struct rmi_args *o = args;
    char **names = x->args, **untagged = NULL, **deleted = NULL, **errors = NULL;
    enum images_force force = o->force ? IMAGES_FORCE : o->all ? IMAGES_ALL_NAMES : IMAGES_GENTLY;
    int code = 0;

    if (o->all && x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "when using the --all switch, you may not pass any images names or IDs");
    if (!o->all && !x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "image name or ID must be specified");
    struct engine *e = cmd_engine(x);
    if (!e)
        return -EIO;
    if (o->all) {
        int r = all_ids(x, e, &names);
        if (r < 0)
            return r;
    }
    for (; names && *names; names++) {
        struct image_removed gone;
        char **also = NULL;
        if (strv_has(deleted, *names)) /* with one that was made from it */
            continue;
        int r = o->no_prune
                    ? images_remove(e, x->arena, *names, force, &gone, x->err)
                    : images_remove_upwards(e, x->arena, *names, force, &gone, &also, x->err);
        if (r < 0) {
            if (x->err->kind == ERR_NOT_FOUND && (o->ignore || o->force)) {
                err_clear(x->err);
                continue;
            }
            code = MAX(code, exit_code(x->err));
            errors = strv_add(x->arena, errors, x->err->msg);
            err_clear(x->err);
            continue;
        }
        untagged = strv_concat(x->arena, untagged, gone.untagged);
        if (gone.deleted)
            deleted = strv_add(x->arena, deleted, gone.deleted);
        deleted = strv_concat(x->arena, deleted, also);
    }
    for (; untagged && *untagged; untagged++)
        printf("Untagged: %s\n", *untagged);
    for (; deleted && *deleted; deleted++)
        printf("Deleted: %s\n", *deleted);
    print_errors(errors);
    return code;
}

static const struct opt rmi_opts[] = {
    O_BOOL('a', "all", struct rmi_args, all, "Remove all images"),
    O_BOOL('f', "force", struct rmi_args, force, "Force Removal of the image"),
    O_BOOL('i', "ignore", struct rmi_args, ignore,
           "Ignore errors if a specified image does not exist"),
    O_BOOL(0, "no-prune", struct rmi_args, no_prune, "Do not remove dangling images"),
    { 0 },
};
static const struct opt *const rmi_tables[] = { rmi_opts, NULL };
static const char *const rmi_examples[] = { "podman rmi imageID", "podman rmi --force alpine",
                                            "podman rmi c4dfb1609ee2 93fd78260bd1 c0ed59d05ff7",
                                            NULL };
const struct cmd cmd_rmi = {
    .name = "rmi",
    .summary = "Remove one or more images from local storage",
    .usage = "[options] IMAGE [IMAGE...]",
    .description = "Removes one or more previously pulled or locally created images.",
    .examples = rmi_examples,
    .max_args = -1,
    .complete = COMPLETE_IMAGE,
    .opts = rmi_tables,
    .args_size = sizeof(struct rmi_args),
    .run = rmi_run,
};

/* ---------- prune ---------- */

struct prune_args {
    char **filter;
    bool all, force, build_cache, external;
};

static bool confirmed(const struct prune_args *o)
{
    return cmd_confirmed("WARNING! This command removes all %s.",
                         o->all ? "images without at least one container associated with them"
                                : "dangling images");
}

static int prune_run(struct cmd_ctx *x, void *args)
{
    const struct prune_args *o = args;
    char **ids = NULL;
    int64_t bytes = 0;

    if (!o->force && !confirmed(o))
        return 0;
    struct engine *e = cmd_engine(x);
    int r = e ? images_prune(e, x->arena, o->all, o->filter, &ids, &bytes, x->err) : -EIO;
    for (; ids && *ids; ids++)
        puts(*ids);
    if (r == 0)
        r = build_cache_sweep(e, x->err);
    if (r == 0 && o->build_cache)
        r = build_cache_prune(e, &bytes, x->err);
    return r;
}

static const struct opt prune_opts[] = {
    O_BOOL('a', "all", struct prune_args, all,
           "Remove all images not in use by containers, not just dangling ones"),
    O_BOOL(0, "build-cache", struct prune_args, build_cache,
           "Remove persistent build cache created by --mount=type=cache"),
    O_BOOL(0, "external", struct prune_args, external,
           "Remove images even when they are used by external containers"),
    O_STRV(0, "filter", struct prune_args, filter, "key=value",
           "Provide filter values (e.g. 'label=<key>=<value>')"),
    O_BOOL('f', "force", struct prune_args, force, "Do not prompt for confirmation"),
    { 0 },
};
static const struct opt *const prune_tables[] = { prune_opts, NULL };
extern const struct cmd cmd_image_prune;
const struct cmd cmd_image_prune = {
    .name = "prune",
    .summary = "Remove unused images",
    .usage = "[options]",
    .description = "Removes dangling or unused images from local storage.",
    .opts = prune_tables,
    .args_size = sizeof(struct prune_args),
    .run = prune_run,
};
