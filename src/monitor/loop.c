/* The poll loop. */
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "base/parse.h"
#include "base/proc.h"
#include "monitor/monitor.h"

#include "base/banned.h"

enum { POLL_MAX = 512 };

enum source {
    SRC_SIGNAL,
    SRC_INIT,
    SRC_ATTACH,
    SRC_CONTROL,
    SRC_OUT,
    SRC_ERR,
    SRC_IN,
    SRC_CONN,
    SRC_SESSION
};

struct polled {
    enum source src;
    void *p; /* struct io, conn or session */
};

struct poll_set {
    size_t n;
    struct pollfd fds[POLL_MAX];
    struct polled who[POLL_MAX];
};
static struct poll_set set;

static void add(int fd, short events, enum source src, void *p)
{
    if (fd < 0 || set.n == POLL_MAX)
        return;
    set.fds[set.n] = (struct pollfd) { .fd = fd, .events = events };
    set.who[set.n++] = (struct polled) { src, p };
}

static void add_io(const struct monitor *m, struct io *io)
{
    if (!io->slow) {
        add(io->out, POLLIN, SRC_OUT, io);
        add(io->err, POLLIN, SRC_ERR, io);
    }
    for (struct conn *c = m->conns; c; c = c->next)
        if (c->kind == CONN_ATTACH && c->io == io && c->in_len)
            add(io->in, POLLOUT, SRC_IN, c);
}

static void collect(struct monitor *m)
{
    set.n = 0;
    add(m->signal_fd, POLLIN, SRC_SIGNAL, NULL);
    /* Whoever attaches and then says "start" is attached before the program runs. */
    add(m->attach_fd, POLLIN, SRC_ATTACH, NULL);
    add_io(m, &m->io);
    if (m->running || m->waiting)
        add(m->c.pidfd, POLLIN, SRC_INIT, NULL);
    for (struct session *s = m->sessions; s; s = s->next) {
        add_io(m, &s->io);
        add(s->pidfd, POLLIN, SRC_SESSION, s);
    }
    for (struct conn *c = m->conns; c; c = c->next) {
        short ev = c->in_len ? 0 : POLLIN;
        if (c->io && c->io->slow == c)
            ev |= POLLOUT;
        add(c->fd, ev, SRC_CONN, c);
    }
    add(m->control_fd, POLLIN, SRC_CONTROL, NULL);
}

static void handle_signal(struct monitor *m)
{
    struct signalfd_siginfo si;

    while (read(m->signal_fd, &si, sizeof(si)) == sizeof(si))
        if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT) {
            m->state.stopped_by_user = true;
            (void)!monitor_stop(m, (int)m->cfg.stop_signal, 10 * NSEC_PER_SEC);
        }
}

static void handle_conn(struct monitor *m, struct conn *c, short ev)
{
    if (c->kind == CONN_DEAD)
        return;
    if (c->kind == CONN_ATTACH) {
        if ((ev & POLLOUT) && c->io->slow == c)
            io_flush_held(m, c->io);
        if ((ev & (POLLIN | POLLHUP | POLLERR)) && !c->in_len)
            conn_read_frame(m, c);
        else if (ev & (POLLHUP | POLLERR))
            conn_close(m, c);
    } else if (ev)
        control_read(m, c);
}

static void accept_conn(struct monitor *m, int listener, enum conn_kind kind)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0)
        conn_add(m, fd, kind, kind == CONN_ATTACH ? &m->io : NULL);
}

static void handle(struct monitor *m, const struct polled *w, short ev)
{
    switch (w->src) {
    case SRC_SIGNAL:
        handle_signal(m);
        break;
    case SRC_INIT:
        monitor_container_ended(m);
        break;
    case SRC_ATTACH:
        accept_conn(m, m->attach_fd, CONN_ATTACH);
        break;
    case SRC_CONTROL:
        accept_conn(m, m->control_fd, CONN_REQUEST);
        break;
    case SRC_OUT:
    case SRC_ERR: {
        struct io *io = w->p;
        if (!io->slow)
            (void)io_read(m, io, w->src == SRC_ERR);
        break;
    }
    case SRC_IN: {
        struct conn *c = w->p;
        if (c->kind == CONN_ATTACH && c->in_len)
            conn_flush_input(m, c);
        break;
    }
    case SRC_CONN:
        handle_conn(m, w->p, ev);
        break;
    case SRC_SESSION:
        session_ended(m, w->p);
        break;
    }
}

static void earlier(int64_t *when, int64_t t)
{
    if (t && (!*when || t < *when))
        *when = t;
}

static int next_timeout(const struct monitor *m)
{
    int64_t when = 0;

    earlier(&when, m->stop_deadline);
    earlier(&when, m->timeout_deadline);
    earlier(&when, m->restart_at);
    earlier(&when, m->drain_deadline);
    for (const struct session *s = m->sessions; s; s = s->next)
        earlier(&when, s->io.ended ? 0 : s->deadline);
    if (!when)
        return -1;
    int64_t left = when - time_monotonic();
    return left <= 0 ? 0 : (int)MIN((left + 999999) / 1000000, (int64_t)3600000);
}

static bool due(int64_t *t, int64_t now)
{
    if (!*t || now < *t)
        return false;
    *t = 0;
    return true;
}

static void run_deadlines(struct monitor *m)
{
    int64_t now = time_monotonic();

    if (due(&m->stop_deadline, now) && m->c.pid > 0)
        kill(m->c.pid, SIGKILL);
    if (due(&m->timeout_deadline, now) && m->c.pid > 0) {
        m->state.stopped_by_user = true;
        kill(m->c.pid, SIGKILL);
    }
    if (due(&m->drain_deadline, now))
        for (struct conn *c = m->conns; c; c = c->next)
            if (c->io && c->io->slow == c)
                conn_close(m, c);
    for (struct session *s = m->sessions; s; s = s->next)
        if (!s->io.ended && due(&s->deadline, now))
            kill(s->pid, SIGKILL);
    if (due(&m->restart_at, now))
        monitor_restart(m);
}

void monitor_loop(struct monitor *m)
{
    while (!m->done) {
        collect(m);
        int n = poll(set.fds, set.n, next_timeout(m));
        for (size_t i = 0; n > 0 && i < set.n; i++)
            if (set.fds[i].revents)
                handle(m, &set.who[i], set.fds[i].revents);
        run_deadlines(m);
        session_sweep(m);
        conn_sweep(m);
        /* Ended, everything delivered, no restart to come. */
        if (!m->running && !m->waiting && !m->restart_at && io_finish(m, &m->io)) {
            conn_sweep(m);
            m->done = true;
        }
    }
}
