/* podman pull */
#include "base/progress.h"
#include "cli/images/commands.h"
#include "engine/images.h"

#include "base/banned.h"

struct pull_args {
    char *arch, *authfile, *cert_dir, *creds, *os, *platform, *policy, *retry_delay, *variant;
    char *signature_policy;
    char **decryption_key;
    uint64_t retry;
    int tls_verify;
    bool all_tags, quiet, no_trust;
};

/* --platform os/arch[/variant] */
static int apply_platform(struct cmd_ctx *x, struct pull_args *o)
{
    if (!o->platform)
        return 0;
    if (o->arch || o->os)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--platform option can not be specified with --arch or --os");
    char **parts = strv_split(x->arena, o->platform, '/');
    size_t n = strv_len(parts);
    if (n > 3)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "invalid platform syntax for \"%s\" (use OS/ARCH[/VARIANT])", o->platform);
    o->os = parts[0];
    o->arch = n > 1 ? parts[1] : NULL;
    if (n > 2)
        o->variant = parts[2];
    return 0;
}

static int pull_run(struct cmd_ctx *x, void *args)
{
    struct pull_args *o = args;
    struct image_pull_options p = { 0 };
    int r = apply_platform(x, o);

    if (r < 0)
        return r;
    struct engine *e = cmd_engine(x);
    if (!e)
        return -EIO;
    p.retry = o->retry;
    if ((r = images_retry(x, e, o->retry_delay, &p.retry, &p.retry_delay_ns)) < 0)
        return r;
    p.policy = o->policy;
    p.signature_policy = o->signature_policy;
    p.decryption_keys = o->decryption_key;
    p.os = o->os;
    p.arch = o->arch;
    p.variant = o->variant;
    p.authfile = o->authfile;
    p.creds = o->creds;
    p.cert_dir = o->cert_dir;
    p.tls_verify = o->tls_verify;
    p.all_tags = o->all_tags;
    p.quiet = o->quiet;
    p.progress = o->quiet ? NULL : progress_new(STDERR_FILENO);
    int code = 0;
    for (int i = 0; i < x->nargs; i++) {
        char **ids = NULL;
        if (images_pull(e, x->arena, x->args[i], &p, &ids, x->err) < 0) {
            code = err_kind_info(x->err->kind)->exit;
            images_print_error(x->err);
        }
        for (; ids && *ids; ids++)
            puts(*ids);
    }
    progress_free(p.progress);
    return code;
}

static const struct opt pull_opts[] = {
    O_BOOL('a', "all-tags", struct pull_args, all_tags,
           "All tagged images in the repository will be pulled"),
    O_STR(0, "arch", struct pull_args, arch, "ARCH",
          "Use `ARCH` instead of the architecture of the machine for choosing images"),
    O_STR(0, "authfile", struct pull_args, authfile, "path", "Path of the authentication file",
          .flags = OPTF_CREDENTIALS, .complete = COMPLETE_FILE),
    O_STR(0, "cert-dir", struct pull_args, cert_dir, "path",
          "Path to a directory containing TLS certificates and keys", .complete = COMPLETE_DIR),
    O_STR(0, "creds", struct pull_args, creds, "user:password",
          "Credentials to use for authenticating to a registry"),
    O_STRV(0, "decryption-key", struct pull_args, decryption_key, "key",
           "Key needed to decrypt the image (e.g. /path/to/key.pem)", .complete = COMPLETE_FILE),
    O_BOOL(0, "disable-content-trust", struct pull_args, no_trust,
           "This is a Docker specific option and is a NOOP", .flags = OPTF_HIDDEN),
    O_STR(0, "os", struct pull_args, os, "OS",
          "Use `OS` instead of the running OS for choosing images"),
    O_STR(0, "platform", struct pull_args, platform, "OS/ARCH[/VARIANT]",
          "Specify the platform for selecting the image"),
    O_STR(0, "policy", struct pull_args, policy, "policy", "Pull image policy", .def = "always",
          .choices = "always|missing|never|newer"),
    O_BOOL('q', "quiet", struct pull_args, quiet,
           "Suppress output information when pulling images"),
    O_UINT(0, "retry", struct pull_args, retry, "times",
           "Number of times to retry in case of failure when performing pull", .def = "3"),
    O_STR(0, "retry-delay", struct pull_args, retry_delay, "duration",
          "Delay between retries in case of pull failures"),
    O_STR(0, "signature-policy", struct pull_args, signature_policy, "path",
          "Path to a signature-policy file", .flags = OPTF_HIDDEN),
    O_TRI(0, "tls-verify", struct pull_args, tls_verify,
          "Require HTTPS and verify certificates when contacting registries"),
    O_STR(0, "variant", struct pull_args, variant, "VARIANT",
          "Use VARIANT instead of the running architecture variant for choosing images"),
    { 0 },
};
static const struct opt *const pull_tables[] = { pull_opts, NULL };
static const char *const examples[] = { "podman pull imagename", "podman pull fedora:latest",
                                        NULL };
const struct cmd cmd_pull = {
    .name = "pull",
    .summary = "Pull an image from a registry",
    .usage = "[options] IMAGE [IMAGE...]",
    .description =
        "Pulls an image from a registry and stores it locally.  An image can be pulled by "
        "tag or digest. If a tag is not specified, the image with the 'latest' tag is pulled.  "
        "What "
        "one layer may unpack to is limited; the variables PODMAN_MAX_LAYER_BYTES and "
        "PODMAN_MAX_LAYER_ENTRIES of the environment set other limits.",
    .examples = examples,
    .min_args = 1,
    .max_args = -1,
    .complete = COMPLETE_IMAGE,
    .opts = pull_tables,
    .args_size = sizeof(struct pull_args),
    .run = pull_run,
};
