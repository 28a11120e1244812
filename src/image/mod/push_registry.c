/* Destination docker:// */
#include "image/mod/http.h"
#include "store/places.h"
#include "image/mod/push.h"
#include "image/mod/registry.h"
#include "image/mod/trust.h"

#include "base/banned.h"

/* Every repository makes the token's request longer, every attempt costs a round trip. */
enum { MOST_MOUNTS = 6, MOST_TRIES = 2 };

struct dest_docker {
    struct dest dest;
    struct registry *reg;
    struct image_ref ref;
    const struct store *s;
    char *repo;    /* "registry/path" */
    char **mounts; /* paths of repositories that may have a blob; the token opens them, too */
    struct trust_signer signer;
    struct arena *a;
};

/* The path of @repo when it is of our registry but not our repository. */
static const char *neighbour(const struct image_ref *ref, const char *repo)
{
    size_t n = strlen(ref->registry);

    return strncmp(repo, ref->registry, n) == 0 && repo[n] == '/' &&
                   !STR_EQ(repo + n + 1, ref->path)
               ? repo + n + 1
               : NULL;
}

/* Where to take @digest over from: where it was sent before, else anywhere with a blob in common. */
static char **candidates(struct dest_docker *dd, struct arena *a, const char *digest)
{
    char **ret = NULL;

    for (char **k = places_find(dd->s, a, digest); k && *k; k++) {
        const char *path = neighbour(&dd->ref, *k);
        if (path)
            ret = strv_add(a, ret, path);
    }
    return ret ? ret : dd->mounts;
}

static void note(struct dest_docker *dd, const char *digest)
{
    places_note(dd->s, digest, dd->repo);
}

static int docker_has(struct dest *d, const struct descriptor *b, struct err *err)
{
    struct dest_docker *dd = (struct dest_docker *)d;
    int r = registry_has_blob(dd->reg, b, err);

    if (r > 0)
        note(dd, b->digest);
    return r;
}

static int docker_mount(struct dest *d, const struct descriptor *b, struct err *err)
{
    struct dest_docker *dd = (struct dest_docker *)d;
    AUTO_ARENA a = { 0 };
    char **from = candidates(dd, &a, b->digest);
    int r = 0;

    for (int i = 0; r == 0 && i < MOST_TRIES && from && from[i]; i++)
        r = registry_mount(dd->reg, b, from[i], err);
    if (r > 0)
        note(dd, b->digest);
    return r;
}

static void count(void *bar, int64_t bytes)
{
    progress_add(bar, bytes);
}

static int docker_put(struct dest *d, const struct descriptor *b, int fd, struct progress_bar *bar,
                      struct err *err)
{
    struct dest_docker *dd = (struct dest_docker *)d;
    AUTO_ARENA a = { 0 };
    char **from = candidates(dd, &a, b->digest);
    int r = registry_put_blob(dd->reg, b, from ? from[0] : NULL, fd, count, bar, err);

    if (r >= 0)
        note(dd, b->digest);
    return r;
}

static int docker_stream(struct dest *d, const struct blob_stream *st, struct err *err)
{
    struct dest_docker *dd = (struct dest_docker *)d;
    int r = registry_put_stream(dd->reg, st->read, st->digest, st->arg, err);

    if (r == 0)
        note(dd, st->digest(st->arg));
    return r;
}

static int docker_manifest(struct dest *d, const struct sent_manifest *m, struct err *err)
{
    struct dest_docker *dd = (struct dest_docker *)d;
    const char *name = m->digest;

    if (m->top && dd->ref.digest && !STR_EQ(dd->ref.digest, m->digest))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "the manifest has digest %s, not %s as the destination says", m->digest,
                       dd->ref.digest);
    if (m->top && !dd->ref.digest)
        name = dd->ref.tag;
    int r = registry_put_manifest(dd->reg, name, m->media_type, m->text, err);
    return r < 0 || !trust_signs(&dd->signer)
               ? r
               : trust_sign(dd->a, &dd->signer, &dd->ref, m->digest, dd->reg, err);
}

static void docker_free(struct dest *d)
{
    registry_free(((struct dest_docker *)d)->reg);
}

static const struct dest_ops docker_ops = {
    .layers = LAYERS_PACKED,
    .parallel = true,
    .has = docker_has,
    .mount = docker_mount,
    .put = docker_put,
    .stream = docker_stream,
    .manifest = docker_manifest,
    .free = docker_free,
};

/* Of "registry/path" names some of the same registry, without it. */
static char **same_registry(struct arena *a, const struct image_ref *ref, char *const *repos)
{
    char **ret = NULL;

    for (; repos && *repos && strv_len(ret) < MOST_MOUNTS; repos++) {
        const char *path = neighbour(ref, *repos);
        if (path && !strv_has(ret, path))
            ret = strv_add(a, ret, path);
    }
    return ret;
}

struct dest *dest_registry(const struct store *s, struct arena *a, const struct module_push *p,
                           struct err *err)
{
    struct dest_docker *d = arena_alloc(a, sizeof(*d));
    struct registries conf = { 0 };
    const char *name = str_starts(p->name, "//") ? p->name + 2 : p->name;

    d->s = s;
    d->a = a;
    d->signer = (struct trust_signer) { .gpg_key = p->opt->sign_by,
                                        .gpg_passphrase = p->opt->sign_passphrase,
                                        .sigstore_key = p->opt->sigstore_key,
                                        .sigstore_passphrase = p->opt->sigstore_passphrase };
    d->dest.ops = &docker_ops;
    http_init();
    int r = ref_parse(a, name, &d->ref, err);
    if (r == 0)
        r = registries_load(a, &conf, err);
    if (r < 0)
        return NULL;
    ref_complete(a, &d->ref, "docker.io");
    if (d->ref.digest)
        d->ref.tag = NULL;
    /* A location in registries.conf redirects pulls only; blocking and insecurity count for both. */
    const struct registry_rule *rule = registries_rule(&conf, a, &d->ref);
    if (rule && rule->blocked) {
        err_set(err, ERR_DENIED, EACCES, "registry %s is blocked in registries.conf", rule->prefix);
        return NULL;
    }
    struct registry_place place = { .ref = d->ref, .insecure = rule && rule->insecure };
    d->repo = arena_printf(a, "%s/%s", d->ref.registry, d->ref.path);
    d->mounts = same_registry(a, &d->ref, p->repos);
    struct registry_options o = { .tls_verify = p->opt->tls_verify,
                                  .cert_dir = p->opt->cert_dir,
                                  .authfile = p->opt->authfile,
                                  .creds = p->opt->creds,
                                  .helpers = conf.credential_helpers,
                                  .actions = "pull,push",
                                  .mounts = d->mounts };
    d->reg = registry_open(&place, &o, err);
    return d->reg ? &d->dest : NULL;
}
