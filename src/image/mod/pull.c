#include "image/mod/pull.h"

#include "base/limits.h"
#include "base/progress.h"
#include "image/mod/copy.h"
#include "image/mod/daemon.h"
#include "image/mod/hash.h"
#include "image/mod/http.h"
#include "image/mod/load.h"
#include "image/mod/registry.h"
#include "image/mod/retry.h"
#include "image/mod/trust.h"
#include "store/blobs.h"
#include "store/places.h"

#include "base/banned.h"

struct puller {
    const struct store *s;
    struct arena *a;
    const struct module_pull *p;
    const struct image_pull_options *opt;
    struct registries conf;
    struct registry_options reg;
    stored_images *ret;
};

/* A repository that answered, with the manifest it gave. */
struct opened {
    struct registry *reg;
    struct buf manifest;
    char *type;
};

static void opened_done(struct opened *o)
{
    o->reg = registry_free(o->reg);
    buf_done(&o->manifest);
}
#define AUTO_OPENED CLEANUP(opened_done) struct opened

static int open_place(struct puller *c, const struct registry_place *place, struct opened *o,
                      struct err *err)
{
    const struct image_ref *ref = &place->ref;

    o->reg = registry_open(place, &c->reg, err);
    if (!o->reg)
        return -err->errnum;
    return registry_manifest(o->reg, c->a, ref->digest ? ref->digest : ref->tag, &o->manifest,
                             &o->type, err);
}

/* "(Mirrors also failed: [a: why]): text of the last". */
static int mirrors_failed(struct err *err, const struct buf *mirrors, const char *last)
{
    struct err e = *err;

    err_clear(err);
    return err_set(err, e.kind, e.errnum, "(Mirrors also failed: %s): %s: %s", mirrors->data, last,
                   e.msg);
}

/* Tries the mirrors and then the registry itself. */
static int open_any(struct puller *c, const struct image_ref *ref, struct opened *o,
                    struct err *err)
{
    AUTO_BUF failed = { .max = 600 };
    place_list places = { 0 };
    int r = registries_places(&c->conf, c->a, ref, &places, err);

    for (size_t i = 0; r == 0 && i < places.n; i++) {
        const struct registry_place *place = &places.items[i];
        r = open_place(c, place, o, err);
        if (r == 0 || i + 1 == places.n)
            break;
        AUTO_FREE char *line = xasprintf("%s[%s: %s]", failed.len ? " " : "",
                                         ref_text(c->a, &place->ref), err->msg);
        (void)!buf_add(&failed, line, MIN(strlen(line), failed.max - failed.len));
        err_clear(err);
        opened_done(o);
        r = 0;
    }
    if (r < 0 && failed.len)
        return mirrors_failed(err, &failed, ref_text(c->a, &places.items[places.n - 1].ref));
    return r;
}

static int open_with_retries(struct puller *c, const struct image_ref *ref, struct opened *o,
                             struct err *err)
{
    const struct retry retry = { c->opt->retry, c->opt->retry_delay_ns };

    for (uint64_t attempt = 0;; attempt++) {
        int r = open_any(c, ref, o, err);
        if (!retry_helps(&retry, r) || attempt >= retry.times)
            return r;
        opened_done(o);
        retry_again(&retry, attempt, c->opt->progress, err);
    }
}

/* ---------- platforms ---------- */

static const char *wanted_os(const struct puller *c)
{
    return str_empty(c->opt->os) ? "linux" : c->opt->os;
}

static const char *wanted_arch(const struct puller *c)
{
    return str_empty(c->opt->arch) ? platform_host_arch() : c->opt->arch;
}

static const struct descriptor *choose(const struct puller *c, const struct image_index *idx)
{
    const struct descriptor *best = NULL;
    int score = 0;

    for (size_t i = 0; i < idx->manifests.n; i++) {
        int m = platform_match(idx->manifests.items[i].platform, wanted_os(c), wanted_arch(c),
                               c->opt->variant);
        if (m > score) {
            score = m;
            best = &idx->manifests.items[i];
        }
    }
    return best;
}

/* Follows indexes down to one image manifest. */
static int resolve_index(struct puller *c, struct opened *o, struct stored_image *img,
                         struct err *err)
{
    char digest[DIGEST_MAX];

