/* Podman's body of POST /libpod/containers/create: a SpecGenerator. */
#include <inttypes.h>

#include "api/create.h"
#include "api/documents.h"
#include "base/parse.h"
#include "engine/options.h"
#include "engine/options_net.h"
#include "engine/secrets.h"

#include "base/banned.h"

struct ns_body {
    char *mode, *value;
};
struct log_body {
    char *driver, *path;
    int64_t size;
    kv_list options, labels;
};
struct mount_body {
    char *destination, *type, *source, **options;
};
struct volume_body {
    char *name, *dest, **options, *subpath;
    bool anonymous;
};
struct image_volume_body {
    char *source, *destination;
    bool read_write;
};
struct artifact_volume_body {
    char *source, *destination, *title, *digest, *name;
};
struct device_body {
    char *path;
};
struct device_rule_body {
    bool allow;
    char *type, *access;
    int64_t *major, *minor;
};
struct limit_body {
    char *type;
    int64_t soft, hard;
};
struct secret_body {
    char *source, *target;
    int64_t uid, gid, mode;
};
struct port_body {
    char *host_ip, *protocol;
    int64_t container_port, host_port, range;
};
struct health_body {
    char **test;
    int64_t interval, timeout, start_period, retries, successes;
};
struct idmap_row {
    int64_t container, host, size;
};
struct idmap_body {
    JSON_LIST(struct idmap_row) uids, gids;
};
struct personality_body {
    char *domain;
};
struct rdt_body {
    char *class;
};

struct body {
    struct container_config c;
    char *image, *pod, *init_type, *rootfs_mapping;
    kv_list env, storage, secret_env;
    bool *http_proxy, *manage_password, env_host, no_new_env;
    int64_t *stop_signal, *stop_timeout;
    struct ns_body netns, pidns, ipcns, utsns, userns, cgroupns;
    struct log_body log;
    char *restart;
    int64_t restart_tries;
    JSON_LIST(struct mount_body) mounts;
    JSON_LIST(struct volume_body) volumes;
    JSON_LIST(struct mount_body) overlays;
    JSON_LIST(struct image_volume_body) image_volumes;
    JSON_LIST(struct artifact_volume_body) artifact_volumes;
    JSON_LIST(struct device_body) devices;
    JSON_LIST(struct device_rule_body) rules;
    JSON_LIST(struct limit_body) limits;
    JSON_LIST(struct secret_body) secrets;
    JSON_LIST(struct port_body) ports;
    char **volumes_from, **devices_from, **gpus, **requires_, **network_order;
    json_t *networks, *expose, *resources, *weight_device, *read_bps, *write_bps, *read_iops,
        *write_iops;
    int64_t *oom_score, on_failure;
    struct health_body health, startup;
    struct idmap_body idmaps;
    struct personality_body personality;
    struct rdt_body rdt;
    int64_t health_count, health_size;
};

#define TYPE(name, T) static const struct json_type name##_type = JSON_TYPE(struct T, name##_rows)
static const struct json_field ns_rows[] = { JF_STR(struct ns_body, mode, "nsmode", 0),
                                             JF_STR(struct ns_body, value, "value", 0),
                                             { 0 } };
