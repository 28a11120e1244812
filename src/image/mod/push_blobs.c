#include "image/mod/push_blobs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "image/mod/crypt.h"
#include "image/mod/hash.h"
#include "image/mod/media.h"
#include "image/mod/repack.h"
#include "image/mod/ring.h"
#include "store/blobs.h"

#include "base/banned.h"

/* How a layer is packed anew
 *
 *   packer thread:  blob file -> inflate -> deflate -> hash -> ring
 *   worker:                                                    ring -> network
 *
 * A destination that needs digest and size in advance gets it from a nameless file instead. */

enum { MAX_WORKERS = 4, RING_SIZE = 1 << 20, CHUNK = 256 * 1024 };

/* A list's image may have stayed at the registry that it was added from: see image/manifest_push.c. */
static int blob_absent(const struct send_job *j, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, ENOENT, "blob %s is missing: pull the image again",
                   j->from.digest);
}

/* ---------- what has to be done ---------- */

/* What a blob of an unpacked layer type really is: importing keeps xz and bzip2 as they came. */
static enum compression look_at(const struct store *s, const char *digest)
{
    char magic[COMP_MAGIC];
    AUTO_CLOSE int fd = blob_open(s, digest);
    ssize_t n = fd < 0 ? 0 : read_full(fd, magic, sizeof(magic));

    return n > 0 ? compression_detect(magic, (size_t)n) : COMP_NONE;
}

static enum dest_layers layers_wanted(const struct pusher *p)
{
    enum dest_layers l = p->dest->ops->layers;

    if (l == LAYERS_AS_IS && (p->opt->compress || p->opt->force_compression))
        return LAYERS_PACKED;
    return l;
}

void send_plan(const struct pusher *p, struct send_job *j)
{
    if (!media_is_layer(j->from.media_type, &j->have))
        return;
    if (j->have == COMP_NONE)
        j->have = look_at(p->s, j->from.digest);
    j->to_format = j->have;
    switch (layers_wanted(p)) {
    case LAYERS_AS_IS:
        break;
    case LAYERS_PLAIN:
        j->to_format = COMP_NONE;
        break;
    case LAYERS_PACKED:
        if ((j->have != COMP_GZIP && j->have != COMP_ZSTD) ||
            (p->opt->force_compression && !str_empty(p->opt->compression_format)))
            j->to_format = p->pack;
        break;
    }
}

/* ---------- packing anew ---------- */

struct packer {
    struct ring *ring; /* or */
    int out;           /* a file */
    int in;
    enum compression to;
    int level;
    struct hash *hash;
    int64_t bytes;
    struct progress_bar *bar;
    char digest[DIGEST_MAX];
    bool as_is;                  /* not packed anew: encrypted only */
    struct crypt_secret *secret; /* NULL: not encrypted; its digest is found on the way */
    char plain_digest[DIGEST_MAX];
    unsigned char hmac[32];
    struct crypt_stream *crypt;
    struct hash *plain;
    struct err err;
    int r;
};

static int packed_bytes(struct packer *k, const void *data, size_t len)
{
    k->bytes += (int64_t)len;
    hash_add(k->hash, data, len);
    progress_add(k->bar, (int64_t)len);
    return k->ring ? ring_write(k->ring, data, len) : write_all(k->out, data, len);
}

static int packed_sink(void *arg, const void *data, size_t len)
{
    struct packer *k = arg;
    char sealed[16 * 1024];
    int r = k->crypt ? 0 : packed_bytes(k, data, len);

    if (!k->crypt)
        return r;
    hash_add(k->plain, data, len);
    for (size_t at = 0; r == 0 && at < len; at += sizeof(sealed)) {
        size_t n = MIN(len - at, sizeof(sealed));
        r = crypt_stream_run(k->crypt, (const char *)data + at, sealed, n);
        if (r == 0)
            r = packed_bytes(k, sealed, n);
    }
    return r;
}

