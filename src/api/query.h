/* api/query.h: the parameters of a request, decoded by a table as a command's options are.
 *
 *   struct kill_query { char *signal; bool all; };
 *   static const struct query_field kill_fields[] = {
 *       QF_STR(struct kill_query, signal, "signal", "SIGKILL"),
 *       QF_BOOL(struct kill_query, all, "all", NULL),
 *       { 0 },
 *   };
 *
 * Parameters that no row names are passed over, as Podman does; one that has no value of its kind is a 400. */
#pragma once

#include "base/json.h"

enum query_kind {
    QK_END,
    QK_STR,     /* char *: the last one given */
    QK_BOOL,    /* bool: Go's words, also on, off, yes, no; "" is false */
    QK_TRI,     /* int: -1 not given */
    QK_I64,     /* int64_t */
    QK_STRV,    /* char **: each time it is given */
    QK_FILTERS, /* char **: a JSON object of lists, or of objects of booleans -> "key=value" */
    QK_WORDS,   /* char **: a JSON list of strings, or each time it is given */
};

struct query_field {
    const char *name;
    enum query_kind kind;
    size_t off;
    const char *def; /* as if it had been sent; NULL: zero */
};

#define QF_(T, f, n, k, ctype, d)                                                                  \
    {                                                                                              \
        .name = n, .kind = k, .def = d,                                                            \
        .off =                                                                                     \
            offsetof(T, f) +                                                                       \
            0 * sizeof(                                                                            \
                    char[__builtin_types_compatible_p(__typeof__(((T *)0)->f), ctype) ? 1 : -1])   \
    }
#define QF_STR(T, f, n, d)  QF_(T, f, n, QK_STR, char *, d)
#define QF_BOOL(T, f, n, d) QF_(T, f, n, QK_BOOL, bool, d)
#define QF_TRI(T, f, n)     QF_(T, f, n, QK_TRI, int, NULL)
#define QF_I64(T, f, n, d)  QF_(T, f, n, QK_I64, int64_t, d)
#define QF_STRV(T, f, n)    QF_(T, f, n, QK_STRV, char **, NULL)
#define QF_WORDS(T, f, n)   QF_(T, f, n, QK_WORDS, char **, NULL)
#define QF_FILTERS(T, f)    QF_(T, f, "filters", QK_FILTERS, char **, NULL)

/* "a=1&b=x%20y" into pairs, unescaped.  ERR_BAD_PARAM for a bad escape, ERR_TOO_BIG beyond QUERY_MAX pairs. */
enum { QUERY_MAX = 4096 };
int query_parse(struct arena *a, const char *text, kv_list *ret, struct err *err) MUST_CHECK;

/* Fills the struct @out, which the caller has zeroed. */
int query_decode(struct arena *a, const kv_list *q, const struct query_field *fields, void *out,
                 struct err *err) MUST_CHECK;

/* What QK_FILTERS makes of a text. */
int query_filters(struct arena *a, const char *text, char ***ret, struct err *err) MUST_CHECK;

bool query_has(const kv_list *q, const char *name);