    for (int depth = 0; depth < 4; depth++) {
        struct image_index idx = { 0 };
        AUTO_JSON *doc = json_parse(o->manifest.data ? o->manifest.data : "", o->manifest.len,
                                    "manifest", err);
        if (!doc)
            return -EINVAL;
        if (!image_is_index(doc, o->type))
            return 0;
        int r = image_index_read(c->a, doc, &idx, err);
        if (r < 0)
            return r;
        const struct descriptor *d = choose(c, &idx);
        if (!d)
            return err_set(
                err, ERR_NOT_FOUND, ENOENT,
                "choosing an image from manifest list: no image found in image index for "
                "architecture %s, variant \"%s\", OS %s",
                wanted_arch(c), c->opt->variant ? c->opt->variant : "", wanted_os(c));
        img->digests = strv_add(c->a, img->digests,
                                hash_of(o->manifest.data, o->manifest.len, NULL, digest));
        r = registry_manifest(o->reg, c->a, d->digest, &o->manifest, &o->type, err);
        if (r < 0)
            return r;
    }
    return err_set(err, ERR_BAD_PARAM, ELOOP, "indexes are nested too deep");
}

static void warn_platform(const struct puller *c, const struct stored_image *img)
{
    AUTO_ARENA a = { 0 };
    struct image_config ic = { 0 };
    AUTO_JSON *doc = json_parse(img->config, strlen(img->config), "configuration", NULL);

    if (!doc || image_config_read(&a, doc, &ic, NULL) < 0)
        return;
    if (!str_same(ic.os, wanted_os(c)) || !str_same(ic.architecture, wanted_arch(c)))
        progress_line(
            c->opt->progress,
            "WARNING: image platform (%s/%s) does not match the expected platform (%s/%s)", ic.os,
            ic.architecture, wanted_os(c), wanted_arch(c));
}

/* ---------- one image ---------- */

static int check_media_type(const struct opened *o, struct err *err)
{
    if (str_same(o->type, MT_DOCKER_MANIFEST_V1) || str_same(o->type, MT_DOCKER_MANIFEST_V1S))
        return err_set(
            err, ERR_UNSUPPORTED, EOPNOTSUPP,
            "the registry has the image in Docker's schema 1 only, which is not supported");
    return 0;
}

static int copy_opened(struct puller *c, struct opened *o, struct stored_image *img,
                       struct err *err)
{
    AUTO_BUF config = { .max = LIMIT_IMAGE_CONFIG };
    struct blob_source src = { .fetch = registry_blob,
                               .arg = o->reg,
                               .remote = true,
                               .retry = { c->opt->retry, c->opt->retry_delay_ns },
                               .decryption_keys = c->opt->decryption_keys };
    struct image_manifest m = { 0 };

    AUTO_JSON *doc = json_parse(o->manifest.data, o->manifest.len, "manifest", err);
    int r = doc ? image_manifest_read(c->a, doc, &m, err) : -EINVAL;
    if (r == 0)
        r = copy_fetch_small(&src, &m.config, &config, err);
    if (r < 0)
        return r;
    const char *type = !str_empty(m.media_type) ? m.media_type
                       : !str_empty(o->type)    ? o->type
                                                : MT_OCI_MANIFEST;
    return copy_image(c->s, c->a, &src, &o->manifest, type, &config, c->opt->progress, img, err);
}

static int check_trust(struct puller *c, const struct image_ref *ref, const struct opened *o,
                       struct err *err)
{
    char digest[DIGEST_MAX];
    struct trust_image img = { .transport = "docker",
                               .ref = ref,
                               .digest = hash_of(o->manifest.data, o->manifest.len, NULL, digest),
                               .registry = o->reg };

    return trust_check(c->a, c->opt->signature_policy, &img, err);
}

