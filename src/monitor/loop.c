#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "base/parse.h"
#include "base/proc.h"
#include "monitor/monitor.h"

#include "base/banned.h"

void streams_close(struct streams *s)
{
    close_p(&s->in);
    close_p(&s->out);
    close_p(&s->err);
    s->in = s->out = s->err = -EBADF;
    buf_done(&s->pending);
    s->close_in = false;
}

/* Writes what the program takes now. */
static void flush_input(struct streams *s)
{
    while (s->pending.len && s->in >= 0) {
        ssize_t n = write(s->in, s->pending.data, s->pending.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) { /* the program closed it: what is typed goes nowhere */
            buf_done(&s->pending);
            if (!s->terminal) {
                close(s->in);
                s->in = -EBADF;
            }
            break;
        }
        memmove(s->pending.data, s->pending.data + n, s->pending.len - (size_t)n);
        s->pending.len -= (size_t)n;
    }
    if (!s->pending.len) {
        buf_done(&s->pending);
        if (s->close_in && !s->terminal && s->in >= 0) {
            close(s->in);
            s->in = -EBADF;
        }
        s->close_in = false;
    }
}

void streams_feed(struct streams *s, const void *data, size_t len)
{
    if (s->in < 0)
        return;
    buf_put(&s->pending, data, len);
    flush_input(s);
}

static char chunk[ATTACH_FRAME_MAX]; /* one reader, one buffer */

/* False when the stream is at its end. */
static bool read_stream(struct monitor *m, struct exec_session *session, int fd, bool err)
{
    ssize_t n = read(fd, chunk, sizeof(chunk));

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0)
        return false;
    if (!session)
        logger_write(&m->log, err, chunk, (size_t)n);
    else if (session->health)
        health_output(m, chunk, (size_t)n);
    clients_output(m, session, err, chunk, (size_t)n);
    return true;
}

static void settle(struct monitor *m)
{
    for (struct client *c = m->clients; c; c = c->next)
        client_settle(c);
}

/* What the program wrote before it ended is still in the pipes, or waits for a reader: the end comes last. */
static void drain(struct monitor *m, struct exec_session *session, struct streams *s)
{
    int fds[2] = { s->terminal ? s->in : s->out, s->terminal ? -1 : s->err };

    settle(m);
    for (int i = 0; i < 2; i++)
        for (;;) {
            struct pollfd p = { .fd = fds[i], .events = POLLIN };
            if (fds[i] < 0 || poll(&p, 1, 0) <= 0 || !(p.revents & POLLIN) ||
                !read_stream(m, session, fds[i], i == 1))
                break;
            settle(m);
        }
}

void container_signal(struct monitor *m, int signo)
{
    if (m->ctr.pidfd >= 0)
        (void)!syscall(SYS_pidfd_send_signal, m->ctr.pidfd, signo, NULL, 0);
}

/* Tells the end to everybody who waits for it: true if one of them is to clean up after the container. */
static bool finish_clients(struct monitor *m)
{
    int32_t code = (int32_t)m->state.exit_code;
    bool taken = false;

    for (struct client *c = m->clients; c; c = c->next) {
        switch (c->kind) {
        case CLIENT_ATTACH:
            client_frame(c, ATTACH_EXIT, &code, sizeof(code));
            taken |= c->starter && !c->dead;
            break;
        case CLIENT_WAIT_STOP:
            answer_ok(c, json_pack("{s:b}", "killed", (int)m->stop_killed));
            taken |= !c->dead;
            break;
        case CLIENT_WAIT_EXIT:
            answer_ok(c, json_pack("{s:i}", "exit_code", (int)code));
            break;
        case CLIENT_CONTROL:
        case CLIENT_EXEC:
        case CLIENT_WAIT_HEALTH:
            break;
        }
    }
    return taken;
}

/* It has ended for good. */
static void finish(struct monitor *m)
{
    m->status = RUN_EXITED;
    state_save(m);
    if (!finish_clients(m) && m->exit_command) {
        struct spawn s = { .path = m->exit_command[0],
                           .argv = m->exit_command,
                           .fds = { -1, -1, -1 },
                           .keep_fd = -1,
                           .new_session = true };
        pid_t pid;
        (void)!proc_spawn(&s, &pid);
    }
    m->done = true;
}

static bool wants_restart(const struct monitor *m)
{
    if (m->health.restart && !m->state.stopped_by_user)
        return true;
    if (m->state.stopped_by_user || m->restart == RESTART_NO)
        return false;
    return m->restart == RESTART_ALWAYS ||
           (m->state.exit_code != 0 &&
            (m->restart_max == 0 || m->state.restart_count < m->restart_max));
}

