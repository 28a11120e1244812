#include "image/manifest_list.h"

#include <fcntl.h>

#include "base/limits.h"
#include "base/parse.h"
#include "image/find.h"
#include "image/gc.h"
#include "image/manifest_entry.h"
#include "image/record.h"
#include "spec/reference.h"
#include "store/blobs.h"
#include "store/index.h"

#include "base/banned.h"

bool image_is_list_type(const char *media_type)
{
    return str_same(media_type, MT_OCI_INDEX) || str_same(media_type, MT_DOCKER_LIST);
}

bool image_is_list(const struct image *img)
{
    return image_is_list_type(img->media_type);
}

int manifest_list_find(struct store *s, struct arena *a, const char *name,
                       struct manifest_list *ret, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    struct image img = { 0 };
    char *found;
    int r = image_find_row(s, a, name, &img, &found, err);

    if (r < 0)
        return r;
    if (!image_is_list(&img))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s: not a manifest list", name);
    *ret = (struct manifest_list) {
        .id = img.id, .digest = img.digest, .media_type = img.media_type, .names = img.names
    };
    if ((r = blob_read(s, img.digest, &text, err)) < 0)
        return r;
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, "manifest list", err);
    return doc ? image_index_read(a, doc, &ret->index, err) : -EINVAL;
}

/* ---------- the image for this machine ---------- */

static const struct descriptor *best_entry(const struct image_index *idx)
{
    const struct descriptor *best = NULL;
    int score = 0;

    for (size_t i = 0; i < idx->manifests.n; i++) {
        const struct descriptor *d = &idx->manifests.items[i];
        int m = d->artifact_type ? 0
                                 : platform_match(d->platform, "linux", platform_host_arch(),
                                                  platform_host_variant());
        if (!m)
            m = d->artifact_type ? 0
                                 : platform_match(d->platform, "linux", platform_host_arch(), NULL);
        if (m > score) {
            score = m;
            best = d;
        }
    }
    return best;
}

const struct descriptor *manifest_entry_choose(const struct image_index *idx, struct err *err)
{
    const struct descriptor *d = best_entry(idx);

    if (!d)
        err_set(err, ERR_NOT_FOUND, ENOENT,
                "no image found in manifest list for architecture %s, variant \"%s\", OS linux",
                platform_host_arch(), platform_host_variant());
    return d;
}

static int by_manifest(struct db *db, struct arena *a, const char *digest, char **ret_id,
                       struct err *err)
{
    struct rows q = db_query(db, err, "SELECT id FROM images WHERE digest = ? LIMIT 1", "s",
                             digest);
    if (rows_next(&q))
        *ret_id = arena_strdup(a, rows_text(&q, 0));
    return rows_end(&q);
}

/* Reads the list as any tool would, from the layout that the store is; nothing is copied. */
static int unpack_entry(struct store *s, struct arena *a, const struct manifest_list *l,
                        char **ret_id, struct err *err)
{
    const struct image_pull_options o = { .policy = "always", .quiet = true };
    stored_images images = { 0 };
    const struct image_module *m = image_module(err);

    if (!m)
        return -ENOENT;
    if (!l->names)
        return err_set(
            err, ERR_NOT_FOUND, ENOENT,
            "the image of the manifest list %.12s for this machine is not unpacked: give "
            "the list a name (podman tag)",
            l->id);
    AUTO_CLOSE int hold = image_hold(s, err);
    const struct module_pull p = {
        .transport = "oci",
        .name = arena_printf(a, "%s/oci:%s", s->graphroot, l->names[0]),
        .opt = &o,
    };
    int r = hold < 0 ? hold : m->pull(s, a, &p, &images, err);
    for (size_t i = 0; r == 0 && i < images.n; i++)
        images.items[i].names = images.items[i].digests = NULL;
    if (r == 0)
        r = image_record(s, &images, err);
    if (r == 0)
        *ret_id = images.items[0].id;
    return r;
}

