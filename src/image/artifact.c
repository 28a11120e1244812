#include "image/artifact.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/parse.h"
#include "image/gc.h"
#include "image/record.h"
#include "spec/reference.h"
#include "store/blobs.h"
#include "store/index.h"

#include "base/banned.h"

#define TITLE   "org.opencontainers.image.title"
#define CREATED "org.opencontainers.image.created"

/* The two bytes "{}": what an artifact has in place of a configuration. */
#define EMPTY_TYPE   "application/vnd.oci.empty.v1+json"
#define EMPTY_DIGEST "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

/* ---------- reading ---------- */

int artifact_read(struct arena *a, const json_t *doc, struct artifact *ret, struct err *err)
{
    if (image_is_index(doc, json_string_value(json_object_get(doc, "mediaType"))))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "the manifest is an index, not an artifact");
    int r = image_manifest_read(a, doc, &ret->manifest, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < ret->manifest.layers.n; i++)
        if (__builtin_add_overflow(ret->size, ret->manifest.layers.items[i].size, &ret->size))
            return err_set(err, ERR_TOO_BIG, EFBIG, "the files' sizes are more than can be");
    const char *created = kv_get(&ret->manifest.annotations, CREATED);
    if (created && parse_rfc3339(created, &ret->created) < 0)
        ret->created = 0;
    return 0;
}

/* @art has a name and a digest. */
static int load(struct store *s, struct arena *a, int64_t stored, struct artifact *art,
                struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    int r = blob_read(s, art->digest, &text, err);

    if (r < 0)
        return err_wrap(err, "artifact %s", art->name);
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, "manifest", err);
    r = doc ? artifact_read(a, doc, art, err) : -EINVAL;
    if (r < 0)
        return err_wrap(err, "artifact %s", art->name);
    if (!art->created)
        art->created = stored;
    return 0;
}

static int complete(struct arena *a, const char *name, struct image_ref *ref, struct err *err)
{
    if (str_empty(name))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "artifact name cannot be empty");
    int r = ref_parse(a, name, ref, err);
    if (r < 0)
        return r;
    if (ref->digest)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "%s: an artifact is named by a tag, not by a digest", name);
    ref_complete(a, ref, NULL);
    return 0;
}

struct row {
    char *name, *digest;
    int64_t stored;
    int n;
};

static void take_rows(struct arena *a, struct rows *q, struct row *ret)
{
    while (rows_next(q)) {
        if (ret->n++ == 0)
            *ret = (struct row) { arena_strdup(a, rows_text(q, 0)),
                                  arena_strdup(a, rows_text(q, 1)), rows_int(q, 2), 1 };
    }
}

static int by_name(struct db *db, struct arena *a, const char *name, struct row *ret,
                   struct err *err)
{
    struct image_ref ref;

    if (ref_parse(a, name, &ref, NULL) < 0)
        return 0;
    bool is_short = !ref.registry;
    if (!ref.tag && !ref.digest)
        ref.tag = arena_strdup(a, "latest");
    if (!is_short)
        ref_complete(a, &ref, NULL);
    char *full = ref_text(a, &ref), *suffix = arena_printf(a, "/%s", full);
    struct rows q = db_query(db, err,
                             "SELECT name, digest, stored FROM artifacts WHERE name = ?1"
                             " OR (?2 IS NOT NULL AND substr(name, -length(?2)) = ?2)"
                             " ORDER BY name != 'localhost' || ?2, name LIMIT 1",
                             "ss", full, is_short ? suffix : NULL);
    take_rows(a, &q, ret);
    return rows_end(&q);
}

static int by_digest(struct db *db, struct arena *a, const char *name, struct row *ret,
                     struct err *err)
{
    const char *hex = str_starts(name, "sha256:") ? name + 7 : name;
    size_t n = strlen(hex);

    if (n < 3 || n > 64 || strspn(hex, "0123456789abcdef") != n)
        return 0;
    struct rows q = db_query(db, err,
                             "SELECT name, digest, stored FROM artifacts"
                             " WHERE digest >= ?1 AND digest < ?1 || 'g' ORDER BY digest, name",
                             "s", arena_printf(a, "sha256:%s", hex));
    take_rows(a, &q, ret);
    int r = rows_end(&q);
    /* Several names of one artifact are no doubt; several artifacts are. */
    if (r == 0 && ret->n > 1 && n < 64)
        return err_set(err, ERR_CONFLICT, EEXIST, "%s: artifact digest prefix is ambiguous", name);
    return r;
}

