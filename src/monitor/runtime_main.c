#include "monitor/runtime.h"

#include <fcntl.h>
#include <time.h>

#include "base/fs.h"
#include "base/parse.h"

#include "base/banned.h"

struct runtime_global runtime_global;

#define G struct runtime_global
static const struct arg global_args_table[] = {
    A_STR(G, root, "root", 0, "directory of the containers' state"),
    A_STR(G, log, "log", 0, "file that errors are written to"),
    A_STR(G, log_format, "log-format", 0, "text or json"),
    A_STR(G, log_level, "log-level", 0, "error, warning or debug"),
    A_STR(G, criu, "criu", 0, "ignored"),
    A_STR(G, rootless, "rootless", 0, "ignored"),
    A_STR(G, cgroup_manager, "cgroup-manager", 0, "cgroupfs, systemd or disabled"),
    A_FLAG(G, systemd_cgroup, "systemd-cgroup", 0, "use systemd for cgroups"),
    A_FLAG(G, debug, "debug", 0, "more messages"),
    A_FLAG(G, version, "version", 'v', "print the version"),
    A_FLAG(G, help, "help", 'h', "print this"),
    { 0 },
};
#undef G

static const struct runtime_cmd *const commands[] = {
    &runtime_create_cmd, &runtime_start_cmd,    &runtime_run_cmd,  &runtime_state_cmd,
    &runtime_kill_cmd,   &runtime_delete_cmd,   &runtime_exec_cmd, &runtime_pause_cmd,
    &runtime_resume_cmd, &runtime_update_cmd,   &runtime_ps_cmd,   &runtime_list_cmd,
    &runtime_spec_cmd,   &runtime_features_cmd,
};

static void help(void)
{
    puts("Usage: podman-runtime [options] COMMAND [options] [arguments]\n\nOptions:");
    args_help(global_args_table, stdout);
    puts("\nCommands:");
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        printf("  %s %s\n", commands[i]->name, commands[i]->usage);
}

static void write_log(const char *msg)
{
    char when[TIME_TEXT_MAX];
    AUTO_BUF line = { 0 };

    if (!runtime_global.log)
        return;
    AUTO_CLOSE int fd = open(runtime_global.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0)
        return;
    if (str_same(runtime_global.log_format, "json")) {
        AUTO_JSON *doc = json_pack("{s:s, s:s, s:s}", "msg", msg, "level", "error", "time",
                                   time_format_rfc3339(time_now(), when));
        json_text(doc, 0, &line);
    } else
        buf_printf(&line, "time=\"%s\" level=error msg=\"%s\"",
                   time_format_rfc3339(time_now(), when), msg);
    buf_putc(&line, '\n');
    (void)!write_all(fd, line.data, line.len);
}

static int fail(const struct err *err)
{
    const char *msg = err->kind ? err->msg : "failed";

    write_log(msg);
    if (!runtime_global.log || !str_same(runtime_global.log_format, "json"))
        fprintf(stderr, "%s\n", msg);
    return err->kind == ERR_NO_COMMAND || err->kind == ERR_CANNOT_INVOKE
               ? err_kind_info(err->kind)->exit
               : 1;
}

static int check_cgroup_manager(struct err *err)
{
    if (str_same(runtime_global.cgroup_manager, "systemd"))
        runtime_global.systemd_cgroup = true;
    if (runtime_global.systemd_cgroup && access("/run/systemd/system", F_OK) < 0)
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "--systemd-cgroup: systemd does not run on this machine");
    return 0;
}

static int run_command(const struct runtime_cmd *cmd, char **argv, struct err *err)
{
    AUTO_ARENA a = { 0 };
    void *opts = arena_alloc(&a, cmd->size + 1);

    int used = args_parse(cmd->args, argv, &a, opts, err);
    if (used < 0)
        return err_wrap(err, "%s", cmd->name);
    /* Options may also follow the container's name, but only where no command of the user does. */
    char **rest = argv + used;
    if (cmd->max >= 0 && rest[0] && rest[1] && rest[1][0] == '-' && rest[1][1]) {
        int more = args_parse(cmd->args, rest + 1, &a, opts, err);
        if (more < 0)
            return err_wrap(err, "%s", cmd->name);
        rest[more] = rest[0];
        rest += more;
    }
    int n = (int)strv_len(rest);
    if (n < cmd->min || (cmd->max >= 0 && n > cmd->max))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "usage: podman-runtime %s %s", cmd->name,
                       cmd->usage);
    return cmd->run(opts, rest, &a, err);
}

int runtime_main(int argc, char **argv)
{
    AUTO_ARENA a = { 0 };
    struct err err = { 0 };

    (void)argc;
    int used = args_parse(global_args_table, argv + 1, &a, &runtime_global, &err);
    if (used < 0)
        return fail(&err);
    const char *name = argv[1 + used];
    if (runtime_global.version) {
        printf("podman-runtime version %s\nspec: 1.2.0\n+SECCOMP +CAP +EBPF +CGROUPV1 +CGROUPV2\n",
               PODMAN_VERSION);
        return 0;
    }
    if (runtime_global.help || !name || STR_EQ(name, "help")) {
        help();
        return name || runtime_global.help ? 0 : 1;
    }
    if (check_cgroup_manager(&err) < 0)
        return fail(&err);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (STR_EQ(commands[i]->name, name)) {
            int r = run_command(commands[i], argv + 2 + used, &err);
            fflush(stdout);
            return r < 0 ? fail(&err) : r;
        }
    err_set(&err, ERR_BAD_PARAM, EINVAL, "unknown command %s", name);
    return fail(&err);
}
