#include <ctype.h>
#include <inttypes.h>
#include <sys/random.h>

#include "base/parse.h"
#include "base/yaml_text.h"
#include "engine/kube_priv.h"
#include "engine/lsm.h"
#include "engine/volumes.h"
#include "image/image.h"

#include "base/banned.h"

/* Pods, containers and volumes as Kubernetes describes them, so that kube_play() makes the same again. */

struct generator {
    struct engine *e;
    struct arena *a;
    const struct kube_generate_options *o;
    struct err *err;
    struct kube_pod pod;
    const struct container_config
        *net; /* whose network and ports it is: the infra container's, or the one's */
};

#define DUP(s) arena_strdup(g->a, (s))

/* ---------- volumes ---------- */

/* "/srv/my data" -> "srv-my-data": names there are labels of DNS. */
static char *label_of(struct generator *g, const char *path)
{
    char *out = DUP(path + (path[0] == '/'));

    for (char *p = out; *p; p++)
        *p = isalnum((unsigned char)*p) ? (char)tolower((unsigned char)*p) : '-';
    return arena_strndup(g->a, out, MIN(strlen(out), (size_t)50));
}

static struct kube_volume *find_volume(struct generator *g, const char *name)
{
    for (size_t i = 0; i < g->pod.spec.volumes.n; i++)
        if (STR_EQ(g->pod.spec.volumes.items[i].name, name))
            return &g->pod.spec.volumes.items[i];
    return NULL;
}

/* The volume that is mounted there, made at its first mount. */
static const char *volume_for(struct generator *g, const struct container_mount *m)
{
    struct kube_volume v = { 0 };

    if (STR_EQ(m->type, "bind")) {
        v.host_path = arena_alloc(g->a, sizeof(*v.host_path));
        v.host_path->path = m->source;
        v.name = arena_printf(g->a, "%s-host", label_of(g, m->source));
    } else if (STR_EQ(m->type, "volume") && !m->anonymous) {
        v.claim = arena_alloc(g->a, sizeof(*v.claim));
        v.claim->name = m->source;
        v.name = arena_printf(g->a, "%s-pvc", label_of(g, m->source));
    } else if (STR_IN(m->type, "volume", "tmpfs")) {
        bool memory = STR_EQ(m->type, "tmpfs");
        v.empty_dir = arena_alloc(g->a, sizeof(*v.empty_dir));
        v.empty_dir->medium = memory ? DUP("Memory") : NULL;
        v.name = arena_printf(g->a, "%s-%s", label_of(g, memory ? m->destination : m->source + 0),
                              memory ? "tmp" : "empty");
        for (char **p = m->options; memory && p && *p; p++)
            if (str_starts(*p, "size="))
                v.empty_dir->size_limit = DUP(*p + 5);
    } else if (STR_EQ(m->type, "image")) {
        v.image = arena_alloc(g->a, sizeof(*v.image));
        v.image->reference = m->source;
        v.name = arena_printf(g->a, "%s-image", label_of(g, m->source));
    } else
        return NULL;
    if (!find_volume(g, v.name))
        *LIST_ADD(g->a, g->pod.spec.volumes) = v;
    return v.name;
}

static void fill_mounts(struct generator *g, const struct container_config *c,
                        struct kube_container *k)
{
    for (size_t i = 0; i < c->mounts.n; i++) {
        const struct container_mount *m = &c->mounts.items[i];
        const char *name = m->from_image ? NULL : volume_for(g, m);
        if (name)
            *LIST_ADD(g->a,
                      k->mounts) = (struct kube_mount) { .name = DUP(name),
                                                         .path = m->destination,
                                                         .subpath = m->subpath,
                                                         .read_only = strv_has(m->options, "ro") };
    }
}

/* ---------- a container ---------- */

/* So that what has a dollar in it comes back as it is: kube_expand(). */
static char **escaped(struct generator *g, char *const *words)
{
    char **out = NULL;

    for (; words && *words; words++) {
        AUTO_BUF b = { 0 };
        for (const char *p = *words; *p; p++) {
            if (*p == '$' && (p[1] == '(' || p[1] == '$'))
                buf_putc(&b, '$');
            buf_putc(&b, *p);
        }
        out = strv_add(g->a, out, b.data ? b.data : "");
    }
    return out;
}