int manifest_list_instance(struct store *s, struct arena *a, const struct image *list,
                           char **ret_id, struct err *err)
{
    struct manifest_list l = { 0 };
    int r = manifest_list_find(s, a, list->id, &l, err);
    const struct descriptor *d = r == 0 ? manifest_entry_choose(&l.index, err) : NULL;

    if (!d)
        return r < 0 ? r : -ENOENT;
    *ret_id = NULL;
    r = by_manifest(store_db(s, err), a, d->digest, ret_id, err);
    if (r < 0 || *ret_id)
        return r;
    AUTO_CLOSE int hold = image_hold(s, err);
    const struct image_pull_options o = { .tls_verify = -1, .retry_delay_ns = -1 };
    r = hold < 0 ? hold : manifest_entry_complete(s, a, d, &o, err);
    return r < 0 ? r : unpack_entry(s, a, &l, ret_id, err);
}

bool manifest_list_absent(struct store *s, struct arena *a, const char *name,
                          struct manifest_list *ret)
{
    char *id = NULL;

    if (manifest_list_find(s, a, name, ret, NULL) < 0)
        return false;
    const struct descriptor *d = best_entry(&ret->index);
    return !d || by_manifest(store_db(s, NULL), a, d->digest, &id, NULL) < 0 || !id;
}

/* ---------- writing ---------- */

/* Always an OCI index: Docker's list cannot say all of it, and is not looked at in an OCI layout by other tools.
 * `manifest push --format v2s2` makes the other one. */
static int store_document(struct store *s, struct arena *a, struct manifest_list *l,
                          int64_t *ret_size, struct err *err)
{
    AUTO_BUF text = { 0 };
    char digest[DIGEST_MAX];
    const struct image_module *m = image_module(err);

    l->index.schema_version = 2;
    l->index.media_type = l->media_type = arena_strdup(a, MT_OCI_INDEX);
    AUTO_JSON *doc = json_from(&image_index_type, &l->index);
    if (!l->index.manifests.n)
        json_object_set_new(doc, "manifests", json_array());
    json_text(doc, 0, &text);
    if (text.len > LIMIT_MANIFEST || l->index.manifests.n > LIMIT_LAYERS)
        return err_set(err, ERR_TOO_BIG, EFBIG, "the manifest list has too many entries");
    int r = m ? m->store_text(s, text.data, text.len, digest, err) : -ENOENT;
    l->digest = arena_strdup(a, digest);
    *ret_size = (int64_t)text.len;
    return r;
}

static int add_ref(struct db *db, const char *owner, const char *ref, const char *kind,
                   struct err *err)
{
    return db_exec(db, err, "INSERT OR IGNORE INTO image_refs(ref, image, kind) VALUES(?, ?, ?)",
                   "sss", ref, owner, kind);
}

/* An entry and what its manifest names, as far as it is here. */
static int add_entry_refs(struct store *s, struct db *db, const char *owner, const char *digest,
                          struct err *err)
{
    AUTO_ARENA a = { 0 };
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    struct image_manifest m = { 0 };
    int r = add_ref(db, owner, digest, "blob", err);

    if (r < 0 || !blob_exists(s, digest, NULL))
        return r;
    if ((r = blob_read(s, digest, &text, err)) < 0)
        return r;
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, "manifest", err);
    if (!doc)
        return -EINVAL;
    if (image_is_index(doc, json_string_value(json_object_get(doc, "mediaType"))))
        return 0;
    if ((r = image_manifest_read(&a, doc, &m, err)) < 0)
        return r;
    r = add_ref(db, owner, m.config.digest, "blob", err);
    for (size_t i = 0; r >= 0 && i < m.layers.n; i++)
        r = add_ref(db, owner, m.layers.items[i].digest, "blob", err);
    return r;
}

/* What the list needed before becomes garbage unless it needs it still. */
static int record_refs(struct store *s, struct db *db, const struct manifest_list *l,
                       struct err *err)
{
    int r = db_exec(db, err,
                    "INSERT OR IGNORE INTO image_garbage(ref, kind)"
                    " SELECT ref, kind = 'layer' FROM image_refs WHERE image = ?",
                    "s", l->id);

    if (r >= 0)
        r = db_exec(db, err, "DELETE FROM image_refs WHERE image = ?", "s", l->id);
    if (r >= 0)
        r = add_ref(db, l->id, l->digest, "manifest", err);
    for (size_t i = 0; r >= 0 && i < l->index.manifests.n; i++)
        r = add_entry_refs(s, db, l->id, l->index.manifests.items[i].digest, err);
    return r;
}

