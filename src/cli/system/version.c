#include <time.h>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "spec/image.h"
#include "spec/system_info.h"

#include "base/banned.h"

#ifndef PODMAN_BUILT
#define PODMAN_BUILT                                                                               \
    0 /* seconds since the epoch; the build says nothing unless told, to stay reproducible */
#endif
#ifndef PODMAN_COMMIT
#define PODMAN_COMMIT ""
#endif

struct version_args {
    char *format;
};

static json_t *client_version(struct arena *a)
{
    time_t built = PODMAN_BUILT;
    struct tm tm;
    char when[64] = "";

    localtime_r(&built, &tm);
    strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y", &tm);
    const struct system_info_version v = {
        .api_version = arena_strdup(a, PODMAN_VERSION),
        .version = arena_strdup(a, PODMAN_VERSION),
        .go_version = arena_strdup(a, ""), /* there is none; templates that ask get nothing */
        .git_commit = arena_strdup(a, PODMAN_COMMIT),
        .built_time = arena_strdup(a, when),
        .built = built,
        .os_arch = arena_printf(a, "linux/%s", platform_host_arch()),
        .os = arena_strdup(a, "linux"),
    };
    return json_from(&system_info_version_type, &v);
}

static const char version_template[] =
    "table Client:\\tPodman Engine\n"
    "Version:\\t{{.Client.Version}}\n"
    "API Version:\\t{{.Client.APIVersion}}\n"
    "{{if .Client.GitCommit}}Git Commit:\\t{{.Client.GitCommit}}\n{{end}}"
    "{{if .Client.Built}}Built:\\t{{.Client.BuiltTime}}\n{{end}}"
    "OS/Arch:\\t{{.Client.OsArch}}\n";

static int version_run(struct cmd_ctx *x, void *args)
{
    const struct version_args *o = args;
    AUTO_JSON *doc = json_object();

    json_object_set_new(doc, "Client", client_version(x->arena));
    const struct cli_list how = { .format = o->format, .def = version_template };
    return cli_print_one(doc, &how, x->err);
}

static const struct opt version_opts[] = {
    O_STR('f', "format", struct version_args, format, "format",
          "Change the output format to JSON or a Go template"),
    { 0 },
};
static const struct opt *const version_tables[] = { version_opts, NULL };
const struct cmd cmd_version = {
    .name = "version",
    .summary = "Display the Podman version information",
    .usage = "[options]",
    .flags = CMD_NO_ENGINE,
    .opts = version_tables,
    .args_size = sizeof(struct version_args),
    .run = version_run,
};
