/* cli/kube/kube.h: what the commands of `podman kube` share. */
#pragma once

#include "cli/kube/commands.h"
#include "engine/kube.h"

extern const struct cmd cmd_kube_apply, cmd_kube_down, cmd_kube_generate, cmd_kube_play;

/* The documents of a file, or of standard input ("-"); a new reference in *ret. */
int kube_read(struct cmd_ctx *x, const char *path, json_t **ret) MUST_CHECK;

/* Builds the images of @docs from the directories in @context that are named as they are and have a Containerfile;
 * without @force only those that are not here yet. */
int kube_build(struct cmd_ctx *x, const json_t *docs, const char *context, bool force) MUST_CHECK;

/* `kube down`, and `kube play --down`: removes and tells. */
int kube_tear_down(struct cmd_ctx *x, json_t *docs, bool force) MUST_CHECK;
