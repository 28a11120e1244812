#include "engine/transient.h"

#include <sched.h>

#include "base/fs.h"
#include "base/log.h"
#include "engine/network.h"
#include "engine/spec_parts.h"
#include "image/image.h"

#include "base/banned.h"

static const char *graph_path(const struct transient *t, const char *sub, char out[128])
{
    snprintf(out, 128, "containers/%s%s%s", t->id, *sub ? "/" : "", sub);
    return out;
}

int transient_make(struct engine *e, struct arena *a, struct transient *t, struct err *err)
{
    char path[128];

    if (e->store->driver == DRIVER_VFS)
        return err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP,
                       "building needs the storage driver overlay, not vfs");
    t->root = t->lock = -EBADF;
    store_random_id(t->id, 64);
    t->lock = store_lock(e->store, "container", t->id, err);
    if (t->lock < 0)
        return t->lock;
    t->dir = arena_printf(a, "%s/containers/%s", e->store->graphroot, t->id);
    if (mkdirat(e->store->graph_fd, graph_path(t, "", path), 0711) < 0)
        return err_sys(err, errno, "making %s", t->dir);
    return 0;
}

char *transient_upper(struct arena *a, const struct transient *t)
{
    return arena_printf(a, "%s/upper", t->dir);
}

char **transient_dirs(struct engine *e, struct arena *a, const struct transient *t, bool upper)
{
    char **out = upper ? strv_add(a, NULL, transient_upper(a, t)) : NULL;

    for (size_t n = strv_len(t->layers); n-- > 0;)
        out = strv_add(a, out,
                       arena_printf(a, "%s/layers/%s/diff", e->store->graphroot, t->layers[n]));
    return out;
}

static void forget_root(struct transient *t)
{
    close_p(&t->root);
    t->root = -EBADF;
}

int transient_begin(struct engine *e, struct arena *a, struct transient *t, struct err *err)
{
    struct stat st = { .st_mode = 0755 };
    char path[128];
    char **dirs = transient_dirs(e, a, t, false);
    int r = 0;

    forget_root(t);
    for (int i = 0; r == 0 && i < 2; i++)
        r = fs_remove_tree(e->store->graph_fd, graph_path(t, i ? "work" : "upper", path));
    if (r < 0)
        return err_sys(err, -r, "emptying %s", t->dir);
    if (dirs)
        (void)!stat(dirs[0], &st);
    if (mkdirat(e->store->graph_fd, graph_path(t, "work", path), 0700) < 0 ||
        mkdirat(e->store->graph_fd, graph_path(t, "upper", path), 0755) < 0 ||
        fchownat(e->store->graph_fd, path, st.st_uid, st.st_gid, 0) < 0 ||
        fchmodat(e->store->graph_fd, path, st.st_mode & 07777, 0) < 0)
        return err_sys(err, errno, "making %s/%s", t->dir, path);
    /* The times of / are the image's too. */
    (void)!utimensat(e->store->graph_fd, path, (struct timespec[]) { st.st_atim, st.st_mtim }, 0);
    return 0;
}

int transient_root(struct engine *e, struct arena *a, struct transient *t, struct err *err)
{
    char upper[40], work[40];

    if (t->root >= 0)
        return t->root;
    char **dirs = transient_dirs(e, a, t, false);
    if (!dirs) { /* nothing below: the upper directory is all there is */
        t->root = fs_open_dir(AT_FDCWD, transient_upper(a, t));
        return t->root < 0 ? err_sys(err, -t->root, "opening %s", t->dir) : t->root;
    }
    /* First of all: an overlay takes directories of its own mount namespace only. */
    if (e->rootless && unshare(CLONE_NEWNS) < 0)
        return err_sys(err, errno, "making a mount namespace");
    AUTO_CLOSE int u = fs_open_dir(AT_FDCWD, transient_upper(a, t));
    AUTO_CLOSE int w = fs_open_dir(AT_FDCWD, arena_printf(a, "%s/work", t->dir));
    if (u < 0 || w < 0)
        return err_sys(err, u < 0 ? -u : -w, "opening %s", t->dir);
    int fd = rootfs_overlay(e, dirs, fd_path(u, upper, sizeof(upper)),
                            fd_path(w, work, sizeof(work)), err);
    t->root = fd < 0 ? -EBADF : fd;
    return fd;
}

/* ---------- a program ---------- */

static void fill_container(const struct transient *t, struct container_config *c)
{
    c->id = (char *)(uintptr_t)t->id;
    c->name = c->id;
    c->image = (char *)(uintptr_t) "";
    c->layers = t->layers;
    c->log_driver = (char *)(uintptr_t) "none";
    c->entrypoint_given = true;
    c->image_volume = (char *)(uintptr_t) "ignore";
    c->auto_remove = true;
}

static int run_attached(struct engine *e, struct arena *a, const struct container *c,
                        const struct transient_run *run, int *ret_code, struct err *err)
{
    char **warnings = NULL;
    AUTO_CLOSE int sock = -EBADF;
    int r = container_start_held(e, a, c, false, &sock, &warnings, err);

    for (char **w = warnings; w && *w; w++)
        log_warn("%s", *w);
    if (r < 0)
        return r;
    struct container_attach io = {
        .in = run->in, .out = run->out, .err = run->err, .sig_proxy = true, .detach_keys = ""
    };
    enum container_attach_end end;
    r = container_attach_run(e, c, sock, &io, &end, ret_code, err);
    AUTO_CLOSE int dir = container_run_dir(e, c->config.id);
    if (r == 0 && dir >= 0)
        r = supervise_wait_gone(dir, err);
    return r;
}

int transient_exec(struct engine *e, struct arena *a, struct transient *t,
                   const struct transient_run *run, int *ret_code, struct err *err)
{
    struct container c = { .config = *run->config, .bound = true };
    struct image img = { 0 };
    char **warnings = NULL, path[128];

    forget_root(t);
    if (run->image)
        img.config.config = *run->image;
    img.config.config.healthcheck = NULL;
    fill_container(t, &c.config);
    if (!t->layers) /* the directory itself is the root */
        c.config.rootfs = transient_upper(a, t);
    int r = container_complete(e, a, &img, &c.config, &warnings, err);
    if (r == 0)
        r = volumes_prepare(e, a, &c.config, err);
    if (r < 0)
        return r;
    r = run_attached(e, a, &c, run, ret_code, err);
    if (network_needs_engine(&c.config))
        (void)!network_release(e, &c.config, NULL);
    (void)!fs_remove_tree(e->store->run_fd, graph_path(t, "", path));
    return r;
}

int transient_user(struct engine *e, struct arena *a, struct transient *t, const char *user,
                   uint32_t *ret_uid, uint32_t *ret_gid, struct err *err)
{
    struct container_config c = { .id = t->id, .layers = t->layers };
    struct oci_user u = { 0 };
    int r = user_lookup(e, a, &c, transient_dirs(e, a, t, false), user, &u, err);

    *ret_uid = u.uid;
    *ret_gid = u.gid;
    return r;
}

void transient_done(struct engine *e, struct transient *t)
{
    char path[128];

    if (!t->id[0] || t->lock < 0)
        return;
    forget_root(t);
    (void)!fs_remove_tree(e->store->graph_fd, graph_path(t, "", path));
    snprintf(path, sizeof(path), "locks/container-%s", t->id);
    (void)!unlinkat(e->store->run_fd, path, 0);
    close_p(&t->lock);
    t->lock = -EBADF;
    t->id[0] = '\0';
}
