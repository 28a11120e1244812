#include "image/manifest_entry.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "image/find.h"
#include "image/module.h"
#include "spec/reference.h"
#include "store/blobs.h"
#include "store/places.h"

#include "base/banned.h"

#define TITLE        "org.opencontainers.image.title"
#define EMPTY_TYPE   "application/vnd.oci.empty.v1+json"
#define UNKNOWN_TYPE "application/vnd.unknown.artifact.v1"

/* ---------- descriptors ---------- */

static struct image_platform *platform_of(struct arena *a, struct descriptor *d)
{
    if (!d->platform)
        d->platform = arena_alloc(a, sizeof(*d->platform));
    return d->platform;
}

void manifest_entry_annotate(struct arena *a, struct descriptor *d,
                             const struct manifest_annotate *o)
{
    for (size_t i = 0; i < o->annotations.n; i++)
        kv_set(a, &d->annotations, o->annotations.items[i].key, o->annotations.items[i].val);
    if (o->os)
        platform_of(a, d)->os = arena_strdup(a, o->os);
    if (o->arch)
        platform_of(a, d)->architecture = arena_strdup(a, o->arch);
    if (o->variant)
        platform_of(a, d)->variant = arena_strdup(a, o->variant);
    if (o->os_version)
        platform_of(a, d)->os_version = arena_strdup(a, o->os_version);
    if (o->os_features)
        platform_of(a, d)->os_features = strv_concat(a, d->platform->os_features, o->os_features);
    if (o->features)
        platform_of(a, d)->features = strv_concat(a, d->platform->features, o->features);
}

static void put_entry(struct arena *a, struct image_index *idx, const struct descriptor *d)
{
    for (size_t i = 0; i < idx->manifests.n; i++)
        if (STR_EQ(idx->manifests.items[i].digest, d->digest)) {
            idx->manifests.items[i] = *d;
            return;
        }
    *LIST_ADD(a, idx->manifests) = *d;
}

/* What the image's configuration says about where it runs. */
static int platform_from_config(struct store *s, struct arena *a, const struct image_manifest *m,
                                struct descriptor *d, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_IMAGE_CONFIG };
    struct image_config c = { 0 };
    int r = blob_read(s, m->config.digest, &text, err);

    if (r < 0)
        return r;
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, "configuration", err);
    if (!doc || (r = image_config_read(a, doc, &c, err)) < 0)
        return doc ? r : -EINVAL;
    d->platform = arena_alloc(a, sizeof(*d->platform));
    *d->platform = (struct image_platform) {
        .architecture = c.architecture,
        .os = c.os,
        .os_version = c.os_version,
        .os_features = c.os_features,
        .variant = c.variant,
    };
    return 0;
}

/* @digest: of a manifest that is here. */
static int describe(struct store *s, struct arena *a, const char *digest, struct descriptor *d,
                    struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    struct image_manifest m = { 0 };
    int r = blob_read(s, digest, &text, err);

    if (r < 0)
        return r;
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, "manifest", err);
    if (!doc || (r = image_manifest_read(a, doc, &m, err)) < 0)
        return doc ? r : -EINVAL;
    *d = (struct descriptor) {
        .media_type = str_empty(m.media_type) ? arena_strdup(a, MT_OCI_MANIFEST) : m.media_type,
        .digest = arena_strdup(a, digest),
        .size = (int64_t)text.len,
        .artifact_type = m.artifact_type,
    };
    if (str_same(m.config.media_type, MT_OCI_CONFIG) ||
        str_same(m.config.media_type, MT_DOCKER_CONFIG))
        return platform_from_config(s, a, &m, d, err);
    if (!d->artifact_type)
        d->artifact_type = m.config.media_type;
    return 0;
}

/* ---------- images ---------- */

/* @digest is an image's manifest, or a list of which all or the best entry is taken. */
static int add_digest(struct store *s, struct arena *a, const char *digest, const char *media_type,
                      const struct manifest_add *o, struct image_index *idx, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    struct image_index from = { 0 };
    struct descriptor d = { 0 };

    if (!image_is_list_type(media_type)) {
        int r = describe(s, a, digest, &d, err);
        if (r == 0) {
            manifest_entry_annotate(a, &d, &o->annotate);
            put_entry(a, idx, &d);
        }
        return r;
    }
    int r = blob_read(s, digest, &text, err);
    AUTO_JSON *doc = r < 0 ? NULL : json_parse(text.data ? text.data : "", text.len, "index", err);
    if (!doc || (r = image_index_read(a, doc, &from, err)) < 0)
        return r < 0 ? r : -EINVAL;
    const struct descriptor *one = o->all ? NULL : manifest_entry_choose(&from, err);
    if (!o->all && !one)
        return -ENOENT;
    for (size_t i = 0; i < from.manifests.n; i++) {
        d = from.manifests.items[i];
        if (one && one != &from.manifests.items[i])
            continue;
        manifest_entry_annotate(a, &d, &o->annotate);
        put_entry(a, idx, &d);
    }
    return 0;
}

