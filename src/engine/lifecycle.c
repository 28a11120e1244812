#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/proc.h"
#include "engine/events.h"
#include "engine/health.h"
#include "engine/mounts.h"
#include "engine/engine_priv.h"
#include "engine/network.h"
#include "engine/options.h"
#include "engine/pods.h"
#include "image/image.h"

#include "base/banned.h"

/* How a container starts, stops and goes
 *
 * The container's lock is held while somebody changes it; the monitor does not take it.  Starting spawns
 * the monitor and waits for its report.  Stopping is one request to the monitor, which marks the stop as
 * asked for, signals, waits and kills: two clients that stop at once cannot both decide.  Removal first
 * deletes the row, which is the moment the container is gone for everybody, then its directories: whatever
 * a kill leaves behind after that has no row and is swept by container_reap(). */

/* Its lock also tells a reader that somebody is at work on it. */
static int lock_container(struct engine *e, const struct container *c, struct err *err)
{
    return store_lock(e->store, "container", c->config.id, err);
}

static int state_error(const struct container *c, const char *verb, struct err *err)
{
    return err_set(err, ERR_STATE, EINVAL,
                   "can only %s running containers. %s is in state %s: container state improper",
                   verb, c->config.id, container_status_names[c->status]);
}

/* The state of a container whose lock we hold.  An engine that was killed may have left a monitor in the middle
 * of a start: nobody else looks into that. */
static int refresh_settled(struct engine *e, struct arena *a, struct container *c, struct err *err)
{
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
    int64_t until = time_monotonic() + 30 * NSEC_PER_SEC;

    while (dir >= 0 && supervise_starting(dir)) {
        if (time_monotonic() > until)
            return err_set(err, ERR_STATE, EBUSY, "container %s is being started", c->config.id);
        nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
    }
    return container_refresh(e, a, c, err);
}

/* Where the cgroup is that a monitor had planned when it was killed in the middle of a start; NULL: it was not. */
static const char *cut_off_cgroup(struct engine *e, struct arena *a, const struct container *c)
{
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);

    if (dir < 0 || !supervise_cut_off(dir))
        return NULL;
    AUTO_CLOSE int bundle = fs_open_dir(AT_FDCWD, container_bundle(e, a, c->config.id));
    struct monitor_config plan = { 0 };
    AUTO_JSON *doc = json_parse_file(bundle, "monitor.json", LIMIT_JSON_FILE, NULL);
    if (!doc || json_read(a, doc, &monitor_config_type, &plan, NULL) < 0 || plan.cgroup_split ||
        str_same(plan.cgroup_manager, "systemd")) /* it removes its scopes itself */
        return NULL;
    return plan.cgroup;
}

/* A monitor that was killed could not take its cgroup along. */
static int forget_cgroup(struct engine *e, const struct container *c, struct err *err)
{
    AUTO_ARENA a = { 0 };
    const char *cgroup = c->run.monitor_lost ? c->run.cgroup : cut_off_cgroup(e, &a, c);
    char *program = str_empty(cgroup) ? NULL : engine_helper(&a, "podman-monitor");

    return program ? supervise_cleanup(program, cgroup, err) : 0;
}

/* ---------- start ---------- */

static int make_run_dir(struct engine *e, const char *id, struct err *err)
{
    char path[128];

    snprintf(path, sizeof(path), "containers/%s", id);
    if (mkdirat(e->store->run_fd, path, 0711) < 0 && errno != EEXIST)
        return err_sys(err, errno, "creating the run directory of container %s", id);
    return 0;
}

/* The specification is made anew at each start: another container's namespace has a pid only now. */
static int prepare(struct engine *e, struct arena *a, const struct container *c, bool attach,
                   bool wait, struct network_start *net, char ***warnings, struct err *err)
{
    char **lower;
    int r = make_run_dir(e, c->config.id, err);

    if (r == 0 && c->config.pod)
        r = pod_member_prepare(e, a, &c->config, warnings, err);
    if (r == 0)
        r = rootfs_lower(e, a, &c->config, &lower, err);
    if (r == 0)
        r = network_prepare(net, e, a, &c->config, err);
    if (r == 0)
        r = spec_write(e, a, &c->config, lower, net->reserved ? &net->plan.state : NULL, warnings,
                       err);
    return r < 0 ? r : spec_write_monitor(e, a, c, attach, wait, err);
}

