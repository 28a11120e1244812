/* spec/image_change.h: --change of import and commit: one instruction applied to a configuration. */
#pragma once

#include "spec/image.h"

/* "CMD=/bin/sh", "ENV A=b", "ENTRYPOINT [\"a\", \"b\"]"; understood are CMD, ENTRYPOINT, ENV, EXPOSE,
 * LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR. */
int image_change(struct arena *a, struct image_exec *c, const char *text,
                 struct err *err) MUST_CHECK;
