/* podman pod start, stop, restart, kill, pause, unpause, rm, prune */
#include <signal.h>

#include "cli/containers/select.h"
#include "cli/pods/pods.h"
#include "engine/options.h"

#include "base/banned.h"

struct act_args {
    struct pod_select sel;
    int64_t time;
    char *signal;
    bool force;
};

#define A         struct act_args
#define ALL(what) O_BOOL('a', "all", A, sel.all, what)
#define LATEST    O_BOOL('l', "latest", A, sel.latest, "Act on the latest pod podman is aware of")
#define ID_FILE(what)                                                                              \
    O_STRV(0, "pod-id-file", A, sel.id_file, "path", what, .complete = COMPLETE_FILE)

/* Prints what was typed of each pod where all went well, and every problem otherwise. */
typedef int (*act)(struct cmd_ctx *x, const struct act_args *o, struct pod *p, char ***problems);

static int on_pods(struct cmd_ctx *x, const struct act_args *o, struct pod_targets *list, int code,
                   act fn)
{
    for (size_t i = 0; i < list->n; i++) {
        char **problems = NULL;
        int r = fn(x, o, &list->items[i].p, &problems);
        if (r == 0) {
            puts(list->items[i].shown);
            continue;
        }
        fflush(stdout);
        code = err_kind_info(x->err->kind)->exit;
        for (char **p = problems; p && *p; p++)
            fprintf(stderr, "Error: %s\n", *p);
        if (problems)
            err_clear(x->err);
        else
            print_error(x->err);
    }
    return code;
}

static int select_and(struct cmd_ctx *x, const struct act_args *o, act fn)
{
    struct pod_targets list = { 0 };
    int code, r = pod_select(x, &o->sel, &list, &code);

    return r < 0 ? r : on_pods(x, o, &list, code, fn);
}

/* ---------- start ---------- */

static int start(struct cmd_ctx *x, const struct act_args *o, struct pod *p, char ***problems)
{
    char **warnings = NULL;
    (void)o;
    int r = pod_start(cmd_engine(x), x->arena, p, &warnings, problems, x->err);

    log_warnings(warnings);
    return r;
}

static int start_run(struct cmd_ctx *x, void *args)
{
    return select_and(x, args, start);
}

static const struct opt start_opts[] = {
    ALL("Start all pods"),
    LATEST,
    ID_FILE("Read the pod ID from the file"),
    { 0 },
};
static const struct opt *const start_tables[] = { start_opts, NULL };
const struct cmd cmd_pod_start = {
    .name = "start",
    .summary = "Start one or more pods",
    .usage = "[options] POD [POD...]",
    .description = "Starts the infra container of each pod, its init containers one after the "
                   "other, and then all others.",
    .max_args = -1,
    .complete = COMPLETE_POD,
    .opts = start_tables,
    .args_size = sizeof(A),
    .run = start_run,
};

/* ---------- stop, restart ---------- */

static int64_t timeout_of(struct cmd_ctx *x, const struct act_args *o)
{
    return cmd_given(x, "time") ? MAX(o->time, (int64_t)-1) : -2;
}

static int stop(struct cmd_ctx *x, const struct act_args *o, struct pod *p, char ***problems)
{
    return pod_stop(cmd_engine(x), x->arena, p, timeout_of(x, o), problems, x->err);
}

static int stop_run(struct cmd_ctx *x, void *args)
{
    return select_and(x, args, stop);
}

static const struct opt stop_opts[] = {
    ALL("Stop all running pods"),
    O_BOOL('i', "ignore", A, sel.ignore, "Ignore errors when a specified pod is missing"),
    LATEST,
    ID_FILE("Read the pod ID from the file"),
    O_INT('t', "time", A, time, "seconds",
          "Seconds to wait for pod stop before killing the containers", .def = "10"),
    O_INT(0, "timeout", A, time, "seconds", "The same as --time", .def = "10",
          .flags = OPTF_HIDDEN),
    { 0 },
};
static const struct opt *const stop_tables[] = { stop_opts, NULL };
const struct cmd cmd_pod_stop = {
    .name = "stop",
    .summary = "Stop one or more pods",
    .usage = "[options] POD [POD...]",
    .description = "Stops all containers of one or more pods at once, the infra container last.",
    .max_args = -1,
    .complete = COMPLETE_POD,
    .opts = stop_tables,
    .args_size = sizeof(A),
    .run = stop_run,
};

static int restart(struct cmd_ctx *x, const struct act_args *o, struct pod *p, char ***problems)
{
    char **warnings = NULL;
    (void)o;
    int r = pod_restart(cmd_engine(x), x->arena, p, &warnings, problems, x->err);

    log_warnings(warnings);
    return r;
}

static int restart_run(struct cmd_ctx *x, void *args)
{
    return select_and(x, args, restart);
}

static const struct opt all_opts[] = { ALL("Act on all pods"), LATEST, { 0 } };
static const struct opt *const all_tables[] = { all_opts, NULL };
const struct cmd cmd_pod_restart = {
    .name = "restart",
    .summary = "Restart one or more pods",
    .usage = "[options] POD [POD...]",
    .description = "Stops what runs of one or more pods, and starts all of their containers.",
    .max_args = -1,
    .complete = COMPLETE_POD,
    .opts = all_tables,
    .args_size = sizeof(A),
    .run = restart_run,
};

/* ---------- kill ---------- */

