#include "api/auth.h"

#include <sys/mman.h>

#include "base/fs.h"
#include "config/auth.h"

#include "base/banned.h"

struct given {
    char *username, *password, *serveraddress, *identitytoken, *auth;
};
static const struct json_field given_rows[] = {
    JF_STR(struct given, username, "username", 0),
    JF_STR(struct given, password, "password", 0),
    JF_STR(struct given, serveraddress, "serveraddress", 0),
    JF_STR(struct given, identitytoken, "identitytoken", 0),
    JF_STR(struct given, auth, "auth", 0),
    { 0 },
};
static const struct json_type given_type = JSON_TYPE(struct given, given_rows);

static json_t *entry_of(struct arena *a, const struct given *g)
{
    if (!str_empty(g->identitytoken))
        return json_pack("{s:s}", "identitytoken", g->identitytoken);
    if (!str_empty(g->auth))
        return json_pack("{s:s}", "auth", g->auth);
    if (str_empty(g->username))
        return NULL;
    struct credentials c = { .user = g->username,
                             .password = g->password ? g->password : arena_strdup(a, "") };
    return json_pack("{s:s}", "auth", auth_encode(a, &c));
}

/* The registry in "host:port/path", docker.io where none is named. */
static const char *registry_of(struct arena *a, const char *image)
{
    const char *transport = strstr(image, "://");
    const char *name = transport ? transport + 3 : image, *slash = strchr(name, '/');
    char *first = arena_strndup(a, name, slash ? (size_t)(slash - name) : 0);

    return strpbrk(first, ".:") || STR_EQ(first, "localhost") ? first : "docker.io";
}

/* One login, or a map from registries to logins. */
static int entries(struct request *r, const char *image, json_t *doc, json_t *auths)
{
    struct given one = { 0 };
    const char *key;
    json_t *value, *entry;
    int res = 0;

    bool map = json_object_size(doc) > 0;
    json_object_foreach (doc, key, value)
        map = map && json_is_object(value);
    if (!map) {
        res = json_read_nocase(r->arena, doc, &given_type, &one, r->err);
        entry = res == 0 ? entry_of(r->arena, &one) : NULL;
        if (entry)
            json_object_set_new(auths,
                                str_empty(one.serveraddress) ? registry_of(r->arena, image)
                                                             : one.serveraddress,
                                entry);
        return res;
    }
    json_object_foreach (doc, key, value) {
        struct given each = { 0 };
        if (res == 0)
            res = json_read_nocase(r->arena, value, &given_type, &each, r->err);
        entry = res == 0 ? entry_of(r->arena, &each) : NULL;
        if (entry)
            json_object_set_new(auths, key, entry);
    }
    return res;
}

int request_authfile(struct request *r, const char *image, const char **ret)
{
    static int file = -EBADF;
    const char *header = http_header(&r->conn->head, "X-Registry-Auth");
    AUTO_JSON *auths = json_object();
    AUTO_BUF text = { 0 };

    *ret = NULL;
    if (str_empty(header))
        return 0;
    char *plain = auth_decode(r->arena, header);
    if (!plain)
        return err_set(r->err, ERR_BAD_PARAM, EINVAL,
                       "failed to parse \"X-Registry-Auth\" header: not base64");
    AUTO_JSON *doc = json_parse(plain, strlen(plain), "X-Registry-Auth", r->err);
    if (!doc)
        return -EINVAL;
    int res = json_is_object(doc) ? entries(r, image, doc, auths) : 0;
    if (res < 0 || !json_object_size(auths))
        return res;
    AUTO_JSON *whole = json_pack("{s:O}", "auths", auths);
    json_text(whole, 0, &text);
    if (file < 0)
        file = memfd_create("auth", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, 0) < 0 || lseek(file, 0, SEEK_SET) < 0 ||
        write_all(file, text.data, text.len) < 0)
        return err_sys(r->err, errno, "keeping the credentials of the request");
    *ret = arena_printf(r->arena, "/proc/self/fd/%d", file);
    return 0;
}
