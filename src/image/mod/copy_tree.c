#include "image/mod/copy_tree.h"

#include <pthread.h>
#include <sys/stat.h>

#include "image/mod/inflate.h"
#include "image/mod/place.h"
#include "image/mod/ring.h"
#include "image/mod/tree_write.h"

#include "base/banned.h"

/* One thread reads the source and fills a ring with tar; the caller's places what comes out of it. */

enum { RING_SIZE = 1 << 20, CHUNK = 256 * 1024 };

struct feeder {
    const struct image_copy *c;
    struct ring *ring;
    struct err err;
    bool no_tar; /* the stream is none */
};

static int tree_to_ring(void *arg, const void *data, size_t len, struct err *err)
{
    struct feeder *f = arg;
    int r = ring_write(f->ring, data, len);

    return r < 0 ? err_set(err, ERR_INTERNAL, ECANCELED, "the copy was given up") : 0;
}

static int bytes_to_ring(void *arg, const void *data, size_t len)
{
    return ring_write(arg, data, len);
}

static int feed_stream(struct feeder *f)
{
    AUTO_FREE char *chunk = xmalloc(CHUNK);
    AUTO_INFLATE *z = inflate_new(bytes_to_ring, f->ring);

    for (;;) {
        ssize_t n = read(f->c->in, chunk, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(&f->err, errno, "reading the archive");
        int r = n ? inflate_push(z, chunk, (size_t)n, &f->err) : inflate_end(z, &f->err);
        if (r < 0 || n == 0)
            return r;
    }
}

static void *feed(void *arg)
{
    struct feeder *f = arg;
    int r = f->c->tree ? tree_write(f->c->tree, tree_to_ring, f, &f->err) : feed_stream(f);

    ring_close(f->ring, r);
    return NULL;
}

/* ---------- the other end ---------- */

static int peek(void *arg, const char **p, size_t *n, struct err *err)
{
    struct feeder *f = arg;
    int r = ring_peek(f->ring, p, n);

    return r < 0 ? err_set(err, ERR_INTERNAL, -r, "the archive ended early") : 0;
}

static void used(void *arg, size_t n)
{
    struct feeder *f = arg;

    ring_advance(f->ring, n);
}

/* The first name of an entry is another one here: into @out, or NULL. */
static char *renamed(const kv_list *names, const char *path)
{
    while (str_starts(path, "./"))
        path += 2;
    size_t n = strcspn(path, "/");
    for (size_t i = 0; names && i < names->n; i++) {
        const struct kv *k = &names->items[i];
        if (strlen(k->key) == n && strncmp(k->key, path, n) == 0)
            return xasprintf("%s%s", k->val, path + n);
    }
    return NULL;
}

static int place_one(struct placer *p, struct tar_reader *t, const struct image_copy *c,
                     struct tar_entry *e, struct err *err)
{
    AUTO_FREE char *path = renamed(c->rename, e->path);
    AUTO_FREE char *link = e->type == TAR_HARDLINK ? renamed(c->rename, e->link) : NULL;

    if (path)
        e->path = path;
    if (link)
        e->link = link;
    return place_entry(p, t, e, err);
}

static int place_all(struct feeder *f, struct err *err)
{
    const struct image_copy *c = f->c;
    struct place_options opt = { .rootless = c->rootless,
                                 .plain = true,
                                 .overwrite = c->overwrite,
                                 .no_devices = c->no_devices,
                                 .prefix = c->prefix,
                                 .owners = &c->owners };
    struct tar_source src = { .peek = peek, .advance = used, .arg = f };
    struct tar_entry e;
    AUTO_PLACER *p = placer_new(c->dir, &opt);
    AUTO_TAR_READER *t = tar_reader_new(&src);
    int r, n = 0;

    for (; (r = tar_next(t, &e, err)) > 0; n++)
        if ((r = place_one(p, t, c, &e, err)) < 0)
            return r;
    if (r < 0 && n == 0 && !c->tree && f->err.kind == ERR_NONE)
        f->no_tar = true;
    return r < 0 ? r : place_finish(p, err);
}

/* The rest of a stream whose end mark was seen: padding. */
static void drain(struct feeder *f)
{
    const char *p;
    size_t n;

    while (ring_peek(f->ring, &p, &n) == 0 && n)
        ring_advance(f->ring, n);
}

static int copy_to_dir(const struct image_copy *c, struct err *err)
{
    struct feeder f = { .c = c, .ring = ring_new(RING_SIZE) };
    mode_t mask = umask(0); /* see place.h */
    pthread_t thread;
    int r = pthread_create(&thread, NULL, feed, &f);

    if (r != 0) {
        r = err_sys(err, r, "starting a thread");
    } else {
        r = place_all(&f, err);
        if (r == 0)
            drain(&f);
        else
            ring_abandon(f.ring);
        pthread_join(thread, NULL);
        /* What went wrong at the source is the reason for what went wrong here. */
        if (r < 0 && f.err.kind != ERR_NONE && f.err.errnum != ECANCELED && err)
            *err = f.err;
        if (r < 0 && f.no_tar) {
            err_clear(err);
            r = err_set(err, ERR_BAD_PARAM, EINVAL,
                        "source must be a (compressed) tar archive when copying from stdin");
        }
    }
    umask(mask);
    ring_free(f.ring);
    return r;
}

int module_copy(const struct image_copy *c, struct err *err)
{
    return c->dir < 0 ? module_export(c->tree, c->out, err) : copy_to_dir(c, err);
}
