/* podman system df, prune, check */
#include <ctype.h>

#include "base/parse.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "engine/system.h"

#include "base/banned.h"

/* ---------- df ---------- */

struct df_args {
    char *format;
    bool verbose;
};

static int64_t number(const json_t *row, const char *key)
{
    return json_integer_value(json_object_get(row, key));
}

static const char *text(const json_t *row, const char *key)
{
    const char *s = json_string_value(json_object_get(row, key));

    return s ? s : "";
}

struct summary {
    const char *type;
    int64_t total, active, size, reclaimable;
};

static struct summary sum_images(const json_t *doc)
{
    const json_t *rows = json_object_get(doc, "Images");
    struct summary s = { .type = "Images",
                         .total = (int64_t)json_array_size(rows),
                         .size = number(doc, "ImagesSize") };
    int64_t used = 0;
    size_t i;
    json_t *row;

    json_array_foreach (rows, i, row) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = STR_EQ(text(json_array_get(rows, k), "ImageID"), text(row, "ImageID"));
        if (!seen && number(row, "Containers") > 0) {
            s.active++;
            used += number(row, "UniqueSize");
        }
    }
    s.reclaimable = s.size - used;
    return s;
}

static struct summary sum_containers(const json_t *doc)
{
    const json_t *rows = json_object_get(doc, "Containers");
    struct summary s = { .type = "Containers", .total = (int64_t)json_array_size(rows) };
    size_t i;
    json_t *row;

    json_array_foreach (rows, i, row) {
        bool runs = STR_EQ(text(row, "Status"), "running");
        s.active += runs;
        s.size += number(row, "RWSize");
        s.reclaimable += runs ? 0 : number(row, "RWSize");
    }
    return s;
}

static struct summary sum_volumes(const json_t *doc)
{
    const json_t *rows = json_object_get(doc, "Volumes");
    struct summary s = { .type = "Local Volumes", .total = (int64_t)json_array_size(rows) };
    size_t i;
    json_t *row;

    json_array_foreach (rows, i, row) {
        s.active += number(row, "Links");
        s.size += number(row, "Size");
        s.reclaimable += number(row, "ReclaimableSize");
    }
    return s;
}

static json_t *summary_row(struct cmd_ctx *x, const struct summary *s)
{
    char size[32], free_size[32];
    json_t *row = json_object();
    /* Rounded to the nearest, as Podman does. */
    int64_t percent = s->size > 0 ? (200 * s->reclaimable + s->size) / (2 * s->size) : 0;

    human_size_plain(s->size, size, sizeof(size));
    human_size_plain(s->reclaimable, free_size, sizeof(free_size));
    json_object_set_new(row, "Type", json_string(s->type));
    json_object_set_new(row, "Total", json_integer(s->total));
    json_object_set_new(row, "Active", json_integer(s->active));
    json_object_set_new(row, "RawSize", json_integer(s->size));
    json_object_set_new(row, "RawReclaimable", json_integer(s->reclaimable));
    json_object_set_new(row, "TotalCount", json_integer(s->total));
    json_object_set_new(row, "Size", json_string(size));
    json_object_set_new(
        row, "Reclaimable",
        json_string(arena_printf(x->arena, "%s (%lld%%)", free_size, (long long)percent)));
    return row;
}

static int print_summary(struct cmd_ctx *x, const struct df_args *o, const json_t *doc)
{
    const struct summary sums[] = { sum_images(doc), sum_containers(doc), sum_volumes(doc) };
    AUTO_JSON *rows = json_array();

    for (size_t i = 0; i < ARRAY_SIZE(sums); i++)
        json_array_append_new(rows, summary_row(x, &sums[i]));
    struct cli_list how = {
        .format = o->format,
        .def = "table {{.Type}}\t{{.Total}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
        .title = "df",
        .indent = 4,
    };
    return cli_print_list(rows, &how, x->err);
}

/* Sizes, IDs and times as a reader wants them. */
static void for_reading(struct cmd_ctx *x, json_t *rows)
{
    static const char *const sizes[] = { "Size", "SharedSize", "UniqueSize", "RWSize" };
    static const char *const ids[] = { "ImageID", "ContainerID", "Image" };
    size_t i, k;
    json_t *row, *word;
    int64_t when;
    char out[64];

    json_array_foreach (rows, i, row) {
        for (k = 0; k < ARRAY_SIZE(sizes); k++)
            if (json_object_get(row, sizes[k]))
                json_object_set_new(
                    row, sizes[k],
                    json_string(human_size_plain(number(row, sizes[k]), out, sizeof(out))));
        for (k = 0; k < ARRAY_SIZE(ids); k++)
            if (json_object_get(row, ids[k]))
                json_object_set_new(
                    row, ids[k], json_string(arena_printf(x->arena, "%.12s", text(row, ids[k]))));
        if (parse_rfc3339(text(row, "Created"), &when) == 0) {
            human_duration(time_now() - when, out, sizeof(out));
            json_object_set_new(row, "Created", json_string(out));
        }
        char **words = NULL;
        json_array_foreach (json_object_get(row, "Command"), k, word)
            words = strv_add(x->arena, words, json_string_value(word));
        if (json_object_get(row, "Command"))
            json_object_set_new(row, "Command",
                                json_string(words ? strv_join(x->arena, words, " ") : ""));
    }
}

