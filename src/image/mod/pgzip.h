/* image/mod/pgzip.h: one gzip stream compressed by several threads.
 *
 * The input is cut into pieces of one size.  Each is compressed by itself, knowing the last 32 KB before it, and
 * ends at a byte; put together they are one ordinary member.  The result depends on bytes and level only, not on the
 * number of threads. */
#pragma once

#include "image/mod/inflate.h"

struct pgzip;

/* @level 1 to 3: ISA-L's; otherwise zlib's.  Must be valid.  NULL with @err set on failure. */
struct pgzip *pgzip_new(int level, byte_sink sink, void *arg, struct err *err);
struct pgzip *pgzip_free(struct pgzip *z);

/* The sink is called by the calling thread; what it returns when it fails is returned. */
int pgzip_push(struct pgzip *z, const void *data, size_t len) MUST_CHECK;
int pgzip_end(struct pgzip *z) MUST_CHECK;
