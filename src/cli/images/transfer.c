/* podman load, save, import */
#include "base/progress.h"
#include "cli/images/commands.h"
#include "engine/images.h"

#include "base/banned.h"

/* ---------- load ---------- */

struct load_args {
    char *input, *signature_policy;
    bool quiet;
};

/* A colon would be taken for the beginning of a name in the archive. */
static bool bad_file_name(struct cmd_ctx *x, const char *path)
{
    return strchr(path, ':') &&
           err_set(x->err, ERR_BAD_PARAM, EINVAL,
                   "invalid filename (should not contain ':') \"%s\"", path) < 0;
}

static int load_run(struct cmd_ctx *x, void *args)
{
    const struct load_args *o = args;
    char **names = NULL;

    if (!o->input && isatty(STDIN_FILENO))
        return err_set(
            x->err, ERR_BAD_PARAM, EINVAL,
            "cannot read from terminal, use command-line redirection or the --input flag");
    if (o->input && !strstr(o->input, "://") && bad_file_name(x, o->input))
        return -EINVAL;
    struct engine *e = cmd_engine(x);
    struct image_load_options l = { .path = o->input,
                                    .fd = STDIN_FILENO,
                                    .signature_policy = o->signature_policy,
                                    .progress = o->quiet ? NULL : progress_new(STDERR_FILENO) };
    int r = e ? images_load(e, x->arena, &l, &names, x->err) : -EIO;
    progress_free(l.progress);
    for (; r == 0 && names && *names; names++)
        printf("Loaded image: %s\n", *names);
    return r;
}

static const struct opt load_opts[] = {
    O_STR('i', "input", struct load_args, input, "file",
          "Load images from specified tar archive file", .complete = COMPLETE_FILE),
    O_BOOL('q', "quiet", struct load_args, quiet, "Suppress the output"),
    O_STR(0, "signature-policy", struct load_args, signature_policy, "path",
          "Path to a signature-policy file", .flags = OPTF_HIDDEN),
    { 0 },
};
static const struct opt *const load_tables[] = { load_opts, NULL };
const struct cmd cmd_load = {
    .name = "load",
    .summary = "Load image(s) from a tar archive",
    .usage = "[options]",
    .description =
        "Loads an image from a locally stored archive (tar file) into container storage.",
    .opts = load_tables,
    .args_size = sizeof(struct load_args),
    .run = load_run,
};

/* ---------- save ---------- */

struct save_args {
    char *format, *output, *signature_policy;
    bool compress, multi, quiet, uncompressed;
};

static int save_run(struct cmd_ctx *x, void *args)
{
    const struct save_args *o = args;
    struct image_save_options s = {
        .format = o->format,
        .output = o->output,
        .signature_policy = o->signature_policy,
        .fd = STDOUT_FILENO,
        .compress = o->compress,
        .multi = o->multi,
    };

    if (o->compress && !STR_EQ(o->format, "docker-dir"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--compress can only be set when --format is 'docker-dir'");
    if (o->output && bad_file_name(x, o->output))
        return -EINVAL;
    if (!o->output && isatty(STDOUT_FILENO))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "refusing to save to terminal. Use -o flag or redirect");
    struct engine *e = cmd_engine(x);
    s.progress = o->quiet ? NULL : progress_new(STDERR_FILENO);
    int r = e ? images_save(e, x->args, &s, x->err) : -EIO;
    progress_free(s.progress);
    return r;
}

static const struct opt save_opts[] = {
    O_BOOL(0, "compress", struct save_args, compress,
           "Compress tarball image layers when saving to a directory using the 'dir' transport"),
    O_STR(0, "format", struct save_args, format, "format",
          "Save image to oci-archive, oci-dir (directory with oci manifest type), docker-archive, "
          "docker-dir (directory with v2s2 manifest type)",
          .def = "docker-archive", .choices = "docker-archive|oci-archive|oci-dir|docker-dir"),
    O_BOOL('m', "multi-image-archive", struct save_args, multi,
           "Interpret additional arguments as images not tags and create a multi-image-archive "
           "(only for docker-archive)"),
    O_STR('o', "output", struct save_args, output, "file",
          "Write to a specified file (default: stdout, which must be redirected)",
          .complete = COMPLETE_FILE),
    O_BOOL('q', "quiet", struct save_args, quiet, "Suppress the output"),
    O_STR(0, "signature-policy", struct save_args, signature_policy, "path",
          "Path to a signature-policy file", .flags = OPTF_HIDDEN),
    O_BOOL(0, "uncompressed", struct save_args, uncompressed,
           "Accept uncompressed layers when copying OCI images"),
    { 0 },
};
static const struct opt *const save_tables[] = { save_opts, NULL };
const struct cmd cmd_save = {
    .name = "save",
    .summary = "Save image(s) to an archive",
    .usage = "[options] IMAGE [IMAGE...]",
    .description = "Save an image to docker-archive or oci-archive on the local machine. Default "
                   "is docker-archive.",
    .min_args = 1,
    .max_args = -1,
    .complete = COMPLETE_IMAGE,
    .opts = save_tables,
    .args_size = sizeof(struct save_args),
    .run = save_run,
};

/* ---------- import ---------- */

struct import_args {
    char *arch, *message, *os, *variant, *signature_policy;
    char **change;
    bool quiet;
};

static int import_run(struct cmd_ctx *x, void *args)
{
    const struct import_args *o = args;
    struct image_import_options i = {
        .path = x->args[0],
        .reference = x->nargs > 1 ? x->args[1] : NULL,
        .message = o->message,
        .os = o->os,
        .arch = o->arch,
        .variant = o->variant,
        .changes = o->change,
        .signature_policy = o->signature_policy,
    };
    char *id = NULL;
    struct engine *e = cmd_engine(x);
    int r = e ? images_import(e, x->arena, &i, &id, x->err) : -EIO;

    if (r == 0)
        puts(id);
    return r;
}

static const struct opt import_opts[] = {
    O_STR(0, "arch", struct import_args, arch, "ARCH",
          "Set the architecture of the imported image"),
    O_STRV('c', "change", struct import_args, change, "instruction",
           "Apply the following possible instructions to the created image: CMD | ENTRYPOINT | ENV "
           "| EXPOSE | LABEL | ONBUILD | STOPSIGNAL | USER | VOLUME | WORKDIR"),
    O_STR('m', "message", struct import_args, message, "message",
          "Set commit message for imported image"),
    O_STR(0, "os", struct import_args, os, "OS", "Set the OS of the imported image"),
    O_BOOL('q', "quiet", struct import_args, quiet, "Suppress output"),
    O_STR(0, "signature-policy", struct import_args, signature_policy, "path",
          "Path to a signature-policy file", .flags = OPTF_HIDDEN),
    O_STR(0, "variant", struct import_args, variant, "VARIANT",
          "Set the variant of the imported image"),
    { 0 },
};
static const struct opt *const import_tables[] = { import_opts, NULL };
const struct cmd cmd_import = {
    .name = "import",
    .summary = "Import a tarball to create a filesystem image",
    .usage = "[options] PATH [REFERENCE]",
    .description =
        "Create a container image from the contents of the specified tarball (.tar, .tar.gz, .tgz, "
        ".bzip, .tar.xz, .txz).",
    .min_args = 1,
    .max_args = 2,
    .complete = COMPLETE_FILE,
    .opts = import_tables,
    .args_size = sizeof(struct import_args),
    .run = import_run,
};
