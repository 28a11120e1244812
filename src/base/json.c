#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <strings.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/parse.h"

#include "base/banned.h"

void *list_grow(struct arena *a, void *items, size_t n, size_t size)
{
    /* Doubles at powers of two; the capacity is implied by the count. */
    if (!items || (n & (n - 1)) == 0) {
        void *p = arena_alloc(a, MAX(2 * n, (size_t)1) * size);
        if (n)
            memcpy(p, items, n * size);
        return p;
    }
    return items;
}

const char *kv_get(const kv_list *m, const char *key)
{
    for (size_t i = 0; i < m->n; i++)
        if (STR_EQ(m->items[i].key, key))
            return m->items[i].val;
    return NULL;
}

void kv_set(struct arena *a, kv_list *m, const char *key, const char *val)
{
    for (size_t i = 0; i < m->n; i++)
        if (STR_EQ(m->items[i].key, key)) {
            m->items[i].val = arena_strdup(a, val);
            return;
        }
    struct kv *kv = LIST_ADD(a, *m);
    kv->key = arena_strdup(a, key);
    kv->val = arena_strdup(a, val);
}

void kv_set_words(struct arena *a, kv_list *m, char *const *words)
{
    for (; words && *words; words++) {
        size_t n = strcspn(*words, "=");
        kv_set(a, m, arena_strndup(a, *words, n), (*words)[n] ? *words + n + 1 : "");
    }
}

json_t *kv_object(const kv_list *m)
{
    json_t *out = json_object();

    for (size_t i = 0; i < m->n; i++)
        json_object_set_new(out, m->items[i].key, json_string(m->items[i].val));
    return out;
}

/* ---------- reading ---------- */

struct reader {
    struct arena *arena;
    bool nocase;
    struct err *err;
};

static int read_obj(struct reader *rd, const json_t *doc, const struct json_type *type, void *out);

static const json_t *lookup(const struct reader *rd, const json_t *doc, const char *key)
{
    const json_t *v = json_object_get(doc, key);
    const char *k;
    json_t *each;

    if (v || !rd->nocase)
        return v;
    json_object_foreach ((json_t *)(uintptr_t)doc, k, each)
        if (strcasecmp(k, key) == 0)
            return each;
    return NULL;
}

static int wrong(struct reader *rd, const struct json_field *f, const char *want)
{
    return err_set(rd->err, ERR_BAD_PARAM, EINVAL, "field \"%s\": not %s", f->key, want);
}

static int read_int(struct reader *rd, const json_t *v, const struct json_field *f, int64_t *ret)
{
    if (json_is_integer(v)) {
        *ret = json_integer_value(v);
        return 0;
    }
    /* Some clients send 1e9 or 5.0; a whole number is one, however it is written. */
    if (json_is_real(v) && trunc(json_real_value(v)) == json_real_value(v) &&
        fabs(json_real_value(v)) < 9e18) {
        *ret = (int64_t)json_real_value(v);
        return 0;
    }
    return wrong(rd, f, "an integer");
}

static int read_strv(struct reader *rd, const json_t *v, const struct json_field *f, char ***ret)
{
    char **out = NULL;
    size_t i;
    json_t *each;

    if (json_is_string(v)) { /* a lone string where a list is meant (Docker's Cmd, Entrypoint) */
        *ret = strv_add(rd->arena, NULL, json_string_value(v));
        return 0;
    }
    if (!json_is_array(v))
        return wrong(rd, f, "a list of strings");
    json_array_foreach (v, i, each) {
        if (!json_is_string(each))
            return wrong(rd, f, "a list of strings");
        out = strv_add(rd->arena, out, json_string_value(each));
    }
    *ret = out ? out : arena_alloc(rd->arena, sizeof(char *));
    return 0;
}

static int read_map(struct reader *rd, const json_t *v, const struct json_field *f, kv_list *ret)
{
    const char *k;
    json_t *each;

    if (!json_is_object(v))
        return wrong(rd, f, "an object of strings");
    json_object_foreach ((json_t *)(uintptr_t)v, k, each) {
        if (!json_is_string(each) && !json_is_null(each))
            return wrong(rd, f, "an object of strings");
        struct kv *kv = LIST_ADD(rd->arena, *ret);
        kv->key = arena_strdup(rd->arena, k);
        kv->val = arena_strdup(rd->arena, json_is_null(each) ? "" : json_string_value(each));
    }
    return 0;
}

