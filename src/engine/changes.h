/* engine/changes.h: what differs between two file systems made of layers.
 *
 * A stack is a list of directories, topmost first, read as overlayfs reads them: whiteouts hide, opaque
 * directories hide what is below.  Directories that both sides take from the same layers are equal without
 * a look, so the cost is what the differing layers hold. */
#pragma once

#include "base/json.h"
#include "engine/containers.h"

enum change_kind { CHANGE_ADDED = 'A', CHANGE_CHANGED = 'C', CHANGE_DELETED = 'D' };

struct change {
    enum change_kind kind;
    char *path; /* "/etc/passwd" */
};
typedef JSON_LIST(struct change) change_list;

/* Sorted by path.  Of what was deleted only the topmost directory is named. */
int changes_between(struct arena *a, char *const *old, char *const *new, change_list *out,
                    struct err *err) MUST_CHECK;

/* What a container changed of its image; what the engine puts into every container is left out. */
int changes_container(struct engine *e, struct arena *a, const struct container *c,
                      change_list *out, struct err *err) MUST_CHECK;
/* What an image changes of @other, or of the image below its topmost layer when that is NULL. */
int changes_image(struct engine *e, struct arena *a, const char *name, const char *other,
                  change_list *out, struct err *err) MUST_CHECK;
/* Names are containers or images, two at most: those of a container are compared with the other's. */
int changes_any(struct engine *e, struct arena *a, const char *name, const char *other,
                change_list *out, struct err *err) MUST_CHECK;
