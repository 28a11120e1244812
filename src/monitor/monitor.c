/* podman-monitor run: start, end and restart of one container.
 *
 * Order of an end: the process is reaped, its output is read to the last byte and logged, the cgroup
 * is removed, the state file says "exited", then those who wait are answered, then we go and the
 * `alive` lock with us.  Whoever sees an answer or an EXIT frame finds the state file true. */
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/parse.h"
#include "base/proc.h"
#include "monitor/monitor.h"

#include "base/banned.h"

enum { START_SOCKET = 3 };

/* ---- state and reports ---- */

void monitor_save_state(struct monitor *m, enum run_status status)
{
    AUTO_BUF text = { 0 };

    m->state.version = 1;
    m->state.status = (char *)(uintptr_t)run_status_names[status];
    m->state.monitor_pid = (uint32_t)getpid();
    m->state.cgroup = m->c.cgroup;
    m->state.warnings = m->c.warnings;
    AUTO_JSON *doc = json_from(&run_state_type, &m->state);
    json_text(doc, 0, &text);
    (void)!fs_replace(m->run_fd, "state", text.data, text.len, 0600, FS_NOSYNC);
}

static void report(const struct monitor *m, const struct err *err)
{
    AUTO_BUF text = { 0 };
    struct start_report r = { .ok = err->kind == ERR_NONE,
                              .kind = err->kind,
                              .errnum = err->errnum,
                              .error = err->kind ? (char *)(uintptr_t)err->msg : NULL,
                              .pid = m->c.pid,
                              .warnings = m->c.warnings };
    AUTO_JSON *doc = json_from(&start_report_type, &r);

    json_text(doc, 0, &text);
    (void)!send(START_SOCKET, text.data, text.len, MSG_NOSIGNAL);
}

static void write_pid_file(const char *path, pid_t pid)
{
    char text[24];

    if (str_empty(path))
        return;
    snprintf(text, sizeof(text), "%d", (int)pid);
    if (fs_replace(AT_FDCWD, path, text, strlen(text), 0644, FS_NOSYNC) < 0)
        dprintf(2, "podman-monitor: cannot write %s\n", path);
}

/* ---- configuration ---- */

int monitor_load_spec(struct monitor *m, struct arena *a, struct oci_spec *ret, struct err *err)
{
    AUTO_JSON *doc = json_parse_file(m->bundle_fd, "config.json", LIMIT_JSON_FILE, err);

    return doc ? json_read(a, doc, &oci_spec_type, ret, err) : -EINVAL;
}

static int load_config(struct monitor *m, struct err *err)
{
    AUTO_JSON *doc = json_parse_file(m->bundle_fd, "monitor.json", LIMIT_JSON_FILE, err);

    if (!doc || json_read(&m->arena, doc, &monitor_config_type, &m->cfg, err) < 0)
        return -EINVAL;
    if (m->cfg.stop_signal <= 0 || m->cfg.stop_signal > 64)
        m->cfg.stop_signal = SIGTERM;
    if (str_same(m->cfg.cgroup_manager, "systemd") && access("/run/systemd/system", F_OK) < 0)
        m->cfg.cgroup_manager = NULL;
    return 0;
}

static int open_sockets(struct monitor *m, struct err *err)
{
    m->alive_fd = lock_try(m->run_fd, "alive");
    if (m->alive_fd < 0)
        return err_set(err, ERR_STATE, EBUSY, "container %s is supervised already", m->cfg.id);
    m->attach_fd = unix_listen(m->run_fd, "attach", SOCK_SEQPACKET, 0600);
    m->control_fd = unix_listen(m->run_fd, "control", SOCK_SEQPACKET, 0600);
    if (m->attach_fd < 0 || m->control_fd < 0)
        return err_sys(err, m->attach_fd < 0 ? -m->attach_fd : -m->control_fd, "sockets of %s",
                       m->run_dir);
    sigset_t mask;
    sigemptyset(&mask);
    for (const int *s = (const int[]) { SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGPIPE, 0 }; *s; s++)
        sigaddset(&mask, *s);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    m->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    return m->signal_fd < 0 ? err_sys(err, errno, "signalfd") : 0;
}

/* ---- the container ---- */

static bool passthrough(const struct monitor *m)
{
    return m->cfg.log.driver && str_starts(m->cfg.log.driver, "passthrough");
}

