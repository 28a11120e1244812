/* base/buf.h: a growing byte buffer with a ceiling from birth.
 *
 * Declare as `AUTO_BUF b = { .max = LIMIT_… };` (max 0 means SIZE_MAX: only for what we ourselves
 * generate).  data is always NUL-terminated once something was added and NULL before. */
#pragma once

#include "base/util.h"

struct buf {
    char *data;
    size_t len, cap, max;
};

/* 0, or -EFBIG when the ceiling would be passed (nothing is added then). */
int buf_add(struct buf *b, const void *p, size_t n) MUST_CHECK;

/* For what we generate ourselves: abort instead of an error. */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

void buf_reset(struct buf *b); /* keeps the memory */
void buf_done(struct buf *b);
char *buf_steal(struct buf *b); /* the string, "" when empty; the caller frees; b is empty after */

/* Reads @fd to its end.  0 or -errno; -EFBIG past the ceiling. */
int buf_read_fd(struct buf *b, int fd) MUST_CHECK;

#define AUTO_BUF CLEANUP(buf_done) struct buf
