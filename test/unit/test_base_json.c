/* The JSON codec and YAML text.  If one of these failed, a record could not be read again, or a client
 * would read other text than Podman writes. */
#include "unit.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/yaml_text.h"

#include "base/banned.h"

struct inner {
    char *name;
    int64_t n;
};
static const struct json_field inner_rows[] = {
    JF_STR(struct inner, name, "name", JF_REQUIRED),
    JF_I64(struct inner, n, "n", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type inner_type = JSON_TYPE(struct inner, inner_rows);

struct outer {
    char *s;
    int64_t i, when;
    uint64_t big;
    uint32_t u;
    double f;
    bool b;
    char **v, **set;
    kv_list map;
    struct inner one, *maybe;
    JSON_LIST(struct inner) list;
    JSON_LIST(int64_t) nums;
    int64_t *pi;
    bool *pb;
};
static const struct json_field outer_rows[] = {
    JF_STR(struct outer, s, "s", 0),
    JF_I64(struct outer, i, "i", 0),
    JF_U64(struct outer, big, "big", 0),
    JF_U32(struct outer, u, "u", 0),
    JF_F64(struct outer, f, "f", 0),
    JF_BOOL(struct outer, b, "b", 0),
    JF_STRV(struct outer, v, "v", 0),
    JF_SET(struct outer, set, "set", JF_OMIT_EMPTY),
    JF_MAP(struct outer, map, "map", 0),
    JF_OBJ(struct outer, one, "one", 0, &inner_type),
    JF_PTR(struct outer, maybe, "maybe", JF_OMIT_EMPTY, &inner_type),
    JF_LIST(struct outer, list, "list", JF_EMPTY_NULL, &inner_type),
    JF_NUMS(struct outer, nums, "nums", 0),
    JF_PI64(struct outer, pi, "pi", JF_OMIT_EMPTY),
    JF_PBOOL(struct outer, pb, "pb", JF_OMIT_EMPTY),
    JF_TIME(struct outer, when, "when", 0),
    { 0 },
};
static const struct json_type outer_type = JSON_TYPE(struct outer, outer_rows);

/* What is read and written again is the same text. */
static const char *const same[] = {
    "{\"s\":\"\",\"i\":0,\"big\":0,\"u\":0,\"f\":0,\"b\":false,\"v\":[],\"map\":{},\"one\":{"
    "\"name\":\"\"},\"list\":null,"
    "\"nums\":[],\"when\":\"0001-01-01T00:00:00Z\"}",
    "{\"s\":\"a\\u003cb\\u0026\xc3\xa4/"
    "\\\"\\n\",\"i\":-42,\"big\":18446744073709551615,\"u\":4294967295,"
    "\"f\":1.5,\"b\":true,\"v\":[\"x\",\"\"],\"set\":{\"80/"
    "tcp\":{}},\"map\":{\"a\":\"1\",\"b\":\"2\"},"
    "\"one\":{\"name\":\"o\",\"n\":5},\"maybe\":{\"name\":\"m\"},\"list\":[{\"name\":\"l\"}],"
    "\"nums\":[1,-2],\"pi\":0,"
    "\"pb\":false,\"when\":\"2023-11-14T22:13:20.5Z\"}",
};

static void test_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
        AUTO_ARENA a = { 0 };
        AUTO_BUF out = { 0 };
        struct outer o = { 0 };
        struct err err = { 0 };
        AUTO_JSON *doc = json_parse(same[i], strlen(same[i]), "test", &err);
        if (!doc || json_read(&a, doc, &outer_type, &o, &err) < 0)
            fail_msg("%s", err.msg);
        AUTO_JSON *again = json_from(&outer_type, &o);
        json_text(again, 0, &out);
        assert_string_equal(out.data, same[i]);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *path; /* the error names the place */
    } rows[] = {
        { "{\"s\":5}", "s" },
        { "{\"i\":\"5\"}", "i" },
        { "{\"i\":1.5}", "i" },
        { "{\"u\":-1}", "u" },
        { "{\"u\":4294967296}", "u" },
        { "{\"b\":1}", "b" },
        { "{\"v\":{}}", "v" },
        { "{\"v\":[1]}", "v" },
        { "{\"map\":{\"a\":1}}", "map" },
        { "{\"one\":{}}", "one" },
        { "{\"list\":[{\"name\":\"x\"},{}]}", "list" },
        { "{\"when\":\"yesterday\"}", "when" },
        { "[]", "" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        struct outer o = { 0 };
        struct err err = { 0 };
        AUTO_JSON *doc = json_parse(rows[i].text, strlen(rows[i].text), "test", NULL);
        assert_non_null(doc);
        if (json_read(&a, doc, &outer_type, &o, &err) >= 0 || !strstr(err.msg, rows[i].path))
            fail_msg("%s: \"%s\"", rows[i].text, err.msg);
    }
}

static void test_not_json(void **state)
{
    (void)state;
    static const char *const rows[] = { "",         "{",        "{\"a\":1,\"a\":2}", "{}x",
                                        "nonsense", "\"\xff\"", "{\"a\":}" };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = { 0 };
        AUTO_JSON *doc = json_parse(rows[i], strlen(rows[i]), "the text", &err);
        assert_null(doc);
        assert_non_null(strstr(err.msg, "the text"));
    }
    char deep[2 * LIMIT_JSON_DEPTH + 10];
    memset(deep, '[', sizeof(deep));
    AUTO_JSON *doc = json_parse(deep, sizeof(deep), "deep", NULL);
    assert_null(doc);
}

static void test_nocase(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    struct inner in = { 0 };
    AUTO_JSON *doc = json_parse("{\"NAME\":\"x\",\"N\":7}", 18, "test", NULL);
    assert_int_equal(json_read(&a, doc, &inner_type, &in, NULL), -EINVAL);
    assert_int_equal(json_read_nocase(&a, doc, &inner_type, &in, NULL), 0);
    assert_string_equal(in.name, "x");
    assert_int_equal(in.n, 7);
}

static void test_yaml(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "{\"a\":1,\"b\":[\"x\",\"z\"],\"c\":{\"d\":true}}",
          "a: 1\nb:\n- x\n- z\nc:\n  d: true\n" },
        { "{\"a\":[],\"b\":{},\"c\":null,\"d\":\"\"}", "a: []\nb: {}\nc: null\nd: \"\"\n" },
        { "[{\"a\":1,\"b\":2},[1]]", "- a: 1\n  b: 2\n- - 1\n" },
        { "{\"a\":\"true\",\"b\":\"5\",\"c\":\"x: y\",\"d\":\"a\\nb\",\"e\":\"- x\"}",
          "a: \"true\"\nb: \"5\"\nc: \"x: y\"\nd: \"a\\nb\"\ne: \"- x\"\n" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_BUF out = { 0 };
        AUTO_JSON *doc = json_parse(rows[i][0], strlen(rows[i][0]), "test", NULL);
        assert_non_null(doc);
        yaml_text(doc, &out);
        assert_string_equal(out.data, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_not_json),   cmocka_unit_test(test_nocase),
        cmocka_unit_test(test_yaml),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
