#include "image/mod/copy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/progress.h"
#include "image/mod/hash.h"
#include "image/mod/unpack.h"
#include "store/blobs.h"
#include "store/layers.h"

#include "base/banned.h"

/* How a layer travels
 *
 *   worker:    source -> hash -> blob file -> ring
 *   inflater:                                 ring -> inflate -> ring
 *   unpacker:                                                    ring -> hash -> tar -> directory
 *
 * A worker takes the lock of the layer first and that of the partial blob second, and holds no others,
 * so two processes that pull the same layers wait for each other without a circle.  New layers stay
 * temporary directories until all threads are joined; then one flush covers them all, and they get
 * their names in order, since implied directories look at the layers below. */

enum { MAX_WORKERS = 4, RING_SIZE = 1 << 20, RING_RUN = 128 * 1024, FILE_CHUNK = 256 * 1024 };

struct job {
    struct descriptor blob; /* digest NULL: unknown as yet */
    const char *diff_id;
    const char *chain; /* hexadecimal */
    struct arena arena;
    struct unpacked unpacked;
    struct layer_tmp tmp; /* unpacked, without its name as yet */
    struct progress_bar *bar;
    bool resumed; /* bytes of an earlier, cut-off transfer were used */
    char digest[DIGEST_MAX];
    const char *key;
    int64_t blob_size, size;
    enum compression format;
};

struct crew {
    const struct store *s;
    const struct blob_source *src;
    struct progress *progress;
    struct job *jobs;
    size_t n;
    atomic_size_t next;
    atomic_bool failed;
    pthread_mutex_t mutex;
    struct err first; /* of the first worker that failed */
};

/* The thread in the middle. */
struct inflater {
    struct ring *in, *out;
    struct inflate *inflate;
    pthread_t thread;
    bool running;
    struct err err;
    int r;
};

/* One blob on its way. */
struct stream {
    struct crew *crew;
    struct job *job;
    struct blob_writer file; /* .fd < 0 while the bytes come from it */
    struct hash *hash;
    struct inflater *inflater; /* NULL: the layer is there, only the blob is missing */
    int64_t bytes;
    struct err err; /* of the sink */
};

static int stream_take(void *arg, const void *data, size_t len)
{
    struct stream *st = arg;
    const struct descriptor *d = &st->job->blob;

    if (atomic_load(&st->crew->failed))
        return err_set(&st->err, ERR_INTERNAL, ECANCELED, "another layer failed");
    if (d->digest && st->bytes + (int64_t)len > d->size)
        return err_set(&st->err, ERR_BAD_PARAM, EINVAL,
                       "blob %s is larger than the %lld bytes that its manifest tells", d->digest,
                       (long long)d->size);
    st->bytes += (int64_t)len;
    progress_add(st->job->bar, (int64_t)len);
    hash_add(st->hash, data, len);
    int r = st->file.fd >= 0 ? blob_write(&st->file, data, len) : 0;
    if (r < 0)
        return err_sys(&st->err, -r, "writing a blob");
    return st->inflater ? ring_write(st->inflater->in, data, len) : 0;
}

static int ring_sink(void *arg, const void *data, size_t len)
{
    return ring_write(arg, data, len);
}

static int inflate_all(struct inflater *f)
{
    const char *p;
    size_t n;

    for (;;) {
        int r = ring_peek(f->in, &p, &n);
        if (r < 0)
            return r;
        n = MIN(n, (size_t)RING_RUN);
        r = n ? inflate_push(f->inflate, p, n, &f->err) : inflate_end(f->inflate, &f->err);
        if (r < 0 || !n)
            return r;
        ring_advance(f->in, n);
    }
}

static void *inflater_thread(void *arg)
{
    struct inflater *f = arg;

    f->r = inflate_all(f);
    if (f->r < 0)
        ring_abandon(f->in);
    ring_close(f->out, f->r);
    return NULL;
}

static int inflater_start(struct inflater *f, struct ring *out, struct err *err)
{
    f->out = out;
    f->in = ring_new(RING_SIZE);
    f->inflate = inflate_new(ring_sink, out);
    f->running = pthread_create(&f->thread, NULL, inflater_thread, f) == 0;
    if (f->running)
        return 0;
    ring_close(out, -EAGAIN);
    return err_set(err, ERR_INTERNAL, EAGAIN, "cannot start a thread");
}

/* No more bytes come, because of @r when that is an error.  What it has to say comes before an error
 * that only tells of it. */
