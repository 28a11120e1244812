#include "engine/networks.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>

#include "base/fs.h"
#include "base/parse.h"
#include "engine/events.h"
#include "engine/network.h"
#include "engine/rootless_net.h"
#include "net/link.h"
#include "spec/zone.h"

#include "base/banned.h"

int networks_find(struct engine *e, struct arena *a, const char *name, struct network *ret,
                  struct err *err)
{
    return network_find(engine_networks(e), a, name, ret, err);
}

/* ---------- who uses a network ---------- */

static bool is_on(const struct container_config *c, const char *network)
{
    for (size_t i = 0; network_is_ours(c) && i < c->networks.n; i++)
        if (STR_EQ(c->networks.items[i].name, network))
            return true;
    return false;
}

static bool in_use(const struct container_list *all, const char *network)
{
    for (size_t i = 0; i < all->n; i++)
        if (is_on(&all->items[i].config, network))
            return true;
    return false;
}

/* ---------- filters ---------- */

struct filter_env {
    struct engine *e;
    struct arena *a;
    struct container_list *containers; /* NULL until somebody asks */
    struct err *err;
};

static int by_dangling(struct filter_env *f, const struct network *n, const char *arg)
{
    bool want;

    if (parse_bool(arg, &want) < 0)
        return err_set(f->err, ERR_BAD_PARAM, EINVAL, "invalid dangling filter value \"%s\"", arg);
    if (!f->containers) {
        f->containers = arena_alloc(f->a, sizeof(*f->containers));
        int r = container_list(f->e, f->a, f->containers, f->err);
        if (r < 0)
            return r;
    }
    bool dangling = !in_use(f->containers, n->name) &&
                    !network_is_default(engine_networks(f->e), n);
    return dangling == want;
}

static int by_driver(struct filter_env *f, const struct network *n, const char *arg)
{
    (void)f;
    return STR_EQ(n->driver, arg);
}

static int by_id(struct filter_env *f, const struct network *n, const char *arg)
{
    (void)f;
    return str_starts(n->id, arg);
}

static int by_name(struct filter_env *f, const struct network *n, const char *arg)
{
    return filter_regex(arg, n->name, f->err);
}

static int by_label(struct filter_env *f, const struct network *n, const char *arg)
{
    const char *eq = strchrnul(arg, '=');
    char *key = arena_strndup(f->a, arg, (size_t)(eq - arg));

    for (size_t i = 0; i < n->labels.n; i++)
        if (fnmatch(key, n->labels.items[i].key, 0) == 0 &&
            (!*eq || STR_EQ(n->labels.items[i].val, eq + 1)))
            return 1;
    return 0;
}

static int by_not_label(struct filter_env *f, const struct network *n, const char *arg)
{
    return !by_label(f, n, arg);
}

static int by_until(struct filter_env *f, const struct network *n, const char *arg)
{
    int64_t t;

    if (parse_time(arg, time_now(), &t) < 0)
        return err_set(f->err, ERR_BAD_PARAM, EINVAL,
                       "failed to parse \"%s\": not a time or a duration", arg);
    return n->created < t;
}

static const struct {
    const char *key;
    int (*fn)(struct filter_env *f, const struct network *n, const char *arg);
    bool prune;
} filters_known[] = {
    { "dangling", by_dangling, false },
    { "driver", by_driver, false },
    { "id", by_id, false },
    { "label", by_label, true },
    { "label!", by_not_label, true },
    { "name", by_name, false },
    { "until", by_until, true },
};

static size_t find_filter(const char *text)
{
    size_t n = strcspn(text, "="), i = 0;

    while (i < ARRAY_SIZE(filters_known) &&
           !(strlen(filters_known[i].key) == n && strncmp(filters_known[i].key, text, n) == 0))
        i++;
    return i;
}

static int check_filters(char *const *filters, bool prune, struct err *err)
{
    for (; filters && *filters; filters++) {
        size_t i = find_filter(*filters);
        if (!strchr(*filters, '='))
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "filter input must be in the form of filter=value: %s is invalid",
                           *filters);
        if (i == ARRAY_SIZE(filters_known) || (prune && !filters_known[i].prune))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid filter \"%.*s\"",
                           (int)strcspn(*filters, "="), *filters);
    }
    return 0;
}

