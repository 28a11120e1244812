#include "monitor/dhcp_apply.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/proc.h"
#include "spec/dhcp6.h"

#include "base/banned.h"

/* One message; answers are thrown away with the socket. */
struct message {
    struct nlmsghdr h;
    union {
        struct ifaddrmsg addr;
        struct rtmsg route;
    } u;
    char attrs[64];
};

static void put(struct message *m, uint16_t type, const void *data, size_t n)
{
    struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + n), .nla_type = type };
    char *at = (char *)m + m->h.nlmsg_len;

    memcpy(at, &a, sizeof(a));
    memcpy(at + NLA_HDRLEN, data, n);
    m->h.nlmsg_len += (uint32_t)NLA_ALIGN(a.nla_len);
}

static void change_address6(int fd, int ifindex, const char *text, bool add)
{
    struct in6_addr ip;

    if (!dhcp6_address(text, &ip))
        return;
    struct message m = { .h = { .nlmsg_len = NLMSG_LENGTH(sizeof(m.u.addr)),
                                .nlmsg_type = add ? RTM_NEWADDR : RTM_DELADDR,
                                .nlmsg_flags = NLM_F_REQUEST |
                                               (add ? NLM_F_CREATE | NLM_F_REPLACE : 0) },
                         .u.addr = { .ifa_family = AF_INET6,
                                     .ifa_prefixlen = 128,
                                     .ifa_flags = add ? IFA_F_NODAD : 0,
                                     .ifa_index = (uint32_t)ifindex } };
    put(&m, IFA_LOCAL, &ip, sizeof(ip));
    (void)!send(fd, &m, m.h.nlmsg_len, MSG_NOSIGNAL);
}

static void change_address(int fd, int ifindex, const char *text, bool add)
{
    struct in_addr ip, last;
    unsigned prefix;

    if (!dhcp_net(text, &ip, &prefix)) {
        change_address6(fd, ifindex, text, add);
        return;
    }
    struct message m = { .h = { .nlmsg_len = NLMSG_LENGTH(sizeof(m.u.addr)),
                                .nlmsg_type = add ? RTM_NEWADDR : RTM_DELADDR,
                                .nlmsg_flags = NLM_F_REQUEST |
                                               (add ? NLM_F_CREATE | NLM_F_REPLACE : 0) },
                         .u.addr = { .ifa_family = AF_INET,
                                     .ifa_prefixlen = (uint8_t)prefix,
                                     .ifa_index = (uint32_t)ifindex } };
    put(&m, IFA_LOCAL, &ip, 4);
    put(&m, IFA_ADDRESS, &ip, 4);
    last.s_addr = ip.s_addr | htonl(prefix < 32 ? UINT32_MAX >> prefix : 0);
    if (prefix < 31)
        put(&m, IFA_BROADCAST, &last, 4);
    (void)!send(fd, &m, m.h.nlmsg_len, MSG_NOSIGNAL);
}

static void change_route(int fd, int ifindex, const char *text, int64_t metric, bool add)
{
    AUTO_ARENA a = { 0 };
    char **f = strv_split(&a, text, ' ');
    uint32_t oif = (uint32_t)ifindex, priority = (uint32_t)metric;
    struct in_addr to, gateway;
    unsigned prefix, whole;

    if (strv_len(f) != 2 || !dhcp_net(f[0], &to, &prefix) || !dhcp_net(f[1], &gateway, &whole))
        return;
    struct message m = {
        .h = { .nlmsg_len = NLMSG_LENGTH(sizeof(m.u.route)),
               .nlmsg_type = add ? RTM_NEWROUTE : RTM_DELROUTE,
               .nlmsg_flags = NLM_F_REQUEST | (add ? NLM_F_CREATE | NLM_F_REPLACE : 0) },
        .u.route = { .rtm_family = AF_INET,
                     .rtm_dst_len = (uint8_t)prefix,
                     .rtm_table = RT_TABLE_MAIN,
                     .rtm_protocol = RTPROT_STATIC,
                     .rtm_scope = gateway.s_addr ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
                     .rtm_type = RTN_UNICAST }
    };
    if (prefix)
        put(&m, RTA_DST, &to, 4);
    if (gateway.s_addr)
        put(&m, RTA_GATEWAY, &gateway, 4);
    put(&m, RTA_OIF, &oif, 4);
    if (priority)
        put(&m, RTA_PRIORITY, &priority, 4);
    (void)!send(fd, &m, m.h.nlmsg_len, MSG_NOSIGNAL);
}

int dhcp_interface(const struct network *net, const char *name)
{
    struct ifreq q = { 0 };
    AUTO_CLOSE int fd = proc_socket_in(net->netns, AF_INET, SOCK_DGRAM, 0);

    if (fd < 0)
        return fd;
    snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", name);
    return ioctl(fd, SIOCGIFINDEX, &q) < 0 ? -errno : q.ifr_ifindex;
}

/* The new address is there before the old one goes: an interface without any loses its routes, all of them. */
void dhcp_apply(const struct network *net, int ifindex, const struct dhcp_lease *old,
                const struct dhcp_lease *now)
{
    AUTO_CLOSE int fd = proc_socket_in(net->netns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

    if (fd < 0)
        return;
    if (now->address)
        change_address(fd, ifindex, now->address, true);
    for (char **r = old->address ? old->routes : NULL; r && *r; r++)
        if (!now->address || !strv_has(now->routes, *r))
            change_route(fd, ifindex, *r, old->metric, false);
    if (old->address && !str_same(old->address, now->address))
        change_address(fd, ifindex, old->address, false);
    for (char **r = now->address ? now->routes : NULL; r && *r; r++)
        change_route(fd, ifindex, *r, now->metric, true);
}
