/* image/mod/gpg.h: OpenPGP signatures through gpgme, which is loaded when the first one is met. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* Verifies the signed message @sig with the keys in the files @paths and the base64 texts @datas, and only with
 * these; what was signed into @payload.  ERR_DENIED when no key of them made it. */
int gpg_verify(char *const *paths, char *const *datas, const void *sig, size_t len,
               struct buf *payload, struct err *err) MUST_CHECK;

/* Signs with the caller's own secret key @key (a fingerprint, an e-mail address, ...).  @passphrase: NULL lets
 * the agent ask. */
int gpg_sign(const char *key, const char *passphrase, const void *text, size_t len, struct buf *out,
             struct err *err) MUST_CHECK;

/* "who@example.org" or the key IDs of the public keys in a file, for `image trust show`. */
int gpg_identities(const char *path, struct arena *a, char ***ret, struct err *err) MUST_CHECK;
