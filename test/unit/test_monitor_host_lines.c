/* Lines of /etc/hosts that name the host.  If these failed, a changed address of the host would change what the user
 * wrote, or leave containers with the old one. */
#include "unit.h"

#include "monitor/host_lines.h"

#include "base/banned.h"

static void test_change(void **state)
{
    static const char lines[] = "192.0.2.1\thost.containers.internal host.docker.internal\n"
                                "192.0.2.1\tgate\n";

    (void)state;
    AUTO_FREE char *out = host_lines_change(
        "192.0.2.1\tmine\n"
        "192.0.2.1\tgate\n"
        "192.0.2.1\tgate more\n"
        "\n"
        "192.0.2.1 gate\n"
        "192.0.2.1\thost.containers.internal host.docker.internal",
        lines, "2001:db8::1");
    assert_string_equal(out, "192.0.2.1\tmine\n"
                             "2001:db8::1\tgate\n"
                             "192.0.2.1\tgate more\n"
                             "\n"
                             "192.0.2.1 gate\n"
                             "2001:db8::1\thost.containers.internal host.docker.internal");
    AUTO_FREE char *next = host_lines_change(lines, lines, "192.0.2.9");
    assert_string_equal(next, "192.0.2.9\thost.containers.internal host.docker.internal\n"
                              "192.0.2.9\tgate\n");
    assert_null(host_lines_change("127.0.0.1\tlocalhost\n", lines, "192.0.2.9"));
    assert_null(host_lines_change("", lines, "192.0.2.9"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_change) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
