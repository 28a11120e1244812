#include "base/fs.h"
#include "base/lock.h"
#include "base/parse.h"
#include "engine/engine_priv.h"
#include "engine/images.h"
#include "engine/system.h"
#include "image/artifact.h"
#include "image/gc.h"
#include "image/module.h"
#include "image/record.h"
#include "store/blobs.h"
#include "store/layers.h"

#include "base/banned.h"

/* How the check goes
 *
 * What images, lists and artifacts need stands in image_refs: each blob is a task, with the layer that was made
 * of it if there is one.  Tasks are worked on in parallel (image/mod/verify.c) and leave what is wrong.  Who
 * refers to a broken blob or layer is broken with it and is named.  Repair goes from the cheap to the
 * destructive: a layer whose blob is whole is unpacked again; an image or artifact that lacks a blob is
 * dropped; containers, and images that they use, are left alone unless that was allowed. */

struct check {
    struct engine *e;
    struct arena *a;
    struct db *db;
    const struct system_check_options *o;
    struct system_checked *ret;
    struct verify_task *tasks;
    size_t n;
};

static void add_problem(struct check *c, const char *kind, const char *object, const char *what)
{
    *LIST_ADD(c->a, c->ret->problems) = (struct system_problem) { kind, arena_strdup(c->a, object),
                                                                  arena_strdup(c->a, what) };
}

static void done(struct check *c, const char *what, const char *object)
{
    c->ret->done = strv_add(c->a, c->ret->done, arena_printf(c->a, "%s: %s", what, object));
}

/* ---------- looking ---------- */

/* The index through which an image was found need not be kept. */
static int list_tasks(struct check *c, struct err *err)
{
    JSON_LIST(struct verify_task) list = { 0 };
    struct rows q = db_query(c->db, err,
                             "SELECT r.ref, l.key, l.diff_id FROM"
                             " (SELECT DISTINCT ref FROM image_refs WHERE kind != 'layer' AND"
                             " kind != 'index') r LEFT JOIN layers l ON l.blob = r.ref ORDER BY 1",
                             "");
    while (rows_next(&q)) {
        if (!digest_valid(rows_text(&q, 0)))
            continue;
        *LIST_ADD(c->a, list) = (struct verify_task) {
            .digest = arena_strdup(c->a, rows_text(&q, 0)),
            .layer = arena_strdup(c->a, rows_text(&q, 1)),
            .diff_id = arena_strdup(c->a, rows_text(&q, 2)),
        };
    }
    c->tasks = list.items;
    c->n = list.n;
    return rows_end(&q);
}

static void look_quickly(struct check *c)
{
    for (size_t i = 0; i < c->n; i++) {
        struct verify_task *t = &c->tasks[i];
        if (!blob_exists(c->e->store, t->digest, NULL))
            t->bad_blob = arena_strdup(c->a, "is missing");
        if (t->layer && !layer_exists(c->e->store, t->layer))
            t->bad_layer = arena_strdup(c->a, "its directory is missing");
    }
}

/* Owners of @ref: images by ID, artifacts as "artifact:<name>". */
static char **owners_of(struct check *c, const char *ref)
{
    char **out = NULL;
    struct rows q = db_query(c->db, NULL, "SELECT DISTINCT image FROM image_refs WHERE ref = ?",
                             "s", ref);

    while (rows_next(&q))
        out = strv_add(c->a, out, rows_text(&q, 0));
    (void)!rows_end(&q);
    return out;
}

static char *names_of(struct check *c, const char *id)
{
    char **names = NULL;
    struct rows q = db_query(c->db, NULL, "SELECT name FROM image_names WHERE image = ?", "s", id);

    while (rows_next(&q))
        names = strv_add(c->a, names, rows_text(&q, 0));
    (void)!rows_end(&q);
    return names ? arena_printf(c->a, "%s (%s)", id, strv_join(c->a, names, ", "))
                 : arena_strdup(c->a, id);
}

static void blame_owners(struct check *c, const char *ref, const char *what)
{
    for (char **o = owners_of(c, ref); o && *o; o++) {
        const char *text = arena_printf(c->a, "%s %s", ref, what);
        if (str_starts(*o, "artifact:"))
            add_problem(c, "artifact", *o + strlen("artifact:"), text);
        else
            add_problem(c, "image", names_of(c, *o), text);
    }
}

