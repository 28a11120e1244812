/* engine/system.h: what is known of the host and the store, and the big broom. */
#pragma once

#include "base/json.h"
#include "engine/engine.h"

/* `podman info`'s document (spec/system_info.h), a new reference; NULL with @err set. */
json_t *system_info(struct engine *e, struct arena *a, struct err *err);

/* `system df` (system_df.c): what images, containers and volumes take, as Podman's API gives it:
 * {"ImagesSize", "Images": [...], "Containers": [...], "Volumes": [...]}.  NULL with @err set. */
json_t *system_df(struct engine *e, struct arena *a, struct err *err);

/* `system prune` (system_prune.c): what nobody uses, and what killed processes left. */
struct system_prune_options {
    bool all, volumes;
    bool external; /* only what no record tells of: cut-off downloads, layers, directories */
    char *const *filters;
};
struct system_pruned {
    char **containers, **pods, **volumes, **images, **networks; /* IDs and names */
    char **problems; /* what could not be removed, and why */
    int64_t bytes;
};
int system_prune(struct engine *e, struct arena *a, const struct system_prune_options *o,
                 struct system_pruned *ret, struct err *err) MUST_CHECK;

/* `system check` (system_check.c): looks at each blob, layer and container.  With @repair layers are unpacked
 * again from their blobs and images that cannot be mended are dropped; what containers use, and they
 * themselves, only with @lossy. */
struct system_check_options {
    bool quick; /* is it all there, without reading it */
    bool repair, lossy;
    int64_t max_age_ns; /* of layers that no image refers to */
};
struct system_problem {
    const char *kind; /* "blob", "layer", "image", "artifact", "container", "database" */
    char *object;     /* digest, key, ID, name */
    char *what;
};
struct system_checked {
    JSON_LIST(struct system_problem) problems;
    char **done; /* lines on what was repaired or removed */
};
int system_check(struct engine *e, struct arena *a, const struct system_check_options *o,
                 struct system_checked *ret, struct err *err) MUST_CHECK;

/* Removes every container, image, volume and the storage itself.  What stands in the way is reported
 * in *ret_problems and passed over. */
int system_reset(struct engine *e, struct arena *a, char ***ret_problems,
                 struct err *err) MUST_CHECK;
