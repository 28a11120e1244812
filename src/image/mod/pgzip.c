#include "image/mod/pgzip.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <pthread.h>
#include <sched.h>
#include <zlib.h>

#include "base/banned.h"

/* How the pieces go round
 *
 * Slots are filled and emptied in order by the caller's thread; in between a worker takes each.  A slot
 * that is to be filled again is waited for and emptied first, so at most SLOTS pieces are in memory. */

enum { PIECE = 512 * 1024, DICT = 32 * 1024, MAX_WORKERS = 4, SLOTS = MAX_WORKERS + 1 };
enum { ISAL_BEST = 3, RAW_WINDOW = -15 };

/* What zlib can make of a piece at worst, and its flush. */
enum { PIECE_OUT = PIECE + PIECE / 512 + 256 };

struct slot {
    uint8_t *in, *out;
    uint8_t dict[DICT];
    size_t n_in, n_out, n_dict;
    uint32_t crc;
    bool last, done;
    int r;
};

struct pgzip {
    byte_sink sink;
    void *arg;
    int level;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t threads[MAX_WORKERS];
    size_t n_threads;
    size_t filled, taken, emptied; /* counts of slots */
    bool stop;
    uint32_t crc;
    uint64_t bytes;
    uint8_t tail[DICT]; /* the end of the last piece that was filled */
    size_t n_tail;
    bool current; /* the next slot is being filled */
    struct slot slots[SLOTS];
};

/* ---------- one piece ---------- */

struct tools {
    uint8_t *level_buf;
    struct isal_zstream isal;
};

static uint32_t level_buf_size(int level)
{
    static const uint32_t sizes[] = { ISAL_DEF_LVL0_DEFAULT, ISAL_DEF_LVL1_DEFAULT,
                                      ISAL_DEF_LVL2_DEFAULT, ISAL_DEF_LVL3_DEFAULT };
    return sizes[level];
}

static int isal_piece(struct tools *t, int level, struct slot *s)
{
    struct isal_zstream *z = &t->isal;

    if (!t->level_buf)
        t->level_buf = xmalloc(level_buf_size(level));
    isal_deflate_init(z);
    z->gzip_flag = IGZIP_DEFLATE;
    z->level = (uint32_t)level;
    z->level_buf = t->level_buf;
    z->level_buf_size = level_buf_size(level);
    z->flush = FULL_FLUSH;
    z->end_of_stream = s->last;
    if (s->n_dict && isal_deflate_set_dict(z, s->dict, (uint32_t)s->n_dict) != COMP_OK)
        return -EIO;
    z->next_in = s->in;
    z->avail_in = (uint32_t)s->n_in;
    z->next_out = s->out;
    z->avail_out = PIECE_OUT;
    if (isal_deflate(z) != COMP_OK || z->avail_in || !z->avail_out)
        return -EIO;
    s->n_out = PIECE_OUT - z->avail_out;
    return 0;
}

