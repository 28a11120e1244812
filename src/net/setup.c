#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/fs.h"
#include "base/parse.h"
#include "net/dhcp.h"
#include "net/firewall.h"
#include "net/link.h"
#include "net/setup.h"

#include "base/banned.h"

void net_plan_done(struct net_plan *p)
{
    for (size_t i = 0; i < p->n_fds; i++)
        close_p(&p->fds[i]);
    p->n_fds = 0;
}

static void add_fd(struct arena *a, struct net_plan *p, int fd, const char *use)
{
    p->fds = arena_grow(a, p->fds, p->n_fds, sizeof(*p->fds));
    p->fds[p->n_fds++] = fd;
    p->uses = strv_add(a, p->uses, use);
}

/* ---------- kernel settings ---------- */

/* Of the namespace that we are in.  A host without IPv6 has no such file; that is no failure. */
static int sysctl(const char *path, const char *value, struct err *err)
{
    int r = fs_write_kernel(AT_FDCWD, path, value);

    if (r == 0 || r == -ENOENT)
        return 0;
    AUTO_BUF now = { .max = 64 }; /* a read-only /proc/sys that says what we want is fine */
    if (fs_read_file(AT_FDCWD, path, &now) == 0 && now.data && now.data[0] == value[0])
        return 0;
    return err_sys(err, -r, "setting %s to %s", path, value);
}

static int bridge_sysctls(const struct network *n, bool ports, struct err *err)
{
    char path[128];
    int r = 0;

    if (!n->internal)
        r = sysctl("/proc/sys/net/ipv4/ip_forward", "1", err);
    if (r == 0 && n->ipv6_enabled && !n->internal)
        r = sysctl("/proc/sys/net/ipv6/conf/all/forwarding", "1", err);
    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra", n->interface);
    if (r == 0) /* no container tells the host where its router is */
        r = sysctl(path, "0", err);
    snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/route_localnet", n->interface);
    return r == 0 && ports ? sysctl(path, "1", err) : r;
}

/* ---------- bridges and the firewall ---------- */

static uint32_t number_option(const struct network *n, const char *key)
{
    const char *v = network_option(n, key);
    uint32_t out = 0;

    return v && parse_u32(v, &out) == 0 ? out : 0;
}

static bool bool_option(const struct network *n, const char *key)
{
    const char *v = network_option(n, key);
    bool b = false;

    return v && parse_bool(v, &b) == 0 && b;
}

struct fw_bridge net_fw_bridge(struct arena *a, const struct network *n)
{
    struct ip_net *nets = arena_alloc(a, (n->subnets.n + 1) * sizeof(*nets));
    size_t n_nets = 0;
    for (size_t i = 0; i < n->subnets.n; i++)
        n_nets += ip_net_parse(n->subnets.items[i].subnet, &nets[n_nets]) == 0;

    const char *isolate = network_option(n, "isolate");

    return (struct fw_bridge) { .name = n->interface,
                                .nets = nets,
                                .n_nets = n_nets,
                                .masq = !n->internal,
                                .internal = n->internal,
                                .isolated = bool_option(n, "isolate"),
                                .strict = isolate && STR_EQ(isolate, "strict") };
}

static int bridge_up(struct nl *nl, struct arena *a, const struct network *n, bool ports,
                     struct link_info *ret, struct err *err)
{
    struct ip_net *addrs = arena_alloc(a, (n->subnets.n + 1) * sizeof(*addrs));
    struct link_bridge b = { .name = n->interface,
                             .addrs = addrs,
                             .mtu = number_option(n, "mtu"),
                             .vlan = number_option(n, "vlan"),
                             .vrf = network_option(n, "vrf") };

    for (size_t i = 0; i < n->subnets.n; i++) {
        struct ip_net net;
        if (n->subnets.items[i].gateway && ip_net_parse(n->subnets.items[i].subnet, &net) == 0 &&
            ip_parse(n->subnets.items[i].gateway, &net.addr) == 0)
            addrs[b.n_addrs++] = net;
    }
    int r = link_bridge_ensure(nl, &b, ret, err);
    return r < 0 ? r : bridge_sysctls(n, ports, err);
}

