#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "base/parse.h"
#include "base/proc.h"
#include "monitor/monitor.h"

#include "base/banned.h"

/* Another OCI runtime in the place of ours
 *
 * It wants a bundle with a mounted root.  We go into a mount namespace of our own, mount the root there,
 * and run the runtime from it: the host's mount table stays as it is, and the mount dies with us.  As a
 * subreaper we inherit the container's init when `create` has ended, and learn its end like that of any
 * child. */

static char **base_argv(const struct monitor *m, struct arena *a)
{
    char **v = strv_add(a, NULL, m->runtime);

    for (char **f = m->runtime_flags; f && *f; f++)
        v = strv_add(a, v, arena_printf(a, "%s%s", str_starts(*f, "--") ? "" : "--", *f));
    v = strv_add(a, v, "--root");
    return strv_add(a, v, arena_printf(a, "%s/runtime", m->run_path));
}

static int mount_root(struct monitor *m, const struct rootfs_config *r, const char *target,
                      struct arena *a, struct err *err)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return err_sys(err, errno, "making a mount namespace");
    if (mkdirat(m->run_dir, "rootfs", 0755) < 0 && errno != EEXIST)
        return err_sys(err, errno, "making %s", target);
    if (STR_EQ(r->type, "bind"))
        return mount(r->path, target, NULL, MS_BIND | MS_REC, NULL) < 0
                   ? err_sys(err, errno, "mounting %s", r->path)
                   : 0;
    char *opts = arena_printf(a, "lowerdir=%s%s%s%s%s%s", strv_join(a, r->lower, ":"),
                              r->upper ? ",upperdir=" : "", r->upper ? r->upper : "",
                              r->upper ? ",workdir=" : "", r->upper ? r->work : "",
                              r->userxattr ? ",userxattr" : "");
    if (mount("overlay", target, "overlay", 0, opts) < 0)
        return err_sys(err, errno, "mounting the container's root (%s)", opts);
    return 0;
}

static int write_bundle(struct monitor *m, const struct oci_spec *spec, const char *target,
                        struct arena *a, struct err *err)
{
    struct oci_spec copy = *spec;
    struct oci_root root = { .path = (char *)(uintptr_t)target,
                             .readonly = spec->root && spec->root->readonly };
    struct oci_linux l = spec->linux_ ? *spec->linux_ : (struct oci_linux) { 0 };

    copy.root = &root;
    l.cgroups_path = m->cgroup;
    copy.linux_ = &l;
    AUTO_JSON *doc = json_from(&oci_spec_type, &copy);
    AUTO_BUF b = { 0 };
    (void)a;
    json_text(doc, 0, &b);
    int r = fs_replace(m->run_dir, "config.json", b.data, b.len, 0600, FS_NOSYNC);
    return r < 0 ? err_sys(err, -r, "writing the bundle") : 0;
}

/* Runs the runtime to its end; its stderr becomes the error's text. */
static int run_tool(char **argv, const int stdio[3], struct err *err)
{
    int log[2];
    if (pipe2(log, O_CLOEXEC) < 0)
        return err_sys(err, errno, "making a pipe");
    struct spawn s = { .path = argv[0],
                       .argv = argv,
                       .keep_fd = -1,
                       .fds = { stdio ? stdio[0] : -1, stdio ? stdio[1] : -1,
                                stdio && stdio[2] >= 0 ? stdio[2] : log[1] } };
    /* Its own words come on stderr, which with pipes is the container's: then a log file is asked for. */
    pid_t pid;
    int r = proc_spawn(&s, &pid);
    close(log[1]);
    AUTO_CLOSE int out = log[0];
    if (r < 0)
        return err_sys(err, -r, "starting the OCI runtime %s", argv[0]);
    AUTO_BUF text = { .max = 65536 };
    if (!(stdio && stdio[2] >= 0))
        (void)!buf_read_fd(&text, out);
    int status = proc_wait(pid);
    if (status == 0)
        return 0;
    return err_set(err, ERR_INTERNAL, EIO, "OCI runtime %s failed (exit status %d)%s%.700s",
                   argv[0], status, text.len ? ": " : "", text.data ? text.data : "");
}

static int read_pid(struct monitor *m, const char *name, pid_t *ret, struct err *err)
{
    AUTO_BUF b = { .max = 64 };
    uint32_t pid;
    int r = fs_read_file(m->run_dir, name, &b);

    if (r < 0 || !b.data || parse_u32(b.data, &pid) < 0)
        return err_set(err, ERR_INTERNAL, EIO, "the OCI runtime wrote no pid file");
    *ret = (pid_t)pid;
    return 0;
}

/* The runtime sends the pty's master over a socket that we listen on. */
static int receive_pty(int listener, int *ret, struct err *err)
{
    char data[256], space[CMSG_SPACE(sizeof(int))];
    struct iovec iov = { data, sizeof(data) };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)
    };

    AUTO_CLOSE int conn = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (conn < 0 || recvmsg(conn, &msg, MSG_CMSG_CLOEXEC) < 0)
        return err_sys(err, errno, "receiving the terminal from the OCI runtime");
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    if (!c || c->cmsg_type != SCM_RIGHTS)
        return err_set(err, ERR_INTERNAL, EPROTO, "the OCI runtime sent no terminal");
    memcpy(ret, CMSG_DATA(c), sizeof(*ret));
    return 0;
}

