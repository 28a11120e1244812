/* Progress: if this fails, a pull into a file or a terminal shows something else than Podman's lines. */
#include "unit.h"

#include <pthread.h>
#include <pty.h>

#include "base/buf.h"
#include "base/progress.h"

#include "base/banned.h"

static const char digest[] =
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static void test_plain(void **state)
{
    AUTO_BUF out = { 0 };
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    struct progress *p = progress_new(fds[1]);
    progress_line(p, "Trying to pull %s...", "x");
    struct progress_bar *b = progress_begin(p, "Copying blob", digest, 100);
    progress_add(b, 50);
    progress_end(b, "done");
    progress_end(progress_begin(p, "Copying blob", "sha256:ff", 0), "skipped: already exists");
    progress_free(p);
    close(fds[1]);
    assert_int_equal(buf_read_fd(&out, fds[0]), 0);
    close(fds[0]);
    assert_string_equal(out.data,
                        "Trying to pull x...\n"
                        "Copying blob sha256:0123456789abcdef0123456789abcdef0123456789abcdef"
                        "0123456789abcdef\nCopying blob sha256:ff\n"
                        "Copying blob sha256:ff skipped: already exists\n");
}

static void test_nobody(void **state)
{
    (void)state;
    progress_line(NULL, "x");
    struct progress_bar *b = progress_begin(NULL, "a", "b", 1);
    progress_add(b, 1);
    progress_reset(b, 2);
    progress_end(b, "done");
    assert_null(progress_free(NULL));
}

static void *feed(void *arg)
{
    struct progress_bar *b = progress_begin(arg, "Copying blob", digest, 1000);

    for (int i = 0; i < 1000; i++)
        progress_add(b, 1);
    progress_end(b, "done");
    return NULL;
}

/* Several threads on a terminal: every bar ends as a "done" line. */
static void test_terminal(void **state)
{
    int master, slave, n = 0;
    pthread_t t[4];
    char text[65536];

    (void)state;
    assert_int_equal(openpty(&master, &slave, NULL, NULL, &(struct winsize) { .ws_col = 100 }), 0);
    struct progress *p = progress_new(slave);
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, feed, p);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    progress_free(p);
    close(slave);
    /* In pieces of the kernel's choosing, until nobody has the other side open (EIO). */
    size_t len = 0;
    for (ssize_t got; (got = read(master, text + len, sizeof(text) - 1 - len)) > 0;)
        len += (size_t)got;
    assert_true(len > 0);
    text[len] = 0;
    for (char *s = text; (s = strstr(s, "Copying blob 0123456789ab done   | ")); s++)
        n++;
    assert_true(n >= 4);
    assert_non_null(strstr(text, "[>-----"));
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_plain), cmocka_unit_test(test_nobody),
                                        cmocka_unit_test(test_terminal) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
