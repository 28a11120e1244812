/* Networks.  Docker calls the usual one "bridge". */
#include <sys/socket.h>

#include "api/documents.h"
#include "api/route.h"
#include "base/parse.h"
#include "engine/networks.h"
#include "engine/options_net.h"

#include "base/banned.h"

/* ---------- documents ---------- */

static json_t *ipam_of(const struct network *n)
{
    json_t *config = json_array();
    const char *driver = kv_get(&n->ipam_options, "driver");

    for (size_t i = 0; i < n->subnets.n; i++) {
        const struct network_subnet *s = &n->subnets.items[i];
        json_t *one = json_pack("{s:s}", "Subnet", s->subnet);
        if (!str_empty(s->gateway))
            json_object_set_new(one, "Gateway", json_string(s->gateway));
        if (s->lease_range && !str_empty(s->lease_range->start_ip))
            json_object_set_new(one, "IPRange",
                                json_sprintf("%s-%s", s->lease_range->start_ip,
                                             s->lease_range->end_ip ? s->lease_range->end_ip : ""));
        json_array_append_new(config, one);
    }
    return json_pack("{s:s,s:{},s:o}", "Driver",
                     !driver || STR_EQ(driver, "host-local") ? "default" : driver, "Options",
                     "Config", config);
}

/* Podman's "containers" as Docker shows them. */
static json_t *containers_of(const json_t *doc)
{
    json_t *out = json_object(), *value, *face, *subnet;
    const char *id, *name;
    size_t i;

    json_object_foreach (json_object_get(doc, "containers"), id, value) {
        json_t *one = json_pack("{s:O?,s:s,s:s,s:s,s:s}", "Name", json_object_get(value, "name"),
                                "EndpointID", "", "MacAddress", "", "IPv4Address", "",
                                "IPv6Address", "");
        json_object_foreach (json_object_get(value, "interfaces"), name, face) {
            json_object_set(one, "MacAddress", json_object_get(face, "mac_address"));
            json_array_foreach (json_object_get(face, "subnets"), i, subnet) {
                json_t *ip = json_object_get(subnet, "ipnet");
                const char *text = json_string_value(ip);
                json_object_set(one, text && strchr(text, ':') ? "IPv6Address" : "IPv4Address", ip);
            }
        }
        json_object_set_new(out, id, one);
    }
    return out;
}

static json_t *docker_doc(struct request *r, const struct network *n, bool containers)
{
    AUTO_JSON *doc = containers ? networks_document(request_engine(r), r->arena, n, true, r->err)
                                : NULL;

    return json_pack("{s:s,s:s,s:o,s:s,s:s,s:b,s:b,s:o,s:b,s:b,s:b,s:{s:s},s:b,s:o,s:o,s:o}",
                     "Name", docker_network(r, n->name), "Id", n->id, "Created",
                     doc_time(n->created), "Scope", "local", "Driver", n->driver, "EnableIPv4", 1,
                     "EnableIPv6", n->ipv6_enabled, "IPAM", ipam_of(n), "Internal", n->internal,
                     "Attachable", 0, "Ingress", 0, "ConfigFrom", "Network", "", "ConfigOnly", 0,
                     "Containers", containers_of(doc), "Options", doc_map(&n->options), "Labels",
                     doc_map(&n->labels));
}

/* Docker's name for a network as ours. */
static const char *own_name(struct request *r, const char *name)
{
    const char *usual = usual_network(r);

    return !r->libpod && STR_EQ(name, "bridge") ? usual : name;
}

static int find(struct request *r, struct network *n)
{
    struct engine *e = request_engine(r);

    return e ? networks_find(e, r->arena, own_name(r, r->vars[0]), n, r->err) : -EIO;
}

/* ---------- looks ---------- */

struct filter_query {
    char **filters;
};
static const struct query_field filter_fields[] = {
    QF_FILTERS(struct filter_query, filters),
    { 0 },
};

/* Filters of Docker's that ours do not know: all networks here are local ones. */
static char **own_filters(struct request *r, char *const *filters)
{
    char **out = NULL;

    for (; filters && *filters; filters++) {
        if (!r->libpod && STR_IN(*filters, "scope=local", "type=custom", "type=builtin"))
            continue;
        out = strv_add(r->arena, out,
                       STR_EQ(*filters, "name=bridge") && !r->libpod
                           ? arena_printf(r->arena, "name=%s", usual_network(r))
                           : *filters);
    }
    return out;
}

