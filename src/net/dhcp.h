/* net/dhcp.h: the first lease of an interface (spec/dhcp.h); the monitor keeps it from then on. */
#pragma once

#include "net/link.h"
#include "spec/dhcp.h"

/* Asks on the interface @l->interface of namespace @netns, which is up, until somebody answers: ten seconds at most.
 * Filled in @l by the caller: network, interface, mac, id, host_name, broadcast, no_default.  @wanted: family 0, or
 * the address that it has to be.  *ret_fd is the packet socket, for the monitor. */
int dhcp_acquire(struct arena *a, int netns, int ifindex, struct dhcp_lease *l,
                 const struct ip_addr *wanted, int *ret_fd, struct err *err) MUST_CHECK;
