#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "net/ipam.h"

#include "base/banned.h"

enum { PATIENCE_MS = 100 }; /* a monitor that ends gives up its claims one after the other */

/* An address as text that sorts as the number does. */
static const char *key_of(const struct ip_addr *ip, char out[36])
{
    static const char digits[] = "0123456789abcdef";
    char *p = out;

    *p++ = ip->family == AF_INET ? '4' : '6';
    for (size_t i = 0; i < ip_len(ip); i++) {
        *p++ = digits[ip->b[i] >> 4];
        *p++ = digits[ip->b[i] & 15];
    }
    *p = '\0';
    return out;
}

static int of_key(const char *key, struct ip_addr *ret)
{
    *ret = (struct ip_addr) { .family = key[0] == '4' ? AF_INET : AF_INET6 };
    if (strlen(key) != 1 + 2 * ip_len(ret))
        return -EINVAL;
    for (size_t i = 0; i < ip_len(ret); i++) {
        int v = 0;
        for (int k = 0; k < 2; k++) {
            char c = key[1 + 2 * i + (size_t)k];
            v = v * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
        }
        ret->b[i] = (uint8_t)v;
    }
    return 0;
}

/* ---------- one subnet ---------- */

struct range {
    struct ip_net net;
    struct ip_addr first, last, gateway;
};

static int range_of(const struct network_subnet *s, struct range *r)
{
    *r = (struct range) { 0 };
    if (ip_net_parse(s->subnet, &r->net) < 0)
        return -EINVAL;
    bool tiny = r->net.prefix + 1 >= ip_len(&r->net.addr) * 8;
    r->first = ip_net_first(&r->net);
    r->last = ip_net_last(&r->net);
    if (!tiny)
        r->first = ip_next(r->first); /* the network's own, or all its routers */
    if (!tiny && r->net.addr.family == AF_INET)
        r->last = ip_prev(r->last); /* broadcast */
    if (s->gateway && ip_parse(s->gateway, &r->gateway) < 0)
        return -EINVAL;
    struct ip_addr ip;
    if (s->lease_range && s->lease_range->start_ip &&
        ip_parse(s->lease_range->start_ip, &ip) == 0 && ip_cmp(&ip, &r->first) > 0)
        r->first = ip;
    if (s->lease_range && s->lease_range->end_ip && ip_parse(s->lease_range->end_ip, &ip) == 0 &&
        ip_cmp(&ip, &r->last) < 0)
        r->last = ip;
    return 0;
}

/* 1 and the holder in @owner, 0 when it is free. */
static int holder(struct db *db, const char *network, const struct ip_addr *ip, char owner[65],
                  struct err *err)
{
    char key[36];
    struct rows q = db_query(db, err,
                             "SELECT container FROM leases WHERE network = ? AND address = ?", "ss",
                             network, key_of(ip, key));
    int found = 0;

    while (rows_next(&q)) {
        snprintf(owner, 65, "%s", rows_text(&q, 0));
        found = 1;
    }
    int r = rows_end(&q);
    return r < 0 ? r : found;
}

/* A container of ours that has just ended, or whoever uses another store, may have it. */
static bool claimed(const struct ipam_wish *w, const struct ip_addr *ip, unsigned patience_ms)
{
    struct timespec moment = { .tv_nsec = 1000000 };

    while (w->claims >= 0 && claims_take(w->claims, ip) == -EAGAIN) {
        if (!patience_ms--)
            return true;
        nanosleep(&moment, NULL);
    }
    return false;
}

static int write_lease(struct db *db, const struct ipam_wish *w, const struct ip_addr *ip,
                       struct err *err)
{
    char key[36];
    int r = db_exec(db, err, "INSERT INTO leases(network, address, container) VALUES(?,?,?)", "sss",
                    w->net->name, key_of(ip, key), w->container);
    return r < 0 ? r : 0;
}

static int fixed_address(struct db *db, const struct ipam_wish *w, const struct range *range,
                         const struct ip_addr *ip, char *dead, struct err *err)
{
    char owner[65], text[IP_TEXT_MAX];

    if (ip_cmp(ip, &range->gateway) == 0)
        return err_set(err, ERR_CONFLICT, EADDRINUSE,
                       "requested ip address %s is already allocated to the gateway of network %s",
                       ip_text(ip, text), w->net->name);
    int r = holder(db, w->net->name, ip, owner, err);
    if (r < 0)
        return r;
    if ((r == 0 || STR_EQ(owner, w->container)) && claimed(w, ip, PATIENCE_MS))
        return err_set(err, ERR_CONFLICT, EADDRINUSE,
                       "IPAM error: requested ip address %s is already allocated to a container of "
                       "another storage root",
                       ip_text(ip, text));
    if (r == 0 || STR_EQ(owner, w->container))
        return r ? 0 : write_lease(db, w, ip, err);
    if (!w->alive(w->arg, owner)) {
        snprintf(dead, 65, "%s", owner);
        return -EAGAIN;
    }
    return err_set(err, ERR_CONFLICT, EADDRINUSE,
                   "IPAM error: requested ip address %s is already allocated to container ID %s",
                   ip_text(ip, text), owner);
}

