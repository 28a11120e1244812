#include "build/words.h"

#include <ctype.h>

#include "base/buf.h"
#include "build/ignore.h"

#include "base/banned.h"

/* Looking for a pattern everywhere takes the square of a value's length. */
enum { NESTING_MAX = 20, PATTERN_VALUE_MAX = 1024, PATTERN_MAX = 256 };

char **cf_words(struct arena *a, const char *text, char escape)
{
    char **out = NULL;

    for (const char *p = text;;) {
        p += strspn(p, " \t\n");
        if (!*p)
            return out;
        const char *from = p;
        for (char quote = 0; *p && (quote || !strchr(" \t\n", *p)); p++) {
            if (*p == escape && p[1] && quote != '\'')
                p++;
            else if (quote ? *p == quote : *p == '"' || *p == '\'')
                quote = quote ? 0 : *p;
        }
        out = strv_add(a, out, arena_strndup(a, from, (size_t)(p - from)));
    }
}

/* ---------- variables ---------- */

struct expansion {
    struct arena *a;
    const char *p;
    char escape;
    bool quotes; /* are taken away */
    cf_lookup lookup;
    void *arg;
    int depth;
    struct err *err;
};

static int expand_until(struct expansion *x, const char *stop, struct buf *out);

static int bad(const struct expansion *x, const char *why)
{
    return err_set(x->err, ERR_BAD_PARAM, EINVAL, "%s", why);
}

static int add(const struct expansion *x, struct buf *out, const char *s, size_t n)
{
    return buf_add(out, s, n) < 0 ? err_set(x->err, ERR_TOO_BIG, EFBIG,
                                            "a text grew over %u bytes when variables were "
                                            "replaced",
                                            CF_EXPANDED_MAX)
                                  : 0;
}

static bool name_char(char c, bool first)
{
    return c == '_' || isalpha((unsigned char)c) || (!first && isdigit((unsigned char)c));
}

static char *take_name(struct expansion *x)
{
    const char *from = x->p;

    if (*x->p && strchr("@*#?-$!", *x->p))
        x->p++;
    else if (isdigit((unsigned char)*x->p))
        while (isdigit((unsigned char)*x->p))
            x->p++;
    else
        while (name_char(*x->p, x->p == from))
            x->p++;
    return arena_strndup(x->a, from, (size_t)(x->p - from));
}

/* Does @pattern match the @len bytes at @s?  @s is ours to write to. */
static bool matches(const char *pattern, char *s, size_t len)
{
    char kept = s[len];

    s[len] = '\0';
    bool yes = ignore_text(pattern, s);
    s[len] = kept;
    return yes;
}

/* What is left of @v when the shortest or longest match of @pattern at its beginning or end is gone. */
static const char *trim(struct arena *a, const char *v, const char *pattern, bool end, bool longest)
{
    char *s = arena_strdup(a, v);
    size_t n = strlen(s);

    for (size_t i = 0; i <= n; i++) {
        size_t len = longest ? n - i : i; /* of the part that may go */
        if (!matches(pattern, end ? s + n - len : s, len))
            continue;
        if (end)
            s[n - len] = '\0';
        return end ? s : s + len;
    }
    return s;
}

/* @all: every match, not only the first; at each place the longest one. */
static int replace(const struct expansion *x, const char *v, const char *pattern, const char *with,
                   bool all, struct buf *out)
{
    char *s = arena_strdup(x->a, v);
    size_t n = strlen(s), i = 0;
    bool done = false;
    int r = 0;

    while (r == 0 && i < n) {
        size_t len = done ? 0 : n - i;
        while (len && !matches(pattern, s + i, len))
            len--;
        r = len ? add(x, out, with, strlen(with)) : add(x, out, s + i, 1);
        done = done || (len && !all);
        i += len ? len : 1;
    }
    return r;
}

/* A word inside braces, up to one of @stop, which is left. */
static int inner(struct expansion *x, const char *stop, char **ret)
{
    AUTO_BUF b = { .max = CF_EXPANDED_MAX };

    if (++x->depth > NESTING_MAX)
        return bad(x, "variables are nested too deep");
    int r = expand_until(x, stop, &b);
    x->depth--;
    *ret = arena_strdup(x->a, b.data ? b.data : "");
    return r;
}

static int braces_default(struct expansion *x, const char *name, const char *v, struct buf *out)
{
    bool colon = *x->p == ':';
    char *word;

    x->p += colon;
    char op = *x->p;
    if (!op || !strchr("-+?", op))
        return bad(x, "unsupported modifier in substitution");
    x->p++;
    int r = inner(x, "}", &word);
    if (r < 0)
        return r;
    bool set = v && (!colon || *v);
    if (op == '?' && !set)
        return err_set(x->err, ERR_BAD_PARAM, EINVAL, "%s: %s", name,
                       *word ? word : "not allowed to be unset");
    const char *chosen = op == '+' ? (set ? word : "") : set ? v : word;
    return add(x, out, chosen, strlen(chosen));
}

