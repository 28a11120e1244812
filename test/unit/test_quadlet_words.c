/* Words of a unit's line: if this fails, a container is started with other arguments than its author
 * wrote. */
#include "unit.h"

#include "quadlet/words.h"

#include "base/banned.h"

static void test_split(void **state)
{
    (void)state;
    static const struct {
        const char *in, *unescaped, *literal; /* words joined with '|'; NULL: refused */
    } rows[] = {
        { "", "", "" },
        { "  a  b\t", "a|b", "a|b" },
        { "\"a b\" 'c d'", "a b|c d", "a b|c d" },
        { "a\"b c\"d", "ab cd", "ab cd" },
        { "\"\" ''", "|", "|" },
        { "\"it's\" 'say \"x\"'", "it's|say \"x\"", "it's|say \"x\"" },
        { "a\\tb", "a\tb", "a\\tb" },
        { "\\x41\\102\\u00e9\\U0001F600\\s.", "AB\xc3\xa9\xf0\x9f\x98\x80 .",
          "\\x41\\102\\u00e9\\U0001F600\\s." },
        { "'\\110ello'", "Hello", "\\110ello" },
        { "\"open end", "open end", "open end" },
        { "end\\", "end", "end\\" },
        { "^foo(\\?.*)$", NULL, "^foo(\\?.*)$" },
        { "\\x00", NULL, "\\x00" },
        { "\\ud800", NULL, "\\ud800" },
        { "\\x4", NULL, "\\x4" },
        { "\\400", NULL, "\\400" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        for (int mode = WORDS_LITERAL; mode <= WORDS_UNESCAPE; mode++) {
            const char *expected = mode == WORDS_LITERAL ? rows[i].literal : rows[i].unescaped;
            AUTO_ARENA a = { 0 };
            struct err err = { 0 };
            char **words = NULL;
            int r = words_split(&a, rows[i].in, (enum words_mode)mode, &words, &err);
            assert_int_equal(r, expected ? 0 : -EINVAL);
            if (expected)
                assert_string_equal(words ? strv_join(&a, words, "|") : "", expected);
        }
    }
}

/* Every byte comes back. */
static void test_quote(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    char **words = NULL, **again = NULL;
    struct err err = { 0 };
    for (int i = 1; i < 256; i++)
        words = strv_add(&a, words, arena_printf(&a, "a%cb", i));
    words = strv_add(&a, words, "");
    const char *line = words_quote(&a, words);
    assert_null(strchr(line, '\n'));
    assert_int_equal(words_split(&a, line, WORDS_UNESCAPE, &again, &err), 0);
    assert_int_equal(strv_len(again), strv_len(words));
    for (size_t i = 0; words[i]; i++)
        assert_string_equal(again[i], words[i]);
    assert_string_equal(words_quote(&a, strv_add(&a, strv_add(&a, NULL, "--name"), "systemd-%N")),
                        "--name systemd-%N");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_split),
                                        cmocka_unit_test(test_quote) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
