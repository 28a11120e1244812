#include <ctype.h>
#include <inttypes.h>

#include "base/parse.h"
#include "engine/kube_priv.h"

#include "base/banned.h"

enum { EXPANDED_MAX = 1 << 20 }; /* bytes of one value */

/* Environment variables: values, references to other objects, $(NAME). */

int kube_quantity(const char *text, bool milli, int64_t *ret)
{
    static const struct {
        const char *suffix;
        double factor;
    } units[] = {
        { "", 1 },        { "m", 1e-3 },    { "k", 1e3 },     { "M", 1e6 },     { "G", 1e9 },
        { "T", 1e12 },    { "P", 1e15 },    { "E", 1e18 },    { "Ki", 1024.0 }, { "Mi", 0x1p20 },
        { "Gi", 0x1p30 }, { "Ti", 0x1p40 }, { "Pi", 0x1p50 }, { "Ei", 0x1p60 },
    };
    size_t n = text ? strspn(text, "0123456789.+-") : 0;
    AUTO_FREE char *number = n ? xstrndup(text, n) : NULL;
    double v;

    /* "1e3": an exponent, unless it is the unit E */
    if (n && (text[n] == 'e' || text[n] == 'E') && isdigit((unsigned char)text[n + 1])) {
        if (parse_f64(text, &v) < 0)
            return -EINVAL;
        n = strlen(text);
    } else if (!n || parse_f64(number, &v) < 0)
        return -EINVAL;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (STR_EQ(text + n, units[i].suffix)) {
            v *= units[i].factor * (milli ? 1000 : 1);
            if (v < 0 || v > 9e18)
                return -ERANGE;
            *ret = (int64_t)v + (v > (double)(int64_t)v); /* what is asked for is a whole one */
            return 0;
        }
    return -EINVAL;
}

char *kube_expand(struct arena *a, const char *text, char *const *env)
{
    AUTO_BUF out = { .max = EXPANDED_MAX };

    while (*text) {
        const char *end = str_starts(text, "$(") ? strchr(text, ')') : NULL;
        char *name = end ? arena_strndup(a, text + 2, (size_t)(end - text - 2)) : NULL;
        const char *value = name ? env_get(env, name) : NULL;
        bool dollar = str_starts(text, "$$");
        const char *add = dollar ? "$" : value ? value : text;
        if (buf_add(&out, add, value && !dollar ? strlen(value) : 1) < 0)
            return NULL;
        text = dollar ? text + 2 : value ? end + 1 : text + 1;
    }
    return arena_strdup(a, out.data ? out.data : "");
}

/* ---------- references ---------- */

static int from_data(struct kube_maker *m, const struct kube_key_ref *ref, bool secret, char **ret)
{
    struct kube_data d;
    AUTO_BUF value = { .max = EXPANDED_MAX };
    int r = (secret ? kube_secret : kube_config_map)(m, ref->name ? ref->name : "", ref->optional,
                                                     &d);

    if (r == 0)
        r = kube_data_entry(m, &d, secret, ref->key ? ref->key : "", &value);
    if (r < 0)
        return r;
    if (r > 0)
        *ret = arena_strdup(m->a, value.data ? value.data : "");
    return r || ref->optional
               ? 0
               : err_set(m->err, ERR_NOT_FOUND, ENOENT, "key \"%s\" is not in %s \"%s\"",
                         ref->key ? ref->key : "", secret ? "secret" : "ConfigMap",
                         ref->name ? ref->name : "");
}

/* metadata.labels['app'] */
static const char *subscript(struct kube_maker *m, const char *path, const char *what,
                             const kv_list *list)
{
    size_t n = strlen(what), len = strlen(path);

    if (!str_starts(path, what) || len < n + 4 || path[n] != '[' || path[len - 1] != ']')
        return NULL;
    const char *val = kv_get(list, arena_strndup(m->a, path + n + 2, len - n - 4));
    return val ? val : "";
}

static int from_field(struct kube_maker *m, const char *path, char **ret)
{
    const char *v = NULL;

    if (!path)
        path = "";
    if (STR_EQ(path, "metadata.name"))
        v = m->pod->name;
    else if (STR_EQ(path, "metadata.uid"))
        v = m->pod->id;
    else if (STR_EQ(path, "metadata.namespace"))
        v = m->meta->namespace ? m->meta->namespace : "default";
    if (!v)
        v = subscript(m, path, "metadata.labels", &m->meta->labels);
    if (!v)
        v = subscript(m, path, "metadata.annotations", &m->meta->annotations);
    if (!v)
        return err_set(m->err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "can not set env from fieldPath \"%s\": only metadata.name, metadata.uid, "
                       "metadata.namespace, metadata.labels['X'] and metadata.annotations['X'] are "
                       "known here",
                       path);
    *ret = arena_strdup(m->a, v);
    return 0;
}

