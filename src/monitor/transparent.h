/* monitor/transparent.h: connections inside the container's namespace that come from whoever really asks.
 *
 * A proxy's connection begins and ends inside the namespace, so its packets go over the loopback interface,
 * whatever addresses they have.  It is bound to the client's address (IP_TRANSPARENT) and marked; the server's
 * socket takes the mark over (tcp_fwmark_accept), and a rule sends what is marked to a table in which
 * every address is local.  Nothing else in the namespace is touched. */
#pragma once

#include <sys/socket.h>

#include "monitor/network.h"

/* A TCP socket of the namespace that comes from @client, an address of the host's side; -EOPNOTSUPP when that cannot
 * be: then the connection comes from the container itself. */
int transparent_socket(struct network *net, const struct sockaddr_storage *client) MUST_CHECK;
