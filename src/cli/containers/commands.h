/* cli/containers/commands.h: the container commands; cli/commands.c hangs them into the tree. */
#pragma once

#include "cli/cmd.h"

extern const struct cmd cmd_attach, cmd_cleanup, cmd_commit, cmd_container_diff,
    cmd_container_exists, cmd_container_inspect, cmd_container_prune, cmd_cp, cmd_create, cmd_diff,
    cmd_exec, cmd_export, cmd_healthcheck, cmd_init, cmd_inspect, cmd_kill, cmd_logs, cmd_mount,
    cmd_pause, cmd_port, cmd_ps, cmd_rename, cmd_restart, cmd_rm, cmd_run, cmd_start, cmd_stats,
    cmd_stop, cmd_top, cmd_unmount, cmd_unpause, cmd_update, cmd_wait;