/* What the image and we ourselves set says nothing. */
static void fill_env(struct generator *g, const struct container_config *c, const struct image *img,
                     struct kube_container *k)
{
    static const char *const ours[] = { "container=podman", "TERM=xterm", NULL };

    for (char **p = c->env; p && *p; p++) {
        const char *eq = strchr(*p, '=');
        if (!eq || str_in_list(*p, ours) || str_starts(*p, "HOSTNAME=") ||
            strv_has(img->config.config.env, *p) || strv_has(g->e->defaults.env, *p))
            continue;
        *LIST_ADD(g->a, k->env) =
            (struct kube_env) { .name = arena_strndup(g->a, *p, (size_t)(eq - *p)),
                                .value = escaped(g, (char *[]) { DUP(eq + 1), NULL })[0] };
    }
}

static bool same_words(char *const *a, char *const *b)
{
    size_t n = strv_len(a);

    if (n != strv_len(b))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!STR_EQ(a[i], b[i]))
            return false;
    return true;
}

static void fill_security(struct generator *g, const struct container_config *c,
                          const struct image *img, struct kube_container *k)
{
    struct kube_security s = { .privileged = c->privileged, .read_only = c->read_only };
    bool yes = false, any = c->privileged || c->read_only;
    int64_t id;

    if (c->no_new_privileges) {
        s.escalation = arena_memdup(g->a, &yes, sizeof(yes));
        any = true;
    }
    if (c->cap_add || c->cap_drop) {
        s.capabilities = arena_alloc(g->a, sizeof(*s.capabilities));
        s.capabilities->add = c->cap_add;
        s.capabilities->drop = c->cap_drop;
        any = true;
    }
    if (strv_has(c->unmask, "ALL")) {
        s.proc_mount = DUP("Unmasked");
        any = true;
    }
    if (!str_empty(c->user) && !str_same(c->user, img->config.config.user)) {
        char **f = strv_split(g->a, c->user, ':');
        if (parse_i64(f[0], 0, UINT32_MAX, &id) == 0)
            s.user = arena_memdup(g->a, &id, sizeof(id));
        if (f[1] && parse_i64(f[1], 0, UINT32_MAX, &id) == 0)
            s.group = arena_memdup(g->a, &id, sizeof(id));
        any |= s.user != NULL;
    }
    for (char **p = c->label_opts; p && *p; p++) {
        struct kube_selinux *l = s.selinux = s.selinux ? s.selinux
                                                       : arena_alloc(g->a, sizeof(*s.selinux));
        const char *v = strchr(*p, ':');
        char **to = str_starts(*p, "user:")    ? &l->user
                    : str_starts(*p, "role:")  ? &l->role
                    : str_starts(*p, "type:")  ? &l->type
                    : str_starts(*p, "level:") ? &l->level
                                               : NULL;
        if (to && v)
            *to = DUP(v + 1);
        any = true;
    }
    if (any)
        k->security = arena_memdup(g->a, &s, sizeof(s));
}

static void fill_resources(struct generator *g, const struct container_config *c,
                           struct kube_container *k)
{
    const struct container_resources *r = &c->resources;
    struct kube_resources out = { 0 };

    if (r->memory)
        kv_set(g->a, &out.limits, "memory", arena_printf(g->a, "%" PRId64, r->memory));
    if (r->cpu_quota > 0 && r->cpu_period)
        kv_set(g->a, &out.limits, "cpu",
               arena_printf(g->a, "%" PRId64 "m", r->cpu_quota * 1000 / r->cpu_period));
    if (r->memory_reservation)
        kv_set(g->a, &out.requests, "memory",
               arena_printf(g->a, "%" PRId64, r->memory_reservation));
    if (out.limits.n || out.requests.n)
        k->resources = arena_memdup(g->a, &out, sizeof(out));
}

static void fill_probe(struct generator *g, const struct container_config *c,
                       struct kube_container *k)
{
    const struct health_config *h = &c->health;

