/* image/mod/save_blobs.h: blobs into an archive, decompressed where it wants tars.
 *
 * Decompressing and writing are two threads.  In an archive that is a file every blob's place is known before
 * it is written, so several go at once. */
#pragma once

#include "base/err.h"
#include "base/progress.h"
#include "store/store.h"

struct save_blob {
    const char *digest;
    int fd;       /* borrowed */
    int64_t at;   /* where in it, or -1: where it stands */
    int64_t size; /* of what is written; anything else is a damaged blob */
    bool plain;   /* decompress */
};

int save_blob(const struct store *s, const struct save_blob *b, struct progress *progress,
              struct err *err) MUST_CHECK;

/* All of them; each has a place. */
int save_blobs(const struct store *s, const struct save_blob *b, size_t n,
               struct progress *progress, struct err *err) MUST_CHECK;
