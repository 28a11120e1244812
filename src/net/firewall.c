#include <arpa/inet.h>
#include <dlfcn.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <assert.h>
#include <net/if.h>

#include "base/json.h"
#include "net/firewall.h"

#include "base/banned.h"

#define TABLE "podman"

/* FW_RULES below has to tell how many rules these are.
 *
 * `fib daddr type local` is what makes a published port one of the host and of nothing behind it.  A
 * connection from the host's 127.0.0.1 needs route_localnet on the bridge, which would let containers send to
 * services that listen on the host's loopback alone: the chain `raw` refuses that. */
static const char ruleset[] =
    "table inet " TABLE " {\n"
    " map ports4 { type inet_proto . inet_service : ipv4_addr . inet_service; }\n"
    " map ports6 { type inet_proto . inet_service : ipv6_addr . inet_service; }\n"
    " map ports4_at { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }\n"
    " map ports6_at { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }\n"
    " set bridges { type ifname; }\n"
    " set masq { type ifname; }\n"
    " set internal { type ifname; }\n"
    " set isolated { type ifname; }\n"
    " set strict { type ifname; }\n"
    " set same { type ifname . ifname; }\n"
    " set local4 { type ipv4_addr . ifname; flags interval; }\n"
    " set local6 { type ipv6_addr . ifname; flags interval; }\n"
    " chain raw { type filter hook prerouting priority raw; policy accept;\n"
    "  iifname @bridges ip daddr 127.0.0.0/8 drop\n"
    " }\n"
    " chain ports {\n"
    "  ip6 daddr ::1 return\n" /* cannot leave the loopback: the monitor passes it on */
    "  dnat ip to ip daddr . meta l4proto . th dport map @ports4_at\n"
    "  dnat ip to meta l4proto . th dport map @ports4\n"
    "  dnat ip6 to ip6 daddr . meta l4proto . th dport map @ports6_at\n"
    "  dnat ip6 to meta l4proto . th dport map @ports6\n"
    " }\n"
    " chain prerouting { type nat hook prerouting priority dstnat; policy accept;\n"
    "  fib daddr type local jump ports\n"
    " }\n"
    " chain output { type nat hook output priority -100; policy accept;\n"
    "  fib daddr type local jump ports\n"
    " }\n"
    " chain postrouting { type nat hook postrouting priority srcnat; policy accept;\n"
    "  ct status dnat ip saddr . oifname @local4 masquerade\n"
    "  ct status dnat ip6 saddr . oifname @local6 masquerade\n"
    "  ip saddr 127.0.0.0/8 oifname @bridges masquerade\n"
    "  iifname @masq oifname != @bridges ip daddr != 224.0.0.0/4 masquerade\n"
    "  iifname @masq oifname != @bridges ip6 daddr != ff00::/8 masquerade\n"
    " }\n"
    " chain forward { type filter hook forward priority filter; policy accept;\n"
    "  iifname . oifname @same accept\n"
    "  iifname @internal drop\n"
    "  oifname @internal drop\n"
    "  iifname @strict oifname @bridges drop\n"
    "  iifname @bridges oifname @strict drop\n"
    "  iifname @isolated oifname @isolated drop\n"
    " }\n"
    "}\n";
enum { FW_RULES = 19 };

/* ---------- messages ---------- */

#define NFT(type) ((NFNL_SUBSYS_NFTABLES << 8) | (type))

static size_t begin(struct nl *nl, struct buf *b, uint16_t type, unsigned flags, uint8_t family)
{
    struct nfgenmsg g = { .nfgen_family = family, .version = NFNETLINK_V0 };

    return nl_begin(nl, b, NFT(type), flags, &g, sizeof(g));
}

static void frame(struct nl *nl, struct buf *b, uint16_t type)
{
    struct nfgenmsg g = { .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };

    nl_end(b, nl_begin(nl, b, type, 0, &g, sizeof(g)));
}

static int count_rule(void *arg, uint16_t type, const void *payload, size_t len)
{
    (void)payload, (void)len;
    *(int *)arg += type == NFT(NFT_MSG_NEWRULE);
    return 0;
}

