/* The small languages of options.  If one of these failed, a mount would be writable that was asked to be
 * read-only, a limit would be another, or nonsense would be accepted silently. */
#include "unit.h"

#include <signal.h>

#include "base/fs.h"
#include "engine/options.h"

#include "base/banned.h"

static void same(const char *what, const char *got, const char *want)
{
    if (!str_same(got, want))
        fail_msg("%s: \"%s\", not \"%s\"", what, got ? got : "NULL", want ? want : "NULL");
}

static void result(const char *what, int r, int want, const struct err *err)
{
    if (r != want)
        fail_msg("%s: %d (%s), not %d", what, r, err->msg, want);
    if (r < 0)
        assert_true(err->kind != ERR_NONE && err->msg[0]);
}

static const char *joined(struct arena *a, char **v)
{
    return v ? strv_join(a, v, ",") : NULL;
}

/* ---------- mounts ---------- */

enum parser { VOLUME, MOUNT, TMPFS };
static int (*const parsers[])(struct arena *, const char *, struct container_mount *,
                              struct err *) = {
    [VOLUME] = option_volume, [MOUNT] = option_mount, [TMPFS] = option_tmpfs
};

static const struct {
    enum parser parser;
    const char *in;
    int want;
    const char *type, *source, *destination, *options;
    bool anonymous;
} mounts[] = {
    { VOLUME, "/a:/b", 0, "bind", "/a", "/b", NULL, false },
    { VOLUME, "/a/../c//d/:/b/", 0, "bind", "/c/d", "/b", NULL, false },
    { VOLUME, "/a:/b:ro,z", 0, "bind", "/a", "/b", "ro,z", false },
    { VOLUME, "/a:/b:idmap=uids=0-1-2", 0, "bind", "/a", "/b", "idmap=uids=0-1-2", false },
    { VOLUME, "name:/b:U", 0, "volume", "name", "/b", "U", false },
    { VOLUME, "n-a.m_e:/b", 0, "volume", "n-a.m_e", "/b", NULL, false },
    { VOLUME, "/b", 0, "volume", NULL, "/b", NULL, true },
    { VOLUME, "", -EINVAL },
    { VOLUME, ":", -EINVAL },
    { VOLUME, ":/b", -EINVAL },
    { VOLUME, "/a:", -EINVAL },
    { VOLUME, "/a:b", -EINVAL },
    { VOLUME, "b", -EINVAL },
    { VOLUME, "/a:/", -EINVAL },
    { VOLUME, "/a:/x/..", -EINVAL },
    { VOLUME, "/a:/b:ro:z", -EINVAL },
    { VOLUME, "/a:/b:nonsense", -EINVAL },
    { VOLUME, "/a:/b:roo", -EINVAL },
    { VOLUME, "na/me:/b", -EINVAL },
    { VOLUME, "-name:/b", -EINVAL },
    { MOUNT, "type=bind,src=/a,dst=/b", 0, "bind", "/a", "/b", NULL, false },
    { MOUNT, "type=bind,source=/a,target=/b,ro", 0, "bind", "/a", "/b", "ro", false },
    { MOUNT, "type=bind,source=/a,destination=/b,ro=false", 0, "bind", "/a", "/b", "rw", false },
    { MOUNT, "type=bind,src=/a,dst=/b,readonly=true,bind-propagation=rslave", 0, "bind", "/a", "/b",
      "ro,rslave", false },
    { MOUNT, "type=bind,src=/a,dst=/b,bind-nonrecursive,relabel=shared", 0, "bind", "/a", "/b",
      "bind,z", false },
    { MOUNT, "type=bind,src=/a,dst=/b,consistency=cached", 0, "bind", "/a", "/b", NULL, false },
    { MOUNT, "src=name,dst=/b", 0, "volume", "name", "/b", NULL, false },
    { MOUNT, "type=volume,dst=/b", 0, "volume", NULL, "/b", NULL, true },
    { MOUNT, "type=volume,src=,dst=/b", 0, "volume", "", "/b", NULL, true },
    { MOUNT, "type=tmpfs,dst=/b,tmpfs-size=64m,tmpfs-mode=700,notmpcopyup", 0, "tmpfs", NULL, "/b",
      "size=64m,mode=700,notmpcopyup", false },
    { MOUNT, "type=devpts,destination=/dev/pts,uid=1,gid=2", 0, "devpts", NULL, "/dev/pts",
      "uid=1,gid=2", false },
    { MOUNT, "type=bind,src=/a,dst=/b,U=true,idmap", 0, "bind", "/a", "/b", "U,idmap", false },
    { MOUNT, "", -EINVAL },
    { MOUNT, "type=bind,dst=/b", -EINVAL },
    { MOUNT, "type=bind,src=/a", -EINVAL },
    { MOUNT, "type=bind,src=/a,dst=b", -EINVAL },
    { MOUNT, "type=bind,src,dst=/b", -EINVAL },
    { MOUNT, "type=bind,src=/a,dst=/b,nonsense=1", -EINVAL },
    { MOUNT, "type=nonsense,dst=/b", -EINVAL },
    { MOUNT, "type=tmpfs,src=/a,dst=/b", -EINVAL },
    { MOUNT, "type=volume,src=a/b,dst=/b", -EINVAL },
    { MOUNT, "type=glob,src=/no-such-file*,dst=/b", -ENOENT },
    { MOUNT, "type=glob,src=/et[c],dst=/b", 0, "glob", "/et[c]", "/b", NULL, false },
    { TMPFS, "/t", 0, "tmpfs", NULL, "/t", NULL, false },
    { TMPFS, "/t:size=64m,mode=1777,noexec", 0, "tmpfs", NULL, "/t", "size=64m,mode=1777,noexec",
      false },
    { TMPFS, "t", -EINVAL },
    { TMPFS, "", -EINVAL },
    { TMPFS, "/t:nonsense", -EINVAL },
    { TMPFS, "/", -EINVAL },
};

