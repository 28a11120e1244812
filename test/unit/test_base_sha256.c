/* SHA-256.  If it were wrong, an image would have an ID that nobody else computes. */
#include "unit.h"

#include "base/sha256.h"

#include "base/banned.h"

static const struct {
    const char *text;
    size_t times;
    const char *hex;
} rows[] = {
    { "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct sha256 s;
        char hex[SHA256_HEX];
        sha256_init(&s);
        for (size_t k = 0; k < rows[i].times; k++)
            sha256_add(&s, rows[i].text, strlen(rows[i].text));
        assert_string_equal(sha256_hex(&s, hex), rows[i].hex);
    }
}

/* The same in pieces of every size. */
static void test_pieces(void **state)
{
    char data[300], whole[SHA256_HEX], hex[SHA256_HEX];
    struct sha256 s;

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)i;
    sha256_init(&s);
    sha256_add(&s, data, sizeof(data));
    sha256_hex(&s, whole);
    for (size_t n = 1; n < 200; n++) {
        sha256_init(&s);
        for (size_t at = 0; at < sizeof(data); at += n)
            sha256_add(&s, data + at, MIN(n, sizeof(data) - at));
        assert_string_equal(sha256_hex(&s, hex), whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
