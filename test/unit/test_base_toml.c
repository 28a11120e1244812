/* TOML: if this fails, a configuration file is read differently from how it was meant, or a broken one
 * is taken for a good one. */
#include "unit.h"

#include "base/toml.h"

#include "base/banned.h"

static const struct {
    const char *in, *json; /* json NULL: refused, with this error */
    const char *error;
} rows[] = {
    { "", "{}" },
    { "# only a comment", "{}" },
    { "a = 1\nb = 'x' # c\n", "{\"a\":1,\"b\":\"x\"}" },
    { "\xef\xbb\xbf"
      "a=1",
      "{\"a\":1}" },
    { "a = 1\r\nb = 2\r\n", "{\"a\":1,\"b\":2}" },
    { "a=0x1F\nb=0o17\nc=0b11\nd=1_000\ne=-0\nf=+7",
      "{\"a\":31,\"b\":15,\"c\":3,\"d\":1000,\"e\":0,\"f\":7}" },
    { "a=1.5\nb=1e3\nc=-2.5E-1", "{\"a\":1.5,\"b\":1000.0,\"c\":-0.25}" },
    { "a=inf\nb=-nan", "{\"a\":\"inf\",\"b\":\"-nan\"}" },
    { "a=true\nb=false", "{\"a\":true,\"b\":false}" },
    { "a=1979-05-27T07:32:00Z\nb=1979-05-27 07:32:00.5-07:00\nc=1979-05-27\nd=07:32:00",
      "{\"a\":\"1979-05-27T07:32:00Z\",\"b\":\"1979-05-27 07:32:00.5-07:00\",\"c\":\"1979-05-27\","
      "\"d\":\"07:32:00\"}" },
    { "a=\"\\t\\\"\\\\\\u00e9\\U0001F600\"", "{\"a\":\"\\t\\\"\\\\\xc3\xa9\xf0\x9f\x98\x80\"}" },
    { "a='C:\\x'", "{\"a\":\"C:\\\\x\"}" },
    { "a=\"\"\"\none\ntwo \\\n   three\"\"\"", "{\"a\":\"one\\ntwo three\"}" },
    { "a='''\n'x' ''y'''''", "{\"a\":\"'x' ''y''\"}" },
    { "a=\"\"\"\"\"\"", "{\"a\":\"\"}" },
    { "a=[1,\n 2, # two\n]\nb=[]\nc=[[1],['x']]", "{\"a\":[1,2],\"b\":[],\"c\":[[1],[\"x\"]]}" },
    { "a={b=1,c.d='x'}\ne={}", "{\"a\":{\"b\":1,\"c\":{\"d\":\"x\"}},\"e\":{}}" },
    { "a.b=1\na.c=2\n\"d.e\".f=3", "{\"a\":{\"b\":1,\"c\":2},\"d.e\":{\"f\":3}}" },
    { "[a]\nx=1\n[a.b]\ny=2\n[c . \"d\"]\nz=3",
      "{\"a\":{\"x\":1,\"b\":{\"y\":2}},\"c\":{\"d\":{\"z\":3}}}" },
    { "[a.b]\nx=1\n[a]\ny=2", "{\"a\":{\"b\":{\"x\":1},\"y\":2}}" },
    { "[[a]]\nx=1\n[a.s]\ny=2\n[[a]]\nx=3", "{\"a\":[{\"x\":1,\"s\":{\"y\":2}},{\"x\":3}]}" },
    { "[f]\na.c=1\n[f.a.t]\nx=1", "{\"f\":{\"a\":{\"c\":1,\"t\":{\"x\":1}}}}" },
    { "\"\"=1", "{\"\":1}" },
    { "env=['A=1',{append=true}]", "{\"env\":[\"A=1\",{\"append\":true}]}" },

    { "a", NULL, "f:1: no = after the key \"a\"" },
    { "a=", NULL, "f:1: a value is missing" },
    { "a=1\na=2", NULL, "f:2: a key is set twice: \"a\"" },
    { "a=1 b=2", NULL, "f:1: the line should end here" },
    { "\n\n=1", NULL, "f:3: a key is missing" },
    { "[a]\n[a]", NULL, "f:2: a table is defined twice: \"a\"" },
    { "a.b=1\n[a]", NULL, "f:2: a table is defined twice: \"a\"" },
    { "a={}\n[a.b]", NULL, "f:2: a header adds to what is complete: \"a\"" },
    { "a={}\na.b=1", NULL, "f:2: a dotted key adds to what is complete: \"a\"" },
    { "[a.b]\nx=1\n[a]\nb.y=1", NULL, "f:4: a dotted key adds to what is complete: \"b\"" },
    { "a=[]\n[[a]]", NULL, "f:2: an array of tables adds to what is complete: \"a\"" },
    { "[[a]]\n[a]", NULL, "f:2: a table is defined twice: \"a\"" },
    { "[a]\n[[a]]", NULL, "f:2: an array of tables adds to what is complete: \"a\"" },
    { "[a", NULL, "f:1: a header is not closed after \"a\"" },
    { "a=01", NULL, "f:1: neither a number nor a date, time or boolean: \"01\"" },
    { "a=1__0", NULL, "f:1: neither a number nor a date, time or boolean: \"1__0\"" },
    { "a=1_e5", NULL, "f:1: neither a number nor a date, time or boolean: \"1_e5\"" },
    { "a=.5", NULL, "f:1: neither a number nor a date, time or boolean: \".5\"" },
    { "a=5.", NULL, "f:1: neither a number nor a date, time or boolean: \"5.\"" },
    { "a=9223372036854775808", NULL,
      "f:1: neither a number nor a date, time or boolean: \"9223372036854775808\"" },
    { "a=True", NULL, "f:1: neither a number nor a date, time or boolean: \"True\"" },
    { "a=1979-02-30", NULL, "f:1: neither a number nor a date, time or boolean: \"1979-02-30\"" },
    { "a=\"x", NULL, "f:1: unterminated string" },
    { "a=\"x\ny\"", NULL, "f:1: unterminated string" },
    { "a=\"\\x\"", NULL, "f:1: unknown escape in a string" },
    { "a=\"\\", NULL, "f:1: unknown escape in a string" },
    { "a=\"\\u12\"", NULL, "f:1: a unicode escape needs 4 or 8 hexadecimal digits" },
    { "a=\"\\ud800\"", NULL, "f:1: a unicode escape is not a character" },
    { "a=\"\\u0000\"", NULL, "f:1: a unicode escape is not a character" },
    { "a='\x01'", NULL, "f:1: control character in a string" },
    { "a='\xff'", NULL, "f:1: invalid UTF-8 in a string" },
    { "a=[1 2]", NULL, "f:1: a comma or ] is missing in an array" },
    { "a=[1,\n2", NULL, "f:2: a comma or ] is missing in an array" },
    { "a={b=1,}", NULL, "f:1: a key is missing" },
    { "a={b=1\n}", NULL, "f:1: a comma or } is missing in an inline table" },
    { "a={b=1, b=2}", NULL, "f:1: a key is set twice: \"b\"" },
    { "# \x01", NULL, "f:1: a comment holds a control character or is not UTF-8" },
    { "a=1\rb=2", NULL, "f:1: the line should end here" },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct toml t;
        struct err err = { 0 };
        int r = toml_parse(&t, rows[i].in, strlen(rows[i].in), "f", &err);
        if (rows[i].json) {
            if (r < 0)
                fail_msg("%s: %s", rows[i].in, err.msg);
            AUTO_FREE char *text = json_dumps(t.root, JSON_COMPACT);
            assert_string_equal(text, rows[i].json);
            toml_done(&t);
        } else {
            assert_int_equal(r, -EINVAL);
            assert_string_equal(err.msg, rows[i].error);
            assert_null(t.root);
        }
    }
}

