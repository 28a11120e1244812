#include <inttypes.h>
#include <strings.h>
#include <time.h>

#include "engine/events.h"
#include "engine/kube_priv.h"
#include "engine/network.h"
#include "engine/options.h"
#include "engine/options_net.h"
#include "engine/secrets.h"
#include "engine/volumes.h"
#include "image/module.h"

#include "base/banned.h"

/* ---------- documents ---------- */

/* In the order in which they are dealt with: what pods refer to comes first. */
static const struct {
    const char *kind;
    const struct json_type *type;
} kinds[] = {
    { "ConfigMap", &kube_data_type },
    { "Secret", &kube_data_type },
    { "PersistentVolumeClaim", &kube_claim_type },
    { "Pod", &kube_pod_type },
    { "Deployment", &kube_set_type },
    { "DaemonSet", &kube_set_type },
    { "Job", &kube_set_type },
};

static const char *kind_of(const json_t *doc)
{
    const char *kind = json_string_value(json_object_get(doc, "kind"));

    return kind ? kind : "";
}

/* A List's items are documents of their own. */
static void add_documents(json_t *doc, json_t *out)
{
    json_t *items = json_object_get(doc, "items"), *each;
    size_t i;

    if (!STR_EQ(kind_of(doc), "List")) {
        json_array_append(out, doc);
        return;
    }
    json_array_foreach (items, i, each)
        json_array_append(out, each);
}

int kube_parse(struct engine *e, const char *text, size_t len, const char *name, json_t **ret,
               struct err *err)
{
    const struct image_module *mod = image_module(err);
    AUTO_JSON *read = NULL;
    AUTO_JSON *all = json_array();
    AUTO_JSON *sorted = json_array();
    json_t *doc;
    size_t i;

    (void)e;
    if (!mod)
        return -EIO;
    int r = mod->yaml(text, len, name, &read, err);
    if (r < 0)
        return r;
    json_array_foreach (read, i, doc)
        add_documents(doc, all);
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
        json_array_foreach (all, i, doc) {
            if (!STR_EQ(kind_of(doc), kinds[k].kind))
                continue;
            json_coerce(doc, kinds[k].type);
            json_array_append(sorted, doc);
        }
    if (!json_array_size(sorted))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "%s: YAML document does not contain any supported kube kind", name);
    *ret = HANDOVER(sorted);
    return 0;
}

/* A pod, or what makes pods: its name here, its description. */
static int read_pod(struct arena *a, json_t *doc, struct kube_meta *meta,
                    struct kube_pod_spec *spec, char **ret_name, int64_t *ret_replicas,
                    struct err *err)
{
    struct kube_pod pod = { 0 };
    struct kube_set set = { 0 };
    bool one = STR_EQ(kind_of(doc), "Pod");
    int r = one ? json_read(a, doc, &kube_pod_type, &pod, err)
                : json_read(a, doc, &kube_set_type, &set, err);

    if (r < 0)
        return err_wrap(err, "unable to read YAML as Kube %s", kind_of(doc));
    *meta = one ? pod.metadata : set.spec.template.metadata;
    *spec = one ? pod.spec : set.spec.template.spec;
    const char *name = one ? pod.metadata.name : set.metadata.name;
    *ret_replicas = set.spec.replicas ? *set.spec.replicas : 1;
    if (str_empty(name))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s does not have a name", kind_of(doc));
    *ret_name = one ? arena_strdup(a, name) : arena_printf(a, "%s-pod", name);
    return 0;
}

static bool makes_pods(const json_t *doc)
{
    return STR_IN(kind_of(doc), "Pod", "Deployment", "DaemonSet", "Job");
}

/* ---------- the infra container ---------- */

