#include "spec/monitor.h"

#include "base/banned.h"

static const struct json_field rootfs_rows[] = {
    JF_STR(struct rootfs_config, type, "type", JF_REQUIRED),
    JF_STRV(struct rootfs_config, lower, "lower", JF_OMIT_EMPTY),
    JF_STR(struct rootfs_config, upper, "upper", JF_OMIT_EMPTY),
    JF_STR(struct rootfs_config, work, "work", JF_OMIT_EMPTY),
    JF_STR(struct rootfs_config, path, "path", JF_OMIT_EMPTY),
    JF_BOOL(struct rootfs_config, userxattr, "userxattr", JF_OMIT_EMPTY),
    JF_STR(struct rootfs_config, label, "label", JF_OMIT_EMPTY),
    JF_BOOL(struct rootfs_config, volatile_, "volatile", JF_OMIT_EMPTY),
    JF_STR(struct rootfs_config, mount_options, "mount_options", JF_OMIT_EMPTY),
    JF_BOOL(struct rootfs_config, idmap, "idmap", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type rootfs_config_type = JSON_TYPE(struct rootfs_config, rootfs_rows);

static const struct json_field log_rows[] = {
    JF_STR(struct log_config, driver, "driver", 0),
    JF_STR(struct log_config, path, "path", JF_OMIT_EMPTY),
    JF_I64(struct log_config, max_size, "max_size", JF_OMIT_EMPTY),
    JF_STR(struct log_config, tag, "tag", JF_OMIT_EMPTY),
    JF_MAP(struct log_config, labels, "labels", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type log_config_type = JSON_TYPE(struct log_config, log_rows);

static const struct json_field restart_rows[] = {
    JF_STR(struct restart_config, policy, "policy", JF_OMIT_EMPTY),
    JF_I64(struct restart_config, max_tries, "max_tries", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type restart_config_type = JSON_TYPE(struct restart_config, restart_rows);

#define M struct monitor_config
static const struct json_field monitor_rows[] = {
    JF_STR(M, id, "id", JF_REQUIRED),
    JF_STR(M, name, "name", 0),
    JF_OBJ(M, rootfs, "rootfs", JF_REQUIRED, &rootfs_config_type),
    JF_BOOL(M, terminal, "terminal", JF_OMIT_EMPTY),
    JF_BOOL(M, stdin_open, "stdin_open", JF_OMIT_EMPTY),
    JF_BOOL(M, stdin_once, "stdin_once", JF_OMIT_EMPTY),
    JF_BOOL(M, bound, "bound", JF_OMIT_EMPTY),
    JF_BOOL(M, attach, "attach", JF_OMIT_EMPTY),
    JF_STR(M, start, "start", JF_OMIT_EMPTY),
    JF_OBJ(M, log, "log", 0, &log_config_type),
    JF_OBJ(M, restart, "restart", 0, &restart_config_type),
    JF_I64(M, stop_signal, "stop_signal", JF_OMIT_EMPTY),
    JF_I64(M, timeout_s, "timeout_s", JF_OMIT_EMPTY),
    JF_STR(M, cgroup, "cgroup", JF_OMIT_EMPTY),
    JF_BOOL(M, cgroup_split, "cgroup_split", JF_OMIT_EMPTY),
    JF_STR(M, cgroup_manager, "cgroup_manager", JF_OMIT_EMPTY),
    JF_STR(M, runtime, "runtime", JF_OMIT_EMPTY),
    JF_STRV(M, runtime_flags, "runtime_flags", JF_OMIT_EMPTY),
    JF_STR(M, pid_file, "pid_file", JF_OMIT_EMPTY),
    JF_STR(M, monitor_pid_file, "monitor_pid_file", JF_OMIT_EMPTY),
    JF_OBJ(M, health, "health", 0, &health_config_type),
    JF_STR(M, notify_socket, "notify_socket", JF_OMIT_EMPTY),
    JF_BOOL(M, health_events_off, "health_events_off", JF_OMIT_EMPTY),
    JF_OBJ(M, events, "events", 0, &event_log_type),
    JF_STR(M, image, "image", JF_OMIT_EMPTY),
    JF_MAP(M, labels, "labels", JF_OMIT_EMPTY),
    JF_STRV(M, exit_command, "exit_command", JF_OMIT_EMPTY),
    JF_STRV(M, seccomp_cache, "seccomp_cache", JF_OMIT_EMPTY),
    JF_STR(M, sdnotify, "sdnotify", JF_OMIT_EMPTY),
    JF_STR(M, init_path, "init_path", JF_OMIT_EMPTY),
    JF_BOOL(M, no_pivot, "no_pivot", JF_OMIT_EMPTY),
    JF_BOOL(M, passes_exit, "passes_exit", JF_OMIT_EMPTY),
    JF_BOOL(M, cwd_must_exist, "cwd_must_exist", JF_OMIT_EMPTY),
    JF_BOOL(M, no_new_keyring, "no_new_keyring", JF_OMIT_EMPTY),
    JF_NUMS(M, keep_fds, "keep_fds", JF_OMIT_EMPTY),
    JF_BOOL(M, network, "network", JF_OMIT_EMPTY),
    JF_STRV(M, repair_command, "repair_command", JF_OMIT_EMPTY),
    { 0 },
};
#undef M
const struct json_type monitor_config_type = JSON_TYPE(struct monitor_config, monitor_rows);

const char *const run_status_names[RUN_STATUS_COUNT] = {
    [RUN_CREATED] = "created",   [RUN_RUNNING] = "running", [RUN_PAUSED] = "paused",
    [RUN_STOPPING] = "stopping", [RUN_EXITED] = "exited",
};

#define S struct run_state
static const struct json_field state_rows[] = {
    JF_I64(S, version, "version", 0),
    JF_STR(S, status, "status", JF_REQUIRED),
    JF_I64(S, pid, "pid", 0),
    JF_U32(S, monitor_pid, "monitor_pid", 0),
    JF_I64(S, started_at, "started_at", 0),
    JF_I64(S, finished_at, "finished_at", 0),
    JF_I64(S, exit_code, "exit_code", 0),
    JF_BOOL(S, oom_killed, "oom_killed", JF_OMIT_EMPTY),
    JF_BOOL(S, stopped_by_user, "stopped_by_user", JF_OMIT_EMPTY),
    JF_I64(S, restart_count, "restart_count", JF_OMIT_EMPTY),
    JF_STR(S, error, "error", JF_OMIT_EMPTY),
    JF_STR(S, cgroup, "cgroup", JF_OMIT_EMPTY),
    JF_STRV(S, warnings, "warnings", JF_OMIT_EMPTY),
    { 0 },
};
#undef S
const struct json_type run_state_type = JSON_TYPE(struct run_state, state_rows);

static const struct json_field report_rows[] = {
    JF_BOOL(struct start_report, ok, "ok", 0),
    JF_I64(struct start_report, kind, "kind", JF_OMIT_EMPTY),
    JF_I64(struct start_report, errnum, "errno", JF_OMIT_EMPTY),
    JF_STR(struct start_report, error, "error", JF_OMIT_EMPTY),
    JF_I64(struct start_report, pid, "pid", 0),
    JF_STRV(struct start_report, warnings, "warnings", JF_OMIT_EMPTY),
    { 0 },
};
const struct json_type start_report_type = JSON_TYPE(struct start_report, report_rows);

static const struct json_field exec_rows[] = {
    JF_STR(struct exec_state, session, "session", 0),
    JF_BOOL(struct exec_state, running, "running", 0),
    JF_I64(struct exec_state, pid, "pid", 0),
    JF_I64(struct exec_state, exit_code, "exit_code", 0),
    { 0 },
};
const struct json_type exec_state_type = JSON_TYPE(struct exec_state, exec_rows);
