/* Destinations dir:, oci:, oci-archive:, docker-archive: and docker-daemon: */
#include "base/fs.h"
#include "base/limits.h"
#include "image/mod/daemon.h"
#include "image/mod/hash.h"
#include "image/mod/out.h"
#include "image/mod/push.h"
#include "spec/image.h"
#include "spec/reference.h"
#include "store/blobs.h"

#include "base/banned.h"

struct dest_file {
    struct dest dest;
    struct arena *a;
    struct out out;
    const struct kind *kind;
    char *path, *ref; /* PATH[:REFERENCE] of the destination */
    char **tags;      /* docker-archive: RepoTags */
    bool done;
};

/* Where a format puts things. */
struct kind {
    const char *transport;
    struct dest_ops ops;
    bool dir, oci;
};

static struct dest_file *file_of(struct dest *d)
{
    return (struct dest_file *)d;
}

/* ---------- blobs ---------- */

static const char *blob_name(struct dest_file *f, const struct descriptor *b)
{
    char path[BLOB_PATH_MAX];

    if (f->kind->oci)
        return arena_strdup(f->a, blob_path(b->digest, path) + strlen("oci/"));
    if (f->kind->dir)
        return digest_hex(b->digest);
    bool config = str_same(b->media_type, MT_OCI_CONFIG) ||
                  str_same(b->media_type, MT_DOCKER_CONFIG);
    return arena_printf(f->a, "%s.%s", digest_hex(b->digest), config ? "json" : "tar");
}

/* A blob that a directory has from an earlier push is not written again. */
static int file_has(struct dest *d, const struct descriptor *b, struct err *err)
{
    struct dest_file *f = file_of(d);
    struct stat st;

    (void)err;
    return f->out.dir && fstatat(f->out.fd, blob_name(f, b), &st, 0) == 0 && st.st_size == b->size;
}

static int file_put(struct dest *d, const struct descriptor *b, int fd, struct progress_bar *bar,
                    struct err *err)
{
    struct dest_file *f = file_of(d);
    int r = out_copy(&f->out, blob_name(f, b), fd, b->size, err);

    progress_add(bar, r < 0 ? 0 : b->size);
    return r;
}

/* ---------- manifests ---------- */

static int dir_manifest(struct dest *d, const struct sent_manifest *m, struct err *err)
{
    static const char version[] = "Directory Transport Version: 1.1\n";
    struct dest_file *f = file_of(d);
    const char *name = m->top ? "manifest.json"
                              : arena_printf(f->a, "%s.manifest.json", digest_hex(m->digest));
    int r = out_text(&f->out, name, m->text->data, m->text->len, err);

    return r < 0 ? r : out_text(&f->out, "version", version, sizeof(version) - 1, err);
}

/* The index that a directory has already, without the entry that is replaced. */
static int read_index(struct dest_file *f, json_t **ret, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    int r = f->out.dir ? fs_read_file(f->out.fd, "index.json", &text) : -ENOENT;
    size_t i;
    json_t *entry;

    if (r < 0 && r != -ENOENT)
        return err_sys(err, -r, "reading index.json of %s", f->path);
    *ret = r < 0 ? json_pack("{s:i,s:s,s:[]}", "schemaVersion", 2, "mediaType", MT_OCI_INDEX,
                             "manifests")
                 : json_parse(text.data ? text.data : "", text.len, "index.json", err);
    if (!*ret)
        return -EINVAL;
    json_t *list = json_object_get(*ret, "manifests");
    if (!json_is_array(list))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s: index.json has no manifests", f->path);
    for (i = json_array_size(list); f->ref && i-- > 0;) {
        entry = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(json_object_get(entry, "annotations"),
                                                             "org.opencontainers.image.ref.name"));
        if (name && STR_EQ(name, f->ref))
            json_array_remove(list, i);
    }
    return 0;
}