TYPE(ns, ns_body);
static const struct json_field log_rows[] = {
    JF_STR(struct log_body, driver, "driver", 0), JF_STR(struct log_body, path, "path", 0),
    JF_I64(struct log_body, size, "size", 0),     JF_MAP(struct log_body, options, "options", 0),
    JF_MAP(struct log_body, labels, "labels", 0), { 0 },
};
TYPE(log, log_body);
static const struct json_field mount_rows[] = {
    JF_STR(struct mount_body, destination, "destination", JF_REQUIRED),
    JF_STR(struct mount_body, type, "type", 0),
    JF_STR(struct mount_body, source, "source", 0),
    JF_STRV(struct mount_body, options, "options", 0),
    { 0 },
};
TYPE(mount, mount_body);
static const struct json_field volume_rows[] = {
    JF_STR(struct volume_body, name, "Name", 0),
    JF_STR(struct volume_body, dest, "Dest", JF_REQUIRED),
    JF_STRV(struct volume_body, options, "Options", 0),
    JF_STR(struct volume_body, subpath, "SubPath", 0),
    JF_BOOL(struct volume_body, anonymous, "IsAnonymous", 0),
    { 0 },
};
TYPE(volume, volume_body);
static const struct json_field image_volume_rows[] = {
    JF_STR(struct image_volume_body, source, "Source", JF_REQUIRED),
    JF_STR(struct image_volume_body, destination, "Destination", JF_REQUIRED),
    JF_BOOL(struct image_volume_body, read_write, "ReadWrite", 0),
    { 0 },
};
TYPE(image_volume, image_volume_body);
static const struct json_field artifact_volume_rows[] = {
    JF_STR(struct artifact_volume_body, source, "source", JF_REQUIRED),
    JF_STR(struct artifact_volume_body, destination, "destination", JF_REQUIRED),
    JF_STR(struct artifact_volume_body, title, "title", 0),
    JF_STR(struct artifact_volume_body, digest, "digest", 0),
    JF_STR(struct artifact_volume_body, name, "name", 0),
    { 0 },
};
TYPE(artifact_volume, artifact_volume_body);
static const struct json_field device_rows[] = {
    JF_STR(struct device_body, path, "path", JF_REQUIRED),
    { 0 },
};
TYPE(device, device_body);
static const struct json_field rule_rows[] = {
    JF_BOOL(struct device_rule_body, allow, "allow", 0),
    JF_STR(struct device_rule_body, type, "type", 0),
    JF_STR(struct device_rule_body, access, "access", 0),
    JF_PI64(struct device_rule_body, major, "major", 0),
    JF_PI64(struct device_rule_body, minor, "minor", 0),
    { 0 },
};
TYPE(rule, device_rule_body);
static const struct json_field limit_rows[] = {
    JF_STR(struct limit_body, type, "type", JF_REQUIRED),
    JF_I64(struct limit_body, soft, "soft", 0),
    JF_I64(struct limit_body, hard, "hard", 0),
    { 0 },
};
TYPE(limit, limit_body);
static const struct json_field secret_rows[] = {
    JF_STR(struct secret_body, source, "Source", JF_REQUIRED),
    JF_STR(struct secret_body, target, "Target", 0),
    JF_I64(struct secret_body, uid, "UID", 0),
    JF_I64(struct secret_body, gid, "GID", 0),
    JF_I64(struct secret_body, mode, "Mode", 0),
    { 0 },
};
TYPE(secret, secret_body);
static const struct json_field port_rows[] = {
    JF_STR(struct port_body, host_ip, "host_ip", 0),
    JF_STR(struct port_body, protocol, "protocol", 0),
    JF_I64(struct port_body, container_port, "container_port", JF_REQUIRED),
    JF_I64(struct port_body, host_port, "host_port", 0),
    JF_I64(struct port_body, range, "range", 0),
    { 0 },
};
TYPE(port, port_body);
static const struct json_field health_rows[] = {
    JF_STRV(struct health_body, test, "Test", 0),
    JF_I64(struct health_body, interval, "Interval", 0),
    JF_I64(struct health_body, timeout, "Timeout", 0),
    JF_I64(struct health_body, start_period, "StartPeriod", 0),
    JF_I64(struct health_body, retries, "Retries", 0),
    JF_I64(struct health_body, successes, "Successes", 0),
    { 0 },
};
TYPE(health, health_body);
static const struct json_field idmap_row_rows[] = {
    JF_I64(struct idmap_row, container, "container_id", 0),
    JF_I64(struct idmap_row, host, "host_id", 0),
    JF_I64(struct idmap_row, size, "size", 0),
    { 0 },
};
TYPE(idmap_row, idmap_row);
static const struct json_field idmap_rows[] = {
    JF_LIST(struct idmap_body, uids, "UIDMap", 0, &idmap_row_type),
    JF_LIST(struct idmap_body, gids, "GIDMap", 0, &idmap_row_type),
    { 0 },
};
TYPE(idmap, idmap_body);
static const struct json_field personality_rows[] = {
    JF_STR(struct personality_body, domain, "domain", 0),
    { 0 },
};
TYPE(personality, personality_body);
static const struct json_field rdt_rows[] = {
    JF_STR(struct rdt_body, class, "closID", 0),
    { 0 },
};
TYPE(rdt, rdt_body);