static int read_set(struct reader *rd, const json_t *v, const struct json_field *f, char ***ret)
{
    const char *k;
    json_t *each;

    if (!json_is_object(v))
        return wrong(rd, f, "an object");
    *ret = arena_alloc(rd->arena, sizeof(char *) * 2); /* present but empty is not NULL */
    json_object_foreach ((json_t *)(uintptr_t)v, k, each)
        *ret = strv_add(rd->arena, **ret ? *ret : NULL, k);
    return 0;
}

static int read_list(struct reader *rd, const json_t *v, const struct json_field *f,
                     struct json_list *ret)
{
    size_t size = f->kind == JK_NUMS ? sizeof(int64_t) : f->sub->size, i;
    json_t *each;

    if (!json_is_array(v))
        return wrong(rd, f, "a list");
    ret->n = json_array_size(v);
    /* One spare slot up to the next power of two keeps LIST_ADD()'s implied capacity true. */
    size_t cap = 1;
    while (cap < ret->n)
        cap *= 2;
    ret->items = arena_alloc(rd->arena, cap * size);
    json_array_foreach (v, i, each) {
        void *item = (char *)ret->items + i * size;
        int r = f->kind == JK_NUMS ? read_int(rd, each, f, item) : read_obj(rd, each, f->sub, item);
        if (r < 0)
            return f->kind == JK_NUMS ? r : err_wrap(rd->err, "%s[%zu]", f->key, i);
    }
    return 0;
}

static int read_objmap(struct reader *rd, const json_t *v, const struct json_field *f,
                       struct json_list *ret)
{
    const char *k;
    json_t *each;

    if (!json_is_object(v))
        return wrong(rd, f, "an object");
    json_object_foreach ((json_t *)(uintptr_t)v, k, each) {
        ret->items = list_grow(rd->arena, ret->items, ret->n, f->sub->size);
        void *item = (char *)ret->items + ret->n++ * f->sub->size;
        *(char **)item = arena_strdup(rd->arena, k);
        if (read_obj(rd, each, f->sub, item) < 0)
            return err_wrap(rd->err, "%s.%s", f->key, k);
    }
    return 0;
}

#define TWO_63 9223372036854775808.0

static uint64_t real_to_u64(double v)
{
    return v >= 2 * TWO_63 ? UINT64_MAX : (uint64_t)v;
}

static int read_number(struct reader *rd, const json_t *v, const struct json_field *f, void *at)
{
    int64_t i = 0;

    if (f->kind == JK_F64) {
        if (!json_is_number(v))
            return wrong(rd, f, "a number");
        *(double *)at = json_number_value(v);
        return 0;
    }
    if (f->kind == JK_U64 && json_is_real(v) && json_real_value(v) >= TWO_63) {
        if (json_real_value(v) > 2 * TWO_63)
            return wrong(rd, f, "an unsigned 64-bit integer");
        *(uint64_t *)at = real_to_u64(json_real_value(v));
        return 0;
    }
    int r = read_int(rd, v, f, &i);
    if (r < 0)
        return r;
    if (f->kind == JK_U64) {
        if (i < -1) /* -1: infinity, as people write it */
            return wrong(rd, f, "an unsigned 64-bit integer");
        *(uint64_t *)at = (uint64_t)i;
    } else if (f->kind == JK_U32) {
        if (i < 0 || i > UINT32_MAX)
            return wrong(rd, f, "an unsigned 32-bit integer");
        *(uint32_t *)at = (uint32_t)i;
    } else if (f->kind == JK_PI64)
        *(int64_t **)at = arena_memdup(rd->arena, &i, sizeof(i));
    else
        *(int64_t *)at = i;
    return 0;
}

static int read_field(struct reader *rd, const json_t *v, const struct json_field *f, void *at)
{
    switch (f->kind) {
    case JK_STR:
        if (!json_is_string(v))
            return wrong(rd, f, "a string");
        *(char **)at = arena_strdup(rd->arena, json_string_value(v));
        return 0;
    case JK_I64:
    case JK_U32:
    case JK_F64:
    case JK_PI64:
    case JK_U64:
        return read_number(rd, v, f, at);
    case JK_BOOL:
    case JK_PBOOL: {
        if (!json_is_boolean(v))
            return wrong(rd, f, "a boolean");
        bool b = json_is_true(v);
        if (f->kind == JK_PBOOL)
            *(bool **)at = arena_memdup(rd->arena, &b, sizeof(b));
        else
            *(bool *)at = b;
        return 0;
    }
    case JK_STRV:
        return read_strv(rd, v, f, at);
    case JK_SET:
        return read_set(rd, v, f, at);
    case JK_MAP:
        return read_map(rd, v, f, at);
    case JK_OBJ:
    case JK_PTR: {
        void *obj = at;
        if (f->kind == JK_PTR)
            obj = *(void **)at = arena_alloc(rd->arena, f->sub->size);
        int r = read_obj(rd, v, f->sub, obj);
        return r < 0 ? err_wrap(rd->err, "%s", f->key) : 0;
    }
    case JK_LIST:
    case JK_NUMS:
        return read_list(rd, v, f, at);
    case JK_OBJMAP:
        return read_objmap(rd, v, f, at);
    case JK_RAW:
        *(json_t **)at = (json_t *)(uintptr_t)v;
        return 0;
    case JK_TIME:
        if (!json_is_string(v) || parse_rfc3339(json_string_value(v), at) < 0)
            return wrong(rd, f, "an RFC 3339 time");
        return 0;
    case JK_END:
        break;
    }
    return 0;
}