static void report_tasks(struct check *c)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct verify_task *t = &c->tasks[i];
        if (t->bad_blob) {
            add_problem(c, "blob", t->digest, t->bad_blob);
            blame_owners(c, t->digest, t->bad_blob);
        }
        if (t->bad_layer) {
            add_problem(c, "layer", t->layer, t->bad_layer);
            blame_owners(c, t->layer, t->bad_layer);
        }
    }
}

static bool is_referenced(struct check *c, const char *key)
{
    struct rows q = db_query(c->db, NULL, "SELECT 1 FROM image_refs WHERE ref = ? LIMIT 1", "s",
                             key);
    bool yes = rows_next(&q);

    return rows_end(&q) < 0 || yes;
}

/* Layers that no image refers to are what a killed pull leaves; young ones may belong to one that runs. */
static char **stray_layers(struct check *c)
{
    char **out = NULL;
    AUTO_CLOSE int dir = fs_open_dir(c->e->store->graph_fd, "layers");
    char **names = dir < 0 ? NULL : fs_list_dirs(dir, c->a);

    for (; names && *names; names++) {
        struct stat st;
        if (!digest_hex_valid(*names) || is_referenced(c, *names) ||
            fstatat(dir, *names, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (time_now() - (int64_t)st.st_ctim.tv_sec * NSEC_PER_SEC >= c->o->max_age_ns)
            out = strv_add(c->a, out, *names);
    }
    return out;
}

static const char *container_wrong(struct check *c, const struct container *ctr)
{
    char *bundle = container_bundle(c->e, c->a, ctr->config.id);

    if (access(bundle, F_OK) < 0)
        return "its directory is missing";
    if (!ctr->config.rootfs && access(arena_printf(c->a, "%s/upper", bundle), F_OK) < 0 &&
        access(arena_printf(c->a, "%s/rootfs", bundle), F_OK) < 0)
        return "its writable layer is missing";
    for (char **k = ctr->config.layers; k && *k; k++)
        if (!layer_exists(c->e->store, *k))
            return arena_printf(c->a, "layer %s of its image is missing", *k);
    return NULL;
}

static int check_containers(struct check *c, struct container_list *list, struct err *err)
{
    int r = container_list(c->e, c->a, list, err);

    for (size_t i = 0; r == 0 && i < list->n; i++) {
        const char *what = container_wrong(c, &list->items[i]);
        if (what)
            add_problem(c, "container", list->items[i].config.id, what);
    }
    return r;
}

static int check_database(struct check *c, struct err *err)
{
    struct rows q = db_query(c->db, err, c->o->quick ? "SELECT 'ok'" : "PRAGMA quick_check", "");

    while (rows_next(&q))
        if (!str_same(rows_text(&q, 0), "ok"))
            add_problem(c, "database", "db.sqlite", rows_text(&q, 0));
    return rows_end(&q);
}

/* ---------- repairing ---------- */

static bool has_users(struct check *c, const char *image)
{
    struct rows q = db_query(c->db, NULL, "SELECT 1 FROM containers WHERE image = ? LIMIT 1", "s",
                             image);
    bool yes = rows_next(&q);

    return rows_end(&q) < 0 || yes;
}

/* The running container whose root file system the layer is part of: it must not be pulled away from under
 * it.  NULL when there is none. */
static const char *running_user(const struct container_list *list, const char *layer)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].alive && strv_has(list->items[i].config.layers, layer))
            return list->items[i].config.name;
    return NULL;
}

/* Takes the layer away and has it unpacked again for an image that has it. */
static int remake_layer(struct check *c, const struct image_module *m, const char *key)
{
    for (char **o = owners_of(c, key); o && *o; o++) {
        struct image img = { 0 };
        struct err err = { 0 };
        if (image_find(c->e->store, c->a, *o, &img, &err) < 0)
            continue;
        if (layer_exists(c->e->store, key) && layer_remove(c->e->store, key) < 0)
            return -EIO;
        if (m->unpack(c->e->store, &img, &err) == 0)
            return 0;
    }
    return -ENOENT;
}

