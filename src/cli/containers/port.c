/* podman port */
#include <inttypes.h>

#include "base/parse.h"
#include "cli/containers/commands.h"
#include "cli/containers/select.h"
#include "engine/options_net.h"

#include "base/banned.h"

static void print_port(const struct container_port *p, int64_t i, bool inside)
{
    const char *host = p->host_ip ? p->host_ip : "0.0.0.0";
    bool six = strchr(host, ':') != NULL;

    if (inside)
        printf("%" PRId64 "/%s -> ", p->container_port + i, p->protocol);
    printf("%s%s%s:%" PRId64 "\n", six ? "[" : "", host, six ? "]" : "", p->host_port + i);
}

static int print_ports(struct cmd_ctx *x, const struct container *c,
                       const struct container_port *only, bool with_id)
{
    bool found = false;

    for (size_t i = 0; i < c->config.ports.n; i++) {
        const struct container_port *p = &c->config.ports.items[i];
        for (int64_t k = 0; k < p->range; k++) {
            if (only && (only->container_port != p->container_port + k ||
                         !STR_EQ(only->protocol, p->protocol)))
                continue;
            if (with_id)
                printf("%.12s\t", c->config.id);
            print_port(p, k, !only);
            found = true;
        }
    }
    if (only && !found)
        return err_set(x->err, ERR_NOT_FOUND, ENOENT,
                       "failed to find published port \"%" PRId64 "/%s\"", only->container_port,
                       only->protocol);
    return 0;
}

static int port_run(struct cmd_ctx *x, void *args)
{
    struct select_args *s = args;
    struct target_list list = { 0 };
    struct container_port only;
    char *wanted = NULL;
    int code = 0;

    if (s->all && (x->nargs || s->latest))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--all, --latest and a container name cannot be used together");
    if (x->nargs > (s->latest ? 1 : 2))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "`podman port` takes a container and a port");
    if (!s->all && x->nargs == (s->latest ? 1 : 2)) {
        wanted = x->args[--x->nargs];
        x->args[x->nargs] = NULL;
        int r = option_publish(x->arena, wanted, &only, x->err);
        if (r < 0)
            return r;
    }
    int r = select_targets(x, s, true, &list, &code);
    for (size_t i = 0; r == 0 && i < list.n; i++)
        r = print_ports(x, &list.items[i].c, wanted ? &only : NULL, s->all);
    return r < 0 ? r : code;
}

static const struct opt port_opts[] = {
    O_BOOL('a', "all", struct select_args, all, "Display port information for all containers"),
    O_BOOL('l', "latest", struct select_args, latest,
           "Act on the latest container podman is aware of"),
    { 0 },
};
static const struct opt *const port_tables[] = { port_opts, NULL };
static const char *const port_examples[] = { "podman port --all", "podman port web 80/tcp", NULL };
const struct cmd cmd_port = {
    .name = "port",
    .summary = "List port mappings or a specific mapping for the container",
    .usage = "[options] CONTAINER [PORT]",
    .description = "Lists the published ports of a container, or where one of them is published.",
    .examples = port_examples,
    .max_args = 2,
    .complete = COMPLETE_CONTAINER,
    .opts = port_tables,
    .args_size = sizeof(struct select_args),
    .run = port_run,
};
