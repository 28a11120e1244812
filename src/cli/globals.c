#include <fcntl.h>

#include "base/log.h"
#include "cli/cli_priv.h"

#include "base/banned.h"

/* The options of podman itself.  What nothing reads yet is OPTF_UNSUPPORTED: using it is an error
 * rather than a silent difference. */

struct global_args global_args;

#define G     struct global_args
#define LATER OPTF_HIDDEN | OPTF_UNSUPPORTED

const struct opt global_local_opts[] = {
    O_STR(0, "config", G, config, "path", "Directory of the credentials (config.json)",
          .complete = COMPLETE_DIR, .flags = LATER),
    O_STR('c', "connection", G, connection, "name", "Connection to use for a remote Podman service",
          .flags = LATER),
    O_STR(0, "context", G, context, "name", "For scripts of Docker: only \"default\" is allowed",
          .flags = OPTF_HIDDEN),
    O_BOOL('D', "debug", G, debug, "For scripts of Docker: --log-level=debug",
           .flags = OPTF_HIDDEN),
    O_STR('H', "host", G, url, "url", "For scripts of Docker: --url", .flags = LATER),
    O_STR(0, "identity", G, identity, "path", "SSH identity file (CONTAINER_SSHKEY)",
          .flags = LATER),
    O_STRV(0, "module", G, modules, "path", "Load a containers.conf module",
           .complete = COMPLETE_FILE),
    O_BOOL(0, "noout", G, noout, "Do not write to stdout", .flags = OPTF_HIDDEN),
    O_STR(0, "out", G, out, "path", "Send output of the command to a file",
          .complete = COMPLETE_FILE),
    O_BOOL('r', "remote", G, remote, "Access a remote Podman service", .flags = LATER),
    O_STR(0, "ssh", G, ssh, "mode", "SSH implementation of remote connections", .flags = LATER),
    O_STR(0, "tls-ca", G, unused, "path", "Certificate authorities of a remote service",
          .flags = LATER),
    O_STR(0, "tls-cert", G, unused, "path", "Client certificate for a remote service",
          .flags = LATER),
    O_STR(0, "tls-details", G, unused, "path", "TLS policy for a remote service", .flags = LATER),
    O_STR(0, "tls-key", G, unused, "path", "Client key for a remote service", .flags = LATER),
    O_STR(0, "url", G, url, "url", "URL of a remote Podman service (CONTAINER_HOST)",
          .flags = LATER),
    O_BOOL('v', "version", G, version, "Version of podman"),
    { 0 },
};

