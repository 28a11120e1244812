/* monitor/proxy.h: passes on what arrives at a port of the host where no rule of the kernel can: from the host's
 * own ::1 to a container, and from an ordinary user's host to his containers.
 *
 * Each connection (UDP: each client, for as long as it talks) gets a socket inside the container's namespace.
 * At most so many at once; a further one waits in the kernel's queue. */
#pragma once

#include "monitor/network.h"

/* Serves @fd from now on.  @target: "tcp 10.88.0.5 80", "udp fd00::5 53". */
void proxy_listen(struct network *net, int fd, const char *target);

/* Is it the socket of a proxy, to which connections come?  Ends it, with all that came through it. */
bool proxy_is(const struct source *s);
void proxy_end(struct network *net, struct source *s);