static int write_index(struct dest_file *f, const struct sent_manifest *m, struct err *err)
{
    static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
    AUTO_JSON *index = NULL;
    AUTO_BUF text = { 0 };
    int r = read_index(f, &index, err);

    if (r < 0)
        return r;
    json_t *entry = json_pack("{s:s,s:s,s:I}", "mediaType", m->media_type, "digest", m->digest,
                              "size", (json_int_t)m->text->len);
    if (f->ref)
        json_object_set_new(entry, "annotations",
                            json_pack("{s:s}", "org.opencontainers.image.ref.name", f->ref));
    json_array_append_new(json_object_get(index, "manifests"), entry);
    json_text(index, 0, &text);
    r = out_text(&f->out, "oci-layout", layout, sizeof(layout) - 1, err);
    if (r < 0 || !f->out.dir)
        return r < 0 ? r : out_text(&f->out, "index.json", text.data, text.len, err);
    r = fs_replace(f->out.fd, "index.json", text.data, text.len, 0644, FS_NOSYNC);
    return r < 0 ? err_sys(err, -r, "writing index.json of %s", f->path) : 0;
}

static int oci_manifest(struct dest *d, const struct sent_manifest *m, struct err *err)
{
    struct dest_file *f = file_of(d);
    const struct descriptor b = { .digest = arena_strdup(f->a, m->digest) };
    int r = out_text(&f->out, blob_name(f, &b), m->text->data, m->text->len, err);

    return r < 0 || !m->top ? r : write_index(f, m, err);
}

/* manifest.json of `docker save`. */
static int archive_manifest(struct dest *d, const struct sent_manifest *m, struct err *err)
{
    struct dest_file *f = file_of(d);
    struct image_manifest im = { 0 };
    AUTO_JSON *doc = json_parse(m->text->data, m->text->len, "manifest", err);
    AUTO_BUF text = { 0 };
    int r = doc ? image_manifest_read(f->a, doc, &im, err) : -EINVAL;

    if (r < 0)
        return r;
    AUTO_JSON *list = json_array();
    json_t *entry = json_object(), *tags = json_array(), *layers = json_array();
    json_array_append_new(list, entry);
    json_object_set_new(entry, "Config", json_string(blob_name(f, &im.config)));
    for (char **t = f->tags; t && *t; t++)
        json_array_append_new(tags, json_string(*t));
    json_object_set_new(entry, "RepoTags", tags);
    for (size_t i = 0; i < im.layers.n; i++)
        json_array_append_new(layers, json_string(blob_name(f, &im.layers.items[i])));
    json_object_set_new(entry, "Layers", layers);
    json_text(list, 0, &text);
    return out_text(&f->out, "manifest.json", text.data, text.len, err);
}

/* ---------- the end ---------- */

static int file_finish(struct dest *d, struct err *err)
{
    struct dest_file *f = file_of(d);
    int r = out_finish(&f->out, err);

    f->done = r == 0;
    return r;
}

static int daemon_finish(struct dest *d, struct err *err)
{
    struct dest_file *f = file_of(d);
    int r = file_finish(d, err);

    return r < 0 ? r : daemon_load(f->out.fd, err);
}

static void file_free(struct dest *d)
{
    struct dest_file *f = file_of(d);

    if (!f->done && !f->out.dir && f->path)
        unlink(f->path); /* half an archive is none */
    close(f->out.fd);
    out_done(&f->out);
}

/* ---------- opening ---------- */

