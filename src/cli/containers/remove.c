/* podman rm, container prune, container cleanup, container exists, rename, wait */
#include <inttypes.h>

#include "base/parse.h"
#include "cli/containers/commands.h"
#include "cli/containers/select.h"

#include "base/banned.h"

/* ---------- rm ---------- */

struct rm_args {
    struct select_args sel;
    int64_t time;
    bool force, volumes, depend;
};

static int rm_run(struct cmd_ctx *x, void *args)
{
    struct rm_args *o = args;
    struct target_list list = { 0 };
    int code;

    if (o->force)
        o->sel.ignore = true;
    if (o->sel.all && (!cmd_engine(x) || container_reap(cmd_engine(x), x->err) < 0))
        return -EIO;
    int r = select_targets(x, &o->sel, false, &list, &code);
    if (r < 0)
        return r;
    /* exitcodes.tsv: 1 = no such container, 2 = running or paused without --force, 125 = the rest */
    if (code)
        code = 1;
    char **also = NULL;
    struct container_remove_options rm = { .force = o->force,
                                           .volumes = o->volumes,
                                           .depend = o->depend || (o->sel.all && o->force),
                                           .arena = x->arena,
                                           .also = &also,
                                           .timeout_s = cmd_given(x, "time") ? o->time : -2 };
    for (size_t i = 0; i < list.n; i++) {
        /* Of all containers the youngest goes first: what one needs is older than itself. */
        const struct target *t = &list.items[o->sel.all ? list.n - 1 - i : i];
        also = NULL;
        int removed = container_remove(cmd_engine(x), &t->c, &rm, x->err);
        for (; also && *also; also++)
            puts(*also);
        if (removed == 0) {
            puts(t->shown);
            continue;
        }
        if (x->err->kind == ERR_NOT_FOUND && o->sel.ignore) {
            err_clear(x->err);
            continue;
        }
        code = x->err->kind == ERR_STATE ? 2 : x->err->kind == ERR_NOT_FOUND ? 1 : 125;
        print_error(x->err);
    }
    return code;
}

static const struct opt rm_opts[] = {
    O_BOOL('a', "all", struct rm_args, sel.all, "Remove all containers"),
    O_STRV(0, "cidfile", struct rm_args, sel.cidfile, "path", "Read the container ID from the file",
           .complete = COMPLETE_FILE),
    O_BOOL(0, "depend", struct rm_args, depend,
           "Remove container and all containers that depend on the selected container"),
    O_STRV(0, "filter", struct rm_args, sel.filter, "key=value",
           "Filter the containers by condition"),
    O_BOOL('f', "force", struct rm_args, force, "Force removal of a running or unusable container"),
    O_BOOL('i', "ignore", struct rm_args, sel.ignore,
           "Ignore errors when a specified container is missing"),
    O_BOOL('l', "latest", struct rm_args, sel.latest,
           "Act on the latest container podman is aware of"),
    O_INT('t', "time", struct rm_args, time, "seconds",
          "Seconds to wait for stop before killing the container", .def = "10"),
    O_BOOL('v', "volumes", struct rm_args, volumes,
           "Remove anonymous volumes associated with the container"),
    { 0 },
};
static const struct opt *const rm_tables[] = { rm_opts, NULL };
const struct cmd cmd_rm = {
    .name = "rm",
    .summary = "Remove one or more containers",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .description = "Removes one or more containers from the host. The container name or ID can be "
                   "used. Command "
                   "does not remove images. Running or unusable containers will not be removed "
                   "without the -f option.",
    .max_args = -1,
    .complete = COMPLETE_CONTAINER,
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
    struct prune_args *o = args;
    struct container_list list = { 0 };
    struct engine *e = cmd_engine(x);
    int code = 0;

    if (!o->force && !cmd_confirmed("WARNING! This will remove all non running containers."))
        return 0;
    if (!e)
        return -EIO;
    int r = container_reap(e, x->err);
    if (r == 0)
        r = container_list(e, x->arena, &list, x->err);
    if (r == 0)
        r = container_filter(e, x->arena, &list, o->filter, x->err);
    if (r < 0)
        return r;
    struct container_remove_options rm = { .volumes = true };
    for (size_t i = list.n; i-- > 0;) { /* the youngest first: what one needs is older */
        /* A monitor may still be on its way out; one that waits to start its container again is not. */
        const struct container *c = &list.items[i];
        bool leaving = c->status == CTR_EXITED && (str_empty(c->config.restart_policy) ||
                                                   STR_EQ(c->config.restart_policy, "no"));
        if ((c->alive && !leaving) || c->config.infra) /* which goes with its pod */
            continue;
        if (container_remove(e, &list.items[i], &rm, x->err) == 0)
            puts(list.items[i].config.id);
        else {
            code = 125;
            print_error(x->err);
        }
    }
    return code;
}

