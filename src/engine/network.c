#include "engine/network.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/fs.h"
#include "base/lock.h"
#include "base/log.h"
#include "config/containers.h"
#include "engine/options_net.h"
#include "engine/pasta.h"
#include "engine/pods.h"
#include "engine/rootless_net.h"
#include "net/link.h"
#include "spec/zone.h"

#include "base/banned.h"

/* ---------- the environment ---------- */

const struct network_store *engine_networks(struct engine *e)
{
    struct network_store *s = &e->networks;
    const struct config_containers *k = e->config;

    if (s->path)
        return s;
    const char *path = e->opt.network_config_dir;
    if (str_empty(path))
        path = k->network.network_config_dir;
    if (str_empty(path)) /* another --root has networks of its own, as its volumes are */
        path = e->rootless || e->opt.root
                   ? arena_printf(&e->arena, "%s/networks", e->store->graphroot)
                   : "/etc/containers/networks";
    s->default_name = str_empty(k->network.default_network) ? "podman" : k->network.default_network;
    s->default_subnet = str_empty(k->network.default_subnet) ? "10.88.0.0/16"
                                                             : k->network.default_subnet;
    s->n_pools = k->network.default_subnet_pools.n;
    struct network_pool *pools = arena_alloc(&e->arena, (s->n_pools + 1) * sizeof(*pools));
    for (size_t i = 0; i < s->n_pools; i++)
        pools[i] = (struct network_pool) { k->network.default_subnet_pools.items[i].base,
                                           k->network.default_subnet_pools.items[i].size };
    s->pools = pools;
    s->path = path;
    return s;
}

/* A monitor holds `alive`; whoever starts the container, or changes it, holds its lock. */
static bool is_alive(void *arg, const char *id)
{
    struct engine *e = arg;
    char path[128];

    snprintf(path, sizeof(path), "containers/%s/alive", id);
    if (lock_is_held(e->store->run_fd, path))
        return true;
    snprintf(path, sizeof(path), "locks/container-%s", id);
    return lock_is_held(e->store->run_fd, path);
}

static const char *name_of(void *arg, struct arena *a, const char *id)
{
    struct engine *e = arg;
    struct container c;

    return container_find(e, a, id, &c, NULL) == 0 ? c.config.name : NULL;
}

void network_env(struct engine *e, struct net_env *ret)
{
    *ret = (struct net_env) { .store = e->store,
                              .networks = *engine_networks(e),
                              .alive = is_alive,
                              .name_of = name_of,
                              .arg = e };
}

/* ---------- creation ---------- */

bool network_is_ours(const struct container_config *c)
{
    return c->netns && STR_EQ(c->netns, "bridge");
}

bool network_needs_engine(const struct container_config *c)
{
    return network_is_ours(c) || pasta_is_network(c);
}

/* A free port of the host: the kernel chooses.  @n of them in a row are looked for. */
int network_free_ports(const struct container_port *p, int64_t *ret, struct err *err)
{
    int type = STR_EQ(p->protocol, "udp") ? SOCK_DGRAM : SOCK_STREAM;

    for (int tries = 0; tries < 200; tries++) {
        int64_t first = 0, got = 0;
        JSON_LIST(int) held = { 0 };
        AUTO_ARENA a = { 0 };
        for (; got < p->range; got++) {
            struct sockaddr_in at = { .sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)(got ? first + got : 0)) };
            socklen_t len = sizeof(at);
            int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
            if (fd < 0)
                break;
            *LIST_ADD(&a, held) = fd;
            if (first + got > 65535 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
                getsockname(fd, (struct sockaddr *)&at, &len) < 0)
                break;
            if (!got)
                first = ntohs(at.sin_port);
        }
        for (size_t i = 0; i < held.n; i++)
            close(held.items[i]);
        *ret = first;
        if (got == p->range)
            return 0;
    }
    return err_set(err, ERR_CONFLICT, EADDRINUSE,
                   "failed to find free port: no %lld free %s ports in a row", (long long)p->range,
                   p->protocol);
}

