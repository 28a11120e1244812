#include <ctype.h>
#include <fcntl.h>

#include "base/csv.h"
#include "base/parse.h"
#include "cli/cli_priv.h"

#include "base/banned.h"

/* The grammar is pflag's, and so are the texts: scripts match them.
 *
 *   --name value  --name=value  --bool  --bool=false  -n value  -nvalue  -n=value  -abc  --
 *
 * An option that can stand without a value never takes the next word. */

size_t opt_count(const struct opt *const *tables)
{
    size_t n = 0;

    for (; tables && *tables; tables++)
        for (const struct opt *o = *tables; o->kind != OPT_END; o++)
            n++;
    return n;
}

const char *opt_kind_name(enum opt_kind kind)
{
    static const char *const names[] = {
        [OPT_END] = "",          [OPT_BOOL] = "",
        [OPT_TRI] = "",          [OPT_STR] = "string",
        [OPT_INT] = "int",       [OPT_UINT] = "uint",
        [OPT_F64] = "float",     [OPT_STRV] = "stringArray",
        [OPT_SLICE] = "strings",
    };
    return names[kind];
}

/* A string as Go's %q shows it, control characters aside. */
static const char *quoted(struct arena *a, const char *s)
{
    AUTO_BUF b = { 0 };

    buf_putc(&b, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            buf_putc(&b, '\\');
        if (*s == '\n')
            buf_puts(&b, "\\n");
        else if (*s == '\t')
            buf_puts(&b, "\\t");
        else
            buf_putc(&b, *s);
    }
    buf_putc(&b, '"');
    return arena_strdup(a, b.data);
}

/* ---------- values ---------- */

static int check_choice(const struct opt *o, const char *value, struct err *err)
{
    size_t len = strlen(value);

    if (o->flags & OPTF_OPEN_CHOICE)
        return 0;
    for (const char *p = o->choices; p;) {
        size_t n = strcspn(p, "|");
        if (n == len && memcmp(p, value, n) == 0)
            return 0;
        p = p[n] ? p + n + 1 : NULL;
    }
    return o->choices ? err_set(err, ERR_BAD_PARAM, EINVAL, "must be one of %s", o->choices) : 0;
}

static int number_error(const char *func, const char *value, int r, struct arena *a,
                        struct err *err)
{
    return err_set(err, ERR_BAD_PARAM, -r, "strconv.%s: parsing %s: %s", func, quoted(a, value),
                   r == -ERANGE ? "value out of range" : "invalid syntax");
}

static int store_number(struct arena *a, const struct opt *o, void *field, const char *value,
                        struct err *err)
{
    static const char *const funcs[] = {
        [OPT_BOOL] = "ParseBool", [OPT_TRI] = "ParseBool",  [OPT_INT] = "ParseInt",
        [OPT_UINT] = "ParseUint", [OPT_F64] = "ParseFloat",
    };
    bool b = false;
    int r = -EINVAL;

    if (o->kind == OPT_BOOL)
        r = parse_bool(value, field);
    else if (o->kind == OPT_TRI && (r = parse_bool(value, &b)) == 0)
        *(int *)field = b;
    else if (o->kind == OPT_INT)
        r = parse_i64(value, INT64_MIN, INT64_MAX, field);
    else if (o->kind == OPT_UINT)
        r = parse_u64(value, UINT64_MAX, field);
    else if (o->kind == OPT_F64)
        r = parse_f64(value, field);
    return r < 0 ? number_error(funcs[o->kind], value, r, a, err) : 0;
}

static int store_slice(struct arena *a, const struct opt *o, char ***field, const char *value,
                       struct err *err)
{
    char **v;
    int r = csv_record(a, value, &v, err);

    for (char **p = v; r == 0 && p && *p; p++)
        r = check_choice(o, *p, err);
    if (r == 0)
        for (; v && *v; v++)
            *field = strv_add(a, *field, *v);
    return r;
}

static int store(struct arena *a, const struct opt *o, void *args, const char *value,
                 struct err *err)
{
    void *field = (char *)args + o->off;
    int r;

