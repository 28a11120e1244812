#include <poll.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "base/limits.h"
#include "engine/events.h"
#include "engine/network.h"
#include "engine/pods.h"
#include "engine/spec_parts.h"
#include "spec/runtime.h"
#include "supervise/systemd.h"

#include "base/banned.h"

/* Operations on all members of a pod. */

/* The first problem's error stays for the caller, all of them are told. */
static int add_problem(struct arena *a, const struct container *c, struct err *one,
                       char ***problems, struct err *err)
{
    *problems = strv_add(a, *problems, arena_printf(a, "container %s: %s", c->config.id, one->msg));
    int r = err && err->kind == ERR_NONE ? err_set(err, one->kind, one->errnum, "%s", one->msg)
                                         : -one->errnum;
    err_clear(one);
    return r;
}

static bool runs(const struct container *c)
{
    return c->alive && c->status != CTR_EXITED;
}

/* ---------- start ---------- */

static int start_one(struct engine *e, struct arena *a, struct container *c, char ***warnings,
                     struct err *err)
{
    int r = container_refresh(e, a, c, err); /* another one's start may have started it */

    if (r < 0 || (runs(c) && c->status != CTR_INITIALIZED))
        return r;
    return container_start(e, a, c, false, NULL, warnings, err);
}

/* To its end: the others begin when it has done its work. */
static int run_init(struct engine *e, struct arena *a, struct container *c, char ***warnings,
                    struct err *err)
{
    int code = 0, r = start_one(e, a, c, warnings, err);

    if (r == 0)
        r = container_wait(e, c, 1u << CTR_EXITED, 5000000, &code, err);
    if (r == 0 && code)
        return err_set(err, ERR_STATE, EINVAL, "init container %s exited with code %d",
                       c->config.name, code);
    if (r < 0 || !STR_EQ(c->config.init_type, "once"))
        return r;
    struct container_remove_options rm = { .force = true, .volumes = true };
    return container_remove(e, c, &rm, err);
}

static bool any_member_runs(const struct pod *p)
{
    for (size_t i = 0; i < p->members.n; i++) {
        const struct container *c = &p->members.items[i];
        if (!c->config.infra && !c->config.init_type && runs(c))
            return true;
    }
    return false;
}

int pod_start(struct engine *e, struct arena *a, struct pod *p, char ***warnings, char ***problems,
              struct err *err)
{
    enum { INFRA, INIT, REST, PHASES };
    bool again = any_member_runs(p);
    int r = 0;

    for (int phase = INFRA; phase < PHASES; phase++) {
        for (size_t i = 0; i < p->members.n; i++) {
            struct container *c = &p->members.items[i];
            int own = c->config.infra ? INFRA : c->config.init_type ? INIT : REST;
            struct err one = { 0 };
            if (own != phase || (phase == INIT && again))
                continue;
            int o = phase == INIT ? run_init(e, a, c, warnings, &one)
                                  : start_one(e, a, c, warnings, &one);
            if (o < 0 && add_problem(a, c, &one, problems, err) < 0 && r == 0)
                r = o;
        }
        if (r < 0 && phase != REST) /* nothing can run without those */
            return r;
    }
    if (r == 0)
        r = kube_service_follow(e, a, &p->config, err);
    return engine_did(e, "pod", "start", p->config.id, p->config.name, r);
}

/* ---------- stop ---------- */

struct stopping {
    const struct container *c;
    int fd; /* its error's text comes here */
    pid_t pid;
};

/* A stop takes as long as the program likes, up to ten seconds each: all are asked at once, each by a child.  The
 * child asks the monitor and writes an event; it touches no database. */
static struct stopping stop_child(struct engine *e, const struct container *c, int64_t timeout_s)
{
    struct stopping s = { .c = c, .fd = -EBADF, .pid = -1 };
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return s;
    s.pid = fork();
    if (s.pid == 0) {
        struct err err = { 0 };
        bool was;
        int r = container_stop(e, c, timeout_s, &was, &err);
        if (r < 0)
            (void)!write_all(fds[1], err.msg, strlen(err.msg));
        _exit(r < 0);
    }
    close(fds[1]);
    s.fd = fds[0];
    return s;
}

static int stop_reap(struct stopping *s, struct err *err)
{
    AUTO_BUF text = { .max = 4096 };
    AUTO_CLOSE int fd = s->fd;
    int status;

    if (s->pid < 0)
        return err_set(err, ERR_INTERNAL, EAGAIN, "stopping container %s: no process left",
                       s->c->config.id);
    (void)!buf_read_fd(&text, fd);
    while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0
               ? 0
               : err_set(err, ERR_INTERNAL, EIO, "%s", text.len ? text.data : "stopping failed");
}

/* All but the infra container, then that one: the namespaces go last. */
static int stop_members(struct engine *e, struct arena *a, struct pod *p, bool infra,
                        int64_t timeout_s, char ***problems, struct err *err)
{
    JSON_LIST(struct stopping) list = { 0 };
    int r = 0;

    for (size_t i = 0; i < p->members.n; i++)
        if (p->members.items[i].config.infra == infra && runs(&p->members.items[i]))
            *LIST_ADD(a, list) = stop_child(e, &p->members.items[i], timeout_s);
    for (size_t i = 0; i < list.n; i++) {
        struct err one = { 0 };
        int o = stop_reap(&list.items[i], &one);
        if (o < 0 && add_problem(a, list.items[i].c, &one, problems, err) < 0)
            r = o;
    }
    return r;
}