static int print_verbose(struct cmd_ctx *x, const json_t *doc)
{
    static const struct cli_header headers[] = {
        { "ImageID", "IMAGE ID" },           { "SharedSize", "SHARED SIZE" },
        { "UniqueSize", "UNIQUE SIZE" },     { "ContainerID", "CONTAINER ID" },
        { "LocalVolumes", "LOCAL VOLUMES" }, { "RWSize", "SIZE" },
        { "VolumeName", "VOLUME NAME" },     { NULL, NULL }
    };
    static const struct {
        const char *key, *title, *row;
    } parts[] = {
        { "Images", "Images space usage:\n\n",
          "table {{.Repository}}\t{{.Tag}}\t{{.ImageID}}\t{{.Created}}\t{{.Size}}\t{{.SharedSize}}"
          "\t{{.UniqueSize}}\t{{.Containers}}" },
        { "Containers", "\nContainers space usage:\n\n",
          "table {{.ContainerID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.RWSize}}"
          "\t{{.Created}}\t{{.Status}}\t{{.Names}}" },
        { "Volumes", "\nLocal Volumes space usage:\n\n",
          "table {{.VolumeName}}\t{{.Links}}\t{{.Size}}" },
    };
    int r = 0;

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++) {
        json_t *rows = json_object_get(doc, parts[i].key);
        struct cli_list how = { .def = parts[i].row, .title = "df", .headers = headers };
        for_reading(x, rows);
        fputs(parts[i].title, stdout);
        r = cli_print_list(rows, &how, x->err);
    }
    return r;
}

static int df_run(struct cmd_ctx *x, void *args)
{
    const struct df_args *o = args;

    if (o->format && o->verbose)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "cannot combine --format and --verbose flags");
    struct engine *e = cmd_engine(x);
    AUTO_JSON *doc = e ? system_df(e, x->arena, x->err) : NULL;
    if (!doc)
        return -EIO;
    return o->verbose ? print_verbose(x, doc) : print_summary(x, o, doc);
}

static const struct opt df_opts[] = {
    O_STR(0, "format", struct df_args, format, "format",
          "Pretty-print disk usage using JSON or a Go template"),
    O_BOOL('v', "verbose", struct df_args, verbose, "Show detailed information on disk usage"),
    { 0 },
};
static const struct opt *const df_tables[] = { df_opts, NULL };
const struct cmd cmd_system_df = {
    .name = "df",
    .summary = "Show podman disk usage",
    .usage = "[options]",
    .description = "Show podman disk usage",
    .opts = df_tables,
    .args_size = sizeof(struct df_args),
    .run = df_run,
};

/* ---------- prune ---------- */

struct prune_args {
    char **filter;
    bool all, build, external, force, volumes;
};

static bool confirmed(const struct prune_args *o)
{
    return cmd_confirmed("WARNING! This command removes:\n"
                         "\t- all stopped containers\n"
                         "\t- all networks not used by at least one container%s%s\n"
                         "\t- all %s\n"
                         "\t- all %sbuild cache\n",
                         o->volumes ? "\n\t- all volumes not used by at least one container" : "",
                         o->build ? "\n\t- all build containers" : "",
                         o->all ? "images without at least one container associated with them"
                                : "dangling images",
                         o->all ? "" : "dangling ");
}

static void print_names(const char *title, char *const *names)
{
    if (names && *names)
        puts(title);
    for (; names && *names; names++)
        puts(*names);
}

