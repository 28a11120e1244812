/* image/mod/variant.h: an image again, with its layers compressed otherwise. */
#pragma once

#include "image/module.h"

/* Of the manifest @digest, whose blobs are here: @ret describes the manifest of the variant, which is @digest
 * itself when all layers are compressed like this already.  New blobs are in the store and named by nobody:
 * the caller holds off removal. */
int module_variant(const struct store *s, struct arena *a, const char *digest, const char *format,
                   int level, struct descriptor *ret, struct err *err);
