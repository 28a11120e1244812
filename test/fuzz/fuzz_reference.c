#include <assert.h>

#include "spec/reference.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted is complete, and reads back as itself. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA a = { 0 };
    char *s = arena_strndup(&a, (const char *)data, size);
    struct image_ref ref, again;

    if (ref_parse(&a, s, &ref, NULL) < 0)
        return 0;
    ref_complete(&a, &ref, NULL);
    assert(ref.registry && ref.path[0] && (ref.tag || ref.digest));
    char *text = ref_text(&a, &ref);
    if (ref_parse(&a, text, &again, NULL) < 0)
        return 0; /* "library/" may make a name too long */
    ref_complete(&a, &again, NULL);
    assert(STR_EQ(ref_text(&a, &again), text));
    return 0;
}
