/* Variables and quotes of a Containerfile.  If one of these failed, a build would see other values than a shell. */
#include "unit.h"

#include "base/buf.h"
#include "build/words.h"

#include "base/banned.h"

static const char *lookup(void *arg, const char *name)
{
    (void)arg;
    return STR_EQ(name, "x")   ? "value"
           : STR_EQ(name, "e") ? ""
           : STR_EQ(name, "p") ? "a/b/c.tar.gz"
                               : NULL;
}

static const struct {
    const char *in, *out; /* NULL: refused */
} rows[] = {
    { "", "" },
    { "plain", "plain" },
    { "$x${x}", "valuevalue" },
    { "$x.y", "value.y" },
    { "$none|${none}", "|" },
    { "${none:-d}${e:-d}${e-d}${x:-d}", "ddvalue" },
    { "${none-d}", "d" },
    { "${x:+s}${e:+s}${e+s}${none+s}", "ss" },
    { "${none:-${x}}", "value" },
    { "${none:-'a b'}", "a b" },
    { "${x:?m}", "value" },
    { "${none:?m}", NULL },
    { "${none?m}", NULL },
    { "${e?m}", "" },
    { "${p#*/}", "b/c.tar.gz" },
    { "${p##*/}", "c.tar.gz" },
    { "${x#v}${x##va*}", "alue" },
    { "${p%.*}", "a/b/c.tar" },
    { "${p%%.*}", "a/b/c" },
    { "${x/a/o}", "volue" },
    { "${p//./-}", "a/b/c-tar-gz" },
    { "${x/u}", "vale" },
    { "\\$x", "$x" },
    { "'$x'", "$x" },
    { "\"$x y\"", "value y" },
    { "\"a\\b\\\"c\\$\"", "a\\b\"c$" },
    { "a\\ b", "a b" },
    { "'open", NULL },
    { "\"open", NULL },
    { "${x", NULL },
    { "${x@}", NULL },
    { "$", "$" },
    { "$%", "$%" },
};

static void test_expand(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        char *out = NULL;
        int r = cf_expand(&a, rows[i].in, '\\', lookup, NULL, &out, NULL);
        if ((r == 0) != (rows[i].out != NULL) || (r == 0 && !STR_EQ(out, rows[i].out)))
            fail_msg("%s: \"%s\", not \"%s\"", rows[i].in, out ? out : "refused",
                     rows[i].out ? rows[i].out : "refused");
    }
}

static void test_text(void **state)
{
    AUTO_ARENA a = { 0 };
    char *out;

    (void)state;
    assert_int_equal(cf_expand_text(&a, "'$x' \"q\" \\$x \\n", '\\', lookup, NULL, &out, NULL), 0);
    assert_string_equal(out, "'value' \"q\" $x \\n");
}

static void test_words(void **state)
{
    AUTO_ARENA a = { 0 };
    char **w = cf_words(&a, " a 'b c' d\\ e \"f\\\" g\"h ", '\\');

    (void)state;
    assert_string_equal(strv_join(&a, w, "|"), "a|'b c'|d\\ e|\"f\\\" g\"h");
    assert_null(cf_words(&a, "  ", '\\'));
}

/* What refers to itself does not grow for ever. */
static void test_ceilings(void **state)
{
    AUTO_ARENA a = { 0 };
    AUTO_BUF deep = { 0 };
    char *out;

    (void)state;
    for (int i = 0; i < 1000; i++)
        buf_puts(&deep, "${none:-");
    assert_true(cf_expand(&a, deep.data, '\\', lookup, NULL, &out, NULL) < 0);
    buf_reset(&deep);
    for (int i = 0; i < 300000; i++)
        buf_puts(&deep, "$x");
    assert_int_equal(cf_expand(&a, deep.data, '\\', lookup, NULL, &out, NULL), -EFBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_ceilings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
