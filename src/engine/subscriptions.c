#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/log.h"
#include "engine/options.h"
#include "engine/spec_parts.h"

#include "base/banned.h"

/* mounts.conf: "HOST[:CONTAINER]" lines, directories of the host (subscriptions, certificates) that every
 * container gets a copy of.  A copy, for the container may change it, and with links followed, for what they
 * point at is not in the container. */

enum { COPY_DEPTH_MAX = 8, COPY_FILES_MAX = 4096 };

struct copying {
    int files;
    size_t bytes;
};

static int copy_entry(struct copying *c, int from, const char *name, int to, int depth);

static int copy_dir(struct copying *c, int from, int to, int depth)
{
    AUTO_CLOSE int again = fs_open_dir(from, ".");
    DIR *d = again < 0 ? NULL : fdopendir(again);
    int r = d ? 0 : -errno;

    if (d)
        again = -EBADF; /* closedir() has it */
    for (struct dirent *e; r == 0 && d && (e = readdir(d));)
        if (!STR_IN(e->d_name, ".", ".."))
            r = copy_entry(c, from, e->d_name, to, depth + 1);
    if (d)
        closedir(d);
    return r;
}

static int copy_file(struct copying *c, int fd, const char *name, int to, mode_t mode)
{
    AUTO_BUF text = { .max = LIMIT_SUBSCRIPTIONS - MIN(c->bytes, (size_t)LIMIT_SUBSCRIPTIONS) };
    int r = buf_read_fd(&text, fd);

    c->bytes += text.len;
    return r < 0
               ? r
               : fs_replace(to, name, text.data ? text.data : "", text.len, mode & 0777, FS_NOSYNC);
}

static int copy_entry(struct copying *c, int from, const char *name, int to, int depth)
{
    AUTO_CLOSE int fd = openat(from, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return errno == ENOENT || errno == ENXIO ? 0 : -errno; /* a link to nowhere, a socket */
    if (++c->files > COPY_FILES_MAX || depth > COPY_DEPTH_MAX)
        return -EFBIG;
    if (S_ISREG(st.st_mode))
        return copy_file(c, fd, name, to, st.st_mode);
    if (!S_ISDIR(st.st_mode))
        return 0;
    if (mkdirat(to, name, st.st_mode & 0777) < 0 && errno != EEXIST)
        return -errno;
    AUTO_CLOSE int below = fs_open_dir(to, name);
    return below < 0 ? below : copy_dir(c, fd, below, depth);
}

/* One line.  A directory of the host that is not there is no error: the file is the distribution's. */
static int one_line(struct spec_builder *b, int dir, const char *line, int number,
                    subscription_add add, struct err *err)
{
    char **f = strv_split(b->a, line, ':');
    struct copying c = { 0 };

    if (strv_len(f) > 2 || f[0][0] != '/' || (f[1] && f[1][0] != '/'))
        return err_set(err, ERR_BAD_PARAM, EINVAL,
                       "mounts.conf: \"%s\": must be HOST-DIR[:CONTAINER-DIR]", line);
    AUTO_CLOSE int from = fs_open_dir(AT_FDCWD, f[0]);
    if (from < 0)
        return 0;
    char *name = arena_printf(b->a, "subscriptions-%d", number);
    (void)!fs_remove_tree(dir, name);
    if (mkdirat(dir, name, 0755) < 0)
        return err_sys(err, errno, "copying %s for the container", f[0]);
    AUTO_CLOSE int to = fs_open_dir(dir, name);
    int r = to < 0 ? to : copy_dir(&c, from, to, 0);
    if (r < 0)
        return err_sys(err, -r, "copying %s for the container", f[0]);
    add(b, path_clean(b->a, f[1] ? f[1] : f[0]),
        arena_printf(b->a, "%s/containers/%s/%s", b->e->store->runroot, b->c->id, name));
    return 0;
}

/* --default-mounts-file; else the user's, the administrator's, the distribution's. */
static int read_list(const struct spec_builder *b, struct buf *text)
{
    const char *given = b->e->opt.default_mounts_file;
    const char *home = getenv("HOME");
    const char *usual[] = {
        b->e->rootless && home ? arena_printf(b->a, "%s/.config/containers/mounts.conf", home)
                               : "/etc/containers/mounts.conf",
        "/usr/share/containers/mounts.conf",
    };

    if (given)
        return fs_read_file(AT_FDCWD, given, text);
    for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
        if (fs_read_file(AT_FDCWD, usual[i], text) == 0)
            return 0;
    return -ENOENT;
}

int subscription_mounts(struct spec_builder *b, int dir, subscription_add add, struct err *err)
{
    AUTO_BUF text = { .max = LIMIT_ENV_FILE };
    int r = read_list(b, &text), number = 0;

    if (r == -ENOENT || (r == 0 && !text.len))
        return 0;
    if (r < 0)
        return err_sys(err, -r, "reading mounts.conf");
    for (char **line = strv_split(b->a, text.data, '\n'); r == 0 && *line; line++) {
        char *s = *line + strspn(*line, " \t\r");
        s[strcspn(s, " \t\r")] = '\0';
        if (*s && *s != '#')
            r = one_line(b, dir, s, number++, add, err);
    }
    return r;
}
