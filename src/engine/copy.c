#include "engine/copy.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "engine/mounts.h"
#include "engine/options.h"
#include "engine/spec_parts.h"
#include "image/image.h"

#include "base/banned.h"

enum { LINKS_MAX = 40 };

/* An end, opened. */
struct side {
    const struct copy_end *end;
    int root;   /* of the container, or of what is mounted where the path leads; -EBADF: the host */
    int lock;   /* of a container that does not run */
    char *path; /* below root; the host's: absolute */
};

static void side_close(struct side *s)
{
    close_p(&s->root);
    close_p(&s->lock);
}
#define AUTO_SIDE CLEANUP(side_close) struct side

static int not_found(const struct copy_end *end, struct err *err)
{
    if (!end->c)
        return err_set(err, ERR_NOT_FOUND, ENOENT,
                       "\"%s\" could not be found on the host: no such file or directory",
                       end->path);
    return err_set(err, ERR_NOT_FOUND, ENOENT,
                   "\"%s\" could not be found on container %s: no such file or directory",
                   end->path, end->c->config.name);
}

/* ---------- opening ---------- */

/* The mount of a container that does not run in which @path lies, and the rest of the path. */
static const struct container_mount *mount_of(const struct container_config *c, const char *path,
                                              const char **ret_rest)
{
    const struct container_mount *best = NULL;
    size_t longest = 0;

    for (size_t i = 0; i < c->mounts.n; i++) {
        const struct container_mount *m = &c->mounts.items[i];
        size_t n = strlen(m->destination);
        if (n > longest && STR_IN(m->type, "bind", "volume") &&
            strncmp(path, m->destination, n) == 0 && (path[n] == '/' || !path[n])) {
            best = m;
            longest = n;
        }
    }
    *ret_rest = path + longest;
    return best;
}

static int open_mount(struct engine *e, const struct container_mount *m, struct err *err)
{
    bool volume = STR_EQ(m->type, "volume");
    AUTO_FREE char *dir = volume ? xasprintf("%s/%s/_data", engine_volume_path(e), m->source)
                                 : xstrdup(m->source);
    int fd = fs_open_dir(AT_FDCWD, dir);

    return fd < 0 ? err_sys(err, -fd, "opening %s, which is mounted on %s", dir, m->destination)
                  : fd;
}

/* Who writes takes care that it is not started meanwhile. */
static int lock_stopped(struct engine *e, struct arena *a, struct side *s, struct err *err)
{
    struct container now = *s->end->c;

    s->lock = store_lock(e->store, "container", now.config.id, err);
    if (s->lock < 0)
        return s->lock;
    int r = container_refresh(e, a, &now, err);
    if (r == 0 && now.alive)
        r = err_set(err, ERR_STATE, EBUSY, "container %s has just been started: copy once more",
                    now.config.name);
    return r;
}

static int open_stopped(struct engine *e, struct arena *a, struct side *s, bool write,
                        struct err *err)
{
    const struct container *c = s->end->c;
    const char *rest, *mounted = mounts_container_path(e, a, c);
    int r = write ? lock_stopped(e, a, s, err) : 0;

    if (r < 0)
        return r;
    const struct container_mount *m = mount_of(&c->config, s->path, &rest);
    if (m) {
        s->root = open_mount(e, m, err);
        s->path = arena_strdup(a, *rest ? rest : "/");
    } else if (mounts_has(mounted))
        s->root = rootfs_read_only(e, (char *[]) { arena_strdup(a, mounted), NULL }, err);
    else
        s->root = rootfs_of_container(e, a, &c->config, write, err);
    return MIN(s->root, 0);
}

static int side_open(struct engine *e, struct arena *a, const struct copy_end *end, bool write,
                     struct side *s, struct err *err)
{
    const struct container *c = end->c;
    char cwd[PATH_MAX];

    *s = (struct side) { .end = end, .root = -EBADF, .lock = -EBADF };
    if (!c) {
        if (end->path[0] == '/')
            s->path = arena_strdup(a, end->path);
        else if (getcwd(cwd, sizeof(cwd)))
            s->path = arena_printf(a, "%s/%s", cwd, end->path);
        else
            return err_sys(err, errno, "getcwd");
        return 0;
    }
    const char *base = str_empty(c->config.workdir) ? "/" : c->config.workdir;
    s->path = end->path[0] == '/' ? arena_strdup(a, end->path)
                                  : arena_printf(a, "%s/%s", base, end->path);
    if (c->status != CTR_RUNNING && c->status != CTR_PAUSED)
        return open_stopped(e, a, s, write, err);
    s->root = open(arena_printf(a, "/proc/%" PRId64 "/root", c->run.pid),
                   O_PATH | O_DIRECTORY | O_CLOEXEC);
    return s->root < 0 ? err_sys(err, errno, "opening the root of container %s", c->config.name)
                       : 0;
}

