#include "base/json.h"
#include "base/parse.h"

#include "base/banned.h"

/* YAML 1.1 has more words for it than JSON. */
static int parse_yes(const char *s, bool *ret)
{
    if (STR_IN(s, "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"))
        *ret = true;
    else if (STR_IN(s, "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"))
        *ret = false;
    else
        return -EINVAL;
    return 0;
}

/* What @v is when a field of this kind is wanted; NULL: as it is. */
static json_t *scalar(const struct json_field *f, const json_t *v)
{
    const char *s = json_string_value(v);
    int64_t n;
    double d;
    bool b;

    switch (f->kind) {
    case JK_I64:
    case JK_PI64:
    case JK_U32:
    case JK_U64:
        return s && parse_i64(s, INT64_MIN, INT64_MAX, &n) == 0 ? json_integer(n) : NULL;
    case JK_F64:
        return s && parse_f64(s, &d) == 0 ? json_real(d) : NULL;
    case JK_BOOL:
    case JK_PBOOL:
        return s && parse_yes(s, &b) == 0 ? json_boolean(b) : NULL;
    case JK_END:
    case JK_STR:
    case JK_STRV:
    case JK_MAP:
    case JK_OBJ:
    case JK_PTR:
    case JK_LIST:
    case JK_OBJMAP:
    case JK_RAW:
    case JK_TIME:
    case JK_NUMS:
    case JK_SET:
        break;
    }
    return NULL;
}

void json_coerce(json_t *doc, const struct json_type *type)
{
    for (const struct json_field *f = type->fields; f->kind != JK_END; f++) {
        json_t *v = json_object_get(doc, f->key), *each;
        const char *key;
        size_t i;
        if (!v)
            continue;
        if (f->kind == JK_OBJ || f->kind == JK_PTR)
            json_coerce(v, f->sub);
        else if (f->kind == JK_LIST)
            json_array_foreach (v, i, each)
                json_coerce(each, f->sub);
        else if (f->kind == JK_OBJMAP)
            json_object_foreach (v, key, each)
                json_coerce(each, f->sub);
        else if ((each = scalar(f, v)))
            json_object_set_new(doc, f->key, each);
    }
}
