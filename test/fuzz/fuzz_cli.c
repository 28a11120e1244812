/* A command line, one word a line, against a small tree: whatever comes in, the parser ends with an
 * exit code and every positional argument is one of the words. */
#include <assert.h>

#include "cli/cli_priv.h"

#include "base/banned.h"

struct args {
    char *name, *pull;
    char **env, **list;
    int64_t num;
    double cpus;
    bool tty, in, rm;
};
static const struct opt opts[] = {
    O_STR('n', "name", struct args, name, "name", "A name"),
    O_STR(0, "pull", struct args, pull, "policy", "Pull", .flags = OPTF_NOVAL, .no_value = "always",
          .choices = "always|never"),
    O_STRV('e', "env", struct args, env, "k=v", "Environment"),
    O_SLICE('l', "list", struct args, list, NULL, "List", .def = "x,y"),
    O_INT(0, "num", struct args, num, "n", "Number"),
    O_F64(0, "cpus", struct args, cpus, "n", "CPUs"),
    O_BOOL('t', "tty", struct args, tty, "Terminal"),
    O_BOOL('i', "interactive", struct args, in, "Keep stdin open"),
    O_BOOL(0, "rm", struct args, rm, "Remove"),
    { 0 },
};
static const struct opt *const tables[] = { opts, NULL };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA a = { 0 };
    char **words = strv_split(&a, arena_strndup(&a, (const char *)data, size), '\n');
    struct args args = { 0 };
    bool given[ARRAY_SIZE(opts)] = { 0 };
    struct err err = { 0 };
    struct cli_parser p = {
        .arena = &a,
        .sets = { { tables, &args, given } },
        .nsets = 1,
        .interspersed = size % 2,
    };

    if (cli_defaults(&a, &p.sets[0], &err) < 0)
        abort();
    if (cli_parse(&p, words, &err) < 0) {
        assert(err.kind != ERR_NONE);
        return 0;
    }
    assert(p.nargs <= (int)strv_len(words) && !p.args[p.nargs]);
    (void)unsupported_words(p.args);
    assert(!args.pull || STR_IN(args.pull, "always", "never"));
    return 0;
}
