/* Claims on addresses.  If these failed, containers of two stores would have the same address, or addresses would stay
 * taken after their containers had gone. */
#include "unit.h"

#include "net/claims.h"

#include "base/banned.h"

static struct ip_addr ip(const char *text)
{
    struct ip_addr a;

    assert_int_equal(ip_parse(text, &a), 0);
    return a;
}

static struct ip_net net(const char *text)
{
    struct ip_net n;

    assert_int_equal(ip_net_parse(text, &n), 0);
    return n;
}

static void test_claims(void **state)
{
    struct ip_addr four = ip("10.231.0.5"), next = ip("10.231.0.6"), six = ip("fd00:231::5"),
                   other = ip("fd00:232::5");
    struct ip_net in4 = net("10.231.0.0/24"), out4 = net("10.232.0.0/24"),
                  in6 = net("fd00:231::/64"), out6 = net("fd00:232::/64");
    AUTO_CLOSE int mine = claims_open();

    (void)state;
    if (mine < 0)
        skip(); /* not root */
    int theirs = claims_open();
    assert_true(theirs >= 0);
    assert_int_equal(claims_take(theirs, &four), 0);
    assert_int_equal(claims_take(theirs, &four), 0); /* its own */
    assert_int_equal(claims_take(theirs, &six), 0);
    assert_int_equal(claims_take(mine, &four), -EAGAIN);
    assert_int_equal(claims_take(mine, &six), -EAGAIN);
    assert_int_equal(claims_take(mine, &next), 0);
    assert_int_equal(claims_take(mine, &other), 0);
    assert_true(claims_any(mine, &in4) && claims_any(mine, &in6));
    assert_false(claims_any(mine, &out4) || claims_any(mine, &out6));
    assert_true(claims_stays(mine, &four));
    assert_false(claims_stays(mine, &next));
    close(theirs);
    assert_false(claims_stays(mine, &four));
    assert_int_equal(claims_take(mine, &four), 0);
    assert_false(claims_any(mine, &in6));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_claims) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
