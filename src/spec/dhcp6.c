#include "spec/dhcp6.h"

#include <arpa/inet.h>

#include "base/banned.h"

enum {
    HEADER = 4,     /* type and transaction */
    IA_FIXED = 12,  /* IAID, T1, T2 */
    ADDR_FIXED = 24 /* address and its two times */
};

enum option {
    OPT_CLIENT = 1,
    OPT_SERVER = 2,
    OPT_IA_NA = 3,
    OPT_ADDRESS = 5,
    OPT_WANTED = 6,
    OPT_ELAPSED = 8,
    OPT_STATUS = 13,
    OPT_DNS = 23,
    OPT_DOMAINS = 24,
    OPT_FQDN = 39,
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ---------- writing ---------- */

static void put16(struct buf *b, size_t v)
{
    buf_putc(b, (char)(v >> 8));
    buf_putc(b, (char)v);
}

static void put32(struct buf *b, uint32_t v)
{
    put16(b, v >> 16);
    put16(b, v & 0xffff);
}

static void put_option(struct buf *b, enum option code, const void *data, size_t n)
{
    put16(b, code);
    put16(b, n);
    buf_put(b, data, n);
}

static void put_ia(struct buf *b, const struct dhcp6_message *m)
{
    bool address = !IN6_IS_ADDR_UNSPECIFIED(&m->address);

    put16(b, OPT_IA_NA);
    put16(b, IA_FIXED + (address ? HEADER + ADDR_FIXED : 0));
    put32(b, m->iaid);
    put32(b, 0); /* the times are the server's to choose */
    put32(b, 0);
    if (!address)
        return;
    put16(b, OPT_ADDRESS);
    put16(b, ADDR_FIXED);
    buf_put(b, &m->address, 16);
    put32(b, 0);
    put32(b, 0);
}

/* RFC 4704: one label, not yet complete, and the server may tell whom it likes. */
static void put_name(struct buf *b, const char *name)
{
    size_t n = name ? strcspn(name, ".") : 0;

    if (!n || n > 63 ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") < n ||
        name[0] == '-')
        return;
    put16(b, OPT_FQDN);
    put16(b, n + 2);
    buf_putc(b, 1);
    buf_putc(b, (char)n);
    buf_put(b, name, n);
}

void dhcp6_build(struct buf *out, const struct dhcp6_message *m)
{
    buf_putc(out, (char)m->type);
    buf_putc(out, (char)(m->xid >> 16));
    put16(out, m->xid & 0xffff);
    put_option(out, OPT_CLIENT, m->client.b, m->client.n);
    if (m->server.n)
        put_option(out, OPT_SERVER, m->server.b, m->server.n);
    put16(out, OPT_ELAPSED);
    put16(out, 2);
    put16(out, m->elapsed);
    put_ia(out, m);
    if (m->type == DHCP6_RELEASE)
        return;
    put_name(out, m->host_name);
    put16(out, OPT_WANTED);
    put16(out, 4);
    put16(out, OPT_DNS);
    put16(out, OPT_DOMAINS);
}

/* ---------- reading ---------- */

struct options {
    const uint8_t *at, *end;
};
struct option_value {
    unsigned code;
    const uint8_t *data;
    size_t len;
};

/* 1, 0 at the end, -1 when what is left is no option. */
static int next_option(struct options *o, struct option_value *v)
{
    if (o->at == o->end)
        return 0;
    if (o->end - o->at < HEADER || o->end - o->at - HEADER < get16(o->at + 2))
        return -1;
    *v = (struct option_value) { get16(o->at), o->at + HEADER, get16(o->at + 2) };
    o->at += HEADER + v->len;
    return 1;
}

static bool usable(const struct in6_addr *a)
{
    return !IN6_IS_ADDR_UNSPECIFIED(a) && !IN6_IS_ADDR_MULTICAST(a) && !IN6_IS_ADDR_LOOPBACK(a);
}

/* A status that is not "success" means that there is nothing for us. */
static int read_status(const struct option_value *v, bool *good)
{
    if (v->len < 2)
        return -EINVAL;
    *good &= get16(v->data) == 0;
    return 0;
}

/* The first address that is alive. */
static int read_address(const struct option_value *v, struct dhcp6_reply *r)
{
    struct options o = { v->data + ADDR_FIXED, v->data + v->len };
    struct option_value sub;
    struct in6_addr ip;
    bool good = true;
    int more;

    if (v->len < ADDR_FIXED)
        return -EINVAL;
    while ((more = next_option(&o, &sub)) > 0)
        if (sub.code == OPT_STATUS && read_status(&sub, &good) < 0)
            return -EINVAL;
    memcpy(&ip, v->data, 16);
    uint32_t preferred = get32(v->data + 16), valid = get32(v->data + 20);
    if (more < 0 || preferred > valid)
        return -EINVAL;
    if (r->has_address || !good || !valid || !usable(&ip) || IN6_IS_ADDR_LINKLOCAL(&ip))
        return 0;
    r->has_address = true;
    r->address = ip;
    r->preferred = preferred;
    r->valid = valid;
    return 0;
}

static void choose_times(struct dhcp6_reply *r, uint32_t t1, uint32_t t2)
{
    uint32_t base = r->preferred ? r->preferred : r->valid;

    if (r->valid == DHCP_FOREVER && base == DHCP_FOREVER && (!t1 || t1 == DHCP_FOREVER)) {
        r->t1 = r->t2 = DHCP_FOREVER;
        return;
    }
    if (!t1 || t1 >= r->valid)
        t1 = MAX(base / 2, 1u);
    if (!t2 || t2 >= r->valid || t2 < t1)
        t2 = MAX((uint32_t)((uint64_t)base * 4 / 5), t1);
    r->t1 = MIN(t1, r->valid);
    r->t2 = MIN(t2, r->valid);
}

static int read_ia(const struct option_value *v, const struct dhcp6_message *asked,
                   struct dhcp6_reply *r, bool *good)
{
    struct options o = { v->data + IA_FIXED, v->data + v->len };
    struct option_value sub;
    int more, e = 0;

