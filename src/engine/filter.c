#include <fnmatch.h>
#include <regex.h>
#include <strings.h>

#include "base/parse.h"
#include "engine/health.h"
#include "engine/network.h"
#include "engine/pods.h"

#include "base/banned.h"

/* A filter's test of one container.  @arg is what follows "key=". */
struct filter_env {
    struct engine *e;
    struct arena *a;
    struct err *err;
    const struct container_list *all;
};
typedef int (*filter_fn)(const struct filter_env *f, const struct container *c, const char *arg);

int filter_regex(const char *pattern, const char *text, struct err *err)
{
    regex_t re;

    if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid regular expression \"%s\"", pattern);
    int r = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return r;
}

static int by_id(const struct filter_env *f, const struct container *c, const char *arg)
{
    /* Hex digits are the beginning of an ID, anything else is a regular expression. */
    if (strspn(arg, "0123456789abcdefABCDEF") == strlen(arg))
        return strncasecmp(c->config.id, arg, strlen(arg)) == 0;
    return filter_regex(arg, c->config.id, f->err);
}

static int by_name(const struct filter_env *f, const struct container *c, const char *arg)
{
    /* Docker's names begin with a slash, and so do its patterns. */
    if (str_starts(arg, "^/"))
        arg = arena_printf(f->a, "^%s", arg + 2);
    return filter_regex(arg + (arg[0] == '/'), c->config.name, f->err);
}

static int by_kv(const kv_list *m, const char *arg)
{
    const char *eq = strchrnul(arg, '=');

    for (size_t i = 0; i < m->n; i++) {
        AUTO_FREE char *key = xstrndup(arg, (size_t)(eq - arg));
        if (fnmatch(key, m->items[i].key, 0) == 0 && (!*eq || STR_EQ(m->items[i].val, eq + 1)))
            return 1;
    }
    return 0;
}

static int by_label(const struct filter_env *f, const struct container *c, const char *arg)
{
    (void)f;
    return by_kv(&c->config.labels, arg);
}

static int by_annotation(const struct filter_env *f, const struct container *c, const char *arg)
{
    (void)f;
    return by_kv(&c->config.annotations, arg);
}

static int by_not_label(const struct filter_env *f, const struct container *c, const char *arg)
{
    return !by_label(f, c, arg);
}

static int by_status(const struct filter_env *f, const struct container *c, const char *arg)
{
    static const char *const words[] = { "created",  "initialized", "running", "paused",
                                         "stopping", "exited",      "stopped", "removing",
                                         "unknown",  "configured",  "dead",    "restarting",
                                         NULL };

    if (!str_in_list(arg, words))
        return err_set(f->err, ERR_BAD_PARAM, EINVAL, "%s is not a valid status", arg);
    if (STR_IN(arg, "stopped", "dead"))
        arg = "exited";
    if (STR_EQ(arg, "configured"))
        arg = "created";
    return STR_EQ(container_status_names[c->status], arg);
}

static int by_exited(const struct filter_env *f, const struct container *c, const char *arg)
{
    int64_t code;

    if (parse_i64(arg, -1, 255, &code) < 0)
        return err_set(f->err, ERR_BAD_PARAM, EINVAL,
                       "exited code out of range or not a number: \"%s\"", arg);
    return c->status == CTR_EXITED && c->run.exit_code == code;
}

static int by_ancestor(const struct filter_env *f, const struct container *c, const char *arg)
{
    (void)f;
    const char *name = c->config.image_name ? c->config.image_name : "";

    if (c->config.image && *arg && str_starts(c->config.image, arg))
        return 1;
    /* "busybox", "library/busybox", "busybox:latest", the whole name */
    for (const char *p = name; p; p = strchr(p, '/')) {
        if (*p == '/')
            p++;
        size_t n = strlen(arg);
        if (strncmp(p, arg, n) == 0 && (!p[n] || p[n] == ':'))
            return 1;
    }
    return 0;
}

static int created_of(const struct filter_env *f, const char *name, int64_t *ret)
{
    for (size_t i = 0; i < f->all->n; i++) {
        const struct container_config *c = &f->all->items[i].config;
        if (STR_EQ(c->name, name) || str_starts(c->id, name)) {
            *ret = c->created;
            return 0;
        }
    }
    return err_set(f->err, ERR_NOT_FOUND, ENOENT,
                   "no container with name or ID \"%s\" found: no such container", name);
}

static int by_before(const struct filter_env *f, const struct container *c, const char *arg)
{
    int64_t t;
    int r = created_of(f, arg, &t);
    return r < 0 ? r : c->config.created < t;
}

static int by_since(const struct filter_env *f, const struct container *c, const char *arg)
{
    int64_t t;
    int r = created_of(f, arg, &t);
    return r < 0 ? r : c->config.created > t;
}

static int by_volume(const struct filter_env *f, const struct container *c, const char *arg)
{
    (void)f;
    const char *colon = strchrnul(arg, ':');
    AUTO_FREE char *src = xstrndup(arg, (size_t)(colon - arg));

    for (size_t i = 0; i < c->config.mounts.n; i++) {
        const struct container_mount *m = &c->config.mounts.items[i];
        bool match = str_same(m->source, src) || str_same(m->destination, src);
        if (match && (!*colon || str_same(m->destination, colon + 1)))
            return 1;
    }
    return 0;
}

