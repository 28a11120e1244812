/* Docker's body of POST /containers/create. */
#include <inttypes.h>
#include <strings.h>
#include <sys/socket.h>

#include "api/create.h"
#include "base/parse.h"
#include "engine/options.h"
#include "engine/options_net.h"

#include "base/banned.h"

struct restart_policy {
    char *name;
    int64_t tries;
};
struct log_body {
    char *type;
    kv_list config;
};
struct ulimit_body {
    char *name;
    int64_t soft, hard;
};
struct device_body {
    char *host, *container, *access;
};
struct throttle_body {
    char *path;
    int64_t rate, weight;
};
typedef JSON_LIST(struct throttle_body) throttle_list;
struct bind_body {
    char *propagation;
    bool non_recursive, create;
};
struct volume_driver {
    char *name;
    kv_list options;
};
struct volume_body {
    bool no_copy;
    char *subpath;
    kv_list labels;
    struct volume_driver driver;
};
struct tmpfs_body {
    int64_t size, mode;
};
struct mount_body {
    char *type, *source, *target;
    bool read_only;
    struct bind_body bind;
    struct volume_body volume;
    struct tmpfs_body tmpfs;
};

/* The body.  What has the same shape in struct container_config is read right into it. */
struct body {
    struct container_config c;
    char *image, *mac;
    json_t *cmd, *entrypoint, *stop_timeout, *volumes, *health, *exposed, *host, *networking;
    bool attach_in, attach_out, attach_err, network_disabled;
    char **env;
    /* HostConfig */
    struct restart_policy restart;
    struct log_body log;
    char **binds, **volumes_from, **security, **links, **dns, **hosts;
    char *network_mode;
    json_t *ports, *tmpfs, *masked, *device_requests;
    JSON_LIST(struct ulimit_body) ulimits;
    JSON_LIST(struct device_body) devices;
    throttle_list weights, read_bps, write_bps, read_iops, write_iops;
    JSON_LIST(struct mount_body) mounts;
    int64_t *swappiness, *pids, oom_score;
    bool *init, *oom_kill_disable;
    kv_list storage;
};

static const struct json_field restart_rows[] = {
    JF_STR(struct restart_policy, name, "Name", 0),
    JF_I64(struct restart_policy, tries, "MaximumRetryCount", 0),
    { 0 },
};
static const struct json_type restart_type = JSON_TYPE(struct restart_policy, restart_rows);
static const struct json_field log_rows[] = {
    JF_STR(struct log_body, type, "Type", 0),
    JF_MAP(struct log_body, config, "Config", 0),
    { 0 },
};
static const struct json_type log_type = JSON_TYPE(struct log_body, log_rows);
static const struct json_field ulimit_rows[] = {
    JF_STR(struct ulimit_body, name, "Name", JF_REQUIRED),
    JF_I64(struct ulimit_body, soft, "Soft", 0),
    JF_I64(struct ulimit_body, hard, "Hard", 0),
    { 0 },
};
static const struct json_type ulimit_type = JSON_TYPE(struct ulimit_body, ulimit_rows);
static const struct json_field device_rows[] = {
    JF_STR(struct device_body, host, "PathOnHost", JF_REQUIRED),
    JF_STR(struct device_body, container, "PathInContainer", 0),
    JF_STR(struct device_body, access, "CgroupPermissions", 0),
    { 0 },
};
static const struct json_type device_type = JSON_TYPE(struct device_body, device_rows);
static const struct json_field throttle_rows[] = {
    JF_STR(struct throttle_body, path, "Path", JF_REQUIRED),
    JF_I64(struct throttle_body, rate, "Rate", 0),
    JF_I64(struct throttle_body, weight, "Weight", 0),
    { 0 },
};
static const struct json_type throttle_type = JSON_TYPE(struct throttle_body, throttle_rows);
static const struct json_field bind_rows[] = {
    JF_STR(struct bind_body, propagation, "Propagation", 0),
    JF_BOOL(struct bind_body, non_recursive, "NonRecursive", 0),
    JF_BOOL(struct bind_body, create, "CreateMountpoint", 0),
    { 0 },
};
static const struct json_type bind_type = JSON_TYPE(struct bind_body, bind_rows);
static const struct json_field driver_rows[] = {
    JF_STR(struct volume_driver, name, "Name", 0),
    JF_MAP(struct volume_driver, options, "Options", 0),
    { 0 },
};
static const struct json_type driver_type = JSON_TYPE(struct volume_driver, driver_rows);
static const struct json_field volume_rows[] = {
    JF_BOOL(struct volume_body, no_copy, "NoCopy", 0),
    JF_STR(struct volume_body, subpath, "Subpath", 0),
    JF_MAP(struct volume_body, labels, "Labels", 0),
    JF_OBJ(struct volume_body, driver, "DriverConfig", 0, &driver_type),
    { 0 },
};
static const struct json_type volume_type = JSON_TYPE(struct volume_body, volume_rows);
static const struct json_field tmpfs_rows[] = {
    JF_I64(struct tmpfs_body, size, "SizeBytes", 0),
    JF_I64(struct tmpfs_body, mode, "Mode", 0),
    { 0 },
};
static const struct json_type tmpfs_type = JSON_TYPE(struct tmpfs_body, tmpfs_rows);
static const struct json_field mount_rows[] = {
    JF_STR(struct mount_body, type, "Type", JF_REQUIRED),
    JF_STR(struct mount_body, source, "Source", 0),
    JF_STR(struct mount_body, target, "Target", JF_REQUIRED),
    JF_BOOL(struct mount_body, read_only, "ReadOnly", 0),
    JF_OBJ(struct mount_body, bind, "BindOptions", 0, &bind_type),
    JF_OBJ(struct mount_body, volume, "VolumeOptions", 0, &volume_type),
    JF_OBJ(struct mount_body, tmpfs, "TmpfsOptions", 0, &tmpfs_type),
    { 0 },
};
static const struct json_type mount_type = JSON_TYPE(struct mount_body, mount_rows);

