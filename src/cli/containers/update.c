/* podman update: limits, restart policy and ports of a container, also while it runs */
#include "cli/containers/commands.h"
#include "cli/containers/create.h"
#include "cli/containers/select.h"
#include "engine/networks.h"

#include "base/banned.h"

struct update_args {
    struct create_args limits; /* first: limit_opts[] fill it */
    char **publish_add, **publish_rm;
    char **env, **unsetenv;
    bool latest;
    char *unused;
    char **unused_list;
    uint64_t unused_number;
    bool unused_bool;
};

static bool any_limit_given(const struct cmd_ctx *x)
{
    for (const struct opt *o = limit_opts; o->kind != OPT_END; o++)
        if (!STR_EQ(o->name, "restart") && cmd_given(x, o->name))
            return true;
    return false;
}

static int find(struct cmd_ctx *x, const struct update_args *o, struct container *ret)
{
    struct engine *e = cmd_engine(x);

    if (!e)
        return -EIO;
    if (o->latest == (x->nargs > 0))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       o->latest ? "--latest and containers cannot be used together"
                                 : "update requires a container's name or ID");
    return o->latest ? container_latest(e, x->arena, ret, x->err)
                     : container_find(e, x->arena, x->args[0], ret, x->err);
}

static int update_run(struct cmd_ctx *x, void *args)
{
    const struct update_args *o = args;
    struct container_update u = { .restart = o->limits.restart,
                                  .any_limit = any_limit_given(x),
                                  .env = o->env,
                                  .env_unset = o->unsetenv };
    struct container c;
    int r = find(x, o, &c);

    if (r == 0)
        r = create_fill_limits(x, &o->limits, &u.resources);
    if (r == 0 && (u.restart || u.any_limit || u.env || u.env_unset))
        r = container_update(cmd_engine(x), x->arena, &c, &u, x->err);
    if (r == 0 && (o->publish_add || o->publish_rm))
        r = networks_publish(cmd_engine(x), x->arena, c.config.id, o->publish_add, o->publish_rm,
                             x->err);
    if (r == 0)
        puts(c.config.id);
    return r;
}

static const struct opt update_opts[] = {
    O_BOOL('l', "latest", struct update_args, latest,
           "Act on the latest container podman is aware of"),
    O_STRV('e', "env", struct update_args, env, "NAME=value",
           "Set an environment variable, from the next start on"),
    O_STRV(0, "unsetenv", struct update_args, unsetenv, "NAME",
           "Unset an environment variable, from the next start on"),
    O_STRV(0, "publish-add", struct update_args, publish_add, "port",
           "Publish one more port ([[host-ip:][host-port]:]port[/protocol]), also while the "
           "container runs"),
    O_STRV(0, "publish-rm", struct update_args, publish_rm, "port",
           "Publish a port no longer (as it was published, or one of its ends)"),
    O_STR(0, "health-cmd", struct update_args, unused, "value", "Podman's; not built",
          .flags = OPTF_UNSUPPORTED),
    O_STR(0, "health-interval", struct update_args, unused, "value", "Podman's; not built",
          .flags = OPTF_UNSUPPORTED),
    O_STR(0, "health-log-destination", struct update_args, unused, "value", "Podman's; not built",
          .flags = OPTF_UNSUPPORTED),
    O_UINT(0, "health-max-log-count", struct update_args, unused_number, "value",
           "Podman's; not built", .flags = OPTF_UNSUPPORTED),
    O_UINT(0, "health-max-log-size", struct update_args, unused_number, "value",
           "Podman's; not built", .flags = OPTF_UNSUPPORTED),
    O_STR(0, "health-on-failure", struct update_args, unused, "value", "Podman's; not built",
          .flags = OPTF_UNSUPPORTED),
    O_UINT(0, "health-retries", struct update_args, unused_number, "value", "Podman's; not built",
           .flags = OPTF_UNSUPPORTED),
    O_STR(0, "health-start-period", struct update_args, unused, "value", "Podman's; not built",
          .flags = OPTF_UNSUPPORTED),
    O_STR(0, "health-startup-cmd", struct update_args, unused, "value", "Podman's; not built",
          .flags = OPTF_UNSUPPORTED),
    O_STR(0, "health-startup-interval", struct update_args, unused, "value", "Podman's; not built",
          .flags = OPTF_UNSUPPORTED),
    O_UINT(0, "health-startup-retries", struct update_args, unused_number, "value",
           "Podman's; not built", .flags = OPTF_UNSUPPORTED),
    O_UINT(0, "health-startup-success", struct update_args, unused_number, "value",
           "Podman's; not built", .flags = OPTF_UNSUPPORTED),
    O_STR(0, "health-startup-timeout", struct update_args, unused, "value", "Podman's; not built",
          .flags = OPTF_UNSUPPORTED),
    O_STR(0, "health-timeout", struct update_args, unused, "value", "Podman's; not built",
          .flags = OPTF_UNSUPPORTED),
    O_BOOL(0, "no-healthcheck", struct update_args, unused_bool, "Podman's; not built",
           .flags = OPTF_UNSUPPORTED),
    O_SLICE(0, "ulimit", struct update_args, unused_list, "value", "Podman's; not built",
            .flags = OPTF_UNSUPPORTED),
    { 0 },
};
static const struct opt *const update_tables[] = { update_opts, limit_opts, NULL };
static const char *const examples[] = {
    "podman update --cpus=5 --memory 1g foobar_container", "podman update --restart always web",
    "podman update --publish-add 8080:80 web",
    "podman update --publish-rm 8080:80 --publish-add 8080:8000 web", NULL
};
const struct cmd cmd_update = {
    .name = "update",
    .summary = "Update an existing container",
    .usage = "[options] CONTAINER",
    .description = "Changes limits, restart policy and published ports of a container, also while "
                   "it runs. Other ports and the connections that stand are left alone.",
    .examples = examples,
    .max_args = 1,
    .complete = COMPLETE_CONTAINER,
    .opts = update_tables,
    .args_size = sizeof(struct update_args),
    .run = update_run,
};
