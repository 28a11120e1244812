#include <assert.h>

#include "base/json.h"
#include "image/mod/yaml.h"
#include "spec/kube.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Text that is accepted is a list of documents, each of which a table takes or refuses. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct json_type *const types[] = { &kube_pod_type, &kube_set_type,
                                                     &kube_data_type, &kube_claim_type };
    AUTO_JSON *docs = NULL;
    json_t *doc;
    size_t i;

    if (module_yaml((const char *)data, size, "k.yaml", &docs, NULL) < 0)
        return 0;
    assert(json_is_array(docs));
    json_array_foreach (docs, i, doc) {
        for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
            AUTO_ARENA a = { 0 };
            AUTO_JSON *copy = json_deep_copy(doc);
            union {
                struct kube_pod pod;
                struct kube_set set;
                struct kube_data data;
                struct kube_claim claim;
            } any = { 0 };
            json_coerce(copy, types[t]);
            (void)!json_read(&a, copy, types[t], &any, NULL);
        }
    }
    return 0;
}
