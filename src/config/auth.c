#include "config/auth.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "config/auth_helper.h"

#include "base/banned.h"

struct auth_entry {
    char *key; /* registry, or registry/path */
    char *auth, *identity_token;
};
static const struct json_field auth_rows[] = {
    JF_STR(struct auth_entry, auth, "auth", 0),
    JF_STR(struct auth_entry, identity_token, "identitytoken", 0),
    { 0 },
};
static const struct json_type auth_type = JSON_TYPE(struct auth_entry, auth_rows);

struct auth_file {
    JSON_LIST(struct auth_entry) auths;
    kv_list helpers;
    char *store;
};
static const struct json_field auth_file_rows[] = {
    JF_OBJMAP(struct auth_file, auths, "auths", 0, &auth_type),
    JF_MAP(struct auth_file, helpers, "credHelpers", 0),
    JF_STR(struct auth_file, store, "credsStore", 0),
    { 0 },
};
static const struct json_type auth_file_type = JSON_TYPE(struct auth_file, auth_file_rows);

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *auth_decode_bytes(struct arena *a, const char *s, size_t *ret_len)
{
    size_t n = strlen(s), used = 0;
    char *out = arena_alloc(a, n + 1);
    unsigned bits = 0, have = 0;

    for (; *s && *s != '='; s++) {
        const char *d = strchr(digits, *s == '-' ? '+' : *s == '_' ? '/' : *s);
        if (!d)
            return NULL;
        bits = bits << 6 | (unsigned)(d - digits);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[used++] = (char)(bits >> have & 0xff);
        }
    }
    *ret_len = used;
    return out;
}

char *auth_decode(struct arena *a, const char *s)
{
    size_t n;
    char *out = auth_decode_bytes(a, s, &n);

    return out && strlen(out) == n ? out : NULL;
}

char *auth_encode(struct arena *a, const struct credentials *c)
{
    return auth_encode_text(a, arena_printf(a, "%s:%s", c->user, c->password));
}

char *auth_encode_text(struct arena *a, const char *plain)
{
    size_t n = strlen(plain), used = 0;
    char *out = arena_alloc(a, n * 4 / 3 + 8);

    for (size_t i = 0; i < n; i += 3) {
        unsigned v = 0;
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (i + k < n ? (unsigned char)plain[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            out[used++] = i + k <= n || k == 0 ? digits[v >> (18 - 6 * k) & 63] : '=';
    }
    return out;
}

int auth_parse_creds(struct arena *a, const char *s, struct credentials *ret, struct err *err)
{
    const char *colon = strchr(s, ':');

    if (!*s || colon == s)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "credentials can't be empty");
    ret->user = colon ? arena_strndup(a, s, (size_t)(colon - s)) : arena_strdup(a, s);
    ret->password = arena_strdup(a, colon ? colon + 1 : "");
    return 0;
}

/* Docker's file has keys like "https://index.docker.io/v1/". */
static const char *clean_key(struct arena *a, const char *key)
{
    const char *s = str_starts(key, "https://")  ? key + 8
                    : str_starts(key, "http://") ? key + 7
                                                 : key;

    if (s != key || strstr(s, "/v1/") || strstr(s, "/v2/"))
        s = arena_strndup(a, s, strcspn(s, "/"));
    return STR_EQ(s, "index.docker.io") || STR_EQ(s, "registry-1.docker.io") ? "docker.io" : s;
}

/* How specific @key is for @name: its length, 0 when it does not cover it. */
static size_t key_covers(const char *key, const char *name)
{
    size_t n = strlen(key);

    return strncmp(key, name, n) == 0 && (name[n] == '\0' || name[n] == '/') ? n : 0;
}

static int from_entry(struct arena *a, const struct auth_entry *e, struct credentials *ret,
                      struct err *err)
{
    if (!str_empty(e->identity_token)) {
        ret->identity_token = e->identity_token;
        return 0;
    }
    if (str_empty(e->auth))
        return 0;
    char *plain = auth_decode(a, e->auth), *colon = plain ? strchr(plain, ':') : NULL;
    if (!colon)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "the credentials of %s are malformed", e->key);
    *colon = '\0';
    ret->user = plain;
    ret->password = colon + 1;
    return 0;
}

