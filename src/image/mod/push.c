#include "image/mod/push.h"

#include "base/limits.h"
#include "base/parse.h"
#include "image/mod/crypt.h"
#include "image/mod/hash.h"
#include "image/mod/media.h"
#include "store/places.h"
#include "image/mod/push_blobs.h"
#include "image/mod/repack.h"
#include "image/mod/trust.h"
#include "store/blobs.h"

#include "base/banned.h"

enum { DEEPEST_LIST = 4 };

static int read_document(struct pusher *p, const char *digest, struct buf *text, json_t **ret,
                         struct err *err)
{
    int r = blob_read(p->s, digest, text, err);

    if (r < 0)
        return err_wrap(err, "reading manifest %s", digest);
    *ret = json_parse(text->data ? text->data : "", text->len, "manifest", err);
    return *ret ? 0 : -EINVAL;
}

static int retry_manifest(struct pusher *p, const struct sent_manifest *m, struct err *err)
{
    for (uint64_t attempt = 0;; attempt++) {
        int r = p->dest->ops->manifest(p->dest, m, err);
        if (r >= 0 || err->kind != ERR_UNAVAILABLE || attempt >= p->retry.times)
            return r;
        retry_again(&p->retry, attempt, p->opt->progress, err);
    }
}

/* Sends a document; @ret says what it is there. */
static int send_manifest(struct pusher *p, const struct buf *text, const char *media_type, bool top,
                         struct descriptor *ret, struct err *err)
{
    char digest[DIGEST_MAX];

    ret->digest = arena_strdup(p->a, hash_of(text->data, text->len, NULL, digest));
    ret->media_type = arena_strdup(p->a, media_type);
    ret->size = (int64_t)text->len;
    struct sent_manifest m = { text, ret->media_type, ret->digest, top };
    if (top)
        progress_line(p->opt->progress, "Writing manifest to image destination");
    return retry_manifest(p, &m, err);
}

/* ---------- one image ---------- */

static enum media_family wanted_family(const struct pusher *p, const struct image_manifest *m,
                                       const struct send_job *jobs)
{
    if (p->dest->ops->oci_only || str_same(p->opt->format, "oci"))
        return MEDIA_OCI;
    if (str_same(p->opt->format, "v2s2"))
        return MEDIA_DOCKER;
    /* Docker's format has no zstd: what is packed so becomes OCI unless somebody insists. */
    for (size_t i = 0; i < m->layers.n; i++)
        if (jobs[i].to_format == COMP_ZSTD || jobs[i].encrypt)
            return MEDIA_OCI;
    return media_family(m->media_type);
}

static int check_family(const struct image_manifest *m, const struct send_job *jobs,
                        enum media_family want, struct err *err)
{
    for (size_t i = 0; want == MEDIA_DOCKER && i < m->layers.n; i++)
        if (jobs[i].encrypt)
            return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                           "Docker's manifest format v2s2 has no encrypted layers: use --format "
                           "oci");
        else if (jobs[i].to_format == COMP_ZSTD)
            return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                           "Docker's manifest format v2s2 has no zstd layers: use --format oci");
    return 0;
}

static void mark_encrypted(json_t *layer, const struct send_job *j)
{
    json_t *annotations = json_object_get(layer, "annotations");
    AUTO_FREE char *type = xasprintf("%s" CRYPT_SUFFIX, media_layer(MEDIA_OCI, j->to_format));

    json_object_set_new(layer, "mediaType", json_string(type));
    if (!annotations) {
        annotations = json_object();
        json_object_set_new(layer, "annotations", annotations);
    }
    json_object_set_new(annotations, CRYPT_KEYS, json_string(j->enc_keys));
    json_object_set_new(annotations, CRYPT_PUBLIC, json_string(j->enc_public));
}

/* Puts what was sent into the manifest's text.  False when nothing differs. */
static bool edit_manifest(json_t *doc, const struct image_manifest *m, const struct send_job *jobs,
                          enum media_family family)
{
    json_t *layers = json_object_get(doc, "layers");
    bool changed = media_convert_manifest(doc, family);

