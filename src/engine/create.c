#include <sys/random.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/parse.h"
#include "engine/artifacts.h"
#include "engine/events.h"
#include "engine/health.h"
#include "engine/network.h"
#include "engine/options.h"
#include "engine/options_net.h"
#include "engine/pods.h"
#include "engine/rootless.h"
#include "engine/lsm.h"
#include "engine/spec_parts.h"
#include "image/image.h"

#include "base/banned.h"

/* Making a container: what the user said, completed from the image and the configuration, becomes a
 * directory and then a row.  The row is the last step: a container that is listed is whole. */

/* ---------- names ---------- */

static const char *const adjectives[] = {
    "agile",  "amber",  "bold",   "brave",  "bright", "calm",   "clever", "cosmic",  "curious",
    "daring", "dreamy", "eager",  "fair",   "fluent", "fond",   "gentle", "glad",    "golden",
    "happy",  "hardy",  "honest", "humble", "jolly",  "keen",   "kind",   "lively",  "lucid",
    "lucky",  "mellow", "merry",  "mighty", "modest", "nimble", "noble",  "patient", "plucky",
    "polite", "proud",  "quick",  "quiet",  "rapid",  "ready",  "robust", "serene",  "sharp",
    "silent", "simple", "sleepy", "smooth", "solid",  "steady", "stoic",  "sunny",   "swift",
    "tender", "tidy",   "vivid",  "warm",   "wise",   "witty",
};
static const char *const scientists[] = {
    "abel",     "ampere",  "archimedes", "babbage",   "banach",   "bell",     "bohr",
    "boole",    "borg",    "brahe",      "cantor",    "cauchy",   "church",   "clarke",
    "curie",    "darwin",  "dijkstra",   "dirac",     "edison",   "einstein", "erdos",
    "euclid",   "euler",   "faraday",    "fermat",    "fermi",    "feynman",  "franklin",
    "galileo",  "galois",  "gauss",      "germain",   "goldberg", "goodall",  "haibt",
    "hamilton", "hawking", "heisenberg", "hertz",     "hilbert",  "hopper",   "hypatia",
    "johnson",  "kalam",   "keller",     "kepler",    "knuth",    "lamarr",   "leakey",
    "lovelace", "maxwell", "meitner",    "mendel",    "newton",   "noether",  "pascal",
    "pasteur",  "planck",  "poincare",   "ramanujan", "ritchie",  "shannon",  "tesla",
    "turing",   "volta",   "wiles",      "wright",    "wu",       "yalow",    "yonath",
};

char *container_random_name(struct arena *a, int try)
{
    uint32_t r[3];

    if (getrandom(r, sizeof(r), 0) != sizeof(r))
        abort();
    const char *x = adjectives[r[0] % ARRAY_SIZE(adjectives)],
               *y = scientists[r[1] % ARRAY_SIZE(scientists)];
    return try < 3 ? arena_printf(a, "%s_%s", x, y)
                   : arena_printf(a, "%s_%s%u", x, y, r[2] % 100000);
}

/* ---------- the image ---------- */

static int pull(struct engine *e, struct arena *a, const char *name, const struct pull_request *p,
                const char *policy, struct image *img, char **ret_name, struct err *err)
{
    struct image_pull_options o = {
        .policy = policy,
        .os = p->os,
        .arch = p->arch,
        .variant = p->variant,
        .authfile = p->authfile,
        .creds = p->creds,
        .decryption_keys = p->decryption_keys,
        .cert_dir = p->cert_dir,
        .tls_verify = p->tls_verify,
        .quiet = p->quiet,
        .retry = p->retry,
        .retry_delay_ns = p->retry_delay_ns,
    };
    char **ids = NULL;
    int r = image_pull(e->store, a, name, &o, &ids, err);

    if (r == 0 && !(ids && ids[0]))
        return err_set(err, ERR_INTERNAL, EIO, "pulling %s brought no image", name);
    if (r < 0)
        return r;
    r = image_find_named(e->store, a, name, img, ret_name, err);
    if (r < 0 && err->kind == ERR_NOT_FOUND) { /* a transport's name is none of the store's */
        err_clear(err);
        r = image_find_named(e->store, a, ids[0], img, ret_name, err);
    }
    return r;
}