static const struct json_field body_rows[] = {
    JF_STR(struct body, c.hostname, "Hostname", 0),
    JF_STR(struct body, c.domainname, "Domainname", 0),
    JF_STR(struct body, c.user, "User", 0),
    JF_STR(struct body, c.workdir, "WorkingDir", 0),
    JF_STR(struct body, c.stop_signal, "StopSignal", 0),
    JF_BOOL(struct body, c.terminal, "Tty", 0),
    JF_BOOL(struct body, c.stdin_open, "OpenStdin", 0),
    JF_BOOL(struct body, c.stdin_once, "StdinOnce", 0),
    JF_MAP(struct body, c.labels, "Labels", 0),
    JF_STRV(struct body, c.env_merge, "EnvMerge", 0),
    JF_STRV(struct body, c.env_unset, "UnsetEnv", 0),
    JF_BOOL(struct body, c.env_unset_all, "UnsetEnvAll", 0),
    JF_STR(struct body, image, "Image", 0),
    JF_STR(struct body, mac, "MacAddress", 0),
    JF_STRV(struct body, env, "Env", 0),
    JF_BOOL(struct body, attach_in, "AttachStdin", 0),
    JF_BOOL(struct body, attach_out, "AttachStdout", 0),
    JF_BOOL(struct body, attach_err, "AttachStderr", 0),
    JF_BOOL(struct body, network_disabled, "NetworkDisabled", 0),
    JF_RAW(struct body, cmd, "Cmd", 0),
    JF_RAW(struct body, entrypoint, "Entrypoint", 0),
    JF_RAW(struct body, stop_timeout, "StopTimeout", 0),
    JF_RAW(struct body, volumes, "Volumes", 0),
    JF_RAW(struct body, health, "Healthcheck", 0),
    JF_RAW(struct body, exposed, "ExposedPorts", 0),
    JF_RAW(struct body, host, "HostConfig", 0),
    JF_RAW(struct body, networking, "NetworkingConfig", 0),
    { 0 },
};
static const struct json_type body_type = JSON_TYPE(struct body, body_rows);