static void test_mounts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
        AUTO_ARENA a = { 0 };
        struct container_mount m = { 0 };
        struct err err = { 0 };
        const char *in = mounts[i].in;
        int r = parsers[mounts[i].parser](&a, in, &m, &err);
        result(in, r, mounts[i].want, &err);
        if (r < 0)
            continue;
        same(in, m.type, mounts[i].type);
        same(in, m.source, mounts[i].source);
        same(in, m.destination, mounts[i].destination);
        same(in, joined(&a, m.options), mounts[i].options);
        assert_int_equal(m.anonymous, mounts[i].anonymous);
    }
}

static const struct {
    const char *in;
    int want;
    const char *source, *destination, *permissions;
} devices[] = {
    { "/dev/fuse", 0, "/dev/fuse", "/dev/fuse", "rwm" },
    { "/dev/fuse:/dev/x", 0, "/dev/fuse", "/dev/x", "rwm" },
    { "/dev/fuse:r", 0, "/dev/fuse", "/dev/fuse", "r" },
    { "/dev/fuse:/dev/x:rw", 0, "/dev/fuse", "/dev/x", "rw" },
    { "", -EINVAL },
    { "fuse", -EINVAL },
    { "/dev/fuse:x", -EINVAL },
    { "/dev/fuse:", -EINVAL },
    { "/dev/fuse:/dev/x:rw:m", -EINVAL },
};

static void test_devices(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
        AUTO_ARENA a = { 0 };
        struct container_device d = { 0 };
        struct err err = { 0 };
        int r = option_device(&a, devices[i].in, &d, &err);
        result(devices[i].in, r, devices[i].want, &err);
        if (r < 0)
            continue;
        same(devices[i].in, d.source, devices[i].source);
        same(devices[i].in, d.destination, devices[i].destination);
        same(devices[i].in, d.permissions, devices[i].permissions);
    }
}

/* ---------- limits, restart, signals ---------- */

static const struct {
    const char *in;
    int want;
    const char *name;
    int64_t soft, hard;
} ulimits[] = {
    { "nofile=1024:2048", 0, "nofile", 1024, 2048 },
    { "nofile=1024", 0, "nofile", 1024, 1024 },
    { "RLIMIT_NOFILE=1:2", 0, "nofile", 1, 2 },
    { "core=-1:-1", 0, "core", -1, -1 },
    { "core=0:-1", 0, "core", 0, -1 },
    { "nofile=2:1", -EINVAL },
    { "nofile=-1:1", -EINVAL },
    { "nofile=-2", -EINVAL },
    { "nofile=", -EINVAL },
    { "nofile", -EINVAL },
    { "nofile=1:2:3", -EINVAL },
    { "nofile=1x", -EINVAL },
    { "nonsense=1", -EINVAL },
    { "=1", -EINVAL },
};

