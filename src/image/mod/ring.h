/* image/mod/ring.h: a bounded pipe of bytes between two threads of one process.
 *
 * One writer, one reader.  The reader looks at bytes in place (ring_peek) and releases them
 * (ring_advance), so nothing is copied on its side. */
#pragma once

#include "base/util.h"

struct ring;

struct ring *ring_new(size_t size);
struct ring *ring_free(struct ring *r); /* both sides must be done */

/* Blocks while the ring is full.  0, or -EPIPE when the reader has gone. */
int ring_write(struct ring *r, const void *data, size_t len) MUST_CHECK;
/* No more bytes follow.  @error (negative errno, or 0) is what ring_peek() then returns at the end. */
void ring_close(struct ring *r, int error);

/* Waits for bytes: a run of at least one in @p and @n, or 0 in @n at the end.  0 or the error with
 * which the writer closed. */
int ring_peek(struct ring *r, const char **p, size_t *n) MUST_CHECK;
void ring_advance(struct ring *r, size_t n);
/* The reader takes no more: writes fail from now on. */
void ring_abandon(struct ring *r);