static int inflater_end(struct inflater *f, int r, struct err *err)
{
    if (!f->running)
        return r;
    f->running = false;
    ring_close(f->in, r);
    pthread_join(f->thread, NULL);
    if (f->r == 0 || (r < 0 && r != -EPIPE))
        return r;
    if (f->err.kind != ERR_NONE)
        *err = f->err;
    return f->r;
}

static void inflater_free(struct inflater *f)
{
    ring_free(f->in);
    inflate_free(f->inflate);
}

/* Feeds @st from a file. */
static int stream_file(struct stream *st, int fd, struct err *err)
{
    AUTO_FREE char *chunk = xmalloc(FILE_CHUNK);

    for (int64_t at = 0;;) {
        ssize_t n = pread(fd, chunk, FILE_CHUNK, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(err, errno, "reading a blob");
        if (n == 0)
            return 0;
        int r = stream_take(st, chunk, (size_t)n);
        if (r < 0)
            return r;
        at += n;
    }
}

static bool worth_retry(const struct stream *st, const struct err *err)
{
    return st->crew->src->remote && st->err.kind == ERR_NONE && err->kind == ERR_UNAVAILABLE;
}

static int stream_fetch(struct stream *st, struct err *err)
{
    const struct blob_source *src = st->crew->src;
    const struct descriptor *d = &st->job->blob;

    for (uint64_t attempt = 0;; attempt++) {
        if (d->digest && st->bytes == d->size && (st->bytes || attempt))
            return 0;
        int r = src->fetch(src->arg, d, st->bytes, stream_take, st, err);
        if (r == 0 || attempt >= src->retry.times || !worth_retry(st, err))
            return r;
        progress_line(st->crew->progress, "Retrying blob %s: %s", d->digest, err->msg);
        err_clear(err);
        retry_wait(&src->retry, attempt);
    }
}

static int check_blob(struct stream *st, struct err *err)
{
    struct job *j = st->job;

    if (j->blob.digest && st->bytes != j->blob.size)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "blob %s has %lld bytes, but its manifest tells %lld", j->blob.digest,
                       (long long)st->bytes, (long long)j->blob.size);
    hash_end(st->hash, j->digest);
    if (j->blob.digest && !STR_EQ(j->digest, j->blob.digest))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "digest did not match, expected %s, got %s",
                       j->blob.digest, j->digest);
    j->blob_size = st->bytes;
    return 0;
}

/* Runs the bytes through @st; on return the file is complete and right, or @err is set. */
static int stream_run(struct stream *st, int from_fd, struct err *err)
{
    int r = from_fd >= 0 ? stream_file(st, from_fd, err) : 0;

    if (r == 0 && st->file.fd >= 0) {
        r = stream_fetch(st, err);
        /* What came before the connection broke is for the next attempt. */
        int flushed = blob_write_flush(&st->file);
        if (r == 0 && flushed < 0)
            r = err_sys(err, -flushed, "writing a blob");
    }
    if (st->inflater)
        r = inflater_end(st->inflater, r, err);
    if (r == 0)
        r = check_blob(st, err);
    if (r < 0 && err->kind == ERR_NONE && st->err.kind != ERR_NONE)
        *err = st->err;
    return r;
}

struct unpack_call {
    struct ring *ring;
    int root;
    struct place_options opt;
    struct job *job;
    struct err err;
    int r;
};

static void *unpack_thread(void *arg)
{
    struct unpack_call *c = arg;

    c->r = unpack_stream(c->ring, c->root, &c->opt, c->job->diff_id, &c->job->arena,
                         &c->job->unpacked, &c->err);
    return NULL;
}

/* The file that the blob is written to, and how much of it is there: *ret_have < 0 means that the whole
 * blob turned up meanwhile. */
static int open_target(struct crew *c, struct job *j, int *ret_fd, struct err *err)
{
    if (!c->src->remote || !j->blob.digest)
        *ret_fd = blob_tmpfile(c->s, err);
    else
        *ret_fd = blob_partial_open(c->s, j->blob.digest, err);
    return *ret_fd < 0 && *ret_fd != -EEXIST ? *ret_fd : 0;
}

static int store_blob(struct crew *c, struct job *j, int fd, struct err *err)
{
    if (c->src->remote && j->blob.digest)
        return blob_partial_commit(c->s, fd, j->digest, err);
    return blob_link(c->s, fd, j->digest, err);
}

