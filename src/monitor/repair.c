#include "monitor/repair.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/lock.h"
#include "base/parse.h"
#include "base/proc.h"

#include "base/banned.h"

#define TABLE    "podman" /* net/firewall.h: inet podman */
#define LOCK     "network-repair.lock"
#define MOMENT   (20 * (NSEC_PER_SEC / 1000)) /* at least; a chance of as much again, times four */
#define AGAIN_NS (300 * (NSEC_PER_SEC / 1000))
enum { TRIES_MAX = 10, BRIDGES_MAX = 8 };

struct watch {
    struct source s;
    struct network *net;
    char **command;
    unsigned tries;
    int64_t lost_at;      /* wall clock; 0: nothing is known to be lost */
    struct source *links; /* the other socket, told of bridges; its owner's timer is ours */
};
struct link_watch {
    struct source s;
    struct watch *owner;
};

/* ---------- sockets that tell of losses only ---------- */

static int listen_to(int protocol, int group, const struct sock_filter *code, size_t n)
{
    struct sock_fprog filter = { (unsigned short)n, (struct sock_filter *)(uintptr_t)code };
    struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
    AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

    /* Without an address of our own the kernel would take us for the sender, whom it tells nothing. */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ||
        bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
        setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
        return -errno;
    return HANDOVER_FD(fd);
}

/* A filter loads numbers as if they were in network order, and netlink's are not. */
#define TYPE(t)  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons((uint16_t)(t)), 0, 1)
#define NFT(t)   TYPE(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_##t)
#define TAKE     BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)
#define LEAVE    BPF_STMT(BPF_RET | BPF_K, 0)
#define LOAD(at) BPF_STMT(BPF_LD | BPF_H | BPF_ABS, at)

/* The first message's type decides: a batch that takes a table away begins with what is in it.  Elements come
 * and go with every container and are left alone. */
static int firewall_losses(void)
{
    const struct sock_filter code[] = {
        LOAD(offsetof(struct nlmsghdr, nlmsg_type)),
        NFT(DELTABLE),
        TAKE,
        NFT(DELCHAIN),
        TAKE,
        NFT(DELRULE),
        TAKE,
        NFT(DELSET),
        TAKE,
        NFT(NEWTABLE), /* firewalld's: it has forgotten what it was told */
        TAKE,
        LEAVE,
    };

    return listen_to(NETLINK_NETFILTER, NFNLGRP_NFTABLES, code, ARRAY_SIZE(code));
}

static int link_losses(const uint32_t *index, size_t n)
{
    struct sock_filter code[4 + 2 * BRIDGES_MAX + 1] = {
        LOAD(offsetof(struct nlmsghdr, nlmsg_type)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELLINK), 1, 0),
        LEAVE,
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NLMSG_HDRLEN + offsetof(struct ifinfomsg, ifi_index)),
    };
    size_t len = 4;

    for (size_t i = 0; i < n; i++) {
        code[len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(index[i]), 0,
                                                   1);
        code[len++] = (struct sock_filter)TAKE;
    }
    code[len++] = (struct sock_filter)LEAVE;
    return listen_to(NETLINK_ROUTE, RTNLGRP_LINK, code, len);
}

/* ---------- is it whole? ---------- */

static bool has_table(void)
{
    struct {
        struct nlmsghdr h;
        struct nfgenmsg g;
        struct nlattr a;
        char name[8];
    } rq = {
        .h = { .nlmsg_len = sizeof(rq),
               .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE,
               .nlmsg_flags = NLM_F_REQUEST },
        .g = { .nfgen_family = NFPROTO_INET },
        .a = { .nla_len = NLA_HDRLEN + sizeof(TABLE), .nla_type = NFTA_TABLE_NAME },
        .name = TABLE,
    };
    char answer[1024];
    AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

    if (fd < 0 || send(fd, &rq, sizeof(rq), 0) < 0)
        return true; /* in doubt it is */
    ssize_t n = recv(fd, answer, sizeof(answer), 0);
    const struct nlmsghdr *h = (const struct nlmsghdr *)answer;
    return n < (ssize_t)sizeof(*h) || h->nlmsg_type != NLMSG_ERROR;
}

