/* --format: if this fails, lists have other columns or titles than Podman's, or scripts that pass a
 * template get something else. */
#include "unit.h"

#include "base/fs.h"
#include "cli/format.h"

#include "base/banned.h"

static const struct cli_header headers[] = { { "ID", "CONTAINER ID" }, { 0 } };

static const struct {
    const char *format, *def, *out;
    bool no_heading;
} rows[] = {
    { NULL, "table {{.ID}}\\t{{.CreatedAt}}",
      "CONTAINER ID  CREATED AT\nabc           now\nde            then\n" },
    { NULL, "table {{.ID}}\\t{{.CreatedAt}}", "abc         now\nde          then\n", true },
    { "table", "table {{.ID}}", "CONTAINER ID\nabc\nde\n" },
    { "table {{.CreatedAt}} {{ .ID }}", NULL,
      "CREATED AT  CONTAINER ID\nnow         abc\nthen        de\n" },
    { "{{.ID}}", "table {{.CreatedAt}}", "abc\nde\n" },
    { "{{.ID}} {{.ImageID}}\\t|\\n", NULL, "abc 1\t|\nde 2\t|\n" },
    { "{{range .}}{{.ID}},{{end}}", NULL, "abc,de,\n" },
    { "{{json .ID}}", NULL, "\"abc\"\n\"de\"\n" },
    { "json", "table {{.ID}}",
      "[\n  {\n    \"Id\": \"abc\",\n    \"CreatedAt\": \"now\",\n    \"ImageID\": 1\n  },\n"
      "  {\n    \"Id\": \"de\",\n    \"CreatedAt\": \"then\",\n    \"ImageID\": 2\n  }\n]\n" },
    { "table {{.ImageID}}", NULL, "IMAGE ID\n1\n2\n" },
};

static void capture(const struct cli_list *how, const json_t *doc, bool list, struct err *err,
                    struct buf *out)
{
    char name[] = "/tmp/formatXXXXXX";
    int fd = mkstemp(name), saved = dup(1);

    unlink(name);
    fflush(stdout);
    dup2(fd, 1);
    if ((list ? cli_print_list(doc, how, err) : cli_print_one(doc, how, err)) < 0)
        buf_puts(out, "");
    fflush(stdout);
    dup2(saved, 1);
    close(saved);
    lseek(fd, 0, SEEK_SET);
    assert_int_equal(buf_read_fd(out, fd), 0);
    close(fd);
}

static void test_rows(void **state)
{
    json_t *doc = json_loads("[{\"Id\":\"abc\",\"CreatedAt\":\"now\",\"ImageID\":1},"
                             "{\"Id\":\"de\",\"CreatedAt\":\"then\",\"ImageID\":2}]",
                             0, NULL);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_BUF out = { 0 };
        struct err err = { 0 };
        const struct cli_list how = { .format = rows[i].format,
                                      .def = rows[i].def,
                                      .title = "ps",
                                      .headers = headers,
                                      .no_heading = rows[i].no_heading };
        capture(&how, doc, true, &err, &out);
        assert_string_equal(err.msg, "");
        assert_string_equal(out.data ? out.data : "", rows[i].out);
    }
    AUTO_BUF out = { 0 };
    struct err err = { 0 };
    capture(&(struct cli_list) { .format = "{{.Nope}}", .title = "ps" }, doc, true, &err, &out);
    assert_string_equal(err.msg, "ps: template:1:3: can't evaluate field Nope");
    json_decref(doc);
}

static void test_empty(void **state)
{
    json_t *doc = json_array();
    AUTO_BUF out = { 0 };
    struct err err = { 0 };

    (void)state;
    capture(&(struct cli_list) { .def = "table {{.ID}}\t{{.Names}}", .headers = headers }, doc,
            true, &err, &out);
    assert_string_equal(out.data, "CONTAINER ID  NAMES\n");
    json_decref(doc);
}

static void test_is_json(void **state)
{
    (void)state;
    assert_true(cli_format_is_json("json"));
    assert_true(cli_format_is_json(" {{ json . }} "));
    assert_true(cli_format_is_json("{{json}}"));
    assert_false(cli_format_is_json("{{json .ID}}"));
    assert_false(cli_format_is_json("jsonx"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows), cmocka_unit_test(test_empty),
                                        cmocka_unit_test(test_is_json) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
