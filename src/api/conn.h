/* api/conn.h: one connection and the message that is on it, in a process that has nothing else to do: reads and
 * writes block.
 *
 * The body of a request is read as it is asked for, whatever its framing.  An answer is either one piece
 * (conn_reply), a stream (conn_begin, conn_write, conn_finish), or the end of HTTP on this connection
 * (conn_hijack): from then on the bytes of both sides go through conn_read_raw() and conn_write_raw(). */
#pragma once

#include "api/http.h"
#include "base/buf.h"

enum { CONN_BUFFER = 64 << 10 }; /* also the ceiling of a request's head */

enum conn_body { BODY_NONE, BODY_LENGTH, BODY_CHUNKED };

struct conn {
    int fd;
    char in[CONN_BUFFER];
    size_t start, end; /* what came and nobody has read yet */
    const char *extra; /* header lines of every answer, each with its CRLF */

    struct http_head head; /* of the present request, in the arena given to conn_next() */
    enum conn_body body;
    uint64_t left;      /* BODY_LENGTH: of the body; BODY_CHUNKED: of the chunk */
    bool body_done;     /* it was read to its end */
    bool want_continue; /* the client waits for our word before it sends the body */
    bool keep;          /* the connection lives on after this answer */
    bool answered, streaming, chunked, hijacked;
    bool lost; /* the client is gone, or what it sent makes no sense any more */
};

void conn_init(struct conn *c, int fd, const char *extra);

/* Reads the head of the next request into @a.  1: there is one; 0: the client has closed the connection, or
 * @wait_ms went by without a byte (*ret_idle is true then).  Below 0: what came is no request; c->head has
 * nothing and the connection is to be closed after the answer. */
int conn_next(struct conn *c, struct arena *a, int wait_ms, bool *ret_idle,
              struct err *err) MUST_CHECK;

/* At most @len bytes of the body; 0 at its end. */
ssize_t conn_read(struct conn *c, void *data, size_t len) MUST_CHECK;
/* The whole body; -EFBIG when it is larger than b->max. */
int conn_read_all(struct conn *c, struct buf *b) MUST_CHECK;
/* Reads away what nobody asked for, so that the next request can come; a long rest ends the connection instead. */
void conn_skip_body(struct conn *c);

/* An answer in one piece; @type NULL: without a body.  @more: header lines, may be NULL.  To HEAD only the head
 * is sent. */
void conn_reply(struct conn *c, int status, const char *type, const char *more, const void *data,
                size_t len);
/* A stream.  Failing means that the client is gone. */
int conn_begin(struct conn *c, int status, const char *type, const char *more);
int conn_write(struct conn *c, const void *data, size_t len) MUST_CHECK;
/* @whole: it is complete; without it the client sees the connection break. */
void conn_finish(struct conn *c, bool whole);

/* Ends HTTP: "101" to a client that asked for an upgrade, "200" without a length otherwise. */
int conn_hijack(struct conn *c, const char *type) MUST_CHECK;
ssize_t conn_read_raw(struct conn *c, void *data, size_t len) MUST_CHECK;
int conn_write_raw(struct conn *c, const void *data, size_t len) MUST_CHECK;
/* Is there something to read without waiting? */
bool conn_has_input(const struct conn *c);
