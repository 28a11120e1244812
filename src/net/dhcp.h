/* net/dhcp.h: the first lease of an interface (spec/dhcp.h); the monitor keeps it from then on. */
#pragma once

#include "net/link.h"
#include "spec/dhcp.h"

/* The hardware address of a container on a network, the same at every start: the server knows it again.  Both are
 * IDs in hex. */
void dhcp_mac_of(const char *container, const char *network, uint8_t ret[6]);
/* Fills mac, id and broadcast.  @shared: other interfaces have that hardware address too, as on an ipvlan; then the
 * container's ID tells them apart, and until it has an address nothing but a broadcast reaches it. */
void dhcp_name_client(struct arena *a, struct dhcp_lease *l, const uint8_t mac[6], bool shared,
                      const char *container, const char *network);

/* Asks on the interface @l->interface of namespace @netns, which is up, until somebody answers: ten seconds at most.
 * Filled in @l by the caller: network, interface, mac, id, host_name, broadcast, no_default.  @wanted: family 0, or
 * the address that it has to be.  *ret_fd is the packet socket, for the monitor. */
int dhcp_acquire(struct arena *a, int netns, int ifindex, struct dhcp_lease *l,
                 const struct ip_addr *wanted, int *ret_fd, struct err *err) MUST_CHECK;
/* The same for DHCPv6: fills six, mac, id and iaid; the interface's link-local address is there, or will be. */
void dhcp6_name_client(struct arena *a, struct dhcp_lease *l, const uint8_t mac[6],
                       const char *container, const char *network);
int dhcp6_acquire(struct arena *a, int netns, int ifindex, struct dhcp_lease *l,
                  const struct ip_addr *wanted, int *ret_fd, struct err *err) MUST_CHECK;
