#include <dirent.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <sys/ioctl.h>

#include "base/limits.h"
#include "base/parse.h"
#include "monitor/monitor.h"
#include "monitor/dhcp.h"
#include "monitor/network.h"

#include "base/banned.h"

/* One request is one packet, so is its answer.  Requests come from processes of our own user only (the
 * socket's mode), yet they are parsed as if they came from anywhere. */

static void send_json(struct client *c, json_t *doc)
{
    AUTO_BUF b = { 0 };

    json_text(doc, 0, &b);
    if (send(c->fd, b.data, b.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        c->dead = true;
}

void answer_ok(struct client *c, json_t *more)
{
    AUTO_JSON *doc = json_pack("{s:b}", "ok", 1);

    if (more) {
        json_object_update(doc, more);
        json_decref(more);
    }
    send_json(c, doc);
    if (c->kind == CLIENT_WAIT_STOP || c->kind == CLIENT_WAIT_EXIT || c->kind == CLIENT_WAIT_HEALTH)
        c->kind = CLIENT_CONTROL;
}

void answer_error(struct client *c, const struct err *err)
{
    AUTO_JSON *doc = json_pack("{s:b,s:i,s:i,s:s%}", "ok", 0, "kind", (int)err->kind, "errno",
                               err->errnum, "error", err->msg, strlen(err->msg));

    if (!doc) /* the text was no UTF-8 */
        doc = json_pack("{s:b,s:i,s:i,s:s}", "ok", 0, "kind", (int)err->kind, "errno", err->errnum,
                        "error", err_kind_info(err->kind)->name);
    send_json(c, doc);
}

static int64_t integer(const json_t *req, const char *key)
{
    return json_integer_value(json_object_get(req, key));
}

static int op_start(struct monitor *m, struct client *c, const json_t *req, struct err *err)
{
    (void)req;
    if (m->restart_at) { /* it would have been started again soon: now, then */
        m->restart_at = time_monotonic();
        answer_ok(c, NULL);
        return 0;
    }
    if (m->status != RUN_CREATED)
        return err_set(err, ERR_STATE, EINVAL, "container %s is not waiting for its start", m->id);
    int r = container_go(m, err);
    if (r == 0)
        answer_ok(c, NULL);
    return r;
}

static int check_signal(int64_t signo, struct err *err)
{
    return signo < 0 || signo > SIGRTMAX
               ? err_set(err, ERR_BAD_PARAM, EINVAL, "invalid signal: %lld", (long long)signo)
               : 0;
}

static int op_kill(struct monitor *m, struct client *c, const json_t *req, struct err *err)
{
    int64_t signo = integer(req, "signal");
    int r = check_signal(signo, err);

    if (r < 0)
        return r;
    if (signo == SIGKILL || signo == SIGTERM)
        m->state.stopped_by_user = true;
    if (json_is_true(json_object_get(req, "all")) && m->cgroup)
        r = oci_cgroup_kill(m->cgroup, (int)signo, err);
    else
        container_signal(m, (int)signo);
    if (r == 0 && signo == SIGKILL && m->status == RUN_PAUSED && m->cgroup)
        r = oci_cgroup_freeze(m->cgroup, false, err); /* a frozen one would not die */
    if (r == 0)
        answer_ok(c, NULL);
    return r;
}

static int op_stop(struct monitor *m, struct client *c, const json_t *req, struct err *err)
{
    int64_t signo = integer(req, "signal"), timeout = integer(req, "timeout_ns");
    int r = check_signal(signo, err);

    if (r < 0)
        return r;
    m->state.stopped_by_user = m->stop_asked = true;
    c->kind = CLIENT_WAIT_STOP;
    if (m->restart_at) { /* nothing runs: it just will not be started again */
        m->restart_at = time_monotonic();
        m->restart = RESTART_NO;
        m->restart_at = 0;
        m->kill_at = 0;
        m->done = true;
        state_save(m);
        answer_ok(c, NULL);
        return 0;
    }
    bool waiting = m->status == RUN_CREATED;
    if (m->status == RUN_RUNNING)
        m->status = RUN_STOPPING;
    state_save(m);
    container_signal(m, waiting || timeout <= 0 ? SIGKILL : (int)signo);
    if (m->status == RUN_PAUSED && m->cgroup)
        (void)!oci_cgroup_freeze(m->cgroup, false, NULL);
    int64_t now = time_monotonic();
    int64_t at = timeout > INT64_MAX - now ? INT64_MAX : now + timeout;
    /* A second stop may shorten the wait, never lengthen it. */
    if (!m->kill_at || at < m->kill_at)
        m->kill_at = at == INT64_MAX ? 0 : at;
    return 0;
}

static int set_paused(struct monitor *m, struct client *c, bool pause, struct err *err)
{
    if (m->status != (pause ? RUN_RUNNING : RUN_PAUSED))
        return err_set(err, ERR_STATE, EINVAL, "container %s is %s: container state improper",
                       m->id, run_status_names[m->status]);
    if (!m->cgroup)
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "container %s has no cgroup of its own: it cannot be %s", m->id,
                       pause ? "paused" : "unpaused");
    int r = oci_cgroup_freeze(m->cgroup, pause, err);
    if (r < 0)
        return r;
    m->status = pause ? RUN_PAUSED : RUN_RUNNING;
    state_save(m);
    answer_ok(c, NULL);
    return 0;
}

static int op_pause(struct monitor *m, struct client *c, const json_t *req, struct err *err)
{
    (void)req;
    return set_paused(m, c, true, err);
}

static int op_unpause(struct monitor *m, struct client *c, const json_t *req, struct err *err)
{
    (void)req;
    return set_paused(m, c, false, err);
}

static void set_size(int fd, const json_t *req)
{
    struct winsize ws = { .ws_row = (unsigned short)integer(req, "rows"),
                          .ws_col = (unsigned short)integer(req, "cols") };

    ioctl(fd, TIOCSWINSZ, &ws);
}

static struct exec_session *find_session(struct monitor *m, const json_t *req, struct err *err)
{
    const char *id = json_string_value(json_object_get(req, "session"));

    for (struct exec_session *s = m->sessions; id && s; s = s->next)
        if (STR_EQ(s->id, id) && !s->ended)
            return s;
    err_set(err, ERR_NOT_FOUND, ENOENT, "no exec session %s in container %s", id ? id : "", m->id);
    return NULL;
}

static int op_resize(struct monitor *m, struct client *c, const json_t *req, struct err *err)
{
    if (!m->io.terminal)
        return err_set(err, ERR_STATE, ENOTTY, "container %s has no terminal", m->id);
    set_size(m->io.in, req);
    answer_ok(c, NULL);
    return 0;
}

static int op_exec_resize(struct monitor *m, struct client *c, const json_t *req, struct err *err)
{
    struct exec_session *s = find_session(m, req, err);

    if (!s)
        return -ENOENT;
    set_size(s->io.in, req);
    answer_ok(c, NULL);
    return 0;
}

static int op_exec_kill(struct monitor *m, struct client *c, const json_t *req, struct err *err)
{
    struct exec_session *s = find_session(m, req, err);
    int64_t signo = integer(req, "signal");

    if (!s)
        return -ENOENT;
    int r = check_signal(signo, err);
    if (r < 0)
        return r;
    if (kill(s->pid, (int)signo) < 0)
        return err_sys(err, errno, "signalling exec session %s", s->id);
    answer_ok(c, NULL);
    return 0;
}

static int op_update(struct monitor *m, struct client *c, const json_t *req, struct err *err)
{
    AUTO_ARENA a = { 0 };
    const json_t *res = json_object_get(req, "resources"),
                 *restart = json_object_get(req, "restart");
    int r = 0;

    if (res) {
        struct oci_resources limits = { 0 };
        char **warnings = NULL;
        r = json_read(&a, res, &oci_resources_type, &limits, err);
        if (r == 0 && !m->cgroup)
            r = err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "container %s has no cgroup of its own",
                        m->id);
        if (r == 0)
            r = oci_cgroup_apply(m->cgroup, &limits, &a, &warnings, err);
    }
    if (r == 0 && restart) {
        struct restart_config rc = { 0 };
        r = json_read(&a, restart, &restart_config_type, &rc, err);
        if (r == 0) {
            const char *p = rc.policy ? rc.policy : "no";
            m->restart = STR_EQ(p, "on-failure")                 ? RESTART_ON_FAILURE
                         : STR_IN(p, "always", "unless-stopped") ? RESTART_ALWAYS
                                                                 : RESTART_NO;
            m->restart_max = rc.max_tries;
        }
    }
    if (r == 0 && json_is_true(json_object_get(req, "health")))
        health_again(m);
    if (r == 0)
        answer_ok(c, NULL);
    return r;
}