static int list(struct request *r, const void *query)
{
    const struct filter_query *q = query;
    struct engine *e = request_engine(r);
    struct network_list found = { 0 };
    int res = e ? networks_list(e, r->arena, own_filters(r, q->filters), &found, r->err) : -EIO;

    if (res < 0)
        return res;
    json_t *out = json_array();
    for (size_t i = 0; i < found.n; i++)
        json_array_append_new(
            out, r->libpod ? networks_document(e, r->arena, &found.items[i], false, r->err)
                           : docker_doc(r, &found.items[i], false));
    return reply_json(r, 200, out);
}

static int inspect(struct request *r, const void *query)
{
    struct network n = { 0 };
    int res = find(r, &n);

    (void)query;
    if (res < 0)
        return res;
    json_t *doc = r->libpod ? networks_document(request_engine(r), r->arena, &n, true, r->err)
                            : docker_doc(r, &n, true);
    return doc ? reply_json(r, 200, doc) : -EIO;
}

static int exists(struct request *r, const void *query)
{
    struct network n = { 0 };
    int res = find(r, &n);

    (void)query;
    return res < 0 ? res : reply_empty(r, 204);
}

/* ---------- create ---------- */

struct pool_body {
    char *subnet, *range, *gateway;
};
struct ipam_body {
    char *driver;
    JSON_LIST(struct pool_body) config;
    kv_list options;
};
struct create_body {
    char *name, *driver;
    bool internal, ipv6, *check_duplicate;
    struct ipam_body ipam;
    kv_list options, labels;
};
static const struct json_field pool_rows[] = {
    JF_STR(struct pool_body, subnet, "Subnet", 0),
    JF_STR(struct pool_body, range, "IPRange", 0),
    JF_STR(struct pool_body, gateway, "Gateway", 0),
    { 0 },
};
static const struct json_type pool_type = JSON_TYPE(struct pool_body, pool_rows);
static const struct json_field ipam_rows[] = {
    JF_STR(struct ipam_body, driver, "Driver", 0),
    JF_LIST(struct ipam_body, config, "Config", 0, &pool_type),
    JF_MAP(struct ipam_body, options, "Options", 0),
    { 0 },
};
static const struct json_type ipam_type = JSON_TYPE(struct ipam_body, ipam_rows);
static const struct json_field create_rows[] = {
    JF_STR(struct create_body, name, "Name", JF_REQUIRED),
    JF_STR(struct create_body, driver, "Driver", 0),
    JF_BOOL(struct create_body, internal, "Internal", 0),
    JF_BOOL(struct create_body, ipv6, "EnableIPv6", 0),
    JF_OBJ(struct create_body, ipam, "IPAM", 0, &ipam_type),
    JF_MAP(struct create_body, options, "Options", 0),
    JF_MAP(struct create_body, labels, "Labels", 0),
    { 0 },
};
static const struct json_type create_type = JSON_TYPE(struct create_body, create_rows);

/* Docker's names of driver options; those that mean nothing here are left out, as Podman does. */
static void docker_options(struct request *r, const kv_list *given, struct network *n)
{
    for (size_t i = 0; i < given->n; i++) {
        const struct kv *o = &given->items[i];
        if (STR_EQ(o->key, "com.docker.network.bridge.name"))
            n->interface = o->val;
        else if (STR_EQ(o->key, "com.docker.network.driver.mtu"))
            kv_set(r->arena, &n->options, "mtu", o->val);
        else if (STR_EQ(o->key, "parent"))
            n->interface = o->val;
        else if (!str_starts(o->key, "com.docker.network."))
            kv_set(r->arena, &n->options, o->key, o->val);
    }
}

static int docker_subnets(struct request *r, const struct ipam_body *ipam, struct network *n)
{
    for (size_t i = 0; i < ipam->config.n; i++) {
        const struct pool_body *p = &ipam->config.items[i];
        if (str_empty(p->subnet)) {
            if (!str_empty(p->gateway) || !str_empty(p->range))
                return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                               "cannot set gateway or range without subnet");
            continue;
        }
        struct network_subnet *s = LIST_ADD(r->arena, n->subnets);
        s->subnet = p->subnet;
        s->gateway = str_empty(p->gateway) ? NULL : p->gateway;
        if (str_empty(p->range))
            continue;
        s->lease_range = arena_alloc(r->arena, sizeof(*s->lease_range));
        int res = network_range_parse(r->arena, p->range, s->lease_range, r->err);
        if (res < 0)
            return res;
    }
    return 0;
}

