#include <sys/stat.h>

#include "base/parse.h"
#include "config/containers.h"
#include "engine/engine_priv.h"
#include "engine/events.h"
#include "engine/options.h"
#include "engine/pods.h"

#include "base/banned.h"

/* Making a pod, and what its members take over from it
 *
 * The infra container is made like any other (create.c), from an image or from nothing but our pause program; the
 * pod's row is written with its row.  A container that joins gets the infra container's namespaces as
 * "container:ID" modes: nothing below knows of pods. */

static const char *const shareable[] = { "ipc", "net", "uts", "pid", "user", "cgroup", NULL };

int option_share(struct arena *a, const char *text, char ***ret, struct err *err)
{
    char **out = NULL;

    if (text[0] == '+') { /* beside the usual ones */
        out = strv_split(a, "ipc,net,uts", ',');
        text++;
    }
    for (char **p = strv_split(a, text, ','); *p; p++) {
        if (STR_IN(*p, "", "none")) {
            if (STR_EQ(*p, "none") && strchr(text, ','))
                return err_set(err, ERR_BAD_PARAM, EINVAL,
                               "--share=none stands alone: \"%s\": invalid argument", text);
            continue;
        }
        if (!str_in_list(*p, shareable))
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "invalid kernel namespace to share: %s. Options are: cgroup, ipc, net, "
                           "pid, uts or none",
                           *p);
        if (!strv_has(out, *p))
            out = strv_add(a, out, *p);
    }
    *ret = out;
    return 0;
}

/* ---------- the pod ---------- */

/* Names of pods and of containers are of one kind. */
static int choose_name(struct engine *e, struct arena *a, struct pod_config *p, struct err *err)
{
    bool chosen = !str_empty(p->name);
    int r = chosen ? option_name_check(p->name, err) : 0;

    for (int try = 0; r == 0; try++) {
        AUTO_ARENA tmp = { 0 };
        struct container c = { 0 };
        struct pod other = { 0 };
        if (!chosen)
            p->name = container_random_name(a, try);
        bool pod = pod_find(e, &tmp, p->name, &other, NULL) == 0 &&
                   STR_EQ(other.config.name, p->name),
             ctr = !pod && container_find(e, &tmp, p->name, &c, NULL) == 0 &&
                   STR_EQ(c.config.name, p->name);
        if (!pod && !ctr)
            break;
        if (chosen || try > 20)
            return err_set(err, ERR_CONFLICT, EEXIST,
                           "adding pod to state: name \"%s\" is in use: %s already exists", p->name,
                           pod ? "pod" : "container");
    }
    return r;
}

static int place_cgroup(struct engine *e, struct arena *a, struct pod_config *p, struct err *err)
{
    bool systemd = STR_EQ(e->cgroup_manager, "systemd");
    const char *given = p->cgroup_parent;

    p->cgroup_manager = arena_strdup(a, e->cgroup_manager);
    if (systemd && !str_empty(given) && !str_ends(given, ".slice"))
        return err_set(
            err, ERR_BAD_PARAM, EINVAL,
            "did not receive systemd slice as cgroup parent when using systemd to manage cgroups: "
            "invalid argument");
    if (str_empty(given))
        p->cgroup_parent = arena_strdup(a, !systemd      ? "/libpod_parent"
                                           : e->rootless ? "user.slice"
                                                         : "machine.slice");
    if (!p->share_parent)
        return 0;
    if (!systemd) {
        const char *root = p->cgroup_parent[0] == '/' ? "" : "/";
        p->cgroup = path_clean(a, arena_printf(a, "%s%s/%s", root, p->cgroup_parent, p->id));
        return 0;
    }
    const char *slash = strrchr(p->cgroup_parent, '/');
    const char *slice = slash ? slash + 1 : p->cgroup_parent;
    p->cgroup = arena_printf(a, "%s/%.*s-libpod_pod_%s.slice", p->cgroup_parent,
                             (int)(strlen(slice) - strlen(".slice")), slice, p->id);
    return 0;
}

int pod_insert(struct db *db, const struct pod_config *p, struct err *err)
{
    AUTO_JSON *doc = json_from(&pod_config_type, p);
    AUTO_BUF text = { 0 };

    json_text(doc, 0, &text);
    int r = db_exec(db, err,
                    "INSERT INTO pods(id, name, created, config) SELECT ?1, ?2, ?3, ?4"
                    " WHERE NOT EXISTS(SELECT 1 FROM containers WHERE name = ?2)",
                    "ssis", p->id, p->name, p->created, text.data);
    return r == 0 ? err_set(err, ERR_CONFLICT, EEXIST,
                            "adding pod to state: name \"%s\" is in use: container already exists",
                            p->name)
                  : MIN(r, 0);
}

