/* api/stream.h: answers that go on as long as something happens, and connections that cease to be HTTP.
 *
 * Output of a container with a terminal is sent as it is.  Without one each piece has Docker's header of 8 bytes: the
 * stream (1 stdout, 2 stderr), three zeros, the length (big endian). */
#pragma once

#include "api/request.h"

enum { STREAM_STDOUT = 1, STREAM_STDERR = 2 };

#define STREAM_RAW "application/vnd.docker.raw-stream"
#define STREAM_MUX "application/vnd.docker.multiplexed-stream"

/* From now on this process ends when its client hangs up: for waits that nothing else would end. */
void stream_watch(struct request *r);

/* A piece into the body that conn_begin() began, or a hijacked connection; with @mux under its header. */
int stream_put(struct request *r, bool mux, int stream, const void *data, size_t len) MUST_CHECK;

struct hijack {
    bool in, out, err; /* which streams the client wants */
    bool tty;
    const char *detach_keys; /* NULL: none */
};
/* Moves what comes between the hijacked connection and an attach connection (spec/monitor.h), until one of both has
 * ended.  The end of the client's input becomes that of the program's, and its output is still sent. */
void hijack_run(struct request *r, int sock, const struct hijack *h);