static int add_port(struct kube_maker *m, const struct kube_port *p, struct container_config *c)
{
    struct container_port out = { .container_port = p->container_port,
                                  .host_port = p->host_port,
                                  .host_ip = p->host_ip,
                                  .range = 1 };

    if (!out.host_port && m->o->publish_all)
        out.host_port = out.container_port;
    if (p->container_port < 1 || p->container_port > 65535 || p->host_port < 0 ||
        p->host_port > 65535)
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "invalid port %" PRId64 ":%" PRId64,
                       p->host_port, p->container_port);
    if (!out.host_port)
        return 0;
    if (p->protocol && !STR_IN(p->protocol, "TCP", "UDP", "SCTP"))
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "unknown network protocol %s", p->protocol);
    out.protocol = arena_strdup(m->a, str_same(p->protocol, "UDP")    ? "udp"
                                      : str_same(p->protocol, "SCTP") ? "sctp"
                                                                      : "tcp");
    for (size_t i = 0; i < m->o->network.ports.n; i++) { /* --publish goes before the YAML */
        const struct container_port *q = &m->o->network.ports.items[i];
        if (q->container_port == out.container_port && STR_EQ(q->protocol, out.protocol))
            return 0;
    }
    *LIST_ADD(m->a, c->ports) = out;
    return 0;
}

static int fill_ports(struct kube_maker *m, struct container_config *c)
{
    int r = 0;

    for (size_t i = 0; i < m->o->network.ports.n; i++)
        *LIST_ADD(m->a, c->ports) = m->o->network.ports.items[i];
    for (size_t i = 0; r == 0 && i < m->spec->containers.n; i++) {
        const struct kube_container *k = &m->spec->containers.items[i];
        for (size_t p = 0; r == 0 && p < k->ports.n; p++)
            r = add_port(m, &k->ports.items[p], c);
    }
    return r;
}

static int fill_names(struct kube_maker *m, struct container_config *c)
{
    const struct kube_dns *d = m->spec->dns;
    int r = 0;

    for (size_t i = 0; r == 0 && i < m->spec->host_aliases.n; i++) {
        const struct kube_host_alias *h = &m->spec->host_aliases.items[i];
        char *entry = arena_printf(m->a, "%s:%s", strv_join(m->a, h->names, ";"),
                                   h->ip ? h->ip : "");
        r = option_add_host(entry, m->err);
        c->add_hosts = strv_add(m->a, c->add_hosts, entry);
    }
    if (!d || r < 0)
        return r;
    c->dns_servers = d->servers;
    c->dns_searches = d->searches;
    for (size_t i = 0; i < d->options.n; i++)
        c->dns_options = strv_add(
            m->a, c->dns_options,
            d->options.items[i].value
                ? arena_printf(m->a, "%s:%s", d->options.items[i].name, d->options.items[i].value)
                : d->options.items[i].name);
    return option_dns(c->dns_servers, m->err);
}

/* --ip and --mac-address: one for each pod, in order. */
static int fill_address(struct kube_maker *m, struct container_config *c)
{
    size_t ips = strv_len(m->o->ips), macs = strv_len(m->o->macs);

    if (m->nth >= ips && m->nth >= macs)
        return 0;
    if (c->netns && !STR_IN(c->netns, "bridge", "private"))
        return err_set(m->err, ERR_BAD_PARAM, EINVAL,
                       "networks and static ip/mac address can only be used with Bridge mode "
                       "networking: invalid argument");
    c->netns = arena_strdup(m->a, "bridge");
    if (!c->networks.n)
        LIST_ADD(m->a, c->networks)->name = arena_strdup(m->a, "");
    if (m->nth < ips)
        c->networks.items[0].ips = strv_add(m->a, NULL, m->o->ips[m->nth]);
    if (m->nth < macs)
        c->networks.items[0].mac = m->o->macs[m->nth];
    return 0;
}

