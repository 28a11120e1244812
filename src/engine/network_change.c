#include <fcntl.h>
#include <inttypes.h>

#include "base/fs.h"
#include "engine/events.h"
#include "engine/network.h"
#include "engine/networks.h"
#include "engine/rootless_net.h"
#include "spec/zone.h"

#include "base/banned.h"

/* Networks that a container gets or loses while it exists: its record, and what runs. */

int network_save_config(struct engine *e, const struct container_config *c, struct err *err)
{
    struct db *db = store_db(e->store, err);
    AUTO_FREE char *text = container_encode(c);

    if (!db)
        return -EIO;
    int r = db_exec(db, err, "UPDATE containers SET config = ? WHERE id = ?", "ss", text, c->id);
    return r < 0 ? r : 0;
}

static int op_republish(const struct net_op *op)
{
    return net_republish(op->env, op->a, op->plan, op->err);
}

static int op_connect(const struct net_op *op)
{
    return net_connect(op->env, op->a, op->plan, op->netns, op->st, op->err);
}

static int op_disconnect(const struct net_op *op)
{
    return net_disconnect(op->env, op->id, op->at, op->netns, op->err);
}

void network_running_plan(struct engine *e, struct arena *a, const struct container_config *c,
                          const struct network_state *st, struct net_plan *ret)
{
    const struct network_store *nets = engine_networks(e);

    *ret = (struct net_plan) { .id = c->id, .ports = st->ports.items, .n_ports = st->ports.n };
    ret->wants = arena_alloc(a, (st->networks.n + 1) * sizeof(*ret->wants));
    for (size_t i = 0; i < st->networks.n; i++) {
        const struct network_attachment *at = &st->networks.items[i];
        struct net_want *w = &ret->wants[ret->n_wants];
        if (network_load(nets, a, at->network, &w->net, NULL) < 0)
            continue;
        w->addrs = arena_alloc(a, (strv_len(at->addresses) + 1) * sizeof(*w->addrs));
        for (char **x = at->addresses; x && *x; x++)
            if (ip_net_parse(*x, &w->addrs[w->n_addrs]) == 0)
                w->n_addrs++;
        ret->n_wants++;
    }
}

int network_ports_again(struct engine *e, struct arena *a, const struct container_config *c,
                        const struct network_state *st, struct err *err)
{
    struct net_env env;
    struct net_plan p;

    network_env(e, &env);
    network_running_plan(e, a, c, st, &p);
    const struct net_op op = {
        .fn = op_republish, .e = e, .env = &env, .a = a, .plan = &p, .err = err
    };
    int r = network_do(&op, false);
    return MIN(r, 0);
}

/* Ports lead to an address of the networks that are left. */
static int ports_again(struct engine *e, struct arena *a, const struct container_config *c,
                       const struct network_state *st, struct err *err)
{
    return st->ports.n ? network_ports_again(e, a, c, st, err) : 0;
}

static int netns_of(const struct container *c)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%" PRId64 "/ns/net", c->run.pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Finds both, with the container's lock held: *ret_lock. */
static int find_both(struct engine *e, struct arena *a, const char *network, const char *container,
                     struct network *n, struct container *c, int *ret_lock, struct err *err)
{
    int r = container_find(e, a, container, c, err);

    if (r == 0)
        r = networks_find(e, a, network, n, err);
    if (r < 0)
        return r;
    if (!network_is_ours(&c->config))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\" is not supported: invalid network mode",
                       c->config.netns ? c->config.netns : "private");
    r = *ret_lock = store_lock(e->store, "container", c->config.id, err);
    if (r >= 0)
        r = container_find(e, a, c->config.id, c, err);
    return r;
}

static size_t network_index(const struct container_config *c, const char *name)
{
    size_t i = 0;

    while (i < c->networks.n && !STR_EQ(c->networks.items[i].name, name))
        i++;
    return i;
}

/* ---------- connect ---------- */

/* The lease that came with the network is the monitor's to keep. */
static int pass_on(struct engine *e, struct arena *a, const struct container *c,
                   const struct net_plan *p, struct network_state *st, struct err *err)
{
    const struct network_fds f = { .uses = p->uses, .fds = p->fds };

    if (!p->n_fds)
        return 0;
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
    network_learn(e, a, &c->config, p, st);
    return dir < 0 ? err_sys(err, -dir, "opening the run directory of %s", c->config.id)
                   : supervise_add_fds(dir, &f, err);
}

/* It gives leases back while the interface is there, and the claims on addresses. */
static void give_back(struct engine *e, const struct container *c,
                      const struct network_attachment *at)
{
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
    AUTO_JSON *req = json_pack("{s:s,s:s,s:s}", "op", "network_remove", "interface", at->interface,
                               "network", at->network);

    if (dir >= 0)
        (void)!supervise_request(dir, req, 5000, NULL, NULL, NULL);
}

