/* podman stats: what containers use, again and again. */
#include <inttypes.h>
#include <time.h>

#include "base/json.h"
#include "base/parse.h"
#include "cli/containers/commands.h"
#include "cli/containers/select.h"
#include "cli/containers/stats.h"
#include "cli/format.h"
#include "engine/containers.h"

#include "base/banned.h"

struct stats_args {
    struct select_args sel;
    char *format;
    int64_t interval;
    bool no_reset, no_stream, no_trunc;
};

/* What was counted the last time round, to tell how much came since. */
struct sample {
    char id[65];
    int64_t at, cpu_ns;
};

struct stats_run {
    struct cmd_ctx *x;
    const struct stats_args *o;
    JSON_LIST(struct sample) before, now;
};

/* ---------- numbers as Podman shows them ---------- */

char *stats_percent(struct arena *a, double v)
{
    return v > 0 ? arena_printf(a, "%.2f%%", v) : arena_strdup(a, "--");
}

char *stats_pair(struct arena *a, const char *(*human)(int64_t, char *, size_t), int64_t x,
                 int64_t y)
{
    char one[32], two[32];

    if (x == 0 && y == 0)
        return arena_strdup(a, "-- / --");
    return arena_printf(a, "%s / %s", human(x, one, sizeof(one)), human(y, two, sizeof(two)));
}

/* ---------- a row ---------- */

struct usage {
    double cpu, average, memory; /* per cent */
    int64_t received, sent;
};

static struct usage usage_of(struct stats_run *r, const struct container *c,
                             const struct run_stats *s)
{
    struct sample last = { .at = c->run.started_at };
    struct usage u = { 0 };

    for (size_t i = 0; i < r->before.n; i++)
        if (STR_EQ(r->before.items[i].id, c->config.id) &&
            r->before.items[i].cpu_ns <= s->cpu_ns) /* it was not started again meanwhile */
            last = r->before.items[i];
    if (s->sampled_at > last.at && s->cpu_ns)
        u.cpu = 100.0 * (double)(s->cpu_ns - last.cpu_ns) / (double)(s->sampled_at - last.at);
    if (s->sampled_at > c->run.started_at && s->cpu_ns)
        u.average = 100.0 * (double)s->cpu_ns / (double)(s->sampled_at - c->run.started_at);
    if (s->memory_limit)
        u.memory = 100.0 * (double)s->memory / (double)s->memory_limit;
    for (size_t i = 0; i < s->interfaces.n; i++) {
        u.received += s->interfaces.items[i].rx_bytes;
        u.sent += s->interfaces.items[i].tx_bytes;
    }
    struct sample *now = LIST_ADD(r->x->arena, r->now);
    snprintf(now->id, sizeof(now->id), "%s", c->config.id);
    now->at = s->sampled_at;
    now->cpu_ns = s->cpu_ns;
    return u;
}

static json_t *interfaces_of(const struct run_stats *s)
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

/* The document of --format json. */
static json_t *json_row(struct arena *a, const struct container *c, const struct run_stats *s,
                        const struct usage *u)
{
    char cpu_time[TIME_TEXT_MAX];

    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "id",
                     arena_printf(a, "%.12s", c->config.id), "name", c->config.name, "cpu_time",
                     time_format_duration(s->cpu_ns, cpu_time), "cpu_percent",
                     stats_percent(a, u->cpu), "avg_cpu", stats_percent(a, u->average), "mem_usage",
                     stats_pair(a, human_size_plain, s->memory, s->memory_limit), "mem_percent",
                     stats_percent(a, u->memory), "net_io",
                     stats_pair(a, human_size_plain, u->received, u->sent), "block_io",
                     stats_pair(a, human_size_plain, s->block_read, s->block_written), "pids",
                     s->pids ? arena_printf(a, "%" PRId64, s->pids) : "--");
}

/* What a template sees. */
static json_t *text_row(struct arena *a, const struct container *c, const struct run_stats *s,
                        const struct usage *u, bool whole)
{
    char cpu_time[TIME_TEXT_MAX];
    json_t *row = json_pack(
        "{s:f,s:f,s:f,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "AvgCPU", u->average, "CPU", u->cpu,
        "MemPercent", u->memory, "CPUNano", (json_int_t)s->cpu_ns, "CPUSystemNano",
        (json_int_t)s->cpu_system_ns, "SystemNano", (json_int_t)s->sampled_at, "MemLimit",
        (json_int_t)s->memory_limit, "BlockInput", (json_int_t)s->block_read, "BlockOutput",
        (json_int_t)s->block_written, "PIDs", (json_int_t)s->pids);

#define SET(key, val) json_object_set_new(row, key, json_string(val))
    SET("ContainerID", c->config.id);
    SET("ID", whole ? c->config.id : arena_printf(a, "%.12s", c->config.id));
    SET("Name", c->config.name);
    SET("CPUPerc", stats_percent(a, u->cpu));
    SET("AVGCPU", stats_percent(a, u->average));
    SET("MemUsage", stats_pair(a, human_size_plain, s->memory, s->memory_limit));
    SET("MemUsageBytes", stats_pair(a, human_size_binary, s->memory, s->memory_limit));
    SET("MemPerc", stats_percent(a, u->memory));
    SET("NetIO", stats_pair(a, human_size_plain, u->received, u->sent));
    SET("BlockIO", stats_pair(a, human_size_plain, s->block_read, s->block_written));
    SET("PIDS", s->pids ? arena_printf(a, "%" PRId64, s->pids) : "--");
    SET("UpTime", time_format_duration(s->cpu_ns, cpu_time));
    SET("Up", time_format_duration(s->cpu_ns, cpu_time));
    SET("Duration",
        time_format_duration(s->cpu_ns ? s->sampled_at - c->run.started_at : 0, cpu_time));
#undef SET
    json_object_set_new(row, "Network", interfaces_of(s));
    json_t *all = json_copy(row);
    json_object_set_new(row, "ContainerStats", all);
    return row;
}