static int insert_alone(struct engine *e, const struct pod_config *p, struct err *err)
{
    struct db *db = store_db(e->store, err);
    int r = db ? db_begin(db, DB_FAST, err) : -EIO;

    if (r < 0)
        return r;
    r = pod_insert(db, p, err);
    if (r < 0) {
        db_rollback(db);
        return r;
    }
    return db_commit(db, err);
}

/* ---------- the infra container ---------- */

/* It runs our pause program in an empty root, which all of them have under their own upper directory. */
int pod_pause_program(struct engine *e, struct arena *a, struct container_config *c,
                      struct err *err)
{
    if (mkdirat(e->store->graph_fd, "infra", 0755) < 0 && errno != EEXIST)
        return err_sys(err, errno, "making the root of infra containers");
    c->rootfs = arena_printf(a, "%s/infra", e->store->graphroot);
    c->rootfs_overlay = true;
    c->entrypoint = strv_add(a, NULL, "/run/podman-init");
    c->entrypoint = strv_add(a, c->entrypoint, "--pause");
    c->entrypoint_given = true;
    return 0;
}

static int create_infra(struct engine *e, struct arena *a, const struct pod_create *o,
                        char ***warnings, struct err *err)
{
    struct container_config *c = o->infra;
    struct pod_config *p = o->pod;
    bool own = str_empty(o->infra_image);
    int r = own ? pod_pause_program(e, a, c, err) : 0;

    if (r < 0)
        return r;
    if (own && o->infra_command)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "--infra-command needs --infra-image: without an image there is nothing "
                       "else to run");
    if (o->infra_command) {
        c->entrypoint = o->infra_command;
        c->entrypoint_given = true;
    }
    c->pod = p->id;
    c->infra = true;
    if (str_empty(c->name))
        c->name = arena_printf(a, "%.12s-infra", p->id);
    if (str_empty(c->hostname) && !str_same(c->utsns, "host"))
        c->hostname = arena_strdup(a, p->name);
    if (strv_has(p->shared, "ipc") && str_empty(c->ipcns))
        c->ipcns = arena_strdup(a, "shareable");
    c->restart_policy = p->restart_policy;
    c->restart_tries = p->restart_tries;
    c->cgroup_parent = p->cgroup ? p->cgroup : p->cgroup_parent;
    if (!p->cgroup)
        c->resources = p->resources;
    return container_create_infra(e, a, c, own ? NULL : o->infra_image, o->pull, p, warnings, err);
}

static int replace_old(struct engine *e, struct arena *a, const struct pod_config *p,
                       struct err *err)
{
    struct pod old;

    if (str_empty(p->name))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "cannot replace pod without --name being set");
    if (pod_find(e, a, p->name, &old, err) < 0) {
        bool absent = err->kind == ERR_NOT_FOUND;
        if (absent)
            err_clear(err);
        return absent ? 0 : -EIO;
    }
    return STR_EQ(old.config.name, p->name) ? pod_remove(e, a, &old, true, -2, err) : 0;
}

int pod_create(struct engine *e, struct arena *a, const struct pod_create *o, char ***warnings,
               struct err *err)
{
    struct pod_config *p = o->pod;
    char id[65];

    int r = o->replace ? replace_old(e, a, p, err) : 0;
    if (r < 0)
        return r;
    store_random_id(id, 64);
    p->id = arena_strdup(a, id);
    p->created = time_now();
    if (str_empty(p->exit_policy))
        p->exit_policy = arena_strdup(a, str_empty(e->config->engine.pod_exit_policy)
                                             ? "continue"
                                             : e->config->engine.pod_exit_policy);
    if (!STR_IN(p->exit_policy, "continue", "stop"))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid pod exit policy: \"%s\": invalid argument", p->exit_policy);
    r = choose_name(e, a, p, err);
    if (r == 0)
        r = place_cgroup(e, a, p, err);
    if (r == 0)
        r = p->infra ? create_infra(e, a, o, warnings, err) : insert_alone(e, p, err);
    return engine_did(e, "pod", "create", p->id, p->name, r);
}

/* ---------- a member ---------- */

/* Where each shared namespace's mode is. */
static char **mode_at(struct container_config *c, const char *shared)
{
    const struct {
        const char *name;
        char **mode;
    } at[] = { { "ipc", &c->ipcns }, { "net", &c->netns },   { "uts", &c->utsns },
               { "pid", &c->pidns }, { "user", &c->userns }, { "cgroup", &c->cgroupns } };

    for (size_t i = 0; i < ARRAY_SIZE(at); i++)
        if (STR_EQ(at[i].name, shared))
            return at[i].mode;
    return NULL;
}

