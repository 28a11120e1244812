/* net/firewalld.h: firewalld, where it runs, has to be told that our subnets are to be trusted: its own table refuses
 * what it does not know, and no rule of ours can overrule that.
 *
 * It is there when its table `inet firewalld` is: asking the kernel costs a few microseconds, where asking on the D-Bus
 * would cost every start a connection.  (With firewalld's old iptables backend we do not see it.)  Then the subnets of
 * a network go as sources to the zone `trusted`, as Podman's do, when its first container comes, and are taken out again
 * when its last has gone.  What was told stands in <run directory>/firewalld/<network>; a reload or restart of firewalld
 * forgets it, which the monitors see by the new table (monitor/repair.h). */
#pragma once

#include "net/netlink.h"
#include "net/setup.h"

/* @nl is a netfilter socket. */
bool firewalld_present(struct nl *nl);
/* Makes sure that the subnets of these bridges are trusted.  @again: what was told may have been forgotten.  A failure is
 * a warning: the container runs, and its network perhaps. */
void firewalld_trust(const struct net_env *env, const struct network *const *nets, size_t n,
                     bool again);
/* Takes out what no container uses any more. */
void firewalld_forget_unused(const struct net_env *env);
