/* tmpcopyup: a fresh tmpfs begins with what the image has at that place. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "oci/plan.h"

#include "base/banned.h"

static int copy_file(int from, int to, const char *name, const struct stat *st)
{
    AUTO_CLOSE int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0)
        return -errno;
    AUTO_CLOSE int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0)
        return -errno;
    for (ssize_t n = 1; n > 0;) {
        n = sendfile(out, in, NULL, 1 << 20);
        if (n < 0)
            return -errno;
    }
    if (fchown(out, st->st_uid, st->st_gid) < 0 || fchmod(out, st->st_mode & 07777) < 0)
        return -errno;
    return 0;
}

static int copy_link(int from, int to, const char *name, const struct stat *st)
{
    char target[4096];
    ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

    if (n < 0)
        return -errno;
    target[n] = '\0';
    if (symlinkat(target, to, name) < 0 ||
        fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return 0;
}

static int copy_dir(int from, int to, const char *name, const struct stat *st)
{
    if (mkdirat(to, name, 0700) < 0)
        return -errno;
    AUTO_CLOSE int sub_from = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    AUTO_CLOSE int sub_to = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (sub_from < 0 || sub_to < 0)
        return -errno;
    int r = copy_tree(sub_from, sub_to);
    if (r < 0)
        return r;
    if (fchown(sub_to, st->st_uid, st->st_gid) < 0 || fchmod(sub_to, st->st_mode & 07777) < 0)
        return -errno;
    return 0;
}

static int copy_entry(int from, int to, const char *name)
{
    struct stat st;

    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    switch (st.st_mode & S_IFMT) {
    case S_IFREG:
        return copy_file(from, to, name, &st);
    case S_IFLNK:
        return copy_link(from, to, name, &st);
    case S_IFDIR:
        return copy_dir(from, to, name, &st);
    default:
        if (mknodat(to, name, st.st_mode, st.st_rdev) < 0 ||
            fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
            return -errno;
        return 0;
    }
}

int copy_tree(int from, int to)
{
    int dup = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = dup < 0 ? NULL : fdopendir(dup);
    int r = 0;

    if (!d)
        return -errno;
    for (struct dirent *e; r == 0 && (e = readdir(d));)
        if (!STR_EQ(e->d_name, ".") && !STR_EQ(e->d_name, ".."))
            r = copy_entry(dirfd(d), to, e->d_name);
    closedir(d);
    return r;
}
