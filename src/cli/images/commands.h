/* cli/images/commands.h: the image commands; cli/commands.c hangs them into the tree.
 * cmd_image is the group with its own places for those that also stand at the top. */
#pragma once

#include "cli/cmd.h"

extern const struct cmd cmd_history, cmd_image, cmd_images, cmd_import, cmd_load, cmd_pull, cmd_rmi,
    cmd_save, cmd_tag, cmd_untag;

/* Prints an error that does not end the command, and clears it. */
void images_print_error(struct err *err);
