/* image/mod/crypt.h: encrypted layers, as ocicrypt, containerd and skopeo know them.
 *
 * A layer's bytes, whatever their compression, go through AES-256-CTR; its media type then ends in "+encrypted".  The
 * key lies, with the digest of the plain bytes, in a JWE beside it in the manifest, sealed for one or more RSA keys
 * (RSA-OAEP, A256GCM).  Of ocicrypt's protocols only `jwe` is here: the others are refused in words. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

#define CRYPT_SUFFIX "+encrypted"
#define CRYPT_KEYS   "org.opencontainers.image.enc.keys.jwe"
#define CRYPT_PUBLIC "org.opencontainers.image.enc.pubopts"
#define CRYPT_PREFIX "org.opencontainers.image.enc."

enum { CRYPT_KEY = 32, CRYPT_NONCE = 16 };

/* What opens a layer. */
struct crypt_secret {
    unsigned char key[CRYPT_KEY], nonce[CRYPT_NONCE];
    char *digest; /* of the plain bytes */
};

/* Is each of @keys ("jwe:FILE") a public key for layers that are to be sealed? */
int crypt_check_public(char *const *keys, struct err *err) MUST_CHECK;

/* The two annotations of a layer that was encrypted with @s; @hmac is that of the cipher's bytes. */
int crypt_seal(struct arena *a, const struct crypt_secret *s, const unsigned char hmac[32],
               char *const *keys, char **ret_keys, char **ret_public, struct err *err) MUST_CHECK;

/* Opens a layer with one of the private @keys ("FILE[:PASSPHRASE]").  ERR_DENIED when none fits. */
int crypt_open(struct arena *a, char *const *keys, const kv_list *annotations,
               struct crypt_secret *ret, struct err *err) MUST_CHECK;

/* The stream itself: encrypts and decrypts alike, from byte @from on. */
struct crypt_stream;
struct crypt_stream *crypt_stream_new(const struct crypt_secret *s, int64_t from);
struct crypt_stream *crypt_stream_free(struct crypt_stream *c);
/* The HMAC counts what comes out: it is wanted when encrypting only. */
int crypt_stream_run(struct crypt_stream *c, const void *in, void *out, size_t n) MUST_CHECK;
int crypt_stream_hmac(struct crypt_stream *c, unsigned char out[32]) MUST_CHECK;

int crypt_secret_new(struct crypt_secret *ret, struct err *err) MUST_CHECK;
