/* podman network create, ls, inspect */
#include "cli/networks/commands.h"

#include "base/parse.h"
#include "cli/containers/select.h"
#include "cli/format.h"
#include "engine/networks.h"
#include "engine/options_net.h"

#include "base/banned.h"

/* ---------- create ---------- */

struct create_args {
    char *driver, *interface_name, *ipam_driver;
    char **dns, **gateway, **ip_range, **label, **opt, **route, **subnet;
    bool disable_dns, ignore, internal, ipv6;
};

static int fill_subnets(struct cmd_ctx *x, const struct create_args *o, struct network *n)
{
    size_t subnets = strv_len(o->subnet);

    struct ip_addr ip;

    for (char **g = o->gateway; g && *g; g++)
        if (**g && ip_parse(*g, &ip) < 0)
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "invalid argument \"%s\" for \"--gateway\" flag: invalid string being "
                           "converted to IP address: %s",
                           *g, *g);
    if (!subnets && (o->ip_range || o->gateway))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "cannot set gateway or range without subnet");
    if (strv_len(o->gateway) > subnets || strv_len(o->ip_range) > subnets)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "cannot set more %s than subnets",
                       strv_len(o->gateway) > subnets ? "gateways" : "ranges");
    for (size_t i = 0; i < subnets; i++) {
        struct network_subnet *s = LIST_ADD(x->arena, n->subnets);
        s->subnet = o->subnet[i];
        if (i < strv_len(o->gateway) && *o->gateway[i])
            s->gateway = o->gateway[i];
        if (i < strv_len(o->ip_range) && *o->ip_range[i]) {
            s->lease_range = arena_alloc(x->arena, sizeof(*s->lease_range));
            int r = network_range_parse(x->arena, o->ip_range[i], s->lease_range, x->err);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

/* --route DESTINATION,GATEWAY[,METRIC] or DESTINATION,blackhole|unreachable|prohibit[,METRIC] */
static int fill_routes(struct cmd_ctx *x, const struct create_args *o, struct network *n)
{
    for (char **p = o->route; p && *p; p++) {
        char **f = strv_split(x->arena, *p, ',');
        size_t k = strv_len(f);
        uint32_t metric = 0;
        if (k < 2 || k > 3 || (k == 3 && parse_u32(f[2], &metric) < 0))
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "invalid route: %s\nFormat: --route <destination>,<gateway>[,<metric>] "
                           "or --route <destination>,<blackhole|unreachable|prohibit>[,<metric>]",
                           *p);
        struct network_route *r = LIST_ADD(x->arena, n->routes);
        r->destination = f[0];
        if (STR_IN(f[1], "blackhole", "unreachable", "prohibit"))
            r->route_type = f[1];
        else
            r->gateway = f[1];
        if (k == 3) {
            int64_t v = metric;
            r->metric = arena_memdup(x->arena, &v, sizeof(v));
        }
    }
    return 0;
}

static int fill_pairs(struct cmd_ctx *x, char *const *v, kv_list *out, bool value)
{
    for (; v && *v; v++) {
        const char *eq = strchrnul(*v, '=');
        if (value && !*eq)
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "invalid network option \"%s\": must be key=value", *v);
        kv_set(x->arena, out, arena_strndup(x->arena, *v, (size_t)(eq - *v)), *eq ? eq + 1 : "");
    }
    return 0;
}

static int create_run(struct cmd_ctx *x, void *args)
{
    const struct create_args *o = args;
    struct network n = { .name = x->nargs ? x->args[0] : NULL,
                         .driver = o->driver,
                         .interface = o->interface_name,
                         .internal = o->internal,
                         .dns_enabled = !o->disable_dns,
                         .dns_servers = o->dns };
    struct engine *e = cmd_engine(x);
    if (!e)
        return -EIO;

    int r = fill_subnets(x, o, &n);
    if (r == 0)
        r = fill_routes(x, o, &n);
    if (r == 0)
        r = fill_pairs(x, o->label, &n.labels, false);
    if (r == 0)
        r = fill_pairs(x, o->opt, &n.options, true);
    if (r == 0 && o->ipam_driver)
        kv_set(x->arena, &n.ipam_options, "driver", o->ipam_driver);
    if (r == 0)
        r = networks_create(e, x->arena, &n, o->ipv6, o->ignore, x->err);
    if (r == 0)
        puts(n.name);
    return r;
}

