/* net/network.h: networks as Podman describes them.
 *
 * Each is a file <name>.json in the networks' directory, in Podman's own format: a file of Podman's is read
 * here, and the other way round.  The default network exists without a file; a file of its name replaces it.
 * Whoever makes or removes one holds the lock ("network", "") of the store. */
#pragma once

#include "base/json.h"
#include "net/ip.h"

struct network_range {
    char *start_ip, *end_ip;
};
struct network_subnet {
    char *subnet, *gateway;
    struct network_range *lease_range;
};
struct network_route {
    char *destination, *gateway;
    int64_t *metric;
    char *route_type; /* NULL "unicast", "blackhole", "unreachable", "prohibit" */
};
struct network {
    char *name, *id;
    char *driver;    /* "bridge", "macvlan", "ipvlan" */
    char *interface; /* the bridge; or the parent */
    int64_t created;
    JSON_LIST(struct network_subnet) subnets;
    JSON_LIST(struct network_route) routes;
    bool ipv6_enabled, internal, dns_enabled;
    char **dns_servers;
    kv_list labels, options, ipam_options;
};
extern const struct json_type network_type;

struct network_list {
    struct network *items;
    size_t n;
};

struct network_pool {
    const char *base;
    int64_t size;
};
struct network_store {
    const char *path; /* the networks' directory; it need not exist */
    const char *default_name, *default_subnet;
    const struct network_pool *pools;
    size_t n_pools;
};

/* By name.  0, or -ENOENT (ERR_NOT_FOUND, Podman's words). */
int network_load(const struct network_store *s, struct arena *a, const char *name,
                 struct network *ret, struct err *err) MUST_CHECK;
/* By name, ID or unambiguous beginning of an ID. */
int network_find(const struct network_store *s, struct arena *a, const char *name,
                 struct network *ret, struct err *err) MUST_CHECK;
/* All, by name.  A file that cannot be read is left out with a warning. */
int network_list(const struct network_store *s, struct arena *a, struct network_list *out,
                 struct err *err) MUST_CHECK;
int network_read(struct arena *a, const json_t *doc, struct network *ret,
                 struct err *err) MUST_CHECK;

int network_write(const struct network_store *s, const struct network *n,
                  struct err *err) MUST_CHECK;
int network_unlink(const struct network_store *s, const struct network *n,
                   struct err *err) MUST_CHECK;

/* What creation checks and completes: names, subnets (free ones where none are given, and none that the host
 * has a route to), gateways, the interface, options.  @ipv6: a v6 subnet is wanted.  Names no two networks
 * may share are refused. */
int network_complete(const struct network_store *s, struct arena *a, struct network *n, bool ipv6,
                     struct err *err) MUST_CHECK;

bool network_name_valid(const char *name);
bool network_interface_valid(const char *name);
bool network_is_default(const struct network_store *s, const struct network *n);
/* An option's value, NULL when it is not set. */
const char *network_option(const struct network *n, const char *key);
bool network_managed(const struct network *n); /* a bridge that is ours to make and to filter */
bool network_is_dhcp(const struct network *n); /* a server on the network gives addresses */
/* An --ip-range: "10.0.0.0/25" or "10.0.0.5-10.0.0.9". */
int network_range_parse(struct arena *a, const char *text, struct network_range *ret,
                        struct err *err) MUST_CHECK;