/* -P: what is exposed and not published yet. */
static int publish_exposed(struct arena *a, struct container_config *c, struct err *err)
{
    for (char **x = c->publish_all ? c->expose : NULL; x && *x; x++) {
        struct container_port p;
        bool have = false;
        int r = option_publish(a, *x, &p, err);
        if (r < 0)
            return r;
        for (size_t i = 0; i < c->ports.n; i++) {
            const struct container_port *q = &c->ports.items[i];
            have |= STR_EQ(p.protocol, q->protocol) && p.container_port >= q->container_port &&
                    p.container_port < q->container_port + q->range;
        }
        if (!have)
            *LIST_ADD(a, c->ports) = p;
    }
    return 0;
}

/* A port without a host address is published on those that the configuration names. */
static void default_host_ips(struct engine *e, struct arena *a, struct container_config *c)
{
    char **ips = e->config->network.default_host_ips;
    size_t n = c->ports.n;

    for (size_t i = 0; ips && *ips && i < n; i++) {
        if (c->ports.items[i].host_ip)
            continue;
        for (char **ip = ips; *ip; ip++) {
            if (ip != ips)
                *LIST_ADD(a, c->ports) = c->ports.items[i];
            c->ports.items[ip == ips ? i : c->ports.n - 1].host_ip = *ip;
        }
    }
}

static int complete_ports(struct engine *e, struct arena *a, struct container_config *c,
                          char *const *exposed, char ***warnings, struct err *err)
{
    int r = 0;

    for (; r == 0 && exposed && *exposed; exposed++)
        r = option_expose(a, *exposed, &c->expose, err);
    if (r < 0)
        return err_wrap(err, "the image's exposed ports");
    if ((c->ports.n || c->publish_all) && !network_needs_engine(c)) {
        *warnings = strv_add(a, *warnings,
                             arena_printf(a,
                                          "Port mappings have been discarded because \"%s\" "
                                          "network namespace mode does not support them",
                                          c->netns));
        c->ports.n = 0;
        c->publish_all = false;
    }
    r = publish_exposed(a, c, err);
    if (r == 0)
        default_host_ips(e, a, c);
    for (size_t i = 0; r == 0 && i < c->ports.n; i++)
        if (!c->ports.items[i].host_port)
            r = network_free_ports(&c->ports.items[i], &c->ports.items[i].host_port, err);
    return r;
}

static int complete_networks(struct engine *e, struct arena *a, struct container_config *c,
                             struct err *err)
{
    const struct network_store *s = engine_networks(e);

    if (!c->networks.n)
        LIST_ADD(a, c->networks)->name = arena_strdup(a, "");
    for (size_t i = 0; i < c->networks.n; i++) {
        struct container_network *n = &c->networks.items[i];
        struct network net;
        int r = network_find(s, a, *n->name ? n->name : s->default_name, &net, err);
        if (r < 0)
            return r;
        n->name = net.name;
        for (size_t k = 0; k < i; k++)
            if (STR_EQ(c->networks.items[k].name, n->name))
                return err_set(err, ERR_BAD_PARAM, EINVAL,
                               "network %s is given twice: invalid argument", n->name);
        char *id = arena_strndup(a, c->id, 12);
        if (!strv_has(n->aliases, id))
            n->aliases = strv_add(a, n->aliases, id);
    }
    return 0;
}

int network_complete_config(struct engine *e, struct arena *a, struct container_config *c,
                            char *const *exposed, char ***warnings, struct err *err)
{
    int r = network_is_ours(c) ? complete_networks(e, a, c, err) : 0;

    if (r == 0 && !str_empty(c->hosts_file) && c->no_hosts)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "--no-hosts and --hosts-file cannot be set together");
    if (r == 0 && c->no_hosts && c->add_hosts)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "--no-hosts and --add-host cannot be set together");
    return r < 0 ? r : complete_ports(e, a, c, exposed, warnings, err);
}

/* ---------- start ---------- */

static int fill_want(struct network_start *s, const struct container_network *n, struct net_want *w,
                     struct err *err)
{
    *w = (struct net_want) { .interface = n->interface,
                             .host_interface = n->host_interface,
                             .aliases = n->aliases };
    int r = network_load(&s->env.networks, s->a, n->name, &w->net, err);
    if (r < 0)
        return r;
    w->fixed = arena_alloc(s->a, (strv_len(n->ips) + 1) * sizeof(*w->fixed));
    for (char **ip = n->ips; ip && *ip; ip++)
        if (ip_parse(*ip, &w->fixed[w->n_fixed]) == 0)
            w->n_fixed++;
    w->mac_given = n->mac && mac_parse(n->mac, w->mac) == 0;
    return 0;
}