#define A struct create_args
static const struct opt create_opts[] = {
    O_BOOL(0, "disable-dns", A, disable_dns, "Disable dns plugin"),
    O_SLICE(0, "dns", A, dns, "ip", "DNS servers this network will use"),
    O_STR('d', "driver", A, driver, "driver", "Driver to manage the network", .def = "bridge",
          .choices = "bridge|macvlan|ipvlan"),
    O_SLICE(0, "gateway", A, gateway, "ip", "IPv4 or IPv6 gateway for the subnet"),
    O_BOOL(0, "ignore", A, ignore, "Don't fail if network already exists"),
    O_STR(0, "interface-name", A, interface_name, "name",
          "Interface name which is used by the driver"),
    O_BOOL(0, "internal", A, internal, "Restrict external access from this network"),
    O_STRV(0, "ip-range", A, ip_range, "range", "Allocate container IP from range"),
    O_STR(0, "ipam-driver", A, ipam_driver, "driver",
          "IP Address Management Driver: dhcp takes IPv4 addresses from a server on the network",
          .choices = "host-local|dhcp|none"),
    O_BOOL(0, "ipv6", A, ipv6, "Enable IPv6 networking"),
    O_STRV(0, "label", A, label, "key=value", "Set metadata on a network"),
    O_STRV('o', "opt", A, opt, "key=value", "Set driver specific options"),
    O_STRV(0, "route", A, route, "destination,gateway[,metric]", "Static routes"),
    O_STRV(0, "subnet", A, subnet, "subnet", "Subnets in CIDR format"),
    { 0 },
};
#undef A
static const struct opt *const create_tables[] = { create_opts, NULL };
static const char *const create_examples[] = { "podman network create podman1",
                                               "podman network create --ipv6 -o isolate=true front",
                                               "podman network create -d macvlan --interface-name "
                                               "eth0 --subnet 192.0.2.0/24 lan",
                                               "podman network create -d macvlan --interface-name "
                                               "eth0 --ipam-driver dhcp lan",
                                               NULL };
extern const struct cmd cmd_network_create, cmd_network_ls, cmd_network_inspect;
const struct cmd cmd_network_create = {
    .name = "create",
    .summary = "Create networks for containers and pods",
    .usage = "[options] [NAME]",
    .description =
        "Creates a network and prints its name.\n\nOn a macvlan or ipvlan network without "
        "--subnet, and "
        "on a bridge with --opt mode=unmanaged and --ipam-driver dhcp, containers have IPv4 "
        "address, routes and name servers from the network's own DHCP server: each start asks it, "
        "for ten seconds at most, and the lease is kept as long as the container runs and given "
        "back at its end. With --ipv6 it asks a DHCPv6 server for an address too, and routes come "
        "from "
        "the network's router advertisements. Container names are not answered on it.",
    .examples = create_examples,
    .max_args = 1,
    .opts = create_tables,
    .args_size = sizeof(struct create_args),
    .run = create_run,
};

/* ---------- ls ---------- */

struct ls_args {
    char **filter;
    char *format;
    bool no_trunc, noheading, quiet;
};

static const struct cli_header headers[] = {
    { "ID", "NETWORK ID" },
    { "NetworkInterface", "NETWORK INTERFACE" },
    { "IPv6Enabled", "IPV6 ENABLED" },
    { "DNSEnabled", "DNS ENABLED" },
    { "NetworkDNSServers", "NETWORK DNS SERVERS" },
    { "IPAMOptions", "IPAM OPTIONS" },
    { NULL, NULL },
};

/* Labels as Docker prints them. */
static void flat_labels(struct cmd_ctx *x, const struct network *n, json_t *doc)
{
    char **v = NULL;

    for (size_t i = 0; i < n->labels.n; i++)
        v = strv_add(
            x->arena, v,
            arena_printf(x->arena, "%s=%s", n->labels.items[i].key, n->labels.items[i].val));
    char *text = strv_join(x->arena, v, ",");
    json_object_del(doc, "labels");
    json_object_set_new(doc, "Labels", json_string(text ? text : ""));
}

