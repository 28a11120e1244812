/* Shell completion: if this fails, TAB offers the wrong words or none. */
#include "unit.h"

#include "base/arena.h"
#include "cli/cli_priv.h"
#include "cli/commands.h"

#include "base/banned.h"

struct args {
    char *name, *file, *mode;
    bool tty;
};
static const struct opt opts[] = {
    O_STR('n', "name", struct args, name, "name", "A name", .complete = COMPLETE_CONTAINER),
    O_STR(0, "file", struct args, file, "path", "A file", .complete = COMPLETE_FILE),
    O_STR(0, "mode", struct args, mode, "mode", "A mode", .choices = "one|two"),
    O_BOOL('t', "tty", struct args, tty, "Terminal"),
    O_BOOL(0, "secret", struct args, tty, "Hidden", .flags = OPTF_HIDDEN),
    { 0 },
};
static const struct opt *const tables[] = { opts, NULL };

static int run(struct cmd_ctx *c, void *args)
{
    (void)c;
    (void)args;
    return 0;
}
static const struct cmd cmd_run = { .name = "run",
                                    .summary = "Run",
                                    .max_args = -1,
                                    .flags = CMD_NO_INTERSPERSED,
                                    .complete = COMPLETE_COMMAND,
                                    .opts = tables,
                                    .args_size = sizeof(struct args),
                                    .run = run };
static const struct cmd cmd_rm = { .name = "rm",
                                   .summary = "Remove",
                                   .max_args = 1,
                                   .complete = COMPLETE_CONTAINER,
                                   .opts = tables,
                                   .args_size = sizeof(struct args),
                                   .run = run };
static const struct cmd group_rm = { .name = "remove", .same_as = &cmd_rm };
static const struct cmd *const group_subs[] = { &group_rm, NULL };
static const struct cmd cmd_group = { .name = "container",
                                      .summary = "Containers",
                                      .subs = group_subs };
static const struct cmd *const root_subs[] = { &cmd_run, &cmd_rm, &cmd_group,
                                               &cmd_hidden_complete_bare, NULL };
static const struct cmd root = { .name = "podman", .summary = "Root", .subs = root_subs };

/* The hook of the engine. */
int cli_complete_names(enum complete kind, const char *prefix, FILE *out)
{
    const char *name = kind == COMPLETE_IMAGE ? "image" : "ctr";

    if (str_starts(name, prefix))
        fprintf(out, "%s\n", name);
    return 0;
}

static const struct {
    const char *words, *out; /* separated by | */
} rows[] = {
    { "r", "rm\nrun\n:4\n" },
    { "", "container\nrm\nrun\n:4\n" },
    { "container|", "remove\n:4\n" },
    { "run|--m", "--mode\n:4\n" },
    { "run|--mode|", "one\ntwo\n:4\n" },
    { "run|--mode=t", "two\n:4\n" },
    { "run|-t|", "image\n:4\n" },
    { "run|-tn|c", "ctr\n:4\n" },
    { "run|--file|", ":0\n" },
    { "run|img|-", ":0\n" },
    { "run|--|-", ":4\n" },
    { "container|remove|", "ctr\n:4\n" },
    { "rm|a|", ":4\n" },
    { "nope|", ":4\n" },
    { "--root|/x|ru", "run\n:4\n" },
    { "--root|", ":16\n" },
    { "rm|--se", ":4\n" },
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        AUTO_ARENA a = { 0 };
        AUTO_BUF out = { 0 };
        char name[] = "/tmp/completeXXXXXX";
        int fd = mkstemp(name), saved = dup(1);
        char **argv = strv_concat(&a, strv_split(&a, "podman __completeNoDesc", ' '),
                                  strv_split(&a, rows[i].words, '|'));
        unlink(name);
        fflush(stdout);
        dup2(fd, 1);
        int r = cli_main((int)strv_len(argv), argv, &root);
        fflush(stdout);
        dup2(saved, 1);
        close(saved);
        lseek(fd, 0, SEEK_SET);
        assert_int_equal(buf_read_fd(&out, fd), 0);
        close(fd);
        assert_int_equal(r, 0);
        const char *got = out.data;
        assert_string_equal(got, rows[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
