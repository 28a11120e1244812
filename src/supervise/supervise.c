#include "supervise/supervise.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/proc.h"

#include "base/banned.h"

/* One packet into @b.  0, -ETIMEDOUT, -EPIPE at the end, or another errno. */
static int receive(int sock, int timeout_ms, struct buf *b)
{
    struct pollfd p = { .fd = sock, .events = POLLIN };
    int r;

    while ((r = poll(&p, 1, timeout_ms)) < 0 && errno == EINTR)
        ;
    if (r <= 0)
        return r < 0 ? -errno : -ETIMEDOUT;
    ssize_t size = recv(sock, NULL, 0, MSG_PEEK | MSG_TRUNC);
    if (size <= 0)
        return size < 0 ? -errno : -EPIPE;
    if ((size_t)size > LIMIT_CONTROL_MESSAGE)
        return -EFBIG;
    AUTO_FREE char *data = xmalloc((size_t)size);
    ssize_t n = recv(sock, data, (size_t)size, 0);
    if (n <= 0)
        return n < 0 ? -errno : -EPIPE;
    return buf_add(b, data, (size_t)n);
}

/* The monitor's program through a read-only clone of its mount: a container whose command is /proc/self/exe
 * gets to run that file, and must not be able to write to it (CVE-2019-5736).  The monitor would do the
 * same for itself, at the price of a second exec.  Negative where the kernel refuses (an ordinary user,
 * who could not write to the file either). */
static int read_only_program(const char *path)
{
    AUTO_CLOSE int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };

    if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &ro, sizeof(ro)) < 0)
        return -errno;
    return HANDOVER_FD(fd);
}

