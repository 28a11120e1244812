/* podman-runtime create, start, run, delete: the life of a container. */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>

#include "base/fs.h"
#include "base/parse.h"
#include "base/proc.h"
#include "monitor/runtime.h"

#include "base/banned.h"

struct create_args {
    char *bundle, *console_socket, *pid_file, *config;
    int64_t preserve_fds;
    bool no_pivot, no_new_keyring, no_subreaper, detach, keep;
};

#define C struct create_args
static const struct arg create_args_table[] = {
    A_STR(C, bundle, "bundle", 'b', "directory with config.json"),
    A_STR(C, config, "config", 'f', "another name for config.json"),
    A_STR(C, console_socket, "console-socket", 0, "socket that gets the terminal"),
    A_STR(C, pid_file, "pid-file", 0, "file that the pid is written to"),
    A_I64(C, preserve_fds, "preserve-fds", 0, "descriptors from 3 on that the program keeps"),
    A_FLAG(C, no_pivot, "no-pivot", 0, "chroot instead of pivot_root"),
    A_FLAG(C, no_new_keyring, "no-new-keyring", 0, "keep the caller's session keyring"),
    A_FLAG(C, no_subreaper, "no-subreaper", 0, "ignored"),
    A_FLAG(C, detach, "detach", 'd', "do not wait for the end"),
    A_FLAG(C, keep, "keep", 0, "do not delete afterwards"),
    { 0 },
};
#undef C

struct creation {
    struct oci_spec spec;
    struct rootfs_config rootfs;
    struct oci_create_options o;
    struct runtime_state state;
    struct oci_container c;
};

/* "system.slice:podman:ID" is systemd's way to say system.slice/podman-ID.scope. */
static char *cgroup_path(struct arena *a, const struct oci_spec *spec, const char *id)
{
    const char *p = spec->linux_ ? spec->linux_->cgroups_path : NULL;

    if (str_same(runtime_global.cgroup_manager, "disabled"))
        return NULL;
    if (str_empty(p))
        return arena_printf(a, "/podman-runtime/%s", id);
    char **part = strv_split(a, p, ':');
    if (runtime_global.systemd_cgroup && strv_len(part) == 3)
        return arena_printf(a, "/%s/%s-%s.scope", *part[0] ? part[0] : "system.slice", part[1],
                            part[2]);
    return p[0] == '/' ? arena_strdup(a, p) : arena_printf(a, "/%s", p);
}

static char *absolute(struct arena *a, const char *path)
{
    char cwd[4096];

    if (path[0] == '/' || !getcwd(cwd, sizeof(cwd)))
        return arena_strdup(a, path);
    return STR_EQ(path, ".") ? arena_strdup(a, cwd) : arena_printf(a, "%s/%s", cwd, path);
}

/* A user namespace without mappings, as `crun spec --rootless` writes it, maps our own id to root. */
static void default_mappings(struct oci_spec *spec, struct arena *a)
{
    struct oci_linux *l = spec->linux_;

    if (!l || !(oci_spec_namespaces(spec) & CLONE_NEWUSER) || l->uid_mappings.n ||
        l->gid_mappings.n)
        return;
    for (size_t i = 0; i < l->namespaces.n; i++)
        if (STR_EQ(l->namespaces.items[i].type, "user") && l->namespaces.items[i].path)
            return;
    *LIST_ADD(a, l->uid_mappings) = (struct oci_id_mapping) { 0, geteuid(), 1 };
    *LIST_ADD(a, l->gid_mappings) = (struct oci_id_mapping) { 0, getegid(), 1 };
}

static int prepare(struct creation *n, const struct create_args *args, const char *id,
                   struct arena *a, struct err *err)
{
    char when[TIME_TEXT_MAX];

