/* Numbers, sizes, durations and times.  If one of these failed, a limit would be off by a factor or a
 * filter would show the wrong hour. */
#include "unit.h"

#include "base/parse.h"

#include "base/banned.h"

enum { NUM, SNUM, OCTAL, SIZE, DURATION, RFC3339, TIME };

#define H (3600 * NSEC_PER_SEC)
static const int64_t now = 1700000000 * NSEC_PER_SEC;

static const struct {
    int kind;
    const char *in;
    int want;
    int64_t value;
} all_rows[] = {
    { NUM, "0", 0, 0 },
    { NUM, "0042", 0, 42 },
    { NUM, "1000", 0, 1000 },
    { NUM, "1001", -ERANGE, 0 },
    { NUM, "99999999999999999999", -ERANGE, 0 },
    { NUM, "", -EINVAL, 0 },
    { NUM, "-1", -EINVAL, 0 },
    { NUM, "+1", -EINVAL, 0 },
    { NUM, " 1", -EINVAL, 0 },
    { NUM, "1 ", -EINVAL, 0 },
    { NUM, "0x1", -EINVAL, 0 },
    { SNUM, "-9223372036854775808", 0, INT64_MIN },
    { SNUM, "9223372036854775807", 0, INT64_MAX },
    { SNUM, "9223372036854775808", -ERANGE, 0 },
    { SNUM, "-9223372036854775809", -ERANGE, 0 },
    { SNUM, "-", -EINVAL, 0 },
    { SNUM, "--1", -EINVAL, 0 },
    { OCTAL, "0755", 0, 0755 },
    { OCTAL, "755", 0, 0755 },
    { OCTAL, "7777", 0, 07777 },
    { OCTAL, "10000", -ERANGE, 0 },
    { OCTAL, "8", -EINVAL, 0 },
    { OCTAL, "", -EINVAL, 0 },
    { SIZE, "512", 0, 512 },
    { SIZE, "1k", 0, 1024 },
    { SIZE, "64m", 0, 64 << 20 },
    { SIZE, "64MB", 0, 64 << 20 },
    { SIZE, "1.5GiB", 0, 3ll << 29 },
    { SIZE, "1 kB", 0, 1024 },
    { SIZE, "1t", 0, 1ll << 40 },
    { SIZE, "10b", 0, 10 },
    { SIZE, "9223372036854775807", 0, INT64_MAX },
    { SIZE, "9223372036854775808", -ERANGE, 0 },
    { SIZE, "9000000t", -ERANGE, 0 },
    { SIZE, "", -EINVAL, 0 },
    { SIZE, "k", -EINVAL, 0 },
    { SIZE, "-1", -EINVAL, 0 },
    { SIZE, "1kk", -EINVAL, 0 },
    { SIZE, "1.2.3k", -EINVAL, 0 },
    { SIZE, "1x", -EINVAL, 0 },
    { DURATION, "0", 0, 0 },
    { DURATION, "1h30m", 0, H * 3 / 2 },
    { DURATION, "2.5s", 0, 2500000000 },
    { DURATION, "-10ms", 0, -10000000 },
    { DURATION, "1us", 0, 1000 },
    { DURATION, "1\xc2\xb5s", 0, 1000 },
    { DURATION, "1ns", 0, 1 },
    { DURATION, "10", -EINVAL, 0 },
    { DURATION, "1d", -EINVAL, 0 },
    { DURATION, "s", -EINVAL, 0 },
    { DURATION, "", -EINVAL, 0 },
    { DURATION, "-", -EINVAL, 0 },
    { DURATION, "9999999h", -ERANGE, 0 },
    { RFC3339, "1970-01-01T00:00:00Z", 0, 0 },
    { RFC3339, "2023-11-14T22:13:20Z", 0, 1700000000 * NSEC_PER_SEC },
    { RFC3339, "2023-11-14T23:13:20+01:00", 0, 1700000000 * NSEC_PER_SEC },
    { RFC3339, "2023-11-14T22:13:20.5Z", 0, 1700000000 * NSEC_PER_SEC + 500000000 },
    { RFC3339, "2023-11-14T22:13:20.123456789Z", 0, 1700000000123456789 },
    { RFC3339, "2023-11-14t22:13:20Z", 0, 1700000000 * NSEC_PER_SEC },
    { RFC3339, "2023-11-14T22:13Z", -EINVAL, 0 },
    { RFC3339, "2023-11-14", -EINVAL, 0 },
    { RFC3339, "2023-11-14 22:13:20Z", -EINVAL, 0 },
    { RFC3339, "2023-13-14T22:13:20Z", -EINVAL, 0 },
    { RFC3339, "2023-11-14T24:13:20Z", -EINVAL, 0 },
    { RFC3339, "2023-11-14T22:13:20.Z", -EINVAL, 0 },
    { RFC3339, "2023-11-14T22:13:20Zx", -EINVAL, 0 },
    { RFC3339, "23-11-14T22:13:20Z", -EINVAL, 0 },
    { TIME, "10m", 0, 1700000000 * NSEC_PER_SEC - H / 6 },
    { TIME, "-10m", 0, 1700000000 * NSEC_PER_SEC - H / 6 },
    { TIME, "1700000000", 0, 1700000000 * NSEC_PER_SEC },
    { TIME, "1700000000.5", 0, 1700000000 * NSEC_PER_SEC + 500000000 },
    { TIME, "2023-11-14T22:13:20Z", 0, 1700000000 * NSEC_PER_SEC },
    { TIME, "2023-11-14T22:13:20", 0, 1700000000 * NSEC_PER_SEC },
    { TIME, "2023-11-14T22:13", 0, 1699999980 * NSEC_PER_SEC },
    { TIME, "2023-11-14", 0, 1699920000 * NSEC_PER_SEC },
    { TIME, "nonsense", -EINVAL, 0 },
    { TIME, "", -EINVAL, 0 },
};