    if (!health_has_check(h))
        return;
    struct kube_probe *p = k->liveness = arena_alloc(g->a, sizeof(*p));
    p->exec = arena_alloc(g->a, sizeof(*p->exec));
    p->exec->command = health_command(g->a, h->test);
    p->period = h->interval / NSEC_PER_SEC;
    p->timeout = h->timeout / NSEC_PER_SEC;
    p->initial_delay = h->start_period / NSEC_PER_SEC;
    p->failure_threshold = h->retries;
}

/* The pod's name in front is put there again by kube_play(). */
static char *short_name(struct generator *g, const struct container_config *c)
{
    size_t n = strlen(g->pod.metadata.name);

    return strncmp(c->name, g->pod.metadata.name, n) == 0 && c->name[n] == '-' && c->name[n + 1]
               ? DUP(c->name + n + 1)
               : c->name;
}

static void annotate(struct generator *g, const char *name, const struct container_config *c,
                     const char *value)
{
    enum { ANNOTATION_MAX = 63 }; /* what Kubernetes takes */

    kv_set(g->a, &g->pod.metadata.annotations,
           arena_printf(g->a, "io.podman.annotations.%s/%s", name, short_name(g, c)),
           g->o->no_trunc ? value : arena_printf(g->a, "%.*s", ANNOTATION_MAX, value));
}

/* What only podman understands. */
static void fill_annotations(struct generator *g, const struct container_config *c)
{
    char **limits = NULL;

    if (c->init)
        annotate(g, "init", c, "TRUE");
    if (c->auto_remove)
        annotate(g, "autoremove", c, "TRUE");
    if (!str_empty(c->apparmor_profile) && !STR_EQ(c->apparmor_profile, APPARMOR_DEFAULT))
        annotate(g, "apparmor", c, c->apparmor_profile);
    if (!str_empty(c->seccomp_profile) &&
        !str_same(c->seccomp_profile, g->e->defaults.seccomp_profile))
        annotate(g, "seccomp", c, c->seccomp_profile);
    for (size_t i = 0; i < c->ulimits.n; i++)
        limits = strv_add(g->a, limits,
                          arena_printf(g->a, "%s=%" PRId64 ":%" PRId64, c->ulimits.items[i].name,
                                       c->ulimits.items[i].soft, c->ulimits.items[i].hard));
    if (limits)
        annotate(g, "ulimit", c, strv_join(g->a, limits, ","));
    if (!g->o->podman_only)
        return;
    if (c->resources.pids_limit)
        annotate(g, "pids-limit", c, arena_printf(g->a, "%" PRId64, *c->resources.pids_limit));
    if (!str_empty(c->resources.cpuset_cpus))
        annotate(g, "cpuset", c, c->resources.cpuset_cpus);
    if (!str_empty(c->resources.cpuset_mems))
        annotate(g, "memory-nodes", c, c->resources.cpuset_mems);
}

static void fill_ports(struct generator *g, const struct container_config *c,
                       struct kube_container *k)
{
    for (size_t i = 0; i < c->ports.n; i++)
        for (int64_t n = 0; n < c->ports.items[i].range; n++) {
            const struct container_port *p = &c->ports.items[i];
            struct kube_port *out = LIST_ADD(g->a, k->ports);
            *out = (struct kube_port) { .container_port = p->container_port + n,
                                        .host_port = p->host_port + n,
                                        .host_ip = p->host_ip };
            if (!STR_EQ(p->protocol, "tcp"))
                out->protocol = DUP(STR_EQ(p->protocol, "udp") ? "UDP" : "SCTP");
        }
}

