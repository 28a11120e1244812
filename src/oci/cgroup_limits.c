/* Limits: from `linux.resources` to the files of the controllers. */
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>

#include "base/fs.h"
#include "oci/cgroup_priv.h"

#include "base/banned.h"

struct limits {
    const char *path;
    struct arena *arena;
    char ***warnings;
    struct err *err;
};

/* 1024 shares, the kernel's default, are 100, the kernel's default; 2 are 1; 262144 are 10000: a
 * quadratic in log2 through these points, as the other runtimes do since 2025. */
uint64_t cg_weight_of_shares(uint64_t shares)
{
    if (shares <= 2)
        return 1;
    if (shares >= 262144)
        return 10000;
    double l = log2((double)shares);
    return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
}

uint64_t cg_io_weight_of_blkio(uint64_t weight)
{
    return weight < 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}

static void warn_missing(struct limits *l, const char *controller, const char *what)
{
    if (l->warnings)
        *l->warnings = strv_add(l->arena, *l->warnings,
                                arena_printf(l->arena,
                                             "%s is not limited: the cgroup controller `%s` is not "
                                             "available",
                                             what, controller));
}

/* Writes one value; NULL file: this version has no such thing, which is fine. */
static int put(struct limits *l, int dir, const char *file, const char *value)
{
    if (!file)
        return 0;
    int r = fs_write_kernel(dir, file, value);
    if (r < 0)
        return err_sys(l->err, -r, "writing `%s` to %s of cgroup %s", value, file, l->path);
    return 0;
}

static int put_i64(struct limits *l, int dir, const char *file, int64_t v, const char *unlimited)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, v);
    return put(l, dir, file, v < 0 ? unlimited : text);
}

/* Opens the controller; 0 when it is missing (warned about) or a descriptor, or an error. */
static int controller(struct limits *l, const char *name, const char *what, bool *v2)
{
    int fd = cg_open(name, l->path, v2);

    if (fd == -ENOENT) {
        warn_missing(l, name, what);
        return -ENOENT;
    }
    if (fd < 0)
        return err_sys(l->err, -fd, "opening cgroup %s (%s)", l->path, name);
    return fd;
}

/* v1 keeps limit <= memory+swap at every moment: raising needs the one order, lowering the other. */
static int memory_v1(struct limits *l, int dir, const struct oci_memory *m)
{
    char limit[32];
    int r = 0;

    if (m->limit) {
        snprintf(limit, sizeof(limit), "%" PRId64, *m->limit < 0 ? -1 : *m->limit);
        if (fs_write_kernel(dir, "memory.limit_in_bytes", limit) < 0) {
            if (m->swap)
                r = put_i64(l, dir, "memory.memsw.limit_in_bytes", *m->swap, "-1");
            return r < 0 ? r : put(l, dir, "memory.limit_in_bytes", limit);
        }
    }
    if (m->swap)
        r = put_i64(l, dir, "memory.memsw.limit_in_bytes", *m->swap, "-1");
    return r;
}

static int memory_v2(struct limits *l, int dir, const struct oci_memory *m)
{
    int r = 0;

    if (m->swap) {
        int64_t swap = *m->swap;
        if (swap > 0 && m->limit && *m->limit > 0)
            swap -= *m->limit; /* the specification counts both together */
        r = put_i64(l, dir, "memory.swap.max", swap, "max");
    }
    if (r == 0 && m->limit)
        r = put_i64(l, dir, "memory.max", *m->limit, "max");
    return r;
}

static bool asks_for_memory(const struct oci_memory *m)
{
    return m && (m->limit || m->reservation || m->swap || m->kernel_tcp || m->swappiness ||
                 m->disable_oom_killer);
}