static int fill_infra(struct kube_maker *m, struct container_config *c)
{
    const char *name = kube_annotation(m, "io.podman.annotations.infra.name", NULL);
    const char *userns = kube_annotation(m, "io.podman.annotations.userns", NULL);

    c->stop_timeout = -2;
    c->log_size_max = -1;
    c->sdnotify = arena_strdup(m->a, "ignore");
    c->netns = m->o->network.netns;
    c->networks.items = arena_memdup(m->a, m->o->network.networks.items,
                                     m->o->network.networks.n *
                                         sizeof(*m->o->network.networks.items));
    c->networks.n = m->o->network.networks.n;
    c->no_hosts = m->o->network.no_hosts;
    c->no_hostname = m->o->network.no_hostname;
    c->userns = m->o->network.userns ? m->o->network.userns : arena_strdup(m->a, userns);
    if (!c->userns && m->spec->host_users && !*m->spec->host_users)
        c->userns = arena_strdup(m->a, "auto");
    if (c->userns && !STR_EQ(c->userns, "host"))
        m->pod->shared = strv_add(m->a, m->pod->shared, "user");
    c->name = arena_strdup(m->a, name);
    c->hostname = m->spec->hostname;
    if (m->spec->host_network) {
        c->netns = arena_strdup(m->a, "host");
        c->networks.n = 0;
    }
    if (m->spec->host_ipc)
        c->ipcns = arena_strdup(m->a, "host");
    if (m->spec->host_pid)
        c->pidns = arena_strdup(m->a, "host");
    for (size_t i = 0; m->spec->security && i < m->spec->security->sysctls.n; i++)
        kv_set(m->a, &c->sysctls, m->spec->security->sysctls.items[i].name,
               m->spec->security->sysctls.items[i].value);
    int r = fill_ports(m, c);
    if (r == 0)
        r = fill_names(m, c);
    return r < 0 ? r : fill_address(m, c);
}

/* ---------- a pod ---------- */

static int make_containers(struct kube_maker *m, struct kube_pod_report *rep)
{
    char *id;
    int r = 0;

    for (size_t i = 0; r == 0 && i < m->spec->init_containers.n; i++)
        r = kube_container(m, &m->spec->init_containers.items[i], true, &id);
    for (size_t i = 0; r == 0 && i < m->spec->containers.n; i++) {
        r = kube_container(m, &m->spec->containers.items[i], false, &id);
        if (r == 0)
            rep->containers = strv_add(m->a, rep->containers, id);
    }
    return r;
}

static int remove_named(struct engine *e, struct arena *a, const char *name, struct err *err)
{
    struct pod old;

    if (pod_find(e, a, name, &old, err) < 0) {
        bool absent = err->kind == ERR_NOT_FOUND;
        if (absent)
            err_clear(err);
        return absent ? 0 : -EIO;
    }
    return STR_EQ(old.config.name, name) ? pod_remove(e, a, &old, true, -2, err) : 0;
}

static int check_names(struct kube_maker *m)
{
    const struct kube_pod_spec *s = m->spec;

    if (!s->containers.n)
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "pod %s has no containers", m->pod->name);
    for (size_t i = 0; i < s->containers.n; i++)
        if (m->o->no_pod_prefix && str_same(s->containers.items[i].name, m->pod->name))
            return err_set(m->err, ERR_BAD_PARAM, EINVAL,
                           "the pod name and the container name cannot be the same: %s",
                           m->pod->name);
    if (s->restart_policy && !STR_IN(s->restart_policy, "Always", "OnFailure", "Never"))
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "invalid restartPolicy \"%s\"",
                       s->restart_policy);
    return 0;
}

/* Its namespaces, from its description. */
static void choose_shared(struct kube_maker *m)
{
    static const char *const usual[] = { "ipc", "net", "uts", NULL };

    for (const char *const *s = usual; *s; s++)
        if (!(STR_EQ(*s, "ipc") && m->spec->host_ipc))
            m->pod->shared = strv_add(m->a, m->pod->shared, *s);
    if (m->spec->share_processes && !m->spec->host_pid)
        m->pod->shared = strv_add(m->a, m->pod->shared, "pid");
}

static int start_pod(struct kube_maker *m, struct kube_pod_report *rep)
{
    struct pod p;
    int r = pod_find(m->e, m->a, m->pod->id, &p, m->err);

    if (r == 0 && pod_start(m->e, m->a, &p, &m->report->warnings, &rep->errors, m->err) < 0 &&
        rep->errors)
        err_clear(m->err); /* told by its report */
    return m->err->kind == ERR_NONE ? r : -m->err->errnum;
}

