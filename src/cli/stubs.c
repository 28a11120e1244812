#include "cli/cmd.h"

#include "base/banned.h"

/* What the program does where no engine is linked (unit tests, a build of the front end alone).
 * engine_open.c has the real ones. */

#define WEAK __attribute__((weak))

WEAK struct engine *cmd_engine(struct cmd_ctx *c)
{
    err_set(c->err, ERR_UNSUPPORTED, EOPNOTSUPP, "%s: this build has no engine", c->path);
    return NULL;
}

WEAK void cmd_engine_close(void)
{
}

WEAK int cmd_enter_userns(struct cmd_ctx *c)
{
    (void)c;
    return 0;
}

WEAK int cli_complete_names(enum complete kind, const char *prefix, FILE *out)
{
    (void)kind;
    (void)prefix;
    (void)out;
    return 0;
}
