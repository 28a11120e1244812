/* engine/engine_priv.h: what the engine's own files share. */
#pragma once

#include "engine/containers.h"
#include "store/store.h"
#include "supervise/supervise.h"

struct engine {
    struct store *store;
    struct arena arena; /* configuration and options, for the engine's life */
    const struct config_containers *config;
    struct engine_options opt;
    bool rootless;
    char *volume_path, *cgroup_manager;
    json_t *config_docs; /* keeps the configuration's documents alive */
};

/* Reads a row's JSON into @c. */
int container_decode(struct arena *a, const char *text, struct container_config *c, struct err *err);
/* The row's JSON; the caller frees. */
char *container_encode(const struct container_config *c);

/* engine/spec.c: the OCI runtime specification of @c into its bundle, and monitor.json. */
struct image;
int spec_write(struct engine *e, struct arena *a, const struct container_config *c, char *const *lower,
               char ***warnings, struct err *err) MUST_CHECK;
/* monitor.json only: what may change between two starts. */
int spec_write_monitor(struct engine *e, struct arena *a, const struct container_config *c, bool attach,
                       bool wait, struct err *err) MUST_CHECK;

/* engine/volumes.c */
int volume_ensure(struct engine *e, const char *name, bool anonymous, char **ret_path, bool *ret_created,
                  struct err *err) MUST_CHECK;
int volume_remove_anonymous(struct engine *e, const char *container_id, char *const *names, struct err *err) MUST_CHECK;
