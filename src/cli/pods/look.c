/* podman pod inspect, logs, top */
#include "base/texttable.h"
#include "cli/containers/logs.h"
#include "cli/containers/select.h"
#include "cli/format.h"
#include "cli/pods/pods.h"

#include "base/banned.h"

/* ---------- inspect ---------- */

struct inspect_args {
    char *format;
    bool latest;
};

void pod_template_names(json_t *doc)
{
    static const char *const names[][2] = {
        { "ID", "Id" },
        { "CPUPeriod", "cpu_period" },
        { "CPUQuota", "cpu_quota" },
        { "CPUShares", "cpu_shares" },
        { "CPUSetCPUs", "cpuset_cpus" },
        { "CPUSetMems", "cpuset_mems" },
        { "Mounts", "mounts" },
        { "Devices", "devices" },
        { "BlkioDeviceReadBps", "device_read_bps" },
        { "BlkioDeviceWriteBps", "device_write_bps" },
        { "VolumesFrom", "volumes_from" },
        { "SecurityOpts", "security_opt" },
        { "MemoryLimit", "memory_limit" },
        { "MemorySwap", "memory_swap" },
        { "BlkioWeight", "blkio_weight" },
        { "BlkioWeightDevice", "blkio_weight_device" },
    };
    static const char *const texts[] = { "Namespace",  "ExitPolicy",       "CgroupParent",
                                         "CgroupPath", "InfraContainerID", "RestartPolicy",
                                         NULL };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        json_t *v = json_object_get(doc, names[i][1]);
        if (v)
            json_object_set(doc, names[i][0], v);
        else if (STR_IN(names[i][0], "Mounts", "Devices", "BlkioDeviceReadBps",
                        "BlkioDeviceWriteBps", "VolumesFrom", "SecurityOpts", "BlkioWeightDevice"))
            json_object_set_new(doc, names[i][0], json_array());
        else if (str_starts(names[i][0], "CPUSet"))
            json_object_set_new(doc, names[i][0], json_string(""));
        else
            json_object_set_new(doc, names[i][0], json_integer(0));
    }
    for (const char *const *t = texts; *t; t++)
        if (!json_object_get(doc, *t))
            json_object_set_new(doc, *t, json_string(""));
    for (const char *const *t =
             (const char *const[]) { "CreateCommand", "SharedNamespaces", "Containers", NULL };
         *t; t++)
        if (!json_object_get(doc, *t))
            json_object_set_new(doc, *t, json_array());
    if (!json_object_get(doc, "Labels"))
        json_object_set_new(doc, "Labels", json_object());
    if (!json_object_get(doc, "InfraConfig"))
        json_object_set_new(doc, "InfraConfig", json_null());
}

static int inspect_run(struct cmd_ctx *x, void *args)
{
    const struct inspect_args *o = args;
    struct pod_select sel = { .latest = o->latest };
    struct pod_targets list = { 0 };
    bool json = !o->format || cli_format_is_json(o->format);
    AUTO_JSON *docs = json_array();
    int code, r = pod_select(x, &sel, &list, &code);

    for (size_t i = 0; r == 0 && i < list.n; i++) {
        json_t *doc = pod_inspect(cmd_engine(x), x->arena, &list.items[i].p);
        if (!json)
            pod_template_names(doc);
        json_array_append_new(docs, doc);
    }
    if (r < 0)
        return r;
    struct cli_list how = { .format = json ? NULL : o->format,
                            .title = "pod inspect",
                            .indent = 5 };
    r = cli_print_list(docs, &how, x->err);
    return r < 0 ? r : code;
}

static const struct opt inspect_opts[] = {
    O_STR('f', "format", struct inspect_args, format, "template",
          "Format the output to a Go template or json", .def = "json"),
    O_BOOL('l', "latest", struct inspect_args, latest, "Act on the latest pod podman is aware of"),
    { 0 },
};
static const struct opt *const inspect_tables[] = { inspect_opts, NULL };
const struct cmd cmd_pod_inspect = {
    .name = "inspect",
    .summary = "Display a pod configuration",
    .usage = "[options] POD [POD...]",
    .description = "Displays the configuration of one or more pods by name or ID.",
    .max_args = -1,
    .flags = CMD_NO_USERNS,
    .complete = COMPLETE_POD,
    .opts = inspect_tables,
    .args_size = sizeof(struct inspect_args),
    .run = inspect_run,
};

/* ---------- logs ---------- */

struct logs_of_pod {
    struct logs_args logs;
    char *container;
};

static int logs_run(struct cmd_ctx *x, void *args)
{
    struct logs_of_pod *o = args;
    struct target_list list = { 0 };
    struct pod p;

    if (x->nargs > 1)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "only one pod can be given");
    int r = pod_select_one(x, o->logs.latest, x->args[0], &p);
    if (r < 0)
        return r;
    struct container only = { 0 };
    if (o->container &&
        (r = container_find(cmd_engine(x), x->arena, o->container, &only, x->err)) < 0)
        return r;
    for (size_t i = 0; i < p.members.n; i++) {
        const struct container *c = &p.members.items[i];
        if (o->container ? STR_EQ(c->config.id, only.config.id) : !c->config.infra)
            *LIST_ADD(x->arena, list) = (struct target) { c->config.name, *c };
    }
    if (o->container && !list.n)
        return err_set(x->err, ERR_NOT_FOUND, ENOENT,
                       "container %s is not in pod %s: no such container", o->container,
                       p.config.id);
    o->logs.prefix = true;
    return logs_print(x, &o->logs, &list);
}

