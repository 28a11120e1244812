#include "spec/image_change.h"

#include <ctype.h>
#include <strings.h>

#include "base/banned.h"

struct change {
    struct arena *a;
    struct image_exec *c;
    const char *text; /* all of it, for errors */
    char *value;
    struct err *err;
};

static int invalid(const struct change *ch, const char *why)
{
    return err_set(ch->err, ERR_BAD_PARAM, EINVAL, "invalid change \"%s\": %s", ch->text, why);
}

/* A JSON array of strings; false when the text is none. */
static bool json_vector(const struct change *ch, char ***ret)
{
    if (ch->value[0] != '[')
        return false;
    AUTO_JSON *doc = json_parse(ch->value, strlen(ch->value), "", NULL);
    size_t i;
    json_t *each;
    char **v = arena_alloc(ch->a, 2 * sizeof(*v));

    if (!json_is_array(doc))
        return false;
    json_array_foreach (doc, i, each) {
        if (!json_is_string(each))
            return false;
        v = strv_add(ch->a, *v ? v : NULL, json_string_value(each));
    }
    *ret = v;
    return true;
}

/* The JSON form, or a line for the shell. */
static int command(struct change *ch, char ***field)
{
    if (json_vector(ch, field))
        return 0;
    *field = strv_add(ch->a, NULL, "/bin/sh");
    *field = strv_add(ch->a, *field, "-c");
    *field = strv_add(ch->a, *field, ch->value);
    return 0;
}

static int change_cmd(struct change *ch)
{
    return command(ch, &ch->c->cmd);
}

static int change_entrypoint(struct change *ch)
{
    return command(ch, &ch->c->entrypoint);
}

/* The next word of "a=b c='d e'", quotes removed; NULL at the end. */
static char *next_word(struct arena *a, const char **s)
{
    const char *p = *s + strspn(*s, " \t");

    if (!*p)
        return NULL;
    char *out = arena_alloc(a, strlen(p) + 1), *w = out, quote = 0;
    for (; *p && (quote || (*p != ' ' && *p != '\t')); p++) {
        if (quote ? *p == quote : *p == '"' || *p == '\'')
            quote = quote ? 0 : *p;
        else {
            if (*p == '\\' && p[1] && quote != '\'')
                p++;
            *w++ = *p;
        }
    }
    *s = p;
    return out;
}

/* "K=V K2=V2", or the old form "K V". */
static int pairs(struct change *ch, void (*set)(struct change *, const char *key, const char *val))
{
    const char *s = ch->value;
    char *first = arena_strndup(ch->a, s, strcspn(s, " \t"));

    if (!strchr(first, '=')) {
        const char *rest = s + strlen(first);
        rest += strspn(rest, " \t");
        if (!*rest)
            return invalid(ch, "key=value is expected");
        set(ch, first, rest);
        return 0;
    }
    for (char *word; (word = next_word(ch->a, &s));) {
        char *eq = strchr(word, '=');
        if (!eq || eq == word)
            return invalid(ch, "key=value is expected");
        *eq = '\0';
        set(ch, word, eq + 1);
    }
    return 0;
}

static void set_env(struct change *ch, const char *key, const char *val)
{
    ch->c->env = env_set(ch->a, ch->c->env, arena_printf(ch->a, "%s=%s", key, val));
}

static void set_label(struct change *ch, const char *key, const char *val)
{
    kv_set(ch->a, &ch->c->labels, key, val);
}

static int change_env(struct change *ch)
{
    return pairs(ch, set_env);
}

static int change_label(struct change *ch)
{
    return pairs(ch, set_label);
}

static int change_expose(struct change *ch)
{
    const char *s = ch->value;

    for (char *word; (word = next_word(ch->a, &s));) {
        if (!isdigit((unsigned char)*word))
            return invalid(ch, "a port is expected");
        if (!strchr(word, '/'))
            word = arena_printf(ch->a, "%s/tcp", word);
        if (!strv_has(ch->c->exposed_ports, word))
            ch->c->exposed_ports = strv_add(ch->a, ch->c->exposed_ports, word);
    }
    return 0;
}

static int change_volume(struct change *ch)
{
    char **paths = NULL;
    const char *s = ch->value;

    if (!json_vector(ch, &paths))
        for (char *word; (word = next_word(ch->a, &s));)
            paths = strv_add(ch->a, paths, word);
    for (; paths && *paths; paths++)
        if (!strv_has(ch->c->volumes, *paths))
            ch->c->volumes = strv_add(ch->a, ch->c->volumes, *paths);
    return 0;
}

static int change_onbuild(struct change *ch)
{
    ch->c->onbuild = strv_add(ch->a, ch->c->onbuild, ch->value);
    return 0;
}

static int change_stopsignal(struct change *ch)
{
    ch->c->stop_signal = ch->value;
    return 0;
}

static int change_user(struct change *ch)
{
    ch->c->user = ch->value;
    return 0;
}

static int change_workdir(struct change *ch)
{
    ch->c->working_dir = ch->value;
    return 0;
}

static const struct {
    const char *name;
    int (*apply)(struct change *ch);
} instructions[] = {
    { "CMD", change_cmd },       { "ENTRYPOINT", change_entrypoint },
    { "ENV", change_env },       { "EXPOSE", change_expose },
    { "LABEL", change_label },   { "ONBUILD", change_onbuild },
    { "USER", change_user },     { "STOPSIGNAL", change_stopsignal },
    { "VOLUME", change_volume }, { "WORKDIR", change_workdir },
};

int image_change(struct arena *a, struct image_exec *c, const char *text, struct err *err)
{
    struct change ch = { .a = a, .c = c, .text = text, .err = err };
    const char *s = text + strspn(text, " \t");
    size_t n = strcspn(s, " \t=");

    for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
        if (strlen(instructions[i].name) != n || strncasecmp(instructions[i].name, s, n) != 0)
            continue;
        s += n;
        s += strspn(s, " \t");
        if (*s == '=')
            s++;
        s += strspn(s, " \t");
        ch.value = arena_strdup(a, s);
        return *s ? instructions[i].apply(&ch) : invalid(&ch, "it has no value");
    }
    return invalid(&ch,
                   "not one of CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, "
                   "VOLUME, WORKDIR");
}