static bool platform_wanted(const struct pull_request *p, const struct image *img)
{
    return (!p->os || str_same(p->os, img->config.os)) &&
           (!p->arch || str_same(p->arch, img->config.architecture)) &&
           (!p->variant || str_same(p->variant, img->config.variant));
}

int container_image(struct engine *e, struct arena *a, const char *name,
                    const struct pull_request *p, struct image *img, char **ret_name,
                    struct err *err)
{
    const char *policy = str_empty(p->policy) ? e->defaults.pull_policy : p->policy;
    int r;

    if (STR_IN(policy, "missing", "never")) {
        r = image_find_named(e->store, a, name, img, ret_name, err);
        bool other = r == 0 && !platform_wanted(p, img);
        if (r == 0 && !other)
            return 0;
        if (other && STR_EQ(policy, "never"))
            return err_set(err, ERR_NOT_FOUND, ENOENT, "%s: image not known", name);
        if (r < 0 && (err->kind != ERR_NOT_FOUND || STR_EQ(policy, "never")))
            return r;
        if (other) /* the one that is here is for another machine */
            policy = "always";
        err_clear(err);
        if (r < 0 && STR_IN(name, "hello", "localhost/hello", "localhost/hello:latest",
                            "quay.io/podman/hello", "quay.io/podman/hello:latest")) {
            r = image_ensure_hello(e->store, a, err);
            return r < 0 ? r : image_find_named(e->store, a, name, img, ret_name, err);
        }
    }
    memset(img, 0, sizeof(*img));
    return pull(e, a, name, p, policy, img, ret_name, err);
}

/* It may run all the same, with an emulator that the kernel knows of. */
static void check_platform(const struct pull_request *p, const struct image *img)
{
    const char *arch = platform_host_arch();

    if (!p || p->os || p->arch || str_empty(img->config.architecture))
        return;
    if (!STR_EQ(img->config.architecture, arch) ||
        !STR_EQ(str_empty(img->config.os) ? "linux" : img->config.os, "linux"))
        log_warn("image platform (%s/%s) does not match the expected platform (linux/%s)",
                 img->config.os, img->config.architecture, arch);
}

static void merge_env(struct engine *e, struct arena *a, const struct image_exec *x,
                      struct container_config *c)
{
    char **env = NULL;

    if (e->defaults.env_host)
        env = option_env(a, "*", env);
    if (!c->env_unset_all) {
        for (char **p = e->defaults.env; p && *p; p++)
            env = env_set(a, env, *p);
        env = env_set(a, env, "container=podman");
        if (c->terminal)
            env = env_set(a, env, "TERM=xterm");
        for (char **p = x->env; p && *p; p++)
            env = env_set(a, env, *p);
        for (char **p = c->env_unset; p && *p; p++)
            env = env_unset(a, env, *p);
    }
    /* --env-merge PATH=/opt/bin:${PATH}: a reference to what is there so far */
    for (char **p = c->env_merge; p && *p; p++) {
        AUTO_BUF out = { .max = 1u << 20 };
        for (const char *s = *p; *s;) {
            const char *end = str_starts(s, "${") ? strchr(s, '}') : NULL;
            if (!end) {
                buf_putc(&out, *s++);
                continue;
            }
            char *key = arena_strndup(a, s + 2, (size_t)(end - s - 2));
            const char *v = env_get(env, key);
            buf_puts(&out, v ? v : "");
            s = end + 1;
        }
        env = env_set(a, env, out.data ? out.data : "");
    }
    for (char **p = c->env; p && *p; p++)
        env = env_set(a, env, *p);
    c->env = env;
}

static void merge_image(struct engine *e, struct arena *a, const struct image *img,
                        struct container_config *c)
{
    const struct image_exec *x = &img->config.config;

