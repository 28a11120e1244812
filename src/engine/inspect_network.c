#include "engine/inspect_network.h"

#include <inttypes.h>

#include "base/parse.h"

#include "base/banned.h"

/* One network as inspect shows it: what a container has there, or, while it does not run, that it belongs there. */
struct view {
    const char *gateway, *ip, *gateway6, *ip6, *mac;
    int64_t prefix, prefix6;
    char **more, **more6; /* "10.88.0.7/16" */
};

static void split(struct arena *a, const char *address, const char **ip, int64_t *prefix)
{
    const char *slash = strchrnul(address, '/');

    *ip = arena_strndup(a, address, (size_t)(slash - address));
    if (!*slash || parse_i64(slash + 1, 0, 128, prefix) < 0)
        *prefix = 0;
}

static void view_of(struct arena *a, const struct network_attachment *at, struct view *v)
{
    *v = (struct view) { .gateway = "", .ip = "", .gateway6 = "", .ip6 = "", .mac = "" };
    if (!at)
        return;
    v->mac = at->mac ? at->mac : "";
    for (char **g = at->gateways; g && *g; g++) {
        const char **to = strchr(*g, ':') ? &v->gateway6 : &v->gateway;
        if (!**to)
            *to = *g;
    }
    for (char **p = at->addresses; p && *p; p++) {
        bool six = strchr(*p, ':');
        if (six && !*v->ip6)
            split(a, *p, &v->ip6, &v->prefix6);
        else if (!six && !*v->ip)
            split(a, *p, &v->ip, &v->prefix);
        else if (six)
            v->more6 = strv_add(a, v->more6, *p);
        else
            v->more = strv_add(a, v->more, *p);
    }
}

static json_t *secondary(struct arena *a, char *const *addresses)
{
    json_t *out = json_array();

    for (; addresses && *addresses; addresses++) {
        const char *ip;
        int64_t prefix;
        split(a, *addresses, &ip, &prefix);
        json_array_append_new(
            out, json_pack("{s:s,s:I}", "Addr", ip, "PrefixLength", (json_int_t)prefix));
    }
    return out;
}

static const struct network_attachment *attached(const struct network_state *st, const char *name)
{
    for (size_t i = 0; i < st->networks.n; i++)
        if (STR_EQ(st->networks.items[i].network, name))
            return &st->networks.items[i];
    return NULL;
}

static json_t *document(struct arena *a, const struct container_network *n,
                        const struct network_attachment *at)
{
    struct view v;

    view_of(a, at, &v);
    json_t *doc = json_pack("{s:s,s:s,s:s,s:I,s:s,s:s,s:I,s:s,s:s,s:n,s:n,s:n}", "EndpointID", "",
                            "Gateway", v.gateway, "IPAddress", v.ip, "IPPrefixLen",
                            (json_int_t)v.prefix, "IPv6Gateway", v.gateway6, "GlobalIPv6Address",
                            v.ip6, "GlobalIPv6PrefixLen", (json_int_t)v.prefix6, "MacAddress",
                            v.mac, "NetworkID", n->name, "DriverOpts", "IPAMConfig", "Links");
    if (v.more)
        json_object_set_new(doc, "SecondaryIPAddresses", secondary(a, v.more));
    if (v.more6)
        json_object_set_new(doc, "SecondaryIPv6Addresses", secondary(a, v.more6));
    if (n->aliases) {
        json_t *aliases = json_array();
        for (char **p = n->aliases; *p; p++)
            json_array_append_new(aliases, json_string(*p));
        json_object_set_new(doc, "Aliases", aliases);
    }
    return doc;
}

/* Go's fields at the top are those of the only network. */
static void fill_top(struct arena *a, const struct network_attachment *at,
                     struct inspect_container_network_settings *s)
{
    struct view v;

    view_of(a, at, &v);
    s->gateway = arena_strdup(a, v.gateway);
    s->ip_address = arena_strdup(a, v.ip);
    s->ip_prefix_len = v.prefix;
    s->i_pv6_gateway = arena_strdup(a, v.gateway6);
    s->global_i_pv6_address = arena_strdup(a, v.ip6);
    s->global_i_pv6_prefix_len = v.prefix6;
    s->mac_address = arena_strdup(a, v.mac);
    for (char **p = v.more; p && *p; p++) {
        const char *ip;
        struct inspect_container_network_settings_secondary_ip_addresses *x = LIST_ADD(
            a, s->secondary_ip_addresses);
        split(a, *p, &ip, &x->prefix_length);
        x->addr = arena_strdup(a, ip);
    }
    for (char **p = v.more6; p && *p; p++) {
        const char *ip;
        struct inspect_container_network_settings_secondary_i_pv6_addresses *x = LIST_ADD(
            a, s->secondary_i_pv6_addresses);
        split(a, *p, &ip, &x->prefix_length);
        x->addr = arena_strdup(a, ip);
    }
}

json_t *inspect_network(struct engine *e, struct arena *a, const struct container *c,
                        struct inspect_container *o)
{
    struct inspect_container_network_settings *s = &o->network_settings;
    const struct container_config *cc = &c->config;
    struct network_state st = { 0 };

    s->endpoint_id = s->bridge = s->sandbox_id = s->link_local_i_pv6_address = arena_strdup(a, "");
    if (c->alive && c->run.pid > 0 && !(cc->netns && STR_EQ(cc->netns, "host")))
        s->sandbox_key = arena_printf(a, "/proc/%" PRId64 "/ns/net", c->run.pid);
    else
        s->sandbox_key = arena_strdup(a, "");
    if (c->alive)
        (void)!network_read_state(e, a, cc->id, &st);
    fill_top(a, st.networks.n == 1 ? st.networks.items : NULL, s);
    if (!network_is_ours(cc))
        return NULL;
    json_t *networks = json_object();
    for (size_t i = 0; i < cc->networks.n; i++)
        json_object_set_new(
            networks, cc->networks.items[i].name,
            document(a, &cc->networks.items[i], attached(&st, cc->networks.items[i].name)));
    return networks;
}
