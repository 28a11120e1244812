/* podman attach, exec, logs, top */
#include <inttypes.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/texttable.h"
#include "cli/containers/commands.h"
#include "cli/containers/logs.h"
#include "engine/options.h"

#include "base/banned.h"

/* @one: no argument may stand beside the container. */
static int one_container(struct cmd_ctx *x, bool latest, bool one, struct container *ret)
{
    struct engine *e = cmd_engine(x);

    if (!e)
        return -EIO;
    if (latest && one && x->nargs)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "--latest and containers cannot be used together");
    if (latest)
        return container_latest(e, x->arena, ret, x->err);
    if (x->nargs < 1)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "%s requires a name, id, or the \"--latest\" flag", x->path);
    return container_find(e, x->arena, x->args[0], ret, x->err);
}

/* ---------- attach ---------- */

struct attach_args {
    char *detach_keys;
    bool latest, no_stdin, sig_proxy;
};

static int attach_run_cmd(struct cmd_ctx *x, void *args)
{
    struct attach_args *o = args;
    struct container c;
    struct engine *e = cmd_engine(x);
    int r = one_container(x, o->latest, true, &c);

    if (r < 0)
        return r;
    if (c.status != CTR_RUNNING && c.status != CTR_PAUSED)
        return err_set(x->err, ERR_STATE, EINVAL, "you can only attach to running containers");
    AUTO_CLOSE int sock = container_attach_open(e, &c, x->err);
    if (sock < 0)
        return sock;
    struct container_attach io = {
        .in = o->no_stdin || !c.config.stdin_open ? -1 : STDIN_FILENO,
        .out = STDOUT_FILENO,
        .err = STDERR_FILENO,
        .sig_proxy = o->sig_proxy && !c.config.terminal,
        .detach_keys = o->detach_keys ? o->detach_keys : c.config.detach_keys,
    };
    enum container_attach_end end;
    int code = 0;
    r = container_attach_run(e, &c, sock, &io, &end, &code, x->err);
    return r < 0 ? r : end == CTR_ATTACH_DETACHED ? 0 : code & 0xff;
}

static const struct opt attach_opts[] = {
    O_STR(0, "detach-keys", struct attach_args, detach_keys, "keys",
          "Key sequence for detaching from a container"),
    O_BOOL('l', "latest", struct attach_args, latest,
           "Act on the latest container podman is aware of"),
    O_BOOL(0, "no-stdin", struct attach_args, no_stdin,
           "Do not attach STDIN. The default is false"),
    O_BOOL(0, "sig-proxy", struct attach_args, sig_proxy, "Proxy received signals to the process",
           .def = "true"),
    { 0 },
};
static const struct opt *const attach_tables[] = { attach_opts, NULL };
const struct cmd cmd_attach = {
    .name = "attach",
    .summary = "Attach to a running container",
    .usage = "[options] CONTAINER",
    .description = "The podman attach command allows you to attach to a running container using "
                   "the container's ID or name",
    .max_args = 1,
    .flags = CMD_NO_USERNS,
    .complete = COMPLETE_CONTAINER_RUNNING,
    .opts = attach_tables,
    .args_size = sizeof(struct attach_args),
    .run = attach_run_cmd,
};

/* ---------- exec ---------- */

struct exec_args {
    char *detach_keys, *user, *workdir, *cidfile;
    char **env, **env_file, **preserve_fd;
    uint64_t preserve_fds;
    int64_t wait;
    bool detach, interactive, latest, privileged, tty;
};

static int container_of_cidfile(struct cmd_ctx *x, const char *path, struct container *ret)
{
    char *id;
    int r = read_cidfile(x, path, &id);

    if (r < 0)
        return r;
    return cmd_engine(x) ? container_find(cmd_engine(x), x->arena, id, ret, x->err) : -EIO;
}