static int ls_run(struct cmd_ctx *x, void *args)
{
    const struct ls_args *o = args;
    struct network_list list = { 0 };
    struct engine *e = cmd_engine(x);
    bool json = o->format && cli_format_is_json(o->format);
    AUTO_JSON *rows = json_array();
    if (!e)
        return -EIO;

    int r = networks_list(e, x->arena, o->filter, &list, x->err);
    for (size_t i = 0; r == 0 && i < list.n; i++) {
        if (o->quiet && !o->format) {
            puts(list.items[i].name);
            continue;
        }
        json_t *doc = networks_document(e, x->arena, &list.items[i], false, x->err);
        if (!json) {
            networks_template_names(doc, !o->no_trunc);
            flat_labels(x, &list.items[i], doc);
        }
        json_array_append_new(rows, doc);
    }
    if (r < 0 || (o->quiet && !o->format))
        return r;
    struct cli_list how = { .format = o->format,
                            .def = "table {{.ID}}\t{{.Name}}\t{{.Driver}}",
                            .title = "network ls",
                            .headers = headers,
                            .no_heading = o->noheading,
                            .indent = 5 };
    return cli_print_list(rows, &how, x->err);
}

static const struct opt ls_opts[] = {
    O_STRV('f', "filter", struct ls_args, filter, "key=value",
           "Provide filter values (e.g. 'name=podman')"),
    O_STR(0, "format", struct ls_args, format, "format",
          "Pretty-print networks to JSON or using a Go template"),
    O_BOOL(0, "no-trunc", struct ls_args, no_trunc, "Do not truncate the network ID"),
    O_BOOL('n', "noheading", struct ls_args, noheading, "Do not print headers"),
    O_BOOL('q', "quiet", struct ls_args, quiet, "Display only names"),
    { 0 },
};
static const struct opt *const ls_tables[] = { ls_opts, NULL };
static const char *const ls_aliases[] = { "list", NULL };
const struct cmd cmd_network_ls = {
    .name = "ls",
    .aliases = ls_aliases,
    .summary = "List networks",
    .usage = "[options]",
    .description = "Lists networks.",
    .opts = ls_tables,
    .args_size = sizeof(struct ls_args),
    .run = ls_run,
};

/* ---------- inspect ---------- */

struct inspect_args {
    char *format;
};

static int inspect_run(struct cmd_ctx *x, void *args)
{
    const struct inspect_args *o = args;
    struct engine *e = cmd_engine(x);
    bool json = !o->format || cli_format_is_json(o->format);
    AUTO_JSON *docs = json_array();
    int code = 0;
    if (!e)
        return -EIO;

    for (char **name = x->args; *name; name++) {
        struct network n;
        json_t *doc = NULL;
        if (networks_find(e, x->arena, *name, &n, x->err) == 0)
            doc = networks_document(e, x->arena, &n, true, x->err);
        if (!doc) {
            code = 125;
            if (x->err->kind == ERR_NOT_FOUND) {
                fprintf(stderr, "Error: network %s: %s\n", *name, x->err->msg);
                err_clear(x->err);
            } else
                print_error(x->err);
            continue;
        }
        if (!json)
            networks_template_names(doc, false);
        json_array_append_new(docs, doc);
    }
    struct cli_list how = { .format = o->format, .title = "inspect", .indent = 5 };
    int r = json_array_size(docs) || json ? cli_print_list(docs, &how, x->err) : 0;
    return r < 0 ? r : code;
}

static const struct opt inspect_opts[] = {
    O_STR('f', "format", struct inspect_args, format, "format",
          "Pretty-print network to JSON or using a Go template"),
    { 0 },
};
static const struct opt *const inspect_tables[] = { inspect_opts, NULL };
const struct cmd cmd_network_inspect = {
    .name = "inspect",
    .summary = "Inspect network",
    .usage = "[options] NETWORK [NETWORK...]",
    .description = "Displays the configuration of networks and the containers that run on them.",
    .min_args = 1,
    .max_args = -1,
    .complete = COMPLETE_NETWORK,
    .opts = inspect_tables,
    .args_size = sizeof(struct inspect_args),
    .run = inspect_run,
};
