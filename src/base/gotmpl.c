#include "base/gotmpl_priv.h"
#include "base/limits.h"

#include "base/banned.h"

/* Recursive descent over the tokens; one token of lookahead. */

enum { MAX_NESTING = 100 };

struct var_name {
    const char *name;
    struct var_name *prev;
};

struct parser {
    struct lexer lex;
    struct gotmpl *t;
    struct token tok; /* the current one */
    unsigned depth, in_range;
    struct var_name *vars; /* what may be used here */
};

static int advance(struct parser *p)
{
    return gotmpl_next(&p->lex, &p->tok);
}

static bool is_char(const struct parser *p, char c)
{
    return p->tok.kind == TOK_CHAR && *p->tok.s == c;
}

static bool is_word(const struct parser *p, const char *word)
{
    return p->tok.kind == TOK_WORD && p->tok.len == strlen(word) &&
           memcmp(p->tok.s, word, p->tok.len) == 0;
}

static int unexpected(struct parser *p, const char *where)
{
    const struct token *t = &p->tok;

    if (t->kind == TOK_EOF)
        return gotmpl_error(&p->lex, t->pos, "unexpected EOF");
    if (t->kind == TOK_CLOSE)
        return gotmpl_error(&p->lex, t->pos, "unexpected \"}}\" in %s", where);
    return gotmpl_error(&p->lex, t->pos, "unexpected \"%.*s\" in %s",
                        (int)MIN(p->lex.pos - t->pos, 40u), p->lex.text + t->pos, where);
}

static char *take_text(struct parser *p)
{
    return arena_strndup(&p->t->arena, p->tok.s, p->tok.len);
}

static int expect_close(struct parser *p, const char *where)
{
    return p->tok.kind == TOK_CLOSE ? advance(p) : unexpected(p, where);
}

/* ---------- pipelines ---------- */

static int parse_pipeline(struct parser *p, const char *where, const struct pipeline **ret);

static bool declared(const struct parser *p, const char *name)
{
    for (const struct var_name *v = p->vars; v; v = v->prev)
        if (STR_EQ(v->name, name))
            return true;
    return !*name; /* $ itself */
}

static void declare(struct parser *p, const char *name)
{
    struct var_name *v = arena_alloc(&p->t->arena, sizeof(*v));

    *v = (struct var_name) { name, p->vars };
    p->vars = v;
}

static int parse_paren(struct parser *p, struct operand *o)
{
    if (++p->depth > MAX_NESTING)
        return gotmpl_error(&p->lex, o->pos, "nested too deeply");
    o->kind = OPERAND_PAREN;
    int r = advance(p);
    if (r == 0)
        r = parse_pipeline(p, "parenthesized pipeline", &o->inner);
    if (r == 0 && !is_char(p, ')'))
        r = unexpected(p, "parenthesized pipeline");
    p->depth--;
    return r;
}

static int parse_word(struct parser *p, struct operand *o)
{
    if (is_word(p, "true") || is_word(p, "false")) {
        o->kind = OPERAND_CONST;
        o->value = json_boolean(is_word(p, "true"));
    } else if (is_word(p, "nil")) {
        o->kind = OPERAND_NIL;
    } else {
        if (!gotmpl_has_func(p->tok.s, p->tok.len))
            return gotmpl_error(&p->lex, o->pos, "function \"%.*s\" not defined",
                                (int)MIN(p->tok.len, 100u), p->tok.s);
        o->kind = OPERAND_FUNC;
        o->name = take_text(p);
    }
    return 0;
}

