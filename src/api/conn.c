#include "api/conn.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "base/limits.h"

#include "base/banned.h"

enum { SKIP_MAX = 1 << 20, HEAD_WAIT_MS = 30000, SKIP_WAIT_MS = 2000 };

void conn_init(struct conn *c, int fd, const char *extra)
{
    c->fd = fd;
    c->start = c->end = 0;
    c->extra = extra;
    c->lost = c->hijacked = false;
}

bool conn_has_input(const struct conn *c)
{
    return c->start < c->end;
}

/* More bytes behind those that are there; 0 at the end, or -errno. */
static ssize_t fill(struct conn *c)
{
    if (c->start == c->end)
        c->start = c->end = 0;
    if (c->start && c->end == sizeof(c->in)) {
        memmove(c->in, c->in + c->start, c->end - c->start);
        c->end -= c->start;
        c->start = 0;
    }
    if (c->end == sizeof(c->in))
        return -EMSGSIZE;
    for (;;) {
        ssize_t n = recv(c->fd, c->in + c->end, sizeof(c->in) - c->end, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n > 0)
            c->end += (size_t)n;
        if (n <= 0)
            c->lost = true;
        return n < 0 ? -errno : n;
    }
}

/* 1: readable. */
static int wait_input(struct conn *c, int ms)
{
    struct pollfd p = { c->fd, POLLIN, 0 };
    int n;

    do
        n = poll(&p, 1, ms);
    while (n < 0 && errno == EINTR);
    return n;
}

static int take_head(struct conn *c, struct arena *a, size_t len, struct err *err)
{
    int r = http_parse_head(a, c->in + c->start, len, &c->head, err);

    if (r < 0) {
        c->keep = false;
        c->head = (struct http_head) { 0 };
        return r;
    }
    c->start += len;
    const struct http_head *h = &c->head;
    c->keep = h->keep;
    c->body = h->chunked ? BODY_CHUNKED : h->length > 0 ? BODY_LENGTH : BODY_NONE;
    c->left = h->length > 0 ? (uint64_t)h->length : 0;
    c->body_done = c->body == BODY_NONE;
    c->want_continue = h->expect_continue && !c->body_done;
    return 1;
}

int conn_next(struct conn *c, struct arena *a, int wait_ms, bool *ret_idle, struct err *err)
{
    c->answered = c->streaming = c->chunked = c->want_continue = false;
    c->head = (struct http_head) { 0 };
    c->body = BODY_NONE; /* also of what turns out to be no request */
    c->body_done = true;
    *ret_idle = false;
    for (;;) {
        while (c->end - c->start >= 2 && memcmp(c->in + c->start, "\r\n", 2) == 0)
            c->start += 2; /* after a body, from old clients */
        size_t len = http_head_length(c->in + c->start, c->end - c->start);
        if (len)
            return take_head(c, a, len, err);
        bool begun = conn_has_input(c);
        if (wait_input(c, begun ? HEAD_WAIT_MS : wait_ms) == 0) {
            *ret_idle = !begun;
            return 0;
        }
        ssize_t n = fill(c);
        if (n == -EMSGSIZE) {
            c->keep = false;
            return err_set(err, ERR_TOO_BIG, E2BIG, "the HTTP head is larger than %d bytes",
                           CONN_BUFFER);
        }
        if (n <= 0)
            return 0;
    }
}

/* ---------- the body ---------- */

static void say_continue(struct conn *c)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (c->want_continue && !c->answered)
        (void)!conn_write_raw(c, text, sizeof(text) - 1);
    c->want_continue = false;
}

/* A line of the chunked framing into @line, without its end. */
static ssize_t read_line(struct conn *c, char *line, size_t max)
{
    for (;;) {
        char *at = c->in + c->start;
        char *end = memmem(at, c->end - c->start, "\r\n", 2);
        if (end) {
            size_t n = (size_t)(end - at);
            if (n >= max)
                return -EINVAL;
            memcpy(line, at, n);
            c->start += n + 2;
            return (ssize_t)n;
        }
        if (c->end - c->start >= max)
            return -EINVAL;
        ssize_t n = fill(c);
        if (n <= 0)
            return n < 0 ? n : -EPIPE;
    }
}

