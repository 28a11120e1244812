/* cli/kube/commands.h: `podman kube`, `podman play`, `podman generate`; cli/commands.c hangs them into the tree. */
#pragma once

#include "cli/cmd.h"

extern const struct cmd cmd_kube, cmd_play, cmd_generate;
