#include "monitor/repair.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/lock.h"
#include "base/parse.h"
#include "base/proc.h"

#include "base/banned.h"

#define TABLE    "podman" /* net/firewall.h: inet podman */
#define LOCK     "network-repair.lock"
#define MOMENT   (20 * (NSEC_PER_SEC / 1000)) /* losses come in many messages */
#define AGAIN_NS (300 * (NSEC_PER_SEC / 1000))
enum { TRIES_MAX = 10 };

struct watch {
    struct source s; /* the firewall's socket; whoever watches, as a pidfd, if it is not we */
    struct network *net;
    char **command;
    unsigned tries;
    int64_t lost_at; /* wall clock; 0: nothing is known to be lost */
    int lead;        /* the lock; -EBADF: another monitor watches */
};
/* The other socket, told of interfaces; its owner's timer counts. */
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

static int link_losses(void)
{
    const struct sock_filter code[] = {
        LOAD(offsetof(struct nlmsghdr, nlmsg_type)),
        TYPE(RTM_DELLINK),
        TAKE,
        LEAVE,
    };

    return listen_to(NETLINK_ROUTE, RTNLGRP_LINK, code, ARRAY_SIZE(code));
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

/* Are our own interfaces on bridges? */
static bool on_bridges(struct network *net)
{
    const struct network_state *st = network_state(net);
    AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    bool whole = true;

    for (size_t i = 0; i < st->networks.n; i++) {
        const char *side = st->networks.items[i].host_side;
        whole &= str_empty(side) || master_of(fd, side);
    }
    return whole;
}

/* ---------- what the kernel tells ---------- */

/* The attribute @type of the message @h, whose attributes begin at @at; NULL: it has none. */
static const struct nlattr *find_attr(const struct nlmsghdr *h, size_t at, int type)
{
    while (at + NLA_HDRLEN <= h->nlmsg_len) {
        const struct nlattr *a = (const struct nlattr *)((const char *)h + at);
        if (a->nla_len < NLA_HDRLEN || at + a->nla_len > h->nlmsg_len)
            return NULL;
        if ((a->nla_type & NLA_TYPE_MASK) == type)
            return a;
        at += NLA_ALIGN(a->nla_len);
    }
    return NULL;
}

static bool is_text(const struct nlattr *a, const char *text)
{
    return a && (size_t)a->nla_len == NLA_HDRLEN + strlen(text) + 1 &&
           memcmp((const char *)a + NLA_HDRLEN, text, strlen(text) + 1) == 0;
}

/* Does a message of nftables say that our table is not what it was, or that firewalld has a new one?  Whatever the
 * message is about, the table's name is the attribute with the number 1. */
static bool firewall_lost(const struct nlmsghdr *h)
{
    bool fresh = h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE);

    return is_text(find_attr(h, NLMSG_LENGTH(sizeof(struct nfgenmsg)), NFTA_TABLE_NAME),
                   fresh ? "firewalld" : TABLE);
}

/* A bridge that has gone may be another container's: whose it was nobody knows any more. */
static bool bridge_lost(const struct nlmsghdr *h)
{
    static const char bridge[] = "bridge";
    const struct nlattr *info = find_attr(h, NLMSG_LENGTH(sizeof(struct ifinfomsg)), IFLA_LINKINFO);

    return h->nlmsg_type == RTM_DELLINK && info &&
           memmem((const char *)info + NLA_HDRLEN, info->nla_len - NLA_HDRLEN, bridge,
                  sizeof(bridge));
}

/* Reads all there is; in doubt something is lost. */
static bool any_loss(int fd, bool (*lost)(const struct nlmsghdr *h))
{
    char chunk[16384];
    bool any = false;
    ssize_t n;

    while ((n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0 || errno == ENOBUFS) {
        any |= n <= 0;
        for (size_t at = 0; n > 0 && at + NLMSG_HDRLEN <= (size_t)n;) {
            const struct nlmsghdr *h = (const struct nlmsghdr *)(chunk + at);
            if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > (size_t)n - at)
                break;
            any |= lost(h);
            at += NLMSG_ALIGN(h->nlmsg_len);
        }
    }
    return any;
}

