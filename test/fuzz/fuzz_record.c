/* Records, state files and requests to a monitor: what can be read is written and read again the same. */
#include <assert.h>

#include "spec/container.h"
#include "spec/monitor.h"
#include "spec/runtime.h"

#include "base/banned.h"

static const struct json_type *const types[] = {
    &container_config_type, &monitor_config_type, &run_state_type,     &start_report_type,
    &exec_state_type,       &oci_process_type,    &oci_resources_type, &restart_config_type,
};

static void check(const struct json_type *type, const json_t *doc)
{
    AUTO_ARENA a = { 0 };
    AUTO_BUF one = { 0 }, two = { 0 };
    struct err err = { 0 };
    void *first = arena_alloc(&a, type->size), *second = arena_alloc(&a, type->size);

    if (json_read(&a, doc, type, first, &err) < 0) {
        assert(err.kind != ERR_NONE);
        return;
    }
    AUTO_JSON *written = json_from(type, first);
    json_text(written, 0, &one);
    AUTO_JSON *parsed = json_parse(one.data, one.len, "what we wrote", NULL);
    assert(parsed);
    int r = json_read(&a, parsed, type, second, NULL);
    assert(r == 0);
    AUTO_JSON *again = json_from(type, second);
    json_text(again, 0, &two);
    assert(STR_EQ(one.data, two.data));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_JSON *doc = json_parse((const char *)data, size, "input", NULL);

    for (size_t i = 0; doc && i < ARRAY_SIZE(types); i++) {
        check(types[i], doc);
        /* The shapes inside a monitor's request. */
        check(types[i], json_object_get(doc, "process"));
        check(types[i], json_object_get(doc, "resources"));
    }
    return 0;
}
