#include "config/policy.h"

#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "config/files.h"

#include "base/banned.h"

#define SYSTEM_FILE "/etc/containers/policy.json"

const char *const policy_kind_names[] = {
    [POLICY_ACCEPT] = "insecureAcceptAnything",
    [POLICY_REJECT] = "reject",
    [POLICY_SIGNED_BY] = "signedBy",
    [POLICY_SIGSTORE] = "sigstoreSigned",
};

static const char *const identity_names[] = {
    [IDENTITY_REPO_DIGEST_OR_EXACT] = "matchRepoDigestOrExact",
    [IDENTITY_EXACT] = "matchExact",
    [IDENTITY_REPOSITORY] = "matchRepository",
    [IDENTITY_EXACT_REFERENCE] = "exactReference",
    [IDENTITY_EXACT_REPOSITORY] = "exactRepository",
    [IDENTITY_REMAP] = "remapIdentity",
};

/* ---------- reading ---------- */

static int unknown_key(const char *key, const char *where, struct err *err)
{
    return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown key \"%s\" in %s", key, where);
}

/* A string of an object into *to; false with @err set when it is none, or there already. */
static bool take_string(struct arena *a, const json_t *val, const char *key, char **to,
                        struct err *err)
{
    if (!json_is_string(val)) {
        err_set(err, ERR_BAD_PARAM, EINVAL, "%s is no string", key);
        return false;
    }
    *to = arena_strdup(a, json_string_value(val));
    return true;
}

static bool take_strings(struct arena *a, const json_t *val, const char *key, char ***to,
                         struct err *err)
{
    size_t i;
    const json_t *item;
    char *s;

    if (json_is_string(val)) {
        *to = strv_add(a, *to, json_string_value(val));
        return true;
    }
    if (!json_is_array(val) || json_array_size(val) == 0) {
        err_set(err, ERR_BAD_PARAM, EINVAL, "%s is no list of strings", key);
        return false;
    }
    json_array_foreach (val, i, item) {
        if (!take_string(a, item, key, &s, err))
            return false;
        *to = strv_add(a, *to, s);
    }
    return true;
}

static int read_identity(struct arena *a, const json_t *doc, struct signed_identity *ret,
                         struct err *err)
{
    const char *type = json_string_value(json_object_get(doc, "type")), *key;
    size_t kind = 0;
    json_t *val;

    while (type && kind < ARRAY_SIZE(identity_names) && !STR_EQ(identity_names[kind], type))
        kind++;
    if (!type || kind == ARRAY_SIZE(identity_names))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown type \"%s\" in signedIdentity",
                       type ? type : "");
    ret->kind = (enum identity_kind)kind;
    json_object_foreach ((json_t *)(uintptr_t)doc, key, val) {
        char **to = STR_EQ(key, "dockerReference") && kind == IDENTITY_EXACT_REFERENCE
                        ? &ret->reference
                    : STR_EQ(key, "dockerRepository") && kind == IDENTITY_EXACT_REPOSITORY
                        ? &ret->reference
                    : STR_EQ(key, "prefix") && kind == IDENTITY_REMAP       ? &ret->prefix
                    : STR_EQ(key, "signedPrefix") && kind == IDENTITY_REMAP ? &ret->signed_prefix
                                                                            : NULL;
        if (STR_EQ(key, "type"))
            continue;
        if (!to)
            return unknown_key(key, "signedIdentity", err);
        if (!take_string(a, val, key, to, err))
            return -EINVAL;
    }
    bool whole = kind == IDENTITY_REMAP ? ret->prefix && ret->signed_prefix
                 : kind == IDENTITY_EXACT_REFERENCE || kind == IDENTITY_EXACT_REPOSITORY
                     ? ret->reference != NULL
                     : true;
    return whole ? 0
                 : err_set(err, ERR_BAD_PARAM, EINVAL, "signedIdentity of type %s is not complete",
                           type);
}

/* Keys of a requirement that are not type or signedIdentity: 1 taken, 0 unknown, negative: an error. */
static int take_key(struct arena *a, struct policy_requirement *q, const char *key,
                    const json_t *val, struct err *err)
{
    static const char *const later[] = {
        "fulcio",
        "rekorPublicKeyPath",
        "rekorPublicKeyPaths",
        "rekorPublicKeyData",
        "rekorPublicKeyDatas",
        "pki",
    };

    if (q->kind < POLICY_SIGNED_BY)
        return 0;
    if (STR_IN(key, "keyPath", "keyPaths"))
        return take_strings(a, val, key, &q->key_paths, err) ? 1 : -EINVAL;
    if (STR_EQ(key, "keyData") || (STR_EQ(key, "keyDatas") && q->kind == POLICY_SIGSTORE))
        return take_strings(a, val, key, &q->key_datas, err) ? 1 : -EINVAL;
    if (STR_EQ(key, "keyType") && q->kind == POLICY_SIGNED_BY) {
        if (str_same(json_string_value(val), "GPGKeys"))
            return 1;
        return err_set(err, ERR_BAD_PARAM, EINVAL, "unsupported keyType (only GPGKeys is)");
    }
    for (size_t i = 0; q->kind == POLICY_SIGSTORE && i < ARRAY_SIZE(later); i++)
        if (STR_EQ(later[i], key)) {
            q->unsupported = arena_strdup(a, key);
            return 1;
        }
    return 0;
}