/* Descriptors that came with a request. */
struct passed {
    int fds[NETWORK_FDS_MAX];
    size_t n;
};

static int op_exec(struct monitor *m, struct client *c, const json_t *req, struct passed *passed,
                   struct err *err)
{
    const json_t *keep = json_object_get(req, "keep");
    CLEANUP(kept_done) struct kept kept = { 0 };
    int64_t numbers[KEEP_FDS_MAX];
    struct exec_session *s = NULL;

    if (m->status != RUN_RUNNING)
        return err_set(err, ERR_STATE, EINVAL, "container %s is %s: container state improper",
                       m->id, run_status_names[m->status]);
    size_t n = MIN(json_array_size(keep), (size_t)KEEP_FDS_MAX), nfds = passed->n;
    for (size_t i = 0; i < n; i++)
        numbers[i] = json_integer_value(json_array_get(keep, i));
    passed->n = 0;
    int r = kept_pair(&kept, numbers, n, passed->fds, nfds, err);
    if (r == 0 && n && m->runtime)
        r = err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                    "--preserve-fd needs the built-in runtime, this container has %s", m->runtime);
    if (r == 0)
        r = session_start(m, req, &kept, &s, err);
    if (r < 0)
        return r;
    answer_ok(c, json_pack("{s:i}", "pid", (int)s->pid));
    if (json_is_true(json_object_get(req, "attach"))) {
        c->kind = CLIENT_EXEC;
        c->session = s;
    }
    return 0;
}

