#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/parse.h"
#include "monitor/monitor.h"
#include "monitor/host_lines.h"
#include "monitor/network.h"

#include "base/banned.h"

/* ---------- state ---------- */

void state_save(struct monitor *m)
{
    m->state.version = 1;
    m->state.status = (char *)(uintptr_t)run_status_names[m->status];
    m->state.cgroup = m->cgroup;
    m->state.warnings = m->warnings;
    AUTO_JSON *doc = json_from(&run_state_type, &m->state);
    AUTO_BUF b = { 0 };
    json_text(doc, 0, &b);
    (void)!fs_replace(m->run_dir, "state", b.data, b.len, 0644, FS_NOSYNC);
    /* Beside the bundle it outlives a reboot and still tells how the container ended. */
    if (m->status == RUN_EXITED)
        (void)!fs_replace(m->bundle_dir, "state", b.data, b.len, 0600, FS_NOSYNC);
}

static int write_pid(const char *path, pid_t pid, struct err *err)
{
    char text[16];
    int n = snprintf(text, sizeof(text), "%d", (int)pid);
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0 || write_all(fd, text, (size_t)n) < 0)
        return err_sys(err, errno, "writing the PID file %s", path);
    return 0;
}

int monitor_prepare(struct monitor *m, struct err *err)
{
    sigset_t set;

    m->bundle_dir = fs_open_dir(AT_FDCWD, m->bundle);
    m->run_dir = fs_open_dir(AT_FDCWD, m->run_path);
    if (m->bundle_dir < 0 || m->run_dir < 0)
        return err_sys(err, m->run_dir < 0 ? -m->run_dir : -m->bundle_dir, "opening %s",
                       m->run_dir < 0 ? m->run_path : m->bundle);
    m->alive = lock_try(m->run_dir, "alive");
    if (m->alive < 0)
        return err_set(err, ERR_STATE, EBUSY, "the container is supervised already: %s",
                       strerror(-m->alive));
    (void)!unlinkat(m->run_dir, "state",
                    0); /* of the last run: no state tells that we are not done */
    m->attach = unix_listen(m->run_dir, "attach", SOCK_SEQPACKET, 0600);
    m->control = unix_listen(m->run_dir, "control", SOCK_SEQPACKET, 0600);
    if (m->attach < 0 || m->control < 0)
        return err_sys(err, m->attach < 0 ? -m->attach : -m->control,
                       "making the sockets of the container");
    if (mkdirat(m->run_dir, "exec", 0700) < 0 && errno != EEXIST)
        return err_sys(err, errno, "making the directory of exec sessions");
    sigemptyset(&set);
    for (const int *s = (const int[]) { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, 0 }; *s; s++)
        sigaddset(&set, *s);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (m->signals < 0)
        return err_sys(err, errno, "watching signals");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    m->state.monitor_pid = (uint32_t)getpid();
    return 0;
}

/* ---------- streams ---------- */

/* Three pipes; ours are non-blocking, the program's are not. */
struct stdio_pipes {
    int in[2], out[2], err[2];
};

static void pipes_done(struct stdio_pipes *p)
{
    for (int i = 0; i < 2; i++) {
        close_p(&p->in[i]);
        close_p(&p->out[i]);
        close_p(&p->err[i]);
    }
}

static int make_pipe(int fd[2], int ours, struct err *err)
{
    if (pipe2(fd, O_CLOEXEC) < 0)
        return err_sys(err, errno, "making a pipe");
    return fcntl(fd[ours], F_SETFL, O_NONBLOCK) < 0 ? err_sys(err, errno, "making a pipe") : 0;
}

/* In a user namespace the program may run as another id and open /dev/stdout anew: the pipe has to be its. */
static void pipes_own(const struct stdio_pipes *p, uint32_t uid, uint32_t gid)
{
    if (!uid && !gid)
        return;
    for (const int *fd = (const int[]) { p->in[0], p->out[1], p->err[1], -1 }; *fd != -1; fd++)
        if (*fd >= 0)
            (void)!fchown(*fd, uid, gid);
}

