#include <ctype.h>
#include <stdarg.h>

#include "base/gotmpl_priv.h"
#include "base/parse.h"

#include "base/banned.h"

int gotmpl_error(struct lexer *l, size_t pos, const char *fmt, ...)
{
    char what[512];
    size_t line = 1, col = 1;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    for (size_t i = 0; i < pos && i < l->len; i++) {
        line += l->text[i] == '\n';
        col = l->text[i] == '\n' ? 1 : col + 1;
    }
    return err_set(l->err, ERR_BAD_PARAM, EINVAL, "template:%zu:%zu: %s", line, col, what);
}

static bool at(const struct lexer *l, const char *s)
{
    size_t n = strlen(s);

    return l->len - l->pos >= n && memcmp(l->text + l->pos, s, n) == 0;
}

static int peek(const struct lexer *l)
{
    return l->pos < l->len ? (unsigned char)l->text[l->pos] : -1;
}

static bool is_word(int c)
{
    return c == '_' || c >= 0x80 || (c >= 0 && isalnum(c));
}

static bool is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* "{{-" followed by a blank cuts the blanks before it, "-}}" those after it. */
static bool trims_left(const struct lexer *l, size_t open)
{
    return open + 3 < l->len && l->text[open + 2] == '-' &&
           is_blank((unsigned char)l->text[open + 3]);
}

static int skip_comment(struct lexer *l, size_t open)
{
    const char *end = memmem(l->text + l->pos, l->len - l->pos, "*/", 2);

    if (!end)
        return gotmpl_error(l, open, "unclosed comment");
    l->pos = (size_t)(end - l->text) + 2;
    bool trim = is_blank(peek(l)) && l->pos + 1 < l->len && l->text[l->pos + 1] == '-';
    if (trim)
        l->pos += 2;
    if (!at(l, "}}"))
        return gotmpl_error(l, open, "comment ends before closing delimiter");
    l->pos += 2;
    while (trim && is_blank(peek(l)))
        l->pos++;
    return 0;
}

/* Text up to the next action, or the action's start when no text is left. */
static int outside(struct lexer *l, struct token *t)
{
    for (;;) {
        size_t start = l->pos;
        const char *p = memmem(l->text + l->pos, l->len - l->pos, "{{", 2);
        size_t open = p ? (size_t)(p - l->text) : l->len, end = open;
        bool trim = p && trims_left(l, open);
        while (trim && end > start && is_blank((unsigned char)l->text[end - 1]))
            end--;
        l->pos = open;
        if (end > start) {
            *t = (struct token) {
                .kind = TOK_TEXT, .s = l->text + start, .len = end - start, .pos = start
            };
            return 0;
        }
        if (!p) {
            *t = (struct token) { .kind = TOK_EOF, .pos = l->len };
            return 0;
        }
        l->pos += trim ? 4 : 2;
        if (!at(l, "/*")) {
            l->inside = true;
            *t = (struct token) { .kind = TOK_OPEN, .pos = open };
            return 0;
        }
        int r = skip_comment(l, open);
        if (r < 0)
            return r;
    }
}

/* ---------- literals ---------- */

static int constant(struct lexer *l, struct token *t, json_t *value)
{
    if (!value)
        return gotmpl_error(l, t->pos, "literal is not valid UTF-8");
    json_array_append_new(l->consts, value);
    t->kind = TOK_CONST;
    t->value = value;
    return 0;
}

static void put_rune(struct buf *b, uint32_t c)
{
    if (c < 0x80)
        buf_putc(b, (char)c);
    else if (c < 0x800)
        buf_printf(b, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 0x3f)));
    else if (c < 0x10000)
        buf_printf(b, "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 0x3f)),
                   (int)(0x80 | (c & 0x3f)));
    else
        buf_printf(b, "%c%c%c%c", (int)(0xf0 | c >> 18), (int)(0x80 | (c >> 12 & 0x3f)),
                   (int)(0x80 | (c >> 6 & 0x3f)), (int)(0x80 | (c & 0x3f)));
}

/* The digits after \x, \u, \U or an octal escape. */
static bool escape_number(struct lexer *l, int base, int n, uint32_t *ret)
{
    *ret = 0;
    for (int i = 0; i < n; i++, l->pos++) {
        int c = peek(l);
        int d = c >= '0' && c <= '9' ? c - '0' : c >= 0 && isxdigit(c) ? tolower(c) - 'a' + 10 : 99;
        if (d >= base)
            return false;
        *ret = *ret * (uint32_t)base + (uint32_t)d;
    }
    return true;
}

static bool escape(struct lexer *l, struct buf *b)
{
    static const char from[] = "abfnrtv\\'\"", to[] = "\a\b\f\n\r\t\v\\'\"";
    int c = peek(l);
    const char *p = c > 0 ? strchr(from, c) : NULL;
    uint32_t code;

    if (p) {
        l->pos++;
        buf_putc(b, to[p - from]);
        return true;
    }
    bool octal = c >= '0' && c <= '7';
    l->pos += !octal;
    int n = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : octal ? 3 : 0;
    if (n == 0 || !escape_number(l, octal ? 8 : 16, n, &code) || code == 0 || code > 0x10ffff)
        return false;
    if (n > 3)
        put_rune(b, code);
    else
        buf_putc(b, (char)code);
    return true;
}