static int op_sessions(struct monitor *m, struct client *c, const json_t *req, struct err *err)
{
    json_t *list = json_array();

    (void)req, (void)err;
    for (const struct exec_session *s = m->sessions; s; s = s->next)
        if (!s->ended)
            json_array_append_new(list, json_string(s->id));
    answer_ok(c, json_pack("{s:o}", "sessions", list));
    return 0;
}

static int op_wait(struct monitor *m, struct client *c, const json_t *req, struct err *err)
{
    (void)m, (void)req, (void)err;
    c->kind = CLIENT_WAIT_EXIT;
    return 0;
}

static int op_network_remove(struct monitor *m, struct client *c, const json_t *req,
                             struct err *err)
{
    const char *interface = json_string_value(json_object_get(req, "interface"));
    const char *network = json_string_value(json_object_get(req, "network"));
    if (interface)
        dhcp_end(&m->net, interface);
    if (network)
        network_unclaim(&m->net, network);
    int r = network_remove(m, json_object_get(req, "ports"), err);

    if (r == 0)
        answer_ok(c, NULL);
    return r;
}

static const struct {
    const char *op;
    int (*fn)(struct monitor *m, struct client *c, const json_t *req, struct err *err);
} ops[] = {
    { "start", op_start },
    { "kill", op_kill },
    { "stop", op_stop },
    { "pause", op_pause },
    { "unpause", op_unpause },
    { "resize", op_resize },
    { "update", op_update },
    { "exec_resize", op_exec_resize },
    { "network_remove", op_network_remove },
    { "exec_kill", op_exec_kill },
    { "health", op_health },
    { "stats", op_stats },
    { "top", op_top },
    { "sessions", op_sessions },
    { "wait", op_wait },
};

static int dispatch(struct monitor *m, struct client *c, const char *data, size_t len,
                    struct passed *passed, struct err *err)
{
    AUTO_JSON *req = json_parse(data, len, "request", err);
    const char *op = json_string_value(json_object_get(req, "op"));

    if (!req)
        return -EINVAL;
    if (str_same(op, "network_add")) {
        size_t n = passed->n;
        passed->n = 0;
        int r = network_add(m, json_object_get(req, "fds"), passed->fds, n, err);
        if (r == 0)
            answer_ok(c, NULL);
        return r;
    }
    if (str_same(op, "exec"))
        return op_exec(m, c, req, passed, err);
    for (size_t i = 0; op && i < ARRAY_SIZE(ops); i++)
        if (STR_EQ(ops[i].op, op))
            return ops[i].fn(m, c, req, err);
    return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown request \"%s\"", op ? op : "");
}

void control_request(struct monitor *m, struct client *c)
{
    ssize_t size = recv(c->fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    struct err err = { 0 };

    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0 || (size_t)size > LIMIT_CONTROL_MESSAGE) {
        c->dead = true;
        return;
    }
    AUTO_FREE char *data = xmalloc((size_t)size);
    char control[CMSG_SPACE(NETWORK_FDS_MAX * sizeof(int))];
    struct iovec iov = { data, (size_t)size };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
    };
    ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    struct passed passed = { 0 };
    if (n > 0)
        passed.n = passed_fds(&msg, passed.fds);
    if (n <= 0)
        c->dead = n == 0;
    else if (dispatch(m, c, data, (size_t)n, &passed, &err) < 0)
        answer_error(c, &err);
    for (size_t i = 0; i < passed.n; i++) /* that nobody asked for */
        close(passed.fds[i]);
}
