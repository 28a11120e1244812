#include "build/hashes.h"

#include "base/fs.h"
#include "base/parse.h"
#include "build/cache.h"

#include "base/banned.h"

#define MEMO_PATH "build/hashes"
enum { MEMO_MAX = 16 << 20, MEMO_HEAD = 8 };
static const char head[MEMO_HEAD] = "hashes1\n";

struct record {
    uint64_t dev, ino;
    int64_t size, mtime, ctime; /* times in ns */
    char hex[SHA256_HEX - 1];
};
_Static_assert(sizeof(struct record) == 104, "no padding goes to disk");

struct hash_memo {
    struct store *store;
    struct buf old, fresh; /* records */
    uint32_t *slots;       /* open addressing: index of a record in `old`, plus one */
    size_t n_slots;
};

static int64_t in_ns(const struct timespec *t)
{
    return (int64_t)t->tv_sec * NSEC_PER_SEC + t->tv_nsec;
}

static struct record record_of(const struct stat *st)
{
    return (struct record) { .dev = st->st_dev,
                             .ino = st->st_ino,
                             .size = st->st_size,
                             .mtime = in_ns(&st->st_mtim),
                             .ctime = in_ns(&st->st_ctim) };
}

static bool same_file(const struct record *a, const struct record *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->mtime == b->mtime &&
           a->ctime == b->ctime;
}

static const struct record *record_at(const struct hash_memo *m, size_t i)
{
    return (const struct record *)(const void *)(m->old.data + MEMO_HEAD) + i;
}

static size_t slot_of(const struct hash_memo *m, const struct record *r)
{
    uint64_t h = (r->ino ^ (r->dev << 32) ^ (uint64_t)r->ctime) * 0x9e3779b97f4a7c15u;

    return (h >> 32) & (m->n_slots - 1);
}

static void index_all(struct hash_memo *m, size_t n)
{
    m->n_slots = 64;
    while (m->n_slots < 2 * n)
        m->n_slots *= 2;
    m->slots = xcalloc(m->n_slots, sizeof(*m->slots));
    for (size_t i = 0; i < n; i++) {
        size_t at = slot_of(m, record_at(m, i));
        while (m->slots[at])
            at = (at + 1) & (m->n_slots - 1);
        m->slots[at] = (uint32_t)i + 1;
    }
}

struct hash_memo *hash_memo_open(struct store *s)
{
    struct hash_memo *m = xcalloc(1, sizeof(*m));

    m->store = s;
    m->old.max = MEMO_MAX;
    if (fs_read_file(s->graph_fd, MEMO_PATH, &m->old) < 0 || m->old.len < MEMO_HEAD ||
        memcmp(m->old.data, head, MEMO_HEAD) != 0 ||
        (m->old.len - MEMO_HEAD) % sizeof(struct record) != 0)
        buf_done(&m->old);
    index_all(m, m->old.len ? (m->old.len - MEMO_HEAD) / sizeof(struct record) : 0);
    return m;
}

static const struct record *find(const struct hash_memo *m, const struct record *want)
{
    for (size_t at = slot_of(m, want); m->slots[at]; at = (at + 1) & (m->n_slots - 1)) {
        const struct record *r = record_at(m, m->slots[at] - 1);
        if (same_file(r, want))
            return r;
    }
    return NULL;
}

int hash_memo_file(struct hash_memo *m, int fd, char hex[SHA256_HEX])
{
    struct stat st, after;
    struct sha256 sha;

    if (fstat(fd, &st) < 0)
        return -errno;
    struct record now = record_of(&st);
    const struct record *known = m ? find(m, &now) : NULL;
    if (known) {
        memcpy(hex, known->hex, sizeof(known->hex));
        hex[SHA256_HEX - 1] = '\0';
        return 0;
    }
    sha256_init(&sha);
    int r = digest_file(&sha, fd);
    if (r < 0)
        return r;
    sha256_hex(&sha, hex);
    if (fstat(fd, &after) < 0)
        return -errno;
    struct record then = record_of(&after);
    if (m && same_file(&now, &then) && time_now() - now.ctime > NSEC_PER_SEC) {
        memcpy(now.hex, hex, sizeof(now.hex));
        buf_put(&m->fresh, &now, sizeof(now));
    }
    return 0;
}

/* Appended in one go, so that two builds at once do not mix. */
static void write_fresh(struct hash_memo *m)
{
    bool anew = !m->old.len || m->old.len + m->fresh.len > MEMO_MAX;
    AUTO_BUF all = { 0 };

    if (fs_mkdirs(m->store->graph_fd, "build", 0700) < 0)
        return;
    if (!anew) {
        AUTO_CLOSE int fd = openat(m->store->graph_fd, MEMO_PATH,
                                   O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0 && write_all(fd, m->fresh.data, m->fresh.len) == 0)
            return;
    }
    buf_put(&all, head, MEMO_HEAD);
    if (m->fresh.len <= MEMO_MAX - MEMO_HEAD)
        buf_put(&all, m->fresh.data, m->fresh.len);
    (void)!fs_replace(m->store->graph_fd, MEMO_PATH, all.data, all.len, 0600, FS_NOSYNC);
}

struct hash_memo *hash_memo_close(struct hash_memo *m)
{
    if (!m)
        return NULL;
    if (m->fresh.len)
        write_fresh(m);
    buf_done(&m->old);
    buf_done(&m->fresh);
    free(m->slots);
    free(m);
    return NULL;
}
