/* cli/networks/commands.h: podman network. */
#pragma once

#include "cli/cmd.h"

extern const struct cmd cmd_network;
