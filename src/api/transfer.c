/* Images on their way: pull, push, load, save, import.
 *
 * What the engine says meanwhile are lines; each becomes one JSON object of the answer.  While nothing was said an error
 * has its own status; afterwards it is an object, too. */
#include <inttypes.h>

#include "api/auth.h"
#include "api/documents.h"
#include "api/route.h"
#include "base/parse.h"
#include "base/progress.h"

#include "base/banned.h"

/* ---------- lines ---------- */

/* "Copying blob sha256:0123..." -> its digest's first 12 digits; NULL: no line about a blob. */
static char *blob_of(struct arena *a, const char *text)
{
    const char *digest = strstr(text, " sha256:");

    if (!digest || strlen(digest) < 20 || !str_starts(text, "Copying "))
        return NULL;
    return arena_strndup(a, digest + 8, 12);
}

static bool begin(struct request *r)
{
    return r->conn->answered || conn_begin(r->conn, 200, "application/json", NULL) == 0;
}

/* That it tries says nothing yet of whether it will. */
static bool is_beginning(const char *text)
{
    return str_starts(text, "Trying to pull");
}

static void docker_pull_line(struct request *r, char *text)
{
    char *blob = blob_of(r->arena, text);

    if (is_beginning(text) || !begin(r))
        return;
    (void)!stream_json(r, blob ? json_pack("{s:s,s:{},s:s}", "status", "Pulling fs layer",
                                           "progressDetail", "id", blob)
                               : json_pack("{s:s}", "status", text));
}

static void docker_push_line(struct request *r, char *text)
{
    char *blob = blob_of(r->arena, text);

    if (!begin(r))
        return;
    (void)!stream_json(
        r, blob ? json_pack("{s:s,s:{},s:s}", "status", "Pushing", "progressDetail", "id", blob)
                : json_pack("{s:s}", "status", text));
}

static void podman_line(struct request *r, char *text)
{
    if (!is_beginning(text) && begin(r))
        (void)!stream_json(r, json_pack("{s:o}", "stream", json_sprintf("%s\n", text)));
}

struct said {
    struct reply_pipe pipe;
    struct progress *progress;
};

static int listen_to(struct request *r, void (*line)(struct request *, char *), struct said *s)
{
    int res = reply_pipe_open(r, NULL, line, &s->pipe);

    s->progress = res < 0 ? NULL : progress_new(s->pipe.fd);
    return res;
}

/* The end of what was said.  1: go on with the stream; 0: the answer is complete; below 0: the error is the answer. */
static int said_all(struct request *r, struct said *s, int result)
{
    bool begun = false;

    progress_free(s->progress);
    result = reply_pipe_done(r, &s->pipe, result, &begun);
    if (result < 0 && !begun)
        return result;
    if (result == 0)
        return begin(r) ? 1 : 0;
    (void)!stream_json(r, r->libpod ? json_pack("{s:s}", "error", r->err->msg)
                                    : json_pack("{s:s,s:{s:s}}", "error", r->err->msg,
                                                "errorDetail", "message", r->err->msg));
    conn_finish(r->conn, true);
    return 0;
}

/* ---------- pull ---------- */

struct pull_query {
    char *reference, *policy, *arch, *os, *variant, *retry_delay;
    bool quiet, compat, all_tags, progress;
    int tls_verify;
    int64_t retry;
};
static const struct query_field pull_fields[] = {
    QF_STR(struct pull_query, reference, "reference", NULL),
    QF_STR(struct pull_query, policy, "policy", "always"),
    QF_STR(struct pull_query, arch, "Arch", NULL),
    QF_STR(struct pull_query, os, "OS", NULL),
    QF_STR(struct pull_query, variant, "Variant", NULL),
    QF_STR(struct pull_query, retry_delay, "retryDelay", NULL),
    QF_BOOL(struct pull_query, quiet, "quiet", NULL),
    QF_BOOL(struct pull_query, compat, "compatMode", NULL),
    QF_BOOL(struct pull_query, all_tags, "allTags", NULL),
    QF_BOOL(struct pull_query, progress, "pullProgress", NULL),
    QF_TRI(struct pull_query, tls_verify, "tlsVerify"),
    QF_I64(struct pull_query, retry, "retry", "3"),
    { 0 },
};

