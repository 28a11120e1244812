/* image/mod/media.h: media types of Docker and OCI, and which stands for which. */
#pragma once

#include "base/json.h"
#include "image/mod/inflate.h"

enum media_family { MEDIA_OTHER, MEDIA_DOCKER, MEDIA_OCI };

/* Of a manifest, list, configuration or layer; NULL (a manifest without one) is OCI. */
enum media_family media_family(const char *media_type);

/* Is it an image's layer, and how is it compressed by its name? */
bool media_is_layer(const char *media_type, enum compression *ret);
/* A layer's type; Docker has none for zstd: OCI's then. */
const char *media_layer(enum media_family family, enum compression format);

/* Replaces the media type in @doc[@key] by the one of @family that stands for it; one that has no
 * counterpart (an artifact's) stays.  True when it changed something. */
bool media_convert(json_t *doc, const char *key, enum media_family family);

/* A whole manifest: its own type, the configuration's and the layers'.  True when something changed. */
bool media_convert_manifest(json_t *doc, enum media_family family);
