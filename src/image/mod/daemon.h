/* image/mod/daemon.h: images out of and into a Docker daemon (or whatever speaks its API).
 *
 * It listens where $DOCKER_HOST says (unix:///path, tcp://host:port, http(s)://...), else at
 * /var/run/docker.sock. */
#pragma once

#include "base/err.h"
#include "store/store.h"

/* Gives it the archive in @fd. */
int daemon_load(int fd, struct err *err) MUST_CHECK;

/* An archive with the image @name, in a nameless file that the caller closes; or -errno. */
int daemon_get(const struct store *s, const char *name, struct err *err) MUST_CHECK;
