/* The container's network as far as it is ours: asking the engine to set it up, keeping the namespace over
 * restarts, and the descriptors that live as long as we do. */
#include "monitor/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "monitor/dhcp.h"
#include "monitor/dns.h"
#include "monitor/proxy.h"
#include "monitor/repair.h"

#include "base/banned.h"

/* ---------- setting up ---------- */

static int open_namespaces(struct monitor *m, struct err *err)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)m->state.pid);
    m->net.netns = open(path, O_RDONLY | O_CLOEXEC);
    /* A network namespace belongs to a user namespace: the next run has to be in the same. */
    snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)m->state.pid);
    if (m->net.netns >= 0 && (m->namespaces & CLONE_NEWUSER))
        m->net.userns = open(path, O_RDONLY | O_CLOEXEC);
    if (m->net.netns < 0 || ((m->namespaces & CLONE_NEWUSER) && m->net.userns < 0))
        return err_sys(err, errno, "opening the container's network namespace");
    return 0;
}

static int ask(int sock, pid_t pid, int netns, struct err *err)
{
    char control[CMSG_SPACE(sizeof(int))] = { 0 }, text[64];
    int n = snprintf(text, sizeof(text), "{\"phase\":\"network\",\"pid\":%d}", (int)pid);
    struct iovec iov = { text, (size_t)n };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
    };
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &netns, sizeof(int));
    return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0
               ? err_sys(err, errno, "asking the engine for the container's network")
               : 0;
}

static void keep(struct network *net, int fd, const char *use)
{
    if (STR_EQ(use, "dns-udp") || STR_EQ(use, "dns-tcp"))
        dns_listen(net, fd, STR_EQ(use, "dns-tcp"));
    else if (str_starts(use, "proxy "))
        proxy_listen(net, fd, use + strlen("proxy "));
    else if (str_starts(use, "dhcp "))
        dhcp_keep(net, fd, use + strlen("dhcp "));
    else if (str_starts(use, "address ")) {
        net->claims = xrealloc(net->claims, (net->nclaims + 1) * sizeof(*net->claims));
        net->claims[net->nclaims++] = (struct claim) { xstrdup(use + strlen("address ")), fd };
    } else {
        net->held = xrealloc(net->held, (net->nheld + 1) * sizeof(int));
        net->held[net->nheld++] = fd;
    }
}

size_t passed_fds(const struct msghdr *msg, int fds[NETWORK_FDS_MAX])
{
    const struct cmsghdr *c = CMSG_FIRSTHDR(msg);

    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
        return 0;
    size_t n = MIN((c->cmsg_len - CMSG_LEN(0)) / sizeof(int), (size_t)NETWORK_FDS_MAX);
    memcpy(fds, CMSG_DATA(c), n * sizeof(int));
    return n;
}

int network_add(struct monitor *m, const json_t *uses, const int *fds, size_t n, struct err *err)
{
    bool fits = json_is_array(uses) && json_array_size(uses) == n;

    for (size_t i = 0; i < n; i++) {
        const char *use = fits ? json_string_value(json_array_get(uses, i)) : NULL;
        if (use)
            keep(&m->net, fds[i], use);
        else
            close(fds[i]);
    }
    if (fits || (err && err->kind != ERR_NONE))
        return fits ? 0 : -EPROTO;
    return err_set(err, ERR_INTERNAL, EPROTO, "descriptors and their uses do not match");
}

/* Is @fd, one of the host's sockets, bound to this port?  An address that was left open is every one. */
static bool bound_to(int fd, const struct network_port *p)
{
    struct sockaddr_storage at = { 0 };
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&at;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&at;
    socklen_t len = sizeof(at), size = sizeof(int);
    int protocol = 0;
    char text[INET6_ADDRSTRLEN] = "";

    if (getsockname(fd, (struct sockaddr *)&at, &len) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) < 0)
        return false;
    bool six = at.ss_family == AF_INET6;
    if ((!six && at.ss_family != AF_INET) ||
        ntohs(six ? v6->sin6_port : v4->sin_port) != p->host_port)
        return false;
    if (protocol != (STR_EQ(p->protocol, "tcp")   ? IPPROTO_TCP
                     : STR_EQ(p->protocol, "udp") ? IPPROTO_UDP
                                                  : IPPROTO_SCTP))
        return false;
    inet_ntop(at.ss_family, six ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr, text,
              sizeof(text));
    return STR_EQ(text, !str_empty(p->host_ip) ? p->host_ip : six ? "::" : "0.0.0.0");
}

