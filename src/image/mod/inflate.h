/* image/mod/inflate.h: decompression of a pushed stream whose format its first bytes tell.
 *
 * gzip, zstd, xz, bzip2; anything else passes as it is.  Several members or frames one after the
 * other are one stream, as all four tools define it. */
#pragma once

#include "base/err.h"

enum compression { COMP_NONE, COMP_GZIP, COMP_ZSTD, COMP_XZ, COMP_BZIP2, COMP_COUNT };
extern const char *const compression_names[COMP_COUNT];

/* Takes bytes: 0 or negative errno.  A sink sets its own struct err. */
typedef int (*byte_sink)(void *arg, const void *data, size_t len);

enum { COMP_MAGIC = 6 }; /* bytes that compression_detect() wants to see */
enum compression compression_detect(const void *data, size_t len);

struct inflate;

struct inflate *inflate_new(byte_sink sink, void *arg);
struct inflate *inflate_free(struct inflate *z);

/* When the sink fails, its value is returned and @err stays untouched: see inflate_sink_failed(). */
int inflate_push(struct inflate *z, const void *data, size_t len, struct err *err) MUST_CHECK;
/* The input is over: a stream that stops in the middle is an error. */
int inflate_end(struct inflate *z, struct err *err) MUST_CHECK;
bool inflate_sink_failed(const struct inflate *z);
enum compression inflate_format(const struct inflate *z);

static inline void inflate_free_p(struct inflate **z)
{
    inflate_free(*z);
}
#define AUTO_INFLATE CLEANUP(inflate_free_p) struct inflate