/* Never leaves a container's root. */
static int side_path_open(const struct side *s, const char *path, int flags)
{
    int fd = s->root < 0 ? open(path, flags | O_CLOEXEC) : fs_open_in_root(s->root, path, flags, 0);

    return s->root < 0 && fd < 0 ? -errno : fd;
}

/* ---------- where from ---------- */

static bool ends_with_contents(const char *path)
{
    return str_ends(path, "/.") || STR_IN(path, ".", "..") || str_ends(path, "/..");
}

/* The last name of a path: "/a/b/" has "b"; "" for the root and for what ends with a dot. */
static char *last_name(struct arena *a, const char *path)
{
    size_t n = strlen(path);

    while (n && path[n - 1] == '/')
        n--;
    size_t from = n;
    while (from && path[from - 1] != '/')
        from--;
    char *name = arena_strndup(a, path + from, n - from);
    return STR_IN(name, ".", "..") ? arena_strdup(a, "") : name;
}

/* Opens what is to be copied without doing anything to it: only files and directories are opened for good. */
static int open_source(const struct side *s, struct stat *ret, struct err *err)
{
    AUTO_CLOSE int found = side_path_open(s, s->path, O_PATH);

    if (found == -ENOENT || found == -ENOTDIR || found == -ELOOP)
        return not_found(s->end, err);
    if (found < 0)
        return err_sys(err, -found, "opening %s", s->end->path);
    if (fstat(found, ret) < 0)
        return err_sys(err, errno, "looking at %s", s->end->path);
    if (!S_ISREG(ret->st_mode) && !S_ISDIR(ret->st_mode))
        return S_ISSOCK(ret->st_mode)
                   ? err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "%s is a socket", s->end->path)
                   : HANDOVER_FD(found);
    int fd = side_path_open(s, s->path, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return err_sys(err, -fd, "opening %s", s->end->path);
    if (fstat(fd, ret) < 0) {
        close(fd);
        return err_sys(err, errno, "looking at %s", s->end->path);
    }
    return fd;
}

/* ---------- where to ---------- */

struct target {
    int dir;          /* is opened, and everything lands below it */
    const char *name; /* of the directory, for errors */
    const char *as;   /* what the source is called there; NULL: its contents alone */
};

static char *parent_path(struct arena *a, const char *path)
{
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n && path[n - 1] != '/')
        n--;
    return n ? arena_strndup(a, path, n) : arena_strdup(a, ".");
}

/* A link at the end of the destination that leads to nothing yet: what it names is made. */
static int follow_links(struct arena *a, const struct side *s, char **path)
{
    for (int i = 0; i < LINKS_MAX; i++) {
        char text[PATH_MAX], *up = parent_path(a, *path), *name = last_name(a, *path);
        AUTO_CLOSE int dir = side_path_open(s, up, O_PATH | O_DIRECTORY);
        if (dir < 0)
            return dir;
        ssize_t n = *name ? readlinkat(dir, name, text, sizeof(text) - 1) : -1;
        if (n <= 0)
            return 0;
        text[n] = '\0';
        *path = text[0] == '/' ? arena_strdup(a, text) : arena_printf(a, "%s/%s", up, text);
    }
    return -ELOOP;
}

/* The destination is there. */
static int aim_at_existing(struct arena *a, const struct side *s, const char *name, bool source_dir,
                           bool overwrite, const struct stat *st, struct target *ret,
                           struct err *err)
{
    if (S_ISDIR(st->st_mode)) {
        ret->name = s->path;
        ret->as = *name ? name : NULL;
        return 0;
    }
    if (!S_ISREG(st->st_mode))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "invalid destination: \"%s\" must be a directory or a regular file",
                       s->end->path);
    if (source_dir && !overwrite)
        return err_set(err, ERR_BAD_PARAM, ENOTDIR,
                       "destination must be a directory when copying a directory");
    ret->name = parent_path(a, s->path);
    ret->as = last_name(a, s->path);
    return 0;
}

static int aim(struct arena *a, struct side *s, const char *name, bool source_dir, bool overwrite,
               struct target *ret, struct err *err)
{
    struct stat st;
    AUTO_CLOSE int there = side_path_open(s, s->path, O_PATH);
    int r = 0;

    if (there >= 0 && fstat(there, &st) == 0) {
        r = aim_at_existing(a, s, name, source_dir, overwrite, &st, ret, err);
    } else if (str_ends(s->end->path, "/") && !source_dir) {
        return not_found(s->end, err);
    } else {
        /* A new name in a directory that is there. */
        if (follow_links(a, s, &s->path) < 0)
            return not_found(s->end, err);
        ret->name = parent_path(a, s->path);
        ret->as = last_name(a, s->path);
        if (!*ret->as)
            return not_found(s->end, err);
    }
    if (r < 0)
        return r;
    ret->dir = side_path_open(s, ret->name, O_RDONLY | O_DIRECTORY);
    return ret->dir < 0 ? not_found(s->end, err) : 0;
}

