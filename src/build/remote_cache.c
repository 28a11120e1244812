/* --cache-from and --cache-to: what was built before, at a registry: an image for each instruction, whose tag is the
 * instruction's key (build/cache.h).  Whoever has the same base image makes the same keys. */
#include "base/fs.h"
#include "build/build_priv.h"
#include "build/cache.h"

#include "base/banned.h"

static char *tag_of(const struct build *b, const char *repo, const char *key)
{
    return arena_printf(b->a, "%s:%s", repo, key);
}

/* What is not there, or cannot be reached, is built. */
static bool pull_from(struct step *s, const char *repo, const char *key)
{
    struct stage *st = s->st;
    struct build *b = st->b;
    const struct pull_request *p = &b->o->pull;
    const struct image_pull_options o = { .policy = "always",
                                          .os = st->config.os,
                                          .arch = st->config.architecture,
                                          .authfile = p->authfile,
                                          .creds = p->creds,
                                          .cert_dir = p->cert_dir,
                                          .tls_verify = p->tls_verify,
                                          .retry_delay_ns = -1,
                                          .quiet = true };
    char *name = tag_of(b, repo, key), **ids = NULL;
    struct err absent = { 0 };

    if (image_pull(engine_store(b->e), b->a, name, &o, &ids, &absent) < 0 || !ids ||
        commit_take(st, ids[0]) < 0)
        return false;
    /* The key is the cache's name for it, nobody else's. */
    (void)!image_untag(engine_store(b->e), name, (char *[]) { name, NULL }, NULL);
    cache_note(engine_store(b->e), key, st->image);
    build_line(b, "--> Cache pulled from remote %s\n", name);
    return true;
}

bool remote_cache_find(struct step *s, const char *key)
{
    for (char **repo = s->st->b->o->cache_from; repo && *repo; repo++)
        if (pull_from(s, *repo, key))
            return true;
    return false;
}

int remote_cache_put(struct step *s, const char *key)
{
    struct build *b = s->st->b;
    const struct pull_request *p = &b->o->pull;
    const struct image_push_options o = { .authfile = p->authfile,
                                          .creds = p->creds,
                                          .cert_dir = p->cert_dir,
                                          .tls_verify = p->tls_verify,
                                          .retry = p->retry,
                                          .retry_delay_ns = p->retry_delay_ns,
                                          .compression_level = -1,
                                          .quiet = true };
    int r = 0;

    for (char **repo = b->o->cache_to; r == 0 && repo && *repo; repo++) {
        char *name = tag_of(b, *repo, key), *digest;
        build_line(b, "--> Pushing cache %s\n", name);
        r = image_push(engine_store(b->e), b->a, s->st->digest,
                       arena_printf(b->a, "docker://%s", name), &o, &digest, s->err);
        if (r < 0)
            err_wrap(s->err, "pushing the cache to %s", *repo);
    }
    return r;
}
