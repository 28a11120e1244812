#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/parse.h"
#include "engine/engine_priv.h"

#include "base/banned.h"

/* Reading a container's log
 *
 * Both file formats are one record per line.  The reader keeps a buffer of the unread tail; following
 * watches the file with inotify and ends when the monitor is gone and nothing is left to read.  A rotated
 * log (path.1) is read first. */

struct reader {
    const struct log_options *o;
    bool json;
    log_sink sink;
    void *arg;
    struct buf line;
    int64_t skip; /* lines to pass over, for --tail */
    int64_t seen;
    bool stop;
};

/* "2026-01-02T15:04:05.123456789+01:00 stdout F text" */
static int k8s_line(struct reader *r, char *line, size_t len)
{
    char *stamp = line, *stream = memchr(line, ' ', len);
    int64_t when;

    if (!stream)
        return 0;
    *stream++ = '\0';
    size_t left = len - (size_t)(stream - line);
    char *tag = memchr(stream, ' ', left);
    if (!tag || parse_rfc3339(stamp, &when) < 0)
        return 0;
    bool err = (size_t)(tag - stream) == 6 && strncmp(stream, "stderr", 6) == 0;
    tag++;
    if ((size_t)(tag - line) >= len)
        return 0;
    bool complete = *tag == 'F';
    char *text = tag + (len - (size_t)(tag - line) > 1 ? 2 : 1);
    if (r->o->since && when < r->o->since)
        return 0;
    if (r->o->until && when > r->o->until)
        return 0;
    return r->sink(r->arg, when, err, complete, text, len - (size_t)(text - line));
}

/* {"log":"text\n","stream":"stdout","time":"..."} */
static int json_line(struct reader *r, const char *line, size_t len)
{
    AUTO_JSON *doc = json_parse(line, len, "log", NULL);
    const char *text = json_string_value(json_object_get(doc, "log"));
    const char *stream = json_string_value(json_object_get(doc, "stream"));
    const char *stamp = json_string_value(json_object_get(doc, "time"));
    int64_t when;

    if (!text || !stream || !stamp || parse_rfc3339(stamp, &when) < 0)
        return 0;
    if ((r->o->since && when < r->o->since) || (r->o->until && when > r->o->until))
        return 0;
    size_t n = strlen(text);
    bool complete = n && text[n - 1] == '\n';
    return r->sink(r->arg, when, STR_EQ(stream, "stderr"), complete, text, complete ? n - 1 : n);
}

static int one_line(struct reader *r, char *line, size_t len)
{
    if (r->skip > 0) {
        /* A line that came in parts counts once. */
        if (r->json || (memmem(line, MIN(len, (size_t)64), " F ", 3) || memmem(line, MIN(len, (size_t)64), " F", 2)))
            r->skip--;
        return 0;
    }
    return r->json ? json_line(r, line, len) : k8s_line(r, line, len);
}

static int feed(struct reader *r, char *data, size_t len)
{
    for (char *nl; (nl = memchr(data, '\n', len)); ) {
        size_t n = (size_t)(nl - data);
        int res;
        if (r->line.len) {
            if (buf_add(&r->line, data, n) < 0)
                return -EFBIG;
            res = one_line(r, r->line.data, r->line.len);
            buf_reset(&r->line);
        } else
            res = one_line(r, data, n);
        if (res < 0)
            return res;
        data = nl + 1;
        len -= n + 1;
    }
    return len ? buf_add(&r->line, data, len) : 0;
}

static int read_some(struct reader *r, int fd, bool *ret_any)
{
    char chunk[65536];

    *ret_any = false;
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : 0;
        *ret_any = true;
        int res = feed(r, chunk, (size_t)n);
        if (res < 0)
            return res;
    }
}

static int64_t count_lines(int fd, bool json)
{
    char chunk[65536];
    int64_t n = 0;
    (void)json;
    for (ssize_t got; (got = read(fd, chunk, sizeof(chunk))) > 0;)
        for (char *p = chunk; (p = memchr(p, '\n', (size_t)(chunk + got - p))); p++)
            n++;
    lseek(fd, 0, SEEK_SET);
    return n;
}

bool container_monitor_gone(struct engine *e, const struct container *c)
{
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);

    return dir < 0 || !lock_is_held(dir, "alive");
}

/* Waits for more: 1 when there may be some, 0 when the container has ended and all was read. */
static int wait_more(struct engine *e, const struct container *c, int watch)
{
    char events[4096];
    struct pollfd p = { .fd = watch, .events = POLLIN };

    if (container_monitor_gone(e, c))
        return 0;
    /* The monitor's end is no event of the file's, so look at it now and then. */
    if (poll(&p, 1, 250) > 0)
        (void)!read(watch, events, sizeof(events));
    return 1;
}

static int reopen(const char *path, int *fd)
{
    struct stat now, open_st;

    if (stat(path, &now) < 0 || fstat(*fd, &open_st) < 0 || now.st_ino == open_st.st_ino)
        return 0;
    int next = open(path, O_RDONLY | O_CLOEXEC);
    if (next < 0)
        return 0;
    close(*fd);
    *fd = next;
    return 1;
}

static int follow(struct engine *e, const struct container *c, struct reader *r, const char *path, int *fd)
{
    AUTO_CLOSE int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    bool any;

    if (watch < 0)
        return -errno;
    for (;;) {
        if (inotify_add_watch(watch, path, IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF) < 0 && errno != ENOENT)
            return -errno;
        bool more = wait_more(e, c, watch) != 0;
        int res = read_some(r, *fd, &any);
        if (res == 0 && reopen(path, fd)) /* rotated: the new file begins at its start */
            res = read_some(r, *fd, &any);
        if (res < 0)
            return res;
        if (!more && !any)
            return 0;
        if (r->o->until && time_now() > r->o->until)
            return 0;
    }
}

int container_logs(struct engine *e, const struct container *c, const struct log_options *o, log_sink sink,
                   void *arg, struct err *err)
{
    const char *driver = c->config.log_driver ? c->config.log_driver : "k8s-file";

    if (STR_EQ(driver, "journald"))
        return container_logs_journal(e, c, o, sink, arg, err);
    if (!STR_IN(driver, "k8s-file", "json-file"))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "this container is using the '%s' log driver, cannot read logs", driver);
    AUTO_CLOSE int fd = open(c->config.log_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0; /* it never ran */
    if (fd < 0)
        return err_sys(err, errno, "opening the log %s", c->config.log_path);

    struct reader r = { .o = o, .json = STR_EQ(driver, "json-file"), .sink = sink, .arg = arg,
                        .line = { .max = 4u << 20 } };
    bool any;
    if (o->tail >= 0)
        r.skip = MAX((int64_t)0, count_lines(fd, r.json) - o->tail);
    int res = read_some(&r, fd, &any);
    if (res == 0 && o->follow && !container_monitor_gone(e, c))
        res = follow(e, c, &r, c->config.log_path, &fd);
    buf_done(&r.line);
    if (res == -EPIPE)
        return err_set(err, ERR_INTERNAL, EPIPE, "writing the log");
    return res < 0 ? err_sys(err, -res, "reading the log %s", c->config.log_path) : 0;
}
