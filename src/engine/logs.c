#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>

#include "base/fs.h"
#include "base/lock.h"
#include "base/parse.h"
#include "engine/engine_priv.h"
#include "engine/logs.h"

#include "base/banned.h"

/* Reading containers' logs
 *
 * Both file formats are one record per line.  The reader of each container keeps a buffer of the unread
 * tail.  Following watches all files with one inotify descriptor, journals with theirs, and reads them in
 * turn, so records of several containers never mix; it ends when the monitors are gone and nothing is left to read. */

struct reader {
    const struct container *c;
    const struct log_options *o;
    bool json;
    int fd, old; /* the file before the last rotation, -EBADF when there was none */
    log_sink sink;
    void *arg;
    struct buf line;
    int64_t skip;   /* lines to pass over, for --tail */
    int64_t *count; /* only count lines (a line that came in parts counts once) */
    bool partial;   /* the last record was no complete line */
    bool done;
    struct journal_log *journal; /* instead of a file */
};

bool log_parse_k8s(const char *line, size_t len, struct log_line *ret)
{
    const char *end = line + len, *stream = memchr(line, ' ', len);
    char stamp[TIME_TEXT_MAX];

    if (!stream || (size_t)(stream - line) >= sizeof(stamp))
        return false;
    memcpy(stamp, line, (size_t)(stream - line));
    stamp[stream - line] = '\0';
    stream++;
    const char *tag = memchr(stream, ' ', (size_t)(end - stream));
    if (!tag || tag + 1 == end || parse_rfc3339(stamp, &ret->when) < 0)
        return false;
    ret->err = tag - stream == 6 && strncmp(stream, "stderr", 6) == 0;
    tag++;
    ret->complete = *tag == 'F';
    const char *blank = memchr(tag, ' ', (size_t)(end - tag));
    ret->text = blank ? blank + 1 : end;
    ret->len = (size_t)(end - ret->text);
    return true;
}

bool log_parse_json(struct arena *a, const char *line, size_t len, struct log_line *ret)
{
    AUTO_JSON *doc = json_parse(line, len, "log", NULL);
    const json_t *log = json_object_get(doc, "log");
    const char *stream = json_string_value(json_object_get(doc, "stream"));
    const char *stamp = json_string_value(json_object_get(doc, "time"));

    if (!json_is_string(log) || !stream || !stamp || parse_rfc3339(stamp, &ret->when) < 0)
        return false;
    ret->err = STR_EQ(stream, "stderr");
    ret->len = json_string_length(log);
    ret->text = arena_strndup(a, json_string_value(log), ret->len);
    ret->complete = ret->len && ret->text[ret->len - 1] == '\n';
    ret->len -= ret->complete;
    return true;
}

static int one_line(struct reader *r, const char *line, size_t len)
{
    AUTO_ARENA a = { 0 };
    struct log_line l;

    if (!(r->json ? log_parse_json(&a, line, len, &l) : log_parse_k8s(line, len, &l)))
        return 0;
    r->partial = !l.complete;
    if (r->count) {
        *r->count += l.complete;
        return 0;
    }
    if (r->skip > 0) {
        r->skip -= l.complete;
        return 0;
    }
    if ((r->o->since && l.when < r->o->since) || (r->o->until && l.when > r->o->until))
        return 0;
    return r->sink(r->arg, l.when, l.err, l.complete, l.text, l.len);
}

