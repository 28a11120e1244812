#include "net/dhcp.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/parse.h"
#include "base/proc.h"

#include "base/banned.h"

#define MS           (NSEC_PER_SEC / 1000)
#define ALTOGETHER   (10 * NSEC_PER_SEC)
#define FIRST_WAIT   (400 * MS)
#define LONGEST_WAIT (3200 * MS)

void dhcp_mac_of(const char *container, const char *network, uint8_t ret[6])
{
    static const char digits[] = "0123456789abcdef";

    memset(ret, 0, 6);
    ret[0] = 0x02; /* locally administered, one receiver */
    for (size_t i = 0; i < 10 && container[i] && network[i]; i++) {
        const char *x = strchr(digits, container[i]), *y = strchr(digits, network[i]);
        if (x && y)
            ret[1 + i / 2] ^= (uint8_t)(((x - digits) ^ (y - digits)) << (i % 2 ? 0 : 4));
    }
}

void dhcp_name_client(struct arena *a, struct dhcp_lease *l, const uint8_t mac[6], bool shared,
                      const char *container, const char *network)
{
    char text[18];

    l->mac = arena_strdup(a, mac_text(mac, text));
    l->broadcast = shared;
    if (shared)
        l->id = arena_printf(a, "00%.24s%.8s", container, network);
    else
        l->id = arena_printf(a, "01%02x%02x%02x%02x%02x%02x", mac[0], mac[1], mac[2], mac[3],
                             mac[4], mac[5]);
}

struct client {
    int fd, ifindex;
    struct dhcp_message m;
    struct in_addr wanted; /* 0: whatever there is */
    int64_t begun, end;
    uint8_t server_mac[6];
    struct in_addr refused; /* an offer that was not the address wanted */
};

/* Bound last: what came before the filter was there would be in its queue. */
static int packet_socket(int netns, int ifindex)
{
    struct sockaddr_ll at = { .sll_family = AF_PACKET,
                              .sll_protocol = htons(ETH_P_IP),
                              .sll_ifindex = ifindex };
    AUTO_CLOSE int fd = proc_socket_in(netns, AF_PACKET, SOCK_DGRAM, 0);

    if (fd < 0)
        return fd;
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &dhcp_filter, sizeof(dhcp_filter)) < 0 ||
        bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
        return -errno;
    return HANDOVER_FD(fd);
}

/* To everybody: we have no address yet.  What cannot be sent now is sent again later. */
static void send_message(struct client *c)
{
    AUTO_BUF b = { 0 };
    struct sockaddr_ll to = { .sll_family = AF_PACKET,
                              .sll_protocol = htons(ETH_P_IP),
                              .sll_ifindex = c->ifindex,
                              .sll_halen = 6 };

    memset(to.sll_addr, 0xff, 6);
    c->m.secs = (uint16_t)((time_monotonic() - c->begun) / NSEC_PER_SEC);
    dhcp_build(&b, &c->m, (struct in_addr) { INADDR_BROADCAST });
    (void)!sendto(c->fd, b.data, b.len, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof(to));
}

/* One answer to what was asked last, until @deadline.  False: none came. */
static bool receive(struct client *c, int64_t deadline, struct dhcp_reply *r)
{
    for (;;) {
        uint8_t packet[DHCP_PACKET_MAX];
        struct sockaddr_ll from = { 0 };
        socklen_t size = sizeof(from);
        ssize_t n = recvfrom(c->fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&from,
                             &size);
        if (n > 0 && dhcp_parse(packet, (size_t)n, &c->m, r) == 0) {
            memcpy(c->server_mac, from.sll_addr, 6);
            return true;
        }
        if (n >= 0)
            continue;
        int64_t left = deadline - time_monotonic();
        struct pollfd p = { .fd = c->fd, .events = POLLIN };
        if (left <= 0)
            return false;
        (void)!poll(&p, 1, (int)(left / MS) + 1);
        if (p.revents & POLLERR) { /* the interface is not up yet */
            struct timespec moment = { .tv_nsec = 20 * MS };
            nanosleep(&moment, NULL);
        }
    }
}

/* A random part keeps hosts that were switched on together from asking together (RFC 2131, 4.1). */
static int64_t jitter(int64_t wait)
{
    uint32_t x = 0;

    (void)!getrandom(&x, sizeof(x), 0);
    return wait + wait / 4 * (x % 256) / 256;
}

/* Sends until an answer of type @type comes, or a NAK when that ends the question.  False: nobody did. */
static bool exchange(struct client *c, enum dhcp_type type, int tries, struct dhcp_reply *r)
{
    for (int64_t wait = FIRST_WAIT; tries && time_monotonic() < c->end; tries--, wait *= 2) {
        int64_t until = MIN(time_monotonic() + jitter(MIN(wait, LONGEST_WAIT)), c->end);
        send_message(c);
        while (receive(c, until, r)) {
            if (r->type == type && c->wanted.s_addr && r->address.s_addr != c->wanted.s_addr)
                c->refused = r->address;
            else if (r->type == type || (r->type == DHCP_NAK && type == DHCP_ACK))
                return r->type == type;
        }
    }
    return false;
}

static bool ask(struct client *c, struct dhcp_reply *r)
{
    struct dhcp_message blank = c->m;

    while (time_monotonic() < c->end) {
        c->m = blank;
        if (getrandom(&c->m.xid, sizeof(c->m.xid), 0) != sizeof(c->m.xid))
            abort();
        c->m.type = DHCP_DISCOVER;
        c->m.requested = c->wanted;
        if (!exchange(c, DHCP_OFFER, -1, r))
            return false;
        c->m.type = DHCP_REQUEST;
        c->m.requested = r->address;
        c->m.server = r->server;
        if (exchange(c, DHCP_ACK, 4, r))
            return true;
    }
    return false;
}

int dhcp_acquire(struct arena *a, int netns, int ifindex, struct dhcp_lease *l,
                 const struct ip_addr *wanted, int *ret_fd, struct err *err)
{
    struct client c = { .ifindex = ifindex, .begun = time_monotonic() };
    struct dhcp_reply r;
    char text[INET_ADDRSTRLEN], given[INET_ADDRSTRLEN];

    if (!dhcp_lease_message(l, &c.m))
        return err_set(err, ERR_INTERNAL, EINVAL, "no DHCP client can be named \"%s\"", l->id);
    if (wanted->family == AF_INET)
        memcpy(&c.wanted, wanted->b, 4);
    c.end = c.begun + ALTOGETHER;
    AUTO_CLOSE int fd = packet_socket(netns, ifindex);
    if (fd < 0)
        return err_sys(err, -fd, "opening a packet socket on interface %s", l->interface);
    c.fd = fd;
    if (!ask(&c, &r)) {
        if (!c.refused.s_addr)
            return err_set(err, ERR_UNAVAILABLE, ETIMEDOUT,
                           "no DHCP server answered on interface %s of network %s", l->interface,
                           l->network);
        inet_ntop(AF_INET, &c.wanted, text, sizeof(text));
        inet_ntop(AF_INET, &c.refused, given, sizeof(given));
        return err_set(err, ERR_CONFLICT, EADDRNOTAVAIL,
                       "the DHCP server of network %s does not give interface %s the address %s: "
                       "it offers %s",
                       l->network, l->interface, text, given);
    }
    dhcp_lease_set(a, l, &r, c.server_mac, time_now());
    *ret_fd = HANDOVER_FD(fd);
    return 0;
}
