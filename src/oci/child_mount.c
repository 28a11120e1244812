/* The child builds the container's file system.
 *
 * The root is a detached tree (rootfs.c) attached on top of "/" of our own mount namespace, where
 * nobody else sees it.  Every destination is then opened below the root's descriptor with
 * RESOLVE_IN_ROOT, and what is mounted is attached to exactly that descriptor: there is no path to
 * race against and no link that leads out.  Everything is done before pivot_root, while the host's
 * files are still there to be bound. */
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/copytree.h"
#include "base/fs.h"
#include "oci/cgroup_priv.h"
#include "oci/plan.h"

#include "base/banned.h"

struct builder {
    const struct plan *p;
    int sync, root;
    bool no_mknod; /* a user namespace: devices are bound */
};

/* ---- destinations ---- */

static int open_dest(int root, const char *dest, bool dir)
{
    int fd = fs_open_in_root(root, dest, O_PATH, 0);

    if (fd != -ENOENT)
        return fd;
    if (dir)
        return fs_mkdirs_in_root(root, dest, 0755);

    const char *slash = strrchr(dest, '/');
    AUTO_FREE char *parent = slash ? xstrndup(dest, (size_t)(slash - dest)) : xstrdup("");
    const char *name = slash ? slash + 1 : dest;
    AUTO_CLOSE int at = fs_mkdirs_in_root(root, parent, 0755);
    if (at < 0)
        return at;
    AUTO_CLOSE int made = fs_open_in_root(root, dest, O_WRONLY | O_CREAT, 0644);
    if (made < 0)
        return made;
    (void)name;
    return fs_open_in_root(root, dest, O_PATH, 0);
}

/* A mount over a file of /proc could fake what the runtime and the LSMs write to.  These few are
 * known to be wanted (lxcfs). */
static bool proc_file_is_fine(const char *dest)
{
    static const char *const fine[] = {
        "/proc/cpuinfo",
        "/proc/diskstats",
        "/proc/meminfo",
        "/proc/stat",
        "/proc/swaps",
        "/proc/uptime",
        "/proc/loadavg",
        "/proc/slabinfo",
        "/proc/net/dev",
        "/proc/sys/kernel/ns_last_pid",
        "/proc/sys/crypto/fips_enabled",
    };

    for (size_t i = 0; i < ARRAY_SIZE(fine); i++)
        if (STR_EQ(dest, fine[i]))
            return true;
    return false;
}

static bool is_proc(int fd)
{
    struct statfs fs;
    return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static bool is_fs(const struct plan_mount *m, const char *type)
{
    return !m->bind && STR_EQ(m->type, type);
}

static int open_mount_dest(const struct builder *b, const struct plan_mount *m, size_t index,
                           bool dir)
{
    int fd;

    if (is_fs(m, "proc") || is_fs(m, "sysfs")) {
        /* An image whose /proc is a link would have us write through it. */
        struct open_how {
            uint64_t flags, mode, resolve;
        } how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = 0x10 | 0x04 };
        fd = open_dest(b->root, m->dest, true);
        if (fd >= 0) {
            close(fd);
            fd = (int)syscall(SYS_openat2, b->root, m->dest, &how, sizeof(how));
            if (fd < 0)
                fd = -errno;
        }
    } else
        fd = open_dest(b->root, m->dest, dir);
    if (fd < 0)
        child_fail(b->sync, STEP_MOUNT_DEST, -fd, (int)index);
    if (is_proc(fd) && !proc_file_is_fine(m->dest) && !is_fs(m, "proc") &&
        !STR_EQ(m->dest, "/proc"))
        child_fail(b->sync, STEP_MOUNT_PROC, EPERM, (int)index);
    return fd;
}

/* ---- trees ---- */

static int clone_tree(int dir, const char *path, bool recursive)
{
    int fd = open_tree(dir, path,
                       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0) |
                           (*path ? 0 : AT_EMPTY_PATH));
    return fd < 0 ? -errno : fd;
}

