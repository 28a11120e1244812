/* spec/digest.h: "sha256:<hex>", the name of content. */
#pragma once

#include "base/util.h"

#define DIGEST_MAX 136 /* "sha512:" and 128 digits, with NUL */

/* Is @s "sha256:" with 64 lower-case hexadecimal digits (or the same for sha512)? */
bool digest_valid(const char *s);
bool digest_hex_valid(const char *s); /* 64 lower-case hexadecimal digits */
/* The part after the colon. */
const char *digest_hex(const char *digest);
