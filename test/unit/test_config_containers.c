/* containers.conf and storage.conf: if this fails, a setting is lost, a broken one is taken, or the
 * wrong file wins. */
#include "unit.h"

#include "base/fs.h"
#include "base/log.h"
#include "config/containers.h"
#include "config/storage.h"

#include "base/banned.h"

static char dir[] = "/tmp/confXXXXXX";

static char *put(const char *name, const char *text)
{
    static char path[4][256];
    static int next;
    char *p = path[next++ % 4];

    snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
    char *slash = strrchr(p, '/');
    *slash = 0;
    assert_int_equal(fs_mkdirs(AT_FDCWD, p, 0755), 0);
    AUTO_CLOSE int at = fs_open_dir(AT_FDCWD, p);
    *slash = '/';
    assert_int_equal(fs_replace(at, slash + 1, text, strlen(text), 0644, FS_NOSYNC), 0);
    return p;
}

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    setenv("XDG_CONFIG_HOME", dir, 1);
    setenv("HOME", dir, 1);
    log_set_level(LOGL_ERROR);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return fs_remove_tree(AT_FDCWD, dir);
}

static int clean(void **state)
{
    static const char *const vars[] = { "CONTAINERS_CONF",
                                        "CONTAINERS_CONF_OVERRIDE",
                                        "CONTAINERS_STORAGE_CONF",
                                        "STORAGE_DRIVER",
                                        "STORAGE_OPTS",
                                        "XDG_DATA_HOME" };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(vars); i++)
        unsetenv(vars[i]);
    return fs_remove_tree(AT_FDCWD, dir) < 0 ? -1 : 0;
}

static void test_defaults(void **state)
{
    AUTO_ARENA a = { 0 };
    struct config_containers c;
    struct err err = { 0 };

    (void)state;
    setenv("CONTAINERS_CONF", "/dev/null", 1);
    assert_int_equal(config_containers_load(&a, NULL, 0, &c, &err), 0);
    assert_int_equal(c.containers.pids_limit, 2048);
    assert_string_equal(c.containers.shm_size, "65536k");
    assert_int_equal(strv_len(c.containers.default_capabilities), 11);
    assert_true(c.containers.http_proxy && !c.containers.init);
    assert_null(c.containers.oom_score_adj);
    assert_null(c.engine.cgroup_manager);
    assert_int_equal(c.engine.stop_timeout, 10);
    assert_int_equal(c.network.default_subnet_pools.n, 5);
    assert_string_equal(c.network.default_subnet_pools.items[4].base, "10.128.0.0/9");
}