/* A partial file that is longer than the blob is of no use; one that is shorter is read first. */
static int resume_point(struct crew *c, struct job *j, struct stream *st, struct err *err)
{
    struct stat sb;

    if (!c->src->remote || !j->blob.digest)
        return 0;
    if (fstat(st->file.fd, &sb) < 0)
        return err_sys(err, errno, "looking at a partial blob");
    if (sb.st_size > j->blob.size && ftruncate(st->file.fd, 0) < 0)
        return err_sys(err, errno, "truncating a partial blob");
    if (sb.st_size == 0 || sb.st_size > j->blob.size)
        return 0;
    j->resumed = true;
    int fd = HANDOVER_FD(st->file.fd); /* what is read now must not be written again */
    int r = stream_file(st, fd, err);
    st->file.fd = fd;
    if (r == 0 && lseek(fd, 0, SEEK_END) < 0)
        r = err_sys(err, errno, "seeking in a partial blob");
    return r;
}

/* Brings the blob and, where the layer is missing, feeds that. */
static int move_blob(struct crew *c, struct job *j, struct stream *st, struct err *err)
{
    AUTO_CLOSE int have = -EBADF, target = -EBADF;
    int r = 0;

    if (c->src->spooled) {
        r = stream_run(st, *c->src->spooled, err);
        return r < 0 ? r : blob_link(c->s, *c->src->spooled, j->digest, err);
    }
    if (j->blob.digest && blob_exists(c->s, j->blob.digest, NULL))
        target = -EEXIST;
    else
        r = open_target(c, j, &target, err);
    if (r < 0)
        return r;
    if (target == -EEXIST) {
        have = blob_open(c->s, j->blob.digest);
        if (have < 0)
            return err_sys(err, -have, "opening blob %s", j->blob.digest);
        return stream_run(st, have, err);
    }
    st->file.fd = target;
    st->file.once = c->src->remote;
    r = resume_point(c, j, st, err);
    if (r == 0)
        r = stream_run(st, -EBADF, err);
    if (r < 0 && err->kind == ERR_NONE)
        *err = st->err;
    /* Bytes that cannot be a part of the right blob are not worth keeping.  (-EPIPE: the unpacker could
     * make nothing of them.) */
    if (r < 0 && c->src->remote && j->blob.digest &&
        (err->kind == ERR_BAD_PARAM || (r == -EPIPE && j->resumed)))
        blob_partial_drop(c->s, j->blob.digest);
    return r < 0 ? r : store_blob(c, j, target, err);
}

static int check_diff_id(const struct job *j, struct err *err)
{
    if (!STR_EQ(j->unpacked.diff_id, j->diff_id))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "layer digest did not match, expected diff ID %s, got %s", j->diff_id,
                       j->unpacked.diff_id);
    return 0;
}

/* Both threads are at work; feeds them and waits for their end. */
static int feed_unpacker(struct crew *c, struct job *j, struct ring *ring, struct err *err)
{
    AUTO_HASH *hash = hash_new(j->blob.digest);
    struct inflater inflater = { 0 };
    struct stream st = {
        .crew = c, .job = j, .file.fd = -EBADF, .hash = hash, .inflater = &inflater
    };
    int r = inflater_start(&inflater, ring, err);

    if (r == 0) {
        r = move_blob(c, j, &st, err);
        r = inflater_end(&inflater, r, err);
    }
    blob_write_done(&st.file);
    j->format = inflate_format(inflater.inflate);
    inflater_free(&inflater);
    return r;
}

static int unpack_job(struct crew *c, struct job *j, struct err *err)
{
    struct ring *ring = ring_new(RING_SIZE);
    struct unpack_call call = {
        .ring = ring,
        .opt = { c->s->rootless, c->s->ignore_chown_errors },
        .job = j,
    };
    pthread_t thread = 0;

    int r = layer_tmp_make(c->s, digest_hex(j->diff_id), &j->tmp, err);
    call.root = j->tmp.diff_fd;
    if (r == 0 && pthread_create(&thread, NULL, unpack_thread, &call) != 0)
        r = err_set(err, ERR_INTERNAL, EAGAIN, "cannot start a thread");
    else if (r == 0) {
        r = feed_unpacker(c, j, ring, err);
        pthread_join(thread, NULL);
        /* The unpacker's reason comes first, unless it only saw the worker stop. */
        if (call.r < 0 && (r == 0 || r == -EPIPE)) {
            *err = call.err;
            r = call.r;
        }
    }
    ring_free(ring);
    if (r == 0)
        r = check_diff_id(j, err);
    j->size = j->unpacked.size;
    return r;
}

/* The layer is there; its blob, in this compression, is not. */
static int fetch_only(struct crew *c, struct job *j, struct err *err)
{
    AUTO_HASH *hash = hash_new(j->blob.digest);
    struct stream st = { .crew = c, .job = j, .file.fd = -EBADF, .hash = hash };

    int r = move_blob(c, j, &st, err);
    blob_write_done(&st.file);
    return r;
}