/* The whole table: every network that somebody is on, every port that somebody has. */
static int make_table(const struct net_env *env, struct arena *a, struct err *err)
{
    struct network_list all = { 0 };
    JSON_LIST(struct fw_bridge) bridges = { 0 };
    struct fw_port *ports = NULL;
    struct fw_state s = { 0 };
    struct db *db = store_db(env->store, err);
    if (!db)
        return -EIO;

    int r = network_list(&env->networks, a, &all, err);
    if (r == 0)
        r = ipam_published(db, a, NULL, &ports, &s.n_ports, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < all.n; i++)
        if (network_managed(&all.items[i]) && all.items[i].interface)
            *LIST_ADD(a, bridges) = net_fw_bridge(a, &all.items[i]);
    s.bridges = bridges.items;
    s.n_bridges = bridges.n;
    s.ports = ports;
    return firewall_make(&s, err);
}

/* Only who finds that the table is not whole takes the lock: two that find it at once make it once. */
static int firewall_ready(const struct net_env *env, struct arena *a, struct nl *nl, bool force,
                          struct err *err)
{
    int r = force ? 0 : firewall_whole(nl);

    if (r > 0)
        return 0;
    if (r < 0)
        return err_sys(err, -r, "asking for the nftables table podman");
    AUTO_CLOSE int lock = store_lock(env->store, "network", "firewall", err);
    if (lock < 0)
        return lock;
    if (!force && firewall_whole(nl) > 0)
        return 0;
    return make_table(env, a, err);
}

/* ---------- ports ---------- */

static const struct {
    const char *name;
    uint8_t number;
    int type;
} protocols[] = { { "tcp", IPPROTO_TCP, SOCK_STREAM },
                  { "udp", IPPROTO_UDP, SOCK_DGRAM },
                  { "sctp", IPPROTO_SCTP, SOCK_STREAM } };

static size_t protocol_of(const char *name)
{
    size_t i = 0;

    while (i + 1 < ARRAY_SIZE(protocols) && !STR_EQ(protocols[i].name, name))
        i++;
    return i;
}

/* The address of one family that ports lead to: the first network's that takes any. */
static struct ip_addr target(const struct net_plan *p, int family)
{
    for (size_t i = 0; i < p->n_wants; i++) {
        const struct net_want *w = &p->wants[i];
        if (!STR_EQ(w->net.driver, "bridge") || w->net.internal)
            continue;
        for (size_t k = 0; k < w->n_addrs; k++)
            if (w->addrs[k].addr.family == family)
                return w->addrs[k].addr;
    }
    return (struct ip_addr) { 0 };
}

/* @listens: somebody will accept what comes. */
static int bind_once(const struct ip_addr *host, int family, const struct network_port *port,
                     bool listens)
{
    size_t proto = protocol_of(port->protocol);
    bool tcp = protocols[proto].number == IPPROTO_TCP;
    union {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } at = { .sa = { .sa_family = (sa_family_t)family } };
    int on = 1;

    AUTO_CLOSE int fd = socket(family, protocols[proto].type | SOCK_CLOEXEC | SOCK_NONBLOCK,
                               protocols[proto].number);
    if (fd < 0)
        return -errno;
    if (family == AF_INET6) {
        at.in6.sin6_port = htons((uint16_t)port->host_port);
        memcpy(&at.in6.sin6_addr, host->b, 16);
        (void)!setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    } else {
        at.in.sin_port = htons((uint16_t)port->host_port);
        memcpy(&at.in.sin_addr, host->b, 4);
    }
    if (tcp && listens)
        (void)!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, &at.sa, family == AF_INET6 ? sizeof(at.in6) : sizeof(at.in)) < 0 ||
        (tcp && listens && listen(fd, 1024) < 0))
        return -errno;
    return HANDOVER_FD(fd);
}

/* A socket that only keeps others off does not listen: whoever comes while the rules are gone is refused at once
 * instead of waiting for nobody.  Connections of an earlier owner that linger are no reason to refuse; only
 * a socket that listens gets past those, and a listener of somebody else's is still in the way. */
