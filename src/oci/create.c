/* oci_create() and oci_start(): the caller's side. */
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fs.h"
#include "base/proc.h"
#include "oci/launch.h"

#include "base/banned.h"

static const struct {
    const char *type;
    unsigned flag;
} namespace_types[] = {
    { "pid", CLONE_NEWPID },       { "network", CLONE_NEWNET }, { "mount", CLONE_NEWNS },
    { "ipc", CLONE_NEWIPC },       { "uts", CLONE_NEWUTS },     { "user", CLONE_NEWUSER },
    { "cgroup", CLONE_NEWCGROUP }, { "time", CLONE_NEWTIME },
};

static unsigned namespace_flag(const char *type)
{
    for (size_t i = 0; i < ARRAY_SIZE(namespace_types); i++)
        if (STR_EQ(namespace_types[i].type, type))
            return namespace_types[i].flag;
    return 0;
}

unsigned oci_spec_namespaces(const struct oci_spec *spec)
{
    unsigned flags = 0;

    for (size_t i = 0; spec->linux_ && i < spec->linux_->namespaces.n; i++)
        flags |= namespace_flag(spec->linux_->namespaces.items[i].type);
    return flags;
}

/* ---- planning ---- */

static int plan_namespaces(struct plan *p, struct err *err)
{
    const struct oci_linux *l = p->spec->linux_;

    for (size_t i = 0; i < l->namespaces.n; i++) {
        const struct oci_namespace *n = &l->namespaces.items[i];
        unsigned flag = namespace_flag(n->type);
        if (!flag)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown namespace type %s", n->type);
        if (flag == CLONE_NEWNS && str_empty(n->path))
            p->mountns = true;
        if (flag == CLONE_NEWPID)
            p->pidns = true;
        if (!str_empty(n->path)) {
            if (p->njoins == PLAN_JOIN_MAX)
                return err_set(err, ERR_BAD_PARAM, EINVAL, "too many namespaces");
            int fd = open(n->path, O_RDONLY | O_CLOEXEC);
            if (fd < 0)
                return err_sys(err, errno, "opening namespace %s", n->path);
            p->joins[p->njoins].fd = fd;
            p->joins[p->njoins].type = flag;
            p->joins[p->njoins++].path = n->path;
        } else if (flag == CLONE_NEWCGROUP)
            p->new_cgroupns = true;
        else if (flag == CLONE_NEWTIME)
            p->new_timens = true;
        else
            p->clone_flags |= flag;
    }
    p->userns = p->clone_flags & CLONE_NEWUSER;
    p->in_userns = oci_spec_namespaces(p->spec) & CLONE_NEWUSER;
    p->mapped = p->in_userns && l->uid_mappings.n > 0;
    p->netns = p->clone_flags & CLONE_NEWNET;
    if (!p->mountns)
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "a container without a mount namespace of its own is not supported");
    return 0;
}

/* A privileged caller opens what a container in a new user namespace could not: a source below a
 * directory of mode 0700, an id-mapped tree.  EPERM leaves it to the child. */
static int open_source(struct plan *p, struct plan_mount *m, struct err *err)
{
    if (m->idmap) {
        const oci_id_mappings *u = m->spec->uid_mappings.n ? &m->spec->uid_mappings
                                                           : &p->spec->linux_->uid_mappings;
        const oci_id_mappings *g = m->spec->gid_mappings.n ? &m->spec->gid_mappings
                                                           : &p->spec->linux_->gid_mappings;
        m->userns = userns_make(u, g, err);
        if (m->userns < 0)
            return err_wrap(err, "id mapping of mount %s", m->dest);
    }
    bool other = other_tree_is(m->source);
    int tree = other ? other_tree_open(m->source)
                     : open_tree(AT_FDCWD, m->source,
                                 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
                                     (m->recursive ? AT_RECURSIVE : 0));
    if (other && tree < 0)
        return err_sys(err, -tree, "opening the source of a mount `%s`", m->source);
    if (tree < 0 && errno == EPERM && !m->idmap)
        return 0;
    if (tree < 0)
        return err_sys(err, errno, "opening the source of a mount `%s`", m->source);
    m->tree = tree;
    struct mount_attr slave = { .propagation = MS_SLAVE };
    if (!m->propagation && sys_mount_setattr(tree, AT_RECURSIVE, &slave) < 0)
        return err_sys(err, errno, "mount %s", m->dest);
    if (!m->idmap)
        return 0;
    struct mount_attr map = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)m->userns };
    if (sys_mount_setattr(tree, m->idmap_rec ? AT_RECURSIVE : 0, &map) < 0)
        return err_sys(err, errno, "id mapping of mount %s", m->dest);
    return 0;
}

