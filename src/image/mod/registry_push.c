/* The writing side of the distribution protocol. */
#include "base/limits.h"
#include "image/mod/registry_priv.h"

#include "base/banned.h"

/* How a blob gets there
 *
 * HEAD tells whether it is there; POST .../uploads/ opens an upload and answers with its URL, which changes
 * with every answer.  One PUT with the digest sends all bytes; servers (and proxies before them) that refuse
 * so large a body get PATCH requests of PART bytes and an empty PUT; a stream of unknown length is one PATCH. */

enum { PART = 32 << 20 };

static int no_body(void *arg, const void *data, size_t len)
{
    (void)arg;
    (void)data;
    (void)len;
    return 0; /* what a registry says to a success is of no use */
}

/* A registry behind a proxy that ends TLS sometimes does not know it: it calls its own place http. */
static char *safe_location(struct registry *r, struct arena *a, const char *location)
{
    if (location && STR_EQ(r->scheme, "https") && str_starts(location, "http://")) {
        char *https = arena_printf(a, "https://%s", location + strlen("http://"));
        if (registry_is_its(r, https))
            return https;
    }
    return arena_strdup(a, location);
}

static int ask(struct registry *r, struct http_request *rq, struct http_answer *ans,
               struct arena *a, char **ret_location, struct err *err)
{
    struct http *h = registry_client(r, err);

    if (!h)
        return -ENOMEM;
    int e = registry_request(r, h, rq, no_body, NULL, ans, err);
    if (e == 0 && ret_location)
        *ret_location = safe_location(r, a, ans->location);
    if (e == 0 && ans->status / 100 != 2 && ans->status != 404)
        e = registry_bad_status(a, ans, err);
    registry_client_back(r, h);
    return e;
}

static char *url_of(struct registry *r, struct arena *a, const char *rest)
{
    return arena_printf(a, "%s://%s/v2/%s/%s", r->scheme, r->ref.registry, r->ref.path, rest);
}

int registry_has_blob(struct registry *r, const struct descriptor *d, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct http_answer ans = { 0 };
    struct http_request rq = { .method = "HEAD",
                               .url = url_of(r, &a, arena_printf(&a, "blobs/%s", d->digest)) };
    int e = ask(r, &rq, &ans, &a, NULL, err);

    return e < 0 ? err_wrap(err, "checking whether a blob %s exists in %s", d->digest,
                            ref_repo(&a, &r->ref))
                 : ans.status / 100 == 2;
}

/* Opens an upload; *ret is its URL, NULL when the blob was mounted. */
static int open_upload(struct registry *r, struct arena *a, const char *query, char **ret,
                       int64_t *ret_min, struct err *err)
{
    struct http_answer ans = { 0 };
    struct http_request rq = { .method = "POST",
                               .url = url_of(r, a, arena_printf(a, "blobs/uploads/%s", query)) };
    int e = ask(r, &rq, &ans, a, ret, err);

    if (e < 0)
        return e;
    *ret_min = ans.chunk_min;
    if (ans.status == 404)
        return err_set(err, ERR_NOT_FOUND, ENOENT,
                       "name unknown: the registry has no repository %s and makes none",
                       r->ref.path);
    if (ans.status == 201 && *query)
        *ret = NULL;
    else if (!*ret)
        return err_set(err, ERR_UNAVAILABLE, EPROTO,
                       "the registry opened an upload without a place");
    return 0;
}

static char *mount_query(struct arena *a, const struct descriptor *d, const char *from)
{
    return arena_printf(a, "?mount=%s&from=%s", http_escape(a, d->digest), http_escape(a, from));
}

int registry_mount(struct registry *r, const struct descriptor *d, const char *from,
                   struct err *err)
{
    AUTO_ARENA a = { 0 };
    char *location = NULL;
    int64_t min;
    int e = open_upload(r, &a, mount_query(&a, d, from), &location, &min, err);

    if (e < 0)
        return err_wrap(err, "mounting %s from %s", d->digest, from);
    if (!location)
        return 1;
    /* It opened an upload instead, which nobody will use. */
    struct http_request rq = { .method = "DELETE", .url = location };
    struct http_answer ans;
    struct err ignored = { 0 };
    (void)!ask(r, &rq, &ans, &a, NULL, &ignored);
    return 0;
}

/* The bytes of a file from @at on. */
struct file_body {
    int fd;
    int64_t start, at, end;
    sent_fn sent;
    void *arg;
};

static ssize_t file_read(void *arg, char *out, size_t n)
{
    struct file_body *b = arg;
    ssize_t got;

    if (b->at == b->end)
        return 0;
    do
        got = pread(b->fd, out, (size_t)MIN((int64_t)n, b->end - b->at), b->at);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    b->at += got;
    b->sent(b->arg, got);
    return got;
}

static int file_rewind(void *arg)
{
    struct file_body *b = arg;

    b->sent(b->arg, b->start - b->at);
    b->at = b->start;
    return 0;
}

static char *with_digest(struct arena *a, const char *location, const char *digest)
{
    return arena_printf(a, "%s%sdigest=%s", location, strchr(location, '?') ? "&" : "?",
                        http_escape(a, digest));
}

