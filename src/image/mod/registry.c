#include "image/mod/registry.h"

#include "base/limits.h"
#include "image/mod/hash.h"
#include "image/mod/registry_priv.h"

#include "base/banned.h"

/* How a session runs
 *
 * GET /v2/ tells the scheme (https, or http for an insecure place) and the challenge.  With Bearer a token
 * for "repository:PATH:pull" is asked for, with the credentials when there are any; it is asked for
 * again when a request is answered 401, since tokens live for minutes and layers can take longer. */

enum { LIMIT_TOKEN = 256 * 1024, LIMIT_TAGS = 20000 };

/* ---------- clients ---------- */

struct http *registry_client(struct registry *r, struct err *err)
{
    struct http *h = NULL;

    pthread_mutex_lock(&r->mutex);
    for (int i = 0; i < IDLE_CLIENTS && !h; i++)
        h = HANDOVER(r->idle[i]);
    pthread_mutex_unlock(&r->mutex);
    return h ? h : http_new(&r->http, err);
}

/* A connection that is kept saves the next blob a handshake. */
void registry_client_back(struct registry *r, struct http *h)
{
    pthread_mutex_lock(&r->mutex);
    for (int i = 0; i < IDLE_CLIENTS && h; i++)
        if (!r->idle[i])
            r->idle[i] = HANDOVER(h);
    pthread_mutex_unlock(&r->mutex);
    http_free(h);
}

/* ---------- errors ---------- */

/* The registry's own words: {"errors":[{"code":"...","message":"..."}]}. */
static const char *error_text(struct arena *a, const struct http_answer *ans)
{
    static const struct {
        const char *code, *text;
    } texts[] = {
        { "MANIFEST_UNKNOWN", "manifest unknown" },
        { "NAME_UNKNOWN", "name unknown" },
        { "DENIED", "requested access to the resource is denied" },
        { "UNAUTHORIZED", "unauthorized" },
    };
    AUTO_JSON *doc = json_parse(ans->body->data ? ans->body->data : "", ans->body->len, "", NULL);
    const json_t *first = json_array_get(json_object_get(doc, "errors"), 0);
    const char *code = json_string_value(json_object_get(first, "code"));
    const char *message = json_string_value(json_object_get(first, "message"));

    for (size_t i = 0; code && i < ARRAY_SIZE(texts); i++)
        if (STR_EQ(texts[i].code, code)) {
            const char *text = texts[i].text;
            return str_empty(message) || STR_EQ(message, text)
                       ? text
                       : arena_printf(a, "%s: %s", text, message);
        }
    return str_empty(message) ? NULL : arena_strdup(a, message);
}

int registry_bad_status(struct arena *a, const struct http_answer *ans, struct err *err)
{
    const char *text = error_text(a, ans);

    switch (ans->status) {
    case 401:
        return err_set(err, ERR_DENIED, EACCES, "%s",
                       text ? text : "unauthorized: authentication required");
    case 403:
        return err_set(err, ERR_DENIED, EACCES, "%s",
                       text ? text : "requested access to the resource is denied");
    case 404:
        return err_set(err, ERR_NOT_FOUND, ENOENT, "%s", text ? text : "not found");
    case 429:
        return err_set(err, ERR_UNAVAILABLE, EAGAIN, "toomanyrequests: %s",
                       text ? text : "too many requests to registry");
    case 500:
    case 502:
    case 503:
    case 504:
        return err_set(err, ERR_UNAVAILABLE, EAGAIN, "received unexpected HTTP status: %ld%s%s",
                       ans->status, text ? ": " : "", text ? text : "");
    default:
        return err_set(err, ERR_BAD_PARAM, EPROTO, "received unexpected HTTP status: %ld%s%s",
                       ans->status, text ? ": " : "", text ? text : "");
    }
}

/* ---------- authentication ---------- */

static int token_sink(void *arg, const void *data, size_t len)
{
    return buf_add(arg, data, len);
}

/* What the token is for: this repository and those that blobs are mounted from. */
static char *scopes(struct registry *r, struct arena *a, const char *sep)
{
    char *all = NULL;

    if (!str_empty(r->ref.path))
        all = http_escape(a, arena_printf(a, "repository:%s:%s", r->ref.path, r->actions));
    else if (r->scope)
        all = http_escape(a, r->scope);
    for (char *const *m = r->mounts; m && *m; m++)
        all = arena_printf(a, "%s%s%s", all, sep,
                           http_escape(a, arena_printf(a, "repository:%s:pull", *m)));
    return all;
}

