#include "monitor/dhcp.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/fs.h"
#include "base/parse.h"
#include "monitor/dhcp_apply.h"

#include "base/banned.h"

/* RFC 2131, figure 5, from BOUND on; what comes before it is the engine's when the container starts. */
enum phase { BOUND, RENEWING, REBINDING, INIT, REQUESTING };
enum { TRIES_REQUESTING = 4, WAIT_MAX = 64 };

struct keeper {
    struct source s;
    struct network *net;
    int ifindex;
    enum phase phase;
    struct arena arena; /* of lease */
    struct dhcp_lease lease;
    struct dhcp_message base, asked; /* who we are; what was asked last */
    struct in_addr address, server;  /* of the lease */
    uint8_t server_mac[6];
    int64_t bound_at, begun; /* monotonic ns */
    unsigned tries;
};

static void keeper_ready(struct source *s, short revents);

/* ---------- telling ---------- */

static void save(struct network *net)
{
    AUTO_ARENA a = { 0 };
    struct dhcp_leases all = { 0 };
    AUTO_BUF text = { 0 };

    for (struct source *s = net->sources.first; s; s = s->next)
        if (s->ready == keeper_ready && !s->dead)
            *LIST_ADD(&a, all.leases) = ((struct keeper *)s)->lease;
    AUTO_JSON *doc = json_from(&dhcp_leases_type, &all);
    json_text(doc, 0, &text);
    (void)!fs_replace(net->run_dir, "dhcp", text.data, text.len, 0644, FS_NOSYNC);
}

/* To the server by the hardware address that its last answer came from, or to everybody. */
static void send_message(struct keeper *k, bool direct)
{
    static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    struct in_addr to = { direct ? k->server.s_addr : INADDR_BROADCAST };
    struct sockaddr_ll at = { .sll_family = AF_PACKET,
                              .sll_protocol = htons(ETH_P_IP),
                              .sll_ifindex = k->ifindex,
                              .sll_halen = 6 };
    AUTO_BUF b = { 0 };

    memcpy(at.sll_addr, direct ? k->server_mac : everybody, 6);
    k->asked.secs = (uint16_t)((time_monotonic() - k->begun) / NSEC_PER_SEC);
    dhcp_build(&b, &k->asked, to);
    if (sendto(k->s.fd, b.data, b.len, MSG_NOSIGNAL, (struct sockaddr *)&at, sizeof(at)) < 0 &&
        (errno == ENXIO || errno == ENODEV) &&
        dhcp_interface(k->net, k->lease.interface) != k->ifindex) {
        k->s.dead = true; /* somebody took the interface away */
        save(k->net);
    }
}

/* A new question: answers to an older one do not count, and what has gathered since is not read. */
static void compose(struct keeper *k, enum dhcp_type type)
{
    char junk[64];

    while (recv(k->s.fd, junk, sizeof(junk), MSG_DONTWAIT) >= 0)
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
    k->s.events = 0;
    k->s.deadline = k->lease.lease == DHCP_FOREVER ? 0 : after(k, k->lease.t1);
}

/* 1 s, 2 s, 4 s, ... and a random part. */
static void again_later(struct keeper *k)
{
    uint32_t x = 0;
    int64_t wait = MIN((int64_t)1 << MIN(k->tries, 6u), (int64_t)WAIT_MAX) * NSEC_PER_SEC;

    (void)!getrandom(&x, sizeof(x), 0);
    k->s.deadline = time_monotonic() + wait + wait / 4 * (x % 256) / 256;
    k->s.events = POLLIN;
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
    struct dhcp_lease old = k->lease;

    k->lease.address = NULL;
    dhcp_apply(k->net, k->ifindex, &old, &k->lease);
    k->lease.routes = NULL;
    k->lease.since = time_now();
    save(k->net);
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
    k->s.events = POLLIN;
    k->s.deadline = MIN(now + MAX((end - now) / 2, (int64_t)NSEC_PER_SEC), end);
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
    } else if (now >= after(k, k->lease.lease))
        lose(k);
    else if (now >= after(k, k->lease.t2))
        renew(k, REBINDING, after(k, k->lease.lease));
    else
        renew(k, RENEWING, after(k, k->lease.t2));
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
    struct dhcp_lease old = k->lease;
    AUTO_JSON *doc = json_from(&dhcp_lease_type, &old);

    if (json_read(&a, doc, &dhcp_lease_type, &k->lease, NULL) < 0) { /* what does not change */
        arena_done(&a);
        k->lease = old;
        return;
    }
    dhcp_lease_set(&a, &k->lease, r, from, time_now());
    dhcp_apply(k->net, k->ifindex, &old, &k->lease);
    arena_done(&k->arena);
    k->arena = a;
    (void)dhcp_lease_message(&k->lease, &k->base); /* its words were the old lease's */
    k->asked = k->base;
    k->address = r->address;
    k->server = r->server;
    memcpy(k->server_mac, from, 6);
    k->bound_at = time_monotonic();
    rest(k);
    save(k->net);
}

static void on_packet(struct keeper *k)
{
    uint8_t packet[DHCP_PACKET_MAX];
    struct sockaddr_ll from = { 0 };
    socklen_t size = sizeof(from);
    struct dhcp_reply r;

    ssize_t n = recvfrom(k->s.fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&from,
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

static void keeper_release(struct source *s)
{
    struct keeper *k = (struct keeper *)s;

    close_p(&s->fd);
    arena_done(&k->arena);
    free(k);
}

/* ---------- from outside ---------- */

static bool read_lease(struct keeper *k, const char *text)
{
    AUTO_JSON *doc = json_parse(text, strlen(text), "a lease", NULL);
    unsigned prefix;

    if (!doc || json_read(&k->arena, doc, &dhcp_lease_type, &k->lease, NULL) < 0 ||
        !dhcp_lease_message(&k->lease, &k->base) ||
        !dhcp_net(k->lease.address, &k->address, &prefix) ||
        !dhcp_net(k->lease.server, &k->server, &prefix) ||
        !dhcp_mac(k->lease.server_mac, k->server_mac))
        return false;
    k->ifindex = dhcp_interface(k->net, k->lease.interface);
    return k->ifindex > 0;
}

void dhcp_keep(struct network *net, int fd, const char *text)
{
    struct keeper *k = xcalloc(1, sizeof(*k));

    k->net = net;
    k->s = (struct source) { .fd = fd, .ready = keeper_ready, .release = keeper_release };
    if (!read_lease(k, text)) {
        keeper_release(&k->s);
        return;
    }
    k->bound_at = time_monotonic();
    rest(k);
    source_add(&net->sources, &k->s);
    save(net);
}

void dhcp_end(struct network *net, const char *interface)
{
    bool any = false;

    for (struct source *s = net->sources.first; s; s = s->next) {
        struct keeper *k = (struct keeper *)s;
        if (s->ready != keeper_ready || s->dead ||
            (interface && !STR_EQ(k->lease.interface, interface)))
            continue;
        if (k->lease.address) {
            compose(k, DHCP_RELEASE);
            k->asked.client = k->address;
            k->asked.server = k->server;
            send_message(k, true);
        }
        s->dead = any = true;
    }
    if (any)
        save(net);
}