/* The bridge that interface @name is on: its number, or 0. */
static uint32_t master_of(int fd, const char *name)
{
    struct {
        struct nlmsghdr h;
        struct ifinfomsg i;
        struct nlattr a;
        char name[IFNAMSIZ];
    } rq = {
        .h = { .nlmsg_len = sizeof(rq), .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST },
        .a = { .nla_len = NLA_HDRLEN + IFNAMSIZ, .nla_type = IFLA_IFNAME },
    };
    static char answer[16384];

    snprintf(rq.name, sizeof(rq.name), "%s", name);
    ssize_t n = fd < 0 || send(fd, &rq, sizeof(rq), 0) < 0 ? -1
                                                           : recv(fd, answer, sizeof(answer), 0);
    const struct nlmsghdr *h = (const struct nlmsghdr *)answer;
    if (n < (ssize_t)NLMSG_LENGTH(sizeof(rq.i)) || h->nlmsg_type != RTM_NEWLINK)
        return 0;
    for (size_t at = NLMSG_LENGTH(sizeof(rq.i)); at + NLA_HDRLEN + 4 <= (size_t)n;) {
        const struct nlattr *a = (const struct nlattr *)(answer + at);
        uint32_t index;
        if (a->nla_type == IFLA_MASTER && a->nla_len == NLA_HDRLEN + sizeof(index)) {
            memcpy(&index, answer + at + NLA_HDRLEN, sizeof(index));
            return index;
        }
        if (a->nla_len < NLA_HDRLEN)
            break;
        at += NLA_ALIGN(a->nla_len);
    }
    return 0;
}

/* Bridges that our interfaces are on; false when one of them is on none. */
static bool find_bridges(struct network *net, uint32_t *index, size_t *n)
{
    const struct network_state *st = network_state(net);
    AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    bool whole = true;

    *n = 0;
    for (size_t i = 0; i < st->networks.n && *n < BRIDGES_MAX; i++) {
        const char *side = st->networks.items[i].host_side;
        uint32_t master = str_empty(side) ? 0 : master_of(fd, side);
        if (master)
            index[(*n)++] = master;
        else
            whole &= str_empty(side);
    }
    return whole;
}

/* ---------- the watch ---------- */

static void drain(int fd)
{
    char chunk[8192];

    while (recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT) > 0 || errno == ENOBUFS)
        ;
}

/* Does one message of nftables say that ours is not what it was?  Whatever it is about, the table's name is the
 * attribute with the number 1. */
static bool is_loss(const struct nlmsghdr *h)
{
    size_t at = NLMSG_LENGTH(sizeof(struct nfgenmsg));
    bool fresh = h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE);
    const char *want = fresh ? "firewalld" : TABLE;

    while (at + NLA_HDRLEN <= h->nlmsg_len) {
        const struct nlattr *a = (const struct nlattr *)((const char *)h + at);
        if (a->nla_len < NLA_HDRLEN || at + a->nla_len > h->nlmsg_len)
            break;
        if ((a->nla_type & NLA_TYPE_MASK) == NFTA_TABLE_NAME)
            return (size_t)a->nla_len == NLA_HDRLEN + strlen(want) + 1 &&
                   memcmp((const char *)a + NLA_HDRLEN, want, strlen(want) + 1) == 0;
        at += NLA_ALIGN(a->nla_len);
    }
    return false;
}

/* Reads what the kernel tells; in doubt something is lost. */
static bool any_loss(int fd)
{
    char chunk[16384];
    bool lost = false;
    ssize_t n;

    while ((n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0 || errno == ENOBUFS) {
        lost |= n <= 0;
        for (size_t at = 0; n > 0 && at + NLMSG_HDRLEN <= (size_t)n;) {
            const struct nlmsghdr *h = (const struct nlmsghdr *)(chunk + at);
            if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > (size_t)n - at)
                break;
            lost |= is_loss(h);
            at += NLMSG_ALIGN(h->nlmsg_len);
        }
    }
    return lost;
}