#define RES(member, key) JF_I64(struct body, c.resources.member, key, 0)
static const struct json_field host_rows[] = {
    JF_STRV(struct body, binds, "Binds", 0),
    JF_STRV(struct body, volumes_from, "VolumesFrom", 0),
    JF_STRV(struct body, security, "SecurityOpt", 0),
    JF_STRV(struct body, links, "Links", 0),
    JF_STRV(struct body, dns, "Dns", 0),
    JF_STRV(struct body, hosts, "ExtraHosts", 0),
    JF_STR(struct body, network_mode, "NetworkMode", 0),
    JF_RAW(struct body, ports, "PortBindings", 0),
    JF_RAW(struct body, tmpfs, "Tmpfs", 0),
    JF_RAW(struct body, masked, "MaskedPaths", 0),
    JF_RAW(struct body, device_requests, "DeviceRequests", 0),
    JF_OBJ(struct body, restart, "RestartPolicy", 0, &restart_type),
    JF_OBJ(struct body, log, "LogConfig", 0, &log_type),
    JF_LIST(struct body, ulimits, "Ulimits", 0, &ulimit_type),
    JF_LIST(struct body, devices, "Devices", 0, &device_type),
    JF_LIST(struct body, weights, "BlkioWeightDevice", 0, &throttle_type),
    JF_LIST(struct body, read_bps, "BlkioDeviceReadBps", 0, &throttle_type),
    JF_LIST(struct body, write_bps, "BlkioDeviceWriteBps", 0, &throttle_type),
    JF_LIST(struct body, read_iops, "BlkioDeviceReadIOps", 0, &throttle_type),
    JF_LIST(struct body, write_iops, "BlkioDeviceWriteIOps", 0, &throttle_type),
    JF_LIST(struct body, mounts, "Mounts", 0, &mount_type),
    JF_PI64(struct body, swappiness, "MemorySwappiness", 0),
    JF_PI64(struct body, pids, "PidsLimit", 0),
    JF_I64(struct body, oom_score, "OomScoreAdj", 0),
    JF_PBOOL(struct body, init, "Init", 0),
    JF_PBOOL(struct body, oom_kill_disable, "OomKillDisable", 0),
    JF_MAP(struct body, storage, "StorageOpt", 0),
    JF_BOOL(struct body, c.auto_remove, "AutoRemove", 0),
    JF_MAP(struct body, c.annotations, "Annotations", 0),
    JF_STRV(struct body, c.cap_add, "CapAdd", 0),
    JF_STRV(struct body, c.cap_drop, "CapDrop", 0),
    JF_STR(struct body, c.cgroupns, "CgroupnsMode", 0),
    JF_STRV(struct body, c.dns_options, "DnsOptions", 0),
    JF_STRV(struct body, c.dns_searches, "DnsSearch", 0),
    JF_STRV(struct body, c.groups, "GroupAdd", 0),
    JF_STR(struct body, c.ipcns, "IpcMode", 0),
    JF_STR(struct body, c.pidns, "PidMode", 0),
    JF_STR(struct body, c.utsns, "UTSMode", 0),
    JF_STR(struct body, c.userns, "UsernsMode", 0),
    JF_BOOL(struct body, c.privileged, "Privileged", 0),
    JF_BOOL(struct body, c.publish_all, "PublishAllPorts", 0),
    JF_BOOL(struct body, c.read_only, "ReadonlyRootfs", 0),
    JF_I64(struct body, c.shm_size, "ShmSize", 0),
    JF_MAP(struct body, c.sysctls, "Sysctls", 0),
    JF_STR(struct body, c.runtime, "Runtime", 0),
    JF_STR(struct body, c.cgroup_parent, "CgroupParent", 0),
    JF_STRV(struct body, c.device_cgroup_rules, "DeviceCgroupRules", 0),
    RES(cpu_shares, "CpuShares"),
    RES(memory, "Memory"),
    RES(memory_swap, "MemorySwap"),
    RES(memory_reservation, "MemoryReservation"),
    RES(nano_cpus, "NanoCpus"),
    RES(cpu_period, "CpuPeriod"),
    RES(cpu_quota, "CpuQuota"),
    RES(cpu_rt_period, "CpuRealtimePeriod"),
    RES(cpu_rt_runtime, "CpuRealtimeRuntime"),
    RES(blkio_weight, "BlkioWeight"),
    JF_STR(struct body, c.resources.cpuset_cpus, "CpusetCpus", 0),
    JF_STR(struct body, c.resources.cpuset_mems, "CpusetMems", 0),
    { 0 },
};
static const struct json_type host_type = JSON_TYPE(struct body, host_rows);

