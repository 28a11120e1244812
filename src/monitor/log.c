/* Log drivers.
 *
 * One read from the container's pipe becomes one write to the log: lines are formatted into a static
 * buffer, all with the time of the read.  A piece without its newline is marked partial, as
 * the k8s format has it; nothing is held back. */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "base/fs.h"
#include "base/parse.h"
#include "monitor/monitor.h"

#include "base/banned.h"

static const struct {
    const char *name;
    enum log_driver driver;
} drivers[] = {
    { "k8s-file", LOG_K8S }, { "json-file", LOG_JSON },   { "journald", LOG_JOURNALD },
    { "none", LOG_NONE },    { "passthrough", LOG_NONE }, { "passthrough-tty", LOG_NONE },
    { "", LOG_NONE },
};

static int open_file(struct logger *l)
{
    struct stat st;
    int fd = open(l->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;
    l->size = fstat(fd, &st) == 0 ? st.st_size : 0;
    close_p(&l->fd);
    l->fd = fd;
    return 0;
}

static int open_journal(struct logger *l, const struct monitor_config *cfg)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket" };
    AUTO_BUF b = { 0 };

    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
        return -errno;
    buf_printf(&b, "CONTAINER_ID_FULL=%s\nCONTAINER_ID=%.12s\nCONTAINER_NAME=%s\n", cfg->id,
               cfg->id, cfg->name ? cfg->name : "");
    if (!str_empty(cfg->log.tag))
        buf_printf(&b, "CONTAINER_TAG=%s\n", cfg->log.tag);
    buf_printf(&b, "SYSLOG_IDENTIFIER=%s\n",
               !str_empty(cfg->log.tag) ? cfg->log.tag
               : cfg->name              ? cfg->name
                                        : cfg->id);
    for (size_t i = 0; i < cfg->log.labels.n; i++)
        if (!strpbrk(cfg->log.labels.items[i].val, "\n"))
            buf_printf(&b, "%s=%s\n", cfg->log.labels.items[i].key, cfg->log.labels.items[i].val);
    l->journal_fields = buf_steal(&b);
    l->fd = HANDOVER_FD(fd);
    return 0;
}

int logger_open(struct logger *l, const struct monitor_config *cfg, struct err *err)
{
    const char *name = cfg->log.driver ? cfg->log.driver : "";
    size_t i;

    *l = (struct logger) { .fd = -EBADF, .max_size = cfg->log.max_size };
    for (i = 0; i < ARRAY_SIZE(drivers) && !STR_EQ(drivers[i].name, name); i++)
        ;
    if (i == ARRAY_SIZE(drivers))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown log driver %s", name);
    l->driver = drivers[i].driver;
    if (l->driver == LOG_NONE)
        return 0;
    if (l->driver == LOG_JOURNALD) {
        int r = open_journal(l, cfg);
        return r < 0 ? err_set(err, ERR_UNAVAILABLE, -r, "log driver journald: no journal here: %s",
                               strerror(-r))
                     : 0;
    }
    if (str_empty(cfg->log.path))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "log driver %s needs a path", name);
    l->path = cfg->log.path;
    int r = open_file(l);
    return r < 0 ? err_sys(err, -r, "opening log %s", l->path) : 0;
}

/* The previous generation is kept as <path>.1: at most twice the size is on disk. */
static void rotate(struct logger *l)
{
    char old[4200];

    snprintf(old, sizeof(old), "%s.1", l->path);
    if (rename(l->path, old) == 0)
        (void)!open_file(l);
}

static void flush_out(struct logger *l, const char *data, size_t len)
{
    if (!len)
        return;
    if (l->max_size > 0 && l->size > 0 && l->size + (int64_t)len > l->max_size)
        rotate(l);
    if (write_all(l->fd, data, len) == 0)
        l->size += (int64_t)len;
}

enum { LINE_HEAD_MAX = 64 };
static char out[65536 + 4096];

