/* engine/events.h: what happened: noted by whoever did it, read by `podman events`.
 *
 * Where events go, containers.conf says (engine.events_logger, events_logfile_path, events_logfile_max_size); a
 * file below runroot when it says nothing. */
#pragma once

#include "engine/containers.h"
#include "spec/event.h"

/* What the monitor is told too. */
struct event_log engine_event_log(struct engine *e, struct arena *a);

/* Something of any type: "image", "volume", "network", ... */
void engine_event(struct engine *e, const char *type, const char *status, const char *id,
                  const char *name);
void engine_event_full(struct engine *e, const struct event *ev);
/* A container; its labels become attributes. */
void container_event(struct engine *e, const struct container_config *c, const char *status);

/* The same when @r, the result of doing it, is no error; returns @r. */
int engine_did(struct engine *e, const char *type, const char *status, const char *id,
               const char *name, int r);
int container_did(struct engine *e, const struct container_config *c, const char *status, int r);

struct events_options {
    int64_t since, until; /* ns; 0: none */
    char *const
        *filters; /* "type=container", "event=died", ...; of one key any, of different keys all */
    bool stream;  /* wait for more */
};
/* Gets one event, valid during the call; a value below 0 ends the reading. */
typedef int (*event_sink)(void *arg, const struct event *ev);

/* Those there are (with .since, .until or without .stream), then those that come. */
int events_read(struct engine *e, const struct events_options *o, event_sink sink, void *arg,
                struct err *err) MUST_CHECK;