/* The words of a failed create are in the log file that it was given. */
static int explain(struct monitor *m, const char *path, struct err *err)
{
    AUTO_BUF b = { .max = 65536 };

    if (fs_read_file(AT_FDCWD, path, &b) < 0 || !b.len)
        return -err->errnum;
    char *msg = strstr(b.data, "msg=");
    char *text = msg ? msg + 4 : b.data;
    text[strcspn(text, "\n")] = '\0';
    enum err_kind kind = strstr(text, "not found in $PATH") ||
                                 strstr(text, "no such file or directory")
                             ? ERR_NO_COMMAND
                         : strstr(text, "permission denied") ? ERR_CANNOT_INVOKE
                                                             : ERR_INTERNAL;
    err_clear(err);
    (void)m;
    return err_set(err, kind, EIO, "OCI runtime error: %s", text);
}

/* Runs the command line @v for our container.  Without @stdio there is a terminal, which comes over the
 * console socket in *ret_listener. */
static int run_logged(struct monitor *m, struct arena *a, char **v, const int *stdio,
                      const char *log, int *ret_listener, struct err *err)
{
    if (!stdio) {
        *ret_listener = unix_listen(m->run_dir, "console", SOCK_STREAM, 0600);
        if (*ret_listener < 0)
            return err_sys(err, -*ret_listener, "making the console socket");
        v = strv_add(a, v, "--console-socket");
        v = strv_add(a, v, arena_printf(a, "%s/console", m->run_path));
    }
    v = strv_add(a, v, m->id);
    (void)!unlinkat(m->run_dir, "runtime.log", 0);
    return run_tool(v, stdio, err) < 0 ? explain(m, log, err) : 0;
}

int external_create(struct monitor *m, const struct monitor_config *c, const struct oci_spec *spec,
                    const int stdio[3], struct err *err)
{
    AUTO_ARENA a = { 0 };
    AUTO_CLOSE int listener = -EBADF;
    char *target = arena_printf(&a, "%s/rootfs", m->run_path),
         *log = arena_printf(&a, "%s/runtime.log", m->run_path);
    bool tty = spec->process && spec->process->terminal;

    int r = m->state.restart_count ? 0 : mount_root(m, &c->rootfs, target, &a, err);
    if (r == 0)
        r = write_bundle(m, spec, target, &a, err);
    if (r < 0)
        return r;
    char **v = base_argv(m, &a);
    v = strv_add(&a, v, "--log");
    v = strv_add(&a, v, log);
    v = strv_add(&a, v, "create");
    v = strv_add(&a, v, "--bundle");
    v = strv_add(&a, v, m->run_path);
    v = strv_add(&a, v, "--pid-file");
    v = strv_add(&a, v, arena_printf(&a, "%s/pidfile", m->run_path));
    r = run_logged(m, &a, v, tty ? NULL : stdio, log, &listener, err);
    if (r < 0)
        return r;
    if (tty && (r = receive_pty(listener, &m->ctr.pty, err)) < 0)
        return r;
    r = read_pid(m, "pidfile", &m->ctr.pid, err);
    if (r < 0)
        return r;
    m->ctr.pidfd = (int)syscall(SYS_pidfd_open, m->ctr.pid, 0);
    return 0;
}

static int simple(struct monitor *m, const char *verb, const char *flag, struct err *err)
{
    AUTO_ARENA a = { 0 };
    char *log = arena_printf(&a, "%s/runtime.log", m->run_path);
    char **v = base_argv(m, &a);

    v = strv_add(&a, v, "--log");
    v = strv_add(&a, v, log);
    v = strv_add(&a, v, verb);
    if (flag)
        v = strv_add(&a, v, flag);
    v = strv_add(&a, v, m->id);
    (void)!unlinkat(m->run_dir, "runtime.log", 0);
    int r = run_tool(v, NULL, err);
    return r < 0 ? explain(m, log, err) : 0;
}

int external_start(struct monitor *m, struct err *err)
{
    return simple(m, "start", NULL, err);
}

void external_delete(struct monitor *m)
{
    struct err err = { 0 };

    (void)!simple(m, "delete", "--force", &err);
}

int external_exec(struct monitor *m, const struct oci_process *p, const int stdio[3],
                  pid_t *ret_pid, int *ret_pty, struct err *err)
{
    AUTO_ARENA a = { 0 };
    AUTO_JSON *doc = json_from(&oci_process_type, p);
    AUTO_BUF b = { 0 };
    AUTO_CLOSE int listener = -EBADF;
    char *log = arena_printf(&a, "%s/runtime.log", m->run_path);

    json_text(doc, 0, &b);
    int r = fs_replace(m->run_dir, "process.json", b.data, b.len, 0600, FS_NOSYNC);
    if (r < 0)
        return err_sys(err, -r, "writing the exec process");
    char **v = base_argv(m, &a);
    v = strv_add(&a, v, "--log");
    v = strv_add(&a, v, log);
    v = strv_add(&a, v, "exec");
    v = strv_add(&a, v, "--detach");
    v = strv_add(&a, v, "--process");
    v = strv_add(&a, v, arena_printf(&a, "%s/process.json", m->run_path));
    v = strv_add(&a, v, "--pid-file");
    v = strv_add(&a, v, arena_printf(&a, "%s/exec-pid", m->run_path));
    r = run_logged(m, &a, v, p->terminal ? NULL : stdio, log, &listener, err);
    if (r < 0)
        return r;
    if (p->terminal && (r = receive_pty(listener, ret_pty, err)) < 0)
        return r;
    return read_pid(m, "exec-pid", ret_pid, err);
}
