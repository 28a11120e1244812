/* The root file system as a detached mount tree. */
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "base/fs.h"
#include "base/parse.h"
#include "base/proc.h"
#include "oci/plan.h"

#include "base/banned.h"

static int set_string(int fs, const char *key, const char *val)
{
    return fsconfig(fs, FSCONFIG_SET_STRING, key, val, 0) < 0 ? -errno : 0;
}

/* storage.conf's mountopt holds both kinds: attributes of the mount and options of overlay. */
static int set_mount_options(int fs, const struct rootfs_config *r, struct arena *a, unsigned *attr)
{
    static const struct {
        const char *name;
        unsigned attr;
    } attrs[] = { { "nodev", MOUNT_ATTR_NODEV },
                  { "nosuid", MOUNT_ATTR_NOSUID },
                  { "noexec", MOUNT_ATTR_NOEXEC },
                  { "noatime", MOUNT_ATTR_NOATIME },
                  { "ro", MOUNT_ATTR_RDONLY } };

    char **list = str_empty(r->mount_options) ? NULL : strv_split(a, r->mount_options, ',');
    for (char **o = list; o && *o; o++) {
        size_t i;
        for (i = 0; i < ARRAY_SIZE(attrs) && !STR_EQ(attrs[i].name, *o); i++)
            ;
        if (i < ARRAY_SIZE(attrs)) {
            *attr |= attrs[i].attr;
            continue;
        }
        /* metacopy and userxattr exclude each other. */
        if (!**o || (r->userxattr && str_starts(*o, "metacopy")))
            continue;
        char *eq = strchr(*o, '=');
        if (eq)
            *eq = '\0';
        if (eq ? fsconfig(fs, FSCONFIG_SET_STRING, *o, eq + 1, 0) < 0
               : fsconfig(fs, FSCONFIG_SET_FLAG, *o, NULL, 0) < 0)
            return -errno;
    }
    return 0;
}

/* A lower layer seen through the id mapping of @userns; its descriptor has to live until the overlay
 * is made. */
static int idmapped_layer(const char *dir, int userns)
{
    AUTO_CLOSE int tree = open_tree(AT_FDCWD, dir, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        return -errno;
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns };
    if (sys_mount_setattr(tree, 0, &attr) < 0)
        return -errno;
    return HANDOVER_FD(tree);
}

/* Opens every lower layer, through the id mapping when there is one. */
static int open_layers(const struct rootfs_config *r, int userns, int *fds)
{
    for (size_t i = 0; r->lower[i]; i++) {
        fds[i] = r->idmap && userns >= 0 ? idmapped_layer(r->lower[i], userns)
                                         : open(r->lower[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fds[i] < 0)
            return fds[i] == -1 ? -errno : fds[i];
    }
    return 0;
}

enum { FSCONFIG_MAX = 255 }; /* bytes of a string */

/* Linux 6.8 and later: one layer at a time, by the name that mountinfo shows then. */
static int set_layers(int fs, const struct rootfs_config *r, const int *fds)
{
    char path[64];
    int rc = 0;

    for (size_t i = 0; rc == 0 && r->lower[i]; i++) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
        rc = set_string(fs, "lowerdir+",
                        r->idmap || strlen(r->lower[i]) > FSCONFIG_MAX ? path : r->lower[i]);
    }
    if (rc == 0 && r->upper)
        rc = set_string(fs, "upperdir", r->upper);
    if (rc == 0 && r->upper)
        rc = set_string(fs, "workdir", r->work);
    return rc;
}

/* Older ones: all layers in one string, and that has to be shorter than 256 bytes.  So the names are
 * descriptors, and short because we stand in /proc/self/fd: some eighty layers fit. */
static int set_layers_classic(int fs, const struct rootfs_config *r, const int *fds, int upper,
                              int work)
{
    AUTO_BUF b = { 0 };
    char name[16];

    for (size_t i = 0; r->lower[i]; i++)
        buf_printf(&b, "%s%d", i ? ":" : "", fds[i]);
    int rc = set_string(fs, "lowerdir", b.data);
    if (rc == 0 && r->upper) {
        snprintf(name, sizeof(name), "%d", upper);
        rc = set_string(fs, "upperdir", name);
    }
    if (rc == 0 && r->upper) {
        snprintf(name, sizeof(name), "%d", work);
        rc = set_string(fs, "workdir", name);
    }
    return rc;
}

static int set_options(int fs, const struct rootfs_config *r, unsigned *attr)
{
    AUTO_ARENA a = { 0 };

    if (r->userxattr && fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0)
        return -errno;
    if (r->upper && r->volatile_) {
        /* The mark of the previous mount; the kernel refuses to mount over it. */
        char *mark = arena_printf(&a, "%s/work/incompat/volatile", r->work);
        (void)!unlink(arena_printf(&a, "%s/dirty", mark));
        (void)!rmdir(mark);
        if (fsconfig(fs, FSCONFIG_SET_FLAG, "volatile", NULL, 0) < 0)
            return -errno;
    }
    if (!str_empty(r->label) && fsconfig(fs, FSCONFIG_SET_STRING, "context", r->label, 0) < 0)
        return -errno;
    return set_mount_options(fs, r, &a, attr);
}