static void expand_ports(struct network_start *s)
{
    JSON_LIST(struct network_port) out = { 0 };

    for (size_t i = 0; i < s->c->ports.n; i++) {
        const struct container_port *p = &s->c->ports.items[i];
        for (int64_t k = 0; k < p->range; k++)
            *LIST_ADD(s->a, out) = (struct network_port) { .host_ip = p->host_ip,
                                                           .host_port = p->host_port + k,
                                                           .container_port = p->container_port + k,
                                                           .protocol = p->protocol };
    }
    s->plan.ports = out.items;
    s->plan.n_ports = out.n;
}

/* The state as far as it is known before there is a namespace: what the small files need. */
static void foresee(struct network_start *s)
{
    struct network_state *st = &s->plan.state;
    char text[IP_TEXT_MAX];

    st->names = strv_add(s->a, NULL, s->c->name);
    st->names = strv_add(s->a, st->names, arena_strndup(s->a, s->c->id, 12));
    if (s->c->hostname && !strv_has(st->names, s->c->hostname))
        st->names = strv_add(s->a, st->names, s->c->hostname);
    for (char **p = s->c->infra ? pod_names(s->e, s->a, s->c) : NULL; p && *p; p++)
        if (!strv_has(st->names, *p))
            st->names = strv_add(s->a, st->names, *p);
    st->servers = network_servers(s->e, s->a, s->c, true);
    for (size_t i = 0; i < s->plan.n_wants; i++) {
        const struct net_want *w = &s->plan.wants[i];
        struct network_attachment *at = LIST_ADD(s->a, st->networks);
        *at = (struct network_attachment) { .network = w->net.name, .dns = w->net.dns_enabled };
        for (size_t k = 0; k < w->n_addrs; k++)
            at->addresses = strv_add(s->a, at->addresses, ip_net_text(&w->addrs[k], text));
        for (size_t k = 0; k < w->net.subnets.n && STR_EQ(w->net.driver, "bridge"); k++)
            if (w->net.subnets.items[k].gateway)
                at->gateways = strv_add(s->a, at->gateways, w->net.subnets.items[k].gateway);
    }
}

static int op_reserve(const struct net_op *op)
{
    return net_reserve(op->env, op->a, op->plan, op->err);
}

static int op_attach(const struct net_op *op)
{
    return net_attach(op->env, op->a, op->plan, op->netns, op->err);
}

static int op_release(const struct net_op *op)
{
    return net_release(op->env, op->id, op->err);
}

static int op_reclaim(const struct net_op *op)
{
    return net_reclaim(op->env, -1, op->err);
}

int network_prepare(struct network_start *s, struct engine *e, struct arena *a,
                    const struct container_config *c, struct err *err)
{
    *s = (struct network_start) { .e = e, .a = a, .c = c, .plan = { .id = c->id } };
    if (pasta_is_network(c)) { /* the monitor passes on what comes to its ports */
        s->plan.own_address = true;
        expand_ports(s);
        return net_bind_ports(a, &s->plan, true, err);
    }
    if (!network_is_ours(c))
        return 0;
    /* What an earlier run left, of which nobody cleaned up: its names above all. */
    struct network_state before;
    int r = network_read_state(e, a, c->id, &before) ? network_release(e, c, err) : 0;
    if (r < 0)
        return r;
    network_env(e, &s->env);
    s->plan.wants = arena_alloc(a, (c->networks.n + 1) * sizeof(*s->plan.wants));
    for (size_t i = 0; i < c->networks.n; i++) {
        r = fill_want(s, &c->networks.items[i], &s->plan.wants[s->plan.n_wants++], err);
        if (r < 0)
            return r;
    }
    expand_ports(s);
    const struct net_op op = {
        .fn = op_reserve, .e = e, .env = &s->env, .a = a, .plan = &s->plan, .err = err
    };
    r = network_do(&op, true);
    if (r < 0)
        return r;
    s->reserved = true;
    s->plan.host_name = c->hostname;
    r = net_bind_ports(a, &s->plan, e->rootless, err);
    if (r < 0) /* network_started() takes all back */
        return r;
    s->plan.dns = network_must_pass_on(e, a, c);
    foresee(s);
    return 0;
}

int network_write_state(struct engine *e, const char *id, const struct network_state *st,
                        struct err *err)
{
    AUTO_CLOSE int dir = container_run_dir(e, id);
    AUTO_JSON *doc = json_from(&network_state_type, st);
    AUTO_BUF text = { 0 };

