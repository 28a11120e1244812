#include "engine/artifacts.h"

#include "base/banned.h"

json_t *artifact_document(const struct artifact *art)
{
    json_t *doc = json_object();

    json_object_set_new(doc, "Name", json_string(art->name));
    json_object_set_new(doc, "Manifest", json_from(&image_manifest_type, &art->manifest));
    json_object_set_new(doc, "Digest", json_string(art->digest));
    return doc;
}
