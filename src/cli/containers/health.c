/* podman healthcheck run; the options about health checks */
#include "cli/containers/health.h"

#include "base/parse.h"
#include "cli/containers/commands.h"
#include "engine/health.h"

#include "base/banned.h"

/* ---------- options ---------- */

static int duration(struct cmd_ctx *x, const char *name, const char *text, int64_t least,
                    int64_t *ret)
{
    int64_t v;

    if (!cmd_given(x, name))
        return 0;
    if (parse_duration(text, &v) < 0)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "invalid %s: time: invalid duration \"%s\"",
                       name, text);
    if (v < least)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       least ? "%s must be at least 1 second" : "%s must be 0 seconds or greater",
                       name);
    *ret = v;
    return 0;
}

/* "disable": no timer; kept as -1, for 0 is what was not given. */
static int interval(struct cmd_ctx *x, const char *name, const char *text, int64_t *ret)
{
    if (cmd_given(x, name) && STR_IN(text, "disable", "0", "0s")) {
        *ret = -1;
        return 0;
    }
    return duration(x, name, text, 0, ret);
}

static int fill_times(struct cmd_ctx *x, const struct health_args *o, struct health_config *h)
{
    int r = interval(x, "health-interval", o->interval, &h->interval);

    if (r == 0)
        r = duration(x, "health-timeout", o->timeout, NSEC_PER_SEC, &h->timeout);
    if (r == 0)
        r = duration(x, "health-start-period", o->start_period, 0, &h->start_period);
    if (r == 0)
        r = interval(x, "health-startup-interval", o->startup_interval, &h->startup_interval);
    return r < 0 ? r
                 : duration(x, "health-startup-timeout", o->startup_timeout, NSEC_PER_SEC,
                            &h->startup_timeout);
}

bool health_given(const struct cmd_ctx *x)
{
    static const char *const names[] = { "health-cmd",
                                         "health-interval",
                                         "health-log-destination",
                                         "health-max-log-count",
                                         "health-max-log-size",
                                         "health-on-failure",
                                         "health-retries",
                                         "health-start-period",
                                         "health-startup-cmd",
                                         "health-startup-interval",
                                         "health-startup-retries",
                                         "health-startup-success",
                                         "health-startup-timeout",
                                         "health-timeout",
                                         "no-healthcheck" };
    bool any = false;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        any |= cmd_given(x, names[i]);
    return any;
}

int health_fill(struct cmd_ctx *x, const struct health_args *o, struct health_config *h)
{
    if (o->none && o->cmd)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "cannot specify both --no-healthcheck and --health-cmd");
    if (o->none)
        h->test = strv_add(x->arena, NULL, "NONE");
    if (o->cmd && !*o->cmd)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "must define a healthcheck command for all healthchecks");
    if (o->cmd)
        h->test = option_health_command(x->arena, o->cmd);
    if (o->startup_cmd)
        h->startup_test = option_health_command(x->arena, o->startup_cmd);
    if (cmd_given(x, "health-retries") && o->retries < 1)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "healthcheck-retries must be greater than 0");
    if (cmd_given(x, "health-retries"))
        h->retries = (int64_t)o->retries;
    /* These have no value that means "not given": they are taken from the options as a whole. */
    if (cmd_given(x, "health-max-log-count") || !h->log_destination)
        h->max_log_count = (int64_t)o->max_log_count;
    if (cmd_given(x, "health-max-log-size") || !h->log_destination)
        h->max_log_size = (int64_t)o->max_log_size;
    if (cmd_given(x, "health-startup-retries"))
        h->startup_retries = (int64_t)o->startup_retries;
    if (cmd_given(x, "health-startup-success"))
        h->startup_success = (int64_t)o->startup_success;
    if (cmd_given(x, "health-on-failure"))
        h->on_failure = o->on_failure;
    if (cmd_given(x, "health-log-destination"))
        h->log_destination = o->log_destination;
    return fill_times(x, o, h);
}

/* ---------- healthcheck run ---------- */

struct run_args {
    bool ignore;
};

static int healthcheck_run(struct cmd_ctx *x, void *args)
{
    const struct run_args *o = args;
    struct engine *e = cmd_engine(x);
    struct container c;
    int64_t code = 0;
    char *status = NULL;
    int r = e ? container_find(e, x->arena, x->args[0], &c, x->err) : -EIO;

    if (r == 0)
        r = container_health_run(e, x->arena, &c, &code, &status, x->err);
    if (r < 0 || code == 0)
        return r;
    puts(STR_EQ(status, "healthy") ? "unhealthy" : status);
    return o->ignore ? 0 : 1;
}

static const struct opt run_opts[] = {
    O_BOOL(0, "ignore-result", struct run_args, ignore, "Exit with 0, whatever the result"),
    { 0 },
};
static const struct opt *const run_tables[] = { run_opts, NULL };
static const struct cmd cmd_healthcheck_run = {
    .name = "run",
    .summary = "Run the health check of a container",
    .usage = "[options] CONTAINER",
    .description =
        "Runs the healthcheck of a container. The exit code is 0 when it succeeds, and 1 when it "
        "fails; then the container's status is printed.",
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_CONTAINER_RUNNING,
    .opts = run_tables,
    .args_size = sizeof(struct run_args),
    .run = healthcheck_run,
};
static const struct cmd *const subs[] = { &cmd_healthcheck_run, NULL };
const struct cmd cmd_healthcheck = {
    .name = "healthcheck",
    .summary = "Manage health checks on containers",
    .description = "Run health checks on containers",
    .subs = subs,
};