static int plan_mounts(struct plan *p, struct err *err)
{
    const oci_mounts *list = &p->spec->mounts;
    int r = 0;

    p->mounts = arena_alloc(p->arena, (list->n + 2) * sizeof(*p->mounts));
    for (size_t i = 0; i < list->n; i++) {
        r = plan_mount(&list->items[i], p->arena, &p->mounts[i], err);
        if (r < 0)
            return r;
        p->nmounts++;
        struct plan_mount *m = &p->mounts[i];
        if (!str_empty(p->spec->linux_->mount_label) && str_same(m->type, "tmpfs") && !m->bind)
            m->data = strv_add(p->arena, m->data,
                               arena_printf(p->arena, "context=%s", p->spec->linux_->mount_label));
        if (m->bind && m->source[0] != '/')
            m->source = arena_printf(p->arena, "%s/%s", p->opt->bundle, m->source);
        if (m->bind && (p->mapped || m->idmap || other_tree_is(m->source)) &&
            (r = open_source(p, m, err)) < 0)
            return r;
        if (m->idmap && !m->bind)
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "mount %s: only a bind mount can be id-mapped", m->dest);
    }
    if (!str_empty(p->opt->init_path)) {
        static char ro[] = "ro", bind[] = "bind", dest[] = "/run/podman-init", type[] = "bind";
        static char *opts[] = { bind, ro, NULL };
        struct oci_mount *m = arena_alloc(p->arena, sizeof(*m));
        *m = (struct oci_mount) { .destination = dest,
                                  .type = type,
                                  .options = opts,
                                  .source = arena_strdup(p->arena, p->opt->init_path) };
        r = plan_mount(m, p->arena, &p->mounts[p->nmounts], err);
        if (r == 0)
            p->nmounts++;
    }
    return r;
}

static int plan_devices(struct plan *p, struct err *err)
{
    const struct oci_linux *l = p->spec->linux_;

    p->devices = arena_alloc(p->arena, (l->devices.n + 1) * sizeof(*p->devices));
    for (size_t i = 0; i < l->devices.n; i++) {
        const struct oci_device *d = &l->devices.items[i];
        mode_t type = d->type[0] == 'b' ? S_IFBLK : d->type[0] == 'p' ? S_IFIFO : S_IFCHR;
        if (d->path[0] != '/' || !strchr("cubp", d->type[0]) || !d->type[0])
            return err_set(err, ERR_BAD_PARAM, EINVAL, "bad device %s of type %s", d->path,
                           d->type);
        p->devices[p->ndevices++] = (struct plan_device) {
            .path = d->path,
            .mode = type | (d->file_mode ? (mode_t)*d->file_mode & 07777 : 0666),
            .dev = makedev((unsigned)d->major, (unsigned)d->minor),
            .uid = d->uid ? (uid_t)*d->uid : 0,
            .gid = d->gid ? (gid_t)*d->gid : 0,
        };
    }
    return 0;
}

/* An ordinary user's caller stands in a mount namespace that is not his, where he may neither make a file system
 * nor copy a mount.  The container's own user namespace would be too late: with ids of its own it does not
 * get through the user's folders of mode 0700.  So the caller gets a namespace of its own, in which
 * everything that the machine mounts and unmounts still shows. */
