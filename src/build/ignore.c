#include "build/ignore.h"

#include "base/buf.h"
#include "engine/options.h"

#include "base/banned.h"

struct ignore_pattern {
    char *text; /* clean, without '!' and slashes at its ends */
    bool exception;
};

/* ---------- one pattern ---------- */

/* A work budget keeps patterns of many stars from taking for ever. */
struct match {
    unsigned steps;
    bool doublestar; /* "**" passes over slashes */
    bool text;       /* it is no path: a slash is like any other character */
};
enum { STEPS_MAX = 200000 };

/* "[a-c]" or "[^x]" at *@p, of which the closing bracket is passed; -1: malformed. */
static int in_class(const char **p, char c)
{
    const char *s = *p + 1;
    bool negated = *s == '^', hit = false;

    s += negated;
    for (bool first = true; first || *s != ']'; first = false) {
        char lo = *s == '\\' ? *++s : *s;
        if (!lo)
            return -1;
        s++;
        char hi = lo;
        if (*s == '-' && s[1] && s[1] != ']') {
            s++;
            hi = *s == '\\' ? *++s : *s;
            if (!hi)
                return -1;
            s++;
        }
        hit |= (unsigned char)c >= (unsigned char)lo && (unsigned char)c <= (unsigned char)hi;
        if (!*s)
            return -1;
    }
    *p = s + 1;
    return hit != negated;
}

static bool match_here(struct match *m, const char *p, const char *s);

static bool match_star(struct match *m, const char *p, const char *s)
{
    bool deep = m->doublestar && p[1] == '*';

    while (*p == '*')
        p++;
    if (deep && *p == '/' && match_here(m, p + 1, s)) /* no directory at all */
        return true;
    for (;; s++) {
        if (match_here(m, p, s))
            return true;
        if (!*s || (*s == '/' && !deep && !m->text))
            return false;
    }
}

static bool match_here(struct match *m, const char *p, const char *s)
{
    for (; *p; s++) {
        if (++m->steps > STEPS_MAX)
            return false;
        if (*p == '*')
            return match_star(m, p, s);
        if (!*s)
            return false;
        if (*p == '[') {
            if ((*s == '/' && !m->text) || in_class(&p, *s) != 1)
                return false;
            continue;
        }
        if (*p == '?') {
            if (*s == '/' && !m->text)
                return false;
        } else {
            if (*p == '\\' && p[1])
                p++;
            if (*p != *s)
                return false;
        }
        p++;
    }
    return !*s;
}

bool ignore_glob(const char *pattern, const char *path)
{
    struct match m = { 0 };

    return match_here(&m, pattern, path);
}

bool ignore_text(const char *pattern, const char *text)
{
    struct match m = { .text = true };

    return match_here(&m, pattern, text);
}

/* ---------- all of them ---------- */

int ignore_add(struct arena *a, const char *pattern, struct ignore *ig, struct err *err)
{
    bool exception = *pattern == '!';

    pattern += exception;
    if (exception && !*pattern)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "illegal exclusion pattern: \"!\"");
    if (ig->n >= IGNORE_PATTERNS_MAX)
        return err_set(err, ERR_TOO_BIG, EFBIG, "more than %d ignore patterns",
                       IGNORE_PATTERNS_MAX);
    char *text = path_clean(a, pattern);
    text += *text == '/';
    if (!*text || STR_EQ(text, "."))
        text = arena_strdup(a, "**");
    ig->items = arena_grow(a, ig->items, ig->n, sizeof(*ig->items));
    ig->items[ig->n++] = (struct ignore_pattern) { text, exception };
    ig->exceptions |= exception;
    return 0;
}

int ignore_parse(struct arena *a, const char *text, struct ignore *ret, struct err *err)
{
    int r = 0;

    if (str_starts(text, "\xef\xbb\xbf"))
        text += 3;
    for (char **line = strv_split(a, text, '\n'); r == 0 && *line; line++) {
        if (**line == '#')
            continue;
        char *s = *line + strspn(*line, " \t\r");
        size_t n = strlen(s);
        while (n && strchr(" \t\r", s[n - 1]))
            s[--n] = '\0';
        if (n)
            r = ignore_add(a, s, ret, err);
    }
    return r;
}

/* The path itself, or a directory above it. */
static bool matches_or_above(const char *pattern, const char *path)
{
    struct match m = { .doublestar = true };
    char above[4096];

    if (match_here(&m, pattern, path))
        return true;
    for (const char *p = path; (p = strchr(p, '/')); p++) {
        if ((size_t)(p - path) >= sizeof(above))
            return false;
        memcpy(above, path, (size_t)(p - path));
        above[p - path] = '\0';
        m.steps = 0;
        if (match_here(&m, pattern, above))
            return true;
    }
    return false;
}

bool ignore_matches(const struct ignore *ig, const char *path)
{
    bool out = false;

    for (size_t i = 0; i < ig->n; i++)
        if (out == ig->items[i].exception && matches_or_above(ig->items[i].text, path))
            out = !ig->items[i].exception;
    return out;
}