int firewall_whole(struct nl *nl)
{
    AUTO_BUF b = { 0 };
    int rules = 0;
    size_t at = begin(nl, &b, NFT_MSG_GETRULE, NLM_F_DUMP, NFPROTO_INET);

    nl_str(&b, NFTA_RULE_TABLE, TABLE);
    nl_end(&b, at);
    int r = nl_talk(nl, &b, count_rule, &rules, NULL);
    if (r == -ENOENT)
        return 0;
    return r < 0 ? r : rules == FW_RULES;
}

/* ---------- elements ---------- */

enum { KEY_MAX = 16 + IFNAMSIZ, DATA_MAX = 20, ELEMENTS_MAX = 400 };
static_assert(KEY_MAX >= 2 * IFNAMSIZ, "two names are a key, too");

/* Parts of a key or of data stand on 4-byte boundaries. */
static size_t part(uint8_t *out, const void *p, size_t len)
{
    memcpy(out, p, len);
    return (len + 3) / 4 * 4;
}

struct writer {
    struct nl *nl;
    struct buf *b;
    uint16_t type; /* NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM, NFT_MSG_GETSETELEM */
    const char *set;
    size_t message, list;
    unsigned n;
};

static void finish(struct writer *w)
{
    if (!w->set)
        return;
    nl_nest_end(w->b, w->list);
    nl_end(w->b, w->message);
    w->set = NULL;
}

/* Elements of one set that follow each other share a message, up to what an attribute can hold. */
static void element(struct writer *w, const char *set, const uint8_t *key, const uint8_t *key_end,
                    size_t key_len, const uint8_t *data, size_t data_len)
{
    if (w->set && (w->set != set || w->n == ELEMENTS_MAX))
        finish(w);
    if (!w->set) {
        unsigned create = w->type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0;
        w->message = begin(w->nl, w->b, w->type, NLM_F_ACK | create, NFPROTO_INET);
        nl_str(w->b, NFTA_SET_ELEM_LIST_TABLE, TABLE);
        nl_str(w->b, NFTA_SET_ELEM_LIST_SET, set);
        w->list = nl_nest(w->b, NFTA_SET_ELEM_LIST_ELEMENTS);
        w->set = set;
        w->n = 0;
    }
    size_t e = nl_nest(w->b, NFTA_LIST_ELEM), v = nl_nest(w->b, NFTA_SET_ELEM_KEY);
    nl_put(w->b, NFTA_DATA_VALUE, key, key_len);
    nl_nest_end(w->b, v);
    if (key_end) {
        v = nl_nest(w->b, NFTA_SET_ELEM_KEY_END);
        nl_put(w->b, NFTA_DATA_VALUE, key_end, key_len);
        nl_nest_end(w->b, v);
    }
    if (data && w->type == NFT_MSG_NEWSETELEM) {
        v = nl_nest(w->b, NFTA_SET_ELEM_DATA);
        nl_put(w->b, NFTA_DATA_VALUE, data, data_len);
        nl_nest_end(w->b, v);
    }
    nl_nest_end(w->b, e);
    w->n++;
}

static const char set_ports4[] = "ports4", set_ports6[] = "ports6", set_ports4_at[] = "ports4_at",
                  set_ports6_at[] = "ports6_at", set_bridges[] = "bridges", set_masq[] = "masq",
                  set_internal[] = "internal", set_isolated[] = "isolated", set_strict[] = "strict",
                  set_same[] = "same", set_local4[] = "local4", set_local6[] = "local6";

static const char *port_set(const struct fw_port *p)
{
    bool six = p->to.family == AF_INET6, at = p->host.family != 0;

    return six ? (at ? set_ports6_at : set_ports6) : (at ? set_ports4_at : set_ports4);
}

