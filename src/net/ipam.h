/* net/ipam.h: who has which address and which port of the host; tables of the database.
 *
 * A row is written before the address is used or the firewall knows the port, and goes after both are no
 * more: what a killed process left behind still has its row, and whoever needs the place takes the rest away
 * first.  All functions run inside a transaction of the caller's, which stays short. */
#pragma once

#include "net/claims.h"
#include "net/firewall.h"
#include "net/network.h"
#include "store/db.h"

struct ipam_wish {
    const struct network *net;
    const char *container;
    const struct ip_addr *fixed; /* asked for by the user */
    size_t n_fixed;
    /* Does the container run, or is it being started? */
    bool (*alive)(void *arg, const char *container);
    void *arg;
    int claims; /* net/claims.h; negative: nobody else has addresses here */
};

/* Addresses for @w: one of each of the network's subnets, with their prefix lengths.  -EAGAIN with the container in
 * @dead (65 bytes) when one that does not live any more is in the way: reclaim it and try again. */
int ipam_take(struct db *db, struct arena *a, const struct ipam_wish *w, struct ip_net **ret,
              size_t *ret_n, char *dead, struct err *err) MUST_CHECK;

/* Notes the ports; *ret_owner (in @a) is the container that has one of them, and then 0 rows were written. */
int ipam_publish(struct db *db, struct arena *a, const char *container, const struct fw_port *ports,
                 size_t n, char **ret_owner, struct err *err) MUST_CHECK;

/* The ports of @container; NULL: of all. */
int ipam_published(struct db *db, struct arena *a, const char *container, struct fw_port **ret,
                   size_t *ret_n, struct err *err) MUST_CHECK;

/* Forgets addresses (of one network, or of all when NULL) and ports. */
int ipam_release(struct db *db, const char *container, const char *network,
                 struct err *err) MUST_CHECK;
int ipam_unpublish(struct db *db, const char *container, struct err *err) MUST_CHECK;

bool ipam_has_rows(struct db *db, const char *container); /* in doubt true */
/* Containers that have a row, at most @max of them, beginning anywhere: IDs in @a. */
char **ipam_some(struct db *db, struct arena *a, int64_t max);
char **ipam_all(struct db *db, struct arena *a);
/* Those on @network. */
char **ipam_on(struct db *db, struct arena *a, const char *network);
