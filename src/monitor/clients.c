#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

#include "base/fs.h"
#include "base/parse.h"
#include "monitor/monitor.h"

#include "base/banned.h"

struct client *client_add(struct monitor *m, int fd, int kind)
{
    struct client *c = xcalloc(1, sizeof(*c));

    c->fd = fd;
    c->kind = (__typeof__(c->kind))kind;
    c->next = m->clients;
    m->clients = c;
    return c;
}

void client_settle(struct client *c)
{
    while (c->pending.len && !c->dead) {
        struct pollfd w = { .fd = c->fd, .events = POLLOUT };
        poll(&w, 1, 1000);
        client_flush(c);
    }
}

void client_frame(struct client *c, enum attach_frame type, const void *data, size_t len)
{
    unsigned char frame[1 + ATTACH_FRAME_MAX];

    if (c->dead || len > ATTACH_FRAME_MAX)
        return;
    if (c->pending.len) /* frames keep their order, whatever it costs */
        client_settle(c);
    frame[0] = (unsigned char)type;
    if (len)
        memcpy(frame + 1, data, len);
    if (send(c->fd, frame, len + 1, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return;
    if (errno != EAGAIN && errno != ENOBUFS) {
        c->dead = true;
        return;
    }
    /* Its source is not read while this waits: there is never more than one. */
    buf_put(&c->pending, frame, len + 1);
    c->blocked_since = time_monotonic();
}

void client_flush(struct client *c)
{
    if (!c->pending.len)
        return;
    if (send(c->fd, c->pending.data, c->pending.len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
        buf_done(&c->pending);
        c->blocked_since = 0;
    } else if (errno != EAGAIN && errno != ENOBUFS)
        c->dead = true;
    else if (!c->starter && time_monotonic() - c->blocked_since > 10 * NSEC_PER_SEC)
        c->dead = true; /* a visitor that reads nothing must not hold the container up */
}

static bool listens(const struct client *c, const struct exec_session *session)
{
    return !c->dead &&
           (session ? c->kind == CLIENT_EXEC && c->session == session : c->kind == CLIENT_ATTACH);
}

bool clients_blocked(const struct monitor *m, const struct exec_session *session)
{
    for (const struct client *c = m->clients; c; c = c->next)
        if (listens(c, session) && c->pending.len)
            return true;
    return false;
}

void clients_output(struct monitor *m, const struct exec_session *session, bool err,
                    const char *data, size_t len)
{
    for (struct client *c = m->clients; c; c = c->next)
        if (listens(c, session))
            client_frame(c, err ? ATTACH_STDERR : ATTACH_STDOUT, data, len);
}

static void resize(struct streams *s, const unsigned char *data, size_t len)
{
    uint16_t size[2];

    if (len < sizeof(size) || !s->terminal || s->in < 0)
        return;
    memcpy(size, data, sizeof(size));
    struct winsize ws = { .ws_row = size[0], .ws_col = size[1] };
    ioctl(s->in, TIOCSWINSZ, &ws);
}

static void gone(struct monitor *m, struct client *c)
{
    c->dead = true;
    if (c->kind == CLIENT_ATTACH && c->starter && m->stdin_once && !m->io.terminal)
        m->io.close_in = true;
    if (c->kind == CLIENT_ATTACH && c->starter && m->bound)
        container_signal(m, SIGKILL);
    if (c->kind == CLIENT_EXEC && !c->session->ended && !c->session->io.terminal)
        c->session->io.close_in = true;
}

/* What would end the maker of a bound container is meant for what he makes, whether that listens or not. */
static bool ends_maker(int signo)
{
    return signo == SIGINT || signo == SIGTERM || signo == SIGHUP || signo == SIGQUIT;
}

void client_input(struct monitor *m, struct client *c)
{
    unsigned char frame[1 + ATTACH_FRAME_MAX];
    ssize_t n;

    if (c->kind == CLIENT_CONTROL) {
        control_request(m, c);
        return;
    }
    n = recv(c->fd, frame, sizeof(frame), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        gone(m, c);
        return;
    }
    struct streams *s = c->kind == CLIENT_EXEC ? &c->session->io : &m->io;
    size_t len = (size_t)n - 1;
    switch (frame[0]) {
    case ATTACH_STDIN:
        if (len)
            streams_feed(s, frame + 1, len);
        else if (s->terminal)
            streams_feed(s, "\004", 1); /* the end of input, as a terminal says it */
        else
            s->close_in = true;
        break;
    case ATTACH_RESIZE:
        resize(s, frame + 1, len);
        break;
    case ATTACH_SIGNAL:
        if (len && c->kind == CLIENT_ATTACH)
            container_signal(m, m->bound && ends_maker(frame[1]) ? SIGKILL : frame[1]);
        else if (len && !c->session->ended)
            kill(c->session->pid, frame[1]);
        break;
    default:
        break;
    }
}

void clients_sweep(struct monitor *m)
{
    for (struct client **p = &m->clients; *p;) {
        struct client *c = *p;
        if (!c->dead) {
            p = &c->next;
            continue;
        }
        *p = c->next;
        close(c->fd);
        buf_done(&c->pending);
        free(c);
    }
}
