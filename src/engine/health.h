/* engine/health.h: how a container's health check goes; the monitor runs it (spec/health.h). */
#pragma once

#include "engine/containers.h"
#include "spec/health.h"
#include "spec/image.h"

/* What is known of a container that has a check and has been started since boot: 1, or 0. */
int container_health(struct engine *e, struct arena *a, const struct container *c,
                     struct health_state *ret);

/* Runs the check now.  *ret_code is that of the command, *ret_status what the container is from now on:
 * "healthy", "unhealthy", "starting", "stopped". */
int container_health_run(struct engine *e, struct arena *a, const struct container *c,
                         int64_t *ret_code, char **ret_status, struct err *err) MUST_CHECK;

/* --health-cmd: a JSON array of words, or text for the shell. */
char **option_health_command(struct arena *a, const char *text);

/* Completes c->health: what the user said, what the image says, what is usual. */
int health_complete(struct arena *a, const struct image_healthcheck *image,
                    struct container_config *c, struct err *err) MUST_CHECK;
