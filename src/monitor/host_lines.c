#include "monitor/host_lines.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"

#include "base/banned.h"

#define FILE_NAME "host_lines"
#define MOMENT    (50 * (NSEC_PER_SEC / 1000)) /* an address goes before the next comes */

struct watch {
    struct source s;
    int run_dir; /* the monitor's */
};

/* ---------- the host's address ---------- */

/* The address of the message @h as text; false: it is none that is good everywhere. */
static bool read_address(const struct nlmsghdr *h, char out[INET6_ADDRSTRLEN])
{
    const struct ifaddrmsg *m = (const struct ifaddrmsg *)((const char *)h + NLMSG_HDRLEN);
    const unsigned char *ip = NULL;

    if (h->nlmsg_type != RTM_NEWADDR || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) ||
        m->ifa_scope != RT_SCOPE_UNIVERSE)
        return false;
    size_t size = m->ifa_family == AF_INET ? 4 : 16;
    for (size_t at = NLMSG_LENGTH(sizeof(*m)); at + NLA_HDRLEN <= h->nlmsg_len;) {
        const struct nlattr *a = (const struct nlattr *)((const char *)h + at);
        if (a->nla_len < NLA_HDRLEN || at + a->nla_len > h->nlmsg_len)
            break;
        if ((a->nla_type == IFA_LOCAL || (a->nla_type == IFA_ADDRESS && !ip)) &&
            a->nla_len == NLA_HDRLEN + size)
            ip = (const unsigned char *)a + NLA_HDRLEN;
        at += NLA_ALIGN(a->nla_len);
    }
    return ip && !(size == 4 && ip[0] == 127) &&
           inet_ntop(m->ifa_family, ip, out, INET6_ADDRSTRLEN);
}

/* The first address of one datagram of a dump.  1 found, 0 not yet, -1 the end. */
static int find_address(const char *data, size_t len, char out[INET6_ADDRSTRLEN])
{
    for (size_t at = 0; at + NLMSG_HDRLEN <= len;) {
        const struct nlmsghdr *h = (const struct nlmsghdr *)(data + at);
        if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > len - at || h->nlmsg_type == NLMSG_DONE ||
            h->nlmsg_type == NLMSG_ERROR)
            return -1;
        if (read_address(h, out))
            return 1;
        at += NLMSG_ALIGN(h->nlmsg_len);
    }
    return 0;
}

/* As net/link.h's link_own_address() has it: IPv4 before IPv6, in the kernel's order. */
static bool own_address(char out[INET6_ADDRSTRLEN])
{
    static const unsigned char families[] = { AF_INET, AF_INET6 };
    static char answer[32768];

    for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
        struct {
            struct nlmsghdr h;
            struct ifaddrmsg m;
        } rq = { .h = { .nlmsg_len = sizeof(rq),
                        .nlmsg_type = RTM_GETADDR,
                        .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
                 .m = { .ifa_family = families[i] } };
        AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
        if (fd < 0 || send(fd, &rq, sizeof(rq), 0) < 0)
            return false;
        for (;;) {
            ssize_t n = recv(fd, answer, sizeof(answer), 0);
            int r = n <= 0 ? -1 : find_address(answer, (size_t)n, out);
            if (r > 0)
                return true;
            if (r < 0)
                break;
        }
    }
    return false;
}

/* ---------- the file ---------- */

/* Is the line of @len bytes at @line one of @lines? */
static bool is_one_of(const char *lines, const char *line, size_t len)
{
    for (const char *l = lines; *l;) {
        size_t n = strcspn(l, "\n");
        if (n == len && memcmp(l, line, len) == 0)
            return true;
        l += n + (l[n] == '\n');
    }
    return false;
}

char *host_lines_change(const char *hosts, const char *lines, const char *address)
{
    AUTO_BUF out = { 0 };
    bool any = false;

    for (const char *l = hosts; *l;) {
        size_t n = strcspn(l, "\n"), ip = strcspn(l, "\t\n");
        if (n && l[ip] == '\t' && is_one_of(lines, l, n)) {
            buf_puts(&out, address);
            buf_put(&out, l + ip, n - ip);
            any = true;
        } else
            buf_put(&out, l, n);
        if (l[n] == '\n')
            buf_putc(&out, '\n');
        l += n + (l[n] == '\n');
    }
    return any ? buf_steal(&out) : NULL;
}

/* A file that is mounted into a container keeps its inode. */
static void overwrite(int dir, const char *text)
{
    AUTO_CLOSE int fd = openat(dir, "hosts", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    size_t n = strlen(text);

    if (fd >= 0 && pwrite(fd, text, n, 0) == (ssize_t)n)
        (void)!ftruncate(fd, (off_t)n);
}

static void update(int dir)
{
    AUTO_BUF lines = { .max = LIMIT_JSON_FILE }, hosts = { .max = LIMIT_JSON_FILE };
    char now[INET6_ADDRSTRLEN];
    size_t n;

    if (fs_read_file(dir, FILE_NAME, &lines) < 0 || !lines.data || !own_address(now))
        return;
    n = strcspn(lines.data, "\t");
    if (n == strlen(now) && memcmp(lines.data, now, n) == 0)
        return;
    if (fs_read_file(dir, "hosts", &hosts) == 0 && hosts.data) {
        AUTO_FREE char *text = host_lines_change(hosts.data, lines.data, now);
        if (text)
            overwrite(dir, text);
    }
    AUTO_FREE char *next = host_lines_change(lines.data, lines.data, now);
    if (next)
        (void)!fs_replace(dir, FILE_NAME, next, strlen(next), 0600, FS_NOSYNC);
}

/* ---------- the watch ---------- */

static void ready(struct source *s, short revents)
{
    char chunk[8192];

    if (!revents) {
        s->deadline = 0;
        update(((struct watch *)s)->run_dir);
        return;
    }
    while (recv(s->fd, chunk, sizeof(chunk), MSG_DONTWAIT) > 0 || errno == ENOBUFS)
        ;
    s->deadline = time_monotonic() + MOMENT;
}

static void release(struct source *s)
{
    close_p(&s->fd);
    free(s);
}

void host_lines_watch(struct monitor *m)
{
    struct sockaddr_nl at = { .nl_family = AF_NETLINK,
                              .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR };

    /* Only addresses that are good everywhere: every other container's interface has one of its own link. */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NLMSG_HDRLEN + offsetof(struct ifaddrmsg, ifa_scope)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RT_SCOPE_UNIVERSE, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    const struct sock_fprog filter = { ARRAY_SIZE(code), code };

    if (faccessat(m->run_dir, FILE_NAME, F_OK, 0) < 0)
        return;
    AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ||
        bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
        return;
    struct watch *w = xcalloc(1, sizeof(*w));
    w->run_dir = m->run_dir;
    w->s = (struct source) {
        .fd = HANDOVER_FD(fd), .events = POLLIN, .ready = ready, .release = release
    };
    source_add(&m->net.sources, &w->s);
}