/* The scope that systemd makes for @c; false: none. */
static bool scope_of(struct engine *e, struct arena *a, const struct container_config *c,
                     struct systemd_scope *ret)
{
    const char *slice = e->rootless ? "user.slice" : "machine.slice";

    if (!STR_EQ(container_cgroup_manager(e, c), "systemd") ||
        (c->cgroups && STR_IN(c->cgroups, "disabled", "split")))
        return false;
    if (!str_empty(c->cgroup_parent)) {
        const char *slash = strrchr(c->cgroup_parent, '/');
        slice = slash ? slash + 1 : c->cgroup_parent;
    }
    AUTO_FREE char *socket = systemd_socket(e->rootless);
    *ret = (struct systemd_scope) {
        .socket = arena_strdup(a, socket),
        .name = arena_printf(a, "libpod-%s.scope", c->id),
        .slice = slice,
        .description = arena_printf(a, "container %s", c->name),
    };
    return true;
}

static int start_monitor(struct engine *e, struct arena *a, const struct container *c,
                         struct network_start *net, int *ret_sock, char ***warnings,
                         struct err *err)
{
    struct start_report report = { 0 };
    struct supervise_start s = {
        .program = engine_helper(a, "podman-monitor"),
        .bundle = container_bundle(e, a, c->config.id),
        .run_dir = arena_printf(a, "%s/containers/%s", e->store->runroot, c->config.id),
        .passthrough = c->config.log_driver && str_starts(c->config.log_driver, "passthrough"),
        .network = network_attach,
        .network_arg = net,
        .keep = c->keep_fds,
        .nkeep = c->nkeep_fds,
    };
    if (!s.program)
        return err_set(
            err, ERR_INTERNAL, ENOENT,
            "podman-monitor is not installed: looked beside %s/podman and in " PODMAN_LIBEXEC,
            proc_self_dir());
    struct systemd_scope scope;
    if (scope_of(e, a, &c->config, &scope))
        s.scope = &scope;
    int r = supervise_start(&s, a, &report, ret_sock, err);
    if (r == 0)
        *warnings = strv_concat(a, *warnings, report.warnings);
    return r;
}

int container_start_held(struct engine *e, struct arena *a, const struct container *c, bool wait,
                         int *ret_sock, char ***warnings, struct err *err)
{
    struct network_start net = { 0 };

    int r = prepare(e, a, c, ret_sock != NULL, wait, &net, warnings, err);
    if (r == 0)
        r = start_monitor(e, a, c, &net, ret_sock, warnings, err);
    network_started(&net, r == 0);
    return r;
}

/* The containers that have to run before this one does. */
static int start_required(struct engine *e, struct arena *a, const struct container *c,
                          char ***warnings, struct err *err)
{
    for (char **id = c->config.requires_; id && *id; id++) {
        struct container other;
        int r = container_find(e, a, *id, &other, err);
        if (r == 0 &&
            !(other.alive && other.status != CTR_EXITED && other.status != CTR_INITIALIZED))
            r = container_start(e, a, &other, false, NULL, warnings, err);
        if (r < 0)
            return err_wrap(err, "starting container %s, which %s needs", *id, c->config.id);
    }
    return 0;
}

/* Two overlays on one upper directory may disagree: what `podman mount` shows goes, and comes back as the started
 * container's own root. */
static int start_mounted(struct engine *e, struct arena *a, const struct container *c, bool wait,
                         int *ret_sock, char ***warnings, struct err *err)
{
    struct container now = *c;
    int mounted = mounts_remove(mounts_container_path(e, a, c), err);

    if (mounted < 0)
        return mounted;
    int r = container_start_held(e, a, c, wait, ret_sock, warnings, err);
    if (mounted && container_refresh(e, a, &now, NULL) == 0)
        (void)!mounts_container(e, a, &now, NULL);
    return r;
}

