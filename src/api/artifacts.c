/* Artifacts. */
#include <fcntl.h>
#include <sys/stat.h>

#include "api/auth.h"
#include "api/documents.h"
#include "api/route.h"
#include "base/fs.h"
#include "base/parse.h"
#include "engine/artifacts.h"
#include "engine/images.h"

#include "base/banned.h"

static struct store *store_of(struct request *r)
{
    struct engine *e = request_engine(r);

    return e ? engine_store(e) : NULL;
}

static int list(struct request *r, const void *query)
{
    struct store *s = store_of(r);
    artifact_list found = { 0 };
    int res = s ? artifact_all(s, r->arena, &found, r->err) : -EIO;

    (void)query;
    if (res < 0)
        return res;
    json_t *out = json_array();
    for (size_t i = 0; i < found.n; i++)
        json_array_append_new(out, artifact_document(&found.items[i]));
    return reply_json(r, 200, out);
}

static int inspect(struct request *r, const void *query)
{
    struct store *s = store_of(r);
    struct artifact art = { 0 };
    int res = s ? artifact_find(s, r->arena, r->vars[0], &art, r->err) : -EIO;

    (void)query;
    return res < 0 ? res : reply_json(r, 200, artifact_document(&art));
}

/* ---------- add ---------- */

struct add_query {
    char *name, *path, *file_name, *file_type, *type, **annotations;
    bool append, replace;
};
static const struct query_field add_fields[] = {
    QF_STR(struct add_query, name, "name", NULL),
    QF_STR(struct add_query, path, "path", NULL),
    QF_STR(struct add_query, file_name, "fileName", NULL),
    QF_STR(struct add_query, file_type, "fileMIMEType", NULL),
    QF_STR(struct add_query, type, "artifactMIMEType", NULL),
    QF_WORDS(struct add_query, annotations, "annotations"),
    QF_BOOL(struct add_query, append, "append", NULL),
    QF_BOOL(struct add_query, replace, "replace", NULL),
    { 0 },
};

static int check_add(struct request *r, const struct add_query *q)
{
    if (str_empty(q->name))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "name parameter is required");
    if (str_empty(q->file_name) || strchr(q->file_name, '/') || STR_IN(q->file_name, ".", ".."))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "fileName must be the name of a file");
    return 0;
}

static int add_path(struct request *r, const struct add_query *q, char *path)
{
    struct artifact_add_options o = { .type = str_empty(q->type) ? NULL : q->type,
                                      .file_type = str_empty(q->file_type) ? NULL : q->file_type,
                                      .append = q->append,
                                      .replace = q->replace };
    char *paths[] = { path, NULL }, *digest = NULL;

    kv_set_words(r->arena, &o.annotations, q->annotations);
    int res = artifact_add(store_of(r), r->arena, q->name, paths, &o, &digest, r->err);
    return res < 0 ? res : reply_id(r, 201, "ArtifactDigest", digest);
}

/* The body as a file whose name is what it is to be called. */
static int save_body(struct request *r, int fd)
{
    char part[8192];
    ssize_t n;
    int res = 0;

    while (res == 0 && (n = conn_read(r->conn, part, sizeof(part))) != 0)
        res = n < 0 ? (int)n : write_all(fd, part, (size_t)n);
    return res < 0 ? err_sys(r->err, -res, "reading the request's body") : 0;
}

static int add(struct request *r, const void *query)
{
    const struct add_query *q = query;
    char dir[] = "/var/tmp/podman-artifact-XXXXXX";
    int res = check_add(r, q);

    if (res < 0 || !store_of(r))
        return res < 0 ? res : -EIO;
    if (!mkdtemp(dir))
        return err_sys(r->err, errno, "making a directory below /var/tmp");
    char *path = arena_printf(r->arena, "%s/%s", dir, q->file_name);
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    res = fd < 0 ? err_sys(r->err, errno, "making %s", path) : save_body(r, fd);
    if (res == 0)
        res = add_path(r, q, path);
    unlink(path);
    rmdir(dir);
    return res;
}

static int add_local(struct request *r, const void *query)
{
    const struct add_query *q = query;
    char dir[] = "/var/tmp/podman-artifact-XXXXXX";
    struct stat st;
    int res = check_add(r, q);

    if (res < 0 || !store_of(r))
        return res < 0 ? res : -EIO;
    if (str_empty(q->path) || *q->path != '/' || stat(q->path, &st) < 0 || !S_ISREG(st.st_mode))
        return err_set(r->err, ERR_NOT_FOUND, ENOENT,
                       "path \"%s\": not a file of the host with an absolute path",
                       q->path ? q->path : "");
    if (str_ends(q->path, q->file_name) &&
        q->path[strlen(q->path) - strlen(q->file_name) - 1] == '/')
        return add_path(r, q, q->path);
    if (!mkdtemp(dir))
        return err_sys(r->err, errno, "making a directory below /var/tmp");
    char *path = arena_printf(r->arena, "%s/%s", dir,
                              q->file_name); /* under the name it is to have */
    res = symlink(q->path, path) < 0 ? err_sys(r->err, errno, "making %s", path)
                                     : add_path(r, q, path);
    unlink(path);
    rmdir(dir);
    return res;
}

/* ---------- pull, push ---------- */

struct transfer_query {
    char *name, *retry_delay;
    int64_t retry;
    int tls_verify;
};
static const struct query_field transfer_fields[] = {
    QF_STR(struct transfer_query, name, "name", NULL),
    QF_STR(struct transfer_query, retry_delay, "retryDelay", NULL),
    QF_I64(struct transfer_query, retry, "retry", "3"),
    QF_TRI(struct transfer_query, tls_verify, "tlsVerify"),
    { 0 },
};