static bool found(const struct credentials *c)
{
    return c->user || c->identity_token;
}

static int from_file(struct arena *a, const char *path, bool legacy, const struct image_ref *ref,
                     struct credentials *ret, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_CONFIG_FILE };
    struct auth_file f = { 0 };
    char *name = ref_repo(a, ref);
    const struct auth_entry *best = NULL;
    size_t best_len = 0;

    if (fs_read_file(AT_FDCWD, path, &text) < 0 || !text.len)
        return 0;
    AUTO_JSON *doc = json_parse(text.data, text.len, path, err);
    if (!doc)
        return -EINVAL;
    if (legacy) {
        json_t *whole = json_object();
        json_object_set_new(whole, "auths", json_incref(doc));
        json_decref(doc);
        doc = whole;
    }
    int r = json_read(a, doc, &auth_file_type, &f, err);
    if (r < 0)
        return err_wrap(err, "%s", path);
    const char *helper = kv_get(&f.helpers, ref->registry);
    if (helper)
        return auth_helper_get(a, helper, ref->registry, ret, err);
    for (size_t i = 0; i < f.auths.n; i++) {
        size_t n = key_covers(clean_key(a, f.auths.items[i].key), name);
        if (n > best_len) {
            best_len = n;
            best = &f.auths.items[i];
        }
    }
    r = best ? from_entry(a, best, ret, err) : 0;
    /* Docker's store for all registries; the file then holds empty entries. */
    if (r == 0 && !found(ret) && !str_empty(f.store))
        r = auth_helper_get(a, f.store, auth_docker_key(ref->registry), ret, err);
    return r;
}

char *auth_default_path(struct arena *a)
{
    const char *env = getenv("REGISTRY_AUTH_FILE"), *run = getenv("XDG_RUNTIME_DIR");
    const char *uid = getenv("_CONTAINERS_ROOTLESS_UID"); /* who we are outside our namespace */

    if (!str_empty(env))
        return arena_strdup(a, env);
    if (!str_empty(run))
        return arena_printf(a, "%s/containers/auth.json", run);
    return !str_empty(uid) ? arena_printf(a, "/run/containers/%s/auth.json", uid)
                           : arena_printf(a, "/run/containers/%d/auth.json", (int)geteuid());
}

const char *auth_docker_key(const char *registry)
{
    return STR_EQ(registry, "docker.io") ? "https://index.docker.io/v1/" : registry;
}

int auth_find(struct arena *a, const char *authfile, const struct image_ref *ref,
              char *const *helpers, struct credentials *ret, struct err *err)
{
    const char *env = getenv("REGISTRY_AUTH_FILE"), *home = getenv("HOME");
    const char *xdg = getenv("XDG_CONFIG_HOME");
    const char *docker = getenv("DOCKER_CONFIG");
    int r = 0;

    *ret = (struct credentials) { 0 };
    if (!str_empty(authfile) && access(authfile, F_OK) < 0)
        return err_set(err, ERR_NOT_FOUND, ENOENT,
                       "credential file is not accessible: stat %s: no such file or directory",
                       authfile);
    if (str_empty(authfile))
        authfile = env;
    if (!str_empty(authfile))
        return from_file(a, authfile, false, ref, ret, err);
    for (; r == 0 && !found(ret) && helpers && *helpers; helpers++)
        if (!STR_EQ(*helpers, "containers-auth.json"))
            r = auth_helper_get(a, *helpers, ref->registry, ret, err);
    if (!home)
        home = "";
    const char *paths[] = {
        auth_default_path(a),
        !str_empty(xdg) ? arena_printf(a, "%s/containers/auth.json", xdg)
                        : arena_printf(a, "%s/.config/containers/auth.json", home),
        !str_empty(docker) ? arena_printf(a, "%s/config.json", docker)
                           : arena_printf(a, "%s/.docker/config.json", home),
        arena_printf(a, "%s/.dockercfg", home),
    };
    for (size_t i = 0; r == 0 && !found(ret) && i < ARRAY_SIZE(paths); i++)
        r = from_file(a, paths[i], i == 3, ref, ret, err);
    return r;
}
