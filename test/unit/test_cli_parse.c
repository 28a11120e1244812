/* The command line: if this fails, scripts written for Podman see another grammar, another text or
 * another exit code. */
#include "unit.h"

#include "cli/cli_priv.h"

#include "base/banned.h"

struct args {
    char *name, *pull, *mode;
    char **env, **list, **nets;
    int64_t num;
    uint64_t time;
    double cpus;
    bool tty, stdin_open, proxy;
    int tls;
};

static struct args got;
static struct cmd_ctx ctx;

static const struct opt opts[] = {
    O_STR('n', "name", struct args, name, "name", "A name"),
    O_STR(0, "pull", struct args, pull, "policy", "Pull", .flags = OPTF_NOVAL, .no_value = "always",
          .def = "missing"),
    O_STR(0, "mode", struct args, mode, "mode", "Mode", .choices = "one|two"),
    O_STRV('e', "env", struct args, env, "k=v", "Environment"),
    O_SLICE('l', "list", struct args, list, NULL, "List", .def = "x,y"),
    O_STRV(0, "network", struct args, nets, "net", "Networks"),
    O_STRV(0, "net", struct args, nets, "net", "Networks", .flags = OPTF_HIDDEN),
    O_INT(0, "num", struct args, num, "n", "Number", .def = "-1"),
    O_UINT('T', "time", struct args, time, "seconds", "Time"),
    O_F64(0, "cpus", struct args, cpus, "n", "CPUs"),
    O_BOOL('t', "tty", struct args, tty, "Terminal"),
    O_BOOL('i', "interactive", struct args, stdin_open, "Keep stdin open"),
    O_BOOL(0, "proxy", struct args, proxy, "Proxy", .def = "true"),
    O_TRI(0, "tls-verify", struct args, tls, "Verify"),
    O_STR(0, "later", struct args, name, "x", "Not built", .flags = OPTF_UNSUPPORTED),
    { 0 },
};
static const struct opt *const tables[] = { opts, NULL };

static const char *check_given; /* an option to ask about */
static bool was_given;
static char joined[1024];

static int run(struct cmd_ctx *c, void *args)
{
    got = *(struct args *)args;
    ctx = *c;
    was_given = check_given && cmd_given(c, check_given);
    joined[0] = 0;
    size_t n = 0;
    for (int i = 0; i < c->nargs; i++)
        n += (size_t)snprintf(joined + n, sizeof(joined) - n, "%s|", c->args[i]);
    /* The strings die with the command's arena. */
    static char name[256], pull[64];
    if (got.name)
        got.name = memcpy(name, got.name, strlen(got.name) + 1);
    if (got.pull)
        got.pull = memcpy(pull, got.pull, strlen(got.pull) + 1);
    static char lists[3][512];
    char ***v[] = { &got.env, &got.list, &got.nets };
    for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
        snprintf(lists[i], sizeof(lists[i]), "%s", *v[i] ? strv_join(c->arena, *v[i], "|") : "");
        *v[i] = (char **)(void *)lists[i];
    }
    return 7;
}
#define LIST(f) ((const char *)(void *)got.f)

static const struct cmd cmd_run = { .name = "run",
                                    .summary = "Run",
                                    .min_args = 1,
                                    .max_args = -1,
                                    .flags = CMD_NO_INTERSPERSED | CMD_NO_ENGINE,
                                    .opts = tables,
                                    .args_size = sizeof(struct args),
                                    .run = run };
static const char *const many_aliases[] = { "lots", NULL };
static const struct cmd cmd_many = { .name = "many",
                                     .summary = "Many",
                                     .aliases = many_aliases,
                                     .max_args = -1,
                                     .flags = CMD_NO_ENGINE,
                                     .opts = tables,
                                     .args_size = sizeof(struct args),
                                     .run = run };
static const struct cmd cmd_none = { .name = "none",
                                     .summary = "None",
                                     .flags = CMD_NO_ENGINE,
                                     .run = run,
                                     .args_size = sizeof(struct args) };
static const struct cmd cmd_one = { .name = "one",
                                    .summary = "One",
                                    .min_args = 1,
                                    .max_args = 1,
                                    .flags = CMD_NO_ENGINE,
                                    .run = run,
                                    .args_size = sizeof(struct args) };
static const struct cmd cmd_two = { .name = "ranged",
                                    .summary = "One or two",
                                    .min_args = 1,
                                    .max_args = 2,
                                    .flags = CMD_NO_ENGINE,
                                    .run = run,
                                    .args_size = sizeof(struct args) };
