/* podman start, init, restart, stop, kill, pause, unpause */
#include <signal.h>

#include "base/log.h"
#include "cli/containers/commands.h"
#include "cli/containers/select.h"
#include "engine/events.h"
#include "engine/options.h"

#include "base/banned.h"

/* The options that choose containers are the first member of every argument struct here. */
#define SELECT_ALL(T, what) O_BOOL('a', "all", T, sel.all, what)
#define SELECT_LATEST(T)                                                                           \
    O_BOOL('l', "latest", T, sel.latest, "Act on the latest container podman is aware of")
#define SELECT_CIDFILE(T)                                                                          \
    O_STRV(0, "cidfile", T, sel.cidfile, "path", "Read the container ID from the file",            \
           .complete = COMPLETE_FILE)
#define SELECT_FILTER(T)                                                                           \
    O_STRV('f', "filter", T, sel.filter, "key=value", "Filter the containers by condition")

/* ---------- start ---------- */

struct start_args {
    struct select_args sel;
    char *detach_keys;
    bool attach, interactive, sig_proxy;
};

static int start_one(struct cmd_ctx *x, struct target *t, void *arg)
{
    char **warnings = NULL;
    (void)arg;
    if (t->c.alive && t->c.status == CTR_RUNNING)
        return 0; /* as Podman: starting a running container is no error */
    int r = container_start(cmd_engine(x), x->arena, &t->c, false, NULL, &warnings, x->err);
    log_warnings(warnings);
    return r < 0 ? err_wrap(x->err, "unable to start container \"%s\"", t->c.config.id) : 0;
}

static int start_attached(struct cmd_ctx *x, const struct start_args *o, struct target *t)
{
    struct engine *e = cmd_engine(x);
    char **warnings = NULL;
    int sock = -EBADF, code = 0, r;

    if (t->c.alive && t->c.status == CTR_RUNNING)
        r = sock = container_attach_open(e, &t->c, x->err);
    else
        r = container_start(e, x->arena, &t->c, false, &sock, &warnings, x->err);
    if (r < 0)
        return err_wrap(x->err, "unable to start container %s", t->c.config.id);
    AUTO_CLOSE int owned = sock;
    log_warnings(warnings);
    struct container_attach io = {
        .in = o->interactive ? STDIN_FILENO : -1,
        .out = container_attaches(&t->c.config, "stdout") ? STDOUT_FILENO : -1,
        .err = container_attaches(&t->c.config, "stderr") ? STDERR_FILENO : -1,
        .sig_proxy = o->sig_proxy && !t->c.config.terminal,
        .detach_keys = o->detach_keys ? o->detach_keys : t->c.config.detach_keys,
    };
    enum container_attach_end end;
    r = container_attach_run(e, &t->c, owned, &io, &end, &code, x->err);
    if (r < 0)
        return r;
    if (end == CTR_ATTACH_DETACHED)
        return 0;
    if (container_cleanup(e, &t->c, t->c.config.auto_remove, false, x->err) < 0) {
        log_error("cleaning up container %s: %s", t->c.config.id, x->err->msg);
        err_clear(x->err);
    }
    return code & 0xff;
}

static int start_run(struct cmd_ctx *x, void *args)
{
    struct start_args *o = args;
    struct target_list list = { 0 };
    int code;

    if (o->sel.all && x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "either start all containers or the container(s) provided in the arguments");
    if ((o->attach || o->interactive) && (x->nargs > 1 || o->sel.all))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "you cannot start and attach multiple containers at once");
    int r = select_targets(x, &o->sel, false, &list, &code);
    if (r < 0)
        return r;
    if (o->attach || o->interactive)
        return list.n ? start_attached(x, o, &list.items[0]) : code;
    return for_targets(x, &list, code, start_one, NULL);
}

static const struct opt start_opts[] = {
    O_BOOL(0, "all", struct start_args, sel.all,
           "Start all containers regardless of their state or configuration"),
    O_BOOL('a', "attach", struct start_args, attach, "Attach container's STDOUT and STDERR"),
    O_STR(0, "detach-keys", struct start_args, detach_keys, "keys",
          "Key sequence for detaching from a container"),
    SELECT_FILTER(struct start_args),
    O_BOOL('i', "interactive", struct start_args, interactive,
           "Make STDIN available to the contained process"),
    SELECT_LATEST(struct start_args),
    O_BOOL(0, "sig-proxy", struct start_args, sig_proxy,
           "Proxy received signals to the process (default true if attaching, false otherwise)",
           .def = "true"),
    { 0 },
};
static const struct opt *const start_tables[] = { start_opts, NULL };
const struct cmd cmd_start = {
    .name = "start",
    .summary = "Start one or more containers",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .description = "Starts one or more containers. The container name or ID can be used.",
    .max_args = -1,
    .complete = COMPLETE_CONTAINER,
    .opts = start_tables,
    .args_size = sizeof(struct start_args),
    .run = start_run,
};