static int new_fs(const struct plan_mount *m, bool without_gid)
{
    char opt[4096];

    AUTO_CLOSE int fs = fsopen(m->type, FSOPEN_CLOEXEC);
    if (fs < 0)
        return -errno;
    if (!str_empty(m->source) && fsconfig(fs, FSCONFIG_SET_STRING, "source", m->source, 0) < 0)
        return -errno;
    for (char **d = m->data; d && *d; d++) {
        if (without_gid && str_starts(*d, "gid="))
            continue;
        snprintf(opt, sizeof(opt), "%s", *d);
        char *eq = strchr(opt, '=');
        if (eq)
            *eq = '\0';
        if (fsconfig(fs, eq ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, opt, eq ? eq + 1 : NULL, 0) <
            0)
            return -errno;
    }
    if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return -errno;
    unsigned attr = (unsigned)(m->copy_up ? m->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY
                                          : m->attr_set);
    int tree = fsmount(fs, FSMOUNT_CLOEXEC, attr);
    return tree < 0 ? -errno : tree;
}

/* What a user namespace may not mount anew (because it does not own the network, IPC or PID
 * namespace that the file system shows) it may still show as the host has it. */
static int fallback_fs(const struct builder *b, const struct plan_mount *m, int failed)
{
    if (STR_EQ(m->type, "devpts") && failed == -EINVAL)
        return new_fs(m, true);
    if (failed != -EPERM && failed != -EBUSY)
        return failed;
    const char *from = STR_EQ(m->type, "sysfs")                  ? "/sys"
                       : STR_EQ(m->type, "mqueue")               ? "/dev/mqueue"
                       : STR_EQ(m->type, "proc") && !b->p->pidns ? "/proc"
                                                                 : NULL;
    if (!from)
        return failed;
    AUTO_CLOSE int tree = clone_tree(AT_FDCWD, from, true);
    if (tree < 0)
        return failed;
    struct mount_attr attr = { .attr_set = m->attr_set, .propagation = MS_SLAVE };
    if (sys_mount_setattr(tree, AT_RECURSIVE, &attr) < 0)
        return failed;
    return HANDOVER_FD(tree);
}

static void set_attr(const struct builder *b, const struct plan_mount *m, size_t i, int tree)
{
    struct mount_attr rec = { .attr_set = m->rec_set, .attr_clr = m->rec_clr };
    struct mount_attr one = { .attr_set = m->attr_set, .attr_clr = m->attr_clr };

    /* atime settings are one field: it is cleared as a whole before one is set. */
    if (one.attr_set & MOUNT_ATTR__ATIME)
        one.attr_clr |= MOUNT_ATTR__ATIME;
    if (rec.attr_set & MOUNT_ATTR__ATIME)
        rec.attr_clr |= MOUNT_ATTR__ATIME;
    if ((rec.attr_set || rec.attr_clr) && sys_mount_setattr(tree, AT_RECURSIVE, &rec) < 0)
        child_fail(b->sync, STEP_MOUNT, errno, (int)i);
    if ((one.attr_set || one.attr_clr) && sys_mount_setattr(tree, 0, &one) == 0)
        return;
    if (!one.attr_set && !one.attr_clr)
        return;
    /* In a user namespace nothing of what the host locked may be cleared ("rw", "dev" over a nodev
     * mount): the setting stays as strict as it was. */
    one.attr_clr &= MOUNT_ATTR__ATIME;
    if (errno != EPERM || sys_mount_setattr(tree, 0, &one) < 0)
        child_fail(b->sync, STEP_MOUNT, errno, (int)i);
}

/* ---- cgroup ---- */

