/* From the child's (step, errno, index) to words. */
#include "oci/plan.h"
#include "spec/capability.h"

#include "base/banned.h"

static const char *const step_texts[] = {
    [STEP_NONE] = "starting",
    [STEP_SYNC] = "talking with the container's init",
    [STEP_CGROUP] = "entering the cgroup",
    [STEP_JOIN] = "joining a namespace",
    [STEP_CLONE] = "creating the namespaces",
    [STEP_USERNS] = "becoming root of the user namespace",
    [STEP_TIMENS] = "creating the time namespace",
    [STEP_CGROUPNS] = "creating the cgroup namespace",
    [STEP_PROPAGATION] = "setting the mount propagation",
    [STEP_ROOTFS] = "mounting the root file system",
    [STEP_SOURCE] = "opening the source of a mount",
    [STEP_MOUNT_DEST] = "creating a mount point",
    [STEP_MOUNT_PROC] = "mounting over /proc",
    [STEP_MOUNT] = "mounting",
    [STEP_DEV] = "filling /dev",
    [STEP_DEVICE] = "creating a device",
    [STEP_SYSCTL] = "setting a sysctl",
    [STEP_HOOK] = "running a hook",
    [STEP_PIVOT] = "pivot_root",
    [STEP_MASK] = "masking a path",
    [STEP_READONLY] = "making a path read-only",
    [STEP_HOSTNAME] = "sethostname",
    [STEP_DOMAINNAME] = "setdomainname",
    [STEP_TERMINAL] = "opening a terminal",
    [STEP_STDIO] = "connecting standard input and output",
    [STEP_RLIMIT] = "setrlimit",
    [STEP_OOM] = "setting oom_score_adj",
    [STEP_LABEL] = "setting the security label",
    [STEP_SCHEDULER] = "setting the scheduler",
    [STEP_IOPRIO] = "setting the I/O priority",
    [STEP_AFFINITY] = "setting the CPU affinity",
    [STEP_PERSONALITY] = "personality",
    [STEP_KEYRING] = "joining a session keyring",
    [STEP_CWD] = "chdir",
    [STEP_GROUPS] = "setgroups",
    [STEP_USER] = "setting the user",
    [STEP_CAPS] = "setting the capabilities",
    [STEP_SECCOMP] = "loading the seccomp filter",
    [STEP_EXEC] = "exec",
};
_Static_assert(ARRAY_SIZE(step_texts) == STEP_COUNT, "every step has a text");

/* What the step was about, NULL when the step says it all. */
static const char *step_item(const struct plan *p, const struct plan_process *proc,
                             const struct child_msg *m)
{
    size_t i = (size_t)MAX(m->index, 0);

    if (p)
        switch (m->step) {
        case STEP_JOIN:
            return i < p->njoins ? p->joins[i].path : NULL;
        case STEP_SOURCE:
            return i < p->nmounts ? p->mounts[i].source : NULL;
        case STEP_MOUNT_DEST:
        case STEP_MOUNT_PROC:
        case STEP_MOUNT:
            return i < p->nmounts ? p->mounts[i].dest : NULL;
        case STEP_DEVICE:
            return m->index >= 0 && i < p->ndevices ? p->devices[i].path : NULL;
        case STEP_SYSCTL:
            return i < p->spec->linux_->sysctl.n ? p->spec->linux_->sysctl.items[i].key : NULL;
        case STEP_MASK:
            return i < strv_len(p->spec->linux_->masked_paths) ? p->spec->linux_->masked_paths[i]
                                                               : NULL;
        case STEP_READONLY:
            return i < strv_len(p->spec->linux_->readonly_paths)
                       ? p->spec->linux_->readonly_paths[i]
                       : NULL;
        default:
            break;
        }
    if (m->step == STEP_CWD)
        return proc->cwd;
    if (m->step == STEP_CAPS)
        return capability_by_number(m->index);
    if (m->step == STEP_LABEL)
        return proc->exec_label;
    return NULL;
}

static int exec_error(const char *program, int errnum, struct err *err)
{
    if (errnum == ENOENT || errnum == ENOTDIR) {
        if (strchr(program, '/'))
            return err_set(
                err, ERR_NO_COMMAND, ENOENT,
                "exec: \"%s\": stat %s: no such file or directory: OCI runtime attempted "
                "to invoke a command that was not found",
                program, program);
        return err_set(err, ERR_NO_COMMAND, ENOENT,
                       "executable file `%s` not found in $PATH: No such file or directory: OCI "
                       "runtime attempted to invoke a command that was not found",
                       program);
    }
    if (errnum == EACCES || errnum == EPERM || errnum == EISDIR)
        return err_set(err, ERR_CANNOT_INVOKE, EACCES,
                       "open executable `%s`: permission denied: OCI permission denied", program);
    return err_set(err, ERR_CANNOT_INVOKE, errnum, "exec `%s`: %s: OCI runtime error", program,
                   strerror(errnum));
}

int plan_error(const struct plan *p, const struct plan_process *proc, const struct child_msg *m,
               struct err *err)
{
    int e = m->errnum > 0 ? m->errnum : EIO;

    if (m->step == STEP_EXEC)
        return exec_error(proc->argv[0], e, err);
    if (m->step == STEP_CWD && e == ENOENT)
        return err_set(err, ERR_CANNOT_INVOKE, e,
                       "workdir \"%s\" does not exist on container: OCI runtime error", proc->cwd);
    const char *item = step_item(p, proc, m);
    const char *text = m->step < STEP_COUNT ? step_texts[m->step] : "starting";
    /* A missing file here is not an unknown object to the one who asked. */
    int r = item ? err_set(err, ERR_INTERNAL, e, "%s `%s`: %s: OCI runtime error", text, item,
                           strerror(e))
                 : err_set(err, ERR_INTERNAL, e, "%s: %s: OCI runtime error", text, strerror(e));
    return r;
}

char *plan_warning(const struct plan *p, const struct plan_process *proc, const struct child_msg *m,
                   struct arena *a)
{
    static const char *const limits[] = { "CPU",      "FSIZE", "DATA",   "STACK",
                                          "CORE",     "RSS",   "NPROC",  "NOFILE",
                                          "MEMLOCK",  "AS",    "LOCKS",  "SIGPENDING",
                                          "MSGQUEUE", "NICE",  "RTPRIO", "RTTIME" };

    if (m->step == STEP_RLIMIT && m->index >= 0 && (size_t)m->index < proc->nrlimits) {
        int which = proc->rlimits[m->index].resource;
        return arena_printf(a, "RLIMIT_%s stays below what was asked for: %s",
                            (size_t)which < ARRAY_SIZE(limits) ? limits[which] : "?",
                            strerror(m->errnum));
    }
    const char *item = step_item(p, proc, m);
    const char *text = m->step < STEP_COUNT ? step_texts[m->step] : "starting";
    return item ? arena_printf(a, "%s `%s`: %s", text, item, strerror(m->errnum))
                : arena_printf(a, "%s: %s", text, strerror(m->errnum));
}
