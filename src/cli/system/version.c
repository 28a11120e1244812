#include <sys/utsname.h>
#include "cli/commands.h"

#include "base/banned.h"

struct version_args {
    char *format;
};

static int version_run(struct cmd_ctx *x, void *args)
{
    (void)x;
    (void)args;
    printf("Client:       Podman Engine\nVersion:      %s\n", PODMAN_VERSION);
    return 0;
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
