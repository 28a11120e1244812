/* image/mod/sigstore.h: signatures with a key of one's own, as sigstore makes them: ECDSA over SHA-256, the public
 * key a PEM file, the private one a PEM file of cosign's (scrypt, then NaCl's secretbox). */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* @sig: base64.  ERR_DENIED when none of the keys made it. */
int sigstore_verify(char *const *paths, char *const *datas, const void *payload, size_t len,
                    const char *sig, struct err *err) MUST_CHECK;

/* The signature of @text in base64. */
int sigstore_sign(const char *key_file, const char *passphrase, const void *text, size_t len,
                  struct arena *a, char **ret, struct err *err) MUST_CHECK;