static int by_until(const struct filter_env *f, const struct container *c, const char *arg)
{
    int64_t t;

    if (parse_time(arg, time_now(), &t) < 0)
        return err_set(f->err, ERR_BAD_PARAM, EINVAL,
                       "failed to parse \"%s\": not a time or a duration", arg);
    return c->config.created < t;
}

static int by_command(const struct filter_env *f, const struct container *c, const char *arg)
{
    (void)f;
    return c->config.command && c->config.command[0] && STR_EQ(c->config.command[0], arg);
}

static int by_network(const struct filter_env *f, const struct container *c, const char *arg)
{
    struct network n;

    if (!network_is_ours(&c->config))
        return str_same(c->config.netns, arg);
    const char *name = network_find(engine_networks(f->e), f->a, arg, &n, NULL) == 0 ? n.name : arg;
    for (size_t i = 0; i < c->config.networks.n; i++)
        if (STR_EQ(c->config.networks.items[i].name, name))
            return 1;
    return STR_EQ(arg, "bridge");
}

static int by_pod(const struct filter_env *f, const struct container *c, const char *arg)
{
    const char *id = c->config.pod ? c->config.pod : "";

    return *id && *arg && (str_starts(id, arg) || STR_EQ(pod_name(f->e, f->a, id), arg));
}

static int by_health(const struct filter_env *f, const struct container *c, const char *arg)
{
    AUTO_ARENA a = { 0 };
    struct health_state st;

    if (!STR_IN(arg, "healthy", "unhealthy", "starting", "none"))
        return err_set(f->err, ERR_BAD_PARAM, EINVAL, "\"%s\" is not a health status", arg);
    return container_health(f->e, &a, c, &st) ? STR_EQ(st.status, arg) : STR_EQ(arg, "none");
}

static int by_restart_policy(const struct filter_env *f, const struct container *c, const char *arg)
{
    const char *p = str_empty(c->config.restart_policy) ? "no" : c->config.restart_policy;

    if (!STR_IN(arg, "none", "no", "always", "on-failure", "unless-stopped"))
        return err_set(f->err, ERR_BAD_PARAM, EINVAL, "%s invalid restart policy", arg);
    return STR_EQ(p, arg); /* "none" is a policy that no container has */
}

static int by_should_start(const struct filter_env *f, const struct container *c, const char *arg)
{
    bool want;
    if (parse_bool(arg, &want) < 0)
        return err_set(f->err, ERR_BAD_PARAM, EINVAL,
                       "invalid value \"%s\" of filter should-start-on-boot", arg);
    const char *p = c->config.restart_policy ? c->config.restart_policy : "";
    return STR_IN(p, "always", "unless-stopped") == want;
}

static const struct {
    const char *key;
    filter_fn fn;
} filters_known[] = {
    { "id", by_id },
    { "name", by_name },
    { "label", by_label },
    { "label!", by_not_label },
    { "annotation", by_annotation },
    { "status", by_status },
    { "exited", by_exited },
    { "ancestor", by_ancestor },
    { "before", by_before },
    { "since", by_since },
    { "volume", by_volume },
    { "until", by_until },
    { "command", by_command },
    { "network", by_network },
    { "pod", by_pod },
    { "health", by_health },
    { "restart-policy", by_restart_policy },
    { "should-start-on-boot", by_should_start },
};

static filter_fn find_filter(const char *key, size_t len)
{
    for (size_t i = 0; i < ARRAY_SIZE(filters_known); i++)
        if (strlen(filters_known[i].key) == len && strncmp(filters_known[i].key, key, len) == 0)
            return filters_known[i].fn;
    return NULL;
}

/* "label!=x" has the key "label!". */
static size_t key_length(const char *filter)
{
    return strcspn(filter, "=");
}

/* Does @c pass every key?  Several values of one key are alternatives, but for labels, which all have to
 * be there. */
static int passes(const struct filter_env *f, const struct container *c, char *const *filters)
{
    for (char *const *p = filters; *p; p++) {
        size_t n = key_length(*p);
        bool all = str_starts(*p, "label");
        int ok = 0;
        for (char *const *q = filters; *q; q++) {
            if (key_length(*q) != n || strncmp(*p, *q, n) != 0 || (all && q != p))
                continue;
            int r = find_filter(*q, n)(f, c, *q + n + 1);
            if (r < 0)
                return r;
            ok |= r;
        }
        if (!ok)
            return 0;
    }
    return 1;
}

int container_filter(struct engine *e, struct arena *a, struct container_list *list,
                     char *const *filters, struct err *err)
{
    if (!filters || !*filters)
        return 0;
    for (char *const *p = filters; *p; p++) {
        size_t n = key_length(*p);
        if (!(*p)[n])
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "filter input must be in the form of filter=value: %s is invalid", *p);
        if (!find_filter(*p, n))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "%.*s is an invalid filter", (int)n, *p);
    }
    struct container_list all = { arena_memdup(a, list->items, list->n * sizeof(*list->items)),
                                  list->n };
    struct filter_env f = { e, a, err, &all };
    size_t kept = 0;
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
