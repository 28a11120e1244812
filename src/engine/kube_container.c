#include <inttypes.h>
#include <strings.h>

#include "base/parse.h"
#include "engine/kube_priv.h"
#include "engine/options.h"
#include "engine/options_net.h"

#include "base/banned.h"

/* A container of a pod: what Kubernetes calls things, in our words. */

const char *kube_annotation(const struct kube_maker *m, const char *name, const char *container)
{
    char *own = arena_printf(m->a, "%s/%s", name, container ? container : "");
    const char *v = container ? kv_get(&m->meta->annotations, own) : NULL;

    return v ? v : kv_get(&m->meta->annotations, name);
}

static const char *own_annotation(const struct kube_maker *m, const char *name,
                                  const struct kube_container *k)
{
    return kube_annotation(m, arena_printf(m->a, "io.podman.annotations.%s", name), k->name);
}

static bool is_true(const char *v)
{
    return v && strcasecmp(v, "true") == 0;
}

/* ---------- who runs, and what ---------- */

static int expand_words(struct kube_maker *m, char *const *words, char *const *env, char ***ret)
{
    for (; words && *words; words++) {
        char *word = kube_expand(m->a, *words, env);
        if (!word)
            return err_set(m->err, ERR_TOO_BIG, E2BIG, "\"%.40s\" becomes too long", *words);
        *ret = strv_add(m->a, *ret, word);
    }
    return 0;
}

static int fill_command(struct kube_maker *m, const struct kube_container *k,
                        struct container_config *c)
{
    int r = expand_words(m, k->command, c->env, &c->entrypoint);

    if (r == 0)
        r = expand_words(m, k->args, c->env, &c->command);
    c->entrypoint_given = c->entrypoint != NULL;
    c->workdir = k->workdir;
    c->workdir_given = k->workdir != NULL;
    c->stdin_open = k->stdin_open;
    c->terminal = k->tty;
    return r;
}

static void fill_selinux(struct kube_maker *m, const struct kube_selinux *s,
                         struct container_config *c)
{
    const char *const parts[][2] = {
        { "user", s->user }, { "role", s->role }, { "type", s->type }, { "level", s->level }
    };

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (parts[i][1])
            c->label_opts = strv_add(m->a, c->label_opts,
                                     arena_printf(m->a, "%s:%s", parts[i][0], parts[i][1]));
}

static int fill_seccomp(struct kube_maker *m, const struct kube_seccomp *s,
                        struct container_config *c)
{
    const char *type = s->type ? s->type : "";

    if (STR_EQ(type, "Unconfined"))
        c->seccomp_profile = arena_strdup(m->a, "unconfined");
    else if (STR_EQ(type, "Localhost") && s->profile)
        c->seccomp_profile = arena_printf(m->a, "%s/%s", m->o->seccomp_root, s->profile);
    else if (!STR_EQ(type, "RuntimeDefault"))
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "invalid seccompProfile type \"%s\"", type);
    return 0;
}

static int fill_user(struct kube_maker *m, const struct kube_security *s,
                     struct container_config *c)
{
    const struct kube_pod_security *p = m->spec->security;
    const int64_t *user = s && s->user ? s->user : p ? p->user : NULL;
    const int64_t *group = s && s->group ? s->group : p ? p->group : NULL;

    if (user && group)
        c->user = arena_printf(m->a, "%" PRId64 ":%" PRId64, *user, *group);
    else if (user)
        c->user = arena_printf(m->a, "%" PRId64, *user);
    else if (group)
        c->user = arena_printf(m->a, "0:%" PRId64, *group);
    if (s && s->non_root && *s->non_root && (!user || *user == 0))
        return err_set(m->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "runAsNonRoot needs a runAsUser that is not 0");
    if (p)
        c->groups = strv_copy(m->a, p->supplemental_groups);
    return 0;
}

