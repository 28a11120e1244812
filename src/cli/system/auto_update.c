/* podman auto-update */
#include "engine/auto_update.h"

#include "base/json.h"
#include "cli/commands.h"
#include "cli/format.h"

#include "base/banned.h"

struct update_args {
    char *authfile, *format;
    bool dry_run, rollback;
    int tls_verify;
};

static int update_run(struct cmd_ctx *x, void *args)
{
    const struct update_args *o = args;
    struct engine *e = cmd_engine(x);
    struct auto_update_options how = { o->authfile, o->dry_run, o->rollback, o->tls_verify };
    struct auto_update_rows rows = { 0 };
    char **problems = NULL;

    if (!e)
        return -EIO;
    int r = auto_update(e, x->arena, &how, &rows, &problems, x->err);
    if (r < 0)
        return r;
    AUTO_JSON *doc = json_array();
    for (size_t i = 0; i < rows.n; i++) {
        const struct auto_update_row *u = &rows.items[i];
        json_array_append_new(
            doc, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "Unit", u->unit, "Container",
                           arena_printf(x->arena, "%.12s (%s)", u->container_id, u->container_name),
                           "ContainerName", u->container_name, "ContainerID", u->container_id,
                           "Image", u->image, "Policy", u->policy, "Updated", u->updated));
    }
    static const struct cli_header headers[] = { { "ContainerName", "CONTAINER NAME" },
                                                 { "ContainerID", "CONTAINER ID" },
                                                 { NULL, NULL } };
    const struct cli_list list = {
        .format = o->format,
        .def = "table {{.Unit}}\t{{.Container}}\t{{.Image}}\t{{.Policy}}\t{{.Updated}}",
        .title = "auto-update",
        .headers = headers,
    };
    r = rows.n || o->format ? cli_print_list(doc, &list, x->err) : 0;
    if (r == 0 && problems)
        r = err_set(x->err, ERR_INTERNAL, EIO, "%s",
                    problems[1] ? strv_join(x->arena, problems, "\nError: ") : problems[0]);
    return r;
}

static const struct opt opts[] = {
    O_STR(
        0, "authfile", struct update_args, authfile, "path",
        "Path to the authentication file. Use REGISTRY_AUTH_FILE environment variable to override",
        .complete = COMPLETE_FILE, .flags = OPTF_CREDENTIALS),
    O_BOOL(0, "dry-run", struct update_args, dry_run, "Check for pending updates"),
    O_STR(0, "format", struct update_args, format, "format",
          "Change the output format to JSON or a Go template"),
    O_BOOL(0, "rollback", struct update_args, rollback,
           "Rollback to previous image if update fails", .def = "true"),
    O_TRI(0, "tls-verify", struct update_args, tls_verify,
          "Require HTTPS and verify certificates when contacting registries"),
    { 0 },
};
static const struct opt *const tables[] = { opts, NULL };
static const char *const examples[] = { "podman auto-update", "podman auto-update --dry-run",
                                        "podman auto-update --authfile ~/authfile.json", NULL };
const struct cmd cmd_auto_update = {
    .name = "auto-update",
    .summary = "Auto update containers according to their auto-update policy",
    .usage = "[options]",
    .description = "Auto update containers according to their auto-update policy: the label "
                   "\"io.containers.autoupdate\" set to \"registry\" or \"local\". Containers have "
                   "to run in systemd "
                   "units, which are restarted when there is a newer image.",
    .examples = examples,
    .opts = tables,
    .args_size = sizeof(struct update_args),
    .run = update_run,
};