static int pass_as_is(struct packer *k)
{
    AUTO_FREE char *chunk = xmalloc(CHUNK);

    for (int64_t at = 0;;) {
        ssize_t n = pread(k->in, chunk, CHUNK, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(&k->err, errno, "reading a blob");
        int r = n ? packed_sink(k, chunk, (size_t)n) : 0;
        if (r < 0 || n == 0)
            return r;
        at += n;
    }
}

static int pack(struct packer *k)
{
    return k->as_is ? pass_as_is(k) : repack(k->in, k->to, k->level, packed_sink, k, &k->err);
}

static int pack_and_encrypt(struct packer *k)
{
    AUTO_HASH *plain = k->plain = hash_new(NULL);
    int r;

    k->crypt = crypt_stream_new(k->secret, 0);
    r = k->crypt ? pack(k) : err_set(&k->err, ERR_INTERNAL, EIO, "cannot start encrypting");
    if (r == 0)
        r = crypt_stream_hmac(k->crypt, k->hmac);
    k->crypt = crypt_stream_free(k->crypt);
    if (r == 0)
        k->secret->digest = (char *)(uintptr_t)hash_end(plain, k->plain_digest);
    return r;
}

static void run_packer(struct packer *k)
{
    AUTO_HASH *hash = k->hash = hash_new(NULL);

    k->r = k->secret ? pack_and_encrypt(k) : pack(k);
    if (k->r == 0)
        hash_end(hash, k->digest);
}

static void *packer_thread(void *arg)
{
    struct packer *k = arg;

    run_packer(k);
    ring_close(k->ring, k->r);
    return NULL;
}

static ssize_t read_packed(void *arg, char *out, size_t n)
{
    struct packer *k = arg;
    const char *p;
    size_t have;
    int r = ring_peek(k->ring, &p, &have);

    if (r < 0)
        return r;
    n = MIN(n, have);
    memcpy(out, p, n);
    ring_advance(k->ring, n);
    return (ssize_t)n;
}

static const char *packed_digest(void *arg)
{
    return ((struct packer *)arg)->digest;
}

static int stream_packed(struct pusher *p, struct packer *k, struct err *err)
{
    struct blob_stream st = { read_packed, packed_digest, k };
    pthread_t thread;

    k->ring = ring_new(RING_SIZE);
    if (pthread_create(&thread, NULL, packer_thread, k) != 0) {
        k->ring = ring_free(k->ring);
        return err_set(err, ERR_INTERNAL, EAGAIN, "cannot start a thread");
    }
    int r = p->dest->ops->stream(p->dest, &st, err);
    ring_abandon(k->ring);
    pthread_join(thread, NULL);
    k->ring = ring_free(k->ring);
    /* The packer's reason comes first, unless it only saw the sender stop. */
    if (k->r < 0 && k->err.kind != ERR_NONE) {
        *err = k->err;
        return k->r;
    }
    return r < 0 && err->kind == ERR_NONE ? err_sys(err, -r, "compressing a layer") : r;
}

static int spool_packed(struct pusher *p, struct packer *k, struct err *err)
{
    AUTO_CLOSE int out = blob_tmpfile(p->s, err);

    if (out < 0)
        return out;
    k->out = out;
    run_packer(k);
    if (k->r < 0) {
        if (k->err.kind == ERR_NONE)
            return err_sys(err, -k->r, "writing a blob");
        *err = k->err;
        return k->r;
    }
    struct descriptor d = { .digest = k->digest, .size = k->bytes };
    int r = p->dest->ops->has(p->dest, &d, err);
    return r == 0 ? p->dest->ops->put(p->dest, &d, out, NULL, err) : r;
}

/* 1: what it became earlier is there already. */
static int find_packed(struct pusher *p, struct send_job *j, struct err *err)
{
    if (!repacked_find(p->s, &j->arena, j->from.digest, j->to_format, p->level, &j->to))
        return 0;
    int r = p->dest->ops->has(p->dest, &j->to, err);
    if (r == 0 && p->dest->ops->mount)
        r = p->dest->ops->mount(p->dest, &j->to, err);
    if (r == 0)
        j->to = j->from;
    return r;
}

static int send_packed(struct pusher *p, struct send_job *j, struct progress_bar *bar,
                       struct err *err)
{
    AUTO_CLOSE int in = blob_open(p->s, j->from.digest);
    struct packer k = { .in = in,
                        .to = j->to_format,
                        .level = p->level,
                        .bar = bar,
                        .as_is = j->to_format == j->have };
    struct crypt_secret secret;

    if (j->encrypt) {
        int r = crypt_secret_new(&secret, err);
        if (r < 0)
            return r;
        k.secret = &secret;
    }
    if (in == -ENOENT)
        return blob_absent(j, err);
    if (in < 0)
        return err_sys(err, -in, "opening blob %s", j->from.digest);
    int r = p->dest->ops->stream ? stream_packed(p, &k, err) : spool_packed(p, &k, err);
    /* A server, or a proxy before it, that takes no body of unknown length or only small ones. */
    if (r < 0 && p->dest->ops->stream && k.err.kind == ERR_NONE &&
        (err->kind == ERR_BAD_PARAM || err->errnum == ECONNABORTED)) {
        err_clear(err);
        k.bytes = 0;
        r = spool_packed(p, &k, err);
    }
    if (r < 0)
        return r;
    j->to.digest = arena_strdup(&j->arena, k.digest);
    j->to.size = k.bytes;
    if (j->encrypt) {
        r = crypt_seal(&j->arena, &secret, k.hmac, p->opt->encryption_keys, &j->enc_keys,
                       &j->enc_public, err);
        explicit_bzero(&secret, sizeof(secret));
        return r;
    }
    repacked_note(p->s, j->from.digest, j->to_format, p->level, &j->to);
    return 0;
}

/* ---------- one blob ---------- */

static int send_as_is(struct pusher *p, struct send_job *j, struct progress_bar *bar,
                      struct err *err)
{
    AUTO_CLOSE int fd = blob_open(p->s, j->from.digest);
    struct stat st;

    if (fd == -ENOENT && j->from.urls)
        return 0; /* everybody fetches it from elsewhere */
    if (fd == -ENOENT) {
        int r = p->dest->ops->mount ? p->dest->ops->mount(p->dest, &j->from, err) : 0;
        return r ? r : blob_absent(j, err);
    }
    if (fd < 0)
        return err_sys(err, -fd, "opening blob %s", j->from.digest);
    if (fstat(fd, &st) < 0 || st.st_size != j->from.size)
        return err_set(err, ERR_INTERNAL, EIO, "blob %s is damaged: it should have %lld bytes",
                       j->from.digest, (long long)j->from.size);
    return p->dest->ops->put(p->dest, &j->from, fd, bar, err);
}

static int try_blob(struct pusher *p, struct send_job *j, struct progress_bar *bar, struct err *err)
{
    bool anew = j->to_format != j->have;

    if (j->encrypt)
        return send_packed(p, j, bar, err);
    int r = anew ? find_packed(p, j, err) : p->dest->ops->has(p->dest, &j->from, err);

    if (r != 0)
        return r;
    return anew ? send_packed(p, j, bar, err) : send_as_is(p, j, bar, err);
}

static int send_blob(struct pusher *p, struct send_job *j, struct err *err)
{
    struct progress_bar *bar = progress_begin(
        p->opt->progress, j->config ? "Copying config" : "Copying blob", j->from.digest,
        j->to_format == j->have ? j->from.size : 0);
    int r;

    for (uint64_t attempt = 0;; attempt++) {
        r = try_blob(p, j, bar, err);
        if (r >= 0 || err->kind != ERR_UNAVAILABLE || attempt >= p->retry.times)
            break;
        progress_line(p->opt->progress, "Retrying blob %s: %s", j->from.digest, err->msg);
        err_clear(err);
        progress_reset(bar, j->from.size);
        retry_wait(&p->retry, attempt);
    }
    progress_end(bar, r > 0 ? "skipped: already exists" : r < 0 ? "failed" : "done");
    return MIN(r, 0);
}

/* ---------- all of them ---------- */

struct crew {
    struct pusher *p;
    struct send_job *jobs;
    size_t n;
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
        if (c->jobs[i].same_as)
            continue;
        if (send_blob(c->p, &c->jobs[i], &err) < 0) {
            pthread_mutex_lock(&c->mutex);
            if (!atomic_exchange(&c->failed, true))
                c->first = err;
            pthread_mutex_unlock(&c->mutex);
        }
    }
}

