#include <ctype.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/parse.h"
#include "cli/containers/create.h"
#include "config/containers.h"
#include "engine/options.h"
#include "engine/options_net.h"
#include "engine/secrets.h"

#include "base/banned.h"

/* From what was typed to a struct container_config: one function for each family of options. */

static int size_option(const char *name, const char *text, int64_t *ret, struct err *err)
{
    if (!text)
        return 0;
    if (STR_EQ(text, "-1")) {
        *ret = -1;
        return 0;
    }
    if (parse_size(text, ret) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid value \"%s\" for %s: not a size", text,
                       name);
    return 0;
}

static int fill_env(struct cmd_ctx *x, const struct create_args *o, struct container_config *c)
{
    static const char *const proxies[] = { "http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
                                           "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY" };
    int r = 0;

    for (char **p = o->env_file; r == 0 && p && *p; p++)
        r = option_env_file(x->arena, *p, &c->env, x->err);
    if (r < 0)
        return r;
    if (o->env_host)
        c->env = option_env(x->arena, "*", c->env);
    bool proxy = cmd_given(x, "http-proxy") ? o->http_proxy
                                            : engine_config(cmd_engine(x))->containers.http_proxy;
    if (proxy)
        for (size_t i = 0; i < ARRAY_SIZE(proxies); i++)
            c->env = option_env(x->arena, proxies[i], c->env);
    for (char **p = o->env; p && *p; p++) {
        if (**p == '=' || !**p)
            return err_set(x->err, ERR_BAD_PARAM, EINVAL, "invalid variable: \"%s\"", *p);
        c->env = option_env(x->arena, *p, c->env);
    }
    return 0;
}

static int fill_labels(struct cmd_ctx *x, const struct create_args *o, struct container_config *c)
{
    char **from_files = NULL;

    for (char **p = o->label_file; p && *p; p++) {
        int r = option_env_file(x->arena, *p, &from_files, x->err);
        if (r < 0)
            return r;
    }
    kv_set_words(x->arena, &c->labels, from_files);
    kv_set_words(x->arena, &c->labels, o->label);
    for (char **p = o->annotation; p && *p; p++)
        if (!strchr(*p, '='))
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "annotations must be formatted KEY=VALUE: \"%s\"", *p);
    kv_set_words(x->arena, &c->annotations, o->annotation);
    return 0;
}

static int add_mount(struct cmd_ctx *x, struct container_config *c, const char *text,
                     int (*parse)(struct arena *, const char *, struct container_mount *,
                                  struct err *))
{
    struct container_mount m = { 0 };
    int r = parse(x->arena, text, &m, x->err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < c->mounts.n; i++)
        if (STR_EQ(c->mounts.items[i].destination, m.destination))
            return err_set(x->err, ERR_CONFLICT, EINVAL, "%s: duplicate mount destination",
                           m.destination);
    *LIST_ADD(x->arena, c->mounts) = m;
    return 0;
}

static int fill_mounts(struct cmd_ctx *x, const struct create_args *o, struct container_config *c)
{
    int r = 0;

    for (char **p = o->volume; r == 0 && p && *p; p++)
        r = add_mount(x, c, *p, option_volume);
    for (char **p = o->mount; r == 0 && p && *p; p++)
        r = add_mount(x, c, *p, option_mount);
    for (char **p = o->tmpfs; r == 0 && p && *p; p++)
        r = add_mount(x, c, *p, option_tmpfs);
    for (char **p = o->device; r == 0 && p && *p; p++) {
        struct container_device d = { 0 };
        r = option_device(x->arena, *p, &d, x->err);
        if (r == 0)
            *LIST_ADD(x->arena, c->devices) = d;
    }
    return r;
}

static int volumes_from_check(char *const *opts, struct err *err)
{
    int z = 0, write = 0;

    for (; *opts; opts++) {
        z += STR_EQ(*opts, "z");
        write += STR_IN(*opts, "ro", "rw");
        if (!STR_IN(*opts, "z", "ro", "rw"))
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "invalid option \"%s\" of --volumes-from: use ro, rw or z", *opts);
    }
    if (z > 1)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "cannot set :z more than once in mount options");
    return write > 1
               ? err_set(err, ERR_BAD_PARAM, EINVAL, "cannot set ro or rw options more than once")
               : 0;
}

