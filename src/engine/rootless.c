#include "engine/engine.h"
#include "engine/rootless.h"

#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/parse.h"
#include "base/proc.h"

#include "base/banned.h"

/* Set for our children, with the names that Podman's own use, so that `podman unshare` shells and
 * scripts that look at them see what they expect. */
#define ENV_DONE "_CONTAINERS_USERNS_CONFIGURED"
#define ENV_UID  "_CONTAINERS_ROOTLESS_UID"
#define ENV_GID  "_CONTAINERS_ROOTLESS_GID"

static uid_t env_id(const char *name, uid_t otherwise)
{
    const char *s = getenv(name);
    uint32_t v;

    return s && parse_u32(s, &v) == 0 ? v : otherwise;
}

bool rootless_is(void)
{
    return geteuid() != 0 || (getenv(ENV_DONE) && env_id(ENV_UID, 0) != 0);
}

uid_t rootless_uid(void)
{
    return env_id(ENV_UID, geteuid());
}

gid_t rootless_gid(void)
{
    return env_id(ENV_GID, getegid());
}

bool rootless_single_id(void)
{
    AUTO_BUF b = { .max = 4096 };

    if (fs_read_file(AT_FDCWD, "/proc/self/uid_map", &b) < 0)
        return false;
    char *nl = strchr(b.data, '\n');
    return nl && !nl[1] && str_ends(b.data, " 1\n");
}

static bool usable_dir(const char *path, uid_t uid)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
           (st.st_uid == uid || st.st_uid == geteuid()) && access(path, W_OK | X_OK) == 0;
}

const char *rootless_runtime_dir(void)
{
    static char dir[4096];
    const char *xdg = getenv("XDG_RUNTIME_DIR");
    uid_t uid = rootless_uid();

    if (dir[0])
        return dir;
    if (!str_empty(xdg) && usable_dir(xdg, uid))
        snprintf(dir, sizeof(dir), "%s", xdg);
    else {
        snprintf(dir, sizeof(dir), "/run/user/%u", (unsigned)uid);
        if (!usable_dir(dir, uid)) {
            /* Somebody else may have made this name first: usable_dir() then refuses its owner. */
            snprintf(dir, sizeof(dir), "/tmp/podman-run-%u", (unsigned)uid);
            if (mkdir(dir, 0700) < 0 && !usable_dir(dir, uid))
                snprintf(dir, sizeof(dir), "%s/.local/share/containers/run",
                         getenv("HOME") ? getenv("HOME") : "/tmp");
        }
    }
    return dir;
}

/* ---------- sub-ids ---------- */

struct range {
    uint32_t start, count;
};

/* Ranges of @user (name or id) in /etc/subuid or /etc/subgid. */
static size_t read_ranges(const char *path, const char *name, uid_t uid, struct range *out,
                          size_t max)
{
    AUTO_BUF b = { .max = 4u << 20 };
    AUTO_ARENA a = { 0 };
    size_t n = 0;
    char id[16];

    snprintf(id, sizeof(id), "%u", (unsigned)uid);
    if (fs_read_file(AT_FDCWD, path, &b) < 0 || !b.data)
        return 0;
    for (char **line = strv_split(&a, b.data, '\n'); *line && n < max; line++) {
        char **f = strv_split(&a, *line, ':');
        if (strv_len(f) != 3 || !(STR_EQ(f[0], id) || str_same(f[0], name)))
            continue;
        if (parse_u32(f[1], &out[n].start) == 0 && parse_u32(f[2], &out[n].count) == 0 &&
            out[n].count)
            n++;
    }
    return n;
}

