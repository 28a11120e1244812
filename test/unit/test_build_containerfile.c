/* Containerfiles as instructions.  If one of these failed, a build would do something else than its file says. */
#include "unit.h"

#include "base/util.h"
#include "build/containerfile.h"

#include "base/banned.h"

static int parse(struct arena *a, const char *text, struct containerfile *ret, struct err *err)
{
    return containerfile_parse(a, text, strlen(text), "file", ret, err);
}

/* What is accepted, as "COMMAND|text|original" of each instruction. */
static const struct {
    const char *in, *out;
} good[] = {
    { "FROM x", "FROM|x|FROM x;" },
    { "from x as y\n", "FROM|x as y|FROM x as y;" },
    { "# c\n\nFROM x\n  # c\n  RUN a\n", "FROM|x|FROM x;RUN|a|RUN a;" },
    { "FROM x\r\nRUN a\r\n", "FROM|x|FROM x;RUN|a|RUN a;" },
    { "RUN a \\\n  b \\\n# c\n\n c", "RUN|a   b  c|RUN a   b  c;" },
    { "RUN a \\  \nb", "RUN|a b|RUN a b;" },
    { "# escape=`\nRUN a `\nb\\\n", "RUN|a b\\|RUN a b\\;" },
    { "#syntax=x\n# escape = ` \nRUN a`\nb", "RUN|ab|RUN ab;" },
    { "# c\n# escape=`\nRUN a `\n", "RUN|a `|RUN a `;" },
    { "\xef\xbb\xbf"
      "FROM x",
      "FROM|x|FROM x;" },
    { "COPY --from=a --chown=b:c d e", "COPY|d e|COPY --from=a --chown=b:c d e;" },
    { "COPY -- --from=a b", "COPY|--from=a b|COPY -- --from=a b;" },
    { "RUN --mount=type=bind,target='a b' c", "RUN|c|RUN --mount=type=bind,target='a b' c;" },
    { "CMD --from", "CMD|--from|CMD --from;" },
    { "RUN cat <<A <<-'B'\n1\nA\n\t2\n\tB\nUSER u",
      "RUN|cat <<A <<-'B'|RUN cat <<A <<-'B';USER|u|USER u;" },
    { "RUN a <<<b\nUSER u", "RUN|a <<<b|RUN a <<<b;USER|u|USER u;" },
    { "RUN echo $((1<<2))\nUSER u", "RUN|echo $((1<<2))|RUN echo $((1<<2));USER|u|USER u;" },
};

static const struct {
    const char *in, *error;
} wrong[] = {
    { "", "file: file with no instructions" },
    { "# only a comment", "file: file with no instructions" },
    { "FROM x\n\nNOPE a", "file:3: Unknown instruction: \"NOPE\"" },
    { "FROM", "file:1: FROM requires at least one argument" },
    { "RUN <<A\n1", "file:1: unterminated heredoc A" },
    { "COPY --odd=1 a b", "file:1: unknown flag: --odd of COPY" },
    { "COPY --from a b", "file:1: missing a value on flag: --from" },
    { "# escape=x\nFROM y", "file:1: invalid ESCAPE: must be ` or \\" },
    { "# escape=`\n# escape=`\nFROM y", "file:2: only one escape parser directive can be used" },
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        AUTO_ARENA a = { 0 };
        AUTO_BUF out = { 0 };
        struct containerfile f = { 0 };
        struct err err = { 0 };
        if (parse(&a, good[i].in, &f, &err) < 0)
            fail_msg("%s: %s", good[i].in, err.msg);
        for (size_t k = 0; k < f.items.n; k++)
            buf_printf(&out, "%s|%s|%s;", cf_command_names[f.items.items[k].command],
                       f.items.items[k].text, f.items.items[k].original);
        assert_string_equal(out.data, good[i].out);
    }
}

static void test_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        AUTO_ARENA a = { 0 };
        struct containerfile f = { 0 };
        struct err err = { 0 };
        assert_true(parse(&a, wrong[i].in, &f, &err) < 0);
        assert_string_equal(err.msg, wrong[i].error);
    }
}

static void test_parts(void **state)
{
    AUTO_ARENA a = { 0 };
    struct containerfile f = { 0 };

    (void)state;
    assert_int_equal(
        parse(&a,
              "COPY --chown=a --exclude=b --link [\"x y\", \"z\"]\nCMD [1]\nRUN <<A sh <<-\"B\"\n"
              "\ta $x\nA\n\tb\n\tB\nRUN <<C\nc\nC\n",
              &f, NULL),
        0);
    const struct cf_instruction *in = f.items.items;
    assert_string_equal(cf_flag(&in[0], "chown"), "a");
    assert_null(cf_flag(&in[0], "from"));
    assert_true(cf_has_flag(&in[0], "link"));
    assert_string_equal(in[0].json[0], "x y");
    assert_string_equal(in[0].json[1], "z");
    assert_null(in[1].json); /* not of strings: a shell's text */
    assert_int_equal(in[2].heredocs.n, 2);
    assert_string_equal(in[2].heredocs.items[0].content, "\ta $x\n");
    assert_true(in[2].heredocs.items[0].expand);
    assert_string_equal(in[2].heredocs.items[1].content, "b\n");
    assert_false(in[2].heredocs.items[1].expand);
    assert_false(in[2].heredoc_only);
    assert_true(in[3].heredoc_only);
    assert_int_equal(in[3].line, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
