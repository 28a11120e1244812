#include "spec/media_type.h"

#include <strings.h>

#include "base/banned.h"

/* The table of https://mimesniff.spec.whatwg.org/, in the order in which Go tries it. */

struct signature {
    const char *bytes;
    const char *mask; /* 'x' counts, '.' does not; NULL: all count */
    unsigned char len;
    const char *type;
};

#define HTML  "text/html; charset=utf-8"
#define PLAIN "text/plain; charset=utf-8"
#define SIG(b, t)                                                                                  \
    {                                                                                              \
        b, NULL, sizeof(b) - 1, t                                                                  \
    }
#define RIFF(b, t)                                                                                 \
    {                                                                                              \
        "RIFF    " b, "xxxx....xxxxxx", sizeof(b) + 7, t                                           \
    }

static const char *const html_tags[] = {
    "<!DOCTYPE HTML", "<HTML", "<HEAD",  "<SCRIPT", "<IFRAME", "<H1",   "<DIV", "<FONT",
    "<TABLE",         "<A",    "<STYLE", "<TITLE",  "<B",      "<BODY", "<BR",  "<P",
    "<!--",
};

static const struct signature before_video[] = {
    SIG("%PDF-", "application/pdf"),
    SIG("%!PS-Adobe-", "application/postscript"),
    SIG("\xfe\xff", "text/plain; charset=utf-16be"),
    SIG("\xff\xfe", "text/plain; charset=utf-16le"),
    SIG("\xef\xbb\xbf", PLAIN),
    SIG("\0\0\1\0", "image/x-icon"),
    SIG("\0\0\2\0", "image/x-icon"),
    SIG("BM", "image/bmp"),
    SIG("GIF87a", "image/gif"),
    SIG("GIF89a", "image/gif"),
    RIFF("WEBPVP", "image/webp"),
    SIG("\x89PNG\r\n\x1a\n", "image/png"),
    SIG("\xff\xd8\xff", "image/jpeg"),
    { "FORM    AIFF", "xxxx....xxxx", 12, "audio/aiff" },
    SIG("ID3", "audio/mpeg"),
    SIG("OggS\0", "application/ogg"),
    SIG("MThd\0\0\0\6", "audio/midi"),
    RIFF("AVI ", "video/avi"),
    RIFF("WAVE", "audio/wave"),
};

static const struct signature after_video[] = {
    SIG("\x1a\x45\xdf\xa3", "video/webm"),
    SIG("\0\1\0\0", "font/ttf"),
    SIG("OTTO", "font/otf"),
    SIG("ttcf", "font/collection"),
    SIG("wOFF", "font/woff"),
    SIG("wOF2", "font/woff2"),
    SIG("\x1f\x8b\x08", "application/x-gzip"),
    SIG("PK\3\4", "application/zip"),
    SIG("Rar!\x1a\x07\0", "application/x-rar-compressed"),
    SIG("Rar!\x1a\x07\1\0", "application/x-rar-compressed"),
    SIG("\0asm", "application/wasm"),
};

static size_t blanks(const char *p, size_t n)
{
    size_t i = 0;

    while (i < n && p[i] && strchr("\t\n\f\r ", p[i]))
        i++;
    return i;
}

static bool matches(const struct signature *s, const char *p, size_t n)
{
    if (n < s->len)
        return false;
    for (size_t i = 0; i < s->len; i++)
        if ((!s->mask || s->mask[i] == 'x') && p[i] != s->bytes[i])
            return false;
    return true;
}

static const char *look_up(const struct signature *t, size_t count, const char *p, size_t n)
{
    for (size_t i = 0; i < count; i++)
        if (matches(&t[i], p, n))
            return t[i].type;
    return NULL;
}

static bool is_html(const char *p, size_t n)
{
    for (size_t i = 0; i < ARRAY_SIZE(html_tags); i++) {
        size_t len = strlen(html_tags[i]);
        if (n > len && strncasecmp(p, html_tags[i], len) == 0 && (p[len] == ' ' || p[len] == '>'))
            return true;
    }
    return false;
}

/* A box "ftyp" whose brand, or one that it is compatible with, begins with "mp4". */
static bool is_mp4(const char *data, size_t n)
{
    const unsigned char *p = (const unsigned char *)data;

    if (n < 12 || memcmp(p + 4, "ftyp", 4) != 0)
        return false;
    size_t box = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    if (n < box || box % 4)
        return false;
    for (size_t at = 8; at < box; at += 4)
        if (at != 12 && memcmp(p + at, "mp4", 3) == 0)
            return true;
    return false;
}

/* "EOT" fonts have their mark behind 34 bytes that mean something else. */
static bool is_font_object(const char *p, size_t n)
{
    return n >= 36 && p[34] == 'L' && p[35] == 'P';
}

static bool is_text(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c <= 0x08 || c == 0x0b || (c >= 0x0e && c <= 0x1a) || (c >= 0x1c && c <= 0x1f))
            return false;
    }
    return true;
}

const char *media_type_sniff(const void *data, size_t len)
{
    const char *p = data;
    size_t n = MIN(len, (size_t)MEDIA_TYPE_BYTES), skip = blanks(p, n);
    const char *found;

    if (is_html(p + skip, n - skip))
        return HTML;
    if (n - skip >= 5 && memcmp(p + skip, "<?xml", 5) == 0)
        return "text/xml; charset=utf-8";
    if ((found = look_up(before_video, ARRAY_SIZE(before_video), p, n)))
        return found;
    if (is_mp4(p, n))
        return "video/mp4";
    if (is_font_object(p, n))
        return "application/vnd.ms-fontobject";
    if ((found = look_up(after_video, ARRAY_SIZE(after_video), p, n)))
        return found;
    return is_text(p + skip, n - skip) ? PLAIN : "application/octet-stream";
}