static void test_ulimits(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ulimits); i++) {
        AUTO_ARENA a = { 0 };
        struct container_config c = { 0 };
        struct err err = { 0 };
        int r = option_ulimit(&a, ulimits[i].in, &c, &err);
        result(ulimits[i].in, r, ulimits[i].want, &err);
        assert_int_equal(c.ulimits.n, r == 0);
        if (r < 0)
            continue;
        same(ulimits[i].in, c.ulimits.items[0].name, ulimits[i].name);
        assert_int_equal(c.ulimits.items[0].soft, ulimits[i].soft);
        assert_int_equal(c.ulimits.items[0].hard, ulimits[i].hard);
    }
    AUTO_ARENA a = { 0 };
    struct container_config c = { 0 };
    assert_int_equal(option_ulimit(&a, "host", &c, NULL), 0);
    size_t all = c.ulimits.n;
    assert_true(all > 10);
    assert_int_equal(option_ulimit(&a, "nofile=7", &c, NULL), 0);
    assert_int_equal(c.ulimits.n, all); /* the last setting wins */
}

static const struct {
    const char *in;
    int want;
    const char *policy;
    int64_t tries;
} restarts[] = {
    { "no", 0, "no", 0 },
    { "never", 0, "no", 0 },
    { "", 0, "", 0 },
    { "always", 0, "always", 0 },
    { "unless-stopped", 0, "unless-stopped", 0 },
    { "on-failure", 0, "on-failure", 0 },
    { "on-failure:5", 0, "on-failure", 5 },
    { "on-failure:", -EINVAL },
    { "on-failure:-1", -EINVAL },
    { "always:5", -EINVAL },
    { "nonsense", -EINVAL },
};

static void test_restarts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(restarts); i++) {
        AUTO_ARENA a = { 0 };
        struct container_config c = { 0 };
        struct err err = { 0 };
        int r = option_restart(&a, restarts[i].in, &c, &err);
        result(restarts[i].in, r, restarts[i].want, &err);
        if (r < 0)
            continue;
        same(restarts[i].in, c.restart_policy, restarts[i].policy);
        assert_int_equal(c.restart_tries, restarts[i].tries);
    }
}

static void test_signals(void **state)
{
    (void)state;
    const struct {
        const char *in;
        int want; /* 0: refused */
        const char *name;
    } rows[] = {
        { "SIGTERM", SIGTERM, "SIGTERM" },
        { "term", SIGTERM, "SIGTERM" },
        { "9", SIGKILL, "SIGKILL" },
        { "sigUSR1", SIGUSR1, "SIGUSR1" },
        { "IOT", SIGABRT, "SIGABRT" },
        { "SIGCLD", SIGCHLD, "SIGCHLD" },
        { "RTMIN", SIGRTMIN, "SIGRTMIN" },
        { "SIGRTMIN+3", SIGRTMIN + 3, "SIGRTMIN+3" },
        { "RTMAX-1", SIGRTMAX - 1, NULL },
        { "0", 0, NULL },
        { "-1", 1, "SIGHUP" },
        { "-TERM", SIGTERM, "SIGTERM" },
        { "-", 0, NULL },
        { "65", 0, NULL },
        { "RTMIN+99", 0, NULL },
        { "RTMAX+1", 0, NULL },
        { "RTMIN-1", 0, NULL },
        { "", 0, NULL },
        { "SIG", 0, NULL },
        { "nonsense", 0, NULL },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = { 0 };
        int signo = 0;
        result(rows[i].in, option_signal(rows[i].in, &signo, &err), rows[i].want ? 0 : -EINVAL,
               &err);
        assert_int_equal(signo, rows[i].want);
        if (rows[i].name)
            same(rows[i].in, signal_name(signo), rows[i].name);
    }
    assert_null(signal_name(0));
    assert_null(signal_name(SIGRTMAX + 1));
}

static void test_cpus(void **state)
{
    (void)state;
    struct container_resources r = { 0 };
    assert_int_equal(option_cpus(1.5, &r, NULL), 0);
    assert_int_equal(r.cpu_quota, 150000);
    assert_int_equal(r.cpu_period, 100000);
    assert_int_equal(r.nano_cpus, 1500000000);
    assert_int_equal(option_cpus(-1, &r, NULL), -EINVAL);
    assert_int_equal(option_cpus(1e18, &r, NULL), -EINVAL);
}

/* ---------- security, ids, environment ---------- */

static void test_security(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    struct container_config c = { 0 };
    static const char *const good[] = {
        "no-new-privileges", "seccomp=unconfined", "apparmor:none",
        "label=disable",     "label=type:x",       "mask=/a:/b",
        "mask=/c",           "unmask=ALL",         "proc-opts=hidepid=2",
    };
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_int_equal(option_security(&a, good[i], &c, NULL), 0);
    assert_true(c.no_new_privileges);
    same("seccomp", c.seccomp_profile, "unconfined");
    same("apparmor", c.apparmor_profile, "none");
    same("label", joined(&a, c.label_opts), "disable,type:x");
    same("mask", joined(&a, c.mask), "/a,/b,/c");
    same("unmask", joined(&a, c.unmask), "ALL");
    same("proc-opts", c.proc_opts, "hidepid=2");
    assert_int_equal(option_security(&a, "no-new-privileges=false", &c, NULL), 0);
    assert_false(c.no_new_privileges);
    static const char *const bad[] = { "", "seccomp", "nonsense=1", "no-new-privileges=x", "=x" };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct err err = { 0 };
        result(bad[i], option_security(&a, bad[i], &c, &err), -EINVAL, &err);
    }
}

