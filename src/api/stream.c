#include "api/stream.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "spec/monitor.h"

#include "base/banned.h"

enum { KEYS_MAX = 16, INPUT_MAX = 8192 };

/* ---------- a client that hangs up ---------- */

static int watched = -EBADF;

static void on_io(int signo)
{
    struct pollfd p = { watched, POLLRDHUP, 0 };

    (void)signo;
    if (poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)))
        _exit(0);
}

void stream_watch(struct request *r)
{
    struct sigaction sa = { .sa_handler = on_io, .sa_flags = SA_RESTART };
    int fd = r->conn->fd;

    watched = fd;
    sigaction(SIGIO, &sa, NULL);
    fcntl(fd, F_SETOWN, getpid());
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC);
    on_io(SIGIO); /* it may be gone already */
}

/* ---------- output ---------- */

static int put(struct request *r, const void *data, size_t len)
{
    return r->conn->hijacked ? conn_write_raw(r->conn, data, len) : conn_write(r->conn, data, len);
}

int stream_put(struct request *r, bool mux, int stream, const void *data, size_t len)
{
    unsigned char piece[8 + ATTACH_FRAME_MAX];

    if (!mux)
        return put(r, data, len);
    for (const char *p = data; len;) {
        size_t n = MIN(len, (size_t)ATTACH_FRAME_MAX);
        unsigned char head[8] = { (unsigned char)stream };
        for (int i = 0; i < 4; i++)
            head[4 + i] = (unsigned char)(n >> (8 * (3 - i)));
        memcpy(piece, head, sizeof(head));
        memcpy(piece + sizeof(head), p, n);
        int res = put(r, piece, sizeof(head) + n);
        if (res < 0)
            return res;
        p += n;
        len -= n;
    }
    return 0;
}

/* ---------- both ways ---------- */

struct pump {
    struct request *r;
    const struct hijack *h;
    int sock;
    bool in_open;                       /* the client may send more */
    unsigned char frame[1 + INPUT_MAX]; /* on its way to the monitor */
    size_t pending;                     /* bytes of it; 0: none */
    unsigned char keys[KEYS_MAX];
    size_t nkeys, matched;
    bool over;
};

/* The monitor may be busy sending to us, so it is never waited for here. */
static void send_pending(struct pump *p)
{
    ssize_t n = send(p->sock, p->frame, p->pending, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n >= 0)
        p->pending = 0;
    else if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
        p->pending = 0; /* it takes no more; what it still has to say comes */
}

static void queue(struct pump *p, const void *data, size_t len)
{
    p->frame[0] = ATTACH_STDIN;
    memcpy(p->frame + 1, data, len);
    p->pending = 1 + len;
    send_pending(p);
}

/* How much of the input stands before the detach keys; *ret_found: they are there. */
static size_t before_keys(struct pump *p, const unsigned char *data, size_t len, bool *ret_found)
{
    *ret_found = false;
    for (size_t i = 0; p->nkeys && i < len; i++) {
        p->matched = data[i] == p->keys[p->matched] ? p->matched + 1 : data[i] == p->keys[0];
        if (p->matched == p->nkeys) {
            *ret_found = true;
            return i + 1 >= p->nkeys ? i + 1 - p->nkeys : 0;
        }
    }
    return len;
}

static void from_client(struct pump *p)
{
    unsigned char data[INPUT_MAX];
    bool detach;
    ssize_t n = conn_read_raw(p->r->conn, data, sizeof(data));

    if (n < 0) {
        p->over = true;
        return;
    }
    if (n == 0) {
        p->in_open = false;
        if (p->h->in)
            queue(p, "", 0);
        return;
    }
    if (!p->h->in)
        return;
    size_t len = before_keys(p, data, (size_t)n, &detach);
    if (len)
        queue(p, data, len);
    p->over = detach;
}

static void from_monitor(struct pump *p)
{
    unsigned char frame[1 + ATTACH_FRAME_MAX];
    ssize_t n = recv(p->sock, frame, sizeof(frame), MSG_DONTWAIT);
    int res = 0;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || frame[0] == ATTACH_EXIT) {
        p->over = true;
        return;
    }
    size_t len = (size_t)n - 1;
    if (frame[0] == ATTACH_STDOUT && p->h->out)
        res = stream_put(p->r, !p->h->tty, STREAM_STDOUT, frame + 1, len);
    if (frame[0] == ATTACH_STDERR && p->h->err)
        res = stream_put(p->r, !p->h->tty, STREAM_STDERR, frame + 1, len);
    p->over = res < 0;
}

void hijack_run(struct request *r, int sock, const struct hijack *h)
{
    static struct pump p;
    struct conn *c = r->conn;

    p = (struct pump) { .r = r, .h = h, .sock = sock, .in_open = true };
    if (h->tty && !str_empty(h->detach_keys)) {
        int n = container_detach_keys(h->detach_keys, p.keys, KEYS_MAX);
        p.nkeys = n > 0 ? (size_t)n : 0;
    }
    while (!p.over) {
        bool take = p.in_open && !p.pending;
        struct pollfd fds[2] = {
            { c->fd, (short)(take ? POLLIN : 0), 0 },
            { sock, (short)(POLLIN | (p.pending ? POLLOUT : 0)), 0 },
        };
        bool ready = take && conn_has_input(c);
        if (poll(fds, 2, ready ? 0 : -1) < 0 && errno != EINTR)
            break;
        if (fds[1].revents & POLLOUT)
            send_pending(&p);
        if (ready || (fds[0].revents & POLLIN))
            from_client(&p);
        else if (fds[0].revents & (POLLHUP | POLLERR))
            p.over = true;
        if (fds[1].revents & (POLLIN | POLLHUP | POLLERR))
            from_monitor(&p);
    }
}
