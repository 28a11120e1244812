/* image/mod/tree_write.h: a directory tree becomes a tar stream: export, and the layer of a commit. */
#pragma once

#include "image/module.h"

/* Gets the stream piece by piece; a value below 0 ends it. */
typedef int (*tree_sink)(void *arg, const void *data, size_t len, struct err *err);

/* Entries come in the order of their names, directories before what is in them; names of one file are hard
 * links; sockets are left out, as nobody could place them.  A file that shrinks meanwhile is filled with
 * zeros, one that grows is cut. */
int tree_write(const struct image_tree *t, tree_sink sink, void *arg, struct err *err) MUST_CHECK;

/* The whole stream into @fd. */
int module_export(const struct image_tree *t, int fd, struct err *err) MUST_CHECK;
