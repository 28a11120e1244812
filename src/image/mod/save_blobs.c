#include "image/mod/save_blobs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "image/mod/inflate.h"
#include "image/mod/out.h"
#include "image/mod/ring.h"
#include "store/blobs.h"

#include "base/banned.h"

enum { CHUNK = 256 * 1024, RING_SIZE = 1 << 20, MAX_WORKERS = 4 };

/* ---------- decompressing ---------- */

struct reader {
    int from;
    struct ring *ring;
    int r;
    struct err err;
};

static int ring_sink(void *arg, const void *data, size_t len)
{
    return ring_write(arg, data, len);
}

static int inflate_all(struct reader *rd)
{
    AUTO_FREE char *chunk = xmalloc(CHUNK);
    AUTO_INFLATE *z = inflate_new(ring_sink, rd->ring);

    for (;;) {
        ssize_t n = read(rd->from, chunk, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(&rd->err, errno, "reading a blob");
        int r = n ? inflate_push(z, chunk, (size_t)n, &rd->err) : inflate_end(z, &rd->err);
        if (r < 0 || n == 0)
            return r;
    }
}

static void *reader_thread(void *arg)
{
    struct reader *rd = arg;

    rd->r = inflate_all(rd);
    ring_close(rd->ring, rd->r);
    return NULL;
}

/* What comes out of the ring; never more than @b's size. */
static int write_ring(struct ring *ring, const struct save_blob *b, int64_t *ret_bytes,
                      struct err *err)
{
    const char *p;
    size_t n;

    for (int64_t done = *ret_bytes = 0;; done += (int64_t)n) {
        *ret_bytes = done;
        if (ring_peek(ring, &p, &n) < 0 || !n)
            return 0; /* the reader tells why */
        n = MIN(n, (size_t)CHUNK);
        if ((int64_t)n > b->size - done) {
            *ret_bytes = done + (int64_t)n;
            return 0;
        }
        int r = out_write(b->fd, p, n, b->at < 0 ? -1 : b->at + done);
        if (r < 0)
            return err_sys(err, -r, "writing the image");
        ring_advance(ring, n);
    }
}

static int inflate_blob(int from, const struct save_blob *b, int64_t *ret_bytes, struct err *err)
{
    struct reader rd = { .from = from };
    pthread_t thread;

    rd.ring = ring_new(RING_SIZE);
    if (pthread_create(&thread, NULL, reader_thread, &rd) != 0) {
        ring_free(rd.ring);
        return err_set(err, ERR_INTERNAL, EAGAIN, "cannot start a thread");
    }
    int r = write_ring(rd.ring, b, ret_bytes, err);
    ring_abandon(rd.ring);
    pthread_join(thread, NULL);
    ring_free(rd.ring);
    if (r == 0 && rd.err.kind != ERR_NONE) {
        *err = rd.err;
        r = rd.r;
    }
    return r;
}

/* ---------- one blob ---------- */

static bool is_plain(int fd)
{
    char magic[COMP_MAGIC];
    ssize_t n = pread(fd, magic, sizeof(magic), 0);

    return n >= 0 && compression_detect(magic, (size_t)n) == COMP_NONE;
}

static int copy_blob(int from, const struct save_blob *b, int64_t *ret_bytes, struct err *err)
{
    struct stat st;

    if (b->plain && !is_plain(from))
        return inflate_blob(from, b, ret_bytes, err);
    if (fstat(from, &st) < 0)
        return err_sys(err, errno, "looking at a blob");
    *ret_bytes = st.st_size;
    return st.st_size == b->size ? out_bytes(from, b->fd, b->at, b->size, err) : 0;
}

int save_blob(const struct store *s, const struct save_blob *b, struct progress *progress,
              struct err *err)
{
    AUTO_CLOSE int from = blob_open(s, b->digest);
    int64_t bytes = 0;

    if (from < 0)
        return err_sys(err, -from, "opening blob %s", b->digest);
    struct progress_bar *bar = progress_begin(progress, "Copying blob", b->digest, b->size);
    int r = copy_blob(from, b, &bytes, err);
    if (r == 0 && bytes != b->size)
        r = err_set(err, ERR_INTERNAL, EIO, "blob %s is damaged: %lld bytes in place of %lld",
                    b->digest, (long long)bytes, (long long)b->size);
    progress_end(bar, r < 0 ? "failed" : "done");
    return r;
}

/* ---------- all of them ---------- */

struct crew {
    const struct store *s;
    const struct save_blob *blobs;
    size_t n;
    struct progress *progress;
    atomic_size_t next;
    atomic_bool failed;
    pthread_mutex_t mutex;
    struct err first;
};

static void *worker(void *arg)
{
    struct crew *c = arg;

    for (;;) {
        size_t i = atomic_fetch_add(&c->next, 1);
        if (i >= c->n || atomic_load(&c->failed))
            return NULL;
        struct err err = { 0 };
        if (save_blob(c->s, &c->blobs[i], c->progress, &err) < 0) {
            pthread_mutex_lock(&c->mutex);
            if (!atomic_exchange(&c->failed, true))
                c->first = err;
            pthread_mutex_unlock(&c->mutex);
        }
    }
}

int save_blobs(const struct store *s, const struct save_blob *b, size_t n,
               struct progress *progress, struct err *err)
{
    struct crew c = { .s = s, .blobs = b, .n = n, .progress = progress };
    pthread_t threads[MAX_WORKERS];
    size_t started = 0;

    pthread_mutex_init(&c.mutex, NULL);
    while (started + 1 < MIN(n, (size_t)MAX_WORKERS) &&
           pthread_create(&threads[started], NULL, worker, &c) == 0)
        started++;
    worker(&c);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&c.mutex);
    if (!atomic_load(&c.failed))
        return 0;
    *err = c.first;
    return -c.first.errnum;
}
