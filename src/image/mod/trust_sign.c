/* Signatures that we make. */
#include <fcntl.h>
#include <sys/mman.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "image/mod/gpg.h"
#include "image/mod/hash.h"
#include "image/mod/lookaside.h"
#include "image/mod/signature.h"
#include "image/mod/sigstore.h"
#include "image/mod/trust.h"

#include "base/banned.h"

#define NO_TIME "0001-01-01T00:00:00Z"

bool trust_signs(const struct trust_signer *s)
{
    return s->gpg_key || s->sigstore_key;
}

char *trust_attachment_tag(struct arena *a, const char *digest)
{
    return arena_printf(a, "%.*s-%s.sig", (int)strcspn(digest, ":"), digest, digest_hex(digest));
}

/* ---------- GPG ---------- */

int trust_sign_gpg(struct arena *a, const struct trust_signer *s, const struct image_ref *ref,
                   const char *digest, const char *dir, struct err *err)
{
    AUTO_BUF sig = { .max = SIGNATURE_MAX };
    struct lookaside where = { 0 };
    char *text = signature_payload(a, SIGNATURE_GPG, ref_text(a, ref), digest);
    int r = 0;

    if (dir)
        where.write = arena_printf(a, "file://%s", dir);
    else
        r = lookaside_find(a, ref, &where, err);
    if (r == 0)
        r = gpg_sign(s->gpg_key, s->gpg_passphrase, text, strlen(text), &sig, err);
    return r < 0 ? r : lookaside_put(a, &where, ref, digest, sig.data, sig.len, err);
}

/* ---------- sigstore ---------- */

static void uncounted(void *arg, int64_t bytes)
{
    (void)arg, (void)bytes;
}

static int put_text(struct registry *reg, const char *text, struct arena *a, const char *media_type,
                    struct descriptor *ret, struct err *err)
{
    char digest[DIGEST_MAX];
    size_t len = strlen(text);

    *ret = (struct descriptor) { .media_type = arena_strdup(a, media_type),
                                 .digest = arena_strdup(a, hash_of(text, len, NULL, digest)),
                                 .size = (int64_t)len };
    AUTO_CLOSE int fd = memfd_create("podman-signature", MFD_CLOEXEC);
    if (fd < 0 || write_all(fd, text, len) < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return err_sys(err, errno, "keeping a signature");
    int r = registry_has_blob(reg, ret, err);
    if (r == 0)
        r = registry_put_blob(reg, ret, NULL, fd, uncounted, NULL, err);
    return MIN(r, 0);
}

/* The manifest of the signatures that are there already, or a new one. */
static json_t *old_manifest(struct registry *reg, struct arena *a, const char *tag, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    struct err absent = { 0 };
    char *type;

    if (registry_manifest(reg, a, tag, &text, &type, &absent) == 0)
        return json_parse(text.data, text.len, "the signatures' manifest", err);
    if (absent.kind != ERR_NOT_FOUND) {
        if (err)
            *err = absent;
        return NULL;
    }
    return json_pack("{s:i,s:s,s:{},s:[]}", "schemaVersion", 2, "mediaType", MT_OCI_MANIFEST,
                     "config", "layers");
}

static json_t *layer_of(const struct descriptor *d, const char *sig)
{
    return json_pack("{s:s,s:I,s:s,s:{s:s}}", "mediaType", d->media_type, "size",
                     (json_int_t)d->size, "digest", d->digest, "annotations", SIGSTORE_ANNOTATION,
                     sig);
}

/* As signatures' images have one: nothing but their layers. */
static int put_config(struct registry *reg, struct arena *a, json_t *manifest, struct err *err)
{
    AUTO_JSON *ids = json_array();
    AUTO_JSON *steps = json_array();
    AUTO_BUF text = { 0 };
    struct descriptor d;
    size_t i;
    const json_t *layer;

    json_array_foreach (json_object_get(manifest, "layers"), i, layer) {
        json_array_append(ids, json_object_get(layer, "digest"));
        json_array_append_new(steps, json_pack("{s:s}", "created", NO_TIME));
    }
    AUTO_JSON *doc = json_pack("{s:s,s:s,s:s,s:{},s:O,s:{s:s,s:O}}", "architecture", "", "created",
                               NO_TIME, "os", "", "config", "history", steps, "rootfs", "type",
                               "layers", "diff_ids", ids);
    json_text(doc, 0, &text);
    int r = put_text(reg, text.data, a, MT_OCI_CONFIG, &d, err);
    if (r < 0)
        return r;
    json_object_set_new(manifest, "config",
                        json_pack("{s:s,s:s,s:I}", "mediaType", d.media_type, "digest", d.digest,
                                  "size", (json_int_t)d.size));
    return 0;
}

static int sign_sigstore(struct arena *a, const struct trust_signer *s, const struct image_ref *ref,
                         const char *digest, struct registry *reg, struct err *err)
{
    char *text = signature_payload(a, SIGNATURE_SIGSTORE, ref_text(a, ref), digest), *sig;
    char *tag = trust_attachment_tag(a, digest);
    struct lookaside where;
    struct descriptor d;
    int r = lookaside_find(a, ref, &where, err);

    if (r == 0 && !where.attachments)
        r = err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                    "writing sigstore attachments is disabled for %s: registries.d has to say "
                    "use-sigstore-attachments: true",
                    ref_repo(a, ref));
    if (r == 0)
        r = sigstore_sign(s->sigstore_key, s->sigstore_passphrase, text, strlen(text), a, &sig,
                          err);
    if (r == 0)
        r = put_text(reg, text, a, SIGSTORE_LAYER, &d, err);
    if (r < 0)
        return r;
    AUTO_JSON *manifest = old_manifest(reg, a, tag, err);
    json_t *layers = json_object_get(manifest, "layers");
    if (!manifest || !json_is_array(layers))
        return manifest ? err_set(err, ERR_BAD_PARAM, EINVAL, "%s is no list of signatures", tag)
                        : -EIO;
    json_array_append_new(layers, layer_of(&d, sig));
    r = put_config(reg, a, manifest, err);
    if (r < 0)
        return r;
    AUTO_BUF out = { 0 };
    json_text(manifest, 0, &out);
    return registry_put_manifest(reg, tag, MT_OCI_MANIFEST, &out, err);
}

int trust_sign(struct arena *a, const struct trust_signer *s, const struct image_ref *ref,
               const char *digest, struct registry *reg, struct err *err)
{
    struct image_ref name = *ref;
    int r = 0;

    if (name.tag) /* what is signed is a name that somebody can ask for */
        name.digest = NULL;
    if (s->gpg_key)
        r = trust_sign_gpg(a, s, &name, digest, NULL, err);
    if (r == 0 && s->sigstore_key)
        r = sign_sigstore(a, s, &name, digest, reg, err);
    return r < 0 ? err_wrap(err, "signing %s", ref_text(a, ref)) : 0;
}