int container_start(struct engine *e, struct arena *a, const struct container *c, bool wait,
                    int *ret_sock, char ***warnings, struct err *err)
{
    int needs = start_required(e, a, c, warnings, err);
    if (needs < 0)
        return needs;

    AUTO_CLOSE int lock = lock_container(e, c, err);
    if (lock < 0)
        return lock;
    struct container now = *c;
    int r = refresh_settled(e, a, &now, err);
    if (r < 0)
        return r;
    if (now.alive && now.status == CTR_INITIALIZED && !wait) {
        AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
        AUTO_JSON *req = json_pack("{s:s}", "op", "start");
        if (ret_sock) {
            r = *ret_sock = supervise_attach(dir, err);
            if (r < 0)
                return r;
        }
        r = supervise_request(dir, req, -1, NULL, NULL, err);
        if (r < 0 && ret_sock)
            close_p(ret_sock);
        return r;
    }
    if (now.alive && now.status != CTR_EXITED)
        return err_set(err, ERR_STATE, EBUSY,
                       "container %s is already %s: container state improper", c->config.id,
                       container_status_names[now.status]);
    if (now.alive) { /* its monitor is on its way out */
        AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
        r = supervise_wait_gone(dir, err);
        if (r < 0)
            return r;
    }
    r = forget_cgroup(e, &now, err);
    if (r == 0)
        r = start_mounted(e, a, c, wait, ret_sock, warnings, err);
    if (r == 0 && getenv("NOTIFY_SOCKET") && container_refresh(e, a, &now, NULL) == 0)
        notify_started(&c->config, now.run.monitor_pid);
    return r;
}

/* ---------- attach ---------- */

int container_attach_open(struct engine *e, const struct container *c, struct err *err)
{
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);

    int r = dir < 0 ? err_sys(err, -dir, "opening the run directory of %s", c->config.id)
                    : supervise_attach(dir, err);
    return container_did(e, &c->config, "attach", r);
}

int container_attach_run(struct engine *e, const struct container *c, int sock,
                         const struct container_attach *io, enum container_attach_end *ret_end,
                         int *ret_code, struct err *err)
{
    struct attach_streams s = {
        .in = io->in,
        .out = io->out,
        .err = io->err,
        .terminal = c->config.terminal && io->in >= 0 && isatty(io->in),
        .sig_proxy = io->sig_proxy,
        .detach_keys = io->detach_keys ? io->detach_keys : "ctrl-p,ctrl-q",
    };
    enum attach_end end;
    int r = attach_run(sock, &s, &end, ret_code, err);

    if (r < 0)
        return r;
    *ret_end = end == ATTACH_DETACHED ? CTR_ATTACH_DETACHED : CTR_ATTACH_ENDED;
    if (end == ATTACH_LOST) {
        AUTO_ARENA a = { 0 };
        struct container now = *c;
        r = container_refresh(e, &a, &now, err);
        *ret_code = (int)now.run.exit_code;
    }
    return r;
}

int container_detach_keys(const char *keys, unsigned char *out, size_t max)
{
    return attach_parse_keys(keys, out, max);
}

/* ---------- stop, kill, pause ---------- */

static int ask(struct engine *e, const struct container *c, json_t *req, int timeout_ms,
               json_t **ret_answer, struct err *err)
{
    AUTO_JSON *owned = req;
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);

    if (dir < 0)
        return err_sys(err, -dir, "opening the run directory of %s", c->config.id);
    return supervise_request(dir, owned, timeout_ms, ret_answer, NULL, err);
}

static int request(struct engine *e, const struct container *c, json_t *req, int timeout_ms,
                   struct err *err)
{
    return ask(e, c, req, timeout_ms, NULL, err);
}

static int stop_signal(const struct container *c)
{
    int signo;

    if (!str_empty(c->config.stop_signal) &&
        option_signal(c->config.stop_signal, &signo, NULL) == 0)
        return signo;
    return SIGTERM;
}

