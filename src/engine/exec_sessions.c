#include "engine/exec_sessions.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "engine/engine_priv.h"

#include "base/banned.h"

enum { HALF = 32, WHOLE = 64 };

static const struct json_field session_rows[] = {
    JF_STR(struct exec_session, id, "id", JF_REQUIRED),
    JF_STRV(struct exec_session, command, "command", 0),
    JF_STRV(struct exec_session, env, "env", JF_OMIT_EMPTY),
    JF_STR(struct exec_session, user, "user", JF_OMIT_EMPTY),
    JF_STR(struct exec_session, workdir, "workdir", JF_OMIT_EMPTY),
    JF_STR(struct exec_session, detach_keys, "detach_keys", JF_OMIT_EMPTY),
    JF_BOOL(struct exec_session, terminal, "terminal", JF_OMIT_EMPTY),
    JF_BOOL(struct exec_session, privileged, "privileged", JF_OMIT_EMPTY),
    JF_BOOL(struct exec_session, in, "in", JF_OMIT_EMPTY),
    JF_BOOL(struct exec_session, out, "out", JF_OMIT_EMPTY),
    JF_BOOL(struct exec_session, err, "err", JF_OMIT_EMPTY),
    JF_I64(struct exec_session, pid, "pid", JF_OMIT_EMPTY),
    JF_PI64(struct exec_session, failed, "failed", JF_OMIT_EMPTY),
    { 0 },
};
static const struct json_type session_type = JSON_TYPE(struct exec_session, session_rows);

/* <run directory>/exec, or -errno. */
static int open_dir(struct engine *e, const struct container *c)
{
    AUTO_CLOSE int run = container_run_dir(e, c->config.id);

    if (run < 0)
        return run;
    if (mkdirat(run, "exec", 0700) < 0 && errno != EEXIST)
        return -errno;
    return fs_open_dir(run, "exec");
}

static int keep(struct engine *e, const struct container *c, const struct exec_session *s,
                struct err *err)
{
    AUTO_CLOSE int dir = open_dir(e, c);
    AUTO_JSON *doc = json_from(&session_type, s);
    AUTO_BUF b = { 0 };
    char name[WHOLE + 8];

    json_text(doc, 0, &b);
    snprintf(name, sizeof(name), "%s.json", s->id);
    int r = dir < 0 ? dir : fs_replace(dir, name, b.data, b.len, 0600, FS_NOSYNC);
    return r < 0 ? err_sys(err, -r, "keeping an exec session of container %s", c->config.id) : 0;
}

int exec_session_create(struct engine *e, struct arena *a, const struct container *c,
                        struct exec_session *s, struct err *err)
{
    char half[HALF + 1];

    if (c->status != CTR_RUNNING)
        return err_set(
            err, ERR_STATE, EINVAL,
            "can only create exec sessions on running containers: container state improper");
    if (!s->command || !*s->command)
        return err_set(
            err, ERR_BAD_PARAM, EINVAL,
            "must provide a non-empty command to start an exec session: invalid argument");
    store_random_id(half, HALF);
    s->id = arena_printf(a, "%.*s%s", HALF, c->config.id, half);
    return keep(e, c, s, err);
}

static int unknown(const char *id, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, ENOENT,
                   "no exec session with ID %s found: no such exec session", id);
}

static bool runs(struct engine *e, const struct container *c, const char *id)
{
    AUTO_CLOSE int dir = c->alive ? container_run_dir(e, c->config.id) : -ENOENT;
    AUTO_JSON *req = json_pack("{s:s}", "op", "sessions");
    AUTO_JSON *answer = NULL;
    size_t i;
    json_t *each;
    bool found = false;

    if (dir < 0 || supervise_request(dir, req, 30000, &answer, NULL, NULL) < 0)
        return false;
    json_array_foreach (json_object_get(answer, "sessions"), i, each)
        found |= STR_EQ(json_string_value(each), id);
    return found;
}