    /* A new entrypoint makes the image's command meaningless. */
    if (!c->entrypoint_given)
        c->entrypoint = x->entrypoint;
    if (!c->command && !c->entrypoint_given)
        c->command = x->cmd;
    if (str_empty(c->user))
        c->user = x->user;
    if (str_empty(c->workdir))
        c->workdir = x->working_dir;
    if (str_empty(c->stop_signal))
        c->stop_signal = x->stop_signal;
    for (size_t i = 0; i < x->labels.n; i++)
        if (!kv_get(&c->labels, x->labels.items[i].key))
            kv_set(a, &c->labels, x->labels.items[i].key, x->labels.items[i].val);
    const char *mode = str_empty(c->image_volume) ? e->defaults.image_volume : c->image_volume;
    for (char **v = x->volumes; v && *v && !STR_EQ(mode, "ignore"); v++) {
        char *dst = path_clean(a, *v);
        bool have = false;
        for (size_t i = 0; i < c->mounts.n; i++)
            have |= STR_EQ(c->mounts.items[i].destination, dst);
        if (have || dst[0] != '/')
            continue;
        struct container_mount *m = LIST_ADD(a, c->mounts);
        *m = (struct container_mount) { .destination = dst, .from_image = true };
        m->type = arena_strdup(a, STR_EQ(mode, "tmpfs") ? "tmpfs" : "volume");
        m->anonymous = STR_EQ(m->type, "volume");
    }
}

/* ---------- the configuration ---------- */

static char *choose(struct arena *a, char *given, const char *otherwise)
{
    return str_empty(given) ? arena_strdup(a, otherwise) : given;
}

static void apply_cgroup_conf(const struct engine_defaults *d, struct arena *a,
                              struct container_resources *r)
{
    for (char **p = d->cgroup_conf; p && *p; p++) {
        char *eq = strchr(*p, '=');
        char *key = eq ? arena_strndup(a, *p, (size_t)(eq - *p)) : NULL;
        if (key && !kv_get(&r->unified, key))
            kv_set(a, &r->unified, key, eq + 1);
    }
}

static int apply_limits(struct engine *e, struct arena *a, struct container_config *c,
                        struct err *err)
{
    const struct engine_defaults *d = &e->defaults;

    for (char **p = d->ulimits; p && *p; p++) {
        struct container_config one = { 0 };
        int r = option_ulimit(a, *p, &one, err);
        if (r < 0)
            return err_wrap(err, "containers.conf: default_ulimits");
        for (size_t i = 0; i < one.ulimits.n; i++) {
            bool have = false;
            for (size_t k = 0; k < c->ulimits.n; k++)
                have |= STR_EQ(c->ulimits.items[k].name, one.ulimits.items[i].name);
            if (!have)
                *LIST_ADD(a, c->ulimits) = one.ulimits.items[i];
        }
    }
    for (char **p = d->sysctls; p && *p; p++) {
        char *eq = strchr(*p, '=');
        char *key = eq ? arena_strndup(a, *p, (size_t)(eq - *p)) : NULL;
        /* A default for a namespace that this container does not have is no error. */
        bool net = key && str_starts(key, "net.");
        if (key && !kv_get(&c->sysctls, key) && !(net && c->netns && STR_EQ(c->netns, "host")))
            kv_set(a, &c->sysctls, key, eq + 1);
    }
    /* An ordinary user has cgroups of his own only where systemd delegates them: a default that could not be
     * kept would be a warning at every start. */
    if (!c->resources.pids_limit && d->pids_limit > 0 && engine_has_controller(e, "pids"))
        c->resources.pids_limit = arena_memdup(a, &d->pids_limit, sizeof(int64_t));
    apply_cgroup_conf(d, a, &c->resources);
    if (!c->resources.oom_score_adj)
        c->resources.oom_score_adj = d->oom_score_adj;
    if (!c->shm_size)
        c->shm_size = d->shm_size;
    return 0;
}

static int apply_mounts(struct engine *e, struct arena *a, struct container_config *c,
                        struct err *err)
{
    const struct engine_defaults *d = &e->defaults;
    int r = 0;

    for (size_t list = 0; r == 0 && list < 2; list++)
        for (char **p = list ? d->mounts : d->volumes; r == 0 && p && *p; p++) {
            struct container_mount m = { 0 };
            r = list ? option_mount(a, *p, &m, err) : option_volume(a, *p, &m, err);
            bool have = false;
            for (size_t i = 0; r == 0 && i < c->mounts.n; i++)
                have |= STR_EQ(c->mounts.items[i].destination, m.destination);
            if (r == 0 && !have)
                *LIST_ADD(a, c->mounts) = m;
        }
    for (char **p = d->devices; r == 0 && p && *p; p++) {
        struct container_device dev = { 0 };
        r = option_device(a, *p, &dev, err);
        if (r == 0)
            *LIST_ADD(a, c->devices) = dev;
    }
    return r < 0 ? err_wrap(err, "containers.conf") : 0;
}

