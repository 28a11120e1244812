/* image/manifest_entry.h: the entries of a manifest list; for manifest_list.c and manifest_push.c only. */
#pragma once

#include "image/manifest_list.h"

/* The one for this machine; NULL with @err set when there is none. */
const struct descriptor *manifest_entry_choose(const struct image_index *idx, struct err *err);

/* Adds the image @source ("name", "containers-storage:name", "docker://name", "oci:dir:tag", ...): the one
 * here, or what a registry has, of which only manifest and configuration come.  An entry with the same digest is replaced. */
int manifest_entry_add(struct store *s, struct arena *a, const char *source,
                       const struct manifest_add *o, struct image_index *idx,
                       struct err *err) MUST_CHECK;
/* Brings what is missing of the entry @d from the registry that it was added from. */
int manifest_entry_complete(struct store *s, struct arena *a, const struct descriptor *d,
                            const struct image_pull_options *o, struct err *err) MUST_CHECK;

/* Makes an artifact manifest of files and adds it. */
int manifest_entry_artifact(struct store *s, struct arena *a, char *const *files,
                            const struct manifest_add *o, struct image_index *idx,
                            struct err *err) MUST_CHECK;

void manifest_entry_annotate(struct arena *a, struct descriptor *d,
                             const struct manifest_annotate *o);

/* The descriptor of the manifest of an image that is here. */
int manifest_entry_subject(struct store *s, struct arena *a, const char *image,
                           struct descriptor **ret, struct err *err) MUST_CHECK;
