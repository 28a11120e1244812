#include "monitor/dns_message.h"

#include <arpa/inet.h>
#include <ctype.h>

#include "base/arena.h"
#include "base/parse.h"

#include "base/banned.h"

enum { LABEL_MAX = 63, TYPE_OPT = 41, CLASS_IN = 1, UDP_MIN = 512, RECORDS_MAX = 512 };
enum { FLAG_QR = 0x80, FLAG_AA = 0x04, FLAG_TC = 0x02, FLAG_RD = 0x01, FLAG_RA = 0x80 };

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(struct buf *b, unsigned v)
{
    buf_put(b, (const uint8_t[]) { (uint8_t)(v >> 8), (uint8_t)v }, 2);
}

static void set16(char *at, unsigned v)
{
    at[0] = (char)(v >> 8);
    at[1] = (char)v;
}

/* ---------- reading ---------- */

/* The labels of a question are never compressed.  The offset behind them, or 0. */
static size_t read_name(const uint8_t *msg, size_t len, size_t at, char *out)
{
    size_t used = 0;
    bool printable = true;

    for (;;) {
        if (at >= len)
            return 0;
        size_t n = msg[at++];
        if (n == 0)
            break;
        if (n > LABEL_MAX || at + n > len || used + n + 1 > DNS_NAME_MAX)
            return 0;
        if (used)
            out[used++] = '.';
        for (size_t i = 0; i < n; i++) {
            unsigned char c = msg[at + i];
            printable &= c > ' ' && c < 0x7f && c != '.';
            out[used++] = (char)tolower(c);
        }
        at += n;
    }
    out[printable ? used : 0] = '\0';
    return at;
}

/* Any name, compressed or not.  The offset behind it, or 0. */
static size_t skip_name(const uint8_t *msg, size_t len, size_t at)
{
    while (at < len) {
        size_t n = msg[at];
        if (n == 0)
            return at + 1;
        if ((n & 0xc0) == 0xc0)
            return at + 2 <= len ? at + 2 : 0;
        if (n > LABEL_MAX)
            return 0;
        at += n + 1;
    }
    return 0;
}

/* One record: where its fixed part (type, class, ttl, length) begins.  The offset behind it, or 0. */
static size_t skip_record(const uint8_t *msg, size_t len, size_t at, size_t *ret_fixed)
{
    at = skip_name(msg, len, at);
    if (!at || at + 10 > len)
        return 0;
    *ret_fixed = at;
    at += 10 + get16(msg + at + 8);
    return at <= len ? at : 0;
}

int dns_parse_query(const uint8_t *msg, size_t len, struct dns_question *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (len < DNS_HEADER || (msg[2] & 0xf8) || get16(msg + 4) != 1 || get16(msg + 6))
        return -EINVAL;
    size_t at = read_name(msg, len, DNS_HEADER, ret->name);
    if (!at || at + 4 > len)
        return -EINVAL;
    ret->type = get16(msg + at);
    ret->class = get16(msg + at + 2);
    ret->end = at + 4;
    ret->payload = UDP_MIN;
    size_t fixed, next = ret->end;
    for (unsigned i = 0, n = get16(msg + 8) + get16(msg + 10); i < n && i < RECORDS_MAX; i++) {
        next = skip_record(msg, len, next, &fixed);
        if (!next)
            return -EINVAL;
        if (get16(msg + fixed) == TYPE_OPT)
            ret->payload = MAX(get16(msg + fixed + 2), UDP_MIN);
    }
    return 0;
}

bool dns_answers(const uint8_t *msg, size_t len, const uint8_t *query, const struct dns_question *q)
{
    struct dns_question have;
    uint8_t plain[DNS_HEADER + DNS_NAME_MAX + 8];

    if (len < q->end || q->end > sizeof(plain) || memcmp(msg, query, 2) != 0 ||
        !(msg[2] & FLAG_QR) || get16(msg + 4) != 1)
        return false;
    /* The question again, seen as a query of its own: compared without regard to case. */
    memcpy(plain, msg, q->end);
    plain[2] = 0;
    memset(plain + 6, 0, 6);
    return dns_parse_query(plain, q->end, &have) == 0 && have.end == q->end &&
           have.type == q->type && have.class == q->class && STR_EQ(have.name, q->name);
}

/* Calls @visit for the time to live of every record but OPT, at most RECORDS_MAX.  False: malformed. */
static bool each_ttl(const uint8_t *msg, size_t len, const struct dns_question *q,
                     void (*visit)(const uint8_t *ttl, void *arg), void *arg)
{
    size_t at = q->end, fixed;
    unsigned n = get16(msg + 6) + get16(msg + 8) + get16(msg + 10);

    if (n > RECORDS_MAX)
        return false;
    for (unsigned i = 0; i < n; i++) {
        at = skip_record(msg, len, at, &fixed);
        if (!at)
            return false;
        if (get16(msg + fixed) != TYPE_OPT)
            visit(msg + fixed + 4, arg);
    }
    return true;
}

