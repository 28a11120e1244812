/* DHCP messages.  If these failed, a server's answer could make the engine or a monitor read past its end, a container
 * would take an address meant for another, or write what a server likes into a container's files. */
#include "unit.h"

#include <arpa/inet.h>

#include "spec/dhcp.h"

#include "base/banned.h"

static const struct dhcp_message asked = { .type = DHCP_REQUEST,
                                           .xid = 0x12345678,
                                           .mac = { 2, 1, 2, 3, 4, 5 },
                                           .id = { 1, 2, 1, 2, 3, 4, 5 },
                                           .n_id = 7,
                                           .host_name = "kitchen" };

static struct in_addr ip(const char *text)
{
    struct in_addr a;

    assert_int_equal(inet_pton(AF_INET, text, &a), 1);
    return a;
}

static void sum_header(uint8_t *p)
{
    uint32_t sum = 0;

    p[10] = p[11] = 0;
    for (size_t i = 0; i < 20; i += 2)
        sum += (uint32_t)(p[i] << 8 | p[i + 1]);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    p[10] = (uint8_t)(~sum >> 8);
    p[11] = (uint8_t)~sum;
}

/* A server's packet with @options behind the cookie. */
static size_t answer(uint8_t out[600], const void *options, size_t n)
{
    size_t len = 28 + 240 + n;

    memset(out, 0, 600);
    out[0] = 0x45;
    out[2] = (uint8_t)(len >> 8);
    out[3] = (uint8_t)len;
    out[8] = 64;
    out[9] = 17;
    memcpy(out + 12, &(struct in_addr[]) { ip("192.0.2.2"), ip("192.0.2.9") }, 8);
    out[21] = 67;
    out[23] = 68;
    out[24] = (uint8_t)((len - 20) >> 8);
    out[25] = (uint8_t)(len - 20);
    uint8_t *m = out + 28;
    m[0] = 2;
    m[1] = 1;
    m[2] = 6;
    memcpy(m + 4, "\x12\x34\x56\x78", 4);
    memcpy(m + 16, &(struct in_addr) { ip("192.0.2.9").s_addr }, 4);
    memcpy(m + 28, asked.mac, 6);
    memcpy(m + 236, "\x63\x82\x53\x63", 4);
    memcpy(m + 240, options, n);
    sum_header(out);
    return len;
}

#define ACK    "\x35\x01\x05"
#define OFFER  "\x35\x01\x02"
#define NAK    "\x35\x01\x06"
#define SERVER "\x36\x04\xc0\x00\x02\x02"
#define LEASE  "\x33\x04\x00\x00\x00\x64"
#define PARSE(ret, text)                                                                           \
    ({                                                                                             \
        uint8_t p_[600];                                                                           \
        dhcp_parse(p_, answer(p_, text, sizeof(text) - 1), &asked, ret);                           \
    })

static void test_answer(void **state)
{
    struct dhcp_reply r;

    (void)state;
    assert_int_equal(PARSE(&r, ACK SERVER LEASE "\x01\x04\xff\xff\xff\x80"
                                                "\x03\x04\xc0\x00\x02\x01"
                                                "\x06\x08\xc0\x00\x02\x35\xc0\x00\x02\x36"
                                                "\x0f\x09lan.test\x00"
                                                "\x1a\x02\x05\x78\xff"),
                     0);
    assert_int_equal(r.type, DHCP_ACK);
    assert_int_equal(r.address.s_addr, ip("192.0.2.9").s_addr);
    assert_int_equal(r.server.s_addr, ip("192.0.2.2").s_addr);
    assert_int_equal(r.prefix, 25);
    assert_int_equal(r.lease, 100);
    assert_int_equal(r.t1, 50);
    assert_int_equal(r.t2, 87);
    assert_int_equal(r.mtu, 1400);
    assert_int_equal(r.n_routes, 1);
    assert_int_equal(r.routes[0].gateway.s_addr, ip("192.0.2.1").s_addr);
    assert_int_equal(r.routes[0].prefix, 0);
    assert_int_equal(r.n_servers, 2);
    assert_string_equal(r.domain, "lan.test");
    assert_int_equal(PARSE(&r, OFFER SERVER LEASE "\xff"), 0);
    assert_int_equal(r.type, DHCP_OFFER);
    assert_int_equal(r.prefix, 24); /* by its class */
    assert_int_equal(PARSE(&r, NAK SERVER "\xff"), 0);
    assert_int_equal(r.type, DHCP_NAK);
}

