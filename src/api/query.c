#include "api/query.h"

#include <strings.h>

#include "api/http.h"
#include "base/parse.h"

#include "base/banned.h"

int query_parse(struct arena *a, const char *text, kv_list *ret, struct err *err)
{
    *ret = (kv_list) { 0 };
    while (*text) {
        size_t len = strcspn(text, "&");
        if (len) {
            size_t key = strcspn(text, "=");
            key = MIN(key, len);
            size_t from = MIN(key + 1, len);
            char *k = http_unescape(a, text, key, true);
            char *v = http_unescape(a, text + from, len - from, true);
            if (!k || !v)
                return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid URL escape in the query");
            if (ret->n == QUERY_MAX)
                return err_set(err, ERR_TOO_BIG, E2BIG, "more than %d query parameters", QUERY_MAX);
            *LIST_ADD(a, *ret) = (struct kv) { k, v };
        }
        text += len + (text[len] == '&');
    }
    return 0;
}

static int bad(const char *name, const char *value, const char *what, struct err *err)
{
    return err_set(err, ERR_BAD_PARAM, EINVAL,
                   "failed to parse parameters: invalid value \"%.200s\" for \"%s\": %s", value,
                   name, what);
}

static int boolean(const char *name, const char *text, bool *ret, struct err *err)
{
    static const char *const yes[] = { "on", "yes", NULL }, *const no[] = { "", "off", "no", NULL };

    if (str_in_list(text, yes) || str_in_list(text, no)) {
        *ret = str_in_list(text, yes);
        return 0;
    }
    return parse_bool(text, ret) < 0 ? bad(name, text, "not a boolean", err) : 0;
}

static int add_filter(struct arena *a, const char *key, const json_t *value, char ***ret,
                      struct err *err)
{
    if (!json_is_string(value))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "filters must be a map of lists of strings: \"%s\" is not", key);
    *ret = strv_add(a, *ret, arena_printf(a, "%s=%s", key, json_string_value(value)));
    return 0;
}

int query_filters(struct arena *a, const char *text, char ***ret, struct err *err)
{
    const char *key, *word;
    json_t *value, *each;
    size_t i;
    int r = 0;

    if (str_empty(text))
        return 0;
    AUTO_JSON *doc = json_parse(text, strlen(text), "filters", err);
    if (!doc)
        return -EINVAL;
    if (!json_is_object(doc) && !json_is_null(doc))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "filters must be a map of lists of strings");
    json_object_foreach (doc, key, value) {
        if (json_is_object(value)) { /* {"status":{"running":true}}, from before API 1.22 */
            json_object_foreach (value, word, each)
                if (json_is_true(each))
                    *ret = strv_add(a, *ret, arena_printf(a, "%s=%s", key, word));
        } else if (json_is_array(value)) {
            json_array_foreach (value, i, each)
                if (r == 0)
                    r = add_filter(a, key, each, ret, err);
        } else if (r == 0)
            r = add_filter(a, key, value, ret, err);
    }
    return r;
}

/* A JSON list, as some clients send it, or a plain word. */
static int words(struct arena *a, const char *text, char ***ret)
{
    AUTO_JSON *doc = *text == '[' ? json_parse(text, strlen(text), "list", NULL) : NULL;
    size_t i;
    json_t *each;

    if (!json_is_array(doc)) {
        *ret = strv_add(a, *ret, text);
        return 0;
    }
    json_array_foreach (doc, i, each)
        if (json_is_string(each))
            *ret = strv_add(a, *ret, json_string_value(each));
    return 0;
}

static int store(struct arena *a, const struct query_field *f, const char *text, void *out,
                 struct err *err)
{
    void *to = (char *)out + f->off;
    bool on;
    int r;

    switch (f->kind) {
    case QK_STR:
        *(char **)to = arena_strdup(a, text);
        return 0;
    case QK_BOOL:
        return boolean(f->name, text, to, err);
    case QK_TRI:
        r = boolean(f->name, text, &on, err);
        *(int *)to = r < 0 ? -1 : on;
        return r;
    case QK_I64:
        if (!*text) /* "t=": as if it were not there */
            return 0;
        return parse_i64(text, INT64_MIN, INT64_MAX, to) < 0
                   ? bad(f->name, text, "not a number", err)
                   : 0;
    case QK_STRV:
        *(char ***)to = strv_add(a, *(char ***)to, text);
        return 0;
    case QK_WORDS:
        return words(a, text, to);
    case QK_FILTERS:
        return query_filters(a, text, to, err);
    case QK_END:
        break;
    }
    return 0;
}

int query_decode(struct arena *a, const kv_list *q, const struct query_field *fields, void *out,
                 struct err *err)
{
    int r = 0;

    for (const struct query_field *f = fields; r == 0 && f && f->name; f++) {
        if (f->kind == QK_TRI)
            *(int *)((char *)out + f->off) = -1;
        if (f->def)
            r = store(a, f, f->def, out, err);
        for (size_t i = 0; r == 0 && i < q->n; i++) /* Go's decoder knows no case either */
            if (strcasecmp(q->items[i].key, f->name) == 0)
                r = store(a, f, q->items[i].val, out, err);
    }
    return r;
}

bool query_has(const kv_list *q, const char *name)
{
    for (size_t i = 0; i < q->n; i++)
        if (strcasecmp(q->items[i].key, name) == 0)
            return true;
    return false;
}