    if (v->len < IA_FIXED)
        return -EINVAL;
    if (get32(v->data) != asked->iaid)
        return 0; /* another's */
    while ((more = next_option(&o, &sub)) > 0) {
        if (sub.code == OPT_STATUS)
            e |= read_status(&sub, good);
        else if (sub.code == OPT_ADDRESS)
            e |= read_address(&sub, r);
    }
    if (more < 0 || e)
        return -EINVAL;
    uint32_t t1 = get32(v->data + 4), t2 = get32(v->data + 8);
    if (t1 && t2 && t1 > t2)
        return -EINVAL; /* RFC 8415, 21.4: to be thrown away */
    if (r->has_address)
        choose_times(r, t1, t2);
    return 0;
}

static int read_servers(const struct option_value *v, struct dhcp6_reply *r)
{
    if (v->len % 16)
        return -EINVAL;
    for (size_t i = 0; i < v->len && r->n_servers < DHCP_SERVERS_MAX; i += 16) {
        struct in6_addr ip;
        memcpy(&ip, v->data + i, 16);
        if (usable(&ip) && !IN6_IS_ADDR_LINKLOCAL(&ip)) /* a zone means nothing in resolv.conf */
            r->servers[r->n_servers++] = ip;
    }
    return 0;
}

/* The first name of the list; what no resolver's file should hold is left out. */
static void read_domain(const struct option_value *v, struct dhcp6_reply *r)
{
    char name[sizeof(r->domain)];
    size_t at = 0, n = 0;

    while (at < v->len && v->data[at]) {
        size_t label = v->data[at++];
        if (label > 63 || label > v->len - at || n + label + 2 > sizeof(name))
            return;
        if (n)
            name[n++] = '.';
        for (size_t i = 0; i < label; i++) {
            uint8_t c = v->data[at + i], low = c | 32;
            if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
                return;
            name[n++] = (char)c;
        }
        at += label;
    }
    name[n] = '\0';
    if (at < v->len)
        memcpy(r->domain, name, n + 1);
}

static int read_id(const struct option_value *v, struct dhcp6_id *ret)
{
    if (v->len < 2 || v->len > DHCP6_DUID_MAX)
        return -EINVAL;
    memcpy(ret->b, v->data, v->len);
    ret->n = v->len;
    return 0;
}

int dhcp6_parse(const uint8_t *data, size_t len, const struct dhcp6_message *asked,
                struct dhcp6_reply *ret)
{
    struct dhcp6_reply r = { 0 };
    struct dhcp6_id client = { 0 };
    struct options o = { data + HEADER, data + len };
    struct option_value v;
    bool good = true;
    int more, e = 0;

