/* GET, HEAD and PUT /containers/{name}/archive: files of a container as a tar stream. */
#include <inttypes.h>
#include <sys/stat.h>

#include "api/documents.h"
#include "api/route.h"
#include "base/parse.h"
#include "config/auth.h"
#include "engine/copy.h"
#include "engine/options.h"

#include "base/banned.h"

struct archive_query {
    char *path, *rename;
    int chown;
    bool no_overwrite, pause;
};
static const struct query_field archive_fields[] = {
    QF_STR(struct archive_query, path, "path", NULL),
    QF_STR(struct archive_query, rename, "rename", NULL),
    QF_TRI(struct archive_query, chown, "copyUIDGID"),
    QF_BOOL(struct archive_query, no_overwrite, "noOverwriteDirNonDir", NULL),
    QF_BOOL(struct archive_query, pause, "pause", NULL),
    { 0 },
};

/* A mode as Go's os.FileMode has it. */
static int64_t go_mode(mode_t m)
{
    static const struct {
        mode_t type;
        int64_t bits;
    } types[] = {
        { S_IFDIR, 1LL << 31 }, { S_IFLNK, 1LL << 27 },  { S_IFBLK, 1LL << 26 },
        { S_IFIFO, 1LL << 25 }, { S_IFSOCK, 1LL << 24 }, { S_IFCHR, 1LL << 26 | 1LL << 21 },
    };
    int64_t out = m & 0777;

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if ((m & S_IFMT) == types[i].type)
            out |= types[i].bits;
    return out | (m & S_ISUID ? 1LL << 23 : 0) | (m & S_ISGID ? 1LL << 22 : 0) |
           (m & S_ISVTX ? 1LL << 20 : 0);
}

static char *line_of(struct request *r, const struct copy_stat *st)
{
    AUTO_BUF text = { 0 };
    AUTO_JSON *doc = json_pack("{s:s,s:I,s:I,s:o,s:b,s:b,s:s}", "name", st->name, "size",
                               (json_int_t)st->size, "mode", (json_int_t)go_mode(st->mode), "mtime",
                               doc_time(st->mtime), "isDir", S_ISDIR(st->mode), "isStream", 0,
                               "linkTarget", st->target);

    json_text(doc, 0, &text);
    return arena_printf(r->arena, "X-Docker-Container-Path-Stat: %s\r\n",
                        auth_encode_text(r->arena, text.data));
}

/* The line of the head that tells what the path is. */
static int stat_line(struct request *r, const struct container *c, const char *path, char **ret)
{
    struct copy_stat st;
    int res = container_path_stat(request_engine(r), r->arena, c, path, &st, r->err);

    if (res < 0)
        return res;
    *ret = line_of(r, &st);
    return 0;
}

static int begin(struct request *r, const struct archive_query *q, struct container *c)
{
    int res = request_container(r, c);

    if (res == 0 && str_empty(q->path))
        res = err_set(r->err, ERR_BAD_PARAM, EINVAL, "missing `path` parameter");
    return res;
}

/* Podman's clients want to know where what is not there would be. */
static void missing(struct request *r, const struct container *c, const char *path)
{
    const char *base = str_empty(c->config.workdir) ? "/" : c->config.workdir;
    char *whole = path_clean(r->arena,
                             *path == '/' ? path : arena_printf(r->arena, "%s/%s", base, path));
    const char *slash = strrchr(whole, '/');
    const struct copy_stat st = { .name = arena_strdup(r->arena, slash ? slash + 1 : whole),
                                  .target = whole };

    conn_reply(r->conn, 404, "application/json", line_of(r, &st), NULL, 0);
}

static int head(struct request *r, const void *query)
{
    const struct archive_query *q = query;
    struct container c;
    char *line = NULL;
    int res = begin(r, q, &c);

    if (res < 0)
        return res;
    res = stat_line(r, &c, q->path, &line);
    if (res < 0 && r->err->kind == ERR_NOT_FOUND) {
        missing(r, &c, q->path);
        return 0;
    }
    if (res == 0)
        conn_reply(r->conn, 200, NULL, line, NULL, 0);
    return res;
}

static int get(struct request *r, const void *query)
{
    const struct archive_query *q = query;
    struct container c;
    struct reply_pipe p;
    char *line = NULL;
    bool begun = false;
    int res = begin(r, q, &c);

    if (res == 0)
        res = stat_line(r, &c, q->path, &line);
    if (res < 0)
        return res;
    /* The path is there: the head can go before the first byte. */
    if (conn_begin(r->conn, 200, "application/x-tar", line) < 0)
        return 0;
    res = reply_pipe_open(r, NULL, NULL, &p);
    if (res == 0) {
        const struct copy_end from = { .c = &c, .path = q->path, .fd = -EBADF },
                              to = { .path = "-", .fd = p.fd };
        const struct copy_options o = { .dot = !r->libpod };
        res = container_copy(request_engine(r), r->arena, &from, &to, &o, r->err);
        res = reply_pipe_done(r, &p, res, &begun);
    }
    conn_finish(r->conn, res == 0);
    return res;
}

static int renames(struct request *r, const char *text, kv_list *ret)
{
    const char *key;
    json_t *value;

    if (str_empty(text))
        return 0;
    AUTO_JSON *doc = json_parse(text, strlen(text), "rename", r->err);
    if (!doc)
        return -EINVAL;
    json_object_foreach (doc, key, value) {
        const char *to = json_string_value(value);
        if (str_empty(to) || strchr(to, '/') || STR_IN(to, ".", ".."))
            return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                           "rename must be a map from names to names");
        kv_set(r->arena, ret, key, to);
    }
    return 0;
}

static int put(struct request *r, const void *query)
{
    const struct archive_query *q = query;
    struct container c;
    kv_list names = { 0 };
    pid_t child = -1;
    int res = begin(r, q, &c);

    if (res == 0)
        res = renames(r, q->rename, &names);
    int fd = res == 0 ? body_pipe_open(r, &child) : res;
    if (fd < 0)
        return fd;
    const struct copy_end from = { .path = "-", .fd = fd },
                          to = { .c = &c, .path = q->path, .fd = -EBADF };
    const struct copy_options o = { .archive = q->chown < 0 ? r->libpod : q->chown,
                                    .overwrite = !q->no_overwrite,
                                    .rename = names.n ? &names : NULL };
    res = container_copy(request_engine(r), r->arena, &from, &to, &o, r->err);
    body_pipe_done(fd, child);
    return res < 0 ? res : reply_empty(r, 200);
}

#define BOTH (ROUTE_BOTH | ROUTE_SCOPED)
#define Q(m, fn)                                                                                   \
    ROUTE_Q(m, "/containers/{name}/archive", BOTH, fn, struct archive_query, archive_fields)
const struct route copy_routes[] = { Q("HEAD", head), Q("GET", get), Q("PUT", put), { 0 } };
