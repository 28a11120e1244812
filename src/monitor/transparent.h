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
int transparent_socket(struct network *net, const struct sockaddr_storage *client,
                       int type) MUST_CHECK;

/* What a UDP server at @server answers @client comes to us: a socket that takes anybody's questions gives its answers no
 * mark, so that a rule of its own leads them, as long as there is such a client, and a table in which the server's address
 * is what they come from.  False: the kernel does not take it. */
bool transparent_answers(struct network *net, const struct sockaddr_storage *client,
                         const struct sockaddr_storage *server, bool add) MUST_CHECK;
