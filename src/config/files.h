/* config/files.h: which files make up a configuration.
 *
 * The rules of containers-config(5): one main file, the user's before the administrator's before the
 * vendor's; then the drop-ins *.conf of NAME.conf.d, NAME.rootless.conf.d, NAME.rootless.conf.d/UID
 * or NAME.rootful.conf.d in all three places, in the order of their file names; of several with one
 * name the one of the later place counts. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/toml.h"

struct config_file {
    char *path;
    bool user; /* below the user's own directory */
};

/* An array that ends with a NULL path.  @name: "containers", "storage".  Existing files only. */
int config_files(struct arena *a, const char *name, uid_t uid, struct config_file **ret,
                 struct err *err) MUST_CHECK;

/* $XDG_CONFIG_HOME/containers or ~/.config/containers; NULL without a home. */
char *config_user_dir(struct arena *a);

int config_read(const char *path, struct toml *ret, struct err *err) MUST_CHECK;
