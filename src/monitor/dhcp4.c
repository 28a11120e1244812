#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/parse.h"
#include "monitor/dhcp_apply.h"
#include "monitor/dhcp_priv.h"

#include "base/banned.h"

/* RFC 2131, figure 5, from BOUND on; what comes before it is the engine's when the container starts. */
enum phase { BOUND, RENEWING, REBINDING, INIT, REQUESTING };
enum { TRIES_REQUESTING = 4, WAIT_MAX = 64 };

struct keeper {
    struct lease_source l;
    enum phase phase;
    struct dhcp_message base, asked; /* who we are; what was asked last */
    struct in_addr address, server;  /* of the lease */
    uint8_t server_mac[6];
    int64_t bound_at, begun; /* monotonic ns */
    unsigned tries;
};

/* ---------- sending ---------- */

/* To the server by the hardware address that its last answer came from, or to everybody. */
static void send_message(struct keeper *k, bool direct)
{
    static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    struct in_addr to = { direct ? k->server.s_addr : INADDR_BROADCAST };
    struct sockaddr_ll at = { .sll_family = AF_PACKET,
                              .sll_protocol = htons(ETH_P_IP),
                              .sll_ifindex = k->l.ifindex,
                              .sll_halen = 6 };
    AUTO_BUF b = { 0 };

    memcpy(at.sll_addr, direct ? k->server_mac : everybody, 6);
    k->asked.secs = (uint16_t)((time_monotonic() - k->begun) / NSEC_PER_SEC);
    dhcp_build(&b, &k->asked, to);
    if (sendto(k->l.s.fd, b.data, b.len, MSG_NOSIGNAL, (struct sockaddr *)&at, sizeof(at)) < 0)
        lease_check_interface(&k->l);
}

/* A new question: answers to an older one do not count, and what has gathered since is not read. */
static void compose(struct keeper *k, enum dhcp_type type)
{
    char junk[64];

    while (recv(k->l.s.fd, junk, sizeof(junk), MSG_DONTWAIT) >= 0)
        ;
    k->asked = k->base;
    k->asked.type = type;
    (void)!getrandom(&k->asked.xid, sizeof(k->asked.xid), 0);
}

/* ---------- phases ---------- */

static int64_t after(const struct keeper *k, int64_t seconds)
{
    return k->bound_at + seconds * NSEC_PER_SEC;
}

static void rest(struct keeper *k)
{
    k->phase = BOUND;
    k->tries = 0;
    k->l.s.events = 0;
    k->l.s.deadline = k->l.lease.lease == DHCP_FOREVER ? 0 : after(k, k->l.lease.t1);
}

/* 1 s, 2 s, 4 s, ... and a random part. */
static void again_later(struct keeper *k)
{
    int64_t wait = MIN((int64_t)1 << MIN(k->tries, 6u), (int64_t)WAIT_MAX) * NSEC_PER_SEC;

    k->l.s.deadline = time_monotonic() + lease_jitter(wait);
    k->l.s.events = POLLIN;
    k->tries++;
}

static void discover(struct keeper *k)
{
    if (k->phase != INIT) { /* later it is the same question: a slow server's answer counts */
        k->phase = INIT;
        k->tries = 0;
        k->begun = time_monotonic();
        compose(k, DHCP_DISCOVER);
        k->asked.requested = k->address; /* the last one, if it can be */
    }
    send_message(k, false);
    again_later(k);
}

static void lose(struct keeper *k)
{
    lease_lose(&k->l);
    discover(k);
}

/* Half of what is left until @end is waited, a second at least (RFC 2131, 4.4.5). */
static void renew(struct keeper *k, enum phase phase, int64_t end)
{
    int64_t now = time_monotonic();

    if (k->phase != phase) {
        if (k->phase == BOUND)
            k->begun = now;
        k->phase = phase;
        compose(k, DHCP_REQUEST);
        k->asked.client = k->address;
    }
    send_message(k, phase == RENEWING);
    k->l.s.events = POLLIN;
    k->l.s.deadline = lease_half_way(now, end);
}

