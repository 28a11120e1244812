/* ARG and ENV: which variables an instruction sees. */
#include "build/build_priv.h"
#include "build/words.h"

#include "base/banned.h"

static const char *or_host(const char *given, const char *host)
{
    return str_empty(given) ? host : given;
}

static char *platform(struct arena *a, const char *os, const char *arch, const char *variant)
{
    return arena_printf(a, "%s/%s%s%s", os, arch, *variant ? "/" : "", variant);
}

static const char *predefined(struct build *b, const char *name)
{
    const struct build_options *o = b->o;
    const char *host = platform_host_arch(), *host_variant = platform_host_variant();
    const char *os = or_host(o->os, "linux"), *arch = or_host(o->arch, host);
    const char *variant = o->variant ? o->variant : STR_EQ(arch, host) ? host_variant : "";
    const struct {
        const char *name, *value;
    } rows[] = {
        { "TARGETPLATFORM", platform(b->a, os, arch, variant) },
        { "TARGETOS", os },
        { "TARGETARCH", arch },
        { "TARGETVARIANT", variant },
        { "BUILDPLATFORM", platform(b->a, "linux", host, host_variant) },
        { "BUILDOS", "linux" },
        { "BUILDARCH", host },
        { "BUILDVARIANT", host_variant },
        { "SOURCE_DATE_EPOCH",
          o->has_epoch ? arena_printf(b->a, "%lld", (long long)o->epoch) : NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (STR_EQ(rows[i].name, name))
            return rows[i].value;
    return NULL;
}

const char *build_arg_value(struct build *b, const char *name)
{
    const char *given = env_get(b->o->args, name);

    if (!given)
        return predefined(b, name);
    if (!strv_has(b->used_args, name))
        b->used_args = strv_add(b->a, b->used_args, name);
    return given;
}

const char *stage_lookup(void *arg, const char *name)
{
    const struct stage *st = arg;
    const char *v = env_get(st->config.config.env, name);

    return v ? v : env_get(st->args, name);
}

int stage_expand(struct stage *st, const char *text, char **ret, struct err *err)
{
    return cf_expand(st->b->a, text, st->b->escape, stage_lookup, st, ret, err);
}

int stage_words(struct step *s, char ***ret)
{
    struct stage *st = s->st;
    char **w = s->in->json ? s->in->json : cf_words(st->b->a, s->in->text, st->b->escape);
    int r = 0;

    *ret = NULL;
    for (; r == 0 && w && *w; w++) {
        char *one;
        r = stage_expand(st, *w, &one, s->err);
        if (r == 0)
            *ret = strv_add(st->b->a, *ret, one);
    }
    return r;
}

/* --build-arg first, then the default here, then what ARG before FROM said, then what is predefined. */
static int declare_one(struct step *s, const char *word)
{
    struct stage *st = s->st;
    struct build *b = st->b;
    const char *eq = strchr(word, '=');
    char *name = eq ? arena_strndup(b->a, word, (size_t)(eq - word)) : arena_strdup(b->a, word);
    char *value = NULL;
    int r = stage_expand(st, name, &name, s->err);

    if (r == 0 && eq)
        r = stage_expand(st, eq + 1, &value, s->err);
    if (r < 0)
        return r;
    if (!*name)
        return step_wrong(s, "ARG names can not be blank");
    const char *v = env_get(b->o->args, name);
    if (v)
        b->used_args = strv_add(b->a, b->used_args, name);
    if (!v)
        v = value;
    if (!v)
        v = env_get(b->global_args, name);
    if (!v)
        v = predefined(b, name);
    st->arg_names = strv_add(b->a, st->arg_names, name);
    if (v)
        st->args = env_set(b->a, st->args, arena_printf(b->a, "%s=%s", name, v));
    return 0;
}

int arg_declare(struct step *s)
{
    int r = 0;

    for (char **w = cf_words(s->st->b->a, s->in->text, s->st->b->escape); r == 0 && w && *w; w++)
        r = declare_one(s, *w);
    return r;
}