static int prune_run(struct cmd_ctx *x, void *args)
{
    const struct prune_args *o = args;
    const struct system_prune_options p = {
        .all = o->all, .volumes = o->volumes, .external = o->external, .filters = o->filter
    };
    struct system_pruned gone = { 0 };
    char size[32];

    if (!o->force && !o->external && !confirmed(o))
        return 0;
    struct engine *e = cmd_engine(x);
    int r = e ? system_prune(e, x->arena, &p, &gone, x->err) : -EIO;
    print_names("Deleted Containers", gone.containers);
    print_names("Deleted Pods", gone.pods);
    print_names("Deleted Volumes", gone.volumes);
    print_names("Deleted Images", gone.images);
    print_names("Deleted Networks", gone.networks);
    if (r < 0)
        return r;
    if (!o->external)
        printf("Total reclaimed space: %s\n", human_size_plain(gone.bytes, size, sizeof(size)));
    fflush(stdout);
    for (char **p2 = gone.problems; p2 && *p2; p2++)
        fprintf(stderr, "Error: %s\n", *p2);
    return gone.problems ? 125 : 0;
}

static const struct opt prune_opts[] = {
    O_BOOL('a', "all", struct prune_args, all, "Remove all unused data"),
    /* A build that was cut off leaves directories without a record: those always go. */
    O_BOOL(0, "build", struct prune_args, build, "Remove build containers"),
    O_BOOL(0, "external", struct prune_args, external,
           "Remove only what no record tells of: cut-off downloads, layers, directories"),
    O_STRV(0, "filter", struct prune_args, filter, "key=value",
           "Provide filter values (e.g. 'label=<key>=<value>')"),
    O_BOOL('f', "force", struct prune_args, force, "Do not prompt for confirmation"),
    O_BOOL(0, "volumes", struct prune_args, volumes, "Prune volumes"),
    { 0 },
};
static const struct opt *const prune_tables[] = { prune_opts, NULL };
static const char *const prune_examples[] = { "podman system prune", NULL };
const struct cmd cmd_system_prune = {
    .name = "prune",
    .summary = "Remove unused data",
    .usage = "[options]",
    .description = "Remove unused data",
    .examples = prune_examples,
    .opts = prune_tables,
    .args_size = sizeof(struct prune_args),
    .run = prune_run,
};

/* ---------- check ---------- */

struct check_args {
    char *max;
    bool quick, repair, lossy;
};

static int check_once(struct cmd_ctx *x, struct engine *e, const struct system_check_options *o,
                      bool *ret_damaged)
{
    struct system_checked res = { 0 };
    int r = system_check(e, x->arena, o, &res, x->err);

    for (size_t i = 0; i < res.problems.n; i++) {
        const struct system_problem *p = &res.problems.items[i];
        printf("Damaged %s %s: %s\n", p->kind, p->object, p->what);
    }
    for (char **d = res.done; d && *d; d++)
        puts(*d);
    *ret_damaged = res.problems.n > 0;
    return r;
}

static int check_run(struct cmd_ctx *x, void *args)
{
    const struct check_args *o = args;
    struct system_check_options c = { .quick = o->quick, .repair = o->repair, .lossy = o->lossy };
    bool damaged = false;

    if (parse_duration(o->max, &c.max_age_ns) < 0 || c.max_age_ns < 0)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "invalid argument \"%s\" for \"-m, --max\" flag: time: invalid duration",
                       o->max);
    struct engine *e = cmd_engine(x);
    int r = e ? check_once(x, e, &c, &damaged) : -EIO;
    if (r < 0 || !damaged)
        return r;
    if (!o->repair && !o->lossy)
        return err_set(x->err, ERR_INTERNAL, EUCLEAN, "damage detected in local storage");
    c.repair = c.lossy = false;
    r = check_once(x, e, &c, &damaged);
    if (r == 0 && damaged)
        return err_set(x->err, ERR_INTERNAL, EUCLEAN,
                       "damage in local storage still present after repair attempt");
    return r;
}

static const struct opt check_opts[] = {
    O_BOOL('f', "force", struct check_args, lossy, "Remove inconsistent images and containers"),
    O_STR('m', "max", struct check_args, max, "duration",
          "Maximum allowed age of unreferenced layers", .def = "24h0m0s"),
    O_BOOL('q', "quick", struct check_args, quick,
           "Skip time-consuming checks: what is there is not read"),
    O_BOOL('r', "repair", struct check_args, repair,
           "Unpack damaged layers again and remove images that cannot be mended"),
    O_BOOL(0, "repair-lossy", struct check_args, lossy,
           "Remove inconsistent images and containers"),
    { 0 },
};
static const struct opt *const check_tables[] = { check_opts, NULL };
static const char *const check_examples[] = { "podman system check", "podman system check --quick",
                                              "podman system check -r", NULL };
const struct cmd cmd_system_check = {
    .name = "check",
    .summary = "Check storage consistency",
    .usage = "[options]",
    .description = "Check storage for consistency and repair or remove what is damaged",
    .examples = check_examples,
    .opts = check_tables,
    .args_size = sizeof(struct check_args),
    .run = check_run,
};
