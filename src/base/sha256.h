/* base/sha256.h: SHA-256 for what the program itself has to name: keys, configurations, manifests, small files.
 *
 * Streams of layers are hashed in the image module, by OpenSSL.  Here the instructions of the processor are used
 * where it has them. */
#pragma once

#include "base/util.h"

enum { SHA256_BYTES = 32, SHA256_HEX = 65 };

struct sha256 {
    uint32_t h[8];
    uint64_t len;
    unsigned char block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
/* Hexadecimal digits into @out, which is returned. */
const char *sha256_hex(struct sha256 *s, char out[SHA256_HEX]);
