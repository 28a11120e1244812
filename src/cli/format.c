#include "cli/format.h"

#include <ctype.h>

#include "base/gotmpl.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/texttable.h"

#include "base/banned.h"

static const char *skip_blanks(const char *s)
{
    return s + strspn(s, " \t\n");
}

bool cli_format_is_json(const char *format)
{
    const char *s = skip_blanks(format);
    bool braces = str_starts(s, "{{");

    if (braces)
        s = skip_blanks(s + 2);
    if (!str_starts(s, "json"))
        return false;
    s = skip_blanks(s + 4);
    if (!braces)
        return !*s;
    if (*s == '.')
        s = skip_blanks(s + 1);
    return str_starts(s, "}}") && !*skip_blanks(s + 2);
}

/* The template as Go gets it: escapes replaced, in a table that was asked for blanks between the columns
 * too, and a newline at its end. */
static void normalize(const char *format, bool blanks, struct buf *out)
{
    bool inside = false;

    for (const char *s = format; *s; s++) {
        if (str_starts(s, "{{"))
            inside = true;
        else if (str_starts(s, "}}"))
            inside = false;
        if (s[0] == '\\' && (s[1] == 't' || s[1] == 'n')) {
            buf_putc(out, *++s == 't' ? '\t' : '\n');
        } else {
            buf_putc(out, blanks && !inside && *s == ' ' ? '\t' : *s);
        }
    }
    if (!out->len || out->data[out->len - 1] != '\n')
        buf_putc(out, '\n');
}

/* "CreatedAt": "CREATED AT", "ImageID": "IMAGE ID". */
static void title_of(const char *field, struct buf *out)
{
    for (const char *s = field; *s; s++) {
        bool upper = isupper((unsigned char)*s);
        bool after_lower = s > field && !isupper((unsigned char)s[-1]);
        bool before_lower = s > field && islower((unsigned char)s[1]);
        if (upper && (after_lower || before_lower))
            buf_putc(out, ' ');
        buf_putc(out, (char)toupper((unsigned char)*s));
    }
}

/* An object that has the title of every field that the template names. */
static json_t *header_row(const char *text, const struct cli_header *headers)
{
    json_t *row = json_object();

    for (const char *s = text; (s = strchr(s, '.'));) {
        AUTO_BUF name = { 0 }, title = { 0 };
        size_t n = 0;
        s++;
        while (isalnum((unsigned char)s[n]) || s[n] == '_')
            n++;
        if (!n)
            continue;
        buf_put(&name, s, n);
        const struct cli_header *h = headers;
        while (h && h->field && !STR_EQ(h->field, name.data))
            h++;
        if (h && h->field)
            buf_puts(&title, h->title);
        else
            title_of(name.data, &title);
        json_object_set_new(row, name.data, json_string(title.data));
    }
    return row;
}

static int put_out(const struct buf *b, struct err *err)
{
    if (b->len && fwrite(b->data, 1, b->len, stdout) != b->len)
        return err_sys(err, errno, "writing to stdout");
    return 0;
}

static int print_json(const json_t *doc, int indent, struct err *err)
{
    AUTO_BUF out = { 0 };

    json_text(doc, indent ? indent : 2, &out);
    buf_putc(&out, '\n');
    return put_out(&out, err);
}

struct chosen {
    const char *text; /* after "table " */
    bool table, blanks;
};

static struct chosen choose(const struct cli_list *how)
{
    bool own = !how->format || (how->def && STR_EQ(skip_blanks(how->format), "table"));
    const char *f = own ? how->def : how->format;
    bool table = gotmpl_is_table(f);

    return (struct chosen) { table ? skip_blanks(f + strlen("table")) : f, table, table && !own };
}

static int run_rows(const struct gotmpl *t, const json_t *rows, const struct json_type *type,
                    struct buf *out, struct err *err)
{
    size_t i;
    json_t *row;
    int r = 0;

    json_array_foreach (rows, i, row) {
        r = gotmpl_run_strict(t, row, type, out, err);
        if (r < 0)
            break;
    }
    return r;
}

/* "{{range .}}" takes the whole list; "{{range .Mounts}}" is about each of its elements. */
static bool ranges_over_list(const char *text)
{
    if (!str_starts(text, "{{range"))
        return false;
    text += strlen("{{range");
    text += strspn(text, " \t\n");
    const char *comma = strstr(text, ":="); /* $i, $x := . */
    if (*text == '$' && comma)
        text = comma + 2 + strspn(comma + 2, " \t\n");
    return *text == '.' && !isalpha((unsigned char)text[1]);
}

static int print_template(const json_t *doc, const struct cli_list *how, bool list, struct err *err)
{
    AUTO_BUF text = { 0 }, out = { .max = LIMIT_TEMPLATE_OUTPUT }, aligned = { 0 };
    const struct chosen f = choose(how);
    int r = 0;

    normalize(f.text, f.blanks, &text);
    struct gotmpl *t = gotmpl_parse(text.data, err);
    if (!t)
        return how->title ? err_wrap(err, "%s", how->title) : -EINVAL;
    if (f.table && list && !how->no_heading) {
        json_t *titles = header_row(text.data, how->headers);
        r = gotmpl_run(t, titles, &out, err);
        json_decref(titles);
    }
    if (r == 0)
        r = list && !ranges_over_list(f.text)
                ? run_rows(t, doc, how->type, &out, err)
                : gotmpl_run_strict(t, doc, list ? NULL : how->type, &out, err);
    gotmpl_free(t);
    if (r < 0)
        return how->title ? err_wrap(err, "%s", how->title) : r;
    if (!f.table)
        return put_out(&out, err);
    texttable_align(out.data ? out.data : "", out.len, &aligned);
    return put_out(&aligned, err);
}

static int print_any(const json_t *doc, const struct cli_list *how, bool list, struct err *err)
{
    const char *f = how->format ? how->format : how->def;

    if (!f || cli_format_is_json(f))
        return print_json(doc, how->indent, err);
    return print_template(doc, how, list, err);
}

int cli_print_list(const json_t *rows, const struct cli_list *how, struct err *err)
{
    return print_any(rows, how, true, err);
}

int cli_print_one(const json_t *doc, const struct cli_list *how, struct err *err)
{
    return print_any(doc, how, false, err);
}
