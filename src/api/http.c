#include "api/http.h"

#include <ctype.h>
#include <strings.h>

#include "base/parse.h"

#include "base/banned.h"

size_t http_head_length(const char *data, size_t len)
{
    const char *end = memmem(data, len, "\r\n\r\n", 4);

    return end ? (size_t)(end - data) + 4 : 0;
}

/* RFC 9110's token. */
static bool is_token(const char *s)
{
    if (!*s)
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr("!#$%&'*+-.^_`|~", *s))
            return false;
    return true;
}

static bool is_text(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' && *s != '\t')
            return false;
    return true;
}

static int request_line(struct arena *a, char *line, struct http_head *ret, struct err *err)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;

    if (!version)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "malformed HTTP request line");
    *target++ = *version++ = '\0';
    if (!STR_EQ(version, "HTTP/1.1") && !STR_EQ(version, "HTTP/1.0"))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "unsupported HTTP version: use HTTP/1.1");
    ret->minor = version[7] - '0';
    if (str_starts(target, "http://") || str_starts(target, "https://")) { /* as to a proxy */
        char *host = strstr(target, "//") + 2;
        target = strchr(host, '/');
    }
    if (!is_token(line) || !target || *target != '/' || !is_text(target))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "malformed HTTP request line");
    char *query = strchr(target, '?');
    if (query)
        *query++ = '\0';
    ret->method = line;
    ret->path = target;
    ret->query = query ? query : arena_strdup(a, "");
    return 0;
}

/* Is @word among the values of "a, b, c"? */
static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);

    while (*list) {
        list += strspn(list, " \t,");
        size_t len = strcspn(list, ",");
        size_t used = len;
        while (used && (list[used - 1] == ' ' || list[used - 1] == '\t'))
            used--;
        if (used == n && strncasecmp(list, word, n) == 0)
            return true;
        list += len;
    }
    return false;
}

static int header_line(char *line, struct http_head *ret, struct err *err)
{
    char *colon = strchr(line, ':');

    if (ret->n == HTTP_HEADERS_MAX)
        return err_set(err, ERR_TOO_BIG, E2BIG, "more than %d HTTP headers", HTTP_HEADERS_MAX);
    if (!colon)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "malformed HTTP header");
    *colon = '\0';
    char *value = colon + 1 + strspn(colon + 1, " \t");
    for (size_t n = strlen(value); n && (value[n - 1] == ' ' || value[n - 1] == '\t'); n--)
        value[n - 1] = '\0';
    if (!is_token(line) || !is_text(value)) /* a folded line begins with a blank: no token */
        return err_set(err, ERR_BAD_PARAM, EINVAL, "malformed HTTP header");
    ret->headers[ret->n].name = line;
    ret->headers[ret->n++].value = value;
    return 0;
}

/* What the headers say of the body and of the connection. */
static int framing(struct http_head *h, struct err *err)
{
    size_t lengths = 0, encodings = 0;

    for (size_t i = 0; i < h->n; i++) {
        lengths += strcasecmp(h->headers[i].name, "Content-Length") == 0;
        encodings += strcasecmp(h->headers[i].name, "Transfer-Encoding") == 0;
    }
    const char *length = http_header(h, "Content-Length");
    const char *coding = http_header(h, "Transfer-Encoding");
    const char *connection = http_header(h, "Connection");
    const char *expect = http_header(h, "Expect");
    uint64_t n = 0;

    if (lengths + encodings > 1)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "more than one length of the HTTP body");
    if (length && parse_u64(length, INT64_MAX, &n) < 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "invalid Content-Length");
    if (coding && (strcasecmp(coding, "chunked") != 0 || h->minor == 0))
        return err_set(err, ERR_UNSUPPORTED, EINVAL, "unsupported Transfer-Encoding: use chunked");
    h->length = length ? (int64_t)n : -1;
    h->chunked = coding != NULL;
    h->keep = h->minor > 0 ? !connection || !has_word(connection, "close")
                           : connection && has_word(connection, "keep-alive");
    h->expect_continue = h->minor > 0 && expect && strcasecmp(expect, "100-continue") == 0;
    if (connection && has_word(connection, "upgrade"))
        for (size_t i = 0; i < h->n && !h->upgrade; i++)
            if (strcasecmp(h->headers[i].name, "Upgrade") == 0)
                h->upgrade = h->headers[i].value;
    return 0;
}

int http_parse_head(struct arena *a, const char *data, size_t len, struct http_head *ret,
                    struct err *err)
{
    char *line = arena_strndup(a, data, len);
    bool first = true;
    int r = 0;

    *ret = (struct http_head) { 0 };
    if (strlen(line) != len)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "NUL byte in the HTTP request");
    while (r == 0) {
        char *end = strstr(line, "\r\n");
        if (!end)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "malformed HTTP request");
        *end = '\0';
        if (end == line && !first)
            break;
        r = first ? request_line(a, line, ret, err) : header_line(line, ret, err);
        first = false;
        line = end + 2;
    }
    return r < 0 ? r : framing(ret, err);
}

const char *http_header(const struct http_head *h, const char *name)
{
    for (size_t i = 0; i < h->n; i++)
        if (strcasecmp(h->headers[i].name, name) == 0)
            return h->headers[i].value;
    return NULL;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

int http_chunk_size(const char *line, size_t len, uint64_t *ret)
{
    uint64_t n = 0;
    size_t i = 0;

    for (; i < len && hex_digit(line[i]) >= 0; i++) {
        if (i == 15) /* nobody has that many bytes */
            return -EINVAL;
        n = n << 4 | (uint64_t)hex_digit(line[i]);
    }
    size_t digits = i;
    while (i < len && (line[i] == ' ' || line[i] == '\t'))
        i++;
    if (!digits || (i < len && line[i] != ';'))
        return -EINVAL;
    *ret = n;
    return 0;
}

char *http_unescape(struct arena *a, const char *text, size_t len, bool plus)
{
    char *out = arena_strndup(a, text, len), *to = out;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return NULL;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (plus && c == '+')
            c = ' ';
        if (!c)
            return NULL;
        *to++ = c;
    }
    *to = '\0';
    return out;
}

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *words;
    } reasons[] = {
        { 100, "Continue" },
        { 101, "UPGRADED" },
        { 200, "OK" },
        { 201, "Created" },
        { 204, "No Content" },
        { 304, "Not Modified" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 413, "Request Entity Too Large" },
        { 417, "Expectation Failed" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 501, "Not Implemented" },
        { 503, "Service Unavailable" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].words;
    return "Unknown";
}
