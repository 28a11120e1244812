#include "image/mod/http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <dirent.h>
#include <strings.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"

#include "base/banned.h"

enum { ERROR_BODY = 64 * 1024, MAX_REDIRECTS = 10 };

struct http {
    CURL *curl;
    struct arena arena; /* of the last answer */
    char error[CURL_ERROR_SIZE];
    CURLcode code;
    struct buf ca; /* the system's certificates and those of certs.d */
    /* The request that runs: */
    byte_sink sink;
    void *arg;
    int sink_result;
    const struct http_upload *upload;
    int64_t from, skip; /* bytes to drop when the server ignored the range */
    size_t header_bytes;
    struct http_answer answer;
    char **challenges;
    struct buf body;
};

void http_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---------- certificates ---------- */

static int add_file(struct buf *ca, const char *path)
{
    AUTO_BUF b = { .max = LIMIT_CONFIG_FILE };
    int r = fs_read_file(AT_FDCWD, path, &b);

    if (r == 0 && b.len)
        r = buf_add(ca, b.data, b.len);
    return r == 0 ? buf_add(ca, "\n", 1) : r;
}

static void add_system_roots(struct buf *ca)
{
    static const char *const bundles[] = {
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    };
    const char *env = getenv("SSL_CERT_FILE");

    if (!str_empty(env) && add_file(ca, env) == 0)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(bundles); i++)
        if (add_file(ca, bundles[i]) == 0)
            return;
}

static int load_cert_dir(struct http *h, const char *dir, struct err *err)
{
    DIR *d = opendir(dir);
    int r = 0;

    if (!d)
        return 0;
    for (struct dirent *e; r == 0 && (e = readdir(d));) {
        AUTO_FREE char *path = xasprintf("%s/%s", dir, e->d_name);
        if (str_ends(e->d_name, ".crt")) {
            if (!h->ca.len)
                add_system_roots(&h->ca);
            r = add_file(&h->ca, path);
        } else if (str_ends(e->d_name, ".cert")) {
            AUTO_FREE char *key = xasprintf("%.*s.key", (int)strlen(path) - 5, path);
            if (access(key, R_OK) < 0)
                r = err_set(err, ERR_BAD_PARAM, ENOENT, "missing key %s for client certificate %s",
                            key, e->d_name);
            curl_easy_setopt(h->curl, CURLOPT_SSLCERT, path);
            curl_easy_setopt(h->curl, CURLOPT_SSLKEY, key);
        }
        if (r < 0 && err && err->kind == ERR_NONE)
            err_sys(err, -r, "reading %s", path);
    }
    closedir(d);
    return r;
}

static int load_certificates(struct http *h, const struct http_options *opt, struct err *err)
{
    const char *home = getenv("HOME"), *env = getenv("SSL_CERT_FILE");
    int r = 0;

    h->ca.max = LIMIT_JSON_FILE;
    if (!str_empty(opt->cert_dir))
        r = load_cert_dir(h, opt->cert_dir, err);
    else if (opt->host) {
        AUTO_FREE char *user = xasprintf("%s/.config/containers/certs.d/%s", home ? home : "",
                                         opt->host);
        AUTO_FREE char *etc = xasprintf("/etc/containers/certs.d/%s", opt->host);
        AUTO_FREE char *docker = xasprintf("/etc/docker/certs.d/%s", opt->host);
        const char *dirs[] = { user, etc, docker };
        for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
            if (access(dirs[i], F_OK) == 0) { /* the first one decides */
                r = load_cert_dir(h, dirs[i], err);
                break;
            }
    }
    if (h->ca.len) {
        struct curl_blob blob = { h->ca.data, h->ca.len, CURL_BLOB_NOCOPY };
        curl_easy_setopt(h->curl, CURLOPT_CAINFO_BLOB, &blob);
    } else if (!str_empty(env))
        curl_easy_setopt(h->curl, CURLOPT_CAINFO, env);
    return r;
}

/* ---------- callbacks ---------- */

static char *header_value(struct arena *a, const char *line, size_t n, const char *name)
{
    size_t len = strlen(name);

    if (n <= len || strncasecmp(line, name, len) != 0 || line[len] != ':')
        return NULL;
    const char *s = line + len + 1, *end = line + n;
    while (s < end && (*s == ' ' || *s == '\t'))
        s++;
    while (end > s && isspace((unsigned char)end[-1]))
        end--;
    return arena_strndup(a, s, (size_t)(end - s));
}

