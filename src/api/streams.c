/* Containers: what goes on as long as they do: logs, attach, wait, stats, top. */
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <time.h>

#include "api/documents.h"
#include "api/route.h"
#include "api/stream.h"
#include "base/parse.h"
#include "engine/options.h"

#include "base/banned.h"

/* ---------- logs ---------- */

struct logs_query {
    bool follow, out, err, timestamps, details;
    char *since, *until, *tail;
};
static const struct query_field logs_fields[] = {
    QF_BOOL(struct logs_query, follow, "follow", NULL),
    QF_BOOL(struct logs_query, out, "stdout", NULL),
    QF_BOOL(struct logs_query, err, "stderr", NULL),
    QF_BOOL(struct logs_query, timestamps, "timestamps", NULL),
    QF_BOOL(struct logs_query, details, "details", NULL),
    QF_STR(struct logs_query, since, "since", NULL),
    QF_STR(struct logs_query, until, "until", NULL),
    QF_STR(struct logs_query, tail, "tail", "all"),
    { 0 },
};

struct log_stream {
    struct request *r;
    bool out, err, mux, timestamps;
};

static int send_line(void *arg, int64_t when, bool err, bool complete, const char *text, size_t len)
{
    const struct log_stream *s = arg;
    char stamp[TIME_TEXT_MAX];
    AUTO_BUF b = { 0 };

    if (err ? !s->err : !s->out)
        return 0;
    if (s->timestamps)
        buf_printf(&b, "%s ", time_format_rfc3339(when, stamp));
    buf_put(&b, text, len);
    if (complete)
        buf_putc(&b, '\n');
    return b.len ? stream_put(s->r, s->mux, err ? STREAM_STDERR : STREAM_STDOUT, b.data, b.len) : 0;
}

/* Of a query: empty and 0 mean that there is none. */
static int when(struct request *r, const char *name, const char *text, int64_t *ret)
{
    if (str_empty(text) || STR_EQ(text, "0"))
        return 0;
    if (parse_time(text, time_now(), ret) < 0)
        return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                       "failed to parse parameters: invalid value \"%s\" for \"%s\": not a time",
                       text, name);
    return 0;
}

static int log_options(struct request *r, const struct logs_query *q, struct log_options *o)
{
    o->follow = q->follow;
    o->tail = -1;
    if (!str_empty(q->tail) && !STR_EQ(q->tail, "all") &&
        parse_i64(q->tail, -1, INT64_MAX, &o->tail) < 0)
        return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                       "failed to parse parameters: invalid tail \"%s\": not a number of lines",
                       q->tail);
    int res = when(r, "since", q->since, &o->since);
    return res < 0 ? res : when(r, "until", q->until, &o->until);
}

static int logs(struct request *r, const void *query)
{
    const struct logs_query *q = query;
    struct log_options o = { 0 };
    struct container c;
    int res = request_container(r, &c);

    if (res == 0 && !q->out && !q->err)
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL,
                      "bad parameter: you must choose at least one stream");
    if (res == 0)
        res = log_options(r, q, &o);
    if (res == 0 && str_same(c.config.log_driver, "none"))
        res = err_set(r->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                      "this container is using the 'none' log driver, cannot read logs: no logs");
    if (res < 0)
        return res;
    struct log_stream s = { r, q->out, q->err, !c.config.terminal, q->timestamps };
    struct log_source source = { &c, &s };
    if (conn_begin(r->conn, 200, s.mux ? STREAM_MUX : STREAM_RAW, NULL) < 0)
        return 0;
    if (o.follow)
        stream_watch(r);
    res = container_logs(request_engine(r), &source, 1, &o, send_line, r->err);
    conn_finish(r->conn, res == 0);
    return res;
}

/* ---------- attach ---------- */

struct attach_query {
    char *detach_keys;
    bool logs, in, out, err;
    int stream;
};
static const struct query_field attach_fields[] = {
    QF_STR(struct attach_query, detach_keys, "detachKeys", NULL),
    QF_BOOL(struct attach_query, logs, "logs", NULL),
    QF_BOOL(struct attach_query, in, "stdin", NULL),
    QF_BOOL(struct attach_query, out, "stdout", NULL),
    QF_BOOL(struct attach_query, err, "stderr", NULL),
    QF_TRI(struct attach_query, stream, "stream"),
    { 0 },
};