int container_stop(struct engine *e, const struct container *c, int64_t timeout_s,
                   bool *ret_was_running, struct err *err)
{
    *ret_was_running = c->alive && c->status != CTR_EXITED;
    if (!c->alive)
        return 0;
    int64_t t = timeout_s < -1 ? c->config.stop_timeout : timeout_s;
    int64_t ns = t < 0 ? INT64_MAX / 2 : t * NSEC_PER_SEC;
    AUTO_JSON *answer = NULL;
    int r = ask(e, c,
                json_pack("{s:s,s:i,s:I}", "op", "stop", "signal", stop_signal(c), "timeout_ns",
                          (json_int_t)ns),
                -1, &answer, err);
    if (r == 0 && t > 0 && json_is_true(json_object_get(answer, "killed")))
        log_warn("StopSignal %s failed to stop container %s in %" PRId64
                 " seconds, resorting to SIGKILL",
                 signal_name(stop_signal(c)), c->config.name, t);
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
    if (r < 0) {
        /* The monitor may have gone between our look and our request, or with our request unread, or does
         * not listen any more: then there is nothing to stop. */
        bool unread = r == -ECONNRESET || r == -EPIPE || r == -ESRCH;
        if (!unread && dir >= 0 && lock_is_held(dir, "alive"))
            return r;
        err_clear(err);
        if (dir < 0)
            return 0;
    }
    r = supervise_wait_gone(dir, err);
    return *ret_was_running ? container_did(e, &c->config, "stop", r) : r;
}

int container_kill(struct engine *e, const struct container *c, int signo, struct err *err)
{
    if (!c->alive ||
        (c->status != CTR_RUNNING && c->status != CTR_PAUSED && c->status != CTR_STOPPING))
        return state_error(c, "kill", err);
    int r = request(e, c, json_pack("{s:s,s:i}", "op", "kill", "signal", signo), 30000, err);
    return container_did(e, &c->config, "kill", r);
}

int container_pause(struct engine *e, const struct container *c, bool pause, struct err *err)
{
    if (pause && c->status != CTR_RUNNING)
        return err_set(err, ERR_STATE, EINVAL,
                       "\"%s\" is not running, can't pause: container state improper",
                       c->config.id);
    if (!pause && c->status != CTR_PAUSED)
        return err_set(err, ERR_STATE, EINVAL,
                       "\"%s\" is not paused, can't unpause: container state improper",
                       c->config.id);
    const char *op = pause ? "pause" : "unpause";
    return container_did(e, &c->config, op,
                         request(e, c, json_pack("{s:s}", "op", op), 30000, err));
}

int container_resize(struct engine *e, const struct container *c, uint16_t rows, uint16_t cols,
                     struct err *err)
{
    if (!c->alive)
        return state_error(c, "resize", err);
    return request(e, c,
                   json_pack("{s:s,s:i,s:i}", "op", "resize", "rows", (int)rows, "cols", (int)cols),
                   30000, err);
}

/* ---------- removal ---------- */

static int remove_dirs(struct engine *e, const char *id, struct err *err)
{
    char path[128];

    snprintf(path, sizeof(path), "containers/%s", id);
    int r = fs_remove_tree(e->store->run_fd, path);
    if (r == 0)
        r = fs_remove_tree(e->store->graph_fd, path);
    if (r < 0)
        return err_sys(err, -r, "removing the files of container %s", id);
    snprintf(path, sizeof(path), "locks/container-%s", id);
    (void)!unlinkat(e->store->run_fd, path, 0);
    return 0;
}

static int remove_row(struct engine *e, const char *id, struct err *err)
{
    struct db *db = store_db(e->store, err);
    if (!db)
        return -EIO;
    int r = db_begin(db, DB_FAST, err);
    if (r < 0)
        return r;
    r = db_exec(db, err, "DELETE FROM containers WHERE id = ?", "s", id);
    if (r > 0 &&
        (db_exec(db, err, "DELETE FROM container_volumes WHERE container = ?", "s", id) < 0 ||
         db_exec(db, err, "DELETE FROM container_needs WHERE container = ?", "s", id) < 0))
        r = -EIO;
    if (r < 0) {
        db_rollback(db);
        return r;
    }
    return db_commit(db, err) < 0 ? -EIO : r;
}

/* @locked by the caller.  Somebody else may have removed it meanwhile: that is what we wanted. */
static int remove_locked(struct engine *e, const struct container *c, bool volumes, struct err *err)
{
    AUTO_ARENA a = { 0 };
    int r = mounts_remove(mounts_container_path(e, &a, c), err); /* `podman mount` */

    if (r == 0)
        r = network_release(e, &c->config, err);
    if (r == 0)
        r = remove_row(e, c->config.id, err);
    if (r >= 0)
        r = remove_dirs(e, c->config.id, err);
    if (r == 0 && volumes)
        r = volumes_remove_anonymous(e, &c->config, err);
    if (r == 0 && !str_empty(c->config.cid_file) && c->config.auto_remove)
        unlink(c->config.cid_file);
    return r < 0 ? r : 0;
}

