#include "image/mod/deflate.h"

#include <zlib.h>
#include <zstd.h>

#include "image/mod/pgzip.h"

#include "base/banned.h"

/* gzip's levels 1 to 3 are ISA-L's, several times faster than zlib's; so is the default.  What asks for a
 * smaller result (4 to 9) or for none (0) gets zlib. */
enum { OUT_SIZE = 256 * 1024, GZIP_LEVEL = 3 };

/* zstd's threads share pieces of this size; their number does not change the result. */
enum { ZSTD_PIECE = 2 << 20, ZSTD_WORKERS = 4 };

struct deflate {
    byte_sink sink;
    void *arg;
    int (*push)(struct deflate *z, const void *data, size_t len, bool end);
    struct pgzip *gzip;
    ZSTD_CCtx *zstd;
    char *out;
};

static int push_plain(struct deflate *z, const void *data, size_t len, bool end)
{
    (void)end;
    return len ? z->sink(z->arg, data, len) : 0;
}

static int push_gzip(struct deflate *z, const void *data, size_t len, bool end)
{
    int r = pgzip_push(z->gzip, data, len);

    return r == 0 && end ? pgzip_end(z->gzip) : r;
}

static int push_zstd(struct deflate *z, const void *data, size_t len, bool end)
{
    ZSTD_inBuffer in = { data, len, 0 };
    size_t left;

    do {
        ZSTD_outBuffer out = { z->out, OUT_SIZE, 0 };
        left = ZSTD_compressStream2(z->zstd, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return -EIO;
        int r = out.pos ? z->sink(z->arg, z->out, out.pos) : 0;
        if (r < 0)
            return r;
    } while (end ? left != 0 : in.pos < in.size);
    return 0;
}

static int start_gzip(struct deflate *z, int level, struct err *err)
{
    if (level > Z_BEST_COMPRESSION || level < -1)
        return err_set(err, ERR_BAD_PARAM, EINVAL, "gzip: invalid compression level: %d", level);
    z->push = push_gzip;
    z->gzip = pgzip_new(level == -1 ? GZIP_LEVEL : level, z->sink, z->arg, err);
    return z->gzip ? 0 : -EAGAIN;
}

static int start_zstd(struct deflate *z, int level, struct err *err)
{
    if (level != -1 && (level < 1 || level > ZSTD_maxCLevel()))
        return err_set(err, ERR_BAD_PARAM, EINVAL, "zstd: invalid compression level: %d", level);
    z->zstd = ZSTD_createCCtx();
    if (!z->zstd)
        return err_set(err, ERR_INTERNAL, ENOMEM, "cannot start zstd");
    ZSTD_CCtx_setParameter(z->zstd, ZSTD_c_compressionLevel,
                           level == -1 ? ZSTD_CLEVEL_DEFAULT : level);
    ZSTD_CCtx_setParameter(z->zstd, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(z->zstd, ZSTD_c_jobSize, ZSTD_PIECE);
    ZSTD_CCtx_setParameter(z->zstd, ZSTD_c_nbWorkers,
                           (int)MIN(sysconf(_SC_NPROCESSORS_ONLN), (long)ZSTD_WORKERS));
    z->push = push_zstd;
    return 0;
}

struct deflate *deflate_new(enum compression format, int level, byte_sink sink, void *arg,
                            struct err *err)
{
    struct deflate *z = xcalloc(1, sizeof(*z));
    int r = 0;

    z->sink = sink;
    z->arg = arg;
    z->push = push_plain;
    if (format == COMP_GZIP)
        r = start_gzip(z, level, err);
    else if (format == COMP_ZSTD)
        r = start_zstd(z, level, err);
    else if (format != COMP_NONE)
        r = err_set(err, ERR_UNSUPPORTED, EOPNOTSUPP, "layers are not written as %s",
                    compression_names[format]);
    if (r < 0)
        return deflate_free(z);
    z->out = xmalloc(OUT_SIZE);
    return z;
}

struct deflate *deflate_free(struct deflate *z)
{
    if (z) {
        pgzip_free(z->gzip);
        ZSTD_freeCCtx(z->zstd);
        free(z->out);
        free(z);
    }
    return NULL;
}

int deflate_push(struct deflate *z, const void *data, size_t len)
{
    return z->push(z, data, len, false);
}

int deflate_end(struct deflate *z)
{
    return z->push(z, "", 0, true);
}
