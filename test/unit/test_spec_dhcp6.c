/* DHCPv6 messages.  If these failed, a server's answer could make the engine or a monitor read past its end, a container
 * would take an address meant for another or keep one that has ended, or write what a server likes into its files. */
#include "unit.h"

#include <arpa/inet.h>

#include "spec/dhcp6.h"

#include "base/banned.h"

static const struct dhcp6_message asked = { .type = DHCP6_REQUEST,
                                            .xid = 0x123456,
                                            .client = { .b = { 0, 4, 1, 2 }, .n = 4 },
                                            .server = { .b = { 0, 1, 9 }, .n = 3 },
                                            .iaid = 7,
                                            .host_name = "kitchen.example" };

#define REPLY     "\x07\x12\x34\x56"
#define ADVERTISE "\x02\x12\x34\x56"
#define CLIENT    "\x00\x01\x00\x04\x00\x04\x01\x02"
#define SERVER    "\x00\x02\x00\x03\x00\x01\x09"
#define IP        "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05"
/* An IA_NA with one address: 12 + 28 bytes. */
#define IA(iaid, times, preferred, valid)                                                          \
    "\x00\x03\x00\x28\x00\x00\x00" iaid times "\x00\x05\x00\x18" IP preferred valid
#define NO_TIMES         "\x00\x00\x00\x00\x00\x00\x00\x00"
#define S300             "\x00\x00\x01\x2c"
#define S600             "\x00\x00\x02\x58"
#define GOOD             IA("\x07", NO_TIMES, S300, S600)
#define PARSE(ret, text) dhcp6_parse((const uint8_t *)(text), sizeof(text) - 1, &asked, ret)

static void test_reply(void **state)
{
    struct dhcp6_reply r;
    char text[INET6_ADDRSTRLEN];

    (void)state;
    assert_int_equal(PARSE(&r, REPLY CLIENT SERVER GOOD "\x00\x17\x00\x10" IP
                                                        "\x00\x18\x00\x10\x03lan\x04test\x00"
                                                        "\x04more\x00"),
                     0);
    assert_int_equal(r.type, DHCP6_REPLY);
    assert_true(r.has_address);
    assert_string_equal(inet_ntop(AF_INET6, &r.address, text, sizeof(text)), "2001:db8::5");
    assert_int_equal(r.preferred, 300);
    assert_int_equal(r.valid, 600);
    assert_int_equal(r.t1, 150); /* half of what is preferred, four fifths of it */
    assert_int_equal(r.t2, 240);
    assert_int_equal(r.n_servers, 1);
    assert_string_equal(r.domain, "lan.test");
    assert_int_equal(r.server.n, 3);
    assert_int_equal(PARSE(&r, ADVERTISE CLIENT SERVER GOOD), 0);
    assert_int_equal(r.type, DHCP6_ADVERTISE);
    assert_string_equal(r.domain, "");
}

static void test_times(void **state)
{
    struct dhcp6_reply r;

    (void)state;
    assert_int_equal(
        PARSE(&r, REPLY CLIENT SERVER IA("\x07", "\x00\x00\x00\x0a\x00\x00\x00\x14", S300, S600)),
        0);
    assert_int_equal(r.t1, 10);
    assert_int_equal(r.t2, 20);
    /* T1 after T2: not to be believed at all. */
    assert_int_equal(
        PARSE(&r, REPLY CLIENT SERVER IA("\x07", "\x00\x00\x00\x14\x00\x00\x00\x0a", S300, S600)),
        -EINVAL);
    assert_int_equal(PARSE(&r, REPLY CLIENT SERVER IA("\x07", NO_TIMES, S600, S300)), -EINVAL);
    assert_int_equal(
        PARSE(&r, REPLY CLIENT SERVER IA("\x07", NO_TIMES, "\xff\xff\xff\xff", "\xff\xff\xff\xff")),
        0);
    assert_int_equal(r.t1, DHCP_FOREVER);
    /* Beyond its end: ours are taken. */
    assert_int_equal(
        PARSE(&r, REPLY CLIENT SERVER IA("\x07", "\xff\xff\xff\xff\xff\xff\xff\xff", S300, S600)),
        0);
    assert_int_equal(r.t1, 150);
    assert_int_equal(
        PARSE(&r, REPLY CLIENT SERVER IA("\x07", NO_TIMES, "\x00\x00\x00\x00", "\x00\x00\x00\x01")),
        0);
    assert_true(r.t1 >= 1 && r.t2 >= r.t1 && r.t2 <= r.valid);
}

