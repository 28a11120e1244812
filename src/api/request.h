/* api/request.h: one request: what a handler gets, and with what it answers.
 *
 * A handler returns 0 when it has answered, or a negative errno with r->err set: then the error's kind decides
 * the status and the client gets {"cause","message","response"}, or, in the middle of a stream, a broken
 * connection. */
#pragma once

#include "api/conn.h"
#include "base/json.h"
#include "engine/containers.h"

/* What a socket may be used for. */
struct api_scope {
    bool read_only; /* GET and HEAD only */
    char **labels;  /* "key=value": containers without any of them do not exist here */
};

struct api_worker; /* server_priv.h */
struct request {
    struct conn *conn;
    struct arena *arena;
    struct api_worker *worker;
    const struct api_scope *scope;
    struct err *err;
    bool libpod;
    int major, minor; /* of the version in the path; 0 without one */
    char **vars;      /* of the route */
    kv_list query;
};

/* Opened when the first request of the connection needs it; NULL with r->err set. */
struct engine *request_engine(struct request *r);

/* The container that the path names, if the scope shows it. */
int request_container(struct request *r, struct container *ret) MUST_CHECK;
int request_find(struct request *r, const char *name, struct container *ret) MUST_CHECK;
bool request_sees(const struct request *r, const struct container_config *c);

/* The body as JSON, a new reference (an object; {} when there is no body and @empty), or NULL. */
json_t *request_json(struct request *r, bool empty);
/* The same, read into @out with keys matched without regard to case.  *ret_doc keeps raw fields alive. */
int request_body(struct request *r, const struct json_type *type, void *out, bool empty,
                 json_t **ret_doc) MUST_CHECK;

int reply_json(struct request *r, int status, json_t *doc); /* takes the reference */
int reply_text(struct request *r, int status, const char *text);
int reply_empty(struct request *r, int status);
/* {"Id": id}, the answer of many POSTs. */
int reply_id(struct request *r, int status, const char *key, const char *id);
/* From r->err. */
int reply_error(struct request *r);

/* One JSON document of a stream, and a line feed. */
int stream_json(struct request *r, json_t *doc); /* takes the reference */

/* What is written to the returned descriptor is the answer's body, of that type; the head is sent with the first
 * byte.  A child process moves it; pipe_done() ends that and, if @result is an error and nothing was sent,
 * leaves the answer to the caller.  With @line each line is handed to that function, in the child, instead. */
struct reply_pipe {
    int fd;
    pid_t child;
};
int reply_pipe_open(struct request *r, const char *type,
                    void (*line)(struct request *r, char *text), struct reply_pipe *ret) MUST_CHECK;
/* Closes the descriptor; the stream stays open for more when @more. Returns @result, or 0 when the error can
 * only break the connection now. *ret_begun: something has been sent. */
int reply_pipe_done(struct request *r, struct reply_pipe *p, int result, bool *ret_begun);

/* A descriptor from which the body can be read; the connection ends with this request.  body_pipe_done() waits for
 * the child that writes to it. */
int body_pipe_open(struct request *r, pid_t *ret_child) MUST_CHECK;
void body_pipe_done(int fd, pid_t child);
