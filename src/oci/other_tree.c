/* A directory of another container's mount namespace, as a tree that can be attached in ours.
 *
 * A bind mount takes only what is mounted in the caller's own mount namespace, and whoever has left his may not be
 * allowed to come back: a child that shares our descriptors goes there. */
#include <fcntl.h>
#include <sys/wait.h>

#include "base/parse.h"
#include "oci/plan.h"
#include "oci/sys.h"

#include "base/banned.h"

/* "/proc/PID/root/DIR": *ret_dir is DIR without a slash. */
static bool is_other(const char *path, char ns[32], const char **ret_dir)
{
    size_t n = str_starts(path, "/proc/") ? strspn(path + 6, "0123456789") : 0;

    if (n == 0 || n > 10 || !str_starts(path + 6 + n, "/root/"))
        return false;
    snprintf(ns, 32, "/proc/%.*s/ns/mnt", (int)n, path + 6);
    *ret_dir = path + 6 + n + strlen("/root/");
    return **ret_dir;
}

bool other_tree_is(const char *path)
{
    const char *dir;
    char ns[32];

    return is_other(path, ns, &dir);
}

/* In the child: the number of the descriptor, or -errno. */
static int clone_there(int ns, const char *dir)
{
    struct open_how {
        uint64_t flags, mode, resolve;
    } how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = 0x04 /* no links */ };

    if (setns(ns, CLONE_NEWNS) < 0)
        return -errno;
    int at = (int)syscall(SYS_openat2, AT_FDCWD, dir, &how, sizeof(how));
    if (at < 0)
        return -errno;
    int tree = open_tree(at, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    int r = tree < 0 ? -errno : tree;
    close(at);
    return r;
}

int other_tree_open(const char *path)
{
    struct clone_args args = { .flags = CLONE_FILES | CLONE_VFORK, .exit_signal = SIGCHLD };
    int fds[2], r = -EIO, status;
    const char *dir;
    char name[32];

    if (!is_other(path, name, &dir))
        return -EINVAL;
    AUTO_CLOSE int ns = open(name, O_RDONLY | O_CLOEXEC);
    if (ns < 0)
        return -errno;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = sys_clone3(&args);
    if (pid == 0) {
        int tree = clone_there(ns, dir);
        _exit(write(fds[1], &tree, sizeof(tree)) != sizeof(tree));
    }
    AUTO_CLOSE int out = fds[0];
    int failed = errno;
    close(fds[1]);
    if (pid < 0)
        return -failed;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && read(out, &r, sizeof(r)) != sizeof(r))
        r = -EIO;
    return r;
}
