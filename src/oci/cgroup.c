/* cgroups: finding the hierarchies, making, listing, freezing, killing, removing.
 *
 * A container has the same path in every hierarchy: on a v2 machine there is one, on a v1 or hybrid
 * machine one for each controller and perhaps the unified one.  The named v1 hierarchy belongs to the
 * service manager and is left alone.  A cgroup is not a resource that dies with its owner, so
 * oci_cgroup_remove() is made to be called by whoever finds one: it kills what is inside first. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"
#include "oci/cgroup_priv.h"
#include "oci/plan.h"

#include "base/banned.h"

static struct {
    bool done;
    enum oci_cgroup_kind kind;
    size_t n;
    struct cg_hierarchy h[CG_HIERARCHIES_MAX];
} found;

bool cg_has(const char *list, char sep, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = list; (p = strstr(p, word)); p += len) {
        bool begins = p == list || p[-1] == sep;
        if (begins && (p[len] == sep || p[len] == '\0' || p[len] == '\n'))
            return true;
    }
    return false;
}

static int read_small(int dir, const char *name, char *out, size_t size)
{
    AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, out, size - 1);
    if (n < 0)
        return -errno;
    out[n] = '\0';
    return (int)n;
}

static void add_hierarchy(int fd, const char *name, bool v2)
{
    struct cg_hierarchy *h = &found.h[found.n++];

    h->root = fd;
    h->v2 = v2;
    snprintf(h->name, sizeof(h->name), "%s", name);
    if (v2)
        (void)read_small(fd, "cgroup.controllers", h->controllers, sizeof(h->controllers));
    else
        snprintf(h->controllers, sizeof(h->controllers), "%s", name);
}

static void probe_child(int top, const char *name, unsigned char type)
{
    struct statfs fs;

    /* cpu -> cpu,cpuacct are links to what we find anyway. */
    if (name[0] == '.' || type == DT_LNK || found.n == CG_HIERARCHIES_MAX)
        return;
    AUTO_CLOSE int fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstatfs(fd, &fs) < 0)
        return;
    if (fs.f_type == CGROUP2_SUPER_MAGIC)
        add_hierarchy(HANDOVER_FD(fd), name, true);
    else if (fs.f_type == CGROUP_SUPER_MAGIC && !STR_EQ(name, "systemd")) {
        found.kind = OCI_CGROUP_V1;
        add_hierarchy(HANDOVER_FD(fd), name, false);
    }
}

static void probe(void)
{
    struct statfs fs;

    found.done = true;
    AUTO_CLOSE int top = fs_open_dir(AT_FDCWD, "/sys/fs/cgroup");
    if (top < 0 || fstatfs(top, &fs) < 0)
        return;
    if (fs.f_type == CGROUP2_SUPER_MAGIC) {
        found.kind = OCI_CGROUP_V2;
        add_hierarchy(HANDOVER_FD(top), "", true);
        return;
    }
    DIR *d = fdopendir(HANDOVER_FD(top));
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));)
        probe_child(dirfd(d), e->d_name, e->d_type);
    closedir(d);
    if (found.kind == OCI_CGROUP_NONE && found.n)
        found.kind = OCI_CGROUP_V2; /* only the unified one, mounted elsewhere than usual */
}

const struct cg_hierarchy *cg_hierarchies(size_t *ret_n)
{
    if (!found.done)
        probe();
    *ret_n = found.n;
    return found.h;
}

enum oci_cgroup_kind oci_cgroup_kind(void)
{
    size_t n;
    cg_hierarchies(&n);
    return found.kind;
}

int cg_relative(const char *path, const char **ret, struct err *err)
{
    while (*path == '/')
        path++;
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.')
            return err_set(err, ERR_BAD_PARAM, EINVAL, "cgroup path %s has \"..\"", path);
        p += n;
        p += strspn(p, "/");
    }
    if (!*path)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "empty cgroup path");
    *ret = path;
    return 0;
}

