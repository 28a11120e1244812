/* engine/transient.h: a file system that is being made, and programs that run in it: `podman build`.
 *
 * A transient container has a directory like every container, but no row: nobody lists it.  Its maker holds
 * its lock; a directory without row and lock is a leftover that the next `rm` or `prune` takes away.  A program
 * that runs in it is killed when its maker dies.  So `kill -9` leaves files alone, and those not for long. */
#pragma once

#include "engine/containers.h"
#include "image/image.h"

struct transient {
    char id[65];
    char *dir;     /* graphroot/containers/<id> */
    int lock;      /* held until transient_done() */
    char **layers; /* keys of the layers below, lowest first; NULL: none */
    int root;      /* see transient_root() */
};

/* Makes the directory.  Zero the struct before. */
int transient_make(struct engine *e, struct arena *a, struct transient *t,
                   struct err *err) MUST_CHECK;
/* An empty upper directory over t->layers. */
int transient_begin(struct engine *e, struct arena *a, struct transient *t,
                    struct err *err) MUST_CHECK;
/* The merged root, to be read and written by us: t->root, which stays open until the next call of another
 * function here. */
int transient_root(struct engine *e, struct arena *a, struct transient *t,
                   struct err *err) MUST_CHECK;
/* Closes t->root: the upper directory is nobody's mount any more. */
void transient_settle(struct transient *t);
/* What was written since transient_begin(): the path of the upper directory. */
char *transient_upper(struct arena *a, const struct transient *t);
/* The layers' directories, topmost first; with @upper that before them. */
char **transient_dirs(struct engine *e, struct arena *a, const struct transient *t, bool upper);

/* These directories merged, topmost first, to be read: a descriptor that the caller closes. */
int transient_view(struct engine *e, char *const *dirs, struct err *err) MUST_CHECK;

struct transient_run {
    struct container_config *config; /* command, user, mounts, limits, ...; completed here */
    const struct image_exec *image;  /* environment and working directory; may be NULL */
    int in, out, err;
};
/* Runs one program to its end; *ret_code as a shell would tell it.  What had to be made for mounts is taken away
 * again: only what the program did is left. */
int transient_exec(struct engine *e, struct arena *a, struct transient *t,
                   const struct transient_run *run, int *ret_code, struct err *err) MUST_CHECK;

/* Who "user[:group]" is by this file system's accounts. */
int transient_user(struct engine *e, struct arena *a, struct transient *t, const char *user,
                   uint32_t *ret_uid, uint32_t *ret_gid, struct err *err) MUST_CHECK;

/* Takes the directory away.  An empty struct is fine. */
void transient_done(struct engine *e, struct transient *t);
