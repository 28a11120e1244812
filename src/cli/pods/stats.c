/* podman pod stats: what the members of pods use, again and again. */
#include <inttypes.h>
#include <time.h>

#include "base/parse.h"
#include "cli/containers/stats.h"
#include "cli/format.h"
#include "cli/pods/pods.h"

#include "base/banned.h"

struct stats_args {
    struct pod_select sel;
    char *format;
    bool no_reset, no_stream;
};

/* What was counted the last time round. */
struct sample {
    char id[65];
    int64_t at, cpu_ns;
};
struct rounds {
    struct cmd_ctx *x;
    const struct stats_args *o;
    JSON_LIST(struct sample) before, now;
};

static double cpu_percent(struct rounds *r, const struct container *c, const struct run_stats *s)
{
    struct sample last = { .at = c->run.started_at };

    for (size_t i = 0; i < r->before.n; i++)
        if (STR_EQ(r->before.items[i].id, c->config.id) && r->before.items[i].cpu_ns <= s->cpu_ns)
            last = r->before.items[i];
    struct sample *now = LIST_ADD(r->x->arena, r->now);
    snprintf(now->id, sizeof(now->id), "%s", c->config.id);
    now->at = s->sampled_at;
    now->cpu_ns = s->cpu_ns;
    return s->sampled_at > last.at && s->cpu_ns
               ? 100.0 * (double)(s->cpu_ns - last.cpu_ns) / (double)(s->sampled_at - last.at)
               : 0;
}

/* The document and what a template sees are one. */
static json_t *row_of(struct rounds *r, const struct pod *p, const struct container *c,
                      const struct run_stats *s)
{
    struct arena *a = r->x->arena;
    int64_t received = 0, sent = 0;
    double memory = s->memory_limit ? 100.0 * (double)s->memory / (double)s->memory_limit : 0;

    for (size_t i = 0; i < s->interfaces.n; i++) {
        received += s->interfaces.items[i].rx_bytes;
        sent += s->interfaces.items[i].tx_bytes;
    }
    return json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "CPU", stats_percent(a, cpu_percent(r, c, s)),
        "MemUsage", stats_pair(a, human_size_plain, s->memory, s->memory_limit), "MemUsageBytes",
        stats_pair(a, human_size_binary, s->memory, s->memory_limit), "Mem",
        stats_percent(a, memory), "NetIO", stats_pair(a, human_size_plain, received, sent),
        "BlockIO", stats_pair(a, human_size_plain, s->block_read, s->block_written), "PIDS",
        s->pids ? arena_printf(a, "%" PRId64, s->pids) : "--", "Pod",
        arena_printf(a, "%.12s", p->config.id), "CID", arena_printf(a, "%.12s", c->config.id),
        "Name", c->config.name);
}

static const struct cli_header headers[] = {
    { "Pod", "POD" },
    { "CID", "CID" },
    { "Name", "NAME" },
    { "CPU", "CPU %" },
    { "Mem", "MEM %" },
    { "MemUsage", "MEM USAGE/ LIMIT" },
    { "NetIO", "NET IO" },
    { "MemUsageBytes", "MEM USAGE/ LIMIT" },
    { "BlockIO", "BLOCK IO" },
    { "PIDS", "PIDS" },
    { NULL, NULL },
};
static const char default_format[] =
    "table {{.Pod}}\t{{.CID}}\t{{.Name}}\t{{.CPU}}\t{{.MemUsage}}\t{{.Mem}}\t{{.NetIO}}\t"
    "{{.BlockIO}}\t{{.PIDS}}";

static int print_round(struct rounds *r)
{
    struct pod_select sel = r->o->sel;
    struct pod_targets list = { 0 };
    AUTO_JSON *rows = json_array();
    bool usual = !sel.all && !sel.latest && !r->x->nargs;
    int code;

    sel.all |= usual;
    int n = pod_select(r->x, &sel, &list, &code);
    if (n == 0 && code)
        return code;
    for (size_t i = 0; n == 0 && i < list.n; i++)
        for (size_t k = 0; n == 0 && k < list.items[i].p.members.n; k++) {
            const struct container *c = &list.items[i].p.members.items[k];
            struct run_stats s;
            if (c->status != CTR_RUNNING)
                continue;
            n = container_stats(cmd_engine(r->x), r->x->arena, c, &s, r->x->err);
            if (n == 0)
                json_array_append_new(rows, row_of(r, &list.items[i].p, c, &s));
        }
    if (n != 0)
        return n;
    bool json = r->o->format && cli_format_is_json(r->o->format);
    if (!r->o->no_stream && !r->o->no_reset && !json && isatty(STDOUT_FILENO))
        fputs("\033[2J\033[H", stdout);
    struct cli_list how = { .format = r->o->format,
                            .def = default_format,
                            .title = "pod stats",
                            .headers = headers,
                            .indent = 4 };
    n = cli_print_list(rows, &how, r->x->err);
    return n == 0 && fflush(stdout) != 0 ? -EPIPE : n;
}

static int stats_run(struct cmd_ctx *x, void *args)
{
    const struct stats_args *o = args;
    struct rounds r = { .x = x, .o = o };

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
        nanosleep(&(struct timespec) { .tv_sec = 1 }, NULL);
    }
}

static const struct opt stats_opts[] = {
    O_BOOL('a', "all", struct stats_args, sel.all, "Provide stats for all pods"),
    O_STR(0, "format", struct stats_args, format, "template",
          "Pretty-print container statistics to JSON or using a Go template"),
    O_BOOL('l', "latest", struct stats_args, sel.latest,
           "Act on the latest pod podman is aware of"),
    O_BOOL(0, "no-reset", struct stats_args, no_reset,
           "Disable resetting the screen when streaming"),
    O_BOOL(0, "no-stream", struct stats_args, no_stream,
           "Disable streaming stats and only pull the first result"),
    { 0 },
};
static const struct opt *const stats_tables[] = { stats_opts, NULL };
const struct cmd cmd_pod_stats = {
    .name = "stats",
    .summary = "Display a live stream of resource usage statistics for the containers in one or "
               "more pods",
    .usage = "[options] [POD...]",
    .description = "Displays a live stream of resource usage statistics for the containers in one "
                   "or more pods.",
    .max_args = -1,
    .complete = COMPLETE_POD,
    .opts = stats_tables,
    .args_size = sizeof(struct stats_args),
    .run = stats_run,
};
