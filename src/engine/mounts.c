#include "engine/mounts.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "base/fs.h"
#include "engine/engine_priv.h"
#include "engine/events.h"

#include "base/banned.h"

char *mounts_image_path(struct engine *e, struct arena *a, const struct image *img)
{
    return arena_printf(a, "%s/mounts/images/%s", e->store->runroot, img->id);
}

char *mounts_container_path(struct engine *e, struct arena *a, const struct container *c)
{
    return arena_printf(a, "%s/mounts/containers/%s", e->store->runroot, c->config.id);
}

/* A directory that is a mount point has another mount ID than its parent; the ID is what statx tells. */
bool mounts_has(const char *path)
{
    struct statx here, parent;
    AUTO_FREE char *up = xasprintf("%s/..", path);

    return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &here) == 0 &&
           statx(AT_FDCWD, up, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &parent) == 0 &&
           (here.stx_mask & STATX_MNT_ID) && here.stx_mnt_id != parent.stx_mnt_id;
}

static int refused(struct engine *e, int r, const char *what, const char *command, struct err *err)
{
    err_clear(err);
    if (e->rootless && r == -EPERM)
        return err_set(err, ERR_DENIED, EPERM,
                       "cannot run command \"podman %s\" in rootless mode, must execute `podman "
                       "unshare` first",
                       command);
    return err_sys(err, -r, "mounting %s", what);
}

/* Puts the detached mount @fd on @path. */
static int attach(int fd, const char *path)
{
    if (syscall(SYS_move_mount, fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return -errno;
    return 0;
}

int mounts_image(struct engine *e, struct arena *a, const struct image *img, struct err *err)
{
    char *path = mounts_image_path(e, a, img), **lower;

    if (mounts_has(path))
        return 0;
    int r = image_lower_dirs(e->store, a, img, &lower, err);
    if (r < 0)
        return r;
    if ((r = fs_mkdirs(AT_FDCWD, path, 0700)) < 0)
        return err_sys(err, -r, "creating %s", path);
    struct err local = { 0 };
    /* overlayfs wants two directories at least when nothing is written. */
    if (!strv_len(lower) || !lower[1]) {
        char *empty = arena_printf(a, "%s/mounts/empty", e->store->runroot);
        if ((r = fs_mkdirs(AT_FDCWD, empty, 0555)) < 0)
            return err_sys(err, -r, "creating %s", empty);
        lower = strv_add(a, strv_copy(a, lower), empty);
    }
    AUTO_CLOSE int fd = rootfs_overlay(e, lower, NULL, NULL, &local);
    r = fd < 0 ? fd : attach(fd, path);
    return r < 0 ? refused(e, r, img->id, "image mount", err)
                 : engine_did(e, "image", "mount", img->id, img->names ? img->names[0] : NULL, 0);
}

static int overlay_of(struct engine *e, struct arena *a, const struct container *c, struct err *err)
{
    char *bundle = container_bundle(e, a, c->config.id), **lower, upper[40], work[40];
    AUTO_CLOSE int u = fs_open_dir(AT_FDCWD, arena_printf(a, "%s/upper", bundle));
    AUTO_CLOSE int w = fs_open_dir(AT_FDCWD, arena_printf(a, "%s/work", bundle));
    int r = rootfs_lower(e, a, &c->config, &lower, err);

    if (r < 0)
        return r;
    if (u < 0 || w < 0) { /* a copy (vfs) or a directory of the host: that itself */
        const char *dir = c->config.rootfs ? c->config.rootfs
                                           : arena_printf(a, "%s/rootfs", bundle);
        int fd = (int)syscall(SYS_open_tree, AT_FDCWD, dir, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        return fd < 0 ? -errno : fd;
    }
    return rootfs_overlay(e, lower, fd_path(u, upper, sizeof(upper)),
                          fd_path(w, work, sizeof(work)), err);
}

/* The root of a running container: cloned inside its mount namespace, carried out as a descriptor. */
static int clone_root(const struct container *c)
{
    AUTO_FREE char *ns = xasprintf("/proc/%d/ns/mnt", (int)c->run.pid);
    AUTO_FREE char *root_path = xasprintf("/proc/%d/root", (int)c->run.pid);
    AUTO_CLOSE int theirs = open(ns, O_RDONLY | O_CLOEXEC);
    AUTO_CLOSE int ours = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    AUTO_CLOSE int cwd = open(".", O_PATH | O_CLOEXEC), root = open("/", O_PATH | O_CLOEXEC);
    AUTO_CLOSE int there = open(root_path, O_PATH | O_CLOEXEC);

    if (theirs < 0 || ours < 0 || there < 0 || root < 0)
        return -errno;
    if (setns(theirs, CLONE_NEWNS) < 0)
        return -errno;
    int fd = (int)syscall(SYS_open_tree, there, "",
                          AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    int saved = errno;
    /* setns moves root and working directory: both go back to where they were. */
    if (setns(ours, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0 || fchdir(cwd) < 0)
        abort(); /* in somebody else's namespace nothing may go on */
    return fd < 0 ? -saved : fd;
}

int mounts_container(struct engine *e, struct arena *a, const struct container *c, struct err *err)
{
    char *path = mounts_container_path(e, a, c);
    struct err local = { 0 };

    if (mounts_has(path))
        return 0;
    int r = fs_mkdirs(AT_FDCWD, path, 0700);
    if (r < 0)
        return err_sys(err, -r, "creating %s", path);
    bool runs = c->alive && c->run.pid > 0 && c->status != CTR_EXITED;
    AUTO_CLOSE int fd = runs ? clone_root(c) : overlay_of(e, a, c, &local);
    r = fd < 0 ? fd : attach(fd, path);
    return r < 0 ? refused(e, r, c->config.id, "mount", err)
                 : container_did(e, &c->config, "mount", 0);
}

int mounts_remove(const char *path, struct err *err)
{
    int n = 0;

    while (mounts_has(path)) {
        if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
            return err_sys(err, errno, "unmounting %s", path);
        n = 1;
    }
    (void)!rmdir(path);
    return n;
}

void mounts_remove_all(struct engine *e)
{
    static const char *const kinds[] = { "mounts/images", "mounts/containers" };

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        AUTO_ARENA a = { 0 };
        AUTO_CLOSE int dir = fs_open_dir(e->store->run_fd, kinds[i]);
        char **names = dir < 0 ? NULL : fs_list_dirs(dir, &a);
        for (; names && *names; names++)
            (void)!mounts_remove(arena_printf(&a, "%s/%s/%s", e->store->runroot, kinds[i], *names),
                                 NULL);
    }
}