    int r = runtime_check_id(id, err);
    if (r < 0)
        return r;
    char *bundle = absolute(a, args->bundle ? args->bundle : ".");
    const char *config = args->config ? args->config : arena_printf(a, "%s/config.json", bundle);
    r = runtime_load_spec(AT_FDCWD, config, a, &n->spec, NULL, err);
    if (r < 0)
        return r;
    if (!n->spec.root)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "config.json lacks `root`");
    default_mappings(&n->spec, a);
    static char bind[] = "bind";
    n->rootfs = (struct rootfs_config) {
        .type = bind,
        .path = n->spec.root->path[0] == '/' ? n->spec.root->path
                                             : arena_printf(a, "%s/%s", bundle, n->spec.root->path)
    };
    n->o = (struct oci_create_options) {
        .id = id,
        .bundle = bundle,
        .spec = &n->spec,
        .rootfs = &n->rootfs,
        .cgroup = cgroup_path(a, &n->spec, id),
        .cgroup_required = geteuid() == 0 && str_empty(getenv("_CONTAINERS_USERNS_CONFIGURED")),
        .seccomp_cache = runtime_path(a, ".seccomp", "v1"),
        .stdio = { 0, 1, 2 },
        .preserve_fds = (unsigned)MAX(args->preserve_fds, (int64_t)0),
        .start_listener = -1,
        .no_pivot = args->no_pivot,
        .no_new_keyring = args->no_new_keyring,
    };
    n->state =
        (struct runtime_state) { .id = arena_strdup(a, id),
                                 .oci_version = n->spec.oci_version,
                                 .bundle = bundle,
                                 .rootfs = n->rootfs.path,
                                 .created = arena_strdup(a, time_format_rfc3339(time_now(), when)),
                                 .user = arena_strdup(a, geteuid() ? "" : "root"),
                                 .annotations = n->spec.annotations };
    return 0;
}

/* The directory is what claims the id: mkdir says no to the second. */
static int claim(const char *id, struct err *err)
{
    AUTO_CLOSE int root = runtime_root(err);
    if (root < 0)
        return root;
    if (mkdirat(root, id, 0700) < 0)
        return errno == EEXIST
                   ? err_set(err, ERR_CONFLICT, EEXIST, "container `%s` already exists", id)
                   : err_sys(err, errno, "creating the state of %s", id);
    return 0;
}

static int save_config(const struct creation *n, struct err *err)
{
    AUTO_BUF text = { 0 };
    AUTO_JSON *doc = json_from(&oci_spec_type, &n->spec);
    AUTO_CLOSE int root = runtime_root(err);

    if (root < 0)
        return root;
    json_text(doc, 0, &text);
    AUTO_CLOSE int dir = fs_open_dir(root, n->state.id);
    int r = dir < 0 ? dir : fs_replace(dir, "config.json", text.data, text.len, 0600, FS_NOSYNC);
    return r < 0 ? err_sys(err, -r, "saving the configuration of %s", n->state.id) : 0;
}

static void show_warnings(char *const *w)
{
    for (; w && *w; w++)
        fprintf(stderr, "podman-runtime: warning: %s\n", *w);
}

static int finish_create(struct creation *n, const struct create_args *args, struct err *err)
{
    n->state.pid = n->c.pid;
    n->state.start_time = (int64_t)proc_start_time(n->c.pid);
    n->state.namespaces = n->c.namespaces;
    n->state.cgroup = n->c.cgroup;
    int r = runtime_save(&n->state, err);
    if (r == 0)
        r = save_config(n, err);
    if (r == 0 && args->console_socket && n->c.pty >= 0)
        r = runtime_send_console(args->console_socket, n->c.pty, err);
    if (r == 0 && args->pid_file) {
        char text[32];
        snprintf(text, sizeof(text), "%d", (int)n->c.pid);
        r = fs_replace(AT_FDCWD, args->pid_file, text, strlen(text), 0644, FS_NOSYNC);
        if (r < 0)
            r = err_sys(err, -r, "writing %s", args->pid_file);
    }
    return r;
}

static void undo(struct creation *n)
{
    if (n->c.pid > 0) {
        kill(n->c.pid, SIGKILL);
        (void)!proc_wait(n->c.pid);
    }
    if (n->c.cgroup)
        (void)!oci_cgroup_remove(n->c.cgroup, NULL);
    (void)!runtime_forget(n->state.id, NULL);
}

