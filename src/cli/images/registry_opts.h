/* cli/images/registry_opts.h: the options of everything that talks to a registry.
 *
 * A command's argument struct begins with a struct registry_args, and its list of tables names the
 * tables that it takes. */
#pragma once

#include "cli/cmd.h"
#include "engine/images.h"

struct registry_args {
    char *authfile, *cert_dir, *creds, *retry_delay;
    uint64_t retry;
    int tls_verify;
    bool insecure, quiet;
    char *sign_by, *sign_by_sigstore, *sigstore_key, *passphrase_file;
    char *signature_policy, *unused;
    char **unused_list;
};

extern const struct opt registry_opts[];          /* --authfile --cert-dir --creds --tls-verify */
extern const struct opt registry_insecure_opts[]; /* --insecure, of the manifest commands */
extern const struct opt registry_retry_opts[];    /* --retry --retry-delay --quiet */
extern const struct opt registry_sign_opts[];     /* --sign-by ... */

/* Fill what the options say; .progress is set unless --quiet and is the caller's to free. */
int registry_pull_options(struct cmd_ctx *x, const struct registry_args *o,
                          struct image_pull_options *ret) MUST_CHECK;
int registry_push_options(struct cmd_ctx *x, const struct registry_args *o,
                          struct image_push_options *ret) MUST_CHECK;