static int limit_memory(struct limits *l, const struct oci_resources *res)
{
    const struct oci_memory *m = res->memory;
    bool v2;

    if (!asks_for_memory(m))
        return 0;
    AUTO_CLOSE int dir = controller(l, "memory", "memory", &v2);
    if (dir < 0)
        return dir == -ENOENT ? 0 : dir;
    int r = v2 ? memory_v2(l, dir, m) : memory_v1(l, dir, m);
    if (r == 0 && m->reservation)
        r = put_i64(l, dir, v2 ? "memory.low" : "memory.soft_limit_in_bytes", *m->reservation,
                    v2 ? "max" : "-1");
    if (r == 0 && m->kernel_tcp)
        r = put_i64(l, dir, v2 ? NULL : "memory.kmem.tcp.limit_in_bytes", *m->kernel_tcp, "-1");
    if (r == 0 && m->swappiness)
        r = put_i64(l, dir, v2 ? NULL : "memory.swappiness", *m->swappiness, "60");
    if (r == 0 && m->disable_oom_killer)
        r = put(l, dir, v2 ? NULL : "memory.oom_control", "1");
    return r;
}

/* cpu.max takes "quota period"; a missing half is what is in force. */
static int cpu_max(struct limits *l, int dir, const struct oci_cpu *c)
{
    char text[64];

    if (!c->quota && !c->period)
        return 0;
    int64_t period = c->period && *c->period > 0 ? *c->period : 100000;
    if (c->quota && *c->quota > 0)
        snprintf(text, sizeof(text), "%" PRId64 " %" PRId64, *c->quota, period);
    else
        snprintf(text, sizeof(text), "max %" PRId64, period);
    return put(l, dir, "cpu.max", text);
}

static int limit_cpu_v1(struct limits *l, int dir, const struct oci_cpu *c)
{
    int r = 0;

    if (c->shares && *c->shares)
        r = put_i64(l, dir, "cpu.shares", *c->shares, NULL);
    if (r == 0 && c->period && *c->period)
        r = put_i64(l, dir, "cpu.cfs_period_us", *c->period, NULL);
    if (r == 0 && c->quota && *c->quota)
        r = put_i64(l, dir, "cpu.cfs_quota_us", *c->quota, "-1");
    if (r == 0 && c->burst)
        r = put_i64(l, dir, "cpu.cfs_burst_us", *c->burst, NULL);
    if (r == 0 && c->realtime_period && *c->realtime_period)
        r = put_i64(l, dir, "cpu.rt_period_us", *c->realtime_period, NULL);
    if (r == 0 && c->realtime_runtime && *c->realtime_runtime)
        r = put_i64(l, dir, "cpu.rt_runtime_us", *c->realtime_runtime, "-1");
    return r;
}

static int limit_cpu(struct limits *l, const struct oci_resources *res)
{
    const struct oci_cpu *c = res->cpu;
    bool v2;

    if (!c || !(c->shares || c->quota || c->burst || c->period || c->realtime_runtime ||
                c->realtime_period || c->idle))
        return 0;
    AUTO_CLOSE int dir = controller(l, "cpu", "cpu", &v2);
    if (dir < 0)
        return dir == -ENOENT ? 0 : dir;
    int r = 0;
    if (c->idle)
        r = put_i64(l, dir, "cpu.idle", *c->idle, NULL);
    if (r == 0 && !v2)
        return limit_cpu_v1(l, dir, c);
    if (r == 0 && c->shares && *c->shares)
        r = put_i64(l, dir, "cpu.weight", (int64_t)cg_weight_of_shares((uint64_t)*c->shares), NULL);
    if (r == 0)
        r = cpu_max(l, dir, c);
    if (r == 0 && c->burst)
        r = put_i64(l, dir, "cpu.max.burst", *c->burst, NULL);
    return r;
}

static int limit_cpuset(struct limits *l, const struct oci_resources *res)
{
    const struct oci_cpu *c = res->cpu;
    bool v2;

    if (!c || (str_empty(c->cpus) && str_empty(c->mems)))
        return 0;
    AUTO_CLOSE int dir = controller(l, "cpuset", "the set of CPUs", &v2);
    if (dir < 0)
        return dir == -ENOENT ? 0 : dir;
    int r = str_empty(c->cpus) ? 0 : put(l, dir, "cpuset.cpus", c->cpus);
    return r < 0 || str_empty(c->mems) ? r : put(l, dir, "cpuset.mems", c->mems);
}

static int limit_pids(struct limits *l, const struct oci_resources *res)
{
    bool v2;

    if (!res->pids || res->pids->limit == 0)
        return 0;
    AUTO_CLOSE int dir = controller(l, "pids", "the number of processes", &v2);
    if (dir < 0)
        return dir == -ENOENT ? 0 : dir;
    return put_i64(l, dir, "pids.max", res->pids->limit, "max");
}

