#include "engine/options_net.h"

#include <sys/socket.h>

#include "base/parse.h"
#include "net/ip.h"
#include "net/network.h"

#include "base/banned.h"

enum { RANGE_MAX = 65535 };

/* "80" or "80-90". */
static int port_range(const char *text, const char *what, int64_t *ret, int64_t *ret_n,
                      struct err *err)
{
    char first[12];
    const char *dash = strchr(text, '-'), *second = dash ? dash + 1 : text;
    size_t n = dash ? (size_t)(dash - text) : strlen(text);
    uint64_t from, to;

    if (n >= sizeof(first))
        n = sizeof(first) - 1;
    memcpy(first, text, n);
    first[n] = '\0';
    if (parse_u64(first, RANGE_MAX, &from) < 0 || parse_u64(second, RANGE_MAX, &to) < 0 || !from ||
        to < from)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid %s port \"%s\": must be a number from 1 to 65535, or a range of "
                       "such: invalid argument",
                       what, text);
    *ret = (int64_t)from;
    *ret_n = (int64_t)(to - from + 1);
    return 0;
}

static int protocol(struct arena *a, const char *text, char **ret, struct err *err)
{
    char *p = arena_strdup(a, text);

    for (char *q = p; *q; q++)
        if (*q >= 'A' && *q <= 'Z')
            *q += 32;
    if (!STR_IN(p, "tcp", "udp", "sctp"))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "unrecognized protocol \"%s\" in port mapping: must be tcp, udp or sctp",
                       text);
    *ret = p;
    return 0;
}

/* Takes "/proto" off the end of @text. */
static int split_protocol(struct arena *a, char *text, char **ret, struct err *err)
{
    char *slash = strrchr(text, '/');

    if (slash)
        *slash = '\0';
    return protocol(a, slash ? slash + 1 : "tcp", ret, err);
}

/* Takes "IP:" or "[IP]:" off the beginning; *text is what follows. */
static int split_host_ip(struct arena *a, char **text, const char *whole, char **ret,
                         struct err *err)
{
    char *s = *text, *end, *colon = strchr(s, ':');
    struct ip_addr ip;
    char canonical[IP_TEXT_MAX];

    if (*s == '[') {
        end = strchr(s, ']');
        if (!end || end[1] != ':')
            return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid port format \"%s\"", whole);
        *end = '\0';
        s++;
        *text = end + 2;
    } else if (colon && (end = strchr(colon + 1, ':'))) {
        *colon = '\0';
        *text = colon + 1;
    } else
        return 0;
    if (!*s)
        return 0;
    if (ip_parse(s, &ip) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "cannot parse \"%s\" as an IP address: invalid argument", s);
    if (!ip_unspecified(&ip) || ip.family == AF_INET6)
        *ret = arena_strdup(a, ip_text(&ip, canonical));
    return 0;
}

int option_publish(struct arena *a, const char *text, struct container_port *ret, struct err *err)
{
    struct container_port p = { .range = 1 };
    char *rest = arena_strdup(a, text);
    int64_t n = 1, host_n = 1;

    int r = split_protocol(a, rest, &p.protocol, err);
    if (r == 0)
        r = split_host_ip(a, &rest, text, &p.host_ip, err);
    if (r < 0)
        return r;
    char *colon = strchr(rest, ':'), *inside = colon ? colon + 1 : rest;
    if (strchr(inside, ':'))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid port format \"%s\"", text);
    if (colon)
        *colon = '\0';
    r = port_range(inside, "container", &p.container_port, &n, err);
    bool random = !colon || !*rest || STR_EQ(rest, "0");
    if (r == 0 && !random)
        r = port_range(rest, "host", &p.host_port, &host_n, err);
    if (r == 0 && !random && n != host_n)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "container and host port ranges have different lengths: %lld vs %lld: "
                       "invalid argument",
                       (long long)n, (long long)host_n);
    p.range = n;
    if (r == 0)
        *ret = p;
    return r;
}

int option_expose(struct arena *a, const char *text, char ***list, struct err *err)
{
    char *rest = arena_strdup(a, text), *proto;
    int64_t first, n;

    int r = split_protocol(a, rest, &proto, err);
    if (r == 0)
        r = port_range(rest, "exposed", &first, &n, err);
    for (int64_t i = 0; r == 0 && i < n; i++) {
        char *one = arena_printf(a, "%lld/%s", (long long)(first + i), proto);
        if (n > 1000 || !strv_has(*list, one))
            *list = strv_add(a, *list, one);
    }
    return r;
}

/* ---------- --network ---------- */

int option_ip(const char *text, int family, struct err *err)
{
    struct ip_addr ip;

    if (ip_parse(text, &ip) < 0 || (family && ip.family != family))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\" is not an %s address: invalid argument",
                       text,
                       family == AF_INET    ? "IPv4"
                       : family == AF_INET6 ? "IPv6"
                                            : "IP");
    return 0;
}

int option_mac(const char *text, struct err *err)
{
    uint8_t mac[6];

    if (mac_parse(text, mac) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "address %s: invalid MAC address", text);
    return 0;
}

static int interface_name(const char *text, struct err *err)
{
    if (!*text || strlen(text) > 15 || text[strcspn(text, "/ \t:")] ||
        STR_IN(text, ".", "..", "lo"))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "interface name \"%s\" is not valid: invalid argument", text);
    return 0;
}

static int one_option(struct arena *a, const char *key, char *val, struct container_network *n,
                      struct err *err)
{
    int r = 0;

