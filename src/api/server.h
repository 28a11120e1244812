/* api/server.h: the API service: a socket, and a process for each connection that is in use.
 *
 * One process listens.  A connection on which nothing is said costs it a descriptor; when the client speaks, a
 * child is forked that serves it with plain blocking calls of the engine, and that leaves again when nothing
 * has been said for a moment.  Its exit status is the report: "keep" means that the listener watches the
 * connection again, everything else that it is over.  So a request that crashes takes nothing else along, and
 * no state of one request is there in the next. */
#pragma once

#include "api/request.h"

enum {
    API_CONNECTIONS_MAX = 4096,
    API_PROCESSES_MAX = 512, /* more wait until one is free */
};

struct api_options {
    char *const *uris; /* "unix:///path", "tcp://host:port"; none: the default socket */
    int64_t idle_s;    /* ends when nothing has been served for so long; 0: never */
    const char *cors;  /* value of Access-Control-Allow-Origin; NULL: no such header */
    const char *tls_cert, *tls_key, *tls_client_ca;
    struct api_scope scope;
    /* Opens the engine, in the process that serves. */
    struct engine *(*open)(void *arg, struct err *err);
    void *arg;
};

/* Serves until SIGTERM, SIGINT or the idle time; sockets handed over by systemd (LISTEN_FDS) go first. */
int api_serve(const struct api_options *o, struct err *err) MUST_CHECK;

/* "unix:///run/podman/podman.sock", or the user's. */
char *api_default_uri(struct arena *a);