const struct opt global_persistent_opts[] = {
    O_STRV(0, "cdi-spec-dir", G, cdi_spec_dir, "path", "Directory of CDI specifications",
           .flags = LATER),
    O_STR(0, "cgroup-manager", G, cgroup_manager, "manager", "Cgroup manager to use",
          .choices = "cgroupfs|systemd"),
    O_STR(0, "conmon", G, conmon, "path", "Path of the conmon binary", .flags = LATER),
    O_STR(0, "cpu-profile", G, unused, "path", "Path of CPU profiling results", .flags = LATER),
    O_STR(0, "default-mounts-file", G, default_mounts_file, "path",
          "Path of the file that lists directories to copy into every container",
          .complete = COMPLETE_FILE, .flags = OPTF_HIDDEN),
    O_STR(0, "events-backend", G, events_backend, "type", "Events backend to use",
          .choices = "file|journald|none", .flags = LATER),
    O_BOOL(0, "help", G, help, "Help for podman"),
    O_STRV(0, "hooks-dir", G, hooks_dir, "path", "Directory of OCI hooks",
           .complete = COMPLETE_DIR),
    O_STR(0, "imagestore", G, imagestore, "path", "Directory of images apart from the root",
          .flags = LATER),
    O_STR(0, "log-level", G, log_level, "level",
          "Log messages above this level (trace, debug, info, warn, warning, error, fatal, panic)",
          .def = "warn"),
    O_INT(0, "max-workers", G, max_workers, "number", "Limit of parallel operations",
          .flags = LATER),
    O_STR(0, "memory-profile", G, unused, "path", "Path of memory profiling results",
          .flags = LATER),
    O_STR(0, "namespace", G, unused, "name", "Separate view of containers and pods",
          .flags = LATER),
    O_STR(0, "network-backend", G, unused, "name", "Network backend to use", .flags = LATER),
    O_STR(0, "network-config-dir", G, network_config_dir, "directory",
          "Directory of network configurations", .complete = COMPLETE_DIR, .flags = LATER),
    O_STR(0, "cni-config-dir", G, network_config_dir, "directory",
          "Old name of --network-config-dir", .flags = LATER),
    O_STRV(0, "pull-option", G, unused_list, "option", "Option of image pulls", .flags = LATER),
    O_STR(0, "registries-conf", G, unused, "path", "Path of registries.conf", .flags = LATER),
    O_STR(0, "root", G, root, "path", "Directory where data and images are stored",
          .complete = COMPLETE_DIR),
    O_STR(0, "runroot", G, runroot, "path", "Directory where all state that a reboot ends is",
          .complete = COMPLETE_DIR),
    O_STR(0, "runtime", G, runtime, "name", "OCI runtime to use: a name or a path",
          .complete = COMPLETE_FILE),
    O_STRV(0, "runtime-flag", G, runtime_flag, "flag", "Global flag for the OCI runtime"),
    O_STR(0, "storage-driver", G, storage_driver, "name", "Storage driver to use"),
    O_STRV(0, "storage-opt", G, storage_opt, "option", "Option for the storage driver"),
    O_BOOL(0, "syslog", G, syslog, "Send logging information to syslog as well"),
    O_STR(0, "tmpdir", G, tmpdir, "path", "Directory of state files, for scripts",
          .complete = COMPLETE_DIR),
    O_BOOL(0, "trace", G, debug, "Trace output", .flags = LATER),
    O_BOOL(0, "transient-store", G, transient_store, "Keep the database in memory", .flags = LATER),
    O_STR(0, "volumepath", G, volumepath, "path", "Directory of volumes", .complete = COMPLETE_DIR),
    { 0 },
};

const struct opt *const global_root_tables[] = { global_local_opts, NULL };
const struct opt *const global_persistent_tables[] = { global_persistent_opts, NULL };

static int apply_log_level(void)
{
    enum log_level level;

    if (log_level_parse(global_args.log_level, &level) < 0) {
        fprintf(stderr,
                "Log Level \"%s\" is not supported, choose from: trace, debug, info, warn, "
                "warning, error, fatal, panic\n",
                global_args.log_level);
        return 1;
    }
    log_set_level(global_args.debug ? LOGL_DEBUG : level);
    log_set_syslog(global_args.syslog);
    return 0;
}

static int apply_out(struct err *err)
{
    const char *path = global_args.noout ? "/dev/null" : global_args.out;

    if (!path)
        return 0;
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
        return err_sys(err, errno, "opening %s for --out", path);
    return 0;
}

/* A remote service that the environment asks for must not quietly become the local engine. */
static int check_remote(const struct cmd *cmd, struct err *err)
{
    static const char *const vars[] = { "CONTAINER_HOST", "CONTAINER_CONNECTION" };

    for (size_t i = 0; i < ARRAY_SIZE(vars) && !(cmd->flags & CMD_NO_ENGINE); i++)
        if (!str_empty(getenv(vars[i])))
            return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                           "%s is set: remote services are not supported yet", vars[i]);
    return 0;
}

int global_apply(const struct cmd *cmd, struct err *err)
{
    int r = apply_log_level();

    if (r)
        return r;
    if (global_args.context && !STR_EQ(global_args.context, "default"))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "Podman does not support swarm, the only --context value allowed is "
                       "\"default\"");
    if ((r = check_remote(cmd, err)) < 0)
        return r;
    return apply_out(err);
}
