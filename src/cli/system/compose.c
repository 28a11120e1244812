/* podman compose: another program's command line, on an API service of ours that lives as long as it does. */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fs.h"
#include "base/proc.h"
#include "cli/cli_priv.h"
#include "cli/commands.h"
#include "config/containers.h"
#include "engine/rootless.h"

#include "base/banned.h"

#define SERVICE_WAIT_MS 10000
#define DIR_PREFIX      "podman-compose-"

/* ---------- which program ---------- */

static const char *const usual[] = { "~/.docker/cli-plugins/docker-compose",
                                     "/usr/local/lib/docker/cli-plugins/docker-compose",
                                     "/usr/local/libexec/docker/cli-plugins/docker-compose",
                                     "/usr/lib/docker/cli-plugins/docker-compose",
                                     "/usr/libexec/docker/cli-plugins/docker-compose",
                                     "docker-compose",
                                     "podman-compose",
                                     NULL };

/* The path of a program: itself, below the home directory, or on $PATH; NULL when it is not there. */
static const char *program_path(struct arena *a, const char *name)
{
    const char *home = getenv("HOME"), *path = getenv("PATH");

    if (str_starts(name, "~/"))
        name = arena_printf(a, "%s%s", home ? home : "", name + 1);
    if (strchr(name, '/'))
        return access(name, X_OK) == 0 ? name : NULL;
    for (char **dir = strv_split(a, path ? path : "/usr/bin:/bin", ':'); *dir; dir++) {
        const char *full = arena_printf(a, "%s/%s", *dir, name);
        if (**dir && access(full, X_OK) == 0)
            return full;
    }
    return NULL;
}

static int find_provider(struct cmd_ctx *x, const struct config_containers *conf, const char **ret)
{
    const char *chosen = getenv("PODMAN_COMPOSE_PROVIDER");
    char *only[] = { arena_strdup(x->arena, chosen), NULL };
    char **names = NULL;

    for (size_t i = 0; usual[i]; i++)
        names = strv_add(x->arena, names, usual[i]);
    if (conf->engine.compose_providers)
        names = conf->engine.compose_providers;
    if (!str_empty(chosen))
        names = only;
    for (char **n = names; *n; n++)
        if ((*ret = program_path(x->arena, *n)))
            return 0;
    return err_set(x->err, ERR_NOT_FOUND, ENOENT,
                   "looking up compose provider failed: none of %s is installed (containers.conf: "
                   "compose_providers; $PODMAN_COMPOSE_PROVIDER)",
                   strv_join(x->arena, names, ", "));
}

/* ---------- our service ---------- */

struct service {
    char dir[128]; /* of the socket; removed at the end */
    pid_t pid;
    int held; /* a connection that keeps the service from ending */
};

/* Ourselves, with the global options that stood before "compose". */
static char **own_command(struct arena *a)
{
    AUTO_BUF line = { .max = 1u << 20 };
    char **out = strv_add(a, NULL, arena_printf(a, "%s/podman", proc_self_dir()));

    if (fs_read_file(AT_FDCWD, "/proc/self/cmdline", &line) < 0 || !line.len)
        return out;
    for (char *p = line.data + strlen(line.data) + 1; p < line.data + line.len;
         p += strlen(p) + 1) {
        if (STR_EQ(p, "compose"))
            break;
        out = strv_add(a, out, p);
    }
    return out;
}

static int wait_for_service(struct cmd_ctx *x, struct service *s)
{
    AUTO_CLOSE int dir = fs_open_dir(AT_FDCWD, s->dir);

    for (int ms = 0; dir >= 0 && ms < SERVICE_WAIT_MS; ms += 5) {
        s->held = unix_connect(dir, "podman.sock", SOCK_STREAM);
        if (s->held >= 0)
            return 0;
        usleep(5000);
    }
    return err_set(x->err, ERR_UNAVAILABLE, ETIMEDOUT, "the API service did not come up in %s",
                   s->dir);
}

/* What a kill -9 left: nobody listens there, and whoever has just made it would by now. */
static void sweep(const char *parent)
{
    AUTO_CLOSE int fd = fs_open_dir(AT_FDCWD, parent);
    DIR *d = fd < 0 ? NULL : fs_open_list(fd, ".");

    for (const struct dirent *e; d && (e = readdir(d));) {
        struct stat st;
        if (!str_starts(e->d_name, DIR_PREFIX) ||
            fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode) ||
            st.st_uid != geteuid() || st.st_mtime > time(NULL) - SERVICE_WAIT_MS / 1000 * 2)
            continue;
        AUTO_CLOSE int dir = fs_open_dir(fd, e->d_name);
        AUTO_CLOSE int sock = dir < 0 ? -EBADF : unix_connect(dir, "podman.sock", SOCK_STREAM);
        if (sock < 0)
            (void)!fs_remove_tree(fd, e->d_name);
    }
    if (d)
        closedir(d);
}

