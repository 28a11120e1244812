#include <ctype.h>
#include <math.h>
#include <strings.h>

#include "base/gotmpl_priv.h"
#include "base/json.h"
#include "base/limits.h"

#include "base/banned.h"

/* ---------- values ---------- */

json_t *gotmpl_field(const json_t *v, const char *name)
{
    const char *k;
    json_t *each, *exact = json_is_object(v) ? json_object_get(v, name) : NULL;

    if (exact || !json_is_object(v))
        return exact;
    json_object_foreach ((json_t *)(uintptr_t)v, k, each)
        if (strcasecmp(k, name) == 0)
            return each;
    return NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **gotmpl_sorted_keys(const json_t *object)
{
    const char **keys = xcalloc(json_object_size(object) + 1, sizeof(*keys)), *k;
    json_t *each;
    size_t n = 0;

    json_object_foreach ((json_t *)(uintptr_t)object, k, each)
        keys[n++] = k;
    qsort(keys, n, sizeof(*keys), by_text);
    return keys;
}

bool gotmpl_truth(const json_t *v)
{
    if (!v)
        return false;
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        return json_object_size(v) > 0;
    case JSON_ARRAY:
        return json_array_size(v) > 0;
    case JSON_STRING:
        return json_string_length(v) > 0;
    case JSON_INTEGER:
        return json_integer_value(v) != 0;
    case JSON_REAL:
        return json_real_value(v) < 0 || json_real_value(v) > 0;
    case JSON_TRUE:
        return true;
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
    return false;
}

/* strconv's 'g' with the shortest digits that read back the same; %v changes to an exponent at 1e21. */
static void print_float(double f, struct buf *out)
{
    char s[64];
    int digits = 1;

    for (; digits <= 17; digits++) {
        snprintf(s, sizeof(s), "%.*e", digits - 1, f);
        double back = strtod(s, NULL);
        if (!(back < f) && !(back > f))
            break;
    }
    double size = fabs(f);
    if (size > 0 && (size < 1e-4 || size >= 1e21)) {
        buf_puts(out, s);
        return;
    }
    const char *e = strchr(s, 'e');
    int exp = 0;
    for (const char *p = e ? e + 2 : ""; *p; p++)
        exp = exp * 10 + *p - '0';
    exp = e && e[1] == '-' ? -exp : exp;
    buf_printf(out, "%.*f", MAX(digits - 1 - exp, 0), f);
}

static void print_object(const json_t *v, struct buf *out)
{
    const char **keys = gotmpl_sorted_keys(v);

    buf_puts(out, "map[");
    for (const char **k = keys; *k; k++) {
        buf_printf(out, "%s%s:", k == keys ? "" : " ", *k);
        gotmpl_print(json_object_get(v, *k), true, out);
    }
    buf_putc(out, ']');
    free(keys);
}

void gotmpl_print(const json_t *v, bool nested, struct buf *out)
{
    if (!v) {
        buf_puts(out, nested ? "<nil>" : "<no value>");
        return;
    }
    if (gotmpl_shape_print(v, out))
        return;
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        print_object(v, out);
        break;
    case JSON_ARRAY:
        buf_putc(out, '[');
        for (size_t i = 0; i < json_array_size(v); i++) {
            if (i)
                buf_putc(out, ' ');
            gotmpl_print(json_array_get(v, i), true, out);
        }
        buf_putc(out, ']');
        break;
    case JSON_STRING:
        buf_puts(out, json_string_value(v));
        break;
    case JSON_INTEGER:
        buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        break;
    case JSON_REAL:
        print_float(json_real_value(v), out);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        buf_puts(out, json_is_true(v) ? "true" : "false");
        break;
    case JSON_NULL:
        buf_puts(out, "<nil>");
        break;
    }
}

static int bad(const struct call *c, const char *what)
{
    return err_set(c->err, ERR_BAD_PARAM, EINVAL, "%s", what);
}

