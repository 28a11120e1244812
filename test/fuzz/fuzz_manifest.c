#include <assert.h>

#include "base/limits.h"
#include "spec/image.h"
#include "spec/reference.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The three documents of an image: what passes holds valid digests only. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA a = { 0 };
    struct image_manifest m = { 0 };
    struct image_index idx = { 0 };
    struct image_config c = { 0 };
    AUTO_JSON *doc = json_parse((const char *)data, size, "fuzz", NULL);

    if (!doc)
        return 0;
    if (json_is_object(doc))
        (void)image_is_index(doc, NULL);
    if (image_manifest_read(&a, doc, &m, NULL) == 0) {
        assert(digest_valid(m.config.digest) && m.layers.n <= LIMIT_LAYERS);
        json_decref(json_from(&image_manifest_type, &m));
    }
    if (image_index_read(&a, doc, &idx, NULL) == 0)
        json_decref(json_from(&image_index_type, &idx));
    if (image_config_read(&a, doc, &c, NULL) == 0)
        json_decref(json_from(&image_config_type, &c));
    return 0;
}