static int throttle(struct limits *l, int dir, const oci_throttle_list *list, const char *v1,
                    const char *v2_key, bool v2)
{
    char text[96];
    int r = 0;

    for (size_t i = 0; r == 0 && i < list->n; i++) {
        const struct oci_throttle_device *d = &list->items[i];
        snprintf(text, sizeof(text),
                 v2 ? "%" PRId64 ":%" PRId64 " %s%s%" PRId64
                    : "%" PRId64 ":%" PRId64 " %s%s%" PRId64,
                 d->major, d->minor, v2 ? v2_key : "", v2 ? "=" : "", d->rate);
        r = put(l, dir, v2 ? "io.max" : v1, text);
    }
    return r;
}

static int blkio_weight(struct limits *l, int dir, uint64_t weight, bool v2)
{
    static const char *const v1_files[] = { "blkio.weight", "blkio.bfq.weight" };
    static const char *const v2_files[] = { "io.bfq.weight", "io.weight" };
    char text[32];

    /* Which of them exists depends on the I/O scheduler of the kernel. */
    for (size_t i = 0; i < 2; i++) {
        uint64_t w = v2 && i == 1 ? cg_io_weight_of_blkio(weight) : weight;
        const char *file = v2 ? v2_files[i] : v1_files[i];
        snprintf(text, sizeof(text), "%" PRIu64, w);
        int r = fs_write_kernel(dir, file, text);
        if (r != -ENOENT)
            return r < 0
                       ? err_sys(l->err, -r, "writing `%s` to %s of cgroup %s", text, file, l->path)
                       : 0;
    }
    warn_missing(l, v2 ? "io.weight" : "blkio.weight", "the block I/O weight");
    return 0;
}

static int limit_blkio(struct limits *l, const struct oci_resources *res)
{
    const struct oci_block_io *b = res->block_io;
    bool v2;

    if (!b)
        return 0;
    AUTO_CLOSE int dir = cg_open("blkio", l->path, &v2);
    if (dir == -ENOENT)
        dir = controller(l, "io", "block I/O", &v2);
    if (dir < 0)
        return dir == -ENOENT ? 0 : dir;
    int r = b->weight && *b->weight ? blkio_weight(l, dir, (uint64_t)*b->weight, v2) : 0;
    for (size_t i = 0; r == 0 && i < b->weight_device.n; i++) {
        const struct oci_weight_device *d = &b->weight_device.items[i];
        char text[96];
        if (!d->weight)
            continue;
        snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64 " %" PRId64, d->major, d->minor,
                 *d->weight);
        r = put(l, dir, v2 ? "io.bfq.weight" : "blkio.weight_device", text);
    }
    if (r == 0)
        r = throttle(l, dir, &b->read_bps, "blkio.throttle.read_bps_device", "rbps", v2);
    if (r == 0)
        r = throttle(l, dir, &b->write_bps, "blkio.throttle.write_bps_device", "wbps", v2);
    if (r == 0)
        r = throttle(l, dir, &b->read_iops, "blkio.throttle.read_iops_device", "riops", v2);
    return r < 0
               ? r
               : throttle(l, dir, &b->write_iops, "blkio.throttle.write_iops_device", "wiops", v2);
}

static int limit_hugetlb(struct limits *l, const struct oci_resources *res)
{
    bool v2;

    if (!res->hugepage_limits.n)
        return 0;
    AUTO_CLOSE int dir = controller(l, "hugetlb", "the use of huge pages", &v2);
    if (dir < 0)
        return dir == -ENOENT ? 0 : dir;
    int r = 0;
    for (size_t i = 0; r == 0 && i < res->hugepage_limits.n; i++) {
        const struct oci_hugepage_limit *h = &res->hugepage_limits.items[i];
        char *file = arena_printf(l->arena, v2 ? "hugetlb.%s.max" : "hugetlb.%s.limit_in_bytes",
                                  h->page_size);
        if (strchr(h->page_size, '/'))
            return err_set(l->err, ERR_BAD_PARAM, EINVAL, "huge page size %s", h->page_size);
        r = put_i64(l, dir, file, h->limit, v2 ? "max" : "-1");
    }
    return r;
}

