/* image/mod/commit.h: what changed in a file system becomes a layer, and an image with it on top. */
#pragma once

#include "image/module.h"

int module_layer(const struct store *s, struct arena *a, const struct image_tree *t,
                 struct stored_layer *ret, struct err *err);
int module_commit(const struct store *s, struct arena *a, const struct image_commit_options *o,
                  stored_images *ret, struct err *err);
