#include "base/yaml_text.h"

#include <ctype.h>

#include "base/parse.h"

#include "base/banned.h"

/* Would a reader take the plain text for something other than this string? */
static bool needs_quotes(const char *s)
{
    double d;
    bool b;

    if (!*s || strchr("-?:,[]{}#&*!|>'\"%@` ", *s) || s[strlen(s) - 1] == ' ' || strstr(s, ": ") ||
        strstr(s, " #") || s[strlen(s) - 1] == ':')
        return true;
    if (STR_IN(s, "null", "~", "yes", "no", "on", "off", "Yes", "No", "On", "Off", "y", "n") ||
        parse_bool(s, &b) == 0 || parse_f64(s, &d) == 0)
        return true;
    if (strspn(s, "0123456789") == 4 && s[4] == '-') /* a date */
        return true;
    for (const char *p = s; *p; p++)
        if (iscntrl((unsigned char)*p))
            return true;
    return false;
}

static void scalar(const json_t *v, struct buf *out)
{
    switch (json_typeof(v)) {
    case JSON_STRING: {
        const char *s = json_string_value(v);
        if (!needs_quotes(s)) {
            buf_puts(out, s);
            break;
        }
        buf_putc(out, '"');
        for (; *s; s++) {
            if (*s == '\n')
                buf_puts(out, "\\n");
            else if (*s == '\t')
                buf_puts(out, "\\t");
            else if (iscntrl((unsigned char)*s))
                buf_printf(out, "\\x%02x", (unsigned char)*s);
            else {
                if (*s == '"' || *s == '\\')
                    buf_putc(out, '\\');
                buf_putc(out, *s);
            }
        }
        buf_putc(out, '"');
        break;
    }
    case JSON_INTEGER:
        buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        break;
    case JSON_REAL:
        buf_printf(out, "%.15g", json_real_value(v));
        break;
    case JSON_TRUE:
        buf_puts(out, "true");
        break;
    case JSON_FALSE:
        buf_puts(out, "false");
        break;
    case JSON_NULL:
        buf_puts(out, "null");
        break;
    case JSON_OBJECT:
        buf_puts(out, "{}");
        break;
    case JSON_ARRAY:
        buf_puts(out, "[]");
        break;
    }
}

static bool is_block(const json_t *v)
{
    return (json_is_object(v) && json_object_size(v)) || (json_is_array(v) && json_array_size(v));
}

static void spaces(struct buf *out, int n)
{
    while (n-- > 0)
        buf_putc(out, ' ');
}

/* @first: the line has been begun already (an entry of a list). */
static void block(const json_t *v, int level, bool first, struct buf *out)
{
    const char *key;
    json_t *each;
    size_t i;

    if (json_is_array(v)) {
        json_array_foreach (v, i, each) {
            if (!first || i)
                spaces(out, level);
            buf_puts(out, "- ");
            if (is_block(each))
                block(each, level + 2, true, out);
            else {
                scalar(each, out);
                buf_putc(out, '\n');
            }
        }
        return;
    }
    json_object_foreach ((json_t *)(uintptr_t)v, key, each) {
        if (!first)
            spaces(out, level);
        first = false;
        buf_printf(out, "%s:", key);
        if (is_block(each)) {
            buf_putc(out, '\n');
            block(each, level + (json_is_array(each) ? 0 : 2), false, out);
        } else {
            buf_putc(out, ' ');
            scalar(each, out);
            buf_putc(out, '\n');
        }
    }
}

void yaml_text(const json_t *doc, struct buf *out)
{
    if (is_block(doc))
        block(doc, 0, false, out);
    else {
        scalar(doc, out);
        buf_putc(out, '\n');
    }
}