/* Not all monitors at once. */
static int64_t soon(void)
{
    uint32_t chance = 0;

    (void)!getrandom(&chance, sizeof(chance), 0);
    return time_monotonic() + MOMENT + chance % (4 * MOMENT);
}

static void link_ready(struct source *s, short revents)
{
    struct link_watch *l = (struct link_watch *)s;

    if (!revents)
        return;
    drain(s->fd);
    l->owner->tries = 0;
    l->owner->s.deadline = soon();
}

static void source_close(struct source *s)
{
    close_p(&s->fd);
    free(s);
}

/* The bridges may be others than before: their numbers are in the filter. */
static void watch_links(struct watch *w, const uint32_t *index, size_t n)
{
    int fd = n ? link_losses(index, n) : -EBADF;

    if (w->links)
        w->links->dead = true;
    w->links = NULL;
    if (fd < 0)
        return;
    struct link_watch *l = xcalloc(1, sizeof(*l));
    l->s = (struct source) {
        .fd = fd, .events = POLLIN, .ready = link_ready, .release = source_close
    };
    l->owner = w;
    w->links = &l->s;
    source_add(&w->net->sources, &l->s);
}

/* One monitor of all runs the command; its child has the lock until it ends, and the file's time tells when it
 * began.  True: nobody needs to run it for what was lost at @lost_at. */
static bool run_repair(const struct watch *w, int64_t lost_at)
{
    AUTO_CLOSE int lock = lock_try(w->net->run, LOCK);
    struct spawn sp = { .path = w->command[0],
                        .argv = w->command,
                        .fds = { -1, -1, -1 },
                        .keep_fd = lock,
                        .new_session = true };
    struct stat st;
    pid_t pid;

    if (lock >= 0 ? fstat(lock, &st) < 0 : fstatat(w->net->run, LOCK, &st, 0) < 0)
        return false;
    if (lost_at && st.st_size && st.st_mtim.tv_sec * NSEC_PER_SEC + st.st_mtim.tv_nsec >= lost_at)
        return true;
    if (lock < 0)
        return false;
    int64_t now = time_now();
    const struct timespec at = { .tv_sec = now / NSEC_PER_SEC, .tv_nsec = now % NSEC_PER_SEC };
    (void)!pwrite(lock, "\n", 1, 0); /* not a file that was only made: that has a time, too */
    (void)!futimens(lock, (struct timespec[]) { at, at });
    return proc_spawn(&sp, &pid) == 0;
}

static void look(struct watch *w)
{
    uint32_t index[BRIDGES_MAX];
    size_t n;
    bool whole = find_bridges(w->net, index, &n) && has_table();

    w->s.deadline = 0;
    if (n)
        watch_links(w, index, n);
    if (whole && !w->lost_at)
        return;
    /* What is lost of a table that stands is not seen: whoever looks again after a repair believes it. */
    if (run_repair(w, whole ? w->lost_at : 0))
        w->lost_at = 0;
    if (++w->tries < TRIES_MAX) /* whoever does it: is it done? */
        w->s.deadline = time_monotonic() + AGAIN_NS * w->tries;
}

static void firewall_ready(struct source *s, short revents)
{
    struct watch *w = (struct watch *)s;

    if (!revents) {
        look(w);
        return;
    }
    if (!any_loss(s->fd))
        return;
    w->lost_at = time_now();
    w->tries = 0;
    s->deadline = soon();
}

void repair_watch(struct network *net, char **command)
{
    uint32_t index[BRIDGES_MAX];
    size_t n;
    int fd = firewall_losses();

    if (fd < 0)
        return;
    struct watch *w = xcalloc(1, sizeof(*w));
    w->s = (struct source) {
        .fd = fd, .events = POLLIN, .ready = firewall_ready, .release = source_close
    };
    w->net = net;
    w->command = command;
    source_add(&net->sources, &w->s);
    (void)find_bridges(net, index, &n);
    watch_links(w, index, n);
}
