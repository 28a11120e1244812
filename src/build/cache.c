#include "build/cache.h"

#include <dirent.h>

#include "base/fs.h"
#include "base/parse.h"
#include "build/build.h"
#include "spec/digest.h"

#include "base/banned.h"

/* ---------- steps ---------- */

char *cache_find(struct store *s, struct arena *a, const char *key, int64_t ttl_ns)
{
    char path[128], id[65];
    struct stat st;

    snprintf(path, sizeof(path), "build/steps/%s", key);
    ssize_t n = readlinkat(s->graph_fd, path, id, sizeof(id));
    if (n != 64)
        return NULL;
    id[64] = '\0';
    if (ttl_ns >= 0 && (fstatat(s->graph_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
                        time_now() - (int64_t)st.st_mtim.tv_sec * NSEC_PER_SEC > ttl_ns))
        return NULL;
    return digest_hex_valid(id) ? arena_strdup(a, id) : NULL;
}

void cache_note(struct store *s, const char *key, const char *id)
{
    char path[128], tmp[160];

    snprintf(path, sizeof(path), "build/steps/%s", key);
    snprintf(tmp, sizeof(tmp), "%s.%d", path, (int)getpid());
    if (symlinkat(id, s->graph_fd, tmp) < 0 && errno == ENOENT &&
        fs_mkdirs(s->graph_fd, "build/steps", 0700) == 0)
        (void)!symlinkat(id, s->graph_fd, tmp);
    if (renameat(s->graph_fd, tmp, s->graph_fd, path) < 0)
        (void)!unlinkat(s->graph_fd, tmp, 0);
}

int build_cache_sweep(struct engine *e, struct err *err)
{
    struct store *s = engine_store(e);
    DIR *d = fs_open_list(s->graph_fd, "build/steps");
    AUTO_ARENA a = { 0 };
    struct image_list all = { 0 };
    char **known = NULL, id[65];
    int r = d ? image_list(s, &a, &all, err) : 0;

    for (size_t i = 0; i < all.n; i++)
        known = strv_add(&a, known, all.items[i].id);
    for (struct dirent *one; d && r == 0 && (one = readdir(d));) {
        ssize_t n = readlinkat(dirfd(d), one->d_name, id, sizeof(id) - 1);
        if (n < 0)
            continue;
        id[n] = '\0';
        if (!strv_has(known, id))
            (void)!unlinkat(dirfd(d), one->d_name, 0);
    }
    if (d)
        closedir(d);
    return r;
}

/* ---------- mounts ---------- */

int cache_mount_dir(struct store *s, struct arena *a, const char *id, uint32_t mode, uint32_t uid,
                    uint32_t gid, char **ret, bool *ret_new, struct err *err)
{
    char hex[SHA256_HEX], path[128];
    struct sha256 sha;

    sha256_init(&sha);
    sha256_add(&sha, id, strlen(id));
    snprintf(path, sizeof(path), "build/mounts/%s", sha256_hex(&sha, hex));
    int r = fs_mkdirs(s->graph_fd, "build/mounts", 0700);
    if (r < 0)
        return err_sys(err, -r, "making %s/build/mounts", s->graphroot);
    *ret = arena_printf(a, "%s/%s", s->graphroot, path);
    *ret_new = mkdirat(s->graph_fd, path, 0700) == 0;
    if (!*ret_new)
        return errno == EEXIST ? 0 : err_sys(err, errno, "making %s", *ret);
    if (fchownat(s->graph_fd, path, uid, gid, 0) < 0 || fchmodat(s->graph_fd, path, mode, 0) < 0)
        return err_sys(err, errno, "making %s", *ret);
    return 0;
}

int build_cache_prune(struct engine *e, int64_t *ret_bytes, struct err *err)
{
    struct store *s = engine_store(e);
    int64_t bytes = 0, entries;

    if (fs_tree_size(s->graph_fd, "build/mounts", &bytes, &entries) < 0)
        bytes = 0;
    int r = fs_remove_tree(s->graph_fd, "build/mounts");
    if (r < 0)
        return err_sys(err, -r, "removing %s/build/mounts", s->graphroot);
    *ret_bytes = bytes;
    return 0;
}

/* ---------- contents ---------- */

int digest_file(struct sha256 *s, int fd)
{
    enum { CHUNK = 128 * 1024 };
    AUTO_FREE char *chunk = xmalloc(CHUNK);

    for (;;) {
        ssize_t n = read(fd, chunk, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : 0;
        sha256_add(s, chunk, (size_t)n);
    }
}

/* Small files are read faster than looked up. */
enum { REMEMBERED_SIZE = 16 * 1024 };

static int digest_contents(struct sha256 *s, struct hash_memo *memo, int fd, int64_t size)
{
    char hex[SHA256_HEX];

    if (size < REMEMBERED_SIZE)
        return digest_file(s, fd);
    int r = hash_memo_file(memo, fd, hex);
    if (r == 0)
        sha256_add(s, hex, sizeof(hex));
    return r;
}

int digest_entry(struct sha256 *s, struct hash_memo *memo, int dir, const char *name,
                 const char *as, struct err *err)
{
    char head[128], target[PATH_MAX];
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(err, errno, "looking at %s", as);
    int n = snprintf(head, sizeof(head), "%o %lld %llx", st.st_mode,
                     S_ISREG(st.st_mode) ? (long long)st.st_size : 0LL,
                     (unsigned long long)st.st_rdev);
    sha256_add(s, as, strlen(as) + 1);
    sha256_add(s, head, (size_t)n + 1);
    if (S_ISLNK(st.st_mode)) {
        ssize_t len = readlinkat(dir, name, target, sizeof(target));
        if (len < 0)
            return err_sys(err, errno, "reading the link %s", as);
        sha256_add(s, target, (size_t)len);
    }
    if (!S_ISREG(st.st_mode))
        return 0;
    AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int r = fd < 0 ? -errno : digest_contents(s, memo, fd, st.st_size);
    return r < 0 ? err_sys(err, -r, "reading %s", as) : 0;
}
