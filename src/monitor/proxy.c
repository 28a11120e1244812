#include "monitor/proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/parse.h"
#include "base/proc.h"
#include "monitor/transparent.h"

#include "base/banned.h"

enum { FLOWS_MAX = 256, CHUNK = 16384, BURST = 32 };
#define UDP_IDLE_NS (120 * NSEC_PER_SEC)

struct proxy {
    struct source s;
    struct network *net;
    struct sockaddr_storage target; /* family 0: the namespace's own address, and then port */
    socklen_t target_len;
    uint16_t port;
    unsigned flows;
};

/* One end of a TCP flow.  What was read here waits in data for the other end to take it. */
struct end {
    struct source s;
    struct end *peer; /* NULL: released already */
    struct proxy *proxy;
    char *data;
    size_t from, len;
    bool connecting, eof, shut;
};

/* A client of a UDP port: its socket towards the container. */
struct client_udp {
    struct source s;
    struct proxy *proxy;
    struct sockaddr_storage client, server;
    socklen_t client_len;
    bool transparent; /* there is a rule for what it is answered */
};

/* ---------- TCP ---------- */

static void end_watch(struct end *e)
{
    bool take = !e->eof && !e->len && !e->connecting;
    bool give = e->connecting || (e->peer && e->peer->len);

    e->s.events = (short)((take ? POLLIN : 0) | (give ? POLLOUT : 0));
}

static void flow_done(struct end *e)
{
    e->s.dead = true;
    if (e->peer)
        e->peer->s.dead = true;
}

/* What the other end has read goes out here; then, when that is all there will be, so does its end. */
static bool end_give(struct end *e)
{
    struct end *p = e->peer;

    if (e->connecting) {
        int fail = 0;
        socklen_t n = sizeof(fail);
        if (getsockopt(e->s.fd, SOL_SOCKET, SO_ERROR, &fail, &n) < 0 || fail)
            return false;
        e->connecting = false;
    }
    while (p->len) {
        ssize_t n = send(e->s.fd, p->data + p->from, p->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        p->from += (size_t)n;
        p->len -= (size_t)n;
    }
    if (p->eof && !e->shut) {
        e->shut = true;
        shutdown(e->s.fd, SHUT_WR);
    }
    return true;
}

static bool end_take(struct end *e)
{
    if (e->eof || e->len)
        return true;
    if (!e->data)
        e->data = xmalloc(CHUNK);
    ssize_t n = recv(e->s.fd, e->data, CHUNK, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    e->from = 0;
    e->len = (size_t)n;
    e->eof = n == 0;
    return e->peer->connecting || end_give(e->peer);
}

static void end_ready(struct source *s, short revents)
{
    struct end *e = (struct end *)s;
    bool ok = e->peer != NULL;

    if (ok && (revents & (POLLOUT | POLLERR)))
        ok = end_give(e);
    if (ok && (revents & (POLLIN | POLLHUP)) && !e->connecting)
        ok = end_take(e);
    if (!ok || (e->shut && e->peer->shut)) {
        flow_done(e);
        return;
    }
    end_watch(e);
    end_watch(e->peer);
}

static void end_release(struct source *s)
{
    struct end *e = (struct end *)s;

    if (e->peer)
        e->peer->peer = NULL;
    else
        e->proxy->flows--;
    close_p(&s->fd);
    free(e->data);
    free(e);
}

static struct end *end_new(struct proxy *p, int fd)
{
    struct end *e = xcalloc(1, sizeof(*e));

    e->s = (struct source) { .fd = fd, .ready = end_ready, .release = end_release };
    e->proxy = p;
    return e;
}

/* The namespace's own address towards @client. */
static socklen_t own_address(const struct proxy *p, const struct sockaddr_storage *client,
                             struct sockaddr_storage *ret)
{
    socklen_t len = client->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                  : sizeof(struct sockaddr_in);
    AUTO_CLOSE int fd = proc_socket_in(p->net->netns, client->ss_family, SOCK_DGRAM, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)client, len) == 0 &&
        getsockname(fd, (struct sockaddr *)ret, &len) == 0)
        return len;
    if (client->ss_family != AF_INET6)
        return 0;
    /* No IPv6 in there: what listens may still be reached by its loopback. */
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    *v4 = (struct sockaddr_in) { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    return sizeof(*v4);
}

/* Where in the namespace @client wants to go. */
static socklen_t target_of(const struct proxy *p, const struct sockaddr_storage *client,
                           struct sockaddr_storage *ret)
{
    *ret = p->target;
    if (p->target.ss_family)
        return p->target_len;
    socklen_t len = own_address(p, client, ret);
    if (ret->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)ret)->sin6_port = p->port;
    else
        ((struct sockaddr_in *)ret)->sin_port = p->port;
    return len;
}

