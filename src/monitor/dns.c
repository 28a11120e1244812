#include "monitor/dns.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/parse.h"
#include "monitor/dns_cache.h"
#include "spec/zone.h"

#include "base/banned.h"

/* How a query goes
 *
 * It comes by UDP (struct listener) or over a connection (struct visitor) and is either answered from the
 * zones or the cache at once, or becomes a struct errand: a socket to a server outside with its own
 * random port and ID, a deadline, and the way back to who asked.  A visitor counts its errands; an errand
 * whose visitor has gone is dropped. */

enum {
    ERRANDS_MAX = 64,
    VISITORS_MAX = 16,
    TRIES_MAX = 4,
    DNS_PORT = 53,
    UNREAD_MAX = 4 * DNS_MESSAGE_MAX,
};
#define SERVER_NS  (2 * NSEC_PER_SEC)
#define VISITOR_NS (30 * NSEC_PER_SEC)
#define INTERNAL   ".dns.podman"

struct listener {
    struct source s;
    struct network *net;
};

struct visitor {
    struct source s;
    struct network *net;
    struct buf in, out; /* in: length-prefixed queries as they come; out: answers */
    unsigned errands;
};

struct asker {
    struct listener *udp;
    struct sockaddr_storage from;
    socklen_t from_len;
    struct visitor *tcp; /* NULL: it was UDP */
};

struct errand {
    struct source s;
    struct network *net;
    struct asker asker;
    struct dns_question q;
    struct buf query; /* as asked, but for the ID */
    uint8_t id[2];    /* the asker's */
    unsigned tries;
    struct buf stream; /* TCP: what is to be written, then what was read */
    bool writing;
};

/* ---------- answering ---------- */

static void visitor_flush(struct visitor *v)
{
    while (v->out.len) {
        ssize_t n = send(v->s.fd, v->out.data, v->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0) {
            v->s.dead = true;
            return;
        }
        memmove(v->out.data, v->out.data + n, v->out.len - (size_t)n);
        v->out.len -= (size_t)n;
    }
    v->s.events = (short)(POLLIN | (v->out.len ? POLLOUT : 0));
}

static void answer(const struct asker *to, const struct dns_question *q, struct buf *msg)
{
    if (!to->tcp) {
        dns_fit(msg, q);
        (void)!sendto(to->udp->s.fd, msg->data, msg->len, MSG_NOSIGNAL | MSG_DONTWAIT,
                      (const struct sockaddr *)&to->from, to->from_len);
        return;
    }
    buf_put(&to->tcp->out, (const uint8_t[]) { (uint8_t)(msg->len >> 8), (uint8_t)msg->len }, 2);
    buf_put(&to->tcp->out, msg->data, msg->len);
    if (to->tcp->out.len > UNREAD_MAX) /* it asks and does not listen */
        to->tcp->s.dead = true;
    else
        visitor_flush(to->tcp);
}

static void refuse(const struct asker *to, const uint8_t *query, const struct dns_question *q,
                   enum dns_rcode rcode)
{
    AUTO_BUF msg = { 0 };

    dns_begin(&msg, query, q, rcode);
    msg.data[2] = (char)(msg.data[2] & ~0x04); /* we speak with no authority */
    answer(to, q, &msg);
}

/* The records of all our networks for @name into @msg.  False: nobody there has that name. */
static bool add_local(struct network *net, struct arena *a, const struct dns_question *q,
                      const char *name, struct buf *msg)
{
    const struct network_state *st = network_state(net);
    char **found = NULL;
    unsigned turn = 0;

    for (size_t i = 0; i < st->networks.n; i++)
        if (st->networks.items[i].dns)
            found = strv_concat(a, found,
                                zone_lookup(net->run, a, st->networks.items[i].network, name));
    size_t n = strv_len(found);
    if (n > 1) /* several: each asker begins at another */
        (void)!getrandom(&turn, sizeof(turn), 0);
    for (size_t i = 0; i < n; i++) {
        const char *text = found[(i + turn) % n];
        struct in6_addr addr;
        bool v6 = strchr(text, ':');
        bool wanted = q->type == DNS_ANY || q->type == (v6 ? DNS_AAAA : DNS_A);
        if (wanted && inet_pton(v6 ? AF_INET6 : AF_INET, text, &addr) == 1)
            dns_add_address(msg, &addr, v6);
    }
    return n > 0;
}

