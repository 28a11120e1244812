/* build/cache.h: what was built before.
 *
 * graphroot/build/steps/<key> is a link whose target is the ID of the image that an instruction made.  The key is a
 * digest of the parent's ID, of the instruction after its variables were replaced, and of the contents of what it
 * copies.  A link to an image that is gone is as good as none.
 * graphroot/build/mounts/<key> is the directory of a RUN --mount=type=cache. */
#pragma once

#include "build/hashes.h"
#include "engine/engine.h"
#include "image/image.h"

/* The image under @key that is not older than @ttl_ns (< 0: however old); NULL: none.  In @a. */
char *cache_find(struct store *s, struct arena *a, const char *key, int64_t ttl_ns);
/* Failing to remember is no failure. */
void cache_note(struct store *s, const char *key, const char *id);

/* The directory for a cache mount: made with owner and mode when it is not there.  *ret_new: it was not. */
int cache_mount_dir(struct store *s, struct arena *a, const char *id, uint32_t mode, uint32_t uid,
                    uint32_t gid, char **ret, bool *ret_new, struct err *err) MUST_CHECK;

/* ---------- contents ---------- */

/* A digest that grows by what is copied of a file: name, kind, mode, link target, contents.  Times and owner do not
 * count: a fresh checkout is the same. */
int digest_entry(struct sha256 *s, struct hash_memo *memo, int dir, const char *name,
                 const char *as, struct err *err) MUST_CHECK;
/* Contents alone. */
int digest_file(struct sha256 *s, int fd) MUST_CHECK;
