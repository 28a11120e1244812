/* engine/commit.h: a container's file system as an archive, or as a new image.
 *
 * Both read an overlay of their own whose top is the container's layer: nothing is mounted where anybody sees
 * it, volumes are not in it, and the container may run meanwhile. */
#pragma once

#include "engine/containers.h"

/* A tar of the whole file system into @fd. */
int container_export(struct engine *e, struct arena *a, const struct container *c, int fd,
                     struct err *err) MUST_CHECK;

struct container_commit_options {
    const char *author, *message;
    char *const *changes;  /* CMD, ENV, ... */
    const char *config;    /* JSON text merged into the image's configuration, or NULL */
    const char *reference; /* name of the image, or NULL */
    bool docker;           /* Docker's format instead of OCI's */
    bool include_volumes;  /* destinations of the container's volumes become VOLUMEs */
    bool pause;            /* it does not run while it is read */
    bool squash;           /* one layer with everything */
};
int container_commit(struct engine *e, struct arena *a, const struct container *c,
                     const struct container_commit_options *o, char **ret_id,
                     struct err *err) MUST_CHECK;
