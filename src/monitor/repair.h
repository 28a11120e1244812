/* monitor/repair.h: notices that somebody took the network's rules or bridge away, and has them made again.
 *
 * `nft flush ruleset`, a firewall's reload, a bridge that is deleted: the kernel tells by netlink.  It tells each listener of
 * every interface on the host, so one monitor of a run directory listens for all, who holds a lock; the others wait for
 * the end of its process, and then one of them does.  It waits a moment and runs monitor_config.repair_command. */
#pragma once

#include "monitor/network.h"

/* @command is borrowed for as long as the monitor lives. */
void repair_watch(struct network *net, char **command);
