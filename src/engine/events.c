#include "engine/events.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/parse.h"
#include "config/containers.h"
#include "engine/engine_priv.h"

#include "base/banned.h"

/* ---------- noting ---------- */

struct event_log engine_event_log(struct engine *e, struct arena *a)
{
    const struct config_containers *c = e->config;
    const char *driver = str_empty(c->engine.events_logger) ? "file" : c->engine.events_logger;
    const char *path = c->engine.events_logfile_path;

    return (struct event_log) {
        .driver = arena_strdup(a, driver),
        .path = str_empty(path) ? arena_printf(a, "%s/events/events.log", e->store->runroot)
                                : arena_strdup(a, path),
        .max_size = c->engine.events_logfile_max_size,
    };
}

void engine_event_full(struct engine *e, const struct event *ev)
{
    AUTO_ARENA a = { 0 };
    struct event_log log = engine_event_log(e, &a);

    event_write(&log, ev);
}

void engine_event(struct engine *e, const char *type, const char *status, const char *id,
                  const char *name)
{
    AUTO_ARENA a = { 0 };

    engine_event_full(e, &(struct event) { .type = arena_strdup(&a, type),
                                           .status = arena_strdup(&a, status),
                                           .id = arena_strdup(&a, id),
                                           .name = arena_strdup(&a, name) });
}

void container_event(struct engine *e, const struct container_config *c, const char *status)
{
    AUTO_ARENA a = { 0 };

    engine_event_full(e, &(struct event) { .type = arena_strdup(&a, "container"),
                                           .status = arena_strdup(&a, status),
                                           .id = c->id,
                                           .name = c->name,
                                           .image = c->image_name,
                                           .pod_id = c->pod,
                                           .attributes = c->labels });
}

int engine_did(struct engine *e, const char *type, const char *status, const char *id,
               const char *name, int r)
{
    if (r >= 0)
        engine_event(e, type, status, id, name);
    return r;
}

int container_did(struct engine *e, const struct container_config *c, const char *status, int r)
{
    if (r >= 0)
        container_event(e, c, status);
    return r;
}

/* ---------- filters ---------- */

static bool names(const struct event *ev, const char *type, const char *value)
{
    return STR_EQ(ev->type, type) &&
           (str_same(ev->name, value) || (ev->id && *value && str_starts(ev->id, value)));
}

static bool by_container(const struct event *ev, const char *v)
{
    return names(ev, "container", v);
}

static bool by_image(const struct event *ev, const char *v)
{
    return names(ev, "image", v);
}

static bool by_artifact(const struct event *ev, const char *v)
{
    return names(ev, "artifact", v);
}

static bool by_volume(const struct event *ev, const char *v)
{
    return names(ev, "volume", v);
}

static bool by_pod(const struct event *ev, const char *v)
{
    return names(ev, "pod", v);
}

static bool by_network(const struct event *ev, const char *v)
{
    return str_same(ev->network, v) || names(ev, "network", v);
}

static bool by_status(const struct event *ev, const char *v)
{
    return STR_EQ(ev->status, v) || (STR_EQ(v, "die") && STR_EQ(ev->status, "died")) ||
           (STR_EQ(v, "delete") && STR_EQ(ev->status, "remove"));
}

static bool by_type(const struct event *ev, const char *v)
{
    return STR_EQ(ev->type, v);
}

static bool by_label(const struct event *ev, const char *v)
{
    size_t n = strcspn(v, "=");

    for (size_t i = 0; i < ev->attributes.n; i++) {
        const struct kv *l = &ev->attributes.items[i];
        if (strlen(l->key) == n && strncmp(l->key, v, n) == 0)
            return !v[n] || STR_EQ(l->val, v + n + 1);
    }
    return false;
}

static const struct {
    const char *key;
    bool (*fn)(const struct event *ev, const char *value);
} filters_known[] = {
    { "artifact", by_artifact }, { "container", by_container }, { "event", by_status },
    { "image", by_image },       { "label", by_label },         { "network", by_network },
    { "pod", by_pod },           { "status", by_status },       { "type", by_type },
    { "volume", by_volume },
};

static size_t find_filter(const char *text)
{
    size_t n = strcspn(text, "="), i = 0;

    while (i < ARRAY_SIZE(filters_known) &&
           !(strlen(filters_known[i].key) == n && strncmp(filters_known[i].key, text, n) == 0))
        i++;
    return text[n] ? i : ARRAY_SIZE(filters_known);
}

static int check_filters(char *const *filters, struct err *err)
{
    for (; filters && *filters; filters++)
        if (find_filter(*filters) == ARRAY_SIZE(filters_known))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "%s is an invalid filter", *filters);
    return 0;
}

static bool passes(const struct event *ev, char *const *filters)
{
    for (size_t k = 0; k < ARRAY_SIZE(filters_known); k++) {
        bool asked = false, ok = false;
        for (char *const *f = filters; f && *f; f++) {
            if (find_filter(*f) != k)
                continue;
            asked = true;
            ok = ok || filters_known[k].fn(ev, *f + strcspn(*f, "=") + 1);
        }
        if (asked && !ok)
            return false;
    }
    return true;
}

/* ---------- reading the file ---------- */

