#include <dirent.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/utsname.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "engine/artifacts.h"
#include "engine/lsm.h"
#include "engine/network.h"
#include "engine/options.h"
#include "engine/rootless.h"
#include "engine/spec_parts.h"
#include "engine/volumes.h"

#include "base/banned.h"

/* Mounts, the small files of ours that are mounted into every container, and devices. */

struct oci_mount *spec_add_mount(struct spec_builder *b, const char *dst, const char *type,
                                 const char *src, const char *options)
{
    struct oci_mount *m = LIST_ADD(b->a, b->spec.mounts);

    *m = (struct oci_mount) { .destination = arena_strdup(b->a, dst),
                              .type = arena_strdup(b->a, type),
                              .source = arena_strdup(b->a, src),
                              .options = strv_split(b->a, options, ',') };
    return m;
}

/* Does the user mount something of his own here? */
static bool user_mount(const struct spec_builder *b, const char *dst)
{
    for (size_t i = 0; i < b->c->mounts.n; i++)
        if (STR_EQ(b->c->mounts.items[i].destination, dst))
            return true;
    return false;
}

/* Its own part of cgroup v2 a container may manage, since the limits are above it. */
static bool cgroup_writable(const struct spec_builder *b)
{
    static const char root[] = "/sys/fs/cgroup";
    struct statfs fs;

    if (!b->c->systemd_mode && !spec_unmasked(b->c, root))
        return false;
    return statfs(root, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* POSIX shared memory is a part of the IPC namespace that is files: whoever joins another container's has its
 * /dev/shm.  Other runtimes cannot take a mount from there: with them it is a new one. */
static char *shared_shm(struct spec_builder *b)
{
    const char *mode = b->c->ipcns ? b->c->ipcns : "";
    struct container other;

    if (!str_starts(mode, "container:") || !str_empty(b->c->runtime) ||
        container_find(b->e, b->a, mode + strlen("container:"), &other, NULL) < 0 || !other.alive ||
        other.run.pid <= 0 || str_same(other.config.ipcns, "host"))
        return NULL;
    return arena_printf(b->a, "/proc/%" PRId64 "/root/dev/shm", other.run.pid);
}

static void api_mounts(struct spec_builder *b)
{
    const struct container_config *c = b->c;
    bool priv = c->privileged, userns = b->e->rootless || spec_has_namespace(b, "user");
    bool own_pid = spec_has_namespace(b, "pid"), own_net = spec_has_namespace(b, "network");
    bool own_ipc = spec_has_namespace(b, "ipc");

    /* In a user namespace the kernel mounts a new proc, sysfs or mqueue only for a namespace that is
     * ours: with the host's, the host's mount is what there is. */
    if (userns && !own_pid)
        spec_add_mount(b, "/proc", "bind", "/proc", "rbind,rprivate,nosuid,noexec,nodev");
    else
        spec_add_mount(b, "/proc", "proc", "proc",
                       c->proc_opts ? arena_printf(b->a, "nosuid,noexec,nodev,%s", c->proc_opts)
                                    : "nosuid,noexec,nodev");
    if (!user_mount(b, "/dev"))
        spec_add_mount(b, "/dev", "tmpfs", "tmpfs",
                       c->read_only && !c->read_only_tmpfs
                           ? "nosuid,noexec,strictatime,mode=755,size=65536k,ro"
                           : "nosuid,strictatime,mode=755,size=65536k");
    if (userns && !own_net)
        spec_add_mount(b, "/sys", "bind", "/sys",
                       priv ? "rbind,rprivate,nosuid,noexec,nodev"
                            : "rbind,rprivate,nosuid,noexec,nodev,ro");
    else
        spec_add_mount(b, "/sys", "sysfs", "sysfs",
                       priv ? "nosuid,noexec,nodev,rw" : "nosuid,noexec,nodev,ro");
    spec_add_mount(b, "/dev/pts", "devpts", "devpts",
                   userns && rootless_single_id()
                       ? "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620"
                       : "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
    if (userns && !own_ipc) {
        if (access("/dev/mqueue", F_OK) == 0)
            spec_add_mount(b, "/dev/mqueue", "bind", "/dev/mqueue",
                           "rbind,rprivate,nosuid,noexec,nodev");
    } else
        spec_add_mount(b, "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev");
    if (!user_mount(b, "/sys/fs/cgroup"))
        spec_add_mount(b, "/sys/fs/cgroup", "cgroup", "cgroup",
                       priv || cgroup_writable(b) ? "rprivate,nosuid,noexec,nodev,relatime,rw"
                                                  : "rprivate,nosuid,noexec,nodev,relatime,ro");
    if (user_mount(b, "/dev/shm") || str_same(c->ipcns, "none"))
        return;
    char *shared = shared_shm(b);
    if (shared)
        spec_add_mount(b, "/dev/shm", "bind", shared, "bind,rprivate,nosuid,noexec,nodev");
    else if (!own_ipc)
        spec_add_mount(b, "/dev/shm", "bind", "/dev/shm", "rbind,rprivate,nosuid,noexec,nodev");
    else
        spec_add_mount(
            b, "/dev/shm", "tmpfs", "shm",
            arena_printf(b->a, "nosuid,noexec,nodev,mode=1777,size=%" PRId64, c->shm_size));
}

static void read_only_tmpfs(struct spec_builder *b)
{
    static const char *const dirs[] = { "/run", "/tmp", "/var/tmp" };

    if (!b->c->read_only || !b->c->read_only_tmpfs)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
        if (!user_mount(b, dirs[i]))
            spec_add_mount(b, dirs[i], "tmpfs", "tmpfs",
                           i == 0 ? "rw,nosuid,nodev,tmpcopyup,mode=755"
                                  : "rw,nosuid,nodev,tmpcopyup,mode=1777");
}

/* What systemd wants to find: file systems of its own where it keeps its state, empty at each boot. */
static void systemd_mounts(struct spec_builder *b)
{
    static const struct {
        const char *dir, *options;
    } dirs[] = {
        { "/run", "rw,rprivate,nosuid,nodev,tmpcopyup,mode=755" },
        { "/run/lock", "rw,rprivate,nosuid,nodev,tmpcopyup,mode=755" },
        { "/tmp", "rw,rprivate,nosuid,nodev,tmpcopyup,mode=1777" },
        { "/var/log/journal", "rw,rprivate,nosuid,nodev,tmpcopyup,mode=755" },
    };

    if (!b->c->systemd_mode)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
        if (!user_mount(b, dirs[i].dir))
            spec_add_mount(b, dirs[i].dir, "tmpfs", "tmpfs",
                           b->c->shm_size_systemd > 0
                               ? arena_printf(b->a, "%s,size=%" PRId64, dirs[i].options,
                                              b->c->shm_size_systemd)
                               : dirs[i].options);
}

/* ---------- what was asked for ---------- */

static const char *const own_options[] = { "z", "Z", "U", "copy", "nocopy", NULL };

static bool is_propagation(const char *o)
{
    return STR_IN(o, "shared", "rshared", "slave", "rslave", "private", "rprivate", "unbindable",
                  "runbindable");
}

void spec_bind_options(struct spec_builder *b, const struct container_mount *m, char ***ret)
{
    bool propagation = false, bind = false;
    char **out = NULL;

    for (char **o = m->options; o && *o; o++) {
        if (!**o || str_in_list(*o, own_options))
            continue;
        propagation |= is_propagation(*o);
        bind |= STR_IN(*o, "bind", "rbind");
        out = strv_add(b->a, out, *o);
    }
    if (!bind)
        out = strv_add(b->a, out, "rbind");
    if (!propagation)
        out = strv_add(b->a, out, "rprivate");
    *ret = out;
}

/* What a mount must not bring unless it was asked for. */
static char **harden(struct arena *a, char **opts)
{
    if (!strv_has(opts, "suid"))
        opts = strv_add(a, opts, "nosuid");
    return strv_has(opts, "dev") ? opts : strv_add(a, opts, "nodev");
}

static void memory_mount(struct spec_builder *b, const struct container_mount *m)
{
    char **opts = NULL;
    bool copyup = true, mode = false;

    for (char **p = m->options; p && *p; p++) {
        if (!**p || STR_EQ(*p, "U"))
            continue;
        if (STR_IN(*p, "tmpcopyup", "notmpcopyup")) {
            copyup = STR_EQ(*p, "tmpcopyup");
            continue;
        }
        mode |= str_starts(*p, "mode=");
        opts = strv_add(b->a, opts, *p);
    }
    opts = harden(b->a, opts);
    if (copyup)
        opts = strv_add(b->a, opts, "tmpcopyup");
    if (!mode && !copyup)
        opts = strv_add(b->a, opts, "mode=1777");
    struct oci_mount *o = spec_add_mount(b, m->destination, m->type, m->type, "rprivate");
    o->options = strv_concat(b->a, o->options, opts);
}

static int artifact_mount(struct spec_builder *b, const struct container_mount *m, struct err *err)
{
    artifact_mount_list list = { 0 };
    int r = artifact_mounts(b, m, &list, err);

    for (size_t i = 0; r == 0 && i < list.n; i++)
        spec_add_mount(b, list.items[i].destination, "bind", list.items[i].source,
                       "bind,rprivate,ro,nosuid,nodev,noexec");
    return r;
}

/* A part of a volume is looked for inside it: a link there must not lead out. */
static int volume_source(struct spec_builder *b, const struct container_mount *m, char **ret,
                         struct err *err)
{
    *ret = arena_printf(b->a, "%s/%s/_data", b->e->volume_path, m->source);
    if (str_empty(m->subpath))
        return 0;
    AUTO_CLOSE int data = fs_open_dir(AT_FDCWD, *ret);
    AUTO_CLOSE int part = data < 0 ? data : fs_open_in_root(data, m->subpath, O_PATH, 0);
    if (part < 0)
        return err_sys(err, -part, "opening %s in volume %s", m->subpath, m->source);
    char fd[32], path[PATH_MAX];
    snprintf(fd, sizeof(fd), "/proc/self/fd/%d", part);
    ssize_t n = readlink(fd, path, sizeof(path) - 1);
    if (n < 0)
        return err_sys(err, errno, "opening %s in volume %s", m->subpath, m->source);
    *ret = arena_strndup(b->a, path, (size_t)n);
    return 0;
}

/* A volume with a device is mounted at its place, and nowhere else: 1 when it is one. */
static int device_volume(struct spec_builder *b, const struct container_mount *m, struct err *err)
{
    struct volume v;

    if (m->anonymous || volumes_find(b->e, b->a, m->source, &v, NULL) < 0 ||
        !STR_EQ(v.config.name, m->source))
        return 0;
    const char *device = kv_get(&v.config.options, "device");
    const char *type = kv_get(&v.config.options, "type"), *o = kv_get(&v.config.options, "o");
    if (!device)
        return 0;
    char **options = o ? strv_split(b->a, o, ',') : NULL;
    bool bind = str_empty(type) || STR_IN(type, "none", "bind") || strv_has(options, "bind") ||
                strv_has(options, "rbind");
    if (bind && access(device, F_OK) < 0)
        return err_set(err, ERR_NOT_FOUND, errno, "mounting volume %s: %s: %s", m->source, device,
                       strerror(errno));
    struct oci_mount *out = spec_add_mount(b, m->destination, bind ? "bind" : type, device,
                                           bind ? "rbind" : "");
    for (char **p = options; p && *p; p++)
        if (!STR_IN(*p, "bind", "rbind", ""))
            out->options = strv_add(b->a, out->options, *p);
    if (strv_has(m->options, "ro"))
        out->options = strv_add(b->a, out->options, "ro");
    return 1;
}

static int one_user_mount(struct spec_builder *b, const struct container_mount *m, struct err *err)
{
    struct oci_mount *o;

    if (STR_IN(m->type, "tmpfs", "ramfs")) {
        memory_mount(b, m);
        return 0;
    }
    if (STR_EQ(m->type, "devpts")) {
        o = spec_add_mount(b, m->destination, "devpts", "devpts", "rprivate");
        o->options = strv_concat(b->a, o->options, m->options);
        return 0;
    }
    if (STR_EQ(m->type, "artifact"))
        return artifact_mount(b, m, err);
    if (STR_EQ(m->type, "image"))
        return volume_image_mount(b, m, err);
    if (STR_EQ(m->type, "glob"))
        return volume_glob_mount(b, m, err);
    char *source = m->source;
    int r = STR_EQ(m->type, "volume") ? device_volume(b, m, err) : 0;
    if (r != 0)
        return MIN(r, 0);
    if (STR_EQ(m->type, "volume"))
        r = volume_source(b, m, &source, err);
    else if (access(source, F_OK) < 0)
        return err_set(err, ERR_NOT_FOUND, ENOENT, "statfs %s: no such file or directory", source);
    if (r < 0)
        return r;
    if (strv_has(m->options, "O"))
        return volume_overlay_mount(b, m, source, err);
    o = spec_add_mount(b, m->destination, "bind", source, "");
    spec_bind_options(b, m, &o->options);
    if (r == 0 && STR_EQ(m->type, "volume"))
        o->options = harden(b->a, o->options);
    return r;
}

/* ---------- the small files ---------- */

/* The files are the container's root's, who may be anybody here. */
static void own_file(struct spec_builder *b, int dir, const char *name)
{
    const struct container_config *c = b->c;
    int64_t uid = idmap_host_id(c->uid_map.items, c->uid_map.n, 0),
            gid = idmap_host_id(c->gid_map.items, c->gid_map.n, 0);

    if (uid > 0 || gid > 0)
        (void)!fchownat(dir, name, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW);
}

/* A file of ours at its place, and at the same place below each --chrootdirs. */
static void add_file(struct spec_builder *b, const char *dst, const char *src)
{
    const char *options = b->c->read_only ? "bind,rprivate,ro" : "bind,rprivate";

    spec_add_mount(b, dst, "bind", src, options);
    if (str_starts(dst, "/etc/"))
        for (char **root = b->c->chroot_dirs; root && *root; root++)
            spec_add_mount(b, path_clean(b->a, arena_printf(b->a, "/%s%s", *root, dst)), "bind",
                           src, options);
}

static int put_file(struct spec_builder *b, int dir, const char *name, const char *dst,
                    const struct buf *text, struct err *err)
{
    if (user_mount(b, dst))
        return 0;
    int r = fs_replace(dir, name, text->data ? text->data : "", text->len, 0644, FS_NOSYNC);
    if (r < 0)
        return err_sys(err, -r, "writing %s of container %s", name, b->c->id);
    own_file(b, dir, name);
    selinux_label_file(b->c, dir, name);
    char *src = arena_printf(b->a, "%s/containers/%s/%s", b->e->store->runroot, b->c->id, name);
    add_file(b, dst, src);
    return 0;
}

/* Does a bind mount of the user's hold @path of the host? */
static bool mounts_host_path(const struct spec_builder *b, const char *path)
{
    for (size_t i = 0; i < b->c->mounts.n; i++) {
        const struct container_mount *m = &b->c->mounts.items[i];
        size_t n = STR_EQ(m->type, "bind") ? strlen(m->source) : 0;
        if (n && (n == 1 || (strncmp(m->source, path, n) == 0 && (!path[n] || path[n] == '/'))))
            return true;
    }
    return false;
}

static void containerenv_text(struct spec_builder *b, struct buf *t)
{
    const struct container_config *c = b->c;

    if (mounts_host_path(b, b->e->store->graphroot))
        buf_puts(t, "graphRootMounted=1\n");
    if (!c->privileged)
        return;
    buf_printf(t,
               "engine=\"podman-" PODMAN_VERSION
               "\"\nname=\"%s\"\nid=\"%s\"\nimage=\"%s\"\nimageid=\"%s\"\nrootless=%d\n",
               c->name, c->id, c->image_name ? c->image_name : "", c->image ? c->image : "",
               b->e->rootless);
}

/* With the network of another container come its names. */
static int borrowed_files(struct spec_builder *b, struct err *err)
{
    static const char *const names[][2] = { { "hosts", "/etc/hosts" },
                                            { "resolv.conf", "/etc/resolv.conf" } };
    const char *id = b->c->netns + strlen("container:");

    (void)err;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char *src = arena_printf(b->a, "%s/containers/%s/%s", b->e->store->runroot, id,
                                 names[i][0]);
        if (!user_mount(b, names[i][1]) && access(src, F_OK) == 0)
            add_file(b, names[i][1], src);
    }
    return 0;
}

/* With --sdnotify=container the program tells the service manager itself. */
static void notify_mount(struct spec_builder *b)
{
    const char *path = getenv("NOTIFY_SOCKET");

    if (!str_empty(path) && path[0] == '/' && str_same(b->c->sdnotify, "container") &&
        access(path, F_OK) == 0) {
        spec_add_mount(b, path, "bind", path, "bind,rprivate");
        b->spec.process->env = env_set(b->a, strv_copy(b->a, b->spec.process->env),
                                       arena_printf(b->a, "NOTIFY_SOCKET=%s", path));
    }
}

static int network_files(struct spec_builder *b, int dir, struct err *err)
{
    AUTO_BUF hosts = { 0 }, resolv = { 0 }, host_lines = { 0 };
    int r = 0;

    if (str_starts(b->c->netns ? b->c->netns : "", "container:"))
        return borrowed_files(b, err);
    if (!b->c->no_hosts) {
        network_hosts_text(b->e, b->a, b->c, b->net, &hosts, &host_lines);
        network_write_host_lines(dir, &host_lines);
        r = put_file(b, dir, "hosts", "/etc/hosts", &hosts, err);
    }
    if (r == 0 && network_resolv_text(b->e, b->a, b->c, b->net, &resolv))
        r = put_file(b, dir, "resolv.conf", "/etc/resolv.conf", &resolv, err);
    return r;
}

static int account_files_mounts(struct spec_builder *b, int dir, struct err *err)
{
    CLEANUP(account_files_done)
    struct account_files files = { { .max = LIMIT_PASSWD_FILE }, { .max = LIMIT_PASSWD_FILE } };
    int r = accounts_complete(b, &b->spec.process->user, &files, err);

    if (r == 0 && files.passwd.len)
        r = put_file(b, dir, "passwd", "/etc/passwd", &files.passwd, err);
    if (r == 0 && files.group.len)
        r = put_file(b, dir, "group", "/etc/group", &files.group, err);
    return r;
}

static void add_subscription(struct spec_builder *b, const char *dst, const char *src)
{
    if (!user_mount(b, dst))
        spec_add_mount(b, dst, "bind", src, "bind,rprivate");
}

static int own_files(struct spec_builder *b, struct err *err)
{
    AUTO_CLOSE int dir = container_run_dir(b->e, b->c->id);
    AUTO_BUF name = { 0 }, env = { 0 };

    if (dir < 0)
        return err_sys(err, -dir, "opening the run directory of %s", b->c->id);
    buf_printf(&name, "%s\n", b->c->hostname);
    containerenv_text(b, &env);
    int r = network_files(b, dir, err);
    if (r == 0 && !b->c->no_hostname)
        r = put_file(b, dir, "hostname", "/etc/hostname", &name, err);
    if (r == 0)
        r = account_files_mounts(b, dir, err);
    if (r == 0)
        r = subscription_mounts(b, dir, add_subscription, err);
    bool own_run = true; /* what the user binds over /run is the host's, and stays as it is */
    for (size_t i = 0; i < b->c->mounts.n; i++)
        own_run &= !STR_IN(b->c->mounts.items[i].destination, "/run", "/") ||
                   STR_EQ(b->c->mounts.items[i].type, "tmpfs");
    if (r == 0 && own_run)
        r = put_file(b, dir, "containerenv", "/run/.containerenv", &env, err);
    return r;
}

static int timezone_mount(struct spec_builder *b, struct err *err)
{
    const char *tz = b->c->tz;
    char *path;

    if (str_empty(tz) || user_mount(b, "/etc/localtime"))
        return 0;
    if (STR_EQ(tz, "local")) {
        path = realpath("/etc/localtime", NULL);
        if (!path)
            return err_sys(err, errno, "finding local timezone for the container %s", b->c->id);
        spec_add_mount(b, "/etc/localtime", "bind", path, "bind,rprivate,ro");
        free(path);
        return 0;
    }
    if (strstr(tz, "..") || tz[0] == '/')
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "running container create option: finding timezone: unknown time zone %s",
                       tz);
    path = arena_printf(b->a, "/usr/share/zoneinfo/%s", tz);
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "running container create option: finding timezone: unknown time zone %s",
                       tz);
    spec_add_mount(b, "/etc/localtime", "bind", path, "bind,rprivate,ro");
    return 0;
}