static int own_mounts(const struct plan *p, struct err *err)
{
    AUTO_CLOSE int may = p->userns ? fsopen("tmpfs", FSOPEN_CLOEXEC) : -EBADF;

    if (!p->userns || may >= 0 || errno != EPERM)
        return 0;
    if (unshare(CLONE_NEWNS) < 0) /* root nowhere: the child does what it can */
        return errno == EPERM ? 0 : err_sys(err, errno, "making a mount namespace");
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return err_sys(err, errno, "making a mount namespace for the container's files");
    return 0;
}

static int plan_rootfs(struct plan *p, struct err *err)
{
    const struct rootfs_config *r = p->opt->rootfs;
    AUTO_CLOSE int userns = -EBADF;

    if (!r)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "no root file system");
    if (r->idmap && p->mapped) {
        userns = userns_make(&p->spec->linux_->uid_mappings, &p->spec->linux_->gid_mappings, err);
        if (userns < 0)
            return userns;
    }
    p->rootfs = rootfs_make(r, userns);
    if (p->rootfs == -EPERM && !r->idmap)
        return 0; /* the child makes it in its own user namespace */
    if (p->rootfs < 0)
        return err_set(err, ERR_INTERNAL, -p->rootfs, "mounting the root file system (%s): %s",
                       r->path    ? r->path
                       : r->upper ? r->upper
                                  : "read-only",
                       strerror(-p->rootfs));
    return 0;
}

static int plan_propagation(struct plan *p, struct err *err)
{
    static const struct {
        const char *name;
        uint64_t flag;
    } kinds[] = {
        { "shared", MS_SHARED },         { "rshared", MS_SHARED },
        { "slave", MS_SLAVE },           { "rslave", MS_SLAVE },
        { "private", MS_PRIVATE },       { "rprivate", MS_PRIVATE },
        { "unbindable", MS_UNBINDABLE }, { "runbindable", MS_UNBINDABLE },
    };
    const char *name = p->spec->linux_->rootfs_propagation;

    if (str_empty(name))
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (STR_EQ(kinds[i].name, name)) {
            p->root_propagation = kinds[i].flag;
            return 0;
        }
    return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown rootfsPropagation %s", name);
}

static int plan_misc(struct plan *p, struct err *err)
{
    const struct oci_linux *l = p->spec->linux_;
    AUTO_BUF offsets = { 0 };

    if (l->personality) {
        const char *d = l->personality->domain;
        p->has_personality = true;
        p->personality = str_same(d, "LINUX32") ? PER_LINUX32 : PER_LINUX;
        if (!str_same(d, "LINUX") && !str_same(d, "LINUX32"))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown personality %s", d ? d : "");
    }
    for (size_t i = 0; i < l->time_offsets.n; i++)
        buf_printf(&offsets, "%s %lld %lld\n", l->time_offsets.items[i].key,
                   (long long)l->time_offsets.items[i].secs,
                   (long long)l->time_offsets.items[i].nanosecs);
    p->time_offsets = offsets.len ? arena_strdup(p->arena, offsets.data) : NULL;
    p->process.keep_groups = str_same(kv_get(&p->spec->annotations, "run.oci.keep_original_groups"),
                                      "1");
    if (l->intel_rdt &&
        (str_empty(l->intel_rdt->clos_id) || !str_empty(l->intel_rdt->l3_cache_schema) ||
         !str_empty(l->intel_rdt->mem_bw_schema) || strchr(l->intel_rdt->clos_id, '/')))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "intelRdt: only a closID that exists is supported");
    const struct oci_hooks *h = p->spec->hooks;
    p->hooks_in_runtime = h && (h->prestart.n || h->create_runtime.n);
    if (h) {
        p->state_creating = oci_state_json(p->arena, p->opt->id, "creating", 0, p->opt->bundle,
                                           &p->spec->annotations);
        p->state_created = oci_state_json(p->arena, p->opt->id, "created", 0, p->opt->bundle,
                                          &p->spec->annotations);
    }
    return 0;
}

