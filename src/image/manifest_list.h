/* image/manifest_list.h: lists of images for several platforms (OCI indexes, Docker's manifest lists).
 *
 * A list is a row of `images` without layers, under an ID of its own that stays while the list changes; its
 * document is a blob, written anew by each change.  What it names is noted in image_refs, so the manifests,
 * configurations and layers of all its entries stay in the store as long as the list.
 * Everything returned lives in the arena that was passed. */
#pragma once

#include "image/image.h"

struct manifest_list {
    char *id, *digest, *media_type;
    char **names;
    struct image_index index;
};

bool image_is_list(const struct image *img);
bool image_is_list_type(const char *media_type);

/* ERR_NOT_FOUND as image_find(); ERR_BAD_PARAM when it is an image: "<name>: not a manifest list". */
int manifest_list_find(struct store *s, struct arena *a, const char *name,
                       struct manifest_list *ret, struct err *err) MUST_CHECK;

/* The image of @list for this machine: its ID.  It is unpacked from the blobs when it is not there. */
int manifest_list_instance(struct store *s, struct arena *a, const struct image *list,
                           char **ret_id, struct err *err) MUST_CHECK;

/* Is @name a list whose image for this machine is not here? */
bool manifest_list_absent(struct store *s, struct arena *a, const char *name,
                          struct manifest_list *ret);

/* An empty list; with @amend an existing one is taken.  Annotations are those of the list. */
int manifest_list_create(struct store *s, struct arena *a, const char *name, bool amend,
                         const kv_list *annotations, char **ret_id, struct err *err) MUST_CHECK;

/* What is said of one entry: a NULL (empty) field leaves it as it is. */
struct manifest_annotate {
    const char *os, *arch, *variant, *os_version;
    char **features, **os_features;
    kv_list annotations;
};

struct manifest_add {
    const struct image_pull_options *pull; /* for images that are not here */
    bool all;                              /* every entry of a list, not the one for this machine */
    struct manifest_annotate annotate;
    /* With @artifact the sources are files, of which one artifact manifest is made. */
    bool artifact, exclude_titles;
    const char *artifact_type, *config, *config_type, *layer_type, *subject;
    kv_list artifact_annotations;
};
int manifest_list_add(struct store *s, struct arena *a, const char *list, char *const *sources,
                      const struct manifest_add *o, char **ret_id, struct err *err) MUST_CHECK;

/* @entry: a digest, or an image whose manifest is in the list; NULL: the list itself (@annotate's
 * annotations only, and @subject: the image that the list is about). */
int manifest_list_annotate(struct store *s, struct arena *a, const char *list, const char *entry,
                           const struct manifest_annotate *o, const char *subject, char **ret_id,
                           struct err *err) MUST_CHECK;

int manifest_list_drop(struct store *s, struct arena *a, const char *list, const char *digest,
                       char **ret_id, struct err *err) MUST_CHECK;

/* Sends the list, with @o->all its images too.  @add_compression ("gzip", "zstd", "zstd:chunked", the same as
 * zstd; may be NULL): there each image also stands in these. */
int manifest_list_push(struct store *s, struct arena *a, const struct manifest_list *l,
                       const char *destination, char *const *add_compression,
                       const struct image_push_options *o, char **ret_digest,
                       struct err *err) MUST_CHECK;

/* The text that `manifest inspect` shows: of a list here, otherwise of what a registry has. */
int manifest_list_text(struct store *s, struct arena *a, const char *name,
                       const struct image_pull_options *o, struct buf *ret,
                       struct err *err) MUST_CHECK;
