#include <dirent.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/syscall.h>

#include "base/copytree.h"
#include "base/fs.h"
#include "engine/spec_parts.h"
#include "image/image.h"
#include "store/layers.h"

#include "base/banned.h"

/* The root file system of a container
 *
 * overlay: the image's layers below graphroot/containers/<id>/upper; the runtime mounts it inside the
 * container's own mount namespace, so nothing is mounted here.  vfs: the layers are copied, one over the
 * other, to graphroot/containers/<id>/rootfs when the container is made. */

int rootfs_lower(struct engine *e, struct arena *a, const struct container_config *c, char ***ret,
                 struct err *err)
{
    bool whole = true;

    *ret = NULL;
    if (c->rootfs_overlay)
        *ret = strv_add(a, NULL, c->rootfs);
    if (c->rootfs)
        return 0;
    *ret = layer_dirs(e->store, a, c->layers);
    for (char **dir = *ret; dir && *dir; dir++)
        whole = whole && access(*dir, F_OK) == 0;
    if (whole && *ret)
        return 0;
    struct image img = { 0 };
    int r = image_find(e->store, a, c->image, &img, err);
    if (r == 0)
        r = image_lower_dirs(e->store, a, &img, ret, err);
    return r < 0 ? err_wrap(err, "the image of container %s", c->id) : 0;
}

static int make_upper(int dir, const struct container_config *c, const char *top, struct err *err)
{
    struct stat st = { .st_mode = 0755 };
    uid_t uid = c->uid_map.n ? (uid_t)idmap_host_id(c->uid_map.items, c->uid_map.n, 0) : 0;
    gid_t gid = c->gid_map.n ? (gid_t)idmap_host_id(c->gid_map.items, c->gid_map.n, 0) : 0;

    if (top)
        (void)!stat(top, &st);
    /* The attributes of / are those of the upper directory: the image's have to be copied. */
    if (mkdirat(dir, "upper", 0755) < 0 || mkdirat(dir, "work", 0700) < 0)
        return err_sys(err, errno, "making the layer of container %s", c->id);
    if ((st.st_mode & 07777) != 0755 && fchmodat(dir, "upper", st.st_mode & 07777, 0) < 0)
        return err_sys(err, errno, "making the layer of container %s", c->id);
    if ((uid || gid || st.st_uid || st.st_gid) &&
        fchownat(dir, "upper", uid ? uid : st.st_uid, gid ? gid : st.st_gid, 0) < 0)
        return err_sys(err, errno, "making the layer of container %s", c->id);
    return 0;
}

/* Without idmapped mounts (they take a file system that belongs to our user namespace) a container with
 * a user namespace of its own, inside that of an ordinary user, needs files with other owners: a copy. */
static bool needs_copy(const struct engine *e, const struct container_config *c)
{
    return e->store->driver == DRIVER_VFS || (e->rootless && c->uid_map.n);
}

