#include "build/containerfile.h"

#include <ctype.h>
#include <strings.h>

#include "build/words.h"

#include "base/banned.h"

const char *const cf_command_names[CF_COMMAND_COUNT] = {
    [CF_ADD] = "ADD",
    [CF_ARG] = "ARG",
    [CF_CMD] = "CMD",
    [CF_COPY] = "COPY",
    [CF_ENTRYPOINT] = "ENTRYPOINT",
    [CF_ENV] = "ENV",
    [CF_EXPOSE] = "EXPOSE",
    [CF_FROM] = "FROM",
    [CF_HEALTHCHECK] = "HEALTHCHECK",
    [CF_LABEL] = "LABEL",
    [CF_MAINTAINER] = "MAINTAINER",
    [CF_ONBUILD] = "ONBUILD",
    [CF_RUN] = "RUN",
    [CF_SHELL] = "SHELL",
    [CF_STOPSIGNAL] = "STOPSIGNAL",
    [CF_USER] = "USER",
    [CF_VOLUME] = "VOLUME",
    [CF_WORKDIR] = "WORKDIR",
};

/* Which flags an instruction takes, and which instructions read a JSON array and heredocs. */
static const struct {
    const char *flags; /* " name= " takes a value, " name " may stand alone */
    bool json, heredoc;
} traits[CF_COMMAND_COUNT] = {
    [CF_ADD] = { " chown= chmod= checksum= exclude= link keep-git-dir ", true, true },
    [CF_CMD] = { "", true, false },
    [CF_COPY] = { " chown= chmod= from= exclude= link parents ", true, true },
    [CF_ENTRYPOINT] = { "", true, false },
    [CF_FROM] = { " platform= after= ", false, false },
    [CF_HEALTHCHECK] = { " interval= timeout= start-period= start-interval= retries= ", false,
                         false },
    [CF_RUN] = { " mount= network= security= ", true, true },
    [CF_SHELL] = { "", true, false },
    [CF_VOLUME] = { "", true, false },
};

struct parser {
    struct arena *a;
    const char *name;
    const char *p; /* the rest */
    int line;      /* of p */
    char escape;
    bool platform; /* a directive of this name was seen */
    struct err *err;
};

static int fail(const struct parser *ps, int line, const char *what)
{
    return err_set(ps->err, ERR_BAD_PARAM, EINVAL, "%s:%d: %s", ps->name, line, what);
}

/* ---------- lines ---------- */

/* The next line without its end; NULL at the end. */
static char *next_line(struct parser *ps)
{
    if (!*ps->p)
        return NULL;
    size_t n = strcspn(ps->p, "\n");
    size_t len = n && ps->p[n - 1] == '\r' ? n - 1 : n;
    char *line = arena_strndup(ps->a, ps->p, len);

    ps->p += n + (ps->p[n] == '\n');
    ps->line++;
    return line;
}

static char *skip_space(char *s)
{
    return s + strspn(s, " \t");
}

/* A line that is continued loses the escape, and what blanks follow it. */
static bool take_continuation(char *line, char escape)
{
    size_t n = strlen(line);

    while (n && (line[n - 1] == ' ' || line[n - 1] == '\t'))
        n--;
    if (!n || line[n - 1] != escape)
        return false;
    line[n - 1] = '\0';
    return true;
}

/* "# escape=`" among the first lines; anything else ends them. */
static int directives(struct parser *ps)
{
    bool escape_seen = false;

    while (*ps->p) {
        struct parser at = *ps;
        char *s = skip_space(next_line(&at)), *eq;
        if (*s != '#' || !(eq = strchr(s, '=')))
            return 0;
        char *key = skip_space(s + 1), *value = skip_space(eq + 1);
        *eq = '\0';
        for (size_t n = strlen(key); n && (key[n - 1] == ' ' || key[n - 1] == '\t'); n--)
            key[n - 1] = '\0';
        for (size_t n = strlen(value); n && (value[n - 1] == ' ' || value[n - 1] == '\t'); n--)
            value[n - 1] = '\0';
        if (strcasecmp(key, "escape") == 0) {
            if (escape_seen)
                return fail(ps, at.line, "only one escape parser directive can be used");
            if (!STR_IN(value, "\\", "`"))
                return fail(ps, at.line, "invalid ESCAPE: must be ` or \\");
            ps->escape = *value;
            escape_seen = true;
        } else if (strcasecmp(key, "syntax") != 0 && strcasecmp(key, "platform") != 0 &&
                   strcasecmp(key, "check") != 0)
            return 0;
        ps->p = at.p;
        ps->line = at.line;
    }
    return 0;
}

