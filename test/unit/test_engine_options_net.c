/* The network options' small languages.  If one of these failed, a port would be open that nobody asked for, or a
 * container would be on a network that was not meant. */
#include "unit.h"

#include "engine/options_net.h"

#include "base/banned.h"

static const struct {
    const char *in;
    int want;
    const char *ip;
    int64_t host, inside, range;
    const char *proto;
} ports[] = {
    { "80", 0, NULL, 0, 80, 1, "tcp" },
    { "8080:80", 0, NULL, 8080, 80, 1, "tcp" },
    { "8080:80/udp", 0, NULL, 8080, 80, 1, "udp" },
    { "8080:80/SCTP", 0, NULL, 8080, 80, 1, "sctp" },
    { "127.0.0.1:8080:80", 0, "127.0.0.1", 8080, 80, 1, "tcp" },
    { "127.0.0.1::80", 0, "127.0.0.1", 0, 80, 1, "tcp" },
    { "0.0.0.0:8080:80", 0, NULL, 8080, 80, 1, "tcp" },
    { ":80", 0, NULL, 0, 80, 1, "tcp" },
    { "0:80", 0, NULL, 0, 80, 1, "tcp" },
    { "[::1]:8080:80", 0, "::1", 8080, 80, 1, "tcp" },
    { "[::]:8080:80", 0, "::", 8080, 80, 1, "tcp" },
    { "[fd00::1]::80/udp", 0, "fd00::1", 0, 80, 1, "udp" },
    { "8000-8010:80-90", 0, NULL, 8000, 80, 11, "tcp" },
    { "80-90", 0, NULL, 0, 80, 11, "tcp" },
    { "65535:65535", 0, NULL, 65535, 65535, 1, "tcp" },
    { "", -EINVAL, NULL, 0, 0, 0, NULL },
    { "0", -EINVAL, NULL, 0, 0, 0, NULL },
    { "65536", -EINVAL, NULL, 0, 0, 0, NULL },
    { "8080:", -EINVAL, NULL, 0, 0, 0, NULL },
    { "90-80", -EINVAL, NULL, 0, 0, 0, NULL },
    { "1-3:80", -EINVAL, NULL, 0, 0, 0, NULL },
    { "8080:80/icmp", -EINVAL, NULL, 0, 0, 0, NULL },
    { "localhost:8080:80", -EINVAL, NULL, 0, 0, 0, NULL },
    { "1.2.3.4:5:6:7", -EINVAL, NULL, 0, 0, 0, NULL },
    { "[::1:8080:80", -EINVAL, NULL, 0, 0, 0, NULL },
    { "[::1]8080:80", -EINVAL, NULL, 0, 0, 0, NULL },
    { "80-", -EINVAL, NULL, 0, 0, 0, NULL },
    { "00000000000080", 0, NULL, 0, 80, 1, "tcp" },
};

static void publish(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
        AUTO_ARENA a = { 0 };
        struct container_port p = { 0 };
        struct err err = { 0 };
        int r = option_publish(&a, ports[i].in, &p, &err);
        if (i + 1 == ARRAY_SIZE(ports)) /* long, but a number or a refusal: never another number */
            assert_true(r < 0 || p.container_port == 80);
        else
            assert_int_equal(r, ports[i].want);
        if (r < 0) {
            assert_true(err.kind == ERR_BAD_PARAM);
            continue;
        }
        assert_true(str_same(p.host_ip, ports[i].ip));
        assert_int_equal(p.host_port, ports[i].host);
        assert_int_equal(p.container_port, ports[i].inside);
        assert_int_equal(p.range, ports[i].range);
        assert_string_equal(p.protocol, ports[i].proto);
    }
}

static const struct {
    const char *in[4];
    int want;
    const char *mode, *names;
} networks[] = {
    { { "bridge" }, 0, "bridge", "" },
    { { "none" }, 0, "none", NULL },
    { { "container:x" }, 0, "container:x", NULL },
    { { "ns:/proc/1/ns/net" }, 0, "ns:/proc/1/ns/net", NULL },
    { { "pasta:-T,80" }, 0, "pasta:-T,80", NULL },
    { { "a" }, 0, "bridge", "a" },
    { { "a,b" }, 0, "bridge", "a,b" },
    { { "a:ip=1.2.3.4", "b" }, 0, "bridge", "a,b" },
    { { "a", "a" }, -EINVAL, NULL, NULL },
    { { "a", "host" }, -EINVAL, NULL, NULL },
    { { "none", "a" }, -EINVAL, NULL, NULL },
    { { "a:ip=::1" }, -EINVAL, NULL, NULL },
    { { "a:ip" }, -EINVAL, NULL, NULL },
    { { "a:what=x" }, -EINVAL, NULL, NULL },
    { { "a:mac=1" }, -EINVAL, NULL, NULL },
    { { "a:interface_name=a/b" }, -EINVAL, NULL, NULL },
    { { "a:interface_name=0123456789abcdef" }, -EINVAL, NULL, NULL },
    { { ":ip=1.2.3.4" }, -EINVAL, NULL, NULL },
    { { "a,,b" }, -EINVAL, NULL, NULL },
    { { "slirp4netns" }, -EOPNOTSUPP, NULL, NULL },
};

static void network(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(networks); i++) {
        AUTO_ARENA a = { 0 };
        struct container_config c = { 0 };
        char **in = NULL, **names = NULL;
        for (const char *const *p = networks[i].in; *p; p++)
            in = strv_add(&a, in, *p);
        int r = option_networks(&a, in, &c, NULL);
        assert_int_equal(r, networks[i].want);
        if (r < 0)
            continue;
        assert_string_equal(c.netns, networks[i].mode);
        for (size_t k = 0; k < c.networks.n; k++)
            names = strv_add(&a, names, c.networks.items[k].name);
        if (networks[i].names)
            assert_string_equal(strv_join(&a, names, ","), networks[i].names);
        else
            assert_null(names);
    }
}

static const struct {
    const char *in;
    bool ok;
} hosts[] = {
    { "a:1.2.3.4", true },    { "a;b:1.2.3.4", true },    { "a:::1", true },
    { "a:[::1]", true },      { "a:host-gateway", true }, { "a", false },
    { "a:", false },          { ":1.2.3.4", false },      { ";a:1.2.3.4", false },
    { "a;:1.2.3.4", false },  { "a:b", false },           { "a b:1.2.3.4", false },
    { "a:1.2.3.4\n", false },
};

static void add_host(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
        assert_int_equal(option_add_host(hosts[i].in, NULL) == 0, hosts[i].ok);
}

static void expose(void **state)
{
    AUTO_ARENA a = { 0 };
    char **list = NULL;

    (void)state;
    assert_int_equal(option_expose(&a, "80", &list, NULL), 0);
    assert_int_equal(option_expose(&a, "80-82/udp", &list, NULL), 0);
    assert_int_equal(option_expose(&a, "80/tcp", &list, NULL), 0);
    assert_string_equal(strv_join(&a, list, " "), "80/tcp 80/udp 81/udp 82/udp");
    assert_true(option_expose(&a, "x", &list, NULL) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(publish),
        cmocka_unit_test(network),
        cmocka_unit_test(add_host),
        cmocka_unit_test(expose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
