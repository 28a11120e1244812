#include "image/mod/daemon.h"

#include <sys/stat.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "image/mod/http.h"
#include "store/blobs.h"

#include "base/banned.h"

#define DEFAULT_SOCKET "/var/run/docker.sock"

struct daemon {
    struct http *http;
    const char *base, *socket; /* of its URLs; NULL: by TCP */
    struct arena arena;
};

static void daemon_done(struct daemon *d)
{
    http_free(d->http);
    arena_done(&d->arena);
}
#define AUTO_DAEMON CLEANUP(daemon_done) struct daemon

static int daemon_open(struct daemon *d, struct err *err)
{
    const char *host = getenv("DOCKER_HOST"), *certs = getenv("DOCKER_CERT_PATH");
    struct http_options o = { .cert_dir = certs };

    if (str_empty(host))
        host = "unix://" DEFAULT_SOCKET;
    d->base = "http://docker";
    if (str_starts(host, "unix://"))
        d->socket = host + strlen("unix://");
    else if (str_starts(host, "tcp://"))
        d->base = arena_printf(&d->arena, "%s://%s", str_empty(certs) ? "http" : "https", host + 6);
    else if (str_starts(host, "http://") || str_starts(host, "https://"))
        d->base = host;
    else
        return err_set(err, ERR_BAD_PARAM, EINVAL, "DOCKER_HOST=%s: only unix, tcp, http and https",
                       host);
    http_init();
    d->http = http_new(&o, err);
    return d->http ? 0 : -ENOMEM;
}

static int bad_answer(const struct http_answer *ans, struct err *err)
{
    AUTO_JSON *doc = json_parse(ans->body->data ? ans->body->data : "", ans->body->len, "", NULL);
    const char *message = json_string_value(json_object_get(doc, "message"));

    return err_set(err, ans->status == 404 ? ERR_NOT_FOUND : ERR_UNAVAILABLE,
                   ans->status == 404 ? ENOENT : EPROTO, "the Docker daemon answered %ld%s%s",
                   ans->status, message ? ": " : "", message ? message : "");
}

/* ---------- load ---------- */

struct body {
    int fd;
    int64_t at;
};

static ssize_t body_read(void *arg, char *out, size_t n)
{
    struct body *b = arg;
    ssize_t got = pread(b->fd, out, n, b->at);

    if (got < 0)
        return -errno;
    b->at += got;
    return got;
}

static int answer_sink(void *arg, const void *data, size_t len)
{
    return buf_add(arg, data, len);
}

/* It answers 200 at once and says in lines of JSON how it went. */
static int look_for_error(const struct buf *answer, struct err *err)
{
    AUTO_ARENA a = { 0 };
    char **lines = strv_split(&a, answer->data ? answer->data : "", '\n');

    for (; *lines; lines++) {
        AUTO_JSON *doc = json_parse(*lines, strlen(*lines), "", NULL);
        const char *text = json_string_value(json_object_get(doc, "error"));
        if (text)
            return err_set(err, ERR_UNAVAILABLE, EPROTO,
                           "the Docker daemon could not load the image: %s", text);
    }
    return 0;
}

int daemon_load(int fd, struct err *err)
{
    AUTO_DAEMON d = { 0 };
    AUTO_BUF answer = { .max = LIMIT_MANIFEST };
    struct body b = { .fd = fd };
    struct stat st;
    struct http_answer ans;
    int r = daemon_open(&d, err);

    if (r < 0)
        return r;
    if (fstat(fd, &st) < 0)
        return err_sys(err, errno, "looking at the archive");
    struct http_upload up = { body_read, NULL, &b, st.st_size };
    struct http_request rq = { .method = "POST",
                               .url = arena_printf(&d.arena, "%s/images/load?quiet=1", d.base),
                               .socket = d.socket,
                               .upload = &up,
                               .content_type = "application/x-tar" };
    r = http_request(d.http, &rq, answer_sink, &answer, &ans, err);
    if (r < 0)
        return err->kind == ERR_NONE ? err_sys(err, -r, "sending the image to the Docker daemon")
                                     : err_wrap(err, "sending the image to the Docker daemon");
    return ans.status == 200 ? look_for_error(&answer, err) : bad_answer(&ans, err);
}

/* ---------- get ---------- */

static int file_sink(void *arg, const void *data, size_t len)
{
    return write_all(*(int *)arg, data, len);
}

int daemon_get(const struct store *s, const char *name, struct err *err)
{
    AUTO_DAEMON d = { 0 };
    struct http_answer ans;
    AUTO_CLOSE int fd = blob_tmpfile(s, err);
    int r = fd < 0 ? fd : daemon_open(&d, err);

    if (r < 0)
        return r;
    struct http_request rq = { .url = arena_printf(&d.arena, "%s/images/%s/get", d.base,
                                                   http_escape(&d.arena, name)),
                               .socket = d.socket };
    r = http_request(d.http, &rq, file_sink, &fd, &ans, err);
    if (r < 0)
        return err->kind == ERR_NONE ? err_sys(err, -r, "writing the image")
                                     : err_wrap(err, "reading %s from the Docker daemon", name);
    if (ans.status != 200)
        return bad_answer(&ans, err);
    if (lseek(fd, 0, SEEK_SET) < 0)
        return err_sys(err, errno, "rewinding the image");
    return HANDOVER_FD(fd);
}
