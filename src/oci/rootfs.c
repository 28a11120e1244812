/* The root file system as a detached mount tree. */
#include <fcntl.h>
#include <linux/mount.h>

#include "base/fs.h"
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

/* Linux before 6.8: one string, in which ':' and '\' are escaped. */
static int set_lower_classic(int fs, char *const *lower)
{
    AUTO_BUF b = { 0 };

    for (; *lower; lower++) {
        if (b.len)
            buf_putc(&b, ':');
        for (const char *p = *lower; *p; p++) {
            if (*p == ':' || *p == '\\')
                buf_putc(&b, '\\');
            buf_putc(&b, *p);
        }
    }
    return set_string(fs, "lowerdir", b.data);
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

static int set_layers(int fs, char *const *lower)
{
    int r = 0;

    for (size_t i = 0; r == 0 && lower[i]; i++) {
        r = set_string(fs, "lowerdir+", lower[i]);
        if (r == -EINVAL && i == 0)
            return set_lower_classic(fs, lower);
    }
    return r;
}

static int make_overlay(const struct rootfs_config *r)
{
    AUTO_ARENA a = { 0 };
    unsigned attr = 0;

    AUTO_CLOSE int fs = fsopen("overlay", FSOPEN_CLOEXEC);
    if (fs < 0)
        return -errno;
    int rc = set_string(fs, "source", "overlay");
    if (rc == 0 && r->userxattr && fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0)
        rc = -errno;
    if (rc == 0)
        rc = set_layers(fs, r->lower);
    if (rc == 0 && r->upper)
        rc = set_string(fs, "upperdir", r->upper);
    if (rc == 0 && r->upper)
        rc = set_string(fs, "workdir", r->work);
    if (rc == 0 && r->upper && r->volatile_) {
        /* The mark of the previous mount; the kernel refuses to mount over it. */
        char *mark = arena_printf(&a, "%s/work/incompat/volatile", r->work);
        (void)!unlinkat(AT_FDCWD, mark, AT_REMOVEDIR);
        if (fsconfig(fs, FSCONFIG_SET_FLAG, "volatile", NULL, 0) < 0)
            rc = -errno;
    }
    if (rc == 0)
        rc = set_mount_options(fs, r, &a, &attr);
    if (rc < 0)
        return rc;
    if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -errno;
    int tree = fsmount(fs, FSMOUNT_CLOEXEC, attr);
    return tree < 0 ? -errno : tree;
}

/* The same over layers seen through the id mapping. */
static int make_mapped_overlay(const struct rootfs_config *r, int userns)
{
    AUTO_ARENA a = { 0 };
    struct rootfs_config mapped = *r;
    AUTO_FREE int *fds = xcalloc(strv_len(r->lower) + 1, sizeof(int));
    size_t n = 0;
    char path[64];
    int rc = 0;

    for (mapped.lower = NULL; rc == 0 && r->lower[n];) {
        int fd = idmapped_layer(r->lower[n], userns);
        if (fd < 0)
            rc = fd;
        else {
            mapped.lower = strv_add(&a, mapped.lower, fd_path(fd, path, sizeof(path)));
            fds[n++] = fd;
        }
    }
    if (rc == 0)
        rc = make_overlay(&mapped);
    while (n > 0) /* a tree that is attached nowhere ends with its descriptor: not before now */
        close(fds[--n]);
    return rc;
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
    return r->idmap && userns >= 0 ? make_mapped_overlay(r, userns) : make_overlay(r);
}
