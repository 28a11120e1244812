#include <assert.h>

#include "base/json.h"
#include "image/mod/lookaside.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Text that is accepted is an object of registries.d. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_JSON *doc = NULL;

    if (lookaside_parse((const char *)data, size, "r.yaml", &doc, NULL) == 0)
        assert(json_is_object(doc));
    return 0;
}