/* A stream's entries have names of their own. */
static int aim_stream(const struct side *s, struct target *ret, struct err *err)
{
    ret->name = s->path;
    ret->as = NULL;
    ret->dir = side_path_open(s, s->path, O_RDONLY | O_DIRECTORY);
    return ret->dir < 0 ? err_set(err, ERR_BAD_PARAM, ENOTDIR,
                                  "destination must be a directory when copying from stdin")
                        : 0;
}

/* ---------- owners ---------- */

static int choose_owners(struct engine *e, struct arena *a, const struct copy_end *to,
                         const struct copy_options *o, struct image_owners *ret, struct err *err)
{
    const struct container *c = to->c;

    if (!c) { /* whoever copies owns the copy */
        *ret = (struct image_owners) { .fixed = true, .uid = geteuid(), .gid = getegid() };
        return 0;
    }
    *ret = (struct image_owners) { .fixed = o->archive,
                                   .uid_map = c->config.uid_map.items,
                                   .n_uid = c->config.uid_map.n,
                                   .gid_map = c->config.gid_map.items,
                                   .n_gid = c->config.gid_map.n };
    struct oci_user user = { 0 };
    char **lower;
    if (!o->archive || str_empty(c->config.user))
        return 0;
    int r = rootfs_lower(e, a, &c->config, &lower, err);
    if (r == 0)
        r = user_lookup(e, a, &c->config, lower, c->config.user, &user, err);
    ret->uid = user.uid;
    ret->gid = user.gid;
    return r;
}

/* ---------- copying ---------- */

static void source_owners(const struct container *c, struct image_tree *tree)
{
    if (!c)
        return;
    tree->uid_map = c->config.uid_map.items;
    tree->n_uid = c->config.uid_map.n;
    tree->gid_map = c->config.gid_map.items;
    tree->n_gid = c->config.gid_map.n;
}

static int run_copy(struct engine *e, struct arena *a, const struct side *from, struct side *to,
                    const struct copy_options *o, struct err *err)
{
    struct image_tree tree = { .root = -EBADF };
    struct image_copy copy = { .in = from->end->fd, .dir = -EBADF, .out = to->end->fd };
    bool in_stream = from->end->fd >= 0, out_stream = to->end->fd >= 0;
    struct target target = { .dir = -EBADF };
    char *name = last_name(a, from->path);
    struct stat st = { 0 };
    AUTO_CLOSE int root = in_stream ? -EBADF : open_source(from, &st, err);

    if (!in_stream && root < 0)
        return root;
    if (S_ISDIR(st.st_mode) && ends_with_contents(from->end->path))
        name = arena_strdup(a, "");
    int r = in_stream    ? aim_stream(to, &target, err)
            : out_stream ? 0
                         : aim(a, to, name, S_ISDIR(st.st_mode), o->overwrite, &target, err);
    if (r == 0)
        r = choose_owners(e, a, to->end, o, &copy.owners, err);
    if (!in_stream) {
        tree.root = root;
        tree.as = !out_stream                     ? target.as
                  : *name                         ? name
                  : o->dot && S_ISDIR(st.st_mode) ? "."
                                                  : NULL;
        source_owners(from->end->c, &tree);
        copy.tree = &tree;
    }
    copy.dir = target.dir;
    copy.prefix = target.name && STR_EQ(target.name, "/") ? "" : target.name;
    copy.overwrite = o->overwrite;
    copy.rename = o->rename;
    copy.rootless = e->rootless;
    copy.no_devices = !to->end->c;
    if (r == 0)
        r = image_copy(&copy, err);
    close_p(&target.dir);
    return r;
}

int container_path_stat(struct engine *e, struct arena *a, const struct container *c,
                        const char *path, struct copy_stat *ret, struct err *err)
{
    const struct copy_end end = { .c = c, .path = path, .fd = -EBADF };
    AUTO_SIDE s = { .root = -EBADF, .lock = -EBADF };
    struct stat st;
    int r = side_open(e, a, &end, false, &s, err);

    if (r < 0)
        return r;
    char *asked = last_name(a, s.path);
    const char *before = arena_strdup(a, s.path);
    (void)!follow_links(a, &s, &s.path);
    AUTO_CLOSE int fd = side_path_open(&s, s.path, O_PATH);
    if (fd < 0 || fstat(fd, &st) < 0)
        return not_found(&end, err);
    *ret = (struct copy_stat) { .name = *asked ? asked : arena_strdup(a, "/"),
                                .target = path_clean(a, STR_EQ(before, s.path) ? path : s.path),
                                .size = st.st_size,
                                .mtime = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec,
                                .mode = st.st_mode };
    return 0;
}

int container_copy(struct engine *e, struct arena *a, const struct copy_end *from,
                   const struct copy_end *to, const struct copy_options *o, struct err *err)
{
    AUTO_SIDE source = { .root = -EBADF, .lock = -EBADF };
    AUTO_SIDE target = { .root = -EBADF, .lock = -EBADF };
    int r = side_open(e, a, from, false, &source, err);

    if (r == 0)
        r = side_open(e, a, to, true, &target, err);
    return r < 0 ? r : run_copy(e, a, &source, &target, o, err);
}
