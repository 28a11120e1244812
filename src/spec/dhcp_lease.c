#include <arpa/inet.h>

#include "base/parse.h"
#include "spec/dhcp.h"

#include "base/banned.h"

#define L struct dhcp_lease
static const struct json_field lease_rows[] = {
    JF_STR(L, network, "network", JF_OMIT_EMPTY),
    JF_STR(L, interface, "interface", JF_REQUIRED),
    JF_BOOL(L, six, "six", JF_OMIT_EMPTY),
    JF_STR(L, mac, "mac", JF_REQUIRED),
    JF_STR(L, id, "id", JF_REQUIRED),
    JF_STR(L, host_name, "host_name", JF_OMIT_EMPTY),
    JF_STR(L, address, "address", JF_OMIT_EMPTY),
    JF_STR(L, server, "server", JF_OMIT_EMPTY),
    JF_STR(L, server_mac, "server_mac", JF_OMIT_EMPTY),
    JF_STRV(L, routes, "routes", JF_OMIT_EMPTY),
    JF_STRV(L, servers, "servers", JF_OMIT_EMPTY),
    JF_STR(L, domain, "domain", JF_OMIT_EMPTY),
    JF_BOOL(L, broadcast, "broadcast", JF_OMIT_EMPTY),
    JF_BOOL(L, no_default, "no_default", JF_OMIT_EMPTY),
    JF_I64(L, lease, "lease", JF_OMIT_EMPTY),
    JF_I64(L, t1, "t1", JF_OMIT_EMPTY),
    JF_I64(L, t2, "t2", JF_OMIT_EMPTY),
    JF_I64(L, metric, "metric", JF_OMIT_EMPTY),
    JF_I64(L, mtu, "mtu", JF_OMIT_EMPTY),
    JF_I64(L, iaid, "iaid", JF_OMIT_EMPTY),
    JF_I64(L, since, "since", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type dhcp_lease_type = JSON_TYPE(L, lease_rows);

#define S struct dhcp_leases
static const struct json_field leases_rows[] = {
    JF_LIST(S, leases, "leases", JF_OMIT_EMPTY, &dhcp_lease_type),
    { 0 },
};
const struct json_type dhcp_leases_type = JSON_TYPE(S, leases_rows);

static char *text(struct arena *a, struct in_addr ip)
{
    char out[INET_ADDRSTRLEN] = "";

    inet_ntop(AF_INET, &ip, out, sizeof(out));
    return arena_strdup(a, out);
}

static bool on_link(const struct dhcp_reply *r, struct in_addr ip)
{
    uint32_t mask = r->prefix ? ~0u << (32 - r->prefix) : 0;

    return !((ntohl(ip.s_addr) ^ ntohl(r->address.s_addr)) & mask);
}

/* A gateway that the subnet does not have in it needs a route of its own, before the one that leads to it. */
static char **routes_text(struct arena *a, const struct dhcp_lease *l, const struct dhcp_reply *r)
{
    char **out = NULL;

    for (size_t i = 0; i < r->n_routes; i++) {
        const struct dhcp_route *x = &r->routes[i];
        if (l->no_default && !x->prefix)
            continue;
        if (x->gateway.s_addr && !on_link(r, x->gateway)) {
            char *own = arena_printf(a, "%s/32 0.0.0.0", text(a, x->gateway));
            if (!strv_has(out, own))
                out = strv_add(a, out, own);
        }
        out = strv_add(a, out,
                       arena_printf(a, "%s/%u %s", text(a, x->to), x->prefix, text(a, x->gateway)));
    }
    return out;
}

void dhcp_lease_set(struct arena *a, struct dhcp_lease *l, const struct dhcp_reply *r,
                    const uint8_t server_mac[6], int64_t now)
{
    l->address = arena_printf(a, "%s/%u", text(a, r->address), r->prefix);
    l->server = text(a, r->server);
    l->server_mac = arena_printf(a, "%02x:%02x:%02x:%02x:%02x:%02x", server_mac[0], server_mac[1],
                                 server_mac[2], server_mac[3], server_mac[4], server_mac[5]);
    l->routes = routes_text(a, l, r);
    l->servers = NULL;
    for (size_t i = 0; i < r->n_servers; i++)
        l->servers = strv_add(a, l->servers, text(a, r->servers[i]));
    l->domain = *r->domain ? arena_strdup(a, r->domain) : NULL;
    l->lease = r->lease;
    l->t1 = r->t1;
    l->t2 = r->t2;
    l->mtu = r->mtu;
    l->since = now;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool dhcp_mac(const char *s, uint8_t ret[6])
{
    uint8_t out[6];

    if (!s || strlen(s) != 17)
        return false;
    for (size_t i = 0; i < 6; i++) {
        int high = digit(s[i * 3]), low = digit(s[i * 3 + 1]);
        if (high < 0 || low < 0 || (i < 5 && s[i * 3 + 2] != ':'))
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(ret, out, 6);
    return true;
}

bool dhcp_net(const char *s, struct in_addr *ret, unsigned *ret_prefix)
{
    const char *slash = s ? strchrnul(s, '/') : NULL;
    char ip[INET_ADDRSTRLEN];
    uint64_t prefix = 32;

    if (!slash || slash - s >= (ptrdiff_t)sizeof(ip) ||
        (*slash && parse_u64(slash + 1, 32, &prefix) < 0))
        return false;
    snprintf(ip, sizeof(ip), "%.*s", (int)(slash - s), s);
    *ret_prefix = (unsigned)prefix;
    return inet_pton(AF_INET, ip, ret) == 1;
}

bool dhcp_lease_message(const struct dhcp_lease *l, struct dhcp_message *ret)
{
    size_t n = l->id ? strlen(l->id) : 0;

    *ret = (struct dhcp_message) { .broadcast = l->broadcast, .host_name = l->host_name };
    if (n < 4 || n % 2 || n > 2 * DHCP_ID_MAX || !dhcp_mac(l->mac, ret->mac))
        return false;
    for (size_t i = 0; i < n; i += 2) {
        int high = digit(l->id[i]), low = digit(l->id[i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret->id[ret->n_id++] = (uint8_t)(high << 4 | low);
    }
    return true;
}