static int add_container(struct generator *g, const struct container_config *c)
{
    struct kube_container *k = c->init_type ? LIST_ADD(g->a, g->pod.spec.init_containers)
                                            : LIST_ADD(g->a, g->pod.spec.containers);
    struct image img = { 0 };

    *k = (struct kube_container) { .name = short_name(g, c),
                                   .image = c->image_name,
                                   .stdin_open = c->stdin_open,
                                   .tty = c->terminal };
    if (str_empty(c->image))
        return err_set(g->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "container %s has no image: Kubernetes cannot start it", c->name);
    int r = image_find(g->e->store, g->a, c->image, &img, g->err);
    if (r < 0)
        return err_wrap(g->err, "the image of container %s", c->name);
    if (c->entrypoint_given || !same_words(c->entrypoint, img.config.config.entrypoint))
        k->command = escaped(g, c->entrypoint);
    if (k->command || !same_words(c->command, img.config.config.cmd))
        k->args = escaped(g, c->command);
    if (!str_empty(c->workdir) && !str_same(c->workdir, img.config.config.working_dir))
        k->workdir = c->workdir;
    if (!str_empty(c->stop_signal) && !STR_EQ(c->stop_signal, "SIGTERM") &&
        !str_same(c->stop_signal, img.config.config.stop_signal)) {
        k->lifecycle = arena_alloc(g->a, sizeof(*k->lifecycle));
        k->lifecycle->stop_signal = c->stop_signal;
    }
    fill_env(g, c, &img, k);
    fill_security(g, c, &img, k);
    fill_resources(g, c, k);
    fill_mounts(g, c, k);
    fill_probe(g, c, k);
    fill_annotations(g, c);
    if (c->init_type && STR_EQ(c->init_type, "always"))
        annotate(g, "init.container.type", c, c->init_type);
    return 0;
}

/* ---------- the pod ---------- */

static void fill_network(struct generator *g)
{
    const struct container_config *c = g->net;
    struct kube_pod_spec *s = &g->pod.spec;

    s->host_network = str_same(c->netns, "host");
    s->host_pid = str_same(c->pidns, "host");
    s->host_ipc = str_same(c->ipcns, "host");
    if (!str_empty(c->hostname) && c->hostname_given)
        s->hostname = c->hostname;
    for (char **p = c->add_hosts; p && *p; p++) {
        const char *colon = strchr(*p, ':');
        struct kube_host_alias *h = colon ? LIST_ADD(g->a, s->host_aliases) : NULL;
        if (h)
            *h = (struct kube_host_alias) {
                .ip = DUP(colon + 1),
                .names = strv_split(g->a, arena_strndup(g->a, *p, (size_t)(colon - *p)), ';')
            };
    }
    if (c->dns_servers || c->dns_searches || c->dns_options) {
        s->dns = arena_alloc(g->a, sizeof(*s->dns));
        s->dns->servers = c->dns_servers;
        s->dns->searches = c->dns_searches;
        for (char **p = c->dns_options; p && *p; p++) {
            const char *colon = strchrnul(*p, ':');
            *LIST_ADD(g->a, s->dns->options) = (struct kube_dns_option) {
                arena_strndup(g->a, *p, (size_t)(colon - *p)), *colon ? DUP(colon + 1) : NULL
            };
        }
    }
    if (c->sysctls.n) {
        s->security = arena_alloc(g->a, sizeof(*s->security));
        for (size_t i = 0; i < c->sysctls.n; i++)
            *LIST_ADD(g->a, s->security->sysctls) =
                (struct kube_sysctl) { c->sysctls.items[i].key, c->sysctls.items[i].val };
    }
    if (s->containers.n)
        fill_ports(g, c, &s->containers.items[0]);
}

static char *restart_policy(struct generator *g, const struct container_config *c)
{
    const char *p = c->restart_policy ? c->restart_policy : "";

    return STR_IN(p, "always", "unless-stopped") ? DUP("Always")
           : STR_EQ(p, "on-failure")             ? DUP("OnFailure")
           : STR_EQ(p, "no")                     ? DUP("Never")
                                                 : NULL;
}

static void fill_meta(struct generator *g, const char *name, int64_t created)
{
    char stamp[TIME_TEXT_MAX];

    g->pod.api_version = DUP("v1");
    g->pod.kind = DUP("Pod");
    g->pod.metadata.name = DUP(name);
    g->pod.metadata.created = DUP(
        time_format_rfc3339(created / NSEC_PER_SEC * NSEC_PER_SEC, stamp));
    kv_set(g->a, &g->pod.metadata.labels, "app", name);
}

