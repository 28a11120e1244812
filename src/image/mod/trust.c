#include "image/mod/trust.h"

#include "base/json.h"
#include "base/limits.h"
#include "image/mod/gpg.h"
#include "image/mod/lookaside.h"
#include "image/mod/signature.h"
#include "image/mod/sigstore.h"
#include "spec/image.h"

#include "base/banned.h"

/* Signatures of one image as they are met, and why those before were not accepted. */
struct verdict {
    struct arena *a;
    const struct trust_image *img;
    const struct policy_requirement *q;
    unsigned seen;
    struct buf reasons;
};

static void refuse(struct verdict *v, struct err *why)
{
    AUTO_FREE char *line = xasprintf("%s%s", v->reasons.len ? "; " : "", why->msg);

    (void)!buf_add(&v->reasons, line, MIN(strlen(line), v->reasons.max - v->reasons.len));
    err_clear(why);
}

/* 1 when it is good. */
static int look_at(struct verdict *v, const char *type, const void *payload, size_t len)
{
    struct err why = { 0 };

    if (signature_check(v->a, payload, len, type, v->img->digest, &v->q->identity, v->img->ref,
                        &why) == 0)
        return 1;
    refuse(v, &why);
    return 0;
}

/* ---------- simple signatures ---------- */

static int check_gpg(struct verdict *v, struct err *err)
{
    struct lookaside where;
    int r = lookaside_find(v->a, v->img->ref, &where, err);

    for (unsigned n = 1; r == 0 && n < SIGNATURES_MAX; n++) {
        AUTO_BUF sig = { .max = SIGNATURE_MAX };
        AUTO_BUF payload = { .max = SIGNATURE_MAX };
        struct err why = { 0 };
        r = lookaside_get(v->a, &where, v->img->ref, v->img->digest, n, &sig, err);
        if (r <= 0)
            return r;
        v->seen++;
        r = gpg_verify(v->q->key_paths, v->q->key_datas, sig.data, sig.len, &payload, &why);
        if (r == 0)
            r = look_at(v, SIGNATURE_GPG, payload.data ? payload.data : "", payload.len);
        else if (why.kind == ERR_DENIED) {
            refuse(v, &why);
            r = 0;
        } else if (err)
            *err = why;
    }
    return r;
}

/* ---------- sigstore's ---------- */

static int keep(void *arg, const void *data, size_t len)
{
    return buf_add(arg, data, len);
}

static int check_layer(struct verdict *v, const json_t *layer, struct err *err)
{
    AUTO_BUF payload = { .max = SIGNATURE_MAX };
    struct descriptor d = { 0 };
    const char *sig = json_string_value(
        json_object_get(json_object_get(layer, "annotations"), SIGSTORE_ANNOTATION));
    struct err why = { 0 };

    if (!str_same(json_string_value(json_object_get(layer, "mediaType")), SIGSTORE_LAYER) || !sig)
        return 0;
    int r = json_read(v->a, layer, &descriptor_type, &d, err);
    if (r < 0 || !digest_valid(d.digest))
        return r < 0 ? r : err_set(err, ERR_BAD_PARAM, EINVAL, "a signature's digest is invalid");
    v->seen++;
    r = registry_blob(v->img->registry, &d, 0, keep, &payload, err);
    if (r < 0)
        return r == -EFBIG ? err_set(err, ERR_TOO_BIG, EFBIG, "a signature is too large") : r;
    r = sigstore_verify(v->q->key_paths, v->q->key_datas, payload.data ? payload.data : "",
                        payload.len, sig, &why);
    if (r == 0)
        return look_at(v, SIGNATURE_SIGSTORE, payload.data ? payload.data : "", payload.len);
    if (why.kind != ERR_DENIED) {
        if (err)
            *err = why;
        return r;
    }
    refuse(v, &why);
    return 0;
}

static int check_sigstore(struct verdict *v, struct err *err)
{
    AUTO_BUF manifest = { .max = LIMIT_MANIFEST };
    struct lookaside where;
    struct err absent = { 0 };
    char *type;
    size_t i;
    const json_t *layer;

    if (v->q->unsupported)
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "the policy requires %s, which is not supported", v->q->unsupported);
    int r = lookaside_find(v->a, v->img->ref, &where, err);
    if (r < 0 || !where.attachments)
        return r;
    char *tag = trust_attachment_tag(v->a, v->img->digest);
    r = registry_manifest(v->img->registry, v->a, tag, &manifest, &type, &absent);
    if (r < 0) {
        if (absent.kind == ERR_NOT_FOUND)
            return 0;
        if (err)
            *err = absent;
        return r;
    }
    AUTO_JSON *doc = json_parse(manifest.data, manifest.len, "the signatures' manifest", err);
    if (!doc)
        return -EINVAL;
    json_array_foreach (json_object_get(doc, "layers"), i, layer) {
        if (i == SIGNATURES_MAX || (r = check_layer(v, layer, err)) != 0)
            break;
    }
    return r;
}

/* ---------- the policy ---------- */

static int rejected(struct err *err, const char *why)
{
    return err_set(err, ERR_DENIED, EACCES, "Source image rejected: %s", why);
}

static int requirement(struct arena *a, const struct trust_image *img,
                       const struct policy_requirement *q, struct err *err)
{
    struct verdict v = { .a = a, .img = img, .q = q, .reasons.max = 700 };

    if (q->kind == POLICY_ACCEPT)
        return 0;
    if (q->kind == POLICY_REJECT)
        return rejected(
            err, arena_printf(a, "Running image %s%s is rejected by policy.",
                              img->ref ? "docker://" : arena_printf(a, "%s:", img->transport),
                              img->ref ? ref_text(a, img->ref) : img->path));
    if (!img->ref || !img->registry)
        return rejected(err, arena_printf(a,
                                          "A signature was required, but an image of transport %s "
                                          "has none",
                                          img->transport));
    int r = q->kind == POLICY_SIGNED_BY ? check_gpg(&v, err) : check_sigstore(&v, err);
    char *reasons = arena_strdup(a, v.reasons.data);
    buf_done(&v.reasons);
    if (r != 0)
        return MIN(r, 0);
    if (!v.seen)
        return rejected(err, "A signature was required, but no signature exists");
    return rejected(
        err, v.seen == 1
                 ? reasons
                 : arena_printf(a, "None of the signatures were accepted, reasons: %s", reasons));
}

int trust_check(struct arena *a, const char *policy, const struct trust_image *img, struct err *err)
{
    struct policy p;
    int r = policy_load(a, policy, &p, err);

    if (r < 0)
        return r;
    const requirement_list *list = img->ref ? policy_for_ref(&p, a, img->ref)
                                            : policy_for_path(&p, a, img->transport, img->path);
    for (size_t i = 0; r == 0 && i < list->n; i++)
        r = requirement(a, img, &list->items[i], err);
    return r;
}

int trust_check_leaving(struct arena *a, const char *policy, struct err *err)
{
    const struct trust_image what = { .transport = "containers-storage", .path = "" };

    return policy ? trust_check(a, policy, &what, err) : 0;
}
