/* image/mod/deflate.h: the counterpart of inflate.h: bytes in, gzip or zstd out.
 *
 * The same bytes, format and level give the same result: a second push finds what the first one sent. */
#pragma once

#include "image/mod/inflate.h"

struct deflate;

/* @format COMP_GZIP, COMP_ZSTD or COMP_NONE (bytes pass as they are).  @level -1: the format's default.
 * NULL with @err set when the level is none of the format's. */
struct deflate *deflate_new(enum compression format, int level, byte_sink sink, void *arg,
                            struct err *err);
struct deflate *deflate_free(struct deflate *z);

/* Return what the sink returned when it failed. */
int deflate_push(struct deflate *z, const void *data, size_t len) MUST_CHECK;
int deflate_end(struct deflate *z) MUST_CHECK;

static inline void deflate_free_p(struct deflate **z)
{
    deflate_free(*z);
}
#define AUTO_DEFLATE CLEANUP(deflate_free_p) struct deflate