static char *token_url(struct registry *r, struct arena *a)
{
    const char *realm = r->challenge.realm, *sep = strchr(realm, '?') ? "&" : "?";
    char *url = arena_strdup(a, realm), *scope = scopes(r, a, "&scope=");

    if (r->creds.user) {
        url = arena_printf(a, "%s%saccount=%s", url, sep, http_escape(a, r->creds.user));
        sep = "&";
    }
    if (scope) {
        url = arena_printf(a, "%s%sscope=%s", url, sep, scope);
        sep = "&";
    }
    if (r->challenge.service)
        url = arena_printf(a, "%s%sservice=%s", url, sep, http_escape(a, r->challenge.service));
    return url;
}

static int read_token(struct registry *r, const struct buf *body, struct err *err)
{
    AUTO_JSON *doc = json_parse(body->data ? body->data : "", body->len, "token", err);
    if (!doc)
        return -EINVAL;
    const char *token = json_string_value(json_object_get(doc, "token"));
    if (str_empty(token))
        token = json_string_value(json_object_get(doc, "access_token"));
    if (str_empty(token))
        return err_set(err, ERR_DENIED, EACCES, "the authorization server gave no token");
    r->authorization = arena_printf(&r->arena, "Bearer %s", token);
    return 0;
}

static int get_token(struct registry *r, struct http *h, struct err *err)
{
    AUTO_ARENA a = { 0 };
    AUTO_BUF body = { .max = LIMIT_TOKEN };
    struct http_answer ans;
    struct http_request rq = { 0 };

    if (str_empty(r->challenge.realm))
        return err_set(err, ERR_BAD_PARAM, EPROTO, "missing realm in bearer auth challenge");
    bool secret = r->creds.user || r->creds.identity_token;
    if (secret && !r->http.insecure && !str_starts(r->challenge.realm, "https://"))
        return err_set(err, ERR_DENIED, EACCES,
                       "the registry wants the password sent unprotected to %s: refused",
                       r->challenge.realm);
    if (r->creds.identity_token) {
        rq.url = r->challenge.realm;
        char *scope = scopes(r, &a, "%20");
        rq.form = arena_printf(
            &a, "grant_type=refresh_token&client_id=podman&refresh_token=%s&scope=%s&service=%s",
            http_escape(&a, r->creds.identity_token), scope ? scope : "",
            http_escape(&a, r->challenge.service ? r->challenge.service : ""));
    } else {
        rq.url = token_url(r, &a);
        if (r->creds.user)
            rq.authorization = arena_printf(&a, "Basic %s", auth_encode(&a, &r->creds));
    }
    int e = http_request(h, &rq, token_sink, &body, &ans, err);
    if (e < 0)
        return err && err->kind == ERR_NONE
                   ? err_set(err, ERR_TOO_BIG, EFBIG,
                             "the authorization server's answer is too large")
                   : e;
    if (ans.status == 401 || ans.status == 403)
        return err_set(err, ERR_DENIED, EACCES,
                       "unable to retrieve auth token: invalid username/password: %s",
                       error_text(&a, &ans) ? error_text(&a, &ans) : "unauthorized");
    if (ans.status / 100 != 2)
        return registry_bad_status(&a, &ans, err);
    return read_token(r, &body, err);
}

/* Makes (again) what the Authorization header says; the mutex is held. */
static int authorize(struct registry *r, struct http *h, struct err *err)
{
    if (!r->challenge.scheme)
        return 0;
    if (STR_EQ(r->challenge.scheme, "bearer"))
        return get_token(r, h, err);
    if (r->creds.user)
        r->authorization = arena_printf(&r->arena, "Basic %s", auth_encode(&r->arena, &r->creds));
    return 0;
}

/* ---------- requests ---------- */

static bool keep_challenge(struct registry *r, const struct http_answer *ans)
{
    struct challenge c, basic = { 0 };

    for (char *const *v = ans->challenges; v && *v; v++) {
        if (challenge_parse(&r->arena, *v, &c) < 0)
            continue;
        if (STR_EQ(c.scheme, "bearer")) {
            r->challenge = c;
            return true;
        }
        if (STR_EQ(c.scheme, "basic"))
            basic = c;
    }
    if (basic.scheme)
        r->challenge = basic;
    return basic.scheme;
}

bool registry_is_its(const struct registry *r, const char *url)
{
    size_t n = strlen(r->scheme), m = strlen(r->ref.registry);

    return strncmp(url, r->scheme, n) == 0 && strncmp(url + n, "://", 3) == 0 &&
           strncmp(url + n + 3, r->ref.registry, m) == 0 && url[n + 3 + m] == '/';
}

