/* auth.json.  If one of these failed, a password would be sent to the wrong place, lost, or be readable to others. */
#include "unit.h"

#include <sys/stat.h>

#include "base/fs.h"
#include "base/json.h"
#include "config/auth_helper.h"

#include "base/banned.h"

static char dir[] = "/tmp/podman-auth-XXXXXX";

static const char file_text[] =
    "{\"auths\":{\"docker.io\":{\"auth\":\"aHViOnBhc3M=\"},"   /* hub:pass */
    "\"quay.io/org\":{\"auth\":\"b3JnOnBhc3M=\"},"             /* org:pass */
    "\"quay.io/org/deep/one\":{\"auth\":\"ZGVlcDpwOjo=\"},"    /* deep:p:: */
    "\"https://old.example/v1/\":{\"auth\":\"b2xkOnBhc3M=\"}," /* old:pass */
    "\"token.example\":{\"identitytoken\":\"abc\"}}}";

static const struct {
    const char *name, *user, *password, *token;
} rows[] = {
    { "docker.io/library/x", "hub", "pass", NULL },
    { "quay.io/org/x", "org", "pass", NULL },
    { "quay.io/organ/x", NULL, NULL, NULL },
    { "quay.io/org/deep/one", "deep", "p::", NULL },
    { "quay.io/org/deep/one/more", "deep", "p::", NULL },
    { "quay.io/org/deep/only", "org", "pass", NULL },
    { "quay.io/else", NULL, NULL, NULL },
    { "old.example/x", "old", "pass", NULL },
    { "token.example/x", NULL, NULL, "abc" },
};

static void put(const char *path, const char *text)
{
    assert_int_equal(fs_replace(AT_FDCWD, path, text, strlen(text), 0600, FS_NOSYNC), 0);
}

static void same(const char *have, const char *want)
{
    if (!str_same(have, want))
        fail_msg("%s in place of %s", have ? have : "nothing", want ? want : "nothing");
}

static void test_find(void **state)
{
    AUTO_ARENA a = { 0 };
    char *path = arena_printf(&a, "%s/auth.json", dir);

    (void)state;
    put(path, file_text);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct image_ref ref;
        struct credentials c;
        assert_int_equal(ref_parse(&a, rows[i].name, &ref, NULL), 0);
        assert_int_equal(auth_find(&a, path, &ref, NULL, &c, NULL), 0);
        same(c.user, rows[i].user);
        same(c.password, rows[i].password);
        same(c.identity_token, rows[i].token);
    }
}

static void test_store(void **state)
{
    AUTO_ARENA a = { 0 };
    char *path = arena_printf(&a, "%s/new/auth.json", dir), *where = NULL;
    struct auth_place p = { .authfile = path };
    struct credentials c = { .user = arena_strdup(&a, "me"),
                             .password = arena_strdup(&a, "p:\"\\w\xc3\xa9") },
                       got;
    struct image_ref ref;
    struct stat st;
    bool found;

    (void)state;
    assert_int_equal(auth_store(&a, &p, "r.example", &c, &where, NULL), 0);
    assert_string_equal(where, path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(auth_store(&a, &p, "r.example/deep/er", &c, &where, NULL), 0);
    assert_int_equal(ref_parse(&a, "r.example/x", &ref, NULL), 0);
    assert_int_equal(auth_find(&a, path, &ref, NULL, &got, NULL), 0);
    same(got.user, "me");
    same(got.password, c.password);
    assert_int_equal(auth_erase(&a, &p, "r.example", &found, NULL), 0);
    assert_true(found);
    assert_int_equal(auth_erase(&a, &p, "r.example", &found, NULL), 0);
    assert_false(found);
    assert_int_equal(ref_parse(&a, "r.example/deep/er", &ref, NULL), 0);
    assert_int_equal(auth_find(&a, path, &ref, NULL, &got, NULL), 0);
    same(got.user, "me");
    assert_int_equal(auth_erase_all(&a, &p, NULL), 0);
    assert_int_equal(auth_find(&a, path, &ref, NULL, &got, NULL), 0);
    same(got.user, NULL);
}

/* What others wrote into the file stays. */
static void test_foreign_keys(void **state)
{
    AUTO_ARENA a = { 0 };
    AUTO_BUF text = { 0 };
    char *path = arena_printf(&a, "%s/config.json", dir), *where;
    struct auth_place p = { .compat_file = path };
    struct credentials c = { .user = arena_strdup(&a, "u"), .password = arena_strdup(&a, "p") };

    (void)state;
    put(path, "{\"HttpHeaders\":{\"a\":\"b\"},\"auths\":{\"x\":{\"auth\":\"YTpi\"}}}");
    assert_int_equal(auth_store(&a, &p, "docker.io", &c, &where, NULL), 0);
    assert_int_equal(fs_read_file(AT_FDCWD, path, &text), 0);
    assert_non_null(strstr(text.data, "HttpHeaders"));
    assert_non_null(strstr(text.data, "YTpi"));
    assert_non_null(strstr(text.data, "https://index.docker.io/v1/"));
    assert_true(auth_store(&a, &p, "docker.io/library/x", &c, &where, NULL) < 0);
}

static void test_bad_files(void **state)
{
    static const char *const bad[] = { "[]",
                                       "{\"auths\":[]}",
                                       "{\"auths\":{\"r.io\":{\"auth\":7}}}",
                                       "{\"auths\":{\"r.io\":{\"auth\":\"bm9jb2xvbg==\"}}}",
                                       "{\"auths\":{\"r.io\":{\"auth\":\"a*b\"}}}",
                                       "{" };
    AUTO_ARENA a = { 0 };
    char *path = arena_printf(&a, "%s/bad.json", dir);
    struct image_ref ref;
    struct credentials c;

    (void)state;
    assert_int_equal(ref_parse(&a, "r.io/x", &ref, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct err err = { 0 };
        put(path, bad[i]);
        if (auth_find(&a, path, &ref, NULL, &c, &err) == 0)
            fail_msg("accepted: %s", bad[i]);
    }
    struct err err = { 0 };
    assert_int_equal(auth_find(&a, "/nowhere/auth.json", &ref, NULL, &c, &err), -ENOENT);
}

static void test_helper_answers(void **state)
{
    static const struct {
        const char *text, *user, *secret, *token;
        int r;
    } answers[] = {
        { "{\"ServerURL\":\"x\",\"Username\":\"u\",\"Secret\":\"s\"}", "u", "s", NULL, 0 },
        { "{\"Username\":\"<token>\",\"Secret\":\"t\"}", NULL, NULL, "t", 0 },
        { "{\"Username\":\"u\"}", NULL, NULL, NULL, 0 },
        { "{\"Username\":7,\"Secret\":\"s\"}", NULL, NULL, NULL, 0 },
        { "credentials not found", NULL, NULL, NULL, -EINVAL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        AUTO_ARENA a = { 0 };
        struct credentials c = { 0 };
        int r = auth_helper_parse(&a, answers[i].text, strlen(answers[i].text), &c, NULL);
        assert_int_equal(r, answers[i].r);
        same(c.user, answers[i].user);
        same(c.password, answers[i].secret);
        same(c.identity_token, answers[i].token);
    }
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return fs_remove_tree(AT_FDCWD, dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),           cmocka_unit_test(test_store),
        cmocka_unit_test(test_foreign_keys),   cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_helper_answers),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