/* Text made here may have been cut inside a character: that becomes U+FFFD, as JSON has to be UTF-8. */
static json_t *text_value(struct buf *b)
{
    json_t *v = json_stringn(b->data ? b->data : "", b->len);

    if (v)
        return v;
    AUTO_BUF clean = { 0 };
    for (size_t i = 0; i < b->len;) {
        json_t *one = NULL;
        size_t n = 0;
        while (!one && n < 4 && i + n < b->len)
            one = json_stringn(b->data + i, ++n);
        buf_put(&clean, one ? b->data + i : "\xef\xbf\xbd", one ? n : 3);
        i += one ? n : 1;
        json_decref(one);
    }
    return json_stringn(clean.data ? clean.data : "", clean.len);
}

static int give(const struct call *c, struct buf *b, json_t **ret)
{
    if (b->len > LIMIT_TEMPLATE_OUTPUT)
        return bad(c, "output is too large"); /* doubled too often by a template */
    *ret = text_value(b);
    return 0;
}

static const char *text_of(const json_t *v, struct buf *b)
{
    if (json_is_string(v))
        return json_string_value(v);
    gotmpl_print(v, false, b);
    return b->data ? b->data : "";
}

/* ---------- comparison ---------- */

static bool both(json_t *const *a, bool (*is)(const json_t *))
{
    return is(a[0]) && is(a[1]);
}

static bool is_number(const json_t *v)
{
    return json_is_number(v);
}

static bool is_string(const json_t *v)
{
    return json_is_string(v);
}

static bool is_boolean(const json_t *v)
{
    return json_is_boolean(v);
}

/* <0, 0, >0 into *ret; false when the two cannot be compared. */
static bool compare(json_t *const *a, int *ret)
{
    if (json_is_integer(a[0]) && json_is_integer(a[1])) {
        json_int_t x = json_integer_value(a[0]), y = json_integer_value(a[1]);
        *ret = (x > y) - (x < y);
    } else if (both(a, is_number)) {
        double x = json_number_value(a[0]), y = json_number_value(a[1]);
        *ret = (x > y) - (x < y);
    } else if (both(a, is_string)) {
        *ret = strcmp(json_string_value(a[0]), json_string_value(a[1]));
    } else {
        return false;
    }
    return true;
}

static int equal(const struct call *c, json_t *x, json_t *y, bool *ret)
{
    json_t *pair[] = { x, y };
    int order;

    if (compare(pair, &order))
        *ret = order == 0;
    else if (both(pair, is_boolean))
        *ret = json_is_true(x) == json_is_true(y);
    else if (!x || !y || json_is_null(x) || json_is_null(y))
        *ret = (!x || json_is_null(x)) && (!y || json_is_null(y));
    else if (json_is_object(x) || json_is_array(x) || json_is_object(y) || json_is_array(y))
        return bad(c, "non-comparable type");
    else
        return bad(c, "incompatible types for comparison");
    return 0;
}

static int fn_eq(const struct call *c, json_t **ret)
{
    bool is = false;

    for (size_t i = 1; i < c->n && !is; i++) {
        int r = equal(c, c->args[0], c->args[i], &is);
        if (r < 0)
            return r;
    }
    *ret = json_boolean(is);
    return 0;
}

static int fn_ne(const struct call *c, json_t **ret)
{
    bool is;
    int r = equal(c, c->args[0], c->args[1], &is);

    if (r == 0)
        *ret = json_boolean(!is);
    return r;
}

static int fn_order(const struct call *c, json_t **ret)
{
    int order;

    if (!compare(c->args, &order))
        return bad(c, "incompatible types for comparison");
    bool less = c->name[0] == 'l', or_equal = c->name[1] == 'e';
    *ret = json_boolean(order == 0 ? or_equal : less == (order < 0));
    return 0;
}

