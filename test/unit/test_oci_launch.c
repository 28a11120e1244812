/* Talking with a container's init.  If these failed, a start would wait for a word that has been said already: the init of
 * a container that joins namespaces may be ready before the process in between has told who it is. */
#include "unit.h"

#include <sys/socket.h>

#include "oci/launch.h"

#include "base/banned.h"

static void say(int fd, enum child_kind kind, int index)
{
    const struct child_msg m = { .kind = kind, .index = index };

    assert_int_equal(send(fd, &m, sizeof(m), 0), sizeof(m));
}

static void test_early(void **state)
{
    struct launch l = { .pidfd = -EBADF, .pty = -EBADF };
    struct child_msg m;
    struct err e = { 0 };
    int sv[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv), 0);
    l.sync = sv[0];
    say(sv[1], CHILD_HOOKS, 0);
    say(sv[1], CHILD_READY, 0);
    say(sv[1], CHILD_PID, 42);
    close(sv[1]); /* whoever waits for more fails here instead of hanging */
    assert_int_equal(launch_wait(&l, CHILD_PID, &m, &e), 0);
    assert_int_equal(m.index, 42);
    assert_int_equal(launch_wait(&l, CHILD_HOOKS, NULL, &e), 0);
    assert_int_equal(launch_wait(&l, CHILD_READY, NULL, &e), 0);
    assert_true(launch_wait(&l, CHILD_READY, NULL, &e) < 0); /* once each */
    close(sv[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_early) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