static int bad(struct request *r, const char *key, const char *why)
{
    return err_set(r->err, ERR_BAD_PARAM, EINVAL, "failed to decode the request's body: %s: %s",
                   key, why);
}

/* Docker's StrSlice: a list, or one word. */
static int words(struct request *r, const char *key, const json_t *v, char ***ret)
{
    size_t i;
    json_t *each;

    if (json_is_string(v))
        *ret = strv_add(r->arena, *ret, json_string_value(v));
    else if (v && !json_is_null(v) && !json_is_array(v))
        return bad(r, key, "must be a list of strings");
    json_array_foreach (v, i, each) {
        if (!json_is_string(each))
            return bad(r, key, "must be a list of strings");
        *ret = strv_add(r->arena, *ret, json_string_value(each));
    }
    return 0;
}

static char *none_if_empty(char *s)
{
    return str_empty(s) ? NULL : s;
}

static int fill_process(struct request *r, struct body *b)
{
    struct container_config *c = &b->c;
    int signo = 0, res = words(r, "Cmd", b->cmd, &c->command);

    if (res == 0)
        res = words(r, "Entrypoint", b->entrypoint, &c->entrypoint);
    if (res < 0)
        return res;
    if (c->entrypoint) { /* [""] is "none" */
        c->entrypoint_given = true;
        if (!*c->entrypoint[0] && !c->entrypoint[1])
            c->entrypoint = NULL;
    }
    for (char **p = b->env; p && *p; p++) {
        if (**p == '=' || !**p)
            return bad(r, "Env", "a variable without a name");
        if (strchr(*p, '='))
            c->env = env_set(r->arena, c->env, *p);
        else
            c->env_unset = strv_add(r->arena, strv_copy(r->arena, c->env_unset), *p);
    }
    c->workdir = none_if_empty(c->workdir);
    c->workdir_given = c->workdir != NULL;
    c->user = none_if_empty(c->user);
    c->hostname = none_if_empty(c->hostname);
    c->hostname_given = c->hostname != NULL;
    c->stop_signal = none_if_empty(c->stop_signal);
    if (c->stop_signal && option_signal(c->stop_signal, &signo, r->err) < 0)
        return -EINVAL;
    if (json_is_integer(b->stop_timeout))
        c->stop_timeout = json_integer_value(b->stop_timeout);
    static const char *const names[] = { "stdin", "stdout", "stderr" };
    const bool on[] = { b->attach_in, b->attach_out, b->attach_err };
    for (size_t i = 0; i < ARRAY_SIZE(on); i++)
        if (on[i])
            c->attach = strv_add(r->arena, c->attach, names[i]);
    c->init = b->init && *b->init;
    if (str_empty(b->restart.name))
        return 0;
    return option_restart(
        r->arena,
        b->restart.tries ? arena_printf(r->arena, "%s:%" PRId64, b->restart.name, b->restart.tries)
                         : b->restart.name,
        c, r->err);
}

struct health_body {
    char **test;
    int64_t interval, timeout, start_period, start_interval, retries;
};
static const struct json_field health_rows[] = {
    JF_STRV(struct health_body, test, "Test", 0),
    JF_I64(struct health_body, interval, "Interval", 0),
    JF_I64(struct health_body, timeout, "Timeout", 0),
    JF_I64(struct health_body, start_period, "StartPeriod", 0),
    JF_I64(struct health_body, start_interval, "StartInterval", 0),
    JF_I64(struct health_body, retries, "Retries", 0),
    { 0 },
};
static const struct json_type health_type = JSON_TYPE(struct health_body, health_rows);

