/* image/mod/files.h: single blobs in and out, for artifacts and manifest lists. */
#pragma once

#include "image/module.h"

/* Stores a text under its sha256; @ret_digest has DIGEST_MAX bytes. */
int module_store_text(const struct store *s, const char *data, size_t len, char *ret_digest,
                      struct err *err);
/* Stores what @fd gives, in one pass. */
int module_store_file(const struct store *s, struct arena *a, int fd, struct stored_file *ret,
                      struct err *err);
/* Writes blobs as a tar archive to @fd. */
int module_pack(const struct store *s, const struct packed_file *files, size_t n, int fd,
                struct err *err);
