#include "unit.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "image/mod/yaml.h"
#include "spec/kube.h"

#include "base/banned.h"

static const struct {
    const char *yaml, *json; /* NULL: refused */
} rows[] = {
    { "a: 1", "[{\"a\":\"1\"}]" },
    { "a: 1.10\nb: true\nc: 'x'\nd: ~\ne:\n", "[{\"a\":\"1.10\",\"b\":\"true\",\"c\":\"x\"}]" },
    { "a: \"~\"", "[{\"a\":\"~\"}]" },
    { "- 1\n- null\n", "[[\"1\",null]]" },
    { "a: 1\n---\n\n---\nb: 2\n", "[{\"a\":\"1\"},{\"b\":\"2\"}]" },
    { "", "[]" },
    { "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\n",
      "[{\"x\":{\"a\":\"1\",\"b\":\"2\"},\"y\":{\"b\":\"3\",\"a\":\"1\"}}]" },
    { "y: {<<: [{a: 1}, {a: 2, c: 3}]}\n", "[{\"y\":{\"a\":\"1\",\"c\":\"3\"}}]" },
    { "{\"a\": [1, \"two\"], \"b\": null}", "[{\"a\":[\"1\",\"two\"]}]" },
    { "a: |\n  one\n  two\n", "[{\"a\":\"one\\ntwo\\n\"}]" },
    { "a: 1\na: 2\n", NULL },
    { "a: [1\n", NULL },
    { "a: *nobody\n", NULL },
    { "a: &a [*a]\n", NULL },
    { "[a]: 1\n", NULL },
    { "a: {<<: 3}\n", NULL },
    { "a: \"\\xff\"\nb: \xff\n", NULL },
};

static void reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_JSON *docs = NULL;
        AUTO_BUF text = { 0 };
        struct err err = { 0 };
        int r = module_yaml(rows[i].yaml, strlen(rows[i].yaml), "t", &docs, &err);
        if (!rows[i].json) {
            assert_true(r < 0);
            assert_true(err.msg[0]);
            continue;
        }
        assert_int_equal(r, 0);
        json_text(docs, 0, &text);
        assert_string_equal(text.data, rows[i].json);
    }
}

/* Each line doubles what the one before stands for. */
static void laughs(void **state)
{
    AUTO_BUF text = { 0 };
    AUTO_JSON *docs = NULL;
    struct err err = { 0 };

    (void)state;
    buf_puts(&text, "a0: &a0 [x,x]\n");
    for (int i = 1; i < 40; i++)
        buf_printf(&text, "a%d: &a%d [*a%d,*a%d]\n", i, i, i - 1, i - 1);
    assert_true(module_yaml(text.data, text.len, "t", &docs, &err) < 0);
    assert_non_null(strstr(err.msg, "too large"));
}

static void deep(void **state)
{
    AUTO_BUF text = { 0 };
    AUTO_JSON *docs = NULL;

    (void)state;
    for (int i = 0; i < 2 * LIMIT_JSON_DEPTH; i++)
        buf_putc(&text, '[');
    for (int i = 0; i < 2 * LIMIT_JSON_DEPTH; i++)
        buf_putc(&text, ']');
    assert_true(module_yaml(text.data, text.len, "t", &docs, NULL) < 0);
}

static void types(void **state)
{
    static const char text[] =
        "kind: Pod\nmetadata: {name: 7}\nspec:\n  hostNetwork: yes\n  "
        "terminationGracePeriodSeconds: "
        "12\n  containers:\n  - {name: c, ports: [{containerPort: 80}], env: [{name: A, value: "
        "0x10}]}\n";
    AUTO_ARENA a = { 0 };
    AUTO_JSON *docs = NULL;
    struct kube_pod pod = { 0 };

    (void)state;
    assert_int_equal(module_yaml(text, strlen(text), "t", &docs, NULL), 0);
    json_t *doc = json_array_get(docs, 0);
    json_coerce(doc, &kube_pod_type);
    assert_int_equal(json_read(&a, doc, &kube_pod_type, &pod, NULL), 0);
    assert_string_equal(pod.metadata.name, "7");
    assert_true(pod.spec.host_network);
    assert_int_equal(*pod.spec.grace, 12);
    assert_int_equal(pod.spec.containers.items[0].ports.items[0].container_port, 80);
    assert_string_equal(pod.spec.containers.items[0].env.items[0].value, "0x10");

    static const char wrong[] = "spec: {containers: [{ports: [{containerPort: many}]}]}";
    AUTO_JSON *other = NULL;
    assert_int_equal(module_yaml(wrong, strlen(wrong), "t", &other, NULL), 0);
    json_coerce(json_array_get(other, 0), &kube_pod_type);
    assert_true(json_read(&a, json_array_get(other, 0), &kube_pod_type, &pod, NULL) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(laughs),
        cmocka_unit_test(deep),
        cmocka_unit_test(types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
