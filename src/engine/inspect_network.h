/* engine/inspect_network.h: NetworkSettings of `podman inspect`. */
#pragma once

#include "engine/network.h"
#include "spec/inspect_container.h"

/* Fills o->network_settings but for its documents; returns that of .Networks, a new reference or NULL. */
json_t *inspect_network(struct engine *e, struct arena *a, const struct container *c,
                        struct inspect_container *o);
