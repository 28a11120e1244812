/* image/mod/repack.h: a blob in another compression, in one pass, and the memory of what became of it. */
#pragma once

#include "image/mod/inflate.h"
#include "spec/image.h"
#include "store/store.h"

/* Reads @fd from its start, decompresses what is compressed, compresses it as @to and gives the result to
 * @sink.  A sink that fails ends it; its value is returned with @err untouched. */
int repack(int fd, enum compression to, int level, byte_sink sink, void *arg,
           struct err *err) MUST_CHECK;

/* What @digest became when it was packed like this: true with digest and size of the result in @ret. */
bool repacked_find(const struct store *s, struct arena *a, const char *digest, enum compression to,
                   int level, struct descriptor *ret);
/* Remembers it; failing to is no failure. */
void repacked_note(const struct store *s, const char *digest, enum compression to, int level,
                   const struct descriptor *result);