static int create_container(struct monitor *m, struct err *err)
{
    int child[3] = { -EBADF, -EBADF, -EBADF };
    struct oci_create_options o = {
        .id = m->cfg.id,
        .bundle = m->bundle,
        .spec = &m->spec,
        .rootfs = &m->cfg.rootfs,
        .cgroup = m->cfg.cgroup,
        .cgroup_required = geteuid() == 0 && str_empty(getenv("_CONTAINERS_USERNS_CONFIGURED")),
        .seccomp_cache = m->cfg.seccomp_cache ? m->cfg.seccomp_cache[0] : NULL,
        .init_path = m->cfg.init_path,
        .start_listener = -1,
        .no_pivot = m->cfg.no_pivot,
        .no_new_keyring = m->cfg.no_new_keyring,
        .die_with_caller = true,
    };
    int r = monitor_load_spec(m, &m->run_arena, &m->spec, err);
    bool tty = r == 0 && m->spec.process && m->spec.process->terminal;

    m->io.log = &m->log;
    m->io.keep_in = m->cfg.stdin_open;
    m->io.once = m->cfg.stdin_once;
    if (r == 0 && !tty && passthrough(m))
        memcpy(child, (int[]) { 0, 1, 2 }, sizeof(child));
    else if (r == 0 && !tty)
        r = io_pipes(&m->io, m->cfg.stdin_open, child, err);
    memcpy(o.stdio, child, sizeof(child));
    struct oci_create_options *kept = arena_memdup(&m->run_arena, &o, sizeof(o));
    if (r == 0)
        r = oci_create(&m->c, kept, &m->run_arena, err);
    for (int i = 0; i < 3; i++)
        if (child[i] > 2)
            close(child[i]);
    if (r < 0) {
        io_done(&m->io);
        return r;
    }
    /* What has to outlive the arena of the start. */
    m->c.cgroup = arena_strdup(&m->arena, m->c.cgroup);
    if (m->c.pty >= 0) {
        m->io.tty = true;
        m->io.in = m->io.out = HANDOVER_FD(m->c.pty);
        fcntl(m->io.out, F_SETFL, O_NONBLOCK);
    }
    m->waiting = true;
    m->state.pid = m->c.pid;
    m->state.exit_code = 0;
    write_pid_file(m->cfg.pid_file, m->c.pid);
    return 0;
}

/* The plan and the specification have done their work: give the memory back, to the kernel too. */
static void forget_run(struct monitor *m)
{
    char **kept = strv_copy(&m->arena, m->c.warnings);

    m->c.warnings = kept;
    m->c.plan = NULL;
    m->c.arena = NULL;
    m->spec = (struct oci_spec) { 0 };
    arena_done(&m->run_arena);
    m->run_arena = (struct arena) { 0 };
    malloc_trim(0);
}

static int run_poststart(struct monitor *m, struct err *err)
{
    const struct oci_hooks *h = m->spec.hooks;

    if (!h || !h->poststart.n)
        return 0;
    return oci_run_hooks(&h->poststart,
                         oci_state_json(&m->run_arena, m->cfg.id, "running", m->c.pid, m->bundle,
                                        &m->spec.annotations),
                         err);
}

int monitor_start_program(struct monitor *m, struct err *err)
{
    int r = oci_start(&m->c, err);
    if (r == 0)
        r = run_poststart(m, err);
    if (r < 0)
        return r;
    m->waiting = false;
    m->running = true;
    m->state.started_at = time_now();
    m->state.finished_at = 0;
    if (m->cfg.timeout_s > 0)
        m->timeout_deadline = time_monotonic() + m->cfg.timeout_s * NSEC_PER_SEC;
    monitor_save_state(m, RUN_RUNNING);
    forget_run(m);
    return 0;
}

/* ---- the end ---- */

static bool wants_restart(const struct monitor *m)
{
    const char *p = m->cfg.restart.policy;

    if (str_empty(p) || m->state.stopped_by_user)
        return false;
    if (STR_EQ(p, "always") || STR_EQ(p, "unless-stopped"))
        return true;
    return STR_EQ(p, "on-failure") && m->state.exit_code != 0 &&
           (m->cfg.restart.max_tries <= 0 || m->state.restart_count < m->cfg.restart.max_tries);
}