static int braces_trim(struct expansion *x, const char *v, struct buf *out)
{
    char op = *x->p++;
    bool twice = *x->p == op;
    char *pattern, *with = NULL;

    x->p += twice;
    int r = inner(x, op == '/' ? "/}" : "}", &pattern);
    if (r == 0 && op == '/' && *x->p == '/') {
        x->p++;
        r = inner(x, "}", &with);
    }
    if (r < 0)
        return r;
    if ((v && strlen(v) > PATTERN_VALUE_MAX) || strlen(pattern) > PATTERN_MAX)
        return bad(x, "a value is too long for a pattern");
    if (op == '/')
        return replace(x, v ? v : "", pattern, with ? with : "", twice, out);
    const char *left = trim(x->a, v ? v : "", pattern, op == '%', twice);
    return add(x, out, left, strlen(left));
}

static int variable(struct expansion *x, struct buf *out)
{
    bool braces = *x->p == '{';

    x->p += braces;
    char *name = take_name(x);
    if (!*name) /* no variable: the dollar is a dollar */
        return braces ? bad(x, "bad substitution") : add(x, out, "$", 1);
    const char *v = x->lookup(x->arg, name);
    int r;
    if (!braces || *x->p == '}')
        r = v ? add(x, out, v, strlen(v)) : 0;
    else if (*x->p && strchr("#%/", *x->p))
        r = braces_trim(x, v, out);
    else
        r = braces_default(x, name, v, out);
    if (r == 0 && braces && *x->p++ != '}') {
        x->p--;
        r = bad(x, "syntax error: missing '}'");
    }
    return r;
}

/* ---------- quotes ---------- */

static int escaped(struct expansion *x, bool quoted, struct buf *out)
{
    char c = x->p[1];

    if (!c) {
        x->p++;
        return add(x, out, &x->escape, 1);
    }
    /* Inside double quotes, and in heredocs, an escape that escapes nothing is text. */
    bool special = c == '$' || c == x->escape || (c == '"' && x->quotes);
    int r = (quoted || !x->quotes) && !special ? add(x, out, x->p, 2) : add(x, out, x->p + 1, 1);
    x->p += 2;
    return r;
}

static int double_quoted(struct expansion *x, struct buf *out)
{
    int r = 0;

    for (x->p++; r == 0 && *x->p != '"';) {
        if (!*x->p)
            return bad(x, "unexpected end of statement while looking for matching double-quote");
        if (*x->p == x->escape) {
            r = escaped(x, true, out);
        } else if (*x->p == '$') {
            x->p++;
            r = variable(x, out);
        } else
            r = add(x, out, x->p++, 1);
    }
    x->p++;
    return r;
}

static int single_quoted(struct expansion *x, struct buf *out)
{
    const char *end = strchr(++x->p, '\'');

    if (!end)
        return bad(x, "unexpected end of statement while looking for matching single-quote");
    int r = add(x, out, x->p, (size_t)(end - x->p));
    x->p = end + 1;
    return r;
}

static int expand_until(struct expansion *x, const char *stop, struct buf *out)
{
    int r = 0;

    while (r == 0 && *x->p && !strchr(stop, *x->p)) {
        if (*x->p == x->escape)
            r = escaped(x, false, out);
        else if (*x->p == '$') {
            x->p++;
            r = variable(x, out);
        } else if (*x->p == '"' && x->quotes)
            r = double_quoted(x, out);
        else if (*x->p == '\'' && x->quotes)
            r = single_quoted(x, out);
        else
            r = add(x, out, x->p++, 1);
    }
    return r;
}

static int expand(struct expansion *x, char **ret)
{
    AUTO_BUF b = { .max = CF_EXPANDED_MAX };
    int r = expand_until(x, "", &b);

    if (r == 0)
        *ret = arena_strdup(x->a, b.data ? b.data : "");
    return r;
}

int cf_expand(struct arena *a, const char *text, char escape, cf_lookup lookup, void *arg,
              char **ret, struct err *err)
{
    struct expansion x = { a, text, escape, true, lookup, arg, 0, err };

    return expand(&x, ret);
}

int cf_expand_text(struct arena *a, const char *text, char escape, cf_lookup lookup, void *arg,
                   char **ret, struct err *err)
{
    struct expansion x = { a, text, escape, false, lookup, arg, 0, err };

    return expand(&x, ret);
}