static const char *const ls_aliases[] = { "list", NULL };
static const struct cmd group_ls = { .name = "ls", .aliases = ls_aliases, .same_as = &cmd_many };
static const struct cmd *const group_subs[] = { &group_ls, NULL };
static const struct cmd cmd_container = { .name = "container",
                                          .summary = "Containers",
                                          .subs = group_subs };
static const struct cmd *const root_subs[] = { &cmd_run, &cmd_many,      &cmd_none, &cmd_one,
                                               &cmd_two, &cmd_container, NULL };
static const struct cmd root = {
    .name = "podman", .summary = "Root", .usage = "[options]", .subs = root_subs
};

/* Runs a command line that is written with blanks; collects what it prints. */
static char out_text[65536], err_text[4096];

static void slurp(int fd, char *text, size_t size)
{
    ssize_t n = pread(fd, text, size - 1, 0);
    text[MAX(n, 0)] = 0;
    close(fd);
}

static int run_line(const char *line)
{
    AUTO_ARENA a = { 0 };
    char **argv = strv_split(&a, line, ' ');
    char tmp1[] = "/tmp/cliXXXXXX", tmp2[] = "/tmp/cliXXXXXX";
    int fds[] = { mkstemp(tmp1), mkstemp(tmp2) }, saved[] = { dup(1), dup(2) };

    memset(&global_args, 0, sizeof(global_args));
    memset(&got, 0, sizeof(got));
    unlink(tmp1);
    unlink(tmp2);
    fflush(stdout);
    dup2(fds[0], 1);
    dup2(fds[1], 2);
    int r = cli_main((int)strv_len(argv), argv, &root);
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        dup2(saved[i], i + 1);
        close(saved[i]);
    }
    slurp(fds[0], out_text, sizeof(out_text));
    slurp(fds[1], err_text, sizeof(err_text));
    return r;
}

static void test_values(void **state)
{
    (void)state;
    assert_int_equal(
        run_line("podman run -it --name=x -e A=1 -eB=2 -e=C=3 --env D=4 img -t --name y"), 7);
    assert_true(got.tty && got.stdin_open && got.proxy);
    assert_string_equal(got.name, "x");
    assert_string_equal(got.pull, "missing");
    assert_string_equal(LIST(env), "A=1|B=2|C=3|D=4");
    assert_string_equal(LIST(list), "x|y");
    assert_string_equal(joined, "img|-t|--name|y|");
    assert_int_equal(got.tls, -1);
    assert_int_equal(got.num, -1);

    assert_int_equal(run_line("podman many a --pull b -tn z --num -5 --tls-verify=false -T7 "
                              "--list=p,\"q,r\" -l s --proxy=0 --cpus 1.5 -- --x -y"),
                     7);
    assert_string_equal(got.pull, "always");
    assert_string_equal(got.name, "z");
    assert_string_equal(joined, "a|b|--x|-y|");
    assert_int_equal(got.num, -5);
    assert_int_equal(got.time, 7);
    assert_int_equal(got.tls, 0);
    assert_false(got.proxy);
    assert_true(got.cpus > 1.4 && got.cpus < 1.6);
    assert_string_equal(LIST(list), "p|q,r|s");

    assert_int_equal(run_line("podman run -- img -- -x"), 7);
    assert_string_equal(joined, "img|--|-x|");
    assert_int_equal(run_line("podman many --pull=never -"), 7);
    assert_string_equal(got.pull, "never");
    assert_string_equal(joined, "-|");
}

static void test_given(void **state)
{
    (void)state;
    check_given = "network";
    run_line("podman many --net a --network b --net c");
    assert_true(was_given);
    assert_string_equal(LIST(nets), "a|b|c");
    run_line("podman many");
    assert_false(was_given);
    check_given = "pull";
    run_line("podman many");
    assert_false(was_given);
    check_given = NULL;
}

static void test_globals(void **state)
{
    (void)state;
    assert_int_equal(run_line("podman --root /a --log-level debug many"), 7);
    assert_string_equal(ctx.path ? "ok" : "", "ok");
    assert_int_equal(run_line("podman container --root /a list --runroot /b x"), 7);
    assert_string_equal(joined, "x|");
    assert_int_equal(run_line("podman run img --root /b"), 7);
    assert_null(global_args.root);
    assert_int_equal(run_line("podman --version"), 0);
    assert_string_equal(out_text, "podman version " PODMAN_VERSION "\n");
    assert_int_equal(run_line("podman --log-level loud many"), 1);
    assert_string_equal(err_text, "Log Level \"loud\" is not supported, choose from: trace, debug, "
                                  "info, warn, warning, error, fatal, panic\n");
    assert_int_equal(run_line("podman --log-level warn --noout run x"), 7);
}

