/* Reading a container's log out of the journal: its entries are those with CONTAINER_ID_FULL, written by the
 * monitor.  libsystemd is loaded for this alone. */
#include <dlfcn.h>

#include "base/parse.h"
#include "engine/engine_priv.h"

#include "base/banned.h"

/* What we use of sd-journal, as its documentation has it: a stable interface, so no header is needed. */
struct sd_journal;

static struct {
    int (*open)(struct sd_journal **, int flags);
    void (*close)(struct sd_journal *);
    int (*add_match)(struct sd_journal *, const void *, size_t);
    int (*set_data_threshold)(struct sd_journal *, size_t);
    int (*seek_head)(struct sd_journal *);
    int (*seek_tail)(struct sd_journal *);
    int (*next)(struct sd_journal *);
    int (*previous)(struct sd_journal *);
    int (*get_data)(struct sd_journal *, const char *field, const void **, size_t *);
    int (*get_realtime_usec)(struct sd_journal *, uint64_t *);
    int (*get_fd)(struct sd_journal *);
    int (*process)(struct sd_journal *);
} sd;

static const struct {
    const char *name;
    void *to;
} symbols[] = {
    { "sd_journal_open", &sd.open },
    { "sd_journal_close", &sd.close },
    { "sd_journal_add_match", &sd.add_match },
    { "sd_journal_set_data_threshold", &sd.set_data_threshold },
    { "sd_journal_seek_head", &sd.seek_head },
    { "sd_journal_seek_tail", &sd.seek_tail },
    { "sd_journal_next", &sd.next },
    { "sd_journal_previous", &sd.previous },
    { "sd_journal_get_data", &sd.get_data },
    { "sd_journal_get_realtime_usec", &sd.get_realtime_usec },
    { "sd_journal_get_fd", &sd.get_fd },
    { "sd_journal_process", &sd.process },
};

enum { JOURNAL_LOCAL_ONLY = 1 << 0 };

struct journal_log {
    struct engine *e;
    const struct log_source *source;
    const struct log_options *o;
    log_sink sink;
    struct sd_journal *j;
    int fd;
    bool gone; /* the monitor had ended before what we read last */
};

static int load(struct err *err)
{
    static bool done;

    if (done)
        return 0;
    void *h = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
        void *sym = h ? dlsym(h, symbols[i].name) : NULL;
        if (!sym)
            return err_set(err, ERR_UNSUPPORTED, ENOENT, "reading the journal: %s", dlerror());
        memcpy(symbols[i].to, &sym, sizeof(sym));
    }
    done = true;
    return 0;
}

/* The value of @field of the current entry; NULL when it has none. */
static const char *value(struct sd_journal *j, const char *field, size_t *ret_len)
{
    const void *data;
    size_t len, skip = strlen(field) + 1;

    if (sd.get_data(j, field, &data, &len) < 0 || len < skip)
        return NULL;
    *ret_len = len - skip;
    return (const char *)data + skip;
}

static bool value_is(struct sd_journal *j, const char *field, const char *want)
{
    size_t len;
    const char *v = value(j, field, &len);

    return v && len == strlen(want) && memcmp(v, want, len) == 0;
}

static int one_entry(const struct journal_log *l)
{
    const struct log_options *o = l->o;
    uint64_t usec;
    size_t len;

    int r = sd.get_realtime_usec(l->j, &usec);
    if (r < 0)
        return r;
    int64_t when = (int64_t)usec * 1000;
    if ((o->since && when < o->since) || (o->until && when > o->until))
        return 0;
    bool err = value_is(l->j, "PRIORITY", "3");
    bool partial = value_is(l->j, "CONTAINER_PARTIAL_MESSAGE", "true");
    const char *text = value(l->j, "MESSAGE", &len);
    return text ? l->sink(l->source->arg, when, err, !partial, text, len) : 0;
}

/* Stands before the first entry to show: next() gets it. */
static int seek(struct sd_journal *j, int64_t tail)
{
    if (tail < 0)
        return sd.seek_head(j);
    int r = sd.seek_tail(j);
    /* A line that came in parts counts once: its last part is the complete one. */
    for (int64_t lines = 0; r >= 0 && (r = sd.previous(j)) > 0;)
        if (!value_is(j, "CONTAINER_PARTIAL_MESSAGE", "true") && ++lines > tail)
            return 0;
    return r < 0 ? r : sd.seek_head(j);
}

static int read_all(const struct journal_log *l, bool *ret_any)
{
    int r;

    *ret_any = false;
    while ((r = sd.next(l->j)) > 0) {
        *ret_any = true;
        r = one_entry(l);
        if (r < 0)
            return r;
    }
    return r;
}

static int failed(int r, struct err *err)
{
    if (r == -EPIPE)
        return err_set(err, ERR_INTERNAL, EPIPE, "writing the log");
    return r < 0 ? err_sys(err, -r, "reading the journal") : 0;
}

int journal_log_open(struct engine *e, const struct log_source *source, const struct log_options *o,
                     log_sink sink, struct journal_log **ret, struct err *err)
{
    AUTO_FREE char *match = xasprintf("CONTAINER_ID_FULL=%s", source->c->config.id);
    bool any;
    int r = load(err);

    if (r < 0)
        return r;
    struct journal_log *l = *ret = xcalloc(1, sizeof(*l));
    *l = (struct journal_log) { .e = e, .source = source, .o = o, .sink = sink, .fd = -EBADF };
    r = sd.open(&l->j, JOURNAL_LOCAL_ONLY);
    if (r >= 0)
        r = sd.add_match(l->j, match, strlen(match));
    if (r >= 0)
        r = sd.set_data_threshold(l->j, 0);
    if (r >= 0 && o->follow) /* asked for first: it watches from here on */
        r = l->fd = sd.get_fd(l->j);
    if (r >= 0)
        r = seek(l->j, o->tail);
    if (r >= 0)
        r = read_all(l, &any);
    return failed(r, err);
}

int journal_log_more(struct journal_log *l, bool *ret_done, struct err *err)
{
    /* What it wrote last may still be on its way through the journal: one more look after its end. */
    bool any = false, was_gone = l->gone;

    l->gone = container_monitor_gone(l->e, l->source->c);
    int r = sd.process(l->j);
    if (r >= 0)
        r = read_all(l, &any);
    *ret_done = r < 0 || (was_gone && !any) || (l->o->until && time_now() > l->o->until);
    return failed(r, err);
}

int journal_log_fd(const struct journal_log *l)
{
    return l->fd;
}

void journal_log_close(struct journal_log *l)
{
    if (l && l->j)
        sd.close(l->j);
    free(l);
}
