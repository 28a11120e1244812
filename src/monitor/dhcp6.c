#include <arpa/inet.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/parse.h"
#include "monitor/dhcp_apply.h"
#include "monitor/dhcp_priv.h"
#include "spec/dhcp6.h"

#include "base/banned.h"

/* RFC 8415, 18.2, from a lease on; what comes before it is the engine's when the container starts. */
enum phase { BOUND, RENEWING, REBINDING, SOLICITING, REQUESTING };
enum { TRIES_REQUESTING = 4, WAIT_MAX = 120, ANSWER_MAX = 4096 };

struct keeper {
    struct lease_source l;
    enum phase phase;
    struct dhcp6_message base, asked; /* who we are and what we have; what was asked last */
    int64_t bound_at, begun;          /* monotonic ns */
    unsigned tries;
};

static void send_message(struct keeper *k)
{
    struct sockaddr_in6 to = { .sin6_family = AF_INET6,
                               .sin6_port = htons(DHCP6_SERVER_PORT),
                               .sin6_scope_id = (uint32_t)k->l.ifindex };
    int64_t elapsed = (time_monotonic() - k->begun) / (NSEC_PER_SEC / 100);
    AUTO_BUF b = { 0 };

    (void)!inet_pton(AF_INET6, DHCP6_SERVERS, &to.sin6_addr);
    k->asked.elapsed = (uint16_t)MIN(elapsed, (int64_t)UINT16_MAX);
    dhcp6_build(&b, &k->asked);
    if (sendto(k->l.s.fd, b.data, b.len, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof(to)) < 0)
        lease_check_interface(&k->l);
}

/* A new question: answers to an older one do not count, and what has gathered since is not read. */
static void compose(struct keeper *k, enum dhcp6_type type)
{
    char junk[64];
    uint32_t xid = 0;

    while (recv(k->l.s.fd, junk, sizeof(junk), MSG_DONTWAIT) >= 0)
        ;
    (void)!getrandom(&xid, sizeof(xid), 0);
    k->asked = k->base;
    k->asked.type = type;
    k->asked.xid = xid & 0xffffff;
    if (type == DHCP6_SOLICIT || type == DHCP6_REBIND)
        k->asked.server.n = 0; /* whoever it is */
    k->begun = time_monotonic();
}

/* ---------- phases ---------- */

static int64_t after(const struct keeper *k, int64_t seconds)
{
    return k->bound_at + seconds * NSEC_PER_SEC;
}

/* When the address that we have, if any, has to go. */
static int64_t lease_end(const struct keeper *k)
{
    return !k->l.lease.address || k->l.lease.lease == DHCP_FOREVER ? INT64_MAX
                                                                   : after(k, k->l.lease.lease);
}

static void rest(struct keeper *k)
{
    k->phase = BOUND;
    k->tries = 0;
    k->l.s.events = 0;
    k->l.s.deadline = k->l.lease.t1 >= (int64_t)DHCP_FOREVER ? 0 : after(k, k->l.lease.t1);
}

/* 1 s, 2 s, 4 s, ... and a random part. */
static void again_later(struct keeper *k)
{
    int64_t wait = MIN((int64_t)1 << MIN(k->tries, 7u), (int64_t)WAIT_MAX) * NSEC_PER_SEC;

    k->l.s.deadline = MIN(time_monotonic() + lease_jitter(wait), lease_end(k));
    k->l.s.events = POLLIN;
    k->tries++;
}

static void solicit(struct keeper *k)
{
    if (k->phase != SOLICITING) {
        k->phase = SOLICITING;
        k->tries = 0;
        compose(k, DHCP6_SOLICIT);
    }
    send_message(k);
    again_later(k);
}

static void renew(struct keeper *k, enum phase phase, int64_t end)
{
    if (k->phase != phase) {
        k->phase = phase;
        compose(k, phase == RENEWING ? DHCP6_RENEW : DHCP6_REBIND);
    }
    send_message(k);
    k->l.s.events = POLLIN;
    k->l.s.deadline = lease_half_way(time_monotonic(), end);
}

static void on_time(struct keeper *k)
{
    int64_t now = time_monotonic();

    if (now >= lease_end(k))
        lease_lose(&k->l);
    if (k->phase == SOLICITING || !k->l.lease.address ||
        (k->phase == REQUESTING && k->tries > TRIES_REQUESTING))
        solicit(k);
    else if (k->phase == REQUESTING) {
        send_message(k);
        again_later(k);
    } else if (now >= after(k, k->l.lease.t2))
        renew(k, REBINDING, after(k, k->l.lease.lease));
    else
        renew(k, RENEWING, after(k, k->l.lease.t2));
}

/* ---------- answers ---------- */

static void request(struct keeper *k, const struct dhcp6_reply *r)
{
    compose(k, DHCP6_REQUEST);
    k->asked.server = r->server;
    k->asked.address = r->address;
    k->phase = REQUESTING;
    k->tries = 0;
    send_message(k);
    again_later(k);
}

static void bind_lease(struct keeper *k, const struct dhcp6_reply *r)
{
    struct arena a = { 0 };
    struct dhcp_lease old = k->l.lease;

    if (!lease_copy(&k->l, &a))
        return;
    dhcp6_lease_set(&a, &k->l.lease, r, time_now());
    dhcp_apply(k->l.net, k->l.ifindex, &old, &k->l.lease);
    lease_settle(&k->l, &a);
    (void)dhcp6_lease_message(&k->l.lease, &k->base); /* its words were the old lease's */
    k->asked = k->base;
    k->bound_at = time_monotonic();
    rest(k);
    leases_save(k->l.net);
}

/* A server that does not know the address that we have, or has none: it stays ours until it ends, while we look for
 * another.  Not at once, since it may go on like this. */
static void refused(struct keeper *k)
{
    if (k->phase == SOLICITING)
        return; /* another server may have one */
    if (k->phase != REQUESTING) {
        k->phase = SOLICITING;
        k->tries = 0;
        compose(k, DHCP6_SOLICIT);
        again_later(k);
    } else
        k->tries = TRIES_REQUESTING + 1;
}

static void on_packet(struct keeper *k)
{
    uint8_t data[ANSWER_MAX];
    struct dhcp6_reply r;

    ssize_t n = recv(k->l.s.fd, data, sizeof(data), MSG_DONTWAIT);
    if (n <= 0 || k->phase == BOUND || dhcp6_parse(data, (size_t)n, &k->asked, &r) < 0 ||
        (r.type == DHCP6_ADVERTISE) != (k->phase == SOLICITING))
        return;
    if (!r.has_address)
        refused(k);
    else if (k->phase == SOLICITING)
        request(k, &r);
    else
        bind_lease(k, &r);
}

static void keeper_ready(struct source *s, short revents)
{
    if (revents)
        on_packet((struct keeper *)s);
    else
        on_time((struct keeper *)s);
}

static void give_back(struct lease_source *l)
{
    struct keeper *k = (struct keeper *)l;

    compose(k, DHCP6_RELEASE);
    send_message(k);
}

struct lease_source *dhcp6_keeper(const struct dhcp_lease *lease)
{
    struct keeper *k = xcalloc(1, sizeof(*k));

    if (!dhcp6_lease_message(lease, &k->base) || !lease->address || !lease->server) {
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
