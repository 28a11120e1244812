#include "cli/images/registry_opts.h"

#include "base/progress.h"
#include "cli/images/commands.h"

#include "base/banned.h"

static int retries_of(struct cmd_ctx *x, const struct registry_args *o, uint64_t *retry,
                      int64_t *ret_delay_ns)
{
    struct engine *e = cmd_engine(x);

    *retry = o->retry;
    return e ? images_retry(x, e, o->retry_delay, retry, ret_delay_ns) : -EIO;
}

static int verify_of(const struct registry_args *o)
{
    return o->insecure ? 0 : o->tls_verify;
}

int registry_pull_options(struct cmd_ctx *x, const struct registry_args *o,
                          struct image_pull_options *ret)
{
    ret->policy = "always";
    ret->authfile = o->authfile;
    ret->creds = o->creds;
    ret->cert_dir = o->cert_dir;
    ret->tls_verify = verify_of(o);
    ret->quiet = o->quiet;
    int r = retries_of(x, o, &ret->retry, &ret->retry_delay_ns);
    if (r == 0 && !o->quiet)
        ret->progress = progress_new(STDERR_FILENO);
    return r;
}

int registry_push_options(struct cmd_ctx *x, const struct registry_args *o,
                          struct image_push_options *ret)
{
    ret->authfile = o->authfile;
    ret->creds = o->creds;
    ret->cert_dir = o->cert_dir;
    ret->tls_verify = verify_of(o);
    ret->quiet = o->quiet;
    ret->compression_level = -1;
    int r = retries_of(x, o, &ret->retry, &ret->retry_delay_ns);
    if (r == 0 && !o->quiet)
        ret->progress = progress_new(STDERR_FILENO);
    return r;
}

const struct opt registry_opts[] = {
    O_STR(0, "authfile", struct registry_args, authfile, "path",
          "Path of the authentication file. Use REGISTRY_AUTH_FILE environment variable to "
          "override",
          .complete = COMPLETE_FILE),
    O_STR(0, "cert-dir", struct registry_args, cert_dir, "path",
          "Path to a directory containing TLS certificates and keys", .complete = COMPLETE_DIR),
    O_STR(0, "creds", struct registry_args, creds, "user:password",
          "Credentials to use for authenticating to a registry"),
    O_BOOL(0, "insecure", struct registry_args, insecure, "Purely for Docker compatibility",
           .flags = OPTF_HIDDEN),
    O_TRI(0, "tls-verify", struct registry_args, tls_verify,
          "Require HTTPS and verify certificates when contacting registries"),
    { 0 },
};

const struct opt registry_retry_opts[] = {
    O_BOOL('q', "quiet", struct registry_args, quiet, "Suppress output information"),
    O_UINT(0, "retry", struct registry_args, retry, "times",
           "Number of times to retry in case of failure", .def = "3"),
    O_STR(0, "retry-delay", struct registry_args, retry_delay, "duration",
          "Delay between retries in case of failures"),
    { 0 },
};

const struct opt registry_sign_opts[] = {
    O_STR(0, "sign-by", struct registry_args, unused, "key",
          "Add a signature at the destination using the specified key", .flags = OPTF_UNSUPPORTED),
    O_STR(0, "sign-by-sigstore", struct registry_args, unused, "path",
          "Sign the image using a sigstore parameter file", .flags = OPTF_UNSUPPORTED),
    O_STR(0, "sign-by-sigstore-private-key", struct registry_args, unused, "path",
          "Sign the image using a sigstore private key", .flags = OPTF_UNSUPPORTED),
    O_STR(0, "sign-by-sq-fingerprint", struct registry_args, unused, "fingerprint",
          "Sign the image using a Sequoia-PGP key", .flags = OPTF_UNSUPPORTED),
    O_STR(0, "sign-passphrase-file", struct registry_args, unused, "path",
          "Read a passphrase for signing from a file", .flags = OPTF_UNSUPPORTED),
    O_STR(0, "signature-policy", struct registry_args, unused, "path",
          "Path to a signature-policy file", .flags = OPTF_HIDDEN | OPTF_UNSUPPORTED),
    { 0 },
};
