#include "image/mod/verify.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/xattr.h>

#include "base/fs.h"
#include "image/mod/hash.h"
#include "image/mod/inflate.h"
#include "image/mod/place.h"
#include "image/mod/ring.h"
#include "image/mod/tar_read.h"
#include "store/blobs.h"
#include "store/layers.h"

#include "base/banned.h"

/* One task is one pass over a blob: its bytes are hashed and, for a layer, decompressed and compared with what is
 * on disk, entry by entry: type, mode, owner, size, time, contents.  A second thread reads the tar while the
 * first decompresses, as when a layer is unpacked.  At last the directory is walked for what no tar told of. */

enum { CHUNK = 256 * 1024, RING_SIZE = 1 << 20, THREADS_MAX = 16 };

struct pass {
    const struct store *s;
    struct verify_task *task;
    struct arena a; /* of this pass: paths */
    struct ring *ring;
    struct hash *tar;
    const char *run;
    size_t run_left, taken;
    int root;
    char **paths; /* that the tar has, implied parents among them */
    size_t n_paths, cap_paths;
    char *wrong, *wrong_path; /* the first difference that still stands */
    struct err err;
};

/* ---------- the tar, from the ring ---------- */

static int peek(void *arg, const char **p, size_t *n, struct err *err)
{
    struct pass *v = arg;

    if (!v->run_left) {
        ring_advance(v->ring, v->taken);
        int r = ring_peek(v->ring, &v->run, &v->taken);
        if (r < 0)
            return err_set(err, ERR_INTERNAL, -r, "the layer ends early");
        v->run_left = v->taken;
        hash_add(v->tar, v->run, v->run_left);
    }
    *p = v->run;
    *n = v->run_left;
    return 0;
}

static void used(void *arg, size_t n)
{
    struct pass *v = arg;

    v->run += n;
    v->run_left -= n;
}

/* ---------- one entry ---------- */

static void add_path(struct pass *v, const char *path)
{
    if (v->n_paths == v->cap_paths) {
        v->cap_paths = v->cap_paths ? 2 * v->cap_paths : 1024;
        v->paths = xrealloc(v->paths, v->cap_paths * sizeof(*v->paths));
    }
    v->paths[v->n_paths++] = arena_strdup(&v->a, path);
}

/* The entry and the directories that it lies in. */
static void know(struct pass *v, const char *path)
{
    AUTO_FREE char *p = xstrdup(path);

    for (char *slash; *p; *slash = '\0') {
        add_path(v, p);
        if (!(slash = strrchr(p, '/')))
            break;
    }
}

static void differs(struct pass *v, const char *path, const char *what)
{
    if (!v->wrong) {
        v->wrong_path = xstrdup(path);
        v->wrong = xasprintf("/%s: %s", path, what);
    }
}

/* A later entry of the same name replaces an earlier one: what was said of that does not count. */
static void forget(struct pass *v, const char *path)
{
    size_t n = strlen(path);

    if (v->wrong && strncmp(v->wrong_path, path, n) == 0 &&
        (!v->wrong_path[n] || v->wrong_path[n] == '/')) {
        free(v->wrong);
        free(v->wrong_path);
        v->wrong = v->wrong_path = NULL;
    }
}

static const char *compare_bytes(int fd, const struct tar_entry *e, struct tar_reader *t,
                                 struct err *err)
{
    AUTO_FREE char *have = xmalloc(CHUNK);
    int64_t at = 0;
    const char *p;
    size_t n;

    for (;;) {
        if (tar_data(t, &p, &n, err) < 0)
            return NULL;
        if (!n)
            return at == e->size || e->extents ? NULL : "is shorter in its layer";
        n = MIN(n, (size_t)CHUNK);
        if (!e->extents) { /* of a sparse file the size was compared */
            ssize_t got = pread(fd, have, n, at);
            if (got != (ssize_t)n || memcmp(have, p, n) != 0)
                return "has other contents";
        }
        at += (int64_t)n;
        tar_used(t, n);
    }
}

static const char *compare_file(struct pass *v, const char *path, const struct stat *st,
                                const struct tar_entry *e, struct tar_reader *t)
{
    if (!S_ISREG(st->st_mode))
        return "is no file any more";
    if (st->st_size != e->size)
        return "has another size";
    AUTO_CLOSE int fd = fs_open_in_root(v->root, path, O_RDONLY | O_NOFOLLOW, 0);
    if (fd < 0)
        return "cannot be read";
    return compare_bytes(fd, e, t, &v->err);
}

static const char *compare_link(struct pass *v, const char *path, const struct tar_entry *e)
{
    char text[4097];
    AUTO_CLOSE int fd = fs_open_in_root(v->root, path, O_PATH | O_NOFOLLOW, 0);
    ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", text, sizeof(text) - 1);

    if (n < 0)
        return "is no symbolic link any more";
    text[n] = '\0';
    return STR_EQ(text, e->link) ? NULL : "points elsewhere";
}

