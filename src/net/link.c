#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "base/json.h"
#include "net/link.h"

#include "base/banned.h"

static int refused(int r, const char *why, struct err *err, const char *what, const char *name)
{
    return *why ? err_set(err, err_kind_of_errno(-r), -r, "%s %s: %s: %s", what, name, strerror(-r),
                          why)
                : err_sys(err, -r, "%s %s", what, name);
}

/* ---------- looking ---------- */

static int read_link(void *arg, uint16_t type, const void *payload, size_t len)
{
    struct link_info *l = arg;
    const struct ifinfomsg *m = payload;
    const struct nlattr *tb[IFLA_LINKINFO + 1], *info[IFLA_INFO_KIND + 1];

    if (type != RTM_NEWLINK || len < sizeof(*m))
        return 0;
    nl_attrs((const char *)payload + sizeof(*m), len - sizeof(*m), tb, IFLA_LINKINFO);
    *l = (struct link_info) { .index = m->ifi_index,
                              .flags = m->ifi_flags,
                              .mtu = nl_get_u32(tb[IFLA_MTU]),
                              .master = (int)nl_get_u32(tb[IFLA_MASTER]) };
    nl_get_str(tb[IFLA_IFNAME], l->name, sizeof(l->name));
    if (tb[IFLA_ADDRESS] && nl_len(tb[IFLA_ADDRESS]) == 6)
        memcpy(l->mac, nl_data(tb[IFLA_ADDRESS]), 6);
    if (tb[IFLA_LINKINFO]) {
        nl_attrs(nl_data(tb[IFLA_LINKINFO]), nl_len(tb[IFLA_LINKINFO]), info, IFLA_INFO_KIND);
        nl_get_str(info[IFLA_INFO_KIND], l->kind, sizeof(l->kind));
    }
    return 0;
}

int link_find(struct nl *nl, const char *name, struct link_info *ret)
{
    AUTO_BUF b = { 0 };
    struct ifinfomsg m = { .ifi_family = AF_UNSPEC };
    struct link_info found = { 0 };

    if (!*name || strlen(name) >= IFNAMSIZ)
        return -ENODEV;
    size_t at = nl_begin(nl, &b, RTM_GETLINK, NLM_F_ACK, &m, sizeof(m));
    nl_str(&b, IFLA_IFNAME, name);
    nl_end(&b, at);
    int r = nl_talk(nl, &b, read_link, &found, NULL);
    if (r == 0 && !found.index)
        r = -ENODEV;
    if (r == 0)
        *ret = found;
    return r;
}

/* ---------- making ---------- */

static size_t begin_link(struct nl *nl, struct buf *b, uint16_t type, unsigned flags, int index,
                         bool up)
{
    struct ifinfomsg m = { .ifi_family = AF_UNSPEC,
                           .ifi_index = index,
                           .ifi_flags = up ? IFF_UP : 0,
                           .ifi_change = up ? IFF_UP : 0 };

    return nl_begin(nl, b, type, flags | NLM_F_ACK, &m, sizeof(m));
}

static void put_address(struct nl *nl, struct buf *b, int index, const struct ip_net *a)
{
    struct ifaddrmsg m = { .ifa_family = (uint8_t)a->addr.family,
                           .ifa_prefixlen = (uint8_t)a->prefix,
                           .ifa_index = (uint32_t)index,
                           /* Our own leases say that nobody else has it. */
                           .ifa_flags = a->addr.family == AF_INET6 ? IFA_F_NODAD : 0 };
    size_t at = nl_begin(nl, b, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, &m,
                         sizeof(m));

    nl_put(b, IFA_LOCAL, a->addr.b, ip_len(&a->addr));
    nl_put(b, IFA_ADDRESS, a->addr.b, ip_len(&a->addr));
    if (a->addr.family == AF_INET && a->prefix < 31) {
        struct ip_addr last = ip_net_last(a);
        nl_put(b, IFA_BROADCAST, last.b, 4);
    }
    nl_end(b, at);
}

static int make_bridge(struct nl *nl, const struct link_bridge *s, struct err *err)
{
    AUTO_BUF b = { 0 };
    char why[128];
    size_t at = begin_link(nl, &b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, true);

    nl_str(&b, IFLA_IFNAME, s->name);
    if (s->mtu)
        nl_u32(&b, IFLA_MTU, s->mtu);
    size_t info = nl_nest(&b, IFLA_LINKINFO);
    nl_str(&b, IFLA_INFO_KIND, "bridge");
    if (s->vlan) {
        size_t data = nl_nest(&b, IFLA_INFO_DATA);
        nl_u8(&b, IFLA_BR_VLAN_FILTERING, 1);
        nl_nest_end(&b, data);
    }
    nl_nest_end(&b, info);
    nl_end(&b, at);
    int r = nl_talk(nl, &b, NULL, NULL, why);
    if (r < 0 && r != -EEXIST) /* another container's start may have been faster */
        return refused(r, why, err, "creating the bridge", s->name);
    return r;
}