static void container_ended(struct monitor *m, int wait_status)
{
    m->state.exit_code = m->timed_out               ? EXIT_CODE_TIMED_OUT
                         : WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
                                                    : WEXITSTATUS(wait_status);
    m->state.finished_at = time_now();
    m->state.pid = 0;
    m->kill_at = m->timeout_at = 0;
    health_stopped(m);
    if (m->ctr.cgroup || m->cgroup) {
        m->state.oom_killed = m->cgroup && oci_cgroup_oom_killed(m->cgroup);
        if (m->cgroup)
            (void)!oci_cgroup_remove(m->cgroup,
                                     NULL); /* with what the container left running in it */
    }
    drain(m, NULL, &m->io);
    streams_close(&m->io);
    if (m->runtime)
        external_delete(m);
    oci_container_done(&m->ctr);
    arena_done(&m->ctr_arena);
    monitor_event_code(m, "died", &m->state.exit_code);
    if (!wants_restart(m)) {
        finish(m);
        return;
    }
    /* A container that ran for a while starts the pauses anew. */
    int64_t ran = m->state.finished_at - m->state.started_at;
    m->backoff = ran > 10 * NSEC_PER_SEC || !m->backoff ? NSEC_PER_SEC / 10
                                                        : MIN(m->backoff * 2, 60 * NSEC_PER_SEC);
    m->restart_at = time_monotonic() + m->backoff;
    m->status = RUN_EXITED;
    state_save(m);
}

static void session_ended(struct monitor *m, struct exec_session *s, int wait_status)
{
    int32_t code = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
                                            : WEXITSTATUS(wait_status);

    drain(m, s, &s->io);
    streams_close(&s->io);
    s->ended = true;
    s->code = code;
    if (s->health) {
        health_session_ended(m, s, code);
        return;
    }
    monitor_event_code(m, "exec_died", &(int64_t) { code });
    for (struct client *c = m->clients; c; c = c->next)
        if (c->kind == CLIENT_EXEC && c->session == s) {
            client_frame(c, ATTACH_EXIT, &code, sizeof(code));
            c->dead = true;
        }
    char path[80];
    snprintf(path, sizeof(path), "exec/%s", s->id);
    struct exec_state st = { .session = s->id, .pid = s->pid, .exit_code = code };
    AUTO_JSON *doc = json_from(&exec_state_type, &st);
    AUTO_BUF b = { 0 };
    json_text(doc, 0, &b);
    AUTO_CLOSE int dir = fs_open_dir(m->run_dir, "exec");
    if (dir >= 0)
        (void)!fs_replace(dir, s->id, b.data, b.len, 0600, FS_NOSYNC);
}

static void reap(struct monitor *m)
{
    int status;

    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == m->state.pid) {
            container_ended(m, status);
            continue;
        }
        for (struct exec_session *s = m->sessions; s; s = s->next)
            if (s->pid == pid && !s->ended)
                session_ended(m, s, status);
    }
    for (struct exec_session **p = &m->sessions; *p;) {
        struct exec_session *s = *p;
        if (!s->ended) {
            p = &s->next;
            continue;
        }
        clients_sweep(m); /* nobody points at it any more */
        *p = s->next;
        free(s);
    }
}

static void on_signal(struct monitor *m)
{
    struct signalfd_siginfo si;

    while (read(m->signals, &si, sizeof(si)) == sizeof(si)) {
        if (si.ssi_signo == SIGCHLD) {
            reap(m);
            continue;
        }
        /* Somebody wants us gone: that takes the container along, in order. */
        m->state.stopped_by_user = m->stop_asked = true;
        container_signal(m, SIGTERM);
        m->kill_at = time_monotonic() + 10 * NSEC_PER_SEC;
    }
}

static void accept_client(struct monitor *m, int listener, int kind)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0)
        client_add(m, fd, kind);
}

static void restart(struct monitor *m)
{
    struct err err = { 0 };

    m->restart_at = 0;
    m->state.restart_count++;
    if (container_up(m, &err) < 0) {
        free(m->state.error);
        m->state.error = xstrdup(err.msg);
        m->state.exit_code = err_kind_info(err.kind)->exit;
        m->state.finished_at = time_now();
        finish(m);
    }
}

static void run_timers(struct monitor *m)
{
    int64_t now = time_monotonic();

    if (m->kill_at && now >= m->kill_at) {
        m->kill_at = 0;
        m->stop_killed = m->status == RUN_STOPPING;
        container_signal(m, SIGKILL);
        if (m->cgroup)
            (void)!oci_cgroup_freeze(m->cgroup, false, NULL); /* a frozen one would not die */
    }
    if (m->timeout_at && now >= m->timeout_at) {
        m->timeout_at = 0;
        m->timed_out = true;
        m->state.stopped_by_user = true;
        container_signal(m, SIGKILL);
    }
    if (m->restart_at && now >= m->restart_at)
        restart(m);
    health_tick(m, now);
    sources_tick(&m->net.sources, now);
}

static int next_timeout(const struct monitor *m)
{
    int64_t next = INT64_MAX, now = time_monotonic();
    const int64_t at[] = { m->kill_at, m->timeout_at, m->restart_at, m->health.deadline,
                           m->health.session ? 0 : m->health.next_at };

    for (size_t i = 0; i < ARRAY_SIZE(at); i++)
        if (at[i])
            next = MIN(next, at[i]);
    for (const struct client *c = m->clients; c; c = c->next)
        if (c->pending.len)
            next = MIN(next, now + NSEC_PER_SEC);
    next = MIN(next, sources_deadline(&m->net.sources));
    if (next == INT64_MAX)
        return -1;
    return next <= now ? 0 : (int)MIN((next - now) / 1000000 + 1, (int64_t)3600000);
}