static int quoted(struct lexer *l, struct token *t)
{
    AUTO_BUF b = { 0 };
    char quote = l->text[l->pos++];

    for (int c; (c = peek(l)) != quote; l->pos++) {
        if (c < 0 || c == '\n')
            return gotmpl_error(l, t->pos, "unterminated %s",
                                quote == '"' ? "quoted string" : "character constant");
        if (c != '\\') {
            buf_putc(&b, (char)c);
            continue;
        }
        l->pos++;
        if (!escape(l, &b))
            return gotmpl_error(l, t->pos, "invalid escape in a literal");
        l->pos--;
    }
    l->pos++;
    if (quote == '"')
        return constant(l, t, json_stringn(b.data ? b.data : "", b.len));
    /* A character constant is its number. */
    const unsigned char *s = (const unsigned char *)(b.data ? b.data : "");
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (b.len != n)
        return gotmpl_error(l, t->pos, "malformed character constant");
    int64_t code = n == 1 ? s[0] : s[0] & (0x7f >> n);
    for (size_t i = 1; i < n; i++)
        code = code << 6 | (s[i] & 0x3f);
    return constant(l, t, json_integer(code));
}

static int raw_string(struct lexer *l, struct token *t)
{
    const char *start = l->text + l->pos + 1;
    const char *end = memchr(start, '`', l->len - l->pos - 1);

    if (!end)
        return gotmpl_error(l, t->pos, "unterminated raw quoted string");
    l->pos = (size_t)(end - l->text) + 1;
    return constant(l, t, json_stringn(start, (size_t)(end - start)));
}

static int number(struct lexer *l, struct token *t)
{
    char s[64];
    size_t n = 0;
    int64_t i;
    double f;

    while (l->pos < l->len && n + 1 < sizeof(s) &&
           (is_word(peek(l)) || peek(l) == '.' ||
            (strchr("+-", peek(l)) && (n == 0 || tolower(s[n - 1]) == 'e')))) {
        if (peek(l) != '_')
            s[n++] = l->text[l->pos];
        l->pos++;
    }
    s[n] = 0;
    const char *digits = s + (*s == '+' || *s == '-');
    uint32_t hex = 0;
    if (str_starts(digits, "0x") && strlen(digits) > 2 && strlen(digits) <= 9) {
        struct lexer h = { .text = digits + 2, .len = strlen(digits + 2) };
        if (escape_number(&h, 16, (int)h.len, &hex))
            return constant(l, t, json_integer(*s == '-' ? -(int64_t)hex : hex));
    }
    if (parse_i64(s + (*s == '+'), INT64_MIN, INT64_MAX, &i) == 0)
        return constant(l, t, json_integer(i));
    if (parse_f64(s + (*s == '+'), &f) == 0)
        return constant(l, t, json_real(f));
    return gotmpl_error(l, t->pos, "bad number syntax: \"%s\"", s);
}

/* ---------- inside an action ---------- */

static bool close_action(struct lexer *l, bool had_blank)
{
    bool trim = had_blank && at(l, "-}}");

    if (!trim && !at(l, "}}"))
        return false;
    l->pos += trim ? 3 : 2;
    while (trim && is_blank(peek(l)))
        l->pos++;
    l->inside = false;
    return true;
}

/* A name after the one character at pos ("." or "$"), which may be empty. */
static void name_after(struct lexer *l, struct token *t, enum tok kind)
{
    size_t start = ++l->pos;

    while (is_word(peek(l)))
        l->pos++;
    t->kind = kind;
    t->s = l->text + start;
    t->len = l->pos - start;
}

static bool starts_literal(int c, int after)
{
    if (c == '+' || c == '-' || c == '.')
        return after >= 0 && isdigit(after);
    return c == '"' || c == '\'' || c == '`' || isdigit(c);
}

static int literal(struct lexer *l, struct token *t)
{
    int c = peek(l);

    if (c == '`')
        return raw_string(l, t);
    return c == '"' || c == '\'' ? quoted(l, t) : number(l, t);
}

static int inside(struct lexer *l, struct token *t)
{
    size_t start = l->pos;

    while (is_blank(peek(l)))
        l->pos++;
    *t = (struct token) { .kind = TOK_CLOSE, .pos = l->pos, .glued = l->pos == start };
    if (close_action(l, !t->glued))
        return 0;
    int c = peek(l), after = l->pos + 1 < l->len ? (unsigned char)l->text[l->pos + 1] : -1;
    if (c < 0)
        return gotmpl_error(l, t->pos, "unclosed action");
    if (starts_literal(c, after))
        return literal(l, t);
    if (c == '.') {
        name_after(l, t, TOK_FIELD);
        t->kind = t->len ? TOK_FIELD : TOK_DOT;
        return 0;
    }
    if (c == '$') {
        name_after(l, t, TOK_VAR);
        return 0;
    }
    if (is_word(c)) {
        l->pos--;
        name_after(l, t, TOK_WORD);
        return 0;
    }
    bool declare = at(l, ":=");
    if (!declare && !strchr("|(),=", c))
        return gotmpl_error(l, t->pos, "unexpected \"%c\" in action", c);
    t->kind = declare ? TOK_DECLARE : TOK_CHAR;
    t->s = l->text + l->pos;
    t->len = declare ? 2 : 1;
    l->pos += t->len;
    return 0;
}

int gotmpl_next(struct lexer *l, struct token *t)
{
    return l->inside ? inside(l, t) : outside(l, t);
}