/* What was said before we came, on a connection that is hijacked already. */
static int replay(struct request *r, const struct container *c, const struct attach_query *q)
{
    struct log_stream s = { r, q->out, q->err, !c->config.terminal, false };
    struct log_source source = { c, &s };
    struct log_options o = { .tail = -1 };

    return container_logs(request_engine(r), &source, 1, &o, send_line, NULL);
}

/* An attach connection, also to one that does not run: it is set up, so that nothing of the start which comes
 * next, in another request, is missed. */
static int open_attach(struct request *r, struct container *c)
{
    struct engine *e = request_engine(r);
    char **warnings = NULL;

    if (!c->alive || c->status == CTR_EXITED) {
        int res = container_start(e, r->arena, c, true, NULL, &warnings, r->err);
        if (res == 0)
            res = container_refresh(e, r->arena, c, r->err);
        if (res < 0)
            return res;
    }
    return container_attach_open(e, c, r->err);
}

static int attach(struct request *r, const void *query)
{
    const struct attach_query *q = query;
    struct container c;
    int sock = -EBADF, res = request_container(r, &c);

    if (res == 0 && !q->in && !q->out && !q->err)
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL,
                      "bad parameter: must choose at least one of stdin, stdout or stderr");
    if (res == 0 && q->stream == 0 && !q->logs)
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL,
                      "bad parameter: at least one of logs or stream must be set");
    if (res == 0 && q->detach_keys)
        res = option_detach_keys(q->detach_keys, r->err);
    if (res == 0 && q->stream != 0)
        res = sock = open_attach(r, &c);
    /* A command that is not there is for the start to tell, in its answer: here it would be lost. */
    if (res < 0 && (r->err->kind == ERR_NO_COMMAND || r->err->kind == ERR_CANNOT_INVOKE)) {
        (void)!conn_hijack(r->conn, STREAM_RAW);
        return 0;
    }
    if (res < 0)
        return res;
    AUTO_CLOSE int owned = sock;
    if (conn_hijack(r->conn, c.config.terminal ? STREAM_RAW : STREAM_MUX) < 0)
        return 0;
    if (q->logs && replay(r, &c, q) < 0)
        return 0;
    struct hijack h = { .in = q->in && c.config.stdin_open,
                        .out = q->out,
                        .err = q->err,
                        .tty = c.config.terminal,
                        .detach_keys = q->detach_keys         ? q->detach_keys
                                       : c.config.detach_keys ? c.config.detach_keys
                                                              : "ctrl-p,ctrl-q" };
    if (owned >= 0)
        hijack_run(r, owned, &h);
    return 0;
}

struct resize_query {
    int64_t h, w;
    bool running;
};
static const struct query_field resize_fields[] = {
    QF_I64(struct resize_query, h, "h", "0"),
    QF_I64(struct resize_query, w, "w", "0"),
    QF_BOOL(struct resize_query, running, "running", NULL),
    { 0 },
};

static int resize(struct request *r, const void *query)
{
    const struct resize_query *q = query;
    struct container c;
    int res = request_container(r, &c);

    if (res == 0 && (q->h < 0 || q->h > UINT16_MAX || q->w < 0 || q->w > UINT16_MAX))
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL,
                      "failed to parse parameters: h and w are numbers up to 65535");
    if (res == 0 && q->running && !c.alive) /* "resize it if it runs" */
        return reply_empty(r, 200);
    if (res == 0)
        res = container_resize(request_engine(r), &c, (uint16_t)q->h, (uint16_t)q->w, r->err);
    return res < 0 ? res : reply_empty(r, 200);
}

/* ---------- wait ---------- */

static void pause_ms(long ms)
{
    struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    nanosleep(&ts, NULL);
}

/* The end of the run that is on, or of the next. */
static int wait_next(struct request *r, struct container *c, int *code)
{
    struct engine *e = request_engine(r);
    int64_t before = c->run.finished_at;

    for (long ms = 1;; ms = MIN(2 * ms, 50L)) {
        if (c->alive && c->status != CTR_EXITED)
            return container_wait(e, c, 1u << CTR_EXITED, 5000000, code, r->err);
        if (c->run.finished_at != before || !container_exists(e, c->config.id)) {
            *code = (int)c->run.exit_code;
            return 0;
        }
        pause_ms(ms);
        int res = container_refresh(e, r->arena, c, r->err);
        if (res < 0)
            return res;
    }
}

