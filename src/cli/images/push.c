/* podman push */
#include "base/progress.h"
#include "cli/images/commands.h"
#include "cli/images/registry_opts.h"
#include "engine/images.h"

#include "base/banned.h"

struct push_args {
    struct registry_args reg;
    char *compression_format, *digestfile, *format;
    char **encryption_key, **encrypt_layer;
    int64_t compression_level;
    bool compress, force_compression, remove_signatures, no_trust;
};

static int check(struct cmd_ctx *x, const struct push_args *o, const char *destination)
{
    if (o->compress && !str_starts(destination, "dir:"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--compress can be set only when the destination is 'dir:'");
    if (o->compression_level < -1 || o->compression_level > 100)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "invalid compression level: %lld",
                       (long long)o->compression_level);
    if (o->encrypt_layer && !o->encryption_key)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--encrypt-layer can be used only with --encryption-key set");
    return 0;
}

static int push_run(struct cmd_ctx *x, void *args)
{
    struct push_args *o = args;
    const char *destination = x->args[x->nargs - 1];
    struct image_push_options p = { 0 };
    char *digest = NULL;
    int r = check(x, o, destination);

    if (r == 0)
        r = registry_push_options(x, &o->reg, &p);
    p.format = o->format;
    p.compression_format = o->compression_format;
    p.compression_level = (int)o->compression_level;
    /* Who names a compression wants it, also for layers that have another. */
    p.force_compression = cmd_given(x, "force-compression") ? o->force_compression
                                                            : o->compression_format != NULL;
    p.compress = o->compress;
    p.remove_signatures = o->remove_signatures;
    p.encryption_keys = o->encryption_key;
    p.encrypt_layers = o->encrypt_layer;
    struct engine *e = r == 0 ? cmd_engine(x) : NULL;
    if (r == 0)
        r = e ? images_push(e, x->arena, x->args[0], destination, &p, &digest, x->err) : -EIO;
    progress_free(p.progress);
    return r < 0 ? r : cli_write_digest(x, o->digestfile, digest);
}

static const struct opt push_opts[] = {
    O_BOOL(0, "compress", struct push_args, compress,
           "Compress tarball image layers when pushing to a directory using the 'dir' transport"),
    O_STR(0, "compression-format", struct push_args, compression_format, "format",
          "Compression format to use", .choices = "gzip|zstd|zstd:chunked"),
    O_INT(0, "compression-level", struct push_args, compression_level, "level",
          "Compression level to use", .def = "-1"),
    O_STR(0, "digestfile", struct push_args, digestfile, "file",
          "Write the digest of the pushed image to the specified file", .complete = COMPLETE_FILE),
    O_BOOL(0, "disable-content-trust", struct push_args, no_trust,
           "This is a Docker specific option and is a NOOP", .flags = OPTF_HIDDEN),
    O_STRV(0, "encrypt-layer", struct push_args, encrypt_layer, "layer",
           "Layers to encrypt, 0-indexed layer indices with support for negative indexing"),
    O_STRV(0, "encryption-key", struct push_args, encryption_key, "key",
           "Key with the encryption protocol to use to encrypt the image (jwe:/path/to/key.pem)"),
    O_BOOL(0, "force-compression", struct push_args, force_compression,
           "Use the specified compression algorithm even if the image has its layers in another "
           "(default: true when --compression-format is given)"),
    O_STR('f', "format", struct push_args, format, "format",
          "Manifest type (oci, v2s2, or v2s1) to use in the destination (default is the manifest "
          "type of the image)",
          .choices = "oci|v2s2|v2s1"),
    O_BOOL(0, "remove-signatures", struct push_args, remove_signatures,
           "Discard any pre-existing signatures in the image"),
    { 0 },
};
static const struct opt *const push_tables[] = { push_opts, registry_opts, registry_retry_opts,
                                                 registry_sign_opts, NULL };
static const char *const examples[] = {
    "podman push imageID docker://registry.example.com/repository:tag",
    "podman push imageID oci-archive:/path/to/layout:image:tag", NULL
};
const struct cmd cmd_push = {
    .name = "push",
    .summary = "Push an image to a specified destination",
    .usage = "[options] IMAGE [DESTINATION]",
    .description =
        "Pushes a source image to a specified destination.  The destination can be a registry "
        "(docker://, also when no transport is given), a directory (dir:, oci:), an archive "
        "(docker-archive:, oci-archive:) or a Docker daemon (docker-daemon:).",
    .examples = examples,
    .min_args = 1,
    .max_args = 2,
    .complete = COMPLETE_IMAGE,
    .opts = push_tables,
    .args_size = sizeof(struct push_args),
    .run = push_run,
};
