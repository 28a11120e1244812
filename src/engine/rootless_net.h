/* engine/rootless_net.h: the network namespace in which an ordinary user's bridges are.
 *
 * It stands beside the user namespace (engine/rootless.h), one for each run directory, made when the first
 * container needs a bridge, kept by a holder of its own, and connected to the outside by pasta:
 *
 *     <runroot>/netns           "<pid> <start time>" of the holder; both it and pasta leave with these files
 *     <runroot>/uplink/netns    pasta's
 *
 * Published ports do not pass through it: the monitor, who lives on the host's network, passes them on. */
#pragma once

#include "engine/engine_priv.h"
#include "net/setup.h"

/* The namespace's descriptor; -ENOENT (no error set) when there is none and it is not to be made. */
int rootless_netns(struct engine *e, bool make, struct err *err) MUST_CHECK;

/* One step on that network.  The fields are whatever @fn needs. */
struct net_op {
    int (*fn)(const struct net_op *op);
    struct engine *e;
    const struct net_env *env;
    struct arena *a;
    struct net_plan *plan;
    const struct network_state *st;
    const struct network_attachment *at;
    const struct network *net;
    const char *id;
    int netns; /* the container's */
    struct err *err;
};

/* Calls op->fn and returns what it says: for root here, for an ordinary user on the network of his bridges, in a child
 * that shares our memory (nobody lets us come back to the host's network).  1 when there is none and it is
 * not to be made: nothing was called. */
int network_do(const struct net_op *op, bool make) MUST_CHECK;