static const struct {
    const char *line, *text;
    int code;
} errors[] = {
    { "podman many --foo", "unknown flag: --foo\nSee 'podman many --help'", 125 },
    { "podman many --foo=1", "unknown flag: --foo\nSee 'podman many --help'", 125 },
    { "podman --foo many", "unknown flag: --foo\nSee 'podman --help'", 125 },
    { "podman many -tz", "unknown shorthand flag: 'z' in -z\nSee 'podman many --help'", 125 },
    { "podman many --name", "flag needs an argument: --name\nSee 'podman many --help'", 125 },
    { "podman many -tn", "flag needs an argument: 'n' in -n\nSee 'podman many --help'", 125 },
    { "podman many --=x", "bad flag syntax: --=x\nSee 'podman many --help'", 125 },
    { "podman many --time x",
      "invalid argument \"x\" for \"-T, --time\" flag: strconv.ParseUint: parsing \"x\": invalid "
      "syntax\nSee 'podman many --help'",
      125 },
    { "podman many --num 9223372036854775808",
      "invalid argument \"9223372036854775808\" for \"--num\" flag: strconv.ParseInt: parsing "
      "\"9223372036854775808\": value out of range\nSee 'podman many --help'",
      125 },
    { "podman many --tty=maybe",
      "invalid argument \"maybe\" for \"-t, --tty\" flag: strconv.ParseBool: parsing \"maybe\": "
      "invalid syntax\nSee 'podman many --help'",
      125 },
    { "podman many --mode three",
      "invalid argument \"three\" for \"--mode\" flag: must be one of one|two\n"
      "See 'podman many --help'",
      125 },
    { "podman many --list a\"b",
      "invalid argument \"a\\\"b\" for \"-l, --list\" flag: parse error on line 1, column 2: bare "
      "\" in non-quoted-field\nSee 'podman many --help'",
      125 },
    { "podman many --later x", "--later: not supported yet", 125 },
    { "podman --remote many", "--remote: not supported yet", 125 },
    { "podman foo", "unrecognized command `podman foo`\nTry 'podman --help' for more information",
      125 },
    { "podman rum",
      "unrecognized command `podman rum`\n\nDid you mean this?\n\trun\n\n"
      "Try 'podman --help' for more information",
      125 },
    { "podman container foo",
      "unrecognized command `podman container foo`\n"
      "Try 'podman container --help' for more information",
      125 },
    { "podman container", "missing command 'podman container COMMAND'", 125 },
    { "podman", "missing command 'podman COMMAND'", 125 },
    { "podman pod ls", "podman pod ls: not supported yet", 125 },
    { "podman pod ps --all", "podman pod ps: not supported yet", 125 },
    { "podman container rename a b", "podman container rename: not supported yet", 125 },
    { "podman none x", "`podman none` takes no arguments", 125 },
    { "podman one", "accepts 1 arg(s), received 0", 125 },
    { "podman ranged", "accepts between 1 and 2 arg(s), received 0", 125 },
    { "podman run", "requires at least 1 arg(s), only received 0", 125 },
};

static void test_errors(void **state)
{
    char want[1024];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        assert_int_equal(run_line(errors[i].line), errors[i].code);
        snprintf(want, sizeof(want), "Error: %s\n", errors[i].text);
        assert_string_equal(err_text, want);
    }
}

static void test_help(void **state)
{
    (void)state;
    assert_int_equal(run_line("podman container ls --help"), 0);
    assert_non_null(strstr(out_text,
                           "Many\n\nDescription:\n  Many\n\nUsage:\n  podman container ls\n"
                           "\nAliases:\n  ls, list\n\nOptions:\n"));
    assert_non_null(strstr(out_text, "      --cpus n  "));
    assert_non_null(strstr(out_text, "   List (default [x,y])\n"));
    assert_null(strstr(out_text, "later"));
    assert_int_equal(run_line("podman --help many"), 0);
    assert_non_null(strstr(out_text, "Usage:\n  podman many\n"));
    assert_int_equal(run_line("podman -h"), 0);
    assert_non_null(strstr(out_text, "Usage:\n  podman [options] [command]\n"));
    assert_non_null(strstr(out_text, "\nAvailable Commands:\n  container   Containers\n  many "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_given), cmocka_unit_test(test_globals),
        cmocka_unit_test(test_errors), cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
