/* image/mod/place.h: puts the entries of a layer's tar on disk, as an overlay lower directory.
 *
 * Whatever an entry says, nothing outside the root directory is touched: names are made clean, every
 * parent is opened with openat2(RESOLVE_IN_ROOT) as a process chrooted there would, and the last
 * component is never followed.  Whiteouts become what overlayfs understands.
 * One placer belongs to one thread; the umask of the process must be 0 while it works. */
#pragma once

#include "image/image.h"
#include "image/mod/tar_read.h"

struct place_options {
    bool rootless;            /* inside a user namespace: user.overlay.* and no devices */
    bool ignore_chown_errors; /* an owner that the namespace lacks becomes ours */

    /* For a tree that is no layer (`podman cp`): names that begin with ".wh." are names. */
    bool plain;
    bool overwrite;                    /* a directory may replace a file and the other way round */
    bool no_devices;                   /* those are left out */
    const char *prefix;                /* of names in errors: "/tmp" */
    const struct image_owners *owners; /* NULL: as the entries tell */
};

struct placer;

/* @root is borrowed. */
struct placer *placer_new(int root, const struct place_options *opt);
struct placer *placer_free(struct placer *p);

int place_entry(struct placer *p, struct tar_reader *t, const struct tar_entry *e,
                struct err *err) MUST_CHECK;

/* Sets the times of directories, which placing their children has changed. */
int place_finish(struct placer *p, struct err *err) MUST_CHECK;

/* Directories that the tar left out although entries lie in them ("usr/lib"), NULL-terminated, or
 * NULL: their owner and mode are those of the layers below. */
char **place_implied(const struct placer *p);

/* Makes @dir beneath @root look like the same directory in the first of @lowers (topmost first) that
 * has it. */
int place_copy_attributes(int root, const char *dir, const int *lowers, size_t n,
                          struct err *err) MUST_CHECK;

static inline void placer_free_p(struct placer **p)
{
    placer_free(*p);
}
#define AUTO_PLACER CLEANUP(placer_free_p) struct placer

/* "a/./b//c/" -> "a/b/c", "" for the root.  False when ".." would leave the root. */
bool place_clean_path(const char *path, char *out, size_t size);