static int bind_port(const struct ip_addr *host, int family, const struct network_port *port,
                     bool listens)
{
    int fd = bind_once(host, family, port, listens);

    return fd == -EADDRINUSE && !listens ? bind_once(host, family, port, true) : fd;
}

static int port_refused(const struct network_port *port, int family, int errnum, struct err *err)
{
    bool tcp = STR_EQ(port->protocol, "tcp");

    if (errnum == EACCES)
        return err_set(err, ERR_DENIED, EACCES,
                       "cannot expose privileged port %lld, you can add "
                       "'net.ipv4.ip_unprivileged_port_start=%lld' to /etc/sysctl.conf, or choose "
                       "a larger port number (>= 1024): bind: permission denied",
                       (long long)port->host_port, (long long)port->host_port);
    return err_set(err, errnum == EADDRINUSE ? ERR_CONFLICT : err_kind_of_errno(errnum), errnum,
                   "cannot listen on the %s port: listen %s%c %s:%lld: bind: %s",
                   tcp                             ? "TCP"
                   : STR_EQ(port->protocol, "udp") ? "UDP"
                                                   : "SCTP",
                   port->protocol, family == AF_INET6 ? '6' : '4',
                   port->host_ip ? port->host_ip : "", (long long)port->host_port,
                   errnum == EADDRINUSE ? "address already in use" : strerror(errnum));
}

/* One port in one family of the host.  Where the container has an address of the family, packets are led there by
 * the firewall and the socket only keeps others off; the monitor passes on what cannot be led. */
static int reserve_one(struct arena *a, struct net_plan *p, const struct network_port *port,
                       int family, bool pass_all, bool must, struct err *err)
{
    struct ip_addr host = { .family = family }, to = target(p, family), other;
    bool sctp = STR_EQ(port->protocol, "sctp");
    char text[IP_TEXT_MAX];

    if (port->host_ip && ip_parse(port->host_ip, &host) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "host IP \"%s\" is not an address",
                       port->host_ip);
    other = to.family ? to : target(p, family == AF_INET ? AF_INET6 : AF_INET);
    bool pass = pass_all || !to.family ||
                (family == AF_INET6 && (!port->host_ip || ip_loopback(&host)));
    pass = p->own_address ? !sctp : pass && !sctp && other.family;
    int fd = bind_port(&host, family, port, pass);
    if (fd < 0 && sctp && fd == -EPROTONOSUPPORT)
        return 0; /* nobody on this host can take it either */
    if (fd < 0 && !must && fd != -EADDRINUSE)
        return 0; /* no IPv6 here */
    if (fd < 0)
        return port_refused(port, family, -fd, err);
    if (pass)
        add_fd(a, p, fd,
               arena_printf(a, "proxy %s %s %lld", port->protocol,
                            p->own_address ? "-" : ip_text(&other, text),
                            (long long)port->container_port));
    else
        add_fd(a, p, fd, "hold");
    return 0;
}

static int reserve_sockets(struct arena *a, struct net_plan *p, bool pass_all, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < p->n_ports; i++) {
        const struct network_port *port = &p->ports[i];
        struct ip_addr host = { 0 };
        if (port->host_ip && ip_parse(port->host_ip, &host) < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "host IP \"%s\" is not an address",
                           port->host_ip);
        if (host.family != AF_INET6)
            r = reserve_one(a, p, port, AF_INET, pass_all, true, err);
        if (r == 0 && host.family != AF_INET)
            r = reserve_one(a, p, port, AF_INET6, pass_all, host.family != 0, err);
    }
    return r;
}

