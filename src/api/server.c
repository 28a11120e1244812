#include "api/server.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "api/server_priv.h"
#include "api/tls.h"
#include "base/log.h"
#include "base/parse.h"

#include "base/banned.h"

/* The listener
 *
 * One epoll set watches listening sockets, connections that nobody serves, and the processes (pidfds) that serve
 * the others.  A connection is in the set while it is idle and out of it while a child has it, so both never
 * read.  When as many children run as may, idle connections and listening sockets are not looked at until one ends. */

enum source_kind { SOURCE_LISTEN, SOURCE_SIGNAL, SOURCE_CLIENT };

struct source {
    enum source_kind kind;
    int fd;
    int pidfd; /* of the child that serves it; -EBADF: idle */
    pid_t pid;
    bool tls;
    struct source *next, **link; /* clients */
};

struct server {
    const struct api_options *o;
    int ep;
    struct source signals;
    struct source *listeners;
    size_t n_listeners, n_clients, n_busy;
    struct source *clients;
    int64_t last_busy; /* monotonic ns */
    bool stop;
};

static int watch(struct server *s, int fd, struct source *src)
{
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = src };

    return epoll_ctl(s->ep, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

static void unwatch(struct server *s, int fd)
{
    epoll_ctl(s->ep, EPOLL_CTL_DEL, fd, NULL);
}

static void drop_client(struct server *s, struct source *c)
{
    if (c->pidfd >= 0)
        close(c->pidfd);
    shutdown(c->fd, SHUT_RDWR);
    close(c->fd);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    s->n_clients--;
    free(c);
}

static void accept_client(struct server *s, const struct source *listener)
{
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    if (s->n_clients >= API_CONNECTIONS_MAX) {
        log_warn("more than %d connections: refusing one", API_CONNECTIONS_MAX);
        close(fd);
        return;
    }
    struct source *c = xcalloc(1, sizeof(*c));
    *c = (struct source) { .kind = SOURCE_CLIENT,
                           .fd = fd,
                           .pidfd = -EBADF,
                           .tls = listener->tls,
                           .next = s->clients,
                           .link = &s->clients };
    if (c->next)
        c->next->link = &c->next;
    s->clients = c;
    s->n_clients++;
    if (watch(s, fd, c) < 0)
        drop_client(s, c);
}

/* The child: nothing of the listener's stays open but its own connection. */
_Noreturn static void serve(struct server *s, struct source *c)
{
    sigset_t none;
    int fd = c->fd;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    close(s->ep);
    close(s->signals.fd);
    for (size_t i = 0; i < s->n_listeners; i++)
        close(s->listeners[i].fd);
    for (struct source *o = s->clients; o; o = o->next) {
        if (o != c)
            close(o->fd);
        if (o->pidfd >= 0)
            close(o->pidfd);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (c->tls) {
        struct err err = { 0 };
        fd = tls_accept(s->o, fd, &err);
        if (fd < 0) {
            log_debug("TLS: %s", err.msg);
            _exit(WORKER_CLOSED);
        }
    }
    enum worker_end end = worker_run(s->o, fd);
    _exit(c->tls ? WORKER_CLOSED : end);
}

static void start_worker(struct server *s, struct source *c)
{
    unwatch(s, c->fd);
    pid_t pid = fork();
    if (pid == 0)
        serve(s, c);
    int pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0 || watch(s, pidfd, c) < 0) {
        log_error("starting a process for a connection: %s", strerror(errno));
        if (pid > 0)
            waitpid(pid, NULL, 0);
        if (pidfd >= 0)
            close(pidfd);
        drop_client(s, c);
        return;
    }
    c->pidfd = pidfd;
    c->pid = pid;
    s->n_busy++;
}

static void worker_ended(struct server *s, struct source *c)
{
    int status = 0;

    unwatch(s, c->pidfd);
    waitpid(c->pid, &status, 0);
    s->n_busy--;
    s->last_busy = time_monotonic();
    if (WIFSIGNALED(status) && !s->stop)
        log_warn("serving a connection ended with signal %d", WTERMSIG(status));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != WORKER_KEEP) {
        drop_client(s, c);
        return;
    }
    close(c->pidfd);
    c->pidfd = -EBADF;
    if (watch(s, c->fd, c) < 0)
        drop_client(s, c);
}