static int fn_not(const struct call *c, json_t **ret)
{
    *ret = json_boolean(!gotmpl_truth(c->args[0]));
    return 0;
}

/* ---------- lists and maps ---------- */

static int fn_len(const struct call *c, json_t **ret)
{
    const json_t *v = c->args[0];

    if (json_is_string(v))
        *ret = json_integer((json_int_t)json_string_length(v));
    else if (json_is_array(v))
        *ret = json_integer((json_int_t)json_array_size(v));
    else if (json_is_object(v))
        *ret = json_integer((json_int_t)json_object_size(v));
    else if (json_is_null(v))
        *ret = json_integer(0); /* a nil list */
    else
        return bad(c, v ? "len of a value that has no length" : "len of nil pointer");
    return 0;
}

static int index_once(const struct call *c, json_t *v, const json_t *key, json_t **ret)
{
    if (json_is_object(v) && json_is_string(key)) {
        *ret = json_object_get(v, json_string_value(key));
        return 0;
    }
    if (!json_is_integer(key))
        return bad(c, "cannot index with this value");
    json_int_t i = json_integer_value(key);
    size_t len = json_is_string(v) ? json_string_length(v) : json_array_size(v);
    if (!json_is_array(v) && !json_is_string(v))
        return bad(c, v ? "can't index item of this kind" : "index of untyped nil");
    if (i < 0 || (size_t)i >= len)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "index out of range: %lld", (long long)i);
    *ret = json_is_array(v) ? json_array_get(v, (size_t)i)
                            : json_integer((unsigned char)json_string_value(v)[i]);
    return 0;
}

static int fn_index(const struct call *c, json_t **ret)
{
    json_t *v = json_incref(c->args[0]);

    for (size_t i = 1; i < c->n; i++) {
        json_t *next = NULL;
        int r = index_once(c, v, c->args[i], &next);
        if (r < 0) {
            json_decref(v);
            return r;
        }
        if (!json_is_string(v))
            json_incref(next); /* a byte of a string is new already */
        json_decref(v);
        v = next;
    }
    *ret = v;
    return 0;
}

static int fn_slice(const struct call *c, json_t **ret)
{
    json_t *v = c->args[0];
    size_t len = json_is_string(v) ? json_string_length(v) : json_array_size(v);
    size_t at[] = { 0, len };

    if (!json_is_string(v) && !json_is_array(v))
        return bad(c, v ? "can't slice item of this kind" : "slice of untyped nil");
    for (size_t i = 1; i < c->n; i++) {
        json_int_t n = json_integer_value(c->args[i]);
        if (!json_is_integer(c->args[i]) || n < 0 || (size_t)n > len)
            return err_set(c->err, ERR_BAD_PARAM, EINVAL, "index out of range: %lld", (long long)n);
        at[i - 1] = (size_t)n;
    }
    if (at[0] > at[1])
        return bad(c, "invalid slice index");
    if (json_is_string(v)) {
        AUTO_BUF b = { 0 };
        buf_put(&b, json_string_value(v) + at[0], at[1] - at[0]);
        return give(c, &b, ret);
    }
    *ret = json_array();
    for (size_t i = at[0]; i < at[1]; i++)
        json_array_append(*ret, json_array_get(v, i));
    return 0;
}

static int fn_join(const struct call *c, json_t **ret)
{
    AUTO_BUF b = { 0 };
    const json_t *list = c->args[0];
    const char *sep = json_string_value(c->args[1]);

    if ((!json_is_array(list) && !json_is_null(list)) || !sep)
        return bad(c, "wants a list and a separator");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (i)
            buf_puts(&b, sep);
        gotmpl_print(json_array_get(list, i), true, &b);
    }
    return give(c, &b, ret);
}

