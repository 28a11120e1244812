/* config/storage.h: storage.conf: where images and containers are kept.
 *
 * $CONTAINERS_STORAGE_CONF names the one file to read instead of those that config/files.h tells of;
 * $CONTAINERS_STORAGE_CONF_OVERRIDE is read last.  graphroot and runroot of a file that is not the user's
 * own do not count for an ordinary user: rootless_storage_path does.  $STORAGE_DRIVER and $STORAGE_OPTS
 * override the files.
 *
 * Options of the command line come last.  Errors and warnings as in config/containers.h. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

struct config_storage {
    char *driver;    /* "overlay" unless configured */
    char *graphroot; /* never NULL: for an ordinary user rootless_storage_path counts */
    char *runroot;   /* never NULL */
    char *imagestore, *rootless_storage_path;
    char **driver_priority;
    bool transient_store;
    /* [storage.options], the section of the driver in use winning over the general one */
    char **additionalimagestores, **additionallayerstores;
    char *auto_userns_user; /* root-auto-userns-user */
    int64_t auto_userns_min_size, auto_userns_max_size;
    char *mountopt, *mount_program, *size, *inodes, *force_mask, *sync;
    bool ignore_chown_errors, skip_mount_home, use_composefs, disable_volatile;
    kv_list pull_options;
    char **loaded; /* the files that were read, in order */
};

/* What the command line may override: --root, --runroot, --storage-driver, --storage-opt, --imagestore. */
struct config_storage_flags {
    const char *root, *runroot, *driver, *imagestore; /* NULL: as configured */
    char *const *opts;                                /* "[driver.]key=value" */
};

/* @flags may be NULL.  @uid is the user we work for; @runtime_dir his run directory (unused for 0). */
int config_storage_load(struct arena *a, const struct config_storage_flags *flags, uid_t uid,
                        const char *runtime_dir, struct config_storage *ret,
                        struct err *err) MUST_CHECK;