static int retry_of(struct request *r, int64_t n, const char *delay, uint64_t *ret_n,
                    int64_t *ret_ns)
{
    *ret_n = n > 0 ? (uint64_t)n : 0;
    *ret_ns = -1;
    if (!str_empty(delay) && parse_duration(delay, ret_ns) < 0)
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "invalid retryDelay \"%s\"", delay);
    return 0;
}

static int pull_podman(struct request *r, const void *query)
{
    const struct pull_query *q = query;
    struct engine *e = request_engine(r);
    struct image_pull_options o = { .policy = q->policy,
                                    .os = q->os,
                                    .arch = q->arch,
                                    .variant = q->variant,
                                    .tls_verify = q->tls_verify,
                                    .all_tags = q->all_tags,
                                    .quiet = q->quiet };
    struct said said;
    char **ids = NULL;

    if (str_empty(q->reference))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "reference parameter cannot be empty");
    if (!STR_IN(q->policy, "always", "missing", "never", "newer"))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "unsupported pull policy \"%s\"", q->policy);
    int res = e ? retry_of(r, q->retry, q->retry_delay, &o.retry, &o.retry_delay_ns) : -EIO;
    if (res == 0)
        res = request_authfile(r, q->reference, &o.authfile);
    if (res == 0)
        res = listen_to(r, q->compat ? docker_pull_line : podman_line, &said);
    if (res < 0)
        return res;
    o.progress = q->quiet ? NULL : said.progress;
    res = said_all(r, &said, images_pull(e, r->arena, q->reference, &o, &ids, r->err));
    if (res <= 0)
        return res;
    const char *id = ids && *ids ? ids[strv_len(ids) - 1] : "";
    if (q->compat)
        (void)!stream_json(r, json_pack("{s:s,s:{},s:o}", "status", "Download complete",
                                        "progressDetail", "id", json_sprintf("%.12s", id)));
    else
        (void)!stream_json(r, json_pack("{s:o,s:s}", "images", doc_strings(ids, false), "id", id));
    conn_finish(r->conn, true);
    return 0;
}

struct create_query {
    char *from_image, *from_src, *tag, *repo, *message, *platform, **changes, *retry_delay;
    int tls_verify;
    int64_t retry;
};
static const struct query_field create_fields[] = {
    QF_STR(struct create_query, from_image, "fromImage", NULL),
    QF_STR(struct create_query, from_src, "fromSrc", NULL),
    QF_STR(struct create_query, tag, "tag", NULL),
    QF_STR(struct create_query, repo, "repo", NULL),
    QF_STR(struct create_query, message, "message", NULL),
    QF_STR(struct create_query, platform, "platform", NULL),
    QF_WORDS(struct create_query, changes, "changes"),
    QF_STR(struct create_query, retry_delay, "retryDelay", NULL),
    QF_TRI(struct create_query, tls_verify, "tlsVerify"),
    QF_I64(struct create_query, retry, "retry", "3"),
    { 0 },
};

/* "name" and "tag", which may be a digest. */
static const char *with_tag(struct arena *a, const char *name, const char *tag)
{
    const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;

    if (str_empty(tag))
        return name;
    if (strchr(tag, ':'))
        return arena_printf(a, "%s@%s", name, tag);
    return strpbrk(last, ":@") ? name : arena_printf(a, "%s:%s", name, tag);
}

static int platform_of(struct request *r, const char *text, struct image_pull_options *o)
{
    if (str_empty(text))
        return 0;
    char **f = strv_split(r->arena, text, '/');
    size_t n = strv_len(f);
    if (n > 3 || !*f[0])
        return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                       "invalid platform syntax for \"%s\" (use OS/ARCH[/VARIANT])", text);
    o->os = f[0];
    o->arch = n > 1 ? f[1] : NULL;
    o->variant = n > 2 ? f[2] : NULL;
    return 0;
}

