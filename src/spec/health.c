#include "spec/health.h"

#include "base/banned.h"

#define H struct health_config
static const struct json_field config_rows[] = {
    JF_STRV(H, test, "test", JF_OMIT_EMPTY),
    JF_I64(H, interval, "interval", JF_OMIT_EMPTY),
    JF_I64(H, timeout, "timeout", JF_OMIT_EMPTY),
    JF_I64(H, start_period, "start_period", JF_OMIT_EMPTY),
    JF_I64(H, retries, "retries", JF_OMIT_EMPTY),
    JF_STRV(H, startup_test, "startup_test", JF_OMIT_EMPTY),
    JF_I64(H, startup_interval, "startup_interval", JF_OMIT_EMPTY),
    JF_I64(H, startup_timeout, "startup_timeout", JF_OMIT_EMPTY),
    JF_I64(H, startup_retries, "startup_retries", JF_OMIT_EMPTY),
    JF_I64(H, startup_success, "startup_success", JF_OMIT_EMPTY),
    JF_STR(H, on_failure, "on_failure", JF_OMIT_EMPTY),
    JF_STR(H, log_destination, "log_destination", JF_OMIT_EMPTY),
    JF_I64(H, max_log_count, "max_log_count", JF_OMIT_EMPTY),
    JF_I64(H, max_log_size, "max_log_size", JF_OMIT_EMPTY),
    { 0 },
};
#undef H
const struct json_type health_config_type = JSON_TYPE(struct health_config, config_rows);

static const struct json_field run_rows[] = {
    JF_TIME(struct health_run, start, "Start", 0),
    JF_TIME(struct health_run, end, "End", 0),
    JF_I64(struct health_run, exit_code, "ExitCode", 0),
    JF_STR(struct health_run, output, "Output", 0),
    { 0 },
};
static const struct json_type run_type = JSON_TYPE(struct health_run, run_rows);

static const struct json_field state_rows[] = {
    JF_STR(struct health_state, status, "Status", 0),
    JF_I64(struct health_state, failing_streak, "FailingStreak", 0),
    JF_LIST(struct health_state, log, "Log", 0, &run_type),
    { 0 },
};
const struct json_type health_state_type = JSON_TYPE(struct health_state, state_rows);

bool health_has_check(const struct health_config *h)
{
    return h->test && h->test[0] && !STR_EQ(h->test[0], "NONE");
}

char **health_command(struct arena *a, char *const *test)
{
    if (!test || !test[0])
        return NULL;
    if (!STR_EQ(test[0], "CMD-SHELL"))
        return strv_copy(a, test + (STR_EQ(test[0], "CMD") ? 1 : 0));
    return strv_concat(a, strv_add(a, strv_add(a, NULL, "/bin/sh"), "-c"), test + 1);
}