static int fill_security(struct kube_maker *m, const struct kube_container *k,
                         struct container_config *c)
{
    const struct kube_security *s = k->security;
    const struct kube_pod_security *p = m->spec->security;
    int r = fill_user(m, s, c);

    if (r < 0)
        return r;
    if (p && p->selinux && !(s && s->selinux))
        fill_selinux(m, p->selinux, c);
    if (p && p->seccomp && !(s && s->seccomp))
        r = fill_seccomp(m, p->seccomp, c);
    if (!s || r < 0)
        return r;
    c->privileged = s->privileged;
    c->read_only = s->read_only;
    c->read_only_tmpfs = s->read_only;
    c->no_new_privileges = s->escalation && !*s->escalation;
    if (str_same(s->proc_mount, "Unmasked"))
        c->unmask = strv_add(m->a, c->unmask, "ALL");
    if (s->capabilities) {
        c->cap_add = s->capabilities->add;
        c->cap_drop = s->capabilities->drop;
    }
    if (s->selinux)
        fill_selinux(m, s->selinux, c);
    return s->seccomp ? fill_seccomp(m, s->seccomp, c) : 0;
}

/* ---------- how much ---------- */

static int fill_resources(struct kube_maker *m, const struct kube_container *k,
                          struct container_config *c)
{
    const struct {
        const kv_list *list;
        const char *key;
        bool milli;
        int64_t *to;
    } rows[] = {
        { &k->resources->limits, "memory", false, &c->resources.memory },
        { &k->resources->requests, "memory", false, &c->resources.memory_reservation },
        { &k->resources->limits, "cpu", true, &c->resources.cpu_quota },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *text = kv_get(rows[i].list, rows[i].key);
        if (text && kube_quantity(text, rows[i].milli, rows[i].to) < 0)
            return err_set(m->err, ERR_BAD_PARAM, EINVAL,
                           "%s \"%s\" of container %s is no quantity", rows[i].key, text, k->name);
    }
    if (c->resources.cpu_quota) { /* thousandths of a CPU: microseconds of each tenth of a second */
        c->resources.cpu_quota *= 100;
        c->resources.cpu_period = 100000;
    }
    return 0;
}

/* ---------- probes ---------- */

static int64_t seconds(int64_t given, int64_t usual)
{
    return (given > 0 ? given : usual) * NSEC_PER_SEC;
}

/* A named port is one of the container's. */
static int64_t port_of(const struct kube_container *k, const char *port)
{
    int64_t n;

    if (port && parse_i64(port, 1, 65535, &n) == 0)
        return n;
    for (size_t i = 0; port && i < k->ports.n; i++)
        if (str_same(k->ports.items[i].name, port))
            return k->ports.items[i].container_port;
    return 0;
}

/* In the container, by whichever program it has. */
static char *http_command(struct kube_maker *m, const struct kube_http_get *h, int64_t port)
{
    AUTO_BUF curl = { 0 }, wget = { 0 };
    const char *scheme = str_same(h->scheme, "HTTPS") ? "https" : "http";
    char *url = arena_printf(m->a, "%s://%s:%" PRId64 "%s", scheme, h->host ? h->host : "localhost",
                             port, str_empty(h->path) ? "/" : h->path);

    for (size_t i = 0; i < h->headers.n; i++) {
        buf_printf(&curl, " -H '%s: %s'", h->headers.items[i].name, h->headers.items[i].value);
        buf_printf(&wget, " --header '%s: %s'", h->headers.items[i].name,
                   h->headers.items[i].value);
    }
    return arena_printf(m->a,
                        "if command -v curl >/dev/null; then curl -kfsS -o /dev/null%s '%s'; else "
                        "wget -q -O /dev/null%s '%s'; fi || exit 1",
                        curl.data ? curl.data : "", url, wget.data ? wget.data : "", url);
}

