/* Streams and those attached to them.
 *
 * Output is read once and given to the log and to every client as one frame.  A client whose socket
 * is full: when others read as well it is forgotten; when it is the only one, the frame is held and
 * the container's pipes are not read until it has room again, which is what a terminal would do. */
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

#include "base/fs.h"
#include "base/parse.h"
#include "monitor/monitor.h"

#include "base/banned.h"

static unsigned char frame[1 + ATTACH_FRAME_MAX];

/* ---- streams ---- */

int io_pipes(struct io *io, bool want_in, int *child, struct err *err)
{
    int in[2] = { -EBADF, -EBADF }, out[2] = { -EBADF, -EBADF }, er[2] = { -EBADF, -EBADF };

    if ((want_in && pipe2(in, O_CLOEXEC) < 0) || pipe2(out, O_CLOEXEC) < 0 ||
        pipe2(er, O_CLOEXEC) < 0) {
        int e = errno;
        for (int i = 0; i < 2; i++) {
            close_p(&in[i]);
            close_p(&out[i]);
            close_p(&er[i]);
        }
        return err_sys(err, e, "pipe");
    }
    io->in = in[1];
    io->out = out[0];
    io->err = er[0];
    for (int *fd = (int[]) { io->in, io->out, io->err, -1 }; *fd != -1; fd++)
        if (*fd >= 0)
            fcntl(*fd, F_SETFL, O_NONBLOCK);
    child[0] = in[0];
    child[1] = out[1];
    child[2] = er[1];
    return 0;
}

static void close_in(struct io *io)
{
    if (!io->tty)
        close_p(&io->in);
    io->in = -EBADF;
}

void io_done(struct io *io)
{
    close_in(io);
    close_p(&io->out);
    close_p(&io->err);
    free(io->held);
    *io = (struct io)IO_INIT;
}

void io_resize(const struct io *io, unsigned rows, unsigned cols)
{
    struct winsize ws = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };

    if (io->tty && io->out >= 0)
        (void)!ioctl(io->out, TIOCSWINSZ, &ws);
}

/* ---- connections ---- */

struct conn *conn_add(struct monitor *m, int fd, enum conn_kind kind, struct io *io)
{
    struct conn *c = xcalloc(1, sizeof(*c));

    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    *c = (struct conn) { .next = m->conns, .fd = fd, .kind = kind, .io = io };
    m->conns = c;
    return c;
}

/* Freed by conn_sweep(): somebody may be walking the list. */
void conn_close(struct monitor *m, struct conn *c)
{
    if (c->kind == CONN_DEAD)
        return;
    if (c->kind == CONN_ATTACH && c->io) {
        if (c->io->slow == c) {
            c->io->slow = NULL;
            c->io->held_len = 0;
        }
        if (c->io->once || !c->io->keep_in)
            close_in(c->io);
    }
    (void)m;
    close_p(&c->fd);
    c->fd = -EBADF;
    c->kind = CONN_DEAD;
}

void conn_sweep(struct monitor *m)
{
    for (struct conn **p = &m->conns; *p;) {
        struct conn *c = *p;
        if (c->kind != CONN_DEAD) {
            p = &c->next;
            continue;
        }
        *p = c->next;
        free(c->in);
        free(c);
    }
}

static size_t clients(const struct monitor *m, const struct io *io)
{
    size_t n = 0;
    for (const struct conn *c = m->conns; c; c = c->next)
        n += c->kind == CONN_ATTACH && c->io == io;
    return n;
}

/* ---- output ---- */

static void hold(struct io *io, struct conn *c, const unsigned char *data, size_t len)
{
    if (!io->held)
        io->held = xmalloc(1 + ATTACH_FRAME_MAX);
    memcpy(io->held, data, len);
    io->held_len = len;
    io->slow = c;
}

