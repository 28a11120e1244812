/* monitor/dns.h: names for the container, answered on sockets inside its network namespace.
 *
 * Names and addresses of the networks that the container is on come from spec/zone.h, looked up at each query: a
 * change is seen at once and nobody has to tell us.  All other queries go, byte for byte, to the servers of
 * <run dir>/network, from our own namespace; over TCP when they came that way.  Answers from there are kept
 * in a small cache for as long as their time to live allows, five minutes at most.  What a container can
 * make us do is bounded: so many queries under way, so many TCP connections. */
#pragma once

#include "monitor/network.h"

/* Serves @fd from now on: a UDP socket, or one that listens. */
void dns_listen(struct network *net, int fd, bool tcp);
