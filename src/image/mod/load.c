#include "image/mod/load.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/progress.h"
#include "image/mod/copy.h"
#include "image/mod/download.h"
#include "image/mod/hash.h"
#include "image/mod/trust.h"
#include "spec/reference.h"
#include "store/blobs.h"

#include "base/banned.h"

#define NO_FORMAT                                                                                  \
    "payload does not match any of the supported image formats:\n * oci\n"                         \
    " * oci-archive\n * dir\n * docker-archive"

/* One entry of a Docker archive's manifest.json. */
struct docker_entry {
    char *config, **repo_tags, **layers;
};
static const struct json_field docker_entry_rows[] = {
    JF_STR(struct docker_entry, config, "Config", JF_REQUIRED),
    JF_STRV(struct docker_entry, repo_tags, "RepoTags", 0),
    JF_STRV(struct docker_entry, layers, "Layers", 0),
    { 0 },
};
static const struct json_type docker_entry_type = JSON_TYPE(struct docker_entry, docker_entry_rows);

static json_t *read_json(struct archive *ar, const char *name, size_t max, struct err *err)
{
    AUTO_BUF text = { .max = max };

    if (archive_read(ar, name, &text, err) < 0)
        return NULL;
    return json_parse(text.data ? text.data : "", text.len, name, err);
}

int layout_detect(struct archive *ar, enum layout *ret, struct err *err)
{
    if (archive_has(ar, "index.json")) {
        *ret = LAYOUT_OCI;
        return 0;
    }
    AUTO_JSON *doc = read_json(ar, "manifest.json", LIMIT_MANIFEST, NULL);
    if (json_is_array(doc))
        *ret = LAYOUT_DOCKER_ARCHIVE;
    else if (json_is_object(doc))
        *ret = LAYOUT_DOCKER_DIR;
    else
        return err_set(err, ERR_BAD_PARAM, EINVAL, NO_FORMAT);
    return 0;
}

/* ---------- docker-archive ---------- */

struct docker_source {
    struct archive *ar;
    char **layers;
    struct descriptor *blobs;
};

/* The descriptor's place in the list tells the file: Docker's archives do not name blobs by digest. */
static int docker_fetch(void *arg, const struct descriptor *d, int64_t from, byte_sink sink,
                        void *sink_arg, struct err *err)
{
    struct docker_source *src = arg;

    return archive_fetch(src->ar, d->data, from, sink, sink_arg, err);
}

static int add_names(struct arena *a, struct stored_image *img, char *const *names,
                     const char *registry, struct err *err)
{
    for (; names && *names; names++) {
        struct image_ref ref;
        int r = ref_parse(a, *names, &ref, err);
        if (r < 0)
            return r;
        ref_complete(a, &ref, registry);
        img->names = strv_add(a, img->names, ref_text(a, &ref));
    }
    return 0;
}

static int load_docker_entry(const struct store *s, struct arena *a, struct archive *ar,
                             const struct docker_entry *e, const struct load_options *o,
                             stored_images *ret, struct err *err)
{
    AUTO_BUF config = { .max = LIMIT_IMAGE_CONFIG };
    struct docker_source ds = { .ar = ar };
    struct blob_source src = { .fetch = docker_fetch, .arg = &ds };
    size_t n = strv_len(e->layers);
    struct stored_image *img = LIST_ADD(a, *ret);

    if (n > LIMIT_LAYERS)
        return err_set(err, ERR_TOO_BIG, E2BIG, "%zu layers are more than the limit of %d", n,
                       LIMIT_LAYERS);
    struct descriptor *blobs = arena_alloc(a, (n + 1) * sizeof(*blobs));
    for (size_t i = 0; i < n; i++)
        blobs[i].data = e->layers[i];
    int r = archive_read(ar, e->config, &config, err);
    if (r == 0)
        r = copy_without_manifest(s, a, &src, blobs, n, &config, false, o->progress, img, err);
    return r < 0 ? r : add_names(a, img, e->repo_tags, "docker.io", err);
}

static bool entry_wanted(struct arena *a, const struct docker_entry *e, const char *reference)
{
    struct image_ref want, have;

    if (str_empty(reference))
        return true;
    if (ref_parse(a, reference, &want, NULL) < 0)
        return false;
    ref_complete(a, &want, "docker.io");
    for (char **t = e->repo_tags; t && *t; t++) {
        if (ref_parse(a, *t, &have, NULL) < 0)
            continue;
        ref_complete(a, &have, "docker.io");
        if (STR_EQ(ref_text(a, &have), ref_text(a, &want)))
            return true;
    }
    return false;
}

