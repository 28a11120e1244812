#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>

#include "base/fs.h"
#include "supervise/supervise.h"

#include "base/banned.h"

/* How attaching works
 *
 * One loop over three sources: our stdin, the connection, and a signalfd.  stdin is read byte-exact and
 * searched for the detach keys only when the container has a terminal, as a pipe may hold any bytes.
 * A stdin that is at its end becomes an empty frame, which closes the container's stdin.  Output is
 * written before the next frame is read, so a slow reader of ours slows the container, as a pipe
 * would. */

enum { KEYS_MAX = 16 };

struct attach {
    const struct attach_streams *s;
    int sock, sig;
    bool in_open;
    unsigned char keys[KEYS_MAX];
    size_t nkeys, matched;
    struct termios saved;
    bool raw;
    sigset_t old_mask;
};

int attach_parse_keys(const char *keys, unsigned char *out, size_t max)
{
    size_t n = 0;

    for (const char *p = keys; *p;) {
        size_t len = strcspn(p, ",");
        if (n == max)
            return -EINVAL;
        if (len == 1)
            out[n++] = (unsigned char)*p;
        else if (len == 6 && strncmp(p, "ctrl-", 5) == 0) {
            char c = p[5];
            if (c >= 'a' && c <= 'z')
                out[n++] = (unsigned char)(c - 'a' + 1);
            else if (c == '@')
                out[n++] = 0;
            else if (c >= '[' && c <= '_')
                out[n++] = (unsigned char)(c - '[' + 27);
            else
                return -EINVAL;
        } else
            return -EINVAL;
        p += len;
        if (*p == ',' && !*++p)
            return -EINVAL;
    }
    return (int)n;
}

/* Ours are forwarded, but for those that are about us or our children. */
static void proxied_signals(sigset_t *set)
{
    sigfillset(set);
    static const int not_ours[] = { SIGCHLD, SIGPIPE, SIGURG,  SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,
                                    SIGABRT, SIGTSTP, SIGTTIN, SIGTTOU, SIGSTOP, SIGKILL, SIGCONT };
    for (size_t i = 0; i < ARRAY_SIZE(not_ours); i++)
        sigdelset(set, not_ours[i]);
}

static int send_frame(int sock, enum attach_frame type, const void *data, size_t len)
{
    unsigned char frame[1 + ATTACH_FRAME_MAX];

    frame[0] = (unsigned char)type;
    if (len)
        memcpy(frame + 1, data, len);
    while (send(sock, frame, len + 1, MSG_NOSIGNAL) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

static void send_size(struct attach *at)
{
    struct winsize ws;

    if (ioctl(at->s->in, TIOCGWINSZ, &ws) < 0)
        return;
    uint16_t size[2] = { ws.ws_row, ws.ws_col };
    (void)!send_frame(at->sock, ATTACH_RESIZE, size, sizeof(size));
}

static void raw_mode(struct attach *at)
{
    struct termios raw;

    if (!at->s->terminal || at->s->in < 0 || tcgetattr(at->s->in, &at->saved) < 0)
        return;
    raw = at->saved;
    cfmakeraw(&raw);
    if (tcsetattr(at->s->in, TCSADRAIN, &raw) == 0)
        at->raw = true;
}

/* Forwards what is no detach key; true when the sequence is complete.  A prefix that turns out to be
 * none is sent after all. */
static bool feed_keys(struct attach *at, const unsigned char *data, size_t len, unsigned char *out,
                      size_t *ret_len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (data[i] == at->keys[at->matched]) {
            if (++at->matched == at->nkeys) {
                *ret_len = n;
                return true;
            }
            continue;
        }
        memcpy(out + n, at->keys, at->matched);
        n += at->matched;
        at->matched = 0;
        if (data[i] == at->keys[0])
            at->matched = 1;
        else
            out[n++] = data[i];
    }
    *ret_len = n;
    return false;
}

/* 1 when the user detached. */
static int from_stdin(struct attach *at)
{
    unsigned char data[8192], out[8192 + KEYS_MAX];
    ssize_t n = read(at->s->in, data, sizeof(data));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (n <= 0) {
        at->in_open = false;
        (void)!send_frame(at->sock, ATTACH_STDIN, NULL, 0);
        return 0;
    }
    size_t len = (size_t)n;
    const unsigned char *p = data;
    bool detach = false;
    if (at->s->terminal && at->nkeys) {
        detach = feed_keys(at, data, len, out, &len);
        p = out;
    }
    /* The container may have closed its stdin: what is written then goes nowhere, as in a pipeline. */
    if (len && send_frame(at->sock, ATTACH_STDIN, p, len) < 0)
        at->in_open = false;
    return detach;
}

static void from_signal(struct attach *at)
{
    struct signalfd_siginfo si;

    if (read(at->sig, &si, sizeof(si)) != sizeof(si))
        return;
    if (si.ssi_signo == SIGWINCH) {
        if (at->s->terminal)
            send_size(at);
        return;
    }
    unsigned char signo = (unsigned char)si.ssi_signo;
    (void)!send_frame(at->sock, ATTACH_SIGNAL, &signo, 1);
}

static void write_out(int fd, const void *data, size_t len)
{
    const char *p = data;

    if (fd < 0)
        return;
    while (len) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EAGAIN) { /* somebody made our terminal non-blocking */
            struct pollfd pf = { .fd = fd, .events = POLLOUT };
            poll(&pf, 1, -1);
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return; /* our reader is gone; the container goes on */
        p += n;
        len -= (size_t)n;
    }
}

