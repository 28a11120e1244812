/* api/create.h: from the body of POST /containers/create to a container.
 *
 * Both families end in a struct container_config, filled with the parsers of the command line's options
 * (engine/options.h), so a body and an option with the same meaning cannot differ. */
#pragma once

#include "api/request.h"
#include "spec/container.h"

/* Docker's body; *ret_image is the image's name.  @doc stays alive as long as @c is used. */
int create_from_compat(struct request *r, const json_t *doc, struct container_config *c,
                       char **ret_image) MUST_CHECK;
/* Podman's SpecGenerator. */
int create_from_libpod(struct request *r, const json_t *doc, struct container_config *c,
                       char **ret_image) MUST_CHECK;

/* The mounts of another container that @c does not have itself: "NAME[:ro|rw|z]". */
int create_volumes_from(struct request *r, struct container_config *c,
                        char *const *from) MUST_CHECK;
/* A bind's directory that is not there is made, as Docker does. */
int create_bind_source(struct request *r, const struct container_mount *m) MUST_CHECK;