static int fill_health(struct request *r, struct body *b)
{
    struct health_config *h = &b->c.health;
    struct health_body given = { 0 };

    h->max_log_count = HEALTH_LOG_COUNT;
    h->max_log_size = HEALTH_LOG_SIZE;
    if (!json_is_object(b->health))
        return 0;
    int res = json_read_nocase(r->arena, b->health, &health_type, &given, r->err);
    if (res < 0)
        return res;
    h->test = given.test;
    h->interval = given.interval;
    h->timeout = given.timeout;
    h->start_period = given.start_period;
    h->retries = given.retries;
    return 0;
}

static int add_mount(struct request *r, struct container_config *c, const struct container_mount *m)
{
    for (size_t i = 0; i < c->mounts.n; i++)
        if (STR_EQ(c->mounts.items[i].destination, m->destination))
            return err_set(r->err, ERR_CONFLICT, EINVAL, "%s: duplicate mount destination",
                           m->destination);
    *LIST_ADD(r->arena, c->mounts) = *m;
    return 0;
}

static int mount_object(struct request *r, struct body *b, const struct mount_body *m)
{
    struct container_mount out = { .type = m->type,
                                   .source = m->source ? m->source : arena_strdup(r->arena, ""),
                                   .destination = path_clean(r->arena, m->target) };
    char **opts = NULL;

    if (!STR_IN(m->type, "bind", "volume", "tmpfs", "image"))
        return err_set(r->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "mounts of type \"%s\" are not supported", m->type);
    if (out.destination[0] != '/')
        return bad(r, "HostConfig.Mounts", "Target must be an absolute path");
    if (STR_EQ(m->type, "bind") && *out.source != '/')
        return bad(r, "HostConfig.Mounts", "the Source of a bind must be an absolute path");
    if (m->read_only)
        opts = strv_add(r->arena, opts, "ro");
    if (STR_EQ(m->type, "bind")) {
        opts = strv_add(r->arena, opts, m->bind.non_recursive ? "bind" : "rbind");
        if (!str_empty(m->bind.propagation))
            opts = strv_add(r->arena, opts, m->bind.propagation);
        if (m->bind.create && create_bind_source(r, &out) < 0)
            return -EIO;
    }
    if (STR_EQ(m->type, "volume")) {
        if (m->volume.no_copy)
            opts = strv_add(r->arena, opts, "nocopy");
        out.anonymous = !*out.source;
        out.subpath = none_if_empty(m->volume.subpath);
        if (m->volume.driver.options.n || m->volume.labels.n ||
            !(str_empty(m->volume.driver.name) || STR_EQ(m->volume.driver.name, "local")))
            return err_set(r->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                           "a volume with labels or driver options has to be made before: "
                           "POST /volumes/create");
    }
    if (STR_EQ(m->type, "tmpfs") && m->tmpfs.size)
        opts = strv_add(r->arena, opts, arena_printf(r->arena, "size=%" PRId64, m->tmpfs.size));
    if (STR_EQ(m->type, "tmpfs") && m->tmpfs.mode)
        opts = strv_add(r->arena, opts,
                        arena_printf(r->arena, "mode=%" PRIo64, (uint64_t)m->tmpfs.mode));
    out.options = opts;
    return add_mount(r, &b->c, &out);
}

static int fill_mounts(struct request *r, struct body *b)
{
    struct container_config *c = &b->c;
    const char *key;
    json_t *value;
    int res = 0;

    for (size_t i = 0; res == 0 && i < b->mounts.n; i++)
        res = mount_object(r, b, &b->mounts.items[i]);
    for (char **p = b->binds; res == 0 && p && *p; p++) {
        struct container_mount m = { 0 };
        res = option_volume(r->arena, *p, &m, r->err);
        if (res == 0)
            res = create_bind_source(r, &m);
        if (res == 0)
            res = add_mount(r, c, &m);
    }
    json_object_foreach (b->tmpfs, key, value) {
        const char *opts = json_string_value(value);
        struct container_mount m = { 0 };
        if (res == 0)
            res = option_tmpfs(r->arena,
                               str_empty(opts) ? key : arena_printf(r->arena, "%s:%s", key, opts),
                               &m, r->err);
        if (res == 0)
            res = add_mount(r, c, &m);
    }
    json_object_foreach (b->volumes, key, value) { /* anonymous ones, where nothing else is */
        char *dst = path_clean(r->arena, key);
        bool have = false;
        for (size_t i = 0; i < c->mounts.n; i++)
            have |= STR_EQ(c->mounts.items[i].destination, dst);
        if (res < 0 || have)
            continue;
        if (*dst != '/')
            res = bad(r, "Volumes", "must be absolute paths");
        *LIST_ADD(r->arena, c->mounts) = (struct container_mount) {
            .type = arena_strdup(r->arena, "volume"), .destination = dst, .anonymous = true
        };
    }
    return res < 0 ? res : create_volumes_from(r, c, b->volumes_from);
}

