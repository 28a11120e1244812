/* podman-runtime exec and spec. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "base/proc.h"
#include "monitor/runtime.h"

#include "base/banned.h"

struct exec_args {
    char *process, *cwd, *user, *pid_file, *console_socket, *apparmor, *label, *cgroup;
    char **env, **cap;
    int64_t preserve_fds;
    bool tty, detach, no_new_privs, no_subreaper;
};

#define E struct exec_args
static const struct arg exec_args_table[] = {
    A_STR(E, process, "process", 'p', "file with the OCI process"),
    A_STR(E, cwd, "cwd", 0, "working directory"),
    A_STR(E, user, "user", 'u', "uid[:gid]"),
    A_STR(E, pid_file, "pid-file", 0, "file that the pid is written to"),
    A_STR(E, console_socket, "console-socket", 0, "socket that gets the terminal"),
    A_STR(E, apparmor, "apparmor", 0, "AppArmor profile"),
    A_STR(E, label, "process-label", 0, "SELinux label"),
    A_STR(E, cgroup, "cgroup", 0, "ignored"),
    A_STRV(E, env, "env", 'e', "KEY=value"),
    A_STRV(E, cap, "cap", 'c', "one more capability"),
    A_I64(E, preserve_fds, "preserve-fds", 0, "descriptors from 3 on that the program keeps"),
    A_FLAG(E, tty, "tty", 't', "with a terminal"),
    A_FLAG(E, detach, "detach", 'd', "do not wait for the end"),
    A_FLAG(E, no_new_privs, "no-new-privs", 0, "set no_new_privs"),
    A_FLAG(E, no_subreaper, "no-subreaper", 0, "ignored"),
    { 0 },
};
#undef E

static int parse_user(const char *text, struct oci_user *u, struct arena *a, struct err *err)
{
    char **part = strv_split(a, text, ':');

    if (parse_u32(part[0], &u->uid) < 0 || (part[1] && parse_u32(part[1], &u->gid) < 0))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "user `%s` is not uid[:gid]", text);
    return 0;
}

static void add_caps(struct oci_process *p, char *const *caps, struct arena *a)
{
    struct oci_capabilities *c = arena_alloc(a, sizeof(*c));

    if (p->capabilities)
        *c = *p->capabilities;
    for (; caps && *caps; caps++) {
        char *name = arena_strdup(a, *caps);
        c->bounding = strv_add(a, strv_copy(a, c->bounding), name);
        c->effective = strv_add(a, strv_copy(a, c->effective), name);
        c->permitted = strv_add(a, strv_copy(a, c->permitted), name);
        c->inheritable = strv_add(a, strv_copy(a, c->inheritable), name);
        c->ambient = strv_add(a, strv_copy(a, c->ambient), name);
    }
    p->capabilities = c;
}

/* The container's own process with another command, unless a whole document is given. */
static int make_process(const struct exec_args *x, const struct oci_spec *spec, char **command,
                        struct arena *a, struct oci_process *p, struct err *err)
{
    if (x->process) {
        AUTO_JSON *doc = json_parse_file(AT_FDCWD, x->process, LIMIT_JSON_FILE, err);
        return doc ? json_read(a, doc, &oci_process_type, p, err) : -EINVAL;
    }
    if (!command[0])
        return err_set(err, ERR_BAD_PARAM, EINVAL, "exec needs a command or --process");
    if (spec->process)
        *p = *spec->process;
    p->args = command;
    p->terminal = x->tty;
    p->console_size = NULL;
    if (x->cwd)
        p->cwd = x->cwd;
    for (char **e = x->env; e && *e; e++)
        p->env = env_set(a, strv_copy(a, p->env), *e);
    p->no_new_privileges |= x->no_new_privs;
    if (x->apparmor)
        p->apparmor_profile = x->apparmor;
    if (x->label)
        p->selinux_label = x->label;
    if (x->cap)
        add_caps(p, x->cap, a);
    return x->user ? parse_user(x->user, &p->user, a, err) : 0;
}

static int after_exec(const struct exec_args *x, const struct oci_exec *e, struct err *err)
{
    int r = 0;

    if (x->console_socket && e->pty >= 0)
        r = runtime_send_console(x->console_socket, e->pty, err);
    if (r == 0 && x->pid_file) {
        char text[32];
        snprintf(text, sizeof(text), "%d", (int)e->pid);
        r = fs_replace(AT_FDCWD, x->pid_file, text, strlen(text), 0644, FS_NOSYNC);
        if (r < 0)
            err_sys(err, -r, "writing %s", x->pid_file);
    }
    return r;
}

