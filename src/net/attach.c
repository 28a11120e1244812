#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/fs.h"
#include "net/dhcp.h"
#include "net/setup_priv.h"

#include "base/banned.h"

/* The container's side: interfaces, addresses, routes, sockets for names. */

static void choose_mac(const struct net_plan *p, struct net_want *w)
{
    const struct ip_addr *ip = w->n_addrs ? &w->addrs[0].addr : NULL;

    if (w->mac_given)
        return;
    if (network_is_dhcp(&w->net)) {
        dhcp_mac_of(p->id, w->net.id, w->mac);
        return;
    }
    if (getrandom(w->mac, 6, 0) != 6)
        abort();
    /* An address has one hardware address for ever: nobody's neighbour cache goes stale when it passes from one
     * container to the next. */
    if (ip) {
        w->mac[1] = (uint8_t)(w->net.id[0] * 16 + w->net.id[1]);
        memcpy(w->mac + 2, ip->b + ip_len(ip) - 4, 4);
    }
    w->mac[0] = 0x02; /* locally administered, one receiver */
}

static bool is_l3(const struct network *n)
{
    const char *mode = network_option(n, "mode");

    return STR_EQ(n->driver, "ipvlan") && mode && STR_IN(mode, "l3", "l3s");
}

static void add_route(struct arena *a, struct link_inside *in, struct link_route **routes,
                      const struct link_route *r)
{
    *routes = arena_grow(a, *routes, in->n_routes, sizeof(*r));
    (*routes)[in->n_routes++] = *r;
    in->routes = *routes;
}

static void default_routes(struct arena *a, const struct net_want *w, size_t nth,
                           struct link_inside *in, struct link_route **routes)
{
    uint32_t metric = net_number_option(&w->net, "metric");

    if (w->net.internal || net_bool_option(&w->net, "no_default_route"))
        return;
    for (size_t i = 0; i < w->net.subnets.n; i++) {
        const struct network_subnet *s = &w->net.subnets.items[i];
        struct ip_net net;
        struct link_route r = { .metric = metric ? metric : 100 + (uint32_t)nth };
        if (ip_net_parse(s->subnet, &net) < 0)
            continue;
        r.to.addr.family = net.addr.family;
        if (!is_l3(&w->net) && (!s->gateway || ip_parse(s->gateway, &r.gateway) < 0))
            continue;
        add_route(a, in, routes, &r);
    }
}

static const struct {
    const char *name;
    uint8_t type;
} route_types[] = { { "unicast", RTN_UNICAST },
                    { "blackhole", RTN_BLACKHOLE },
                    { "unreachable", RTN_UNREACHABLE },
                    { "prohibit", RTN_PROHIBIT } };

static void static_routes(struct arena *a, const struct net_want *w, struct link_inside *in,
                          struct link_route **routes)
{
    for (size_t i = 0; i < w->net.routes.n; i++) {
        const struct network_route *s = &w->net.routes.items[i];
        struct link_route r = { .metric = s->metric ? (uint32_t)*s->metric : 100 };
        if (ip_net_parse(s->destination, &r.to) < 0 ||
            (s->gateway && ip_parse(s->gateway, &r.gateway) < 0))
            continue;
        for (size_t k = 0; s->route_type && k < ARRAY_SIZE(route_types); k++)
            if (STR_EQ(s->route_type, route_types[k].name))
                r.type = route_types[k].type;
        add_route(a, in, routes, &r);
    }
}