/* --volumes-from NAME[:OPTS]: the mounts of another container that we do not have ourselves. */
static int fill_volumes_from(struct cmd_ctx *x, const struct create_args *o,
                             struct container_config *c)
{
    for (char **p = o->volumes_from; p && *p; p++) {
        char **f = strv_split(x->arena, *p, ':');
        if (f[1] && volumes_from_check(strv_split(x->arena, f[1], ','), x->err) < 0)
            return -EINVAL;
        struct container from;
        struct engine *e = cmd_engine(x);
        if (!e)
            return -EIO;
        int r = container_find(e, x->arena, f[0], &from, x->err);
        if (r < 0)
            return r;
        for (size_t i = 0; i < from.config.mounts.n; i++) {
            struct container_mount m = from.config.mounts.items[i];
            bool have = false;
            for (size_t k = 0; k < c->mounts.n; k++)
                have |= STR_EQ(c->mounts.items[k].destination, m.destination);
            if (have || STR_EQ(m.type, "tmpfs"))
                continue;
            m.anonymous = false; /* the other one's to remove */
            if (f[1])
                m.options = strv_concat(x->arena, m.options, strv_split(x->arena, f[1], ','));
            *LIST_ADD(x->arena, c->mounts) = m;
        }
    }
    return 0;
}

static int fill_security(struct cmd_ctx *x, const struct create_args *o, struct container_config *c)
{
    int r = 0;

    c->privileged = o->privileged;
    c->cap_add = o->cap_add;
    c->cap_drop = o->cap_drop;
    for (char **p = o->security_opt; r == 0 && p && *p; p++)
        r = option_security(x->arena, *p, c, x->err);
    for (char **p = o->ulimit; r == 0 && p && *p; p++)
        r = option_ulimit(x->arena, *p, c, x->err);
    for (char **p = o->sysctl; r == 0 && p && *p; p++)
        if (!strchr(*p, '='))
            r = err_set(x->err, ERR_BAD_PARAM, EINVAL, "invalid sysctl \"%s\": must be name=value",
                        *p);
    if (r == 0)
        kv_set_words(x->arena, &c->sysctls, o->sysctl);
    c->groups = o->group_add;
    if (strv_has(o->group_add, "keep-groups") && o->group_add[1])
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "the '--group-add keep-groups' option is not allowed with any other "
                       "--group-add options");
    c->host_users = o->hostuser;
    c->passwd_entry = o->passwd_entry;
    c->group_entry = o->group_entry;
    c->no_passwd = !o->passwd;
    if (o->device_cgroup_rule && engine_rootless(cmd_engine(x)))
        return err_set(x->err, ERR_UNSUPPORTED, EPERM,
                       "device cgroup rules are not supported in rootless mode or in a user "
                       "namespace");
    for (char **p = o->device_cgroup_rule; r == 0 && p && *p; p++) {
        struct device_rule rule;
        r = option_device_rule(x->arena, *p, &rule, x->err);
    }
    return r;
}

static int fill_block_io(struct cmd_ctx *x, const struct create_args *o,
                         struct container_resources *res)
{
    const struct {
        char **given;
        container_throttles *to;
        bool bytes;
    } lists[] = {
        { o->device_read_bps, &res->read_bps, true },
        { o->device_write_bps, &res->write_bps, true },
        { o->device_read_iops, &res->read_iops, false },
        { o->device_write_iops, &res->write_iops, false },
    };
    int r = o->blkio_weight ? option_blkio_weight(o->blkio_weight, &res->blkio_weight, x->err) : 0;

    for (char **p = o->blkio_weight_device; r == 0 && p && *p; p++)
        r = option_weight_device(x->arena, *p, LIST_ADD(x->arena, res->blkio_weight_device),
                                 x->err);
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        for (char **p = lists[i].given; r == 0 && p && *p; p++)
            r = option_throttle(x->arena, *p, lists[i].bytes, LIST_ADD(x->arena, *lists[i].to),
                                x->err);
    return r;
}

int create_fill_resources(struct cmd_ctx *x, const struct create_args *o,
                          struct container_resources *res)
{
    int r = size_option("--memory", o->memory, &res->memory, x->err);

