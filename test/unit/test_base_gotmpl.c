/* Go templates: if this fails, --format of some command prints something else than Podman, or a
 * template that Go refuses is taken. */
#include "unit.h"

#include "base/gotmpl.h"

#include "base/banned.h"

static const char data[] =
    "{\"Id\":\"abc\",\"Names\":[\"a\",\"b\"],\"n\":7,\"f\":1.5,\"big\":1e21,\"small\":0.00001,"
    "\"t\":true,"
    "\"z\":null,\"e\":[],\"m\":{\"y\":\"2\",\"x\":\"1\"},\"Labels\":{\"k\":\"v\"},"
    "\"list\":[{\"ID\":1,\"s\":\"one\"},{\"ID\":2,\"s\":\"two\"}],\"html\":\"<a>&\\\"\",\"u\":"
    "\"\xc3\xa9\xc3\xa9\"}";

static const struct {
    const char *in, *out;
} good[] = {
    { "", "" },
    { "plain }} text", "plain }} text" },
    { "{{.Id}} {{.ID}} {{.n}}", "abc abc 7" },
    { "{{.Names}} {{.m}} {{.e}} {{.z}} {{.nope}} {{.nope.more}}",
      "[a b] map[x:1 y:2] [] <nil> <no value> <no value>" },
    { "{{.f}} {{.big}} {{.small}} {{1e3}} {{100000.0}} {{.t}}",
      "1.5 1e+21 1e-05 1000 100000 true" },
    { "{{json .m}} {{.html | json}} {{json .nope}}",
      "{\"y\":\"2\",\"x\":\"1\"} \"<a>&\\\"\" null" },
    { "a {{- .n -}} b", "a7b" },
    { "a {{- /* c */ -}} b{{/* x */}}c", "abc" },
    { "{{ -3 }} {{-3}}", "-3 -3" },
    { "{{if .t}}y{{else}}n{{end}}{{if .e}}y{{else if .n}}m{{else}}n{{end}}", "ym" },
    { "{{if and .t .n}}{{and .t .n}}{{end}} {{or .e .Id}} {{not .t}}", "7 abc false" },
    { "{{and .e (index .Names 99)}}", "[]" }, /* not evaluated */
    { "{{range .Names}}<{{.}}>{{end}}{{range .e}}x{{else}}none{{end}}", "<a><b>none" },
    { "{{range $i, $e := .Names}}{{$i}}={{$e}} {{end}}{{range $k, $v := .m}}{{$k}}{{$v}}{{end}}",
      "0=a 1=b x1y2" },
    { "{{range .list}}{{if eq .ID 2}}{{break}}{{end}}{{.s}}{{end}}", "one" },
    { "{{range .list}}{{if eq .ID 1}}{{continue}}{{end}}{{.s}}{{$.Id}}{{end}}", "twoabc" },
    { "{{range 3}}{{.}}{{end}}", "012" },
    { "{{with .m}}{{.x}}{{else}}no{{end}}{{with $a := .Id}}{{$a}}{{.}}{{end}}", "1abcabc" },
    { "{{$x := 1}}{{if true}}{{$x = 2}}{{$y := 3}}{{$y}}{{end}}{{$x}}", "32" },
    { "{{$x := 1}}{{if true}}{{$x := $x}}{{$x}}{{end}}", "1" },
    { "{{define \"T\"}}[{{.}}{{$}}]{{end}}{{template \"T\" .n}}{{template \"T\"}}",
      "[77][<no value><no value>]" },
    { "{{block \"B\" .n}}b{{.}}{{end}}", "b7" },
    { "{{eq .n 7}} {{eq .n 1 2 7}} {{ne .Id \"x\"}} {{lt .n 8}} {{le 7 .n}} {{gt 1.5 1}} {{ge "
      "\"a\" \"b\"}}",
      "true true true true true true false" },
    { "{{eq .z nil}} {{eq true .t}}", "true true" },
    { "{{len .Names}} {{len .Id}} {{len .m}}", "2 3 2" },
    { "{{index .Names 1}} {{index .m \"x\"}} {{index .list 0 \"s\"}} {{index .Id 0}}",
      "b 1 one 97" },
    { "{{slice .Id 1}} {{slice .Id 0 2}} {{slice .Names 1 2}}", "bc ab [b]" },
    { "{{join .Names \",\"}} {{split \"a:b\" \":\"}} {{upper .Id}} {{lower \"AB\"}} {{title \"ab "
      "cd\"}}",
      "a,b [a b] ABC ab Ab Cd" },
    { "{{pad .Id 1 2}}|{{pad \"\" 1 2}}|{{truncate .Id 2}}|{{truncate .Id 9}}", " abc  ||ab|abc" },
    { "{{truncate .u 3}}", "\xc3\xa9\xef\xbf\xbd" },
    { "{{print 1 2 \"a\" \"b\" 3}} {{println .n \"x\"}}", "1 2ab3 7 x\n" },
    { "{{printf \"%s|%5d|%-5s|%05d|%x|%q|%v|%t|%.2f|%%\" .Id 42 \"ab\" 42 255 \"a\\\"b\" .m true "
      "1.005}}",
      "abc|   42|ab   |00042|ff|\"a\\\"b\"|map[x:1 y:2]|true|1.00|%" },
    { "{{printf \"%5s|%-4s|%.1s|%+d|%x|%T|%c|%b\" .u .u .u 3 \"hi\" 1.5 65 5}}",
      "   \xc3\xa9\xc3\xa9|\xc3\xa9\xc3\xa9  |\xc3\xa9|+3|6869|float64|A|101" },
    { "{{printf \"%d %s\" \"hi\"}} {{printf \"a\" 1}}",
      "%!d(string=hi) %!s(MISSING) a%!(EXTRA int=1)" },
    { "{{html .html}} {{.html | js}} {{urlquery \"a b&\"}}",
      "&lt;a&gt;&amp;&#34; \\u003Ca\\u003E\\u0026\\\" a+b%26" },
    { "{{.Label \"k\"}}|{{.Label \"none\"}}", "v|" },
    { "{{(index .list 1).s}} {{$.m.x}} {{(.Id)}}", "two 1 abc" },
    { "{{.Id | printf \"%s-%s\" \"x\" | upper}}", "X-ABC" },
    { "{{`a\\n`}}{{\"\\u00e9\\n\\x41\"}}{{'a'}}{{0x1F}}", "a\\n\xc3\xa9\nA9731" },
    { "{{true}}{{false}}", "truefalse" },
    { "{{.}}", NULL }, /* prints something */
};

