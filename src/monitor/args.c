#include "monitor/args.h"

#include "base/parse.h"

#include "base/banned.h"

static const struct arg *find(const struct arg *t, const char *word, const char **value)
{
    *value = NULL;
    if (word[1] != '-') {
        for (; t->name; t++)
            if (t->brief && t->brief == word[1]) {
                *value = word[2] ? word + 2 + (word[2] == '=') : NULL;
                return t;
            }
        return NULL;
    }
    size_t n = strcspn(word + 2, "=");
    for (; t->name; t++)
        if (strlen(t->name) == n && strncmp(t->name, word + 2, n) == 0) {
            *value = word[2 + n] ? word + 3 + n : NULL;
            return t;
        }
    return NULL;
}

static int store(const struct arg *t, const char *value, struct arena *a, void *out,
                 struct err *err)
{
    void *at = (char *)out + t->off;

    switch (t->kind) {
    case ARG_FLAG:
        *(bool *)at = true;
        if (value && parse_bool(value, at) < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "--%s: not a boolean: %s", t->name, value);
        return 0;
    case ARG_STR:
        *(char **)at = arena_strdup(a, value);
        return 0;
    case ARG_STRV:
        *(char ***)at = strv_add(a, *(char ***)at, value);
        return 0;
    case ARG_I64:
        if (parse_i64(value, INT64_MIN, INT64_MAX, at) < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "--%s: not a number: %s", t->name, value);
        return 0;
    case ARG_END:
        break;
    }
    return 0;
}

int args_parse(const struct arg *table, char **argv, struct arena *a, void *out, struct err *err)
{
    int i = 0;

    for (; argv[i] && argv[i][0] == '-' && argv[i][1]; i++) {
        const char *value;
        if (STR_EQ(argv[i], "--"))
            return i + 1;
        const struct arg *t = find(table, argv[i], &value);
        if (!t)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown option %s", argv[i]);
        if (!value && t->kind != ARG_FLAG && !(value = argv[++i]))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "option --%s needs a value", t->name);
        int r = store(t, value, a, out, err);
        if (r < 0)
            return r;
    }
    return i;
}

void args_help(const struct arg *table, FILE *out)
{
    for (; table->name; table++)
        fprintf(out, "  %c%c%c --%-22s %s\n", table->brief ? '-' : ' ',
                table->brief ? table->brief : ' ', table->brief ? ',' : ' ', table->name,
                table->help);
}