static void take_content_range(struct http *h, const char *value)
{
    /* "bytes 100-199/200" */
    uint64_t start;

    if (!str_starts(value, "bytes "))
        return;
    AUTO_FREE char *first = xstrndup(value + 6, strcspn(value + 6, "-"));
    if (parse_u64(first, INT64_MAX, &start) == 0 && (int64_t)start == h->from)
        h->answer.partial = true;
}

static _Thread_local int64_t retry_after;

int64_t http_retry_after(void)
{
    int64_t ns = retry_after;

    retry_after = 0;
    return ns;
}

static void take_location(struct http *h, const char *value)
{
    char *base = NULL, *full = NULL;
    CURLU *u = curl_url();

    curl_easy_getinfo(h->curl, CURLINFO_EFFECTIVE_URL, &base);
    if (u && base && curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK &&
        curl_url_set(u, CURLUPART_URL, value, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_URL, &full, 0) == CURLUE_OK)
        h->answer.location = arena_strdup(&h->arena, full);
    curl_free(full);
    curl_url_cleanup(u);
}

static void take_header(struct http *h, const char *line, size_t n)
{
    uint64_t min = 0;
    char *v;

    if ((v = header_value(&h->arena, line, n, "Link")))
        h->answer.link = v;
    else if ((v = header_value(&h->arena, line, n, "Content-Range")))
        take_content_range(h, v);
    else if ((v = header_value(&h->arena, line, n, "Location")))
        take_location(h, v);
    else if ((v = header_value(&h->arena, line, n, "Docker-Content-Digest")))
        h->answer.digest = v;
    else if ((v = header_value(&h->arena, line, n, "Retry-After")))
        retry_after = retry_after_parse(v, time_now());
    else if ((v = header_value(&h->arena, line, n, "OCI-Chunk-Min-Length")) &&
             parse_u64(v, INT64_MAX, &min) == 0)
        h->answer.chunk_min = (int64_t)min;
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
    struct http *h = arg;
    char *v;

    n *= size;
    h->header_bytes += n;
    if (h->header_bytes > LIMIT_HTTP_HEADER)
        return 0;
    if (n > 5 && strncasecmp(line, "HTTP/", 5) == 0) { /* of what follows a "100 Continue" */
        h->challenges = NULL;
        h->answer = (struct http_answer) { 0 };
    } else if ((v = header_value(&h->arena, line, n, "Content-Type"))) {
        v[strcspn(v, "; \t")] = '\0';
        h->answer.content_type = v;
    } else if ((v = header_value(&h->arena, line, n, "WWW-Authenticate")))
        h->challenges = strv_add(&h->arena, h->challenges, v);
    else
        take_header(h, line, n);
    return n;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct http *h = arg;
    long status = 0;
    size_t all = n *= size;

    curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || status > 299) {
        size_t room = h->body.max - h->body.len;
        (void)!buf_add(&h->body, data, MIN(n, room));
        return n > room ? 0 : all; /* enough words: see http_request() */
    }
    if (h->from && !h->answer.partial) {
        if (status == 206)
            return 0; /* another range than the one asked for */
        size_t drop = (size_t)MIN((int64_t)n, h->skip);
        h->skip -= (int64_t)drop;
        data += drop;
        n -= drop;
    }
    if (n && h->sink)
        h->sink_result = h->sink(h->arg, data, n);
    return h->sink_result < 0 ? 0 : all;
}

static size_t on_upload(char *out, size_t size, size_t n, void *arg)
{
    struct http *h = arg;
    ssize_t got = h->upload->read(h->upload->arg, out, size * n);

    if (got >= 0)
        return (size_t)got;
    h->sink_result = (int)got;
    return CURL_READFUNC_ABORT;
}

static int on_seek(void *arg, curl_off_t offset, int origin)
{
    struct http *h = arg;

    if (offset != 0 || origin != SEEK_SET || !h->upload->rewind)
        return CURL_SEEKFUNC_CANTSEEK;
    return h->upload->rewind(h->upload->arg) < 0 ? CURL_SEEKFUNC_FAIL : CURL_SEEKFUNC_OK;
}

/* ---------- requests ---------- */

struct http *http_new(const struct http_options *opt, struct err *err)
{
    struct http *h = xcalloc(1, sizeof(*h));