/* The next logical line: comments and empty lines skipped, continued ones joined.  NULL at the end. */
static char *logical_line(struct parser *ps, int *ret_line)
{
    AUTO_BUF b = { 0 };
    bool more = true, begun = false;

    while (more) {
        char *line = next_line(ps);
        if (!line)
            break;
        char *s = skip_space(line);
        if (*s == '#' || !*s)
            continue;
        if (!begun)
            *ret_line = ps->line;
        more = take_continuation(begun ? line : s, ps->escape);
        buf_puts(&b, begun ? line : s);
        begun = true;
    }
    return begun ? arena_strdup(ps->a, b.data) : NULL;
}

/* ---------- heredocs ---------- */

/* Is @word "<<NAME", "<<-NAME" or with the name quoted, after an optional number? */
static bool heredoc_begin(struct arena *a, const char *word, struct cf_heredoc *ret, bool *ret_tabs)
{
    word += strspn(word, "0123456789");
    if (!str_starts(word, "<<") || word[2] == '<')
        return false;
    word += 2;
    *ret_tabs = *word == '-';
    word += *word == '-';
    size_t n = strlen(word);
    ret->expand = !strpbrk(word, "\"'\\");
    if (n >= 2 && (*word == '"' || *word == '\'') && word[n - 1] == *word) {
        word++;
        n -= 2;
    }
    ret->name = arena_strndup(a, word, n);
    return n > 0 && !strpbrk(ret->name, "\"'<>|&;()$`\\");
}

static int read_heredoc(struct parser *ps, struct cf_heredoc *h, bool tabs, int line)
{
    AUTO_BUF b = { 0 };

    for (char *s; (s = next_line(ps));) {
        if (tabs)
            s += strspn(s, "\t");
        if (STR_EQ(s, h->name)) {
            h->content = arena_strdup(ps->a, b.data ? b.data : "");
            return 0;
        }
        buf_puts(&b, s);
        buf_putc(&b, '\n');
    }
    return fail(ps, line, arena_printf(ps->a, "unterminated heredoc %s", h->name));
}

static int heredocs(struct parser *ps, struct cf_instruction *in)
{
    char **words = cf_words(ps->a, in->text, ps->escape);
    int r = 0;

    for (size_t i = 0; r == 0 && words && words[i]; i++) {
        struct cf_heredoc h = { 0 };
        bool tabs;
        if (!heredoc_begin(ps->a, words[i], &h, &tabs))
            continue;
        in->heredoc_only = i == 0 && !words[1] && str_starts(words[0], "<<");
        r = read_heredoc(ps, &h, tabs, in->line);
        *LIST_ADD(ps->a, in->heredocs) = h;
    }
    return r;
}

/* ---------- one instruction ---------- */

static bool flag_known(enum cf_command c, const char *name, bool value, bool *ret_lacks)
{
    char with[40], without[40];

    snprintf(with, sizeof(with), " %.30s= ", name);
    snprintf(without, sizeof(without), " %.30s ", name);
    const char *flags = traits[c].flags ? traits[c].flags : "";
    *ret_lacks = !value && strstr(flags, with);
    return strlen(name) <= 30 && (strstr(flags, with) || strstr(flags, without));
}

/* A flag's value ends at white space; inside quotes there may be some. */
static size_t flag_length(const char *s)
{
    char quote = 0;
    size_t n = 0;

    for (; s[n] && (quote || (s[n] != ' ' && s[n] != '\t')); n++)
        if (quote ? s[n] == quote : s[n] == '"' || s[n] == '\'')
            quote = quote ? 0 : s[n];
    return n;
}

static int take_flags(struct parser *ps, struct cf_instruction *in, char *s)
{
    const char *command = cf_command_names[in->command];

    for (s = skip_space(s); str_starts(s, "--") && !str_empty(traits[in->command].flags);
         s = skip_space(s)) {
        size_t n = flag_length(s);
        if (n == 2) {
            s += 2;
            break;
        }
        char *word = arena_strndup(ps->a, s + 2, n - 2), *eq = strchr(word, '=');
        bool lacks;
        if (eq)
            *eq = '\0';
        if (!flag_known(in->command, word, eq != NULL, &lacks))
            return fail(ps, in->line,
                        arena_printf(ps->a, "unknown flag: --%s of %s", word, command));
        if (lacks)
            return fail(ps, in->line, arena_printf(ps->a, "missing a value on flag: --%s", word));
        *LIST_ADD(ps->a, in->flags) = (struct cf_flag) { word, eq ? eq + 1 : NULL };
        s += n;
    }
    in->text = skip_space(s);
    for (size_t n = strlen(in->text); n && (in->text[n - 1] == ' ' || in->text[n - 1] == '\t'); n--)
        in->text[n - 1] = '\0';
    return 0;
}

