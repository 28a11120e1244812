/* One stage: its base, then one instruction after the other. */
#include <stdarg.h>

#include "base/fs.h"
#include "build/build_priv.h"
#include "build/cache.h"
#include "build/words.h"
#include "base/limits.h"
#include "store/blobs.h"
#include "store/layers.h"

#include "base/banned.h"

void build_line(const struct build *b, const char *fmt, ...)
{
    AUTO_FREE char *text = NULL;
    va_list ap;

    if (b->o->quiet)
        return;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n >= 0) /* nobody there to read it: the build is worth something all the same */
        (void)!write_all(b->o->out, text, (size_t)n);
}

/* "[1/2] " where there are several. */
static const char *stage_prefix(const struct stage *st)
{
    const struct build *b = st->b;

    return b->stages.n > 1 ? arena_printf(b->a, "[%zu/%zu] ", st->index + 1, (size_t)b->stages.n)
                           : "";
}

/* ---------- images ---------- */

/* What --build-context says of a name; NULL: nothing. */
static const char *named_context(const struct build *b, const char *name)
{
    return kv_get(&b->o->contexts, name);
}

static const char *without_transport(const char *s)
{
    static const char *const transports[] = { "docker-image://", "container-image://",
                                              "docker://" };

    for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
        if (str_starts(s, transports[i]))
            return s + strlen(transports[i]);
    return NULL;
}

static int find_image(struct build *b, const char *name, const char *platform, struct image *ret,
                      char **ret_name, struct err *err)
{
    struct pull_request p = b->o->pull;
    const char *other = named_context(b, name);

    if (other && !without_transport(other))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "build context %s is %s, not an image: give it as docker-image://NAME", name,
                       other);
    if (platform) {
        char **f = strv_split(b->a, platform, '/');
        p.os = f[0];
        p.arch = f[1];
        p.variant = f[1] ? f[2] : NULL;
    }
    return container_image(b->e, b->a, other ? without_transport(other) : name, &p, ret, ret_name,
                           err);
}

int image_get(struct build *b, const char *name, struct image *ret, char **ret_name,
              struct err *err)
{
    return find_image(b, name, NULL, ret, ret_name, err);
}

/* Directories of the layers, topmost first. */
static char **layer_keys(const struct stage *st)
{
    char **keys = NULL;

    for (size_t i = 0; i < st->stored.n; i++)
        keys = strv_add(st->b->a, keys, st->stored.items[i].key);
    return keys;
}

char **stage_dirs(const struct stage *st)
{
    struct build *b = st->b;

    return layer_dirs(engine_store(b->e), b->a, layer_keys(st));
}

int from_dirs(struct stage *st, const char *name, char ***ret, char **ret_key, struct err *err)
{
    struct build *b = st->b;
    const struct stage *from = plan_find(b, name, st);
    const char *context = named_context(b, name);
    struct image img = { 0 };
    char *found;

    if (from) {
        *ret = stage_dirs(from);
        *ret_key = from->image ? from->image : arena_strdup(b->a, "scratch");
        return 0;
    }
    if (context && !without_transport(context)) {
        char *dir = (char *)(uintptr_t)context;
        int r = build_is_git(context) ? build_clone(b, context, false, &dir, err) : 0;
        AUTO_FREE char *abs = r == 0 ? realpath(dir, NULL) : NULL;
        if (r == 0 && !abs)
            return err_sys(err, errno, "build context %s: %s", name, context);
        *ret = r == 0 ? strv_add(b->a, NULL, abs) : NULL;
        *ret_key = NULL; /* its files' contents count */
        return r;
    }
    int r = image_get(b, name, &img, &found, err);
    if (r == 0)
        r = image_lower_dirs(engine_store(b->e), b->a, &img, ret, err);
    *ret_key = img.id;
    return r;
}

/* ---------- FROM ---------- */

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What a stage changes must not change what it began with. */
static kv_list copy_map(struct arena *a, const kv_list *m)
{
    kv_list out = { 0 };

    for (size_t i = 0; i < m->n; i++)
        *LIST_ADD(a, out) = m->items[i];
    return out;
}

static stored_layers copy_layers(struct arena *a, const stored_layers *l)
{
    stored_layers out = { 0 };

    for (size_t i = 0; i < l->n; i++)
        *LIST_ADD(a, out) = l->items[i];
    return out;
}

static struct image_config copy_config(struct arena *a, const struct image_config *c)
{
    struct image_config out = *c;
    struct image_exec *x = &out.config;

    x->env = strv_copy(a, x->env);
    x->volumes = strv_copy(a, x->volumes);
    x->exposed_ports = strv_copy(a, x->exposed_ports);
    x->onbuild = strv_copy(a, x->onbuild);
    x->labels = copy_map(a, &x->labels);
    out.history.items = NULL;
    out.history.n = 0;
    for (size_t i = 0; i < c->history.n; i++)
        *LIST_ADD(a, out.history) = c->history.items[i];
    return out;
}

