/* store/layers.h: unpacked layers, graphroot/layers/<key>/diff.
 *
 * The key is the hexadecimal diff ID.  A layer whose tar leaves out a parent directory takes that
 * directory's owner and mode from the layers below; it is keyed by the chain ID (the digest that
 * covers the layers below as well).  The file `info` beside `diff` holds the size of the layer's tar
 * stream and whether it is such a layer.  A layer appears by rename: what is there is complete. */
#pragma once

#include "store/store.h"

#define LAYER_PATH_MAX 160

/* "layers/<key>/diff" relative to graphroot; returns @out. */
const char *layer_path(const char *key, char out[LAYER_PATH_MAX]);

/* The directories of these layers, topmost first, as an overlay takes them: a layer that occurs several times, which
 * an overlay refuses, stands at its topmost place only.  That is the same: there it decides again on every
 * path that it decided on below. */
char **layer_dirs(const struct store *s, struct arena *a, char *const *keys);

struct layer_info {
    int64_t size; /* bytes of the tar stream */
    bool implied; /* keyed by chain ID */
};
int layer_info(const struct store *s, const char *key, struct layer_info *ret) MUST_CHECK;

bool layer_exists(const struct store *s, const char *key);

/* The key under which a layer with this diff ID and chain ID (hexadecimal) is there, or NULL. */
const char *layer_find(const struct store *s, const char *diff_hex, const char *chain_hex);

/* Serialises the making of one layer between processes.  The descriptor to hold, or -errno. */
int layer_lock(const struct store *s, const char *hex, struct err *err) MUST_CHECK;

/* A directory being unpacked: layers/<hex>.tmp-<pid>-<n> with an empty `diff` in it. */
struct layer_tmp {
    char name[96]; /* below graphroot/layers; empty: none */
    int diff_fd;
};
int layer_tmp_make(const struct store *s, const char *hex, struct layer_tmp *ret,
                   struct err *err) MUST_CHECK;
/* Writes `info`; then the caller flushes the file system, so that what gets its name is whole. */
int layer_tmp_describe(const struct store *s, const struct layer_tmp *tmp,
                       const struct layer_info *info, struct err *err) MUST_CHECK;
/* Puts the directory @path below graphroot in the place of the empty `diff`. */
int layer_tmp_adopt(const struct store *s, const struct layer_tmp *tmp, const char *path,
                    struct err *err) MUST_CHECK;
/* Gives it its final name; a layer that is there already wins. */
int layer_tmp_commit(const struct store *s, struct layer_tmp *tmp, const char *key,
                     struct err *err) MUST_CHECK;
void layer_tmp_drop(const struct store *s, struct layer_tmp *tmp); /* an empty one is fine */

int layer_remove(const struct store *s, const char *key) MUST_CHECK;
/* Removes what killed processes left: only while nobody unpacks (see image/gc.c). */
void layer_remove_leftovers(const struct store *s);
