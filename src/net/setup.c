#include "net/setup.h"

#include "base/fs.h"
#include "base/parse.h"
#include "net/firewalld.h"
#include "net/setup_priv.h"

#include "base/banned.h"

void net_plan_done(struct net_plan *p)
{
    for (size_t i = 0; i < p->n_fds; i++)
        close_p(&p->fds[i]);
    p->n_fds = 0;
    p->fds = NULL;
    p->uses = NULL;
}

void net_add_fd(struct arena *a, struct net_plan *p, int fd, const char *use)
{
    p->fds = arena_grow(a, p->fds, p->n_fds, sizeof(*p->fds));
    p->fds[p->n_fds++] = fd;
    p->uses = strv_add(a, p->uses, use);
}

/* ---------- kernel settings ---------- */

/* Of the namespace that we are in.  A host without IPv6 has no such file; that is no failure. */
static int sysctl(const char *path, const char *value, struct err *err)
{
    int r = fs_write_kernel(AT_FDCWD, path, value);

    if (r == 0 || r == -ENOENT)
        return 0;
    AUTO_BUF now = { .max = 64 }; /* a read-only /proc/sys that says what we want is fine */
    if (fs_read_file(AT_FDCWD, path, &now) == 0 && now.data && now.data[0] == value[0])
        return 0;
    return err_sys(err, -r, "setting %s to %s", path, value);
}

static int bridge_sysctls(const struct network *n, bool ports, struct err *err)
{
    char path[128];
    int r = 0;

    if (!n->internal)
        r = sysctl("/proc/sys/net/ipv4/ip_forward", "1", err);
    if (r == 0 && n->ipv6_enabled && !n->internal)
        r = sysctl("/proc/sys/net/ipv6/conf/all/forwarding", "1", err);
    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_ra", n->interface);
    if (r == 0) /* no container tells the host where its router is */
        r = sysctl(path, "0", err);
    snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/route_localnet", n->interface);
    return r == 0 && ports ? sysctl(path, "1", err) : r;
}

/* ---------- bridges and the firewall ---------- */

uint32_t net_number_option(const struct network *n, const char *key)
{
    const char *v = network_option(n, key);
    uint32_t out = 0;

    return v && parse_u32(v, &out) == 0 ? out : 0;
}

bool net_bool_option(const struct network *n, const char *key)
{
    const char *v = network_option(n, key);
    bool b = false;

    return v && parse_bool(v, &b) == 0 && b;
}

struct fw_bridge net_fw_bridge(struct arena *a, const struct network *n)
{
    struct ip_net *nets = arena_alloc(a, (n->subnets.n + 1) * sizeof(*nets));
    size_t n_nets = 0;
    for (size_t i = 0; i < n->subnets.n; i++)
        n_nets += ip_net_parse(n->subnets.items[i].subnet, &nets[n_nets]) == 0;

    const char *isolate = network_option(n, "isolate");

    return (struct fw_bridge) { .name = n->interface,
                                .nets = nets,
                                .n_nets = n_nets,
                                .masq = !n->internal,
                                .internal = n->internal,
                                .isolated = net_bool_option(n, "isolate"),
                                .strict = isolate && STR_EQ(isolate, "strict") };
}

static int bridge_up(struct nl *nl, struct arena *a, const struct network *n, bool ports,
                     struct link_info *ret, struct err *err)
{
    struct ip_net *addrs = arena_alloc(a, (n->subnets.n + 1) * sizeof(*addrs));
    struct link_bridge b = { .name = n->interface,
                             .addrs = addrs,
                             .mtu = net_number_option(n, "mtu"),
                             .vlan = net_number_option(n, "vlan"),
                             .vrf = network_option(n, "vrf") };

    for (size_t i = 0; i < n->subnets.n; i++) {
        struct ip_net net;
        if (n->subnets.items[i].gateway && ip_net_parse(n->subnets.items[i].subnet, &net) == 0 &&
            ip_parse(n->subnets.items[i].gateway, &net.addr) == 0)
            addrs[b.n_addrs++] = net;
    }
    int r = link_bridge_ensure(nl, &b, ret, err);
    return r < 0 ? r : bridge_sysctls(n, ports, err);
}

/* The whole table: every network that somebody is on, every port that somebody has. */
static int make_table(const struct net_env *env, struct arena *a, struct err *err)
{
    struct network_list all = { 0 };
    JSON_LIST(struct fw_bridge) bridges = { 0 };
    struct fw_port *ports = NULL;
    struct fw_state s = { 0 };
    struct db *db = store_db(env->store, err);
    if (!db)
        return -EIO;

    int r = network_list(&env->networks, a, &all, err);
    if (r == 0)
        r = ipam_published(db, a, NULL, &ports, &s.n_ports, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < all.n; i++)
        if (network_managed(&all.items[i]) && all.items[i].interface)
            *LIST_ADD(a, bridges) = net_fw_bridge(a, &all.items[i]);
    s.bridges = bridges.items;
    s.n_bridges = bridges.n;
    s.ports = ports;
    return firewall_make(&s, err);
}

