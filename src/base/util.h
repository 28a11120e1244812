/* base/util.h: ownership and small macros that every file uses.
 *
 * A variable owns what it holds until it is handed over by name: AUTO_FREE, AUTO_CLOSE and their
 * kin release at the end of the scope, HANDOVER() takes the value out.  An empty descriptor is
 * -EBADF, an empty pointer NULL. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define MUST_CHECK        __attribute__((warn_unused_result))
#define CLEANUP(fn)       __attribute__((cleanup(fn)))
#define ARRAY_SIZE(a)     (sizeof(a) / sizeof((a)[0]))
#define STR_EQ(a, b)      (strcmp((a), (b)) == 0)
/* Of values, not of calls: an argument is evaluated twice. */
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define HANDOVER(p)                                                                                \
    ({                                                                                             \
        __typeof__(p) t_ = (p);                                                                    \
        (p) = NULL;                                                                                \
        t_;                                                                                        \
    })
#define HANDOVER_FD(fd)                                                                            \
    ({                                                                                             \
        int t_ = (fd);                                                                             \
        (fd) = -EBADF;                                                                             \
        t_;                                                                                        \
    })

static inline void free_p(void *p)
{
    free(*(void **)p);
}

static inline void close_p(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        close(*fd);
        errno = saved;
    }
}

static inline void fclose_p(FILE **f)
{
    if (*f)
        fclose(*f);
}

#define AUTO_FREE   CLEANUP(free_p)
#define AUTO_CLOSE  CLEANUP(close_p)
#define AUTO_FCLOSE CLEANUP(fclose_p)

/* Allocation of sizes that no outsider decides: abort when memory is gone.  What a peer, a file or
 * a user sizes goes through a struct buf with a ceiling instead. */
void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t n) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2) __attribute__((malloc, returns_nonnull));

static inline bool str_empty(const char *s)
{
    return !s || !*s;
}

/* NULL-tolerant equality: two NULLs are equal. */
static inline bool str_same(const char *a, const char *b)
{
    return a == b || (a && b && STR_EQ(a, b));
}

static inline bool str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

static inline bool str_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && STR_EQ(s + n - m, suffix);
}

/* STR_IN(s, "a", "b"): is it one of these? */
static inline bool str_in_list(const char *s, const char *const *list)
{
    for (; *list; list++)
        if (STR_EQ(s, *list))
            return true;
    return false;
}
#define STR_IN(s, ...) str_in_list((s), (const char *const[]) { __VA_ARGS__, NULL })
