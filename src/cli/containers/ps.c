/* podman ps (container ls, list) */
#include <inttypes.h>
#include <time.h>

#include "base/json.h"
#include "base/parse.h"
#include "cli/containers/commands.h"
#include "cli/containers/select.h"
#include "cli/format.h"
#include "engine/networks.h"
#include "engine/pods.h"
#include "engine/summary.h"

#include "base/banned.h"

struct ps_args {
    char **filter;
    char *format, *sort;
    int64_t last;
    uint64_t watch;
    bool all, external, latest, no_trunc, noheading, ns, pod, quiet, size, sync;
};

/* ---------- rows ---------- */

static char *command_text(struct arena *a, const struct container_config *c, bool trunc)
{
    /* Podman shows what follows the entrypoint, as the image or the user gave it. */
    char *s = strv_join(a, c->command, " ");

    if (trunc && strlen(s) > 20)
        return arena_printf(a, "%.17s...", s);
    return s;
}

/* The texts that a template sees, beside those of container_summary(). */
static void text_fields(struct cmd_ctx *x, const struct ps_args *o, const struct container *c,
                        int64_t now, json_t *row)
{
    const struct container_config *k = &c->config;
    struct arena *a = x->arena;
    char human[64], stamp[TIME_TEXT_MAX];
    bool trunc = !o->no_trunc;
    char *ago = arena_printf(a, "%s ago", human_duration(now - k->created, human, sizeof(human)));

#define SET(key, val) json_object_set_new(row, key, json_string(val))
    SET("ID", trunc ? arena_strndup(a, k->id, 12) : k->id);
    SET("ImageID", trunc && k->image ? arena_strndup(a, k->image, strnlen(k->image, 12))
                   : k->image        ? k->image
                                     : "");
    SET("Pod", !k->pod ? "" : trunc ? arena_strndup(a, k->pod, 12) : k->pod);
    SET("Command", command_text(a, k, trunc));
    SET("Names", k->name);
    SET("CreatedAt", time_format_go(k->created, stamp));
    SET("CreatedHuman", ago);
    SET("RunningFor", ago);
    SET("Status", container_status_text(cmd_engine(x), a, c, now));
    SET("Ports", container_ports_text(cmd_engine(x), a, c));
    SET("Size", "");
    SET("Networks", strv_join(a, container_network_names(a, k), ","));
    json_t *mounts = json_object_get(row, "Mounts");
    AUTO_BUF b = { 0 };
    size_t i;
    json_t *each;
    json_array_foreach (mounts, i, each)
        buf_printf(&b, "%s%s", i ? "," : "", json_string_value(each));
    SET("Mounts", b.data ? b.data : "");
    buf_reset(&b);
    for (size_t n = 0; n < k->labels.n; n++)
        buf_printf(&b, "%s%s=%s", n ? "," : "", k->labels.items[n].key, k->labels.items[n].val);
    /* .Labels prints as Docker's list; .Label "key" reads the map beside it. */
    json_object_set_new(row, "LabelMap", kv_object(&k->labels));
    SET("Labels", b.data ? b.data : "");
    for (size_t n = 0; o->ns && n < CTR_NAMESPACES; n++) {
        json_t *v = json_object_get(json_object_get(row, "Namespaces"),
                                    container_namespaces[n].json);
        json_object_set(row, container_namespaces[n].proc, v ? v : json_object_get(row, "Pod"));
    }
#undef SET
}

static int size_field(struct cmd_ctx *x, const struct container *c, bool json, json_t *row)
{
    int64_t rw, root;
    char a[32], b[32];
    int r = container_size(cmd_engine(x), c, &rw, &root, x->err);

    if (r < 0)
        return r;
    json_object_set_new(
        row, "Size",
        json ? json_pack("{s:I,s:I}", "rootFsSize", (json_int_t)root, "rwSize", (json_int_t)rw)
             : json_string(arena_printf(x->arena, "%s (virtual %s)", human_size(rw, a, sizeof(a)),
                                        human_size(root, b, sizeof(b)))));
    return 0;
}

