#include "image/gc.h"

#include <dirent.h>

#include "base/fs.h"
#include "base/lock.h"
#include "base/parse.h"
#include "store/blobs.h"
#include "store/layers.h"

#include "base/banned.h"

enum { PLACE_DAYS = 90 };

int gc_forget_image(struct db *db, const char *id, struct err *err)
{
    static const char *const statements[] = {
        ("INSERT OR IGNORE INTO image_garbage(ref, kind)"
         " SELECT ref, kind = 'layer' FROM image_refs WHERE image = ?"),
        "DELETE FROM image_refs WHERE image = ?",
        "DELETE FROM image_names WHERE image = ?",
        "DELETE FROM image_names_history WHERE image = ?",
        "DELETE FROM images WHERE id = ?",
    };
    int r = 0;

    for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(statements); i++)
        r = db_exec(db, err, statements[i], "s", id);
    return MIN(r, 0);
}

struct garbage {
    char *ref;
    bool layer;
};
typedef JSON_LIST(struct garbage) garbage_list;

/* Listed, and not needed by an image (it may have come back) nor, for a layer, by a container. */
static int list_garbage(struct db *db, struct arena *a, garbage_list *ret, struct err *err)
{
    struct rows q = db_query(db, err,
                             "SELECT ref, kind FROM image_garbage g WHERE NOT EXISTS"
                             " (SELECT 1 FROM image_refs r WHERE r.ref = g.ref)",
                             "");
    while (rows_next(&q)) {
        struct garbage *g = LIST_ADD(a, *ret);
        g->ref = arena_strdup(a, rows_text(&q, 0));
        g->layer = rows_text(&q, 1)[0] == '1';
    }
    return rows_end(&q);
}

static int forget_garbage(struct db *db, const garbage_list *gone, struct err *err)
{
    int r = db_begin(db, DB_FAST, err);

    if (r < 0)
        return r;
    for (size_t i = 0; r >= 0 && i < gone->n; i++) {
        const struct garbage *g = &gone->items[i];
        if (g->layer)
            r = db_exec(db, err, "DELETE FROM layers WHERE key = ?", "s", g->ref);
        if (r >= 0)
            r = db_exec(db, err, "DELETE FROM image_garbage WHERE ref = ?", "s", g->ref);
    }
    if (r >= 0) /* what an image has taken up again */
        r = db_exec(db, err, "DELETE FROM image_garbage WHERE ref IN (SELECT ref FROM image_refs)",
                    "");
    if (r < 0) {
        db_rollback(db);
        return r;
    }
    return db_commit(db, err);
}

static int collect_locked(struct store *s, struct err *err)
{
    AUTO_ARENA a = { 0 };
    garbage_list list = { 0 };
    struct db *db = store_db(s, err);
    int r = db ? list_garbage(db, &a, &list, err) : -EIO;

    for (size_t i = 0; r == 0 && i < list.n; i++) {
        const struct garbage *g = &list.items[i];
        if (!g->layer)
            blob_remove(s, g->ref);
        else if ((r = layer_remove(s, g->ref)) < 0)
            return err_sys(err, -r, "removing layer %s", g->ref);
    }
    return r < 0 ? r : forget_garbage(db, &list, err);
}

static int gc_lock(struct store *s)
{
    return lock_try(s->run_fd, "locks/image-gc");
}

int gc_collect(struct store *s, struct err *err)
{
    AUTO_CLOSE int lock = gc_lock(s);

    if (lock == -EAGAIN)
        return 0;
    return lock < 0 ? err_sys(err, -lock, "locking the image store") : collect_locked(s, err);
}

/* ---------- files that nobody listed ---------- */

static bool referenced(struct db *db, const char *ref)
{
    struct rows q = db_query(db, NULL, "SELECT 1 FROM image_refs WHERE ref = ? LIMIT 1", "s", ref);
    bool yes = rows_next(&q);

    return rows_end(&q) < 0 || yes;
}

typedef void (*sweep_fn)(struct store *s, int dir, const char *name, int64_t *bytes);

static void sweep_dir(struct store *s, const char *path, sweep_fn fn, int64_t *bytes)
{
    int fd = fs_open_dir(s->graph_fd, path);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            fn(s, dirfd(d), e->d_name, bytes);
    closedir(d);
}

static void sweep_blob(struct store *s, int dir, const char *name, int64_t *bytes)
{
    AUTO_FREE char *digest = xasprintf("%s:%s", strlen(name) == 128 ? "sha512" : "sha256", name);
    struct stat st;

    if (!digest_valid(digest) || referenced(s->db_, digest) ||
        fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    if (unlinkat(dir, name, 0) == 0)
        *bytes += st.st_size;
}

static void sweep_partial(struct store *s, int dir, const char *name, int64_t *bytes)
{
    struct stat st;

    (void)s;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && unlinkat(dir, name, 0) == 0)
        *bytes += st.st_size;
}

/* What a blob that is gone became when it was packed (image/mod/repack.h). */
static void sweep_note(struct store *s, int dir, const char *name, int64_t *bytes)
{
    AUTO_FREE char *digest = xasprintf("sha256:%.*s", (int)strcspn(name, "."), name);

    if (!digest_valid(digest) || !blob_exists(s, digest, NULL))
        sweep_partial(s, dir, name, bytes);
}

/* Where a blob is (store/places.h): of use for as long as somebody may push it again, or a list names it. */
static void sweep_place(struct store *s, int dir, const char *name, int64_t *bytes)
{
    AUTO_FREE char *digest = xasprintf("%s:%s", strlen(name) == 128 ? "sha512" : "sha256", name);
    struct stat st;

    if (referenced(s->db_, digest))
        return;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        time_now() / NSEC_PER_SEC - st.st_mtime > PLACE_DAYS * 86400)
        sweep_partial(s, dir, name, bytes);
}

static void sweep_layer(struct store *s, int dir, const char *name, int64_t *bytes)
{
    int64_t size = 0, entries;

    if (!digest_hex_valid(name) || referenced(s->db_, name))
        return;
    (void)!fs_tree_size(dir, name, &size, &entries);
    if (layer_remove(s, name) == 0)
        *bytes += size;
}

int gc_sweep(struct store *s, int64_t *ret_bytes, struct err *err)
{
    AUTO_CLOSE int lock = gc_lock(s);
    int64_t bytes = 0;

    if (lock == -EAGAIN)
        return 0;
    if (lock < 0)
        return err_sys(err, -lock, "locking the image store");
    int r = collect_locked(s, err);
    if (r < 0)
        return r;
    sweep_dir(s, "oci/blobs/sha256", sweep_blob, &bytes);
    sweep_dir(s, "oci/blobs/sha512", sweep_blob, &bytes);
    sweep_dir(s, "oci/partial", sweep_partial, &bytes);
    sweep_dir(s, "oci/repacked", sweep_note, &bytes);
    sweep_dir(s, "oci/known", sweep_place, &bytes);
    sweep_dir(s, "layers", sweep_layer, &bytes);
    layer_remove_leftovers(s);
    if (ret_bytes)
        *ret_bytes += bytes;
    return 0;
}