/* Elements for the firewall; ports that follow each other share one. */
static void fw_ports(struct arena *a, const struct net_plan *p, struct fw_port **ret, size_t *ret_n)
{
    static const int families[] = { AF_INET, AF_INET6 };
    JSON_LIST(struct fw_port) out = { 0 };

    for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
        struct ip_addr to = target(p, families[f]);
        for (size_t i = 0; to.family && i < p->n_ports; i++) {
            const struct network_port *port = &p->ports[i];
            struct fw_port e = { .proto = protocols[protocol_of(port->protocol)].number,
                                 .host_port = (uint16_t)port->host_port,
                                 .to_port = (uint16_t)port->container_port,
                                 .count = 1,
                                 .to = to };
            if (port->host_ip && ip_parse(port->host_ip, &e.host) < 0)
                continue;
            if (e.host.family &&
                (e.host.family != to.family || (to.family == AF_INET6 && ip_loopback(&e.host))))
                continue;
            struct fw_port *last = out.n ? &out.items[out.n - 1] : NULL;
            if (last && last->proto == e.proto && ip_cmp(&last->host, &e.host) == 0 &&
                ip_cmp(&last->to, &e.to) == 0 && last->host_port + last->count == e.host_port &&
                last->to_port + last->count == e.to_port)
                last->count++;
            else
                *LIST_ADD(a, out) = e;
        }
    }
    *ret = out.items;
    *ret_n = out.n;
}

static int remove_ports(struct db *db, const char *id, struct err *err)
{
    AUTO_ARENA a = { 0 };
    AUTO_NL nl = { .fd = -EBADF };
    struct fw_port *ports = NULL;
    struct fw_state s = { 0 };

    int r = ipam_published(db, &a, id, &ports, &s.n_ports, err);
    if (r < 0 || !s.n_ports)
        return r;
    s.ports = ports;
    r = nl_open(&nl, NETLINK_NETFILTER);
    r = r < 0 ? err_sys(err, -r, "opening a netfilter socket") : firewall_remove(&nl, &s, err);
    nl_close_elsewhere(&nl);
    return r < 0 ? r : ipam_unpublish(db, id, err);
}

/* ---------- reserving ---------- */

/* Everything about one container in one short transaction.  -EAGAIN with @dead: see ipam_take(). */
static int write_rows(const struct net_env *env, struct arena *a, struct net_plan *p,
                      struct fw_port **ports, size_t *n_ports, char *dead, char **owner,
                      struct err *err)
{
    struct db *db = store_db(env->store, err);
    int r = db ? db_begin(db, DB_FAST, err) : -EIO;

    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < p->n_wants; i++) {
        struct net_want *w = &p->wants[i];
        struct ipam_wish wish = { .net = &w->net,
                                  .container = p->id,
                                  .fixed = w->fixed,
                                  .n_fixed = w->n_fixed,
                                  .alive = env->alive,
                                  .arg = env->arg };
        r = ipam_take(db, a, &wish, &w->addrs, &w->n_addrs, dead, err);
    }
    if (r == 0) {
        fw_ports(a, p, ports, n_ports);
        r = ipam_publish(db, a, p->id, *ports, *n_ports, owner, err);
    }
    if (r < 0 || *owner) {
        db_rollback(db);
        return r;
    }
    return db_commit(db, err);
}

static int owner_refuses(const struct net_env *env, struct arena *a, const struct net_plan *p,
                         const char *owner, struct err *err)
{
    const char *name = env->name_of(env->arg, a, owner);
    const struct network_port *port = p->ports;

    for (size_t i = 0; i < p->n_ports; i++) { /* which one the kernel knows best */
        struct ip_addr any = { .family = AF_INET };
        int family = AF_INET;
        if (p->ports[i].host_ip && ip_parse(p->ports[i].host_ip, &any) == 0)
            family = any.family;
        AUTO_CLOSE int fd = bind_port(&any, family, &p->ports[i], false);
        if (fd == -EADDRINUSE) {
            port = &p->ports[i];
            break;
        }
    }
    return err_set(err, ERR_CONFLICT, EADDRINUSE,
                   "cannot listen on the %s port: listen %s4 %s:%lld: bind: address already in "
                   "use: published by container %s",
                   STR_EQ(port->protocol, "tcp")   ? "TCP"
                   : STR_EQ(port->protocol, "udp") ? "UDP"
                                                   : "SCTP",
                   port->protocol, port->host_ip ? port->host_ip : "", (long long)port->host_port,
                   name ? name : owner);
}

