/* base/json.h: one field table per JSON shape reads it and writes it.
 *
 * A row is a C field, its key, its type and flags; the order of rows is the order of output; "always"
 * or "omit when empty" is a flag, because clients written in Go notice.  The macros reject a C field
 * of another type at compile time.  jansson reads and writes the documents underneath.
 *
 *   struct descriptor { char *media_type, *digest; int64_t size; };
 *   static const struct json_field descriptor_rows[] = {
 *       JF_STR(struct descriptor, media_type, "mediaType", JF_REQUIRED),
 *       JF_I64(struct descriptor, size, "size", 0),
 *       { 0 },
 *   };
 *   const struct json_type descriptor_type = JSON_TYPE(struct descriptor, descriptor_rows);
 *
 * Decoded strings and arrays live in the caller's arena. */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum json_kind {
    JK_END,
    JK_STR,    /* char *                         */
    JK_I64,    /* int64_t                        */
    JK_U32,    /* uint32_t                       */
    JK_F64,    /* double                         */
    JK_BOOL,   /* bool                           */
    JK_STRV,   /* char **, NULL-terminated       */
    JK_MAP,    /* JSON_LIST(struct kv): object of strings; written sorted by key, as Go does */
    JK_OBJ,    /* struct T, inline               */
    JK_PTR,    /* struct T *, NULL when absent   */
    JK_LIST,   /* JSON_LIST(T): array of objects */
    JK_OBJMAP, /* JSON_LIST(T) whose first member is `char *key`: object of objects */
    JK_RAW,    /* json_t *, a borrowed reference of the document: keep the document alive */
    JK_TIME,   /* int64_t nanoseconds, RFC 3339 text outside */
    JK_NUMS,   /* JSON_LIST(int64_t): array of integers */
    JK_PI64,   /* int64_t *, NULL when absent    */
    JK_PBOOL,  /* bool *, NULL when absent       */
    JK_U64,    /* uint64_t; above INT64_MAX only UINT64_MAX is kept to the last digit */
    JK_SET,    /* char **, NULL-terminated: object whose keys are the strings, values {} */
};

enum {
    JF_REQUIRED = 1 << 0,   /* reading fails when it is missing */
    JF_OMIT_EMPTY = 1 << 1, /* not written when zero, NULL or empty (Go's omitempty) */
    JF_EMPTY_NULL = 1 << 2, /* an empty list or map is written as null, not as [] or {} */
};

struct kv {
    char *key, *val;
};

#define JSON_LIST(T)                                                                               \
    struct {                                                                                       \
        T *items;                                                                                  \
        size_t n;                                                                                  \
    }
/* How the codec sees any JSON_LIST. */
struct json_list {
    void *items;
    size_t n;
};

/* Appends a zeroed item to a JSON_LIST and yields a pointer to it. */
#define LIST_ADD(arena, list)                                                                      \
    ({                                                                                             \
        (list).items = list_grow((arena), (list).items, (list).n, sizeof(*(list).items));          \
        &(list).items[(list).n++];                                                                 \
    })
void *list_grow(struct arena *a, void *items, size_t n, size_t size);

struct json_field {
    const char *key;
    enum json_kind kind;
    unsigned flags;
    size_t off;
    const struct json_type *sub;
};
struct json_type {
    const struct json_field *fields;
    size_t size;
};
#define JSON_TYPE(T, rows)                                                                         \
    {                                                                                              \
        .fields = (rows), .size = sizeof(T)                                                        \
    }

#define JF_OFF_(T, f, ftype)                                                                       \
    (offsetof(T, f) +                                                                              \
     0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((T *)0)->f), ftype) ? 1 : -1]))
#define JF_STR(T, f, k, fl)                                                                        \
    {                                                                                              \
        k, JK_STR, fl, JF_OFF_(T, f, char *), NULL                                                 \
    }
#define JF_I64(T, f, k, fl)                                                                        \
    {                                                                                              \
        k, JK_I64, fl, JF_OFF_(T, f, int64_t), NULL                                                \
    }
#define JF_U64(T, f, k, fl)                                                                        \
    {                                                                                              \
        k, JK_U64, fl, JF_OFF_(T, f, uint64_t), NULL                                               \
    }
#define JF_U32(T, f, k, fl)                                                                        \
    {                                                                                              \
        k, JK_U32, fl, JF_OFF_(T, f, uint32_t), NULL                                               \
    }
#define JF_F64(T, f, k, fl)                                                                        \
    {                                                                                              \
        k, JK_F64, fl, JF_OFF_(T, f, double), NULL                                                 \
    }
#define JF_BOOL(T, f, k, fl)                                                                       \
    {                                                                                              \
        k, JK_BOOL, fl, JF_OFF_(T, f, bool), NULL                                                  \
    }