/* Key and data of the @nth port of @p; the key's length is returned. */
static size_t port_element(const struct fw_port *p, unsigned nth, uint8_t key[KEY_MAX],
                           uint8_t data[DATA_MAX], size_t *ret_data)
{
    uint16_t from = htons((uint16_t)(p->host_port + nth)), to = htons((uint16_t)(p->to_port + nth));
    size_t k = p->host.family ? part(key, p->host.b, ip_len(&p->host)) : 0;

    k += part(key + k, &p->proto, 1);
    k += part(key + k, &from, 2);
    *ret_data = part(data, p->to.b, ip_len(&p->to));
    *ret_data += part(data + *ret_data, &to, 2);
    return k;
}

static void put_port(struct writer *w, const struct fw_port *p)
{
    for (unsigned i = 0; i < p->count; i++) {
        uint8_t key[KEY_MAX] = { 0 }, data[DATA_MAX] = { 0 };
        size_t d, k = port_element(p, i, key, data, &d);
        element(w, port_set(p), key, NULL, k, data, d);
    }
}

/* All addresses of a subnet, with the bridge. */
static void put_local(struct writer *w, const struct fw_bridge *br, const struct ip_net *net)
{
    struct ip_addr first = ip_net_first(net), last = ip_net_last(net);
    uint8_t from[KEY_MAX] = { 0 }, to[KEY_MAX] = { 0 };
    size_t n = ip_len(&first), len = strnlen(br->name, IFNAMSIZ - 1);

    memcpy(from, first.b, n);
    memcpy(to, last.b, n);
    memcpy(from + n, br->name, len);
    memcpy(to + n, br->name, len);
    element(w, net->addr.family == AF_INET ? set_local4 : set_local6, from, to, n + IFNAMSIZ, NULL,
            0);
}

static void put_bridge(struct writer *w, const struct fw_bridge *br)
{
    const struct {
        const char *set;
        bool in;
    } sets[] = { { set_bridges, true },
                 { set_masq, br->masq },
                 { set_internal, br->internal },
                 { set_isolated, br->isolated },
                 { set_strict, br->strict } };
    uint8_t key[KEY_MAX] = { 0 };

    memcpy(key, br->name, strnlen(br->name, IFNAMSIZ - 1));
    memcpy(key + IFNAMSIZ, key, IFNAMSIZ);
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        if (sets[i].in)
            element(w, sets[i].set, key, NULL, IFNAMSIZ, NULL, 0);
    element(w, set_same, key, NULL, (size_t)(2 * IFNAMSIZ), NULL, 0);
    for (size_t i = 0; i < br->n_nets; i++)
        put_local(w, br, &br->nets[i]);
}

static int change(struct nl *nl, uint16_t type, const struct fw_state *s, char *why)
{
    AUTO_BUF b = { 0 };
    struct writer w = { .nl = nl, .b = &b, .type = type };

    frame(nl, &b, NFNL_MSG_BATCH_BEGIN);
    for (size_t i = 0; i < s->n_bridges; i++)
        put_bridge(&w, &s->bridges[i]);
    for (size_t i = 0; i < s->n_ports; i++)
        put_port(&w, &s->ports[i]);
    finish(&w);
    frame(nl, &b, NFNL_MSG_BATCH_END);
    return nl_talk(nl, &b, NULL, NULL, why);
}

static int adding_failed(int r, const char *why, struct err *err)
{
    return err_sys(err, -r, "adding to the nftables table " TABLE "%s%s", *why ? ": " : "", why);
}

/* Ports taken apart, one by one, in @a. */
static struct fw_port *singles(struct arena *a, const struct fw_state *s, size_t *ret_n)
{
    JSON_LIST(struct fw_port) out = { 0 };

    for (size_t i = 0; i < s->n_ports; i++)
        for (unsigned k = 0; k < s->ports[i].count; k++) {
            struct fw_port one = s->ports[i];
            one.host_port = (uint16_t)(one.host_port + k);
            one.to_port = (uint16_t)(one.to_port + k);
            one.count = 1;
            *LIST_ADD(a, out) = one;
        }
    *ret_n = out.n;
    return out.items;
}

/* An element leads elsewhere: of somebody who is dead, or the host's port would not have been ours, and in another
 * store, or it would be gone. */