/* The interface itself: a pair with one end on the bridge, or a child of the parent. */
static int make_interface(struct nl *host, struct arena *a, struct net_want *w, const char *inside,
                          bool hairpin, int netns, char **ret_host, struct err *err)
{
    struct link_info l;
    char parent[IFNAMSIZ] = "";
    const char *name = w->net.interface, *mode = network_option(&w->net, "mode");
    bool bridge = STR_EQ(w->net.driver, "bridge"), macvlan = STR_EQ(w->net.driver, "macvlan");

    if (!name && link_default(host, parent) == 0)
        name = parent;
    int r = name ? link_find(host, name, &l) : -ENODEV;
    if (r < 0)
        return err_set(err, ERR_NOT_FOUND, -r, "network %s: the %s %s does not exist", w->net.name,
                       bridge ? "bridge" : "parent interface", name ? name : "(default route)");
    if (!bridge) {
        struct link_sub s = { .kind = w->net.driver,
                              .mode = mode      ? mode
                                      : macvlan ? "bridge"
                                                : "l2",
                              .inside = inside,
                              .mac = macvlan ? w->mac : NULL,
                              .mtu = net_number_option(&w->net, "mtu"),
                              .parent = l.index };
        return link_sub(host, &s, netns, err);
    }
    const char *wanted = w->host_interface ? w->host_interface
                                           : network_option(&w->net, "host_interface_name");
    for (int tries = 0;; tries++) {
        uint32_t x = 0;
        if (getrandom(&x, sizeof(x), 0) != sizeof(x))
            abort();
        *ret_host = wanted ? arena_strdup(a, wanted) : arena_printf(a, "veth%08x", x);
        struct link_veth v = { .host = *ret_host,
                               .inside = inside,
                               .mac = w->mac,
                               .mtu = net_number_option(&w->net, "mtu"),
                               .vlan = net_number_option(&w->net, "vlan"),
                               .master = l.index,
                               .hairpin = hairpin };
        r = link_veth(host, &v, netns, err);
        if (r != -EEXIST || wanted || tries > 8)
            return r;
        err_clear(err);
    }
}

static void note_attachment(struct arena *a, struct net_want *w, const char *inside, char *host,
                            struct network_attachment *at)
{
    char text[IP_TEXT_MAX], mac[18];

    *at = (struct network_attachment) { .network = w->net.name,
                                        .network_id = w->net.id,
                                        .interface = arena_strdup(a, inside),
                                        .host_side = host,
                                        .mac = arena_strdup(a, mac_text(w->mac, mac)),
                                        .aliases = w->aliases,
                                        .dns = w->net.dns_enabled && !network_is_dhcp(&w->net),
                                        .dns_servers = w->net.dns_servers };
    for (size_t i = 0; i < w->n_addrs; i++)
        at->addresses = strv_add(a, at->addresses, ip_net_text(&w->addrs[i], text));
    for (size_t i = 0; i < w->net.subnets.n; i++)
        if (w->net.subnets.items[i].gateway && !w->net.internal)
            at->gateways = strv_add(a, at->gateways, w->net.subnets.items[i].gateway);
}

/* Nobody on the network tells a container where its router is, unless DHCPv6 does the addresses: it knows of no routes,
 * so that advertisements are what they come from; the link-local address, which it speaks from, is there at once. */
static void advertisements(const struct net_want *w, const char *inside, size_t nth, int netns)
{
    static const char off[] = "0", on[] = "1",
                      always[] = "2"; /* also where the container forwards */
    bool listen = network_is_dhcp(&w->net) && w->net.ipv6_enabled;
    bool routes = !w->net.internal && !net_bool_option(&w->net, "no_default_route");
    uint32_t metric = net_number_option(&w->net, "metric");
    char number[16], path[128];
    AUTO_CLOSE int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    snprintf(number, sizeof(number), "%u", metric ? metric : 100 + (unsigned)nth);
    const struct {
        const char *name, *value;
        bool always;
    } settings[] = {
        { "accept_ra", listen ? always : off, true },
        { "autoconf", off, false },
        { "accept_dad", off, false },
        { "router_solicitation_delay", off, false },
        { "accept_ra_defrtr", routes ? on : off, false },
        { "ra_defrtr_metric", number, false },
    };
    if (own < 0 || setns(netns, CLONE_NEWNET) < 0)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        if (!settings[i].always && !listen)
            continue;
        snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", inside, settings[i].name);
        (void)!fs_write_kernel(AT_FDCWD, path, settings[i].value);
    }
    if (setns(own, CLONE_NEWNET) < 0)
        abort();
}

/* The address of a family that the user wants; NULL: none. */
static const struct ip_addr *fixed_of(const struct net_want *w, int family)
{
    for (size_t i = 0; i < w->n_fixed; i++)
        if (w->fixed[i].family == family)
            return &w->fixed[i];
    return NULL;
}

