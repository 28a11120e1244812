#include "image/mod/hash.h"

#include <openssl/evp.h>

#include "base/banned.h"

struct hash {
    EVP_MD_CTX *ctx;
    const char *prefix;
};

struct hash *hash_new(const char *like)
{
    struct hash *h = xcalloc(1, sizeof(*h));
    bool big = like && str_starts(like, "sha512:");

    h->prefix = big ? "sha512:" : "sha256:";
    h->ctx = EVP_MD_CTX_new();
    /* Only a broken libcrypto refuses these, and then no digest can be trusted. */
    if (!h->ctx || !EVP_DigestInit_ex(h->ctx, big ? EVP_sha512() : EVP_sha256(), NULL))
        abort();
    return h;
}

struct hash *hash_free(struct hash *h)
{
    if (h) {
        EVP_MD_CTX_free(h->ctx);
        free(h);
    }
    return NULL;
}

void hash_add(struct hash *h, const void *data, size_t len)
{
    if (!EVP_DigestUpdate(h->ctx, data, len))
        abort();
}

const char *hash_end(struct hash *h, char *out)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (!EVP_DigestFinal_ex(h->ctx, raw, &n))
        abort();
    memcpy(out, h->prefix, 7);
    for (unsigned i = 0; i < n; i++) {
        out[7 + 2 * i] = hex[raw[i] >> 4];
        out[8 + 2 * i] = hex[raw[i] & 15];
    }
    out[7 + 2 * n] = '\0';
    return out;
}

const char *hash_of(const void *data, size_t len, const char *like, char *out)
{
    AUTO_HASH *h = hash_new(like);

    hash_add(h, data, len);
    return hash_end(h, out);
}
