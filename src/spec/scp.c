#include "spec/scp.h"

#include <ctype.h>

#include "base/parse.h"

#include "base/banned.h"

int scp_parse(struct arena *a, const char *text, struct scp_end *ret, struct err *err)
{
    const char *sep = strstr(text, "::"), *image = sep ? sep + 2 : text;

    *ret = (struct scp_end) { .image = *image ? arena_strdup(a, image) : NULL };
    if (ret->image && ret->image[0] == '-')
        return err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\" is no name of an image", ret->image);
    if (!sep)
        return ret->image ? 0
                          : err_set(err, ERR_BAD_PARAM, EINVAL,
                                    "an empty word names neither an image nor a host");
    if (sep == text)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\": there is no host before \"::\"", text);
    if (strstr(image, "::"))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\": more than one \"::\"", text);
    char *left = arena_strndup(a, text, (size_t)(sep - text)), *at = strchr(left, '@');
    if (!at || !STR_EQ(at + 1, "localhost")) {
        ret->place = SCP_HOST;
        ret->host = left;
        return 0;
    }
    *at = '\0';
    if (!*left || left[0] == '-')
        return err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\": there is no user before \"@localhost\"",
                       text);
    ret->place = SCP_USER;
    ret->user = left;
    return 0;
}

int scp_target_parse(struct arena *a, const char *text, struct scp_target *ret, struct err *err)
{
    uint64_t port;
    char *rest = arena_strdup(a, str_starts(text, "ssh://") ? text + strlen("ssh://") : text);

    rest[strcspn(rest, "/")] = '\0'; /* the socket's path is of no use to us */
    char *at = strrchr(rest, '@'), *host = at ? at + 1 : rest, *colon = strrchr(host, ':');
    char *bracket = strchr(host, ']');

    *ret = (struct scp_target) { 0 };
    if (colon && (!bracket || colon > bracket)) {
        *colon = '\0';
        if (parse_u64(colon + 1, 65535, &port) < 0 || port == 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\": invalid port \"%s\"", text,
                           colon + 1);
        ret->port = colon + 1;
    }
    for (const char *p = rest; *p; p++)
        if (isspace((unsigned char)*p) || iscntrl((unsigned char)*p))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\" is no name of a host", text);
    if (!*host || rest[0] == '-' || host[0] == '-' || rest[0] == '@' || strchr(rest, '@') != at)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "\"%s\" is no name of a host", text);
    ret->login = rest;
    return 0;
}
