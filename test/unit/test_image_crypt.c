/* Encrypted layers.  If one of these failed, a layer could be opened by nobody, by everybody, or only when its
 * download was not cut off. */
#include "unit.h"

#include "base/fs.h"
#include "image/mod/base64.h"
#include "image/mod/crypt.h"

#include "base/banned.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char dir[] = "/tmp/podman-crypt-XXXXXX";
static char private_[64], public_[64];

static void test_stream(void **state)
{
    struct crypt_secret s;
    char plain[1000], sealed[1000], out[1000];

    (void)state;
    for (size_t i = 0; i < sizeof(plain); i++)
        plain[i] = (char)(i * 7);
    assert_int_equal(crypt_secret_new(&s, NULL), 0);
    memset(s.nonce + 8, 0xff, 8); /* the counter carries over */
    struct crypt_stream *c = crypt_stream_new(&s, 0);
    assert_int_equal(crypt_stream_run(c, plain, sealed, sizeof(plain)), 0);
    crypt_stream_free(c);
    assert_memory_not_equal(plain, sealed, sizeof(plain));
    for (size_t from = 0; from < sizeof(plain); from += 37) {
        c = crypt_stream_new(&s, (int64_t)from);
        assert_int_equal(crypt_stream_run(c, sealed + from, out, sizeof(plain) - from), 0);
        assert_memory_equal(out, plain + from, sizeof(plain) - from);
        crypt_stream_free(c);
    }
}

static void test_seal(void **state)
{
    AUTO_ARENA a = { 0 };
    char *keys[] = { NULL, NULL, NULL }, *mine[] = { private_, NULL };
    struct crypt_secret s, got = { 0 };
    kv_list list = { 0 };
    char *jwe, *open;

    (void)state;
    assert_int_equal(crypt_secret_new(&s, NULL), 0);
    s.digest = arena_strdup(&a, DIGEST);
    for (int n = 0; n < 2; n++) { /* one recipient, two */
        keys[n] = arena_printf(&a, "jwe:%s", public_);
        assert_int_equal(crypt_seal(&a, &s, s.key, keys, &jwe, &open, NULL), 0);
        kv_set(&a, &list, CRYPT_KEYS, jwe);
        kv_set(&a, &list, CRYPT_PUBLIC, open);
        assert_int_equal(crypt_open(&a, mine, &list, &got, NULL), 0);
        assert_memory_equal(got.key, s.key, CRYPT_KEY);
        assert_memory_equal(got.nonce, s.nonce, CRYPT_NONCE);
        assert_string_equal(got.digest, DIGEST);
        /* Every byte counts. */
        for (size_t i = 10; i + 8 < strlen(jwe); i += 97) {
            char *bad = arena_strdup(&a, jwe);
            bad[i] = bad[i] == 'A' ? 'B' : 'A';
            kv_set(&a, &list, CRYPT_KEYS, bad);
            struct crypt_secret other = { 0 };
            if (crypt_open(&a, mine, &list, &other, NULL) == 0)
                assert_memory_equal(other.key, s.key, CRYPT_KEY); /* a space in the JSON, say */
        }
    }
}

static void test_refused(void **state)
{
    static const char *const rows[] = { "", ",,,", "e30=", "bm8=", "eyJwcm90ZWN0ZWQiOiJlMzAifQ==" };
    AUTO_ARENA a = { 0 };
    char *mine[] = { private_, NULL };
    struct crypt_secret got = { 0 };
    kv_list list = { 0 };
    static const char text[] = "{\"cipher\":\"AES_256_CTR_HMAC_SHA256\"}";

    (void)state;
    assert_int_not_equal(crypt_open(&a, mine, &list, &got, NULL), 0);
    kv_set(&a, &list, CRYPT_PUBLIC, base64_encode(&a, (const unsigned char *)text, strlen(text)));
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        kv_set(&a, &list, CRYPT_KEYS, rows[i]);
        assert_int_not_equal(crypt_open(&a, mine, &list, &got, NULL), 0);
    }
}

static int set_up(void **state)
{
    char command[400];

    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(private_, sizeof(private_), "%s/key.pem", dir);
    snprintf(public_, sizeof(public_), "%s/key.pub", dir);
    snprintf(command, sizeof(command),
             "exec 2>/dev/null; openssl genrsa -out %s 2048 && openssl rsa -in %s -pubout -out %s",
             private_, private_, public_);
    return system(command);
}

static int tear_down(void **state)
{
    (void)state;
    return fs_remove_tree(AT_FDCWD, dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_stream), cmocka_unit_test(test_seal),
                                        cmocka_unit_test(test_refused) };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
