/* image/find.h: the part of looking images up that the rest of image/ shares. */
#pragma once

#include "image/image.h"

/* image_find_named() without following a manifest list to the image for this machine. */
int image_find_row(struct store *s, struct arena *a, const char *name, struct image *ret,
                   char **ret_name, struct err *err) MUST_CHECK;

/* From what a user typed to an image's ID and, when it was found by one, its complete name (else
 * NULL; may be NULL itself).  Errors as image_find(). */
int image_resolve(struct store *s, struct arena *a, const char *name, char **ret_id,
                  char **ret_name, struct err *err) MUST_CHECK;