/* The next chunk's size into c->left; at the last one the trailer is read away. */
static int next_chunk(struct conn *c)
{
    char line[1024];
    ssize_t n = read_line(c, line, sizeof(line));

    if (n < 0 || http_chunk_size(line, (size_t)n, &c->left) < 0)
        return -EINVAL;
    if (c->left)
        return 0;
    for (int lines = 0; lines < HTTP_HEADERS_MAX; lines++) {
        n = read_line(c, line, sizeof(line));
        if (n <= 0) {
            c->body_done = true;
            return (int)n;
        }
    }
    return -EINVAL;
}

static int end_of_chunk(struct conn *c)
{
    char line[4];

    return read_line(c, line, sizeof(line)) == 0 ? 0 : -EINVAL;
}

ssize_t conn_read(struct conn *c, void *data, size_t len)
{
    if (c->body_done || c->lost)
        return c->body_done ? 0 : -EPIPE;
    say_continue(c);
    if (c->body == BODY_CHUNKED && c->left == 0) {
        int r = next_chunk(c);
        if (r < 0)
            c->lost = true;
        if (r < 0 || c->body_done)
            return r;
    }
    if (!conn_has_input(c)) {
        ssize_t n = fill(c);
        if (n <= 0)
            return n < 0 ? n : -EPIPE; /* the body was to be longer */
    }
    size_t n = MIN(c->end - c->start, len);
    n = (size_t)MIN((uint64_t)n, c->left);
    memcpy(data, c->in + c->start, n);
    c->start += n;
    c->left -= n;
    if (c->left == 0 && c->body == BODY_LENGTH)
        c->body_done = true;
    if (c->left == 0 && c->body == BODY_CHUNKED && end_of_chunk(c) < 0) {
        c->lost = true;
        return -EINVAL;
    }
    return (ssize_t)n;
}

int conn_read_all(struct conn *c, struct buf *b)
{
    char part[8192];

    if (c->body == BODY_LENGTH && b->max && c->left > b->max)
        return -EFBIG;
    for (;;) {
        ssize_t n = conn_read(c, part, sizeof(part));
        if (n <= 0)
            return (int)n;
        if (buf_add(b, part, (size_t)n) < 0)
            return -EFBIG;
    }
}

/* Will the next request come behind this one's body? */
static bool can_skip(const struct conn *c)
{
    return c->body_done ||
           (!c->want_continue && !(c->body == BODY_LENGTH && c->left > (uint64_t)SKIP_MAX));
}

void conn_skip_body(struct conn *c)
{
    char part[8192];
    size_t skipped = 0;

    if (c->want_continue) { /* it never sends it, now that it has its answer */
        c->want_continue = false;
        c->body_done = true;
        c->keep = false;
    }
    while (!c->body_done && skipped < SKIP_MAX) {
        if (!conn_has_input(c) && wait_input(c, SKIP_WAIT_MS) <= 0)
            break;
        ssize_t n = conn_read(c, part, sizeof(part));
        if (n < 0)
            break;
        skipped += (size_t)n;
    }
    if (!c->body_done)
        c->keep = false;
}

/* ---------- the answer ---------- */

static int send_all(struct conn *c, struct iovec *v, size_t n)
{
    while (n) {
        struct msghdr m = { .msg_iov = v, .msg_iovlen = n };
        ssize_t done = sendmsg(c->fd, &m, MSG_NOSIGNAL);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            c->lost = true;
            return -errno;
        }
        for (; n && (size_t)done >= v->iov_len; v++, n--)
            done -= (ssize_t)v->iov_len;
        if (n) {
            v->iov_base = (char *)v->iov_base + done;
            v->iov_len -= (size_t)done;
        }
    }
    return 0;
}

int conn_write_raw(struct conn *c, const void *data, size_t len)
{
    struct iovec v = { .iov_len = len };

    memcpy(&v.iov_base, &data, sizeof(data)); /* an iovec knows no const */
    return c->lost && !c->hijacked ? -EPIPE : send_all(c, &v, len ? 1 : 0);
}