#define C_STR(m, key)   JF_STR(struct body, c.m, key, 0)
#define C_STRV(m, key)  JF_STRV(struct body, c.m, key, 0)
#define C_BOOL(m, key)  JF_BOOL(struct body, c.m, key, 0)
#define C_I64(m, key)   JF_I64(struct body, c.m, key, 0)
#define NS(m, key)      JF_OBJ(struct body, m, key, 0, &ns_type)
#define LIST(m, key, t) JF_LIST(struct body, m, key, 0, &t##_type)
#define RAW(m, key)     JF_RAW(struct body, m, key, 0)
static const struct json_field body_rows[] = {
    C_STR(name, "name"),
    C_STRV(entrypoint, "entrypoint"),
    C_STRV(command, "command"),
    C_BOOL(terminal, "terminal"),
    C_BOOL(stdin_open, "stdin"),
    JF_MAP(struct body, c.labels, "labels", 0),
    JF_MAP(struct body, c.annotations, "annotations", 0),
    C_I64(timeout, "timeout"),
    C_STR(monitor_pid_file, "conmon_pid_file"),
    C_STR(runtime, "oci_runtime"),
    C_STR(systemd, "systemd"),
    C_STR(sdnotify, "sdnotifyMode"),
    C_STR(hostname, "hostname"),
    C_STRV(host_users, "hostusers"),
    JF_MAP(struct body, c.sysctls, "sysctl", 0),
    C_BOOL(auto_remove, "remove"),
    C_BOOL(auto_remove_image, "removeImage"),
    C_STRV(create_command, "containerCreateCommand"),
    C_STR(tz, "timezone"),
    C_STRV(env_merge, "envmerge"),
    C_STRV(env_unset, "unsetenv"),
    C_BOOL(env_unset_all, "unsetenvall"),
    C_STR(passwd_entry, "passwd_entry"),
    C_STR(group_entry, "group_entry"),
    C_STR(rootfs, "rootfs"),
    C_BOOL(rootfs_overlay, "rootfs_overlay"),
    C_STR(image_volume, "image_volume_mode"),
    C_BOOL(init, "init"),
    C_STR(init_path, "init_path"),
    C_I64(shm_size, "shm_size"),
    C_I64(shm_size_systemd, "shm_size_systemd"),
    C_STR(workdir, "work_dir"),
    C_STRV(chroot_dirs, "chroot_directories"),
    C_BOOL(privileged, "privileged"),
    C_STR(user, "user"),
    C_STRV(groups, "groups"),
    C_STRV(cap_add, "cap_add"),
    C_STRV(cap_drop, "cap_drop"),
    C_STRV(label_opts, "selinux_opts"),
    C_STR(apparmor_profile, "apparmor_profile"),
    C_STR(seccomp_policy, "seccomp_policy"),
    C_STR(seccomp_profile, "seccomp_profile_path"),
    C_BOOL(no_new_privileges, "no_new_privileges"),
    C_BOOL(read_only, "read_only_filesystem"),
    C_BOOL(read_only_tmpfs, "read_write_tmpfs"),
    C_STR(umask, "umask"),
    C_STRV(mask, "mask"),
    C_STRV(unmask, "unmask"),
    C_STR(cgroups, "cgroups_mode"),
    C_STR(cgroup_parent, "cgroup_parent"),
    C_BOOL(publish_all, "publish_image_ports"),
    C_STRV(dns_servers, "dns_server"),
    C_STRV(dns_searches, "dns_search"),
    C_STRV(dns_options, "dns_option"),
    C_BOOL(no_hostname, "use_image_hostname"),
    C_BOOL(no_hosts, "use_image_hosts"),
    C_STR(hosts_file, "base_hosts_file"),
    C_STRV(add_hosts, "hostadd"),
    JF_MAP(struct body, c.resources.unified, "unified", 0),
    JF_STR(struct body, image, "image", 0),
    JF_STR(struct body, pod, "pod", 0),
    JF_STR(struct body, init_type, "init_container_type", 0),
    JF_MAP(struct body, env, "env", 0),
    JF_MAP(struct body, secret_env, "secret_env", 0),
    JF_MAP(struct body, storage, "storage_opts", 0),
    JF_PBOOL(struct body, http_proxy, "httpproxy", 0),
    JF_PBOOL(struct body, manage_password, "manage_password", 0),
    JF_BOOL(struct body, env_host, "env_host", 0),
    JF_PI64(struct body, stop_signal, "stop_signal", 0),
    JF_PI64(struct body, stop_timeout, "stop_timeout", 0),
    NS(netns, "netns"),
    NS(pidns, "pidns"),
    NS(ipcns, "ipcns"),
    NS(utsns, "utsns"),
    NS(userns, "userns"),
    NS(cgroupns, "cgroupns"),
    JF_OBJ(struct body, log, "log_configuration", 0, &log_type),
    JF_STR(struct body, restart, "restart_policy", 0),
    JF_I64(struct body, restart_tries, "restart_tries", 0),
    LIST(mounts, "mounts", mount),
    LIST(volumes, "volumes", volume),
    LIST(overlays, "overlay_volumes", mount),
    LIST(image_volumes, "image_volumes", image_volume),
    LIST(artifact_volumes, "artifact_volumes", artifact_volume),
    LIST(devices, "devices", device),
    LIST(rules, "device_cgroup_rule", rule),
    LIST(limits, "r_limits", limit),
    LIST(secrets, "secrets", secret),
    LIST(ports, "portmappings", port),
    JF_STRV(struct body, volumes_from, "volumes_from", 0),
    JF_STRV(struct body, devices_from, "devices_from", 0),
    JF_STRV(struct body, gpus, "gpus", 0),
    JF_STRV(struct body, requires_, "dependencyContainers", 0),
    JF_STRV(struct body, network_order, "networkOrder", 0),
    RAW(networks, "networks"),
    RAW(expose, "expose"),
    RAW(resources, "resource_limits"),
    RAW(weight_device, "weightDevice"),
    RAW(read_bps, "throttleReadBpsDevice"),
    RAW(write_bps, "throttleWriteBpsDevice"),
    RAW(read_iops, "throttleReadIOPSDevice"),
    RAW(write_iops, "throttleWriteIOPSDevice"),
    JF_PI64(struct body, oom_score, "oom_score_adj", 0),
    JF_I64(struct body, on_failure, "health_check_on_failure_action", 0),
    JF_OBJ(struct body, health, "healthconfig", 0, &health_type),
    JF_OBJ(struct body, startup, "startupHealthConfig", 0, &health_type),
    C_STR(health.log_destination, "healthLogDestination"),
    JF_I64(struct body, health_count, "healthMaxLogCount", 0),
    JF_I64(struct body, health_size, "healthMaxLogSize", 0),
    JF_OBJ(struct body, idmaps, "idmappings", 0, &idmap_type),
    JF_OBJ(struct body, personality, "personality", 0, &personality_type),
    JF_OBJ(struct body, rdt, "intelRdt", 0, &rdt_type),
    { 0 },
};
TYPE(body, body);