/* PUT or PATCH of a part of a file.  *ret_location changes. */
static int send_part(struct registry *r, struct arena *a, const char *method, const char *url,
                     struct file_body *b, const char *range, struct http_answer *ans,
                     char **ret_location, struct err *err)
{
    struct http_upload up = { file_read, file_rewind, b, b->end - b->start };
    struct http_request rq = { .method = method,
                               .url = url,
                               .upload = &up,
                               .content_type = "application/octet-stream",
                               .content_range = range };
    char *location = NULL;
    int e = ask(r, &rq, ans, a, &location, err);

    if (location)
        *ret_location = location;
    if (e == 0 && ans->status == 404)
        e = err_set(err, ERR_UNAVAILABLE, EAGAIN, "the registry has forgotten the upload");
    return e < 0 && err->kind == ERR_NONE ? err_sys(err, -e, "reading a blob") : e;
}

static int send_parts(struct registry *r, struct arena *a, const struct descriptor *d, int fd,
                      sent_fn sent, void *arg, struct err *err)
{
    struct http_answer ans = { 0 };
    char *location = NULL;
    int64_t min = 0;
    int e = open_upload(r, a, "", &location, &min, err);

    for (int64_t at = 0; e == 0 && at < d->size;) {
        int64_t end = MIN(d->size, at + MAX(min, (int64_t)PART));
        struct file_body b = { fd, at, at, end, sent, arg };
        char *range = arena_printf(a, "%lld-%lld", (long long)at, (long long)end - 1);
        e = send_part(r, a, "PATCH", location, &b, range, &ans, &location, err);
        at = end;
    }
    struct file_body none = { fd, 0, 0, 0, sent, arg };
    return e < 0 ? e
                 : send_part(r, a, "PUT", with_digest(a, location, d->digest), &none, NULL, &ans,
                             &location, err);
}

/* Is this how a server says "not in one piece"?  Some hang up in the middle of what is too large. */
static bool wants_parts(long status, const struct descriptor *d, const struct err *err)
{
    if (d->size == 0)
        return false;
    return (err->errnum == ECONNABORTED && d->size > PART) || status == 400 || status == 405 ||
           status == 413 || status == 416 || status == 501;
}

int registry_put_blob(struct registry *r, const struct descriptor *d, const char *from, int fd,
                      sent_fn sent, void *arg, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct http_answer ans = { 0 };
    char *location = NULL;
    int64_t min = 0;
    int e = open_upload(r, &a, from ? mount_query(&a, d, from) : "", &location, &min, err);

    if (e == 0 && !location)
        return 1;
    if (e == 0) {
        struct file_body b = { fd, 0, 0, d->size, sent, arg };
        e = send_part(r, &a, "PUT", with_digest(&a, location, d->digest), &b, NULL, &ans, &location,
                      err);
        if (e < 0 && wants_parts(ans.status, d, err)) {
            err_clear(err);
            file_rewind(&b);
            e = send_parts(r, &a, d, fd, sent, arg, err);
        }
    }
    return e < 0 ? err_wrap(err, "writing blob %s", d->digest) : 0;
}

int registry_put_stream(struct registry *r, ssize_t (*read)(void *arg, char *out, size_t n),
                        const char *(*digest)(void *arg), void *arg, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct http_answer ans = { 0 };
    char *location = NULL;
    int64_t min = 0;
    struct http_upload up = { read, NULL, arg, -1 };
    struct http_request rq = { .method = "PATCH",
                               .upload = &up,
                               .content_type = "application/octet-stream" };
    int e = open_upload(r, &a, "", &location, &min, err);

    if (e < 0)
        return err_wrap(err, "writing blob");
    rq.url = location;
    char *after = NULL;
    e = ask(r, &rq, &ans, &a, &after, err);
    if (e == 0 && (ans.status == 404 || !after))
        e = err_set(err, ERR_UNAVAILABLE, EPROTO, "the registry gave no place for the blob's end");
    if (e < 0)
        return err->kind == ERR_NONE ? e : err_wrap(err, "writing blob");
    struct file_body none = { .fd = -EBADF };
    e = send_part(r, &a, "PUT", with_digest(&a, after, digest(arg)), &none, NULL, &ans, &after,
                  err);
    return e < 0 ? err_wrap(err, "writing blob %s", digest(arg)) : 0;
}

struct text_body {
    const struct buf *text;
    size_t at;
};

static ssize_t text_read(void *arg, char *out, size_t n)
{
    struct text_body *b = arg;

    n = MIN(n, b->text->len - b->at);
    memcpy(out, b->text->data + b->at, n);
    b->at += n;
    return (ssize_t)n;
}

static int text_rewind(void *arg)
{
    ((struct text_body *)arg)->at = 0;
    return 0;
}

int registry_put_manifest(struct registry *r, const char *tag_or_digest, const char *media_type,
                          const struct buf *text, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct text_body b = { .text = text };
    struct http_upload up = { text_read, text_rewind, &b, (int64_t)text->len };
    struct http_answer ans = { 0 };
    struct http_request rq = {
        .method = "PUT",
        .url = url_of(r, &a, arena_printf(&a, "manifests/%s", tag_or_digest)),
        .upload = &up,
        .content_type = media_type,
    };
    int e = ask(r, &rq, &ans, &a, NULL, err);

    if (e == 0 && ans.status == 404)
        e = err_set(err, ERR_NOT_FOUND, ENOENT, "not found");
    return e < 0
               ? err_wrap(err, "uploading manifest %s to %s", tag_or_digest, ref_repo(&a, &r->ref))
               : 0;
}