static int reserve_rows(const struct net_env *env, struct arena *a, struct net_plan *p,
                        struct fw_port **ports, size_t *n_ports, struct err *err)
{
    for (int tries = 0;; tries++) {
        char dead[65] = "", *owner = NULL;
        int r = write_rows(env, a, p, ports, n_ports, dead, &owner, err);
        if (r == -EAGAIN && *dead && tries < 1000)
            r = net_release(env, dead, err);
        else if (r == 0 && owner) {
            if (env->alive(env->arg, owner))
                return owner_refuses(env, a, p, owner, err);
            r = net_release(env, owner, err);
        } else
            return r;
        if (r < 0)
            return r;
    }
}

static int host_side(const struct net_env *env, struct arena *a, struct net_plan *p,
                     const struct fw_port *ports, size_t n_ports, struct err *err)
{
    JSON_LIST(struct fw_bridge) bridges = { 0 };
    AUTO_NL route = { .fd = -EBADF }, filter = { .fd = -EBADF };
    struct link_info l;

    int r = nl_open(&route, NETLINK_ROUTE);
    for (size_t i = 0; r == 0 && i < p->n_wants; i++) {
        const struct network *n = &p->wants[i].net;
        if (!network_managed(n))
            continue;
        *LIST_ADD(a, bridges) = net_fw_bridge(a, n);
        r = bridge_up(&route, a, n, n_ports > 0, &l, err);
        if (r < 0)
            return r;
    }
    if (r < 0)
        return err_sys(err, -r, "opening a netlink socket");
    if (!bridges.n)
        return 0;
    r = nl_open(&filter, NETLINK_NETFILTER);
    if (r < 0)
        return err_sys(err, -r, "opening a netfilter socket");
    r = firewall_ready(env, a, &filter, false, err);
    struct fw_state s = {
        .bridges = bridges.items, .n_bridges = bridges.n, .ports = ports, .n_ports = n_ports
    };
    return r < 0 ? r : firewall_add(&filter, &s, err);
}

int net_reserve(const struct net_env *env, struct arena *a, struct net_plan *p, struct err *err)
{
    struct fw_port *ports = NULL;
    size_t n_ports = 0;

    int r = net_release(env, p->id, err); /* of an earlier run that was cut off */
    if (r == 0)
        r = net_reclaim(env, 4, err);
    if (r == 0)
        r = reserve_rows(env, a, p, &ports, &n_ports, err);
    if (r < 0)
        return r;
    r = host_side(env, a, p, ports, n_ports, err);
    if (r < 0)
        (void)!net_release(env, p->id, NULL);
    return r;
}

int net_bind_ports(struct arena *a, struct net_plan *p, bool pass_all, struct err *err)
{
    return reserve_sockets(a, p, pass_all, err);
}

int net_release(const struct net_env *env, const char *id, struct err *err)
{
    struct db *db = store_db(env->store, err);
    if (!db)
        return -EIO;
    if (!ipam_has_rows(db, id)) /* most often: writing would wait for others */
        return 0;

    int r = remove_ports(db, id, err);
    return r < 0 ? r : ipam_release(db, id, NULL, err);
}

int net_forget(const struct net_env *env, const char *id, const char *network, struct err *err)
{
    struct db *db = store_db(env->store, err);
    if (!db)
        return -EIO;
    int r = network ? 0 : ipam_unpublish(db, id, err);

    return r < 0 ? r : ipam_release(db, id, network, err);
}

int net_reclaim(const struct net_env *env, int64_t max, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct db *db = store_db(env->store, err);
    if (!db)
        return -EIO;
    char **ids = max < 0 ? ipam_all(db, &a) : ipam_some(db, &a, max);

    for (int r; ids && *ids; ids++)
        if (!env->alive(env->arg, *ids) && (r = net_release(env, *ids, err)) < 0)
            return r;
    return 0;
}

