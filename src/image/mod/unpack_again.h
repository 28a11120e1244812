/* image/mod/unpack_again.h: makes layer directories that somebody deleted anew from their blobs. */
#pragma once

#include "image/module.h"

int module_unpack(const struct store *s, const struct image *img, struct err *err);