static int add_all(struct generator *g, const struct container_list *list)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < list->n; i++)
        if (!list->items[i].config.infra)
            r = add_container(g, &list->items[i].config);
    if (r == 0 && !g->pod.spec.containers.n)
        return err_set(g->err, ERR_BAD_PARAM, EINVAL, "Pod %s has no containers",
                       g->pod.metadata.name);
    for (size_t i = 0; r == 0 && i < list->n && !g->pod.spec.restart_policy; i++)
        if (!list->items[i].config.infra && !list->items[i].config.init_type)
            g->pod.spec.restart_policy = restart_policy(g, &list->items[i].config);
    return r;
}

static int from_pod(struct generator *g, const struct pod *p)
{
    const struct container *infra = pod_infra(p);

    fill_meta(g, p->config.name, p->config.created);
    for (size_t i = 0; i < p->config.labels.n; i++)
        kv_set(g->a, &g->pod.metadata.labels, p->config.labels.items[i].key,
               p->config.labels.items[i].val);
    g->pod.spec.share_processes = strv_has(p->config.shared, "pid");
    int r = add_all(g, &p->members);
    g->net = infra ? &infra->config : NULL;
    if (r == 0 && g->net) {
        struct container_config c = infra->config;
        c.hostname_given = !str_same(c.hostname, p->config.name);
        g->net = &c;
        fill_network(g);
        if (!STR_EQ(c.name, arena_printf(g->a, "%.12s-infra", p->config.id)))
            kv_set(g->a, &g->pod.metadata.annotations, "io.podman.annotations.infra.name", c.name);
    }
    return r;
}

static int from_containers(struct generator *g, const struct container_list *list)
{
    const struct container_config *first = &list->items[0].config;

    fill_meta(g, arena_printf(g->a, "%s-pod", first->name), first->created);
    for (size_t i = 0; i < first->labels.n;
         i++) /* the user's, not the image's, would be known no more */
        if (STR_EQ(first->labels.items[i].key, "app"))
            kv_set(g->a, &g->pod.metadata.labels, "app", first->labels.items[i].val);
    int r = add_all(g, list);
    for (size_t i = 0; r == 0 && i < list->n; i++) {
        g->net = &list->items[i].config;
        if (i == 0)
            fill_network(g);
        else
            fill_ports(g, g->net, &g->pod.spec.containers.items[i]);
    }
    return r;
}

/* ---------- documents ---------- */

static json_t *as_type(struct generator *g)
{
    static const struct {
        const char *type, *kind, *api;
    } sets[] = { { "deployment", "Deployment", "apps/v1" },
                 { "daemonset", "DaemonSet", "apps/v1" },
                 { "job", "Job", "batch/v1" } };
    struct kube_set s = { .metadata = g->pod.metadata };
    size_t i = 0;

    if (STR_EQ(g->o->type, "pod"))
        return json_from(&kube_pod_type, &g->pod);
    while (!STR_EQ(sets[i].type, g->o->type))
        i++;
    s.api_version = DUP(sets[i].api);
    s.kind = DUP(sets[i].kind);
    s.metadata.annotations.n = 0;
    s.metadata.name = arena_printf(g->a, "%s-%s", g->pod.metadata.name, g->o->type);
    s.spec.template.metadata = g->pod.metadata;
    s.spec.template.spec = g->pod.spec;
    if (STR_EQ(g->o->type, "job")) {
        if (!STR_EQ(g->pod.spec.restart_policy ? g->pod.spec.restart_policy : "", "OnFailure"))
            s.spec.template.spec.restart_policy = DUP("Never");
    } else {
        s.spec.selector = arena_alloc(g->a, sizeof(*s.spec.selector));
        kv_set(g->a, &s.spec.selector->match_labels, "app", kv_get(&g->pod.metadata.labels, "app"));
    }
    if (STR_EQ(g->o->type, "deployment") && g->o->replicas > 1)
        s.spec.replicas = arena_memdup(g->a, &g->o->replicas, sizeof(int64_t));
    return json_from(&kube_set_type, &s);
}

