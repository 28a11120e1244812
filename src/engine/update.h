/* engine/update.h: `podman update`: limits, restart policy and environment of a container that exists.
 *
 * Limits and policy are in force at once where it runs, for it is the monitor that applies them; and they are kept for
 * the next start.  Environment and ulimits are those of the next start.  What was not given stays. */
#pragma once

#include "engine/containers.h"

struct container_changes {
    struct container_resources resources; /* zero, NULL, empty: as it was */
    const char *restart;                  /* "on-failure:3" */
    char *const *env, *const *unsetenv;   /* "KEY=value"; "KEY" */
    const struct health_config *health;   /* NULL: as it was; otherwise the whole */
    char *const *ulimits;                 /* "nofile=1:2" */
};

int container_update(struct engine *e, struct arena *a, const struct container *c,
                     const struct container_changes *what, struct err *err) MUST_CHECK;
