/* image/mod/copy_decrypt.h: an image with encrypted layers becomes one without, on its way in.
 *
 * The sealed options beside a layer tell the digest of its plain bytes, which are as many as the encrypted ones: the
 * manifest is written anew before anything is fetched, and the source decrypts what it gives.  What comes in has to
 * have that digest, so that the HMAC, which says no more, is not looked at. */
#pragma once

#include "image/mod/copy.h"

bool copy_is_encrypted(const struct image_manifest *m);

struct decrypting; /* in the arena */

/* @manifest: replaced in @ret by the text of the plain image; @ret_src gives its layers. */
int copy_decrypt(struct arena *a, const struct blob_source *src, const struct buf *manifest,
                 struct buf *ret, struct blob_source *ret_src, struct err *err) MUST_CHECK;