static void broadcast(struct monitor *m, struct io *io, const unsigned char *data, size_t len)
{
    for (struct conn *c = m->conns; c; c = c->next) {
        if (c->kind != CONN_ATTACH || c->io != io)
            continue;
        if (send(c->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
            continue;
        if ((errno == EAGAIN || errno == ENOBUFS) && clients(m, io) == 1)
            hold(io, c, data, len);
        else
            conn_close(m, c);
    }
}

void io_flush_held(struct monitor *m, struct io *io)
{
    struct conn *c = io->slow;

    if (send(c->fd, io->held, io->held_len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno == EAGAIN || errno == ENOBUFS)
            return;
        conn_close(m, c);
        return;
    }
    io->slow = NULL;
    io->held_len = 0;
    free(io->held);
    io->held = NULL;
}

bool io_read(struct monitor *m, struct io *io, bool stderr_)
{
    int *fd = stderr_ ? &io->err : &io->out;
    ssize_t n = read(*fd, frame + 1, ATTACH_FRAME_MAX);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0) { /* EIO: the last user of the terminal is gone */
        if (io->tty)
            io->in = -EBADF;
        close_p(fd);
        *fd = -EBADF;
        return false;
    }
    frame[0] = stderr_ ? ATTACH_STDERR : ATTACH_STDOUT;
    logger_write(io->log, stderr_, (char *)frame + 1, (size_t)n);
    broadcast(m, io, frame, 1 + (size_t)n);
    return true;
}

bool io_finish(struct monitor *m, struct io *io)
{
    int32_t code = io->code;

    if (io->slow)
        return false;
    frame[0] = ATTACH_EXIT;
    memcpy(frame + 1, &code, sizeof(code));
    for (struct conn *c = m->conns; c; c = c->next) {
        if (c->kind != CONN_ATTACH || c->io != io)
            continue;
        if (send(c->fd, frame, 1 + sizeof(code), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
            m->engine_has_exit |= c->engine;
        conn_close(m, c);
    }
    return true;
}

/* ---- input ---- */

void conn_flush_input(struct monitor *m, struct conn *c)
{
    struct io *io = c->io;

    ssize_t n = io->in < 0 ? -1 : write(io->in, c->in, c->in_len);
    if (n < 0 && io->in >= 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) { /* nobody reads it any more */
        close_in(io);
        n = (ssize_t)c->in_len;
    }
    c->in_len -= (size_t)n;
    memmove(c->in, c->in + n, c->in_len);
    if (!c->in_len) {
        free(c->in);
        c->in = NULL;
    }
    (void)m;
}

static void take_stdin(struct monitor *m, struct conn *c, size_t len)
{
    if (c->io->in < 0)
        return;
    if (!len) {
        /* A terminal has no end to close: its reader is told by the key that means the end. */
        if (!c->io->tty)
            close_in(c->io);
        return;
    }
    c->in = xmalloc(len);
    memcpy(c->in, frame + 1, len);
    c->in_len = len;
    conn_flush_input(m, c);
}

static void send_signal(struct monitor *m, const struct io *io, int sig)
{
    if (io == &m->io) {
        if (m->running && m->c.pid > 0)
            kill(m->c.pid, sig);
        return;
    }
    for (struct session *s = m->sessions; s; s = s->next)
        if (&s->io == io && !s->io.ended)
            kill(s->pid, sig);
}

void conn_read_frame(struct monitor *m, struct conn *c)
{
    uint16_t size[2];
    ssize_t n = recv(c->fd, frame, sizeof(frame), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        conn_close(m, c);
        return;
    }
    size_t len = (size_t)n - 1;
    switch (frame[0]) {
    case ATTACH_STDIN:
        take_stdin(m, c, len);
        break;
    case ATTACH_RESIZE:
        if (len >= sizeof(size)) {
            memcpy(size, frame + 1, sizeof(size));
            io_resize(c->io, size[0], size[1]);
        }
        break;
    case ATTACH_SIGNAL:
        if (len >= 1 && frame[1] > 0 && frame[1] <= 64)
            send_signal(m, c->io, frame[1]);
        break;
    default:
        break; /* a newer client's word that we do not know */
    }
}
