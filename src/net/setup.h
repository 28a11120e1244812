/* net/setup.h: one container onto its networks, and off them.
 *
 *   net_reserve   before anything starts: addresses and ports are noted in the database, bridges and firewall stand.
 *                 A port that another container has is refused here, with its owner's name.
 *   net_bind_ports  the host's ports are bound, or refused.
 *   net_attach    when the container's namespace is there: interfaces, addresses (of DHCP networks only now), routes,
 *                 sockets for names.
 *   net_release   when it is gone: firewall, then the rows.
 *
 * The caller holds the container's lock.  Whatever is cut off between these leaves rows (net/ipam.h), which
 * net_reclaim() of somebody else takes away. */
#pragma once

#include "net/ipam.h"
#include "spec/dhcp.h"
#include "spec/network_state.h"
#include "store/store.h"

struct net_env {
    struct store *store;
    struct network_store networks;
    /* Does the container run, or is somebody at work on it?  @name (may be NULL) receives its name. */
    bool (*alive)(void *arg, const char *id);
    const char *(*name_of)(void *arg, struct arena *a, const char *id);
    void *arg;
};

/* One network that a container wants to be on. */
struct net_want {
    struct network net;
    char *interface, *host_interface; /* NULL: eth0, eth1, ...; a random name */
    struct ip_addr *fixed;
    size_t n_fixed;
    bool mac_given;
    uint8_t mac[6];
    char **aliases;
    struct ip_net *addrs; /* filled by net_reserve() */
    size_t n_addrs;
};

struct net_plan {
    const char *id;
    struct net_want *wants;
    size_t n_wants;
    struct network_port *ports;
    size_t n_ports;
    bool dns; /* names are answered even when none of the networks has any: they are passed on */
    const char *host_name;               /* as DHCP servers are told */
    struct network_state state;          /* filled */
    JSON_LIST(struct dhcp_lease) leases; /* filled */
    /* Sockets for the monitor and what they are for (spec/monitor.h); net_plan_done() closes them. */
    int *fds;
    char **uses;
    size_t n_fds;
    bool own_address; /* no networks of ours: ports lead to whatever address the namespace has */
};
/* What the firewall has to know of a network. */
struct fw_bridge net_fw_bridge(struct arena *a, const struct network *n);
void net_plan_done(struct net_plan *p);
#define AUTO_PLAN CLEANUP(net_plan_done) struct net_plan

int net_reserve(const struct net_env *env, struct arena *a, struct net_plan *p,
                struct err *err) MUST_CHECK;
/* On the host's own network: its ports, by sockets for the monitor.  @pass_all: the monitor passes on whatever
 * comes to them, since no rule leads it. */
int net_bind_ports(struct arena *a, struct net_plan *p, bool pass_all, struct err *err) MUST_CHECK;
int net_attach(const struct net_env *env, struct arena *a, struct net_plan *p, int netns,
               struct err *err) MUST_CHECK;
/* Of a container that does not run any more; what is not there is no error. */
int net_release(const struct net_env *env, const char *id, struct err *err) MUST_CHECK;
/* The rows alone: bridges and rules are gone with the namespace that they were in.  @network NULL: all. */
int net_forget(const struct net_env *env, const char *id, const char *network,
               struct err *err) MUST_CHECK;
/* net_release() of those that have rows and are dead: @max of them, anywhere; < 0: all. */
int net_reclaim(const struct net_env *env, int64_t max, struct err *err) MUST_CHECK;
/* Looks whether bridges and firewall stand as the rows say, and makes them if they do not. */
int net_repair(const struct net_env *env, struct err *err) MUST_CHECK;

/* The ports of @p, whose wants have their addresses, lead there from now on. */
int net_republish(const struct net_env *env, struct arena *a, struct net_plan *p,
                  struct err *err) MUST_CHECK;

/* Puts the outer ends of a running container's pairs back onto bridges that were made again. */
int net_reattach(const struct net_env *env, const struct network_state *st,
                 struct err *err) MUST_CHECK;

/* One network more, or less, of a container that runs: @netns is its namespace, @st what it has.  */
int net_connect(const struct net_env *env, struct arena *a, struct net_plan *one, int netns,
                const struct network_state *st, struct err *err) MUST_CHECK;
int net_disconnect(const struct net_env *env, const char *id, const struct network_attachment *at,
                   int netns, struct err *err) MUST_CHECK;
