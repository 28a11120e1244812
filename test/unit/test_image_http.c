/* What registries say in headers.  If one of these failed, a token would be asked for in the wrong place, a page of a
 * list be lost, or a busy registry be asked again too soon or never. */
#include "unit.h"

#include "base/parse.h"
#include "image/mod/http.h"

#include "base/banned.h"

static void test_challenges(void **state)
{
    static const struct {
        const char *in, *scheme, *realm, *service, *scope;
        int r;
    } rows[] = {
        { "Basic realm=\"x y\"", "basic", "x y", NULL, NULL, 0 },
        { "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:a/b:pull,push\"", "bearer",
          "https://a/t", "s", "repository:a/b:pull,push", 0 },
        { "bearer  Realm = tok , SERVICE=\"a\\\"b\"", "bearer", "tok", "a\"b", NULL, 0 },
        { "Negotiate", "negotiate", NULL, NULL, NULL, 0 },
        { "Bearer realm=\"open", NULL, NULL, NULL, NULL, -EINVAL },
        { "", NULL, NULL, NULL, NULL, -EINVAL },
        { "=", NULL, NULL, NULL, NULL, -EINVAL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        struct challenge c = { 0 };
        assert_int_equal(challenge_parse(&a, rows[i].in, &c), rows[i].r);
        assert_true(str_same(c.scheme, rows[i].scheme));
        assert_true(str_same(c.realm, rows[i].realm));
        assert_true(str_same(c.service, rows[i].service));
        assert_true(str_same(c.scope, rows[i].scope));
    }
}

static void test_links(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "</v2/x/tags/list?last=b&n=2>; rel=\"next\"", "/v2/x/tags/list?last=b&n=2" },
        { "<https://other/x>; rel=next", "https://other/x" },
        { "</a>; rel=\"prev\", </b>; rel=\"next\"", "/b" },
        { "</a>; rel=\"prev\"", NULL },
        { "</a", NULL },
        { "", NULL },
        { NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        char *got = link_next(&a, rows[i].in);
        if (!str_same(got, rows[i].out))
            fail_msg("%s: %s", rows[i].in, got ? got : "nothing");
    }
}

static void test_retry_after(void **state)
{
    const int64_t now = 1445412480LL * NSEC_PER_SEC; /* Wed, 21 Oct 2015 07:28:00 GMT */
    static const struct {
        const char *in;
        int64_t seconds;
    } rows[] = {
        { "0", 0 },  { "120", 120 },       { "Wed, 21 Oct 2015 07:28:10 GMT", 10 },
        { "", 0 },   { "soon", 0 },        { "Wed, 21 Oct 2015 07:27:00 GMT", 0 },
        { "-5", 0 }, { "99999999999", 0 }, { "1.5", 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (retry_after_parse(rows[i].in, now) != rows[i].seconds * NSEC_PER_SEC)
            fail_msg("%s", rows[i].in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_retry_after),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
