/* Exec: a session is made, started, looked at, each in a request of its own (engine/exec_sessions.h). */
#include <inttypes.h>

#include "api/documents.h"
#include "api/route.h"
#include "api/stream.h"
#include "engine/exec_sessions.h"
#include "engine/options.h"

#include "base/banned.h"

struct create_body {
    char *user, *workdir, *detach_keys, **env, **cmd;
    bool privileged, tty, in, out, err;
};
static const struct json_field create_rows[] = {
    JF_STR(struct create_body, user, "User", 0),
    JF_STR(struct create_body, workdir, "WorkingDir", 0),
    JF_STR(struct create_body, detach_keys, "DetachKeys", 0),
    JF_STRV(struct create_body, env, "Env", 0),
    JF_STRV(struct create_body, cmd, "Cmd", 0),
    JF_BOOL(struct create_body, privileged, "Privileged", 0),
    JF_BOOL(struct create_body, tty, "Tty", 0),
    JF_BOOL(struct create_body, in, "AttachStdin", 0),
    JF_BOOL(struct create_body, out, "AttachStdout", 0),
    JF_BOOL(struct create_body, err, "AttachStderr", 0),
    { 0 },
};
static const struct json_type create_type = JSON_TYPE(struct create_body, create_rows);

static int create(struct request *r, const void *query)
{
    struct create_body b = { 0 };
    struct container c;
    AUTO_JSON *doc = NULL;
    int res = request_container(r, &c);

    (void)query;
    if (res == 0)
        res = request_body(r, &create_type, &b, false, &doc);
    if (res == 0 && !str_empty(b.detach_keys))
        res = option_detach_keys(b.detach_keys, r->err);
    struct exec_session s = { .command = b.cmd,
                              .env = b.env,
                              .user = str_empty(b.user) ? NULL : b.user,
                              .workdir = str_empty(b.workdir) ? NULL : b.workdir,
                              .detach_keys = b.detach_keys,
                              .terminal = b.tty,
                              .privileged = b.privileged,
                              .in = b.in,
                              .out = b.out,
                              .err = b.err };
    if (res == 0)
        res = exec_session_create(request_engine(r), r->arena, &c, &s, r->err);
    return res < 0 ? res : reply_id(r, 201, "Id", s.id);
}

static int find(struct request *r, struct container *c, struct exec_session *s)
{
    struct engine *e = request_engine(r);
    int res = e ? exec_session_find(e, r->arena, r->vars[0], c, s, r->err) : -EIO;

    if (res == 0 && !request_sees(r, &c->config))
        return err_set(r->err, ERR_NOT_FOUND, ENOENT,
                       "no exec session with ID %s found: no such exec session", r->vars[0]);
    return res;
}

struct start_body {
    bool detach, tty;
    int64_t h, w;
};
static const struct json_field start_rows[] = {
    JF_BOOL(struct start_body, detach, "Detach", 0),
    JF_BOOL(struct start_body, tty, "Tty", 0),
    JF_I64(struct start_body, h, "h", 0),
    JF_I64(struct start_body, w, "w", 0),
    { 0 },
};
static const struct json_type start_type = JSON_TYPE(struct start_body, start_rows);

/* In the background, or what would be wrong before anything is started. */
static int start_detached(struct request *r, const struct container *c, struct exec_session *s)
{
    int res = exec_session_start(request_engine(r), c, s, NULL, r->err);

    return res < 0 ? res : reply_empty(r, 200);
}

/* HTTP has ended when the program begins, as Docker does it; so what goes wrong is said on its stderr, for then there is
 * nobody else to say it, and its exit code tells it too. */
static int start_attached(struct request *r, const struct container *c, struct exec_session *s,
                          const struct start_body *b)
{
    struct engine *e = request_engine(r);
    int sock = -EBADF;
    AUTO_BUF text = { 0 };

    if (s->pid || s->failed || c->status != CTR_RUNNING) /* the start would be refused */
        return exec_session_start(e, c, s, &sock, r->err);
    if (conn_hijack(r->conn, s->terminal ? STREAM_RAW : STREAM_MUX) < 0)
        return 0;
    if (exec_session_start(e, c, s, &sock, r->err) < 0) {
        buf_printf(&text, "%s\r\n", r->err->msg);
        (void)!stream_put(r, !s->terminal, STREAM_STDERR, text.data, text.len);
        return 0;
    }
    AUTO_CLOSE int owned = sock;
    s->running = true;
    if (b->h > 0 && b->w > 0 && s->terminal)
        (void)!exec_session_resize(e, c, s, (uint16_t)b->h, (uint16_t)b->w, NULL);
    struct hijack h = { .in = s->in,
                        .out = s->out,
                        .err = s->err,
                        .tty = s->terminal,
                        .detach_keys = str_empty(s->detach_keys) ? "ctrl-p,ctrl-q"
                                                                 : s->detach_keys };
    hijack_run(r, owned, &h);
    return 0;
}

