/* podman update: limits, ports, policy of a container, also while it runs */
#include "cli/containers/commands.h"
#include "cli/containers/create.h"
#include "cli/containers/select.h"
#include "engine/networks.h"
#include "engine/update.h"

#include "base/banned.h"

struct update_args {
    struct create_args c; /* the options that create has too */
    char **publish_add, **publish_rm, **unsetenv;
    bool latest;
};

static int change(struct cmd_ctx *x, struct engine *e, const struct update_args *o,
                  const struct container *c)
{
    struct container_changes what = {
        .restart = o->c.restart, .env = o->c.env, .unsetenv = o->unsetenv, .ulimits = o->c.ulimit
    };
    struct health_config health = c->config.health;
    int r = create_fill_resources(x, &o->c, &what.resources);

    if (r == 0 && health_given(x)) {
        r = health_fill(x, &o->c.health, &health);
        what.health = &health;
    }
    return r < 0 ? r : container_update(e, x->arena, c, &what, x->err);
}

static int update_run(struct cmd_ctx *x, void *args)
{
    const struct update_args *o = args;
    struct engine *e = cmd_engine(x);
    struct container c;

    if (!e)
        return -EIO;
    if (o->latest == (x->nargs > 0))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       o->latest ? "--latest and containers cannot be used together"
                                 : "update requires a container's name or ID");
    int r = o->latest ? container_latest(e, x->arena, &c, x->err)
                      : container_find(e, x->arena, x->args[0], &c, x->err);
    if (r == 0 && (o->publish_add || o->publish_rm))
        r = networks_publish(e, x->arena, c.config.id, o->publish_add, o->publish_rm, x->err);
    if (r == 0)
        r = change(x, e, o, &c);
    if (r == 0)
        puts(c.config.id);
    return r;
}

static const struct opt update_opts[] = {
    O_BOOL('l', "latest", struct update_args, latest,
           "Act on the latest container podman is aware of"),
    O_STRV(0, "publish-add", struct update_args, publish_add, "port",
           "Publish one more port ([[host-ip:][host-port]:]port[/protocol]), also while the "
           "container runs"),
    O_STRV(0, "publish-rm", struct update_args, publish_rm, "port",
           "Publish a port no longer (as it was published, or one of its ends)"),
    O_STR(0, "blkio-weight", struct update_args, c.blkio_weight, "weight",
          "Block IO weight (relative weight) accepts a weight value between 10 and 1000"),
    O_STRV(0, "blkio-weight-device", struct update_args, c.blkio_weight_device, "device:weight",
           "Block IO weight (relative device weight, format: DEVICE_NAME:WEIGHT)"),
    O_UINT(0, "cpu-period", struct update_args, c.cpu_period, "microseconds",
           "Limit the CPU CFS (Completely Fair Scheduler) period"),
    O_INT(0, "cpu-quota", struct update_args, c.cpu_quota, "microseconds",
          "Limit the CPU CFS (Completely Fair Scheduler) quota"),
    O_UINT(0, "cpu-rt-period", struct update_args, c.cpu_rt_period, "microseconds",
           "Limit the CPU real-time period in microseconds"),
    O_INT(0, "cpu-rt-runtime", struct update_args, c.cpu_rt_runtime, "microseconds",
          "Limit the CPU real-time runtime in microseconds"),
    O_UINT('c', "cpu-shares", struct update_args, c.cpu_shares, "shares",
           "CPU shares (relative weight)"),
    O_F64(0, "cpus", struct update_args, c.cpus, "number", "Number of CPUs that may be used"),
    O_STR(0, "cpuset-cpus", struct update_args, c.cpuset_cpus, "list",
          "CPUs in which to allow execution (0-3, 0,1)"),
    O_STR(0, "cpuset-mems", struct update_args, c.cpuset_mems, "list",
          "Memory nodes (MEMs) in which to allow execution (0-3, 0,1)"),
    O_STRV(0, "device-read-bps", struct update_args, c.device_read_bps, "path:rate",
           "Limit read rate (bytes per second) from a device (e.g. /dev/sda:1mb)"),
    O_STRV(0, "device-read-iops", struct update_args, c.device_read_iops, "path:rate",
           "Limit read rate (IO per second) from a device (e.g. /dev/sda:1000)"),
    O_STRV(0, "device-write-bps", struct update_args, c.device_write_bps, "path:rate",
           "Limit write rate (bytes per second) to a device (e.g. /dev/sda:1mb)"),
    O_STRV(0, "device-write-iops", struct update_args, c.device_write_iops, "path:rate",
           "Limit write rate (IO per second) to a device (e.g. /dev/sda:1000)"),
    O_STRV('e', "env", struct update_args, c.env, "key[=value]",
           "Set environment variables in the container"),
    O_STR('m', "memory", struct update_args, c.memory, "bytes",
          "Memory limit (format: <number>[<unit>], where unit = b, k, m, or g)"),
    O_STR(0, "memory-reservation", struct update_args, c.memory_reservation, "bytes",
          "Memory soft limit"),
    O_STR(0, "memory-swap", struct update_args, c.memory_swap, "bytes",
          "Swap limit equal to memory plus swap: -1 to enable unlimited swap"),
    O_INT(0, "memory-swappiness", struct update_args, c.memory_swappiness, "0-100",
          "Tune container memory swappiness (0 to 100, or -1)", .def = "-1"),
    O_INT(0, "pids-limit", struct update_args, c.pids_limit, "number",
          "Tune container pids limit (set -1 for unlimited)"),
    O_STR(0, "restart", struct update_args, c.restart, "policy",
          "Restart policy to apply when a container exits "
          "(\"always\"|\"no\"|\"never\"|\"on-failure\"|\"unless-stopped\")",
          .choices = "always|no|never|on-failure|on-failure:|unless-stopped",
          .flags = OPTF_OPEN_CHOICE),
    O_SLICE(0, "ulimit", struct update_args, c.ulimit, "name=soft[:hard]", "Ulimit options"),
    O_STRV(0, "unsetenv", struct update_args, unsetenv, "env",
           "Unset environment default variables in container"),
    HEALTH_OPTS(struct update_args, c.health),
    { 0 },
};
static const struct opt *const update_tables[] = { update_opts, NULL };
static const char *const examples[] = {
    "podman update --cpus=0.5 --memory 64m ctrID", "podman update --publish-add 8080:80 web",
    "podman update --publish-rm 8080:80 --publish-add 8080:8000 web", NULL
};
const struct cmd cmd_update = {
    .name = "update",
    .summary = "Update an existing container",
    .usage = "[options] CONTAINER",
    .description = "Updates the configuration of an existing container: limits and restart policy "
                   "are in force "
                   "at once, environment and ulimits from its next start. Ports are published "
                   "and withdrawn while it runs: its other ports and the connections that stand "
                   "are left alone.",
    .examples = examples,
    .max_args = 1,
    .complete = COMPLETE_CONTAINER,
    .opts = update_tables,
    .args_size = sizeof(struct update_args),
    .run = update_run,
};
