#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>

#include "net/netlink.h"

#include "base/banned.h"

int nl_open(struct nl *nl, int protocol)
{
    int on = 1, size = 4 << 20;

    *nl = (struct nl) { .fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), .seq = 1 };
    if (nl->fd < 0)
        return -errno;
    /* Answers without the request in them, and with the kernel's words about a refusal; older kernels know
     * neither, and nothing depends on it. */
    (void)!setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
    (void)!setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
    (void)!setsockopt(nl->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
    if (setsockopt(nl->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
        (void)!setsockopt(nl->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    return 0;
}

int nl_open_in(struct nl *nl, int protocol, int netns)
{
    AUTO_CLOSE int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    nl->fd = -EBADF;
    if (own < 0 || setns(netns, CLONE_NEWNET) < 0)
        return -errno;
    int r = nl_open(nl, protocol);
    if (setns(own, CLONE_NEWNET) < 0)
        abort(); /* to go on in a container's network is worse than not to go on */
    return r;
}

void nl_close(struct nl *nl)
{
    close_p(&nl->fd);
    nl->fd = -EBADF;
}

void nl_close_elsewhere(struct nl *nl)
{
    if (fork() == 0) {
        /* Nothing else of ours, no lock above all, may be kept for so long. */
        if (nl->fd > 0)
            close_range(0, (unsigned)nl->fd - 1, 0);
        close_range((unsigned)nl->fd + 1, ~0u, 0);
        setsid();
        _exit(0);
    }
    nl_close(nl);
}

/* ---------- writing ---------- */

static void pad(struct buf *b)
{
    static const char zero[4];

    buf_put(b, zero, (4 - b->len % 4) % 4);
}

size_t nl_begin(struct nl *nl, struct buf *b, uint16_t type, unsigned flags, const void *hdr,
                size_t len)
{
    size_t at = b->len;
    struct nlmsghdr h = { .nlmsg_type = type,
                          .nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST),
                          .nlmsg_seq = nl->seq++ };

    buf_put(b, &h, sizeof(h));
    buf_put(b, hdr, len);
    pad(b);
    return at;
}

void nl_end(struct buf *b, size_t at)
{
    struct nlmsghdr *h = (void *)(b->data + at);

    h->nlmsg_len = (uint32_t)(b->len - at);
}

void nl_put(struct buf *b, uint16_t type, const void *data, size_t len)
{
    struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

    buf_put(b, &a, sizeof(a));
    if (len)
        buf_put(b, data, len);
    pad(b);
}

void nl_str(struct buf *b, uint16_t type, const char *s)
{
    nl_put(b, type, s, strlen(s) + 1);
}

void nl_u8(struct buf *b, uint16_t type, uint8_t v)
{
    nl_put(b, type, &v, sizeof(v));
}

void nl_u16(struct buf *b, uint16_t type, uint16_t v)
{
    nl_put(b, type, &v, sizeof(v));
}

void nl_u32(struct buf *b, uint16_t type, uint32_t v)
{
    nl_put(b, type, &v, sizeof(v));
}

void nl_be32(struct buf *b, uint16_t type, uint32_t v)
{
    nl_u32(b, type, htonl(v));
}

size_t nl_nest(struct buf *b, uint16_t type)
{
    size_t at = b->len;

    nl_put(b, (uint16_t)(type | NLA_F_NESTED), NULL, 0);
    return at;
}

void nl_nest_end(struct buf *b, size_t at)
{
    struct nlattr *a = (void *)(b->data + at);

    a->nla_len = (uint16_t)(b->len - at);
}

/* ---------- reading ---------- */

void nl_attrs(const void *data, size_t len, const struct nlattr **tb, size_t max)
{
    const char *p = data;

    memset(tb, 0, (max + 1) * sizeof(*tb));
    while (len >= NLA_HDRLEN) {
        const struct nlattr *a = (const void *)p;
        size_t n = a->nla_len, step = NLA_ALIGN(n), type = a->nla_type & NLA_TYPE_MASK;
        if (n < NLA_HDRLEN || n > len)
            return;
        if (type <= max)
            tb[type] = a;
        if (step >= len)
            return;
        p += step;
        len -= step;
    }
}

uint32_t nl_get_u32(const struct nlattr *a)
{
    uint32_t v = 0;

    if (a && nl_len(a) >= sizeof(v))
        memcpy(&v, nl_data(a), sizeof(v));
    return v;
}

uint32_t nl_get_be32(const struct nlattr *a)
{
    return ntohl(nl_get_u32(a));
}

const char *nl_get_str(const struct nlattr *a, char *out, size_t size)
{
    size_t n = a ? strnlen(nl_data(a), nl_len(a)) : 0;

    n = MIN(n, size - 1);
    if (n)
        memcpy(out, nl_data(a), n);
    out[n] = '\0';
    return out;
}

/* An acknowledgement, or a refusal with the kernel's words. */
static void read_error(struct nl_reader *r, const struct nlmsghdr *h, const char *p, size_t len)
{
    int32_t error;
    const struct nlattr *tb[NLMSGERR_ATTR_MSG + 1];

    if (len < sizeof(struct nlmsgerr))
        return;
    r->answered++;
    memcpy(&error, p, sizeof(error));
    if (error >= 0 || r->first < 0)
        return;
    r->first = error < -4095 ? -EIO : error;
    if (!r->why || !(h->nlmsg_flags & NLM_F_ACK_TLVS))
        return;
    size_t skip = sizeof(struct nlmsgerr);
    if (!(h->nlmsg_flags & NLM_F_CAPPED)) {
        const struct nlmsgerr *e = (const void *)p;
        if (e->msg.nlmsg_len > len)
            return;
        skip += e->msg.nlmsg_len > sizeof(e->msg) ? e->msg.nlmsg_len - sizeof(e->msg) : 0;
    }
    if (NLMSG_ALIGN(skip) >= len)
        return;
    nl_attrs(p + NLMSG_ALIGN(skip), len - NLMSG_ALIGN(skip), tb, NLMSGERR_ATTR_MSG);
    nl_get_str(tb[NLMSGERR_ATTR_MSG], r->why, 128);
}

void nl_read_datagram(struct nl_reader *r, const void *data, size_t len)
{
    const char *p = data;

    while (len >= sizeof(struct nlmsghdr)) {
        const struct nlmsghdr *h = (const void *)p;
        size_t n = h->nlmsg_len, step = NLMSG_ALIGN(n);
        if (n < sizeof(*h) || n > len)
            return;
        const char *body = p + NLMSG_HDRLEN;
        if (h->nlmsg_type == NLMSG_ERROR)
            read_error(r, h, body, n - NLMSG_HDRLEN);
        else if (h->nlmsg_type == NLMSG_DONE)
            r->answered++;
        else if (h->nlmsg_type >= NLMSG_MIN_TYPE && r->sink) {
            int s = r->sink(r->arg, h->nlmsg_type, body, n - NLMSG_HDRLEN);
            if (s < 0 && r->first == 0)
                r->first = s;
        }
        if (step >= len)
            return;
        p += step;
        len -= step;
    }
}

/* A dump ends with DONE, all else with an acknowledgement. */
static unsigned count_requests(const struct buf *b)
{
    unsigned n = 0;

    for (size_t at = 0; at + sizeof(struct nlmsghdr) <= b->len;) {
        const struct nlmsghdr *h = (const void *)(b->data + at);
        n += (h->nlmsg_flags & NLM_F_ACK) || (h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
        at += NLMSG_ALIGN(h->nlmsg_len);
    }
    return n;
}

int nl_talk(struct nl *nl, struct buf *b, nl_sink sink, void *arg, char *why)
{
    static char answer[64 << 10] __attribute__((aligned(8)));
    struct nl_reader r = { .sink = sink, .arg = arg, .why = why };
    unsigned wanted = count_requests(b);

    if (why)
        why[0] = '\0';
    if (send(nl->fd, b->data, b->len, 0) < 0)
        return -errno;
    buf_reset(b);
    while (r.answered < wanted) {
        ssize_t n = recv(nl->fd, answer, sizeof(answer), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        nl_read_datagram(&r, answer, (size_t)n);
        /* nf_tables says nothing more about a batch once it has refused to begin it. */
        if (r.first < 0 && r.answered < wanted) {
            n = recv(nl->fd, answer, sizeof(answer), MSG_DONTWAIT);
            if (n < 0)
                break;
            nl_read_datagram(&r, answer, (size_t)n);
        }
    }
    return r.first;
}