static char **json_words(struct arena *a, const char *text)
{
    if (*text != '[')
        return NULL;
    AUTO_JSON *doc = json_parse(text, strlen(text), "", NULL);
    size_t i;
    json_t *each;
    char **v = arena_alloc(a, 2 * sizeof(*v));

    if (!json_is_array(doc))
        return NULL;
    json_array_foreach (doc, i, each) {
        if (!json_is_string(each))
            return NULL;
        v = strv_add(a, *v ? v : NULL, json_string_value(each));
    }
    return v;
}

static int instruction(struct parser *ps, char *line, struct cf_instruction *ret)
{
    size_t n = strcspn(line, " \t"), i = 0;

    while (i < CF_COMMAND_COUNT &&
           !(strlen(cf_command_names[i]) == n && strncasecmp(cf_command_names[i], line, n) == 0))
        i++;
    if (i == CF_COMMAND_COUNT)
        return fail(ps, ret->line,
                    arena_printf(ps->a, "Unknown instruction: \"%.*s\"", (int)MIN(n, 40u), line));
    ret->command = (enum cf_command)i;
    ret->original = arena_printf(ps->a, "%s%s", cf_command_names[i], line + n);
    for (size_t k = strlen(ret->original); k && strchr(" \t", ret->original[k - 1]); k--)
        ret->original[k - 1] = '\0';
    int r = take_flags(ps, ret, arena_strdup(ps->a, line + n));
    if (r < 0)
        return r;
    if (traits[i].json)
        ret->json = json_words(ps->a, ret->text);
    if (!*ret->text)
        return fail(ps, ret->line,
                    arena_printf(ps->a, "%s requires at least one argument", cf_command_names[i]));
    return traits[i].heredoc && !ret->json ? heredocs(ps, ret) : 0;
}

int containerfile_parse(struct arena *a, const char *text, size_t len, const char *name,
                        struct containerfile *ret, struct err *err)
{
    struct parser ps = { .a = a, .name = name, .escape = '\\', .err = err };

    if (len > CONTAINERFILE_MAX)
        return err_set(err, ERR_TOO_BIG, EFBIG, "%s: larger than %u bytes", name,
                       CONTAINERFILE_MAX);
    if (memchr(text, '\0', len))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s: not a text file", name);
    ps.p = arena_strndup(a, text, len);
    if (str_starts(ps.p, "\xef\xbb\xbf")) /* a byte order mark */
        ps.p += 3;
    int r = directives(&ps);
    while (r == 0) {
        struct cf_instruction in = { 0 };
        char *line = logical_line(&ps, &in.line);
        if (!line)
            break;
        if (ret->items.n >= CONTAINERFILE_INSTRUCTIONS_MAX)
            return fail(&ps, in.line, "too many instructions");
        r = instruction(&ps, line, &in);
        if (r == 0)
            *LIST_ADD(a, ret->items) = in;
    }
    ret->escape = ps.escape;
    if (r == 0 && !ret->items.n)
        r = err_set(err, ERR_BAD_PARAM, EINVAL, "%s: file with no instructions", name);
    return r;
}

int containerfile_line(struct arena *a, const char *line, char escape, struct cf_instruction *ret,
                       struct err *err)
{
    struct parser ps = { .a = a, .name = "instruction", .p = "", .escape = escape, .err = err };

    *ret = (struct cf_instruction) { .line = 1 };
    return instruction(&ps, arena_strdup(a, line + strspn(line, " \t")), ret);
}

const char *cf_flag(const struct cf_instruction *in, const char *name)
{
    const char *found = NULL;

    for (size_t i = 0; i < in->flags.n; i++)
        if (STR_EQ(in->flags.items[i].name, name))
            found = in->flags.items[i].value;
    return found;
}

bool cf_has_flag(const struct cf_instruction *in, const char *name)
{
    bool on = false;

    for (size_t i = 0; i < in->flags.n; i++)
        if (STR_EQ(in->flags.items[i].name, name))
            on = !in->flags.items[i].value || !STR_IN(in->flags.items[i].value, "false", "0");
    return on;
}