static void test_values(void **state)
{
    AUTO_ARENA a = { 0 };
    struct config_containers c;
    struct err err = { 0 };

    (void)state;
    setenv(
        "CONTAINERS_CONF",
        put("a.conf",
            "[containers]\npids_limit = 0\noom_score_adj = -5\nenv = ['A=1']\ninit = true\n"
            "unknown = 1\n[engine]\nevents_logfile_max_size = '2m'\nruntime = 'crun'\n"
            "[engine.runtimes]\ncrun = ['/opt/crun']\n[engine.volume_plugins]\nx = '/run/x.sock'\n"
            "[engine.service_destinations.prod]\nuri = 'ssh://h'\nis_machine = true\n"
            "[network]\ndefault_subnet_pools = [{base = '10.1.0.0/16', size = 26}]\n[nothing]\nx = "
            "1\n"),
        1);
    setenv("CONTAINERS_CONF_OVERRIDE",
           put("b.conf", "[containers]\nenv = ['B=2', {append=true}]\n"), 1);
    char *modules[] = { put("m.conf", "[containers]\nenv = ['M=1', {append=true}]\ninit = false\n"),
                        NULL };
    if (config_containers_load(&a, modules, 0, &c, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(c.containers.pids_limit, 0);
    assert_int_equal(*c.containers.oom_score_adj, -5);
    assert_string_equal(strv_join(&a, c.containers.env, ","), "A=1,M=1,B=2");
    assert_false(c.containers.init);
    assert_int_equal(c.engine.events_logfile_max_size, 2 << 20);
    assert_string_equal(config_strings_get(&c.engine.runtimes, "crun")[0], "/opt/crun");
    assert_string_equal(kv_get(&c.engine.volume_plugins, "x"), "/run/x.sock");
    assert_string_equal(c.engine.service_destinations.items[0].uri, "ssh://h");
    assert_true(c.engine.service_destinations.items[0].is_machine);
    assert_int_equal(c.network.default_subnet_pools.n, 1);
    assert_int_equal(c.network.default_subnet_pools.items[0].size, 26);
    assert_int_equal(strv_len(c.loaded), 3);
}

/* {append=true} sticks to the key for the files after it. */
static void test_order(void **state)
{
    AUTO_ARENA a = { 0 };
    struct config_containers c;
    struct err err = { 0 };

    (void)state;
    put("containers/containers.conf", "[containers]\ntz = 'main'\nenv = ['A', {append=true}]\n");
    put("containers/containers.conf.d/90-b.conf", "[containers]\ntz = '90'\nenv = ['C']\n");
    put("containers/containers.conf.d/10-a.conf", "[containers]\ntz = '10'\nenv = ['B']\n");
    put("containers/containers.conf.d/99-no.txt", "[broken");
    put("containers/containers.conf.modules/mod.conf", "[containers]\numask = '0077'\n");
    char *modules[] = { (char[]) { "mod.conf" }, NULL };
    if (config_containers_load(&a, modules, 1000, &c, &err) < 0)
        fail_msg("%s", err.msg);
    assert_string_equal(c.containers.tz, "90");
    assert_string_equal(c.containers.umask, "0077");
    char *env = strv_join(&a, c.containers.env, ",");
    assert_true(str_ends(env, ",A,B,C"));
    char *missing[] = { (char[]) { "nope.conf" }, NULL };
    assert_int_equal(config_containers_load(&a, missing, 1000, &c, &err), -ENOENT);
    assert_string_equal(
        err.msg,
        "could not resolve module \"nope.conf\": stat nope.conf: no such file or directory");
}

static const struct {
    const char *text, *error;
} bad[] = {
    { "[containers]\n\ninit = 'perhaps'", ":3: containers.init: must be a boolean, not a string" },
    { "[containers]\npids_limit = '5'",
      ":2: containers.pids_limit: must be a whole number, not a string" },
    { "[containers]\npids_limit = -2",
      ":2: containers.pids_limit: -2 is out of range: -1 to 9223372036854775807" },
    { "[containers]\nenv = 'A=1'",
      ":2: containers.env: must be an array of strings, not a string" },
    { "[containers]\nenv = [1]",
      ":2: containers.env: must hold strings or {append=true}, not a number" },
    { "[containers]\nshm_size = 'big'", ":2: containers.shm_size: \"big\" is not a size" },
    { "[containers]\numask = '0888'", ":2: containers.umask: \"0888\" is not an octal mode" },
    { "[engine]\ncgroup_manager = 'x'",
      ":2: engine.cgroup_manager: \"x\" is not one of systemd|cgroupfs" },
    { "[engine]\nretry_delay = '5'", ":2: engine.retry_delay: \"5\" is not a duration" },
    { "[engine]\nruntimes = 1", ":2: engine.runtimes: must be a table of arrays, not a number" },
    { "[network]\ndefault_subnet_pools = [1]", ":2: network.default_subnet_pools: each pool needs "
                                               "a base \"ADDRESS/BITS\" and a size in bits" },
    { "[containers\n", ":1: a header is not closed after \"containers\"" },
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        AUTO_ARENA a = { 0 };
        struct config_containers c;
        struct err err = { 0 };
        char want[600];
        const char *path = put("bad.conf", bad[i].text);
        setenv("CONTAINERS_CONF", path, 1);
        assert_int_equal(config_containers_load(&a, NULL, 0, &c, &err), -EINVAL);
        snprintf(want, sizeof(want), "%s%s", path, bad[i].error);
        assert_string_equal(err.msg, want);
    }
}

static void test_storage(void **state)
{
    AUTO_ARENA a = { 0 };
    struct config_storage s;
    struct err err = { 0 };

    (void)state;
    setenv("CONTAINERS_STORAGE_CONF", "/dev/null", 1);
    assert_int_equal(config_storage_load(&a, NULL, 0, NULL, &s, &err), 0);
    assert_string_equal(s.driver, "overlay");
    assert_string_equal(s.graphroot, "/var/lib/containers/storage");
    assert_string_equal(s.runroot, "/run/containers/storage");
    setenv("XDG_DATA_HOME", "/data", 1);
    assert_int_equal(config_storage_load(&a, NULL, 1000, "/run/user/1000", &s, &err), 0);
    assert_string_equal(s.graphroot, "/data/containers/storage");
    assert_string_equal(s.runroot, "/run/user/1000/containers");

    setenv("CONTAINERS_STORAGE_CONF",
           put("s.conf",
               "[storage]\ndriver='overlay'\ngraphroot='/"
               "g'\n[storage.options]\nmountopt='nodev'\nsize=''\n"
               "additionalimagestores=['/x']\nauto-userns-max-size=7\n[storage.options.overlay]\n"
               "mountopt='metacopy=on'\nignore_chown_errors='true'\n[storage.options.vfs]\nsync='"
               "none'\n"
               "[storage.options.pull_options]\nuse_hard_links='false'\n"),
           1);
    assert_int_equal(config_storage_load(&a, NULL, 0, NULL, &s, &err), 0);
    assert_string_equal(s.graphroot, "/g");
    assert_string_equal(s.mountopt, "metacopy=on");
    assert_true(s.ignore_chown_errors);
    assert_int_equal(s.auto_userns_max_size, 7);
    assert_string_equal(s.additionalimagestores[0], "/x");
    assert_string_equal(kv_get(&s.pull_options, "use_hard_links"), "false");

    char *opts[] = { (char[]) { "overlay.size=1g" }, (char[]) { "additionalimagestore=/y" }, NULL };
    struct config_storage_flags flags = {
        .root = "/r", .runroot = "/rr", .driver = "vfs", .opts = opts
    };
    assert_int_equal(config_storage_load(&a, &flags, 0, NULL, &s, &err), 0);
    assert_string_equal(s.graphroot, "/r");
    assert_string_equal(s.runroot, "/rr");
    assert_string_equal(s.driver, "vfs");
    assert_string_equal(s.size, "1g");
    assert_null(s.mountopt);
    assert_string_equal(s.additionalimagestores[0], "/y");
    opts[0] = (char[]) { "overlay.nope=1" };
    assert_int_equal(config_storage_load(&a, &flags, 0, NULL, &s, &err), -EINVAL);
    assert_string_equal(err.msg, "unknown storage option \"overlay.nope=1\"");
}

static void test_storage_rootless(void **state)
{
    AUTO_ARENA a = { 0 };
    struct config_storage s;
    struct err err = { 0 };

    (void)state;
    put("containers/storage.conf", "[storage]\nrootless_storage_path='$HOME/s-$UID'\n");
    assert_int_equal(config_storage_load(&a, NULL, 1000, "/run/user/1000", &s, &err), 0);
    assert_string_equal(s.graphroot, arena_printf(&a, "%s/s-1000", dir));
    put("containers/storage.conf.d/1.conf", "[storage]\ngraphroot='/mine'\n");
    assert_int_equal(config_storage_load(&a, NULL, 1000, "/run/user/1000", &s, &err), 0);
    assert_string_equal(s.graphroot, "/mine");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_defaults, clean),
        cmocka_unit_test_setup(test_values, clean),
        cmocka_unit_test_setup(test_order, clean),
        cmocka_unit_test_setup(test_errors, clean),
        cmocka_unit_test_setup(test_storage, clean),
        cmocka_unit_test_setup(test_storage_rootless, clean),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
