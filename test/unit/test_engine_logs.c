/* Logs of several containers at once, out of files and out of the journal: a line that is lost, shown twice
 * or given to the wrong container is an answer to the wrong question. */
#include "unit.h"

#include <inttypes.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "base/lock.h"
#include "engine/engine_priv.h"

#include "base/banned.h"

static char dir_path[] = "/tmp/unit-logs-XXXXXX";
static struct store store;
static struct engine engine = { .store = &store };
static struct buf out;

static int make_dir(void **state)
{
    (void)state;
    if (!mkdtemp(dir_path))
        return -1;
    store.run_fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    store.runroot = dir_path;
    char *journal = xasprintf("%s/journal", dir_path);
    int r = setenv("FAKE_JOURNAL", journal, 1);
    free(journal);
    return r < 0 || store.run_fd < 0 ? -1 : 0;
}

static int remove_dir(void **state)
{
    (void)state;
    buf_done(&out);
    close(store.run_fd);
    return fs_remove_tree(AT_FDCWD, dir_path);
}

static void append(const char *name, const char *text)
{
    char *path = xasprintf("%s/%s", dir_path, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    free(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int sink(void *arg, int64_t when, bool err, bool complete, const char *text, size_t len)
{
    buf_printf(&out, "%s%" PRId64 "%s%.*s%s", (const char *)arg, when / 1000000000, err ? "!" : ":",
               (int)len, text, complete ? "\n" : "~");
    return 0;
}

static struct container journal_container(const char *id)
{
    return (struct container) { .config = { .id = (char *)(uintptr_t)id,
                                            .name = (char *)(uintptr_t)id,
                                            .log_driver = (char *)(uintptr_t) "journald" } };
}

static const char *show(const struct container *c, struct log_options o)
{
    struct err err = { 0 };
    struct log_source source = { c, (void *)(uintptr_t) "" };

    buf_reset(&out);
    int r = container_logs(&engine, &source, 1, &o, sink, &err);
    if (r < 0)
        print_message("%s\n", err.msg);
    assert_int_equal(r, 0);
    return out.data ? out.data : "";
}

static void test_journal(void **state)
{
    (void)state;
    struct container c = journal_container("aaa"), other = journal_container("bbb"),
                     none = journal_container("ccc");

    append("journal", "aaa 6 false 1000000 one\n"
                      "bbb 6 false 1500000 not mine\n"
                      "aaa 3 false 2000000 two\n"
                      "aaa 6 true 3000000 thr\n"
                      "aaa 6 false 3000000 ee\n");
    assert_string_equal(show(&c, (struct log_options) { .tail = -1 }),
                        "1:one\n2!two\n3:thr~3:ee\n");
    assert_string_equal(show(&other, (struct log_options) { .tail = -1 }), "1:not mine\n");
    assert_string_equal(show(&none, (struct log_options) { .tail = -1 }), "");
    assert_string_equal(show(&c, (struct log_options) { .tail = 1 }), "3:thr~3:ee\n");
    assert_string_equal(show(&c, (struct log_options) { .tail = 2 }), "2!two\n3:thr~3:ee\n");
    assert_string_equal(show(&c, (struct log_options) { .tail = 0 }), "");
    assert_string_equal(show(&c, (struct log_options) { .tail = 99 }),
                        "1:one\n2!two\n3:thr~3:ee\n");
    assert_string_equal(
        show(&c, (struct log_options) { .tail = -1, .since = 1500000000, .until = 2500000000 }),
        "2!two\n");
    /* Following one that has ended shows what there is, and ends. */
    assert_string_equal(show(&none, (struct log_options) { .tail = -1, .follow = true }), "");
}

/* The container's life, as its monitor holds it. */
static pid_t hold_alive(const char *id, const char *file, const char *const *texts)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid)
        return pid;
    char *path = xasprintf("containers/%s", id);
    int dir = fs_open_dir(store.run_fd, path);
    if (dir < 0 || lock_take(dir, "alive") < 0)
        _exit(1);
    append("ready", ".");
    for (; *texts; texts++) {
        usleep(300000);
        append(file, *texts);
    }
    _exit(0);
}

static void make_run_dir(const char *id)
{
    char *path = xasprintf("containers/%s", id);

    assert_int_equal(fs_mkdirs(store.run_fd, path, 0700), 0);
    free(path);
}

static void wait_until_ready(void)
{
    struct stat st = { 0 };

    for (int i = 0; i < 500 && st.st_size < 2; i++) {
        usleep(10000);
        (void)!fstatat(store.run_fd, "ready", &st, 0);
    }
    assert_int_equal(st.st_size, 2);
}

static void test_follow_both(void **state)
{
    (void)state;
    struct container in_journal = journal_container("jjj"), in_file = journal_container("fff");
    struct err err = { 0 };
    char *path = xasprintf("%s/ctr.log", dir_path);
    static const char *const to_journal[] = { "jjj 6 false 2000000 j2\n",
                                              "jjj 3 false 3000000 j3\n", NULL };
    static const char *const to_file[] = { "1970-01-01T00:00:02Z stdout F f2\n",
                                           "1970-01-01T00:00:03Z stdout F f3\n", NULL };

    in_file.config.log_driver = (char *)(uintptr_t) "k8s-file";
    in_file.config.log_path = path;
    append("journal", "jjj 6 false 1000000 j1\n");
    append("ctr.log", "1970-01-01T00:00:01Z stdout F f1\n");
    make_run_dir("jjj");
    make_run_dir("fff");
    pid_t one = hold_alive("jjj", "journal", to_journal),
          two = hold_alive("fff", "ctr.log", to_file);
    wait_until_ready();
    struct log_source sources[] = { { &in_journal, (void *)(uintptr_t) "J" },
                                    { &in_file, (void *)(uintptr_t) "F" } };
    struct log_options o = { .tail = -1, .follow = true };
    buf_reset(&out);
    assert_int_equal(container_logs(&engine, sources, 2, &o, sink, &err), 0);
    assert_int_equal(waitpid(one, NULL, 0), one);
    assert_int_equal(waitpid(two, NULL, 0), two);
    /* Each line once, those of one container in their order, whoever was faster. */
    assert_int_equal(strncmp(out.data, "J1:j1\nF1:f1\n", 12), 0);
    assert_int_equal(out.len, strlen("J1:j1\n") * 6);
    assert_true(strstr(out.data, "J2:j2\n") < strstr(out.data, "J3!j3\n"));
    assert_true(strstr(out.data, "F2:f2\n") < strstr(out.data, "F3:f3\n"));
    assert_non_null(strstr(out.data, "J2:j2\n"));
    assert_non_null(strstr(out.data, "F2:f2\n"));
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journal),
        cmocka_unit_test(test_follow_both),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