    if (r == 0)
        r = size_option("--memory-swap", o->memory_swap, &res->memory_swap, x->err);
    if (r == 0)
        r = size_option("--memory-reservation", o->memory_reservation, &res->memory_reservation,
                        x->err);
    if (r < 0)
        return r;
    if (res->memory && res->memory_swap > 0 && res->memory_swap < res->memory)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "minimum memory swap limit (%s) should be larger than memory limit",
                       o->memory_swap);
    if (cmd_given(x, "cpus")) {
        bool period = cmd_given(x, "cpu-period");
        if (period || cmd_given(x, "cpu-quota"))
            return err_set(x->err, ERR_BAD_PARAM, EINVAL, "%s and --cpus cannot be set together",
                           period ? "--cpu-period" : "--cpu-quota");
        r = option_cpus(o->cpus, res, x->err);
        if (r < 0)
            return r;
    } else {
        res->cpu_period = (int64_t)o->cpu_period;
        res->cpu_quota = o->cpu_quota;
    }
    res->cpu_rt_period = (int64_t)o->cpu_rt_period;
    res->cpu_rt_runtime = o->cpu_rt_runtime;
    res->cpu_shares = (int64_t)o->cpu_shares;
    res->cpuset_cpus = o->cpuset_cpus;
    res->cpuset_mems = o->cpuset_mems;
    res->oom_kill_disable = o->oom_kill_disable;
    if (cmd_given(x, "pids-limit"))
        res->pids_limit = arena_memdup(x->arena, &o->pids_limit, sizeof(int64_t));
    if (o->memory_swappiness < -1 || o->memory_swappiness > 100)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "invalid value: %lld, valid memory swappiness range is 0-100",
                       (long long)o->memory_swappiness);
    if (o->memory_swappiness >= 0)
        res->swappiness = arena_memdup(x->arena, &o->memory_swappiness, sizeof(int64_t));
    if (cmd_given(x, "oom-score-adj"))
        res->oom_score_adj = arena_memdup(x->arena, &o->oom_score_adj, sizeof(int64_t));
    kv_set_words(x->arena, &res->unified, o->cgroup_conf);
    return fill_block_io(x, o, res);
}

/* --subuidname NAME: the whole range that /etc/subuid has for it. */
static int fill_subids(struct cmd_ctx *x, const struct create_args *o, struct container_config *c)
{
    const char *user = o->subuidname ? o->subuidname : o->subgidname,
               *group = o->subgidname ? o->subgidname : o->subuidname;

    if (engine_rootless(cmd_engine(x)))
        return err_set(
            x->err, ERR_UNSUPPORTED, EPERM,
            "--subuidname and --subgidname are for root: an ordinary user's namespace has "
            "his own ranges already");
    if (c->uid_map.n || c->gid_map.n)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--subuidname and --subgidname conflict with --uidmap and --gidmap");
    int r = option_subids(x->arena, "/etc/subuid", user, c, false, x->err);
    return r < 0 ? r : option_subids(x->arena, "/etc/subgid", group, c, true, x->err);
}

static int fill_namespaces(struct cmd_ctx *x, const struct create_args *o,
                           struct container_config *c)
{
    int r = 0;

    c->pidns = o->pid;
    c->ipcns = o->ipc;
    c->utsns = o->uts;
    c->userns = o->userns;
    c->cgroupns = o->cgroupns;
    c->cgroups = o->cgroups;
    c->cgroup_parent = o->cgroup_parent;
    for (char **p = o->uidmap; r == 0 && p && *p; p++)
        r = option_idmap(x->arena, *p, c, false, x->err);
    for (char **p = o->gidmap; r == 0 && p && *p; p++)
        r = option_idmap(x->arena, *p, c, true, x->err);
    if (r == 0 && (o->subuidname || o->subgidname))
        r = fill_subids(x, o, c);
    return r;
}

