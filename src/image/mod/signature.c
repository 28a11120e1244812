#include "image/mod/signature.h"

#include <time.h>

#include "base/json.h"

#include "base/banned.h"

char *signature_payload(struct arena *a, const char *type, const char *ref, const char *digest)
{
    AUTO_JSON *doc = json_pack("{s:{s:{s:s},s:{s:s},s:s},s:{s:s,s:I}}", "critical", "identity",
                               "docker-reference", ref, "image", "docker-manifest-digest", digest,
                               "type", type, "optional", "creator", "podman " PODMAN_VERSION,
                               "timestamp", (json_int_t)time(NULL));
    AUTO_BUF b = { 0 };

    json_text(doc, 0, &b);
    return arena_strdup(a, b.data);
}

/* Of an object with exactly the keys that are asked for. */
static const json_t *only(const json_t *obj, const char *key, size_t keys)
{
    return json_object_size(obj) == keys ? json_object_get(obj, key) : NULL;
}

int signature_check(struct arena *a, const char *text, size_t len, const char *type,
                    const char *digest, const struct signed_identity *id,
                    const struct image_ref *wanted, struct err *err)
{
    AUTO_JSON *doc = json_parse(text, len, "signature", err);
    const json_t *critical = json_object_get(doc, "critical");
    const char *ref = json_string_value(only(only(critical, "identity", 3), "docker-reference", 1));
    const char *of = json_string_value(
        only(only(critical, "image", 3), "docker-manifest-digest", 1));
    const char *is = json_string_value(only(critical, "type", 3));

    if (!doc)
        return -EINVAL;
    if (!ref || !of || !is)
        return err_set(err, ERR_DENIED, EACCES, "the signature's text is not as it should be");
    if (!STR_EQ(is, type))
        return err_set(err, ERR_DENIED, EACCES, "unrecognized signature type %s", is);
    if (!STR_EQ(of, digest))
        return err_set(err, ERR_DENIED, EACCES, "Signature for digest %s does not match %s", of,
                       digest);
    if (!identity_matches(a, id, wanted, ref))
        return err_set(err, ERR_DENIED, EACCES, "Signature for identity \"%s\" is not accepted",
                       ref);
    return 0;
}