static int fill_devices(struct request *r, struct body *b)
{
    int res = 0;

    if (json_array_size(b->device_requests))
        return err_set(r->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "DeviceRequests (--gpus) are not supported: name the devices in Devices");
    for (size_t i = 0; res == 0 && i < b->devices.n; i++) {
        const struct device_body *d = &b->devices.items[i];
        const char *inside = str_empty(d->container) ? d->host : d->container;
        res = option_device(r->arena,
                            arena_printf(r->arena, "%s:%s:%s", d->host, inside,
                                         str_empty(d->access) ? "rwm" : d->access),
                            LIST_ADD(r->arena, b->c.devices), r->err);
    }
    for (char **p = b->c.device_cgroup_rules; res == 0 && p && *p; p++) {
        struct device_rule rule;
        res = option_device_rule(r->arena, *p, &rule, r->err);
    }
    return res;
}

static int fill_security(struct request *r, struct body *b)
{
    int res = 0;

    for (char **p = b->security; res == 0 && p && *p; p++) {
        if (str_starts(*p, "seccomp={") || str_starts(*p, "seccomp:{"))
            return err_set(r->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                           "a seccomp profile in the request is not supported: give the path of a "
                           "file on the host");
        res = option_security(r->arena, *p, &b->c, r->err);
    }
    for (size_t i = 0; res == 0 && i < b->ulimits.n; i++) {
        const struct ulimit_body *u = &b->ulimits.items[i];
        res = option_ulimit(
            r->arena, arena_printf(r->arena, "%s=%" PRId64 ":%" PRId64, u->name, u->soft, u->hard),
            &b->c, r->err);
    }
    if (json_is_array(b->masked) && !json_array_size(b->masked)) /* "systempaths=unconfined" */
        b->c.unmask = strv_add(r->arena, b->c.unmask, "ALL");
    return res;
}

static int throttles(struct request *r, const throttle_list *from, container_throttles *to)
{
    for (size_t i = 0; i < from->n; i++)
        *LIST_ADD(r->arena, *to) = (struct container_throttle) {
            .path = from->items[i].path,
            .rate = from->items[i].weight ? from->items[i].weight : from->items[i].rate
        };
    return 0;
}

static int fill_resources(struct request *r, struct body *b)
{
    struct container_resources *res = &b->c.resources;

    if (res->nano_cpus) {
        if (res->cpu_period || res->cpu_quota)
            return bad(r, "HostConfig", "NanoCpus conflicts with CpuPeriod and CpuQuota");
        int n = option_cpus((double)res->nano_cpus / 1e9, res, r->err);
        if (n < 0)
            return n;
    }
    if (res->memory && res->memory_swap > 0 && res->memory_swap < res->memory)
        return bad(r, "HostConfig", "minimum memory swap limit should be larger than memory limit");
    if (b->swappiness && *b->swappiness >= 0)
        res->swappiness = b->swappiness;
    if (b->pids && *b->pids)
        res->pids_limit = b->pids;
    if (b->oom_score)
        res->oom_score_adj = &b->oom_score;
    res->oom_kill_disable = b->oom_kill_disable && *b->oom_kill_disable;
    throttles(r, &b->weights, &res->blkio_weight_device);
    throttles(r, &b->read_bps, &res->read_bps);
    throttles(r, &b->write_bps, &res->write_bps);
    throttles(r, &b->read_iops, &res->read_iops);
    throttles(r, &b->write_iops, &res->write_iops);
    return 0;
}

