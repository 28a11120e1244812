#include <assert.h>

#include "config/auth_helper.h"
#include "image/mod/http.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a registry's headers and a credential helper may say. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA a = { 0 };
    char *text = arena_strndup(&a, (const char *)data, size);
    char *next = link_next(&a, text);
    struct credentials c = { 0 };

    assert(!next || strlen(next) < size);
    assert(retry_after_parse(text, 0) >= 0);
    if (auth_helper_parse(&a, text, strlen(text), &c, NULL) == 0)
        assert(!c.user == !c.password);
    return 0;
}
