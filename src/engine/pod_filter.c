#include <fnmatch.h>
#include <strings.h>

#include "base/parse.h"
#include "engine/network.h"
#include "engine/pods.h"

#include "base/banned.h"

/* The filters of `pod ps`.  @arg is what follows "key=". */
struct filter_env {
    struct engine *e;
    struct arena *a;
    struct err *err;
};
typedef int (*filter_fn)(const struct filter_env *f, const struct pod *p, const char *arg);

static int by_id(const struct filter_env *f, const struct pod *p, const char *arg)
{
    if (strspn(arg, "0123456789abcdefABCDEF") == strlen(arg))
        return strncasecmp(p->config.id, arg, strlen(arg)) == 0;
    return filter_regex(arg, p->config.id, f->err);
}

static int by_name(const struct filter_env *f, const struct pod *p, const char *arg)
{
    return filter_regex(arg, p->config.name, f->err);
}

static int by_label(const struct filter_env *f, const struct pod *p, const char *arg)
{
    const char *eq = strchrnul(arg, '=');
    const kv_list *m = &p->config.labels;

    for (size_t i = 0; i < m->n; i++) {
        char *key = arena_strndup(f->a, arg, (size_t)(eq - arg));
        if (fnmatch(key, m->items[i].key, 0) == 0 && (!*eq || STR_EQ(m->items[i].val, eq + 1)))
            return 1;
    }
    return 0;
}

static int by_not_label(const struct filter_env *f, const struct pod *p, const char *arg)
{
    return !by_label(f, p, arg);
}

static int by_status(const struct filter_env *f, const struct pod *p, const char *arg)
{
    if (!STR_IN(arg, "stopped", "running", "paused", "exited", "dead", "created", "degraded",
                "error"))
        return err_set(f->err, ERR_BAD_PARAM, EINVAL, "%s is not a valid pod status", arg);
    return strcasecmp(pod_status_names[p->status], arg) == 0;
}

static int by_until(const struct filter_env *f, const struct pod *p, const char *arg)
{
    int64_t t;

    if (parse_time(arg, time_now(), &t) < 0)
        return err_set(f->err, ERR_BAD_PARAM, EINVAL,
                       "failed to parse \"%s\": not a time or a duration", arg);
    return p->config.created < t;
}

static int by_member_id(const struct filter_env *f, const struct pod *p, const char *arg)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < p->members.n; i++)
        r = filter_regex(arg, p->members.items[i].config.id, f->err);
    return r;
}

static int by_member_name(const struct filter_env *f, const struct pod *p, const char *arg)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < p->members.n; i++)
        r = filter_regex(arg, p->members.items[i].config.name, f->err);
    return r;
}

static int by_member_number(const struct filter_env *f, const struct pod *p, const char *arg)
{
    int64_t n;

    if (parse_i64(arg, 0, INT32_MAX, &n) < 0)
        return err_set(f->err, ERR_BAD_PARAM, EINVAL, "\"%s\" is not a number of containers", arg);
    return (int64_t)p->members.n == n;
}

static int by_member_status(const struct filter_env *f, const struct pod *p, const char *arg)
{
    if (!STR_IN(arg, "created", "running", "paused", "stopped", "exited", "unknown"))
        return err_set(f->err, ERR_BAD_PARAM, EINVAL, "%s is not a valid status", arg);
    if (STR_EQ(arg, "stopped"))
        arg = "exited";
    for (size_t i = 0; i < p->members.n; i++)
        if (STR_EQ(container_status_names[p->members.items[i].status], arg))
            return 1;
    return 0;
}

static int by_network(const struct filter_env *f, const struct pod *p, const char *arg)
{
    const struct container *infra = pod_infra(p);
    struct network n;

    if (!infra)
        return 0;
    const char *name = network_find(engine_networks(f->e), f->a, arg, &n, NULL) == 0 ? n.name : arg;
    for (size_t i = 0; i < infra->config.networks.n; i++)
        if (STR_EQ(infra->config.networks.items[i].name, name))
            return 1;
    return 0;
}

static const struct {
    const char *key;
    filter_fn fn;
} known[] = {
    { "ctr-ids", by_member_id },
    { "ctr-names", by_member_name },
    { "ctr-number", by_member_number },
    { "ctr-status", by_member_status },
    { "id", by_id },
    { "label", by_label },
    { "label!", by_not_label },
    { "name", by_name },
    { "network", by_network },
    { "status", by_status },
    { "until", by_until },
};

static filter_fn find(const char *filter, size_t len)
{
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strlen(known[i].key) == len && strncmp(known[i].key, filter, len) == 0)
            return known[i].fn;
    return NULL;
}

/* Values of one key are alternatives, but for labels, which all have to be there. */
static int passes(const struct filter_env *f, const struct pod *p, char *const *filters)
{
    for (char *const *x = filters; *x; x++) {
        size_t n = strcspn(*x, "=");
        bool all = str_starts(*x, "label");
        int ok = 0;
        for (char *const *y = filters; *y; y++) {
            if (strcspn(*y, "=") != n || strncmp(*x, *y, n) != 0 || (all && y != x))
                continue;
            int r = find(*y, n)(f, p, *y + n + 1);
            if (r < 0)
                return r;
            ok |= r;
        }
        if (!ok)
            return 0;
    }
    return 1;
}

int pod_filter(struct engine *e, struct arena *a, struct pod_list *list, char *const *filters,
               struct err *err)
{
    struct filter_env f = { e, a, err };
    size_t kept = 0;

    if (!filters || !*filters)
        return 0;
    for (char *const *p = filters; *p; p++) {
        size_t n = strcspn(*p, "=");
        if (!(*p)[n])
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "filter input must be in the form of filter=value: %s is invalid", *p);
        if (!find(*p, n))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "%.*s is an invalid filter", (int)n, *p);
    }
    for (size_t i = 0; i < list->n; i++) {
        int r = passes(&f, &list->items[i], filters);
        if (r < 0)
            return r;
        if (r)
            list->items[kept++] = list->items[i];
    }
    list->n = kept;
    return 0;
}
