/* Hooks, and the state document that they read. */
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <time.h>

#include "base/parse.h"
#include "base/proc.h"
#include "oci/plan.h"

#include "base/banned.h"

char *oci_state_json(struct arena *a, const char *id, const char *status, pid_t pid,
                     const char *bundle, const kv_list *annotations)
{
    AUTO_BUF b = { 0 };
    AUTO_JSON *doc = json_pack("{s:s, s:s, s:s, s:i, s:s}", "ociVersion", "1.2.0", "id", id,
                               "status", status, "pid", (int)pid, "bundle", bundle ? bundle : "");
    if (!doc)
        return arena_strdup(a, "{}");
    if (pid <= 0)
        json_object_del(doc, "pid");
    if (annotations && annotations->n) {
        json_t *m = json_object();
        for (size_t i = 0; i < annotations->n; i++)
            json_object_set_new(m, annotations->items[i].key,
                                json_string(annotations->items[i].val));
        json_object_set_new(doc, "annotations", m);
    }
    json_text(doc, 0, &b);
    return arena_strdup(a, b.data);
}

/* Waits at most the hook's timeout, then kills it. */
static int wait_hook(const struct oci_hook *h, pid_t pid, struct err *err)
{
    AUTO_CLOSE int fd = sys_pidfd_open(pid);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    int r;

    while (fd >= 0 && (r = poll(&p, 1, h->timeout ? (int)*h->timeout * 1000 : -1)) <= 0) {
        if (r < 0 && errno == EINTR)
            continue;
        kill(pid, SIGKILL);
        (void)!proc_wait(pid);
        return err_set(err, ERR_INTERNAL, ETIMEDOUT, "hook %s: timed out", h->path);
    }
    r = proc_wait(pid);
    if (r != 0)
        return err_set(err, ERR_INTERNAL, EIO, "hook %s: exit status %d", h->path, r);
    return 0;
}

static int run_hook(const struct oci_hook *h, const char *state, struct err *err)
{
    static char *const no_env[] = { NULL };
    char *fallback[] = { h->path, NULL };
    int in[2];
    pid_t pid;

    if (pipe2(in, O_CLOEXEC) < 0)
        return err_sys(err, errno, "hook %s", h->path);
    struct spawn s = { .path = h->path,
                       .argv = h->args && h->args[0] ? h->args : fallback,
                       .env = h->env ? h->env : no_env,
                       .fds = { in[0], 1, 2 },
                       .keep_fd = -1 };
    int r = proc_spawn(&s, &pid);
    close(in[0]);
    /* Smaller than a pipe's buffer: cannot block.  A hook that does not read is fine. */
    struct sigaction ign = { .sa_handler = SIG_IGN }, old;
    sigaction(SIGPIPE, &ign, &old);
    (void)!write(in[1], state, MIN(strlen(state), (size_t)65536));
    sigaction(SIGPIPE, &old, NULL);
    close(in[1]);
    if (r < 0)
        return err_sys(err, -r, "hook %s", h->path);
    return wait_hook(h, pid, err);
}

int oci_run_hooks(const oci_hook_list *hooks, const char *state, struct err *err)
{
    for (size_t i = 0; i < hooks->n; i++) {
        int r = run_hook(&hooks->items[i], state, err);
        if (r < 0)
            return r;
    }
    return 0;
}

void child_hooks(const oci_hook_list *hooks, const char *state, int sync)
{
    int r = hooks->n ? oci_run_hooks(hooks, state, NULL) : 0;

    if (r < 0)
        child_fail(sync, STEP_HOOK, -r, 0);
}