static int create_docker(struct request *r)
{
    struct create_body b = { 0 };
    AUTO_JSON *doc = NULL;
    int res = request_body(r, &create_type, &b, false, &doc);

    if (res < 0)
        return res;
    struct network n = { .name = b.name,
                         .driver = str_empty(b.driver) || STR_EQ(b.driver, "default")
                                       ? arena_strdup(r->arena, "bridge")
                                       : b.driver,
                         .internal = b.internal,
                         .dns_enabled = true,
                         .labels = b.labels };
    docker_options(r, &b.options, &n);
    res = docker_subnets(r, &b.ipam, &n);
    if (res == 0 && !str_empty(b.ipam.driver) && !STR_EQ(b.ipam.driver, "default"))
        kv_set(r->arena, &n.ipam_options, "driver", b.ipam.driver);
    if (res == 0)
        res = networks_create(request_engine(r), r->arena, &n, b.ipv6, false, r->err);
    return res < 0 ? res : reply_json(r, 201, json_pack("{s:s,s:s}", "Id", n.id, "Warning", ""));
}

struct create_query {
    bool ignore;
};
static const struct query_field create_fields[] = {
    QF_BOOL(struct create_query, ignore, "ignoreIfExists", NULL),
    { 0 },
};

static int create(struct request *r, const void *query)
{
    const struct create_query *q = query;
    struct network n = { 0 };
    AUTO_JSON *doc = NULL;

    if (!request_engine(r))
        return -EIO;
    if (!r->libpod)
        return create_docker(r);
    doc = request_json(r, true);
    if (!doc)
        return -EINVAL;
    json_object_set_new(doc, "id", json_string("")); /* ours to choose */
    json_object_del(doc, "created");
    if (str_empty(json_string_value(json_object_get(doc, "driver"))))
        json_object_set_new(doc, "driver", json_string("bridge"));
    int res = json_read_nocase(r->arena, doc, &network_type, &n, r->err);
    n.id = NULL;
    if (res == 0)
        res = networks_create(request_engine(r), r->arena, &n, n.ipv6_enabled, q->ignore, r->err);
    if (res == 0)
        res = networks_find(request_engine(r), r->arena, n.name, &n, r->err);
    if (res < 0)
        return res;
    return reply_json(r, 200, networks_document(request_engine(r), r->arena, &n, false, r->err));
}

/* ---------- removal ---------- */

struct remove_query {
    bool force;
    int64_t timeout;
};
static const struct query_field remove_fields[] = {
    QF_BOOL(struct remove_query, force, "force", NULL),
    QF_I64(struct remove_query, timeout, "timeout", "-2"),
    { 0 },
};

static int remove_it(struct request *r, const void *query)
{
    const struct remove_query *q = query;
    struct network n = { 0 };
    int res = find(r, &n);

    if (res == 0)
        res = networks_remove(request_engine(r), r->arena, n.name, q->force, q->timeout, r->err);
    if (res < 0 && r->err->kind == ERR_IN_USE && !r->libpod)
        r->err->kind = ERR_DENIED; /* Docker's status is 403 */
    if (res < 0)
        return res;
    return r->libpod ? reply_json(r, 200, json_pack("[{s:s,s:n}]", "Name", n.name, "Err"))
                     : reply_empty(r, 204);
}

static int prune(struct request *r, const void *query)
{
    const struct filter_query *q = query;
    struct engine *e = request_engine(r);
    char **names = NULL;
    int res = e ? networks_prune(e, r->arena, q->filters, &names, r->err) : -EIO;

    if (res < 0)
        return res;
    if (!r->libpod)
        return reply_json(r, 200, json_pack("{s:o}", "NetworksDeleted", doc_strings(names, false)));
    json_t *out = json_array();
    for (; names && *names; names++)
        json_array_append_new(out, json_pack("{s:s,s:n}", "Name", *names, "Error"));
    return reply_json(r, 200, out);
}

/* ---------- connect ---------- */

struct address_body {
    char *ip4, *ip6;
};
struct endpoint_body {
    struct address_body ipam;
    char **aliases, *mac;
};
struct connect_body {
    char *container;
    struct endpoint_body endpoint;
    char **ips, **aliases, *mac, *interface; /* libpod */
    bool force;
};
static const struct json_field address_rows[] = {
    JF_STR(struct address_body, ip4, "IPv4Address", 0),
    JF_STR(struct address_body, ip6, "IPv6Address", 0),
    { 0 },
};
static const struct json_type address_type = JSON_TYPE(struct address_body, address_rows);
static const struct json_field endpoint_rows[] = {
    JF_OBJ(struct endpoint_body, ipam, "IPAMConfig", 0, &address_type),
    JF_STRV(struct endpoint_body, aliases, "Aliases", 0),
    JF_STR(struct endpoint_body, mac, "MacAddress", 0),
    { 0 },
};
static const struct json_type endpoint_type = JSON_TYPE(struct endpoint_body, endpoint_rows);
static const struct json_field connect_rows[] = {
    JF_STR(struct connect_body, container, "Container", JF_REQUIRED),
    JF_OBJ(struct connect_body, endpoint, "EndpointConfig", 0, &endpoint_type),
    JF_STRV(struct connect_body, ips, "static_ips", 0),
    JF_STRV(struct connect_body, aliases, "aliases", 0),
    JF_STR(struct connect_body, mac, "static_mac", 0),
    JF_STR(struct connect_body, interface, "interface_name", 0),
    JF_BOOL(struct connect_body, force, "Force", 0),
    { 0 },
};
static const struct json_type connect_type = JSON_TYPE(struct connect_body, connect_rows);

