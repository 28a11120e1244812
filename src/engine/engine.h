/* engine/engine.h: the operations that the command line and the API share.
 *
 * A process opens one engine.  Every operation takes the engine, plain options and a struct err; what
 * streams takes a sink.  Nothing here prints. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct store;
struct config_containers;

struct engine_options {
    const char *root, *runroot, *storage_driver, *tmpdir, *volume_path; /* NULL: as configured */
    char *const *storage_opts;
    const char *cgroup_manager, *runtime;
    char *const *runtime_flags;
    char *const *modules;
    char *const *hooks_dirs;
    const char *network_config_dir;
    const char *default_mounts_file; /* NULL: mounts.conf where it usually is */
    char *const *global_argv; /* global options as given: handed on to the commands we start */
};

struct engine;

/* NULL with @err set on failure.  @opt may be NULL. */
struct engine *engine_open(const struct engine_options *opt, struct err *err);
struct engine *engine_close(struct engine *e);

struct store *engine_store(struct engine *e);
const struct config_containers *engine_config(const struct engine *e);
const struct engine_options *engine_opts(const struct engine *e);
bool engine_rootless(const struct engine *e);
const char *engine_volume_path(const struct engine *e);
const char *engine_cgroup_manager(const struct engine *e);

/* Where a helper program of ours is: beside our own executable (a build tree), then the libexec
 * directory.  The path lives in @a; NULL when it is nowhere. */
char *engine_helper(struct arena *a, const char *name);
