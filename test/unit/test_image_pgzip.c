/* gzip by several threads.  If one of these failed, a pushed layer could not be unpacked elsewhere, or a second
 * push of the same layer would send it again under another digest. */
#include "unit.h"

#include <zlib.h>

#include "base/buf.h"
#include "image/mod/pgzip.h"

#include "base/banned.h"

enum { PIECE = 512 * 1024, GZIP_WINDOW = 15 + 16 };

static int to_buf(void *arg, const void *data, size_t len)
{
    return buf_add(arg, data, len);
}

/* Text, noise and repetitions that reach over the ends of pieces. */
static char *sample(size_t len)
{
    char *s = xmalloc(len + 1);
    uint32_t x = 1;

    for (size_t i = 0; i < len; i++) {
        x = x * 1103515245 + 12345;
        s[i] = i / 40000 % 3 == 0   ? (char)(x >> 24)
               : i / 40000 % 3 == 1 ? "the same words "[i % 15]
                                    : s[i - 30000];
    }
    return s;
}

static void pack(const char *in, size_t len, size_t step, int level, struct buf *out)
{
    struct pgzip *z = pgzip_new(level, to_buf, out, NULL);

    assert_non_null(z);
    for (size_t at = 0; at < len; at += step)
        assert_int_equal(pgzip_push(z, in + at, MIN(step, len - at)), 0);
    assert_int_equal(pgzip_end(z), 0);
    pgzip_free(z);
}

/* zlib, the other program: one member, nothing after it. */
static void check_unpacked(const struct buf *packed, const char *want, size_t len)
{
    AUTO_FREE char *out = xmalloc(len + 1);
    z_stream z = { .next_in = (Bytef *)packed->data,
                   .avail_in = (uInt)packed->len,
                   .next_out = (Bytef *)out,
                   .avail_out = (uInt)len + 1 };

    assert_int_equal(inflateInit2(&z, GZIP_WINDOW), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    assert_int_equal(z.total_out, len);
    assert_memory_equal(out, want, len);
    inflateEnd(&z);
}

static void test_round_trip(void **state)
{
    static const size_t sizes[] = { 0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 7 * PIECE + 7 };
    static const int levels[] = { 0, 1, 2, 3, 6, 9 };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        AUTO_FREE char *in = sample(sizes[i]);
        for (size_t k = 0; k < ARRAY_SIZE(levels); k++) {
            AUTO_BUF one = { 0 }, two = { 0 };
            pack(in, sizes[i], 100000, levels[k], &one);
            pack(in, sizes[i], PIECE * 3, levels[k], &two);
            check_unpacked(&one, in, sizes[i]);
            assert_int_equal(one.len, two.len);
            assert_memory_equal(one.data, two.data, one.len);
        }
    }
}

static int refuse(void *arg, const void *data, size_t len)
{
    (void)arg, (void)data, (void)len;
    return -EPIPE;
}

/* Who stops in the middle, or whose sink fails, does not hang. */
static void test_cut_off(void **state)
{
    AUTO_FREE char *in = sample(9 * PIECE);
    AUTO_BUF out = { 0 };
    struct pgzip *z = pgzip_new(3, refuse, NULL, NULL);
    int r = 0;

    (void)state;
    for (int i = 0; i < 9 && r == 0; i++)
        r = pgzip_push(z, in, PIECE);
    assert_int_equal(r, -EPIPE);
    pgzip_free(z);
    z = pgzip_new(3, to_buf, &out, NULL);
    assert_int_equal(pgzip_push(z, in, 3 * PIECE + 5), 0);
    pgzip_free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_round_trip),
                                        cmocka_unit_test(test_cut_off) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