static void attach_cgroup_v1(const struct builder *b, size_t index, int top,
                             const struct cg_hierarchy *h)
{
    char path[4300];
    const char *rel = NULL;

    if (cg_relative(b->p->opt->cgroup, &rel, NULL) < 0)
        return;
    snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/%s", h->name, rel);
    AUTO_CLOSE int tree = clone_tree(AT_FDCWD, path, false);
    if (tree < 0)
        return;
    struct mount_attr attr = { .attr_set = b->p->mounts[index].attr_set };
    if (mkdirat(top, h->name, 0755) < 0 || sys_mount_setattr(tree, 0, &attr) < 0)
        child_fail(b->sync, STEP_MOUNT, errno, (int)index);
    AUTO_CLOSE int at = openat(top, h->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (at < 0 || sys_attach(tree, at) < 0)
        child_fail(b->sync, STEP_MOUNT, errno, (int)index);
    /* cpu -> cpu,cpuacct: programs look for either name. */
    for (const char *c = h->name; strchr(h->name, ',') && *c;) {
        size_t n = strcspn(c, ",");
        snprintf(path, sizeof(path), "%.*s", (int)n, c);
        (void)!symlinkat(h->name, top, path);
        c += n + (c[n] == ',');
    }
}

/* The container sees its own cgroups, laid out as the host's /sys/fs/cgroup is. */
static void mount_cgroup(const struct builder *b, size_t index, int dest)
{
    const struct plan_mount *m = &b->p->mounts[index];
    struct plan_mount fs = { .type = "cgroup2", .source = "cgroup", .attr_set = m->attr_set };
    char path[4300];
    const char *rel = NULL;
    int tree = -EPERM;
    size_t n;
    const struct cg_hierarchy *h = cg_hierarchies(&n);
    bool own = !str_empty(b->p->opt->cgroup) && cg_relative(b->p->opt->cgroup, &rel, NULL) == 0;

    if (oci_cgroup_kind() == OCI_CGROUP_V1 && own) {
        fs.type = "tmpfs";
        fs.data = (char *[]) { (char[]) { "mode=755" }, NULL };
        fs.attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
        tree = new_fs(&fs, false);
        if (tree < 0 || sys_attach(tree, dest) < 0)
            child_fail(b->sync, STEP_MOUNT, tree < 0 ? -tree : errno, (int)index);
        for (size_t i = 0; i < n; i++)
            attach_cgroup_v1(b, index, tree, &h[i]);
        struct mount_attr ro = { .attr_set = m->attr_set };
        (void)!sys_mount_setattr(tree, 0, &ro);
        close(tree);
        return;
    }
    if (oci_cgroup_kind() == OCI_CGROUP_V2 && b->p->new_cgroupns)
        tree = new_fs(&fs, false);
    if (tree < 0) {
        snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", own && b->p->new_cgroupns ? rel : "");
        tree = clone_tree(AT_FDCWD, path, true);
        struct mount_attr attr = { .attr_set = m->attr_set, .propagation = MS_SLAVE };
        if (tree >= 0 && sys_mount_setattr(tree, AT_RECURSIVE, &attr) < 0)
            child_fail(b->sync, STEP_MOUNT, errno, (int)index);
    }
    if (tree == -ENOENT) /* no cgroups on this machine */
        return;
    if (tree < 0 || sys_attach(tree, dest) < 0)
        child_fail(b->sync, STEP_MOUNT, tree < 0 ? -tree : errno, (int)index);
    close(tree);
}

/* ---- one mount ---- */

static void copy_up(const struct builder *b, const struct plan_mount *m, size_t index, int tree)
{
    AUTO_CLOSE int from = fs_open_in_root(b->root, m->dest, O_RDONLY | O_DIRECTORY, 0);
    struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };

    /* What fsmount() gave can be attached but not written through. */
    AUTO_CLOSE int to = fs_open_dir(tree, ".");
    unsigned flags = 0;
    for (char **d = m->data; d && *d; d++)
        if (str_starts(*d, "mode=") || str_starts(*d, "uid=") || str_starts(*d, "gid="))
            flags = COPY_KEEP_ROOT;

    int r = from == -ENOENT ? 0 : from < 0 ? from : to < 0 ? to : copy_tree(from, to, flags);
    if (r == 0 && (m->attr_set & MOUNT_ATTR_RDONLY) && sys_mount_setattr(tree, 0, &ro) < 0)
        r = -errno;
    if (r < 0)
        child_fail(b->sync, STEP_MOUNT, -r, (int)index);
}