static int make(struct creation *n, const struct create_args *args, const char *id,
                bool listen_start, struct arena *a, struct err *err)
{
    AUTO_CLOSE int listener = -EBADF;

    n->c = (struct oci_container)OCI_CONTAINER_INIT;
    int r = prepare(n, args, id, a, err);
    if (r < 0)
        return r;
    if (n->spec.process && n->spec.process->terminal && listen_start && !args->console_socket)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "a terminal needs --console-socket");
    r = claim(id, err);
    if (r < 0)
        return r;
    if (listen_start) {
        listener = unix_listen(AT_FDCWD, runtime_path(a, id, "start"), SOCK_SEQPACKET, 0600);
        if (listener < 0)
            r = err_sys(err, -listener, "start socket");
        n->o.start_listener = listener;
    }
    if (r == 0)
        r = oci_create(&n->c, &n->o, a, err);
    if (r == 0)
        r = finish_create(n, args, err);
    if (r < 0) {
        undo(n);
        return r;
    }
    show_warnings(n->c.warnings);
    return 0;
}

static int run_create(void *opts, char **argv, struct arena *a, struct err *err)
{
    struct creation *n = arena_alloc(a, sizeof(*n));

    return make(n, opts, argv[0], true, a, err);
}

const struct runtime_cmd runtime_create_cmd = {
    "create", "[options] ID", create_args_table, sizeof(struct create_args), 1, 1, run_create,
};

/* ---- start ---- */

static const struct arg no_args[] = { { 0 } };

static int poststart(const struct runtime_state *s, const struct oci_spec *spec, struct arena *a,
                     struct err *err)
{
    if (!spec->hooks || !spec->hooks->poststart.n)
        return 0;
    return oci_run_hooks(
        &spec->hooks->poststart,
        oci_state_json(a, s->id, "running", (pid_t)s->pid, s->bundle, &s->annotations), err);
}

static int run_start(void *opts, char **argv, struct arena *a, struct err *err)
{
    struct runtime_state s = { 0 };
    struct oci_spec spec = { 0 };

    (void)opts;
    int r = runtime_load(argv[0], a, &s, err);
    if (r < 0)
        return r;
    if (runtime_status_of(&s) != RT_CREATED)
        return err_set(err, ERR_STATE, EINVAL, "container `%s` is not in the created state", s.id);
    r = runtime_load_spec(AT_FDCWD, runtime_path(a, s.id, "config.json"), a, &spec, NULL, err);
    if (r == 0)
        r = oci_start_by_socket(runtime_path(a, s.id, "start"), err);
    if (r < 0)
        return r;
    s.started = true;
    (void)!unlink(runtime_path(a, s.id, "start"));
    r = runtime_save(&s, err);
    return r < 0 ? r : poststart(&s, &spec, a, err);
}

const struct runtime_cmd runtime_start_cmd = { "start", "ID", no_args, 0, 1, 1, run_start };

/* ---- delete ---- */

struct delete_args {
    bool force, regex;
};
static const struct arg delete_args_table[] = {
    A_FLAG(struct delete_args, force, "force", 'f', "kill it when it runs; none is fine"),
    { 0 },
};

static int delete_container(const struct runtime_state *s, struct arena *a, struct err *err)
{
    struct oci_spec spec = { 0 };
    int r = 0;

    if (s->cgroup)
        r = oci_cgroup_remove(s->cgroup, err);
    if (r < 0)
        return r;
    if (runtime_load_spec(AT_FDCWD, runtime_path(a, s->id, "config.json"), a, &spec, NULL, NULL) ==
            0 &&
        spec.hooks)
        r = oci_run_hooks(&spec.hooks->poststop,
                          oci_state_json(a, s->id, "stopped", 0, s->bundle, &s->annotations), NULL);
    return runtime_forget(s->id, err);
}

