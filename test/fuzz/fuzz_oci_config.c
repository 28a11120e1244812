/* config.json as a stranger writes it: reading it, planning its mounts and process, and writing it
 * again end without harm, and what was written reads back. */
#include <assert.h>

#include "oci/plan.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA a = { 0 };
    struct oci_spec spec = { 0 }, again = { 0 };
    struct plan_process process = { 0 };
    char **warnings = NULL;

    AUTO_JSON *doc = json_parse((const char *)data, size, "config.json", NULL);
    if (!doc || json_read(&a, doc, &oci_spec_type, &spec, NULL) < 0)
        return 0;
    for (size_t i = 0; i < spec.mounts.n; i++) {
        struct plan_mount m;
        if (plan_mount(&spec.mounts.items[i], &a, &m, NULL) == 0)
            assert(m.dest[0] && (m.bind ? m.source && m.source[0] : m.type && m.type[0]));
    }
    if (spec.process && plan_process(spec.process, &a, &process, &warnings, NULL) == 0)
        assert(process.argv[0] && process.cwd[0] == '/');
    (void)oci_spec_namespaces(&spec);
    AUTO_JSON *back = json_from(&oci_spec_type, &spec);
    int r = json_read(&a, back, &oci_spec_type, &again, NULL);
    assert(r == 0);
    return 0;
}
