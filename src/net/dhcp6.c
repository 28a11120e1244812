#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/parse.h"
#include "base/proc.h"
#include "net/dhcp.h"
#include "spec/dhcp6.h"

#include "base/banned.h"

#define MS           (NSEC_PER_SEC / 1000)
#define ALTOGETHER   (10 * NSEC_PER_SEC)
#define FIRST_WAIT   (500 * MS)
#define LONGEST_WAIT (4000 * MS)

struct client {
    int fd, ifindex;
    struct dhcp6_message m;
    struct in6_addr wanted; /* ::, or the address that it has to be */
    int64_t begun, end;
    bool refused, none; /* another address was offered; a server has none */
    struct in6_addr offered;
};

void dhcp6_name_client(struct arena *a, struct dhcp_lease *l, const uint8_t mac[6],
                       const char *container, const char *network)
{
    uint8_t own[6];
    char text[18];

    l->six = true;
    l->mac = arena_strdup(a, mac_text(mac, text));
    /* A UUID (RFC 6355) for the container and a number for its interface: both are the same at every start. */
    l->id = arena_printf(a, "0004%.32s", container);
    dhcp_mac_of(container, network, own);
    for (size_t i = 2; i < sizeof(own); i++)
        l->iaid = l->iaid << 8 | own[i];
}

static int open_socket(int netns, int ifindex)
{
    struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons(DHCP6_CLIENT_PORT) };
    int on = 1;
    AUTO_CLOSE int fd = proc_socket_in(netns, AF_INET6, SOCK_DGRAM, 0);

    if (fd < 0)
        return fd;
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &ifindex, sizeof(ifindex)) < 0 ||
        bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
        return -errno;
    return HANDOVER_FD(fd);
}

/* Once the interface has its link-local address, which takes a moment, it can be sent. */
static bool send_message(struct client *c, int64_t until)
{
    struct sockaddr_in6 to = { .sin6_family = AF_INET6,
                               .sin6_port = htons(DHCP6_SERVER_PORT),
                               .sin6_scope_id = (uint32_t)c->ifindex };
    struct timespec moment = { .tv_nsec = 10 * MS };
    AUTO_BUF b = { 0 };

    (void)!inet_pton(AF_INET6, DHCP6_SERVERS, &to.sin6_addr);
    c->m.elapsed = (uint16_t)((time_monotonic() - c->begun) / (10 * MS));
    dhcp6_build(&b, &c->m);
    while (sendto(c->fd, b.data, b.len, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof(to)) < 0) {
        if (time_monotonic() >= until)
            return false;
        nanosleep(&moment, NULL);
    }
    return true;
}

/* One answer to what was asked last, until @deadline.  False: none came. */
static bool receive(struct client *c, int64_t deadline, struct dhcp6_reply *r)
{
    for (;;) {
        uint8_t data[4096];
        ssize_t n = recv(c->fd, data, sizeof(data), MSG_DONTWAIT);
        if (n > 0 && dhcp6_parse(data, (size_t)n, &c->m, r) == 0)
            return true;
        if (n >= 0)
            continue;
        int64_t left = deadline - time_monotonic();
        struct pollfd p = { .fd = c->fd, .events = POLLIN };
        if (left <= 0)
            return false;
        (void)!poll(&p, 1, (int)(left / MS) + 1);
    }
}

/* Is it what was asked for?  What was not is remembered: it is said at the end. */
static bool acceptable(struct client *c, enum dhcp6_type type, const struct dhcp6_reply *r)
{
    if (r->type != type)
        return false;
    if (!r->has_address) {
        c->none = true;
        return false;
    }
    if (!IN6_IS_ADDR_UNSPECIFIED(&c->wanted) &&
        memcmp(&c->wanted, &r->address, sizeof(c->wanted)) != 0) {
        c->refused = true;
        c->offered = r->address;
        return false;
    }
    return true;
}

static bool exchange(struct client *c, enum dhcp6_type ask, enum dhcp6_type answer, int tries,
                     struct dhcp6_reply *r)
{
    uint32_t xid;

    if (getrandom(&xid, sizeof(xid), 0) != sizeof(xid))
        abort();
    c->m.type = ask;
    c->m.xid = xid & 0xffffff;
    for (int64_t wait = FIRST_WAIT; tries && time_monotonic() < c->end; tries--, wait *= 2) {
        int64_t until = MIN(time_monotonic() + MIN(wait, LONGEST_WAIT), c->end);
        if (!send_message(c, until))
            continue;
        while (receive(c, until, r))
            if (acceptable(c, answer, r))
                return true;
    }
    return false;
}

static bool ask(struct client *c, struct dhcp6_reply *r)
{
    struct dhcp6_message blank = c->m;

    while (time_monotonic() < c->end) {
        c->m = blank;
        c->m.address = c->wanted;
        if (!exchange(c, DHCP6_SOLICIT, DHCP6_ADVERTISE, -1, r))
            return false;
        c->m.server = r->server;
        c->m.address = r->address;
        if (exchange(c, DHCP6_REQUEST, DHCP6_REPLY, 3, r))
            return true;
    }
    return false;
}

static int say_why(const struct client *c, const struct dhcp_lease *l, struct err *err)
{
    char wanted[INET6_ADDRSTRLEN], offered[INET6_ADDRSTRLEN];

    if (c->refused)
        return err_set(err, ERR_CONFLICT, EADDRNOTAVAIL,
                       "the DHCPv6 server of network %s does not give interface %s the address %s: "
                       "it offers %s",
                       l->network, l->interface,
                       inet_ntop(AF_INET6, &c->wanted, wanted, sizeof(wanted)),
                       inet_ntop(AF_INET6, &c->offered, offered, sizeof(offered)));
    if (c->none)
        return err_set(err, ERR_UNAVAILABLE, EADDRNOTAVAIL,
                       "the DHCPv6 server of network %s has no address for interface %s",
                       l->network, l->interface);
    return err_set(err, ERR_UNAVAILABLE, ETIMEDOUT,
                   "no DHCPv6 server answered on interface %s of network %s", l->interface,
                   l->network);
}

int dhcp6_acquire(struct arena *a, int netns, int ifindex, struct dhcp_lease *l,
                  const struct ip_addr *wanted, int *ret_fd, struct err *err)
{
    struct client c = { .ifindex = ifindex, .begun = time_monotonic() };
    struct dhcp6_reply r;

    if (!dhcp6_lease_message(l, &c.m))
        return err_set(err, ERR_INTERNAL, EINVAL, "no DHCPv6 client can be named \"%s\"", l->id);
    if (wanted->family == AF_INET6)
        memcpy(&c.wanted, wanted->b, 16);
    c.end = c.begun + ALTOGETHER;
    AUTO_CLOSE int fd = open_socket(netns, ifindex);
    if (fd < 0)
        return err_sys(err, -fd, "opening a socket for DHCPv6 on interface %s", l->interface);
    c.fd = fd;
    if (!ask(&c, &r))
        return say_why(&c, l, err);
    dhcp6_lease_set(a, l, &r, time_now());
    *ret_fd = HANDOVER_FD(fd);
    return 0;
}