static int feed(struct reader *r, const char *data, size_t len)
{
    for (const char *nl; (nl = memchr(data, '\n', len));) {
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

static int read_some(struct reader *r, bool *ret_any)
{
    char chunk[65536];

    *ret_any = false;
    for (;;) {
        ssize_t n = read(r->fd, chunk, sizeof(chunk));
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

/* What there is from the beginning: the rotated file, then the one that is written. */
static int read_all(struct reader *r)
{
    bool any;
    int current = r->fd, res = 0;

    if (r->old >= 0) {
        r->fd = r->old;
        res = read_some(r, &any);
        r->fd = current;
    }
    return res < 0 ? res : read_some(r, &any);
}

/* How many lines to pass over so that @tail are left. */
static int skip_to_tail(struct reader *r, int64_t tail)
{
    int64_t count = 0;

    r->count = &count;
    int res = read_all(r);
    r->count = NULL;
    buf_reset(&r->line);
    if (res < 0 || lseek(r->fd, 0, SEEK_SET) < 0 || (r->old >= 0 && lseek(r->old, 0, SEEK_SET) < 0))
        return res < 0 ? res : -errno;
    r->skip = MAX((int64_t)0, count + r->partial - tail);
    return 0;
}

bool container_monitor_gone(struct engine *e, const struct container *c)
{
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);

    return dir < 0 || !lock_is_held(dir, "alive");
}

/* After a rotation the path is another file: its descriptor, or -1. */
static int rotated(const struct reader *r)
{
    struct stat now, open_st;
    const char *path = r->c->config.log_path;

    if (stat(path, &now) < 0 || fstat(r->fd, &open_st) < 0 || now.st_ino == open_st.st_ino)
        return -1;
    return open(path, O_RDONLY | O_CLOEXEC);
}

static int follow_one(struct engine *e, struct reader *r)
{
    bool gone = container_monitor_gone(
        e, r->c); /* before the read: what it wrote last is then there */
    bool any, more = false;
    int res = read_some(r, &any);
    int next = res == 0 ? rotated(r) : -1;

    if (next >= 0) {
        res = read_some(r, &more); /* what came before the rotation */
        close(r->fd);
        r->fd = next;
        if (res == 0)
            res = read_some(r, &more);
        any = true;
    }
    r->done = (gone && !any) || (r->o->until && time_now() > r->o->until);
    return res;
}

/* The monitors' ends are no events of the files, so look at them now and then. */
static void wait_for_more(int watch, const struct reader *readers, size_t n)
{
    AUTO_FREE struct pollfd *p = xcalloc(n + 1, sizeof(*p));
    char events[4096];

    p[0] = (struct pollfd) { .fd = watch, .events = POLLIN };
    for (size_t i = 0; i < n; i++)
        p[i + 1] = (struct pollfd) { .fd = readers[i].journal && !readers[i].done
                                               ? journal_log_fd(readers[i].journal)
                                               : -1,
                                     .events = POLLIN };
    if (poll(p, n + 1, 250) > 0 && (p[0].revents & POLLIN))
        (void)!read(watch, events, sizeof(events));
}

static int follow_any(struct engine *e, struct reader *r, int watch, struct err *err)
{
    if (r->journal)
        return journal_log_more(r->journal, &r->done, err);
    int res = 0;
    if (inotify_add_watch(watch, r->c->config.log_path, IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF) <
            0 &&
        errno != ENOENT)
        res = -errno;
    if (res == 0)
        res = follow_one(e, r);
    return res < 0 ? err_sys(err, -res, "following the log") : 0;
}

static int follow(struct engine *e, struct reader *readers, size_t n, struct err *err)
{
    AUTO_CLOSE int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if (watch < 0)
        return err_sys(err, errno, "following the log");
    for (;;) {
        size_t left = 0;
        for (size_t i = 0; i < n; i++) {
            if (readers[i].done)
                continue;
            int res = follow_any(e, &readers[i], watch, err);
            if (res < 0)
                return res;
            left += !readers[i].done;
        }
        if (left == 0)
            return 0;
        wait_for_more(watch, readers, n);
    }
}

/* 1: its log is open; 0: there is none (it never ran). */
static int open_log(struct reader *r, struct err *err)
{
    const struct container_config *c = &r->c->config;
    const char *driver = c->log_driver ? c->log_driver : "k8s-file";

    if (!STR_IN(driver, "k8s-file", "json-file"))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "this container is using the '%s' log driver, cannot read logs", driver);
    r->json = STR_EQ(driver, "json-file");
    AUTO_FREE char *old = xasprintf("%s.1", c->log_path);
    r->old = open(old, O_RDONLY | O_CLOEXEC);
    r->fd = open(c->log_path, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0 && errno != ENOENT)
        return err_sys(err, errno, "opening the log %s", c->log_path);
    return r->fd >= 0;
}

/* Opens the log of @source and shows what there is; 1: the reader is in use. */
static int begin(struct engine *e, const struct log_source *source, struct reader *r,
                 struct err *err)
{
    const struct container *c = source->c;

    if (str_same(c->config.log_driver, "journald")) {
        int res = journal_log_open(e, source, r->o, r->sink, &r->journal, err);
        return res < 0 ? res : 1;
    }
    int res = open_log(r, err);
    if (res <= 0)
        return res;
    res = r->o->tail >= 0 ? skip_to_tail(r, r->o->tail) : 0;
    if (res == 0)
        res = read_all(r);
    return res < 0 ? err_sys(err, -res, "reading the log of %s", c->config.name) : 1;
}

int container_logs(struct engine *e, const struct log_source *sources, size_t n,
                   const struct log_options *o, log_sink sink, struct err *err)
{
    AUTO_FREE struct reader *readers = xcalloc(n + 1, sizeof(*readers));
    size_t used = 0;
    int res = 0;

    for (size_t i = 0; res >= 0 && i < n; i++) {
        struct reader *r = &readers[used];
        *r = (struct reader) { .c = sources[i].c,
                               .o = o,
                               .sink = sink,
                               .arg = sources[i].arg,
                               .fd = -EBADF,
                               .old = -EBADF,
                               .line = { .max = 4u << 20 } };
        res = begin(e, &sources[i], r, err);
        r->done = res == 0; /* it never ran */
        used++;
    }
    if (res >= 0 && o->follow)
        res = follow(e, readers, used, err);
    while (used) {
        struct reader *r = &readers[--used];
        close_p(&r->fd);
        close_p(&r->old);
        buf_done(&r->line);
        journal_log_close(r->journal);
    }
    return MIN(res, 0);
}
