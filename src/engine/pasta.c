#include "engine/pasta.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <sys/mount.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/proc.h"
#include "config/containers.h"

#include "base/banned.h"

/* pasta copies the host's addresses and routes into the namespace and carries packets between both, as an ordinary
 * process.  It leaves when its name for the namespace, a file in the run directory, is removed. */

/* Alone in its directory: pasta leaves when the name is taken away, but of several things that happen there at once
 * it looks at the first only. */
#define LINK_DIR  "pasta"
#define LINK_NAME LINK_DIR "/netns"

char *pasta_path(struct engine *e, struct arena *a)
{
    static const char *const usual[] = { "/usr/bin", "/usr/local/bin", "/bin", NULL };

    for (char **d = e->config->engine.helper_binaries_dir; d && *d; d++) {
        char *path = arena_printf(a, "%s/pasta", *d);
        if (access(path, X_OK) == 0)
            return path;
    }
    for (const char *const *d = usual; *d; d++) {
        char *path = arena_printf(a, "%s/pasta", *d);
        if (access(path, X_OK) == 0)
            return path;
    }
    return NULL;
}

static bool has_option(char *const *v, const char *brief, const char *name)
{
    for (; v && *v; v++)
        if (STR_EQ(*v, brief) || STR_EQ(*v, name) ||
            (str_starts(*v, name) && (*v)[strlen(name)] == '='))
            return true;
    return false;
}

/* What nobody decided otherwise: no ports (the monitor passes on the published ones), and a server for names that is always there. */
static char **add_defaults(struct arena *a, char **v)
{
    static const struct {
        const char *brief, *name;
    } off[] = {
        { "-t", "--tcp-ports" }, { "-u", "--udp-ports" }, { "-T", "--tcp-ns" }, { "-U", "--udp-ns" }
    };

    for (size_t i = 0; i < ARRAY_SIZE(off); i++)
        if (!has_option(v, off[i].brief, off[i].name))
            v = strv_add(a, strv_add(a, v, off[i].brief), "none");
    if (!has_option(v, "--dns-forward", "--dns-forward"))
        v = strv_add(a, strv_add(a, v, "--dns-forward"), PASTA_DNS);
    if (!has_option(v, "--map-gw", "--map-gw"))
        v = strv_add(a, v, "--no-map-gw");
    else { /* a word of Podman's, not of pasta's */
        char **kept = NULL;
        for (; *v; v++)
            if (!STR_EQ(*v, "--map-gw"))
                kept = strv_add(a, kept, *v);
        v = kept;
    }
    return strv_add(a, v, "--quiet");
}

/* System calls only.  The namespace gets a name that needs no right to look into the container's process, in a
 * mount namespace that is pasta's alone. */
_Noreturn static void child(char *const *argv, const char *netns, const char *name, int null,
                            int out)
{
    if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(126);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
        mount(netns, name, NULL, MS_BIND, NULL) < 0) {
        perror("naming the network namespace");
        _exit(126);
    }
    execv(argv[0], argv);
    perror(argv[0]);
    _exit(127);
}

/* It goes into the background once the network is there, and its end of the pipe is closed then. */
static int run(struct arena *a, char **argv, const char *netns, const char *name, struct err *err)
{
    int pipes[2];
    AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    AUTO_BUF text = { .max = 64u << 10 };

    if (null < 0 || pipe2(pipes, O_CLOEXEC) < 0)
        return err_sys(err, errno, "starting %s", argv[0]);
    pid_t pid = fork();
    if (pid == 0)
        child(argv, netns, name, null, pipes[1]);
    int r = pid < 0 ? -errno : 0;
    close(pipes[1]);
    if (r == 0)
        (void)!buf_read_fd(&text, pipes[0]);
    close(pipes[0]);
    if (r == 0)
        r = proc_wait(pid);
    if (r == 0)
        return 0;
    if (r < 0)
        return err_sys(err, -r, "starting %s", argv[0]);
    char *why = arena_strdup(a, text.len ? text.data : "it said nothing");
    for (char *p = why; *p; p++)
        if (*p == '\n')
            *p = p[1] ? ';' : '\0';
    return err_set(err, ERR_UNSUPPORTED, ENETUNREACH, "pasta failed with exit code %d: %.600s", r,
                   why);
}

/* An empty file for the namespace to be mounted on. */
static int make_name(char *path, struct err *err)
{
    char *slash = strrchr(path, '/');

    *slash = '\0';
    int r = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
    *slash = '/';
    (void)!unlink(path);
    AUTO_CLOSE int fd = r < 0 ? r : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? err_sys(err, r < 0 ? -r : errno, "naming a network namespace: %s", path) : 0;
}

int pasta_start(struct engine *e, struct arena *a, const struct container_config *c, pid_t pid,
                struct err *err)
{
    char *program = pasta_path(e, a);
    const char *given = str_starts(c->netns, "pasta:") ? c->netns + strlen("pasta:") : "";
    char *link = arena_printf(a, "%s/containers/%s/" LINK_NAME, e->store->runroot, c->id);
    char *netns = arena_printf(a, "/proc/%d/ns/net", (int)pid);

    if (!program)
        return err_set(err, ERR_UNSUPPORTED, ENOENT,
                       "could not find pasta, the network namespace can't be configured: install "
                       "passt, or use --network none or host");
    if (!STR_EQ(c->netns, "pasta") && !*given)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "network \"%s\": no options after pasta:", c->netns);
    int r = make_name(link, err);
    if (r < 0)
        return r;
    char **v = strv_add(a, strv_add(a, NULL, program), "--config-net");
    v = strv_concat(a, v, e->config->network.pasta_options);
    if (*given)
        v = strv_concat(a, v, strv_split(a, given, ','));
    v = add_defaults(a, v);
    v = strv_add(a, strv_add(a, v, "--netns"), link);
    r = run(a, v, netns, link, err);
    if (r < 0)
        pasta_stop(e, c->id);
    return r;
}

int pasta_uplink(struct engine *e, struct arena *a, pid_t pid, const char *name, struct err *err)
{
    char *program = pasta_path(e, a), *path = arena_printf(a, "%s/%s", e->store->runroot, name);

    if (!program)
        return err_set(err, ERR_UNSUPPORTED, ENOENT, "pasta is not installed (package passt)");
    int r = make_name(path, err);
    if (r < 0)
        return r;
    char **v = strv_add(a, strv_add(a, NULL, program), "--config-net");
    v = add_defaults(a, strv_concat(a, v, e->config->network.pasta_options));
    v = strv_add(a, strv_add(a, v, "--netns"), path);
    r = run(a, v, arena_printf(a, "/proc/%d/ns/net", (int)pid), path, err);
    if (r < 0)
        (void)!unlink(path);
    return r;
}

void pasta_stop(struct engine *e, const char *id)
{
    AUTO_CLOSE int dir = container_run_dir(e, id);

    if (dir >= 0)
        (void)!unlinkat(dir, LINK_NAME, 0);
}