static size_t k8s_line(char *to, const char *when, bool err, bool full, const char *line, size_t n)
{
    size_t h = (size_t)snprintf(to, LINE_HEAD_MAX, "%s %s %c ", when, err ? "stderr" : "stdout",
                                full ? 'F' : 'P');
    memcpy(to + h, line, n);
    to[h + n] = '\n';
    return h + n + 1;
}

/* JSON text of bytes that need not be UTF-8: what is not becomes U+FFFD. */
static size_t json_escape(char *to, const char *s, size_t n)
{
    char *p = to;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        size_t len = c < 0x80                ? 1
                     : c >= 0xf0 && c < 0xf5 ? 4
                     : c >= 0xe0             ? 3
                     : c >= 0xc2             ? 2
                                             : 0,
               k;
        for (k = 1; k < len && i + k < n && ((unsigned char)s[i + k] & 0xc0) == 0x80; k++)
            ;
        if (c < 0x20 || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&')
            p += c == '"' || c == '\\' ? snprintf(p, 8, "\\%c", c)
                 : c == '\n'           ? snprintf(p, 8, "\\n")
                 : c == '\r'           ? snprintf(p, 8, "\\r")
                 : c == '\t'           ? snprintf(p, 8, "\\t")
                                       : snprintf(p, 8, "\\u%04x", c);
        else if (!len || k != len)
            p += snprintf(p, 8, "\\ufffd");
        else {
            memcpy(p, s + i, len);
            p += len;
            i += len - 1;
        }
    }
    return (size_t)(p - to);
}

static size_t json_line(char *to, const char *when, bool err, bool full, const char *line, size_t n)
{
    size_t h = (size_t)snprintf(to, LINE_HEAD_MAX, "{\"log\":\"");

    h += json_escape(to + h, line, n);
    h += (size_t)snprintf(to + h, 128, "%s\",\"stream\":\"%s\",\"time\":\"%s\"}\n",
                          full ? "\\n" : "", err ? "stderr" : "stdout", when);
    return h;
}

static void journal_line(const struct logger *l, bool err, bool full, const char *line, size_t n)
{
    uint64_t size = n; /* little endian on every machine that we build for */
    char head[96];
    int h = snprintf(head, sizeof(head), "%sPRIORITY=%d\nMESSAGE\n",
                     full ? "" : "CONTAINER_PARTIAL_MESSAGE=true\n", err ? 3 : 6);
    struct iovec v[] = { { l->journal_fields, strlen(l->journal_fields) },
                         { head, (size_t)h },
                         { &size, sizeof(size) },
                         { (char *)(uintptr_t)line, n },
                         { head + h - 1, 1 } };
    struct msghdr mh = { .msg_iov = v, .msg_iovlen = ARRAY_SIZE(v) };

    (void)!sendmsg(l->fd, &mh, MSG_NOSIGNAL);
}

void logger_write(struct logger *l, bool err, const char *data, size_t len)
{
    char when[TIME_TEXT_MAX];
    size_t used = 0;
    int64_t now;

    if (!l || l->driver == LOG_NONE)
        return;
    now = time_now();
    if (l->driver == LOG_JSON)
        time_format_rfc3339(now, when);
    else
        time_format_rfc3339_local(now, when);
    while (len) {
        /* A line of 8 KiB at most at a time: escaped it still fits. */
        const char *nl = memchr(data, '\n', len);
        size_t n = MIN(nl ? (size_t)(nl - data) : len, (size_t)8192);
        bool full = nl && data + n == nl;
        if (used + 6 * n + LINE_HEAD_MAX + 160 > sizeof(out)) {
            flush_out(l, out, used);
            used = 0;
        }
        if (l->driver == LOG_JOURNALD)
            journal_line(l, err, full, data, n);
        else
            used += (l->driver == LOG_K8S ? k8s_line : json_line)(out + used, when, err, full, data,
                                                                  n);
        data += n + full;
        len -= n + full;
    }
    flush_out(l, out, used);
}
