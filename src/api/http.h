/* api/http.h: the text of HTTP/1.1, without a socket: what a client sends is parsed here and nowhere else.
 *
 * Everything is strict, for a peer is hostile: a head with a bare CR, a folded line, two lengths, or a length
 * beside "chunked" is refused, since two readers of such a message may disagree where it ends. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum { HTTP_HEADERS_MAX = 100 };

struct http_head {
    char *method;
    char *path;           /* as sent, still escaped; begins with '/' */
    char *query;          /* as sent, without the '?'; "" when there is none */
    int minor;            /* HTTP/1.minor */
    int64_t length;       /* Content-Length; -1: none */
    bool chunked;         /* Transfer-Encoding: chunked */
    bool keep;            /* the client wants to keep the connection */
    bool expect_continue; /* it waits for "100 Continue" before it sends the body */
    char *upgrade;        /* the protocol it asks for with "Connection: upgrade"; NULL: none */
    size_t n;
    struct {
        char *name, *value; /* the name as sent */
    } headers[HTTP_HEADERS_MAX];
};

/* How many of @len bytes are the head with its empty line; 0: the end is not among them. */
size_t http_head_length(const char *data, size_t len);

/* Parses @len bytes, http_head_length()'s.  ERR_BAD_PARAM says what is wrong. */
int http_parse_head(struct arena *a, const char *data, size_t len, struct http_head *ret,
                    struct err *err) MUST_CHECK;

/* The first header of that name, without regard to case; NULL: none. */
const char *http_header(const struct http_head *h, const char *name);

/* The line before a chunk, without its end: "1a2b" and perhaps ";extensions".  -EINVAL: it is none. */
int http_chunk_size(const char *line, size_t len, uint64_t *ret) MUST_CHECK;

/* "%41+b" -> "A b" (@plus: '+' is a blank).  NULL: a '%' without two digits, or a NUL byte. */
char *http_unescape(struct arena *a, const char *text, size_t len, bool plus);

/* The words for a status: "Not Found". */
const char *http_reason(int status);