/* The container sees @client's address where that can be. */
static int open_inside(const struct proxy *p, int type, const struct sockaddr_storage *client,
                       const struct sockaddr_storage *target, bool *ret_transparent)
{
    int fd = client->ss_family == target->ss_family ? transparent_socket(p->net, client, type)
                                                    : -EOPNOTSUPP;

    if (fd >= 0 && type == SOCK_DGRAM && !transparent_answers(p->net, client, target, true)) {
        close(fd);
        fd = -EOPNOTSUPP;
    }
    *ret_transparent = fd >= 0;
    return fd >= 0 ? fd : proc_socket_in(p->net->netns, target->ss_family, type, 0);
}

static int connect_inside(const struct proxy *p, int type, const struct sockaddr_storage *client,
                          struct sockaddr_storage *target, bool *ret_transparent)
{
    socklen_t len = target_of(p, client, target);
    int fd = len ? open_inside(p, type, client, target, ret_transparent) : -EOPNOTSUPP;

    if (fd >= 0 && connect(fd, (const struct sockaddr *)target, len) < 0 && errno != EINPROGRESS)
        close(HANDOVER_FD(fd));
    return fd;
}

static void tcp_arrived(struct source *s, short revents)
{
    struct proxy *p = (struct proxy *)s;

    for (int i = 0; revents && i < BURST && p->flows < FLOWS_MAX; i++) {
        struct sockaddr_storage client = { 0 };
        socklen_t len = sizeof(client);
        AUTO_CLOSE int outer = accept4(s->fd, (struct sockaddr *)&client, &len,
                                       SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (outer < 0)
            break;
        struct sockaddr_storage target;
        bool transparent;
        int inner = connect_inside(p, SOCK_STREAM, &client, &target, &transparent);
        if (inner < 0)
            continue;
        struct end *a = end_new(p, HANDOVER_FD(outer)), *b = end_new(p, inner);
        a->peer = b;
        b->peer = a;
        b->connecting = true;
        p->flows++;
        end_watch(a);
        end_watch(b);
        source_add(&p->net->sources, &a->s);
        source_add(&p->net->sources, &b->s);
    }
    s->events = p->flows < FLOWS_MAX ? POLLIN : 0;
    s->deadline = s->events ? 0 : time_monotonic() + NSEC_PER_SEC; /* look again */
}

/* ---------- UDP ---------- */

static void udp_back(struct source *s, short revents)
{
    struct client_udp *c = (struct client_udp *)s;
    static char packet[65536];

    if (!revents) { /* silent for too long */
        s->dead = true;
        return;
    }
    for (int i = 0; i < BURST; i++) {
        ssize_t n = recv(s->fd, packet, sizeof(packet), MSG_DONTWAIT);
        if (n < 0)
            break;
        (void)!sendto(c->proxy->s.fd, packet, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL,
                      (struct sockaddr *)&c->client, c->client_len);
    }
    s->deadline = time_monotonic() + UDP_IDLE_NS;
}

/* Is there another client with the address of @c, which shares its rule? */
static bool same_host(const struct client_udp *c)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&c->client;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&c->client;

    for (struct source *s = c->proxy->net->sources.first; s; s = s->next) {
        const struct client_udp *o = (const struct client_udp *)s;
        if (s->ready != udp_back || s->dead || o == c || !o->transparent ||
            o->proxy->port != c->proxy->port || o->client.ss_family != c->client.ss_family)
            continue;
        if (c->client.ss_family == AF_INET6
                ? IN6_ARE_ADDR_EQUAL(&((const struct sockaddr_in6 *)&o->client)->sin6_addr,
                                     &v6->sin6_addr)
                : ((const struct sockaddr_in *)&o->client)->sin_addr.s_addr == v4->sin_addr.s_addr)
            return true;
    }
    return false;
}