/* Containers that use our namespaces or volumes have to go first. */
static int find_dependents(struct engine *e, const struct container *c, struct err *err)
{
    struct db *db = store_db(e->store, err);
    if (!db)
        return -EIO;
    struct rows q = db_query(db, err,
                             "SELECT container FROM container_needs WHERE needs = ? LIMIT 1", "s",
                             c->config.id);
    char other[65] = "";
    while (rows_next(&q))
        snprintf(other, sizeof(other), "%s", rows_text(&q, 0));
    int r = rows_end(&q);
    if (r == 0 && other[0])
        return err_set(err, ERR_IN_USE, EBUSY,
                       "container %s has dependent containers which must be removed before it: %s: "
                       "container already exists",
                       c->config.id, other);
    return r;
}

/* The containers that need this one, and those that need them, first. */
static int remove_dependents(struct engine *e, const struct container *c,
                             const struct container_remove_options *o, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct db *db = store_db(e->store, err);
    char **ids = NULL;

    if (!db)
        return -EIO;
    struct rows q = db_query(db, err, "SELECT container FROM container_needs WHERE needs = ?", "s",
                             c->config.id);
    while (rows_next(&q))
        ids = strv_add(&a, ids, rows_text(&q, 0));
    int r = rows_end(&q);
    for (; r == 0 && ids && *ids; ids++) {
        struct container other;
        r = container_find(e, &a, *ids, &other, err);
        if (r == 0)
            r = container_remove(e, &other, o, err);
        if (r == 0 && o->also)
            *o->also = strv_add(o->arena, *o->also, other.config.id);
    }
    return r;
}

/* An infra container goes with its pod: --depend takes that along. */
static int remove_infra(struct engine *e, const struct container *c,
                        const struct container_remove_options *o, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct pod p;
    int r = pod_find(e, &a, c->config.pod, &p, err);

    if (r < 0)
        return r;
    if (!o->depend)
        return err_set(err, ERR_IN_USE, EBUSY,
                       "container %s is the infra container of pod %s and cannot be removed "
                       "without removing the pod",
                       c->config.id, c->config.pod);
    for (size_t i = 0; o->also && i < p.members.n; i++)
        if (!p.members.items[i].config.infra)
            *o->also = strv_add(o->arena, *o->also, p.members.items[i].config.id);
    return pod_remove(e, &a, &p, o->force, o->timeout_s, err);
}

int container_remove(struct engine *e, const struct container *c,
                     const struct container_remove_options *o, struct err *err)
{
    if (c->config.infra && !o->of_pod)
        return remove_infra(e, c, o, err);
    if (o->depend) {
        int d = remove_dependents(e, c, o, err);
        if (d < 0)
            return d;
    }
    AUTO_CLOSE int lock = lock_container(e, c, err);
    if (lock < 0)
        return lock;
    AUTO_ARENA a = { 0 };
    struct container now = *c;
    bool was;
    int r = refresh_settled(e, &a, &now, err);
    if (r < 0)
        return r;
    if (now.alive && now.status != CTR_EXITED && now.status != CTR_INITIALIZED && !o->force)
        return err_set(err, ERR_STATE, EBUSY,
                       "cannot remove container %s as it is %s - running or paused containers "
                       "cannot be removed without force: container state improper",
                       c->config.id, container_status_names[now.status]);
    r = find_dependents(e, c, err);
    if (r < 0)
        return r;
    if (now.alive) {
        int64_t t = now.status == CTR_INITIALIZED ? 0
                    : o->timeout_s < -1           ? c->config.stop_timeout
                                                  : o->timeout_s;
        r = container_stop(e, &now, t, &was, err);
        if (r == 0) /* its monitor may have been killed meanwhile, with the cgroup still there */
            r = container_refresh(e, &a, &now, err);
        if (r < 0)
            return r;
    }
    r = forget_cgroup(e, &now, err);
    if (r == 0)
        r = remove_locked(e, c, o->volumes || c->config.auto_remove, err);
    r = container_did(e, &c->config, "remove", r);
    return r == 0 && c->config.ends_pod && !o->of_pod ? pod_member_ended(e, &c->config, err) : r;
}