/* Several values of one key are alternatives, but for labels, which all have to be there. */
static int passes(struct filter_env *f, const struct network *n, char *const *filters)
{
    for (char *const *p = filters; p && *p; p++) {
        size_t key = find_filter(*p);
        bool all = str_starts(*p, "label");
        int ok = 0;
        for (char *const *q = filters; *q; q++) {
            if (find_filter(*q) != key || (all && q != p))
                continue;
            int r = filters_known[key].fn(f, n, *q + strlen(filters_known[key].key) + 1);
            if (r < 0)
                return r;
            ok |= r;
        }
        if (!ok)
            return 0;
    }
    return 1;
}

int networks_list(struct engine *e, struct arena *a, char *const *filters, struct network_list *out,
                  struct err *err)
{
    struct filter_env f = { .e = e, .a = a, .err = err };
    size_t kept = 0;

    int r = check_filters(filters, false, err);
    if (r == 0)
        r = network_list(engine_networks(e), a, out, err);
    for (size_t i = 0; r >= 0 && i < out->n; i++) {
        r = passes(&f, &out->items[i], filters);
        if (r > 0)
            out->items[kept++] = out->items[i];
    }
    out->n = r < 0 ? out->n : kept;
    return r < 0 ? r : 0;
}

/* ---------- making and removing ---------- */

int networks_create(struct engine *e, struct arena *a, struct network *n, bool ipv6, bool ignore,
                    struct err *err)
{
    const struct network_store *s = engine_networks(e);
    AUTO_CLOSE int lock = store_lock(e->store, "network", "all", err);
    struct network old;

    if (lock < 0)
        return lock;
    if (ignore && !str_empty(n->name) && network_load(s, a, n->name, &old, NULL) == 0) {
        *n = old;
        return 0;
    }
    int r = network_complete(s, a, n, ipv6, err);
    if (r == 0)
        r = network_write(s, n, err);
    return engine_did(e, "network", "create", n->id, n->name, r);
}

static int remove_users(struct engine *e, struct arena *a, const struct network *n, bool force,
                        int64_t timeout_s, struct err *err)
{
    struct container_list all = { 0 };
    struct container_remove_options o = {
        .force = true, .volumes = false, .depend = true, .timeout_s = timeout_s
    };
    int r = container_list(e, a, &all, err);

    if (r < 0 || !in_use(&all, n->name))
        return r;
    if (!force)
        return err_set(err, ERR_IN_USE, EBUSY,
                       "\"%s\" has associated containers with it. Use -f to forcibly delete "
                       "containers and pods: network is being used",
                       n->name);
    for (size_t i = 0; r == 0 && i < all.n; i++) {
        if (!is_on(&all.items[i].config, n->name))
            continue;
        r = container_remove(e, &all.items[i], &o, err);
        if (r < 0 && err && err->kind == ERR_NOT_FOUND) { /* gone with one that it needed */
            err_clear(err);
            r = 0;
        }
    }
    return r;
}

/* Are containers of another store on the bridge?  Ours are gone, or will be in a moment. */
static bool shared_with_others(const struct network *n)
{
    struct timespec moment = { .tv_nsec = 1000000 };
    AUTO_CLOSE int claims = claims_open();
    struct ip_net net;

    for (unsigned patience_ms = 100; patience_ms; patience_ms--) {
        bool any = false;
        for (size_t i = 0; claims >= 0 && i < n->subnets.n; i++)
            any |= ip_net_parse(n->subnets.items[i].subnet, &net) == 0 && claims_any(claims, &net);
        if (!any)
            return false;
        nanosleep(&moment, NULL);
    }
    return true;
}