/* A mount must come after the ones that its destination lies in. */
static size_t depth(const char *path)
{
    size_t n = 0;

    for (; *path; path++)
        n += *path == '/';
    return n;
}

static void sort_by_depth(struct oci_mount *m, size_t first, size_t n)
{
    for (size_t i = first + 1; i < n; i++) { /* stable, and the list is short */
        struct oci_mount cur = m[i];
        size_t k = i;
        for (; k > first && depth(m[k - 1].destination) > depth(cur.destination); k--)
            m[k] = m[k - 1];
        m[k] = cur;
    }
}

int spec_mounts(struct spec_builder *b, struct err *err)
{
    api_mounts(b);
    size_t first = b->spec.mounts.n;
    if (b->c->systemd_mode)
        systemd_mounts(b);
    else
        read_only_tmpfs(b);
    int r = own_files(b, err);
    notify_mount(b);
    if (r == 0)
        r = timezone_mount(b, err);
    for (size_t i = 0; r == 0 && i < b->c->mounts.n; i++)
        r = one_user_mount(b, &b->c->mounts.items[i], err);
    sort_by_depth(b->spec.mounts.items, first, b->spec.mounts.n);
    return r;
}

/* ---------- devices ---------- */

static int64_t *number(struct spec_builder *b, int64_t v)
{
    return arena_memdup(b->a, &v, sizeof(v));
}