static int kill_one(struct cmd_ctx *x, const struct act_args *o, struct pod *p, char ***problems)
{
    int signo = SIGKILL;

    (void)!option_signal(o->signal, &signo, NULL);
    return pod_kill(cmd_engine(x), x->arena, p, signo, problems, x->err);
}

static int kill_run(struct cmd_ctx *x, void *args)
{
    struct act_args *o = args;
    int signo;
    int r = option_signal(o->signal, &signo, x->err);

    return r < 0 ? r : select_and(x, o, kill_one);
}

static const struct opt kill_opts[] = {
    ALL("Kill all containers in all pods"),
    LATEST,
    O_STR('s', "signal", A, signal, "signal", "Signal to send to the containers in the pod",
          .def = "KILL"),
    { 0 },
};
static const struct opt *const kill_tables[] = { kill_opts, NULL };
const struct cmd cmd_pod_kill = {
    .name = "kill",
    .summary = "Send the specified signal or SIGKILL to containers in pod",
    .usage = "[options] POD [POD...]",
    .description = "Signals are sent to the main process of each container of a pod.",
    .max_args = -1,
    .complete = COMPLETE_POD,
    .opts = kill_tables,
    .args_size = sizeof(A),
    .run = kill_run,
};

/* ---------- pause, unpause ---------- */

static int pause_one(struct cmd_ctx *x, const struct act_args *o, struct pod *p, char ***problems)
{
    (void)o;
    return pod_pause(cmd_engine(x), x->arena, p, true, problems, x->err);
}

static int unpause_one(struct cmd_ctx *x, const struct act_args *o, struct pod *p, char ***problems)
{
    (void)o;
    return pod_pause(cmd_engine(x), x->arena, p, false, problems, x->err);
}

static int pause_run(struct cmd_ctx *x, void *args)
{
    return select_and(x, args, pause_one);
}

static int unpause_run(struct cmd_ctx *x, void *args)
{
    return select_and(x, args, unpause_one);
}

const struct cmd cmd_pod_pause = {
    .name = "pause",
    .summary = "Pause one or more pods",
    .usage = "[options] POD [POD...]",
    .description = "Pauses all running containers of one or more pods.",
    .max_args = -1,
    .complete = COMPLETE_POD,
    .opts = all_tables,
    .args_size = sizeof(A),
    .run = pause_run,
};
const struct cmd cmd_pod_unpause = {
    .name = "unpause",
    .summary = "Unpause one or more pods",
    .usage = "[options] POD [POD...]",
    .description = "Lets the paused containers of one or more pods go on.",
    .max_args = -1,
    .complete = COMPLETE_POD,
    .opts = all_tables,
    .args_size = sizeof(A),
    .run = unpause_run,
};

/* ---------- rm, prune ---------- */

static int remove_one(struct cmd_ctx *x, const struct act_args *o, struct pod *p, char ***problems)
{
    (void)problems;
    return pod_remove(cmd_engine(x), x->arena, p, o->force, timeout_of(x, o), x->err);
}

/* exitcodes.tsv: 1 no such pod, 125 the rest */
static int rm_run(struct cmd_ctx *x, void *args)
{
    struct act_args *o = args;
    struct pod_targets list = { 0 };
    int code;

    if (cmd_given(x, "time") && !o->force)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--force option must be specified to use the --time option");
    o->sel.ignore |= o->force;
    int r = pod_select(x, &o->sel, &list, &code);
    return r < 0 ? r : on_pods(x, o, &list, code ? 1 : 0, remove_one);
}

static const struct opt rm_opts[] = {
    ALL("Remove all pods"),
    O_BOOL('f', "force", A, force,
           "Force removal of a running pod by first stopping all containers, then removing all "
           "containers in the pod"),
    O_BOOL('i', "ignore", A, sel.ignore, "Ignore errors when a specified pod is missing"),
    LATEST,
    ID_FILE("Read the pod ID from the file"),
    O_INT('t', "time", A, time, "seconds",
          "Seconds to wait for pod stop before killing the containers", .def = "10"),
    O_INT(0, "timeout", A, time, "seconds", "The same as --time", .def = "10",
          .flags = OPTF_HIDDEN),
    { 0 },
};
static const struct opt *const rm_tables[] = { rm_opts, NULL };
const struct cmd cmd_pod_rm = {
    .name = "rm",
    .summary = "Remove one or more pods",
    .usage = "[options] POD [POD...]",
    .description = "Removes one or more stopped pods and their containers from the host.",
    .max_args = -1,
    .complete = COMPLETE_POD,
    .opts = rm_tables,
    .args_size = sizeof(A),
    .run = rm_run,
};

static int prune_run(struct cmd_ctx *x, void *args)
{
    const struct act_args *o = args;
    struct engine *e = cmd_engine(x);
    char **ids = NULL;

    if (!e)
        return -EIO;
    if (!o->force && !cmd_confirmed("WARNING! This will remove all stopped/exited pods.."))
        return 0;
    int r = pod_prune(e, x->arena, &ids, x->err);
    for (; ids && *ids; ids++)
        puts(*ids);
    return r;
}

static const struct opt prune_opts[] = {
    O_BOOL('f', "force", A, force, "Do not prompt for confirmation.  The default is false"),
    { 0 },
};
static const struct opt *const prune_tables[] = { prune_opts, NULL };
const struct cmd cmd_pod_prune = {
    .name = "prune",
    .summary = "Remove all stopped pods and their containers",
    .usage = "[options]",
    .description = "Removes all stopped pods and their containers.",
    .opts = prune_tables,
    .args_size = sizeof(A),
    .run = prune_run,
};