/* A request with the current authorization; a 401 gets a new one, once.  Where the registry sends us on to
 * another host, that host gets no credentials: a URL there carries its own. */
int registry_request(struct registry *r, struct http *h, struct http_request *rq, byte_sink sink,
                     void *arg, struct http_answer *ans, struct err *err)
{
    for (int tries = 0;; tries++) {
        pthread_mutex_lock(&r->mutex);
        const char *used = r->authorization;
        rq->authorization = registry_is_its(r, rq->url) ? used : NULL;
        pthread_mutex_unlock(&r->mutex);
        int e = http_request(h, rq, sink, arg, ans, err);
        if (e < 0 || ans->status != 401 || tries > 0)
            return e;
        if (rq->upload && (!rq->upload->rewind || rq->upload->rewind(rq->upload->arg) < 0))
            return e;
        pthread_mutex_lock(&r->mutex);
        e = 0;
        if (used == r->authorization) { /* nobody else has renewed it meanwhile */
            keep_challenge(r, ans);
            e = authorize(r, h, err);
        }
        pthread_mutex_unlock(&r->mutex);
        if (e < 0)
            return e;
    }
}

static int ping(struct registry *r, struct http *h, const char *scheme, struct err *err)
{
    AUTO_FREE char *url = xasprintf("%s://%s/v2/", scheme, r->ref.registry);
    struct http_request rq = { .url = url };
    struct http_answer ans;
    int e = http_request(h, &rq, NULL, NULL, &ans, err);

    if (e < 0)
        return e;
    if (ans.status == 429 || ans.status / 100 == 5) {
        AUTO_ARENA a = { 0 };
        return registry_bad_status(&a, &ans, err);
    }
    if (ans.status != 200 && ans.status != 401)
        return err_set(err, ERR_UNAVAILABLE, EPROTO, "received unexpected HTTP status: %ld",
                       ans.status);
    if (ans.status == 401)
        keep_challenge(r, &ans);
    r->scheme = scheme;
    return 0;
}

/* https first; an insecure registry may speak plain http. */
static int find_scheme(struct registry *r, struct http *h, struct err *err)
{
    int e = ping(r, h, "https", err);

    if (e < 0 && r->http.insecure && http_refused(h)) {
        err_clear(err);
        e = ping(r, h, "http", err);
    }
    return e < 0 ? err_wrap(err, "pinging container registry %s", r->ref.registry) : 0;
}

static int find_credentials(struct registry *r, const struct registry_options *opt, struct err *err)
{
    if (!str_empty(opt->creds))
        return auth_parse_creds(&r->arena, opt->creds, &r->creds, err);
    return auth_find(&r->arena, opt->authfile, &r->ref, opt->helpers, &r->creds, err);
}

struct registry *registry_open(const struct registry_place *place,
                               const struct registry_options *opt, struct err *err)
{
    struct registry *r = xcalloc(1, sizeof(*r));

    pthread_mutex_init(&r->mutex, NULL);
    r->ref = place->ref;
    r->actions = opt->actions ? opt->actions : "pull";
    r->mounts = opt->mounts;
    r->scope = opt->scope;
    r->http = (struct http_options) {
        .insecure = opt->tls_verify < 0 ? place->insecure : !opt->tls_verify,
        .cert_dir = opt->cert_dir,
        /* Docker Hub's API is at another name than its images. */
        .host = arena_strdup(&r->arena, STR_EQ(place->ref.registry, "docker.io")
                                            ? "registry-1.docker.io"
                                            : place->ref.registry),
    };
    int e = find_credentials(r, opt, err);
    r->ref.registry = arena_strdup(&r->arena, r->http.host);
    struct http *h = e < 0 ? NULL : registry_client(r, err);
    if (h)
        e = find_scheme(r, h, err);
    if (h && e == 0 && !opt->lazy)
        e = authorize(r, h, err);
    if (h)
        registry_client_back(r, h);
    return !h || e < 0 ? registry_free(r) : r;
}

struct registry *registry_free(struct registry *r)
{
    if (r) {
        for (int i = 0; i < IDLE_CLIENTS; i++)
            http_free(r->idle[i]);
        pthread_mutex_destroy(&r->mutex);
        arena_done(&r->arena);
        free(r);
    }
    return NULL;
}