static int limit_network(struct limits *l, const struct oci_resources *res)
{
    bool v2;

    if (!res->network || !res->network->class_id || !*res->network->class_id)
        return 0;
    AUTO_CLOSE int dir = controller(l, "net_cls", "the network class", &v2);
    if (dir < 0)
        return dir == -ENOENT ? 0 : dir;
    return put_i64(l, dir, v2 ? NULL : "net_cls.classid", *res->network->class_id, NULL);
}

static int limit_rdma(struct limits *l, const struct oci_resources *res)
{
    bool v2;

    if (!res->rdma.n)
        return 0;
    AUTO_CLOSE int dir = controller(l, "rdma", "the use of RDMA", &v2);
    if (dir < 0)
        return dir == -ENOENT ? 0 : dir;
    int r = 0;
    for (size_t i = 0; r == 0 && i < res->rdma.n; i++) {
        const struct oci_rdma *d = &res->rdma.items[i];
        char *handles = d->hca_handles
                            ? arena_printf(l->arena, " hca_handle=%" PRId64, *d->hca_handles)
                            : arena_strdup(l->arena, "");
        char *objects = d->hca_objects
                            ? arena_printf(l->arena, " hca_object=%" PRId64, *d->hca_objects)
                            : arena_strdup(l->arena, "");
        r = put(l, dir, "rdma.max", arena_printf(l->arena, "%s%s%s", d->key, handles, objects));
    }
    return r;
}

/* File names come from the user: they stay in the cgroup's own directory. */
static int limit_unified(struct limits *l, const struct oci_resources *res)
{
    size_t n;
    const struct cg_hierarchy *h = cg_hierarchies(&n);
    const char *rel;

    if (!res->unified.n)
        return 0;
    while (n && !h->v2) {
        h++;
        n--;
    }
    if (!n)
        return err_set(l->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "linux.resources.unified needs cgroup v2, which is not mounted");
    int r = cg_relative(l->path, &rel, l->err);
    if (r < 0)
        return r;
    AUTO_CLOSE int dir = fs_open_dir(h->root, rel);
    if (dir < 0)
        return err_sys(l->err, -dir, "opening cgroup %s", l->path);
    for (size_t i = 0; r == 0 && i < res->unified.n; i++) {
        const struct kv *kv = &res->unified.items[i];
        if (strchr(kv->key, '/'))
            return err_set(l->err, ERR_BAD_PARAM, EINVAL, "unified resource %s is not a file name",
                           kv->key);
        r = put(l, dir, kv->key, kv->val);
    }
    return r;
}

static int limit_devices(struct limits *l, const struct oci_resources *res)
{
    size_t n;
    const struct cg_hierarchy *h = cg_hierarchies(&n);
    const char *rel;
    bool v2;

    if (!res->devices.n || cg_relative(l->path, &rel, NULL) < 0)
        return 0;
    AUTO_CLOSE int v1 = cg_open("devices", l->path, &v2);
    if (v1 >= 0 && !v2) {
        int r = cg_devices_v1(v1, res);
        /* EPERM: in a user namespace, where no device can be made anyway. */
        return r < 0 && r != -EPERM ? err_sys(l->err, -r, "device rules of cgroup %s", l->path) : 0;
    }
    for (size_t i = 0; i < n; i++)
        if (h[i].v2) {
            AUTO_CLOSE int dir = fs_open_dir(h[i].root, rel);
            int r = dir < 0 ? dir : cg_devices_v2(dir, res);
            return r < 0 && r != -EPERM
                       ? err_sys(l->err, -r, "device program of cgroup %s", l->path)
                       : 0;
        }
    return 0;
}

int oci_cgroup_apply(const char *path, const struct oci_resources *res, struct arena *a,
                     char ***warnings, struct err *err)
{
    static int (*const steps[])(struct limits *, const struct oci_resources *) = {
        limit_memory,  limit_cpu,     limit_cpuset, limit_pids,    limit_blkio,
        limit_hugetlb, limit_network, limit_rdma,   limit_devices, limit_unified,
    };
    struct err local = { 0 };
    struct limits l = { .path = path, .arena = a, .warnings = warnings, .err = err ? err : &local };

    if (!res)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        int r = steps[i](&l, res);
        if (r < 0)
            return r;
    }
    return 0;
}
