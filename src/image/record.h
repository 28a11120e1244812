/* image/record.h: what the module has stored becomes known. */
#pragma once

#include "image/module.h"

/* One durable transaction for all of @images, then the layout's index.json. */
int image_record(struct store *s, const stored_images *images, struct err *err) MUST_CHECK;

/* Holds off the removal of files that no image refers to yet; taken before the module is asked to
 * store something, released (closed) after image_record(). */
int image_hold(struct store *s, struct err *err) MUST_CHECK;

/* Gives an image a complete name, inside the caller's transaction; an image that had it loses it. */
int image_record_name(struct db *db, const char *name, const char *id, const char *digest,
                      struct err *err) MUST_CHECK;