static int set_vrf(struct nl *nl, const struct link_bridge *s, struct link_info *l, struct err *err)
{
    AUTO_BUF b = { 0 };
    struct link_info vrf;
    char why[128];

    int r = link_find(nl, s->vrf, &vrf);
    if (r < 0)
        return err_set(err, ERR_NOT_FOUND, -r, "vrf %s: no such interface", s->vrf);
    if (!STR_EQ(vrf.kind, "vrf"))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s is not a vrf but %s", s->vrf, vrf.kind);
    if (l->master == vrf.index)
        return 0;
    size_t at = begin_link(nl, &b, RTM_SETLINK, 0, l->index, false);
    nl_u32(&b, IFLA_MASTER, (uint32_t)vrf.index);
    nl_end(&b, at);
    r = nl_talk(nl, &b, NULL, NULL, why);
    return r < 0 ? refused(r, why, err, "adding to its vrf the bridge", s->name) : 0;
}

int link_bridge_ensure(struct nl *nl, const struct link_bridge *s, struct link_info *ret,
                       struct err *err)
{
    AUTO_BUF b = { 0 };
    char why[128];
    bool made = false;

    int r = link_find(nl, s->name, ret);
    if (r == -ENODEV) {
        r = make_bridge(nl, s, err);
        made = r == 0;
        r = r == -EEXIST || r == 0 ? link_find(nl, s->name, ret) : r;
    }
    if (r < 0)
        return err && err->kind ? r : err_sys(err, -r, "finding the bridge %s", s->name);
    if (!STR_EQ(ret->kind, "bridge"))
        return err_set(err, ERR_CONFLICT, EEXIST, "the interface %s is no bridge but %s", s->name,
                       *ret->kind ? ret->kind : "a device of its own");
    if (s->vrf && (r = set_vrf(nl, s, ret, err)) < 0)
        return r;
    bool up = ret->flags & IFF_UP;
    if (!up) {
        size_t at = begin_link(nl, &b, RTM_NEWLINK, 0, ret->index, true);
        nl_end(&b, at);
    }
    if (made || !up) /* one that is up has them: whoever made it, or makes it now, sees to that */
        for (size_t i = 0; i < s->n_addrs; i++)
            put_address(nl, &b, ret->index, &s->addrs[i]);
    r = b.len ? nl_talk(nl, &b, NULL, NULL, why) : 0;
    return r < 0 && r != -EEXIST ? refused(r, why, err, "configuring the bridge", s->name) : 0;
}

static void put_vlan(struct nl *nl, struct buf *b, int index, uint32_t vlan)
{
    struct ifinfomsg m = { .ifi_family = AF_BRIDGE, .ifi_index = index };
    struct bridge_vlan_info none = { .vid = 1 };
    struct bridge_vlan_info v = { .flags = BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED,
                                  .vid = (uint16_t)vlan };
    size_t at, spec;

    if (vlan != 1) { /* every port of a new bridge is in the first */
        at = nl_begin(nl, b, RTM_DELLINK, NLM_F_ACK, &m, sizeof(m));
        spec = nl_nest(b, IFLA_AF_SPEC);
        nl_put(b, IFLA_BRIDGE_VLAN_INFO, &none, sizeof(none));
        nl_nest_end(b, spec);
        nl_end(b, at);
    }
    at = nl_begin(nl, b, RTM_SETLINK, NLM_F_ACK, &m, sizeof(m));
    spec = nl_nest(b, IFLA_AF_SPEC);
    nl_put(b, IFLA_BRIDGE_VLAN_INFO, &v, sizeof(v));
    nl_nest_end(b, spec);
    nl_end(b, at);
}

/* A container that asks a published port of its own comes back to itself. */
static void put_hairpin(struct nl *nl, struct buf *b, int index)
{
    struct ifinfomsg m = { .ifi_family = AF_BRIDGE, .ifi_index = index };
    size_t at = nl_begin(nl, b, RTM_SETLINK, NLM_F_ACK, &m, sizeof(m));
    size_t port = nl_nest(b, IFLA_PROTINFO);

    nl_u8(b, IFLA_BRPORT_MODE, 1);
    nl_nest_end(b, port);
    nl_end(b, at);
}

