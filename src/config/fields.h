/* config/fields.h: a table of keys that fills a struct from a TOML document.
 *
 * A row is section, key, kind, the field's offset and its default as text.  The macros refuse a field of
 * another C type at compile time.  config_apply() checks types and values, names file, line and key in
 * errors, and warns about keys that no row knows. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/toml.h"

enum config_kind {
    CONF_END,
    CONF_STR,      /* char *                                                   */
    CONF_SIZE_STR, /* char *: a size such as 64m                                */
    CONF_TIME_STR, /* char *: a duration such as 2s                             */
    CONF_MODE_STR, /* char *: octal                                             */
    CONF_BOOL,     /* bool; storage.conf writes "true" with quotes: allowed too  */
    CONF_INT,      /* int64_t                                                  */
    CONF_SIZE,     /* int64_t: a number or a size such as "1m"                   */
    CONF_PINT,     /* int64_t *: NULL when absent                               */
    CONF_LIST,     /* char **; default: items separated by |                    */
    CONF_MAP,      /* kv_list: table of strings                                */
    CONF_LISTS,    /* config_strings_list: table of lists                      */
    CONF_OTHER,    /* read by .read                                            */
};

struct config_place { /* where a value stands, for messages */
    const char *file;
    int line;
    const char *section, *key;
};

struct config_field {
    const char *section, *key;
    enum config_kind kind;
    size_t off;
    const char *def;
    const char *choices; /* "a|b": nothing else is allowed; "" always is */
    int64_t min, max;    /* of numbers, when not both 0 */
    int (*read)(struct arena *a, const json_t *v, const struct config_place *at, void *field,
                struct err *err);
};

#define CONF_OFF_(T, m, ftype)                                                                     \
    (offsetof(T, m) +                                                                              \
     0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((T *)0)->m), ftype) ? 1 : -1]))

int config_defaults(struct arena *a, const struct config_field *fields, void *out,
                    struct err *err) MUST_CHECK;

/* @append has one bool a row: whether {append=true} was said for it, in this or an earlier file. */
int config_apply(struct arena *a, const struct config_field *fields, bool *append, void *out,
                 const struct toml *t, const char *file, struct err *err) MUST_CHECK;

/* "file:line: section.key: text" */
int config_error(const struct config_place *at, struct err *err, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* An array of strings; attributes as {append=true} are skipped into *append (may be NULL). */
int config_string_list(struct arena *a, const json_t *v, const struct config_place *at, char ***ret,
                       bool *append, struct err *err) MUST_CHECK;
