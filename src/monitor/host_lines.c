#include "monitor/host_lines.h"

#include <arpa/inet.h>
#include <fcntl.h>
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

/* The first address of @family that is good everywhere, of one datagram of a dump.  1 found, 0 not yet, -1 the end. */
static int find_address(const char *data, size_t len, char out[INET6_ADDRSTRLEN])
{
    for (size_t at = 0; at + NLMSG_HDRLEN <= len;) {
        const struct nlmsghdr *h = (const struct nlmsghdr *)(data + at);
        const struct ifaddrmsg *m = NLMSG_DATA(h);
        if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > len - at || h->nlmsg_type == NLMSG_DONE ||
            h->nlmsg_type == NLMSG_ERROR)
            return -1;
        at += NLMSG_ALIGN(h->nlmsg_len);
        if (h->nlmsg_type != RTM_NEWADDR || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) ||
            m->ifa_scope != RT_SCOPE_UNIVERSE)
            continue;
        unsigned char ip[16];
        size_t size = m->ifa_family == AF_INET ? 4 : 16;
        bool found = false;
        int left = (int)IFA_PAYLOAD(h);
        for (const struct rtattr *a = IFA_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left))
            if ((a->rta_type == IFA_LOCAL || (a->rta_type == IFA_ADDRESS && !found)) &&
                RTA_PAYLOAD(a) == size) {
                memcpy(ip, RTA_DATA(a), size);
                found = true;
            }
        if (found && !(size == 4 && ip[0] == 127))
            return inet_ntop(m->ifa_family, ip, out, INET6_ADDRSTRLEN) ? 1 : -1;
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

    if (faccessat(m->run_dir, FILE_NAME, F_OK, 0) < 0)
        return;
    AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
        return;
    struct watch *w = xcalloc(1, sizeof(*w));
    w->run_dir = m->run_dir;
    w->s = (struct source) {
        .fd = HANDOVER_FD(fd), .events = POLLIN, .ready = ready, .release = release
    };
    source_add(&m->net.sources, &w->s);
}