/* Only who finds that the table is not whole takes the lock: of those that find it at once, in whatever store, one
 * makes it.  *ret_made (may be NULL): it holds all that is ours. */
static int firewall_ready(const struct net_env *env, struct arena *a, struct nl *nl, bool *ret_made,
                          struct err *err)
{
    int r = firewall_whole(nl);

    if (ret_made)
        *ret_made = false;
    if (r > 0)
        return 0;
    if (r < 0)
        return err_sys(err, -r, "asking for the nftables table podman");
    AUTO_CLOSE int all = claims_lock_table();
    AUTO_CLOSE int lock = all >= 0 ? -EBADF : store_lock(env->store, "network", "firewall", err);
    if (all < 0 && lock < 0)
        return lock;
    if (firewall_whole(nl) > 0)
        return 0;
    r = make_table(env, a, err);
    if (r == 0 && ret_made)
        *ret_made = true;
    return r;
}

/* Of a dead container: its address may be that of somebody else's by now, in another store, with the same port. */
static size_t without_taken(struct fw_port *ports, size_t n)
{
    AUTO_CLOSE int claims = claims_open();
    struct ip_addr last = { 0 };
    bool taken = false;
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (ip_cmp(&ports[i].to, &last) != 0)
            taken = claims_stays(claims, &ports[i].to);
        last = ports[i].to;
        if (!taken)
            ports[kept++] = ports[i];
    }
    return kept;
}

static int remove_ports(struct db *db, const char *id, bool dead, struct err *err)
{
    AUTO_ARENA a = { 0 };
    AUTO_NL nl = { .fd = -EBADF };
    struct fw_port *ports = NULL;
    struct fw_state s = { 0 };

    int r = ipam_published(db, &a, id, &ports, &s.n_ports, err);
    if (r < 0 || !s.n_ports)
        return r;
    s.ports = ports;
    if (dead)
        s.n_ports = without_taken(ports, s.n_ports);
    r = nl_open(&nl, NETLINK_NETFILTER);
    r = r < 0 ? err_sys(err, -r, "opening a netfilter socket") : firewall_remove(&nl, &s, err);
    nl_close_elsewhere(&nl);
    return r < 0 ? r : ipam_unpublish(db, id, err);
}

/* ---------- reserving ---------- */

/* The addresses of one network; the claims on them are the monitor's to keep. */
static int take_addresses(const struct net_env *env, struct db *db, struct arena *a,
                          struct net_plan *p, struct net_want *w, char *dead, struct err *err)
{
    AUTO_CLOSE int claims = w->net.subnets.n ? claims_open() : -EBADF;
    struct ipam_wish wish = { .net = &w->net,
                              .container = p->id,
                              .fixed = w->fixed,
                              .n_fixed = w->n_fixed,
                              .alive = env->alive,
                              .arg = env->arg,
                              .claims = claims };
    int r = ipam_take(db, a, &wish, &w->addrs, &w->n_addrs, dead, err);

    if (r == 0 && claims >= 0)
        net_add_fd(a, p, HANDOVER_FD(claims), arena_printf(a, "address %s", w->net.name));
    return r;
}

/* Everything about one container in one short transaction.  -EAGAIN with @dead: see ipam_take(). */
static int write_rows(const struct net_env *env, struct arena *a, struct net_plan *p,
                      struct fw_port **ports, size_t *n_ports, char *dead, char **owner,
                      struct err *err)
{
    struct db *db = store_db(env->store, err);
    int r = db ? db_begin(db, DB_FAST, err) : -EIO;

    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < p->n_wants; i++)
        r = take_addresses(env, db, a, p, &p->wants[i], dead, err);
    if (r == 0) {
        net_fw_ports(a, p, ports, n_ports);
        r = ipam_publish(db, a, p->id, *ports, *n_ports, owner, err);
    }
    if (r == 0 && !*owner)
        return db_commit(db, err);
    db_rollback(db);
    net_plan_done(p); /* the claims */
    return r;
}

static int reserve_rows(const struct net_env *env, struct arena *a, struct net_plan *p,
                        struct fw_port **ports, size_t *n_ports, struct err *err)
{
    for (int tries = 0;; tries++) {
        char dead[65] = "", *owner = NULL;
        int r = write_rows(env, a, p, ports, n_ports, dead, &owner, err);
        if (r == -EAGAIN && *dead && tries < 1000)
            r = net_release(env, dead, err);
        else if (r == 0 && owner) {
            if (env->alive(env->arg, owner))
                return net_port_owned(env, a, p, owner, err);
            r = net_release(env, owner, err);
        } else
            return r;
        if (r < 0)
            return r;
    }
}

