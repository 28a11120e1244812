/* spec/event.h: what happened to a container, image, volume or network, and where that is noted.
 *
 * A line of the file is one event as Podman writes it.  Writers append whole lines under a shared lock; whoever
 * finds the file too long keeps its newer half under the exclusive one.  The journal gets PODMAN_* fields.
 * What happened has happened: that it could not be noted is a warning in the log, never an error. */
#pragma once

#include "base/json.h"

struct event {
    int64_t time; /* ns since the epoch; 0: now */
    char *type;   /* "container", "image", ... */
    char *status; /* "create", "start", ... */
    char *id, *name, *image, *network, *pod_id, *error;
    char *health_status, *health_log;
    int64_t health_failing_streak;
    int64_t *exit_code;
    bool *oom_killed;
    char *inspect_data; /* JSON text */
    kv_list attributes;
};
extern const struct json_type event_type;

struct event_log {
    char *driver; /* "file", "journald", "none" */
    char *path;
    int64_t max_size; /* bytes; 0: no limit */
};
extern const struct json_type event_log_type;

void event_write(const struct event_log *log, const struct event *ev);
