/* engine/pasta.h: the network of a container without a bridge: --network pasta[:OPTION,...]. */
#pragma once

#include "engine/engine_priv.h"

#define PASTA_DNS                                                                                  \
    "169.254.1.1" /* where names are asked for: pasta passes it on to the host's server */

static inline bool pasta_is_network(const struct container_config *c)
{
    return c->netns && (STR_EQ(c->netns, "pasta") || str_starts(c->netns, "pasta:"));
}

/* The program, NULL when it is not installed. */
char *pasta_path(struct engine *e, struct arena *a);
/* Gives the namespace of process @pid a network.  Returns when it is there. */
int pasta_start(struct engine *e, struct arena *a, const struct container_config *c, pid_t pid,
                struct err *err) MUST_CHECK;
/* The same for the network namespace of process @pid, under the name @name in the run directory of all. */
int pasta_uplink(struct engine *e, struct arena *a, pid_t pid, const char *name,
                 struct err *err) MUST_CHECK;
/* Tells it to leave; nothing happens when none is there. */
void pasta_stop(struct engine *e, const char *id);