static int host_side(const struct net_env *env, struct arena *a, struct net_plan *p,
                     const struct fw_port *ports, size_t n_ports, struct err *err)
{
    JSON_LIST(struct fw_bridge) bridges = { 0 };
    JSON_LIST(const struct network *) nets = { 0 };
    AUTO_NL route = { .fd = -EBADF }, filter = { .fd = -EBADF };
    struct link_info l;

    int r = nl_open(&route, NETLINK_ROUTE);
    for (size_t i = 0; r == 0 && i < p->n_wants; i++) {
        const struct network *n = &p->wants[i].net;
        if (!network_managed(n))
            continue;
        *LIST_ADD(a, bridges) = net_fw_bridge(a, n);
        *LIST_ADD(a, nets) = n;
        r = bridge_up(&route, a, n, n_ports > 0, &l, err);
        if (r < 0)
            return r;
    }
    if (r < 0)
        return err_sys(err, -r, "opening a netlink socket");
    if (!bridges.n)
        return 0;
    r = nl_open(&filter, NETLINK_NETFILTER);
    if (r < 0)
        return err_sys(err, -r, "opening a netfilter socket");
    r = firewall_ready(env, a, &filter, NULL, err);
    struct fw_state s = {
        .bridges = bridges.items, .n_bridges = bridges.n, .ports = ports, .n_ports = n_ports
    };
    if (r == 0)
        r = firewall_add(&filter, &s, err);
    if (r == 0 && firewalld_present(&filter))
        firewalld_trust(env, nets.items, nets.n, false);
    return r;
}

int net_reserve(const struct net_env *env, struct arena *a, struct net_plan *p, struct err *err)
{
    struct fw_port *ports = NULL;
    size_t n_ports = 0;

    int r = net_release(env, p->id, err); /* of an earlier run that was cut off */
    if (r == 0)
        r = net_reclaim(env, 4, err);
    if (r == 0)
        r = reserve_rows(env, a, p, &ports, &n_ports, err);
    if (r < 0)
        return r;
    r = host_side(env, a, p, ports, n_ports, err);
    if (r < 0)
        (void)!net_release(env, p->id, NULL);
    return r;
}

int net_release(const struct net_env *env, const char *id, struct err *err)
{
    struct db *db = store_db(env->store, err);
    if (!db)
        return -EIO;
    if (!ipam_has_rows(db, id)) /* most often: writing would wait for others */
        return 0;

    int r = remove_ports(db, id, true, err);
    if (r == 0)
        r = ipam_release(db, id, NULL, err);
    firewalld_forget_unused(env);
    return r;
}

int net_forget(const struct net_env *env, const char *id, const char *network, struct err *err)
{
    struct db *db = store_db(env->store, err);
    if (!db)
        return -EIO;
    int r = network ? 0 : ipam_unpublish(db, id, err);

    return r < 0 ? r : ipam_release(db, id, network, err);
}

int net_reclaim(const struct net_env *env, int64_t max, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct db *db = store_db(env->store, err);
    if (!db)
        return -EIO;
    char **ids = max < 0 ? ipam_all(db, &a) : ipam_some(db, &a, max);

    for (int r; ids && *ids; ids++)
        if (!env->alive(env->arg, *ids) && (r = net_release(env, *ids, err)) < 0)
            return r;
    return 0;
}

/* What is ours in a table that stands, perhaps made by another store: all of it again. */
static int add_all(struct arena *a, struct db *db, struct nl *filter,
                   const struct network_list *used, struct err *err)
{
    JSON_LIST(struct fw_bridge) bridges = { 0 };
    struct fw_port *ports = NULL;
    struct fw_state s = { 0 };
    int r = ipam_published(db, a, NULL, &ports, &s.n_ports, err);

    for (size_t i = 0; i < used->n; i++)
        *LIST_ADD(a, bridges) = net_fw_bridge(a, &used->items[i]);
    s.ports = ports;
    s.bridges = bridges.items;
    s.n_bridges = bridges.n;
    return r < 0 ? r : firewall_add(filter, &s, err);
}