int network_remove(struct monitor *m, const json_t *ports, struct err *err)
{
    AUTO_ARENA a = { 0 };
    size_t i;
    const json_t *item;

    json_array_foreach (ports, i, item) {
        struct network_port p = { 0 };
        int r = json_read(&a, item, &network_port_type, &p, err);
        if (r < 0)
            return r;
        for (size_t k = 0; k < m->net.nheld; k++)
            if (m->net.held[k] >= 0 && bound_to(m->net.held[k], &p)) {
                close(m->net.held[k]);
                m->net.held[k] = m->net.held[--m->net.nheld];
                k--;
            }
        for (struct source *s = m->net.sources.first; s; s = s->next)
            if (proxy_is(s) && bound_to(s->fd, &p))
                proxy_end(&m->net, s);
    }
    return 0;
}

void network_unclaim(struct network *net, const char *network)
{
    for (size_t i = 0; i < net->nclaims; i++)
        if (STR_EQ(net->claims[i].network, network)) {
            close(net->claims[i].fd);
            free(net->claims[i].network);
            net->claims[i--] = net->claims[--net->nclaims];
        }
}

void network_end(struct monitor *m)
{
    dhcp_end(&m->net, NULL);
}

/* One packet of the answer.  1: more follow. */
static int take_packet(struct monitor *m, int sock, struct err *err)
{
    char control[CMSG_SPACE(NETWORK_FDS_MAX * sizeof(int))];
    AUTO_FREE char *data = xmalloc(LIMIT_CONTROL_MESSAGE);
    struct iovec iov = { data, LIMIT_CONTROL_MESSAGE };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
    };
    ssize_t n;

    do
        n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return err_set(err, ERR_INTERNAL, EPIPE,
                       "the engine went away before the network was set up");
    int fds[NETWORK_FDS_MAX];
    size_t nfds = passed_fds(&msg, fds);
    AUTO_JSON *doc = json_parse(data, (size_t)n, "the engine's answer", err);
    int r = network_add(m, json_object_get(doc, "fds"), fds, nfds, err);
    return r < 0 ? r : json_is_true(json_object_get(doc, "more"));
}

int network_set_up(struct monitor *m, int sock, struct err *err)
{
    int r = open_namespaces(m, err);

    m->net.run_dir = m->run_dir;
    m->net.run = openat(m->run_dir, "../..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r == 0)
        r = ask(sock, (pid_t)m->state.pid, m->net.netns, err);
    if (r == 0)
        while ((r = take_packet(m, sock, err)) > 0)
            ;
    if (r == 0 && m->repair_command)
        repair_watch(&m->net, m->repair_command);
    return r;
}

static void set_path(json_t *spec, const char *type, int fd)
{
    size_t i;
    json_t *ns;

    if (fd < 0)
        return;
    json_array_foreach (json_object_get(json_object_get(spec, "linux"), "namespaces"), i, ns) {
        if (!str_same(json_string_value(json_object_get(ns, "type")), type))
            continue;
        AUTO_FREE char *path = xasprintf("/proc/%d/fd/%d", (int)getpid(), fd);
        json_object_set_new(ns, "path", json_string(path));
    }
}

void network_rejoin(const struct monitor *m, json_t *spec)
{
    if (m->net.netns < 0)
        return;
    set_path(spec, "network", m->net.netns);
    set_path(spec, "user", m->net.userns);
    if (!m->runtime)
        return;
    AUTO_BUF text = { 0 };
    json_text(spec, 0, &text);
    (void)!fs_replace(m->bundle_dir, "config.json", text.data, text.len, 0600, FS_NOSYNC);
}

/* ---------- what it looks like now ---------- */

const struct network_state *network_state(struct network *net)
{
    struct stat st;

    if (fstatat(net->run_dir, "network", &st, 0) < 0)
        return &net->state;
    if (st.st_ino == net->read_ino && st.st_mtim.tv_sec == net->read_at.tv_sec &&
        st.st_mtim.tv_nsec == net->read_at.tv_nsec)
        return &net->state;
    AUTO_JSON *doc = json_parse_file(net->run_dir, "network", LIMIT_JSON_FILE, NULL);
    struct arena a = { 0 };
    struct network_state now = { 0 };
    if (!doc || json_read(&a, doc, &network_state_type, &now, NULL) < 0) {
        arena_done(&a);
        return &net->state;
    }
    arena_done(&net->arena);
    net->arena = a;
    net->state = now;
    net->read_ino = st.st_ino;
    net->read_at = st.st_mtim;
    return &net->state;
}
