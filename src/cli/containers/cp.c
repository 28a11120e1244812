/* podman cp */
#include "cli/containers/commands.h"
#include "engine/copy.h"

#include "base/banned.h"

struct cp_args {
    bool archive, overwrite, extract, pause;
};

/* "container:path", unless it looks like a path; "-" is a stream. */
static int parse_end(struct cmd_ctx *x, struct engine *e, char *arg, int stream,
                     struct copy_end *ret)
{
    char *colon = strchr(arg, ':');

    ret->fd = -EBADF;
    ret->path = arg;
    if (STR_EQ(arg, "-")) {
        ret->fd = stream;
        return 0;
    }
    if (!colon || arg[0] == '/' || arg[0] == '.')
        return *arg ? 0 : err_set(x->err, ERR_BAD_PARAM, EINVAL, "the path is empty");
    struct container *c = arena_alloc(x->arena, sizeof(*c));
    int r = container_find(e, x->arena, arena_strndup(x->arena, arg, (size_t)(colon - arg)), c,
                           x->err);
    ret->c = c;
    ret->path = colon + 1;
    if (r == 0 && !*ret->path)
        r = err_set(x->err, ERR_BAD_PARAM, EINVAL, "%s: the path in the container is missing", arg);
    return r;
}

static int cp_run(struct cmd_ctx *x, void *args)
{
    const struct cp_args *o = args;
    struct engine *e = cmd_engine(x);
    struct copy_end from = { 0 }, to = { 0 };
    struct copy_options i = { .archive = o->archive, .overwrite = o->overwrite };

    if (!e)
        return -EIO;
    int r = parse_end(x, e, x->args[0], STDIN_FILENO, &from);
    if (r == 0)
        r = parse_end(x, e, x->args[1], STDOUT_FILENO, &to);
    if (r < 0)
        return r;
    if (!from.c && !to.c)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "invalid arguments \"%s\", \"%s\": one of them has to be in a container "
                       "(CONTAINER:PATH)",
                       x->args[0], x->args[1]);
    if (to.fd >= 0 && isatty(to.fd))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "refusing to write an archive to a terminal: redirect standard output");
    return container_copy(e, x->arena, &from, &to, &i, x->err);
}

static const struct opt cp_opts[] = {
    O_BOOL('a', "archive", struct cp_args, archive,
           "Chown copied files to the container's primary uid/gid", .def = "true"),
    O_BOOL(0, "extract", struct cp_args, extract, "Deprecated: the source decides",
           .flags = OPTF_HIDDEN),
    O_BOOL(0, "overwrite", struct cp_args, overwrite,
           "Allow to overwrite directories with non-directories and vice versa"),
    O_BOOL(0, "pause", struct cp_args, pause, "Deprecated: nothing has to stand still",
           .def = "true", .flags = OPTF_HIDDEN),
    { 0 },
};
static const struct opt *const cp_tables[] = { cp_opts, NULL };
static const char *const cp_examples[] = { "podman cp ctrID:/path/on/container /path/on/host",
                                           "podman cp ctrID1:/path/on/container "
                                           "ctrID2:/path/on/container",
                                           "tar -c dir | podman cp - ctrID:/path/on/container",
                                           NULL };
const struct cmd cmd_cp = {
    .name = "cp",
    .summary = "Copy files/folders between a container and the local filesystem",
    .usage = "[options] [CONTAINER:]SRC_PATH [CONTAINER:]DEST_PATH",
    .description =
        "Copy the contents of SRC_PATH to the DEST_PATH. You can copy from the container's file "
        "system to the local machine or the reverse, from the local filesystem to the container. "
        "If \"-\" is specified for either the SRC_PATH or DEST_PATH, you can also stream a tar "
        "archive from STDIN or to STDOUT. The CONTAINER can be a running or stopped container. The "
        "SRC_PATH or DEST_PATH can be a file or directory.",
    .examples = cp_examples,
    .min_args = 2,
    .max_args = 2,
    .complete = COMPLETE_CONTAINER,
    .opts = cp_tables,
    .args_size = sizeof(struct cp_args),
    .run = cp_run,
};