static void device_node(struct spec_builder *b, const char *dst, const struct stat *st)
{
    struct oci_device *d = LIST_ADD(b->a, b->spec.linux_->devices);

    *d = (struct oci_device) { .path = arena_strdup(b->a, dst),
                               .type = arena_strdup(b->a, S_ISBLK(st->st_mode) ? "b" : "c"),
                               .major = major(st->st_rdev),
                               .minor = minor(st->st_rdev),
                               .file_mode = number(b, st->st_mode & 07777),
                               .uid = number(b, st->st_uid),
                               .gid = number(b, st->st_gid) };
}

static void device_rule(struct spec_builder *b, bool allow, const char *type, int64_t *maj,
                        int64_t *min, const char *access)
{
    struct oci_device_rule *r = LIST_ADD(b->a, b->spec.linux_->resources->devices);

    *r = (struct oci_device_rule) { .allow = allow,
                                    .type = type ? arena_strdup(b->a, type) : NULL,
                                    .major = maj,
                                    .minor = min,
                                    .access = arena_strdup(b->a, access) };
}

/* What every container has of its own is not handed over, nor are the virtual terminals where systemd would
 * start a login on each, or where an ordinary user could not open them. */
static bool is_handed_over(const struct spec_builder *b, const char *dir, const char *name)
{
    bool terminal = str_starts(name, "tty") && name[3] >= '0' && name[3] <= '9';

    if (STR_EQ(dir, "/dev") && terminal && (b->c->systemd_mode || b->e->rootless))
        return false;
    if (name[0] == '.' || STR_IN(name, "pts", "shm", "fd", "mqueue", "console", "lxc", "ptmx"))
        return false;
    return !STR_EQ(dir, "/dev") ||
           !(STR_IN(name, "null", "zero", "full", "random", "urandom", "tty"));
}

