/* engine/mounts.h: root file systems of images and containers that are mounted on the host, for `image mount`
 * and `mount`.
 *
 * The mount table is the only record: runroot/mounts/images/<id> and runroot/mounts/containers/<id> are
 * mounted or they are not, so nothing has to be repaired after a crash or reboot.  An ordinary user's mounts
 * live in the mount namespace of `podman unshare`.
 * An image is a read-only overlay.  A container that does not run is an overlay with its upper directory; one
 * that runs is the mount in its own namespace, cloned; starting one that is mounted changes the mount. */
#pragma once

#include "engine/containers.h"
#include "image/image.h"

/* Where it is (or would be) mounted. */
char *mounts_image_path(struct engine *e, struct arena *a, const struct image *img);
char *mounts_container_path(struct engine *e, struct arena *a, const struct container *c);

/* Is there a mount on @path? */
bool mounts_has(const char *path);

/* Mounting what is mounted is fine.  For an ordinary user outside `podman unshare` ERR_DENIED. */
int mounts_image(struct engine *e, struct arena *a, const struct image *img,
                 struct err *err) MUST_CHECK;
int mounts_container(struct engine *e, struct arena *a, const struct container *c,
                     struct err *err) MUST_CHECK;

/* Takes away all that are mounted. */
void mounts_remove_all(struct engine *e);

/* Takes the mount at @path away; 1 when there was one, 0 when not. */
int mounts_remove(const char *path, struct err *err) MUST_CHECK;