int registry_manifest(struct registry *r, struct arena *a, const char *tag_or_digest,
                      struct buf *ret, char **ret_type, struct err *err)
{
    char *accept[] = { arena_strdup(a, MT_OCI_MANIFEST), arena_strdup(a, MT_DOCKER_MANIFEST),
                       arena_strdup(a, MT_OCI_INDEX), arena_strdup(a, MT_DOCKER_LIST), NULL };
    struct http_answer ans;
    struct http_request rq = {
        .url = arena_printf(a, "%s://%s/v2/%s/manifests/%s", r->scheme, r->ref.registry,
                            r->ref.path, tag_or_digest),
        .accept = accept,
    };
    char digest[DIGEST_MAX];
    struct http *h = registry_client(r, err);

    if (!h)
        return -ENOMEM;
    buf_reset(ret);
    int e = registry_request(r, h, &rq, token_sink, ret, &ans, err);
    if (e == -EFBIG && err->kind == ERR_NONE)
        e = err_set(err, ERR_TOO_BIG, EFBIG, "the manifest is larger than %u bytes",
                    LIMIT_MANIFEST);
    else if (e == 0 && ans.status / 100 != 2)
        e = registry_bad_status(a, &ans, err);
    else if (e == 0)
        *ret_type = arena_strdup(a, ans.content_type);
    registry_client_back(r, h);
    if (e == 0 && digest_valid(tag_or_digest) &&
        !STR_EQ(hash_of(ret->data ? ret->data : "", ret->len, tag_or_digest, digest),
                tag_or_digest))
        e = err_set(err, ERR_BAD_PARAM, EINVAL,
                    "manifest digest did not match, expected %s, got %s", tag_or_digest, digest);
    return e < 0 ? err_wrap(err, "reading manifest %s in %s", tag_or_digest, ref_repo(a, &r->ref))
                 : 0;
}

int registry_blob(void *registry, const struct descriptor *d, int64_t from, byte_sink sink,
                  void *arg, struct err *err)
{
    struct registry *r = registry;
    AUTO_ARENA a = { 0 };
    struct http_answer ans;
    struct http_request rq = {
        .url = arena_printf(&a, "%s://%s/v2/%s/blobs/%s", r->scheme, r->ref.registry, r->ref.path,
                            d->digest),
        .from = from,
    };
    struct http *h = registry_client(r, err);

    if (!h)
        return -ENOMEM;
    int e = registry_request(r, h, &rq, sink, arg, &ans, err);
    if (e == 0 && ans.status / 100 != 2)
        e = registry_bad_status(&a, &ans, err);
    registry_client_back(r, h);
    return e < 0 && err->kind != ERR_NONE ? err_wrap(err, "reading blob %s", d->digest) : e;
}

char *registry_next_page(struct registry *r, struct arena *a, const char *link)
{
    char *next = link_next(a, link);

    if (next && registry_is_its(r, next))
        return next;
    if (!next || next[0] != '/' || next[1] == '/')
        return NULL;
    return arena_printf(a, "%s://%s%s", r->scheme, r->ref.registry, next);
}

int registry_tags(struct registry *r, struct arena *a, char ***ret, struct err *err)
{
    char *url = arena_printf(a, "%s://%s/v2/%s/tags/list", r->scheme, r->ref.registry, r->ref.path);
    struct http *h = registry_client(r, err);
    size_t n = 0, i;
    int e = h ? 0 : -ENOMEM;

    while (e == 0 && url) {
        AUTO_BUF body = { .max = LIMIT_MANIFEST };
        struct http_answer ans;
        struct http_request rq = { .url = url };
        json_t *each;
        e = registry_request(r, h, &rq, token_sink, &body, &ans, err);
        if (e < 0)
            break;
        if (ans.status / 100 != 2) {
            e = registry_bad_status(a, &ans, err);
            break;
        }
        url = registry_next_page(r, a, ans.link);
        AUTO_JSON *doc = json_parse(body.data ? body.data : "", body.len, "tags", err);
        if (!doc)
            e = -EINVAL;
        json_array_foreach (json_object_get(doc, "tags"), i, each)
            if (json_is_string(each) && n++ < LIMIT_TAGS)
                *ret = strv_add(a, *ret, json_string_value(each));
        if (n >= LIMIT_TAGS)
            break;
    }
    if (h)
        registry_client_back(r, h);
    return e < 0 && err->kind != ERR_NONE ? err_wrap(err, "fetching tags list") : e;
}

int registry_check_login(struct registry *r, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct http_answer ans;
    struct http_request rq = { .url = arena_printf(&a, "%s://%s/v2/", r->scheme, r->ref.registry) };
    struct http *h = registry_client(r, err);

    if (!h)
        return -ENOMEM;
    int e = registry_request(r, h, &rq, NULL, NULL, &ans, err);
    if (e == 0 && ans.status / 100 != 2)
        e = registry_bad_status(&a, &ans, err);
    registry_client_back(r, h);
    return e;
}