static int shift_ids(int dir, const char *name, const struct container_config *c)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    int64_t uid = idmap_host_id(c->uid_map.items, c->uid_map.n, st.st_uid),
            gid = idmap_host_id(c->gid_map.items, c->gid_map.n, st.st_gid);
    if (uid >= 0 && gid >= 0 &&
        fchownat(dir, name, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if ((st.st_mode & 06000) && !S_ISLNK(st.st_mode)) /* the change of owner took them away */
        (void)!fchmodat(dir, name, st.st_mode & 07777, 0);
    if (!S_ISDIR(st.st_mode))
        return 0;
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    int r = d ? 0 : -errno;
    for (struct dirent *e; r == 0 && (e = readdir(d));)
        if (!STR_IN(e->d_name, ".", ".."))
            r = shift_ids(dirfd(d), e->d_name, c);
    if (d)
        closedir(d);
    return r;
}

static int make_copy(int dir, const struct container_config *c, char *const *lower, struct err *err)
{
    int r = 0;

    if (mkdirat(dir, "rootfs", 0755) < 0)
        return err_sys(err, errno, "making the root of container %s", c->id);
    AUTO_CLOSE int dst = fs_open_dir(dir, "rootfs");
    for (size_t i = strv_len(lower); r == 0 && i-- > 0;) {
        AUTO_CLOSE int src = fs_open_dir(AT_FDCWD, lower[i]);
        r = src < 0 ? src : copy_tree(src, dst, COPY_APPLY_WHITEOUTS);
    }
    if (r == 0 && c->uid_map.n)
        r = shift_ids(dir, "rootfs", c);
    return r < 0 ? err_sys(err, -r, "copying the image of container %s", c->id) : 0;
}

int rootfs_create(struct engine *e, struct arena *a, const struct container_config *c,
                  struct err *err)
{
    char path[128];
    char **lower;

    snprintf(path, sizeof(path), "containers/%s", c->id);
    if (mkdirat(e->store->graph_fd, path, 0711) < 0)
        return err_sys(err, errno, "making the directory of container %s", c->id);
    int r = rootfs_lower(e, a, c, &lower, err);
    if (r < 0 || (c->rootfs && !c->rootfs_overlay))
        return r;
    AUTO_CLOSE int dir = fs_open_dir(e->store->graph_fd, path);
    if (dir < 0)
        return err_sys(err, -dir, "opening the directory of container %s", c->id);
    return needs_copy(e, c) ? make_copy(dir, c, lower, err)
                            : make_upper(dir, c, lower ? lower[0] : NULL, err);
}

/* What an upper directory holds has to be whole: no file without its contents (metacopy), no directory that is
 * somewhere else (redirect_dir), whatever storage.conf or the kernel would have. */
static const char *const whole_upper[][2] = { { "redirect_dir", "off" }, { "metacopy", "off" } };

static char *layer_options(const struct engine *e, struct arena *a)
{
    char **given = strv_split(a, e->store->mount_options ? e->store->mount_options : "", ',');
    AUTO_BUF out = { 0 };

    for (; *given; given++) {
        bool ours = false;
        for (size_t i = 0; i < ARRAY_SIZE(whole_upper); i++)
            ours |= str_starts(*given, whole_upper[i][0]);
        if (!ours && **given)
            buf_printf(&out, "%s,", *given);
    }
    /* An ordinary user's overlay has neither, and refuses the words. */
    for (size_t i = 0; i < ARRAY_SIZE(whole_upper) && !e->rootless; i++)
        buf_printf(&out, "%s=%s,", whole_upper[i][0], whole_upper[i][1]);
    return arena_strndup(a, out.data ? out.data : "", out.len ? out.len - 1 : 0);
}

int rootfs_prepare(struct engine *e, struct arena *a, const struct container_config *c,
                   struct rootfs_config *ret, struct err *err)
{
    char *dir = container_bundle(e, a, c->id);

    bool given = c->rootfs && !c->rootfs_overlay;
    if (given || needs_copy(e, c)) {
        ret->type = arena_strdup(a, "bind");
        ret->path = given ? c->rootfs : arena_printf(a, "%s/rootfs", dir);
        return 0;
    }
    ret->type = arena_strdup(a, "overlay");
    ret->upper = arena_printf(a, "%s/upper", dir);
    ret->work = arena_printf(a, "%s/work", dir);
    ret->userxattr = e->rootless;
    ret->label = c->mount_label;
    /* What a container wrote is lost with a power cut, as its processes are: not worth a sync each. */
    ret->volatile_ = c->auto_remove;
    ret->mount_options = c->to_layer ? layer_options(e, a) : e->store->mount_options;
    ret->idmap = c->uid_map.n > 0 && !e->rootless;
    return rootfs_lower(e, a, c, &ret->lower, err);
}

char *engine_init_path(struct engine *e, struct arena *a)
{
    static const char *const known[] = { "/usr/libexec/podman/catatonit",
                                         "/usr/local/libexec/podman/catatonit",
                                         "/usr/bin/catatonit", "/usr/bin/tini-static",
                                         "/usr/bin/tini" };

    if (!str_empty(e->defaults.init_path))
        return e->defaults.init_path;
    char *own = engine_helper(a, "podman-init");
    for (size_t i = 0; !own && i < ARRAY_SIZE(known); i++)
        if (access(known[i], X_OK) == 0)
            own = arena_strdup(a, known[i]);
    return own;
}

/* The string that names all layers has to be shorter than 256 bytes: so the names are descriptors, and
 * short because we stand in /proc/self/fd. */
static int set_whole(const struct engine *e, int fs)
{
    if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "volatile", NULL, 0) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(whole_upper) && !e->rootless; i++)
        if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, whole_upper[i][0], whole_upper[i][1],
                    0) < 0)
            return -1;
    return 0;
}

