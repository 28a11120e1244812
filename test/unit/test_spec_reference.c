/* Names of images.  If one of these failed, an image would be stored, pulled or found under a name that is
 * not the one the user typed. */
#include "unit.h"

#include "base/util.h"
#include "spec/image.h"
#include "spec/reference.h"

#include "base/banned.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
    const char *in;
    int want;
    const char *registry, *path, *tag, *digest, *complete;
} rows[] = {
    { "busybox", 0, NULL, "busybox", NULL, NULL, "docker.io/library/busybox:latest" },
    { "busybox:1.36", 0, NULL, "busybox", "1.36", NULL, "docker.io/library/busybox:1.36" },
    { "a/b", 0, NULL, "a/b", NULL, NULL, "docker.io/a/b:latest" },
    { "docker.io/busybox", 0, "docker.io", "busybox", NULL, NULL,
      "docker.io/library/busybox:latest" },
    { "index.docker.io/x/y", 0, "index.docker.io", "x/y", NULL, NULL, "docker.io/x/y:latest" },
    { "quay.io/a/b/c:v1", 0, "quay.io", "a/b/c", "v1", NULL, "quay.io/a/b/c:v1" },
    { "localhost/x", 0, "localhost", "x", NULL, NULL, "localhost/x:latest" },
    { "localhost:5000/x:y", 0, "localhost:5000", "x", "y", NULL, "localhost:5000/x:y" },
    { "[::1]:5000/x", 0, "[::1]:5000", "x", NULL, NULL, "[::1]:5000/x:latest" },
    { "x@sha256:" HEX, 0, NULL, "x", NULL, "sha256:" HEX, "docker.io/library/x@sha256:" HEX },
    { "q.io/x:t@sha256:" HEX, 0, "q.io", "x", "t", "sha256:" HEX, "q.io/x@sha256:" HEX },
    { "a__b/c-d---e/f.g_h", 0, NULL, "a__b/c-d---e/f.g_h", NULL, NULL,
      "docker.io/a__b/c-d---e/f.g_h:latest" },
    { "", -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "Upper", -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "a/", -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "/a", -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "a//b", -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "a___b", -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "a..b", -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "-a", -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "a-", -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "a:", -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "a:-x", -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "a:x y", -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "../etc", -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "a@sha256:1234", -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "a@" HEX, -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "ho st.io/a", -EINVAL, NULL, NULL, NULL, NULL, NULL },
    { "host.io:port/a", -EINVAL, NULL, NULL, NULL, NULL, NULL },
};

static void same(const char *a, const char *b, const char *what)
{
    if (!str_same(a, b))
        fail_msg("%s: \"%s\", not \"%s\"", what, a ? a : "NULL", b ? b : "NULL");
}

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        struct image_ref ref = { 0 };
        struct err err = { 0 };
        int r = ref_parse(&a, rows[i].in, &ref, &err);
        if (r != rows[i].want)
            fail_msg("%s: %d %s", rows[i].in, r, err.msg);
        if (r < 0)
            continue;
        same(ref.registry, rows[i].registry, rows[i].in);
        same(ref.path, rows[i].path, rows[i].in);
        same(ref.tag, rows[i].tag, rows[i].in);
        same(ref.digest, rows[i].digest, rows[i].in);
        ref_complete(&a, &ref, "docker.io");
        same(ref_text(&a, &ref), rows[i].complete, rows[i].in);
    }
}

static void test_digest(void **state)
{
    (void)state;
    assert_true(digest_valid("sha256:" HEX));
    assert_true(digest_valid("sha512:" HEX HEX));
    assert_false(digest_valid("sha256:" HEX "0"));
    assert_false(
        digest_valid("sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"));
    assert_false(digest_valid("md5:" HEX));
    assert_false(digest_valid("sha256:../../../../etc/passwd"));
    assert_false(digest_valid(NULL));
}

static void test_platform(void **state)
{
    struct image_platform amd = { .os = (char[]) { "linux" },
                                  .architecture = (char[]) { "amd64" } };
    struct image_platform v7 = { .os = (char[]) { "linux" },
                                 .architecture = (char[]) { "arm" },
                                 .variant = (char[]) { "v7" } };
    struct image_platform v5 = v7;

    (void)state;
    v5.variant = (char[]) { "v5" };
    assert_true(platform_match(&amd, "linux", "amd64", NULL) > 0);
    assert_int_equal(platform_match(&amd, "linux", "arm64", NULL), 0);
    assert_int_equal(platform_match(&amd, "windows", "amd64", NULL), 0);
    assert_int_equal(platform_match(NULL, NULL, NULL, NULL), 0);
    assert_true(platform_match(&v7, "linux", "arm", NULL) >
                platform_match(&v5, "linux", "arm", NULL));
    assert_int_equal(platform_match(&v7, "linux", "arm", "v6"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_platform),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
