/* A scope from systemd: a container that is started although its scope is not there would be outside all its
 * limits, and one whose scope still ends would fail for no reason. */
#include "unit.h"

#include "base/fs.h"
#include "supervise/systemd.h"

#include "base/banned.h"

static char calls_path[] = "/tmp/unit-systemd-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(calls_path);
    if (fd < 0)
        return -1;
    close(fd);
    return setenv("FAKE_CALLS", calls_path, 1);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(calls_path);
}

static int start(const char *bus, struct buf *calls, struct err *err)
{
    struct systemd_scope s = { .socket = "/run/x/private",
                               .name = "libpod-1.scope",
                               .slice = "machine.slice",
                               .description = "c" };

    assert_int_equal(truncate(calls_path, 0), 0);
    assert_int_equal(setenv("FAKE_BUS", bus, 1), 0);
    int r = systemd_scope_start(&s, getpid(), err);
    buf_reset(calls);
    assert_int_equal(fs_read_file(AT_FDCWD, calls_path, calls), 0);
    return r;
}

static int count(const char *text, const char *what)
{
    int n = 0;

    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

static void test_done(void **state)
{
    (void)state;
    AUTO_BUF calls = { .max = 65536 };
    struct err err = { 0 };

    /* Another unit's job that failed is not ours. */
    assert_int_equal(start("done", &calls, &err), 0);
    assert_string_equal(calls.data, "unix:path=/run/x/private\nJobRemoved\n"
                                    "StartTransientUnit libpod-1.scope\nclosed\n");
}

static void test_failures(void **state)
{
    (void)state;
    static const struct {
        const char *bus, *text;
    } rows[] = {
        { "failed", "systemd could not start libpod-1.scope: failed" },
        { "timeout", "systemd could not start libpod-1.scope: timeout" },
        { "denied", "systemd could not start libpod-1.scope: not for you" },
        { "nobody", "connecting to systemd (/run/x/private)" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_BUF calls = { .max = 65536 };
        struct err err = { 0 };
        assert_true(start(rows[i].bus, &calls, &err) < 0);
        if (!strstr(err.msg, rows[i].text))
            fail_msg("%s: %s", rows[i].bus, err.msg);
        assert_int_equal(count(calls.data, "closed"), 1);
        err_clear(&err);
    }
}

/* The scope of the last run: it is waited for, and helped along. */
static void test_exists(void **state)
{
    (void)state;
    AUTO_BUF calls = { .max = 65536 };
    struct err err = { 0 };

    assert_int_equal(start("exists exists done", &calls, &err), 0);
    assert_int_equal(count(calls.data, "StartTransientUnit"), 3);
    assert_int_equal(count(calls.data, "KillUnit"), 0);
    assert_int_equal(start("exists exists exists exists exists exists exists exists exists exists "
                           "exists done",
                           &calls, &err),
                     0);
    assert_int_equal(count(calls.data, "StartTransientUnit"), 12);
    assert_int_equal(count(calls.data, "KillUnit libpod-1.scope"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_done),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_exists),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
