/* engine/rootless_net.h: the network namespace in which an ordinary user's bridges are.
 *
 * It stands beside the user namespace (engine/rootless.h), one for each run directory, made when the first
 * container needs a bridge, kept by a holder of its own, and connected to the outside by pasta:
 *
 *     <runroot>/netns           "<pid> <start time>" of the holder; both it and pasta leave with these files
 *     <runroot>/netns-uplink    pasta's
 *
 * Published ports do not pass through it: the monitor, who lives on the host's network, passes them on. */
#pragma once

#include "engine/engine_priv.h"

/* The namespace's descriptor; -ENOENT (no error set) when there is none and it is not to be made. */
int rootless_netns(struct engine *e, bool make, struct err *err) MUST_CHECK;

/* For root nothing happens.  Otherwise this process is on that network until network_leave(*ret_own).  1 when
 * there is no such network, and it was not to be made. */
int network_enter(struct engine *e, bool make, int *ret_own, struct err *err) MUST_CHECK;
void network_leave(int own);