int link_veth(struct nl *nl, const struct link_veth *v, int netns, struct err *err)
{
    AUTO_BUF b = { 0 };
    char why[128];
    struct ifinfomsg peer = { .ifi_family =
                                  AF_UNSPEC }; /* the kernel brings up no half of a pair */
    size_t at = begin_link(nl, &b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, true);

    nl_str(&b, IFLA_IFNAME, v->host);
    nl_u32(&b, IFLA_MASTER, (uint32_t)v->master);
    if (v->mtu)
        nl_u32(&b, IFLA_MTU, v->mtu);
    size_t info = nl_nest(&b, IFLA_LINKINFO);
    nl_str(&b, IFLA_INFO_KIND, "veth");
    size_t data = nl_nest(&b, IFLA_INFO_DATA);
    size_t end = nl_nest(&b, VETH_INFO_PEER);
    buf_put(&b, &peer, sizeof(peer));
    nl_str(&b, IFLA_IFNAME, v->inside);
    nl_put(&b, IFLA_ADDRESS, v->mac, 6);
    nl_u32(&b, IFLA_NET_NS_FD, (uint32_t)netns);
    if (v->mtu)
        nl_u32(&b, IFLA_MTU, v->mtu);
    nl_nest_end(&b, end);
    nl_nest_end(&b, data);
    nl_nest_end(&b, info);
    nl_end(&b, at);
    int r = nl_talk(nl, &b, NULL, NULL, why);
    if (r == -EXFULL)
        return err_set(
            err, ERR_UNAVAILABLE, EXFULL,
            "the bridge has 1023 interfaces, and a Linux bridge takes no more: use another "
            "network");
    if (r < 0)
        return refused(r, why, err, "creating the interface", v->host);
    if (!v->vlan && !v->hairpin)
        return 0;
    struct link_info l;
    r = link_find(nl, v->host, &l);
    if (r == 0 && v->vlan)
        put_vlan(nl, &b, l.index, v->vlan);
    if (r == 0 && v->hairpin)
        put_hairpin(nl, &b, l.index);
    if (r == 0)
        r = nl_talk(nl, &b, NULL, NULL, why);
    return r < 0 ? refused(r, why, err, "configuring the bridge's port", v->host) : 0;
}

int link_enslave(struct nl *nl, const char *name, int master, bool hairpin)
{
    AUTO_BUF b = { 0 };
    struct link_info l;
    int r = link_find(nl, name, &l);

    if (r < 0 || l.master == master)
        return r == -ENODEV ? 0 : r;
    size_t at = begin_link(nl, &b, RTM_NEWLINK, 0, l.index, true);
    nl_u32(&b, IFLA_MASTER, (uint32_t)master);
    nl_end(&b, at);
    if (hairpin)
        put_hairpin(nl, &b, l.index);
    return nl_talk(nl, &b, NULL, NULL, NULL);
}

static const struct {
    const char *kind, *mode;
    uint32_t value;
} sub_modes[] = {
    { "macvlan", "bridge", MACVLAN_MODE_BRIDGE }, { "macvlan", "private", MACVLAN_MODE_PRIVATE },
    { "macvlan", "vepa", MACVLAN_MODE_VEPA },     { "macvlan", "passthru", MACVLAN_MODE_PASSTHRU },
    { "ipvlan", "l2", IPVLAN_MODE_L2 },           { "ipvlan", "l3", IPVLAN_MODE_L3 },
    { "ipvlan", "l3s", IPVLAN_MODE_L3S },
};

static const uint32_t *sub_mode(const char *kind, const char *mode)
{
    for (size_t i = 0; i < ARRAY_SIZE(sub_modes); i++)
        if (STR_EQ(sub_modes[i].kind, kind) && STR_EQ(sub_modes[i].mode, mode))
            return &sub_modes[i].value;
    return NULL;
}

bool link_sub_mode_known(const char *kind, const char *mode)
{
    return sub_mode(kind, mode) != NULL;
}

