/* Exec sessions: processes that join the container later, with streams of their own. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/parse.h"
#include "base/proc.h"
#include "monitor/monitor.h"

#include "base/banned.h"

struct exec_request {
    char *session;
    struct oci_process process;
    bool attach, terminal, privileged;
    bool *stdin_;
    int64_t wait_ns;
};

#define R struct exec_request
static const struct json_field exec_rows[] = {
    JF_STR(R, session, "session", JF_REQUIRED),
    JF_OBJ(R, process, "process", JF_REQUIRED, &oci_process_type),
    JF_BOOL(R, attach, "attach", 0),
    JF_BOOL(R, terminal, "terminal", 0),
    JF_BOOL(R, privileged, "privileged", 0),
    JF_PBOOL(R, stdin_, "stdin", 0),
    JF_I64(R, wait_ns, "wait_ns", 0),
    { 0 },
};
#undef R
static const struct json_type exec_type = JSON_TYPE(struct exec_request, exec_rows);

static void save_session(struct monitor *m, const struct session *s)
{
    struct exec_state st = { .session = (char *)(uintptr_t)s->id,
                             .running = !s->io.ended,
                             .pid = s->io.ended ? 0 : s->pid,
                             .exit_code = s->io.code };
    AUTO_BUF text = { 0 };
    AUTO_JSON *doc = json_from(&exec_state_type, &st);

    json_text(doc, 0, &text);
    if (mkdirat(m->run_fd, "exec", 0700) < 0 && errno != EEXIST)
        return;
    AUTO_CLOSE int dir = fs_open_dir(m->run_fd, "exec");
    if (dir >= 0)
        (void)!fs_replace(dir, s->id, text.data, text.len, 0600, FS_NOSYNC);
}

static bool good_id(const char *id)
{
    size_t n = strspn(id, "0123456789abcdefABCDEF");
    return n > 0 && !id[n] && n < sizeof(((struct session *)0)->id);
}

static int launch(struct monitor *m, const struct exec_request *q, struct session *s,
                  struct arena *a, struct err *err)
{
    struct oci_spec spec = { 0 };
    struct oci_exec e = { .pidfd = -EBADF, .pty = -EBADF };
    int child[3] = { -EBADF, -EBADF, -EBADF };

    int r = monitor_load_spec(m, a, &spec, err);
    if (r == 0 && q->attach && !q->terminal)
        r = io_pipes(&s->io, !q->stdin_ || *q->stdin_, child, err);
    if (r < 0)
        return r;
    struct oci_process process = q->process;
    process.terminal = q->terminal;
    struct oci_exec_options o = {
        .pid = m->c.pid,
        .pidfd = m->c.pidfd,
        .namespaces = m->c.namespaces,
        .cgroup = m->c.cgroup,
        .process = &process,
        .seccomp = q->privileged || !spec.linux_ ? NULL : spec.linux_->seccomp,
        .seccomp_cache = m->cfg.seccomp_cache ? m->cfg.seccomp_cache[0] : NULL,
        .stdio = { child[0], child[1], child[2] },
        .die_with_caller = true,
        .no_new_keyring = m->cfg.no_new_keyring,
    };
    r = oci_exec(&e, &o, a, err);
    for (int i = 0; i < 3; i++)
        close_p(&child[i]);
    if (r < 0)
        return r;
    s->pid = e.pid;
    s->pidfd = e.pidfd;
    if (e.pty >= 0) {
        s->io.tty = true;
        s->io.in = s->io.out = e.pty;
        fcntl(e.pty, F_SETFL, O_NONBLOCK);
    }
    return 0;
}

int session_start(struct monitor *m, struct conn *c, const json_t *req, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct exec_request q = { 0 };

    if (!m->running || str_same(m->state.status, run_status_names[RUN_PAUSED]))
        return err_set(err, ERR_STATE, ESRCH, "container %s is not running", m->cfg.id);
    int r = json_read(&a, req, &exec_type, &q, err);
    if (r < 0)
        return r;
    if (!good_id(q.session) || session_find(m, q.session))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "bad session id");
    struct session *s = xcalloc(1, sizeof(*s));
    s->io = (struct io)IO_INIT;
    s->pidfd = -EBADF;
    r = launch(m, &q, s, &a, err);
    if (r < 0) {
        io_done(&s->io);
        free(s);
        return r;
    }
    snprintf(s->id, sizeof(s->id), "%s", q.session);
    s->deadline = q.wait_ns > 0 ? time_monotonic() + q.wait_ns : 0;
    s->next = m->sessions;
    m->sessions = s;
    save_session(m, s);
    control_answer(c, json_pack("{s:i}", "pid", (int)s->pid));
    if (q.attach) {
        c->kind = CONN_ATTACH;
        c->io = &s->io;
    }
    return 0;
}

struct session *session_find(struct monitor *m, const char *id)
{
    for (struct session *s = m->sessions; s; s = s->next)
        if (STR_EQ(s->id, id))
            return s;
    return NULL;
}

void session_ended(struct monitor *m, struct session *s)
{
    int code = proc_wait(s->pid);

    s->io.ended = true;
    s->io.code = code < 0 ? 255 : code;
    close_p(&s->pidfd);
    s->pidfd = -EBADF;
    save_session(m, s);
}

/* A session goes when its process has ended and its output is out.  A child that it left behind may
 * hold the pipe open for ever: what is in there now is all that is waited for. */
void session_sweep(struct monitor *m)
{
    for (struct session **p = &m->sessions; *p;) {
        struct session *s = *p;
        if (s->io.ended) {
            while (s->io.out >= 0 && !s->io.slow && io_read(m, &s->io, false) && errno != EAGAIN)
                ;
            while (s->io.err >= 0 && !s->io.slow && io_read(m, &s->io, true) && errno != EAGAIN)
                ;
        }
        if (!s->io.ended || !io_finish(m, &s->io)) {
            p = &s->next;
            continue;
        }
        *p = s->next;
        io_done(&s->io);
        free(s);
    }
}
