/* spec/dhcp.h: DHCPv4 (RFC 2131, RFC 2132, RFC 3442), the client's side of it.
 *
 * Messages are whole IP packets, as a packet socket sends and receives them: an interface without an address cannot
 * speak otherwise.  Everything read is hostile; nothing here does I/O.  The engine asks for the first lease
 * (net/dhcp.h), the monitor keeps it (monitor/dhcp.h); between them it travels as a struct dhcp_lease. */
#pragma once

#include <linux/filter.h>
#include <netinet/in.h>

#include "base/buf.h"
#include "base/json.h"

enum dhcp_type {
    DHCP_DISCOVER = 1,
    DHCP_OFFER = 2,
    DHCP_REQUEST = 3,
    DHCP_ACK = 5,
    DHCP_NAK = 6,
    DHCP_RELEASE = 7,
};
enum { DHCP_ID_MAX = 32, DHCP_SERVERS_MAX = 8, DHCP_ROUTES_MAX = 32, DHCP_PACKET_MAX = 1500 };
#define DHCP_FOREVER UINT32_MAX /* a lease that does not end */

struct dhcp_message {
    enum dhcp_type type;
    uint32_t xid;
    uint16_t secs;
    uint8_t mac[6];
    uint8_t id[DHCP_ID_MAX]; /* client identifier, its type in front */
    size_t n_id;
    bool broadcast;                           /* we cannot be reached by our hardware address yet */
    struct in_addr client, requested, server; /* 0: not said */
    const char *host_name;                    /* left out when NULL or no host name */
};
/* The packet from m->client to @to. */
void dhcp_build(struct buf *out, const struct dhcp_message *m, struct in_addr to);

struct dhcp_route {
    struct in_addr to, gateway; /* gateway 0: directly on the interface */
    unsigned prefix;
};
struct dhcp_reply {
    enum dhcp_type type; /* OFFER, ACK, NAK; of a NAK nothing else is filled */
    struct in_addr address, server;
    unsigned prefix;
    uint32_t lease, t1, t2; /* seconds, t1 < t2 < lease unless it is tiny or for ever */
    uint16_t mtu;           /* 0: not said */
    struct dhcp_route routes[DHCP_ROUTES_MAX];
    size_t n_routes;
    struct in_addr servers[DHCP_SERVERS_MAX]; /* of names */
    size_t n_servers;
    char domain[256]; /* "" or a domain name */
};
/* 0, or -EINVAL: not whole, not for us (xid, mac), or nothing that a client can use. */
int dhcp_parse(const uint8_t *packet, size_t len, const struct dhcp_message *asked,
               struct dhcp_reply *ret) MUST_CHECK;

/* Lets IPv4 packets with UDP to port 68 through, of those that a SOCK_DGRAM packet socket sees. */
extern const struct sock_fprog dhcp_filter;

/* What one interface has; addresses as text.  With @six it is DHCPv6's (spec/dhcp6.h). */
struct dhcp_lease {
    bool six;
    char *network, *interface, *mac;
    char *id; /* client identifier in hex */
    char *host_name;
    char *address;             /* "192.0.2.5/24"; NULL: it was lost and is asked for anew */
    char *server, *server_mac; /* the hardware address is of the last that passed the answer on */
    char **routes; /* "0.0.0.0/0 192.0.2.1", "192.0.2.1/32 0.0.0.0" (on the interface) */
    char **servers, *domain;
    bool broadcast, no_default; /* no_default: a default route is not taken */
    int64_t lease, t1, t2, metric, mtu;
    int64_t iaid;  /* of DHCPv6: the interface's number at its client */
    int64_t since; /* ns, wall clock */
};
extern const struct json_type dhcp_lease_type;
/* <run dir>/dhcp, written by the monitor. */
struct dhcp_leases {
    JSON_LIST(struct dhcp_lease) leases;
};
extern const struct json_type dhcp_leases_type;

/* Takes over what an ACK says. */
void dhcp_lease_set(struct arena *a, struct dhcp_lease *l, const struct dhcp_reply *r,
                    const uint8_t server_mac[6], int64_t now);
/* The message that asks for or about @l: mac, client identifier, host name, broadcast.  False: @l is malformed. */
bool dhcp_lease_message(const struct dhcp_lease *l, struct dhcp_message *ret);
/* "192.0.2.0/24" strictly; the address alone with prefix 32. */
bool dhcp_net(const char *text, struct in_addr *ret, unsigned *ret_prefix);
bool dhcp_mac(const char *text, uint8_t ret[6]);
