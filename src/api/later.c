/* Paths of which we know and that are not built, or that no Podman has: each says so. */
#include "api/route.h"

#include "base/banned.h"

static int not_here(struct request *r, const void *query)
{
    (void)query;
    return err_set(r->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                   "%s %s is not supported by this version of Podman", r->conn->head.method,
                   r->conn->head.path);
}

static int no_swarm(struct request *r, const void *query)
{
    (void)query;
    return err_set(r->err, ERR_UNAVAILABLE, EOPNOTSUPP, "Podman does not support Swarm");
}

#define SWARM(path)                                                                                \
    ROUTE("ANY", path, ROUTE_COMPAT, no_swarm),                                                    \
        ROUTE("ANY", path "/{rest*}", ROUTE_COMPAT, no_swarm)
#define LATER(path, fl)                                                                            \
    ROUTE("ANY", path, fl, not_here), ROUTE("ANY", path "/{rest*}", fl, not_here)
const struct route later_routes[] = {
    SWARM("/configs"),
    SWARM("/nodes"),
    SWARM("/services"),
    SWARM("/swarm"),
    SWARM("/tasks"),
    LATER("/plugins", ROUTE_COMPAT),
    LATER("/monitor", ROUTE_COMPAT),
    LATER("/session", ROUTE_COMPAT),
    LATER("/distribution", ROUTE_COMPAT),
    LATER("/kube", ROUTE_LIBPOD),
    ROUTE("POST", "/quadlets", ROUTE_LIBPOD, not_here),
    ROUTE("POST", "/containers/{name}/checkpoint", ROUTE_LIBPOD, not_here),
    ROUTE("POST", "/containers/{name}/restore", ROUTE_LIBPOD, not_here),
    ROUTE("POST", "/images/scp/{name*}", ROUTE_LIBPOD, not_here),
    ROUTE("GET", "/swagger", ROUTE_LIBPOD, not_here),
    { 0 },
};
