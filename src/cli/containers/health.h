/* cli/containers/health.h: the options about health checks, of run, create and update. */
#pragma once

#include "cli/cmd.h"
#include "spec/health.h"

struct health_args {
    char *cmd, *interval, *timeout, *start_period, *on_failure, *log_destination;
    char *startup_cmd, *startup_interval, *startup_timeout;
    uint64_t retries, max_log_count, max_log_size, startup_retries, startup_success;
    bool none;
};

/* Rows of a table of struct T whose member @f is a struct health_args. */
#define HEALTH_OPTS(T, f)                                                                          \
    O_STR(                                                                                         \
        0, "health-cmd", T, f.cmd, "command",                                                      \
        "Set a healthcheck command for the container ('none' disables the existing healthcheck)"), \
        O_STR(0, "health-interval", T, f.interval, "interval",                                     \
              "Set an interval for the healthcheck. (a value of disable results in no automatic "  \
              "timer setup)",                                                                      \
              .def = "30s"),                                                                       \
        O_STR(0, "health-log-destination", T, f.log_destination, "directory",                      \
              "Set the destination of the HealthCheck log: local, events_logger or a directory",   \
              .def = "local"),                                                                     \
        O_UINT(0, "health-max-log-count", T, f.max_log_count, "number",                            \
               "Set maximum number of attempts in the HealthCheck log file ('0' value means an "   \
               "infinite number of attempts in the log file)",                                     \
               .def = "5"),                                                                        \
        O_UINT(0, "health-max-log-size", T, f.max_log_size, "bytes",                               \
               "Set maximum length in characters of stored HealthCheck log ('0' value means an "   \
               "infinite log length)",                                                             \
               .def = "500"),                                                                      \
        O_STR(0, "health-on-failure", T, f.on_failure, "action",                                   \
              "Action to take once the container turns unhealthy", .def = "none",                  \
              .choices = "none|kill|restart|stop"),                                                \
        O_UINT(0, "health-retries", T, f.retries, "number",                                        \
               "The number of retries allowed before a healthcheck is considered to be unhealthy", \
               .def = "3"),                                                                        \
        O_STR(0, "health-start-period", T, f.start_period, "period",                               \
              "The initialization time needed for a container to bootstrap", .def = "0s"),         \
        O_STR(0, "health-startup-cmd", T, f.startup_cmd, "command",                                \
              "Set a startup healthcheck command for the container"),                              \
        O_STR(0, "health-startup-interval", T, f.startup_interval, "interval",                     \
              "Set an interval for the startup healthcheck", .def = "30s"),                        \
        O_UINT(0, "health-startup-retries", T, f.startup_retries, "number",                        \
               "Set the maximum number of retries before the startup healthcheck will restart "    \
               "the container"),                                                                   \
        O_UINT(0, "health-startup-success", T, f.startup_success, "number",                        \
               "Set the number of consecutive successes before the startup healthcheck is marked " \
               "as successful and the normal healthcheck begins (0 indicates any success will "    \
               "start the regular healthcheck)"),                                                  \
        O_STR(0, "health-startup-timeout", T, f.startup_timeout, "timeout",                        \
              "Set the maximum amount of time that the startup healthcheck may take before it is " \
              "considered failed",                                                                 \
              .def = "30s"),                                                                       \
        O_STR(0, "health-timeout", T, f.timeout, "timeout",                                        \
              "The maximum time allowed to complete the healthcheck before an interval is "        \
              "considered failed",                                                                 \
              .def = "30s"),                                                                       \
        O_BOOL(0, "no-healthcheck", T, f.none, "Disable healthchecks on container")

/* What was given, into @h; the rest of it stays. */
int health_fill(struct cmd_ctx *x, const struct health_args *o, struct health_config *h);
/* Was any of them given? */
bool health_given(const struct cmd_ctx *x);
