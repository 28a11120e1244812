/* monitor/dhcp_apply.h: addresses and routes of a lease, by netlink. */
#pragma once

#include "monitor/network.h"
#include "spec/dhcp.h"

/* The interface's number in the container's namespace, or -errno. */
int dhcp_interface(const struct network *net, const char *name);
/* Takes away what @old has and @now has not, and puts on what @now has.  Either may be without an address.  What the
 * kernel does not take is left out: the container may have changed its interface itself. */
void dhcp_apply(const struct network *net, int ifindex, const struct dhcp_lease *old,
                const struct dhcp_lease *now);
