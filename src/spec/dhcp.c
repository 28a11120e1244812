#include "spec/dhcp.h"

#include <arpa/inet.h>

#include "base/banned.h"

enum {
    IP_HEADER = 20,
    UDP_HEADER = 8,
    SERVER_PORT = 67,
    CLIENT_PORT = 68,
    /* offsets in the message */
    AT_XID = 4,
    AT_SECS = 8,
    AT_FLAGS = 10,
    AT_CIADDR = 12,
    AT_YIADDR = 16,
    AT_CHADDR = 28,
    AT_SNAME = 44,
    AT_FILE = 108,
    AT_COOKIE = 236,
    AT_OPTIONS = 240,
    MESSAGE_MIN = 300, /* BOOTP's; relays drop what is shorter */
    OPTION_MAX = 512,  /* of one option put together from all its parts */
};
static const uint8_t cookie[4] = { 99, 130, 83, 99 };

enum option {
    OPT_PAD = 0,
    OPT_MASK = 1,
    OPT_ROUTERS = 3,
    OPT_DNS = 6,
    OPT_HOST_NAME = 12,
    OPT_DOMAIN = 15,
    OPT_MTU = 26,
    OPT_REQUESTED = 50,
    OPT_LEASE = 51,
    OPT_OVERLOAD = 52,
    OPT_TYPE = 53,
    OPT_SERVER = 54,
    OPT_WANTED = 55,
    OPT_MAX_SIZE = 57,
    OPT_T1 = 58,
    OPT_T2 = 59,
    OPT_ID = 61,
    OPT_ROUTES = 121,
    OPT_END = 255,
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put16(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

static struct in_addr get_addr(const uint8_t *p)
{
    struct in_addr a;

    memcpy(&a, p, sizeof(a));
    return a;
}

/* The sum of RFC 1071 over @p, added to @sum. */
static uint32_t add_up(uint32_t sum, const uint8_t *p, size_t n)
{
    for (; n > 1; p += 2, n -= 2)
        sum += get16(p);
    return n ? sum + (uint32_t)(p[0] << 8) : sum;
}

static uint16_t checksum(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* ---------- writing ---------- */

static void put_option(struct buf *b, enum option code, const void *data, size_t n)
{
    buf_putc(b, (char)code);
    buf_putc(b, (char)n);
    buf_put(b, data, n);
}

/* A label or several, as RFC 952 and 1123 allow them. */
static bool host_name(const char *s)
{
    size_t n = s ? strlen(s) : 0;

    return n && n <= 63 &&
           strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == n &&
           s[0] != '-' && s[0] != '.';
}

static void put_options(struct buf *b, const struct dhcp_message *m)
{
    static const uint8_t wanted[] = { OPT_MASK, OPT_ROUTES, OPT_ROUTERS, OPT_DNS, OPT_DOMAIN,
                                      OPT_MTU,  OPT_LEASE,  OPT_SERVER,  OPT_T1,  OPT_T2 };
    uint8_t type = (uint8_t)m->type, size[2];

    put_option(b, OPT_TYPE, &type, 1);
    put_option(b, OPT_ID, m->id, m->n_id);
    if (m->requested.s_addr)
        put_option(b, OPT_REQUESTED, &m->requested, 4);
    if (m->server.s_addr)
        put_option(b, OPT_SERVER, &m->server, 4);
    if (m->type != DHCP_RELEASE) {
        put16(size, DHCP_PACKET_MAX - IP_HEADER - UDP_HEADER);
        put_option(b, OPT_MAX_SIZE, size, 2);
        if (host_name(m->host_name))
            put_option(b, OPT_HOST_NAME, m->host_name, strlen(m->host_name));
        put_option(b, OPT_WANTED, wanted, sizeof(wanted));
    }
    buf_putc(b, (char)OPT_END);
}

static void put_headers(uint8_t *p, size_t len, struct in_addr from, struct in_addr to)
{
    uint8_t *udp = p + IP_HEADER;

    p[0] = 0x45;
    put16(p + 2, len);
    put16(p + 6, 0x4000); /* do not fragment */
    p[8] = 64;
    p[9] = IPPROTO_UDP;
    memcpy(p + 12, &from, 4);
    memcpy(p + 16, &to, 4);
    put16(p + 10, checksum(add_up(0, p, IP_HEADER)));
    put16(udp, CLIENT_PORT);
    put16(udp + 2, SERVER_PORT);
    put16(udp + 4, len - IP_HEADER);
    uint16_t sum = checksum(
        add_up(add_up(IPPROTO_UDP + (uint32_t)(len - IP_HEADER), p + 12, 8), udp, len - IP_HEADER));
    put16(udp + 6, sum ? sum : 0xffff);
}

void dhcp_build(struct buf *out, const struct dhcp_message *m, struct in_addr to)
{
    static const uint8_t zero[IP_HEADER + UDP_HEADER + MESSAGE_MIN];
    size_t at = out->len, head = IP_HEADER + UDP_HEADER;

    buf_put(out, zero, head + AT_OPTIONS);
    uint8_t *msg = (uint8_t *)out->data + at + head;
    msg[0] = 1; /* a request */
    msg[1] = 1; /* Ethernet, */
    msg[2] = 6; /* with its addresses */
    put32(msg + AT_XID, m->xid);
    put16(msg + AT_SECS, m->secs);
    put16(msg + AT_FLAGS, m->broadcast ? 0x8000 : 0);
    memcpy(msg + AT_CIADDR, &m->client, 4);
    memcpy(msg + AT_CHADDR, m->mac, 6);
    memcpy(msg + AT_COOKIE, cookie, 4);
    put_options(out, m);
    if (out->len - at < head + MESSAGE_MIN)
        buf_put(out, zero, head + MESSAGE_MIN - (out->len - at));
    put_headers((uint8_t *)out->data + at, out->len - at, m->client, to);
}

/* ---------- reading ---------- */

/* The UDP payload, or NULL.  Its checksum is not looked at: between interfaces of one host nobody fills it in. */
static const uint8_t *payload(const uint8_t *p, size_t len, size_t *ret_len)
{
    size_t head = len >= IP_HEADER ? (size_t)(p[0] & 15) * 4 : 0;

    if (head < IP_HEADER || p[0] >> 4 != 4 || p[9] != IPPROTO_UDP || (get16(p + 6) & 0x3fff))
        return NULL;
    size_t total = get16(p + 2);
    if (total > len || total < head + UDP_HEADER || checksum(add_up(0, p, head)) != 0)
        return NULL;
    const uint8_t *udp = p + head;
    size_t n = get16(udp + 4);
    if (n < UDP_HEADER || n > total - head || get16(udp) != SERVER_PORT ||
        get16(udp + 2) != CLIENT_PORT)
        return NULL;
    *ret_len = n - UDP_HEADER;
    return udp + UDP_HEADER;
}

struct options {
    const uint8_t *part[3];
    size_t len[3];
    size_t n;
};

/* Puts the parts of option @code together (RFC 3396) in @out (OPTION_MAX bytes).  Its length, 0 when it is not
 * there; -1: the options are malformed. */
static ssize_t collect(const struct options *o, enum option code, uint8_t *out)
{
    size_t got = 0;

    for (size_t i = 0; i < o->n; i++) {
        const uint8_t *p = o->part[i], *end = p + o->len[i];
        while (p < end && *p != OPT_END) {
            if (*p == OPT_PAD) {
                p++;
                continue;
            }
            if (end - p < 2 || end - p < 2 + p[1])
                return -1;
            if (p[0] == code) {
                if (got + p[1] > OPTION_MAX)
                    return -1;
                memcpy(out + got, p + 2, p[1]);
                got += p[1];
            }
            p += 2 + p[1];
        }
    }
    return (ssize_t)got;
}

static bool find_options(const uint8_t *msg, size_t len, struct options *o)
{
    uint8_t v[OPTION_MAX];

    *o = (struct options) { .part = { msg + AT_OPTIONS }, .len = { len - AT_OPTIONS }, .n = 1 };
    ssize_t n = collect(o, OPT_OVERLOAD, v);
    if (n < 0 || n > 1 || (n == 1 && v[0] > 3))
        return false;
    if (n == 1 && (v[0] & 1)) {
        o->part[o->n] = msg + AT_FILE;
        o->len[o->n++] = AT_COOKIE - AT_FILE;
    }
    if (n == 1 && (v[0] & 2)) {
        o->part[o->n] = msg + AT_SNAME;
        o->len[o->n++] = AT_FILE - AT_SNAME;
    }
    return collect(o, OPT_PAD, v) == 0;
}

/* An option of exactly four bytes; @missing when it is not there.  False: of another length. */
static bool number(const struct options *o, enum option code, uint32_t missing, uint32_t *ret)
{
    uint8_t v[OPTION_MAX];
    ssize_t n = collect(o, code, v);

    *ret = n == 4 ? get32(v) : missing;
    return n == 4 || n == 0;
}

static bool unicast(struct in_addr a)
{
    uint32_t h = ntohl(a.s_addr);

    return h >> 24 && h >> 24 != 127 && h >> 28 < 14;
}

static bool read_times(const struct options *o, struct dhcp_reply *r)
{
    if (!number(o, OPT_LEASE, 0, &r->lease) || !r->lease || !number(o, OPT_T1, 0, &r->t1) ||
        !number(o, OPT_T2, 0, &r->t2))
        return false;
    if (r->lease == DHCP_FOREVER)
        r->t1 = r->t2 = DHCP_FOREVER;
    else if (!r->t1 || r->t1 >= r->t2 || r->t2 >= r->lease) {
        r->t1 = MAX(r->lease / 2, 1u);
        r->t2 = MAX((uint32_t)((uint64_t)r->lease * 7 / 8), r->t1);
    }
    return true;
}

static bool read_prefix(const struct options *o, struct dhcp_reply *r)
{
    uint32_t top = ntohl(r->address.s_addr) >> 30,
             by_class = top < 2    ? 0xff000000u
                        : top == 2 ? 0xffff0000u
                                   : 0xffffff00u,
             mask;

    if (!number(o, OPT_MASK, by_class, &mask) || !mask || (~mask & (~mask + 1)))
        return false;
    r->prefix = (unsigned)__builtin_popcount(mask);
    return true;
}

static void add_route(struct dhcp_reply *r, struct in_addr to, unsigned prefix,
                      struct in_addr gateway)
{
    if (r->n_routes < DHCP_ROUTES_MAX)
        r->routes[r->n_routes++] = (struct dhcp_route) { to, gateway, prefix };
}

static bool read_classless(struct dhcp_reply *r, const uint8_t *v, size_t n)
{
    for (size_t at = 0; at < n;) {
        unsigned prefix = v[at++];
        size_t significant = (prefix + 7) / 8;
        uint8_t to[4] = { 0 };
        if (prefix > 32 || n - at < significant + 4)
            return false;
        memcpy(to, v + at, significant);
        uint32_t mask = prefix ? ~0u << (32 - prefix) : 0;
        struct in_addr dst = { htonl(get32(to) & mask) }, gw = get_addr(v + at + significant);
        at += significant + 4;
        if (!gw.s_addr || unicast(gw))
            add_route(r, dst, prefix, gw);
    }
    return true;
}

/* Who sends classless routes means them alone (RFC 3442). */
static bool read_routes(const struct options *o, struct dhcp_reply *r)
{
    uint8_t v[OPTION_MAX];
    ssize_t n = collect(o, OPT_ROUTES, v);

    if (n > 0)
        return read_classless(r, v, (size_t)n);
    n = collect(o, OPT_ROUTERS, v);
    if (n % 4)
        return false;
    if (n && unicast(get_addr(v)))
        add_route(r, (struct in_addr) { 0 }, 0, get_addr(v));
    return true;
}

static bool read_names(const struct options *o, struct dhcp_reply *r)
{
    uint8_t v[OPTION_MAX];
    ssize_t n = collect(o, OPT_DNS, v);

    if (n % 4)
        return false;
    for (ssize_t i = 0; i < n && r->n_servers < DHCP_SERVERS_MAX; i += 4)
        if (unicast(get_addr(v + i)))
            r->servers[r->n_servers++] = get_addr(v + i);
    n = collect(o, OPT_DOMAIN, v);
    while (n && (!v[n - 1] || v[n - 1] == '.'))
        n--;
    /* It goes into a file of the container's: a name, or nothing. */
    for (ssize_t i = 0; i < n; i++)
        if (!((v[i] | 32) >= 'a' && (v[i] | 32) <= 'z') && !(v[i] >= '0' && v[i] <= '9') &&
            v[i] != '-' && v[i] != '.' && v[i] != '_')
            return true;
    if (n < (ssize_t)sizeof(r->domain))
        memcpy(r->domain, v, (size_t)n);
    return true;
}

int dhcp_parse(const uint8_t *packet, size_t len, const struct dhcp_message *asked,
               struct dhcp_reply *ret)
{
    struct dhcp_reply r = { 0 };
    struct options o;
    uint8_t v[OPTION_MAX];
    size_t n = 0;
    uint32_t server;

    const uint8_t *msg = payload(packet, len, &n);
    if (!msg || n < AT_OPTIONS || msg[0] != 2 || msg[1] != 1 || msg[2] != 6 ||
        get32(msg + AT_XID) != asked->xid || memcmp(msg + AT_CHADDR, asked->mac, 6) != 0 ||
        memcmp(msg + AT_COOKIE, cookie, 4) != 0 || !find_options(msg, n, &o))
        return -EINVAL;
    if (collect(&o, OPT_TYPE, v) != 1 ||
        (v[0] != DHCP_OFFER && v[0] != DHCP_ACK && v[0] != DHCP_NAK))
        return -EINVAL;
    r.type = (enum dhcp_type)v[0];
    if (r.type == DHCP_NAK) {
        *ret = r;
        return 0;
    }
    r.address = get_addr(msg + AT_YIADDR);
    if (!number(&o, OPT_SERVER, 0, &server) || !unicast(r.address))
        return -EINVAL;
    r.server.s_addr = htonl(server);
    if (!unicast(r.server) || !read_times(&o, &r) || !read_prefix(&o, &r) || !read_routes(&o, &r) ||
        !read_names(&o, &r))
        return -EINVAL;
    if (collect(&o, OPT_MTU, v) == 2 && get16(v) >= 576)
        r.mtu = get16(v);
    *ret = r;
    return 0;
}

/* ---------- the socket's filter ---------- */

static struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 6),
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 4, 0), /* a later fragment has no ports */
    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
    BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CLIENT_PORT, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    BPF_STMT(BPF_RET | BPF_K, 0),
};
const struct sock_fprog dhcp_filter = { ARRAY_SIZE(filter), filter };
