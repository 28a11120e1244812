/* image/assemble.h: an image put together here, of layers that are in the store: what `podman build` makes.
 *
 * Nothing waits for the disk: whoever has assembled as many images as he wants calls image_assembled(), which flushes
 * the file system once and records all of them in one durable transaction.  image_hold() is held from before the
 * first layer until then. */
#pragma once

#include "image/record.h"

/* The layers of an image that is known here, as its manifest has them. */
typedef JSON_LIST(struct stored_layer) stored_layers;
int image_stored_layers(struct store *s, struct arena *a, const struct image *img,
                        stored_layers *ret, struct err *err) MUST_CHECK;

/* Writes the blob of a layer from a tree, usually an upper directory. */
int image_layer_blob(struct store *s, struct arena *a, const struct image_tree *t,
                     struct stored_layer *ret, struct err *err) MUST_CHECK;
/* Makes the directory @path below graphroot (an upper directory of which @l was made) the unpacked layer. */
int image_layer_adopt(struct store *s, const struct stored_layer *l, const char *path,
                      struct err *err) MUST_CHECK;

struct image_assembly {
    struct image_config *config; /* layers are filled in */
    const stored_layers *layers;
    bool docker;         /* Docker's manifest and media types */
    kv_list annotations; /* of an OCI manifest */
    char **names;        /* complete names to give it */
};
int image_assemble(struct store *s, struct arena *a, const struct image_assembly *in,
                   struct stored_image *ret, struct err *err) MUST_CHECK;
int image_assembled(struct store *s, const stored_images *images, struct err *err) MUST_CHECK;

/* What an http or https URL names, into @fd; -EFBIG beyond @max bytes. */
int image_download(const char *url, int fd, int64_t max, struct err *err) MUST_CHECK;