/* The current token as the start of an operand; the ".A.B" glued to it follow. */
static int parse_operand(struct parser *p, struct operand **ret)
{
    struct operand *o = arena_alloc(&p->t->arena, sizeof(*o));
    int r = 0;

    o->pos = p->tok.pos;
    switch (p->tok.kind) {
    case TOK_DOT:
        o->kind = OPERAND_DOT;
        break;
    case TOK_FIELD:
        o->kind = OPERAND_DOT;
        o->fields = strv_add(&p->t->arena, NULL, take_text(p));
        break;
    case TOK_VAR:
        o->kind = OPERAND_VAR;
        o->name = take_text(p);
        if (!declared(p, o->name))
            r = gotmpl_error(&p->lex, o->pos, "undefined variable \"$%s\"", o->name);
        break;
    case TOK_CONST:
        o->kind = OPERAND_CONST;
        o->value = p->tok.value;
        break;
    case TOK_WORD:
        r = parse_word(p, o);
        break;
    case TOK_CHAR:
        r = is_char(p, '(') ? parse_paren(p, o) : unexpected(p, "operand");
        break;
    case TOK_TEXT:
    case TOK_OPEN:
    case TOK_CLOSE:
    case TOK_EOF:
    case TOK_DECLARE:
        r = unexpected(p, "operand");
        break;
    }
    if (r == 0)
        r = advance(p);
    while (r == 0 && p->tok.kind == TOK_FIELD && p->tok.glued) {
        if (o->kind == OPERAND_CONST || o->kind == OPERAND_NIL || o->kind == OPERAND_FUNC)
            return unexpected(p, "operand");
        o->fields = strv_add(&p->t->arena, o->fields, take_text(p));
        r = advance(p);
    }
    *ret = o;
    return r;
}

static int parse_command(struct parser *p, const char *where, struct command **ret)
{
    struct command *c = arena_alloc(&p->t->arena, sizeof(*c));
    struct operand **tail = &c->first;

    c->pos = p->tok.pos;
    while (p->tok.kind != TOK_CLOSE && !is_char(p, '|') && !is_char(p, ')')) {
        if (c->first && p->tok.glued && !is_char(p, '('))
            return unexpected(p, where);
        int r = parse_operand(p, tail);
        if (r < 0)
            return r;
        tail = &(*tail)->next;
    }
    if (!c->first)
        return gotmpl_error(&p->lex, p->tok.pos, "missing value for %s", where);
    *ret = c;
    return 0;
}

static int parse_commands(struct parser *p, const char *where, struct pipeline *pipe)
{
    struct command **tail = &pipe->first;

    for (;;) {
        int r = parse_command(p, where, tail);
        if (r < 0)
            return r;
        const struct operand *head = (*tail)->first;
        if (tail != &pipe->first && head->kind != OPERAND_FUNC && !head->fields)
            return gotmpl_error(&p->lex, (*tail)->pos, "non executable command in pipeline stage");
        if (head->next && head->kind != OPERAND_FUNC && !head->fields)
            return gotmpl_error(&p->lex, (*tail)->pos, "can't give argument to non-function");
        if (!is_char(p, '|'))
            return 0;
        tail = &(*tail)->next;
        if ((r = advance(p)) < 0)
            return r;
    }
}

/* "$x :=", "$x =", "$i, $e :=" in front of a pipeline, when they are there. */
static int parse_declaration(struct parser *p, const char *where, struct pipeline *pipe)
{
    struct parser saved = *p;
    int r = 0;

    for (int i = 0; i < 2 && r == 0 && p->tok.kind == TOK_VAR; i++) {
        pipe->vars[i] = take_text(p);
        if ((r = advance(p)) < 0)
            return r;
        if (p->tok.kind == TOK_DECLARE || is_char(p, '=')) {
            pipe->assign = p->tok.kind != TOK_DECLARE;
            for (int k = 0; k <= i; k++)
                if (!pipe->assign)
                    declare(p, pipe->vars[k]);
                else if (!declared(p, pipe->vars[k]))
                    return gotmpl_error(&p->lex, saved.tok.pos, "undefined variable \"$%s\"",
                                        pipe->vars[k]);
            return advance(p);
        }
        if (!is_char(p, ',') || !STR_EQ(where, "range"))
            break;
        r = advance(p);
    }
    /* It was an operand: back to where we began.  The literals seen since are kept, which is harmless. */
    pipe->vars[0] = pipe->vars[1] = NULL;
    *p = saved;
    return r;
}