static int make_pod(struct kube_maker *m, json_t *doc)
{
    struct pod_config pod = { .infra = true,
                              .share_parent = true,
                              .exit_policy = arena_strdup(m->a, "stop"),
                              .service_id = m->service_id,
                              .service_exit = arena_strdup(m->a, m->o->service_exit) };
    struct container_config infra = { 0 };
    struct kube_meta meta;
    struct kube_pod_spec spec;
    int64_t replicas;

    m->pod = &pod;
    m->meta = &meta;
    m->spec = &spec;
    int r = read_pod(m->a, doc, &meta, &spec, &pod.name, &replicas, m->err);
    if (r < 0)
        return r;
    if (replicas > 1)
        m->report->warnings = strv_add(
            m->a, m->report->warnings,
            arena_printf(m->a,
                         "Limiting replica count to 1, more than one replica is not "
                         "supported by Podman: %s asks for %" PRId64,
                         pod.name, replicas));
    pod.labels = meta.labels;
    pod.create_command = m->o->create_command;
    r = check_names(m);
    choose_shared(m);
    if (r == 0)
        r = fill_infra(m, &infra);
    if (r == 0 && m->o->replace)
        r = remove_named(m->e, m->a, pod.name, m->err);
    if (r < 0)
        return r;
    struct pod_create how = {
        .pod = &pod, .infra = &infra, .infra_image = m->o->infra_image, .pull = &m->o->pull
    };
    r = pod_create(m->e, m->a, &how, &m->report->warnings, m->err);
    if (r < 0)
        return r;
    struct kube_pod_report *rep = LIST_ADD(m->a, m->report->pods);
    *rep = (struct kube_pod_report) { .id = pod.id };
    r = make_containers(m, rep);
    if (r < 0) { /* half a pod is none */
        struct err ignored = { 0 };
        (void)!remove_named(m->e, m->a, pod.name, &ignored);
        m->report->pods.n--;
        return r;
    }
    m->nth++;
    return m->o->start ? start_pod(m, &m->report->pods.items[m->report->pods.n - 1]) : 0;
}

/* ---------- play ---------- */

static int add_config_map(struct kube_maker *m, json_t *doc)
{
    struct kube_data d = { 0 };

    if (!STR_EQ(kind_of(doc), "ConfigMap"))
        return 0;
    int r = json_read(m->a, doc, &kube_data_type, &d, m->err);
    if (r < 0)
        return err_wrap(m->err, "reading a ConfigMap");
    if (str_empty(d.metadata.name))
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "a ConfigMap without a name");
    for (size_t i = 0; i < m->config_maps.n; i++)
        if (STR_EQ(m->config_maps.items[i].metadata.name, d.metadata.name))
            return err_set(m->err, ERR_BAD_PARAM, EINVAL,
                           "ambiguous configuration: the same config map %s is present in YAML "
                           "and in --configmaps",
                           d.metadata.name);
    *LIST_ADD(m->a, m->config_maps) = d;
    return 0;
}

int kube_play(struct engine *e, struct arena *a, json_t *docs, const struct kube_play_options *o,
              struct kube_report *ret, struct err *err)
{
    struct kube_maker m = { .e = e, .a = a, .o = o, .report = ret, .err = err };
    json_t *doc;
    size_t i;
    int r = 0;

    json_array_foreach (o->config_maps, i, doc)
        r = r < 0 ? r : add_config_map(&m, doc);
    json_array_foreach (docs, i, doc)
        r = r < 0 ? r : add_config_map(&m, doc);
    if (r == 0 && o->service)
        r = kube_service_start(&m, docs);
    json_array_foreach (docs, i, doc) {
        if (r < 0)
            break;
        if (STR_EQ(kind_of(doc), "Secret"))
            r = kube_make_secret(&m, doc);
        else if (STR_EQ(kind_of(doc), "PersistentVolumeClaim"))
            r = kube_make_claim(&m, doc);
        else if (makes_pods(doc))
            r = make_pod(&m, doc);
    }
    if (r < 0 && o->service && !ret->pods.n)
        kube_service_forget(&m);
    return r == 0 && o->service ? kube_service_ready(&m) : r;
}

/* ---------- down ---------- */