static void finish_jobs(struct pusher *p, struct send_job *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        jobs[i].to.digest = arena_strdup(p->a, jobs[i].to.digest); /* out of the job's arena */
        jobs[i].enc_keys = arena_strdup(p->a, jobs[i].enc_keys);
        jobs[i].enc_public = arena_strdup(p->a, jobs[i].enc_public);
        arena_done(&jobs[i].arena);
    }
    for (size_t i = 0; i < n; i++)
        if (jobs[i].same_as) {
            jobs[i].to = jobs[i].same_as->to;
            jobs[i].enc_keys = jobs[i].same_as->enc_keys;
            jobs[i].enc_public = jobs[i].same_as->enc_public;
        }
}

int send_blobs(struct pusher *p, struct send_job *jobs, size_t n, struct err *err)
{
    struct crew c = { .p = p, .jobs = jobs, .n = n };
    pthread_t threads[MAX_WORKERS];
    size_t started = 0, want = p->dest->ops->parallel ? MIN(n, (size_t)MAX_WORKERS) : 0;

    pthread_mutex_init(&c.mutex, NULL);
    while (started < want && pthread_create(&threads[started], NULL, worker, &c) == 0)
        started++;
    if (started == 0)
        worker(&c);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&c.mutex);
    finish_jobs(p, jobs, n);
    if (!atomic_load(&c.failed))
        return 0;
    *err = c.first;
    return -c.first.errnum;
}