/* Old bytes may be wrong where the registry's are right: then once more without them. */
static int bring(struct crew *c, struct job *j, struct err *err)
{
    int r = j->key ? fetch_only(c, j, err) : unpack_job(c, j, err);

    if (r == 0 || !j->resumed || err->kind != ERR_BAD_PARAM)
        return r;
    err_clear(err);
    progress_reset(j->bar, j->blob.size);
    j->resumed = false;
    layer_tmp_drop(c->s, &j->tmp);
    return j->key ? fetch_only(c, j, err) : unpack_job(c, j, err);
}

/* The layer is there already: 1 when its blob is as well, and nothing is left to do. */
static int look_for_blob(struct crew *c, struct job *j, struct err *err)
{
    struct layer_info info;
    /* An uncompressed tar is named by its diff ID: the unnamed blob of a Docker archive may be here. */
    const char *digest = j->blob.digest ? j->blob.digest : j->diff_id;

    if (layer_info(c->s, j->key, &info) < 0)
        return err_set(err, ERR_INTERNAL, EIO, "layer %s is damaged", j->key);
    j->size = info.size;
    if (!blob_exists(c->s, digest, &j->blob_size))
        return 0;
    snprintf(j->digest, sizeof(j->digest), "%s", digest);
    return 1;
}

/* Only the blob is wanted.  The partial file's lock is the one that counts. */
static int do_blob(struct crew *c, struct job *j, struct err *err)
{
    j->key = "";
    j->bar = progress_begin(c->progress, "Copying blob", j->blob.digest, j->blob.size);
    int r = blob_exists(c->s, j->blob.digest, NULL) ? 1 : bring(c, j, err);
    progress_end(j->bar, r > 0 ? "skipped: already exists" : r < 0 ? "failed" : "done");
    return MIN(r, 0);
}

static int do_job(struct crew *c, struct job *j, struct err *err)
{
    if (!j->diff_id)
        return do_blob(c, j, err);
    AUTO_CLOSE int lock = layer_lock(c->s, digest_hex(j->diff_id), err);

    if (lock < 0)
        return lock;
    j->key = layer_find(c->s, digest_hex(j->diff_id), j->chain);
    int r = j->key ? look_for_blob(c, j, err) : 0;
    if (r < 0)
        return r;
    j->bar = progress_begin(c->progress, "Copying blob",
                            j->blob.digest ? j->blob.digest : j->diff_id, j->blob.size);
    if (r == 0)
        r = bring(c, j, err);
    progress_end(j->bar, r > 0 ? "skipped: already exists" : r < 0 ? "failed" : "done");
    return MIN(r, 0);
}

static void *worker(void *arg)
{
    struct crew *c = arg;

    for (;;) {
        size_t i = atomic_fetch_add(&c->next, 1);
        if (i >= c->n || atomic_load(&c->failed))
            return NULL;
        struct err err = { 0 };
        if (do_job(c, &c->jobs[i], &err) < 0) {
            pthread_mutex_lock(&c->mutex);
            if (!atomic_exchange(&c->failed, true))
                c->first = err;
            pthread_mutex_unlock(&c->mutex);
        }
    }
}

static int run_crew(struct crew *c, struct err *err)
{
    pthread_t threads[MAX_WORKERS];
    size_t n = 0, want = MIN(c->n, (size_t)MAX_WORKERS);
    mode_t mask = umask(0); /* see place.h */

    while (n < want && pthread_create(&threads[n], NULL, worker, c) == 0)
        n++;
    if (n == 0 && want)
        worker(c);
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    umask(mask);
    if (!atomic_load(&c->failed))
        return 0;
    if (err)
        *err = c->first;
    return -c->first.errnum;
}

static int open_layer(struct crew *c, const struct job *j)
{
    char path[LAYER_PATH_MAX];

    return j->tmp.name[0] ? fcntl(j->tmp.diff_fd, F_DUPFD_CLOEXEC, 3)
                          : fs_open_dir(c->s->graph_fd, layer_path(j->key, path));
}

/* Layer @at has implied directories: now they can look like those of the layers below. */
static int finish_implied(struct crew *c, size_t at, struct err *err)
{
    struct job *j = &c->jobs[at];
    AUTO_FREE int *lowers = xcalloc(at + 1, sizeof(*lowers));
    size_t n = 0;
    int r = 0;

    for (size_t i = at; i-- > 0;) {
        int fd = open_layer(c, &c->jobs[i]);
        if (fd >= 0)
            lowers[n++] = fd;
    }
    for (char **dir = j->unpacked.implied; r == 0 && *dir; dir++)
        r = place_copy_attributes(j->tmp.diff_fd, *dir, lowers, n, err);
    for (size_t i = 0; i < n; i++)
        close(lowers[i]);
    return r;
}