static int load_docker_archive(const struct store *s, struct arena *a, struct archive *ar,
                               const struct load_options *o, stored_images *ret, struct err *err)
{
    AUTO_JSON *doc = read_json(ar, "manifest.json", LIMIT_MANIFEST, err);
    size_t i;
    json_t *each;

    if (!doc)
        return -EINVAL;
    json_array_foreach (doc, i, each) {
        struct docker_entry e = { 0 };
        int r = json_read(a, each, &docker_entry_type, &e, err);
        if (r < 0)
            return err_wrap(err, "manifest.json");
        if (entry_wanted(a, &e, o->reference) && (r = load_docker_entry(s, a, ar, &e, o, ret, err)))
            return r;
    }
    if (!ret->n)
        return err_set(err, ERR_NOT_FOUND, ENOENT, "the archive has no image%s%s",
                       o->reference ? " named " : "", o->reference ? o->reference : "");
    return 0;
}

/* ---------- blobs named by digest: OCI layout and docker's dir ---------- */

struct named_source {
    struct archive *ar;
    bool oci;
};

static void blob_name(const struct named_source *src, const char *digest, char *out, size_t size)
{
    if (src->oci)
        snprintf(out, size, "blobs/%.6s/%s", digest, digest_hex(digest));
    else
        snprintf(out, size, "%s", digest_hex(digest));
}

static int named_fetch(void *arg, const struct descriptor *d, int64_t from, byte_sink sink,
                       void *sink_arg, struct err *err)
{
    const struct named_source *src = arg;
    char name[DIGEST_MAX + 16];

    blob_name(src, d->digest, name, sizeof(name));
    return archive_fetch(src->ar, name, from, sink, sink_arg, err);
}

/* Loads the image of one manifest document. */
static int load_manifest(const struct store *s, struct arena *a, struct named_source *ns,
                         const struct buf *text, const char *media_type,
                         const struct load_options *o, struct stored_image *img, struct err *err)
{
    AUTO_BUF config = { .max = LIMIT_IMAGE_CONFIG };
    struct blob_source src = { .fetch = named_fetch,
                               .arg = ns,
                               .decryption_keys = o->decryption_keys };
    struct image_manifest m = { 0 };
    AUTO_JSON *doc = json_parse(text->data ? text->data : "", text->len, "manifest", err);

    int r = doc ? image_manifest_read(a, doc, &m, err) : -EINVAL;
    if (r == 0)
        r = copy_fetch_small(&src, &m.config, &config, err);
    if (r < 0)
        return r;
    if (str_empty(media_type))
        media_type = m.media_type ? m.media_type : MT_OCI_MANIFEST;
    return copy_image(s, a, &src, text, media_type, &config, o->progress, img, err);
}

static const struct descriptor *best_platform(const struct image_index *idx,
                                              const struct load_options *o)
{
    const struct descriptor *best = NULL;
    int score = 0;

    for (size_t i = 0; i < idx->manifests.n; i++) {
        const struct descriptor *d = &idx->manifests.items[i];
        int m = platform_match(d->platform, o->os ? o->os : "linux",
                               o->arch ? o->arch : platform_host_arch(), o->variant);
        if (m > score) {
            score = m;
            best = d;
        }
    }
    return best;
}

/* @d is a manifest or an index whose best entry is taken. */
static int load_descriptor(const struct store *s, struct arena *a, struct named_source *ns,
                           const struct descriptor *d, int depth, const struct load_options *o,
                           struct stored_image *img, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    struct blob_source src = { .fetch = named_fetch, .arg = ns };
    struct image_index idx = { 0 };

    int r = copy_fetch_small(&src, d, &text, err);
    if (r < 0)
        return r;
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, "manifest", err);
    if (!doc)
        return -EINVAL;
    if (!image_is_index(doc, d->media_type))
        return load_manifest(s, a, ns, &text, d->media_type, o, img, err);
    if ((r = image_index_read(a, doc, &idx, err)) < 0)
        return r;
    const struct descriptor *best = best_platform(&idx, o);
    if (!best || depth > 3)
        return err_set(err, ERR_NOT_FOUND, ENOENT,
                       "no image found in image index for architecture %s, variant \"%s\", OS %s",
                       o->arch ? o->arch : platform_host_arch(), o->variant ? o->variant : "",
                       o->os ? o->os : "linux");
    img->digests = strv_add(a, img->digests, d->digest);
    return load_descriptor(s, a, ns, best, depth + 1, o, img, err);
}

static char *annotated_name(const struct descriptor *d)
{
    const char *name = kv_get(&d->annotations, "io.containerd.image.name");

    if (str_empty(name))
        name = kv_get(&d->annotations, "org.opencontainers.image.ref.name");
    return str_empty(name) ? NULL : (char *)(uintptr_t)name;
}