static void test_idmaps(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    struct container_config c = { 0 };
    assert_int_equal(option_idmap(&a, "0:1000:1,1:100000:65536", &c, false, NULL), 0);
    assert_int_equal(option_idmap(&a, "0:5", &c, true, NULL), 0);
    assert_int_equal(c.uid_map.n, 2);
    assert_int_equal(c.uid_map.items[1].container, 1);
    assert_int_equal(c.uid_map.items[1].host, 100000);
    assert_int_equal(c.uid_map.items[1].size, 65536);
    assert_int_equal(c.gid_map.n, 1);
    assert_int_equal(c.gid_map.items[0].size, 1);
    static const char *const bad[] = { "",        "0",      "0:1:0",          "a:b:c",
                                       "0:1:2:3", "-1:0:1", "0:4294967296:1", "0:1:1," };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct err err = { 0 };
        result(bad[i], option_idmap(&a, bad[i], &c, false, &err), -EINVAL, &err);
    }
}

static void test_env_file(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int want;
        const char *env;
    } rows[] = {
        { "A=1\nB=2\n", 0, "A=1,B=2" },
        { "# comment\n\n  A=1\r\nA=2", 0, "A=2" },
        { "A=x y #z\n", 0, "A=x y #z" },
        { "UNIT_A\nUNIT_NOT_SET\n", 0, "UNIT_A=ours" },
        { "UNIT_*\n", 0, "UNIT_A=ours,UNIT_B=too" },
        { "A=\n", 0, "A=" },
        { "", 0, NULL },
        { "=1\n", -EINVAL, NULL },
        { "A B=1\n", -EINVAL, NULL },
    };
    setenv("UNIT_A", "ours", 1);
    setenv("UNIT_B", "too", 1);
    char dir[] = "/tmp/unit-options-XXXXXX";
    assert_non_null(mkdtemp(dir));
    AUTO_CLOSE int fd = fs_open_dir(AT_FDCWD, dir);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        struct err err = { 0 };
        char **env = NULL;
        assert_int_equal(fs_replace(fd, "env", rows[i].text, strlen(rows[i].text), 0600, FS_NOSYNC),
                         0);
        int r = option_env_file(&a, arena_printf(&a, "%s/env", dir), &env, &err);
        result(rows[i].text, r, rows[i].want, &err);
        if (r == 0)
            same(rows[i].text, joined(&a, env), rows[i].env);
    }
    assert_int_equal(fs_remove_tree(AT_FDCWD, dir), 0);
    AUTO_ARENA a = { 0 };
    char **env = NULL;
    assert_int_equal(option_env_file(&a, "/no/such/file", &env, NULL), -ENOENT);
}

static void test_paths_and_names(void **state)
{
    (void)state;
    static const char *const paths[][2] = {
        { "/a/../b//c/", "/b/c" },
        { "/", "/" },
        { "//", "/" },
        { "/..", "/" },
        { "/../../a", "/a" },
        { "a/b", "a/b" },
        { "./a", "a" },
        { "", "." },
        { "a/..", "." },
        { "../a", "../a" },
        { "../../a", "../../a" },
        { "a/../../b", "../b" },
        { "/a/.", "/a" },
        { "/a/..b", "/a/..b" },
        { "./../a", "../a" },
    };
    AUTO_ARENA a = { 0 };
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        same(paths[i][0], path_clean(&a, paths[i][0]), paths[i][1]);
    static const char *const good[] = { "a", "A9", "a_b.c-d", "0" };
    static const char *const bad[] = { "", "-a", ".a", "_a", "a b", "a/b", "\xc3\xa4", "a\n" };
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_int_equal(option_name_check(good[i], NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(option_name_check(bad[i], NULL), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mounts),   cmocka_unit_test(test_devices),
        cmocka_unit_test(test_ulimits),  cmocka_unit_test(test_restarts),
        cmocka_unit_test(test_signals),  cmocka_unit_test(test_cpus),
        cmocka_unit_test(test_security), cmocka_unit_test(test_idmaps),
        cmocka_unit_test(test_env_file), cmocka_unit_test(test_paths_and_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
