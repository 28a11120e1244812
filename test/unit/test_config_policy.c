/* Trust.  If these failed, an image would come in that the administrator forbade, or a signature for one name would
 * be good for another. */
#include "unit.h"

#include "config/policy.h"

#include "base/banned.h"

#define ACCEPT "[{\"type\":\"insecureAcceptAnything\"}]"
#define REJECT "[{\"type\":\"reject\"}]"

static void test_scopes(void **state)
{
    (void)state;
    static const char text[] = "{\"default\":" REJECT
                               ",\"transports\":{\"docker\":{\"a.org\":" REJECT
                               ",\"a.org/x\":" ACCEPT ",\"a.org/x/y:bad\":" REJECT
                               ",\"*.b.org\":" ACCEPT ",\"sub.b.org\":" REJECT
                               "},\"dir\":{\"/trusted\":" ACCEPT "},\"oci\":{\"\":" ACCEPT "}}}";
    static const struct {
        const char *ref;
        bool accepted;
    } rows[] = {
        { "a.org/x:1", true },     { "a.org/x/y:1", true },    { "a.org/x/y:bad", false },
        { "a.org/xx:1", false },   { "a.org/z/x:1", false },   { "b.org/x:1", false },
        { "one.b.org/x:1", true }, { "sub.b.org/x:1", false }, { "a.sub.b.org/x:1", true },
        { "notb.org/x:1", false }, { "c.org/x:1", false },
    };
    static const struct {
        const char *transport, *path;
        bool accepted;
    } paths[] = { { "dir", "/trusted/a", true },
                  { "dir", "/trustedness", false },
                  { "dir", "/other", false },
                  { "oci", "/any", true },
                  { "oci-archive", "/any", false } };
    AUTO_ARENA a = { 0 };
    struct err err = { 0 };
    struct policy p;

    if (policy_parse(&a, text, strlen(text), "p", &p, &err) < 0)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct image_ref ref;
        assert_int_equal(ref_parse(&a, rows[i].ref, &ref, &err), 0);
        if (policy_accepts(policy_for_ref(&p, &a, &ref)) != rows[i].accepted)
            fail_msg("%s", rows[i].ref);
    }
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        if (policy_accepts(policy_for_path(&p, &a, paths[i].transport, paths[i].path)) !=
            paths[i].accepted)
            fail_msg("%s:%s", paths[i].transport, paths[i].path);
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_identities(void **state)
{
    (void)state;
    static char prefix[] = "mirror.org/lib", signed_prefix[] = "docker.io/library";
    static char exact[] = "a.org/x:1", repo[] = "a.org/x";
    static const struct {
        struct signed_identity id;
        const char *wanted, *signed_;
        bool ok;
    } rows[] = {
        { { IDENTITY_REPO_DIGEST_OR_EXACT, NULL, NULL, NULL }, "a.org/x:1", "a.org/x:1", true },
        { { IDENTITY_REPO_DIGEST_OR_EXACT, NULL, NULL, NULL }, "a.org/x:1", "a.org/x:2", false },
        { { IDENTITY_REPO_DIGEST_OR_EXACT, NULL, NULL, NULL }, "a.org/x:1", "a.org/x", false },
        { { IDENTITY_REPO_DIGEST_OR_EXACT, NULL, NULL, NULL },
          "a.org/x@sha256:" HEX,
          "a.org/x:2",
          true },
        { { IDENTITY_REPO_DIGEST_OR_EXACT, NULL, NULL, NULL },
          "a.org/x@sha256:" HEX,
          "a.org/y:2",
          false },
        { { IDENTITY_EXACT, NULL, NULL, NULL }, "a.org/x@sha256:" HEX, "a.org/x:2", false },
        { { IDENTITY_REPOSITORY, NULL, NULL, NULL }, "a.org/x:1", "a.org/x:2", true },
        { { IDENTITY_REPOSITORY, NULL, NULL, NULL }, "a.org/x:1", "b.org/x:1", false },
        { { IDENTITY_EXACT_REFERENCE, exact, NULL, NULL }, "z.org/q:9", "a.org/x:1", true },
        { { IDENTITY_EXACT_REFERENCE, exact, NULL, NULL }, "z.org/q:9", "a.org/x:2", false },
        { { IDENTITY_EXACT_REPOSITORY, repo, NULL, NULL }, "z.org/q:9", "a.org/x:2", true },
        { { IDENTITY_REMAP, NULL, prefix, signed_prefix },
          "mirror.org/lib/b:1",
          "docker.io/library/b:1",
          true },
        { { IDENTITY_REMAP, NULL, prefix, signed_prefix },
          "mirror.org/lib/b:1",
          "mirror.org/lib/b:1",
          false },
        { { IDENTITY_REMAP, NULL, prefix, signed_prefix },
          "mirror.org/library/b:1",
          "mirror.org/library/b:1",
          true },
        { { IDENTITY_EXACT, NULL, NULL, NULL }, "a.org/x:1", "", false },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        struct image_ref ref;
        assert_int_equal(ref_parse(&a, rows[i].wanted, &ref, NULL), 0);
        if (identity_matches(&a, &rows[i].id, &ref, rows[i].signed_) != rows[i].ok)
            fail_msg("row %zu: %s signed as %s", i, rows[i].wanted, rows[i].signed_);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_scopes),
                                        cmocka_unit_test(test_identities) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