/* ---------- init ---------- */

static int init_one(struct cmd_ctx *x, struct target *t, void *arg)
{
    char **warnings = NULL;
    (void)arg;
    if (t->c.alive)
        return err_set(x->err, ERR_STATE, EEXIST,
                       "container %s has already been initialized: container state improper",
                       t->c.config.id);
    int r = container_start(cmd_engine(x), x->arena, &t->c, true, NULL, &warnings, x->err);
    log_warnings(warnings);
    return r;
}

struct simple_args {
    struct select_args sel;
};

static int init_run(struct cmd_ctx *x, void *args)
{
    struct simple_args *o = args;
    struct target_list list = { 0 };
    int code;
    int r = select_targets(x, &o->sel, false, &list, &code);

    if (r == 0 && o->sel.all) { /* those that can be */
        size_t kept = 0;
        for (size_t i = 0; i < list.n; i++)
            if (!list.items[i].c.alive)
                list.items[kept++] = list.items[i];
        list.n = kept;
    }
    return r < 0 ? r : for_targets(x, &list, code, init_one, NULL);
}

static const struct opt init_opts[] = {
    SELECT_ALL(struct simple_args, "Initialize all containers"),
    SELECT_LATEST(struct simple_args),
    { 0 },
};
static const struct opt *const init_tables[] = { init_opts, NULL };
const struct cmd cmd_init = {
    .name = "init",
    .summary = "Initialize one or more containers",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .description =
        "Initialize one or more containers, creating the OCI spec and mounts for inspection. "
        "Container names or IDs can be used.",
    .max_args = -1,
    .complete = COMPLETE_CONTAINER,
    .opts = init_tables,
    .args_size = sizeof(struct simple_args),
    .run = init_run,
};

/* ---------- stop, restart ---------- */

struct stop_args {
    struct select_args sel;
    int64_t time;
    bool running;
};

static int64_t timeout_of(struct cmd_ctx *x, const struct stop_args *o)
{
    return cmd_given(x, "time") ? MAX(o->time, (int64_t)-1) : -2;
}

static int stop_one(struct cmd_ctx *x, struct target *t, void *arg)
{
    bool was;
    int r = container_stop(cmd_engine(x), &t->c, *(int64_t *)arg, &was, x->err);

    if (r == 0)
        r = container_cleanup(cmd_engine(x), &t->c, t->c.config.auto_remove, false, x->err);
    return r;
}

static int stop_run(struct cmd_ctx *x, void *args)
{
    struct stop_args *o = args;
    struct target_list list = { 0 };
    int code;
    int r = select_targets(x, &o->sel, true, &list, &code);
    int64_t timeout = timeout_of(x, o);

    return r < 0 ? r : for_targets(x, &list, code, stop_one, &timeout);
}

static const struct opt stop_opts[] = {
    SELECT_ALL(struct stop_args, "Stop all running containers"),
    SELECT_CIDFILE(struct stop_args),
    SELECT_FILTER(struct stop_args),
    O_BOOL('i', "ignore", struct stop_args, sel.ignore,
           "Ignore errors when a specified container is missing"),
    SELECT_LATEST(struct stop_args),
    O_INT(0, "timeout", struct stop_args, time, "seconds", "The same as --time", .def = "10",
          .flags = OPTF_HIDDEN),
    O_INT('t', "time", struct stop_args, time, "seconds",
          "Seconds to wait for stop before killing the container", .def = "10"),
    { 0 },
};
static const struct opt *const stop_tables[] = { stop_opts, NULL };
const struct cmd cmd_stop = {
    .name = "stop",
    .summary = "Stop one or more containers",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .description =
        "Stops one or more running containers. The container name or ID can be used. A timeout to "
        "forcibly stop the container can also be set but defaults to 10 seconds otherwise.",
    .max_args = -1,
    .complete = COMPLETE_CONTAINER_RUNNING,
    .opts = stop_tables,
    .args_size = sizeof(struct stop_args),
    .run = stop_run,
};

static int restart_one(struct cmd_ctx *x, struct target *t, void *arg)
{
    char **warnings = NULL;
    bool was;
    struct engine *e = cmd_engine(x);
    int r = container_stop(e, &t->c, *(int64_t *)arg, &was, x->err);

    if (r == 0)
        r = container_refresh(e, x->arena, &t->c, x->err);
    if (r == 0)
        r = container_start(e, x->arena, &t->c, false, NULL, &warnings, x->err);
    log_warnings(warnings);
    return container_did(e, &t->c.config, "restart", r);
}

static int restart_run(struct cmd_ctx *x, void *args)
{
    struct stop_args *o = args;
    struct target_list list = { 0 };
    int code;

    if (o->running)
        o->sel.all = true;
    int r = select_targets(x, &o->sel, o->running, &list, &code);
    int64_t timeout = timeout_of(x, o);
    return r < 0 ? r : for_targets(x, &list, code, restart_one, &timeout);
}

