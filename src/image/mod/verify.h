/* image/mod/verify.h: are blobs what their digests say, and unpacked layers what their blobs hold? */
#pragma once

#include "image/module.h"

/* Looks at each task on as many threads as there are processors; what is wrong is put into the tasks. */
int module_verify(const struct store *s, struct arena *a, struct verify_task *tasks, size_t n,
                  struct err *err);