static bool add_reverse(struct network *net, struct arena *a, const struct dns_question *q,
                        struct buf *msg)
{
    const struct network_state *st = network_state(net);
    char address[INET6_ADDRSTRLEN];

    if (!dns_reverse_name(q->name, address))
        return false;
    for (size_t i = 0; i < st->networks.n; i++) {
        const struct network_attachment *at = &st->networks.items[i];
        char *name = at->dns ? zone_reverse(net->run, a, at->network, address) : NULL;
        if (name) {
            dns_add_name(msg, name);
            return true;
        }
    }
    return false;
}

/* True: it was answered here. */
static bool answer_here(struct network *net, const struct asker *to, const uint8_t *query,
                        size_t len, const struct dns_question *q)
{
    AUTO_ARENA a = { 0 };
    AUTO_BUF msg = { 0 };
    char name[DNS_NAME_MAX + 1];
    bool internal = str_ends(q->name, INTERNAL);

    snprintf(name, sizeof(name), "%s", q->name);
    if (internal)
        name[strlen(name) - strlen(INTERNAL)] = '\0';
    dns_begin(&msg, query, q, DNS_OK);
    bool found = q->type == DNS_PTR ? add_reverse(net, &a, q, &msg)
                                    : add_local(net, &a, q, name, &msg);
    if (!found && internal)
        dns_begin(&msg, query, q, DNS_NXDOMAIN);
    else if (!found && !dns_cache_get(net->cache, query, len, q, &msg))
        return false;
    answer(to, q, &msg);
    return true;
}

/* ---------- asking elsewhere ---------- */

/* The servers of our networks, where they have some, or else the host's. */
static char **servers(struct network *net, struct arena *a)
{
    const struct network_state *st = network_state(net);
    char **list = NULL;

    for (size_t i = 0; i < st->networks.n; i++)
        list = strv_concat(a, list, st->networks.items[i].dns_servers);
    return list ? list : st->servers;
}

static bool server_address(const char *text, struct sockaddr_storage *out, socklen_t *len)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(DNS_PORT);
        *len = sizeof(*v4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
        return false;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(DNS_PORT);
    *len = sizeof(*v6);
    return true;
}

