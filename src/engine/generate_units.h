/* engine/generate_units.h: `podman generate systemd`: units that start what exists (or, new, make it again from the
 * command line that made it).  Quadlets are the better way; this is for those who have scripts. */
#pragma once

#include "engine/containers.h"

struct units_request {
    const char *name; /* of a container or a pod: a pod's unit comes with those of its members */
    bool by_name, make_new, template, no_header;
    const char *container_prefix, *pod_prefix, *separator; /* "container", "pod", "-" */
    const char *restart_policy;                            /* NULL: on-failure */
    int64_t restart_sec, start_timeout;                    /* 0: not written */
    int64_t stop_timeout;                                  /* -1: the container's own */
    char *const *wants, *const *after, *const *requires_, *const *env;
};

struct generated_unit {
    const char
        *name; /* "container-web" or "container-web@"; ".service" is left to whoever writes it */
    const char *text;
};
struct generated_units {
    struct generated_unit *items;
    size_t n;
};

int generate_units(struct engine *e, struct arena *a, const struct units_request *q,
                   struct generated_units *out, struct err *err) MUST_CHECK;
