/* spec/network_state.h: what a running container's network looks like.
 *
 * <run directory>/network is this as JSON.  The engine writes it, replacing it atomically, when it sets the
 * network up and at each connect and disconnect; inspect shows it, and the monitor looks up in it which
 * networks' names it may answer and whom to ask for all others. */
#pragma once

#include "base/json.h"

/* One network that the container is on. */
struct network_attachment {
    char *network;      /* its name */
    char *network_id;   /* 64 hex digits */
    char *interface;    /* inside: "eth0" */
    char *host_side;    /* the host's end of the veth pair, NULL when there is none */
    char *mac;          /* "aa:bb:cc:dd:ee:ff" */
    char **addresses;   /* "10.88.0.5/16", "fd00::5/64" */
    char **gateways;    /* without prefix length; NULL: none */
    char **aliases;     /* further names on this network */
    bool dns;           /* names of this network are answered */
    char **dns_servers; /* the network's own servers, asked instead of network_state.servers */
};
extern const struct json_type network_attachment_type;

/* One published port, ranges taken apart. */
struct network_port {
    char *host_ip; /* NULL: all addresses */
    int64_t host_port, container_port;
    char *protocol; /* "tcp", "udp", "sctp" */
};
extern const struct json_type network_port_type;

struct network_state {
    JSON_LIST(struct network_attachment) networks;
    JSON_LIST(struct network_port) ports;
    char **names;   /* the container's own: its name, short ID, host name */
    char **servers; /* "192.0.2.53" or "2001:db8::53"; asked for what no network knows */
    char **dhcp_servers,
        **dhcp_searches; /* what DHCP servers said that a resolver should ask, and below what */
};
extern const struct json_type network_state_type;