/* @ref is complete. */
static int pull_ref(struct puller *c, const struct image_ref *ref, struct err *err)
{
    AUTO_OPENED o = { .manifest.max = LIMIT_MANIFEST };
    char *name = ref_text(c->a, ref);
    struct stored_image *img = LIST_ADD(c->a, *c->ret);

    progress_line(c->opt->progress, "Trying to pull %s...", name);
    int r = open_with_retries(c, ref, &o, err);
    if (r == 0)
        r = check_media_type(&o, err);
    if (r < 0)
        r = err_wrap(err, "unable to copy from source docker://%s: initializing source docker://%s",
                     name, name);
    else {
        progress_line(c->opt->progress, "Getting image source signatures");
        r = resolve_index(c, &o, img, err);
        if (r == 0)
            r = check_trust(c, ref, &o, err);
        if (r == 0)
            r = copy_opened(c, &o, img, err);
        if (r < 0)
            r = err_wrap(err, "unable to copy from source docker://%s", name);
    }
    if (r < 0) {
        c->ret->n--;
        return r;
    }
    warn_platform(c, img);
    img->names = strv_add(c->a, img->names, name);
    return 0;
}

static int pull_all_tags(struct puller *c, const struct image_ref *ref, struct err *err)
{
    place_list places = { 0 };
    char **tags = NULL;
    int r = registries_places(&c->conf, c->a, ref, &places, err);

    if (r < 0)
        return r;
    AUTO_REGISTRY *reg = registry_open(&places.items[places.n - 1], &c->reg, err);
    r = reg ? registry_tags(reg, c->a, &tags, err) : -EIO;
    for (; r == 0 && tags && *tags; tags++) {
        struct image_ref one = *ref;
        one.tag = *tags;
        r = pull_ref(c, &one, err);
    }
    return r;
}

static int pull_one(struct puller *c, const struct image_ref *ref, struct err *err)
{
    return c->opt->all_tags ? pull_all_tags(c, ref, err) : pull_ref(c, ref, err);
}

/* Each candidate in turn; the first that works is what the name meant. */
static int pull_candidates(struct puller *c, char *const *names, struct err *err)
{
    AUTO_BUF failed = { .max = sizeof(err->msg) };
    size_t n = strv_len(names);
    struct image_ref ref;

    for (size_t i = 0; i < n; i++) {
        int r = ref_parse(c->a, names[i], &ref, err);
        if (r == 0)
            r = pull_one(c, &ref, err);
        if (r == 0 || n == 1)
            return r;
        AUTO_FREE char *line = xasprintf("\n * %s", err->msg);
        (void)!buf_add(&failed, line, MIN(strlen(line), failed.max - failed.len));
        err_clear(err);
    }
    return err_set(err, ERR_NOT_FOUND, ENOENT, "%zu errors occurred while pulling:%s", n,
                   failed.data ? failed.data : "");
}

/* Several names, and somebody who can tell which is meant: 0 with the one in @names, or as it was when there
 * is nobody. */
static int ask(struct puller *c, const char *name, char ***names, bool *asked, struct err *err)
{
    const char *mode = c->conf.short_name_mode;

    if (strv_len(*names) < 2 || str_same(mode, "disabled"))
        return 0;
    int i = c->p->choose ? c->p->choose("Please select an image", *names) : -ENOTTY;
    if (i == -ENOTTY && !str_same(mode, "enforcing"))
        return 0;
    if (i == -ENOTTY)
        return err_set(err, ERR_BAD_PARAM, ENOTTY,
                       "short-name resolution enforced but cannot prompt without a TTY");
    if (i < 0)
        return err_set(err, ERR_BAD_PARAM, ECANCELED, "no image was selected for \"%s\"", name);
    *asked = true;
    *names = strv_add(c->a, NULL, (*names)[i]);
    return 0;
}

/* What was chosen and could be pulled is what the name means from now on. */
static void remember(struct puller *c, const struct image_ref *ref, const char *chosen)
{
    struct image_ref full;
    struct err err = { 0 };

    if (ref_parse(c->a, chosen, &full, &err) < 0 ||
        registries_record_alias(c->a, ref->path, ref_repo(c->a, &full), &err) < 0)
        progress_line(c->opt->progress, "WARNING: recording short-name alias \"%s\": %s", ref->path,
                      err.msg);
}