static int replace_ports(struct nl *nl, const struct fw_state *s, char *why)
{
    AUTO_ARENA a = { 0 };
    size_t n;
    struct fw_port *ports = singles(&a, s, &n);

    for (size_t i = 0; i < n; i++) {
        const struct fw_state one = { .ports = &ports[i], .n_ports = 1 };
        int r = change(nl, NFT_MSG_DELSETELEM, &one, why);
        if (r < 0 && r != -ENOENT)
            return r;
    }
    return change(nl, NFT_MSG_NEWSETELEM, s, why);
}

int firewall_add(struct nl *nl, const struct fw_state *s, struct err *err)
{
    char why[128];

    if (!s->n_bridges && !s->n_ports)
        return 0;
    int r = change(nl, NFT_MSG_NEWSETELEM, s, why);
    if (r == -EBUSY)
        r = replace_ports(nl, s, why);
    return r < 0 ? adding_failed(r, why, err) : 0;
}

struct lookup {
    const uint8_t *data;
    size_t len;
    bool same;
};

/* The data of the one element that was asked for. */
static int read_element(void *arg, uint16_t type, const void *payload, size_t len)
{
    struct lookup *l = arg;
    const struct nlattr *set[NFTA_SET_ELEM_LIST_MAX + 1], *list[NFTA_LIST_ELEM + 1],
        *e[NFTA_SET_ELEM_MAX + 1], *d[NFTA_DATA_VALUE + 1];

    if (type != NFT(NFT_MSG_NEWSETELEM) || len < sizeof(struct nfgenmsg))
        return 0;
    nl_attrs((const char *)payload + sizeof(struct nfgenmsg), len - sizeof(struct nfgenmsg), set,
             NFTA_SET_ELEM_LIST_MAX);
    const struct nlattr *in = set[NFTA_SET_ELEM_LIST_ELEMENTS];
    if (!in)
        return 0;
    nl_attrs(nl_data(in), nl_len(in), list, NFTA_LIST_ELEM);
    if (!list[NFTA_LIST_ELEM])
        return 0;
    nl_attrs(nl_data(list[NFTA_LIST_ELEM]), nl_len(list[NFTA_LIST_ELEM]), e, NFTA_SET_ELEM_MAX);
    if (!e[NFTA_SET_ELEM_DATA])
        return 0;
    nl_attrs(nl_data(e[NFTA_SET_ELEM_DATA]), nl_len(e[NFTA_SET_ELEM_DATA]), d, NFTA_DATA_VALUE);
    l->same = d[NFTA_DATA_VALUE] && nl_len(d[NFTA_DATA_VALUE]) == l->len &&
              memcmp(nl_data(d[NFTA_DATA_VALUE]), l->data, l->len) == 0;
    return 0;
}

/* Does the port lead where @p says?  Another store's container may have it by now. */
static bool leads_there(struct nl *nl, const struct fw_port *p)
{
    uint8_t key[KEY_MAX] = { 0 }, data[DATA_MAX] = { 0 };
    struct lookup l = { .data = data };
    AUTO_BUF b = { 0 };
    struct writer w = { .nl = nl, .b = &b, .type = NFT_MSG_GETSETELEM };
    size_t key_len = port_element(p, 0, key, data, &l.len);

    element(&w, port_set(p), key, NULL, key_len, NULL, 0);
    finish(&w);
    return nl_talk(nl, &b, read_element, &l, NULL) == 0 && l.same;
}

int firewall_remove(struct nl *nl, const struct fw_state *s, struct err *err)
{
    AUTO_ARENA a = { 0 };
    char why[128];
    size_t n, kept = 0;
    struct fw_port *ports = singles(&a, s, &n);

    for (size_t i = 0; i < n; i++)
        if (leads_there(nl, &ports[i]))
            ports[kept++] = ports[i];
    if (!kept)
        return 0;
    const struct fw_state ours = { .ports = ports, .n_ports = kept };
    int r = change(nl, NFT_MSG_DELSETELEM, &ours, why);
    /* A transaction fails as a whole: one element that is gone, and each has to go by itself. */
    for (size_t i = 0; r == -ENOENT && i < kept; i++) {
        const struct fw_state one = { .ports = &ports[i], .n_ports = 1 };
        int x = change(nl, NFT_MSG_DELSETELEM, &one, why);
        if (x < 0 && x != -ENOENT)
            return err_sys(err, -x, "removing from the nftables table " TABLE);
    }
    return r < 0 && r != -ENOENT ? err_sys(err, -r, "removing from the nftables table " TABLE) : 0;
}