int link_sub(struct nl *nl, const struct link_sub *s, int netns, struct err *err)
{
    AUTO_BUF b = { 0 };
    char why[128];
    const uint32_t *mode = sub_mode(s->kind, s->mode);

    if (!mode)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown %s mode \"%s\"", s->kind, s->mode);
    size_t at = begin_link(nl, &b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, true);
    nl_str(&b, IFLA_IFNAME, s->inside);
    nl_u32(&b, IFLA_LINK, (uint32_t)s->parent);
    nl_u32(&b, IFLA_NET_NS_FD, (uint32_t)netns);
    if (s->mac)
        nl_put(&b, IFLA_ADDRESS, s->mac, 6);
    if (s->mtu)
        nl_u32(&b, IFLA_MTU, s->mtu);
    size_t info = nl_nest(&b, IFLA_LINKINFO);
    nl_str(&b, IFLA_INFO_KIND, s->kind);
    size_t data = nl_nest(&b, IFLA_INFO_DATA);
    if (STR_EQ(s->kind, "macvlan"))
        nl_u32(&b, IFLA_MACVLAN_MODE, *mode);
    else
        nl_u16(&b, IFLA_IPVLAN_MODE, (uint16_t)*mode);
    nl_nest_end(&b, data);
    nl_nest_end(&b, info);
    nl_end(&b, at);
    int r = nl_talk(nl, &b, NULL, NULL, why);
    return r < 0 ? refused(r, why, err, "creating the interface", s->inside) : 0;
}

int link_delete(struct nl *nl, const char *name)
{
    AUTO_BUF b = { 0 };
    struct link_info l;
    int r = link_find(nl, name, &l);

    if (r < 0)
        return r;
    size_t at = begin_link(nl, &b, RTM_DELLINK, 0, l.index, false);
    nl_end(&b, at);
    return nl_talk(nl, &b, NULL, NULL, NULL);
}

/* ---------- inside ---------- */

static void put_route(struct nl *nl, struct buf *b, int index, const struct link_route *route)
{
    uint8_t type = route->type ? route->type : RTN_UNICAST;
    struct ip_addr to = ip_net_first(&route->to);
    struct rtmsg m = { .rtm_family = (uint8_t)route->to.addr.family,
                       .rtm_dst_len = (uint8_t)route->to.prefix,
                       .rtm_table = RT_TABLE_MAIN,
                       .rtm_protocol = RTPROT_STATIC,
                       .rtm_scope = route->gateway.family || type != RTN_UNICAST ? RT_SCOPE_UNIVERSE
                                                                                 : RT_SCOPE_LINK,
                       .rtm_type = type };
    size_t at = nl_begin(nl, b, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE, &m, sizeof(m));

    if (route->to.prefix)
        nl_put(b, RTA_DST, to.b, ip_len(&to));
    if (route->gateway.family)
        nl_put(b, RTA_GATEWAY, route->gateway.b, ip_len(&route->gateway));
    if (type == RTN_UNICAST)
        nl_u32(b, RTA_OIF, (uint32_t)index);
    if (route->metric)
        nl_u32(b, RTA_PRIORITY, route->metric);
    nl_end(b, at);
}

int link_loopback_up(struct nl *nl)
{
    AUTO_BUF b = { 0 };
    size_t at = begin_link(nl, &b, RTM_NEWLINK, 0, 1, true);

    nl_end(&b, at);
    return nl_talk(nl, &b, NULL, NULL, NULL);
}

static void set_mtu(struct nl *nl, int index, uint32_t mtu)
{
    AUTO_BUF b = { 0 };

    if (!mtu)
        return;
    size_t at = begin_link(nl, &b, RTM_NEWLINK, 0, index, true);
    nl_u32(&b, IFLA_MTU, mtu);
    nl_end(&b, at);
    (void)!nl_talk(nl, &b, NULL, NULL, NULL);
}

int link_configure(struct nl *nl, struct link_inside *in, struct err *err)
{
    AUTO_BUF b = { 0 };
    char why[128];
    struct link_info l;

    int r = link_find(nl, in->name, &l);
    if (r < 0)
        return err_sys(err, -r, "finding the interface %s in the container", in->name);
    memcpy(in->mac, l.mac, 6);
    in->index = l.index;
    set_mtu(nl, l.index, in->mtu);
    size_t at = begin_link(nl, &b, RTM_NEWLINK, 0, 1, true); /* loopback */
    nl_end(&b, at);
    if (!(l.flags & IFF_UP)) {
        at = begin_link(nl, &b, RTM_NEWLINK, 0, l.index, true);
        nl_end(&b, at);
    }
    for (size_t i = 0; i < in->n_addrs; i++)
        put_address(nl, &b, l.index, &in->addrs[i]);
    for (size_t i = 0; i < in->n_routes; i++)
        put_route(nl, &b, l.index, &in->routes[i]);
    r = nl_talk(nl, &b, NULL, NULL, why);
    return r < 0 && r != -EEXIST ? refused(r, why, err, "configuring the interface", in->name) : 0;
}

/* ---------- what there is already ---------- */

struct subnets {
    struct arena *a;
    struct ip_net *items;
    size_t n;
    int default_index;
};