static int pull_docker(struct puller *c, const char *name, struct err *err)
{
    bool asked = false;
    struct image_ref ref;
    char **names = NULL, *how = NULL;
    int r;

    if (str_starts(name, "//"))
        name += 2;
    if ((r = ref_parse(c->a, name, &ref, err)) < 0)
        return r;
    if (c->opt->all_tags && (ref.tag || ref.digest))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "--all-tags requires a reference without a tag");
    if (ref.tag && ref.digest)
        ref.tag = NULL;
    if (ref.registry) {
        ref_complete(c->a, &ref, NULL);
        return pull_one(c, &ref, err);
    }
    if ((r = registries_candidates(&c->conf, c->a, &ref, &names, &how, err)) < 0)
        return r;
    if ((r = ask(c, name, &names, &asked, err)) < 0)
        return r;
    if (!asked)
        progress_line(c->opt->progress, "%s", how);
    r = pull_candidates(c, names, err);
    if (r == 0 && asked)
        remember(c, &ref, names[0]);
    return r;
}

/* ---------- other transports ---------- */

/* "PATH[:REFERENCE]" */
static int pull_file(struct puller *c, const char *name, enum layout layout, struct err *err)
{
    char *path = arena_strdup(c->a, name);
    char *colon = layout == LAYOUT_DOCKER_DIR ? NULL : strchr(path, ':');
    struct load_options o = { .os = c->opt->os,
                              .arch = c->opt->arch,
                              .variant = c->opt->variant,
                              .decryption_keys = c->opt->decryption_keys,
                              .progress = c->opt->progress };

    if (colon) {
        *colon = '\0';
        o.reference = colon + 1;
    }
    struct trust_image what = { .transport = c->p->transport, .path = path };
    int r = trust_check(c->a, c->opt->signature_policy, &what, err);
    if (r < 0)
        return r;
    AUTO_ARCHIVE *ar = archive_open(c->s, path, -1, err);
    if (!ar)
        return -EIO;
    progress_line(c->opt->progress, "Getting image source signatures");
    r = load_archive(c->s, c->a, ar, layout, &o, c->ret, err);
    if (r < 0)
        return r;
    /* A directory names no image: the path becomes the name. */
    if (archive_is_dir(ar) && c->ret->n == 1) {
        struct image_ref ref;
        const char *rest = path + strspn(path, "/");
        struct stored_image *img = &c->ret->items[0];
        if (ref_parse(c->a, arena_printf(c->a, "localhost/%s", rest), &ref, NULL) == 0) {
            ref_complete(c->a, &ref, NULL);
            img->names = strv_add(c->a, NULL, ref_text(c->a, &ref));
        }
    }
    return 0;
}

static int open_conf(struct puller *c, struct err *err)
{
    const struct image_pull_options *o = c->opt;

    http_init();
    int r = registries_load(c->a, &c->conf, err);
    c->reg = (struct registry_options) { .tls_verify = o->tls_verify,
                                         .cert_dir = o->cert_dir,
                                         .authfile = o->authfile,
                                         .creds = o->creds,
                                         .helpers = c->conf.credential_helpers };
    return r;
}

/* The daemon gives a Docker archive. */
static int pull_daemon(struct puller *c, const char *name, struct err *err)
{
    struct load_options o = { .os = c->opt->os,
                              .arch = c->opt->arch,
                              .variant = c->opt->variant,
                              .decryption_keys = c->opt->decryption_keys,
                              .progress = c->opt->progress };
    AUTO_CLOSE int fd = daemon_get(c->s, name, err);

    if (fd < 0)
        return fd;
    AUTO_ARCHIVE *ar = archive_open(c->s, NULL, fd, err);
    if (!ar)
        return -EIO;
    progress_line(c->opt->progress, "Getting image source signatures");
    return load_archive(c->s, c->a, ar, LAYOUT_DOCKER_ARCHIVE, &o, c->ret, err);
}

int module_pull(const struct store *s, struct arena *a, const struct module_pull *p,
                stored_images *ret, struct err *err)
{
    static const struct {
        const char *transport;
        enum layout layout;
    } files[] = {
        { "oci", LAYOUT_OCI },
        { "oci-archive", LAYOUT_OCI },
        { "docker-archive", LAYOUT_DOCKER_ARCHIVE },
        { "dir", LAYOUT_DOCKER_DIR },
    };
    struct puller c = { .s = s, .a = a, .p = p, .opt = p->opt, .ret = ret };

    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        if (STR_EQ(files[i].transport, p->transport))
            return pull_file(&c, p->name, files[i].layout, err);
    if (STR_EQ(p->transport, "docker-daemon"))
        return pull_daemon(&c, p->name, err);
    int r = open_conf(&c, err);
    return r < 0 ? r : pull_docker(&c, p->name, err);
}

