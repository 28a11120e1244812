#include "config/fields.h"

#include <stdarg.h>

#include "base/json.h"
#include "base/log.h"
#include "base/parse.h"
#include "config/containers.h"

#include "base/banned.h"

int config_error(const struct config_place *at, struct err *err, const char *fmt, ...)
{
    char what[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    return err_set(err, ERR_BAD_PARAM, EINVAL, "%s:%d: %s.%s: %s", at->file, at->line, at->section,
                   at->key, what);
}

static const char *json_kind_name(const json_t *v)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "a table",   [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number",  [JSON_TRUE] = "a boolean",
        [JSON_FALSE] = "a boolean",  [JSON_NULL] = "nothing",
    };
    return names[json_typeof(v)];
}

static int wrong_type(const struct config_place *at, const char *want, const json_t *v,
                      struct err *err)
{
    return config_error(at, err, "must be %s, not %s", want, json_kind_name(v));
}

/* ---------- single values ---------- */

static bool is_choice(const char *choices, const char *value)
{
    size_t len = strlen(value);

    for (const char *p = choices; *p;) {
        size_t n = strcspn(p, "|");
        if (n == len && memcmp(p, value, n) == 0)
            return true;
        p += n + (p[n] == '|');
    }
    return false;
}

static int check_string(const struct config_field *f, const char *s, const struct config_place *at,
                        struct err *err)
{
    int64_t n;
    uint32_t mode;

    if (!*s)
        return 0;
    if (f->choices && !is_choice(f->choices, s))
        return config_error(at, err, "\"%s\" is not one of %s", s, f->choices);
    if (f->kind == CONF_SIZE_STR && parse_size(s, &n) < 0)
        return config_error(at, err, "\"%s\" is not a size", s);
    if (f->kind == CONF_TIME_STR && parse_duration(s, &n) < 0)
        return config_error(at, err, "\"%s\" is not a duration", s);
    if (f->kind == CONF_MODE_STR && parse_octal(s, 07777, &mode) < 0)
        return config_error(at, err, "\"%s\" is not an octal mode", s);
    return 0;
}

static int read_string(struct arena *a, const struct config_field *f, const json_t *v,
                       const struct config_place *at, char **field, struct err *err)
{
    if (!json_is_string(v))
        return wrong_type(at, "a string", v, err);
    int r = check_string(f, json_string_value(v), at, err);
    if (r == 0)
        *field = arena_strdup(a, json_string_value(v));
    return r;
}

static int read_number(const struct config_field *f, const json_t *v, const struct config_place *at,
                       int64_t *field, struct err *err)
{
    int64_t n = json_integer_value(v);

    if (f->kind == CONF_SIZE && json_is_string(v)) {
        if (parse_size(json_string_value(v), &n) < 0)
            return config_error(at, err, "\"%s\" is not a size", json_string_value(v));
    } else if (!json_is_integer(v)) {
        return wrong_type(at, "a whole number", v, err);
    }
    if ((f->min || f->max) && (n < f->min || n > f->max))
        return config_error(at, err, "%lld is out of range: %lld to %lld", (long long)n,
                            (long long)f->min, (long long)f->max);
    *field = n;
    return 0;
}

static int read_bool(const json_t *v, const struct config_place *at, bool *field, struct err *err)
{
    bool b;

    if (json_is_boolean(v))
        *field = json_is_true(v);
    else if (json_is_string(v) && parse_bool(json_string_value(v), &b) == 0)
        *field = b;
    else if (!json_is_string(v) || *json_string_value(v)) /* "" leaves it */
        return wrong_type(at, "a boolean", v, err);
    return 0;
}

/* ---------- lists and maps ---------- */

int config_string_list(struct arena *a, const json_t *v, const struct config_place *at, char ***ret,
                       bool *append, struct err *err)
{
    char **list = NULL;
    size_t i;
    json_t *item;

    if (!json_is_array(v))
        return wrong_type(at, "an array of strings", v, err);
    json_array_foreach (v, i, item) {
        const json_t *attribute = json_object_get(item, "append");
        if (json_is_string(item))
            list = strv_add(a, list, json_string_value(item));
        else if (append && json_is_boolean(attribute) && json_object_size(item) == 1)
            *append = json_is_true(attribute);
        else
            return config_error(at, err, "must hold strings%s, not %s",
                                append ? " or {append=true}" : "", json_kind_name(item));
    }
    *ret = list;
    return 0;
}

static int read_list(struct arena *a, const json_t *v, const struct config_place *at, char ***field,
                     bool *append, struct err *err)
{
    char **list;
    int r = config_string_list(a, v, at, &list, append, err);

    if (r == 0)
        *field = *append ? strv_concat(a, *field, list) : list;
    return r;
}

static int read_map(struct arena *a, const json_t *v, const struct config_place *at, kv_list *field,
                    struct err *err)
{
    const char *k;
    json_t *item;

    if (!json_is_object(v))
        return wrong_type(at, "a table of strings", v, err);
    json_object_foreach ((json_t *)(uintptr_t)v, k, item) {
        if (!json_is_string(item))
            return config_error(at, err, "%s must be a string, not %s", k, json_kind_name(item));
        kv_set(a, field, k, json_string_value(item));
    }
    return 0;
}

