/* Detach keys.  If these failed, a user could not leave a container, or would leave it by typing. */
#include "unit.h"

#include "supervise/supervise.h"

#include "base/banned.h"

static void test_keys(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        int want;
        unsigned char keys[4];
    } rows[] = {
        { "", 0, { 0 } },
        { "ctrl-p,ctrl-q", 2, { 16, 17 } },
        { "a", 1, { 'a' } },
        { "a,ctrl-@,ctrl-[", 3, { 'a', 0, 27 } },
        { "ctrl-\\,ctrl-],ctrl-^,ctrl-_", 4, { 28, 29, 30, 31 } },
        { "ctrl-z", 1, { 26 } },
        { "ctrl-P", -EINVAL, { 0 } },
        { "ctrl-", -EINVAL, { 0 } },
        { "ctrl-pp", -EINVAL, { 0 } },
        { "ab", -EINVAL, { 0 } },
        { "a,", -EINVAL, { 0 } },
        { ",a", -EINVAL, { 0 } },
        { "a,,b", -EINVAL, { 0 } },
        { ",", -EINVAL, { 0 } },
        { "a,b,c,d,e", -EINVAL, { 0 } },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        unsigned char out[4];
        int n = attach_parse_keys(rows[i].in, out, sizeof(out));
        if (n != rows[i].want)
            fail_msg("%s: %d, not %d", rows[i].in, n, rows[i].want);
        if (n > 0)
            assert_memory_equal(out, rows[i].keys, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_keys) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
