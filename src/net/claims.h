/* net/claims.h: which addresses are in use on this host, whatever store they belong to.
 *
 * Two stores (--root) have databases of their own, and bridges, subnets and the firewall's table in common: what the
 * database (net/ipam.h) says of addresses is true for one of them.  So each address is a byte of one file of the host's
 * that is locked as long as the container's monitor lives, by a descriptor that the engine opens and the monitor keeps:
 * whoever wants the address next is refused by the kernel, and nothing has to be cleaned up.  The file is
 * /run/podman/addresses-<network namespace>; where it cannot be written, as in an ordinary user's own network, nobody
 * else is there either, and nothing is claimed.
 *
 * Claims keep addresses apart; they say nothing of who may use a network. */
#pragma once

#include "net/ip.h"

/* A descriptor for claims_take(), or -errno. */
int claims_open(void);
/* Until the last copy of @fd is closed.  0, or -EAGAIN: somebody else has it. */
int claims_take(int fd, const struct ip_addr *ip) MUST_CHECK;
/* Has anybody else @ip, for longer than the tenth of a second that a monitor may take to end? */
bool claims_stays(int fd, const struct ip_addr *ip);
/* Has anybody else an address of @net?  In doubt yes for IPv4, no for IPv6: its addresses are told apart by a digest. */
bool claims_any(int fd, const struct ip_net *net);
/* One of all stores at a time makes the firewall's table.  The descriptor to hold, or -errno. */
int claims_lock_table(void) MUST_CHECK;