static int run_delete(void *opts, char **argv, struct arena *a, struct err *err)
{
    const struct delete_args *args = opts;
    struct runtime_state s = { 0 };
    struct err why = { 0 };

    int r = runtime_load(argv[0], a, &s, &why);
    if (r < 0) {
        if (args->force && why.kind == ERR_NOT_FOUND) {
            /* A create that was killed half way has a directory without a state. */
            return runtime_check_id(argv[0], NULL) == 0 ? runtime_forget(argv[0], err) : 0;
        }
        return err_set(err, why.kind, why.errnum, "%s", why.msg);
    }
    enum runtime_status status = runtime_status_of(&s);
    if (status != RT_STOPPED && status != RT_CREATED && !args->force)
        return err_set(err, ERR_STATE, EBUSY, "container `%s` is not stopped", s.id);
    if (status != RT_STOPPED) {
        AUTO_CLOSE int fd = (int)syscall(434 /* pidfd_open */, s.pid, 0);
        struct pollfd p = { .fd = fd, .events = POLLIN };
        kill((pid_t)s.pid, SIGKILL);
        if (s.cgroup && s.paused)
            (void)!oci_cgroup_freeze(s.cgroup, false, NULL);
        if (fd >= 0)
            (void)!poll(&p, 1, 10000);
    }
    return delete_container(&s, a, err);
}

const struct runtime_cmd runtime_delete_cmd = {
    "delete", "[--force] ID", delete_args_table, sizeof(struct delete_args), 1, 1, run_delete,
};

/* ---- run ---- */

static struct termios saved_terminal;

static bool raw_terminal(void)
{
    struct termios raw;

    if (tcgetattr(0, &saved_terminal) < 0)
        return false;
    raw = saved_terminal;
    cfmakeraw(&raw);
    return tcsetattr(0, TCSANOW, &raw) == 0;
}

static void copy_size(int pty)
{
    struct winsize ws;

    if (ioctl(0, TIOCGWINSZ, &ws) == 0)
        (void)!ioctl(pty, TIOCSWINSZ, &ws);
}

/* A copy of one readable chunk; false at the end. */
static bool copy_chunk(int from, int to)
{
    char buf[8192];
    ssize_t n = read(from, buf, sizeof(buf));

    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    return n > 0 && write_all(to, buf, (size_t)n) == 0;
}

static void forward_signal(int sfd, int pty, pid_t pid)
{
    struct signalfd_siginfo si;

    if (read(sfd, &si, sizeof(si)) != sizeof(si))
        return;
    if (si.ssi_signo == SIGWINCH && pty >= 0)
        copy_size(pty);
    else if (si.ssi_signo != SIGCHLD)
        kill(pid, (int)si.ssi_signo);
}

int runtime_pump(int pty, pid_t pid, int pidfd, struct err *err)
{
    sigset_t set;
    bool raw = pty >= 0 && raw_terminal();

    (void)err;
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    AUTO_CLOSE int sfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (pty >= 0)
        copy_size(pty);
    struct pollfd p[] = { { pidfd, POLLIN, 0 },
                          { sfd, POLLIN, 0 },
                          { pty, POLLIN, 0 },
                          { pty >= 0 ? 0 : -1, POLLIN, 0 } };
    for (;;) {
        if (poll(p, 4, -1) < 0)
            continue;
        if (p[1].revents)
            forward_signal(sfd, pty, pid);
        if (p[2].revents && !copy_chunk(pty, 1))
            p[2].fd = -1;
        if (p[3].revents && !copy_chunk(0, pty))
            p[3].fd = -1;
        if (p[0].revents && (p[2].fd < 0 || !p[2].revents))
            break;
    }
    int code = proc_wait(pid);
    if (raw)
        tcsetattr(0, TCSANOW, &saved_terminal);
    return code;
}

static int run_run(void *opts, char **argv, struct arena *a, struct err *err)
{
    const struct create_args *args = opts;
    struct creation *n = arena_alloc(a, sizeof(*n));

    int r = make(n, args, argv[0], false, a, err);
    if (r < 0)
        return r;
    r = oci_start(&n->c, err);
    if (r < 0) {
        undo(n);
        return r;
    }
    n->state.started = true;
    if (args->detach || args->keep)
        r = runtime_save(&n->state, err);
    if (r == 0)
        r = poststart(&n->state, &n->spec, a, err);
    if (r < 0 || args->detach)
        return r;
    int code = runtime_pump(args->console_socket ? -1 : n->c.pty, n->c.pid, n->c.pidfd, err);
    if (!args->keep)
        r = delete_container(&n->state, a, err);
    oci_container_done(&n->c);
    return r < 0 ? r : code;
}

const struct runtime_cmd runtime_run_cmd = {
    "run", "[options] ID", create_args_table, sizeof(struct create_args), 1, 1, run_run,
};