/* What belongs to the pod's network is said when the pod is made. */
static int check_network(const struct container_config *c, struct err *err)
{
    const char *what = c->networks.n                  ? "networks must be defined"
                       : c->ports.n || c->publish_all ? "published or exposed ports must be defined"
                       : c->add_hosts                 ? "extra host entries must be specified"
                       : c->dns_servers || c->dns_searches || c->dns_options
                           ? "DNS options must be specified"
                           : NULL;

    return what ? err_set(err, ERR_BAD_PARAM, EINVAL,
                          "invalid config provided: %s when the pod is created: network cannot be "
                          "configured when it is shared with a pod",
                          what)
                : 0;
}

static int share_namespaces(struct arena *a, const struct pod *p, const struct container *infra,
                            struct container_config *c, struct err *err)
{
    int r = 0;

    for (char **s = p->config.shared; r == 0 && s && *s; s++) {
        char **mode = mode_at(c, *s);
        if (STR_EQ(*s, "net") && c->networks.n)
            return check_network(c, err);
        if (!str_empty(*mode) && !STR_EQ(*mode, "pod"))
            continue; /* its own wish */
        *mode = arena_printf(a, "container:%s", infra->config.id);
        if (STR_EQ(*s, "net"))
            r = check_network(c, err);
        if (!STR_EQ(*s, "uts"))
            continue;
        if (c->hostname_given)
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "invalid config provided: cannot set hostname when joining the pod UTS "
                           "namespace: invalid configuration");
        c->hostname = infra->config.hostname;
    }
    /* Files in its root belong to whom the pod's namespace says. */
    if (r == 0 && c->userns && str_starts(c->userns, "container:")) {
        memcpy(&c->uid_map, &infra->config.uid_map, sizeof(c->uid_map));
        memcpy(&c->gid_map, &infra->config.gid_map, sizeof(c->gid_map));
    }
    return r;
}

static bool has_mount(const struct container_config *c, const char *destination)
{
    for (size_t i = 0; i < c->mounts.n; i++)
        if (STR_EQ(c->mounts.items[i].destination, destination))
            return true;
    return false;
}

/* Volumes, devices and security options of the pod, where it has none of its own. */
static void inherit(struct arena *a, const struct container_config *pod, struct container_config *c)
{
    for (size_t i = 0; i < pod->mounts.n; i++)
        if (!pod->mounts.items[i].from_image && !has_mount(c, pod->mounts.items[i].destination))
            *LIST_ADD(a, c->mounts) = pod->mounts.items[i];
    if (!c->shm_size)
        c->shm_size = pod->shm_size;
    for (size_t i = 0; i < pod->devices.n; i++)
        *LIST_ADD(a, c->devices) = pod->devices.items[i];
    if (str_empty(c->seccomp_profile) && !c->privileged)
        c->seccomp_profile = pod->seccomp_profile;
    if (str_empty(c->apparmor_profile) && !c->privileged)
        c->apparmor_profile = pod->apparmor_profile;
    if (!c->label_opts)
        c->label_opts = pod->label_opts;
    c->no_new_privileges |= pod->no_new_privileges;
    c->mask = strv_concat(a, c->mask, pod->mask);
    c->unmask = strv_concat(a, c->unmask, pod->unmask);
}

int pod_join(struct engine *e, struct arena *a, struct container_config *c, struct err *err)
{
    struct pod p;
    int r = pod_find(e, a, c->pod, &p, err);
    bool own_userns = !str_empty(c->userns) && !STR_IN(c->userns, "host", "pod");

    if (r < 0)
        return r;
    if (own_userns || c->uid_map.n || c->gid_map.n)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "--userns and --pod cannot be set together");
    const struct container *infra = pod_infra(&p);
    c->pod = p.config.id;
    c->ends_pod = STR_EQ(p.config.exit_policy, "stop");
    if (!c->restart_policy && !c->auto_remove && !c->init_type) {
        c->restart_policy = p.config.restart_policy;
        c->restart_tries = p.config.restart_tries;
    }
    if (p.config.cgroup && str_empty(c->cgroup_parent))
        c->cgroup_parent = p.config.cgroup;
    if (!infra)
        return 0;
    inherit(a, &infra->config, c);
    if (!strv_has(c->requires_, infra->config.id))
        c->requires_ = strv_add(a, c->requires_, infra->config.id);
    return share_namespaces(a, &p, infra, c, err);
}