    json_text(doc, 0, &text);
    int r = dir < 0 ? dir : fs_replace(dir, "network", text.data, text.len, 0644, FS_NOSYNC);
    return r < 0 ? err_sys(err, -r, "writing the network state of container %s", id) : 0;
}

/* Addresses as the zone has them, without prefix lengths. */
static char **bare(struct arena *a, char *const *addresses)
{
    char **out = NULL;

    for (; addresses && *addresses; addresses++)
        out = strv_add(a, out, arena_strndup(a, *addresses, strcspn(*addresses, "/")));
    return out;
}

static char **zone_names(struct arena *a, const struct network_state *st,
                         const struct network_attachment *at)
{
    char **names = strv_copy(a, st->names);

    for (char **p = at->aliases; p && *p; p++)
        if (!strv_has(names, *p))
            names = strv_add(a, names, *p);
    return names;
}

int network_announce(struct engine *e, struct arena *a, const char *id,
                     const struct network_state *st, const struct network_attachment *at,
                     struct err *err)
{
    if (!at->dns)
        return 0;
    return zone_add(e->store->run_fd, at->network, id, zone_names(a, st, at),
                    bare(a, at->addresses), err);
}

void network_withdraw(struct engine *e, struct arena *a, const char *id,
                      const struct network_state *st, const struct network_attachment *at)
{
    if (at->dns)
        zone_remove(e->store->run_fd, at->network, id, zone_names(a, st, at),
                    bare(a, at->addresses));
}

static bool host_is_offline(void)
{
    AUTO_NL nl = { .fd = -EBADF };
    char name[IFNAMSIZ];

    return nl_open(&nl, NETLINK_ROUTE) == 0 && link_default(&nl, name) == -ENOENT;
}

/* Without a way out a container that publishes nothing can do its work all the same. */
static int attach_pasta(struct network_start *s, pid_t pid, struct network_fds *ret,
                        struct err *err)
{
    bool asked = s->c->ports.n || !STR_EQ(s->c->netns, "pasta");

    *ret = (struct network_fds) { 0 };
    if (!asked && host_is_offline()) {
        log_info("container %.12s has no network: the host has no default route", s->c->id);
        return 0;
    }
    int r = pasta_start(s->e, s->a, s->c, pid, err);
    if (r == 0) {
        *ret = (struct network_fds) { .uses = s->plan.uses, .fds = s->plan.fds };
        s->plan.n_fds = 0; /* passed on */
    }
    if (r == 0 || asked)
        return r;
    log_warn("container %.12s has no network: %s", s->c->id, err ? err->msg : "");
    err_clear(err);
    return 0;
}

void network_learn(struct engine *e, struct arena *a, const struct container_config *c,
                   const struct net_plan *p, struct network_state *st)
{
    char **given = network_given_servers(e, c);

    for (size_t i = 0; i < p->leases.n; i++) {
        const struct dhcp_lease *l = &p->leases.items[i];
        for (char **s = l->servers; s && *s && !(given && *given); s++)
            if (!strv_has(st->dhcp_servers, *s))
                st->dhcp_servers = strv_add(a, st->dhcp_servers, *s);
        if (l->domain && !strv_has(st->dhcp_searches, l->domain))
            st->dhcp_searches = strv_add(a, st->dhcp_searches, l->domain);
    }
    if (st->dhcp_servers)
        st->servers = st->dhcp_servers;
}

/* Of a run whose monitor was killed; ours writes its own once it has its descriptors. */
static void forget_leases(struct engine *e, const char *id)
{
    AUTO_CLOSE int dir = container_run_dir(e, id);

    if (dir >= 0)
        (void)!unlinkat(dir, "dhcp", 0);
}

/* What the small files could not say before there was a lease. */
static void complete_files(struct network_start *s)
{
    struct network_state *st = &s->plan.state;

    if (!s->plan.leases.n)
        return;
    network_learn(s->e, s->a, s->c, &s->plan, st);
    network_refresh_files(s->e, s->a, s->c, st);
}