static int start_service(struct cmd_ctx *x, struct service *s)
{
    const char *parent = rootless_is() ? rootless_runtime_dir() : "/run";

    sweep(parent);
    snprintf(s->dir, sizeof(s->dir), "%s/" DIR_PREFIX "XXXXXX", parent);
    if (!mkdtemp(s->dir)) {
        int failed = errno;
        s->dir[0] = '\0';
        return err_sys(x->err, failed, "making a directory for the API socket");
    }
    char **argv = own_command(x->arena);
    argv = strv_add(x->arena, argv, "system");
    argv = strv_add(x->arena, argv, "service");
    argv = strv_add(x->arena, argv, "--time=2");
    argv = strv_add(x->arena, argv, arena_printf(x->arena, "unix://%s/podman.sock", s->dir));
    /* A session of its own: ctrl-c is for compose, which then stops its containers through us. */
    const struct spawn child = {
        .path = argv[0], .argv = argv, .fds = { -1, -1, 2 }, .keep_fd = -1, .new_session = true
    };
    int r = proc_spawn(&child, &s->pid);
    return r < 0 ? err_sys(x->err, -r, "starting %s", argv[0]) : wait_for_service(x, s);
}

static void stop_service(struct service *s)
{
    close_p(&s->held);
    if (s->pid > 0) {
        kill(s->pid, SIGTERM);
        (void)!proc_wait(s->pid);
    }
    if (s->dir[0])
        (void)!fs_remove_tree(AT_FDCWD, s->dir);
}

/* ---------- running it ---------- */

static volatile sig_atomic_t running; /* the provider's pid */

static void pass_on(int signo)
{
    if (running > 0)
        kill((pid_t)running, signo);
}

/* The terminal sends ctrl-c to both of us: it is the provider's to act on. */
static void watch_signals(void)
{
    struct sigaction pass = { .sa_handler = pass_on, .sa_flags = SA_RESTART },
                     ignore = { .sa_handler = SIG_IGN };

    sigaction(SIGTERM, &pass, NULL);
    sigaction(SIGHUP, &pass, NULL);
    sigaction(SIGINT, &ignore, NULL);
    sigaction(SIGQUIT, &ignore, NULL);
}

static int run_provider(struct cmd_ctx *x, const char *program, char **env)
{
    char **argv = strv_add(x->arena, NULL, program);
    struct spawn child = { .path = program, .env = env, .fds = { 0, 1, 2 }, .keep_fd = -1 };
    pid_t pid;

    for (int i = 0; i < x->nargs; i++)
        argv = strv_add(x->arena, argv, x->args[i]);
    child.argv = argv;
    int r = proc_spawn(&child, &pid);
    if (r < 0)
        return err_sys(x->err, -r, "executing %s", program);
    running = pid;
    watch_signals();
    return proc_wait(pid);
}

static int compose_run(struct cmd_ctx *x, void *args)
{
    struct config_containers conf = { 0 };
    struct service service = { .held = -EBADF };
    const char *program = NULL, *logs = getenv("PODMAN_COMPOSE_WARNING_LOGS");
    char **env = strv_copy(x->arena, environ);

    (void)args;
    /* What we add; what it can do, its own help says better. */
    if (x->nargs == 0 || STR_IN(x->args[0], "--help", "-h")) {
        help_print(stdout, x->cmd, x->path);
        return 0;
    }
    int r = config_containers_load(x->arena, global_args.modules, rootless_uid(), &conf, x->err);
    if (r == 0)
        r = find_provider(x, &conf, &program);
    if (r < 0)
        return r;
    if (conf.engine.compose_warning_logs && !(logs && STR_IN(logs, "0", "false")))
        fprintf(stderr,
                ">>>> Executing external compose provider \"%s\". Please see podman-compose(1) for "
                "how to disable this message. <<<<\n\n",
                program);
    if (!getenv("DOCKER_HOST")) {
        r = start_service(x, &service);
        env = env_set(x->arena, env,
                      arena_printf(x->arena, "DOCKER_HOST=unix://%s/podman.sock", service.dir));
    }
    if (!getenv("DOCKER_BUILDKIT"))
        env = env_set(x->arena, env, "DOCKER_BUILDKIT=0");
    if (r == 0)
        r = run_provider(x, program, env);
    stop_service(&service);
    return r;
}

static const char *const compose_examples[] = { "podman compose up -d", "podman compose ps",
                                                "podman compose down", NULL };
const struct cmd cmd_compose = {
    .name = "compose",
    .summary =
        "Run compose workloads via an external provider such as docker-compose or podman-compose",
    .usage = "[options]",
    .description =
        "Runs an external compose program, with all arguments as they are, on an API service that "
        "lives as long "
        "as it does: no socket has to be set up. Which program: $PODMAN_COMPOSE_PROVIDER, "
        "compose_providers of "
        "containers.conf, or the first of docker-compose and podman-compose that is installed. "
        "PODMAN_COMPOSE_WARNING_LOGS=false silences the line that names it. Its own help: podman "
        "compose help.",
    .examples = compose_examples,
    .max_args = -1,
    .flags = CMD_RAW_ARGS | CMD_NO_USERNS | CMD_NO_ENGINE,
    .run = compose_run,
};