/* A packet with the descriptor that came along, or -EBADF in *ret_fd. */
static int receive_with_fd(int sock, struct buf *b, int *ret_fd)
{
    char data[4096], control[CMSG_SPACE(sizeof(int))];
    struct iovec iov = { data, sizeof(data) };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
    ssize_t n;

    *ret_fd = -EBADF;
    do {
        msg.msg_controllen = sizeof(control);
        n = recvmsg(sock, &msg, MSG_PEEK | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
    if (c && c->cmsg_type == SCM_RIGHTS)
        memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
    return receive(sock, -1, b);
}

static int send_fds(int sock, const char *text, const int *fds, size_t n)
{
    char control[CMSG_SPACE(NETWORK_FDS_MAX * sizeof(int))] = { 0 };
    struct iovec iov = { (char *)(uintptr_t)text, strlen(text) };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

    if (n) {
        msg.msg_control = control;
        msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n * sizeof(int));
        memcpy(CMSG_DATA(c), fds, n * sizeof(int));
    }
    return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static json_t *uses_array(char *const *uses, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(uses[i]));
    return list;
}

static int pass_on(int sock, const struct network_fds *f, struct err *err)
{
    size_t total = strv_len(f->uses), done = 0;

    do {
        size_t n = MIN(total - done, (size_t)NETWORK_FDS_MAX);
        AUTO_JSON *doc = json_pack("{s:o,s:b}", "fds",
                                   uses_array(f->uses ? f->uses + done : NULL, n), "more",
                                   done + n < total);
        AUTO_BUF text = { 0 };
        json_text(doc, 0, &text);
        int r = send_fds(sock, text.data, n ? f->fds + done : NULL, n);
        if (r < 0)
            return err_set(err, ERR_INTERNAL, -r, "telling podman-monitor of the network: %s",
                           strerror(-r));
        done += n;
    } while (done < total);
    return 0;
}

/* The container is created and waits for its network. */
static int network_phase(const struct supervise_start *s, int sock, const json_t *doc, int netns,
                         struct err *err)
{
    struct network_fds f = { 0 };
    pid_t pid = (pid_t)json_integer_value(json_object_get(doc, "pid"));

    if (!s->network || netns < 0)
        return err_set(err, ERR_INTERNAL, EPROTO, "podman-monitor asks for a network");
    int r = s->network(s->network_arg, netns, pid, &f, err);
    if (r == 0)
        r = pass_on(sock, &f, err);
    for (size_t i = 0; i < strv_len(f.uses); i++)
        close_p(&f.fds[i]);
    return r;
}

/* Reads until the report. */
static int await_report(const struct supervise_start *s, int sock, struct arena *a,
                        struct start_report *ret, struct err *err)
{
    for (;;) {
        AUTO_BUF b = { .max = LIMIT_CONTROL_MESSAGE };
        AUTO_CLOSE int fd = -EBADF;
        int r = receive_with_fd(sock, &b, &fd);
        if (r < 0)
            return err_set(err, ERR_INTERNAL, EPIPE, "podman-monitor died before it reported: %s",
                           strerror(-r));
        AUTO_JSON *doc = json_parse(b.data, b.len, "the monitor's report", err);
        if (!doc)
            return -EPROTO;
        if (!json_object_get(doc, "phase"))
            return json_read(a, doc, &start_report_type, ret, err);
        r = network_phase(s, sock, doc, fd, err);
        if (r < 0)
            return r;
    }
}

int supervise_start(const struct supervise_start *s, struct arena *a, struct start_report *ret,
                    int *ret_sock, struct err *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(err, errno, "making a socket pair");
    AUTO_CLOSE int ours = pair[0];
    AUTO_CLOSE int theirs = pair[1];

    const char *argv[] = { "podman-monitor", "run",      "--bundle", s->bundle,
                           "--run-dir",      s->run_dir, NULL };
    AUTO_CLOSE int program = read_only_program(s->program);
    char fd_name[32];
    struct spawn sp = {
        .path = program >= 0 ? fd_path(program, fd_name, sizeof(fd_name)) : s->program,
        .argv = (char *const *)(uintptr_t)argv,
        .fds = { s->passthrough ? 0 : -1, s->passthrough ? 1 : -1, s->passthrough ? 2 : -1 },
        .keep_fd = theirs,
        .new_session = !s->passthrough
    };
    pid_t pid;
    int r = proc_spawn(&sp, &pid);
    if (r < 0)
        return err_sys(err, -r, "starting %s", s->program);
    close_p(&theirs);
    theirs = -EBADF;

    if (s->scope) {
        r = systemd_scope_start(s->scope, pid, err); /* on failure the monitor sees our end close */
        if (r < 0)
            return r;
        (void)!send(ours, "", 1, MSG_NOSIGNAL); /* one that died is noticed below */
    }
    if (s->nkeep)
        (void)!send_fds(ours, " ", s->keep, s->nkeep); /* likewise */
    r = await_report(s, ours, a, ret, err);
    if (r < 0)
        return r;
    if (!ret->ok)
        return err_set(err,
                       ret->kind > 0 && ret->kind < ERR_KIND_COUNT ? (enum err_kind)ret->kind
                                                                   : ERR_INTERNAL,
                       ret->errnum > 0 ? (int)ret->errnum : EIO, "%s",
                       ret->error ? ret->error : "the container could not be started");
    if (ret_sock)
        *ret_sock = HANDOVER_FD(ours);
    return 0;
}

int supervise_state(int dir, struct arena *a, struct run_state *ret, bool *ret_alive,
                    struct err *err)
{
    AUTO_BUF b = { .max = LIMIT_CONTROL_MESSAGE };
    bool alive = lock_is_held(dir, "alive");

    int r = fs_read_file(dir, "state", &b);
    if (r == -ENOENT) {
        *ret_alive = false;
        return 0;
    }
    if (r < 0)
        return err_sys(err, -r, "reading the container's state");
    AUTO_JSON *doc = json_parse(b.data, b.len, "the container's state", err);
    if (!doc || json_read(a, doc, &run_state_type, ret, err) < 0)
        return -EPROTO;
    if (!alive && !str_same(ret->status, run_status_names[RUN_EXITED])) {
        /* It may have ended in order between our two looks: then the file says so by now. */
        buf_reset(&b);
        AUTO_JSON *again = fs_read_file(dir, "state", &b) < 0
                               ? NULL
                               : json_parse(b.data, b.len, "state", NULL);
        if (again)
            (void)!json_read(a, again, &run_state_type, ret, NULL);
        if (!str_same(ret->status, run_status_names[RUN_EXITED])) {
            struct stat st;
            ret->status = arena_strdup(a, run_status_names[RUN_EXITED]);
            ret->exit_code = 137;
            ret->monitor_lost = true;
            ret->pid = 0;
            ret->error = arena_strdup(a, "the monitor was killed");
            if (fstatat(dir, "state", &st, 0) == 0 && !ret->finished_at)
                ret->finished_at = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
        }
    }
    *ret_alive = alive;
    return 1;
}

static bool has(int dir, const char *name)
{
    return faccessat(dir, name, F_OK, 0) == 0;
}

bool supervise_starting(int dir)
{
    return lock_is_held(dir, "alive") && !has(dir, "state");
}

bool supervise_cut_off(int dir)
{
    return has(dir, "alive") && !lock_is_held(dir, "alive") && !has(dir, "state");
}

static int answer_error(const json_t *answer, struct err *err)
{
    json_int_t kind = json_integer_value(json_object_get(answer, "kind"));
    json_int_t num = json_integer_value(json_object_get(answer, "errno"));
    const char *text = json_string_value(json_object_get(answer, "error"));

    return err_set(err, kind > 0 && kind < ERR_KIND_COUNT ? (enum err_kind)kind : ERR_INTERNAL,
                   num > 0 && num < 4096 ? (int)num : EIO, "%s",
                   text ? text : "the monitor refused");
}

int supervise_request(int dir, const json_t *request, int timeout_ms, json_t **ret_answer,
                      int *ret_sock, struct err *err)
{
    return supervise_request_fds(dir, request, NULL, 0, timeout_ms, ret_answer, ret_sock, err);
}

/* One message there and its answer, which says that it is well. */
static int exchange(int sock, const json_t *request, const int *fds, size_t n, int timeout_ms,
                    json_t **ret_answer, struct err *err)
{
    AUTO_BUF text = { 0 }, b = { .max = LIMIT_CONTROL_MESSAGE };

    json_text(request, 0, &text);
    int r = send_fds(sock, text.data, fds, n);
    if (r < 0)
        return err_set(err, ERR_UNAVAILABLE, -r, "talking to the container's monitor: %s",
                       strerror(-r));
    r = receive(sock, timeout_ms, &b);
    if (r < 0)
        return err_set(err, ERR_UNAVAILABLE, -r, "waiting for the container's monitor: %s",
                       strerror(-r));
    AUTO_JSON *answer = json_parse(b.data, b.len, "the monitor's answer", err);
    if (!answer)
        return -EPROTO;
    if (!json_is_true(json_object_get(answer, "ok")))
        return answer_error(answer, err);
    if (ret_answer)
        *ret_answer = HANDOVER(answer);
    return 0;
}

static int connect_monitor(int dir, struct err *err)
{
    int sock = unix_connect(dir, "control", SOCK_SEQPACKET);

    return sock < 0 ? err_set(err, ERR_UNAVAILABLE,
                              sock == -ENOENT || sock == -ECONNREFUSED ? ESRCH : -sock,
                              "the container's monitor does not answer: %s", strerror(-sock))
                    : sock;
}

int supervise_request_fds(int dir, const json_t *request, const int *fds, size_t n, int timeout_ms,
                          json_t **ret_answer, int *ret_sock, struct err *err)
{
    AUTO_CLOSE int sock = connect_monitor(dir, err);
    if (sock < 0)
        return sock;
    int r = exchange(sock, request, fds, n, timeout_ms, ret_answer, err);
    if (r == 0 && ret_sock)
        *ret_sock = HANDOVER_FD(sock);
    return r;
}

int supervise_add_fds(int dir, const struct network_fds *f, struct err *err)
{
    AUTO_CLOSE int sock = connect_monitor(dir, err);
    size_t total = strv_len(f->uses);
    int r = sock < 0 ? sock : 0;

    for (size_t done = 0, n; r == 0 && done < total; done += n) {
        n = MIN(total - done, (size_t)NETWORK_FDS_MAX);
        AUTO_JSON *req = json_pack("{s:s,s:o}", "op", "network_add", "fds",
                                   uses_array(f->uses ? f->uses + done : NULL, n));
        r = exchange(sock, req, n ? f->fds + done : NULL, n, 30000, NULL, err);
    }
    return r;
}

int supervise_attach(int dir, struct err *err)
{
    int sock = unix_connect(dir, "attach", SOCK_SEQPACKET);

    if (sock < 0)
        return err_set(err, ERR_UNAVAILABLE, -sock, "attaching to the container's monitor: %s",
                       strerror(-sock));
    return sock;
}

int supervise_wait_gone(int dir, struct err *err)
{
    if (faccessat(dir, "alive", F_OK, 0) < 0)
        return 0;
    AUTO_CLOSE int fd = lock_take_shared(dir, "alive");

    return fd < 0 && fd != -ENOENT ? err_sys(err, -fd, "waiting for the monitor") : 0;
}

int supervise_cleanup(const char *program, const char *cgroup, struct err *err)
{
    const char *argv[] = { program, "cleanup", "--cgroup", cgroup, NULL };
    AUTO_BUF text = { .max = 65536 };
    int r = proc_run((char *const *)(uintptr_t)argv, NULL, NULL, NULL, &text);

    if (r < 0)
        return err_sys(err, -r, "starting %s", program);
    return r == 0 ? 0
                  : err_set(err, ERR_INTERNAL, EIO, "%s",
                            text.data ? text.data : "podman-monitor cleanup failed");
}

int supervise_limit(const char *program, const char *cgroup, const char *resources,
                    struct buf *said, struct err *err)
{
    const char *argv[] = { program, "limit", "--cgroup", cgroup, NULL };
    AUTO_BUF text = { .max = 65536 };
    int r = program ? proc_run((char *const *)(uintptr_t)argv, NULL, resources, said, &text)
                    : -ENOENT;

    if (r < 0)
        return err_sys(err, -r, "starting podman-monitor");
    return r == 0 ? 0
                  : err_set(err, ERR_INTERNAL, EIO, "limits of cgroup %s: %s", cgroup,
                            text.data ? text.data : "podman-monitor failed");
}
