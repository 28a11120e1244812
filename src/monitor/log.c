#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "base/fs.h"
#include "base/parse.h"
#include "monitor/monitor.h"

#include "base/banned.h"

/* Each piece that was read is written at once, as one record for each line and one, marked partial, for
 * what has no line end yet: a reader that follows sees a prompt without waiting for its newline. */

static int open_file(struct logger *l, struct err *err)
{
    struct stat st;
    const char *slash = strrchr(l->path, '/');
    if (slash && slash != l->path) {
        AUTO_FREE char *dir = xstrndup(l->path, (size_t)(slash - l->path));
        (void)!fs_mkdirs(AT_FDCWD, dir, 0700);
    }
    l->fd = open(l->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (l->fd < 0 || fstat(l->fd, &st) < 0)
        return err_sys(err, errno, "opening the log %s", l->path);
    l->size = st.st_size;
    return 0;
}

static int open_journal(struct logger *l, struct err *err)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket" };

    l->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0 || connect(l->fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
        return err_sys(err, errno, "log driver journald: connecting to %s", sa.sun_path);
    struct timeval patience = { .tv_sec = 2 };
    (void)!setsockopt(l->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    return 0;
}

int logger_open(struct logger *l, const struct monitor_config *c, struct err *err)
{
    const char *d = c->log.driver ? c->log.driver : "none";

    l->fd = -EBADF;
    if (STR_IN(d, "none", "passthrough", "passthrough-tty"))
        return 0;
    l->id = xstrdup(c->id);
    l->name = xstrdup(c->name ? c->name : "");
    l->tag = c->log.tag ? xstrdup(c->log.tag) : NULL;
    l->max_size = c->log.max_size;
    if (STR_EQ(d, "journald")) {
        l->kind = LOGGER_JOURNAL;
        return open_journal(l, err);
    }
    if (!STR_IN(d, "k8s-file", "json-file"))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown log driver \"%s\"", d);
    l->kind = STR_EQ(d, "k8s-file") ? LOGGER_K8S : LOGGER_JSON;
    l->path = xstrdup(c->log.path ? c->log.path : "/dev/null");
    return open_file(l, err);
}

static void rotate(struct logger *l)
{
    AUTO_FREE char *old = xasprintf("%s.1", l->path);

    if (rename(l->path, old) < 0)
        return;
    int fd = open(l->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    close(l->fd);
    l->fd = fd;
    l->size = 0;
}

/* Bytes of the character that begins at @s, 0 when it is none (RFC 3629). */
size_t log_utf8_length(const unsigned char *s, size_t n)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {
        { 0x80, 0, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 }
    };

    for (size_t len = 1; len <= ARRAY_SIZE(forms) && len <= n; len++) {
        if ((*s & forms[len - 1].mask) != forms[len - 1].lead)
            continue;
        uint32_t v = *s & (unsigned char)~forms[len - 1].mask;
        for (size_t i = 1; i < len; i++) {
            if ((s[i] & 0xc0) != 0x80)
                return 0;
            v = v << 6 | (s[i] & 0x3f);
        }
        return v >= forms[len - 1].least && v <= 0x10ffff && (v < 0xd800 || v > 0xdfff) ? len : 0;
    }
    return 0;
}

/* What is no UTF-8 becomes U+FFFD: a reader of JSON would throw the whole line away. */
static void json_escape(struct buf *b, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        size_t len = log_utf8_length((const unsigned char *)s + i, n - i);
        if (!len)
            buf_puts(b, "\xef\xbf\xbd");
        else if (len > 1) {
            buf_put(b, s + i, len);
            i += len - 1;
        } else if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else if (c == '\n')
            buf_puts(b, "\\n");
        else if (c < 0x20)
            buf_printf(b, "\\u%04x", c);
        else
            buf_putc(b, (char)c);
    }
}

static void journal_line(struct logger *l, bool err, bool complete, const char *text, size_t n)
{
    AUTO_BUF b = { 0 };
    uint64_t len =
        n; /* little-endian, as this protocol wants it; so are the machines that we run on */

    buf_puts(&b, "MESSAGE\n");
    buf_put(&b, &len, sizeof(len));
    buf_put(&b, text, n);
    buf_printf(&b,
               "\nPRIORITY=%d\nCONTAINER_ID=%.12s\nCONTAINER_ID_FULL=%s\nCONTAINER_NAME=%"
               "s\nCONTAINER_TAG=%s\n"
               "SYSLOG_IDENTIFIER=%s\n",
               err ? 3 : 6, l->id, l->id, l->name, l->tag ? l->tag : "", l->tag ? l->tag : l->name);
    if (!complete)
        buf_puts(&b, "CONTAINER_PARTIAL_MESSAGE=true\n");
    /* A journal that is busy is waited for, one that is stuck is not: see open_journal(). */
    (void)!send(l->fd, b.data, b.len, MSG_NOSIGNAL);
}

static void one_line(struct logger *l, bool err, bool complete, const char *stamp, const char *text,
                     size_t n, struct buf *out)
{
    switch (l->kind) {
    case LOGGER_NONE:
        break;
    case LOGGER_K8S:
        buf_printf(out, "%s %s %c ", stamp, err ? "stderr" : "stdout", complete ? 'F' : 'P');
        buf_put(out, text, n);
        buf_putc(out, '\n');
        break;
    case LOGGER_JSON:
        buf_puts(out, "{\"log\":\"");
        json_escape(out, text, n);
        buf_printf(out, "%s\",\"stream\":\"%s\",\"time\":\"%s\"}\n", complete ? "\\n" : "",
                   err ? "stderr" : "stdout", stamp);
        break;
    case LOGGER_JOURNAL:
        journal_line(l, err, complete, text, n);
        break;
    }
}

/* Nanoseconds always in full: the format's readers count on a fixed width. */
static void stamp_now(char *out, size_t size)
{
    struct timespec ts;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &ts);
    localtime_r(&ts.tv_sec, &tm);
    long off = labs(tm.tm_gmtoff);
    snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d.%09ld%c%02ld:%02ld", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ts.tv_nsec,
             tm.tm_gmtoff < 0 ? '-' : '+', off / 3600, off % 3600 / 60);
}

/* Writes what was collected, into a new file when the old one would become too large. */
static void put_lines(struct logger *l, struct buf *out)
{
    if (!out->len)
        return;
    if (l->max_size > 0 && l->size && l->size + (int64_t)out->len > l->max_size)
        rotate(l);
    /* A full disk must not stop the container: what cannot be written is lost. */
    if (write_all(l->fd, out->data, out->len) == 0)
        l->size += (int64_t)out->len;
    buf_reset(out);
}

void logger_write(struct logger *l, bool err, const char *data, size_t len)
{
    AUTO_BUF out = { 0 };
    char stamp[80];

    if (l->kind == LOGGER_NONE || !len)
        return;
    stamp_now(stamp, sizeof(stamp));
    while (len) {
        const char *nl = memchr(data, '\n', len);
        size_t n = nl ? (size_t)(nl - data) : len;
        one_line(l, err, nl != NULL, stamp, data, n, &out);
        data += n + (nl ? 1 : 0);
        len -= n + (nl ? 1 : 0);
        /* One read may bring more than the file is to hold. */
        if (l->max_size > 0 && l->size + (int64_t)out.len >= l->max_size)
            put_lines(l, &out);
    }
    put_lines(l, &out);
}

void logger_close(struct logger *l)
{
    close_p(&l->fd);
    free(l->path);
    free(l->tag);
    free(l->id);
    free(l->name);
}
