/* What a client sends: the head of a request, its query, filters, chunk sizes; and the table of routes. */
#include "api/http.h"
#include "api/query.h"
#include "api/route.h"
#include "api/server_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct all {
    char *text, **words, **list, **filters;
    bool on;
    int tri;
    int64_t n;
};
static const struct query_field fields[] = {
    QF_STR(struct all, text, "text", "default"),
    QF_WORDS(struct all, words, "words"),
    QF_STRV(struct all, list, "list"),
    QF_BOOL(struct all, on, "on", NULL),
    QF_TRI(struct all, tri, "tri"),
    QF_I64(struct all, n, "n", "1"),
    QF_FILTERS(struct all, filters),
    { 0 },
};

static void try_query(struct arena *a, const char *text)
{
    struct all out = { 0 };
    kv_list q = { 0 };

    if (query_parse(a, text, &q, NULL) == 0 && query_decode(a, &q, fields, &out, NULL) == 0)
        for (char **p = out.filters; p && *p; p++)
            if (!strchr(*p, '='))
                abort(); /* what reads filters relies on it */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA a = { 0 };
    const char *text = (const char *)data;
    char *copy = arena_strndup(&a, text, size);
    struct conn conn = { 0 };
    struct request r = { .conn = &conn, .arena = &a };
    size_t n = http_head_length(text, size);
    uint64_t chunk;
    bool other;

    if (n > size)
        abort();
    if (n && http_parse_head(&a, text, n, &conn.head, NULL) == 0) {
        if (!conn.head.method || *conn.head.path != '/')
            abort();
        (void)route_find(&r, &other);
        try_query(&a, conn.head.query);
    }
    try_query(&a, copy);
    char **filters = NULL;
    (void)!query_filters(&a, copy, &filters, NULL);
    if (http_chunk_size(text, size, &chunk) == 0 && chunk >> 60)
        abort();
    (void)!http_unescape(&a, text, size, true);
    return 0;
}
