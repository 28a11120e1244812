#include "base/toml.h"

#include <ctype.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/parse.h"

#include "base/banned.h"

/* A recursive-descent reader of TOML 1.0.
 *
 * What TOML forbids beyond its grammar is to define a table twice, or to add to one from a place that
 * may not.  So each table and array remembers how it came to be: the flags of `enum made`, kept in a
 * hash table beside the tree, by address. */

enum made {
    MADE_HEADER = 1 << 0, /* [a.b]                                */
    MADE_DOTTED = 1 << 1, /* a.b = 1 made "a"                     */
    MADE_INLINE = 1 << 2, /* a = { } and a = [ ]: complete, closed */
    MADE_TABLES = 1 << 3, /* [[a]]: an array of tables            */
};

struct mark {
    const json_t *node;
    unsigned flags;
};

struct reader {
    const char *p, *end;
    int line;
    unsigned depth;
    const char *name;
    struct err *err;
    struct toml *out;
    struct mark *marks; /* open addressing, a power of two */
    size_t nmarks, mark_cap;
    struct buf prefix; /* "table.sub." of the current header */
};

static int bad(struct reader *r, const char *what)
{
    return err_set(r->err, ERR_BAD_PARAM, EINVAL, "%s:%d: %s", r->name, r->line, what);
}

static int bad_key(struct reader *r, const char *what, const char *key)
{
    return err_set(r->err, ERR_BAD_PARAM, EINVAL, "%s:%d: %s \"%.200s\"", r->name, r->line, what,
                   key);
}

/* ---------- marks ---------- */

static struct mark *mark_slot(struct reader *r, const json_t *node)
{
    size_t i = ((uintptr_t)node >> 4) & (r->mark_cap - 1);

    while (r->marks[i].node && r->marks[i].node != node)
        i = (i + 1) & (r->mark_cap - 1);
    return &r->marks[i];
}

static void mark_set(struct reader *r, const json_t *node, unsigned flags)
{
    if (2 * (r->nmarks + 1) > r->mark_cap) {
        struct mark *old = r->marks;
        size_t n = r->mark_cap;
        r->mark_cap = n ? 2 * n : 64;
        r->marks = xcalloc(r->mark_cap, sizeof(*r->marks));
        for (size_t i = 0; i < n; i++)
            if (old[i].node)
                *mark_slot(r, old[i].node) = old[i];
        free(old);
    }
    struct mark *m = mark_slot(r, node);
    r->nmarks += !m->node;
    m->node = node;
    m->flags |= flags;
}

static unsigned mark_get(struct reader *r, const json_t *node)
{
    return r->mark_cap ? mark_slot(r, node)->flags : 0;
}

/* ---------- characters ---------- */

static int peek(const struct reader *r)
{
    return r->p < r->end ? (unsigned char)*r->p : -1;
}

static bool take(struct reader *r, const char *text)
{
    size_t n = strlen(text);

    if ((size_t)(r->end - r->p) < n || memcmp(r->p, text, n) != 0)
        return false;
    r->p += n;
    return true;
}

static bool take_newline(struct reader *r)
{
    if (!take(r, "\n") && !take(r, "\r\n"))
        return false;
    r->line++;
    return true;
}

static void skip_blanks(struct reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t')
        r->p++;
}

static bool is_control(int c)
{
    return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f;
}

