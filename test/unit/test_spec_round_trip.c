/* What is written is read again, for every field of every record that we keep or send.  If this fails, a
 * container forgets an option between its creation and its start. */
#include "unit.h"

#include "base/parse.h"
#include "spec/container.h"
#include "spec/monitor.h"
#include "spec/runtime.h"

#include "base/banned.h"

enum { DEPTH = 6 };

static json_t *sample(const struct json_type *type, int depth);

/* A value of the field's kind that is not the default, another one for each key. */
static json_t *value(const struct json_field *f, int depth)
{
    char stamp[TIME_TEXT_MAX];

    switch (f->kind) {
    case JK_STR:
        return json_pack("s+", "value of ", f->key);
    case JK_I64:
    case JK_PI64:
        return json_integer(-1 - (json_int_t)strlen(f->key));
    case JK_U32:
    case JK_U64:
        return json_integer((json_int_t)(1 + strlen(f->key)));
    case JK_F64:
        return json_real(0.5);
    case JK_BOOL:
    case JK_PBOOL:
        return json_true();
    case JK_STRV:
        return json_pack("[s,s]", f->key, "");
    case JK_MAP:
        return json_pack("{s:s,s:s}", "a", f->key, "b", "");
    case JK_SET:
        return json_pack("{s:{},s:{}}", "a", f->key);
    case JK_NUMS:
        return json_pack("[i,i]", 0, 5);
    case JK_TIME:
        return json_string(time_format_rfc3339(1700000000 * NSEC_PER_SEC + 5, stamp));
    case JK_RAW:
        return json_pack("{s:s}", "raw", f->key);
    case JK_OBJ:
    case JK_PTR:
        return sample(f->sub, depth + 1);
    case JK_LIST:
        return json_pack("[o,o]", sample(f->sub, depth + 1), sample(f->sub, depth + 1));
    case JK_OBJMAP:
        return json_pack("{s:o}", "key", sample(f->sub, depth + 1));
    case JK_END:
        break;
    }
    return NULL;
}

static json_t *sample(const struct json_type *type, int depth)
{
    json_t *o = json_object();

    for (const struct json_field *f = type->fields; f->kind != JK_END; f++)
        if (depth < DEPTH)
            json_object_set_new(o, f->key, value(f, depth));
    return o;
}

static void test_every_field(void **state)
{
    static const struct {
        const char *name;
        const struct json_type *type;
    } rows[] = {
        { "container_config", &container_config_type },
        { "monitor_config", &monitor_config_type },
        { "run_state", &run_state_type },
        { "start_report", &start_report_type },
        { "exec_state", &exec_state_type },
        { "oci_process", &oci_process_type },
        { "oci_resources", &oci_resources_type },
        { "oci_seccomp", &oci_seccomp_type },
        { "oci_spec", &oci_spec_type },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        AUTO_BUF want = { 0 }, got = { 0 };
        struct err err = { 0 };
        void *record = arena_alloc(&a, rows[i].type->size);
        AUTO_JSON *doc = sample(rows[i].type, 0);
        if (json_read(&a, doc, rows[i].type, record, &err) < 0)
            fail_msg("%s: %s", rows[i].name, err.msg);
        AUTO_JSON *again = json_from(rows[i].type, record);
        json_text(doc, 0, &want);
        json_text(again, 0, &got);
        if (!STR_EQ(want.data, got.data))
            fail_msg("%s:\n%s\n%s", rows[i].name, want.data, got.data);
    }
}

/* Old records: what is missing is empty, what is unknown is passed over. */
static void test_empty(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    struct container_config c = { 0 };
    AUTO_JSON *doc = json_parse("{\"no_such_key\":[1]}", 19, "record", NULL);
    assert_int_equal(json_read(&a, doc, &container_config_type, &c, NULL), 0);
    AUTO_JSON *again = json_from(&container_config_type, &c);
    AUTO_BUF out = { 0 };
    json_text(again, 0, &out);
    assert_string_equal(out.data, "{\"resources\":{},\"health\":{}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_field),
                                        cmocka_unit_test(test_empty) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
