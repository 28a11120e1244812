/* A template over a fixed value: it is refused with a position, or it runs to an end within its
 * ceilings. */
#include <assert.h>

#include "base/gotmpl.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = xstrndup((const char *)data, size);
    AUTO_BUF out = { .max = 1 << 16 };
    struct err err = { 0 };
    json_t *doc = json_loads(
        "{\"a\":[1,\"x\",{\"b\":null}],\"m\":{\"k\":\"v\"},\"f\":1.5,\"t\":true}", 0, NULL);
    struct gotmpl *t = gotmpl_parse(text, &err);

    if (t)
        (void)!gotmpl_run(t, doc, &out, &err);
    else
        assert(err.kind != ERR_NONE);
    assert(err.kind == ERR_NONE || str_starts(err.msg, "template:"));
    assert(out.len <= out.max);
    gotmpl_free(t);
    json_decref(doc);
    return 0;
}
