#include "base/arena.h"

#include <stdarg.h>

#include "base/banned.h"

struct arena_block {
    struct arena_block *next;
    size_t used, cap;
    char mem[] __attribute__((aligned(16)));
};

enum { BLOCK_MIN = 8192 };

void *arena_alloc(struct arena *a, size_t n)
{
    n = (n + 15) & ~(size_t)15;
    if (!a->head || a->head->cap - a->head->used < n) {
        size_t cap = MAX(n, (size_t)BLOCK_MIN);
        struct arena_block *b = xcalloc(1, sizeof(*b) + cap);
        b->cap = cap;
        b->next = a->head;
        a->head = b;
    }
    void *p = a->head->mem + a->head->used;
    a->head->used += n;
    return p;
}

void *arena_memdup(struct arena *a, const void *p, size_t n)
{
    void *q = arena_alloc(a, n);
    if (n)
        memcpy(q, p, n);
    return q;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *p = arena_alloc(a, n + 1);
    memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        abort();
    char *p = arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}

void *arena_grow(struct arena *a, const void *old, size_t n, size_t size)
{
    char *p = arena_alloc(a, (n + 1) * size);
    if (n)
        memcpy(p, old, n * size);
    return p;
}

void arena_done(struct arena *a)
{
    while (a->head) {
        struct arena_block *b = a->head;
        a->head = b->next;
        free(b);
    }
}

size_t strv_len(char *const *v)
{
    size_t n = 0;
    while (v && v[n])
        n++;
    return n;
}

/* A vector of @n strings has room for what strv_add() takes for granted: it doubles when n + 1 is a
 * power of two. */
static char **strv_room(struct arena *a, size_t n)
{
    size_t cap = 2;

    while (cap <= n + 1)
        cap *= 2;
    return arena_alloc(a, cap * sizeof(char *));
}

char **strv_add(struct arena *a, char **v, const char *s)
{
    size_t n = strv_len(v);

    if (!v || (n & (n + 1)) == 0) {
        char **w = arena_alloc(a, (2 * n + 2) * sizeof(*w));
        if (n)
            memcpy(w, v, n * sizeof(*w));
        v = w;
    }
    v[n] = arena_strdup(a, s);
    v[n + 1] = NULL;
    return v;
}

char **strv_copy(struct arena *a, char *const *v)
{
    return strv_concat(a, v, NULL);
}

char **strv_concat(struct arena *a, char *const *v, char *const *w)
{
    size_t n = strv_len(v) + strv_len(w), i = 0;
    char **out = n ? strv_room(a, n) : NULL;

    for (; v && *v; v++)
        out[i++] = arena_strdup(a, *v);
    for (; w && *w; w++)
        out[i++] = arena_strdup(a, *w);
    return out;
}

bool strv_has(char *const *v, const char *s)
{
    for (; v && *v; v++)
        if (STR_EQ(*v, s))
            return true;
    return false;
}

char **strv_split(struct arena *a, const char *s, char sep)
{
    size_t n = 1;

    for (const char *p = s; (p = strchr(p, sep)); p++)
        n++;
    /* The words share one copy of the text: a file of a million lines costs a million pointers. */
    char **out = strv_room(a, n), *text = arena_strdup(a, s);
    for (size_t i = 0; i < n; i++) {
        out[i] = text;
        text = strchrnul(text, sep);
        *text++ = '\0';
    }
    return out;
}

char *strv_join(struct arena *a, char *const *v, const char *sep)
{
    size_t len = 1, sep_len = strlen(sep);

    for (char *const *p = v; p && *p; p++)
        len += strlen(*p) + sep_len;
    char *out = arena_alloc(a, len), *at = out;
    for (char *const *p = v; p && *p; p++) {
        if (p != v)
            at = mempcpy(at, sep, sep_len);
        at = mempcpy(at, *p, strlen(*p));
    }
    *at = '\0';
    return out;
}

static bool env_is(const char *entry, const char *key, size_t key_len)
{
    return strncmp(entry, key, key_len) == 0 && (entry[key_len] == '=' || !entry[key_len]);
}

const char *env_get(char *const *env, const char *key)
{
    size_t n = strlen(key);

    for (; env && *env; env++)
        if (env_is(*env, key, n) && (*env)[n] == '=')
            return *env + n + 1;
    return NULL;
}

char **env_set(struct arena *a, char **env, const char *assignment)
{
    size_t n = (size_t)(strchrnul(assignment, '=') - assignment);

    for (char **e = env; e && *e; e++)
        if (strncmp(*e, assignment, n) == 0 && ((*e)[n] == '=' || !(*e)[n])) {
            *e = arena_strdup(a, assignment);
            return env;
        }
    return strv_add(a, env, assignment);
}

char **env_unset(struct arena *a, char **env, const char *key)
{
    char **out = NULL;
    size_t n = strlen(key);

    for (; env && *env; env++)
        if (!env_is(*env, key, n))
            out = strv_add(a, out, *env);
    return out;
}
