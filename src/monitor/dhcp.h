/* monitor/dhcp.h: keeps what the engine got by DHCP (spec/dhcp.h) for as long as the container is there.
 *
 * Renews with the server at T1, with any at T2; when the lease ends, or is refused, takes address and routes away and
 * asks anew.  What an interface has now stands in <run dir>/dhcp.  Addresses are put on by a netlink socket in the
 * container's namespace; nothing here blocks. */
#pragma once

#include "monitor/network.h"

/* Keeps the lease @text (struct dhcp_lease as JSON) by the packet socket @fd, which it takes over. */
void dhcp_keep(struct network *net, int fd, const char *text);
/* Gives the lease of an interface back; NULL: all of them.  The sources are dead after that. */
void dhcp_end(struct network *net, const char *interface);