/* Not every nc has -z; who listens in here, the kernel tells too. */
static char *tcp_command(struct kube_maker *m, const struct kube_tcp_socket *t, int64_t port)
{
    bool here = str_empty(t->host) || STR_IN(t->host, "localhost", "127.0.0.1");
    char *nc = arena_printf(m->a, "nc -z '%s' %" PRId64 " 2>/dev/null",
                            here ? "localhost" : t->host, port);

    return here ? arena_printf(m->a,
                               "%s || grep -qE ':%04" PRIX64
                               " 0+:0000 0A' /proc/net/tcp /proc/net/tcp6 || exit 1",
                               nc, port)
                : arena_printf(m->a, "%s || exit 1", nc);
}

static int probe_command(struct kube_maker *m, const struct kube_container *k,
                         const struct kube_probe *p, char ***ret)
{
    const char *port_text = p->http ? p->http->port : p->tcp ? p->tcp->port : NULL;
    int64_t port = port_of(k, port_text);
    char **out = NULL;

    if (p->exec && p->exec->command) {
        out = strv_concat(m->a, strv_add(m->a, NULL, "CMD"), p->exec->command);
    } else if ((p->http || p->tcp) && !port)
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "probe of container %s: unknown port \"%s\"",
                       k->name, port_text ? port_text : "");
    else if (p->http) {
        const char *const texts[] = { p->http->host, p->http->path, NULL };
        for (size_t i = 0; i < 2; i++)
            if (texts[i] && strpbrk(texts[i], "'\n"))
                return err_set(m->err, ERR_BAD_PARAM, EINVAL, "probe of container %s: \"%s\"",
                               k->name, texts[i]);
        for (size_t i = 0; i < p->http->headers.n; i++)
            if (!p->http->headers.items[i].name || !p->http->headers.items[i].value ||
                strpbrk(p->http->headers.items[i].value, "'\n") ||
                strpbrk(p->http->headers.items[i].name, "'\n"))
                return err_set(m->err, ERR_BAD_PARAM, EINVAL,
                               "probe of container %s: a header that cannot be sent", k->name);
        out = strv_add(m->a, strv_add(m->a, NULL, "CMD-SHELL"), http_command(m, p->http, port));
    } else if (p->tcp) {
        if (p->tcp->host && strpbrk(p->tcp->host, "'\n"))
            return err_set(m->err, ERR_BAD_PARAM, EINVAL, "probe of container %s: \"%s\"", k->name,
                           p->tcp->host);
        out = strv_add(m->a, strv_add(m->a, NULL, "CMD-SHELL"), tcp_command(m, p->tcp, port));
    } else
        return err_set(m->err, ERR_BAD_PARAM, EINVAL,
                       "probe of container %s: exec, httpGet and tcpSocket are known", k->name);
    *ret = out;
    return 0;
}

/* A container that does not live is restarted, unless its pod's policy is Never. */
static int fill_probes(struct kube_maker *m, const struct kube_container *k,
                       struct container_config *c)
{
    const struct kube_probe *p = k->liveness, *s = k->startup;
    struct health_config *h = &c->health;
    int r = 0;

    h->max_log_count = HEALTH_LOG_COUNT;
    h->max_log_size = HEALTH_LOG_SIZE;
    if (p) {
        r = probe_command(m, k, p, &h->test);
        h->interval = seconds(p->period, 10);
        h->timeout = seconds(p->timeout, 1);
        h->start_period = seconds(p->initial_delay, 0);
        h->retries = p->failure_threshold > 0 ? p->failure_threshold : 3;
        h->on_failure = arena_strdup(m->a, str_same(m->spec->restart_policy, "Never") ? "none"
                                                                                      : "restart");
    }
    if (!s || r < 0)
        return r;
    r = probe_command(m, k, s, &h->startup_test);
    h->startup_interval = seconds(s->period, 10);
    h->startup_timeout = seconds(s->timeout, 1);
    h->startup_success = s->success_threshold > 0 ? s->success_threshold : 1;
    h->startup_retries = s->failure_threshold > 0 ? s->failure_threshold : 3;
    if (r == 0 && !p) { /* it is all the check there is */
        h->test = h->startup_test;
        h->interval = h->startup_interval;
        h->timeout = h->startup_timeout;
        h->retries = h->startup_retries;
        h->start_period = seconds(s->initial_delay, 0);
        h->startup_test = NULL;
    }
    return r;
}

