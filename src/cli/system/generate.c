/* podman generate systemd */
#include "base/fs.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "config/containers.h"
#include "engine/generate_units.h"

#include "base/banned.h"

struct units_args {
    char *container_prefix, *pod_prefix, *separator, *restart_policy, *format;
    char **after, **requires_, **wants, **env;
    uint64_t restart_sec, start_timeout, stop_timeout;
    bool files, name, make_new, no_header, template;
};

static int write_files(struct cmd_ctx *x, const struct generated_units *units, json_t *ret)
{
    AUTO_FREE char *dir = realpath(".", NULL);

    for (size_t i = 0; i < units->n; i++) {
        const char *name = arena_printf(x->arena, "%s.service", units->items[i].name);
        int r = fs_replace(AT_FDCWD, name, units->items[i].text, strlen(units->items[i].text), 0644,
                           FS_NOSYNC);
        if (r < 0)
            return err_sys(x->err, -r, "writing %s", name);
        json_object_set_new(ret, units->items[i].name,
                            json_string(arena_printf(x->arena, "%s/%s", dir ? dir : ".", name)));
    }
    return 0;
}

static int systemd_run(struct cmd_ctx *x, void *args)
{
    const struct units_args *o = args;
    struct engine *e = cmd_engine(x);
    struct generated_units units = { 0 };

    if (!e)
        return -EIO;
    if (o->format && !STR_EQ(o->format, "json"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "only `json` is supported for --format");
    if (o->name && o->template)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--template cannot be set with --name: an instance names itself");
    fputs(
        "\nDEPRECATED command:\nIt is recommended to use Quadlets for running containers and pods "
        "under systemd.\n\nPlease refer to podman-systemd.unit(5) for details.\n",
        stderr);
    struct units_request q = {
        .name = x->args[0],
        .by_name = o->name,
        .make_new = o->make_new,
        .template = o->template,
        .no_header = o->no_header,
        .container_prefix = o->container_prefix,
        .pod_prefix = o->pod_prefix,
        .separator = o->separator,
        .restart_policy = o->restart_policy,
        .restart_sec = (int64_t)o->restart_sec,
        .start_timeout = (int64_t)o->start_timeout,
        .stop_timeout = cmd_given(x, "stop-timeout") || cmd_given(x, "time")
                            ? (int64_t)o->stop_timeout
                            : -1,
        .wants = o->wants,
        .after = o->after,
        .requires_ = o->requires_,
        .env = o->env,
    };
    int r = generate_units(e, x->arena, &q, &units, x->err);
    if (r < 0)
        return r;
    AUTO_JSON *doc = json_object();
    if (o->files)
        r = write_files(x, &units, doc);
    for (size_t i = 0; r == 0 && !o->files && i < units.n; i++)
        json_object_set_new(doc, units.items[i].name, json_string(units.items[i].text));
    const char *key;
    json_t *value;
    if (r == 0 && o->format) {
        static const struct cli_list how = { .format = "json", .title = "generate systemd" };
        return cli_print_one(doc, &how, x->err);
    }
    json_object_foreach (doc, key, value)
        puts(json_string_value(value));
    return r;
}

static const struct opt systemd_opts[] = {
    O_STRV(0, "after", struct units_args, after, "name",
           "Add dependencies order to the generated unit file"),
    O_STR(0, "container-prefix", struct units_args, container_prefix, "prefix",
          "Systemd unit name prefix for containers", .def = "container"),
    O_STRV('e', "env", struct units_args, env, "env",
           "Set environment variables to the systemd unit files"),
    O_BOOL('f', "files", struct units_args, files,
           "Generate .service files instead of printing to stdout"),
    O_STR(0, "format", struct units_args, format, "format",
          "Print the created units in specified format (json)"),
    O_BOOL('n', "name", struct units_args, name, "Use container/pod names instead of IDs"),
    O_BOOL(0, "new", struct units_args, make_new,
           "Create a new container or pod instead of starting an existing one"),
    O_BOOL(0, "no-header", struct units_args, no_header, "Skip header generation"),
    O_STR(0, "pod-prefix", struct units_args, pod_prefix, "prefix",
          "Systemd unit name prefix for pods", .def = "pod"),
    O_STRV(0, "requires", struct units_args, requires_, "name",
           "Similar to wants, but declares stronger requirement dependencies"),
    O_STR(0, "restart-policy", struct units_args, restart_policy, "policy",
          "Systemd restart-policy (default \"on-failure\")"),
    O_UINT(0, "restart-sec", struct units_args, restart_sec, "seconds",
           "Time to sleep before restarting a service"),
    O_STR(0, "separator", struct units_args, separator, "separator",
          "Systemd unit name separator between name/id and prefix", .def = "-"),
    O_UINT(0, "start-timeout", struct units_args, start_timeout, "seconds",
           "Start timeout of the unit"),
    O_UINT(0, "stop-timeout", struct units_args, stop_timeout, "seconds",
           "Stop timeout override (default: the container's)"),
    O_BOOL(0, "template", struct units_args, template,
           "Make it a template file and use %i and %I specifiers"),
    O_UINT('t', "time", struct units_args, stop_timeout, "seconds", "Alias for --stop-timeout",
           .flags = OPTF_HIDDEN),
    O_STRV(0, "wants", struct units_args, wants, "name",
           "Add (weak) requirement dependencies to the generated unit file"),
    { 0 },
};
static const struct opt *const systemd_tables[] = { systemd_opts, NULL };
static const char *const systemd_examples[] = {
    "podman generate systemd --name web", "podman generate systemd --new --files --name web",
    "podman generate systemd --restart-policy always --wants network.target web", NULL
};
const struct cmd cmd_generate_systemd = {
    .name = "systemd",
    .summary = "Generate systemd units",
    .usage = "[options] {CONTAINER|POD}",
    .description = "Generate systemd units for a pod or container. The generated units can later "
                   "be controlled via "
                   "systemctl(1). Quadlets are the recommended way: see podman-quadlet(1).",
    .examples = systemd_examples,
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_CONTAINER,
    .opts = systemd_tables,
    .args_size = sizeof(struct units_args),
    .run = systemd_run,
};