static void put_head(struct conn *c, int status, const char *type, const char *more, struct buf *b)
{
    buf_printf(b, "HTTP/1.1 %d %s\r\n%s", status, http_reason(status), c->extra);
    if (type)
        buf_printf(b, "Content-Type: %s\r\n", type);
    if (more)
        buf_puts(b, more);
    if (!c->keep)
        buf_puts(b, "Connection: close\r\n");
}

static bool is_head(const struct conn *c)
{
    return c->head.method && STR_EQ(c->head.method, "HEAD");
}

void conn_reply(struct conn *c, int status, const char *type, const char *more, const void *data,
                size_t len)
{
    AUTO_BUF b = { 0 };

    if (c->answered)
        return;
    c->answered = true;
    c->keep = c->keep && can_skip(c);
    put_head(c, status, type, more, &b);
    if (status != 204 && status != 304)
        buf_printf(&b, "Content-Length: %zu\r\n", len);
    buf_puts(&b, "\r\n");
    struct iovec v[2] = { { b.data, b.len }, { .iov_len = len } };
    memcpy(&v[1].iov_base, &data, sizeof(data));
    (void)!send_all(c, v, len && !is_head(c) ? 2 : 1);
    conn_skip_body(
        c); /* unread, it would make the kernel reset the connection before the answer is read */
}

int conn_begin(struct conn *c, int status, const char *type, const char *more)
{
    AUTO_BUF b = { 0 };

    if (c->answered)
        return -EALREADY;
    c->answered = c->streaming = true;
    c->chunked = c->head.minor > 0;
    if (!c->chunked)
        c->keep = false;
    put_head(c, status, type, more, &b);
    buf_puts(&b, c->chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
    return conn_write_raw(c, b.data, b.len);
}

int conn_write(struct conn *c, const void *data, size_t len)
{
    char size[24];
    struct iovec v[3] = { { size, 0 }, { .iov_len = len }, { .iov_len = 2 } };

    if (!len || is_head(c))
        return 0;
    if (!c->chunked)
        return conn_write_raw(c, data, len);
    v[0].iov_len = (size_t)snprintf(size, sizeof(size), "%zx\r\n", len);
    memcpy(&v[1].iov_base, &data, sizeof(data));
    static char end[] = "\r\n";
    v[2].iov_base = end;
    return send_all(c, v, 3);
}

void conn_finish(struct conn *c, bool whole)
{
    static const char last[] = "0\r\n\r\n";

    c->streaming = false;
    if (!whole)
        c->keep = false;
    else if (c->chunked && !is_head(c))
        (void)!conn_write_raw(c, last, sizeof(last) - 1);
    conn_skip_body(c);
}

/* Some clients read the head with a buffer of their own and what follows past it: what came with the head would be
 * lost.  So the head goes alone. */
static void wait_taken(int fd)
{
    for (int tries = 0, left = 0; tries < 1000; tries++) {
        struct timespec ts = { .tv_nsec = 200000 };
        if (ioctl(fd, SIOCOUTQ, &left) < 0 || left == 0)
            return;
        nanosleep(&ts, NULL);
    }
}

int conn_hijack(struct conn *c, const char *type)
{
    AUTO_BUF b = { 0 };

    c->answered = c->hijacked = true;
    c->keep = false;
    if (c->head.upgrade)
        buf_printf(&b,
                   "HTTP/1.1 101 UPGRADED\r\n%sContent-Type: %s\r\nConnection: Upgrade\r\n"
                   "Upgrade: %s\r\n\r\n",
                   c->extra, type, "tcp");
    else
        buf_printf(&b, "HTTP/1.1 200 OK\r\n%sContent-Type: %s\r\n\r\n", c->extra, type);
    int r = conn_write_raw(c, b.data, b.len);
    if (r == 0)
        wait_taken(c->fd);
    return r;
}

ssize_t conn_read_raw(struct conn *c, void *data, size_t len)
{
    if (!conn_has_input(c)) {
        ssize_t n = fill(c);
        if (n <= 0)
            return n;
    }
    size_t n = MIN(c->end - c->start, len);
    memcpy(data, c->in + c->start, n);
    c->start += n;
    return (ssize_t)n;
}
