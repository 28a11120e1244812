#include "quadlet/words.h"

#include <ctype.h>

#include "base/banned.h"

#define BLANKS " \t\n\r"

static void put_utf8(struct buf *b, uint32_t c)
{
    if (c < 0x80) {
        buf_putc(b, (char)c);
    } else if (c < 0x800) {
        buf_putc(b, (char)(0xc0 | c >> 6));
        buf_putc(b, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        buf_putc(b, (char)(0xe0 | c >> 12));
        buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_putc(b, (char)(0x80 | (c & 0x3f)));
    } else {
        buf_putc(b, (char)(0xf0 | c >> 18));
        buf_putc(b, (char)(0x80 | (c >> 12 & 0x3f)));
        buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_putc(b, (char)(0x80 | (c & 0x3f)));
    }
}

/* Exactly @n digits of @base at @s. */
static bool digits(const char *s, int n, unsigned base, uint32_t *ret)
{
    uint32_t value = 0;
    for (int i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        unsigned d = 99;
        if (isdigit(c))
            d = c - (unsigned)'0';
        else if (isxdigit(c))
            d = (unsigned)tolower(c) - 'a' + 10;
        if (d >= base)
            return false;
        value = value * base + d;
    }
    *ret = value;
    return true;
}

/* What stands behind a backslash.  The count of characters that were read, 0 for an unknown one. */
static size_t unescape(const char *s, struct buf *word)
{
    static const char letters[] = "abfnrtv\\\"'s", meaning[] = "\a\b\f\n\r\t\v\\\"' ";
    static const struct {
        char letter;
        int digits;
        bool bytes; /* a byte, not a character */
    } numbers[] = { { 'x', 2, true }, { 'u', 4, false }, { 'U', 8, false } };
    uint32_t value;

    const char *at = *s ? strchr(letters, *s) : NULL;
    if (at) {
        buf_putc(word, meaning[at - letters]);
        return 1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        if (*s != numbers[i].letter)
            continue;
        if (!digits(s + 1, numbers[i].digits, 16, &value) || value == 0 || value > 0x10ffff ||
            (!numbers[i].bytes && value >= 0xd800 && value < 0xe000))
            return 0;
        if (numbers[i].bytes)
            buf_putc(word, (char)value);
        else
            put_utf8(word, value);
        return 1 + (size_t)numbers[i].digits;
    }
    if (digits(s, 3, 8, &value) && value > 0 && value <= 0xff) {
        buf_putc(word, (char)value);
        return 3;
    }
    return 0;
}

/* One word from @p on, which is not a blank. */
static int take_word(const char **p, enum words_mode mode, struct buf *word, struct err *err)
{
    const char *s = *p;
    char quote = '\0';
    for (; *s && (quote || !strchr(BLANKS, *s)); s++) {
        if (quote ? *s == quote : *s == '"' || *s == '\'') {
            quote = quote ? '\0' : *s;
        } else if (*s == '\\' && mode == WORDS_UNESCAPE) {
            if (!s[1])
                continue; /* nothing follows: systemd drops it */
            size_t n = unescape(s + 1, word);
            if (n == 0)
                return err_set(err, ERR_BAD_PARAM, EINVAL, "unsupported escape \\%c", s[1]);
            s += n;
        } else {
            buf_putc(word, *s);
        }
    }
    *p = s;
    return 0;
}

int words_split(struct arena *a, const char *text, enum words_mode mode, char ***ret,
                struct err *err)
{
    char **words = NULL;
    AUTO_BUF word = { .max = 0 };
    word.max = strlen(text) + 8;
    for (const char *p = text;;) {
        p += strspn(p, BLANKS);
        if (!*p)
            break;
        buf_reset(&word);
        int r = take_word(&p, mode, &word, err);
        if (r < 0)
            return r;
        words = strv_add(a, words, word.len ? word.data : "");
    }
    *ret = words;
    return 0;
}

static bool needs_quotes(const char *s)
{
    if (!*s)
        return true;
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || *s == 0x7f || strchr("\"'\\", *s))
            return true;
    return false;
}

static void quote(struct buf *b, const char *s)
{
    static const char special[] = "\a\b\f\n\r\t\v\\\"", letters[] = "abfnrtv\\\"";
    buf_putc(b, '"');
    for (; *s; s++) {
        const char *at = strchr(special, *s);
        if (at)
            buf_printf(b, "\\%c", letters[at - special]);
        else if ((unsigned char)*s < ' ' || *s == 0x7f)
            buf_printf(b, "\\x%02x", (unsigned char)*s);
        else
            buf_putc(b, *s);
    }
    buf_putc(b, '"');
}

char *words_quote(struct arena *a, char *const *words)
{
    AUTO_BUF b = { 0 };
    for (size_t i = 0; words && words[i]; i++) {
        if (i > 0)
            buf_putc(&b, ' ');
        if (needs_quotes(words[i]))
            quote(&b, words[i]);
        else
            buf_puts(&b, words[i]);
    }
    return arena_strdup(a, b.len ? b.data : "");
}