static int read_obj(struct reader *rd, const json_t *doc, const struct json_type *type, void *out)
{
    if (!json_is_object(doc))
        return err_set(rd->err, ERR_BAD_PARAM, EINVAL, "not a JSON object");
    for (const struct json_field *f = type->fields; f->key; f++) {
        const json_t *v = lookup(rd, doc, f->key);
        if (!v || json_is_null(v)) {
            if (f->flags & JF_REQUIRED)
                return err_set(rd->err, ERR_BAD_PARAM, EINVAL, "missing field \"%s\"", f->key);
            continue;
        }
        int r = read_field(rd, v, f, (char *)out + f->off);
        if (r < 0)
            return r;
    }
    return 0;
}

int json_read(struct arena *a, const json_t *doc, const struct json_type *type, void *out,
              struct err *err)
{
    struct err local = { 0 };
    struct reader rd = { .arena = a, .err = err ? err : &local };

    return read_obj(&rd, doc, type, out);
}

int json_read_nocase(struct arena *a, const json_t *doc, const struct json_type *type, void *out,
                     struct err *err)
{
    struct err local = { 0 };
    struct reader rd = { .arena = a, .nocase = true, .err = err ? err : &local };

    return read_obj(&rd, doc, type, out);
}

/* ---------- building ---------- */

/* A string that may not be UTF-8 (a file name, an argument) still has to become JSON: jansson
 * refuses it, Go replaces each bad byte with U+FFFD. */
static json_t *string_value(const char *s)
{
    json_t *v = json_string(s);
    if (v)
        return v;

    AUTO_BUF b = { 0 };
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        size_t n = *p < 0x80 ? 1 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc2 ? 2 : 0, i;
        for (i = 1; i < n && (p[i] & 0xc0) == 0x80; i++)
            ;
        char one[5] = { 0 };
        if (n && i == n) {
            memcpy(one, p, n);
            json_t *probe = json_string(one);
            if (probe) {
                json_decref(probe);
                buf_puts(&b, one);
                p += n;
                continue;
            }
        }
        buf_puts(&b, "\xef\xbf\xbd");
        p++;
    }
    return json_string(b.data ? b.data : "");
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct kv *)a)->key, ((const struct kv *)b)->key);
}

static json_t *map_value(const struct json_list *m)
{
    json_t *obj = json_object();
    if (!m->n)
        return obj;
    AUTO_FREE struct kv *sorted = xmalloc(m->n * sizeof(*sorted));
    memcpy(sorted, m->items, m->n * sizeof(*sorted));
    qsort(sorted, m->n, sizeof(*sorted), by_key);
    for (size_t i = 0; i < m->n; i++)
        json_object_set_new(obj, sorted[i].key, string_value(sorted[i].val ? sorted[i].val : ""));
    return obj;
}

static json_t *list_value(const struct json_list *l, const struct json_field *f)
{
    json_t *out = f->kind == JK_OBJMAP ? json_object() : json_array();

    for (size_t i = 0; i < l->n; i++) {
        if (f->kind == JK_NUMS) {
            json_array_append_new(out, json_integer(((const int64_t *)l->items)[i]));
            continue;
        }
        const char *item = (const char *)l->items + i * f->sub->size;
        if (f->kind == JK_OBJMAP)
            json_object_set_new(out, *(char *const *)(const void *)item, json_from(f->sub, item));
        else
            json_array_append_new(out, json_from(f->sub, item));
    }
    return out;
}

static json_t *strv_value(char *const *v)
{
    json_t *out = json_array();

    for (; v && *v; v++)
        json_array_append_new(out, string_value(*v));
    return out;
}

