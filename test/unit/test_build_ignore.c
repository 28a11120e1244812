/* What .containerignore leaves out.  If one of these failed, a secret would get into an image, or a source file
 * would be missing. */
#include "unit.h"

#include "base/util.h"
#include "build/ignore.h"

#include "base/banned.h"

static const struct {
    const char *patterns, *path;
    bool out;
} rows[] = {
    { "a", "a", true },
    { "a", "b/a", false },
    { "/a/", "a", true },
    { "a", "a/b/c", true },
    { "*.o", "x.o", true },
    { "*.o", "d/x.o", false },
    { "**/*.o", "x.o", true },
    { "**/*.o", "d/e/x.o", true },
    { "**", "a/b", true },
    { "a/**", "a/b/c", true },
    { "a/**/z", "a/z", true },
    { "a/**/z", "a/b/c/z", true },
    { "a**z", "axyz", true },
    { "?", "a", true },
    { "?", "/", false },
    { "[a-c]x", "bx", true },
    { "[^a-c]x", "bx", false },
    { "[", "[", false },
    { "\\*", "*", true },
    { "\\*", "x", false },
    { "*\n!b", "b", false },
    { "*\n!b", "b/c", false },
    { "!b\n*", "b", true },
    { "d\n!d/keep", "d/keep", false },
    { "d\n!d/keep", "d/other", true },
    { "# a\n  a  \n", "a", true },
    { "./a/../b", "b", true },
    { ".", "anything/below", true },
    { "", "a", false },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        struct ignore ig = { 0 };
        assert_int_equal(ignore_parse(&a, rows[i].patterns, &ig, NULL), 0);
        if (ignore_matches(&ig, rows[i].path) != rows[i].out)
            fail_msg("%s on %s", rows[i].patterns, rows[i].path);
    }
}

static void test_wrong(void **state)
{
    AUTO_ARENA a = { 0 };
    struct ignore ig = { 0 };

    (void)state;
    assert_true(ignore_parse(&a, "!", &ig, NULL) < 0);
}

/* A pattern of many stars ends. */
static void test_hostile(void **state)
{
    AUTO_ARENA a = { 0 };
    struct ignore ig = { 0 };
    char path[200];

    (void)state;
    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(ignore_parse(&a, "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", &ig, NULL), 0);
    assert_false(ignore_matches(&ig, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