static void place(const struct builder *b, size_t index, int tree)
{
    const struct plan_mount *m = &b->p->mounts[index];
    struct stat st = { .st_mode = S_IFDIR };

    if (m->bind && fstat(tree, &st) < 0)
        child_fail(b->sync, STEP_SOURCE, errno, (int)index);
    AUTO_CLOSE int dest = open_mount_dest(b, m, index, S_ISDIR(st.st_mode));
    if (m->copy_up)
        copy_up(b, m, index, tree);
    /* The mode of an image's /tmp or /var/spool is kept by a tmpfs that does not say its own. */
    if (sys_attach(tree, dest) < 0)
        child_fail(b->sync, STEP_MOUNT, errno, (int)index);
    if (m->propagation) {
        struct mount_attr attr = { .propagation = m->propagation };
        if (sys_mount_setattr(tree, m->propagation_rec ? AT_RECURSIVE : 0, &attr) < 0)
            child_fail(b->sync, STEP_MOUNT, errno, (int)index);
    }
}

const struct plan_mount *child_own_proc(const struct plan *p)
{
    for (size_t i = 0; p->pidns && i < p->nmounts; i++)
        if (is_fs(&p->mounts[i], "proc") && STR_EQ(p->mounts[i].dest, "/proc") &&
            !(p->mounts[i].attr_set & MOUNT_ATTR_RDONLY))
            return &p->mounts[i];
    return NULL;
}

static void do_mount(const struct builder *b, size_t index, int tree)
{
    const struct plan_mount *m = &b->p->mounts[index];

    if (is_fs(m, "cgroup") || is_fs(m, "cgroup2")) {
        AUTO_CLOSE int dest = open_mount_dest(b, m, index, true);
        mount_cgroup(b, index, dest);
        return;
    }
    if (m->bind)
        set_attr(b, m, index, tree);
    else {
        tree = new_fs(m, false);
        if (tree < 0)
            tree = fallback_fs(b, m, tree);
        if (tree < 0)
            child_fail(b->sync, STEP_MOUNT, -tree, (int)index);
    }
    place(b, index, tree);
    if (m == child_own_proc(b->p))
        child_sysctls(b->p, b->sync, tree);
    close(tree);
}

/* All sources are opened before "/" becomes private, so that a shared one can stay shared. */
static void open_sources(const struct builder *b, int *trees)
{
    for (size_t i = 0; i < b->p->nmounts; i++) {
        const struct plan_mount *m = &b->p->mounts[i];
        trees[i] = m->tree;
        if (!m->bind || m->tree >= 0)
            continue;
        trees[i] = clone_tree(AT_FDCWD, m->source, m->recursive);
        if (trees[i] < 0)
            child_fail(b->sync, STEP_SOURCE, -trees[i], (int)i);
    }
}

/* ---- /dev ---- */

/* makedev() is a function; small numbers are this. */
#define DEV(major, minor) ((dev_t)((major) << 8 | (minor)))
static const struct plan_device default_devices[] = {
    { "/dev/null", S_IFCHR | 0666, DEV(1, 3), 0, 0 },
    { "/dev/zero", S_IFCHR | 0666, DEV(1, 5), 0, 0 },
    { "/dev/full", S_IFCHR | 0666, DEV(1, 7), 0, 0 },
    { "/dev/tty", S_IFCHR | 0666, DEV(5, 0), 0, 0 },
    { "/dev/random", S_IFCHR | 0666, DEV(1, 8), 0, 0 },
    { "/dev/urandom", S_IFCHR | 0666, DEV(1, 9), 0, 0 },
};

static void bind_device(const struct builder *b, const struct plan_device *d, int index)
{
    struct stat st;
    AUTO_CLOSE int tree = clone_tree(AT_FDCWD, d->path, false);
    if (tree == -ENOENT)
        return;
    if (tree < 0 || fstat(tree, &st) < 0)
        child_fail(b->sync, STEP_DEVICE, tree < 0 ? -tree : errno, index);
    AUTO_CLOSE int dest = open_dest(b->root, d->path, false);
    if (dest < 0 || sys_attach(tree, dest) < 0)
        child_fail(b->sync, STEP_DEVICE, dest < 0 ? -dest : errno, index);
}

