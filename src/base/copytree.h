/* base/copytree.h: copies a tree with owners, modes, times, links and extended attributes. */
#pragma once

#include "base/util.h"

enum {
    COPY_APPLY_WHITEOUTS =
        1 << 0, /* the source is an overlay layer: 0/0 devices delete, opaque directories
                                      empty what is below */
    COPY_KEEP_ROOT = 1 << 1, /* @dst keeps its own owner and mode */
};

/* Copies what is in the directory @src into the directory @dst (both open); what is there already stays
 * unless it is replaced.  Attributes of @src itself are applied to @dst.  0 or -errno. */
int copy_tree(int src, int dst, unsigned flags) __attribute__((warn_unused_result));

struct stat;
/* Copies what is no directory: @st is as fstatat() told, but for owner, mode and times that the copy is to have.
 * There must be nothing called @as.  0 or -errno. */
int copy_node(int src, const char *name, int dst, const char *as, const struct stat *st)
    __attribute__((warn_unused_result));

/* lchown of every entry below and including (dir, name).  0 or -errno. */
int chown_tree(int dir, const char *name, uid_t uid, gid_t gid) __attribute__((warn_unused_result));