/* The tar stream in the body, as a path that can be opened. */
static int import(struct request *r, struct image_import_options *o, char **ret_id)
{
    pid_t child = -1;
    int fd = -EBADF, res;

    if (STR_EQ(o->path, "-")) {
        fd = body_pipe_open(r, &child);
        if (fd < 0)
            return fd;
        o->path = arena_printf(r->arena, "/proc/self/fd/%d", fd);
    }
    res = images_import(request_engine(r), r->arena, o, ret_id, r->err);
    if (fd >= 0)
        body_pipe_done(fd, child);
    return res;
}

static int create_from_src(struct request *r, const struct create_query *q)
{
    char *id = NULL, **changes = NULL;

    for (char **p = q->changes; p && *p; p++)
        for (char **line = strv_split(r->arena, *p, '\n'); *line; line++)
            if (**line)
                changes = strv_add(r->arena, changes, *line);
    struct image_import_options o = {
        .path = q->from_src,
        .message = q->message,
        .changes = changes,
        .reference = str_empty(q->repo) ? NULL
                                        : with_tag(r->arena, docker_name(r, q->repo), q->tag),
    };
    int res = import(r, &o, &id);
    if (res < 0)
        return res;
    return reply_json(r, 200, json_pack("{s:o}", "status", doc_sha(id)));
}

static int create_image(struct request *r, const void *query)
{
    const struct create_query *q = query;
    struct engine *e = request_engine(r);
    struct image_pull_options o = { .policy = "always", .tls_verify = q->tls_verify };
    struct said said;
    char **ids = NULL;

    if (!e)
        return -EIO;
    if (!str_empty(q->from_src))
        return create_from_src(r, q);
    if (str_empty(q->from_image))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "fromImage or fromSrc must be given");
    const char *name = with_tag(r->arena, docker_name(r, q->from_image), q->tag);
    int res = platform_of(r, q->platform, &o);
    if (res == 0)
        res = retry_of(r, q->retry, q->retry_delay, &o.retry, &o.retry_delay_ns);
    if (res == 0)
        res = request_authfile(r, name, &o.authfile);
    if (res == 0)
        res = listen_to(r, docker_pull_line, &said);
    if (res < 0)
        return res;
    o.progress = said.progress;
    res = said_all(r, &said, images_pull(e, r->arena, name, &o, &ids, r->err));
    if (res <= 0)
        return res;
    (void)!stream_json(r,
                       json_pack("{s:s,s:{},s:o}", "status", "Download complete", "progressDetail",
                                 "id", json_sprintf("%.12s", ids && *ids ? *ids : "")));
    conn_finish(r->conn, true);
    return 0;
}

/* ---------- push ---------- */

struct push_query {
    char *tag, *destination, *format, *compression, *retry_delay;
    bool all, compress, quiet, remove_signatures, force;
    int tls_verify;
    int64_t level, retry;
};
static const struct query_field push_fields[] = {
    QF_STR(struct push_query, tag, "tag", NULL),
    QF_STR(struct push_query, destination, "destination", NULL),
    QF_STR(struct push_query, format, "format", NULL),
    QF_STR(struct push_query, compression, "compressionFormat", NULL),
    QF_STR(struct push_query, retry_delay, "retryDelay", NULL),
    QF_BOOL(struct push_query, all, "all", NULL),
    QF_BOOL(struct push_query, compress, "compress", NULL),
    QF_BOOL(struct push_query, quiet, "quiet", "true"),
    QF_BOOL(struct push_query, remove_signatures, "removeSignatures", NULL),
    QF_BOOL(struct push_query, force, "forceCompressionFormat", NULL),
    QF_TRI(struct push_query, tls_verify, "tlsVerify"),
    QF_I64(struct push_query, level, "compressionLevel", "-1"),
    QF_I64(struct push_query, retry, "retry", "3"),
    { 0 },
};