/* One IPv4 address, and one IPv6 address where the network has any: the user can wish for no more. */
static int check_wishes(const struct net_want *w, struct err *err)
{
    bool four = fixed_of(w, AF_INET), six = fixed_of(w, AF_INET6);

    if (six && !w->net.ipv6_enabled)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "network %s has no IPv6: create it with --ipv6 to ask for an IPv6 address",
                       w->net.name);
    return w->n_fixed > (size_t)four + six
               ? err_set(err, ERR_BAD_PARAM, EINVAL,
                         "network %s: a DHCP server gives one address of a family: more cannot be "
                         "asked for",
                         w->net.name)
               : 0;
}

static int take_lease(struct attaching *x, struct net_want *w, const struct link_inside *in,
                      struct dhcp_lease *l, struct err *err)
{
    static const struct ip_addr any;
    const struct ip_addr *wanted = fixed_of(w, l->six ? AF_INET6 : AF_INET);
    int fd = -EBADF;

    if (l->six)
        dhcp6_name_client(x->a, l, in->mac, x->p->id, w->net.id);
    else
        dhcp_name_client(x->a, l, in->mac, STR_EQ(w->net.driver, "ipvlan"), x->p->id, w->net.id);
    int r = (l->six ? dhcp6_acquire : dhcp_acquire)(x->a, x->netns, in->index, l,
                                                    wanted ? wanted : &any, &fd, err);
    if (r < 0)
        return r;
    AUTO_JSON *doc = json_from(&dhcp_lease_type, l);
    AUTO_BUF text = { 0 };
    json_text(doc, 0, &text);
    net_add_fd(x->a, x->p, fd, arena_printf(x->a, "dhcp %s", text.data));
    *LIST_ADD(x->a, x->p->leases) = *l;
    w->n_addrs += ip_net_parse(l->address, &w->addrs[w->n_addrs]) == 0;
    return 0;
}

/* Address and routes of the interface come from the network's server. */
static int lease_interface(struct attaching *x, struct net_want *w, size_t nth,
                           struct link_inside *in, struct link_route **routes, struct err *err)
{
    uint32_t metric = net_number_option(&w->net, "metric");
    struct dhcp_lease l = { .network = w->net.name,
                            .interface = arena_strdup(x->a, in->name),
                            .host_name = arena_strdup(x->a, x->p->host_name),
                            .no_default = w->net.internal ||
                                          net_bool_option(&w->net, "no_default_route"),
                            .metric = metric ? metric : 100 + (uint32_t)nth };
    struct dhcp_lease l6 = l;

    w->addrs = arena_alloc(x->a, 2 * sizeof(*w->addrs));
    w->n_addrs = 0;
    int r = check_wishes(w, err);
    if (r == 0)
        r = link_configure(x->in, in, err); /* up */
    if (r == 0)
        r = take_lease(x, w, in, &l, err);
    l6.six = true;
    if (r == 0 && w->net.ipv6_enabled)
        r = take_lease(x, w, in, &l6, err);
    if (r < 0)
        return r;
    in->addrs = w->addrs;
    in->n_addrs = w->n_addrs;
    in->mtu = net_number_option(&w->net, "mtu") ? 0 : (uint32_t)l.mtu;
    for (char **p = l.routes; p && *p; p++) {
        struct link_route route = { .metric = (uint32_t)l.metric };
        char **f = strv_split(x->a, *p, ' ');
        if (strv_len(f) != 2 || ip_net_parse(f[0], &route.to) < 0 ||
            ip_parse(f[1], &route.gateway) < 0)
            continue;
        if (ip_unspecified(&route.gateway))
            route.gateway.family = 0;
        add_route(x->a, in, routes, &route);
    }
    return 0;
}

static void note_lease(struct arena *a, const struct net_plan *p, struct network_attachment *at)
{
    static const char whole[] = "0.0.0.0/0 ";

    for (size_t i = 0; i < p->leases.n; i++) {
        const struct dhcp_lease *l = &p->leases.items[i];
        for (char **r = STR_EQ(l->interface, at->interface) ? l->routes : NULL; r && *r; r++)
            if (str_starts(*r, whole) && !at->gateways)
                at->gateways = strv_add(a, NULL, *r + strlen(whole));
    }
}