/* A directory of the host that is not there is an error now, not a container that can never start. */
static int check_sources(struct engine *e, const struct container_config *c, struct err *err)
{
    for (size_t i = 0; i < c->mounts.n; i++) {
        const struct container_mount *m = &c->mounts.items[i];
        if (STR_EQ(m->type, "bind") && access(m->source, F_OK) < 0)
            return err_set(err, ERR_NOT_FOUND, errno, "statfs %s: %s", m->source,
                           errno == ENOENT ? "no such file or directory" : strerror(errno));
        int r = STR_EQ(m->type, "artifact") ? artifact_mount_check(e, m, err) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static int apply_log(struct engine *e, struct arena *a, struct container_config *c, struct err *err)
{
    const struct engine_defaults *d = &e->defaults;

    c->log_driver = choose(a, c->log_driver, d->log_driver);
    if (STR_EQ(c->log_driver, "journald") && access("/run/systemd/journal/socket", F_OK) < 0)
        return err_set(err, ERR_UNSUPPORTED, ENOENT,
                       "log driver \"journald\": no journal runs here (/run/systemd/journal/socket "
                       "is missing): use --log-driver k8s-file");
    if (c->log_size_max <= 0)
        c->log_size_max = d->log_size_max;
    if (str_empty(c->log_tag))
        c->log_tag = d->log_tag;
    if (str_empty(c->log_path) && STR_IN(c->log_driver, "k8s-file", "json-file"))
        c->log_path = str_empty(d->log_path)
                          ? arena_printf(a, "%s/ctr.log", container_bundle(e, a, c->id))
                          : arena_printf(a, "%s/%s/ctr.log", d->log_path, c->id);
    return 0;
}

static int resolve_container_modes(struct engine *e, struct arena *a, struct container_config *c,
                                   struct err *err)
{
    char **modes[] = { &c->netns, &c->pidns, &c->ipcns, &c->utsns, &c->userns, &c->cgroupns };

    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        struct container other;
        if (!*modes[i] || !str_starts(*modes[i], "container:"))
            continue;
        int r = container_find(e, a, *modes[i] + 10, &other, err);
        if (r < 0)
            return r;
        if (modes[i] == &c->ipcns && other.config.ipcns &&
            STR_IN(other.config.ipcns, "private", "none"))
            return err_set(
                err, ERR_BAD_PARAM, EINVAL,
                "joining IPC of container %s is not allowed: non-shareable IPC (hint: use "
                "IpcMode:shareable for the donor container)",
                other.config.id);
        *modes[i] = arena_printf(a, "container:%s", other.config.id);
        if (!strv_has(c->requires_, other.config.id))
            c->requires_ = strv_add(a, c->requires_, other.config.id);
    }
    return 0;
}

static int check_mode(const char *option, const char *mode, const char *const *words,
                      struct err *err)
{
    if (str_empty(mode) || str_in_list(mode, words) || str_starts(mode, "container:") ||
        str_starts(mode, "ns:"))
        return 0;
    return err_set(err, ERR_BAD_PARAM, EINVAL,
                   "invalid %s mode \"%s\": unrecognized namespace mode", option, mode);
}

static int apply_namespaces(struct engine *e, struct arena *a, struct container_config *c,
                            struct err *err)
{
    const struct engine_defaults *d = &e->defaults;
    static const char *const plain[] = { "host", "private", NULL };
    static const char *const net[] = { "host", "private", "none", "bridge", "pasta", NULL };
    static const char *const ipc[] = { "host", "private", "none", "shareable", NULL };

    /* "private" of the configuration is the usual network, on the command line it is an empty one. */
    const char *usual = e->rootless ? "pasta" : "bridge";
    bool conf = !str_empty(d->netns) && !STR_EQ(d->netns, "private");
    if (str_empty(c->netns) && conf) {
        char *one[] = { d->netns, NULL };
        int n = option_networks(a, one, c, err);
        if (n < 0)
            return err_wrap(err, "containers.conf: netns");
    }
    c->netns = choose(a, c->netns, usual);
    if (STR_EQ(c->netns, "private"))
        c->netns = arena_strdup(a, usual);
    c->pidns = choose(a, c->pidns, d->pidns);
    c->ipcns = choose(a, c->ipcns, d->ipcns);
    c->utsns = choose(a, c->utsns, d->utsns);
    c->cgroupns = choose(a, c->cgroupns, d->cgroupns);
    c->userns = choose(a, c->userns, d->userns);
    c->cgroups = choose(a, c->cgroups, d->cgroups);
    int r = str_starts(c->netns, "pasta:") ? 0 : check_mode("network", c->netns, net, err);
    if (r == 0)
        r = check_mode("PID", c->pidns, plain, err);
    if (r == 0)
        r = check_mode("IPC", c->ipcns, ipc, err);
    if (r == 0)
        r = check_mode("UTS", c->utsns, plain, err);
    if (r == 0)
        r = check_mode("cgroup", c->cgroupns, plain, err);
    if (r == 0)
        r = resolve_container_modes(e, a, c, err);
    return r < 0 ? r : userns_resolve(e, a, c, err);
}

/* Is it systemd, or what the image calls init, that it will run? */
static bool runs_systemd(const struct container_config *c)
{
    char **argv = c->entrypoint && c->entrypoint[0] ? c->entrypoint : c->command;
    const char *path = argv && argv[0] ? argv[0] : "";
    const char *slash = strrchr(path, '/');

    return STR_IN(path, "/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init") ||
           STR_EQ(slash ? slash + 1 : path, "systemd");
}

/* Called before the usual stop signal is put in. */
static void apply_systemd(struct arena *a, struct container_config *c)
{
    const char *mode = str_empty(c->systemd) ? "true" : c->systemd;

    c->systemd_mode = STR_EQ(mode, "always") || (STR_EQ(mode, "true") && runs_systemd(c));
    if (!c->systemd_mode)
        return;
    if (str_empty(c->stop_signal))
        c->stop_signal = arena_strdup(a, "SIGRTMIN+3");
    if (!env_get(c->env, "container_uuid"))
        c->env = env_set(a, c->env,
                         arena_printf(a, "container_uuid=%.8s-%.4s-%.4s-%.4s-%.12s", c->id,
                                      c->id + 8, c->id + 12, c->id + 16, c->id + 20));
}

static void apply_annotations(struct arena *a, struct container_config *c, char *const *defaults)
{
    for (char *const *p = defaults; p && *p; p++) {
        char *eq = strchr(*p, '=');
        if (eq && !kv_get(&c->annotations, arena_strndup(a, *p, (size_t)(eq - *p))))
            kv_set(a, &c->annotations, arena_strndup(a, *p, (size_t)(eq - *p)), eq + 1);
    }
}

static int apply_hostname(struct engine *e, struct arena *a, struct container_config *c,
                          struct err *err)
{
    bool of_host = c->utsns && STR_EQ(c->utsns, "host");
    char host[65] = "";

    if (!str_empty(c->hostname))
        return of_host ? err_set(err, ERR_BAD_PARAM, EINVAL,
                                 "cannot set hostname when running in the host UTS namespace: "
                                 "invalid configuration")
                       : 0;
    if (of_host) {
        gethostname(host, sizeof(host) - 1);
        c->hostname = arena_strdup(a, host);
    } else {
        c->hostname = e->defaults.name_as_hostname ? c->name : arena_strndup(a, c->id, 12);
    }
    return 0;
}

static int apply_process(struct engine *e, struct arena *a, struct container_config *c,
                         struct err *err)
{
    const struct engine_defaults *d = &e->defaults;
    int r = apply_hostname(e, a, c, err);

    if (r < 0)
        return r;
    apply_systemd(a, c);
    c->stop_signal = choose(a, c->stop_signal, "SIGTERM");
    if (c->stop_timeout == -2)
        c->stop_timeout = d->stop_timeout;
    c->tz = choose(a, c->tz, d->tz);
    c->umask = choose(a, c->umask, d->umask);
    c->detach_keys = c->detach_keys ? c->detach_keys : d->detach_keys;
    c->init = c->init || (d->init && !c->infra && !c->service);
    c->privileged = c->privileged || d->privileged;
    c->read_only = c->read_only || d->read_only;
    if (str_empty(c->seccomp_profile) && !c->privileged)
        c->seccomp_profile = d->seccomp_profile;
    c->runtime = choose(a, c->runtime, e->opt.runtime ? e->opt.runtime : d->runtime);
    c->runtime_flags = e->opt.runtime_flags ? strv_copy(a, e->opt.runtime_flags) : c->runtime_flags;
    c->cgroup_manager = arena_strdup(a, e->cgroup_manager);
    if (STR_EQ(e->cgroup_manager, "systemd") && !str_empty(c->cgroup_parent) &&
        !str_ends(c->cgroup_parent, ".slice"))
        return err_set(
            err, ERR_BAD_PARAM, EINVAL,
            "did not receive systemd slice as cgroup parent when using systemd to manage cgroups: "
            "invalid argument");
    c->sdnotify = choose(a, c->sdnotify, "container");
    /* Where a service manager looks for the first process and for its keeper. */
    const char *run = arena_printf(a, "%s/containers/%s", e->store->runroot, c->id);
    if (!c->monitor_pid_file)
        c->monitor_pid_file = arena_printf(a, "%s/conmon.pid", run);
    if (!c->pid_file)
        c->pid_file = arena_printf(a, "%s/pidfile", run);
    apply_annotations(a, c, d->annotations);
    kv_set(a, &c->annotations, "io.container.manager", "libpod");
    if (c->init)
        kv_set(a, &c->annotations, "io.podman.annotations.init", "TRUE");
    if (c->privileged)
        kv_set(a, &c->annotations, "io.podman.annotations.privileged", "TRUE");
    if (e->opt.runtime_flags && *e->opt.runtime_flags && str_empty(c->runtime))
        return err_set(err, ERR_CANNOT_INVOKE, EINVAL,
                       "--runtime-flag %s: the built-in runtime takes no flags: OCI runtime error",
                       *e->opt.runtime_flags);
    r = apparmor_choose(e, a, c, d->apparmor_profile, err);
    return r < 0 ? r : selinux_choose(e, a, c, err);
}

/* A hostname in the environment, as every container engine has it. */
static void finish_env(struct arena *a, struct container_config *c)
{
    if (!env_get(c->env, "HOSTNAME") && !c->env_unset_all && !strv_has(c->env_unset, "HOSTNAME"))
        c->env = env_set(a, c->env, arena_printf(a, "HOSTNAME=%s", c->hostname));
    c->env_unset = c->env_merge = NULL;
    c->env_unset_all = false;
}

/* ---------- the row ---------- */

static int name_taken(struct engine *e, struct arena *a, const struct container_config *c,
                      struct err *err)
{
    struct container other = { 0 };
    const char *id = "";

    struct pod_config pod = { 0 };

    if (container_find(e, a, c->name, &other, NULL) == 0)
        id = other.config.id;
    else if (pod_config_find(e, a, c->name, &pod, NULL) == 0)
        id = arena_printf(a, "pod %s", pod.id);
    return err_set(err, ERR_CONFLICT, EEXIST,
                   "creating container storage: the container name \"%s\" is already in use by %s. "
                   "You have to remove "
                   "that container to be able to reuse that name: that name is already in use, or "
                   "use --replace to "
                   "instruct Podman to do so.",
                   c->name, id);
}

/* @pod: its row comes with this one.  A name that a pod has changes no row. */
static int insert_row(struct engine *e, const struct container_config *c,
                      const struct pod_config *pod, struct err *err)
{
    struct db *db = store_db(e->store, err);
    if (!db)
        return -EIO;
    AUTO_FREE char *text = container_encode(c);
    int r = db_begin(db, DB_FAST, err);
    if (r < 0)
        return r;
    r = pod ? pod_insert(db, pod, err) : 0;
    if (r >= 0)
        r = db_exec(db, err,
                    "INSERT INTO containers(id, name, image, created, auto_remove, pod, config)"
                    " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7"
                    " WHERE NOT EXISTS(SELECT 1 FROM pods WHERE name = ?2)",
                    "sssibss", c->id, c->name, c->image, c->created, (int)c->auto_remove, c->pod,
                    text);
    if (r == 0 && !pod)
        r = err_set(err, ERR_CONFLICT, EEXIST, "the name \"%s\" is in use by a pod", c->name);
    for (char **v = c->volumes; r >= 0 && v && *v; v++)
        r = db_exec(db, err,
                    "INSERT OR IGNORE INTO container_volumes(container, volume) VALUES(?,?)", "ss",
                    c->id, *v);
    for (char **v = c->requires_; r >= 0 && v && *v; v++)
        r = db_exec(db, err, "INSERT OR IGNORE INTO container_needs(container, needs) VALUES(?,?)",
                    "ss", c->id, *v);
    if (r < 0) {
        db_rollback(db);
        return r;
    }
    return db_commit(db, err);
}

/* --seccomp-policy=image: the profile that the image's label holds, kept with the container. */
static int image_seccomp(struct engine *e, struct arena *a, struct container_config *c,
                         struct err *err)
{
    const char *profile = kv_get(&c->labels, "io.containers.seccomp.profile");

    if (!str_same(c->seccomp_policy, "image") || str_empty(profile))
        return 0;
    char *bundle = container_bundle(e, a, c->id);
    AUTO_CLOSE int dir = fs_open_dir(AT_FDCWD, bundle);
    int r = dir < 0 ? dir
                    : fs_replace(dir, "seccomp.json", profile, strlen(profile), 0600, FS_NOSYNC);
    if (r < 0)
        return err_sys(err, -r, "keeping the image's seccomp profile");
    c->seccomp_profile = arena_printf(a, "%s/seccomp.json", bundle);
    return 0;
}

/* @chosen: the user chose the name; a random one that is taken is thrown again. */
static int store_container(struct engine *e, struct arena *a, struct container_config *c,
                           bool chosen, const struct pod_config *pod, struct err *err)
{
    char path[128];
    /* The pod stays until its new member is there. */
    AUTO_CLOSE int pod_lock = c->pod && !pod ? store_lock(e->store, "pod", c->pod, err) : -EBADF;
    if (c->pod && !pod && pod_lock < 0)
        return pod_lock;
    struct pod_config joined = { 0 };
    if (c->pod && !pod && pod_config_find(e, a, c->pod, &joined, err) < 0)
        return -ENOENT;
    /* Held until the row is there: a directory without one and without this lock is a leftover. */
    AUTO_CLOSE int lock = store_lock(e->store, "container", c->id, err);
    if (lock < 0)
        return lock;

    int r = rootfs_create(e, a, c, err);
    if (r == 0)
        r = image_seccomp(e, a, c, err);
    if (r == 0)
        r = volumes_prepare(e, a, c, err);
    if (r == 0)
        r = secrets_take(e, a, c, err);
    for (int try = 0; r == 0; try++) {
        r = insert_row(e, c, pod, err);
        if (r != -EEXIST)
            break;
        err_clear(err);
        if (chosen && try == 0 &&
            container_reap(e, NULL) == 0) { /* the name of one that only waits to be reaped */
            r = 0;
            continue;
        }
        if (chosen || try > 20) {
            r = name_taken(e, a, c, err);
            break;
        }
        c->name = container_random_name(a, try);
        r = 0;
    }
    if (r < 0) {
        snprintf(path, sizeof(path), "containers/%s", c->id);
        (void)!fs_remove_tree(e->store->graph_fd, path);
        (void)!volumes_remove_anonymous(e, c, NULL);
    }
    return r;
}

static int replace_old(struct engine *e, struct arena *a, const struct container_config *c,
                       struct err *err)
{
    struct container old;
    struct container_remove_options o = { .force = true, .volumes = true, .timeout_s = -2 };

    if (str_empty(c->name))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "cannot replace container without --name being set");
    if (container_find(e, a, c->name, &old, err) < 0) {
        bool absent = err->kind == ERR_NOT_FOUND;
        if (absent)
            err_clear(err);
        return absent ? 0 : -EIO;
    }
    return STR_EQ(old.config.name, c->name) ? container_remove(e, &old, &o, err) : 0;
}