static int zlib_piece(int level, struct slot *s)
{
    z_stream z = { 0 };

    if (deflateInit2(&z, level, Z_DEFLATED, RAW_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    if (s->n_dict)
        deflateSetDictionary(&z, s->dict, (uInt)s->n_dict);
    z.next_in = s->in;
    z.avail_in = (uInt)s->n_in;
    z.next_out = s->out;
    z.avail_out = PIECE_OUT;
    int r = deflate(&z, s->last ? Z_FINISH : Z_SYNC_FLUSH);
    bool whole = r == (s->last ? Z_STREAM_END : Z_OK) && !z.avail_in && z.avail_out;
    s->n_out = PIECE_OUT - z.avail_out;
    deflateEnd(&z);
    return whole ? 0 : -EIO;
}

static void compress_slot(struct pgzip *z, struct tools *t, struct slot *s)
{
    s->crc = crc32_gzip_refl(0, s->in, s->n_in);
    s->r = z->level >= 1 && z->level <= ISAL_BEST ? isal_piece(t, z->level, s)
                                                  : zlib_piece(z->level, s);
}

/* ---------- workers ---------- */

static void *worker(void *arg)
{
    struct pgzip *z = arg;
    struct tools *t = xcalloc(1, sizeof(*t));

    pthread_mutex_lock(&z->mutex);
    for (;;) {
        while (!z->stop && z->taken == z->filled)
            pthread_cond_wait(&z->changed, &z->mutex);
        if (z->stop)
            break;
        struct slot *s = &z->slots[z->taken++ % SLOTS];
        pthread_mutex_unlock(&z->mutex);
        compress_slot(z, t, s);
        pthread_mutex_lock(&z->mutex);
        s->done = true;
        pthread_cond_broadcast(&z->changed);
    }
    pthread_mutex_unlock(&z->mutex);
    free(t->level_buf);
    free(t);
    return NULL;
}

static size_t cores(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

/* ---------- the caller's side ---------- */

struct pgzip *pgzip_new(int level, byte_sink sink, void *arg, struct err *err)
{
    struct pgzip *z = xcalloc(1, sizeof(*z));
    size_t want = MIN(cores(), (size_t)MAX_WORKERS);

    z->sink = sink;
    z->arg = arg;
    z->level = level;
    pthread_mutex_init(&z->mutex, NULL);
    pthread_cond_init(&z->changed, NULL);
    while (z->n_threads < want && pthread_create(&z->threads[z->n_threads], NULL, worker, z) == 0)
        z->n_threads++;
    if (!z->n_threads) {
        err_set(err, ERR_INTERNAL, EAGAIN, "cannot start a thread");
        return pgzip_free(z);
    }
    return z;
}

struct pgzip *pgzip_free(struct pgzip *z)
{
    if (!z)
        return NULL;
    pthread_mutex_lock(&z->mutex);
    z->stop = true;
    pthread_cond_broadcast(&z->changed);
    pthread_mutex_unlock(&z->mutex);
    for (size_t i = 0; i < z->n_threads; i++)
        pthread_join(z->threads[i], NULL);
    for (size_t i = 0; i < SLOTS; i++) {
        free(z->slots[i].in);
        free(z->slots[i].out);
    }
    pthread_cond_destroy(&z->changed);
    pthread_mutex_destroy(&z->mutex);
    free(z);
    return NULL;
}

/* Waits for the oldest piece and gives it away. */
static int empty_slot(struct pgzip *z)
{
    static const uint8_t header[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff };
    struct slot *s = &z->slots[z->emptied % SLOTS];
    int r = z->emptied ? 0 : z->sink(z->arg, header, sizeof(header));

    if (r < 0)
        return r;
    pthread_mutex_lock(&z->mutex);
    while (!s->done)
        pthread_cond_wait(&z->changed, &z->mutex);
    pthread_mutex_unlock(&z->mutex);
    z->crc = (uint32_t)crc32_combine(z->crc, s->crc, (z_off_t)s->n_in);
    z->bytes += s->n_in;
    z->emptied++;
    return s->r < 0 ? s->r : z->sink(z->arg, s->out, s->n_out);
}

/* The slot that takes bytes now. */
static int filling_slot(struct pgzip *z, struct slot **ret)
{
    struct slot *s = *ret = &z->slots[z->filled % SLOTS];

    if (z->current)
        return 0;
    int r = z->filled - z->emptied == SLOTS ? empty_slot(z) : 0;
    if (r < 0)
        return r;
    if (!s->in) {
        s->in = xmalloc(PIECE);
        s->out = xmalloc(PIECE_OUT);
    }
    s->n_in = 0;
    s->last = s->done = false;
    memcpy(s->dict, z->tail, z->n_tail);
    s->n_dict = z->n_tail;
    z->current = true;
    return 0;
}

static void submit(struct pgzip *z, struct slot *s)
{
    z->n_tail = MIN(s->n_in, (size_t)DICT);
    memcpy(z->tail, s->in + s->n_in - z->n_tail, z->n_tail);
    z->current = false;
    pthread_mutex_lock(&z->mutex);
    z->filled++;
    pthread_cond_broadcast(&z->changed);
    pthread_mutex_unlock(&z->mutex);
}

int pgzip_push(struct pgzip *z, const void *data, size_t len)
{
    const char *p = data;

    while (len) {
        struct slot *s;
        int r = filling_slot(z, &s);
        if (r < 0)
            return r;
        size_t n = MIN(len, PIECE - s->n_in);
        memcpy(s->in + s->n_in, p, n);
        s->n_in += n;
        p += n;
        len -= n;
        if (s->n_in == PIECE)
            submit(z, s);
    }
    return 0;
}

static void put_le32(uint8_t *out, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(v >> (8 * i));
}

int pgzip_end(struct pgzip *z)
{
    struct slot *s;
    uint8_t trailer[8];
    int r = filling_slot(z, &s);

    if (r < 0)
        return r;
    s->last = true;
    submit(z, s);
    while (z->emptied < z->filled)
        if ((r = empty_slot(z)) < 0)
            return r;
    put_le32(trailer, z->crc);
    put_le32(trailer + 4, (uint32_t)z->bytes);
    return z->sink(z->arg, trailer, sizeof(trailer));
}
