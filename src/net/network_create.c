#include <net/if.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/parse.h"
#include "net/link.h"
#include "net/network.h"
#include "store/store.h"

#include "base/banned.h"

/* What `network create` leaves open, and what it must not ask for. */

struct creation {
    const struct network_store *s;
    struct arena *a;
    struct network *n;
    struct network_list all;
    struct nl nl;
    struct ip_net *used; /* subnets that the host has routes to */
    size_t n_used;
    struct err *err;
};

#define BAD(...) err_set(c->err, ERR_BAD_PARAM, EINVAL, __VA_ARGS__)

/* ---------- name, driver, interface ---------- */

static int check_name(struct creation *c)
{
    const char *name = c->n->name;

    if (!network_name_valid(name))
        return BAD("network name %s invalid: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: "
                   "invalid argument",
                   name);
    if (STR_IN(name, "none", "host", "bridge", "private", "slirp4netns", "pasta", "container", "ns",
               "default", "pod"))
        return BAD("cannot create network with name \"%s\" because it conflicts with a valid "
                   "network mode: invalid argument",
                   name);
    for (size_t i = 0; i < c->all.n; i++)
        if (STR_EQ(c->all.items[i].name, name))
            return err_set(c->err, ERR_CONFLICT, EEXIST,
                           "network name %s already used: network already exists", name);
    return 0;
}

/* A name that no network has yet. */
static char *free_name(struct creation *c)
{
    for (unsigned i = 1;; i++) {
        char *name = arena_printf(c->a, "podman%u", i);
        bool taken = false;
        for (size_t k = 0; k < c->all.n; k++)
            taken |= STR_EQ(c->all.items[k].name, name);
        if (!taken)
            return name;
    }
}

static bool interface_used(struct creation *c, const char *name)
{
    for (size_t k = 0; k < c->all.n; k++)
        if (STR_EQ(c->all.items[k].driver, "bridge") && str_same(c->all.items[k].interface, name))
            return true;
    return false;
}

static int bridge_interface(struct creation *c)
{
    struct network *n = c->n;
    struct link_info l;

    if (n->interface) {
        if (!network_interface_valid(n->interface))
            return BAD("bridge name %s invalid: invalid argument", n->interface);
        if (network_managed(n) && interface_used(c, n->interface))
            return err_set(c->err, ERR_CONFLICT, EEXIST, "bridge name %s already in use",
                           n->interface);
        return 0;
    }
    if (!network_managed(n))
        return BAD("option mode=unmanaged needs the name of the bridge: use --interface-name");
    for (unsigned i = 1;; i++) {
        char *name = arena_printf(c->a, "podman%u", i);
        if (interface_used(c, name) || link_find(&c->nl, name, &l) == 0)
            continue;
        n->interface = name;
        return 0;
    }
}

static int parent_interface(struct creation *c)
{
    struct network *n = c->n;
    const char *parent = kv_get(&n->options, "parent");
    struct link_info l;

    if (!n->interface && parent)
        n->interface = arena_strdup(c->a, parent);
    for (size_t i = 0; parent && i < n->options.n; i++)
        if (STR_EQ(n->options.items[i].key, "parent"))
            n->options.items[i--] = n->options.items[--n->options.n];
    if (n->interface &&
        (!network_interface_valid(n->interface) || link_find(&c->nl, n->interface, &l) < 0))
        return BAD("parent interface %s does not exist", n->interface);
    return 0;
}

/* ---------- options ---------- */

static int check_number(struct creation *c, const char *key, const char *v, uint64_t max)
{
    uint64_t n;

    return parse_u64(v, max, &n) < 0
               ? BAD("unable to parse %s option \"%s\": invalid argument", key, v)
               : 0;
}

static int check_word(struct creation *c, const char *key, const char *v, const char *const *words)
{
    return str_in_list(v, words)
               ? 0
               : BAD("unable to parse %s option \"%s\": invalid argument", key, v);
}

enum option_kind { ON_NUMBER, ON_BOOL, ON_ISOLATE, ON_MODE, ON_SUB_MODE, ON_TEXT };
static const struct {
    const char *drivers, *key;
    enum option_kind kind;
    uint64_t max;
} options_known[] = {
    { "bridge macvlan ipvlan", "mtu", ON_NUMBER, 65535 },
    { "bridge macvlan ipvlan", "metric", ON_NUMBER, UINT32_MAX },
    { "bridge macvlan ipvlan", "no_default_route", ON_BOOL, 0 },
    { "bridge", "vlan", ON_NUMBER, 4094 },
    { "bridge", "vrf", ON_TEXT, 0 },
    { "bridge", "isolate", ON_ISOLATE, 0 },
    { "bridge", "mode", ON_MODE, 0 },
    { "bridge", "host_interface_name", ON_TEXT, 0 },
    { "macvlan ipvlan", "mode", ON_SUB_MODE, 0 },
    { "macvlan ipvlan", "parent", ON_TEXT, 0 },
};