static int retry_of(struct request *r, const struct transfer_query *q, uint64_t *n, int64_t *ns)
{
    *n = q->retry > 0 ? (uint64_t)q->retry : 0;
    *ns = -1;
    if (!str_empty(q->retry_delay) && parse_duration(q->retry_delay, ns) < 0)
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "invalid retryDelay \"%s\"", q->retry_delay);
    return 0;
}

static int pull(struct request *r, const void *query)
{
    const struct transfer_query *q = query;
    struct image_pull_options o = { .tls_verify = q->tls_verify };
    char *digest = NULL;

    if (str_empty(q->name))
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "name parameter is required");
    int res = store_of(r) ? retry_of(r, q, &o.retry, &o.retry_delay_ns) : -EIO;
    if (res == 0)
        res = request_authfile(r, q->name, &o.authfile);
    if (res == 0)
        res = artifact_pull(store_of(r), r->arena, q->name, &o, &digest, r->err);
    return res < 0 ? res : reply_id(r, 200, "ArtifactDigest", digest);
}

static int push(struct request *r, const void *query)
{
    const struct transfer_query *q = query;
    struct image_push_options o = { .tls_verify = q->tls_verify, .compression_level = -1 };
    char *digest = NULL;
    int res = store_of(r) ? retry_of(r, q, &o.retry, &o.retry_delay_ns) : -EIO;

    if (res == 0)
        res = request_authfile(r, r->vars[0], &o.authfile);
    if (res == 0)
        res = artifact_push(store_of(r), r->arena, r->vars[0], &o, &digest, r->err);
    return res < 0 ? res : reply_id(r, 200, "ArtifactDigest", digest);
}

/* ---------- extract, remove ---------- */

struct extract_query {
    char *title, *digest;
    bool exclude_title;
};
static const struct query_field extract_fields[] = {
    QF_STR(struct extract_query, title, "title", NULL),
    QF_STR(struct extract_query, digest, "digest", NULL),
    QF_BOOL(struct extract_query, exclude_title, "excludeTitle", NULL),
    { 0 },
};

static int extract(struct request *r, const void *query)
{
    const struct extract_query *q = query;
    struct artifact_choice which = { .title = str_empty(q->title) ? NULL : q->title,
                                     .digest = str_empty(q->digest) ? NULL : q->digest };
    struct store *s = store_of(r);
    struct artifact art = { 0 };
    struct reply_pipe p;
    bool begun = false;
    int res = s ? artifact_find(s, r->arena, r->vars[0], &art, r->err) : -EIO;

    if (res == 0 && which.title && which.digest)
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL, "cannot specify both digest and title");
    if (res == 0)
        res = reply_pipe_open(r, "application/x-tar", NULL, &p);
    if (res < 0)
        return res;
    res = artifact_extract_tar(s, r->arena, &art, &which, p.fd, r->err);
    res = reply_pipe_done(r, &p, res, &begun);
    if (begun)
        conn_finish(r->conn, res == 0);
    return res;
}

struct remove_query {
    char **artifacts;
    bool all, ignore;
};
static const struct query_field remove_fields[] = {
    QF_WORDS(struct remove_query, artifacts, "artifacts"),
    QF_BOOL(struct remove_query, all, "all", NULL),
    QF_BOOL(struct remove_query, ignore, "ignore", NULL),
    { 0 },
};

static int remove_names(struct request *r, char *const *names, bool ignore)
{
    char **digests = NULL;

    for (; names && *names; names++) {
        char *digest = NULL;
        int res = artifact_remove(store_of(r), r->arena, *names, &digest, r->err);
        if (res < 0 && !(ignore && r->err->kind == ERR_NOT_FOUND))
            return res;
        if (res == 0)
            digests = strv_add(r->arena, digests, digest);
        err_clear(r->err);
    }
    return reply_json(r, 200, json_pack("{s:o}", "ArtifactDigests", doc_strings(digests, false)));
}

static int remove_one(struct request *r, const void *query)
{
    (void)query;
    return store_of(r) ? remove_names(r, r->vars, false) : -EIO;
}

static int remove_many(struct request *r, const void *query)
{
    const struct remove_query *q = query;
    artifact_list all = { 0 };
    char **names = q->artifacts;

    if (!store_of(r))
        return -EIO;
    if (q->all && names)
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "either artifacts or all, not both");
    if (!q->all && !names)
        return err_set(r->err, ERR_BAD_PARAM, EINVAL, "no artifacts to remove");
    int res = q->all ? artifact_all(store_of(r), r->arena, &all, r->err) : 0;
    for (size_t i = 0; i < all.n; i++)
        names = strv_add(r->arena, names, all.items[i].name);
    return res < 0 ? res : remove_names(r, names, q->ignore);
}

#define Q(m, p, fn, T, f) ROUTE_Q(m, p, ROUTE_LIBPOD, fn, struct T, f)
const struct route artifact_routes[] = {
    ROUTE("GET", "/artifacts/json", ROUTE_LIBPOD, list),
    Q("POST", "/artifacts/add", add, add_query, add_fields),
    Q("POST", "/artifacts/local/add", add_local, add_query, add_fields),
    Q("POST", "/artifacts/pull", pull, transfer_query, transfer_fields),
    Q("DELETE", "/artifacts/remove", remove_many, remove_query, remove_fields),
    ROUTE("GET", "/artifacts/{name*}/json", ROUTE_LIBPOD, inspect),
    Q("GET", "/artifacts/{name*}/extract", extract, extract_query, extract_fields),
    Q("POST", "/artifacts/{name*}/push", push, transfer_query, transfer_fields),
    ROUTE("DELETE", "/artifacts/{name*}", ROUTE_LIBPOD, remove_one),
    { 0 },
};