/* Length of the UTF-8 sequence at p, 0 when it is not one (overlong, surrogate, too large). */
static size_t utf8_len(const char *p, const char *end)
{
    const unsigned char *s = (const unsigned char *)p;
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

    if (n == 0 || s[0] > 0xf4 || (size_t)(end - p) < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

/* A comment, if there is one, up to the end of its line. */
static int skip_comment(struct reader *r)
{
    if (peek(r) != '#')
        return 0;
    while (r->p < r->end && *r->p != '\n' &&
           !(*r->p == '\r' && r->p + 1 < r->end && r->p[1] == '\n')) {
        size_t n = utf8_len(r->p, r->end);
        if (n == 0 || is_control(peek(r)))
            return bad(r, "a comment holds a control character or is not UTF-8");
        r->p += n;
    }
    return 0;
}

/* Blanks, comments and newlines, as allowed inside arrays. */
static int skip_lines(struct reader *r)
{
    int e;

    do {
        skip_blanks(r);
        if ((e = skip_comment(r)) < 0)
            return e;
    } while (take_newline(r));
    return 0;
}

/* ---------- strings ---------- */

static void put_utf8(struct buf *b, uint32_t c)
{
    if (c < 0x80) {
        buf_putc(b, (char)c);
    } else if (c < 0x800) {
        buf_putc(b, (char)(0xc0 | c >> 6));
        buf_putc(b, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        buf_putc(b, (char)(0xe0 | c >> 12));
        buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_putc(b, (char)(0x80 | (c & 0x3f)));
    } else {
        buf_putc(b, (char)(0xf0 | c >> 18));
        buf_putc(b, (char)(0x80 | (c >> 12 & 0x3f)));
        buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_putc(b, (char)(0x80 | (c & 0x3f)));
    }
}

static int digit(int c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : 99;
}

/* After the backslash. */
static int read_escape(struct reader *r, struct buf *b)
{
    static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
    int c = peek(r);
    const char *at = c > 0 ? strchr(from, c) : NULL;

    r->p++;
    if (at) {
        buf_putc(b, to[at - from]);
        return 0;
    }
    int n = c == 'u' ? 4 : c == 'U' ? 8 : 0;
    uint32_t code = 0;
    for (int i = 0; i < n; i++, r->p++) {
        if (digit(peek(r)) > 15)
            return bad(r, "a unicode escape needs 4 or 8 hexadecimal digits");
        code = code << 4 | (uint32_t)digit(peek(r));
    }
    if (n == 0)
        return bad(r, "unknown escape in a string");
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return bad(r, "a unicode escape is not a character");
    put_utf8(b, code);
    return 0;
}

/* One character of a string as it is written. */
static int read_plain(struct reader *r, struct buf *b)
{
    size_t n = r->p < r->end ? utf8_len(r->p, r->end) : 0;

    if (r->p >= r->end || *r->p == '\n')
        return bad(r, "unterminated string");
    if (n == 0)
        return bad(r, "invalid UTF-8 in a string");
    if (is_control(peek(r)))
        return bad(r, "control character in a string");
    buf_put(b, r->p, n);
    r->p += n;
    return 0;
}

static int read_string(struct reader *r, struct buf *b)
{
    bool basic = *r->p == '"';
    char quote[] = { *r->p, 0 };

    r->p++;
    while (!take(r, quote)) {
        int e = basic && take(r, "\\") ? read_escape(r, b) : read_plain(r, b);
        if (e < 0)
            return e;
    }
    return 0;
}

/* A backslash at the end of a line takes the line break and all blanks after it away. */
static bool take_line_continuation(struct reader *r)
{
    const char *p = r->p;

    skip_blanks(r);
    if (!take_newline(r)) {
        r->p = p;
        return false;
    }
    do
        skip_blanks(r);
    while (take_newline(r));
    return true;
}

static int read_multiline(struct reader *r, struct buf *b)
{
    bool basic = *r->p == '"';
    char quote[] = { *r->p, 0 }, closing[] = { *r->p, *r->p, *r->p, 0 };
    int e = 0;

    r->p += 3;
    take_newline(r);
    while (!take(r, closing)) {
        if (take_newline(r))
            buf_putc(b, '\n');
        else if (basic && take(r, "\\"))
            e = take_line_continuation(r) ? 0 : read_escape(r, b);
        else
            e = read_plain(r, b);
        if (e < 0)
            return e;
    }
    /* Up to two quotes may stand right before the closing three. */
    for (int i = 0; i < 2 && take(r, quote); i++)
        buf_puts(b, quote);
    return 0;
}

/* ---------- numbers and times ---------- */

static bool digits_at(const char *s, int n, int min, int max, int *ret)
{
    *ret = 0;
    for (int i = 0; i < n; i++) {
        if (!isdigit((unsigned char)s[i]))
            return false;
        *ret = *ret * 10 + s[i] - '0';
    }
    return *ret >= min && *ret <= max;
}

/* Returns where the time of day ends, or NULL. */
static const char *scan_time(const char *s)
{
    int n;

    if (!digits_at(s, 2, 0, 23, &n) || s[2] != ':' || !digits_at(s + 3, 2, 0, 59, &n) ||
        s[5] != ':' || !digits_at(s + 6, 2, 0, 60, &n))
        return NULL;
    s += 8;
    if (*s == '.') {
        if (!isdigit((unsigned char)s[1]))
            return NULL;
        s += 1 + strspn(s + 1, "0123456789");
    }
    return s;
}

static const char *scan_date(const char *s)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int y, m, d;

    if (!digits_at(s, 4, 0, 9999, &y) || s[4] != '-' || !digits_at(s + 5, 2, 1, 12, &m) ||
        s[7] != '-' || !digits_at(s + 8, 2, 1, 31, &d))
        return NULL;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return d <= days[m - 1] + (leap && m == 2) ? s + 10 : NULL;
}

static bool is_datetime(const char *s)
{
    int n;
    const char *p = scan_date(s);

    if (!p) {
        p = scan_time(s);
        return p && !*p;
    }
    if (!*p)
        return true;
    if (!strchr("Tt ", *p) || !(p = scan_time(p + 1)))
        return false;
    if (*p == 'Z' || *p == 'z')
        return !p[1];
    if (*p == '+' || *p == '-')
        return digits_at(p + 1, 2, 0, 23, &n) && p[3] == ':' && digits_at(p + 4, 2, 0, 59, &n) &&
               !p[6];
    return !*p;
}

/* Takes the underscores out; each has to stand between two digits. */
static bool drop_underscores(const char *s, char *out)
{
    int max = str_starts(s, "0x") ? 15 : 9;

    for (const char *p = s; *p; p++) {
        if (*p == '_') {
            if (p == s || digit(p[-1]) > max || digit(p[1]) > max)
                return false;
        } else {
            *out++ = *p;
        }
    }
    *out = 0;
    return true;
}

static bool parse_radix(const char *s, int base, int64_t *ret)
{
    uint64_t n = 0;

    if (!*s)
        return false;
    for (; *s; s++) {
        if (digit(*s) >= base || n > (uint64_t)INT64_MAX / (unsigned)base)
            return false;
        n = n * (unsigned)base + (unsigned)digit(*s);
    }
    if (n > INT64_MAX)
        return false;
    *ret = (int64_t)n;
    return true;
}

/* Does @s have the form of a decimal number: no leading zeros, digits around a point? */
static bool is_decimal(const char *s, bool *ret_float)
{
    s += *s == '+' || *s == '-';
    size_t whole = strspn(s, "0123456789");
    if (whole == 0 || (whole > 1 && *s == '0'))
        return false;
    s += whole;
    *ret_float = *s != 0;
    if (*s == '.') {
        size_t n = strspn(s + 1, "0123456789");
        if (n == 0)
            return false;
        s += n + 1;
    }
    if (*s == 'e' || *s == 'E') {
        s += 1 + (s[1] == '+' || s[1] == '-');
        size_t n = strspn(s, "0123456789");
        if (n == 0)
            return false;
        s += n;
    }
    return !*s;
}

static json_t *number_value(const char *text)
{
    static const struct {
        const char *prefix;
        int base;
    } radixes[] = { { "0x", 16 }, { "0o", 8 }, { "0b", 2 } };
    char s[128];
    int64_t n;
    double f;
    bool is_float;

    /* JSON has neither: kept as their text, like the times. */
    if (STR_IN(text, "inf", "+inf", "-inf", "nan", "+nan", "-nan") || is_datetime(text))
        return json_string(text);
    if (!drop_underscores(text, s))
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(radixes); i++)
        if (str_starts(s, radixes[i].prefix))
            return text[2] != '_' && parse_radix(s + 2, radixes[i].base, &n) ? json_integer(n)
                                                                             : NULL;
    if (!is_decimal(s, &is_float))
        return NULL;
    if (is_float)
        return parse_f64(s + (*s == '+'), &f) == 0 ? json_real(f) : NULL;
    return parse_i64(s + (*s == '+'), INT64_MIN, INT64_MAX, &n) == 0 ? json_integer(n) : NULL;
}

/* A bare word: true, a number, a time. */
static int read_word(struct reader *r, json_t **ret)
{
    char text[128];
    size_t n = 0, max = (size_t)(r->end - r->p);

    while (n < max && (isalnum((unsigned char)r->p[n]) || strchr("+-_.:", r->p[n])) && r->p[n])
        n++;
    /* "1979-05-27 07:32:00": the one word with a blank in it */
    if (n == 10 && n + 3 < max && r->p[n] == ' ' && isdigit((unsigned char)r->p[n + 1]) &&
        isdigit((unsigned char)r->p[n + 2]) && r->p[n + 3] == ':') {
        n++;
        while (n < max && (isalnum((unsigned char)r->p[n]) || strchr("+-.:", r->p[n])) && r->p[n])
            n++;
    }
    if (n == 0)
        return bad(r, "a value is missing");
    if (n >= sizeof(text))
        return bad(r, "a value that is not quoted is too long");
    memcpy(text, r->p, n);
    text[n] = 0;
    *ret = STR_EQ(text, "true")    ? json_true()
           : STR_EQ(text, "false") ? json_false()
                                   : number_value(text);
    if (!*ret)
        return bad_key(r, "neither a number nor a date, time or boolean:", text);
    r->p += n;
    return 0;
}

/* ---------- keys and values ---------- */

static int read_value(struct reader *r, json_t **ret);
static int read_pair(struct reader *r, json_t *table, struct buf *path);

/* One part of a key: bare or quoted. */
static int read_key_part(struct reader *r, struct buf *b)
{
    skip_blanks(r);
    if (peek(r) == '"' || peek(r) == '\'') {
        int e = read_string(r, b);
        if (e == 0 && !b->data)
            buf_puts(b, "");
        return e;
    }
    const char *p = r->p;
    while (r->p < r->end && (isalnum(peek(r)) || *r->p == '_' || *r->p == '-') && peek(r) < 0x80)
        r->p++;
    if (r->p == p)
        return bad(r, "a key is missing");
    buf_put(b, p, (size_t)(r->p - p));
    return 0;
}

static int read_array(struct reader *r, json_t *array)
{
    r->p++;
    for (;;) {
        json_t *item = NULL;
        int e = skip_lines(r);
        if (e < 0)
            return e;
        if (take(r, "]"))
            return 0;
        if ((e = read_value(r, &item)) < 0)
            return e;
        json_array_append_new(array, item);
        if ((e = skip_lines(r)) < 0)
            return e;
        if (take(r, "]"))
            return 0;
        if (!take(r, ","))
            return bad(r, "a comma or ] is missing in an array");
    }
}

static int read_inline_table(struct reader *r, json_t *table)
{
    AUTO_BUF path = { 0 }; /* lines inside are not kept */

    r->p++;
    skip_blanks(r);
    if (take(r, "}"))
        return 0;
    for (;;) {
        int e = read_pair(r, table, &path);
        if (e < 0)
            return e;
        skip_blanks(r);
        if (take(r, "}"))
            return 0;
        if (!take(r, ","))
            return bad(r, "a comma or } is missing in an inline table");
    }
}

static int read_nested(struct reader *r, json_t **ret)
{
    bool array = peek(r) == '[';
    json_t *node = array ? json_array() : json_object();

    if (++r->depth > LIMIT_JSON_DEPTH) {
        json_decref(node);
        return bad(r, "nested too deeply");
    }
    int e = array ? read_array(r, node) : read_inline_table(r, node);
    r->depth--;
    if (e < 0) {
        json_decref(node);
        return e;
    }
    mark_set(r, node, MADE_INLINE);
    *ret = node;
    return 0;
}

static int read_value(struct reader *r, json_t **ret)
{
    int c = peek(r);

    if (c == '[' || c == '{')
        return read_nested(r, ret);
    if (c != '"' && c != '\'')
        return read_word(r, ret);

    AUTO_BUF b = { 0 };
    bool three = r->end - r->p >= 3 && r->p[1] == c && r->p[2] == c;
    int e = three ? read_multiline(r, &b) : read_string(r, &b);
    if (e < 0)
        return e;
    *ret = json_stringn(b.data ? b.data : "", b.len);
    return 0;
}

/* The table @key below @table for a dotted key: made here, or by another dotted key. */
static json_t *dotted_table(struct reader *r, json_t *table, const char *key)
{
    json_t *sub = json_object_get(table, key);

    if (!sub) {
        sub = json_object();
        json_object_set_new(table, key, sub);
        mark_set(r, sub, MADE_DOTTED);
    } else if (!json_is_object(sub) || !(mark_get(r, sub) & MADE_DOTTED)) {
        bad_key(r, "a dotted key adds to what is complete:", key);
        return NULL;
    }
    return sub;
}

/* key = value.  @path holds the prefix for line numbers and grows by the key while we are in it. */
static int read_pair(struct reader *r, json_t *table, struct buf *path)
{
    unsigned parts = 0;
    int line = r->line;

    for (;;) {
        AUTO_BUF key = { 0 };
        json_t *value = NULL;
        int e = read_key_part(r, &key);
        if (e < 0)
            return e;
        buf_puts(path, key.data);
        skip_blanks(r);
        if (take(r, ".")) {
            if (++parts > LIMIT_JSON_DEPTH)
                return bad(r, "nested too deeply");
            if (!(table = dotted_table(r, table, key.data)))
                return -EINVAL;
            buf_putc(path, '.');
            continue;
        }
        if (!take(r, "="))
            return bad_key(r, "no = after the key", key.data);
        if (json_object_get(table, key.data))
            return bad_key(r, "a key is set twice:", key.data);
        skip_blanks(r);
        if ((e = read_value(r, &value)) < 0)
            return e;
        json_object_set_new(table, key.data, value);
        if (r->depth == 0)
            json_object_set_new(r->out->lines, path->data, json_integer(line));
        return 0;
    }
}

/* ---------- headers ---------- */

/* One step towards the table that a header names. */
static json_t *header_parent(struct reader *r, json_t *table, const char *key)
{
    json_t *sub = json_object_get(table, key);

    if (!sub) {
        sub = json_object();
        json_object_set_new(table, key, sub);
        return sub;
    }
    unsigned made = mark_get(r, sub);
    if (made & MADE_TABLES) {
        size_t n = json_array_size(sub);
        buf_printf(&r->prefix, "%zu.", n - 1);
        return json_array_get(sub, n - 1);
    }
    if (!json_is_object(sub) || made & MADE_INLINE) {
        bad_key(r, "a header adds to what is complete:", key);
        return NULL;
    }
    return sub;
}

static json_t *header_table(struct reader *r, json_t *table, const char *key)
{
    json_t *sub = json_object_get(table, key);

    if (!sub) {
        sub = json_object();
        json_object_set_new(table, key, sub);
    } else if (!json_is_object(sub) || mark_get(r, sub)) {
        bad_key(r, "a table is defined twice:", key);
        return NULL;
    }
    mark_set(r, sub, MADE_HEADER);
    return sub;
}

static json_t *header_array(struct reader *r, json_t *table, const char *key)
{
    json_t *array = json_object_get(table, key);

    if (!array) {
        array = json_array();
        json_object_set_new(table, key, array);
        mark_set(r, array, MADE_TABLES);
    } else if (!(mark_get(r, array) & MADE_TABLES)) {
        bad_key(r, "an array of tables adds to what is complete:", key);
        return NULL;
    }
    json_t *item = json_object();
    json_array_append_new(array, item);
    mark_set(r, item, MADE_HEADER);
    buf_printf(&r->prefix, "%zu.", json_array_size(array) - 1);
    return item;
}

/* [a.b] or [[a.b]]: returns the table that the following pairs belong to. */
static json_t *read_header(struct reader *r)
{
    json_t *table = r->out->root;
    bool array = take(r, "[[");

    if (!array)
        r->p++;
    buf_reset(&r->prefix);
    for (unsigned parts = 0; table; parts++) {
        AUTO_BUF key = { 0 };
        if (parts > LIMIT_JSON_DEPTH) {
            bad(r, "nested too deeply");
            return NULL;
        }
        if (read_key_part(r, &key) < 0)
            return NULL;
        buf_printf(&r->prefix, "%s.", key.data);
        skip_blanks(r);
        if (take(r, ".")) {
            table = header_parent(r, table, key.data);
            continue;
        }
        if (!take(r, array ? "]]" : "]")) {
            bad_key(r, "a header is not closed after", key.data);
            return NULL;
        }
        return array ? header_array(r, table, key.data) : header_table(r, table, key.data);
    }
    return NULL;
}

static int read_line(struct reader *r, json_t **table)
{
    int e = 0, c = peek(r);

    if (c == '[') {
        *table = read_header(r);
        e = *table ? 0 : -EINVAL;
    } else if (c >= 0 && c != '#' && c != '\n' && c != '\r') {
        AUTO_BUF path = { 0 };
        buf_puts(&path, r->prefix.len ? r->prefix.data : "");
        e = read_pair(r, *table, &path);
    }
    if (e < 0)
        return e;
    skip_blanks(r);
    if ((e = skip_comment(r)) < 0)
        return e;
    return r->p == r->end || take_newline(r) ? 0 : bad(r, "the line should end here");
}

int toml_parse(struct toml *ret, const char *data, size_t len, const char *name, struct err *err)
{
    struct err local = { 0 };
    struct reader r = {
        .p = data, .end = data + len, .line = 1, .name = name, .err = err ? err : &local, .out = ret
    };
    int e = 0;

    *ret = (struct toml) { .root = json_object(), .lines = json_object() };
    json_t *table = ret->root;
    take(&r, "\xef\xbb\xbf"); /* a byte order mark */
    while (e == 0 && r.p < r.end) {
        skip_blanks(&r);
        e = read_line(&r, &table);
    }
    free(r.marks);
    buf_done(&r.prefix);
    if (e < 0)
        toml_done(ret);
    return e;
}

int toml_line(const struct toml *t, const char *path)
{
    return (int)json_integer_value(json_object_get(t->lines, path));
}

void toml_done(struct toml *t)
{
    json_decref(t->root);
    json_decref(t->lines);
    *t = (struct toml) { 0 };
}
