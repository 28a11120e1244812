/* registries.conf.  If one of these failed, an image would be fetched from another place than the
 * administrator wrote, or over an unprotected connection. */
#include "unit.h"

#include "base/util.h"
#include "config/registries.h"

#include "base/banned.h"

static const char text[] =
    "unqualified-search-registries = [\"docker.io\", \"quay.io\"]\n"
    "short-name-mode = \"permissive\"\n"
    "[aliases]\n"
    "fedora = \"registry.fedoraproject.org/fedora\"\n"
    "[[registry]]\nprefix = \"docker.io\"\nlocation = \"localhost:5000\"\ninsecure = true\n"
    "[[registry]]\nprefix = \"docker.io/secret\"\nblocked = true\n"
    "[[registry]]\nlocation = \"q.io/org\"\n"
    "[[registry.mirror]]\nlocation = \"m1.io/x\"\n"
    "[[registry.mirror]]\nlocation = \"m2.io/y\"\npull-from-mirror = \"digest-only\"\n"
    "[[registry]]\nprefix = \"*.corp.example\"\nlocation = \"cache.example/corp\"\n";

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
    const char *in, *places[3];
    bool insecure;
} rows[] = {
    { "docker.io/library/busybox:latest", { "localhost:5000/library/busybox:latest" }, true },
    { "docker.io/secrets/x:1", { "localhost:5000/secrets/x:1" }, true },
    { "docker.iox/library/b:1", { "docker.iox/library/b:1" }, false },
    { "q.io/org/a:1", { "m1.io/x/a:1", "q.io/org/a:1" }, false },
    { "q.io/organ/a:1", { "q.io/organ/a:1" }, false },
    { "q.io/org/a@sha256:" HEX,
      { "m1.io/x/a@sha256:" HEX, "m2.io/y/a@sha256:" HEX, "q.io/org/a@sha256:" HEX },
      false },
    { "a.corp.example/p/q:1", { "cache.example/corp/p/q:1" }, false },
    { "corp.example/p:1", { "corp.example/p:1" }, false },
};

static void load(struct arena *a, struct registries *r)
{
    struct err err = { 0 };

    if (registries_parse(a, r, text, sizeof(text) - 1, "test", &err) < 0)
        fail_msg("%s", err.msg);
}

static void test_places(void **state)
{
    AUTO_ARENA a = { 0 };
    struct registries r = { 0 };

    (void)state;
    load(&a, &r);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct image_ref ref = { 0 };
        place_list places = { 0 };
        assert_int_equal(ref_parse(&a, rows[i].in, &ref, NULL), 0);
        assert_int_equal(registries_places(&r, &a, &ref, &places, NULL), 0);
        for (size_t k = 0; k < 3; k++) {
            const char *have = k < places.n ? ref_text(&a, &places.items[k].ref) : NULL;
            if (!str_same(have, rows[i].places[k]))
                fail_msg("%s: place %zu is %s", rows[i].in, k, have ? have : "missing");
        }
        assert_int_equal(places.items[places.n - 1].insecure, rows[i].insecure);
    }
}

static void test_blocked(void **state)
{
    AUTO_ARENA a = { 0 };
    struct registries r = { 0 };
    struct image_ref ref = { 0 };
    place_list places = { 0 };
    struct err err = { 0 };

    (void)state;
    load(&a, &r);
    assert_int_equal(ref_parse(&a, "docker.io/secret/x:1", &ref, NULL), 0);
    assert_int_equal(registries_places(&r, &a, &ref, &places, &err), -EACCES);
    assert_non_null(strstr(err.msg, "blocked"));
}

static void test_candidates(void **state)
{
    AUTO_ARENA a = { 0 };
    struct registries r = { 0 }, none = { 0 };
    struct image_ref ref = { 0 };
    char **names = NULL, *how;

    (void)state;
    load(&a, &r);
    assert_int_equal(ref_parse(&a, "busybox:1", &ref, NULL), 0);
    assert_int_equal(registries_candidates(&r, &a, &ref, &names, &how, NULL), 0);
    assert_string_equal(names[0], "docker.io/library/busybox:1");
    assert_string_equal(names[1], "quay.io/busybox:1");
    assert_null(names[2]);
    assert_true(registries_candidates(&none, &a, &ref, &names, &how, NULL) < 0 || names);
    names = NULL;
    assert_int_equal(registries_candidates(&none, &a, &ref, &names, &how, NULL), -EINVAL);
    assert_int_equal(ref_parse(&a, "fedora:40", &ref, NULL), 0);
    assert_int_equal(registries_candidates(&r, &a, &ref, &names, &how, NULL), 0);
    assert_string_equal(names[0], "registry.fedoraproject.org/fedora:40");
    assert_null(names[1]);
}

static void test_refused(void **state)
{
    static const char *const bad[] = {
        "[registries.search]\nregistries = [\"x\"]\n",
        "short-name-mode = \"sometimes\"\n",
        "[[registry]]\nlocation = \"https://x.io\"\n",
        "[[registry]]\ninsecure = true\n",
        "[[registry]]\nlocation = \"x.io\"\n[[registry.mirror]]\ninsecure = true\n",
        ("[[registry]]\nlocation = \"x\"\n[[registry.mirror]]\nlocation = \"m\"\n"
         "pull-from-mirror = \"no\"\n"),
        "[[registry]]\nlocation = 7\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        AUTO_ARENA a = { 0 };
        struct registries r = { 0 };
        struct err err = { 0 };
        if (registries_parse(&a, &r, bad[i], strlen(bad[i]), "test", &err) == 0)
            fail_msg("accepted: %s", bad[i]);
        assert_true(err.msg[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_blocked),
        cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