static char *none_if_empty(char *s)
{
    return str_empty(s) ? NULL : s;
}

static char **none_if_no(char **v)
{
    return v && *v ? v : NULL;
}

/* ---------- what is refused ---------- */

static int check(struct request *r, struct body *b)
{
    const struct {
        bool given;
        const char *what;
    } refused[] = {
        { b->storage.n > 0, "storage_opts" },
        { b->devices_from && *b->devices_from, "devices_from" },
        { b->gpus && *b->gpus, "gpus" },
        { !str_empty(b->rootfs_mapping), "rootfs_mapping" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        if (refused[i].given)
            return err_set(r->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                           "%s: containers with these cannot be made over the API yet",
                           refused[i].what);
    return 0;
}

/* ---------- process ---------- */

static int fill_process(struct request *r, struct body *b)
{
    static const char *const proxies[] = { "http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
                                           "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY" };
    struct container_config *c = &b->c;

    c->entrypoint_given = c->entrypoint != NULL;
    c->entrypoint = none_if_no(c->entrypoint);
    if (c->entrypoint && !*c->entrypoint[0] && !c->entrypoint[1]) /* --entrypoint "" */
        c->entrypoint = NULL;
    c->command = none_if_no(c->command);
    if (b->env_host)
        c->env = option_env(r->arena, "*", c->env);
    for (size_t i = 0; b->http_proxy && *b->http_proxy && i < ARRAY_SIZE(proxies); i++)
        c->env = option_env(r->arena, proxies[i], c->env);
    for (size_t i = 0; i < b->env.n; i++)
        c->env = env_set(r->arena, c->env,
                         arena_printf(r->arena, "%s=%s", b->env.items[i].key, b->env.items[i].val));
    c->workdir = none_if_empty(c->workdir);
    c->workdir_given = c->workdir != NULL;
    c->hostname = none_if_empty(c->hostname);
    c->hostname_given = c->hostname != NULL;
    c->no_passwd = b->manage_password && !*b->manage_password;
    c->runtime = none_if_empty(c->runtime);
    c->pod = none_if_empty(b->pod);
    c->init_type = none_if_empty(b->init_type);
    if (c->init_type && (!c->pod || !STR_IN(c->init_type, "always", "once")))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                       "init_container_type must be always or once, of a container in a pod");
    if (b->stop_signal && *b->stop_signal) {
        const char *name = signal_name((int)*b->stop_signal);
        if (!name)
            return err_set(r->err, ERR_BAD_PARAM, EINVAL, "invalid stop_signal: %" PRId64,
                           *b->stop_signal);
        c->stop_signal = arena_strdup(r->arena, name);
    }
    if (b->stop_timeout)
        c->stop_timeout = *b->stop_timeout;
    c->personality = none_if_empty(b->personality.domain);
    c->rdt_class = none_if_empty(b->rdt.class);
    for (char **p = b->requires_; p && *p; p++) {
        struct container other;
        int res = request_find(r, *p, &other);
        if (res < 0)
            return res;
        c->requires_ = strv_add(r->arena, c->requires_, other.config.id);
    }
    if (str_empty(b->restart))
        return 0;
    return option_restart(r->arena,
                          b->restart_tries
                              ? arena_printf(r->arena, "%s:%" PRId64, b->restart, b->restart_tries)
                              : b->restart,
                          c, r->err);
}

static int fill_log(struct request *r, struct body *b)
{
    static const char *const drivers[] = { "k8s-file",    "json-file",       "journald", "none",
                                           "passthrough", "passthrough-tty", NULL };
    struct container_config *c = &b->c;

    if (!str_empty(b->log.driver) && !str_in_list(b->log.driver, drivers))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                       "running container create option: invalid log driver: invalid argument");
    c->log_driver = none_if_empty(b->log.driver);
    c->log_path = none_if_empty(b->log.path);
    c->log_size_max = b->log.size > 0 ? b->log.size : -1;
    c->log_tag = arena_strdup(r->arena, kv_get(&b->log.options, "tag"));
    c->log_options = b->log.labels;
    return 0;
}