static int make_plan(struct plan *p, char ***warnings, struct err *err)
{
    if (!p->spec->linux_ || !p->spec->process)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "config.json lacks `linux` or `process`");
    int r = plan_namespaces(p, err);
    if (r == 0)
        r = plan_process(p->spec->process, p->arena, &p->process, warnings, err);
    if (r == 0)
        r = plan_seccomp(p->spec->linux_->seccomp, p->opt->seccomp_cache, p->arena,
                         &p->process.seccomp, err);
    if (r == 0)
        r = plan_propagation(p, err);
    if (r == 0)
        r = plan_devices(p, err);
    if (r == 0)
        r = plan_misc(p, err);
    if (r == 0)
        r = own_mounts(p, err);
    if (r == 0)
        r = plan_mounts(p, err);
    return r < 0 ? r : plan_rootfs(p, err);
}

void plan_done(struct plan *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->nmounts; i++) {
        close_p(&p->mounts[i].tree);
        close_p(&p->mounts[i].userns);
        p->mounts[i].tree = p->mounts[i].userns = -EBADF;
    }
    for (size_t i = 0; i < p->njoins; i++)
        close(p->joins[i].fd);
    for (size_t i = 0; i < p->ncgroup_tasks; i++)
        close(p->cgroup_tasks[i]);
    close_p(&p->rootfs);
    close_p(&p->cgroup_v2);
    p->njoins = p->ncgroup_tasks = 0;
    p->rootfs = p->cgroup_v2 = -EBADF;
}

/* ---- cgroup ---- */

static bool has_limits(const struct oci_resources *r)
{
    return r && (r->memory || r->cpu || r->pids || r->block_io || r->hugepage_limits.n ||
                 r->unified.n || r->rdma.n);
}

static int setup_cgroup(struct plan *p, struct oci_container *c, struct err *err)
{
    const char *path = p->opt->cgroup;
    struct err why = { 0 };

    if (str_empty(path))
        return 0;
    int r = oci_cgroup_create(path, &why);
    if (r < 0 && !p->opt->cgroup_required) {
        if (has_limits(p->spec->linux_->resources))
            c->warnings = strv_add(p->arena, c->warnings,
                                   arena_printf(p->arena, "no limits are in force: %s", why.msg));
        return 0;
    }
    if (r < 0)
        return err_set(err, why.kind, why.errnum, "%s", why.msg);
    c->cgroup = arena_strdup(p->arena, path);
    r = oci_cgroup_apply(path, p->spec->linux_->resources, p->arena, &c->warnings, err);
    if (r < 0)
        return r;
    p->cgroup_v2 = -EBADF;
    return plan_cgroup(path, p->cgroup_tasks, &p->ncgroup_tasks, &p->cgroup_v2, err);
}

/* ---- cloning ---- */

static void clone_flags(const struct plan *p, struct clone_args *args)
{
    args->flags |= p->clone_flags;
    if (p->cgroup_v2 >= 0) {
        args->flags |= CLONE_INTO_CGROUP;
        args->cgroup = (uint64_t)p->cgroup_v2;
    }
}

/* A process in between joins the namespaces that exist and then makes the init with CLONE_PARENT, so
 * that it is our child all the same and we stay where we are. */
