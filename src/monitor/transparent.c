#include "monitor/transparent.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "base/proc.h"

#include "base/banned.h"

enum {
    MARK = 0x706d6e,
    TABLE = 28781,
    ANSWERS = 28782,
    PRIORITY = 28781,
    LOOPBACK = 1,
    STACK = 64 << 10
};
#define ACCEPT_MARK "/proc/sys/net/ipv4/tcp_fwmark_accept"

/* Shares memory and descriptors with us, not the namespace: the setting is that of whoever writes. */
static int set_accept_mark(void *arg)
{
    const int *netns = arg;

    return setns(*netns, CLONE_NEWNET) < 0 || fs_write_kernel(AT_FDCWD, ACCEPT_MARK, "1") < 0;
}

static bool accept_marks(int netns)
{
    AUTO_FREE char *stack = xmalloc(STACK);
    int status;
    pid_t pid = clone(set_accept_mark, stack + STACK,
                      CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &netns);

    if (pid < 0)
        return false;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct request {
    struct nlmsghdr h;
    union {
        struct fib_rule_hdr rule;
        struct rtmsg route;
    } u;
    char attrs[96];
};

static void add_attr(struct request *rq, uint16_t type, const void *v, size_t n)
{
    char *at = (char *)rq + NLMSG_ALIGN(rq->h.nlmsg_len);
    struct rtattr a = { .rta_len = (unsigned short)RTA_LENGTH(n), .rta_type = type };

    memcpy(at, &a, sizeof(a));
    memcpy(at + RTA_LENGTH(0), v, n);
    rq->h.nlmsg_len = (uint32_t)(NLMSG_ALIGN(rq->h.nlmsg_len) + RTA_LENGTH(n));
}

static void add_u32(struct request *rq, uint16_t type, uint32_t v)
{
    add_attr(rq, type, &v, sizeof(v));
}

/* One request, one answer; what is there already is good. */
static bool ask(int fd, struct request *rq, uint16_t flags)
{
    char answer[1024];

    rq->h.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | flags;
    if (send(fd, rq, rq->h.nlmsg_len, 0) < 0 || recv(fd, answer, sizeof(answer), MSG_WAITALL) < 0)
        return false;
    const struct nlmsghdr *h = (const struct nlmsghdr *)answer;
    const struct nlmsgerr *e = (const struct nlmsgerr *)(answer + NLMSG_HDRLEN);
    return h->nlmsg_type == NLMSG_ERROR && (e->error == 0 || e->error == -EEXIST);
}

static bool add_rule(int fd, unsigned char family)
{
    struct request rq = {
        .h = { .nlmsg_len = NLMSG_LENGTH(sizeof(rq.u.rule)), .nlmsg_type = RTM_NEWRULE },
        .u.rule = { .family = family, .table = RT_TABLE_UNSPEC, .action = FR_ACT_TO_TBL },
    };

    add_u32(&rq, FRA_FWMARK, MARK);
    add_u32(&rq, FRA_PRIORITY, PRIORITY);
    add_u32(&rq, FRA_TABLE, TABLE);
    return ask(fd, &rq, NLM_F_EXCL);
}

static const void *bytes_of(const struct sockaddr_storage *a, size_t *ret_len)
{
    bool six = a->ss_family == AF_INET6;

    *ret_len = six ? 16 : 4;
    return six ? (const void *)&((const struct sockaddr_in6 *)a)->sin6_addr
               : (const void *)&((const struct sockaddr_in *)a)->sin_addr;
}

/* Every address is local.  @source: the one that answers come from, NULL: whatever they have. */
static bool add_route(int fd, unsigned char family, uint32_t table,
                      const struct sockaddr_storage *source)
{
    struct request rq = {
        .h = { .nlmsg_len = NLMSG_LENGTH(sizeof(rq.u.route)), .nlmsg_type = RTM_NEWROUTE },
        .u.route = { .rtm_family = family,
                     .rtm_table = RT_TABLE_UNSPEC,
                     .rtm_protocol = RTPROT_STATIC,
                     .rtm_scope = RT_SCOPE_HOST,
                     .rtm_type = RTN_LOCAL },
    };
    size_t n;

    add_u32(&rq, RTA_OIF, LOOPBACK);
    add_u32(&rq, RTA_TABLE, table);
    if (source) {
        const void *bytes = bytes_of(source, &n);
        add_attr(&rq, RTA_PREFSRC, bytes, n);
    }
    return ask(fd, &rq, source ? NLM_F_REPLACE : NLM_F_EXCL);
}

static bool prepare(struct network *net)
{
    AUTO_CLOSE int fd = proc_socket_in(net->netns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

    if (net->transparent)
        return net->transparent > 0;
    net->transparent = -1;
    if (fd < 0 || fcntl(fd, F_SETFL, 0) < 0 || !accept_marks(net->netns) ||
        !add_rule(fd, AF_INET) || !add_route(fd, AF_INET, TABLE, NULL))
        return false;
    /* Where there is no IPv6 nobody comes by it. */
    (void)(add_rule(fd, AF_INET6) && add_route(fd, AF_INET6, TABLE, NULL));
    net->transparent = 1;
    return true;
}

/* Who asks from the host's own loopback has no address that would mean anything inside. */
static bool is_loopback(const struct sockaddr_storage *a)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;

    return a->ss_family == AF_INET
               ? ntohl(v4->sin_addr.s_addr) >> 24 == 127
               : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) || IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr);
}