static int fill_health(struct request *r, struct body *b)
{
    static const char *const actions[] = { "none", NULL, "kill", "restart", "stop" };
    struct health_config *h = &b->c.health;

    h->test = none_if_no(b->health.test);
    h->interval = b->health.interval;
    h->timeout = b->health.timeout;
    h->start_period = b->health.start_period;
    h->retries = b->health.retries;
    h->startup_test = none_if_no(b->startup.test);
    h->startup_interval = b->startup.interval;
    h->startup_timeout = b->startup.timeout;
    h->startup_retries = b->startup.retries;
    h->startup_success = b->startup.successes;
    h->max_log_count = b->health_count ? b->health_count : HEALTH_LOG_COUNT;
    h->max_log_size = b->health_size ? b->health_size : HEALTH_LOG_SIZE;
    if (b->on_failure < 0 || (uint64_t)b->on_failure >= ARRAY_SIZE(actions) ||
        !actions[b->on_failure])
        return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                       "invalid health_check_on_failure_action: %" PRId64, b->on_failure);
    if (b->on_failure)
        h->on_failure = arena_strdup(r->arena, actions[b->on_failure]);
    return 0;
}

/* ---------- files ---------- */

static void put(struct request *r, struct container_config *c, struct container_mount m)
{
    m.destination = path_clean(r->arena, m.destination);
    *LIST_ADD(r->arena, c->mounts) = m;
}