static int connect_running(struct engine *e, struct arena *a, const struct container *c,
                           const struct network *n, const struct container_network *how,
                           struct err *err)
{
    struct net_want want = { .net = *n,
                             .aliases = how->aliases,
                             .interface = how->interface,
                             .host_interface = how->host_interface };
    AUTO_PLAN plan = {
        .id = c->config.id, .wants = &want, .n_wants = 1, .host_name = c->config.hostname
    };
    struct network_state st;
    struct net_env env;

    AUTO_CLOSE int netns = netns_of(c);
    if (netns < 0 || !network_read_state(e, a, c->config.id, &st))
        return err_set(err, ERR_STATE, EINVAL, "container %s has no network namespace: %s",
                       c->config.id, netns < 0 ? strerror(-netns) : "its state is not readable");
    network_env(e, &env);
    want.fixed = arena_alloc(a, (strv_len(how->ips) + 1) * sizeof(*want.fixed));
    for (char **ip = how->ips; ip && *ip; ip++)
        if (ip_parse(*ip, &want.fixed[want.n_fixed]) == 0)
            want.n_fixed++;
    want.mac_given = how->mac && mac_parse(how->mac, want.mac) == 0;
    const struct net_op op = { .fn = op_connect,
                               .e = e,
                               .env = &env,
                               .a = a,
                               .plan = &plan,
                               .netns = netns,
                               .st = &st,
                               .err = err };
    int r = network_do(&op, true);
    if (r < 0)
        return r;
    *LIST_ADD(a, st.networks) = plan.state.networks.items[0];
    r = pass_on(e, a, c, &plan, &st, err);
    if (r == 0)
        r = network_write_state(e, c->config.id, &st, err);
    if (r == 0)
        r = network_announce(e, a, c->config.id, &st, &st.networks.items[st.networks.n - 1], err);
    if (r == 0)
        r = ports_again(e, a, &c->config, &st, err);
    network_refresh_files(e, a, &c->config, &st);
    return r;
}

static int note(struct engine *e, const struct container *c, const struct network *n,
                const char *status, int r)
{
    AUTO_ARENA a = { 0 };

    if (r == 0)
        engine_event_full(e, &(struct event) { .type = arena_strdup(&a, "network"),
                                               .status = arena_strdup(&a, status),
                                               .id = c->config.id,
                                               .name = c->config.name,
                                               .network = n->name });
    return r;
}

int networks_connect(struct engine *e, struct arena *a, const char *network, const char *container,
                     const struct container_network *how, struct err *err)
{
    struct network n;
    struct container c;
    struct container_network own = { 0 };
    AUTO_CLOSE int lock = -EBADF;

    int r = find_both(e, a, network, container, &n, &c, &lock, err);
    if (r < 0)
        return r;
    if (network_index(&c.config, n.name) < c.config.networks.n)
        return err_set(err, ERR_CONFLICT, EEXIST,
                       "container %s is already connected to network \"%s\": network is already "
                       "connected",
                       c.config.id, n.name);
    if (how)
        own = *how;
    own.name = n.name;
    own.aliases = strv_add(a, strv_copy(a, own.aliases), arena_strndup(a, c.config.id, 12));
    bool runs = c.alive && c.run.pid > 0 && c.status != CTR_EXITED;
    r = runs ? connect_running(e, a, &c, &n, &own, err) : 0;
    if (r < 0)
        return r;
    *LIST_ADD(a, c.config.networks) = own;
    return note(e, &c, &n, "connect", network_save_config(e, &c.config, err));
}

/* ---------- disconnect ---------- */

static int disconnect_running(struct engine *e, struct arena *a, const struct container *c,
                              const char *network, struct err *err)
{
    struct network_state st;
    struct net_env env;
    size_t i = 0;

    if (!network_read_state(e, a, c->config.id, &st))
        return 0;
    while (i < st.networks.n && !STR_EQ(st.networks.items[i].network, network))
        i++;
    if (i == st.networks.n)
        return 0;
    AUTO_CLOSE int netns = netns_of(c);
    network_env(e, &env);
    struct network_attachment gone = st.networks.items[i];
    network_withdraw(e, a, c->config.id, &st, &gone);
    give_back(e, c, &gone);
    const struct net_op op = { .fn = op_disconnect,
                               .e = e,
                               .env = &env,
                               .id = c->config.id,
                               .at = &gone,
                               .netns = netns,
                               .err = err };
    int r = network_do(&op, false);
    if (r > 0)
        r = net_forget(&env, c->config.id, network, err);
    if (r < 0)
        return r;
    memmove(&st.networks.items[i], &st.networks.items[i + 1],
            (st.networks.n - i - 1) * sizeof(gone));
    st.networks.n--;
    r = network_write_state(e, c->config.id, &st, err);
    if (r == 0)
        r = ports_again(e, a, &c->config, &st, err);
    network_refresh_files(e, a, &c->config, &st);
    return r;
}

