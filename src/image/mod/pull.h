/* image/mod/pull.h: images from registries and, by transport, from files. */
#pragma once

#include "image/module.h"

int module_pull(const struct store *s, struct arena *a, const struct module_pull *p,
                stored_images *ret, struct err *err);

/* image_fetch(): a manifest and of its blobs what is asked for. */
int module_fetch(const struct store *s, struct arena *a, const struct module_pull *p,
                 enum image_fetch_what what, struct image_fetched *ret, struct err *err);
