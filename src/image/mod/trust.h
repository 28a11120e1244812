/* image/mod/trust.h: may this image come in?  And: the signatures that let others answer.
 *
 * The policy (config/policy.h) is asked for every image that is pulled, with the digest of the very manifest that is
 * about to be copied.  Where it accepts everything, nothing else is looked at. */
#pragma once

#include "base/arena.h"
#include "config/policy.h"
#include "image/mod/registry.h"

struct trust_image {
    const char *transport;       /* "docker", "oci", "dir", ... */
    const struct image_ref *ref; /* docker: the complete name that was asked for */
    const char *path;            /* the others' */
    const char *digest;          /* of the manifest */
    struct registry *registry; /* docker: where it came from; sigstore's signatures are there too */
};
/* @policy: --signature-policy, or NULL.  ERR_DENIED: "Source image rejected: ...". */
int trust_check(struct arena *a, const char *policy, const struct trust_image *img,
                struct err *err) MUST_CHECK;

/* With what a push signs. */
struct trust_signer {
    const char *gpg_key, *gpg_passphrase;
    const char *sigstore_key, *sigstore_passphrase;
};
/* Stores a GPG signature for @digest under the name @ref, where registries.d says. */
int trust_sign_gpg(struct arena *a, const struct trust_signer *s, const struct image_ref *ref,
                   const char *digest, struct err *err) MUST_CHECK;
