/* podman build, also as image build, buildx build and builder build */
#include <fcntl.h>

#include "base/fs.h"
#include "cli/images/build_args.h"
#include "spec/image.h"
#include "cli/images/commands.h"

#include "base/banned.h"

static int write_text(struct cmd_ctx *x, const char *path, const char *text)
{
    int r = path ? fs_replace(AT_FDCWD, path, text, strlen(text), 0644, FS_NOSYNC) : 0;

    return r < 0 ? err_sys(x->err, -r, "writing %s", path) : 0;
}

static int write_metadata(struct cmd_ctx *x, const char *path, const struct build_options *b,
                          const struct build_result *res)
{
    AUTO_BUF text = { 0 };
    AUTO_JSON *doc = json_object();

    if (!path)
        return 0;
    json_object_set_new(doc, "containerimage.config.digest", json_sprintf("sha256:%s", res->id));
    json_object_set_new(doc, "containerimage.digest", json_string(res->digest));
    if (b->tags)
        json_object_set_new(doc, "image.name", json_string(res->name ? res->name : b->tags[0]));
    json_text(doc, 2, &text);
    buf_putc(&text, '\n');
    return write_text(x, path, text.data);
}

static int finish(struct cmd_ctx *x, const struct build_args *o, const struct build_options *b,
                  const struct build_result *res)
{
    int r = write_text(x, o->iidfile, arena_printf(x->arena, "sha256:%s", res->id));

    if (r == 0)
        r = write_text(x, o->iidfile_raw, res->id);
    if (r == 0)
        r = write_metadata(x, o->metadata_file, b, res);
    for (size_t i = 0; i < b->outputs.n; i++)
        if (STR_EQ(b->outputs.items[i].dest, "-"))
            return r;
    if (r == 0)
        puts(res->id);
    return r;
}

static int build_command(struct cmd_ctx *x, void *args)
{
    struct build_args *o = args;
    struct build_options b = { 0 };
    struct build_result res;

    if (o->hooks_dir)
        global_args.hooks_dir = o->hooks_dir;
    struct engine *e = cmd_engine(x);
    if (!e)
        return -EIO;
    b.context = x->nargs ? x->args[0] : NULL;
    int r = build_fill(x, o, &b);
    if (r == 0)
        r = build_run(e, x->arena, &b, &res, x->err);
    if (r < 0)
        return r < 0 && x->err->kind == ERR_STATE && res.exit_code ? res.exit_code : r;
    return finish(x, o, &b, &res);
}

static const struct opt *const build_tables[] = { build_opts, build_run_opts, build_later_opts,
                                                  NULL };
static const char *const build_examples[] = {
    "podman build .",
    "podman build --creds=username:password -t imageName -f Containerfile.simple .",
    "podman build --layers --force-rm --tag imageName .",
    NULL,
};
const struct cmd cmd_build = {
    .name = "build",
    .summary = "Build an image using instructions from Containerfiles",
    .usage = "[options] [CONTEXT]",
    .description =
        "Builds an image from the instructions of a Containerfile. The context is a directory, a "
        "git repository, the URL of an archive or of a Containerfile, or - for either of them on "
        "standard input. Without -f, Containerfile or Dockerfile of the context is read.",
    .examples = build_examples,
    .max_args = 1,
    .complete = COMPLETE_DIR,
    .opts = build_tables,
    .args_size = sizeof(struct build_args),
    .run = build_command,
};

/* ---------- buildx ---------- */

struct inspect_args {
    bool bootstrap;
};

/* What Docker's buildx says of a builder: ours is always there. */
static int inspect_run(struct cmd_ctx *x, void *args)
{
    const char *const rows[][2] = {
        { "Name:", "default" },
        { "Endpoint:", "default" },
        { "Status:", "running" },
        { "Buildkit version:", "N/A" },
        { "Platforms:", platform_host_arch() },
    };

    (void)x;
    (void)args;
    printf("Name:   default\nDriver: podman\n\nNodes:\n");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        printf("%-17s %s%s\n", rows[i][0], STR_EQ(rows[i][0], "Platforms:") ? "linux/" : "",
               rows[i][1]);
    puts("Labels: ");
    return 0;
}

static const struct opt inspect_opts[] = {
    O_BOOL(0, "bootstrap", struct inspect_args, bootstrap,
           "Does nothing: there is nothing to be started"),
    { 0 },
};
static const struct opt *const inspect_tables[] = { inspect_opts, NULL };
static const struct cmd buildx_inspect = {
    .name = "inspect",
    .summary = "Show the builder",
    .usage = "[options]",
    .description = "Shows the builder in the words of Docker's buildx inspect.",
    .flags = CMD_NO_ENGINE | CMD_NO_USERNS,
    .opts = inspect_tables,
    .args_size = sizeof(struct inspect_args),
    .run = inspect_run,
};
extern const struct cmd cmd_image_prune, cmd_version;
static const struct cmd buildx_build = { .name = "build", .same_as = &cmd_build };
static const struct cmd buildx_prune = { .name = "prune", .same_as = &cmd_image_prune };
static const struct cmd buildx_version = { .name = "version", .same_as = &cmd_version };
static const struct cmd *const buildx_subs[] = { &buildx_build, &buildx_inspect, &buildx_prune,
                                                 &buildx_version, NULL };
static const char *const buildx_aliases[] = { "builder", NULL };
const struct cmd cmd_buildx = {
    .name = "buildx",
    .aliases = buildx_aliases,
    .summary = "Build images",
    .description = "Build images",
    .flags = CMD_HIDDEN,
    .subs = buildx_subs,
};