/* The bridge, what the firewall knows of it, its names. */
static int take_down(struct engine *e, const struct network *n, struct err *err)
{
    AUTO_NL route = { .fd = -EBADF }, filter = { .fd = -EBADF };
    AUTO_ARENA a = { 0 };
    struct db *db = store_db(e->store, err);
    if (!db)
        return -EIO;

    (void)!zone_drop(e->store->run_fd, n->name);
    int r = db_exec(db, err, "DELETE FROM lease_last WHERE network = ?", "s", n->name);
    if (r >= 0)
        r = db_exec(db, err, "DELETE FROM leases WHERE network = ?", "s", n->name);
    if (r < 0 || !network_managed(n) || !n->interface || shared_with_others(n))
        return r < 0 ? r : 0;
    r = nl_open(&route, NETLINK_ROUTE);
    if (r == 0)
        r = link_delete(&route, n->interface);
    if (r < 0 && r != -ENODEV)
        return err_sys(err, -r, "removing the bridge %s", n->interface);
    r = nl_open(&filter, NETLINK_NETFILTER);
    struct fw_bridge b = net_fw_bridge(&a, n);
    return r < 0 ? err_sys(err, -r, "opening a netfilter socket")
                 : firewall_forget(&filter, &b, err);
}

static int op_take_down(const struct net_op *op)
{
    return take_down(op->e, op->net, op->err);
}

static int remove_locked(struct engine *e, const struct network *n, struct err *err)
{
    const struct net_op op = { .fn = op_take_down, .e = e, .net = n, .err = err };
    int r = network_unlink(engine_networks(e), n, err);

    if (r == 0)
        r = network_do(&op, false);
    r = MIN(r, 0);
    return engine_did(e, "network", "remove", n->id, n->name, r);
}

int networks_remove(struct engine *e, struct arena *a, const char *name, bool force,
                    int64_t timeout_s, struct err *err)
{
    struct network n;
    int r = networks_find(e, a, name, &n, err);

    if (r < 0)
        return r;
    if (network_is_default(engine_networks(e), &n))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "default network %s cannot be removed", n.name);
    r = remove_users(e, a, &n, force, timeout_s, err);
    if (r < 0)
        return r;
    AUTO_CLOSE int lock = store_lock(e->store, "network", "all", err);
    return lock < 0 ? lock : remove_locked(e, &n, err);
}

int networks_prune(struct engine *e, struct arena *a, char *const *filters, char ***ret,
                   struct err *err)
{
    struct network_list list = { 0 };
    struct container_list all = { 0 };
    int r = check_filters(filters, true, err);

    if (r == 0)
        r = networks_list(e, a, filters, &list, err);
    AUTO_CLOSE int lock = r < 0 ? r : store_lock(e->store, "network", "all", err);
    if (lock < 0)
        return lock;
    r = container_list(e, a, &all, err);
    for (size_t i = 0; r == 0 && i < list.n; i++) {
        const struct network *n = &list.items[i];
        if (in_use(&all, n->name) || network_is_default(engine_networks(e), n))
            continue;
        r = remove_locked(e, n, err);
        if (r == 0)
            *ret = strv_add(a, *ret, n->name);
    }
    return r;
}

/* What runs on the network asks the new servers from now on. */
static int tell_running(struct engine *e, struct arena *a, const struct network *n, struct err *err)
{
    struct container_list all = { 0 };
    int r = container_list(e, a, &all, err);

    for (size_t i = 0; r == 0 && i < all.n; i++) {
        struct network_state st;
        const char *id = all.items[i].config.id;
        if (!all.items[i].alive || !is_on(&all.items[i].config, n->name))
            continue;
        AUTO_CLOSE int lock = store_lock(e->store, "container", id, err);
        if (lock < 0)
            return lock;
        if (!network_read_state(e, a, id, &st))
            continue;
        for (size_t k = 0; k < st.networks.n; k++)
            if (STR_EQ(st.networks.items[k].network, n->name))
                st.networks.items[k].dns_servers = n->dns_servers;
        r = network_write_state(e, id, &st, err);
    }
    return r;
}

