#include <strings.h>

#include "base/gotmpl_priv.h"
#include "base/json.h"
#include "base/parse.h"

#include "base/banned.h"

/* What a document is made of: which of its objects are Go's structs, not maps, and which of its texts are
 * times.  A value is known by its address, which lives as long as the document. */

struct shape {
    const json_t *v;
    const struct json_type *type; /* NULL: a time */
};
struct shapes {
    struct shape *items;
    size_t n, cap;
};

static struct shapes current; /* of the run that is going on */

static void add(const json_t *v, const struct json_type *type)
{
    if (current.n == current.cap) {
        current.cap = current.cap ? 2 * current.cap : 64;
        current.items = xrealloc(current.items, current.cap * sizeof(*current.items));
    }
    current.items[current.n++] = (struct shape) { v, type };
}

static void walk(const json_t *v, const struct json_type *type);

static void walk_field(const json_t *v, const struct json_field *f)
{
    const char *key;
    json_t *each;
    size_t i;

    switch (f->kind) {
    case JK_OBJ:
    case JK_PTR:
        walk(v, f->sub);
        break;
    case JK_LIST:
        json_array_foreach ((json_t *)(uintptr_t)v, i, each)
            walk(each, f->sub);
        break;
    case JK_OBJMAP:
        json_object_foreach ((json_t *)(uintptr_t)v, key, each)
            walk(each, f->sub);
        break;
    case JK_TIME:
        if (json_is_string(v))
            add(v, NULL);
        break;
    default:
        break;
    }
}

static void walk(const json_t *v, const struct json_type *type)
{
    if (!json_is_object(v))
        return;
    add(v, type);
    for (const struct json_field *f = type->fields; f->kind != JK_END; f++)
        walk_field(json_object_get(v, f->key), f);
}

static int by_address(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)((const struct shape *)a)->v,
              y = (uintptr_t)((const struct shape *)b)->v;

    return (x > y) - (x < y);
}

void gotmpl_shapes_begin(const json_t *doc, const struct json_type *type)
{
    if (!type)
        return;
    walk(doc, type);
    qsort(current.items, current.n, sizeof(*current.items), by_address);
}

void gotmpl_shapes_end(void)
{
    free(current.items);
    current = (struct shapes) { 0 };
}

static const struct shape *find(const json_t *v)
{
    const struct shape key = { .v = v };

    return current.n ? bsearch(&key, current.items, current.n, sizeof(key), by_address) : NULL;
}

/* What an omitted field holds. */
static json_t *zero_of(const struct json_field *f)
{
    switch (f->kind) {
    case JK_I64:
    case JK_U32:
    case JK_U64:
        return json_integer(0);
    case JK_F64:
        return json_real(0);
    case JK_BOOL:
        return json_false();
    case JK_STR:
    case JK_TIME:
        return json_string("");
    case JK_STRV:
    case JK_LIST:
    case JK_NUMS:
        return json_array();
    case JK_MAP:
    case JK_OBJMAP:
    case JK_SET:
        return json_object();
    default:
        return json_null();
    }
}

bool gotmpl_shape_missing(const json_t *v, const char *name, json_t **ret)
{
    const struct shape *s = find(v);

    if (!s || !s->type)
        return false;
    *ret = NULL;
    for (const struct json_field *f = s->type->fields; f->kind != JK_END; f++)
        if (strcasecmp(f->key, name) == 0)
            *ret = zero_of(f);
    return true;
}

bool gotmpl_shape_print(const json_t *v, struct buf *out)
{
    const struct shape *s = find(v);
    int64_t when;
    char text[TIME_TEXT_MAX];

    if (!s)
        return false;
    if (!s->type) {
        if (parse_time(json_string_value(v), 0, &when) < 0)
            return false;
        buf_puts(out, time_format_go(when, text));
        return true;
    }
    buf_putc(out, '{');
    for (const struct json_field *f = s->type->fields; f->kind != JK_END; f++) {
        json_t *each = json_object_get(v, f->key), *zero = each ? NULL : zero_of(f);
        if (f != s->type->fields)
            buf_putc(out, ' ');
        gotmpl_print(each ? each : zero, true, out);
        json_decref(zero);
    }
    buf_putc(out, '}');
    return true;
}