static void make_device(struct builder *b, const struct plan_device *d, int index)
{
    if (b->no_mknod) {
        bind_device(b, d, index);
        return;
    }
    const char *slash = strrchr(d->path, '/');
    AUTO_FREE char *parent = xstrndup(d->path, (size_t)(slash - d->path));
    AUTO_CLOSE int dir = fs_mkdirs_in_root(b->root, parent, 0755);
    if (dir < 0)
        child_fail(b->sync, STEP_DEVICE, -dir, index);
    if (mknodat(dir, slash + 1, d->mode, d->dev) == 0) {
        if ((d->uid || d->gid) && fchownat(dir, slash + 1, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0)
            child_fail(b->sync, STEP_DEVICE, errno, index);
        return;
    }
    if (errno == EPERM && (d->mode & S_IFMT) != S_IFIFO) {
        b->no_mknod = true;
        bind_device(b, d, index);
    } else if (errno != EEXIST)
        child_fail(b->sync, STEP_DEVICE, errno, index);
}

/* A /dev of the host that is bound as a whole is not ours to fill. */
static bool dev_is_foreign(const struct plan *p)
{
    for (size_t i = 0; i < p->nmounts; i++)
        if (p->mounts[i].bind &&
            (STR_EQ(p->mounts[i].dest, "/dev") || STR_EQ(p->mounts[i].dest, "/dev/")))
            return true;
    return false;
}

static void setup_dev(struct builder *b)
{
    static const struct {
        const char *name, *target;
    } links[] = { { "fd", "/proc/self/fd" },
                  { "stdin", "/proc/self/fd/0" },
                  { "stdout", "/proc/self/fd/1" },
                  { "stderr", "/proc/self/fd/2" },
                  { "ptmx", "pts/ptmx" } };

    AUTO_CLOSE int dev = fs_mkdirs_in_root(b->root, "dev", 0755);
    if (dev < 0)
        child_fail(b->sync, STEP_DEV, -dev, 0);
    for (size_t i = 0; i < b->p->ndevices; i++)
        make_device(b, &b->p->devices[i], (int)i);
    for (size_t i = 0; i < ARRAY_SIZE(default_devices); i++)
        make_device(b, &default_devices[i], -1 - (int)i);
    for (size_t i = 0; i < ARRAY_SIZE(links); i++)
        if (symlinkat(links[i].target, dev, links[i].name) < 0 && errno != EEXIST && errno != EROFS)
            child_fail(b->sync, STEP_DEV, errno, (int)i);
}

/* ---- masks ---- */

static void mask_paths(const struct builder *b)
{
    struct plan_mount empty = { .type = "tmpfs",
                                .source = "tmpfs",
                                .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
                                            MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };
    char **v = b->p->spec->linux_ ? b->p->spec->linux_->masked_paths : NULL;
    AUTO_CLOSE int dir_mask = -EBADF;

    for (int i = 0; v && v[i]; i++) {
        struct stat st;
        AUTO_CLOSE int at = fs_open_in_root(b->root, v[i], O_PATH, 0);
        if (at == -ENOENT || at == -ENOTDIR || at == -EACCES)
            continue;
        if (at < 0 || fstat(at, &st) < 0)
            child_fail(b->sync, STEP_MASK, at < 0 ? -at : errno, i);
        int tree;
        if (!S_ISDIR(st.st_mode))
            tree = clone_tree(AT_FDCWD, "/dev/null", false);
        else if (dir_mask < 0)
            tree = new_fs(&empty, false);
        else
            tree = clone_tree(dir_mask, "", false);
        if (tree < 0 || sys_attach(tree, at) < 0)
            child_fail(b->sync, STEP_MASK, tree < 0 ? -tree : errno, i);
        if (S_ISDIR(st.st_mode) && dir_mask < 0)
            dir_mask = tree;
        else
            close(tree);
    }
}

static void readonly_paths(const struct builder *b)
{
    char **v = b->p->spec->linux_ ? b->p->spec->linux_->readonly_paths : NULL;
    struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };

    for (int i = 0; v && v[i]; i++) {
        AUTO_CLOSE int at = fs_open_in_root(b->root, v[i], O_PATH, 0);
        if (at == -ENOENT || at == -ENOTDIR || at == -EACCES)
            continue;
        AUTO_CLOSE int tree = at < 0 ? at : clone_tree(at, "", true);
        if (tree < 0)
            child_fail(b->sync, STEP_READONLY, -tree, i);
        if (sys_mount_setattr(tree, AT_RECURSIVE, &ro) < 0 || sys_attach(tree, at) < 0)
            child_fail(b->sync, STEP_READONLY, errno, i);
    }
}