static int push_done(struct request *r, const struct push_query *q, const char *destination,
                     const char *digest)
{
    struct image img = { 0 };
    const char *tag = strrchr(destination, ':');

    if (r->libpod) {
        (void)!stream_json(r, json_pack("{s:s}", "manifestdigest", digest));
    } else {
        tag = !str_empty(q->tag) ? q->tag : tag && !strchr(tag, '/') ? tag + 1 : "latest";
        (void)!images_find(request_engine(r), r->arena, r->vars[0], &img, NULL);
        (void)!stream_json(r, json_pack("{s:o}", "status",
                                        json_sprintf("%s: digest: %s size: %lld", tag, digest,
                                                     (long long)img.size)));
        (void)!stream_json(r, json_pack("{s:{},s:{s:s,s:s,s:I}}", "progressDetail", "aux", "Tag",
                                        tag, "Digest", digest, "Size", (json_int_t)img.size));
    }
    conn_finish(r->conn, true);
    return 0;
}

static int push(struct request *r, const void *query)
{
    const struct push_query *q = query;
    struct engine *e = request_engine(r);
    struct image_push_options o = { .format = str_empty(q->format) ? NULL : q->format,
                                    .compression_format = q->compression,
                                    .compression_level = (int)q->level,
                                    .force_compression = q->force || q->compression,
                                    .compress = q->compress,
                                    .remove_signatures = q->remove_signatures,
                                    .all = q->all,
                                    .tls_verify = q->tls_verify };
    bool silent = r->libpod && q->quiet;
    struct said said;
    char *digest = NULL;

    if (!e)
        return -EIO;
    const char *name = with_tag(r->arena, r->vars[0], q->tag);
    const char *to = !str_empty(q->destination) ? q->destination
                     : r->libpod                ? name
                                                : docker_name(r, name);
    if (q->level < -1 || q->level > 100)
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "invalid compression level: %" PRId64,
                       q->level);
    int res = retry_of(r, q->retry, q->retry_delay, &o.retry, &o.retry_delay_ns);
    if (res == 0)
        res = request_authfile(r, to, &o.authfile);
    if (res == 0 && silent) {
        res = images_push(e, r->arena, name, to, &o, &digest, r->err);
        return res < 0 ? res : reply_text(r, 200, "");
    }
    if (res == 0)
        res = listen_to(r, r->libpod ? podman_line : docker_push_line, &said);
    if (res < 0)
        return res;
    o.progress = said.progress;
    res = said_all(r, &said, images_push(e, r->arena, name, to, &o, &digest, r->err));
    return res <= 0 ? res : push_done(r, q, to, digest ? digest : "");
}

/* ---------- load ---------- */

static int reply_loaded(struct request *r, char *const *names)
{
    if (r->libpod)
        return reply_json(r, 200, json_pack("{s:o}", "Names", doc_strings(names, false)));
    if (conn_begin(r->conn, 200, "application/json", NULL) < 0)
        return 0;
    for (; names && *names; names++)
        (void)!stream_json(
            r, json_pack("{s:o}", "stream", json_sprintf("Loaded image: %s\n", *names)));
    conn_finish(r->conn, true);
    return 0;
}

static int load(struct request *r, const void *query)
{
    struct engine *e = request_engine(r);
    char **names = NULL;
    pid_t child = -1;

    (void)query;
    int fd = e ? body_pipe_open(r, &child) : -EIO;
    if (fd < 0)
        return fd;
    struct image_load_options o = { .fd = fd };
    int res = images_load(e, r->arena, &o, &names, r->err);
    body_pipe_done(fd, child);
    return res < 0 ? res : reply_loaded(r, names);
}

struct path_query {
    char *path;
};
static const struct query_field path_fields[] = {
    QF_STR(struct path_query, path, "path", NULL),
    { 0 },
};

/* Of a file that the client and we both see. */
static int load_local(struct request *r, const void *query)
{
    const struct path_query *q = query;
    struct engine *e = request_engine(r);
    struct image_load_options o = { .path = q->path, .fd = -1 };
    char **names = NULL;

    if (str_empty(q->path) || *q->path != '/')
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "path must be an absolute path");
    int res = e ? images_load(e, r->arena, &o, &names, r->err) : -EIO;
    return res < 0 ? res : reply_loaded(r, names);
}