static bool descriptor_wanted(const struct descriptor *d, const struct load_options *o)
{
    const char *name = kv_get(&d->annotations, "org.opencontainers.image.ref.name");

    if (!str_empty(o->reference))
        return str_same(name, o->reference) || str_same(annotated_name(d), o->reference);
    return !d->platform || platform_match(d->platform, o->os ? o->os : "linux",
                                          o->arch ? o->arch : platform_host_arch(), o->variant);
}

static int load_oci(const struct store *s, struct arena *a, struct archive *ar,
                    const struct load_options *o, stored_images *ret, struct err *err)
{
    AUTO_JSON *doc = read_json(ar, "index.json", LIMIT_MANIFEST, err);
    struct named_source ns = { ar, true };
    struct image_index idx = { 0 };
    int r = doc ? image_index_read(a, doc, &idx, err) : -EINVAL;

    for (size_t i = 0; r == 0 && i < idx.manifests.n; i++) {
        const struct descriptor *d = &idx.manifests.items[i];
        char *names[] = { annotated_name(d), NULL };
        if (!descriptor_wanted(d, o))
            continue;
        struct stored_image *img = LIST_ADD(a, *ret);
        r = load_descriptor(s, a, &ns, d, 0, o, img, err);
        if (r == 0)
            r = add_names(a, img, names, NULL, err);
    }
    if (r == 0 && !ret->n)
        return err_set(err, ERR_NOT_FOUND, ENOENT, "no descriptor found for reference \"%s\"",
                       o->reference ? o->reference : "");
    return r;
}

static int load_docker_dir(const struct store *s, struct arena *a, struct archive *ar,
                           const struct load_options *o, stored_images *ret, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    struct named_source ns = { ar, false };
    int r = archive_read(ar, "manifest.json", &text, err);

    return r < 0 ? r : load_manifest(s, a, &ns, &text, NULL, o, LIST_ADD(a, *ret), err);
}

int load_archive(const struct store *s, struct arena *a, struct archive *ar, enum layout layout,
                 const struct load_options *o, stored_images *ret, struct err *err)
{
    switch (layout) {
    case LAYOUT_DOCKER_ARCHIVE:
        return load_docker_archive(s, a, ar, o, ret, err);
    case LAYOUT_OCI:
        return load_oci(s, a, ar, o, ret, err);
    case LAYOUT_DOCKER_DIR:
        return load_docker_dir(s, a, ar, o, ret, err);
    }
    return -EINVAL;
}

/* Which transport's rules the policy has for it. */
static const char *transport_of(struct archive *ar, enum layout layout)
{
    switch (layout) {
    case LAYOUT_DOCKER_ARCHIVE:
        return "docker-archive";
    case LAYOUT_OCI:
        return archive_is_dir(ar) ? "oci" : "oci-archive";
    case LAYOUT_DOCKER_DIR:
        break;
    }
    return "dir";
}

static int fd_sink(void *arg, const void *data, size_t len)
{
    return write_all(*(int *)arg, data, len);
}

static struct archive *open_url(const struct store *s, const char *url, struct err *err)
{
    AUTO_CLOSE int fd = blob_tmpfile(s, err);

    if (fd < 0)
        return NULL;
    int r = download(url, fd_sink, &fd, err);
    if (r < 0) {
        if (err->kind == ERR_NONE)
            err_sys(err, -r, "writing a copy of %s", url);
        return NULL;
    }
    return lseek(fd, 0, SEEK_SET) < 0 ? NULL : archive_open(s, NULL, fd, err);
}

/* What is no archive at all is told like an archive of something else. */
static struct archive *open_any(const struct store *s, const struct image_load_options *o,
                                struct err *err)
{
    struct err why = { 0 };
    struct archive *ar = o->path && is_url(o->path) ? open_url(s, o->path, &why)
                                                    : archive_open(s, o->path, o->fd, &why);

    if (!ar && why.kind == ERR_BAD_PARAM)
        err_set(err, ERR_BAD_PARAM, EINVAL, NO_FORMAT " (%s)", why.msg);
    else if (!ar && err)
        *err = why;
    return ar;
}

int module_load(const struct store *s, struct arena *a, const struct image_load_options *o,
                stored_images *ret, struct err *err)
{
    struct load_options all = { .progress = o->progress };
    enum layout layout;
    AUTO_ARCHIVE *ar = open_any(s, o, err);

    if (!ar)
        return -EINVAL;
    int r = layout_detect(ar, &layout, err);
    if (r < 0)
        return r;
    struct trust_image what = { .transport = transport_of(ar, layout),
                                .path = o->path ? o->path : "" };
    if ((r = trust_check(a, o->signature_policy, &what, err)) < 0)
        return r;
    progress_line(o->progress, "Getting image source signatures");
    return load_archive(s, a, ar, layout, &all, ret, err);
}
