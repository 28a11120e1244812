/* podman push */
#include "base/fs.h"
#include "base/progress.h"
#include "cli/images/commands.h"
#include "engine/images.h"

#include "base/banned.h"

struct push_args {
    char *authfile, *cert_dir, *compression_format, *creds, *digestfile, *format, *retry_delay;
    char *unused;
    char **unused_list;
    int64_t compression_level;
    uint64_t retry;
    int tls_verify;
    bool compress, force_compression, quiet, remove_signatures, no_trust;
};

static int check(struct cmd_ctx *x, const struct push_args *o, const char *destination)
{
    if (o->compress && !str_starts(destination, "dir:"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--compress can be set only when the destination is 'dir:'");
    if (o->compression_level < -1 || o->compression_level > 100)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "invalid compression level: %lld",
                       (long long)o->compression_level);
    return 0;
}

static int write_digest(struct cmd_ctx *x, const char *path, const char *digest)
{
    int r = fs_replace(AT_FDCWD, path, digest, strlen(digest), 0644, FS_NOSYNC);

    return r < 0 ? err_sys(x->err, -r, "writing the digest to %s", path) : 0;
}

static int push_run(struct cmd_ctx *x, void *args)
{
    struct push_args *o = args;
    const char *destination = x->args[x->nargs - 1];
    struct image_push_options p = {
        .format = o->format,
        .compression_format = o->compression_format,
        .compression_level = (int)o->compression_level,
        /* Who names a compression wants it, also for layers that have another. */
        .force_compression = cmd_given(x, "force-compression") ? o->force_compression
                                                               : o->compression_format != NULL,
        .compress = o->compress,
        .remove_signatures = o->remove_signatures,
        .quiet = o->quiet,
        .authfile = o->authfile,
        .creds = o->creds,
        .cert_dir = o->cert_dir,
        .tls_verify = o->tls_verify,
        .retry = o->retry,
    };
    char *digest = NULL;
    int r = check(x, o, destination);

    if (r < 0)
        return r;
    struct engine *e = cmd_engine(x);
    if (!e)
        return -EIO;
    if ((r = images_retry(x, e, o->retry_delay, &p.retry, &p.retry_delay_ns)) < 0)
        return r;
    p.progress = o->quiet ? NULL : progress_new(STDERR_FILENO);
    r = images_push(e, x->arena, x->args[0], destination, &p, &digest, x->err);
    progress_free(p.progress);
    return r == 0 && o->digestfile ? write_digest(x, o->digestfile, digest) : r;
}

static const struct opt push_opts[] = {
    O_STR(0, "authfile", struct push_args, authfile, "path", "Path of the authentication file",
          .complete = COMPLETE_FILE),
    O_STR(0, "cert-dir", struct push_args, cert_dir, "path",
          "Path to a directory containing TLS certificates and keys", .complete = COMPLETE_DIR),
    O_BOOL(0, "compress", struct push_args, compress,
           "Compress tarball image layers when pushing to a directory using the 'dir' transport"),
    O_STR(0, "compression-format", struct push_args, compression_format, "format",
          "Compression format to use", .choices = "gzip|zstd|zstd:chunked"),
    O_INT(0, "compression-level", struct push_args, compression_level, "level",
          "Compression level to use", .def = "-1"),
    O_STR(0, "creds", struct push_args, creds, "[username[:password]]",
          "Credentials to use for authenticating to a registry"),
    O_STR(0, "digestfile", struct push_args, digestfile, "file",
          "Write the digest of the pushed image to the specified file", .complete = COMPLETE_FILE),
    O_BOOL(0, "disable-content-trust", struct push_args, no_trust,
           "This is a Docker specific option and is a NOOP", .flags = OPTF_HIDDEN),
    O_STRV(0, "encrypt-layer", struct push_args, unused_list, "layer",
           "Layers to encrypt, 0-indexed layer indices with support for negative indexing",
           .flags = OPTF_UNSUPPORTED),
    O_STRV(0, "encryption-key", struct push_args, unused_list, "key",
           "Key with the encryption protocol to use to encrypt the image",
           .flags = OPTF_UNSUPPORTED),
    O_BOOL(0, "force-compression", struct push_args, force_compression,
           "Use the specified compression algorithm even if the image has its layers in another "
           "(default: true when --compression-format is given)"),
    O_STR('f', "format", struct push_args, format, "format",
          "Manifest type (oci, v2s2, or v2s1) to use in the destination (default is the manifest "
          "type of the image)",
          .choices = "oci|v2s2|v2s1"),
    O_BOOL('q', "quiet", struct push_args, quiet,
           "Suppress output information when pushing images"),
    O_BOOL(0, "remove-signatures", struct push_args, remove_signatures,
           "Discard any pre-existing signatures in the image"),
    O_UINT(0, "retry", struct push_args, retry, "times",
           "Number of times to retry in case of failure when performing push"),
    O_STR(0, "retry-delay", struct push_args, retry_delay, "duration",
          "Delay between retries in case of push failures"),
    O_STR(0, "sign-by", struct push_args, unused, "key",
          "Add a signature at the destination using the specified key", .flags = OPTF_UNSUPPORTED),
    O_STR(0, "sign-by-sigstore", struct push_args, unused, "path",
          "Sign the image using a sigstore parameter file at the path", .flags = OPTF_UNSUPPORTED),
    O_STR(0, "sign-by-sigstore-private-key", struct push_args, unused, "path",
          "Sign the image using a sigstore private key at the path", .flags = OPTF_UNSUPPORTED),
    O_STR(0, "sign-by-sq-fingerprint", struct push_args, unused, "fingerprint",
          "Sign the image using a Sequoia-PGP key with the fingerprint", .flags = OPTF_UNSUPPORTED),
    O_STR(0, "sign-passphrase-file", struct push_args, unused, "path",
          "Read a passphrase for signing an image from the file", .flags = OPTF_UNSUPPORTED),
    O_STR(0, "signature-policy", struct push_args, unused, "path",
          "Path to a signature-policy file", .flags = OPTF_HIDDEN | OPTF_UNSUPPORTED),
    O_TRI(0, "tls-verify", struct push_args, tls_verify,
          "Require HTTPS and verify certificates when contacting registries"),
    { 0 },
};
static const struct opt *const push_tables[] = { push_opts, NULL };
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