/* ---------- rounds ---------- */

static const struct cli_header headers[] = {
    { "ID", "ID" },
    { "Name", "NAME" },
    { "CPUPerc", "CPU %" },
    { "MemUsage", "MEM USAGE / LIMIT" },
    { "MemUsageBytes", "MEM USAGE / LIMIT" },
    { "MemPerc", "MEM %" },
    { "NetIO", "NET IO" },
    { "BlockIO", "BLOCK IO" },
    { "PIDS", "PIDS" },
    { "UpTime", "CPU TIME" },
    { "AVGCPU", "AVG CPU %" },
    { NULL, NULL },
};
static const char default_format[] =
    "table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}"
    "\t{{.PIDS}}\t{{.UpTime}}\t{{.AVGCPU}}";

static int choose(struct stats_run *r, struct target_list *out)
{
    struct select_args sel = r->o->sel;
    bool only_running = !sel.all && !sel.latest && !r->x->nargs;
    int code;

    sel.all |= only_running;
    int n = select_targets(r->x, &sel, only_running, out, &code);
    if (n == 0 && code)
        return code;
    size_t kept = 0;
    for (size_t i = 0; n == 0 && i < out->n; i++)
        if (!only_running || out->items[i].c.status == CTR_RUNNING)
            out->items[kept++] = out->items[i];
    out->n = kept;
    return n;
}

static int print_round(struct stats_run *r)
{
    struct target_list list = { 0 };
    AUTO_JSON *rows = json_array();
    bool json = r->o->format && cli_format_is_json(r->o->format);
    int n = choose(r, &list);

    for (size_t i = 0; n == 0 && i < list.n; i++) {
        const struct container *c = &list.items[i].c;
        struct run_stats s;
        n = container_stats(cmd_engine(r->x), r->x->arena, c, &s, r->x->err);
        if (n == 0) {
            struct usage u = usage_of(r, c, &s);
            json_array_append_new(rows, json ? json_row(r->x->arena, c, &s, &u)
                                             : text_row(r->x->arena, c, &s, &u, r->o->no_trunc));
        }
    }
    if (n != 0)
        return n;
    if (!r->o->no_stream && !r->o->no_reset && !json && isatty(STDOUT_FILENO))
        fputs("\033[2J\033[H", stdout);
    struct cli_list how = { .format = r->o->format,
                            .def = default_format,
                            .title = "stats",
                            .headers = headers,
                            .indent = 1 };
    n = cli_print_list(rows, &how, r->x->err);
    return n == 0 && fflush(stdout) != 0 ? -EPIPE : n;
}

static int stats_run(struct cmd_ctx *x, void *args)
{
    struct stats_args *o = args;
    struct stats_run r = { .x = x, .o = o };

    if (o->sel.all + o->sel.latest + (x->nargs > 0) > 1)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--all, --latest and containers cannot be used together");
    if (o->interval < 1)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "invalid interval, must be a positive number greater zero");
    /* A round needs what the last one counted, and nothing that is older. */
    AUTO_ARENA even = { 0 };
    AUTO_ARENA odd = { 0 };
    for (unsigned round = 0;; round++) {
        struct arena *kept = x->arena;
        x->arena = round % 2 ? &odd : &even;
        arena_done(x->arena);
        r.now.items = NULL;
        r.now.n = 0;
        int n = print_round(&r);
        x->arena = kept;
        r.before.items = r.now.items;
        r.before.n = r.now.n;
        if (n != 0 || o->no_stream)
            return n;
        nanosleep(&(struct timespec) { .tv_sec = (time_t)o->interval }, NULL);
    }
}

static const struct opt stats_opts[] = {
    O_BOOL('a', "all", struct stats_args, sel.all,
           "Show all containers. Only running containers are shown by default"),
    O_STR(0, "format", struct stats_args, format, "template",
          "Pretty-print container statistics to JSON or using a Go template"),
    O_INT('i', "interval", struct stats_args, interval, "seconds",
          "Time in seconds between stats reports", .def = "5"),
    O_BOOL('l', "latest", struct stats_args, sel.latest,
           "Act on the latest container podman is aware of"),
    O_BOOL(0, "no-reset", struct stats_args, no_reset,
           "Disable resetting the screen between intervals"),
    O_BOOL(0, "no-stream", struct stats_args, no_stream,
           "Disable streaming stats and only pull the first result"),
    O_BOOL(0, "no-trunc", struct stats_args, no_trunc, "Do not truncate output"),
    { 0 },
};
static const struct opt *const stats_tables[] = { stats_opts, NULL };
static const char *const stats_examples[] = { "podman stats --all --no-stream",
                                              "podman stats ctrID",
                                              "podman stats --no-stream --format \"table {{.ID}} "
                                              "{{.Name}} {{.MemUsage}}\" ctrID",
                                              NULL };
const struct cmd cmd_stats = {
    .name = "stats",
    .summary = "Display a live stream of container resource usage statistics",
    .usage = "[options] [CONTAINER...]",
    .description = "Display percentage of CPU, memory, network I/O, block I/O and PIDs for one or "
                   "more containers.",
    .examples = stats_examples,
    .max_args = -1,
    .complete = COMPLETE_CONTAINER_RUNNING,
    .opts = stats_tables,
    .args_size = sizeof(struct stats_args),
    .run = stats_run,
};
