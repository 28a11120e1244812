#include <netinet/in.h>
#include <sys/socket.h>

#include "net/setup_priv.h"

#include "base/banned.h"

/* Published ports: sockets on the host that keep others off or that the monitor serves, and what the firewall leads. */

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
        net_add_fd(a, p, fd,
                   arena_printf(a, "proxy %s %s %lld", port->protocol,
                                p->own_address ? "-" : ip_text(&other, text),
                                (long long)port->container_port));
    else
        net_add_fd(a, p, fd, "hold");
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
void net_fw_ports(struct arena *a, const struct net_plan *p, struct fw_port **ret, size_t *ret_n)
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

int net_port_owned(const struct net_env *env, struct arena *a, const struct net_plan *p,
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

int net_bind_ports(struct arena *a, struct net_plan *p, bool pass_all, struct err *err)
{
    return reserve_sockets(a, p, pass_all, err);
}