    if (STR_IN(key, "ip", "ip6")) {
        r = option_ip(val, STR_EQ(key, "ip") ? AF_INET : AF_INET6, err);
        n->ips = strv_add(a, n->ips, val);
    } else if (STR_EQ(key, "mac")) {
        r = option_mac(val, err);
        n->mac = val;
    } else if (STR_EQ(key, "alias")) {
        if (!*val)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "alias cannot be empty: invalid argument");
        n->aliases = strv_add(a, n->aliases, val);
    } else if (STR_EQ(key, "interface_name")) {
        r = interface_name(val, err);
        n->interface = val;
    } else if (STR_EQ(key, "host_interface_name")) {
        r = interface_name(val, err);
        n->host_interface = val;
    } else
        r = err_set(err, ERR_BAD_PARAM, EINVAL, "unknown bridge network option: %s", key);
    return r;
}

static int bridge_options(struct arena *a, const char *text, struct container_network *n,
                          struct err *err)
{
    char **f = strv_split(a, text, ',');
    int r = 0;

    for (; r == 0 && *f; f++) {
        char *eq = strchr(*f, '=');
        if (!eq)
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "unknown bridge network option: %s (must be key=value)", *f);
        *eq = '\0';
        r = one_option(a, *f, eq + 1, n, err);
    }
    return r;
}

static int add_network(struct arena *a, const char *name, const char *options,
                       struct container_config *c, struct err *err)
{
    struct container_network n = { .name = arena_strdup(a, name) };

    for (size_t i = 0; i < c->networks.n; i++)
        if (STR_EQ(c->networks.items[i].name, name))
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "network %s is given twice: invalid argument", *name ? name : "bridge");
    int r = options ? bridge_options(a, options, &n, err) : 0;
    if (r == 0)
        *LIST_ADD(a, c->networks) = n;
    return r;
}

static bool plain_mode(const char *mode)
{
    return STR_IN(mode, "none", "host", "private") || str_starts(mode, "container:") ||
           str_starts(mode, "ns:") || STR_EQ(mode, "pasta") || str_starts(mode, "pasta:");
}

static int one_network(struct arena *a, const char *text, struct container_config *c,
                       struct err *err)
{
    const char *colon = strchr(text, ':');

    if (STR_IN(text, "bridge", "default", ""))
        return add_network(a, "", NULL, c, err);
    if (!colon) {
        int r = 0;
        for (char **f = strv_split(a, text, ','); r == 0 && *f; f++)
            r = **f ? add_network(a, *f, NULL, c, err)
                    : err_set(err, ERR_BAD_PARAM, EINVAL, "network name cannot be empty");
        return r;
    }
    char *name = arena_strndup(a, text, (size_t)(colon - text));
    if (!*name)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "network name cannot be empty");
    return add_network(a, STR_EQ(name, "bridge") ? "" : name, colon + 1, c, err);
}

int option_networks(struct arena *a, char *const *values, struct container_config *c,
                    struct err *err)
{
    const char *first = values && *values ? values[0] : NULL;
    int r = 0;

    if (!first)
        return 0;
    if (STR_EQ(first, "slirp4netns") || str_starts(first, "slirp4netns:"))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "slirp4netns support has been removed, use pasta instead");
    if (plain_mode(first)) {
        if (values[1])
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "cannot set multiple networks without bridge network mode, selected "
                           "mode %s: invalid argument",
                           first);
        c->netns = arena_strdup(a, first);
        return 0;
    }
    c->netns = arena_strdup(a, "bridge");
    for (; r == 0 && *values; values++) {
        if (plain_mode(*values))
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "can only set extra network names, selected mode %s conflicts with "
                           "bridge: invalid argument",
                           *values);
        r = one_network(a, *values, c, err);
    }
    return r;
}

/* ---------- names ---------- */

int option_add_host(const char *text, struct err *err)
{
    const char *colon = strchr(text, ':'), *ip = colon ? colon + 1 : "";
    char addr[IP_TEXT_MAX];
    struct ip_addr parsed;
    size_t n = strlen(ip);

    if (!colon || !*ip)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "unable to parse host entry \"%s\": incorrect format", text);
    if (colon == text || text[0] == ';' || colon[-1] == ';')
        return err_set(err, ERR_BAD_PARAM, EINVAL, "hostname in host entry \"%s\" is empty", text);
    if (text[strcspn(text, " \t\r\n")])
        return err_set(err, ERR_BAD_PARAM, EINVAL, "host entry \"%s\" has white space", text);
    if (STR_EQ(ip, "host-gateway"))
        return 0;
    bool brackets = *ip == '[' && ip[n - 1] == ']';
    snprintf(addr, sizeof(addr), "%.*s", (int)(brackets ? n - 2 : n), brackets ? ip + 1 : ip);
    if (n >= sizeof(addr) || ip_parse(addr, &parsed) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid IP address in add-host: \"%s\"", ip);
    return 0;
}

int option_dns(char *const *servers, struct err *err)
{
    struct ip_addr ip;

    for (char *const *p = servers; p && *p; p++) {
        if (STR_EQ(*p, "none")) {
            if (servers[1])
                return err_set(err, ERR_BAD_PARAM, EINVAL,
                               "\"none\" is not allowed with other dns servers: invalid argument");
            return 0;
        }
        if (ip_parse(*p, &ip) < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "%s is not an ip address", *p);
    }
    return 0;
}