int networks_update(struct engine *e, struct arena *a, const char *name, char *const *dns_add,
                    char *const *dns_drop, struct err *err)
{
    AUTO_CLOSE int lock = store_lock(e->store, "network", "all", err);
    struct network n;
    struct ip_addr ip;
    char **kept = NULL;

    if (lock < 0)
        return lock;
    int r = networks_find(e, a, name, &n, err);
    if (r < 0)
        return r;
    for (int i = 0; i < 2; i++)
        for (char *const *p = i ? dns_drop : dns_add; p && *p; p++)
            if (ip_parse(*p, &ip) < 0)
                return err_set(err, ERR_BAD_PARAM, EINVAL,
                               "unable to parse ip %s: invalid argument", *p);
    if (!n.dns_enabled)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "cannot update NetworkDNSServers if DNS is not enabled for the network: "
                       "invalid argument");
    for (char **p = n.dns_servers; p && *p; p++)
        if (!strv_has(dns_drop, *p))
            kept = strv_add(a, kept, *p);
    for (char *const *p = dns_add; p && *p; p++)
        if (!strv_has(kept, *p))
            kept = strv_add(a, kept, *p);
    n.dns_servers = kept;
    r = network_write(engine_networks(e), &n, err);
    return r < 0 ? r : tell_running(e, a, &n, err);
}

/* ---------- reports ---------- */

static json_t *interfaces_of(const struct network_state *st, const char *network)
{
    json_t *out = json_object();

    for (size_t i = 0; i < st->networks.n; i++) {
        const struct network_attachment *at = &st->networks.items[i];
        if (!STR_EQ(at->network, network))
            continue;
        json_t *subnets = json_array();
        for (char **p = at->addresses; p && *p; p++) {
            json_t *s = json_pack("{s:s}", "ipnet", *p);
            for (char **g = at->gateways; g && *g; g++)
                if (!strchr(*p, ':') == !strchr(*g, ':'))
                    json_object_set_new(s, "gateway", json_string(*g));
            json_array_append_new(subnets, s);
        }
        json_object_set_new(
            out, at->interface,
            json_pack("{s:o,s:s}", "subnets", subnets, "mac_address", at->mac ? at->mac : ""));
    }
    return out;
}

json_t *networks_document(struct engine *e, struct arena *a, const struct network *n,
                          bool containers, struct err *err)
{
    json_t *doc = json_from(&network_type, n);
    struct container_list all = { 0 };

    if (!containers)
        return doc;
    if (container_list(e, a, &all, err) < 0) {
        json_decref(doc);
        return NULL;
    }
    json_t *users = json_object();
    for (size_t i = 0; i < all.n; i++) {
        const struct container *c = &all.items[i];
        struct network_state st;
        if (!c->alive || !is_on(&c->config, n->name) ||
            !network_read_state(e, a, c->config.id, &st))
            continue;
        json_object_set_new(users, c->config.id,
                            json_pack("{s:s,s:o}", "name", c->config.name, "interfaces",
                                      interfaces_of(&st, n->name)));
    }
    json_object_set_new(doc, "containers", users);
    return doc;
}

static const struct {
    const char *go, *key;
    bool list, map;
} template_names[] = {
    { "NetworkInterface", "network_interface", false, false },
    { "IPv6Enabled", "ipv6_enabled", false, false },
    { "DNSEnabled", "dns_enabled", false, false },
    { "NetworkDNSServers", "network_dns_servers", true, false },
    { "IPAMOptions", "ipam_options", false, true },
    { "Subnets", "subnets", true, false },
    { "Routes", "routes", true, false },
    { "Labels", "labels", false, true },
    { "Options", "options", false, true },
};

static void nested_names(json_t *doc, const char *list, const char *go, const char *key)
{
    size_t i;
    json_t *each;

    json_array_foreach (json_object_get(doc, list), i, each)
        if (json_object_get(each, key))
            json_object_set(each, go, json_object_get(each, key));
}

void networks_template_names(json_t *doc, bool trunc)
{
    nested_names(doc, "subnets", "LeaseRange", "lease_range");
    nested_names(doc, "routes", "RouteType", "route_type");
    for (size_t i = 0; i < ARRAY_SIZE(template_names); i++) {
        json_t *v = json_object_get(doc, template_names[i].key);
        if (v)
            json_object_set(doc, template_names[i].go, v);
        else
            json_object_set_new(doc, template_names[i].go,
                                template_names[i].list  ? json_array()
                                : template_names[i].map ? json_object()
                                                        : json_string(""));
    }
    const char *id = json_string_value(json_object_get(doc, "id"));
    json_object_set_new(doc, "ID", json_stringn(id, trunc ? 12 : strlen(id)));
}
