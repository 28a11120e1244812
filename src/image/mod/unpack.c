#include "image/mod/unpack.h"

#include "image/mod/ceiling.h"
#include "image/mod/hash.h"

#include "base/banned.h"

/* Bytes that are taken from the ring at once: much less than it holds, so that the writer goes on. */
enum { RUN_MAX = 128 * 1024 };

struct unpacker {
    struct ring *in;
    struct hash *hash;
    int64_t size, ceiling;
    const char *run;        /* what is left of the bytes taken */
    size_t run_left, taken; /* taken: what the ring gets back when the run is used up */
};

static int peek(void *arg, const char **p, size_t *n, struct err *err)
{
    struct unpacker *u = arg;

    if (!u->run_left) {
        ring_advance(u->in, u->taken);
        int r = ring_peek(u->in, &u->run, &u->taken);
        if (r < 0)
            return err_set(err, ERR_INTERNAL, -r, "the layer ended early");
        u->run_left = u->taken = MIN(u->taken, (size_t)RUN_MAX);
        hash_add(u->hash, u->run, u->run_left);
        u->size += (int64_t)u->run_left;
        if (u->size > u->ceiling)
            return ceiling_bytes_passed(err);
    }
    *p = u->run;
    *n = u->run_left;
    return 0;
}

static void used(void *arg, size_t n)
{
    struct unpacker *u = arg;

    u->run += n;
    u->run_left -= n;
}

static int place_all(struct unpacker *u, struct placer *p, struct err *err)
{
    struct tar_source src = { .peek = peek, .advance = used, .arg = u };
    struct tar_entry e;
    AUTO_TAR_READER *t = tar_reader_new(&src);
    int r;

    while ((r = tar_next(t, &e, err)) > 0)
        if ((r = place_entry(p, t, &e, err)) < 0)
            return r;
    return r < 0 ? r : place_finish(p, err);
}

/* What follows the end mark counts for the digest only. */
static int drain(struct unpacker *u, struct err *err)
{
    const char *p;
    size_t n;

    for (;;) {
        int r = peek(u, &p, &n, err);
        if (r < 0 || !n)
            return r;
        used(u, n);
    }
}

int unpack_stream(struct ring *in, int root, const struct place_options *opt, const char *diff_id,
                  struct arena *a, struct unpacked *ret, struct err *err)
{
    AUTO_HASH *hash = hash_new(diff_id);
    struct unpacker u = { .in = in, .hash = hash, .ceiling = ceiling_bytes() };
    int r = 0;

    if (root >= 0) {
        AUTO_PLACER *p = placer_new(root, opt);
        r = place_all(&u, p, err);
        if (r == 0)
            ret->implied = strv_copy(a, place_implied(p));
    }
    if (r == 0)
        r = drain(&u, err);
    if (r < 0) {
        ring_abandon(in);
        return r;
    }
    hash_end(hash, ret->diff_id);
    ret->size = u.size;
    return 0;
}
