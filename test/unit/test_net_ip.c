/* Addresses and subnets.  If one of these failed, a container would get an address that is not its network's,
 * or a network a subnet that somebody else has. */
#include "unit.h"

#include <sys/socket.h>

#include "net/ip.h"

#include "base/banned.h"

static const struct {
    const char *in, *first, *last, *next;
} nets[] = {
    { "10.88.0.0/16", "10.88.0.0", "10.88.255.255", "10.88.0.1" },
    { "10.88.3.7/16", "10.88.0.0", "10.88.255.255", "10.88.3.8" },
    { "192.168.1.255/25", "192.168.1.128", "192.168.1.255", "192.168.2.0" },
    { "10.0.0.255/8", "10.0.0.0", "10.255.255.255", "10.0.1.0" },
    { "1.2.3.4/32", "1.2.3.4", "1.2.3.4", "1.2.3.5" },
    { "255.255.255.255/0", "0.0.0.0", "255.255.255.255", "0.0.0.0" },
    { "fd00:1:2:3::ffff/64", "fd00:1:2:3::", "fd00:1:2:3:ffff:ffff:ffff:ffff", "fd00:1:2:3::1:0" },
    { "::1/127", "::", "::1", "::2" },
};

static void subnets(void **state)
{
    char text[IP_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(nets); i++) {
        struct ip_net n;
        assert_int_equal(ip_net_parse(nets[i].in, &n), 0);
        assert_string_equal(ip_net_text(&n, text), nets[i].in);
        struct ip_addr first = ip_net_first(&n), last = ip_net_last(&n), next = ip_next(n.addr);
        assert_string_equal(ip_text(&first, text), nets[i].first);
        assert_string_equal(ip_text(&last, text), nets[i].last);
        assert_string_equal(ip_text(&next, text), nets[i].next);
        struct ip_addr back = ip_prev(next);
        assert_int_equal(ip_cmp(&back, &n.addr), 0);
        assert_true(ip_net_has(&n, &first) && ip_net_has(&n, &last));
    }
}

static void refused(void **state)
{
    static const char *const bad[] = { "",           "/",        "1.2.3.4",    "1.2.3.4/",
                                       "1.2.3.4/33", "1.2.3/24", "1.2.3.4/-1", "1.2.3.4/ 8",
                                       "::/129",     "a::g/64",  "/8",         "1.2.3.4/8/8",
                                       "01.2.3.4/8" };
    static const char *const macs[] = { "",
                                        "02:00:00:00:00",
                                        "02:00:00:00:00:0",
                                        "02:00:00:00:00:00:",
                                        "0g:00:00:00:00:00",
                                        "020000000000",
                                        "2:0:0:0:0:0" };
    struct ip_net n;
    uint8_t mac[6];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(ip_net_parse(bad[i], &n), -EINVAL);
    for (size_t i = 0; i < ARRAY_SIZE(macs); i++)
        assert_int_equal(mac_parse(macs[i], mac), -EINVAL);
    assert_int_equal(mac_parse("92:D0:c6:0a:29:33", mac), 0);
    char text[18];
    assert_string_equal(mac_text(mac, text), "92:d0:c6:0a:29:33");
}

static const struct {
    const char *x, *y;
    bool overlap;
} pairs[] = {
    { "10.0.0.0/8", "10.88.0.0/16", true },     { "10.88.0.0/16", "10.0.0.0/8", true },
    { "10.88.0.0/16", "10.89.0.0/16", false },  { "0.0.0.0/0", "1.2.3.4/32", true },
    { "10.88.0.0/16", "fd00::/8", false },      { "fd00::/64", "fd00:0:0:1::/64", false },
    { "10.89.1.0/24", "10.89.1.128/25", true }, { "10.89.1.0/25", "10.89.1.128/25", false },
};

static void overlaps(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        struct ip_net x, y;
        assert_int_equal(ip_net_parse(pairs[i].x, &x), 0);
        assert_int_equal(ip_net_parse(pairs[i].y, &y), 0);
        assert_int_equal(ip_net_overlaps(&x, &y), pairs[i].overlap);
        assert_int_equal(ip_net_overlaps(&y, &x), pairs[i].overlap);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subnets),
        cmocka_unit_test(refused),
        cmocka_unit_test(overlaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
