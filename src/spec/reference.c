#include "spec/reference.h"

#include <ctype.h>

#include "base/banned.h"

static bool is_hex(const char *s, size_t n)
{
    return strspn(s, "0123456789abcdef") == n && s[n] == '\0';
}

bool digest_hex_valid(const char *s)
{
    return is_hex(s, 64);
}

bool digest_valid(const char *s)
{
    if (!s)
        return false;
    return (str_starts(s, "sha256:") && is_hex(s + 7, 64)) ||
           (str_starts(s, "sha512:") && is_hex(s + 7, 128));
}

const char *digest_hex(const char *digest)
{
    const char *colon = strchr(digest, ':');

    return colon ? colon + 1 : digest;
}

static bool alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Runs of lower-case letters and digits, joined by one dot, one or two underscores or any number of
 * hyphens. */
static bool component_valid(const char *s, size_t n)
{
    size_t i = 0;

    while (true) {
        size_t start = i;
        while (i < n && alnum(s[i]))
            i++;
        if (i == start)
            return false;
        if (i == n)
            return true;
        if (s[i] == '.')
            i++;
        else if (s[i] == '_')
            i += i + 1 < n && s[i + 1] == '_' ? 2 : 1;
        else if (s[i] == '-')
            while (i < n && s[i] == '-')
                i++;
        else
            return false;
    }
}

static bool path_valid(const char *s)
{
    for (;; s++) {
        size_t n = strcspn(s, "/");
        if (!component_valid(s, n))
            return false;
        s += n;
        if (!*s)
            return true;
    }
}

static bool registry_valid(const char *s, size_t n)
{
    const char *colon = memchr(s, ':', n);
    size_t host = colon && s[0] != '[' ? (size_t)(colon - s) : n;

    if (s[0] == '[') { /* an IPv6 address in brackets */
        const char *end = memchr(s, ']', n);
        if (!end || strspn(s + 1, "0123456789abcdefABCDEF:.") != (size_t)(end - s - 1))
            return false;
        host = (size_t)(end + 1 - s);
        if (host < n && s[host] != ':')
            return false;
    } else {
        for (size_t i = 0; i < host; i++)
            if (!isalnum((unsigned char)s[i]) && s[i] != '-' && s[i] != '.' && s[i] != '_')
                return false;
        if (host == 0 || s[0] == '.' || s[0] == '-' || s[host - 1] == '-')
            return false;
    }
    if (host == n)
        return true;
    size_t digits = strspn(s + host + 1, "0123456789");
    return digits > 0 && host + 1 + digits >= n;
}

static bool tag_valid(const char *s)
{
    size_t n = strlen(s);

    if (n == 0 || n > 128 || s[0] == '.' || s[0] == '-')
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)s[i]) && !strchr("_.-", s[i]))
            return false;
    return true;
}

static bool is_registry(const char *s, size_t n)
{
    return memchr(s, '.', n) || memchr(s, ':', n) || (n == 9 && memcmp(s, "localhost", 9) == 0);
}

static int bad(struct err *err, const char *s, const char *why)
{
    return err_set(err, ERR_BAD_PARAM, EINVAL, "parsing reference \"%.300s\": %s", s, why);
}

int ref_parse(struct arena *a, const char *s, struct image_ref *ret, struct err *err)
{
    struct image_ref ref = { 0 };
    char *rest = arena_strdup(a, s);

    if (strlen(s) > 4096)
        return bad(err, s, "repository name must not be more than 255 characters");
    char *at = strchr(rest, '@');
    if (at) {
        *at = '\0';
        ref.digest = at + 1;
        if (!digest_valid(ref.digest))
            return bad(err, s, "invalid reference format");
    }
    char *slash = strrchr(rest, '/'), *colon = strchr(slash ? slash : rest, ':');
    if (colon) {
        *colon = '\0';
        ref.tag = colon + 1;
        if (!tag_valid(ref.tag))
            return bad(err, s, "invalid reference format");
    }
    slash = strchr(rest, '/');
    if (slash && is_registry(rest, (size_t)(slash - rest))) {
        if (!registry_valid(rest, (size_t)(slash - rest)))
            return bad(err, s, "invalid reference format");
        *slash = '\0';
        ref.registry = rest;
        rest = slash + 1;
    }
    ref.path = rest;
    if (!path_valid(rest)) {
        for (const char *p = rest; *p; p++)
            if (isupper((unsigned char)*p))
                return bad(err, s, "invalid reference format: repository name must be lowercase");
        return bad(err, s, "invalid reference format");
    }
    if (strlen(rest) + (ref.registry ? strlen(ref.registry) + 1 : 0) > 255)
        return bad(err, s, "repository name must not be more than 255 characters");
    *ret = ref;
    return 0;
}

void ref_complete(struct arena *a, struct image_ref *ref, const char *registry)
{
    if (!ref->registry)
        ref->registry = arena_strdup(a, registry ? registry : "localhost");
    if (STR_EQ(ref->registry, "index.docker.io"))
        ref->registry = arena_strdup(a, "docker.io");
    if (STR_EQ(ref->registry, "docker.io") && !strchr(ref->path, '/'))
        ref->path = arena_printf(a, "library/%s", ref->path);
    if (!ref->tag && !ref->digest)
        ref->tag = arena_strdup(a, "latest");
}

char *ref_repo(struct arena *a, const struct image_ref *ref)
{
    return ref->registry ? arena_printf(a, "%s/%s", ref->registry, ref->path)
                         : arena_strdup(a, ref->path);
}

char *ref_text(struct arena *a, const struct image_ref *ref)
{
    char *repo = ref_repo(a, ref);

    if (ref->digest)
        return arena_printf(a, "%s@%s", repo, ref->digest);
    return ref->tag ? arena_printf(a, "%s:%s", repo, ref->tag) : repo;
}