    switch (o->kind) {
    case OPT_STR:
        if ((r = check_choice(o, value, err)) == 0)
            *(char **)field = arena_strdup(a, value);
        return r;
    case OPT_STRV:
        if ((r = check_choice(o, value, err)) == 0)
            *(char ***)field = strv_add(a, *(char ***)field, value);
        return r;
    case OPT_SLICE:
        return store_slice(a, o, field, value, err);
    case OPT_BOOL:
    case OPT_TRI:
    case OPT_INT:
    case OPT_UINT:
    case OPT_F64:
        return store_number(a, o, field, value, err);
    case OPT_END:
        break;
    }
    return 0;
}

int cli_defaults(struct arena *a, const struct opt_set *set, struct err *err)
{
    for (const struct opt *const *t = set->tables; t && *t; t++)
        for (const struct opt *o = *t; o->kind != OPT_END; o++) {
            if (o->kind == OPT_TRI && str_empty(o->def))
                *(int *)(void *)((char *)set->args + o->off) = -1;
            else if (o->def) {
                int r = store(a, o, set->args, o->def, err);
                if (r < 0)
                    return err_wrap(err, "default of --%s", o->name);
            }
        }
    return 0;
}

/* ---------- options ---------- */

struct found {
    const struct opt_set *set;
    const struct opt *o;
    size_t index;
};

static bool find(const struct cli_parser *p, char brief, const char *name, size_t len,
                 struct found *ret)
{
    for (int s = 0; s < p->nsets; s++) {
        size_t index = 0;
        for (const struct opt *const *t = p->sets[s].tables; t && *t; t++)
            for (const struct opt *o = *t; o->kind != OPT_END; o++, index++)
                if (brief ? o->brief == brief : strncmp(o->name, name, len) == 0 && !o->name[len]) {
                    *ret = (struct found) { &p->sets[s], o, index };
                    return true;
                }
    }
    return false;
}

const struct opt *cli_find_opt(const struct cli_parser *p, char brief, const char *name, size_t len)
{
    struct found f;

    return find(p, brief, name, len, &f) ? f.o : NULL;
}

/* Was the field given before, under this or another name? */
static bool field_given(const struct opt *const *tables, const bool *given, size_t off)
{
    size_t i = 0;

    for (; tables && *tables; tables++)
        for (const struct opt *o = *tables; o->kind != OPT_END; o++, i++)
            if (o->off == off && given[i])
                return true;
    return false;
}

static int set_value(struct cli_parser *p, const struct found *f, const char *value,
                     struct err *err)
{
    const struct opt *o = f->o;
    struct err cause = { 0 };

    /* The first value given replaces a list's default. */
    if ((o->kind == OPT_STRV || o->kind == OPT_SLICE) &&
        !field_given(f->set->tables, f->set->given, o->off))
        *(char ***)(void *)((char *)f->set->args + o->off) = NULL;
    f->set->given[f->index] = true;
    if (store(p->arena, o, f->set->args, value, &cause) == 0)
        return 0;
    const char *name = o->brief ? arena_printf(p->arena, "-%c, --%s", o->brief, o->name)
                                : arena_printf(p->arena, "--%s", o->name);
    return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid argument %s for \"%s\" flag: %s",
                   quoted(p->arena, value), name, cause.msg);
}

const char *opt_implied(const struct opt *o)
{
    if (o->kind == OPT_BOOL || o->kind == OPT_TRI)
        return "true";
    return o->flags & OPTF_NOVAL ? o->no_value : NULL;
}

