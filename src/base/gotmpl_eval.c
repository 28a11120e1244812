#include <stdarg.h>

#include "base/gotmpl_priv.h"

#include "base/banned.h"

enum {
    MAX_DEPTH = 1500,     /* statements in statements, through calls too: each takes stack */
    MAX_CALLS = 200,      /* {{template}} in {{template}} */
    MAX_STEPS = 10000000, /* statements and commands of one run */
    MAX_RANGE = 1 << 20,  /* {{range}} over a number */
};

struct var {
    const char *name;
    json_t *value; /* owned */
};

struct run {
    const struct gotmpl *t;
    struct buf *out;
    struct err *err;
    struct var *vars;
    size_t nvars, cap;
    size_t base; /* the first variable of this template */
    unsigned calls, depth;
    uint64_t steps;
    const json_t *strict; /* an object whose fields must exist */
};

enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE }; /* a negative errno else */

static int run_error(struct run *r, size_t pos, const char *fmt, ...) PRINTF_LIKE(3, 4);
static int run_error(struct run *r, size_t pos, const char *fmt, ...)
{
    struct lexer where = { .text = r->t->text, .len = r->t->len, .err = r->err };
    char what[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    return gotmpl_error(&where, pos, "%s", what);
}

static json_t *own(const json_t *v)
{
    return json_incref((json_t *)(uintptr_t)v);
}

/* ---------- variables ---------- */

static void push_var(struct run *r, const char *name, json_t *owned)
{
    if (r->nvars == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 16;
        r->vars = xrealloc(r->vars, r->cap * sizeof(*r->vars));
    }
    r->vars[r->nvars++] = (struct var) { name, owned };
}

static void pop_vars(struct run *r, size_t to)
{
    while (r->nvars > to)
        json_decref(r->vars[--r->nvars].value);
}

static struct var *find_var(struct run *r, const char *name)
{
    for (size_t i = r->nvars; i > r->base; i--)
        if (STR_EQ(r->vars[i - 1].name, name))
            return &r->vars[i - 1];
    return NULL; /* the parser refused it */
}

/* Stores what a pipeline gave into its variable. */
static void store_var(struct run *r, const struct pipeline *p, const char *name, json_t *owned)
{
    struct var *v = p->assign ? find_var(r, name) : NULL;

    if (v) {
        json_decref(v->value);
        v->value = owned;
    } else {
        push_var(r, name, owned);
    }
}

/* ---------- values ---------- */

static int eval_pipeline(struct run *r, const struct pipeline *p, const json_t *dot, json_t **ret);

/* .Label "key" of Podman's and Docker's reports: the one entry of the map Label, Labels or LabelMap. */
static json_t *map_entry(const json_t *v, const char *field, const json_t *key)
{
    json_t *map = gotmpl_field(v, field);

    for (const char *const *end = (const char *const[]) { "s", "Map", NULL };
         !json_is_object(map) && *end; end++) {
        AUTO_FREE char *name = xasprintf("%s%s", field, *end);
        map = gotmpl_field(v, name);
    }
    if (!json_is_object(map) || !json_is_string(key))
        return NULL;
    json_t *entry = json_object_get(map, json_string_value(key));
    return entry ? json_incref(entry) : json_string("");
}

/* Follows .A.B; args, if any, belong to the last field.  Takes @v over. */
static int eval_fields(struct run *r, const struct operand *o, json_t *v, json_t **args,
                       size_t nargs, json_t **ret)
{
    for (char **f = o->fields; f && *f; f++) {
        json_t *next;
        if (nargs && !f[1]) {
            next = nargs == 1 ? map_entry(v, *f, args[0]) : NULL;
            if (!next) {
                json_decref(v);
                return run_error(r, o->pos, "%s has arguments but cannot be invoked as function",
                                 *f);
            }
        } else {
            if (v && !json_is_object(v) && !json_is_null(v)) {
                json_decref(v);
                return run_error(r, o->pos, "can't evaluate field %s in a value that has none", *f);
            }
            next = json_incref(gotmpl_field(v, *f));
            bool known = !next && v && gotmpl_shape_missing(v, *f, &next);
            if (!next && v && (known || v == r->strict)) {
                json_decref(v);
                return run_error(r, o->pos, "can't evaluate field %s", *f);
            }
        }
        json_decref(v);
        v = next;
    }
    *ret = v;
    return 0;
}

static int eval_operand(struct run *r, const struct operand *o, const json_t *dot, json_t **args,
                        size_t nargs, json_t **ret)
{
    json_t *v = NULL;
    int e = 0;

    switch (o->kind) {
    case OPERAND_DOT:
        v = own(dot);
        break;
    case OPERAND_VAR:
        v = json_incref(find_var(r, o->name)->value);
        break;
    case OPERAND_CONST:
        v = json_incref(o->value);
        break;
    case OPERAND_NIL:
        v = json_null();
        break;
    case OPERAND_PAREN:
        e = eval_pipeline(r, o->inner, dot, &v);
        break;
    case OPERAND_FUNC: {
        struct err cause = { 0 };
        const struct call c = { o->name, args, nargs, &cause };
        if (gotmpl_call(&c, &v) < 0)
            e = run_error(r, o->pos, "error calling %s: %s", o->name, cause.msg);
        break;
    }
    }
    return e < 0 ? e : eval_fields(r, o, v, args, nargs, ret);
}

/* and, or: the first argument that decides; the rest is not looked at. */
static int eval_logic(struct run *r, const struct operand *o, const json_t *dot, json_t *final,
                      json_t **ret)
{
    bool stop_at = STR_EQ(o->name, "or");
    json_t *v = NULL;
    int e = 0;

    if (!o->next && !final)
        return run_error(r, o->pos, "wrong number of args for %s: want at least 1 got 0", o->name);
    for (const struct operand *a = o->next; a; a = a->next) {
        json_decref(v);
        v = NULL;
        e = eval_operand(r, a, dot, NULL, 0, &v);
        if (e < 0 || gotmpl_truth(v) == stop_at)
            break;
        if (!a->next && final) {
            json_decref(v);
            v = json_incref(final);
        }
    }
    *ret = o->next ? v : json_incref(final);
    return e;
}

enum { MAX_ARGS = 64 };

/* One command: its words are evaluated, what came through the pipe is the last argument. */
static int eval_command(struct run *r, const struct command *c, const json_t *dot, json_t *final,
                        bool has_final, json_t **ret)
{
    const struct operand *head = c->first;
    json_t *args[MAX_ARGS];
    size_t n = 0;
    int e = 0;

    if (++r->steps > MAX_STEPS)
        return run_error(r, c->pos, "template runs too long");
    if (head->kind == OPERAND_FUNC && STR_IN(head->name, "and", "or"))
        return eval_logic(r, head, dot, final, ret);
    for (const struct operand *o = head->next; o && e == 0; o = o->next) {
        if (n + 1 == MAX_ARGS)
            e = run_error(r, o->pos, "too many arguments");
        else if ((e = eval_operand(r, o, dot, NULL, 0, &args[n])) == 0)
            n++;
    }
    if (has_final && e == 0)
        args[n++] = json_incref(final);
    if (e == 0)
        e = eval_operand(r, head, dot, args, n, ret);
    while (n > 0)
        json_decref(args[--n]);
    return e;
}

static int eval_pipeline(struct run *r, const struct pipeline *p, const json_t *dot, json_t **ret)
{
    json_t *v = NULL;

    for (const struct command *c = p->first; c; c = c->next) {
        json_t *next = NULL;
        int e = eval_command(r, c, dot, v, c != p->first, &next);
        json_decref(v);
        if (e < 0) {
            return e;
        }
        v = next;
    }
    *ret = v;
    return 0;
}

/* ---------- statements ---------- */

static int run_list(struct run *r, const struct node *list, const json_t *dot);

/* The body of a range for one element. */
static int run_item(struct run *r, const struct node *n, json_t *key, const json_t *item)
{
    size_t mark = r->nvars;
    const char *const *vars = n->pipe->vars;

    if (++r->steps > MAX_STEPS) {
        json_decref(key);
        return run_error(r, n->pos, "template runs too long");
    }
    if (vars[1]) {
        store_var(r, n->pipe, vars[0], json_incref(key));
        store_var(r, n->pipe, vars[1], own(item));
    } else if (vars[0]) {
        store_var(r, n->pipe, vars[0], own(item));
    }
    json_decref(key);
    int e = run_list(r, n->list, item);
    pop_vars(r, mark);
    return e == FLOW_CONTINUE ? FLOW_ON : e;
}

static int range_object(struct run *r, const struct node *n, const json_t *v)
{
    const char **keys = gotmpl_sorted_keys(v);
    int e = FLOW_ON;

    for (const char **k = keys; *k && e == FLOW_ON; k++)
        e = run_item(r, n, json_string(*k), json_object_get(v, *k));
    free(keys);
    return e;
}

static int range_array(struct run *r, const struct node *n, const json_t *v)
{
    int e = FLOW_ON;

    for (size_t i = 0; i < json_array_size(v) && e == FLOW_ON; i++)
        e = run_item(r, n, json_integer((json_int_t)i), json_array_get(v, i));
    return e;
}

static int range_number(struct run *r, const struct node *n, const json_t *v)
{
    int e = FLOW_ON;

    if (json_integer_value(v) > MAX_RANGE)
        return run_error(r, n->pos, "range over too large a number");
    for (json_int_t i = 0; i < json_integer_value(v) && e == FLOW_ON; i++) {
        json_t *item = json_integer(i);
        e = run_item(r, n, json_integer(i), item);
        json_decref(item);
    }
    return e;
}

static int run_range(struct run *r, const struct node *n, const json_t *v, const json_t *dot)
{
    int e;

    if (v && !json_is_object(v) && !json_is_array(v) && !json_is_integer(v) && !json_is_null(v))
        return run_error(r, n->pos, "range can't iterate over this value");
    if (!gotmpl_truth(v))
        return run_list(r, n->else_list, dot);
    e = json_is_object(v)  ? range_object(r, n, v)
        : json_is_array(v) ? range_array(r, n, v)
                           : range_number(r, n, v);
    return e < 0 ? e : FLOW_ON;
}

static int run_template(struct run *r, const struct node *n, json_t *v)
{
    const struct definition *d = r->t->defs;

    while (d && !STR_EQ(d->name, n->text))
        d = d->next;
    if (!d)
        return run_error(r, n->pos, "template \"%s\" not defined", n->text);
    if (++r->calls > MAX_CALLS)
        return run_error(r, n->pos, "exceeded maximum template depth");
    size_t base = r->base, mark = r->nvars;
    r->base = mark;
    push_var(r, "", json_incref(v));
    int e = run_list(r, d->list, v);
    pop_vars(r, mark);
    r->base = base;
    r->calls--;
    return e;
}

static int run_control(struct run *r, const struct node *n, json_t *v, const json_t *dot)
{
    bool yes = gotmpl_truth(v);

    if (n->pipe && n->pipe->vars[0] && n->kind != NODE_RANGE)
        store_var(r, n->pipe, n->pipe->vars[0], json_incref(v));
    switch (n->kind) {
    case NODE_IF:
        return run_list(r, yes ? n->list : n->else_list, dot);
    case NODE_WITH:
        return yes ? run_list(r, n->list, v) : run_list(r, n->else_list, dot);
    case NODE_RANGE:
        return run_range(r, n, v, dot);
    case NODE_TEMPLATE:
        return run_template(r, n, v);
    case NODE_TEXT:
    case NODE_ACTION:
    case NODE_BREAK:
    case NODE_CONTINUE:
        break;
    }
    return FLOW_ON;
}

static int put_value(struct run *r, const struct node *n, const json_t *v)
{
    AUTO_BUF text = { 0 };

    gotmpl_print(v, false, &text);
    if (text.len && buf_add(r->out, text.data, text.len) < 0)
        return run_error(r, n->pos, "output is too large");
    return FLOW_ON;
}

static int run_node(struct run *r, const struct node *n, const json_t *dot)
{
    json_t *v = NULL;
    int e = FLOW_ON;

    if (n->kind == NODE_TEXT)
        return buf_add(r->out, n->text, n->len) < 0 ? run_error(r, n->pos, "output is too large")
                                                    : FLOW_ON;
    if (n->kind == NODE_BREAK || n->kind == NODE_CONTINUE)
        return n->kind == NODE_BREAK ? FLOW_BREAK : FLOW_CONTINUE;
    if (n->pipe)
        e = eval_pipeline(r, n->pipe, dot, &v);
    if (e < 0)
        return e;
    if (n->kind == NODE_ACTION) {
        if (!n->pipe->vars[0])
            e = put_value(r, n, v);
        else
            store_var(r, n->pipe, n->pipe->vars[0], json_incref(v));
    } else {
        size_t mark = r->nvars;
        e = run_control(r, n, v, dot);
        pop_vars(r, mark);
    }
    json_decref(v);
    return e;
}

static int run_list(struct run *r, const struct node *list, const json_t *dot)
{
    int e = FLOW_ON;

    if (++r->depth > MAX_DEPTH)
        return run_error(r, list ? list->pos : 0, "nested too deeply");
    for (const struct node *n = list; n && e == FLOW_ON; n = n->next) {
        if (++r->steps > MAX_STEPS)
            return run_error(r, n->pos, "template runs too long");
        e = run_node(r, n, dot);
    }
    r->depth--;
    return e;
}

static int run_all(const struct gotmpl *t, const json_t *dot, const json_t *strict, struct buf *out,
                   struct err *err)
{
    struct err local = { 0 };
    struct run r = { .t = t, .out = out, .err = err ? err : &local, .strict = strict };

    push_var(&r, "", own(dot));
    int e = run_list(&r, t->list, dot);
    pop_vars(&r, 0);
    free(r.vars);
    return e < 0 ? e : 0;
}

int gotmpl_run(const struct gotmpl *t, const json_t *dot, struct buf *out, struct err *err)
{
    return run_all(t, dot, NULL, out, err);
}

int gotmpl_run_strict(const struct gotmpl *t, const json_t *dot, const struct json_type *type,
                      struct buf *out, struct err *err)
{
    gotmpl_shapes_begin(dot, type);
    int r = run_all(t, dot, dot, out, err);
    gotmpl_shapes_end();
    return r;
}
