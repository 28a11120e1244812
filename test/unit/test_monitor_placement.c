/* Where a container's cgroup is: in the wrong place it would be outside the limits that hold for its user or
 * unit, or start before systemd has given it a scope. */
#include "unit.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "monitor/monitor.h"

#include "base/banned.h"

#define S(text) ((char *)(uintptr_t)(text))

static char *place(const struct monitor_config *c, int starter, struct err *err)
{
    char *ret = NULL;
    int r = placement_cgroup(c, starter, &ret, err);

    assert_true((r < 0) == (err->kind != ERR_NONE));
    return ret;
}

static void test_plain(void **state)
{
    (void)state;
    struct err err = { 0 };
    struct monitor_config none = { .id = S("1") }, plain = { .id = S("1"),
                                                             .cgroup = S("/libpod_parent/libpod-1"),
                                                             .cgroup_manager = S("cgroupfs") };

    assert_null(place(&none, -1, &err));
    assert_int_equal(err.kind, ERR_NONE);
    char *got = place(&plain, -1, &err);
    assert_string_equal(got, "/libpod_parent/libpod-1");
    free(got);
}

/* The engine says when the scope is there; when it goes away instead, nothing may start. */
static void test_engine_gone(void **state)
{
    (void)state;
    struct err err = { 0 };
    struct monitor_config c = { .id = S("1"),
                                .cgroup = S("libpod-1.scope"),
                                .cgroup_manager = S("systemd") };
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    close(pair[1]);
    assert_null(place(&c, pair[0], &err));
    assert_non_null(strstr(err.msg, "the engine went away before the container began"));
    close(pair[0]);
}

static bool in_cgroup(const char *want)
{
    AUTO_BUF b = { .max = 65536 };
    AUTO_FREE char *line = xasprintf("0::%s\n", want);

    return fs_read_file(AT_FDCWD, "/proc/self/cgroup", &b) == 0 && strstr(b.data, line);
}

/* In a scope, as systemd would have made it: 0 when all is as it should be. */
static int in_scope(const char *scope)
{
    AUTO_FREE char *procs = xasprintf("/sys/fs/cgroup%s/cgroup.procs", scope);
    AUTO_FREE char *want = xasprintf("%s/container", scope);
    AUTO_FREE char *monitor = xasprintf("%s/monitor", scope);
    struct err err = { 0 };
    struct monitor_config c = { .id = S("1"),
                                .cgroup = S("libpod-1.scope"),
                                .cgroup_manager = S("systemd") };
    int pair[2];

    if (fs_write_kernel(AT_FDCWD, procs, "0") < 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
        send(pair[1], "", 1, 0) != 1)
        return 1;
    char *got = NULL;
    if (placement_cgroup(&c, pair[0], &got, &err) < 0)
        return 2;
    int r = !STR_EQ(got, want) ? 3 : !in_cgroup(monitor) ? 4 : 0;
    free(got);
    return r;
}

static void test_scope(void **state)
{
    (void)state;
    /* On the stack: skip() jumps away, and what a cleanup would free stays. */
    char scope[64], dir[96], sub[128];
    int status;

    snprintf(scope, sizeof(scope), "/unit-placement-%d.scope", (int)getpid());
    snprintf(dir, sizeof(dir), "/sys/fs/cgroup%s", scope);
    snprintf(sub, sizeof(sub), "%s/monitor", dir);

    if (access("/sys/fs/cgroup/cgroup.controllers", F_OK) < 0 || mkdir(dir, 0755) < 0)
        skip(); /* no cgroup v2 of ours to make one in */
    pid_t pid = fork();
    if (pid == 0)
        _exit(in_scope(scope));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    for (int i = 0; i < 100 && (rmdir(sub) < 0 || rmdir(dir) < 0) && errno == EBUSY; i++)
        usleep(10000);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_engine_gone),
        cmocka_unit_test(test_scope),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
