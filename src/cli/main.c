#include <signal.h>

#include "cli/cli_priv.h"

#include "base/banned.h"

/* From the words of the command line to a running command, and from its error to text and status.
 *
 * At each level of the tree the options before the next word are parsed: podman's own at the top,
 * the persistent ones of podman everywhere. */

const struct cmd *cli_root;

static bool global_given[2][64]; /* cli_main() checks that the tables fit */

struct walk {
    const struct cmd *cmd; /* where we are */
    const struct cmd *body;
    struct buf path;
    struct arena *arena;
    char **words; /* after the command */
};

static struct opt_set local_set(void)
{
    return (struct opt_set) { global_root_tables, &global_args, global_given[0] };
}

static struct opt_set persistent_set(void)
{
    return (struct opt_set) { global_persistent_tables, &global_args, global_given[1] };
}

static int flag_error(const struct walk *w, struct err *err)
{
    struct err e = *err;

    err_clear(err);
    return err_set(err, e.kind, e.errnum, "%s\nSee '%s --help'", e.msg, w->path.data);
}

static int refuse_unsupported(const struct cli_parser *p, struct err *err)
{
    const struct opt *o = cli_unsupported(p);

    return o ? err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "--%s: not supported yet", o->name) : 0;
}

/* ---------- unknown commands ---------- */

static size_t edit_distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), row[64];

    if (n >= ARRAY_SIZE(row) || m >= ARRAY_SIZE(row))
        return SIZE_MAX;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[m];
}

static int unknown_command(const struct walk *w, struct err *err)
{
    AUTO_BUF similar = { 0 };
    struct cli_parser p = {
        .arena = w->arena,
        .sets = { persistent_set(), local_set() },
        .nsets = w->cmd == cli_root ? 2 : 1,
        .interspersed = true,
    };
    if (cli_parse(&p, w->words, err) < 0) /* an option that does not exist either comes first */
        return flag_error(w, err);
    const char *typed = w->words[0];

    for (const struct cmd **c = subs_sorted(w->arena, w->body, false); *c; c++)
        if (edit_distance(typed, (*c)->name) <= 2 || str_starts((*c)->name, typed))
            buf_printf(&similar, "\t%s\n", (*c)->name);
    if (similar.len)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "unrecognized command `%s %s`\n\nDid you mean this?\n%s\n"
                       "Try '%s --help' for more information",
                       w->path.data, typed, similar.data, w->path.data);
    return err_set(err, ERR_BAD_PARAM, EINVAL,
                   "unrecognized command `%s %s`\nTry '%s --help' for more information",
                   w->path.data, typed, w->path.data);
}

/* The next word is no command here: one that is not built yet, or none at all. */
static int no_such_command(const struct walk *w, struct err *err)
{
    char **words = strv_split(w->arena, w->path.data, ' ');
    size_t depth = strv_len(words);

    for (char **p = w->words; *p && **p != '-'; p++)
        words = strv_add(w->arena, words, *p);
    int n = unsupported_words(words + 1);
    if (n < (int)depth)
        return unknown_command(w, err);
    words[n + 1] = NULL;
    return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "%s: not supported yet",
                   strv_join(w->arena, words, " "));
}

/* ---------- running ---------- */

static int check_count(const struct cmd_ctx *c, struct err *err)
{
    int min = c->cmd->min_args, max = c->cmd->max_args, n = c->nargs;

    if (n >= min && (max < 0 || n <= max))
        return 0;
    if (max == 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "`%s` takes no arguments", c->path);
    if (min == max)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "accepts %d arg(s), received %d", max, n);
    if (max < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "requires at least %d arg(s), only received %d",
                       min, n);
    if (min == 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "accepts at most %d arg(s), received %d", max,
                       n);
    return err_set(err, ERR_BAD_PARAM, EINVAL, "accepts between %d and %d arg(s), received %d", min,
                   max, n);
}