int net_repair(const struct net_env *env, struct err *err)
{
    AUTO_ARENA a = { 0 };
    AUTO_NL route = { .fd = -EBADF }, filter = { .fd = -EBADF };
    struct network_list all = { 0 }, used = { 0 };
    JSON_LIST(const struct network *) nets = { 0 };
    struct link_info l;
    bool made;
    struct db *db = store_db(env->store, err);
    if (!db)
        return -EIO;

    int r = nl_open(&route, NETLINK_ROUTE);
    if (r == 0)
        r = nl_open(&filter, NETLINK_NETFILTER);
    if (r < 0)
        return err_sys(err, -r, "opening a netlink socket");
    r = network_list(&env->networks, &a, &all, err);
    for (size_t i = 0; r == 0 && i < all.n; i++)
        if (network_managed(&all.items[i]) && ipam_on(db, &a, all.items[i].name)) {
            *LIST_ADD(&a, used) = all.items[i];
            *LIST_ADD(&a, nets) = &all.items[i];
            r = bridge_up(&route, &a, &all.items[i], true, &l, err);
        }
    if (r == 0)
        r = firewall_ready(env, &a, &filter, &made, err);
    if (r == 0 && !made)
        r = add_all(&a, db, &filter, &used, err);
    if (r == 0 && firewalld_present(&filter))
        firewalld_trust(env, nets.items, nets.n, true);
    return r;
}

/* ---------- while it runs ---------- */

int net_republish(const struct net_env *env, struct arena *a, struct net_plan *p, struct err *err)
{
    struct db *db = store_db(env->store, err);
    struct fw_port *ports = NULL;
    struct fw_state s = { 0 };
    char *owner;
    if (!db)
        return -EIO;

    int r = remove_ports(db, p->id, false, err);
    if (r < 0)
        return r;
    net_fw_ports(a, p, &ports, &s.n_ports);
    s.ports = ports;
    r = ipam_publish(db, a, p->id, ports, s.n_ports, &owner, err);
    if (r == 0 && owner)
        return err_set(err, ERR_CONFLICT, EADDRINUSE, "a port is published by container %s", owner);
    AUTO_NL nl = { .fd = -EBADF };
    if (r == 0 && (r = nl_open(&nl, NETLINK_NETFILTER)) < 0)
        return err_sys(err, -r, "opening a netfilter socket");
    return r < 0 ? r : firewall_add(&nl, &s, err);
}

int net_reattach(const struct net_env *env, const struct network_state *st, struct err *err)
{
    AUTO_ARENA a = { 0 };
    AUTO_NL nl = { .fd = -EBADF };

    int r = nl_open(&nl, NETLINK_ROUTE);
    for (size_t i = 0; r == 0 && i < st->networks.n; i++) {
        const struct network_attachment *at = &st->networks.items[i];
        struct network n;
        struct link_info l;
        if (!at->host_side || network_load(&env->networks, &a, at->network, &n, NULL) < 0 ||
            !n.interface || link_find(&nl, n.interface, &l) < 0)
            continue;
        r = link_enslave(&nl, at->host_side, l.index, st->ports.n > 0);
    }
    return r < 0 ? err_sys(err, -r, "putting interfaces back onto their bridges") : 0;
}

static bool interface_taken(const struct network_state *st, const char *name)
{
    for (size_t i = 0; i < st->networks.n; i++)
        if (STR_EQ(st->networks.items[i].interface, name))
            return true;
    return false;
}

int net_connect(const struct net_env *env, struct arena *a, struct net_plan *one, int netns,
                const struct network_state *st, struct err *err)
{
    AUTO_NL host = { .fd = -EBADF }, in = { .fd = -EBADF };
    struct fw_port *none = NULL;
    struct db *db = store_db(env->store, err);
    size_t n = 0, nth = 0;
    if (!db)
        return -EIO;

    int r = reserve_rows(env, a, one, &none, &n, err);
    if (r == 0)
        r = host_side(env, a, one, NULL, 0, err);
    if (r == 0 && (r = nl_open(&host, NETLINK_ROUTE)) == 0)
        r = nl_open_in(&in, NETLINK_ROUTE, netns);
    struct attaching x = { &host, &in, a, one, netns, st->ports.n > 0 };
    while (interface_taken(st, arena_printf(a, "eth%zu", nth)))
        nth++;
    if (r == 0)
        r = net_attach_one(&x, one->wants, nth, LIST_ADD(a, one->state.networks), err);
    if (r < 0) {
        (void)!ipam_release(db, one->id, one->wants[0].net.name, NULL);
        return err && !err->kind ? err_sys(err, -r, "opening a netlink socket") : r;
    }
    return 0;
}

int net_disconnect(const struct net_env *env, const char *id, const struct network_attachment *at,
                   int netns, struct err *err)
{
    AUTO_NL in = { .fd = -EBADF };
    struct db *db = store_db(env->store, err);
    if (!db)
        return -EIO;

    int r = netns < 0 ? 0 : nl_open_in(&in, NETLINK_ROUTE, netns);
    if (r == 0 && netns >= 0)
        r = link_delete(&in, at->interface);
    if (r < 0 && r != -ENODEV)
        return err_sys(err, -r, "removing the interface %s", at->interface);
    r = ipam_release(db, id, at->network, err);
    firewalld_forget_unused(env);
    return r;
}
