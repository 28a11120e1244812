/* Messages to and from the kernel.  If one of these failed, a refusal of the kernel's would pass as success, or an
 * answer would be read beyond its end. */
#include "unit.h"

#include <linux/rtnetlink.h>

#include "net/link.h"
#include "net/netlink.h"

#include "base/banned.h"

static void written_and_read(void **state)
{
    struct nl nl = { .fd = -1, .seq = 7 };
    AUTO_BUF b = { 0 };
    struct ifinfomsg m = { .ifi_index = 3 };
    const struct nlattr *tb[IFLA_MTU + 1], *in[3];
    char text[8];

    (void)state;
    size_t at = nl_begin(&nl, &b, RTM_NEWLINK, NLM_F_ACK, &m, sizeof(m));
    nl_str(&b, IFLA_IFNAME, "eth0");
    size_t nest = nl_nest(&b, 2);
    nl_u8(&b, 1, 9);
    nl_u16(&b, 2, 0x1234);
    nl_nest_end(&b, nest);
    nl_be32(&b, IFLA_MTU, 1500);
    nl_end(&b, at);
    const struct nlmsghdr *h = (const void *)b.data;
    assert_int_equal(h->nlmsg_len, b.len);
    assert_int_equal(h->nlmsg_seq, 7);
    assert_int_equal(h->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
    nl_attrs(b.data + NLMSG_HDRLEN + sizeof(m), b.len - NLMSG_HDRLEN - sizeof(m), tb, IFLA_MTU);
    assert_string_equal(nl_get_str(tb[IFLA_IFNAME], text, sizeof(text)), "eth0");
    assert_string_equal(nl_get_str(tb[IFLA_IFNAME], text, 3), "et");
    assert_int_equal(nl_get_be32(tb[IFLA_MTU]), 1500);
    nl_attrs(nl_data(tb[2]), nl_len(tb[2]), in, 2);
    assert_int_equal(*(const uint8_t *)nl_data(in[1]), 9);
    assert_int_equal(nl_get_u32(in[2]), 0); /* too short */
}

static void refusals(void **state)
{
    struct {
        struct nlmsghdr h;
        struct nlmsgerr e;
        struct nlattr a;
        char text[8];
    } m = { .h = { .nlmsg_len = sizeof(m),
                   .nlmsg_type = NLMSG_ERROR,
                   .nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS },
            .e = { .error = -EBUSY },
            .a = { .nla_len = sizeof(m.a) + 8, .nla_type = NLMSGERR_ATTR_MSG },
            .text = "no way" };
    char why[128];
    struct nl_reader r = { .why = why };

    (void)state;
    nl_read_datagram(&r, &m, sizeof(m));
    assert_int_equal(r.first, -EBUSY);
    assert_int_equal(r.answered, 1);
    assert_string_equal(why, "no way");
    /* cut off anywhere: nothing is read beyond the end */
    for (size_t n = 0; n < sizeof(m); n++) {
        void *copy = test_malloc(n + 1);
        memcpy(copy, &m, n);
        struct nl_reader cut = { .why = why };
        nl_read_datagram(&cut, copy, n);
        assert_int_equal(cut.answered, 0);
        test_free(copy);
    }
}

/* A real kernel: what it does not know it says. */
static void kernel(void **state)
{
    AUTO_NL nl = { .fd = -EBADF };
    struct link_info l;

    (void)state;
    assert_int_equal(nl_open(&nl, NETLINK_ROUTE), 0);
    assert_int_equal(link_find(&nl, "lo", &l), 0);
    assert_int_equal(l.index, 1);
    assert_true(l.flags & IFF_LOOPBACK);
    assert_int_equal(link_find(&nl, "nonesuch0", &l), -ENODEV);
    assert_int_equal(link_find(&nl, "", &l), -ENODEV);
    AUTO_ARENA a = { 0 };
    struct ip_net *nets;
    size_t n;
    assert_int_equal(link_subnets(&nl, &a, &nets, &n), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_read),
        cmocka_unit_test(refusals),
        cmocka_unit_test(kernel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