static const char *compare_attributes(const struct pass *v, const struct stat *st,
                                      const struct tar_entry *e)
{
    if (e->type != TAR_SYMLINK && (st->st_mode & 07777) != e->mode)
        return "has another mode";
    if (!v->s->ignore_chown_errors && (st->st_uid != e->uid || st->st_gid != e->gid))
        return "has another owner";
    if (e->type == TAR_FILE &&
        (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec != e->mtime)
        return "has another time";
    return NULL;
}

/* Capabilities are what a lost attribute would be missed for.  In a user namespace the kernel rewrites them. */
static const char *compare_xattrs(const struct pass *v, const char *path, const struct tar_entry *e)
{
    char have[4096];

    if (v->s->rootless || !e->xattrs)
        return NULL;
    AUTO_CLOSE int fd = fs_open_in_root(v->root, *path ? path : ".", O_RDONLY | O_NONBLOCK, 0);
    for (const struct tar_xattr *x = fd < 0 ? NULL : e->xattrs; x; x = x->next) {
        if (!STR_EQ(x->name, "security.capability") || x->len > sizeof(have))
            continue;
        ssize_t n = fgetxattr(fd, x->name, have, sizeof(have));
        if (n != (ssize_t)x->len || memcmp(have, x->value, x->len) != 0)
            return "has other capabilities";
    }
    return NULL;
}

static const char *compare(struct pass *v, const char *path, const struct tar_entry *e,
                           struct tar_reader *t)
{
    struct stat st;
    AUTO_CLOSE int fd = fs_open_in_root(v->root, *path ? path : ".", O_PATH | O_NOFOLLOW, 0);
    const char *r = NULL;

    if ((e->type == TAR_CHAR || e->type == TAR_BLOCK_DEV) && v->s->rootless)
        return NULL; /* an ordinary user's layers have no devices */
    if (fd < 0 || fstatat(fd, "", &st, AT_EMPTY_PATH) < 0)
        return "is missing";
    switch (e->type) {
    case TAR_FILE:
        r = compare_file(v, path, &st, e, t);
        break;
    case TAR_HARDLINK:
        return S_ISDIR(st.st_mode) ? "is no file any more" : NULL;
    case TAR_SYMLINK:
        r = compare_link(v, path, e);
        break;
    case TAR_DIR:
        r = S_ISDIR(st.st_mode) ? NULL : "is no directory any more";
        break;
    case TAR_CHAR:
    case TAR_BLOCK_DEV:
    case TAR_FIFO:
        r = S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? "is of another kind" : NULL;
        break;
    }
    if (!r)
        r = compare_attributes(v, &st, e);
    return r || (e->type != TAR_FILE && e->type != TAR_DIR) ? r : compare_xattrs(v, path, e);
}

/* ".wh.name" hides: on disk it is a device of overlayfs. */
static bool is_whiteout(struct pass *v, char *path)
{
    char *name = strrchr(path, '/');

    name = name ? name + 1 : path;
    if (!str_starts(name, ".wh."))
        return false;
    if (STR_EQ(name, ".wh..wh..opq"))
        *name = '\0';
    else
        memmove(name, name + 4, strlen(name + 4) + 1);
    size_t n = strlen(path);
    if (n && path[n - 1] == '/')
        path[n - 1] = '\0';
    know(v, path);
    return true;
}

static int compare_all(struct pass *v)
{
    struct tar_source src = { .peek = peek, .advance = used, .arg = v };
    struct tar_entry e;
    char path[4097];
    AUTO_TAR_READER *t = tar_reader_new(&src);
    int r;

    while ((r = tar_next(t, &e, &v->err)) > 0) {
        if (!place_clean_path(e.path, path, sizeof(path)) || is_whiteout(v, path))
            continue;
        know(v, path);
        forget(v, path);
        const char *what = compare(v, path, &e, t);
        if (v->err.kind != ERR_NONE)
            return -EINVAL;
        if (what)
            differs(v, path, what);
    }
    return r;
}

/* ---------- what the tar does not have ---------- */

static int by_text(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

static void walk(struct pass *v, int dir, const char *path)
{
    DIR *d = fdopendir(dir);

    if (!d) {
        close(dir);
        return;
    }
    for (struct dirent *e; !v->wrong && (e = readdir(d));) {
        if (STR_IN(e->d_name, ".", ".."))
            continue;
        AUTO_FREE char *sub = *path ? xasprintf("%s/%s", path, e->d_name) : xstrdup(e->d_name);
        const char *key = sub;
        if (!bsearch(&key, v->paths, v->n_paths, sizeof(key), by_text)) {
            differs(v, sub, "is not in the layer's archive");
            break;
        }
        int fd = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0)
            walk(v, fd, sub);
    }
    closedir(d);
}

static void walk_all(struct pass *v)
{
    int fd = openat(v->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (v->n_paths)
        qsort(v->paths, v->n_paths, sizeof(*v->paths), by_text);
    if (fd >= 0)
        walk(v, fd, "");
}

/* ---------- one task ---------- */

static void *read_tar(void *arg)
{
    struct pass *v = arg;
    const char *p;
    size_t n = 1;

    int r = compare_all(v);
    while (r >= 0 && n > 0) /* what follows the end mark counts for the digest only */
        if ((r = peek(v, &p, &n, &v->err)) == 0)
            used(v, n);
    if (r < 0)
        ring_abandon(v->ring);
    return NULL;
}

static int to_ring(void *ring, const void *data, size_t len)
{
    return ring_write(ring, data, len);
}

/* Hashes the blob and gives it to @z as well, when that is not NULL. */
static int read_blob(int fd, struct hash *h, struct inflate *z, struct err *err)
{
    AUTO_FREE char *chunk = xmalloc(CHUNK);
    int r = 0;

    for (;;) {
        ssize_t n = read_full(fd, chunk, CHUNK);
        if (n < 0)
            return err_sys(err, (int)-n, "reading");
        if (n == 0)
            return z && r == 0 ? inflate_end(z, err) : r;
        hash_add(h, chunk, (size_t)n);
        if (z && r == 0)
            r = inflate_push(z, chunk, (size_t)n, err);
    }
}

static void check_layer(const struct store *s, struct verify_task *t, int fd, struct hash *blob)
{
    char path[LAYER_PATH_MAX], diff[DIGEST_MAX];
    struct pass v = { .s = s,
                      .task = t,
                      .root = fs_open_dir(s->graph_fd, layer_path(t->layer, path)) };
    struct err err = { 0 };
    pthread_t reader;

    if (v.root < 0) {
        t->bad_layer = xstrdup("its directory is missing");
        (void)read_blob(fd, blob, NULL, &err);
        return;
    }
    v.ring = ring_new(RING_SIZE);
    v.tar = hash_new(t->diff_id);
    AUTO_INFLATE *z = inflate_new(to_ring, v.ring);
    bool started = pthread_create(&reader, NULL, read_tar, &v) == 0;
    int r = read_blob(fd, blob, started ? z : NULL, &err);
    ring_close(v.ring, r < 0 ? r : 0);
    if (started)
        pthread_join(reader, NULL);
    hash_end(v.tar, diff);
    if (r == 0 && started && v.err.kind == ERR_NONE && !v.wrong)
        walk_all(&v);
    if (!started)
        t->bad_layer = xstrdup("no thread could be started to read it");
    else if (v.wrong)
        t->bad_layer = xstrdup(v.wrong);
    else if (v.err.kind != ERR_NONE || r < 0)
        t->bad_blob = xstrdup(v.err.kind != ERR_NONE ? v.err.msg : err.msg);
    else if (!STR_EQ(diff, t->diff_id))
        t->bad_blob = xasprintf("its archive has the digest %s in place of %s", diff, t->diff_id);
    hash_free(v.tar);
    ring_free(v.ring);
    close(v.root);
    free(v.paths);
    free(v.wrong);
    free(v.wrong_path);
    arena_done(&v.a);
}

static void check_one(const struct store *s, struct verify_task *t)
{
    char have[DIGEST_MAX];
    struct err err = { 0 };
    AUTO_CLOSE int fd = blob_open(s, t->digest);

    if (fd < 0) {
        t->bad_blob = xasprintf("%s", fd == -ENOENT ? "is missing" : strerror(-fd));
        if (t->layer && !layer_exists(s, t->layer))
            t->bad_layer = xstrdup("its directory is missing");
        return;
    }
    AUTO_HASH *h = hash_new(t->digest);
    if (t->layer)
        check_layer(s, t, fd, h);
    else if (read_blob(fd, h, NULL, &err) < 0) {
        t->bad_blob = xstrdup(err.msg);
        return;
    }
    hash_end(h, have);
    if (!STR_EQ(have, t->digest)) {
        /* Whatever was found in it means nothing: the layer itself may be whole. */
        free(t->bad_blob);
        free(t->bad_layer);
        t->bad_layer = NULL;
        t->bad_blob = xasprintf("has the digest %s", have);
    }
}

/* ---------- all of them ---------- */

struct pool {
    const struct store *s;
    struct verify_task *tasks;
    size_t n;
    atomic_size_t next;
};

static void *work(void *arg)
{
    struct pool *p = arg;

    for (size_t i; (i = atomic_fetch_add(&p->next, 1)) < p->n;)
        check_one(p->s, &p->tasks[i]);
    return NULL;
}

static char *hand_over(struct arena *a, char *text)
{
    char *kept = arena_strdup(a, text);

    free(text);
    return kept;
}

int module_verify(const struct store *s, struct arena *a, struct verify_task *tasks, size_t n,
                  struct err *err)
{
    struct pool p = { .s = s, .tasks = tasks, .n = n };
    pthread_t threads[THREADS_MAX];
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    size_t want = MIN(MIN((size_t)MAX(cpus, 1L), (size_t)THREADS_MAX), n), started = 0;

    (void)err;
    while (started + 1 < want && pthread_create(&threads[started], NULL, work, &p) == 0)
        started++;
    work(&p); /* this thread is one of them */
    while (started)
        pthread_join(threads[--started], NULL);
    for (size_t i = 0; i < n; i++) {
        tasks[i].bad_blob = hand_over(a, tasks[i].bad_blob);
        tasks[i].bad_layer = hand_over(a, tasks[i].bad_layer);
    }
    return 0;
}