    for (size_t i = 0; i < m->layers.n; i++) {
        json_t *l = json_array_get(layers, i);
        const struct send_job *j = &jobs[i];
        if (STR_EQ(j->to.digest, j->from.digest))
            continue;
        json_object_set_new(l, "mediaType", json_string(media_layer(family, j->to_format)));
        json_object_set_new(l, "digest", json_string(j->to.digest));
        json_object_set_new(l, "size", json_integer(j->to.size));
        changed = true;
        if (j->enc_keys)
            mark_encrypted(l, j);
    }
    return changed;
}

/* --encrypt-layer: numbers from 0, or from -1 backwards; without any, all. */
static int plan_encryption(const struct pusher *p, struct send_job *jobs, size_t n, struct err *err)
{
    char *const *which = p->opt->encrypt_layers;
    int64_t at;

    for (size_t i = 0; (!which || !*which) && i < n; i++)
        jobs[i].encrypt = true;
    for (; which && *which; which++) {
        if (parse_i64(*which, -(int64_t)n, (int64_t)n - 1, &at) < 0)
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "--encrypt-layer %s: the image's layers are 0 to %zu, or -1 to -%zu",
                           *which, n ? n - 1 : 0, n);
        jobs[at < 0 ? (int64_t)n + at : at].encrypt = true;
    }
    for (size_t i = 0; i < n; i++)
        if (jobs[i].same_as)
            jobs[i].same_as->encrypt |= jobs[i].encrypt;
    for (size_t i = 0; i < n; i++)
        jobs[i].encrypt |= jobs[i].same_as && jobs[i].same_as->encrypt;
    return 0;
}

/* An artifact's configuration can be the same blob as a layer, and images repeat layers. */
static void plan_jobs(struct pusher *p, const struct image_manifest *m, struct send_job *jobs)
{
    for (size_t i = 0; i < m->layers.n; i++) {
        jobs[i].from = jobs[i].to = m->layers.items[i];
        for (size_t k = 0; k < i && !jobs[i].same_as; k++)
            if (STR_EQ(jobs[k].from.digest, jobs[i].from.digest))
                jobs[i].same_as = &jobs[k];
        send_plan(p, &jobs[i]);
    }
    struct send_job *config = &jobs[m->layers.n];
    config->from = config->to = m->config;
    config->config = true;
    for (size_t k = 0; k < m->layers.n && !config->same_as; k++)
        if (STR_EQ(jobs[k].from.digest, m->config.digest) && jobs[k].to_format == jobs[k].have)
            config->same_as = &jobs[k];
}

/* What the manifest becomes in @family, sent. */
static int send_image(struct pusher *p, json_t *doc, const struct buf *text,
                      const struct image_manifest *m, const struct send_job *jobs,
                      enum media_family family, bool top, struct descriptor *ret, struct err *err)
{
    AUTO_BUF edited = { 0 };
    bool changed = edit_manifest(doc, m, jobs, family);
    const char *type = json_string_value(json_object_get(doc, "mediaType"));

    if (changed)
        json_text(doc, 0, &edited);
    return send_manifest(p, changed ? &edited : text, type ? type : MT_OCI_MANIFEST, top, ret, err);
}

/* Registries of old times know Docker's format only.  Can it be that, and may we? */
static bool docker_would_do(const struct pusher *p, const struct image_manifest *m,
                            const struct send_job *jobs, const struct err *err)
{
    struct err none = { 0 };

    return err->kind == ERR_BAD_PARAM && !p->opt->format && !p->dest->ops->oci_only &&
           !m->artifact_type && !m->subject && media_family(m->config.media_type) == MEDIA_OCI &&
           check_family(m, jobs, MEDIA_DOCKER, &none) == 0;
}

static int push_image(struct pusher *p, json_t *doc, const struct buf *text, bool top,
                      struct descriptor *ret, struct err *err)
{
    struct image_manifest m = { 0 };
    struct err refused = { 0 };
    int r = image_manifest_read(p->a, doc, &m, err);

