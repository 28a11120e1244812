/* image/mod/copy.h: brings the layers of one image into the store, in parallel.
 *
 * Each layer is one pass: bytes from the source are hashed, kept as a blob, decompressed; a second thread
 * hashes the tar stream and places its entries.  What is there already is not fetched.  All threads
 * are joined when a call returns. */
#pragma once

#include "image/mod/inflate.h"
#include "image/mod/retry.h"
#include "image/module.h"

/* Where blobs come from. */
struct blob_source {
    /* Gives the bytes of @d from offset @from to @sink.  A sink that fails ends it; its value is
     * returned with @err untouched. */
    int (*fetch)(void *arg, const struct descriptor *d, int64_t from, byte_sink sink,
                 void *sink_arg, struct err *err);
    void *arg;
    const int *spooled; /* instead: a blob_tmpfile() that holds the one blob */
    bool remote;        /* a cut-off transfer is kept, repeated and resumed */
    struct retry retry;
    char *const *decryption_keys; /* "FILE[:PASSPHRASE]"; may be NULL */
};

/* Layers of an image, lowest first.  blobs[i].digest may be NULL: it is then found out, and so are
 * size and media type (as Docker or OCI spells it, @oci). */
struct copy_layers {
    struct descriptor *blobs;
    char **diff_ids; /* as many, NULL-terminated */
    size_t n;
    struct progress *progress;
};

int copy_layers(const struct store *s, struct arena *a, const struct blob_source *src,
                const struct copy_layers *want, struct stored_image *ret,
                struct err *err) MUST_CHECK;

/* A whole image with a manifest: checks that manifest and configuration fit, copies layers, stores
 * both documents and fills @ret but for its names. */
int copy_image(const struct store *s, struct arena *a, const struct blob_source *src,
               const struct buf *manifest, const char *media_type, const struct buf *config,
               struct progress *progress, struct stored_image *ret, struct err *err) MUST_CHECK;

/* An image that came without a manifest (a Docker archive, an import): one is made for it. */
int copy_without_manifest(const struct store *s, struct arena *a, const struct blob_source *src,
                          struct descriptor *blobs, size_t n, const struct buf *config, bool oci,
                          struct progress *progress, struct stored_image *ret,
                          struct err *err) MUST_CHECK;

/* Blobs alone, nothing is unpacked; what is there already is not fetched. */
int copy_blobs(const struct store *s, struct arena *a, const struct blob_source *src,
               const struct descriptor *blobs, size_t n, struct progress *progress,
               struct err *err) MUST_CHECK;

/* Reads a small blob (a configuration) through @src and checks its digest. */
int copy_fetch_small(const struct blob_source *src, const struct descriptor *d, struct buf *out,
                     struct err *err) MUST_CHECK;

/* chain ID of @n layers as hexadecimal digits. */
char *copy_chain_id(struct arena *a, char *const *diff_ids, size_t n);