/* 1 when the conversation is over; *ret_end and *ret_code then say how. */
static int from_monitor(struct attach *at, enum attach_end *ret_end, int *ret_code)
{
    unsigned char frame[1 + ATTACH_FRAME_MAX];
    ssize_t n = recv(at->sock, frame, sizeof(frame), 0);

    if (n < 0 && errno == EINTR)
        return 0;
    if (n <= 0) {
        *ret_end = ATTACH_LOST;
        return 1;
    }
    switch (frame[0]) {
    case ATTACH_STDOUT:
        write_out(at->s->out, frame + 1, (size_t)n - 1);
        return 0;
    case ATTACH_STDERR:
        write_out(at->s->err, frame + 1, (size_t)n - 1);
        return 0;
    case ATTACH_EXIT: {
        int32_t code = 0;
        if ((size_t)n >= 1 + sizeof(code))
            memcpy(&code, frame + 1, sizeof(code));
        *ret_code = code;
        *ret_end = ATTACH_ENDED;
        return 1;
    }
    default:
        return 0;
    }
}

static int open_signals(struct attach *at)
{
    sigset_t set;

    sigemptyset(&set);
    if (at->s->sig_proxy)
        proxied_signals(&set);
    if (at->s->terminal)
        sigaddset(&set, SIGWINCH);
    else
        sigdelset(&set, SIGWINCH);
    sigprocmask(SIG_BLOCK, &set, &at->old_mask);
    at->sig = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return at->sig < 0 ? -errno : 0;
}

static int pump(struct attach *at, enum attach_end *ret_end, int *ret_code)
{
    for (;;) {
        struct pollfd p[] = { { at->sock, POLLIN, 0 },
                              { at->sig, POLLIN, 0 },
                              { at->in_open ? at->s->in : -1, POLLIN, 0 } };
        if (poll(p, 3, -1) < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        if (p[1].revents)
            from_signal(at);
        if (p[2].revents && from_stdin(at)) {
            *ret_end = ATTACH_DETACHED;
            return 0;
        }
        if (p[0].revents && from_monitor(at, ret_end, ret_code))
            return 0;
    }
}

int attach_run(int sock, const struct attach_streams *s, enum attach_end *ret_end, int *ret_code,
               struct err *err)
{
    struct attach at = { .s = s, .sock = sock, .in_open = s->in >= 0, .sig = -1 };
    int n = attach_parse_keys(s->detach_keys ? s->detach_keys : "", at.keys, KEYS_MAX);

    if (n < 0)
        return err_set(
            err, ERR_BAD_PARAM, EINVAL,
            "invalid detach keys \"%s\": use letters or ctrl-<letter>, separated by commas",
            s->detach_keys);
    at.nkeys = (size_t)n;
    int r = open_signals(&at);
    if (r < 0)
        return err_sys(err, -r, "watching signals");
    raw_mode(&at);
    if (s->terminal)
        send_size(&at);
    r = pump(&at, ret_end, ret_code);
    if (at.raw)
        tcsetattr(s->in, TCSADRAIN, &at.saved);
    close(at.sig);
    sigprocmask(SIG_SETMASK, &at.old_mask, NULL);
    return r < 0 ? err_sys(err, -r, "attached to the container") : 0;
}
