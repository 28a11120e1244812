/* image/mod/ceiling.h: how much one layer may unpack to.
 *
 * LIMIT_LAYER_BYTES and LIMIT_TAR_ENTRIES (base/limits.h), unless the environment says otherwise:
 * PODMAN_MAX_LAYER_BYTES ("20g") and PODMAN_MAX_LAYER_ENTRIES. */
#pragma once

#include "base/err.h"

int64_t ceiling_bytes(void);
int64_t ceiling_entries(void);

/* The errors of who comes to them. */
int ceiling_bytes_passed(struct err *err);
int ceiling_entries_passed(struct err *err);