static json_t *set_value(char *const *v)
{
    json_t *out = json_object();

    for (; v && *v; v++) {
        json_t *key = string_value(*v); /* as UTF-8 */
        json_object_set_new(out, json_string_value(key), json_object());
        json_decref(key);
    }
    return out;
}

static bool is_empty(const struct json_field *f, const void *at)
{
    switch (f->kind) {
    case JK_STR:
        return str_empty(*(char *const *)at);
    case JK_I64:
    case JK_TIME:
        return *(const int64_t *)at == 0;
    case JK_U32:
        return *(const uint32_t *)at == 0;
    case JK_U64:
        return *(const uint64_t *)at == 0;
    case JK_F64:
        return fpclassify(*(const double *)at) == FP_ZERO;
    case JK_BOOL:
        return !*(const bool *)at;
    case JK_STRV:
    case JK_SET:
        return !*(char **const *)at || !**(char **const *)at;
    case JK_MAP:
    case JK_LIST:
    case JK_OBJMAP:
    case JK_NUMS:
        return ((const struct json_list *)at)->n == 0;
    case JK_PTR:
    case JK_RAW:
    case JK_PI64:
    case JK_PBOOL:
        return !*(void *const *)at;
    case JK_OBJ:
    case JK_END:
        break;
    }
    return false;
}

static json_t *field_value(const struct json_field *f, const void *at)
{
    char text[TIME_TEXT_MAX];

    if ((f->flags & JF_EMPTY_NULL) && is_empty(f, at))
        return json_null();
    switch (f->kind) {
    case JK_STR:
        return string_value(*(char *const *)at ? *(char *const *)at : "");
    case JK_I64:
        return json_integer(*(const int64_t *)at);
    case JK_U32:
        return json_integer(*(const uint32_t *)at);
    case JK_U64: {
        uint64_t v = *(const uint64_t *)at;
        return v <= INT64_MAX ? json_integer((json_int_t)v) : json_real((double)v);
    }
    case JK_F64: {
        double v = *(const double *)at; /* Go prints a whole float without a point */
        return trunc(v) == v && fabs(v) < 1e15 ? json_integer((json_int_t)v) : json_real(v);
    }
    case JK_BOOL:
        return json_boolean(*(const bool *)at);
    case JK_STRV:
        return strv_value(*(char **const *)at);
    case JK_SET:
        return set_value(*(char **const *)at);
    case JK_MAP:
        return map_value(at);
    case JK_OBJ:
        return json_from(f->sub, at);
    case JK_PTR:
        return *(void *const *)at ? json_from(f->sub, *(void *const *)at) : json_null();
    case JK_LIST:
    case JK_OBJMAP:
    case JK_NUMS:
        return list_value(at, f);
    case JK_RAW:
        return *(json_t *const *)at ? json_incref(*(json_t *const *)at) : json_null();
    case JK_TIME:
        return json_string(time_format_rfc3339(*(const int64_t *)at, text));
    case JK_PI64:
        return *(int64_t *const *)at ? json_integer(**(int64_t *const *)at) : json_null();
    case JK_PBOOL:
        return *(bool *const *)at ? json_boolean(**(bool *const *)at) : json_null();
    case JK_END:
        break;
    }
    return json_null();
}

json_t *json_from(const struct json_type *type, const void *in)
{
    json_t *obj = json_object();

    for (const struct json_field *f = type->fields; f->key; f++) {
        const void *at = (const char *)in + f->off;
        if ((f->flags & JF_OMIT_EMPTY) && is_empty(f, at))
            continue;
        json_object_set_new(obj, f->key, field_value(f, at));
    }
    return obj;
}

/* ---------- text ---------- */

/* jansson bounds recursion at 2048 levels; ours is tighter, counted before parsing. */
static bool too_deep(const char *data, size_t len)
{
    int depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < len; i++) {
        if (quoted) {
            if (data[i] == '\\')
                i++;
            else if (data[i] == '"')
                quoted = false;
        } else if (data[i] == '"')
            quoted = true;
        else if (data[i] == '{' || data[i] == '[') {
            if (++depth > LIMIT_JSON_DEPTH)
                return true;
        } else if (data[i] == '}' || data[i] == ']')
            depth--;
    }
    return false;
}

/* jansson has no unsigned 64-bit integers and refuses a document that holds one.  A copy in which
 * every integer too long for it has a fraction reads them as reals. */