/* Where the last one was taken; the next is looked for behind it, so that an address rests for a while. */
static struct ip_addr start_of(struct db *db, const struct ipam_wish *w, const char *subnet,
                               const struct range *range)
{
    struct ip_addr last = range->last;
    struct rows q = db_query(db, NULL,
                             "SELECT address FROM lease_last WHERE network = ? AND subnet = ?",
                             "ss", w->net->name, subnet);

    while (rows_next(&q))
        if (of_key(rows_text(&q, 0), &last) < 0)
            last = range->last;
    if (rows_end(&q) < 0 || ip_cmp(&last, &range->first) < 0 || ip_cmp(&last, &range->last) >= 0)
        return range->first;
    return ip_next(last);
}

static int any_address(struct db *db, const struct ipam_wish *w, const char *subnet,
                       const struct range *range, struct ip_addr *ret, char *dead, struct err *err)
{
    struct ip_addr first = start_of(db, w, subnet, range), ip = first;
    char owner[65], key[36];

    if (ip_cmp(&range->first, &range->last) > 0)
        return err_set(err, ERR_CONFLICT, ENOSPC, "IPAM error: subnet %s has no addresses", subnet);
    do {
        int r = ip_cmp(&ip, &range->gateway) == 0 ? 1 : holder(db, w->net->name, &ip, owner, err);
        if (r < 0)
            return r;
        bool others = r == 0 && claimed(w, &ip, 0);
        if (r == 0 && !others) {
            *ret = ip;
            r = write_lease(db, w, &ip, err);
            if (r == 0)
                r = db_exec(db, err,
                            "INSERT OR REPLACE INTO lease_last(network, subnet, address) "
                            "VALUES(?,?,?)",
                            "sss", w->net->name, subnet, key_of(&ip, key));
            return r < 0 ? r : 0;
        }
        if (!others && ip_cmp(&ip, &range->gateway) != 0 && !w->alive(w->arg, owner)) {
            snprintf(dead, 65, "%s", owner);
            return -EAGAIN;
        }
        ip = ip_cmp(&ip, &range->last) == 0 ? range->first : ip_next(ip);
    } while (ip_cmp(&ip, &first) != 0);
    return err_set(err, ERR_CONFLICT, ENOSPC,
                   "IPAM error: failed to find free IP in range: %s of network %s is full", subnet,
                   w->net->name);
}

int ipam_take(struct db *db, struct arena *a, const struct ipam_wish *w, struct ip_net **ret,
              size_t *ret_n, char *dead, struct err *err)
{
    struct ip_net *out = arena_alloc(a, (w->net->subnets.n + 1) * sizeof(*out));
    size_t n = 0, used = 0;

    for (size_t i = 0; i < w->net->subnets.n; i++) {
        const struct network_subnet *s = &w->net->subnets.items[i];
        struct range range;
        if (range_of(s, &range) < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "network %s: subnet %s is not valid",
                           w->net->name, s->subnet);
        out[n].prefix = range.net.prefix;
        const struct ip_addr *fixed = NULL;
        for (size_t k = 0; k < w->n_fixed; k++)
            if (ip_net_has(&range.net, &w->fixed[k])) {
                fixed = &w->fixed[k];
                used++;
            }
        int r;
        if (fixed) {
            out[n].addr = *fixed;
            r = fixed_address(db, w, &range, fixed, dead, err);
        } else
            r = any_address(db, w, s->subnet, &range, &out[n].addr, dead, err);
        if (r < 0)
            return r;
        n++;
    }
    if (used < w->n_fixed && !network_is_dhcp(w->net)) {
        char text[IP_TEXT_MAX];
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "requested static ip %s not in any subnet on network %s",
                       ip_text(&w->fixed[0], text), w->net->name);
    }
    *ret = out;
    *ret_n = n;
    return 0;
}

/* ---------- ports ---------- */

static const char *text_or_empty(const struct ip_addr *ip, char out[IP_TEXT_MAX])
{
    return ip->family ? ip_text(ip, out) : "";
}

