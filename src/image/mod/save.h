/* image/mod/save.h: images into archives and directories. */
#pragma once

#include "image/module.h"

int module_save(const struct store *s, const struct module_save *images, size_t n,
                const struct image_save_options *o, struct err *err);
