#include "image/mod/save.h"

#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/progress.h"
#include "image/mod/hash.h"
#include "image/mod/media.h"
#include "image/mod/out.h"
#include "image/mod/save_blobs.h"
#include "image/mod/trust.h"
#include "store/blobs.h"
#include "store/layers.h"

#include "base/banned.h"

struct saver {
    const struct store *s;
    struct out out;
    struct progress *progress;
    char *const *skip; /* see image_save_options */
    bool parallel;     /* blobs get their place first and their bytes at the end */
    JSON_LIST(struct save_blob) later;
};

/* ---------- blobs ---------- */

/* A file can be written at any place, unless it only takes what is appended. */
static bool is_file(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !(fcntl(fd, F_GETFL) & O_APPEND);
}

/* Leaves room for @b in the archive and notes it for later. */
static int put_later(struct saver *sv, struct save_blob *b, struct err *err)
{
    b->at = lseek(b->fd, 0, SEEK_CUR);
    if (b->at < 0 || lseek(b->fd, b->size, SEEK_CUR) < 0)
        return err_sys(err, errno, "writing the archive");
    b->digest = arena_strdup(&sv->out.arena, b->digest);
    *LIST_ADD(&sv->out.arena, sv->later) = *b;
    return 0;
}

/* @size: of what is written. */
static int put_blob(struct saver *sv, const char *name, const char *digest, int64_t size,
                    bool plain, struct err *err)
{
    struct save_blob b = { .digest = digest, .at = -1, .size = size, .plain = plain };

    if (out_already(&sv->out, name))
        return 0;
    int r = out_begin(&sv->out, name, size, &b.fd, err);
    if (r < 0)
        return r;
    r = sv->parallel ? put_later(sv, &b, err) : save_blob(sv->s, &b, sv->progress, err);
    if (r < 0 && sv->out.dir)
        close(b.fd);
    return r < 0 ? r : out_end(&sv->out, b.fd, size, err);
}

/* Writes what has its place by now. */
static int put_all(struct saver *sv, struct err *err)
{
    size_t n = sv->later.n;

    sv->later.n = 0;
    return n ? save_blobs(sv->s, sv->later.items, n, sv->progress, err) : 0;
}

/* ---------- what all formats need ---------- */

struct loaded {
    struct image_manifest m;
    struct buf config;
};

static void loaded_done(struct loaded *l)
{
    buf_done(&l->config);
}
#define AUTO_LOADED CLEANUP(loaded_done) struct loaded

static int load_image(struct saver *sv, struct arena *a, const struct image *img,
                      struct loaded *ret, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    int r = blob_read(sv->s, img->digest, &text, err);

    if (r < 0)
        return r;
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, "manifest", err);
    r = doc ? image_manifest_read(a, doc, &ret->m, err) : -EINVAL;
    ret->config.max = LIMIT_IMAGE_CONFIG;
    return r < 0 ? r : blob_read(sv->s, ret->m.config.digest, &ret->config, err);
}

/* ---------- docker-archive ---------- */

static int save_docker_one(struct saver *sv, struct arena *a, const struct module_save *ms,
                           json_t *list, struct err *err)
{
    AUTO_LOADED l = { 0 };
    const struct image *img = ms->image;
    char *config_name = arena_printf(a, "%s.json", img->id);
    json_t *entry = json_object(), *tags = json_array(), *layers = json_array();

    json_array_append_new(list, entry);
    json_object_set_new(entry, "Config", json_string(config_name));
    for (char **n = ms->names; n && *n; n++)
        json_array_append_new(tags, json_string(*n));
    json_object_set_new(entry, "RepoTags", tags);
    json_object_set_new(entry, "Layers", layers);
    int r = load_image(sv, a, img, &l, err);
    for (size_t i = 0; r == 0 && i < l.m.layers.n; i++) {
        struct layer_info info;
        char *name = arena_printf(a, "%s.tar", digest_hex(img->config.rootfs.diff_ids[i]));
        json_array_append_new(layers, json_string(name));
        if (layer_info(sv->s, img->layers[i], &info) < 0)
            return err_set(err, ERR_INTERNAL, EIO, "layer %s is missing", img->layers[i]);
        r = put_blob(sv, name, l.m.layers.items[i].digest, info.size, true, err);
    }
    if (r == 0)
        r = put_all(sv, err);
    progress_line(sv->progress, "Copying config sha256:%s", img->id);
    return r < 0 ? r : out_text(&sv->out, config_name, l.config.data, l.config.len, err);
}

static int save_docker_archive(struct saver *sv, struct arena *a, const struct module_save *images,
                               size_t n, struct err *err)
{
    AUTO_JSON *list = json_array();
    AUTO_BUF text = { 0 };
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++)
        r = save_docker_one(sv, a, &images[i], list, err);
    if (r < 0)
        return r;
    json_text(list, 0, &text);
    progress_line(sv->progress, "Writing manifest to image destination");
    return out_text(&sv->out, "manifest.json", text.data, text.len, err);
}

/* ---------- OCI layout and docker's dir ---------- */

/* The manifest's text: as it was stored when it is of the wanted format. */
static int manifest_text(struct saver *sv, const struct image *img, const struct loaded *l,
                         bool oci, struct buf *ret, struct err *err)
{
    bool is_oci = !STR_EQ(img->media_type, MT_DOCKER_MANIFEST);

    if (is_oci == oci)
        return blob_read(sv->s, img->digest, ret, err);
    for (size_t i = 0; !oci && i < l->m.layers.n; i++)
        if (str_same(l->m.layers.items[i].media_type, MT_OCI_LAYER_ZSTD))
            return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                           "Docker's manifest format has no zstd layers: use an OCI format");
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    int r = blob_read(sv->s, img->digest, &text, err);
    if (r < 0)
        return r;
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, "manifest", err);
    if (!doc)
        return -EINVAL;
    media_convert_manifest(doc, oci ? MEDIA_OCI : MEDIA_DOCKER);
    json_text(doc, 0, ret);
    return 0;
}

