/* engine/networks.h: what `podman network` does. */
#pragma once

#include "engine/containers.h"
#include "net/network.h"

/* By name or ID. */
int networks_find(struct engine *e, struct arena *a, const char *name, struct network *ret,
                  struct err *err) MUST_CHECK;
/* All, by name, that pass the filters (dangling, driver, id, label, label!, name, until). */
int networks_list(struct engine *e, struct arena *a, char *const *filters, struct network_list *out,
                  struct err *err) MUST_CHECK;
/* Completes @n (net/network.h) and stores it.  @ignore: one of that name that exists is good, too. */
int networks_create(struct engine *e, struct arena *a, struct network *n, bool ipv6, bool ignore,
                    struct err *err) MUST_CHECK;
/* ERR_IN_USE while containers have it, unless @force, which removes them. */
int networks_remove(struct engine *e, struct arena *a, const char *name, bool force,
                    int64_t timeout_s, struct err *err) MUST_CHECK;
/* Those that no container has; their names. */
int networks_prune(struct engine *e, struct arena *a, char *const *filters, char ***ret,
                   struct err *err) MUST_CHECK;
int networks_update(struct engine *e, struct arena *a, const char *name, char *const *dns_add,
                    char *const *dns_drop, struct err *err) MUST_CHECK;

/* @how: addresses and names for it, may be NULL. */
int networks_connect(struct engine *e, struct arena *a, const char *network, const char *container,
                     const struct container_network *how, struct err *err) MUST_CHECK;
int networks_disconnect(struct engine *e, struct arena *a, const char *network,
                        const char *container, bool force, struct err *err) MUST_CHECK;
/* Bridges and rules anew, for all containers at once; ERR_STATE when @c does not run.  *done (false at the
 * beginning) is true once that has happened: it is not done again for the next. */
int networks_reload(struct engine *e, const struct container *c, bool *done,
                    struct err *err) MUST_CHECK;

/* Ports of a container, running or not: @rm ("8080:80/tcp" as it was published, "8080" or "80/tcp") go, @add (as -p)
 * come.  Connections that stand go on; what is refused changes nothing. */
int networks_publish(struct engine *e, struct arena *a, const char *container, char *const *add,
                     char *const *rm, struct err *err) MUST_CHECK;

/* Takes this process into the network namespace of an ordinary user's bridges, which is made when there is none. */
int networks_enter(struct engine *e, struct err *err) MUST_CHECK;

/* The report of inspect (@containers) and ls, a new reference; NULL with @err set. */
json_t *networks_document(struct engine *e, struct arena *a, const struct network *n,
                          bool containers, struct err *err);
/* The same with the names that Go's templates know beside the keys. */
void networks_template_names(json_t *doc, bool trunc);

/* How `ps` shows a port: "0.0.0.0:8080-8082->80-82/tcp", all of a container joined by ", ". */
char *container_ports_text(struct engine *e, struct arena *a, const struct container *c);
/* "8080/tcp" -> [{"HostIp","HostPort"}]; exposed ports that are not published are null. */
json_t *container_port_bindings(const struct container_config *c, bool exposed);
