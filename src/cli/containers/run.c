/* podman run, podman create */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "cli/containers/commands.h"
#include "cli/containers/create.h"
#include "cli/containers/select.h"
#include "cli/pods/pods.h"
#include "engine/auto_update.h"

#include "base/banned.h"

static int create(struct cmd_ctx *x, struct create_args *o, struct container_config *c)
{
    struct pull_request pull;
    char **warnings = NULL;
    struct engine *e = cmd_engine(x);

    if (!e)
        return -EIO;
    if (o->kernel_memory)
        log_warn("The --kernel-memory flag is no longer supported. This flag is a noop.");
    int r = create_fill(x, o, c, &pull);
    if (r == 0)
        r = pod_for_container(x, o, c);
    if (r < 0)
        return r;
    const char *unit = getenv(UNIT_LABEL); /* what auto-update and systemd know it by */
    if (unit)
        kv_set(x->arena, &c->labels, UNIT_LABEL, unit);
    if (o->authfile && kv_get(&c->labels, AUTO_UPDATE_LABEL))
        kv_set(x->arena, &c->labels, AUTO_UPDATE_AUTH_LABEL, o->authfile);
    r = auto_update_check_label(c, o->rootfs ? NULL : x->args[0], x->err);
    if (r < 0)
        return r;
    c->init_type = o->init_ctr;
    if (o->init_ctr && !c->pod)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "must specify pod value with init-ctr");
    AUTO_BUF line = { .max = 1u << 20 };
    if (fs_read_file(AT_FDCWD, "/proc/self/cmdline", &line) ==
        0) /* what inspect shows as CreateCommand */
        for (char *p = line.data; p && p < line.data + line.len; p += strlen(p) + 1)
            c->create_command = strv_add(x->arena, c->create_command, p);
    if (o->rootfs)
        c->rootfs = x->args[0];
    for (int i = 1; i < x->nargs; i++)
        c->command = strv_add(x->arena, c->command, x->args[i]);
    r = container_create(e, x->arena, c, o->rootfs ? NULL : x->args[0], &pull, o->replace,
                         &warnings, x->err);
    if (r < 0)
        return r;
    print_warnings(warnings);
    if (o->cidfile) {
        AUTO_CLOSE int fd = open(o->cidfile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (fd < 0 || write_all(fd, c->id, strlen(c->id)) < 0) {
            r = err_sys(x->err, errno, "writing the container ID file %s", o->cidfile);
            struct container found = { .config = *c };
            struct container_remove_options rm = { .force = true, .volumes = true };
            (void)!container_remove(e, &found, &rm, NULL);
        }
    }
    return r;
}

static int create_run(struct cmd_ctx *x, void *args)
{
    struct container_config c = { 0 };
    int r = create(x, args, &c);

    if (r < 0)
        return r;
    puts(c.id);
    return 0;
}

static int attach(struct cmd_ctx *x, struct engine *e, const struct container *c,
                  const struct create_args *o, int sock)
{
    struct container_attach io = {
        .in = o->interactive && container_attaches(&c->config, "stdin") ? STDIN_FILENO : -1,
        .out = container_attaches(&c->config, "stdout") ? STDOUT_FILENO : -1,
        .err = container_attaches(&c->config, "stderr") ? STDERR_FILENO : -1,
        .sig_proxy = o->sig_proxy && !o->tty,
        .detach_keys = c->config.detach_keys,
    };
    enum container_attach_end end;
    int code = 0;
    int r = container_attach_run(e, c, sock, &io, &end, &code, x->err);

    if (r < 0)
        return r;
    if (end == CTR_ATTACH_DETACHED)
        return 0;
    r = container_cleanup(e, c, c->config.auto_remove, c->config.auto_remove_image, x->err);
    if (r < 0) { /* its exit code is what the caller wants to know all the same */
        log_error("cleaning up container %s: %s", c->config.id, x->err->msg);
        err_clear(x->err);
    }
    return code & 0xff;
}

static int run_run(struct cmd_ctx *x, void *args)
{
    struct create_args *o = args;
    struct container c = { 0 };
    char **warnings = NULL;
    int sock = -EBADF;

    if (o->rmi && cmd_given(x, "rm") && !o->rm)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "the --rmi option does not work without --rm");
    if (o->detach && o->attach)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL,
                       "conflicting options: cannot specify both --attach and --detach");
    if (o->tty && o->interactive && !o->detach && !isatty(STDIN_FILENO))
        log_warn("The input device is not a TTY. The --tty and --interactive flags might not work "
                 "properly");
    c.config.stdin_once = o->interactive && !o->detach;
    int r = preserved_fds(x, o->preserve_fds, o->preserve_fd, &c.keep_fds, &c.nkeep_fds);
    if (r == 0)
        r = create(x, o, &c.config);
    if (r < 0)
        return r;
    struct engine *e = cmd_engine(x);
    r = container_start(e, x->arena, &c, false, o->detach ? NULL : &sock, &warnings, x->err);
    if (r < 0) {
        struct container_remove_options rm = { .force = true, .volumes = true };
        if (c.config.auto_remove)
            (void)!container_remove(e, &c, &rm, NULL);
        return r;
    }
    log_warnings(warnings);
    if (o->detach) {
        puts(c.config.id);
        return 0;
    }
    AUTO_CLOSE int owned = sock;
    if (o->attach && !container_attaches(&c.config, "stdout") &&
        !container_attaches(&c.config, "stderr"))
        puts(c.config.id); /* nothing else will be seen of it */
    return attach(x, e, &c, o, owned);
}

static const struct opt create_only_opts[] = {
    O_STR(0, "init-ctr", struct create_args, init_ctr, "type",
          "Run this container before the others of its pod: at every start, or once",
          .choices = "always|once"),
    { 0 },
};
static const struct opt *const create_tables[] = { create_only_opts,  create_opts,
                                                   limit_opts,        create_health_opts,
                                                   create_later_opts, NULL };
static const struct opt *const run_tables[] = { create_opts,        limit_opts,        run_opts,
                                                create_health_opts, create_later_opts, NULL };

static const char *const run_examples[] = {
    "podman run --rm docker.io/library/busybox echo hello",
    "podman run -it --name box -v /srv/data:/data docker.io/library/busybox sh",
    "podman run -d --memory 64m --restart on-failure:3 localhost/app",
    NULL,
};

const struct cmd cmd_run = {
    .name = "run",
    .summary = "Run a command in a new container",
    .usage = "[options] IMAGE [COMMAND [ARG...]]",
    .description = "Runs a command in a new container from the given image",
    .examples = run_examples,
    .min_args = 1,
    .max_args = -1,
    .flags = CMD_NO_INTERSPERSED,
    .complete = COMPLETE_IMAGE,
    .opts = run_tables,
    .args_size = sizeof(struct create_args),
    .run = run_run,
};

static const char *const create_examples[] = {
    "podman create --name app docker.io/library/busybox sleep 60",
    "podman start app",
    NULL,
};

const struct cmd cmd_create = {
    .name = "create",
    .summary = "Create but do not start a container",
    .usage = "[options] IMAGE [COMMAND [ARG...]]",
    .description =
        "Creates a new container from the given image or storage and prepares it for running the "
        "specified command. The container ID is then printed to stdout. You can start it at any "
        "time with the podman start <container_id> command.",
    .examples = create_examples,
    .min_args = 1,
    .max_args = -1,
    .flags = CMD_NO_INTERSPERSED,
    .complete = COMPLETE_IMAGE,
    .opts = create_tables,
    .args_size = sizeof(struct create_args),
    .run = create_run,
};
