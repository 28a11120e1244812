/* Artifacts: what a manifest from a registry may say.  If one of these failed, a title could write outside the
 * directory that the user named. */
#include "unit.h"

#include "image/artifact.h"

#include "base/banned.h"

#define HEX  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX2 "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define CONFIG                                                                                     \
    "\"config\":{\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"digest\":\"sha256:" HEX     \
    "\",\"size\":2}"
#define LAYER(hex, size, title)                                                                    \
    "{\"mediaType\":\"x/y\",\"digest\":\"sha256:" hex "\",\"size\":" size                          \
    ",\"annotations\":{\"org.opencontainers.image.title\":\"" title "\"}}"

static int read_text(struct arena *a, const char *text, struct artifact *art)
{
    struct err err = { 0 };
    AUTO_JSON *doc = json_parse(text, strlen(text), "test", &err);

    assert_non_null(doc);
    return artifact_read(a, doc, art, &err);
}

static void test_read(void **state)
{
    AUTO_ARENA a = { 0 };
    struct artifact art = { 0 };

    (void)state;
    assert_int_equal(
        read_text(&a,
                  "{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER(HEX, "5", "a") "," LAYER(
                      HEX2, "7", "b") "],\"annotations\":{\"org.opencontainers.image.created\":"
                                      "\"2024-01-02T03:04:05Z\"}}",
                  &art),
        0);
    assert_int_equal(art.size, 12);
    assert_int_equal(art.created / 1000000000, 1704164645);
    assert_int_equal(art.manifest.layers.n, 2);
}

static void test_refused(void **state)
{
    static const char *const bad[] = {
        "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
        "\"manifests\":[]}",
        "{\"schemaVersion\":2,\"layers\":[]}",
        "{" CONFIG ",\"layers\":[{\"digest\":\"sha256:../../x\",\"size\":1}]}",
        "{" CONFIG ",\"layers\":[{\"digest\":\"sha256:" HEX "\",\"size\":-1}]}",
        "{" CONFIG ",\"layers\":[" LAYER(HEX, "9223372036854775807",
                                         "a") "," LAYER(HEX2, "9223372036854775807", "b") "]}",
        "[]",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        AUTO_ARENA a = { 0 };
        struct artifact art = { 0 };
        if (read_text(&a, bad[i], &art) == 0)
            fail_msg("accepted: %s", bad[i]);
    }
}

static void test_names(void **state)
{
    static const struct {
        const char *title;
        const char *want; /* NULL: refused */
    } rows[] = {
        { "model.gguf", "model.gguf" },
        { "", "sha256-" HEX },
        { ".hidden", ".hidden" },
        { "..x", "..x" },
        { "..", NULL },
        { ".", NULL },
        { "../x", NULL },
        { "/etc/passwd", NULL },
        { "a/b", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        struct artifact art = { 0 };
        artifact_file_list files = { 0 };
        struct err err = { 0 };
        char *text = arena_printf(&a, "{" CONFIG ",\"layers\":[" LAYER(HEX, "5", "%s") "]}",
                                  rows[i].title);
        assert_int_equal(read_text(&a, text, &art), 0);
        int r = artifact_files(&a, &art, &(struct artifact_choice) { NULL, NULL }, &files, &err);
        if ((r == 0) != (rows[i].want != NULL) ||
            (r == 0 && !STR_EQ(files.items[0].name, rows[i].want)))
            fail_msg("title \"%s\"", rows[i].title);
    }
}

static void test_choice(void **state)
{
    AUTO_ARENA a = { 0 };
    struct artifact art = { 0 };
    artifact_file_list files = { 0 };

    (void)state;
    assert_int_equal(read_text(&a,
                               "{" CONFIG ",\"layers\":[" LAYER(HEX, "5", "a") "," LAYER(
                                   HEX2, "5", "a") "," LAYER(HEX2, "5", "b") "]}",
                               &art),
                     0);
    const struct artifact_choice twice = { "a", NULL }, digest_twice = { NULL, "sha256:" HEX2 },
                                 one = { "b", NULL }, none = { "c", NULL }, all = { NULL, NULL },
                                 both = { "b", "sha256:" HEX };
    assert_int_equal(artifact_files(&a, &art, &twice, &files, NULL), -EEXIST);
    assert_int_equal(artifact_files(&a, &art, &digest_twice, &files, NULL), -EEXIST);
    assert_int_equal(artifact_files(&a, &art, &none, &files, NULL), -ENOENT);
    assert_int_equal(artifact_files(&a, &art, &both, &files, NULL), -EINVAL);
    assert_int_equal(artifact_files(&a, &art, &one, &files, NULL), 0);
    assert_int_equal(files.n, 1);
    files.n = 0;
    assert_int_equal(artifact_files(&a, &art, &all, &files, NULL), -EINVAL); /* two of one name */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_choice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