static int parse_pipeline(struct parser *p, const char *where, const struct pipeline **ret)
{
    struct pipeline *pipe = arena_alloc(&p->t->arena, sizeof(*pipe));
    struct var_name *outer = p->vars;
    int r = 0;

    if (p->tok.kind == TOK_VAR)
        r = parse_declaration(p, where, pipe);
    if (r == 0) {
        /* $x := $x means the outer one. */
        struct var_name *inner = p->vars;
        p->vars = outer;
        r = parse_commands(p, where, pipe);
        p->vars = inner;
    }
    *ret = pipe;
    return r;
}

/* ---------- statements ---------- */

enum stop { STOP_EOF, STOP_END, STOP_ELSE };

static int parse_list(struct parser *p, struct node **ret, enum stop *stop);

static struct node *new_node(struct parser *p, enum node_kind kind)
{
    struct node *n = arena_alloc(&p->t->arena, sizeof(*n));

    n->kind = kind;
    n->pos = p->tok.pos;
    return n;
}

/* After "{{else": "}}", or another control word that makes it a nested statement. */
static int parse_control(struct parser *p, enum node_kind kind, const char *word,
                         struct node **ret);

static int parse_else(struct parser *p, enum node_kind kind, const char *word, struct node *n)
{
    enum stop stop = STOP_EOF;
    bool chained = (kind == NODE_IF || kind == NODE_WITH) && is_word(p, word);

    if (chained)
        return parse_control(p, kind, word, &n->else_list);
    int r = expect_close(p, "else");
    if (r == 0)
        r = parse_list(p, &n->else_list, &stop);
    if (r == 0 && stop != STOP_END)
        r = gotmpl_error(&p->lex, n->pos, stop == STOP_EOF ? "unexpected EOF" : "expected end");
    return r;
}

/* if, with and range.  The current token is the word.  Ends after the closing {{end}}. */
static int parse_control(struct parser *p, enum node_kind kind, const char *word, struct node **ret)
{
    struct node *n = new_node(p, kind);
    struct var_name *outer = p->vars;
    enum stop stop = STOP_EOF;

    *ret = n;
    if (++p->depth > MAX_NESTING)
        return gotmpl_error(&p->lex, n->pos, "nested too deeply");
    int r = advance(p);
    if (r == 0)
        r = parse_pipeline(p, word, &n->pipe);
    if (r == 0)
        r = expect_close(p, word);
    p->in_range += kind == NODE_RANGE;
    if (r == 0)
        r = parse_list(p, &n->list, &stop);
    p->in_range -= kind == NODE_RANGE;
    if (r == 0 && stop == STOP_EOF)
        r = gotmpl_error(&p->lex, n->pos, "unclosed %s", word);
    if (r == 0 && stop == STOP_ELSE)
        r = parse_else(p, kind, word, n);
    p->vars = outer;
    p->depth--;
    return r;
}

/* The body of define and block, up to its end. */
static int parse_body(struct parser *p, const char *name, size_t pos)
{
    struct definition *d = arena_alloc(&p->t->arena, sizeof(*d));
    struct var_name *outer = p->vars;
    unsigned in_range = p->in_range;
    enum stop stop = STOP_EOF;

    if (++p->depth > MAX_NESTING)
        return gotmpl_error(&p->lex, pos, "nested too deeply");
    p->vars = NULL;
    p->in_range = 0;
    int r = parse_list(p, &d->list, &stop);
    p->vars = outer;
    p->in_range = in_range;
    p->depth--;
    if (r == 0 && stop != STOP_END)
        r = gotmpl_error(&p->lex, pos, "template \"%s\" is not closed", name);
    d->name = name;
    d->next = p->t->defs;
    p->t->defs = d;
    return r;
}

/* template "name" pipeline, define "name", block "name" pipeline.  *ret is NULL for define. */
static int parse_named(struct parser *p, const char *word, struct node **ret)
{
    struct node *n = new_node(p, NODE_TEMPLATE);
    int r = advance(p);

    if (r < 0)
        return r;
    if (p->tok.kind != TOK_CONST || !json_is_string(p->tok.value))
        return unexpected(p, word);
    n->text = arena_strdup(&p->t->arena, json_string_value(p->tok.value));
    if ((r = advance(p)) < 0)
        return r;
    bool define = STR_EQ(word, "define");
    if (!define && p->tok.kind != TOK_CLOSE)
        r = parse_pipeline(p, word, &n->pipe);
    if (r == 0)
        r = expect_close(p, word);
    if (r == 0 && !STR_EQ(word, "template"))
        r = parse_body(p, n->text, n->pos);
    *ret = define ? NULL : n;
    return r;
}