static int read_requirement(struct arena *a, const json_t *doc, struct policy_requirement *q,
                            struct err *err)
{
    const char *type = json_string_value(json_object_get(doc, "type")), *key;
    size_t kind = 0;
    json_t *val;

    while (type && kind < 4 && !STR_EQ(policy_kind_names[kind], type))
        kind++;
    if (!type || kind == 4)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "unknown policy requirement type \"%s\"",
                       type ? type : "");
    q->kind = (enum policy_kind)kind;
    q->identity.kind = IDENTITY_REPO_DIGEST_OR_EXACT;
    json_object_foreach ((json_t *)(uintptr_t)doc, key, val) {
        if (STR_EQ(key, "type"))
            continue;
        int r = STR_EQ(key, "signedIdentity") && kind >= POLICY_SIGNED_BY
                    ? read_identity(a, val, &q->identity, err)
                    : take_key(a, q, key, val, err);
        if (r == 0 && !STR_EQ(key, "signedIdentity"))
            return unknown_key(key, type, err);
        if (r < 0)
            return r;
    }
    if (kind >= POLICY_SIGNED_BY && !q->key_paths && !q->key_datas && !q->unsupported)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "a requirement of type %s needs a key: keyPath, keyPaths or keyData", type);
    return 0;
}

static int read_list(struct arena *a, const json_t *doc, requirement_list *ret, struct err *err)
{
    size_t i;
    const json_t *item;

    if (!json_is_array(doc) || json_array_size(doc) == 0)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "a list of policy requirements may not be empty or something else");
    json_array_foreach (doc, i, item) {
        struct policy_requirement *q = LIST_ADD(a, *ret);
        int r = read_requirement(a, item, q, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_transports(struct arena *a, json_t *doc, struct policy *ret, struct err *err)
{
    const char *name, *scope;
    json_t *scopes, *list;

    json_object_foreach (doc, name, scopes) {
        struct policy_transport *t = LIST_ADD(a, ret->transports);
        t->name = arena_strdup(a, name);
        if (!json_is_object(scopes))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "transport \"%s\" is no object", name);
        json_object_foreach (scopes, scope, list) {
            struct policy_scope *s = LIST_ADD(a, t->scopes);
            s->scope = arena_strdup(a, scope);
            int r = read_list(a, list, &s->requirements, err);
            if (r < 0)
                return err_wrap(err, "%s: scope \"%s\"", name, scope);
        }
    }
    return 0;
}

static int read_policy(struct arena *a, json_t *doc, struct policy *ret, struct err *err)
{
    const char *key;
    json_t *val;

    if (!json_is_object(doc))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "not an object");
    json_object_foreach (doc, key, val) {
        int r = STR_EQ(key, "default")      ? read_list(a, val, &ret->fallback, err)
                : STR_EQ(key, "transports") ? read_transports(a, val, ret, err)
                                            : unknown_key(key, "the policy", err);
        if (r < 0)
            return r;
    }
    return ret->fallback.n ? 0
                           : err_set(err, ERR_BAD_PARAM, EINVAL, "the default policy is missing");
}

int policy_parse(struct arena *a, const char *text, size_t len, const char *name,
                 struct policy *ret, struct err *err)
{
    AUTO_JSON *doc = json_parse(text, len, name, err);

    memset(ret, 0, sizeof(*ret));
    if (!doc)
        return err_wrap(err, "invalid policy");
    int r = read_policy(a, doc, ret, err);
    ret->path = arena_strdup(a, name);
    return r < 0 ? err_wrap(err, "invalid policy in %s", name) : 0;
}

char *policy_path(struct arena *a)
{
    char *dir = config_user_dir(a);
    char *path = dir ? arena_printf(a, "%s/policy.json", dir) : NULL;

    return path && access(path, F_OK) == 0 ? path : arena_strdup(a, SYSTEM_FILE);
}