static void run_poststop(struct monitor *m)
{
    AUTO_ARENA a = { 0 };
    struct oci_spec spec = { 0 };

    if (monitor_load_spec(m, &a, &spec, NULL) < 0 || !spec.hooks || !spec.hooks->poststop.n)
        return;
    (void)!oci_run_hooks(&spec.hooks->poststop,
                         oci_state_json(&a, m->cfg.id, "stopped", 0, m->bundle, &spec.annotations),
                         NULL);
}

/* What is still in the pipes.  The writers are dead with their PID namespace, so the end comes; in a
 * shared one somebody may live on, and only what is there now counts. */
static void drain(struct monitor *m)
{
    for (int stream = 0; stream < 2; stream++) {
        const int *fd = stream ? &m->io.err : &m->io.out;
        errno = 0;
        while (*fd >= 0 && !m->io.slow && io_read(m, &m->io, stream == 1) && errno != EAGAIN)
            errno = 0;
    }
}

void monitor_container_ended(struct monitor *m)
{
    static const int64_t longest = 60 * NSEC_PER_SEC;

    int code = proc_wait(m->c.pid);
    m->running = m->waiting = false;
    m->stop_deadline = m->timeout_deadline = 0;
    drain(m);
    m->state.exit_code = code < 0 ? 255 : code;
    m->state.finished_at = time_now();
    m->state.pid = 0;
    if (m->c.cgroup) {
        m->state.oom_killed = oci_cgroup_oom_killed(m->c.cgroup);
        (void)!oci_cgroup_remove(m->c.cgroup, NULL);
    }
    m->io.ended = true;
    m->io.code = (int)m->state.exit_code;
    run_poststop(m);
    bool again = wants_restart(m);
    close_p(&m->c.pidfd);
    m->c.pidfd = -EBADF;
    monitor_save_state(m, RUN_EXITED);
    control_container_ended(m, !again);
    if (!again) {
        m->drain_deadline = time_monotonic() + 10 * NSEC_PER_SEC;
        return;
    }
    /* A program that ran for a while begins again with the shortest pause. */
    if (m->state.finished_at - m->state.started_at > 10 * NSEC_PER_SEC)
        m->backoff_ns = 0;
    m->backoff_ns = m->backoff_ns ? MIN(2 * m->backoff_ns, longest) : NSEC_PER_SEC / 10;
    m->restart_at = time_monotonic() + m->backoff_ns;
}

void monitor_restart(struct monitor *m)
{
    struct err err = { 0 };

    /* Clients stay attached over a restart: only the streams behind them change. */
    if (!m->io.tty)
        close_p(&m->io.in);
    close_p(&m->io.out);
    close_p(&m->io.err);
    m->io.in = m->io.out = m->io.err = -EBADF;
    m->io.ended = m->io.tty = false;
    m->c = (struct oci_container)OCI_CONTAINER_INIT;
    m->state.restart_count++;
    int r = create_container(m, &err);
    if (r == 0)
        r = monitor_start_program(m, &err);
    if (r < 0) {
        m->state.error = arena_strdup(&m->arena, err.msg);
        m->state.exit_code = err_kind_info(err.kind)->exit;
        if (m->waiting) {
            kill(m->c.pid, SIGKILL);
            monitor_container_ended(m);
        } else {
            m->io.ended = true;
            m->io.code = (int)m->state.exit_code;
            monitor_save_state(m, RUN_EXITED);
            control_container_ended(m, true);
        }
    }
}

/* 1 when there is something to wait for, 0 when it has ended already. */
int monitor_stop(struct monitor *m, int sig, int64_t timeout_ns)
{
    m->state.stopped_by_user = true;
    if (!m->running && !m->waiting) {
        if (m->restart_at) { /* in the pause before a restart: that was it then */
            m->restart_at = 0;
            monitor_save_state(m, RUN_EXITED);
            control_container_ended(m, true);
        }
        return 0;
    }
    bool paused = str_same(m->state.status, run_status_names[RUN_PAUSED]);
    monitor_save_state(m, RUN_STOPPING);
    if (m->waiting || timeout_ns == 0)
        sig = SIGKILL;
    kill(m->c.pid, sig);
    if (paused)
        (void)!oci_cgroup_freeze(m->c.cgroup, false, NULL);
    if (sig != SIGKILL && timeout_ns > 0)
        m->stop_deadline = time_monotonic() + timeout_ns;
    return 1;
}

