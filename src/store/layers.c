#include "store/layers.h"

#include <dirent.h>
#include <stdatomic.h>

#include "base/fs.h"
#include "base/lock.h"
#include "base/parse.h"

#include "base/banned.h"

const char *layer_path(const char *key, char out[LAYER_PATH_MAX])
{
    snprintf(out, LAYER_PATH_MAX, "layers/%s/diff", key);
    return out;
}

char **layer_dirs(const struct store *s, struct arena *a, char *const *keys)
{
    char path[LAYER_PATH_MAX], **out = NULL;

    for (size_t n = strv_len(keys); n-- > 0;)
        if (!keys[n + 1] || !strv_has(keys + n + 1, keys[n]))
            out = strv_add(a, out,
                           arena_printf(a, "%s/%s", s->graphroot, layer_path(keys[n], path)));
    return out;
}

bool layer_exists(const struct store *s, const char *key)
{
    char path[LAYER_PATH_MAX];

    return faccessat(s->graph_fd, layer_path(key, path), F_OK, 0) == 0;
}

int layer_info(const struct store *s, const char *key, struct layer_info *ret)
{
    char path[LAYER_PATH_MAX];
    AUTO_BUF b = { .max = 64 };

    snprintf(path, sizeof(path), "layers/%s/info", key);
    int r = fs_read_file(s->graph_fd, path, &b);
    if (r < 0)
        return r;
    char *space = b.data ? strchr(b.data, ' ') : NULL;
    if (!space)
        return -EINVAL;
    *space = '\0';
    ret->implied = space[1] == '1';
    return parse_i64(b.data, 0, INT64_MAX, &ret->size);
}

const char *layer_find(const struct store *s, const char *diff_hex, const char *chain_hex)
{
    struct layer_info info;

    if (layer_info(s, chain_hex, &info) == 0 && layer_exists(s, chain_hex))
        return chain_hex;
    if (layer_info(s, diff_hex, &info) == 0 && !info.implied && layer_exists(s, diff_hex))
        return diff_hex;
    return NULL;
}

int layer_lock(const struct store *s, const char *hex, struct err *err)
{
    char path[LAYER_PATH_MAX];

    snprintf(path, sizeof(path), "locks/layer-%s", hex);
    int fd = lock_take(s->run_fd, path);
    return fd < 0 ? err_sys(err, -fd, "locking layer %s", hex) : fd;
}

int layer_tmp_make(const struct store *s, const char *hex, struct layer_tmp *ret, struct err *err)
{
    static atomic_uint serial;
    char path[LAYER_PATH_MAX];
    AUTO_CLOSE int layers = fs_open_dir(s->graph_fd, "layers");

    if (layers < 0)
        return err_sys(err, -layers, "opening %s/layers", s->graphroot);
    snprintf(ret->name, sizeof(ret->name), "%.64s.tmp-%d-%u", hex, (int)getpid(),
             atomic_fetch_add(&serial, 1));
    int r = fs_remove_tree(layers, ret->name); /* of an earlier process with our pid */
    if (r < 0)
        return err_sys(err, -r, "removing %s/layers/%s", s->graphroot, ret->name);
    snprintf(path, sizeof(path), "%s/diff", ret->name);
    if (mkdirat(layers, ret->name, 0755) < 0 || mkdirat(layers, path, 0755) < 0)
        return err_sys(err, errno, "creating %s/layers/%s", s->graphroot, ret->name);
    ret->diff_fd = fs_open_dir(layers, path);
    return ret->diff_fd < 0
               ? err_sys(err, -ret->diff_fd, "opening %s/layers/%s", s->graphroot, path)
               : 0;
}

static int write_info(int layers, const char *tmp, const struct layer_info *info)
{
    char path[LAYER_PATH_MAX], text[64];

    snprintf(path, sizeof(path), "%s/info", tmp);
    AUTO_CLOSE int fd = openat(layers, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    int n = snprintf(text, sizeof(text), "%lld %d\n", (long long)info->size, info->implied);
    return write_all(fd, text, (size_t)n);
}

int layer_tmp_describe(const struct store *s, const struct layer_tmp *tmp,
                       const struct layer_info *info, struct err *err)
{
    AUTO_CLOSE int layers = fs_open_dir(s->graph_fd, "layers");
    int r = layers < 0 ? layers : write_info(layers, tmp->name, info);

    return r < 0 ? err_sys(err, -r, "writing %s/layers/%s/info", s->graphroot, tmp->name) : 0;
}

int layer_tmp_adopt(const struct store *s, const struct layer_tmp *tmp, const char *path,
                    struct err *err)
{
    char diff[LAYER_PATH_MAX];

    snprintf(diff, sizeof(diff), "layers/%s/diff", tmp->name);
    if (renameat(s->graph_fd, path, s->graph_fd, diff) < 0)
        return err_sys(err, errno, "moving %s to %s", path, diff);
    return 0;
}

int layer_tmp_commit(const struct store *s, struct layer_tmp *tmp, const char *key, struct err *err)
{
    AUTO_CLOSE int layers = fs_open_dir(s->graph_fd, "layers");

    if (layers < 0)
        return err_sys(err, -layers, "opening %s/layers", s->graphroot);
    if (renameat(layers, tmp->name, layers, key) < 0) {
        if (errno != EEXIST && errno != ENOTEMPTY)
            return err_sys(err, errno, "storing layer %s", key);
        layer_tmp_drop(s, tmp);
        return 0;
    }
    close_p(&tmp->diff_fd);
    tmp->diff_fd = -EBADF;
    tmp->name[0] = '\0';
    return 0;
}

void layer_tmp_drop(const struct store *s, struct layer_tmp *tmp)
{
    AUTO_CLOSE int layers = fs_open_dir(s->graph_fd, "layers");

    if (tmp->name[0] && layers >= 0)
        (void)!fs_remove_tree(layers, tmp->name);
    if (tmp->name[0])
        close_p(&tmp->diff_fd);
    tmp->diff_fd = -EBADF;
    tmp->name[0] = '\0';
}

/* Renamed first: nobody ever sees half a layer under its name. */
int layer_remove(const struct store *s, const char *key)
{
    char gone[LAYER_PATH_MAX];
    AUTO_CLOSE int layers = fs_open_dir(s->graph_fd, "layers");

    if (layers < 0)
        return layers;
    snprintf(gone, sizeof(gone), "%s.tmp-%d-gone", key, (int)getpid());
    if (renameat(layers, key, layers, gone) < 0)
        return errno == ENOENT ? 0 : -errno;
    return fs_remove_tree(layers, gone);
}

void layer_remove_leftovers(const struct store *s)
{
    int fd = fs_open_dir(s->graph_fd, "layers");
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));)
        if (strstr(e->d_name, ".tmp-"))
            (void)!fs_remove_tree(dirfd(d), e->d_name);
    closedir(d);
}
