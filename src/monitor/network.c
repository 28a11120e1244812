/* The container's network as far as it is ours: asking the engine to set it up, keeping the namespace over
 * restarts, and the descriptors that live as long as we do. */
#include "monitor/network.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
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
    else {
        net->held = xrealloc(net->held, (net->nheld + 1) * sizeof(int));
        net->held[net->nheld++] = fd;
    }
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
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    size_t nfds = c && c->cmsg_type == SCM_RIGHTS ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
    int fds[NETWORK_FDS_MAX];
    if (nfds)
        memcpy(fds, CMSG_DATA(c), MIN(nfds, ARRAY_SIZE(fds)) * sizeof(int));
    AUTO_JSON *doc = json_parse(data, (size_t)n, "the engine's answer", err);
    json_t *uses = json_object_get(doc, "fds");
    if (!doc || json_array_size(uses) != nfds)
        return doc ? err_set(err, ERR_INTERNAL, EPROTO, "the engine's answer lacks descriptors")
                   : -EPROTO;
    for (size_t i = 0; i < nfds; i++) {
        const char *use = json_string_value(json_array_get(uses, i));
        keep(&m->net, fds[i], use ? use : "");
    }
    return json_is_true(json_object_get(doc, "more"));
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
