#include "cli/cli_priv.h"
#include "cli/commands.h"

#include "base/banned.h"

/* `podman __complete WORD...`: what may stand for the last word.
 *
 * The protocol is cobra's, so that completion scripts which were made by Podman work: a candidate a line,
 * with a tab and a description, and at the end ":N", where N says what the shell should add; for people the
 * same in words on stderr. */

enum directive { ADD_FILES = 0, ADD_NOTHING = 4, ADD_DIRS = 16 };

struct completion {
    struct arena *a;
    struct cli_parser p;
    const struct cmd *body;
    int nargs;                 /* arguments so far */
    const struct opt *waiting; /* its value is the last word */
    bool no_options;           /* after -- or the first argument of `run` */
    bool lost;                 /* a word made no sense */
    bool describe;
};

static void enter(struct completion *c, const struct cmd *body)
{
    c->body = body;
    c->p.nsets = 0;
    c->p.sets[c->p.nsets++] = (struct opt_set) { .tables = body->opts };
    c->p.sets[c->p.nsets++] = (struct opt_set) { .tables = global_persistent_tables };
    if (body == cli_root)
        c->p.sets[c->p.nsets++] = (struct opt_set) { .tables = global_root_tables };
}

/* Names are looked for where --root and its like say. */
static void pass_global(const struct opt *o, const char *value, struct arena *a)
{
    const struct opt *const *const tables[] = { global_persistent_tables, global_root_tables };

    for (size_t i = 0; o->kind == OPT_STR && i < ARRAY_SIZE(tables); i++)
        for (const struct opt *const *t = tables[i]; *t; t++)
            for (const struct opt *g = *t; g->kind != OPT_END; g++)
                if (g == o)
                    memcpy((char *)&global_args + o->off, &(char *) { arena_strdup(a, value) },
                           sizeof(char *));
}

/* An option among the words before the last: does it take the next one? */
static void pass_option(struct completion *c, const char *w)
{
    if (w[1] == '-') {
        size_t len = strcspn(w + 2, "=");
        const struct opt *o = cli_find_opt(&c->p, 0, w + 2, len);
        c->waiting = o && !w[2 + len] && !opt_implied(o) ? o : NULL;
        if (o && w[2 + len])
            pass_global(o, w + 2 + len + 1, c->a);
        return;
    }
    for (const char *s = w + 1; *s; s++) {
        const struct opt *o = cli_find_opt(&c->p, *s, NULL, 0);
        if (!o || s[1] == '=')
            return;
        if (!opt_implied(o)) {
            c->waiting = s[1] ? NULL : o;
            return;
        }
    }
}

static void pass_word(struct completion *c, const char *w)
{
    if (c->waiting) {
        pass_global(c->waiting, w, c->a);
        c->waiting = NULL;
    } else if (!c->no_options && STR_EQ(w, "--")) {
        c->no_options = true;
    } else if (!c->no_options && w[0] == '-' && w[1]) {
        pass_option(c, w);
    } else if (c->body->subs) {
        const struct cmd *sub = cmd_find(c->body, w);
        if (sub)
            enter(c, cmd_body(sub));
        else
            c->lost = true;
    } else {
        c->nargs++;
        c->no_options |= c->body->flags & CMD_NO_INTERSPERSED;
    }
}

static void candidate(const struct completion *c, const char *prefix, const char *word,
                      const char *help)
{
    if (!str_starts(word, prefix))
        return;
    if (c->describe && help)
        printf("%s\t%s\n", word, help);
    else
        printf("%s\n", word);
}

static enum directive values(const struct completion *c, enum complete kind, const char *choices,
                             const char *prefix)
{
    switch (kind) {
    case COMPLETE_FILE:
        return ADD_FILES;
    case COMPLETE_DIR:
        return ADD_DIRS;
    case COMPLETE_NONE:
    case COMPLETE_CHOICES:
        break;
    case COMPLETE_COMMAND:
        if (c->nargs > 0)
            return ADD_FILES;
        (void)!cli_complete_names(COMPLETE_IMAGE, prefix, stdout);
        return ADD_NOTHING;
    case COMPLETE_CONTAINER:
    case COMPLETE_CONTAINER_RUNNING:
    case COMPLETE_IMAGE:
    case COMPLETE_VOLUME:
    case COMPLETE_NETWORK:
    case COMPLETE_POD:
    case COMPLETE_ARTIFACT:
    case COMPLETE_QUADLET:
        (void)!cli_complete_names(kind, prefix, stdout);
        return ADD_NOTHING;
    }
    if (choices)
        for (char **v = strv_split(c->a, choices, '|'); *v; v++)
            candidate(c, prefix, *v, NULL);
    return ADD_NOTHING;
}

static enum directive options(const struct completion *c, const char *prefix)
{
    for (int s = 0; s < c->p.nsets; s++)
        for (const struct opt **o = opts_sorted(c->a, c->p.sets[s].tables, false); *o; o++)
            candidate(c, prefix, arena_printf(c->a, "--%s", (*o)->name), (*o)->help);
    return ADD_NOTHING;
}

static enum directive last_word(const struct completion *c, const char *w)
{
    if (c->lost)
        return ADD_NOTHING;
    if (c->waiting)
        return values(c, c->waiting->complete, c->waiting->choices, w);
    if (!c->no_options && *w == '-') {
        size_t len = strcspn(w, "=");
        const struct opt *o = w[len] && len > 2 ? cli_find_opt(&c->p, 0, w + 2, len - 2) : NULL;
        return o ? values(c, o->complete, o->choices, w + len + 1) : options(c, w);
    }
    if (!c->body->subs)
        return c->body->max_args < 0 || c->nargs < c->body->max_args
                   ? values(c, c->body->complete, NULL, w)
                   : ADD_NOTHING;
    for (const struct cmd **s = subs_sorted(c->a, c->body, false); *s; s++)
        candidate(c, w, (*s)->name, cmd_body(*s)->summary);
    return ADD_NOTHING;
}

static int complete(struct cmd_ctx *x, bool describe)
{
    struct completion c = { .a = x->arena, .describe = describe };

    if (x->nargs == 0)
        return 0;
    enter(&c, cli_root);
    for (int i = 0; i + 1 < x->nargs; i++)
        pass_word(&c, x->args[i]);
    enum directive d = last_word(&c, x->args[x->nargs - 1]);
    printf(":%d\n", (int)d);
    fprintf(stderr, "Completion ended with directive: %s\n",
            d == ADD_FILES     ? "ShellCompDirectiveDefault"
            : d == ADD_NOTHING ? "ShellCompDirectiveNoFileComp"
                               : "ShellCompDirectiveFilterDirs");
    return 0;
}

static int complete_run(struct cmd_ctx *x, void *args)
{
    (void)args;
    return complete(x, true);
}

static int complete_bare_run(struct cmd_ctx *x, void *args)
{
    (void)args;
    return complete(x, false);
}

#define COMPLETE_CMD(n, fn)                                                                        \
    {                                                                                              \
        .name = n, .summary = "Request shell completion choices", .usage = "WORD...",              \
        .max_args = -1, .flags = CMD_HIDDEN | CMD_NO_USERNS | CMD_RAW_ARGS, .run = fn              \
    }
const struct cmd cmd_hidden_complete = COMPLETE_CMD("__complete", complete_run);
const struct cmd cmd_hidden_complete_bare = COMPLETE_CMD("__completeNoDesc", complete_bare_run);