/* ---------- repairing ---------- */

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
    bool whole = on_bridges(w->net) && has_table();

    w->s.deadline = 0;
    if (whole && !w->lost_at)
        return;
    /* What is lost of a table that stands is not seen: whoever looks again after a repair believes it. */
    if (run_repair(w, whole ? w->lost_at : 0))
        w->lost_at = 0;
    if (++w->tries < TRIES_MAX) /* whoever does it: is it done? */
        w->s.deadline = time_monotonic() + AGAIN_NS * w->tries;
}

static void lost(struct watch *w)
{
    w->lost_at = time_now();
    w->tries = 0;
    w->s.deadline = time_monotonic() + MOMENT;
}

static void link_ready(struct source *s, short revents)
{
    struct link_watch *l = (struct link_watch *)s;

    if (revents && any_loss(s->fd, bridge_lost))
        lost(l->owner);
}

static void firewall_ready(struct source *s, short revents)
{
    struct watch *w = (struct watch *)s;

    if (!revents)
        look(w);
    else if (any_loss(s->fd, firewall_lost))
        lost(w);
}

/* ---------- who watches ---------- */

static void link_release(struct source *s)
{
    close_p(&s->fd);
    free(s);
}

static void watch_release(struct source *s)
{
    struct watch *w = (struct watch *)s;

    close_p(&w->lead);
    link_release(s);
}

/* Everybody is told of every interface that comes and goes, so that with a thousand listeners each would cost its
 * millisecond ten times: of the monitors of one run directory and one network namespace, one listens. */
static void watch_name(char out[64])
{
    struct stat st = { 0 };

    (void)!stat("/proc/self/ns/net", &st);
    snprintf(out, 64, "locks/network-watch-%llu", (unsigned long long)st.st_ino);
}

static void lead(struct watch *w, int lock)
{
    char text[16];
    int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

    (void)!(ftruncate(lock, 0) == 0 && pwrite(lock, text, (size_t)n, 0) == n);
    w->lead = lock;
    w->s.fd = firewall_losses();
    w->s.ready = firewall_ready;
    w->s.events = POLLIN;
    int fd = link_losses();
    if (fd < 0)
        return;
    struct link_watch *l = xcalloc(1, sizeof(*l));
    l->s = (struct source) {
        .fd = fd, .events = POLLIN, .ready = link_ready, .release = link_release
    };
    l->owner = w;
    source_add(&w->net->sources, &l->s);
}

/* Somebody else watches: waits for the end of that process. */
static void follow(struct watch *w, const char *name)
{
    AUTO_BUF text = { .max = 64 };
    uint32_t pid;

    w->s.deadline = time_monotonic() +
                    AGAIN_NS; /* it has not said yet who it is, or is gone again */
    if (fs_read_file(w->net->run, name, &text) < 0 || !text.data)
        return;
    text.data[strcspn(text.data, "\n")] = '\0';
    if (parse_u32(text.data, &pid) < 0 ||
        (w->s.fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0)) < 0)
        return;
    w->s.events = POLLIN;
    if (lock_is_held(w->net->run, name))
        w->s.deadline = 0;
}

/* @w has no descriptor. */
static void take_part(struct watch *w)
{
    char name[64];

    watch_name(name);
    int lock = lock_try(w->net->run, name);
    if (lock >= 0)
        lead(w, lock);
    else
        follow(w, name);
}

static void leader_gone(struct source *s, short revents)
{
    struct watch *w = (struct watch *)s;

    (void)revents;
    close_p(&s->fd);
    s->fd = -EBADF;
    s->events = 0;
    s->deadline = 0;
    take_part(w);
    if (w->lead >= 0) /* what happened while nobody watched */
        s->deadline = time_monotonic() + MOMENT;
}

void repair_watch(struct network *net, char **command)
{
    struct watch *w = xcalloc(1, sizeof(*w));

    w->s = (struct source) { .fd = -EBADF, .ready = leader_gone, .release = watch_release };
    w->net = net;
    w->command = command;
    w->lead = -EBADF;
    source_add(&net->sources, &w->s);
    take_part(w);
}
