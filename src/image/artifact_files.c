#include <linux/fs.h>
#include <sys/ioctl.h>

#include "base/fs.h"
#include "image/artifact.h"
#include "image/module.h"
#include "store/blobs.h"

#include "base/banned.h"

#define TITLE "org.opencontainers.image.title"

/* The name under which a file appears.  Whoever made the artifact chose the title: it must not reach out of
 * the directory, nor be what no file can be called. */
static int safe_name(struct arena *a, const char *title, const char *digest, char **ret,
                     struct err *err)
{
    if (str_empty(title)) {
        *ret = arena_printf(a, "%.6s-%s", digest, digest_hex(digest));
        return 0;
    }
    if (strchr(title, '/'))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid name: \"%s\" cannot contain /: artifact blob title invalid", title);
    if (STR_IN(title, ".", "..") || strlen(title) > 255)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid name: \"%.300s\" cannot be the name of a file: artifact blob title "
                       "invalid",
                       title);
    *ret = arena_strdup(a, title);
    return 0;
}

static int add_file(struct arena *a, const struct descriptor *d, const char *title,
                    artifact_file_list *out, struct err *err)
{
    struct artifact_file f = { .digest = d->digest, .size = d->size };
    int r = safe_name(a, title, d->digest, &f.name, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < out->n; i++)
        if (STR_EQ(out->items[i].name, f.name))
            return err_set(err, ERR_BAD_PARAM, EINVAL,
                           "annotation \"" TITLE
                           "\":\"%s\" is used in multiple different layers within artifact",
                           f.name);
    *LIST_ADD(a, *out) = f;
    return 0;
}

static int find_one(const struct artifact *art, const struct artifact_choice *which,
                    const struct descriptor **ret, struct err *err)
{
    const char *what = which->title ? "title" : "digest";
    const char *value = which->title ? which->title : which->digest;
    const descriptor_list *l = &art->manifest.layers;

    *ret = NULL;
    for (size_t i = 0; i < l->n; i++) {
        const struct descriptor *d = &l->items[i];
        const char *have = which->title ? kv_get(&d->annotations, TITLE) : d->digest;
        if (!str_same(have, value))
            continue;
        if (*ret)
            return err_set(err, ERR_CONFLICT, EEXIST, "more than one match for the %s \"%s\"", what,
                           value);
        *ret = d;
    }
    return *ret ? 0
                : err_set(err, ERR_NOT_FOUND, ENOENT, "no blob with the %s \"%s\"", what, value);
}

int artifact_files(struct arena *a, const struct artifact *art, const struct artifact_choice *which,
                   artifact_file_list *out, struct err *err)
{
    const descriptor_list *l = &art->manifest.layers;
    const struct descriptor *one;
    int r = 0;

    if (which->title && which->digest)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "cannot specify both digest and title");
    if (!l->n)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "the artifact has no blobs, nothing to extract");
    if (which->title || which->digest) {
        r = find_one(art, which, &one, err);
        return r < 0 ? r : add_file(a, one, which->title, out, err);
    }
    for (size_t i = 0; r == 0 && i < l->n; i++)
        r = add_file(a, &l->items[i], kv_get(&l->items[i].annotations, TITLE), out, err);
    return r;
}

/* ---------- extract ---------- */

/* Shares the blocks where the file system can. */
static int copy_bytes(int from, int to)
{
    if (ioctl(to, FICLONE, from) == 0)
        return 0;
    for (;;) {
        ssize_t n = copy_file_range(from, NULL, to, NULL, 1u << 30, 0);
        if (n == 0)
            return 0;
        if (n < 0 && errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
            return -errno;
        if (n < 0)
            break;
    }
    AUTO_FREE char *chunk = xmalloc(256 * 1024);
    for (;;) {
        ssize_t n = read_full(from, chunk, 256 * 1024);
        int r = n > 0 ? write_all(to, chunk, (size_t)n) : (int)n;
        if (n <= 0 || r < 0)
            return r;
    }
}

/* An existing link is not followed out of the directory; a single target path is the user's own. */
static int put_file(struct store *s, int dir, const char *name, const struct artifact_file *f,
                    int flags, struct err *err)
{
    AUTO_CLOSE int from = blob_open(s, f->digest);

    if (from < 0)
        return err_sys(err, -from, "failed to get artifact file: opening blob %s", f->digest);
    AUTO_CLOSE int to = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | flags, 0644);
    if (to < 0)
        return err_sys(err, errno, "failed to create target file: open %s", name);
    int r = copy_bytes(from, to);
    return r < 0 ? err_sys(err, -r, "writing %s", name) : 0;
}

static int put_files(struct store *s, const artifact_file_list *files, const char *target,
                     struct err *err)
{
    AUTO_CLOSE int dir = fs_open_dir(AT_FDCWD, target);
    int r = dir < 0 ? err_sys(err, -dir, "opening %s", target) : 0;

    for (size_t i = 0; r == 0 && i < files->n; i++)
        r = put_file(s, dir, files->items[i].name, &files->items[i], O_NOFOLLOW, err);
    return r;
}

int artifact_extract(struct store *s, struct arena *a, const struct artifact *art,
                     const struct artifact_choice *which, const char *target, struct err *err)
{
    artifact_file_list files = { 0 };
    struct stat st;

    if (str_ends(target, "/") && mkdir(target, 0777) < 0 && errno != EEXIST)
        return err_sys(err, errno, "creating %s", target);
    if (stat(target, &st) == 0 && S_ISDIR(st.st_mode)) {
        int r = artifact_files(a, art, which, &files, err);
        return r < 0 ? r : put_files(s, &files, target, err);
    }
    if (art->manifest.layers.n > 1 && !which->title && !which->digest)
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "the artifact consists of several blobs and the target \"%s\" is not a "
                       "directory and neither digest or title was specified to only copy a single "
                       "blob",
                       target);
    /* The target names the file: a title that could not is no hindrance. */
    const struct descriptor *one = art->manifest.layers.items;
    if (!art->manifest.layers.n || (which->title && which->digest) || art->manifest.layers.n > 1) {
        int r = artifact_files(a, art, which, &files, err);
        if (r < 0)
            return r;
        return put_file(s, AT_FDCWD, target, &files.items[0], 0, err);
    }
    struct artifact_file f = { .digest = one->digest, .size = one->size };
    return put_file(s, AT_FDCWD, target, &f, 0, err);
}

int artifact_extract_tar(struct store *s, struct arena *a, const struct artifact *art,
                         const struct artifact_choice *which, int fd, struct err *err)
{
    artifact_file_list files = { 0 };
    int r = artifact_files(a, art, which, &files, err);
    const struct image_module *m = r == 0 ? image_module(err) : NULL;

    if (!m)
        return r < 0 ? r : -ENOENT;
    struct packed_file *packed = arena_alloc(a, files.n * sizeof(*packed));
    for (size_t i = 0; i < files.n; i++)
        packed[i] = (struct packed_file) { files.items[i].name, files.items[i].digest,
                                           files.items[i].size };
    return m->pack(s, packed, files.n, fd, err);
}