_Noreturn static void join_and_clone(const struct plan *p, int sync)
{
    struct clone_args args = { .flags = CLONE_PARENT };
    bool joined[PLAN_JOIN_MAX] = { 0 };

    for (size_t i = 0; i < p->njoins; i++)
        joined[i] = p->joins[i].type ==
                    CLONE_NEWCGROUP; /* the init does that, see new_namespaces() */
    /* Those of our own user namespace need our capabilities here, those of a user namespace that is
     * joined too need the ones there. */
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < p->njoins; i++)
            if (!joined[i] && p->joins[i].type != CLONE_NEWUSER)
                joined[i] = setns(p->joins[i].fd, (int)p->joins[i].type) == 0;
        for (size_t i = 0; i < p->njoins; i++) {
            if (pass == 0 && p->joins[i].type == CLONE_NEWUSER)
                joined[i] = setns(p->joins[i].fd, CLONE_NEWUSER) == 0 || errno == EINVAL;
            else if (pass == 1 && !joined[i])
                child_fail(sync, STEP_JOIN, errno, (int)i);
        }
    }
    clone_flags(p, &args);
    pid_t pid = sys_clone3(&args);
    if (pid < 0)
        child_fail(sync, STEP_CLONE, errno, 0);
    if (pid == 0)
        child_init(p, sync);
    struct child_msg m = { .kind = CHILD_PID, .index = (int)pid };
    _exit(send(sync, &m, sizeof(m), MSG_NOSIGNAL) < 0);
}

static int clone_joined(struct launch *l, const struct plan *p, int child_end, struct err *err)
{
    struct child_msg m;
    pid_t between = fork();

    if (between < 0)
        return err_sys(err, errno, "fork");
    if (between == 0)
        join_and_clone(p, child_end);
    close(child_end);
    int r = launch_wait(l, CHILD_PID, &m, err);
    (void)!proc_wait(between);
    if (r < 0)
        return r;
    l->pid = (pid_t)m.index;
    l->pidfd = sys_pidfd_open(l->pid);
    return l->pidfd < 0 ? err_sys(err, errno, "pidfd_open") : 0;
}

static int clone_init(struct launch *l, const struct plan *p, struct err *err)
{
    int sv[2], pidfd = -EBADF;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
        return err_sys(err, errno, "socketpair");
    l->sync = sv[0];
    if (p->njoins)
        return clone_joined(l, p, sv[1], err);
    struct clone_args args = { .flags = CLONE_PIDFD,
                               .pidfd = (uintptr_t)&pidfd,
                               .exit_signal = SIGCHLD };
    clone_flags(p, &args);
    l->pid = sys_clone3(&args);
    if (l->pid == 0) {
        close(sv[0]);
        child_init(p, sv[1]);
    }
    int e = errno;
    close(sv[1]);
    if (l->pid < 0)
        return err_set(err, ERR_INTERNAL, e, "creating the namespaces: %s: OCI runtime error",
                       strerror(e));
    l->pidfd = pidfd;
    return 0;
}

/* Into a class of the machine's cache and memory bandwidth control that the administrator made. */
static int enter_rdt_class(pid_t pid, const struct oci_intel_rdt *rdt, struct err *err)
{
    char path[256], text[16];

    if (!rdt)
        return 0;
    if (access("/sys/fs/resctrl/schemata", F_OK) < 0)
        return err_set(err, ERR_UNSUPPORTED, ENOENT,
                       "intelRdt: /sys/fs/resctrl is not mounted, or this machine has no RDT");
    snprintf(path, sizeof(path), "/sys/fs/resctrl/%s/tasks", rdt->clos_id);
    snprintf(text, sizeof(text), "%d", (int)pid);
    int r = fs_write_kernel(AT_FDCWD, path, text);
    return r < 0 ? err_sys(err, -r, "intelRdt: entering the class %s", rdt->clos_id) : 0;
}

static int runtime_hooks(struct launch *l, const struct plan *p, struct err *err)
{
    const struct oci_hooks *h = p->spec->hooks;
    char *state = oci_state_json(p->arena, p->opt->id, "creating", l->pid, p->opt->bundle,
                                 &p->spec->annotations);

    int r = launch_wait(l, CHILD_HOOKS, NULL, err);
    if (r == 0)
        r = oci_run_hooks(&h->prestart, state, err);
    if (r == 0)
        r = oci_run_hooks(&h->create_runtime, state, err);
    if (r == 0 && write(l->sync, "H", 1) != 1)
        r = err_sys(err, errno, "talking with the container's init");
    return r;
}

