/* image/gc.h: files that no image needs any more.
 *
 * Removing an image takes its rows away and lists its files as garbage, in one transaction.  The files
 * go afterwards, under a lock that anything which stores images holds shared: while such a transfer
 * runs they stay listed, and whoever removes or prunes next takes them.  So does a process that is
 * killed in between. */
#pragma once

#include "base/json.h"
#include "store/store.h"

/* Takes the image's rows away, inside the caller's transaction. */
int gc_forget_image(struct db *db, const char *id, struct err *err) MUST_CHECK;

/* Removes what is listed, unless a transfer runs. */
int gc_collect(struct store *s, struct err *err) MUST_CHECK;

/* Also looks for files that were never listed: of transfers that were killed.  @ret_bytes may be NULL. */
int gc_sweep(struct store *s, int64_t *ret_bytes, struct err *err) MUST_CHECK;
