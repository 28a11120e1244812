/* store/blobs.h: content-addressed files in graphroot/oci/blobs/<algorithm>/<hex>.
 *
 * A blob appears whole or not at all, also after a power cut.  Whoever writes one hashes it; what is named by a digest here
 * has that digest.  A download goes to oci/partial/<hex> under a lock and stays there when it is cut
 * off: the next one, by any process, goes on where it ended. */
#pragma once

#include "base/buf.h"
#include "spec/reference.h"
#include "store/store.h"

#define BLOB_PATH_MAX (DIGEST_MAX + 16)

/* "oci/blobs/sha256/<hex>" relative to graphroot; returns @out. @digest must be valid. */
const char *blob_path(const char *digest, char out[BLOB_PATH_MAX]);

bool blob_exists(const struct store *s, const char *digest,
                 int64_t *ret_size); /* size may be NULL */
/* -ENOENT when it is not there. */
int blob_open(const struct store *s, const char *digest) MUST_CHECK;
/* The whole blob, at most @b's ceiling. */
int blob_read(const struct store *s, const char *digest, struct buf *b, struct err *err) MUST_CHECK;

/* Stores a text whose digest is known. */
int blob_put(const struct store *s, const char *digest, const void *data, size_t len,
             struct err *err) MUST_CHECK;

/* A nameless file for a blob whose bytes come from this host; blob_link() gives it its name. */
int blob_tmpfile(const struct store *s, struct err *err) MUST_CHECK;
int blob_link(const struct store *s, int fd, const char *digest, struct err *err) MUST_CHECK;
/* The same without waiting for the disk: who stores many flushes the file system before he tells of them. */
int blob_link_unsynced(const struct store *s, int fd, const char *digest,
                       struct err *err) MUST_CHECK;

/* Bytes on their way into such a file, at its position, gathered into large writes.  The disk begins to take
 * them while more are coming.  @once: nobody will read them soon, so they need not stay in memory. */
struct blob_writer {
    int fd; /* borrowed */
    bool once;
    size_t n;
    char *mem;
    int64_t queued; /* bytes that the disk has not been told of */
};
int blob_write(struct blob_writer *w, const void *data, size_t len) MUST_CHECK;
int blob_write_flush(struct blob_writer *w) MUST_CHECK;
void blob_write_done(struct blob_writer *w);
#define AUTO_BLOB_WRITER CLEANUP(blob_write_done) struct blob_writer

/* The partial file of @digest, opened at its start and locked (waits for a process that is
 * downloading the same).  Returns the descriptor, -EEXIST when the blob is complete by now. */
int blob_partial_open(const struct store *s, const char *digest, struct err *err) MUST_CHECK;
/* Turns the locked partial file into the blob. */
int blob_partial_commit(const struct store *s, int fd, const char *digest,
                        struct err *err) MUST_CHECK;
/* Removes it: its bytes turned out to be wrong. */
void blob_partial_drop(const struct store *s, const char *digest);

void blob_remove(const struct store *s, const char *digest);