/* Docker's names for what has one of ours. */
static const struct {
    const char *docker, *ours;
} aliases[] = {
    { "com.docker.network.driver.mtu", "mtu" },
    { "com.docker.network.bridge.mtu", "mtu" },
    { "com.docker.network.bridge.name", NULL }, /* the interface */
    { "com.docker.network.container_iface_prefix", "" },
};

static int translate(struct creation *c)
{
    struct network *n = c->n;
    kv_list out = { 0 };

    for (size_t i = 0; i < n->options.n; i++) {
        const struct kv *o = &n->options.items[i];
        const char *key = o->key;
        for (size_t k = 0; k < ARRAY_SIZE(aliases); k++)
            if (STR_EQ(key, aliases[k].docker))
                key = aliases[k].ours;
        if (!key)
            n->interface = o->val;
        else if (!*key)
            return BAD("unsupported %s network option %s", n->driver, o->key);
        else
            kv_set(c->a, &out, key, o->val);
    }
    n->options = out;
    return 0;
}

/* Checks the value and puts it as Podman writes it. */
static int check_value(struct creation *c, enum option_kind kind, uint64_t max, struct kv *o)
{
    static char yes[] = "true", no[] = "false";
    static const char *const isolate[] = { "true", "false", "strict", NULL };
    static const char *const mode[] = { "managed", "unmanaged", NULL };
    bool b;

    switch (kind) {
    case ON_NUMBER:
        return check_number(c, o->key, o->val, max);
    case ON_BOOL:
        if (parse_bool(o->val, &b) < 0)
            return BAD("unable to parse %s option \"%s\": invalid argument", o->key, o->val);
        o->val = b ? yes : no;
        return 0;
    case ON_ISOLATE:
        if (parse_bool(o->val, &b) == 0)
            o->val = b ? yes : no;
        return check_word(c, o->key, o->val, isolate);
    case ON_MODE:
        return check_word(c, o->key, o->val, mode);
    case ON_SUB_MODE:
        return link_sub_mode_known(c->n->driver, o->val)
                   ? 0
                   : BAD("unknown %s mode \"%s\": invalid argument", c->n->driver, o->val);
    case ON_TEXT:
        break;
    }
    return *o->val ? 0 : BAD("%s option is empty: invalid argument", o->key);
}

