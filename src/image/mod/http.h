/* image/mod/http.h: one HTTP connection to one registry at a time, over libcurl.
 *
 * Redirects are followed; credentials do not go along to another host.  A struct http belongs to one
 * thread.  http_init() once before the first thread. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "image/mod/inflate.h"

struct http_options {
    bool insecure;        /* take any certificate */
    const char *cert_dir; /* *.crt, *.cert with *.key; NULL: certs.d of @host */
    const char *host;     /* "registry:port", for certs.d */
};

struct http;

void http_init(void);
struct http *http_new(const struct http_options *opt, struct err *err);
struct http *http_free(struct http *h);

/* The body of a request. */
struct http_upload {
    /* Fills @out with up to @n bytes: their number, 0 at the end, negative errno to break off (it is then
     * what http_request() returns, with @err untouched). */
    ssize_t (*read)(void *arg, char *out, size_t n);
    int (*rewind)(void *arg); /* to the first byte; NULL: it can be sent once only */
    void *arg;
    int64_t size; /* -1: unknown, sent in chunks */
};

struct http_request {
    const char *url;
    const char *method;        /* NULL: GET, or POST when there is a .form */
    const char *authorization; /* value of the header, NULL: none */
    char *const *accept;       /* NULL-terminated, may be NULL */
    int64_t from;              /* > 0: the bytes from here on */
    const char *form;          /* a POST of this form instead of a GET */
    const struct http_upload *upload;
    const char *content_type, *content_range; /* of .upload, NULL: none */
    const char *socket; /* a Unix socket to connect to, whatever the URL's host */
};

/* What came back.  Strings live until the next request. */
struct http_answer {
    long status;
    bool partial;             /* 206 that starts at .from */
    const char *content_type; /* without parameters; NULL when absent */
    char *const *challenges;  /* WWW-Authenticate, NULL-terminated */
    const char *link;         /* Link, NULL when absent */
    const char *location;     /* Location made absolute, NULL when absent */
    const char *digest;       /* Docker-Content-Digest, NULL when absent */
    int64_t chunk_min;        /* OCI-Chunk-Min-Length, 0 when absent */
    const struct buf *body;   /* of an answer that is no success: its beginning */
};

/* Status 2xx gives the body to @sink; a sink that fails ends the request: its value is returned, @err
 * is untouched.  Other statuses return 0 too: look at @ret.  No answer at all is ERR_UNAVAILABLE, with
 * ECONNREFUSED when nobody is there (http_refused()), ECONNABORTED when it broke off. */
int http_request(struct http *h, const struct http_request *rq, byte_sink sink, void *arg,
                 struct http_answer *ret, struct err *err) MUST_CHECK;

/* How long the last answer in this thread asked us to stay away (Retry-After), in ns; 0 when it did not.
 * Asking takes the value away. */
int64_t http_retry_after(void);

/* "120" or an HTTP date, relative to @now (ns); 0 for what is malformed or past. */
int64_t retry_after_parse(const char *s, int64_t now);

/* True when the last failure was that nobody listens or the name does not exist: no use to retry. */
bool http_refused(const struct http *h);

/* A WWW-Authenticate challenge, taken apart. */
struct challenge {
    char *scheme; /* lower case */
    char *realm, *service, *scope;
};
int challenge_parse(struct arena *a, const char *s, struct challenge *ret) MUST_CHECK;

/* The target of the entry with rel="next" in a Link header, NULL when there is none. */
char *link_next(struct arena *a, const char *link);

/* Percent-encodes for a query. */
char *http_escape(struct arena *a, const char *s);

static inline void http_free_p(struct http **h)
{
    http_free(*h);
}
#define AUTO_HTTP CLEANUP(http_free_p) struct http
