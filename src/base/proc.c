#include "base/proc.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "base/parse.h"

#include "base/banned.h"

/* The bare calls: libc's would tell all threads of the parent, whose memory this is. */
static int become(const struct proc_user *u)
{
    if (syscall(SYS_setgroups, (size_t)u->n_groups, u->groups) < 0 ||
        syscall(SYS_setresgid, u->gid, u->gid, u->gid) < 0 ||
        syscall(SYS_setresuid, u->uid, u->uid, u->uid) < 0)
        return -1;
    return u->dir && chdir(u->dir) < 0 ? chdir("/") : 0;
}

/* Runs in the vfork child: system calls only.  Reports through *fail, which the parent shares. */
_Noreturn static void spawn_child(const struct spawn *s, int null, volatile int *fail)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (s->new_session)
        setsid();

    /* Move our sources above 3 first, so that none is overwritten before it is used. */
    int src[4];
    for (int i = 0; i < 4; i++) {
        int fd = i < 3 ? s->fds[i] : s->keep_fd;
        if (fd < 0 && i == 3) {
            src[i] = -1;
            continue;
        }
        src[i] = fcntl(fd < 0 ? null : fd, F_DUPFD_CLOEXEC, 10);
        if (src[i] < 0)
            goto out;
    }
    for (int i = 0; i < 4; i++)
        if (src[i] >= 0 && dup2(src[i], i) < 0)
            goto out;
    if (s->user && become(s->user) < 0)
        goto out;
    if (s->env)
        execvpe(s->path, s->argv, s->env);
    else
        execvp(s->path, s->argv);
out:
    *fail = errno;
    _exit(127);
}

int proc_spawn(const struct spawn *s, pid_t *ret_pid)
{
    AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return -errno;
    volatile int fail = 0;
    pid_t pid = vfork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        spawn_child(s, null, &fail);
    if (fail) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
        return -fail;
    }
    *ret_pid = pid;
    return 0;
}

struct socket_in {
    int netns, domain, type, protocol;
    int fd, fail;
};

/* Shares memory and descriptors with us, not the namespace. */
static int socket_child(void *arg)
{
    struct socket_in *s = arg;

    s->fd = -1;
    if (setns(s->netns, CLONE_NEWNET) == 0)
        s->fd = socket(s->domain, s->type | SOCK_CLOEXEC | SOCK_NONBLOCK, s->protocol);
    s->fail = s->fd < 0 ? errno : 0;
    return 0;
}

int proc_socket_in(int netns, int domain, int type, int protocol)
{
    struct socket_in s = { .netns = netns, .domain = domain, .type = type, .protocol = protocol };
    enum { STACK = 64 << 10 };
    AUTO_FREE char *stack = xmalloc(STACK);
    pid_t pid = clone(socket_child, stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD,
                      &s);

    if (pid < 0)
        return -errno;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return s.fail ? -s.fail : s.fd;
}

int proc_wait(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int drain(int fd, struct buf *b, bool *open)
{
    char chunk[4096];
    ssize_t n = read(fd, chunk, sizeof(chunk));

    if (n < 0 && errno == EINTR)
        return 0;
    if (n <= 0) {
        *open = false;
        return n < 0 ? -errno : 0;
    }
    return buf_add(b, chunk, (size_t)n);
}

/* Writes what fits of *input (NULL: nothing); closes @in when all is written or nobody reads it. */
static void feed(int in, const char **input, bool *open)
{
    size_t left = *input ? strlen(*input) : 0;
    ssize_t n = left ? write(in, *input, left) : 0;

    if (n > 0)
        *input += n;
    if ((size_t)MAX(n, (ssize_t)0) == left || (n < 0 && errno != EINTR && errno != EAGAIN)) {
        close(in);
        *open = false;
    }
}

/* Feeds stdin and collects both outputs without deadlock. */
static int pump(int in, const char *input, int out, struct buf *outb, int errfd, struct buf *errb)
{
    bool in_open = in >= 0, out_open = out >= 0, err_open = errfd >= 0;

    while (in_open || out_open || err_open) {
        struct pollfd p[] = { { in_open ? in : -1, POLLOUT, 0 },
                              { out_open ? out : -1, POLLIN, 0 },
                              { err_open ? errfd : -1, POLLIN, 0 } };
        if (poll(p, 3, -1) < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        int r = 0;
        if (p[0].revents)
            feed(in, &input, &in_open);
        if (p[1].revents && (r = drain(out, outb, &out_open)) < 0)
            return r;
        if (p[2].revents && (r = drain(errfd, errb, &err_open)) < 0)
            return r;
    }
    return 0;
}

int proc_run(char *const *argv, char *const *env, const char *input, struct buf *out,
             struct buf *errout)
{
    int in[2] = { -EBADF, -EBADF }, o[2] = { -EBADF, -EBADF }, e[2] = { -EBADF, -EBADF };
    pid_t pid;

    if ((input && pipe2(in, O_CLOEXEC) < 0) || (out && pipe2(o, O_CLOEXEC) < 0) ||
        (errout && pipe2(e, O_CLOEXEC) < 0))
        return -errno;
    struct spawn s = { .path = argv[0],
                       .argv = argv,
                       .env = env,
                       .keep_fd = -1,
                       .fds = { in[0], out ? o[1] : -1, errout ? e[1] : -1 } };
    int r = proc_spawn(&s, &pid);
    close_p(&in[0]);
    close_p(&o[1]);
    close_p(&e[1]);
    struct sigaction ign = { .sa_handler = SIG_IGN }, old;
    sigaction(SIGPIPE, &ign, &old);
    int p = r < 0 ? 0 : pump(in[1], input, out ? o[0] : -1, out, errout ? e[0] : -1, errout);
    sigaction(SIGPIPE, &old, NULL);
    if (r < 0)
        close_p(&in[1]);
    close_p(&o[0]);
    close_p(&e[0]);
    if (r < 0)
        return r;
    r = proc_wait(pid);
    return p < 0 ? p : r;
}

uint64_t proc_start_time(pid_t pid)
{
    char path[32], line[1024];
    uint64_t v = 0;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, line, sizeof(line) - 1);
    if (n <= 0)
        return 0;
    line[n] = '\0';
    char *p = strrchr(line, ')'); /* the command name may hold anything, ')' too */
    for (int field = 2; p && field < 22; field++) {
        p = strchr(p, ' ');
        if (p)
            p++;
    }
    if (!p)
        return 0;
    p[strcspn(p, " ")] = '\0';
    return parse_u64(p, UINT64_MAX, &v) < 0 ? 0 : v;
}

const char *proc_self_dir(void)
{
    static char dir[4096];

    if (!dir[0]) {
        ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
        if (n <= 0)
            return "/usr/bin";
        dir[n] = '\0';
        char *slash = strrchr(dir, '/');
        if (slash)
            *slash = '\0';
    }
    return dir;
}
