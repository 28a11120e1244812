/* base/fs.h: files as (directory descriptor, name); everything close-on-exec.
 *
 * State on disk changes by replace: fs_replace() writes a temporary file, syncs when asked, renames.
 * A path that somebody else chose (a container, a layer, an image) is only opened through
 * fs_open_in_root(), where neither ".." nor a link can leave the root. */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* Opens @path beneath @root as a process chrooted there would: "..", absolute links and magic
 * links cannot leave it (openat2, RESOLVE_IN_ROOT).  Returns the descriptor or -errno. */
int fs_open_in_root(int root, const char *path, int flags, mode_t mode) MUST_CHECK;

/* mkdir -p beneath @root with the same guarantee; an existing directory is fine.  Returns an
 * O_PATH descriptor of the last directory, or -errno. */
int fs_mkdirs_in_root(int root, const char *path, mode_t mode) MUST_CHECK;

/* mkdir -p of a path that is ours (@dir may be AT_FDCWD).  0 or -errno. */
int fs_mkdirs(int dir, const char *path, mode_t mode) MUST_CHECK;

/* Opens a directory for use as (dirfd, name) anchor: O_RDONLY | O_DIRECTORY | O_CLOEXEC. */
int fs_open_dir(int dir, const char *path) MUST_CHECK;

/* Reads a whole file into @b (its ceiling applies).  0 or -errno. */
int fs_read_file(int dir, const char *path, struct buf *b) MUST_CHECK;

/* How durable a replaced file has to be when the call returns. */
enum fs_sync { FS_NOSYNC, FS_SYNC };

/* Replaces (dir, name) atomically; readers see the old or the new contents, whole. */
int fs_replace(int dir, const char *name, const void *data, size_t len, mode_t mode,
               enum fs_sync sync) MUST_CHECK;

int write_all(int fd, const void *data, size_t len) MUST_CHECK;
/* Reads exactly @len bytes unless the end comes first; the count, or -errno. */
ssize_t read_full(int fd, void *data, size_t len) MUST_CHECK;

/* Writes a kernel file (cgroup, proc, sys): one write(2), no create.  0 or -errno. */
int fs_write_kernel(int dir, const char *path, const char *text) MUST_CHECK;

/* Removes a whole tree without following links; what is already gone is fine.  0 or -errno.
 * Directories that lack permission bits are opened up first (rootless layers). */
int fs_remove_tree(int dir, const char *name) MUST_CHECK;

/* Opens a directory, not through a link, to read its entries; NULL with errno set. */
DIR *fs_open_list(int dir, const char *name);

/* Names of the directories in @dir that do not begin with a dot, in @a; NULL when it cannot be read. */
char **fs_list_dirs(int dir, struct arena *a);

/* Disk bytes and entry count of a tree (hard links once). */
int fs_tree_size(int dir, const char *name, int64_t *ret_bytes, int64_t *ret_entries) MUST_CHECK;

/* The path of an open descriptor through /proc/self/fd, into @buf. */
const char *fd_path(int fd, char *buf, size_t size);

/* sun_path is 108 bytes: connects/binds (dirfd, name) through /proc/self/fd/N/name.
 * @type is SOCK_STREAM or SOCK_SEQPACKET.  Returns the descriptor or -errno. */
int unix_connect(int dir, const char *name, int type) MUST_CHECK;
int unix_listen(int dir, const char *name, int type, mode_t mode) MUST_CHECK;
