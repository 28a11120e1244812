/* engine/volumes.h: named volumes.
 *
 * A volume is a row and a directory <volume_path>/<name>/_data.  One with the options type, device and o is
 * mounted instead of its directory, by the runtime inside the container: nothing of it is ever mounted on the
 * host, and nothing stays.  (A tmpfs is therefore each container's own.) */
#pragma once

#include "engine/containers.h"
#include "spec/volume.h"

struct volume {
    struct volume_config config;
    char *path;      /* of its data */
    char **users;    /* IDs of the containers that have it */
    int64_t mounted; /* how many of them run */
};
struct volume_list {
    struct volume *items;
    size_t n;
};

/* Makes one; without a name it gets one.  ERR_CONFLICT when it is there, unless @ignore. */
int volumes_create(struct engine *e, struct arena *a, struct volume_config *v, bool ignore,
                   struct err *err) MUST_CHECK;
/* By name, or by the unambiguous beginning of one. */
int volumes_find(struct engine *e, struct arena *a, const char *name, struct volume *ret,
                 struct err *err) MUST_CHECK;
/* Sorted by name; filters as of `podman volume ls`. */
int volumes_list(struct engine *e, struct arena *a, char *const *filters, struct volume_list *out,
                 struct err *err) MUST_CHECK;
/* ERR_IN_USE when a container has it and @force, which removes those containers, is not given. */
int volumes_remove(struct engine *e, struct arena *a, const struct volume *v, bool force,
                   int64_t timeout_s, struct err *err) MUST_CHECK;
/* Removes those that no container uses and that pass the filters; without @all only anonymous ones; with @dry
 * it only says which. */
int volumes_prune(struct engine *e, struct arena *a, bool all, bool dry, char *const *filters,
                  char ***ret_names, int64_t *ret_bytes, struct err *err) MUST_CHECK;

/* What inspect shows; @as_go: without what Go's encoder leaves out, for JSON.  A new reference. */
json_t *volumes_document(const struct volume *v, bool as_go);

/* Its contents as a tar stream, and back. */
int volumes_export(struct engine *e, const struct volume *v, int fd, struct err *err) MUST_CHECK;
int volumes_import(struct engine *e, const struct volume *v, int fd, struct err *err) MUST_CHECK;
