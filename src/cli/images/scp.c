/* podman image scp, and what it runs at both ends */
#include "base/progress.h"
#include "cli/images/commands.h"
#include "engine/images.h"
#include "engine/scp.h"

#include "base/banned.h"

struct scp_args {
    char *format;
    bool quiet;
};

static int scp_run_cmd(struct cmd_ctx *x, void *args)
{
    const struct scp_args *o = args;
    const struct scp_options opt = { .format = o->format, .quiet = o->quiet };
    struct scp_end from, to = { .place = SCP_HERE };
    int r = scp_parse(x->arena, x->args[0], &from, x->err);

    if (r == 0 && x->nargs > 1)
        r = scp_parse(x->arena, x->args[1], &to, x->err);
    if (r < 0)
        return r;
    if (x->nargs < 2 && from.place == SCP_HERE)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "no destination specified: where to send the image is said as HOST:: or "
                       "USER@localhost::");
    struct engine *e = cmd_engine(x);
    return e ? scp_run(e, x->arena, &from, &to, &opt, x->err) : -EIO;
}

static const struct opt scp_opts[] = {
    O_STR(
        0, "format", struct scp_args, format, "format",
        "Transfer the image as oci-archive or docker-archive; without it only layers are sent that "
        "the other side lacks, where it can tell",
        .choices = "oci-archive|docker-archive"),
    O_BOOL('q', "quiet", struct scp_args, quiet, "Suppress the output"),
    { 0 },
};
static const struct opt *const scp_tables[] = { scp_opts, NULL };
static const char *const scp_examples[] = {
    "podman image scp myimage:latest otherhost::", "podman image scp otherhost::myimage:latest",
    "podman image scp root@localhost::myimage:latest user@localhost::", NULL
};
const struct cmd cmd_image_scp = {
    .name = "scp",
    .summary = "Securely copy images",
    .usage = "[options] IMAGE [HOST::]",
    .description = "Securely copies an image from one host to another, over ssh, or from one user "
                   "of this host to another.",
    .examples = scp_examples,
    .min_args = 1,
    .max_args = 2,
    .flags = CMD_NO_USERNS,
    .complete = COMPLETE_IMAGE,
    .opts = scp_tables,
    .args_size = sizeof(struct scp_args),
    .run = scp_run_cmd,
};

/* ---------- at the ends ---------- */

static int send_image(struct cmd_ctx *x, struct engine *e, char *const *words)
{
    bool quiet = STR_EQ(words[0], "quiet");
    char *names[] = { words[1], NULL };
    struct image_save_options s = {
        .format = "oci-archive",
        .fd = STDOUT_FILENO,
        .skip = words + 2,
        .progress = quiet ? NULL : progress_new(STDERR_FILENO),
    };
    int r = images_save(e, names, &s, x->err);

    progress_free(s.progress);
    return r;
}

static int far_run(struct cmd_ctx *x, void *args)
{
    char **blobs = NULL;
    struct engine *e = cmd_engine(x);
    int r = e ? 0 : -EIO;

    (void)args;
    if (r == 0 && STR_EQ(x->args[0], "have")) {
        for (int i = 1; i < x->nargs; i++)
            if (scp_has_blob(e, x->args[i]))
                puts(x->args[i]);
        return 0;
    }
    if (r == 0 && STR_EQ(x->args[0], "blobs") && x->nargs == 2) {
        r = scp_blobs(e, x->arena, x->args[1], &blobs, x->err);
        for (; r == 0 && blobs && *blobs; blobs++)
            puts(*blobs);
        return r;
    }
    if (r == 0 && STR_EQ(x->args[0], "send") && x->nargs >= 3)
        return send_image(x, e, x->args + 1);
    return r < 0 ? r : err_set(x->err, ERR_BAD_PARAM, EINVAL, "%s: unknown words", x->path);
}

const struct cmd cmd_hidden_scp = {
    .name = "__scp",
    .summary = "The two ends of image scp",
    .usage = "have DIGEST... | blobs IMAGE | send quiet|loud IMAGE [DIGEST...]",
    .min_args = 1,
    .max_args = -1,
    .flags = CMD_HIDDEN,
    .run = far_run,
};