static const struct opt prune_opts[] = {
    O_STRV(0, "filter", struct prune_args, filter, "key=value",
           "Provide filter values (e.g. 'label=<key>=<value>')"),
    O_BOOL('f', "force", struct prune_args, force, "Do not prompt for confirmation"),
    { 0 },
};
static const struct opt *const prune_tables[] = { prune_opts, NULL };
const struct cmd cmd_container_prune = {
    .name = "prune",
    .summary = "Remove all non running containers",
    .usage = "[options]",
    .description = "Removes all non running containers",
    .opts = prune_tables,
    .args_size = sizeof(struct prune_args),
    .run = prune_run,
};

/* ---------- cleanup ---------- */

struct cleanup_args {
    struct select_args sel;
    char *exec;
    bool rm, rmi, stopped_only;
};

static int cleanup_run(struct cmd_ctx *x, void *args)
{
    struct cleanup_args *o = args;
    struct target_list list = { 0 };
    int code;

    if (o->exec && (o->sel.all || o->rmi))
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "%s cannot be set together",
                       o->sel.all ? "--all and --exec" : "--exec and --rmi");
    int r = select_targets(x, &o->sel, false, &list, &code);

    if (r < 0)
        return r;
    for (size_t i = 0; i < list.n; i++) {
        struct target *t = &list.items[i];
        if (o->exec) {
            if (container_exec_forget(cmd_engine(x), &t->c, o->exec, x->err) < 0) {
                print_error(x->err);
                code = 125;
            }
            continue;
        }
        if (t->c.alive && t->c.status != CTR_EXITED) {
            if (!o->stopped_only && !o->sel.all) {
                err_set(x->err, ERR_STATE, EBUSY,
                        "container %s is running or paused, refusing to clean up: container state "
                        "improper",
                        t->c.config.id);
                print_error(x->err);
                code = 125;
            }
            continue;
        }
        if (container_cleanup(cmd_engine(x), &t->c, o->rm || t->c.config.auto_remove,
                              o->rmi || t->c.config.auto_remove_image, x->err) == 0)
            puts(t->shown);
        else {
            print_error(x->err);
            code = 125;
        }
    }
    return code;
}

static const struct opt cleanup_opts[] = {
    O_BOOL('a', "all", struct cleanup_args, sel.all, "Cleans up all containers"),
    O_STR(0, "exec", struct cleanup_args, exec, "session",
          "Clean up the given exec session instead of the container"),
    O_BOOL('l', "latest", struct cleanup_args, sel.latest,
           "Act on the latest container podman is aware of"),
    O_BOOL(0, "rm", struct cleanup_args, rm, "After cleanup, remove the container entirely"),
    O_BOOL(0, "rmi", struct cleanup_args, rmi, "After cleanup, remove the image entirely"),
    O_BOOL(0, "stopped-only", struct cleanup_args, stopped_only,
           "Only clean up when the container has ended"),
    { 0 },
};
static const struct opt *const cleanup_tables[] = { cleanup_opts, NULL };
const struct cmd cmd_cleanup = {
    .name = "cleanup",
    .summary = "Clean up network and mountpoints of one or more containers",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .description =
        "Cleans up what one or more containers left on the host, such as run state. The container "
        "name or ID can be used. The command is used internally when running containers, but can "
        "also be used if container cleanup has failed when a container exits.",
    .max_args = -1,
    .complete = COMPLETE_CONTAINER,
    .opts = cleanup_tables,
    .args_size = sizeof(struct cleanup_args),
    .run = cleanup_run,
};

/* ---------- exists, rename ---------- */

struct exists_args {
    bool external;
};

static int exists_run(struct cmd_ctx *x, void *args)
{
    struct engine *e = cmd_engine(x);
    (void)args;
    return !e ? -EIO : container_exists(e, x->args[0]) ? 0 : 1;
}

static const struct opt exists_opts[] = {
    O_BOOL(0, "external", struct exists_args, external,
           "Check external storage containers as well as Podman containers"),
    { 0 },
};
static const struct opt *const exists_tables[] = { exists_opts, NULL };
static const char *const exists_examples[] = {
    "podman container exists myctr || podman run --name myctr docker.io/library/busybox", NULL
};
const struct cmd cmd_container_exists = {
    .name = "exists",
    .summary = "Check if a container exists",
    .usage = "[options] CONTAINER",
    .description = "If the named container exists, podman container exists exits with 0, otherwise "
                   "the exit code will be 1.",
    .examples = exists_examples,
    .min_args = 1,
    .max_args = 1,
    .flags = CMD_NO_USERNS,
    .complete = COMPLETE_CONTAINER,
    .opts = exists_tables,
    .args_size = sizeof(struct exists_args),
    .run = exists_run,
};