int pod_stop(struct engine *e, struct arena *a, struct pod *p, int64_t timeout_s, char ***problems,
             struct err *err)
{
    int r = stop_members(e, a, p, false, timeout_s, problems, err);

    if (r == 0)
        r = stop_members(e, a, p, true, timeout_s, problems, err);
    for (size_t i = 0; r == 0 && i < p->members.n; i++) {
        struct container *c = &p->members.items[i];
        struct err one = { 0 };
        struct container ended = *c;
        ended.config.ends_pod = false; /* its end is this one's doing */
        if (runs(c) && container_cleanup(e, &ended, c->config.auto_remove, false, &one) < 0)
            r = add_problem(a, c, &one, problems, err);
    }
    if (r == 0)
        r = kube_service_follow(e, a, &p->config, err);
    return engine_did(e, "pod", "stop", p->config.id, p->config.name, r);
}

int pod_restart(struct engine *e, struct arena *a, struct pod *p, char ***warnings,
                char ***problems, struct err *err)
{
    int r = pod_stop(e, a, p, -2, problems, err);

    if (r == 0)
        r = pod_refresh(e, a, p, err);
    if (r == 0)
        r = pod_start(e, a, p, warnings, problems, err);
    return engine_did(e, "pod", "restart", p->config.id, p->config.name, r);
}

/* ---------- kill, pause ---------- */

int pod_kill(struct engine *e, struct arena *a, struct pod *p, int signo, char ***problems,
             struct err *err)
{
    int r = 0;

    for (size_t i = p->members.n; i-- > 0;) {
        struct container *c = &p->members.items[i];
        struct err one = { 0 };
        if (container_refresh(e, a, c, NULL) < 0 || !runs(c))
            continue;
        int o = container_kill(e, c, signo, &one);
        if (o == -ECONNRESET || o == -EPIPE || o == -ECONNREFUSED) { /* gone with another one */
            err_clear(&one);
            o = 0;
        }
        if (o < 0)
            r = add_problem(a, c, &one, problems, err);
    }
    return engine_did(e, "pod", "kill", p->config.id, p->config.name, r);
}

int pod_pause(struct engine *e, struct arena *a, struct pod *p, bool pause, char ***problems,
              struct err *err)
{
    enum container_status from = pause ? CTR_RUNNING : CTR_PAUSED;
    int r = 0;

    for (size_t i = 0; i < p->members.n; i++) {
        struct container *c = &p->members.items[i];
        struct err one = { 0 };
        if (c->status == from && container_pause(e, c, pause, &one) < 0)
            r = add_problem(a, c, &one, problems, err);
    }
    return engine_did(e, "pod", pause ? "pause" : "unpause", p->config.id, p->config.name, r);
}

/* ---------- removal ---------- */

static int remove_cgroup(struct engine *e, struct arena *a, const struct pod_config *p,
                         struct err *err)
{
    char *program = engine_helper(a, "podman-monitor");

    if (!p->cgroup)
        return 0;
    if (!str_same(p->cgroup_manager, "systemd"))
        return program ? supervise_cleanup(program, p->cgroup, err) : 0;
    AUTO_FREE char *socket = systemd_socket(e->rootless);
    return systemd_unit_stop(socket, strrchr(p->cgroup, '/') + 1, err);
}

static int remove_row(struct engine *e, const char *id, struct err *err)
{
    struct db *db = store_db(e->store, err);

    return db ? MIN(db_exec(db, err, "DELETE FROM pods WHERE id = ?", "s", id), 0) : -EIO;
}

/* In an order in which nobody is needed any more: a member may need another one. */
static int remove_members(struct engine *e, struct arena *a, struct pod *p, int64_t timeout_s,
                          struct err *err)
{
    struct container_remove_options o = {
        .force = true, .volumes = true, .depend = true, .of_pod = true, .timeout_s = timeout_s
    };
    int r = 0;

    for (int infra = 0; infra < 2; infra++)
        for (size_t i = p->members.n; r == 0 && i-- > 0;) {
            struct container *c = &p->members.items[i];
            if (c->config.infra != (infra == 1) || !container_exists(e, c->config.id))
                continue;
            r = container_refresh(e, a, c, err);
            if (r == 0)
                r = container_remove(e, c, &o, err);
        }
    return r;
}

