/* The child's last part, common to the init and to exec sessions: from a privileged process in the
 * right namespaces to the user's program.  Nothing here allocates, parses or logs; a failure is one
 * record on the sync socket. */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <termios.h>

#include "base/fs.h"
#include "base/parse.h"
#include "oci/plan.h"
#include "spec/capability.h"

#include "base/banned.h"

static void send_msg(int sync, enum child_kind kind, enum child_step step, int errnum, int index)
{
    struct child_msg m = { .kind = kind, .step = step, .errnum = errnum, .index = index };

    (void)!send(sync, &m, sizeof(m), MSG_NOSIGNAL);
}

void child_fail(int sync, enum child_step step, int errnum, int index)
{
    send_msg(sync, CHILD_FAIL, step, errnum, index);
    _exit(127);
}

void child_warn(int sync, enum child_step step, int errnum, int index)
{
    send_msg(sync, CHILD_WARN, step, errnum, index);
}

/* ---- terminal ---- */

static void send_fd(int sync, int fd)
{
    struct child_msg m = { .kind = CHILD_PTY };
    struct iovec iov = { &m, sizeof(m) };
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } u = { 0 };
    struct msghdr mh = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.space, .msg_controllen = sizeof(u.space)
    };
    struct cmsghdr *c = CMSG_FIRSTHDR(&mh);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    if (sendmsg(sync, &mh, MSG_NOSIGNAL) < 0)
        child_fail(sync, STEP_TERMINAL, errno, 0);
}

