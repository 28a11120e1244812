/* cli/images/commands.h: the image commands; cli/commands.c hangs them into the tree.
 * cmd_image is the group with its own places for those that also stand at the top. */
#pragma once

#include "base/json.h"
#include "cli/cmd.h"

extern const struct cmd cmd_artifact, cmd_build, cmd_buildx, cmd_hidden_scp, cmd_manifest;
extern const struct cmd cmd_history, cmd_image, cmd_images, cmd_import, cmd_load, cmd_login,
    cmd_logout, cmd_pull, cmd_push, cmd_rmi, cmd_save, cmd_search, cmd_tag, cmd_untag;

struct engine;
/* What --retry and --retry-delay say, or containers.conf where they were not given. */
int images_retry(struct cmd_ctx *x, struct engine *e, const char *delay, uint64_t *retry,
                 int64_t *ret_delay_ns) MUST_CHECK;

extern const struct cmd cmd_image_diff, cmd_image_mount, cmd_image_scp, cmd_image_tree,
    cmd_image_unmount;

/* "key=value" words into a map. */
int cli_annotations(struct cmd_ctx *x, char *const *given, kv_list *ret) MUST_CHECK;
/* --digestfile; nothing when @path is NULL. */
int cli_write_digest(struct cmd_ctx *x, const char *path, const char *digest) MUST_CHECK;

/* Prints an error that does not end the command, and clears it. */
void images_print_error(struct err *err);