/* ---------- fetch ---------- */

static int store_text(struct puller *c, const struct opened *o, struct image_fetched *ret,
                      struct err *err)
{
    char digest[DIGEST_MAX];

    ret->digest = arena_strdup(c->a, hash_of(o->manifest.data, o->manifest.len, NULL, digest));
    ret->media_type = arena_strdup(c->a, o->type);
    return blob_put(c->s, ret->digest, o->manifest.data, o->manifest.len, err);
}

/* The configuration of the manifest in @o, with @all its other blobs too. */
static int fetch_blobs(struct puller *c, const struct opened *o, const json_t *doc, bool all,
                       struct err *err)
{
    struct image_manifest m = { 0 };
    struct blob_source src = { .fetch = registry_blob,
                               .arg = o->reg,
                               .remote = true,
                               .retry = { c->opt->retry, c->opt->retry_delay_ns } };
    int r = image_manifest_read(c->a, doc, &m, err);

    if (r < 0)
        return r;
    if (!all)
        m.layers = (descriptor_list) { 0 };
    *LIST_ADD(c->a, m.layers) = m.config;
    return copy_blobs(c->s, c->a, &src, m.layers.items, m.layers.n, c->opt->progress, err);
}

static int fetch_opened(struct puller *c, struct opened *o, enum image_fetch_what what,
                        struct image_fetched *ret, struct err *err)
{
    struct stored_image img = { 0 };
    int r = check_media_type(o, err);

    if (r == 0 && what != FETCH_TEXT)
        r = resolve_index(c, o, &img, err);
    if (r < 0)
        return r;
    AUTO_JSON *doc = json_parse(o->manifest.data ? o->manifest.data : "", o->manifest.len,
                                "manifest", err);
    if (!doc)
        return -EINVAL;
    const char *type = json_string_value(json_object_get(doc, "mediaType"));
    if (type)
        o->type = arena_strdup(c->a, type);
    if (what != FETCH_TEXT && !image_is_index(doc, o->type))
        r = fetch_blobs(c, o, doc, what == FETCH_ALL, err);
    return r < 0 ? r : store_text(c, o, ret, err);
}

static int fetch_ref(struct puller *c, const char *name, enum image_fetch_what what,
                     struct image_fetched *ret, struct err *err)
{
    AUTO_OPENED o = { .manifest.max = LIMIT_MANIFEST };
    struct image_ref ref;
    int r = ref_parse(c->a, name, &ref, err);

    if (r < 0)
        return r;
    if (ref.digest)
        ref.tag = NULL;
    ref_complete(c->a, &ref, NULL);
    ret->name = ref_text(c->a, &ref);
    r = open_with_retries(c, &ref, &o, err);
    if (r == 0)
        r = fetch_opened(c, &o, what, ret, err);
    if (r == 0)
        places_note(c->s, ret->digest, ref_repo(c->a, &ref));
    return r < 0 ? err_wrap(err, "unable to copy from source docker://%s", ret->name) : 0;
}

/* The complete names that @name can mean. */
static int fetch_names(struct puller *c, const char *name, char ***ret, struct err *err)
{
    struct image_ref ref;
    char *how = NULL;
    int r = ref_parse(c->a, name, &ref, err);

    if (r < 0 || !ref.registry)
        return r < 0 ? r : registries_candidates(&c->conf, c->a, &ref, ret, &how, err);
    *ret = strv_add(c->a, NULL, name);
    return 0;
}

int module_fetch(const struct store *s, struct arena *a, const struct module_pull *p,
                 enum image_fetch_what what, struct image_fetched *ret, struct err *err)
{
    struct puller c = { .s = s, .a = a, .p = p, .opt = p->opt };
    char **names = NULL;

    if (!STR_EQ(p->transport, "docker"))
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "%s: only registries (docker://) hold artifacts and lists", p->transport);
    int r = open_conf(&c, err);
    if (r == 0)
        r = fetch_names(&c, str_starts(p->name, "//") ? p->name + 2 : p->name, &names, err);
    for (; r == 0 && *names; names++) {
        r = fetch_ref(&c, *names, what, ret, err);
        if (r == 0 || !names[1])
            break;
        err_clear(err);
        r = 0;
    }
    return r;
}
