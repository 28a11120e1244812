#include "base/copytree.h"
#include "base/fs.h"
#include "base/parse.h"
#include "engine/events.h"
#include "engine/lsm.h"
#include "engine/volumes.h"
#include "image/image.h"

#include "base/banned.h"

/* Volumes as far as containers need them: named ones are made when first used, anonymous ones belong to
 * one container.  A new volume takes over what the image has at the place where it is mounted. */

static int exists(struct db *db, const char *name, bool *ret, struct err *err)
{
    struct rows q = db_query(db, err, "SELECT 1 FROM volumes WHERE name = ?", "s", name);

    *ret = rows_next(&q);
    return rows_end(&q);
}

static int copy_up(struct engine *e, struct arena *a, const struct container_config *c,
                   const struct container_mount *m, int data, struct err *err)
{
    AUTO_CLOSE int root = rootfs_open_image(e, a, c, err);
    if (root < 0)
        return root;
    AUTO_CLOSE int src = fs_open_in_root(root, m->destination, O_RDONLY | O_DIRECTORY, 0);
    if (src < 0) /* the image has nothing there */
        return src == -ENOENT || src == -ENOTDIR
                   ? 0
                   : err_sys(err, -src, "opening %s in the image", m->destination);
    int r = copy_tree(src, data, 0);
    return r < 0 ? err_sys(err, -r, "copying %s of the image into volume %s", m->destination,
                           m->source)
                 : 0;
}

int volume_insert(struct engine *e, struct db *db, const struct volume_config *v, struct err *err)
{
    AUTO_JSON *doc = json_from(&volume_config_type, v);
    AUTO_BUF text = { 0 };

    json_text(doc, 0, &text);
    /* A volume that was reported as made survives a power cut; an anonymous one goes with its container. */
    int r = db_begin(db, v->anonymous ? DB_FAST : DB_DURABLE, err);
    if (r < 0)
        return r;
    r = db_exec(
        db, err,
        "INSERT OR IGNORE INTO volumes(name, driver, created, anonymous, config) VALUES(?,?,?,?,?)",
        "ssibs", v->name, v->driver, v->created, (int)v->anonymous, text.data);
    if (r < 0) {
        db_rollback(db);
        return r;
    }
    return engine_did(e, "volume", "create", NULL, v->name, db_commit(db, err));
}

static int insert(struct engine *e, struct db *db, const struct container_mount *m, struct err *err)
{
    const struct volume_config v = { .name = m->source,
                                     .driver = (char *)(uintptr_t) "local",
                                     .created = time_now(),
                                     .anonymous = m->anonymous };

    return volume_insert(e, db, &v, err);
}

/* The directory is complete before the row exists: a row means a whole volume. */
static int make_volume(struct engine *e, struct arena *a, const struct container_config *c,
                       const struct container_mount *m, struct err *err)
{
    struct db *db = store_db(e->store, err);
    bool have;

    if (!db)
        return -EIO;
    AUTO_CLOSE int lock = store_lock(e->store, "volume", m->source, err);
    if (lock < 0)
        return lock;
    int r = exists(db, m->source, &have, err);
    if (r < 0 || have)
        return r;
    AUTO_FREE char *path = xasprintf("%s/%s/_data", e->volume_path, m->source);
    r = fs_mkdirs(AT_FDCWD, path, 0755);
    if (r < 0)
        return err_sys(err, -r, "making volume %s", m->source);
    AUTO_CLOSE int data = fs_open_dir(AT_FDCWD, path);
    if (data < 0)
        return err_sys(err, -data, "opening volume %s", m->source);
    if (!strv_has(m->options, "nocopy"))
        r = copy_up(e, a, c, m, data, err);
    return r < 0 ? r : insert(e, db, m, err);
}

static int chown_source(struct engine *e, const struct container_mount *m,
                        const struct container_config *c, struct err *err)
{
    uint32_t uid = 0, gid = 0;
    AUTO_FREE char *path = STR_EQ(m->type, "volume")
                               ? xasprintf("%s/%s/_data", e->volume_path, m->source)
                               : xstrdup(m->source);

    if (!strv_has(m->options, "U") ||
        strv_has(m->options, "O")) /* the overlay has owners of its own */
        return 0;
    if (STR_IN(path, "/", "/etc", "/usr", "/bin", "/sbin", "/lib", "/home", "/root", "/var",
               "/proc", "/sys", "/dev"))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "changing the owner of %s (option U) is not allowed", path);
    if (c->user) {
        AUTO_ARENA a = { 0 };
        char **f = strv_split(&a, c->user, ':');
        (void)!parse_u32(f[0], &uid);
        if (f[1])
            (void)!parse_u32(f[1], &gid);
        else
            gid = uid;
    }
    int r = chown_tree(AT_FDCWD, path, uid, gid);
    return r < 0 ? err_sys(err, -r, "changing the owner of %s", path) : 0;
}

int volumes_prepare(struct engine *e, struct arena *a, struct container_config *c, struct err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->mounts.n; i++) {
        struct container_mount *m = &c->mounts.items[i];
        if (STR_EQ(m->type, "volume")) {
            if (str_empty(m->source)) {
                char id[65];
                store_random_id(id, 64);
                m->source = arena_strdup(a, id);
                m->anonymous = true;
            }
            r = make_volume(e, a, c, m, err);
            c->volumes = strv_add(a, c->volumes, m->source);
        }
        if (r == 0 && STR_IN(m->type, "volume", "bind"))
            r = chown_source(e, m, c, err);
        if (r == 0 && STR_EQ(m->type, "bind"))
            r = selinux_relabel(a, c, m->options, m->source, err);
        if (r == 0 && STR_EQ(m->type, "volume")) /* any container may have it */
            r = selinux_relabel(a, c, (char *[]) { (char *)(uintptr_t) "z", NULL },
                                arena_printf(a, "%s/%s/_data", e->volume_path, m->source), err);
    }
    return r;
}

/* 1 when it was removed, 0 when somebody uses it. */
int volume_remove_unused(struct engine *e, struct db *db, const char *name, struct err *err)
{
    AUTO_CLOSE int lock = store_lock(e->store, "volume", name, err);
    if (lock < 0)
        return lock;
    int r = db_exec(db, err,
                    "DELETE FROM volumes WHERE name = ?1 AND NOT EXISTS "
                    "(SELECT 1 FROM container_volumes WHERE volume = ?1)",
                    "s", name);
    if (r <= 0)
        return r;
    AUTO_CLOSE int dir = fs_open_dir(AT_FDCWD, e->volume_path);
    r = dir < 0 ? dir : fs_remove_tree(dir, name);
    return r < 0 ? err_sys(err, -r, "removing volume %s", name)
                 : engine_did(e, "volume", "remove", NULL, name, 1);
}

int volumes_remove_anonymous(struct engine *e, const struct container_config *c, struct err *err)
{
    struct db *db = store_db(e->store, err);
    int r = 0;

    if (!db)
        return -EIO;
    for (size_t i = 0; r >= 0 && i < c->mounts.n; i++)
        if (STR_EQ(c->mounts.items[i].type, "volume") && c->mounts.items[i].anonymous)
            r = volume_remove_unused(e, db, c->mounts.items[i].source, err);
    return r < 0 ? r : 0;
}