/* ---- root ---- */

static void attach_root(const struct plan *p, int sync, int root)
{
    struct mount_attr priv = { .propagation = MS_PRIVATE };

    /* What is attached below a shared mount appears on the host too. */
    if (mount_setattr(AT_FDCWD, "/", 0, &priv, sizeof(priv)) < 0)
        child_fail(sync, STEP_PROPAGATION, errno, 0);
    if (move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        child_fail(sync, STEP_ROOTFS, errno, 0);
    (void)p;
}

static void bind_console(const struct builder *b, int slave)
{
    AUTO_CLOSE int at = open_dest(b->root, "/dev/console", false);
    AUTO_CLOSE int tree = at < 0 ? at : clone_tree(slave, "", false);

    if (tree < 0 || sys_attach(tree, at) < 0)
        child_fail(b->sync, STEP_TERMINAL, tree < 0 ? -tree : errno, 0);
}

static void enter_root(const struct builder *b)
{
    AUTO_CLOSE int old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (old < 0 || fchdir(b->root) < 0)
        child_fail(b->sync, STEP_PIVOT, errno, 0);
    if (b->p->opt->no_pivot) {
        if (chroot(".") < 0 || chdir("/") < 0)
            child_fail(b->sync, STEP_PIVOT, errno, 0);
        return;
    }
    if (syscall(SYS_pivot_root, ".", ".") < 0)
        child_fail(b->sync, STEP_PIVOT, errno, 0);
    struct mount_attr slave = { .propagation = MS_SLAVE };
    if (fchdir(old) < 0 || sys_mount_setattr(old, AT_RECURSIVE, &slave) < 0 ||
        umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        child_fail(b->sync, STEP_PIVOT, errno, 0);
}

void child_mounts(const struct plan *p, int sync)
{
    struct builder b = { .p = p, .sync = sync, .root = p->rootfs, .no_mknod = p->in_userns };
    AUTO_FREE int *trees = xcalloc(p->nmounts + 1, sizeof(int));
    struct mount_attr prop = { .propagation = p->root_propagation ? p->root_propagation
                                                                  : MS_SLAVE };

    if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &prop, sizeof(prop)) < 0)
        child_fail(sync, STEP_PROPAGATION, errno, 0);
    if (b.root < 0)
        b.root = rootfs_make(p->opt->rootfs, -EBADF);
    if (b.root < 0)
        child_fail(sync, STEP_ROOTFS, -b.root, 0);
    open_sources(&b, trees);
    attach_root(p, sync, b.root);
    for (size_t i = 0; i < p->nmounts; i++)
        do_mount(&b, i, trees[i]);
    if (!dev_is_foreign(p))
        setup_dev(&b);
    mask_paths(&b);
    readonly_paths(&b);
    if (p->process.terminal) {
        int slave;
        child_terminal(&p->process, sync, b.root, &slave);
        bind_console(&b, slave);
        close(slave);
    }
    if (p->hooks_in_runtime) {
        struct child_msg m = { .kind = CHILD_HOOKS };
        char c;
        if (write(sync, &m, sizeof(m)) < 0 || read(sync, &c, 1) != 1)
            _exit(127);
    }
    if (p->spec->hooks)
        child_hooks(&p->spec->hooks->create_container, p->state_creating, sync);
    struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };
    if (p->spec->root && p->spec->root->readonly && sys_mount_setattr(b.root, 0, &ro) < 0)
        child_fail(sync, STEP_ROOTFS, errno, 0);
    enter_root(&b);
    if (p->root_propagation) {
        struct mount_attr rp = { .propagation = p->root_propagation };
        if (mount_setattr(AT_FDCWD, "/", 0, &rp, sizeof(rp)) < 0)
            child_fail(sync, STEP_PROPAGATION, errno, 0);
    }
}
