/* image/mod/hash.h: digests of streams. */
#pragma once

#include "base/util.h"
#include "spec/digest.h"

struct hash; /* one running digest */

/* @like is a digest whose algorithm to use, or NULL for sha256. */
struct hash *hash_new(const char *like);
struct hash *hash_free(struct hash *h);
void hash_add(struct hash *h, const void *data, size_t len);
/* "sha256:..." into @out (DIGEST_MAX bytes), which is returned; @h can only be freed after. */
const char *hash_end(struct hash *h, char *out);

/* Of a whole text; returns @out. */
const char *hash_of(const void *data, size_t len, const char *like, char *out);

static inline void hash_free_p(struct hash **h)
{
    hash_free(*h);
}
#define AUTO_HASH CLEANUP(hash_free_p) struct hash
