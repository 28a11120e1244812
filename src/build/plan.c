/* Which stages there are, and which of them are needed. */
#include "build/build_priv.h"

#include <strings.h>

#include "base/parse.h"
#include "build/words.h"

#include "base/banned.h"

/* ---------- FROM ---------- */

const char *build_global(void *arg, const char *name)
{
    struct build *b = arg;
    const char *v = env_get(b->global_args, name);

    return v ? v : build_arg_value(b, name);
}

/* ARG before the first FROM. */
static int global_arg(struct build *b, const struct cf_instruction *in, struct err *err)
{
    for (char **w = cf_words(b->a, in->text, b->escape); w && *w; w++) {
        char *eq = strchr(*w, '='), *value = NULL;
        char *name = eq ? arena_strndup(b->a, *w, (size_t)(eq - *w)) : *w;
        int r = eq ? cf_expand(b->a, eq + 1, b->escape, build_global, b, &value, err) : 0;
        if (r < 0)
            return err_wrap(err, "line %d: %s", in->line, in->original);
        const char *given = env_get(b->o->args, name);
        if (given)
            b->used_args = strv_add(b->a, b->used_args, name);
        else
            given = value;
        if (given)
            b->global_args = env_set(b->a, b->global_args,
                                     arena_printf(b->a, "%s=%s", name, given));
    }
    return 0;
}

static int from_line(struct build *b, struct stage *st, struct err *err)
{
    const struct cf_instruction *in = st->from;
    char **w = cf_words(b->a, in->text, b->escape);
    size_t n = strv_len(w);

    if (n != 1 && !(n == 3 && strcasecmp(w[1], "AS") == 0))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "line %d: %s: FROM requires either one argument, or three: FROM <source> "
                       "[as <name>]",
                       in->line, in->original);
    int r = cf_expand(b->a, w[0], b->escape, build_global, b, &st->base, err);
    if (r < 0)
        return err_wrap(err, "line %d: %s", in->line, in->original);
    if (!*st->base)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "line %d: base name (%s) should not be blank",
                       in->line, w[0]);
    if (n == 3) {
        st->name = w[2];
        for (char *p = st->name; *p; p++)
            if (*p >= 'A' && *p <= 'Z')
                *p = (char)(*p - 'A' + 'a');
    }
    return 0;
}

/* By name, or by number where @before is NULL or a later stage. */
struct stage *plan_find(const struct build *b, const char *name, const struct stage *before)
{
    struct stage *found = NULL;
    uint64_t n;

    for (size_t i = 0; i < b->stages.n && b->stages.items[i] != before; i++)
        if (b->stages.items[i]->name && strcasecmp(b->stages.items[i]->name, name) == 0)
            found = b->stages.items[i];
    if (found || parse_u64(name, UINT32_MAX, &n) < 0)
        return found;
    return n < b->stages.n && (!before || n < before->index) ? b->stages.items[n] : NULL;
}

static int add_stage(struct build *b, struct cf_instruction *from, struct err *err)
{
    struct stage *st = arena_alloc(b->a, sizeof(*st)), **slot;

    *st = (struct stage) { .b = b, .index = b->stages.n, .from = from };
    int r = from_line(b, st, err);
    if (r < 0)
        return r;
    if (b->o->from && st->index == 0)
        st->base = b->o->from;
    st->parent = STR_EQ(st->base, "scratch") ? NULL : plan_find(b, st->base, NULL);
    if (st->parent && (st->base[0] >= '0' && st->base[0] <= '9'))
        st->parent = NULL; /* a number names no stage in FROM */
    slot = LIST_ADD(b->a, b->stages);
    *slot = st;
    return 0;
}

/* ---------- what is needed ---------- */

static void need(struct stage *st);

static void need_named(struct stage *st, const char *name)
{
    if (!name)
        return;
    if (strchr(name, '$')) { /* it may be any of them */
        for (size_t i = 0; i < st->index; i++)
            need(st->b->stages.items[i]);
        return;
    }
    struct stage *from = plan_find(st->b, name, st);
    if (from)
        need(from);
}

static void need_mounts(struct stage *st, const struct cf_instruction *in)
{
    for (size_t i = 0; i < in->flags.n; i++) {
        const char *v = in->flags.items[i].value;
        if (!v || !STR_EQ(in->flags.items[i].name, "mount"))
            continue;
        for (char **w = strv_split(st->b->a, v, ','); *w; w++)
            if (str_starts(*w, "from="))
                need_named(st, *w + strlen("from="));
    }
}

static void need(struct stage *st)
{
    if (st->needed)
        return;
    st->needed = true;
    if (st->parent)
        need(st->parent);
    for (size_t i = 0; i < st->steps.n; i++) {
        need_named(st, cf_flag(&st->steps.items[i], "from"));
        need_mounts(st, &st->steps.items[i]);
    }
    for (size_t i = 0; i < st->from->flags.n; i++) /* --after=STAGE */
        if (STR_EQ(st->from->flags.items[i].name, "after"))
            need_named(st, st->from->flags.items[i].value);
}

/* ---------- what options add ---------- */

static char *quoted(struct arena *a, const char *s)
{
    AUTO_BUF b = { 0 };

    buf_putc(&b, '"');
    for (; *s; s++) {
        if (strchr("\"\\$", *s))
            buf_putc(&b, '\\');
        buf_putc(&b, *s);
    }
    buf_putc(&b, '"');
    return arena_strdup(a, b.data);
}

/* KEY=value words as one instruction at the stage's end. */
static int add_pairs(struct build *b, struct stage *st, const char *command, char *const *words,
                     struct err *err)
{
    AUTO_BUF line = { 0 };

    if (!words || !*words)
        return 0;
    buf_puts(&line, command);
    for (; *words; words++) {
        const char *eq = strchrnul(*words, '=');
        char *key = arena_strndup(b->a, *words, (size_t)(eq - *words));
        const char *value = *eq ? eq + 1 : STR_EQ(command, "ENV") ? getenv(key) : "";
        if (value)
            buf_printf(&line, " %s=%s", quoted(b->a, key), quoted(b->a, value));
    }
    struct cf_instruction in;
    int r = containerfile_line(b->a, line.data, '\\', &in, err);
    if (r == 0)
        *LIST_ADD(b->a, st->steps) = in;
    return r;
}

int plan_stages(struct build *b, const cf_instructions *all, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < all->n; i++) {
        struct cf_instruction *in = &all->items[i];
        if (in->command == CF_FROM)
            r = add_stage(b, in, err);
        else if (b->stages.n)
            *LIST_ADD(b->a, b->stages.items[b->stages.n - 1]->steps) = *in;
        else if (in->command == CF_ARG)
            r = global_arg(b, in, err);
        else
            r = err_set(err, ERR_BAD_PARAM, EINVAL,
                        "line %d: no build stage in current context: %s stands before FROM",
                        in->line, cf_command_names[in->command]);
    }
    if (r < 0)
        return r;
    if (!b->stages.n)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "no FROM statement found");
    b->target = b->o->target ? plan_find(b, b->o->target, NULL) : b->stages.items[b->stages.n - 1];
    if (!b->target)
        return err_set(err, ERR_NOT_FOUND, ENOENT,
                       "the target \"%s\" was not found in the provided Dockerfile", b->o->target);
    r = add_pairs(b, b->target, "ENV", b->o->env, err);
    if (r == 0)
        r = add_pairs(b, b->target, "LABEL", b->o->labels, err);
    need(b->target);
    for (size_t i = 0; i < b->target->index; i++)
        if (b->o->keep_unused_stages)
            need(b->stages.items[i]);
    return r;
}