static int find_row(struct store *s, struct arena *a, const char *name, struct row *ret,
                    struct err *err)
{
    struct db *db = store_db(s, err);

    if (str_empty(name))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "artifact name cannot be empty");
    int r = db ? by_name(db, a, name, ret, err) : -EIO;
    if (r == 0 && !ret->name)
        r = by_digest(db, a, name, ret, err);
    if (r == 0 && !ret->name)
        return err_set(err, ERR_NOT_FOUND, ENOENT, "%s: artifact does not exist", name);
    return r;
}

int artifact_find(struct store *s, struct arena *a, const char *name, struct artifact *ret,
                  struct err *err)
{
    struct row row = { 0 };
    int r = find_row(s, a, name, &row, err);

    if (r < 0)
        return r;
    *ret = (struct artifact) { .name = row.name, .digest = row.digest };
    return load(s, a, row.stored, ret, err);
}

int artifact_all(struct store *s, struct arena *a, artifact_list *out, struct err *err)
{
    struct db *db = store_db(s, err);
    JSON_LIST(struct row) rows = { 0 };

    if (!db)
        return -EIO;
    struct rows q = db_query(db, err, "SELECT name, digest, stored FROM artifacts ORDER BY name",
                             "");
    while (rows_next(&q))
        *LIST_ADD(a, rows) = (struct row) { arena_strdup(a, rows_text(&q, 0)),
                                            arena_strdup(a, rows_text(&q, 1)), rows_int(&q, 2), 1 };
    int r = rows_end(&q);
    for (size_t i = 0; r == 0 && i < rows.n; i++) {
        struct artifact *art = LIST_ADD(a, *out);
        art->name = rows.items[i].name;
        art->digest = rows.items[i].digest;
        r = load(s, a, rows.items[i].stored, art, err);
    }
    return r;
}

/* ---------- recording ---------- */

static int add_ref(struct db *db, const char *owner, const char *ref, const char *kind,
                   struct err *err)
{
    return db_exec(db, err, "INSERT OR IGNORE INTO image_refs(ref, image, kind) VALUES(?, ?, ?)",
                   "sss", ref, owner, kind);
}

/* Takes the row away and lists what it needed; inside a transaction. */
static int forget(struct db *db, const char *name, struct err *err)
{
    AUTO_FREE char *owner = xasprintf("artifact:%s", name);
    int r = gc_forget_image(db, owner, err);

    return r < 0 ? r : db_exec(db, err, "DELETE FROM artifacts WHERE name = ?", "s", name);
}

static int record_rows(struct db *db, const struct artifact *art, struct err *err)
{
    AUTO_FREE char *owner = xasprintf("artifact:%s", art->name);
    const struct image_manifest *m = &art->manifest;
    int r = forget(db, art->name, err);

    if (r >= 0)
        r = db_exec(db, err,
                    "INSERT INTO artifacts(name, digest, media_type, stored) VALUES(?, ?, ?, ?)",
                    "sssi", art->name, art->digest,
                    str_empty(m->media_type) ? MT_OCI_MANIFEST : m->media_type, time_now());
    if (r >= 0)
        r = add_ref(db, owner, art->digest, "manifest", err);
    if (r >= 0)
        r = add_ref(db, owner, m->config.digest, "config", err);
    for (size_t i = 0; r >= 0 && i < m->layers.n; i++)
        r = add_ref(db, owner, m->layers.items[i].digest, "blob", err);
    return MIN(r, 0);
}

static int finish(struct store *s, struct db *db, int r, struct err *err)
{
    if (r < 0) {
        db_rollback(db);
        return r;
    }
    r = db_commit(db, err);
    return r < 0 ? r : store_index_write(s, err);
}

/* What an artifact of that name was made of before becomes garbage. */
static int record(struct store *s, const struct artifact *art, struct err *err)
{
    struct db *db = store_db(s, err);
    int r = db ? db_begin(db, DB_DURABLE, err) : -EIO;

    return r < 0 ? r : finish(s, db, record_rows(db, art, err), err);
}

