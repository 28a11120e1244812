/* engine/artifacts.h: artifacts as commands and the API see them.
 *
 * Plain operations are those of image/artifact.h and image/manifest_list.h on engine_store(); what is here
 * joins them with containers and builds the documents that are shown. */
#pragma once

#include "engine/engine.h"
#include "image/artifact.h"

/* What `artifact inspect` shows; a new reference. */
json_t *artifact_document(const struct artifact *art);

/* One blob of an artifact where a container sees it. */
struct artifact_mount {
    char *source, *destination;
};
typedef JSON_LIST(struct artifact_mount) artifact_mount_list;

/* What `--mount type=artifact` of a container comes to when it starts. */
struct spec_builder;
struct container_mount;
int artifact_mounts(struct spec_builder *b, const struct container_mount *m,
                    artifact_mount_list *out, struct err *err) MUST_CHECK;
/* The same question when the container is made: is there such an artifact with such a blob? */
int artifact_mount_check(struct engine *e, const struct container_mount *m,
                         struct err *err) MUST_CHECK;
