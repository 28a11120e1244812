#include <ctype.h>

#include "cli/cli_priv.h"

#include "base/banned.h"

/* --help in the layout that Podman's users know. */

static int by_opt_name(const void *a, const void *b)
{
    return strcmp((*(const struct opt *const *)a)->name, (*(const struct opt *const *)b)->name);
}

static int by_cmd_name(const void *a, const void *b)
{
    return strcmp((*(const struct cmd *const *)a)->name, (*(const struct cmd *const *)b)->name);
}

const struct opt **opts_sorted(struct arena *a, const struct opt *const *tables, bool hidden_too)
{
    const struct opt **v = arena_alloc(a, (opt_count(tables) + 1) * sizeof(*v));
    size_t n = 0;

    for (; tables && *tables; tables++)
        for (const struct opt *o = *tables; o->kind != OPT_END; o++)
            if (hidden_too || !(o->flags & (OPTF_HIDDEN | OPTF_UNSUPPORTED)))
                v[n++] = o;
    qsort(v, n, sizeof(*v), by_opt_name);
    return v;
}

const struct cmd **subs_sorted(struct arena *a, const struct cmd *group, bool hidden_too)
{
    size_t n = 0, all = 0;

    while (group->subs && group->subs[all])
        all++;
    const struct cmd **v = arena_alloc(a, (all + 1) * sizeof(*v));
    for (size_t i = 0; i < all; i++)
        if (hidden_too || !((group->subs[i]->flags | cmd_body(group->subs[i])->flags) & CMD_HIDDEN))
            v[n++] = group->subs[i];
    qsort(v, n, sizeof(*v), by_cmd_name);
    return v;
}

/* "  -f, --filter strings" */
static void opt_left(const struct opt *o, struct buf *b)
{
    if (o->brief)
        buf_printf(b, "  -%c, --%s", o->brief, o->name);
    else
        buf_printf(b, "      --%s", o->name);
    const char *arg = o->arg ? o->arg : opt_kind_name(o->kind);
    if (*arg)
        buf_printf(b, " %s", arg);
    if (o->flags & OPTF_NOVAL)
        buf_printf(b, "[=\"%s\"]", o->no_value ? o->no_value : "");
}

static void opt_default(FILE *f, const struct opt *o)
{
    if (str_empty(o->def) || (o->kind == OPT_BOOL && STR_EQ(o->def, "false")))
        return;
    if (o->kind == OPT_STR)
        fprintf(f, " (default \"%s\")", o->def);
    else if (o->kind == OPT_STRV || o->kind == OPT_SLICE)
        fprintf(f, " (default [%s])", o->def);
    else if (!((o->kind == OPT_INT || o->kind == OPT_UINT) && STR_EQ(o->def, "0")))
        fprintf(f, " (default %s)", o->def);
}

static void print_opts(FILE *f, struct arena *a, const struct opt *const *tables)
{
    const struct opt **v = opts_sorted(a, tables, false);
    size_t width = 0;

    if (!*v)
        return;
    for (const struct opt **o = v; *o; o++) {
        AUTO_BUF left = { 0 };
        opt_left(*o, &left);
        width = MAX(width, left.len);
    }
    fputs("\nOptions:\n", f);
    for (const struct opt **o = v; *o; o++) {
        AUTO_BUF left = { 0 };
        opt_left(*o, &left);
        fprintf(f, "%-*s   %s", (int)width, left.data, (*o)->help);
        if ((*o)->choices)
            fprintf(f, " (%s)", (*o)->choices);
        opt_default(f, *o);
        fputc('\n', f);
    }
}

static void print_subs(FILE *f, struct arena *a, const struct cmd *group)
{
    const struct cmd **v = subs_sorted(a, group, false);
    int width = 11;

    for (const struct cmd **c = v; *c; c++)
        width = MAX(width, (int)strlen((*c)->name));
    fputs("\nAvailable Commands:\n", f);
    for (const struct cmd **c = v; *c; c++)
        fprintf(f, "  %-*s %s\n", width, (*c)->name, cmd_body(*c)->summary);
}

static void print_usage(FILE *f, const struct cmd *c, const char *path)
{
    const struct cmd *body = cmd_body(c);
    const char *usage = c->usage ? c->usage : body->usage;

    fprintf(f, "Usage:\n  %s", path);
    if (!str_empty(usage))
        fprintf(f, " %s", usage);
    fputs(body->subs ? " [command]\n" : "\n", f);
    if (c->aliases) {
        fprintf(f, "\nAliases:\n  %s", c->name);
        for (const char *const *a = c->aliases; *a; a++)
            fprintf(f, ", %s", *a);
        fputc('\n', f);
    }
    if (body->examples) {
        fputs("\nExamples:\n", f);
        for (const char *const *e = body->examples; *e; e++)
            fprintf(f, "  %s\n", *e);
    }
}

void help_print(FILE *f, const struct cmd *c, const char *path)
{
    static const struct opt *const root_tables[] = { global_local_opts, global_persistent_opts,
                                                     NULL };
    const struct cmd *body = cmd_body(c);
    AUTO_ARENA a = { 0 };

    fprintf(f, "%s\n\n", body->summary);
    if (c != cli_root) {
        fputs("Description:\n  ", f);
        for (const char *p = body->description ? body->description : body->summary; *p; p++) {
            fputc(*p, f);
            if (*p == '\n' && p[1] && p[1] != '\n')
                fputs("  ", f);
        }
        fputs("\n\n", f);
    }
    print_usage(f, c, path);
    if (body->subs)
        print_subs(f, &a, body);
    print_opts(f, &a, c == cli_root ? root_tables : body->opts);
}