/* ---------- add ---------- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool has_title(const struct artifact *art, const char *title)
{
    for (size_t i = 0; i < art->manifest.layers.n; i++)
        if (str_same(kv_get(&art->manifest.layers.items[i].annotations, TITLE), title))
            return true;
    return false;
}

static int check_names(const struct artifact *art, char *const *paths, struct err *err)
{
    for (size_t i = 0; paths[i]; i++) {
        const char *name = base_name(paths[i]);
        struct stat st;
        bool twice = has_title(art, name);

        if (stat(paths[i], &st) < 0)
            return err_sys(err, errno, "open %s", paths[i]);
        if (S_ISDIR(st.st_mode))
            return err_set(err, ERR_BAD_PARAM, EISDIR,
                           "%s is a directory: an artifact is made of files, name them one by one",
                           paths[i]);
        for (size_t k = 0; k < i; k++)
            twice |= STR_EQ(base_name(paths[k]), name);
        if (twice)
            return err_set(err, ERR_CONFLICT, EEXIST, "%s: file already exists in artifact", name);
    }
    return 0;
}

static int add_file(struct store *s, struct arena *a, const char *path, const char *title,
                    const struct artifact_add_options *o, struct artifact *art, struct err *err)
{
    const struct image_module *m = image_module(err);
    AUTO_CLOSE int fd = m ? open(path, O_RDONLY | O_CLOEXEC) : -ENOENT;
    struct stored_file f = { 0 };

    if (fd < 0)
        return m ? err_sys(err, errno, "open %s", path) : -ENOENT;
    int r = m->store_file(s, a, fd, &f, err);
    if (r < 0)
        return err_wrap(err, "%s", path);
    struct descriptor *d = LIST_ADD(a, art->manifest.layers);
    *d = (struct descriptor) {
        .media_type = str_empty(o->file_type) ? f.media_type : arena_strdup(a, o->file_type),
        .digest = f.digest,
        .size = f.size,
    };
    for (size_t i = 0; i < o->annotations.n; i++)
        kv_set(a, &d->annotations, o->annotations.items[i].key, o->annotations.items[i].val);
    kv_set(a, &d->annotations, TITLE, title);
    return 0;
}

/* A title that was given names the one file; of several it can only be the artifact's. */
static int add_files(struct store *s, struct arena *a, char *const *paths,
                     const struct artifact_add_options *o, struct artifact *art, struct err *err)
{
    const char *title = kv_get(&o->annotations, TITLE);
    int r = check_names(art, paths, err);

    if (r == 0 && title && !paths[1] && has_title(art, title))
        return err_set(err, ERR_CONFLICT, EEXIST,
                       "duplicate layers " TITLE " labels within an artifact not allowed");
    for (size_t i = 0; r == 0 && paths[i]; i++)
        r = add_file(s, a, paths[i], title && !paths[1] ? title : base_name(paths[i]), o, art, err);
    return r;
}

static void begin_manifest(struct arena *a, const struct artifact_add_options *o,
                           struct artifact *art)
{
    char stamp[TIME_TEXT_MAX];

    art->manifest = (struct image_manifest) {
        .schema_version = 2,
        .media_type = arena_strdup(a, MT_OCI_MANIFEST),
        .artifact_type = arena_strdup(a, o->type),
        .config = { .media_type = arena_strdup(a, EMPTY_TYPE),
                    .digest = arena_strdup(a, EMPTY_DIGEST),
                    .size = 2,
                    .data = arena_strdup(a, "e30=") },
    };
    for (size_t i = 0; i < o->annotations.n; i++)
        kv_set(a, &art->manifest.annotations, o->annotations.items[i].key,
               o->annotations.items[i].val);
    kv_set(a, &art->manifest.annotations, CREATED, time_format_rfc3339(time_now(), stamp));
}