static int exec_run(struct cmd_ctx *x, void *args)
{
    struct exec_args *o = args;
    struct container c;
    char session[65];
    int code = 0, first = o->latest || o->cidfile ? 0 : 1;
    int r = o->cidfile ? container_of_cidfile(x, o->cidfile, &c)
                       : one_container(x, o->latest, false, &c);

    if (r < 0)
        return r;
    if (x->nargs <= first)
        return err_set(
            x->err, ERR_BAD_PARAM, EINVAL,
            "must provide a non-empty command to start an exec session: invalid argument");
    struct exec_options opt = {
        .command = x->args + first,
        .user = o->user,
        .workdir = o->workdir,
        .detach_keys = o->detach_keys ? o->detach_keys : c.config.detach_keys,
        .terminal = o->tty,
        .interactive = o->interactive,
        .privileged = o->privileged,
        .detach = o->detach,
        .wait_s = o->wait,
        .in = o->interactive ? STDIN_FILENO : -1,
        .out = STDOUT_FILENO,
        .err = STDERR_FILENO,
    };
    if (o->detach_keys && option_detach_keys(o->detach_keys, x->err) < 0)
        return -EINVAL;
    r = preserved_fds(x, o->preserve_fds, o->preserve_fd, &opt.keep_fds, &opt.nkeep_fds);
    if (r < 0)
        return r;
    for (char **p = o->env_file; p && *p; p++)
        if ((r = option_env_file(x->arena, *p, &opt.env, x->err)) < 0)
            return r;
    for (char **p = o->env; p && *p; p++)
        opt.env = option_env(x->arena, *p, opt.env);
    r = container_exec(cmd_engine(x), &c, &opt, session, &code, x->err);
    if (r < 0) /* in the background there is no exit code of the command's that ours could be */
        return o->detach ? 125 : r;
    if (o->detach)
        puts(session);
    return code;
}

static const struct opt exec_opts[] = {
    O_STR(0, "cidfile", struct exec_args, cidfile, "path", "File to read the container ID from",
          .complete = COMPLETE_FILE),
    O_BOOL('d', "detach", struct exec_args, detach,
           "Run the exec session in detached mode (backgrounded)"),
    O_STR(0, "detach-keys", struct exec_args, detach_keys, "keys",
          "Key sequence for detaching from a session"),
    O_STRV('e', "env", struct exec_args, env, "key[=value]", "Set environment variables"),
    O_STRV(0, "env-file", struct exec_args, env_file, "path",
           "Read in a file of environment variables", .complete = COMPLETE_FILE),
    O_BOOL('i', "interactive", struct exec_args, interactive,
           "Make STDIN available to the contained process"),
    O_BOOL('l', "latest", struct exec_args, latest,
           "Act on the latest container podman is aware of"),
    O_SLICE(0, "preserve-fd", struct exec_args, preserve_fd, "fd",
            "Pass a list of additional file descriptors to the container (FD1,FD2,...)"),
    O_UINT(0, "preserve-fds", struct exec_args, preserve_fds, "number",
           "Pass N additional file descriptors to the container"),
    O_BOOL(
        0, "privileged", struct exec_args, privileged,
        "Give the process extended Linux capabilities inside the container. The default is false"),
    O_BOOL('t', "tty", struct exec_args, tty, "Allocate a pseudo-TTY. The default is false"),
    O_STR('u', "user", struct exec_args, user, "user[:group]",
          "Sets the username or UID used and optionally the groupname or GID for the specified "
          "command"),
    O_INT(0, "wait", struct exec_args, wait, "seconds",
          "Total seconds to wait for container to start"),
    O_STR('w', "workdir", struct exec_args, workdir, "dir",
          "Working directory inside the container"),
    { 0 },
};
static const struct opt *const exec_tables[] = { exec_opts, NULL };
static const char *const exec_examples[] = { "podman exec -it ctrID ls",
                                             "podman exec -it -w /tmp myCtr pwd",
                                             "podman exec --user root ctrID ls", NULL };
const struct cmd cmd_exec = {
    .name = "exec",
    .summary = "Run a process in a running container",
    .usage = "[options] CONTAINER COMMAND [ARG...]",
    .description = "Execute the specified command inside a running container.",
    .examples = exec_examples,
    .max_args = -1,
    .flags = CMD_NO_INTERSPERSED | CMD_NO_USERNS,
    .complete = COMPLETE_CONTAINER_RUNNING,
    .opts = exec_tables,
    .args_size = sizeof(struct exec_args),
    .run = exec_run,
};