static void drop_owners(struct check *c, const char *ref)
{
    for (char **o = owners_of(c, ref); o && *o; o++) {
        struct err err = { 0 };
        struct image_removed gone;
        char *digest;
        if (str_starts(*o, "artifact:")) {
            if (artifact_remove(c->e->store, c->a, *o + strlen("artifact:"), &digest, &err) == 0)
                done(c, "Deleted damaged artifact", *o + strlen("artifact:"));
        } else if (c->o->lossy || !has_users(c, *o)) {
            if (images_remove(c->e, c->a, *o, IMAGES_FORCE, &gone, &err) == 0)
                done(c, "Deleted damaged image", *o);
        }
    }
}

static void repair_layer(struct check *c, const struct image_module *m, const struct verify_task *t,
                         const struct container_list *list)
{
    const char *user = running_user(list, t->layer);

    if (user)
        done(c, arena_printf(c->a, "Left alone, since container %s runs on it, layer", user),
             t->layer);
    else if (!t->bad_blob && remake_layer(c, m, t->layer) == 0)
        done(c, "Repaired layer", t->layer);
    else
        drop_owners(c, t->layer);
}

static int repair_tasks(struct check *c, const struct container_list *list, struct err *err)
{
    const struct image_module *m = image_module(err);
    if (!m)
        return -ENOENT;

    for (size_t i = 0; i < c->n; i++) {
        const struct verify_task *t = &c->tasks[i];
        if (t->bad_layer)
            repair_layer(c, m, t, list);
        if (t->bad_blob)
            drop_owners(c, t->digest);
    }
    return 0;
}

static void repair_containers(struct check *c, const struct container_list *list)
{
    const struct container_remove_options rm = { .force = true, .depend = true, .timeout_s = 0 };

    for (size_t i = 0; c->o->lossy && i < list->n; i++) {
        struct err err = { 0 };
        const struct container *ctr = &list->items[i];
        if (container_exists(c->e, ctr->config.id) && container_wrong(c, ctr) &&
            container_remove(c->e, ctr, &rm, &err) == 0)
            done(c, "Deleted damaged container", ctr->config.id);
    }
}

static int repair(struct check *c, const struct container_list *list, char **stray, struct err *err)
{
    int r = repair_tasks(c, list, err);

    if (r < 0)
        return r;
    repair_containers(c, list);
    /* A pull that runs may be about to record a layer. */
    AUTO_CLOSE int idle = stray ? lock_try(c->e->store->run_fd, "locks/image-gc") : -EAGAIN;
    for (; idle >= 0 && *stray; stray++) {
        AUTO_CLOSE int lock = layer_lock(c->e->store, *stray, NULL);
        if (lock >= 0 && !is_referenced(c, *stray) && layer_remove(c->e->store, *stray) == 0)
            done(c, "Deleted damaged layer", *stray);
    }
    close_p(&idle);
    idle = -EBADF;
    return gc_collect(c->e->store, err);
}

int system_check(struct engine *e, struct arena *a, const struct system_check_options *o,
                 struct system_checked *ret, struct err *err)
{
    struct check c = { .e = e, .a = a, .db = store_db(e->store, err), .o = o, .ret = ret };
    struct container_list list = { 0 };
    /* What somebody else removes meanwhile keeps its files until we have looked. */
    AUTO_CLOSE int hold = c.db ? image_hold(e->store, err) : -EIO;
    int r = hold < 0 ? hold : check_database(&c, err);

    if (r == 0)
        r = list_tasks(&c, err);
    if (r < 0)
        return r;
    if (o->quick)
        look_quickly(&c);
    else {
        const struct image_module *m = image_module(err);
        r = m ? m->verify(e->store, a, c.tasks, c.n, err) : -ENOENT;
    }
    if (r < 0)
        return r;
    report_tasks(&c);
    char **stray = stray_layers(&c);
    for (char **k = stray; k && *k; k++)
        add_problem(&c, "layer", *k, "no image refers to it");
    r = check_containers(&c, &list, err);
    if (r < 0 || !(o->repair || o->lossy) || !ret->problems.n)
        return r;
    close_p(&hold);
    hold = -EBADF;
    return repair(&c, &list, stray, err);
}