static void handle(struct server *s, struct source *src)
{
    struct signalfd_siginfo si;

    switch (src->kind) {
    case SOURCE_LISTEN:
        accept_client(s, src);
        break;
    case SOURCE_SIGNAL:
        if (read(src->fd, &si, sizeof(si)) == sizeof(si))
            s->stop = true;
        break;
    case SOURCE_CLIENT:
        if (src->pidfd >= 0)
            worker_ended(s, src);
        else if (s->n_busy < API_PROCESSES_MAX)
            start_worker(s, src);
        else /* level-triggered: it is asked again */
            poll(NULL, 0, 5);
        break;
    }
}

/* Milliseconds until the idle time is over; -1: never. */
static int time_left(const struct server *s)
{
    if (s->o->idle_s <= 0 || s->n_busy)
        return -1;
    int64_t left = s->last_busy + s->o->idle_s * NSEC_PER_SEC - time_monotonic();
    return left <= 0 ? 0 : (int)MIN(left / 1000000 + 1, (int64_t)3600000);
}

static void loop(struct server *s)
{
    struct epoll_event ev[64];

    while (!s->stop) {
        int ms = time_left(s);
        int n = epoll_wait(s->ep, ev, ARRAY_SIZE(ev), ms);
        if (n == 0 && time_left(s) == 0)
            break;
        /* A client's source is freed by its own event only, and has one event at a time. */
        for (int i = 0; i < n && !s->stop; i++)
            handle(s, ev[i].data.ptr);
    }
}

static int set_up(struct server *s, const api_sockets *sockets, struct err *err)
{
    sigset_t set;

    s->ep = epoll_create1(EPOLL_CLOEXEC);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->signals = (struct source) { .kind = SOURCE_SIGNAL,
                                   .fd = signalfd(-1, &set, SFD_CLOEXEC),
                                   .pidfd = -EBADF };
    if (s->ep < 0 || s->signals.fd < 0)
        return err_sys(err, errno, "preparing the service");
    int r = watch(s, s->signals.fd, &s->signals);
    s->listeners = xcalloc(sockets->n + 1, sizeof(*s->listeners));
    for (size_t i = 0; r == 0 && i < sockets->n; i++) {
        s->listeners[i] = (struct source) { .kind = SOURCE_LISTEN,
                                            .fd = sockets->items[i].fd,
                                            .pidfd = -EBADF,
                                            .tls = sockets->items[i].tls };
        s->n_listeners++;
        r = watch(s, sockets->items[i].fd, &s->listeners[i]);
    }
    return r < 0 ? err_sys(err, -r, "watching the socket") : 0;
}

/* Streams that still run are cut; containers go on. */
static void tear_down(struct server *s, const api_sockets *sockets)
{
    s->stop = true;
    for (size_t i = 0; i < sockets->n; i++)
        if (sockets->items[i].path)
            unlink(sockets->items[i].path);
    for (struct source *c = s->clients; c; c = c->next)
        if (c->pidfd >= 0)
            kill(c->pid, SIGTERM);
    while (s->clients) {
        if (s->clients->pidfd >= 0)
            waitpid(s->clients->pid, NULL, 0);
        drop_client(s, s->clients);
    }
    for (size_t i = 0; i < s->n_listeners; i++)
        close(s->listeners[i].fd);
    free(s->listeners);
    if (s->ep >= 0)
        close(s->ep);
    if (s->signals.fd >= 0)
        close(s->signals.fd);
}

int api_serve(const struct api_options *o, struct err *err)
{
    AUTO_ARENA a = { 0 };
    api_sockets sockets = { 0 };
    struct server s = { .o = o, .ep = -EBADF, .signals.fd = -EBADF, .last_busy = time_monotonic() };
    int r = tls_check(o, err);

    if (r == 0)
        r = listen_all(&a, o, &sockets, err);
    if (r == 0)
        r = set_up(&s, &sockets, err);
    if (r == 0)
        loop(&s);
    tear_down(&s, &sockets);
    return r;
}