enum { POLL_MAX = 1024 };

struct poll_set {
    struct pollfd p[POLL_MAX];
    void *who[POLL_MAX];
    int n;
};

static void watch(struct poll_set *ps, int fd, short events, void *who)
{
    if (fd < 0 || ps->n == POLL_MAX || !events)
        return;
    ps->p[ps->n] = (struct pollfd) { .fd = fd, .events = events };
    ps->who[ps->n++] = who;
}

static void watch_streams(const struct monitor *m, struct poll_set *ps, struct streams *s,
                          const struct exec_session *session)
{
    short in = clients_blocked(m, session) ? 0 : POLLIN;

    if (s->terminal) {
        watch(ps, s->in, (short)(in | (s->pending.len ? POLLOUT : 0)), s);
        return;
    }
    watch(ps, s->out, in, s);
    watch(ps, s->err, in, s);
    watch(ps, s->in, s->pending.len ? POLLOUT : 0, s);
}

static void serve_streams(struct monitor *m, struct exec_session *session, struct streams *s,
                          const struct pollfd *p)
{
    bool input = p->fd == s->in && !s->terminal;

    if (input && (p->revents & (POLLOUT | POLLERR)))
        flush_input(s);
    /* The other stream may have filled a reader's socket in this very round. */
    else if (!input && clients_blocked(m, session) && !(p->revents & POLLOUT))
        return;
    else if (p->fd == s->in && s->terminal) {
        if (p->revents & POLLOUT)
            flush_input(s);
        /* EIO on a pty: no process has it open at the moment.  The end of the container is what counts. */
        if ((p->revents & (POLLIN | POLLHUP)) && !read_stream(m, session, s->in, false) &&
            (p->revents & POLLHUP))
            poll(NULL, 0, 1);
    } else if (p->fd == s->out || p->fd == s->err) {
        bool err = p->fd == s->err;
        if (!read_stream(m, session, p->fd, err)) {
            close(p->fd);
            *(err ? &s->err : &s->out) = -EBADF;
        }
    }
}

static void serve(struct monitor *m, struct poll_set *ps, int i)
{
    const struct pollfd *p = &ps->p[i];

    if (ps->who[i] == &m->io) {
        serve_streams(m, NULL, &m->io, p);
        return;
    }
    for (struct exec_session *s = m->sessions; s; s = s->next)
        if (ps->who[i] == &s->io) {
            serve_streams(m, s, &s->io, p);
            return;
        }
    for (struct client *c = m->clients; c; c = c->next)
        if (ps->who[i] == c && !c->dead) {
            if (p->revents & POLLOUT)
                client_flush(c);
            if (p->revents & (POLLIN | POLLHUP | POLLERR))
                client_input(m, c);
            return;
        }
    for (struct source *s = m->net.sources.first; s; s = s->next)
        if (ps->who[i] == s && !s->dead) {
            s->ready(s, p->revents);
            return;
        }
}

static void collect(struct monitor *m, struct poll_set *ps)
{
    ps->n = 0;
    watch(ps, m->signals, POLLIN, &m->signals);
    watch(ps, m->attach, POLLIN, &m->attach);
    watch(ps, m->control, POLLIN, &m->control);
    watch_streams(m, ps, &m->io, NULL);
    for (struct exec_session *s = m->sessions; s; s = s->next)
        if (!s->ended)
            watch_streams(m, ps, &s->io, s);
    for (struct client *c = m->clients; c; c = c->next) {
        /* A client whose input the program does not take is not read. */
        const struct streams *s = c->kind == CLIENT_EXEC ? &c->session->io : &m->io;
        bool full = (c->kind == CLIENT_ATTACH || c->kind == CLIENT_EXEC) && s->pending.len;
        watch(ps, c->fd, (short)((full ? 0 : POLLIN) | (c->pending.len ? POLLOUT : 0)), c);
    }
    for (struct source *s = m->net.sources.first; s; s = s->next)
        watch(ps, s->fd, s->events, s);
}

void monitor_loop(struct monitor *m)
{
    static struct poll_set ps;

    while (!m->done) {
        collect(m, &ps);
        int n = poll(ps.p, (nfds_t)ps.n, next_timeout(m));
        if (n < 0 && errno != EINTR)
            break;
        run_timers(m);
        for (int i = 0; n > 0 && i < ps.n && !m->done; i++) {
            if (!ps.p[i].revents)
                continue;
            if (ps.who[i] == &m->attach)
                accept_client(m, m->attach, CLIENT_ATTACH);
            else if (ps.who[i] == &m->control)
                accept_client(m, m->control, CLIENT_CONTROL);
            else if (ps.who[i] != &m->signals)
                serve(m, &ps, i);
        }
        /* Ends come last: output that was there before is passed on first. */
        if (n > 0 && ps.p[0].revents)
            on_signal(m);
        flush_input(&m->io);
        for (struct exec_session *s = m->sessions; s; s = s->next)
            flush_input(&s->io);
        clients_sweep(m);
    }
}
