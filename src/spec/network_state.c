#include "spec/network_state.h"

#include "base/banned.h"

#define A struct network_attachment
static const struct json_field attachment_rows[] = {
    JF_STR(A, network, "network", JF_REQUIRED),
    JF_STR(A, network_id, "network_id", JF_OMIT_EMPTY),
    JF_STR(A, interface, "interface", JF_OMIT_EMPTY),
    JF_STR(A, host_side, "host_side", JF_OMIT_EMPTY),
    JF_STR(A, mac, "mac", JF_OMIT_EMPTY),
    JF_STRV(A, addresses, "addresses", JF_OMIT_EMPTY),
    JF_STRV(A, gateways, "gateways", JF_OMIT_EMPTY),
    JF_STRV(A, aliases, "aliases", JF_OMIT_EMPTY),
    JF_BOOL(A, dns, "dns", JF_OMIT_EMPTY),
    JF_STRV(A, dns_servers, "dns_servers", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type network_attachment_type = JSON_TYPE(A, attachment_rows);

#define P struct network_port
static const struct json_field port_rows[] = {
    JF_STR(P, host_ip, "host_ip", JF_OMIT_EMPTY),
    JF_I64(P, host_port, "host_port", 0),
    JF_I64(P, container_port, "container_port", 0),
    JF_STR(P, protocol, "protocol", JF_REQUIRED),
    { 0 },
};
const struct json_type network_port_type = JSON_TYPE(P, port_rows);

#define S struct network_state
static const struct json_field state_rows[] = {
    JF_LIST(S, networks, "networks", JF_OMIT_EMPTY, &network_attachment_type),
    JF_LIST(S, ports, "ports", JF_OMIT_EMPTY, &network_port_type),
    JF_STRV(S, names, "names", JF_OMIT_EMPTY),
    JF_STRV(S, servers, "servers", JF_OMIT_EMPTY),
    JF_STRV(S, dhcp_servers, "dhcp_servers", JF_OMIT_EMPTY),
    JF_STRV(S, dhcp_searches, "dhcp_searches", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type network_state_type = JSON_TYPE(S, state_rows);
