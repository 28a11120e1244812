#include <strings.h>

#include "engine/spec_parts.h"
#include "spec/capability.h"

#include "base/banned.h"

char *capability_name(struct arena *a, const char *name)
{
    int number = capability_parse(name);

    return number < 0 ? NULL : arena_strdup(a, capability_by_number(number));
}

static int checked(struct arena *a, const char *name, char **ret, struct err *err)
{
    *ret = capability_name(a, name);
    return *ret ? 0
                : err_set(err, ERR_BAD_PARAM, EINVAL,
                          "unknown capability \"%s\" in --cap-add/--cap-drop", name);
}

static bool has_all(char *const *v)
{
    for (; v && *v; v++)
        if (strcasecmp(*v, "ALL") == 0)
            return true;
    return false;
}

/* What there is before anything is added or dropped by name. */
static int first_set(struct arena *a, const struct container_config *c, char *const *defaults,
                     char ***ret, struct err *err)
{
    char *name;

    if (has_all(c->cap_add) && has_all(c->cap_drop))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "adding all caps and removing all caps not allowed");
    if (c->privileged || has_all(c->cap_add)) {
        for (size_t i = 0; i < CAPABILITY_COUNT; i++)
            *ret = strv_add(a, *ret, capability_by_number((int)i));
        return 0;
    }
    if (has_all(c->cap_drop))
        return 0;
    for (; defaults && *defaults; defaults++) {
        if (checked(a, *defaults, &name, err) < 0)
            return err_wrap(err, "containers.conf: default_capabilities");
        *ret = strv_add(a, *ret, name);
    }
    return 0;
}

static char **without(struct arena *a, char *const *set, const char *name)
{
    char **kept = NULL;

    for (; set && *set; set++)
        if (!STR_EQ(*set, name))
            kept = strv_add(a, kept, *set);
    return kept;
}

/* An image, or --label, may say that it takes no more than some of them. */
static char **named_by_label(struct arena *a, const struct container_config *c)
{
    const char *v = kv_get(&c->labels, "io.containers.capabilities");

    return strv_split(a, v ? v : kv_get(&c->labels, "CAPABILITIES"), ',');
}

static bool has_label(const struct container_config *c)
{
    return !c->privileged && (!str_empty(kv_get(&c->labels, "io.containers.capabilities")) ||
                              !str_empty(kv_get(&c->labels, "CAPABILITIES")));
}

char **capabilities_refused(struct arena *a, const struct container_config *c, char *const *set)
{
    char **out = NULL;

    for (char **p = has_label(c) ? named_by_label(a, c) : NULL; p && *p; p++) {
        const char *name = capability_name(a, *p);
        if (!name || !strv_has(set, name))
            out = strv_add(a, out, name ? name : *p);
    }
    return out;
}

/* What the label names, where there is one and all of it is allowed. */
static char **by_label(struct arena *a, const struct container_config *c, char **set)
{
    char **out = NULL;

    if (!has_label(c) || capabilities_refused(a, c, set))
        return set;
    for (char **p = named_by_label(a, c); p && *p; p++)
        out = strv_add(a, out, capability_name(a, *p));
    return out;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int capabilities_resolve(struct arena *a, const struct container_config *c, char *const *defaults,
                         char ***ret, struct err *err)
{
    char **set = NULL;
    char *name;
    int r = first_set(a, c, defaults, &set, err);

    if (r < 0)
        return r;
    char **added = NULL;
    for (char **p = c->cap_add; p && *p; p++) {
        if (strcasecmp(*p, "ALL") == 0)
            continue;
        r = checked(a, *p, &name, err);
        if (r < 0)
            return r;
        added = strv_add(a, added, name);
        if (!strv_has(set, name))
            set = strv_add(a, set, name);
    }
    for (char **p = c->cap_drop; p && *p; p++) {
        if (strcasecmp(*p, "ALL") == 0)
            continue;
        r = checked(a, *p, &name, err);
        if (r < 0)
            return r;
        if (strv_has(added, name))
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "capability \"%s\" cannot be dropped and added", name);
        set = without(a, set, name);
    }
    set = by_label(a, c, set);
    *ret = set ? set : arena_alloc(a, sizeof(char *));
    qsort(*ret, strv_len(*ret), sizeof(char *), by_name); /* as they are shown and compared */
    return 0;
}

struct oci_capabilities *capabilities_of(struct arena *a, const struct container_config *c,
                                         char **bounding, uint32_t uid)
{
    struct oci_capabilities *k = arena_alloc(a, sizeof(*k));
    char **named = NULL;

    k->bounding = bounding;
    if (uid == 0) {
        k->effective = k->permitted = bounding;
        return k;
    }
    for (char **p = c->cap_add; p && *p; p++) {
        char *name = capability_name(a, *p);
        if (name && strv_has(bounding, name))
            named = strv_add(a, named, name);
    }
    k->effective = k->permitted = k->ambient = k->inheritable = named;
    return k;
}