int cg_open(const char *controller, const char *path, bool *ret_v2)
{
    size_t n;
    const struct cg_hierarchy *h = cg_hierarchies(&n);
    const char *rel;

    if (cg_relative(path, &rel, NULL) < 0)
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        if (cg_has(h[i].controllers, h[i].v2 ? ' ' : ',', controller)) {
            int fd = openat(h[i].root, rel, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            *ret_v2 = h[i].v2;
            return fd < 0 ? -errno : fd;
        }
    return -ENOENT;
}

int cg_open_unified(const char *path)
{
    size_t n;
    const struct cg_hierarchy *h = cg_hierarchies(&n);
    const char *rel;

    if (cg_relative(path, &rel, NULL) < 0)
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        if (h[i].v2) {
            int fd = openat(h[i].root, rel, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            return fd < 0 ? -errno : fd;
        }
    return -ENOENT;
}

/* ---- making ---- */

/* v1: a new cpuset has neither CPUs nor memory nodes and nobody may enter it until it has.  One that was
 * empty and is to have cgroups below it hands down to them from now on: what the kernel copies costs nothing,
 * what is written makes it look through all tasks of the machine. */
static int inherit_cpuset(int root, const char *rel)
{
    static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
    AUTO_FREE char *path = xstrdup(rel);
    char val[512], name[600];

    for (char *end = path;; end++) {
        end += strcspn(end, "/");
        bool last = !*end, given = false;
        *end = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
            snprintf(name, sizeof(name), "%s/%s", path, files[i]);
            if (read_small(root, name, val, sizeof(val)) > 1)
                continue;
            char *slash = strrchr(path, '/');
            snprintf(name, sizeof(name), "%.*s%s%s", slash ? (int)(slash - path) : 0, path,
                     slash ? "/" : "", files[i]);
            int r = read_small(root, name, val, sizeof(val));
            snprintf(name, sizeof(name), "%s/%s", path, files[i]);
            if (r >= 0)
                r = fs_write_kernel(root, name, val);
            if (r < 0)
                return r;
            given = true;
        }
        if (last)
            return 0;
        if (given) {
            snprintf(name, sizeof(name), "%s/cgroup.clone_children", path);
            (void)!fs_write_kernel(root, name, "1");
        }
        *end = '/';
    }
}

/* Switches on in cgroup @dir, for those below it, what it has itself and does not hand down yet.  What
 * cannot be (somebody else's cgroup, one with processes) is met again when a limit is set. */
static void hand_down(int root, const char *dir)
{
    char have[256], on[256], name[4300], want[512];
    size_t len = 0;

    snprintf(name, sizeof(name), "%s/cgroup.controllers", dir);
    if (read_small(root, name, have, sizeof(have)) < 0)
        return;
    snprintf(name, sizeof(name), "%s/cgroup.subtree_control", dir);
    if (read_small(root, name, on, sizeof(on)) < 0)
        return;
    for (char *save, *c = strtok_r(have, " \n", &save); c; c = strtok_r(NULL, " \n", &save))
        if (!cg_has(on, ' ', c))
            len += (size_t)snprintf(want + len, sizeof(want) - len, "%s+%s", len ? " " : "", c);
    if (len)
        (void)!fs_write_kernel(root, name, want);
}

/* v2: every controller has to be switched on in each cgroup above. */
static void enable_controllers(const struct cg_hierarchy *h, const char *rel)
{
    char have[256], dir[4200];
    AUTO_FREE char *path = xasprintf("%s/cgroup.controllers", rel);

    if (read_small(h->root, path, have, sizeof(have)) < 0 || STR_EQ(have, h->controllers))
        return;
    hand_down(h->root, ".");
    for (const char *p = rel; (p = strchr(p, '/')); p++) {
        snprintf(dir, sizeof(dir), "%.*s", (int)(p - rel), rel);
        hand_down(h->root, dir);
    }
}

static int make_in(const struct cg_hierarchy *h, const char *rel)
{
    int r = fs_mkdirs(h->root, rel, 0755);

    if (r == -ENOENT && !strchr(rel, '/'))
        r = mkdirat(h->root, rel, 0755) < 0 ? -errno : 0;
    if (r < 0)
        return r;
    if (h->v2)
        enable_controllers(h, rel);
    else if (cg_has(h->controllers, ',', "cpuset"))
        return inherit_cpuset(h->root, rel);
    return 0;
}

int oci_cgroup_create(const char *path, struct err *err)
{
    size_t n;
    const struct cg_hierarchy *h = cg_hierarchies(&n);
    const char *rel;

    int r = cg_relative(path, &rel, err);
    if (r < 0)
        return r;
    if (!n)
        return err_set(err, ERR_UNSUPPORTED, ENOENT, "no cgroup hierarchy is mounted");
    for (size_t i = 0; i < n; i++) {
        r = make_in(&h[i], rel);
        if (r == 0)
            continue;
        for (size_t j = 0; j < i; j++)
            (void)!unlinkat(h[j].root, rel, AT_REMOVEDIR);
        return err_sys(err, -r, "creating cgroup %s (%s)", path, h[i].v2 ? "v2" : h[i].controllers);
    }
    return 0;
}

int plan_cgroup(const char *path, int *tasks, size_t *ret_n, int *ret_v2, struct err *err)
{
    size_t n, out = 0;
    const struct cg_hierarchy *h = cg_hierarchies(&n);
    const char *rel;

    int r = cg_relative(path, &rel, err);
    if (r < 0)
        return r;
    AUTO_FREE char *file = xasprintf("%s/tasks", rel);
    for (size_t i = 0; i < n && out < PLAN_CGROUP_MAX; i++) {
        int fd = h[i].v2 ? openat(h[i].root, rel, O_PATH | O_DIRECTORY | O_CLOEXEC)
                         : openat(h[i].root, file, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
            return err_sys(err, errno, "opening cgroup %s", path);
        if (h[i].v2)
            *ret_v2 = fd;
        else
            tasks[out++] = fd;
        *ret_n = out;
    }
    return 0;
}

/* ---- walking ---- */

typedef int cg_visit(int dir, void *arg);

/* Children first. */
static int walk(int dir, cg_visit *visit, void *arg)
{
    int dup = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = dup < 0 ? NULL : fdopendir(dup);
    int r = 0;

    if (!d)
        return -errno;
    for (struct dirent *e; r == 0 && (e = readdir(d));) {
        if (e->d_type != DT_DIR || e->d_name[0] == '.')
            continue;
        AUTO_CLOSE int sub = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (sub >= 0)
            r = walk(sub, visit, arg);
    }
    closedir(d);
    return r < 0 ? r : visit(dir, arg);
}

struct pid_list {
    JSON_LIST(pid_t) pids;
    struct arena *arena;
};

static int collect_pids(int dir, void *arg)
{
    struct pid_list *l = arg;
    AUTO_BUF b = { .max = 16 << 20 };

    int r = fs_read_file(dir, "cgroup.procs", &b);
    if (r == -ENODEV || r == -EOPNOTSUPP || !b.data)
        return 0;
    if (r < 0)
        return r;
    for (char *p = b.data, *end; *p; p = end) {
        uint64_t v;
        end = p + strcspn(p, "\n");
        if (*end)
            *end++ = '\0';
        if (parse_u64(p, INT32_MAX, &v) == 0 && v)
            *LIST_ADD(l->arena, l->pids) = (pid_t)v;
    }
    return 0;
}

/* The hierarchy that tells best who is inside: the unified one, or else the first. */
static int open_best(const char *path, bool *ret_v2)
{
    size_t n;
    const struct cg_hierarchy *h = cg_hierarchies(&n), *best = NULL;
    const char *rel;

    if (cg_relative(path, &rel, NULL) < 0)
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        if (!best || h[i].v2)
            best = &h[i];
    if (!best)
        return -ENOENT;
    *ret_v2 = best->v2;
    int fd = openat(best->root, rel, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int oci_cgroup_pids(const char *path, struct arena *a, pid_t **ret, size_t *ret_n, struct err *err)
{
    struct pid_list l = { .arena = a };
    bool v2;

    AUTO_CLOSE int dir = open_best(path, &v2);
    if (dir < 0)
        return err_sys(err, -dir, "opening cgroup %s", path);
    int r = walk(dir, collect_pids, &l);
    if (r < 0)
        return err_sys(err, -r, "listing cgroup %s", path);
    *ret = l.pids.items;
    *ret_n = l.pids.n;
    return 0;
}

int oci_cgroup_kill(const char *path, int sig, struct err *err)
{
    AUTO_ARENA a = { 0 };
    pid_t *pids = NULL;
    size_t n = 0;
    bool v2;

    AUTO_CLOSE int dir = open_best(path, &v2);
    if (dir < 0)
        return err_sys(err, -dir, "opening cgroup %s", path);
    if (v2 && sig == SIGKILL && fs_write_kernel(dir, "cgroup.kill", "1") == 0)
        return 0;
    int r = oci_cgroup_pids(path, &a, &pids, &n, err);
    for (size_t i = 0; r == 0 && i < n; i++)
        kill(pids[i], sig);
    return r;
}

/* ---- freezing ---- */

static int freeze_v2(int dir, bool frozen)
{
    int r = fs_write_kernel(dir, "cgroup.freeze", frozen ? "1" : "0");
    if (r < 0 || !frozen)
        return r;
    AUTO_CLOSE int ev = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
    for (int tries = 0; ev >= 0 && tries < 200; tries++) {
        char text[256];
        ssize_t n = pread(ev, text, sizeof(text) - 1, 0);
        if (n <= 0)
            break;
        text[n] = '\0';
        if (strstr(text, "frozen 1"))
            return 0;
        struct pollfd p = { .fd = ev, .events = POLLPRI };
        poll(&p, 1, 10);
    }
    return -ETIMEDOUT;
}

static int freeze_v1(int dir, bool frozen)
{
    const char *want = frozen ? "FROZEN" : "THAWED";

    for (int tries = 0; tries < 1000; tries++) {
        char state[32];
        int r = fs_write_kernel(dir, "freezer.state", want);
        if (r < 0)
            return r;
        if (read_small(dir, "freezer.state", state, sizeof(state)) > 0 && str_starts(state, want))
            return 0;
        nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
    }
    return -ETIMEDOUT;
}

int oci_cgroup_freeze(const char *path, bool frozen, struct err *err)
{
    bool v2;
    AUTO_CLOSE int dir = open_best(path, &v2);
    int r = dir < 0 ? dir : v2 ? freeze_v2(dir, frozen) : -ENOENT;

    if (r == -ENOENT || r == -ENODEV) {
        AUTO_CLOSE int v1 = cg_open("freezer", path, &v2);
        r = v1 < 0 ? v1 : freeze_v1(v1, frozen);
    }
    return r < 0 ? err_sys(err, -r, "%s cgroup %s", frozen ? "freezing" : "thawing", path) : 0;
}

/* ---- removing ---- */

static int remove_below(int root, const char *rel)
{
    if (unlinkat(root, rel, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    if (errno != EBUSY && errno != ENOTEMPTY)
        return -errno;
    int fd = openat(root, rel, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d)
        return errno == ENOENT ? 0 : -errno;
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_type == DT_DIR && e->d_name[0] != '.')
            (void)!remove_below(dirfd(d), e->d_name);
    closedir(d);
    return unlinkat(root, rel, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* A process that was killed leaves its cgroup some microseconds after its parent could reap it. */
static int remove_patiently(const struct cg_hierarchy *h, const char *path, const char *rel)
{
    long pause_us = 50;

    for (int tries = 0;; tries++) {
        int r = remove_below(h->root, rel);
        if (r != -EBUSY || tries == 24)
            return r;
        if (tries > 2) {
            (void)!oci_cgroup_kill(path, SIGKILL, NULL);
            (void)!oci_cgroup_freeze(path, false, NULL);
        }
        nanosleep(&(struct timespec) { .tv_nsec = pause_us * 1000 }, NULL);
        pause_us = MIN(pause_us * 2, 100000L);
    }
}

int oci_cgroup_remove(const char *path, struct err *err)
{
    size_t n;
    const struct cg_hierarchy *h = cg_hierarchies(&n);
    const char *rel;
    int first = 0;

    int r = cg_relative(path, &rel, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        r = remove_patiently(&h[i], path, rel);
        if (r < 0 && first == 0)
            first = r;
    }
    return first < 0 ? err_sys(err, -first, "removing cgroup %s", path) : 0;
}

bool oci_cgroup_oom_killed(const char *path)
{
    char text[1024];
    bool v2;

    AUTO_CLOSE int dir = cg_open("memory", path, &v2);
    if (dir < 0 ||
        read_small(dir, v2 ? "memory.events" : "memory.oom_control", text, sizeof(text)) < 0)
        return false;
    const char *p = strstr(text, "oom_kill ");
    return p && p[strlen("oom_kill ")] != '0';
}
