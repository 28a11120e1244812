/* image/mod/tar_write.h: the simple archives that we make ourselves. */
#pragma once

#include "base/buf.h"
#include "image/mod/tar_read.h"

enum { TAR_BLOCK = 512 };

/* A ustar header; a name over 100 bytes or a size over 8 GiB uses GNU's extensions, for which @out has
 * to hold TAR_HEADER_MAX bytes.  Returns the bytes used. */
enum { TAR_HEADER_MAX = 3 * TAR_BLOCK + 4096 };
size_t tar_header(char *out, const char *name, enum tar_type type, const char *link, unsigned mode,
                  int64_t size, int64_t mtime_seconds);

/* The headers of any entry, in pax format where ustar's fields are too small.  Times are written in whole
 * seconds, as layers have them. */
void tar_put_entry(struct buf *out, const struct tar_entry *e);

/* Zeros after @size bytes of data. */
size_t tar_padding(int64_t size);