static void begin_scratch(struct stage *st)
{
    const struct build_options *o = st->b->o;
    struct arena *a = st->b->a;

    st->config.os = arena_strdup(a, str_empty(o->os) ? "linux" : o->os);
    st->config.architecture = arena_strdup(a, str_empty(o->arch) ? platform_host_arch() : o->arch);
    if (!str_empty(o->variant))
        st->config.variant = o->variant;
}

static void begin_parent(struct stage *st)
{
    const struct stage *p = st->parent;
    struct arena *a = st->b->a;

    st->config = copy_config(a, &p->config);
    st->stored = copy_layers(a, &p->stored);
    st->annotations = copy_map(a, &p->annotations);
    st->image = p->image;
    st->digest = p->digest;
    st->base_id = p->base_id;
    st->base_name = p->base_name;
    st->base_digest = p->base_digest;
    st->base_layers = st->stored.n;
    st->base_history = st->config.history.n;
}

int stage_take_image(struct stage *st, const struct image *img, struct err *err)
{
    struct build *b = st->b;
    char **dirs;
    /* What somebody deleted is unpacked again. */
    int r = image_lower_dirs(engine_store(b->e), b->a, img, &dirs, err);

    st->stored = (stored_layers) { 0 };
    if (r == 0)
        r = image_stored_layers(engine_store(b->e), b->a, img, &st->stored, err);
    st->config = copy_config(b->a, &img->config);
    st->image = img->id;
    st->digest = img->digest;
    return r;
}

static int base_annotations(struct stage *st, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_MANIFEST };
    struct image_manifest m = { 0 };
    int r = blob_read(engine_store(st->b->e), st->digest, &text, err);

    if (r < 0)
        return r;
    AUTO_JSON *doc = json_parse(text.data ? text.data : "", text.len, "manifest", err);
    r = doc ? image_manifest_read(st->b->a, doc, &m, err) : -EINVAL;
    if (r == 0)
        st->annotations = copy_map(st->b->a, &m.annotations);
    return r;
}

static int begin_image(struct stage *st, struct err *err)
{
    struct build *b = st->b;
    struct image img = { 0 };
    char *platform = NULL;
    const char *given = cf_flag(st->from, "platform");
    int r = given ? cf_expand(b->a, given, b->escape, build_global, b, &platform, err) : 0;

    if (r == 0)
        r = find_image(b, st->base, platform, &img, &st->base_name, err);
    if (r == 0)
        r = stage_take_image(st, &img, err);
    if (r == 0 && b->o->inherit_annotations)
        r = base_annotations(st, err);
    if (r < 0)
        return r;
    st->base_id = img.id;
    st->base_digest = img.digest;
    st->base_layers = st->stored.n;
    st->base_history = st->config.history.n;
    if (!b->o->inherit_labels)
        st->config.config.labels = (kv_list) { 0 };
    return 0;
}

/* The base's ONBUILD instructions come first, and are not inherited further. */
static int take_triggers(struct stage *st, struct err *err)
{
    struct arena *a = st->b->a;
    cf_instructions all = { 0 };
    int r = 0;

    if (!st->config.config.onbuild)
        return 0;
    for (char **t = st->config.config.onbuild; r == 0 && *t; t++)
        r = containerfile_line(a, *t, st->b->escape, LIST_ADD(a, all), err);
    for (size_t i = 0; i < st->steps.n; i++)
        *LIST_ADD(a, all) = st->steps.items[i];
    st->steps = all;
    st->config.config.onbuild = NULL;
    return r;
}

static int begin(struct stage *st, struct err *err)
{
    int r = 0;

    if (st->parent)
        begin_parent(st);
    else if (STR_EQ(st->base, "scratch"))
        begin_scratch(st);
    else
        r = begin_image(st, err);
    /* What finds programs is in the image from now on, for its RUN and its containers alike. */
    struct image_exec *x = &st->config.config;
    if (r == 0 && !env_get(x->env, "PATH"))
        x->env = env_set(st->b->a, x->env, "PATH=" DEFAULT_PATH);
    return r < 0 ? r : take_triggers(st, err);
}

/* ---------- the file system ---------- */

int stage_work(struct stage *st, struct err *err)
{
    struct build *b = st->b;
    int r = 0;

    if (st->working)
        return 0;
    if (!st->work.id[0])
        r = transient_make(b->e, b->a, &st->work, err);
    st->work.layers = layer_keys(st);
    if (r == 0)
        r = transient_begin(b->e, b->a, &st->work, err);
    st->working = r == 0;
    return r;
}

const char *stage_name(const struct stage *st)
{
    return st->name ? st->name : arena_printf(st->b->a, "%zu", st->index);
}

/* ---------- steps ---------- */

