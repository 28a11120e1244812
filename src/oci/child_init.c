/* The container's init before it is the user's program: from clone to the gate of oci_start(). */
#include <fcntl.h>
#include <grp.h>
#include <linux/if.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "oci/plan.h"

#include "base/banned.h"

static void enter_cgroups(const struct plan *p, int sync)
{
    /* "0" to `tasks` is the one way into a v1 cgroup that does not take the kernel's global lock
     * (and with it an RCU grace period, milliseconds): a task that moves itself alone. */
    for (size_t i = 0; i < p->ncgroup_tasks; i++)
        if (write(p->cgroup_tasks[i], "0", 1) < 0)
            child_fail(sync, STEP_CGROUP, errno, (int)i);
}

static void enter_userns(const struct plan *p, int sync)
{
    char c;

    if (!p->in_userns)
        return;
    if (p->userns && read(sync, &c, 1) != 1) /* the mappings are written */
        _exit(127);
    /* Ids that are not mapped leave us as nobody with all capabilities, which is enough. */
    if (!p->process.keep_groups)
        (void)!setgroups(0, NULL);
    if ((setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) && errno != EINVAL)
        child_fail(sync, STEP_USERNS, errno, 0);
    /* A change of user made our /proc/self unwritable for ourselves. */
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void set_names(const struct plan *p, int sync)
{
    const char *host = p->spec->hostname, *domain = p->spec->domainname;

    if (!str_empty(host) && sethostname(host, strlen(host)) < 0)
        child_fail(sync, STEP_HOSTNAME, errno, 0);
    if (!str_empty(domain) && setdomainname(domain, strlen(domain)) < 0)
        child_fail(sync, STEP_DOMAINNAME, errno, 0);
}

/* "net.ipv4.ip_forward" -> "sys/net/ipv4/ip_forward"; a name with slashes is taken as it is. */
void child_sysctls(const struct plan *p, int sync, int proc)
{
    const kv_list *s = &p->spec->linux_->sysctl;
    char path[512];

    for (size_t i = 0; i < s->n; i++) {
        int n = snprintf(path, sizeof(path), "sys/%s", s->items[i].key);
        if (n < 0 || (size_t)n >= sizeof(path) || strstr(path, ".."))
            child_fail(sync, STEP_SYSCTL, EINVAL, (int)i);
        if (!strchr(s->items[i].key, '/'))
            for (char *c = path; *c; c++)
                *c = *c == '.' ? '/' : *c;
        int r = fs_write_kernel(proc, path, s->items[i].val);
        if (r < 0)
            child_fail(sync, STEP_SYSCTL, -r, (int)i);
    }
}

/* A network namespace of its own has at least a loopback device that works. */
static void loopback_up(void)
{
    struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
    AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd >= 0)
        (void)!ioctl(fd, SIOCSIFFLAGS, &ifr);
}

static void new_namespaces(const struct plan *p, int sync, int proc)
{
    /* Not before we are in our cgroup: nobody moves across the border of a cgroup namespace. */
    for (size_t i = 0; i < p->njoins; i++)
        if (p->joins[i].type == CLONE_NEWCGROUP && setns(p->joins[i].fd, CLONE_NEWCGROUP) < 0)
            child_fail(sync, STEP_JOIN, errno, (int)i);
    if (p->new_cgroupns && unshare(CLONE_NEWCGROUP) < 0)
        child_fail(sync, STEP_CGROUPNS, errno, 0);
    /* The exec of the program enters the time namespace; its clocks are set until then. */
    if (p->new_timens) {
        if (unshare(CLONE_NEWTIME) < 0)
            child_fail(sync, STEP_TIMENS, errno, 0);
        int r = p->time_offsets ? fs_write_kernel(proc, "self/timens_offsets", p->time_offsets) : 0;
        if (r < 0)
            child_fail(sync, STEP_TIMENS, -r, 0);
    }
    if (p->netns)
        loopback_up();
}

static int gate(const struct plan *p, int sync)
{
    struct child_msg ready = { .kind = CHILD_READY };
    char c;

    if (send(sync, &ready, sizeof(ready), MSG_NOSIGNAL) < 0)
        _exit(127);
    if (p->opt->start_listener >= 0) {
        close(sync);
        sync = accept4(p->opt->start_listener, NULL, NULL, SOCK_CLOEXEC);
        close(p->opt->start_listener);
        if (sync < 0)
            _exit(127);
    } else if (read(sync, &c, 1) != 1)
        _exit(0); /* the caller does not want it any more */
    if (p->spec->hooks)
        child_hooks(&p->spec->hooks->start_container, p->state_created, sync);
    return sync;
}

void child_init(const struct plan *p, int sync)
{
    int label;

    prctl(PR_SET_NAME, "podman-init", 0, 0, 0);
    if (p->process.die_with_caller)
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    umask(0);
    setsid();
    enter_cgroups(p, sync);
    enter_userns(p, sync);
    AUTO_CLOSE int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    new_namespaces(p, sync, proc);
    set_names(p, sync);
    if (!child_own_proc(p))
        child_sysctls(p, sync, proc);
    child_attributes(&p->process, sync, proc);
    label = child_open_label(&p->process, sync, proc);
    /* Nobody in a PID namespace that we join may look at us: we still hold descriptors of the host. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    child_mounts(p, sync);
    if (p->has_personality && personality(p->personality) < 0)
        child_fail(sync, STEP_PERSONALITY, errno, 0);
    umask(022);
    child_run(&p->process, sync, label, gate, p);
}