char **config_strings_get(const config_strings_list *l, const char *key)
{
    for (size_t i = 0; i < l->n; i++)
        if (STR_EQ(l->items[i].key, key))
            return l->items[i].vals;
    return NULL;
}

static int read_lists(struct arena *a, const json_t *v, const struct config_place *at,
                      config_strings_list *field, struct err *err)
{
    const char *k;
    json_t *item;

    if (!json_is_object(v))
        return wrong_type(at, "a table of arrays", v, err);
    json_object_foreach ((json_t *)(uintptr_t)v, k, item) {
        size_t i = 0;
        bool append = false;
        while (i < field->n && !STR_EQ(field->items[i].key, k))
            i++;
        struct config_strings *s = i < field->n ? &field->items[i] : LIST_ADD(a, *field);
        s->key = arena_strdup(a, k);
        int r = read_list(a, item, at, &s->vals, &append, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---------- tables ---------- */

static int read_field(struct arena *a, const struct config_field *f, bool *append, void *out,
                      const json_t *v, const struct config_place *at, struct err *err)
{
    void *field = (char *)out + f->off;

    switch (f->kind) {
    case CONF_STR:
    case CONF_SIZE_STR:
    case CONF_TIME_STR:
    case CONF_MODE_STR:
        return read_string(a, f, v, at, field, err);
    case CONF_BOOL:
        return read_bool(v, at, field, err);
    case CONF_INT:
    case CONF_SIZE:
        return read_number(f, v, at, field, err);
    case CONF_PINT:
        *(int64_t **)field = arena_alloc(a, sizeof(int64_t));
        return read_number(f, v, at, *(int64_t **)field, err);
    case CONF_LIST:
        return read_list(a, v, at, field, append, err);
    case CONF_MAP:
        return read_map(a, v, at, field, err);
    case CONF_LISTS:
        return read_lists(a, v, at, field, err);
    case CONF_OTHER:
        return f->read(a, v, at, field, err);
    case CONF_END:
        break;
    }
    return 0;
}

int config_defaults(struct arena *a, const struct config_field *fields, void *out, struct err *err)
{
    for (const struct config_field *f = fields; f->kind != CONF_END; f++) {
        void *field = (char *)out + f->off;
        int r = 0;
        if (!f->def)
            continue;
        if (f->kind == CONF_LIST)
            *(char ***)field = strv_split(a, f->def, '|');
        else if (f->kind == CONF_BOOL)
            r = parse_bool(f->def, field);
        else if (f->kind == CONF_INT || f->kind == CONF_SIZE)
            r = parse_i64(f->def, INT64_MIN, INT64_MAX, field);
        else
            *(char **)field = arena_strdup(a, f->def);
        if (r < 0)
            return err_set(err, ERR_INTERNAL, EINVAL, "default of %s.%s", f->section, f->key);
    }
    return 0;
}

/* The table "a.b.c" below the root, or NULL. */
static json_t *find_section(const json_t *root, const char *path)
{
    json_t *t = (json_t *)(uintptr_t)root;

    while (t) {
        char name[64];
        size_t n = strcspn(path, ".");
        snprintf(name, sizeof(name), "%.*s", (int)n, path);
        t = json_object_get(t, name);
        if (!path[n])
            break;
        path += n + 1;
    }
    return t;
}

static bool is_section(const struct config_field *fields, const char *path)
{
    size_t len = strlen(path);

    for (const struct config_field *f = fields; f->kind != CONF_END; f++)
        if (strncmp(f->section, path, len) == 0 && (!f->section[len] || f->section[len] == '.'))
            return true;
    return false;
}

static const struct config_field *find_field(const struct config_field *fields, const char *section,
                                             const char *key)
{
    for (const struct config_field *f = fields; f->kind != CONF_END; f++)
        if (STR_EQ(f->section, section) && STR_EQ(f->key, key))
            return f;
    return NULL;
}

static void warn_unknown(const struct config_field *fields, const struct toml *t, const char *file,
                         const json_t *table, const char *path)
{
    const char *k;
    json_t *v;

    json_object_foreach ((json_t *)(uintptr_t)table, k, v) {
        AUTO_FREE char *full = *path ? xasprintf("%s.%s", path, k) : xstrdup(k);
        if (find_field(fields, path, k))
            continue;
        if (json_is_object(v) && is_section(fields, full))
            warn_unknown(fields, t, file, v, full);
        else if (toml_line(t, full))
            log_warn("%s:%d: unknown key \"%s\" is ignored", file, toml_line(t, full), full);
        else
            log_warn("%s: unknown table \"%s\" is ignored", file, full);
    }
}

int config_apply(struct arena *a, const struct config_field *fields, bool *append, void *out,
                 const struct toml *t, const char *file, struct err *err)
{
    for (const struct config_field *f = fields; f->kind != CONF_END; f++) {
        const json_t *v = json_object_get(find_section(t->root, f->section), f->key);
        if (!v)
            continue;
        AUTO_FREE char *path = xasprintf("%s.%s", f->section, f->key);
        const struct config_place at = { file, toml_line(t, path), f->section, f->key };
        int r = read_field(a, f, &append[f - fields], out, v, &at, err);
        if (r < 0)
            return r;
    }
    warn_unknown(fields, t, file, t->root, "");
    return 0;
}