static int add_device(struct spec_builder *b, const char *src, const char *dst, const char *perm,
                      int level, bool quiet, struct err *err);

static int add_device_dir(struct spec_builder *b, const char *src, const char *dst,
                          const char *perm, int level, struct err *err)
{
    DIR *d = level < 4 ? opendir(src) : NULL;
    int r = 0;

    for (struct dirent *e; r == 0 && d && (e = readdir(d));)
        if (is_handed_over(b, src, e->d_name))
            r = add_device(b, arena_printf(b->a, "%s/%s", src, e->d_name),
                           arena_printf(b->a, "%s/%s", dst, e->d_name), perm, level + 1, true, err);
    if (d)
        closedir(d);
    return r;
}

/* One host device, or all of a directory. */
static int add_device(struct spec_builder *b, const char *src, const char *dst, const char *perm,
                      int level, bool quiet, struct err *err)
{
    struct stat st;

    /* Links such as /dev/stdin are no devices; one that was asked for by name is followed. */
    if (fstatat(AT_FDCWD, src, &st, quiet ? AT_SYMLINK_NOFOLLOW : 0) < 0)
        return quiet ? 0 : err_set(err, ERR_NOT_FOUND, errno, "stat %s: %s", src, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return add_device_dir(b, src, dst, perm, level, err);
    if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
        return quiet ? 0 : err_set(err, ERR_BAD_PARAM, ENODEV, "%s is not a device node", src);
    if (b->e->rootless) { /* mknod is refused there: the host's node is mounted */
        if (!quiet || access(src, R_OK | W_OK) == 0)
            spec_add_mount(b, dst, "bind", src, "bind,rprivate,nosuid,noexec");
        return 0;
    }
    device_node(b, dst, &st);
    device_rule(b, true, S_ISBLK(st.st_mode) ? "b" : "c", number(b, major(st.st_rdev)),
                number(b, minor(st.st_rdev)), perm);
    return 0;
}

static int cgroup_rule(struct spec_builder *b, const char *text, struct err *err)
{
    struct device_rule rule;
    int r = option_device_rule(b->a, text, &rule, err);

    if (r == 0)
        device_rule(b, true, rule.type, rule.major < 0 ? NULL : number(b, rule.major),
                    rule.minor < 0 ? NULL : number(b, rule.minor), rule.access);
    return r;
}

int spec_devices(struct spec_builder *b, struct err *err)
{
    int r = 0;

    if (b->c->privileged) {
        device_rule(b, true, NULL, NULL, NULL, "rwm");
        r = add_device(b, "/dev", "/dev", "rwm", 0, true, err);
    } else
        device_rule(b, false, NULL, NULL, NULL, "rwm");
    for (size_t i = 0; r == 0 && i < b->c->devices.n; i++) {
        const struct container_device *d = &b->c->devices.items[i];
        r = add_device(b, d->source, d->destination, d->permissions, 0, false, err);
    }
    for (char **p = b->c->device_cgroup_rules; r == 0 && p && *p; p++)
        r = cgroup_rule(b, *p, err);
    return r;
}