static void add_key(struct sha256 *sha, const char *s)
{
    sha256_add(sha, s ? s : "\1", s ? strlen(s) + 1 : 2);
}

static void add_words(struct sha256 *sha, char *const *words)
{
    for (; words && *words; words++)
        add_key(sha, *words);
    add_key(sha, NULL);
}

/* Everything that the resulting image depends on. */
static void step_key(const struct step *s, char out[SHA256_HEX])
{
    const struct stage *st = s->st;
    const struct build_options *o = st->b->o;
    struct sha256 sha;
    char text[160];

    sha256_init(&sha);
    add_key(&sha, st->image);
    add_key(&sha, s->created_by);
    add_key(&sha, s->key_more);
    snprintf(text, sizeof(text), "%d %d %d %d %d %lld %d %lld %d", o->docker, o->omit_history,
             o->rewrite_timestamp, o->created_annotation, o->has_timestamp, (long long)o->timestamp,
             o->has_epoch, (long long)o->epoch, o->identity_label);
    add_key(&sha, text);
    add_key(&sha, st->config.os);
    add_key(&sha, st->config.architecture);
    /* A step may be the last one of one build and not of the next: that alone is no difference. */
    bool final = s->last && st == st->b->target;
    add_words(&sha, s->last ? NULL : o->layer_labels);
    add_words(&sha, final ? o->annotations : NULL);
    add_words(&sha, final ? o->unset_env : NULL);
    add_words(&sha, final ? o->unset_labels : NULL);
    add_words(&sha, final ? o->unset_annotations : NULL);
    add_words(&sha, final ? o->os_features : NULL);
    add_key(&sha, final ? o->os_version : NULL);
    add_key(&sha, s->last && o->stage_labels ? stage_name(st) : NULL);
    sha256_hex(&sha, out);
}

/* *ret_local: nobody else had to be asked. */
static bool from_cache(struct step *s, const char *key, bool *ret_local)
{
    struct stage *st = s->st;
    const struct build_options *o = st->b->o;

    if (!build_keeps_layers(st->b) || o->no_cache || o->cache_ttl_ns == 0)
        return false;
    char *id = cache_find(engine_store(st->b->e), st->b->a, key, o->cache_ttl_ns);
    *ret_local = id && commit_take(st, id) == 0;
    return *ret_local || remote_cache_find(s, key);
}

static int carry_out(struct step *s)
{
    struct stage *st = s->st;
    const struct instruction_ops *ops = instruction_ops(s->in->command);
    char key[SHA256_HEX];
    bool local = false;
    int r = ops->prepare(s);

    if (r < 0)
        return r;
    step_key(s, key);
    if (from_cache(s, key, &local)) {
        build_line(st->b, "--> Using cache %s\n", st->image);
        st->cmd_given |= s->in->command == CF_CMD;
        st->working = false;
        return local ? remote_cache_put(s, key) : 0;
    }
    r = ops->apply(s);
    if (r == 0)
        r = commit_step(s);
    if (r < 0 || !build_keeps_layers(st->b))
        return r;
    cache_note(engine_store(st->b->e), key, st->image);
    return remote_cache_put(s, key);
}

static int run_step(struct stage *st, size_t i, struct err *err)
{
    struct build *b = st->b;
    size_t n = st->steps.n;
    struct step s = { .st = st, .in = &st->steps.items[i], .last = i + 1 == n, .err = err };

    build_line(b, "%sSTEP %zu/%zu: %s\n", stage_prefix(st), i + 2, n + 1, s.in->original);
    int r = carry_out(&s);
    copy_done(&s);
    if (r < 0)
        return err_wrap(err, "building at STEP \"%s\"", s.in->original);
    if (!s.last && build_keeps_layers(b))
        build_line(b, "--> %.12s\n", st->image);
    return 0;
}

/* ---------- all of it ---------- */

static int end(struct stage *st, struct err *err)
{
    struct build *b = st->b;
    char *const *tags = st == b->target ? b->o->tags : NULL;
    int r = 0;

    if (st == b->target || !build_keeps_layers(b))
        build_line(b, "%sCOMMIT%s%s\n", stage_prefix(st), tags ? " " : "", tags ? *tags : "");
    if (!st->steps.n || b->o->squash_all)
        r = commit_without_step(st, err);
    if (r == 0)
        build_line(b, "--> %.12s\n", st->image ? st->image : "");
    st->done = r == 0;
    return r;
}

int stage_run(struct stage *st, struct err *err)
{
    build_line(st->b, "%sSTEP 1/%zu: %s\n", stage_prefix(st), st->steps.n + 1, st->from->original);
    int r = begin(st, err);

    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < st->steps.n; i++)
        r = run_step(st, i, err);
    if (r == 0)
        r = end(st, err);
    transient_done(st->b->e, &st->work);
    return r;
}
