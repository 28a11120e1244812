/* build/hashes.h: what files contain, remembered.
 *
 * graphroot/build/hashes holds fixed records: what stat(2) tells of a file, and the digest of its contents.  A file whose
 * device, inode, size and both times are as they were is not read again.  One that changed within the last second is not
 * remembered, since a further change might not show in its times.  A file of records that is damaged, or too large, is
 * begun anew. */
#pragma once

#include <sys/stat.h>

#include "base/sha256.h"
#include "store/store.h"

struct hash_memo;

/* Never fails: without the file nothing is remembered yet. */
struct hash_memo *hash_memo_open(struct store *s);
/* Writes what is new. */
struct hash_memo *hash_memo_close(struct hash_memo *m);

/* The digest of the contents of @fd, which is a regular file, into @hex; @m may be NULL.  0 or -errno. */
int hash_memo_file(struct hash_memo *m, int fd, char hex[SHA256_HEX]) MUST_CHECK;
