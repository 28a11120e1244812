/* image/mod/copy_tree.h: files between a container and somewhere else. */
#pragma once

#include "image/module.h"

int module_copy(const struct image_copy *c, struct err *err) MUST_CHECK;
