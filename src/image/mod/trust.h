/* image/mod/trust.h: may this image come in?  And: the signatures that let others answer.
 *
 * The policy (config/policy.h) is asked for every image that is pulled, with the digest of the very manifest that is
 * about to be copied.  Where it accepts everything, nothing else is looked at. */
#pragma once

#include "base/arena.h"
#include "config/policy.h"
#include "image/mod/registry.h"
#include "image/module.h"

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

/* The same of what leaves the store, for those who name a policy; NULL: everything may. */
int trust_check_leaving(struct arena *a, const char *policy, struct err *err) MUST_CHECK;

/* With what a push signs. */
struct trust_signer {
    const char *gpg_key, *gpg_passphrase;
    const char *sigstore_key, *sigstore_passphrase;
};
bool trust_signs(const struct trust_signer *s);
/* Signs @digest, which is at @registry, under the name @ref (without its digest): GPG's signature goes where
 * registries.d says, sigstore's beside the image. */
int trust_sign(struct arena *a, const struct trust_signer *s, const struct image_ref *ref,
               const char *digest, struct registry *registry, struct err *err) MUST_CHECK;
/* A GPG signature alone, into @dir (NULL: where registries.d says). */
int trust_sign_gpg(struct arena *a, const struct trust_signer *s, const struct image_ref *ref,
                   const char *digest, const char *dir, struct err *err) MUST_CHECK;

/* What a sigstore signature looks like in the registry. */
#define SIGSTORE_LAYER      "application/vnd.dev.cosign.simplesigning.v1+json"
#define SIGSTORE_ANNOTATION "dev.cosignproject.cosign/signature"
/* "sha256-<hex>.sig", the tag of an image's signatures. */
char *trust_attachment_tag(struct arena *a, const char *digest);

/* trust_commands.c: see image/module.h. */
int module_sign(const struct store *s, struct arena *a, const char *name,
                const struct image_sign_options *o, struct err *err);
int module_sign_params(struct arena *a, const char *path, struct image_sign_params *ret,
                       struct err *err);
int module_key_owners(struct arena *a, const char *path, char ***ret, struct err *err);
int module_signature_store(struct arena *a, const char *scope, char **ret, struct err *err);