static int make_pipes(struct stdio_pipes *p, bool with_in, struct err *err)
{
    int r = with_in ? make_pipe(p->in, 1, err) : 0;

    if (r == 0)
        r = make_pipe(p->out, 0, err);
    return r < 0 ? r : make_pipe(p->err, 0, err);
}

static void streams_from_pipes(struct streams *s, struct stdio_pipes *p)
{
    *s = (struct streams) { .in = HANDOVER_FD(p->in[1]),
                            .out = HANDOVER_FD(p->out[0]),
                            .err = HANDOVER_FD(p->err[0]) };
}

static void streams_from_pty(struct streams *s, int pty)
{
    fcntl(pty, F_SETFL, O_NONBLOCK);
    *s = (struct streams) { .in = pty, .out = -EBADF, .err = -EBADF, .terminal = true };
}

#define PIPES_INIT                                                                                 \
    {                                                                                              \
        { -EBADF, -EBADF }, { -EBADF, -EBADF },                                                    \
        {                                                                                          \
            -EBADF, -EBADF                                                                         \
        }                                                                                          \
    }

/* ---------- the container ---------- */

static void copy_strv(char ***to, char *const *from)
{
    size_t n = strv_len(from);

    if (*to || !n)
        return;
    *to = xcalloc(n + 1, sizeof(char *));
    for (size_t i = 0; i < n; i++)
        (*to)[i] = xstrdup(from[i]);
}

static char *dup_or_null(const char *s)
{
    return str_empty(s) ? NULL : xstrdup(s);
}

/* What has to outlive the documents; read anew at a restart, but these do not change. */
static int take_config(struct monitor *m, const struct monitor_config *c, struct err *err)
{
    const char *policy = c->restart.policy ? c->restart.policy : "no";

    if (m->id)
        return 0;
    int r = placement_cgroup(c, MONITOR_START_FD, &m->cgroup, err);
    if (r < 0)
        return r;
    m->id = xstrdup(c->id);
    m->runtime = dup_or_null(c->runtime);
    m->pid_file = dup_or_null(c->pid_file);
    m->seccomp_cache = c->seccomp_cache ? dup_or_null(c->seccomp_cache[0]) : NULL;
    copy_strv(&m->exit_command, c->exit_command);
    copy_strv(&m->repair_command, c->repair_command);
    copy_strv(&m->runtime_flags, c->runtime_flags);
    m->no_keyring = c->no_new_keyring;
    m->stdin_open = c->stdin_open;
    m->passes_exit = c->passes_exit;
    m->stdin_once = c->stdin_once;
    m->bound = c->bound;
    m->wants_network = c->network;
    m->wait_start = c->start && STR_EQ(c->start, "wait");
    m->timeout_s = c->timeout_s;
    m->restart = STR_EQ(policy, "on-failure")                 ? RESTART_ON_FAILURE
                 : STR_IN(policy, "always", "unless-stopped") ? RESTART_ALWAYS
                                                              : RESTART_NO;
    m->restart_max = c->restart.max_tries;
    if (c->monitor_pid_file) {
        r = write_pid(c->monitor_pid_file, getpid(), err);
        if (r < 0)
            return r;
    }
    host_lines_watch(m);
    return logger_open(&m->log, c, err);
}