/* --ip, --ip6, --mac-address and --network-alias speak of the one network, whichever that is. */
static int fill_static(struct cmd_ctx *x, const struct create_args *o, struct container_config *c)
{
    bool addresses = o->ip || o->ip6 || o->mac_address;
    int r = 0;

    if (!addresses && !o->network_alias)
        return 0;
    if (c->netns && !STR_EQ(c->netns, "bridge") && !STR_EQ(c->netns, "private"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "networks and static ip/mac address can only be used with Bridge mode "
                       "networking: invalid argument");
    if (!c->networks.n) {
        c->netns = arena_strdup(x->arena, "bridge");
        LIST_ADD(x->arena, c->networks)->name = arena_strdup(x->arena, "");
    }
    if (addresses && c->networks.n > 1)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--%s can only be set for a single network: invalid argument",
                       o->mac_address ? "mac-address"
                       : o->ip        ? "ip"
                                      : "ip6");
    struct container_network *n = c->networks.items;
    if (o->ip)
        r = option_ip(o->ip, AF_INET, x->err);
    if (r == 0 && o->ip6)
        r = option_ip(o->ip6, AF_INET6, x->err);
    if (r == 0 && o->mac_address)
        r = option_mac(o->mac_address, x->err);
    if (o->ip)
        n->ips = strv_add(x->arena, n->ips, o->ip);
    if (o->ip6)
        n->ips = strv_add(x->arena, n->ips, o->ip6);
    if (o->mac_address)
        n->mac = o->mac_address;
    for (size_t i = 0; i < c->networks.n; i++)
        for (char **p = o->network_alias; p && *p; p++)
            c->networks.items[i].aliases = strv_add(x->arena, c->networks.items[i].aliases, *p);
    return r;
}

static int fill_network(struct cmd_ctx *x, const struct create_args *o, struct container_config *c)
{
    int r = option_networks(x->arena, o->network, c, x->err);

    if (r == 0)
        r = fill_static(x, o, c);
    for (char **p = o->publish; r == 0 && p && *p; p++)
        r = option_publish(x->arena, *p, LIST_ADD(x->arena, c->ports), x->err);
    for (char **p = o->expose; r == 0 && p && *p; p++)
        r = option_expose(x->arena, *p, &c->expose, x->err);
    for (char **p = o->add_host; r == 0 && p && *p; p++)
        r = option_add_host(*p, x->err);
    if (r == 0)
        r = option_dns(o->dns, x->err);
    c->publish_all = o->publish_all;
    c->add_hosts = o->add_host;
    c->dns_servers = o->dns;
    c->dns_searches = o->dns_search;
    c->dns_options = o->dns_option;
    c->hosts_file = o->hosts_file;
    c->no_hosts = o->no_hosts ||
                  (!cmd_given(x, "no-hosts") && engine_config(cmd_engine(x))->containers.no_hosts);
    c->no_hostname = o->no_hostname;
    return r;
}

static int fill_log(struct cmd_ctx *x, const struct create_args *o, struct container_config *c)
{
    static const char *const drivers[] = { "k8s-file",    "json-file",       "journald", "none",
                                           "passthrough", "passthrough-tty", NULL };

    if (!str_empty(o->log_driver) && !str_in_list(o->log_driver, drivers))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "running container create option: invalid log driver: invalid argument");
    c->log_driver = o->log_driver;
    c->log_size_max = -1;
    for (char **p = o->log_opt; p && *p; p++) {
        const char *eq = strchr(*p, '=');
        if (!eq)
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "invalid log option \"%s\": must be key=value", *p);
        if (str_starts(*p, "path="))
            c->log_path = arena_strdup(x->arena, eq + 1);
        else if (str_starts(*p, "tag="))
            c->log_tag = arena_strdup(x->arena, eq + 1);
        else if (str_starts(*p, "max-size=")) {
            if (parse_size_decimal(eq + 1, &c->log_size_max) < 0)
                return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                               "invalid value \"%s\" for --log-opt max-size: not a size", eq + 1);
        } else if (str_starts(*p, "label="))
            kv_set_words(x->arena, &c->log_options,
                         (char *[]) { arena_strdup(x->arena, eq + 1), NULL });
        else
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "unknown log option \"%s\": use path, tag, max-size or label", *p);
    }
    return 0;
}

