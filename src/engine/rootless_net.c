#include "engine/rootless_net.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <signal.h>
#include <sys/prctl.h>

#include "base/fs.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/proc.h"
#include "engine/networks.h"
#include "engine/pasta.h"
#include "net/link.h"

#include "base/banned.h"

#define FILE_NAME   "netns"
#define UPLINK_NAME "uplink/netns"

/* System calls, and one message to the kernel.  It tells by @done that the namespace is there, and waits for
 * its file to be written as podman-pause does. */
_Noreturn static void holder(const char *program, const char *path, int done)
{
    AUTO_NL nl = { .fd = -EBADF };
    sigset_t all;

    if (unshare(CLONE_NEWNET) < 0 || nl_open(&nl, NETLINK_ROUTE) < 0 || link_loopback_up(&nl) < 0)
        _exit(1);
    setsid();
    prctl(PR_SET_NAME, "podman pause");
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++)
        dup2(null, i);
    (void)!chdir("/");
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    if (write(done, "x", 1) != 1)
        _exit(1);
    close_range(3, ~0u, 0);
    execl(program, "podman-pause", path, NULL);
    _exit(1);
}

static int open_netns(struct engine *e, pid_t *ret_pid)
{
    AUTO_BUF b = { .max = 128 };
    AUTO_ARENA a = { 0 };
    uint64_t start;
    uint32_t pid;

    if (fs_read_file(e->store->run_fd, FILE_NAME, &b) < 0 || !b.data)
        return -ENOENT;
    char **f = strv_split(&a, b.data, ' ');
    if (strv_len(f) != 2 || parse_u32(f[0], &pid) < 0 || parse_u64(f[1], UINT64_MAX, &start) < 0 ||
        proc_start_time((pid_t)pid) != start)
        return -ENOENT;
    *ret_pid = (pid_t)pid;
    int fd = open(arena_printf(&a, "/proc/%u/ns/net", pid), O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -ENOENT : fd;
}

static int start_holder(struct engine *e, struct arena *a, struct err *err)
{
    char *program = engine_helper(a, "podman-monitor"), text[64], c;
    char *path = arena_printf(a, "%s/" FILE_NAME, e->store->runroot);
    int done[2];

    if (!program || pipe2(done, O_CLOEXEC) < 0)
        return err_sys(err, program ? errno : ENOENT, "starting the holder of the network");
    pid_t pid = fork();
    if (pid == 0)
        holder(program, path, done[1]);
    close(done[1]);
    AUTO_CLOSE int ready = done[0];
    if (pid < 0 || read(ready, &c, 1) != 1)
        return err_set(err, ERR_UNSUPPORTED, EPERM, "cannot make a network namespace");
    int n = snprintf(text, sizeof(text), "%d %llu", (int)pid,
                     (unsigned long long)proc_start_time(pid));
    int r = fs_replace(e->store->run_fd, FILE_NAME, text, (size_t)n, 0600, FS_NOSYNC);
    return r < 0 ? err_sys(err, -r, "writing %s", path) : 0;
}

static int make(struct engine *e, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct err why = { 0 };
    pid_t pid = 0;
    AUTO_CLOSE int lock = lock_take(e->store->run_fd, "netns.lock");

    if (lock < 0)
        return err_sys(err, -lock, "locking the run directory");
    int fd = open_netns(e, &pid); /* somebody may have been faster */
    if (fd >= 0)
        return fd;
    int r = start_holder(e, &a, err);
    if (r < 0)
        return r;
    fd = open_netns(e, &pid);
    if (fd < 0)
        return err_set(err, ERR_INTERNAL, EIO, "the holder of the network is gone again");
    if (pasta_uplink(e, &a, pid, UPLINK_NAME, &why) < 0)
        log_warn("the networks of this user have no way out: %s", why.msg);
    return fd;
}

int rootless_netns(struct engine *e, bool make_it, struct err *err)
{
    pid_t pid;
    int fd = open_netns(e, &pid);

    return fd >= 0 || !make_it ? fd : make(e, err);
}

int networks_enter(struct engine *e, struct err *err)
{
    AUTO_CLOSE int fd = rootless_netns(e, true, err);

    if (fd < 0)
        return fd;
    return setns(fd, CLONE_NEWNET) < 0
               ? err_sys(err, errno, "joining the network of the user's bridges")
               : 0;
}

enum { STACK = 8 << 20 }; /* SQLite and libnftables run on it */

struct step {
    const struct net_op *op;
    int netns, r;
};

/* Shares memory and descriptors with us, not the namespace; we wait until it is through. */
static int step_child(void *arg)
{
    struct step *s = arg;

    if (setns(s->netns, CLONE_NEWNET) < 0)
        s->r = err_sys(s->op->err, errno, "joining the network of the user's bridges");
    else
        s->r = s->op->fn(s->op);
    return 0;
}

int network_do(const struct net_op *op, bool make_it)
{
    struct step s = { .op = op };

    if (!op->e->rootless)
        return op->fn(op);
    AUTO_CLOSE int netns = rootless_netns(op->e, make_it, op->err);
    if (netns < 0)
        return netns == -ENOENT && !make_it ? 1 : netns;
    s.netns = netns;
    char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED)
        return err_sys(op->err, errno, "making a stack");
    pid_t pid = clone(step_child, stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD,
                      &s);
    if (pid < 0)
        s.r = err_sys(op->err, errno, "joining the network of the user's bridges");
    else
        (void)!proc_wait(pid);
    munmap(stack, STACK);
    return s.r;
}