int exec_session_find(struct engine *e, struct arena *a, const char *id, struct container *ret_c,
                      struct exec_session *ret, struct err *err)
{
    struct exec_state ended = { .exit_code = 137 }; /* killed with its monitor */
    char name[WHOLE + 8];

    if (strlen(id) != WHOLE || strspn(id, "0123456789abcdef") != WHOLE ||
        container_find(e, a, arena_strndup(a, id, HALF), ret_c, NULL) < 0)
        return unknown(id, err);
    AUTO_CLOSE int dir = open_dir(e, ret_c);
    snprintf(name, sizeof(name), "%s.json", id);
    AUTO_JSON *doc = dir < 0 ? NULL : json_parse_file(dir, name, LIMIT_JSON_FILE, NULL);
    if (!doc)
        return unknown(id, err);
    int r = json_read(a, doc, &session_type, ret, err);
    if (r < 0)
        return r;
    ret->running = ret->pid && runs(e, ret_c, id);
    AUTO_JSON *end = ret->pid && !ret->running ? json_parse_file(dir, id, LIMIT_JSON_FILE, NULL)
                                               : NULL;
    if (end && json_read(a, end, &exec_state_type, &ended, err) < 0)
        return -EINVAL;
    ret->exit_code = ret->failed ? *ret->failed : ret->pid && !ret->running ? ended.exit_code : 0;
    return 0;
}

int exec_session_start(struct engine *e, const struct container *c, struct exec_session *s,
                       int *ret_sock, struct err *err)
{
    struct exec_options o = { .command = s->command,
                              .env = s->env,
                              .user = s->user,
                              .workdir = s->workdir,
                              .terminal = s->terminal,
                              .interactive = s->in,
                              .privileged = s->privileged,
                              .detach = !ret_sock };
    struct err why = { 0 };

    if (s->pid || s->failed)
        return err_set(err, ERR_STATE, EBUSY,
                       "exec session %s was started already: container state improper", s->id);
    int r = container_exec_begin(e, c, &o, s->id, &s->pid, ret_sock, &why);
    if (r < 0 && (why.kind == ERR_NO_COMMAND || why.kind == ERR_CANNOT_INVOKE)) {
        int64_t code = err_kind_info(why.kind)->exit;
        s->failed = &code;
        (void)!keep(e, c, s, NULL);
        s->failed = NULL;
    }
    if (r < 0)
        return err_set(err, why.kind, why.errnum, "%s", why.msg);
    return keep(e, c, s, err);
}

static int request(struct engine *e, const struct container *c, json_t *req, struct err *err)
{
    AUTO_JSON *owned = req;
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);

    if (dir < 0)
        return err_sys(err, -dir, "opening the run directory of %s", c->config.id);
    return supervise_request(dir, owned, 30000, NULL, NULL, err);
}

int exec_session_resize(struct engine *e, const struct container *c, const struct exec_session *s,
                        uint16_t rows, uint16_t cols, struct err *err)
{
    if (!s->running)
        return err_set(err, ERR_STATE, EINVAL,
                       "exec session %s is not running: container state improper", s->id);
    return request(e, c,
                   json_pack("{s:s,s:s,s:i,s:i}", "op", "exec_resize", "session", s->id, "rows",
                             rows, "cols", cols),
                   err);
}

int exec_session_remove(struct engine *e, const struct container *c, const struct exec_session *s,
                        bool force, struct err *err)
{
    AUTO_CLOSE int dir = open_dir(e, c);
    char name[WHOLE + 8];

    if (s->running && !force)
        return err_set(err, ERR_STATE, EBUSY,
                       "exec session %s is running: container state improper", s->id);
    if (s->running) {
        int r = request(
            e, c,
            json_pack("{s:s,s:s,s:i}", "op", "exec_kill", "session", s->id, "signal", SIGKILL),
            err);
        if (r < 0)
            return r;
    }
    snprintf(name, sizeof(name), "%s.json", s->id);
    if (dir >= 0) {
        unlinkat(dir, s->id, 0);
        unlinkat(dir, name, 0);
    }
    return 0;
}
