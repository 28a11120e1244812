#include "base/csv.h"

#include "base/buf.h"

#include "base/banned.h"

static int csv_quoted(const char *text, const char **pp, struct buf *field, struct err *err)
{
    const char *p = *pp + 1;

    for (;; p++) {
        if (!*p)
            break;
        if (*p == '"' && p[1] == '"') {
            buf_putc(field, '"');
            p++;
        } else if (*p == '"' && (p[1] == ',' || !p[1])) {
            *pp = p + 1;
            return 0;
        } else if (*p == '"') {
            break;
        } else {
            buf_putc(field, *p);
        }
    }
    return err_set(err, ERR_BAD_PARAM, EINVAL,
                   "parse error on line 1, column %zu: extraneous or missing \" in quoted-field",
                   (size_t)(p - text) + 1);
}

int csv_record(struct arena *a, const char *text, char ***ret, struct err *err)
{
    char **v = NULL;

    for (const char *p = text; *text; p++) {
        AUTO_BUF field = { 0 };
        if (*p == '"') {
            int r = csv_quoted(text, &p, &field, err);
            if (r < 0)
                return r;
        } else {
            size_t n = strcspn(p, ",");
            const char *quote = memchr(p, '"', n);
            if (quote)
                return err_set(err, ERR_BAD_PARAM, EINVAL,
                               "parse error on line 1, column %zu: bare \" in non-quoted-field",
                               (size_t)(quote - text) + 1);
            buf_put(&field, p, n);
            p += n;
        }
        v = strv_add(a, v, field.data ? field.data : "");
        if (!*p)
            break;
    }
    *ret = v;
    return 0;
}
