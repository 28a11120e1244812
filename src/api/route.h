/* api/route.h: which function answers which request: const tables, one a file of handlers.
 *
 * A pattern's words are taken as they are; {x} stands for one segment of the path, {x*} for one or more (names of
 * images have slashes).  Tables are looked at in order, so "/images/json" stands before "/images/{name*}".
 * In front of every path may stand the version, "/v1.41" or "/v4.3.0"; what begins with "/libpod" is Podman's
 * family, all else is Docker's. */
#pragma once

#include "api/query.h"
#include "api/request.h"

enum {
    ROUTE_LIBPOD = 1 << 0, /* /libpod/... */
    ROUTE_COMPAT = 1 << 1, /* without */
    ROUTE_BOTH = ROUTE_LIBPOD | ROUTE_COMPAT,
    ROUTE_SCOPED = 1 << 2, /* is about containers, and looks at the scope of the socket */
    ROUTE_HARMLESS =
        1 << 3, /* changes nothing that a label could protect: open to scoped sockets */
    ROUTE_BEFORE_4 = 1 << 4, /* up to API version 3 of libpod */
    ROUTE_ACTS = 1 << 5,     /* a GET that does something: not for sockets that only read */
};

struct route {
    const char *method;  /* "GET" answers HEAD as well, unless that has a row of its own */
    const char *pattern; /* without version and /libpod */
    unsigned flags;
    int (*handler)(struct request *r, const void *query);
    const struct query_field *query; /* NULL: none */
    size_t query_size;
};
#define ROUTE(m, p, fl, fn)                                                                        \
    {                                                                                              \
        .method = m, .pattern = p, .flags = fl, .handler = fn                                      \
    }
#define ROUTE_Q(m, p, fl, fn, T, fields)                                                           \
    {                                                                                              \
        .method = m, .pattern = p, .flags = fl, .handler = fn, .query = fields,                    \
        .query_size = sizeof(T)                                                                    \
    }

extern const struct route system_routes[], container_routes[], create_routes[], stream_routes[],
    exec_routes[], copy_routes[], image_routes[], transfer_routes[], volume_routes[],
    network_routes[], secret_routes[], event_routes[], manifest_routes[], artifact_routes[],
    build_routes[], pod_routes[], kube_routes[], unit_routes[], later_routes[];

/* Splits the version off and finds the row.  *ret_vars: the unescaped values of {x}, in order.  NULL: none;
 * *ret_other is true then if another method would have found one. */
const struct route *route_find(struct request *r, bool *ret_other);

/* Does the path match?  For the tests. */
bool route_match(struct arena *a, const char *pattern, const char *path, char ***ret_vars);