/* PATH:O: what is written goes to a layer of the container's own. */
static int rootfs_given(struct arena *a, struct container_config *c, struct err *err)
{
    size_t n = strlen(c->rootfs);

    if (n > 2 && STR_EQ(c->rootfs + n - 2, ":O") && access(c->rootfs, F_OK) < 0) {
        c->rootfs_overlay = true;
        c->rootfs = arena_strndup(a, c->rootfs, n - 2);
    }
    char *abs = realpath(c->rootfs, NULL);
    if (!abs)
        return err_sys(err, errno, "finding the root file system %s", c->rootfs);
    c->rootfs = c->image_name = arena_strdup(a, abs);
    free(abs);
    return 0;
}

/* Every --mount type=image by its ID: the name may come to mean another. */
static int resolve_image_mounts(struct engine *e, struct arena *a, struct container_config *c,
                                struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->mounts.n; i++) {
        struct container_mount *m = &c->mounts.items[i];
        struct image img = { 0 };
        if (!STR_EQ(m->type, "image"))
            continue;
        r = image_find(e->store, a, m->source, &img, err);
        if (r == 0)
            m->source = arena_strdup(a, img.id);
    }
    return r;
}

static int check_command(const struct container_config *c, struct err *err)
{
    if (c->entrypoint || c->command)
        return 0;
    if (c->rootfs)
        return err_set(err, ERR_NO_COMMAND, ENOENT,
                       "executable file `` not found in $PATH: No such file or directory: OCI "
                       "runtime attempted to invoke a command that was not found");
    return err_set(err, ERR_BAD_PARAM, EINVAL,
                   "no command or entrypoint provided, and no CMD or ENTRYPOINT from image");
}