/* newuidmap PID 0 UID 1 1 START COUNT ... */
static int run_map_helper(const char *program, pid_t target, uid_t own, const struct range *r,
                          size_t n, struct err *err)
{
    AUTO_ARENA a = { 0 };
    char **argv = strv_add(&a, NULL, program);
    uint32_t next = 1;

    argv = strv_add(&a, argv, arena_printf(&a, "%d", (int)target));
    argv = strv_add(&a, argv, "0");
    argv = strv_add(&a, argv, arena_printf(&a, "%u", (unsigned)own));
    argv = strv_add(&a, argv, "1");
    for (size_t i = 0; i < n; next += r[i].count, i++) {
        argv = strv_add(&a, argv, arena_printf(&a, "%u", next));
        argv = strv_add(&a, argv, arena_printf(&a, "%u", r[i].start));
        argv = strv_add(&a, argv, arena_printf(&a, "%u", r[i].count));
    }
    AUTO_BUF text = { .max = 4096 };
    int status = proc_run(argv, NULL, NULL, NULL, &text);
    if (status == -ENOENT)
        return err_set(
            err, ERR_UNSUPPORTED, ENOENT,
            "%s is not installed: install the package uidmap to use the ids of /etc/subuid",
            program);
    if (status != 0)
        return err_set(err, ERR_DENIED, EPERM, "%s failed: %s", program,
                       text.data ? text.data : "no reason given");
    return 0;
}

/* Without ranges: a mapping of the one id that needs no privilege. */
static int map_single(uid_t uid, gid_t gid, struct err *err)
{
    char map[64];
    int r = fs_write_kernel(AT_FDCWD, "/proc/self/setgroups", "deny");

    if (r == 0) {
        snprintf(map, sizeof(map), "0 %u 1\n", (unsigned)uid);
        r = fs_write_kernel(AT_FDCWD, "/proc/self/uid_map", map);
    }
    if (r == 0) {
        snprintf(map, sizeof(map), "0 %u 1\n", (unsigned)gid);
        r = fs_write_kernel(AT_FDCWD, "/proc/self/gid_map", map);
    }
    return r < 0 ? err_sys(err, -r, "mapping the ids of the user namespace") : 0;
}

enum { MAX_RANGES = 32 };

/* The mapper is a child that stays outside, waits until we are in the new namespace and then writes our
 * maps through the setuid helpers. */
struct mapper {
    pid_t pid;
    int go, done; /* our ends of its pipes */
};

struct mapper_reply {
    int r;
    struct err err;
};

_Noreturn static void mapper_main(int go, int done, pid_t target, uid_t uid, gid_t gid,
                                  const struct range *u, size_t nu, const struct range *g,
                                  size_t ng)
{
    struct mapper_reply reply = { 0 };
    char c;

    if (read(go, &c, 1) != 1)
        _exit(1);
    reply.r = run_map_helper("newuidmap", target, uid, u, nu, &reply.err);
    if (reply.r == 0)
        reply.r = run_map_helper("newgidmap", target, gid, g, ng, &reply.err);
    _exit(write_all(done, &reply, sizeof(reply)) < 0);
}

static int make_namespace(struct err *err)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    struct range u[MAX_RANGES], g[MAX_RANGES];
    struct passwd *pw = getpwuid(uid);
    size_t nu = read_ranges("/etc/subuid", pw ? pw->pw_name : NULL, uid, u, MAX_RANGES);
    size_t ng = read_ranges("/etc/subgid", pw ? pw->pw_name : NULL, uid, g, MAX_RANGES);
    pid_t self = getpid(), pid = -1;
    int go[2] = { -EBADF, -EBADF }, done[2] = { -EBADF, -EBADF };

    if (nu && ng) {
        if (pipe2(go, O_CLOEXEC) < 0 || pipe2(done, O_CLOEXEC) < 0)
            return err_sys(err, errno, "making a pipe");
        pid = fork();
        if (pid < 0)
            return err_sys(err, errno, "starting the id mapper");
        if (pid == 0) {
            close(go[1]);
            mapper_main(go[0], done[1], self, uid, gid, u, nu, g, ng);
        }
        close(go[0]);
        close(done[1]);
    }
    int r = 0;
    if (unshare(CLONE_NEWUSER) < 0)
        r = err_set(err, ERR_UNSUPPORTED, errno,
                    "cannot make a user namespace: %s (is user.max_user_namespaces 0 or "
                    "kernel.unprivileged_userns_clone off?)",
                    strerror(errno));
    else if (pid < 0)
        r = map_single(uid, gid, err);
    else {
        struct mapper_reply reply = { 0 };
        if (write_all(go[1], "x", 1) < 0 ||
            read_full(done[0], &reply, sizeof(reply)) != sizeof(reply))
            r = err_set(err, ERR_INTERNAL, EPIPE, "the id mapper died");
        else if (reply.r < 0) {
            r = reply.r;
            if (err)
                *err = reply.err;
        }
    }
    close_p(&go[1]);
    close_p(&done[0]);
    if (pid > 0)
        (void)!proc_wait(pid);
    return r;
}