int firewall_forget(struct nl *nl, const struct fw_bridge *b, struct err *err)
{
    /* One set at a time: it is in some of them only. */
    const char *const sets[] = { set_bridges,  set_masq,   set_internal,
                                 set_isolated, set_strict, set_same };
    uint8_t key[KEY_MAX] = { 0 };
    char why[128];

    memcpy(key, b->name, strnlen(b->name, IFNAMSIZ - 1));
    memcpy(key + IFNAMSIZ, key, IFNAMSIZ);
    for (size_t i = 0; i < ARRAY_SIZE(sets) + b->n_nets; i++) {
        AUTO_BUF text = { 0 };
        struct writer w = { .nl = nl, .b = &text, .type = NFT_MSG_DELSETELEM };
        frame(nl, &text, NFNL_MSG_BATCH_BEGIN);
        if (i >= ARRAY_SIZE(sets))
            put_local(&w, b, &b->nets[i - ARRAY_SIZE(sets)]);
        else
            element(&w, sets[i], key, NULL, (size_t)(sets[i] == set_same ? 2 : 1) * IFNAMSIZ, NULL,
                    0);
        finish(&w);
        frame(nl, &text, NFNL_MSG_BATCH_END);
        int r = nl_talk(nl, &text, NULL, NULL, why);
        if (r < 0 && r != -ENOENT)
            return err_sys(err, -r, "removing from the nftables table " TABLE);
    }
    return 0;
}

/* ---------- the table ---------- */

struct nft_ctx;
struct libnftables {
    void *handle;
    struct nft_ctx *(*ctx_new)(uint32_t flags);
    void (*ctx_free)(struct nft_ctx *ctx);
    int (*buffer_output)(struct nft_ctx *ctx);
    int (*buffer_error)(struct nft_ctx *ctx);
    const char *(*get_error)(struct nft_ctx *ctx);
    int (*run)(struct nft_ctx *ctx, const char *text);
};

static int load_library(struct libnftables *l, struct err *err)
{
    *l = (struct libnftables) { .handle = dlopen("libnftables.so.1", RTLD_NOW | RTLD_LOCAL) };
    if (!l->handle)
        return err_set(
            err, ERR_UNSUPPORTED, ENOENT,
            "bridge networks need libnftables, which is not installed: install nftables, "
            "or use --network host or none (%s)",
            dlerror());
    l->ctx_new = (__typeof__(l->ctx_new))dlsym(l->handle, "nft_ctx_new");
    l->ctx_free = (__typeof__(l->ctx_free))dlsym(l->handle, "nft_ctx_free");
    l->buffer_output = (__typeof__(l->buffer_output))dlsym(l->handle, "nft_ctx_buffer_output");
    l->buffer_error = (__typeof__(l->buffer_error))dlsym(l->handle, "nft_ctx_buffer_error");
    l->get_error = (__typeof__(l->get_error))dlsym(l->handle, "nft_ctx_get_error_buffer");
    l->run = (__typeof__(l->run))dlsym(l->handle, "nft_run_cmd_from_buffer");
    if (l->ctx_new && l->ctx_free && l->buffer_output && l->buffer_error && l->get_error && l->run)
        return 0;
    return err_set(err, ERR_UNSUPPORTED, ENOSYS,
                   "libnftables.so.1 lacks a function: it is too old");
}