/* @word is "--name" or "--name=value".  Returns how many words were taken. */
static int long_option(struct cli_parser *p, char **words, struct err *err)
{
    const char *name = words[0] + 2;
    size_t len = strcspn(name, "=");
    struct found f;
    const char *value;

    if (len == 0 || *name == '-')
        return err_set(err, ERR_BAD_PARAM, EINVAL, "bad flag syntax: %s", words[0]);
    if (!find(p, 0, name, len, &f)) {
        if (len == 4 && str_starts(name, "help")) {
            p->help = true;
            return 1;
        }
        return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown flag: --%.*s", (int)len, name);
    }
    int taken = 1;
    if (name[len] == '=')
        value = name + len + 1;
    else if (!(value = opt_implied(f.o))) {
        if (!words[1])
            return err_set(err, ERR_BAD_PARAM, EINVAL, "flag needs an argument: --%s", name);
        value = words[1];
        taken = 2;
    }
    int r = set_value(p, &f, value, err);
    return r < 0 ? r : taken;
}

/* @words[0] is "-abc": flags until one that takes the rest, or the next word, as its value. */
static int short_options(struct cli_parser *p, char **words, struct err *err)
{
    for (const char *s = words[0] + 1; *s; s++) {
        struct found f;
        const char *value;
        int taken = 0;
        if (!find(p, *s, NULL, 0, &f)) {
            if (*s == 'h') {
                p->help = true;
                return 1;
            }
            return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown shorthand flag: '%c' in -%s", *s,
                           s);
        }
        if (s[1] == '=' && s[2]) {
            value = s + 2;
            taken = 1;
        } else if (!(value = opt_implied(f.o))) {
            value = s[1] ? s + 1 : words[1];
            taken = s[1] ? 1 : 2;
            if (!value)
                return err_set(err, ERR_BAD_PARAM, EINVAL, "flag needs an argument: '%c' in -%s",
                               *s, s);
        }
        int r = set_value(p, &f, value, err);
        if (r < 0 || taken)
            return r < 0 ? r : taken;
    }
    return 1;
}

int cli_parse(struct cli_parser *p, char **argv, struct err *err)
{
    size_t n = strv_len(argv);

    p->args = arena_alloc(p->arena, (n + 1) * sizeof(char *));
    p->nargs = 0;
    while (*argv) {
        const char *w = *argv;
        int taken = 1;
        if (STR_EQ(w, "--")) {
            argv++;
            break;
        }
        if (w[0] != '-' || !w[1]) {
            if (!p->interspersed)
                break;
            p->args[p->nargs++] = *argv;
        } else {
            taken = w[1] == '-' ? long_option(p, argv, err) : short_options(p, argv, err);
            if (taken < 0)
                return taken;
        }
        argv += taken;
    }
    while (*argv)
        p->args[p->nargs++] = *argv++;
    return 0;
}

const struct opt *cli_unsupported(const struct cli_parser *p)
{
    for (int s = 0; s < p->nsets; s++) {
        size_t i = 0;
        for (const struct opt *const *t = p->sets[s].tables; t && *t; t++)
            for (const struct opt *o = *t; o->kind != OPT_END; o++, i++)
                if (p->sets[s].given[i] && o->flags & OPTF_UNSUPPORTED)
                    return o;
    }
    return NULL;
}

int cli_check_credentials(const struct cli_parser *p, struct err *err)
{
    size_t i = 0;

    for (const struct opt *const *t = p->sets[0].tables; t && *t; t++)
        for (const struct opt *o = *t; o->kind != OPT_END; o++, i++) {
            if (!p->sets[0].given[i] || !(o->flags & OPTF_CREDENTIALS))
                continue;
            const char *path = *(char *const *)(const void *)((char *)p->sets[0].args + o->off);
            if (*path && faccessat(AT_FDCWD, path, F_OK, 0) < 0)
                return err_set(err, ERR_BAD_PARAM, errno,
                               "credential file is not accessible: faccessat %s: %s", path,
                               errno == ENOENT ? "no such file or directory" : strerror(errno));
        }
    return 0;
}

bool cmd_given(const struct cmd_ctx *c, const char *name)
{
    for (const struct opt *const *t = c->cmd->opts; t && *t; t++)
        for (const struct opt *o = *t; o->kind != OPT_END; o++)
            if (STR_EQ(o->name, name))
                return field_given(c->cmd->opts, c->given, o->off);
    return false;
}
