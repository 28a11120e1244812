/* What an instruction made becomes a layer and an image.
 *
 * With layers each instruction has its image.  Otherwise (--layers=false, --squash) all changes of a stage stay in
 * one upper directory, which becomes one layer at the stage's end; --squash-all writes the merged root. */
#include <dirent.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/parse.h"
#include "build/build_priv.h"
#include "build/cache.h"

#include "base/banned.h"

/* What `podman build` writes into the label io.buildah.version: its users look whether it is there. */
#define BUILDER_VERSION "1.44.0"

bool build_keeps_layers(const struct build *b)
{
    return b->o->layers && !b->o->squash && !b->o->squash_all;
}

static int64_t created(const struct build *b)
{
    const struct build_options *o = b->o;

    if (o->has_timestamp)
        return o->timestamp * NSEC_PER_SEC;
    return o->has_epoch ? o->epoch * NSEC_PER_SEC : time_now();
}

/* ---------- times ---------- */

/* Every file's time becomes @when, or with @later only that of files that are newer. */
static int set_times(int dir, int64_t when, bool later)
{
    AUTO_CLOSE int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = copy < 0 ? NULL : fdopendir(copy);
    const struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
    struct stat st;
    int r = 0;

    if (!d)
        return -errno;
    copy = -EBADF;
    for (struct dirent *e; r == 0 && (e = readdir(d));) {
        if (STR_IN(e->d_name, ".", ".."))
            continue;
        if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            r = -errno;
        if (r == 0 && S_ISDIR(st.st_mode)) {
            AUTO_CLOSE int sub = openat(dir, e->d_name,
                                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            r = sub < 0 ? -errno : set_times(sub, when, later);
        }
        if (r == 0 && (!later || st.st_mtim.tv_sec >= when) &&
            utimensat(dir, e->d_name, times, AT_SYMLINK_NOFOLLOW) < 0)
            r = -errno;
    }
    closedir(d);
    return r;
}

static int fix_times(const struct build *b, int dir, struct err *err)
{
    const struct build_options *o = b->o;
    int r = 0;

    if (o->has_timestamp)
        r = set_times(dir, o->timestamp, false);
    else if (o->rewrite_timestamp && o->has_epoch)
        r = set_times(dir, o->epoch, true);
    return r < 0 ? err_sys(err, -r, "setting the times of a layer's files") : 0;
}

/* ---------- a layer ---------- */

/* Does the archive have to tell of "/" itself?  One that does not is unpacked to a plain directory here, and to what
 * the layer below has by others: so it may be silent where all three are the same. */
static bool tells_root(const struct stage *st, int dir)
{
    char **below = stage_dirs(st);
    struct stat now, was = { .st_mode = S_IFDIR | 0755 };

    if (fstat(dir, &now) < 0 || (below && stat(below[0], &was) < 0))
        return true;
    return (now.st_mode & 07777) != 0755 || now.st_uid || now.st_gid ||
           was.st_mode != now.st_mode || was.st_uid || was.st_gid;
}

static int upper_layer(struct stage *st, struct stored_layer *ret, struct err *err)
{
    struct build *b = st->b;
    struct store *s = engine_store(b->e);
    int r = stage_work(st, err);

    if (r < 0)
        return r;
    transient_settle(&st->work);
    AUTO_CLOSE int upper = fs_open_dir(AT_FDCWD, transient_upper(b->a, &st->work));
    if (upper < 0)
        return err_sys(err, -upper, "opening %s", st->work.dir);
    const struct image_tree tree = { .root = upper,
                                     .as = tells_root(st, upper) ? "." : NULL,
                                     .upper = true };
    r = fix_times(b, upper, err);
    if (r == 0)
        r = image_layer_blob(s, b->a, &tree, ret, err);
    if (r == 0)
        r = image_layer_adopt(s, ret, arena_printf(b->a, "containers/%s/upper", st->work.id), err);
    st->working = false;
    return r;
}

/* The merged root as the only layer: its blob is unpacked again, which happens once a build at most. */
static int whole_layer(struct stage *st, struct stored_layer *ret, struct err *err)
{
    struct build *b = st->b;
    struct store *s = engine_store(b->e);
    struct transient out = { 0 };
    int r = stage_work(st, err);
    int root = r < 0 ? r : transient_root(b->e, b->a, &st->work, err);

    if (root < 0)
        return root;
    r = transient_make(b->e, b->a, &out, err);
    if (r == 0)
        r = transient_begin(b->e, b->a, &out, err);
    AUTO_CLOSE int dir = r < 0 ? r : fs_open_dir(AT_FDCWD, transient_upper(b->a, &out));
    const struct image_tree all = { .root = root };
    struct image_tree copy = { .root = dir };
    const struct image_copy c = { .tree = &all,
                                  .dir = dir,
                                  .in = -EBADF,
                                  .out = -EBADF,
                                  .prefix = "/",
                                  .rootless = engine_rootless(b->e) };
    if (r == 0)
        r = dir < 0 ? err_sys(err, -dir, "opening %s", out.dir) : image_copy(&c, err);
    struct stat top;
    if (r == 0 && (fstat(root, &top) < 0 || fchown(dir, top.st_uid, top.st_gid) < 0 ||
                   fchmod(dir, top.st_mode & 07777) < 0))
        r = err_sys(err, errno, "copying the root directory");
    if (r == 0)
        r = fix_times(b, dir, err);
    if (r == 0 && tells_root(st, dir))
        copy.as = ".";
    if (r == 0)
        r = image_layer_blob(s, b->a, &copy, ret, err);
    if (r == 0)
        r = image_layer_adopt(s, ret, arena_printf(b->a, "containers/%s/upper", out.id), err);
    transient_done(b->e, &out);
    transient_settle(&st->work);
    st->working = false;
    return r;
}

/* ---------- an image ---------- */

static void take_away(struct arena *a, kv_list *m, char *const *keys)
{
    kv_list kept = { 0 };

    for (size_t i = 0; i < m->n; i++)
        if (!strv_has(keys, m->items[i].key))
            *LIST_ADD(a, kept) = m->items[i];
    *m = kept;
}

static void set_words(struct arena *a, kv_list *m, char *const *words)
{
    kv_list copy = { 0 };

    for (size_t i = 0; i < m->n; i++)
        *LIST_ADD(a, copy) = m->items[i];
    *m = copy;
    kv_set_words(a, m, words);
}

/* What options say of the finished image. */
static void finish_config(struct stage *st)
{
    const struct build_options *o = st->b->o;
    struct arena *a = st->b->a;
    struct image_config *c = &st->config;

    for (char **k = o->unset_env; k && *k; k++)
        c->config.env = env_unset(a, c->config.env, *k);
    take_away(a, &c->config.labels, o->unset_labels);
    if (o->os_version)
        c->os_version = o->os_version;
    if (o->os_features)
        c->os_features = o->os_features;
}

static void annotate(struct stage *st, bool last, kv_list *ret)
{
    const struct build_options *o = st->b->o;
    struct arena *a = st->b->a;
    char when[TIME_TEXT_MAX];

    set_words(a, ret, NULL);
    if (o->created_annotation)
        kv_set(a, ret, "org.opencontainers.image.created",
               arena_strdup(a, time_format_rfc3339(st->config.created, when)));
    if (st->base_digest)
        kv_set(a, ret, "org.opencontainers.image.base.digest", st->base_digest);
    if (st->base_name)
        kv_set(a, ret, "org.opencontainers.image.base.name", st->base_name);
    if (last && st == st->b->target) {
        take_away(a, ret, o->unset_annotations);
        kv_set_words(a, ret, o->annotations);
    }
}

static int make_image(struct stage *st, bool last, struct err *err)
{
    struct build *b = st->b;
    struct image_config c;
    struct stored_image img;

    st->config.created = created(b);
    if (b->o->identity_label)
        kv_set(b->a, &st->config.config.labels, "io.buildah.version", BUILDER_VERSION);
    if (last && st == b->target)
        finish_config(st);
    if (last && b->o->stage_labels) {
        kv_set(b->a, &st->config.config.labels, "io.buildah.stage.name", stage_name(st));
        kv_set(b->a, &st->config.config.labels, "io.buildah.stage.base",
               st->parent && st->parent->image ? st->parent->image : st->base);
    }
    c = st->config;
    if (!last)
        set_words(b->a, &c.config.labels, b->o->layer_labels);
    if (b->o->omit_history) {
        c.history.items = NULL;
        c.history.n = 0;
    }
    struct image_assembly as = {
        .config = &c, .layers = &st->stored, .docker = b->o->docker, .annotations = st->annotations
    };
    annotate(st, last, &as.annotations);
    int r = image_assemble(engine_store(b->e), b->a, &as, &img, err);
    if (r < 0)
        return r;
    *LIST_ADD(b->a, b->made) = img;
    st->image = img.id;
    st->digest = img.digest;
    return 0;
}

static void note_history(struct stage *st, const char *created_by, bool layer)
{
    struct image_history *h = LIST_ADD(st->b->a, st->config.history);
    bool first = st->config.history.n == st->base_history + 1;

    *h = (struct image_history) { .created = created(st->b),
                                  .created_by = arena_strdup(st->b->a, created_by),
                                  .empty_layer = !layer };
    if (first && st->base_name)
        h->comment = arena_printf(st->b->a, "FROM %s", st->base_name);
}

int commit_step(struct step *s)
{
    struct stage *st = s->st;
    struct build *b = st->b;
    bool each = build_keeps_layers(b), layer;
    int r = 0;

    st->dirty |= s->layer;
    layer = st->dirty && (each || s->last) && !b->o->squash_all;
    note_history(st, s->created_by, layer);
    if (b->o->squash_all || (!each && !s->last))
        return 0;
    if (layer) {
        struct stored_layer l = { 0 };
        r = upper_layer(st, &l, s->err);
        if (r == 0)
            *LIST_ADD(b->a, st->stored) = l;
        st->dirty = false;
    }
    return r < 0 ? r : make_image(st, s->last, s->err);
}

/* A stage of nothing but FROM is its base; one that is squashed whole becomes one layer. */
int commit_without_step(struct stage *st, struct err *err)
{
    struct build *b = st->b;
    struct stored_layer l = { 0 };

    if (!b->o->squash_all) {
        bool changes = st == b->target && (b->o->annotations || b->o->unset_env ||
                                           b->o->unset_labels || b->o->unset_annotations);
        return st->image && !changes ? 0 : make_image(st, true, err);
    }
    int r = whole_layer(st, &l, err);
    if (r < 0)
        return r;
    st->stored = (stored_layers) { 0 };
    *LIST_ADD(b->a, st->stored) = l;
    st->config.history.items = NULL;
    st->config.history.n = 0;
    st->base_name = st->base_digest = NULL;
    note_history(st, "/bin/sh", true);
    return make_image(st, true, err);
}

/* ---------- what was made before ---------- */

static bool take_made(struct stage *st, const char *id)
{
    struct build *b = st->b;

    for (size_t i = 0; i < b->made.n; i++) {
        const struct stored_image *m = &b->made.items[i];
        if (!STR_EQ(m->id, id))
            continue;
        AUTO_JSON *doc = json_parse(m->config, strlen(m->config), "image configuration", NULL);
        struct image_config c = { 0 };
        if (!doc || image_config_read(b->a, doc, &c, NULL) < 0)
            return false;
        st->config = c;
        st->stored = (stored_layers) { 0 };
        for (size_t k = 0; k < m->layers.n; k++)
            *LIST_ADD(b->a, st->stored) = m->layers.items[k];
        st->image = m->id;
        st->digest = m->digest;
        return true;
    }
    return false;
}

int commit_take(struct stage *st, const char *id)
{
    struct image img = { 0 };
    struct build *b = st->b;

    if (take_made(st, id))
        return 0;
    int r = image_find(engine_store(b->e), b->a, id, &img, NULL);
    return r < 0 ? r : stage_take_image(st, &img, NULL);
}

/* ---------- names ---------- */

int commit_record(struct build *b, struct err *err)
{
    int r = image_assembled(engine_store(b->e), &b->made, err);

    b->made = (stored_images) { 0 };
    return r;
}

static bool has_name(struct build *b, const char *name, const char *id)
{
    struct image img = { 0 };

    return image_find(engine_store(b->e), b->a, name, &img, NULL) == 0 && STR_EQ(img.id, id);
}

int commit_names(struct build *b, const struct stage *st, struct err *err)
{
    struct stored_image *made = NULL;
    char **full = NULL;
    int r = 0;

    for (size_t i = 0; i < b->made.n; i++)
        if (STR_EQ(b->made.items[i].id, st->image))
            made = &b->made.items[i];
    for (char **t = b->o->tags; r == 0 && t && *t; t++) {
        char *name;
        r = image_complete_name(b->a, *t, &name, err);
        if (r == 0)
            full = strv_add(b->a, full, name);
    }
    if (r == 0 && made)
        made->names = full;
    if (r == 0)
        r = commit_record(b, err);
    for (char **t = full; r == 0 && t && *t; t++) {
        if (!made && !has_name(b, *t, st->image))
            r = image_tag(engine_store(b->e), st->image, *t, err);
        if (r == 0)
            build_line(b, "Successfully tagged %s\n", *t);
    }
    return r;
}