static void on_time(struct keeper *k)
{
    int64_t now = time_monotonic();

    if (k->phase == INIT || (k->phase == REQUESTING && k->tries > TRIES_REQUESTING)) {
        discover(k);
        return;
    }
    if (k->phase == REQUESTING) {
        send_message(k, false);
        again_later(k);
    } else if (now >= after(k, k->l.lease.lease))
        lose(k);
    else if (now >= after(k, k->l.lease.t2))
        renew(k, REBINDING, after(k, k->l.lease.lease));
    else
        renew(k, RENEWING, after(k, k->l.lease.t2));
}

/* ---------- answers ---------- */

static void request(struct keeper *k, const struct dhcp_reply *r)
{
    uint32_t xid = k->asked.xid;

    compose(k, DHCP_REQUEST);
    k->asked.xid = xid;
    k->asked.requested = r->address;
    k->asked.server = r->server;
    k->phase = REQUESTING;
    k->tries = 0;
    send_message(k, false);
    again_later(k);
}

static void bind_lease(struct keeper *k, const struct dhcp_reply *r, const uint8_t from[6])
{
    struct arena a = { 0 };
    struct dhcp_lease old = k->l.lease;

    if (!lease_copy(&k->l, &a))
        return;
    dhcp_lease_set(&a, &k->l.lease, r, from, time_now());
    dhcp_apply(k->l.net, k->l.ifindex, &old, &k->l.lease);
    lease_settle(&k->l, &a);
    (void)dhcp_lease_message(&k->l.lease, &k->base); /* its words were the old lease's */
    k->asked = k->base;
    k->address = r->address;
    k->server = r->server;
    memcpy(k->server_mac, from, 6);
    k->bound_at = time_monotonic();
    rest(k);
    leases_save(k->l.net);
}

static void on_packet(struct keeper *k)
{
    uint8_t packet[DHCP_PACKET_MAX];
    struct sockaddr_ll from = { 0 };
    socklen_t size = sizeof(from);
    struct dhcp_reply r;

    ssize_t n = recvfrom(k->l.s.fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&from,
                         &size);
    if (n <= 0 || k->phase == BOUND || dhcp_parse(packet, (size_t)n, &k->asked, &r) < 0)
        return;
    if (k->phase == INIT && r.type == DHCP_OFFER)
        request(k, &r);
    else if (k->phase != INIT && r.type == DHCP_ACK)
        bind_lease(k, &r, from.sll_addr);
    else if (k->phase == REQUESTING && r.type == DHCP_NAK)
        k->tries = TRIES_REQUESTING + 1; /* anew, but not at once: it may go on like this */
    else if (k->phase != INIT && r.type == DHCP_NAK)
        lose(k);
}

static void keeper_ready(struct source *s, short revents)
{
    if (revents)
        on_packet((struct keeper *)s);
    else
        on_time((struct keeper *)s);
}

/* ---------- from outside ---------- */

static void give_back(struct lease_source *l)
{
    struct keeper *k = (struct keeper *)l;

    compose(k, DHCP_RELEASE);
    k->asked.client = k->address;
    k->asked.server = k->server;
    send_message(k, true);
}

struct lease_source *dhcp4_keeper(const struct dhcp_lease *lease)
{
    struct keeper *k = xcalloc(1, sizeof(*k));
    unsigned prefix;

    if (!dhcp_lease_message(lease, &k->base) || !dhcp_net(lease->address, &k->address, &prefix) ||
        !dhcp_net(lease->server, &k->server, &prefix) ||
        !dhcp_mac(lease->server_mac, k->server_mac)) {
        free(k);
        return NULL;
    }
    k->l.s.ready = keeper_ready;
    k->l.give_back = give_back;
    k->l.lease = *lease;
    k->bound_at = time_monotonic();
    rest(k);
    return &k->l;
}