static int parse_kind(int kind, const char *s, int64_t *ret)
{
    uint64_t u = 0;
    uint32_t o = 0;
    int r;

    switch (kind) {
    case NUM:
        r = parse_u64(s, 1000, &u);
        *ret = (int64_t)u;
        return r;
    case SNUM:
        return parse_i64(s, INT64_MIN, INT64_MAX, ret);
    case OCTAL:
        r = parse_octal(s, 07777, &o);
        *ret = o;
        return r;
    case SIZE:
        return parse_size(s, ret);
    case DURATION:
        return parse_duration(s, ret);
    case RFC3339:
        return parse_rfc3339(s, ret);
    default:
        return parse_time(s, now, ret);
    }
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(all_rows); i++) {
        int64_t v = 0;
        int r = parse_kind(all_rows[i].kind, all_rows[i].in, &v);
        if (r != all_rows[i].want || (r == 0 && v != all_rows[i].value))
            fail_msg("\"%s\": %d, %lld", all_rows[i].in, r, (long long)v);
    }
}

static void test_f64_and_bool(void **state)
{
    (void)state;
    double v = 0;
    bool b = false;
    assert_int_equal(parse_f64("1.5e3", &v), 0);
    assert_true(v > 1499.9 && v < 1500.1);
    static const char *const bad[] = {
        "", "inf", "nan", "0x10", " 1", "1 ", "1e999", "1.2.3", "."
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_true(parse_f64(bad[i], &v) < 0);
    assert_int_equal(parse_bool("T", &b), 0);
    assert_true(b);
    assert_int_equal(parse_bool("FALSE", &b), 0);
    assert_false(b);
    assert_int_equal(parse_bool("yes", &b), -EINVAL);
    assert_int_equal(parse_bool("", &b), -EINVAL);
}

static void test_texts(void **state)
{
    (void)state;
    char out[TIME_TEXT_MAX];
    static const struct {
        int64_t s;
        const char *text;
    } durations[] = {
        { 0, "Less than a second" }, { 1, "1 second" },          { 59, "59 seconds" },
        { 60, "About a minute" },    { 120, "2 minutes" },       { 3600, "About an hour" },
        { 7200, "2 hours" },         { 3 * 86400, "3 days" },    { 20 * 86400, "2 weeks" },
        { 90 * 86400, "3 months" },  { 800 * 86400, "2 years" }, { -5, "Less than a second" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(durations); i++)
        assert_string_equal(human_duration(durations[i].s * NSEC_PER_SEC, out, sizeof(out)),
                            durations[i].text);
    assert_string_equal(human_size(0, out, sizeof(out)), "0 B");
    assert_string_equal(human_size(4260000, out, sizeof(out)), "4.26 MB");
    assert_string_equal(time_format_rfc3339(0, out), "0001-01-01T00:00:00Z");
    assert_string_equal(time_format_rfc3339(now, out), "2023-11-14T22:13:20Z");
    assert_string_equal(time_format_rfc3339(now + 500000000, out), "2023-11-14T22:13:20.5Z");
    assert_string_equal(time_format_go(now + 5, out), "2023-11-14 22:13:20.000000005 +0000 UTC");
    assert_string_equal(human_size_binary(4260000, out, sizeof(out)), "4.063MiB");
    assert_string_equal(human_size_binary(1023, out, sizeof(out)), "1023B");
}

static void test_duration_text(void **state)
{
    (void)state;
    char out[TIME_TEXT_MAX];
    static const struct {
        int64_t ns;
        const char *text;
    } rows[] = {
        { 0, "0s" },
        { 1, "1ns" },
        { 1100, "1.1\302\265s" },
        { 2200000, "2.2ms" },
        { 3300000000, "3.3s" },
        { 10 * NSEC_PER_SEC, "10s" },
        { 100 * NSEC_PER_SEC + 1, "1m40.000000001s" },
        { 3600 * NSEC_PER_SEC, "1h0m0s" },
        { -1500000, "-1.5ms" },
        { -(26 * 3600 + 3) * NSEC_PER_SEC, "-26h0m3s" },
        { 999999999, "999.999999ms" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t back;
        assert_string_equal(time_format_duration(rows[i].ns, out), rows[i].text);
        assert_int_equal(parse_duration(out, &back), 0);
        assert_int_equal(back, rows[i].ns);
    }
}

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

static int utc(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),          cmocka_unit_test(test_f64_and_bool),
        cmocka_unit_test(test_texts),         cmocka_unit_test(test_rfc3339),
        cmocka_unit_test(test_size),          cmocka_unit_test(test_duration),
        cmocka_unit_test(test_duration_text),
    };

    return cmocka_run_group_tests(tests, utc, NULL);
}
