/* What the keepers of leases share: dhcp.c (all of them), dhcp4.c, dhcp6.c. */
#pragma once

#include "monitor/network.h"
#include "spec/dhcp.h"

/* The first member of a keeper. */
struct lease_source {
    struct source s;
    struct network *net;
    int ifindex;
    struct arena arena; /* of lease */
    struct dhcp_lease lease;
    void (*give_back)(struct lease_source *l); /* the lease, which has an address */
};

/* A keeper of @lease on the heap, without descriptor, interface and arena; NULL: the lease is malformed. */
struct lease_source *dhcp4_keeper(const struct dhcp_lease *lease);
struct lease_source *dhcp6_keeper(const struct dhcp_lease *lease);

/* A lease that replaces another begins as its copy, in @a, for what does not change.  False: not enough sense in it.
 * lease_settle() then throws the old one away. */
bool lease_copy(struct lease_source *l, struct arena *a);
void lease_settle(struct lease_source *l, struct arena *a);
/* The address is not ours any more: away from the interface with it, and the world is told. */
void lease_lose(struct lease_source *l);
/* What could not be sent because the interface is gone: then the keeper goes too. */
void lease_check_interface(struct lease_source *l);
/* Half of what is left until @end, a second at least, in monotonic ns. */
int64_t lease_half_way(int64_t now, int64_t end);
/* With a random part of up to a quarter, so that hosts that were switched on together do not ask together. */
int64_t lease_jitter(int64_t wait);
/* Writes <run dir>/dhcp. */
void leases_save(struct network *net);
