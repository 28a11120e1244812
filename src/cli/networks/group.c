/* podman network: the group; exists, rm, prune, connect, disconnect, update, reload */
#include "cli/networks/commands.h"

#include "cli/containers/select.h"
#include "engine/networks.h"
#include "engine/options_net.h"

#include "base/banned.h"

extern const struct cmd cmd_network_create, cmd_network_ls, cmd_network_inspect;

/* ---------- exists ---------- */

static int exists_run(struct cmd_ctx *x, void *args)
{
    struct network n;
    struct engine *e = cmd_engine(x);

    (void)args;
    if (!e)
        return -EIO;
    int r = networks_find(e, x->arena, x->args[0], &n, x->err);
    if (r < 0 && x->err->kind == ERR_NOT_FOUND) {
        err_clear(x->err);
        return 1;
    }
    return r;
}

static const struct cmd cmd_exists = {
    .name = "exists",
    .summary = "Check if network exists",
    .usage = "NETWORK",
    .description = "Tells with its exit code whether a network is known: 0 when it is, 1 when it "
                   "is not.",
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_NETWORK,
    .run = exists_run,
};

/* ---------- rm ---------- */

struct rm_args {
    bool force;
    int64_t time;
};

static int rm_run(struct cmd_ctx *x, void *args)
{
    const struct rm_args *o = args;
    struct engine *e = cmd_engine(x);
    int code = 0;

    if (!e)
        return -EIO;
    if (cmd_given(x, "time") && !o->force)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--force option must be specified to use the --time option");
    for (char **n = x->args; *n; n++) {
        int r = networks_remove(e, x->arena, *n, o->force, cmd_given(x, "time") ? o->time : -2,
                                x->err);
        if (r == 0) {
            puts(*n);
            continue;
        }
        if (x->err->kind == ERR_NOT_FOUND && o->force) {
            err_clear(x->err);
            continue;
        }
        /* exitcodes.tsv: 1 no such network, 2 in use, 125 the rest */
        int this = x->err->kind == ERR_NOT_FOUND ? 1 : x->err->kind == ERR_IN_USE ? 2 : 125;
        code = MAX(code, this);
        print_error(x->err);
    }
    return code;
}

static const struct opt rm_opts[] = {
    O_BOOL('f', "force", struct rm_args, force, "Remove any containers using network"),
    O_INT('t', "time", struct rm_args, time, "seconds",
          "Seconds to wait for running containers to stop before killing the container"),
    O_INT(0, "timeout", struct rm_args, time, "seconds", "Seconds to wait", .flags = OPTF_HIDDEN),
    { 0 },
};
static const struct opt *const rm_tables[] = { rm_opts, NULL };
static const char *const rm_aliases[] = { "remove", NULL };
static const struct cmd cmd_rm_network = {
    .name = "rm",
    .aliases = rm_aliases,
    .summary = "Remove networks",
    .usage = "[options] NETWORK [NETWORK...]",
    .description = "Removes one or more existing networks.",
    .min_args = 1,
    .max_args = -1,
    .complete = COMPLETE_NETWORK,
    .opts = rm_tables,
    .args_size = sizeof(struct rm_args),
    .run = rm_run,
};

/* ---------- prune ---------- */

struct prune_args {
    char **filter;
    bool force;
};

static int prune_run(struct cmd_ctx *x, void *args)
{
    const struct prune_args *o = args;
    struct engine *e = cmd_engine(x);
    char **names = NULL;

    if (!e)
        return -EIO;
    if (!o->force && !cmd_confirmed("WARNING! This will remove all networks not used by at least "
                                    "one container."))
        return 0;
    int r = networks_prune(e, x->arena, o->filter, &names, x->err);
    for (; names && *names; names++)
        puts(*names);
    return r;
}

static const struct opt prune_opts[] = {
    O_STRV(0, "filter", struct prune_args, filter, "key=value",
           "Provide filter values (e.g. 'label=<key>=<value>')"),
    O_BOOL('f', "force", struct prune_args, force, "Do not prompt for confirmation"),
    { 0 },
};
static const struct opt *const prune_tables[] = { prune_opts, NULL };
static const struct cmd cmd_prune = {
    .name = "prune",
    .summary = "Prune unused networks",
    .usage = "[options]",
    .description = "Removes networks that no container has.",
    .opts = prune_tables,
    .args_size = sizeof(struct prune_args),
    .run = prune_run,
};

/* ---------- connect, disconnect ---------- */

struct connect_args {
    char **alias;
    char *ip, *ip6, *mac_address;
};

static int connect_run(struct cmd_ctx *x, void *args)
{
    const struct connect_args *o = args;
    struct container_network how = { .aliases = o->alias, .mac = o->mac_address };
    struct engine *e = cmd_engine(x);
    int r = 0;

    if (!e)
        return -EIO;
    for (int i = 0; r == 0 && i < 2; i++) {
        const char *ip = i ? o->ip6 : o->ip;
        if (!ip)
            continue;
        r = option_ip(ip, 0, x->err);
        how.ips = strv_add(x->arena, how.ips, ip);
    }
    if (r == 0 && how.mac)
        r = option_mac(how.mac, x->err);
    return r < 0 ? r : networks_connect(e, x->arena, x->args[0], x->args[1], &how, x->err);
}