#define JF_STRV(T, f, k, fl)                                                                       \
    {                                                                                              \
        k, JK_STRV, fl, JF_OFF_(T, f, char **), NULL                                               \
    }
#define JF_SET(T, f, k, fl)                                                                        \
    {                                                                                              \
        k, JK_SET, fl, JF_OFF_(T, f, char **), NULL                                                \
    }
#define JF_RAW(T, f, k, fl)                                                                        \
    {                                                                                              \
        k, JK_RAW, fl, JF_OFF_(T, f, json_t *), NULL                                               \
    }
#define JF_TIME(T, f, k, fl)                                                                       \
    {                                                                                              \
        k, JK_TIME, fl, JF_OFF_(T, f, int64_t), NULL                                               \
    }
#define JF_PI64(T, f, k, fl)                                                                       \
    {                                                                                              \
        k, JK_PI64, fl, JF_OFF_(T, f, int64_t *), NULL                                             \
    }
#define JF_PBOOL(T, f, k, fl)                                                                      \
    {                                                                                              \
        k, JK_PBOOL, fl, JF_OFF_(T, f, bool *), NULL                                               \
    }
#define JF_OBJ(T, f, k, fl, ty)                                                                    \
    {                                                                                              \
        k, JK_OBJ, fl, offsetof(T, f), ty                                                          \
    }
#define JF_PTR(T, f, k, fl, ty)                                                                    \
    {                                                                                              \
        k, JK_PTR, fl, offsetof(T, f), ty                                                          \
    }
#define JF_LIST(T, f, k, fl, ty)                                                                   \
    {                                                                                              \
        k, JK_LIST, fl, offsetof(T, f) + 0 * sizeof(((T *)0)->f.n), ty                             \
    }
#define JF_OBJMAP(T, f, k, fl, ty)                                                                 \
    {                                                                                              \
        k, JK_OBJMAP, fl, offsetof(T, f) + 0 * sizeof(((T *)0)->f.n), ty                           \
    }
#define JF_MAP(T, f, k, fl)                                                                        \
    {                                                                                              \
        k, JK_MAP, fl, JF_OFF_(T, f.items, struct kv *), NULL                                      \
    }
#define JF_NUMS(T, f, k, fl)                                                                       \
    {                                                                                              \
        k, JK_NUMS, fl, JF_OFF_(T, f.items, int64_t *), NULL                                       \
    }

typedef JSON_LIST(
    struct kv) kv_list; /* the one typedef: a map type has to have a name to be passed */

const char *kv_get(const kv_list *m, const char *key);
void kv_set(struct arena *a, kv_list *m, const char *key, const char *val);
/* Of words "key=value", or "key" alone: an empty value. */
void kv_set_words(struct arena *a, kv_list *m, char *const *words);
/* A new reference: {"key":"value",...}. */
json_t *kv_object(const kv_list *m);

/* Reads @doc into @out (zeroed by the caller; keys that are absent leave their field alone).
 * Unknown keys are ignored; a wrong type or a missing required key names its path. */
int json_read(struct arena *a, const json_t *doc, const struct json_type *type, void *out,
              struct err *err) MUST_CHECK;
/* The same with keys matched without regard to case: input of Docker's clients. */
int json_read_nocase(struct arena *a, const json_t *doc, const struct json_type *type, void *out,
                     struct err *err) MUST_CHECK;

/* For a document whose scalars are all text, as YAML's: numbers and booleans where the table has them, text where it
 * cannot be one (then json_read() complains). */
void json_coerce(json_t *doc, const struct json_type *type);

/* A new reference. */
json_t *json_from(const struct json_type *type, const void *in);

/* Parses text; @what names it in errors.  Duplicate keys and more than LIMIT_JSON_DEPTH levels are
 * refused.  Integers above INT64_MAX (Go's uint64: RLIM_INFINITY) are reals in the document; JK_U64
 * and json_text() turn them back.  NULL with @err set on failure; the caller owns the reference. */
json_t *json_parse(const char *data, size_t len, const char *what, struct err *err);
/* Reads and parses (dir, path), at most @max bytes. */
json_t *json_parse_file(int dir, const char *path, size_t max, struct err *err);

/* Text as Go's encoding/json writes it: no escaped slashes, UTF-8 kept, <>& escaped as \u003c ...
 * @indent: 0 compact, otherwise that many spaces, "": " after a key. */
void json_text(const json_t *doc, int indent, struct buf *out);

static inline void json_decref_p(json_t **j)
{
    json_decref(*j);
}
#define AUTO_JSON CLEANUP(json_decref_p) json_t
