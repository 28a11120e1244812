/* image/mod/archive.h: the files of an image archive, a tar or a directory, read in any order.
 *
 * A tar that is compressed or comes through a pipe is first spooled, decompressed, to a nameless file
 * in the store.  Several threads may fetch at once. */
#pragma once

#include "base/buf.h"
#include "image/mod/inflate.h"
#include "store/store.h"

struct archive;

/* @path, or @fd when @path is NULL (borrowed).  NULL with @err set on failure. */
struct archive *archive_open(const struct store *s, const char *path, int fd, struct err *err);
struct archive *archive_free(struct archive *ar);

bool archive_is_dir(const struct archive *ar);
bool archive_has(struct archive *ar, const char *name);
/* The size of a regular file, links inside the archive followed; -ENOENT with @err set. */
int archive_size(struct archive *ar, const char *name, int64_t *ret, struct err *err) MUST_CHECK;
/* A whole small file; @out's ceiling applies. */
int archive_read(struct archive *ar, const char *name, struct buf *out, struct err *err) MUST_CHECK;
/* Bytes from @from on; a sink that fails ends it with its value. */
int archive_fetch(struct archive *ar, const char *name, int64_t from, byte_sink sink, void *arg,
                  struct err *err) MUST_CHECK;

static inline void archive_free_p(struct archive **ar)
{
    archive_free(*ar);
}
#define AUTO_ARCHIVE CLEANUP(archive_free_p) struct archive
