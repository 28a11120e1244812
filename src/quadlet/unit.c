#include "quadlet/unit.h"

#include <strings.h>

#include "base/limits.h"

#include "base/banned.h"

#define BLANKS " \t\r"

static const char *trim(const char *s, size_t *len)
{
    while (*len && strchr(BLANKS, *s)) {
        s++;
        (*len)--;
    }
    while (*len && strchr(BLANKS, s[*len - 1]))
        (*len)--;
    return s;
}

static struct unit_section *find(struct unit *u, const char *name)
{
    for (size_t i = 0; i < u->count; i++)
        if (STR_EQ(u->sections[i].name, name))
            return &u->sections[i];
    return NULL;
}

static struct unit_section *find_or_add(struct arena *a, struct unit *u, const char *name)
{
    struct unit_section *s = find(u, name);
    if (s)
        return s;
    u->sections = arena_grow(a, u->sections, u->count, sizeof(*u->sections));
    s = &u->sections[u->count++];
    *s = (struct unit_section) { .name = arena_strdup(a, name) };
    return s;
}

static void put_line(struct arena *a, struct unit_section *s, size_t at, const char *key,
                     const char *value)
{
    if (s->count == s->room) {
        s->room = s->room ? 2 * s->room : 8;
        struct unit_line *more = arena_alloc(a, s->room * sizeof(*more));
        if (s->count)
            memcpy(more, s->lines, s->count * sizeof(*more));
        s->lines = more;
    }
    memmove(&s->lines[at + 1], &s->lines[at], (s->count - at) * sizeof(*s->lines));
    size_t len = strlen(value);
    value = trim(value, &len);
    s->lines[at] = (struct unit_line) { arena_strdup(a, key), arena_strndup(a, value, len) };
    s->count++;
}

/* Parsing. */

struct lines {
    const char *p, *end;
    size_t number;
};

static bool next_line(struct lines *in, const char **ret, size_t *ret_len)
{
    if (in->p >= in->end)
        return false;
    const char *nl = memchr(in->p, '\n', (size_t)(in->end - in->p));
    const char *stop = nl ? nl : in->end;
    *ret = in->p;
    *ret_len = (size_t)(stop - in->p);
    in->p = nl ? nl + 1 : in->end;
    in->number++;
    return true;
}

static bool is_comment(const char *s, size_t len)
{
    return len == 0 || *s == '#' || *s == ';';
}

/* A backslash at the end that is not itself escaped. */
static bool ends_open(const char *s, size_t len)
{
    bool open = false;
    while (len && s[--len] == '\\')
        open = !open;
    return open;
}

/* One value with the lines that continue it.  A blank stands for each line's end. */
static void join(struct lines *in, struct buf *value, const char *s, size_t len)
{
    for (;;) {
        s = trim(s, &len);
        bool more = ends_open(s, len);
        buf_put(value, s, more ? len - 1 : len);
        if (!more)
            return;
        buf_putc(value, ' ');
        do {
            if (!next_line(in, &s, &len))
                return;
            s = trim(s, &len);
        } while (len && is_comment(s, len));
    }
}

static bool is_key(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
              (s[i] >= '0' && s[i] <= '9') || s[i] == '-'))
            return false;
    return len > 0;
}

static int parse_entry(struct arena *a, struct unit_section *into, struct lines *in, const char *s,
                       size_t len, const char *name, struct err *err)
{
    size_t at = in->number;
    const char *eq = memchr(s, '=', len);
    if (!eq)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "%s:%zu: \"%.*s\" is not a key-value pair, group, or comment", name, at,
                       (int)MIN(len, (size_t)200), s);
    if (!into)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "%s:%zu: file contains key-value pair before group", name, at);
    size_t key_len = (size_t)(eq - s);
    const char *key = trim(s, &key_len);
    if (!is_key(key, key_len))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s:%zu: invalid key name \"%.*s\"", name, at,
                       (int)MIN(key_len, (size_t)200), key);
    AUTO_BUF joined = { .max = LIMIT_UNIT_FILE + 1 };
    join(in, &joined, eq + 1, len - (size_t)(eq + 1 - s));
    put_line(a, into, into->count, arena_strndup(a, key, key_len), joined.len ? joined.data : "");
    return 0;
}

