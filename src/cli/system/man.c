#include <fcntl.h>

#include "base/fs.h"
#include "cli/cli_priv.h"
#include "cli/commands.h"

#include "base/banned.h"

/* `podman __man DIR`: a manual page for each command, from the tables.  It refuses tables that would
 * make a poor page (an option without a text, two options of one name), which makes it the test that
 * every option is documented. */

struct writer {
    int dir;
    struct err *err;
};

/* ---------- checks ---------- */

static int complain(struct writer *w, const char *path, const struct opt *o, const char *what)
{
    return err_set(w->err, ERR_INTERNAL, EINVAL, "%s: --%s: %s", path, o->name ? o->name : "(null)",
                   what);
}

static int check_opt(struct writer *w, const char *path, const struct opt *o)
{
    bool switch_like = o->kind == OPT_BOOL || o->kind == OPT_TRI;

    if (str_empty(o->name))
        return complain(w, path, o, "has no name");
    if (str_empty(o->help))
        return complain(w, path, o, "is not documented");
    if (str_ends(o->help, "."))
        return complain(w, path, o, "its text ends with a full stop");
    if (switch_like && o->arg)
        return complain(w, path, o, "is a switch but has an argument");
    if (o->flags & OPTF_NOVAL && o->kind != OPT_STR)
        return complain(w, path, o, "only strings may stand without a value");
    return 0;
}

static int check_opts(struct writer *w, const char *path, const struct cmd *c, struct arena *a)
{
    const struct opt **all = opts_sorted(a, c->opts, true);
    struct cli_parser p = { .arena = a };
    bool briefs[256] = { false };

    p.sets[0] = (struct opt_set) { c->opts, arena_alloc(a, MAX(c->args_size, 1u)), NULL };
    for (const struct opt **o = all; *o; o++) {
        int r = check_opt(w, path, *o);
        if (r < 0)
            return r;
        if (o[1] && STR_EQ(o[0]->name, o[1]->name))
            return complain(w, path, *o, "stands twice");
        if ((*o)->brief && briefs[(unsigned char)(*o)->brief])
            return complain(w, path, *o, "its letter stands twice");
        briefs[(unsigned char)(*o)->brief] = true;
    }
    int r = cli_defaults(a, &p.sets[0], w->err);
    return r < 0 ? err_wrap(w->err, "%s", path) : 0;
}

/* ---------- text ---------- */

/* Text for groff: a backslash, a hyphen and a dot at the start of a line mean something there. */
static void put_text(struct buf *b, const char *s)
{
    for (bool start = true; *s; start = *s++ == '\n') {
        if (start && (*s == '.' || *s == '\''))
            buf_puts(b, "\\&");
        if (*s == '\\')
            buf_puts(b, "\\e");
        else if (*s == '-')
            buf_puts(b, "\\-");
        else
            buf_putc(b, *s);
    }
}

static void put_opt(struct buf *b, const struct opt *o)
{
    const char *arg = o->arg ? o->arg : opt_kind_name(o->kind);

    buf_puts(b, ".TP\n\\fB");
    if (o->brief)
        buf_printf(b, "\\-%c\\fR, \\fB", o->brief);
    buf_puts(b, "\\-\\-");
    put_text(b, o->name);
    buf_puts(b, "\\fR");
    if (*arg) {
        buf_puts(b, o->flags & OPTF_NOVAL ? "[=\\fI" : "=\\fI");
        put_text(b, arg);
        buf_puts(b, o->flags & OPTF_NOVAL ? "\\fR]" : "\\fR");
    }
    buf_putc(b, '\n');
    put_text(b, o->help);
    buf_puts(b, ".\n");
    if (o->choices) {
        buf_puts(b, "One of ");
        put_text(b, o->choices);
        buf_puts(b, ".\n");
    }
    if (!str_empty(o->def)) {
        buf_puts(b, "The default is \\fB");
        put_text(b, o->def);
        buf_puts(b, "\\fR.\n");
    }
}

static void put_opts(struct buf *b, struct arena *a, const char *title,
                     const struct opt *const *tables)
{
    const struct opt **v = opts_sorted(a, tables, false);

    if (*v)
        buf_printf(b, ".SH %s\n", title);
    for (; *v; v++)
        put_opt(b, *v);
}

static void put_subs(struct buf *b, struct arena *a, const struct cmd *body)
{
    if (body->subs)
        buf_puts(b, ".SH COMMANDS\n");
    for (const struct cmd **s = subs_sorted(a, body, false); *s; s++) {
        buf_puts(b, ".TP\n\\fB");
        put_text(b, (*s)->name);
        buf_puts(b, "\\fR\n");
        put_text(b, cmd_body(*s)->summary);
        buf_putc(b, '\n');
    }
}

