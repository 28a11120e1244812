/* image/mod/hello.h: the built-in image. */
#pragma once

#include "image/module.h"

int module_hello(const struct store *s, struct arena *a, stored_images *ret, struct err *err);