static int bring_up(struct launch *l, const struct plan *p, struct err *err)
{
    int r = clone_init(l, p, err);
    if (r == 0 && p->userns) {
        r = userns_map(l->pid, &p->spec->linux_->uid_mappings, &p->spec->linux_->gid_mappings, err);
        if (r == 0 && write(l->sync, "M", 1) != 1)
            r = err_sys(err, errno, "talking with the container's init");
    }
    if (r == 0)
        r = enter_rdt_class(l->pid, p->spec->linux_->intel_rdt, err);
    if (r == 0 && p->hooks_in_runtime)
        r = runtime_hooks(l, p, err);
    return r < 0 ? r : launch_wait(l, CHILD_READY, NULL, err);
}

int oci_create(struct oci_container *ret, const struct oci_create_options *o, struct arena *a,
               struct err *err)
{
    struct plan *p = arena_alloc(a, sizeof(*p));
    struct oci_container c = OCI_CONTAINER_INIT;
    struct launch l = { .plan = p,
                        .process = &p->process,
                        .arena = a,
                        .warnings = &c.warnings,
                        .pidfd = -EBADF,
                        .sync = -EBADF,
                        .pty = -EBADF };
    AUTO_CLOSE int null = -EBADF;
    struct err local = { 0 };

    err = err ? err : &local;
    *p = (struct plan) {
        .opt = o, .spec = o->spec, .arena = a, .rootfs = -EBADF, .cgroup_v2 = -EBADF
    };
    int r = make_plan(p, &c.warnings, err);
    if (r == 0)
        r = launch_stdio(o->stdio, p->process.stdio, &null, err);
    if (r == 0)
        r = setup_cgroup(p, &c, err);
    if (r == 0) {
        p->process.preserve_fds = o->preserve_fds;
        p->process.kept = o->kept;
        p->process.nkept = o->nkept;
        p->process.die_with_caller = o->die_with_caller;
        p->process.cwd_must_exist = o->cwd_must_exist;
        p->process.new_keyring = !o->no_new_keyring;
        r = bring_up(&l, p, err);
    }
    plan_done(p);
    if (r < 0) {
        launch_abort(&l);
        if (c.cgroup)
            (void)!oci_cgroup_remove(c.cgroup, NULL);
        return r;
    }
    c.pid = l.pid;
    c.pidfd = l.pidfd;
    c.sync = l.sync;
    c.pty = l.pty;
    c.arena = a;
    c.plan = p;
    c.namespaces = oci_spec_namespaces(o->spec);
    *ret = c;
    return 0;
}

int oci_start(struct oci_container *c, struct err *err)
{
    struct launch l = { .plan = c->plan,
                        .process = &c->plan->process,
                        .arena = c->arena,
                        .warnings = &c->warnings,
                        .pid = 0,
                        .pidfd = -EBADF,
                        .sync = c->sync,
                        .pty = -EBADF };

    if (send(c->sync, "S", 1, MSG_NOSIGNAL) != 1)
        return err_set(err, ERR_STATE, EPIPE, "the container's init is gone");
    int r = launch_wait(&l, -1, NULL, err);
    close(c->sync);
    c->sync = -EBADF;
    return r;
}

int oci_start_by_socket(const char *path, struct err *err)
{
    struct plan_process none = { .argv = (char *[]) { NULL, NULL }, .cwd = "" };
    struct child_msg m;

    AUTO_CLOSE int fd = unix_connect(AT_FDCWD, path, SOCK_SEQPACKET);
    if (fd < 0)
        return err_set(err, ERR_STATE, -fd, "the container is not waiting for its start");
    for (;;) {
        ssize_t n = recv(fd, &m, sizeof(m), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        if (m.kind == CHILD_FAIL) {
            static char program[] = "the program";
            none.argv[0] = program;
            return plan_error(NULL, &none, &m, err);
        }
    }
}

void oci_container_done(struct oci_container *c)
{
    close_p(&c->sync);
    close_p(&c->pidfd);
    close_p(&c->pty);
    *c = (struct oci_container)OCI_CONTAINER_INIT;
}