int policy_load(struct arena *a, const char *path, struct policy *ret, struct err *err)
{
    const char *file = path ? path : policy_path(a);
    AUTO_BUF b = { .max = LIMIT_CONFIG_FILE };
    int r = fs_read_file(AT_FDCWD, file, &b);

    memset(ret, 0, sizeof(*ret));
    if (r == -ENOENT && !path) {
        LIST_ADD(a, ret->fallback)->kind = POLICY_ACCEPT;
        return 0;
    }
    if (r < 0)
        return err_sys(err, -r, "opening the signature policy %s", file);
    return policy_parse(a, b.data ? b.data : "", b.len, file, ret, err);
}

/* ---------- which requirements ---------- */

static const struct policy_transport *find_transport(const struct policy *p, const char *name)
{
    for (size_t i = 0; i < p->transports.n; i++)
        if (STR_EQ(p->transports.items[i].name, name))
            return &p->transports.items[i];
    return NULL;
}

static const requirement_list *find_scope(const struct policy_transport *t, const char *scope)
{
    for (size_t i = 0; t && i < t->scopes.n; i++)
        if (STR_EQ(t->scopes.items[i].scope, scope))
            return &t->scopes.items[i].requirements;
    return NULL;
}

/* The whole scope, then shorter and shorter beginnings of it, up to a slash each. */
static const requirement_list *find_prefix(const struct policy_transport *t, struct arena *a,
                                           const char *scope)
{
    char *s = arena_strdup(a, scope);

    for (;;) {
        const requirement_list *found = find_scope(t, s);
        char *slash = strrchr(s, '/');
        if (found || !slash)
            return found;
        *slash = '\0';
    }
}

static const requirement_list *fall_back(const struct policy *p, const struct policy_transport *t)
{
    const requirement_list *found = find_scope(t, "");

    return found ? found : &p->fallback;
}

const requirement_list *policy_for_ref(const struct policy *p, struct arena *a,
                                       const struct image_ref *ref)
{
    const struct policy_transport *t = find_transport(p, "docker");
    const requirement_list *found = find_scope(t, ref_text(a, ref));

    if (!found)
        found = find_prefix(t, a, ref_repo(a, ref));
    /* "*.example.com" covers the hosts below, not the host itself. */
    for (const char *dot = ref->registry; !found && (dot = strchr(dot, '.')); dot++)
        found = find_scope(t, arena_printf(a, "*%s", dot));
    return found ? found : fall_back(p, t);
}

const requirement_list *policy_for_path(const struct policy *p, struct arena *a,
                                        const char *transport, const char *path)
{
    const struct policy_transport *t = find_transport(p, transport);
    const requirement_list *found = find_prefix(t, a, path);

    return found && *path ? found : fall_back(p, t);
}

bool policy_accepts(const requirement_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].kind != POLICY_ACCEPT)
            return false;
    return true;
}

/* ---------- identities ---------- */

/* A remapped name is looked at as if it had been pulled from where it was signed. */
static bool remap(struct arena *a, const struct signed_identity *id, const struct image_ref *in,
                  struct image_ref *out)
{
    const char *repo = ref_repo(a, in);
    size_t n = strlen(id->prefix);

    *out = *in;
    if (strncmp(repo, id->prefix, n) != 0 || !(repo[n] == '\0' || repo[n] == '/'))
        return true; /* not below the prefix: as it is */
    if (ref_parse(a, arena_printf(a, "%s%s", id->signed_prefix, repo + n), out, NULL) < 0)
        return false;
    out->tag = in->tag;
    out->digest = in->digest;
    return true;
}

bool identity_matches(struct arena *a, const struct signed_identity *id,
                      const struct image_ref *wanted, const char *signed_ref)
{
    struct image_ref signed_, want = *wanted, other;

    if (ref_parse(a, signed_ref, &signed_, NULL) < 0)
        return false;
    if (!signed_.registry)
        ref_complete(a, &signed_, "docker.io");
    switch (id->kind) {
    case IDENTITY_EXACT_REFERENCE:
        return ref_parse(a, id->reference, &other, NULL) == 0 &&
               STR_EQ(ref_text(a, &other), ref_text(a, &signed_));
    case IDENTITY_EXACT_REPOSITORY:
        return ref_parse(a, id->reference, &other, NULL) == 0 &&
               STR_EQ(ref_repo(a, &other), ref_repo(a, &signed_));
    case IDENTITY_REPOSITORY:
        return STR_EQ(ref_repo(a, &want), ref_repo(a, &signed_));
    case IDENTITY_REMAP:
        if (!remap(a, id, wanted, &want))
            return false;
        break;
    case IDENTITY_EXACT:
        return STR_EQ(ref_text(a, &want), ref_text(a, &signed_));
    case IDENTITY_REPO_DIGEST_OR_EXACT:
        break;
    }
    if (want.digest) /* the digest says which image: the tag was chosen by whoever signed */
        return STR_EQ(ref_repo(a, &want), ref_repo(a, &signed_));
    return STR_EQ(ref_text(a, &want), ref_text(a, &signed_));
}