static int record_list(struct store *s, struct db *db, const struct manifest_list *l, int64_t size,
                       struct err *err)
{
    int r = db_exec(db, err,
                    "INSERT INTO images(id, digest, media_type, created, size, stored, config,"
                    " layers) VALUES(?, ?, ?, ?, ?, ?, '{}', '') ON CONFLICT(id) DO UPDATE SET"
                    " digest = excluded.digest, media_type = excluded.media_type,"
                    " size = excluded.size",
                    "sssiii", l->id, l->digest, l->media_type, time_now(), size, time_now());

    if (r >= 0)
        r = db_exec(db, err, "UPDATE image_names SET digest = ? WHERE image = ?", "ss", l->digest,
                    l->id);
    return r < 0 ? r : record_refs(s, db, l, err);
}

/* @name: one to give it, or NULL. */
static int save(struct store *s, struct arena *a, struct manifest_list *l, const char *name,
                struct err *err)
{
    int64_t size = 0;
    struct db *db = store_db(s, err);
    int r = db ? store_document(s, a, l, &size, err) : -EIO;

    if (r == 0)
        r = db_begin(db, DB_DURABLE, err);
    if (r < 0)
        return r;
    r = record_list(s, db, l, size, err);
    if (r >= 0 && name)
        r = image_record_name(db, name, l->id, l->digest, err);
    if (r < 0) {
        db_rollback(db);
        return r;
    }
    r = db_commit(db, err);
    return r < 0 ? r : store_index_write(s, err);
}

/* ---------- commands ---------- */

int manifest_list_create(struct store *s, struct arena *a, const char *name, bool amend,
                         const kv_list *annotations, char **ret_id, struct err *err)
{
    struct manifest_list l = { 0 };
    struct image_ref ref;
    struct image img = { 0 };
    struct err absent = { 0 };
    char id[65] = "", *full, *found;
    int r = ref_parse(a, name, &ref, err);

    if (r < 0)
        return r;
    if (ref.digest)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "%s: a list cannot be named by a digest", name);
    ref_complete(a, &ref, NULL);
    full = ref_text(a, &ref);
    AUTO_CLOSE int lock = store_lock(s, "name", full, err);
    if (lock < 0)
        return lock;
    if (image_find_row(s, a, full, &img, &found, &absent) == 0) {
        if (!amend)
            return err_set(
                err, ERR_CONFLICT, EEXIST,
                "image name \"%s\" is already associated with image \"%s\": that name is "
                "already in use",
                full, img.id);
        if ((r = manifest_list_find(s, a, full, &l, err)) < 0)
            return r;
    } else {
        store_random_id(id, 64);
        l.id = arena_strdup(a, id);
    }
    *ret_id = l.id;
    if (*id == '\0' && !annotations->n)
        return 0;
    for (size_t i = 0; i < annotations->n; i++)
        kv_set(a, &l.index.annotations, annotations->items[i].key, annotations->items[i].val);
    AUTO_CLOSE int hold = image_hold(s, err);
    return hold < 0 ? hold : save(s, a, &l, *id ? full : NULL, err);
}

/* Reads the list under its lock, changes it, writes it; then what nobody needs any more goes. */
typedef int (*change_fn)(struct store *s, struct arena *a, struct manifest_list *l, const void *arg,
                         struct err *err);

static int change(struct store *s, struct arena *a, const char *name, change_fn fn, const void *arg,
                  char **ret_id, struct err *err)
{
    struct manifest_list l = { 0 };
    int r = manifest_list_find(s, a, name, &l, err);

    if (r < 0)
        return r;
    AUTO_CLOSE int lock = store_lock(s, "image", l.id, err);
    AUTO_CLOSE int hold = lock < 0 ? lock : image_hold(s, err);
    if (hold < 0)
        return hold;
    r = manifest_list_find(s, a, l.id, &l, err);
    if (r == 0)
        r = fn(s, a, &l, arg, err);
    if (r == 0)
        r = save(s, a, &l, NULL, err);
    if (r < 0)
        return r;
    *ret_id = l.id;
    close_p(&hold);
    hold = -EBADF;
    return gc_collect(s, err);
}

struct adding {
    char *const *sources;
    const struct manifest_add *o;
};