/* The container of the body has to be one that the socket shows. */
static int read_connect(struct request *r, struct connect_body *b, json_t **doc)
{
    struct container c;
    int res = request_body(r, &connect_type, b, false, doc);

    if (res == 0 && !request_engine(r))
        res = -EIO;
    if (res == 0)
        res = request_find(r, b->container, &c);
    if (res == 0)
        b->container = c.config.id;
    return res;
}

static int connect_it(struct request *r, const void *query)
{
    struct connect_body b = { 0 };
    AUTO_JSON *doc = NULL;
    int res = read_connect(r, &b, &doc);

    (void)query;
    if (!str_empty(b.endpoint.ipam.ip4))
        b.ips = strv_add(r->arena, b.ips, b.endpoint.ipam.ip4);
    if (!str_empty(b.endpoint.ipam.ip6))
        b.ips = strv_add(r->arena, b.ips, b.endpoint.ipam.ip6);
    struct container_network how = { .ips = b.ips,
                                     .aliases = b.aliases ? b.aliases : b.endpoint.aliases,
                                     .mac = !str_empty(b.mac)            ? b.mac
                                            : !str_empty(b.endpoint.mac) ? b.endpoint.mac
                                                                         : NULL,
                                     .interface = str_empty(b.interface) ? NULL : b.interface };
    for (char **p = how.ips; res == 0 && p && *p; p++)
        res = option_ip(*p, 0, r->err);
    if (res == 0 && how.mac)
        res = option_mac(how.mac, r->err);
    if (res == 0)
        res = networks_connect(request_engine(r), r->arena, own_name(r, r->vars[0]), b.container,
                               &how, r->err);
    if (res < 0 && r->err->kind == ERR_CONFLICT && !r->libpod)
        r->err->kind = ERR_DENIED;
    return res < 0 ? res : reply_text(r, 200, "OK");
}

static int disconnect(struct request *r, const void *query)
{
    struct connect_body b = { 0 };
    AUTO_JSON *doc = NULL;
    int res = read_connect(r, &b, &doc);

    (void)query;
    if (res == 0)
        res = networks_disconnect(request_engine(r), r->arena, own_name(r, r->vars[0]), b.container,
                                  b.force, r->err);
    return res < 0 ? res : reply_text(r, 200, "OK");
}

struct update_body {
    char **add, **drop;
};
static const struct json_field update_rows[] = {
    JF_STRV(struct update_body, add, "adddnsservers", 0),
    JF_STRV(struct update_body, drop, "removednsservers", 0),
    { 0 },
};
static const struct json_type update_type = JSON_TYPE(struct update_body, update_rows);

static int update(struct request *r, const void *query)
{
    struct update_body b = { 0 };
    AUTO_JSON *doc = NULL;
    int res = request_body(r, &update_type, &b, false, &doc);

    (void)query;
    if (res == 0)
        res = request_engine(r)
                  ? networks_update(request_engine(r), r->arena, r->vars[0], b.add, b.drop, r->err)
                  : -EIO;
    return res < 0 ? res : reply_empty(r, 200);
}

#define Q(m, p, fl, fn, T, f) ROUTE_Q(m, p, fl, fn, struct T, f)
const struct route network_routes[] = {
    Q("GET", "/networks", ROUTE_COMPAT, list, filter_query, filter_fields),
    Q("GET", "/networks/json", ROUTE_LIBPOD, list, filter_query, filter_fields),
    Q("POST", "/networks/create", ROUTE_BOTH, create, create_query, create_fields),
    Q("POST", "/networks/prune", ROUTE_BOTH, prune, filter_query, filter_fields),
    ROUTE("GET", "/networks/{name}", ROUTE_BOTH, inspect),
    ROUTE("GET", "/networks/{name}/json", ROUTE_LIBPOD, inspect),
    ROUTE("GET", "/networks/{name}/exists", ROUTE_LIBPOD, exists),
    ROUTE("POST", "/networks/{name}/connect", ROUTE_BOTH, connect_it),
    ROUTE("POST", "/networks/{name}/disconnect", ROUTE_BOTH, disconnect),
    ROUTE("POST", "/networks/{name}/update", ROUTE_LIBPOD, update),
    Q("DELETE", "/networks/{name}", ROUTE_BOTH, remove_it, remove_query, remove_fields),
    { 0 },
};
