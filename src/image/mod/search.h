/* image/mod/search.h: questions to a registry that are not about one image. */
#pragma once

#include "image/module.h"

int module_login(struct arena *a, const struct image_login *l, struct err *err);
int module_search(struct arena *a, const char *term, const struct image_search_options *o,
                  image_found_list *ret, struct err *err);