/* ---- start and finish of the monitor ---- */

/* sd_notify without the library: the container's manager learns who the main process is. */
static void notify_systemd(const struct monitor *m)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    char text[64];

    if (str_empty(path) || !str_same(m->cfg.sdnotify, "conmon") ||
        strlen(path) >= sizeof(sa.sun_path))
        return;
    memcpy(sa.sun_path, path, strlen(path));
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (path[0] == '@')
        sa.sun_path[0] = '\0';
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int n = snprintf(text, sizeof(text), "MAINPID=%d\nREADY=1", (int)getpid());
    if (fd >= 0)
        (void)!sendto(fd, text, (size_t)n, MSG_NOSIGNAL, (struct sockaddr *)&sa, len);
}

static int first_start(struct monitor *m, struct err *err)
{
    int r = create_container(m, err);
    bool wait = str_same(m->cfg.start, "wait");

    if (r < 0)
        return r;
    if (wait)
        monitor_save_state(m, RUN_CREATED);
    else if (m->cfg.attach)
        /* Connected before the program runs: what it prints first is not lost. */
        conn_add(m, START_SOCKET, CONN_ATTACH, &m->io)->engine = true;
    if (!wait)
        r = monitor_start_program(m, err);
    if (r < 0) {
        kill(m->c.pid, SIGKILL);
        (void)!proc_wait(m->c.pid);
        if (m->c.cgroup)
            (void)!oci_cgroup_remove(m->c.cgroup, NULL);
        m->c.pid = 0;
        return r;
    }
    if (wait && m->cfg.attach)
        conn_add(m, START_SOCKET, CONN_ATTACH, &m->io)->engine = true;
    return 0;
}

/* Who started us goes on without us: nothing of it is held. */
static void let_go(const struct monitor *m)
{
    AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int i = 0; i < 3 && null >= 0; i++)
        dup2(null, i);
    if (!m->cfg.attach)
        close(START_SOCKET);
}

static void run_exit_command(struct monitor *m)
{
    pid_t pid;

    if (!m->cfg.exit_command || !m->cfg.exit_command[0] || m->engine_has_exit)
        return;
    close_p(&m->alive_fd);
    struct spawn s = { .path = m->cfg.exit_command[0],
                       .argv = m->cfg.exit_command,
                       .fds = { -1, -1, -1 },
                       .keep_fd = -1,
                       .new_session = true };
    (void)!proc_spawn(&s, &pid);
}

static int prepare(struct monitor *m, struct err *err)
{
    m->bundle_fd = fs_open_dir(AT_FDCWD, m->bundle);
    m->run_fd = fs_open_dir(AT_FDCWD, m->run_dir);
    if (m->bundle_fd < 0 || m->run_fd < 0)
        return err_sys(err, m->bundle_fd < 0 ? -m->bundle_fd : -m->run_fd, "opening %s",
                       m->bundle_fd < 0 ? m->bundle : m->run_dir);
    int r = load_config(m, err);
    if (r == 0)
        r = open_sockets(m, err);
    return r < 0 ? r : logger_open(&m->log, &m->cfg, err);
}

int monitor_run(const char *bundle, const char *run_dir)
{
    static struct monitor m = { .bundle_fd = -EBADF,
                                .run_fd = -EBADF,
                                .alive_fd = -EBADF,
                                .attach_fd = -EBADF,
                                .control_fd = -EBADF,
                                .signal_fd = -EBADF,
                                .c = OCI_CONTAINER_INIT,
                                .io = IO_INIT };
    struct err err = { 0 };

    m.bundle = bundle;
    m.run_dir = run_dir;
    setsid();
    fcntl(START_SOCKET, F_SETFD, FD_CLOEXEC);
    int r = prepare(&m, &err);
    if (r == 0)
        r = first_start(&m, &err);
    report(&m, &err);
    if (r < 0)
        return err_kind_info(err.kind)->exit;
    write_pid_file(m.cfg.monitor_pid_file, getpid());
    notify_systemd(&m);
    let_go(&m);
    monitor_loop(&m);
    run_exit_command(&m);
    return 0;
}
