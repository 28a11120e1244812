/* Where the container's cgroup is. */
#include <sys/socket.h>

#include "base/fs.h"
#include "monitor/monitor.h"

#include "base/banned.h"

/* Our own cgroup in the unified hierarchy: "0::/machine.slice/libpod-ID.scope" without the "0::". */
static char *own_cgroup(void)
{
    AUTO_BUF b = { .max = 65536 };

    if (fs_read_file(AT_FDCWD, "/proc/self/cgroup", &b) < 0 || !b.data)
        return NULL;
    char *line = str_starts(b.data, "0::") ? b.data : strstr(b.data, "\n0::");
    if (!line)
        return NULL;
    line = strchr(line, '/');
    return line ? xstrndup(line, strcspn(line, "\n")) : NULL;
}

/* The engine puts us into a scope of systemd's and then says so; when it could not, it goes away. */
static int wait_for_scope(int starter, struct err *err)
{
    char c;
    ssize_t n;

    while ((n = recv(starter, &c, 1, 0)) < 0 && errno == EINTR)
        ;
    return n == 1 ? 0
                  : err_set(err, ERR_INTERNAL, EPIPE,
                            "the engine went away before the container began");
}

/* A cgroup that has processes cannot hand controllers down: they go into one of their own below it.
 * @pid 0 is ourselves. */
static int move_to(const char *parent, const char *name, pid_t pid, struct err *err)
{
    char text[16];
    AUTO_FREE char *dir = xasprintf("/sys/fs/cgroup%s/%s", parent, name);
    AUTO_FREE char *procs = xasprintf("%s/cgroup.procs", dir);

    snprintf(text, sizeof(text), "%d", (int)pid);
    int r = mkdir(dir, 0755) < 0 && errno != EEXIST ? -errno
                                                    : fs_write_kernel(AT_FDCWD, procs, text);
    return r < 0 ? err_sys(err, -r, "moving into cgroup %s/%s", parent, name) : 0;
}

int placement_cgroup(const struct monitor_config *c, int starter, char **ret, struct err *err)
{
    bool split = c->cgroup_split && oci_cgroup_kind() == OCI_CGROUP_V2;
    bool scope = !c->cgroup_split && c->cgroup_manager && STR_EQ(c->cgroup_manager, "systemd");

    *ret = NULL;
    if (str_empty(c->cgroup))
        return 0;
    if (!scope && !split) {
        *ret = xstrdup(c->cgroup);
        return 0;
    }
    int r = scope ? wait_for_scope(starter, err) : 0;
    if (r < 0)
        return r;
    AUTO_FREE char *own = own_cgroup();
    if (!own)
        return err_set(err, ERR_UNSUPPORTED, ENOENT, "no cgroup of version 2 is ours");
    if (STR_EQ(own, "/"))
        own[0] = '\0';
    r = move_to(own, scope ? "monitor" : "runtime", 0, err);
    if (r == 0 && split) /* the engine that started us is in the way as well */
        r = move_to(own, "runtime", getppid(), err);
    if (r == 0)
        *ret = scope ? xasprintf("%s/container", own)
                     : xasprintf("%s/libpod-payload-%s", own, c->id);
    return r;
}