static const struct opt restart_opts[] = {
    SELECT_ALL(struct stop_args, "Restart all non-running containers"),
    SELECT_CIDFILE(struct stop_args),
    SELECT_FILTER(struct stop_args),
    SELECT_LATEST(struct stop_args),
    O_BOOL(0, "running", struct stop_args, running, "Restart only running containers"),
    O_INT('t', "time", struct stop_args, time, "seconds",
          "Seconds to wait for stop before killing the container", .def = "10"),
    { 0 },
};
static const struct opt *const restart_tables[] = { restart_opts, NULL };
const struct cmd cmd_restart = {
    .name = "restart",
    .summary = "Restart one or more containers",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .description =
        "Restarts one or more running containers. The container ID or name can be used. A timeout "
        "before forcibly stopping can be set, but defaults to 10 seconds.",
    .max_args = -1,
    .complete = COMPLETE_CONTAINER,
    .opts = restart_tables,
    .args_size = sizeof(struct stop_args),
    .run = restart_run,
};

/* ---------- kill ---------- */

struct kill_args {
    struct select_args sel;
    char *signal;
};

static int kill_one(struct cmd_ctx *x, struct target *t, void *arg)
{
    return container_kill(cmd_engine(x), &t->c, *(int *)arg, x->err);
}

static int kill_run(struct cmd_ctx *x, void *args)
{
    struct kill_args *o = args;
    struct target_list list = { 0 };
    int code, signo;

    if (option_signal(o->signal, &signo, x->err) < 0)
        return -EINVAL;
    int r = select_targets(x, &o->sel, true, &list, &code);
    return r < 0 ? r : for_targets(x, &list, code, kill_one, &signo);
}

static const struct opt kill_opts[] = {
    SELECT_ALL(struct kill_args, "Signal all running containers"),
    SELECT_CIDFILE(struct kill_args),
    SELECT_LATEST(struct kill_args),
    O_STR('s', "signal", struct kill_args, signal, "signal", "Signal to send to the container",
          .def = "KILL"),
    { 0 },
};
static const struct opt *const kill_tables[] = { kill_opts, NULL };
const struct cmd cmd_kill = {
    .name = "kill",
    .summary = "Kill one or more running containers with a specific signal",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .description =
        "The main process inside each container specified will be sent SIGKILL, or any signal "
        "specified with option --signal.",
    .max_args = -1,
    .complete = COMPLETE_CONTAINER_RUNNING,
    .opts = kill_tables,
    .args_size = sizeof(struct kill_args),
    .run = kill_run,
};

/* ---------- pause, unpause ---------- */

static int pause_one(struct cmd_ctx *x, struct target *t, void *arg)
{
    return container_pause(cmd_engine(x), &t->c, *(bool *)arg, x->err);
}

static int pause_or_not(struct cmd_ctx *x, struct simple_args *o, bool pause)
{
    struct target_list list = { 0 };
    int code;
    int r = select_targets(x, &o->sel, true, &list, &code);
    size_t kept = 0;

    /* --all takes those that it fits. */
    for (size_t i = 0; r == 0 && i < list.n; i++)
        if (!o->sel.all || (list.items[i].c.status == CTR_PAUSED) != pause)
            list.items[kept++] = list.items[i];
    list.n = kept;
    return r < 0 ? r : for_targets(x, &list, code, pause_one, &pause);
}

static int pause_run(struct cmd_ctx *x, void *args)
{
    return pause_or_not(x, args, true);
}

static int unpause_run(struct cmd_ctx *x, void *args)
{
    return pause_or_not(x, args, false);
}

static const struct opt pause_opts[] = {
    SELECT_ALL(struct simple_args, "Act on all containers that are in the right state"),
    SELECT_CIDFILE(struct simple_args),
    SELECT_FILTER(struct simple_args),
    SELECT_LATEST(struct simple_args),
    { 0 },
};
static const struct opt *const pause_tables[] = { pause_opts, NULL };
const struct cmd cmd_pause = {
    .name = "pause",
    .summary = "Pause all the processes in one or more containers",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .description = "Pauses one or more running containers. The container name or ID can be used.",
    .max_args = -1,
    .complete = COMPLETE_CONTAINER_RUNNING,
    .opts = pause_tables,
    .args_size = sizeof(struct simple_args),
    .run = pause_run,
};
const struct cmd cmd_unpause = {
    .name = "unpause",
    .summary = "Unpause the processes in one or more containers",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .description =
        "Unpauses one or more previously paused containers. The container name or ID can be used.",
    .max_args = -1,
    .complete = COMPLETE_CONTAINER_RUNNING,
    .opts = pause_tables,
    .args_size = sizeof(struct simple_args),
    .run = unpause_run,
};
