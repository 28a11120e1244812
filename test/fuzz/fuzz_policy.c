#include <assert.h>

#include "config/policy.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A policy that is accepted answers for every image, with at least one requirement. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA a = { 0 };
    struct policy p;
    struct image_ref ref;

    if (policy_parse(&a, (const char *)data, size, "policy.json", &p, NULL) < 0)
        return 0;
    assert(ref_parse(&a, "registry.example.org/a/b:tag", &ref, NULL) == 0);
    const requirement_list *list = policy_for_ref(&p, &a, &ref);
    assert(list && list->n > 0);
    for (size_t i = 0; i < list->n; i++)
        (void)identity_matches(&a, &list->items[i].identity, &ref, "registry.example.org/a/b:tag");
    assert(policy_for_path(&p, &a, "dir", "/a/b")->n > 0);
    return 0;
}
