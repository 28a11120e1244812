#include "store/store.h"

#include <sys/random.h>
#include <sys/vfs.h>

#include "base/fs.h"
#include "base/lock.h"

#include "base/banned.h"

#ifndef TMPFS_MAGIC
#define TMPFS_MAGIC 0x01021994
#endif

static int open_or_make(const char *path, mode_t mode, struct err *err)
{
    int fd = fs_open_dir(AT_FDCWD, path);
    if (fd != -ENOENT)
        return fd < 0 ? err_sys(err, -fd, "opening the storage directory %s", path) : fd;
    int r = fs_mkdirs(AT_FDCWD, path, mode);
    if (r < 0)
        return err_sys(err, -r, "creating the storage directory %s", path);
    fd = fs_open_dir(AT_FDCWD, path);
    return fd < 0 ? err_sys(err, -fd, "opening the storage directory %s", path) : fd;
}

static int make_children(int dir, const char *const *names, const char *path, struct err *err)
{
    for (; *names; names++)
        if (mkdirat(dir, *names, 0711) < 0 && errno != EEXIST)
            return err_sys(err, errno, "creating %s/%s", path, *names);
    return 0;
}

/* On tmpfs a reboot empties the run directory by itself.  Elsewhere the boot id tells. */
static int forget_last_boot(struct store *s, struct err *err)
{
    struct statfs sf;
    AUTO_BUF now = { .max = 128 }, then = { .max = 128 };

    if (fstatfs(s->run_fd, &sf) == 0 && sf.f_type == TMPFS_MAGIC)
        return 0;
    if (fs_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &now) < 0)
        return 0;
    if (fs_read_file(s->run_fd, "boot-id", &then) == 0 && STR_EQ(now.data, then.data))
        return 0;
    int r = fs_remove_tree(s->run_fd, "containers");
    if (r == 0)
        r = fs_remove_tree(s->run_fd, "locks");
    if (r == 0)
        r = fs_replace(s->run_fd, "boot-id", now.data, now.len, 0600, FS_NOSYNC);
    return r < 0 ? err_sys(err, -r, "emptying %s after a reboot", s->runroot) : 0;
}

/* 0 when the directory is there already: then nothing has to be made. */
static bool is_laid_out(int fd, const char *last_child)
{
    return faccessat(fd, last_child, F_OK, 0) == 0;
}

static int lay_out(struct store *s, struct err *err)
{
    static const char *const graph[] = { "oci", "layers", "volumes", "containers", NULL };
    static const char *const run[] = { "locks", "containers", NULL };

    int r = forget_last_boot(s, err);
    if (r == 0 && !is_laid_out(s->graph_fd, "containers"))
        r = make_children(s->graph_fd, graph, s->graphroot, err);
    if (r == 0 && !is_laid_out(s->run_fd, "containers"))
        r = make_children(s->run_fd, run, s->runroot, err);
    return r;
}

struct store *store_open(const struct store_options *opt, struct err *err)
{
    struct store *s = xcalloc(1, sizeof(*s));

    s->run_fd = s->graph_fd = -EBADF;
    s->graphroot = xstrdup(opt->graphroot);
    s->runroot = xstrdup(opt->runroot);
    s->mount_options = opt->mount_options ? xstrdup(opt->mount_options) : NULL;
    s->rootless = opt->rootless;
    s->ignore_chown_errors = opt->ignore_chown_errors;
    if (opt->driver && STR_EQ(opt->driver, "vfs"))
        s->driver = DRIVER_VFS;
    else if (!str_empty(opt->driver) && !STR_EQ(opt->driver, "overlay")) {
        err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                "storage driver \"%s\" is not supported: use overlay or vfs", opt->driver);
        return store_close(s);
    }
    s->graph_fd = open_or_make(s->graphroot, 0700, err);
    if (s->graph_fd >= 0)
        s->run_fd = open_or_make(s->runroot, 0700, err);
    if (s->run_fd < 0 || lay_out(s, err) < 0)
        return store_close(s);
    return s;
}

struct store *store_close(struct store *s)
{
    if (s) {
        db_close(s->db_);
        close_p(&s->graph_fd);
        close_p(&s->run_fd);
        free(s->graphroot);
        free(s->runroot);
        free(s->mount_options);
        free(s);
    }
    return NULL;
}

struct db *store_db(struct store *s, struct err *err)
{
    if (!s->db_)
        s->db_ = db_open(s->graph_fd, s->graphroot, err);
    return s->db_;
}

static void lock_name(char *out, size_t size, const char *kind, const char *name)
{
    size_t n = (size_t)snprintf(out, size, "locks/%s-%s", kind, name);

    for (char *p = out + 6; *p; p++)
        if (*p == '/')
            *p = '_';
    if (n >= size) { /* a long image name: its hash in place of the rest */
        uint64_t h = 0xcbf29ce484222325u;
        for (const char *p = name; *p; p++)
            h = (h ^ (unsigned char)*p) * 0x100000001b3u;
        snprintf(out + size - 18, 18, "-%016llx", (unsigned long long)h);
    }
}

int store_lock(struct store *s, const char *kind, const char *name, struct err *err)
{
    char path[200];

    lock_name(path, sizeof(path), kind, name);
    int fd = lock_take(s->run_fd, path);
    return fd < 0 ? err_sys(err, -fd, "locking %s %s", kind, name) : fd;
}

int store_trylock(struct store *s, const char *kind, const char *name)
{
    char path[200];

    lock_name(path, sizeof(path), kind, name);
    return lock_try(s->run_fd, path);
}

void store_random_id(char *out, size_t hex_digits)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char raw[32];

    if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
        abort();
    for (size_t i = 0; i < hex_digits; i++)
        out[i] = hex[raw[i / 2] >> (i % 2 * 4) & 15];
    out[hex_digits] = '\0';
}
