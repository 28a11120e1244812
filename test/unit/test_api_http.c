/* api/http.c, api/query.c, api/route.c: what clients send, without a socket. */
#include "api/query.h"
#include "api/route.h"
#include "unit.h"

static int parse(struct arena *a, const char *text, struct http_head *h)
{
    return http_parse_head(a, text, strlen(text), h, NULL);
}

static void test_head(void **state)
{
    AUTO_ARENA a = { 0 };
    struct http_head h;

    (void)state;
    assert_int_equal(
        parse(&a,
              "POST /a/b?x=1 HTTP/1.1\r\nHost: d\r\nContent-length:  12 \r\n"
              "Connection: close, Upgrade\r\nUPGRADE: tcp\r\nExpect: 100-continue\r\n\r\n",
              &h),
        0);
    assert_string_equal(h.method, "POST");
    assert_string_equal(h.path, "/a/b");
    assert_string_equal(h.query, "x=1");
    assert_int_equal(h.length, 12);
    assert_string_equal(h.upgrade, "tcp");
    assert_true(h.expect_continue);
    assert_false(h.keep);
    assert_string_equal(http_header(&h, "hOST"), "d");
    assert_int_equal(parse(&a, "GET http://host/x HTTP/1.0\r\n\r\n", &h), 0);
    assert_string_equal(h.path, "/x");
    assert_false(h.keep);
    assert_int_equal(h.length, -1);
}

