#include "cli/commands.h"

#include "base/banned.h"

/* The tree.  A command that Podman has in two places has one `struct cmd` of its own and a short
 * `.same_as` one for the other place.  Names that are missing here are in unsupported.c. */

static const struct cmd *const root_subs[] = {
    &cmd_completion, &cmd_help, &cmd_hidden_complete, &cmd_hidden_complete_bare, &cmd_hidden_man,
    &cmd_version,    NULL,
};
const struct cmd cmd_podman = {
    .name = "podman",
    .summary = "Manage pods, containers and images",
    .usage = "[options]",
    .subs = root_subs,
};