/* limits.memory, requests.cpu: in units of the divisor, rounded up. */
static int from_resource(struct kube_maker *m, const struct kube_container *k,
                         const struct kube_resource_ref *ref, char **ret)
{
    const char *name = ref->resource ? ref->resource : "", *dot = strchr(name, '.');
    const kv_list *list = !k->resources                   ? NULL
                          : str_starts(name, "limits.")   ? &k->resources->limits
                          : str_starts(name, "requests.") ? &k->resources->requests
                                                          : NULL;
    const char *text = list && dot ? kv_get(list, dot + 1) : NULL;
    const char *divisor = str_empty(ref->divisor) || STR_EQ(ref->divisor, "0") ? "1" : ref->divisor;
    int64_t value = 0, unit = 1;

    if (!dot || !STR_IN(name, "limits.memory", "limits.cpu", "requests.memory", "requests.cpu"))
        return err_set(m->err, ERR_BAD_PARAM, EINVAL,
                       "resource \"%s\" is none of limits.cpu, limits.memory, requests.cpu and "
                       "requests.memory",
                       name);
    if ((text && kube_quantity(text, true, &value) < 0) ||
        kube_quantity(divisor, true, &unit) < 0 || unit == 0)
        return err_set(m->err, ERR_BAD_PARAM, EINVAL, "resource %s: \"%s\" by \"%s\" is no number",
                       name, text ? text : "", divisor);
    *ret = arena_printf(m->a, "%" PRId64, (value + unit - 1) / unit);
    return 0;
}

static int one_variable(struct kube_maker *m, const struct kube_container *k,
                        const struct kube_env *v, char **ret)
{
    const struct kube_env_source *from = v->from;

    *ret = NULL;
    if (!from) {
        *ret = arena_strdup(m->a, v->value ? v->value : "");
        return 0;
    }
    if (from->config_map)
        return from_data(m, from->config_map, false, ret);
    if (from->secret)
        return from_data(m, from->secret, true, ret);
    if (from->field)
        return from_field(m, from->field->field_path, ret);
    if (from->resource)
        return from_resource(m, k, from->resource, ret);
    return err_set(m->err, ERR_BAD_PARAM, EINVAL,
                   "variable %s: its valueFrom names no source that is known", v->name);
}

/* All entries of a ConfigMap or Secret whose name can be a variable's. */
static int all_of(struct kube_maker *m, const struct kube_env_from *from, char ***env)
{
    bool secret = from->secret != NULL;
    const struct kube_ref *ref = secret ? from->secret : from->config_map;
    struct kube_data d;

    if (!ref)
        return err_set(m->err, ERR_BAD_PARAM, EINVAL,
                       "envFrom needs a configMapRef or a secretRef");
    int r = (secret ? kube_secret : kube_config_map)(m, ref->name ? ref->name : "", ref->optional,
                                                     &d);
    const kv_list *lists[] = { &d.data, &d.string_data };
    for (size_t l = 0; r == 0 && l < ARRAY_SIZE(lists); l++)
        for (size_t i = 0; r >= 0 && i < lists[l]->n; i++) {
            const char *key = lists[l]->items[i].key;
            AUTO_BUF value = { .max = EXPANDED_MAX };
            if (strchr(key, '='))
                continue;
            r = kube_data_entry(m, &d, secret, key, &value);
            *env = env_set(m->a, *env,
                           arena_printf(m->a, "%s%s=%s", from->prefix ? from->prefix : "", key,
                                        value.data ? value.data : ""));
            r = MIN(r, 0);
        }
    return MIN(r, 0);
}

int kube_env(struct kube_maker *m, const struct kube_container *k, struct container_config *c)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < k->env_from.n; i++)
        r = all_of(m, &k->env_from.items[i], &c->env);
    for (size_t i = 0; r == 0 && i < k->env.n; i++) {
        const struct kube_env *v = &k->env.items[i];
        char *value;
        if (str_empty(v->name) || strchr(v->name, '='))
            return err_set(m->err, ERR_BAD_PARAM, EINVAL, "invalid name of a variable: \"%s\"",
                           v->name ? v->name : "");
        r = one_variable(m, k, v, &value);
        if (r == 0 && value && !v->from && !(value = kube_expand(m->a, value, c->env)))
            return err_set(m->err, ERR_TOO_BIG, EFBIG, "variable %s is too large", v->name);
        if (r == 0 && value)
            c->env = env_set(m->a, c->env, arena_printf(m->a, "%s=%s", v->name, value));
    }
    return r;
}