static void test_refused(void **state)
{
    static const char *const bad[] = {
        "GET / HTTP/1.1 x\r\n\r\n",
        "GET /\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "G(T / HTTP/1.1\r\n\r\n",
        "GET x HTTP/1.1\r\n\r\n",
        "GET / HTTP/3\r\n\r\n",
        "GET / HTTP/1.1\r\nNo-colon\r\n\r\n",
        "GET / HTTP/1.1\r\n: x\r\n\r\n",
        "GET / HTTP/1.1\r\nA : x\r\n\r\n",
        "GET / HTTP/1.1\r\nA: x\r\n folded: y\r\n\r\n",
        "GET / HTTP/1.1\r\nA: \001\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    };
    AUTO_ARENA a = { 0 };
    struct http_head h;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (parse(&a, bad[i], &h) == 0)
            fail_msg("taken: %s", bad[i]);
    assert_true(http_parse_head(&a, "G\0T / HTTP/1.1\r\n\r\n", 18, &h, NULL) < 0);
}

static void test_chunks(void **state)
{
    uint64_t n;

    (void)state;
    assert_int_equal(http_chunk_size("1aF", 3, &n), 0);
    assert_int_equal(n, 0x1af);
    assert_int_equal(http_chunk_size("0 ;x=y", 6, &n), 0);
    assert_true(http_chunk_size("", 0, &n) < 0);
    assert_true(http_chunk_size("-1", 2, &n) < 0);
    assert_true(http_chunk_size("1x", 2, &n) < 0);
    assert_true(http_chunk_size("1111111111111111", 16, &n) < 0);
}

static void test_unescape(void **state)
{
    AUTO_ARENA a = { 0 };

    (void)state;
    assert_string_equal(http_unescape(&a, "a%2Fb+c", 7, true), "a/b c");
    assert_string_equal(http_unescape(&a, "a+b", 3, false), "a+b");
    assert_null(http_unescape(&a, "%4", 2, true));
    assert_null(http_unescape(&a, "%00", 3, true));
    assert_null(http_unescape(&a, "%zz", 3, true));
}

struct sample {
    char *text, **words, **filters;
    bool on;
    int tri;
    int64_t n;
};
static const struct query_field fields[] = {
    QF_STR(struct sample, text, "text", "usual"),
    QF_WORDS(struct sample, words, "words"),
    QF_FILTERS(struct sample, filters),
    QF_BOOL(struct sample, on, "on", NULL),
    QF_TRI(struct sample, tri, "tri"),
    QF_I64(struct sample, n, "n", "7"),
    { 0 },
};

static int decode(struct arena *a, const char *text, struct sample *ret)
{
    kv_list q = { 0 };

    *ret = (struct sample) { 0 };
    int r = query_parse(a, text, &q, NULL);
    return r < 0 ? r : query_decode(a, &q, fields, ret, NULL);
}

static void test_query(void **state)
{
    AUTO_ARENA a = { 0 };
    struct sample s;

    (void)state;
    assert_int_equal(decode(&a, "", &s), 0);
    assert_string_equal(s.text, "usual");
    assert_int_equal(s.tri, -1);
    assert_int_equal(s.n, 7);
    assert_int_equal(decode(&a, "TEXT=a%20b&on=1&tri=false&n=-3&words=x&words=y&other=z", &s), 0);
    assert_string_equal(s.text, "a b");
    assert_true(s.on);
    assert_int_equal(s.tri, 0);
    assert_int_equal(s.n, -3);
    assert_int_equal(strv_len(s.words), 2);
    assert_int_equal(decode(&a, "words=%5B%22p%22%2C%22q%22%5D&on=", &s), 0);
    assert_string_equal(s.words[1], "q");
    assert_false(s.on);
    assert_int_equal(
        decode(&a, "filters=%7B%22a%22%3A%5B%22b%22%5D%2C%22c%22%3A%7B%22d%22%3Atrue%7D%7D", &s),
        0);
    assert_string_equal(s.filters[0], "a=b");
    assert_string_equal(s.filters[1], "c=d");
    assert_true(decode(&a, "on=maybe", &s) < 0);
    assert_true(decode(&a, "n=1x", &s) < 0);
    assert_true(decode(&a, "filters=x", &s) < 0);
    assert_true(decode(&a, "filters=%5B%5D", &s) < 0);
    assert_true(decode(&a, "text=%", &s) < 0);
}

static void test_match(void **state)
{
    AUTO_ARENA a = { 0 };
    char **vars;

    (void)state;
    assert_true(route_match(&a, "/images/{name*}/json", "/images/a/b%2Fc/json", &vars));
    assert_string_equal(vars[0], "a/b/c");
    assert_true(route_match(&a, "/m/{a*}/registry/{b*}", "/m/x/y/registry/p/q", &vars));
    assert_string_equal(vars[0], "x/y");
    assert_string_equal(vars[1], "p/q");
    assert_false(route_match(&a, "/images/{name}/json", "/images/a/b/json", &vars));
    assert_false(route_match(&a, "/images/{name*}/json", "/images//json", &vars));
    assert_false(route_match(&a, "/images/json", "/images/json/x", &vars));
    assert_false(route_match(&a, "/x/{n}", "/x/%zz", &vars));
}

/* The row that a request leads to. */
static const struct route *find(struct arena *a, const char *method, const char *path, bool *other)
{
    static struct conn c;
    struct request r = { .conn = &c, .arena = a };

    c.head = (struct http_head) { .method = arena_strdup(a, method),
                                  .path = arena_strdup(a, path) };
    return route_find(&r, other);
}

static void test_routes(void **state)
{
    AUTO_ARENA a = { 0 };
    bool other;

    (void)state;
    assert_non_null(find(&a, "GET", "/_ping", &other));
    assert_non_null(find(&a, "HEAD", "/v1.41/_ping", &other));
    assert_non_null(find(&a, "GET", "/v4.3.0/libpod/containers/json/", &other));
    assert_string_equal(find(&a, "GET", "/images/a/b/json", &other)->pattern,
                        "/images/{name*}/json");
    assert_null(find(&a, "GET", "/libpod/nosuch", &other));
    assert_false(other);
    assert_null(find(&a, "PUT", "/containers/json", &other));
    assert_true(other);
    /* until version 3 manifests had other paths */
    assert_string_equal(find(&a, "POST", "/v3.0.0/libpod/manifests/create", &other)->pattern,
                        "/manifests/create");
    assert_string_equal(find(&a, "POST", "/v4.0.0/libpod/manifests/create", &other)->pattern,
                        "/manifests/{name*}");
    assert_null(find(&a, "GET", "/v1.x/containers/json", &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_chunks), cmocka_unit_test(test_unescape),
        cmocka_unit_test(test_query),  cmocka_unit_test(test_match),
        cmocka_unit_test(test_routes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