    if (r < 0)
        return r;
    size_t n = m.layers.n + 1;
    struct send_job *jobs = arena_alloc(p->a, n * sizeof(*jobs));
    plan_jobs(p, &m, jobs);
    if (p->opt->encryption_keys && (r = plan_encryption(p, jobs, m.layers.n, err)) < 0)
        return r;
    enum media_family family = wanted_family(p, &m, jobs);
    r = check_family(&m, jobs, family, err);
    if (r == 0)
        r = send_blobs(p, jobs, n, err);
    if (r == 0)
        r = send_image(p, doc, text, &m, jobs, family, top, ret, err);
    if (r == 0 || family != MEDIA_OCI || !docker_would_do(p, &m, jobs, err))
        return r;
    refused = *err;
    err_clear(err);
    if (send_image(p, doc, text, &m, jobs, MEDIA_DOCKER, top, ret, err) == 0)
        return 0;
    *err = refused; /* the first answer is about what was asked for */
    return -refused.errnum;
}

/* ---------- a list of images ---------- */

static int push_any(struct pusher *p, const char *digest, int depth, struct descriptor *ret,
                    struct err *err);

static int push_children(struct pusher *p, json_t *doc, const struct image_index *idx, int depth,
                         bool *changed, struct err *err)
{
    json_t *list = json_object_get(doc, "manifests");

    for (size_t i = 0; i < idx->manifests.n; i++) {
        const struct descriptor *d = &idx->manifests.items[i];
        struct descriptor sent = { 0 };
        progress_line(p->opt->progress, "Copying image %s (%zu/%zu)", d->digest, i + 1,
                      idx->manifests.n);
        int r = push_any(p, d->digest, depth + 1, &sent, err);
        if (r < 0)
            return err_wrap(err, "copying image %zu/%zu from manifest list", i + 1,
                            idx->manifests.n);
        if (STR_EQ(sent.digest, d->digest))
            continue;
        json_t *entry = json_array_get(list, i);
        json_object_set_new(entry, "mediaType", json_string(sent.media_type));
        json_object_set_new(entry, "digest", json_string(sent.digest));
        json_object_set_new(entry, "size", json_integer(sent.size));
        *changed = true;
    }
    return 0;
}

static int push_list(struct pusher *p, json_t *doc, const struct buf *text, int depth,
                     struct descriptor *ret, struct err *err)
{
    struct image_index idx = { 0 };
    enum media_family family = p->dest->ops->oci_only || str_same(p->opt->format, "oci") ? MEDIA_OCI
                               : str_same(p->opt->format, "v2s2") ? MEDIA_DOCKER
                                                                  : MEDIA_OTHER;
    bool changed = false;

    if (p->dest->ops->no_lists)
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "%s holds images, but no lists of images",
                       p->transport);
    int r = image_index_read(p->a, doc, &idx, err);
    if (r == 0 && p->opt->all)
        r = push_children(p, doc, &idx, depth, &changed, err);
    if (r < 0)
        return r;
    changed |= media_convert(doc, "mediaType", family);
    AUTO_BUF edited = { 0 };
    if (changed)
        json_text(doc, 0, &edited);
    const char *type = json_string_value(json_object_get(doc, "mediaType"));
    return send_manifest(p, changed ? &edited : text, type ? type : MT_OCI_INDEX, depth == 0, ret,
                         err);
}

static int push_any(struct pusher *p, const char *digest, int depth, struct descriptor *ret,
                    struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    AUTO_JSON *doc = NULL;

    if (depth > DEEPEST_LIST)
        return err_set(err, ERR_BAD_PARAM, ELOOP, "indexes are nested too deep");
    int r = read_document(p, digest, &text, &doc, err);
    if (r < 0)
        return r;
    return image_is_index(doc, NULL) ? push_list(p, doc, &text, depth, ret, err)
                                     : push_image(p, doc, &text, depth == 0, ret, err);
}

/* ---------- options ---------- */

