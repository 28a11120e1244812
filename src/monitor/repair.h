/* monitor/repair.h: notices that somebody took the network's rules or bridge away, and has them made again.
 *
 * `nft flush ruleset`, a firewall's reload, a bridge that is deleted: the kernel tells by netlink.  What monitors do
 * then is wait a moment (by chance, so that not all of them move at once), look whether anything of ours is
 * missing, and let one of them run monitor_config.repair_command.  The sockets' filters let nothing else
 * through: starting and stopping containers wakes no monitor. */
#pragma once

#include "monitor/network.h"

/* @command is borrowed for as long as the monitor lives. */
void repair_watch(struct network *net, char **command);
