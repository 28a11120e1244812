/* podman pod ps (ls, list) */
#include "base/parse.h"
#include "cli/format.h"
#include "cli/pods/pods.h"

#include "base/banned.h"

struct ps_args {
    char **filter, *format, *sort;
    bool ctr_ids, ctr_names, ctr_status, latest, no_trunc, noheading, ns, quiet;
};

/* One text of all members: "" beneath a column that needs none. */
static char *joined(struct arena *a, const struct pod *p, bool trunc,
                    const char *(*text)(const struct container *))
{
    char **out = NULL;

    for (size_t i = 0; i < p->members.n; i++) {
        const char *s = text(&p->members.items[i]);
        out = strv_add(a, out, trunc ? arena_printf(a, "%.12s", s) : s);
    }
    return strv_join(a, out, ",");
}

static const char *id_of(const struct container *c)
{
    return c->config.id;
}

static const char *name_of(const struct container *c)
{
    return c->config.name;
}

static const char *status_of(const struct container *c)
{
    return container_status_names[c->status];
}

/* What a template sees beside the keys of the document. */
static void text_fields(struct cmd_ctx *x, const struct ps_args *o, const struct pod *p,
                        json_t *row)
{
    struct arena *a = x->arena;
    const struct container *infra = pod_infra(p);
    bool trunc = !o->no_trunc;
    char human[64];
    int64_t restarts = 0;
    char **labels = NULL;

#define SET(key, val) json_object_set_new(row, key, json_string(val))
    SET("ID", trunc ? arena_strndup(a, p->config.id, 12) : p->config.id);
    SET("Created",
        arena_printf(a, "%s ago",
                     human_duration(time_now() - p->config.created, human, sizeof(human))));
    SET("InfraID", !infra ? "" : trunc ? arena_strndup(a, infra->config.id, 12) : infra->config.id);
    SET("ContainerIds", joined(a, p, trunc, id_of));
    SET("ContainerNames", joined(a, p, trunc, name_of));
    SET("ContainerStatuses", joined(a, p, false, status_of));
    SET("NumberOfContainers", arena_printf(a, "%zu", p->members.n));
    for (size_t i = 0; i < p->members.n; i++)
        restarts += p->members.items[i].run.restart_count;
    SET("Restarts", arena_printf(a, "%lld", (long long)restarts));
    for (size_t i = 0; i < p->config.labels.n; i++)
        labels = strv_add(
            a, labels,
            arena_printf(a, "%s=%s", p->config.labels.items[i].key, p->config.labels.items[i].val));
    /* .Labels prints as a list; .Label "key" reads the map beside it. */
    json_object_set_new(row, "LabelMap", kv_object(&p->config.labels));
    SET("Labels", strv_join(a, labels, ","));
    char **networks = NULL;
    for (size_t i = 0; infra && i < infra->config.networks.n; i++)
        networks = strv_add(a, networks, infra->config.networks.items[i].name);
    SET("Networks", strv_join(a, networks, ","));
#undef SET
}

static const char *sort_key;

static int compare(const void *px, const void *py)
{
    const struct pod *x = px, *y = py;

    if (STR_EQ(sort_key, "id"))
        return strcmp(x->config.id, y->config.id);
    if (STR_EQ(sort_key, "name"))
        return strcmp(x->config.name, y->config.name);
    if (STR_EQ(sort_key, "status"))
        return strcmp(pod_status_names[x->status], pod_status_names[y->status]);
    if (STR_EQ(sort_key, "number"))
        return (x->members.n > y->members.n) - (x->members.n < y->members.n);
    return (y->config.created > x->config.created) - (y->config.created < x->config.created);
}

static const struct cli_header headers[] = {
    { "ID", "POD ID" },
    { "Created", "CREATED" },
    { "InfraID", "INFRA ID" },
    { "ContainerIds", "IDS" },
    { "ContainerNames", "NAMES" },
    { "ContainerStatuses", "STATUS" },
    { "NumberOfContainers", "# OF CONTAINERS" },
    { "Cgroup", "CGROUP" },
    { "Namespace", "NAMESPACES" },
    { "Networks", "NETWORKS" },
    { NULL, NULL },
};