enum docker_wait { WAIT_NOT_RUNNING, WAIT_NEXT_EXIT, WAIT_REMOVED };

static int wait_docker(struct request *r, struct container *c, enum docker_wait what, int *code)
{
    struct engine *e = request_engine(r);
    int res = 0;

    *code = (int)c->run.exit_code;
    if (what == WAIT_NEXT_EXIT)
        return wait_next(r, c, code);
    if (c->alive && c->status != CTR_EXITED &&
        !(what == WAIT_NOT_RUNNING && c->status == CTR_INITIALIZED))
        res = container_wait(e, c, 1u << CTR_EXITED, 5000000, code, r->err);
    else if (what == WAIT_REMOVED && c->status == CTR_CREATED)
        res = wait_next(r, c, code);
    while (res == 0 && what == WAIT_REMOVED && container_exists(e, c->config.id))
        pause_ms(5);
    return res;
}

static int wait_compat(struct request *r, char *const *conditions)
{
    static const char *const names[] = { "not-running", "next-exit", "removed" };
    const char *name = conditions && !str_empty(*conditions) ? *conditions : names[0];
    struct container c;
    size_t what = 0;
    int code = 0, res = request_container(r, &c);

    while (what < ARRAY_SIZE(names) && !STR_EQ(names[what], name))
        what++;
    if (res == 0 && what == ARRAY_SIZE(names))
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL,
                      "failed to parse parameters for containers wait: invalid condition \"%s\"",
                      name);
    /* The client goes on (and starts the container) once it has our head. */
    if (res == 0 && conn_begin(r->conn, 200, "application/json", NULL) < 0)
        return 0;
    if (res < 0)
        return res;
    stream_watch(r);
    res = wait_docker(r, &c, (enum docker_wait)what, &code);
    if (res == 0)
        res = stream_json(r, json_pack("{s:i}", "StatusCode", code));
    else
        (void)!stream_json(
            r, json_pack("{s:i,s:{s:s}}", "StatusCode", 125, "Error", "Message", r->err->msg));
    conn_finish(r->conn, true);
    return 0;
}

static int wait_libpod(struct request *r, char *const *conditions, const char *interval)
{
    static const struct {
        const char *name;
        unsigned states;
    } known[] = {
        { "configured", 1u << CTR_CREATED },
        { "created", 1u << CTR_INITIALIZED },
        { "initialized", 1u << CTR_INITIALIZED },
        { "running", 1u << CTR_RUNNING },
        { "paused", 1u << CTR_PAUSED },
        { "stopping", 1u << CTR_STOPPING },
        { "stopped", 1u << CTR_EXITED },
        { "exited", 1u << CTR_EXITED },
        { "removing", 0 },
        { "unknown", 0 },
        { "healthy", CTR_WAIT_HEALTHY },
        { "unhealthy", CTR_WAIT_UNHEALTHY },
    };
    struct container c;
    unsigned states = 0;
    int64_t every = 0;
    int code = 0, res = request_container(r, &c);

    for (; res == 0 && conditions && *conditions; conditions++) {
        size_t i = 0;
        while (i < ARRAY_SIZE(known) && !STR_EQ(known[i].name, *conditions))
            i++;
        if (i == ARRAY_SIZE(known))
            res = err_set(r->err, ERR_BAD_PARAM, EINVAL, "unknown container state: %s",
                          *conditions);
        else
            states |= known[i].states;
    }
    if (res == 0 && parse_duration(interval, &every) < 0)
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL, "invalid interval \"%s\"", interval);
    if (res < 0)
        return res;
    stream_watch(r);
    res = container_wait(request_engine(r), &c, states ? states : 1u << CTR_EXITED, every, &code,
                         r->err);
    return res < 0 ? res : reply_json(r, 200, json_integer(code));
}

struct wait_query {
    char **conditions;
    char *interval;
};
static const struct query_field wait_fields[] = {
    QF_WORDS(struct wait_query, conditions, "condition"),
    QF_STR(struct wait_query, interval, "interval", "250ms"),
    { 0 },
};

static int wait_for(struct request *r, const void *query)
{
    const struct wait_query *q = query;

    return r->libpod ? wait_libpod(r, q->conditions, q->interval) : wait_compat(r, q->conditions);
}