static void test_nothing_for_us(void **state)
{
    struct dhcp6_reply r;

    (void)state;
    /* NoAddrsAvail in the IA, UnspecFail for all, an address of another interface, one that has ended. */
    assert_int_equal(PARSE(&r, REPLY CLIENT SERVER "\x00\x03\x00\x12\x00\x00\x00\x07" NO_TIMES
                                                   "\x00\x0d\x00\x02\x00\x02"),
                     0);
    assert_false(r.has_address);
    assert_int_equal(PARSE(&r, REPLY CLIENT SERVER GOOD "\x00\x0d\x00\x02\x00\x01"), 0);
    assert_false(r.has_address);
    assert_int_equal(PARSE(&r, REPLY CLIENT SERVER IA("\x08", NO_TIMES, S300, S600)), 0);
    assert_false(r.has_address);
    assert_int_equal(
        PARSE(&r, REPLY CLIENT SERVER IA("\x07", NO_TIMES, "\x00\x00\x00\x00", "\x00\x00\x00\x00")),
        0);
    assert_false(r.has_address);
}

static void test_refused(void **state)
{
    static const char good[] = REPLY CLIENT SERVER GOOD;
    struct dhcp6_reply r;

    (void)state;
    assert_int_equal(PARSE(&r, REPLY SERVER GOOD), -EINVAL); /* to nobody */
    assert_int_equal(PARSE(&r, REPLY CLIENT GOOD), -EINVAL); /* from nobody */
    assert_int_equal(PARSE(&r, "\x07\x12\x34\x57" CLIENT SERVER GOOD), -EINVAL);
    assert_int_equal(PARSE(&r, "\x01\x12\x34\x56" CLIENT SERVER GOOD), -EINVAL);
    assert_int_equal(PARSE(&r, REPLY "\x00\x01\x00\x04\x00\x04\x01\x03" SERVER GOOD), -EINVAL);
    assert_int_equal(PARSE(&r, REPLY CLIENT SERVER GOOD "\x00\x17\x00\x11" IP "x"), -EINVAL);
    assert_int_equal(PARSE(&r, REPLY CLIENT SERVER GOOD "\x00\x17\x00\x11"), -EINVAL);
    assert_int_equal(PARSE(&r, REPLY CLIENT SERVER "\x00\x03\x00\x04\x00\x00\x00\x07"), -EINVAL);
    /* Cut off anywhere: refused, or an answer without an address; never one with half of it. */
    for (size_t i = 0; i < sizeof(good) - 1; i++)
        assert_true(dhcp6_parse((const uint8_t *)good, i, &asked, &r) < 0 || !r.has_address);
    /* Nothing that a resolver's file would take for a line of its own. */
    assert_int_equal(PARSE(&r, REPLY CLIENT SERVER GOOD "\x00\x18\x00\x07\x05x\nbad\x00"), 0);
    assert_string_equal(r.domain, "");
    assert_int_equal(PARSE(&r, REPLY CLIENT SERVER GOOD "\x00\x18\x00\x05\x3fx\x00yz"), 0);
    assert_string_equal(r.domain, "");
}

static bool has(const struct buf *b, const void *what, size_t n)
{
    return memmem(b->data, b->len, what, n) != NULL;
}

static void test_build(void **state)
{
    AUTO_BUF b = { 0 };
    struct dhcp6_message m = asked;

    (void)state;
    dhcp6_build(&b, &m);
    assert_memory_equal(b.data, "\x03\x12\x34\x56", 4);
    assert_true(has(&b, CLIENT, 8));
    assert_true(has(&b, SERVER, 7));
    assert_true(has(&b, "\x00\x03\x00\x0c\x00\x00\x00\x07" NO_TIMES, 16));
    assert_true(has(&b, "\x00\x27\x00\x09\x01\x07kitchen", 13));
    buf_reset(&b);
    assert_int_equal(inet_pton(AF_INET6, "2001:db8::5", &m.address), 1);
    m.type = DHCP6_RELEASE;
    dhcp6_build(&b, &m);
    assert_true(has(&b, "\x00\x05\x00\x18" IP, 20));
    assert_false(has(&b, "kitchen", 7));
}

static void test_lease(void **state)
{
    AUTO_ARENA a = { 0 };
    char id[] = "00040102", bad[] = "0004zz";
    struct dhcp_lease l = { .six = true, .id = id, .iaid = 7 };
    struct dhcp6_reply r;
    struct dhcp6_message m;
    struct in6_addr ip;

    (void)state;
    assert_true(dhcp6_lease_message(&l, &m)); /* before there is one */
    assert_int_equal(m.server.n, 0);
    assert_int_equal(PARSE(&r, REPLY CLIENT SERVER GOOD), 0);
    dhcp6_lease_set(&a, &l, &r, 1);
    assert_string_equal(l.address, "2001:db8::5/128");
    assert_string_equal(l.server, "000109");
    assert_true(dhcp6_lease_message(&l, &m));
    assert_int_equal(m.iaid, 7);
    assert_memory_equal(&m.address, &r.address, 16);
    assert_memory_equal(m.server.b, r.server.b, 3);
    l.id = bad;
    assert_false(dhcp6_lease_message(&l, &m));
    assert_false(dhcp6_address("192.0.2.1", &ip));
    assert_false(dhcp6_address(NULL, &ip));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply),          cmocka_unit_test(test_times),
        cmocka_unit_test(test_nothing_for_us), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_build),          cmocka_unit_test(test_lease),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