    h->body.max = ERROR_BODY;
    h->curl = curl_easy_init();
    if (!h->curl) {
        err_set(err, ERR_INTERNAL, ENOMEM, "cannot start an HTTP client");
        return http_free(h);
    }
    curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, h->error);
    curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h->curl, CURLOPT_USERAGENT, "podman/" PODMAN_VERSION);
    curl_easy_setopt(h->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT, 30L);
    curl_easy_setopt(h->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(h->curl, CURLOPT_LOW_SPEED_TIME, 60L);
    curl_easy_setopt(h->curl, CURLOPT_BUFFERSIZE, 256L * 1024);
    curl_easy_setopt(h->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(h->curl, CURLOPT_HEADERDATA, h);
    curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, h);
    curl_easy_setopt(h->curl, CURLOPT_READFUNCTION, on_upload);
    curl_easy_setopt(h->curl, CURLOPT_READDATA, h);
    curl_easy_setopt(h->curl, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(h->curl, CURLOPT_SEEKDATA, h);
    curl_easy_setopt(h->curl, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
    if (opt->insecure) {
        curl_easy_setopt(h->curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(h->curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return load_certificates(h, opt, err) < 0 ? http_free(h) : h;
}

struct http *http_free(struct http *h)
{
    if (h) {
        if (h->curl)
            curl_easy_cleanup(h->curl);
        arena_done(&h->arena);
        buf_done(&h->body);
        buf_done(&h->ca);
        free(h);
    }
    return NULL;
}

bool http_refused(const struct http *h)
{
    return h->code == CURLE_COULDNT_CONNECT || h->code == CURLE_COULDNT_RESOLVE_HOST ||
           h->code == CURLE_PEER_FAILED_VERIFICATION || h->code == CURLE_SSL_CONNECT_ERROR;
}

static struct curl_slist *make_headers(struct http *h, const struct http_request *rq)
{
    struct curl_slist *list = NULL;

    for (char *const *v = rq->accept; v && *v; v++)
        list = curl_slist_append(list, arena_printf(&h->arena, "Accept: %s", *v));
    if (rq->authorization)
        list = curl_slist_append(list,
                                 arena_printf(&h->arena, "Authorization: %s", rq->authorization));
    if (rq->content_type)
        list = curl_slist_append(list,
                                 arena_printf(&h->arena, "Content-Type: %s", rq->content_type));
    if (rq->content_range)
        list = curl_slist_append(list,
                                 arena_printf(&h->arena, "Content-Range: %s", rq->content_range));
    if (rq->upload) /* registries read the body; asking first costs a second where they don't answer */
        list = curl_slist_append(list, "Expect:");
    return list;
}

static void reset(struct http *h, const struct http_request *rq, byte_sink sink, void *arg)
{
    arena_done(&h->arena);
    h->arena = (struct arena) { 0 };
    buf_reset(&h->body);
    h->sink = sink;
    h->arg = arg;
    h->sink_result = 0;
    h->from = h->skip = rq->from;
    h->header_bytes = 0;
    h->challenges = NULL;
    h->answer = (struct http_answer) { 0 };
    h->error[0] = '\0';
}

/* What stays set on a client from request to request is undone first. */
static void set_method(struct http *h, const struct http_request *rq)
{
    h->upload = rq->upload;
    curl_easy_setopt(h->curl, CURLOPT_NOBODY, 0L);
    curl_easy_setopt(h->curl, CURLOPT_UPLOAD, 0L);
    curl_easy_setopt(h->curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(h->curl, CURLOPT_CUSTOMREQUEST, NULL);
    curl_easy_setopt(h->curl, CURLOPT_UNIX_SOCKET_PATH, rq->socket);
    /* A registry may think for minutes about a large blob before it answers. */
    curl_easy_setopt(h->curl, CURLOPT_LOW_SPEED_TIME, rq->upload ? 300L : 60L);
    if (rq->form || (rq->method && STR_EQ(rq->method, "POST") && !rq->upload))
        curl_easy_setopt(h->curl, CURLOPT_COPYPOSTFIELDS, rq->form ? rq->form : "");
    else if (rq->method && STR_EQ(rq->method, "HEAD"))
        curl_easy_setopt(h->curl, CURLOPT_NOBODY, 1L);
    else if (rq->upload) {
        curl_easy_setopt(h->curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(h->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)rq->upload->size);
    }
    if (rq->upload || (rq->method && STR_EQ(rq->method, "DELETE")))
        curl_easy_setopt(h->curl, CURLOPT_CUSTOMREQUEST, rq->method);
}

/* libcurl reads the environment's proxies itself but for two habits of Go's programs: HTTP_PROXY counts in
 * capitals, too (we are no CGI program), and this host is never asked through a proxy. */
static void set_proxy(struct http *h, const struct http_request *rq)
{
    static const char *const local[] = { "localhost", "127.", "[::1]" };
    const char *host = strstr(rq->url, "://"), *lower = getenv("http_proxy"),
               *upper = getenv("HTTP_PROXY");
    const char *proxy = NULL; /* as libcurl finds it */

    if (rq->socket)
        proxy = "";
    for (size_t i = 0; host && i < ARRAY_SIZE(local); i++)
        if (str_starts(host + 3, local[i]))
            proxy = "";
    if (!proxy && !lower && !str_empty(upper) && str_starts(rq->url, "http://"))
        proxy = upper;
    curl_easy_setopt(h->curl, CURLOPT_PROXY, proxy);
}

static const char *method_text(const struct http_request *rq)
{
    if (!rq->method)
        return rq->form ? "Post" : "Get";
    return STR_EQ(rq->method, "PUT")     ? "Put"
           : STR_EQ(rq->method, "HEAD")  ? "Head"
           : STR_EQ(rq->method, "PATCH") ? "Patch"
                                         : "Post";
}

/* Why there was no answer; a connection that was refused is told as everybody greps for it. */
static int no_answer(struct http *h, const struct http_request *rq, struct err *err)
{
    const char *why = h->error[0] ? h->error : curl_easy_strerror(h->code);
    char text[160];
    long sys = 0;

    curl_easy_getinfo(h->curl, CURLINFO_OS_ERRNO, &sys);
    if (h->code == CURLE_COULDNT_CONNECT && sys == ECONNREFUSED) {
        const char *host = strstr(rq->url, "://");
        host = host ? host + 3 : rq->url;
        int n = (int)MIN(strcspn(host, "/"), (size_t)100);
        const char *port = memchr(host, ':', (size_t)n)      ? ""
                           : str_starts(rq->url, "https://") ? ":443"
                                                             : ":80";
        snprintf(text, sizeof(text), "dial tcp %.*s%s: connect: connection refused", n, host, port);
        why = text;
    }
    return err_set(err, ERR_UNAVAILABLE, http_refused(h) ? ECONNREFUSED : ECONNABORTED,
                   "%s \"%s\": %s", method_text(rq), rq->url, why);
}

/* One request and its answer, whatever that is. */
static int perform(struct http *h, const struct http_request *rq, byte_sink sink, void *arg,
                   struct err *err)
{
    char range[40];

    reset(h, rq, sink, arg);
    struct curl_slist *headers = make_headers(h, rq);
    curl_easy_setopt(h->curl, CURLOPT_URL, rq->url);
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
    set_method(h, rq);
    set_proxy(h, rq);
    snprintf(range, sizeof(range), "%lld-", (long long)rq->from);
    curl_easy_setopt(h->curl, CURLOPT_RANGE, rq->from > 0 ? range : NULL);
    h->code = curl_easy_perform(h->curl);
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (h->sink_result < 0)
        return h->sink_result;
    if (h->header_bytes > LIMIT_HTTP_HEADER)
        return err_set(err, ERR_TOO_BIG, EFBIG, "%s \"%s\": the answer's headers are too large",
                       method_text(rq), rq->url);
    curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &h->answer.status);
    bool cut = h->code == CURLE_WRITE_ERROR && h->body.len == h->body.max;
    if (h->code != CURLE_OK && !cut)
        return no_answer(h, rq, err);
    return 0;
}

static bool is_redirect(const struct http_answer *ans)
{
    switch (ans->status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
        return ans->location;
    default:
        return false;
    }
}

/* The same scheme, host and port. */
static bool same_origin(const char *a, const char *b)
{
    const char *host = strstr(a, "://");
    size_t n = host ? (size_t)(host - a) + 3 + strcspn(host + 3, "/?#") : 0;

    return n && strncmp(a, b, n) == 0 && (b[n] == '\0' || strchr("/?#", b[n]));
}

/* Redirects are followed here and not by libcurl, which would read their bodies to the end. */
int http_request(struct http *h, const struct http_request *rq, byte_sink sink, void *arg,
                 struct http_answer *ret, struct err *err)
{
    AUTO_FREE char *url = NULL;
    struct http_request now = *rq;

    for (int hops = 0;; hops++) {
        int r = perform(h, &now, sink, arg, err);
        if (r < 0)
            return r;
        if (!is_redirect(&h->answer))
            break;
        if (hops == MAX_REDIRECTS) /* trying again leads in the same circle */
            return err_set(err, ERR_BAD_PARAM, ELOOP, "%s \"%s\": stopped after %d redirects",
                           method_text(rq), rq->url, MAX_REDIRECTS);
        if (rq->upload && (!rq->upload->rewind || rq->upload->rewind(rq->upload->arg) < 0))
            return err_set(err, ERR_BAD_PARAM, EPROTO,
                           "%s \"%s\": a redirect in the middle of an upload", method_text(rq),
                           rq->url);
        if (!same_origin(rq->url, h->answer.location))
            now.authorization = NULL;
        free(url);
        now.url = url = xstrdup(h->answer.location);
    }
    h->answer.challenges = h->challenges;
    h->answer.body = &h->body;
    *ret = h->answer;
    return 0;
}

int64_t retry_after_parse(const char *s, int64_t now)
{
    uint64_t seconds;

    if (parse_u64(s, INT32_MAX, &seconds) == 0)
        return (int64_t)seconds * NSEC_PER_SEC;
    time_t t = curl_getdate(s, NULL);
    int64_t then = t < 0 || t > INT64_MAX / NSEC_PER_SEC ? 0 : t * NSEC_PER_SEC;
    return then > now ? then - now : 0;
}

/* ---------- links ---------- */

char *link_next(struct arena *a, const char *link)
{
    for (const char *s = link; s && (s = strchr(s, '<'));) {
        const char *end = strchr(s, '>');
        if (!end)
            return NULL;
        size_t n = strcspn(end, ",<"); /* its parameters end where the next entry begins */
        AUTO_FREE char *params = xstrndup(end, n);
        if (strstr(params, "rel=\"next\"") || strstr(params, "rel=next"))
            return arena_strndup(a, s + 1, (size_t)(end - s - 1));
        s = end + n;
    }
    return NULL;
}

/* ---------- challenges ---------- */

static bool is_token(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* token or "quoted string"; NULL when malformed. */
static char *challenge_value(struct arena *a, const char **s)
{
    const char *p = *s;

    if (*p != '"') {
        while (is_token(*p))
            p++;
        char *v = arena_strndup(a, *s, (size_t)(p - *s));
        *s = p;
        return v;
    }
    char *out = arena_alloc(a, strlen(p)), *w = out;
    for (p++; *p && *p != '"'; p++) {
        if (*p == '\\' && p[1])
            p++;
        *w++ = *p;
    }
    if (*p != '"')
        return NULL;
    *s = p + 1;
    return out;
}

int challenge_parse(struct arena *a, const char *s, struct challenge *ret)
{
    struct challenge c = { 0 };
    const char *start = s;

    while (is_token(*s))
        s++;
    if (s == start)
        return -EINVAL;
    c.scheme = arena_strndup(a, start, (size_t)(s - start));
    for (char *p = c.scheme; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    while (*s) {
        s += strspn(s, " \t,");
        const char *key = s;
        while (is_token(*s))
            s++;
        size_t n = (size_t)(s - key);
        s += strspn(s, " \t");
        if (n == 0 || *s != '=')
            break; /* the next challenge in the same header, or rubbish */
        s++;
        s += strspn(s, " \t");
        char *value = challenge_value(a, &s);
        if (!value)
            return -EINVAL;
        if (n == 5 && strncasecmp(key, "realm", n) == 0)
            c.realm = value;
        else if (n == 7 && strncasecmp(key, "service", n) == 0)
            c.service = value;
        else if (n == 5 && strncasecmp(key, "scope", n) == 0)
            c.scope = value;
    }
    *ret = c;
    return 0;
}

char *http_escape(struct arena *a, const char *s)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = arena_alloc(a, 3 * strlen(s) + 1), *w = out;

    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (isalnum(c) || strchr("-._~", c))
            *w++ = (char)c;
        else {
            *w++ = '%';
            *w++ = hex[c >> 4];
            *w++ = hex[c & 15];
        }
    }
    return out;
}