/* ---------- stats ---------- */

struct sample {
    struct run_stats s;
    int64_t host_ns; /* CPU time of the whole machine */
};

/* The first line of /proc/stat, in ns. */
static int64_t host_cpu(void)
{
    AUTO_FCLOSE FILE *f = fopen("/proc/stat", "re");
    char line[512], *rest = line;
    int64_t sum = 0;

    if (!f || !fgets(line, sizeof(line), f))
        return 0;
    strsep(&rest, " ");
    for (int i = 0; rest && i < 8;) {
        char *word = strsep(&rest, " \n");
        uint64_t n;
        if (!*word)
            continue;
        i++;
        if (parse_u64(word, INT64_MAX / 1000, &n) == 0)
            sum += (int64_t)n;
    }
    return sum * (NSEC_PER_SEC / sysconf(_SC_CLK_TCK));
}

static int take_sample(struct request *r, const struct container *c, struct sample *ret)
{
    ret->host_ns = host_cpu();
    return container_stats(request_engine(r), r->arena, c, &ret->s, r->err);
}

static json_t *cpu_doc(const struct sample *s)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    /* Version 1 of cgroups counts the kernel's share in ticks: it may be more than all.  Clients take no
     * negative number. */
    int64_t kernel = MIN(s->s.cpu_system_ns, s->s.cpu_ns);

    return json_pack("{s:{s:I,s:I,s:I},s:I,s:i,s:f,s:{s:i,s:i,s:i}}", "cpu_usage", "total_usage",
                     (json_int_t)s->s.cpu_ns, "usage_in_kernelmode", (json_int_t)kernel,
                     "usage_in_usermode", (json_int_t)(s->s.cpu_ns - kernel), "system_cpu_usage",
                     (json_int_t)s->host_ns, "online_cpus", (int)online, "cpu", 0.0,
                     "throttling_data", "periods", 0, "throttled_periods", 0, "throttled_time", 0);
}

static json_t *networks_doc(const struct run_stats *s)
{
    json_t *out = json_object();

    for (size_t i = 0; i < s->interfaces.n; i++) {
        const struct interface_stats *f = &s->interfaces.items[i];
        json_object_set_new(
            out, f->name,
            json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "rx_bytes", (json_int_t)f->rx_bytes,
                      "rx_packets", (json_int_t)f->rx_packets, "rx_errors",
                      (json_int_t)f->rx_errors, "rx_dropped", (json_int_t)f->rx_dropped, "tx_bytes",
                      (json_int_t)f->tx_bytes, "tx_packets", (json_int_t)f->tx_packets, "tx_errors",
                      (json_int_t)f->tx_errors, "tx_dropped", (json_int_t)f->tx_dropped));
    }
    return out;
}

static json_t *stats_doc(const struct container *c, const struct sample *now,
                         const struct sample *before)
{
    const struct run_stats *s = &now->s;
    char name[256];
    json_t *io = json_array();

    snprintf(name, sizeof(name), "/%s", c->config.name);
    json_array_append_new(io, json_pack("{s:i,s:i,s:s,s:I}", "major", 0, "minor", 0, "op", "read",
                                        "value", (json_int_t)s->block_read));
    json_array_append_new(io, json_pack("{s:i,s:i,s:s,s:I}", "major", 0, "minor", 0, "op", "write",
                                        "value", (json_int_t)s->block_written));
    json_t *doc = json_pack(
        "{s:s,s:s,s:o,s:o,s:{s:I},s:{s:o,s:n},s:i,s:{},s:o,s:o,s:{s:I,s:I,s:I,s:{}},s:o}", "name",
        name, "id", c->config.id, "read", doc_time(s->sampled_at), "preread",
        doc_time(before->s.sampled_at), "pids_stats", "current", (json_int_t)s->pids, "blkio_stats",
        "io_service_bytes_recursive", io, "io_serviced_recursive", "num_procs", 0, "storage_stats",
        "cpu_stats", cpu_doc(now), "precpu_stats", cpu_doc(before), "memory_stats", "usage",
        (json_int_t)s->memory, "max_usage", (json_int_t)s->memory, "limit",
        (json_int_t)s->memory_limit, "stats", "networks", networks_doc(s));
    json_object_set_new(doc, "Id", json_string(c->config.id));
    return doc;
}