static int fill_log(struct request *r, struct body *b)
{
    struct container_config *c = &b->c;

    c->log_driver = none_if_empty(b->log.type);
    if (c->log_driver && STR_EQ(c->log_driver, "default"))
        c->log_driver = NULL;
    if (c->log_driver && !STR_IN(c->log_driver, "k8s-file", "json-file", "journald", "none"))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                       "running container create option: invalid log driver: invalid argument");
    for (size_t i = 0; i < b->log.config.n; i++) {
        const struct kv *o = &b->log.config.items[i];
        if (STR_EQ(o->key, "path"))
            c->log_path = o->val;
        else if (STR_EQ(o->key, "tag"))
            c->log_tag = o->val;
        else if (STR_EQ(o->key, "max-size")) {
            if (parse_size_decimal(o->val, &c->log_size_max) < 0)
                return bad(r, "HostConfig.LogConfig.Config", "max-size is not a size");
        } else if (!STR_IN(o->key, "max-file", "compress", "mode", "max-buffer-size"))
            kv_set(r->arena, &c->log_options, o->key, o->val);
    }
    return 0;
}

/* ---------- networks ---------- */

struct ipam_body {
    char *ip4, *ip6;
};
struct endpoint_body {
    struct ipam_body ipam;
    char **aliases, **links, *mac;
};
static const struct json_field ipam_rows[] = {
    JF_STR(struct ipam_body, ip4, "IPv4Address", 0),
    JF_STR(struct ipam_body, ip6, "IPv6Address", 0),
    { 0 },
};
static const struct json_type ipam_type = JSON_TYPE(struct ipam_body, ipam_rows);
static const struct json_field endpoint_rows[] = {
    JF_OBJ(struct endpoint_body, ipam, "IPAMConfig", 0, &ipam_type),
    JF_STRV(struct endpoint_body, aliases, "Aliases", 0),
    JF_STRV(struct endpoint_body, links, "Links", 0),
    JF_STR(struct endpoint_body, mac, "MacAddress", 0),
    { 0 },
};
static const struct json_type endpoint_type = JSON_TYPE(struct endpoint_body, endpoint_rows);

static struct container_network *network_named(struct request *r, struct container_config *c,
                                               const char *name)
{
    if (STR_IN(name, "default", "bridge"))
        name = "";
    for (size_t i = 0; i < c->networks.n; i++)
        if (STR_EQ(c->networks.items[i].name, name))
            return &c->networks.items[i];
    struct container_network *n = LIST_ADD(r->arena, c->networks);
    *n = (struct container_network) { .name = arena_strdup(r->arena, name) };
    return n;
}

static int endpoint(struct request *r, struct container_config *c, const char *name,
                    const json_t *doc)
{
    struct endpoint_body e = { 0 };
    struct container_network *n = network_named(r, c, name);
    int res = json_is_null(doc) ? 0 : json_read_nocase(r->arena, doc, &endpoint_type, &e, r->err);

    if (res == 0 && e.links && *e.links)
        res = err_set(r->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                      "links are not supported: containers on one network know each other by name");
    if (res == 0 && !str_empty(e.ipam.ip4))
        res = option_ip(e.ipam.ip4, AF_INET, r->err);
    if (res == 0 && !str_empty(e.ipam.ip6))
        res = option_ip(e.ipam.ip6, AF_INET6, r->err);
    if (res == 0 && !str_empty(e.mac))
        res = option_mac(e.mac, r->err);
    if (res < 0)
        return res;
    if (!str_empty(e.ipam.ip4))
        n->ips = strv_add(r->arena, n->ips, e.ipam.ip4);
    if (!str_empty(e.ipam.ip6))
        n->ips = strv_add(r->arena, n->ips, e.ipam.ip6);
    n->aliases = e.aliases;
    n->mac = none_if_empty(e.mac);
    return 0;
}