static int fill_mounts(struct request *r, struct body *b)
{
    struct container_config *c = &b->c;
    char *image = arena_strdup(r->arena, "image"), *volume = arena_strdup(r->arena, "volume"),
         *bind = arena_strdup(r->arena, "bind"), *artifact = arena_strdup(r->arena, "artifact");

    for (size_t i = 0; i < b->mounts.n; i++) {
        const struct mount_body *m = &b->mounts.items[i];
        if (!STR_IN(m->type ? m->type : "bind", "bind", "tmpfs", "devpts", "ramfs", "glob"))
            return err_set(r->err, ERR_BAD_PARAM, EINVAL, "invalid filesystem type \"%s\"",
                           m->type);
        put(r, c,
            (struct container_mount) { .type = m->type ? m->type : bind,
                                       .source = m->source,
                                       .destination = m->destination,
                                       .options = m->options });
    }
    for (size_t i = 0; i < b->volumes.n; i++) {
        const struct volume_body *v = &b->volumes.items[i];
        put(r, c,
            (struct container_mount) { .type = volume,
                                       .source = v->name,
                                       .destination = v->dest,
                                       .options = v->options,
                                       .subpath = none_if_empty(v->subpath),
                                       .anonymous = v->anonymous || str_empty(v->name) });
    }
    for (size_t i = 0; i < b->overlays.n; i++) {
        const struct mount_body *m = &b->overlays.items[i];
        char **opts = strv_copy(r->arena, m->options);
        if (!strv_has(opts, "O"))
            opts = strv_add(r->arena, opts, "O");
        put(r, c,
            (struct container_mount) { .type = m->source && *m->source == '/' ? bind : volume,
                                       .source = m->source,
                                       .destination = m->destination,
                                       .options = opts });
    }
    for (size_t i = 0; i < b->image_volumes.n; i++) {
        const struct image_volume_body *v = &b->image_volumes.items[i];
        put(r, c,
            (struct container_mount) { .type = image,
                                       .source = v->source,
                                       .destination = v->destination,
                                       .options = v->read_write ? strv_add(r->arena, NULL, "rw")
                                                                : NULL });
    }
    for (size_t i = 0; i < b->artifact_volumes.n; i++) {
        const struct artifact_volume_body *v = &b->artifact_volumes.items[i];
        put(r, c,
            (struct container_mount) { .type = artifact,
                                       .source = v->source,
                                       .destination = v->destination,
                                       .title = none_if_empty(v->title),
                                       .digest = none_if_empty(v->digest),
                                       .name = none_if_empty(v->name) });
    }
    return create_volumes_from(r, c, b->volumes_from);
}

static int fill_devices(struct request *r, struct body *b)
{
    int res = 0;

    for (size_t i = 0; res == 0 && i < b->devices.n; i++)
        res = option_device(r->arena, b->devices.items[i].path, LIST_ADD(r->arena, b->c.devices),
                            r->err);
    for (size_t i = 0; res == 0 && i < b->rules.n; i++) {
        const struct device_rule_body *d = &b->rules.items[i];
        char major[24] = "*", minor[24] = "*";
        struct device_rule rule;
        if (d->major)
            snprintf(major, sizeof(major), "%" PRId64, *d->major);
        if (d->minor)
            snprintf(minor, sizeof(minor), "%" PRId64, *d->minor);
        char *text = arena_printf(r->arena, "%s %s:%s %s", d->type ? d->type : "a", major, minor,
                                  d->access ? d->access : "rwm");
        res = option_device_rule(r->arena, text, &rule, r->err);
        b->c.device_cgroup_rules = strv_add(r->arena, b->c.device_cgroup_rules, text);
    }
    return res;
}

static int fill_secrets(struct request *r, struct body *b)
{
    int res = 0;

    for (size_t i = 0; res == 0 && i < b->secrets.n; i++) {
        const struct secret_body *s = &b->secrets.items[i];
        char *target = str_empty(s->target) ? arena_strdup(r->arena, "")
                                            : arena_printf(r->arena, ",target=%s", s->target);
        res = option_secret(
            r->arena,
            arena_printf(r->arena, "%s,uid=%" PRId64 ",gid=%" PRId64 ",mode=0%" PRIo64 "%s",
                         s->source, s->uid, s->gid, (uint64_t)(s->mode ? s->mode : 0444), target),
            &b->c, r->err);
    }
    for (size_t i = 0; res == 0 && i < b->secret_env.n; i++)
        res = option_secret(r->arena,
                            arena_printf(r->arena, "%s,type=env,target=%s",
                                         b->secret_env.items[i].val, b->secret_env.items[i].key),
                            &b->c, r->err);
    return res;
}

/* ---------- limits ---------- */

static int64_t number(const json_t *doc, const char *of, const char *key)
{
    return json_integer_value(doc_get(doc, of, key, NULL));
}

static int throttles(struct request *r, json_t *map, const char *key, container_throttles *to)
{
    const char *path;
    json_t *value;

    json_object_foreach (map, path, value)
        *LIST_ADD(r->arena, *to) =
            (struct container_throttle) { .path = arena_strdup(r->arena, path),
                                          .rate = json_integer_value(json_object_get(value, key)) };
    return 0;
}