static int start(struct request *r, const void *query)
{
    struct start_body b = { 0 };
    struct exec_session s = { 0 };
    struct container c;
    AUTO_JSON *doc = NULL;
    int res = request_body(r, &start_type, &b, true, &doc);

    (void)query;
    if (res == 0)
        res = find(r, &c, &s);
    if (res < 0)
        return res;
    return b.detach ? start_detached(r, &c, &s) : start_attached(r, &c, &s, &b);
}

static int inspect(struct request *r, const void *query)
{
    struct exec_session s = { 0 };
    struct container c;
    int res = find(r, &c, &s);

    (void)query;
    if (res < 0)
        return res;
    json_t *exit_code = (s.pid || s.failed) && !s.running ? json_integer(s.exit_code)
                        : r->libpod                       ? json_integer(0)
                                                          : json_null();
    return reply_json(r, 200,
                      json_pack("{s:b,s:s,s:s,s:o,s:s,s:b,s:b,s:b,s:b,s:I,s:{s:o,s:s,s:b,s:b,s:s}}",
                                "CanRemove", !s.running, "ContainerID", c.config.id, "DetachKeys",
                                s.detach_keys ? s.detach_keys : "", "ExitCode", exit_code, "ID",
                                s.id, "OpenStderr", s.err, "OpenStdin", s.in, "OpenStdout", s.out,
                                "Running", s.running, "Pid", (json_int_t)s.pid, "ProcessConfig",
                                "arguments", doc_strings(s.command + 1, false), "entrypoint",
                                s.command[0], "privileged", s.privileged, "tty", s.terminal, "user",
                                s.user ? s.user : ""));
}

struct resize_query {
    int64_t h, w;
    bool running;
};
static const struct query_field resize_fields[] = {
    QF_I64(struct resize_query, h, "h", "0"),
    QF_I64(struct resize_query, w, "w", "0"),
    QF_BOOL(struct resize_query, running, "running", NULL),
    { 0 },
};

static int resize(struct request *r, const void *query)
{
    const struct resize_query *q = query;
    struct exec_session s = { 0 };
    struct container c;
    int res = find(r, &c, &s);

    if (res == 0 && (q->h < 0 || q->h > UINT16_MAX || q->w < 0 || q->w > UINT16_MAX))
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL,
                      "failed to parse parameters: h and w are numbers up to 65535");
    if (res == 0 && (s.running || !q->running))
        res = exec_session_resize(request_engine(r), &c, &s, (uint16_t)q->h, (uint16_t)q->w,
                                  r->err);
    return res < 0 ? res : reply_empty(r, 201);
}

struct remove_body {
    bool force;
};
static const struct json_field remove_rows[] = {
    JF_BOOL(struct remove_body, force, "Force", 0),
    { 0 },
};
static const struct json_type remove_type = JSON_TYPE(struct remove_body, remove_rows);

static int remove_it(struct request *r, const void *query)
{
    struct remove_body b = { 0 };
    struct exec_session s = { 0 };
    struct container c;
    AUTO_JSON *doc = NULL;
    int res = request_body(r, &remove_type, &b, true, &doc);

    (void)query;
    if (res == 0)
        res = find(r, &c, &s);
    if (res == 0)
        res = exec_session_remove(request_engine(r), &c, &s, b.force, r->err);
    return res < 0 ? res : reply_empty(r, 200);
}

#define BOTH (ROUTE_BOTH | ROUTE_SCOPED)
const struct route exec_routes[] = {
    ROUTE("POST", "/containers/{name}/exec", BOTH, create),
    ROUTE("POST", "/exec/{id}/start", BOTH, start),
    ROUTE("GET", "/exec/{id}/json", BOTH, inspect),
    ROUTE_Q("POST", "/exec/{id}/resize", BOTH, resize, struct resize_query, resize_fields),
    ROUTE("POST", "/exec/{id}/remove", ROUTE_LIBPOD | ROUTE_SCOPED, remove_it),
    { 0 },
};
