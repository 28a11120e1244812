/* Column alignment: if this fails, every list is laid out differently from Podman's. */
#include "unit.h"

#include "base/texttable.h"

#include "base/banned.h"

static const struct {
    const char *in, *out;
} rows[] = {
    { "", "" },
    { "a\n", "a\n" },
    { "NAME\tID\nx\ty\n", "NAME        ID\nx           y\n" },
    { "123456789012345\tID\nx\ty\n", "123456789012345  ID\nx                y\n" },
    { "a\t\tc\n", "a                       c\n" },
    { "caf\xc3\xa9\tx\nb\ty\n", "caf\xc3\xa9        x\nb           y\n" },
    /* a row without the column ends it */
    { "long long long cell\tx\nno column\nb\ty\n",
      "long long long cell  x\nno column\nb           y\n" },
    { "a\tb", "a           b\n" },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_BUF out = { 0 };
        texttable_align(rows[i].in, strlen(rows[i].in), &out);
        assert_string_equal(out.data ? out.data : "", rows[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