int net_attach_one(struct attaching *x, struct net_want *w, size_t nth,
                   struct network_attachment *at, struct err *err)
{
    struct arena *a = x->a;
    char *inside = w->interface ? w->interface : arena_printf(a, "eth%zu", nth), *host_end = NULL;
    struct link_inside conf = { .name = inside, .addrs = w->addrs, .n_addrs = w->n_addrs };
    struct link_route *routes = NULL;
    bool dhcp = network_is_dhcp(&w->net);

    choose_mac(x->p, w);
    int r = make_interface(x->host, a, w, inside, x->hairpin, x->netns, &host_end, err);
    if (r < 0)
        return r;
    advertisements(w, inside, nth, x->netns);
    if (dhcp)
        r = lease_interface(x, w, nth, &conf, &routes, err);
    else
        default_routes(a, w, nth, &conf, &routes);
    if (r < 0) { /* a container that runs already goes on without it */
        (void)!link_delete(x->in, inside);
        return r;
    }
    static_routes(a, w, &conf, &routes);
    r = link_configure(x->in, &conf, err);
    if (r < 0)
        return r;
    memcpy(w->mac, conf.mac, 6);
    note_attachment(a, w, inside, host_end, at);
    if (dhcp)
        note_lease(a, x->p, at);
    return 0;
}

/* ---------- names ---------- */

static int dns_socket(int type, uint16_t *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(0x7f00000bu) } };
    socklen_t len = sizeof(at);
    AUTO_CLOSE int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
        (type == SOCK_STREAM && listen(fd, 64) < 0) ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0)
        return -errno;
    *port = ntohs(at.sin_port);
    return HANDOVER_FD(fd);
}

/* Made inside the namespace, handed to the monitor. */
static int dns_sockets(struct arena *a, struct net_plan *p, int netns, struct err *err)
{
    AUTO_CLOSE int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    AUTO_NL nl = { .fd = -EBADF };
    uint16_t udp_port = 0, tcp_port = 0;

    if (own < 0 || setns(netns, CLONE_NEWNET) < 0)
        return err_sys(err, errno, "entering the container's network namespace");
    AUTO_CLOSE int udp = dns_socket(SOCK_DGRAM, &udp_port);
    AUTO_CLOSE int tcp = dns_socket(SOCK_STREAM, &tcp_port);
    int r = nl_open(&nl, NETLINK_NETFILTER);
    if (setns(own, CLONE_NEWNET) < 0)
        abort();
    if (udp < 0 || tcp < 0)
        return err_sys(err, udp < 0 ? -udp : -tcp, "making the sockets for names");
    r = r < 0 ? err_sys(err, -r, "opening a netfilter socket")
              : firewall_dns(&nl, udp_port, tcp_port, err);
    if (r < 0)
        return r;
    net_add_fd(a, p, HANDOVER_FD(udp), "dns-udp");
    net_add_fd(a, p, HANDOVER_FD(tcp), "dns-tcp");
    return 0;
}

int net_attach(const struct net_env *env, struct arena *a, struct net_plan *p, int netns,
               struct err *err)
{
    AUTO_NL host = { .fd = -EBADF }, in = { .fd = -EBADF };
    bool dns = p->dns;

    (void)env;
    int r = nl_open(&host, NETLINK_ROUTE);
    if (r == 0)
        r = nl_open_in(&in, NETLINK_ROUTE, netns);
    if (r < 0)
        return err_sys(err, -r, "opening a netlink socket");
    struct attaching x = { &host, &in, a, p, netns, p->n_ports > 0 };
    for (size_t i = 0; r == 0 && i < p->n_wants; i++) {
        r = net_attach_one(&x, &p->wants[i], i, LIST_ADD(a, p->state.networks), err);
        dns |= r == 0 && p->state.networks.items[i].dns;
    }
    if (r == 0 && !p->n_wants)
        (void)!link_loopback_up(&in);
    for (size_t i = 0; i < p->n_ports; i++)
        *LIST_ADD(a, p->state.ports) = p->ports[i];
    if (r < 0)
        return r;
    /* Also without names now: a network that has them may be connected later, and sockets cannot come later. */
    r = dns_sockets(a, p, netns, err);
    if (r < 0 && !dns) {
        err_clear(err);
        return 0;
    }
    return r;
}
