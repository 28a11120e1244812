/* podman update: limits, ports, policy of a container, also while it runs */
#include "cli/containers/commands.h"
#include "cli/containers/create.h"
#include "cli/containers/select.h"
#include "engine/networks.h"
#include "engine/update.h"

#include "base/banned.h"

struct update_args {
    struct create_args c; /* first: limit_opts[] fill it */
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
    O_STRV('e', "env", struct update_args, c.env, "key[=value]",
           "Set environment variables in the container"),
    O_SLICE(0, "ulimit", struct update_args, c.ulimit, "name=soft[:hard]", "Ulimit options"),
    O_STRV(0, "unsetenv", struct update_args, unsetenv, "env",
           "Unset environment default variables in container"),
    HEALTH_OPTS(struct update_args, c.health),
    { 0 },
};
static const struct opt *const update_tables[] = { update_opts, limit_opts, NULL };
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