static int fn_split(const struct call *c, json_t **ret)
{
    const char *s = json_string_value(c->args[0]), *sep = json_string_value(c->args[1]);

    if (!s || !sep || !*sep)
        return bad(c, "wants a string and a separator");
    *ret = json_array();
    for (const char *p; (p = strstr(s, sep)); s = p + strlen(sep))
        json_array_append_new(*ret, json_stringn(s, (size_t)(p - s)));
    json_array_append_new(*ret, json_string(s));
    return 0;
}

/* ---------- text ---------- */

static int fn_json(const struct call *c, json_t **ret)
{
    AUTO_BUF text = { 0 }, b = { 0 };

    if (c->args[0])
        json_text(c->args[0], 0, &text);
    else
        buf_puts(&text, "null");
    /* Podman's json leaves <, > and & as they are. */
    for (const char *p = text.data; *p; p++) {
        if (str_starts(p, "\\u003c") || str_starts(p, "\\u003e") || str_starts(p, "\\u0026")) {
            buf_putc(&b, p[5] == 'c' ? '<' : p[5] == 'e' ? '>' : '&');
            p += 5;
        } else {
            buf_putc(&b, *p);
            if (*p == '\\')
                buf_putc(&b, *++p);
        }
    }
    return give(c, &b, ret);
}

static int fn_case(const struct call *c, json_t **ret)
{
    AUTO_BUF own = { 0 }, b = { 0 };
    const char *s = text_of(c->args[0], &own);
    bool start = true;

    for (; *s; s++) {
        char ch = *s;
        if (c->name[0] == 'u' || (c->name[0] == 't' && start))
            ch = (char)toupper((unsigned char)ch);
        else if (c->name[0] == 'l')
            ch = (char)tolower((unsigned char)ch);
        start = !isalnum((unsigned char)*s) && *s != '_' && *s != '\'' && !(*s & 0x80);
        buf_putc(&b, ch);
    }
    return give(c, &b, ret);
}

enum { MAX_PAD = 4096 };

static int fn_pad(const struct call *c, json_t **ret)
{
    AUTO_BUF own = { 0 }, b = { 0 };
    const char *s = text_of(c->args[0], &own);
    json_int_t before = json_integer_value(c->args[1]), after = json_integer_value(c->args[2]);

    if (before < 0 || after < 0 || before > MAX_PAD || after > MAX_PAD)
        return bad(c, "padding out of range");
    if (*s)
        buf_printf(&b, "%*s%s%*s", (int)before, "", s, (int)after, "");
    return give(c, &b, ret);
}

static int fn_truncate(const struct call *c, json_t **ret)
{
    AUTO_BUF own = { 0 }, b = { 0 };
    const char *s = text_of(c->args[0], &own);
    json_int_t n = json_integer_value(c->args[1]);

    if (!json_is_integer(c->args[1]) || n < 0)
        return bad(c, "length out of range");
    buf_put(&b, s, MIN((size_t)n, strlen(s)));
    return give(c, &b, ret);
}

static int fn_html(const struct call *c, json_t **ret)
{
    static const char from[] = "<>&\"'";
    static const char *const to[] = { "&lt;", "&gt;", "&amp;", "&#34;", "&#39;" };
    AUTO_BUF b = { 0 };

    for (size_t i = 0; i < c->n; i++) {
        AUTO_BUF own = { 0 };
        for (const char *s = text_of(c->args[i], &own); *s; s++) {
            const char *at = strchr(from, *s);
            if (at)
                buf_puts(&b, to[at - from]);
            else
                buf_putc(&b, *s);
        }
    }
    return give(c, &b, ret);
}

static int fn_js(const struct call *c, json_t **ret)
{
    AUTO_BUF b = { 0 };

    for (size_t i = 0; i < c->n; i++) {
        AUTO_BUF own = { 0 };
        for (const char *s = text_of(c->args[i], &own); *s; s++) {
            if (strchr("\\'\"", *s))
                buf_printf(&b, "\\%c", *s);
            else if (strchr("<>&=", *s) || (unsigned char)*s < 0x20)
                buf_printf(&b, "\\u%04X", (unsigned)*s);
            else
                buf_putc(&b, *s);
        }
    }
    return give(c, &b, ret);
}