static int try_overlay(const struct rootfs_config *r, const int *fds, bool classic)
{
    unsigned attr = 0;
    AUTO_CLOSE int upper = r->upper && classic ? open(r->upper, O_PATH | O_CLOEXEC) : -EBADF;
    AUTO_CLOSE int work = r->upper && classic ? open(r->work, O_PATH | O_CLOEXEC) : -EBADF;
    AUTO_CLOSE int fs = fsopen("overlay", FSOPEN_CLOEXEC);
    if (fs < 0)
        return -errno;
    int rc = set_string(fs, "source", "overlay");
    if (rc == 0)
        rc = classic ? set_layers_classic(fs, r, fds, upper, work) : set_layers(fs, r, fds);
    if (rc == 0)
        rc = set_options(fs, r, &attr);
    if (rc < 0)
        return rc;
    if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -errno;
    int tree = fsmount(fs, FSMOUNT_CLOEXEC, attr);
    return tree < 0 ? -errno : tree;
}

/* Linux 6.5 knows "lowerdir+".  An older one logs each try. */
static bool takes_layers_one_by_one(void)
{
    static int known; /* 1: yes, -1: no */
    uint32_t major = 0, minor = 0;
    struct utsname u;

    if (!known && uname(&u) == 0) { /* "6.1.0-27-amd64" */
        char *dot = strchr(u.release, '.');
        if (dot) {
            *dot++ = '\0';
            dot[strspn(dot, "0123456789")] = '\0';
        }
        bool parsed = dot && parse_u32(u.release, &major) == 0 && parse_u32(dot, &minor) == 0;
        known = !parsed || major > 6 || (major == 6 && minor >= 5) ? 1 : -1;
    }
    return known > 0;
}

static int make_overlay(const struct rootfs_config *r, int userns)
{
    size_t n = strv_len(r->lower);
    AUTO_FREE int *fds = xcalloc(n, sizeof(int));

    for (size_t i = 0; i < n; i++)
        fds[i] = -EBADF;
    int rc = open_layers(r, userns, fds);
    if (rc == 0)
        rc = takes_layers_one_by_one() ? try_overlay(r, fds, false) : -EINVAL;
    if (rc == -EINVAL) {
        AUTO_CLOSE int cwd = open(".", O_PATH | O_CLOEXEC);
        rc = chdir("/proc/self/fd") < 0 ? -errno : try_overlay(r, fds, true);
        if (fchdir(cwd) < 0 && rc >= 0) {
            close(rc);
            rc = -errno;
        }
    }
    for (size_t i = 0; i < n; i++)
        close_p(&fds[i]);
    return rc;
}

/* Before 6.15 overlay takes a layer only where it is mounted in the caller's mount namespace.  So in one that
 * dies with a child, each mapped layer is mounted over the layer itself.  The child shares our descriptors:
 * the overlay that it makes is ours. */
static int make_overlay_apart(const struct rootfs_config *r, int userns)
{
    struct clone_args args = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };
    struct rootfs_config mapped = *r;
    int sock[2], rc = -EIO;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0)
        return -errno;
    pid_t pid = sys_clone3(&args);
    if (pid == 0) {
        rc = unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
                 ? -errno
                 : 0;
        for (size_t i = 0; rc == 0 && r->lower[i]; i++) {
            AUTO_CLOSE int tree = idmapped_layer(r->lower[i], userns);
            if (tree < 0)
                rc = tree;
            else if (move_mount(tree, "", AT_FDCWD, r->lower[i], MOVE_MOUNT_F_EMPTY_PATH) < 0)
                rc = -errno;
        }
        mapped.idmap = false;
        if (rc == 0)
            rc = make_overlay(&mapped, -EBADF);
        _exit(send(sock[1], &rc, sizeof(rc), MSG_NOSIGNAL) != sizeof(rc));
    }
    int e = errno;
    if (pid > 0) { /* what we close is closed for the child */
        (void)!proc_wait(pid);
        if (recv(sock[0], &rc, sizeof(rc), MSG_DONTWAIT) != sizeof(rc))
            rc = -EIO;
    }
    close(sock[0]);
    close(sock[1]);
    return pid < 0 ? -e : rc;
}

static int make_bind(const char *path, bool readonly)
{
    AUTO_CLOSE int tree = open_tree(AT_FDCWD, path,
                                    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (tree < 0)
        return -errno;
    struct mount_attr attr = { .attr_set = readonly ? MOUNT_ATTR_RDONLY : 0,
                               .propagation = MS_PRIVATE };
    if (sys_mount_setattr(tree, AT_RECURSIVE, &attr) < 0)
        return -errno;
    return HANDOVER_FD(tree);
}

int rootfs_make(const struct rootfs_config *r, int userns)
{
    if (!STR_EQ(r->type, "overlay"))
        return r->path ? make_bind(r->path, false) : -EINVAL;
    if (!r->lower || !r->lower[0])
        return -EINVAL;
    if (!r->upper && !r->lower[1]) /* overlay wants two layers */
        return make_bind(r->lower[0], true);
    int rc = make_overlay(r, userns);
    return rc == -EINVAL && r->idmap && userns >= 0 ? make_overlay_apart(r, userns) : rc;
}