static int read_route(void *arg, uint16_t type, const void *payload, size_t len)
{
    struct subnets *s = arg;
    const struct rtmsg *m = payload;
    const struct nlattr *tb[RTA_OIF + 1];

    if (type != RTM_NEWROUTE || len < sizeof(*m) || m->rtm_type == RTN_LOCAL ||
        m->rtm_type == RTN_BROADCAST || m->rtm_type == RTN_MULTICAST)
        return 0;
    nl_attrs((const char *)payload + sizeof(*m), len - sizeof(*m), tb, RTA_OIF);
    if (!m->rtm_dst_len) {
        if (!s->default_index && m->rtm_table == RT_TABLE_MAIN)
            s->default_index = (int)nl_get_u32(tb[RTA_OIF]);
        return 0;
    }
    struct ip_net net = { .addr = { .family = m->rtm_family }, .prefix = m->rtm_dst_len };
    if (!tb[RTA_DST] || nl_len(tb[RTA_DST]) < ip_len(&net.addr) ||
        net.prefix > ip_len(&net.addr) * 8)
        return 0;
    memcpy(net.addr.b, nl_data(tb[RTA_DST]), ip_len(&net.addr));
    s->items = list_grow(s->a, s->items, s->n, sizeof(net));
    s->items[s->n++] = net;
    return 0;
}

static int dump_routes(struct nl *nl, struct subnets *s)
{
    AUTO_BUF b = { 0 };
    static const uint8_t families[] = { AF_INET, AF_INET6 };

    for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
        struct rtmsg m = { .rtm_family = families[i] };
        size_t at = nl_begin(nl, &b, RTM_GETROUTE, NLM_F_DUMP, &m, sizeof(m));
        nl_end(&b, at);
        int r = nl_talk(nl, &b, read_route, s, NULL);
        if (r < 0)
            return r;
    }
    return 0;
}

int link_subnets(struct nl *nl, struct arena *a, struct ip_net **ret, size_t *ret_n)
{
    struct subnets s = { .a = a };
    int r = dump_routes(nl, &s);

    *ret = s.items;
    *ret_n = s.n;
    return r;
}

static int name_of_index(struct nl *nl, int index, char ret[IFNAMSIZ])
{
    AUTO_BUF b = { 0 };
    struct ifinfomsg m = { .ifi_family = AF_UNSPEC, .ifi_index = index };
    struct link_info l = { 0 };
    size_t at = nl_begin(nl, &b, RTM_GETLINK, NLM_F_ACK, &m, sizeof(m));

    nl_end(&b, at);
    int r = nl_talk(nl, &b, read_link, &l, NULL);
    if (r == 0)
        memcpy(ret, l.name, IFNAMSIZ);
    return r;
}

int link_default(struct nl *nl, char ret[IFNAMSIZ])
{
    AUTO_ARENA a = { 0 };
    struct subnets s = { .a = &a };
    int r = dump_routes(nl, &s);

    if (r == 0 && !s.default_index)
        r = -ENOENT;
    return r < 0 ? r : name_of_index(nl, s.default_index, ret);
}

static int read_address(void *arg, uint16_t type, const void *payload, size_t len)
{
    struct ip_addr *found = arg, ip;
    const struct ifaddrmsg *m = payload;
    const struct nlattr *tb[IFA_LOCAL + 1];

    if (type != RTM_NEWADDR || len < sizeof(*m) || m->ifa_scope != RT_SCOPE_UNIVERSE ||
        found->family)
        return 0;
    nl_attrs((const char *)payload + sizeof(*m), len - sizeof(*m), tb, IFA_LOCAL);
    const struct nlattr *a = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
    ip = (struct ip_addr) { .family = m->ifa_family };
    if (!a || nl_len(a) < ip_len(&ip))
        return 0;
    memcpy(ip.b, nl_data(a), ip_len(&ip));
    if (!ip_loopback(&ip))
        *found = ip;
    return 0;
}

int link_own_address(struct nl *nl, struct ip_addr *ret)
{
    AUTO_BUF b = { 0 };
    static const uint8_t families[] = { AF_INET, AF_INET6 };
    struct ip_addr found = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(families) && !found.family; i++) {
        struct ifaddrmsg m = { .ifa_family = families[i] };
        size_t at = nl_begin(nl, &b, RTM_GETADDR, NLM_F_DUMP, &m, sizeof(m));
        nl_end(&b, at);
        int r = nl_talk(nl, &b, read_address, &found, NULL);
        if (r < 0)
            return r;
    }
    if (!found.family)
        return -ENOENT;
    *ret = found;
    return 0;
}