static const char *default_format(struct arena *a, const struct ps_args *o)
{
    AUTO_BUF b = { 0 };

    buf_puts(&b, "table {{.ID}}\t{{.Name}}\t{{.Status}}\t{{.Created}}\t{{.InfraID}}");
    if (o->ctr_ids)
        buf_puts(&b, "\t{{.ContainerIds}}");
    if (o->ctr_names)
        buf_puts(&b, "\t{{.ContainerNames}}");
    if (o->ctr_status)
        buf_puts(&b, "\t{{.ContainerStatuses}}");
    if (o->ns)
        buf_puts(&b, "\t{{.Cgroup}}\t{{.Namespace}}");
    if (!o->ctr_ids && !o->ctr_names && !o->ctr_status)
        buf_puts(&b, "\t{{.NumberOfContainers}}");
    return arena_strdup(a, b.data);
}

static int choose(struct cmd_ctx *x, const struct ps_args *o, struct pod_list *list)
{
    struct engine *e = cmd_engine(x);
    int r;

    if (!e)
        return -EIO;
    if (o->latest) {
        struct pod p = { 0 };
        r = pod_latest(e, x->arena, &p, x->err);
        if (r == 0)
            *LIST_ADD(x->arena, *list) = p;
    } else
        r = pod_list(e, x->arena, list, x->err);
    if (r == 0)
        r = pod_filter(e, x->arena, list, o->filter, x->err);
    sort_key = o->sort;
    if (r == 0 && list->n)
        qsort(list->items, list->n, sizeof(*list->items), compare);
    return r;
}

static int ps_run(struct cmd_ctx *x, void *args)
{
    const struct ps_args *o = args;
    struct pod_list list = { 0 };
    bool json = o->format && cli_format_is_json(o->format);

    if (o->quiet && o->format)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "quiet and format cannot be used together");
    int r = choose(x, o, &list);
    if (r < 0)
        return r;
    AUTO_JSON *rows = json_array();
    for (size_t i = 0; i < list.n; i++) {
        if (o->quiet) {
            printf("%.*s\n", o->no_trunc ? 64 : 12, list.items[i].config.id);
            continue;
        }
        json_t *row = pod_entry(cmd_engine(x), x->arena, &list.items[i]);
        if (!json)
            text_fields(x, o, &list.items[i], row);
        json_array_append_new(rows, row);
    }
    if (o->quiet)
        return 0;
    struct cli_list how = { .format = o->format,
                            .def = default_format(x->arena, o),
                            .title = "pod ps",
                            .headers = headers,
                            .no_heading = o->noheading,
                            .indent = 5 };
    return cli_print_list(rows, &how, x->err);
}

static const struct opt ps_opts[] = {
    O_BOOL(0, "ctr-ids", struct ps_args, ctr_ids, "Display the container UUIDs"),
    O_BOOL(0, "ctr-names", struct ps_args, ctr_names, "Display the container names"),
    O_BOOL(0, "ctr-status", struct ps_args, ctr_status, "Display the container status"),
    O_STRV('f', "filter", struct ps_args, filter, "key=value",
           "Filter output based on conditions given"),
    O_STR(0, "format", struct ps_args, format, "template",
          "Pretty-print pods to JSON or using a Go template"),
    O_BOOL('l', "latest", struct ps_args, latest, "Act on the latest pod podman is aware of"),
    O_BOOL(0, "no-trunc", struct ps_args, no_trunc, "Do not truncate pod and container IDs"),
    O_BOOL(0, "notruncate", struct ps_args, no_trunc, "The same as --no-trunc",
           .flags = OPTF_HIDDEN),
    O_BOOL('n', "noheading", struct ps_args, noheading, "Do not print headers"),
    O_BOOL(0, "ns", struct ps_args, ns, "Display namespace information of the pod"),
    O_BOOL(0, "namespace", struct ps_args, ns, "The same as --ns", .flags = OPTF_HIDDEN),
    O_BOOL('q', "quiet", struct ps_args, quiet, "Print the numeric IDs of the pods only"),
    O_STR(0, "sort", struct ps_args, sort, "field", "Sort output by", .def = "created",
          .choices = "created|id|name|status|number"),
    { 0 },
};
static const struct opt *const ps_tables[] = { ps_opts, NULL };
static const char *const ps_aliases[] = { "ls", "list", NULL };
const struct cmd cmd_pod_ps = {
    .name = "ps",
    .aliases = ps_aliases,
    .summary = "List pods",
    .usage = "[options]",
    .description = "List all pods on system including their names, ids and current state.",
    .flags = CMD_NO_USERNS,
    .opts = ps_tables,
    .args_size = sizeof(struct ps_args),
    .run = ps_run,
};
