/* cli/commands.h: the tree of commands. */
#pragma once

#include "cli/cmd.h"

extern const struct cmd cmd_podman; /* the root */

extern const struct cmd cmd_auto_update, cmd_completion, cmd_compose, cmd_events, cmd_help,
    cmd_hidden_complete, cmd_hidden_complete_bare, cmd_hidden_man, cmd_generate_systemd, cmd_info,
    cmd_quadlet, cmd_secret, cmd_system_check, cmd_system_df, cmd_system_prune, cmd_system_reset,
    cmd_system_service, cmd_unshare, cmd_version, cmd_volume;