static int add_all(struct store *s, struct arena *a, struct manifest_list *l, const void *arg,
                   struct err *err)
{
    const struct adding *ad = arg;
    int r = 0;

    if (ad->o->artifact)
        return manifest_entry_artifact(s, a, ad->sources, ad->o, &l->index, err);
    for (char *const *p = ad->sources; r == 0 && *p; p++)
        r = manifest_entry_add(s, a, *p, ad->o, &l->index, err);
    return r;
}

int manifest_list_add(struct store *s, struct arena *a, const char *list, char *const *sources,
                      const struct manifest_add *o, char **ret_id, struct err *err)
{
    const struct adding ad = { sources, o };

    return change(s, a, list, add_all, &ad, ret_id, err);
}

static struct descriptor *entry_of(struct manifest_list *l, const char *digest)
{
    for (size_t i = 0; i < l->index.manifests.n; i++)
        if (STR_EQ(l->index.manifests.items[i].digest, digest))
            return &l->index.manifests.items[i];
    return NULL;
}

struct annotating {
    const char *entry, *subject;
    const struct manifest_annotate *o;
};

static int annotate_index(struct store *s, struct arena *a, struct manifest_list *l,
                          const struct annotating *an, struct err *err)
{
    for (size_t i = 0; i < an->o->annotations.n; i++)
        kv_set(a, &l->index.annotations, an->o->annotations.items[i].key,
               an->o->annotations.items[i].val);
    return an->subject ? manifest_entry_subject(s, a, an->subject, &l->index.subject, err) : 0;
}

static int annotate(struct store *s, struct arena *a, struct manifest_list *l, const void *arg,
                    struct err *err)
{
    const struct annotating *an = arg;
    struct image img = { 0 };
    char *found;

    if (!an->entry)
        return annotate_index(s, a, l, an, err);
    const char *digest = an->entry;
    if (!digest_valid(digest)) {
        int r = image_find_row(s, a, an->entry, &img, &found, err);
        if (r < 0)
            return r;
        digest = img.digest;
    }
    struct descriptor *d = entry_of(l, digest);
    if (!d)
        return err_set(err, ERR_NOT_FOUND, ENOENT, "no instance with digest %s in the list",
                       digest);
    manifest_entry_annotate(a, d, an->o);
    return 0;
}

int manifest_list_annotate(struct store *s, struct arena *a, const char *list, const char *entry,
                           const struct manifest_annotate *o, const char *subject, char **ret_id,
                           struct err *err)
{
    const struct annotating an = { entry, subject, o };

    return change(s, a, list, annotate, &an, ret_id, err);
}

static int drop(struct store *s, struct arena *a, struct manifest_list *l, const void *arg,
                struct err *err)
{
    const char *digest = arg;
    struct descriptor *d = entry_of(l, digest);

    (void)s, (void)a;
    if (!d)
        return err_set(err, ERR_NOT_FOUND, ENOENT, "no instance with digest %s in the list",
                       digest);
    struct descriptor *end = l->index.manifests.items + l->index.manifests.n;
    memmove(d, d + 1, (size_t)((char *)end - (char *)(d + 1)));
    l->index.manifests.n--;
    return 0;
}

int manifest_list_drop(struct store *s, struct arena *a, const char *list, const char *digest,
                       char **ret_id, struct err *err)
{
    if (!digest_valid(digest))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid image digest \"%s\": invalid checksum digest format", digest);
    return change(s, a, list, drop, digest, ret_id, err);
}

int manifest_list_text(struct store *s, struct arena *a, const char *name,
                       const struct image_pull_options *o, struct buf *ret, struct err *err)
{
    struct err local = { 0 };
    struct manifest_list l = { 0 };
    struct image_fetched got = { 0 };
    int r = manifest_list_find(s, a, name, &l, &local);

    if (r == 0)
        return blob_read(s, l.digest, ret, err);
    if (local.kind != ERR_NOT_FOUND && local.kind != ERR_BAD_PARAM) {
        if (err)
            *err = local;
        return r;
    }
    AUTO_CLOSE int hold = image_hold(s, err);
    r = hold < 0 ? hold : image_fetch(s, a, name, o, FETCH_TEXT, &got, err);
    return r < 0 ? r : blob_read(s, got.digest, ret, err);
}