static int run_command(struct walk *w, struct err *err)
{
    const struct cmd *body = w->body;
    void *args = arena_alloc(w->arena, MAX(body->args_size, 1u));
    bool *given = arena_alloc(w->arena, opt_count(body->opts) + 1);
    struct cli_parser p = {
        .arena = w->arena,
        .sets = { { body->opts, args, given }, persistent_set() },
        .nsets = 2,
        .interspersed = !(body->flags & CMD_NO_INTERSPERSED),
    };
    int r = cli_defaults(w->arena, &p.sets[0], err);

    if (r < 0)
        return r;
    if (body->flags & CMD_RAW_ARGS) {
        p.args = w->words;
        p.nargs = (int)strv_len(w->words);
    } else if (cli_parse(&p, w->words, err) < 0) {
        return flag_error(w, err);
    }
    if (p.help || global_args.help) {
        help_print(stdout, w->cmd, w->path.data);
        return 0;
    }
    struct cmd_ctx c = {
        .cmd = body,
        .path = w->path.data,
        .args = p.args,
        .nargs = p.nargs,
        .arena = w->arena,
        .err = err,
        .given = given,
    };
    if ((r = global_apply(body, err)) || (r = refuse_unsupported(&p, err)) < 0 ||
        (r = check_count(&c, err)) < 0 || (r = cli_check_credentials(&p, err)) < 0)
        return r;
    if (!(body->flags & (CMD_NO_USERNS | CMD_NO_ENGINE)) && (r = cmd_enter_userns(&c)) < 0)
        return r;
    return body->run(&c, args);
}

static int walk(struct walk *w, struct err *err)
{
    while (w->body->subs) {
        struct cli_parser p = {
            .arena = w->arena,
            .sets = { persistent_set(), local_set() },
            .nsets = w->cmd == cli_root ? 2 : 1,
        };
        if (cli_parse(&p, w->words, err) < 0)
            return flag_error(w, err);
        /* --help is of the command that follows, when one does. */
        global_args.help |= p.help;
        const struct cmd *sub = p.nargs ? cmd_find(w->body, p.args[0]) : NULL;
        if (global_args.help && !sub) {
            help_print(stdout, w->cmd, w->path.data);
            return 0;
        }
        if (global_args.version) {
            printf("%s version %s\n", cli_root->name, PODMAN_VERSION);
            return 0;
        }
        int r = refuse_unsupported(&p, err);
        if (r < 0)
            return r;
        w->words = p.args;
        if (p.nargs == 0) {
            help_print(stdout, w->cmd, w->path.data);
            return err_set(err, ERR_BAD_PARAM, EINVAL, "missing command '%s COMMAND'",
                           w->path.data);
        }
        if (!sub)
            return no_such_command(w, err);
        w->cmd = sub;
        w->body = cmd_body(sub);
        w->words++;
        buf_printf(&w->path, " %s", sub->name);
    }
    return run_command(w, err);
}

/* ---------- the tree ---------- */

static bool called(const struct cmd *c, const char *name)
{
    if (STR_EQ(c->name, name))
        return true;
    for (const char *const *a = c->aliases; a && *a; a++)
        if (STR_EQ(*a, name))
            return true;
    return false;
}

const struct cmd *cmd_find(const struct cmd *group, const char *name)
{
    for (const struct cmd *const *s = group->subs; s && *s; s++)
        if (called(*s, name))
            return *s;
    return NULL;
}

const struct cmd *cmd_walk(const struct cmd *root, char *const *words, int *ret_n, struct buf *path)
{
    const struct cmd *c = root, *sub;

    buf_puts(path, root->name);
    for (*ret_n = 0; words[*ret_n] && (sub = cmd_find(cmd_body(c), words[*ret_n])); (*ret_n)++) {
        c = sub;
        buf_printf(path, " %s", c->name);
    }
    return c;
}

/* ---------- the end ---------- */

/* The one place where a failed command becomes text and a status. */
static int finish(int r, struct err *err)
{
    if (err->kind == ERR_NONE && r < 0)
        r = err_sys(err, -r, "internal error");
    if (err->kind == ERR_NONE && (fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE)
        r = err_sys(err, errno, "writing to stdout");
    fflush(stdout);
    if (err->kind != ERR_NONE)
        fprintf(stderr, "Error: %s\n", err->msg);
    return r < 0 ? err_kind_info(err->kind)->exit : r;
}

int cli_main(int argc, char **argv, const struct cmd *root)
{
    AUTO_ARENA arena = { 0 };
    struct err err = { 0 };
    struct walk w = { .cmd = root, .body = root, .arena = &arena };
    struct opt_set sets[] = { local_set(), persistent_set() };
    int r = 0;

    cli_root = root;
    memset(global_given, 0, sizeof(global_given));
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(sets); i++) {
        if (opt_count(sets[i].tables) > ARRAY_SIZE(global_given[0]))
            abort(); /* make global_given larger */
        r = cli_defaults(&arena, &sets[i], &err);
    }
    buf_puts(&w.path, root->name);
    w.words = argc > 0 ? argv + 1 : argv;
    if (r == 0)
        r = walk(&w, &err);
    r = finish(r, &err);
    buf_done(&w.path);
    return r;
}
