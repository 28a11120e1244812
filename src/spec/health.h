/* spec/health.h: health checks: what was asked for, and how the container is.
 *
 * The monitor runs the command inside its container: at once when it starts, then every interval, and whenever
 * somebody asks.  While a startup check is there it is run instead until it has succeeded often enough.  Failures
 * within start_period do not count; `retries` of them one after the other make the container unhealthy. */
#pragma once

#include "base/json.h"

struct health_config {
    char **test; /* "CMD", args...; "CMD-SHELL", text; "NONE"; empty: no check */
    int64_t interval, timeout, start_period; /* ns; interval 0: only when asked */
    int64_t retries;
    char **startup_test;
    int64_t startup_interval, startup_timeout;
    int64_t startup_retries; /* failures after which the container is restarted; 0: none */
    int64_t startup_success; /* successes that end it; 0: one */
    char *on_failure;        /* "none", "kill", "restart", "stop" */
    char *log_destination;   /* "local" (the run directory), "events_logger", or a directory */
    int64_t max_log_count;   /* runs remembered; 0: all */
    int64_t max_log_size;    /* bytes of output remembered of each; 0: all */
};
extern const struct json_type health_config_type;

#define HEALTH_INTERVAL (30 * NSEC_PER_SEC)
#define HEALTH_TIMEOUT  (30 * NSEC_PER_SEC)
enum { HEALTH_RETRIES = 3, HEALTH_LOG_COUNT = 5, HEALTH_LOG_SIZE = 500 };

bool health_has_check(const struct health_config *h);
/* The command of @test, in @a. */
char **health_command(struct arena *a, char *const *test);

/* One run; the file `health` in the run directory holds a struct health_state. */
struct health_run {
    int64_t start, end; /* ns since the epoch */
    int64_t exit_code;
    char *output;
};
struct health_state {
    char *status; /* "starting", "healthy", "unhealthy" */
    int64_t failing_streak;
    JSON_LIST(struct health_run) log; /* oldest first */
};
extern const struct json_type health_state_type;
