/* podman pod: the group; exists */
#include "cli/pods/pods.h"

#include "base/banned.h"

static int exists_run(struct cmd_ctx *x, void *args)
{
    struct engine *e = cmd_engine(x);

    (void)args;
    return !e ? -EIO : pod_exists(e, x->args[0]) ? 0 : 1;
}

const struct cmd cmd_pod_exists = {
    .name = "exists",
    .summary = "Check if a pod exists in local storage",
    .usage = "POD",
    .description = "Tells with its exit code whether a pod is known: 0 when it is, 1 when it is "
                   "not.",
    .min_args = 1,
    .max_args = 1,
    .flags = CMD_NO_USERNS,
    .complete = COMPLETE_POD,
    .run = exists_run,
};

static const struct cmd *const subs[] = {
    &cmd_pod_clone, &cmd_pod_create,  &cmd_pod_exists, &cmd_pod_inspect,
    &cmd_pod_kill,  &cmd_pod_logs,    &cmd_pod_pause,  &cmd_pod_prune,
    &cmd_pod_ps,    &cmd_pod_restart, &cmd_pod_rm,     &cmd_pod_start,
    &cmd_pod_stats, &cmd_pod_stop,    &cmd_pod_top,    &cmd_pod_unpause,
    NULL,
};
const struct cmd cmd_pod = {
    .name = "pod",
    .summary = "Manage pods",
    .description = "Pods are a group of one or more containers sharing the same network, pid and "
                   "ipc namespaces.",
    .subs = subs,
};