static int cleanup(struct engine *e, const struct container *c, bool remove, bool remove_image,
                   struct err *err)
{
    if (!remove && !network_needs_engine(&c->config) && !c->config.ends_pod)
        return 0; /* nothing of a container outlives its monitor but its record */
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
    int r = dir < 0 ? 0 : supervise_wait_gone(dir, err);
    if (r < 0)
        return r;
    AUTO_CLOSE int lock = lock_container(e, c, err);
    if (lock < 0)
        return lock;
    if (dir >= 0 && lock_is_held(dir, "alive"))
        return 0; /* somebody started it again */
    if (!remove)
        return container_did(e, &c->config, "cleanup", network_release(e, &c->config, err));
    r = container_did(e, &c->config, "remove", remove_locked(e, c, true, err));
    if (r == 0 && remove_image && !str_empty(c->config.image)) {
        AUTO_ARENA a = { 0 };
        struct image_removed gone = { 0 };
        if (image_remove(e->store, &a,
                         c->config.image_name ? c->config.image_name : c->config.image, false,
                         &gone, err) < 0 &&
            err && (err->kind == ERR_IN_USE || err->kind == ERR_NOT_FOUND))
            err_clear(err); /* another container uses it: it stays */
        r = err && err->kind != ERR_NONE ? -err->errnum : 0;
    }
    return r;
}

int container_cleanup(struct engine *e, const struct container *c, bool remove, bool remove_image,
                      struct err *err)
{
    int r = cleanup(e, c, remove, remove_image, err);

    return r == 0 && c->config.ends_pod ? pod_member_ended(e, &c->config, err) : r;
}

static bool has_ended(struct engine *e, struct arena *a, struct container *c)
{
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);

    if (container_refresh(e, a, c, NULL) < 0 || c->alive)
        return false;
    return c->status == CTR_EXITED || (dir >= 0 && supervise_cut_off(dir));
}

/* auto_remove containers whose engine and monitor were both killed before they could remove them. */
static int reap_ended(struct engine *e, struct arena *a, struct db *db, struct err *err)
{
    JSON_LIST(struct container) gone = { 0 };
    struct rows q = db_query(db, err, "SELECT config FROM containers WHERE auto_remove = 1", "");

    while (rows_next(&q)) {
        struct container *c = LIST_ADD(a, gone);
        memset(c, 0, sizeof(*c));
        if (container_decode(a, rows_text(&q, 0), &c->config, NULL) < 0)
            gone.n--;
    }
    int r = rows_end(&q);
    for (size_t i = 0; r == 0 && i < gone.n; i++) {
        struct container *c = &gone.items[i];
        if (!has_ended(e, a, c))
            continue;
        AUTO_CLOSE int lock = store_trylock(e->store, "container", c->config.id);
        if (lock < 0 ||
            !has_ended(e, a, c)) /* somebody starts it, or started it between our looks */
            continue;
        r = forget_cgroup(e, c, err);
        if (r == 0)
            r = remove_locked(e, c, true, err);
    }
    return r;
}

static bool has_row(struct db *db, const char *id)
{
    struct rows q = db_query(db, NULL, "SELECT 1 FROM containers WHERE id = ?", "s", id);
    bool found = rows_next(&q);

    return rows_end(&q) < 0 || found; /* in doubt it stays */
}

/* Directories and cgroups of containers that have no row: their making or their removal was cut off.  Who
 * makes one holds its lock until the row is there. */
static int reap_directories(struct engine *e, struct arena *a, struct db *db, int root,
                            struct err *err)
{
    AUTO_CLOSE int dir = fs_open_dir(root, "containers");
    char **ids = dir < 0 ? NULL : fs_list_dirs(dir, a);
    int r = 0;

    for (; r == 0 && ids && *ids; ids++) {
        if (strlen(*ids) != 64 || has_row(db, *ids))
            continue;
        AUTO_CLOSE int lock = store_trylock(e->store, "container", *ids);
        AUTO_CLOSE int run = container_run_dir(e, *ids);
        if (lock < 0 || has_row(db, *ids) || (run >= 0 && lock_is_held(run, "alive")))
            continue;
        r = remove_dirs(e, *ids, err);
    }
    return r;
}

