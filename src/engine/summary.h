/* engine/summary.h: a container in a line: what `ps` and the lists of the API show. */
#pragma once

#include "engine/containers.h"

enum { CTR_NAMESPACES = 7 };
extern const struct container_namespace {
    const char *json, *proc; /* "Net", "net" of /proc/PID/ns */
} container_namespaces[CTR_NAMESPACES];

/* "Up 3 minutes (healthy)", "Exited (1) 2 hours ago". */
char *container_status_text(struct engine *e, struct arena *a, const struct container *c,
                            int64_t now);
char **container_network_names(struct arena *a, const struct container_config *c);

/* An object of `ps --format json`, without its size; a new reference. */
json_t *container_summary(struct engine *e, struct arena *a, const struct container *c,
                          bool namespaces, int64_t now);