struct stats_query {
    bool stream, one_shot;
};
static const struct query_field stats_fields[] = {
    QF_BOOL(struct stats_query, stream, "stream", "true"),
    QF_BOOL(struct stats_query, one_shot, "one-shot", NULL),
    { 0 },
};

/* The container's names on their way through the documents. */
static int stats(struct request *r, const void *query)
{
    const struct stats_query *q = query;
    struct sample before = { 0 }, now = { 0 };
    struct container c;
    int res = request_container(r, &c);

    if (res == 0)
        res = take_sample(r, &c, &now);
    if (res < 0)
        return res;
    if (q->stream) {
        if (conn_begin(r->conn, 200, "application/json", NULL) < 0)
            return 0;
        stream_watch(r);
        res = stream_json(r, stats_doc(&c, &now, &before));
    }
    while (res == 0 && (q->stream || !q->one_shot)) {
        pause_ms(q->stream ? 1000 : 250); /* clients give one answer two seconds */
        before = now;
        /* One that has ended shows zeros, as Docker does, until the client goes. */
        if (container_refresh(request_engine(r), r->arena, &c, r->err) < 0 ||
            !container_exists(request_engine(r), c.config.id) || take_sample(r, &c, &now) < 0)
            break;
        if (!q->stream)
            break;
        res = stream_json(r, stats_doc(&c, &now, &before));
    }
    if (!q->stream)
        return reply_json(r, 200, stats_doc(&c, &now, &before));
    conn_finish(r->conn, true);
    return 0;
}

struct all_stats_query {
    char **containers;
    bool stream, all;
    int64_t interval;
};
static const struct query_field all_stats_fields[] = {
    QF_WORDS(struct all_stats_query, containers, "containers"),
    QF_BOOL(struct all_stats_query, stream, "stream", "true"),
    QF_BOOL(struct all_stats_query, all, "all", NULL),
    QF_I64(struct all_stats_query, interval, "interval", "5"),
    { 0 },
};

struct last_seen {
    const char *id;
    int64_t at, cpu_ns;
};
typedef JSON_LIST(struct last_seen) last_list;

static json_t *interfaces_libpod(const struct run_stats *s)
{
    json_t *out = json_object();

    for (size_t i = 0; i < s->interfaces.n; i++) {
        const struct interface_stats *f = &s->interfaces.items[i];
        json_object_set_new(
            out, f->name,
            json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "RxBytes", (json_int_t)f->rx_bytes,
                      "RxDropped", (json_int_t)f->rx_dropped, "RxErrors", (json_int_t)f->rx_errors,
                      "RxPackets", (json_int_t)f->rx_packets, "TxBytes", (json_int_t)f->tx_bytes,
                      "TxDropped", (json_int_t)f->tx_dropped, "TxErrors", (json_int_t)f->tx_errors,
                      "TxPackets", (json_int_t)f->tx_packets));
    }
    return out;
}

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

static json_t *libpod_stats(struct request *r, const struct container *c, const struct run_stats *s,
                            last_list *seen)
{
    struct last_seen *last = NULL;
    int64_t since = c->run.started_at, in = 0, out = 0;

    for (size_t i = 0; i < seen->n; i++)
        if (STR_EQ(seen->items[i].id, c->config.id))
            last = &seen->items[i];
    if (!last) {
        last = LIST_ADD(r->arena, *seen);
        *last = (struct last_seen) { .id = c->config.id, .at = since };
    }
    double cpu = s->cpu_ns >= last->cpu_ns
                     ? share(s->cpu_ns - last->cpu_ns, s->sampled_at - last->at)
                     : 0;
    last->at = s->sampled_at;
    last->cpu_ns = s->cpu_ns;
    for (size_t i = 0; i < s->interfaces.n; i++) {
        in += s->interfaces.items[i].rx_bytes;
        out += s->interfaces.items[i].tx_bytes;
    }
    return json_pack(
        "{s:f,s:s,s:s,s:n,s:f,s:I,s:I,s:I,s:I,s:I,s:f,s:I,s:I,s:o,s:I,s:I,s:I,s:I,s:I}", "AvgCPU",
        share(s->cpu_ns, s->sampled_at - since), "ContainerID", c->config.id, "Name",
        c->config.name, "PerCPU", "CPU", cpu, "CPUNano", (json_int_t)s->cpu_ns, "CPUSystemNano",
        (json_int_t)s->cpu_system_ns, "SystemNano", (json_int_t)s->sampled_at, "MemUsage",
        (json_int_t)s->memory, "MemLimit", (json_int_t)s->memory_limit, "MemPerc",
        share(s->memory, s->memory_limit), "NetInput", (json_int_t)in, "NetOutput", (json_int_t)out,
        "Network", interfaces_libpod(s), "BlockInput", (json_int_t)s->block_read, "BlockOutput",
        (json_int_t)s->block_written, "PIDs", (json_int_t)s->pids, "UpTime", (json_int_t)s->cpu_ns,
        "Duration", (json_int_t)(s->cpu_ns ? s->sampled_at - since : 0));
}

