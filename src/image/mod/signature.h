/* image/mod/signature.h: what a signature says, in both formats.
 *
 *   {"critical":{"identity":{"docker-reference":REF},"image":{"docker-manifest-digest":DIGEST},"type":TYPE},
 *    "optional":{...}}
 *
 * signed whole by GPG ("atomic container signature") or by a key of its own (sigstore). */
#pragma once

#include "config/policy.h"

#define SIGNATURE_GPG      "atomic container signature"
#define SIGNATURE_SIGSTORE "cosign container image signature"

/* Bytes of one signature, of one image: more are not looked at. */
enum { SIGNATURE_MAX = 4 << 20, SIGNATURES_MAX = 64 };

/* The text to sign, in @a. */
char *signature_payload(struct arena *a, const char *type, const char *ref, const char *digest);

/* Does this payload speak of @digest, and under a name that stands for @wanted?  An error says what it speaks of. */
int signature_check(struct arena *a, const char *text, size_t len, const char *type,
                    const char *digest, const struct signed_identity *id,
                    const struct image_ref *wanted, struct err *err) MUST_CHECK;
