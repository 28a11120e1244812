/* cli/networks/commands.h: podman network. */
#pragma once

#include "cli/cmd.h"

extern const struct cmd cmd_network;

/* Prints an error that does not end the command, and clears it. */
void networks_print_error(struct err *err);