static int create_internal(struct monitor *m, const struct monitor_config *c,
                           const struct oci_spec *spec, const struct stdio_pipes *p,
                           bool passthrough, struct err *err)
{
    CLEANUP(kept_done) struct kept kept = { 0 };
    if (c->keep_fds.n && !m->state.started_at) {
        int k = kept_receive(&kept, MONITOR_START_FD, c->keep_fds.items, c->keep_fds.n, err);
        if (k < 0)
            return k;
    }
    struct oci_create_options o = {
        .kept = kept.items,
        .nkept = kept.n,
        .id = m->id,
        .bundle = m->bundle,
        .spec = spec,
        .rootfs = &c->rootfs,
        .cgroup = m->cgroup,
        .seccomp_cache = m->seccomp_cache,
        .init_path = c->init_path,
        .start_listener = -1,
        .stdio = { p->in[0], p->out[1], p->err[1] },
        .no_pivot = c->no_pivot,
        .no_new_keyring = c->no_new_keyring,
        .die_with_caller = true,
        .cwd_must_exist = c->cwd_must_exist,
    };
    if (passthrough)
        memcpy(o.stdio, (int[]) { 0, 1, 2 }, sizeof(o.stdio));
    return oci_create(&m->ctr, &o, &m->ctr_arena, err);
}

static void started(struct monitor *m)
{
    m->status = RUN_RUNNING;
    m->state.started_at = time_now();
    m->state.finished_at = 0;
    m->state.exit_code = 0;
    m->stop_killed = m->timed_out = false;
    if (m->timeout_s > 0)
        m->timeout_at = time_monotonic() + m->timeout_s * NSEC_PER_SEC;
    state_save(m);
}

/* The configuration is read once more: the arena of the start has gone. */
static void tell_started(struct monitor *m)
{
    AUTO_ARENA a = { 0 };
    struct monitor_config c = { 0 };
    AUTO_JSON *doc = json_parse_file(m->bundle_dir, "monitor.json", LIMIT_JSON_FILE, NULL);

    if (!doc || json_read(&a, doc, &monitor_config_type, &c, NULL) < 0)
        return;
    monitor_event(m, &c, "start");
    health_started(m, &c);
}

int container_go(struct monitor *m, struct err *err)
{
    int r = m->runtime ? external_start(m, err) : oci_start(&m->ctr, err);

    arena_done(&m->ctr_arena);
    if (r < 0)
        return r;
    started(m);
    tell_started(m);
    malloc_trim(0);
    return 0;
}

static int create(struct monitor *m, const struct monitor_config *c, const struct oci_spec *spec,
                  struct err *err)
{
    CLEANUP(pipes_done) struct stdio_pipes p = PIPES_INIT;
    bool passthrough = c->log.driver && str_starts(c->log.driver, "passthrough");
    bool tty = spec->process && spec->process->terminal;
    int r = tty || passthrough ? 0 : make_pipes(&p, c->stdin_open, err);

    if (r < 0)
        return r;
    if (spec->process)
        pipes_own(&p, spec->process->user.uid, spec->process->user.gid);
    if (m->runtime)
        r = external_create(m, c, spec, (int[]) { p.in[0], p.out[1], p.err[1] }, err);
    else
        r = create_internal(m, c, spec, &p, passthrough, err);
    if (r < 0)
        return r;
    m->state.pid = m->ctr.pid;
    m->namespaces = m->ctr.namespaces;
    if (tty)
        streams_from_pty(&m->io, HANDOVER_FD(m->ctr.pty));
    else
        streams_from_pipes(&m->io, &p);
    if (!m->warnings)
        m->warnings = strv_copy(&m->warn_arena, m->ctr.warnings);
    /* The cgroup that could not be made (rootless without delegation) is none of ours. */
    if (!m->ctr.cgroup && !m->runtime) {
        free(m->cgroup);
        m->cgroup = NULL;
    }
    return m->pid_file ? write_pid(m->pid_file, m->ctr.pid, err) : 0;
}