enum { LINE_MAX_BYTES = 4 << 20 };

struct reader {
    const struct events_options *o;
    event_sink sink;
    void *arg;
    const char *path;
    int fd;
    ino_t ino;
    int64_t last; /* time of the last event seen */
    struct buf line;
    bool again; /* the file was replaced: what was seen comes once more */
};

/* A line that nobody can read (cut off by a full disk, say) is no reason to stop. */
static int take_line(struct reader *r)
{
    AUTO_ARENA a = { 0 };
    struct event ev = { 0 };
    AUTO_JSON *doc = json_parse(r->line.data, r->line.len, "event", NULL);

    if (!doc || json_read(&a, doc, &event_type, &ev, NULL) < 0 || !ev.type || !ev.status)
        return 0;
    if (r->again && ev.time <= r->last)
        return 0;
    r->again = false;
    r->last = ev.time;
    if ((r->o->since && ev.time < r->o->since) || (r->o->until && ev.time > r->o->until))
        return 0;
    return passes(&ev, r->o->filters) ? r->sink(r->arg, &ev) : 0;
}

/* What there is by now. */
static int read_lines(struct reader *r, struct err *err)
{
    char chunk[65536];
    ssize_t n;

    while ((n = read(r->fd, chunk, sizeof(chunk))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(err, errno, "reading %s", r->path);
        for (char *p = chunk, *end = chunk + n; p < end;) {
            char *nl = memchr(p, '\n', (size_t)(end - p));
            size_t len = (size_t)((nl ? nl : end) - p);
            bool whole = nl && buf_add(&r->line, p, len) == 0 && r->line.len;
            if (!nl && buf_add(&r->line, p, len) < 0)
                buf_reset(&r->line);
            int rc = whole ? take_line(r) : 0;
            if (nl)
                buf_reset(&r->line);
            if (rc < 0)
                return rc;
            p += len + (nl != NULL);
        }
    }
    return 0;
}

static int reopen(struct reader *r, bool at_end, struct err *err)
{
    struct stat st;

    close_p(&r->fd);
    r->fd = open(r->path, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0 && errno == ENOENT)
        return 0;
    if (r->fd < 0 || fstat(r->fd, &st) < 0)
        return err_sys(err, errno, "opening %s", r->path);
    r->ino = st.st_ino;
    if (at_end && lseek(r->fd, 0, SEEK_END) < 0)
        return err_sys(err, errno, "reading %s", r->path);
    return 0;
}

/* Reads to the end, in the file that follows too. */
static int catch_up(struct reader *r, struct err *err)
{
    struct stat st;

    for (;;) {
        int rc = r->fd >= 0 ? read_lines(r, err) : 0;
        if (rc < 0 || stat(r->path, &st) < 0 || (r->fd >= 0 && st.st_ino == r->ino))
            return rc;
        r->again = r->fd >= 0;
        buf_reset(&r->line);
        if ((rc = reopen(r, false, err)) < 0)
            return rc;
    }
}

static int watch_directory(const char *path, struct err *err)
{
    AUTO_FREE char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
    AUTO_CLOSE int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    int r = fs_mkdirs(AT_FDCWD, dir, 0700);

    if (r < 0)
        return err_sys(err, -r, "creating %s", dir);
    if (fd < 0 || inotify_add_watch(fd, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
        return err_sys(err, errno, "watching %s", dir);
    return HANDOVER_FD(fd);
}

/* Waits until something is written; false when the time is over. */
static bool wait_more(int watch, int64_t until)
{
    char drain[4096];
    int64_t left = until ? until - time_now() : INT64_MAX;

    if (left <= 0)
        return false;
    struct pollfd p = { .fd = watch, .events = POLLIN };
    (void)!poll(&p, 1, until ? (int)MIN(left / 1000000 + 1, INT64_C(3600000)) : -1);
    while (read(watch, drain, sizeof(drain)) > 0)
        ;
    return true;
}

static int read_file(struct reader *r, bool from_start, struct err *err)
{
    AUTO_CLOSE int watch = r->o->stream ? watch_directory(r->path, err) : -EBADF;
    int rc = r->o->stream && watch < 0 ? watch : reopen(r, !from_start, err);

    while (rc >= 0) {
        rc = catch_up(r, err);
        if (rc < 0 || !r->o->stream || !wait_more(watch, r->o->until))
            break;
    }
    close_p(&r->fd);
    buf_done(&r->line);
    return rc;
}

int events_read(struct engine *e, const struct events_options *o, event_sink sink, void *arg,
                struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct event_log log = engine_event_log(e, &a);
    struct reader r = { .o = o,
                        .sink = sink,
                        .arg = arg,
                        .path = log.path,
                        .fd = -EBADF,
                        .line = { .max = LINE_MAX_BYTES } };
    int rc = check_filters(o->filters, err);

    if (rc < 0)
        return rc;
    if (STR_EQ(log.driver, "none"))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "cannot read events with the \"none\" backend (events_logger)");
    if (STR_EQ(log.driver, "journald"))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "events are noted in the journal (events_logger): see `journalctl -t podman "
                       "-o json`, or set it to \"file\"");
    return read_file(&r, o->since || !o->stream, err);
}