#define L struct logs_of_pod
static const struct opt logs_opts[] = {
    O_BOOL(0, "color", L, logs.color,
           "Output the containers within a pod with different colors in "
           "the log"),
    O_STR('c', "container", L, container, "name",
          "Filter logs by container name or id which "
          "belongs to pod",
          .complete = COMPLETE_CONTAINER),
    O_BOOL(0, "details", L, logs.details, "Show extra details provided to the logs",
           .flags = OPTF_HIDDEN),
    O_BOOL('f', "follow", L, logs.follow, "Follow log output"),
    O_BOOL('l', "latest", L, logs.latest, "Act on the latest pod podman is aware of"),
    O_BOOL('n', "names", L, logs.names,
           "Output container names instead of container IDs in the "
           "log"),
    O_STR(0, "since", L, logs.since, "time", "Show logs since TIMESTAMP"),
    O_INT(0, "tail", L, logs.tail, "lines",
          "Output the specified number of LINES at the end of the logs (-1 prints all lines)",
          .def = "-1"),
    O_BOOL('t', "timestamps", L, logs.timestamps, "Output the timestamps in the log"),
    O_STR(0, "until", L, logs.until, "time", "Show logs until TIMESTAMP"),
    { 0 },
};
static const struct opt *const logs_tables[] = { logs_opts, NULL };
const struct cmd cmd_pod_logs = {
    .name = "logs",
    .summary = "Fetch logs for pod with one or more containers",
    .usage = "[options] POD",
    .description = "Displays the logs of the containers of a pod, or of one of them.",
    .max_args = -1,
    .flags = CMD_NO_USERNS,
    .complete = COMPLETE_POD,
    .opts = logs_tables,
    .args_size = sizeof(L),
    .run = logs_run,
};

/* ---------- top ---------- */

struct top_args {
    bool latest, list;
};

static char **split_words(struct arena *a, char *const *args)
{
    char **out = NULL;

    for (; args && *args; args++)
        for (const char *p = *args; *p;) {
            size_t n = strcspn(p, " ,");
            if (n)
                out = strv_add(a, out, arena_strndup(a, p, n));
            p += n + (p[n] != '\0');
        }
    return out;
}

/* Members that share a PID namespace all see the same processes; each process is shown once. */
static int add_rows(struct cmd_ctx *x, const struct container *c, char *const *descriptors,
                    bool first, struct buf *text)
{
    char ***rows;
    int r = container_top(cmd_engine(x), x->arena, c, descriptors, &rows, x->err);

    if (r < 0)
        return r;
    for (char ***row = rows + !first; *row; row++) {
        for (char **cell = *row; *cell; cell++)
            buf_printf(text, "%s%s", cell == *row ? "" : "\t", *cell);
        buf_putc(text, '\n');
    }
    return 0;
}

static int top_run(struct cmd_ctx *x, void *args)
{
    const struct top_args *o = args;
    AUTO_BUF text = { 0 }, out = { 0 };
    bool first = true;
    struct pod p;
    char ***rows;

    if (!cmd_engine(x))
        return -EIO;
    if (o->list) {
        int l = container_top(cmd_engine(x), x->arena, NULL, NULL, &rows, x->err);
        for (; l == 0 && *rows; rows++)
            puts((*rows)[0]);
        return l;
    }
    int r = pod_select_one(x, o->latest, x->args[0], &p);
    char **descriptors = split_words(x->arena, x->args + (o->latest || !x->nargs ? 0 : 1));
    if (r == 0 && !container_top_knows(descriptors))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "unknown format descriptor: podman pod top --list-descriptors prints those "
                       "that there are");
    for (size_t i = 0; r == 0 && i < p.members.n; i++) {
        const struct container *c = &p.members.items[i];
        bool again = !c->config.infra && c->config.pidns &&
                     str_starts(c->config.pidns, "container:");
        if (c->status != CTR_RUNNING || again)
            continue;
        r = add_rows(x, c, descriptors, first, &text);
        first = false;
    }
    if (r < 0)
        return r;
    if (first)
        return err_set(x->err, ERR_STATE, EINVAL,
                       "pod %s has no running containers: pod top can only be used on pods with "
                       "at least one running container",
                       p.config.id);
    texttable_align(text.data ? text.data : "", text.len, &out);
    fputs(out.data ? out.data : "", stdout);
    return 0;
}

static const struct opt top_opts[] = {
    O_BOOL('l', "latest", struct top_args, latest, "Act on the latest pod podman is aware of"),
    O_BOOL(0, "list-descriptors", struct top_args, list, "List available format descriptors",
           .flags = OPTF_HIDDEN),
    { 0 },
};
static const struct opt *const top_tables[] = { top_opts, NULL };
const struct cmd cmd_pod_top = {
    .name = "top",
    .summary = "Display the running processes of containers in a pod",
    .usage = "[options] POD [FORMAT-DESCRIPTORS|ARGS...]",
    .description = "Displays the running processes of a pod, each once.",
    .max_args = -1,
    .flags = CMD_NO_INTERSPERSED,
    .complete = COMPLETE_POD,
    .opts = top_tables,
    .args_size = sizeof(struct top_args),
    .run = top_run,
};
