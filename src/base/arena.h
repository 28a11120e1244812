/* base/arena.h: memory that is freed at once.
 *
 * Document-shaped data (decoded manifests, configs, request state) lives in one arena per command
 * or request: `AUTO_ARENA a = { 0 };`.  Allocation aborts when memory is gone; ceilings are the
 * business of whoever decodes. */
#pragma once

#include "base/util.h"

struct arena_block;
struct arena {
    struct arena_block *head;
};

void *arena_alloc(struct arena *a, size_t n)
    __attribute__((returns_nonnull));               /* zeroed, 16-aligned */
char *arena_strdup(struct arena *a, const char *s); /* NULL stays NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
void *arena_memdup(struct arena *a, const void *p, size_t n) __attribute__((returns_nonnull));

/* A new array of @n + 1 items of @size bytes with the first @n copied from @old and room for one. */
void *arena_grow(struct arena *a, const void *old, size_t n, size_t size);

void arena_done(struct arena *a);

#define AUTO_ARENA CLEANUP(arena_done) struct arena

/* NULL-terminated string vectors in an arena (NULL is the empty vector). */
size_t strv_len(char *const *v);
/* Returns the new vector.  @v must be NULL or made by these functions: capacity is implied. */
char **strv_add(struct arena *a, char **v, const char *s);
char **strv_copy(struct arena *a, char *const *v);
char **strv_concat(struct arena *a, char *const *v, char *const *w);
bool strv_has(char *const *v, const char *s);
char **strv_split(struct arena *a, const char *s, char sep); /* "a,,b" gives "a","","b" */
char *strv_join(struct arena *a, char *const *v, const char *sep);

/* Environment-like vectors of "KEY=value": the last setting of a key wins and keeps its place. */
const char *env_get(char *const *env, const char *key);
char **env_set(struct arena *a, char **env, const char *assignment);
char **env_unset(struct arena *a, char **env, const char *key);