static bool connect_to(struct errand *e, const char *server)
{
    struct sockaddr_storage addr;
    socklen_t len;
    bool tcp = e->asker.tcp;

    if (!server_address(server, &addr, &len))
        return false;
    close_p(&e->s.fd);
    e->s.fd = socket(addr.ss_family,
                     (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (e->s.fd < 0)
        return false;
    return connect(e->s.fd, (struct sockaddr *)&addr, len) == 0 || (tcp && errno == EINPROGRESS);
}

/* The next server in turn, with an ID of its own.  False: there is none left to try. */
static bool send_errand(struct errand *e)
{
    AUTO_ARENA a = { 0 };
    char **list = servers(e->net, &a);
    size_t n = strv_len(list);

    while (n && e->tries < TRIES_MAX) {
        const char *server = list[e->tries++ % n];
        if (getrandom(e->query.data, 2, 0) != 2 || !connect_to(e, server))
            continue;
        e->s.deadline = time_monotonic() + SERVER_NS;
        if (e->asker.tcp) {
            buf_reset(&e->stream);
            buf_put(&e->stream,
                    (const uint8_t[]) { (uint8_t)(e->query.len >> 8), (uint8_t)e->query.len }, 2);
            buf_put(&e->stream, e->query.data, e->query.len);
            e->writing = true;
            e->s.events = POLLOUT;
            return true;
        }
        e->s.events = POLLIN;
        if (send(e->s.fd, e->query.data, e->query.len, MSG_NOSIGNAL) == (ssize_t)e->query.len)
            return true;
    }
    return false;
}

static void errand_release(struct source *s)
{
    struct errand *e = (struct errand *)s;

    if (e->asker.tcp)
        e->asker.tcp->errands--;
    e->net->queries--;
    close_p(&s->fd);
    buf_done(&e->query);
    buf_done(&e->stream);
    free(e);
}

static void errand_failed(struct errand *e)
{
    if (send_errand(e))
        return;
    e->s.dead = true;
    memcpy(e->query.data, e->id, 2);
    if (!e->asker.tcp || !e->asker.tcp->s.dead)
        refuse(&e->asker, (const uint8_t *)e->query.data, &e->q, DNS_SERVFAIL);
}

/* What came back, for the asker.  False: not an answer to this, keep waiting. */
static bool errand_answer(struct errand *e, uint8_t *msg, size_t len)
{
    if (!dns_answers(msg, len, (const uint8_t *)e->query.data, &e->q))
        return false;
    e->s.dead = true;
    dns_cache_put(&e->net->cache, (const uint8_t *)e->query.data, e->query.len, &e->q, msg, len);
    memcpy(msg, e->id, 2);
    struct buf out = { .data = (char *)msg, .len = len };
    if (!e->asker.tcp || !e->asker.tcp->s.dead)
        answer(&e->asker, &e->q, &out);
    return true;
}

static void errand_udp(struct errand *e)
{
    static uint8_t msg[DNS_MESSAGE_MAX];

    for (int i = 0; i < 8 && !e->s.dead; i++) {
        ssize_t n = recv(e->s.fd, msg, sizeof(msg), 0);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            errand_failed(e); /* refused: nobody listens there */
            return;
        }
        if (n < 0)
            return;
        (void)errand_answer(e, msg, (size_t)n);
    }
}

static bool errand_write(struct errand *e)
{
    ssize_t n = send(e->s.fd, e->stream.data, e->stream.len, MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    memmove(e->stream.data, e->stream.data + n, e->stream.len - (size_t)n);
    e->stream.len -= (size_t)n;
    if (!e->stream.len) {
        e->writing = false;
        e->s.events = POLLIN;
    }
    return true;
}

static bool errand_read(struct errand *e)
{
    char chunk[4096];
    ssize_t n = recv(e->s.fd, chunk, sizeof(chunk), 0);

    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    buf_put(&e->stream, chunk, (size_t)n);
    const uint8_t *p = (const uint8_t *)e->stream.data;
    size_t want = e->stream.len < 2 ? SIZE_MAX : (size_t)(p[0] << 8 | p[1]);
    if (e->stream.len < 2 || e->stream.len - 2 < want)
        return e->stream.len <= DNS_MESSAGE_MAX + 2;
    return errand_answer(e, (uint8_t *)e->stream.data + 2, want);
}

static void errand_ready(struct source *s, short revents)
{
    struct errand *e = (struct errand *)s;

    if (!revents)
        errand_failed(e);
    else if (!e->asker.tcp)
        errand_udp(e);
    else if (!(e->writing ? errand_write(e) : errand_read(e)))
        errand_failed(e);
}

static void run_errand(struct network *net, const struct asker *from, const uint8_t *query,
                       size_t len, const struct dns_question *q)
{
    AUTO_ARENA a = { 0 };

    if (!servers(net, &a)) { /* no way out of here: outside there is nothing */
        refuse(from, query, q, DNS_NXDOMAIN);
        return;
    }
    if (net->queries == ERRANDS_MAX) {
        refuse(from, query, q, DNS_SERVFAIL);
        return;
    }
    struct errand *e = xcalloc(1, sizeof(*e));
    e->s = (struct source) { .fd = -EBADF, .ready = errand_ready, .release = errand_release };
    e->net = net;
    e->asker = *from;
    e->q = *q;
    memcpy(e->id, query, 2);
    buf_put(&e->query, query, len);
    net->queries++;
    if (from->tcp)
        from->tcp->errands++;
    source_add(&net->sources, &e->s);
    if (!send_errand(e))
        errand_failed(e);
}

/* ---------- being asked ---------- */

static void take_query(struct network *net, const struct asker *from, const uint8_t *msg,
                       size_t len)
{
    struct dns_question q;

    if (dns_parse_query(msg, len, &q) < 0)
        return;
    if (!answer_here(net, from, msg, len, &q))
        run_errand(net, from, msg, len, &q);
}

static void udp_ready(struct source *s, short revents)
{
    struct listener *l = (struct listener *)s;
    struct asker from = { .udp = l };
    uint8_t msg[4096];

    for (int i = 0; revents && i < 32; i++) {
        from.from_len = sizeof(from.from);
        ssize_t n = recvfrom(s->fd, msg, sizeof(msg), MSG_DONTWAIT | MSG_TRUNC,
                             (struct sockaddr *)&from.from, &from.from_len);
        if (n < 0)
            break;
        if ((size_t)n <= sizeof(msg))
            take_query(l->net, &from, msg, (size_t)n);
    }
}

static void visitor_read(struct visitor *v)
{
    char chunk[4096];
    ssize_t n = recv(v->s.fd, chunk, sizeof(chunk), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || buf_add(&v->in, chunk, (size_t)n) < 0) {
        v->s.dead = true;
        return;
    }
    v->s.deadline = time_monotonic() + VISITOR_NS;
    while (v->in.len >= 2 && !v->s.dead) {
        const uint8_t *p = (const uint8_t *)v->in.data;
        size_t len = (size_t)(p[0] << 8 | p[1]);
        if (v->in.len - 2 < len)
            break;
        struct asker from = { .tcp = v };
        take_query(v->net, &from, p + 2, len);
        memmove(v->in.data, v->in.data + 2 + len, v->in.len - 2 - len);
        v->in.len -= 2 + len;
    }
}

static void visitor_ready(struct source *s, short revents)
{
    struct visitor *v = (struct visitor *)s;

    if (!revents) {
        s->dead = true;
        return;
    }
    if (revents & POLLOUT)
        visitor_flush(v);
    if (revents & (POLLIN | POLLHUP | POLLERR) && !s->dead)
        visitor_read(v);
}

static void visitor_release(struct source *s)
{
    struct visitor *v = (struct visitor *)s;

    for (struct source *o = v->net->sources.first; v->errands && o; o = o->next) {
        struct errand *e = (struct errand *)o;
        if (o->ready != errand_ready || e->asker.tcp != v)
            continue;
        e->asker.tcp = NULL; /* nobody waits for it any more */
        e->asker.udp = NULL;
        o->dead = true;
    }
    v->net->visitors--;
    close_p(&s->fd);
    buf_done(&v->in);
    buf_done(&v->out);
    free(v);
}

static void tcp_ready(struct source *s, short revents)
{
    struct listener *l = (struct listener *)s;
    int fd = revents ? accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) : -1;

    if (fd < 0)
        return;
    if (l->net->visitors == VISITORS_MAX) {
        close(fd);
        return;
    }
    struct visitor *v = xcalloc(1, sizeof(*v));
    v->s = (struct source) { .fd = fd,
                             .events = POLLIN,
                             .deadline = time_monotonic() + VISITOR_NS,
                             .ready = visitor_ready,
                             .release = visitor_release };
    v->net = l->net;
    v->in.max = 2 * (DNS_MESSAGE_MAX + 2);
    l->net->visitors++;
    source_add(&l->net->sources, &v->s);
}

static void listener_release(struct source *s)
{
    close_p(&s->fd);
    free(s);
}

void dns_listen(struct network *net, int fd, bool tcp)
{
    struct listener *l = xcalloc(1, sizeof(*l));

    l->s = (struct source) { .fd = fd,
                             .events = POLLIN,
                             .ready = tcp ? tcp_ready : udp_ready,
                             .release = listener_release };
    l->net = net;
    source_add(&net->sources, &l->s);
}
