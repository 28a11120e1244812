#include "engine/transient.h"

#include <sched.h>
#include <signal.h>

#include "base/fs.h"
#include "base/log.h"
#include "engine/network.h"
#include "engine/spec_parts.h"
#include "image/image.h"
#include "store/layers.h"

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

    return t->layers ? strv_concat(a, out, layer_dirs(e->store, a, t->layers)) : out;
}

void transient_settle(struct transient *t)
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

    transient_settle(t);
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
    /* What the last mount of it has left. */
    int r = fs_remove_tree(w, "work/incompat");
    if (r < 0)
        return err_sys(err, -r, "emptying %s/work", t->dir);
    int fd = rootfs_overlay_volatile(e, dirs, fd_path(u, upper, sizeof(upper)),
                                     fd_path(w, work, sizeof(work)), err);
    t->root = fd < 0 ? -EBADF : fd;
    return fd;
}

/* ---------- a program ---------- */

static void fill_container(struct arena *a, const struct transient *t, struct container_config *c)
{
    c->id = (char *)(uintptr_t)t->id;
    c->name = arena_strndup(a, t->id, 12);
    c->image = (char *)(uintptr_t) "";
    c->layers = t->layers;
    c->log_driver = (char *)(uintptr_t) "none";
    c->entrypoint_given = true;
    c->image_volume = (char *)(uintptr_t) "ignore";
    c->auto_remove = true;
    c->to_layer = true;
}

int transient_view(struct engine *e, char *const *dirs, struct err *err)
{
    return rootfs_read_only(e, dirs, err);
}

/* ---------- what mounts need ---------- */

/* Where something is mounted into every container, besides what its maker asks for. */
static const char *const targets[] = {
    "/dev",      "/etc/hostname",      "/etc/hosts",   "/etc/resolv.conf",
    "/etc/mtab", "/etc/passwd",        "/etc/group",   "/etc/localtime",
    "/proc",     "/run/.containerenv", "/run/secrets", "/run/podman-init",
    "/sys",
};

/* A mount point that the runtime will have to make. */
struct made_path {
    char *
        first; /* of its components, the first that is not there: the whole path, or one above it */
    char *path;
    char *
        above; /* the directory around `first`, when it is not in the upper directory yet; NULL: it is */
};
typedef JSON_LIST(struct made_path) made_paths;

static bool is_there(char *const *dirs, const char *path)
{
    for (; *dirs; dirs++) {
        AUTO_CLOSE int root = fs_open_dir(AT_FDCWD, *dirs);
        AUTO_CLOSE int fd = root < 0 ? root : fs_open_in_root(root, path, O_PATH | O_NOFOLLOW, 0);
        if (fd >= 0)
            return true;
    }
    return false;
}

static void note_target(struct arena *a, char *const *dirs, const char *path, made_paths *out)
{
    for (const char *end = path; *end;) {
        const char *last = end;
        end = strchrnul(end + 1, '/');
        char *part = arena_strndup(a, path, (size_t)(end - path));
        if (is_there(dirs, part))
            continue;
        char *above = last == path ? NULL : arena_strndup(a, path, (size_t)(last - path));
        if (above && is_there((char *[]) { dirs[0], NULL }, above))
            above = NULL;
        *LIST_ADD(a, *out) = (struct made_path) { part, arena_strdup(a, path), above };
        return;
    }
}

static void note_targets(struct engine *e, struct arena *a, const struct transient *t,
                         const struct container_config *c, made_paths *out)
{
    char **dirs = transient_dirs(e, a, t, true);

    for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
        note_target(a, dirs, targets[i], out);
    for (size_t i = 0; i < c->mounts.n; i++)
        note_target(a, dirs, c->mounts.items[i].destination, out);
}

/* Only what is empty, and never through a link that the program made. */
static bool remove_empty(int upper, struct arena *a, const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    char *above = arena_strndup(a, path, (size_t)(name - path));
    AUTO_CLOSE int dir = fs_open_in_root(upper, above, O_PATH | O_DIRECTORY, 0);
    struct stat st;

    if (dir < 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return dir < 0;
    if (S_ISREG(st.st_mode) && st.st_size)
        return false;
    return unlinkat(dir, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) == 0;
}

/* A directory that was copied up for the sake of a mount point, and is as it was below. */
static void remove_copied(struct engine *e, struct arena *a, const struct transient *t, int upper,
                          const char *path)
{
    AUTO_CLOSE int up = fs_open_in_root(upper, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    struct stat st, low;

    for (char **d = transient_dirs(e, a, t, false); up >= 0 && d && *d; d++) {
        AUTO_CLOSE int root = fs_open_dir(AT_FDCWD, *d);
        AUTO_CLOSE int fd = root < 0 ? root : fs_open_in_root(root, path, O_PATH | O_NOFOLLOW, 0);
        if (fd < 0)
            continue;
        if (fstat(up, &st) == 0 && fstat(fd, &low) == 0 && st.st_mode == low.st_mode &&
            st.st_uid == low.st_uid && st.st_gid == low.st_gid)
            (void)remove_empty(upper, a, path);
        return;
    }
}

static void remove_targets(struct engine *e, struct arena *a, const struct transient *t,
                           const made_paths *made)
{
    AUTO_CLOSE int upper = fs_open_dir(AT_FDCWD, transient_upper(a, t));

    for (size_t i = 0; upper >= 0 && i < made->n; i++) {
        const struct made_path *m = &made->items[i];
        char *path = arena_strdup(a, m->path);
        while (strlen(path) >= strlen(m->first) && remove_empty(upper, a, path))
            *strrchr(path, '/') = '\0';
    }
    for (size_t i = 0; upper >= 0 && i < made->n; i++)
        if (made->items[i].above)
            remove_copied(e, a, t, upper, made->items[i].above);
}

/* What would end us between the start and the attach connection waits for that, which passes it on. */
static void hold_signals(sigset_t *ret_old)
{
    static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        sigaddset(&set, ends[i]);
    sigprocmask(SIG_BLOCK, &set, ret_old);
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
    made_paths made = { 0 };

    transient_settle(t);
    if (run->image)
        img.config.config = *run->image;
    img.config.config.healthcheck = NULL;
    fill_container(a, t, &c.config);
    if (!t->layers) /* the directory itself is the root */
        c.config.rootfs = transient_upper(a, t);
    int r = container_complete(e, a, &img, &c.config, &warnings, err);
    if (r == 0)
        r = volumes_prepare(e, a, &c.config, err);
    if (r < 0)
        return r;
    note_targets(e, a, t, &c.config, &made);
    sigset_t mask;
    hold_signals(&mask);
    r = run_attached(e, a, &c, run, ret_code, err);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    remove_targets(e, a, t, &made);
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
    transient_settle(t);
    (void)!fs_remove_tree(e->store->graph_fd, graph_path(t, "", path));
    (void)!fs_remove_tree(e->store->run_fd, graph_path(t, "", path));
    snprintf(path, sizeof(path), "locks/container-%s", t->id);
    (void)!unlinkat(e->store->run_fd, path, 0);
    close_p(&t->lock);
    t->lock = -EBADF;
    t->id[0] = '\0';
}
