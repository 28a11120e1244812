/* engine/network.h: containers on their networks; the network commands.
 *
 * How addresses, ports, bridges and rules come and go is told in net/setup.h.  What is decided here: which
 * networks a container is on, under which names, and what its /etc/hosts and /etc/resolv.conf say. */
#pragma once

#include "engine/engine_priv.h"
#include "net/setup.h"

/* Completes the network options of a new container: mode, networks, ports.  @exposed: the image's. */
int network_complete_config(struct engine *e, struct arena *a, struct container_config *c,
                            char *const *exposed, char ***warnings, struct err *err) MUST_CHECK;

/* A free port of the host, the first of p->range in a row. */
int network_free_ports(const struct container_port *p, int64_t *ret, struct err *err) MUST_CHECK;

/* Does the engine set its network up? */
bool network_is_ours(const struct container_config *c);
/* Or has it something to do there at all? */
bool network_needs_engine(const struct container_config *c);

struct network_start {
    struct engine *e;
    struct arena *a;
    const struct container_config *c;
    struct net_env env;
    struct net_plan plan;
    bool reserved;
};
/* Before the monitor starts; with network_is_ours() addresses and ports are taken. */
int network_prepare(struct network_start *s, struct engine *e, struct arena *a,
                    const struct container_config *c, struct err *err) MUST_CHECK;
/* supervise_start()'s callback; @arg is the struct network_start. */
int network_attach(void *arg, int netns, pid_t pid, struct network_fds *ret,
                   struct err *err) MUST_CHECK;
/* After the start; @ok false takes back what was taken. */
void network_started(struct network_start *s, bool ok);

/* Of a container that has ended. */
int network_release(struct engine *e, const struct container_config *c, struct err *err) MUST_CHECK;
/* What killed processes left. */
int network_reap(struct engine *e, struct err *err) MUST_CHECK;

/* <run directory>/network, with the addresses that the monitor has by DHCP now; false when there is none. */
bool network_read_state(struct engine *e, struct arena *a, const char *id,
                        struct network_state *ret);

int network_write_state(struct engine *e, const char *id, const struct network_state *st,
                        struct err *err) MUST_CHECK;
/* What DHCP servers said of names, for @st: --dns and the configuration go before it. */
void network_learn(struct engine *e, struct arena *a, const struct container_config *c,
                   const struct net_plan *p, struct network_state *st);
/* Its names on one network, for the monitors of the others. */
int network_announce(struct engine *e, struct arena *a, const char *id,
                     const struct network_state *st, const struct network_attachment *at,
                     struct err *err) MUST_CHECK;
void network_withdraw(struct engine *e, struct arena *a, const char *id,
                      const struct network_state *st, const struct network_attachment *at);

/* engine/network_change.c: its record. */
int network_save_config(struct engine *e, const struct container_config *c,
                        struct err *err) MUST_CHECK;
/* The ports of @st lead to its networks' addresses from now on. */
int network_ports_again(struct engine *e, struct arena *a, const struct container_config *c,
                        const struct network_state *st, struct err *err) MUST_CHECK;
/* What net_bind_ports() looks at, of a container that runs. */
void network_running_plan(struct engine *e, struct arena *a, const struct container_config *c,
                          const struct network_state *st, struct net_plan *ret);

/* engine/network_files.c.  @st: NULL without networks of ours.  @host_lines: the lines that have the host's own address,
 * which network_write_host_lines() leaves in the run directory @dir for the monitor. */
void network_hosts_text(struct engine *e, struct arena *a, const struct container_config *c,
                        const struct network_state *st, struct buf *out, struct buf *host_lines);
void network_write_host_lines(int dir, const struct buf *lines);
/* False: the image's own file stays. */
bool network_resolv_text(struct engine *e, struct arena *a, const struct container_config *c,
                         const struct network_state *st, struct buf *out);
/* Writes again what stands in the run directory for the container. */
void network_refresh_files(struct engine *e, struct arena *a, const struct container_config *c,
                           const struct network_state *st);
/* The servers that --dns or the configuration name; NULL: none. */
char **network_given_servers(struct engine *e, const struct container_config *c);
/* The servers that the host asks, or --dns and the configuration name. */
char **network_servers(struct engine *e, struct arena *a, const struct container_config *c,
                       bool loopback);

/* Does the host ask only itself (127.0.0.53)?  Then the container's monitor asks in its place. */
bool network_must_pass_on(struct engine *e, struct arena *a, const struct container_config *c);

const struct network_store *engine_networks(struct engine *e);
void network_env(struct engine *e, struct net_env *ret);
