#include "image/mod/media.h"

#include "spec/image.h"

#include "base/banned.h"

static const struct {
    const char *docker, *oci;
    bool layer;
    enum compression format;
} types[] = {
    { MT_DOCKER_LIST, MT_OCI_INDEX, false, COMP_NONE },
    { MT_DOCKER_MANIFEST, MT_OCI_MANIFEST, false, COMP_NONE },
    { MT_DOCKER_CONFIG, MT_OCI_CONFIG, false, COMP_NONE },
    { MT_DOCKER_LAYER_GZIP, MT_OCI_LAYER_GZIP, true, COMP_GZIP },
    { MT_DOCKER_LAYER, MT_OCI_LAYER, true, COMP_NONE },
    { NULL, MT_OCI_LAYER_ZSTD, true, COMP_ZSTD },
};

enum media_family media_family(const char *media_type)
{
    if (str_empty(media_type))
        return MEDIA_OCI;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (str_same(types[i].docker, media_type))
            return MEDIA_DOCKER;
        else if (STR_EQ(types[i].oci, media_type))
            return MEDIA_OCI;
    return MEDIA_OTHER;
}

bool media_is_layer(const char *media_type, enum compression *ret)
{
    for (size_t i = 0; media_type && i < ARRAY_SIZE(types); i++)
        if (types[i].layer &&
            (STR_EQ(types[i].oci, media_type) || str_same(types[i].docker, media_type))) {
            *ret = types[i].format;
            return true;
        }
    return false;
}

const char *media_layer(enum media_family family, enum compression format)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (types[i].layer && types[i].format == format)
            return family == MEDIA_DOCKER && types[i].docker ? types[i].docker : types[i].oci;
    return MT_OCI_LAYER;
}

bool media_convert(json_t *doc, const char *key, enum media_family family)
{
    const char *have = json_string_value(json_object_get(doc, key));

    for (size_t i = 0; have && i < ARRAY_SIZE(types); i++) {
        const char *from = family == MEDIA_OCI ? types[i].docker : types[i].oci;
        const char *to = family == MEDIA_OCI ? types[i].oci : types[i].docker;
        if (family != MEDIA_OTHER && to && str_same(from, have)) {
            json_object_set_new(doc, key, json_string(to));
            return true;
        }
    }
    return false;
}

bool media_convert_manifest(json_t *doc, enum media_family family)
{
    bool changed = media_convert(doc, "mediaType", family);
    json_t *layer;
    size_t i;

    if (!json_object_get(doc, "mediaType") && family == MEDIA_DOCKER) {
        json_object_set_new(doc, "mediaType", json_string(MT_DOCKER_MANIFEST));
        changed = true;
    }
    if (changed && family == MEDIA_DOCKER) /* fields that it does not have */
        for (const char *const *f =
                 (const char *const[]) { "annotations", "artifactType", "subject", NULL };
             *f; f++)
            json_object_del(doc, *f);
    changed |= media_convert(json_object_get(doc, "config"), "mediaType", family);
    json_array_foreach (json_object_get(doc, "layers"), i, layer)
        changed |= media_convert(layer, "mediaType", family);
    return changed;
}