int container_reap(struct engine *e, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct db *db = store_db(e->store, err);

    if (!db)
        return -EIO;
    int r = reap_ended(e, &a, db, err);
    if (r == 0)
        r = network_reap(e, err);
    if (r == 0)
        r = reap_directories(e, &a, db, e->store->graph_fd, err);
    return r < 0 ? r : reap_directories(e, &a, db, e->store->run_fd, err);
}

int container_rename(struct engine *e, const struct container *c, const char *name, struct err *err)
{
    struct container_config renamed = c->config;
    struct db *db = store_db(e->store, err);

    if (!db)
        return -EIO;
    int r = option_name_check(name, err);
    if (r < 0)
        return r;
    AUTO_CLOSE int lock = lock_container(e, c, err);
    if (lock < 0)
        return lock;
    renamed.name = (char *)(uintptr_t)name;
    AUTO_FREE char *text = container_encode(&renamed);
    r = db_exec(db, err, "UPDATE containers SET name = ?, config = ? WHERE id = ?", "sss", name,
                text, c->config.id);
    if (r == -EEXIST) {
        err_clear(err);
        return err_set(err, ERR_CONFLICT, EEXIST,
                       "renaming container %s: the container name \"%s\" is already in use: that "
                       "name is already in use",
                       c->config.id, name);
    }
    if (r >= 0 && c->alive) { /* what its monitor notes from now on has the new name */
        AUTO_ARENA a = { 0 };
        struct container now = *c;
        now.config = renamed;
        r = spec_write_monitor(e, &a, &now, false, false, err);
    }
    return r < 0 ? r : container_did(e, &renamed, "rename", 0);
}

/* ---------- wait ---------- */

/* Asks the monitor, which answers when the container has ended for good: the answer is there even when
 * the container is removed in the same moment (--rm).  1 with *ret_code, or 0 when nobody answers. */
static int ask_monitor(struct engine *e, const struct container *c, int *ret_code)
{
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
    AUTO_JSON *req = json_pack("{s:s}", "op", "wait");
    AUTO_JSON *answer = NULL;

    if (dir < 0 || supervise_request(dir, req, -1, &answer, NULL, NULL) < 0)
        return 0;
    *ret_code = (int)json_integer_value(json_object_get(answer, "exit_code"));
    return 1;
}

static void sleep_ns(int64_t ns)
{
    struct timespec ts = { .tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC };

    nanosleep(&ts, NULL);
}

static bool has_health(struct engine *e, const struct container *c, unsigned states)
{
    AUTO_ARENA a = { 0 };
    struct health_state st;

    if (!(states & (CTR_WAIT_HEALTHY | CTR_WAIT_UNHEALTHY)) || c->status != CTR_RUNNING ||
        !container_health(e, &a, c, &st))
        return false;
    return ((states & CTR_WAIT_HEALTHY) && STR_EQ(st.status, "healthy")) ||
           ((states & CTR_WAIT_UNHEALTHY) && STR_EQ(st.status, "unhealthy"));
}

int container_wait(struct engine *e, const struct container *c, unsigned states,
                   int64_t interval_ns, int *ret_code, struct err *err)
{
    struct container now = *c;
    bool only_end = states == 1u << CTR_EXITED;

    for (;;) {
        AUTO_ARENA a = { 0 };
        /* A container that never ran has not ended either: waiting for its end means for its run. */
        if ((states & 1u << now.status) || has_health(e, &now, states)) {
            *ret_code = now.status == CTR_EXITED ? (int)now.run.exit_code : -1;
            return 0;
        }
        if (only_end && now.alive && ask_monitor(e, &now, ret_code))
            return 0;
        sleep_ns(MAX(interval_ns, (int64_t)1000000));
        bool exists = container_exists(e, c->config.id);
        int r = container_refresh(e, &a, &now, err);
        if (r < 0)
            return r;
        if (!exists && !now.alive) { /* removed while we waited */
            *ret_code = (int)now.run.exit_code;
            return 0;
        }
    }
}
