/* image/mod/import.h: a tarball of a root file system becomes an image of one layer. */
#pragma once

#include "image/module.h"

int module_import(const struct store *s, struct arena *a, const struct image_import_options *o,
                  stored_images *ret, struct err *err);