static int add_local(struct store *s, struct arena *a, const char *name,
                     const struct manifest_add *o, struct image_index *idx, struct err *err)
{
    struct image img = { 0 };
    char *found;
    int r = image_find_row(s, a, name, &img, &found, err);

    return r < 0 ? r : add_digest(s, a, img.digest, img.media_type, o, idx, err);
}

/* Of a list the registry has given its text only. */
static int fetch_entries(struct store *s, struct arena *a, const struct image_fetched *list,
                         const struct manifest_add *o, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    struct image_index idx = { 0 };
    struct image_ref ref;
    int r = blob_read(s, list->digest, &text, err);
    AUTO_JSON *doc = r < 0 ? NULL : json_parse(text.data ? text.data : "", text.len, "index", err);

    if (!doc || (r = image_index_read(a, doc, &idx, err)) < 0 ||
        (r = ref_parse(a, list->name, &ref, err)) < 0)
        return r < 0 ? r : -EINVAL;
    for (size_t i = 0; r == 0 && i < idx.manifests.n; i++) {
        struct image_fetched got = { 0 };
        const char *name = arena_printf(a, "%s@%s", ref_repo(a, &ref),
                                        idx.manifests.items[i].digest);
        r = image_fetch(s, a, name, o->pull, FETCH_TEXT, &got, err);
    }
    return r;
}

static int add_fetched(struct store *s, struct arena *a, const char *name,
                       const struct manifest_add *o, struct image_index *idx, struct err *err)
{
    struct image_fetched got = { 0 };
    int r = image_fetch(s, a, name, o->pull, o->all ? FETCH_TEXT : FETCH_CONFIG, &got, err);

    if (r == 0 && image_is_list_type(got.media_type))
        r = fetch_entries(s, a, &got, o, err);
    else if (r == 0 && o->all) /* an image after all: so far only its text has come */
        r = image_fetch(s, a, name, o->pull, FETCH_CONFIG, &got, err);
    return r < 0 ? r : add_digest(s, a, got.digest, got.media_type, o, idx, err);
}

int manifest_entry_add(struct store *s, struct arena *a, const char *source,
                       const struct manifest_add *o, struct image_index *idx, struct err *err)
{
    static const char *const elsewhere[] = { "docker://",       "oci:", "oci-archive:",
                                             "docker-archive:", "dir:", NULL };
    struct err absent = { 0 };

    if (str_starts(source, "containers-storage:"))
        return add_local(s, a, source + strlen("containers-storage:"), o, idx, err);
    for (const char *const *p = elsewhere; *p; p++)
        if (str_starts(source, *p))
            return add_fetched(s, a, source, o, idx, err);
    int r = add_local(s, a, source, o, idx, &absent);
    if (absent.kind == ERR_NOT_FOUND)
        return add_fetched(s, a, source, o, idx, err);
    if (r < 0 && err)
        *err = absent;
    return r;
}

int manifest_entry_subject(struct store *s, struct arena *a, const char *image,
                           struct descriptor **ret, struct err *err)
{
    struct image img = { 0 };
    char *found;
    int64_t size;
    int r = image_find_row(s, a, image, &img, &found, err);

    if (r < 0)
        return err_wrap(err, "subject");
    if (!blob_exists(s, img.digest, &size))
        return err_set(err, ERR_NOT_FOUND, ENOENT, "subject %s: its manifest %s is missing", image,
                       img.digest);
    *ret = arena_alloc(a, sizeof(**ret));
    **ret =
        (struct descriptor) { .media_type = img.media_type, .digest = img.digest, .size = size };
    return 0;
}

/* ---------- what stayed at the registry ---------- */

static bool is_complete(struct store *s, struct arena *a, const char *digest)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    struct image_manifest m = { 0 };
    int r = blob_read(s, digest, &text, NULL);
    AUTO_JSON *doc = r < 0 ? NULL : json_parse(text.data, text.len, "manifest", NULL);

    if (!doc || image_manifest_read(a, doc, &m, NULL) < 0 || !blob_exists(s, m.config.digest, NULL))
        return false;
    for (size_t i = 0; i < m.layers.n; i++)
        if (!m.layers.items[i].urls && !blob_exists(s, m.layers.items[i].digest, NULL))
            return false;
    return true;
}

