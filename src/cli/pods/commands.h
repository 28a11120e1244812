/* cli/pods/commands.h: `podman pod`; cli/commands.c hangs it into the tree. */
#pragma once

#include "cli/cmd.h"

extern const struct cmd cmd_pod;