int unit_parse(struct arena *a, struct unit *u, const char *text, size_t len, const char *name,
               struct err *err)
{
    if (len > LIMIT_UNIT_FILE)
        return err_set(err, ERR_TOO_BIG, EFBIG, "%s is larger than %u bytes", name,
                       LIMIT_UNIT_FILE);
    if (len && memchr(text, '\0', len))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s contains a NUL byte", name);
    struct lines in = { text, text + len, 0 };
    struct unit_section *into = NULL;
    const char *s;
    size_t n;
    while (next_line(&in, &s, &n)) {
        s = trim(s, &n);
        if (is_comment(s, n)) {
            if (into)
                put_line(a, into, into->count, NULL, arena_strndup(a, s, n));
        } else if (*s == '[') {
            if (n < 3 || s[n - 1] != ']')
                return err_set(err, ERR_BAD_PARAM, EINVAL, "%s:%zu: invalid group name \"%.*s\"",
                               name, in.number, (int)MIN(n, (size_t)200), s);
            into = find_or_add(a, u, arena_strndup(a, s + 1, n - 2));
        } else {
            int r = parse_entry(a, into, &in, s, n, name, err);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

/* Looking up. */

const struct unit_section *unit_section(const struct unit *u, const char *section)
{
    for (size_t i = 0; i < u->count; i++)
        if (STR_EQ(u->sections[i].name, section))
            return &u->sections[i];
    return NULL;
}

const char *unit_last_raw(const struct unit *u, const char *section, const char *key)
{
    const struct unit_section *s = unit_section(u, section);
    for (size_t i = s ? s->count : 0; i-- > 0;)
        if (s->lines[i].key && STR_EQ(s->lines[i].key, key))
            return s->lines[i].value;
    return NULL;
}

const char *unit_last(struct arena *a, const struct unit *u, const char *section, const char *key)
{
    const char *value = unit_last_raw(u, section, key);
    size_t n = value ? strlen(value) : 0;
    if (n == 0)
        return NULL;
    if (n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n - 1] == value[0])
        return arena_strndup(a, value + 1, n - 2);
    return value;
}

char **unit_all(struct arena *a, const struct unit *u, const char *section, const char *key)
{
    const struct unit_section *s = unit_section(u, section);
    char **all = NULL;
    for (size_t i = 0; s && i < s->count; i++) {
        if (!s->lines[i].key || !STR_EQ(s->lines[i].key, key))
            continue;
        all = *s->lines[i].value ? strv_add(a, all, s->lines[i].value) : NULL;
    }
    return all;
}

bool unit_bool(const struct unit *u, const char *section, const char *key, bool missing)
{
    static const char *const yes[] = { "1", "yes", "true", "on" };
    const char *value = unit_last_raw(u, section, key);
    if (str_empty(value))
        return missing;
    for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
        if (strcasecmp(value, yes[i]) == 0)
            return true;
    return false;
}

/* Changing. */

/* Before the empty lines that part a section from the next one. */
static size_t end_of_lines(const struct unit_section *s)
{
    size_t n = s->count;
    while (n && !s->lines[n - 1].key && !*s->lines[n - 1].value)
        n--;
    return n;
}

void unit_add(struct arena *a, struct unit *u, const char *section, const char *key,
              const char *value)
{
    struct unit_section *s = find_or_add(a, u, section);
    put_line(a, s, end_of_lines(s), key, value);
}

void unit_prepend(struct arena *a, struct unit *u, const char *section, const char *key,
                  const char *value)
{
    put_line(a, find_or_add(a, u, section), 0, key, value);
}

void unit_set(struct arena *a, struct unit *u, const char *section, const char *key,
              const char *value)
{
    struct unit_section *s = find_or_add(a, u, section);
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++)
        if (!str_same(s->lines[i].key, key))
            s->lines[kept++] = s->lines[i];
    s->count = kept;
    put_line(a, s, end_of_lines(s), key, value);
}

void unit_default(struct arena *a, struct unit *u, const char *section, const char *key,
                  const char *value)
{
    if (str_empty(unit_last_raw(u, section, key)))
        unit_set(a, u, section, key, value);
}

void unit_rename_section(struct unit *u, const char *section, const char *name)
{
    struct unit_section *s = find(u, section);
    if (s)
        s->name = name;
}

struct unit unit_copy(struct arena *a, const struct unit *u)
{
    struct unit copy = { 0 };
    copy.sections = u->count ? arena_memdup(a, u->sections, u->count * sizeof(*u->sections)) : NULL;
    copy.count = u->count;
    for (size_t i = 0; i < copy.count; i++) {
        struct unit_section *s = &copy.sections[i];
        if (s->count)
            s->lines = arena_memdup(a, s->lines, s->count * sizeof(*s->lines));
        s->room = s->count;
    }
    return copy;
}

void unit_write(const struct unit *u, struct buf *out)
{
    for (size_t i = 0; i < u->count; i++) {
        const struct unit_section *s = &u->sections[i];
        if (i > 0)
            buf_putc(out, '\n');
        buf_printf(out, "[%s]\n", s->name);
        for (size_t k = 0; k < end_of_lines(s); k++) {
            if (s->lines[k].key)
                buf_printf(out, "%s=%s\n", s->lines[k].key, s->lines[k].value);
            else
                buf_printf(out, "%s\n", s->lines[k].value);
        }
    }
}