static const struct opt connect_opts[] = {
    O_SLICE(0, "alias", struct connect_args, alias, "name", "Network scoped alias for container"),
    O_STR(0, "ip", struct connect_args, ip, "ip",
          "Set a static IPv4 address for this container network"),
    O_STR(0, "ip6", struct connect_args, ip6, "ip",
          "Set a static IPv6 address for this container network"),
    O_STR(0, "mac-address", struct connect_args, mac_address, "address",
          "Set a static MAC address for this container network"),
    { 0 },
};
static const struct opt *const connect_tables[] = { connect_opts, NULL };
static const struct cmd cmd_connect = {
    .name = "connect",
    .summary = "Add container to a network",
    .usage = "[options] NETWORK CONTAINER",
    .description = "Adds a container to a network; one that runs gets its interface at once.",
    .min_args = 2,
    .max_args = 2,
    .complete = COMPLETE_NETWORK,
    .opts = connect_tables,
    .args_size = sizeof(struct connect_args),
    .run = connect_run,
};

struct disconnect_args {
    bool force;
};

static int disconnect_run(struct cmd_ctx *x, void *args)
{
    const struct disconnect_args *o = args;
    struct engine *e = cmd_engine(x);

    return e ? networks_disconnect(e, x->arena, x->args[0], x->args[1], o->force, x->err) : -EIO;
}

static const struct opt disconnect_opts[] = {
    O_BOOL('f', "force", struct disconnect_args, force,
           "Force removal of container from network even when its interface cannot be removed"),
    { 0 },
};
static const struct opt *const disconnect_tables[] = { disconnect_opts, NULL };
static const struct cmd cmd_disconnect = {
    .name = "disconnect",
    .summary = "Disconnect a container from a network",
    .usage = "[options] NETWORK CONTAINER",
    .description = "Removes a container from a network; one that runs loses its interface at once.",
    .min_args = 2,
    .max_args = 2,
    .complete = COMPLETE_NETWORK,
    .opts = disconnect_tables,
    .args_size = sizeof(struct disconnect_args),
    .run = disconnect_run,
};

/* ---------- update, reload ---------- */

struct update_args {
    char **dns_add, **dns_drop;
};

static int update_run(struct cmd_ctx *x, void *args)
{
    const struct update_args *o = args;
    struct engine *e = cmd_engine(x);

    int r = e ? networks_update(e, x->arena, x->args[0], o->dns_add, o->dns_drop, x->err) : -EIO;
    if (r == 0)
        puts(x->args[0]);
    return r;
}

static const struct opt update_opts[] = {
    O_SLICE(0, "dns-add", struct update_args, dns_add, "ip", "Add network level nameservers"),
    O_SLICE(0, "dns-drop", struct update_args, dns_drop, "ip", "Remove network level nameservers"),
    { 0 },
};
static const struct opt *const update_tables[] = { update_opts, NULL };
static const struct cmd cmd_update = {
    .name = "update",
    .summary = "Update an existing podman network",
    .usage = "[options] NETWORK",
    .description = "Changes the DNS servers of a network; what runs on it asks the new ones at "
                   "once.",
    .min_args = 1,
    .max_args = 1,
    .complete = COMPLETE_NETWORK,
    .opts = update_tables,
    .args_size = sizeof(struct update_args),
    .run = update_run,
};

static int reload_one(struct cmd_ctx *x, struct target *t, void *arg)
{
    return networks_reload(cmd_engine(x), &t->c, arg, x->err);
}

static int reload_run(struct cmd_ctx *x, void *args)
{
    struct select_args *s = args;
    struct target_list list = { 0 };
    int code = 0;
    bool done = false;

    int r = select_targets(x, s, true, &list, &code);
    return r < 0 ? r : for_targets(x, &list, code, reload_one, &done);
}

static const struct opt reload_opts[] = {
    O_BOOL('a', "all", struct select_args, all, "Reload network configuration of all containers"),
    O_BOOL('l', "latest", struct select_args, latest,
           "Act on the latest container podman is aware of"),
    { 0 },
};
static const struct opt *const reload_tables[] = { reload_opts, NULL };
static const struct cmd cmd_reload = {
    .name = "reload",
    .summary = "Reload firewall rules for one or more containers",
    .usage = "[options] [CONTAINER...]",
    .description = "Makes bridges and firewall rules of containers anew, after another program has "
                   "taken them away.",
    .max_args = -1,
    .complete = COMPLETE_CONTAINER_RUNNING,
    .opts = reload_tables,
    .args_size = sizeof(struct select_args),
    .run = reload_run,
};

static const struct cmd *const network_subs[] = {
    &cmd_connect,
    &cmd_network_create,
    &cmd_disconnect,
    &cmd_exists,
    &cmd_network_inspect,
    &cmd_network_ls,
    &cmd_prune,
    &cmd_reload,
    &cmd_rm_network,
    &cmd_update,
    NULL,
};
const struct cmd cmd_network = {
    .name = "network",
    .summary = "Manage networks",
    .description = "Manage networks",
    .subs = network_subs,
};
