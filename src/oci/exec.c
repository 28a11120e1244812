/* oci_exec(): one more process in a container that runs.
 *
 * A process in between enters all namespaces at once (setns on a pidfd) and clones the session's
 * process with CLONE_PARENT: it is in the PID namespace and still our child. */
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/proc.h"
#include "oci/launch.h"

#include "base/banned.h"

struct exec_plan {
    const struct oci_exec_options *o;
    struct plan_process process;
    int cgroup_tasks[PLAN_CGROUP_MAX], cgroup_v2, pidfd, sync;
    size_t ncgroup_tasks;
};

_Noreturn static void exec_child(const struct exec_plan *x, int proc)
{
    const struct plan_process *pr = &x->process;
    int label = child_open_label(pr, x->sync, proc);

    setsid();
    if (pr->terminal) {
        int slave;
        AUTO_CLOSE int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        child_terminal(pr, x->sync, root, &slave);
        close(slave);
    }
    child_run(pr, x->sync, label, NULL, NULL);
}

_Noreturn static void between(const struct exec_plan *x)
{
    struct clone_args args = { .flags = CLONE_PARENT };

    prctl(PR_SET_NAME, "podman-exec", 0, 0, 0);
    for (size_t i = 0; i < x->ncgroup_tasks; i++)
        if (write(x->cgroup_tasks[i], "0", 1) < 0)
            child_fail(x->sync, STEP_CGROUP, errno, 0);
    AUTO_CLOSE int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    child_attributes(&x->process, x->sync, proc);
    /* From here on the container's processes could see us. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (setns(x->pidfd, (int)x->o->namespaces) < 0)
        child_fail(x->sync, STEP_JOIN, errno, 0);
    if (x->o->namespaces & CLONE_NEWUSER) {
        (void)!setgroups(0, NULL);
        if ((setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) && errno != EINVAL)
            child_fail(x->sync, STEP_USERNS, errno, 0);
    }
    pid_t pid = sys_clone3(&args);
    if (pid < 0)
        child_fail(x->sync, STEP_CLONE, errno, 0);
    if (pid == 0)
        exec_child(x, proc);
    struct child_msg m = { .kind = CHILD_PID, .index = (int)pid };
    _exit(send(x->sync, &m, sizeof(m), MSG_NOSIGNAL) < 0);
}

static int run_between(struct launch *l, struct exec_plan *x, struct err *err)
{
    struct clone_args args = { .exit_signal = SIGCHLD };
    struct child_msg m;
    int sv[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
        return err_sys(err, errno, "socketpair");
    l->sync = sv[0];
    x->sync = sv[1];
    /* It begins in the container's cgroup: inside the container's namespaces it would have no right to go
     * there (user), or could not from where we are (cgroup, where systemd mounts with nsdelegate). */
    if (x->cgroup_v2 >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)x->cgroup_v2;
    }
    pid_t pid = sys_clone3(&args);
    if (pid == 0) {
        close(sv[0]);
        between(x);
    }
    int e = errno;
    close(sv[1]);
    if (pid < 0)
        return err_sys(err, e, "cloning into the container's cgroup");
    int r = launch_wait(l, CHILD_PID, &m, err);
    (void)!proc_wait(pid);
    if (r < 0)
        return r;
    l->pid = (pid_t)m.index;
    l->pidfd = sys_pidfd_open(l->pid);
    if (l->pidfd < 0)
        return err_sys(err, errno, "pidfd_open");
    return launch_wait(l, -1, NULL, err);
}

static int plan_exec(struct exec_plan *x, struct arena *a, char ***warnings, int *null,
                     struct err *err)
{
    const struct oci_exec_options *o = x->o;

    int r = plan_process(o->process, a, &x->process, warnings, err);
    if (r == 0)
        r = plan_seccomp(o->seccomp, o->seccomp_cache, a, &x->process.seccomp, err);
    if (r == 0)
        r = launch_stdio(o->stdio, x->process.stdio, null, err);
    if (r == 0 && !str_empty(o->cgroup))
        r = plan_cgroup(o->cgroup, x->cgroup_tasks, &x->ncgroup_tasks, &x->cgroup_v2, err);
    x->process.preserve_fds = o->preserve_fds;
    x->process.kept = o->kept;
    x->process.nkept = o->nkept;
    x->process.die_with_caller = o->die_with_caller;
    x->process.cwd_must_exist = o->cwd_must_exist;
    x->process.new_keyring = !o->no_new_keyring;
    if (r == 0 && o->pidfd < 0) {
        x->pidfd = sys_pidfd_open(o->pid);
        if (x->pidfd < 0)
            r = err_sys(err, errno, "the container's init");
    }
    return r;
}

int oci_exec(struct oci_exec *ret, const struct oci_exec_options *o, struct arena *a,
             struct err *err)
{
    struct exec_plan *x = arena_alloc(a, sizeof(*x));
    char **warnings = NULL;
    struct launch l = { .process = &x->process,
                        .arena = a,
                        .warnings = &warnings,
                        .pidfd = -EBADF,
                        .sync = -EBADF,
                        .pty = -EBADF };
    AUTO_CLOSE int null = -EBADF;
    struct err local = { 0 };

    err = err ? err : &local;
    *x = (struct exec_plan) { .o = o, .cgroup_v2 = -EBADF, .pidfd = o->pidfd };
    int r = plan_exec(x, a, &warnings, &null, err);
    if (r == 0)
        r = run_between(&l, x, err);
    for (size_t i = 0; i < x->ncgroup_tasks; i++)
        close(x->cgroup_tasks[i]);
    close_p(&x->cgroup_v2);
    if (o->pidfd < 0)
        close_p(&x->pidfd);
    if (r < 0) {
        launch_abort(&l);
        return r;
    }
    close_p(&l.sync);
    *ret = (struct oci_exec) { .pid = l.pid, .pidfd = l.pidfd, .pty = l.pty, .warnings = warnings };
    return 0;
}
