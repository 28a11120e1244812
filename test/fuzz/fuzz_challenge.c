#include <assert.h>

#include "image/mod/http.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA a = { 0 };
    struct challenge c;

    if (challenge_parse(&a, arena_strndup(&a, (const char *)data, size), &c) == 0)
        assert(c.scheme[0]);
    return 0;
}
