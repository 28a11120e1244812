/* What the files behind net/setup.h share: setup.c (rows, bridges, rules), ports.c (the host's ports), attach.c (the
 * container's interfaces). */
#pragma once

#include "net/firewall.h"
#include "net/link.h"
#include "net/setup.h"

/* An option of the network's as a number; 0 when it is not set, or none. */
uint32_t net_number_option(const struct network *n, const char *key);
bool net_bool_option(const struct network *n, const char *key);

/* A socket for the monitor, and what it is for. */
void net_add_fd(struct arena *a, struct net_plan *p, int fd, const char *use);

/* ports.c: elements for the firewall; ports that follow each other share one. */
void net_fw_ports(struct arena *a, const struct net_plan *p, struct fw_port **ret, size_t *ret_n);
/* A port of @p is @owner's: says which. */
int net_port_owned(const struct net_env *env, struct arena *a, const struct net_plan *p,
                   const char *owner, struct err *err);

/* attach.c: one interface after the other. */
struct attaching {
    struct nl *host, *in;
    struct arena *a;
    struct net_plan *p;
    int netns;
    bool hairpin;
};
/* @nth: of eth0, eth1, ... when the network's interface has no name. */
int net_attach_one(struct attaching *x, struct net_want *w, size_t nth,
                   struct network_attachment *at, struct err *err) MUST_CHECK;