static const struct kind kinds[] = {
    { "dir",
      { LAYERS_AS_IS, .has = file_has, .put = file_put, .manifest = dir_manifest,
        .finish = file_finish, .free = file_free },
      .dir = true },
    { "oci",
      { LAYERS_PACKED, .oci_only = true, .has = file_has, .put = file_put, .manifest = oci_manifest,
        .finish = file_finish, .free = file_free },
      .dir = true,
      .oci = true },
    { "oci-archive",
      { LAYERS_PACKED, .oci_only = true, .has = file_has, .put = file_put, .manifest = oci_manifest,
        .finish = file_finish, .free = file_free },
      .oci = true },
    { "docker-archive",
      { LAYERS_PLAIN, .no_lists = true, .has = file_has, .put = file_put,
        .manifest = archive_manifest, .finish = file_finish, .free = file_free } },
    { "docker-daemon",
      { LAYERS_PLAIN, .no_lists = true, .has = file_has, .put = file_put,
        .manifest = archive_manifest, .finish = daemon_finish, .free = file_free } },
};

static int open_archive(struct dest_file *f, struct err *err)
{
    struct stat st;
    /* A Docker archive could be added to; an OCI archive is replaced, as Podman does it. */
    int fd = open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC | (f->kind->oci ? O_TRUNC : 0), 0644);

    if (fd < 0)
        return err_sys(err, errno, "creating %s", f->path);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size) {
        close(fd);
        return err_set(err, ERR_BAD_PARAM, EEXIST,
                       "creating %s: docker-archive doesn't support modifying existing images",
                       f->path);
    }
    return fd;
}

/* "host/name:tag" of the image inside an archive or a daemon. */
static int add_tag(struct dest_file *f, const char *name, struct err *err)
{
    struct image_ref ref;
    int r = ref_parse(f->a, name, &ref, err);

    if (r < 0)
        return r;
    if (ref.digest)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "the destination %s cannot be named by a digest",
                       name);
    ref_complete(f->a, &ref, "docker.io");
    f->tags = strv_add(f->a, f->tags, ref_text(f->a, &ref));
    return 0;
}

static int open_target(const struct store *s, struct dest_file *f, const char *name,
                       const char *tag, struct err *err)
{
    if (STR_EQ(f->kind->transport, "docker-daemon")) {
        int r = add_tag(f, name, err);
        return r < 0 ? r : blob_tmpfile(s, err);
    }
    f->path = arena_strdup(f->a, name);
    char *colon = f->kind->dir && !f->kind->oci ? NULL : strchr(f->path, ':');
    if (colon) {
        *colon = '\0';
        f->ref = str_empty(colon + 1) ? NULL : colon + 1;
    }
    if (str_empty(f->path))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "the destination %s:%s has no path",
                       f->kind->transport, name);
    if (!f->kind->dir && !f->kind->oci) {
        int r = f->ref ? add_tag(f, f->ref, err) : 0;
        if (r == 0 && tag && !strv_has(f->tags, tag))
            r = add_tag(f, tag, err);
        if (r < 0)
            return r;
    }
    if (!f->kind->dir)
        return open_archive(f, err);
    int r = fs_mkdirs(AT_FDCWD, f->path, 0755);
    int fd = r < 0 ? r : fs_open_dir(AT_FDCWD, f->path);
    return fd < 0 ? err_sys(err, -fd, "creating %s", f->path) : fd;
}

struct dest *dest_files(const struct store *s, struct arena *a, const struct module_push *p,
                        struct err *err)
{
    struct dest_file *f = arena_alloc(a, sizeof(*f));

    f->a = a;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (STR_EQ(kinds[i].transport, p->transport))
            f->kind = &kinds[i];
    if (!f->kind) {
        err_set(err, ERR_BAD_PARAM, EINVAL, "unknown transport \"%s\"", p->transport);
        return NULL;
    }
    if (f->kind->oci && str_same(p->opt->format, "v2s2")) {
        err_set(err, ERR_BAD_PARAM, EINVAL, "%s holds no manifests of format v2s2", p->transport);
        return NULL;
    }
    f->dest.ops = &f->kind->ops;
    f->out.dir = f->kind->dir;
    f->out.fd = open_target(s, f, p->name, p->opt->tag, err);
    return f->out.fd < 0 ? NULL : &f->dest;
}
