/* Arenas, vectors of strings and buffers: everything else stands on them. */
#include "unit.h"

#include <time.h>

#include "base/arena.h"
#include "base/buf.h"

#include "base/banned.h"

static void test_arena(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 4000, 5000, 100000, 3 };
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        unsigned char *p = arena_alloc(&a, sizes[i]);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(p[k], 0);
        memset(p, 0xff, sizes[i]);
    }
    assert_null(arena_strdup(&a, NULL));
    assert_string_equal(arena_strndup(&a, "abc", 2), "ab");
    assert_string_equal(arena_printf(&a, "%d-%s", 5, "x"), "5-x");
}

static void test_vectors(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    static const char *const rows[][3] = {
        /* text, length, joined with | */
        { "", "1", "" },         { "a", "1", "a" }, { "a,b", "2", "a|b" },
        { "a,,b", "3", "a||b" }, { ",", "2", "|" }, { "a,", "2", "a|" },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char **v = strv_split(&a, rows[i][0], ',');
        assert_int_equal(strv_len(v), rows[i][1][0] - '0');
        assert_string_equal(strv_join(&a, v, "|"), rows[i][2]);
    }
    /* Whatever made a vector, adding to it has room. */
    for (size_t n = 0; n < 40; n++) {
        char *text = arena_alloc(&a, n + 1);
        memset(text, ',', n);
        char **v = strv_split(&a, text, ','), **w = strv_copy(&a, v);
        for (size_t k = 0; k < 40; k++) {
            v = strv_add(&a, v, "x");
            w = strv_add(&a, w, "x");
        }
        assert_int_equal(strv_len(v), n + 41);
        assert_int_equal(strv_len(w), n + 41);
    }
    assert_null(strv_concat(&a, NULL, NULL));
    assert_int_equal(strv_len(NULL), 0);
    assert_false(strv_has(NULL, "x"));
    assert_string_equal(strv_join(&a, NULL, ","), "");
}

/* A container's passwd may have a million lines. */
static void test_split_is_linear(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    size_t n = 1u << 20;
    char *text = arena_alloc(&a, n + 1);
    memset(text, '\n', n);
    alarm(10);
    assert_int_equal(strv_len(strv_split(&a, text, '\n')), n + 1);
    alarm(0);
}

static void test_environment(void **state)
{
    (void)state;
    AUTO_ARENA a = { 0 };
    char **env = NULL;
    static const char *const set[] = { "A=1", "B=2", "AB=3", "A=4", "C=" };
    for (size_t i = 0; i < ARRAY_SIZE(set); i++)
        env = env_set(&a, env, set[i]);
    assert_string_equal(strv_join(&a, env, " "), "A=4 B=2 AB=3 C=");
    assert_string_equal(env_get(env, "A"), "4");
    assert_string_equal(env_get(env, "C"), "");
    assert_null(env_get(env, "D"));
    assert_null(env_get(NULL, "D"));
    env = env_unset(&a, env, "A");
    assert_string_equal(strv_join(&a, env, " "), "B=2 AB=3 C=");
}

static void test_buf(void **state)
{
    (void)state;
    AUTO_BUF b = { .max = 10 };
    assert_int_equal(buf_add(&b, "0123456789", 10), 0);
    assert_int_equal(buf_add(&b, "x", 1), -EFBIG);
    assert_int_equal(buf_add(&b, "x", SIZE_MAX), -EFBIG);
    assert_string_equal(b.data, "0123456789");
    buf_reset(&b);
    assert_int_equal(b.len, 0);
    AUTO_BUF c = { 0 };
    buf_puts(&c, "a");
    buf_putc(&c, 'b');
    buf_printf(&c, "%0500d", 7);
    assert_int_equal(c.len, 502);
    AUTO_FREE char *s = buf_steal(&c);
    assert_int_equal(strlen(s), 502);
    AUTO_FREE char *empty = buf_steal(&c);
    assert_string_equal(empty, "");
    int p[2];
    assert_int_equal(pipe(p), 0);
    assert_int_equal(write(p[1], "0123456789abc", 13), 13);
    close(p[1]);
    assert_int_equal(buf_read_fd(&b, p[0]), -EFBIG);
    close(p[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_split_is_linear),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_buf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
