/* api/tls.h: TLS for tcp:// sockets.
 *
 * A process of its own stands between the network and whoever serves the connection: it holds the keys and runs
 * OpenSSL, which podman-tls.so brings along; the service speaks plain HTTP with it over a socket pair.  Such a
 * connection therefore costs a process also while it is idle. */
#pragma once

#include "api/server.h"

/* Do certificate, key and client CA load?  Nothing to do without them. */
int tls_check(const struct api_options *o, struct err *err) MUST_CHECK;

/* Starts the process for the accepted connection @fd; the plain side, or -errno. */
int tls_accept(const struct api_options *o, int fd, struct err *err) MUST_CHECK;
