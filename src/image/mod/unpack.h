/* image/mod/unpack.h: one uncompressed tar stream becomes a layer directory. */
#pragma once

#include "image/mod/place.h"
#include "image/mod/ring.h"
#include "spec/digest.h"

struct unpacked {
    char diff_id[DIGEST_MAX];
    int64_t size;   /* bytes of the stream */
    char **implied; /* see place_implied() */
};

/* Reads @in to its end, placing entries below @root (-EBADF: only hash and count).  @diff_id decides
 * the algorithm.  Abandons @in on failure. */
int unpack_stream(struct ring *in, int root, const struct place_options *opt, const char *diff_id,
                  struct arena *a, struct unpacked *ret, struct err *err) MUST_CHECK;
