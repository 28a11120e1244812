#include <time.h>

#include "base/parse.h"
#include "engine/events.h"
#include "engine/spec_parts.h"

#include "base/banned.h"

/* A command in a running container: the monitor starts it (spec/monitor.h, "exec"), so that no process of
 * ours has to enter the container, and we drive the connection that its answer becomes. */

static void apply_umask(struct arena *a, const char *text, struct oci_user *u)
{
    uint32_t m;

    if (!str_empty(text) && parse_octal(text, 0777, &m) == 0) {
        int64_t v = m;
        u->umask = arena_memdup(a, &v, sizeof(v));
    }
}

static int build_process(struct engine *e, struct arena *a, const struct container *c,
                         const struct exec_options *o, struct oci_process *p, struct err *err)
{
    const struct container_config *cc = &c->config;
    struct container_config all = *cc;
    char **caps;

    p->terminal = o->terminal;
    p->args = o->command;
    p->cwd = arena_strdup(a, o->workdir ? o->workdir : str_empty(cc->workdir) ? "/" : cc->workdir);
    p->env = strv_copy(a, cc->env);
    if (o->terminal && !env_get(p->env, "TERM"))
        p->env = env_set(a, p->env, "TERM=xterm");
    for (char **v = o->env; v && *v; v++)
        p->env = env_set(a, p->env, *v);
    const char *user = o->user ? o->user : cc->user;
    bool same = !o->user || str_same(o->user, cc->user);
    char **groups = same ? cc->groups : NULL; /* --group-add is of the container's own user */
    int r = 0;
    if ((!str_empty(user) && !STR_IN(user, "0", "0:0")) || groups)
        r = user_lookup_running(a, (pid_t)c->run.pid, user, groups, &p->user, err);
    if (r < 0)
        return r;
    if (o->user && !STR_IN(o->user, str_empty(cc->user) ? "0" : cc->user))
        p->env = env_unset(a, p->env,
                           "HOME"); /* another user has another one: the runtime finds it */
    all.privileged = cc->privileged || o->privileged;
    r = capabilities_resolve(a, &all, e->defaults.capabilities, &caps, err);
    if (r < 0)
        return r;
    const struct container_config other = { 0 };
    p->capabilities = capabilities_of(a, same ? cc : &other, caps, p->user.uid);
    p->no_new_privileges = cc->no_new_privileges && !o->privileged;
    p->apparmor_profile = cc->apparmor_profile;
    p->selinux_label = cc->process_label;
    apply_umask(a, cc->umask, &p->user);
    rlimits_of(a, cc, p);
    return 0;
}

static int wait_until_running(struct engine *e, struct arena *a, struct container *c,
                              int64_t wait_s, struct err *err)
{
    int64_t end = time_monotonic() + wait_s * NSEC_PER_SEC;

    while (c->status != CTR_RUNNING && wait_s > 0) {
        struct timespec ts = { .tv_nsec = 50000000 };
        if (time_monotonic() > end)
            return err_set(err, ERR_STATE, ETIMEDOUT, "timed out waiting for container: %s",
                           c->config.id);
        nanosleep(&ts, NULL);
        int r = container_refresh(e, a, c, err);
        if (r < 0)
            return r;
    }
    if (c->status != CTR_RUNNING)
        return err_set(
            err, ERR_STATE, EINVAL,
            "can only create exec sessions on running containers: container state improper");
    return 0;
}

int container_exec_begin(struct engine *e, const struct container *given,
                         const struct exec_options *o, const char *session, int64_t *ret_pid,
                         int *ret_sock, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct container c = *given;
    struct oci_process p = { 0 };

    int r = wait_until_running(e, &a, &c, o->wait_s, err);
    if (r == 0)
        r = build_process(e, &a, &c, o, &p, err);
    if (r < 0)
        return r;
    AUTO_CLOSE int dir = container_run_dir(e, c.config.id);
    if (dir < 0)
        return err_sys(err, -dir, "opening the run directory of %s", c.config.id);
    AUTO_JSON *req = json_pack("{s:s,s:s,s:o,s:b,s:b}", "op", "exec", "session", session, "process",
                               json_from(&oci_process_type, &p), "attach", !o->detach, "stdin",
                               o->interactive);
    for (size_t i = 0; i < o->nkeep_fds; i++) {
        if (i == 0)
            json_object_set_new(req, "keep", json_array());
        json_array_append_new(json_object_get(req, "keep"), json_integer(o->keep_fds[i]));
    }
    AUTO_JSON *answer = NULL;
    r = supervise_request_fds(dir, req, o->keep_fds, o->nkeep_fds, -1, &answer,
                              o->detach ? NULL : ret_sock, err);
    if (r == 0)
        *ret_pid = json_integer_value(json_object_get(answer, "pid"));
    return container_did(e, &c.config, "exec", r);
}

int container_exec(struct engine *e, const struct container *c, const struct exec_options *o,
                   char *session, int *ret_code, struct err *err)
{
    int64_t pid;
    int sock = -EBADF;

    store_random_id(session, 64);
    int r = container_exec_begin(e, c, o, session, &pid, &sock, err);
    if (r < 0 || o->detach)
        return r;
    AUTO_CLOSE int owned = sock;
    struct attach_streams s = {
        .in = o->in,
        .out = o->out,
        .err = o->err,
        .terminal = o->terminal && o->in >= 0 && isatty(o->in),
        .detach_keys = o->detach_keys ? o->detach_keys : "ctrl-p,ctrl-q",
    };
    enum attach_end end;
    r = attach_run(owned, &s, &end, ret_code, err);
    if (r < 0)
        return r;
    if (end == ATTACH_LOST) {
        *ret_code = 137; /* the container was killed around it */
    } else if (end == ATTACH_DETACHED)
        *ret_code = 0;
    return 0;
}

int container_exec_forget(struct engine *e, const struct container *c, const char *session,
                          struct err *err)
{
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
    char path[80];

    if (strspn(session, "0123456789abcdef") != strlen(session) || strlen(session) != 64)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid exec session ID \"%s\"", session);
    if (c->alive && dir >= 0) {
        AUTO_JSON *req = json_pack("{s:s}", "op", "sessions");
        AUTO_JSON *answer = NULL;
        size_t i;
        json_t *id;
        int r = supervise_request(dir, req, 30000, &answer, NULL, err);
        if (r < 0)
            return r;
        json_array_foreach (json_object_get(answer, "sessions"), i, id)
            if (STR_EQ(json_string_value(id), session))
                return err_set(err, ERR_STATE, EBUSY,
                               "exec session %s is running: container state improper", session);
    }
    snprintf(path, sizeof(path), "exec/%s", session);
    if (dir < 0 || unlinkat(dir, path, 0) < 0)
        return err_set(err, ERR_NOT_FOUND, ENOENT,
                       "container %s has no exec session with ID %s: no such exec session",
                       c->config.id, session);
    return 0;
}