/* Gives all new layers their names.  One flush before that covers all their files: a layer that has its
 * name is whole, also after a power cut. */
static int finish_layers(struct crew *c, struct err *err)
{
    bool any = false;
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->n; i++) {
        struct job *j = &c->jobs[i];
        struct layer_info info = { .size = j->size, .implied = j->unpacked.implied };
        if (!j->tmp.name[0])
            continue;
        any = true;
        j->key = info.implied ? j->chain : digest_hex(j->diff_id);
        if (info.implied)
            r = finish_implied(c, i, err);
        if (r == 0)
            r = layer_tmp_describe(c->s, &j->tmp, &info, err);
    }
    if (r == 0 && any && syncfs(c->s->graph_fd) < 0)
        r = err_sys(err, errno, "flushing %s", c->s->graphroot);
    for (size_t i = 0; r == 0 && i < c->n; i++)
        if (c->jobs[i].tmp.name[0])
            r = layer_tmp_commit(c->s, &c->jobs[i].tmp, c->jobs[i].key, err);
    return r;
}

char *copy_chain_id(struct arena *a, char *const *diff_ids, size_t n)
{
    char chain[DIGEST_MAX] = "";

    for (size_t i = 0; i < n; i++) {
        if (i == 0) {
            snprintf(chain, sizeof(chain), "%s", diff_ids[0]);
            continue;
        }
        char *both = arena_printf(a, "%s %s", chain, diff_ids[i]);
        hash_of(both, strlen(both), NULL, chain);
    }
    return arena_strdup(a, digest_hex(chain));
}

static const char *media_type_of(const struct job *j)
{
    if (!str_empty(j->blob.media_type))
        return j->blob.media_type;
    switch (j->format) {
    case COMP_GZIP:
        return MT_OCI_LAYER_GZIP;
    case COMP_ZSTD:
        return MT_OCI_LAYER_ZSTD;
    case COMP_NONE:
    case COMP_XZ:
    case COMP_BZIP2:
    case COMP_COUNT:
        break;
    }
    return MT_OCI_LAYER;
}

static void describe_layers(struct arena *a, const struct crew *c, struct stored_image *ret)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct job *j = &c->jobs[i];
        struct stored_layer *l = LIST_ADD(a, ret->layers);
        l->key = arena_strdup(a, j->key);
        l->diff_id = arena_strdup(a, j->diff_id);
        l->blob = arena_strdup(a, j->digest);
        l->media_type = arena_strdup(a, media_type_of(j));
        l->blob_size = j->blob_size;
        l->size = j->size;
    }
}

int copy_layers(const struct store *s, struct arena *a, const struct blob_source *src,
                const struct copy_layers *want, struct stored_image *ret, struct err *err)
{
    struct crew c = { .s = s, .src = src, .progress = want->progress, .n = want->n };

    if (strv_len(want->diff_ids) != want->n)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "the manifest has %zu layers, but the configuration has %zu diff IDs",
                       want->n, strv_len(want->diff_ids));
    pthread_mutex_init(&c.mutex, NULL);
    c.jobs = arena_alloc(a, (want->n + 1) * sizeof(*c.jobs));
    for (size_t i = 0; i < want->n; i++) {
        struct job *j = &c.jobs[i];
        j->blob = want->blobs[i];
        j->diff_id = want->diff_ids[i];
        j->chain = copy_chain_id(a, want->diff_ids, i + 1);
        j->tmp.diff_fd = -EBADF;
    }
    int r = run_crew(&c, err);
    if (r == 0)
        r = finish_layers(&c, err);
    if (r == 0)
        describe_layers(a, &c, ret);
    for (size_t i = 0; i < c.n; i++) {
        layer_tmp_drop(s, &c.jobs[i].tmp);
        arena_done(&c.jobs[i].arena);
    }
    pthread_mutex_destroy(&c.mutex);
    return r;
}

int copy_blobs(const struct store *s, struct arena *a, const struct blob_source *src,
               const struct descriptor *blobs, size_t n, struct progress *progress, struct err *err)
{
    struct crew c = { .s = s, .src = src, .progress = progress, .n = n };

    pthread_mutex_init(&c.mutex, NULL);
    c.jobs = arena_alloc(a, (n + 1) * sizeof(*c.jobs));
    for (size_t i = 0; i < n; i++) {
        c.jobs[i].blob = blobs[i];
        c.jobs[i].tmp.diff_fd = -EBADF;
    }
    int r = run_crew(&c, err);
    pthread_mutex_destroy(&c.mutex);
    return r;
}