/* ---------- annotations ---------- */

static int fill_annotations(struct kube_maker *m, const struct kube_container *k,
                            struct container_config *c)
{
    const char *v;
    int r = 0;

    c->auto_remove = is_true(own_annotation(m, "autoremove", k));
    c->init = is_true(own_annotation(m, "init", k));
    c->privileged |= is_true(own_annotation(m, "privileged", k));
    c->publish_all |= is_true(own_annotation(m, "publish-all", k));
    if ((v = own_annotation(m, "label", k)))
        c->label_opts = strv_concat(m->a, c->label_opts, strv_split(m->a, v, ','));
    if ((v = own_annotation(m, "seccomp", k)))
        c->seccomp_profile = arena_strdup(m->a, v);
    if ((v = own_annotation(m, "apparmor", k)))
        c->apparmor_profile = arena_strdup(m->a, v);
    if ((v = own_annotation(m, "cpuset", k)))
        c->resources.cpuset_cpus = arena_strdup(m->a, v);
    if ((v = own_annotation(m, "memory-nodes", k)))
        c->resources.cpuset_mems = arena_strdup(m->a, v);
    if ((v = own_annotation(m, "pids-limit", k))) {
        int64_t n;
        if (parse_i64(v, -1, INT64_MAX, &n) < 0)
            return err_set(m->err, ERR_BAD_PARAM, EINVAL, "annotation pids-limit: \"%s\"", v);
        c->resources.pids_limit = arena_memdup(m->a, &n, sizeof(n));
    }
    if ((v = own_annotation(m, "ulimit", k)))
        for (char **p = strv_split(m->a, v, ','); r == 0 && *p; p++)
            r = option_ulimit(m->a, *p, c, m->err);
    return r;
}

/* io.podman.annotations.volumes-from/NAME: SOURCE[:OPTIONS][;...] */
static int fill_volumes_from(struct kube_maker *m, const struct kube_container *k,
                             struct container_config *c)
{
    const char *v = kube_annotation(m, "io.podman.annotations.volumes-from", k->name);

    for (char **p = v ? strv_split(m->a, v, ';') : NULL; p && *p; p++) {
        char **f = strv_split(m->a, *p, ':');
        struct container from;
        int r = container_find(m->e, m->a, f[0], &from, m->err);
        if (r < 0)
            return r;
        for (size_t i = 0; i < from.config.mounts.n; i++) {
            struct container_mount mount = from.config.mounts.items[i];
            if (f[1])
                mount.options = strv_concat(m->a, mount.options, strv_split(m->a, f[1], ','));
            *LIST_ADD(m->a, c->mounts) = mount;
        }
    }
    return 0;
}

/* io.podman.annotations.kube.image.volumes.mount/NAME: images whose VOLUMEs this container gets. */
static int check_image_volumes(struct kube_maker *m, const struct kube_container *k)
{
    return kube_annotation(m, "io.podman.annotations.kube.image.volumes.mount", k->name)
               ? err_set(m->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                         "annotation io.podman.annotations.kube.image.volumes.mount is not "
                         "supported: use a volume of type image")
               : 0;
}

/* ---------- together ---------- */

static void fill_usual(struct kube_maker *m, const struct kube_container *k, bool init,
                       struct container_config *c)
{
    const char *policy = m->spec->restart_policy;
    const char *type = kube_annotation(m, "io.podman.annotations.init.container.type", k->name);

