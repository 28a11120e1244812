#include <fcntl.h>
#include <sys/socket.h>

#include "base/fs.h"
#include "config/containers.h"
#include "engine/network.h"
#include "engine/pasta.h"
#include "engine/pods.h"
#include "net/link.h"

#include "base/banned.h"

/* /etc/hosts and /etc/resolv.conf of a container.  Lines stand in this order: what the user gave, what the base file
 * says, what belongs to every container; a name that is there already is not given another address. */

enum { FILE_MAX_BYTES = 1 << 20 };

struct hosts {
    struct arena *a;
    char **names; /* seen so far */
    bool v6;      /* localhost has its IPv6 address */
    struct buf *out;
    struct buf
        *host_lines; /* those of them that have the host's own address; NULL: it has none here */
};

static void put_line(struct hosts *h, const char *ip, char *const *names)
{
    buf_printf(h->out, "%s\t", ip);
    for (char *const *n = names; *n; n++) {
        buf_printf(h->out, "%s%s", n == names ? "" : " ", *n);
        h->v6 |= STR_EQ(*n, "localhost") && STR_EQ(ip, "::1");
        h->names = strv_add(h->a, h->names, *n);
    }
    buf_putc(h->out, '\n');
}

/* A line whose address is what the container calls its host. */
static void put_host_line(struct hosts *h, const char *ip, char *const *names)
{
    size_t at = h->out->len;

    put_line(h, ip, names);
    if (h->host_lines)
        buf_put(h->host_lines, h->out->data + at, h->out->len - at);
}

/* With those of @names that nobody has yet. */
static void put_new(struct hosts *h, const char *ip, char *const *names, bool host)
{
    char **left = NULL;

    for (; names && *names; names++)
        if (!strv_has(h->names, *names) && !strv_has(left, *names))
            left = strv_add(h->a, left, *names);
    if (left)
        (host ? put_host_line : put_line)(h, ip, left);
}

static void put_base(struct hosts *h, const char *text)
{
    for (char **line = strv_split(h->a, text, '\n'); *line; line++) {
        char *ip = NULL, **names = NULL;
        (*line)[strcspn(*line, "#\r")] = '\0';
        for (char *save = NULL, *word = strtok_r(*line, " \t", &save); word;
             word = strtok_r(NULL, " \t", &save)) {
            if (!ip)
                ip = word;
            else
                names = strv_add(h->a, names, word);
        }
        char **left = NULL;
        for (char **n = names; n && *n; n++)
            if (!strv_has(h->names, *n) || STR_IN(*n, "localhost")) /* once for each family */
                left = strv_add(h->a, left, *n);
        if (ip && left)
            put_line(h, ip, left);
    }
}

/* The image's own /etc/hosts. */
static void read_image_hosts(struct engine *e, struct arena *a, const struct container_config *c,
                             struct buf *out)
{
    AUTO_CLOSE int root = rootfs_open_image(e, a, c, NULL);
    AUTO_CLOSE int fd = root < 0 ? root : fs_open_in_root(root, "etc/hosts", O_RDONLY, 0);

    if (fd >= 0)
        (void)!buf_read_fd(out, fd);
}

static const char *base_file(struct engine *e, const struct container_config *c)
{
    const char *base = str_empty(c->hosts_file) ? e->defaults.base_hosts_file : c->hosts_file;

    return str_empty(base) ? "/etc/hosts" : base;
}

/* What a container calls its host: the bridge it is on, or (*ret_own) the host's address to the outside. */
static const char *host_address(struct engine *e, struct arena *a, const struct container_config *c,
                                const struct network_state *st, bool *ret_own)
{
    const char *given = e->config->containers.host_containers_internal_ip;
    struct ip_addr ip;
    char text[IP_TEXT_MAX];

    *ret_own = false;
    if (given && *given)
        return STR_EQ(given, "none") ? NULL : given;
    for (size_t i = 0; st && !e->rootless && i < st->networks.n; i++)
        for (char **g = st->networks.items[i].gateways; g && *g; g++)
            return *g;
    if (c->netns && STR_IN(c->netns, "none", "private"))
        return NULL;
    AUTO_NL nl = { .fd = -EBADF };
    if (nl_open(&nl, NETLINK_ROUTE) < 0 || link_own_address(&nl, &ip) < 0)
        return NULL;
    *ret_own = true;
    return arena_strdup(a, ip_text(&ip, text));
}