static int down_pod(struct engine *e, struct arena *a, json_t *doc, struct kube_down_report *ret,
                    struct err *err)
{
    struct kube_meta meta;
    struct kube_pod_spec spec;
    int64_t replicas;
    char *name;
    struct pod p;

    int r = read_pod(a, doc, &meta, &spec, &name, &replicas, err);
    if (r < 0)
        return r;
    if (pod_find(e, a, name, &p, err) < 0) {
        if (err->kind != ERR_NOT_FOUND)
            return -err->errnum;
        err_clear(err);
        return 0;
    }
    char **problems = NULL;
    r = pod_stop(e, a, &p, -2, &problems, err);
    if (r < 0)
        return r;
    ret->stopped = strv_add(a, ret->stopped, p.config.id);
    r = pod_remove(e, a, &p, true, -2, err);
    if (r == 0)
        ret->removed = strv_add(a, ret->removed, p.config.id);
    return r;
}

static int down_secret(struct engine *e, struct arena *a, const char *name,
                       struct kube_down_report *ret, struct err *err)
{
    struct secret_config s = { 0 };
    int r = secrets_find(e, a, name, &s, err);

    if (r == 0 && STR_EQ(s.name, name))
        r = secrets_remove(e, &s, err);
    if (r == 0)
        ret->secrets = strv_add(a, ret->secrets, s.id);
    if (r < 0 && err->kind == ERR_NOT_FOUND) {
        err_clear(err);
        r = 0;
    }
    return r;
}

static int down_volume(struct engine *e, struct arena *a, const char *name,
                       struct kube_down_report *ret, struct err *err)
{
    struct volume v;
    int r = volumes_find(e, a, name, &v, err);

    if (r == 0 && STR_EQ(v.config.name, name)) {
        r = volumes_remove(e, a, &v, false, -2, err);
        if (r == 0)
            ret->volumes = strv_add(a, ret->volumes, v.config.name);
    }
    if (r < 0 && err->kind == ERR_NOT_FOUND) {
        err_clear(err);
        r = 0;
    }
    return r;
}

int kube_down(struct engine *e, struct arena *a, json_t *docs, bool force,
              struct kube_down_report *ret, struct err *err)
{
    json_t *doc;
    size_t i;
    int r = 0;

    json_array_foreach (docs, i, doc)
        if (r == 0 && makes_pods(doc))
            r = down_pod(e, a, doc, ret, err);
    json_array_foreach (docs, i, doc) {
        const char *name = json_string_value(
            json_object_get(json_object_get(doc, "metadata"), "name"));
        if (r < 0 || !name)
            continue;
        if (STR_EQ(kind_of(doc), "Secret"))
            r = down_secret(e, a, name, ret, err);
        else if (force && STR_IN(kind_of(doc), "PersistentVolumeClaim", "ConfigMap"))
            r = down_volume(e, a, name, ret, err);
    }
    return r;
}

/* ---------- wait ---------- */

/* One that its policy starts again has not ended. */
static bool has_ended(struct engine *e, const char *id, int *ret_code)
{
    AUTO_ARENA a = { 0 };
    struct container c;

    if (container_find(e, &a, id, &c, NULL) < 0) /* gone with its end */
        return true;
    *ret_code = (int)c.run.exit_code;
    return c.status == CTR_EXITED && !c.alive;
}

int kube_wait(struct engine *e, struct arena *a, const struct kube_report *report,
              const char *propagation, const volatile sig_atomic_t *stop, int *ret_code,
              struct err *err)
{
    size_t n = 0, failed = 0;
    int first = 0;

    (void)a, (void)err;
    for (size_t i = 0; i < report->pods.n; i++)
        for (char **id = report->pods.items[i].containers; id && *id; id++) {
            int code = 0;
            while (!*stop && !has_ended(e, *id, &code))
                nanosleep(&(struct timespec) { .tv_nsec = 100000000 }, NULL);
            n++;
            failed += code != 0;
            first = first ? first : code;
        }
    bool any = STR_EQ(propagation, "any") && failed,
         all = STR_EQ(propagation, "all") && n == failed;
    *ret_code = (any || all) && !*stop ? first : 0;
    return 0;
}
