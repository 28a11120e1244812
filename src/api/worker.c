#include <signal.h>
#include <sys/random.h>

#include "api/server_priv.h"
#include "base/log.h"

#include "base/banned.h"

enum { LINGER_MS = 500 };

/* ERR_DENIED when the socket is not for that. */
static int check_scope(struct request *r, const struct route *t)
{
    const char *method = r->conn->head.method;
    bool reads = STR_IN(method, "GET", "HEAD");

    if (r->scope->read_only && t->flags & ROUTE_ACTS)
        return err_set(r->err, ERR_DENIED, EPERM,
                       "this socket only reads: %s %s does something and is not permitted", method,
                       t->pattern);
    if (r->scope->read_only && !reads)
        return err_set(r->err, ERR_DENIED, EPERM,
                       "this socket answers GET and HEAD only: %s is not permitted", method);
    if (r->scope->labels && !(t->flags & (ROUTE_SCOPED | ROUTE_HARMLESS)))
        return err_set(r->err, ERR_DENIED, EPERM,
                       "this socket is for containers with its label only: %s %s is not permitted",
                       method, t->pattern);
    return 0;
}

static int call(struct request *r)
{
    bool other;
    const struct route *t = route_find(r, &other);

    if (!t && other) {
        reply_text(r, 405, "");
        return 0;
    }
    if (!t)
        return err_set(r->err, ERR_NOT_FOUND, ENOENT, "Not Found");
    int res = check_scope(r, t);
    if (res == 0)
        res = query_parse(r->arena, r->conn->head.query, &r->query, r->err);
    if (res < 0)
        return res;
    void *query = arena_alloc(r->arena, t->query_size ? t->query_size : 1);
    res = query_decode(r->arena, &r->query, t->query, query, r->err);
    return res < 0 ? res : t->handler(r, query);
}

static void reference_id(struct api_worker *w, const struct http_head *h, char *more, size_t size)
{
    const char *given = h->method ? http_header(h, "X-Reference-Id") : NULL;
    uint32_t n = 0;

    (void)w;
    if (given && strlen(given) < 64)
        snprintf(more, size, "X-Reference-Id: %s\r\n", given);
    else if (getrandom(&n, sizeof(n), 0) == sizeof(n))
        snprintf(more, size, "X-Reference-Id: 0xc0%08x\r\n", n);
    else
        *more = '\0';
}

static void preflight(struct api_worker *w, struct conn *c)
{
    conn_reply(c, 200, NULL, NULL, NULL, 0);
    (void)w;
}

void worker_answer(struct api_worker *w, struct conn *c, struct arena *a, struct err *head_error)
{
    struct err err = { 0 };
    struct request r = { .conn = c,
                         .arena = a,
                         .worker = w,
                         .scope = &w->options->scope,
                         .err = head_error->kind == ERR_NONE ? &err : head_error };
    char extra[sizeof(w->extra) + 96];

    size_t n = strlen(w->extra);
    memcpy(extra, w->extra, n + 1);
    reference_id(w, &c->head, extra + n, sizeof(extra) - n);
    c->extra = extra;
    if (head_error->kind != ERR_NONE)
        reply_error(&r);
    else if (STR_EQ(c->head.method, "OPTIONS") && w->options->cors)
        preflight(w, c);
    else if (call(&r) < 0) {
        log_debug("%s %s: %s", c->head.method, c->head.path, r.err->msg);
        reply_error(&r);
    }
    if (!c->answered)
        reply_empty(&r, 200);
    conn_skip_body(c);
    c->extra = w->extra;
}

static void fixed_headers(struct api_worker *w)
{
    int n = snprintf(w->extra, sizeof(w->extra),
                     "Api-Version: 1.44\r\nLibpod-Api-Version: %s\r\nServer: Libpod/%s (linux)\r\n",
                     PODMAN_VERSION, PODMAN_VERSION);

    if (w->options->cors)
        snprintf(w->extra + n, sizeof(w->extra) - (size_t)n,
                 "Access-Control-Allow-Origin: %.200s\r\nAccess-Control-Allow-Headers: Origin, "
                 "X-Requested-With, Content-Type, Accept, X-Registry-Auth, Connection, Upgrade, "
                 "X-Registry-Config\r\nAccess-Control-Allow-Methods: HEAD, GET, POST, DELETE, PUT, "
                 "OPTIONS\r\n",
                 w->options->cors);
}

/* A reader that has gone is an error of the write, not our end.  A handler, for programs that are started would
 * inherit that the signal is ignored. */
static void nothing(int signo)
{
    (void)signo;
}

enum worker_end worker_run(const struct api_options *o, int fd)
{
    static struct conn c; /* 64 kB: not on the stack */
    struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };
    struct api_worker w = { .options = o };
    bool idle = false;

    sigaction(SIGPIPE, &sa, NULL);
    fixed_headers(&w);
    conn_init(&c, fd, w.extra);
    do {
        AUTO_ARENA a = { 0 };
        struct err err = { 0 };
        int n = conn_next(&c, &a, LINGER_MS, &idle, &err);
        if (n == 0)
            break;
        worker_answer(&w, &c, &a, &err);
    } while (c.keep && !c.lost);
    if (w.engine)
        engine_close(w.engine);
    return idle ? WORKER_KEEP : WORKER_CLOSED;
}
