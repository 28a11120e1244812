/* What the commands `image sign`, `image trust show` and --sign-by-sigstore ask for. */
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "image/mod/gpg.h"
#include "image/mod/hash.h"
#include "image/mod/http.h"
#include "image/mod/lookaside.h"
#include "image/mod/trust.h"

#include "base/banned.h"

int module_sign_params(struct arena *a, const char *path, struct image_sign_params *ret,
                       struct err *err)
{
    AUTO_BUF b = { .max = LIMIT_CONFIG_FILE };
    AUTO_JSON *doc = NULL;
    const char *key;
    json_t *val;
    int r = fs_read_file(AT_FDCWD, path, &b);

    if (r < 0)
        return err_sys(err, -r, "reading the sigstore parameters %s", path);
    r = lookaside_parse(b.data ? b.data : "", b.len, path, &doc, err);
    if (r < 0)
        return r;
    json_object_foreach (doc, key, val) {
        char **to = STR_EQ(key, "privateKeyFile")             ? &ret->key_file
                    : STR_EQ(key, "privateKeyPassphraseFile") ? &ret->passphrase_file
                                                              : NULL;
        if (STR_IN(key, "fulcio", "rekorURL"))
            return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                           "%s: signing with %s is not supported, only with a private key", path,
                           key);
        if (!to || !json_is_string(val))
            return err_set(err, ERR_BAD_PARAM, EINVAL, "%s: unknown key \"%s\"", path, key);
        *to = arena_strdup(a, json_string_value(val));
    }
    return ret->key_file ? 0
                         : err_set(err, ERR_BAD_PARAM, EINVAL, "%s names no privateKeyFile", path);
}

int module_key_owners(struct arena *a, const char *path, char ***ret, struct err *err)
{
    return gpg_identities(path, a, ret, err);
}

int module_signature_store(struct arena *a, const char *scope, char **ret, struct err *err)
{
    struct image_ref ref = { 0 };
    struct lookaside where;
    const char *slash = strchr(scope, '/');

    /* A scope is a host, a part of a path or a whole name: of an image's name it is the beginning. */
    ref.registry = arena_strndup(a, scope, slash ? (size_t)(slash - scope) : strlen(scope));
    ref.path = arena_strdup(a, slash ? slash + 1 : "");
    int r = lookaside_find(a, &ref, &where, err);
    if (r == 0)
        *ret = where.read;
    return r;
}

/* ---------- image sign ---------- */

/* The manifest itself and, of a list with @all, those it names. */
static int sign_manifest(struct arena *a, const struct image_ref *ref, const struct buf *text,
                         const char *type, const struct image_sign_options *o, struct err *err)
{
    struct trust_signer signer = { .gpg_key = o->sign_by };
    struct image_index idx = { 0 };
    char digest[DIGEST_MAX];
    AUTO_JSON *doc = json_parse(text->data ? text->data : "", text->len, "manifest", err);

    if (!doc)
        return -EINVAL;
    int r = trust_sign_gpg(a, &signer, ref, hash_of(text->data, text->len, NULL, digest),
                           o->directory, err);
    if (r == 0 && o->all && image_is_index(doc, type))
        r = image_index_read(a, doc, &idx, err);
    for (size_t i = 0; r == 0 && i < idx.manifests.n; i++)
        r = trust_sign_gpg(a, &signer, ref, idx.manifests.items[i].digest, o->directory, err);
    return r;
}

int module_sign(const struct store *s, struct arena *a, const char *name,
                const struct image_sign_options *o, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    struct registries conf = { 0 };
    struct image_ref ref;
    place_list places = { 0 };
    char *type = NULL;

    (void)s;
    http_init();
    int r = ref_parse(a, str_starts(name, "docker://") ? name + strlen("docker://") : name, &ref,
                      err);
    if (r == 0)
        r = registries_load(a, &conf, err);
    if (r < 0)
        return r;
    ref_complete(a, &ref, "docker.io");
    r = registries_places(&conf, a, &ref, &places, err);
    if (r < 0)
        return r;
    struct registry_options ro = { .tls_verify = -1,
                                   .cert_dir = o->cert_dir,
                                   .authfile = o->authfile,
                                   .helpers = conf.credential_helpers };
    AUTO_REGISTRY *reg = registry_open(&places.items[places.n - 1], &ro, err);
    if (!reg)
        return -EIO;
    r = registry_manifest(reg, a, ref.digest ? ref.digest : ref.tag, &text, &type, err);
    return r < 0 ? r : sign_manifest(a, &ref, &text, type, o, err);
}