/* The container's own devpts when it has one; a link or another file system there is not followed. */
static int open_ptmx(int root)
{
    struct statfs fs;
    int fd = fs_open_in_root(root, "dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW, 0);

    if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == DEVPTS_SUPER_MAGIC)
        return fd;
    if (fd >= 0)
        close(fd);
    fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

void child_terminal(const struct plan_process *pr, int sync, int root, int *ret_slave)
{
    int unlock = 0, master = open_ptmx(root);

    if (master < 0)
        child_fail(sync, STEP_TERMINAL, -master, 0);
    if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
        child_fail(sync, STEP_TERMINAL, errno, 0);
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        child_fail(sync, STEP_TERMINAL, errno, 0);
    struct winsize ws = { .ws_row = pr->rows, .ws_col = pr->cols };
    if (pr->rows || pr->cols)
        (void)!ioctl(slave, TIOCSWINSZ, &ws);
    (void)!fchown(slave, pr->uid, (gid_t)-1);
    send_fd(sync, master);
    close(master);
    if (ioctl(slave, TIOCSCTTY, 0) < 0)
        child_fail(sync, STEP_TERMINAL, errno, 0);
    for (int i = 0; i < 3; i++)
        if (dup2(slave, i) < 0)
            child_fail(sync, STEP_TERMINAL, errno, 0);
    *ret_slave = slave;
}

/* ---- attributes ---- */

/* Lowering always works; what cannot be raised is taken as high as it goes. */
static void set_rlimits(const struct plan_process *pr, int sync)
{
    for (size_t i = 0; i < pr->nrlimits; i++) {
        const struct plan_rlimit *r = &pr->rlimits[i];
        struct rlimit now, want = r->limit;
        if (setrlimit((__rlimit_resource_t)r->resource, &want) == 0)
            continue;
        int e = errno;
        if (e != EPERM || getrlimit((__rlimit_resource_t)r->resource, &now) < 0)
            child_fail(sync, STEP_RLIMIT, e, (int)i);
        want.rlim_max = MIN(want.rlim_max, now.rlim_max);
        want.rlim_cur = MIN(want.rlim_cur, want.rlim_max);
        (void)!setrlimit((__rlimit_resource_t)r->resource, &want);
        child_warn(sync, STEP_RLIMIT, e, (int)i);
    }
}

static void set_oom(const struct plan_process *pr, int sync, int proc)
{
    char text[24];

    if (!pr->oom_score_adj)
        return;
    snprintf(text, sizeof(text), "%lld", (long long)*pr->oom_score_adj);
    int r = fs_write_kernel(proc, "self/oom_score_adj", text);
    if (r == -EPERM || r == -EACCES)
        child_warn(sync, STEP_OOM, -r, 0);
    else if (r < 0)
        child_fail(sync, STEP_OOM, -r, 0);
}

struct sched_attr_v1 { /* glibc 2.36 has no name for it */
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

static void set_priorities(const struct plan_process *pr, int sync)
{
    if (pr->scheduler) {
        struct sched_attr_v1 at = {
            .size = sizeof(at),
            .policy = (uint32_t)pr->sched_policy,
            .flags = pr->sched_flags,
            .nice = (int32_t)pr->scheduler->nice,
            .priority = (uint32_t)pr->scheduler->priority,
            .runtime = (uint64_t)pr->scheduler->runtime,
            .deadline = (uint64_t)pr->scheduler->deadline,
            .period = (uint64_t)pr->scheduler->period,
        };
        if (syscall(SYS_sched_setattr, 0, &at, 0) < 0)
            child_fail(sync, STEP_SCHEDULER, errno, 0);
    }
    if (pr->ioprio >= 0 && syscall(SYS_ioprio_set, 1, 0, pr->ioprio) < 0)
        child_fail(sync, STEP_IOPRIO, errno, 0);
    if (pr->affinity && syscall(SYS_sched_setaffinity, 0, sizeof(pr->affinity), &pr->affinity) < 0)
        child_fail(sync, STEP_AFFINITY, errno, 0);
}

int child_open_label(const struct plan_process *pr, int sync, int proc)
{
    char path[64];

    if (!pr->exec_label)
        return -EBADF;
    snprintf(path, sizeof(path), "self/attr/%s", pr->label_file);
    int fd = openat(proc, path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        child_fail(sync, STEP_LABEL, errno, 0);
    return fd;
}

void child_attributes(const struct plan_process *pr, int sync, int proc)
{
    set_rlimits(pr, sync);
    set_oom(pr, sync, proc);
    set_priorities(pr, sync);
    if (pr->new_keyring &&
        syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "_ses.podman", 0, 0, 0) < 0 &&
        errno != ENOSYS && errno != EPERM)
        child_warn(sync, STEP_KEYRING, errno, 0);
}

/* ---- the last steps ---- */

static void set_stdio(const struct plan_process *pr, int sync)
{
    struct stat st;

    if (pr->terminal)
        return;
    for (int i = 0; i < 3; i++)
        if (pr->stdio[i] != i && dup2(pr->stdio[i], i) < 0)
            child_fail(sync, STEP_STDIO, errno, i);
    /* So that a program of another user may open /dev/stdout: pipes only, never a file or device of
     * the caller. */
    for (int i = 0; i < 3; i++) {
        fcntl(i, F_SETFD, 0);
        if (pr->uid != 0 && fstat(i, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
            (void)!fchown(i, pr->uid, (gid_t)-1);
    }
}

static void enter_cwd(const struct plan_process *pr, int sync, bool last)
{
    char now[4096];

    if (chdir(pr->cwd) < 0) {
        /* The directory is made when it is missing; one that only the user may enter comes later. */
        if (errno == ENOENT && !last && !pr->cwd_must_exist) {
            AUTO_CLOSE int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
            AUTO_CLOSE int dir = fs_mkdirs_in_root(root, pr->cwd, 0755);
            if (dir >= 0 && fchdir(dir) == 0)
                return;
            child_fail(sync, STEP_CWD, dir < 0 ? -dir : errno, 0);
        }
        if (errno == EACCES && !last)
            return;
        child_fail(sync, STEP_CWD, errno, 0);
    }
    /* A descriptor that leaked from the host would make a path such as /proc/self/fd/7 lead out. */
    if (!getcwd(now, sizeof(now)) || now[0] != '/')
        child_fail(sync, STEP_CWD, ENOENT, 0);
}

static const char *env_path(char *const *env)
{
    const char *path = env_get(env, "PATH");
    return path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* Calls @try for each candidate of argv[0] until it returns 0.  The error that tells most wins: a
 * file that cannot be executed over none at all. */
static int for_each_candidate(const struct plan_process *pr,
                              int (*try)(const char *path, const struct plan_process *pr))
{
    const char *name = pr->argv[0];
    char path[4096];
    int best = ENOENT;

    if (strchr(name, '/'))
        return try(name, pr);
    if (!*name)
        return ENOENT;
    for (const char *p = env_path(pr->env);; p++) {
        size_t n = strcspn(p, ":");
        int len = n ? snprintf(path, sizeof(path), "%.*s/%s", (int)n, p, name)
                    : snprintf(path, sizeof(path), "./%s", name);
        if (len > 0 && (size_t)len < sizeof(path)) {
            int e = try(path, pr);
            if (e == 0)
                return 0;
            if (e != ENOENT && e != ENOTDIR)
                best = e;
        }
        p += n;
        if (!*p)
            return best;
    }
}

static int try_exists(const char *path, const struct plan_process *pr)
{
    struct stat st;

    (void)pr;
    if (stat(path, &st) < 0)
        return errno == EACCES ? 0 : errno; /* the user may be let in where we are not */
    if (S_ISDIR(st.st_mode))
        return EISDIR;
    return st.st_mode & 0111 ? 0 : EACCES;
}

static int try_exec(const char *path, const struct plan_process *pr)
{
    execve(path, pr->argv, pr->env);
    return errno;
}

/* HOME from the container's /etc/passwd, in one read: a longer file is looked at as far as it goes. */
static const char *find_home(uid_t uid, char *buf, size_t size)
{
    AUTO_CLOSE int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    AUTO_CLOSE int fd = fs_open_in_root(root, "etc/passwd", O_RDONLY, 0);
    ssize_t n = fd < 0 ? 0 : read_full(fd, buf, size - 1);

    buf[MAX(n, 0)] = '\0';
    for (char *line = buf, *next; *line; line = next) {
        uint32_t id;
        next = line + strcspn(line, "\n");
        if (*next)
            *next++ = '\0';
        char *f[7] = { line };
        size_t i;
        for (i = 1; i < 7 && (f[i] = strchr(f[i - 1], ':')); i++)
            *f[i]++ = '\0';
        if (i == 7 && parse_u32(f[2], &id) == 0 && id == uid)
            return f[5];
    }
    return uid == 0 ? "/root" : "/";
}

static void set_home(struct plan_process *pr)
{
    static char passwd[65536], home[4200], *env[2048];
    size_t n = 0;

    const char *now = env_get(pr->env, "HOME");
    if (!str_empty(now))
        return;
    snprintf(home, sizeof(home), "HOME=%s", find_home(pr->uid, passwd, sizeof(passwd)));
    for (char **e = pr->env; *e && n < ARRAY_SIZE(env) - 2; e++)
        if (!str_starts(*e, "HOME="))
            env[n++] = *e;
    env[n++] = home;
    env[n] = NULL;
    pr->env = env;
}

static int set_caps(const uint64_t *caps)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];

    for (int i = 0; i < 2; i++)
        data[i] = (struct __user_cap_data_struct) {
            .effective = (uint32_t)(caps[CAPSET_EFFECTIVE] >> (32 * i)),
            .permitted = (uint32_t)(caps[CAPSET_PERMITTED] >> (32 * i)),
            .inheritable = (uint32_t)(caps[CAPSET_INHERITABLE] >> (32 * i)),
        };
    return (int)syscall(SYS_capset, &head, data);
}

/* What this process does not have itself it cannot give: a supervisor with fewer capabilities than
 * the specification asks for (nested containers) passes on those it has. */
static void limit_caps(uint64_t *caps)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct d[2] = { 0 };

    if (syscall(SYS_capget, &head, d) < 0)
        return;
    uint64_t have = d[0].permitted | (uint64_t)d[1].permitted << 32;
    for (int i = 0; i < CAPSET_COUNT; i++)
        caps[i] &= have;
    caps[CAPSET_EFFECTIVE] &= caps[CAPSET_PERMITTED];
    caps[CAPSET_AMBIENT] &= caps[CAPSET_PERMITTED] & caps[CAPSET_INHERITABLE];
}

static void drop_bounding(uint64_t keep, int sync)
{
    for (int cap = 0; capability_by_number(cap); cap++)
        if (!(keep >> cap & 1) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 &&
            prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            child_fail(sync, STEP_CAPS, errno, cap);
}

static void become_user(const struct plan_process *pr, int sync)
{
    uint64_t caps[CAPSET_COUNT];

    memcpy(caps, pr->caps, sizeof(caps));
    limit_caps(caps);
    drop_bounding(caps[CAPSET_BOUNDING], sync);
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        child_fail(sync, STEP_CAPS, errno, 0);
    /* setgroups is forbidden in a user namespace that an ordinary user made without help. */
    if (!pr->keep_groups && setgroups(pr->ngids, pr->gids) < 0 && (pr->ngids || errno != EPERM))
        child_fail(sync, STEP_GROUPS, errno, 0);
    if (setresgid(pr->gid, pr->gid, pr->gid) < 0 || setresuid(pr->uid, pr->uid, pr->uid) < 0)
        child_fail(sync, STEP_USER, errno, 0);
    enter_cwd(pr, sync, true);
    if (set_caps(caps) < 0)
        child_fail(sync, STEP_CAPS, errno, 0);
    (void)!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (int cap = 0; capability_by_number(cap); cap++)
        if ((caps[CAPSET_AMBIENT] >> cap & 1) &&
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
            child_fail(sync, STEP_CAPS, errno, cap);
}

static void load_seccomp(const struct plan_process *pr, int sync)
{
    if (pr->seccomp.prog.len &&
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, pr->seccomp.flags, &pr->seccomp.prog) < 0)
        child_fail(sync, STEP_SECCOMP, errno, 0);
}

static void reset_signals(void)
{
    /* The kernel's own structure, all zero: the default.  The C library would not touch 32 and 33, which
     * some programs that start us leave ignored. */
    const unsigned long dfl[4] = { 0 };
    sigset_t none;

    for (int s = 1; s <= 64; s++)
        (void)!syscall(SYS_rt_sigaction, s, dfl, NULL, 8);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Moves what is wanted later out of the way of the numbers that the kept descriptors get.  They must be
 * fewer than 64 (monitor/monitor.h). */
static int place_kept(const struct plan_process *pr, int sync, int *label)
{
    int high = 3, at[64];

    for (size_t i = 0; i < pr->nkept; i++)
        high = MAX(high, pr->kept[i].number + 1);
    int moved = fcntl(sync, F_DUPFD_CLOEXEC, high);
    if (moved < 0)
        child_fail(sync, STEP_EXEC, errno, 0);
    if (*label >= 0 && (*label = fcntl(*label, F_DUPFD_CLOEXEC, high)) < 0)
        child_fail(sync, STEP_EXEC, errno, 0);
    for (size_t i = 0; i < pr->nkept && i < ARRAY_SIZE(at); i++)
        if ((at[i] = fcntl(pr->kept[i].fd, F_DUPFD_CLOEXEC, high)) < 0)
            child_fail(moved, STEP_EXEC, errno, 0);
    for (size_t i = 0; i < pr->nkept && i < ARRAY_SIZE(at); i++)
        if (dup2(at[i], pr->kept[i].number) < 0)
            child_fail(moved, STEP_EXEC, errno, 0);
    return moved;
}

void child_run(const struct plan_process *plan, int sync, int label,
               int (*gate)(const struct plan *p, int sync), const struct plan *p)
{
    struct plan_process pr = *plan;

    set_stdio(&pr, sync);
    set_home(&pr);
    enter_cwd(&pr, sync, false);
    int e = for_each_candidate(&pr, try_exists);
    if (e)
        child_fail(sync, STEP_EXEC, e, 0);
    if (gate)
        sync = gate(p, sync);
    if (close_range(3 + pr.preserve_fds, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
        child_fail(sync, STEP_EXEC, errno, 0);
    if (pr.nkept)
        sync = place_kept(&pr, sync, &label);
    reset_signals();
    umask(pr.umask >= 0 ? (mode_t)pr.umask : 022);
    if (label >= 0 && write_all(label, pr.exec_label, strlen(pr.exec_label)) < 0)
        child_fail(sync, STEP_LABEL, errno, 0);
    /* Without no_new_privs a filter needs CAP_SYS_ADMIN, which is about to go. */
    if (!pr.no_new_privs)
        load_seccomp(&pr, sync);
    become_user(&pr, sync);
    if (pr.die_with_caller) {
        char c;
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        /* Is the caller gone already?  Its end of the socket tells, whatever our PID namespace. */
        if (recv(sync, &c, 1, MSG_DONTWAIT | MSG_PEEK) == 0)
            _exit(127);
    }
    if (pr.no_new_privs) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
            child_fail(sync, STEP_SECCOMP, errno, 0);
        load_seccomp(&pr, sync);
    }
    e = for_each_candidate(&pr, try_exec);
    child_fail(sync, STEP_EXEC, e, 0);
}
