/* Files, trees and locks.  If one of these failed, a container's path would lead out of its root, a state
 * file would be half written, or two processes would hold one lock. */
#include "unit.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include "base/copytree.h"
#include "base/fs.h"
#include "base/lock.h"

#include "base/banned.h"

static char path[] = "/tmp/unit-fs-XXXXXX";
static int dir = -EBADF;

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(path))
        return -1;
    dir = fs_open_dir(AT_FDCWD, path);
    return dir < 0;
}

static int teardown(void **state)
{
    (void)state;
    close(dir);
    return fs_remove_tree(AT_FDCWD, path);
}

static void put(const char *name, const char *text)
{
    assert_int_equal(fs_replace(dir, name, text, strlen(text), 0644, FS_NOSYNC), 0);
}

static void is(int d, const char *name, const char *text)
{
    AUTO_BUF b = { .max = 1000 };
    assert_int_equal(fs_read_file(d, name, &b), 0);
    assert_string_equal(b.data ? b.data : "", text);
}

static void test_replace(void **state)
{
    (void)state;
    put("file", "one");
    put("file", "two");
    is(dir, "file", "two");
    put("file", "");
    is(dir, "file", "");
    assert_int_equal(fs_replace(dir, "no/such", "x", 1, 0600, FS_SYNC), -ENOENT);
    AUTO_BUF small = { .max = 2 };
    put("file", "long");
    assert_int_equal(fs_read_file(dir, "file", &small), -EFBIG);
    assert_int_equal(fs_read_file(dir, "no-such", &small), -ENOENT);
}

static void test_in_root(void **state)
{
    (void)state;
    assert_int_equal(fs_mkdirs(dir, "root/etc", 0755), 0);
    assert_int_equal(fs_mkdirs(dir, "root/etc", 0755), 0);
    put("secret", "outside");
    put("root/secret", "inside");
    AUTO_CLOSE int root = fs_open_dir(dir, "root");
    assert_int_equal(symlinkat("/secret", root, "absolute"), 0);
    assert_int_equal(symlinkat("../../../secret", root, "etc/up"), 0);
    assert_int_equal(symlinkat("loop", root, "loop"), 0);
    static const char *const names[] = { "secret",           "/secret",  "../secret",
                                         "etc/../../secret", "absolute", "etc/up" };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO_CLOSE int fd = fs_open_in_root(root, names[i], O_RDONLY, 0);
        AUTO_BUF b = { .max = 100 };
        assert_true(fd >= 0);
        assert_int_equal(buf_read_fd(&b, fd), 0);
        assert_string_equal(b.data, "inside");
    }
    assert_int_equal(fs_open_in_root(root, "loop", O_RDONLY, 0), -ELOOP);
    assert_int_equal(fs_open_in_root(root, "no/such", O_RDONLY, 0), -ENOENT);
    assert_int_equal(symlinkat("/made", root, "link"), 0);
    AUTO_CLOSE int made = fs_mkdirs_in_root(root, "/a/../../b/c", 0755);
    assert_true(made >= 0);
    assert_int_equal(faccessat(root, "b/c", F_OK, 0), 0);
    assert_int_equal(faccessat(dir, "b", F_OK, 0), -1);
}

static void test_trees(void **state)
{
    (void)state;
    assert_int_equal(fs_mkdirs(dir, "src/sub/deep", 0700), 0);
    assert_int_equal(fs_mkdirs(dir, "dst/sub", 0755), 0);
    put("src/sub/file", "text");
    put("dst/sub/kept", "kept");
    put("dst/sub/file", "old");
    AUTO_CLOSE int src = fs_open_dir(dir, "src"), dst = fs_open_dir(dir, "dst");
    assert_int_equal(symlinkat("/etc/passwd", src, "link"), 0);
    assert_int_equal(linkat(src, "sub/file", src, "sub/same", 0), 0);
    assert_int_equal(fchmodat(src, "sub/file", 04751, 0), 0);
    assert_int_equal(copy_tree(src, dst, 0), 0);
    is(dst, "sub/file", "text");
    is(dst, "sub/same", "text");
    is(dst, "sub/kept", "kept");
    struct stat st;
    assert_int_equal(fstatat(dst, "sub/file", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 04751);
    assert_int_equal(fstatat(dst, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISLNK(st.st_mode));
    int64_t bytes = 0, entries = 0;
    assert_int_equal(fs_tree_size(dir, "dst", &bytes, &entries), 0);
    assert_true(entries >= 5);
    assert_int_equal(fs_remove_tree(dir, "dst"), 0);
    assert_int_equal(fs_remove_tree(dir, "dst"), 0); /* gone is fine */
    assert_int_equal(access("/etc/passwd", F_OK), 0);
}

static void test_locks(void **state)
{
    (void)state;
    int fd = lock_take(dir, "lock");
    assert_true(fd >= 0);
    assert_int_equal(lock_try(dir, "lock"), -EAGAIN);
    assert_true(lock_is_held(dir, "lock"));
    assert_false(lock_is_held(dir, "no-such"));
    /* A child that inherits the descriptor keeps the lock; its death frees it. */
    int p[2];
    assert_int_equal(pipe(p), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char c;
        close(p[1]);
        (void)!read(p[0], &c, 1);
        _exit(0);
    }
    close(fd);
    assert_true(lock_is_held(dir, "lock"));
    close(p[0]);
    close(p[1]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_false(lock_is_held(dir, "lock"));
    AUTO_CLOSE int one = lock_take_shared(dir, "lock"), two = lock_take_shared(dir, "lock");
    assert_true(one >= 0 && two >= 0);
    assert_int_equal(lock_try(dir, "lock"), -EAGAIN);
}

static void test_sockets(void **state)
{
    (void)state;
    char deep[300];
    memset(deep, 'd', 200); /* longer than sun_path */
    deep[200] = '\0';
    assert_int_equal(fs_mkdirs(dir, deep, 0700), 0);
    AUTO_CLOSE int sub = fs_open_dir(dir, deep);
    AUTO_CLOSE int server = unix_listen(sub, "s", SOCK_SEQPACKET, 0600);
    assert_true(server >= 0);
    AUTO_CLOSE int client = unix_connect(sub, "s", SOCK_SEQPACKET);
    assert_true(client >= 0);
    assert_true(unix_connect(sub, "none", SOCK_STREAM) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replace), cmocka_unit_test(test_in_root),
        cmocka_unit_test(test_trees),   cmocka_unit_test(test_locks),
        cmocka_unit_test(test_sockets),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
