/* engine/image_tree.h: what `image tree` prints. */
#pragma once

#include "base/buf.h"
#include "engine/images.h"

/* The layers of an image, lowest first, or with @above what lies on its topmost layer: other images'. */
int image_tree(struct engine *e, struct arena *a, const char *name, bool above, struct buf *out,
               struct err *err) MUST_CHECK;