static int make_overlay(struct engine *e, const char *names, const char *upper, const char *work,
                        bool hasty)
{
    AUTO_CLOSE int fs = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
    if (fs < 0)
        return -errno;
    if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "lowerdir", names, 0) < 0 ||
        (upper && (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "upperdir", upper, 0) < 0 ||
                   syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "workdir", work, 0) < 0)) ||
        (e->rootless && syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0) ||
        (hasty && set_whole(e, fs) < 0) ||
        syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -errno;
    int fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, upper ? 0 : MOUNT_ATTR_RDONLY);
    return fd < 0 ? -errno : fd;
}

static int assemble(struct engine *e, char *const *lower, const char *upper, const char *work,
                    bool hasty, struct err *err)
{
    size_t n = strv_len(lower), opened = 0;
    AUTO_FREE int *fds = xcalloc(n, sizeof(int));
    AUTO_CLOSE int cwd = open(".", O_PATH | O_CLOEXEC);
    AUTO_BUF names = { 0 };
    int r = chdir("/proc/self/fd") < 0 ? -errno : 0;

    for (; r >= 0 && opened < n; opened++) {
        r = fds[opened] = fs_open_dir(AT_FDCWD, lower[opened]);
        if (r < 0)
            break;
        buf_printf(&names, "%s%d", opened ? ":" : "", r);
    }
    if (r >= 0)
        r = make_overlay(e, names.data, upper, work, hasty);
    while (opened)
        close(fds[--opened]);
    if (fchdir(cwd) < 0 && r >= 0) {
        close(r);
        r = -errno;
    }
    return r < 0 ? err_sys(err, -r, "assembling the image's layers") : r;
}

int rootfs_overlay(struct engine *e, char *const *lower, const char *upper, const char *work,
                   struct err *err)
{
    return assemble(e, lower, upper, work, false, err);
}

int rootfs_overlay_volatile(struct engine *e, char *const *lower, const char *upper,
                            const char *work, struct err *err)
{
    return assemble(e, lower, upper, work, true, err);
}

int rootfs_read_only(struct engine *e, char *const *dirs, struct err *err)
{
    if (strv_len(dirs) == 1) {
        int fd = fs_open_dir(AT_FDCWD, dirs[0]);
        return fd < 0 ? err_sys(err, -fd, "opening %s", dirs[0]) : fd;
    }
    /* In a user namespace mounting takes a mount namespace that is its own. */
    if (e->rootless && unshare(CLONE_NEWNS) < 0)
        return err_sys(err, errno, "making a mount namespace");
    return rootfs_overlay(e, dirs, NULL, NULL, err);
}

int rootfs_of_container(struct engine *e, struct arena *a, const struct container_config *c,
                        bool write, struct err *err)
{
    char *bundle = container_bundle(e, a, c->id), **lower, upper_fd[40], work_fd[40];
    char *upper = arena_printf(a, "%s/upper", bundle);
    const char *dir = c->rootfs ? c->rootfs : arena_printf(a, "%s/rootfs", bundle);
    int r = rootfs_lower(e, a, c, &lower, err);

    if (r < 0)
        return r;
    if (access(upper, F_OK) < 0) /* a directory of the host, or a copy (vfs): that itself */
        return rootfs_read_only(e, strv_add(a, NULL, dir), err);
    if (!write)
        return rootfs_read_only(e, strv_concat(a, strv_add(a, NULL, upper), lower), err);
    /* First of all: an overlay takes directories of its own mount namespace only. */
    if (e->rootless && unshare(CLONE_NEWNS) < 0)
        return err_sys(err, errno, "making a mount namespace");
    AUTO_CLOSE int u = fs_open_dir(AT_FDCWD, upper);
    AUTO_CLOSE int w = fs_open_dir(AT_FDCWD, arena_printf(a, "%s/work", bundle));
    if (u < 0 || w < 0)
        return err_sys(err, u < 0 ? -u : -w, "opening the layer of container %s", c->id);
    return rootfs_overlay(e, lower, fd_path(u, upper_fd, sizeof(upper_fd)),
                          fd_path(w, work_fd, sizeof(work_fd)), err);
}

int rootfs_open_image(struct engine *e, struct arena *a, const struct container_config *c,
                      struct err *err)
{
    char **lower;
    int r = rootfs_lower(e, a, c, &lower, err);

    if (r < 0)
        return r;
    if (c->rootfs)
        lower = strv_add(a, NULL, c->rootfs);
    return rootfs_read_only(e, lower, err);
}