    if (len < HEADER || (data[0] != DHCP6_ADVERTISE && data[0] != DHCP6_REPLY) ||
        (get32(data) & 0xffffff) != asked->xid)
        return -EINVAL;
    r.type = (enum dhcp6_type)data[0];
    while ((more = next_option(&o, &v)) > 0)
        switch (v.code) {
        case OPT_CLIENT:
            e |= read_id(&v, &client);
            break;
        case OPT_SERVER:
            e |= read_id(&v, &r.server);
            break;
        case OPT_IA_NA:
            e |= read_ia(&v, asked, &r, &good);
            break;
        case OPT_STATUS:
            e |= read_status(&v, &good);
            break;
        case OPT_DNS:
            e |= read_servers(&v, &r);
            break;
        case OPT_DOMAINS:
            read_domain(&v, &r);
            break;
        default:
            break; /* a code of the server's, not a state of ours */
        }
    if (more < 0 || e || !r.server.n || client.n != asked->client.n ||
        memcmp(client.b, asked->client.b, client.n) != 0)
        return -EINVAL;
    r.has_address &= good;
    *ret = r;
    return 0;
}

/* ---------- the lease ---------- */

static char *hex(struct arena *a, const struct dhcp6_id *id)
{
    char *out = arena_alloc(a, id->n * 2 + 1);

    for (size_t i = 0; i < id->n; i++)
        snprintf(out + i * 2, 3, "%02x", id->b[i]);
    return out;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool unhex(const char *s, struct dhcp6_id *ret)
{
    size_t n = s ? strlen(s) : 0;

    if (n < 4 || n % 2 || n > 2 * DHCP6_DUID_MAX)
        return false;
    for (size_t i = 0; i < n; i += 2) {
        int high = digit(s[i]), low = digit(s[i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret->b[i / 2] = (uint8_t)(high << 4 | low);
    }
    ret->n = n / 2;
    return true;
}

static char *text(struct arena *a, const struct in6_addr *ip)
{
    char out[INET6_ADDRSTRLEN] = "";

    inet_ntop(AF_INET6, ip, out, sizeof(out));
    return arena_strdup(a, out);
}

void dhcp6_lease_set(struct arena *a, struct dhcp_lease *l, const struct dhcp6_reply *r,
                     int64_t now)
{
    l->address = arena_printf(a, "%s/128", text(a, &r->address));
    l->server = hex(a, &r->server);
    l->servers = NULL;
    for (size_t i = 0; i < r->n_servers; i++)
        l->servers = strv_add(a, l->servers, text(a, &r->servers[i]));
    l->domain = *r->domain ? arena_strdup(a, r->domain) : NULL;
    l->lease = r->valid;
    l->t1 = r->t1;
    l->t2 = r->t2;
    l->since = now;
}

bool dhcp6_address(const char *s, struct in6_addr *ret)
{
    size_t n = s ? strcspn(s, "/") : 0;
    char ip[INET6_ADDRSTRLEN];

    if (!n || n >= sizeof(ip))
        return false;
    memcpy(ip, s, n);
    ip[n] = '\0';
    return inet_pton(AF_INET6, ip, ret) == 1;
}

bool dhcp6_lease_message(const struct dhcp_lease *l, struct dhcp6_message *ret)
{
    *ret = (struct dhcp6_message) { .iaid = (uint32_t)l->iaid, .host_name = l->host_name };
    return unhex(l->id, &ret->client) && (!l->server || unhex(l->server, &ret->server)) &&
           (!l->address || dhcp6_address(l->address, &ret->address));
}