/* ---------- the holder ---------- */

/* Keeps the namespace alive while no container runs, for as long as the file @path names it: with the run directory
 * (at the end of the user's session) it goes as well.  It becomes the small program
 * for that (podman-monitor under the name podman-pause), so that it neither keeps this one in memory nor
 * looks like the command that happened to be first. */
static pid_t start_holder(const char *path)
{
    AUTO_ARENA a = { 0 };
    char *program = engine_helper(&a, "podman-monitor");
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    setsid();
    prctl(PR_SET_NAME, "podman pause");
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++)
        dup2(null, i);
    (void)!chdir("/");
    close_range(3, ~0u, 0);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    if (program)
        execl(program, "podman-pause", path, NULL);
    for (;;)
        pause();
}

static int open_dir(struct err *err)
{
    AUTO_FREE char *path = xasprintf("%s/containers", rootless_runtime_dir());
    int r = fs_mkdirs(AT_FDCWD, path, 0700);
    int fd = r < 0 ? r : fs_open_dir(AT_FDCWD, path);

    return fd < 0 ? err_sys(err, -fd, "opening the run directory %s", path) : fd;
}

/* Joins the namespace that the file names: 0 joined, 1 there is none, or negative errno. */
static int join(int dir, struct err *err)
{
    AUTO_BUF b = { .max = 128 };
    AUTO_ARENA a = { 0 };
    uint64_t start;
    uint32_t pid;

    if (fs_read_file(dir, "userns", &b) < 0 || !b.data)
        return 1;
    char **f = strv_split(&a, b.data, ' ');
    if (strv_len(f) != 2 || parse_u32(f[0], &pid) < 0 || parse_u64(f[1], UINT64_MAX, &start) < 0 ||
        proc_start_time((pid_t)pid) != start)
        return 1;
    AUTO_FREE char *ns = xasprintf("/proc/%u/ns/user", pid);
    AUTO_CLOSE int fd = open(ns, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 1;
    if (setns(fd, CLONE_NEWUSER) < 0)
        return err_sys(err, errno, "joining the user namespace of process %u", pid);
    return 0;
}

static int become_root(uid_t uid, gid_t gid, struct err *err)
{
    char text[16];

    if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
        return err_sys(err, errno, "becoming root of the user namespace");
    prctl(PR_SET_DUMPABLE, 1); /* the change of ids hid our /proc from ourselves */
    snprintf(text, sizeof(text), "%u", (unsigned)uid);
    setenv(ENV_UID, text, 1);
    snprintf(text, sizeof(text), "%u", (unsigned)gid);
    setenv(ENV_GID, text, 1);
    setenv(ENV_DONE, "done", 1);
    return 0;
}

int rootless_enter(struct err *err)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (uid == 0)
        return 0;
    AUTO_CLOSE int dir = open_dir(err);
    if (dir < 0)
        return dir;
    int r = join(dir, err);
    if (r == 1) {
        AUTO_CLOSE int lock = lock_take(dir, "userns.lock");
        if (lock < 0)
            return err_sys(err, -lock, "locking the run directory");
        r = join(dir, err); /* somebody may have been faster */
        if (r == 1) {
            r = make_namespace(err);
            if (r < 0)
                return r;
            AUTO_FREE char *path = xasprintf("%s/containers/userns", rootless_runtime_dir());
            pid_t holder = start_holder(path);
            char text[64];
            if (holder < 0)
                return err_sys(err, errno, "starting the holder of the user namespace");
            int n = snprintf(text, sizeof(text), "%d %llu", (int)holder,
                             (unsigned long long)proc_start_time(holder));
            r = fs_replace(dir, "userns", text, (size_t)n, 0600, FS_NOSYNC);
            if (r < 0)
                return err_sys(err, -r, "writing the user namespace's file");
        }
    }
    return r < 0 ? r : become_root(uid, gid, err);
}