/* ---------- logs ---------- */

struct log_printer {
    const struct logs_args *o;
    const char *prefix; /* "" or the name and a blank */
    bool color;
    int index;
};

static int print_log(void *arg, int64_t when, bool err, bool complete, const char *text, size_t len)
{
    struct log_printer *p = arg;
    FILE *f = err ? stderr : stdout;
    char stamp[TIME_TEXT_MAX];

    if (p->color)
        fprintf(f, "\033[3%dm", 1 + p->index % 6);
    fputs(p->prefix, f);
    if (p->o->timestamps)
        fprintf(f, "%s ", time_format_rfc3339_local(when, stamp));
    fwrite(text, 1, len, f);
    if (p->color)
        fputs("\033[0m", f);
    if (complete)
        fputc('\n', f);
    return fflush(f) == 0 ? 0 : -EPIPE;
}

int logs_print(struct cmd_ctx *x, const struct logs_args *o, const struct target_list *list)
{
    struct log_options lo = { .tail = o->tail, .follow = o->follow };
    int64_t now = time_now();

    if (o->since && parse_time(o->since, now, &lo.since) < 0)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "parsing --since \"%s\": not a time or a duration", o->since);
    int64_t span; /* from now on, while --since counts backwards */
    if (o->until && parse_duration(o->until, &span) == 0)
        lo.until = now + span;
    else if (o->until && parse_time(o->until, now, &lo.until) < 0)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "parsing --until \"%s\": not a time or a duration", o->until);
    struct log_source *sources = arena_alloc(x->arena, list->n * sizeof(*sources));
    for (size_t i = 0; i < list->n; i++) {
        const struct container_config *c = &list->items[i].c.config;
        struct log_printer *p = arena_alloc(x->arena, sizeof(*p));
        *p = (struct log_printer) { .o = o, .color = o->color, .index = (int)i, .prefix = "" };
        if (o->names)
            p->prefix = arena_printf(x->arena, "%s ", c->name);
        else if (list->n > 1 || o->color || o->prefix)
            p->prefix = arena_printf(x->arena, "%.12s ", c->id);
        sources[i] = (struct log_source) { &list->items[i].c, p };
    }
    int r = container_logs(cmd_engine(x), sources, list->n, &lo, print_log, x->err);
    if (r == -EPIPE) { /* our reader has seen enough */
        err_clear(x->err);
        return 0;
    }
    return r;
}

static int logs_run(struct cmd_ctx *x, void *args)
{
    const struct logs_args *o = args;
    struct select_args sel = { .latest = o->latest };
    struct target_list list = { 0 };
    int code, r = select_targets(x, &sel, false, &list, &code);

    if (r == 0)
        r = logs_print(x, o, &list);
    return r < 0 ? r : code;
}

static const struct opt logs_opts[] = {
    O_BOOL(0, "color", struct logs_args, color,
           "Output the containers with different colors in the log"),
    O_BOOL(0, "details", struct logs_args, details, "Show extra details provided to the logs",
           .flags = OPTF_HIDDEN),
    O_BOOL('f', "follow", struct logs_args, follow, "Follow log output"),
    O_BOOL('l', "latest", struct logs_args, latest,
           "Act on the latest container podman is aware of"),
    O_BOOL('n', "names", struct logs_args, names, "Output the container name in the log"),
    O_STR(0, "since", struct logs_args, since, "time", "Show logs since TIMESTAMP"),
    O_INT(0, "tail", struct logs_args, tail, "lines",
          "Output the specified number of LINES at the end of the logs (-1 prints all lines)",
          .def = "-1"),
    O_BOOL('t', "timestamps", struct logs_args, timestamps, "Output the timestamps in the log"),
    O_STR(0, "until", struct logs_args, until, "time", "Show logs until TIMESTAMP"),
    { 0 },
};
static const struct opt *const logs_tables[] = { logs_opts, NULL };
static const char *const logs_examples[] = { "podman logs ctrID",
                                             "podman logs --names ctrID1 ctrID2",
                                             "podman logs --tail 2 mywebserver",
                                             "podman logs --follow=true --since 10m ctrID", NULL };