static int fill_process(struct cmd_ctx *x, const struct create_args *o, struct container_config *c)
{
    int signo = 0;

    if (cmd_given(x, "entrypoint")) {
        c->entrypoint_given = true;
        if (o->entrypoint[0] == '[') { /* a JSON list, or one word that begins so */
            AUTO_JSON *doc = json_parse(o->entrypoint, strlen(o->entrypoint), "--entrypoint", NULL);
            size_t i;
            json_t *each;
            json_array_foreach (doc, i, each) {
                if (json_is_string(each))
                    c->entrypoint = strv_add(x->arena, c->entrypoint, json_string_value(each));
            }
        }
        if (!c->entrypoint && *o->entrypoint)
            c->entrypoint = strv_add(x->arena, NULL, o->entrypoint);
    }
    c->user = o->user;
    c->workdir = o->workdir;
    c->workdir_given = o->workdir != NULL;
    c->hostname = o->hostname;
    c->hostname_given = o->hostname != NULL;
    c->terminal = o->tty;
    c->stdin_open = o->interactive;
    c->init = o->init;
    c->init_path = o->init_path;
    c->tz = o->tz;
    c->umask = o->umask;
    c->timeout = (int64_t)o->timeout;
    c->stop_timeout = cmd_given(x, "stop-timeout") ? o->stop_timeout : -2;
    if (o->stop_signal && option_signal(o->stop_signal, &signo, x->err) < 0)
        return -EINVAL;
    c->stop_signal = o->stop_signal ? arena_strdup(x->arena, signal_name(signo)) : NULL;
    if (o->umask) {
        uint32_t m;
        if (parse_octal(o->umask, 0777, &m) < 0)
            return err_set(x->err, ERR_BAD_PARAM, EINVAL, "invalid umask \"%s\"", o->umask);
    }
    if (o->detach_keys) {
        if (option_detach_keys(o->detach_keys, x->err) < 0)
            return -EINVAL;
        c->detach_keys = o->detach_keys;
    }
    return o->restart ? option_restart(x->arena, o->restart, c, x->err) : 0;
}

/* --requires: started first; --systemd and its relatives. */
static int fill_service(struct cmd_ctx *x, const struct create_args *o, struct container_config *c)
{
    bool on = false;

    for (char **p = o->requires_; p && *p; p++) {
        struct container other;
        int r = container_find(cmd_engine(x), x->arena, *p, &other, x->err);
        if (r < 0)
            return r;
        if (!strv_has(c->requires_, other.config.id))
            c->requires_ = strv_add(x->arena, c->requires_, other.config.id);
    }
    if (!STR_EQ(o->systemd, "always") && parse_bool(o->systemd, &on) < 0)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "invalid value \"%s\" for --systemd: use true, false or always", o->systemd);
    c->systemd = STR_EQ(o->systemd, "always") ? o->systemd
                                              : arena_strdup(x->arena, on ? "true" : "false");
    c->sdnotify = o->sdnotify;
    c->chroot_dirs = o->chrootdirs;
    c->seccomp_policy = o->seccomp_policy;
    c->rdt_class = o->rdt_class;
    if (o->rdt_class && engine_rootless(cmd_engine(x)))
        return err_set(x->err, ERR_UNSUPPORTED, EPERM,
                       "rdt-class is not supported for rootless containers");
    return size_option("--shm-size-systemd", o->shm_size_systemd, &c->shm_size_systemd, x->err);
}