int network_attach(void *arg, int netns, pid_t pid, struct network_fds *ret, struct err *err)
{
    struct network_start *s = arg;
    struct network_state *st = &s->plan.state;

    if (pasta_is_network(s->c))
        return attach_pasta(s, pid, ret, err);
    st->networks.n = 0;
    st->networks.items = NULL;
    const struct net_op op = { .fn = op_attach,
                               .e = s->e,
                               .env = &s->env,
                               .a = s->a,
                               .plan = &s->plan,
                               .netns = netns,
                               .err = err };
    int r = network_do(&op, true);
    forget_leases(s->e, s->c->id);
    if (r == 0) {
        complete_files(s);
        r = network_write_state(s->e, s->c->id, st, err);
    }
    for (size_t i = 0; r == 0 && i < st->networks.n; i++)
        r = network_announce(s->e, s->a, s->c->id, st, &st->networks.items[i], err);
    if (r < 0)
        return r;
    *ret = (struct network_fds) { .uses = s->plan.uses, .fds = s->plan.fds };
    s->plan.n_fds = 0; /* passed on */
    return 0;
}

void network_started(struct network_start *s, bool ok)
{
    net_plan_done(&s->plan);
    if (!ok && s->reserved)
        (void)!network_release(s->e, s->c, NULL);
}

/* ---------- the end ---------- */

/* The leases of one interface: IPv4's, and IPv6's where the network has it. */
static void overlay_one(struct arena *a, const struct dhcp_leases *now,
                        struct network_attachment *at)
{
    bool any = false;

    for (size_t i = 0; i < now->leases.n; i++) {
        const struct dhcp_lease *l = &now->leases.items[i];
        if (!str_same(l->interface, at->interface) || !str_same(l->network, at->network))
            continue;
        if (!any)
            at->addresses = at->gateways = NULL;
        any = true;
        if (l->address)
            at->addresses = strv_add(a, at->addresses, l->address);
        for (char **r = l->address ? l->routes : NULL; r && *r && !at->gateways; r++)
            if (str_starts(*r, "0.0.0.0/0 "))
                at->gateways = strv_add(a, NULL, strchr(*r, ' ') + 1);
    }
}

/* The monitor has the word on addresses that it keeps by DHCP. */
static void overlay_leases(struct arena *a, int dir, struct network_state *st)
{
    AUTO_BUF text = { .max = 1u << 20 };
    struct dhcp_leases now = { 0 };

    if (fs_read_file(dir, "dhcp", &text) < 0 || !text.data)
        return;
    AUTO_JSON *doc = json_parse(text.data, text.len, "DHCP leases", NULL);
    if (!doc || json_read(a, doc, &dhcp_leases_type, &now, NULL) < 0)
        return;
    for (size_t k = 0; k < st->networks.n; k++)
        overlay_one(a, &now, &st->networks.items[k]);
}

bool network_read_state(struct engine *e, struct arena *a, const char *id,
                        struct network_state *ret)
{
    AUTO_CLOSE int dir = container_run_dir(e, id);
    AUTO_BUF text = { .max = 4u << 20 };

    *ret = (struct network_state) { 0 };
    if (dir < 0 || fs_read_file(dir, "network", &text) < 0 || !text.data)
        return false;
    AUTO_JSON *doc = json_parse(text.data, text.len, "network state", NULL);
    if (!doc || json_read(a, doc, &network_state_type, ret, NULL) < 0)
        return false;
    overlay_leases(a, dir, ret);
    return true;
}

int network_release(struct engine *e, const struct container_config *c, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct network_state st;
    struct net_env env;

    if (pasta_is_network(c))
        pasta_stop(e, c->id);
    if (!network_is_ours(c))
        return 0;
    network_env(e, &env);
    if (network_read_state(e, &a, c->id, &st)) {
        for (size_t i = 0; i < st.networks.n; i++)
            network_withdraw(e, &a, c->id, &st, &st.networks.items[i]);
        AUTO_CLOSE int dir = container_run_dir(e, c->id);
        if (dir >= 0) {
            (void)!unlinkat(dir, "network", 0);
            (void)!unlinkat(dir, "dhcp", 0);
        }
    }
    const struct net_op op = { .fn = op_release, .e = e, .env = &env, .id = c->id, .err = err };
    int r = network_do(&op, false);
    return r > 0 ? net_forget(&env, c->id, NULL, err) : r;
}

int network_reap(struct engine *e, struct err *err)
{
    struct net_env env;

    network_env(e, &env);
    const struct net_op op = { .fn = op_reclaim, .e = e, .env = &env, .err = err };
    int r = network_do(&op, false);
    return MIN(r, 0);
}
