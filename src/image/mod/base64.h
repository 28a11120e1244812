/* image/mod/base64.h: base64 as keys and signatures are written in. */
#pragma once

#include "base/arena.h"

/* The number of bytes, or -EINVAL when @s is no base64 or does not fit. */
int base64_decode(const char *s, unsigned char *out, size_t size) MUST_CHECK;
char *base64_encode(struct arena *a, const unsigned char *data, size_t len);
