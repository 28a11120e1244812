/* What differs between two stacks of directories.  If one of these failed, `diff` would name files that nobody
 * touched, or be silent about some that were.  (Whiteouts need root to be made: the program tests have them.) */
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "engine/changes.h"

#include "base/banned.h"

static char top[] = "/tmp/changes-XXXXXX";

static void put(const char *path, const char *text)
{
    AUTO_FREE char *full = xasprintf("%s/%s", top, path);
    char *slash = strrchr(full, '/');

    *slash = '\0';
    assert_int_equal(fs_mkdirs(AT_FDCWD, full, 0755), 0);
    *slash = '/';
    AUTO_CLOSE int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write_all(fd, text, strlen(text)), 0);
    const struct timespec ts[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    futimens(fd, ts);
}

/* Directories that both sides have must not differ because they were made one after the other. */
static void same_time(const char *path)
{
    AUTO_FREE char *full = xasprintf("%s/%s", top, path);
    const struct timespec ts[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

    assert_int_equal(utimensat(AT_FDCWD, full, ts, 0), 0);
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(top))
        return -1;
    put("low/etc/passwd", "a");
    put("low/etc/group", "a");
    put("low/usr/lib/x", "a");
    put("high/etc/passwd", "changed");
    put("high/new/deep/file", "a");
    put("copy/etc/passwd", "a");
    put("copy/etc/group", "a");
    put("copy/usr/lib/x", "a");
    static const char *const dirs[] = { "low/etc",  "low/usr/lib",  "low/usr", "high/etc",
                                        "copy/etc", "copy/usr/lib", "copy/usr" };
    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
        same_time(dirs[i]);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return fs_remove_tree(AT_FDCWD, top);
}

static char *compare(struct arena *a, const char *old1, const char *new1, const char *new2)
{
    change_list list = { 0 };
    struct err err = { 0 };
    char **old = strv_add(a, NULL, arena_printf(a, "%s/%s", top, old1));
    char **new = strv_add(a, NULL, arena_printf(a, "%s/%s", top, new1));
    char *text = arena_strdup(a, "");

    if (new2)
        new = strv_add(a, new, arena_printf(a, "%s/%s", top, new2));
    assert_int_equal(changes_between(a, old, new, &list, &err), 0);
    for (size_t i = 0; i < list.n; i++)
        text = arena_printf(a, "%s%c %s\n", text, list.items[i].kind, list.items[i].path);
    return text;
}

static void test_changes(void **state)
{
    AUTO_ARENA a = { 0 };

    (void)state;
    assert_string_equal(compare(&a, "low", "high", "low"),
                        "C /etc\nC /etc/passwd\nA /new\nA /new/deep\nA /new/deep/file\n");
    assert_string_equal(compare(&a, "low", "low", NULL), "");
    assert_string_equal(compare(&a, "low", "copy", NULL), "");
    assert_string_equal(compare(&a, "low", "high", NULL),
                        "C /etc\nD /etc/group\nC /etc/passwd\nA /new\nA /new/deep\n"
                        "A /new/deep/file\nD /usr\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_changes) };

    return cmocka_run_group_tests(tests, setup, teardown);
}
