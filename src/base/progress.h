/* base/progress.h: what a transfer says while it runs.
 *
 * On a terminal each transfer has a bar that is redrawn in place; elsewhere it is one line when it
 * begins, as Podman prints it:
 *
 *     Copying blob 4abcf2066143 [=======>--------------] 1.2MB / 3.4MB
 *     Copying blob 4abcf2066143 done   |
 *     Copying blob sha256:4abcf2066143...            (not a terminal)
 *
 * All functions may be called from several threads at once; all take NULL for "nobody watches".  Adding
 * bytes is one atomic addition; whoever adds when a tenth of a second has passed draws, nobody waits
 * for the drawing. */
#pragma once

#include "base/util.h"

struct progress;
struct progress_bar;

/* @fd (usually stderr) stays the caller's. */
struct progress *progress_new(int fd);
/* Draws the last state; bars that were never ended are left as they are. */
struct progress *progress_free(struct progress *p);

/* A line above the bars. */
void progress_line(struct progress *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* @what "Copying blob", @digest "sha256:..." or any name; @total in bytes, 0 when unknown.  The bar
 * belongs to @p. */
struct progress_bar *progress_begin(struct progress *p, const char *what, const char *digest,
                                    int64_t total);
void progress_add(struct progress_bar *b, int64_t bytes);
void progress_reset(struct progress_bar *b, int64_t total); /* begins again: a retry */
/* @how "done", "skipped: already exists", "failed": a literal, it is kept.  @b is gone afterwards. */
void progress_end(struct progress_bar *b, const char *how);
