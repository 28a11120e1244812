/* spec/dhcp6.h: DHCPv6 (RFC 8415), the client's side of it as far as one address is concerned.
 *
 * Messages are UDP payloads: unlike with DHCPv4 an interface has an address to speak from, its link-local one.  Routes
 * do not come this way but by router advertisements, which the kernel listens to.  Everything read is hostile; nothing
 * here does I/O.  The lease is a struct dhcp_lease with `six` set: `id` is the DUID, `server` the server's, both in hex. */
#pragma once

#include "spec/dhcp.h"

enum dhcp6_type {
    DHCP6_SOLICIT = 1,
    DHCP6_ADVERTISE = 2,
    DHCP6_REQUEST = 3,
    DHCP6_RENEW = 5,
    DHCP6_REBIND = 6,
    DHCP6_REPLY = 7,
    DHCP6_RELEASE = 8,
};
enum { DHCP6_CLIENT_PORT = 546, DHCP6_SERVER_PORT = 547, DHCP6_DUID_MAX = 130 };
/* Every server and relay on the link. */
#define DHCP6_SERVERS "ff02::1:2"

struct dhcp6_id {
    uint8_t b[DHCP6_DUID_MAX];
    size_t n;
};
struct dhcp6_message {
    enum dhcp6_type type;
    uint32_t xid;     /* 24 bits */
    uint16_t elapsed; /* hundredths of a second since the first of its kind */
    struct dhcp6_id client, server;
    uint32_t iaid;
    struct in6_addr address; /* ::, or the one that is wanted, or had */
    const char *host_name;   /* left out when NULL or no host name */
};
void dhcp6_build(struct buf *out, const struct dhcp6_message *m);

struct dhcp6_reply {
    enum dhcp6_type type; /* ADVERTISE, REPLY */
    struct dhcp6_id server;
    bool has_address; /* false: the server has none for us, or does not know the one that we have */
    struct in6_addr address;
    uint32_t preferred, valid, t1, t2;         /* seconds; t1 <= t2 <= valid */
    struct in6_addr servers[DHCP_SERVERS_MAX]; /* of names */
    size_t n_servers;
    char domain[256]; /* the first that is searched, or "" */
};
/* 0, or -EINVAL: not whole, or not for us (xid, client, IAID). */
int dhcp6_parse(const uint8_t *data, size_t len, const struct dhcp6_message *asked,
                struct dhcp6_reply *ret) MUST_CHECK;

/* Takes over what a reply with an address says. */
void dhcp6_lease_set(struct arena *a, struct dhcp_lease *l, const struct dhcp6_reply *r,
                     int64_t now);
/* The message that asks for or about @l: both IDs, IAID, address, host name.  False: @l is malformed. */
bool dhcp6_lease_message(const struct dhcp_lease *l, struct dhcp6_message *ret);
/* "2001:db8::5/128": the address of a lease. */
bool dhcp6_address(const char *text, struct in6_addr *ret);