static int fill_resources(struct request *r, struct body *b)
{
    struct container_resources *res = &b->c.resources;
    const json_t *d = b->resources, *swappiness = doc_get(d, "memory", "swappiness", NULL),
                 *pids = doc_get(d, "pids", "limit", NULL);
    int n = 0;

    res->memory = number(d, "memory", "limit");
    res->memory_swap = number(d, "memory", "swap");
    res->memory_reservation = number(d, "memory", "reservation");
    res->oom_kill_disable = json_is_true(doc_get(d, "memory", "disableOOMKiller", NULL));
    res->cpu_shares = number(d, "cpu", "shares");
    res->cpu_quota = number(d, "cpu", "quota");
    res->cpu_period = number(d, "cpu", "period");
    res->cpu_rt_runtime = number(d, "cpu", "realtimeRuntime");
    res->cpu_rt_period = number(d, "cpu", "realtimePeriod");
    res->cpuset_cpus = arena_strdup(r->arena, json_string_value(doc_get(d, "cpu", "cpus", NULL)));
    res->cpuset_mems = arena_strdup(r->arena, json_string_value(doc_get(d, "cpu", "mems", NULL)));
    res->blkio_weight = number(d, "blockIO", "weight");
    if (swappiness)
        res->swappiness = arena_memdup(r->arena, &(int64_t) { json_integer_value(swappiness) },
                                       sizeof(int64_t));
    if (pids)
        res->pids_limit = arena_memdup(r->arena, &(int64_t) { json_integer_value(pids) },
                                       sizeof(int64_t));
    res->oom_score_adj = b->oom_score;
    throttles(r, b->weight_device, "weight", &res->blkio_weight_device);
    throttles(r, b->read_bps, "rate", &res->read_bps);
    throttles(r, b->write_bps, "rate", &res->write_bps);
    throttles(r, b->read_iops, "rate", &res->read_iops);
    throttles(r, b->write_iops, "rate", &res->write_iops);
    for (size_t i = 0; n == 0 && i < b->limits.n; i++) {
        const struct limit_body *l = &b->limits.items[i];
        char *name = arena_strdup(r->arena, str_starts(l->type, "RLIMIT_") ? l->type + 7 : l->type);
        for (char *p = name; *p; p++)
            if (*p >= 'A' && *p <= 'Z')
                *p += 32;
        n = option_ulimit(r->arena,
                          arena_printf(r->arena, "%s=%" PRId64 ":%" PRId64, name, l->soft, l->hard),
                          &b->c, r->err);
    }
    return n;
}

/* ---------- namespaces and networks ---------- */

/* {"nsmode":"container","value":"x"} as the command line says it; NULL for the default. */
static char *ns_text(struct arena *a, const struct ns_body *n)
{
    if (str_empty(n->mode) || STR_EQ(n->mode, "default"))
        return NULL;
    if (STR_EQ(n->mode, "path"))
        return arena_printf(a, "ns:%s", n->value ? n->value : "");
    return str_empty(n->value) ? n->mode : arena_printf(a, "%s:%s", n->mode, n->value);
}

static int fill_namespaces(struct request *r, struct body *b)
{
    struct container_config *c = &b->c;

    c->pidns = ns_text(r->arena, &b->pidns);
    c->ipcns = ns_text(r->arena, &b->ipcns);
    c->utsns = ns_text(r->arena, &b->utsns);
    c->userns = ns_text(r->arena, &b->userns);
    c->cgroupns = ns_text(r->arena, &b->cgroupns);
    for (size_t i = 0; i < b->idmaps.uids.n; i++)
        *LIST_ADD(r->arena, c->uid_map) =
            (struct container_idmap) { b->idmaps.uids.items[i].container,
                                       b->idmaps.uids.items[i].host, b->idmaps.uids.items[i].size };
    for (size_t i = 0; i < b->idmaps.gids.n; i++)
        *LIST_ADD(r->arena, c->gid_map) =
            (struct container_idmap) { b->idmaps.gids.items[i].container,
                                       b->idmaps.gids.items[i].host, b->idmaps.gids.items[i].size };
    return 0;
}

struct network_body {
    char **ips, **aliases, *mac, *interface;
    kv_list options;
};
static const struct json_field network_rows[] = {
    JF_STRV(struct network_body, ips, "static_ips", 0),
    JF_STRV(struct network_body, aliases, "aliases", 0),
    JF_STR(struct network_body, mac, "static_mac", 0),
    JF_STR(struct network_body, interface, "interface_name", 0),
    JF_MAP(struct network_body, options, "options", 0),
    { 0 },
};
TYPE(network, network_body);

