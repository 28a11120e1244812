/* api/server_priv.h: what the files of the server share. */
#pragma once

#include "api/route.h"
#include "api/server.h"

struct api_worker {
    const struct api_options *options;
    struct engine *engine;
    char extra[512]; /* header lines of every answer */
};

enum worker_end { WORKER_CLOSED = 0, WORKER_KEEP = 10 };

/* Serves the connection until it is idle or over; what the process is to exit with. */
enum worker_end worker_run(const struct api_options *o, int fd);

/* A request whose head was read; answers it. */
void worker_answer(struct api_worker *w, struct conn *c, struct arena *a, struct err *head_error);

/* Listening sockets. */
struct api_socket {
    int fd;
    char *path; /* of a unix socket that is ours to remove; NULL otherwise */
    bool tls;
};
typedef JSON_LIST(struct api_socket) api_sockets;
int listen_all(struct arena *a, const struct api_options *o, api_sockets *ret,
               struct err *err) MUST_CHECK;
