/* store/store.h: what this host keeps, opened.
 *
 *   graphroot/db.sqlite           names, configs, references (store/db.h)
 *   graphroot/oci/                OCI image layout: blobs/sha256/, index.json, oci-layout
 *   graphroot/layers/<hex>/diff   one unpacked layer per diff ID (see image/layer.h)
 *   graphroot/containers/<id>/    upper, work, config.json, monitor.json, ctr.log
 *   graphroot/volumes/<name>/_data
 *   runroot/containers/<id>/      state, alive, attach, control (spec/monitor.h)
 *   runroot/locks/                lock files (base/lock.h)
 *
 * Many processes use a store at once.  Readers take no lock.  Writers of one object hold that object's
 * lock; nothing is locked for all.  Lock order, outermost first: image name, image, layer, pod,
 * container, volume; the database is locked by SQLite inside single statements or one short transaction only, and
 * no lock is taken while a transaction is open. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

enum store_driver { DRIVER_OVERLAY, DRIVER_VFS };

struct store_options {
    const char *graphroot, *runroot; /* absolute */
    const char *driver;              /* "overlay", "vfs", NULL or "": choose */
    const char *mount_options;       /* overlay mountopt, may be NULL */
    bool rootless;                   /* inside a user namespace: userxattr, lchown may be refused */
    bool ignore_chown_errors;        /* ids that the user namespace lacks become 0 */
};

struct store {
    char *graphroot, *runroot;
    int graph_fd, run_fd; /* directories */
    enum store_driver driver;
    char *mount_options;
    bool rootless, ignore_chown_errors;
    struct db *db_; /* use store_db() */
};

/* Opens, creating what is missing.  A run directory that survived a reboot (not on tmpfs) is emptied.
 * NULL with @err set on failure. */
struct store *store_open(const struct store_options *opt, struct err *err);
struct store *store_close(struct store *s); /* NULL is fine */

/* The database, opened on first use; NULL with @err set on failure. */
struct db *store_db(struct store *s, struct err *err);

/* Locks of one object: @kind is "container", "image", "layer", "pod", "volume", "name".  Return the
 * descriptor to hold (close it to unlock) or negative errno; store_trylock() gives -EAGAIN. */
int store_lock(struct store *s, const char *kind, const char *name, struct err *err) MUST_CHECK;
int store_trylock(struct store *s, const char *kind, const char *name) MUST_CHECK;

/* A random lower-case hexadecimal identifier of @hex_digits (at most 64) digits. */
void store_random_id(char *out, size_t hex_digits);
