#include "cli/cli_priv.h"
#include "cli/commands.h"

#include "base/banned.h"

static int help_run(struct cmd_ctx *x, void *args)
{
    AUTO_BUF path = { 0 };
    int n;
    const struct cmd *c = cmd_walk(cli_root, x->args, &n, &path);

    (void)args;
    if (n < x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "unknown help topic `%s`", x->args[n]);
    help_print(stdout, c, path.data);
    return 0;
}

const struct cmd cmd_help = {
    .name = "help",
    .summary = "Help about any command",
    .usage = "[command]",
    .description = "Help provides help for any command in the application.\n"
                   "Simply type podman help [path to command] for full details.",
    .max_args = -1,
    .flags = CMD_NO_ENGINE,
    .run = help_run,
};