static int check_options(struct creation *c)
{
    const struct network *n = c->n;

    for (size_t i = 0; i < n->options.n; i++) {
        size_t k = 0;
        while (k < ARRAY_SIZE(options_known) &&
               !(STR_EQ(options_known[k].key, n->options.items[i].key) &&
                 strstr(options_known[k].drivers, n->driver)))
            k++;
        if (k == ARRAY_SIZE(options_known))
            return BAD("unsupported %s network option %s", n->driver, n->options.items[i].key);
        int r = check_value(c, options_known[k].kind, options_known[k].max, &n->options.items[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---------- subnets ---------- */

static bool overlaps(const struct creation *c, const struct ip_net *net, bool host)
{
    for (size_t i = 0; host && i < c->n_used; i++)
        if (ip_net_overlaps(&c->used[i], net))
            return true;
    for (size_t i = 0; i < c->all.n; i++)
        for (size_t k = 0; k < c->all.items[i].subnets.n; k++) {
            struct ip_net other;
            if (ip_net_parse(c->all.items[i].subnets.items[k].subnet, &other) == 0 &&
                ip_net_overlaps(&other, net))
                return true;
        }
    return false;
}

static void add_subnet(struct creation *c, const struct ip_net *net)
{
    char text[IP_TEXT_MAX];

    LIST_ADD(c->a, c->n->subnets)->subnet = arena_strdup(c->a, ip_net_text(net, text));
}

static int free_v4(struct creation *c)
{
    for (size_t i = 0; i < c->s->n_pools; i++) {
        struct ip_net pool, net;
        if (ip_net_parse(c->s->pools[i].base, &pool) < 0 || pool.addr.family != AF_INET)
            continue;
        net = (struct ip_net) { ip_net_first(&pool), (unsigned)c->s->pools[i].size };
        if (net.prefix < pool.prefix || net.prefix > 30)
            continue;
        while (ip_net_has(&pool, &net.addr)) {
            if (!overlaps(c, &net, true)) {
                add_subnet(c, &net);
                return 0;
            }
            struct ip_addr last = ip_net_last(&net), next = ip_next(last);
            if (ip_cmp(&next, &last) <= 0)
                break;
            net.addr = next;
        }
    }
    return err_set(c->err, ERR_CONFLICT, EADDRINUSE,
                   "could not find free subnet from subnet pools: add to default_subnet_pools in "
                   "containers.conf, or use --subnet");
}

/* A unique local prefix, chosen at random as the standard asks for. */
static int free_v6(struct creation *c)
{
    for (int i = 0; i < 1000; i++) {
        struct ip_net net = { .addr = { .family = AF_INET6 }, .prefix = 64 };
        if (getrandom(net.addr.b, 8, 0) != 8)
            abort();
        net.addr.b[0] = 0xfd;
        if (overlaps(c, &net, true))
            continue;
        add_subnet(c, &net);
        return 0;
    }
    return err_set(c->err, ERR_CONFLICT, EADDRINUSE, "failed to get random ipv6 subnet");
}

static bool has_family(const struct network *n, int family)
{
    for (size_t i = 0; i < n->subnets.n; i++) {
        struct ip_net net;
        if (ip_net_parse(n->subnets.items[i].subnet, &net) == 0 && net.addr.family == family)
            return true;
    }
    return false;
}

static int check_range(struct creation *c, const struct network_range *r, const struct ip_net *net)
{
    struct ip_addr from = ip_net_first(net), to = ip_net_last(net);

    if ((r->start_ip && (ip_parse(r->start_ip, &from) < 0 || !ip_net_has(net, &from))) ||
        (r->end_ip && (ip_parse(r->end_ip, &to) < 0 || !ip_net_has(net, &to))) ||
        ip_cmp(&from, &to) > 0)
        return BAD("lease range start ip %s and end ip %s not in subnet or out of order: invalid "
                   "argument",
                   r->start_ip ? r->start_ip : "", r->end_ip ? r->end_ip : "");
    return 0;
}

static int check_subnet(struct creation *c, struct network_subnet *s)
{
    struct ip_net net;
    struct ip_addr gw;
    char text[IP_TEXT_MAX];

    if (ip_net_parse(s->subnet, &net) < 0)
        return BAD("invalid CIDR address: %s", s->subnet);
    net.addr = ip_net_first(&net);
    s->subnet = arena_strdup(c->a, ip_net_text(&net, text));
    if (network_managed(c->n) && overlaps(c, &net, true))
        return err_set(c->err, ERR_CONFLICT, EEXIST,
                       "subnet %s is already used on the host or by another config", s->subnet);
    if (s->gateway) {
        if (ip_parse(s->gateway, &gw) < 0 || !ip_net_has(&net, &gw))
            return BAD("gateway %s not in subnet %s", s->gateway, s->subnet);
    } else if (!(c->n->internal && !STR_EQ(c->n->driver, "bridge")) &&
               net.prefix < ip_len(&net.addr) * 8 - 1) {
        gw = ip_next(net.addr);
        s->gateway = arena_strdup(c->a, ip_text(&gw, text));
    }
    if (net.addr.family == AF_INET6)
        c->n->ipv6_enabled = true;
    return s->lease_range ? check_range(c, s->lease_range, &net) : 0;
}

static int check_routes(struct creation *c)
{
    for (size_t i = 0; i < c->n->routes.n; i++) {
        const struct network_route *r = &c->n->routes.items[i];
        struct ip_net net;
        struct ip_addr gw, first;
        bool unicast = !r->route_type || STR_EQ(r->route_type, "unicast");
        if (ip_net_parse(r->destination, &net) < 0)
            return BAD("route destination \"%s\" is not a subnet: invalid argument",
                       r->destination);
        first = ip_net_first(&net);
        if (ip_cmp(&first, &net.addr) != 0)
            return BAD("route destination invalid: destination %s has host bits set: invalid "
                       "argument",
                       r->destination);
        if (unicast &&
            (!r->gateway || ip_parse(r->gateway, &gw) < 0 || gw.family != net.addr.family))
            return BAD("route to %s needs a gateway of its family: invalid argument",
                       r->destination);
        if (!unicast && r->gateway)
            return BAD("%s route to %s takes no gateway: invalid argument", r->route_type,
                       r->destination);
    }
    return 0;
}

/* A server's messages have to reach the container: on a bridge of ours there is none, and l3 passes no broadcasts. */
static int check_dhcp(struct creation *c, bool ipv6)
{
    struct network *n = c->n;
    const char *mode = kv_get(&n->options, "mode");

    if (n->subnets.n)
        return BAD("ipam driver dhcp is set but subnets are given: the server chooses addresses");
    if (network_managed(n) && STR_EQ(n->driver, "bridge"))
        return BAD("ipam driver dhcp is not supported on a bridge that podman manages: use "
                   "--opt mode=unmanaged, macvlan or ipvlan");
    if (STR_EQ(n->driver, "ipvlan") && mode && !STR_EQ(mode, "l2"))
        return BAD("ipam driver dhcp needs ipvlan mode l2: mode %s passes no broadcasts", mode);
    n->ipv6_enabled |= ipv6;
    return check_routes(c);
}

/* Who gives addresses, when it is not we: then *ret_none. */
static int ipam_driver(struct creation *c, bool ipv6, bool *ret_none)
{
    struct network *n = c->n;
    const char *ipam = kv_get(&n->ipam_options, "driver");
    bool parented = !STR_EQ(n->driver, "bridge");

    if (!ipam) /* whoever knows the net of a macvlan's parent is its DHCP server, not we */
        kv_set(c->a, &n->ipam_options, "driver",
               ipam = parented && !n->subnets.n ? "dhcp" : "host-local");
    if (!STR_IN(ipam, "host-local", "none", "dhcp"))
        return BAD("unsupported ipam driver \"%s\"", ipam);
    *ret_none = !STR_EQ(ipam, "host-local");
    if (STR_EQ(ipam, "dhcp"))
        return check_dhcp(c, ipv6);
    if (*ret_none && n->subnets.n)
        return BAD("none ipam driver is set but subnets are given");
    if (!*ret_none && !network_managed(n) && !parented && !n->subnets.n)
        return BAD("option mode=unmanaged needs a --subnet: addresses are the host's to choose");
    return 0;
}

static int check_own_overlaps(struct creation *c)
{
    const struct network *n = c->n;

    for (size_t i = 0; i < n->subnets.n; i++)
        for (size_t k = 0; k < i; k++) {
            struct ip_net x, y;
            if (ip_net_parse(n->subnets.items[i].subnet, &x) == 0 &&
                ip_net_parse(n->subnets.items[k].subnet, &y) == 0 && ip_net_overlaps(&x, &y))
                return BAD("subnets %s and %s overlap: invalid argument",
                           n->subnets.items[i].subnet, n->subnets.items[k].subnet);
        }
    return 0;
}

static int subnets(struct creation *c, bool ipv6)
{
    struct network *n = c->n;
    bool none = false;
    int r = ipam_driver(c, ipv6, &none);

    if (r < 0)
        return r;
    if (none) {
        n->dns_enabled = false;
        return 0;
    }
    if (!n->subnets.n || (ipv6 && !has_family(n, AF_INET)))
        r = free_v4(c);
    if (r == 0 && ipv6 && !has_family(n, AF_INET6))
        r = free_v6(c);
    for (size_t i = 0; r == 0 && i < n->subnets.n; i++)
        r = check_subnet(c, &n->subnets.items[i]);
    if (r == 0)
        r = check_own_overlaps(c);
    return r < 0 ? r : check_routes(c);
}

static int complete(struct creation *c, bool ipv6)
{
    struct network *n = c->n;
    struct ip_addr ip;
    char id[65];

    int r = network_list(c->s, c->a, &c->all, c->err);
    if (r < 0)
        return r;
    if (str_empty(n->name))
        n->name = free_name(c);
    r = check_name(c);
    if (r < 0)
        return r;
    if (!STR_IN(n->driver, "bridge", "macvlan", "ipvlan"))
        return BAD("unsupported driver %s: invalid argument", n->driver);
    r = link_subnets(&c->nl, c->a, &c->used, &c->n_used);
    if (r < 0)
        return err_sys(c->err, -r, "reading the host's routes");
    r = translate(c);
    if (r == 0)
        r = check_options(c);
    if (r == 0)
        r = STR_EQ(n->driver, "bridge") ? bridge_interface(c) : parent_interface(c);
    if (r == 0)
        r = subnets(c, ipv6);
    for (char **p = n->dns_servers; r == 0 && p && *p; p++)
        if (ip_parse(*p, &ip) < 0)
            r = BAD("unable to parse ip %s: invalid argument", *p);
    if (r == 0 && n->dns_servers && !n->dns_enabled)
        r = BAD("cannot set NetworkDNSServers if DNS is not enabled for the network: invalid "
                "argument");
    if (r < 0)
        return r;
    store_random_id(id, 64);
    n->id = arena_strdup(c->a, id);
    n->created = time_now();
    return 0;
}

int network_complete(const struct network_store *s, struct arena *a, struct network *n, bool ipv6,
                     struct err *err)
{
    struct creation c = { .s = s, .a = a, .n = n, .err = err };
    int r = nl_open(&c.nl, NETLINK_ROUTE);

    if (r < 0)
        return err_sys(err, -r, "opening a netlink socket");
    r = complete(&c, ipv6);
    nl_close(&c.nl);
    return r;
}