static void put_head(struct buf *b, const struct cmd *c, const char *path, const char *page)
{
    const struct cmd *body = cmd_body(c);
    const char *usage = c->usage ? c->usage : body->usage;

    buf_printf(b, ".TH \"%s\" 1 \"\" \"podman " PODMAN_VERSION "\"\n.SH NAME\n", page);
    put_text(b, page);
    buf_puts(b, " \\- ");
    put_text(b, body->summary);
    buf_puts(b, "\n.SH SYNOPSIS\n\\fB");
    put_text(b, path);
    buf_puts(b, "\\fR ");
    put_text(b, usage ? usage : "");
    buf_puts(b, body->subs ? " \\fIcommand\\fR\n" : "\n");
    for (const char *const *n = c->aliases; n && *n; n++)
        buf_printf(b, "%s\\fB%s\\fR\n", n == c->aliases ? ".PP\nOther names: " : "", *n);
    buf_puts(b, ".SH DESCRIPTION\n");
    put_text(b, body->description ? body->description : body->summary);
    buf_putc(b, '\n');
}

static void put_examples(struct buf *b, const struct cmd *body)
{
    if (!body->examples)
        return;
    buf_puts(b, ".SH EXAMPLES\n.nf\n");
    for (const char *const *e = body->examples; *e; e++) {
        put_text(b, *e);
        buf_putc(b, '\n');
    }
    buf_puts(b, ".fi\n");
}

static int write_page(struct writer *w, const struct cmd *c, const char *path)
{
    AUTO_ARENA a = { 0 };
    AUTO_BUF b = { 0 };
    const struct cmd *body = cmd_body(c);
    char *page = arena_strdup(&a, path);

    for (char *s = page; *s; s++)
        if (*s == ' ')
            *s = '-';
    int r = check_opts(w, path, body, &a);
    if (r < 0)
        return r;
    put_head(&b, c, path, page);
    put_subs(&b, &a, body);
    put_opts(&b, &a, "OPTIONS", body->opts);
    if (c == cli_root) {
        put_opts(&b, &a, "GLOBAL OPTIONS BEFORE THE COMMAND", global_root_tables);
        put_opts(&b, &a, "GLOBAL OPTIONS", global_persistent_tables);
    }
    put_examples(&b, body);
    if (c != cli_root)
        buf_puts(&b, ".SH SEE ALSO\n\\fBpodman\\fR(1)\n");
    const char *name = arena_printf(&a, "%s.1", page);
    r = fs_replace(w->dir, name, b.data, b.len, 0644, FS_NOSYNC);
    return r < 0 ? err_sys(w->err, -r, "writing %s", name) : 0;
}

static int write_tree(struct writer *w, const struct cmd *c, const char *path)
{
    const struct cmd *body = cmd_body(c);

    if ((c->flags | body->flags) & CMD_HIDDEN)
        return 0;
    int r = write_page(w, c, path);
    for (const struct cmd *const *s = body->subs; r == 0 && s && *s; s++) {
        AUTO_FREE char *sub = xasprintf("%s %s", path, (*s)->name);
        r = write_tree(w, *s, sub);
    }
    return r;
}

static int check_globals(struct writer *w, struct arena *a)
{
    const struct cmd root = { .opts = global_root_tables, .args_size = sizeof(struct global_args) };
    const struct cmd all = { .opts = global_persistent_tables,
                             .args_size = sizeof(struct global_args) };
    int r = check_opts(w, "podman", &root, a);

    return r < 0 ? r : check_opts(w, "podman", &all, a);
}

static int man_run(struct cmd_ctx *x, void *args)
{
    int r = fs_mkdirs(AT_FDCWD, x->args[0], 0755);

    (void)args;
    if (r < 0)
        return err_sys(x->err, -r, "making %s", x->args[0]);
    AUTO_CLOSE int dir = fs_open_dir(AT_FDCWD, x->args[0]);
    if (dir < 0)
        return err_sys(x->err, -dir, "opening %s", x->args[0]);
    struct writer w = { dir, x->err };
    r = check_globals(&w, x->arena);
    return r < 0 ? r : write_tree(&w, cli_root, cli_root->name);
}

const struct cmd cmd_hidden_man = {
    .name = "__man",
    .summary = "Write the manual pages into a directory",
    .usage = "DIR",
    .min_args = 1,
    .max_args = 1,
    .flags = CMD_HIDDEN | CMD_NO_ENGINE,
    .complete = COMPLETE_DIR,
    .run = man_run,
};