int net_repair(const struct net_env *env, bool force, struct err *err)
{
    AUTO_ARENA a = { 0 };
    AUTO_NL route = { .fd = -EBADF }, filter = { .fd = -EBADF };
    struct network_list all = { 0 };
    struct link_info l;
    struct db *db = store_db(env->store, err);
    if (!db)
        return -EIO;

    int r = nl_open(&route, NETLINK_ROUTE);
    if (r == 0)
        r = nl_open(&filter, NETLINK_NETFILTER);
    if (r < 0)
        return err_sys(err, -r, "opening a netlink socket");
    r = network_list(&env->networks, &a, &all, err);
    for (size_t i = 0; r == 0 && i < all.n; i++)
        if (network_managed(&all.items[i]) && ipam_on(db, &a, all.items[i].name))
            r = bridge_up(&route, &a, &all.items[i], true, &l, err);
    return r < 0 ? r : firewall_ready(env, &a, &filter, force, err);
}

/* ---------- attaching ---------- */

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
    uint32_t metric = number_option(&w->net, "metric");

    if (w->net.internal || bool_option(&w->net, "no_default_route"))
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
                              .mtu = number_option(&w->net, "mtu"),
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
                               .mtu = number_option(&w->net, "mtu"),
                               .vlan = number_option(&w->net, "vlan"),
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

/* Nobody on the network tells a container where its router is. */
static void no_advertisements(const char *inside, int netns)
{
    AUTO_CLOSE int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    char path[128];

    if (own < 0 || setns(netns, CLONE_NEWNET) < 0)
        return;
    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra", inside);
    (void)!fs_write_kernel(AT_FDCWD, path, "0");
    if (setns(own, CLONE_NEWNET) < 0)
        abort();
}

/* What attach_one() works with. */
struct attaching {
    struct nl *host, *in;
    struct arena *a;
    struct net_plan *p;
    int netns;
    bool hairpin;
};

static int take_lease(struct attaching *x, struct net_want *w, struct link_inside *in,
                      struct dhcp_lease *l, struct err *err)
{
    const struct ip_addr any = { 0 };
    int fd = -EBADF;

    if (w->n_fixed > 1 || (w->n_fixed && w->fixed[0].family != AF_INET))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "network %s: a DHCP server gives one IPv4 address: more cannot be asked for",
                       w->net.name);
    int r = link_configure(x->in, in, err); /* up */
    if (r < 0)
        return r;
    dhcp_name_client(x->a, l, in->mac, STR_EQ(w->net.driver, "ipvlan"), x->p->id, w->net.id);
    r = dhcp_acquire(x->a, x->netns, in->index, l, w->n_fixed ? &w->fixed[0] : &any, &fd, err);
    if (r < 0)
        return r;
    AUTO_JSON *doc = json_from(&dhcp_lease_type, l);
    AUTO_BUF text = { 0 };
    json_text(doc, 0, &text);
    add_fd(x->a, x->p, fd, arena_printf(x->a, "dhcp %s", text.data));
    *LIST_ADD(x->a, x->p->leases) = *l;
    return 0;
}

/* Address and routes of the interface come from the network's server. */
static int lease_interface(struct attaching *x, struct net_want *w, size_t nth,
                           struct link_inside *in, struct link_route **routes, struct err *err)
{
    uint32_t metric = number_option(&w->net, "metric");
    struct dhcp_lease l = { .network = w->net.name,
                            .interface = arena_strdup(x->a, in->name),
                            .host_name = arena_strdup(x->a, x->p->host_name),
                            .no_default = w->net.internal ||
                                          bool_option(&w->net, "no_default_route"),
                            .metric = metric ? metric : 100 + (uint32_t)nth };
    int r = take_lease(x, w, in, &l, err);
    if (r < 0)
        return r;
    w->addrs = arena_alloc(x->a, sizeof(*w->addrs));
    w->n_addrs = ip_net_parse(l.address, &w->addrs[0]) == 0;
    in->addrs = w->addrs;
    in->n_addrs = w->n_addrs;
    in->mtu = number_option(&w->net, "mtu") ? 0 : (uint32_t)l.mtu;
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
    const struct dhcp_lease *l = &p->leases.items[p->leases.n - 1];

    for (char **r = l->routes; r && *r; r++)
        if (str_starts(*r, whole) && !at->gateways)
            at->gateways = strv_add(a, NULL, *r + strlen(whole));
}

