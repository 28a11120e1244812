/* Requests on the control socket: one JSON object in a packet, one answer each. */
#include <inttypes.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "base/parse.h"
#include "monitor/monitor.h"

#include "base/banned.h"

struct request {
    char *op, *session;
    int64_t signal, timeout_ns, rows, cols;
    bool all;
    struct oci_resources *resources;
    struct restart_config *restart;
};

#define R struct request
static const struct json_field request_rows[] = {
    JF_STR(R, op, "op", JF_REQUIRED),
    JF_STR(R, session, "session", 0),
    JF_I64(R, signal, "signal", 0),
    JF_I64(R, timeout_ns, "timeout_ns", 0),
    JF_I64(R, rows, "rows", 0),
    JF_I64(R, cols, "cols", 0),
    JF_BOOL(R, all, "all", 0),
    JF_PTR(R, resources, "resources", 0, &oci_resources_type),
    JF_PTR(R, restart, "restart", 0, &restart_config_type),
    { 0 },
};
#undef R
static const struct json_type request_type = JSON_TYPE(struct request, request_rows);

void control_answer(struct conn *c, json_t *doc)
{
    AUTO_BUF text = { 0 };
    AUTO_JSON *answer = doc ? doc : json_object();

    json_object_set_new(answer, "ok", json_true());
    json_text(answer, 0, &text);
    (void)!send(c->fd, text.data, text.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void control_answer_error(struct conn *c, const struct err *err)
{
    AUTO_BUF text = { 0 };
    AUTO_JSON *answer = json_pack(
        "{s:b, s:i, s:i, s:s}", "ok", 0, "kind", err->kind ? (int)err->kind : (int)ERR_INTERNAL,
        "errno", err->errnum ? err->errnum : EIO, "error", err->kind ? err->msg : "failed");

    if (!answer) /* the text was not UTF-8 */
        answer = json_pack("{s:b, s:i, s:i, s:s}", "ok", 0, "kind", (int)err->kind, "errno",
                           err->errnum, "error", "failed");
    json_text(answer, 0, &text);
    (void)!send(c->fd, text.data, text.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int need_running(const struct monitor *m, struct err *err)
{
    return m->running || m->waiting
               ? 0
               : err_set(err, ERR_STATE, ESRCH, "container %s is not running", m->cfg.id);
}

static int op_start(struct monitor *m, struct conn *c, const struct request *q, struct err *err)
{
    (void)q;
    if (!m->waiting)
        return err_set(err, ERR_STATE, EINVAL, "container %s is not waiting for its start",
                       m->cfg.id);
    int r = monitor_start_program(m, err);
    if (r == 0)
        control_answer(c, json_pack("{s:i}", "pid", (int)m->c.pid));
    return r;
}

static int op_kill(struct monitor *m, struct conn *c, const struct request *q, struct err *err)
{
    int sig = q->signal ? (int)q->signal : SIGKILL, r = need_running(m, err);

    if (r < 0)
        return r;
    if (q->signal < 0 || q->signal > 64)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid signal %" PRId64, q->signal);
    /* A kill with the signals that mean the end is the user's wish, not a crash. */
    if (sig == SIGKILL || sig == m->cfg.stop_signal)
        m->state.stopped_by_user = true;
    if (q->all && m->c.cgroup)
        r = oci_cgroup_kill(m->c.cgroup, sig, err);
    else if (kill(m->c.pid, sig) < 0)
        r = err_sys(err, errno, "kill");
    if (r == 0)
        control_answer(c, NULL);
    return r;
}

static int op_stop(struct monitor *m, struct conn *c, const struct request *q, struct err *err)
{
    int sig = q->signal > 0 && q->signal <= 64 ? (int)q->signal : (int)m->cfg.stop_signal;

    (void)err;
    int r = monitor_stop(m, sig, q->timeout_ns);
    if (r > 0)
        c->kind = CONN_STOP;
    else
        control_answer(c, NULL); /* it had ended already */
    return 0;
}

static int freeze(struct monitor *m, struct conn *c, bool frozen, struct err *err)
{
    int r = need_running(m, err);

    if (r < 0)
        return r;
    if (frozen == str_same(m->state.status, run_status_names[RUN_PAUSED]))
        return err_set(err, ERR_STATE, EINVAL, "container %s is %s paused", m->cfg.id,
                       frozen ? "already" : "not");
    if (!m->c.cgroup)
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "container %s has no cgroup to pause",
                       m->cfg.id);
    r = oci_cgroup_freeze(m->c.cgroup, frozen, err);
    if (r < 0)
        return r;
    monitor_save_state(m, frozen ? RUN_PAUSED : RUN_RUNNING);
    control_answer(c, NULL);
    return 0;
}

static int op_pause(struct monitor *m, struct conn *c, const struct request *q, struct err *err)
{
    (void)q;
    return freeze(m, c, true, err);
}

static int op_unpause(struct monitor *m, struct conn *c, const struct request *q, struct err *err)
{
    (void)q;
    return freeze(m, c, false, err);
}

static int op_resize(struct monitor *m, struct conn *c, const struct request *q, struct err *err)
{
    (void)err;
    io_resize(&m->io, (unsigned)q->rows, (unsigned)q->cols);
    control_answer(c, NULL);
    return 0;
}

static int op_update(struct monitor *m, struct conn *c, const struct request *q, struct err *err)
{
    AUTO_ARENA a = { 0 };
    char **warnings = NULL;
    int r = 0;

    if (q->resources && m->c.cgroup)
        r = oci_cgroup_apply(m->c.cgroup, q->resources, &a, &warnings, err);
    if (r < 0)
        return r;
    if (q->restart) {
        m->cfg.restart.policy = arena_strdup(&m->arena, q->restart->policy);
        m->cfg.restart.max_tries = q->restart->max_tries;
    }
    json_t *list = json_array();
    for (char **w = warnings; w && *w; w++)
        json_array_append_new(list, json_string(*w));
    control_answer(c, json_pack("{s:o}", "warnings", list));
    return 0;
}

static struct session *need_session(struct monitor *m, const struct request *q, struct err *err)
{
    struct session *s = q->session ? session_find(m, q->session) : NULL;

    if (!s)
        err_set(err, ERR_NOT_FOUND, ENOENT, "no exec session %s", q->session ? q->session : "");
    return s;
}

static int op_exec_resize(struct monitor *m, struct conn *c, const struct request *q,
                          struct err *err)
{
    struct session *s = need_session(m, q, err);

    if (!s)
        return -ENOENT;
    io_resize(&s->io, (unsigned)q->rows, (unsigned)q->cols);
    control_answer(c, NULL);
    return 0;
}

static int op_exec_kill(struct monitor *m, struct conn *c, const struct request *q, struct err *err)
{
    struct session *s = need_session(m, q, err);

    if (!s)
        return -ENOENT;
    if (q->signal < 0 || q->signal > 64 || (!s->io.ended && kill(s->pid, (int)q->signal) < 0))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "kill exec session %s", q->session);
    control_answer(c, NULL);
    return 0;
}

static int op_top(struct monitor *m, struct conn *c, const struct request *q, struct err *err)
{
    AUTO_ARENA a = { 0 };
    pid_t *pids = NULL;
    size_t n = 0;

    (void)q;
    int r = need_running(m, err);
    if (r == 0 && m->c.cgroup)
        r = oci_cgroup_pids(m->c.cgroup, &a, &pids, &n, err);
    if (r < 0)
        return r;
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_integer(pids[i]));
    if (!n)
        json_array_append_new(list, json_integer(m->c.pid));
    control_answer(c, json_pack("{s:o}", "pids", list));
    return 0;
}

static int op_wait(struct monitor *m, struct conn *c, const struct request *q, struct err *err)
{
    (void)m;
    (void)q;
    (void)err;
    c->kind = CONN_WAIT;
    return 0;
}

static const struct {
    const char *name;
    int (*run)(struct monitor *m, struct conn *c, const struct request *q, struct err *err);
} ops[] = {
    { "start", op_start },         { "kill", op_kill },
    { "stop", op_stop },           { "pause", op_pause },
    { "unpause", op_unpause },     { "resize", op_resize },
    { "update", op_update },       { "exec_resize", op_exec_resize },
    { "exec_kill", op_exec_kill }, { "top", op_top },
    { "wait", op_wait },
};

static int dispatch(struct monitor *m, struct conn *c, const char *text, size_t len,
                    struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct request q = { 0 };

    AUTO_JSON *doc = json_parse(text, len, "request", err);
    if (!doc || json_read(&a, doc, &request_type, &q, err) < 0)
        return -EINVAL;
    if (STR_EQ(q.op, "exec"))
        return session_start(m, c, doc, err);
    for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
        if (STR_EQ(ops[i].name, q.op))
            return ops[i].run(m, c, &q, err);
    return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "unknown operation %s", q.op);
}

void control_read(struct monitor *m, struct conn *c)
{
    ssize_t size = recv(c->fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);

    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0 || (size_t)size > LIMIT_CONTROL_MESSAGE || c->kind != CONN_REQUEST) {
        conn_close(m, c); /* gone, or talking out of turn */
        return;
    }
    AUTO_FREE char *text = xmalloc((size_t)size);
    ssize_t n = recv(c->fd, text, (size_t)size, MSG_DONTWAIT);
    if (n <= 0) {
        conn_close(m, c);
        return;
    }
    struct err err = { 0 };
    if (dispatch(m, c, text, (size_t)n, &err) < 0)
        control_answer_error(c, &err);
}

void control_container_ended(struct monitor *m, bool for_good)
{
    for (struct conn *c = m->conns; c; c = c->next) {
        if (c->kind != CONN_STOP && (c->kind != CONN_WAIT || !for_good))
            continue;
        control_answer(c, json_pack("{s:I}", "exit_code", (json_int_t)m->state.exit_code));
        c->kind = CONN_REQUEST;
    }
}