int container_up(struct monitor *m, struct err *err)
{
    struct monitor_config c = { 0 };
    struct oci_spec spec = { 0 };
    struct arena *a = &m->ctr_arena;
    AUTO_JSON *cdoc = json_parse_file(m->bundle_dir, "monitor.json", LIMIT_JSON_FILE, err);
    AUTO_JSON *sdoc = cdoc ? json_parse_file(m->bundle_dir, "config.json", LIMIT_JSON_FILE, err)
                           : NULL;

    if (!sdoc)
        return -EINVAL;
    network_rejoin(m, sdoc);
    int r = json_read(a, cdoc, &monitor_config_type, &c, err);
    if (r == 0)
        r = json_read(a, sdoc, &oci_spec_type, &spec, err);
    if (r == 0)
        r = take_config(m, &c, err);
    if (r == 0)
        r = create(m, &c, &spec, err);
    if (r == 0 && m->wants_network && m->net.netns < 0)
        r = network_set_up(m, MONITOR_START_FD, err);
    if (r < 0) {
        arena_done(a);
        return r;
    }
    monitor_event(m, &c, "init");
    if (m->wait_start && m->state.started_at == 0) {
        m->status = RUN_CREATED;
        state_save(m);
        return 0;
    }
    return container_go(m, err);
}

/* ---------- exec ---------- */

static int exec_internal(struct monitor *m, const struct oci_process *p,
                         const struct stdio_pipes *pipes, const struct kept *kept, struct arena *a,
                         struct oci_exec *ret, struct err *err)
{
    struct oci_spec spec = { 0 };
    AUTO_JSON *doc = json_parse_file(m->bundle_dir, "config.json", LIMIT_JSON_FILE, err);

    if (!doc)
        return -EINVAL;
    int r = json_read(a, doc, &oci_spec_type, &spec, err);
    if (r < 0)
        return r;
    struct oci_exec_options o = {
        .pid = (pid_t)m->state.pid,
        .pidfd = m->ctr.pidfd,
        .namespaces = m->namespaces,
        .cgroup = m->cgroup,
        .process = p,
        .seccomp = spec.linux_ ? spec.linux_->seccomp : NULL,
        .seccomp_cache = m->seccomp_cache,
        .stdio = { pipes->in[0], pipes->out[1], pipes->err[1] },
        .kept = kept->items,
        .nkept = kept->n,
        .die_with_caller = true,
        .no_new_keyring = m->no_keyring,
        .cwd_must_exist = true,
    };
    return oci_exec(ret, &o, a, err);
}

int session_start(struct monitor *m, const json_t *req, const struct kept *kept,
                  struct exec_session **ret, struct err *err)
{
    AUTO_ARENA a = { 0 };
    CLEANUP(pipes_done) struct stdio_pipes pipes = PIPES_INIT;
    struct oci_process p = { 0 };
    struct oci_exec x = { .pidfd = -EBADF, .pty = -EBADF };
    const char *id = json_string_value(json_object_get(req, "session"));
    bool attach = json_is_true(json_object_get(req, "attach"));

    if (!id || !*id || strlen(id) > 64 || strspn(id, "0123456789abcdef") != strlen(id))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid exec session id");
    int r = json_read(&a, json_object_get(req, "process"), &oci_process_type, &p, err);
    if (r == 0 && attach && !p.terminal)
        r = make_pipes(&pipes, json_is_true(json_object_get(req, "stdin")), err);
    if (r == 0)
        pipes_own(&pipes, p.user.uid, p.user.gid);
    if (r == 0 && m->runtime)
        r = external_exec(m, &p, (int[]) { pipes.in[0], pipes.out[1], pipes.err[1] }, &x.pid,
                          &x.pty, err);
    else if (r == 0)
        r = exec_internal(m, &p, &pipes, kept, &a, &x, err);
    if (r < 0)
        return r;
    close_p(&x.pidfd);
    struct exec_session *s = xcalloc(1, sizeof(*s));
    snprintf(s->id, sizeof(s->id), "%s", id);
    s->pid = x.pid;
    if (p.terminal && x.pty >= 0)
        streams_from_pty(&s->io, x.pty);
    else
        streams_from_pipes(&s->io, &pipes);
    s->next = m->sessions;
    m->sessions = s;
    *ret = s;
    return 0;
}