static void test_times(void **state)
{
    struct dhcp_reply r;

    (void)state;
    assert_int_equal(
        PARSE(&r, ACK SERVER LEASE "\x3a\x04\x00\x00\x00\x0a\x3b\x04\x00\x00\x00\x14\xff"), 0);
    assert_int_equal(r.t1, 10);
    assert_int_equal(r.t2, 20);
    /* Out of order: the server's are not taken. */
    assert_int_equal(
        PARSE(&r, ACK SERVER LEASE "\x3a\x04\x00\x00\x00\x14\x3b\x04\x00\x00\x00\x0a\xff"), 0);
    assert_int_equal(r.t1, 50);
    assert_int_equal(PARSE(&r, ACK SERVER "\x33\x04\xff\xff\xff\xff\xff"), 0);
    assert_int_equal(r.lease, DHCP_FOREVER);
    assert_int_equal(PARSE(&r, ACK SERVER "\x33\x04\x00\x00\x00\x01\xff"), 0);
    assert_true(r.t1 >= 1 && r.t2 >= r.t1);
}

static void test_classless(void **state)
{
    struct dhcp_reply r;

    (void)state;
    assert_int_equal(PARSE(&r, ACK SERVER LEASE "\x03\x04\xc0\x00\x02\x01"
                                                "\x79\x0c\x18\xc6\x33\x64\xc0\x00\x02\x07"
                                                "\x00\xcb\x00\x71\x01\xff"),
                     -EINVAL); /* a length that lies */
    /* In two parts, with the default route in the second (RFC 3396); routers do not count then. */
    assert_int_equal(PARSE(&r, ACK SERVER LEASE "\x03\x04\xc0\x00\x02\x01"
                                                "\x79\x08\x18\xc6\x33\x64\xc0\x00\x02\x07"
                                                "\x79\x05\x00\xcb\x00\x71\x01\xff"),
                     0);
    assert_int_equal(r.n_routes, 2);
    assert_int_equal(r.routes[0].prefix, 24);
    assert_int_equal(r.routes[0].to.s_addr, ip("198.51.100.0").s_addr);
    assert_int_equal(r.routes[1].gateway.s_addr, ip("203.0.113.1").s_addr);
    assert_int_equal(PARSE(&r, ACK SERVER LEASE "\x79\x05\x21\x00\x00\x00\x00\xff"), -EINVAL);
    assert_int_equal(PARSE(&r, ACK SERVER LEASE "\x79\x03\x18\xc6\x33\xff"), -EINVAL);
}

static void test_refused(void **state)
{
    struct dhcp_reply r;
    uint8_t p[600];
    size_t n;

    (void)state;
    assert_int_equal(PARSE(&r, SERVER LEASE "\xff"), -EINVAL); /* no type */
    assert_int_equal(PARSE(&r, ACK LEASE "\xff"), -EINVAL);    /* no server */
    assert_int_equal(PARSE(&r, ACK SERVER "\xff"), -EINVAL);   /* no lease */
    assert_int_equal(PARSE(&r, ACK SERVER "\x33\x04\x00\x00\x00\x00\xff"), -EINVAL);
    assert_int_equal(PARSE(&r, ACK SERVER "\x33\x02\x00\x64\xff"), -EINVAL);
    assert_int_equal(PARSE(&r, ACK SERVER LEASE "\x01\x04\xff\x00\xff\x00\xff"), -EINVAL);
    assert_int_equal(PARSE(&r, ACK SERVER LEASE "\x06\x05\xc0\x00\x02\x35\x01\xff"), -EINVAL);
    assert_int_equal(PARSE(&r, ACK SERVER LEASE "\x06\x40\xc0\x00"), -EINVAL); /* past the end */
    assert_int_equal(PARSE(&r, "\x35\x01\x01" SERVER LEASE "\xff"), -EINVAL);  /* a client's */
    /* Nothing that a resolver's file would take for a line of its own. */
    assert_int_equal(PARSE(&r, ACK SERVER LEASE "\x0f\x06x\nbad\n\xff"), 0);
    assert_string_equal(r.domain, "");

    static const char good[] = ACK SERVER LEASE "\xff";
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {
        { 28 + 4, 0x13 },  /* another question's */
        { 28 + 28, 0x22 }, /* another client's */
        { 28, 1 },         /* a question */
        { 28 + 236, 0 },   /* no DHCP */
        { 28 + 16, 127 },  /* no address for anybody */
        { 21, 66 },        /* not from a server */
        { 25, 0xff },      /* longer than the packet */
        { 10, 0x55 },      /* header damaged */
    };
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        n = answer(p, good, sizeof(good) - 1);
        assert_int_equal(dhcp_parse(p, n, &asked, &r), 0);
        p[changes[i].at] = changes[i].value;
        assert_int_equal(dhcp_parse(p, n, &asked, &r), -EINVAL);
    }
    n = answer(p, good, sizeof(good) - 1);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(dhcp_parse(p, i, &asked, &r), -EINVAL);
    p[6] = 0x20; /* a fragment */
    sum_header(p);
    assert_int_equal(dhcp_parse(p, n, &asked, &r), -EINVAL);
}

