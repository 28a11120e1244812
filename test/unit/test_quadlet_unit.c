/* Unit files: if this fails, a quadlet is read differently from how systemd would read it, or a
 * service is written that says something else than was meant. */
#include "unit.h"

#include "quadlet/unit.h"

#include "base/banned.h"

static int parse(struct arena *a, struct unit *u, const char *text, struct err *err)
{
    *u = (struct unit) { 0 };
    return unit_parse(a, u, text, strlen(text), "f", err);
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *in, *raw, *last;
    } rows[] = {
        { "[S]\nK=a b  \n", "a b", "a b" },
        { "[S]\nK = x\n", "x", "x" },
        { "[S]\nK=\"a b\"\n", "\"a b\"", "a b" },
        { "[S]\nK='a' 'b'\n", "'a' 'b'", "a' 'b" },
        { "[S]\nK=1\n[T]\nK=2\n[S]\nK=3\n", "3", "3" },
        { "[S]\nK=1\nK=\n", "", NULL },
        { "[S]\nK=a \\\n  b\n", "a  b", "a  b" },
        { "[S]\nK=a \\\n# no\n; no\n  b\nL=1", "a  b", "a  b" },
        { "[S]\nK=a \\\t \n  b\n", "a  b", "a  b" },
        { "[S]\nK=a \\", "a", "a" },
        { "[S]\nK=a\\\\\nL=b", "a\\\\", "a\\\\" },
        { "[S]\r\nK=a\r\n", "a", "a" },
        { "[S]\nK=a=b # not a comment\n", "a=b # not a comment", "a=b # not a comment" },
        { "# c\n; c\n\n[S]\n#K=1\n", NULL, NULL },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        struct unit u;
        struct err err = { 0 };
        assert_int_equal(parse(&a, &u, rows[i].in, &err), 0);
        const char *raw = unit_last_raw(&u, "S", "K"), *last = unit_last(&a, &u, "S", "K");
        if (!str_same(raw, rows[i].raw) || !str_same(last, rows[i].last))
            fail_msg("%s: %s, %s", rows[i].in, raw ? raw : "-", last ? last : "-");
    }
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *in, *error;
    } rows[] = {
        { "K=1\n", "f:1: file contains key-value pair before group" },
        { "[S]\n\nnothing\n", "f:3: \"nothing\" is not a key-value pair, group, or comment" },
        { "[S\n", "f:1: invalid group name \"[S\"" },
        { "[]\n", "f:1: invalid group name \"[]\"" },
        { "[S]\nK K=1\n", "f:2: invalid key name \"K K\"" },
        { "[S]\n=1\n", "f:2: invalid key name \"\"" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        struct unit u;
        struct err err = { 0 };
        assert_int_equal(parse(&a, &u, rows[i].in, &err), -EINVAL);
        assert_string_equal(err.msg, rows[i].error);
    }
    AUTO_ARENA a = { 0 };
    struct unit u = { 0 };
    struct err err = { 0 };
    assert_int_equal(unit_parse(&a, &u, "[S]\nK=\0", 7, "f", &err), -EINVAL);
}

static void test_lists(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    struct unit u;
    struct err err = { 0 };
    assert_int_equal(parse(&a, &u, "[S]\nK=1\nK=2\nK=\nK=3\nK=4\nB=Yes\nC=off\nD=what\n", &err), 0);
    char **all = unit_all(&a, &u, "S", "K");
    assert_string_equal(strv_join(&a, all, ","), "3,4");
    assert_null(unit_all(&a, &u, "S", "X"));
    assert_true(unit_bool(&u, "S", "B", false));
    assert_false(unit_bool(&u, "S", "C", true));
    assert_false(unit_bool(&u, "S", "D", true));
    assert_true(unit_bool(&u, "S", "X", true));
}

/* What is changed stands where systemd reads it so, and comments stay beside their keys. */
static void test_write(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    struct unit u;
    struct err err = { 0 };
    assert_int_equal(parse(&a, &u, "[A]\n# why\nK=1\n\n[B]\nX=1\nX=2\n", &err), 0);
    struct unit copy = unit_copy(&a, &u);
    unit_add(&a, &copy, "A", "L", "2");
    unit_prepend(&a, &copy, "A", "F", "0");
    unit_set(&a, &copy, "B", "X", "3");
    unit_default(&a, &copy, "B", "X", "4");
    unit_default(&a, &copy, "B", "Y", "5");
    unit_add(&a, &copy, "C", "Z", "6");
    unit_rename_section(&copy, "B", "X-B");
    AUTO_BUF out = { 0 };
    unit_write(&copy, &out);
    assert_string_equal(out.data, "[A]\nF=0\n# why\nK=1\nL=2\n\n[X-B]\nX=3\nY=5\n\n[C]\nZ=6\n");
    AUTO_BUF same = { 0 };
    unit_write(&u, &same);
    assert_string_equal(same.data, "[A]\n# why\nK=1\n\n[B]\nX=1\nX=2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_values),
                                        cmocka_unit_test(test_errors), cmocka_unit_test(test_lists),
                                        cmocka_unit_test(test_write) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
