/* base/gotmpl_priv.h: the parts of the template engine.
 *
 * gotmpl_lex.c cuts text into tokens, gotmpl.c makes the tree, gotmpl_eval.c walks it over a JSON
 * value, gotmpl_funcs.c has the functions and how values print.  The tree lives in the template's
 * arena. */
#pragma once

#include "base/arena.h"
#include "base/gotmpl.h"

/* ---- tokens ---- */

enum tok {
    TOK_TEXT, /* what stands between actions */
    TOK_OPEN, /* {{ */
    TOK_CLOSE,
    TOK_EOF,
    TOK_DOT,     /* . alone */
    TOK_FIELD,   /* .Name */
    TOK_VAR,     /* $ or $name */
    TOK_WORD,    /* function or keyword */
    TOK_CONST,   /* number, string, character */
    TOK_CHAR,    /* | ( ) , = */
    TOK_DECLARE, /* := */
};

struct token {
    enum tok kind;
    const char *s; /* TEXT, FIELD and VAR (the name), WORD, CHAR */
    size_t len;
    json_t *value; /* CONST; owned by the lexer */
    bool glued;    /* no blank before it */
    size_t pos;
};

struct lexer {
    const char *text;
    size_t len, pos;
    bool inside;    /* an action */
    json_t *consts; /* array that keeps the literals alive; it becomes the template's */
    struct err *err;
};

/* Line and column of @pos into the error text. */
int gotmpl_error(struct lexer *l, size_t pos, const char *fmt, ...) PRINTF_LIKE(3, 4);
int gotmpl_next(struct lexer *l, struct token *t) MUST_CHECK;

/* ---- tree ---- */

enum operand_kind {
    OPERAND_DOT,
    OPERAND_VAR,
    OPERAND_FUNC,
    OPERAND_CONST,
    OPERAND_NIL,
    OPERAND_PAREN
};

struct pipeline;
struct operand {
    enum operand_kind kind;
    const char *name; /* VAR, FUNC */
    json_t *value;    /* CONST */
    const struct pipeline *inner;
    char **fields; /* .A.B after it */
    size_t pos;
    struct operand *next; /* the next word of the command */
};
struct command {
    struct operand *first;
    size_t pos;
    struct command *next; /* after the | */
};
struct pipeline {
    const char *vars[2]; /* $a := or $i, $e := */
    bool assign;         /* = instead of := */
    struct command *first;
};

enum node_kind {
    NODE_TEXT,
    NODE_ACTION,
    NODE_IF,
    NODE_RANGE,
    NODE_WITH,
    NODE_TEMPLATE,
    NODE_BREAK,
    NODE_CONTINUE
};
struct node {
    enum node_kind kind;
    const char *text; /* TEXT; TEMPLATE: the name */
    size_t len, pos;
    const struct pipeline *pipe;
    struct node *list, *else_list;
    struct node *next;
};
struct definition {
    const char *name;
    struct node *list;
    struct definition *next;
};
struct gotmpl {
    struct arena arena;
    char *text;
    size_t len;
    struct node *list;
    struct definition *defs;
    json_t *consts;
};

/* ---- functions ---- */

/* Values are owned references; NULL is "no value" (a field that is not there). */
struct call {
    const char *name;
    json_t **args;
    size_t n;
    struct err *err;
};
/* "and" and "or" are not called this way: the evaluator does not evaluate all their arguments. */
int gotmpl_call(const struct call *c, json_t **ret) MUST_CHECK;
bool gotmpl_has_func(const char *name, size_t len);
bool gotmpl_truth(const json_t *v);
/* As Go's print does it; @nested inside a list, where no value is <nil>. */
void gotmpl_print(const json_t *v, bool nested, struct buf *out);
json_t *gotmpl_field(const json_t *v, const char *name); /* borrowed, NULL when not there */
/* ---- shapes: what the JSON type of the document tells of its values ---- */

struct json_type;
void gotmpl_shapes_begin(const json_t *doc,
                         const struct json_type *type); /* NULL: nothing is known */
void gotmpl_shapes_end(void);
/* @v is a struct: *ret gets what its field @name holds that was left out of the JSON (an owned reference),
 * or NULL when it has no such field. */
bool gotmpl_shape_missing(const json_t *v, const char *name, json_t **ret);
/* Prints a struct or a time as Go does; false when @v is neither. */
bool gotmpl_shape_print(const json_t *v, struct buf *out);

/* The keys of an object, sorted; the caller frees the array, not the keys. */
const char **gotmpl_sorted_keys(const json_t *object);
