/* A TOML document: what is accepted is a tree that can be printed; what is not names its line. */
#include <assert.h>

#include "base/toml.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toml t;
    struct err err = { 0 };

    if (toml_parse(&t, (const char *)data, size, "f", &err) < 0) {
        assert(str_starts(err.msg, "f:") && !t.root);
        return 0;
    }
    AUTO_FREE char *text = json_dumps(t.root, 0);
    assert(text);
    toml_done(&t);
    return 0;
}
