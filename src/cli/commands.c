#include "cli/commands.h"
#include "cli/containers/commands.h"
#include "cli/images/commands.h"
#include "cli/kube/commands.h"
#include "cli/networks/commands.h"
#include "cli/pods/commands.h"

#include "base/banned.h"

/* The tree.  A command that Podman has in two places has one `struct cmd` of its own and a short
 * `.same_as` one for the other place.  Names that are missing here are in unsupported.c. */

#define SAME(symbol, word, body) static const struct cmd symbol = { .name = word, .same_as = &body }

static const char *const ls_aliases[] = { "ls", "ps", NULL };

SAME(container_attach, "attach", cmd_attach);
SAME(container_commit, "commit", cmd_commit);
SAME(container_cp, "cp", cmd_cp);
SAME(container_create, "create", cmd_create);
SAME(container_exec, "exec", cmd_exec);
SAME(container_export, "export", cmd_export);
SAME(container_init, "init", cmd_init);
SAME(container_kill, "kill", cmd_kill);
SAME(container_logs, "logs", cmd_logs);
SAME(container_mount, "mount", cmd_mount);
SAME(container_pause, "pause", cmd_pause);
SAME(container_port, "port", cmd_port);
SAME(container_rename, "rename", cmd_rename);
SAME(container_restart, "restart", cmd_restart);
SAME(container_rm, "rm", cmd_rm);
SAME(container_run, "run", cmd_run);
SAME(container_start, "start", cmd_start);
SAME(container_stats, "stats", cmd_stats);
SAME(container_stop, "stop", cmd_stop);
SAME(container_update, "update", cmd_update);
SAME(container_top, "top", cmd_top);
SAME(container_unpause, "unpause", cmd_unpause);
SAME(container_wait, "wait", cmd_wait);
static const char *const umount_aliases[] = { "umount", NULL };
static const struct cmd container_unmount = { .name = "unmount",
                                              .aliases = umount_aliases,
                                              .same_as = &cmd_unmount };
static const struct cmd container_list = { .name = "list",
                                           .aliases = ls_aliases,
                                           .same_as = &cmd_ps };

static const struct cmd *const container_subs[] = {
    &cmd_container_diff,
    &container_mount,
    &container_unmount,
    &container_attach,
    &cmd_cleanup,
    &container_create,
    &container_exec,
    &cmd_container_exists,
    &container_init,
    &cmd_container_inspect,
    &container_kill,
    &container_list,
    &container_logs,
    &container_pause,
    &container_port,
    &cmd_container_prune,
    &container_rename,
    &container_restart,
    &container_rm,
    &container_run,
    &container_start,
    &container_cp,
    &container_commit,
    &container_export,
    &container_stats,
    &container_stop,
    &container_top,
    &container_unpause,
    &container_update,
    &container_wait,
    NULL,
};
static const struct cmd cmd_container = {
    .name = "container",
    .summary = "Manage containers",
    .description = "Manage containers",
    .subs = container_subs,
};

SAME(system_events_cmd, "events", cmd_events);
SAME(system_info_cmd, "info", cmd_info);
static const struct cmd *const system_subs[] = { &cmd_system_check,   &cmd_system_df,
                                                 &cmd_system_prune,   &system_events_cmd,
                                                 &system_info_cmd,    &cmd_system_reset,
                                                 &cmd_system_service, NULL };
static const struct cmd cmd_system = {
    .name = "system",
    .summary = "Manage podman",
    .description = "Manage podman",
    .subs = system_subs,
};

static const struct cmd *const root_subs[] = {
    &cmd_artifact,
    &cmd_build,
    &cmd_buildx,
    &cmd_history,
    &cmd_image,
    &cmd_images,
    &cmd_import,
    &cmd_load,
    &cmd_login,
    &cmd_logout,
    &cmd_manifest,
    &cmd_pull,
    &cmd_push,
    &cmd_rmi,
    &cmd_save,
    &cmd_search,
    &cmd_tag,
    &cmd_untag,
    &cmd_completion,
    &cmd_hidden_complete,
    &cmd_hidden_complete_bare,
    &cmd_hidden_man,
    &cmd_hidden_scp,
    &cmd_attach,
    &cmd_auto_update,
    &cmd_commit,
    &cmd_compose,
    &cmd_container,
    &cmd_cp,
    &cmd_create,
    &cmd_diff,
    &cmd_events,
    &cmd_exec,
    &cmd_export,
    &cmd_generate,
    &cmd_healthcheck,
    &cmd_help,
    &cmd_info,
    &cmd_init,
    &cmd_inspect,
    &cmd_kill,
    &cmd_kube,
    &cmd_logs,
    &cmd_mount,
    &cmd_network,
    &cmd_pause,
    &cmd_play,
    &cmd_pod,
    &cmd_port,
    &cmd_ps,
    &cmd_quadlet,
    &cmd_rename,
    &cmd_restart,
    &cmd_secret,
    &cmd_rm,
    &cmd_run,
    &cmd_start,
    &cmd_stats,
    &cmd_stop,
    &cmd_system,
    &cmd_top,
    &cmd_unmount,
    &cmd_unpause,
    &cmd_unshare,
    &cmd_update,
    &cmd_version,
    &cmd_volume,
    &cmd_wait,
    NULL,
};
const struct cmd cmd_podman = {
    .name = "podman",
    .summary = "Manage pods, containers and images",
    .usage = "[options]",
    .subs = root_subs,
};
