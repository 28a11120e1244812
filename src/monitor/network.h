/* monitor/network.h: the container's network in its monitor (spec/monitor.h, "Network").
 *
 * The namespace and the descriptors that the engine passed stay with the monitor over all restarts of the
 * container.  DNS (dns.c), proxies (proxy.c) and leases (dhcp.c) are sources of the poll loop: each registers its
 * descriptors with network_watch() and is called when one of them is ready.  None of them blocks. */
#pragma once

#include "monitor/monitor.h"

/* Creates what the container needs before its program runs: asks the engine and takes what it sends. */
int network_set_up(struct monitor *m, int sock, struct err *err) MUST_CHECK;

/* The descriptors that came with a message. */
struct msghdr;
size_t passed_fds(const struct msghdr *msg, int fds[NETWORK_FDS_MAX]);

/* A port more, a port less while the container runs.  @fds are taken over in any case. */
int network_add(struct monitor *m, const json_t *uses, const int *fds, size_t n,
                struct err *err) MUST_CHECK;
int network_remove(struct monitor *m, const json_t *ports, struct err *err) MUST_CHECK;

/* Gives up the addresses on a network that the container leaves. */
void network_unclaim(struct network *net, const char *network);

/* The container has ended for good: gives back what somebody lent it. */
void network_end(struct monitor *m);

/* A restart: writes into the specification @spec that the container joins the namespaces of its last run. */
void network_rejoin(const struct monitor *m, json_t *spec);

/* <run dir>/network, read again when it has changed; lives until the next call. */
const struct network_state *network_state(struct network *net);
