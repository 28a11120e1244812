#include "api/request.h"

#include "api/server_priv.h"
#include "base/limits.h"

#include "base/banned.h"

struct engine *request_engine(struct request *r)
{
    struct api_worker *w = r->worker;

    if (!w->engine)
        w->engine = w->options->open(w->options->arg, r->err);
    return w->engine;
}

bool request_sees(const struct request *r, const struct container_config *c)
{
    for (char **l = r->scope->labels; l && *l; l++) {
        const char *eq = strchrnul(*l, '=');
        char *key = arena_strndup(r->arena, *l, (size_t)(eq - *l));
        const char *have = kv_get(&c->labels, key);
        if (!have || (*eq && !STR_EQ(have, eq + 1)))
            return false;
    }
    return true;
}

int request_find(struct request *r, const char *name, struct container *ret)
{
    struct engine *e = request_engine(r);

    if (!e)
        return -EIO;
    if (*name == '/') /* as Docker shows names */
        name++;
    int res = container_find(e, r->arena, name, ret, r->err);
    if (res == 0 && !request_sees(r, &ret->config))
        return err_set(r->err, ERR_NOT_FOUND, ENOENT,
                       "no container with name or ID \"%s\" found: no such container", name);
    return res;
}

int request_container(struct request *r, struct container *ret)
{
    return request_find(r, r->vars[0], ret);
}

/* ---------- the body ---------- */

json_t *request_json(struct request *r, bool empty)
{
    AUTO_BUF b = { .max = LIMIT_API_BODY };
    int res = conn_read_all(r->conn, &b);

    if (res == -EFBIG) {
        err_set(r->err, ERR_TOO_BIG, EFBIG, "the request's body is larger than %u bytes",
                LIMIT_API_BODY);
        return NULL;
    }
    if (res < 0) {
        err_set(r->err, ERR_BAD_PARAM, EINVAL, "reading the request's body: it breaks off");
        return NULL;
    }
    if (strspn(b.data ? b.data : "", " \r\n\t") == b.len) {
        if (empty)
            return json_object();
        err_set(r->err, ERR_BAD_PARAM, EINVAL, "failed to decode the request's body: EOF");
        return NULL;
    }
    json_t *doc = json_parse(b.data, b.len, "request body", r->err);
    if (json_is_null(doc) && empty) {
        json_decref(doc);
        return json_object();
    }
    if (doc && !json_is_object(doc)) {
        json_decref(doc);
        err_set(r->err, ERR_BAD_PARAM, EINVAL,
                "failed to decode the request's body: it must be an object");
        return NULL;
    }
    return doc;
}

int request_body(struct request *r, const struct json_type *type, void *out, bool empty,
                 json_t **ret_doc)
{
    json_t *doc = request_json(r, empty);

    if (!doc)
        return -EINVAL;
    *ret_doc = doc; /* whatever happens: the caller drops it */
    return json_read_nocase(r->arena, doc, type, out, r->err);
}

/* ---------- answers ---------- */

int reply_json(struct request *r, int status, json_t *doc)
{
    AUTO_JSON *owned = doc;
    AUTO_BUF b = { 0 };

    json_text(owned, 0, &b);
    buf_putc(&b, '\n');
    conn_reply(r->conn, status, "application/json", NULL, b.data, b.len);
    return 0;
}

int reply_text(struct request *r, int status, const char *text)
{
    conn_reply(r->conn, status, "text/plain; charset=utf-8", NULL, text, strlen(text));
    return 0;
}

int reply_empty(struct request *r, int status)
{
    conn_reply(r->conn, status, NULL, NULL, NULL, 0);
    return 0;
}

int reply_id(struct request *r, int status, const char *key, const char *id)
{
    return reply_json(r, status, json_pack("{s:s}", key, id));
}

/* Docker's client makes its exit codes 126 and 127 from these words, as Go writes them. */
static void say_as_go(char *message)
{
    static const char *const words[] = { "No such file or directory", "Permission denied" };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        char *at = strstr(message, words[i]);
        if (at)
            *at += 'a' - 'A';
    }
}

int reply_error(struct request *r)
{
    struct err *e = r->err;
    int status = e->kind == ERR_NONE ? 500 : err_kind_info(e->kind)->http;
    const char *message = e->kind == ERR_NONE ? "internal error" : e->msg;

    if (!r->libpod && (e->kind == ERR_NO_COMMAND || e->kind == ERR_CANNOT_INVOKE))
        say_as_go(e->msg);
    /* Podman's root cause: what stands behind the last colon. */
    const char *cause = message;

    for (const char *p = message; (p = strstr(p, ": "));)
        cause = p += 2;
    if (r->conn->answered) {
        r->conn->keep = false;
        return 0;
    }
    return reply_json(
        r, status,
        json_pack("{s:s,s:s,s:i}", "cause", cause, "message", message, "response", status));
}

int stream_json(struct request *r, json_t *doc)
{
    AUTO_JSON *owned = doc;
    AUTO_BUF b = { 0 };

    json_text(owned, 0, &b);
    buf_putc(&b, '\n');
    return conn_write(r->conn, b.data, b.len);
}