int networks_disconnect(struct engine *e, struct arena *a, const char *network,
                        const char *container, bool force, struct err *err)
{
    struct network n;
    struct container c;
    AUTO_CLOSE int lock = -EBADF;

    int r = find_both(e, a, network, container, &n, &c, &lock, err);
    if (r < 0)
        return r;
    size_t i = network_index(&c.config, n.name);
    if (i == c.config.networks.n)
        return err_set(err, ERR_NOT_FOUND, ENOENT,
                       "container %s is not connected to network \"%s\": network is not connected",
                       c.config.id, n.name);
    r = c.alive ? disconnect_running(e, a, &c, n.name, err) : 0;
    if (r < 0 && !force)
        return r;
    if (r < 0)
        err_clear(err);
    memmove(&c.config.networks.items[i], &c.config.networks.items[i + 1],
            (c.config.networks.n - i - 1) * sizeof(*c.config.networks.items));
    c.config.networks.n--;
    return note(e, &c, &n, "disconnect", network_save_config(e, &c.config, err));
}

/* A bridge that was gone has lost all that was on it. */
static int reattach_all(struct engine *e, const struct net_env *env, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct container_list all = { 0 };
    int r = container_list(e, &a, &all, err);

    for (size_t i = 0; r == 0 && i < all.n; i++) {
        struct network_state st;
        if (all.items[i].alive && network_is_ours(&all.items[i].config) &&
            network_read_state(e, &a, all.items[i].config.id, &st))
            r = net_reattach(env, &st, err);
    }
    return r;
}

static int op_repair(const struct net_op *op)
{
    int r = net_repair(op->env, op->err);

    return r < 0 ? r : reattach_all(op->e, op->env, op->err);
}

int networks_reload(struct engine *e, const struct container *c, bool *done, struct err *err)
{
    struct net_env env;

    if (!c->alive || c->status == CTR_EXITED)
        return err_set(err, ERR_STATE, EINVAL,
                       "cannot reload network for container %s: it is not running: container state "
                       "improper",
                       c->config.id);
    if (!network_is_ours(&c->config) || *done)
        return 0; /* nothing of ours is on the host for it, or all of it is there again */
    network_env(e, &env);
    const struct net_op op = { .fn = op_repair, .e = e, .env = &env, .err = err };
    int r = network_do(&op, true);
    *done = r == 0;
    return r;
}

/* ---------- ports in words ---------- */

static void put_port(struct buf *b, const struct container_port *p)
{
    const char *host = p->host_ip ? p->host_ip : "0.0.0.0";
    bool six = strchr(host, ':') != NULL;

    buf_printf(b, "%s%s%s%s:%" PRId64, b->len ? ", " : "", six ? "[" : "", host, six ? "]" : "",
               p->host_port);
    if (p->range > 1)
        buf_printf(b, "-%" PRId64, p->host_port + p->range - 1);
    buf_printf(b, "->%" PRId64, p->container_port);
    if (p->range > 1)
        buf_printf(b, "-%" PRId64, p->container_port + p->range - 1);
    buf_printf(b, "/%s", p->protocol);
}

static bool is_published(const struct container_config *c, const char *exposed)
{
    for (size_t i = 0; i < c->ports.n; i++)
        for (int64_t k = 0; k < c->ports.items[i].range; k++) {
            char text[32];
            snprintf(text, sizeof(text), "%" PRId64 "/%s", c->ports.items[i].container_port + k,
                     c->ports.items[i].protocol);
            if (STR_EQ(text, exposed))
                return true;
        }
    return false;
}

char *container_ports_text(struct engine *e, struct arena *a, const struct container *c)
{
    AUTO_BUF b = { 0 };

    (void)e;
    for (size_t i = 0; i < c->config.ports.n; i++)
        put_port(&b, &c->config.ports.items[i]);
    for (char **x = c->config.expose; x && *x; x++)
        if (!is_published(&c->config, *x))
            buf_printf(&b, "%s%s", b.len ? ", " : "", *x);
    return arena_strdup(a, b.data ? b.data : "");
}

json_t *container_port_bindings(const struct container_config *c, bool exposed)
{
    json_t *out = json_object();

    for (size_t i = 0; i < c->ports.n; i++)
        for (int64_t k = 0; k < c->ports.items[i].range; k++) {
            const struct container_port *p = &c->ports.items[i];
            char key[32], port[16];
            snprintf(key, sizeof(key), "%" PRId64 "/%s", p->container_port + k, p->protocol);
            snprintf(port, sizeof(port), "%" PRId64, p->host_port + k);
            if (!json_object_get(out, key))
                json_object_set_new(out, key, json_array());
            json_array_append_new(json_object_get(out, key),
                                  json_pack("{s:s,s:s}", "HostIp",
                                            p->host_ip ? p->host_ip : "0.0.0.0", "HostPort", port));
        }
    for (char **x = exposed ? c->expose : NULL; x && *x; x++)
        if (!json_object_get(out, *x))
            json_object_set_new(out, *x, json_null());
    return out;
}
