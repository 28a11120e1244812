/* image/mod/tar_read.h: a tar stream, entry by entry.
 *
 * v7, ustar, GNU (long names, base-256 numbers, old sparse files) and pax (with sparse formats 0.0,
 * 0.1 and 1.0).  Nothing about where an entry may be placed is decided here, but every entry has a
 * name without NUL, sizes and times that fit, and no more headers than the ceilings of
 * base/limits.h.  Names are bytes: no character set is assumed. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* Where the bytes come from: shows a run in place, then is told how much of it was used. */
struct tar_source {
    int (*peek)(void *arg, const char **p, size_t *n, struct err *err); /* n = 0 at the end */
    void (*advance)(void *arg, size_t n);
    /* Passes over bytes without looking; NULL: by peek and advance. */
    int (*skip)(void *arg, int64_t n, struct err *err);
    void *arg;
};

struct tar_xattr {
    char *name;
    char *value;
    size_t len;
    struct tar_xattr *next;
};

/* One run of data in a sparse file. */
struct tar_extent {
    int64_t offset, len;
};

enum tar_type {
    TAR_FILE,
    TAR_HARDLINK,
    TAR_SYMLINK,
    TAR_CHAR,
    TAR_BLOCK_DEV,
    TAR_DIR,
    TAR_FIFO,
};

/* Valid until the next tar_next(). */
struct tar_entry {
    enum tar_type type;
    char *path, *link;
    unsigned mode; /* permission bits with set-id and sticky */
    int64_t uid, gid;
    int64_t mtime; /* ns */
    int64_t size;  /* of the file as it appears, holes included */
    unsigned dev_major, dev_minor;
    struct tar_xattr *xattrs;
    struct tar_extent *extents; /* NULL: not sparse */
    size_t n_extents;
};

struct tar_reader;

struct tar_reader *tar_reader_new(const struct tar_source *src);
struct tar_reader *tar_reader_free(struct tar_reader *t);

/* 1 and the next entry, 0 at the end of the archive, negative errno.  Data that was not read is
 * skipped. */
int tar_next(struct tar_reader *t, struct tar_entry *ret, struct err *err) MUST_CHECK;

/* Shows the next run of the entry's stored bytes, n = 0 at their end.  For a sparse file these are
 * its extents one after the other.  tar_used() takes bytes off the run. */
int tar_data(struct tar_reader *t, const char **p, size_t *n, struct err *err) MUST_CHECK;
void tar_used(struct tar_reader *t, size_t n);

/* Bytes of the archive that came before the current entry's data: its place in a plain file. */
int64_t tar_offset(const struct tar_reader *t);

static inline void tar_reader_free_p(struct tar_reader **t)
{
    tar_reader_free(*t);
}
#define AUTO_TAR_READER CLEANUP(tar_reader_free_p) struct tar_reader