    c->name = m->o->no_pod_prefix ? arena_strdup(m->a, k->name)
                                  : arena_printf(m->a, "%s-%s", m->pod->name, k->name);
    c->pod = m->pod->id;
    c->labels.items = arena_memdup(m->a, m->meta->labels.items,
                                   m->meta->labels.n * sizeof(*m->meta->labels.items));
    c->labels.n = m->meta->labels.n;
    for (size_t i = 0; i < m->meta->annotations.n; i++)
        kv_set(m->a, &c->annotations, m->meta->annotations.items[i].key,
               m->meta->annotations.items[i].val);
    for (size_t i = 0; i < m->o->annotations.n; i++)
        kv_set(m->a, &c->annotations, m->o->annotations.items[i].key,
               m->o->annotations.items[i].val);
    c->create_command = m->o->create_command;
    c->log_driver = (char *)(uintptr_t)m->o->log_driver;
    c->log_path = (char *)(uintptr_t)m->o->log_path;
    c->log_tag = (char *)(uintptr_t)m->o->log_tag;
    c->log_size_max = m->o->log_size_max;
    c->log_options = m->o->log_options;
    c->sdnotify = arena_strdup(m->a, "ignore"); /* the service is all of them */
    c->stop_timeout = m->spec->grace ? *m->spec->grace : -2;
    if (k->lifecycle && k->lifecycle->stop_signal)
        c->stop_signal = k->lifecycle->stop_signal;
    if (init)
        c->init_type = arena_strdup(m->a, type ? type : "once");
    else
        c->restart_policy = arena_strdup(m->a, str_same(policy, "Never")       ? "no"
                                               : str_same(policy, "OnFailure") ? "on-failure"
                                                                               : "always");
    if (m->spec->host_pid)
        c->pidns = arena_strdup(m->a, "host");
    if (m->spec->host_ipc)
        c->ipcns = arena_strdup(m->a, "host");
}

static const char *pull_policy(const struct kube_container *k)
{
    const char *p = k->pull_policy ? k->pull_policy : "";

    return strcasecmp(p, "Always") == 0  ? "always"
           : strcasecmp(p, "Never") == 0 ? "never"
                                         : "missing";
}

int kube_container(struct kube_maker *m, const struct kube_container *k, bool init, char **ret_id)
{
    static int (*const parts[])(struct kube_maker *, const struct kube_container *,
                                struct container_config *) = {
        kube_env,    fill_command,     fill_security,     fill_probes,
        kube_mounts, fill_annotations, fill_volumes_from,
    };
    struct container_config c = { 0 };
    struct pull_request pull = m->o->pull;
    int r = 0, signo;

    if (str_empty(k->name))
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "a container without a name");
    if (str_empty(k->image))
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "container %s has no image", k->name);
    fill_usual(m, k, init, &c);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
        r = parts[i](m, k, &c);
    if (r == 0 && k->resources)
        r = fill_resources(m, k, &c);
    if (r == 0)
        r = check_image_volumes(m, k);
    if (r == 0 && c.stop_signal)
        r = option_signal(c.stop_signal, &signo, m->err);
    for (size_t i = 0; r == 0 && i < k->ports.n; i++)
        r = option_expose(m->a,
                          arena_printf(m->a, "%" PRId64 "/%s", k->ports.items[i].container_port,
                                       str_same(k->ports.items[i].protocol, "UDP")    ? "udp"
                                       : str_same(k->ports.items[i].protocol, "SCTP") ? "sctp"
                                                                                      : "tcp"),
                          &c.expose, m->err);
    if (r < 0)
        return err_wrap(m->err, "container %s", k->name);
    c.publish_all = false; /* its ports are the pod's */
    pull.policy = pull_policy(k);
    r = container_create(m->e, m->a, &c, k->image, &pull, false, &m->report->warnings, m->err);
    *ret_id = c.id;
    return r < 0 ? err_wrap(m->err, "container %s", k->name) : 0;
}