/* ---------- choosing and ordering ---------- */

static const char *sort_key;

static int compare(const void *px, const void *py)
{
    const struct container *x = px, *y = py;
#define CMP(u, v) (((u) > (v)) - ((u) < (v)))
    if (STR_EQ(sort_key, "id"))
        return strcmp(x->config.id, y->config.id);
    if (STR_EQ(sort_key, "image"))
        return strcmp(x->config.image_name ? x->config.image_name : "",
                      y->config.image_name ? y->config.image_name : "");
    if (STR_EQ(sort_key, "names"))
        return strcmp(x->config.name, y->config.name);
    if (STR_EQ(sort_key, "runningfor"))
        return CMP(x->run.started_at, y->run.started_at);
    if (STR_EQ(sort_key, "status"))
        return strcmp(container_status_names[x->status], container_status_names[y->status]);
    if (STR_EQ(sort_key, "command"))
        return strcmp(x->config.command ? x->config.command[0] : "",
                      y->config.command ? y->config.command[0] : "");
    return CMP(x->config.created, y->config.created);
#undef CMP
}

static int choose(struct cmd_ctx *x, const struct ps_args *o, struct container_list *list)
{
    struct engine *e = cmd_engine(x);
    bool status_asked = false;

    if (!e)
        return -EIO;
    for (char **f = o->filter; f && *f; f++)
        status_asked |= str_starts(*f, "status=") || str_starts(*f, "exited=");
    int r = container_list(e, x->arena, list, x->err);
    if (r == 0)
        r = container_filter(e, x->arena, list, o->filter, x->err);
    if (r < 0)
        return r;
    if (!o->all && !status_asked && !o->latest && o->last <= 0) {
        size_t kept = 0;
        for (size_t i = 0; i < list->n; i++)
            if (list->items[i].status == CTR_RUNNING || list->items[i].status == CTR_STOPPING)
                list->items[kept++] = list->items[i];
        list->n = kept;
    }
    size_t last = o->latest ? 1 : o->last > 0 ? (size_t)o->last : list->n;
    if (last < list->n) {
        list->items += list->n - last;
        list->n = last;
    }
    sort_key = o->sort ? o->sort : "created";
    if (list->n)
        qsort(list->items, list->n, sizeof(*list->items), compare);
    return 0;
}

static const char default_format[] =
    "table "
    "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.CreatedHuman}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
static const char ns_format[] = "table "
                                "{{.ID}}\t{{.Names}}\t{{.Pid}}\t{{.cgroup}}\t{{.ipc}}\t{{.mnt}}\t{{"
                                ".net}}\t{{.pid}}\t{{.uts}}\t{{.user}}";

static const struct cli_header headers[] = {
    { "ID", "CONTAINER ID" },
    { "CreatedHuman", "CREATED" },
    { "RunningFor", "CREATED" },
    { "PodName", "PODNAME" },
    { "Pod", "POD ID" },
    { "ImageID", "IMAGE ID" },
    { "CreatedAt", "CREATED AT" },
    { "StartedAt", "STARTED AT" },
    { "ExitedAt", "EXITED AT" },
    { "ExitCode", "EXIT CODE" },
    { "IsInfra", "IS INFRA" },
    { "Pid", "PID" },
    { "cgroup", "CGROUPNS" },
    { "ipc", "IPC" },
    { "mnt", "MNT" },
    { "net", "NET" },
    { "pid", "PIDNS" },
    { "uts", "UTS" },
    { "user", "USERNS" },
    { NULL, NULL },
};