static int fn_urlquery(const struct call *c, json_t **ret)
{
    AUTO_BUF b = { 0 };

    for (size_t i = 0; i < c->n; i++) {
        AUTO_BUF own = { 0 };
        for (const char *s = text_of(c->args[i], &own); *s; s++) {
            if (isalnum((unsigned char)*s) || strchr("-_.~", *s))
                buf_putc(&b, *s);
            else if (*s == ' ')
                buf_putc(&b, '+');
            else
                buf_printf(&b, "%%%02X", (unsigned char)*s);
        }
    }
    return give(c, &b, ret);
}

static int fn_print(const struct call *c, json_t **ret)
{
    AUTO_BUF b = { 0 };
    bool line = c->name[5] == 'l';

    for (size_t i = 0; i < c->n; i++) {
        if (i && (line || (!json_is_string(c->args[i]) && !json_is_string(c->args[i - 1]))))
            buf_putc(&b, ' ');
        gotmpl_print(c->args[i], true, &b);
    }
    if (line)
        buf_putc(&b, '\n');
    return give(c, &b, ret);
}

/* ---------- printf ---------- */

struct verb {
    bool minus, plus, zero, blank, sharp, has_precision;
    int width, precision;
    char c;
};

/* Reads what follows a '%'; returns where it ends. */
static const char *read_verb(const char *p, struct verb *v)
{
    *v = (struct verb) { 0 };
    for (;; p++) {
        if (*p == '-')
            v->minus = true;
        else if (*p == '+')
            v->plus = true;
        else if (*p == '0')
            v->zero = true;
        else if (*p == ' ')
            v->blank = true;
        else if (*p == '#')
            v->sharp = true;
        else
            break;
    }
    for (; isdigit((unsigned char)*p); p++)
        v->width = MIN(v->width * 10 + *p - '0', MAX_PAD);
    if (*p == '.') {
        v->has_precision = true;
        for (p++; isdigit((unsigned char)*p); p++)
            v->precision = MIN(v->precision * 10 + *p - '0', MAX_PAD);
    }
    v->c = *p;
    return *p ? p + 1 : p;
}

static const char *type_name(const json_t *v)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "map[string]interface {}",
        [JSON_ARRAY] = "[]interface {}",
        [JSON_STRING] = "string",
        [JSON_INTEGER] = "int",
        [JSON_REAL] = "float64",
        [JSON_TRUE] = "bool",
        [JSON_FALSE] = "bool",
        [JSON_NULL] = "<nil>",
    };
    return v ? names[json_typeof(v)] : "<nil>";
}

static void put_quoted(const char *s, struct buf *b)
{
    buf_putc(b, '"');
    for (; *s; s++) {
        static const char from[] = "\a\b\f\n\r\t\v\\\"", to[] = "abfnrtv\\\"";
        const char *at = strchr(from, *s);
        if (at)
            buf_printf(b, "\\%c", to[at - from]);
        else if ((unsigned char)*s < 0x20 || *s == 0x7f)
            buf_printf(b, "\\x%02x", (unsigned)*s);
        else
            buf_putc(b, *s);
    }
    buf_putc(b, '"');
}

static void put_binary(uint64_t n, struct buf *b)
{
    int bit = 63;

    while (bit > 0 && !(n >> bit & 1))
        bit--;
    for (; bit >= 0; bit--)
        buf_putc(b, (char)('0' + (n >> bit & 1)));
}

