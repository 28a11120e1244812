/* engine/copy.h: `podman cp`: files between the host and a container, or two containers.
 *
 * A running container is entered through its own root, so what is mounted in it counts; one that does not run is an
 * overlay that nobody else sees, with volumes and bind mounts where it would have them, held by its lock.
 * Whatever a container's links say, nothing outside its root is touched.
 *
 * What the destination is decides where things go, as cp(1) does it: into a directory under the source's name, or
 * under the destination's name; a directory that ends with "/." gives what is in it. */
#pragma once

#include "engine/containers.h"

/* One end of a copy. */
struct copy_end {
    const struct container *c; /* NULL: the host */
    const char *path;          /* as typed; of the host "-": a tar stream on @fd */
    int fd;
};

/* What a path of a container is, links followed. */
struct copy_stat {
    char *name;   /* its last part, as asked for */
    char *target; /* where links at its end lead, absolute */
    int64_t size, mtime;
    mode_t mode;
};
int container_path_stat(struct engine *e, struct arena *a, const struct container *c,
                        const char *path, struct copy_stat *ret, struct err *err) MUST_CHECK;

struct copy_options {
    bool dot; /* the contents of a directory go into a stream as "./name", not as "name" */
    const kv_list *rename; /* of a stream's entries: a first name -> what it becomes; NULL: none */
    bool archive; /* in a container files belong to its user; otherwise to whom the source tells */
    bool overwrite; /* a directory may replace a file and the other way round */
};

int container_copy(struct engine *e, struct arena *a, const struct copy_end *from,
                   const struct copy_end *to, const struct copy_options *o,
                   struct err *err) MUST_CHECK;