static int print(struct cmd_ctx *x, const struct ps_args *o)
{
    struct container_list list = { 0 };
    int64_t now = time_now();
    int r = choose(x, o, &list);

    if (r < 0)
        return r;
    if (o->quiet && !o->format) {
        for (size_t i = 0; i < list.n; i++)
            printf("%.*s\n", o->no_trunc ? 64 : 12, list.items[i].config.id);
        return 0;
    }
    bool json = o->format && cli_format_is_json(o->format);
    AUTO_JSON *rows = json_array();
    for (size_t i = 0; r == 0 && i < list.n; i++) {
        json_t *row = container_summary(cmd_engine(x), x->arena, &list.items[i], o->ns, now);
        if (!json)
            text_fields(x, o, &list.items[i], now, row);
        if (o->size)
            r = size_field(x, &list.items[i], json, row);
        json_array_append_new(rows, row);
    }
    if (r < 0)
        return r;
    const char *own = o->ns ? ns_format
                      : o->pod
                          ? arena_printf(x->arena, "%s\t{{.Pod}}\t{{.PodName}}", default_format)
                          : default_format;
    if (o->size)
        own = arena_printf(x->arena, "%s\t{{.Size}}", own);
    struct cli_list how = { .format = o->format,
                            .def = own,
                            .title = "ps",
                            .headers = headers,
                            .no_heading = o->noheading };
    return cli_print_list(rows, &how, x->err);
}

static int ps_run(struct cmd_ctx *x, void *args)
{
    struct ps_args *o = args;

    if (o->latest && (o->all || o->last > 0))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--all, --last and --latest cannot be used together");
    if (o->quiet && o->format)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "quiet and format cannot be used together");
    if (o->quiet && o->size)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "quiet and size cannot be used together");
    if (o->sort && STR_EQ(o->sort, "size") && !o->size)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "--sort size needs --size");
    for (;;) {
        if (o->watch)
            fputs("\033[H\033[2J", stdout);
        int r = print(x, o);
        if (r < 0 || !o->watch)
            return r;
        fflush(stdout);
        struct timespec ts = { .tv_sec = (time_t)o->watch };
        nanosleep(&ts, NULL);
    }
}

static const struct opt ps_opts[] = {
    O_BOOL('a', "all", struct ps_args, all,
           "Show all the containers, default is only running containers"),
    O_BOOL(0, "external", struct ps_args, external,
           "Show containers in storage not controlled by Podman"),
    O_STRV('f', "filter", struct ps_args, filter, "key=value",
           "Filter output based on conditions given"),
    O_STR(0, "format", struct ps_args, format, "template",
          "Pretty-print containers to JSON or using a Go template"),
    O_INT('n', "last", struct ps_args, last, "number",
          "Print the n last created containers (all states)", .def = "-1"),
    O_BOOL('l', "latest", struct ps_args, latest, "Show the latest container created (all states)"),
    O_BOOL(0, "no-trunc", struct ps_args, no_trunc, "Display the extended information"),
    O_BOOL(0, "noheading", struct ps_args, noheading, "Do not print headers"),
    O_BOOL(0, "ns", struct ps_args, ns, "Display namespace information"),
    O_BOOL('p', "pod", struct ps_args, pod,
           "Print the ID and name of the pod the containers are associated with"),
    O_BOOL('q', "quiet", struct ps_args, quiet, "Print the numeric IDs of the containers only"),
    O_BOOL('s', "size", struct ps_args, size, "Display the total file sizes"),
    O_STR(0, "sort", struct ps_args, sort, "field", "Sort output by",
          .choices = "command|created|id|image|names|runningfor|size|status"),
    O_BOOL(0, "sync", struct ps_args, sync, "Sync container state with OCI runtime",
           .flags = OPTF_HIDDEN),
    O_UINT('w', "watch", struct ps_args, watch, "seconds",
           "Watch the ps output on an interval in seconds"),
    { 0 },
};
static const struct opt *const ps_tables[] = { ps_opts, NULL };
static const char *const ps_examples[] = {
    "podman ps -a", "podman ps -a --format \"{{.ID}}  {{.Image}}  {{.Labels}}  {{.Mounts}}\"",
    "podman ps --size --sort names", NULL
};
const struct cmd cmd_ps = {
    .name = "ps",
    .summary = "List containers",
    .usage = "[options]",
    .description = "Prints out information about the containers",
    .examples = ps_examples,
    .max_args = 0,
    .flags = CMD_NO_USERNS,
    .opts = ps_tables,
    .args_size = sizeof(struct ps_args),
    .run = ps_run,
};