struct import_query {
    char *message, *reference, *url, *os, *arch, *variant, **changes;
};
static const struct query_field import_fields[] = {
    QF_STR(struct import_query, message, "message", NULL),
    QF_STR(struct import_query, reference, "reference", NULL),
    QF_STR(struct import_query, url, "URL", NULL),
    QF_STR(struct import_query, os, "OS", NULL),
    QF_STR(struct import_query, arch, "Architecture", NULL),
    QF_STR(struct import_query, variant, "Variant", NULL),
    QF_WORDS(struct import_query, changes, "changes"),
    { 0 },
};

static int import_podman(struct request *r, const void *query)
{
    const struct import_query *q = query;
    char *id = NULL;
    struct image_import_options o = {
        .path = str_empty(q->url) ? "-" : q->url,
        .reference = str_empty(q->reference) ? NULL : q->reference,
        .message = q->message,
        .os = q->os,
        .arch = q->arch,
        .variant = q->variant,
        .changes = q->changes,
    };
    int res = request_engine(r) ? import(r, &o, &id) : -EIO;

    return res < 0 ? res : reply_id(r, 200, "Id", id);
}

/* ---------- save ---------- */

struct save_query {
    char **names, **references, *format;
    bool compress;
};
static const struct query_field save_fields[] = {
    QF_WORDS(struct save_query, names, "names"),
    QF_WORDS(struct save_query, references, "references"),
    QF_STR(struct save_query, format, "format", "docker-archive"),
    QF_BOOL(struct save_query, compress, "compress", NULL),
    { 0 },
};

static int save_names(struct request *r, const struct save_query *q, char *const *names)
{
    struct engine *e = request_engine(r);
    struct reply_pipe p;
    bool begun = false;

    if (!STR_IN(q->format, "docker-archive", "oci-archive"))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                       "format \"%s\" is no single file: use docker-archive or oci-archive",
                       q->format);
    if (q->compress)
        return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                       "compress can only be set when the format is docker-dir");
    if (!names || !*names)
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "no images to save");
    struct image img = { 0 };
    int res = e ? 0 : -EIO;
    for (char *const *n = names; res == 0 && *n; n++) /* a status of its own for a wrong name */
        res = images_find(e, r->arena, *n, &img, r->err);
    if (res == 0)
        res = reply_pipe_open(r, "application/x-tar", NULL, &p);
    if (res < 0)
        return res;
    struct image_save_options o = { .format = q->format, .fd = p.fd, .multi = names[1] != NULL };
    res = images_save(e, names, &o, r->err);
    res = reply_pipe_done(r, &p, res, &begun);
    if (begun)
        conn_finish(r->conn, res == 0);
    return res;
}

static int save_one(struct request *r, const void *query)
{
    return save_names(r, query, r->vars);
}

static int save_many(struct request *r, const void *query)
{
    const struct save_query *q = query;
    char **names = NULL;

    for (char **p = q->names ? q->names : q->references; p && *p; p++)
        names = strv_concat(r->arena, names, strv_split(r->arena, *p, ','));
    return save_names(r, q, names);
}

#define Q(m, p, fl, fn, T, f) ROUTE_Q(m, p, fl, fn, struct T, f)
const struct route transfer_routes[] = {
    Q("POST", "/images/create", ROUTE_COMPAT | ROUTE_HARMLESS, create_image, create_query,
      create_fields),
    Q("POST", "/images/pull", ROUTE_LIBPOD | ROUTE_HARMLESS, pull_podman, pull_query, pull_fields),
    Q("POST", "/images/import", ROUTE_LIBPOD, import_podman, import_query, import_fields),
    ROUTE("POST", "/images/load", ROUTE_BOTH, load),
    Q("POST", "/local/images/load", ROUTE_LIBPOD, load_local, path_query, path_fields),
    Q("GET", "/images/get", ROUTE_COMPAT, save_many, save_query, save_fields),
    Q("GET", "/images/export", ROUTE_LIBPOD, save_many, save_query, save_fields),
    Q("GET", "/images/{name*}/get", ROUTE_BOTH, save_one, save_query, save_fields),
    Q("POST", "/images/{name*}/push", ROUTE_BOTH, push, push_query, push_fields),
    { 0 },
};
