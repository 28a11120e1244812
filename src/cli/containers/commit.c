/* podman commit, podman export */
#include <fcntl.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli/containers/commands.h"
#include "engine/commit.h"

#include "base/banned.h"

/* ---------- commit ---------- */

struct commit_args {
    char *author, *config, *format, *iidfile, *message;
    char **change;
    bool include_volumes, pause, quiet, squash;
};

static int read_config(struct cmd_ctx *x, const char *path, const char **ret)
{
    AUTO_BUF b = { .max = LIMIT_IMAGE_CONFIG };
    int r = fs_read_file(AT_FDCWD, path, &b);

    if (r < 0)
        return err_sys(x->err, -r, "reading configuration data from %s", path);
    *ret = arena_strdup(x->arena, b.data ? b.data : "");
    return 0;
}

static int commit_run(struct cmd_ctx *x, void *args)
{
    const struct commit_args *o = args;
    struct engine *e = cmd_engine(x);
    struct container_commit_options i = { .author = o->author,
                                          .message = o->message,
                                          .changes = o->change,
                                          .reference = x->nargs > 1 ? x->args[1] : NULL,
                                          .docker = STR_EQ(o->format, "docker"),
                                          .include_volumes = o->include_volumes,
                                          .pause = o->pause,
                                          .squash = o->squash };
    struct container c;
    char *id;

    if (!e)
        return -EIO;
    if (!STR_IN(o->format, "oci", "docker"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "unrecognized image format \"%s\": choose oci or docker", o->format);
    if (o->message && !i.docker)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "messages are only compatible with the docker image format (-f docker)");
    int r = o->config ? read_config(x, o->config, &i.config) : 0;
    if (r == 0)
        r = container_find(e, x->arena, x->args[0], &c, x->err);
    if (r == 0)
        r = container_commit(e, x->arena, &c, &i, &id, x->err);
    if (r == 0 && o->iidfile) {
        r = fs_replace(AT_FDCWD, o->iidfile, id, strlen(id), 0644, FS_NOSYNC);
        if (r < 0)
            r = err_sys(x->err, -r, "failed to write image ID to %s", o->iidfile);
    }
    if (r == 0)
        puts(id);
    return r;
}

static const struct opt commit_opts[] = {
    O_STR('a', "author", struct commit_args, author, "author",
          "Set the author for the image committed"),
    O_STRV('c', "change", struct commit_args, change, "instruction",
           "Apply the following possible instructions to the created image: CMD | ENTRYPOINT | ENV "
           "| EXPOSE | LABEL | ONBUILD | STOPSIGNAL | USER | VOLUME | WORKDIR"),
    O_STR(0, "config", struct commit_args, config, "file",
          "Merge the configuration in this JSON file into that of the image",
          .complete = COMPLETE_FILE),
    O_STR('f', "format", struct commit_args, format, "format",
          "Format of the image manifest and metadata", .def = "oci", .choices = "oci|docker"),
    O_STR(0, "iidfile", struct commit_args, iidfile, "file", "File to write the image ID to",
          .complete = COMPLETE_FILE),
    O_BOOL(0, "include-volumes", struct commit_args, include_volumes,
           "Include container volumes as image volumes"),
    O_STR('m', "message", struct commit_args, message, "message",
          "Set commit message for imported image"),
    O_BOOL('p', "pause", struct commit_args, pause, "Pause container during commit"),
    O_BOOL('q', "quiet", struct commit_args, quiet, "Suppress output"),
    O_BOOL('s', "squash", struct commit_args, squash,
           "Squash newly built layers into a single layer"),
    { 0 },
};
static const struct opt *const commit_tables[] = { commit_opts, NULL };
static const char *const commit_examples[] = {
    "podman commit -q --message \"committing container to image\" reverent_golick "
    "image-committed",
    "podman commit -q --author \"firstName lastName\" reverent_golick image-committed",
    "podman commit containerID", NULL
};
const struct cmd cmd_commit = {
    .name = "commit",
    .summary = "Create new image based on the changed container",
    .usage = "[options] CONTAINER [IMAGE]",
    .description = "Create an image from a container's changes. Optionally tag the image created, "
                   "set the author with the --author flag, set the commit message with the "
                   "--message flag, and make changes to the instructions with the --change flag.",
    .examples = commit_examples,
    .min_args = 1,
    .max_args = 2,
    .complete = COMPLETE_CONTAINER,
    .opts = commit_tables,
    .args_size = sizeof(struct commit_args),
    .run = commit_run,
};

/* ---------- export ---------- */

struct export_args {
    char *output;
};

static int export_run(struct cmd_ctx *x, void *args)
{
    const struct export_args *o = args;
    struct engine *e = cmd_engine(x);
    struct container c;

    if (!e)
        return -EIO;
    if (!o->output && isatty(STDOUT_FILENO))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "refusing to export to terminal. Use -o flag or redirect");
    if (o->output && strchr(o->output, ':'))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "invalid filename (should not contain ':') \"%s\"", o->output);
    int r = container_find(e, x->arena, x->args[0], &c, x->err);
    if (r < 0)
        return r;
    AUTO_CLOSE int file = o->output
                              ? open(o->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)
                              : -EBADF;
    if (o->output && file < 0)
        return err_sys(x->err, errno, "creating %s", o->output);
    return container_export(e, x->arena, &c, o->output ? file : STDOUT_FILENO, x->err);
}

static const struct opt export_opts[] = {
    O_STR('o', "output", struct export_args, output, "file",
          "Write to a specified file (default: stdout, which must be redirected)",
          .complete = COMPLETE_FILE),
    { 0 },
};
static const struct opt *const export_tables[] = { export_opts, NULL };
static const char *const export_examples[] = { "podman export ctrID > myCtr.tar",
                                               "podman export --output=\"myCtr.tar\" ctrID", NULL };
const struct cmd cmd_export = {
    .name = "export",
    .summary = "Export container's filesystem contents as a tar archive",
    .usage = "[options] CONTAINER",
    .description = "Exports container's filesystem contents as a tar archive and saves it on the "
                   "local machine.",
    .examples = export_examples,
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_CONTAINER,
    .opts = export_tables,
    .args_size = sizeof(struct export_args),
    .run = export_run,
};
