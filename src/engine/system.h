/* engine/system.h: what is known of the host and the store, and the big broom. */
#pragma once

#include "base/json.h"
#include "engine/engine.h"

/* `podman info`'s document (spec/system_info.h), a new reference; NULL with @err set. */
json_t *system_info(struct engine *e, struct arena *a, struct err *err);

/* Removes every container, image, volume and the storage itself.  What stands in the way is reported
 * in *ret_problems and passed over. */
int system_reset(struct engine *e, struct arena *a, char ***ret_problems,
                 struct err *err) MUST_CHECK;