static bool put_integer(const struct verb *v, int64_t n, struct buf *b)
{
    uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    if (strchr("cqU", v->c)) {
        if (v->c == 'U')
            buf_printf(b, "U+%04llX", (unsigned long long)size);
        else if (n > 0 && n < 0x80)
            buf_printf(b, v->c == 'q' ? "'%c'" : "%c", (int)n);
        else
            return false;
        return true;
    }
    if (!strchr("vdxXob", v->c))
        return false;
    buf_puts(b, n < 0 ? "-" : v->plus ? "+" : v->blank ? " " : "");
    if (v->sharp && strchr("xXo", v->c))
        buf_puts(b, v->c == 'x' ? "0x" : v->c == 'X' ? "0X" : "0");
    if (v->c == 'x')
        buf_printf(b, "%llx", (unsigned long long)size);
    else if (v->c == 'X')
        buf_printf(b, "%llX", (unsigned long long)size);
    else if (v->c == 'o')
        buf_printf(b, "%llo", (unsigned long long)size);
    else if (v->c == 'b')
        put_binary(size, b);
    else
        buf_printf(b, "%llu", (unsigned long long)size);
    return true;
}

static bool put_float(const struct verb *v, double f, struct buf *b)
{
    int precision = v->has_precision ? v->precision : 6;

    if (!strchr("veEfFgG", v->c))
        return false;
    if (v->plus && !(f < 0))
        buf_putc(b, '+');
    if (strchr("vgG", v->c) && !v->has_precision)
        print_float(f, b);
    else if (v->c == 'e')
        buf_printf(b, "%.*e", precision, f);
    else if (v->c == 'E')
        buf_printf(b, "%.*E", precision, f);
    else if (v->c == 'f' || v->c == 'F')
        buf_printf(b, "%.*f", precision, f);
    else
        buf_printf(b, "%.*g", precision, f);
    return true;
}

/* The first @n characters. */
static size_t prefix_bytes(const char *s, int n)
{
    size_t i = 0;

    for (; s[i]; i++)
        if ((s[i] & 0xc0) != 0x80 && n-- == 0)
            break;
    return i;
}

static bool put_string(const struct verb *v, const char *s, struct buf *b)
{
    AUTO_BUF cut = { 0 };

    if (v->has_precision) {
        buf_put(&cut, s, prefix_bytes(s, v->precision));
        s = cut.len ? cut.data : "";
    }
    if (v->c == 'q')
        put_quoted(s, b);
    else if (v->c == 'x' || v->c == 'X')
        for (; *s; s++)
            buf_printf(b, v->c == 'x' ? "%02x" : "%02X", (unsigned char)*s);
    else if (v->c == 's' || v->c == 'v')
        buf_puts(b, s);
    else
        return false;
    return true;
}

static bool put_verb(const struct verb *v, const json_t *arg, struct buf *b)
{
    if (v->c == 'T') {
        buf_puts(b, type_name(arg));
        return true;
    }
    if (json_is_integer(arg))
        return put_integer(v, json_integer_value(arg), b);
    if (json_is_real(arg))
        return put_float(v, json_real_value(arg), b);
    if (json_is_string(arg))
        return put_string(v, json_string_value(arg), b);
    if (json_is_boolean(arg) ? v->c != 't' && v->c != 'v' : v->c != 's' && v->c != 'v')
        return false;
    gotmpl_print(arg, true, b);
    return true;
}

static void put_padded(const struct verb *v, const struct buf *text, bool number, struct buf *b)
{
    const char *s = text->data ? text->data : "";
    int chars = 0;

    for (const char *p = s; *p; p++)
        chars += (*p & 0xc0) != 0x80;
    int fill = MAX(v->width - chars, 0);
    if (v->minus) {
        buf_printf(b, "%s%*s", s, fill, "");
    } else if (v->zero && number) {
        if (*s == '-' || *s == '+')
            buf_putc(b, *s++);
        for (; fill > 0; fill--)
            buf_putc(b, '0');
        buf_puts(b, s);
    } else {
        buf_printf(b, "%*s%s", fill, "", s);
    }
}