static const struct {
    const char *in, *error;
} bad[] = {
    { "{{", "template:1:3: unclosed action" },
    { "a\n{{.x", "template:2:5: unclosed action" },
    { "{{}}", "template:1:3: missing value for command" },
    { "{{nope}}", "template:1:3: function \"nope\" not defined" },
    { "{{if .x}}", "template:1:3: unclosed if" },
    { "{{end}}", "template:1:8: unexpected {{end}}" },
    { "{{.x | }}", "template:1:8: missing value for command" },
    { "{{.x | .y}} {{1 | 2}}", "template:1:19: non executable command in pipeline stage" },
    { "{{1 2}}", "template:1:3: can't give argument to non-function" },
    { "{{$x}}", "template:1:3: undefined variable \"$x\"" },
    { "{{\"a}}", "template:1:3: unterminated quoted string" },
    { "{{(.x}}", "template:1:6: unexpected \"}}\" in parenthesized pipeline" },
    { "{{.x)}}", "template:1:5: unexpected \")\" in command" },
    { "{{break}}", "template:1:3: {{break}} outside {{range}}" },
    { "{{/* x", "template:1:1: unclosed comment" },
    { "{{1.2.3}}", "template:1:3: bad number syntax: \"1.2.3\"" },
    { "{{#}}", "template:1:3: unexpected \"#\" in action" },
    { "{{template \"x\"}}", "template:1:3: template \"x\" not defined" },
    { "{{.n.x}}", "template:1:3: can't evaluate field x in a value that has none" },
    { "{{index .Names 5}}", "template:1:3: error calling index: index out of range: 5" },
    { "{{eq .n \"7\"}}", "template:1:3: error calling eq: incompatible types for comparison" },
    { "{{len .n}}", "template:1:3: error calling len: len of a value that has no length" },
    { "{{len}}", "template:1:3: error calling len: wrong number of args: want 1 got 0" },
    { "{{range .n}}{{end}}{{range .Id}}{{end}}",
      "template:1:22: range can't iterate over this value" },
    { "{{define \"r\"}}{{template \"r\"}}{{end}}{{template \"r\"}}",
      "template:1:17: exceeded maximum template depth" },
    { "{{.Id \"x\"}}", "template:1:3: Id has arguments but cannot be invoked as function" },
};

static int run(const char *text, struct buf *out, struct err *err)
{
    json_t *doc = json_loads(data, 0, NULL);
    struct gotmpl *t = gotmpl_parse(text, err);
    int r = t ? gotmpl_run(t, doc, out, err) : -EINVAL;

    gotmpl_free(t);
    json_decref(doc);
    return r;
}

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        AUTO_BUF out = { 0 };
        struct err err = { 0 };
        if (run(good[i].in, &out, &err) < 0)
            fail_msg("%s: %s", good[i].in, err.msg);
        if (good[i].out)
            assert_string_equal(out.data ? out.data : "", good[i].out);
    }
}

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        AUTO_BUF out = { 0 };
        struct err err = { 0 };
        if (run(bad[i].in, &out, &err) == 0)
            fail_msg("%s: accepted: %s", bad[i].in, out.data);
        assert_string_equal(err.msg, bad[i].error);
    }
}

/* The ceiling of the caller's buffer holds, and a template cannot run for ever. */
static void test_limits(void **state)
{
    AUTO_BUF out = { .max = 100 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(run("{{range 1000}}x{{end}}", &out, &err), -EINVAL);
    assert_string_equal(err.msg, "template:1:15: output is too large");
    err_clear(&err);
    assert_int_equal(run("{{range 1000000}}{{range 1000000}}{{end}}{{end}}", &out, &err), -EINVAL);
    assert_non_null(strstr(err.msg, "runs too long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_good), cmocka_unit_test(test_bad),
                                        cmocka_unit_test(test_limits) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
