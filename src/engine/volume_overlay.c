#include <glob.h>

#include "base/fs.h"
#include "engine/spec_parts.h"
#include "image/image.h"

#include "base/banned.h"

/* Overlays other than the root: a volume that keeps what is written apart (-v SRC:DST:O) and an image
 * (--mount type=image).  What a container writes there is gone with its next start, unless the directories
 * for it were named with upperdir= and workdir=. */

/* One string of fsconfig(2) takes no more. */
#define FS_STRING_MAX 255

static const char *option_value(char *const *options, const char *key)
{
    for (char *const *o = options; o && *o; o++)
        if (str_starts(*o, key))
            return *o + strlen(key);
    return NULL;
}

/* Overlay splits lowerdir= at colons. */
static char *escaped(struct arena *a, const char *path)
{
    AUTO_BUF b = { 0 };

    for (; *path; path++) {
        if (*path == ':' || *path == '\\')
            buf_putc(&b, '\\');
        buf_putc(&b, *path);
    }
    return arena_strdup(a, b.data ? b.data : "");
}

/* All in one string where it fits, since the keys that can be repeated are new with Linux 6.5. */
static char **lower_options(struct arena *a, char *const *lower)
{
    AUTO_BUF all = { 0 };
    char **out = NULL;

    for (char *const *dir = lower; *dir; dir++)
        buf_printf(&all, "%s%s", dir == lower ? "" : ":", escaped(a, *dir));
    if (all.len <= FS_STRING_MAX)
        return strv_add(a, NULL, arena_printf(a, "lowerdir=%s", all.data));
    for (; *lower; lower++)
        out = strv_add(a, out, arena_printf(a, "lowerdir+=%s", *lower));
    return out;
}

/* The merged directory has the attributes of the upper one. */
static int make_upper(const struct container_config *c, int dir, const char *like, struct err *err)
{
    struct stat st;
    uid_t uid = c->uid_map.n ? (uid_t)idmap_host_id(c->uid_map.items, c->uid_map.n, 0) : 0;
    gid_t gid = c->gid_map.n ? (gid_t)idmap_host_id(c->gid_map.items, c->gid_map.n, 0) : 0;

    if (stat(like, &st) < 0)
        return err_sys(err, errno, "statfs %s", like);
    if (mkdirat(dir, "upper", 0755) < 0 || mkdirat(dir, "work", 0700) < 0 ||
        fchownat(dir, "upper", uid ? uid : st.st_uid, gid ? gid : st.st_gid, 0) < 0 ||
        fchownat(dir, "work", uid, gid, 0) < 0 || fchmodat(dir, "upper", st.st_mode & 07777, 0) < 0)
        return err_sys(err, errno, "making the overlay over %s", like);
    return 0;
}

/* An empty upper directory below the container's own; @n tells the mounts of a container apart. */
static int fresh_upper(struct spec_builder *b, size_t n, const char *like, char **ret,
                       struct err *err)
{
    char *name = arena_printf(b->a, "overlay/%zu", n);
    AUTO_CLOSE int bundle = fs_open_dir(AT_FDCWD, container_bundle(b->e, b->a, b->c->id));
    int r = bundle < 0 ? bundle : fs_remove_tree(bundle, name);

    if (r == 0 || r == -ENOENT)
        r = fs_mkdirs(bundle, name, 0711);
    if (r < 0)
        return err_sys(err, -r, "making the overlay over %s", like);
    AUTO_CLOSE int dir = fs_open_dir(bundle, name);
    if (dir < 0)
        return err_sys(err, -dir, "opening the overlay over %s", like);
    *ret = arena_printf(b->a, "%s/%s", container_bundle(b->e, b->a, b->c->id), name);
    return make_upper(b->c, dir, like, err);
}

static char **attributes(struct arena *a, char *const *options)
{
    static const char *const passed[] = { "ro",     "rw",  "exec",  "noexec", "suid",
                                          "nosuid", "dev", "nodev", NULL };
    char **out = NULL;

    for (char *const *o = options; o && *o; o++)
        if (str_in_list(*o, passed))
            out = strv_add(a, out, *o);
    return out;
}

/* @lower over each other, topmost first, on m->destination. */
static int mount_overlay(struct spec_builder *b, const struct container_mount *m,
                         char *const *lower, bool writable, struct err *err)
{
    const char *upper = option_value(m->options, "upperdir="),
               *work = option_value(m->options, "workdir=");
    char **opts = strv_concat(b->a, attributes(b->a, m->options), lower_options(b->a, lower));

    if (writable && !upper) {
        char *dir = NULL;
        int r = fresh_upper(b, (size_t)(m - b->c->mounts.items), lower[0], &dir, err);
        if (r < 0)
            return r;
        upper = arena_printf(b->a, "%s/upper", dir);
        work = arena_printf(b->a, "%s/work", dir);
    }
    if (writable) {
        opts = strv_add(b->a, opts, arena_printf(b->a, "upperdir=%s", upper));
        opts = strv_add(b->a, opts, arena_printf(b->a, "workdir=%s", work));
    }
    if (b->e->rootless || b->c->uid_map.n)
        opts = strv_add(b->a, opts, "userxattr");
    spec_add_mount(b, m->destination, "overlay", "overlay", "")->options = opts;
    return 0;
}

int volume_overlay_mount(struct spec_builder *b, const struct container_mount *m,
                         const char *source, struct err *err)
{
    return mount_overlay(b, m, strv_add(b->a, NULL, source), true, err);
}

int volume_image_mount(struct spec_builder *b, const struct container_mount *m, struct err *err)
{
    bool writable = strv_has(m->options, "rw");
    struct image img = { 0 };
    char **lower = NULL;
    int r = image_find(b->e->store, b->a, m->source, &img, err);

    if (r == 0)
        r = image_lower_dirs(b->e->store, b->a, &img, &lower, err);
    if (r < 0)
        return r;
    if (!lower)
        return err_set(err, ERR_STATE, EINVAL, "image %s has no layers to mount", m->source);
    if (writable || lower[1]) {
        r = mount_overlay(b, m, lower, writable, err);
        if (r == 0 && !writable && !strv_has(m->options, "ro")) {
            struct oci_mount *last = &b->spec.mounts.items[b->spec.mounts.n - 1];
            last->options = strv_add(b->a, last->options, "ro");
        }
        return r;
    }
    spec_add_mount(b, m->destination, "bind", lower[0], "bind,rprivate,ro");
    return 0;
}

/* ---------- globs ---------- */

int volume_glob_mount(struct spec_builder *b, const struct container_mount *m, struct err *err)
{
    glob_t found = { 0 };
    int r = glob(m->source, 0, NULL, &found);

    if (r != 0)
        r = err_set(err, ERR_NOT_FOUND, ENOENT, "no file paths matching glob \"%s\"", m->source);
    for (size_t i = 0; r == 0 && i < found.gl_pathc; i++) {
        const char *path = found.gl_pathv[i], *base = strrchr(path, '/');
        const char *dst = *m->destination ? arena_printf(b->a, "%s%s", m->destination, base) : path;
        struct oci_mount *o = spec_add_mount(b, dst, "bind", path, "");
        spec_bind_options(b, m, &o->options);
    }
    globfree(&found);
    return r;
}