static json_t *service_of(struct generator *g)
{
    struct kube_service s = { .api_version = DUP("v1"),
                              .kind = DUP("Service"),
                              .metadata = g->pod.metadata };

    s.metadata.annotations.n = 0;
    s.spec.type = DUP("NodePort");
    kv_set(g->a, &s.spec.selector, "app", kv_get(&g->pod.metadata.labels, "app"));
    for (size_t c = 0; c < g->pod.spec.containers.n; c++)
        for (size_t i = 0; i < g->pod.spec.containers.items[c].ports.n; i++) {
            const struct kube_port *p = &g->pod.spec.containers.items[c].ports.items[i];
            uint32_t random;
            if (getrandom(&random, sizeof(random), 0) != sizeof(random))
                abort();
            *LIST_ADD(g->a, s.spec.ports) = (struct kube_service_port) {
                .name = arena_printf(g->a, "%" PRId64, p->container_port),
                .node_port = 30000 + random % 2768,
                .port = p->container_port,
                .protocol = p->protocol,
                .target_port = p->container_port
            };
        }
    return json_from(&kube_service_type, &s);
}

static json_t *claim_of(struct arena *a, const struct volume *v)
{
    char stamp[TIME_TEXT_MAX];
    struct kube_claim c = {
        .api_version = arena_strdup(a, "v1"),
        .kind = arena_strdup(a, "PersistentVolumeClaim"),
        .metadata = { .name = v->config.name,
                      .labels = v->config.labels,
                      .created = arena_strdup(
                          a, time_format_rfc3339(v->config.created / NSEC_PER_SEC * NSEC_PER_SEC,
                                                 stamp)) },
    };

    c.spec.access_modes = strv_add(a, NULL, "ReadWriteOnce");
    c.spec.resources = arena_alloc(a, sizeof(*c.spec.resources));
    kv_set(a, &c.spec.resources->requests, "storage", "1Gi");
    for (size_t i = 0; i < v->config.options.n; i++) {
        const char *key = v->config.options.items[i].key;
        kv_set(a, &c.metadata.annotations,
               arena_printf(a, "volume.podman.io/%s", STR_EQ(key, "o") ? "mount-options" : key),
               v->config.options.items[i].val);
    }
    return json_from(&kube_claim_type, &c);
}

static void put(const json_t *doc, struct buf *out)
{
    if (out->len)
        buf_puts(out, "---\n");
    else
        buf_puts(out, "# Save the output of this file and use kubectl create -f to import\n"
                      "# it into Kubernetes.\n#\n# Created with podman-" PODMAN_VERSION "\n");
    yaml_text(doc, out);
}

static int put_pod(struct generator *g, struct buf *out)
{
    if (g->o->service) { /* what it selects comes after it */
        AUTO_JSON *service = service_of(g);
        put(service, out);
    }
    AUTO_JSON *doc = as_type(g);
    put(doc, out);
    return 0;
}

int kube_generate(struct engine *e, struct arena *a, char *const *names,
                  const struct kube_generate_options *o, struct buf *out, struct err *err)
{
    struct container_list single = { 0 };
    int r = 0;

    for (; r == 0 && *names; names++) {
        struct generator g = { .e = e, .a = a, .o = o, .err = err };
        struct container c;
        struct pod p;
        struct volume v;
        if (pod_find(e, a, *names, &p, NULL) == 0) {
            r = from_pod(&g, &p);
            if (r == 0)
                r = put_pod(&g, out);
        } else if (container_find(e, a, *names, &c, NULL) == 0) {
            if (c.config.pod)
                return err_set(err, ERR_BAD_PARAM, EINVAL,
                               "container %s is associated with pod %s: use generate on the pod "
                               "itself",
                               c.config.id, c.config.pod);
            *LIST_ADD(a, single) = c;
        } else if (volumes_find(e, a, *names, &v, NULL) == 0) {
            AUTO_JSON *doc = claim_of(a, &v);
            put(doc, out);
        } else
            return err_set(err, ERR_NOT_FOUND, ENOENT,
                           "name or ID \"%s\" is no container, pod or volume that is known: no "
                           "such object",
                           *names);
    }
    if (r == 0 && single.n) {
        struct generator g = { .e = e, .a = a, .o = o, .err = err };
        r = from_containers(&g, &single);
        if (r == 0)
            r = put_pod(&g, out);
    }
    return r;
}