static void port_text(struct buf *b, const struct fw_port *p)
{
    char host[IP_TEXT_MAX], to[IP_TEXT_MAX];
    bool at = p->host.family != 0;

    ip_text(&p->host, host);
    ip_text(&p->to, to);
    buf_printf(b, "add element inet " TABLE " ports%c%s { ", p->to.family == AF_INET6 ? '6' : '4',
               at ? "_at" : "");
    for (unsigned i = 0; i < p->count; i++)
        buf_printf(b, "%s%s%s%u . %u : %s . %u", i ? ", " : "", at ? host : "", at ? " . " : "",
                   p->proto, p->host_port + i, to, p->to_port + i);
    buf_puts(b, " }\n");
}

static void bridge_text(struct buf *b, const struct fw_bridge *br)
{
    const struct {
        const char *set;
        bool in;
    } sets[] = { { set_bridges, true },
                 { set_masq, br->masq },
                 { set_internal, br->internal },
                 { set_isolated, br->isolated },
                 { set_strict, br->strict } };

    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        if (sets[i].in)
            buf_printf(b, "add element inet " TABLE " %s { \"%s\" }\n", sets[i].set, br->name);
    buf_printf(b, "add element inet " TABLE " same { \"%s\" . \"%s\" }\n", br->name, br->name);
    for (size_t i = 0; i < br->n_nets; i++) {
        struct ip_net net = { ip_net_first(&br->nets[i]), br->nets[i].prefix };
        char text[IP_TEXT_MAX];
        buf_printf(b, "add element inet " TABLE " local%c { %s . \"%s\" }\n",
                   net.addr.family == AF_INET6 ? '6' : '4', ip_net_text(&net, text), br->name);
    }
}

/* In one transaction: there is no moment in which a published port leads nowhere. */
int firewall_make(const struct fw_state *s, struct err *err)
{
    struct libnftables l;
    AUTO_BUF text = { 0 };

    int r = load_library(&l, err);
    if (r < 0)
        return r;
    struct nft_ctx *ctx = l.ctx_new(0);
    if (!ctx)
        return err_sys(err, ENOMEM, "starting libnftables");
    l.buffer_output(ctx);
    l.buffer_error(ctx);
    buf_puts(&text, "table inet " TABLE "\ndelete table inet " TABLE "\n");
    buf_puts(&text, ruleset);
    for (size_t i = 0; i < s->n_bridges; i++)
        bridge_text(&text, &s->bridges[i]);
    for (size_t i = 0; i < s->n_ports; i++)
        port_text(&text, &s->ports[i]);
    if (l.run(ctx, text.data) != 0)
        r = err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "making the nftables table " TABLE ": %s",
                    l.get_error(ctx));
    l.ctx_free(ctx);
    return r; /* the library stays loaded: it does not like to go */
}

/* ---------- names inside a container ---------- */

static size_t expr(struct buf *b, const char *name, size_t *data)
{
    size_t e = nl_nest(b, NFTA_LIST_ELEM);

    nl_str(b, NFTA_EXPR_NAME, name);
    *data = nl_nest(b, NFTA_EXPR_DATA);
    return e;
}

static void expr_end(struct buf *b, size_t e, size_t data)
{
    nl_nest_end(b, data);
    nl_nest_end(b, e);
}

static void value(struct buf *b, uint16_t type, const void *v, size_t len)
{
    size_t n = nl_nest(b, type);

    nl_put(b, NFTA_DATA_VALUE, v, len);
    nl_nest_end(b, n);
}

static void compare(struct buf *b, const void *v, size_t len)
{
    size_t d, e = expr(b, "cmp", &d);

    nl_be32(b, NFTA_CMP_SREG, NFT_REG_1);
    nl_be32(b, NFTA_CMP_OP, NFT_CMP_EQ);
    value(b, NFTA_CMP_DATA, v, len);
    expr_end(b, e, d);
}

static void load(struct buf *b, uint32_t base, uint32_t offset, uint32_t len)
{
    size_t d, e = expr(b, "payload", &d);

    nl_be32(b, NFTA_PAYLOAD_DREG, NFT_REG_1);
    nl_be32(b, NFTA_PAYLOAD_BASE, base);
    nl_be32(b, NFTA_PAYLOAD_OFFSET, offset);
    nl_be32(b, NFTA_PAYLOAD_LEN, len);
    expr_end(b, e, d);
}