static int run_exec(void *opts, char **argv, struct arena *a, struct err *err)
{
    const struct exec_args *x = opts;
    struct runtime_state s = { 0 };
    struct oci_spec spec = { 0 };
    struct oci_process process = { 0 };
    struct oci_exec e = { .pidfd = -EBADF, .pty = -EBADF };

    int r = runtime_load(argv[0], a, &s, err);
    if (r < 0)
        return r;
    if (runtime_status_of(&s) == RT_STOPPED || runtime_status_of(&s) == RT_PAUSED)
        return err_set(err, ERR_STATE, EINVAL, "container `%s` is not running", s.id);
    r = runtime_load_spec(AT_FDCWD, runtime_path(a, s.id, "config.json"), a, &spec, NULL, err);
    if (r == 0)
        r = make_process(x, &spec, argv + 1, a, &process, err);
    if (r < 0)
        return r;
    struct oci_exec_options o = {
        .pid = (pid_t)s.pid,
        .pidfd = -EBADF,
        .namespaces = (unsigned)s.namespaces,
        .cgroup = s.cgroup,
        .process = &process,
        .seccomp = spec.linux_ ? spec.linux_->seccomp : NULL,
        .seccomp_cache = runtime_path(a, ".seccomp", "v1"),
        .stdio = { 0, 1, 2 },
        .preserve_fds = (unsigned)MAX(x->preserve_fds, (int64_t)0),
    };
    r = oci_exec(&e, &o, a, err);
    if (r == 0)
        r = after_exec(x, &e, err);
    if (r < 0 || x->detach)
        return r;
    return runtime_pump(x->console_socket ? -1 : e.pty, e.pid, e.pidfd, err);
}

const struct runtime_cmd runtime_exec_cmd = {
    "exec",   "[options] ID [COMMAND [ARG...]]", exec_args_table, sizeof(struct exec_args), 1, -1,
    run_exec,
};

/* ---- spec ---- */

struct spec_args {
    char *bundle;
    bool rootless;
};
static const struct arg spec_args_table[] = {
    A_STR(struct spec_args, bundle, "bundle", 'b', "directory to write config.json to"),
    A_FLAG(struct spec_args, rootless, "rootless", 0, "for an ordinary user"),
    { 0 },
};

static const char default_spec[] =
    "{\"ociVersion\":\"1.2.0\",\"process\":{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},"
    "\"args\":[\"sh\"],\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
    "/bin\",\"TERM=xterm\"],\"cwd\":\"/\",\"capabilities\":{"
    "\"bounding\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
    "\"effective\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
    "\"permitted\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]},"
    "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}],"
    "\"noNewPrivileges\":true},\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
    "\"hostname\":\"podman\",\"mounts\":["
    "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
    "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"nosuid\","
    "\"strictatime\",\"mode=755\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\",\"options\":["
    "\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"%s]},"
    "{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\",\"options\":[\"nosuid\","
    "\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\",\"options\":["
    "\"nosuid\",\"noexec\",\"nodev\"]},"
    "{\"destination\":\"/sys\",%s\"options\":[%s\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
    "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\",\"options\":["
    "\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}],"
    "\"linux\":{%s\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},"
    "\"namespaces\":[{\"type\":\"pid\"},%s{\"type\":\"ipc\"},{\"type\":\"uts\"},"
    "{\"type\":\"cgroup\"},{\"type\":\"mount\"}%s],"
    "\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\","
    "\"/proc/latency_stats\",\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\","
    "\"/sys/firmware\",\"/proc/scsi\",\"/sys/devices/virtual/powercap\"],"
    "\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\","
    "\"/proc/sysrq-trigger\"]}}";

static int run_spec(void *opts, char **argv, struct arena *a, struct err *err)
{
    const struct spec_args *s = opts;
    AUTO_BUF text = { 0 }, out = { 0 };
    const char *path = s->bundle ? arena_printf(a, "%s/config.json", s->bundle) : "config.json";
    char maps[256];

    (void)argv;
    if (access(path, F_OK) == 0)
        return err_set(err, ERR_CONFLICT, EEXIST, "%s exists", path);
    snprintf(maps, sizeof(maps),
             "\"uidMappings\":[{\"containerID\":0,\"hostID\":%u,\"size\":1}],"
             "\"gidMappings\":[{\"containerID\":0,\"hostID\":%u,\"size\":1}],",
             (unsigned)geteuid(), (unsigned)getegid());
    buf_printf(&text, default_spec, s->rootless ? "" : ",\"gid=5\"",
               s->rootless ? "\"type\":\"none\",\"source\":\"/sys\","
                           : "\"type\":\"sysfs\",\"source\":\"sysfs\",",
               s->rootless ? "\"rbind\"," : "", s->rootless ? maps : "",
               s->rootless ? "" : "{\"type\":\"network\"},",
               s->rootless ? ",{\"type\":\"user\"}" : "");
    AUTO_JSON *doc = json_parse(text.data, text.len, "spec", err);
    if (!doc)
        return -EINVAL;
    json_text(doc, 4, &out);
    buf_putc(&out, '\n');
    int r = fs_replace(AT_FDCWD, path, out.data, out.len, 0644, FS_NOSYNC);
    return r < 0 ? err_sys(err, -r, "writing %s", path) : 0;
}

const struct runtime_cmd runtime_spec_cmd = {
    "spec", "[options]", spec_args_table, sizeof(struct spec_args), 0, 0, run_spec,
};