static int parse_jump(struct parser *p, enum node_kind kind, const char *word, struct node **ret)
{
    *ret = new_node(p, kind);
    if (!p->in_range)
        return gotmpl_error(&p->lex, p->tok.pos, "{{%s}} outside {{range}}", word);
    int r = advance(p);
    return r < 0 ? r : expect_close(p, word);
}

static int parse_action(struct parser *p, struct node **ret)
{
    static const struct {
        const char *word;
        enum node_kind kind;
    } words[] = {
        { "if", NODE_IF },           { "with", NODE_WITH },
        { "range", NODE_RANGE },     { "template", NODE_TEMPLATE },
        { "define", NODE_TEMPLATE }, { "block", NODE_TEMPLATE },
        { "break", NODE_BREAK },     { "continue", NODE_CONTINUE },
    };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (!is_word(p, words[i].word))
            continue;
        if (words[i].kind == NODE_TEMPLATE)
            return parse_named(p, words[i].word, ret);
        if (words[i].kind == NODE_BREAK || words[i].kind == NODE_CONTINUE)
            return parse_jump(p, words[i].kind, words[i].word, ret);
        return parse_control(p, words[i].kind, words[i].word, ret);
    }
    *ret = new_node(p, NODE_ACTION);
    int r = parse_pipeline(p, "command", &(*ret)->pipe);
    return r < 0 ? r : expect_close(p, "command");
}

/* Statements up to {{end}}, {{else or the end of the text; the current token is then behind it. */
static int parse_list(struct parser *p, struct node **ret, enum stop *stop)
{
    struct node **tail = ret;
    int r = 0;

    while (r == 0) {
        struct node *n = NULL;
        if (p->tok.kind == TOK_EOF) {
            *stop = STOP_EOF;
            return 0;
        }
        if (p->tok.kind == TOK_TEXT) {
            n = new_node(p, NODE_TEXT);
            n->text = p->tok.s;
            n->len = p->tok.len;
            r = advance(p);
        } else if ((r = advance(p)) == 0) { /* past {{ */
            if (is_word(p, "end")) {
                *stop = STOP_END;
                r = advance(p);
                return r < 0 ? r : expect_close(p, "end");
            }
            if (is_word(p, "else")) {
                *stop = STOP_ELSE;
                return advance(p);
            }
            r = parse_action(p, &n);
        }
        if (n) {
            *tail = n;
            tail = &n->next;
        }
    }
    return r;
}

struct gotmpl *gotmpl_parse(const char *text, struct err *err)
{
    struct err local = { 0 };
    struct gotmpl *t = xcalloc(1, sizeof(*t));
    enum stop stop = STOP_EOF;

    t->len = strlen(text);
    t->text = arena_strdup(&t->arena, text);
    t->consts = json_array();
    struct parser p = {
        .t = t,
        .lex = { .text = t->text, .len = t->len, .consts = t->consts, .err = err ? err : &local },
    };
    int r = t->len > LIMIT_TEMPLATE ? gotmpl_error(&p.lex, 0, "template is too long") : advance(&p);
    if (r == 0)
        r = parse_list(&p, &t->list, &stop);
    if (r == 0 && stop != STOP_EOF)
        r = gotmpl_error(&p.lex, p.tok.pos, "unexpected {{%s}}", stop == STOP_END ? "end" : "else");
    return r < 0 ? gotmpl_free(t) : t;
}

struct gotmpl *gotmpl_free(struct gotmpl *t)
{
    if (t) {
        json_decref(t->consts);
        arena_done(&t->arena);
        free(t);
    }
    return NULL;
}

bool gotmpl_is_table(const char *text)
{
    return str_starts(text, "table ") || str_starts(text, "table\t") || STR_EQ(text, "table");
}