static void store_port(struct buf *b, uint32_t offset, uint32_t checksum, uint16_t port)
{
    size_t d, e = expr(b, "immediate", &d);

    nl_be32(b, NFTA_IMMEDIATE_DREG, NFT_REG_1);
    value(b, NFTA_IMMEDIATE_DATA, &port, 2);
    expr_end(b, e, d);
    e = expr(b, "payload", &d);
    nl_be32(b, NFTA_PAYLOAD_SREG, NFT_REG_1);
    nl_be32(b, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
    nl_be32(b, NFTA_PAYLOAD_OFFSET, offset);
    nl_be32(b, NFTA_PAYLOAD_LEN, 2);
    nl_be32(b, NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
    nl_be32(b, NFTA_PAYLOAD_CSUM_OFFSET, checksum);
    expr_end(b, e, d);
}

/* One direction of one protocol: packets to (or from) 127.0.0.11 with port @from get port @to. */
static void put_rewrite(struct nl *nl, struct buf *b, uint8_t proto, bool answer, uint16_t from,
                        uint16_t to)
{
    static const uint8_t server[4] = { 127, 0, 0, 11 };
    uint32_t checksum = proto == IPPROTO_UDP ? 6 : 16, port = answer ? 0 : 2;
    size_t at = begin(nl, b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK,
                      NFPROTO_IPV4);

    from = htons(from);
    to = htons(to);
    nl_str(b, NFTA_RULE_TABLE, TABLE);
    nl_str(b, NFTA_RULE_CHAIN, "names");
    size_t list = nl_nest(b, NFTA_RULE_EXPRESSIONS), d;
    size_t e = expr(b, "meta", &d);
    nl_be32(b, NFTA_META_DREG, NFT_REG_1);
    nl_be32(b, NFTA_META_KEY, NFT_META_L4PROTO);
    expr_end(b, e, d);
    compare(b, &proto, 1);
    load(b, NFT_PAYLOAD_NETWORK_HEADER, answer ? 12 : 16, 4);
    compare(b, server, 4);
    load(b, NFT_PAYLOAD_TRANSPORT_HEADER, port, 2);
    compare(b, &from, 2);
    store_port(b, port, checksum, to);
    nl_nest_end(b, list);
    nl_end(b, at);
}

int firewall_dns(struct nl *nl, uint16_t udp, uint16_t tcp, struct err *err)
{
    AUTO_BUF b = { 0 };
    char why[128];

    frame(nl, &b, NFNL_MSG_BATCH_BEGIN);
    size_t at = begin(nl, &b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_ACK, NFPROTO_IPV4);
    nl_str(&b, NFTA_TABLE_NAME, TABLE);
    nl_end(&b, at);
    at = begin(nl, &b, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_ACK, NFPROTO_IPV4);
    nl_str(&b, NFTA_CHAIN_TABLE, TABLE);
    nl_str(&b, NFTA_CHAIN_NAME, "names");
    size_t hook = nl_nest(&b, NFTA_CHAIN_HOOK);
    nl_be32(&b, NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT);
    nl_be32(&b, NFTA_HOOK_PRIORITY, (uint32_t)-300);
    nl_nest_end(&b, hook);
    nl_str(&b, NFTA_CHAIN_TYPE, "filter");
    nl_end(&b, at);
    put_rewrite(nl, &b, IPPROTO_UDP, false, 53, udp);
    put_rewrite(nl, &b, IPPROTO_UDP, true, udp, 53);
    put_rewrite(nl, &b, IPPROTO_TCP, false, 53, tcp);
    put_rewrite(nl, &b, IPPROTO_TCP, true, tcp, 53);
    frame(nl, &b, NFNL_MSG_BATCH_END);
    int r = nl_talk(nl, &b, NULL, NULL, why);
    return r < 0 ? err_sys(err, -r, "making the rules for names in the container%s%s",
                           *why ? ": " : "", why)
                 : 0;
}