static int rename_run(struct cmd_ctx *x, void *args)
{
    struct container c;
    struct engine *e = cmd_engine(x);
    (void)args;
    if (!e)
        return -EIO;
    int r = container_find(e, x->arena, x->args[0], &c, x->err);
    return r < 0 ? r : container_rename(e, &c, x->args[1], x->err);
}

const struct cmd cmd_rename = {
    .name = "rename",
    .summary = "Rename an existing container",
    .usage = "CONTAINER NAME",
    .description = "The podman rename command allows you to rename an existing container",
    .min_args = 2,
    .max_args = 2,
    .complete = COMPLETE_CONTAINER,
    .run = rename_run,
};

/* ---------- wait ---------- */

struct wait_args {
    struct select_args sel;
    char **condition;
    char *interval;
    bool exit_first;
};

static int wait_states(struct cmd_ctx *x, char *const *conditions, unsigned *ret)
{
    *ret = conditions ? 0 : 1u << CTR_EXITED;
    for (; conditions && *conditions; conditions++) {
        const char *word = STR_EQ(*conditions, "stopped") ? "exited" : *conditions;
        size_t i = 0;
        while (i < CTR_STATUS_COUNT && !STR_EQ(word, container_status_names[i]))
            i++;
        if (STR_EQ(word, "configured"))
            i = CTR_CREATED;
        if (STR_IN(word, "healthy", "unhealthy")) {
            *ret |= STR_EQ(word, "healthy") ? CTR_WAIT_HEALTHY : CTR_WAIT_UNHEALTHY;
            continue;
        }
        if (STR_EQ(word, "removing"))
            return err_set(x->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                           "waiting for \"%s\" is not supported: removal is one step", word);
        if (i == CTR_STATUS_COUNT)
            return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                           "unknown container state: %s: invalid argument", word);
        *ret |= 1u << i;
    }
    return 0;
}

/* "250ms", or a bare number of milliseconds. */
static int wait_interval(struct cmd_ctx *x, const char *text, int64_t *ret)
{
    uint64_t ms;

    if (parse_u64(text, 86400000, &ms) == 0)
        *ret = (int64_t)ms * 1000000;
    else if (parse_duration(text, ret) < 0 || *ret < 0)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "invalid --interval \"%s\": not a duration",
                       text);
    return 0;
}

static int wait_run(struct cmd_ctx *x, void *args)
{
    struct wait_args *o = args;
    struct target_list list = { 0 };
    unsigned states;
    int64_t interval = 0;
    int code = 0;

    int r = wait_states(x, o->condition, &states);
    if (r == 0)
        r = wait_interval(x, o->interval, &interval);
    bool ignore = o->sel.ignore;
    o->sel.ignore = false;
    if (r == 0 && ignore) /* an unknown one is printed as -1 at its place */
        for (int i = 0; i < x->nargs; i++)
            if (!container_exists(cmd_engine(x), x->args[i])) {
                puts("-1");
                if (x->nargs == 1)
                    return 0;
            }
    o->sel.ignore = ignore;
    if (r == 0)
        r = select_targets(x, &o->sel, false, &list, &code);
    if (r < 0 && ignore && o->sel.latest && x->err->kind == ERR_NOT_FOUND) {
        err_clear(x->err);
        puts("-1");
        return 0;
    }
    for (size_t i = 0; r == 0 && i < list.n; i++) {
        int status;
        r = container_wait(cmd_engine(x), &list.items[i].c, states, interval, &status, x->err);
        if (r == 0)
            printf("%d\n", status);
        if (r == 0 && o->exit_first)
            break;
    }
    return r < 0 ? r : code;
}

static const struct opt wait_opts[] = {
    O_SLICE(0, "condition", struct wait_args, condition, "state", "Condition to wait on"),
    O_BOOL(0, "exit-first-match", struct wait_args, exit_first,
           "Wait for the first of the containers only"),
    O_BOOL(0, "ignore", struct wait_args, sel.ignore, "Ignore if a container does not exist"),
    O_STR('i', "interval", struct wait_args, interval, "duration",
          "Time Interval to wait before polling for completion", .def = "250ms"),
    O_BOOL('l', "latest", struct wait_args, sel.latest,
           "Act on the latest container podman is aware of"),
    { 0 },
};
static const struct opt *const wait_tables[] = { wait_opts, NULL };
const struct cmd cmd_wait = {
    .name = "wait",
    .summary = "Block on one or more containers",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .description = "Block until one or more containers stop and then print their exit codes.",
    .max_args = -1,
    .flags = CMD_NO_USERNS,
    .complete = COMPLETE_CONTAINER,
    .opts = wait_tables,
    .args_size = sizeof(struct wait_args),
    .run = wait_run,
};