const struct cmd cmd_logs = {
    .name = "logs",
    .summary = "Fetch the logs of one or more containers",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .description =
        "Retrieves logs for one or more containers. This does not guarantee execution order when "
        "combined with podman run (i.e., your run may not have generated any logs at the time you "
        "execute podman logs).",
    .examples = logs_examples,
    .max_args = -1,
    .flags = CMD_NO_USERNS,
    .complete = COMPLETE_CONTAINER,
    .opts = logs_tables,
    .args_size = sizeof(struct logs_args),
    .run = logs_run,
};

/* ---------- top ---------- */

struct top_args {
    bool latest, list;
};

/* "podman top ctr pid user", "podman top ctr 'pid user'" and "podman top ctr pid,user" */
static char **split_words(struct arena *a, char *const *args, const char *separators)
{
    char **out = NULL;

    for (; *args; args++)
        for (const char *p = *args; *p;) {
            size_t n = strcspn(p, separators);
            if (n)
                out = strv_add(a, out, arena_strndup(a, p, n));
            p += n + (p[n] != '\0');
        }
    return out;
}

/* Arguments that are no descriptors are those of ps(1), which then runs in the container. */
static int top_by_ps(struct cmd_ctx *x, const struct container *c, char *const *args)
{
    char **command = strv_add(x->arena, NULL, "ps"), session[65];
    int code = 0;

    struct exec_options opt = {
        .command = strv_concat(x->arena, command, args),
        .in = -1,
        .out = STDOUT_FILENO,
        .err = STDERR_FILENO,
    };
    int r = container_exec(cmd_engine(x), c, &opt, session, &code, x->err);
    if (r == 0 && code)
        r = err_set(x->err, ERR_INTERNAL, ECHILD, "executing ps(1) in the container: exit code %d",
                    code);
    return r;
}

static int top_run(struct cmd_ctx *x, void *args)
{
    struct top_args *o = args;
    struct container c;
    char ***rows;
    char **descriptors = NULL;

    if (o->list) {
        /* With no container the rows are the descriptors themselves. */
        int r = container_top(cmd_engine(x), x->arena, NULL, NULL, &rows, x->err);
        for (; r == 0 && *rows; rows++)
            puts((*rows)[0]);
        return r;
    }
    int r = one_container(x, o->latest, false, &c);
    if (r < 0)
        return r;
    char **given = x->args + (o->latest ? 0 : 1);
    descriptors = split_words(x->arena, given, " ,");
    if (!container_top_knows(descriptors))
        return top_by_ps(x, &c, split_words(x->arena, given, " "));
    r = container_top(cmd_engine(x), x->arena, &c, descriptors, &rows, x->err);
    if (r < 0)
        return r;
    AUTO_BUF text = { 0 }, out = { 0 };
    for (; *rows; rows++) {
        for (char **cell = *rows; *cell; cell++)
            buf_printf(&text, "%s%s", cell == *rows ? "" : "\t", *cell);
        buf_putc(&text, '\n');
    }
    texttable_align(text.data ? text.data : "", text.len, &out);
    fputs(out.data ? out.data : "", stdout);
    return 0;
}

static const struct opt top_opts[] = {
    O_BOOL('l', "latest", struct top_args, latest,
           "Act on the latest container podman is aware of"),
    O_BOOL(0, "list-descriptors", struct top_args, list, "List available format descriptors",
           .flags = OPTF_HIDDEN),
    { 0 },
};
static const struct opt *const top_tables[] = { top_opts, NULL };
static const char *const top_examples[] = { "podman top ctrID",
                                            "podman top ctrID pid seccomp args %C", NULL };
const struct cmd cmd_top = {
    .name = "top",
    .summary = "Display the running processes of a container",
    .usage = "[options] CONTAINER [FORMAT-DESCRIPTORS|ARGS...]",
    .description = "Display the running processes of a container. The list of format descriptors "
                   "is printed by --list-descriptors.",
    .examples = top_examples,
    .max_args = -1,
    .flags = CMD_NO_INTERSPERSED,
    .complete = COMPLETE_CONTAINER_RUNNING,
    .opts = top_tables,
    .args_size = sizeof(struct top_args),
    .run = top_run,
};