static void widen_integers(const char *data, size_t len, struct buf *out)
{
    bool quoted = false;

    for (size_t i = 0; i < len;) {
        size_t n = 1;
        if (quoted)
            n = data[i] == '\\' && i + 1 < len ? 2 : 1;
        else
            while (strchr("0123456789+-.eE", data[i]) && data[i] && i + n < len && data[i + n] &&
                   strchr("0123456789+-.eE", data[i + n]))
                n++;
        buf_put(out, data + i, n);
        if (data[i] == '"')
            quoted = !quoted;
        else if (!quoted && n >= 19 && !memchr(data + i, '.', n) && !memchr(data + i, 'e', n) &&
                 !memchr(data + i, 'E', n))
            buf_puts(out, ".0");
        i += n;
    }
}

json_t *json_parse(const char *data, size_t len, const char *what, struct err *err)
{
    json_error_t je;

    if (too_deep(data, len)) {
        err_set(err, ERR_BAD_PARAM, EINVAL, "%s: JSON is nested more than %d levels deep", what,
                LIMIT_JSON_DEPTH);
        return NULL;
    }
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    json_t *doc = json_loadb(data ? data : "", len, flags, &je);
    if (!doc && json_error_code(&je) == json_error_numeric_overflow) {
        AUTO_BUF wide = { 0 };
        widen_integers(data, len, &wide);
        doc = json_loadb(wide.data, wide.len, flags, &je);
    }
    if (!doc)
        err_set(err, ERR_BAD_PARAM, EINVAL, "%s: invalid JSON in line %d, column %d: %s", what,
                je.line, je.column, je.text);
    return doc;
}

json_t *json_parse_file(int dir, const char *path, size_t max, struct err *err)
{
    AUTO_BUF b = { .max = max };
    int r = fs_read_file(dir, path, &b);

    if (r < 0) {
        err_sys(err, -r, "reading %s", path);
        return NULL;
    }
    return json_parse(b.data, b.len, path, err);
}

static void text_string(const char *s, struct buf *out)
{
    buf_putc(out, '"');
    for (const char *run = s;; s++) {
        unsigned char c = (unsigned char)*s;
        bool u2028 = c == 0xe2 && (unsigned char)s[1] == 0x80 && ((unsigned char)s[2] | 1) == 0xa9;
        if (c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && !u2028 &&
            c != 0x7f)
            continue;
        if (c == 0x7f)
            continue;
        buf_put(out, run, (size_t)(s - run));
        run = s + 1;
        if (!c)
            break;
        switch (c) {
        case '"':
        case '\\':
            buf_putc(out, '\\');
            buf_putc(out, (char)c);
            break;
        case '\n':
            buf_puts(out, "\\n");
            break;
        case '\r':
            buf_puts(out, "\\r");
            break;
        case '\t':
            buf_puts(out, "\\t");
            break;
        case 0xe2:
            buf_printf(out, "\\u202%c", (unsigned char)s[2] == 0xa8 ? '8' : '9');
            s += 2;
            run = s + 1;
            break;
        default:
            buf_printf(out, "\\u%04x", c);
        }
    }
    buf_putc(out, '"');
}

static void newline(struct buf *out, int indent, int level)
{
    if (!indent)
        return;
    buf_putc(out, '\n');
    for (int i = 0; i < indent * level; i++)
        buf_putc(out, ' ');
}

static void text_value(const json_t *v, int indent, int level, struct buf *out)
{
    const char *k;
    json_t *each;
    size_t i;
    bool first = true;

    switch (json_typeof(v)) {
    case JSON_OBJECT:
        buf_putc(out, '{');
        json_object_foreach ((json_t *)(uintptr_t)v, k, each) {
            if (!first)
                buf_putc(out, ',');
            first = false;
            newline(out, indent, level + 1);
            text_string(k, out);
            buf_puts(out, indent ? ": " : ":");
            text_value(each, indent, level + 1, out);
        }
        if (!first)
            newline(out, indent, level);
        buf_putc(out, '}');
        break;
    case JSON_ARRAY:
        buf_putc(out, '[');
        json_array_foreach (v, i, each) {
            if (i)
                buf_putc(out, ',');
            newline(out, indent, level + 1);
            text_value(each, indent, level + 1, out);
        }
        if (i)
            newline(out, indent, level);
        buf_putc(out, ']');
        break;
    case JSON_STRING:
        text_string(json_string_value(v), out);
        break;
    case JSON_INTEGER:
        buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        break;
    case JSON_REAL:
        if (json_real_value(v) >= TWO_63 && json_real_value(v) <= 2 * TWO_63)
            buf_printf(out, "%" PRIu64, real_to_u64(json_real_value(v)));
        else
            buf_printf(out, "%.17g", json_real_value(v));
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
    }
}

void json_text(const json_t *doc, int indent, struct buf *out)
{
    text_value(doc, indent, 0, out);
}