int container_complete(struct engine *e, struct arena *a, const struct image *img,
                       struct container_config *c, char ***warnings, struct err *err)
{
    merge_env(e, a, &img->config.config, c);
    merge_image(e, a, img, c);
    int r = check_command(c, err);
    if (r < 0)
        return r;
    if (str_empty(c->name))
        c->name = container_random_name(a, 0);
    r = c->pod && !c->infra ? pod_join(e, a, c, err) : 0;
    if (r == 0)
        r = health_complete(a, img->config.config.healthcheck, c, err);
    if (r == 0)
        r = apply_namespaces(e, a, c, err);
    if (r == 0)
        r = network_complete_config(e, a, c, img->config.config.exposed_ports, warnings, err);
    if (r == 0)
        r = apply_limits(e, a, c, err);
    if (r == 0)
        r = apply_mounts(e, a, c, err);
    if (r == 0)
        r = check_sources(e, c, err);
    if (r == 0)
        r = apply_log(e, a, c, err);
    if (r == 0)
        r = apply_process(e, a, c, err);
    if (r == 0)
        finish_env(a, c);
    return r;
}

static int create(struct engine *e, struct arena *a, struct container_config *c, const char *image,
                  const struct pull_request *p, bool replace, struct pod_config *pod,
                  char ***warnings, struct err *err)
{
    char id[65];
    struct image img = { 0 };
    bool chosen = !str_empty(c->name);

    int r = replace ? replace_old(e, a, c, err) : 0;
    if (r < 0)
        return r;
    store_random_id(id, 64);
    c->id = arena_strdup(a, id);
    c->created = time_now();
    if (pod)
        pod->infra_id = c->id;
    if (image) {
        r = container_image(e, a, image, p, &img, &c->image_name, err);
        if (r < 0)
            return r;
        c->image = arena_strdup(a, img.id);
        c->layers = img.layers;
    } else if ((r = rootfs_given(a, c, err)) < 0)
        return r;
    if ((r = resolve_image_mounts(e, a, c, err)) < 0)
        return r;
    check_platform(p, &img);
    if (pod && !image)
        c->image_name = arena_strdup(a, "");
    r = container_complete(e, a, &img, c, warnings, err);
    if (r < 0)
        return r;
    /* What the specification will refuse is refused now, not at the first start. */
    char **caps;
    r = capabilities_resolve(a, c, e->defaults.capabilities, &caps, err);
    char **refused = r == 0 ? capabilities_refused(a, c, caps) : NULL;
    if (refused)
        log_error("Capabilities requested by user or image are not allowed by default: \"%s\"",
                  strv_join(a, refused, ","));
    if (r == 0)
        r = store_container(e, a, c, chosen, pod, err);
    return container_did(e, c, "create", r);
}

int container_create(struct engine *e, struct arena *a, struct container_config *c,
                     const char *image, const struct pull_request *p, bool replace,
                     char ***warnings, struct err *err)
{
    return create(e, a, c, image, p, replace, NULL, warnings, err);
}

int container_create_infra(struct engine *e, struct arena *a, struct container_config *c,
                           const char *image, const struct pull_request *pull,
                           struct pod_config *pod, char ***warnings, struct err *err)
{
    return create(e, a, c, image, pull, false, pod, warnings, err);
}
