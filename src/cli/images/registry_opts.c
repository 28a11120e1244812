#include "cli/images/registry_opts.h"

#include <termios.h>

#include "base/fs.h"
#include "base/progress.h"
#include "cli/images/commands.h"

#include "base/banned.h"

enum { LIMIT_PASSPHRASE = 64 * 1024, LIMIT_TYPED = 1024, CTRL_C = 3 };

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

/* A passphrase is the file's text without the end of its line. */
static int read_passphrase(struct cmd_ctx *x, const char *path, const char **ret)
{
    AUTO_BUF b = { .max = LIMIT_PASSPHRASE };
    int r = fs_read_file(AT_FDCWD, path, &b);

    if (r < 0)
        return err_sys(x->err, -r, "reading the passphrase file %s", path);
    char *s = arena_strndup(x->arena, b.data ? b.data : "", b.len);
    s[strcspn(s, "\r\n")] = '\0';
    *ret = s;
    return 0;
}

/* The passphrase of a key from whoever sits at the terminal; NULL when there is none. */
static int ask_passphrase(struct cmd_ctx *x, const char *key, const char **ret)
{
    char line[LIMIT_TYPED] = "";
    struct termios old, quiet;
    size_t n = 0;

    AUTO_CLOSE int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (tty < 0 || tcgetattr(tty, &old) < 0)
        return 0;
    dprintf(tty, "Passphrase for %s: ", key);
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    tcsetattr(tty, TCSAFLUSH, &quiet);
    while (n < sizeof(line) - 1 && read(tty, line + n, 1) == 1 && line[n] != '\n' &&
           line[n] != CTRL_C)
        n++;
    bool given_up = line[n] == CTRL_C;
    tcsetattr(tty, TCSAFLUSH, &old);
    dprintf(tty, "\n");
    *ret = arena_strndup(x->arena, line, n);
    explicit_bzero(line, sizeof(line));
    return given_up ? err_set(x->err, ERR_BAD_PARAM, ECANCELED, "no passphrase for %s", key) : 0;
}

/* What one signs with.  A parameter file names a key and its passphrase file. */
static int signing(struct cmd_ctx *x, const struct registry_args *o, struct image_push_options *ret)
{
    const char *key = o->sigstore_key, *secret = o->passphrase_file, *passphrase = NULL;
    struct image_sign_params p = { 0 };
    int r = 0;

    if (o->sign_by_sigstore && key)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--sign-by-sigstore and --sign-by-sigstore-private-key cannot be used "
                       "together");
    if (o->sign_by && key)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--sign-by and --sign-by-sigstore-private-key cannot be used together");
    if (o->sign_by_sigstore) {
        r = images_sign_params(x->arena, o->sign_by_sigstore, &p, x->err);
        key = p.key_file;
        secret = p.passphrase_file ? p.passphrase_file : secret;
    }
    if (r == 0 && secret)
        r = read_passphrase(x, secret, &passphrase);
    else if (r == 0 && key)
        r = ask_passphrase(x, key, &passphrase);
    ret->sign_by = o->sign_by;
    ret->sign_passphrase = o->sign_by ? passphrase : NULL;
    ret->sigstore_key = key;
    ret->sigstore_passphrase = key ? passphrase : NULL;
    return r;
}

int registry_push_options(struct cmd_ctx *x, const struct registry_args *o,
                          struct image_push_options *ret)
{
    ret->signature_policy = o->signature_policy;
    ret->authfile = o->authfile;
    ret->creds = o->creds;
    ret->cert_dir = o->cert_dir;
    ret->tls_verify = verify_of(o);
    ret->quiet = o->quiet;
    ret->compression_level = -1;
    int r = signing(x, o, ret);
    if (r == 0)
        r = retries_of(x, o, &ret->retry, &ret->retry_delay_ns);
    if (r == 0 && !o->quiet)
        ret->progress = progress_new(STDERR_FILENO);
    return r;
}

const struct opt registry_opts[] = {
    O_STR(0, "authfile", struct registry_args, authfile, "path",
          "Path of the authentication file. Use REGISTRY_AUTH_FILE environment variable to "
          "override",
          .flags = OPTF_CREDENTIALS, .complete = COMPLETE_FILE),
    O_STR(0, "cert-dir", struct registry_args, cert_dir, "path",
          "Path to a directory containing TLS certificates and keys", .complete = COMPLETE_DIR),
    O_STR(0, "creds", struct registry_args, creds, "user:password",
          "Credentials to use for authenticating to a registry"),
    O_TRI(0, "tls-verify", struct registry_args, tls_verify,
          "Require HTTPS and verify certificates when contacting registries"),
    { 0 },
};

const struct opt registry_insecure_opts[] = {
    O_BOOL(0, "insecure", struct registry_args, insecure, "Purely for Docker compatibility",
           .flags = OPTF_HIDDEN),
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
    O_STR(0, "sign-by", struct registry_args, sign_by, "key",
          "Add a signature at the destination using the specified GPG key"),
    O_STR(0, "sign-by-sigstore", struct registry_args, sign_by_sigstore, "path",
          "Sign the image as a sigstore parameter file at the path says",
          .complete = COMPLETE_FILE),
    O_STR(0, "sign-by-sigstore-private-key", struct registry_args, sigstore_key, "path",
          "Sign the image using a sigstore private key at the path", .complete = COMPLETE_FILE),
    O_STR(0, "sign-by-sq-fingerprint", struct registry_args, unused, "fingerprint",
          "Sign the image using a Sequoia-PGP key with the fingerprint", .flags = OPTF_UNSUPPORTED),
    O_STR(0, "sign-passphrase-file", struct registry_args, passphrase_file, "path",
          "Read a passphrase for signing an image from the file", .complete = COMPLETE_FILE),
    O_STR(0, "signature-policy", struct registry_args, signature_policy, "path",
          "Path to a signature-policy file", .flags = OPTF_HIDDEN),
    { 0 },
};