int manifest_entry_complete(struct store *s, struct arena *a, const struct descriptor *d,
                            const struct image_pull_options *o, struct err *err)
{
    struct image_fetched got = { 0 };

    if (is_complete(s, a, d->digest))
        return 0;
    char **places = places_find(s, a, d->digest);
    if (!places)
        return err_set(err, ERR_NOT_FOUND, ENOENT,
                       "parts of %s are not here, and where they are is not known: add it to the "
                       "list again",
                       d->digest);
    for (; *places; places++) {
        const char *name = arena_printf(a, "docker://%s@%s", *places, d->digest);
        int r = image_fetch(s, a, name, o, FETCH_ALL, &got, err);
        if (r == 0 || !places[1])
            return r;
        err_clear(err);
    }
    return 0;
}

/* ---------- artifacts ---------- */

static int store_file(struct store *s, struct arena *a, const char *path, const char *type,
                      struct descriptor *d, struct err *err)
{
    const struct image_module *m = image_module(err);
    struct stored_file f = { 0 };
    struct stat st;
    AUTO_CLOSE int fd = m ? open(path, O_RDONLY | O_CLOEXEC) : -ENOENT;

    if (fd < 0)
        return m ? err_sys(err, errno, "open %s", path) : -ENOENT;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        return err_set(err, ERR_BAD_PARAM, EISDIR,
                       "%s is a directory: an artifact is made of files", path);
    int r = m->store_file(s, a, fd, &f, err);
    *d = (struct descriptor) {
        .media_type = str_empty(type) ? f.media_type : arena_strdup(a, type),
        .digest = f.digest,
        .size = f.size,
    };
    return r < 0 ? err_wrap(err, "%s", path) : 0;
}

/* --artifact-config names a file; without one it is the two bytes "{}". */
static int config_of(struct store *s, struct arena *a, const struct manifest_add *o,
                     struct descriptor *d, struct err *err)
{
    char digest[DIGEST_MAX];

    if (!str_empty(o->config))
        return store_file(s, a, o->config,
                          str_empty(o->config_type) ? MT_OCI_CONFIG : o->config_type, d, err);
    const struct image_module *m = image_module(err);
    int r = m ? m->store_text(s, "{}", 2, digest, err) : -ENOENT;
    if (r == 0)
        *d = (struct descriptor) {
            .media_type = arena_strdup(a, str_empty(o->config_type) ? EMPTY_TYPE : o->config_type),
            .digest = arena_strdup(a, digest),
            .size = 2,
            .data = arena_strdup(a, "e30="),
        };
    return r;
}

static int make_manifest(struct store *s, struct arena *a, char *const *files,
                         const struct manifest_add *o, struct image_manifest *m, struct err *err)
{
    *m = (struct image_manifest) {
        .schema_version = 2,
        .media_type = arena_strdup(a, MT_OCI_MANIFEST),
        .artifact_type = arena_strdup(a, str_empty(o->artifact_type) ? UNKNOWN_TYPE
                                                                     : o->artifact_type),
        .annotations = o->artifact_annotations,
    };
    int r = config_of(s, a, o, &m->config, err);
    if (r == 0 && !str_empty(o->subject))
        r = manifest_entry_subject(s, a, o->subject, &m->subject, err);
    for (; r == 0 && *files; files++) {
        const char *slash = strrchr(*files, '/');
        struct descriptor *d = LIST_ADD(a, m->layers);
        r = store_file(s, a, *files, o->layer_type, d, err);
        if (r == 0 && !o->exclude_titles)
            kv_set(a, &d->annotations, TITLE, slash ? slash + 1 : *files);
    }
    return r;
}

int manifest_entry_artifact(struct store *s, struct arena *a, char *const *files,
                            const struct manifest_add *o, struct image_index *idx, struct err *err)
{
    AUTO_BUF text = { 0 };
    struct image_manifest m;
    char digest[DIGEST_MAX];
    int r = make_manifest(s, a, files, o, &m, err);

    if (r < 0)
        return r;
    AUTO_JSON *doc = json_from(&image_manifest_type, &m);
    json_text(doc, 0, &text);
    r = image_module(err)->store_text(s, text.data, text.len, digest, err);
    struct descriptor d = {
        .media_type = m.media_type,
        .digest = arena_strdup(a, digest),
        .size = (int64_t)text.len,
        .artifact_type = m.artifact_type,
    };
    if (r < 0)
        return r;
    manifest_entry_annotate(a, &d, &o->annotate);
    put_entry(a, idx, &d);
    return 0;
}