static void test_lines(void **state)
{
    static const char text[] =
        "a=1\n\n[b]\nc=[\n1,\n]\nd.e='''\n\n'''\nf=1\n[[g]]\nh=1\n[[g]]\nh=1\n";
    struct toml t;

    (void)state;
    assert_int_equal(toml_parse(&t, text, strlen(text), "f", NULL), 0);
    assert_int_equal(toml_line(&t, "a"), 1);
    assert_int_equal(toml_line(&t, "b.c"), 4);
    assert_int_equal(toml_line(&t, "b.d.e"), 7);
    assert_int_equal(toml_line(&t, "b.f"), 10);
    assert_int_equal(toml_line(&t, "g.1.h"), 14);
    assert_int_equal(toml_line(&t, "nowhere"), 0);
    toml_done(&t);
}

static void test_depth(void **state)
{
    char deep[4000];
    struct err err = { 0 };
    struct toml t;

    (void)state;
    memset(deep, '[', sizeof(deep));
    memcpy(deep, "a=", 2);
    assert_int_equal(toml_parse(&t, deep, sizeof(deep), "f", &err), -EINVAL);
    assert_string_equal(err.msg, "f:1: nested too deeply");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows), cmocka_unit_test(test_lines),
                                        cmocka_unit_test(test_depth) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