/* Options in the fields for names, as the overload option allows. */
static void test_overload(void **state)
{
    static const char options[] = ACK "\x34\x01\x03\xff";
    struct dhcp_reply r;
    uint8_t p[600];
    size_t n = answer(p, options, sizeof(options) - 1);

    (void)state;
    memcpy(p + 28 + 108, SERVER "\xff", 7);
    memcpy(p + 28 + 44, LEASE "\xff", 7);
    assert_int_equal(dhcp_parse(p, n, &asked, &r), 0);
    assert_int_equal(r.lease, 100);
    p[28 + 44 + 1] = 200; /* past the end of its field */
    assert_int_equal(dhcp_parse(p, n, &asked, &r), -EINVAL);
}

static bool has(const struct buf *b, const void *what, size_t n)
{
    return memmem(b->data + 28 + 240, b->len - 28 - 240, what, n) != NULL;
}

static void test_build(void **state)
{
    AUTO_BUF b = { 0 };
    struct dhcp_message m = asked;

    (void)state;
    m.requested = ip("192.0.2.9");
    m.server = ip("192.0.2.2");
    dhcp_build(&b, &m, (struct in_addr) { INADDR_BROADCAST });
    const uint8_t *p = (const uint8_t *)b.data;
    assert_int_equal(p[2] << 8 | p[3], b.len);
    assert_true(b.len >= 28 + 300);
    assert_int_equal(p[28], 1);
    assert_memory_equal(p + 28 + 28, asked.mac, 6);
    assert_true(has(&b, "\x35\x01\x03", 3));
    assert_true(has(&b, "\x3d\x07\x01\x02\x01\x02\x03\x04\x05", 9));
    assert_true(has(&b, "\x32\x04\xc0\x00\x02\x09", 6));
    assert_true(has(&b, SERVER, 6));
    assert_true(has(&b, "\x0c\x07kitchen", 9));
    uint32_t sum = 17 + (uint32_t)b.len - 20; /* the checksum over pseudo header and payload */
    for (size_t i = 12; i < b.len; i += 2)
        sum += (uint32_t)(p[i] << 8 | (i + 1 < b.len ? p[i + 1] : 0));
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    assert_int_equal(sum, 0xffff);
    buf_reset(&b);
    m.host_name = "no host\nname";
    dhcp_build(&b, &m, ip("192.0.2.2"));
    assert_false(has(&b, "no host", 7));
}

static void test_lease(void **state)
{
    AUTO_ARENA a = { 0 };
    struct dhcp_reply r = { .address = ip("192.0.2.9"),
                            .server = ip("192.0.2.2"),
                            .prefix = 24,
                            .lease = 100,
                            .n_routes = 2,
                            .routes = { { ip("0.0.0.0"), ip("203.0.113.1"), 0 },
                                        { ip("198.51.100.0"), ip("192.0.2.7"), 24 } } };
    char id[] = "01020102030405", mac[] = "02:01:02:03:04:05", bad[] = "0102f";
    struct dhcp_lease l = { .id = id, .mac = mac };
    struct dhcp_message m;
    struct in_addr net;
    unsigned prefix;

    (void)state;
    dhcp_lease_set(&a, &l, &r, asked.mac, 1);
    assert_string_equal(l.address, "192.0.2.9/24");
    assert_string_equal(l.server_mac, mac);
    assert_string_equal(l.routes[0], "203.0.113.1/32 0.0.0.0"); /* first what the next needs */
    assert_string_equal(l.routes[1], "0.0.0.0/0 203.0.113.1");
    assert_string_equal(l.routes[2], "198.51.100.0/24 192.0.2.7");
    l.no_default = true;
    dhcp_lease_set(&a, &l, &r, asked.mac, 1);
    assert_string_equal(l.routes[0], "198.51.100.0/24 192.0.2.7");
    assert_null(l.routes[1]);
    assert_true(dhcp_lease_message(&l, &m));
    assert_memory_equal(m.mac, asked.mac, 6);
    assert_int_equal(m.n_id, 7);
    assert_memory_equal(m.id, asked.id, 7);
    l.id = bad;
    assert_false(dhcp_lease_message(&l, &m));
    assert_true(dhcp_net("192.0.2.0/24", &net, &prefix) && prefix == 24);
    assert_true(dhcp_net("192.0.2.1", &net, &prefix) && prefix == 32);
    assert_false(dhcp_net("192.0.2.0/33", &net, &prefix));
    assert_false(dhcp_net("192.0.2.0.0.0.0.0.0/24", &net, &prefix));
    assert_false(dhcp_net(NULL, &net, &prefix));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),    cmocka_unit_test(test_times),
        cmocka_unit_test(test_classless), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_overload),  cmocka_unit_test(test_build),
        cmocka_unit_test(test_lease),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
