#include "image/mod/ring.h"

#include <pthread.h>

#include "base/banned.h"

struct ring {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t size, head, used; /* head: where the reader is */
    bool closed, abandoned;
    bool writer_waits, reader_waits; /* a signal costs a system call: only when somebody waits */
    int error;
    char *mem;
};

struct ring *ring_new(size_t size)
{
    struct ring *r = xcalloc(1, sizeof(*r));

    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->changed, NULL);
    r->size = size;
    r->mem = xmalloc(size);
    return r;
}

struct ring *ring_free(struct ring *r)
{
    if (r) {
        pthread_mutex_destroy(&r->mutex);
        pthread_cond_destroy(&r->changed);
        free(r->mem);
        free(r);
    }
    return NULL;
}

int ring_write(struct ring *r, const void *data, size_t len)
{
    const char *p = data;
    int ret = 0;

    pthread_mutex_lock(&r->mutex);
    while (len && ret == 0) {
        while (r->used == r->size && !r->abandoned) {
            r->writer_waits = true;
            pthread_cond_wait(&r->changed, &r->mutex);
        }
        if (r->abandoned) {
            ret = -EPIPE;
            break;
        }
        size_t tail = (r->head + r->used) % r->size;
        size_t n = MIN(MIN(len, r->size - r->used), r->size - tail);
        /* The free part belongs to the writer alone: copy without the lock. */
        pthread_mutex_unlock(&r->mutex);
        memcpy(r->mem + tail, p, n);
        pthread_mutex_lock(&r->mutex);
        r->used += n;
        p += n;
        len -= n;
        if (r->reader_waits)
            pthread_cond_signal(&r->changed);
        r->reader_waits = false;
    }
    pthread_mutex_unlock(&r->mutex);
    return ret;
}

void ring_close(struct ring *r, int error)
{
    pthread_mutex_lock(&r->mutex);
    r->closed = true;
    r->error = error;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->mutex);
}

int ring_peek(struct ring *r, const char **p, size_t *n)
{
    int ret = 0;

    pthread_mutex_lock(&r->mutex);
    while (!r->used && !r->closed) {
        r->reader_waits = true;
        pthread_cond_wait(&r->changed, &r->mutex);
    }
    *p = r->mem + r->head;
    *n = MIN(r->used, r->size - r->head);
    if (!*n)
        ret = r->error;
    pthread_mutex_unlock(&r->mutex);
    return ret;
}

void ring_advance(struct ring *r, size_t n)
{
    pthread_mutex_lock(&r->mutex);
    r->head = (r->head + n) % r->size;
    r->used -= n;
    /* A writer that was stopped goes on when a good part is free, not for every header. */
    if (r->writer_waits && r->used <= r->size / 2) {
        r->writer_waits = false;
        pthread_cond_signal(&r->changed);
    }
    pthread_mutex_unlock(&r->mutex);
}

void ring_abandon(struct ring *r)
{
    pthread_mutex_lock(&r->mutex);
    r->abandoned = true;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->mutex);
}