/* ---------- main ---------- */

static void report(struct monitor *m, int sock, bool ok, const struct err *err)
{
    struct start_report rep = { .ok = ok,
                                .kind = err->kind,
                                .errnum = err->errnum,
                                .pid = m->state.pid,
                                .error = (char *)(uintptr_t)(ok ? NULL : err->msg),
                                .warnings = m->warnings };
    AUTO_JSON *doc = json_from(&start_report_type, &rep);
    AUTO_BUF b = { 0 };

    json_text(doc, 0, &b);
    (void)!send(sock, b.data, b.len, MSG_NOSIGNAL);
}

/* The engine's connection is an attach connection before the program runs, so it misses nothing; but the
 * report has to be the first packet.  Output waits in the pipes until the loop begins, after the report. */
static int run(struct monitor *m, int sock)
{
    struct err err = { 0 };
    int r = monitor_prepare(m, &err);

    if (r == 0)
        r = container_up(m, &err);
    if (r < 0) {
        if (m->ctr.pid > 0 && m->state.pid) {
            container_signal(m, SIGKILL);
            if (m->cgroup)
                (void)!oci_cgroup_remove(m->cgroup, NULL);
        }
        m->state.exit_code = err_kind_info(err.kind)->exit;
        m->state.error = err.msg;
        m->state.finished_at = time_now();
        m->state.pid = 0;
        m->status = RUN_EXITED;
        if (m->run_dir >= 0 && m->alive >= 0)
            state_save(m);
        report(m, sock, false, &err);
        return 1;
    }
    report(m, sock, true, &err);
    return 0;
}

static bool wants_attach(const struct monitor *m)
{
    AUTO_JSON *doc = json_parse_file(m->bundle_dir, "monitor.json", LIMIT_JSON_FILE, NULL);

    return json_is_true(json_object_get(doc, "attach"));
}

int monitor_main(int argc, char **argv)
{
    struct monitor m = { .run_dir = -EBADF,
                         .bundle_dir = -EBADF,
                         .alive = -EBADF,
                         .attach = -EBADF,
                         .control = -EBADF,
                         .signals = -EBADF,
                         .net = { .netns = -EBADF, .userns = -EBADF, .run = -EBADF },
                         .ctr = OCI_CONTAINER_INIT,
                         .io = { -EBADF, -EBADF, -EBADF, false, { 0 }, false } };
    const int start = MONITOR_START_FD;

    for (int i = 2; i + 1 < argc; i += 2) {
        if (STR_EQ(argv[i], "--bundle"))
            m.bundle = argv[i + 1];
        else if (STR_EQ(argv[i], "--run-dir"))
            m.run_path = argv[i + 1];
    }
    if (!m.bundle || !m.run_path) {
        fprintf(stderr,
                "usage: podman-monitor run --bundle DIR --run-dir DIR (started by podman)\n");
        return 125;
    }
    log_set_level(LOGL_ERROR);
    prctl(PR_SET_NAME,
          "podman-monitor"); /* we were executed through a descriptor: its number is our name */
    /* What podman was given by its caller is none of ours: whoever waits for the end of a pipe would wait for the
     * container's. */
    if (fcntl(start, F_SETFD, FD_CLOEXEC) < 0 || close_range(start + 1, ~0u, 0) < 0)
        return 125;
    m.log.fd = -EBADF;
    if (run(&m, start))
        return 1;
    if (wants_attach(&m))
        client_add(&m, start, CLIENT_ATTACH)->starter = true;
    else
        close(start);
    malloc_trim(0);
    monitor_loop(&m);
    network_end(&m);
    logger_close(&m.log);
    /* A service manager looks at it.  What was asked to stop has not failed, and whoever waits for a bound one
     * has been told. */
    bool told = m.bound || m.stop_asked;
    return m.passes_exit || !told ? (int)m.state.exit_code : 0;
}
