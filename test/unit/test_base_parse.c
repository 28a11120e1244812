/* If this fails, a date, size or duration in an option, a filter or a document means another moment or
 * amount than it says. */
#include "unit.h"

#include "base/parse.h"

#include "base/banned.h"

static void test_rfc3339(void **state)
{
    static const struct {
        const char *in;
        int want;
        int64_t ns;
    } rows[] = {
        { "1970-01-01T00:00:00Z", 0, 0 },
        { "1970-01-01T00:00:01.5Z", 0, 1500000000 },
        { "1970-01-01t01:00:00+01:00", 0, 0 },
        { "1969-12-31T23:59:59-00:00", 0, -1000000000 },
        { "2024-02-29T12:34:56.000000007Z", 0, 1709210096000000007 },
        { "0001-01-01T00:00:00Z", 0, 0 }, /* Go's zero time */
        { "1600-01-01T00:00:00Z", -ERANGE, 0 },
        { "2300-01-01T00:00:00Z", -ERANGE, 0 },
        { "2024-13-01T00:00:00Z", -EINVAL, 0 },
        { "2024-01-32T00:00:00Z", -EINVAL, 0 },
        { "2024-01-01T24:00:00Z", -EINVAL, 0 },
        { "2024-01-01T00:60:00Z", -EINVAL, 0 },
        { "2024-01-01T00:00:61Z", -EINVAL, 0 },
        { "2024-01-01T00:00:00.Z", -EINVAL, 0 },
        { "2024-01-01T00:00:00", -EINVAL, 0 },
        { "2024-01-01T00:00Z", -EINVAL, 0 },
        { "2024-01-01 00:00:00Z", -EINVAL, 0 },
        { "2024-01-01", -EINVAL, 0 },
        { "2024-01-01T00:00:00Zx", -EINVAL, 0 },
        { "", -EINVAL, 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t ns = -1;
        int r = parse_rfc3339(rows[i].in, &ns);
        if (r != rows[i].want || (r == 0 && ns != rows[i].ns))
            fail_msg("%s: %d, %lld", rows[i].in, r, (long long)ns);
    }
}

struct number_row {
    const char *in;
    int want;
    int64_t value;
};

static void check(const struct number_row *rows, size_t n, int (*parse)(const char *, int64_t *))
{
    for (size_t i = 0; i < n; i++) {
        int64_t v = -1;
        int r = parse(rows[i].in, &v);
        if ((r < 0) != (rows[i].want < 0) || (r == 0 && v != rows[i].value))
            fail_msg("%s: %d, %lld", rows[i].in, r, (long long)v);
    }
}

static void test_size(void **state)
{
    static const struct number_row rows[] = {
        { "0", 0, 0 },
        { "512", 0, 512 },
        { "64m", 0, 64 << 20 },
        { "1.5GiB", 0, 3ll << 29 },
        { "10kb", 0, 10240 },
        { "2 MB", 0, 2 << 20 },
        { "", -EINVAL, 0 },
        { "m", -EINVAL, 0 },
        { "1x", -EINVAL, 0 },
        { "-1", -EINVAL, 0 },
        { "99999999999t", -ERANGE, 0 },
    };

    (void)state;
    check(rows, ARRAY_SIZE(rows), parse_size);
}

static void test_duration(void **state)
{
    static const struct number_row rows[] = {
        { "0", 0, 0 },
        { "1h30m", 0, 5400 * NSEC_PER_SEC },
        { "2.5s", 0, 2500000000 },
        { "-10ms", 0, -10000000 },
        { "1us", 0, 1000 },
        { "", -EINVAL, 0 },
        { "10", -EINVAL, 0 },
        { "1d", -EINVAL, 0 },
        { "s", -EINVAL, 0 },
        { "9999999h", -ERANGE, 0 },
    };

    (void)state;
    check(rows, ARRAY_SIZE(rows), parse_duration);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rfc3339), cmocka_unit_test(test_size),
                                        cmocka_unit_test(test_duration) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
