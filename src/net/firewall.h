/* net/firewall.h: the one table of ours, `inet podman`.
 *
 * Its rules never change while it stands; everything that comes and goes is an element of a set or map:
 *
 *   ports4, ports6         protocol . port -> container address . port
 *   ports4_at, ports6_at   the same for ports published on one address of the host: address . protocol . port
 *   bridges   all bridges of ours           masq      those that the outside is reached from
 *   same      bridge . bridge, for "in by the way it goes out"
 *   local4, local6         subnet . bridge, for "from a neighbour on the same bridge": where br_netfilter is at
 *                          work, such packets are bridged without ever having come in by an interface
 *   internal, isolated, strict              the networks with these options
 *
 * The table is made by libnftables, which is loaded only then; elements are added and removed by messages of our
 * own.  Nobody else's tables are looked at.  Whoever starts a container asks firewall_whole() first: what an
 * administrator's `nft flush ruleset` took away is made again, for all containers. */
#pragma once

#include "net/ip.h"
#include "net/netlink.h"

struct fw_port {
    uint8_t proto;       /* IPPROTO_TCP, _UDP, _SCTP */
    struct ip_addr host; /* family 0: every address of the family of @to */
    uint16_t host_port, to_port, count;
    struct ip_addr to;
};
struct fw_bridge {
    const char *name;
    const struct ip_net *nets;
    size_t n_nets;
    bool masq, internal, isolated, strict;
};
struct fw_state {
    const struct fw_bridge *bridges;
    size_t n_bridges;
    const struct fw_port *ports;
    size_t n_ports;
};

/* Are all rules there?  1, 0, or -errno. */
int firewall_whole(struct nl *nl) MUST_CHECK;
/* Makes the table, replacing what is left of it, with all that @s holds. */
int firewall_make(const struct fw_state *s, struct err *err) MUST_CHECK;
/* In one transaction; what is there already is no error, and a port that leads elsewhere leads there then. */
int firewall_add(struct nl *nl, const struct fw_state *s, struct err *err) MUST_CHECK;
/* The ports of @s, as far as they still lead where it says. */
int firewall_remove(struct nl *nl, const struct fw_state *s, struct err *err) MUST_CHECK;

/* Takes the bridge out of all sets. */
int firewall_forget(struct nl *nl, const struct fw_bridge *b, struct err *err) MUST_CHECK;

/* In a container's namespace (@nl speaks to it): what is sent to 127.0.0.11 port 53 goes to @udp and @tcp there, and
 * answers come back as from port 53.  Packets are rewritten one by one, nothing is tracked. */
int firewall_dns(struct nl *nl, uint16_t udp, uint16_t tcp, struct err *err) MUST_CHECK;