static int fn_printf(const struct call *c, json_t **ret)
{
    AUTO_BUF b = { 0 };
    const char *p = json_string_value(c->args[0]);
    size_t next = 1;

    if (!p)
        return bad(c, "wants a format string");
    while (*p) {
        struct verb v;
        if (*p != '%') {
            buf_putc(&b, *p++);
            continue;
        }
        p = read_verb(p + 1, &v);
        if (v.c == '%') {
            buf_putc(&b, '%');
        } else if (!v.c) {
            buf_puts(&b, "%!(NOVERB)");
        } else if (next >= c->n) {
            buf_printf(&b, "%%!%c(MISSING)", v.c);
        } else {
            AUTO_BUF text = { 0 };
            const json_t *arg = c->args[next++];
            if (!put_verb(&v, arg, &text)) {
                buf_printf(&text, "%%!%c(%s=", v.c, type_name(arg));
                gotmpl_print(arg, true, &text);
                buf_putc(&text, ')');
            }
            put_padded(&v, &text, json_is_number(arg), &b);
        }
        if (b.len > (1 << 20) - 3 * MAX_PAD)
            return bad(c, "output is too large");
    }
    if (next < c->n)
        buf_puts(&b, "%!(EXTRA ");
    for (size_t i = next; i < c->n; i++) {
        buf_printf(&b, "%s%s=", i > next ? ", " : "", type_name(c->args[i]));
        gotmpl_print(c->args[i], true, &b);
    }
    if (next < c->n)
        buf_putc(&b, ')');
    return give(c, &b, ret);
}

/* ---------- the table ---------- */

static const struct func {
    const char *name;
    size_t min, max; /* arguments */
    int (*run)(const struct call *c, json_t **ret);
} funcs[] = {
    { "and", 1, SIZE_MAX, NULL },
    { "eq", 2, SIZE_MAX, fn_eq },
    { "ge", 2, 2, fn_order },
    { "gt", 2, 2, fn_order },
    { "html", 0, SIZE_MAX, fn_html },
    { "index", 1, SIZE_MAX, fn_index },
    { "join", 2, 2, fn_join },
    { "js", 0, SIZE_MAX, fn_js },
    { "json", 1, 1, fn_json },
    { "le", 2, 2, fn_order },
    { "len", 1, 1, fn_len },
    { "lower", 1, 1, fn_case },
    { "lt", 2, 2, fn_order },
    { "ne", 2, 2, fn_ne },
    { "not", 1, 1, fn_not },
    { "or", 1, SIZE_MAX, NULL },
    { "pad", 3, 3, fn_pad },
    { "print", 0, SIZE_MAX, fn_print },
    { "printf", 1, SIZE_MAX, fn_printf },
    { "println", 0, SIZE_MAX, fn_print },
    { "slice", 1, 3, fn_slice },
    { "split", 2, 2, fn_split },
    { "title", 1, 1, fn_case },
    { "truncate", 2, 2, fn_truncate },
    { "upper", 1, 1, fn_case },
    { "urlquery", 0, SIZE_MAX, fn_urlquery },
};

static const struct func *find_func(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_SIZE(funcs); i++)
        if (strncmp(funcs[i].name, name, len) == 0 && !funcs[i].name[len])
            return &funcs[i];
    return NULL;
}

bool gotmpl_has_func(const char *name, size_t len)
{
    return find_func(name, len) != NULL;
}

int gotmpl_call(const struct call *c, json_t **ret)
{
    const struct func *f = find_func(c->name, strlen(c->name));

    if (!f || !f->run)
        return bad(c, "cannot be called here");
    if (c->n < f->min || c->n > f->max)
        return err_set(c->err, ERR_BAD_PARAM, EINVAL, "wrong number of args: want %s%zu got %zu",
                       f->max == SIZE_MAX ? "at least " : "", c->n < f->min ? f->min : f->max,
                       c->n);
    return f->run(c, ret);
}