/* Those that were named, or all that run. */
static int chosen(struct request *r, const struct all_stats_query *q, struct container_list *out)
{
    size_t n = 0;

    if (!q->containers) {
        int res = container_list(request_engine(r), r->arena, out, r->err);
        for (size_t i = 0; res == 0 && i < out->n; i++)
            if (request_sees(r, &out->items[i].config) &&
                (q->all || out->items[i].status == CTR_RUNNING))
                out->items[n++] = out->items[i];
        out->n = n;
        return res;
    }
    out->items = arena_alloc(r->arena, strv_len(q->containers) * sizeof(*out->items));
    out->n = 0;
    for (char **p = q->containers; *p; p++) {
        int res = request_find(r, *p, &out->items[out->n++]);
        if (res < 0)
            return res;
    }
    return 0;
}

static int all_stats(struct request *r, const void *query)
{
    const struct all_stats_query *q = query;
    last_list seen = { 0 };
    bool begun = false;

    if (!request_engine(r))
        return -EIO;
    for (;;) {
        struct container_list list = { 0 };
        int res = chosen(r, q, &list);
        if (res < 0 && !begun)
            return res;
        json_t *rows = json_array();
        for (size_t i = 0; res == 0 && i < list.n; i++) {
            struct run_stats s = { 0 };
            if (container_stats(request_engine(r), r->arena, &list.items[i], &s, NULL) == 0)
                json_array_append_new(rows, libpod_stats(r, &list.items[i], &s, &seen));
        }
        json_t *doc = json_pack("{s:n,s:o}", "Error", "Stats", rows);
        if (!q->stream)
            return reply_json(r, 200, doc);
        if (!begun && conn_begin(r->conn, 200, "application/json", NULL) == 0)
            stream_watch(r);
        begun = true;
        if (stream_json(r, doc) < 0 || res < 0)
            break;
        struct timespec ts = { .tv_sec = MAX(q->interval, (int64_t)1) };
        nanosleep(&ts, NULL);
    }
    conn_finish(r->conn, true);
    return 0;
}

/* ---------- top ---------- */

struct top_query {
    char **args;
    bool stream;
    int64_t delay;
};
static const struct query_field top_fields[] = {
    QF_WORDS(struct top_query, args, "ps_args"),
    QF_BOOL(struct top_query, stream, "stream", NULL),
    QF_I64(struct top_query, delay, "delay", "5"),
    { 0 },
};

static char **split_words(struct arena *a, char *const *args, const char *separators)
{
    char **out = NULL;

    for (; args && *args; args++)
        for (const char *p = *args; *p;) {
            size_t n = strcspn(p, separators);
            if (n)
                out = strv_add(a, out, arena_strndup(a, p, n));
            p += n + (p[n] != '\0');
        }
    return out;
}