static int port_bindings(struct request *r, struct container_config *c, const char *port,
                         const json_t *list)
{
    size_t i;
    json_t *each;
    int res = 0;

    json_array_foreach (list, i, each) {
        const char *ip = NULL, *host = NULL, *key;
        json_t *v;
        json_object_foreach (each, key, v) {
            if (strcasecmp(key, "HostIp") == 0)
                ip = json_string_value(v);
            if (strcasecmp(key, "HostPort") == 0)
                host = json_string_value(v);
        }
        bool six = ip && strchr(ip, ':');
        const char *where = str_empty(ip) ? "" : arena_printf(r->arena, six ? "[%s]:" : "%s:", ip);
        if (res == 0)
            res = option_publish(r->arena,
                                 str_empty(host) && !*where
                                     ? port
                                     : arena_printf(r->arena, "%s%s:%s", where,
                                                    host && !STR_EQ(host, "0") ? host : "", port),
                                 LIST_ADD(r->arena, c->ports), r->err);
    }
    return res;
}

static int fill_ports(struct request *r, struct body *b)
{
    const char *key;
    json_t *value;
    int res = 0;

    json_object_foreach (b->exposed, key, value)
        if (res == 0)
            res = option_expose(r->arena, key, &b->c.expose, r->err);
    json_object_foreach (b->ports, key, value)
        if (res == 0)
            res = port_bindings(r, &b->c, key, value);
    return res;
}

static int fill_network(struct request *r, struct body *b)
{
    struct container_config *c = &b->c;
    const char *mode = b->network_disabled ? "none" : b->network_mode, *key;
    json_t *value, *endpoints = NULL;
    int res = 0;

    json_object_foreach (b->networking, key, value)
        if (strcasecmp(key, "EndpointsConfig") == 0)
            endpoints = value;
    if (b->links && *b->links)
        return err_set(
            r->err, ERR_UNSUPPORTED, EOPNOTSUPP,
            "links are not supported: containers on one network know each other by name");
    bool usual = str_empty(mode) || STR_IN(mode, "default", "bridge");
    if (!usual) {
        char *one[] = { arena_strdup(r->arena, mode), NULL };
        res = option_networks(r->arena, one, c, r->err);
    }
    bool bridge = usual || str_same(c->netns, "bridge");
    bool rootless = engine_rootless(request_engine(r)); /* has another usual network */
    json_object_foreach (endpoints, key, value)
        if (res == 0 && bridge && !STR_IN(key, "host", "none") &&
            !(rootless && STR_IN(key, "default", "bridge")))
            res = endpoint(r, c, key, value);
    if (c->networks.n)
        c->netns = arena_strdup(r->arena, "bridge");
    if (res == 0 && !str_empty(b->mac)) {
        struct container_network *n = c->networks.n ? c->networks.items : network_named(r, c, "");
        c->netns = arena_strdup(r->arena, "bridge");
        res = option_mac(b->mac, r->err);
        n->mac = b->mac;
    }
    for (char **p = b->hosts; res == 0 && p && *p; p++)
        res = option_add_host(*p, r->err);
    if (res == 0)
        res = option_dns(b->dns, r->err);
    c->add_hosts = b->hosts;
    c->dns_servers = b->dns;
    return res < 0 ? res : fill_ports(r, b);
}

int create_from_compat(struct request *r, const json_t *doc, struct container_config *c,
                       char **ret_image)
{
    static int (*const parts[])(struct request *, struct body *) = {
        fill_process,  fill_health,    fill_mounts, fill_devices,
        fill_security, fill_resources, fill_log,    fill_network,
    };
    struct body *b = arena_alloc(r->arena, sizeof(*b)); /* what it holds is pointed to from @c */

    b->c = *c;
    int res = json_read_nocase(r->arena, doc, &body_type, b, r->err);
    if (res == 0 && json_is_object(b->host))
        res = json_read_nocase(r->arena, b->host, &host_type, b, r->err);
    if (res == 0 && b->storage.n)
        res = err_set(r->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                      "StorageOpt: a container's size cannot be limited");
    for (size_t i = 0; res == 0 && i < ARRAY_SIZE(parts); i++)
        res = parts[i](r, b);
    if (res < 0)
        return res;
    if (b->c.runtime &&
        STR_IN(b->c.runtime, "", "oci", "podman-runtime", "runc", "io.containerd.runc.v2"))
        b->c.runtime = NULL; /* Docker's name for the usual one */
    *c = b->c;
    *ret_image = b->image;
    return 0;
}
