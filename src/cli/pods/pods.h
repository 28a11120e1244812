/* cli/pods/pods.h: what the commands of `podman pod` share. */
#pragma once

#include "cli/containers/create.h"
#include "cli/pods/commands.h"
#include "engine/pods.h"

extern const struct cmd cmd_pod_clone, cmd_pod_create, cmd_pod_exists, cmd_pod_inspect,
    cmd_pod_kill, cmd_pod_logs, cmd_pod_pause, cmd_pod_prune, cmd_pod_ps, cmd_pod_restart,
    cmd_pod_rm, cmd_pod_start, cmd_pod_stats, cmd_pod_stop, cmd_pod_top, cmd_pod_unpause;

/* ---------- which pods (select.c) ---------- */

struct pod_select {
    char **id_file;
    bool all, latest, ignore;
};
struct pod_target {
    const char *shown;
    struct pod p;
};
struct pod_targets {
    struct pod_target *items;
    size_t n;
};
/* Names, --pod-id-file, --latest, --all.  Names that are not found become one line of error each and *ret_code (the
 * others are still there), unless --ignore. */
int pod_select(struct cmd_ctx *x, const struct pod_select *s, struct pod_targets *out,
               int *ret_code);
/* The one pod of inspect, top and the like. */
int pod_select_one(struct cmd_ctx *x, bool latest, const char *name, struct pod *ret);

/* The ID that --pod-id-file names. */
int pod_read_id_file(struct cmd_ctx *x, const char *path, char **ret_id) MUST_CHECK;
/* --pod-id-file of `pod create`: refuses one that is there before anything is made, and writes it. */
int pod_check_id_file(struct cmd_ctx *x, const char *path) MUST_CHECK;
int pod_write_id_file(struct cmd_ctx *x, const char *path, const char *id) MUST_CHECK;

/* The names that Go's templates know beside the keys of pod_inspect()'s document (look.c). */
void pod_template_names(json_t *doc);

/* ---------- making (create.c) ---------- */

/* What create_fill() expects where the commands of pods have no option. */
void pod_create_defaults(struct create_args *c);

/* `run --pod NAME`, `--pod new:NAME`, `--pod-id-file`: c->pod is an existing pod's ID on return.  With new: the pod
 * gets the ports and networks of @c. */
int pod_for_container(struct cmd_ctx *x, const struct create_args *o, struct container_config *c);
