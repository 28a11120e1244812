/* podman ps (container ls, list) */
#include <inttypes.h>
#include <time.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/parse.h"
#include "cli/containers/commands.h"
#include "cli/containers/select.h"
#include "cli/format.h"
#include "engine/health.h"
#include "engine/networks.h"
#include "engine/pods.h"

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

static char *status_text(struct engine *e, struct arena *a, const struct container *c, int64_t now)
{
    struct health_state health;
    char text[64];

    switch (c->status) {
    case CTR_RUNNING:
        human_duration(now - c->run.started_at, text, sizeof(text));
        return container_health(e, a, c, &health)
                   ? arena_printf(a, "Up %s (%s)", text, health.status)
                   : arena_printf(a, "Up %s", text);
    case CTR_PAUSED:
        return arena_strdup(a, "Paused");
    case CTR_EXITED:
        if (!c->run.finished_at)
            return arena_printf(a, "Exited (%" PRId64 ")", c->run.exit_code);
        return arena_printf(a, "Exited (%" PRId64 ") %s ago", c->run.exit_code,
                            human_duration(now - c->run.finished_at, text, sizeof(text)));
    case CTR_CREATED:
        return arena_strdup(a, "Created");
    case CTR_INITIALIZED:
        return arena_strdup(a, "Initialized");
    case CTR_STOPPING:
        return arena_strdup(a, "Stopping");
    case CTR_STATUS_COUNT:
        break;
    }
    return arena_strdup(a, "");
}

static json_t *mounts_of(const struct container_config *c)
{
    json_t *out = json_array();

    for (size_t i = 0; i < c->mounts.n; i++)
        json_array_append_new(out, json_string(c->mounts.items[i].destination));
    return out;
}

static json_t *strings_of(char *const *v)
{
    json_t *out = json_array();

    for (; v && *v; v++)
        json_array_append_new(out, json_string(*v));
    return out;
}

static const struct {
    const char *json, *proc;
} namespace_files[] = {
    { "Mnt", "mnt" },   { "Cgroup", "cgroup" }, { "Ipc", "ipc" },   { "Net", "net" },
    { "Pidns", "pid" }, { "Uts", "uts" },       { "User", "user" },
};

static json_t *namespaces_of(const struct container *c)
{
    json_t *out = json_object();

    for (size_t i = 0; c->run.pid > 0 && i < ARRAY_SIZE(namespace_files); i++) {
        char path[64], link[64];
        snprintf(path, sizeof(path), "/proc/%" PRId64 "/ns/%s", c->run.pid,
                 namespace_files[i].proc);
        ssize_t n = readlink(path, link, sizeof(link) - 1);
        if (n <= 0)
            continue;
        link[n] = '\0'; /* "net:[4026531840]" */
        char *number = strchr(link, '[');
        if (number) {
            number[strcspn(number, "]")] = '\0';
            json_object_set_new(out, namespace_files[i].json, json_string(number + 1));
        }
    }
    return out;
}

static char **network_names(struct arena *a, const struct container_config *c)
{
    char **out = NULL;

    for (size_t i = 0; i < c->networks.n; i++)
        out = strv_add(a, out, c->networks.items[i].name);
    return out;
}

static json_t *ports_of(const struct container_config *c)
{
    json_t *out = c->ports.n ? json_array() : json_null();

    for (size_t i = 0; i < c->ports.n; i++) {
        const struct container_port *p = &c->ports.items[i];
        json_array_append_new(out, json_pack("{s:s,s:I,s:I,s:I,s:s}", "host_ip",
                                             p->host_ip ? p->host_ip : "", "container_port",
                                             (json_int_t)p->container_port, "host_port",
                                             (json_int_t)p->host_port, "range",
                                             (json_int_t)p->range, "protocol", p->protocol));
    }
    return out;
}

/* Exposed ports: number -> protocols. */
static json_t *exposed_of(const struct container_config *c)
{
    json_t *out = c->expose ? json_object() : json_null();

    for (char **x = c->expose; x && *x; x++) {
        char number[8];
        snprintf(number, sizeof(number), "%.*s", (int)strcspn(*x, "/"), *x);
        if (!json_object_get(out, number))
            json_object_set_new(out, number, json_array());
        json_array_append_new(json_object_get(out, number), json_string(*x + strcspn(*x, "/") + 1));
    }
    return out;
}

/* The document of --format json; the order is that of Podman's. */
static json_t *json_row(struct cmd_ctx *x, const struct ps_args *o, const struct container *c,
                        int64_t now)
{
    const struct container_config *k = &c->config;
    char human[64];
    json_t *row = json_pack(
        "{s:b,s:o,s:s,s:s,s:b,s:I,s:I,s:o,s:s,s:s,s:s,s:b,s:o,s:o,s:[s],s:o,s:o,s:I,s:s,s:s,s:o,"
        "s:I,s:n,s:I,s:s,s:s,s:I}",
        "AutoRemove", k->auto_remove, "Command", strings_of(k->command), "CreatedAt",
        arena_printf(x->arena, "%s ago", human_duration(now - k->created, human, sizeof(human))),
        "CIDFile", k->cid_file ? k->cid_file : "", "Exited", c->status == CTR_EXITED, "ExitedAt",
        (json_int_t)(c->run.finished_at ? c->run.finished_at / NSEC_PER_SEC : -62135596800LL),
        "ExitCode", (json_int_t)c->run.exit_code, "ExposedPorts", exposed_of(k), "Id", k->id,
        "Image", k->image_name ? k->image_name : "", "ImageID", k->image ? k->image : "", "IsInfra",
        k->infra, "Labels", k->labels.n ? kv_object(&k->labels) : json_null(), "Mounts",
        mounts_of(k), "Names", k->name, "Namespaces", o->ns ? namespaces_of(c) : json_object(),
        "Networks", strings_of(network_names(x->arena, k)), "Pid",
        (json_int_t)(c->alive ? c->run.pid : 0), "Pod", k->pod ? k->pod : "", "PodName",
        pod_name(cmd_engine(x), x->arena, k->pod), "Ports", ports_of(k), "Restarts",
        (json_int_t)c->run.restart_count, "Size", "StartedAt",
        (json_int_t)(c->run.started_at ? c->run.started_at / NSEC_PER_SEC : -62135596800LL),
        "State", container_status_names[c->status], "Status",
        status_text(cmd_engine(x), x->arena, c, now), "Created",
        (json_int_t)(k->created / NSEC_PER_SEC));
    return row;
}

/* The texts that a template sees, beside those of json_row(). */
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
    SET("Status", status_text(cmd_engine(x), a, c, now));
    SET("Ports", container_ports_text(cmd_engine(x), a, c));
    SET("Size", "");
    SET("Networks", strv_join(a, network_names(a, k), ","));
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
    for (size_t n = 0; o->ns && n < ARRAY_SIZE(namespace_files); n++) {
        json_t *v = json_object_get(json_object_get(row, "Namespaces"), namespace_files[n].json);
        json_object_set(row, namespace_files[n].proc, v ? v : json_object_get(row, "Pod"));
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
        json_t *row = json_row(x, o, &list.items[i], now);
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
