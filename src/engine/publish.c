#include "engine/network.h"
#include "engine/networks.h"
#include "engine/options_net.h"
#include "engine/pasta.h"

#include "base/banned.h"

/* Ports that a container gets or loses while it exists
 *
 * New ports are bound on the host first, which is where somebody else's claim shows; then the firewall and the
 * database learn of all that there are, the monitor gets the sockets of the new ones and lets go of the old
 * ones', and last the container's record is written.  What is cut off in between is put right by the next start
 * or change: rows and rules are always those of the whole list. */

struct change {
    struct engine *e;
    struct arena *a;
    struct container c;
    JSON_LIST(struct container_port) added, removed;
};

static bool same_port(const struct container_port *p, const struct container_port *q)
{
    return p->host_port == q->host_port && p->container_port == q->container_port &&
           p->range == q->range && STR_EQ(p->protocol, q->protocol) &&
           str_same(p->host_ip ? p->host_ip : "0.0.0.0", q->host_ip ? q->host_ip : "0.0.0.0");
}

/* "80/tcp" and "8080" name a port by one of its ends; with a colon it is the whole of a -p. */
static bool names_port(const struct container_port *p, const struct container_port *want,
                       bool whole)
{
    if (whole)
        return same_port(p, want);
    return STR_EQ(p->protocol, want->protocol) && p->range == want->range &&
           (p->container_port == want->container_port || p->host_port == want->container_port);
}

static int take_out(struct change *ch, const char *text, struct err *err)
{
    struct container_port want;
    struct container_config *c = &ch->c.config;
    bool whole = strchr(text, ':') != NULL;
    size_t kept = 0;
    int r = option_publish(ch->a, text, &want, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < c->ports.n; i++) {
        struct container_port p = c->ports.items[i];
        if (names_port(&p, &want, whole))
            *LIST_ADD(ch->a, ch->removed) = p;
        else
            c->ports.items[kept++] = p;
    }
    if (kept == c->ports.n)
        return err_set(err, ERR_NOT_FOUND, ENOENT, "container %s does not publish port %s", c->name,
                       text);
    c->ports.n = kept;
    return 0;
}

static int put_in(struct change *ch, const char *text, struct err *err)
{
    struct container_config *c = &ch->c.config;
    struct container_port p;
    int r = option_publish(ch->a, text, &p, err);

    if (r == 0 && !p.host_port)
        r = network_free_ports(&p, &p.host_port, err);
    for (size_t i = 0; r == 0 && i < c->ports.n; i++)
        if (same_port(&c->ports.items[i], &p))
            return err_set(err, ERR_CONFLICT, EEXIST, "container %s publishes port %s already",
                           c->name, text);
    if (r < 0)
        return r;
    *LIST_ADD(ch->a, ch->added) = p;
    *LIST_ADD(ch->a, c->ports) = p;
    return 0;
}

/* Ranges taken apart. */
static void expand(struct arena *a, const struct container_port *ports, size_t n,
                   struct network_port **ret, size_t *ret_n)
{
    JSON_LIST(struct network_port) out = { 0 };

    for (size_t i = 0; i < n; i++)
        for (int64_t k = 0; k < ports[i].range; k++)
            *LIST_ADD(a, out) = (struct network_port) {
                .host_ip = ports[i].host_ip,
                .host_port = ports[i].host_port + k,
                .container_port = ports[i].container_port + k,
                .protocol = ports[i].protocol,
            };
    *ret = out.items;
    *ret_n = out.n;
}

static int let_go(struct change *ch, int dir, struct err *err)
{
    struct network_port *ports;
    size_t n;
    AUTO_JSON *list = json_array();

    if (!ch->removed.n)
        return 0;
    expand(ch->a, ch->removed.items, ch->removed.n, &ports, &n);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_from(&network_port_type, &ports[i]));
    AUTO_JSON *req = json_pack("{s:s,s:O}", "op", "network_remove", "ports", list);
    return supervise_request(dir, req, 30000, NULL, NULL, err);
}

/* Does an added port stand where a removed one stood? */
static bool replaces(const struct change *ch)
{
    for (size_t i = 0; i < ch->added.n; i++)
        for (size_t k = 0; k < ch->removed.n; k++) {
            const struct container_port *p = &ch->added.items[i], *q = &ch->removed.items[k];
            if (STR_EQ(p->protocol, q->protocol) && p->host_port < q->host_port + q->range &&
                q->host_port < p->host_port + p->range)
                return true;
        }
    return false;
}

/* What leads to the new ports, and away from the old ones. */
static int lead(struct change *ch, struct network_state *st, struct err *err)
{
    expand(ch->a, ch->c.config.ports.items, ch->c.config.ports.n, &st->ports.items, &st->ports.n);
    return network_ports_again(ch->e, ch->a, &ch->c.config, st, err);
}

static int change_running(struct change *ch, struct err *err)
{
    struct network_state st;
    AUTO_PLAN fresh = { 0 };
    bool pasta = pasta_is_network(&ch->c.config), moved = replaces(ch);
    AUTO_CLOSE int dir = container_run_dir(ch->e, ch->c.config.id);

    if (dir < 0 || (!pasta && !network_read_state(ch->e, ch->a, ch->c.config.id, &st)))
        return err_set(err, ERR_STATE, EINVAL, "the network state of container %s is not readable",
                       ch->c.config.id);
    /* A new port that cannot be had changes nothing; one in an old one's place waits for that to go. */
    int r = moved ? let_go(ch, dir, err) : 0;
    if (!pasta)
        network_running_plan(ch->e, ch->a, &ch->c.config, &st, &fresh);
    fresh.own_address = pasta;
    expand(ch->a, ch->added.items, ch->added.n, &fresh.ports, &fresh.n_ports);
    if (r == 0 && fresh.n_ports)
        r = net_bind_ports(ch->a, &fresh, pasta || ch->e->rootless, err);
    if (r == 0 && !pasta)
        r = lead(ch, &st, err);
    if (r == 0 && !moved)
        r = let_go(ch, dir, err);
    if (r == 0 && fresh.n_fds) {
        struct network_fds f = { .uses = fresh.uses, .fds = fresh.fds };
        r = supervise_add_fds(dir, &f, err);
    }
    return r < 0 || pasta ? r : network_write_state(ch->e, ch->c.config.id, &st, err);
}

int networks_publish(struct engine *e, struct arena *a, const char *container, char *const *add,
                     char *const *rm, struct err *err)
{
    struct change ch = { .e = e, .a = a };
    int r = container_find(e, a, container, &ch.c, err);

    if (r < 0)
        return r;
    AUTO_CLOSE int lock = store_lock(e->store, "container", ch.c.config.id, err);
    r = lock < 0 ? lock : container_find(e, a, ch.c.config.id, &ch.c, err);
    if (r < 0)
        return r;
    bool runs = ch.c.alive && ch.c.status != CTR_EXITED;
    if (!network_needs_engine(&ch.c.config))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "container %s has no ports to publish: its network is \"%s\"",
                       ch.c.config.name, ch.c.config.netns ? ch.c.config.netns : "private");
    for (; r == 0 && rm && *rm; rm++)
        r = take_out(&ch, *rm, err);
    for (; r == 0 && add && *add; add++)
        r = put_in(&ch, *add, err);
    if (r == 0 && runs)
        r = change_running(&ch, err);
    return r < 0 ? r : network_save_config(e, &ch.c.config, err);
}