static int read_format(const struct pusher *p, struct err *err)
{
    const char *f = p->opt->format;

    if (str_same(f, "v2s1"))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "format v2s1 (Docker's schema 1) is not supported: use oci or v2s2");
    if (f && !STR_IN(f, "oci", "v2s2"))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "unknown format \"%s\". Choose on of the supported formats: 'oci', 'v2s1', "
                       "or 'v2s2'",
                       f);
    return 0;
}

static int read_compression(struct pusher *p, struct err *err)
{
    static const struct {
        const char *name;
        enum compression pack;
    } rows[] = { { "gzip", COMP_GZIP }, { "zstd", COMP_ZSTD }, { "zstd:chunked", COMP_ZSTD } };
    const char *name = p->opt->compression_format;

    p->pack = COMP_GZIP;
    p->level = p->opt->compression_level;
    if (str_empty(name))
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (STR_EQ(rows[i].name, name)) {
            p->pack = rows[i].pack;
            return 0;
        }
    return err_set(err, ERR_BAD_PARAM, EINVAL, "cannot find compressor for \"%s\"", name);
}

static struct dest *open_dest(struct pusher *p, const struct module_push *what, struct err *err)
{
    for (uint64_t attempt = 0;; attempt++) {
        struct dest *d = STR_EQ(what->transport, "docker") ? dest_registry(p->s, p->a, what, err)
                                                           : dest_files(p->s, p->a, what, err);
        if (d || !retry_helps(&p->retry, -err->errnum) || attempt >= p->retry.times)
            return d;
        retry_again(&p->retry, attempt, p->opt->progress, err);
    }
}

/* Puts what is remembered of the layers' places before what the database knows: the registry's token has to
 * be asked for with all of them. */
static void add_places(struct pusher *p, struct module_push *what)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    AUTO_JSON *doc = NULL;
    struct image_manifest m = { 0 };
    struct image_index idx = { 0 };
    char **repos = NULL;

    if (read_document(p, what->digest, &text, &doc, NULL) < 0)
        return;
    if (image_is_index(doc, NULL)) {
        if (image_index_read(p->a, doc, &idx, NULL) < 0)
            return;
        for (size_t i = 0; i < idx.manifests.n; i++)
            repos = strv_concat(p->a, repos,
                                places_find(p->s, p->a, idx.manifests.items[i].digest));
        what->repos = strv_concat(p->a, repos, what->repos);
        return;
    }
    if (image_manifest_read(p->a, doc, &m, NULL) < 0)
        return;
    for (size_t i = 0; i < m.layers.n; i++) {
        struct descriptor d = m.layers.items[i], packed = { 0 };
        if (repacked_find(p->s, p->a, d.digest, p->pack, p->level, &packed))
            d.digest = packed.digest;
        repos = strv_concat(p->a, repos, places_find(p->s, p->a, d.digest));
    }
    what->repos = strv_concat(p->a, repos, what->repos);
}

int module_push(const struct store *s, struct arena *a, const struct module_push *what,
                char **ret_digest, struct err *err)
{
    struct pusher p = { .s = s,
                        .a = a,
                        .opt = what->opt,
                        .transport = what->transport,
                        .retry = { what->opt->retry, what->opt->retry_delay_ns } };
    struct err local = { 0 };
    struct descriptor sent = { 0 };

    err = err ? err : &local;
    int r = read_format(&p, err);
    if (r == 0)
        r = read_compression(&p, err);
    if (r == 0)
        r = crypt_check_public(what->opt->encryption_keys, err);
    if (r == 0)
        r = trust_check_leaving(a, what->opt->signature_policy, err);
    if (r < 0)
        return r;
    progress_line(p.opt->progress, "Getting image source signatures");
    struct module_push with = *what;
    if (STR_EQ(what->transport, "docker"))
        add_places(&p, &with);
    AUTO_DEST *d = open_dest(&p, &with, err);
    p.dest = d;
    if (!d)
        return -err->errnum;
    r = push_any(&p, what->digest, 0, &sent, err);
    if (r >= 0 && d->ops->finish)
        r = d->ops->finish(d, err);
    if (r < 0)
        return r;
    *ret_digest = sent.digest;
    return 0;
}