int ipam_publish(struct db *db, struct arena *a, const char *container, const struct fw_port *ports,
                 size_t n, char **ret_owner, struct err *err)
{
    char host[IP_TEXT_MAX], to[IP_TEXT_MAX];
    int r = 0;

    *ret_owner = NULL;
    for (size_t i = 0; r >= 0 && i < n && !*ret_owner; i++) {
        const struct fw_port *p = &ports[i];
        text_or_empty(&p->host, host);
        struct rows q = db_query(
            db, err,
            "SELECT container FROM published WHERE protocol = ? AND host_port < ? AND "
            "host_port + count > ? AND (host = '' OR ? = '' OR host = ?) AND container != ?",
            "iiisss", (int64_t)p->proto, (int64_t)p->host_port + p->count, (int64_t)p->host_port,
            host, host, container);
        while (rows_next(&q))
            *ret_owner = arena_strdup(a, rows_text(&q, 0));
        r = rows_end(&q);
    }
    for (size_t i = 0; r >= 0 && i < n && !*ret_owner; i++) {
        const struct fw_port *p = &ports[i];
        r = db_exec(db, err,
                    "INSERT INTO published(container, protocol, host, host_port, count, address, "
                    "port) VALUES(?,?,?,?,?,?,?)",
                    "sisiisi", container, (int64_t)p->proto, text_or_empty(&p->host, host),
                    (int64_t)p->host_port, (int64_t)p->count, ip_text(&p->to, to),
                    (int64_t)p->to_port);
    }
    return r < 0 ? r : 0;
}

int ipam_published(struct db *db, struct arena *a, const char *container, struct fw_port **ret,
                   size_t *ret_n, struct err *err)
{
    JSON_LIST(struct fw_port) out = { 0 };
    struct rows q = db_query(
        db, err,
        "SELECT protocol, host, host_port, count, address, port FROM published "
        "WHERE ?1 IS NULL OR container = ?1",
        "s", container);

    while (rows_next(&q)) {
        struct fw_port p = { .proto = (uint8_t)rows_int(&q, 0),
                             .host_port = (uint16_t)rows_int(&q, 2),
                             .count = (uint16_t)rows_int(&q, 3),
                             .to_port = (uint16_t)rows_int(&q, 5) };
        const char *host = rows_text(&q, 1);
        if (ip_parse(rows_text(&q, 4), &p.to) == 0 &&
            (str_empty(host) || ip_parse(host, &p.host) == 0))
            *LIST_ADD(a, out) = p;
    }
    *ret = out.items;
    *ret_n = out.n;
    return rows_end(&q);
}

int ipam_release(struct db *db, const char *container, const char *network, struct err *err)
{
    int r = db_exec(db, err,
                    "DELETE FROM leases WHERE container = ?1 AND (?2 IS NULL OR network = ?2)",
                    "ss", container, network);
    return r < 0 ? r : 0;
}

int ipam_unpublish(struct db *db, const char *container, struct err *err)
{
    int r = db_exec(db, err, "DELETE FROM published WHERE container = ?", "s", container);
    return r < 0 ? r : 0;
}

/* ---------- who has something ---------- */

bool ipam_has_rows(struct db *db, const char *container)
{
    struct rows q = db_query(db, NULL,
                             "SELECT 1 FROM leases WHERE container = ?1 UNION ALL "
                             "SELECT 1 FROM published WHERE container = ?1 LIMIT 1",
                             "s", container);
    bool found = rows_next(&q);

    return rows_end(&q) < 0 || found;
}

static char **collect(struct arena *a, struct rows *q)
{
    char **out = NULL;

    while (rows_next(q))
        out = strv_add(a, out, rows_text(q, 0));
    (void)!rows_end(q);
    return out;
}

char **ipam_some(struct db *db, struct arena *a, int64_t max)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char r = 0;

    if (getrandom(&r, 1, 0) != 1)
        r = 0;
    char from[3] = { digits[r >> 4], digits[r & 15], '\0' };
    struct rows q = db_query(db, NULL,
                             "SELECT DISTINCT container FROM leases WHERE container >= ? "
                             "ORDER BY container LIMIT ?",
                             "si", from, max);
    char **out = collect(a, &q);
    if ((int64_t)strv_len(out) == max)
        return out;
    q = db_query(db, NULL,
                 "SELECT DISTINCT container FROM leases WHERE container < ? "
                 "ORDER BY container LIMIT ?",
                 "si", from, max - (int64_t)strv_len(out));
    return strv_concat(a, out, collect(a, &q));
}

char **ipam_all(struct db *db, struct arena *a)
{
    struct rows q = db_query(
        db, NULL, "SELECT container FROM leases UNION SELECT container FROM published", "");
    return collect(a, &q);
}

char **ipam_on(struct db *db, struct arena *a, const char *network)
{
    struct rows q = db_query(db, NULL, "SELECT DISTINCT container FROM leases WHERE network = ?",
                             "s", network);
    return collect(a, &q);
}