static void put_added(struct hosts *h, char *const *entries, const char *gateway)
{
    for (; entries && *entries; entries++) {
        const char *colon = strchr(*entries, ':');
        const char *ip = colon ? colon + 1 : "";
        size_t n = strlen(ip);
        bool host = STR_EQ(ip, "host-gateway");
        if (host)
            ip = gateway;
        else if (*ip == '[' && n > 2)
            ip = arena_strndup(h->a, ip + 1, n - 2);
        if (ip)
            (host ? put_host_line : put_line)(
                h, ip,
                strv_split(h->a, arena_strndup(h->a, *entries, (size_t)(colon - *entries)), ';'));
    }
}

static void put_own(struct engine *e, struct hosts *h, const struct container_config *c,
                    const struct network_state *st)
{
    const char *own[] = { c->hostname, c->name };
    char **left = NULL;
    bool any = false;

    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        if (!str_empty(own[i]) && !strv_has(h->names, own[i]) && !strv_has(left, own[i]))
            left = strv_add(h->a, left, own[i]);
    for (char **p = c->infra ? pod_names(e, h->a, c) : NULL; p && *p; p++)
        if (!strv_has(h->names, *p) && !strv_has(left, *p))
            left = strv_add(h->a, left, *p);
    for (size_t i = 0; st && left && i < st->networks.n; i++)
        for (char **p = st->networks.items[i].addresses; p && *p; p++, any = true)
            put_line(h, arena_strndup(h->a, *p, strcspn(*p, "/")), left);
    if (!any && left && !(c->netns && STR_EQ(c->netns, "host")))
        put_line(h, "127.0.0.1", left);
}

void network_hosts_text(struct engine *e, struct arena *a, const struct container_config *c,
                        const struct network_state *st, struct buf *out, struct buf *host_lines)
{
    static char localhost[] = "localhost", internal[] = "host.containers.internal",
                docker[] = "host.docker.internal";
    AUTO_BUF base = { .max = FILE_MAX_BYTES };
    struct hosts h = { .a = a, .out = out };
    const char *file = base_file(e, c), *gateway;
    bool own;

    gateway = host_address(e, a, c, st, &own);
    h.host_lines = own ? host_lines : NULL;
    put_added(&h, c->add_hosts, gateway);
    if (STR_EQ(file, "image"))
        read_image_hosts(e, a, c, &base);
    else if (!STR_EQ(file, "none"))
        (void)!fs_read_file(AT_FDCWD, file, &base);
    if (base.data)
        put_base(&h, base.data);
    put_new(&h, "127.0.0.1", (char *[]) { localhost, NULL }, false);
    if (!h.v6)
        put_line(&h, "::1", (char *[]) { localhost, NULL });
    if (gateway)
        put_new(&h, gateway, (char *[]) { internal, docker, NULL }, true);
    put_own(e, &h, c, st);
}

/* ---------- resolv.conf ---------- */

struct resolv {
    char **servers, **searches, **options;
};

static void read_resolv(struct arena *a, const char *path, struct resolv *r)
{
    AUTO_BUF text = { .max = FILE_MAX_BYTES };

    if (fs_read_file(AT_FDCWD, path, &text) < 0 || !text.data)
        return;
    for (char **line = strv_split(a, text.data, '\n'); *line; line++) {
        char *save = NULL;
        (*line)[strcspn(*line, "#;\r")] = '\0';
        const char *key = strtok_r(*line, " \t", &save);
        if (!key)
            continue;
        if (STR_IN(key, "search", "domain"))
            r->searches = NULL; /* the last line counts */
        for (char *w; (w = strtok_r(NULL, " \t", &save));) {
            if (STR_EQ(key, "nameserver"))
                r->servers = strv_add(a, r->servers, w);
            else if (STR_IN(key, "search", "domain"))
                r->searches = strv_add(a, r->searches, w);
            else if (STR_EQ(key, "options"))
                r->options = strv_add(a, r->options, w);
        }
    }
}

/* systemd-resolved's stub is an address of the host alone; what it asks itself stands in another file. */
static void host_resolv(struct arena *a, bool keep_stub, struct resolv *r)
{
    read_resolv(a, "/etc/resolv.conf", r);
    if (!keep_stub && r->servers && !r->servers[1] && STR_EQ(r->servers[0], "127.0.0.53")) {
        *r = (struct resolv) { 0 };
        read_resolv(a, "/run/systemd/resolve/resolv.conf", r);
    }
}

static bool reachable(const char *server)
{
    struct ip_addr ip;

    /* One with a zone ("fe80::1%eth0") means an interface of the host. */
    return ip_parse(server, &ip) == 0 && !ip_loopback(&ip);
}