static void udp_release(struct source *s)
{
    struct client_udp *c = (struct client_udp *)s;

    if (c->transparent && !same_host(c))
        (void)!transparent_answers(c->proxy->net, &c->client, &c->server, false);
    c->proxy->flows--;
    close_p(&s->fd);
    free(c);
}

static struct client_udp *client_of(struct proxy *p, const struct sockaddr_storage *from,
                                    socklen_t len)
{
    for (struct source *s = p->net->sources.first; s; s = s->next) {
        struct client_udp *c = (struct client_udp *)s;
        if (s->ready == udp_back && !s->dead && c->proxy == p && c->client_len == len &&
            memcmp(&c->client, from, len) == 0)
            return c;
    }
    struct sockaddr_storage server = { 0 };
    bool transparent = false;
    int fd = p->flows < FLOWS_MAX ? connect_inside(p, SOCK_DGRAM, from, &server, &transparent)
                                  : -EBADF;
    if (fd < 0)
        return NULL;
    struct client_udp *c = xcalloc(1, sizeof(*c));
    c->transparent = transparent;
    c->server = server;
    c->s =
        (struct source) { .fd = fd, .events = POLLIN, .ready = udp_back, .release = udp_release };
    c->proxy = p;
    c->client = *from;
    c->client_len = len;
    p->flows++;
    source_add(&p->net->sources, &c->s);
    return c;
}

static void udp_arrived(struct source *s, short revents)
{
    struct proxy *p = (struct proxy *)s;
    static char packet[65536];

    for (int i = 0; revents && i < BURST; i++) {
        struct sockaddr_storage from = { 0 };
        socklen_t len = sizeof(from);
        ssize_t n = recvfrom(s->fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&from,
                             &len);
        if (n < 0)
            break;
        struct client_udp *c = client_of(p, &from, len);
        if (!c)
            continue;
        (void)!send(c->s.fd, packet, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
        c->s.deadline = time_monotonic() + UDP_IDLE_NS;
    }
}

/* ---------- */

static void proxy_release(struct source *s)
{
    close_p(&s->fd);
    free(s);
}

bool proxy_is(const struct source *s)
{
    return !s->dead && (s->ready == tcp_arrived || s->ready == udp_arrived);
}

/* The flows' own sources are released before the proxy's: it was there before them, so it stands behind them in the
 * list. */
void proxy_end(struct network *net, struct source *s)
{
    for (struct source *o = net->sources.first; o; o = o->next)
        if ((o->ready == end_ready && ((struct end *)o)->proxy == (struct proxy *)s) ||
            (o->ready == udp_back && ((struct client_udp *)o)->proxy == (struct proxy *)s))
            o->dead = true;
    s->dead = true;
}

static bool parse_target(struct proxy *p, const char *text, bool *ret_udp)
{
    AUTO_ARENA a = { 0 };
    char **part = strv_split(&a, text, ' ');
    struct sockaddr_in *v4 = (struct sockaddr_in *)&p->target;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&p->target;
    uint64_t port;

    if (strv_len(part) != 3 || !STR_IN(part[0], "tcp", "udp") ||
        parse_u64(part[2], UINT16_MAX, &port) < 0)
        return false;
    *ret_udp = STR_EQ(part[0], "udp");
    p->port = htons((uint16_t)port);
    if (STR_EQ(part[1], "-"))
        return true;
    if (inet_pton(AF_INET, part[1], &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        p->target_len = sizeof(*v4);
        return true;
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    p->target_len = sizeof(*v6);
    return inet_pton(AF_INET6, part[1], &v6->sin6_addr) == 1;
}

void proxy_listen(struct network *net, int fd, const char *target)
{
    struct proxy *p = xcalloc(1, sizeof(*p));
    bool udp;

    if (!parse_target(p, target, &udp)) {
        close_p(&fd);
        free(p);
        return;
    }
    p->s = (struct source) { .fd = fd,
                             .events = POLLIN,
                             .ready = udp ? udp_arrived : tcp_arrived,
                             .release = proxy_release };
    p->net = net;
    source_add(&net->sources, &p->s);
}