static int fill_pull(struct cmd_ctx *x, const struct create_args *o, struct pull_request *p)
{
    *p = (struct pull_request) { .os = o->os,
                                 .arch = o->arch,
                                 .variant = o->variant,
                                 .authfile = o->authfile,
                                 .creds = o->creds,
                                 .decryption_keys = o->decryption_key,
                                 .cert_dir = o->cert_dir,
                                 .tls_verify = o->tls_verify,
                                 .retry = o->retry,
                                 .retry_delay_ns = -1,
                                 .quiet = o->quiet };
    static const char *const names[][2] = { { "true", "always" },
                                            { "false", "missing" },
                                            { "ifnotpresent", "missing" },
                                            { "ifnewer", "newer" } };
    static const char *const policies[] = { "always", "missing",      "never",   "newer", "true",
                                            "false",  "ifnotpresent", "ifnewer", NULL };
    if (!str_empty(o->pull) && !str_in_list(o->pull, policies))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "unsupported pull policy \"%s\"", o->pull);
    p->policy = o->pull;
    for (size_t i = 0; o->pull && i < ARRAY_SIZE(names); i++)
        if (STR_EQ(o->pull, names[i][0]))
            p->policy = names[i][1];
    if (o->retry_delay && parse_duration(o->retry_delay, &p->retry_delay_ns) < 0)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "invalid --retry-delay \"%s\"",
                       o->retry_delay);
    if (o->platform) {
        if (o->arch || o->os)
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "--platform option can not be specified with --arch or --os");
        char **f = strv_split(x->arena, o->platform, '/');
        size_t n = strv_len(f);
        if (n > 3 || !*f[0])
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "invalid platform \"%s\": must be os/arch[/variant]", o->platform);
        p->os = f[0];
        p->arch = n > 1 ? f[1] : NULL;
        p->variant = n > 2 ? f[2] : NULL;
    }
    return 0;
}

static int fill_attach(struct cmd_ctx *x, const struct create_args *o, struct container_config *c)
{
    for (char **p = o->attach; p && *p; p++) {
        char *stream = arena_strdup(x->arena, *p);
        for (char *s = stream; *s; s++)
            *s = (char)tolower((unsigned char)*s);
        if (!STR_IN(stream, "stdin", "stdout", "stderr"))
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "invalid stream \"%s\" for --attach - must be one of stdin, stdout, or "
                           "stderr: invalid argument",
                           *p);
        c->attach = strv_add(x->arena, c->attach, stream);
    }
    return 0;
}

static int check_options(struct cmd_ctx *x, const struct create_args *o, struct container_config *c)
{
    if (!str_empty(o->image_volume) &&
        !STR_IN(o->image_volume, "anonymous", "bind", "tmpfs", "ignore"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "invalid --image-volume value: \"%s\"",
                       o->image_volume);
    if (c->name && option_name_check(c->name, x->err) < 0)
        return -EINVAL;
    if (o->cidfile && faccessat(AT_FDCWD, o->cidfile, F_OK, 0) == 0)
        return err_set(
            x->err, ERR_CONFLICT, EEXIST,
            "container id file exists. Ensure another container is not using it or delete %s",
            o->cidfile);
    if (c->auto_remove && o->restart && !STR_IN(o->restart, "no", "never", "") &&
        !str_starts(o->restart, "on-failure"))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "the --rm option conflicts with --restart, when the restartPolicy is not "
                       "\"\" and \"no\"");
    return 0;
}

int create_fill(struct cmd_ctx *x, const struct create_args *o, struct container_config *c,
                struct pull_request *pull)
{
    static int (*const parts[])(struct cmd_ctx *, const struct create_args *,
                                struct container_config *) = {
        check_options,     fill_attach,   fill_process,    fill_env,     fill_labels,  fill_mounts,
        fill_volumes_from, fill_security, fill_namespaces, fill_network, fill_service, fill_log,
    };

    c->name = o->name ? o->name + (o->name[0] == '/') : NULL; /* Docker's names begin with one */
    c->auto_remove = o->rm || o->rmi;
    c->auto_remove_image = o->rmi;
    c->read_only = o->read_only;
    c->read_only_tmpfs = o->read_only_tmpfs;
    c->pid_file = o->pidfile;
    c->monitor_pid_file = o->conmon_pidfile;
    c->cid_file = o->cidfile;
    c->image_volume = o->image_volume;
    c->env_unset = o->unsetenv;
    c->env_unset_all = o->unsetenv_all;
    c->env_merge = o->env_merge;
    c->personality = o->personality;
    c->device_cgroup_rules = o->device_cgroup_rule;
    int r = size_option("--shm-size", o->shm_size, &c->shm_size, x->err);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
        r = parts[i](x, o, c);
    if (r == 0)
        r = create_fill_resources(x, o, &c->resources);
    if (r == 0)
        r = health_fill(x, &o->health, &c->health);
    for (char **p = o->secret; r == 0 && p && *p; p++)
        r = option_secret(x->arena, *p, c, x->err);
    return r < 0 ? r : fill_pull(x, o, pull);
}
