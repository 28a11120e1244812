/* User namespaces: their mappings. */
#include <fcntl.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "base/proc.h"
#include "oci/plan.h"

#include "base/banned.h"

static void mapping_text(const oci_id_mappings *maps, struct buf *out)
{
    for (size_t i = 0; i < maps->n; i++)
        buf_printf(out, "%lld %lld %lld\n", (long long)maps->items[i].container_id,
                   (long long)maps->items[i].host_id, (long long)maps->items[i].size);
}

static int run_helper(const char *helper, pid_t pid, const oci_id_mappings *maps, struct err *err)
{
    AUTO_ARENA a = { 0 };
    AUTO_BUF text = { .max = 4096 };
    char **argv = strv_add(&a, NULL, helper);

    argv = strv_add(&a, argv, arena_printf(&a, "%d", (int)pid));
    for (size_t i = 0; i < maps->n; i++) {
        const struct oci_id_mapping *m = &maps->items[i];
        argv = strv_add(&a, argv, arena_printf(&a, "%lld", (long long)m->container_id));
        argv = strv_add(&a, argv, arena_printf(&a, "%lld", (long long)m->host_id));
        argv = strv_add(&a, argv, arena_printf(&a, "%lld", (long long)m->size));
    }
    int r = proc_run(argv, NULL, NULL, NULL, &text);
    if (r < 0)
        return err_sys(err, -r, "running %s", helper);
    if (r > 0)
        return err_set(err, ERR_DENIED, EPERM, "%s: %s", helper, text.data ? text.data : "failed");
    return 0;
}

/* The kernel lets an ordinary user map one id, its own; groups only after setgroups(2) is given up. */
static bool is_own_id(const oci_id_mappings *maps, int64_t id)
{
    return maps->n == 1 && maps->items[0].size == 1 && maps->items[0].host_id == id;
}

static int write_map(pid_t pid, const char *file, const char *helper, const oci_id_mappings *maps,
                     bool own_gid, struct err *err)
{
    AUTO_BUF text = { 0 };
    char path[64];

    mapping_text(maps, &text);
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    int r = fs_write_kernel(AT_FDCWD, path, text.data);
    if (r == -EPERM && own_gid) {
        char setgroups[64];
        snprintf(setgroups, sizeof(setgroups), "/proc/%d/setgroups", (int)pid);
        if (fs_write_kernel(AT_FDCWD, setgroups, "deny") == 0)
            r = fs_write_kernel(AT_FDCWD, path, text.data);
    }
    if (r == -EPERM || r == -EACCES)
        return run_helper(helper, pid, maps, err);
    return r < 0 ? err_sys(err, -r, "writing %s", path) : 0;
}

int userns_map(pid_t pid, const oci_id_mappings *uids, const oci_id_mappings *gids, struct err *err)
{
    if (!uids->n || !gids->n)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "a user namespace needs uid and gid mappings");
    int r = write_map(pid, "uid_map", "newuidmap", uids, false, err);
    if (r < 0)
        return r;
    return write_map(pid, "gid_map", "newgidmap", gids, is_own_id(gids, getegid()), err);
}

int userns_make(const oci_id_mappings *uids, const oci_id_mappings *gids, struct err *err)
{
    int sv[2];

    if (pipe2(sv, O_CLOEXEC) < 0)
        return err_sys(err, errno, "pipe");
    AUTO_CLOSE int rd = sv[0];
    int wr = sv[1];
    struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
    pid_t pid = sys_clone3(&args);
    if (pid == 0) {
        char c;
        close(wr);
        _exit(read(rd, &c, 1) < 0); /* lives until the caller has opened the namespace */
    }
    if (pid < 0) {
        close(wr);
        return err_sys(err, errno, "creating a user namespace");
    }
    int fd = -EBADF, r = userns_map(pid, uids, gids, err);
    if (r == 0) {
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            r = err_sys(err, errno, "opening %s", path);
    }
    close(wr);
    (void)!proc_wait(pid);
    return r < 0 ? r : fd;
}