static int store_manifest(struct store *s, struct arena *a, struct artifact *art, struct err *err)
{
    AUTO_BUF text = { 0 };
    char digest[DIGEST_MAX];
    const struct image_module *m = image_module(err);
    AUTO_JSON *doc = json_from(&image_manifest_type, &art->manifest);

    json_text(doc, 0, &text);
    if (text.len > LIMIT_MANIFEST)
        return err_set(err, ERR_TOO_BIG, EFBIG, "%s: too many files for one artifact", art->name);
    int r = m ? m->store_text(s, text.data, text.len, digest, err) : -ENOENT;
    if (r == 0 && STR_EQ(art->manifest.config.digest, EMPTY_DIGEST))
        r = blob_put(s, EMPTY_DIGEST, "{}", 2, err);
    if (r == 0)
        art->digest = arena_strdup(a, digest);
    return r;
}

/* What is there under the name decides with --append and --replace. */
static int begin(struct store *s, struct arena *a, const char *name,
                 const struct artifact_add_options *o, struct artifact *art, struct err *err)
{
    struct artifact old = { 0 };
    struct err absent = { 0 };
    int r = artifact_find(s, a, art->name, &old, &absent);

    if (r < 0 && absent.kind != ERR_NOT_FOUND && !o->replace) {
        if (err)
            *err = absent;
        return r;
    }
    if (o->append) {
        if (r < 0)
            return err_set(err, ERR_NOT_FOUND, ENOENT, "%s: artifact does not exist", name);
        art->manifest = old.manifest;
        return 0;
    }
    if (r == 0 && !o->replace)
        return err_set(err, ERR_CONFLICT, EEXIST, "%s: artifact already exists", name);
    begin_manifest(a, o, art);
    return 0;
}

int artifact_add(struct store *s, struct arena *a, const char *name, char *const *paths,
                 const struct artifact_add_options *o, char **ret_digest, struct err *err)
{
    struct artifact art = { 0 };
    struct image_ref ref;

    if (o->append && o->replace)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "append and replace options are mutually exclusive");
    if (o->append && !str_empty(o->type))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "append option is not compatible with type option");
    int r = complete(a, name, &ref, err);
    if (r < 0)
        return r;
    art.name = ref_text(a, &ref);
    /* Two that append one after the other must see each other. */
    AUTO_CLOSE int lock = store_lock(s, "name", art.name, err);
    AUTO_CLOSE int hold = lock < 0 ? lock : image_hold(s, err);
    if (hold < 0)
        return hold;
    r = begin(s, a, name, o, &art, err);
    if (r == 0)
        r = add_files(s, a, paths, o, &art, err);
    if (r == 0)
        r = store_manifest(s, a, &art, err);
    if (r == 0)
        r = record(s, &art, err);
    if (r < 0)
        return r;
    *ret_digest = art.digest;
    close_p(&hold);
    hold = -EBADF;
    return gc_collect(s, err);
}

/* ---------- registries ---------- */

int artifact_pull(struct store *s, struct arena *a, const char *name,
                  const struct image_pull_options *o, char **ret_digest, struct err *err)
{
    struct image_fetched got = { 0 };
    struct artifact art = { 0 };
    AUTO_CLOSE int hold = image_hold(s, err);

    if (str_empty(name))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "artifact name cannot be empty");
    int r = hold < 0 ? hold : image_fetch(s, a, name, o, FETCH_ALL, &got, err);
    if (r < 0)
        return r;
    art.name = got.name;
    art.digest = *ret_digest = got.digest;
    r = load(s, a, time_now(), &art, err);
    return r < 0 ? r : record(s, &art, err);
}

int artifact_push(struct store *s, struct arena *a, const char *name,
                  const struct image_push_options *o, char **ret_digest, struct err *err)
{
    struct artifact art = { 0 };
    int r = artifact_find(s, a, name, &art, err);

    if (r < 0)
        return r;
    return image_push(s, a, art.digest, arena_printf(a, "docker://%s", art.name), o, ret_digest,
                      err);
}

int artifact_remove(struct store *s, struct arena *a, const char *name, char **ret_digest,
                    struct err *err)
{
    struct row row = { 0 };
    int r = find_row(s, a, name, &row, err);

    if (r < 0)
        return r;
    struct db *db = store_db(s, err);
    if ((r = db_begin(db, DB_DURABLE, err)) < 0)
        return r;
    r = finish(s, db, forget(db, row.name, err), err);
    *ret_digest = row.digest;
    return r < 0 ? r : gc_collect(s, err);
}