static int attach_one(struct attaching *x, struct net_want *w, size_t nth,
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
    no_advertisements(inside, x->netns);
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
    add_fd(a, p, HANDOVER_FD(udp), "dns-udp");
    add_fd(a, p, HANDOVER_FD(tcp), "dns-tcp");
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
        r = attach_one(&x, &p->wants[i], i, LIST_ADD(a, p->state.networks), err);
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

/* ---------- while it runs ---------- */

int net_republish(const struct net_env *env, struct arena *a, struct net_plan *p, struct err *err)
{
    struct db *db = store_db(env->store, err);
    struct fw_port *ports = NULL;
    struct fw_state s = { 0 };
    char *owner;
    if (!db)
        return -EIO;

    int r = remove_ports(db, p->id, err);
    if (r < 0)
        return r;
    fw_ports(a, p, &ports, &s.n_ports);
    s.ports = ports;
    r = ipam_publish(db, a, p->id, ports, s.n_ports, &owner, err);
    if (r == 0 && owner)
        return err_set(err, ERR_CONFLICT, EADDRINUSE, "a port is published by container %s", owner);
    AUTO_NL nl = { .fd = -EBADF };
    if (r == 0 && (r = nl_open(&nl, NETLINK_NETFILTER)) < 0)
        return err_sys(err, -r, "opening a netfilter socket");
    return r < 0 ? r : firewall_add(&nl, &s, err);
}

static bool interface_taken(const struct network_state *st, const char *name)
{
    for (size_t i = 0; i < st->networks.n; i++)
        if (STR_EQ(st->networks.items[i].interface, name))
            return true;
    return false;
}

int net_reattach(const struct net_env *env, const struct network_state *st, struct err *err)
{
    AUTO_ARENA a = { 0 };
    AUTO_NL nl = { .fd = -EBADF };

    int r = nl_open(&nl, NETLINK_ROUTE);
    for (size_t i = 0; r == 0 && i < st->networks.n; i++) {
        const struct network_attachment *at = &st->networks.items[i];
        struct network n;
        struct link_info l;
        if (!at->host_side || network_load(&env->networks, &a, at->network, &n, NULL) < 0 ||
            !n.interface || link_find(&nl, n.interface, &l) < 0)
            continue;
        r = link_enslave(&nl, at->host_side, l.index, st->ports.n > 0);
    }
    return r < 0 ? err_sys(err, -r, "putting interfaces back onto their bridges") : 0;
}

int net_connect(const struct net_env *env, struct arena *a, struct net_plan *one, int netns,
                const struct network_state *st, struct err *err)
{
    AUTO_NL host = { .fd = -EBADF }, in = { .fd = -EBADF };
    struct fw_port *none = NULL;
    struct db *db = store_db(env->store, err);
    size_t n = 0, nth = 0;
    if (!db)
        return -EIO;

    int r = reserve_rows(env, a, one, &none, &n, err);
    if (r == 0)
        r = host_side(env, a, one, NULL, 0, err);
    if (r == 0 && (r = nl_open(&host, NETLINK_ROUTE)) == 0)
        r = nl_open_in(&in, NETLINK_ROUTE, netns);
    struct attaching x = { &host, &in, a, one, netns, st->ports.n > 0 };
    while (interface_taken(st, arena_printf(a, "eth%zu", nth)))
        nth++;
    if (r == 0)
        r = attach_one(&x, one->wants, nth, LIST_ADD(a, one->state.networks), err);
    if (r < 0) {
        (void)!ipam_release(db, one->id, one->wants[0].net.name, NULL);
        return err && !err->kind ? err_sys(err, -r, "opening a netlink socket") : r;
    }
    return 0;
}

int net_disconnect(const struct net_env *env, const char *id, const struct network_attachment *at,
                   int netns, struct err *err)
{
    AUTO_NL in = { .fd = -EBADF };
    struct db *db = store_db(env->store, err);
    if (!db)
        return -EIO;

    int r = netns < 0 ? 0 : nl_open_in(&in, NETLINK_ROUTE, netns);
    if (r == 0 && netns >= 0)
        r = link_delete(&in, at->interface);
    if (r < 0 && r != -ENODEV)
        return err_sys(err, -r, "removing the interface %s", at->interface);
    return ipam_release(db, id, at->network, err);
}
