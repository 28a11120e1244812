/* net/link.h: interfaces, addresses and routes, by rtnetlink.
 *
 * A socket (net/netlink.h) decides on the namespace that is spoken to.  What a function makes is made with as few
 * messages as the kernel allows: a veth pair with both its ends named, one in the container's namespace and the
 * other on its bridge and up is one message. */
#pragma once

#include <net/if.h>

#include "net/ip.h"
#include "net/netlink.h"

struct link_info {
    int index;
    unsigned flags, mtu;
    int master;
    char name[IFNAMSIZ], kind[16];
    uint8_t mac[6];
};
/* 0, or -ENODEV when there is no such interface (no error text then). */
int link_find(struct nl *nl, const char *name, struct link_info *ret) MUST_CHECK;

struct link_bridge {
    const char *name;
    const struct ip_net *addrs; /* the gateways' */
    size_t n_addrs;
    uint32_t mtu, vlan; /* 0: the kernel's choice, none */
    const char *vrf;    /* NULL: none */
};
/* Makes the bridge as far as it is missing: the interface, its addresses, its way into the vrf. */
int link_bridge_ensure(struct nl *nl, const struct link_bridge *b, struct link_info *ret,
                       struct err *err) MUST_CHECK;

struct link_veth {
    const char *host, *inside; /* names */
    const uint8_t *mac;        /* of the inner end */
    uint32_t mtu;
    int master; /* the bridge's index */
    uint32_t vlan;
    bool hairpin; /* what comes from it may go back to it */
};
/* -EEXIST when the host's name is taken. */
int link_veth(struct nl *nl, const struct link_veth *v, int netns, struct err *err) MUST_CHECK;

struct link_sub {
    const char *kind,
        *mode; /* "macvlan" with bridge, private, vepa, passthru; "ipvlan" with l2, l3, l3s */
    const char *inside;
    const uint8_t *mac; /* macvlan; NULL: the kernel's choice */
    uint32_t mtu;
    int parent;
};
/* A macvlan or ipvlan interface in the namespace. */
int link_sub(struct nl *nl, const struct link_sub *s, int netns, struct err *err) MUST_CHECK;
bool link_sub_mode_known(const char *kind, const char *mode);

/* Puts an interface that is there (0 when it is not) onto the bridge. */
int link_enslave(struct nl *nl, const char *name, int master, bool hairpin) MUST_CHECK;
int link_delete(struct nl *nl, const char *name) MUST_CHECK; /* -ENODEV: there was none */

struct link_route {
    struct ip_net to;
    struct ip_addr gateway; /* family 0: directly on the interface */
    uint32_t metric;
    uint8_t type; /* RTN_UNICAST (or 0), RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT */
};
struct link_inside {
    const char *name;
    const struct ip_net *addrs;
    size_t n_addrs;
    const struct link_route *routes;
    size_t n_routes;
    uint32_t mtu;   /* 0: stays; one that the kernel does not take is left alone */
    uint8_t mac[6]; /* filled: what it has */
    int index;
};
/* Inside the namespace: loopback up, the interface up, its addresses, its routes. */
int link_configure(struct nl *nl, struct link_inside *in, struct err *err) MUST_CHECK;
int link_loopback_up(struct nl *nl) MUST_CHECK;

/* All subnets that the namespace has a route to, but for default routes. */
int link_subnets(struct nl *nl, struct arena *a, struct ip_net **ret, size_t *ret_n) MUST_CHECK;
/* The first global address, v4 before v6; -ENOENT when there is none. */
int link_own_address(struct nl *nl, struct ip_addr *ret) MUST_CHECK;
/* The interface of the default route; -ENOENT. */
int link_default(struct nl *nl, char ret[IFNAMSIZ]) MUST_CHECK;