static int add_network(struct request *r, struct container_config *c, const char *name,
                       const json_t *doc)
{
    struct network_body n = { 0 };
    int res = json_is_null(doc) ? 0 : json_read_nocase(r->arena, doc, &network_type, &n, r->err);

    for (char **p = n.ips; res == 0 && p && *p; p++)
        res = option_ip(*p, 0, r->err);
    if (res == 0 && !str_empty(n.mac))
        res = option_mac(n.mac, r->err);
    if (res < 0)
        return res;
    *LIST_ADD(r->arena, c->networks) = (struct container_network) {
        .name = arena_strdup(r->arena, STR_EQ(name, "default") ? "" : name),
        .ips = none_if_no(n.ips),
        .aliases = none_if_no(n.aliases),
        .mac = none_if_empty(n.mac),
        .interface = none_if_empty(n.interface),
        .host_interface = arena_strdup(r->arena, kv_get(&n.options, "host_interface_name")),
    };
    return 0;
}

static int fill_ports(struct request *r, struct body *b)
{
    const char *key;
    json_t *value;
    int res = 0;

    for (size_t i = 0; res == 0 && i < b->ports.n; i++) {
        const struct port_body *p = &b->ports.items[i];
        int64_t last = MAX(p->range, (int64_t)1) - 1;
        bool six = p->host_ip && strchr(p->host_ip, ':');
        char *ip = str_empty(p->host_ip)
                       ? arena_strdup(r->arena, "")
                       : arena_printf(r->arena, six ? "[%s]:" : "%s:", p->host_ip);
        for (char **proto = strv_split(r->arena, str_empty(p->protocol) ? "tcp" : p->protocol, ',');
             res == 0 && *proto; proto++) {
            char *inside = last ? arena_printf(r->arena, "%" PRId64 "-%" PRId64 "/%s",
                                               p->container_port, p->container_port + last, *proto)
                                : arena_printf(r->arena, "%" PRId64 "/%s", p->container_port,
                                               *proto);
            char *host = !p->host_port ? arena_strdup(r->arena, *ip ? ":" : "")
                         : last ? arena_printf(r->arena, "%" PRId64 "-%" PRId64 ":", p->host_port,
                                               p->host_port + last)
                                : arena_printf(r->arena, "%" PRId64 ":", p->host_port);
            res = option_publish(r->arena, arena_printf(r->arena, "%s%s%s", ip, host, inside),
                                 LIST_ADD(r->arena, b->c.ports), r->err);
        }
    }
    json_object_foreach (b->expose, key, value) { /* {"80":"tcp,udp"} */
        const char *protocols = json_string_value(value);
        for (char **p = strv_split(r->arena, str_empty(protocols) ? "tcp" : protocols, ',');
             res == 0 && *p; p++)
            res = option_expose(r->arena, arena_printf(r->arena, "%s/%s", key, *p), &b->c.expose,
                                r->err);
    }
    return res;
}

static int fill_network(struct request *r, struct body *b)
{
    struct container_config *c = &b->c;
    char *mode = ns_text(r->arena, &b->netns);
    const char *key;
    json_t *value;
    int res = 0;

    if (mode && !STR_EQ(mode, "bridge")) {
        char *one[] = { mode, NULL };
        res = option_networks(r->arena, one, c, r->err);
    }
    for (char **p = b->network_order; res == 0 && p && *p; p++)
        if ((value = json_object_get(b->networks, *p)))
            res = add_network(r, c, *p, value);
    json_object_foreach (b->networks, key, value)
        if (res == 0 && !strv_has(b->network_order, key))
            res = add_network(r, c, key, value);
    if (c->networks.n || (mode && STR_EQ(mode, "bridge")))
        c->netns = arena_strdup(r->arena, "bridge");
    for (char **p = c->add_hosts; res == 0 && p && *p; p++)
        res = option_add_host(*p, r->err);
    if (res == 0)
        res = option_dns(c->dns_servers, r->err);
    return res < 0 ? res : fill_ports(r, b);
}

int create_from_libpod(struct request *r, const json_t *doc, struct container_config *c,
                       char **ret_image)
{
    static int (*const parts[])(struct request *, struct body *) = {
        check,        fill_process, fill_log,       fill_health,     fill_mounts,
        fill_devices, fill_secrets, fill_resources, fill_namespaces, fill_network,
    };
    struct body *b = arena_alloc(r->arena, sizeof(*b)); /* what it holds is pointed to from @c */

    b->c = *c;
    int res = json_read_nocase(r->arena, doc, &body_type, b, r->err);
    for (size_t i = 0; res == 0 && i < ARRAY_SIZE(parts); i++)
        res = parts[i](r, b);
    if (res < 0)
        return res;
    *c = b->c;
    *ret_image = b->image;
    return 0;
}