static int save_oci(struct saver *sv, struct arena *a, const struct module_save *ms,
                    struct err *err)
{
    AUTO_LOADED l = { 0 };
    AUTO_BUF text = { .max = LIMIT_MANIFEST }, index = { 0 };
    char digest[DIGEST_MAX], path[BLOB_PATH_MAX];
    struct image_index idx = { .schema_version = 2 };
    static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

    int r = load_image(sv, a, ms->image, &l, err);
    if (r == 0)
        r = manifest_text(sv, ms->image, &l, true, &text, err);
    for (size_t i = 0; r == 0 && i < l.m.layers.n; i++) {
        const struct descriptor *d = &l.m.layers.items[i];
        if (!strv_has(sv->skip, d->digest))
            r = put_blob(sv, blob_path(d->digest, path) + 4, d->digest, d->size, false, err);
    }
    if (r < 0 || (r = put_all(sv, err)) < 0)
        return r;
    progress_line(sv->progress, "Copying config %s", l.m.config.digest);
    r = out_text(&sv->out, blob_path(l.m.config.digest, path) + 4, l.config.data, l.config.len,
                 err);
    struct descriptor *d = LIST_ADD(a, idx.manifests);
    d->media_type = arena_strdup(a, MT_OCI_MANIFEST);
    d->digest = arena_strdup(a, hash_of(text.data, text.len, NULL, digest));
    d->size = (int64_t)text.len;
    if (ms->names && *ms->names)
        kv_set(a, &d->annotations, "org.opencontainers.image.ref.name", *ms->names);
    AUTO_JSON *doc = json_from(&image_index_type, &idx);
    json_text(doc, 0, &index);
    progress_line(sv->progress, "Writing manifest to image destination");
    if (r == 0)
        r = out_text(&sv->out, blob_path(digest, path) + 4, text.data, text.len, err);
    if (r == 0)
        r = out_text(&sv->out, "oci-layout", layout, sizeof(layout) - 1, err);
    return r < 0 ? r : out_text(&sv->out, "index.json", index.data, index.len, err);
}

static int save_docker_dir(struct saver *sv, struct arena *a, const struct module_save *ms,
                           struct err *err)
{
    AUTO_LOADED l = { 0 };
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    static const char version[] = "Directory Transport Version: 1.1\n";

    int r = load_image(sv, a, ms->image, &l, err);
    if (r == 0)
        r = manifest_text(sv, ms->image, &l, false, &text, err);
    for (size_t i = 0; r == 0 && i < l.m.layers.n; i++) {
        const struct descriptor *d = &l.m.layers.items[i];
        r = put_blob(sv, digest_hex(d->digest), d->digest, d->size, false, err);
    }
    if (r == 0)
        r = out_text(&sv->out, digest_hex(l.m.config.digest), l.config.data, l.config.len, err);
    if (r == 0)
        r = out_text(&sv->out, "version", version, sizeof(version) - 1, err);
    return r < 0 ? r : out_text(&sv->out, "manifest.json", text.data, text.len, err);
}

/* ---------- targets ---------- */

static int open_file(const struct image_save_options *o, struct err *err)
{
    struct stat st;
    int fd = o->output ? open(o->output, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)
                       : fcntl(o->fd, F_DUPFD_CLOEXEC, 3);

    if (fd < 0)
        return err_sys(err, errno, "creating %s", o->output ? o->output : "the archive");
    if (o->output && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size) {
        close(fd);
        return err_set(err, ERR_BAD_PARAM, EEXIST,
                       "creating %s: %s doesn't support modifying existing images", o->output,
                       o->format);
    }
    return fd;
}

static int open_directory(const struct image_save_options *o, struct err *err)
{
    if (!o->output)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "format %s needs --output", o->format);
    int r = fs_mkdirs(AT_FDCWD, o->output, 0755);
    int fd = r < 0 ? r : fs_open_dir(AT_FDCWD, o->output);
    return fd < 0 ? err_sys(err, -fd, "creating %s", o->output) : fd;
}

static int save_to(struct saver *sv, struct arena *a, const struct module_save *images, size_t n,
                   const char *format, struct err *err)
{
    int r;

    if (STR_EQ(format, "docker-archive"))
        r = save_docker_archive(sv, a, images, n, err);
    else if (STR_EQ(format, "docker-dir"))
        r = save_docker_dir(sv, a, &images[0], err);
    else
        r = save_oci(sv, a, &images[0], err);
    return r < 0 ? r : out_finish(&sv->out, err);
}

int module_save(const struct store *s, const struct module_save *images, size_t n,
                const struct image_save_options *o, struct err *err)
{
    AUTO_ARENA a = { 0 };
    struct saver sv = { .s = s, .progress = o->progress, .skip = o->skip };

    int allowed = trust_check_leaving(&a, o->signature_policy, err);
    if (allowed < 0)
        return allowed;
    sv.out.dir = str_ends(o->format, "-dir");
    AUTO_CLOSE int fd = sv.out.dir ? open_directory(o, err) : open_file(o, err);
    if (fd < 0)
        return fd;
    sv.out.fd = fd;
    sv.parallel = is_file(fd);
    int r = save_to(&sv, &a, images, n, o->format, err);
    out_done(&sv.out);
    if (r < 0 && o->output && !sv.out.dir)
        unlink(o->output); /* half an archive is none */
    return r;
}