int pod_remove(struct engine *e, struct arena *a, const struct pod *pod, bool force,
               int64_t timeout_s, struct err *err)
{
    AUTO_CLOSE int lock = store_lock(e->store, "pod", pod->config.id, err);
    struct pod p = *pod;
    char **problems = NULL, name[80];

    if (lock < 0)
        return lock;
    int r = pod_refresh(e, a, &p, err);
    for (size_t i = 0; r == 0 && !force && i < p.members.n; i++)
        if (runs(&p.members.items[i]))
            return err_set(err, ERR_STATE, EBUSY,
                           "not all containers could be removed from pod %s: removing pod "
                           "containers: cannot remove container %s as it is %s - running or paused "
                           "containers cannot be removed without force: container state improper",
                           p.config.id, p.members.items[i].config.id,
                           container_status_names[p.members.items[i].status]);
    if (r == 0)
        r = stop_members(e, a, &p, false, timeout_s, &problems, err);
    if (r == 0)
        r = remove_members(e, a, &p, timeout_s, err);
    if (r == 0)
        r = remove_cgroup(e, a, &p.config, err);
    if (r == 0)
        r = remove_row(e, p.config.id, err);
    if (r == 0)
        r = kube_service_follow(e, a, &p.config, err);
    if (r == 0) {
        snprintf(name, sizeof(name), "locks/pod-%s", p.config.id);
        (void)!unlinkat(e->store->run_fd, name, 0);
    }
    return engine_did(e, "pod", "remove", p.config.id, p.config.name, r);
}

int pod_prune(struct engine *e, struct arena *a, char ***ret, struct err *err)
{
    struct pod_list list = { 0 };
    int r = pod_list(e, a, &list, err);

    for (size_t i = 0; r == 0 && i < list.n; i++) {
        const struct pod *p = &list.items[i];
        if (p->status != POD_EXITED && p->status != POD_STOPPED)
            continue;
        r = pod_remove(e, a, p, true, -2, err);
        if (r == 0)
            *ret = strv_add(a, *ret, p->config.id);
    }
    return r;
}

/* ---------- cgroup, exit policy ---------- */

static bool is_limited(const struct container_resources *r)
{
    return r->memory || r->memory_swap || r->memory_reservation || r->cpu_shares || r->cpu_period ||
           r->cpu_quota || r->cpuset_cpus || r->cpuset_mems || r->blkio_weight ||
           r->blkio_weight_device.n || r->read_bps.n || r->write_bps.n || r->pids_limit;
}

static int prepare_cgroup(struct engine *e, struct arena *a, const struct pod_config *p,
                          char ***warnings, struct err *err)
{
    struct container_config limits = { .resources = p->resources };
    struct oci_resources *res;

    if (!p->cgroup || !is_limited(&p->resources))
        return 0;
    int r = spec_resources(e, a, &limits, &res, err);
    if (r < 0)
        return r;
    AUTO_JSON *doc = json_from(&oci_resources_type, res);
    AUTO_BUF text = { 0 }, said = { .max = 65536 };
    json_text(doc, 0, &text);
    const char *root = p->cgroup[0] == '/' ? "" : "/";
    r = supervise_limit(engine_helper(a, "podman-monitor"),
                        arena_printf(a, "%s%s", root, p->cgroup), text.data, &said, err);
    for (char **w = said.len ? strv_split(a, said.data, '\n') : NULL; w && *w; w++)
        if (**w)
            *warnings = strv_add(a, *warnings, *w);
    return r;
}

/* Made after the infra container was started: its hosts file and the networks' names do not have it yet. */
static int announce(struct engine *e, struct arena *a, const struct container_config *c,
                    const char *infra_id, struct err *err)
{
    struct network_state st;
    struct container infra;

    if (!infra_id || c->infra || !str_starts(c->netns ? c->netns : "", "container:") ||
        !STR_EQ(c->netns + strlen("container:"), infra_id))
        return 0;
    int r = container_find(e, a, infra_id, &infra, err);
    if (r < 0 || !infra.alive)
        return r;
    bool ours = network_read_state(e, a, infra_id, &st);
    if (ours && strv_has(st.names, c->name))
        return 0;
    st.names = strv_add(a, st.names, c->name);
    network_refresh_files(e, a, &infra.config, ours ? &st : NULL);
    if (ours)
        r = network_write_state(e, infra_id, &st, err);
    for (size_t i = 0; ours && r == 0 && i < st.networks.n; i++)
        r = network_announce(e, a, infra_id, &st, &st.networks.items[i], err);
    return r;
}

int pod_member_prepare(struct engine *e, struct arena *a, const struct container_config *c,
                       char ***warnings, struct err *err)
{
    struct pod_config p = { 0 };
    int r = pod_config_find(e, a, c->pod, &p, err);

    if (r == 0)
        r = prepare_cgroup(e, a, &p, warnings, err);
    return r < 0 ? r : announce(e, a, c, p.infra_id, err);
}

int pod_member_ended(struct engine *e, const struct container_config *c, struct err *err)
{
    AUTO_ARENA a = { 0 };
    char **problems = NULL;
    struct pod p;

    if (c->infra || str_empty(c->pod))
        return 0;
    int r = pod_find(e, &a, c->pod, &p, err);
    if (r < 0) { /* the pod went as well */
        if (err && err->kind == ERR_NOT_FOUND)
            err_clear(err);
        return 0;
    }
    if (!STR_EQ(p.config.exit_policy, "stop") || any_member_runs(&p))
        return 0;
    return pod_stop(e, &a, &p, -2, &problems, err);
}