/* Arguments that are no descriptors are those of ps(1), which then runs in the container. */
static int top_by_ps(struct request *r, const struct container *c, char *const *args,
                     char ****ret_rows)
{
    AUTO_CLOSE int out = memfd_create("ps", MFD_CLOEXEC);
    AUTO_BUF b = { .max = 4u << 20 };
    char session[65];
    int code = 0;
    struct exec_options o = { .command = strv_concat(r->arena, strv_add(r->arena, NULL, "ps"),
                                                     args),
                              .in = -1,
                              .out = out,
                              .err = -1 };
    int res = container_exec(request_engine(r), c, &o, session, &code, r->err);

    if (res == 0 && code)
        res = err_set(r->err, ERR_INTERNAL, ECHILD,
                      "executing ps(1) in the container: exit code %d", code);
    if (res == 0 && (lseek(out, 0, SEEK_SET) < 0 || buf_read_fd(&b, out) < 0))
        res = err_set(r->err, ERR_INTERNAL, EIO, "reading the output of ps(1)");
    if (res < 0)
        return res;
    char **lines = strv_split(r->arena, b.data ? b.data : "", '\n');
    char ***rows = arena_alloc(r->arena, (strv_len(lines) + 1) * sizeof(*rows));
    size_t columns = 0, n = 0;
    for (; *lines; lines++) {
        char **cells = split_words(r->arena, (char *[]) { *lines, NULL }, " ");
        if (!cells)
            continue;
        if (n == 0)
            columns = strv_len(cells);
        while (strv_len(cells) > columns) { /* the command's own blanks */
            size_t last = strv_len(cells) - 1;
            cells[last - 1] = arena_printf(r->arena, "%s %s", cells[last - 1], cells[last]);
            cells[last] = NULL;
        }
        rows[n++] = cells;
    }
    *ret_rows = rows;
    return 0;
}

static int top_once(struct request *r, const struct container *c, const struct top_query *q,
                    json_t **ret)
{
    static const char usual[] = "user,pid,ppid,pcpu,etime,tty,time,args";
    char **given = split_words(r->arena, q->args, " ,"), ***rows;
    int res;

    if (!given || (strv_len(given) == 1 && STR_IN(given[0], "-ef", "ef", "aux")))
        given = strv_split(r->arena, usual, ',');
    if (container_top_knows(given))
        res = container_top(request_engine(r), r->arena, c, given, &rows, r->err);
    else
        res = top_by_ps(r, c, split_words(r->arena, q->args, " "), &rows);
    if (res < 0)
        return res;
    json_t *processes = json_array(), *titles = doc_strings(rows[0], false);
    for (size_t i = 1; rows[0] && rows[i]; i++)
        json_array_append_new(processes, doc_strings(rows[i], false));
    *ret = json_pack("{s:o,s:o}", "Processes", processes, "Titles", titles);
    return 0;
}

static int top(struct request *r, const void *query)
{
    const struct top_query *q = query;
    struct container c;
    json_t *doc = NULL;
    int res = request_container(r, &c);

    if (res == 0 && c.status != CTR_RUNNING && c.status != CTR_PAUSED)
        res = err_set(r->err, ERR_STATE, EINVAL,
                      "top can only be used on running containers: container state improper");
    if (res == 0 && q->delay < 1)
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL, "\"delay\" parameter of value %" PRId64 " < 1",
                      q->delay);
    if (res == 0)
        res = top_once(r, &c, q, &doc);
    if (res < 0)
        return res;
    if (!q->stream)
        return reply_json(r, 200, doc);
    if (conn_begin(r->conn, 200, "application/json", NULL) == 0)
        stream_watch(r);
    while (stream_json(r, doc) == 0) {
        struct timespec ts = { .tv_sec = q->delay };
        nanosleep(&ts, NULL);
        if (top_once(r, &c, q, &doc) < 0)
            break;
    }
    conn_finish(r->conn, true);
    return 0;
}

#define BOTH   (ROUTE_BOTH | ROUTE_SCOPED)
#define LIBPOD (ROUTE_LIBPOD | ROUTE_SCOPED)
const struct route stream_routes[] = {
    ROUTE_Q("GET", "/containers/stats", LIBPOD, all_stats, struct all_stats_query,
            all_stats_fields),
    ROUTE_Q("GET", "/containers/{name}/logs", BOTH, logs, struct logs_query, logs_fields),
    ROUTE_Q("POST", "/containers/{name}/attach", BOTH, attach, struct attach_query, attach_fields),
    ROUTE_Q("POST", "/containers/{name}/resize", BOTH, resize, struct resize_query, resize_fields),
    ROUTE_Q("POST", "/containers/{name}/wait", BOTH, wait_for, struct wait_query, wait_fields),
    ROUTE_Q("GET", "/containers/{name}/stats", BOTH, stats, struct stats_query, stats_fields),
    ROUTE_Q("GET", "/containers/{name}/top", BOTH, top, struct top_query, top_fields),
    { 0 },
};