int transparent_socket(struct network *net, const struct sockaddr_storage *client, int type)
{
    bool six = client->ss_family == AF_INET6;
    int on = 1, mark = MARK;
    socklen_t len = six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);

    if (is_loopback(client) || !prepare(net))
        return -EOPNOTSUPP;
    AUTO_CLOSE int fd = proc_socket_in(net->netns, client->ss_family, type, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0 ||
        setsockopt(fd, six ? SOL_IPV6 : SOL_IP, six ? IPV6_TRANSPARENT : IP_TRANSPARENT, &on,
                   sizeof(on)) < 0 ||
        /* The same client may ask at several ports. */
        (type == SOCK_DGRAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) ||
        bind(fd, (const struct sockaddr *)client, len) < 0)
        return -EOPNOTSUPP;
    return HANDOVER_FD(fd);
}

bool transparent_answers(struct network *net, const struct sockaddr_storage *client,
                         const struct sockaddr_storage *server, bool add)
{
    bool six = client->ss_family == AF_INET6;
    uint16_t port = ntohs(six ? ((const struct sockaddr_in6 *)server)->sin6_port
                              : ((const struct sockaddr_in *)server)->sin_port);
    const struct fib_rule_port_range from = { port, port };
    const uint8_t udp = IPPROTO_UDP;
    struct request rq = {
        .h = { .nlmsg_len = NLMSG_LENGTH(sizeof(rq.u.rule)),
               .nlmsg_type = add ? RTM_NEWRULE : RTM_DELRULE },
        .u.rule = { .family = six ? AF_INET6 : AF_INET,
                    .dst_len = six ? 128 : 32,
                    .table = RT_TABLE_UNSPEC,
                    .action = FR_ACT_TO_TBL },
    };
    size_t n;
    const void *bytes = bytes_of(client, &n);
    AUTO_CLOSE int fd = proc_socket_in(net->netns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

    add_attr(&rq, FRA_DST, bytes, n);
    add_attr(&rq, FRA_IP_PROTO, &udp, sizeof(udp));
    add_attr(&rq, FRA_SPORT_RANGE, &from, sizeof(from));
    add_u32(&rq, FRA_PRIORITY, PRIORITY);
    add_u32(&rq, FRA_TABLE, ANSWERS);
    return fd >= 0 && fcntl(fd, F_SETFL, 0) == 0 &&
           (!add || add_route(fd, rq.u.rule.family, ANSWERS, server)) && ask(fd, &rq, NLM_F_EXCL);
}