static void note_shortest(const uint8_t *ttl, void *arg)
{
    uint32_t *shortest = arg;

    *shortest = MIN(*shortest, get32(ttl));
}

uint32_t dns_lifetime(const uint8_t *msg, size_t len, const struct dns_question *q)
{
    uint32_t shortest = UINT32_MAX;

    if (len < q->end || (msg[2] & FLAG_TC) || (msg[3] & 0x0f) != DNS_OK || get16(msg + 6) == 0 ||
        !each_ttl(msg, len, q, note_shortest, &shortest))
        return 0;
    return shortest > INT32_MAX ? 0 : shortest;
}

static void take_off(const uint8_t *ttl, void *arg)
{
    uint32_t old = get32(ttl), *seconds = arg;
    uint32_t now = old > *seconds ? old - *seconds : 0;
    uint8_t *w = (uint8_t *)(uintptr_t)ttl;

    w[0] = (uint8_t)(now >> 24);
    w[1] = (uint8_t)(now >> 16);
    w[2] = (uint8_t)(now >> 8);
    w[3] = (uint8_t)now;
}

void dns_age(uint8_t *msg, size_t len, const struct dns_question *q, uint32_t seconds)
{
    (void)each_ttl(msg, len, q, take_off, &seconds);
}

bool dns_reverse_name(const char *name, char out[INET6_ADDRSTRLEN])
{
    AUTO_ARENA a = { 0 };
    uint8_t addr[16] = { 0 };
    uint64_t v;
    char **part = strv_split(&a, name, '.');
    size_t n = strv_len(part);

    if (n == 6 && STR_EQ(part[4], "in-addr") && STR_EQ(part[5], "arpa")) {
        for (size_t i = 0; i < 4; i++) {
            if (parse_u64(part[i], 255, &v) < 0)
                return false;
            addr[3 - i] = (uint8_t)v;
        }
        return inet_ntop(AF_INET, addr, out, INET6_ADDRSTRLEN) != NULL;
    }
    if (n != 34 || !STR_EQ(part[32], "ip6") || !STR_EQ(part[33], "arpa"))
        return false;
    for (size_t i = 0; i < 32; i++) {
        const char *hex = "0123456789abcdef";
        const char *p = strlen(part[i]) == 1 ? strchr(hex, part[i][0]) : NULL;
        if (!p)
            return false;
        addr[15 - i / 2] |= (uint8_t)((unsigned)(p - hex) << (i % 2 ? 4 : 0));
    }
    return inet_ntop(AF_INET6, addr, out, INET6_ADDRSTRLEN) != NULL;
}

/* ---------- writing ---------- */

void dns_begin(struct buf *out, const uint8_t *query, const struct dns_question *q,
               enum dns_rcode rcode)
{
    buf_reset(out);
    buf_put(out, query, q->end);
    out->data[2] = (char)(FLAG_QR | FLAG_AA | (query[2] & FLAG_RD));
    out->data[3] = (char)(FLAG_RA | rcode);
    memset(out->data + 6, 0, 6);
}

/* The records are of now: whoever starts or ends changes them, so nobody may keep them. */
static void add_record(struct buf *out, unsigned type, const void *data, size_t len)
{
    put16(out, 0xc000 | DNS_HEADER); /* the question's name */
    put16(out, type);
    put16(out, CLASS_IN);
    put16(out, 0);
    put16(out, 0);
    put16(out, (unsigned)len);
    buf_put(out, data, len);
    set16(out->data + 6, get16((const uint8_t *)out->data + 6) + 1u);
}

void dns_add_address(struct buf *out, const struct in6_addr *a, bool v6)
{
    add_record(out, v6 ? DNS_AAAA : DNS_A, a, v6 ? 16 : 4);
}

void dns_add_name(struct buf *out, const char *name)
{
    uint8_t wire[DNS_NAME_MAX + 2];
    size_t used = 0;

    for (const char *p = name; *p;) {
        size_t n = strcspn(p, ".");
        if (n == 0 || n > LABEL_MAX || used + n + 2 > sizeof(wire))
            return;
        wire[used++] = (uint8_t)n;
        memcpy(wire + used, p, n);
        used += n;
        p += n + (p[n] == '.');
    }
    wire[used++] = 0;
    add_record(out, DNS_PTR, wire, used);
}

void dns_fit(struct buf *out, const struct dns_question *q)
{
    if (out->len <= q->payload)
        return;
    out->len = q->end;
    out->data[2] = (char)(out->data[2] | FLAG_TC);
    memset(out->data + 6, 0, 6);
}
