#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/parse.h"
#include "net/network.h"

#include "base/banned.h"

#define DEFAULT_ID "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9"

/* ---------- the document ---------- */

#define T struct network_range
static const struct json_field range_rows[] = {
    JF_STR(T, start_ip, "start_ip", JF_OMIT_EMPTY),
    JF_STR(T, end_ip, "end_ip", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type range_type = JSON_TYPE(T, range_rows);
#undef T

#define T struct network_subnet
static const struct json_field subnet_rows[] = {
    JF_STR(T, subnet, "subnet", JF_REQUIRED),
    JF_STR(T, gateway, "gateway", JF_OMIT_EMPTY),
    JF_PTR(T, lease_range, "lease_range", JF_OMIT_EMPTY, &range_type),
    { 0 },
};
static const struct json_type subnet_type = JSON_TYPE(T, subnet_rows);
#undef T

#define T struct network_route
static const struct json_field route_rows[] = {
    JF_STR(T, destination, "destination", JF_REQUIRED),
    JF_STR(T, gateway, "gateway", JF_OMIT_EMPTY),
    JF_PI64(T, metric, "metric", JF_OMIT_EMPTY),
    JF_STR(T, route_type, "route_type", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type route_type = JSON_TYPE(T, route_rows);
#undef T

#define T struct network
static const struct json_field network_rows[] = {
    JF_STR(T, name, "name", JF_REQUIRED),
    JF_STR(T, id, "id", JF_REQUIRED),
    JF_STR(T, driver, "driver", JF_REQUIRED),
    JF_STR(T, interface, "network_interface", JF_OMIT_EMPTY),
    JF_TIME(T, created, "created", 0),
    JF_LIST(T, subnets, "subnets", JF_OMIT_EMPTY, &subnet_type),
    JF_LIST(T, routes, "routes", JF_OMIT_EMPTY, &route_type),
    JF_BOOL(T, ipv6_enabled, "ipv6_enabled", 0),
    JF_BOOL(T, internal, "internal", 0),
    JF_BOOL(T, dns_enabled, "dns_enabled", 0),
    JF_STRV(T, dns_servers, "network_dns_servers", JF_OMIT_EMPTY),
    JF_MAP(T, labels, "labels", JF_OMIT_EMPTY),
    JF_MAP(T, options, "options", JF_OMIT_EMPTY),
    JF_MAP(T, ipam_options, "ipam_options", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type network_type = JSON_TYPE(T, network_rows);
#undef T

bool network_name_valid(const char *name)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    return *name && strchr(first, *name) && strlen(name) < 250 &&
           name[strspn(
               name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] == '\0';
}

bool network_interface_valid(const char *name)
{
    size_t n = strlen(name);

    return n && n <= 15 && !STR_IN(name, ".", "..") &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == n;
}

bool network_is_default(const struct network_store *s, const struct network *n)
{
    return STR_EQ(n->name, s->default_name);
}

const char *network_option(const struct network *n, const char *key)
{
    return kv_get(&n->options, key);
}

bool network_is_dhcp(const struct network *n)
{
    return str_same(kv_get(&n->ipam_options, "driver"), "dhcp");
}

bool network_managed(const struct network *n)
{
    const char *mode = network_option(n, "mode");

    return STR_EQ(n->driver, "bridge") && !(mode && STR_EQ(mode, "unmanaged"));
}

static int bad_file(const struct network *n, struct err *err, const char *what, const char *text)
{
    return err_set(err, ERR_BAD_PARAM, EINVAL, "network %s: %s \"%s\" is not valid", n->name, what,
                   text);
}

/* Everything that is used later as an address is one. */
static int check_addresses(const struct network *n, struct err *err)
{
    struct ip_net net;
    struct ip_addr ip;

    for (size_t i = 0; i < n->subnets.n; i++) {
        const struct network_subnet *s = &n->subnets.items[i];
        if (ip_net_parse(s->subnet, &net) < 0)
            return bad_file(n, err, "the subnet", s->subnet);
        if (s->gateway && (ip_parse(s->gateway, &ip) < 0 || !ip_net_has(&net, &ip)))
            return bad_file(n, err, "the gateway", s->gateway);
        for (int k = 0; s->lease_range && k < 2; k++) {
            const char *t = k ? s->lease_range->end_ip : s->lease_range->start_ip;
            if (t && (ip_parse(t, &ip) < 0 || !ip_net_has(&net, &ip)))
                return bad_file(n, err, "the lease range", t);
        }
    }
    for (size_t i = 0; i < n->routes.n; i++) {
        const struct network_route *r = &n->routes.items[i];
        if (ip_net_parse(r->destination, &net) < 0)
            return bad_file(n, err, "the route", r->destination);
        if (r->gateway && (ip_parse(r->gateway, &ip) < 0 || ip.family != net.addr.family))
            return bad_file(n, err, "the route's gateway", r->gateway);
    }
    for (char **p = n->dns_servers; p && *p; p++)
        if (ip_parse(*p, &ip) < 0)
            return bad_file(n, err, "the DNS server", *p);
    return 0;
}

int network_read(struct arena *a, const json_t *doc, struct network *ret, struct err *err)
{
    struct network n = { 0 };
    int r = json_read(a, doc, &network_type, &n, err);

    if (r < 0)
        return r;
    if (!network_name_valid(n.name))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "network name \"%s\" is not valid", n.name);
    if (strlen(n.id) != 64 || strspn(n.id, "0123456789abcdef") != 64)
        return bad_file(&n, err, "the ID", n.id);
    if (n.interface && !network_interface_valid(n.interface))
        return bad_file(&n, err, "the interface", n.interface);
    r = check_addresses(&n, err);
    if (r == 0)
        *ret = n;
    return r;
}

/* ---------- the directory ---------- */

static void default_network(const struct network_store *s, struct arena *a, struct network *n)
{
    struct ip_net net;
    char text[IP_TEXT_MAX];

    *n = (struct network) { .name = arena_strdup(a, s->default_name),
                            .id = arena_strdup(a, DEFAULT_ID),
                            .driver = arena_strdup(a, "bridge"),
                            .interface = arena_strdup(a, "podman0"),
                            .created = time_now() };
    struct network_subnet *sub = LIST_ADD(a, n->subnets);
    sub->subnet = arena_strdup(a, s->default_subnet);
    if (ip_net_parse(s->default_subnet, &net) == 0) {
        struct ip_addr gw = ip_next(ip_net_first(&net));
        sub->gateway = arena_strdup(a, ip_text(&gw, text));
    }
    kv_set(a, &n->ipam_options, "driver", "host-local");
}

static int load_file(const struct network_store *s, struct arena *a, const char *name,
                     struct network *ret, struct err *err)
{
    char *path = arena_printf(a, "%s/%s.json", s->path, name);
    AUTO_BUF text = { .max = LIMIT_CONFIG_FILE };
    int r = fs_read_file(AT_FDCWD, path, &text);

    if (r == -ENOENT || r == -ENOTDIR)
        return -ENOENT;
    if (r < 0)
        return err_sys(err, -r, "reading %s", path);
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, path, err);
    if (!doc)
        return -EPROTO;
    r = network_read(a, doc, ret, err);
    if (r < 0)
        return err_wrap(err, "%s", path);
    if (!STR_EQ(ret->name, name))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s: the network's name is %s", path, ret->name);
    return 0;
}

static int unknown(const char *name, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, ENOENT,
                   "unable to find network with name or ID %s: network not found", name);
}

int network_load(const struct network_store *s, struct arena *a, const char *name,
                 struct network *ret, struct err *err)
{
    int r = network_name_valid(name) ? load_file(s, a, name, ret, err) : -ENOENT;

    if (r == -ENOENT && STR_EQ(name, s->default_name)) {
        default_network(s, a, ret);
        return 0;
    }
    return r == -ENOENT ? unknown(name, err) : r;
}

static int by_name(const void *x, const void *y)
{
    return strcmp(((const struct network *)x)->name, ((const struct network *)y)->name);
}

int network_list(const struct network_store *s, struct arena *a, struct network_list *out,
                 struct err *err)
{
    DIR *d = opendir(s->path);
    bool have_default = false;

    if (!d && errno != ENOENT)
        return err_sys(err, errno, "reading %s", s->path);
    for (struct dirent *e; d && (e = readdir(d));) {
        size_t n = strlen(e->d_name);
        if (n < 6 || !str_ends(e->d_name, ".json"))
            continue;
        struct network one = { 0 };
        struct err why = { 0 };
        int r = load_file(s, a, arena_strndup(a, e->d_name, n - 5), &one, &why);
        if (r == -ENOENT)
            continue;
        if (r < 0) {
            log_warn("Error reading network config file: %s", why.msg);
            continue;
        }
        have_default |= network_is_default(s, &one);
        *LIST_ADD(a, *out) = one;
    }
    if (d)
        closedir(d);
    if (!have_default)
        default_network(s, a, LIST_ADD(a, *out));
    qsort(out->items, out->n, sizeof(*out->items), by_name);
    return 0;
}

int network_find(const struct network_store *s, struct arena *a, const char *name,
                 struct network *ret, struct err *err)
{
    struct network_list all = { 0 };
    const struct network *found = NULL;
    int r = network_name_valid(name) ? load_file(s, a, name, ret, err) : -ENOENT;

    if (r != -ENOENT)
        return r;
    if (STR_EQ(name, s->default_name)) {
        default_network(s, a, ret);
        return 0;
    }
    r = network_list(s, a, &all, err);
    for (size_t i = 0; r == 0 && i < all.n; i++) {
        if (!*name || !str_starts(all.items[i].id, name))
            continue;
        if (found)
            return err_set(err, ERR_CONFLICT, EEXIST,
                           "more than one result for network ID %s: network already exists", name);
        found = &all.items[i];
    }
    if (r == 0 && !found)
        return unknown(name, err);
    if (r == 0)
        *ret = *found;
    return r;
}

int network_write(const struct network_store *s, const struct network *n, struct err *err)
{
    AUTO_JSON *doc = json_from(&network_type, n);
    AUTO_BUF text = { 0 };
    char name[264];

    int r = fs_mkdirs(AT_FDCWD, s->path, 0755);
    AUTO_CLOSE int dir = r < 0 ? r : fs_open_dir(AT_FDCWD, s->path);
    if (dir < 0)
        return err_sys(err, -dir, "creating the networks' directory %s", s->path);
    json_text(doc, 5, &text);
    buf_putc(&text, '\n');
    snprintf(name, sizeof(name), "%s.json", n->name);
    r = fs_replace(dir, name, text.data, text.len, 0644, FS_SYNC);
    return r < 0 ? err_sys(err, -r, "writing %s/%s", s->path, name) : 0;
}

int network_unlink(const struct network_store *s, const struct network *n, struct err *err)
{
    AUTO_FREE char *path = xasprintf("%s/%s.json", s->path, n->name);

    return unlink(path) < 0 && errno != ENOENT ? err_sys(err, errno, "removing %s", path) : 0;
}

int network_range_parse(struct arena *a, const char *text, struct network_range *ret,
                        struct err *err)
{
    char t[IP_TEXT_MAX];
    struct ip_net net;
    struct ip_addr from, to;
    char **f = strv_split(a, text, '-');

    if (strv_len(f) == 2) {
        if (ip_parse(f[0], &from) < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "range start ip \"%s\" is not a ip address",
                           f[0]);
        if (ip_parse(f[1], &to) < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "range end ip \"%s\" is not a ip address",
                           f[1]);
        ret->start_ip = f[0];
        ret->end_ip = f[1];
        return 0;
    }
    if (ip_net_parse(text, &net) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid ip range \"%s\": must be a subnet or START-END", text);
    from = ip_net_first(&net);
    to = ip_net_last(&net);
    if (net.prefix <
        ip_len(&net.addr) * 8) /* the first that anybody can have, as Podman writes it */
        from = ip_next(from);
    ret->start_ip = arena_strdup(a, ip_text(&from, t));
    ret->end_ip = arena_strdup(a, ip_text(&to, t));
    return 0;
}