char **network_given_servers(struct engine *e, const struct container_config *c)
{
    return c->dns_servers ? c->dns_servers : e->config->containers.dns_servers;
}

char **network_servers(struct engine *e, struct arena *a, const struct container_config *c,
                       bool loopback)
{
    struct resolv host = { 0 };
    char **given = network_given_servers(e, c), **out = NULL;
    struct ip_addr ip;

    if (given && *given && !STR_EQ(*given, "none"))
        return given;
    host_resolv(a, loopback, &host);
    for (char **s = host.servers; s && *s; s++)
        if (loopback ? ip_parse(*s, &ip) == 0 : reachable(*s))
            out = strv_add(a, out, *s);
    return out;
}

bool network_must_pass_on(struct engine *e, struct arena *a, const struct container_config *c)
{
    return !network_servers(e, a, c, false) && network_servers(e, a, c, true);
}

static void put_words(struct buf *out, const char *key, char *const *words)
{
    if (!words || !*words)
        return;
    buf_puts(out, key);
    for (; *words; words++)
        buf_printf(out, " %s", *words);
    buf_putc(out, '\n');
}

/* The user's; or the names of our networks, and what the network or the host searches. */
static char **searches_of(struct arena *a, char **given, bool names, const struct network_state *st,
                          const struct resolv *host)
{
    if (given && *given)
        return STR_EQ(given[0], ".") ? NULL : given;
    char **own = names ? strv_add(a, NULL, "dns.podman") : NULL;
    return strv_concat(a, own, st && st->dhcp_searches ? st->dhcp_searches : host->searches);
}

bool network_resolv_text(struct engine *e, struct arena *a, const struct container_config *c,
                         const struct network_state *st, struct buf *out)
{
    char **given = network_given_servers(e, c);
    char **searches = c->dns_searches ? c->dns_searches : e->config->containers.dns_searches;
    char **options = c->dns_options ? c->dns_options : e->config->containers.dns_options;
    bool names = false, host_net = c->netns && STR_EQ(c->netns, "host");
    struct resolv host = { 0 };

    if (given && *given && STR_EQ(*given, "none"))
        return false;
    for (size_t i = 0; st && i < st->networks.n; i++)
        names |= st->networks.items[i].dns;
    host_resolv(a, host_net, &host);
    searches = searches_of(a, searches, names, st, &host);
    put_words(out, "search", searches);
    char **direct = network_servers(e, a, c, host_net);
    if (st && st->dhcp_servers)
        direct = st->dhcp_servers;
    else
        names |= st && network_must_pass_on(e, a, c);
    char **servers = pasta_is_network(c) && !(given && *given) ? strv_add(a, NULL, PASTA_DNS)
                     : names                                   ? strv_add(a, NULL, "127.0.0.11")
                                                               : direct;
    for (char **s = servers; s && *s; s++)
        buf_printf(out, "nameserver %s\n", *s);
    put_words(out, "options", options && *options ? options : host.options);
    return true;
}

/* ---------- again ---------- */

/* A file that is mounted into a container keeps its inode: it is written over, not replaced. */
static void overwrite(struct engine *e, const char *id, const char *name, const struct buf *text)
{
    AUTO_CLOSE int dir = container_run_dir(e, id);
    AUTO_CLOSE int fd = dir < 0 ? dir : openat(dir, name, O_WRONLY | O_TRUNC | O_CLOEXEC);

    if (fd >= 0)
        (void)!write_all(fd, text->data ? text->data : "", text->len);
}

void network_write_host_lines(int dir, const struct buf *lines)
{
    if (lines->len)
        (void)!fs_replace(dir, "host_lines", lines->data, lines->len, 0600, FS_NOSYNC);
    else
        (void)!unlinkat(dir, "host_lines", 0);
}

void network_refresh_files(struct engine *e, struct arena *a, const struct container_config *c,
                           const struct network_state *st)
{
    AUTO_BUF hosts = { 0 }, resolv = { 0 }, lines = { 0 };
    AUTO_CLOSE int dir = container_run_dir(e, c->id);

    if (!c->no_hosts && dir >= 0) {
        network_hosts_text(e, a, c, st, &hosts, &lines);
        overwrite(e, c->id, "hosts", &hosts);
        network_write_host_lines(dir, &lines);
    }
    if (network_resolv_text(e, a, c, st, &resolv))
        overwrite(e, c->id, "resolv.conf", &resolv);
}
